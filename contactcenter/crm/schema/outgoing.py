"""Tables of outgoing calls: campaigns, lists with their leads, attempts, and who must not be called."""

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
    TextClause,
    text,
)

from contactcenter.crm.schema.base import metadata, words


def _some(name: str, where: TextClause, *columns: str, unique: bool = False) -> Index:
    """An index of those rows only that meet the condition: queries use it if they say so, too."""
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),  # draft, running, paused, stopped, archived
    Column("mode", Text, nullable=False),
    Column("profile", Text, nullable=False),
    words("queue"),
    Column("settings", JSON, nullable=False),  # the rest of `dialer.campaigns.Campaign`, its lists apart
    words("owner"),
    words("team"),
    Column("started_at", Double),  # the first start: periods count from it
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    words("created_by"),
    Column("updated_at", Double, nullable=False),
    Index(None, "state"),
    Index(None, "updated_at", "id"),
)

lists = Table(
    "lists",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    words("note"),
    words("consent"),  # the evidence that holds for all its leads
    words("owner"),
    words("team"),
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    words("created_by"),
    Column("updated_at", Double, nullable=False),
    Index(None, "updated_at", "id"),
)

# Which lists a campaign dials. `credit` is the mixing's memory (`hopper.py`).
campaign_lists = Table(
    "campaign_lists",
    metadata,
    Column("campaign", Text, ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True),
    Column("list", Text, ForeignKey("lists.id"), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("credit", Integer, nullable=False, server_default="0"),
    Index(None, "list"),
)

# What became of a campaign's attempts, and what they count as (`dialer/drops.py`): one row for each day,
# counted from its first start, and outcome.
campaign_days = Table(
    "campaign_days",
    metadata,
    Column("campaign", Text, ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True),
    Column("day", Integer, primary_key=True),  # 0 is the first
    Column("outcome", Text, primary_key=True),
    Column("counted", Text, primary_key=True),
    Column("calls", Integer, nullable=False),
)

# Of the calls that a campaign's detection took for machines: how many were listened to (`samples.py`).
campaign_samples = Table(
    "campaign_samples",
    metadata,
    Column("id", Text, primary_key=True),
    Column("campaign", Text, ForeignKey("campaigns.id", ondelete="CASCADE"), nullable=False),
    Column("detection", Text, nullable=False),  # its values, as JSON
    Column("heard", Integer, nullable=False),
    Column("persons", Integer, nullable=False),
    Column("proof", Text, nullable=False),
    words("login"),
    Column("at", Double, nullable=False),
    Index(None, "campaign", "detection"),
)

# `shelf` is where in its list a lead lies: its priority, the highest first, and by which clocks its next
# number may ring. `hopper.py` looks into shelves that are open now, and into no other.
leads = Table(
    "leads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("list", Text, ForeignKey("lists.id"), nullable=False),
    words("name"),
    words("customer"),  # no foreign key: a lead stays when its customer is deleted
    words("language"),
    Column("priority", Integer, nullable=False),
    Column("state", Text, nullable=False),  # due, leased, closed, held
    words("why"),  # it is closed or held
    Column("shelf", Text, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("next_number", Integer, nullable=False),
    words("owner"),
    words("zone"),  # of the record's address
    words("region"),  # of the record's address, ISO 3166-2
    Column("fields", JSON, nullable=False),
    words("consent"),  # evidence of this lead's own
    Column("consent_at", Double),
    Column("dropped_at", Double),  # the last drop after which nobody talked to him
    words("campaign"),  # whose hopper it is in
    Column("leased_until", Double),
    words("last_attempt"),  # the attempt that said what becomes of it; empty: somebody did
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    words("created_by"),
    Column("updated_at", Double, nullable=False),
    Index(None, "list", "state", "shelf", "due_at", "id"),
    Index(None, "list", "created_at", "id"),
    _some("ix_leads_leased", text("state = 'leased'"), "leased_until"),
    _some("ix_leads_customer", text("customer <> ''"), "customer"),
    _some("ix_leads_owner", text("owner <> ''"), "owner"),
)

lead_numbers = Table(
    "lead_numbers",
    metadata,
    Column("lead", Text, ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),  # 0, 1, 2 … without gaps
    Column("number", Text, nullable=False),  # E.164
    words("kind"),
    Column("zones", JSON, nullable=False),  # every zone in which it may be, the record's too
    Column("regions", JSON, nullable=False),  # every part of a country in which it may be
    Index(None, "number"),
)

# Columns are the fields of `dialer.attempts.AttemptRecord`, NULL only for what has not happened: 16 CFR 310.5
# asks of each call for who was called from which number when, for how long, in which campaign, and what
# became of it. Triggers (in the migrations) refuse to change what an attempt was once it is over, and to
# delete one before `kept_until`, whichever program tries it. No foreign keys: it outlives its lead.
attempts = Table(
    "attempts",
    metadata,
    Column("id", Text, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("campaign", "list", "lead", "number")),
    Column("position", Integer, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("shows", "mode", "profile", "trunk")),
    words("server"),
    *(Column(name, Boolean, nullable=False) for name in ("reserved", "detects", "marketing")),
    *(words(name) for name in ("zones", "regions")),  # their names, apart by spaces
    Column("state", Text, nullable=False),
    Column("saved_at", Double, nullable=False),
    *(Column(name, Double) for name in ("placed_at", "rang_at", "answered_at")),
    words("heard"),
    *(Column(name, Double) for name in ("greeting_ended_at", "joined_at", "message_at")),
    words("message"),
    *(Column(name, Double) for name in ("opted_out_at", "ended_at")),
    Column("cause", Integer),
    *(words(name) for name in ("outcome", "refusal", "detail", "agent", "interaction", "disposition")),
    words("consent"),
    Column("national_list_at", Double),
    Column("kept_until", Double, nullable=False),
    Index(None, "campaign", "saved_at", "id"),
    Index(None, "number", "saved_at"),
    Index(None, "lead", "saved_at"),
    Index(None, "kept_until"),
    _some("ix_attempts_agent", text("agent <> ''"), "agent", "saved_at"),
    _some("uq_attempts_open", text("state <> 'over'"), "number", unique=True),
)

# For ever. Of a customer who was erased only the number's blind index is left (`sealing.py`): enough not to
# call him again. Triggers refuse to delete what the person himself asked for.
do_not_call = Table(
    "do_not_call",
    metadata,
    Column("id", Text, primary_key=True),
    words("number"),  # E.164; empty: erased
    words("blind"),  # its blind index; empty as long as there is the number
    Column("asked", Boolean, nullable=False),  # by the person himself
    Column("source", Text, nullable=False),  # key, agent, page, letter, import …
    words("reason"),
    *(words(name) for name in ("campaign", "attempt", "login")),
    Column("at", Double, nullable=False),
    Index(None, "at", "id"),
    _some("uq_do_not_call_number", text("number <> ''"), "number", unique=True),
    _some("uq_do_not_call_blind", text("blind <> ''"), "blind", unique=True),
)

# Copies of public do-not-call lists. A new copy is loaded beside the old one, and counts once it is whole.
national_lists = Table(
    "national_lists",
    metadata,
    Column("name", Text, primary_key=True),
    Column("profile", Text, nullable=False),
    Column("edition", Integer, nullable=False),  # the one in force; 0: none yet
    Column("fetched_at", Double),  # of the one in force
    Column("numbers", BigInteger, nullable=False),  # in it
    Column("loading", Integer),  # the edition that is being loaded
    Column("loading_fetched_at", Double),
    Column("at", Double, nullable=False),
    words("login"),
)

national_numbers = Table(
    "national_numbers",
    metadata,
    Column("number", Text, primary_key=True),  # E.164
    Column("list", Text, ForeignKey("national_lists.name", ondelete="CASCADE"), primary_key=True),
    Column("edition", Integer, primary_key=True, autoincrement=False),
    Index(None, "list", "edition"),
)

# Numbers that are known to be ours to show.
caller_ids = Table(
    "caller_ids",
    metadata,
    Column("number", Text, primary_key=True),  # E.164
    Column("verified_at", Double),  # NULL: not yet, or not any more
    words("verified_by"),
    words("note"),
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    words("created_by"),
)

# A call agreed on for a time.
appointments = Table(
    "appointments",
    metadata,
    Column("id", Text, primary_key=True),
    *(words(name) for name in ("lead", "customer", "campaign", "queue")),
    Column("number", Text, nullable=False),  # E.164
    words("name"),
    words("owner"),  # empty: anyone of the queue
    words("team"),
    Column("zone", Text, nullable=False),  # the customer's: IANA
    Column("at", Double, nullable=False),
    Column("remind_at", Double),  # NULL: no reminder, or it was given
    Column("state", Text, nullable=False),  # open, done, cancelled: due and missed the clock says
    words("note"),
    words("interaction"),  # in which it was agreed on
    words("attempt"),  # the last one for it
    Column("history", JSON, nullable=False),  # at, login, what: only grows
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    words("created_by"),
    Column("updated_at", Double, nullable=False),
    Index(None, "state", "at", "id"),
    Index(None, "owner", "state", "at"),
    Index(None, "at", "id"),
    _some("ix_appointments_lead", text("lead <> ''"), "lead"),
    _some("ix_appointments_customer", text("customer <> ''"), "customer"),
    _some("ix_appointments_remind_at", text("remind_at IS NOT NULL"), "remind_at"),
)
