"""``python app.py password``: asks for a password twice and keeps its hash in the data folder.

Does not know: what the password guards.
"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from chat_app.door.door import LEAST, keep_password
from knowledge.errors import BadInput


def set_password(data: Path) -> None:
    """From the terminal, or as one line from a pipe. Raises BadInput, StoreError."""
    if sys.stdin.isatty():
        password = getpass.getpass(f"Password of the page ({LEAST} characters or more): ")
        if getpass.getpass("Once more: ") != password:
            raise BadInput("The two are not the same; nothing was changed.")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    keep_password(data, password)
    print("The password is set: it holds from the next start on, and everybody has to sign in again.")
