"""Access: what each reader may do, and which records he sees. The one place of the store that decides it.

A *right* opens a kind of work, a *scope* (own, team, all) says whose records of a kind are seen, and
*hidden* names fields that stay blank. Every read of a record of these kinds (one, page, count, search,
export, history, pop, recording) carries `visible`, and what it gives out has passed `shown`. So what a reader
may not see does not exist for him: it is 404 wherever it is asked for by its id, and no number counts it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field, fields, is_dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any, TypeVar, cast

from pydantic import BaseModel
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)

from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import (
    appointments,
    assignments,
    attachments,
    attempts,
    callbacks,
    campaigns,
    consents,
    customers,
    do_not_call,
    followups,
    interactions,
    leads,
    lists,
    memberships,
    merges,
    notes,
    recordings,
    relations,
    requests,
    root_of_row,
    users,
    workers,
)
from contactcenter.values import frozen

T = TypeVar("T")


class Right(StrEnum):
    """What a role may do. The first two are no rights that a role could have: they are what a route asks for
    that needs none."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"

    CALLS_TAKE = "calls.take"
    FLOOR_WATCH = "floor.watch"
    CALLS_MONITOR = "calls.monitor"
    MONITORS_END = "monitors.end"
    CALLS_STEER = "calls.steer"
    AGENTS_STEER = "agents.steer"
    CALLBACKS_READ = "callbacks.read"
    INTERACTIONS_READ = "interactions.read"
    INTERACTIONS_EXPORT = "interactions.export"
    RECORDINGS_PLAY = "recordings.play"
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_WRITE = "customers.write"
    CUSTOMERS_MERGE = "customers.merge"
    CUSTOMERS_IMPORT = "customers.import"
    CUSTOMERS_EXPORT = "customers.export"
    REQUESTS_READ = "requests.read"
    REQUESTS_WRITE = "requests.write"
    REQUESTS_EXPORT = "requests.export"
    FOLLOWUPS_READ = "followups.read"
    FOLLOWUPS_WRITE = "followups.write"
    CAMPAIGNS_READ = "campaigns.read"
    CAMPAIGNS_MANAGE = "campaigns.manage"
    LEADS_READ = "leads.read"
    LEADS_WRITE = "leads.write"
    LEADS_IMPORT = "leads.import"
    DO_NOT_CALL_READ = "do_not_call.read"
    DO_NOT_CALL_WRITE = "do_not_call.write"
    DO_NOT_CALL_MANAGE = "do_not_call.manage"
    APPOINTMENTS_READ = "appointments.read"
    APPOINTMENTS_WRITE = "appointments.write"
    CONFIGURATION_READ = "configuration.read"
    CONFIGURATION_WRITE = "configuration.write"
    FIELDS_WRITE = "fields.write"
    USERS_READ = "users.read"
    USERS_WRITE = "users.write"
    ROLES_WRITE = "roles.write"
    AUDIT_READ = "audit.read"
    AUDIT_EXPORT = "audit.export"
    OUTBOX_READ = "outbox.read"
    BACKUP = "backup"


RIGHTS = frozenset(Right) - {Right.PUBLIC, Right.SIGNED_IN}
"""Those that a role can have."""
ADMINISTRATION = frozenset(
    {Right.FIELDS_WRITE, Right.USERS_WRITE, Right.ROLES_WRITE, Right.OUTBOX_READ, Right.BACKUP}
)
"""A token needs the scope `admin` for these."""
KEYS = (Right.USERS_WRITE, Right.ROLES_WRITE)
"""Somebody must have each of them at any time: without, nobody could let anybody in again."""


class Scope(StrEnum):
    """Whose records."""

    OWN = "own"
    TEAM = "team"
    ALL = "all"


class Kind(StrEnum):
    """What a record is, for its scope; or why something has none. A route whose path names something says by
    `of` which of these that is."""

    CUSTOMER = "customer"
    REQUEST = "request"
    FOLLOWUP = "followup"
    INTERACTION = "interaction"
    RECORDING = "recording"
    LEAD = "lead"

    NOTE = "note"
    ATTACHMENT = "attachment"
    CONSENT = "consent"
    RELATION = "relation"
    CALLBACK = "callback"
    MERGE = "merge"
    """These six follow the record that they hang on."""

    CAMPAIGN = "campaign"
    LIST = "list"
    ATTEMPT = "attempt"
    APPOINTMENT = "appointment"
    """These four go by the scope of leads."""
    DO_NOT_CALL = "do_not_call"
    """One list for all: who has the right sees each number of it."""

    CALL = "call"
    AGENT = "agent"
    """These two live in the center, not in the store: `http/live.py` and `http/scope.py` ask `oversees`."""

    USER = "user"
    """An account: of oneself, within one's reach (`reaches`), or any for who may change users."""

    MINE = "mine"
    """One's own: a token, a message, a saved view. Another's does not exist for anybody."""
    CENTER = "center"
    """Of the center as a whole (a version, a role, a team): who has the right sees each of them."""


