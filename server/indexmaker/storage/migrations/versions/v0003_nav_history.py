"""Remember the value of index units over time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of values."""
    op.create_table(
        "nav_history",
        sa.Column("engine", sa.String(64), primary_key=True),
        sa.Column("symbol", sa.String(32), primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("value", sa.String(64), nullable=False),
        sa.Column("oldest_ns", sa.BigInteger, nullable=False),
    )
