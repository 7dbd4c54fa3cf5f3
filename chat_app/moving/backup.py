"""``python app.py backup FILE`` and ``python app.py restore FILE``: the data folder as one file, and back.

A backup may be made while Mneme runs; a restore may not. Neither leaves half of anything: a backup is written beside
its place and renamed, a restore checks the whole file before it changes what is there. Words and vectors are not in a
backup: they are made anew from the text, with progress, at the next start. Does not know: the page, models.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from chat_app.moving import backup_file as parts
from chat_app.settings import Settings, load
from knowledge.errors import BadInput, StoreError
from knowledge.memory import snapshot

REPLACE = "--replace"
_MADE_ANEW = ("chroma", "lexical", "blocks", "jobs")  # folders that belong to the data that is replaced


def run(command: str, arguments: Sequence[str]) -> None:
    """From the command line: ``command`` is "backup" or "restore", the first of the arguments is the file.

    Raises BadInput where none is named, StoreError.
    """
    if not arguments or arguments[0].startswith("-"):
        more = f" --data DIR [{REPLACE}]" if command == "restore" else " [--data DIR]"
        raise BadInput(f"Name the file: python app.py {command} FILE{more}")
    file, rest = Path(arguments[0]).expanduser().absolute(), [one for one in arguments[1:] if one != REPLACE]
    settings = load(rest)
    if command == "backup":
        manifest = back_up(settings, file)
        print(f"Backed up to {file} ({_told(manifest)}). Whoever has this file can read all of it.")
        return
    manifest = restore(settings, file, replace=REPLACE in arguments, progress=_show)
    print(
        f"Restored to {settings.data} ({_told(manifest)}). The next start makes words and vectors anew, and says "
        "how far it is. A password is not in a backup: python app.py password sets one."
    )


def back_up(settings: Settings, file: Path) -> dict[str, Any]:
    """Write the backup, in the place of an older one of this name; what its manifest says.

    Raises BadInput where the database is a server's, StoreError.
    """
    database = _database(
        settings, "back it up with pg_dump, and copy the folder readers and preferences.json beside it"
    )
    if not database.is_file():
        raise StoreError(f"There is nothing to back up in {settings.data}; name the folder with --data.")
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}.new")
    try:
        with tempfile.TemporaryDirectory(prefix=".mneme-backup-", dir=file.parent) as folder:
            copy = Path(folder) / parts.DATABASE
            there = snapshot.take(database, copy)
            manifest: dict[str, Any] = {
                "format": parts.FORMAT,
                "version": parts.VERSION,
                "created": time.time(),
                "schema": there.schema,
                "encoder": there.encoder,
                "counts": there.counts,
                "parts": {},
            }
            with (
                os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out,
                zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
            ):
                for name, one in {parts.DATABASE: copy, **_kept(settings.data)}.items():
                    manifest["parts"][name] = parts.add(archive, name, one)
                archive.writestr(parts.MANIFEST, json.dumps(manifest, indent=1))
                archive.close()
                out.flush()
                os.fsync(out.fileno())
        os.replace(new, file)
    except OSError as exc:
        raise StoreError(f"{file} cannot be written ({exc.strerror or exc}); choose another place.") from exc
    finally:
        with contextlib.suppress(OSError):
            new.unlink()
    return manifest


def restore(
    settings: Settings, file: Path, *, replace: bool = False, progress: parts.Progress = lambda part: None
) -> dict[str, Any]:
    """Put what the backup holds into the data folder; what its manifest says. ``replace``: in the place of what is
    there.

    Raises BadInput for a folder that holds data already and where the database is a server's, StoreError for a file
    that is damaged, of a newer version or no backup. Nothing is changed then.
    """
    database = _database(settings, "restore it with pg_restore")
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        database.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(settings.data / "mneme.lock").acquire(timeout=0):
            if not replace and (database.exists() or any(_kept(settings.data))):
                raise BadInput(
                    f"{settings.data} holds data already; restore into another folder, or add {REPLACE} to have the "
                    "backup in its place."
                )
            with tempfile.TemporaryDirectory(prefix=".restoring-", dir=database.parent) as folder:
                manifest = _checked(file, Path(folder), progress)
                _put(Path(folder), settings.data, database)
    except Timeout as exc:
        raise StoreError(f"A Mneme is using {settings.data}; stop it first, or choose another folder.") from exc
    except OSError as exc:
        raise StoreError(f"The backup cannot be restored: {exc.strerror or exc} ({exc.filename}).") from exc
    return manifest


def _checked(file: Path, folder: Path, progress: parts.Progress) -> dict[str, Any]:
    """Unpack it, all of it as it was written."""
    try:
        archive = zipfile.ZipFile(file)
    except parts.BROKEN as exc:
        raise parts.damaged(file, exc) from exc
    with archive:
        manifest = parts.manifest_of(archive, file)
        parts.take_out(archive, manifest, folder, file, progress)
    snapshot.look(folder / parts.DATABASE)
    return manifest


def _put(folder: Path, data: Path, database: Path) -> None:
    """In an order in which a crash leaves a folder that starts: indexes are made anew, the database changes at once."""
    snapshot.settle(database)
    for name in _MADE_ANEW:
        if (data / name).exists():
            shutil.rmtree(data / name)
    shutil.rmtree(data / parts.READERS, ignore_errors=True)
    (data / parts.PREFERENCES).unlink(missing_ok=True)
    os.replace(folder / parts.DATABASE, database)
    for name in (parts.READERS, parts.PREFERENCES):
        if (folder / name).exists():
            os.replace(folder / name, data / name)


def _database(settings: Settings, instead: str) -> Path:
    file = snapshot.file_of(settings.database_url)
    if file is None:
        raise BadInput(f"The database is a server's, which Mneme does not copy: {instead}.")
    return file


def _kept(data: Path) -> dict[str, Path]:
    """Name in a backup → file, of what the data folder keeps besides the database."""
    found = {f"{parts.READERS}/{path.name}": path for path in sorted((data / parts.READERS).glob("*"))}
    found[parts.PREFERENCES] = data / parts.PREFERENCES
    return {name: path for name, path in found.items() if path.is_file()}


def _told(manifest: dict[str, Any]) -> str:
    counts = manifest["counts"]
    return ", ".join(f"{name}: {counts[name]}" for name in ("conversations", "memories", "documents"))


def _show(part: float) -> None:
    if sys.stderr.isatty():
        print(f"\rchecking: {part:4.0%}", end="" if part < 1 else "\n", file=sys.stderr, flush=True)
