"""The shelf on a real store and real files: what becomes of each recording, and of crashes at every step."""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from contactcenter.commands import DropRecording, FinishRecording, SaveRecording
from contactcenter.crm import audit, recordings
from contactcenter.crm.access import CENTER
from contactcenter.crm.store import Store
from contactcenter.events import Event, RecordingsRestored
from contactcenter.phones import tones, ulaw
from contactcenter.recordings import shelf as shelves
from contactcenter.recordings.shelf import Shelf
from contactcenter.values import RecordingKind, RecordingRecord, RecordingState, Silence
from tests.support.committed import read_until
from tests.support.recorded import Recorded

STARTED = 1_785_000_000.0
RECORD = RecordingRecord(
    id=f"i-1-{round(STARTED * 1000)}",
    interaction="i-1",
    call="pbx-1.1",
    server="pbx",
    queue="support",
    agent="tom",
    started_at=STARTED,
    ended_at=STARTED + 3,
    length_s=3.0,
    state=RecordingState.ENDED,
)
DAY = 86400.0


@dataclass
class Keeping:
    """A shelf with its folders, store and clock."""

    folder: Path
    store: Store
    told: list[Event]
    now: float
    days: dict[str, int]

    def shelf(self) -> Shelf:
        return Shelf(
            spool=self.folder / "spool",
            folder=self.folder / "kept",
            key=self.folder / "key",
            store=self.store,
            tell=self.told.append,
            now=lambda: self.now,
            days=lambda queue: self.days.get(queue, 0),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Shelf]:
        shelf = self.shelf()
        await shelf.start()
        try:
            yield shelf
        finally:
            await shelf.stop()

    def writes(self, name: str = RECORD.id, caller: float | None = 3.0, agent: float | None = 3.0) -> None:
        """What Asterisk leaves in its spool: so many seconds of each leg, None for no file."""
        for side, frequency, seconds in (("caller", 700, caller), ("agent", 950, agent)):
            if seconds is not None:
                path = self.folder / "spool" / f"{name}-{side}.ulaw"
                path.write_bytes(ulaw.encode(tones.tone(frequency, seconds)))

    def raw(self) -> list[str]:
        return sorted(os.listdir(self.folder / "spool"))

    async def row(self, name: str = RECORD.id) -> recordings.Recording:
        found = await self.store.read(recordings.get, name, CENTER)
        assert found
        return found

    async def row_is_there(self) -> None:
        """The record is on the disk."""
        await read_until(self.store, lambda found: found is not None, recordings.get, RECORD.id, CENTER)

    async def becomes(self, *states: RecordingState, name: str = RECORD.id) -> recordings.Recording:
        """The row, once it is in one of the states."""
        found = await read_until(
            self.store, lambda row: row and row.record.state in states, recordings.get, name, CENTER
        )
        assert found
        return found


@pytest.fixture
async def keeping(tmp_path: Path, mocker: MockerFixture) -> AsyncIterator[Keeping]:
    mocker.patch.object(shelves, "QUIET_S", 0.02)
    mocker.patch.object(shelves, "QUIET_WITHIN_S", 0.5)
    (tmp_path / "spool").mkdir()
    store = await Store.open(
        tmp_path / "center.db", tell=lambda event: None, now=lambda: STARTED, journal_bytes=1 << 16
    )
    try:
        yield Keeping(tmp_path, store, [], STARTED + 10, {})
    finally:
        await store.close()


async def finished(keeping: Keeping, record: RecordingRecord = RECORD) -> recordings.Recording:
    """The row after the talk's end."""
    keeping.store.carry(SaveRecording(record=record))
    async with keeping.running() as shelf:
        shelf.carry(FinishRecording(record=record))
        done = (RecordingState.KEPT, RecordingState.PARTIAL, RecordingState.FAILED)
        return await keeping.becomes(*done, name=record.id)


