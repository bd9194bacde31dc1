"""Tables of work for customers: requests with their course, and follow-ups.

Opportunities, orders, contracts and payments are to stand beside them in the same form: a row with customer,
owner, team, state and version, and a course that only grows.
"""

from sqlalchemy import JSON, Column, Double, ForeignKey, Index, Integer, Table, Text

from contactcenter.crm.schema.base import metadata, words

requests = Table(
    "requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False, unique=True),  # for people: 2026-000123
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False),
    words("interaction"),  # from which it was opened
    words("kind"),  # fault, question, complaint, order, change …
    Column("subject", Text, nullable=False),
    words("problem"),
    words("solution"),
    Column("state", Text, nullable=False),
    Column("priority", Integer, nullable=False),  # 1 low, 2 normal, 3 high, 4 urgent
    words("owner"),
    words("team"),
    words("queue"),
    words("language"),  # in which the customer is to be answered
    Column("due_at", Double),
    Column("custom", JSON, nullable=False, server_default="{}"),
    Column("version", Integer, nullable=False),
    Column("opened_at", Double, nullable=False),
    words("opened_by"),
    Column("updated_at", Double, nullable=False),
    Column("solved_at", Double),
    Column("closed_at", Double),
    Index(None, "customer_id", "opened_at"),
    Index(None, "owner", "state", "due_at"),
    Index(None, "team", "state", "due_at"),
    Index(None, "state", "due_at"),
    Index(None, "updated_at", "id"),
)

# What happened to a request, in its order. Only grows.
request_steps = Table(
    "request_steps",
    metadata,
    Column("request_id", Text, ForeignKey("requests.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),  # 0, 1, 2 … without gaps
    Column("at", Double, nullable=False),
    words("login"),
    Column("kind", Text, nullable=False),  # opened, state, changed, progress, linked …
    Column("detail", JSON, nullable=False),
)

followups = Table(
    "followups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id")),  # NULL: of no customer
    words("request"),
    words("interaction"),
    Column("title", Text, nullable=False),
    words("note"),
    Column("state", Text, nullable=False),  # open, done, dropped
    words("owner"),
    words("team"),
    Column("due_at", Double, nullable=False),
    Column("remind_at", Double),  # NULL: no reminder, or it was given
    Column("recurrence", JSON),  # every so many days, weeks, months, years; until when
    words("series"),  # the first of those that followed from each other
    words("result"),
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    words("created_by"),
    Column("updated_at", Double, nullable=False),
    Column("done_at", Double),
    words("done_by"),
    Index(None, "owner", "state", "due_at"),
    Index(None, "team", "state", "due_at"),
    Index(None, "customer_id", "due_at"),
    Index(None, "remind_at"),
)
