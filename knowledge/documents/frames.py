"""What passes on the pipe between the server and the process that reads a file: four bytes of length, then JSON.

JSON and not pickles: the process may have been taken over by the file that it reads, and a pickle can run anything.
Does not know: files, processes.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

TOGETHER = 32  # passages in a frame; as many are encoded and stored at a time
LARGEST = 4 * 2**20  # bytes of a frame: 32 of the longest passages with their headings, in JSON
_LENGTH = struct.Struct(">I")


def write(pipe: BinaryIO, value: dict[str, Any]) -> None:
    """Send a frame. Blocks while the pipe is full, so that the sender is never far ahead. Raises OSError."""
    data = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def read(pipe: BinaryIO) -> dict[str, Any] | None:
    """The next frame; None at the end, also where it comes in the middle of a frame.

    Raises ValueError for what is no frame, OSError.
    """
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > LARGEST:
        raise ValueError(f"a frame of {length} bytes")
    data = pipe.read(length)
    if len(data) < length:
        return None
    try:
        value = json.loads(data)
    except RecursionError as exc:
        raise ValueError("a frame nested too deeply") from exc
    if not isinstance(value, dict):
        raise ValueError("a frame that is no object")
    return value