async def test_a_talk_is_sealed_indexed_and_nothing_raw_remains(keeping: Keeping) -> None:
    keeping.writes()
    row = await finished(keeping)
    assert (row.record.state, row.kept.why, row.kept.duration_s) == (RecordingState.KEPT, "", 3.0)
    assert keeping.raw() == []
    path = keeping.folder / "kept" / "2026" / "07" / "25" / f"{RECORD.id}.ccrec"
    assert path.stat().st_size == row.kept.size
    with keeping.shelf().open(row.record) as sound:
        assert sound.key_id == row.kept.key
        recorded = Recorded.of(sound.read(0, sound.length))
    assert recorded.hears("caller", 700, 0, 3) == recorded.hears("agent", 950, 0, 3) == 1
    assert len(row.kept.peaks[0]) == len(row.kept.peaks[1]) == 300


MESSAGE = replace(RECORD, kind=RecordingKind.MESSAGE, agent="")


async def test_a_message_is_whole_without_anybody_on_the_other_side(keeping: Keeping) -> None:
    keeping.writes(caller=6.0, agent=None)
    row = await finished(keeping, replace(MESSAGE, length_s=6.0))
    assert (row.record.kind, row.record.state, row.kept.why) == (MESSAGE.kind, RecordingState.KEPT, "")
    assert keeping.raw() == []
    with keeping.shelf().open(row.record) as sound:
        recorded = Recorded.of(sound.read(0, sound.length))
    assert recorded.hears("caller", 700, 0, 6) == 1
    assert recorded.is_silent("agent", 0, 6)


async def test_a_message_that_is_not_there_has_its_reason(keeping: Keeping) -> None:
    keeping.writes(caller=None, agent=3.0)
    row = await finished(keeping, MESSAGE)
    assert (row.record.state, row.kept.why) == (RecordingState.FAILED, "missing")


async def test_a_message_outlives_a_crash_as_what_it_is(keeping: Keeping) -> None:
    keeping.writes(agent=None)
    keeping.store.carry(SaveRecording(record=MESSAGE))
    await keeping.row_is_there()
    async with keeping.running():
        row = await keeping.becomes(RecordingState.KEPT)
    assert row.record.kind is RecordingKind.MESSAGE


async def test_the_shelf_knows_whether_a_message_could_be_kept(keeping: Keeping) -> None:
    async with keeping.running() as shelf:
        assert await shelf.usable()
        spool = keeping.folder / "spool"
        spool.rename(keeping.folder / "away")
        assert not await shelf.usable()
        (keeping.folder / "away").rename(spool)
        (keeping.folder / "key").chmod(0o644)
        assert await shelf.usable(), "the key was read before"


@pytest.mark.parametrize(
    ("caller", "agent", "state", "why"),
    [
        (3.0, 2.5, "kept", ""),
        (3.0, 0.5, "partial", "short"),
        (0.4, 0.4, "partial", "short"),
        (3.0, None, "partial", "agent_missing"),
        (None, 3.0, "partial", "caller_missing"),
        (None, None, "failed", "missing"),
        (0.0, 0.0, "failed", "empty"),
    ],
)
async def test_a_leg_that_is_short_or_missing_is_told(
    keeping: Keeping, caller: float | None, agent: float | None, state: str, why: str
) -> None:
    keeping.writes(caller=caller, agent=agent)
    row = await finished(keeping)
    assert (row.record.state.value, row.kept.why) == (state, why)
    assert row.audible == (state != "failed")


async def test_a_side_without_one_sound_is_an_alarm_unless_it_was_paused(keeping: Keeping) -> None:
    keeping.writes(caller=8.0)
    (keeping.folder / "spool" / f"{RECORD.id}-agent.ulaw").write_bytes(b"\xff" * 64000)
    row = await finished(keeping, replace(RECORD, length_s=8.0))
    assert (row.record.state, row.kept.why) == (RecordingState.PARTIAL, "agent_silent")
    paused = replace(RECORD, id="i-2-1", length_s=8.0, silences=(Silence(begin_s=1.0),))
    for side in ("caller", "agent"):
        (keeping.folder / "spool" / f"i-2-1-{side}.ulaw").write_bytes(b"\xff" * 64000)
    keeping.store.carry(SaveRecording(record=paused))
    async with keeping.running() as shelf:
        shelf.carry(FinishRecording(record=paused))
        row = await keeping.becomes(RecordingState.KEPT, name="i-2-1")
    assert row.record.silences == (Silence(begin_s=1.0, end_s=8.0),)


