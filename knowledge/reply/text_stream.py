"""Token ids → text, piece by piece, never with half a character in it.

Does not know: the tokenizer (it is given its decode function).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_BROKEN = "\ufffd"  # what a decoder puts for bytes that are not whole UTF-8
_PATIENCE = 8  # tokens to wait for a character to become whole; no character needs more


class TextStream:
    """Incremental detokenisation.

    A byte-level token may hold part of a character, and a token's text may depend on the one before it (spaces), so
    each piece is the difference of two decodings that start at the same earlier token.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._ids: list[int] = []
        self._start = 0  # decodings start here
        self._shown = 0  # tokens before this one have been given out

    def push(self, token: int) -> str:
        """Text that became whole with this token; may be empty."""
        self._ids.append(token)
        whole = self._decode(self._ids[self._start :])
        if whole.endswith(_BROKEN) and len(self._ids) - self._shown < _PATIENCE:
            return ""
        return self._advance(whole)

    def finish(self) -> str:
        """The text still held back, without an unfinished character at its end."""
        return self._advance(self._decode(self._ids[self._start :]).rstrip(_BROKEN))

    def _advance(self, whole: str) -> str:
        before = self._decode(self._ids[self._start : self._shown])
        self._start, self._shown = self._shown, len(self._ids)
        return whole[len(before) :]
