"""HTML: the words a reader sees, in blocks under the path of the headings, without scripts, styles and hidden parts.

libxml2 is fed piece by piece and no tree is built, so that deep or huge pages do not overflow.
Does not know: what scripts would have added to the page; nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from knowledge.documents.parsers.blocks import Block, HeadingPath, Watch, unwrap
from knowledge.documents.parsers.plain_text import read_text

_FED = 65536  # characters at a time
_SOURCE_LINE_END = re.compile(r"(?<![ \t\n])[ \t\n]*\n[ \t\n]*")  # looked for once in a run of white space
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)

_DROPPED = frozenset(
    {
        "script",
        "style",
        "template",
        "noscript",
        "svg",
        "math",
        "iframe",
        "object",
        "embed",
        "canvas",
        "nav",
        "select",
        "textarea",
        "button",
    }
)
_PARAGRAPHS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "details",
        "dialog",
        "div",
        "dl",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hr",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "ul",
    }
)
_LINES = frozenset({"dd", "dt", "li", "tr", "caption"})  # blocks that stand close together
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


def blocks(path: Path, name: str, watch: Watch) -> Iterator[Block]:
    """Paragraphs, list entries, table rows and headings in order."""
    from lxml import etree

    with path.open("rb") as file:
        declared = _DECLARED.search(file.read(4096))
    text = read_text(path, name, declared[1].decode("ascii") if declared else "")
    page = _Page()
    parser = etree.HTMLParser(target=page, encoding="utf-8", huge_tree=True)
    for start in range(0, len(text), _FED):
        watch.at(start / len(text))
        parser.feed(text[start : start + _FED].encode("utf-8"))
        yield from page.take()
    parser.close()
    yield from page.take()


class _Page:
    """Receives libxml2's events. ``end`` comes for every ``start``, also where the page forgot it."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._headings = HeadingPath()
        self._section = 0
        self._text: list[str] = []
        self._dropping = 0  # depth inside an element whose content is dropped
        self._cells = 0  # cells of the current table row so far
        self._preformatted = 0
        self._heading = 0  # level of the heading we are in
        self._title = False

    def take(self) -> list[Block]:
        """The blocks that are complete so far; each is handed out once."""
        taken, self._blocks = self._blocks, []
        return taken

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._dropping or tag in _DROPPED or _hidden(attributes):
            self._dropping += 1
        elif tag in _HEADINGS:
            self._flush()
            self._heading = _HEADINGS[tag]
        elif tag == "title":
            self._title = True
        elif tag in ("td", "th"):
            if self._cells:
                self._text.append(" | ")
            self._cells += 1
        elif tag == "br":
            self._text.append("\n" if self._preformatted or not self._heading else " ")
        elif tag in _PARAGRAPHS and not self._cells or tag in _LINES:
            self._flush("\n" if tag in _LINES else "\n\n")
            self._cells = 0
            self._preformatted += tag == "pre"
        elif tag in _PARAGRAPHS:
            self._text.append(" ")  # a paragraph inside a table cell

    def end(self, tag: str) -> None:
        if self._dropping:
            self._dropping -= 1
        elif tag in _HEADINGS:
            self._enter(self._heading or _HEADINGS[tag])
            self._heading = 0
        elif tag == "title":
            self._title = False
            self._headings.enter(1, "".join(self._text))  # until the page's own first heading
            self._text = []
        elif tag in _LINES or tag == "table":
            self._flush("\n" if tag in _LINES else "\n\n")
            self._cells = 0
        elif tag in _PARAGRAPHS and not self._cells:
            self._flush()
            self._preformatted = max(0, self._preformatted - (tag == "pre"))
        elif tag in _PARAGRAPHS:
            self._text.append(" ")

    def data(self, text: str) -> None:
        if not self._dropping:
            self._text.append(text if self._preformatted else _SOURCE_LINE_END.sub("\0", text))

    def close(self) -> None:
        self._flush()

    def _line(self) -> str:
        """The gathered text; a line end of the source is a space (and nothing inside Chinese), ``<br>`` a line end."""
        text = "".join(self._text)
        self._text = []
        if self._preformatted:
            return text.strip("\n")
        text = "\n".join(" ".join(line.split()) for line in unwrap_source(text).split("\n"))
        return text.strip()

    def _flush(self, end: str = "\n\n") -> None:
        if text := self._line():
            self._blocks.append(Block(text, self._headings.path, section=self._section, end=end))

    def _enter(self, level: int) -> None:
        if title := self._line():
            self._section += 1
            path = self._headings.enter(level, title)
            self._blocks.append(Block(title, path, section=self._section, end="\n", title=True))


def unwrap_source(text: str) -> str:
    """Line ends of the source (kept as NUL until here) → space, or nothing between Chinese characters."""
    parts = text.split("\n")
    return "\n".join(unwrap(part.replace("\0", "\n")).replace("\n", " ") for part in parts)


def _hidden(attributes: Mapping[str, str]) -> bool:
    return bool(attributes) and (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or bool(_HIDDEN_STYLE.search(attributes.get("style", "")))
    )
