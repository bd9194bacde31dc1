"""What supervisors do to agents: say something to one, set his state, sign him out.

Nothing of it is secret to the records: each act is a row of the audit log and a line in the interaction that
the agent works on. Being at a call is another thing: `monitoring.py`.
"""

from contactcenter import desks, wrap_ups
from contactcenter.agents import BUSY, AgentSession, AgentState
from contactcenter.commands import Accepted
from contactcenter.events import MessageRead, MessageSent, SignOutForced, StateForced
from contactcenter.floor import Floor
from contactcenter.views import MessageView

UNREAD = 20
"""Messages that may wait on one agent's page."""


# --- messages ---


def sent_message(floor: Floor, event: MessageSent) -> None:
    """A supervisor has something to say: it stands on the agent's page until he puts it away."""
    agent = _agent(floor, event.agent, event.request)
    if agent is None:
        return
    if sum(each.to == agent.login for each in floor.messages.values()) >= UNREAD:
        message = f"{agent.login} has {UNREAD} unread messages: wait until some are read"
        floor.refuse(event.request, "illegal_now", message)
        return
    floor.messages[event.message] = MessageView(
        id=event.message, to=agent.login, by=event.login, name=event.name, text=event.text, at=event.at
    )
    floor.touch(message=event.message)
    _forced(floor, agent, event.at, event.login, event.name, "message", text=event.text)
    floor.do(Accepted(request=event.request))


def read_message(floor: Floor, event: MessageRead) -> None:
    """The agent put a message away."""
    view = floor.messages.get(event.message)
    if view is None or view.to != event.login:
        floor.refuse(event.request, "unknown", "there is no such message")
        return
    del floor.messages[event.message]
    floor.touch(message=event.message)
    floor.audit(event.at, event.login, "message_read", "agent", event.login, message=event.message)
    floor.do(Accepted(request=event.request))


# --- states ---


def forced_state(floor: Floor, event: StateForced) -> None:
    """A supervisor sets the state; in the middle of a call it is kept until that is over. Available ends a
    wrap-up at once."""
    agent = _agent(floor, event.agent, event.request)
    if agent is None:
        return
    if refusal := desks.why_not(floor, agent, event.state, event.request, event.at):
        floor.refuse(event.request, *refusal)
        return
    before = agent.state
    later = before in BUSY and not (before is AgentState.WRAP_UP and event.state == "available")
    _forced(
        floor,
        agent,
        event.at,
        event.login,
        event.name,
        "state_forced",
        before=before.value,
        state=event.state,
        reason=event.reason,
        afterwards=later,
    )
    desks.wish(floor, agent, event.state, event.reason, event.at, by=event.name)
    if before is AgentState.WRAP_UP and event.state == "available":
        wrap_ups.finish(floor, agent, event.at)
    floor.do(Accepted(request=event.request))


def forced_sign_out(floor: Floor, event: SignOutForced) -> None:
    """A supervisor signs the agent out, after the call if there is one."""
    if agent := _agent(floor, event.agent, event.request):
        _forced(floor, agent, event.at, event.login, event.name, "signed_out_by")
        agent.leaving = True
        desks.wish(floor, agent, "offline", "", event.at, by=event.name)
        floor.do(Accepted(request=event.request))


# --- records ---


def _agent(floor: Floor, login: str, request: str) -> AgentSession | None:
    agent = floor.agents.get(login)
    if agent is None or agent.leaving:
        floor.refuse(request, "illegal_now", f"agent {login} is not signed in")
        return None
    return agent


def _forced(
    floor: Floor,
    agent: AgentSession,
    at: float,
    login: str,
    name: str,
    act: str,
    **detail: str | float | bool,
) -> None:
    """One line of the interaction that the agent works on, if any, and one row of the audit log."""
    if interaction := floor.interactions.get(agent.interaction):
        interaction.note(at, act, by=login, name=name, agent=agent.login, **detail)
        floor.save(interaction)
    floor.audit(at, login, act, "agent", agent.login, interaction=agent.interaction, **detail)
