"""The file of an export: JSON, or a ZIP that holds it, read piece by piece → frames, a conversation at a time.

A conversation comes as ``{"conversation": [app, key, title, created, updated, leaf, count, left_out], "out": share}``,
and its messages, of which that is the count, follow: ``{"messages": [[key, parent, role, text, created]…]}``. What is
no whole conversation is told at the end: ``{"left_out": {kind: count}}``. Only ``reading_child`` calls this, in a
process with limits. Does not know: what becomes of them.
"""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

import ijson

from knowledge.documents.chat_exports import chatgpt, claude, mneme, open_webui
from knowledge.documents.chat_exports.tree import conversation
from knowledge.errors import DocumentError
from knowledge.records import OutsideConversation

_READERS = (chatgpt.read, claude.read, open_webui.read, mneme.read)
_DEEPEST = 100  # lists in lists; an export has a dozen
_LARGEST = 2 * 2**30  # bytes of JSON, unpacked
_AT_ONCE = 500_000  # characters of messages in a frame, or one message that is longer
_BESIDES = 100  # of numbers and marks about a message
_ZIP = b"PK\x03\x04"
_BOM = b"\xef\xbb\xbf"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, ijson.JSONError)


def frames_of(path: Path, name: str) -> Iterator[dict[str, Any]]:
    """The frames of an export. Raises DocumentError for a file that is damaged, protected or none."""
    left_out: Counter[str] = Counter()
    found = False
    try:
        for file, size in _files(path):
            source = _Counted(file, name, _LARGEST)
            for item in _items(source, name):
                told = next((told for reader in _READERS if isinstance(item, dict) and (told := reader(item))), None)
                if told is None:
                    left_out["unknown"] += 1
                    continue
                found = True
                if one := conversation(told):
                    yield from _frames(one, min(1.0, source.read_so_far / max(1, size)))
                else:
                    left_out += Counter({kind: told.left_out[kind] for kind in ("empty", "large")})
    except OSError as exc:
        raise DocumentError(f"{name} cannot be opened: {exc.strerror or exc}.") from exc
    except MemoryError as exc:
        raise DocumentError(
            f"{name} takes more memory to be read than one file is given; split it and upload the parts."
        ) from exc
    except _BROKEN as exc:
        raise DocumentError(f"{name} is damaged or was cut short; export it again.") from exc
    if not found:
        raise DocumentError(
            f"{name} holds no conversations of ChatGPT, Claude, Open WebUI or Mneme; choose their export, the ZIP or "
            "the conversations.json in it."
        )
    yield {"left_out": dict(left_out)}


def _files(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """The JSON files of the export, and how large each is unpacked."""
    with path.open("rb") as file:
        if file.read(len(_ZIP)) != _ZIP:
            file.seek(0)
            yield file, path.stat().st_size
            return
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            named = PurePosixPath(member.filename).name
            if named.startswith("conversations") and named.endswith(".json"):
                with archive.open(member) as file:
                    yield file, member.file_size


class _Counted:
    """A file that is read to a limit, without the mark that some programs put before UTF-8."""

    def __init__(self, file: IO[bytes], name: str, most: int) -> None:
        self._file, self._name, self._most = file, name, most
        self.read_so_far = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        if not self.read_so_far:
            data = data.removeprefix(_BOM) if size else data
        self.read_so_far += len(data)
        if self.read_so_far > self._most:
            raise DocumentError(f"{self._name} unpacks to more than {self._most // 2**30} GiB; upload a part of it.")
        return data


def _items(source: _Counted, name: str) -> Iterator[Any]:
    """The values of the outermost list, one at a time; any other outermost value alone. Raises ijson's errors."""
    open_: list[Any] = []  # containers that are not at their end, the outermost first
    keys: list[str] = []
    outer_list = False
    for event, value in ijson.basic_parse(source):
        if event == "map_key":
            keys[-1] = value
            continue
        if event in ("start_map", "start_array"):
            if len(open_) == _DEEPEST:
                raise DocumentError(f"{name} is too deeply nested to be read; save it in a simpler form.")
            if not open_:
                outer_list = event == "start_array"
            open_.append({} if event == "start_map" else [])
            keys.append("")
            continue
        if event in ("end_map", "end_array"):
            value = open_.pop()
            keys.pop()
            if not open_ and outer_list:
                return
        if not open_ or (outer_list and len(open_) == 1):
            yield value
        elif isinstance(open_[-1], dict):
            open_[-1][keys[-1]] = value
        else:
            open_[-1].append(value)


def _frames(one: OutsideConversation, share: float) -> Iterator[dict[str, Any]]:
    head = [one.app, one.key, one.title, one.created, one.updated, one.leaf, len(one.messages), dict(one.left_out)]
    yield {"conversation": head, "out": share}
    gathered: list[list[Any]] = []
    characters = 0
    for message in one.messages:
        gathered.append([message.key, message.parent, message.role, message.text, message.created, message.off_record])
        characters += len(message.text) + len(message.key) + _BESIDES
        if characters > _AT_ONCE:
            yield {"messages": gathered}
            gathered, characters = [], 0
    if gathered:
        yield {"messages": gathered}
