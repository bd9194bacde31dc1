"""Tables of those who work here: users, how they sign in, their teams and roles."""

from sqlalchemy import JSON, Boolean, Column, Double, ForeignKey, Index, Integer, Table, Text

from contactcenter.crm.schema.base import metadata, words

users = Table(
    "users",
    metadata,
    Column("login", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False),  # argon2id, with its parameters
    words("phone"),
    words("line"),
    Column("queues", JSON, nullable=False),
    Column("skills", JSON, nullable=False, server_default="{}"),
    words("language"),
    Column("disabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),  # of what administrators change
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

teams = Table(
    "teams",
    metadata,
    Column("name", Text, primary_key=True),
    Column("title", JSON, nullable=False),  # zh, en
    Column("version", Integer, nullable=False),
)

# The first of a user's teams is where his new records belong.
memberships = Table(
    "memberships",
    metadata,
    Column("login", Text, ForeignKey("users.login", ondelete="CASCADE"), primary_key=True),
    Column("team", Text, ForeignKey("teams.name"), primary_key=True),
    Column("place", Integer, nullable=False),
    Index(None, "team", "login"),
)

# What each role may do (`access.py`). The built-in ones are written at the first start.
roles = Table(
    "roles",
    metadata,
    Column("name", Text, primary_key=True),
    Column("title", JSON, nullable=False),  # zh, en
    Column("rights", JSON, nullable=False),  # names of `access.Right`
    Column("scopes", JSON, nullable=False),  # kind of record -> own, team, all
    Column("hidden", JSON, nullable=False),  # names of fields: customer.id_number
    Column("builtin", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)
