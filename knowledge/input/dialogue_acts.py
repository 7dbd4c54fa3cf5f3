"""The one reading of a message: which dialogue acts it performs, as calibrated probabilities.

A small network with many heads, trained on messages labelled by hand in English and Chinese
(knowledge/training/acts.py), reads what a message does: tells, asks, wants something done, chats, leans on what was
said before, and which operation of the memory it calls for. Nothing else in the running app decides that from words.
Does not know: the store, the dialogue before the message, what is done with its reading.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from knowledge.errors import ModelError
from knowledge.input.acts_network import ActsNetwork, load
from knowledge.input.text_features import pieces, surface
from knowledge.records import ACTS, OPERATIONS, Acts

__all__ = ["Acts", "MessageReader", "make_message_reader"]
_KEPT = 8192  # readings that are remembered
WEIGHTS = Path(__file__).parents[1] / "weights" / "acts.safetensors"


class MessageReader:
    """Texts → their acts. ``encoder``: the name of the encoder whose vectors are passed, "" for none. Safe to call from
    threads."""

    def __init__(self, network: ActsNetwork, encoder: str = "") -> None:
        self._network, self.encoder = network.eval(), encoder
        self._kept: OrderedDict[tuple[str, bool], Acts] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def sees_vectors(self) -> bool:
        """Was the network trained on this encoder's vectors? Otherwise they change nothing."""
        return self.encoder in self._network.encoders

    @torch.inference_mode()
    def read(self, texts: Sequence[str], vectors: np.ndarray | None = None) -> list[Acts]:
        """The acts of each text. ``vectors``: (n texts, dimension) unit rows of the encoder; a row of zeros stands for
        none."""
        if not texts:
            return []
        found = pieces(texts)
        rows = None if vectors is None or not self.sees_vectors else torch.from_numpy(np.array(vectors, np.float32))
        acts, operation = self._network(
            torch.from_numpy(found.buckets),
            torch.from_numpy(found.starts),
            torch.from_numpy(found.weights),
            torch.from_numpy(surface(texts)),
            rows,
            self.encoder,
        )
        temperature = self._network.temperature
        likely = torch.sigmoid(acts / temperature[:-1]).tolist()
        called = torch.softmax(operation / temperature[-1], dim=1).tolist()
        return [
            Acts(**dict(zip(ACTS, one, strict=True)), operation=dict(zip(OPERATIONS, other, strict=True)))
            for one, other in zip(likely, called, strict=True)
        ]

    def read_again(self, texts: Sequence[str], vectors: np.ndarray | None = None) -> list[Acts]:
        """As :meth:`read`, for texts that will be read again: what memory holds, always with the same vectors."""
        there: list[bool] = [False] * len(texts) if vectors is None else (vectors != 0).any(1).tolist()
        names = list(zip(texts, there, strict=True))
        with self._lock:
            known = {name: self._kept[name] for name in names if name in self._kept}
        new = [at for at, name in enumerate(names) if name not in known]
        made = self.read([texts[at] for at in new], None if vectors is None else vectors[new])
        known |= {names[at]: one for at, one in zip(new, made, strict=True)}
        with self._lock:
            for name in names:
                self._kept[name] = known[name]
                self._kept.move_to_end(name)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return [known[name] for name in names]


@lru_cache(maxsize=4)
def _network(path: Path) -> ActsNetwork:
    return load(path)


@lru_cache(maxsize=8)
def make_message_reader(encoder: str = "", path: Path = WEIGHTS) -> MessageReader:
    """The reading that ships, for the vectors of ``encoder`` where it knows them, else for texts alone; one of a kind,
    which remembers what it read of memories.

    Raises ``ModelError`` when the weights are missing or damaged.
    """
    try:
        return MessageReader(_network(path), encoder)
    except ValueError as exc:
        raise ModelError(f"Messages cannot be read: {exc}") from exc
