"""The hand-off: from the choice of an agent for a waiting caller to the talk, and out of it again.

Order is the promise here: the record is saved, then popped on the agent's page, and only then does the phone
ring. A persistent line is joined in the same instant and waits for no page.
"""

from contactcenter import (
    announcements,
    desks,
    dialled,
    guests,
    leaving_message,
    recording,
    waiting_room,
    waits,
    wrap_ups,
)
from contactcenter.agents import AgentSession, AgentState, AgentTrigger, PauseReason
from contactcenter.calls import Call, CallState, CallTrigger, Leg
from contactcenter.commands import Accepted, AnswerPhone, EndLeg, OfferCall, OfferTaken, PlaceLeg
from contactcenter.events import AnswerAsked, OfferEnded, PopShown, RecordingAnnounced
from contactcenter.floor import Floor
from contactcenter.live_recordings import Notice
from contactcenter.offers import LOST_OFFER_S, POP_GRACE_S, Offer, OfferState, OfferTrigger, Seat
from contactcenter.routing.decisions import Decision
from contactcenter.routing.explanations import figures, record

MISS_REASONS = {
    "NOANSWER": PauseReason.NO_ANSWER,
    "BUSY": PauseReason.BUSY,
    "CHANUNAVAIL": PauseReason.UNREACHABLE,
    "CONGESTION": PauseReason.UNREACHABLE,
}
"""DIALSTATUS -> why the agent is paused; anything else counts as no answer."""


def offer(floor: Floor, decision: Decision, at: float) -> None:
    """Reserve who was chosen, save, pop; ring when the page shows the record."""
    call = floor.calls[decision.call]
    call.move(CallTrigger.OFFER)
    floor.leave_queue(call)
    interaction = call.interaction
    number = interaction.record.offers + 1
    agents = _seated(floor, decision)
    made = Offer(
        id=f"{interaction.id}/{number}",
        call=call.id,
        seats={agent.login: _seat(floor, call, agent, number) for agent in agents},
        ring_s=floor.queues[call.queue].rules.ring_s,
    )
    floor.offers[made.id] = made
    call.offer, call.agent = made.id, made.sole
    call.why = figures(decision)
    for agent in agents:
        agent.move(AgentTrigger.RESERVE, at)
        agent.offer, agent.call, agent.interaction = made.id, call.id, interaction.id
        agent.served_at = at
        floor.touch_agent(agent)
    interaction.know(offers=number, offered_at=interaction.record.offered_at or at)
    phones = ", ".join(seat.phone for seat in made.seats.values())
    kept = record(decision) | {"chosen": list(made.seats)}
    interaction.note(at, "offered", agent=", ".join(made.seats), phone=phones, **call.why, decision=kept)
    floor.save(interaction)
    show_record(floor, call, at)
    if all(seat.shown for seat in made.seats.values()):
        ring(floor, made, at)
    else:
        floor.wake(f"pop {made.id}", at + POP_GRACE_S)
    floor.touch(call=call.id)


def _seated(floor: Floor, decision: Decision) -> list[AgentSession]:
    """Who of the chosen gets a seat. A persistent line is joined, not rung: it can't be one of several."""
    agents = [floor.agents[login] for login in decision.chosen]
    for agent in agents:
        floor.touch_agent(agent)
    if agents[0].line == "persistent":
        return agents[:1]
    return [agent for agent in agents if agent.line != "persistent"]


def _seat(floor: Floor, call: Call, agent: AgentSession, number: int) -> Seat:
    line_leg = agent.line_leg if agent.line == "persistent" else ""
    agent_first = call.dialled or floor.queues[call.queue].rules.callback_first == "agent"
    desk = not line_leg and call.calling and agent_first
    return Seat(
        login=agent.login,
        phone=agent.phone,
        # Asterisk takes no leg whose name is the beginning of another's: the customer's comes after it.
        line_leg=f"desk{number}-{call.id}" if desk else line_leg,
        desk=desk,
        shown=bool(line_leg) or not agent.page,
    )


def show_record(floor: Floor, call: Call, at: float) -> None:
    """Pop what is known of the caller where he is offered or talks; again when more is known."""
    made = floor.offers.get(call.offer)
    talking = (call.agent,) if call.agent in floor.agents else ()
    for login in made.seats if made else talking:
        floor.do(call.record_for(login, at))


def pop_shown(floor: Floor, event: PopShown) -> None:
    """A page shows the record."""
    made = floor.offers.get(event.offer)
    seat = made.seats.get(event.login) if made else None
    if made is None or seat is None or seat.shown or made.state is not OfferState.POPPED:
        return
    seat.shown = True
    floor.calls[made.call].interaction.note(event.at, "popped", agent=event.login)
    if all(each.shown for each in made.seats.values()):
        floor.rest(f"pop {made.id}")
        ring(floor, made, event.at)


