"""The index of recordings: a row for each talk that was to be recorded and for each message that a caller
left, with its audio's whereabouts or the reason why there is none.

Rows are never deleted: one whose audio was deleted says so, and when.
"""

import base64
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, case, func, insert, or_, select, update

from contactcenter.commands import SaveRecording
from contactcenter.crm import access, audit
from contactcenter.crm.access import CENTER, Kind, Reader
from contactcenter.crm.schema import recordings
from contactcenter.crm.text import inert
from contactcenter.values import AuditEntry, RecordingKind, RecordingRecord, RecordingState, Silence, frozen

AUDIBLE = (RecordingState.KEPT, RecordingState.PARTIAL)
"""There is audio."""


SUFFIX = ".ccrec"
"""Of sealed files."""


def place(folder: Path, id_: str, started_at: float) -> Path:
    """Where the sealed file of a recording is, in the folder of recordings."""
    day = datetime.fromtimestamp(started_at, UTC)
    return folder / f"{day:%Y}" / f"{day:%m}" / f"{day:%d}" / f"{id_}{SUFFIX}"


@frozen
class Kept:
    """What the edge made of a recording."""

    state: RecordingState
    why: str = ""
    duration_s: float = 0.0
    size: int = 0
    """Bytes of the sealed file."""
    key: str = ""
    """The id of the key that it is sealed with."""
    peaks: tuple[bytes, bytes] = (b"", b"")
    """How loud customer and agent are, 0 to 255, over equal spans."""


@frozen
class Recording:
    """A row."""

    record: RecordingRecord
    kept: Kept
    deleted_at: float | None

    @property
    def audible(self) -> bool:
        """Whether there is audio."""
        return self.record.state in AUDIBLE


def save(db: Connection, commands: Sequence[SaveRecording]) -> None:
    """Write the center's view. A row that says how the recording ended is the edge's, and stays."""
    for command in commands:
        record = command.record
        values = asdict(record) | {"silences": [asdict(span) for span in record.silences]}
        values |= {"state": record.state.value, "kind": record.kind.value}
        known = db.execute(
            update(recordings)
            .where(recordings.c.id == record.id, recordings.c.state == RecordingState.RUNNING.value)
            .values(values)
        )
        if not known.rowcount and get(db, record.id, CENTER) is None:
            db.execute(insert(recordings).values(values))


def storable(command: SaveRecording) -> SaveRecording:
    """As it is: all of its text is ours, but a login or a queue may be as long as it likes."""
    record = command.record
    values = {field: getattr(record, field) for field in record.__dataclass_fields__}
    texts = {field: inert(value) for field, value in values.items() if type(value) is str}
    return SaveRecording(record=RecordingRecord(**values | texts))


def finish(db: Connection, record: RecordingRecord, kept: Kept) -> None:
    """Write what became of a recording; its row is made if it is missing."""
    save(db, (SaveRecording(record=record),))
    db.execute(
        update(recordings)
        .where(recordings.c.id == record.id, recordings.c.deleted_at.is_(None))
        .values(
            state=kept.state.value,
            why=kept.why,
            duration_s=kept.duration_s,
            bytes=kept.size,
            key=kept.key,
            peaks=base64.b64encode(b"".join(kept.peaks)).decode(),
            silences=[asdict(span) for span in record.silences],
        )
    )


def expire(db: Connection, ids: Collection[str], at: float) -> None:
    """Their time is over: the audio is to be deleted, the rows and the audit log say so."""
    db.execute(
        update(recordings)
        .where(recordings.c.id.in_(ids))
        .values(state=RecordingState.EXPIRED.value, deleted_at=at, bytes=0, peaks="")
    )
    audit.write_all(
        db, (AuditEntry(at=at, login="center", act="delete", kind="recording", object=id_) for id_ in ids)
    )


def listened(db: Connection, entry: AuditEntry) -> None:
    """Somebody is about to listen: the audit log knows before the first sound."""
    audit.write(db, entry)


def lose(db: Connection, ids: Collection[str]) -> None:
    """Their audio has gone, and nobody deleted it."""
    db.execute(
        update(recordings)
        .where(recordings.c.id.in_(ids))
        .values(state=RecordingState.FAILED.value, why="lost", bytes=0)
    )


