"""`/api/calls`: the calls of this moment, and what can be done with them from the outside."""

from dataclasses import asdict
from functools import partial
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contactcenter.events import AnswerAsked, HangUpAsked, HoldAsked, PriorityAsked, ResumeAsked, WhyAsked
from contactcenter.http import attending, scope
from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit
from contactcenter.routing.explanations import waits
from contactcenter.values import MatchMethod
from contactcenter.views import CallView, ConsultView

routes = Routes("calls")


class CallFilter(Paged):
    """Which calls."""

    state: str = ""
    queue: str = ""
    agent: str = ""


class LiveCall(BaseModel):
    """One live call, with its durations at the time of the answer."""

    id: str
    interaction: str
    direction: str
    state: str
    queue: str
    agent: str
    offered: Annotated[tuple[str, ...], Field(description="The agents whose phones ring, or are about to.")]
    customer: str
    customer_name: str
    caller: Annotated[str, Field(description="As it came from outside: untrusted.")]
    caller_name: Annotated[str, Field(description="As it came from outside: untrusted.")]
    did: str
    node: str
    arrived_at: float
    queued_at: float | None
    answered_at: float | None
    held: bool
    recording: Annotated[str, Field(description="on, paused, failed, or empty: not recorded.")]
    consult: Annotated[ConsultView | None, Field(description="A further leg beside the call.")]
    priority: Annotated[float, Field(description="Minutes of waiting given in advance, all together.")]
    urgency: Annotated[dict[str, float], Field(description="The parts of the priority, in minutes.")]
    needs: Annotated[tuple[str, ...], Field(description="Skill and level; with a question mark: preferred.")]
    promised_s: Annotated[float | None, Field(description="A bound of the wait, made at the entry.")]
    told_s: Annotated[float | None, Field(description="What the caller was told last of the wait.")]
    match: Annotated[str, Field(description="How the customer was recognised.")]
    confidence: Annotated[float, Field(description="How sure that is, 0 to 1.")]
    matches: Annotated[int, Field(description="How many customers it may be.")]
    language: str
    campaign: Annotated[str, Field(description="For which we call; empty: for none.")]
    waited_s: Annotated[float, Field(ge=0, description="Since the queue's entry; 0 when he does not wait.")]
    talked_s: Annotated[float, Field(ge=0, description="From the answer to now.")]


@routes.get("/api/calls", right=Right.SIGNED_IN)
async def list_calls(visit: Visit, query: CallFilter) -> Items[LiveCall]:
    """The calls that go on; an agent sees his own."""
    now = visit.edge.now()
    calls: list[CallView] = visit.edge.live.seen(visit.visitor.reader, "calls")
    chosen = (
        _as_live_call(call, now)
        for call in calls
        if (not query.state or call.state == query.state)
        and (not query.queue or call.queue == query.queue)
        and (not query.agent or call.agent == query.agent)
    )
    return cut(chosen, lambda call: call.id, query)


class PriorityPart(BaseModel):
    """One part of a priority, in minutes of waiting."""

    why: str
    minutes: float


class NotNow(BaseModel):
    """An agent who can't take the call now, and why."""

    login: str
    reason: Annotated[str, Field(description="What the agent does, or `skill`, `reserve`, `preferred` …")]
    seconds: Annotated[float | None, Field(description="How long that goes on, where it is known.")] = None
    detail: str = ""
    level: int = 0
    has: int = 0


class Why(BaseModel):
    """Why a caller still waits: the figures, and the same in words."""

    at: float
    call: str
    queue: str
    waited_s: float
    score: Annotated[float, Field(description="The entry, less 60 s for each minute of priority.")]
    position: int
    held_back: bool
    priority: list[PriorityPart]
    needs: Annotated[list[str], Field(description="Skill and level; with a question mark: preferred.")]
    widened: Annotated[list[str] | None, Field(description="What is left of them by now.")]
    queues: Annotated[list[str], Field(description="Whose agents may take the call.")]
    only: Annotated[str, Field(description="The one agent that it waits for just now.")]
    passed_over: Annotated[list[NotNow], Field(description="20 at most, the soonest first.")]
    passed_counts: dict[str, int]
    widens_in_s: float | None
    zh: str
    en: str


