"""The store's bad times: killed, locked out, disk full. Nothing acknowledged is lost, nothing is doubled."""

import asyncio
import contextlib
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, OperationalError
from stores import JOURNAL, Keeper, degraded, recovered, save, until

from contactcenter.commands import FindCustomer
from contactcenter.crm import customers, interactions, matching, writer
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.errors import Refusal, StoreUnavailable
from contactcenter.crm.place import Server
from contactcenter.crm.store import Store
from contactcenter.events import CustomerFound
from contactcenter.values import MatchMethod

_CHILD = """
import asyncio, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from stores import save
from contactcenter.crm.place import Server
from contactcenter.crm.store import Store

async def main():
    place = Path(sys.argv[1])
    if url := sys.argv[3]:
        place = Server(url=url, beside=place)
    store = await Store.open(place, tell=lambda event: None, now=time.time)
    for n in range(1_000_000):
        store.carry(save(f"i{n}", said=("arrived",)))
        store.carry(save(f"i{n}", said=("ended",), final=True))
        if n % 5 == 0:
            await store.settled()
            print(n, flush=True)

asyncio.run(main())
"""


@contextmanager
def disk_full() -> Iterator[Callable[[], None]]:
    """No file may be written beyond the journal's size, until the given function is called."""
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (JOURNAL, was[1]))
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, was)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes: an empty database takes one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("may not mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("after", [1, 9])
async def test_killed_it_keeps_every_acknowledged_row(keeper: Keeper, after: int) -> None:
    repository = Path(__file__).parents[2]
    url = keeper.place.url if isinstance(keeper.place, Server) else ""
    child = subprocess.Popen(  # noqa: ASYNC220 - its lines are read in a thread
        [sys.executable, "-c", _CHILD, str(keeper.path), str(Path(__file__).parent), url],
        stdout=subprocess.PIPE, text=True, cwd=repository, env=os.environ | {"PYTHONPATH": str(repository)},
    )  # fmt: skip
    assert child.stdout is not None
    try:
        acknowledged = 0
        for _ in range(after):
            acknowledged = int(await asyncio.to_thread(child.stdout.readline))
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    await keeper.open()
    finals = {id_ for (id_,) in keeper.rows("SELECT id FROM interactions WHERE final")}
    assert {f"i{n}" for n in range(acknowledged + 1)} <= finals
    lines = keeper.rows("SELECT interaction_id, count(*) FROM timeline GROUP BY 1")
    assert all(count == 2 for id_, count in lines if id_ in finals)
    assert sound(keeper)


async def test_locked_out_it_takes_records_and_writes_them_later(keeper: Keeper) -> None:
    store = await keeper.open()
    customer = await store.write(
        customers.create, NewCustomer(name="王伟", phones=("13900000001",)), at=keeper.at
    )
    await keeper.restored()
    with keeper.locked() as release:
        store.carry(save("i1", said=("arrived",)))
        await degraded(store)
        assert {"sqlite": "locked", "postgresql": "read-only"}[keeper.engine] in str(store.health()["error"])
        store.carry(save("i1", said=("ended",), final=True))
        # Reading goes on: the caller's record pops as ever.
        store.carry(FindCustomer(call="call1", number="139 0000 0001"))
        found = await asyncio.wait_for(keeper.told.get(), 2)
        assert isinstance(found, CustomerFound)
        assert [card.id for card in found.customers] == [customer.id]
        assert keeper.rows("SELECT count(*) FROM interactions") == [(0,)]
        release()
        await recovered(store)
    assert keeper.rows("SELECT kind FROM timeline ORDER BY seq") == [("arrived",), ("ended",)]
    assert keeper.rows("SELECT final FROM interactions") == [(1,)]


async def test_what_waited_in_a_bad_time_survives_the_end_of_the_process(keeper: Keeper) -> None:
    store = await keeper.open()
    with keeper.locked():
        for n in range(300):
            store.carry(save(f"i{n}", said=("arrived", "ended"), final=True))
        await degraded(store)
        await store.close(0.2)  # in vain: it stays locked
    store = await keeper.open()
    assert keeper.rows("SELECT count(*) FROM interactions WHERE final") == [(300,)]
    assert keeper.rows("SELECT count(*) FROM timeline") == [(600,)]
    await keeper.close()
    await keeper.open()
    assert keeper.rows("SELECT count(*) FROM timeline") == [(600,)]


async def test_locked_at_the_start_it_says_so(file_keeper: Keeper) -> None:
    await file_keeper.open()
    await file_keeper.close()
    with file_keeper.locked(), pytest.raises(StoreUnavailable, match="locked"):
        await file_keeper.open()
    await file_keeper.open()


async def test_killed_while_locked_out_the_journal_has_it(keeper: Keeper) -> None:
    store = await keeper.open()
    with keeper.locked():
        store.carry(save("i1", said=("arrived",)))
        await degraded(store)
        store.carry(save("i2", said=("arrived",)))
        await until(lambda: b'"i2"' in keeper.journal())
        # As after a kill: the journal as it stands now, and a database that never heard of it.
        kept = keeper.journal()
        await store.close(0.2)
    keeper.path.with_suffix(".journal").write_bytes(kept)
    await keeper.open()
    assert keeper.rows("SELECT id FROM interactions ORDER BY 1") == [("i1",), ("i2",)]


async def test_a_journal_that_was_written_back_already_is_not_written_twice(keeper: Keeper) -> None:
    store = await keeper.open()
    with keeper.locked() as release:
        store.carry(save("i1", said=("arrived",)))
        await degraded(store)
        await until(lambda: b'"i1"' in keeper.journal())
        kept = keeper.journal()
        release()
        await recovered(store)
    await keeper.close()
    # As after a kill between the commit and the emptying of the journal.
    keeper.path.with_suffix(".journal").write_bytes(kept)
    await keeper.open()
    assert keeper.rows("SELECT kind FROM timeline") == [("arrived",)]


async def test_a_page_s_write_gives_up_and_is_not_done_later(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE_S", 1.0)
    store = await keeper.open()
    with keeper.locked() as release:
        new = NewCustomer(name="nobody")
        writing = asyncio.create_task(store.write(customers.create, new, at=keeper.at))
        await degraded(store)
        with pytest.raises(StoreUnavailable):
            await writing
        assert store.health()["degraded"]  # still so, though nobody waits any more
        release()
        await recovered(store)
    assert keeper.rows("SELECT count(*) FROM customers") == [(0,)]


async def test_disk_full_it_spills_and_recovers_without_restart(small_disk: Path) -> None:
    keeper = Keeper(small_disk / "center.db")
    try:
        store = await keeper.open()
        filler = small_disk / "filler"
        fill(filler)
        await spill_and_recover(keeper, store, filler.unlink)
    finally:
        await keeper.close()


async def test_files_that_may_not_grow_it_spills_and_recovers(file_keeper: Keeper) -> None:
    store = await file_keeper.open()
    with disk_full() as relieve:
        await spill_and_recover(file_keeper, store, relieve)


def sound(keeper: Keeper) -> bool:
    """Whether the file is whole; a server sees to that itself."""
    return keeper.engine != "sqlite" or keeper.rows("PRAGMA integrity_check") == [("ok",)]


def fill(path: Path) -> None:
    """Write until the disk takes no more."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


async def spill_and_recover(keeper: Keeper, store: Store, relieve: Callable[[], None]) -> None:
    sent = 0
    while not store.health()["degraded"]:  # until what SQLite has at hand is used up
        store.carry(save(f"i{sent}", said=("arrived", "ended"), note="n" * 500, final=True))
        sent += 1
        # One by one: what waits must find room in the journal.
        await until(lambda: store.health()["degraded"] or not store.health()["waiting"])
    store.carry(save("last", final=True))
    await until(lambda: b'"last"' in keeper.journal())
    assert store.health()["unsaved"] is False  # the pre-allocated file took it
    relieve()
    await recovered(store)
    assert keeper.rows("SELECT count(*) FROM interactions WHERE final") == [(sent + 1,)]
    assert keeper.rows("SELECT count(*) FROM timeline") == [(2 * sent,)]
    assert sound(keeper)


async def test_a_journal_that_can_t_grow_is_said_and_nothing_is_lost(file_keeper: Keeper) -> None:
    store = await file_keeper.open(journal_bytes=1000)
    with disk_full() as relieve:
        for n in range(300):
            store.carry(save(f"i{n}", note="n" * 1500, final=True))
        await until(lambda: bool(store.health()["unsaved"]))
        relieve()
        await recovered(store)
    assert store.health()["unsaved"] is False
    assert file_keeper.rows("SELECT count(*) FROM interactions") == [(300,)]


@pytest.mark.parametrize("failures", [1, 2, 3])
async def test_an_unclear_commit_is_not_done_twice(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    """The commit reaches the disk, but its answer doesn't reach us: a cut link, a failing fsync."""
    store = await keeper.open()
    dialect = store._writing.sync_engine.dialect
    real = dialect.do_commit
    left = failures

    def commit(connection: object) -> None:
        nonlocal left
        real(connection)
        if left:
            left -= 1
            raise dialect.dbapi.OperationalError("disk I/O error")

    monkeypatch.setattr(dialect, "do_commit", commit)
    store.carry(save(said=("arrived",)))
    made = await store.write(customers.create, NewCustomer(name="once"), at=keeper.at)
    await store.settled()
    assert left == 0 or failures > 1
    assert made.name == "once"
    assert keeper.rows("SELECT count(*) FROM customers") == [(1,)]
    assert keeper.rows("SELECT kind FROM timeline") == [("arrived",)]


async def test_a_failed_transaction_is_retried_on_a_new_connection(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await keeper.open()
    before = await store.write(customers.create, NewCustomer(name="one"), at=keeper.at)
    real, tries = interactions.write, []

    def write(db: object, commands: object) -> int:
        tries.append(db.connection.dbapi_connection)  # type: ignore[attr-defined]
        if len(tries) == 1:
            raise OperationalError("", {}, sqlite3.OperationalError("disk I/O error"))
        return real(db, commands)  # type: ignore[arg-type]

    monkeypatch.setattr(interactions, "write", write)
    store.carry(save(final=True))
    await store.settled()
    assert tries[0] is not tries[1]
    assert keeper.rows("SELECT count(*) FROM interactions") == [(1,)]
    assert before.name == "one"


async def test_bad_times_leave_no_threads_behind(keeper: Keeper) -> None:
    store = await keeper.open()
    with keeper.locked() as release:
        store.carry(save())
        await degraded(store)
        threads = threading.active_count()
        for n in range(5):
            store.carry(save(f"more{n}"))
            await asyncio.sleep(0.1)
        assert threading.active_count() <= threads + 2
        release()
        await recovered(store)
    await store.settled()


async def test_one_refused_write_does_not_hurt_its_neighbours(keeper: Keeper) -> None:
    store = await keeper.open()
    good, bad, broken = await asyncio.gather(
        store.write(customers.create, NewCustomer(name="good", number="1"), at=keeper.at),
        store.write(customers.create, NewCustomer(name="", number="2"), at=keeper.at),
        store.write(lambda db: db.execute(text("INSERT INTO customers (id) VALUES ('x')"))),
        return_exceptions=True,
    )
    assert isinstance(bad, Refusal)
    assert bad.field == "name"
    assert isinstance(broken, IntegrityError)
    assert keeper.rows("SELECT id FROM customers") == [(good.id,)]  # type: ignore[union-attr]


async def test_many_refused_writes_do_not_have_their_neighbours_done_again(keeper: Keeper) -> None:
    store = await keeper.open()
    runs: list[int] = []

    def good(db: Connection, n: int) -> int:
        runs.append(n)
        db.execute(text(f"INSERT INTO settings (name, value) VALUES ('good{n}', 'x')"))
        return n

    def refused(db: Connection, n: int) -> None:
        db.execute(text(f"INSERT INTO settings (name, value) VALUES ('bad{n}', 'x')"))
        raise Refusal("no")

    def broken(db: Connection) -> None:
        db.execute(text("INSERT INTO customers (id) VALUES ('x')"))

    for _ in range(2):  # each time one batch: all come in the same turn of the loop
        runs.clear()
        writes = [store.write(good, 1), *(store.write(refused, n) for n in range(30)), store.write(broken)]
        first, *bad, wrong, last = await asyncio.gather(*writes, store.write(good, 2), return_exceptions=True)
        assert (first, last) == (1, 2)
        assert all(isinstance(error, Refusal) for error in bad)
        assert isinstance(wrong, IntegrityError)
        assert keeper.rows("SELECT name FROM settings WHERE name LIKE 'bad%'") == []
        assert keeper.rows("SELECT name FROM settings WHERE name LIKE 'good%' ORDER BY 1") == [
            ("good1",), ("good2",),
        ]  # fmt: skip
        assert runs in ([1, 1, 2], [1, 2])
        keeper.rows("DELETE FROM settings WHERE name LIKE 'good%'")
    assert runs == [1, 2], "once something was refused, nothing is done twice"


async def test_a_record_that_can_t_be_written_does_not_stop_the_others(keeper: Keeper) -> None:
    store = await keeper.open()
    store.carry(save("i1", final=True))
    store.carry(save("bad", arrived_at=None))
    store.carry(save("i2", final=True))
    await store.settled()
    assert keeper.rows("SELECT id FROM interactions ORDER BY 1") == [("i1",), ("i2",)]
    assert store.health()["rejected"] == 1


async def test_beyond_its_capacity_it_counts_what_it_loses(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await keeper.open()
    monkeypatch.setattr(writer, "CAPACITY", 3)
    for n in range(5):
        store.carry(save(f"i{n}"))
    assert store.health()["lost"] == 2
    await recovered(store)
    assert keeper.rows("SELECT count(*) FROM interactions") == [(3,)]


async def test_who_can_t_be_found_is_answered_too(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await keeper.open()
    await keeper.restored()

    async def told() -> CustomerFound:
        event = await asyncio.wait_for(keeper.told.get(), 5)
        assert isinstance(event, CustomerFound)
        return event

    for number in ("anonymous", "", "1" * 500, "\0", "13900000009"):
        store.carry(FindCustomer(call=number, number=number))
        event = await told()
        assert (event.call, event.method, event.customers) == (number, MatchMethod.NONE, ())

    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(matching, "by_phone", broken)
        store.carry(FindCustomer(call="c", number="13900000009"))
        assert (await told()).method is MatchMethod.NONE
    # All readers are busy for longer than anybody may wait.
    monkeypatch.setattr("contactcenter.crm.store.FIND_S", 0.05)
    release = asyncio.Event()
    held = [store._reading.connect() for _ in range(3)]
    for connection in held:
        await connection.start()
    store.carry(FindCustomer(call="late", number="13900000009"))
    assert (await told()).call == "late"
    release.set()
    for connection in held:
        await connection.close()
