"""What callers and their scripts do: arrive, choose, wait, leave."""

from itertools import count

from contactcenter import (
    announcements,
    calling_back,
    dialled,
    handoff,
    holds,
    identifying,
    leaving_message,
    monitoring,
    recording,
    waits,
)
from contactcenter.calls import Call, CallState, CallTrigger
from contactcenter.commands import LeaveQueue
from contactcenter.events import (
    CallArrived,
    CallbackAsked,
    CallerLeft,
    CallQueued,
    LanguageChosen,
    MessageAsked,
    MessageLeft,
    NodeVisited,
    ScriptEnded,
    ScriptFailed,
)
from contactcenter.figures import TRANSFERRED
from contactcenter.floor import Floor
from contactcenter.interactions import Interaction, InteractionState, Outcome
from contactcenter.live_recordings import RUNNING
from contactcenter.offers import OfferState
from contactcenter.values import NOBODY, InteractionRecord


def arrived(floor: Floor, event: CallArrived) -> None:
    """A script runs for the caller: for the first time, or anew."""
    if call := floor.calls.get(event.call):
        if not call.calling:
            _started_anew(floor, call, event)
        return
    interaction = _interaction_of(floor, event)
    floor.interactions[interaction.id] = interaction
    call = Call(
        id=event.call,
        server=event.server,
        interaction=interaction,
        did=event.did,
        caller=event.caller,
        caller_name=event.caller_name,
        arrived_at=interaction.record.arrived_at,
        language=interaction.record.language,
    )
    call.served = _was_served(interaction.record, event)
    call.held_by = event.held_by
    if event.held_by not in ("", NOBODY):
        call.queue = event.queue
    elif event.resumed and not call.served and event.queue in floor.queues:
        call.queue, call.queued_at = event.queue, event.entered_at or event.at
    floor.calls[call.id] = call
    floor.touch(call=call.id, queue=call.queue)
    kind = "resumed" if event.resumed else "arrived"
    interaction.note(event.at, kind, did=event.did, caller=event.caller, **_place_of(call))
    floor.save(interaction)
    identifying.look_up(floor, call, event.at)
    if event.held_by in ("", NOBODY):
        recording.claim(floor, call, event.at)


def _place_of(call: Call) -> dict[str, str]:
    """For the entry of a script's beginning: the queue in which the caller has his place still, if any."""
    return {"queue": call.queue} if call.counted else {}


def _was_served(record: InteractionRecord, event: CallArrived) -> bool:
    """Whether a caller who comes back had the whole talk that he entered the queue for."""
    if event.held_by:
        return False
    answered, entered = record.answered_at, event.entered_at
    return event.resumed and answered is not None and entered is not None and entered <= answered


def _interaction_of(floor: Floor, event: CallArrived) -> Interaction:
    """The record that the caller belongs to: one from before a restart of this process, one whose caller only
    seemed to be gone, else a new one. An id that another call has, or that is final, is not used twice."""
    if record := floor.restored.pop(event.call, None):
        return Interaction(record)
    known = floor.interactions.get(event.interaction)
    if known and known.state is InteractionState.WRAP_UP and known.record.leg == event.call:
        known.caller_back()
        return known
    ids = (event.interaction if n == 1 else f"{event.interaction}-{n}" for n in count(1))
    return Interaction(
        InteractionRecord(
            id=next(each for each in ids if each not in floor.interactions and each not in floor.closed),
            server=event.server,
            leg=event.call,
            did=event.did,
            caller=event.caller,
            caller_name=event.caller_name,
            queue=event.queue,
            arrived_at=event.at,
            queued_at=event.entered_at,
        )
    )


