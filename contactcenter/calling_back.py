"""Calling back: a callback keeps its place in the queue, and when its turn comes the customer is rung.

The agent is reserved first and sees whom he will talk to; then the customer is rung, and who answers is
connected like any caller. Where the queue says so the agent is rung before the customer. Nobody has two
callbacks in one queue, and who calls in himself is served in the place of his callback.
"""

from dataclasses import replace

from contactcenter import by_hand, handoff, recording
from contactcenter.agents import AgentState
from contactcenter.callbacks import LEG_PREFIX, Callback, CallbackRecord, CallbackState, CallbackTrigger
from contactcenter.calls import Call, CallTrigger
from contactcenter.causes import missed
from contactcenter.claims import customer_of
from contactcenter.commands import Accepted, FindCustomer, PlaceCall, SaveCallback
from contactcenter.events import AppointmentCallAsked, CallbackCancelAsked, CallbacksRestored
from contactcenter.floor import Floor
from contactcenter.interactions import Interaction
from contactcenter.routing.decisions import Decision
from contactcenter.values import InteractionRecord

SAME_LEG_S = 60.0
"""How long after a restart a customer who was being rung is given to turn up again, before the next try."""


# --- the promise ---


def promise(floor: Floor, call: Call, number: str, queue_name: str, at: float) -> bool:
    """The caller will be called back, in the place that he has now; not twice. False: he will not."""
    queue = floor.queues.get(queue_name)
    if queue is None:
        return False
    customer = customer_of(call)
    if known := _of(floor, queue_name, number, customer.id if customer else ""):
        call.interaction.note(at, "callback_known", queue=queue_name, number=known.record.number)
        return True
    if not floor.takes_callbacks(queue_name):
        call.interaction.note(at, "callback_refused", queue=queue_name, number=number)
        return False
    made = Callback(
        CallbackRecord(
            id=call.interaction.id,
            queue=queue_name,
            number=number,
            customer=customer.id if customer else "",
            name=customer.name if customer else call.caller_name,
            language=call.language,
            server=call.server,
            asked_at=at,
            entered_at=call.queued_at or at,
            priority=call.minutes - queue.rules.priority if call.queued_at else call.priority,
            needs=call.needs,
            preferred=call.preferred,
            state=CallbackState.WAITING.value,
            due_at=at,
            expires_at=at + queue.rules.callback_expires_s,
        )
    )
    floor.callbacks[made.record.id] = made
    _enter(floor, made, at)
    floor.do(SaveCallback(record=made.record))
    return True


def _of(floor: Floor, queue: str, number: str, customer: str) -> Callback | None:
    """The open callback of a person in a queue."""
    for each in floor.callbacks.values():
        record = each.record
        if record.queue == queue and (record.number == number or (customer and record.customer == customer)):
            return each
    return None


def _enter(floor: Floor, made: Callback, at: float) -> None:
    """Give it its place; before its time it is only kept."""
    record = made.record
    floor.matcher.enter(made.waiting(), ready=record.due_at <= at and _served(floor, record))
    if record.due_at > at:
        floor.wake(f"callback {record.id}", record.due_at)
    floor.wake(f"expiry {record.id}", record.expires_at)
    floor.touch(queue=record.queue)


def _served(floor: Floor, record: CallbackRecord) -> bool:
    return floor.servers.get(record.server, False)


def check_ready(floor: Floor, at: float) -> None:
    """A server came or went: customers are rung over those that we hear."""
    for each in floor.callbacks.values():
        floor.matcher.make_ready(each.place, ready=each.record.due_at <= at and _served(floor, each.record))


def reenter(floor: Floor, fallback: str, at: float) -> None:
    """Rules are other ones: the place is kept, in the fallback queue where the own one is no more."""
    for each in floor.callbacks.values():
        if each.record.queue not in floor.queues:
            each.record = replace(each.record, queue=fallback)
            floor.do(SaveCallback(record=each.record))
        if each.state is CallbackState.WAITING:
            _enter(floor, each, at)


def due(floor: Floor, id_: str, at: float) -> None:
    """The pause between two tries is over; or a customer who was being rung at a restart did not turn up."""
    made = floor.callbacks.get(id_)
    if made and made.state is CallbackState.WAITING:
        floor.matcher.make_ready(made.place, ready=_served(floor, made.record))
    elif made and made.record.leg not in floor.calls:
        _over(floor, made, answered=False, at=at)


# --- the try ---


