"""What agents do with a further leg beside their talk: consult, toggle, conference, complete, drop.

The caller is on hold in his session meanwhile and the agent's leg parked: whoever is to hear whom next is one
command. The agent stays parked until the other and the caller are really joined, so that a transfer to
nowhere brings the caller back to him. What is true of the three is taken from their legs alone (`settle`).
"""

from collections.abc import Callable, Mapping

from contactcenter import desks, handoff, holds, recording
from contactcenter.agents import AgentSession, AgentTrigger, PauseReason
from contactcenter.calls import Call, CallState, CallTrigger, Leg
from contactcenter.causes import missed
from contactcenter.commands import Accepted, AddLeg, EndLeg, JoinLegs, ParkLeg, PlaceLeg, Room, ScreenPop
from contactcenter.consults import ANSWERED, Consult, ConsultState, ConsultTrigger
from contactcenter.events import ConsultAsked, ConsultStep, ConsultStepAsked, PopShown
from contactcenter.floor import Floor
from contactcenter.offers import LOST_OFFER_S, POP_GRACE_S
from contactcenter.values import Note, Target, TargetKind

PREFIX = "consult-"
"""How the names of consulted legs begin; Asterisk takes the name that we give."""

MISSED = frozenset({PauseReason.NO_ANSWER, PauseReason.BUSY, PauseReason.UNREACHABLE})


# --- asking for one ---


def asked(floor: Floor, event: ConsultAsked) -> None:
    """The agent wants to speak with somebody while the caller waits."""
    call = holds.own_call(floor, event.login, event.call, event.request)
    if call is None:
        return
    if wrong := refusal(floor, call, event.to):
        code, message = wrong
        floor.refuse(event.request, code, message, "to" if code == "invalid" else "")
        return
    begin(floor, call, event.to, event.note, event.request, event.at, blind=False)
    floor.do(Accepted(request=event.request))


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


def begin(floor: Floor, call: Call, to: Target, note: str, request: str, at: float, *, blind: bool) -> None:
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
        holds.park(floor, call)
    if agent:
        _reserve(floor, call, consult, agent, at)
    else:
        _ring(floor, call, consult, at)
    _show(floor, call)


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
    floor.do(
        ScreenPop(
            login=consult.login,
            offer=consult.id,
            call=call.id,
            interaction=call.interaction.id,
            queue=call.queue,
            caller=call.caller,
            caller_name=call.caller_name,
            match=call.match,
            customers=call.customers,
            waited_s=0.0,
            why={"rule": "transfer" if consult.blind else "consult", "by": consult.by},
            notes=call.notes,
        )
    )


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
    _show(floor, call)


# --- what the agent does with it ---


def asked_step(floor: Floor, event: ConsultStepAsked) -> None:
    """The agent goes on: to the other, to all, out of it, or back."""
    call = holds.own_call(floor, event.login, event.call, event.request)
    if call is None:
        return
    consult = floor.consults.get(call.consult)
    if consult is None:
        floor.refuse(event.request, "illegal_now", "nobody is asked beside this call")
    elif why_not := _why_not(call, consult, event.step):
        floor.refuse(event.request, "illegal_now", why_not)
    else:
        floor.do(Accepted(request=event.request))
        if event.step is ConsultStep.DROP:
            finish(floor, call, consult, "dropped", event.at)
        else:
            STEPS[event.step](floor, call, consult, event.at)
            _show(floor, call)


def _why_not(call: Call, consult: Consult, step: ConsultStep) -> str:
    if step is ConsultStep.DROP:
        # What was asked of the caller's session can't be taken back: he would end up with a leg that is gone.
        if consult.handing_over or call.joining == consult.leg:
            return "the caller is being joined to him: it is too late to drop him"
        return ""
    if consult.blind:
        return "the caller is on the way to him: wait, or drop it"
    if step in (ConsultStep.TOGGLE, ConsultStep.CONFERENCE):
        if consult.state not in ANSWERED:
            return "nobody has answered yet"
        if consult.state is ConsultState.TOGETHER:
            return "all three are together: complete it, or drop him"
    return ""


def _toggle(floor: Floor, call: Call, consult: Consult, at: float) -> None:
    """From the one to the other; one command moves the agent, so that nobody hears a third."""
    consult.adding = consult.wanted = False
    if consult.state is ConsultState.TALKING:
        holds.join(floor, call, call.agent_leg, at)
    else:
        call.parking = call.state is CallState.TALKING
        _join_agent(floor, call, consult)