@pytest.mark.parametrize("kind", ["link", "folder"])
async def test_garbage_in_the_spool_is_not_followed(keeping: Keeping, kind: str) -> None:
    (keeping.folder / "secret").write_bytes(b"secret" * 9999)
    for side in ("caller", "agent"):
        path = keeping.folder / "spool" / f"{RECORD.id}-{side}.ulaw"
        if kind == "link":
            path.symlink_to(keeping.folder / "secret")
        else:
            path.mkdir()
    row = await finished(keeping)
    assert (row.record.state, row.kept.why) == (RecordingState.FAILED, "not_a_file")


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EROFS, "read_only"),
        (errno.EACCES, "not_allowed"),
        (errno.EIO, "disk_error"),
    ],
)
async def test_a_disk_that_fails_is_told_and_tried_again(
    keeping: Keeping, mocker: MockerFixture, number: int, why: str
) -> None:
    keeping.writes()
    broken = mocker.patch.object(shelves, "seal", side_effect=OSError(number, os.strerror(number)))
    row = await finished(keeping)
    assert (row.record.state, row.kept.why) == (RecordingState.FAILED, why)
    assert len(keeping.raw()) == 2, "what could not be kept must not be lost"
    mocker.stop(broken)
    mocker.patch.object(shelves, "QUIET_WITHIN_S", -1.0)
    async with keeping.running():
        await keeping.becomes(RecordingState.KEPT)
    assert keeping.raw() == []


async def test_a_full_disk_for_real(keeping: Keeping) -> None:
    keeping.writes()
    (keeping.folder / "kept").symlink_to("/dev/full")
    row = await finished(keeping)
    assert row.record.state is RecordingState.FAILED
    assert row.kept.why


async def test_a_key_that_others_can_read_is_not_used(keeping: Keeping) -> None:
    keeping.writes()
    (keeping.folder / "key").write_text("0" * 64)
    (keeping.folder / "key").chmod(0o644)
    row = await finished(keeping)
    assert (row.record.state, row.kept.why) == (RecordingState.FAILED, "no_key")
    assert len(keeping.raw()) == 2


async def test_a_spool_that_is_not_there_is_told(keeping: Keeping) -> None:
    (keeping.folder / "spool").rmdir()
    row = await finished(keeping)
    assert (row.record.state, row.kept.why) == (RecordingState.FAILED, "no_spool")


async def test_a_recording_that_no_talk_came_of_is_deleted(keeping: Keeping) -> None:
    keeping.writes(caller=0.0, agent=0.0)
    async with keeping.running() as shelf:
        shelf.carry(DropRecording(recording=RECORD.id))
        async with asyncio.timeout(5):
            while keeping.raw():
                await asyncio.sleep(0.01)
    assert await keeping.store.read(recordings.get, RECORD.id, CENTER) is None


# --- parts of the same files ---


FIRST = replace(RECORD, ended_at=STARTED + 2, length_s=2.0, end_s=2.0)
SECOND = replace(RECORD, id=f"i-1-{round(STARTED * 1000) + 2000}", agent="pam", source=RECORD.id)
SECOND = replace(SECOND, started_at=STARTED + 1.5, begin_s=1.5, length_s=1.5)


def two_talks(keeping: Keeping, name: str = RECORD.id) -> None:
    """Two seconds with one agent and one with another, the caller with both, in the same files."""
    caller = tones.tone(700, 2.0) + tones.tone(1200, 1.0)
    agent = tones.tone(950, 1.5) + tones.tone(500, 1.5)
    for side, sound in (("caller", caller), ("agent", agent)):
        (keeping.folder / "spool" / f"{name}-{side}.ulaw").write_bytes(ulaw.encode(sound))


