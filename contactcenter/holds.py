"""Hold and resume: the agent's leg waits parked, the caller hears music in his own session and comes back.

The caller never leaves his session, so what he waits for next is one command away: the same agent again,
another leg, a queue. What had him on hold stands on his leg: a crash of this process loses neither of them.
"""

from contactcenter import consulting, desks, handoff, recording, takeovers, transfers
from contactcenter.calls import Call, CallState, CallTrigger, Leg
from contactcenter.commands import Accepted, JoinLeg, LeaveQueue, ParkLeg, Room, WaitOn
from contactcenter.events import HoldAsked, ResumeAsked
from contactcenter.floor import Floor
from contactcenter.interactions import Outcome
from contactcenter.values import NOBODY


def asked_hold(floor: Floor, event: HoldAsked) -> None:
    """Hold was pressed on the page."""
    call = own_call(floor, event.login, event.call, event.request)
    if call is None:
        return
    if call.state is CallState.HELD:
        floor.refuse(event.request, "illegal_now", "the caller is on hold already")
        return
    park(floor, call)
    floor.do(Accepted(request=event.request))


def asked_resume(floor: Floor, event: ResumeAsked) -> None:
    """The caller is wanted back."""
    call = own_call(floor, event.login, event.call, event.request)
    if call is None:
        return
    if call.state is not CallState.HELD:
        floor.refuse(event.request, "illegal_now", "the caller is not on hold")
        return
    join(floor, call, call.agent_leg, event.at)
    floor.do(Accepted(request=event.request))


def own_call(floor: Floor, login: str, call_id: str, request: str) -> Call | None:
    """The call that this agent has; a request for any other is refused."""
    call = floor.calls.get(call_id)
    if call and call.agent == login and call.talks:
        return call
    floor.refuse(request, "illegal_now", "this call is not your talk")
    return None


def park(floor: Floor, call: Call) -> None:
    """Ask the agent's leg out of the talk; the caller is on hold once Asterisk or his session has said so."""
    call.parking = True
    keep(floor, call.agent_leg)
    room = Room.LINE if call.agent_leg in floor.lines else Room.DESK
    floor.do(ParkLeg(server=call.server, leg=call.agent_leg, room=room))


def keep(floor: Floor, leg_id: str) -> None:
    """From now on the leg stands by itself."""
    if leg := floor.legs.get(leg_id):
        leg.kept = True


def begin(floor: Floor, call: Call, at: float) -> None:
    """The two were parted as we asked: the caller is on hold."""
    call.parking = False
    call.move(CallTrigger.HOLD)
    call.held_at = at
    floor.wake(f"hold {call.id}", at + floor.rules.longest_hold_s)
    _note(floor, call, at, "held")
    if call.agent_leg not in floor.legs:
        agent_gone(floor, call, at)
    elif call.joining:
        join(floor, call, call.joining, at)


def resumed(floor: Floor, call: Call, at: float) -> None:
    """Caller and agent hear each other again."""
    call.move(CallTrigger.JOIN)
    forget(floor, call)
    recording.resumed(floor, call, at)
    _note(floor, call, at, "resumed_talk")
    consulting.agent_is_back(floor, call)


def forget(floor: Floor, call: Call) -> None:
    """Nothing of a hold is left."""
    if call.held_at is not None:
        floor.rest(f"hold {call.id}")
    call.parking, call.held_at, call.held_by = False, None, ""
    call.joining, call.join_asked = "", False


def _note(floor: Floor, call: Call, at: float, kind: str) -> None:
    call.interaction.note(at, kind, by=call.agent)
    floor.save(call.interaction)
    floor.touch(call=call.id)
    if agent := floor.agents.get(call.agent):
        floor.touch_agent(agent)


def join(floor: Floor, call: Call, leg: str, at: float) -> None:
    """Have the caller joined to a leg that stands, or that is on its way into the waiting room."""
    call.joining, call.join_asked = leg, False
    join_if_there(floor, call, at)


def join_if_there(floor: Floor, call: Call, at: float) -> None:
    """Ask the caller's session for it, once the leg can be found where it was sent."""
    leg = floor.legs.get(call.joining)
    if call.state is CallState.HELD and not call.join_asked and leg and (leg.room or leg.bridge):
        call.join_asked = True
        floor.do(
            JoinLeg(
                call=call.id,
                offer=call.consult or call.offer,
                leg=leg.id,
                recording=recording.go_on(floor, call, leg.id, at),
            )
        )


