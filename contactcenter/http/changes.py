"""`/api/changes`: agents and queues changed at once, for good or for a while, and taken back."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from contactcenter.crm import changes, users
from contactcenter.crm.changes import Cell, Change, Place
from contactcenter.crm.errors import Refusal
from contactcenter.crm.users import User
from contactcenter.events import EligibleAsked
from contactcenter.http import scope
from contactcenter.http.lists import Items, Paged
from contactcenter.http.problems import Problem, not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit
from contactcenter.routing.skills import LEVELS
from contactcenter.sections import Name, QueueTuning

routes = Routes("changes")

Login = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Level = Annotated[int, Field(strict=True, ge=LEVELS[0], le=LEVELS[-1])]
_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
LATEST = 1e11


def _moment(value: Any) -> Any:
    match value:
        case bool():
            pass
        case int() | float() if 0 <= value <= LATEST:
            return float(value)
        case str() if re.fullmatch(_TIME, value):
            return value
    raise ValueError("seconds since the epoch, or a time of the center's clock such as 15:00")


Until = Annotated[
    float | str,
    BeforeValidator(_moment),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": LATEST},
                {"type": "string", "pattern": _TIME},
            ]
        }
    ),
]
"""Seconds since the epoch, or the next time at which the center's clock shows `15:00`."""


class ChangeBody(BaseModel):
    """Which agents join (true) and leave (false) which queues, and get which levels (null: none) in which
    skills; and what is to be different about which queues."""

    model_config = ConfigDict(extra="forbid")

    agents: Annotated[list[Login], Field(max_length=200)] = []
    queues: Annotated[dict[Name, bool], Field(max_length=100)] = {}
    skills: Annotated[dict[Name, Level | None], Field(max_length=100)] = {}
    rules: Annotated[dict[Name, QueueTuning], Field(max_length=100)] = {}
    until: Until | None = None
    comment: Annotated[str, StringConstraints(max_length=500)] = ""


class AgentPatch(BaseModel):
    """What to change of one agent: all his queues; levels of skills (null: none), where others stay."""

    model_config = ConfigDict(extra="forbid")

    queues: Annotated[list[Name], Field(max_length=100)] | None = None
    skills: Annotated[dict[Name, Level | None], Field(max_length=100)] = {}
    until: Until | None = None
    comment: Annotated[str, StringConstraints(max_length=500)] = ""


class Unchanged(BaseModel):
    """The agent, who is as he was asked to be already: nothing is stored."""

    login: str
    queues: list[str]
    skills: dict[str, int]


class CellItem(BaseModel):
    """One thing that is changed: `queues` (true: he belongs to it), `skills` (the level) or `rules`."""

    kind: Literal["agent", "queue"]
    name: str
    part: Literal["queues", "skills", "rules"]
    item: str
    before: Any
    after: Any


class ChangeItem(BaseModel):
    """One change."""

    id: str
    at: float
    login: str
    comment: str
    until: float | None
    state: Literal["active", "returned", "undone"]
    ended_at: float | None
    ended_by: str
    cells: list[CellItem]


class Eligible(BaseModel):
    """How many of those who wait now an agent may be offered, before and after."""

    before: int
    after: int
    calls: list[str]
    """The first of those who would be new to him."""


class Preview(BaseModel):
    """What a change would bring."""

    until: float | None
    cells: list[CellItem]
    eligible: dict[str, Eligible]
    """By agent."""


class ChangeFilter(Paged):
    """Which changes."""

    state: Literal["", "active", "returned", "undone"] = ""


@routes.get("/api/changes", right=Right.AGENTS_STEER)
async def list_changes(visit: Visit, query: ChangeFilter) -> Items[ChangeItem]:
    """Changes, the newest first; a supervisor of some queues sees his own and those that concern these."""
    page = await visit.edge.store.read(
        changes.page, state=query.state, cursor=query.cursor, limit=query.limit
    )
    return Items(items=[_item(change) for change in page.items if _may_see(visit, change)], next=page.next)


