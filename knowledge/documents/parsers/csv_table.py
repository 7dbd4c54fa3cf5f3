"""CSV: each row with the header's names repeated, "name: Anna; city: Lisbon", so that a row is understood alone.

Does not know: spreadsheets; several tables in one file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from knowledge.documents.parsers.blocks import Block, Watch
from knowledge.documents.parsers.cutting import LARGEST, SMALLEST, size
from knowledge.documents.parsers.plain_text import lines, read_text
from knowledge.errors import DocumentError

ROWS_TOGETHER = 4
_DELIMITERS = (",", ";", "\t", "|")
_NUMBER = re.compile(r"[-+(]?[$€£¥]?\d[\d.,:/\-% ]*\)?")
_SAMPLE_LINES = 30


def blocks(path: Path, name: str, watch: Watch) -> Iterator[Block]:
    """A few rows a block; a long row is a block alone."""
    text = read_text(path, name)
    delimiter = _delimiter(text)
    names: list[str] = []
    gathered: list[str] = []
    tokens = section = 0
    done = 0  # characters of the cells so far, for the progress
    for number, cells in enumerate(_rows(text, delimiter, name)):
        done += sum(map(len, cells)) + len(cells)
        if number % 16 == 0:
            watch.at(done / len(text))
        cells = [" ".join(cell.split()) for cell in cells]
        if not any(cells):
            continue
        if not names:
            header = _is_header(cells)
            names = _names(cells if header else [], len(cells))
            if header:
                first_row = cells
                continue
        row = _row(names, cells)
        here = size(row)
        if gathered and (tokens + here > SMALLEST or len(gathered) == ROWS_TOGETHER):
            yield Block("\n".join(gathered), section=section)
            gathered, tokens, section = [], 0, section + 1
        if here > LARGEST:
            for part in _long_row(names, cells):
                yield Block(part, section=section)
                section += 1
        else:
            gathered.append(row)
            tokens += here
    if gathered:
        yield Block("\n".join(gathered), section=section)
    elif section == 0 and names:
        yield Block("; ".join(first_row))  # a header alone is all there is


def _rows(text: str, delimiter: str, name: str) -> Iterator[list[str]]:
    reader = csv.reader(lines(text), delimiter=delimiter, skipinitialspace=True)
    try:
        yield from reader
    except csv.Error as exc:
        raise DocumentError(f"{name} cannot be read as CSV near line {reader.line_num}: {exc}.") from exc


def _delimiter(text: str) -> str:
    """The delimiter that parts the first lines into the same number of columns, as many as possible."""
    sample = text[:65536].split("\n")[:_SAMPLE_LINES]
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter, skipinitialspace=True) if row]
        except csv.Error:
            continue
        if widths and max(widths) > 1:
            usual = max(set(widths), key=lambda width: (widths.count(width), width))
            score = widths.count(usual) / len(widths) * min(usual - 1, 3)
            if score > best_score:
                best, best_score = delimiter, score
    return best


def _is_header(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return len(set(filled)) == len(filled) and not any(_NUMBER.fullmatch(cell) or len(cell) > 100 for cell in filled)


def _names(header: Sequence[str], columns: int) -> list[str]:
    return [cell or f"column {number}" for number, cell in enumerate(header, 1)] or [
        f"column {number}" for number in range(1, columns + 1)
    ]


def _pairs(names: Sequence[str], cells: Sequence[str]) -> list[tuple[str, str]]:
    return [
        (names[index] if index < len(names) else f"column {index + 1}", cell)
        for index, cell in enumerate(cells)
        if cell
    ]


def _row(names: Sequence[str], cells: Sequence[str]) -> str:
    return "; ".join(f"{name}: {cell}" for name, cell in _pairs(names, cells))


def _long_row(names: Sequence[str], cells: Sequence[str]) -> Iterator[str]:
    """A row over several blocks; each begins with the row's first cell, which mostly names it."""
    pairs = _pairs(names, cells)
    key = f"{pairs[0][0]}: {pairs[0][1]}"
    key = f"{key}; " if size(key) <= LARGEST // 6 else ""
    gathered = key
    room = LARGEST * 3 // 4
    for name, cell in pairs[1:] if key else pairs:
        for part in _cell_parts(cell, room):
            if gathered != key and size(gathered) + size(part) > room:
                yield gathered.removesuffix("; ")
                gathered = key
            gathered += f"{name}: {part}; "
    yield gathered.removesuffix("; ")


def _cell_parts(cell: str, room: int) -> Iterator[str]:
    """A cell in parts of about half the room, at spaces where there are some."""
    limit = 3 * room  # characters; about six letters a token in Latin text
    while size(cell) > room // 2:
        part = cell[:limit]
        while size(part) > room // 2:
            part = part[: len(part) * 3 // 4]
        space = part.rfind(" ")
        end = space if space > len(part) // 2 else len(part)
        yield cell[:end].strip()
        cell = cell[end:].strip()
    if cell:
        yield cell