async def test_each_part_of_the_same_files_is_sealed_with_its_own_span_and_nothing_else(
    keeping: Keeping,
) -> None:
    two_talks(keeping)
    for record in (FIRST, SECOND):
        keeping.store.carry(SaveRecording(record=record))
    async with keeping.running() as shelf:
        shelf.carry(FinishRecording(record=FIRST))
        shelf.carry(FinishRecording(record=SECOND))
        rows = [await keeping.becomes(RecordingState.KEPT, name=each.id) for each in (FIRST, SECOND)]
    assert keeping.raw() == []
    assert [row.kept.duration_s for row in rows] == [2.0, 1.5]
    with keeping.shelf().open(rows[0].record) as sound:
        first = Recorded.of(sound.read(0, sound.length))
    with keeping.shelf().open(rows[1].record) as sound:
        second = Recorded.of(sound.read(0, sound.length))
    assert first.hears("caller", 700, 0, 2) == first.hears("agent", 950, 0, 1.5) == 1
    assert first.hears("caller", 1200, 0, 2) == 0
    assert second.hears("agent", 500, 0, 1.5) == second.hears("caller", 1200, 0.5, 1.5) == 1
    assert second.hears("agent", 950, 0, 1.5) == 0
    assert max(rows[1].kept.peaks[1]) > 0


async def test_a_voice_that_is_lost_in_a_part_is_told_though_the_cut_took_some_of_the_last_one(
    keeping: Keeping,
) -> None:
    silent = b"\xff" * round(8000 * 7.6)
    for side, sound in (("caller", tones.tone(700, 10.0)), ("agent", tones.tone(950, 2.4))):
        path = keeping.folder / "spool" / f"{RECORD.id}-{side}.ulaw"
        path.write_bytes(ulaw.encode(sound) + (silent if side == "agent" else b""))
    second = replace(SECOND, begin_s=2.0, length_s=8.0)
    for record in (FIRST, second):
        keeping.store.carry(SaveRecording(record=record))
    async with keeping.running() as shelf:
        shelf.carry(FinishRecording(record=second))
        row = await keeping.becomes(RecordingState.PARTIAL, RecordingState.KEPT, name=second.id)
    assert (row.record.state, row.kept.why) == (RecordingState.PARTIAL, "agent_silent")


async def test_a_part_that_is_over_waits_for_the_files_that_go_on(keeping: Keeping) -> None:
    two_talks(keeping)
    running = replace(SECOND, state=RecordingState.RUNNING, ended_at=None, length_s=0.0)
    for record in (FIRST, running):
        keeping.store.carry(SaveRecording(record=record))
    await keeping.store.settled()
    async with keeping.running() as shelf:
        await shelf._sweep()
        assert (await keeping.row()).record.state is RecordingState.ENDED
        assert len(keeping.raw()) == 2
        keeping.store.carry(SaveRecording(record=SECOND))
        shelf.carry(FinishRecording(record=SECOND))
        for each in (SECOND, FIRST):
            await keeping.becomes(RecordingState.KEPT, name=each.id)
    assert keeping.raw() == []


async def test_a_part_that_can_not_be_kept_keeps_the_files_for_the_next_try(
    keeping: Keeping, mocker: MockerFixture
) -> None:
    two_talks(keeping)
    for record in (FIRST, SECOND):
        keeping.store.carry(SaveRecording(record=record))
    await keeping.store.settled()
    broken = mocker.patch.object(shelves, "seal", side_effect=OSError(errno.ENOSPC, "full"))
    async with keeping.running():
        await keeping.becomes(RecordingState.FAILED, name=FIRST.id)
        await keeping.becomes(RecordingState.FAILED, name=SECOND.id)
    assert len(keeping.raw()) == 2
    mocker.stop(broken)
    mocker.patch.object(shelves, "QUIET_WITHIN_S", -1.0)
    async with keeping.running():
        for each in (FIRST, SECOND):
            await keeping.becomes(RecordingState.KEPT, name=each.id)
    assert keeping.raw() == []


