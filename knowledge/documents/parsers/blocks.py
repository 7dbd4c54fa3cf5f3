"""What every parser gives and gets: blocks of text, the path of headings above them, progress.

Does not know: any file format, or how blocks are cut to passages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

HEADING_SEPARATOR = " › "
_HEADING_LENGTH = 120  # characters kept of one heading

# Scripts written without spaces between words (for a character class): Thai, Lao, Burmese, Khmer; CJK with its
# punctuation and full-width forms, and kana.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u31f0-\u9fff\uf900-\ufaff\uff00-\uff60\U00020000-\U000323af"
)

_DROPPED = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\u200b\u2060\ufeff\ufffe\uffff\ud800-\udfff]")
_LINE_ENDS = re.compile(r"\r\n?|\x0c|\x85|\u2028")
# Presentation forms that PDFs put in place of the letters themselves: ligatures (ﬁ) and CJK radicals (⽂ for 文).
_FORMS = re.compile(r"[\ufb00-\ufb06\u2e80-\u2fdf]")
_WIDE_GAP = re.compile(r"(?<=[ \t]{8})[ \t]+")
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*+\n){2,}+")  # possessive: nothing is kept for going back, however many there are
_WRAP_BETWEEN_UNSPACED = re.compile(rf"(?<=[{UNSPACED}])[ \t]*\n[ \t]*(?=[{UNSPACED}])")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading or table row, in the order of the file.

    Blocks with the same ``page``, ``heading`` and ``section`` may share a passage; ``end`` stands between such two.
    """

    text: str
    heading: str = ""  # path of the headings above: "Chapter 2 › Setup"
    page: int | None = None  # 1-based
    section: int = 0
    end: str = "\n\n"
    title: bool = False  # the block is the heading itself


class HeadingPath:
    """The headings above the current place, outermost first; a new heading ends those of its level and below."""

    def __init__(self) -> None:
        self._levels: list[tuple[int, str]] = []

    def enter(self, level: int, title: str) -> str:
        """Step below a heading of ``level`` (1 is the outermost) and return the new path."""
        title = " ".join(title.split())
        if len(title) > _HEADING_LENGTH:
            title = title[: _HEADING_LENGTH - 1] + "…"
        self._levels = [entry for entry in self._levels if entry[0] < level]
        if title:
            self._levels.append((level, title))
        return self.path

    @property
    def path(self) -> str:
        return HEADING_SEPARATOR.join(title for _, title in self._levels)


class Watch:
    """Passes progress on. Two shares of the file, 0…1: what is read, and what has come out as blocks."""

    def __init__(self, progress: Callable[[float], None] | None = None) -> None:
        self._progress = progress
        self._read = -1.0
        self._block: tuple[float, float] | None = None
        self._inside = 0.0

    def at(self, fraction: float) -> None:
        """Report the share of the file that is read, 0…1; never goes back."""
        fraction = min(max(fraction, 0.0), 1.0)
        if fraction > self._read:
            self._read = fraction
            if self._progress is not None:
                self._progress(fraction)

    def block(self, start: float, end: float) -> None:
        """Say where in the file the next block stands: for large blocks, and where all is read before the first."""
        self._block, self._inside = (start, end), 0.0

    def inside(self, fraction: float) -> None:
        """Report the share of the block that has come out as passages."""
        self._inside = fraction

    @property
    def share_out(self) -> float:
        """The share of the file that has come out; without a word of the parser, what is read."""
        if self._block is None:
            return max(self._read, 0.0)
        start, end = self._block
        return start + (end - start) * self._inside


def clean(text: str) -> str:
    """Text without control characters, lone surrogates and zero-width marks, with ``\\n`` as the only line end.

    Letters stay as written, except for presentation forms, which no search would find. Gaps wider than eight spaces
    or one empty line are narrowed.
    """
    text = _DROPPED.sub("", _LINE_ENDS.sub("\n", text).replace("\u00a0", " "))
    text = _EMPTY_LINES.sub("\n\n", _WIDE_GAP.sub("", text))
    return _FORMS.sub(lambda form: unicodedata.normalize("NFKC", form[0]), text)


def unwrap(text: str) -> str:
    """Text whose lines are joined where a line end stands inside a run of Chinese, Japanese or Thai.

    Elsewhere a line end separates words as a space does and can stay; there it would cut a word in two.
    """
    return _WRAP_BETWEEN_UNSPACED.sub("", text)
