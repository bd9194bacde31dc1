"""`/api/recordings`: what was recorded, and listening to it.

Audio is opened while it is sent and never lies anywhere in clear. Who listens is in the audit log before the
first byte is out; who may not and tries is there, too.
"""

import asyncio
import base64
import re
from functools import partial
from typing import Annotated

import structlog
from aiohttp import hdrs, web
from pydantic import BaseModel, Field, StringConstraints

from contactcenter.crm import recordings
from contactcenter.crm.access import CENTER
from contactcenter.crm.recordings import Recording
from contactcenter.events import RecordingPauseAsked, RecordingPauseForced
from contactcenter.http import scope
from contactcenter.http.lists import Items
from contactcenter.http.problems import Problem, not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.scope import check_interaction, refusal
from contactcenter.http.sounds import Sound
from contactcenter.http.visit import Visit
from contactcenter.values import AuditEntry

routes = Routes("recordings")

PIECE = 64 * 1024
"""Bytes that are opened and sent at a time."""
SAME_LISTENING_S = 300.0
"""A player asks for many ranges: those of one user within this time are one listening."""

_RANGE = re.compile(r"bytes=(?P<first>[0-9]*)-(?P<last>[0-9]*)", re.ASCII | re.IGNORECASE)

log = structlog.get_logger(__name__)


class Span(BaseModel):
    """A pause: nobody is heard. Seconds from the recording's beginning."""

    begin_s: float
    end_s: float | None
    by: str


class RecordingItem(BaseModel):
    """One recording: one talk of the caller, with an agent or a number outside, or a message that he left."""

    id: str
    interaction: str
    kind: Annotated[str, Field(description="talk, or message: nobody is on the agent's side.")]
    part: Annotated[int, Field(ge=1, description="1 for the interaction's first recording, and so on.")]
    agent: Annotated[str, Field(description="Empty with a number outside.")]
    number: Annotated[str, Field(description="The number outside, or the phone without an agent.")]
    queue: str
    started_at: float
    duration_s: float
    state: Annotated[str, Field(description="running, ended, kept, partial, failed or expired.")]
    why: Annotated[str, Field(description="The reason for partial and failed.")]
    silences: list[Span]
    bytes: int
    playable: Annotated[bool, Field(description="There is audio, and you may listen to it.")]
    peaks: Annotated[
        list[str],
        Field(description="How loud customer and agent are, over equal spans: base64, a byte each."),
    ]


class RecordingFilter(BaseModel, extra="forbid"):
    """Which recordings."""

    interaction: Annotated[str, StringConstraints(min_length=1, max_length=64)]


@routes.get("/api/recordings", right=Right.INTERACTIONS_READ, refusals=(404,))
async def list_recordings(visit: Visit, query: RecordingFilter) -> Items[RecordingItem]:
    """An interaction's recordings, the earliest first: those that the visitor may see."""
    await check_interaction(visit, query.interaction, "list_recordings")
    return Items(items=await of_interaction(visit, query.interaction))


@routes.get("/api/recordings/{id}", right=Right.INTERACTIONS_READ, of=Kind.RECORDING)
async def get_recording(visit: Visit, id: str) -> RecordingItem:
    """One recording; an agent sees his own, a supervisor those of his queues."""
    recording = await _found(visit, id, "get_recording")
    for item in await of_interaction(visit, recording.record.interaction):
        if item.id == id:
            return item
    raise not_found("recording")


@routes.get(
    "/api/recordings/{id}/audio",
    right=Right.INTERACTIONS_READ,
    of=Kind.RECORDING,
    beyond=Right.RECORDINGS_PLAY,
    refusals=(409, 410, 416),
    also=(206,),
    media_type="audio/wav",
)
async def listen(visit: Visit, id: str) -> web.StreamResponse:
    """The audio: a stereo WAV, the customer left, the agent right. Answers `Range`.

    Every listening is in the audit log. An agent may only listen to his own, and only where the configuration
    lets agents listen.
    """
    recording = await _found(visit, id, "listen")
    if not may_listen(visit, recording):
        raise refusal(visit, "listen", "recording", id, "You may not listen to this recording.")
    if recording.deleted_at is not None:
        raise Problem(410, "deleted", "The recording was deleted when its time was over.")
    if not recording.audible:
        detail = recording.kept.why or recording.record.state.value
        raise Problem(409, "no_audio", f"There is no audio: {detail}.")
    await _audit(visit, id)
    try:
        sound = await asyncio.to_thread(visit.edge.sounds, recording.record)
    except Exception as error:
        # Whatever it is (the file, its key, its seal), the listener is told, and no byte of it goes out.
        log.exception("a recording can't be opened", recording=id)
        raise Problem(409, "no_audio", "The audio can't be opened; the reason is in the log.") from error
    try:
        return await _send(visit, sound)
    finally:
        await asyncio.to_thread(sound.close)


@routes.post("/api/calls/{id}/record-pause", right=Right.SIGNED_IN, of=Kind.CALL, refusals=(403, 409))
async def pause_recording(visit: Visit, id: str) -> None:
    """Have nothing recorded for a while: a card number is about to be said. The recording keeps its length.

    The call's agent may, and supervisors in their queues. It is paused when the call's `recording` says so;
    it goes on by itself after the configured time.
    """
    await _ask_pause(visit, id, True)


