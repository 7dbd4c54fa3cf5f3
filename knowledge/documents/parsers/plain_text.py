"""Text files: which encoding, and blocks at the empty lines. Markdown, HTML and CSV use the first half.

Does not know: structure inside the text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from knowledge.documents.parsers.blocks import Block, Watch, clean, unwrap
from knowledge.errors import DocumentError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_GB_PAIR = re.compile(rb"[\x81-\xfe][\x40-\xfe]|[\x81-\xfe][\x30-\x39][\x81-\xfe][\x30-\x39]")
_EMPTY_LINE = re.compile(r"\n[ \t\u3000]*\n\s*")
_BAD_SHARE = 0.02  # of the characters beyond ASCII that may be broken in a file that is otherwise UTF-8


def read_text(path: Path, name: str, declared: str = "") -> str:
    """The file's text, cleaned. ``declared`` is the encoding the file itself names (HTML), tried after UTF-8.

    Raises DocumentError for a file that is no text.
    """
    text = decode(path.read_bytes(), declared)
    if text is None:
        raise DocumentError(f"{name} is not a text file; its content is binary.")
    return clean(text)


def lines(text: str) -> Iterator[str]:
    """The lines with their ends, one after the other: a list of them all may take many times the text's memory."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def decode(data: bytes, declared: str = "") -> str | None:
    """Bytes → text: by byte order mark, UTF-16 by its zeros, UTF-8, ``declared``, GB 18030, Windows-1252 / Latin-1.

    None for bytes that are no text in any of them.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _text_or_none(data[len(mark) :].decode(encoding, "replace"))
    if b"\0" in data:
        encoding = _utf16_by_zeros(data)
        return _text_or_none(data.decode(encoding, "replace")) if encoding else None
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if not broken or broken <= _BAD_SHARE * sum(not character.isascii() for character in text):
        return _text_or_none(text)
    for encoding in (declared, "gb18030" if _looks_like_gb(data) else "", "cp1252"):
        try:
            if encoding:
                return _text_or_none(data.decode(encoding))
        except (LookupError, UnicodeError):
            continue
    return _text_or_none(data.decode("latin-1"))


def _utf16_by_zeros(data: bytes) -> str:
    """UTF-16 without a mark has zeros in every other byte where the text is ASCII."""
    sample = data[:65536]
    even, odd, half = sample[::2].count(0), sample[1::2].count(0), len(sample) / 2
    if odd > 0.3 * half and even < 0.02 * half:
        return "utf-16-le"
    if even > 0.3 * half and odd < 0.02 * half:
        return "utf-16-be"
    return ""


def _looks_like_gb(data: bytes) -> bool:
    """Are the high bytes Chinese characters rather than single accented letters?

    Nearly all Chinese characters in use have two high bytes; accented Latin letters mostly stand before ASCII ones.
    """
    pairs = _GB_PAIR.findall(data[:262144])
    both_high = sum(len(pair) == 2 and pair[1] >= 0xA1 for pair in pairs)
    return len(pairs) > 0 and both_high >= 0.7 * len(pairs)


def _text_or_none(text: str) -> str | None:
    controls = sum(1 for _ in _CONTROL.finditer(text)) + text.count("\ufffd")
    return text if controls <= 0.01 * len(text) + 2 and "\0" not in text else None


def blocks(path: Path, name: str, watch: Watch) -> Iterator[Block]:
    """Paragraphs, parted by empty lines."""
    text = read_text(path, name)
    start = 0
    while start < len(text):
        watch.at(start / len(text))
        gap = _EMPTY_LINE.search(text, start)
        end, following = (gap.start(), gap.end()) if gap else (len(text), len(text))
        if paragraph := text[start:end].strip("\n"):
            watch.block(start / len(text), following / len(text))
            yield Block(unwrap(paragraph))
        start = following
