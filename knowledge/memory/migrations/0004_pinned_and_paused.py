"""Conversations that are pinned, or in which memory is paused; messages said while it was; files sent with one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing was pinned or paused before."""
    inspector = sa.inspect(op.get_bind())
    for table, column in (("conversations", "pinned"), ("conversations", "paused"), ("messages", "off_record")):
        if column not in {one["name"] for one in inspector.get_columns(table)}:  # of a database without a number
            op.add_column(table, sa.Column(column, sa.Boolean, nullable=False, server_default=sa.false()))
    if "files" not in {one["name"] for one in inspector.get_columns("messages")}:
        op.add_column("messages", sa.Column("files", sa.JSON))
