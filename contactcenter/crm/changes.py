"""Changes of agents and queues that can be taken back: by hand (undo), or by the clock (*until*).

A change sets *cells*: an agent's membership of one queue, an agent's level in one skill, one key of a queue's
configuration. Changes lie on each other like layers: what is so is what the newest active change of a cell
says. Undo takes a layer off that nobody has covered since. The clock takes any layer off: what covers it then
remembers what was beneath. So whatever is changed, once all is taken back everything is as it was.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from contactcenter.crm import audit, configurations, paging, roles
from contactcenter.crm import users as user_records
from contactcenter.crm.access import Right
from contactcenter.crm.configurations import Version
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.schema import changes, users
from contactcenter.crm.text import entered
from contactcenter.values import AuditEntry, frozen

ACTIVE, RETURNED, UNDONE = "active", "returned", "undone"
BY_THE_CLOCK = "center"
GONE = "gone"
"""What a cell holds whose agent or queue is no more: no level, no membership and no key's value."""
LONGEST_S = 366 * 86400.0
"""No change returns later than this."""

Check = Callable[[dict[str, Any]], None]
"""Raises `Refusal` for a document that is no configuration."""


@frozen
class Place:
    """Where a cell is."""

    kind: str
    """`agent` or `queue`."""
    name: str
    """The agent's login, or the queue's name."""
    part: str
    """Of an agent `queues` or `skills`; of a queue `rules`."""
    item: str
    """The queue, the skill, or the key."""


@frozen
class Cell:
    """One thing that a change sets. A membership is true or false, a level a number or None."""

    place: Place
    before: Any
    after: Any


@frozen
class Change:
    """One act."""

    id: int
    at: float
    login: str
    comment: str
    until: float | None
    state: str
    """`active`, `returned` (by the clock) or `undone`."""
    ended_at: float | None
    ended_by: str
    cells: tuple[Cell, ...]


@frozen
class Agent:
    """An agent as he is after a change."""

    login: str
    queues: tuple[str, ...]
    skills: dict[str, int]


@frozen
class Done:
    """What an act brought about."""

    change: Change
    agents: tuple[Agent, ...] = ()
    version: Version | None = None
    """The configuration's new version, if queues were changed."""
    left: tuple[Cell, ...] = ()
    """Cells that a return left as they were, because somebody had changed them elsewhere meanwhile."""


# --- reading ---


def get(db: Connection, change: int) -> Change | None:
    """One change, or None."""
    row = db.execute(select(changes).where(changes.c.id == change)).one_or_none()
    return _change(row) if row else None


def page(db: Connection, *, state: str = "", cursor: str = "", limit: int = 50) -> Page[Change]:
    """Changes, the newest first, in one state if given."""
    query = select(changes)
    if state:
        query = query.where(changes.c.state == state)
    query = paging.after(query, changes.c.id, changes.c.state, cursor=cursor, limit=limit, down=True)
    rows = db.execute(query).all()
    shown = rows[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].id, shown[-1].state) if len(rows) > len(shown) else ""
    return Page(items=tuple(map(_change, shown)), next=more)


def passing(db: Connection) -> tuple[Change, ...]:
    """The active changes that return by the clock, in the order of their times."""
    query = select(changes).where(changes.c.state == ACTIVE, changes.c.until.is_not(None))
    return tuple(map(_change, db.execute(query.order_by(changes.c.until, changes.c.id))))


# --- acts ---


def preview(db: Connection, wanted: Mapping[Place, Any], check: Check) -> tuple[Cell, ...]:
    """What `apply` would change. Raises what that raises; changes nothing."""
    return _cells(db, wanted, check)


def apply(
    db: Connection,
    wanted: Mapping[Place, Any],
    check: Check,
    *,
    login: str,
    at: float,
    until: float | None = None,
    comment: str = "",
) -> Done:
    """Set these cells. Raises `Refusal`: `not_found`, `unchanged`, or the wrong field."""
    if until is not None and not at < until <= at + LONGEST_S:
        raise Refusal("a time that is still to come, within a year", field="until")
    cells = _cells(db, wanted, check)
    change = Change(
        id=(db.scalar(select(func.max(changes.c.id))) or 0) + 1,
        at=at,
        login=login,
        comment=entered(comment, "comment", 500),
        until=until,
        state=ACTIVE,
        ended_at=None,
        ended_by="",
        cells=cells,
    )
    db.execute(insert(changes).values(**asdict(change)))
    agents, version = _set(db, {each.place: each.after for each in cells}, check, login, at, change.id)
    _audit(db, "change", change, login, at, {each.place: (each.before, each.after) for each in cells})
    return Done(change=change, agents=agents, version=version)


