"""`/api/users`: who there is, signed in or not, and the accounts themselves."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import accounts, changes, roles
from contactcenter.crm.accounts import Account, AccountChange
from contactcenter.crm.changes import Change
from contactcenter.crm.users import User, UserChange
from contactcenter.http import signin, watch
from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.problems import Problem, not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit
from contactcenter.routing.skills import LEVELS

routes = Routes("users")

Login = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"\S")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Phone = Annotated[str, StringConstraints(pattern=r"^([0-9]{2,8}|web|)$")]
Password = Annotated[str, StringConstraints(min_length=8, max_length=256)]
Level = Annotated[int, Field(strict=True, ge=LEVELS[0], le=LEVELS[-1])]
Words = Annotated[list[Word], Field(max_length=100)]


class UserFilter(Paged):
    """Which users: agents, or all; of a queue, with a skill, of a team, of a role; with this in their name or
    login; those who may sign in (`disabled` false), or may not."""

    who: Literal["agents", "all"] = "agents"
    queue: Annotated[str, StringConstraints(max_length=64)] = ""
    skill: Annotated[str, StringConstraints(max_length=32)] = ""
    team: Annotated[str, StringConstraints(max_length=64)] = ""
    role: Annotated[str, StringConstraints(max_length=64)] = ""
    name: Annotated[str, StringConstraints(max_length=64)] = ""
    disabled: bool | None = None


class Passing(BaseModel):
    """Something about an agent that returns by the clock."""

    part: str
    """`queues` or `skills`."""
    item: str
    until: float
    change: int


class StaffItem(BaseModel):
    """A user as he is stored, which is how he is: whatever holds for a while only is named."""

    login: str
    name: str
    role: str
    teams: Annotated[list[str], Field(description="The first is where new records belong.")]
    queues: Annotated[
        list[str],
        Field(description="What he takes calls of; of one who takes none: what he is limited to, if any."),
    ]
    skills: dict[str, int]
    phone: str
    language: str
    disabled: bool
    signed_in: bool
    passing: list[Passing]
    version: int


class UserBody(BaseModel):
    """A new user."""

    model_config = ConfigDict(extra="forbid")

    login: Login
    name: Name
    role: Word
    password: Password
    teams: Words = []
    queues: Words = []
    skills: Annotated[dict[Word, Level], Field(max_length=100)] = {}
    phone: Phone = ""
    language: Literal["", "zh", "en"] = ""


class UserPatch(BaseModel):
    """What to change. An agent's queues and skills are changed by `PATCH /api/agents/{login}`."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    role: Word | None = None
    teams: Words | None = None
    queues: Words | None = None
    phone: Phone | None = None
    language: Literal["", "zh", "en"] | None = None
    disabled: bool | None = None


class NewPassword(BaseModel):
    """A password that the user is told, and may change."""

    model_config = ConfigDict(extra="forbid")

    password: Password


@routes.get("/api/users", right=Right.USERS_READ)
async def list_users(visit: Visit, query: UserFilter) -> Items[StaffItem]:
    """Agents, signed in or not, or all users, by login: those of one's scope and queues."""
    takes, sought = await visit.edge.store.read(roles.with_right, Right.CALLS_TAKE), query.name.casefold()
    passing = _passing(await visit.edge.store.read(changes.passing))
    chosen = (
        _item(visit, account, passing)
        for account in await visit.edge.store.read(accounts.every)
        if _may_see(visit, account)
        and (query.who == "all" or (account.user.role in takes and not account.user.disabled))
        and (not query.queue or query.queue in account.user.queues)
        and (not query.skill or query.skill in account.user.skills)
        and (not query.team or query.team in account.teams)
        and query.role in ("", account.user.role)
        and query.disabled in (None, account.user.disabled)
        and (sought in account.user.login or sought in account.user.name.casefold())
    )
    return cut(chosen, lambda user: user.login, query)


@routes.get("/api/users/{login}", right=Right.USERS_READ, of=Kind.USER, versioned=True)
async def get_user(visit: Visit, login: str) -> StaffItem:
    """One user."""
    account = await visit.edge.store.read(accounts.get, login)
    if account is None or not _may_see(visit, account):
        raise not_found("user")
    return _item(visit, account, _passing(await visit.edge.store.read(changes.passing)))


@routes.post("/api/users", right=Right.USERS_WRITE, status=201, versioned=True, refusals=(409,))
async def create_user(visit: Visit, body: UserBody) -> StaffItem:
    """Add a user. His role can't have a right that one lacks oneself, but for who may change roles (403)."""
    user = User(
        login=body.login, name=body.name, role=body.role, phone=body.phone, queues=tuple(body.queues),
        skills=body.skills, language=body.language,
    )  # fmt: skip
    _check_queues(visit, body.queues)
    hash_ = await visit.edge.users.hash(body.password)
    account = Account(user=user, teams=tuple(body.teams))
    made = await visit.edge.store.write(accounts.create, account, hash_, by=visit.reader, at=visit.edge.now())
    await watch.inspect(visit.edge)
    return _item(visit, made, {})


@routes.patch("/api/users/{login}", right=Right.USERS_WRITE, of=Kind.USER, versioned=True, refusals=(409,))
async def change_user(visit: Visit, login: str, body: UserPatch) -> StaffItem:
    """Change a user. Another role, or being disabled, signs him out everywhere; teams act at once.

    409 `locked_out`: somebody who may sign in must keep `users.write`, and somebody `roles.write`.
    """
    _check_queues(visit, body.queues or ())
    to = AccountChange(
        user=UserChange(
            name=body.name,
            role=body.role,
            phone=body.phone,
            queues=None if body.queues is None else tuple(body.queues),
            language=body.language,
            disabled=body.disabled,
        ),
        teams=None if body.teams is None else tuple(body.teams),
    )
    edge = visit.edge
    before = await edge.store.read(accounts.get, login)
    after = await edge.store.write(
        accounts.change, login, to, by=visit.reader, at=edge.now(), expected=visit.expected
    )
    if before and (before.user.role != after.user.role or after.user.disabled):
        await signin.throw_out(edge, login)
    await watch.inspect(edge)
    return _item(visit, after, _passing(await edge.store.read(changes.passing)))


@routes.put("/api/users/{login}/password", right=Right.USERS_WRITE, of=Kind.USER)
async def set_password(visit: Visit, login: str, body: NewPassword) -> None:
    """Give a user a new password. He is signed out everywhere."""
    hash_ = await visit.edge.users.hash(body.password)
    await visit.edge.store.write(accounts.give_password, login, hash_, by=visit.reader, at=visit.edge.now())
    await signin.throw_out(visit.edge, login)


def _may_see(visit: Visit, account: Account) -> bool:
    reader, user = visit.visitor.reader, account.user
    return (
        reader.may(Right.USERS_WRITE)
        or user.login == reader.login
        or reader.reaches(user.queues, account.teams)
    )


def _check_queues(visit: Visit, queues: Iterable[str]) -> None:
    known = visit.edge.configurator.settings.queues
    if unknown := [name for name in queues if name not in known]:
        raise Problem(422, "invalid", f"There is no queue {unknown[0]}.", field="queues")


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


def _item(visit: Visit, account: Account, passing: dict[str, list[Passing]]) -> StaffItem:
    user = account.user
    return StaffItem(
        login=user.login,
        name=user.name,
        role=user.role,
        teams=list(account.teams),
        queues=list(user.queues),
        skills=user.skills,
        phone=user.phone,
        language=user.language,
        disabled=user.disabled,
        signed_in=user.login in visit.edge.live.agents,
        passing=passing.get(user.login, []),
        version=account.version,
    )