def get(db: Connection, id_: str, reader: Reader) -> Recording | None:
    """One row, or None; what the reader does not see is None, too."""
    seen = access.visible(reader, Kind.RECORDING)
    row = db.execute(select(recordings).where(recordings.c.id == id_, seen)).one_or_none()
    return _recording(row) if row else None


def of_interaction(db: Connection, interaction: str, reader: Reader) -> tuple[tuple[int, Recording], ...]:
    """Those of an interaction's rows that the reader sees, the earliest first, each with its place (1, 2 …)
    among all of them: a caller may have gone through other queues and talked with other agents."""
    seen = case((access.visible(reader, Kind.RECORDING), 1), else_=0).label("seen")
    query = select(recordings, seen).where(recordings.c.interaction == interaction)
    rows = db.execute(query.order_by(recordings.c.started_at, recordings.c.id))
    return tuple((place, _recording(row)) for place, row in enumerate(rows, 1) if row.seen)


def counts(db: Connection, ids: Collection[str], reader: Reader) -> dict[str, int]:
    """How many recordings of these interactions the reader sees; those of none are left out."""
    query = select(recordings.c.interaction, func.count()).where(
        recordings.c.interaction.in_(ids), access.visible(reader, Kind.RECORDING)
    )
    return {row[0]: row[1] for row in db.execute(query.group_by(recordings.c.interaction))}


def in_state(db: Connection, state: RecordingState) -> tuple[RecordingRecord, ...]:
    """All rows that are just there, the earliest first."""
    query = select(recordings).where(recordings.c.state == state.value).order_by(recordings.c.started_at)
    return tuple(_recording(row).record for row in db.execute(query))


def of_files(db: Connection, files: str) -> tuple[Recording, ...]:
    """The rows whose sound is in the same files, the earliest first."""
    query = select(recordings).where(or_(recordings.c.id == files, recordings.c.source == files))
    return tuple(map(_recording, db.execute(query.order_by(recordings.c.begin_s, recordings.c.id))))


def states(db: Connection) -> dict[str, RecordingState]:
    """Every row's state, for comparing with the files."""
    return {
        id_: RecordingState(state) for id_, state in db.execute(select(recordings.c.id, recordings.c.state))
    }


def queues(db: Connection) -> tuple[str, ...]:
    """The queues that have audio."""
    audible = recordings.c.state.in_([state.value for state in AUDIBLE])
    return tuple(db.scalars(select(recordings.c.queue).where(audible).distinct()))


def older_than(db: Connection, queue: str, at: float, limit: int = 500) -> tuple[RecordingRecord, ...]:
    """A queue's rows with audio that ended before `at`."""
    ended = func.coalesce(recordings.c.ended_at, recordings.c.started_at)
    query = (
        select(recordings)
        .where(or_(*(recordings.c.state == state.value for state in AUDIBLE)))
        .where(recordings.c.queue == queue, recordings.c.started_at < at, ended < at)
        .order_by(recordings.c.started_at)
        .limit(limit)
    )
    return tuple(_recording(row).record for row in db.execute(query))


def totals(db: Connection) -> dict[str, tuple[int, int]]:
    """How many rows are in each state, and the bytes of their files."""
    query = select(recordings.c.state, func.count(), func.sum(recordings.c.bytes)).group_by(
        recordings.c.state
    )
    return {state: (count, int(size or 0)) for state, count, size in db.execute(query)}


_RECORD = tuple(RecordingRecord.__dataclass_fields__)


def _recording(row: Row[Any]) -> Recording:
    values = row._mapping
    state = RecordingState(values["state"])
    spans = tuple(Silence(**span) for span in values["silences"])
    kind = RecordingKind(values["kind"])
    record = {name: values[name] for name in _RECORD} | {"state": state, "silences": spans, "kind": kind}
    peaks = base64.b64decode(values["peaks"])
    half = len(peaks) // 2
    return Recording(
        record=RecordingRecord(**record),
        kept=Kept(
            state=state,
            why=values["why"],
            duration_s=values["duration_s"],
            size=values["bytes"],
            key=values["key"],
            peaks=(peaks[:half], peaks[half:]),
        ),
        deleted_at=values["deleted_at"],
    )
