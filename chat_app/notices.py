"""What a person should know although nobody asked: damage that was found and repaired, work that a crash cut.

Does not know: who shows it, or its words: ``key`` names them, ``values`` fill them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Notice:
    """``owner``: whose it is; "" for everybody who uses this Mneme."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""


class Notices:
    """Kept until the end of this run. Safe to call from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[Notice] = []

    def add(self, key: str, *, owner: str = "", **values: str) -> None:
        """Say it once more, unless it is said already."""
        notice = Notice(key, values, owner)
        with self._lock:
            if notice not in self._kept:
                self._kept.append(notice)

    def of(self, owner: str) -> list[Notice]:
        """What this owner should know, oldest first."""
        with self._lock:
            return [notice for notice in self._kept if notice.owner in ("", owner)]