SCOPED = (Kind.CUSTOMER, Kind.REQUEST, Kind.FOLLOWUP, Kind.INTERACTION, Kind.RECORDING, Kind.LEAD)
"""The kinds for which a role has a scope."""

TABLES: dict[Kind, FromClause] = {
    Kind.CUSTOMER: customers,
    Kind.REQUEST: requests,
    Kind.FOLLOWUP: followups,
    Kind.INTERACTION: interactions,
    Kind.RECORDING: recordings,
    Kind.NOTE: notes,
    Kind.ATTACHMENT: attachments,
    Kind.CONSENT: consents,
    Kind.RELATION: relations,
    Kind.CALLBACK: callbacks,
    Kind.MERGE: merges,
    Kind.LEAD: leads,
    Kind.CAMPAIGN: campaigns,
    Kind.LIST: lists,
    Kind.ATTEMPT: attempts,
    Kind.APPOINTMENT: appointments,
    Kind.DO_NOT_CALL: do_not_call,
}

READING = {
    Kind.CUSTOMER: Right.CUSTOMERS_READ,
    Kind.REQUEST: Right.REQUESTS_READ,
    Kind.FOLLOWUP: Right.FOLLOWUPS_READ,
    Kind.INTERACTION: Right.INTERACTIONS_READ,
    Kind.RECORDING: Right.INTERACTIONS_READ,
    Kind.NOTE: Right.CUSTOMERS_READ,
    Kind.ATTACHMENT: Right.CUSTOMERS_READ,
    Kind.CONSENT: Right.CUSTOMERS_READ,
    Kind.RELATION: Right.CUSTOMERS_READ,
    Kind.CALLBACK: Right.CALLBACKS_READ,
    Kind.MERGE: Right.CUSTOMERS_MERGE,
    Kind.LEAD: Right.LEADS_READ,
    Kind.CAMPAIGN: Right.CAMPAIGNS_READ,
    Kind.LIST: Right.CAMPAIGNS_READ,
    Kind.ATTEMPT: Right.LEADS_READ,
    Kind.APPOINTMENT: Right.APPOINTMENTS_READ,
    Kind.DO_NOT_CALL: Right.DO_NOT_CALL_READ,
}
"""Without this right, nothing of the kind is visible, whatever the scope."""

_SCOPE_OF = {
    **dict.fromkeys((Kind.NOTE, Kind.ATTACHMENT, Kind.CONSENT, Kind.RELATION), Kind.CUSTOMER),
    Kind.CALLBACK: Kind.INTERACTION,
    **dict.fromkeys((Kind.CAMPAIGN, Kind.LIST, Kind.ATTEMPT, Kind.APPOINTMENT), Kind.LEAD),
}

CONDITIONS = 2_000
"""So many conditions are kept, some for each who reads: to make one takes longer than to read by it."""

FIELDS = frozenset(
    f"customer.{name}"
    for name in ("addresses", "phones", "company", "tier", "category", "save_desk", "language", "balance")
) | frozenset(
    {"customer.note", "customer.last", "customer.id_number", "customer.tags", "request.problem"}
    | {"request.solution", "interaction.caller", "interaction.caller_name", "interaction.note"}
    | {"lead.name", "lead.numbers", "lead.fields"}
)
"""What can be hidden, besides custom fields (`customer.custom.NAME`, `request.custom.NAME`)."""

_WITHIN = {
    "customer.phones": "customer.addresses",
    "interaction.callback": "interaction.caller",
    "lead.numbers": "customer.phones",
}
"""What tells of something else, and is hidden with it. The other way round, of what is hidden as phones, the
addresses have the others only."""


def _wholes(name: str) -> Iterator[str]:
    """The field, and everything that it is hidden with."""
    whole: str | None = name
    while whole:
        yield whole
        whole = _WITHIN.get(whole)


