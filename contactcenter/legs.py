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
    handoff,
    holds,
    recording,
    supervision,
    takeovers,
    transfers,
)
from contactcenter.calls import Call, CallState, Leg
from contactcenter.causes import DECLINED
from contactcenter.commands import EndLeg
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

STRAY_S = 2.0
"""How long an agent's leg may be without a caller's."""


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
    supervision.leg_started(floor, event.leg, event.at)
    consulting.leg_started(floor, floor.legs[event.leg])


def _heard(floor: Floor, leg_id: str, at: float) -> Leg | None:
    leg = floor.legs.get(leg_id)
    if leg:
        leg.heard_at = at
    return leg


def ringing(floor: Floor, event: LegRinging) -> None:
    """An agent's phone rings: worth a line in the timeline. A supervisor's may be one that we answer."""
    leg = _heard(floor, event.leg, event.at)
    call = floor.calls.get(leg.linked) if leg else None
    if leg and call and call.state is CallState.OFFERED and leg.phone:
        call.interaction.note(event.at, "ringing", phone=leg.phone)
    supervision.leg_ringing(floor, event.leg)


def answered(floor: Floor, event: LegAnswered) -> None:
    """The far end answered; a persistent line stands from here on."""
    if leg := _heard(floor, event.leg, event.at):
        leg.answered = True
        desks.line_answered(floor, leg.id)
        calling_back.desk_answered(floor, leg.id, event.at)


def joined(floor: Floor, event: LegJoined) -> None:
    """A leg is in a bridge."""
    if leg := _heard(floor, event.leg, event.at):
        floor.move_leg(leg, event.bridge)
        recording.bridged(floor, leg, event.at)
        settle_around(floor, leg, event.at)


def parked(floor: Floor, event: LegParked) -> None:
    """A leg stands in the waiting room: from now on it is there to be joined, and ends by our hand only."""
    if leg := _heard(floor, event.leg, event.at):
        floor.move_leg(leg, "")
        leg.room, leg.kept = event.room, True
        if call := floor.call_of_leg(leg.id):
            settle(floor, call, event.at)
        watch(floor, leg, event.at)


def parted(floor: Floor, event: LegParted) -> None:
    """A leg left a bridge; a later word about another bridge wins over a late one about this."""
    leg = _heard(floor, event.leg, event.at)
    if leg and leg.room == event.bridge:
        leg.room = ""
    if leg and leg.bridge == event.bridge:
        floor.move_leg(leg, "")
        recording.bridged(floor, leg, event.at)
        settle_around(floor, leg, event.at)
        watch(floor, leg, event.at)


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
            settle(floor, call, at)
    desks.line_ended(floor, leg_id, at)
    supervision.leg_ended(floor, leg_id, at)


def settle_around(floor: Floor, leg: Leg, at: float) -> None:
    """Settle the calls that a leg and its partners in the bridge belong to."""
    for each in (leg, *floor.partners(leg)):
        if call := floor.call_of_leg(each.id):
            settle(floor, call, at)


def settle(floor: Floor, call: Call, at: float) -> None:
    """Bring the call in line with whom its caller hears."""
    caller = floor.legs.get(call.id)
    partners = floor.partners(caller) if caller else []
    consulting.settle(floor, call, partners, at)
    _conclude(floor, call, partners, at)
    recording.heard(floor, call, at)


def _conclude(floor: Floor, call: Call, partners: list[Leg], at: float) -> None:
    if call.state is CallState.TALKING:
        own = floor.legs.get(call.agent_leg)
        left = own is not None and own not in partners and (own.kept or own.id in floor.lines)
        if left and call.parking:
            holds.begin(floor, call, at)
        elif own is None or left:
            transfers.part(floor, call, at)
            # A phone that passed the caller on by itself leaves him with another phone: the talk goes on.
            _take_over(floor, call, partners, at)
    elif call.state is CallState.HELD:
        own = floor.legs.get(call.agent_leg)
        if takeovers.settle(floor, call, partners, at):
            return
        if own is None:
            holds.agent_gone(floor, call, at)
        elif own in partners:
            holds.resumed(floor, call, at)
        holds.join_if_there(floor, call, at)
    elif call.state is CallState.OUTSIDE:
        own = floor.legs.get(call.agent_leg)
        if own is None or own not in partners:
            handoff.part(floor, call, at)
    elif call.state is CallState.OFFERED:
        offer = floor.offers[call.offer]
        for partner in partners:
            if seat := offer.seat_on(partner.phone, partner.id):
                handoff.join(floor, call, floor.agents[seat.login], partner.id, at)
                return
    else:
        _take_over(floor, call, partners, at)


def _take_over(floor: Floor, call: Call, partners: list[Leg], at: float) -> None:
    for partner in partners:
        agent = floor.agent_of_phone(partner.phone)
        if agent and agent.can_join:
            handoff.join(floor, call, agent, partner.id, at)
            return


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
