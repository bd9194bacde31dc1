"""When a talk is recorded, when not, and when its recording is silent.

The queue's policy decides. Where it says `announce`, no recording is asked for before the caller has been
told, and none when he refused. Asterisk writes only while the caller is in a bridge, so music and ringing are
in no recording, and the time in the bridge is the recording's length. A pause is true when Asterisk says so.
Whoever is in the bridge with the caller has a part of his own, from the moment he came to the moment he went:
a row each, over the same files where no session of ours could begin others.
"""

from collections.abc import Collection
from dataclasses import replace

from contactcenter.calls import Call, Leg
from contactcenter.commands import (
    Accepted,
    AnnounceRecording,
    DropRecording,
    FinishRecording,
    MuteRecording,
    SaveRecording,
    StopRecording,
)
from contactcenter.events import (
    RecordingAnnounced,
    RecordingMuted,
    RecordingPauseAsked,
    RecordingPauseForced,
    RecordingsRestored,
    RecordingStarted,
)
from contactcenter.floor import Floor
from contactcenter.live_recordings import RUNNING, Notice, Phase, Recording, Trigger, Why
from contactcenter.values import RecordingRecord, RecordingState, Silence

POLICIES = ("never", "always", "announce")
"""A queue's `recording`. `announce`: the caller is told first, and may refuse by a key."""

ANNOUNCE_S = 30.0
"""An announcement that takes longer is given up; the caller is then offered, and not recorded."""
TOGETHER_S = 1.0
"""Less than that is no conference: phones that pass a caller on may have him together for a moment."""
UNMUTE_AGAIN_S = 5.0
"""How long after a failed try a pause that is over is ended again."""


# --- before the talk ---


def policy(floor: Floor, call: Call) -> str:
    """What the queue that the caller is in wants."""
    queue = floor.queues.get(call.queue)
    return queue.rules.recording if queue else "never"


def announce(floor: Floor, call: Call, at: float) -> None:
    """The caller entered a queue: if it wants that, tell him once, before he is offered to anybody."""
    if call.dialled:
        return  # who was called is to have an agent at once: such talks are not recorded, and say why
    if policy(floor, call) == "announce" and call.notice not in (Notice.TOLD, Notice.REFUSED):
        call.notice = Notice.ASKED
        floor.do(AnnounceRecording(call=call.id))
        floor.wake(f"announce {call.id}", at + ANNOUNCE_S)


def announced(floor: Floor, event: RecordingAnnounced) -> None:
    """The caller knows, or could not be told."""
    if call := floor.calls.get(event.call):
        floor.rest(f"announce {call.id}")
        call.notice = Notice.REFUSED if event.refused else Notice.TOLD if event.heard else Notice.UNHEARD
        call.interaction.note(event.at, "recording_notice", answer=call.notice.value)
        floor.check_ready(call)


def not_announced(floor: Floor, call_id: str, at: float) -> None:
    """Nothing was heard of the announcement: the caller must not wait for it."""
    call = floor.calls.get(call_id)
    if call and call.notice is Notice.ASKED:
        call.notice = Notice.UNHEARD
        call.interaction.note(at, "recording_notice", answer=call.notice.value)
        floor.check_ready(call)


def against(floor: Floor, call: Call) -> Why | None:
    """Why this caller is not to be recorded although the policy wants it; None when he may be."""
    if policy(floor, call) != "announce" or call.notice is Notice.TOLD:
        return None
    return Why.REFUSED if call.notice is Notice.REFUSED else Why.UNHEARD


def begin(floor: Floor, call: Call, at: float) -> str:
    """The name under which the session is to record the talk that may come; empty: it is not recorded.

    A missed offer leaves the recording ready for the next one.
    """
    if call.recording and not _waits(call.recording):
        end(floor, call, at)
    if policy(floor, call) == "never" or against(floor, call):
        return ""
    if call.recording is None:
        call.recording = _named(call, at)
    return call.recording.id


