"""Everybody who had the caller, not only the last."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Old records tell by their timelines."""
    op.create_table(
        "workers",
        sa.Column("interaction_id", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("arrived_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interactions.id"], name=op.f("fk_workers_interaction_id_interactions")
        ),
        sa.PrimaryKeyConstraint("interaction_id", "login", name=op.f("pk_workers")),
    )
    op.create_index(
        op.f("ix_workers_login_arrived_at_interaction_id"),
        "workers",
        ["login", "arrived_at", "interaction_id"],
        unique=False,
    )
    op.drop_index(op.f("ix_interactions_agent_arrived_at"), table_name="interactions")
    names = ("interaction_id", "login", "arrived_at")
    interactions = sa.table("interactions", *map(sa.column, ("id", "agent", "arrived_at")))
    timeline = sa.table(
        "timeline", sa.column("interaction_id"), sa.column("kind"), sa.column("detail", sa.JSON())
    )
    workers = sa.table("workers", *map(sa.column, names))
    agent = timeline.c.detail["agent"].as_string()
    last = sa.select(interactions.c.id, interactions.c.agent, interactions.c.arrived_at)
    joined = sa.select(interactions.c.id, agent, interactions.c.arrived_at).where(
        timeline.c.interaction_id == interactions.c.id,
        timeline.c.kind.in_(("joined", "restored")),
        agent != "",
    )
    op.execute(sa.insert(workers).from_select(names, last.where(interactions.c.agent != "").union(joined)))