@frozen
class Reader:
    """Who reads, with what he may do at this moment."""

    login: str
    role: str = ""
    rights: frozenset[Right] = frozenset()
    scopes: Mapping[Kind, Scope] = field(default_factory=dict, hash=False)
    teams: tuple[str, ...] = ()
    """The first is where his new records belong."""
    queues: frozenset[str] = frozenset()
    """What he is limited to, of calls, agents, interactions and recordings; empty: no limit. An agent's own
    queues are no limit; nor is there one where the scope is `all`."""
    serves: frozenset[str] = frozenset()
    """The queues whose calls he takes: what waits for anyone there waits for him, too."""
    hidden: frozenset[str] = frozenset()
    attending: frozenset[str] = frozenset()
    """The customers on his page for the call that he has, or is about to get: he sees these."""

    def may(self, right: Right) -> bool:
        """Whether he has the right."""
        return right in self.rights

    def scope(self, kind: Kind) -> Scope:
        """Whose records of the kind he sees."""
        return Scope(self.scopes.get(kind, Scope.OWN))

    def limit(self, kind: Kind = Kind.INTERACTION) -> frozenset[str]:
        """The queues that he is limited to for this kind; empty: no limit."""
        return frozenset() if self.scope(kind) is Scope.ALL else self.queues

    @property
    def home(self) -> str:
        """The team of what he makes; empty when he is in none."""
        return self.teams[0] if self.teams else ""

    def hides(self, kind: Kind, name: str) -> bool:
        """Whether a field of such records stays blank for him."""
        return not self.hidden.isdisjoint(_wholes(f"{kind}.{name}"))

    def shares(self, teams: Iterable[str]) -> bool:
        """Whether, as far as teams go, he reaches somebody who is in these: in one of his, or in none."""
        theirs = frozenset(teams)
        return self.scope(Kind.INTERACTION) is Scope.ALL or not theirs or not theirs.isdisjoint(self.teams)

    def reaches(self, queues: Iterable[str], teams: Iterable[str] = ()) -> bool:
        """Whether somebody or something in these queues, of these teams, is within his scope."""
        if self.scope(Kind.INTERACTION) is Scope.OWN:
            return False
        return self.shares(teams) and (not self.limit() or not self.limit().isdisjoint(queues))

    def knows_talk(self, queue: str, workers: Iterable[str], teams: Iterable[str]) -> bool:
        """Whether he sees an interaction of this queue, in which these had the caller, who are in these
        teams: what `visible` says of it, for what was read without him."""
        if not self.may(Right.INTERACTIONS_READ):
            return False
        scope = self.scope(Kind.INTERACTION)
        if scope is Scope.ALL or self.login in workers:
            return True
        return scope is Scope.TEAM and self.reaches((queue,), teams)

    def oversees(self, queues: Iterable[str], teams: Iterable[str] = ()) -> bool:
        """Whether he sees what lives there and is not his own."""
        return self.may(Right.FLOOR_WATCH) and self.reaches(queues, teams)

    def knows_campaign(self, queue: str, owner: str, team: str) -> bool:
        """Whether he sees a campaign of this queue, owner and team: what `visible` says of it, for one that
        lives."""
        if not self.may(READING[Kind.CAMPAIGN]):
            return False
        scope, limit = self.scope(Kind.LEAD), self.limit(Kind.LEAD)
        if scope is Scope.ALL or owner == self.login:
            return True
        return scope is Scope.TEAM and team in ("", *self.teams) and (not limit or queue in limit)

    def knows(self, owner: str, team: str, kind: Kind = Kind.CUSTOMER) -> bool:
        """Whether he sees a customer, request or follow-up of this owner and team, as far as these two say:
        what can be known of a call that lives, without asking the store."""
        if not self.may(READING[kind]):
            return False
        match self.scope(kind):
            case Scope.ALL:
                return True
            case Scope.TEAM:
                return owner == self.login or team in ("", *self.teams)
            case Scope.OWN:
                return owner == self.login or (not owner and not team)


CENTER = Reader(login="center", rights=RIGHTS, scopes=dict.fromkeys(SCOPED, Scope.ALL))
"""The center itself: its own work on records is nobody's reading."""