def go_on(floor: Floor, call: Call, leg: str, at: float) -> str:
    """The name under which the session is to record the caller, who was on hold, with this leg.

    The one who had him goes on with his recording. With anybody else another one begins; if nothing comes of
    that join, it is there for whoever is joined next.
    """
    recording = call.recording
    if recording and leg == call.agent_leg and not _waits(recording):
        return recording.id if recording.phase in RUNNING else ""
    return begin(floor, call, at)


def _named(call: Call, at: float) -> Recording:
    call.recorded_at = max(round(at * 1000), call.recorded_at + 1)
    return Recording(id=f"{call.interaction.id}-{call.recorded_at}")


def started(floor: Floor, event: RecordingStarted) -> None:
    """Asterisk listens."""
    call = floor.calls.get(event.call)
    if call and call.recording and call.recording.id == event.recording and _waits(call.recording):
        call.recording.move(Trigger.START)


def _waits(recording: Recording) -> bool:
    return recording.phase in (Phase.ASKED, Phase.READY)


# --- in the talk ---


def joined(floor: Floor, call: Call, at: float, number: str = "") -> None:
    """The talk begins, with the call's agent or a `number` outside: from here on there is a recording, or a
    reason why not."""
    recording = call.recording
    if recording is None and policy(floor, call) == "never":
        return
    if recording is None:
        recording = call.recording = _named(call, at)
    if _waits(recording) and policy(floor, call) == "never":
        return
    if _waits(recording):
        recording.why = against(floor, call)
        if recording.phase is Phase.READY and recording.why is None:
            recording.move(Trigger.JOIN)
            recording.write(True, at)
        else:
            if recording.phase is Phase.READY:
                _stop(floor, call, recording.id)
                floor.do(DropRecording(recording=recording.id))
            recording.move(Trigger.MISS)
            recording.why = recording.why or Why.NOT_STARTED
    # Else he never left the talk (a conference, a phone that passed him on): what runs runs on.
    part = recording.parts.get(call.agent_leg)
    known = part is not None and (part.agent, part.number) == (call.agent, number)
    if part and known and at - part.started_at > TOGETHER_S and recording.phase in RUNNING:
        # The third of a conference, alone with the caller from now on. Asterisk 22.10 may lose his voice here
        # (ADR 0014): in a part of its own that is found out.
        _leave(floor, recording, call.agent_leg, at)
    _take(floor, call, recording, call.agent_leg, call.agent, number, at)


def _take(
    floor: Floor, call: Call, recording: Recording, leg: str, agent: str, number: str, at: float
) -> None:
    """The one on this leg has a part from now on; if he has one already, it is known now whose it is."""
    if (part := recording.parts.get(leg)) is None:
        recording.parts[leg] = part = _part(call, recording, agent, number, at)
        if recording.why:
            call.interaction.note(at, "not_recorded", why=recording.why.value)
        else:
            call.interaction.note(at, "recorded", recording=part.id)
    elif part.state is RecordingState.RUNNING and (part.agent, part.number) != (agent, number):
        recording.parts[leg] = part = replace(part, agent=agent, number=number)
    else:
        return
    floor.do(SaveRecording(record=part))


def _part(call: Call, recording: Recording, agent: str, number: str, at: float) -> RecordingRecord:
    first = recording.id not in {part.files for part in (*recording.parts.values(), *recording.over)}
    part = RecordingRecord(
        id=recording.id if first else _named(call, at).id,
        interaction=call.interaction.id,
        call=call.id,
        server=call.server,
        queue=call.queue,
        agent=agent,
        number=number,
        started_at=at,
        source="" if first else recording.id,
    )
    if recording.why:
        return replace(part, ended_at=at, state=RecordingState.FAILED, why=recording.why.value)
    paused = (Silence(begin_s=0.0, by=recording.asked_by),) if recording.phase is Phase.PAUSED else ()
    return replace(
        part,
        begin_s=recording.length(at),
        written_s=recording.written_s,
        writing_since=recording.writing_since,
        silences=paused,
    )