@routes.post("/api/changes/check", right=Right.AGENTS_STEER, refusals=(404,))
async def check_change(visit: Visit, body: ChangeBody) -> Preview:
    """What the change would change, and whom of the callers that wait now each agent could be offered."""
    wanted, until = await _wanted(visit, body, "check_change"), _until(visit, body.until)
    cells = await visit.edge.configurator.preview(wanted)
    return Preview(
        until=until,
        cells=[_cell(cell) for cell in cells],
        eligible=await _eligible(visit, cells),
    )


@routes.post("/api/changes", right=Right.AGENTS_STEER, status=201, refusals=(404,))
async def make_change(visit: Visit, body: ChangeBody) -> ChangeItem:
    """Make a change; it counts in the very next decision. With `until` it returns by itself."""
    wanted, until = await _wanted(visit, body, "make_change"), _until(visit, body.until)
    done = await visit.edge.configurator.change(
        wanted, login=visit.visitor.login, until=until, comment=body.comment
    )
    return _item(done.change)


@routes.patch("/api/agents/{login}", right=Right.AGENTS_STEER, of=Kind.AGENT)
async def change_agent(visit: Visit, login: str, body: AgentPatch) -> ChangeItem | Unchanged:
    """Make a change of one agent; one who is so already is answered as he is, and nothing is stored."""
    user = await scope.check_agent(visit, login, "change_agent")
    queues = {}
    if body.queues is not None:
        queues = {name: name in body.queues for name in dict.fromkeys([*body.queues, *user.queues])}
        # What is so already, but for a while only, is still to be set for good.
        passing = {
            cell.place.item
            for change in await visit.edge.store.read(changes.passing)
            for cell in change.cells
            if (cell.place.kind, cell.place.name, cell.place.part) == ("agent", login, "queues")
        }
        queues = {
            name: belongs
            for name, belongs in queues.items()
            if name in passing or belongs != (name in user.queues)
        }
    as_is = Unchanged(login=login, queues=list(user.queues), skills=user.skills)
    if not queues and not body.skills:
        return as_is
    whole = ChangeBody(
        agents=[login], queues=queues, skills=body.skills, until=body.until, comment=body.comment
    )
    wanted, until = await _wanted(visit, whole, "change_agent"), _until(visit, body.until)
    try:
        done = await visit.edge.configurator.change(
            wanted, login=visit.visitor.login, until=until, comment=body.comment
        )
    except Refusal as refusal:
        if refusal.code != "unchanged":
            raise
        return as_is
    return _item(done.change)


@routes.post("/api/changes/{id}/undo", right=Right.AGENTS_STEER, of=Kind.CENTER, refusals=(409,))
async def undo_change(visit: Visit, id: str) -> ChangeItem:
    """Take a change back, if nobody has changed the same since."""
    number = int(id) if re.fullmatch(r"[0-9]{1,9}", id) else 0
    change = await visit.edge.store.read(changes.get, number)
    if change is None or not _may_see(visit, change):
        raise not_found("change")
    places = [cell.place for cell in change.cells]
    await _check_scope(visit, places, "undo_change")
    return _item((await visit.edge.configurator.undo(number, login=visit.visitor.login)).change)


