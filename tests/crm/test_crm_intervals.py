"""Interval rows: written once however often, told again after a restart."""

import pytest
from stores import Keeper, recovered, save, until

from contactcenter.commands import Command, SaveInteraction, SaveIntervals
from contactcenter.crm import intervals, writer
from contactcenter.crm.errors import Refusal
from contactcenter.crm.store import Store
from contactcenter.events import Event
from contactcenter.figures import KINDS
from contactcenter.values import IntervalRow
from tests.core.world import NOON, World

HOUR = 3600


class Writing(World):
    """A world whose center has a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        super().__init__()

    def tell(self, event: Event) -> list[Command]:
        commands = super().tell(event)
        for command in commands:
            if isinstance(command, SaveInteraction | SaveIntervals):
                self.store.carry(command)
        return commands


def row(
    start: int = 0, kind: str = "queue", name: str = "support", at: float = 1.0, **counts: int
) -> IntervalRow:
    return IntervalRow(start=start, kind=kind, name=name, counts=counts, saved_at=at)


async def test_a_row_is_there_once_in_its_latest_state(keeper: Keeper) -> None:
    store = await keeper.open()
    for each in (row(at=1, offered=1), row(at=3, offered=3), row(at=2, offered=2), row(at=3, offered=3)):
        await store.write(intervals.save, (each,))
    await store.write(intervals.save, (row(at=4, offered=4), row(name="sales", at=4, offered=9)))
    found = (await store.read(intervals.page)).items
    counts = {each.name: each.counts for each in found}
    assert counts == {"sales": {"offered": 9}, "support": {"offered": 4}}


async def test_pages_and_filters(keeper: Keeper) -> None:
    store = await keeper.open()
    names = (("queue", "support"), ("agent", "tom"))
    rows = [row(900 * n, kind, name) for n in range(4) for kind, name in names]
    await store.write(intervals.save, rows)
    seen, cursor = [], ""
    while True:
        page = await store.read(intervals.page, names={("queue", "support")}, cursor=cursor, limit=3)
        seen += [(each.start, each.name) for each in page.items]
        if not (cursor := page.next):
            break
    assert seen == [(0, "support"), (900, "support"), (1800, "support"), (2700, "support")]
    page = await store.read(intervals.page, since=900.0, until=1800.0, kind="agent")
    assert [(each.start, each.kind) for each in page.items] == [(900, "agent")]
    assert not (await store.read(intervals.page, names=())).items
    with pytest.raises(Refusal):
        await store.read(intervals.page, cursor="nonsense")


async def test_what_a_text_holds_is_no_matter_of_the_database(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(intervals.save, (row(name="a\0'; DROP TABLE intervals; --", **{"pause.\ud800": 5}),))
    assert len((await store.read(intervals.page)).items) == 1


async def test_the_database_was_away_and_nothing_is_lost(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE_S", 0.3)
    store = await keeper.open()
    with keeper.locked() as release:
        store.carry(save("i1"))
        store.carry(SaveIntervals(rows=(row(at=1, offered=1), row(900, at=1, offered=7))))
        await until(lambda: bool(store._rows))  # nobody took them in time: they wait for the next minute's
        release()
        await recovered(store)
    store.carry(SaveIntervals(rows=(row(at=2, offered=2),)))
    await store.settled()
    found = {each.start: each.counts["offered"] for each in (await store.read(intervals.page)).items}
    assert found == {0: 2, 900: 7}


async def test_the_store_tells_what_it_was_told(keeper: Keeper) -> None:
    """A day of a center with a crash: the store knows what the tests' own ledger knows."""
    keeper.at = NOON
    store = await keeper.open()
    await keeper.restored()
    world = Writing(store)
    world.talks("old").wait(30)
    world.agent_ends("old").caller_ends("old").disposes("tom", "old")
    world.wait(2 * HOUR)
    world.talks("ann").agent_ends("ann")
    world.waits("bob")
    await store.settled()
    await store.close()
    keeper.at = world.now
    await keeper.open()
    told, expected = await keeper.figures(), world.ledger.figures_restored(world.now)
    assert told.counted_from == expected.counted_from
    assert {each.id: (each.final, each.entries) for each in told.entries} == {
        each.id: (each.final, each.entries) for each in expected.entries
    }
    assert {each.id for each in told.entries} == {"i-ann", "i-bob"}, "the old one is in its rows"
    assert {entry.kind for each in told.entries for entry in each.entries} <= KINDS
    rows = [{(each.start, each.kind, each.name): each for each in of.rows} for of in (told, expected)]
    assert rows[0] == rows[1]
    assert rows[0]


async def test_a_new_database_has_nothing_to_tell(keeper: Keeper) -> None:
    await keeper.open()
    told = await keeper.figures()
    assert (told.rows, told.entries, told.counted_from) == ((), (), 1_000_000 // 900 * 900 - 1800)