# --- Asterisk writes in blocks, and closes when it likes ---


async def test_files_that_lack_their_last_block_are_waited_for(
    keeping: Keeping, mocker: MockerFixture
) -> None:
    mocker.patch.object(shelves, "QUIET_WITHIN_S", 10.0)
    keeping.writes(caller=1.0, agent=1.0)
    long = replace(RECORD, length_s=6.0)
    keeping.store.carry(SaveRecording(record=long))
    async with keeping.running() as shelf:
        shelf.carry(FinishRecording(record=long))
        for _ in range(20):  # looks at the files, in which nothing grows
            await asyncio.sleep(shelves.QUIET_S)
        keeping.writes(caller=6.0, agent=6.0)
        row = await keeping.becomes(RecordingState.KEPT, RecordingState.PARTIAL)
    assert (row.kept.why, row.kept.duration_s) == ("", 6.0)


async def test_what_can_never_be_kept_is_told_once_and_does_not_lie_about(
    keeping: Keeping, mocker: MockerFixture
) -> None:
    keeping.writes(caller=0.0, agent=0.0)
    row = await finished(keeping)
    assert (row.record.state, row.kept.why) == (RecordingState.FAILED, "empty")
    mocker.patch.object(shelves, "QUIET_WITHIN_S", -1.0)
    async with keeping.running() as shelf:
        await shelf._sweep()
        async with asyncio.timeout(5):
            while keeping.raw():
                await asyncio.sleep(0.01)
    assert shelf.counts.failed == {}


# --- the end of this process ---


async def test_what_is_being_picked_up_is_sealed_before_the_end(
    keeping: Keeping, mocker: MockerFixture
) -> None:
    mocker.patch.object(shelves, "QUIET_S", 0.3)
    keeping.writes()
    keeping.store.carry(SaveRecording(record=RECORD))
    async with keeping.running() as shelf:
        shelf.carry(FinishRecording(record=RECORD))
    assert (await keeping.row()).record.state is RecordingState.KEPT
    assert keeping.raw() == []


async def test_talks_that_end_with_asterisk_are_sealed_before_the_end(keeping: Keeping) -> None:
    two_talks(keeping)
    running = replace(SECOND, state=RecordingState.RUNNING, ended_at=None, length_s=0.0)
    for record in (FIRST, running):
        keeping.store.carry(SaveRecording(record=record))
    await keeping.store.settled()
    shelf = keeping.shelf()
    await shelf.start()
    await shelf.stop(complete=True)
    rows = [await keeping.row(each.id) for each in (FIRST, SECOND)]
    assert [(row.record.state, row.kept.duration_s) for row in rows] == [("kept", 2.0), ("kept", 1.5)]
    assert keeping.raw() == []


async def test_an_end_waits_for_no_disk_that_hangs(keeping: Keeping, mocker: MockerFixture) -> None:
    mocker.patch.object(shelves, "STOP_WITHIN_S", 0.1)
    mocker.patch.object(shelves, "QUIET_S", 30.0)
    keeping.writes()
    keeping.store.carry(SaveRecording(record=RECORD))
    async with asyncio.timeout(5):
        async with keeping.running() as shelf:
            shelf.carry(FinishRecording(record=RECORD))
    assert len(keeping.raw()) == 2


# --- crashes ---


async def test_what_runs_is_told_to_the_center_and_left_alone(keeping: Keeping) -> None:
    keeping.writes()
    running = replace(RECORD, state=RecordingState.RUNNING, ended_at=None, length_s=0.0)
    keeping.store.carry(SaveRecording(record=running))
    await keeping.store.settled()
    async with keeping.running():
        assert keeping.told == [RecordingsRestored(at=keeping.now, records=(running,))]
    assert len(keeping.raw()) == 2