def heard(floor: Floor, call: Call, at: float) -> None:
    """Compare the parts with whom the caller hears. An agent who has him on hold keeps his."""
    recording = call.recording
    if recording is None or _waits(recording):
        return
    caller = floor.legs.get(call.id)
    partners = {leg.id: leg for leg in (floor.partners(caller) if caller else ())}
    keeps = call.agent_leg if call.taken else ""
    for leg in [leg for leg in recording.parts if leg not in partners and leg != keeps]:
        _leave(floor, recording, leg, at)
    for leg in partners:
        if leg not in recording.parts:
            _take(floor, call, recording, leg, *_whose(floor, call, partners[leg]), at)


def _whose(floor: Floor, call: Call, leg: Leg) -> tuple[str, str]:
    """Agent and number of somebody whom the caller hears; one of them is empty."""
    if leg.id == call.agent_leg and call.agent:
        return call.agent, ""
    consult = floor.consult_of_leg(leg.id)
    if consult and consult.leg == leg.id:
        return consult.login, "" if consult.login else consult.target.name
    agent = floor.agent_of_phone(leg.phone)
    return (agent.login, "") if agent else ("", leg.phone)


def _leave(floor: Floor, recording: Recording, leg: str, at: float) -> None:
    """The one on this leg is heard no more; Asterisk may write on for others."""
    part = recording.parts.pop(leg)
    if part.state is RecordingState.RUNNING:
        part = _ended(recording, part, at)
        if recording.measured:
            part = replace(part, end_s=recording.length(at))
        floor.do(SaveRecording(record=part))
    recording.over.append(part)


def _ended(recording: Recording, part: RecordingRecord, at: float) -> RecordingRecord:
    length_s = _into(recording, part, at) if recording.measured else 0.0
    part = _unpaused(recording, part, at)
    return replace(part, state=RecordingState.ENDED, ended_at=at, length_s=length_s, writing_since=None)


def _into(recording: Recording, part: RecordingRecord, at: float) -> float:
    """How far into the part this moment is."""
    return max(0.0, round(recording.length(at) - part.begin_s, 3))


def rules_changed(floor: Floor, at: float) -> None:
    """A talk that began when its queue asked for no recording, or was not there, may be in one that does by
    now: unless Asterisk listens already, it is not begun in the middle, and says why."""
    for call in floor.calls.values():
        if call.taken and call.held_at is None and (call.recording is None or _waits(call.recording)):
            joined(floor, call, at)


def resumed(floor: Floor, call: Call, at: float) -> None:
    """The agent has the caller back: after a join to another that failed, by a recording of its own."""
    if call.recording is None or _waits(call.recording):
        joined(floor, call, at)


def bridged(floor: Floor, leg: Leg, at: float) -> None:
    """The leg came into a bridge or out of one; if it is a caller's, his recording follows."""
    call = floor.calls.get(leg.id)
    recording = call.recording if call else None
    if call is None or recording is None or recording.phase not in RUNNING:
        return
    recording.write(bool(leg.bridge), at)
    if leg.bridge and call.phone_transferred and recording.phase is Phase.PAUSED:
        _mute(floor, call, True)  # the dialplan has begun the recording anew, and nobody has paused that
    if not leg.bridge and not call.talks and not call.phone_transferred:
        end(floor, call, at)
        return
    for each, part in recording.parts.items():
        # What a crash must not take: where in the files we are.
        now = replace(part, written_s=recording.written_s, writing_since=recording.writing_since)
        recording.parts[each] = now
        floor.do(SaveRecording(record=now))


def asked_pause(floor: Floor, event: RecordingPauseAsked) -> None:
    """A card number is about to be said; or it has been."""
    call = floor.calls.get(event.call)
    if call is None or call.agent != event.login or not call.talks:
        message = "this call is not your talk"
    else:
        message = _pause(floor, call, event.login, event.paused)
    _answer(floor, event.request, message)


