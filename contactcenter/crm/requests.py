"""Requests: what a customer wants of us, from the first word to the solution, with everything that was done.

The row says what a request is now, its *course* (`request_steps`) how it came to be so: each change adds one
step and takes none away. Which state may follow which says `TRANSITIONS`, and nothing else does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field, fields, replace
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from contactcenter.crm import access, custom, indexing, links, ownerships, paging, records, roots, settings
from contactcenter.crm import fields as definitions
from contactcenter.crm.access import CENTER, Kind, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.records import Change
from contactcenter.crm.schema import attachments, followups, notes, request_steps, requests
from contactcenter.crm.text import entered
from contactcenter.values import OpenRequest, frozen


class RequestState(StrEnum):
    """How far a request is."""

    NEW = "new"
    """Nobody has begun with it."""
    OPEN = "open"
    WAITING_CUSTOMER = "waiting_customer"
    WAITING_INTERNAL = "waiting_internal"
    """For somebody else of ours, or a supplier."""
    SOLVED = "solved"
    CLOSED = "closed"


class RequestTrigger(StrEnum):
    """What moves a request."""

    WORK = "work"
    WAIT_FOR_CUSTOMER = "wait for the customer"
    WAIT_INTERNALLY = "wait internally"
    SOLVE = "solve"
    CLOSE = "close"
    REOPEN = "reopen"


_AT_WORK: Mapping[RequestTrigger, RequestState] = {
    RequestTrigger.WORK: RequestState.OPEN,
    RequestTrigger.WAIT_FOR_CUSTOMER: RequestState.WAITING_CUSTOMER,
    RequestTrigger.WAIT_INTERNALLY: RequestState.WAITING_INTERNAL,
    RequestTrigger.SOLVE: RequestState.SOLVED,
    RequestTrigger.CLOSE: RequestState.CLOSED,
}


def _from(state: RequestState) -> Mapping[RequestTrigger, RequestState]:
    return {trigger: to for trigger, to in _AT_WORK.items() if to is not state}


TRANSITIONS: Mapping[RequestState, Mapping[RequestTrigger, RequestState]] = {
    RequestState.NEW: _from(RequestState.NEW),
    RequestState.OPEN: _from(RequestState.OPEN),
    RequestState.WAITING_CUSTOMER: _from(RequestState.WAITING_CUSTOMER),
    RequestState.WAITING_INTERNAL: _from(RequestState.WAITING_INTERNAL),
    RequestState.SOLVED: {
        RequestTrigger.CLOSE: RequestState.CLOSED,
        RequestTrigger.REOPEN: RequestState.OPEN,
    },
    RequestState.CLOSED: {RequestTrigger.REOPEN: RequestState.OPEN},
}

DONE = (RequestState.SOLVED, RequestState.CLOSED)
"""Nothing is left to do."""
PRIORITIES = {1: "low", 2: "normal", 3: "high", 4: "urgent"}
NOBODY = "-"
"""The owner, or team, of requests that have none, in filters."""
ON_CARD = 5
"""So many open requests of a customer go with the screen pop."""
_CAPS = {"subject": 200, "problem": 20_000, "solution": 20_000, "kind": 64, "queue": 64, "language": 8}
_PROGRESS = 20_000
_FAR = 1e11
"""Stands for no due time in the order by due time: those come last."""
_SORTS: Mapping[str, tuple[ColumnElement[Any], bool]] = {
    "updated": (requests.c.updated_at, True),
    "opened": (requests.c.opened_at, True),
    "due": (func.coalesce(requests.c.due_at, _FAR), False),
    "number": (requests.c.number, True),
}
"""Name -> what is sorted by, and whether from high to low."""


@frozen
class NewRequest:
    """What is needed to open a request. Everything is checked when it is stored."""

    customer: str
    subject: str
    problem: str = ""
    kind: str = ""
    priority: int = 2
    owner: str | None = None
    """None: who opens it."""
    team: str | None = None
    """None: the first team of who opens it."""
    queue: str = ""
    language: str = ""
    due_at: float | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)
    interaction: str = ""
    """From which it is opened: whoever opens it has that one, or sees it."""


@frozen
class RequestChange:
    """What to change; None leaves it as it is."""

    state: RequestState | None = None
    customer: str | None = None
    subject: str | None = None
    problem: str | None = None
    solution: str | None = None
    kind: str | None = None
    priority: int | None = None
    owner: str | None = None
    team: str | None = None
    queue: str | None = None
    due_at: float | None = None
    no_due: bool = False
    """It is due at no time any more."""
    custom: Mapping[str, Any] | None = None


@frozen
class Request:
    """A request as pages and programs get it."""

    id: str
    number: str
    """For people: 2026-000123."""
    customer: str
    """Of today."""
    customer_name: str
    """Empty for who sees the request as its owner and not the customer."""
    interaction: str
    """From which it was opened."""
    kind: str
    subject: str
    problem: str
    solution: str
    state: RequestState
    possible: tuple[RequestState, ...]
    """The states that may follow."""
    priority: int
    owner: str
    team: str
    queue: str
    language: str
    due_at: float | None
    custom: dict[str, Any]
    hidden: tuple[str, ...]
    version: int
    opened_at: float
    opened_by: str
    updated_at: float
    solved_at: float | None
    closed_at: float | None


@frozen
class RequestStep:
    """One thing that happened to a request."""

    seq: int
    at: float
    login: str
    kind: str
    """opened, state, changed, progress, linked, unlinked."""
    detail: dict[str, Any]


@frozen
class Filter:
    """Which requests; what is empty asks for nothing."""

    states: tuple[RequestState, ...] = ()
    kind: str = ""
    customer: str = ""
    owner: str = ""
    """`NOBODY`: of no owner."""
    team: str = ""
    queue: str = ""
    priority: int | None = None
    number: str = ""
    """How it begins."""
    due_before: float | None = None


# --- reading ---


def get(db: Connection, request: str, reader: Reader = CENTER) -> Request | None:
    """One request, or None when there is none that the reader sees."""
    seen = access.visible(reader, Kind.REQUEST)
    row = db.execute(select(requests).where(requests.c.id == request, seen)).one_or_none()
    return _requests(db, [row], reader, whole=True)[0] if row else None


def page(
    db: Connection,
    reader: Reader,
    filter_: Filter | None = None,
    *,
    sort: str = "updated",
    cursor: str = "",
    limit: int = 50,
) -> Page[Request]:
    """Requests by `updated` or `opened` (the newest first), `due` (the first due first, then those that are
    not), `number` (the last first). Raises `Refusal` for an unknown sort, a foreign cursor, a limit below 1.
    """
    if sort not in _SORTS:
        raise Refusal(f"sort by one of {', '.join(_SORTS)}", field="sort")
    key, down = _SORTS[sort]
    query = select(requests, key.label("sorted_by")).where(*_where(db, reader, filter_ or Filter()))
    rows = db.execute(paging.after(query, key, requests.c.id, cursor=cursor, limit=limit, down=down)).all()
    shown = rows[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].sorted_by, shown[-1].id) if len(rows) > len(shown) else ""
    return Page(items=_requests(db, shown, reader, whole=False), next=more)


def counts(db: Connection, reader: Reader, filter_: Filter | None = None) -> dict[RequestState, int]:
    """How many of these requests are in which state."""
    query = select(requests.c.state, func.count()).where(*_where(db, reader, filter_ or Filter()))
    found = {row[0]: row[1] for row in db.execute(query.group_by(requests.c.state))}
    return {state: found.get(state.value, 0) for state in RequestState}


def open_of(db: Connection, families: Mapping[str, Sequence[str]]) -> dict[str, tuple[OpenRequest, ...]]:
    """The open requests of each of these customers, by the ids of all their rows: the most urgent first,
    `ON_CARD` at most."""
    root_of = {member: root for root, members in families.items() for member in members}
    query = (
        select(requests)
        .where(requests.c.customer_id.in_(root_of), requests.c.state.not_in(DONE))
        .order_by(requests.c.priority.desc(), requests.c.opened_at.desc(), requests.c.id)
    )
    found: dict[str, list[OpenRequest]] = {root: [] for root in families}
    for row in db.execute(query) if root_of else ():
        of_customer = found[root_of[row.customer_id]]
        if len(of_customer) < ON_CARD:
            of_customer.append(
                OpenRequest(
                    id=row.id, number=row.number, subject=row.subject, state=row.state,
                    priority=row.priority, due_at=row.due_at, owner=row.owner, team=row.team,
                )
            )  # fmt: skip
    return {root: tuple(some) for root, some in found.items()}


def steps(
    db: Connection, request: str, reader: Reader, *, cursor: str = "", limit: int = 50
) -> Page[RequestStep]:
    """The request's course, the newest first. Raises `Refusal` `not_found`."""
    check_visible(db, request, reader)
    # Numbered without gaps, so a step's number is its place.
    query = select(request_steps).where(request_steps.c.request_id == request)
    if cursor:
        if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
            raise Refusal("not a cursor of this list", field="cursor")
        query = query.where(request_steps.c.seq < int(cursor))
    rows = db.execute(query.order_by(request_steps.c.seq.desc()).limit(paging.bounded(limit) + 1)).all()
    shown = rows[: paging.bounded(limit)]
    more = str(shown[-1].seq) if len(rows) > len(shown) else ""
    return Page(items=tuple(_step(row, reader) for row in shown), next=more)


