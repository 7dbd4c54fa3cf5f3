"""Markdown: blocks under the path of their headings (ATX ``##`` and underlined), outside of code fences.

The text itself stays as written. Does not know: other Markdown; a decoder reads it as it is.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from knowledge.documents.parsers.blocks import Block, HeadingPath, Watch, unwrap
from knowledge.documents.parsers.plain_text import lines, read_text

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_UNDERLINE = re.compile(r" {0,3}(?:(=+)|-{2,})[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_NOT_A_PARAGRAPH = re.compile(r" {0,3}(?:>|[-*+]\s|\d+[.)]\s|\||```|~~~)| {4}|\t")  # cannot be an underlined heading
_LINK = re.compile(r"!?\[([^\[\]]{0,200})\]\([^()]{0,500}\)")
_MARKS = re.compile(r"\*\*|__|`|\\(?=[!-/:-@\[-`{-~])")


def blocks(path: Path, name: str, watch: Watch) -> Iterator[Block]:
    """Paragraphs and headings in order."""
    text = read_text(path, name)
    headings = HeadingPath()
    section = 0
    gathered: list[str] = []
    matter, done = _front_matter(text)
    if done:
        yield Block(matter)
    fence = ""  # the marks that opened the code we are in
    for number, whole in enumerate(lines(text[done:])):
        line = whole.removesuffix("\n")
        done += len(whole)
        if number % 64 == 0:
            watch.at(done / len(text))
        mark = _FENCE.match(line)
        if fence:
            gathered.append(line)
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
            continue
        if mark:
            fence = mark[1]
            gathered.append(line)
            continue
        level, title = _heading(line, gathered)
        if level:
            if title is not None:  # underlined: the paragraph so far is the title
                gathered = []
            else:
                title = line.strip().strip("#").strip()
            yield from _paragraph(gathered, headings.path, section)
            gathered = []
            section += 1
            title = _plain(title)
            path_here = headings.enter(level, title)
            if title:
                yield Block(title, path_here, section=section, end="\n", title=True)
        elif line.strip():
            gathered.append(line)
        else:
            yield from _paragraph(gathered, headings.path, section)
            gathered = []
    yield from _paragraph(gathered, headings.path, section)


def _paragraph(gathered: list[str], heading: str, section: int) -> Iterator[Block]:
    text = unwrap("\n".join(gathered).strip("\n"))
    if text.strip():
        yield Block(text, heading, section=section)


def _heading(line: str, gathered: list[str]) -> tuple[int, str | None]:
    """→ (level, title of an underlined heading); level 0 where the line makes no heading."""
    if atx := _ATX.match(line):
        return len(atx[1]), None
    underline = _UNDERLINE.match(line)
    if underline and 0 < len(gathered) <= 2 and not _NOT_A_PARAGRAPH.match(gathered[0]):
        return (1 if underline[1] else 2), " ".join(part.strip() for part in gathered)
    return 0, None


def _plain(title: str) -> str:
    return _MARKS.sub("", _LINK.sub(r"\1", title)).strip()


def _front_matter(text: str) -> tuple[str, int]:
    """A leading YAML block → (what stands in it, characters that it takes with its marks); ("", 0) without one."""
    gathered: list[str] = []
    done = 0
    for number, whole in enumerate(itertools.islice(lines(text), 200)):
        done += len(whole)
        mark = whole.rstrip()
        if number == 0 and mark != "---":
            break
        if number and mark in ("---", "..."):
            return "".join(gathered).strip(), done
        if number:
            gathered.append(whole)
    return "", 0
