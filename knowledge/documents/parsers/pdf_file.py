"""PDF: the text of each page through pypdf, without the lines that repeat on most pages, joined to paragraphs.

Does not know: pictures of text (they need OCR first), headings (a PDF has none), tables.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from knowledge.documents.parsers.blocks import UNSPACED, Block, Watch, clean
from knowledge.errors import DocumentError

OPERATORS_PER_PAGE = 2_000_000  # a page that draws more is made to keep the reader busy
_EDGE = 2  # lines at the top and at the bottom that may be a running header or footer
_REPEATED = 0.4  # share of the pages; left and right pages often differ
_FEWEST_PAGES = 4
_PAGE_NUMBER = re.compile(  # "12", "- 12 -", "Page 12 of 300", "第 12 页，共 300 页"
    r"[-–—\s]*(?:(?:page|p\.|seite|第)\s*)?\d{1,5}\s*页?(?:\s*(?:of|/|von|，?\s*共)\s*\d{1,5}\s*页?)?[-–—\s]*", re.I
)
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad]$")
_GAP_BETWEEN_UNSPACED = re.compile(rf"(?<=[{UNSPACED}]) +(?=[{UNSPACED}])")
_SENTENCE_END = (".", "!", "?", ":", "。", "！", "？", "：", "…", "”", "」")


def blocks(path: Path, name: str, watch: Watch, *, operators: int = OPERATORS_PER_PAGE) -> Iterator[Block]:
    """Paragraphs with their page. All pages are read before the first comes out, to know which lines repeat."""
    pages = _pages(path, name, watch, operators)
    if not any(pages):
        raise DocumentError(f"{name} has no text in it; run OCR (text recognition) on it first.")
    for number, lines in enumerate(_without_running_lines(pages), 1):
        watch.block((number - 1) / len(pages), number / len(pages))
        for paragraph in _paragraphs(lines):
            yield Block(paragraph, page=number)


def _pages(path: Path, name: str, watch: Watch, operators: int) -> list[list[str]]:
    """Lines of each page, without empty ones."""
    lines = []
    with path.open("rb") as file:
        pages = _open(file, name)
        for number, page in enumerate(pages, 1):
            watch.at((number - 1) / len(pages))
            text = _GAP_BETWEEN_UNSPACED.sub("", clean(_text(page, f"{name}, page {number}", operators)))
            lines.append([line for line in (" ".join(raw.split()) for raw in text.split("\n")) if line])
    return lines


def _open(file: BinaryIO, name: str) -> list[Any]:
    """The file's pages."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # one line for each oddity of a file; it can be thousands
    try:
        reader = PdfReader(file)
        # Many files only restrict printing and open without a password.
        if not reader.is_encrypted or reader.decrypt(""):
            return list(reader.pages)
    except (DependencyError, FileNotDecryptedError):
        pass  # a cipher that this installation lacks
    except MemoryError:
        raise
    except Exception as exc:  # pypdf: "broken PDF files might cause other exceptions"
        raise DocumentError(f"{name} is damaged; print it to a new PDF and upload that.") from exc
    raise DocumentError(f"{name} is protected by a password; save it without one and upload it again.")


def _text(page: Any, place: str, most: int) -> str:
    from pypdf.errors import LimitReachedError

    count = 0

    def visit(*_: object) -> None:
        nonlocal count
        count += 1
        if count > most:
            raise DocumentError(f"{place} is too complex to be read; print it to a new PDF and upload that.")

    text: str
    try:
        try:
            text = page.extract_text(visitor_operand_before=visit)
        except LimitReachedError:
            # A drawing with millions of strokes. Without a visitor pypdf looks first whether there is text at all.
            text = page.extract_text()
    except (DocumentError, MemoryError):
        raise
    except Exception as exc:
        if count <= most:
            raise DocumentError(f"{place} is damaged; print the file to a new PDF and upload that.") from exc
    if count > most:  # pypdf swallows what is raised inside nested forms
        raise DocumentError(f"{place} is too complex to be read; print it to a new PDF and upload that.")
    return text


def _without_running_lines(pages: Sequence[list[str]]) -> Iterator[list[str]]:
    """Pages without headers, footers and page numbers: lines at an edge that repeat on many pages.

    A line that differs only by the page's own number repeats as well. The text of a page is never dropped whole.
    """
    counts: Counter[str] = Counter()
    for number, lines in enumerate(pages, 1):
        counts.update({_key(lines[index], number) for index in _edges(lines)})
    fewest = max(_FEWEST_PAGES - 1, _REPEATED * sum(bool(lines) for lines in pages))
    for number, lines in enumerate(pages, 1):
        running = {index for index in _edges(lines) if counts[_key(lines[index], number)] >= fewest}
        kept = [line for index, line in enumerate(lines) if index not in running]
        yield kept or lines


def _edges(lines: Sequence[str]) -> set[int]:
    count = len(lines)
    return {index for index in (*range(_EDGE), *range(count - _EDGE, count)) if 0 <= index < count}


def _key(line: str, number: int) -> str:
    if _PAGE_NUMBER.fullmatch(line):
        return "#"
    return re.sub(rf"(?<!\d){number}(?!\d)", "#", line)


def _paragraphs(lines: Sequence[str]) -> Iterator[str]:
    """Lines of one page joined; a short line that ends a sentence ends the paragraph."""
    usual = sorted(map(len, lines))[len(lines) * 3 // 4] if lines else 0
    text = ""
    for line in lines:
        if not text:
            text = line
        elif _HYPHEN.search(text) and line[0].islower():
            text = text[:-1] + line
        elif re.match(rf"[{UNSPACED}]", line) and re.search(rf"[{UNSPACED}]$", text):
            text += line
        else:
            text += " " + line
        if line.endswith(_SENTENCE_END) and len(line) < 0.8 * usual:
            yield text
            text = ""
    if text:
        yield text
