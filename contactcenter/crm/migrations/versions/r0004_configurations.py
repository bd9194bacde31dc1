"""The configuration's versions, and changes that can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

UNCHANGING = {
    "sqlite": (
        """CREATE TRIGGER configurations_update BEFORE UPDATE ON configurations
        BEGIN SELECT RAISE(ABORT, 'a version never changes'); END""",
        """CREATE TRIGGER configurations_delete BEFORE DELETE ON configurations
        BEGIN SELECT RAISE(ABORT, 'a version never changes'); END""",
        # INSERT OR REPLACE deletes without asking the trigger above.
        """CREATE TRIGGER configurations_insert BEFORE INSERT ON configurations
        WHEN EXISTS (SELECT 1 FROM configurations WHERE version = NEW.version)
        BEGIN SELECT RAISE(ABORT, 'a version never changes'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION version_never_changes() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'a version never changes'
        USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        """CREATE TRIGGER configurations_unchanging BEFORE UPDATE OR DELETE OR TRUNCATE ON configurations
        FOR EACH STATEMENT EXECUTE FUNCTION version_never_changes()""",
    ),
}


def upgrade() -> None:
    """Create both tables; the first version comes from the file at the next start."""
    op.create_table(
        "configurations",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("login", sa.Text(), server_default="", nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_configurations")),
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("login", sa.Text(), server_default="", nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("until", sa.Double(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )
    op.create_index(op.f("ix_changes_state"), "changes", ["state"], unique=False)
    for statement in UNCHANGING[op.get_bind().dialect.name]:
        op.execute(statement)