def _complete(floor: Floor, call: Call, consult: Consult, at: float) -> None:
    """The caller goes to the other, and the agent out of it; at once, or when the other answers."""
    if consult.state is ConsultState.TOGETHER:
        consult.handing_over = True
        let_go(floor, call.agent_leg)  # the two hear each other already
        return
    consult.blind, consult.adding = True, False
    if call.state is CallState.TALKING:
        holds.park(floor, call)
    else:
        _bring_together(floor, call, consult, at)


def _conference(floor: Floor, call: Call, consult: Consult, at: float) -> None:
    """All three hear each other: caller and agent first, then the other is added."""
    consult.wanted, consult.adding = False, True
    if call.state is CallState.HELD:
        holds.join(floor, call, call.agent_leg, at)
    else:
        agent_is_back(floor, call)


STEPS: Mapping[ConsultStep, Callable[[Floor, Call, Consult, float], None]] = {
    ConsultStep.TOGGLE: _toggle,
    ConsultStep.COMPLETE: _complete,
    ConsultStep.CONFERENCE: _conference,
}


def left(floor: Floor, agent: AgentSession, at: float) -> None:
    """The one who was asked wants out of it."""
    consult = floor.consults[agent.consult]
    finish(floor, floor.calls[consult.call], consult, "left", at)


# --- what Asterisk says ---


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
    call.interaction.note(at, "consult_answered", to=consult.target.kind.value, name=_name(consult))
    floor.save(call.interaction)
    if consult.blind and call.state is CallState.TALKING:
        holds.park(floor, call)  # once more: the first time may have failed
    _bring_together(floor, call, consult, at)
    _show(floor, call)


def _bring_together(floor: Floor, call: Call, consult: Consult, at: float) -> None:
    """Ask for the talk that is wanted next, if both its sides are there."""
    own = floor.legs.get(call.agent_leg)
    if consult.state not in ANSWERED or call.state is not CallState.HELD:
        return
    if consult.blind:
        if call.joining != consult.leg:
            holds.join(floor, call, consult.leg, at)
    elif consult.wanted and own and own.room and consult.state is ConsultState.HELD:
        _join_agent(floor, call, consult)


def _join_agent(floor: Floor, call: Call, consult: Consult) -> None:
    consult.wanted = False
    floor.do(JoinLegs(server=call.server, leg=call.agent_leg, other=consult.leg))


def agent_is_back(floor: Floor, call: Call) -> None:
    """Agent and caller hear each other: the other is added, if that was asked for."""
    consult = floor.consults.get(call.consult)
    if consult and consult.adding:
        floor.do(AddLeg(server=call.server, leg=consult.leg, to=call.agent_leg))


def settle(floor: Floor, call: Call, partners: list[Leg], at: float) -> None:
    """Bring the consult in line with whom its leg hears; `partners` are whom the caller hears."""
    consult = floor.consults.get(call.consult)
    guest = floor.legs.get(consult.leg) if consult else None
    if consult is None or guest is None:
        return
    is_there(floor, guest.id, at)
    if consult.state not in ANSWERED:
        return
    own = floor.legs.get(call.agent_leg)
    with_agent = own is not None and bool(guest.bridge) and own.bridge == guest.bridge
    before = consult.state
    if guest in partners and (own is None or own not in partners):
        complete(floor, call, consult, at)
        return
    if guest in partners:
        if before is not ConsultState.TOGETHER:
            consult.move(ConsultTrigger.ADD)
            consult.adding = False
    elif with_agent:
        if before is not ConsultState.TALKING:
            consult.move(ConsultTrigger.JOIN)
    elif before is not ConsultState.HELD:
        consult.move(ConsultTrigger.HOLD)
    if consult.state is not before:
        call.interaction.note(at, f"consult_{consult.state.value}", name=_name(consult))
        floor.save(call.interaction)
        _show(floor, call)
    _bring_together(floor, call, consult, at)


def complete(floor: Floor, call: Call, consult: Consult, at: float) -> None:
    """Caller and other hear each other without the agent: the call is the other's."""
    _end(floor, call, consult)
    how = "blind" if consult.blind else "attended"
    call.interaction.note(at, "transfer_completed", by=consult.by, name=_name(consult), how=how)
    handoff.part(floor, call, at)
    if agent := floor.agents.get(consult.login):
        handoff.join(floor, call, agent, consult.leg, at)
    else:
        call.move(CallTrigger.CONNECT)
        call.agent_leg, call.answered_at = consult.leg, at
        floor.talks[consult.leg] = call.id
        call.interaction.know(agent_leg=consult.leg)
        call.interaction.note(at, "joined_outside", number=consult.target.name, queue=call.queue)
        recording.joined(floor, call, at, number=consult.target.name)
        floor.save(call.interaction)
    call.offer = consult.id
    _show(floor, call)


