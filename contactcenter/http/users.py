"""`/api/users`: who there is, signed in or not: what pages need to change agents."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from contactcenter.crm import changes, users
from contactcenter.crm.changes import Change
from contactcenter.crm.users import User
from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.routes import Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("users")


class UserFilter(Paged):
    """Which agents: of a queue, with a skill."""

    queue: Annotated[str, StringConstraints(max_length=64)] = ""
    skill: Annotated[str, StringConstraints(max_length=32)] = ""


class Passing(BaseModel):
    """Something about an agent that returns by the clock."""

    part: str
    """`queues` or `skills`."""
    item: str
    until: float
    change: int


class StaffItem(BaseModel):
    """An agent as he is stored, which is how he is: whatever holds for a while only is named."""

    login: str
    name: str
    queues: list[str]
    skills: dict[str, int]
    signed_in: bool
    passing: list[Passing]


@routes.get("/api/users", right=Right.USERS_READ)
async def list_users(visit: Visit, query: UserFilter) -> Items[StaffItem]:
    """All agents, signed in or not, by login; a supervisor of some queues sees those of these queues."""
    live = visit.edge.live.agents
    staff = await visit.edge.store.read(users.staff)
    passing = _passing(await visit.edge.store.read(changes.passing))
    chosen = (
        _item(user, user.login in live, passing.get(user.login, []))
        for user in staff
        if visit.visitor.reader.reaches(user.queues, visit.edge.live.teams.get(user.login, ()))
        and (not query.queue or query.queue in user.queues)
        and (not query.skill or query.skill in user.skills)
    )
    return cut(chosen, lambda user: user.login, query)


def _passing(timed: tuple[Change, ...]) -> dict[str, list[Passing]]:
    found: dict[str, list[Passing]] = {}
    for change in timed:
        for cell in change.cells:
            if cell.place.kind == "agent" and change.until is not None:
                place = cell.place
                found.setdefault(place.name, []).append(
                    Passing(part=place.part, item=place.item, until=change.until, change=change.id)
                )
    return found


def _item(user: User, signed_in: bool, passing: list[Passing]) -> StaffItem:
    return StaffItem(
        login=user.login,
        name=user.name,
        queues=list(user.queues),
        skills=user.skills,
        signed_in=signed_in,
        passing=passing,
    )
