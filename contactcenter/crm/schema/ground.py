"""Tables of the house itself: audit, configuration, changes, settings, and what programs ask and are told."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, Table, Text

from contactcenter.crm.schema.base import metadata, words

# Append-only: triggers (in the migrations) refuse every update and delete, whichever program tries it. Each
# row's hash is over its own content and the hash of the row before it (`audit.py`).
audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 … without gaps
    Column("at", Double, nullable=False),
    *(words(name) for name in ("login", "act", "kind", "object")),
    Column("granted", Boolean, nullable=False),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("hash", Text, nullable=False, unique=True),  # SHA-256, hexadecimal
    Index(None, "login", "seq"),
    Index(None, "kind", "object", "seq"),
)

# The versions of what may change live (`config.Configuration`), the last one in force. Triggers refuse every
# update and delete.
configurations = Table(
    "configurations",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 …
    Column("at", Double, nullable=False),
    words("login"),
    words("comment"),
    Column("document", JSON, nullable=False),
)

# What was changed of agents and queues by one act, cell by cell, so that it can be taken back (`changes.py`).
changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 …
    Column("at", Double, nullable=False),
    words("login"),
    words("comment"),
    Column("until", Double),  # when it returns by itself; NULL: never
    Column("state", Text, nullable=False, index=True),  # active, returned, undone
    Column("ended_at", Double),
    words("ended_by"),
    Column("cells", JSON, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# What happened in the store, written in the transaction in which it did, for whoever is to be told
# (`outbox.py`): webhooks, other programs. Delivered in the order of `seq`.
outbox = Table(
    "outbox",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("event", Text, nullable=False),  # customer.created, request.changed …
    Column("kind", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    words("login"),
    Column("detail", JSON, nullable=False),
)

# Answers to requests that carried an Idempotency-Key, kept for a day: the same request again gets the same
# answer and changes nothing.
idempotency = Table(
    "idempotency",
    metadata,
    Column("login", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request", Text, nullable=False),  # blind index of method, path and body
    Column("status", Integer, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", Text, nullable=False),  # sealed
    Column("at", Double, nullable=False, index=True),
    Column("attempt", Text, nullable=False),  # which sending of the request was carried out
    Column("rights", Text, nullable=False),  # for what rights the answer is
)

# Filters of a list that somebody gave a name.
saved_views = Table(
    "saved_views",
    metadata,
    Column("id", Text, primary_key=True),
    Column("login", Text, nullable=False),
    Column("kind", Text, nullable=False),  # customer, request, followup
    Column("title", Text, nullable=False),
    Column("filter", JSON, nullable=False),
    Column("shared", Boolean, nullable=False),  # with those who may see the list
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", Double, nullable=False),
    Index(None, "kind", "login"),
)

# Files on their way into the store, and how far they are.
imports = Table(
    "imports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # customer …
    Column("name", Text, nullable=False),  # as it was sent: shown, never used as a path
    Column("state", Text, nullable=False),
    Column("options", JSON, nullable=False),  # mapping, duplicates, owner, encoding …
    Column("columns", JSON, nullable=False),  # the header, with examples
    Column("bytes", BigInteger, nullable=False),
    Column("rows", Integer),  # NULL: not counted yet
    Column("done", Integer, nullable=False),  # rows that are behind us, in the transaction that wrote them
    Column("created", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("bad", Integer, nullable=False),
    words("error"),
    Column("at", Double, nullable=False),
    words("login"),
    words("team"),
    Column("ended_at", Double),
    Index(None, "at", "id"),
)

# Rows of a file that could not be imported, and why. Their cells are in the file, which is sealed: personal
# data must not lie here in clear.
import_rejects = Table(
    "import_rejects",
    metadata,
    Column("import_id", Text, ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True),
    Column("row", Integer, primary_key=True),  # as a spreadsheet counts: the first is 1
    words("field"),
    words("reason"),
)

# Which column went into which field, by the header's shape, so that the next file is mapped by itself.
import_mappings = Table(
    "import_mappings",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("header", Text, primary_key=True),  # SHA-256 of the columns' names
    Column("mapping", JSON, nullable=False),
    Column("at", Double, nullable=False),
    words("login"),
)