def check_visible(db: Connection, request: str, reader: Reader) -> Row[Any]:
    """The request's row, if the reader sees it. Raises `Refusal` `not_found`."""
    seen = access.visible(reader, Kind.REQUEST)
    row = db.execute(select(requests).where(requests.c.id == request, seen)).one_or_none()
    if row is None:
        raise Refusal("there is no such request", code="not_found")
    return row


# --- writing ---


def create(db: Connection, new: NewRequest, *, reader: Reader = CENTER, at: float, zone: tzinfo) -> Request:
    """Open a request; its number is of the year that it is in `zone`. Raises `Refusal`."""
    given = [each.name for each in fields(new) if getattr(new, each.name) not in (None, "", {})]
    access.check_shown(reader, Kind.REQUEST, [*given, *(f"custom.{name}" for name in new.custom)])
    root = _customer(db, new.customer, reader)
    id_ = uuid4().hex
    owner = reader.login if new.owner is None else new.owner
    team = reader.home if new.team is None else new.team
    ownerships.check(db, owner if new.owner is not None else "", team if new.team is not None else "")
    values = custom.enter(db, "request", id_, new.custom)
    row: dict[str, Any] = {
        "id": id_, "number": _number(db, at, zone), "customer_id": root,
        "interaction": entered(new.interaction, "interaction", 64), "state": RequestState.NEW.value,
        **{name: entered(getattr(new, name), name, _CAPS[name])
           for name in ("kind", "problem", "queue", "language")},
        "subject": _subject(new.subject), "solution": "", "priority": _priority(new.priority),
        "owner": owner, "team": team, "due_at": new.due_at, "custom": values.stored, "version": 1,
        "opened_at": at, "opened_by": reader.login, "updated_at": at, "solved_at": None, "closed_at": None,
    }  # fmt: skip
    db.execute(insert(requests).values(row))
    custom.mirror(db, "request", id_, values)
    ownerships.note(db, "request", (id_,), owner, team, by=reader.login, at=at)
    _add_step(db, id_, "opened", {"interaction": row["interaction"]}, by=reader.login, at=at)
    if row["interaction"]:
        links.keep(db, row["interaction"], "request", id_, by=reader.login, at=at)
    told = _told(db, row)
    records.changed(db, "request", id_, None, told, by=reader.login, at=at, detail={"customer": root})
    return _written(db, id_, reader)