def page_too_slow(floor: Floor, offer_id: str, at: float) -> None:
    """A page said nothing in time: the phones ring all the same."""
    if made := floor.offers.get(offer_id):
        ring(floor, made, at)


def ring(floor: Floor, made: Offer, at: float) -> None:
    """Connect: once per offer, whoever asks first."""
    call = floor.calls[made.call]
    if made.state is not OfferState.POPPED or call.previewing:
        return
    seat = made.seats[made.sole] if made.sole else None
    if seat and seat.desk and not _is_up(floor, seat):
        _ring_desk(floor, call, seat, made.ring_s, at)
        return
    if call.calling or call.notice is Notice.ASKED:
        return  # the customer whom we call has not answered yet, or is being told of the recording
    made.move(OfferTrigger.RING)
    phones = tuple(seat.phone for seat in made.seats.values())
    line = made.seats[made.sole].line_leg if made.sole else ""
    announcements.cut(floor, floor.calls[made.call])
    floor.do(
        OfferCall(
            call=made.call,
            offer=made.id,
            phones=phones,
            ring_s=made.ring_s,
            line=line,
            recording=recording.begin(floor, floor.calls[made.call], at),
        )
    )
    floor.wake(f"ring {made.id}", at + made.ring_s + LOST_OFFER_S)


def announced(floor: Floor, event: RecordingAnnounced) -> None:
    """A caller was told of the recording; one whom we call has his agent reserved already."""
    _ring_next(floor, event.call, event.at)


def not_announced(floor: Floor, call_id: str, at: float) -> None:
    """Nothing was heard of the announcement: nobody waits for it."""
    _ring_next(floor, call_id, at)


def _ring_next(floor: Floor, call_id: str, at: float) -> None:
    call = floor.calls.get(call_id)
    if call and (made := floor.offers.get(call.offer)):
        ring(floor, made, at)


def ringing(floor: Floor, call: Call, leg: Leg) -> None:
    """A phone of the offer rings: it is answered at once if that was asked for on the page."""
    offer = floor.offers.get(call.offer)
    if offer and (seat := offer.seat_on(leg.phone, leg.id)) and not seat.rings:
        seat.rings = True
        if seat.answering:
            floor.do(AnswerPhone(phone=seat.phone))


def asked_answer(floor: Floor, event: AnswerAsked) -> None:
    """Answer was pressed on the page, which shows the caller before the phone rings."""
    agent = floor.agents[event.login]
    if agent.state is not AgentState.RESERVED or agent.call != event.call:
        floor.refuse(event.request, "illegal_now", "there is no call to answer")
        return
    if agent.phone not in floor.rules.answerable:
        floor.refuse(event.request, "illegal_now", f"answer on phone {agent.phone} itself")
        return
    call = floor.calls[event.call]
    seat = floor.offers[call.offer].seats[event.login]
    seat.answering = True
    if seat.rings or not floor.servers.get(call.server):  # nobody could tell us that it rings
        floor.do(AnswerPhone(phone=seat.phone))
    floor.do(Accepted(request=event.request))


def _is_up(floor: Floor, seat: Seat) -> bool:
    leg = floor.legs.get(seat.line_leg)
    return leg is not None and leg.answered


def _ring_desk(floor: Floor, call: Call, seat: Seat, ring_s: int, at: float) -> None:
    """The agent is rung before the customer whom he calls back; once."""
    if not seat.leg:
        seat.leg = seat.line_leg
        floor.desk_legs[seat.leg] = call.id
        floor.do(
            PlaceLeg(
                server=call.server,
                leg=seat.leg,
                phone=seat.phone,
                number="",
                trunk="",
                shows=call.caller,
                ring_s=ring_s,
            )
        )
        floor.wake(f"ring {call.offer}", at + ring_s + LOST_OFFER_S)


def ended(floor: Floor, made: Offer, event: OfferEnded) -> None:
    """Asterisk gave the caller back to the script while the offer was open."""
    call = floor.calls[made.call]
    if event.status == "CANCEL":
        # Nobody's fault: the script was no longer there to be connected. It says what comes next.
        withdraw(floor, call, event.at)
        call.move(CallTrigger.START_SCRIPT)
        floor.save(call.interaction)
    elif event.status == "ANSWER":
        # The legs' events of this talk were never heard (the link to Asterisk was down): it took place.
        call.interaction.know(inferred=True)
        seat = made.seat_on(event.phone) or _answered(floor, made) or next(iter(made.seats.values()))
        join(floor, call, floor.agents[seat.login], seat.leg or seat.line_leg, event.at)
        part(floor, call, event.at)
    else:
        miss(floor, made, MISS_REASONS.get(event.status, PauseReason.NO_ANSWER), event.at)