def visible(
    reader: Reader, kind: Kind, table: FromClause | None = None, *, many: bool = False
) -> ColumnElement[bool]:
    """The condition that rows of this kind's table must meet to exist for the reader.

    `table` is the alias of it that the query reads; None: the table itself. `many`: the query looks through
    all customers (a list, a count), and not at one or some hundreds that something else names. That changes
    how fast it is, and nothing else.
    """
    if reader is CENTER:
        return true()
    if not reader.may(READING[kind]):
        return false()
    return _visible(reader, kind, TABLES[kind] if table is None else table, many)


@lru_cache(maxsize=CONDITIONS)
def _visible(reader: Reader, kind: Kind, table: FromClause, many: bool) -> ColumnElement[bool]:
    """Kept by all that the reader is: who may do more or less from now on gets another one."""
    match kind:
        case Kind.CUSTOMER:
            return _customer(reader, table, many)
        case Kind.REQUEST | Kind.FOLLOWUP:
            return _work(reader, kind, table)
        case Kind.INTERACTION | Kind.CALLBACK:  # a callback has the id of the interaction that agreed on it
            return _interaction(reader, table)
        case Kind.RECORDING:
            return _recording(reader, table)
        case Kind.NOTE | Kind.ATTACHMENT:
            return _beside(reader, table)
        case Kind.CONSENT:
            return _of_customer(reader, table.c.customer_id)
        case Kind.MERGE:
            return _of_customer(reader, table.c.kept)
        case Kind.RELATION:
            return and_(*(_of_customer(reader, end) for end in (table.c.from_id, table.c.to_id)))
        case Kind.LEAD:
            return _lead(reader, table)
        case Kind.LIST:
            return _list(reader, table)
        case Kind.CAMPAIGN:
            return _campaign(reader, table)
        case Kind.ATTEMPT:
            return _attempt(reader, table)
        case Kind.APPOINTMENT:
            return _appointment(reader, table)
        case Kind.DO_NOT_CALL:
            return true()
    raise ValueError(f"{kind} is not in the store")


def audience(
    db: Connection, readers: Iterable[Reader], kind: Kind, ids: Collection[str]
) -> dict[str, frozenset[str]]:
    """Login -> those of these records that the reader sees, for readers who see any: one statement for all
    who differ in their names only. Readers have a name of their own each, and are users."""
    found: dict[str, set[str]] = {}
    for likes in _alike(readers, kind, ids):
        query, _ = _audience_of(kind, likes[0])
        for login, id_ in db.execute(query, {"logins": [each.login for each in likes], "ids": list(ids)}):
            found.setdefault(login, set()).add(id_)
    return {login: frozenset(some) for login, some in found.items()}


def concerned(db: Connection, readers: Iterable[Reader], kind: Kind, ids: Collection[str]) -> frozenset[str]:
    """The logins of those readers who see any of these records: what can be asked of hundreds."""
    found: set[str] = set()
    for likes in _alike(readers, kind, ids):
        _, query = _audience_of(kind, likes[0])
        found |= set(db.scalars(query, {"logins": [each.login for each in likes], "ids": list(ids)}))
    return frozenset(found)


def about(
    reader: Reader, kind: ColumnElement[str], object_: ColumnElement[str], login: ColumnElement[str]
) -> ColumnElement[bool]:
    """The condition on rows that tell of something (the audit log, the outbox), by these of their columns: of
    what kind it is, which one, and who did it. One's own acts are always seen; what tells of a record, with
    the record; what tells of anything else, by who did it.
    """
    if reader is CENTER:
        return true()
    terms = [login == reader.login]
    for each, table in TABLES.items():
        if not reader.may(READING[each]):
            continue
        if reader.scope(_SCOPE_OF.get(each, each)) is Scope.ALL:  # those of records that are gone, too
            terms.append(kind == each.value)
        else:
            row = _as(table, f"told_{each}")
            record = select(1).where(row.c.id == object_, visible(reader, each, row)).correlate(kind.table)
            terms.append(and_(kind == each.value, record.exists()))
    people = (Kind.AGENT.value, Kind.USER.value)
    records = [each.value for each in TABLES]
    terms.append(and_(kind.in_(people), _reached(reader, object_)))
    terms.append(and_(kind.not_in((*people, *records)), _reached(reader, login)))
    return or_(*terms)