async def _wanted(visit: Visit, body: ChangeBody, act: str) -> dict[Place, Any]:
    """The cells that the body names, all of them in the visitor's scope."""
    queues = visit.edge.configurator.settings.queues
    for name in (name for name, belongs in body.queues.items() if belongs and name not in queues):
        raise Problem(422, "invalid", f"There is no queue {name}.", field=f"queues.{name}")
    known = visit.edge.configurator.settings.skills
    for name in (name for name, level in body.skills.items() if level is not None and name not in known):
        raise Problem(422, "invalid", f"There is no skill {name}.", field=f"skills.{name}")
    for name in (name for name in body.rules if name not in queues):
        raise Problem(422, "invalid", f"There is no queue {name}.", field=f"rules.{name}")
    if (body.queues or body.skills) and not body.agents:
        raise Problem(422, "invalid", "Say whose queues and skills are to be changed.", field="agents")
    wanted: dict[Place, Any] = {}
    for login in body.agents:
        for name, belongs in body.queues.items():
            wanted[Place(kind="agent", name=login, part="queues", item=name)] = belongs
        for name, level in body.skills.items():
            wanted[Place(kind="agent", name=login, part="skills", item=name)] = level
    for queue, rules in body.rules.items():
        for key, value in rules.model_dump(mode="json", exclude_unset=True).items():
            wanted[Place(kind="queue", name=queue, part="rules", item=key)] = value
    if not wanted:
        raise Problem(422, "invalid", "Say what is to be changed: queues, skills or rules.", field="agents")
    await _check_scope(visit, wanted, act)
    return wanted


async def _check_scope(visit: Visit, places: Iterable[Place], act: str) -> None:
    places = list(places)
    for login in dict.fromkeys(place.name for place in places if place.kind == "agent"):
        await scope.check_agent(visit, login, act)
    queues = [place.item for place in places if place.part == "queues"]
    queues += [place.name for place in places if place.kind == "queue"]
    scope.check_queues(visit, dict.fromkeys(queues), act)


def _until(visit: Visit, until: float | str | None) -> float | None:
    """The moment that is meant; `15:00` is the next one by the center's clock."""
    if not isinstance(until, str):
        return until
    now = datetime.fromtimestamp(visit.edge.now(), ZoneInfo(visit.edge.configurator.settings.zone))
    hour, minute = map(int, until.split(":"))
    due = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (due if due > now else due + timedelta(days=1)).timestamp()


async def _eligible(visit: Visit, cells: tuple[Cell, ...]) -> dict[str, Eligible]:
    places = {cell.place: cell.after for cell in cells if cell.place.kind == "agent"}
    logins = dict.fromkeys(place.name for place in places)
    staff = {user.login: user for user in await visit.edge.store.read(users.staff)}
    agents = {login: _as_changed(staff[login], places) for login in logins if login in staff}
    if not agents:
        return {}
    answer = await visit.steer(partial(EligibleAsked, agents=agents))
    return {login: Eligible.model_validate(found) for login, found in answer.items()}


def _as_changed(user: User, places: dict[Place, Any]) -> tuple[tuple[str, ...], dict[str, int]]:
    """The agent's queues and skills with these cells."""
    queues, skills = dict.fromkeys(user.queues), dict(user.skills)
    for place, value in places.items():
        if place.name == user.login and place.part == "queues":
            queues.pop(place.item, None)
            queues |= {place.item: None} if value else {}
        elif place.name == user.login:
            skills.pop(place.item, None)
            skills |= {place.item: value} if value is not None else {}
    return tuple(queues), skills


def _may_see(visit: Visit, change: Change) -> bool:
    reader = visit.visitor.reader
    if change.login == reader.login:
        return True
    agents = [cell.place.name for cell in change.cells if cell.place.kind == "agent"]
    if not all(reader.shares(visit.edge.live.teams.get(login, ())) for login in agents):
        return False
    names = {cell.place.item if cell.place.part == "queues" else cell.place.name for cell in change.cells}
    return reader.reaches(names)


def _cell(cell: Cell) -> CellItem:
    place = cell.place
    return CellItem.model_validate(
        {
            "kind": place.kind,
            "name": place.name,
            "part": place.part,
            "item": place.item,
            "before": cell.before,
            "after": cell.after,
        }
    )


def _item(change: Change) -> ChangeItem:
    return ChangeItem.model_validate(
        {
            "id": str(change.id),
            "at": change.at,
            "login": change.login,
            "comment": change.comment,
            "until": change.until,
            "state": change.state,
            "ended_at": change.ended_at,
            "ended_by": change.ended_by,
            "cells": [_cell(cell) for cell in change.cells],
        }
    )