def _started_anew(floor: Floor, call: Call, event: CallArrived) -> None:
    """The same caller, back in a script: its session broke, or a phone sent the caller to another number."""
    if call.state is CallState.HELD and event.held_by == call.agent_leg:
        call.interaction.note(event.at, "resumed", did=event.did, **_place_of(call))
        return  # on hold as before; what his session waits for comes with `CallQueued`
    leaving_message.forget(floor, call)  # it broke off with the session
    if call.state is CallState.OFFERED:
        handoff.withdraw(floor, call, event.at)
    elif call.taken:
        handoff.part(floor, call, event.at)
    else:
        floor.leave_queue(call)
    if call.recording and call.recording.phase in RUNNING:
        recording.end(floor, call, event.at)  # who is with a script is in no bridge, whatever we heard last
    call.phone_transferred = False
    call.move(CallTrigger.START_SCRIPT)
    if event.did != call.did:
        call.did = event.did
        if call.queued_at is not None:
            call.interaction.note(event.at, "left_queue", queue=call.queue, exit=TRANSFERRED)
            waits.end(floor, call, event.at)
    call.node = call.script_result = call.left_queue = ""
    call.served = _was_served(call.interaction.record, event)
    call.interaction.note(
        event.at, "resumed" if event.resumed else "transferred", did=event.did, **_place_of(call)
    )
    floor.save(call.interaction)
    floor.touch(call=call.id, queue=call.queue)


def visited(floor: Floor, event: NodeVisited) -> None:
    """The caller reached a step of the script."""
    if call := floor.calls.get(event.call):
        call.node = event.node
        call.interaction.know(last_node=event.node)
        call.interaction.note(event.at, "node", node=event.node, detail=event.detail)
        dialled.pressed(floor, call.id, event.node, event.detail)
        floor.touch(call=call.id)


def chose_language(floor: Floor, event: LanguageChosen) -> None:
    """The caller's language is known."""
    if call := floor.calls.get(event.call):
        call.language = event.language
        call.interaction.know(language=event.language)
        call.interaction.note(event.at, "language", language=event.language)


def queued(floor: Floor, event: CallQueued) -> None:
    """The caller wants an agent of a queue; if the queue can't take him, the script learns why."""
    call = floor.calls.get(event.call)
    if call is None:
        return
    if call.calling:
        calling_back.reached(floor, call, event.at)
        return
    if call.state is CallState.HELD:
        holds.session_is_back(floor, call, event.at)
        return
    if call.held_by not in ("", NOBODY):
        restored = holds.restore(floor, call, event.at)
        recording.claim(floor, call, event.at)
        if not restored:
            waits.come_back(floor, call, event.at)
        return
    call.held_by = ""
    queue = floor.queues.get(event.queue)
    if queue is None:
        call.interaction.note(event.at, "refused", queue=event.queue, exit=Outcome.UNKNOWN_QUEUE.value)
        floor.do(LeaveQueue(call=call.id, exit=Outcome.UNKNOWN_QUEUE.value))
        return
    if call.served:
        call.served = False
        floor.do(LeaveQueue(call=call.id, exit=Outcome.ANSWERED.value))
        return
    leaving_message.forget(floor, call)  # its script broke off
    call.move(CallTrigger.QUEUE)
    kept_place = call.queued_at is not None
    before = floor.queues.get(call.queue) if kept_place else None
    if before and queue is not before:
        floor.touch(queue=call.queue)
    call.queue, call.left_queue = event.queue, ""
    call.priority, call.needs, call.preferred = event.priority, event.needs, event.preferred
    refusal = None
    if not kept_place:  # who waited already stays, even if the queue closed or filled up meanwhile
        calling_back.called_in(floor, call, event.at)
        refusal = queue.refusal(event.at, floor.callers_waiting(event.queue))
    waits.enter(
        floor, call, event.queue, event.at, kept_place=kept_place, foretell=not kept_place, refusal=refusal
    )


def asked_callback(floor: Floor, event: CallbackAsked) -> None:
    """The caller wants to be called back, before he waits or instead of waiting."""
    call = floor.calls.get(event.call)
    if call is None or call.state is CallState.OFFERED:
        return  # an agent is there already
    call.interaction.know(callback=event.number, queue=event.queue or call.interaction.record.queue)
    call.interaction.note(event.at, "callback", number=event.number, queue=event.queue)
    promised = calling_back.promise(floor, call, event.number, event.queue, event.at)
    if promised and call.state is CallState.WAITING:
        waits.leave(floor, call, Outcome.CALLBACK, event.at)
    floor.save(call.interaction)