async def test_a_crash_before_the_pick_up(keeping: Keeping) -> None:
    keeping.writes()
    keeping.store.carry(SaveRecording(record=RECORD))
    await keeping.store.settled()
    async with keeping.running():
        await keeping.becomes(RecordingState.KEPT)


async def test_a_crash_between_the_row_and_the_raw_files(keeping: Keeping) -> None:
    keeping.writes()
    await finished(keeping)
    keeping.writes()
    async with keeping.running(), asyncio.timeout(5):
        while keeping.raw():
            await asyncio.sleep(0.01)


async def test_a_crash_before_any_row(keeping: Keeping) -> None:
    keeping.writes()
    long_ago = time.time() - shelves.ORPHAN_S - 60
    for name in keeping.raw():
        os.utime(keeping.folder / "spool" / name, (long_ago, long_ago))
    async with keeping.running():
        row = await keeping.becomes(RecordingState.KEPT)
    assert (row.record.interaction, row.record.started_at) == ("i-1", STARTED)


async def test_young_files_without_a_row_belong_to_a_talk(keeping: Keeping) -> None:
    keeping.writes()
    async with keeping.running() as shelf:
        await shelf._sweep()
    assert len(keeping.raw()) == 2


# --- every file has a row, every row a file or a reason (I12) ---


async def test_a_file_that_is_gone_and_a_row_that_is_gone_are_found(keeping: Keeping) -> None:
    keeping.writes()
    row = await finished(keeping)
    path = keeping.shelf().path_of(row.record)
    away = path.rename(keeping.folder / "away")
    async with keeping.running() as shelf:
        row = await keeping.becomes(RecordingState.FAILED)
        assert row.kept.why == "lost"
        assert shelf.counts.failed == {"lost": 1}
    name = f"i-9-{round(STARTED * 1000)}"
    keeping.writes(name)
    await finished(keeping, replace(RECORD, id=name, interaction="i-9"))
    await keeping.store.write(lambda db: db.execute(recordings.recordings.delete()))
    async with keeping.running():
        row = await keeping.becomes(RecordingState.KEPT, name=name)
    assert (row.record.interaction, row.kept.duration_s) == ("i-9", pytest.approx(3.0, abs=0.01))
    assert away.exists()


# --- retention ---


async def test_nothing_is_deleted_before_its_time_and_everything_after(keeping: Keeping) -> None:
    keeping.writes()
    row = await finished(keeping)
    path = keeping.shelf().path_of(row.record)
    keeping.days = {"support": 30}
    keeping.now = STARTED + 3 + 30 * DAY - 1
    async with keeping.running() as shelf:
        await shelf._expire()
    assert path.exists()
    keeping.now += 2
    async with keeping.running() as shelf:
        row = await keeping.becomes(RecordingState.EXPIRED)
        async with asyncio.timeout(5):
            while not shelf.counts.deleted:
                await asyncio.sleep(0.01)
    assert not path.exists()
    assert row.deleted_at == keeping.now
    page = await keeping.store.read(audit.page, filters={"kind": "recording"})
    assert [(entry.login, entry.act, entry.object) for entry in page.items] == [
        ("center", "delete", RECORD.id)
    ]


async def test_each_queue_has_its_own_time_and_none_means_for_ever(keeping: Keeping) -> None:
    keeping.writes()
    keeping.days = {"sales": 1}
    row = await finished(keeping)
    keeping.now = STARTED + 9999 * DAY
    async with keeping.running() as shelf:
        await shelf._expire()
    assert keeping.shelf().path_of(row.record).exists()


@pytest.mark.parametrize("name", ["../x", "$(touch x)", "a b", "", "x\n", "ü", "x" * 200])
def test_only_names_that_we_gave_are_looked_at(name: str) -> None:
    assert shelves._RAW.fullmatch(f"{RECORD.id}-caller.ulaw")
    assert not shelves._RAW.fullmatch(f"{name}-caller.ulaw")