def shown(reader: Reader, kind: Kind, record: T) -> T:
    """The record as the reader gets it: fields that are hidden from him are blank, and `hidden` names them.

    Takes a dataclass, a pydantic model or a dict, with the fields' own names; custom fields in `custom`. The
    record's own `hidden`, if it has one, becomes the names without their kind.
    """
    names = _hidden_of(reader, kind)
    if kind is Kind.INTERACTION:
        names = sorted({*names, *_hidden_of_lead(reader, record)})
    if not names:
        return record
    present = _fields_of(record)
    blanked: dict[str, Any] = {}
    for name in names:
        whole, _, part = name.partition(".")
        if whole not in present:
            continue
        held = blanked.get(whole, _get(record, whole))
        if part:
            blanked[whole] = {each: value for each, value in held.items() if each != part}
        else:
            blanked[whole] = _blank(held)
    if kind is Kind.CUSTOMER and "phones" in names and "addresses" in present:
        held = blanked.get("addresses", _get(record, "addresses"))
        blanked["addresses"] = type(held)(each for each in held if _get(each, "channel") != "phone")
    if "hidden" in present:
        blanked["hidden"] = type(_get(record, "hidden"))(names)
    return _replaced(record, blanked)


def check_shown(reader: Reader, kind: Kind, names: Iterable[str]) -> None:
    """Let nobody write, filter or sort by what is hidden from him: each would tell what it holds.

    Raises `Refusal` `hidden`, naming the field.
    """
    for name in names:
        if reader.hides(kind, name):
            raise Refusal("your role does not show you this field", code="hidden", field=name)


def beyond(reader: Reader, other: Reader) -> tuple[str, str] | None:
    """What the other may do, or sees, and the reader does not: by which part of an account (`role`, `teams`,
    `queues`), and what; None: nothing. To take calls is work, and no power over anybody."""
    if more := sorted(other.rights - reader.rights - {Right.CALLS_TAKE}):
        return "role", f"has the right {more[0]}"
    for kind in SCOPED:
        theirs, ours = other.scope(kind), reader.scope(kind)
        if not other.may(READING[kind]) or theirs is Scope.OWN or ours is Scope.ALL:
            continue
        if theirs is Scope.ALL or ours is Scope.OWN:
            return "role", f"has the scope {theirs} of {kind}"
        if foreign := sorted(set(other.teams) - set(reader.teams)):
            return "teams", f"is in the team {foreign[0]}"
        limit = reader.limit(kind) if kind in (Kind.INTERACTION, Kind.RECORDING) else frozenset[str]()
        if limit and (not other.limit(kind) or not other.limit(kind) <= limit):
            return "queues", "is not limited to your queues"
    for name in sorted(reader.hidden):
        whole, _, part = name.partition(".")
        if other.may(READING[Kind(whole)]) and not other.hides(Kind(whole), part):
            return "role", f"sees {name}"
    return None


# --- many readers at once ---

_MANY = users.alias("reader_row")
"""Who reads, in a statement about many readers: the login is a column of it then, and no value."""


def _alike(readers: Iterable[Reader], kind: Kind, ids: Collection[str]) -> list[list[Reader]]:
    """Those who see anything of the kind, by all that decides what they see except for their names."""
    groups: dict[Any, list[Reader]] = {}
    for reader in readers if ids else ():
        if reader.may(READING[kind]):
            groups.setdefault(_key(reader), []).append(reader)
    return list(groups.values())


def _key(reader: Reader) -> tuple[Any, ...]:
    rights = tuple(reader.may(right) for right in _READ)
    scopes = tuple(reader.scope(kind) for kind in SCOPED)
    return rights, scopes, reader.teams, reader.queues, reader.serves, reader.attending


_READ = sorted(set(READING.values()))
_statements: dict[tuple[Any, ...], tuple[Select[Any], Select[Any]]] = {}
_STATEMENTS = 500
"""So many are kept: to make one takes ten times as long as to use it."""


def _audience_of(kind: Kind, like: Reader) -> tuple[Select[Any], Select[Any]]:
    """Who of `logins` sees which of `ids`; and who sees any. For readers as this one."""
    key = (kind, *_key(like))
    if key in _statements:
        return _statements[key]
    if len(_statements) >= _STATEMENTS:
        _statements.clear()
    reader = replace(like, login=cast(str, _MANY.c.login))
    table = TABLES[kind]
    these = table.c.id.in_(bindparam("ids", expanding=True))
    who = _MANY.c.login.in_(bindparam("logins", expanding=True))
    seen = and_(these, visible(reader, kind))
    each = select(_MANY.c.login, table.c.id).select_from(_MANY.join(table, true())).where(who, seen)
    some = select(1).select_from(table).where(seen).correlate(_MANY).exists()
    _statements[key] = each, select(_MANY.c.login).where(who, some)
    return _statements[key]