def undo(db: Connection, change_id: int, check: Check, *, login: str, at: float) -> Done:
    """Take an active change back.

    Raises `Refusal`: `not_found`, `ended`, or `changed_since` when one of its cells is not as it left it.
    """
    change = get(db, change_id)
    if change is None:
        raise Refusal("there is no such change", code="not_found")
    if change.state != ACTIVE:
        by = "returned by the clock" if change.state == RETURNED else f"was undone by {change.ended_by}"
        raise Refusal(f"change {change_id} {by} already", code="ended")
    now = _values(db, [each.place for each in change.cells], gone=GONE)
    above = _above(db, change)
    for cell in change.cells:
        if later := above.get(cell.place):
            raise Refusal(
                f"{_words(cell.place)} was changed again by {later.login} in change {later.id}: "
                "undo that one first",
                code="changed_since",
            )
        if now[cell.place] != cell.after:
            raise Refusal(
                f"{_words(cell.place)} is {_shown(now[cell.place])} by now, not {_shown(cell.after)} as this "
                "change left it: set it by a new change",
                code="changed_since",
            )
    back = {each.place: each.before for each in change.cells}
    agents, version = _set(db, back, check, login, at, change.id)
    ended = _end(db, change, UNDONE, login, at)
    _audit(db, "undo", ended, login, at, {each.place: (each.after, each.before) for each in change.cells})
    return Done(change=ended, agents=agents, version=version)


def finish(db: Connection, change_id: int, check: Check, *, at: float) -> Done | None:
    """Let an active change return because its time is over; None when it is not active any more.

    What a newer change covers stays, and what somebody changed elsewhere stays, too (`Done.left`).
    """
    change = get(db, change_id)
    if change is None or change.state != ACTIVE:
        return None
    now = _values(db, [each.place for each in change.cells], gone=GONE)
    above = _above(db, change)
    back, left = {}, []
    for cell in change.cells:
        if cell.place in above:
            _remember(db, above[cell.place].id, cell)
        elif now[cell.place] == cell.after:
            back[cell.place] = cell
        else:
            left.append(cell)
    try:
        _revised(db, {place: cell.before for place, cell in back.items()}, check)
    except Refusal:  # the configuration has changed so much that the old value would no longer do
        left += [back.pop(place) for place in [*back] if place.kind == "queue"]
    agents, version = _set(
        db, {place: cell.before for place, cell in back.items()}, check, BY_THE_CLOCK, at, change.id
    )
    ended = _end(db, change, RETURNED, BY_THE_CLOCK, at)
    turned = {place: (cell.after, cell.before) for place, cell in back.items()}
    _audit(db, "return", ended, BY_THE_CLOCK, at, turned, left=[_words(cell.place) for cell in left])
    return Done(change=ended, agents=agents, version=version, left=tuple(left))


# --- cells ---


def _cells(db: Connection, wanted: Mapping[Place, Any], check: Check) -> tuple[Cell, ...]:
    now = _values(db, wanted)
    covers = {
        cell.place for change in _active(db) if change.until is not None for cell in change.cells
    }  # a level that is the same as now, but for a while only, is still to be set for good
    cells = tuple(
        Cell(place=place, before=now[place], after=value)
        for place, value in wanted.items()
        if value != now[place] or place in covers
    )
    if not cells:
        raise Refusal("everything is so already", code="unchanged")
    _revised(db, {each.place: each.after for each in cells}, check)
    return cells


def _values(db: Connection, places: Iterable[Place], gone: Any = None) -> dict[Place, Any]:
    """What the cells hold now; `gone` where there is no such agent or queue any more.

    Raises `Refusal` `not_found` for those when `gone` is None.
    """
    places = list(places)
    logins = sorted({place.name for place in places if place.kind == "agent"})
    taking = roles.with_right(db, Right.CALLS_TAKE)
    rows = {
        row.login: row
        for row in db.execute(select(users).where(users.c.login.in_(logins), users.c.role.in_(taking)))
    }
    version = configurations.current(db) if any(place.kind == "queue" for place in places) else None
    queues = version.document["queues"] if version else {}
    found: dict[Place, Any] = {}
    for place in places:
        if place.name not in (queues if place.kind == "queue" else rows):
            if gone is None:
                field = "rules" if place.kind == "queue" else "agents"
                raise Refusal(f"there is no {place.kind} {place.name}", code="not_found", field=field)
            found[place] = gone
        elif place.kind == "queue":
            found[place] = queues[place.name].get(place.item)
        elif place.part == "queues":
            found[place] = place.item in rows[place.name].queues
        else:
            found[place] = rows[place.name].skills.get(place.item)
    return found


