"""What agents do at their desks: sign in, choose a phone, come and go, begin to talk and be free again."""

from contactcenter.agents import BUSY, WISHES, AgentSession, AgentState, AgentTrigger, PauseReason
from contactcenter.calls import Call
from contactcenter.commands import Accepted, AnswerPhone, EndLeg, OpenLine
from contactcenter.events import AgentSignedIn, AgentSignedOut, PageLost, PageOpened, PhoneChosen, StateAsked
from contactcenter.floor import Floor

LINES = ("ring", "persistent")
LINE_PREFIX = "line-"
"""How the names of persistent lines' legs begin; Asterisk takes the name that we give."""


# --- sessions and pages ---


def signed_in(floor: Floor, event: AgentSignedIn) -> None:
    """A session begins, or goes on after a restart of this process."""
    agent = floor.agents.get(event.login)
    if agent is None:
        agent = AgentSession(
            login=event.login,
            name=event.name,
            queues=event.queues,
            skills=event.skills,
            phone=event.phone if _phone_is_free(floor, event.phone, event.login) else "",
            line=event.line,
            since=event.at,
        )
        agent.reachable = floor.phones.get(agent.phone)
        floor.agents[agent.login] = agent
        if call := _talk_of(floor, agent):
            call.agent = agent.login
            call.interaction.know(agent=agent.login)
            begin_talk(floor, call, agent, event.at)
            if call.customers:
                floor.do(call.record_for(agent.login, event.at))
    if agent.leaving:
        agent.leaving, agent.afterwards, agent.afterwards_by = False, "", ""
    floor.touch_agent(agent)
    agent.name, agent.queues, agent.skills = event.name, event.queues, event.skills
    floor.touch_agent(agent)


def _talk_of(floor: Floor, agent: AgentSession) -> Call | None:
    """The agent's talk that outlived a restart of this process: under his name, or on his phone."""
    for call in floor.calls.values():
        leg = floor.legs.get(call.agent_leg)
        on_his_phone = not call.agent and leg is not None and leg.phone == agent.phone
        if call.talks and (call.agent == agent.login or on_his_phone):
            return call
    return None


def begin_talk(floor: Floor, call: Call, agent: AgentSession, at: float) -> None:
    """The agent talks, and from now on works on the caller's interaction."""
    if agent.consult:
        agent.consult = ""  # he talks already, as the one who was asked
    else:
        agent.move(AgentTrigger.JOIN, at)
    agent.call, agent.interaction, agent.offer = call.id, call.interaction.id, ""
    call.interaction.workers.add(agent.login)
    floor.touch(call=call.id)
    floor.touch_agent(agent)


def signed_out(floor: Floor, event: AgentSignedOut) -> None:
    """The session ends, after the call if there is one."""
    if agent := floor.agents.get(event.login):
        agent.leaving = True
        wish(floor, agent, "offline", "", event.at)


def page_opened(floor: Floor, event: PageOpened) -> None:
    """The agent's page listens."""
    if agent := floor.agents.get(event.login):
        agent.page, agent.page_lost_at = True, None


def page_lost(floor: Floor, event: PageLost) -> None:
    """The agent has no page any more: a grace, then no more calls."""
    if agent := floor.agents.get(event.login):
        agent.page, agent.page_lost_at = False, event.at
        floor.wake(f"page {agent.login}", event.at + floor.rules.page_grace_s)


def page_stayed_away(floor: Floor, login: str, at: float) -> None:
    """The grace is over, unless a page came back and was lost again."""
    if agent := floor.agents.get(login):
        check_reach(floor, agent, at)


def check_reach(floor: Floor, agent: AgentSession, at: float) -> None:
    """Nobody is available without a line that stands, or long after the last page was lost."""
    if agent.state is not AgentState.AVAILABLE:
        return
    if agent.line == "persistent" and not agent.line_up:
        agent.move(AgentTrigger.PAUSE, at, PauseReason.LINE_LOST.value)
    elif agent.page_lost_at is not None and at >= agent.page_lost_at + floor.rules.page_grace_s:
        agent.move(AgentTrigger.PAUSE, at, PauseReason.DISCONNECTED.value)
    floor.touch_agent(agent)


# --- phones and lines ---


def _phone_is_free(floor: Floor, phone: str, login: str) -> bool:
    return not phone or all(agent.phone != phone or agent.login == login for agent in floor.agents.values())


def chose_phone(floor: Floor, event: PhoneChosen) -> None:
    """The agent takes calls elsewhere, or in another way."""
    agent = floor.agents[event.login]
    if event.line not in LINES:
        floor.refuse(event.request, "invalid", f"line is one of {', '.join(LINES)}", "line")
    elif agent.state in BUSY:
        floor.refuse(event.request, "illegal_now", "the phone can't be changed during a call")
    elif not _phone_is_free(floor, event.phone, event.login):
        message = f"phone {event.phone} is in use by another agent: choose a free one"
        floor.refuse(event.request, "invalid", message, "endpoint")
    else:
        close_line(floor, agent)
        agent.phone, agent.line = event.phone, event.line
        agent.reachable = floor.phones.get(event.phone)
        if event.line == "persistent":
            open_line(floor, agent, event.request, event.at)
        check_reach(floor, agent, event.at)
        floor.do(Accepted(request=event.request))
        floor.touch_agent(agent)


