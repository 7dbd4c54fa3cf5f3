"""What a message may consist of before it is stored. Knows no dialogue and no database."""

from __future__ import annotations

from knowledge.errors import BadInput

MOST_CHARACTERS = 32_000  # of one message


def checked_text(text: str) -> str:
    """The text as it is stored. Raises BadInput when it is empty or too long."""
    text = storable(text)
    if not text.strip():
        raise BadInput("Write a message first.")
    if len(text) > MOST_CHARACTERS:
        raise BadInput(
            f"The message has {len(text):,} characters and at most {MOST_CHARACTERS:,} are taken; "
            "shorten it, or add it as a document."
        )
    return text


def storable(text: str) -> str:
    """The text without what databases do not take: NUL and half surrogate pairs."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")