def _set(
    db: Connection, values: Mapping[Place, Any], check: Check, login: str, at: float, change: int
) -> tuple[tuple[Agent, ...], Version | None]:
    agents = []
    for name in dict.fromkeys(place.name for place in values if place.kind == "agent"):
        row = db.execute(select(users.c.queues, users.c.skills).where(users.c.login == name)).one()
        queues, skills = list(row.queues), dict(row.skills)
        for place, value in values.items():
            if (place.kind, place.name, place.part) == ("agent", name, "queues"):
                queues = [each for each in queues if each != place.item] + ([place.item] if value else [])
            elif (place.kind, place.name, place.part) == ("agent", name, "skills"):
                skills.pop(place.item, None)
                if value is not None:
                    skills[place.item] = value
        fields = user_records.checked(queues=sorted(queues), skills=skills)
        db.execute(update(users).where(users.c.login == name).values(**fields, version=users.c.version + 1))
        agents.append(Agent(login=name, queues=tuple(fields["queues"]), skills=skills))
    version = None
    if document := _revised(db, values, check):
        before = configurations.current(db)
        version = configurations.add(
            db,
            document,
            expected=before.version if before else 0,
            login=login,
            comment=f"change {change}",
            at=at,
        )
    return tuple(agents), version


def _revised(db: Connection, values: Mapping[Place, Any], check: Check) -> dict[str, Any] | None:
    """The configuration with these keys of queues; None when no queue is concerned."""
    before = configurations.current(db) if any(place.kind == "queue" for place in values) else None
    if before is None:
        return None
    queues = {name: dict(queue) for name, queue in before.document["queues"].items()}
    for place, value in values.items():
        if place.kind == "queue":
            queues[place.name][place.item] = value
    document = {**before.document, "queues": queues}
    check(document)
    return document


def _active(db: Connection, after: int = 0) -> list[Change]:
    query = select(changes).where(changes.c.state == ACTIVE, changes.c.id > after).order_by(changes.c.id)
    return [_change(row) for row in db.execute(query)]


def _above(db: Connection, change: Change) -> dict[Place, Change]:
    """For each cell that newer active changes cover: the one that lies next to this one."""
    above: dict[Place, Change] = {}
    mine = {cell.place for cell in change.cells}
    for later in _active(db, change.id):
        for cell in later.cells:
            if cell.place in mine:
                above.setdefault(cell.place, later)
    return above


def _remember(db: Connection, later: int, beneath: Cell) -> None:
    """What the newer change covers is now what lay under the one that goes."""
    row = db.execute(select(changes).where(changes.c.id == later)).one()
    cells = [
        replace(cell, before=beneath.before) if cell.place == beneath.place else cell
        for cell in _change(row).cells
    ]
    db.execute(update(changes).where(changes.c.id == later).values(cells=[asdict(cell) for cell in cells]))


def _end(db: Connection, change: Change, state: str, login: str, at: float) -> Change:
    db.execute(
        update(changes).where(changes.c.id == change.id).values(state=state, ended_at=at, ended_by=login)
    )
    return replace(change, state=state, ended_at=at, ended_by=login)


def _audit(
    db: Connection,
    act: str,
    change: Change,
    login: str,
    at: float,
    turned: Mapping[Place, tuple[Any, Any]],
    **detail: Any,
) -> None:
    """One row for each agent and queue concerned, so that everybody's history can be asked for."""
    things = dict.fromkeys((place.kind, place.name) for place in turned) or {("change", str(change.id)): None}
    for kind, name in things:
        own = {place: values for place, values in turned.items() if (place.kind, place.name) == (kind, name)}
        audit.write(
            db,
            AuditEntry(
                at=at,
                login=login,
                act=act,
                kind=kind,
                object=name,
                before={f"{place.part}.{place.item}": before for place, (before, _) in own.items()},
                after={f"{place.part}.{place.item}": after for place, (_, after) in own.items()},
                detail={"change": change.id, "until": change.until, "comment": change.comment, **detail},
            ),
        )


def _words(place: Place) -> str:
    match place.part:
        case "queues":
            return f"{place.name}'s place in {place.item}"
        case "skills":
            return f"{place.name}'s skill {place.item}"
        case _:
            return f"{place.item} of {place.name}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _change(row: Row[Any]) -> Change:
    cells = tuple(
        Cell(place=Place(**each["place"]), before=each["before"], after=each["after"]) for each in row.cells
    )
    return Change(**{**row._mapping, "cells": cells})
