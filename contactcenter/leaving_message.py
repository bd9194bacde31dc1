"""Leaving a message: a caller says what he wants instead of waiting for somebody who asks him.

Meanwhile he keeps his place and is offered to nobody. He gives the place up when he confirms the message. Who
hangs up before that has left it all the same if he said enough; else he has given up waiting.
"""

from contactcenter.calls import Call, CallState, Draft
from contactcenter.commands import DropRecording, FinishRecording, SaveRecording
from contactcenter.events import MessageGivenUp, MessageLeft, MessageStarted, MessageStopped
from contactcenter.floor import Floor
from contactcenter.values import LEAST_MESSAGE_S, RecordingKind, RecordingRecord, RecordingState


def begin(floor: Floor, call: Call, queue: str) -> None:
    """The caller has chosen to leave a message, for `queue` if he does not wait in one."""
    call.draft = Draft(queue=queue)
    floor.check_ready(call)


def started(floor: Floor, event: MessageStarted) -> None:
    """The tone has sounded, and Asterisk records; what was recorded before is not wanted."""
    call = floor.calls.get(event.call)
    if call and call.draft:
        _drop(floor, call.draft.recording)
        call.draft = Draft(queue=call.draft.queue, recording=event.recording, started_at=event.at)
    else:
        _drop(floor, event.recording)


def stopped(floor: Floor, event: MessageStopped) -> None:
    """So much was said; whether it is wanted is what the caller says next."""
    call = floor.calls.get(event.call)
    if call and call.draft and call.draft.recording == event.recording:
        call.draft.seconds = event.seconds


def left(floor: Floor, event: MessageLeft) -> Call | None:
    """The caller has confirmed it. Returns his call, or None when there is nothing to be confirmed."""
    call = floor.calls.get(event.call)
    if call is None or call.draft is None or call.draft.recording != event.recording:
        return None
    call.draft.seconds = event.seconds
    _keep(floor, call, call.draft, event.at)
    return call


def given_up(floor: Floor, event: MessageGivenUp) -> None:
    """No message after all: he waits on in his place, or his script goes on."""
    if call := floor.calls.get(event.call):
        forget(floor, call)


def forget(floor: Floor, call: Call) -> None:
    """What the caller may have begun to say is not wanted; nothing happens if there is nothing."""
    if call.draft is None:
        return
    _drop(floor, call.draft.recording)
    call.draft = None
    if call.state is CallState.WAITING:
        floor.check_ready(call)
        floor.set_moments(call)


def gone(floor: Floor, call: Call, at: float) -> bool:
    """The caller has hung up: returns whether he has left a message by then."""
    draft = call.draft
    if draft is None:
        return False
    if draft.seconds is None and draft.started_at is not None:
        draft.seconds = at - draft.started_at
    if draft.seconds is None or draft.seconds < LEAST_MESSAGE_S:
        _drop(floor, draft.recording)
        call.draft = None
        return False
    _keep(floor, call, draft, at)
    return True


def _keep(floor: Floor, call: Call, draft: Draft, at: float) -> None:
    queue = call.queue if call.state is CallState.WAITING else draft.queue
    length_s = round(draft.seconds or 0.0, 3)
    record = RecordingRecord(
        id=draft.recording,
        kind=RecordingKind.MESSAGE,
        interaction=call.interaction.id,
        call=call.id,
        server=call.server,
        queue=queue or call.interaction.record.queue,
        agent="",
        started_at=draft.started_at or at,
        ended_at=at,
        length_s=length_s,
        state=RecordingState.ENDED,
    )
    call.draft, call.left_message = None, True
    call.interaction.know(queue=record.queue)
    call.interaction.note(at, "message_left", recording=record.id, queue=record.queue, seconds=length_s)
    floor.do(SaveRecording(record=record), FinishRecording(record=record))


def _drop(floor: Floor, recording: str) -> None:
    if recording:
        floor.do(DropRecording(recording=recording))
