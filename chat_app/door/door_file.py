"""What the door keeps in the data folder: a secret, the password's hash, and a number that ends all sign-ins.

Does not know: what they are used for.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from knowledge.errors import StoreError

NAME = "door.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """``secret``: 64 hexadecimal digits. ``generation``: sign-ins of an earlier one are over. ``password``: an argon2
    hash, "" where none was set."""

    secret: str
    generation: int = 0
    password: str = ""


def read(data: Path) -> Kept | None:
    """What the data folder keeps; None where it keeps nothing yet. Raises StoreError for a damaged file."""
    path = data / NAME
    try:
        given = json.loads(path.read_text("utf-8"))
        kept = Kept(**given)
        whole = len(bytes.fromhex(kept.secret)) == 32 and type(kept.generation) is int
        if not whole or not isinstance(kept.password, str):
            raise ValueError("it lacks what the door needs")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as exc:
        raise StoreError(
            f"{path} cannot be used ({exc}); delete it, then set the password again (python app.py password)."
        ) from exc
    return kept


def write(data: Path, kept: Kept) -> None:
    """Keep this, whole or not at all, readable by the owner of the folder only. Raises StoreError."""
    path = data / NAME
    new = path.with_name(f"{NAME}.{secrets.token_hex(4)}")
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(kept), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError as exc:
        new.unlink(missing_ok=True)
        raise StoreError(f"{path} cannot be written ({exc}); make room and try again.") from exc


def fresh() -> Kept:
    """With a new secret."""
    return Kept(secrets.token_hex(32))