# --- the conditions ---


@cache
def _as(table: FromClause, name: str) -> FromClause:
    """A table under another name, made once: its columns are copied, and each search asks for dozens. In one
    statement the same name stands beside itself, and never inside itself."""
    return table.alias(name)


def _customer(reader: Reader, table: FromClause, many: bool) -> ColumnElement[bool]:
    """A customer who was merged into another is seen by who sees that one."""
    if reader.scope(Kind.CUSTOMER) is Scope.ALL:
        return true()
    kept = _as(customers, "kept_row")
    through = select(1).where(kept.c.id == table.c.merged_into, _customer_row(reader, kept))
    return or_(
        and_(table.c.merged_into == "", _customer_row(reader, table, many=many)),
        and_(table.c.merged_into != "", through.correlate(table, _MANY).exists()),
    )


def _customer_row(reader: Reader, table: FromClause, *, many: bool = False) -> ColumnElement[bool]:
    """Of a row that is not merged into another. What is cheap to know comes first."""
    terms = [table.c.owner == reader.login, and_(table.c.owner == "", table.c.team == "")]
    if reader.attending:
        terms.append(table.c.id.in_(sorted(reader.attending)))
    if reader.scope(Kind.CUSTOMER) is Scope.TEAM:
        terms.append(table.c.team.in_(("", *reader.teams)))
    return or_(*terms, table.c.id.in_(_whose_caller(reader)) if many else _had_caller(reader, table))


def _whose_caller(reader: Reader) -> Select[Any]:
    """The customers whose caller the reader had: found once, from his own work, for a list of few among
    many."""
    mine, held = _as(workers, "mine_row"), _as(interactions, "held_row")
    given, called = _as(assignments, "given_row"), _as(customers, "called_row")
    return (
        select(root_of_row(called))
        .select_from(mine)
        .join(held, held.c.id == mine.c.interaction_id)
        .outerjoin(given, given.c.interaction == held.c.id)
        .join(called, called.c.id == func.coalesce(given.c.customer_id, held.c.customer))
        .where(mine.c.login == reader.login)
        .correlate(None)
    )


def _had_caller(reader: Reader, table: FromClause) -> ColumnElement[bool]:
    """The same from the customer's side: for one record, or a few that nothing else made visible."""
    member = _as(customers, "member_row")
    of_members = select(1).where(
        # The first says what the second implies, so that the index of those who were merged is used.
        member.c.merged_into != "", member.c.merged_into == table.c.id, _talked(reader, member)
    )  # fmt: skip
    return or_(_talked(reader, table), of_members.correlate(table, _MANY).exists())


def _talked(reader: Reader, table: FromClause) -> ColumnElement[bool]:
    """The reader had a caller who was, or was later said to be, exactly this customer.

    One `EXISTS` inside the other and no join: a planner that begins with all that the reader ever did takes
    a hundred times as long.
    """
    held = _as(interactions, "held_row")
    given, chosen = _as(assignments, "given_row"), _as(assignments, "chosen_row")
    elsewhere = select(1).where(given.c.interaction == held.c.id, given.c.customer_id != held.c.customer)
    known = select(1).where(
        held.c.customer == table.c.id,
        _worked(reader, held, held.c.id),
        ~elsewhere.correlate(held).exists(),
    )
    assigned = select(1).where(
        chosen.c.customer_id == table.c.id, _worked(reader, chosen, chosen.c.interaction)
    )
    return or_(known.correlate(table, _MANY).exists(), assigned.correlate(table, _MANY).exists())


def _worked(reader: Reader, table: FromClause, interaction: ColumnElement[str]) -> ColumnElement[bool]:
    """The reader has, or had, the caller of the interaction that a row of `table` names."""
    worker = _as(workers, "worker_row")
    query = select(1).where(worker.c.interaction_id == interaction, worker.c.login == reader.login)
    return query.correlate(table, _MANY).exists()


def _of_customer(reader: Reader, column: ColumnElement[str]) -> ColumnElement[bool]:
    """What hangs on a customer, or on one who was merged into another."""
    if not reader.may(Right.CUSTOMERS_READ):
        return false()
    if reader.scope(Kind.CUSTOMER) is Scope.ALL:
        return true()
    holder, root = _as(customers, "holder_row"), _as(customers, "root_row")
    through = (holder.c.id == column, root.c.id == root_of_row(holder))
    query = select(1).where(*through, _customer_row(reader, root))
    return query.correlate(column.table, _MANY).exists()


