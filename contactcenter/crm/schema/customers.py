"""Tables of customers: persons and organisations, how to reach them, and what is known and agreed."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    Table,
    Text,
    false,
    func,
    text,
)

from contactcenter.crm.schema.base import metadata, words


def root_of_row(row: FromClause) -> ColumnElement[str]:
    """The customer of today that a row of `customers`, or of an alias of it, belongs to."""
    return func.coalesce(func.nullif(row.c.merged_into, ""), row.c.id)


def _customer(name: str = "customer_id", **kwargs: Any) -> Column[str]:
    return Column(name, Text, ForeignKey("customers.id", ondelete="CASCADE"), **kwargs)


# One row for each person and each organisation. A customer merged into another keeps its row and everything
# that hangs on it: only `merged_into` is set, so that unmerging loses nothing (`merging.py`).
customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False, unique=True),  # the account number, digits: callers key it in
    Column("kind", Text, nullable=False, server_default="person"),  # person, organisation
    Column("name", Text, nullable=False),
    words("company"),  # as the person gave it; a known organisation is a relation
    words("tier"),
    words("category"),
    Column("save_desk", Boolean, nullable=False, server_default=false()),
    words("language"),
    Column("balance", BigInteger),  # minor units; NULL: there is no account
    words("note"),
    words("id_number"),  # sealed (`sealing.py`): never in the clear
    words("id_number_index"),  # its blind index
    Column("custom", JSON, nullable=False, server_default="{}"),  # field -> value
    words("owner"),
    words("team"),
    words("merged_into"),  # always the last in a chain
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", Double, nullable=False),
    words("created_by"),
    Column("updated_at", Double, nullable=False),
    Index(None, "name", "id"),
    Index(None, "updated_at", "id"),
    Index(None, "owner", "id"),
    Index(None, "team", "id"),
    Index(
        "ix_customers_id_number_index",
        "id_number_index",
        sqlite_where=text("id_number_index <> ''"),
        postgresql_where=text("id_number_index <> ''"),
    ),
    Index(
        "ix_customers_merged_into",
        "merged_into",
        sqlite_where=text("merged_into <> ''"),
        postgresql_where=text("merged_into <> ''"),
    ),
)

# Ways to reach a customer. A household, a switchboard or a mailbox is shared: several customers may have it.
addresses = Table(
    "addresses",
    metadata,
    _customer(primary_key=True),
    Column("channel", Text, primary_key=True),  # phone, email, post, wechat, other
    Column("value", Text, primary_key=True),  # a phone in E.164, an e-mail in lower case
    Column("extension", Text, primary_key=True, server_default=""),  # behind a switchboard
    Column("kind", Text, nullable=False),  # main, mobile, home, work, fax, billing, delivery, other
    Column("place", Integer, nullable=False),  # the order in which they were given
    Column("preferred", Boolean, nullable=False, server_default=false()),
    Column("verified_at", Double),
    words("verified_by"),
    Index(None, "channel", "value"),
)

tags = Table(
    "tags",
    metadata,
    _customer(primary_key=True),
    Column("tag", Text, primary_key=True),
    Index(None, "tag", "customer_id"),
)

# What a custom field holds, once more by itself, so that lists can be filtered by it. Written with `custom`
# of the record, never alone.
custom_values = Table(
    "custom_values",
    metadata,
    Column("kind", Text, primary_key=True),  # customer, request
    Column("record_id", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("value", Text, primary_key=True),  # a row for each choice of several
    Column("number", Double),  # numbers, dates and amounts, to compare by
    Index(None, "kind", "field", "value"),
    Index(None, "kind", "field", "number"),
)

# The definitions of custom fields.
fields = Table(
    "fields",
    metadata,
    Column("kind", Text, primary_key=True),  # customer, request
    Column("name", Text, primary_key=True),
    Column("title", JSON, nullable=False),  # zh, en
    Column("type", Text, nullable=False),
    Column("options", JSON, nullable=False),  # choices with titles, least, most, longest
    Column("required", Boolean, nullable=False),
    Column("searchable", Boolean, nullable=False),
    Column("sealed", Boolean, nullable=False),  # personal: encrypted at rest
    Column("routing", Boolean, nullable=False),  # goes with the caller to the center
    Column("retired", Boolean, nullable=False),  # no longer entered; what was, stays
    Column("place", Integer, nullable=False),
    Column("version", Integer, nullable=False),
)

# Who is what to whom: `from_id` is `role` of `to_id`.
relations = Table(
    "relations",
    metadata,
    Column("id", Text, primary_key=True),
    _customer("from_id", nullable=False, index=True),
    _customer("to_id", nullable=False, index=True),
    Column("role", Text, nullable=False),
    words("title"),  # in words: head of purchasing
    Column("main", Boolean, nullable=False),
    Column("since", Double),
    Column("until", Double),
    Column("created_at", Double, nullable=False),
    words("created_by"),
)

# Only grows; the last row of a customer, channel and purpose is in force.
consents = Table(
    "consents",
    metadata,
    Column("id", Text, primary_key=True),
    _customer(nullable=False),
    Column("channel", Text, nullable=False),  # phone, email, sms, post, any
    Column("purpose", Text, nullable=False),  # marketing, service, recording, any
    Column("state", Text, nullable=False),  # granted, refused
    Column("at", Double, nullable=False),
    words("login"),
    words("source"),  # call, page, import, letter …
    words("evidence"),
    words("interaction"),
    Index(None, "customer_id", "at"),
)

# Who had a customer or request, from when on. Only grows.
ownerships = Table(
    "ownerships",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # customer, request
    Column("record_id", Text, nullable=False),
    words("owner"),
    words("team"),
    Column("at", Double, nullable=False),
    words("login"),
    Index(None, "kind", "record_id", "at"),
)

notes = Table(
    "notes",
    metadata,
    Column("id", Text, primary_key=True),
    _customer(nullable=False),
    words("request"),
    words("interaction"),
    Column("text", Text, nullable=False),
    Column("pinned", Boolean, nullable=False, server_default=false()),
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    words("created_by"),
    Column("updated_at", Double, nullable=False),
    words("updated_by"),
    Column("deleted_at", Double),
    Index(None, "customer_id", "created_at"),
    Index(None, "request"),
)

# The files lie outside the database, encrypted, under names made from `id` (`attachments.py`).
attachments = Table(
    "attachments",
    metadata,
    Column("id", Text, primary_key=True),
    _customer(nullable=False),
    words("request"),
    words("interaction"),
    Column("name", Text, nullable=False),  # as it was sent: shown, never used as a path
    Column("media_type", Text, nullable=False),  # by content
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    words("key"),  # the id of the key, never the key
    Column("created_at", Double, nullable=False),
    words("created_by"),
    Column("deleted_at", Double),
    Index(None, "customer_id", "created_at"),
    Index(None, "request"),
)

# Which interactions belong to what else: a request, a follow-up …
links = Table(
    "links",
    metadata,
    Column("interaction", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # request, followup, note
    Column("record_id", Text, primary_key=True),
    Column("at", Double, nullable=False),
    words("login"),
    Index(None, "kind", "record_id"),
)

# Whose an interaction is, when that was said after its record was final: it never changes itself.
assignments = Table(
    "assignments",
    metadata,
    Column("interaction", Text, primary_key=True),
    Column("customer_id", Text, nullable=False, index=True),
    Column("method", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("at", Double, nullable=False),
    words("login"),
)

# Every merge, with what the kept record was before, so that it can be taken back.
merges = Table(
    "merges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kept", Text, nullable=False, index=True),
    Column("gone", Text, nullable=False, index=True),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("at", Double, nullable=False),
    words("login"),
    Column("undone_at", Double),
    words("undone_by"),
)

# Pairs that may be one customer, as found (`duplicates.py`); `first` < `second`.
duplicates = Table(
    "duplicates",
    metadata,
    Column("first", Text, primary_key=True),
    Column("second", Text, primary_key=True),
    Column("score", Double, nullable=False),  # 0 to 1
    Column("reasons", JSON, nullable=False),
    Column("state", Text, nullable=False),  # open, different, merged
    Column("found_at", Double, nullable=False),
    Column("decided_at", Double),
    words("decided_by"),
    Index(None, "state", "score"),
    Index(None, "second"),
)

# Names with the same key are compared for duplicates.
name_keys = Table(
    "name_keys",
    metadata,
    _customer(primary_key=True),
    Column("key", Text, nullable=False, index=True),
)
