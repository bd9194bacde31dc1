"""What Asterisk says of legs: started, answered, joined, parted, ended.

Events may come late, twice, or not at all, and in either order (two legs enter a bridge as they please). So
nothing is counted here: each event updates what is known of its leg, and `settle` then compares the call with
its legs and draws the conclusion, if there is one.
"""

from contactcenter import callers, desks, handoff, recording, supervision
from contactcenter.calls import Call, CallState, Leg
from contactcenter.events import (
    LegAnswered,
    LegEnded,
    LegHeld,
    LegJoined,
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
    if offer and offer.phone == event.phone:
        offer.agent_leg = event.leg
    supervision.leg_started(floor, event.leg, event.at)


def _heard(floor: Floor, leg_id: str, at: float) -> Leg | None:
    leg = floor.legs.get(leg_id)
    if leg:
        leg.heard_at = at
    return leg


def ringing(floor: Floor, event: LegRinging) -> None:
    """The agent's phone rings: worth a line in the timeline, and nothing else."""
    leg = _heard(floor, event.leg, event.at)
    call = floor.calls.get(leg.linked) if leg else None
    if leg and call and call.state is CallState.OFFERED and leg.phone:
        call.interaction.note(event.at, "ringing", phone=leg.phone)


def answered(floor: Floor, event: LegAnswered) -> None:
    """The far end answered; a persistent line stands from here on."""
    if leg := _heard(floor, event.leg, event.at):
        leg.answered = True
        desks.line_answered(floor, leg.id)
        supervision.leg_answered(floor, leg.id)


def joined(floor: Floor, event: LegJoined) -> None:
    """A leg is in a bridge."""
    if leg := _heard(floor, event.leg, event.at):
        floor.move_leg(leg, event.bridge)
        recording.bridged(floor, leg, event.at)
        settle_around(floor, leg, event.at)


def parted(floor: Floor, event: LegParted) -> None:
    """A leg left a bridge; a later word about another bridge wins over a late one about this."""
    leg = _heard(floor, event.leg, event.at)
    if leg and leg.bridge == event.bridge:
        floor.move_leg(leg, "")
        recording.bridged(floor, leg, event.at)
        settle_around(floor, leg, event.at)


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
        by = floor.legs.get(event.by)
        call.interaction.note(
            event.at, "phone_transfer", by=by.phone if by else "", to=event.to, attended=event.attended
        )


def ended(floor: Floor, event: LegEnded) -> None:
    """A leg is gone, or never came about."""
    floor.gone[event.leg] = event.at
    end(floor, event.leg, event.at)


def end(floor: Floor, leg_id: str, at: float, *, inferred: bool = False, restarted: bool = False) -> None:
    """Let the leg go, and with it what can't go on without it; it may have started unheard."""
    if leg := floor.legs.get(leg_id):
        floor.remove_leg(leg)
    if call := floor.call_of_leg(leg_id):
        if inferred:
            call.interaction.know(inferred=True)
        if call.id == leg_id:
            callers.over(floor, call, at, outcome=Outcome.ASTERISK_RESTART if restarted else None)
        else:
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
    if call.state is CallState.TALKING:
        own = floor.legs.get(call.agent_leg)
        line_left = own is not None and own.id in floor.lines and own not in partners
        if own is None or line_left:
            handoff.part(floor, call, at)
            # A phone that passed the caller on by itself leaves him with another phone: the talk goes on.
            _take_over(floor, call, partners, at)
    elif call.state is CallState.OFFERED:
        offer = floor.offers[call.offer]
        for partner in partners:
            if partner.id in (offer.agent_leg, offer.line_leg) or partner.phone == offer.phone:
                handoff.join(floor, call, floor.agents[offer.login], partner.id, at)
                return
    else:
        _take_over(floor, call, partners, at)
    supervision.settle(floor, call, at)


def _take_over(floor: Floor, call: Call, partners: list[Leg], at: float) -> None:
    for partner in partners:
        agent = floor.agent_of_phone(partner.phone)
        if agent and agent.can_join:
            handoff.join(floor, call, agent, partner.id, at)
            return