def offer_lost(floor: Floor, offer_id: str, at: float) -> None:
    """Neither an answer nor a word from Asterisk long after the ringing time: give the offer up."""
    made = floor.offers.get(offer_id)
    if made is None or (
        made.state is OfferState.POPPED and made.sole and _is_up(floor, made.seats[made.sole])
    ):
        return  # over, or its agent is there, and the customer is being called
    call = floor.calls[made.call]
    if not floor.servers.get(call.server):
        # They may well talk: the snapshot at the end of the gap knows.
        floor.wake(f"ring {made.id}", at + LOST_OFFER_S)
        return
    if seat := _answered(floor, made):
        call.interaction.know(inferred=True)
        join(floor, call, floor.agents[seat.login], seat.leg, at)
        return
    for seat in made.seats.values():
        _hang_up(floor, seat)
    miss(floor, made, PauseReason.NO_ANSWER, at)


def _answered(floor: Floor, made: Offer) -> Seat | None:
    """The seat whose phone was answered, as far as we heard."""
    legs = ((seat, floor.legs.get(seat.leg)) for seat in made.seats.values())
    return next((seat for seat, leg in legs if leg and leg.answered), None)


def _hang_up(floor: Floor, seat: Seat) -> None:
    """Let a phone stop ringing, if it still does."""
    if leg := floor.legs.get(seat.leg):
        floor.do(EndLeg(server=leg.server, leg=leg.id))


def miss(floor: Floor, made: Offer, reason: PauseReason, at: float) -> None:
    """Nobody took it: paused with the reason; the caller waits on at the old place."""
    call, agents = _end_offer(floor, made, OfferTrigger.MISS)
    reasons = {login: _reason(made, seat, reason) for login, seat in made.seats.items()}
    for login, why in reasons.items():
        call.interaction.note(at, "missed", agent=login, reason=why.value)
    floor.enter_queue(call)
    floor.save(call.interaction)
    for agent in agents:
        agent.move(AgentTrigger.MISS, at, reasons[agent.login].value)
        desks.grant_wish(floor, agent, at)


def _reason(made: Offer, seat: Seat, reason: PauseReason) -> PauseReason:
    """Why one agent did not take it, where Asterisk has one word for several phones."""
    if made.sole:
        return reason
    if seat.declined:
        return PauseReason.BUSY
    return reason if seat.leg else PauseReason.UNREACHABLE


def withdraw(floor: Floor, call: Call, at: float) -> None:
    """The caller is no longer to be had: the agents are free again and keep the idle time."""
    for agent in _release(floor, floor.offers[call.offer], at):
        desks.grant_wish(floor, agent, at)


def _release(floor: Floor, made: Offer, at: float) -> list[AgentSession]:
    call, agents = _end_offer(floor, made, OfferTrigger.WITHDRAW)
    for agent in agents:
        call.interaction.note(at, "withdrawn", agent=agent.login)
        agent.move(AgentTrigger.RELEASE, at)
    return agents


def _end_offer(floor: Floor, made: Offer, trigger: OfferTrigger) -> tuple[Call, list[AgentSession]]:
    """Part those whom the offer wanted to bring together."""
    made.move(trigger)
    del floor.offers[made.id]
    floor.rest(f"pop {made.id}")
    floor.rest(f"ring {made.id}")
    for seat in made.seats.values():
        if floor.desk_legs.pop(seat.leg, "") and seat.leg in floor.legs:
            _hang_up(floor, seat)
    call = floor.calls[made.call]
    call.move(CallTrigger.MISS)
    call.offer = call.agent = ""
    floor.touch(call=call.id)
    return call, [_stand_up(floor, login) for login in made.seats]


def _stand_up(floor: Floor, login: str) -> AgentSession:
    agent = floor.agents[login]
    agent.offer = agent.call = agent.interaction = ""
    floor.touch_agent(agent)
    return agent


def join(floor: Floor, call: Call, agent: AgentSession, leg_id: str, at: float) -> None:
    """Caller and agent hear each other."""
    make_room(floor, call, agent, at)
    if made := floor.offers.pop(call.offer, None):
        made.move(OfferTrigger.JOIN)
        floor.rest(f"ring {made.id}")
        floor.desk_legs.pop(leg_id, "")
        _let_go(floor, made, agent, at)
    call.move(CallTrigger.JOIN)
    leaving_message.forget(floor, call)
    desks.begin_talk(floor, call, agent, at)
    interaction = call.interaction
    announcements.answered(floor, call, at)
    waits.end(floor, call, at)
    dialled.joined(floor, call, agent.login, at)
    if queue := floor.queues.get(call.queue):
        queue.talking += 1
    call.agent, call.agent_leg, call.answered_at = agent.login, leg_id, at
    floor.talks[leg_id] = call.id
    agent.taken += 1
    interaction.know(agent=agent.login, agent_leg=leg_id, answered_at=interaction.record.answered_at or at)
    interaction.note(at, "joined", agent=agent.login, queue=call.queue)
    recording.joined(floor, call, at)
    floor.save(interaction)
    floor.touch(call=call.id, queue=call.queue)


