"""Waits: one caller's stay in one queue, from the entry to the one way in which it ends.

The place is given by the first entry, and kept whatever happened since. While a caller has one, he counts as
entered and not yet gone, so each wait is ended here, by whatever way out.
"""

from contactcenter import announcements, caller_sessions, recording
from contactcenter.calls import Call, CallState, CallTrigger
from contactcenter.commands import Accepted, LeaveQueue, WaitOn
from contactcenter.events import PriorityAsked, WhyAsked
from contactcenter.floor import Floor
from contactcenter.interactions import Outcome
from contactcenter.routing.explanations import standing_record

OVERFLOW_AGAIN_S = 15.0
"""How long after a closed or full queue could not take a caller over it is asked again."""


def enter(
    floor: Floor,
    call: Call,
    queue: str,
    at: float,
    *,
    kept_place: bool,
    foretell: bool = False,
    returned: bool = False,
    refusal: Outcome | None = None,
) -> None:
    """The one door: from now on the caller waits in this queue, at the place that he has, or else at its end.

    `kept_place` says that the place is not a new one; `foretell`, that what can be said of the wait now is
    learnt from. Who is `returned` had an agent, who is gone: he has his first place again, waits anew, and
    was told of the recording before. A queue with a `refusal` does not take him: he is out again at once.
    """
    if call.state is not CallState.WAITING:
        call.move(CallTrigger.QUEUE)
    interaction = call.interaction
    if returned:
        call.queued_at, call.returned_at = interaction.record.queued_at, at
    call.queue, call.queued_at, call.entered = queue, call.queued_at or at, True
    interaction.know(queue=queue, queued_at=interaction.record.queued_at or call.queued_at)
    why = {"reason": "agent_gone"} if returned else {}
    interaction.note(at, "queued", queue=queue, priority=call.priority, kept_place=kept_place, **why)
    if refusal:
        leave(floor, call, refusal, at)
    else:
        if not returned:
            recording.announce(floor, call, at)
        floor.enter_queue(call)
        if foretell:
            announcements.promise(floor, call)
    floor.save(interaction)


def come_back(floor: Floor, call: Call, at: float) -> None:
    """The caller, who hears music in his session, waits for an agent again, at his first place."""
    if call.queue not in floor.queues:
        floor.do(LeaveQueue(call=call.id, exit=Outcome.ANSWERED.value))
        return
    enter(floor, call, call.queue, at, kept_place=True, returned=True)
    caller_sessions.say_on(floor, call)


def overflows(floor: Floor, call_id: str, at: float) -> None:
    """The caller has waited long enough for his queue: from now on another one has him, in his place."""
    call = floor.calls.get(call_id)
    if call is None or call.state is not CallState.WAITING or call.queued_at is None or call.draft:
        return
    rules = floor.queues[call.queue].rules
    further = floor.queues.get(rules.overflow_queue)
    if further is None or not rules.overflow_after_s or at < call.queued_at + rules.overflow_after_s:
        return
    if refusal := further.refusal(at, floor.callers_waiting(rules.overflow_queue)):
        # Better here than nowhere; it may open or have room by then.
        call.interaction.note(at, "no_overflow", queue=rules.overflow_queue, exit=refusal.value)
        floor.wake(f"overflow {call.id}", at + OVERFLOW_AGAIN_S)
        return
    floor.leave_queue(call)
    call.interaction.note(at, "left_queue", queue=call.queue, exit=Outcome.OVERFLOW.value)
    floor.touch(queue=call.queue)
    floor.do(WaitOn(call=call.id, queue=rules.overflow_queue, entered_at=call.queued_at, held_by=""))
    enter(floor, call, rules.overflow_queue, at, kept_place=True, foretell=True)


def waited_too_long(floor: Floor, call_id: str, at: float) -> None:
    """The longest wait of the queue is over: the script goes on with `timeout`."""
    call = floor.calls.get(call_id)
    if call is None or call.state is not CallState.WAITING or call.queued_at is None or call.draft:
        return
    if at >= (call.returned_at or call.queued_at) + floor.queues[call.queue].rules.max_wait_s:
        leave(floor, call, Outcome.TIMEOUT, at)
        floor.save(call.interaction)


def leave(floor: Floor, call: Call, exit: Outcome, at: float) -> None:
    """Out of the queue without an agent, back to the script."""
    call.move(CallTrigger.LEAVE_QUEUE)
    end(floor, call, at)
    call.left_queue = exit.value
    call.interaction.note(at, "left_queue", queue=call.queue, exit=exit.value)
    floor.do(LeaveQueue(call=call.id, exit=exit.value))
    floor.touch(call=call.id, queue=call.queue)


def end(floor: Floor, call: Call, at: float) -> None:
    """The caller's wait is over, by whatever way out; the timeline says which."""
    if call.queued_at is None:
        return
    floor.leave_queue(call)
    waited_s = at - (call.returned_at or call.queued_at)
    call.interaction.know(waited_s=call.interaction.record.waited_s + waited_s)
    call.queued_at = call.returned_at = None
    call.entered = False


def asked_why(floor: Floor, event: WhyAsked) -> None:
    """Say for what and for whom a caller still waits."""
    standing = floor.matcher.standing(event.call, event.at)
    if standing is None:
        floor.refuse(event.request, "illegal_now", "this caller does not wait")
    else:
        floor.do(Accepted(request=event.request, answer=standing_record(standing)))


def asked_priority(floor: Floor, event: PriorityAsked) -> None:
    """A supervisor moves a caller forward or back, by so many minutes in all. It outlives a restart."""
    call = floor.calls.get(event.call)
    if call is None or call.queued_at is None:
        floor.refuse(event.request, "illegal_now", "this caller does not wait")
        return
    call.interaction.know(raised=event.minutes)
    call.interaction.note(event.at, "priority", by=event.login, minutes=event.minutes)
    floor.restate(call)
    floor.save(call.interaction)
    floor.audit(
        event.at,
        event.login,
        "priority",
        "call",
        call.id,
        interaction=call.interaction.id,
        minutes=event.minutes,
    )
    floor.touch(call=call.id)
    floor.do(Accepted(request=event.request))
