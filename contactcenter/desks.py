"""What agents do at their desks: sign in, choose a phone, come and go, wrap up."""

from contactcenter import consulting, handoff, holds
from contactcenter.agents import BUSY, WISHES, AgentSession, AgentState, AgentTrigger, PauseReason
from contactcenter.calls import Call, CallState
from contactcenter.commands import (
    Accepted,
    AnswerPhone,
    CorrectDisposition,
    EndLeg,
    OpenLine,
    ParkLeg,
    Room,
)
from contactcenter.events import (
    AgentSignedIn,
    AgentSignedOut,
    AnswerAsked,
    DispositionSet,
    HangUpAsked,
    MoreTimeAsked,
    PageLost,
    PageOpened,
    PhoneChosen,
    StateAsked,
)
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
                handoff.show_record(floor, call, event.at)
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


# --- wrap-up ---


def begin_wrap_up(floor: Floor, agent: AgentSession, queue: str, at: float) -> None:
    """The clock of the wrap-up is the center's own."""
    rules = floor.queues[queue].rules if queue in floor.queues else None
    agent.until = at + (rules.wrap_up_s if rules else 0)
    if agent.until <= at:
        finish_wrap_up(floor, agent, at)
    else:
        floor.wake(f"wrap {agent.login}", agent.until)
    floor.touch_agent(agent)


def wrap_up_due(floor: Floor, login: str, at: float) -> None:
    """A wrap-up's time may be over; it isn't when the agent got more time, or is in a later one."""
    agent = floor.agents.get(login)
    if agent and agent.state is AgentState.WRAP_UP and agent.until is not None and at >= agent.until:
        finish_wrap_up(floor, agent, at)


def finish_wrap_up(floor: Floor, agent: AgentSession, at: float) -> None:
    """The wrap-up is over: free for the next call, or for what was wished for."""
    end_work(floor, agent, at)
    agent.move(AgentTrigger.FINISH, at)
    grant_wish(floor, agent, at)


def end_work(floor: Floor, agent: AgentSession, at: float) -> None:
    """The agent is done with the interaction, which closes if nobody else works on it."""
    wrapped = at - agent.since
    agent.until = None
    interaction = floor.interactions.get(agent.interaction)
    agent.interaction = ""
    if interaction:
        interaction.know(wrapped_s=interaction.record.wrapped_s + wrapped)
        interaction.note(at, "wrapped_up", agent=agent.login, wrapped_s=round(wrapped, 3))
        if queue := floor.queues.get(interaction.record.queue):
            queue.waits.worked(at - agent.served_at)
        interaction.work_done(agent.login, at)
        floor.save(interaction)


def dismiss(floor: Floor, agent: AgentSession, at: float) -> None:
    """The agent only helped with another's caller: free at once, without a wrap-up."""
    agent.move(AgentTrigger.PART, at)
    if interaction := floor.interactions.get(agent.interaction):
        interaction.workers.discard(agent.login)
    agent.interaction = ""
    agent.move(AgentTrigger.FINISH, at)
    grant_wish(floor, agent, at)


def asked_more_time(floor: Floor, event: MoreTimeAsked) -> None:
    """The agent needs longer."""
    agent = floor.agents[event.login]
    interaction = floor.interactions.get(agent.interaction)
    if agent.state is not AgentState.WRAP_UP or agent.until is None or interaction is None:
        floor.refuse(event.request, "illegal_now", "there is no wrap-up to extend")
        return
    queue = floor.queues.get(interaction.record.queue)
    more = queue.rules.more_time_s if queue else 0
    agent.until += more
    interaction.note(event.at, "more_time", agent=agent.login, seconds=more)
    floor.wake(f"wrap {agent.login}", agent.until)
    floor.do(Accepted(request=event.request))
    floor.touch_agent(agent)


def set_disposition(floor: Floor, event: DispositionSet) -> None:
    """The agent's outcome. It ends the wrap-up; after the record is final it is kept as a correction."""
    if event.code not in floor.rules.dispositions:
        known = ", ".join(sorted(floor.rules.dispositions))
        floor.refuse(event.request, "invalid", f"{event.code!r} is no outcome; there are: {known}", "code")
        return
    interaction = floor.interactions.get(event.interaction)
    if interaction is None:
        _correct(floor, event)
        return
    agent = floor.agents.get(event.login)
    if event.login not in interaction.workers and event.login != interaction.record.agent:
        floor.refuse(event.request, "not_yours", "this interaction is not yours")
        return
    interaction.know(
        disposition=event.code, note=event.note, callback=event.callback or interaction.record.callback
    )
    interaction.note(event.at, "disposition", agent=event.login, code=event.code, callback=event.callback)
    if agent and agent.state is AgentState.WRAP_UP and agent.interaction == interaction.id:
        finish_wrap_up(floor, agent, event.at)
    else:
        floor.save(interaction)
    floor.do(Accepted(request=event.request))


def _correct(floor: Floor, event: DispositionSet) -> None:
    owner = floor.closed.get(event.interaction)
    if owner is None:
        floor.refuse(event.request, "unknown", "there is no such interaction that could still be changed")
    elif owner != event.login:
        floor.refuse(event.request, "not_yours", "this interaction is not yours")
    else:
        floor.do(
            CorrectDisposition(
                interaction=event.interaction,
                login=event.login,
                at=event.at,
                code=event.code,
                note=event.note,
                callback=event.callback,
            ),
            Accepted(request=event.request),
        )


# --- the call at the desk ---


def asked_answer(floor: Floor, event: AnswerAsked) -> None:
    """Answer was pressed on the page."""
    agent = floor.agents[event.login]
    if agent.state is not AgentState.RESERVED or agent.call != event.call:
        floor.refuse(event.request, "illegal_now", "there is no call to answer")
        return
    if agent.phone not in floor.rules.answerable:
        floor.refuse(event.request, "illegal_now", f"answer on phone {agent.phone} itself")
        return
    floor.do(AnswerPhone(phone=agent.phone), Accepted(request=event.request))


def asked_hang_up(floor: Floor, event: HangUpAsked) -> None:
    """The agent ends the talk; the caller goes on with the script, the persistent line stays."""
    agent = floor.agents[event.login]
    call = floor.calls.get(event.call)
    if agent.consult and agent.call == event.call and agent.state is AgentState.TALKING:
        consulting.left(floor, agent, event.at)
        floor.do(Accepted(request=event.request))
        return
    if call is None or call.agent != agent.login or not call.talks:
        floor.refuse(event.request, "illegal_now", "this call is not your talk")
        return
    if call.state is CallState.HELD:
        handoff.part(floor, call, event.at)
        holds.say_on(floor, call)
    elif call.agent_leg == agent.line_leg:
        floor.do(ParkLeg(server=call.server, leg=call.agent_leg, room=Room.LINE))
    else:
        floor.do(EndLeg(server=call.server, leg=call.agent_leg))
    floor.do(Accepted(request=event.request))
