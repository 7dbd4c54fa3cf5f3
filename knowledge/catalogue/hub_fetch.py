"""What a model hub gives: one file, or the folder of a model for transformers.

The hub's address is the one that its own client uses (``HF_ENDPOINT`` or its default), and nothing is asked where the
environment says that there is none (``HF_HUB_OFFLINE``, ``TRANSFORMERS_OFFLINE``). Does not know: what the files mean.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from knowledge.catalogue.package_fetch import download, raise_if_full
from knowledge.errors import ModelUnavailable

log = logging.getLogger(__name__)

Progress = Callable[[float], None]
_CONNECT = 3.0  # seconds: where no hub is reachable nobody waits for it
_PATTERNS = ["*.json", "*.safetensors", "*.jinja", "*.txt", "tokenizer*"]


def hub_offline() -> bool:
    """Does the environment say that no hub is to be asked?"""
    names = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    return any(os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "on") for name in names)


def hub_address() -> str:
    """The hub's base address, without a slash at its end."""
    from huggingface_hub import constants

    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def hub_file(repo: str, revision: str, file: str, sha256: str, target: Path, progress: Progress) -> None:
    """Put one file at ``target``, whole and with this sha256 (hex), or not at all; ``<target>.part`` is continued.

    Raises: ModelUnavailable, OSError (disk full).
    """
    if hub_offline():
        raise ModelUnavailable("The environment says that no model hub is reachable.")
    url = f"{hub_address()}/{quote(repo)}/resolve/{quote(revision)}/{quote(file)}"
    try:
        download(url, sha256, target, progress, giver="The model hub", connect=_CONNECT)
    except ModelUnavailable:
        raise
    except (httpx.HTTPError, OSError, ValueError) as exc:
        raise_if_full(exc)
        raise ModelUnavailable(f"The model hub did not give {file} ({_first_line(exc)}).") from exc


def hub_folder(repo: str, revision: str, size: int, folder: Path, progress: Progress) -> None:
    """Download a model's configuration, tokenizer and safetensors to ``folder``; what is there is continued.

    ``size``: about how many bytes these are. ``progress`` gets the fraction 0…1 and may raise to end it.

    Raises: ModelUnavailable, OSError (disk full).
    """
    if hub_offline():
        raise ModelUnavailable("The environment says that no model hub is reachable.")
    from huggingface_hub import snapshot_download

    bar = _bar(size, progress)
    try:
        snapshot_download(
            repo,
            revision=revision,
            local_dir=folder,
            allow_patterns=_PATTERNS,
            endpoint=hub_address(),
            etag_timeout=_CONNECT,
            tqdm_class=bar,
            max_workers=2,
        )
    except Exception as exc:  # the hub's client raises its own, httpx's and the system's
        if bar.stopped is not None:
            raise bar.stopped from exc
        raise_if_full(exc)
        log.info("the hub did not give %s", repo, exc_info=exc)
        raise ModelUnavailable(f"The model hub did not give {repo} ({_first_line(exc)}).") from exc


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _bar(size: int, progress: Progress) -> Any:
    """A class for the hub's client to report to: bytes of all files → ``progress``. What that raises ends the download
    and is kept in ``stopped``."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        stopped: Exception | None = None
        _lock_here = threading.Lock()

        def __init__(self, *args: Any, **options: Any) -> None:
            name = str(options.pop("name", ""))
            options["disable"] = False
            self._bytes = options.get("unit") == "B" and not name.endswith(".transfer")  # counted in another bar too
            super().__init__(*args, **options)

        def display(self, *args: Any, **options: Any) -> None:
            """Nothing is drawn."""

        def update(self, n: float | None = 1) -> Any:
            shown = super().update(n)
            if Bar.stopped is not None:
                raise Bar.stopped
            if self._bytes:
                try:
                    with Bar._lock_here:
                        progress(min(self.n / max(size, self.total or 0, 1), 1.0))
                except Exception as exc:
                    Bar.stopped = exc
                    raise
            return shown

    return Bar