@routes.get("/api/calls/{id}/why", right=Right.CALLS_STEER, of=Kind.CALL, refusals=(404, 409))
async def why_waiting(visit: Visit, id: str) -> Why:
    """Why this caller still waits: whom he waits for, and who can't take him."""
    scope.check_call(visit, id, "why")
    said = await visit.steer(partial(WhyAsked, call=id))
    return Why(**said, zh=waits(said, "zh"), en=waits(said, "en"))


class CallPatch(BaseModel):
    """What of a waiting call is changed."""

    model_config = ConfigDict(extra="forbid")

    priority: Annotated[
        float,
        Field(ge=-1440, le=1440, allow_inf_nan=False, description="Minutes, instead of those given before."),
    ]


@routes.patch("/api/calls/{id}", right=Right.CALLS_STEER, of=Kind.CALL, refusals=(404, 409))
async def change_call(visit: Visit, id: str, body: CallPatch) -> CallPatch:
    """Move a waiting caller: +5 is served as if he had come 5 minutes earlier."""
    scope.check_call(visit, id, "priority")
    await visit.steer(partial(PriorityAsked, call=id, minutes=body.priority))
    return body


class CallersName(BaseModel):
    """Who the caller is: one of those that the pop shows, or anybody else."""

    model_config = ConfigDict(extra="forbid")

    customer: Annotated[str, Field(min_length=1, max_length=64)]


@routes.post("/api/calls/{id}/customer", right=Right.CUSTOMERS_WRITE, of=Kind.CALL, refusals=(403, 409))
async def choose_customer(visit: Visit, id: str, body: CallersName) -> None:
    """Say who the caller is. The record, the pages of all whom the call concerns, and whoever gets the caller
    next go by it."""
    scope.check_own_call(visit, id)
    interaction = visit.edge.live.calls[id].interaction
    await attending.choose(visit, interaction, body.customer, MatchMethod.CHOSEN)


@routes.post("/api/calls/{id}/hangup", right=Right.SIGNED_IN, of=Kind.CALL, refusals=(409,))
async def hang_up(visit: Visit, id: str) -> None:
    """End the talk."""
    scope.check_own_call(visit, id)
    await visit.ask(partial(HangUpAsked, call=id))


@routes.post("/api/calls/{id}/hold", right=Right.SIGNED_IN, of=Kind.CALL, refusals=(409,))
async def hold(visit: Visit, id: str) -> None:
    """Put the caller on hold: music, while the agent's phone stays connected."""
    scope.check_own_call(visit, id)
    await visit.ask(partial(HoldAsked, call=id))


@routes.post("/api/calls/{id}/resume", right=Right.SIGNED_IN, of=Kind.CALL, refusals=(409,))
async def resume(visit: Visit, id: str) -> None:
    """Take the held caller back."""
    scope.check_own_call(visit, id)
    await visit.ask(partial(ResumeAsked, call=id))


@routes.post("/api/calls/{id}/answer", right=Right.SIGNED_IN, of=Kind.CALL, refusals=(409,))
async def answer(visit: Visit, id: str) -> None:
    """Answer the call that rings, on a phone that the center can answer."""
    scope.check_own_call(visit, id)
    await visit.ask(partial(AnswerAsked, call=id))


def _as_live_call(call: CallView, now: float) -> LiveCall:
    waited_s = now - call.queued_at if call.queued_at is not None else 0.0
    talked_s = now - call.answered_at if call.answered_at is not None else 0.0
    fields = asdict(call) | {"consult": call.consult}
    return LiveCall(**fields, waited_s=round(max(0.0, waited_s), 3), talked_s=round(max(0.0, talked_s), 3))
