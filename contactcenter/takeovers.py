"""Take-over: a supervisor who is at a call has the caller from then on, and the agent wraps up.

Both legs go into the waiting room, and the caller's own session joins him to the supervisor's. Until the two
hear each other the call is the agent's: if it comes to nothing, the caller goes back to him, and the
supervisor listens again.
"""

from contactcenter import caller_sessions, consulting, handoff, monitoring, waiting_room
from contactcenter.agents import AgentSession
from contactcenter.calls import Call, CallState, Leg
from contactcenter.commands import Accepted, ParkLeg, Room
from contactcenter.events import TakeOverAsked
from contactcenter.floor import Floor
from contactcenter.monitors import Monitor

TAKEN_S = 5.0
"""A take-over that lasts longer than this has been forgotten by Asterisk: it is given up."""


def asked(floor: Floor, event: TakeOverAsked) -> None:
    """A supervisor wants the caller."""
    call, mine = floor.calls.get(event.call), monitoring.monitor_of(floor, event.login)
    if call is None:
        floor.refuse(event.request, "unknown", "there is no such call")
    elif mine is None or mine.call != call.id or mine.ending or mine.began_at is None:
        floor.refuse(event.request, "illegal_now", "listen to this call first, then take it over")
    elif (taker := _taker(floor, call)) and taker is not mine:
        message = f"supervisor {taker.login} is just taking this caller over"
        floor.refuse(event.request, "illegal_now", message)
    elif call.consult:
        message = "the agent has somebody else at this call: wait until that is over"
        floor.refuse(event.request, "illegal_now", message)
    elif mine.taking or not call.talks or call.parking or call.joining:
        message = "the caller is just being moved: try again in a moment"
        floor.refuse(event.request, "illegal_now", message)
    else:
        _begin(floor, call, mine, event.at)
        floor.do(Accepted(request=event.request))


def _taker(floor: Floor, call: Call) -> Monitor | None:
    """The supervisor to whom the caller is on the way."""
    return next((each for each in floor.monitors.values() if each.call == call.id and each.taking), None)


def _begin(floor: Floor, call: Call, monitor: Monitor, at: float) -> None:
    monitor.taking = True
    floor.wake(f"take {monitor.id}", at + TAKEN_S)
    monitoring.tell(floor, monitor, at, "take_over_asked", agent=call.agent)
    floor.do(ParkLeg(server=monitor.server, leg=monitor.id, room=Room.DESK))


def go_on(floor: Floor, at: float) -> None:
    """After every event: one step after the other, for only a leg that has arrived in the waiting room can be
    joined safely."""
    for monitor in list(floor.monitors.values()):
        call = floor.calls.get(monitor.call)
        if call and monitor.taking and not monitor.ending:
            _step(floor, call, monitor, at)


def _step(floor: Floor, call: Call, monitor: Monitor, at: float) -> None:
    leg = floor.legs.get(monitor.id)
    if leg is None or not leg.room:
        return
    if call.state is CallState.TALKING and not call.parking:
        waiting_room.park(floor, call)
    elif call.state is CallState.HELD and call.joining != monitor.id:
        caller_sessions.join(floor, call, monitor.id, at)


def settle(floor: Floor, call: Call, partners: list[Leg], at: float) -> bool:
    """Whether the caller, who is on hold, hears a supervisor now: then the call is the supervisor's."""
    taker = next((floor.monitors[leg.id] for leg in partners if leg.id in floor.monitors), None)
    if taker is None or not taker.taking:
        return False
    _complete(floor, call, taker, at)
    return True


def _complete(floor: Floor, call: Call, monitor: Monitor, at: float) -> None:
    agent = call.agent
    monitoring.over(floor, monitor, "taken_over", at)
    call.interaction.note(at, "taken_over", by=monitor.login, name=monitor.name, agent=agent)
    handoff.part(floor, call, at)
    handoff.join(floor, call, _session(floor, monitor, at), monitor.id, at)
    floor.audit(
        at, monitor.login, "taken_over", "call", call.id, interaction=call.interaction.id, agent=agent
    )


def _session(floor: Floor, monitor: Monitor, at: float) -> AgentSession:
    """The supervisor as an agent, for this one talk and its wrap-up: no queue's, and gone afterwards."""
    session = floor.agents.get(monitor.login)  # there if he still wraps up an earlier one
    if session is None:
        session = AgentSession(
            login=monitor.login, name=monitor.name, queues=(), phone=monitor.phone, line="ring", since=at
        )
        floor.agents[session.login] = session
    session.phone, session.leaving, session.afterwards = monitor.phone, True, "offline"
    floor.touch_agent(session)
    return session


def failed(floor: Floor, call: Call, leg_id: str, at: float) -> bool:
    """Whether it was a supervisor's leg that the caller could not be joined to: he goes back to the agent."""
    monitor = floor.monitors.get(leg_id)
    if monitor is None or not monitor.taking:
        return False
    _give_up(floor, call, monitor, at)
    monitoring.listen_again(monitor)
    return True


def taker_gone(floor: Floor, monitor: Monitor, at: float) -> None:
    """The supervisor's leg is gone: if a caller was on the way to it, he goes back to the agent."""
    if monitor.taking and (call := floor.calls.get(monitor.call)):
        _give_up(floor, call, monitor, at)


def overdue(floor: Floor, monitor_id: str, at: float) -> None:
    """The caller should be with the supervisor by now; he is not."""
    monitor = floor.monitors.get(monitor_id)
    if monitor and monitor.taking and (call := floor.calls.get(monitor.call)):
        _give_up(floor, call, monitor, at)
        monitoring.listen_again(monitor)


def _give_up(floor: Floor, call: Call, monitor: Monitor, at: float) -> None:
    """The supervisor gets nobody: the caller goes back to the agent."""
    monitor.taking = False
    monitoring.tell(floor, monitor, at, "take_over_failed", agent=call.agent)
    consulting.back_to_agent(floor, call, at)
