"""Where the package index has a file, and what the person told pip: index, proxy, certificates.

pip is asked through its command line. Does not know: how a file is downloaded, or what is in it.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import json
import logging
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

import httpx
import truststore

from knowledge.errors import ModelUnavailable

log = logging.getLogger(__name__)

_PIP_BEAT = 0.5  # seconds
_PIP_SECONDS = 1800.0  # an index without metadata files makes pip download the package just to look at it
_PAGE = {"Accept": "application/vnd.pypi.simple.v1+json, text/html;q=0.2"}


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


def look_up(requirement: Requirement) -> str:
    """The wheel's address on the pages of the configured indexes; "" where they do not tell.

    Spares pip's own look, for which many of its versions download the whole file.
    """
    if _configured("no-index"):
        return ""
    name, _, version = requirement.spec.partition("==")
    start = f"{name.replace('-', '_')}-{version}-".lower()
    indexes = [_configured("index-url") or _default_index(), *_configured("extra-index-url").split()]
    for index in indexes:
        if not index.startswith(("http://", "https://")):
            continue
        try:
            with httpx.Client(verify=certificates(), proxy=proxy(), follow_redirects=True, timeout=20.0) as client:
                page = client.get(f"{index.rstrip('/')}/{name}/", headers=_PAGE).raise_for_status()
            for link in _links(page):
                url = urldefrag(urljoin(str(page.url), link)).url
                file = url.rpartition("/")[2].lower()
                if file.startswith(start) and file.endswith(".whl") and requirement.platform in file:
                    return url
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as exc:
            log.info("the index' page of %s tells nothing (%s)", name, exc)
    return ""


def _links(page: httpx.Response) -> list[str]:
    """The files that an index' page lists, in either of its forms."""
    if "json" in page.headers.get("content-type", ""):
        return [str(file["url"]) for file in page.json()["files"]]

    class Links(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]

    reader = Links()
    reader.feed(page.text)
    return reader.found


def _default_index() -> str:
    """The index that pip asks when it was told of none; "" where this pip keeps it elsewhere."""
    try:
        from pip._internal.models.index import PyPI

        return str(PyPI.simple_url)
    except (ImportError, AttributeError):
        return ""


def resolve(requirement: Requirement, beat: Callable[[], None] = lambda: None) -> str:
    """The wheel's address as pip, with the person's configuration, would choose it. Downloads only metadata.

    ``beat`` is called now and then, and may raise to end it. Raises: ModelUnavailable.
    """
    options = ["--dry-run", "--ignore-installed", "--report", "-", *requirement.options]
    if requirement.platform:  # pip installs for other platforms only into a folder, though here nothing is installed
        options += ["--target", tempfile.gettempdir()]
    report = pip(["install", *options, requirement.spec], beat=beat)
    try:
        url = json.loads(report)["install"][0]["download_info"]["url"]
    except (ValueError, LookupError, TypeError) as exc:
        raise ModelUnavailable(f"pip gave no address for {requirement.spec}; update pip and start again.") from exc
    return str(url)


def pip(arguments: list[str], *, quiet: bool = True, beat: Callable[[], None] = lambda: None) -> str:
    """Run this interpreter's pip; its standard output. ``beat`` may raise to end it. Raises ModelUnavailable."""
    options = ["--no-input", "--retries", "2", *(["--quiet"] if quiet else [])]
    command = [sys.executable, "-m", "pip", arguments[0], *options, *arguments[1:]]
    # A configured "user = true" makes pip refuse inside a virtual environment, though nothing is installed here.
    environment = os.environ | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    with _started(command, environment) as process:
        end = time.monotonic() + _PIP_SECONDS
        while True:
            try:
                told, errors = process.communicate(timeout=_PIP_BEAT)
                break
            except subprocess.TimeoutExpired as exc:
                beat()
                if time.monotonic() > end:
                    raise ModelUnavailable(f"pip did not answer: {exc}") from exc
    if process.returncode != 0:
        lines = [line for line in errors.splitlines() if line.startswith("ERROR")] or errors.splitlines()
        raise ModelUnavailable(lines[-1] if lines else f"pip ended with status {process.returncode}")
    return told


@contextlib.contextmanager
def _started(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that does not outlive the block. Raises ModelUnavailable where it cannot be started."""
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
        )
    except OSError as exc:
        raise ModelUnavailable(f"pip did not answer: {exc}") from exc
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _configured(key: str) -> str:
    """A value of pip's configuration files, or "". ("pip config get" misses values that are also set elsewhere.)"""
    value = ""
    environment = tuple(sorted(item for item in os.environ.items() if item[0].startswith("PIP_")))
    with contextlib.suppress(ModelUnavailable, ValueError, SyntaxError):
        for line in _configuration(environment).splitlines():
            name, _, text = line.partition("=")
            if name in (f"global.{key}", f"install.{key}", f":env:.{key}"):
                value = str(ast.literal_eval(text))
    return value


@functools.lru_cache(maxsize=1)  # a file of many parts asks for it with each
def _configuration(environment: tuple[tuple[str, str], ...]) -> str:
    return pip(["config", "list"], quiet=False)


def certificates() -> ssl.SSLContext:
    """The certificates pip would trust: its own setting, then those of requests, then the system's."""
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    for place in (_configured("cert"), *(os.environ.get(name, "") for name in names)):
        if place and os.path.isfile(place):
            return ssl.create_default_context(cafile=place)
        if place and os.path.isdir(place):
            return ssl.create_default_context(capath=place)
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def proxy() -> str | None:
    """The proxy of pip's configuration; proxies of the environment are httpx's own business."""
    return _configured("proxy") or None
