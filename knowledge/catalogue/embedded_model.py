"""The folder of a decoder of the catalogue: fetched once, converted once, checked at each start, deleted when asked.

Most come as a GGUF file (knowledge/catalogue/gguf_fetch.py) that is converted here; some as a folder from a hub. Does
not know: how the model is run, or which one is wanted.

What lies in the cache folder, for example::

    SmolLM2-135M-Instruct/               config, tokenizer, bfloat16 safetensors, made.json
    SmolLM2-135M-Instruct.Q4_1.gguf      what it was made from (kept: the 4-bit weights themselves)
    SmolLM2-135M-Instruct.lock           held by the process that fetches or converts
    *.part, *.joining, *.new             unfinished work of a killed start; continued or thrown away by the next
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from knowledge.catalogue.entries import SMOLLM2, DecoderEntry, Hub
from knowledge.catalogue.gguf_fetch import fetch_gguf, unavailable, unfinished
from knowledge.catalogue.hub_fetch import hub_folder
from knowledge.catalogue.package_fetch import raise_if_full, sha256_of
from knowledge.cpu.packed_files import PACKED, kernel_name
from knowledge.errors import BadInput, Cancelled, ModelError, ModelUnavailable

Progress = Callable[[str, float], None]
FETCHING, CONVERTING = "fetching", "converting"
_BEAT = 0.2  # seconds
_FORMAT = 1  # of the folder; another number is converted again


def convert_gguf(gguf: Path, folder: Path) -> None:
    """Write ``gguf`` as a folder to ``folder``: Qwen2 with its weights packed (knowledge/cpu/packed_network.py), others
    as bfloat16 safetensors for transformers; with the tokenizer and its chat template.

    Raises: whatever transformers raises on a damaged file.
    """
    from knowledge.cpu import packed_network

    if packed_network.can_pack(gguf):
        packed_network.convert(gguf, folder)
        return
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    tokenizer: Any = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name, local_files_only=True)
    model: Any = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32, local_files_only=True
    )
    # The weights are dequantized here, but save_pretrained would still treat them as GGUF and refuse.
    model.hf_quantizer = None
    model.config.__dict__.pop("quantization_config", None)
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def convert_apart(gguf: Path, folder: Path, beat: Callable[[], None] = lambda: None) -> None:
    """``convert_gguf`` in a process of its own, with less of the processor's time: what it takes of memory is given
    back, and replies go on meanwhile. ``beat`` is called now and then, and may raise to end it.

    Raises: ModelError.
    """
    call = "import sys, pathlib; from knowledge.catalogue.embedded_model import convert_gguf, yielding; yielding(); "
    call += "convert_gguf(*map(pathlib.Path, sys.argv[1:]))"
    home = str(Path(__file__).resolve().parents[2])
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(
            [sys.executable, "-c", call, str(gguf), str(folder)],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
        )
        try:
            while process.poll() is None:
                beat()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_BEAT)
        finally:
            process.kill()
            process.wait()
        told.seek(0)
        lines = told.read().decode("utf-8", "replace").strip().splitlines()
    if process.returncode:
        raise ModelError(lines[-1] if lines else f"the conversion ended with status {process.returncode}")


def yielding() -> None:
    """Let everything else on this machine go first."""
    with contextlib.suppress(AttributeError, OSError):  # not everywhere
        os.nice(5)


def ensure(
    cache: Path,
    progress: Progress,
    entry: DecoderEntry = SMOLLM2,
    *,
    convert: Callable[[Path, Path], None] | None = None,
    check_contents: bool = False,
) -> Path:
    """The folder with the entry's converted model, made now if it is not there. Safe against kills and parallel starts.

    ``progress`` gets FETCHING or CONVERTING and a fraction 0…1 (while another start does it: FETCHING, 0), and may
    raise to end it; what was fetched is kept. ``convert`` writes a GGUF as a folder (default: ``convert_apart``). A
    cached model costs a few file sizes; ``check_contents`` hashes every
    file too (for use after it failed to load).

    Raises: ModelUnavailable (not cached and not to be fetched), ModelError (disk full, conversion failed).
    """
    folder = entry.folder(cache)
    if _whole(folder, entry, check_contents=check_contents):
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache / f"{entry.title}.lock", progress):
            if not _whole(folder, entry, check_contents=check_contents):  # another start may have made it meanwhile
                if entry.gguf:
                    gguf = fetch_gguf(entry, cache, lambda fraction: progress(FETCHING, fraction))
                    progress(CONVERTING, 0.0)
                    beat = partial(progress, CONVERTING, 0.0)
                    way = convert or partial(convert_apart, beat=beat)
                    _make(folder, entry, lambda new: _convert(gguf, new, way), fresh=True)
                    progress(CONVERTING, 1.0)
                else:
                    progress(FETCHING, 0.0)
                    _make(folder, entry, lambda new: _download(entry, cache, new, progress), fresh=False)
    except OSError as exc:
        raise ModelError(f"The model cache {cache} cannot be written ({exc}); make room or pass --cache.") from exc
    return folder


def cached(cache: Path, entry: DecoderEntry) -> bool:
    """Is its folder there, ready to be loaded?"""
    return _whole(entry.folder(cache), entry, check_contents=False)


def damaged(cache: Path, entry: DecoderEntry, stop: threading.Event) -> bool | None:
    """Has a file of its folder another content than when it was made? None where ``stop`` was set before it is known.

    A folder that turns out to be damaged is ready to be loaded no more: ``ensure`` makes it anew. Reads every byte.
    """
    folder = entry.folder(cache)
    try:
        files = json.loads((folder / "made.json").read_text("utf-8"))["files"]
        for name, file in files.items():
            if stop.is_set():
                return None
            if sha256_of(folder / name) != file["sha256"]:
                (folder / "made.json").unlink(missing_ok=True)
                return True
        return False
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return cached(cache, entry)  # it says that it is whole, and cannot be read


def bytes_on_disk(cache: Path, entry: DecoderEntry) -> int:
    """What its files take, unfinished ones included."""
    total = 0
    for path in _files(cache, entry):
        for file in path.rglob("*") if path.is_dir() else (path,):
            if file.is_file():
                total += file.stat().st_size
    return total


def delete(cache: Path, entry: DecoderEntry) -> None:
    """Remove everything of it from the cache; nothing happens where nothing is.

    Raises: BadInput while it is fetched or converted, ModelError where a file cannot be removed.
    """
    lock = FileLock(cache / f"{entry.title}.lock")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with lock.acquire(timeout=0):
            for path in _files(cache, entry):
                if path.is_dir():
                    (path / "made.json").unlink(missing_ok=True)  # first: a killed deletion leaves no whole folder
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
    except Timeout as exc:
        raise BadInput(f"{entry.title} is being fetched; cancel that first.") from exc
    except OSError as exc:
        raise ModelError(f"The files of {entry.title} in {cache} cannot be removed ({exc}).") from exc


def _files(cache: Path, entry: DecoderEntry) -> list[Path]:
    folder = entry.folder(cache)
    named = [folder, folder.with_name(folder.name + ".new")] + ([cache / entry.gguf] if entry.gguf else [])
    return [path for path in named if path.exists()] + unfinished(entry, cache)


def _whole(folder: Path, entry: DecoderEntry, *, check_contents: bool) -> bool:
    """Is the folder there, made from this source, and every file of the recorded size (and content, if asked)?"""
    try:
        made = json.loads((folder / "made.json").read_text("utf-8"))
        if made["format"] != _FORMAT or made["gguf_sha256"] != entry.gguf_sha256:
            return False
        if made.get("kernel") not in (None, kernel_name()):  # packed for another processor
            return False
        return all(
            (folder / name).stat().st_size == file["size"]
            and (not check_contents or sha256_of(folder / name) == file["sha256"])
            for name, file in made["files"].items()
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


@contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    """Hold a lock that the operating system lets go when the process dies."""
    lock = FileLock(path)
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except Timeout:
            progress(FETCHING, 0.0)
    try:
        yield
    finally:
        lock.release()


def _convert(gguf: Path, folder: Path, convert: Callable[[Path, Path], None]) -> None:
    try:
        convert(gguf, folder)
    except (OSError, Cancelled):
        raise
    except Exception as exc:  # transformers and safetensors raise many kinds here
        raise_if_full(exc)
        raise ModelError(f"{gguf} cannot be converted ({exc}); update transformers or pass --model PATH.") from exc


def _download(entry: DecoderEntry, cache: Path, folder: Path, progress: Progress) -> None:
    reasons = []
    for source in entry.sources:
        try:
            assert isinstance(source, Hub)
            size = entry.download
            hub_folder(source.repo, source.revision, size, folder, lambda fraction: progress(FETCHING, fraction))
            shutil.rmtree(folder / ".cache", ignore_errors=True)  # the hub client's notes
            return
        except ModelUnavailable as exc:
            reasons.append(str(exc).rstrip("."))
    raise unavailable(entry, cache, reasons)


def _make(folder: Path, entry: DecoderEntry, fill: Callable[[Path], None], *, fresh: bool) -> None:
    """Have ``<folder>.new`` filled, record sizes and hashes, and move it into place as the last step."""
    new = folder.with_name(folder.name + ".new")
    if fresh:
        shutil.rmtree(new, ignore_errors=True)
    new.mkdir(exist_ok=True)
    fill(new)
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(path for path in new.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            _sync(file.fileno())
        files[path.relative_to(new).as_posix()] = {"size": path.stat().st_size, "sha256": sha256_of(path)}
    made = {"format": _FORMAT, "source": entry.name, "gguf_sha256": entry.gguf_sha256, "files": files}
    if (new / PACKED).exists():
        made["kernel"] = kernel_name()
    (new / "made.json").write_text(json.dumps(made, indent=1), "utf-8")
    if folder.exists():  # damaged, or of another format
        shutil.rmtree(folder)
    os.rename(new, folder)


def _sync(descriptor: int) -> None:
    """Push a file to the disk, so that a power cut cannot leave a renamed file without content."""
    os.fsync(descriptor)