def _let_go(floor: Floor, made: Offer, winner: AgentSession, at: float) -> None:
    """One of several answered: the others are free again, with the old idle time, and learn who was quicker.
    Asterisk stops their phones; one that was answered in the same instant is hung up."""
    interaction = floor.calls[made.call].interaction
    for login, seat in made.seats.items():
        if login == winner.login:
            continue
        loser = _stand_up(floor, login)
        if (leg := floor.legs.get(seat.leg)) and leg.answered:
            _hang_up(floor, seat)
        if seat.declined:
            interaction.note(at, "missed", agent=login, reason=PauseReason.BUSY.value)
            loser.move(AgentTrigger.MISS, at, PauseReason.BUSY.value)
        else:
            interaction.note(at, "taken", agent=login, by=winner.login)
            floor.do(OfferTaken(login=login, call=made.call, by=winner.name))
            loser.move(AgentTrigger.RELEASE, at)
        desks.grant_wish(floor, loser, at)


def make_room(floor: Floor, call: Call, agent: AgentSession, at: float) -> None:
    """Let the agent out of whatever is not the talk that begins."""
    if agent.state is AgentState.WRAP_UP:
        wrap_ups.end_work(floor, agent, at)
    elif agent.state in (AgentState.PAUSED, AgentState.OFFLINE) and not agent.afterwards:
        agent.afterwards, agent.afterwards_reason = agent.state.value, agent.reason
    elif agent.offer and agent.offer != call.offer:
        _give_up_seat(floor, floor.offers[agent.offer], agent, at)


def part(floor: Floor, call: Call, at: float) -> None:
    """The talk is over, the caller may still be there; the agent wraps up."""
    outside = call.state is CallState.OUTSIDE
    guests.over(floor, call, at)
    call.move(CallTrigger.PART)
    waiting_room.forget(floor, call)
    call.onward = None
    if call.answered_at is not None:
        leave(floor, call, at, outside=outside)


def leave(floor: Floor, call: Call, at: float, *, outside: bool = False) -> None:
    """The one who had the caller is out of it: an agent, or somebody `outside`."""
    if (leg := floor.legs.get(call.agent_leg)) and leg.kept and leg.id not in floor.lines:
        floor.do(EndLeg(server=leg.server, leg=leg.id))
    agent = floor.agents.get(call.agent)
    talked = at - (call.answered_at or at)
    interaction = call.interaction
    interaction.know(talked_s=interaction.record.talked_s + talked)
    talked_s = round(talked, 3)
    if outside:
        interaction.note(at, "parted_outside", talked_s=talked_s)
    else:
        interaction.note(at, "parted", agent=call.agent, talked_s=talked_s)
    floor.talks.pop(call.agent_leg, None)
    if not outside and (queue := floor.queues.get(call.queue)):
        queue.talking -= 1
    call.agent = call.agent_leg = call.offer = ""
    call.answered_at = None
    recording.parted(floor, call, at)
    floor.save(interaction)
    floor.touch(call=call.id, queue=call.queue)
    if agent and agent.state is AgentState.TALKING:
        agent.call = ""
        agent.move(AgentTrigger.PART, at)
        wrap_ups.begin(floor, agent, call.queue, at)


def _give_up_seat(floor: Floor, made: Offer, agent: AgentSession, at: float) -> None:
    """The agent's phone took another caller while it was to be rung for this one."""
    if made.sole:
        give_back(floor, made, at)
        return
    call = floor.calls[made.call]
    _hang_up(floor, made.seats.pop(agent.login))
    call.agent = made.sole
    call.interaction.note(at, "withdrawn", agent=agent.login)
    _stand_up(floor, agent.login).move(AgentTrigger.RELEASE, at)
    floor.touch(call=call.id)


def give_back(floor: Floor, made: Offer, at: float) -> None:
    """Take the whole offer back; the caller waits on in the old place."""
    for seat in made.seats.values():
        _hang_up(floor, seat)
    _release(floor, made, at)
    call = floor.calls[made.call]
    floor.enter_queue(call)
    floor.save(call.interaction)
