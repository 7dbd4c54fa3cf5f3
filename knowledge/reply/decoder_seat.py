"""The decoder's place in the network: another one may take it between replies, and the old one is let go of.

Does not know: what decoders do.
"""

from __future__ import annotations

import ctypes
import gc
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from knowledge.reply.decoder import Decoder, OpenDecoder


class DecoderSeat:
    """Who uses the decoder keeps the one that was there when they began. Safe to call from threads."""

    def __init__(self, decoder: Decoder) -> None:
        self._change = threading.Condition()
        self._decoder = decoder
        self._users: Counter[int] = Counter()  # by id of the decoder, which lives as long as it is used

    @property
    def decoder(self) -> Decoder:
        """The one that serves now."""
        return self._decoder

    @contextmanager
    def used(self) -> Iterator[Decoder]:
        """The one that serves now, not closed before the end of the block."""
        with self._change:
            decoder = self._decoder
            self._users[id(decoder)] += 1
        try:
            yield decoder
        finally:
            with self._change:
                self._users[id(decoder)] -= 1
                self._change.notify_all()

    def swap(self, decoder: Decoder) -> None:
        """What begins from now on gets ``decoder``; the old one is closed when nobody uses it any more.

        Returns then. Not to be called by who uses it.
        """
        with self._change:
            old, self._decoder = self._decoder, decoder
            while old is not decoder and self._users[id(old)]:
                self._change.wait()
            self._users.pop(id(old), None)
        if old is not decoder and isinstance(old, OpenDecoder):
            old.close()
        del old
        gc.collect()  # its weights are large, and rings of references would hold them for a while
        with suppress(OSError, AttributeError):  # glibc keeps freed memory for itself until it is asked
            ctypes.CDLL(None).malloc_trim(0)
