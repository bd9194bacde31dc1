"""Follow-ups: what somebody is to do later, about a customer or not: until when, and when to be reminded.

One that recurs makes the next one when it is done; dropping it ends the series. A reminder stands from
`remind_at` on, over restarts, until somebody puts it away or the follow-up is done: `http/reminders.py` shows
it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import tzinfo
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from contactcenter.crm import access, links, ownerships, paging, records, recurrence, roots
from contactcenter.crm.access import CENTER, Kind, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.recurrence import Recurrence
from contactcenter.crm.schema import customers, followups, requests, root_of_row
from contactcenter.crm.text import entered
from contactcenter.values import frozen
from contactcenter.views import ReminderView


class FollowupState(StrEnum):
    """What became of a follow-up."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


TRANSITIONS: Mapping[FollowupState, frozenset[FollowupState]] = {
    FollowupState.OPEN: frozenset({FollowupState.DONE, FollowupState.DROPPED}),
    FollowupState.DONE: frozenset(),
    FollowupState.DROPPED: frozenset({FollowupState.OPEN}),
}
"""What may follow what. One that is done stays so: the next of its series is there already."""
NOBODY = "-"
"""The owner, or team, of follow-ups that have none, in filters."""
REMINDED_S = 30 * 86_400.0
"""A reminder that nobody put away for so long is shown no more."""
_CAPS = {"title": 200, "note": 4000, "result": 4000}
_SORTS: Mapping[str, tuple[ColumnElement[Any], bool]] = {
    "due": (followups.c.due_at, False),
    "updated": (followups.c.updated_at, True),
}


@frozen
class Cycle:
    """How a follow-up is to come again, as it is entered."""

    every: int
    unit: str
    until: float | None = None


@frozen
class NewFollowup:
    """What is needed to plan a follow-up. Everything is checked when it is stored."""

    title: str
    due_at: float
    note: str = ""
    remind_at: float | None = None
    """None: no reminder."""
    recurrence: Cycle | None = None
    customer: str = ""
    request: str = ""
    """Its customer is the follow-up's, too."""
    interaction: str = ""
    """From which it is planned: whoever plans it has that one, or sees it."""
    owner: str | None = None
    """None: who plans it."""
    team: str | None = None
    """None: the first team of who plans it."""


@frozen
class FollowupChange:
    """What to change; None leaves it as it is."""

    state: FollowupState | None = None
    result: str | None = None
    """What came of it."""
    title: str | None = None
    note: str | None = None
    due_at: float | None = None
    remind_at: float | None = None
    no_reminder: bool = False
    recurrence: Cycle | None = None
    once: bool = False
    """It comes no more after this time."""
    owner: str | None = None
    team: str | None = None


@frozen
class Followup:
    """A follow-up as pages and programs get it."""

    id: str
    customer: str
    """Of today; empty: of no customer."""
    customer_name: str
    request: str
    interaction: str
    title: str
    note: str
    state: FollowupState
    owner: str
    team: str
    due_at: float
    remind_at: float | None
    """None: no reminder, or it was put away."""
    recurrence: Recurrence | None
    series: str
    """The id of the first of those that followed from each other; empty: it stands alone."""
    result: str
    version: int
    created_at: float
    created_by: str
    updated_at: float
    done_at: float | None
    done_by: str


@frozen
class Filter:
    """Which follow-ups; what is empty asks for nothing."""

    states: tuple[FollowupState, ...] = ()
    customer: str = ""
    request: str = ""
    owner: str = ""
    team: str = ""
    series: str = ""
    due_before: float | None = None
    due_from: float | None = None


# --- reading ---


def get(db: Connection, followup: str, reader: Reader = CENTER) -> Followup | None:
    """One follow-up, or None when there is none that the reader sees."""
    seen = access.visible(reader, Kind.FOLLOWUP)
    row = db.execute(select(followups).where(followups.c.id == followup, seen)).one_or_none()
    return _followups(db, [row], reader)[0] if row else None


def page(
    db: Connection,
    reader: Reader,
    filter_: Filter | None = None,
    *,
    sort: str = "due",
    cursor: str = "",
    limit: int = 50,
) -> Page[Followup]:
    """Follow-ups by `due` (the first due first) or `updated` (the newest first). Raises `Refusal` for an
    unknown sort, a foreign cursor, a limit below 1."""
    if sort not in _SORTS:
        raise Refusal(f"sort by one of {', '.join(_SORTS)}", field="sort")
    key, down = _SORTS[sort]
    query = select(followups, key.label("sorted_by")).where(*_where(db, reader, filter_ or Filter()))
    rows = db.execute(paging.after(query, key, followups.c.id, cursor=cursor, limit=limit, down=down)).all()
    shown = rows[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].sorted_by, shown[-1].id) if len(rows) > len(shown) else ""
    return Page(items=_followups(db, shown, reader), next=more)


