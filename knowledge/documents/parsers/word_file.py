"""Word (.docx): paragraphs, tables, text boxes and notes from the package's XML, under the path of the headings.

The XML is read as a stream, so that size and progress are in hand; tracked insertions count as text, deletions
do not. Does not know: layout, pictures, automatic numbering.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from knowledge.documents.parsers.blocks import Block, HeadingPath, Watch, clean, unwrap
from knowledge.errors import DocumentError

LARGEST_PART = 128 * 2**20  # bytes of one XML part, uncompressed
LARGEST_PACKAGE = 2**30  # bytes of all parts, uncompressed
_HEADING_NAME = re.compile(r"heading ([1-9])")
_TABLE_OF_CONTENTS = -1
_LONGEST_HEADING = 200  # characters; a longer paragraph in a heading's style is text
_OUTSIDE = frozenset({"Fallback", "moveFrom", "del"})  # second copies and what was deleted
_BROKEN = (zipfile.BadZipFile, zlib.error, LookupError, EOFError, OSError, RuntimeError, ValueError)  # of zipfile
_SPACES = {"tab": " ", "ptab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


def blocks(path: Path, name: str, watch: Watch) -> Iterator[Block]:
    """Paragraphs, table rows and headings in order, then footnotes and endnotes."""
    from lxml import etree

    try:
        with zipfile.ZipFile(path) as package:
            _check_sizes(package, name)
            main = _related(package, "", "officeDocument")
            if not main or _root(package, main[0]) != "document":
                raise DocumentError(f"{name} is not a Word document; save it as .docx from a word processor.")
            levels: dict[str, int] = {}
            for part in _related(package, main[0], "styles"):
                levels = _levels(package, part)
            yield from _part(package, main[0], levels, watch)
            for kind in ("footnotes", "endnotes"):
                for part in _related(package, main[0], kind):
                    yield from _part(package, part, {}, watch, section=-1)
    except (*_BROKEN, etree.LxmlError) as exc:
        if isinstance(exc, etree.XMLSyntaxError) and exc.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from exc
        raise DocumentError(f"{name} is damaged; open it in a word processor and save it again as .docx.") from exc


def _check_sizes(package: zipfile.ZipFile, name: str) -> None:
    """Refuse what unpacks to more than a document ever holds; ``zipfile`` never unpacks more than is declared."""
    parts = package.infolist()
    largest = max((part.file_size for part in parts if part.filename.endswith((".xml", ".rels"))), default=0)
    if largest > LARGEST_PART or sum(part.file_size for part in parts) > LARGEST_PACKAGE:
        limit = f"{LARGEST_PART // 2**20} MiB of text"
        raise DocumentError(f"{name} unpacks to more than {limit}; split it and upload the parts.")


def _related(package: zipfile.ZipFile, part: str, kind: str) -> list[str]:
    """Parts that ``part`` ("" is the package itself) names with a relationship of this kind, those that are there."""
    folder, file = posixpath.split(part)
    relationships = posixpath.join(folder, "_rels", f"{file}.rels")
    names = set(package.namelist())
    if relationships not in names:
        return []
    found = []
    for _, element in _stream(package, relationships, ("{*}Relationship",)):
        if element.get("Type", "").rsplit("/", 1)[-1] == kind and element.get("TargetMode") != "External":
            target = element.get("Target", "")
            found.append(posixpath.normpath(posixpath.join(folder, target)) if target[:1] != "/" else target[1:])
    return [target for target in found if target in names]


def _stream(package: zipfile.ZipFile, part: str, tags: tuple[str, ...]) -> Iterator[tuple[float, Any]]:
    """(share of the part that is read, element) at the end of each element with one of the tags.

    Entities stay unresolved and a document type, which no word processor writes, is refused: it could only do harm.
    """
    from lxml import etree

    size = max(1, package.getinfo(part).file_size)
    with package.open(part) as file:
        first = True
        for _, element in etree.iterparse(file, tag=tags, resolve_entities=False, no_network=True, load_dtd=False):
            if first and element.getroottree().docinfo.internalDTD is not None:
                raise ValueError("a document type in a part of the package")
            first = False
            yield file.tell() / size, element


def _root(package: zipfile.ZipFile, part: str) -> str:
    from lxml import etree

    with package.open(part) as file:
        for _, element in etree.iterparse(file, events=("start",), resolve_entities=False, no_network=True):
            return _local(element)
    return ""


def _levels(package: zipfile.ZipFile, part: str) -> dict[str, int]:
    """Style id → heading level (1 is the outermost), through the styles that a style is based on."""
    own: dict[str, int] = {}
    parents: dict[str, str] = {}
    for _, style in _stream(package, part, ("{*}style",)):
        identity, title, outline = _attribute(style, "styleId"), "", ""
        for child in style.iter():
            kind = _local(child)
            if kind == "name":
                title = _attribute(child, "val").lower()
            elif kind == "basedOn":
                parents[identity] = _attribute(child, "val")
            elif kind == "outlineLvl":
                outline = _attribute(child, "val")
        if match := _HEADING_NAME.fullmatch(title):
            own[identity] = int(match[1])
        elif title == "title":
            own[identity] = 1
        elif title.startswith("toc "):
            own[identity] = _TABLE_OF_CONTENTS
        elif outline.isdecimal() and int(outline) < 9:
            own[identity] = int(outline) + 1
    levels = {}
    for identity in {*own, *parents}:
        ancestor = identity
        for _ in range(20):  # a chain of styles that is longer, or a ring, has no level
            if ancestor in own:
                levels[identity] = own[ancestor]
                break
            ancestor = parents.get(ancestor, "")
    return levels


def _part(
    package: zipfile.ZipFile, part: str, levels: dict[str, int], watch: Watch, *, section: int = 0
) -> Iterator[Block]:
    headings = HeadingPath()
    for fraction, element in _stream(package, part, ("{*}p", "{*}tr")):
        watch.at(fraction)
        around = {_local(ancestor) for ancestor in element.iterancestors()}
        if around & _OUTSIDE or "tc" in around:
            continue  # deleted, a second copy, or part of a table row that comes whole
        if _local(element) == "tr":
            cells = [" ".join(_text(cell).split()) for cell in element.iter("{*}tc") if _row_of(cell) is element]
            if row := clean(" | ".join(cells)).strip(" |"):
                yield Block(row, headings.path, section=section, end="\n")
        elif text := unwrap(clean(_text(element))).strip():
            level, listed = _paragraph_kind(element, levels)
            if level > 0 and len(text) <= _LONGEST_HEADING:
                section += 1
                yield Block(text, headings.enter(level, text), section=section, end="\n", title=True)
            elif level != _TABLE_OF_CONTENTS:
                yield Block(text, headings.path, section=section, end="\n" if listed else "\n\n")
        # What was read is let go, so that memory does not grow with the file.
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]


def _row_of(cell: Any) -> Any:
    return next(ancestor for ancestor in cell.iterancestors() if _local(ancestor) == "tr")


def _paragraph_kind(paragraph: Any, levels: dict[str, int]) -> tuple[int, bool]:
    """→ (heading level, 0 for text; is it an entry of a list?)."""
    level, listed = 0, False
    for properties in paragraph.iterchildren("{*}pPr"):
        for child in properties.iterchildren("*"):
            kind, value = _local(child), _attribute(child, "val")
            if kind == "pStyle":
                level = levels.get(value, 0)
                listed = listed or value.startswith("List")
            elif kind == "outlineLvl" and value.isdecimal():
                level = int(value) + 1 if int(value) < 9 else 0
            elif kind == "numPr":
                listed = True
    return level, listed


def _text(element: Any) -> str:
    out: list[str] = []
    _collect(element, out)
    return "".join(out)


def _collect(element: Any, out: list[str]) -> None:
    for child in element:
        kind = _local(child)
        if kind == "t":
            out.append(child.text or "")
        elif kind in _SPACES:
            out.append(_SPACES[kind])
        elif kind not in _OUTSIDE:
            _collect(child, out)
            if kind in ("p", "tc"):
                out.append("\n")


def _local(element: Any) -> str:
    tag = element.tag  # comments, instructions and entities have a function here
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def _attribute(element: Any, name: str) -> str:
    """Value of an attribute in whatever namespace (the strict and the usual format differ)."""
    return next((str(value) for key, value in element.attrib.items() if key.rsplit("}", 1)[-1] == name), "")
