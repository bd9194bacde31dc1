"""`/api/interactions`: what happened, and the agents' outcomes for it."""

import contextlib
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from contactcenter.crm import interactions
from contactcenter.crm.assignments import Assignment
from contactcenter.crm.errors import StoreUnavailable
from contactcenter.crm.interactions import Beside
from contactcenter.crm.links import LinkedRecord
from contactcenter.events import DispositionSet
from contactcenter.http import attending
from contactcenter.http.lists import Items, Paged
from contactcenter.http.problems import Problem
from contactcenter.http.recordings import RecordingItem, of_interaction
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.scope import check_interaction
from contactcenter.http.visit import Visit
from contactcenter.parts import Part, parts
from contactcenter.routing.explanations import decided
from contactcenter.values import InteractionRecord, MatchMethod, TimelineEntry

routes = Routes("interactions")

_BESIDE = frozenset({"disposition", "customer_name", "recorded", "campaign_name"})
"""The fields that are no field of the record."""
DECISION = "offered"
"""The timeline's entries that say which agent was chosen, by which rule and figures."""

Word = Annotated[str, StringConstraints(max_length=64)]
Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]


class InteractionChoice(BaseModel):
    """Which interactions: of a queue, an agent (the last or one before), an outcome, a customer, a campaign,
    a lead; that arrived in `[since, until)`."""

    model_config = ConfigDict(extra="forbid")

    queue: Word = ""
    agent: Word = ""
    outcome: Word = ""
    customer: Word = ""
    campaign: Word = ""
    lead: Word = ""
    since: Moment | None = None
    until: Moment | None = None


class InteractionFilter(InteractionChoice, Paged):
    """The same, a page at a time."""


