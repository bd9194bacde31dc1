"""The hand-off: from the choice of an agent for a waiting caller to the talk, and out of it again.

Order is the promise here: the record is saved, then popped on the agent's page, and only then does the phone
ring. A persistent line is joined in the same instant and waits for no page.
"""

from contactcenter import desks, recording, supervision
from contactcenter.agents import AgentSession, AgentState, AgentTrigger, PauseReason
from contactcenter.calls import Call, CallState, CallTrigger
from contactcenter.commands import EndLeg, OfferCall, ScreenPop
from contactcenter.events import OfferEnded, PopShown
from contactcenter.floor import Floor
from contactcenter.offers import LOST_OFFER_S, POP_GRACE_S, Offer, OfferState, OfferTrigger
from contactcenter.routing.decisions import Decision
from contactcenter.routing.explanations import figures
from contactcenter.routing.queues import Queue

MISS_REASONS = {
    "NOANSWER": PauseReason.NO_ANSWER,
    "BUSY": PauseReason.BUSY,
    "CHANUNAVAIL": PauseReason.UNREACHABLE,
    "CONGESTION": PauseReason.UNREACHABLE,
}
"""DIALSTATUS -> why the agent is paused; anything else counts as no answer."""


def match(floor: Floor, at: float) -> None:
    """Offer waiting callers to free agents, as far as both reach."""
    for decision in floor.decide(at):
        offer(floor, decision, at)
    floor.expect_match()


def offer(floor: Floor, decision: Decision, at: float) -> None:
    """Reserve the agent, save, pop; ring when the page shows the record."""
    call, agent = floor.calls[decision.call], floor.agents[decision.login]
    agent.move(AgentTrigger.RESERVE, at)
    call.move(CallTrigger.OFFER)
    floor.leave_queue(call)
    interaction = call.interaction
    number = interaction.record.offers + 1
    made = Offer(
        id=f"{interaction.id}/{number}",
        call=call.id,
        login=agent.login,
        phone=agent.phone,
        line_leg=agent.line_leg if agent.line == "persistent" else "",
        ring_s=floor.queues[call.queue].rules.ring_s,
        offered_at=at,
    )
    floor.offers[made.id] = made
    call.offer = agent.offer = made.id
    call.agent = agent.login
    agent.call, agent.interaction = call.id, interaction.id
    agent.served_at = at
    call.why = figures(decision)
    interaction.know(offers=number, offered_at=interaction.record.offered_at or at)
    interaction.note(at, "offered", agent=agent.login, phone=agent.phone, **call.why)
    floor.save(interaction)
    show_record(floor, call, at)
    if agent.page and not made.line_leg:
        floor.wake(f"pop {made.id}", at + POP_GRACE_S)
    else:
        ring(floor, made, at)
    floor.touch(call=call.id)
    floor.touch_agent(agent)


def show_record(floor: Floor, call: Call, at: float) -> None:
    """Pop what is known of the caller on his agent's page; again when more is known."""
    floor.do(
        ScreenPop(
            login=call.agent,
            offer=call.offer,
            call=call.id,
            interaction=call.interaction.id,
            queue=call.queue,
            caller=call.caller,
            caller_name=call.caller_name,
            match=call.match,
            customers=call.customers,
            waited_s=round(at - (call.queued_at or at), 3),
            why=call.why,
        )
    )


def pop_shown(floor: Floor, event: PopShown) -> None:
    """The page shows the record."""
    made = floor.offers.get(event.offer)
    if made and made.login == event.login and made.state is OfferState.POPPED:
        floor.calls[made.call].interaction.note(event.at, "popped", agent=event.login)
        floor.rest(f"pop {made.id}")
        ring(floor, made, event.at)


def page_too_slow(floor: Floor, offer_id: str, at: float) -> None:
    """The page said nothing in time: the phone rings all the same."""
    if made := floor.offers.get(offer_id):
        ring(floor, made, at)


def ring(floor: Floor, made: Offer, at: float) -> None:
    """Connect: once per offer, whoever asks first."""
    if made.state is not OfferState.POPPED:
        return
    made.move(OfferTrigger.RING)
    floor.do(
        OfferCall(
            call=made.call,
            offer=made.id,
            phone=made.phone,
            ring_s=made.ring_s,
            line=made.line_leg,
            recording=recording.begin(floor, floor.calls[made.call], at),
        )
    )
    floor.wake(f"ring {made.id}", at + made.ring_s + LOST_OFFER_S)


def offer_ended(floor: Floor, event: OfferEnded) -> None:
    """Asterisk gave the caller back to the script: after a talk, or because nobody answered."""
    made = floor.offers.get(event.offer)
    call = floor.calls.get(event.call)
    if made and call:
        if event.status == "CANCEL":
            # Nobody's fault: the script was no longer there to be connected. It says what comes next.
            withdraw(floor, call, event.at)
            call.move(CallTrigger.START_SCRIPT)
            floor.save(call.interaction)
        elif event.status == "ANSWER":
            # The legs' events of this talk were never heard (the link to Asterisk was down): it took place.
            call.interaction.know(inferred=True)
            join(floor, call, floor.agents[made.login], made.agent_leg, event.at)
            part(floor, call, event.at)
        else:
            miss(floor, made, MISS_REASONS.get(event.status, PauseReason.NO_ANSWER), event.at)
    elif call and call.state is CallState.TALKING and call.offer == event.offer:
        part(floor, call, event.at)


