"""Recordings of talks with numbers outside."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """So far there were agents only."""
    op.add_column("recordings", sa.Column("number", sa.Text(), server_default="", nullable=False))
