"""Tables of calls: interactions with their course, callbacks, recordings, figures."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from contactcenter.crm.schema.base import metadata, words

# Columns are the fields of `values.InteractionRecord`. `customer` is no foreign key: a record must not be
# lost because its customer was deleted during the call. Triggers (in the migrations) refuse every change of a
# row whose `final` is true, whichever program tries it.
interactions = Table(
    "interactions",
    metadata,
    Column("id", Text, primary_key=True),
    *(words(name) for name in ("channel", "direction", "server", "leg", "agent_leg", "did", "caller")),
    *(words(name) for name in ("caller_name", "language", "customer", "match", "queue", "agent")),
    *(words(name) for name in ("last_node", "outcome", "disposition", "note", "callback", "origin", "error")),
    *(words(name) for name in ("campaign", "lead", "attempt")),  # no foreign keys: it outlives them
    Column("arrived_at", Double, nullable=False),
    *(Column(name, Double) for name in ("queued_at", "offered_at", "answered_at", "ended_at", "closed_at")),
    *(Column(name, Double, nullable=False) for name in ("waited_s", "talked_s", "wrapped_s")),
    Column("offers", Integer, nullable=False),
    Column("raised", Double, nullable=False, server_default="0"),
    Column("confidence", Double, nullable=False, server_default="0"),  # of the match, 0 to 1
    Column("inferred", Boolean, nullable=False),
    Column("final", Boolean, nullable=False),
    Index(None, "arrived_at", "id"),
    Index(None, "customer", "arrived_at"),
    Index(None, "queue", "arrived_at"),
    Index(
        "ix_interactions_campaign",
        "campaign",
        "arrived_at",
        sqlite_where=text("campaign <> ''"),
        postgresql_where=text("campaign <> ''"),
    ),
    Index("ix_interactions_open", "id", sqlite_where=text("NOT final"), postgresql_where=text("NOT final")),
)

timeline = Table(
    "timeline",
    metadata,
    Column("interaction_id", Text, ForeignKey("interactions.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),  # 0, 1, 2 … without gaps
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", JSON, nullable=False),
)

# Who has, or had, the caller. `interactions.agent` is the last of them.
workers = Table(
    "workers",
    metadata,
    Column("interaction_id", Text, ForeignKey("interactions.id"), primary_key=True),
    Column("login", Text, primary_key=True),
    Column("arrived_at", Double, nullable=False),  # the interaction's, to order an agent's by
    Index(None, "login", "arrived_at", "interaction_id"),
)

corrections = Table(
    "corrections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("interaction_id", Text, ForeignKey("interactions.id"), nullable=False, index=True),
    Column("login", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("code", Text, nullable=False),
    words("note"),
    words("callback"),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", Text, primary_key=True),  # the interaction in which it was agreed on
    *(words(name) for name in ("queue", "number", "customer", "name", "language", "server")),
    *(Column(name, Double, nullable=False) for name in ("asked_at", "entered_at", "priority")),
    Column("needs", JSON, nullable=False),
    words("preferred"),
    Column("tries", Integer, nullable=False),
    words("leg"),
    *(Column(name, Double, nullable=False) for name in ("due_at", "expires_at")),
    words("state"),
    words("reason"),
    words("appointment"),  # that an agent keeps by it
    Index(None, "asked_at", "id"),
    Index(None, "state"),
)

# One row for each talk that was to be recorded. No foreign key: audio that turns up must not be lost because
# its interaction is not known. Rows stay when the audio is deleted.
recordings = Table(
    "recordings",
    metadata,
    Column("id", Text, primary_key=True),  # made by the center; names the files too
    *(words(name) for name in ("interaction", "call", "server", "queue", "agent")),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("length_s", Double, nullable=False),  # as the center measured the talk
    Column("silences", JSON, nullable=False),
    words("state"),
    words("why"),
    Column("duration_s", Double, nullable=False, server_default="0"),  # of the audio
    Column("bytes", BigInteger, nullable=False, server_default="0"),
    words("key"),  # the id of the key, never the key
    words("peaks"),  # base64: customer, then agent
    Column("deleted_at", Double),
    Column("kind", Text, nullable=False, server_default="talk"),
    words("number"),  # the number outside, where no agent had the caller
    words("source"),  # whose files hold it; empty: its own
    Column("begin_s", Double, nullable=False, server_default="0"),  # where in the files
    Column("end_s", Double),
    Column("written_s", Double, nullable=False, server_default="0"),  # while it runs
    Column("writing_since", Double),
    Index(None, "interaction", "started_at"),
    Index(None, "state", "queue", "started_at"),
    Index(None, "source"),
)

# A row holds whole numbers by their names (docs/figures.md), times in milliseconds. Kept for ever.
intervals = Table(
    "intervals",
    metadata,
    Column("id", Text, primary_key=True),  # start, kind and name
    Column("start", BigInteger, nullable=False),  # the quarter's beginning
    Column("kind", Text, nullable=False),  # queue, agent, center
    words("name"),
    Column("counts", JSON, nullable=False),
    Column("saved_at", Double, nullable=False),
    Index(None, "start", "id"),
    Index(None, "kind", "name", "start"),
)