def join_failed(floor: Floor, call: Call, status: str, at: float) -> None:
    """The leg could not be joined: it is gone, or something else took it."""
    call.joining, call.join_asked, leg = "", False, call.joining
    call.interaction.note(at, "resume_failed", status=status)
    if takeovers.failed(floor, call, leg, at):
        return
    consult = floor.consults.get(call.consult)
    if consult and consult.leg == leg:
        consulting.finish(floor, call, consult, "unreachable", at)
    elif status == "CHANUNAVAIL":
        agent_gone(floor, call, at)


def over_due(floor: Floor, call_id: str, at: float) -> None:
    """On hold for longer than anybody should be: back to the agent, whomever he consults meanwhile."""
    call = floor.calls.get(call_id)
    if call is None or call.state is not CallState.HELD or call.held_at is None:
        return
    if at >= call.held_at + floor.rules.longest_hold_s:
        call.interaction.note(at, "hold_too_long", held_s=round(at - call.held_at, 3))
        join(floor, call, call.agent_leg, at)


def agent_gone(floor: Floor, call: Call, at: float) -> None:
    """The agent's leg is gone: a transfer goes on without it, else another agent gets the caller."""
    if consulting.carry_on(floor, call, at):
        return
    handoff.part(floor, call, at)
    back_to_queue(floor, call, "agent_gone", at)


def back_to_queue(floor: Floor, call: Call, reason: str, at: float) -> None:
    """The caller, who hears music in his session, waits for an agent again, at his first place."""
    queue = floor.queues.get(call.queue)
    if queue is None:
        floor.do(LeaveQueue(call=call.id, exit=Outcome.ANSWERED.value))
        return
    interaction = call.interaction
    call.move(CallTrigger.QUEUE)
    call.queued_at = interaction.record.queued_at or at
    call.returned_at = at
    interaction.note(at, "queued", queue=call.queue, priority=call.priority, kept_place=True, reason=reason)
    floor.enter_queue(call)
    floor.save(interaction)
    say_on(floor, call)


def say_on(floor: Floor, call: Call) -> None:
    """A talk of the caller's session is over: tell it what comes next, since it can't know."""
    if call.state is CallState.HELD:
        wait_on(floor, call, call.agent_leg or NOBODY)
    elif call.state in (CallState.WAITING, CallState.OFFERED):
        wait_on(floor, call, NOBODY)
    elif call.state is CallState.SCRIPT and not transfers.run_script(floor, call):
        floor.do(LeaveQueue(call=call.id, exit=Outcome.ANSWERED.value))


def wait_on(floor: Floor, call: Call, held_by: str) -> None:
    """The session keeps the caller, and what brings him back."""
    entered_at = call.queued_at or call.interaction.record.queued_at or call.arrived_at
    floor.do(WaitOn(call=call.id, queue=call.queue, entered_at=entered_at, held_by=held_by))


# --- after a crash ---


def session_is_back(floor: Floor, call: Call, at: float) -> None:
    """The held caller's session began anew and waits for a word."""
    say_on(floor, call)
    if call.joining:
        join(floor, call, call.joining, at)


def restore(floor: Floor, call: Call, at: float) -> bool:
    """Whether the caller, who was on hold when this process died, is so again, by the same leg."""
    leg_id, call.held_by = call.held_by, ""
    leg = floor.legs.get(leg_id)
    if leg is None and (leg_id in floor.gone or floor.servers.get(call.server)):
        return False
    if leg is None:
        # The next snapshot says whether it is there.
        leg = Leg(id=leg_id, server=call.server, heard_at=at)
        floor.add_leg(leg)
    leg.kept = True
    record = call.interaction.record
    agent = floor.agents.get(record.agent if record.agent_leg == leg_id else "") or floor.agent_of_phone(
        leg.phone
    )
    if agent and not agent.can_join:
        return False
    call.move(CallTrigger.HOLD)
    call.agent = agent.login if agent else record.agent
    call.agent_leg, call.answered_at, call.held_at = leg_id, record.answered_at or at, at
    floor.talks[leg_id] = call.id
    if queue := floor.queues.get(call.queue):
        queue.talking += 1
    floor.wake(f"hold {call.id}", at + floor.rules.longest_hold_s)
    call.interaction.note(at, "restored", agent=call.agent)
    floor.save(call.interaction)
    floor.touch(call=call.id, queue=call.queue)
    if agent:
        handoff.make_room(floor, call, agent, at)
        desks.begin_talk(floor, call, agent, at)
    say_on(floor, call)
    return True
