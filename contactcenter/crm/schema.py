"""The tables: one schema for SQLite and PostgreSQL.

Times are seconds since the epoch, UTC; money is whole minor units (fen, cents). A change here needs a
migration beside it (`migrations/`); a test compares the two.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False, unique=True),  # the account number, digits: callers key it in
    Column("name", Text, nullable=False),
    _text("company"),
    _text("tier"),
    Column("save_desk", Boolean, nullable=False, server_default=false()),
    _text("language"),
    Column("balance", BigInteger),  # minor units; NULL: there is no account
    _text("note"),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Index(None, "name", "id"),
    Index(None, "updated_at", "id"),
)

phones = Table(
    "phones",
    metadata,
    Column("customer_id", Text, ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Text, primary_key=True),  # E.164; a household or a switchboard shares one
    Column("kind", Text, nullable=False),
    Column("place", Integer, nullable=False),  # the order in which the customer's numbers were given
    Index(None, "number"),
)

# Columns are the fields of `values.InteractionRecord`. `customer` is no foreign key: a record must not be
# lost because its customer was deleted during the call. Triggers (in the migrations) refuse every change of a
# row whose `final` is true, whichever program tries it.
interactions = Table(
    "interactions",
    metadata,
    Column("id", Text, primary_key=True),
    *(_text(name) for name in ("channel", "direction", "server", "leg", "agent_leg", "did", "caller")),
    *(_text(name) for name in ("caller_name", "language", "customer", "match", "queue", "agent")),
    *(_text(name) for name in ("last_node", "outcome", "disposition", "note", "callback", "origin", "error")),
    Column("arrived_at", Double, nullable=False),
    *(Column(name, Double) for name in ("queued_at", "offered_at", "answered_at", "ended_at", "closed_at")),
    *(Column(name, Double, nullable=False) for name in ("waited_s", "talked_s", "wrapped_s")),
    Column("offers", Integer, nullable=False),
    Column("raised", Double, nullable=False, server_default="0"),
    Column("inferred", Boolean, nullable=False),
    Column("final", Boolean, nullable=False),
    Index(None, "arrived_at", "id"),
    Index(None, "customer", "arrived_at"),
    Index(None, "queue", "arrived_at"),
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
    _text("note"),
    _text("callback"),
)

# A row holds whole numbers by their names (docs/figures.md), times in milliseconds. Kept for ever.
callbacks = Table(
    "callbacks",
    metadata,
    Column("id", Text, primary_key=True),  # the interaction in which it was agreed on
    *(_text(name) for name in ("queue", "number", "customer", "name", "language", "server")),
    *(Column(name, Double, nullable=False) for name in ("asked_at", "entered_at", "priority")),
    Column("needs", JSON, nullable=False),
    _text("preferred"),
    Column("tries", Integer, nullable=False),
    _text("leg"),
    *(Column(name, Double, nullable=False) for name in ("due_at", "expires_at")),
    _text("state"),
    _text("reason"),
    Index(None, "asked_at", "id"),
    Index(None, "state"),
)

intervals = Table(
    "intervals",
    metadata,
    Column("id", Text, primary_key=True),  # start, kind and name
    Column("start", BigInteger, nullable=False),  # the quarter's beginning
    Column("kind", Text, nullable=False),  # queue, agent, center
    _text("name"),
    Column("counts", JSON, nullable=False),
    Column("saved_at", Double, nullable=False),
    Index(None, "start", "id"),
    Index(None, "kind", "name", "start"),
)

users = Table(
    "users",
    metadata,
    Column("login", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False),  # argon2id, with its parameters
    _text("phone"),
    _text("line"),
    Column("queues", JSON, nullable=False),
    Column("skills", JSON, nullable=False, server_default="{}"),
    _text("language"),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token", Text, primary_key=True),  # SHA-256 of what the browser holds
    Column("login", Text, ForeignKey("users.login", ondelete="CASCADE"), nullable=False, index=True),
    Column("csrf", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token", Text, nullable=False, unique=True),  # SHA-256 of what the program holds
    Column("login", Text, ForeignKey("users.login", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
)

# Append-only: triggers (in the migrations) refuse every update and delete, whichever program tries it. Each
# row's hash is over its own content and the hash of the row before it (`audit.py`).
audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 … without gaps
    Column("at", Double, nullable=False),
    *(_text(name) for name in ("login", "act", "kind", "object")),
    Column("granted", Boolean, nullable=False),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("hash", Text, nullable=False, unique=True),  # SHA-256, hexadecimal
    Index(None, "login", "seq"),
    Index(None, "kind", "object", "seq"),
)

# One row for each talk that was to be recorded. No foreign key: audio that turns up must not be lost because
# its interaction is not known. Rows stay when the audio is deleted.
recordings = Table(
    "recordings",
    metadata,
    Column("id", Text, primary_key=True),  # made by the center; names the files too
    *(_text(name) for name in ("interaction", "call", "server", "queue", "agent")),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("length_s", Double, nullable=False),  # as the center measured the talk
    Column("silences", JSON, nullable=False),
    _text("state"),
    _text("why"),
    Column("duration_s", Double, nullable=False, server_default="0"),  # of the audio
    Column("bytes", BigInteger, nullable=False, server_default="0"),
    _text("key"),  # the id of the key, never the key
    _text("peaks"),  # base64: customer, then agent
    Column("deleted_at", Double),
    Column("kind", Text, nullable=False, server_default="talk"),
    _text("number"),  # the number outside, where no agent had the caller
    _text("source"),  # whose files hold it; empty: its own
    Column("begin_s", Double, nullable=False, server_default="0"),  # where in the files
    Column("end_s", Double),
    Column("written_s", Double, nullable=False, server_default="0"),  # while it runs
    Column("writing_since", Double),
    Index(None, "interaction", "started_at"),
    Index(None, "state", "queue", "started_at"),
    Index(None, "source"),
)

# The versions of what may change live (`config.Configuration`), the last one in force. Triggers refuse every
# update and delete.
configurations = Table(
    "configurations",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 …
    Column("at", Double, nullable=False),
    _text("login"),
    _text("comment"),
    Column("document", JSON, nullable=False),
)

# What was changed of agents and queues by one act, cell by cell, so that it can be taken back (`changes.py`).
changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 …
    Column("at", Double, nullable=False),
    _text("login"),
    _text("comment"),
    Column("until", Double),  # when it returns by itself; NULL: never
    Column("state", Text, nullable=False, index=True),  # active, returned, undone
    Column("ended_at", Double),
    _text("ended_by"),
    Column("cells", JSON, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
