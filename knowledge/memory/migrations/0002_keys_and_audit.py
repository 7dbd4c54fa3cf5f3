"""Keys of programs, and the log of who did what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts only an INTEGER primary key


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "program_keys",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("used", sa.Double),
    )
    op.create_table(
        "audit",
        sa.Column("seq", _COUNTED, primary_key=True, autoincrement=True),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
    )
    op.create_index("audit_by_what", "audit", ["what", "seq"])
