"""Guests: whoever is asked beside a talk, a colleague or a number outside; chosen, rung, there, let go.

A guest is rung on a leg of his own and stands in the waiting room, where the agent finds him, or the caller.
What becomes of the caller is not decided here, but in `consulting.py`.
"""

from contactcenter import caller_sessions, desks, waiting_room, wrap_ups
from contactcenter.agents import AgentSession, AgentTrigger, PauseReason
from contactcenter.calls import Call, CallState, Leg
from contactcenter.commands import AddLeg, EndLeg, JoinLegs, PlaceLeg
from contactcenter.consults import ANSWERED, Consult, ConsultState, ConsultTrigger
from contactcenter.events import PopShown
from contactcenter.floor import Floor
from contactcenter.offers import LOST_OFFER_S, POP_GRACE_S
from contactcenter.values import Note, Target, TargetKind

PREFIX = "consult-"
"""How the names of consulted legs begin; Asterisk takes the name that we give."""

MISSED = frozenset({PauseReason.NO_ANSWER, PauseReason.BUSY, PauseReason.UNREACHABLE})


# --- who may be asked ---


def refusal(floor: Floor, call: Call, to: Target) -> tuple[str, str] | None:
    """Why nobody can be rung for this call: a code and a sentence. None when somebody can."""
    if call.consult:
        return "illegal_now", "somebody is asked already: complete that, or drop it first"
    match to.kind:
        case TargetKind.AGENT:
            return _agent_refusal(floor, call, to.name)
        case TargetKind.QUEUE:
            if to.name not in floor.queues:
                return "invalid", f"there is no queue {to.name!r}"
            if _free_in(floor, to.name) is None:
                return "illegal_now", f"nobody of {to.name} is free now: transfer the caller to the queue"
        case TargetKind.NUMBER:
            return _number_refusal(floor, to.name)
        case TargetKind.IVR:
            return "invalid", "a script can't be consulted: transfer the caller to it"
    return None


def _agent_refusal(floor: Floor, call: Call, login: str) -> tuple[str, str] | None:
    agent = floor.agents.get(login)
    if login == call.agent:
        return "invalid", "that is you"
    if agent is None:
        return "illegal_now", f"{login} is not signed in"
    if not floor.is_free(agent):
        said = agent.state.value if not agent.can_take_calls else "on the phone"
        return "illegal_now", f"{login} is not free ({said.replace('_', ' ')}): ask somebody else, or a queue"
    return None


def _number_refusal(floor: Floor, number: str) -> tuple[str, str] | None:
    """What a stolen account could cost: only digits, only listed prefixes, only so many at once."""
    outside = floor.rules.outside
    if not number.isascii() or not number.isdigit() or len(number) > 15:
        return "invalid", "a number has 1 to 15 digits, and nothing else"
    if not any(number.startswith(prefix) for prefix in outside.prefixes):
        return "invalid", f"{number} is not among the numbers that may be called (transfers.prefixes)"
    under_way = sum(not each.login for each in floor.consults.values())
    under_way += sum(call.state is CallState.OUTSIDE for call in floor.calls.values())
    if under_way >= outside.at_most:
        return "illegal_now", f"{under_way} calls to outside numbers are under way: no more are allowed"
    return None


def _free_in(floor: Floor, queue: str) -> AgentSession | None:
    """The agent of the queue who has been free the longest."""
    free = [agent for agent in floor.agents.values() if queue in agent.queues and floor.is_free(agent)]
    return min(free, key=lambda agent: (agent.idle_since, agent.login), default=None)


# --- asking and ringing ---


def ask(floor: Floor, call: Call, to: Target, note: str, request: str, at: float, *, blind: bool) -> None:
    """Hold the caller and ring the other. What `refusal` allows is taken for granted."""
    found = _free_in(floor, to.name) if to.kind is TargetKind.QUEUE else floor.agents.get(to.name)
    agent = None if to.kind is TargetKind.NUMBER else found
    name = f"{PREFIX}{request}"
    consult = Consult(
        id=name,
        call=call.id,
        by=call.agent,
        target=to,
        login=agent.login if agent else "",
        phone=agent.phone if agent else "",
        leg=agent.line_leg if agent and agent.line == "persistent" else name,
        blind=blind,
        note=note,
        since=at,
    )
    floor.consults[name] = consult
    call.consult = name
    if note:
        call.notes = (*call.notes, Note(by=call.agent, text=note))
    kind = "transfer_asked" if blind else "consult_asked"
    call.interaction.note(at, kind, by=call.agent, to=to.kind.value, name=to.name, note=note, consult=name)
    floor.save(call.interaction)
    if call.state is CallState.TALKING:
        waiting_room.park(floor, call)
    if agent:
        _reserve(floor, call, consult, agent, at)
    else:
        _ring(floor, call, consult, at)
    show(floor, call)


def _reserve(floor: Floor, call: Call, consult: Consult, agent: AgentSession, at: float) -> None:
    """The record is on the page before the phone rings, as with an offer."""
    agent.move(AgentTrigger.RESERVE, at)
    agent.consult, agent.call, agent.interaction = consult.id, call.id, call.interaction.id
    floor.touch_agent(agent)
    show_record(floor, call, consult)
    if agent.page and consult.leg == consult.id:
        floor.wake(f"consult_pop {consult.id}", at + POP_GRACE_S)
    else:
        _ring(floor, call, consult, at)


def show_record(floor: Floor, call: Call, consult: Consult) -> None:
    """Pop what is known of the caller on the page of who is consulted; again when more is known."""
    why = {"rule": "transfer" if consult.blind else "consult", "by": consult.by}
    floor.do(call.pop(consult.login, consult.id, 0.0, why))


