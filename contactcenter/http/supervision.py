"""`/api/calls/{id}/monitor` and what else supervisors do to calls and agents that are not their own."""

from functools import partial
from typing import Annotated, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, StringConstraints

from contactcenter.events import (
    MessageRead,
    MessageSent,
    MonitorAsked,
    MonitorEndAsked,
    SignOutForced,
    StateForced,
    TakeOverAsked,
)
from contactcenter.http import scope, signin
from contactcenter.http.lists import Items
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit
from contactcenter.views import MessageView, MonitorView

routes = Routes("supervision")


class MonitorWish(BaseModel):
    """How the supervisor wants to be at the call."""

    model_config = ConfigDict(extra="forbid")

    mode: Literal["listen", "whisper", "barge"]


class Whose(BaseModel):
    """Whose monitor it is; one's own when nothing is said."""

    model_config = ConfigDict(extra="forbid")

    login: Annotated[str, StringConstraints(max_length=64)] = ""


class ForcedState(BaseModel):
    """The state that the agent is to have; in the middle of a call it is kept until that is over."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["available", "paused", "offline"]
    reason: Annotated[str, StringConstraints(max_length=64)] = ""


class MessageText(BaseModel):
    """What is to be said."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class Sent(BaseModel):
    """The message's name: `/api/messages` has it until it is read."""

    id: str


@routes.get("/api/monitors", right=Right.SIGNED_IN)
async def list_monitors(visit: Visit) -> Items[MonitorView]:
    """Supervisors who are at calls; an agent sees those at his own, where the policy shows them."""
    return Items(items=visit.edge.live.seen(visit.visitor.reader, "monitors"))


@routes.post(
    "/api/calls/{id}/monitor", right=Right.CALLS_MONITOR, of=Kind.CALL, status=202, refusals=(404, 409)
)
async def monitor_call(visit: Visit, id: str, body: MonitorWish) -> MonitorWish:
    """Be at a call: rings one's own phone. Called again with another mode, it switches at once.

    Who listens is heard by nobody, who whispers by the agent only, who barges by both.
    """
    scope.check_call(visit, id, "monitor_asked")
    await visit.steer(partial(MonitorAsked, call=id, mode=body.mode, phone=visit.visitor.user.phone))
    return body


@routes.delete("/api/calls/{id}/monitor", right=Right.CALLS_MONITOR, of=Kind.MINE, refusals=(409,))
async def leave_call(visit: Visit, id: str, query: Whose) -> None:
    """Leave the call; one's phone is hung up. An administrator may name another, who then has to leave."""
    visitor = visit.visitor
    if query.login not in ("", visitor.login) and not visitor.may(Right.MONITORS_END):
        why = "Only an administrator ends what another listens to."
        raise scope.refusal(visit, "monitor_end_asked", "call", id, why)
    await visit.steer(partial(MonitorEndAsked, call=id, supervisor=query.login))


@routes.post("/api/calls/{id}/take-over", right=Right.CALLS_MONITOR, of=Kind.CALL, refusals=(404, 409))
async def take_call_over(visit: Visit, id: str) -> None:
    """Have the caller from now on, on the phone by which one listens; the agent wraps up."""
    scope.check_call(visit, id, "take_over_asked")
    await visit.steer(partial(TakeOverAsked, call=id))


@routes.put("/api/agents/{login}/state", right=Right.AGENTS_STEER, of=Kind.AGENT, refusals=(404, 409))
async def force_state(visit: Visit, login: str, body: ForcedState) -> ForcedState:
    """Set an agent's state. `available` ends a wrap-up at once; the others wait until a call is over."""
    await scope.check_agent(visit, login, "state_forced")
    await visit.steer(partial(StateForced, agent=login, state=body.state, reason=body.reason))
    return body


@routes.delete("/api/agents/{login}/session", right=Right.AGENTS_STEER, of=Kind.AGENT, refusals=(404, 409))
async def sign_agent_out(visit: Visit, login: str) -> None:
    """Sign an agent out everywhere. A call goes on to its end, and the agent's session with it."""
    await scope.check_agent(visit, login, "signed_out_by")
    await visit.steer(partial(SignOutForced, agent=login))
    await signin.throw_out(visit.edge, login)


@routes.post(
    "/api/agents/{login}/message", right=Right.AGENTS_STEER, of=Kind.AGENT, status=201, refusals=(404, 409)
)
async def send_message(visit: Visit, login: str, body: MessageText) -> Sent:
    """Say something to an agent: it stands on the agent's page until he puts it away."""
    await scope.check_agent(visit, login, "message")
    message = uuid4().hex
    await visit.steer(partial(MessageSent, agent=login, message=message, text=body.text))
    return Sent(id=message)


@routes.get("/api/messages", right=Right.SIGNED_IN)
async def list_messages(visit: Visit) -> Items[MessageView]:
    """The messages that the agent has not put away."""
    return Items(items=visit.edge.live.seen(visit.visitor.reader, "messages"))


@routes.delete("/api/messages/{id}", right=Right.SIGNED_IN, of=Kind.MINE, refusals=(409,))
async def put_message_away(visit: Visit, id: str) -> None:
    """Say that a message was read: it is shown no more."""
    await visit.ask(partial(MessageRead, message=id))
