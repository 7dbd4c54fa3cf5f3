"""What replies read, as history keeps it, and what is found out about it later.

Every method takes the owner first. Raises NotFound for what is not the owner's, StoreError. Does not know: memory,
decoder.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine, update

from chat_app.history_records import PastRead, reads_from_json
from chat_app.history_rows import LIVE, message_row
from chat_app.history_tables import messages, transaction


class KeptReads:
    """The reads of the replies in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, owner: str, message: str) -> tuple[PastRead, ...]:
        """What a reply read, in order of weight: numbers and places, no text."""
        with transaction(self._engine) as connection:
            return reads_from_json(message_row(connection, owner, message).reads)

    def set_effects(self, owner: str, message: str, effects: Mapping[str, float]) -> None:
        """Keep what memories did to a reply, by their ids (nats); a memory that the reply did not read is passed over.

        Memories that ``effects`` does not name keep what they have.
        """
        mine = update(messages).where(messages.c.id == message, messages.c.owner == owner, LIVE)
        with transaction(self._engine) as connection:
            # Begins with a write, so that nobody deletes the message between what is read and what is written.
            connection.execute(mine.values(feedback=messages.c.feedback))
            kept = message_row(connection, owner, message).reads or []
            changed = [{**read, "effect": effects.get(read["id"], read.get("effect"))} for read in kept]
            connection.execute(mine.values(reads=changed))
