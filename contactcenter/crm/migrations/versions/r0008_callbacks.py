"""Customers who are called back in their place, and the interaction that another one follows from."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """No callback is open yet."""
    op.add_column("interactions", sa.Column("origin", sa.Text(), server_default="", nullable=False))
    texts = [
        sa.Column(name, sa.Text(), server_default="", nullable=False)
        for name in ("queue", "number", "customer", "name", "language", "server", "preferred", "leg", "state")
    ]
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Text(), nullable=False),
        *texts,
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        *(
            sa.Column(name, sa.Double(), nullable=False)
            for name in ("asked_at", "entered_at", "priority", "due_at", "expires_at")
        ),
        sa.Column("needs", sa.JSON(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
    )
    op.create_index(op.f("ix_callbacks_asked_at_id"), "callbacks", ["asked_at", "id"], unique=False)
    op.create_index(op.f("ix_callbacks_state"), "callbacks", ["state"], unique=False)
