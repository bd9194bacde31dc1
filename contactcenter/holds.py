"""Hold and resume: the agent's leg waits parked, the caller hears music in his own session and comes back.

The caller never leaves his session, so what he waits for next is one command away: the same agent again,
another leg, a queue. What had him on hold stands on his leg: a crash of this process loses neither of them.
"""

from contactcenter import caller_sessions, desks, guests, handoff, recording, waiting_room
from contactcenter.calls import Call, CallState, CallTrigger, Leg
from contactcenter.commands import Accepted
from contactcenter.courses import Act
from contactcenter.events import HoldAsked, ResumeAsked
from contactcenter.floor import Floor


def asked_hold(floor: Floor, event: HoldAsked) -> None:
    """Hold was pressed on the page."""
    call = floor.own_talk(event.login, event.call, event.request, Act.HOLD)
    if call is None:
        return
    if call.state is CallState.HELD:
        floor.refuse(event.request, "illegal_now", "the caller is on hold already")
        return
    waiting_room.park(floor, call)
    floor.do(Accepted(request=event.request))


def asked_resume(floor: Floor, event: ResumeAsked) -> None:
    """The caller is wanted back."""
    call = floor.own_talk(event.login, event.call, event.request, Act.RESUME)
    if call is None:
        return
    if call.state is not CallState.HELD:
        floor.refuse(event.request, "illegal_now", "the caller is not on hold")
        return
    caller_sessions.join(floor, call, call.agent_leg, event.at)
    floor.do(Accepted(request=event.request))


def begin(floor: Floor, call: Call, at: float) -> None:
    """The two were parted as we asked: the caller is on hold."""
    call.parking = False
    call.move(CallTrigger.HOLD)
    call.held_at = at
    floor.wake(f"hold {call.id}", at + floor.rules.longest_hold_s)
    _note(floor, call, at, "held")


def resumed(floor: Floor, call: Call, at: float) -> None:
    """Caller and agent hear each other again."""
    call.move(CallTrigger.JOIN)
    waiting_room.forget(floor, call)
    recording.resumed(floor, call, at)
    _note(floor, call, at, "resumed_talk")
    guests.agent_is_back(floor, call)


def _note(floor: Floor, call: Call, at: float, kind: str) -> None:
    call.interaction.note(at, kind, by=call.agent)
    floor.save(call.interaction)
    floor.touch(call=call.id)
    if agent := floor.agents.get(call.agent):
        floor.touch_agent(agent)


def over_due(floor: Floor, call_id: str, at: float) -> None:
    """On hold for longer than anybody should be: back to the agent, whomever he consults meanwhile."""
    call = floor.calls.get(call_id)
    if call is None or call.state is not CallState.HELD or call.held_at is None or call.join_asked:
        return
    if at >= call.held_at + floor.rules.longest_hold_s:
        call.interaction.note(at, "hold_too_long", held_s=round(at - call.held_at, 3))
        caller_sessions.join(floor, call, call.agent_leg, at)


# --- after a crash ---


def session_is_back(floor: Floor, call: Call, at: float) -> None:
    """The held caller's session began anew and waits for a word."""
    caller_sessions.say_on(floor, call)
    call.join_asked = False  # it knows nothing of what was asked of the old one
    if call.joining:
        caller_sessions.join(floor, call, call.joining, at)


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
    caller_sessions.say_on(floor, call)
    return True