def open_line(floor: Floor, agent: AgentSession, name: str, at: float) -> None:
    """Ring the agent's phone for a persistent line; nothing to do while no Asterisk is there."""
    server = next((server for server, up in sorted(floor.servers.items()) if up), "")
    if server:
        agent.line_leg, agent.line_server, agent.line_asked_at = f"{LINE_PREFIX}{name}", server, at
        floor.lines[agent.line_leg] = agent.login
        floor.do(OpenLine(server=server, leg=agent.line_leg, phone=agent.phone))


def close_line(floor: Floor, agent: AgentSession) -> None:
    """Hang the persistent line up, if there is one."""
    if agent.line_leg:
        floor.do(EndLeg(server=agent.line_server, leg=agent.line_leg))
        floor.lines.pop(agent.line_leg, None)
        agent.line_leg, agent.line_up = "", False


def line_ringing(floor: Floor, leg: str) -> None:
    """The phone rings for a persistent line; one that the center can answer has nobody who would."""
    agent = floor.agents.get(floor.lines.get(leg, ""))
    if agent and agent.line_leg == leg and agent.phone in floor.rules.answerable:
        floor.do(AnswerPhone(phone=agent.phone))


def line_answered(floor: Floor, leg: str) -> None:
    """The persistent line stands."""
    agent = floor.agents.get(floor.lines.get(leg, ""))
    if agent and agent.line_leg == leg:
        agent.line_up = True
        floor.touch_agent(agent)


def line_ended(floor: Floor, leg: str, at: float) -> None:
    """The persistent line is gone: its agent can't be reached by it."""
    agent = floor.agents.get(floor.lines.pop(leg, ""))
    if agent and agent.line_leg == leg:
        agent.line_leg, agent.line_up = "", False
        if agent.offer:
            floor.unkept[agent.call] = None
        check_reach(floor, agent, at)
        floor.touch_agent(agent)


def phone_seen(floor: Floor, phone: str, reachable: bool) -> None:
    """A phone registered, or is gone."""
    floor.phones[phone] = reachable
    for agent in floor.agents.values():
        if agent.phone == phone:
            agent.reachable = reachable
            floor.touch_agent(agent)


# --- states ---


def asked_state(floor: Floor, event: StateAsked) -> None:
    """The agent wants to be available, paused or offline."""
    agent = floor.agents[event.login]
    if agent.leaving:
        floor.refuse(event.request, "illegal_now", "you signed out: sign in again")
        return
    if refusal := why_not(floor, agent, event.state, event.request, event.at):
        floor.refuse(event.request, *refusal)
        return
    if event.state == "available" and not agent.page:
        agent.page_lost_at = None  # who asks is there, by whatever program
    wish(floor, agent, event.state, event.reason, event.at)
    floor.do(Accepted(request=event.request))


def why_not(floor: Floor, agent: AgentSession, state: str, name: str, at: float) -> tuple[str, ...]:
    """Why the agent can't be in that state: a refusal's code, sentence and field; empty when he can. A line
    that is missing is opened, under this name."""
    if state not in WISHES:
        return "invalid", f"state is one of {', '.join(WISHES)}", "state"
    if state != "available":
        return ()
    if not agent.phone:
        return "illegal_now", "choose a phone first"
    if agent.line == "persistent" and not agent.line_up:
        if not agent.line_leg:
            open_line(floor, agent, name, at)
        message = f"the line to phone {agent.phone} does not stand yet: answer the phone, then try again"
        return "illegal_now", message
    if agent.line == "ring" and agent.reachable is False:
        message = f"phone {agent.phone} is not registered: switch it on, or choose another"
        return "illegal_now", message
    return ()


def wish(floor: Floor, agent: AgentSession, state: str, reason: str, at: float, *, by: str = "") -> None:
    """Grant a wish now, or keep it until the call is over. `by` is the supervisor whose wish it is."""
    agent.afterwards, agent.afterwards_reason, agent.afterwards_by = state, reason, by
    if agent.state not in BUSY:
        grant_wish(floor, agent, at)
    elif state == "available":
        agent.afterwards = ""  # what follows a call anyway; granted after a missed one it would ring for ever
        agent.afterwards_by = ""
    floor.touch_agent(agent)


def grant_wish(floor: Floor, agent: AgentSession, at: float) -> None:
    """The agent is out of the call: do what was wished for meanwhile."""
    if agent.afterwards:
        agent.move(WISHES[agent.afterwards], at, agent.afterwards_reason)
        agent.set_by = agent.afterwards_by
        agent.afterwards = agent.afterwards_reason = agent.afterwards_by = ""
    if agent.state is AgentState.OFFLINE:
        close_line(floor, agent)
        if agent.leaving:
            del floor.agents[agent.login]
    check_reach(floor, agent, at)
    floor.touch_agent(agent)
