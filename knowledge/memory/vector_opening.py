"""What is done with the embedded Chroma's folder before it is opened and after it is closed.

A folder that was closed in order and is as it was then is opened as it is. One that was not closed is tried in a
process of its own first (vector_probe.py). What is damaged is deleted, for all of it can be made anew from the catalog;
a copy put aside would keep the vectors of what a person deletes later. Does not know: how it is made anew.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from knowledge.errors import StoreError
from knowledge.memory.vector_files import clean, wipe
from knowledge.memory.vector_probe import fault_in
from knowledge.memory.vector_seal import break_seal, seal, seal_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opening:
    """``fault``: what was wrong with the files that are deleted now; "" for nothing. ``doubted``: the last use did not
    end in order, and what is there should be compared with the catalog."""

    fault: str = ""
    doubted: bool = False


def before_opening(folder: Path) -> Opening:
    """Make the folder one that can be opened: clean of what was deleted, or empty. Raises ``StoreError``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sealed = seal_of(folder)
        fault = "its files are not as they were when it was closed" if sealed == "changed" else ""
        if sealed == "open":
            fault = fault_in(folder)
        if not fault:
            try:
                clean(folder)
            except StoreError as exc:
                fault = str(exc).rstrip(".")
        if fault:
            log.warning(
                "Chroma's files in %s are damaged (%s); all vectors are made anew from the text.", folder, fault
            )
            wipe(folder)
        break_seal(folder)
    except OSError as exc:
        raise StoreError(f"The Chroma folder {folder} cannot be used: {exc}.") from exc
    return Opening(fault, sealed == "open" and not fault)


def after_closing(folder: Path, *, sound: bool) -> None:
    """Clean the files, and seal them where Chroma was ``sound`` to its end. What fails here the next start does."""
    try:
        clean(folder)
        if sound:
            seal(folder)
    except (StoreError, OSError) as exc:
        log.warning("%s", exc)
