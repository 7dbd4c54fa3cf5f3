"""Documents: files → passages. Joins the parsers of ``knowledge.documents.parsers``; what goes wrong becomes one
sentence.

Does not know: owners, memory, or who uploads. The parsers' libraries are imported when the first file of a kind comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from knowledge.documents.parsers import csv_table, markdown_text, pdf_file, plain_text, web_page, word_file
from knowledge.documents.parsers.blocks import Block, Watch
from knowledge.documents.parsers.cutting import cut
from knowledge.errors import DocumentError
from knowledge.records import Passage

_PARSERS: dict[str, Callable[[Path, str, Watch], Iterator[Block]]] = {
    ".txt": plain_text.blocks,
    ".md": markdown_text.blocks,
    ".markdown": markdown_text.blocks,
    ".pdf": pdf_file.blocks,
    ".docx": word_file.blocks,
    ".html": web_page.blocks,
    ".htm": web_page.blocks,
    ".csv": csv_table.blocks,
}
SUFFIXES = tuple(_PARSERS)  # what can be taken in, lower case, with the dot
_LARGEST_MIB = {".pdf": 512, ".docx": 512}
_LARGEST_TEXT_MIB = 100  # of the other kinds
_SIGNATURES = ((b"%PDF-", "a PDF"), (b"PK\x03\x04", "a Word document or another archive"))
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .doc, and a .docx with a password


def parse(path: Path, name: str, watch: Watch | None = None) -> Iterator[Passage]:
    """The passages of a file, in order, numbered from 0; page by page for a PDF (1-based).

    ``name`` is the file's own name: its ending says the kind, and errors name it; ``path`` may be a temporary file.
    ``watch`` gets the share of the file that is read, 0…1. A passage has about 60–160 words or up to 200 Chinese
    characters and ends where a sentence does; it never crosses a page or a heading.

    Memory and time are the file's to take: only ``reading_process`` calls this, in a process with limits. Raises
    DocumentError (unknown kind, too large, empty, protected, damaged, no text, out of memory).
    """
    watch = watch or Watch()
    suffix = Path(name).suffix.lower()
    watch.at(0.0)
    try:
        _check(path, name, suffix)
        found = False
        for passage in cut(_PARSERS[suffix](path, name, watch), watch):
            found = True
            yield passage
    except OSError as exc:
        raise DocumentError(f"{name} cannot be opened: {exc.strerror or exc}.") from exc
    except RecursionError as exc:
        raise DocumentError(f"{name} is too deeply nested to be read; save it in a simpler form.") from exc
    except MemoryError as exc:
        raise DocumentError(
            f"{name} takes more memory to be read than one file is given; split it and upload the parts."
        ) from exc
    if not found:
        raise DocumentError(f"{name} has no text in it.")
    watch.at(1.0)


def _check(path: Path, name: str, suffix: str) -> None:
    """Raises DocumentError for what is no file of this kind, before a parser sees it."""
    if suffix == ".doc":
        raise DocumentError(f"{name} is an old Word file; save it as .docx and upload that.")
    if suffix not in _PARSERS:
        raise DocumentError(f"{name} cannot be read; documents are {', '.join(SUFFIXES)}.")
    size = path.stat().st_size
    if size == 0:
        raise DocumentError(f"{name} is empty.")
    largest = _LARGEST_MIB.get(suffix, _LARGEST_TEXT_MIB)
    if size > largest * 2**20:
        raise DocumentError(f"{name} is larger than {largest} MiB; split it and upload the parts.")
    with path.open("rb") as file:
        head = file.read(1024)
    if head.startswith(_OLD_OFFICE):
        raise DocumentError(f"{name} is an old Office file or has a password; save it as {suffix} without one.")
    own = {".pdf": b"%PDF-", ".docx": b"PK\x03\x04"}.get(suffix)
    if own == b"%PDF-" and own in head:  # mail programs put lines before the mark
        return
    for mark, kind in _SIGNATURES:
        if head.startswith(mark) and mark != own:
            raise DocumentError(f"{name} is {kind} inside; give it its right ending and upload it again.")
    if own and not head.startswith(own):
        raise DocumentError(f"{name} is not a {suffix} file inside; it may be damaged or have the wrong ending.")