def forced_pause(floor: Floor, event: RecordingPauseForced) -> None:
    """A supervisor does it in the agent's stead; whether Asterisk obeys or not, the audit log has it."""
    call = floor.calls.get(event.call)
    message = "there is no such call" if call is None else _pause(floor, call, event.login, event.paused)
    if call and call.recording and not message:
        floor.audit(
            event.at,
            event.login,
            "record_pause" if event.paused else "record_resume",
            "call",
            call.id,
            interaction=call.interaction.id,
            recording=call.recording.id,
            agent=call.agent,
        )
    _answer(floor, event.request, message)


def _pause(floor: Floor, call: Call, login: str, paused: bool) -> str:
    """Ask Asterisk for it; returns why that is not possible, or nothing."""
    if not call.taken or call.recording is None or call.recording.phase not in RUNNING:
        return "this talk is not being recorded"
    if not floor.servers.get(call.server):
        return "Asterisk can't be reached: the recording goes on as it is, let nothing secret be said"
    call.recording.asked_by = login
    _mute(floor, call, paused)
    return ""


def _answer(floor: Floor, request: str, message: str) -> None:
    if message:
        floor.refuse(request, "illegal_now", message)
    else:
        floor.do(Accepted(request=request))


def _mute(floor: Floor, call: Call, muted: bool) -> None:
    assert call.recording  # noqa: S101 (who calls has looked)
    floor.do(MuteRecording(server=call.server, call=call.id, recording=call.recording.id, muted=muted))


def muted(floor: Floor, event: RecordingMuted) -> None:
    """Asterisk has obeyed, or has not."""
    call = floor.calls.get(event.call)
    recording = call.recording if call else None
    if call is None or recording is None or recording.id != event.recording or recording.phase not in RUNNING:
        return
    if event.failed:
        kind = "pause_failed" if event.muted else "unpause_failed"
        call.interaction.note(event.at, kind, why=event.failed)
        if not event.muted:
            floor.wake(f"unpause {call.id}", event.at + UNMUTE_AGAIN_S)
        return
    if event.muted is (recording.phase is Phase.PAUSED):
        return
    recording.move(Trigger.PAUSE if event.muted else Trigger.RESUME)
    for leg, part in recording.parts.items():
        changed = _paused(recording, part, event.at) if event.muted else _unpaused(recording, part, event.at)
        recording.parts[leg] = changed
        floor.do(SaveRecording(record=changed))
    last = next((part.silences[-1] for part in recording.parts.values() if part.silences), None)
    if event.muted:
        floor.wake(f"unpause {call.id}", event.at + floor.rules.auto_resume_s)
        begin_s = last.begin_s if last else recording.length(event.at)
        call.interaction.note(event.at, "recording_paused", by=recording.asked_by, begin_s=begin_s)
    else:
        floor.rest(f"unpause {call.id}")
        span = {"begin_s": last.begin_s, "end_s": last.end_s} if last else {}
        call.interaction.note(event.at, "recording_resumed", by=recording.asked_by, **span)
    floor.touch(call=call.id)


def pause_due(floor: Floor, call_id: str, at: float) -> None:
    """The longest pause is over: the rest of the talk is recorded again, whoever forgot."""
    call = floor.calls.get(call_id)
    recording = call.recording if call else None
    if call and recording and (recording.phase is Phase.PAUSED or recording.doubtful):
        recording.asked_by, recording.doubtful = "", False
        _mute(floor, call, False)
        if recording.phase is Phase.PAUSED:
            # Heard of no more, while the link is down? Then again.
            floor.wake(f"unpause {call.id}", at + UNMUTE_AGAIN_S)


def _paused(recording: Recording, part: RecordingRecord, at: float) -> RecordingRecord:
    silence = Silence(begin_s=_into(recording, part, at), by=recording.asked_by)
    return replace(part, silences=(*part.silences, silence))


def _unpaused(recording: Recording, part: RecordingRecord, at: float) -> RecordingRecord:
    """An open pause, if there is one, ends here."""
    if not part.silences or part.silences[-1].end_s is not None:
        return part
    *before, last = part.silences
    return replace(part, silences=(*before, replace(last, end_s=_into(recording, part, at))))


# --- after the talk ---


