"""Talks: what is true of one, concluded from its legs, or from what its caller's session says.

Nobody is asked how a talk stands: who is in one bridge with the caller has him. `settle` compares, and may be
called as often as one likes; what it concludes is carried out by the files that it calls.
"""

from contactcenter import (
    caller_sessions,
    consulting,
    handoff,
    holds,
    recording,
    takeovers,
    transfers,
    waiting_room,
)
from contactcenter.agents import AgentState
from contactcenter.calls import Call, CallState, Leg
from contactcenter.commands import Accepted
from contactcenter.courses import Act
from contactcenter.events import HangUpAsked, OfferEnded
from contactcenter.floor import Floor


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
        if call.parking and (left or own is None):
            _hold(floor, call, at)
        elif own is None or left:
            transfers.part(floor, call, at)
            # A phone that passed the caller on by itself leaves him with another phone: the talk goes on.
            _take_over(floor, call, partners, at)
    elif call.state is CallState.HELD:
        own = floor.legs.get(call.agent_leg)
        if takeovers.settle(floor, call, partners, at):
            return
        if own is None:
            consulting.agent_gone(floor, call, at)
        elif own in partners:
            holds.resumed(floor, call, at)
        caller_sessions.join_if_there(floor, call, at)
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


def _hold(floor: Floor, call: Call, at: float) -> None:
    """The two were parted as we asked: on hold, unless the agent's leg did not live to see it."""
    holds.begin(floor, call, at)
    if call.agent_leg not in floor.legs:
        consulting.agent_gone(floor, call, at)
    elif call.joining:
        caller_sessions.join(floor, call, call.joining, at)


def _take_over(floor: Floor, call: Call, partners: list[Leg], at: float) -> None:
    for partner in partners:
        agent = floor.agent_of_phone(partner.phone)
        if agent and agent.can_join:
            handoff.join(floor, call, agent, partner.id, at)
            return


def offer_ended(floor: Floor, event: OfferEnded) -> None:
    """Asterisk gave the caller back to the script: after a talk, or because nobody answered."""
    made = floor.offers.get(event.offer)
    call = floor.calls.get(event.call)
    if made and call:
        handoff.ended(floor, made, event)
    elif call and call.state in (CallState.TALKING, CallState.OUTSIDE) and call.offer in ("", event.offer):
        if call.parking:
            _hold(floor, call, event.at)
        else:
            transfers.part(floor, call, event.at)
    elif call and call.state is CallState.HELD and event.status != "ANSWER":
        if event.leg in ("", call.joining):  # else he is on the way to another by now
            _join_failed(floor, call, event.status, event.at)
    elif call and call.state is CallState.HELD and event.leg and event.leg == call.joining:
        call.joining, call.join_asked = "", False  # it came about and is over, unheard
    if call and event.status == "ANSWER":
        caller_sessions.say_on(floor, call)


def _join_failed(floor: Floor, call: Call, status: str, at: float) -> None:
    """The leg could not be joined: it is gone, or something else took it."""
    call.joining, call.join_asked, leg = "", False, call.joining
    call.interaction.note(at, "resume_failed", status=status)
    if takeovers.failed(floor, call, leg, at):
        return
    consult = floor.consults.get(call.consult)
    if consult and consult.leg == leg:
        consulting.finish(floor, call, consult, "unreachable", at)
    elif status == "CHANUNAVAIL":
        consulting.agent_gone(floor, call, at)


def asked_hang_up(floor: Floor, event: HangUpAsked) -> None:
    """The agent ends the talk; the caller goes on with the script, the persistent line stays."""
    agent = floor.agents[event.login]
    if agent.consult and agent.call == event.call and agent.state is AgentState.TALKING:
        if why_not := floor.why_not(floor.calls[event.call], Act.LEAVE):
            floor.refuse(event.request, "illegal_now", why_not)
            return
        consulting.left(floor, agent, event.at)
        floor.do(Accepted(request=event.request))
        return
    call = floor.own_talk(event.login, event.call, event.request, Act.HANG_UP)
    if call is None:
        return
    if call.state is CallState.HELD:
        handoff.part(floor, call, event.at)
        caller_sessions.say_on(floor, call)
    else:
        call.parking = False  # asked for a hold a moment ago: now it is the end
        waiting_room.send_out(floor, call)
    floor.do(Accepted(request=event.request))
