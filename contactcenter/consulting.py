"""What agents do with a further leg beside their talk: consult, toggle, conference, complete, drop.

The caller is on hold in his session meanwhile and the agent's leg parked: whoever is to hear whom next is one
command. The agent stays parked until the other and the caller are really joined, so that a transfer to
nowhere brings the caller back to him. What is true of the three is taken from their legs alone (`settle`).
"""

from collections.abc import Callable, Mapping

from contactcenter import caller_sessions, guests, handoff, recording, waiting_room, waits
from contactcenter.agents import AgentSession, PauseReason
from contactcenter.calls import Call, CallState, CallTrigger, Leg
from contactcenter.causes import missed
from contactcenter.commands import Accepted
from contactcenter.consults import ANSWERED, Consult, ConsultState, ConsultTrigger
from contactcenter.courses import Act
from contactcenter.events import ConsultAsked, ConsultStep, ConsultStepAsked
from contactcenter.floor import Floor
from contactcenter.offers import LOST_OFFER_S

# --- asking for one ---


def asked(floor: Floor, event: ConsultAsked) -> None:
    """The agent wants to speak with somebody while the caller waits."""
    call = floor.own_talk(event.login, event.call, event.request, Act.CONSULT)
    if call is None:
        return
    if wrong := guests.refusal(floor, call, event.to):
        code, message = wrong
        floor.refuse(event.request, code, message, "to" if code == "invalid" else "")
        return
    guests.ask(floor, call, event.to, event.note, event.request, event.at, blind=False)
    floor.do(Accepted(request=event.request))


# --- what the agent does with it ---


def asked_step(floor: Floor, event: ConsultStepAsked) -> None:
    """The agent goes on: to the other, to all, out of it, or back."""
    call = floor.own_talk(event.login, event.call, event.request, Act(event.step.value))
    if call is None:
        return
    consult = floor.consults.get(call.consult)
    if consult is None:
        floor.refuse(event.request, "illegal_now", "nobody is asked beside this call")
    elif why_not := _why_not(consult, event.step):
        floor.refuse(event.request, "illegal_now", why_not)
    else:
        floor.do(Accepted(request=event.request))
        if event.step is ConsultStep.DROP:
            finish(floor, call, consult, "dropped", event.at)
        else:
            STEPS[event.step](floor, call, consult, event.at)
            guests.show(floor, call)


def _why_not(consult: Consult, step: ConsultStep) -> str:
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
        caller_sessions.join(floor, call, call.agent_leg, at)
    else:
        call.parking = call.state is CallState.TALKING
        guests.join_agent(floor, call, consult)


def _complete(floor: Floor, call: Call, consult: Consult, at: float) -> None:
    """The caller goes to the other, and the agent out of it; at once, or when the other answers."""
    if consult.state is ConsultState.TOGETHER:
        consult.handing_over = True
        waiting_room.let_go(floor, call.agent_leg)  # the two hear each other already
        return
    consult.blind, consult.adding = True, False
    if call.state is CallState.TALKING:
        waiting_room.park(floor, call)
    else:
        guests.bring_together(floor, call, consult, at)


def _conference(floor: Floor, call: Call, consult: Consult, at: float) -> None:
    """All three hear each other: caller and agent first, then the other is added."""
    consult.wanted, consult.adding = False, True
    if call.state is CallState.HELD:
        caller_sessions.join(floor, call, call.agent_leg, at)
    else:
        guests.agent_is_back(floor, call)


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


def settle(floor: Floor, call: Call, partners: list[Leg], at: float) -> None:
    """Bring the consult in line with whom its leg hears; `partners` are whom the caller hears."""
    consult = floor.consults.get(call.consult)
    guest = floor.legs.get(consult.leg) if consult else None
    if consult is None or guest is None:
        return
    guests.is_there(floor, guest.id, at)
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
        call.interaction.note(at, f"consult_{consult.state.value}", name=consult.name)
        floor.save(call.interaction)
        guests.show(floor, call)
    guests.bring_together(floor, call, consult, at)


def complete(floor: Floor, call: Call, consult: Consult, at: float) -> None:
    """Caller and other hear each other without the agent: the call is the other's."""
    guests.end(floor, call, consult)
    how = "blind" if consult.blind else "attended"
    call.interaction.note(at, "transfer_completed", by=consult.by, name=consult.name, how=how)
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
    guests.show(floor, call)


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
    guests.release(floor, call, consult, reason, at)
    back_to_agent(floor, call, at)


def back_to_agent(floor: Floor, call: Call, at: float) -> None:
    """The caller, if he is on hold, goes back to whoever put him there."""
    if call.state is CallState.TALKING and call.parking:
        call.interaction.note(at, "returned", agent=call.agent)
        call.joining = call.agent_leg  # still on the way out: back when he is there
    elif call.state is CallState.HELD and call.agent_leg:
        call.interaction.note(at, "returned", agent=call.agent)
        caller_sessions.join(floor, call, call.agent_leg, at)
    elif call.state is CallState.HELD:
        agent_gone(floor, call, at)


def agent_gone(floor: Floor, call: Call, at: float) -> None:
    """The agent's leg is gone: a transfer goes on without it, else another agent gets the caller."""
    if _carry_on(floor, call, at):
        return
    handoff.part(floor, call, at)
    waits.come_back(floor, call, at)


def _carry_on(floor: Floor, call: Call, at: float) -> bool:
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
    guests.bring_together(floor, call, consult, at)
    guests.show(floor, call)
    return True