def check_visible(db: Connection, followup: str, reader: Reader) -> Row[Any]:
    """The follow-up's row, if the reader sees it. Raises `Refusal` `not_found`."""
    seen = access.visible(reader, Kind.FOLLOWUP)
    row = db.execute(select(followups).where(followups.c.id == followup, seen)).one_or_none()
    if row is None:
        raise Refusal("there is no such follow-up", code="not_found")
    return row


def reminders(
    db: Connection, *, at: float
) -> tuple[tuple[ReminderView, ...], dict[str, tuple[str, str]], float | None]:
    """The reminders that stand at this moment; of those that are nobody's own, by their ids, owner and team
    of the customers whom they are about; and when the next one comes, None: none is to come."""
    waiting = followups.c.state == FollowupState.OPEN.value
    due = select(followups).where(
        waiting, followups.c.remind_at <= at, followups.c.remind_at > at - REMINDED_S
    )
    rows = db.execute(due.order_by(followups.c.remind_at, followups.c.id)).all()
    views = tuple(
        ReminderView(
            id=row.id, title=row.title, customer=row.customer_id or "", request=row.request,
            owner=row.owner or ("" if row.team else row.created_by), team=row.team, due_at=row.due_at,
            remind_at=row.remind_at,
        )
        for row in rows
    )  # fmt: skip
    held, root = customers.alias(), customers.alias()
    nobody_s = {row.id: row.customer_id for row in rows if row.customer_id and not row.owner}
    about = (
        select(held.c.id, root.c.owner, root.c.team)
        .join(root, root.c.id == root_of_row(held))
        .where(held.c.id.in_(set(nobody_s.values())))
    )
    whose = {row.id: (row.owner, row.team) for row in db.execute(about)}
    coming = select(func.min(followups.c.remind_at)).where(waiting, followups.c.remind_at > at)
    return views, {id_: whose[customer] for id_, customer in nobody_s.items()}, db.scalar(coming)


# --- writing ---


def create(db: Connection, new: NewFollowup, *, reader: Reader = CENTER, at: float, zone: tzinfo) -> Followup:
    """Plan a follow-up. Raises `Refusal` naming the wrong field."""
    customer, request = _about(db, new, reader)
    owner = reader.login if new.owner is None else new.owner
    team = reader.home if new.team is None else new.team
    ownerships.check(db, owner if new.owner is not None else "", team if new.team is not None else "")
    id_ = uuid4().hex
    row: dict[str, Any] = {
        "id": id_, "customer_id": customer, "request": request,
        "interaction": entered(new.interaction, "interaction", 64), "title": _title(new.title),
        "note": entered(new.note, "note", _CAPS["note"]), "state": FollowupState.OPEN.value, "owner": owner,
        "team": team, "due_at": new.due_at, "remind_at": _reminder(new.remind_at, new.due_at),
        "recurrence": recurrence.stored(_cycle(new.recurrence, new.due_at, new.remind_at, zone)),
        "series": id_ if new.recurrence else "", "created_by": reader.login,
    }  # fmt: skip
    _insert(db, row, by=reader.login, at=at)
    if new.interaction:
        links.keep(db, row["interaction"], "followup", id_, by=reader.login, at=at)
    return _written(db, id_, reader)


def change(
    db: Connection,
    followup: str,
    to: FollowupChange,
    *,
    reader: Reader = CENTER,
    at: float,
    zone: tzinfo,
    expected: int | None = None,
) -> Followup:
    """Change a follow-up; one that is done and recurs makes the next one. Raises `Refusal`: `not_found`,
    `illegal_now`, or the wrong field; `ChangedMeanwhile`."""
    before = check_visible(db, followup, reader)
    records.expect(before.version, expected)
    state = FollowupState(before.state)
    after = to.state or state
    if after is not state and after not in TRANSITIONS[state]:
        says = f"the follow-up is {state.value}: {after.value} can't follow"
        raise Refusal(says, code="illegal_now", field="state")
    row = _changes(db, before, to, zone)
    row["state"] = after.value
    if after is not state:
        over = after is not FollowupState.OPEN
        row |= {"done_at": at if over else None, "done_by": reader.login if over else ""}
    now = {**before._mapping, **row}
    was = dict(before._mapping)
    if all(was[name] == now[name] for name in row):
        return _written(db, followup, reader)
    if state is not FollowupState.OPEN and after is state:
        says = f"the follow-up is {state.value}: only an open one is changed"
        raise Refusal(says, code="illegal_now", field="state")
    version = before.version + 1
    db.execute(
        update(followups).where(followups.c.id == followup).values(**row, version=version, updated_at=at)
    )
    records.changed(
        db, "followup", followup, _told(was), _told(now), by=reader.login, at=at, version=version,
        act="change", detail=_detail(db, now),
    )  # fmt: skip
    if after is FollowupState.DONE and state is not after:
        _next(db, now, by=reader.login, at=at, zone=zone)
    return _written(db, followup, reader)


