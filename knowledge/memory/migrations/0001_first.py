"""The first numbered tables: what there was before is taken over, what is not there is made.

Databases of before have no number; those of the oldest versions lack two columns of ``memories``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts only an INTEGER primary key
_TABLES = (
    sa.Table(
        "memories",
        meta := sa.MetaData(),
        sa.Column("owner", sa.String(255), primary_key=True),
        sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("speaker", sa.Text, nullable=False),
        sa.Column("container", sa.String(255), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("branch", sa.String(255), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("page", sa.Integer),
        sa.Column("heading", sa.Text, nullable=False),
        sa.Column("pinned", sa.Boolean, nullable=False),
        sa.Column("muted", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("edited", sa.Double),
        sa.Column("read_count", sa.Integer, nullable=False),
        sa.Column("last_read", sa.Double),
        sa.Column("indexed", sa.Boolean, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("vector", sa.LargeBinary),
        sa.Column("key_count", sa.Integer),
        sa.Index("memories_by_time", "owner", "created"),
        sa.Index("memories_by_container", "owner", "container", "position"),
        sa.Index("memories_pending", "owner", "indexed"),
        sa.Index("memories_pinned", "owner", "pinned"),
        sa.Index("memories_by_keys", "owner", "deleted", "key_count"),
    ),
    sa.Table(
        "documents",
        meta,
        sa.Column("owner", sa.String(255), primary_key=True),
        sa.Column("id", sa.String(255), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("passages", sa.Integer, nullable=False),
        sa.Column("pages", sa.Integer),
        sa.Column("ready", sa.Boolean, nullable=False),
    ),
    sa.Table(
        "store_info",
        meta,
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    ),
    sa.Table(
        "conversations",
        meta,
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255)),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("renamed", sa.Boolean, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
        sa.Column("leaf", sa.String(36)),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.UniqueConstraint("owner", "name", name="conversations_owner_name"),
        sa.Index("conversations_owner_updated", "owner", "updated"),
    ),
    sa.Table(
        "messages",
        meta,
        sa.Column("seq", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("conversation", sa.String(36), sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("parent", sa.String(36)),
        sa.Column("chosen", sa.String(36)),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("branch", sa.String(36), nullable=False),
        sa.Column("finish_reason", sa.String(16), nullable=False),
        sa.Column("feedback", sa.Integer),
        sa.Column("reads", sa.JSON),
        sa.Column("null_weight", sa.Double),
        sa.Column("path_hash", sa.String(64), nullable=False),
        sa.Column("memory_pending", sa.Boolean, nullable=False),
        sa.Column("memory_state", sa.String(16), nullable=False),
        sa.Column("memory_taken", sa.Boolean, nullable=False),
        sa.Index("messages_conversation_parent", "conversation", "parent"),
        sa.Index("messages_owner_path_hash", "owner", "path_hash"),
        sa.Index("messages_pending", "memory_pending", "owner"),
    ),
    sa.Table(
        "feedback",
        meta,
        sa.Column("seq", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("message", sa.String(36)),
        sa.Column("version", sa.String(36)),
        sa.Column("memory", sa.String(255)),
        sa.Index("feedback_owner", "owner", "seq"),
        sa.Index("feedback_message", "message"),
        sa.Index("feedback_version", "version"),
    ),
)


def upgrade() -> None:
    """Make what is not there."""
    connection = op.get_bind()
    there = set(sa.inspect(connection).get_table_names())
    if "memories" in there:
        columns = {column["name"] for column in sa.inspect(connection).get_columns("memories")}
        for column in (sa.Column("vector", sa.LargeBinary), sa.Column("key_count", sa.Integer)):
            if column.name not in columns:
                op.add_column("memories", column)
    for table in _TABLES:
        table.create(connection, checkfirst=True)
        for index in table.indexes:
            index.create(connection, checkfirst=True)
