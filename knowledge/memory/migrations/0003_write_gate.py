"""What the write gate made of each memory, and which one it says again or replaces. What was there was added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("memories", sa.Column("gate", sa.String(16), nullable=False, server_default="add"))
    op.add_column("memories", sa.Column("target", sa.String(255), nullable=False, server_default=""))
    op.create_index("memories_by_target", "memories", ["owner", "target"])
