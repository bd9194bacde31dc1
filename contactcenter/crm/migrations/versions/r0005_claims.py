"""What speaks for a caller: the save-desk flag, and what a supervisor gave."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nobody is to be kept yet, and nobody was moved forward."""
    op.add_column(
        "customers", sa.Column("save_desk", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("interactions", sa.Column("raised", sa.Double(), server_default="0", nullable=False))