def put_away(db: Connection, followup: str, *, reader: Reader = CENTER, at: float) -> None:
    """Show the reminder no more. Raises `Refusal` `not_found`."""
    before = check_visible(db, followup, reader)
    if before.remind_at is None or before.remind_at > at:
        return
    db.execute(update(followups).where(followups.c.id == followup).values(remind_at=None))
    records.changed(
        db, "followup", followup, {"remind_at": before.remind_at}, {"remind_at": None}, by=reader.login,
        at=at, version=before.version, act="put_away", detail=_detail(db, dict(before._mapping)),
    )  # fmt: skip


def link(db: Connection, followup: str, interaction: str, *, reader: Reader = CENTER, at: float) -> None:
    """Let an interaction belong to a follow-up; twice is as good as once. Raises `Refusal` `not_found`."""
    row = check_visible(db, followup, reader)
    links.check_interaction(db, interaction, reader)
    if links.keep(db, interaction, "followup", followup, by=reader.login, at=at):
        _keep_link(db, row, "linked", interaction, reader.login, at)


def unlink(db: Connection, followup: str, interaction: str, *, reader: Reader = CENTER, at: float) -> None:
    """Take it apart again. Raises `Refusal` `not_found`."""
    row = check_visible(db, followup, reader)
    links.drop(db, interaction, "followup", followup)
    _keep_link(db, row, "unlinked", interaction, reader.login, at)


def _keep_link(db: Connection, row: Row[Any], act: str, interaction: str, by: str, at: float) -> None:
    records.changed(
        db, "followup", row.id, None, {"interaction": interaction}, by=by, at=at, version=row.version,
        act=act, detail=_detail(db, dict(row._mapping)),
    )  # fmt: skip


# --- parts ---


def _next(db: Connection, done: Mapping[str, Any], *, by: str, at: float, zone: tzinfo) -> None:
    """The next one of the series, with the same distance from its reminder."""
    cycle = recurrence.read(done["recurrence"])
    due_at = recurrence.following(cycle, done["due_at"], zone, after=at) if cycle else None
    if cycle is None or due_at is None:
        return
    row = {
        **{name: done[name] for name in (
            "customer_id", "request", "interaction", "title", "note", "owner", "team", "recurrence", "series",
            "created_by",
        )},
        "id": uuid4().hex, "state": FollowupState.OPEN.value, "due_at": due_at,
        "remind_at": None if cycle.lead_s is None else due_at - cycle.lead_s,
    }  # fmt: skip
    _insert(db, row, by=by, at=at)


def _insert(db: Connection, row: dict[str, Any], *, by: str, at: float) -> None:
    row |= {
        "result": "", "version": 1, "created_at": at, "updated_at": at, "done_at": None, "done_by": "",
    }  # fmt: skip
    db.execute(insert(followups).values(row))
    records.changed(db, "followup", row["id"], None, _told(row), by=by, at=at, detail=_detail(db, row))


