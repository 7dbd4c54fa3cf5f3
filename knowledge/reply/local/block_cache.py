"""Keeps blocks: in RAM within a number of bytes, then on disk within another, least recently read out first.

A block is found by whose memory it is, which memory, and a fingerprint of everything its numbers depend on (text, the
beginning it was computed on, the decoder), so a changed text or decoder never meets a stale block. Files are named by
hashes and hold no text; :meth:`forget` removes a memory's blocks from RAM and disk, for keys and values can be turned
back into words.

Does not know: how blocks are made, or what they are read for. Never needed for correctness: a damaged or missing file
is a miss, and a full disk only means that less is kept. Safe to call from threads.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from knowledge.reply.local.blocks import Block

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CacheState:
    """Sizes in bytes; hits and misses since the start."""

    blocks: int = 0
    ram: int = 0
    ram_limit: int = 0
    spilled: int = 0  # files on disk
    disk: int = 0
    disk_limit: int = 0
    hits: int = 0
    from_disk: int = 0  # of the hits
    misses: int = 0

    @property
    def hit_rate(self) -> float:
        """0…1; 0 before anything was asked for."""
        return self.hits / max(1, self.hits + self.misses)


class BlockCache:
    """``ram`` and ``disk``: most bytes kept in each; 0 keeps nothing there. ``folder``: of the files; None for none."""

    def __init__(self, ram: int, disk: int = 0, folder: Path | None = None) -> None:
        self._limit, self._disk_limit = ram, disk if folder else 0
        self._folder = folder
        self._blocks: OrderedDict[str, Block] = OrderedDict()
        self._files: OrderedDict[str, int] = OrderedDict()  # name → bytes, least recently read first
        self._ram = self._disk = 0
        self._counts = CacheState(ram_limit=self._limit, disk_limit=self._disk_limit)
        self._lock = threading.RLock()
        if folder and folder.is_dir():
            self._look_at(folder)

    def get(self, owner: str, memory: str, fingerprint: str) -> Block | None:
        """The block, or None. One from the disk comes back into RAM."""
        name = _name(owner, memory, fingerprint)
        with self._lock:
            block = self._blocks.get(name)
            if block is not None:
                self._blocks.move_to_end(name)
            elif (block := self._read(name)) is not None:
                self._counts = replace(self._counts, from_disk=self._counts.from_disk + 1)
                self._keep(name, block)
            if block is None:
                self._counts = replace(self._counts, misses=self._counts.misses + 1)
            else:
                self._counts = replace(self._counts, hits=self._counts.hits + 1)
            return block

    def holds(self, owner: str, memory: str, fingerprint: str) -> bool:
        """Is it there? Counts neither as hit nor as miss, and not as read."""
        name = _name(owner, memory, fingerprint)
        with self._lock:
            return name in self._blocks or name in self._files

    def put(self, owner: str, memory: str, fingerprint: str, block: Block) -> None:
        """Keep a block as the one read last. What no longer fits goes to the disk."""
        with self._lock:
            self._keep(_name(owner, memory, fingerprint), block)

    def forget(self, owner: str, memories: Iterable[str] | None = None) -> None:
        """Remove all blocks of these memories, or of the owner, from RAM and disk."""
        whose = _short(owner)
        starts = [f"{whose}-"] if memories is None else [f"{whose}-{_short(memory)}-" for memory in memories]
        if not starts:
            return
        with self._lock:
            for name in [name for name in self._blocks if name.startswith(tuple(starts))]:
                self._ram -= self._blocks.pop(name).bytes
            for name in [name for name in self._files if name.startswith(tuple(starts))]:
                self._disk -= self._files.pop(name)
            if self._folder is None or not self._folder.is_dir():
                return
            for path in self._folder.iterdir():  # also what another process of this data folder has written
                if path.name.startswith(tuple(starts)):
                    path.unlink(missing_ok=True)

    def spill(self) -> None:
        """Copy what is only in RAM to the disk, so that the next start finds it."""
        with self._lock:
            for name, block in self._blocks.items():
                if name not in self._files and not self._write(name, block):
                    return

    def state(self) -> CacheState:
        with self._lock:
            return replace(
                self._counts, blocks=len(self._blocks), ram=self._ram, spilled=len(self._files), disk=self._disk
            )

    # ---- inside ---------------------------------------------------------------------------------------

    def _keep(self, name: str, block: Block) -> None:
        old = self._blocks.pop(name, None)
        self._ram += block.bytes - (old.bytes if old else 0)
        self._blocks[name] = block
        while self._ram > self._limit and self._blocks:
            gone, last = self._blocks.popitem(last=False)
            self._ram -= last.bytes
            if gone not in self._files:
                self._write(gone, last)

    def _write(self, name: str, block: Block) -> bool:
        """Write a block's file if it fits into the disk's share at all."""
        if self._folder is None or block.bytes > self._disk_limit:
            return False
        path, partial = self._path(name), self._path(f".{os.getpid()}-{threading.get_ident()}-{name}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            tensors = {"keys": block.keys.contiguous(), "values": block.values.contiguous()}
            save_file(tensors, partial, metadata={"start": str(block.start)})
            partial.replace(path)
        except (OSError, SafetensorError) as exc:
            log.warning("a block could not be kept on disk (%s)", exc)
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            return False
        size = path.stat().st_size
        self._disk += size - self._files.pop(name, 0)
        self._files[name] = size
        while self._disk > self._disk_limit:
            self._drop_file(next(iter(self._files)))
        return True

    def _read(self, name: str) -> Block | None:
        if name not in self._files or self._folder is None:
            return None
        try:
            with safe_open(self._path(name), framework="pt") as file:  # memory-mapped
                block = Block(file.get_tensor("keys"), file.get_tensor("values"), int(file.metadata()["start"]))
            os.utime(self._path(name))  # the order survives a restart
        except (OSError, SafetensorError, KeyError, ValueError, TypeError):
            self._drop_file(name)
            return None
        self._files.move_to_end(name)
        return block

    def _drop_file(self, name: str) -> None:
        self._disk -= self._files.pop(name)
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{name}.safetensors"

    def _look_at(self, folder: Path) -> None:
        """What an earlier run has left, in the order in which it was read."""
        found = []
        for path in folder.iterdir():
            try:
                if path.name.startswith("."):  # half written when a process was killed
                    path.unlink(missing_ok=True)
                elif path.suffix == ".safetensors":
                    status = path.stat()
                    found.append((status.st_mtime, path.stem, status.st_size))
            except OSError:
                continue  # another process was faster
        for _, name, size in sorted(found):
            self._files[name] = size
            self._disk += size
        while self._disk > self._disk_limit:
            self._drop_file(next(iter(self._files)))


def fingerprint(*parts: str | bytes) -> str:
    """A name for everything that a block's numbers depend on."""
    made = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        made.update(len(data).to_bytes(8, "big") + data)
    return made.hexdigest()[:32]


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _name(owner: str, memory: str, fingerprint: str) -> str:
    return f"{_short(owner)}-{_short(memory)}-{fingerprint}"
