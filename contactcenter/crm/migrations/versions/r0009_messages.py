"""Messages that callers left are recordings, too."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """What was recorded before are talks."""
    op.add_column("recordings", sa.Column("kind", sa.Text(), server_default="talk", nullable=False))
