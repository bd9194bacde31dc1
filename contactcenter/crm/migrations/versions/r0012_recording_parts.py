"""Recordings that are spans of the same files, and how far a recording had come when we died."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """So far each had files of its own. What runs over this update counts from its beginning."""
    op.add_column("recordings", sa.Column("source", sa.Text(), server_default="", nullable=False))
    for name in ("begin_s", "written_s"):
        op.add_column("recordings", sa.Column(name, sa.Double(), server_default="0", nullable=False))
    for name in ("end_s", "writing_since"):
        op.add_column("recordings", sa.Column(name, sa.Double(), nullable=True))
    op.execute("UPDATE recordings SET writing_since = started_at WHERE state = 'running'")
    op.create_index("ix_recordings_source", "recordings", ["source"])
