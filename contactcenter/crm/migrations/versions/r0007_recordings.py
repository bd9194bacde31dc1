"""The index of recordings."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "recordings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("interaction", sa.Text(), server_default="", nullable=False),
        sa.Column("call", sa.Text(), server_default="", nullable=False),
        sa.Column("server", sa.Text(), server_default="", nullable=False),
        sa.Column("queue", sa.Text(), server_default="", nullable=False),
        sa.Column("agent", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("length_s", sa.Double(), nullable=False),
        sa.Column("silences", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("duration_s", sa.Double(), server_default="0", nullable=False),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("peaks", sa.Text(), server_default="", nullable=False),
        sa.Column("deleted_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
    )
    op.create_index(
        op.f("ix_recordings_interaction_started_at"),
        "recordings",
        ["interaction", "started_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_recordings_state_queue_started_at"),
        "recordings",
        ["state", "queue", "started_at"],
        unique=False,
    )
