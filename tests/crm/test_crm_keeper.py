"""The keeper: a backup every day at its time, the newest kept, and every failure said."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from stores import Keeper as StoreKeeper

from contactcenter import checks
from contactcenter.crm import archives, audit, keeper
from contactcenter.crm.archives import Sources
from contactcenter.crm.errors import Refusal
from contactcenter.crm.keeper import Keeper, Wishes, due
from contactcenter.crm.store import Store
from contactcenter.sections import BackupSection

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
DAY_S = 86_400.0
THREE = datetime(2026, 11, 26, 3, tzinfo=SHANGHAI).timestamp()


class House:
    """A store, and a keeper whose clock the test moves."""

    def __init__(self, stores: StoreKeeper, store: Store, folder: Path) -> None:
        self.stores, self.store, self.folder = stores, store, folder
        self.keepers: list[Keeper] = []

    async def keeper(self, **wishes: object) -> Keeper:
        sources = Sources(
            store=self.stores.place, key=self.stores.path.with_suffix(".key"), files=self.folder / "files",
            recordings=self.folder / "recordings", recordings_key=self.folder / "recordings.key",
        )  # fmt: skip
        new = Keeper(
            self.store, sources, wishes=Wishes(**{"folder": self.folder / "backups"} | wishes),
            zone=lambda: SHANGHAI,
        )  # fmt: skip
        self.keepers.append(new)
        await new.start()
        return new

    async def told(self) -> list[tuple[str, str, dict[str, object]]]:
        """What the audit log has of backups, the oldest first."""
        await self.store.settled()
        rows = (await self.store.read(audit.page, filters={"act": "backup"})).items
        return [(row.login, row.object, row.detail) for row in reversed(rows)]


@pytest.fixture
async def house(
    file_keeper: StoreKeeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    monkeypatch.setattr(keeper, "LOOK_S", 0.01)
    file_keeper.at = THREE - 60
    house = House(file_keeper, await file_keeper.open(), tmp_path)
    try:
        yield house
    finally:
        for each in house.keepers:
            await each.stop()


async def made(one: Keeper, count: int) -> None:
    """Wait until it has tried so often."""
    async with asyncio.timeout(60):
        while one.counts.made + one.counts.failed < count or one.running:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("at", "zone", "after", "next_"),
    [
        (time(3), SHANGHAI, "2026-11-25T18:59:59Z", "2026-11-25T19:00:00Z"),
        (time(3), SHANGHAI, "2026-11-25T19:00:00Z", "2026-11-26T19:00:00Z"),
        (time(0), SHANGHAI, "2026-11-25T12:00:00Z", "2026-11-25T16:00:00Z"),
        (time(23, 59), SHANGHAI, "2026-12-31T15:58:00Z", "2026-12-31T15:59:00Z"),
        # Clocks go from 2 to 3 on 29 March, and from 3 to 2 on 25 October: once each day all the same.
        (time(2, 30), BERLIN, "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"),
        (time(2, 30), BERLIN, "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"),
        (time(2, 30), BERLIN, "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
        (time(2, 30), BERLIN, "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
    ],
)
def test_the_time_of_the_day_is_the_center_s(at: time, zone: ZoneInfo, after: str, next_: str) -> None:
    found = due(at, zone, after=datetime.fromisoformat(after).timestamp())
    assert datetime.fromtimestamp(found, UTC) == datetime.fromisoformat(next_)


async def test_every_day_at_its_time_and_so_many_are_kept(house: House) -> None:
    one = await house.keeper(keep=2)
    for day in range(3):
        house.stores.at = THREE + day * DAY_S + 1
        await made(one, day + 1)
    assert (one.counts.made, one.counts.failed, one.failure) == (3, 0, "")
    kept = archives.listed(house.folder / "backups")
    assert [each.at for each in kept] == [THREE + 2 * DAY_S + 1, THREE + DAY_S + 1]
    assert (one.counts.last_at, one.counts.last_bytes) == (kept[0].at, kept[0].bytes)
    told = await house.told()
    assert [(login, name) for login, name, _ in told][1:] == [("center", each.name) for each in kept[::-1]]
    assert told[2][2]["removed"] == [archives.name_at(THREE + 1)]
    assert told[2][2]["audit_hash"], "whoever keeps the log elsewhere has its end"


async def test_not_before_its_time_and_not_when_it_is_off(house: House) -> None:
    one, off = await house.keeper(), await house.keeper(daily=False, folder=house.folder / "off")
    house.stores.at = THREE - 1
    for _ in range(20):
        await asyncio.sleep(0)
    assert one.running is None
    house.stores.at = THREE + 1
    await made(one, 1)
    assert (off.counts.made, off.running) == (0, None)
    off.begin("boss")
    await off.done()
    assert off.counts.made == 1, "by hand it goes all the same"


async def test_what_was_missed_while_the_server_was_off_is_made_up_for(house: House) -> None:
    backups = house.folder / "backups"
    backups.mkdir()
    (backups / archives.name_at(THREE - 2 * DAY_S)).write_bytes(b"of the day before yesterday")
    one = await house.keeper()
    assert one.counts.last_at == THREE - 2 * DAY_S, "known from the folder"
    house.stores.at = THREE - 60 + keeper.CATCH_UP_S + 1
    await made(one, 1)
    # And a center that is new waits for its first night.
    fresh = await house.keeper(folder=house.folder / "new")
    house.stores.at += keeper.CATCH_UP_S + 1
    await fresh.done()
    assert fresh.running is None


async def test_a_failure_is_said_counted_and_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = house.folder / "backups"
    blocked.write_bytes(b"a file where the folder should be")
    one = await house.keeper()
    house.stores.at = THREE + 1
    await made(one, 1)
    assert (one.counts.failed, one.counts.made) == (1, 0)
    assert one.failure
    assert [(login, name, "failed" in detail) for login, name, detail in await house.told()] == [
        ("center", "", True)
    ]
    blocked.unlink()
    house.stores.at += keeper.AGAIN_S + 1
    await made(one, 2)
    assert (one.counts.made, one.failure) == (1, "")


async def test_one_at_a_time(house: House) -> None:
    one = await house.keeper(daily=False)
    assert one.begin("boss").login == "boss"
    with pytest.raises(Refusal, match="boss has one made already") as refused:
        one.begin("admin")
    assert refused.value.code == "running"
    await one.done()
    assert [login for login, _, _ in await house.told()] == ["boss"]


async def test_stopping_ends_the_one_that_is_being_made(house: House) -> None:
    one = await house.keeper(daily=False)
    one.begin("boss")
    await one.stop()
    assert one.running is None
    left = [each.name for each in (house.folder / "backups").glob("*")]
    assert left in ([], [".lock"])


def test_the_check_says_when_the_last_one_was(tmp_path: Path) -> None:
    section = BackupSection(folder=tmp_path / "backups")

    def says(*, daily: bool = True) -> tuple[bool, str]:
        found = checks._backups(section.model_copy(update={"daily": daily}), THREE)
        return found.ok, found.says

    assert says()[0]
    assert "none yet, the first comes at 03:00" in says()[1]
    section.folder.mkdir()
    (section.folder / archives.name_at(THREE - 3 * DAY_S)).write_bytes(b"")
    ok, words = says()
    assert not ok
    assert "is 3 days old" in words
    assert says(daily=False) == (True, says(daily=False)[1])
    (section.folder / archives.name_at(THREE - DAY_S)).write_bytes(b"")
    assert says()[0]
    no_folder = section.model_copy(update={"folder": section.folder / archives.name_at(THREE - DAY_S)})
    assert not checks._backups(no_folder, THREE).ok


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"at": "24:00"}, "03:00"),
        ({"at": "3"}, "03:00"),
        ({"keep": 0}, "keep"),
        ({"hourly": True}, "hourly"),
    ],
)
def test_a_wrong_section_is_said(section: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        BackupSection.model_validate(section)
