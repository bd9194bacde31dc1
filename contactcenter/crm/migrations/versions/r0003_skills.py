"""Users' skills."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nobody has any yet."""
    op.add_column("users", sa.Column("skills", sa.JSON(), server_default="{}", nullable=False))
