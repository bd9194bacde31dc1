"""What was counted, by quarters of an hour."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing is counted yet; what happened in the last half hour will be, from the records."""
    op.create_table(
        "intervals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intervals")),
    )
    op.create_index(op.f("ix_intervals_start_id"), "intervals", ["start", "id"], unique=False)
    op.create_index(
        op.f("ix_intervals_kind_name_start"), "intervals", ["kind", "name", "start"], unique=False
    )
