"""What replies read, as history keeps it, and what is found out about it later.

Every method takes the owner first. Raises NotFound for what is not the owner's, StoreError. Does not know: memory,
decoder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine, select, update

from chat_app.history.records import PastRead, reads_from_json
from chat_app.history.rows import LIVE, message_row
from chat_app.history.tables import in_chunks, messages, transaction


class KeptReads:
    """The reads of the replies in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, owner: str, message: str) -> tuple[PastRead, ...]:
        """What a reply read, in order of weight: numbers and places, no text."""
        with transaction(self._engine) as connection:
            return reads_from_json(message_row(connection, owner, message).reads)

    def of_many(self, owner: str, replies: Sequence[str]) -> dict[str, tuple[PastRead, ...]]:
        """The same for many replies at once; what is not the owner's, or read nothing, is left out."""
        columns = (messages.c.id, messages.c.reads)
        found: dict[str, tuple[PastRead, ...]] = {}
        with transaction(self._engine) as connection:
            for chunk in in_chunks(list(replies)):
                query = select(*columns).where(messages.c.id.in_(chunk), messages.c.owner == owner, LIVE)
                found |= {row.id: reads_from_json(row.reads) for row in connection.execute(query) if row.reads}
        return found

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

    def set_operation(self, owner: str, message: str, operation: str) -> None:
        """Keep what became of the set that a reply read. Raises NotFound."""
        mine = update(messages).where(messages.c.id == message, messages.c.owner == owner, LIVE)
        with transaction(self._engine) as connection:
            connection.execute(mine.values(feedback=messages.c.feedback))
            kept = message_row(connection, owner, message).reads or []
            connection.execute(mine.values(reads=[{**read, "operation": operation} for read in kept]))