def offer_lost(floor: Floor, offer_id: str, at: float) -> None:
    """Neither an answer nor a word from Asterisk long after the ringing time: give the offer up."""
    made = floor.offers.get(offer_id)
    if made is None:
        return
    call = floor.calls[made.call]
    leg = floor.legs.get(made.agent_leg)
    if not floor.servers.get(call.server):
        # They may well talk: the snapshot at the end of the gap knows.
        floor.wake(f"ring {made.id}", at + LOST_OFFER_S)
        return
    if leg and leg.answered:
        call.interaction.know(inferred=True)
        join(floor, call, floor.agents[made.login], leg.id, at)
        return
    if leg:
        floor.do(EndLeg(server=leg.server, leg=leg.id))
    miss(floor, made, PauseReason.NO_ANSWER, at)


def miss(floor: Floor, made: Offer, reason: PauseReason, at: float) -> None:
    """The agent didn't take it: paused with the reason; the caller waits on at the old place."""
    call, agent = _end_offer(floor, made, OfferTrigger.MISS)
    call.interaction.note(at, "missed", agent=agent.login, reason=reason.value)
    floor.enter_queue(call)
    floor.save(call.interaction)
    agent.move(AgentTrigger.MISS, at, reason.value)
    desks.grant_wish(floor, agent, at)


def withdraw(floor: Floor, call: Call, at: float) -> None:
    """The caller is no longer to be had: the agent is free again and keeps the idle time."""
    desks.grant_wish(floor, _release(floor, floor.offers[call.offer], at), at)


def _release(floor: Floor, made: Offer, at: float) -> AgentSession:
    call, agent = _end_offer(floor, made, OfferTrigger.WITHDRAW)
    call.interaction.note(at, "withdrawn", agent=agent.login)
    agent.move(AgentTrigger.RELEASE, at)
    return agent


def _end_offer(floor: Floor, made: Offer, trigger: OfferTrigger) -> tuple[Call, AgentSession]:
    """Part the two that the offer wanted to bring together."""
    made.move(trigger)
    del floor.offers[made.id]
    floor.rest(f"pop {made.id}")
    floor.rest(f"ring {made.id}")
    call, agent = floor.calls[made.call], floor.agents[made.login]
    call.move(CallTrigger.MISS)
    call.offer = call.agent = ""
    agent.offer = agent.call = agent.interaction = ""
    floor.touch(call=call.id)
    floor.touch_agent(agent)
    return call, agent


def join(floor: Floor, call: Call, agent: AgentSession, leg_id: str, at: float) -> None:
    """Caller and agent hear each other."""
    make_room(floor, call, agent, at)
    if made := floor.offers.pop(call.offer, None):
        made.move(OfferTrigger.JOIN)
        floor.rest(f"ring {made.id}")
    call.move(CallTrigger.JOIN)
    desks.begin_talk(floor, call, agent, at)
    interaction = call.interaction
    if queue := end_wait(floor, call, at):
        queue.answered += 1
    if queue := floor.queues.get(call.queue):
        queue.talking += 1
    call.agent, call.agent_leg, call.answered_at = agent.login, leg_id, at
    floor.talks[leg_id] = call.id
    supervision.settle(floor, call, at)
    agent.taken += 1
    interaction.know(agent=agent.login, agent_leg=leg_id, answered_at=interaction.record.answered_at or at)
    interaction.note(at, "joined", agent=agent.login)
    recording.joined(floor, call, at)
    floor.save(interaction)
    floor.touch(call=call.id, queue=call.queue)


def make_room(floor: Floor, call: Call, agent: AgentSession, at: float) -> None:
    """Let the agent out of whatever is not the talk that begins."""
    if agent.state is AgentState.WRAP_UP:
        desks.end_work(floor, agent, at)
    elif agent.state in (AgentState.PAUSED, AgentState.OFFLINE) and not agent.afterwards:
        agent.afterwards, agent.afterwards_reason = agent.state.value, agent.reason
    elif agent.offer and agent.offer != call.offer:
        _give_back(floor, floor.offers[agent.offer], at)


def part(floor: Floor, call: Call, at: float) -> None:
    """The talk is over, the caller may still be there; the agent wraps up."""
    call.move(CallTrigger.PART)
    agent = floor.agents.get(call.agent)
    talked = at - (call.answered_at or at)
    interaction = call.interaction
    interaction.know(talked_s=interaction.record.talked_s + talked)
    interaction.note(at, "parted", agent=call.agent, talked_s=round(talked, 3))
    floor.talks.pop(call.agent_leg, None)
    if queue := floor.queues.get(call.queue):
        queue.talking -= 1
    call.agent = call.agent_leg = call.offer = ""
    call.answered_at = None
    recording.parted(floor, call, at)
    supervision.settle(floor, call, at)
    floor.save(interaction)
    floor.touch(call=call.id, queue=call.queue)
    if agent and agent.state is AgentState.TALKING:
        agent.talked_s += talked
        agent.call = ""
        agent.move(AgentTrigger.PART, at)
        desks.begin_wrap_up(floor, agent, call.queue, at)


def _give_back(floor: Floor, made: Offer, at: float) -> None:
    """The phone took another caller while it was to be rung for this one, who waits on in the old place."""
    if leg := floor.legs.get(made.agent_leg):
        floor.do(EndLeg(server=leg.server, leg=leg.id))
    _release(floor, made, at)
    call = floor.calls[made.call]
    floor.enter_queue(call)
    floor.save(call.interaction)


def end_wait(floor: Floor, call: Call, at: float) -> Queue | None:
    """The caller's wait is over, by whatever way out: returns the queue, for its count of that way."""
    if call.queued_at is None:
        return None
    floor.leave_queue(call)
    call.interaction.know(waited_s=call.interaction.record.waited_s + at - call.queued_at)
    call.queued_at = None
    return floor.queues.get(call.queue)
