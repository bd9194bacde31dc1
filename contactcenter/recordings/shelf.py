"""The shelf: from the raw legs that Asterisk wrote to sealed files with a row each, and their end.

What must hold, whatever breaks: every row has a file or a reason, every file a row, and nothing raw is
deleted before its sealed file is on the disk and its row in the database. So each step can be done again:
after a crash the spool and the index say what is left to do. A call never waits for any of this.
"""

import asyncio
import contextlib
import errno
import os
import re
import shutil
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import BinaryIO

import structlog

from contactcenter.commands import Command, DropRecording, FinishRecording
from contactcenter.crm import recordings
from contactcenter.crm.access import CENTER
from contactcenter.crm.errors import StoreUnavailable
from contactcenter.crm.keys import KeyProblem, Keys, load_or_make
from contactcenter.crm.recordings import AUDIBLE, Kept, Recording
from contactcenter.crm.sealed_files import Sealed, Unsealable, seal
from contactcenter.crm.store import Store
from contactcenter.events import Event, RecordingsRestored
from contactcenter.recordings.sound import RATE, NoLeg, Stereo, open_leg
from contactcenter.values import RecordingKind, RecordingRecord, RecordingState

SIDES = ("caller", "agent")
WORKERS = 2
QUIET_S = 0.4
"""Raw files that are as long as they should be, and did not grow for so long, are complete. That nothing
grows says little: Asterisk writes blocks of 32 KiB, 4 s of sound, and the rest when it closes the file."""
LACKING_S = 0.5
"""A file that is shorter than the talk by more than this may lack its last block."""
QUIET_WITHIN_S = 10.0
"""What still grows or is too short after that is taken as it is."""
STOP_WITHIN_S = 2.0
"""How long an end waits for what is being picked up."""
SWEEP_S = 3600.0
COMPARE_EVERY = 24
"""Sweeps: files and rows are compared at the start, and then once a day."""
RETRY_S = 2.0
"""How long the database, when it takes no writes, is left alone."""
ORPHAN_S = 4 * 3600.0
"""Raw files without a row that were not written to for so long belong to no talk that still goes on."""
MISSING_S = 2.0
"""Audio that is shorter than the talk by more than this, or by a twentieth, is not whole."""
SILENT_S = 5.0
"""Nobody's phone is without any sound for so long; whose is, was not recorded."""
CUT_S = 1.0
"""A part that was cut out may begin with so much of the last one's voice."""

NOTHING = frozenset({"empty", "missing"})
"""Reasons that another try does not change."""

_RAW = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,99})-(caller|agent)\.ulaw")
_WHYS = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "not_allowed",
    errno.EPERM: "not_allowed",
}

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Counts:
    """For `/metrics`."""

    finished: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    """Why -> how many talks have no audio, or not all of it."""
    deleted: int = 0
    pending: int = 0
    """Talks whose audio is being picked up."""
    kept: dict[str, tuple[int, int]] = field(default_factory=dict)
    """State -> rows, and bytes of their files; as of the last sweep."""

    def fail(self, why: str) -> None:
        """One more."""
        self.failed[why] = self.failed.get(why, 0) + 1


