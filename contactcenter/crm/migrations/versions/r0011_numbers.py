"""Recordings of talks with numbers outside."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """So far there were agents only."""
    op.add_column("recordings", sa.Column("number", sa.Text(), server_default="", nullable=False))
