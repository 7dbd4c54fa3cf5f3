"""Files of tensors (safetensors) that are written tensor by tensor, and read row by row: never whole in memory.

Does not know: which network the tensors belong to.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

_NAMES = {torch.uint8: "U8", torch.bfloat16: "BF16", torch.float32: "F32"}
_TYPES = {name: dtype for dtype, name in _NAMES.items()}
_LENGTH = 8  # bytes that say how long the header is


class TensorWriter:
    """A safetensors file in the making: what was put is on disk and out of memory. A context manager; ends with the
    header, for which ``room`` bytes are kept free at the file's beginning.

    The sizes of all tensors together must keep every tensor on a multiple of its numbers' size; those of a network do.
    """

    def __init__(self, path: Path, *, room: int = 1 << 18) -> None:
        self._file, self._room = path.open("wb"), room
        self._file.seek(_LENGTH + room)
        self._about: dict[str, Any] = {}
        self._end = 0

    def put(self, name: str, tensor: Tensor) -> None:
        """Write one more tensor (uint8, bfloat16 or float32)."""
        self.put_rows(name, (tensor,))

    def put_rows(self, name: str, parts: Iterable[Tensor]) -> None:
        """Write one more tensor of which some rows come after the others."""
        start, rows = self._end, 0
        for part in parts:
            self._file.write(part.contiguous().view(-1).view(torch.uint8).numpy().data)
            self._end += part.nbytes
            rows += part.shape[0]
            shape, dtype = part.shape[1:], _NAMES[part.dtype]
        self._about[name] = {"dtype": dtype, "shape": [rows, *shape], "data_offsets": [start, self._end]}

    def finish(self, metadata: Mapping[str, str]) -> None:
        """Write the header. Raises: ValueError where it is longer than its room."""
        header = json.dumps({"__metadata__": dict(metadata), **self._about}).encode("utf-8")
        if len(header) > self._room:
            raise ValueError(f"The header has {len(header)} bytes, more than {self._room}.")
        self._file.seek(0)
        self._file.write(self._room.to_bytes(_LENGTH, "little") + header.ljust(self._room))  # the format allows blanks

    def __enter__(self) -> TensorWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


class FileRows(nn.Module):
    """A table (rows, width) that stays in its safetensors file, in the place of an ``nn.Embedding`` on the CPU.

    Mapped into memory, every row that is looked at would bring its neighbours along, and a table of some hundred
    megabytes would come in page by page and count as this program's memory. Safe to call from threads.

    Raises: OSError, and ValueError where the file holds no such table.
    """

    def __init__(self, path: Path, name: str) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        weakref.finalize(self, self._file.close)  # with the network, which nobody closes
        self._lock = threading.Lock()
        length = int.from_bytes(self._file.read(_LENGTH), "little")
        try:
            about = json.loads(self._file.read(length))[name]
            self.rows, self.width = about["shape"]
            self._dtype = _TYPES[about["dtype"]]
            self._start = _LENGTH + length + int(about["data_offsets"][0])
        except (ValueError, LookupError, TypeError) as exc:
            raise ValueError(f"{path} holds no table {name!r}.") from exc
        self._bytes = self.width * self._dtype.itemsize
        if path.stat().st_size < self._start + self.rows * self._bytes:
            raise ValueError(f"{path} is shorter than it says.")

    def __getitem__(self, numbers: Sequence[int]) -> Tensor:
        """(n, width). Raises: IndexError."""
        found = bytearray(len(numbers) * self._bytes)
        view = memoryview(found)
        with self._lock:
            for at, number in enumerate(numbers):
                if not 0 <= number < self.rows:
                    raise IndexError(f"There is no row {number} among {self.rows}.")
                self._file.seek(self._start + number * self._bytes)
                if self._file.readinto(view[at * self._bytes : (at + 1) * self._bytes]) != self._bytes:
                    raise OSError(f"{self._file.name} is shorter than it was.")
        return (
            torch.frombuffer(found, dtype=self._dtype).view(-1, self.width)
            if found
            else torch.empty(0, self.width, dtype=self._dtype)
        )

    def forward(self, numbers: Tensor) -> Tensor:
        """(…) whole numbers → (…, width)."""
        return self[numbers.flatten().tolist()].view(*numbers.shape, self.width)
