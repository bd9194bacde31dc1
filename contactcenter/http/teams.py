"""`/api/teams` and `/api/people`: who works with whom. All may know it; who changes users changes teams."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from contactcenter.crm import accounts, teams
from contactcenter.crm.teams import Team
from contactcenter.http import watch
from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.problems import not_found
from contactcenter.http.roles import Titles
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("teams")

Word = Annotated[str, StringConstraints(max_length=64)]


class TeamBody(BaseModel):
    """What a team is called."""

    model_config = ConfigDict(extra="forbid")

    title: Titles


class TeamItem(BaseModel):
    """A team. Who is in it is changed at the users."""

    name: str
    title: Titles
    members: list[str]
    version: int


class PeopleFilter(Paged):
    """Which people: of a team, with this in their name or login."""

    team: Word = ""
    name: Word = ""


class Person(BaseModel):
    """Somebody who may sign in: whom records can be given to."""

    login: str
    name: str
    teams: list[str]


@routes.get("/api/people", right=Right.SIGNED_IN)
async def list_people(visit: Visit, query: PeopleFilter) -> Items[Person]:
    """All who may sign in, by login, with their teams and nothing else."""
    sought = query.name.casefold()
    chosen = (
        Person(login=each.user.login, name=each.user.name, teams=list(each.teams))
        for each in await visit.edge.store.read(accounts.every)
        if not each.user.disabled
        and (not query.team or query.team in each.teams)
        and (sought in each.user.login or sought in each.user.name.casefold())
    )
    return cut(chosen, lambda person: person.login, query)


@routes.get("/api/teams", right=Right.SIGNED_IN)
async def list_teams(visit: Visit) -> Items[TeamItem]:
    """All teams, by name."""
    return Items(items=[_item(team) for team in await visit.edge.store.read(teams.every)])


@routes.get("/api/teams/{name}", right=Right.SIGNED_IN, of=Kind.CENTER, versioned=True)
async def get_team(visit: Visit, name: str) -> TeamItem:
    """One team."""
    if team := await visit.edge.store.read(teams.get, name):
        return _item(team)
    raise not_found("team")


@routes.put("/api/teams/{name}", right=Right.USERS_WRITE, of=Kind.CENTER, versioned=True, also=(201,))
async def put_team(visit: Visit, name: str, body: TeamBody) -> TeamItem:
    """Make a team, or call it something else."""
    title = body.title.model_dump()
    team = await visit.edge.store.write(
        teams.put, name, title, by=visit.reader, at=visit.edge.now(), expected=visit.expected
    )
    visit.status = 201 if team.version == 1 and not team.members else None
    return _item(team)


@routes.delete("/api/teams/{name}", right=Right.USERS_WRITE, of=Kind.CENTER, versioned=True, refusals=(409,))
async def delete_team(visit: Visit, name: str) -> None:
    """Delete a team without members and records (409 otherwise)."""
    await visit.edge.store.write(
        teams.remove, name, by=visit.reader, at=visit.edge.now(), expected=visit.expected
    )
    await watch.inspect(visit.edge)


def _item(team: Team) -> TeamItem:
    return TeamItem.model_validate(
        {"name": team.name, "title": team.title, "members": list(team.members), "version": team.version}
    )
