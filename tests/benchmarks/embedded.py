"""The embedded decoder's folder, for benchmarks that are run by hand."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs

from knowledge.adapter import ADAPTER
from knowledge.embedded_model import ensure


def embedded_gguf() -> Path:
    """The file of 4-bit weights that the embedded decoder was made of."""
    return next(embedded_folder().parent.glob("*.gguf"))


def embedded_folder() -> Path:
    """The folder in the cache that the app uses; fetched and converted on the first call."""
    cache = Path(os.environ.get("MNEME_CACHE") or platformdirs.user_cache_dir("mneme", False))
    return ensure(cache, lambda phase, fraction: print(f"\r{phase} {fraction:4.0%}", end="", file=sys.stderr))


def adapter_of(name: str) -> Path | None:
    """The adapter that ``--adapter`` names: "default" is the one that ships (or none, said so), "none", or a file."""
    if name == "none":
        return None
    if name == "default":
        if not ADAPTER.is_file():
            print("no adapter ships: stock weights", file=sys.stderr)
            return None
        return ADAPTER
    return Path(name)