def parted(floor: Floor, call: Call, at: float) -> None:
    """The talk is over, unless the caller is still in a bridge with somebody, or a phone has passed him on to
    another; the recording of a talk that he is about to be joined to is not this one's."""
    if call.joining and call.recording and _waits(call.recording):
        return
    caller = floor.legs.get(call.id)
    if (caller and floor.partners(caller)) or call.phone_transferred:
        heard(floor, call, at)
    else:
        end(floor, call, at)


def end(floor: Floor, call: Call, at: float, *, gone: bool = False) -> None:
    """The recording is over, whatever came of it; nothing happens if there is none. With a caller who
    is `gone` it ends by itself."""
    recording, call.recording = call.recording, None
    if recording is None:
        return
    was = recording.phase
    recording.move(Trigger.END)
    if was in RUNNING:
        recording.write(False, at)
        last = [_ended(recording, part, at) for part in recording.parts.values()]
        for part in last:
            floor.do(SaveRecording(record=part))
        for part in (*recording.over, *last):
            floor.do(FinishRecording(record=part))
        if not gone:
            _stop(floor, call, recording.id)
    elif was in (Phase.ASKED, Phase.READY):
        if not gone:
            _stop(floor, call, recording.id)
        floor.do(DropRecording(recording=recording.id))
    floor.rest(f"unpause {call.id}")
    floor.touch(call=call.id)


def _stop(floor: Floor, call: Call, recording: str) -> None:
    floor.do(StopRecording(server=call.server, call=call.id, recording=recording))


# --- over a restart of this process ---


def restored(floor: Floor, event: RecordingsRestored) -> None:
    """The last run left these running: a talk that still stands takes its own back, the others are over."""
    for record in event.records:
        floor.restored_recordings[record.call] = (*floor.restored_recordings.get(record.call, ()), record)
    if floor.restored_recordings:
        floor.wake("recordings", event.at + floor.rules.restore_s)


def claim(floor: Floor, call: Call, at: float) -> None:
    """The call is known again: if it still talks, its recording goes on, and a pause with its time limit."""
    records = floor.restored_recordings.pop(call.id, ())
    if not call.taken:
        _give_up(floor, records, at)
        return
    if not records:
        return
    files = records[-1].files
    ours = [record for record in records if record.files == files]
    _give_up(floor, [record for record in records if record.files != files], at)
    paused = any(record.silences and record.silences[-1].end_s is None for record in ours)
    recording = Recording(
        id=files,
        phase=Phase.PAUSED if paused else Phase.ON,
        written_s=ours[-1].written_s,
        writing_since=ours[-1].writing_since,
        doubtful=not paused,
    )
    caller = floor.legs.get(call.id)
    others = [leg.id for leg in floor.partners(caller) if leg.id != call.agent_leg] if caller else []
    for record in sorted(ours, key=lambda record: record.agent != call.agent):
        # Which leg was whose in a conference is not known any more, and need not be: `recovery` parts them.
        own = record.agent == call.agent and call.agent_leg not in recording.parts
        recording.parts[call.agent_leg if own else others.pop() if others else record.id] = record
    bridged = bool(caller and caller.bridge)
    recording.measured = bridged or recording.writing_since is None
    recording.write(bridged, at)
    call.recording = recording
    floor.wake(f"unpause {call.id}", at + floor.rules.auto_resume_s)


def unclaimed(floor: Floor, at: float) -> None:
    """Whose talk has not turned up by now is over."""
    for records in floor.restored_recordings.values():
        _give_up(floor, records, at)
    floor.restored_recordings.clear()


def _give_up(floor: Floor, records: Collection[RecordingRecord], at: float) -> None:
    """Nobody hears these any more; how long they are only their files know."""
    for record in records:
        done = replace(record, state=RecordingState.ENDED, ended_at=at, writing_since=None)
        floor.do(SaveRecording(record=done), FinishRecording(record=done))
    for server, call, files in {(record.server, record.call, record.files): None for record in records}:
        floor.do(StopRecording(server=server, call=call, recording=files))
