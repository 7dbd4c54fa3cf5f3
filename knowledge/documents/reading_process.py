"""Reads a file in a process of its own: whatever the file does to its parser, the server goes on.

The process gets limits, a minimal environment and no descriptor but its pipes; a cancel kills it. Passages come as they
are cut, a few frames ahead at most, so that neither side holds a large file's text. What it sends is checked, for the
file may have taken it over. Does not know: file formats, owners, memory.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from knowledge.documents import frames, reading_child
from knowledge.documents.limits import LIMITS, Limits
from knowledge.errors import Cancelled, DocumentError
from knowledge.records import Passage

logger = logging.getLogger(__name__)

_AHEAD = 4  # frames that wait for the encoder; the rest waits in the process, behind a full pipe
_LOOK = 0.05  # seconds between two looks whether the person cancelled
_SLOWER = 4  # seconds of waiting for a second of the processor: on a busy machine, and where the system sets no limit
_AT_ONCE = threading.BoundedSemaphore(4)  # files that are read at a time, for all owners
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")  # of the environment: Python may not start without them
_LONGEST_TEXT = 20_000  # characters of a passage, a heading or a sentence that are taken from the process
_NO_SIGNAL = 1000  # where the system has none of this name
_LOGGED = 4000  # characters of what it printed

Reads = Literal["document", "conversations"]  # what the process takes the file for


@dataclass(frozen=True, slots=True)
class Batch:
    """Some passages, and the share of the file, 0…1, that has come out with them."""

    passages: tuple[Passage, ...]
    share: float


def read_apart(
    path: Path,
    name: str,
    *,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
    limits: Limits = LIMITS,
) -> Generator[Batch, None, None]:
    """The passages of the file at ``path``, called ``name``, as ``files.parse`` gives them, some at a time.

    ``progress`` gets the share of the file that is read, also between batches. Close the iterator to end the process,
    which also ends with the thread that took the first batch.

    Raises DocumentError (whatever ``files.parse`` refuses; out of memory, time or passages; a parser that crashed),
    Cancelled.
    """
    count = characters = 0
    with frames_apart(path, name, "document", cancelled, limits) as sent:
        for frame in sent:
            match frame:
                case {"read": float(share)} if 0.0 <= share <= 1.0:
                    progress(share)
                case {"passages": list(rows), "out": float(share)} if 0.0 <= share <= 1.0:
                    passages = tuple(_passage(row, count + number) for number, row in enumerate(rows))
                    count += len(passages)
                    characters += sum(len(passage.text) for passage in passages)
                    most = limits.passages_of(characters)
                    if count > most:
                        raise DocumentError(
                            f"{name} falls apart into more than {most} passages; split it and upload the parts that "
                            "hold text."
                        )
                    if characters > limits.characters:
                        raise DocumentError(
                            f"{name} unpacks to more than {limits.characters} characters; split it and upload the "
                            "parts."
                        )
                    yield Batch(passages, share)
                case _:
                    raise ValueError("an unknown frame")


@contextlib.contextmanager
def frames_apart(
    path: Path, name: str, reads: Reads, cancelled: Callable[[], bool], limits: Limits = LIMITS
) -> Iterator[Iterator[dict[str, Any]]]:
    """The frames of a process that ``reads`` the file at ``path``, called ``name``, until it says that it is done.

    It ends with the block. A ValueError in the block says that a frame is none: it becomes the DocumentError of a
    parser that broke. Raises DocumentError (refused; out of memory or time; a parser that crashed), Cancelled.
    """
    while not _AT_ONCE.acquire(timeout=_LOOK):
        _check(cancelled)
    try:
        try:
            size = path.stat().st_size
        except OSError as exc:
            raise DocumentError(f"{name} cannot be opened: {exc.strerror or exc}.") from exc
        try:
            child = _Child(path, name, reads, limits.memory, limits.seconds_of(size))
        except OSError as exc:
            raise DocumentError(
                f"No process could be started to read {name} ({exc.strerror or exc}); end other programs and upload "
                "it again."
            ) from exc
        try:
            yield _until_done(child, name, cancelled)
        except ValueError as exc:
            child.told = f"{child.told}{exc}"
            raise DocumentError(
                f"{name} cannot be read: its parser broke on it; save the file anew and upload that."
            ) from exc
        finally:
            child.close()
            child.log(name)
    finally:
        _AT_ONCE.release()


def _until_done(child: _Child, name: str, cancelled: Callable[[], bool]) -> Iterator[dict[str, Any]]:
    """Raises ValueError for an end that was not announced, DocumentError, Cancelled."""
    for frame in child.frames(cancelled):
        match frame:
            case {"refused": str(sentence)}:
                raise DocumentError(" ".join(sentence[:_LONGEST_TEXT].split()))
            case {"done": True}:
                return
            case _:
                yield frame
    code = child.ended()
    if code is None or code == -getattr(signal, "SIGXCPU", _NO_SIGNAL):
        raise DocumentError(f"{name} takes too long to be read; split it, or save it in a simpler form.")
    if code == -getattr(signal, "SIGKILL", _NO_SIGNAL):
        raise DocumentError(
            f"The reading of {name} was killed, perhaps because this computer is out of memory; upload it again."
        )
    raise ValueError(f"an end with code {code}")


def _passage(row: Any, position: int) -> Passage:
    """Raises ValueError for what the parsers never give."""
    match row:
        case [str(text), None | int() as page, str(heading)] if not isinstance(page, bool):
            long = max(len(text), len(heading)) > _LONGEST_TEXT or not text.strip()
            if not long and (page is None or 0 < page < 2**31):
                return Passage(text=text, position=position, page=page, heading=heading)
    raise ValueError("a passage that is none")


class _Child:
    """The process, its frames, and how it ended."""

    def __init__(self, path: Path, name: str, reads: Reads, memory: int, seconds: float) -> None:
        """Raises OSError when no process can be started."""
        self._most = _SLOWER * seconds
        self._closed = threading.Event()
        self._frames: queue.Queue[dict[str, Any] | Exception | None] = queue.Queue(_AHEAD)
        self._late = False
        self.told = ""
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 (closed in ``log``)
        try:
            # Its own session: Ctrl-C is for the server, which ends it.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", "-X", "faulthandler", reading_child.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._printed,
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
                start_new_session=True,
            )
        except BaseException:
            self._printed.close()
            raise
        order = {
            "paths": [os.path.abspath(place) for place in sys.path],
            "file": str(path.absolute()),
            "name": name,
            "reads": reads,
            "memory": memory,
            "seconds": seconds,
            "parent": os.getpid(),
        }
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(OSError), self._process.stdin as stdin:  # it may be dead already
            stdin.write(json.dumps(order).encode() + b"\n")
        self._receiver = threading.Thread(
            target=self._receive, args=(self._process.stdout,), name="document-frames", daemon=True
        )
        self._receiver.start()

    def frames(self, cancelled: Callable[[], bool]) -> Iterator[dict[str, Any]]:
        """All frames, until the process closes its pipe or is late. Raises Cancelled, ValueError."""
        waited = 0.0
        while waited < self._most:
            _check(cancelled)
            since = time.monotonic()
            try:
                frame = self._frames.get(timeout=_LOOK)
            except queue.Empty:
                waited += time.monotonic() - since
                continue
            waited += time.monotonic() - since
            if frame is None:
                return
            if isinstance(frame, Exception):
                raise ValueError("a pipe that holds no frames") from frame
            yield frame
        self._late = True

    def ended(self) -> int | None:
        """The exit status, as ``Popen`` has it, of a process that closed its pipe; None of one that was late."""
        return None if self._late else self._process.wait()

    def close(self) -> None:
        """End the process, whatever it does, and wait until it is gone."""
        self._closed.set()
        self._process.kill()
        self._process.wait()
        self._receiver.join()

    def log(self, name: str) -> None:
        """What it printed goes to the log, without what a terminal would take for a command."""
        with self._printed as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _LOGGED))
            text = self.told + "\n" + file.read().decode("utf-8", "replace")
        if text := "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text).strip():
            logger.warning("Reading %s: %s", name, text)

    def _receive(self, pipe: BinaryIO) -> None:
        with pipe:
            try:
                while (frame := frames.read(pipe)) is not None:
                    self._put(frame)
            except (OSError, ValueError) as error:
                self._put(error)
            self._put(None)

    def _put(self, frame: dict[str, Any] | Exception | None) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._frames.put(frame, timeout=_LOOK)
                return


def _check(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled("Reading the document was stopped; nothing of it was kept.")
