"""Which read serves whom: the shipped one for everybody, and for an owner who had it learn from feedback, theirs.

Knows: files of adapters in one folder, one in force per owner, one offered, one to go back to. Does not know: how they
are learned, pages, feedback. A file's name is a hash of the owner, and its header says again whose it is, so that a
file in the wrong place reads for nobody. Every other owner gets the very object that serves without any file.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from knowledge.errors import BadInput, StoreError
from knowledge.read.attention_reader import AttentionReader
from knowledge.read.read_adapter import AdapterSize, ReadAdapter, load, save
from knowledge.read.read_network import ReadNetwork

logger = logging.getLogger(__name__)

IN_FORCE, OFFERED, BEFORE = "", ".offered", ".before"  # parts of file names


@dataclass(frozen=True, slots=True)
class OwnRead:
    """What there is for an owner. ``report``: of the adapter in force; ``offered``: of one that waits for an answer.

    ``problem``: why the adapter in force cannot be used, "" when it can or there is none.
    """

    in_force: bool = False
    report: dict[str, Any] = field(default_factory=dict)
    offered: dict[str, Any] | None = None
    can_roll_back: bool = False
    problem: str = ""


class OwnerReaders:
    """Adapters of all owners in ``folder``, on top of ``shipped``. Safe to call from threads.

    ``encoder``: name of the encoder whose vectors the read sees.
    """

    def __init__(self, folder: Path, shipped: AttentionReader, encoder: str) -> None:
        self.folder, self.shipped = folder, shipped
        self._made_for = {"encoder": encoder, "read network": fingerprint(shipped.network)}
        self._readers: dict[str, tuple[AttentionReader, dict[str, Any], str]] = {}  # owner → reader, report, problem
        self._lock = threading.RLock()

    @property
    def size(self) -> AdapterSize:
        """Of an adapter for the shipped network."""
        return AdapterSize(dimension=self.shipped.network.size.dimension, hops=self.shipped.network.size.hops)

    # ---- reading ------------------------------------------------------------------------------------

    def of(self, owner: str) -> AttentionReader:
        """The owner's read; the shipped one where the owner has no adapter, or one that cannot be used."""
        return self._known(owner)[0]

    def state(self, owner: str) -> OwnRead:
        """What there is for the owner."""
        with self._lock:
            _, report, problem = self._known(owner)
            offered = None
            if self._path(owner, OFFERED).is_file():
                try:
                    offered = _report(load(self._path(owner, OFFERED), self._wanted(owner))[1])
                except ValueError:
                    self._path(owner, OFFERED).unlink(missing_ok=True)
            there = self._path(owner).is_file()
            return OwnRead(there and not problem, report, offered, there, problem)

    def _known(self, owner: str) -> tuple[AttentionReader, dict[str, Any], str]:
        with self._lock:
            if owner not in self._readers:
                self._readers[owner] = self._load(owner)
            return self._readers[owner]

    def _load(self, owner: str) -> tuple[AttentionReader, dict[str, Any], str]:
        path = self._path(owner)
        if not path.is_file():
            return self.shipped, {}, ""
        try:
            adapter, header = load(path, self._wanted(owner))
            if adapter.size != self.size:
                raise ValueError(f"{path.name} was made for another read network")
            return self.shipped.adapted(adapter), _report(header), ""
        except ValueError as exc:
            problem = f"What was learned from your feedback cannot be used ({exc}): the read that ships serves. Let it"
            problem += " learn again, or roll back."
            logger.warning("%s", problem)
            return self.shipped, {}, problem

    # ---- changing -----------------------------------------------------------------------------------

    def offer(self, owner: str, adapter: ReadAdapter, report: dict[str, Any]) -> None:
        """Keep an adapter until the owner says whether it is to serve. Raises StoreError when it cannot be written."""
        try:
            with self._lock:
                save(adapter, self._path(owner, OFFERED), {**self._wanted(owner), "report": json.dumps(report)})
        except OSError as exc:
            raise StoreError(
                f"What was learned cannot be written to {self.folder}: {exc.strerror}; make room and learn again."
            ) from exc

    def keep(self, owner: str) -> None:
        """Put the offered adapter in force; the one before it is kept to go back to. Raises BadInput without one."""
        with self._lock:
            offered = self._path(owner, OFFERED)
            if not offered.is_file():
                raise BadInput("There is nothing to keep; learn from the feedback first.")
            try:
                load(offered, self._wanted(owner))
            except ValueError as exc:
                offered.unlink(missing_ok=True)
                raise BadInput(f"What was learned cannot be used ({exc}); learn from the feedback again.") from exc
            self._path(owner, BEFORE).unlink(missing_ok=True)
            if self._path(owner).is_file():
                self._path(owner).replace(self._path(owner, BEFORE))
            offered.replace(self._path(owner))
            self._readers.pop(owner, None)

    def discard(self, owner: str) -> None:
        """Drop the offered adapter."""
        with self._lock:
            self._path(owner, OFFERED).unlink(missing_ok=True)

    def roll_back(self, owner: str) -> None:
        """Go back to the adapter before the one in force, or to the shipped read. Raises BadInput without one."""
        with self._lock:
            if not self._path(owner).is_file():
                raise BadInput("There is nothing to roll back: the read that ships already serves.")
            self._path(owner).unlink()
            if self._path(owner, BEFORE).is_file():
                self._path(owner, BEFORE).replace(self._path(owner))
            self._readers.pop(owner, None)

    def state_path(self, owner: str) -> Path:
        """Where a learning run keeps what it goes on from."""
        return self.folder / f"{_hash(owner)}.state.pt"

    def forget(self, owner: str, memories: Sequence[str] | None) -> None:
        """As a store's ``forgotten``: with everything of an owner (None) goes what was learned from it."""
        if memories is not None:
            return
        with self._lock:
            for path in (*(self._path(owner, part) for part in (IN_FORCE, OFFERED, BEFORE)), self.state_path(owner)):
                path.unlink(missing_ok=True)
                path.with_name(path.name + ".part").unlink(missing_ok=True)
            self._readers.pop(owner, None)

    # ---- names --------------------------------------------------------------------------------------

    def _path(self, owner: str, part: str = IN_FORCE) -> Path:
        return self.folder / f"{_hash(owner)}{part}.safetensors"

    def _wanted(self, owner: str) -> dict[str, str]:
        return {**self._made_for, "owner": _hash(owner)}


def fingerprint(network: ReadNetwork) -> str:
    """A hash of the network's weights: an adapter fits only the ones it was learned on."""
    sha = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        sha.update(name.encode())
        sha.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return sha.hexdigest()[:32]


def _hash(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest()[:32]


def _report(header: dict[str, str]) -> dict[str, Any]:
    try:
        report = json.loads(header.get("report", "{}"))
    except ValueError:
        return {}
    return report if isinstance(report, dict) else {}