def leg_ended(floor: Floor, leg_id: str, cause: int, at: float) -> None:
    """The other side is gone, or never came."""
    consult = floor.consult_of_leg(leg_id)
    if consult is None or consult.leg != leg_id:
        return
    reason = "left" if consult.state in ANSWERED else missed(cause).value
    finish(floor, floor.calls[consult.call], consult, reason, at)


def lost(floor: Floor, consult_id: str, at: float) -> None:
    """Neither an answer nor a word from Asterisk long after the ringing time."""
    consult = floor.consults.get(consult_id)
    if consult is None or consult.state is not ConsultState.RINGING:
        return
    call = floor.calls[consult.call]
    if not floor.servers.get(call.server):
        floor.wake(f"consult {consult_id}", at + LOST_OFFER_S)
    else:
        finish(floor, call, consult, PauseReason.NO_ANSWER.value, at)


# --- the end of it ---


def finish(floor: Floor, call: Call, consult: Consult, reason: str, at: float) -> None:
    """It came to nothing, or is over: the agent goes back to the caller; without him, another gets him."""
    _release(floor, call, consult, reason, at)
    back_to_agent(floor, call, at)


def over(floor: Floor, call: Call, at: float) -> None:
    """The call needs nobody beside it any more: the caller is gone, or in other hands."""
    if consult := floor.consults.get(call.consult):
        _release(floor, call, consult, "over", at)


def _release(floor: Floor, call: Call, consult: Consult, reason: str, at: float) -> None:
    rang = consult.state not in ANSWERED
    _end(floor, call, consult)
    let_go(floor, consult.leg)
    kind = "transfer_failed" if consult.blind else "consult_ended"
    call.interaction.note(at, kind, by=consult.by, name=_name(consult), reason=reason)
    if agent := floor.agents.get(consult.login):
        agent.consult = agent.call = ""
        if rang:
            agent.interaction = ""
            in_vain = reason in MISSED
            agent.move(AgentTrigger.MISS if in_vain else AgentTrigger.RELEASE, at, reason if in_vain else "")
            desks.grant_wish(floor, agent, at)
        else:
            desks.dismiss(floor, agent, at)
        floor.touch_agent(agent)
    floor.save(call.interaction)
    _show(floor, call)


def back_to_agent(floor: Floor, call: Call, at: float) -> None:
    """The caller, if he is on hold, goes back to whoever put him there."""
    if call.state is CallState.TALKING and call.parking:
        call.joining = call.agent_leg  # still on the way out: back when he is there
    elif call.state is CallState.HELD and call.agent_leg:
        call.interaction.note(at, "returned", agent=call.agent)
        holds.join(floor, call, call.agent_leg, at)
    elif call.state is CallState.HELD:
        holds.agent_gone(floor, call, at)


def _end(floor: Floor, call: Call, consult: Consult) -> None:
    consult.move(ConsultTrigger.END)
    floor.consults.pop(consult.id, None)
    call.consult = ""
    floor.rest(f"consult_pop {consult.id}")
    floor.rest(f"consult {consult.id}")


def let_go(floor: Floor, leg_id: str) -> None:
    """A persistent line goes back to its place, any other leg ends."""
    leg = floor.legs.get(leg_id)
    if leg and leg_id in floor.lines:
        if leg.bridge:
            floor.do(ParkLeg(server=leg.server, leg=leg_id, room=Room.LINE))
    elif leg:
        floor.do(EndLeg(server=leg.server, leg=leg_id))


def carry_on(floor: Floor, call: Call, at: float) -> bool:
    """The agent's leg is gone while the caller is on hold: whether the transfer goes on without him.

    A colleague gets the caller, as phones do it when somebody hangs up in the middle. A number outside gets
    him only if that was asked for.
    """
    consult = floor.consults.get(call.consult)
    if consult is None or not (consult.blind or consult.login):
        return False
    if not call.agent_leg:
        return True
    consult.blind = True
    handoff.leave(floor, call, at)
    _bring_together(floor, call, consult, at)
    _show(floor, call)
    return True


def _name(consult: Consult) -> str:
    return consult.login or consult.target.name


def _show(floor: Floor, call: Call) -> None:
    floor.touch(call=call.id)
    for login in (call.agent, (consult.login if (consult := floor.consults.get(call.consult)) else "")):
        if agent := floor.agents.get(login):
            floor.touch_agent(agent)