@routes.post("/api/calls/{id}/record-resume", right=Right.SIGNED_IN, of=Kind.CALL, refusals=(403, 409))
async def resume_recording(visit: Visit, id: str) -> None:
    """Go on recording."""
    await _ask_pause(visit, id, False)


async def _ask_pause(visit: Visit, call: str, paused: bool) -> None:
    visitor = visit.visitor
    view = visit.edge.live.calls.get(call)
    if visitor.may(Right.CALLS_STEER) and not (view and view.agent == visitor.login):
        scope.check_call(visit, call, "record_pause" if paused else "record_resume")
        await visit.steer(partial(RecordingPauseForced, call=call, paused=paused))
        return
    scope.check_own_call(visit, call)
    await visit.ask(partial(RecordingPauseAsked, call=call, paused=paused))


async def of_interaction(visit: Visit, interaction: str) -> list[RecordingItem]:
    """The recordings of an interaction that the visitor may see: a caller may have gone through other queues
    and talked with other agents."""
    found = await visit.edge.store.read(recordings.of_interaction, interaction, visit.reader)
    return [_item(visit, recording, part) for part, recording in found]


def may_listen(visit: Visit, recording: Recording) -> bool:
    """Of one that he sees: by right, or to his own, where agents may."""
    own = recording.record.agent == visit.visitor.login
    return visit.visitor.may(Right.RECORDINGS_PLAY) or (visit.edge.settings.agents_listen and own)


async def _found(visit: Visit, id_: str, act: str) -> Recording:
    if recording := await visit.edge.store.read(recordings.get, id_, visit.reader):
        return recording
    limit = visit.reader.limit(Kind.RECORDING)
    other = await visit.edge.store.read(recordings.get, id_, CENTER) if limit else None
    if other and other.record.queue not in limit:
        raise refusal(visit, act, "recording", id_, "This recording is in none of your queues.")
    # Another's recording and none must look the same.
    raise not_found("recording")


async def _audit(visit: Visit, id_: str) -> None:
    """On the disk before anything is heard; raises `StoreUnavailable` when it can't be."""
    now, login = visit.edge.now(), visit.visitor.login
    heard = visit.edge.listenings
    for old in [key for key, at in heard.items() if at < now - SAME_LISTENING_S]:
        del heard[old]
    if (login, id_) in heard:
        return
    await visit.edge.store.write(
        recordings.listened,
        AuditEntry(at=now, login=login, act="listen", kind="recording", object=id_),
    )
    heard[login, id_] = now


async def _send(visit: Visit, sound: Sound) -> web.StreamResponse:
    asked = _range(visit.request.headers.get(hdrs.RANGE, ""), sound.length)
    begin, end = asked or (0, sound.length)
    response = web.StreamResponse(
        status=206 if asked else 200,
        headers={
            hdrs.CONTENT_TYPE: "audio/wav",
            hdrs.ACCEPT_RANGES: "bytes",
            hdrs.CACHE_CONTROL: "no-store",
            hdrs.CONTENT_DISPOSITION: "inline",
        },
    )
    if asked:
        response.headers[hdrs.CONTENT_RANGE] = f"bytes {begin}-{end - 1}/{sound.length}"
    response.content_length = end - begin
    await response.prepare(visit.request)
    if visit.request.method == hdrs.METH_HEAD:
        return response
    while begin < end:
        # Up to the next whole chunk, so that each is opened once.
        upto = min(end, (begin // PIECE + 1) * PIECE)
        try:
            piece = await asyncio.to_thread(sound.read, begin, upto)
        except Exception:
            # The status is out: all that is left is to break off, which the player takes for what it is.
            log.exception("a recording broke off while it was sent")
            if visit.request.transport:
                visit.request.transport.abort()
            return response
        await response.write(piece)
        begin = upto
    await response.write_eof()
    return response


def _range(header: str, length: int) -> tuple[int, int] | None:
    """The bytes that are asked for, or None for all: what is no range of bytes, or several, says nothing
    (RFC 9110). Raises `Problem` 416 for bytes that there are not."""
    match = _RANGE.fullmatch(header)
    if not match or match["first"] == match["last"] == "":
        return None
    first, last = _bytes(match["first"]), _bytes(match["last"])
    if first is None:  # the last so many
        begin, end = max(0, length - (last or 0)), length
    elif last is None:
        begin, end = first, length
    elif last < first:
        return None
    else:
        begin, end = first, min(last + 1, length)
    if begin >= end:
        raise Problem(416, "range", f"The audio has {length} bytes.", content_range=f"bytes */{length}")
    return begin, end


def _bytes(digits: str) -> int | None:
    """None for no digits. What is more than any file has counts as that."""
    if not digits:
        return None
    return int(digits) if len(digits) < 19 else 10**18


def _item(visit: Visit, recording: Recording, part: int) -> RecordingItem:
    record, kept = recording.record, recording.kept
    listens = may_listen(visit, recording)
    return RecordingItem(
        id=record.id,
        interaction=record.interaction,
        kind=record.kind.value,
        part=part,
        agent=record.agent,
        number=record.number,
        queue=record.queue,
        started_at=record.started_at,
        duration_s=kept.duration_s or record.length_s,
        state=record.state.value,
        why=kept.why,
        silences=[Span(begin_s=span.begin_s, end_s=span.end_s, by=span.by) for span in record.silences],
        bytes=kept.size,
        playable=recording.audible and listens,
        peaks=[base64.b64encode(side).decode() for side in kept.peaks] if listens and any(kept.peaks) else [],
    )
