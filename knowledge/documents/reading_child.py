"""The process that reads one file: started as a script, takes limits upon itself, sends passages and ends.

What parses a file that a stranger made may take all memory, never end or be taken over: so it is apart from the server.
The order comes as a line of JSON on stdin: ``paths`` (where modules are), ``file``, ``name``, ``reads`` ("document" or
"conversations"), ``memory`` (bytes), ``seconds`` (of the processor), ``parent`` (its process id). Frames go to stdout:
of a document ``{"read": share}`` and ``{"passages": [[text, page, heading]…], "out": share}``, of conversations what
``chat_exports/export_file.py`` says, and at the end ``{"refused": sentence}`` or ``{"done": true}``. An end without
either is a crash; what the libraries print goes to stderr.

Nothing heavy is imported, and nothing of the project before the limits hold. Does not know: owners, memory, the server.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

_NICE = 5  # replies come first
_STEP = 1 / 2000  # of the file: progress that is finer is not sent
_LOG = 2**20  # bytes that may be written to any file, which is stderr
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000  # of unshare(2)


def main() -> None:
    order = json.loads(sys.stdin.buffer.readline())
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints does not speak on the pipe
    _stay_behind(order["parent"])
    _limit(order["memory"], order["seconds"])
    sys.path[:] = order["paths"]
    with contextlib.suppress(BrokenPipeError):  # the server is gone, or wants no more
        _read(Path(order["file"]), order["name"], order["reads"], out)
    os._exit(0)  # nothing is to be cleaned up, and the heap may be large


def _read(path: Path, name: str, reads: str, out: Any) -> None:
    from knowledge.documents import frames
    from knowledge.errors import DocumentError

    try:
        (_conversations if reads == "conversations" else _document)(path, name, out)
    except DocumentError as error:
        frames.write(out, {"refused": str(error)})
        return
    frames.write(out, {"done": True})


def _document(path: Path, name: str, out: Any) -> None:
    from knowledge.documents import frames
    from knowledge.documents.files import parse
    from knowledge.documents.parsers.blocks import Watch

    last = -1.0

    def progress(share: float) -> None:
        nonlocal last
        if share - last >= _STEP or share == 1.0:
            last = share
            frames.write(out, {"read": share})

    watch = Watch(progress)
    gathered: list[list[Any]] = []
    for passage in parse(path, name, watch):
        gathered.append([passage.text, passage.page, passage.heading])
        if len(gathered) == frames.TOGETHER:
            frames.write(out, {"passages": gathered, "out": watch.share_out})
            gathered = []
    if gathered:
        frames.write(out, {"passages": gathered, "out": 1.0})


def _conversations(path: Path, name: str, out: Any) -> None:
    from knowledge.documents import frames
    from knowledge.documents.chat_exports.export_file import frames_of

    for frame in frames_of(path, name):
        frames.write(out, frame)


def _stay_behind(parent: int) -> None:
    """End with the server, give way to it, be the first to go when the machine is out of memory, reach no network.

    Elsewhere than on Linux a process whose server is gone ends at its next frame.
    """
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")
        # Its calls tell by their value that they failed; what is not granted is gone without.
        system = ctypes.CDLL(None)
        # Root may leave the network as it is; in users of its own it could not read other users' files any more.
        system.unshare(_NEW_NETWORK if os.geteuid() == 0 else _NEW_NETWORK | _NEW_USER)
        system.prctl(_DIE_WITH_PARENT, signal.SIGKILL)  # last: new users take it back
        if os.getppid() != parent:  # it was gone before
            os._exit(1)
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(_NICE)


def _limit(memory: int, seconds: float) -> None:
    """What the system holds against us. Where it can't (Windows), the server's clock alone ends a long reading."""
    try:
        import resource
    except ImportError:
        return
    wanted = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: max(1, round(seconds)),
        resource.RLIMIT_FSIZE: _LOG,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in wanted.items():
        with contextlib.suppress(OSError, ValueError):  # macOS knows some by name only
            allowed = resource.getrlimit(kind)[1]
            most = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
            # A hard limit on time just above: the first signal tells why the process ended.
            above = 2 if kind == resource.RLIMIT_CPU and allowed == resource.RLIM_INFINITY else 0
            resource.setrlimit(kind, (most, most + above))


if __name__ == "__main__":
    main()