def begin(floor: Floor, decision: Decision, at: float) -> None:
    """It is the customer's turn: an agent is reserved, and then he is rung."""
    made = floor.callbacks[decision.call.partition(":")[2]]
    record = made.record
    tries = record.tries + 1
    leg = f"{LEG_PREFIX}{record.id[:64]}-{tries}"
    shows = floor.rules.outside.shows
    interaction = Interaction(
        InteractionRecord(
            id=f"{record.id}-back{tries}",
            direction="outbound",
            server=record.server,
            leg=leg,
            did=shows,
            caller=record.number,
            caller_name=record.name,
            language=record.language,
            customer=record.customer,
            queue=record.queue,
            origin=record.id,
            arrived_at=at,
            queued_at=record.entered_at,
        )
    )
    floor.interactions[interaction.id] = interaction
    call = Call(
        id=leg,
        server=record.server,
        interaction=interaction,
        did=shows,
        caller=record.number,
        caller_name=record.name,
        arrived_at=at,
        language=record.language,
        identified=True,
        queue=record.queue,
        priority=record.priority,
        needs=record.needs,
        queued_at=record.entered_at,
        returned_at=at,
        calling=True,
    )
    call.move(CallTrigger.QUEUE)
    floor.calls[call.id] = call
    made.move(CallbackTrigger.CALL, tries=tries, leg=leg)
    for login in decision.chosen[1:]:
        floor.touch_agent(floor.agents[login])  # one is enough
    floor.rest(f"callback {record.id}")
    interaction.note(at, "calling_back", queue=record.queue, number=record.number, tries=tries)
    handoff.offer(floor, replace(decision, call=call.id, chosen=decision.chosen[:1]), at)
    floor.do(SaveCallback(record=made.record), FindCustomer(call=call.id, number=record.number))
    if not floor.offers[call.offer].seats[decision.chosen[0]].desk:
        _place(floor, call)
    floor.touch(queue=record.queue)


def _place(floor: Floor, call: Call) -> None:
    """Ring the customer: once, whoever of several agents comes to serve him."""
    outside = floor.rules.outside
    call.placed = True
    floor.do(
        PlaceCall(
            server=call.server,
            leg=call.id,
            number=call.caller,
            trunk=outside.trunk,
            shows=outside.shows,
            ring_s=floor.queues[call.queue].rules.callback_ring_s,
            interaction=call.interaction.id,
            queue=call.queue,
            entered_at=call.queued_at or call.arrived_at,
        )
    )


def desk_answered(floor: Floor, leg: str, at: float) -> None:
    """The agent who is rung first is there: now the customer is rung, or joined if he is there already."""
    call = floor.calls.get(floor.desk_legs.get(leg, ""))
    made = floor.offers.get(call.offer) if call else None
    if call and made and call.calling and not call.placed and not call.dialled:
        _place(floor, call)
    elif call and made and not call.calling:
        handoff.ring(floor, made, at)


def desk_ended(floor: Floor, leg: str, cause: int, at: float) -> None:
    """The agent who is rung first did not answer, or hung up before the customer was there."""
    call = floor.calls.get(floor.desk_legs.get(leg, ""))
    made = floor.offers.get(call.offer) if call else None
    if made:
        handoff.miss(floor, made, missed(cause), at)


def reached(floor: Floor, call: Call, at: float) -> None:
    """The customer has answered: he is told of the recording where the queue says so, and then hears music
    until the agent's phone is answered."""
    call.calling = False
    call.interaction.note(at, "reached")
    recording.announce(floor, call, at)
    floor.save(call.interaction)
    if made := floor.offers.get(call.offer):
        handoff.ring(floor, made, at)


def tried(floor: Floor, call: Call, at: float) -> None:
    """The call is over: done, or another try after a while, or none any more."""
    if made := _of_leg(floor, call.id):
        _over(floor, made, answered=call.interaction.record.answered_at is not None, at=at)


def unheard(floor: Floor, record: InteractionRecord, at: float) -> None:
    """After a restart: the end of this call was not heard. Who has talked is not called again."""
    if made := _of_leg(floor, record.leg):
        _over(floor, made, answered=record.answered_at is not None, at=at)


def _of_leg(floor: Floor, leg: str) -> Callback | None:
    """The callback whose try that leg is."""
    tries = (each for each in floor.callbacks.values() if each.state is CallbackState.CALLING)
    return next((each for each in tries if each.record.leg == leg), None)


def _over(floor: Floor, made: Callback, *, answered: bool, at: float) -> None:
    record = made.record
    rules = floor.queues[record.queue].rules if record.queue in floor.queues else None
    due_at = at + (rules.callback_pause_s if rules else 0.0)
    if answered:
        _end(floor, made, CallbackTrigger.REACH)
    elif due_at >= record.expires_at:
        _end(floor, made, CallbackTrigger.EXPIRE)
    elif rules is None or record.tries >= rules.callback_tries:
        _end(floor, made, CallbackTrigger.GIVE_UP)
    else:
        made.move(CallbackTrigger.MISS, due_at=due_at, leg="")
        _enter(floor, made, at)
        floor.do(SaveCallback(record=made.record))