def _work(reader: Reader, kind: Kind, table: FromClause) -> ColumnElement[bool]:
    """One's own work, and what is within the scope of a customer whom one sees."""
    within: ColumnElement[bool] = and_(table.c.owner == "", table.c.team == "")
    if reader.scope(kind) is Scope.ALL:
        within = true()
    elif reader.scope(kind) is Scope.TEAM:
        within = table.c.team.in_(("", *reader.teams))
    seen = or_(table.c.customer_id.is_(None), _of_customer(reader, table.c.customer_id))
    return or_(table.c.owner == reader.login, and_(within, seen))


def _beside(reader: Reader, table: FromClause) -> ColumnElement[bool]:
    """Of a note or file: by its request, if it is of one, else by its customer."""
    about = _as(requests, "about_row")
    by_request = select(1).where(about.c.id == table.c.request, visible(reader, Kind.REQUEST, about))
    return or_(
        and_(table.c.request == "", _of_customer(reader, table.c.customer_id)),
        and_(table.c.request != "", by_request.correlate(table, _MANY).exists()),
    )


def _interaction(reader: Reader, table: FromClause) -> ColumnElement[bool]:
    scope = reader.scope(Kind.INTERACTION)
    if scope is Scope.ALL:
        return true()
    mine = _worked(reader, table, table.c.id)
    if scope is Scope.OWN:
        return mine
    one, each = _as(workers, "one_row"), _as(workers, "each_row")
    my_team, any_team = _as(memberships, "my_team_row"), _as(memberships, "any_team_row")
    with_me = select(1).where(
        one.c.interaction_id == table.c.id, my_team.c.login == one.c.login, my_team.c.team.in_(reader.teams)
    )
    with_anybody = select(1).where(each.c.interaction_id == table.c.id, any_team.c.login == each.c.login)
    return or_(
        mine,
        and_(
            _in_queues(reader, Kind.INTERACTION, table.c.queue),
            or_(with_me.correlate(table).exists(), ~with_anybody.correlate(table).exists()),
        ),
    )


def _recording(reader: Reader, table: FromClause) -> ColumnElement[bool]:
    """One's own is the talk that one had oneself, not every talk of an interaction that one had a part of."""
    scope = reader.scope(Kind.RECORDING)
    if scope is Scope.ALL:
        return true()
    mine = table.c.agent == reader.login
    if scope is Scope.OWN:
        return mine
    return or_(
        mine,
        and_(_in_queues(reader, Kind.RECORDING, table.c.queue), _in_my_teams(reader, table.c.agent)),
    )


def _team_owns(reader: Reader, table: FromClause) -> ColumnElement[bool]:
    """A campaign or list of the reader's own, of one of his teams, or of none."""
    return or_(table.c.owner == reader.login, table.c.team.in_(("", *reader.teams)))


def _lead(reader: Reader, table: FromClause) -> ColumnElement[bool]:
    """One's own: whose owner one is, or whom one was given to call."""
    scope = reader.scope(Kind.LEAD)
    if scope is Scope.ALL:
        return true()
    called = _as(attempts, "called_row")
    given = select(1).where(called.c.lead == table.c.id, called.c.agent == reader.login)
    mine = or_(table.c.owner == reader.login, given.correlate(table, _MANY).exists())
    if scope is Scope.OWN:
        return mine
    of = _as(lists, "list_row")
    within = select(1).where(of.c.id == table.c.list, _team_owns(reader, of))
    return or_(mine, within.correlate(table, _MANY).exists())


def _list(reader: Reader, table: FromClause) -> ColumnElement[bool]:
    """One's own: whose owner one is, or in which one has leads."""
    scope = reader.scope(Kind.LEAD)
    if scope is Scope.ALL:
        return true()
    one = _as(leads, "lead_row")
    # The first says what the second implies, so that the index of leads with an owner is used.
    owned = select(1).where(
        one.c.owner != literal_column("''"), one.c.owner == reader.login, one.c.list == table.c.id
    )
    mine = or_(table.c.owner == reader.login, owned.correlate(table, _MANY).exists())
    return or_(mine, _team_owns(reader, table)) if scope is Scope.TEAM else mine