def asked_message(floor: Floor, event: MessageAsked) -> None:
    """The caller wants to leave a message. If an agent was quicker and rings, they are connected instead."""
    call = floor.calls.get(event.call)
    if call is None:
        return
    if call.state in (CallState.SCRIPT, CallState.WAITING):
        leaving_message.begin(floor, call, event.queue)
    elif (made := floor.offers.get(call.offer)) and made.state is OfferState.POPPED:
        leaving_message.begin(floor, call, event.queue)
        handoff.give_back(floor, made, event.at)


def left_message(floor: Floor, event: MessageLeft) -> None:
    """The caller has said what he wants: if he waits for an agent, he needs none any more."""
    if call := leaving_message.left(floor, event):
        if call.state is CallState.WAITING:
            waits.leave(floor, call, Outcome.MESSAGE, event.at)
        floor.save(call.interaction)


def script_failed(floor: Floor, event: ScriptFailed) -> None:
    """The script broke; its caller is on the way to the fallback queue."""
    if call := floor.calls.get(event.call):
        call.interaction.know(error=event.error, last_node=event.node)
        call.interaction.note(event.at, "script_failed", node=event.node, error=event.error)
        floor.save(call.interaction)


def script_ended(floor: Floor, event: ScriptEnded) -> None:
    """The script has done its last step; the caller's leg ends next."""
    if call := floor.calls.get(event.call):
        call.script_result = event.result
        call.interaction.note(event.at, "script_ended", node=event.node, result=event.result)
        dialled.concluded(floor, call.id, event.result)


def left(floor: Floor, event: CallerLeft) -> None:
    """The caller hung up, said by the script's connection.

    Not believed while somebody has the caller: when a phone sends its REFER before its other call is bridged,
    Asterisk takes the caller out of the session as a hang-up would. The end of his leg says it then, unless
    that server can't be heard.
    """
    call = floor.calls.get(event.call)
    if call is None:
        return
    had = call.state in (CallState.TALKING, CallState.OUTSIDE) or call.phone_transferred
    if not (had and floor.servers.get(call.server)):
        over(floor, call, event.at)


def over(floor: Floor, call: Call, at: float, *, outcome: Outcome | None = None) -> None:
    """The caller is gone, from wherever he was."""
    if leaving_message.gone(floor, call, at) and call.state is CallState.WAITING:
        waits.leave(floor, call, Outcome.MESSAGE, at)
    outcome = outcome or outcome_of(call)
    if call.state is CallState.OFFERED and not floor.servers.get(call.server):
        call.interaction.know(inferred=True)  # the agent may have answered: nobody could tell us
    if call.state is CallState.OFFERED:
        handoff.withdraw(floor, call, at)
    recording.end(floor, call, at, gone=True)
    announcements.gave_up(floor, call, at)
    waits.end(floor, call, at)
    if call.taken:
        handoff.part(floor, call, at)
    monitoring.follow(floor, call, at)
    call.move(CallTrigger.END)
    call.interaction.caller_gone(at, outcome)
    floor.save(call.interaction)
    del floor.calls[call.id]
    calling_back.tried(floor, call, at)
    floor.touch(call=call.id, queue=call.queue)


def outcome_of(call: Call) -> Outcome:
    """Why the episode ended, judged by where the caller was when he left."""
    record = call.interaction.record
    if call.calling:
        return Outcome.NOT_REACHED
    if record.answered_at is not None:
        return Outcome.ANSWERED
    if call.dialled:
        return Outcome(call.left_queue) if call.left_queue else Outcome.HUNG_UP
    if record.callback:
        return Outcome.CALLBACK
    if call.left_message:
        return Outcome.MESSAGE
    if call.queued_at is not None:
        return Outcome.ABANDONED
    if call.left_queue:
        return Outcome(call.left_queue)
    if record.error:
        return Outcome.FAILED
    if call.script_result in Outcome.__members__.values():
        return Outcome(call.script_result)
    return Outcome.SELF_SERVED if call.script_result else Outcome.ABANDONED_IN_IVR