def _end(floor: Floor, made: Callback, trigger: CallbackTrigger, reason: str = "") -> None:
    made.move(trigger, reason=reason)
    del floor.callbacks[made.record.id]
    floor.matcher.leave(made.place)
    for timer in ("callback", "expiry"):
        floor.rest(f"{timer} {made.record.id}")
    floor.do(SaveCallback(record=made.record))
    floor.touch(queue=made.record.queue)


# --- calls that were agreed on ---


def asked_appointment(floor: Floor, event: AppointmentCallAsked) -> None:
    """An agent keeps an appointment: he is reserved, and whom he agreed with is rung, once."""
    agent = floor.agents[event.login]
    queue = next((each for each in (event.queue, *agent.queues) if each in floor.queues), "")
    server = agent.line_server or next((name for name, up in sorted(floor.servers.items()) if up), "")
    if agent.state is not AgentState.AVAILABLE or not floor.is_free(agent):
        floor.refuse(event.request, "illegal_now", "be available, with a phone, to call")
    elif queue not in agent.queues:
        floor.refuse(event.request, "not_yours", "you are not in the queue of this appointment")
    elif not floor.servers.get(server):
        floor.refuse(event.request, "illegal_now", "no server that could call is connected")
    elif event.number in floor.dialled or _rings(floor, event):
        floor.refuse(event.request, "illegal_now", "this number is being called already")
    else:
        record = CallbackRecord(
            id=f"{event.appointment}-{round(event.at * 1000):013d}", queue=queue, number=event.number,
            customer=event.customer, name=event.name, server=server, asked_at=event.at, entered_at=event.at,
            preferred=event.login, state=CallbackState.WAITING.value, due_at=event.at, expires_at=event.at,
            appointment=event.appointment,
        )  # fmt: skip
        made = floor.callbacks[record.id] = Callback(record)
        begin(floor, by_hand.decision(floor, event.login, made.place, queue, event.at), event.at)
        floor.do(Accepted(request=event.request))


def _rings(floor: Floor, event: AppointmentCallAsked) -> bool:
    """Whether somebody else keeps the appointment at this moment, or calls the same number back."""
    return any(
        each.record.appointment == event.appointment
        or (each.state is CallbackState.CALLING and each.record.number == event.number)
        for each in floor.callbacks.values()
    )


# --- other ends ---


def expired(floor: Floor, id_: str, at: float) -> None:
    """It has taken too long: nobody wants to be called about yesterday's question. A try goes on."""
    made = floor.callbacks.get(id_)
    if made and made.state is CallbackState.WAITING and at >= made.record.expires_at:
        _end(floor, made, CallbackTrigger.EXPIRE)


def called_in(floor: Floor, call: Call, at: float) -> None:
    """Somebody enters a queue in which a callback waits for him: he has its place, and is not called.

    One who is just being rung is left alone: he will not answer, and is not called again meanwhile.
    """
    customer = customer_of(call)
    known = call.caller or customer
    made = _of(floor, call.queue, call.caller, customer.id if customer else "") if known else None
    if made and made.state is CallbackState.WAITING:
        call.queued_at = made.record.entered_at
        call.interaction.note(at, "callback_met", asked_at=made.record.asked_at)
        _end(floor, made, CallbackTrigger.CANCEL, "called_in")


def asked_cancel(floor: Floor, event: CallbackCancelAsked) -> None:
    """A supervisor takes it back."""
    made = floor.callbacks.get(event.callback)
    if made is None or made.state is not CallbackState.WAITING:
        message = "this callback is under way" if made else "there is no such open callback"
        floor.refuse(event.request, "illegal_now" if made else "unknown", message)
        return
    _end(floor, made, CallbackTrigger.CANCEL, "supervisor")
    record = made.record
    floor.audit(
        event.at, event.login, "cancel", "callback", record.id, number=record.number, queue=record.queue
    )
    floor.do(Accepted(request=event.request))


# --- after a restart ---


def restored(floor: Floor, event: CallbacksRestored) -> None:
    """The callbacks that the last run left open. One whose customer was being rung may come back with him."""
    for record in event.records:
        made = Callback(record)
        floor.callbacks[record.id] = made
        if record.queue not in floor.queues:
            made.record = replace(record, queue=floor.rules.fallback_queue)
        if made.state is CallbackState.CALLING:
            # Its call may turn up again. Without one the try is lost; it counts: nobody is rung without end.
            floor.wake(f"callback {record.id}", event.at + SAME_LEG_S)
            floor.wake(f"expiry {record.id}", record.expires_at)
        else:
            _enter(floor, made, event.at)
