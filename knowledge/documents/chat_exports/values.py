"""Values of an export, whatever their type turns out to be: a reader asks for what it wants and gets that or nothing.

Exports change without a word, and a file may be made to break its reader: no value is trusted to be of a type. Does not
know: any app's format.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

_LATEST = 7.258e9  # seconds since the epoch: the year 2200
_NAME = 200  # characters of a file's name or a title
# NUL and half surrogate pairs are taken by no database, the other control characters by no page.
_DROPPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def table(value: Any) -> dict[str, Any]:
    """A JSON object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """A JSON array; empty for anything else."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """A text without what cannot be stored; "" for anything else."""
    return _DROPPED.sub("", value.replace("\r\n", "\n")) if isinstance(value, str) else ""


def line(value: Any) -> str:
    """A text as one line of at most 200 characters."""
    return " ".join(text(value).split())[:_NAME]


def key(value: Any) -> str:
    """What an app calls something: a short text, or a number as one; "" for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**18 else ""
    return value if isinstance(value, str) and len(value) <= _NAME else ""


def seconds(value: Any) -> float:
    """A time in seconds since the epoch: from a number (of seconds, or so large that it is of milliseconds) or an ISO
    8601 text; 0 where it is none."""
    if isinstance(value, str) and len(value) <= 40:
        try:
            moment = datetime.fromisoformat(value)
            value = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError, OSError):
            return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return 0.0
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return 0.0
    if number > _LATEST:
        number /= 1000
    return number if math.isfinite(number) and 0 < number < _LATEST else 0.0


def named(said: str, files: list[str]) -> str:
    """A message with the names of the files that came with it, a line each."""
    return "\n".join([*([said] if said.strip() else []), *(f"[{name}]" for name in files if name)])
