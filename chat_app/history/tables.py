"""The schema of the history: conversations, a tree of messages in each, and what a person said about them.

SQLite and PostgreSQL alike; what changes here needs a step in ``knowledge/memory/migrations/``. Does not know: what the
columns are used for (history.py), or memory's own tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.exc import SQLAlchemyError

from knowledge.errors import StoreError

metadata = MetaData()

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("name", String(255)),  # chosen by a program over HTTP; NULL for dialogues of the page
    Column("title", Text, nullable=False),
    Column("renamed", Boolean, nullable=False),  # a person chose the title: it no longer follows the first message
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Column("leaf", String(36)),  # last message of the active branch; NULL while empty
    Column("deleted", Boolean, nullable=False),  # hidden at once; the row goes when memory has let go of the turns
    Column("pinned", Boolean, nullable=False, server_default=false()),  # first in the list
    Column("paused", Boolean, nullable=False, server_default=false()),  # what is said now is off the record
    UniqueConstraint("owner", "name", name="conversations_owner_name"),
    Index("conversations_owner_updated", "owner", "updated"),
)

messages = Table(
    "messages",
    metadata,
    # Order of insertion; siblings are shown in this order. SQLite counts only an INTEGER primary key.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("conversation", String(36), ForeignKey("conversations.id"), nullable=False),
    Column("owner", String(255), nullable=False),
    Column("parent", String(36)),  # NULL: a first message. No foreign key: subtrees are removed in batches
    Column("chosen", String(36)),  # the child that was last on the active branch
    Column("role", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("position", Integer, nullable=False),  # depth in the tree, from 0
    Column("branch", String(36), nullable=False),
    Column("finish_reason", String(16), nullable=False),  # "" for the user's messages
    Column("feedback", Integer),  # +1, −1, NULL
    Column("reads", JSON),  # what the reply read: ids, numbers and places, never a memory's text
    Column("null_weight", Double),
    Column("path_hash", String(64), nullable=False),  # of the texts up to this one, as they were when it was said
    Column("memory_pending", Boolean, nullable=False),  # memory still has to be brought to ``memory_state``
    Column("memory_state", String(16), nullable=False),  # in, inactive, deleted: what memory should hold
    # Memory took the turn in once, or it is none: it is never to be written from now on.
    Column("memory_taken", Boolean, nullable=False),
    # Said while memory was paused: it is never written, whatever becomes of its branch.
    Column("off_record", Boolean, nullable=False, server_default=false()),
    Column("files", JSON),  # documents sent with the message: [{id, name}]; NULL: none
    Index("messages_conversation_parent", "conversation", "parent"),
    Index("messages_owner_path_hash", "owner", "path_hash"),
    Index("messages_pending", "memory_pending", "owner"),
)

# What a person said about replies and memories: ids only. Texts are looked up, so that deleted ones are gone here too.
feedback = Table(
    "feedback",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("owner", String(255), nullable=False),
    Column("created", Double, nullable=False),
    Column("kind", String(16), nullable=False),  # like, dislike, edit, pin, mute
    Column("message", String(36)),  # the reply it is about; NULL: a memory was marked that no reply had read
    Column("version", String(36)),  # edits: the reply as the person wrote it
    Column("memory", String(255)),  # pins and mutes
    Index("feedback_owner", "owner", "seq"),
    Index("feedback_message", "message"),
    Index("feedback_version", "version"),
)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction; a database error becomes a StoreError and nothing is changed."""
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as exc:
        raise StoreError(
            "The history cannot be read or written; check that the database is there and the disk not full."
        ) from exc


def in_chunks(ids: list[str], size: int = 500) -> Iterator[list[str]]:
    """Lists short enough for one ``IN (…)`` on every database."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
