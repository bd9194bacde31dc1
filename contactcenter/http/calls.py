"""`/api/calls`: the calls of this moment, and what can be done with them from the outside."""

from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, Field

from contactcenter.events import AnswerAsked, HangUpAsked
from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.problems import not_found
from contactcenter.http.routes import Right, Routes
from contactcenter.http.visit import Visit
from contactcenter.views import CallView

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
    priority: int
    waited_s: Annotated[float, Field(ge=0, description="From the queue's entry to the answer, or to now.")]
    talked_s: Annotated[float, Field(ge=0, description="From the answer to now.")]


@routes.get("/api/calls", right=Right.SIGNED_IN)
async def list_calls(visit: Visit, query: CallFilter) -> Items[LiveCall]:
    """The calls that go on; an agent sees his own."""
    now = visit.edge.now()
    calls: list[CallView] = visit.edge.live.seen(visit.visitor.viewer, "calls")
    chosen = (
        _as_live_call(call, now)
        for call in calls
        if (not query.state or call.state == query.state)
        and (not query.queue or call.queue == query.queue)
        and (not query.agent or call.agent == query.agent)
    )
    return cut(chosen, lambda call: call.id, query)


@routes.post("/api/calls/{id}/hangup", right=Right.SIGNED_IN, refusals=(409,))
async def hang_up(visit: Visit, id: str) -> None:
    """End the talk."""
    login, now = _own_call(visit, id), visit.edge.now()
    await visit.edge.questions.ask(lambda request: HangUpAsked(at=now, login=login, call=id, request=request))


@routes.post("/api/calls/{id}/answer", right=Right.SIGNED_IN, refusals=(409,))
async def answer(visit: Visit, id: str) -> None:
    """Answer the call that rings, on a phone that the center can answer."""
    login, now = _own_call(visit, id), visit.edge.now()
    await visit.edge.questions.ask(lambda request: AnswerAsked(at=now, login=login, call=id, request=request))


def _own_call(visit: Visit, call: str) -> str:
    # A call that exists but is not his, and one that does not exist, must look the same to him.
    if not visit.edge.live.sees(visit.visitor.viewer, "calls", call):
        raise not_found("call")
    return visit.visitor.login


def _as_live_call(call: CallView, now: float) -> LiveCall:
    waited_s = (call.answered_at or now) - call.queued_at if call.queued_at is not None else 0.0
    talked_s = now - call.answered_at if call.answered_at is not None else 0.0
    fields = asdict(call)
    return LiveCall(**fields, waited_s=round(max(0.0, waited_s), 3), talked_s=round(max(0.0, talked_s), 3))