def change(
    db: Connection,
    request: str,
    to: RequestChange,
    *,
    reader: Reader = CENTER,
    at: float,
    expected: int | None = None,
) -> Request:
    """Change a request. Raises `Refusal`: `not_found`, `illegal_now` for a state that can't follow, or for a
    change of a closed request; the wrong field. `ChangedMeanwhile`."""
    before = check_visible(db, request, reader)
    records.expect(before.version, expected)
    state = _next_state(before, to)
    row = _changes(db, before, to, reader)
    if state.value != before.state:
        row |= {
            "state": state.value,
            "solved_at": at if state is RequestState.SOLVED else before.solved_at,
            "closed_at": at if state is RequestState.CLOSED else before.closed_at,
        }
        if before.state in DONE and state not in DONE:
            row |= {"solved_at": None, "closed_at": None}
    if state is RequestState.SOLVED and not row.get("solution", before.solution):
        raise Refusal("say how it was solved", field="solution")
    was, now = _told(db, dict(before._mapping)), _told(db, {**before._mapping, **row})
    if was == now and row.get("custom", before.custom) == before.custom:
        return _written(db, request, reader)
    if before.state == RequestState.CLOSED and state is RequestState.CLOSED:
        says = f"request {before.number} is closed: reopen it first"
        raise Refusal(says, code="illegal_now", field="state")
    version = before.version + 1
    db.execute(update(requests).where(requests.c.id == request).values(**row, version=version, updated_at=at))
    if (now["owner"], now["team"]) != (was["owner"], was["team"]):
        ownerships.note(db, "request", (request,), now["owner"], now["team"], by=reader.login, at=at)
    _keep_course(db, request, was, now, by=reader.login, at=at)
    root = roots.root_of(db, row.get("customer_id", before.customer_id))
    if now["customer"] != was["customer"]:
        _take_along(db, request, now["customer"], by=reader.login, at=at)
    records.changed(
        db, "request", request, was, now, by=reader.login, at=at, version=version, act="change",
        detail={"customer": root},
    )  # fmt: skip
    if now["customer"] != was["customer"]:
        indexing.index(db, "customer", (was["customer"],))  # the other one is by what is told
    return _written(db, request, reader)


