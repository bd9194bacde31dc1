"""`/api/requests`: what customers want of us, and how far it is."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from contactcenter.crm import links, requests
from contactcenter.crm.links import Linked
from contactcenter.crm.requests import Filter, NewRequest, Request, RequestChange, RequestState, RequestStep
from contactcenter.http import attending
from contactcenter.http.customers import Custom
from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.me import Choices, menu
from contactcenter.http.occasions import customer_of, occasion
from contactcenter.http.problems import Problem, not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("requests")

Word = Annotated[str, StringConstraints(max_length=64)]
Subject = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
Long = Annotated[str, StringConstraints(max_length=20_000)]
Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
Priority = Annotated[int, Field(ge=1, le=4, strict=True, description="1 low, 2 normal, 3 high, 4 urgent.")]
BODY = 512 * 1024
"""Bytes: problem and solution in full, though each character may come as twelve (`\\ud83d\\ude00`)."""


class RequestChoice(BaseModel):
    """Which requests: `state` is one or several, with commas between them; `owner` and `team` may be `-`:
    nobody's; `number` is how it begins."""

    model_config = ConfigDict(extra="forbid")

    state: Annotated[str, StringConstraints(pattern=r"^([a-z_]+(,[a-z_]+){0,5})?$")] = ""
    kind: Word = ""
    customer: Word = ""
    owner: Word = ""
    team: Word = ""
    queue: Word = ""
    priority: Annotated[int, Field(ge=1, le=4)] | None = None
    number: Annotated[str, StringConstraints(max_length=32)] = ""
    due_before: Moment | None = None

    def asked(self) -> Filter:
        """As the store takes it. Raises `Problem` 422 for a state that there is not."""
        names = self.state.split(",") if self.state else []
        if unknown := [name for name in names if name not in RequestState.__members__.values()]:
            says = f"There is no state {unknown[0]!r}: {', '.join(RequestState)}."
            raise Problem(422, "invalid", says, field="state")
        fields = self.model_dump(include=set(RequestChoice.model_fields) - {"state"})
        return Filter(states=tuple(RequestState(name) for name in names), **fields)


class RequestFilter(RequestChoice, Paged):
    """The same, a page at a time."""


class RequestList(RequestFilter):
    """Which requests, and in which order."""

    sort: Annotated[str, StringConstraints(pattern=r"^(updated|opened|due|number)$")] = "updated"


class RequestBody(BaseModel):
    """A new request. From a live `call` (or an `interaction`) it takes what is left out: customer, queue,
    owner, team, language; and it is linked to it."""

    model_config = ConfigDict(extra="forbid")

    subject: Subject
    customer: Word = ""
    call: Word = ""
    interaction: Word = ""
    problem: Long = ""
    kind: Word = ""
    priority: Priority = 2
    owner: Word | None = None
    team: Word | None = None
    queue: Word | None = None
    language: Annotated[str, StringConstraints(max_length=8)] | None = None
    due_at: Moment | None = None
    custom: Custom = {}


class RequestPatch(BaseModel):
    """What to change; what is left out stays. `due_at: null` takes the due time away."""

    model_config = ConfigDict(extra="forbid")

    state: RequestState | None = None
    customer: Word | None = None
    subject: Subject | None = None
    problem: Long | None = None
    solution: Long | None = None
    kind: Word | None = None
    priority: Priority | None = None
    owner: Word | None = None
    team: Word | None = None
    queue: Word | None = None
    due_at: Moment | None = None
    custom: Custom | None = None


class Progress(BaseModel):
    """What was done, or heard."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"\S")]


class LinkBody(BaseModel):
    """The interaction that belongs to it: itself, or by its live call."""

    model_config = ConfigDict(extra="forbid")

    interaction: Word = ""
    call: Word = ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.interaction) == bool(self.call):
            raise ValueError("give an interaction or a call")
        return self


class Counts(BaseModel):
    """How many requests are in which state."""

    states: dict[RequestState, int]


class StepItem(BaseModel):
    """One thing that happened to a request."""

    seq: int
    at: float
    login: str
    kind: Annotated[str, Field(description="opened, state, changed, progress, linked, unlinked.")]
    detail: dict[str, JsonValue]


@routes.get("/api/request-kinds", right=Right.SIGNED_IN)
async def list_request_kinds(visit: Visit) -> Choices:
    """The kinds of requests that the configuration names."""
    return Choices(items=menu(visit.edge.settings.request_kinds))


@routes.get("/api/requests", right=Right.REQUESTS_READ)
async def list_requests(visit: Visit, query: RequestList) -> Items[Request]:
    """Requests: the last changed first, or by `sort`."""
    page = await visit.edge.store.read(
        requests.page,
        visit.reader,
        query.asked(),
        sort=query.sort,
        cursor=query.cursor,
        limit=query.limit,
    )
    return Items(items=list(page.items), next=page.next)


@routes.get("/api/requests/counts", right=Right.REQUESTS_READ)
async def count_requests(visit: Visit, query: RequestFilter) -> Counts:
    """How many of these requests are in which state: the heads of a board's columns."""
    return Counts(states=await visit.edge.store.read(requests.counts, visit.reader, query.asked()))


