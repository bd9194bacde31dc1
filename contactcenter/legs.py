"""What Asterisk says of legs: started, answered, joined, parted, ended.

Events may come late, twice, or not at all, and in either order (two legs enter a bridge as they please). So
nothing is counted here: each event updates what is known of its leg, and `settle` then compares the call with
its legs and draws the conclusion, if there is one.
"""

from contactcenter import (
    callers,
    calling_back,
    consulting,
    desks,
    dialling,
    guests,
    handoff,
    monitoring,
    previewing,
    reached,
    recording,
    takeovers,
    talks,
    waiting_room,
)
from contactcenter.calls import CallState, Leg
from contactcenter.causes import DECLINED
from contactcenter.events import (
    LegAnswered,
    LegEnded,
    LegHeld,
    LegJoined,
    LegParked,
    LegParted,
    LegResumed,
    LegRinging,
    LegStarted,
    LegTransferred,
)
from contactcenter.floor import Floor
from contactcenter.interactions import Outcome


def started(floor: Floor, event: LegStarted) -> None:
    """A leg exists; one that is rung for a waiting caller belongs to the offer."""
    if event.leg not in floor.legs:
        floor.add_leg(
            Leg(
                id=event.leg,
                server=event.server,
                heard_at=event.at,
                phone=event.phone,
                linked=event.linked,
            )
        )
    call = floor.calls.get(event.linked)
    offer = floor.offers.get(call.offer) if call else None
    if offer and event.phone and (seat := offer.seat_on(event.phone)):
        seat.leg = event.leg
    monitoring.leg_started(floor, event.leg, event.at)
    guests.leg_started(floor, floor.legs[event.leg])


def _heard(floor: Floor, leg_id: str, at: float) -> Leg | None:
    leg = floor.legs.get(leg_id)
    if leg:
        leg.heard_at = at
    return leg


def ringing(floor: Floor, event: LegRinging) -> None:
    """An agent's phone rings: worth a line in the timeline. A supervisor's, and one that rings for a line
    that stays open, may be one that we answer."""
    leg = _heard(floor, event.leg, event.at)
    call = floor.calls.get(floor.desk_legs.get(leg.id, leg.linked)) if leg else None
    if leg and call and call.state is CallState.OFFERED and leg.phone:
        call.interaction.note(event.at, "ringing", phone=leg.phone)
        handoff.ringing(floor, call, leg)
    monitoring.leg_ringing(floor, event.leg)
    desks.line_ringing(floor, event.leg)
    reached.leg_ringing(floor, event.leg, event.at)


def answered(floor: Floor, event: LegAnswered) -> None:
    """The far end answered; a persistent line stands from here on."""
    if leg := _heard(floor, event.leg, event.at):
        leg.answered = True
        desks.line_answered(floor, leg.id)
        calling_back.desk_answered(floor, leg.id, event.at)
        previewing.desk_answered(floor, leg.id, event.at)
        reached.leg_answered(floor, leg.id, event.at)


def joined(floor: Floor, event: LegJoined) -> None:
    """A leg is in a bridge."""
    if leg := _heard(floor, event.leg, event.at):
        floor.move_leg(leg, event.bridge)
        recording.bridged(floor, leg, event.at)
        talks.settle_around(floor, leg, event.at)


def parked(floor: Floor, event: LegParked) -> None:
    """A leg stands in the waiting room: from now on it is there to be joined, and ends by our hand only."""
    if leg := _heard(floor, event.leg, event.at):
        floor.move_leg(leg, "")
        leg.room, leg.kept = event.room, True
        if call := floor.call_of_leg(leg.id):
            talks.settle(floor, call, event.at)
        waiting_room.watch(floor, leg, event.at)


def parted(floor: Floor, event: LegParted) -> None:
    """A leg left a bridge; a later word about another bridge wins over a late one about this."""
    leg = _heard(floor, event.leg, event.at)
    if leg and leg.room == event.bridge:
        leg.room = ""
    if leg and leg.bridge == event.bridge:
        floor.move_leg(leg, "")
        recording.bridged(floor, leg, event.at)
        talks.settle_around(floor, leg, event.at)
        waiting_room.watch(floor, leg, event.at)


def held(floor: Floor, event: LegHeld) -> None:
    """One side put the other on hold."""
    _hold(floor, event.leg, True, event.at)


def resumed(floor: Floor, event: LegResumed) -> None:
    """One side took the other back."""
    _hold(floor, event.leg, False, event.at)


def _hold(floor: Floor, leg_id: str, on: bool, at: float) -> None:
    leg = _heard(floor, leg_id, at)
    if leg is None or leg.held is on:
        return
    leg.held = on
    if call := floor.call_of_leg(leg_id):
        call.interaction.note(at, "held" if on else "resumed_talk", by=leg.phone or "caller")
        floor.touch(call=call.id)


def transferred(floor: Floor, event: LegTransferred) -> None:
    """A phone sent its peer elsewhere by itself."""
    if call := floor.call_of_leg(event.leg):
        call.phone_transferred = call.phone_transferred or event.leg == call.id
        by = floor.legs.get(event.by)
        call.interaction.note(
            event.at, "phone_transfer", by=by.phone if by else "", to=event.to, attended=event.attended
        )


def ended(floor: Floor, event: LegEnded) -> None:
    """A leg is gone, or never came about."""
    floor.gone[event.leg] = event.at
    if event.cause in DECLINED:
        _declined(floor, event.leg)
    end(floor, event.leg, event.at, cause=event.cause)


def _declined(floor: Floor, leg_id: str) -> None:
    """One of several phones that ring was busy, or its agent pressed the caller away: the others ring on."""
    leg = floor.legs.get(leg_id)
    call = floor.calls.get(leg.linked) if leg else None
    offer = floor.offers.get(call.offer) if call else None
    if leg and offer and (seat := offer.seat_on(leg.phone, leg.id)):
        seat.declined = True


def end(
    floor: Floor,
    leg_id: str,
    at: float,
    *,
    cause: int = 16,
    inferred: bool = False,
    restarted: bool = False,
) -> None:
    """Let the leg go, and with it what can't go on without it; it may have started unheard."""
    calling_back.desk_ended(floor, leg_id, cause, at)
    if leg := floor.legs.get(leg_id):
        floor.remove_leg(leg)
    if call := floor.call_of_leg(leg_id):
        if inferred:
            call.interaction.know(inferred=True)
        if call.id == leg_id:
            callers.over(floor, call, at, outcome=Outcome.ASTERISK_RESTART if restarted else None)
        else:
            consulting.leg_ended(floor, leg_id, cause, at)
            talks.settle(floor, call, at)
    desks.line_ended(floor, leg_id, at)
    if monitor := monitoring.leg_ended(floor, leg_id, at):
        takeovers.taker_gone(floor, monitor, at)
    dialling.leg_ended(floor, leg_id, cause, at, inferred=inferred)
