"""The loss of a training run as a picture: a small SVG, so that training needs no plotting library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

_COLOURS = {"train": "#888888", "dev": "#2563eb"}


def draw(rows: Sequence[Mapping[str, float]], path: Path, *, along: str = "epoch") -> None:
    """``rows``: ``along``, train, dev. Writes an SVG of 640 × 360; nothing without rows."""
    rows = [row for row in rows if all(math.isfinite(row[name]) for name in _COLOURS)]
    if not rows:
        return
    values = [row[name] for row in rows for name in _COLOURS]
    low, high = min(values), max(values)
    span, last = (high - low) or 1.0, max(len(rows) - 1, 1)
    lines = []
    for number, (name, colour) in enumerate(_COLOURS.items()):
        places = ((60 + 540 * i / last, 320 - 280 * (row[name] - low) / span) for i, row in enumerate(rows))
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{points}"/>')
        lines.append(f'<text x="{520}" y="{30 + 18 * number}" fill="{colour}">{name} loss</text>')
    lines += [
        f'<text x="8" y="324">{low:.3f}</text>',
        f'<text x="8" y="46">{high:.3f}</text>',
        f'<text x="290" y="350">{along} {rows[0][along]} to {rows[-1][along]}</text>',
    ]
    body = "\n".join(lines)
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="360" font-family="sans-serif" font-size="13">\n'
        f'<rect width="640" height="360" fill="white"/>\n{body}\n</svg>\n',
        encoding="utf-8",
    )