def add_progress(
    db: Connection, request: str, text: str, *, reader: Reader = CENTER, at: float
) -> RequestStep:
    """Write down what was done, or heard. Raises `Refusal`: `not_found`, `too_long`."""
    row = check_visible(db, request, reader)
    text = entered(text, "text", _PROGRESS)
    if not text:
        raise Refusal("say what was done", field="text")
    seq = _add_step(db, request, "progress", {"text": text}, by=reader.login, at=at)
    db.execute(update(requests).where(requests.c.id == request).values(updated_at=at))
    records.changed(
        db, "request", request, None, {"text": text}, by=reader.login, at=at, version=row.version,
        act="progress", detail={"customer": roots.root_of(db, row.customer_id)},
    )  # fmt: skip
    return RequestStep(seq=seq, at=at, login=reader.login, kind="progress", detail={"text": text})


def link(db: Connection, request: str, interaction: str, *, reader: Reader = CENTER, at: float) -> None:
    """Let an interaction belong to a request; twice is as good as once. Raises `Refusal` `not_found`."""
    row = check_visible(db, request, reader)
    links.check_interaction(db, interaction, reader)
    if links.keep(db, interaction, "request", request, by=reader.login, at=at):
        _keep_link(db, row, "linked", interaction, reader.login, at)


def unlink(db: Connection, request: str, interaction: str, *, reader: Reader = CENTER, at: float) -> None:
    """Take it apart again. Raises `Refusal` `not_found`."""
    row = check_visible(db, request, reader)
    links.drop(db, interaction, "request", request)
    _keep_link(db, row, "unlinked", interaction, reader.login, at)


def _keep_link(db: Connection, row: Row[Any], act: str, interaction: str, by: str, at: float) -> None:
    _add_step(db, row.id, act, {"interaction": interaction}, by=by, at=at)
    records.changed(
        db, "request", row.id, None, {"interaction": interaction}, by=by, at=at, version=row.version, act=act,
        detail={"customer": roots.root_of(db, row.customer_id)},
    )  # fmt: skip


# --- parts ---


