"""`/api/me`: the user himself, his phone and his state; and the menus that his pages offer."""

from functools import partial
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm.access import SCOPED
from contactcenter.crm.users import UserChange
from contactcenter.events import MoreTimeAsked, PhoneChosen, StateAsked
from contactcenter.http.problems import Problem
from contactcenter.http.routes import Right, Routes
from contactcenter.http.settings import Choice
from contactcenter.http.visit import Visit
from contactcenter.views import AgentView

routes = Routes("me")


class ChoiceItem(BaseModel):
    """One entry of a menu, with its title by language."""

    code: str
    title: dict[str, str]


class Choices(BaseModel):
    """A menu, in its order."""

    items: list[ChoiceItem]


class Me(BaseModel):
    """The user who asks."""

    user: str
    name: str
    role: str
    role_title: Annotated[dict[str, str], Field(description="By language: zh, en.")]
    rights: Annotated[list[str], Field(description="What the role may do: names of `docs/roles.md`.")]
    scopes: Annotated[dict[str, str], Field(description="Kind of record: own, team, all.")]
    teams: Annotated[list[str], Field(description="The first is where new records belong.")]
    hidden: Annotated[list[str], Field(description="Fields that stay blank: `customer.id_number`.")]
    limited_to: Annotated[
        list[str],
        Field(description="The queues that one who takes no calls is limited to; empty: no limit."),
    ]
    language: str
    queues: list[str]
    csrf: str
    agent: AgentView | None
    """The agent session as it is now; None for those who are no agents."""
    phone: str
    """The account's own phone: for a supervisor, the one that rings to listen to a call."""
    phones: list[str]
    answerable: bool
    """Whether the page's Answer button can answer the chosen phone."""
    pause_reasons: list[ChoiceItem]
    dispositions: list[ChoiceItem]
    queue_titles: list[ChoiceItem]
    """All queues: histories tell of those of others, too."""
    skill_titles: list[ChoiceItem]
    """All skills."""
    request_kinds: list[ChoiceItem]
    import_bytes: Annotated[int, Field(description="Of a file that is to be imported, at most.")]
    attachment_bytes: Annotated[int, Field(description="Of a file that is to be attached, at most.")]
    configuration: int
    """The configuration's version that these menus and titles are of."""
    version: str


class Preferences(BaseModel):
    """What a user may set of himself."""

    model_config = ConfigDict(extra="forbid")

    language: Literal["zh", "en"]


class PhoneChoice(BaseModel):
    """The phone that takes the agent's calls."""

    model_config = ConfigDict(extra="forbid")

    endpoint: Annotated[str, StringConstraints(pattern=r"^([0-9]{2,8}|web)$")]
    line: Literal["ring", "persistent"] = "ring"


class StateWish(BaseModel):
    """The state that the agent wants; in the middle of a call, the wish is kept until it is over."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["available", "paused", "offline"]
    reason: Annotated[str, StringConstraints(max_length=64)] = ""


@routes.get("/api/me", right=Right.SIGNED_IN)
async def get_me(visit: Visit) -> Me:
    """Who one is, and what the pages need to begin."""
    return _me(visit)


@routes.put("/api/me", right=Right.SIGNED_IN)
async def set_me(visit: Visit, body: Preferences) -> Me:
    """Set one's language."""
    await visit.edge.users.change(visit.visitor.login, UserChange(language=body.language))
    return _me(visit).model_copy(update={"language": body.language})


@routes.put("/api/me/phone", right=Right.SIGNED_IN, refusals=(404, 409))
async def set_phone(visit: Visit, body: PhoneChoice) -> Me:
    """Choose the phone, rung for each call or held as a persistent line. Remembered for the next sign-in.

    A supervisor's is the one that rings to listen to a call.
    """
    if body.endpoint not in visit.edge.settings.phones:
        raise Problem(422, "invalid", "There is no such phone.", field="endpoint")
    login = visit.visitor.login
    if visit.visitor.may(Right.CALLS_TAKE):
        await visit.ask(partial(PhoneChosen, phone=body.endpoint, line=body.line))
    await visit.edge.users.change(login, UserChange(phone=body.endpoint, line=body.line))
    return _me(visit).model_copy(update={"phone": body.endpoint})


@routes.put("/api/me/state", right=Right.SIGNED_IN, refusals=(404, 409))
async def set_state(visit: Visit, body: StateWish) -> Me:
    """Ask for a state."""
    await visit.ask(partial(StateAsked, state=body.state, reason=body.reason))
    return _me(visit)


@routes.post("/api/me/more-time", right=Right.SIGNED_IN, refusals=(404, 409))
async def need_more_time(visit: Visit) -> None:
    """Ask for a longer wrap-up."""
    await visit.ask(MoreTimeAsked)


@routes.get("/api/dispositions", right=Right.SIGNED_IN)
async def list_dispositions(visit: Visit) -> Choices:
    """The outcomes that an agent can set, with their titles by language."""
    return Choices(items=menu(visit.edge.settings.dispositions))


def _me(visit: Visit) -> Me:
    visitor, settings = visit.visitor, visit.edge.settings
    user, reader = visitor.user, visitor.reader
    agent = visit.edge.live.agents.get(visitor.login)
    return Me(
        user=user.login,
        name=user.name,
        role=user.role,
        role_title=visitor.known.role_title,
        rights=sorted(reader.rights),
        scopes={kind.value: reader.scope(kind).value for kind in SCOPED},
        teams=list(reader.teams),
        hidden=sorted(reader.hidden),
        limited_to=sorted(reader.limit()),
        language=user.language,
        queues=list(user.queues),
        csrf=visitor.csrf,
        agent=agent,
        phone=user.phone,
        phones=list(settings.phones),
        answerable=(agent.phone if agent else user.phone) in settings.answerable,
        pause_reasons=menu(settings.pause_reasons),
        dispositions=menu(settings.dispositions),
        queue_titles=menu(settings.queues),
        skill_titles=menu(settings.skills),
        request_kinds=menu(settings.request_kinds),
        import_bytes=settings.import_bytes,
        attachment_bytes=settings.attachment_bytes,
        configuration=visit.edge.live.version,
        version=settings.version,
    )


def menu(choices: tuple[Choice, ...]) -> list[ChoiceItem]:
    return [ChoiceItem(code=choice.code, title=choice.title) for choice in choices]