class Shelf:
    """The edge `recordings`: `start`, then `carry` commands, then `stop`.

    `spool` is where Asterisk writes raw legs, `folder` where sealed files are kept, `key` the key file.
    `days` tells how long a queue's recordings are kept, 0 for ever; `wanted` whether there are to be any.
    Trouble with any of them is logged, counted and told by `trouble`; it raises nothing, since calls go on
    without recordings.
    """

    def __init__(
        self,
        *,
        spool: Path,
        folder: Path,
        key: Path,
        store: Store,
        tell: Callable[[Event], None],
        now: Callable[[], float],
        days: Callable[[str], int],
        wanted: bool = True,
    ) -> None:
        self.counts = Counts()
        self.trouble = ""
        """Why no recording can be kept now; empty: all is well."""
        self._spool = spool
        self._folder = folder
        self._key = key
        self._store = store
        self._tell = tell
        self._now = now
        self._days = days
        self._wanted = wanted
        self._keys: Keys | None = None
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="recordings")
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[str] = set()
        """Recordings that are being picked up: not twice at once."""
        self._complete = False
        """Asterisk has ended: no file grows any more."""
        self._sweeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Tell the center what was running when the last run ended, and begin to tidy up."""
        if self._wanted:
            await asyncio.to_thread(self._prepare)
        running = await self._store.read(recordings.in_state, RecordingState.RUNNING)
        self._tell(RecordingsRestored(at=self._now(), records=running))
        self._sweeping = self._spawn(self._sweep_for_ever())

    async def stop(self, *, complete: bool = False) -> None:
        """Stop, within `STOP_WITHIN_S`. What is not finished then is finished at the next start. `complete`:
        Asterisk has ended before us, and every talk with it, so all that it wrote can be picked up."""
        if self._sweeping:
            self._sweeping.cancel()
        with contextlib.suppress(TimeoutError, StoreUnavailable):
            async with asyncio.timeout(STOP_WITHIN_S):
                if complete:
                    await self._pick_up_all()
                while picking := self._tasks - {self._sweeping}:
                    await asyncio.wait(picking)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._threads.shutdown, True, cancel_futures=True)

    def carry(self, command: Command) -> None:
        """Take a command of the center. Never waits."""
        match command:
            case FinishRecording(record=record):
                self._spawn(self._finish(record))
            case DropRecording(recording=name):
                self._spawn(self._drop(name))
            case _:
                raise TypeError(f"not for the recordings: {command!r}")

    async def usable(self) -> bool:
        """Whether what is recorded now can be kept, as far as we can tell."""
        await asyncio.to_thread(self._prepare)
        return not self.trouble

    def open(self, record: RecordingRecord) -> Sealed:
        """The sealed file of a recording. Blocking. Raises `Unsealable` and OSError."""
        if self._keys is None:
            self._prepare()
        if self._keys is None:
            raise Unsealable(self.trouble)
        return Sealed(self.path_of(record), record.id, self._keys)

    def path_of(self, record: RecordingRecord) -> Path:
        """Where the sealed file is: a folder a day."""
        return recordings.place(self._folder, record.id, record.started_at)

    async def _pick_up_all(self) -> None:
        self._complete = True
        for record in await self._store.read(recordings.in_state, RecordingState.RUNNING):
            over = replace(record, state=RecordingState.ENDED, ended_at=self._now(), writing_since=None)
            self._spawn(self._finish(over))

    # --- one recording ---

    async def _finish(self, record: RecordingRecord) -> None:
        if record.id in self._busy:
            return
        self._busy.add(record.id)
        self.counts.pending += 1
        try:
            await self._until_whole(
                record.files, record.begin_s + record.length_s if record.length_s else 0.0
            )
            kept = await asyncio.get_running_loop().run_in_executor(self._threads, self._keep, record)
            if not kept.why:
                log.info("recording kept", recording=record.id, seconds=round(kept.duration_s, 1))
            else:
                self.counts.fail(kept.why)
                log.error(
                    "recording failed" if kept.state not in AUDIBLE else "recording not whole",
                    recording=record.id, interaction=record.interaction, why=kept.why,
                )  # fmt: skip
            self.counts.finished += kept.state in AUDIBLE
            await self._write(recordings.finish, _settled(record, kept), kept)
        finally:
            self.counts.pending -= 1
            self._busy.discard(record.id)
        await self._let_go(record.files)

    async def _let_go(self, files: str) -> None:
        """Delete the raw files when all that is in them is kept; a part that waited for them is its turn."""
        rows = await self._store.read(recordings.of_files, files)
        states = {row.record.state for row in rows}
        if RecordingState.RUNNING in states:
            return
        for row in rows:
            if row.record.state is RecordingState.ENDED:
                self._spawn(self._finish(row.record))
        empty = max(_size(path) for path in self._raw(files)) <= 0
        if RecordingState.ENDED not in states and (empty or all(map(_settled_for_good, rows))):
            await asyncio.to_thread(self._delete_raw, files)

    async def _drop(self, name: str) -> None:
        await self._until_whole(name, 0.0)
        await asyncio.to_thread(self._delete_raw, name)

    async def _until_whole(self, files: str, length_s: float) -> None:
        """Asterisk closes the files a moment after it let go of the leg, and tells nobody. They should be as
        long as `length_s`; 0: nobody knows."""
        least = max(0.0, length_s - LACKING_S) * RATE
        sizes: list[int] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUIET_WITHIN_S):
                while not self._complete:
                    now = [_size(path) for path in self._raw(files)]
                    if now == sizes and all(size < 0 or size >= least for size in now):
                        return
                    sizes = now
                    await asyncio.sleep(QUIET_S)

    async def _write(self, work: Callable[..., None], *args: object) -> None:
        """Write to the database, however long it is away: the raw files wait."""
        while True:
            try:
                await self._store.write(work, *args)
            except StoreUnavailable:
                await asyncio.sleep(RETRY_S)
            else:
                return

    def _raw(self, name: str) -> tuple[Path, Path]:
        caller, agent = (self._spool / f"{name}-{side}.ulaw" for side in SIDES)
        return caller, agent

    def _delete_raw(self, name: str) -> None:
        for path in self._raw(name):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                log.warning("a raw recording can't be deleted", path=str(path), error=str(error))

    def _keep(self, record: RecordingRecord) -> Kept:
        """Join the legs and seal them. Blocking. Whatever fails becomes the reason."""
        try:
            self._prepare()
            if self._keys is None:
                return Kept(state=RecordingState.FAILED, why="no_key")
            with ExitStack() as opened:
                return self._seal(record, self._keys, opened)
        except NoLeg as error:
            return Kept(state=RecordingState.FAILED, why=error.why)
        except OSError as error:
            log.warning("recording not sealed", recording=record.id, error=str(error))
            return Kept(state=RecordingState.FAILED, why=_WHYS.get(error.errno or 0, "disk_error"))
        except ValueError as error:
            log.warning("recording not sealed", recording=record.id, error=str(error))
            return Kept(state=RecordingState.FAILED, why="changed")

    def _seal(self, record: RecordingRecord, keys: Keys, opened: ExitStack) -> Kept:
        legs: list[BinaryIO | None] = []
        reasons = []
        sides = _sides(record)
        for side, path in zip(SIDES, self._raw(record.files), strict=True):
            if side not in sides:
                legs.append(None)
                continue
            try:
                legs.append(opened.enter_context(open_leg(path)))
            except NoLeg as error:
                legs.append(None)
                reasons.append((side, error.why))
        if len(reasons) == len(sides):
            why = reasons[0][1]
            return Kept(state=RecordingState.FAILED, why=self._spool_trouble() if why == "missing" else why)
        stereo = Stereo(legs[0], legs[1], record.begin_s, record.end_s)
        if not stereo.samples:
            return Kept(state=RecordingState.FAILED, why=self._spool_trouble("empty"))
        path = self.path_of(record)
        size = seal(path, record.id, stereo.pieces(), stereo.length, keys)
        why = f"{reasons[0][0]}_{reasons[0][1]}" if reasons else ""
        missing = max(record.length_s - stereo.duration_s, stereo.shorter_s if all(legs) else 0.0)
        if not why and missing > max(MISSING_S, record.length_s / 20):
            why = "short"
        why = why or _silent(record, stereo)
        return Kept(
            state=RecordingState.PARTIAL if why else RecordingState.KEPT,
            why=why,
            duration_s=stereo.duration_s,
            size=size,
            key=keys.current.hex(),
            peaks=(bytes(stereo.peaks[0]), bytes(stereo.peaks[1])),
        )

    def _spool_trouble(self, otherwise: str = "missing") -> str:
        """Why Asterisk may have written nothing."""
        try:
            full = shutil.disk_usage(self._spool).free < 1 << 20
        except OSError:
            return "no_spool"
        return "spool_full" if full else otherwise

    # --- tidying up ---

    def _prepare(self) -> None:
        """The folders and the key, as far as possible."""
        trouble = ""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.scandir(self._spool).close()
            if not os.access(self._spool, os.W_OK | os.X_OK):
                trouble = f"{self._spool}: this user may not delete there"
        except OSError as error:
            trouble = f"{error.filename}: {error.strerror}"
        try:
            self._keys = self._keys or load_or_make(self._key)
        except KeyProblem as error:
            trouble = str(error)
        if trouble and trouble != self.trouble:
            log.error("recordings can't be kept", why=trouble)
        self.trouble = trouble

    async def _sweep_for_ever(self) -> None:
        for number in count():
            try:
                await self._sweep()
                if number % COMPARE_EVERY == 0:
                    await self._compare()
                self.counts.kept = await self._store.read(recordings.totals)
            except Exception:
                # Of one bad file or one bad hour: the next sweep tries again.
                log.exception("recordings could not be tidied up")
            await asyncio.sleep(SWEEP_S)

    async def _sweep(self) -> None:
        """What a crash left, and what is too old."""
        running = await self._store.read(recordings.in_state, RecordingState.RUNNING)
        growing = {record.files for record in running}
        for record in await self._store.read(recordings.in_state, RecordingState.ENDED):
            if record.files not in growing:
                self._spawn(self._finish(record))
        for name, quiet_s in (await asyncio.to_thread(spooled, self._spool)).items():
            await self._spooled_one(name, quiet_s)
        await self._expire()

    async def _spooled_one(self, name: str, quiet_s: float) -> None:
        rows = await self._store.read(recordings.of_files, name)
        if not rows:
            if quiet_s > ORPHAN_S and max(_size(path) for path in self._raw(name)) > 0:
                self._spawn(self._finish(_guessed(name)))
            elif quiet_s > ORPHAN_S:
                await asyncio.to_thread(self._delete_raw, name)
        elif all(map(_settled_for_good, rows)):
            await self._let_go(name)  # a crash came between the rows and this
        elif quiet_s > QUIET_WITHIN_S:
            for row in rows:
                if row.record.state is RecordingState.FAILED and not _settled_for_good(row):
                    self._spawn(self._finish(row.record))  # the disk may have room again

    async def _compare(self) -> None:
        """Every file has a row, every row a file or a reason."""
        states = await self._store.read(recordings.states)
        paths = await asyncio.to_thread(lambda: {path.stem: path for path in self._files()})
        for name in [name for name, state in states.items() if state in AUDIBLE and name not in paths]:
            await self._look_for(name)
        for name, path in paths.items():
            if name not in states and name not in self._busy:
                await self._index(name, path)
            elif states.get(name) is RecordingState.EXPIRED:
                await asyncio.to_thread(path.unlink, missing_ok=True)
        for path in await asyncio.to_thread(lambda: list(self._folder.rglob(f"*{recordings.SUFFIX}.part"))):
            if path.name.removesuffix(f"{recordings.SUFFIX}.part") not in self._busy:
                await asyncio.to_thread(path.unlink, missing_ok=True)

    def _files(self) -> Iterator[Path]:
        return self._folder.rglob(f"*{recordings.SUFFIX}")

    async def _look_for(self, name: str) -> None:
        """A row without a file: looked at once more, since rows and files change while they are compared."""
        row = await self._store.read(recordings.get, name, CENTER)
        if row and row.audible and not await asyncio.to_thread(self.path_of(row.record).exists):
            self.counts.fail("lost")
            log.error("a recording's file is gone", recording=name)
            await self._write(recordings.lose, [name])

    async def _index(self, name: str, path: Path) -> None:
        """A file whose row is gone, as after going back to an older database: it gets one."""
        if await self._store.read(recordings.get, name, CENTER):
            return
        record = _guessed(name)
        try:
            kept = await asyncio.to_thread(self._measured, record, path)
        except (OSError, Unsealable) as error:
            log.warning("a file that is no recording of ours", path=str(path), error=str(error))
            return
        log.warning("a recording without a row was indexed", recording=name)
        ended_at = record.started_at + kept.duration_s
        await self._write(recordings.finish, replace(record, ended_at=ended_at), kept)

    def _measured(self, record: RecordingRecord, path: Path) -> Kept:
        with self.open(record) as sealed:
            return Kept(
                state=RecordingState.KEPT,
                duration_s=sealed.length / (2 * RATE),
                size=path.stat().st_size,
                key=sealed.key_id,
            )

    async def _expire(self) -> None:
        for queue in await self._store.read(recordings.queues):
            days = self._days(queue)
            while days:
                old = await self._store.read(recordings.older_than, queue, self._now() - days * 86400)
                if not old:
                    break
                # The row first: a file that outlives it for a moment is deleted by the next sweep.
                await self._write(recordings.expire, [record.id for record in old], self._now())
                for record in old:
                    await asyncio.to_thread(self.path_of(record).unlink, missing_ok=True)
                self.counts.deleted += len(old)
                log.info("recordings deleted", queue=queue, count=len(old), older_than_days=days)

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a recording could not be finished", exc_info=error)


def spooled(spool: Path) -> dict[str, float]:
    """The raw recordings that lie in the spool, and for how many seconds nothing was written."""
    found: dict[str, float] = {}
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(spool):
            if raw := _RAW.fullmatch(entry.name):
                # Files bear the wall's time, not the center's.
                found[raw[1]] = time.time() - entry.stat(follow_symlinks=False).st_mtime
    return found


def _settled_for_good(row: Recording) -> bool:
    """Whether this row needs the raw files no more."""
    return row.audible or row.deleted_at is not None or row.kept.why in NOTHING


def _sides(record: RecordingRecord) -> tuple[str, ...]:
    """Who is to be heard: nobody answers a message."""
    return SIDES[:1] if record.kind is RecordingKind.MESSAGE else SIDES


def _silent(record: RecordingRecord, stereo: Stereo) -> str:
    """`agent_silent` when not one sound came from that side in a talk that was not paused all the time."""
    paused = sum((span.end_s or stereo.duration_s) - span.begin_s for span in record.silences)
    if stereo.duration_s - paused < SILENT_S:
        return ""
    skipped = round(len(stereo.peaks[0]) * CUT_S / stereo.duration_s) if record.begin_s else 0
    heard = dict(zip(SIDES, (any(side[skipped:]) for side in stereo.peaks), strict=True))
    return next((f"{side}_silent" for side in _sides(record) if not heard[side]), "")


def _settled(record: RecordingRecord, kept: Kept) -> RecordingRecord:
    """The record with pauses that end where the audio does, as after a crash in the middle of one."""
    end_s = kept.duration_s
    spans = (
        replace(span, end_s=max(span.begin_s, end_s)) if span.end_s is None else span
        for span in record.silences
    )
    return replace(record, state=RecordingState.ENDED, silences=tuple(spans))


def _named(name: str) -> bool:
    """Whether a name is one that the center gives: the interaction, and the moment in milliseconds."""
    interaction, _, moment = name.rpartition("-")
    return bool(interaction) and moment.isdecimal() and len(moment) <= 14


def _guessed(name: str) -> RecordingRecord:
    """What a name tells of its recording."""
    interaction, _, moment = name.rpartition("-")
    started_at = int(moment) / 1000 if _named(name) else time.time()
    return RecordingRecord(
        id=name,
        interaction=interaction,
        call="",
        server="",
        queue="",
        agent="",
        started_at=started_at,
        ended_at=started_at,
        state=RecordingState.ENDED,
    )


def _size(path: Path) -> int:
    try:
        return path.stat(follow_symlinks=False).st_size
    except OSError:
        return -1