def _where(db: Connection, reader: Reader, filter_: Filter) -> list[ColumnElement[bool]]:
    found = [access.visible(reader, Kind.REQUEST)]
    if filter_.states:
        found.append(requests.c.state.in_([state.value for state in filter_.states]))
    for name in ("kind", "queue"):
        if value := getattr(filter_, name):
            found.append(requests.c[name] == value)
    for name in ("owner", "team"):
        if value := getattr(filter_, name):
            found.append(requests.c[name] == ("" if value == NOBODY else value))
    if filter_.customer:
        root = roots.root_of(db, filter_.customer)
        found.append(requests.c.customer_id.in_(roots.family(db, root) if root else ()))
    if filter_.priority is not None:
        found.append(requests.c.priority == filter_.priority)
    if filter_.number:
        found.append(requests.c.number.startswith(filter_.number, autoescape=True))
    if filter_.due_before is not None:
        found.append(requests.c.due_at < filter_.due_before)
    return found


_ALONG = {"note": notes, "attachment": attachments, "followup": followups}


def _take_along(db: Connection, request: str, customer: str, *, by: str, at: float) -> None:
    """What hangs on a request that is another customer's now goes with it, whoever sees it."""
    for kind, table in _ALONG.items():
        behind = (table.c.request == request, table.c.customer_id != customer)
        rows = db.execute(select(table).where(*behind)).all()
        if not rows:
            continue
        values: dict[str, Any] = {"customer_id": customer}
        if "version" in table.c:
            values["version"] = table.c.version + 1
        db.execute(update(table).where(*behind).values(values))
        told = (
            Change(
                kind=kind, id=row.id, before={"customer": row.customer_id, **_whose(row)},
                after={"customer": customer, **_whose(row)},
                version=row._mapping.get("version", 0) + 1, detail={"customer": customer, "request": request},
            )
            for row in rows
        )  # fmt: skip
        records.changed_all(db, told, by=by, at=at)


def _whose(row: Row[Any]) -> dict[str, str]:
    return {name: row._mapping[name] for name in ("owner", "team") if name in row._mapping}


def _next_state(before: Row[Any], to: RequestChange) -> RequestState:
    """The state after the change. Raises `Refusal` that names those that are possible."""
    state = RequestState(before.state)
    if to.state is None or to.state is state:
        return state
    if to.state not in TRANSITIONS[state].values():
        possible = ", ".join(possible_from(state))
        says = f"request {before.number} is {state.value}: {to.state.value} can't follow; {possible} can"
        raise Refusal(says, code="illegal_now", field="state")
    return to.state


def possible_from(state: RequestState) -> tuple[RequestState, ...]:
    """The states that may follow this one."""
    return tuple(TRANSITIONS[state].values())


def _changes(db: Connection, before: Row[Any], to: RequestChange, reader: Reader) -> dict[str, Any]:
    """The columns that a change gives, its state apart."""
    names = ("subject", "problem", "solution", "kind", "queue")
    given = [each.name for each in fields(to) if getattr(to, each.name) not in (None, False)]
    access.check_shown(reader, Kind.REQUEST, [*given, *(f"custom.{name}" for name in to.custom or {})])
    row: dict[str, Any] = {
        name: entered(value, name, _CAPS[name]) for name in names if (value := getattr(to, name)) is not None
    }
    if to.subject is not None:
        row["subject"] = _subject(to.subject)
    if to.priority is not None:
        row["priority"] = _priority(to.priority)
    if to.customer is not None:
        row["customer_id"] = _customer(db, to.customer, reader)
    if to.no_due and to.due_at is not None:
        raise Refusal("give a time or none", field="due_at")
    if to.no_due or to.due_at is not None:
        row["due_at"] = to.due_at
    if to.owner is not None or to.team is not None:
        row["owner"] = before.owner if to.owner is None else to.owner
        row["team"] = before.team if to.team is None else to.team
        ownerships.check(db, to.owner or "", to.team or "")
    if to.custom is not None:
        values = custom.enter(db, "request", before.id, to.custom, before=before.custom)
        row["custom"] = values.stored
        custom.mirror(db, "request", before.id, values)
    return row


def _keep_course(
    db: Connection, request: str, was: Mapping[str, Any], now: Mapping[str, Any], *, by: str, at: float
) -> None:
    names = [name for name in now if was[name] != now[name] and name != "state"]
    if names:
        detail = {"before": {name: was[name] for name in names}, "after": {name: now[name] for name in names}}
        _add_step(db, request, "changed", detail, by=by, at=at)
    if was["state"] != now["state"]:
        _add_step(db, request, "state", {"from": was["state"], "to": now["state"]}, by=by, at=at)