def _changes(db: Connection, before: Row[Any], to: FollowupChange, zone: tzinfo) -> dict[str, Any]:
    """The columns that a change gives, its state apart."""
    row: dict[str, Any] = {
        name: entered(value, name, _CAPS[name])
        for name in ("note", "result")
        if (value := getattr(to, name)) is not None
    }
    if to.title is not None:
        row["title"] = _title(to.title)
    due_at = before.due_at if to.due_at is None else to.due_at
    remind_at = before.remind_at
    if to.no_reminder and to.remind_at is not None:
        raise Refusal("give a time or none", field="remind_at")
    if to.no_reminder or to.remind_at is not None:
        remind_at = to.remind_at
    elif remind_at is not None:
        remind_at += due_at - before.due_at  # what is put off is put off with its reminder
    row |= {"due_at": due_at, "remind_at": _reminder(remind_at, due_at)}
    if to.once and to.recurrence:
        raise Refusal("give a recurrence or none", field="recurrence")
    if to.once:
        row["recurrence"] = None
    elif to.recurrence:
        row["recurrence"] = recurrence.stored(_cycle(to.recurrence, due_at, remind_at, zone))
        row["series"] = before.series or before.id
    elif (cycle := recurrence.read(before.recurrence)) and (due_at, remind_at) != (
        before.due_at, before.remind_at,
    ):  # fmt: skip
        # Those that follow go by the time that this one was moved to.
        same = Cycle(every=cycle.every, unit=cycle.unit, until=cycle.until)
        row["recurrence"] = recurrence.stored(_cycle(same, due_at, remind_at, zone))
    if to.owner is not None or to.team is not None:
        row["owner"] = before.owner if to.owner is None else to.owner
        row["team"] = before.team if to.team is None else to.team
        ownerships.check(db, to.owner or "", to.team or "")
    return row


def _about(db: Connection, new: NewFollowup, reader: Reader) -> tuple[str | None, str]:
    """Customer and request of a new follow-up."""
    root: str | None = None
    if new.customer:
        try:
            root = roots.check_visible(db, new.customer, reader)
        except Refusal as error:
            raise Refusal(str(error), field="customer") from None
    if not new.request:
        return root, ""
    seen = access.visible(reader, Kind.REQUEST)
    row = db.execute(select(requests).where(requests.c.id == new.request, seen)).one_or_none()
    if row is None:
        raise Refusal("there is no such request", field="request")
    of = roots.root_of(db, row.customer_id)
    if root not in (None, of):
        raise Refusal("this request is of another customer", field="request")
    return of, new.request


def _where(db: Connection, reader: Reader, filter_: Filter) -> list[ColumnElement[bool]]:
    found = [access.visible(reader, Kind.FOLLOWUP)]
    if filter_.states:
        found.append(followups.c.state.in_([state.value for state in filter_.states]))
    for name in ("request", "series"):
        if value := getattr(filter_, name):
            found.append(followups.c[name] == value)
    for name in ("owner", "team"):
        if value := getattr(filter_, name):
            found.append(followups.c[name] == ("" if value == NOBODY else value))
    if filter_.customer:
        root = roots.root_of(db, filter_.customer)
        found.append(followups.c.customer_id.in_(roots.family(db, root) if root else ()))
    if filter_.due_before is not None:
        found.append(followups.c.due_at < filter_.due_before)
    if filter_.due_from is not None:
        found.append(followups.c.due_at >= filter_.due_from)
    return found


def _title(title: str) -> str:
    title = entered(title, "title", _CAPS["title"])
    if not title:
        raise Refusal("say what is to be done", field="title")
    return title


def _reminder(remind_at: float | None, due_at: float) -> float | None:
    if remind_at is not None and remind_at > due_at:
        raise Refusal("must not be after it is due", field="remind_at")
    return remind_at


def _cycle(cycle: Cycle | None, due_at: float, remind_at: float | None, zone: tzinfo) -> Recurrence | None:
    if cycle is None:
        return None
    return recurrence.begun(
        cycle.every, cycle.unit, cycle.until, due_at=due_at, remind_at=remind_at, zone=zone
    )


def _written(db: Connection, followup: str, reader: Reader) -> Followup:
    """The follow-up that the reader has just written, though he may have given it out of his own sight."""
    row = db.execute(select(followups).where(followups.c.id == followup)).one()
    return _followups(db, [row], reader)[0]


def _followups(db: Connection, rows: Sequence[Row[Any]], reader: Reader) -> tuple[Followup, ...]:
    named = roots.named(db, {row.customer_id for row in rows if row.customer_id}, reader)
    names = [each.name for each in fields(Followup)]
    found = []
    for row in rows:
        customer, name = named.get(row.customer_id, ("", ""))
        given = {each: row._mapping[each] for each in names if each in row._mapping}
        given |= {"customer": customer, "customer_name": name, "state": FollowupState(row.state)}
        found.append(Followup(**given | {"recurrence": recurrence.read(row.recurrence)}))
    return tuple(found)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("title", "note", "state", "owner", "team", "due_at", "remind_at", "recurrence", "result")
    return {name: row[name] for name in names}


def _detail(db: Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    """For whoever is told: whose it is about."""
    customer = row["customer_id"]
    return {"customer": roots.root_of(db, customer) if customer else "", "request": row["request"]}
