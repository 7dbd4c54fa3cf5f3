"""Decoders as the app loads them, for benchmarks that are run by hand."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import platformdirs

from knowledge.catalogue.embedded_model import ensure
from knowledge.catalogue.entries import entry_of
from knowledge.cpu.packed_network import is_packed
from knowledge.reply.decoder import make_decoder
from knowledge.reply.local.adapter import ADAPTER
from knowledge.reply.local.local_decoder import LocalDecoder


def cache_folder() -> Path:
    """The folder of fetched models that the app uses."""
    return Path(os.environ.get("MNEME_CACHE") or platformdirs.user_cache_dir("mneme", False))


def embedded_gguf() -> Path:
    """The file of 4-bit weights that the smallest decoder was made of."""
    return next(embedded_folder().parent.glob("*.gguf"))


def embedded_folder() -> Path:
    """The smallest decoder's folder in the cache; fetched and converted on the first call."""
    return ensure(cache_folder(), _say)


def decoder_of(model: str, *, adapter: str = "default", **options: Any) -> LocalDecoder:
    """The decoder that ``--model`` names, loaded as the app does: style, path, way of the blocks and adapter as the
    catalogue says. ``options``: of ``make_decoder``. Ends the program with one sentence for an endpoint."""
    made = make_decoder(model, cache=cache_folder(), adapter=adapter, progress=_say, **options)
    print(f"\r{made.name}, {made.path}", file=sys.stderr, flush=True)
    if not isinstance(made, LocalDecoder):
        raise SystemExit(f"--model {model}: this benchmark looks into the decoder, which an endpoint does not allow.")
    return made


def gguf_of(model: str) -> Path | None:
    """The GGUF file in the cache that this decoder was made of, or None."""
    entry = entry_of(model)
    path = cache_folder() / entry.gguf if entry is not None and entry.gguf else None
    return path if path is not None and path.is_file() else None


def is_plain(model: str) -> bool:
    """Are its weights plain tensors, which transformers' own generate is meant for?"""
    entry = entry_of(model)
    return not is_packed(Path(model) if entry is None else entry.folder(cache_folder()))


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


def about_adapter(decoder: LocalDecoder, name: str) -> str | None:
    """The file behind ``--adapter`` where this decoder uses it, else None."""
    return None if decoder.adapter is None else str(ADAPTER if name == "default" else name)


def _say(phase: str, fraction: float) -> None:
    print(f"\r{phase} {fraction:4.0%}", end="", file=sys.stderr)