def _add_step(
    db: Connection, request: str, kind: str, detail: Mapping[str, Any], *, by: str, at: float
) -> int:
    last = db.scalar(select(func.max(request_steps.c.seq)).where(request_steps.c.request_id == request))
    seq = 0 if last is None else last + 1
    db.execute(
        insert(request_steps).values(
            request_id=request, seq=seq, at=at, login=by, kind=kind, detail=dict(detail)
        )
    )
    return seq


def _number(db: Connection, at: float, zone: tzinfo) -> str:
    """The next number of the year; from a counter, so that none is ever given twice."""
    year = datetime.fromtimestamp(at, zone).year
    following = int(settings.get(db, f"next_request.{year}", "1"))
    settings.put(db, f"next_request.{year}", str(following + 1))
    return f"{year}-{following:06}"


def _customer(db: Connection, customer: str, reader: Reader) -> str:
    try:
        return roots.check_visible(db, customer, reader)
    except Refusal as error:
        raise Refusal(str(error), field="customer") from None


def _subject(subject: str) -> str:
    subject = entered(subject, "subject", _CAPS["subject"])
    if not subject:
        raise Refusal("a request needs a subject", field="subject")
    return subject


def _priority(priority: int) -> int:
    if priority not in PRIORITIES:
        raise Refusal("from 1 (low) to 4 (urgent)", field="priority")
    return priority


def _written(db: Connection, request: str, reader: Reader) -> Request:
    """The request that the reader has just written, though he may have given it out of his own sight."""
    row = db.execute(select(requests).where(requests.c.id == request)).one()
    return _requests(db, [row], reader, whole=True)[0]


def _requests(
    db: Connection, rows: Sequence[Row[Any]], reader: Reader, *, whole: bool
) -> tuple[Request, ...]:
    named = roots.named(db, {row.customer_id for row in rows}, reader)
    known = definitions.all_of(db, "request")
    found = []
    for row in rows:
        state = RequestState(row.state)
        values, closed = custom.told(db, "request", row.id, row.custom, definitions=known, whole=whole)
        customer, name = named[row.customer_id]
        one = Request(
            id=row.id, number=row.number, customer=customer, customer_name=name, interaction=row.interaction,
            kind=row.kind, subject=row.subject, problem=row.problem, solution=row.solution, state=state,
            possible=possible_from(state), priority=row.priority, owner=row.owner, team=row.team,
            queue=row.queue, language=row.language, due_at=row.due_at, custom=values, hidden=(),
            version=row.version, opened_at=row.opened_at, opened_by=row.opened_by, updated_at=row.updated_at,
            solved_at=row.solved_at, closed_at=row.closed_at,
        )  # fmt: skip
        one = access.shown(reader, Kind.REQUEST, one)
        unreadable = (f"custom.{name}" for name in closed)
        found.append(replace(one, hidden=tuple(sorted({*one.hidden, *unreadable}))))
    return tuple(found)


def _step(row: Row[Any], reader: Reader) -> RequestStep:
    return RequestStep(
        seq=row.seq, at=row.at, login=row.login, kind=row.kind, detail=shown_detail(row.detail, reader)
    )


def shown_detail(detail: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """A step's detail without what is hidden from the reader."""
    return {
        name: access.shown(reader, Kind.REQUEST, value) if name in ("before", "after") else value
        for name, value in detail.items()
    }


def _told(db: Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as the audit log and the course have it, what is sealed masked."""
    values, closed = custom.told(
        db, "request", row["id"], row["custom"], definitions=definitions.all_of(db, "request")
    )
    names = (
        "number", "subject", "problem", "solution", "kind", "state", "priority", "owner", "team", "queue",
        "language", "due_at",
    )  # fmt: skip
    return {
        **{name: row[name] for name in names},
        "customer": row["customer_id"],
        "custom": values | dict.fromkeys(closed, "•"),
    }