def _campaign(reader: Reader, table: FromClause) -> ColumnElement[bool]:
    match reader.scope(Kind.LEAD):
        case Scope.ALL:
            return true()
        case Scope.TEAM:
            limit = _in_queues(reader, Kind.LEAD, table.c.queue)
            return or_(table.c.owner == reader.login, and_(limit, _team_owns(reader, table)))
        case Scope.OWN:
            return table.c.owner == reader.login


def _attempt(reader: Reader, table: FromClause) -> ColumnElement[bool]:
    """One's own, and those of campaigns that one sees."""
    scope = reader.scope(Kind.LEAD)
    if scope is Scope.ALL:
        return true()
    of = _as(campaigns, "campaign_row")
    within = select(1).where(of.c.id == table.c.campaign, _campaign(reader, of))
    return or_(table.c.agent == reader.login, within.correlate(table, _MANY).exists())


def _appointment(reader: Reader, table: FromClause) -> ColumnElement[bool]:
    """One's own, and anyone's of the queues that one serves; with the scope `team` one's teams' too."""
    scope = reader.scope(Kind.LEAD)
    if scope is Scope.ALL:
        return true()
    mine = table.c.owner == reader.login
    if reader.serves:
        mine = or_(mine, and_(table.c.owner == "", table.c.queue.in_(sorted(reader.serves))))
    if scope is Scope.OWN:
        return mine
    limit = _in_queues(reader, Kind.LEAD, table.c.queue)
    return or_(mine, and_(limit, table.c.team.in_(("", *reader.teams))))


def _reached(reader: Reader, login: ColumnElement[str]) -> ColumnElement[bool]:
    """As `Reader.reaches` for somebody, as far as teams go."""
    match reader.scope(Kind.INTERACTION):
        case Scope.ALL:
            return true()
        case Scope.TEAM:
            return _in_my_teams(reader, login)
        case Scope.OWN:
            return login == reader.login


def _in_my_teams(reader: Reader, login: ColumnElement[str]) -> ColumnElement[bool]:
    """Somebody is in a team of the reader's, or in none."""
    my_team, any_team = _as(memberships, "my_team_row"), _as(memberships, "any_team_row")
    with_me = select(1).where(my_team.c.login == login, my_team.c.team.in_(reader.teams))
    with_anybody = select(1).where(any_team.c.login == login)
    table = login.table
    return or_(with_me.correlate(table).exists(), ~with_anybody.correlate(table).exists())


def _in_queues(reader: Reader, kind: Kind, column: ColumnElement[str]) -> ColumnElement[bool]:
    limit = reader.limit(kind)
    return column.in_(sorted(limit)) if limit else true()


# --- hidden fields ---


def _hidden_of(reader: Reader, kind: Kind) -> list[str]:
    """The names, without their kind, of the fields of such records that are hidden from him."""
    if not reader.hidden:
        return []
    names = {*reader.hidden, *(part for part in _WITHIN if not reader.hidden.isdisjoint(_wholes(part)))}
    prefix = f"{kind}."
    return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))


def _hidden_of_lead(reader: Reader, record: Any) -> list[str]:
    """Of a call for a campaign the caller is a lead: what of him is hidden there is hidden here."""
    if not reader.hidden or "campaign" not in _fields_of(record) or not _get(record, "campaign"):
        return []
    names = ["caller", "callback"] if reader.hides(Kind.LEAD, "numbers") else []
    return [*names, "caller_name"] if reader.hides(Kind.LEAD, "name") else names


def _fields_of(record: Any) -> set[str]:
    if isinstance(record, dict):
        return set(record)
    if isinstance(record, BaseModel):
        return set(type(record).model_fields)
    if is_dataclass(record):
        return {each.name for each in fields(record)}
    raise TypeError(f"not a record: {type(record).__name__}")


def _get(record: Any, name: str) -> Any:
    return record[name] if isinstance(record, dict) else getattr(record, name)


def _blank(value: Any) -> Any:
    """What stands for a value that is not told, of the same type."""
    match value:
        case bool():
            return False
        case str() | tuple() | list() | dict() | frozenset():
            return type(value)()
        case _:
            return None


def _replaced(record: T, values: dict[str, Any]) -> T:
    if isinstance(record, dict):
        return cast(T, record | values)
    if isinstance(record, BaseModel):
        return cast(T, record.model_copy(update=values))
    return cast(T, replace(cast(Any, record), **values))
