"""The waiting room: legs stand there that are in no talk, until somebody wants them.

An agent's leg is asked in while his caller is on hold, or goes elsewhere; a persistent line is at home here.
A leg that has been here stands by itself: no caller's hang-up ends it, so we look after it.
"""

from contactcenter.calls import Call, Leg
from contactcenter.commands import EndLeg, ParkLeg, Room
from contactcenter.floor import Floor

STRAY_S = 2.0
"""How long an agent's leg may be without a caller's."""


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


def send_out(floor: Floor, call: Call) -> None:
    """The agent's leg leaves the talk for good: a persistent line goes back to its place, any other ends."""
    if call.agent_leg in floor.lines:
        floor.do(ParkLeg(server=call.server, leg=call.agent_leg, room=Room.LINE))
    else:
        floor.do(EndLeg(server=call.server, leg=call.agent_leg))


def let_go(floor: Floor, leg_id: str) -> None:
    """A persistent line goes back to its place, any other leg ends."""
    leg = floor.legs.get(leg_id)
    if leg and leg_id in floor.lines:
        if leg.bridge:
            floor.do(ParkLeg(server=leg.server, leg=leg_id, room=Room.LINE))
    elif leg:
        floor.do(EndLeg(server=leg.server, leg=leg_id))


def forget(floor: Floor, call: Call) -> None:
    """Nobody of this call is waited for any more: nothing of a hold is left."""
    if call.held_at is not None:
        floor.rest(f"hold {call.id}")
    call.parking, call.held_at, call.held_by = False, None, ""
    call.joining, call.join_asked = "", False


def watch(floor: Floor, leg: Leg, at: float) -> None:
    """A leg that stands by itself is in no bridge: look after `STRAY_S` whether anybody still wants it."""
    if leg.kept and not leg.bridge and leg.id not in floor.lines:
        floor.wake(f"stray {leg.id}", at + STRAY_S)


def stray(floor: Floor, leg_id: str, at: float) -> None:
    """Nobody's hang-up ends a leg that stands by itself: without a caller it is ended by us."""
    leg = floor.legs.get(leg_id)
    if (
        leg is None
        or leg.bridge
        or leg_id in floor.lines
        or leg_id in floor.monitors
        or floor.call_of_leg(leg_id)
    ):
        return
    if any(record.agent_leg == leg_id for record in floor.restored.values()):
        floor.wake(f"stray {leg_id}", at + STRAY_S)  # its caller may be on the way back to us
    else:
        floor.do(EndLeg(server=leg.server, leg=leg_id))