@routes.get("/api/requests/{id}", right=Right.REQUESTS_READ, of=Kind.REQUEST, versioned=True)
async def get_request(visit: Visit, id: str) -> Request:
    """One request."""
    found = await visit.edge.store.read(requests.get, id, visit.reader)
    if found is None:
        raise not_found("request")
    return found


@routes.post(
    "/api/requests", right=Right.REQUESTS_WRITE, status=201, refusals=(403,), versioned=True, body_limit=BODY
)
async def open_request(visit: Visit, body: RequestBody) -> Request:
    """Open a request; from a live call in one act."""
    _check_kind(visit, body.kind)
    origin = await occasion(visit, body.call, body.interaction)
    customer = customer_of(body.customer, origin)
    if not customer:
        raise Problem(422, "invalid", "A request needs a customer.", field="customer")
    new = NewRequest(
        customer=customer,
        subject=body.subject,
        problem=body.problem,
        kind=body.kind,
        priority=body.priority,
        owner=body.owner if body.owner is not None else origin.owner or None,
        team=body.team if body.team is not None else origin.team or None,
        queue=body.queue if body.queue is not None else origin.queue,
        language=body.language if body.language is not None else origin.language,
        due_at=body.due_at,
        custom=body.custom,
        interaction=origin.interaction,
    )
    edge = visit.edge
    made = await edge.store.write(requests.create, new, reader=visit.reader, at=edge.now(), zone=edge.zone)
    await attending.refresh(visit.edge, made.customer)
    return made


@routes.patch(
    "/api/requests/{id}",
    right=Right.REQUESTS_WRITE,
    of=Kind.REQUEST,
    refusals=(403, 409),
    versioned=True,
    body_limit=BODY,
)
async def change_request(visit: Visit, id: str, body: RequestPatch) -> Request:
    """Change a request. A state that can't follow is a 409 `illegal_now` that names those which can; to solve
    one, say how."""
    if body.kind is not None:
        _check_kind(visit, body.kind)
    given: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
    given["no_due"] = "due_at" in given and given["due_at"] is None
    changed = await visit.edge.store.write(
        requests.change,
        id,
        RequestChange(**given),
        reader=visit.reader,
        expected=visit.expected,
        at=visit.edge.now(),
    )
    await attending.refresh(visit.edge, changed.customer)
    return changed


@routes.get("/api/requests/{id}/steps", right=Right.REQUESTS_READ, of=Kind.REQUEST)
async def list_request_steps(visit: Visit, id: str, query: Paged) -> Items[StepItem]:
    """The request's course, the newest first."""
    page = await visit.edge.store.read(
        requests.steps, id, visit.reader, cursor=query.cursor, limit=query.limit
    )
    return Items(items=[_as_step(step) for step in page.items], next=page.next)


@routes.post(
    "/api/requests/{id}/steps", right=Right.REQUESTS_WRITE, of=Kind.REQUEST, status=201, body_limit=BODY
)
async def add_request_progress(visit: Visit, id: str, body: Progress) -> StepItem:
    """Write down what was done, or heard. It is never changed: what is added later is one more."""
    step = await visit.edge.store.write(
        requests.add_progress, id, body.text, reader=visit.reader, at=visit.edge.now()
    )
    return _as_step(step)


@routes.get("/api/requests/{id}/links", right=Right.REQUESTS_READ, of=Kind.REQUEST)
async def list_request_links(visit: Visit, id: str, query: Paged) -> Items[Linked]:
    """The interactions that belong to the request, as far as one sees them, the newest first."""
    await visit.edge.store.read(requests.check_visible, id, visit.reader)
    found = await visit.edge.store.read(links.of_record, Kind.REQUEST, id, visit.reader)
    return cut(found, newest_first, query)


@routes.post("/api/requests/{id}/links", right=Right.REQUESTS_WRITE, of=Kind.REQUEST)
async def link_request(visit: Visit, id: str, body: LinkBody) -> None:
    """Let an interaction belong to the request, the live call's, too; twice is as good as once."""
    origin = await occasion(visit, body.call, body.interaction)
    await visit.edge.store.write(
        requests.link, id, origin.interaction, reader=visit.reader, at=visit.edge.now()
    )


@routes.delete("/api/requests/{id}/links/{interaction}", right=Right.REQUESTS_WRITE, of=Kind.REQUEST)
async def unlink_request(visit: Visit, id: str, interaction: str) -> None:
    """Take them apart again."""
    await visit.edge.store.write(requests.unlink, id, interaction, reader=visit.reader, at=visit.edge.now())


def newest_first(one: Linked) -> str:
    """A text that grows as the time goes back."""
    return f"{1e11 - one.arrived_at:020.6f} {one.interaction}"


def _as_step(step: RequestStep) -> StepItem:
    return StepItem(seq=step.seq, at=step.at, login=step.login, kind=step.kind, detail=step.detail)


def _check_kind(visit: Visit, kind: str) -> None:
    codes = [choice.code for choice in visit.edge.settings.request_kinds]
    if kind and kind not in codes:
        raise Problem(422, "invalid", "One of the codes of /api/request-kinds.", field="kind")