class Disposition(BaseModel):
    """An agent's outcome for an interaction."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    note: Annotated[str, StringConstraints(max_length=4000)] = ""
    callback: Annotated[
        str, StringConstraints(pattern=r"^(\+?[0-9*#]{1,32})?$"), Field(description="A number to call back.")
    ] = ""


class InteractionItem(BaseModel):
    """One interaction in a list. Times are seconds since the epoch, UTC."""

    id: str
    channel: str
    direction: str
    did: str
    caller: Annotated[str, Field(description="As it came from outside: untrusted.")]
    caller_name: Annotated[str, Field(description="As it came from outside: untrusted.")]
    language: str
    customer: str
    customer_name: Annotated[str, Field(description="Of today; empty for who does not see the customer.")]
    match: str
    confidence: Annotated[float, Field(description="How sure the match is, 0 to 1.")]
    queue: str
    agent: str
    last_node: str
    outcome: str
    disposition: Disposition | None
    origin: Annotated[str, Field(description="The interaction that it follows from: a callback's.")]
    campaign: Annotated[str, Field(description="Whose call it was; empty: no campaign's.")]
    campaign_name: str
    lead: Annotated[str, Field(description="Whom of its lists it called.")]
    attempt: Annotated[str, Field(description="The record of the dial.")]
    error: str
    arrived_at: float
    queued_at: float | None
    offered_at: float | None
    answered_at: float | None
    ended_at: float | None
    closed_at: float | None
    waited_s: float
    talked_s: float
    wrapped_s: float
    offers: int
    inferred: bool
    final: bool
    recorded: Annotated[int, Field(description="How many recordings of it one sees.")]


class Step(BaseModel):
    """One thing that happened."""

    at: float
    kind: str
    detail: dict[str, JsonValue]


class Decision(Step):
    """Why an agent was chosen: the figures in `detail`, and the same in words."""

    zh: str
    en: str


class InteractionDetail(InteractionItem):
    """One interaction with everything that is known of it."""

    parts: Annotated[list[Part], Field(description="Who had the caller, one after the other.")]
    timeline: list[Step]
    decisions: list[Decision]
    recordings: list[RecordingItem]
    corrections: list[Step]
    links: Annotated[list[LinkedRecord], Field(description="Requests and follow-ups that it belongs to.")]
    assigned: Annotated[Step | None, Field(description="Who said whose it is, after the record was final.")]


class CustomerWish(BaseModel):
    """Whose it is."""

    model_config = ConfigDict(extra="forbid")

    customer: Annotated[str, StringConstraints(min_length=1, max_length=64)]


@routes.get("/api/interactions", right=Right.INTERACTIONS_READ)
async def list_interactions(visit: Visit, query: InteractionFilter) -> Items[InteractionItem]:
    """Interactions, the newest first; an agent sees those in which he has, or had, the caller."""
    names = ("queue", "agent", "outcome", "customer", "campaign", "lead")
    filters = {name: value for name in names if (value := getattr(query, name))}
    page = await visit.edge.store.read(
        interactions.page,
        visit.reader,
        filters=filters,
        since=query.since,
        until=query.until,
        cursor=query.cursor,
        limit=query.limit,
    )
    beside = await visit.edge.store.read(interactions.beside, page.items, visit.reader)
    return Items(items=[InteractionItem(**_fields(each, beside)) for each in page.items], next=page.next)


@routes.get("/api/interactions/{id}", right=Right.INTERACTIONS_READ, of=Kind.INTERACTION)
async def get_interaction(visit: Visit, id: str) -> InteractionDetail:
    """One interaction with its timeline; an agent sees those in which he has, or had, the caller."""
    found = await check_interaction(visit, id, "get_interaction")
    beside = await visit.edge.store.read(interactions.beside, (found.record,), visit.reader)
    fields = _fields(found.record, beside)
    if found.corrections:
        last = found.corrections[-1]
        fields["disposition"] = Disposition.model_construct(
            code=last.code, note=last.note, callback=last.callback
        )
    return InteractionDetail(
        **fields,
        parts=list(parts(found.timeline)),
        timeline=[_step(entry) for entry in found.timeline if _shows(visit, entry)],
        decisions=[_decision(entry) for entry in found.timeline if entry.kind == DECISION],
        recordings=await of_interaction(visit, id),
        corrections=[
            Step(
                at=one.at,
                kind="correction",
                detail={"login": one.login, "code": one.code, "note": one.note, "callback": one.callback},
            )
            for one in found.corrections
        ],
        links=list(found.links),
        assigned=_assigned(found.assignment),
    )


@routes.put(
    "/api/interactions/{id}/customer", right=Right.CUSTOMERS_WRITE, of=Kind.INTERACTION, refusals=(403, 409)
)
async def set_interaction_customer(visit: Visit, id: str, body: CustomerWish) -> None:
    """Say whose it is. While it lives, the record and the agents' pages follow; once its record is final,
    that stays as it is, and what was said stands beside it."""
    await check_interaction(visit, id, "set_interaction_customer")
    await attending.choose(visit, id, body.customer, MatchMethod.CHOSEN)


@routes.put("/api/interactions/{id}/disposition", right=Right.SIGNED_IN, of=Kind.MINE, refusals=(409,))
async def set_disposition(visit: Visit, id: str, body: Disposition) -> Disposition:
    """Set the outcome; ends the agent's wrap-up. A later outcome is kept as a correction."""
    codes = {choice.code for choice in visit.edge.settings.dispositions}
    if codes and body.code not in codes:
        raise Problem(422, "invalid", "One of the codes of /api/dispositions.", field="code")
    await visit.ask(
        partial(DispositionSet, interaction=id, code=body.code, note=body.note, callback=body.callback)
    )
    # "Saved" is said when it is: in the database, or, while that is away, in the store's journal.
    with contextlib.suppress(StoreUnavailable):
        await visit.edge.store.settled()
    return body


def _shows(visit: Visit, entry: TimelineEntry) -> bool:
    """Whether a line is for this reader: that a supervisor was there may not be for the agent."""
    hidden = entry.kind.startswith("monitor_") and not visit.edge.settings.visible_to_agent
    return visit.visitor.may(Right.FLOOR_WATCH) or not hidden


def _fields(record: InteractionRecord, beside: Beside) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: getattr(record, name) for name in InteractionItem.model_fields if name not in _BESIDE
    }
    fields["customer_name"] = beside.names[record.customer][1] if record.customer else ""
    fields["campaign_name"] = beside.campaigns.get(record.campaign, "")
    fields["recorded"] = beside.recorded.get(record.id, 0)
    fields["match"] = record.match.value
    # Not checked: an old record may hold what today's rules would refuse, and must still be shown.
    fields["disposition"] = (
        Disposition.model_construct(code=record.disposition, note=record.note, callback=record.callback)
        if record.disposition
        else None
    )
    return fields


def _step(entry: TimelineEntry) -> Step:
    detail = {name: value for name, value in entry.detail.items() if name != "decision"}
    return Step(at=entry.at, kind=entry.kind, detail=detail)


def _assigned(given: Assignment | None) -> Step | None:
    if given is None:
        return None
    detail: dict[str, JsonValue] = {"login": given.login, "customer": given.customer}
    return Step(at=given.at, kind="assigned", detail=detail)


def _decision(entry: TimelineEntry) -> Decision:
    return Decision(
        at=entry.at,
        kind=entry.kind,
        detail=dict(entry.detail),
        zh=decided(entry.detail, "zh"),
        en=decided(entry.detail, "en"),
    )