def pop_shown(floor: Floor, event: PopShown) -> None:
    """The colleague's page shows the record."""
    consult = floor.consults.get(event.offer)
    if consult and consult.login == event.login:
        floor.rest(f"consult_pop {consult.id}")
        _ring(floor, floor.calls[consult.call], consult, event.at)


def page_too_slow(floor: Floor, consult_id: str, at: float) -> None:
    """His page said nothing in time: the phone rings all the same."""
    if consult := floor.consults.get(consult_id):
        _ring(floor, floor.calls[consult.call], consult, at)


def _ring(floor: Floor, call: Call, consult: Consult, at: float) -> None:
    if consult.state is not ConsultState.POPPED:
        return
    consult.move(ConsultTrigger.RING)
    if consult.leg != consult.id:
        is_there(floor, consult.leg, at)  # a persistent line stands: there is nothing to ring
        return
    outside = floor.rules.outside
    floor.do(
        PlaceLeg(
            server=call.server,
            leg=consult.leg,
            phone=consult.phone,
            number="" if consult.login else consult.target.name,
            trunk=outside.trunk,
            shows=call.caller if consult.login else outside.shows,
            ring_s=outside.ring_s,
        )
    )
    floor.wake(f"consult {consult.id}", at + outside.ring_s + LOST_OFFER_S)
    show(floor, call)


# --- the guest is there ---


def leg_started(floor: Floor, leg: Leg) -> None:
    """A leg that was to end before it began ends now."""
    if leg.id.startswith(PREFIX) and leg.id not in floor.consults:
        floor.do(EndLeg(server=leg.server, leg=leg.id))


def is_there(floor: Floor, leg_id: str, at: float) -> None:
    """He has answered and stands in the waiting room, where the agent finds him, or the caller."""
    consult = floor.consult_of_leg(leg_id)
    leg = floor.legs.get(leg_id)
    if consult is None or consult.state is not ConsultState.RINGING or leg is None or not leg.room:
        return
    consult.move(ConsultTrigger.ANSWER)
    floor.rest(f"consult {consult.id}")
    call = floor.calls[consult.call]
    if agent := floor.agents.get(consult.login):
        agent.move(AgentTrigger.JOIN, at)
        call.interaction.workers.add(agent.login)
        floor.touch_agent(agent)
    call.interaction.note(at, "consult_answered", to=consult.target.kind.value, name=consult.name)
    floor.save(call.interaction)
    if consult.blind and call.state is CallState.TALKING:
        waiting_room.park(floor, call)  # once more: the first time may have failed
    bring_together(floor, call, consult, at)
    show(floor, call)


def bring_together(floor: Floor, call: Call, consult: Consult, at: float) -> None:
    """Ask for the talk that is wanted next, if both its sides are there."""
    own = floor.legs.get(call.agent_leg)
    if consult.state not in ANSWERED or call.state is not CallState.HELD:
        return
    if consult.blind:
        if call.joining != consult.leg:
            caller_sessions.join(floor, call, consult.leg, at)
    elif consult.wanted and own and own.room and consult.state is ConsultState.HELD:
        join_agent(floor, call, consult)


def join_agent(floor: Floor, call: Call, consult: Consult) -> None:
    """The agent is moved to him, from wherever he is."""
    consult.wanted = False
    floor.do(JoinLegs(server=call.server, leg=call.agent_leg, other=consult.leg))


def agent_is_back(floor: Floor, call: Call) -> None:
    """Agent and caller hear each other: the other is added, if that was asked for."""
    consult = floor.consults.get(call.consult)
    if consult and consult.adding:
        floor.do(AddLeg(server=call.server, leg=consult.leg, to=call.agent_leg))


# --- letting go ---


def over(floor: Floor, call: Call, at: float) -> None:
    """The call needs nobody beside it any more: the caller is gone, or in other hands."""
    if consult := floor.consults.get(call.consult):
        release(floor, call, consult, "over", at)


def release(floor: Floor, call: Call, consult: Consult, reason: str, at: float) -> None:
    """Let the guest go; `reason` says why nothing came of it, or nothing more."""
    rang = consult.state not in ANSWERED
    end(floor, call, consult)
    waiting_room.let_go(floor, consult.leg)
    kind = "transfer_failed" if consult.blind else "consult_ended"
    call.interaction.note(at, kind, by=consult.by, name=consult.name, reason=reason)
    if agent := floor.agents.get(consult.login):
        agent.consult = agent.call = ""
        if rang:
            agent.interaction = ""
            in_vain = reason in MISSED
            agent.move(AgentTrigger.MISS if in_vain else AgentTrigger.RELEASE, at, reason if in_vain else "")
            desks.grant_wish(floor, agent, at)
        else:
            wrap_ups.dismiss(floor, agent, at)
        floor.touch_agent(agent)
    floor.save(call.interaction)
    show(floor, call)


def end(floor: Floor, call: Call, consult: Consult) -> None:
    """Nobody is asked beside the call any more; his leg is where it is."""
    consult.move(ConsultTrigger.END)
    floor.consults.pop(consult.id, None)
    call.consult = ""
    floor.rest(f"consult_pop {consult.id}")
    floor.rest(f"consult {consult.id}")


def show(floor: Floor, call: Call) -> None:
    """The pages of all three must see it anew."""
    floor.touch(call=call.id)
    for login in (call.agent, (consult.login if (consult := floor.consults.get(call.consult)) else "")):
        if agent := floor.agents.get(login):
            floor.touch_agent(agent)
