"""What only a server does: it goes away in the middle of things, is set up wrongly, is somebody else's."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from stores import JOURNAL, Keeper, cut_off, degraded, recovered, save, until

from contactcenter.commands import SaveAudit
from contactcenter.crm import audit, customers, engines, postgresql, writer
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.errors import StoreRefused, StoreUnavailable
from contactcenter.crm.place import Server
from contactcenter.crm.store import Store
from contactcenter.values import AuditEntry
from tests.support.postgresql import USER, Cluster, cluster


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[tuple[Cluster, Keeper]]:
    """A server of the test's own, which it may kill."""
    server = await asyncio.to_thread(Cluster)
    keeper = Keeper(tmp_path / "center.db", engine="postgresql", server=server)
    try:
        yield server, keeper
    finally:
        await keeper.close()
        await asyncio.to_thread(server.close)


@contextmanager
def second(keeper: Keeper, tmp_path: Path) -> Iterator[Keeper]:
    """Another center, of another machine, with the same database."""
    other = Keeper(tmp_path / "other.db", fresh=False)
    assert isinstance(keeper.place, Server)
    other.place = replace(keeper.place, beside=other.path)
    yield other


async def write_on(store: Store, stop: asyncio.Event) -> list[str]:
    """Carry and write until it is stopped, or the store closed; answers the customers whose creation was
    acknowledged."""
    acknowledged, n = [], 0
    while not stop.is_set() and not store._closed:
        store.carry(save(f"i{n}", said=("arrived",)))
        store.carry(save(f"i{n}", said=("ended",), final=True))
        store.carry(SaveAudit(entry=AuditEntry(at=1.0, login="boss", act="a", kind="k", object=f"i{n}")))
        with contextlib.suppress(StoreUnavailable):
            made = await store.write(customers.create, NewCustomer(name=f"c{n}"), at=1.0)
            acknowledged.append(made.name)
        n += 1
    await recovered(store)
    return acknowledged


async def each_thing_once(store: Store, keeper: Keeper, acknowledged: list[str]) -> None:
    """All that was carried is there once, and so is all that was acknowledged."""
    names = [name for (name,) in keeper.rows("SELECT name FROM customers")]
    assert len(names) == len(set(names))
    assert set(acknowledged) <= set(names)
    count = len((await store.read(lambda db: db.execute(text("SELECT 1 FROM interactions")))).all())
    assert count >= len(acknowledged) > 0
    assert keeper.rows("SELECT count(*) FROM interactions WHERE NOT final") == [(0,)]
    per = keeper.rows("SELECT count(*), array_agg(kind ORDER BY seq) FROM timeline GROUP BY interaction_id")
    assert {(n, tuple(kinds)) for n, kinds in per} == {(2, ("arrived", "ended"))}
    assert len(per) == count
    assert keeper.rows("SELECT count(*), count(DISTINCT object) FROM audit WHERE act = 'a'") == [
        (count, count)
    ]
    assert await store.read(audit.broken) is None
    assert store.health()["rejected"] == store.health()["lost"] == store.health()["second_finals"] == 0


# --- away ---


async def test_cut_off_again_and_again_it_does_each_thing_once(server_keeper: Keeper) -> None:
    store = await server_keeper.open()
    stop = asyncio.Event()
    writing = asyncio.create_task(write_on(store, stop))
    cuts = 0
    while cuts < 25:
        cuts += await asyncio.to_thread(cut_off, server_keeper.database)
    stop.set()
    await each_thing_once(store, server_keeper, await asyncio.wait_for(writing, 30))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
async def test_the_whole_server_goes_and_comes_back(own: tuple[Cluster, Keeper], how: signal.Signals) -> None:
    server, keeper = own
    store = await keeper.open()
    stop = asyncio.Event()
    writing = asyncio.create_task(write_on(store, stop))
    for _ in range(2):
        await asyncio.to_thread(server.stop, how)
        await until(lambda: "can't be reached" in str(store.health()["error"]))
        with pytest.raises(StoreUnavailable):
            await store.read(audit.last)
        await asyncio.to_thread(server.start)
        await until(lambda: not store.health()["degraded"])
        await store.read(audit.last)  # the old connections of the readers are not in the way
    stop.set()
    await each_thing_once(store, keeper, await asyncio.wait_for(writing, 30))


async def test_what_waits_for_a_server_survives_the_end_of_the_process(own: tuple[Cluster, Keeper]) -> None:
    server, keeper = own
    store = await keeper.open()
    await asyncio.to_thread(server.stop, signal.SIGQUIT)
    for n in range(300):
        store.carry(save(f"i{n}", said=("arrived", "ended"), final=True))
    await degraded(store)
    await store.close(0.2)
    with pytest.raises(StoreUnavailable, match=r"can't be reached .*start PostgreSQL"):
        await keeper.open()
    await asyncio.to_thread(server.start)
    await keeper.open()
    assert keeper.rows("SELECT count(*) FROM timeline") == [(600,)]


async def test_a_server_that_says_nothing_does_not_keep_records_in_memory_only(
    own: tuple[Cluster, Keeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped, not dead: its sockets are open, and no answer comes."""
    monkeypatch.setattr(writer, "PATIENCE_S", 1.5)
    _, keeper = own
    store = await keeper.open()
    (pid,) = keeper.rows(
        "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'contactcenter writes%'"
    )[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        store.carry(save("i1", said=("arrived",), final=True))
        await until(lambda: b'"i1"' in keeper.journal())
        await degraded(store)
        assert "no answer" in str(store.health()["error"])
        with pytest.raises(StoreUnavailable):
            await store.write(customers.create, NewCustomer(name="x"), at=1.0)
    finally:
        os.kill(pid, signal.SIGCONT)
    await recovered(store)
    assert keeper.rows("SELECT kind FROM timeline") == [("arrived",)]
    assert keeper.rows("SELECT count(*) FROM customers") == [(0,)]


class Cable:
    """A link to the server's socket that can be cut so that neither end hears of it."""

    def __init__(self, folder: Path, server: Cluster) -> None:
        self.folder = folder
        self._to = server.folder / ".s.PGSQL.5432"
        self._dead: list[set[str]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "Cable":
        self._server = await asyncio.start_unix_server(self._plug, self.folder / ".s.PGSQL.5432")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for each in self._writers:
            each.close()

    def cut(self, *ways: str) -> None:
        """Nothing passes any more `forth` (or `back`) through what is connected now."""
        for each in self._dead:
            each.update(ways)

    async def _plug(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        there, forth = await asyncio.open_unix_connection(self._to)
        dead: set[str] = set()
        self._dead.append(dead)
        self._writers += [back, forth]

        async def pass_on(way: str, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                if way not in dead:
                    to.write(data)
            if way not in dead:
                to.close()

        await asyncio.gather(
            pass_on("forth", reader, forth), pass_on("back", there, back), return_exceptions=True
        )


@pytest.mark.parametrize("ways", [("forth", "back"), ("back",)])
async def test_an_old_connection_that_the_server_did_not_miss_is_ended(
    server_keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ways: tuple[str, ...]
) -> None:
    """The link is cut in the middle of a commit, and the server holds on to the lock for who is away."""
    monkeypatch.setattr(postgresql, "_ANSWER_S", 0.7)
    place = server_keeper.place
    assert isinstance(place, Server)
    async with Cable(tmp_path, cluster()) as cable:
        server_keeper.place = replace(
            place, url=f"postgresql://{USER}@/{server_keeper.database}?host={tmp_path}"
        )
        store = await server_keeper.open()
        real = store._writing.sync_engine.dialect.do_commit
        left = [True]

        def commit(connection: Any) -> None:
            if left:
                left.clear()
                cable.cut(*ways)
            real(connection)

        monkeypatch.setattr(store._writing.sync_engine.dialect, "do_commit", commit)
        store.carry(save("i1", said=("arrived",)))
        await until(lambda: not left)
        await recovered(store)
        assert server_keeper.rows("SELECT kind FROM timeline") == [("arrived",)]
        holders = server_keeper.rows("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        assert holders == [(1,)]
        await server_keeper.close()
    server_keeper.place = place


# --- two centers ---


async def test_a_second_center_is_told_of_the_first(
    server_keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_LOCK_S", 0.2)
    await server_keeper.open()
    with second(server_keeper, tmp_path) as other:
        with pytest.raises(
            StoreRefused, match=r"in use by another contactcenter \(contactcenter writes .*since"
        ):
            await other.open()
        await server_keeper.close()
        await other.open()
        await other.close()


async def test_who_lost_the_lock_keeps_its_records_until_the_other_ends(
    server_keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_LOCK_S", 0.2)
    store = await server_keeper.open()
    store.carry(save("i1", said=("arrived",)))
    await store.settled()

    async def broken(*_: object) -> None:
        raise StoreUnavailable("the network is gone")

    with second(server_keeper, tmp_path) as other:
        with monkeypatch.context() as patched:
            patched.setattr(store._database, "_connect", broken)
            await asyncio.to_thread(cut_off, server_keeper.database)
            store.carry(save("i1", said=("talked",)))
            await degraded(store)
            theirs = await other.open()
        await until(lambda: "in use by another" in str(store.health()["error"]))
        for n in range(50):  # their numbers run past ours
            await theirs.write(customers.create, NewCustomer(name=f"c{n}"), at=1.0)
        store.carry(save("i1", said=("ended",), final=True))
        await until(lambda: b'"ended"' in server_keeper.journal())
        assert server_keeper.rows("SELECT kind FROM timeline") == [("arrived",)]
        await other.close()
        await recovered(store)
    kinds = server_keeper.rows("SELECT kind FROM timeline ORDER BY seq")
    assert kinds == [("arrived",), ("talked",), ("ended",)]


# --- wrongly set up ---


@pytest.fixture
def base() -> Iterator[Callable[..., str]]:
    """Makes databases with these options, and removes them."""
    made = []

    def create(options: str = "") -> str:
        made.append(cluster().create(options=options))
        return made[-1]

    yield create
    for each in made:
        cluster().drop(each)


async def refused(url: str, tmp_path: Path, **more: Any) -> str:
    """What opening a store there says."""
    with pytest.raises((StoreRefused, StoreUnavailable)) as found:
        await Store.open(
            Server(url=url, beside=tmp_path / "center.db", **more),
            tell=lambda _: None, now=lambda: 0.0, journal_bytes=JOURNAL,
        )  # fmt: skip
    return str(found.value)


async def test_whatever_is_wrong_is_said_with_what_to_do(tmp_path: Path, base: Callable[..., str]) -> None:
    there = cluster()
    name = base()
    said = await refused(there.url("nowhere"), tmp_path)
    assert 'database "nowhere" does not exist' in said
    assert 'CREATE DATABASE "nowhere" OWNER "center" TEMPLATE template0 ENCODING \'UTF8\'' in said
    assert "start PostgreSQL there" in await refused(f"postgresql://{USER}@127.0.0.1:1/x", tmp_path)
    assert "start PostgreSQL there" in await refused(f"postgresql://{USER}@/x?host={tmp_path}", tmp_path)
    assert "correct store.url" in await refused(f"{there.url(name)}&sslmode=nonsense", tmp_path)
    said = await refused(there.url(name, "stranger"), tmp_path)
    assert 'role "stranger" does not exist' in said
    assert "pg_hba.conf" in said
    latin = base("ENCODING 'LATIN1'")
    assert "encoding is LATIN1, not UTF8: CREATE DATABASE" in await refused(there.url(latin), tmp_path)
    there.sql("postgres", f'ALTER DATABASE "{name}" OWNER TO postgres')
    said = await refused(there.url(name), tmp_path)
    assert f'may not make tables in schema public: ALTER DATABASE "{name}" OWNER TO "center"' in said
    there.sql("postgres", f'ALTER DATABASE "{name}" OWNER TO {USER}')
    there.sql("postgres", f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    assert "RESET default_transaction_read_only" in await refused(there.url(name), tmp_path)
    there.sql("postgres", f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    there.sql("postgres", f'ALTER DATABASE "{name}" SET search_path = nowhere')
    assert "RESET search_path" in await refused(there.url(name), tmp_path)


async def test_texts_must_be_ordered_by_their_bytes(tmp_path: Path, base: Callable[..., str]) -> None:
    said = await refused(cluster().url(base("LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'")), tmp_path)
    assert "ordered by c C.UTF-8/C.UTF-8, not by C" in said
    assert "LOCALE 'C'" in said


async def test_a_wrong_password_is_said_and_never_shown(tmp_path: Path, own: tuple[Cluster, Keeper]) -> None:
    server, keeper = own
    server.sql("postgres", f"ALTER ROLE {USER} PASSWORD 'right-horse'")
    await asyncio.to_thread(server.let_in, "local all postgres trust\nlocal all all scram-sha-256\n")
    url = server.url(keeper.database)
    said = await refused(url, tmp_path, password="wrong-horse")
    assert "password authentication failed" in said
    assert "store.password_file" in said
    assert "wrong-horse" not in said
    assert isinstance(keeper.place, Server)
    keeper.place = replace(keeper.place, password="right-horse")
    store = await keeper.open()
    assert "horse" not in repr(keeper.place) + str(store.health())
    # Changed under a running center, it is a bad time like any other.
    server.sql("postgres", f"ALTER ROLE {USER} PASSWORD 'other-horse'")
    await asyncio.to_thread(cut_off, keeper.database, server=server)
    store.carry(save("i1", final=True))
    await degraded(store)
    assert "password authentication failed" in str(store.health()["error"])
    server.sql("postgres", f"ALTER ROLE {USER} PASSWORD 'right-horse'")
    await recovered(store)


async def test_rights_that_are_taken_away_lose_nothing(server_keeper: Keeper) -> None:
    store = await server_keeper.open()
    server_keeper.rows("REVOKE ALL ON interactions FROM center")
    store.carry(save("i1", final=True))
    await degraded(store)
    assert "permission denied" in str(store.health()["error"])
    server_keeper.rows("GRANT ALL ON interactions TO center")
    await recovered(store)
    assert server_keeper.rows("SELECT count(*) FROM interactions") == [(1,)]
    assert store.health()["rejected"] == 0


async def test_a_table_that_somebody_locks_costs_a_page_its_write_and_no_record(
    server_keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE_S", 0.5)
    store = await server_keeper.open()
    await store.settled()
    held = asyncio.Event()
    let_go = asyncio.Event()

    async def hold() -> None:
        import asyncpg

        db = await asyncpg.connect(cluster().url(server_keeper.database, "postgres"))
        async with db.transaction():
            await db.execute("LOCK TABLE customers")
            held.set()
            await let_go.wait()
        await db.close()

    holding = asyncio.create_task(hold())
    await held.wait()
    with pytest.raises(StoreUnavailable):
        await store.write(customers.create, NewCustomer(name="x"), at=1.0)
    let_go.set()
    await holding
    store.carry(save("i1", final=True))
    await recovered(store)
    assert server_keeper.rows("SELECT count(*) FROM interactions") == [(1,)]


async def test_no_room_for_one_more_connection_is_said(tmp_path: Path, own: tuple[Cluster, Keeper]) -> None:
    server, keeper = own
    server.sql("postgres", f"ALTER ROLE {USER} CONNECTION LIMIT 0")
    said = await refused(server.url(keeper.database), tmp_path)
    assert "too many connections" in said
    assert "max_connections" in said


@pytest.mark.parametrize(
    ("change", "about", "says"),
    [
        ({}, "max_connections", "of which this server needs 6"),
        ({"max_connections": 8}, "max_connections", "set it to 11 or more"),
        ({"fsync": False}, "fsync", "ALTER SYSTEM SET fsync = on"),
        ({"full_page_writes": False}, "full_page_writes", "ALTER SYSTEM SET full_page_writes = on"),
        ({"synchronous_commit": "off"}, "synchronous_commit", "own connection sets it on"),
        ({"local": False}, "encryption", "set ssl = on"),
        ({"local": False, "encrypted": True}, "encryption", "pose as the server"),
    ],
)
async def test_what_is_to_be_set_is_said(
    server_keeper: Keeper, change: dict[str, Any], about: str, says: str
) -> None:
    place = server_keeper.place
    assert isinstance(place, Server)
    facts = await postgresql.PostgresDatabase(place).facts()
    assert facts.local
    assert postgresql.wrongs(facts) == []
    good = replace(facts, fsync=True, full_page_writes=True)
    assert all(each.ok for each in postgresql.advice(good, place))
    found = {each.about: each for each in postgresql.advice(replace(good, **change), place)}
    assert says in found[about].says
    assert found[about].ok == (not change or about == "synchronous_commit")


def test_an_old_server_or_a_standby_will_not_do() -> None:
    assert "use 15 or newer" in postgresql.too_old(140011)
    assert postgresql.too_old(150000) == ""


async def test_every_commit_reaches_the_server_s_disk(server_keeper: Keeper) -> None:
    server_keeper.rows(
        f'ALTER ROLE center IN DATABASE "{server_keeper.database}" SET synchronous_commit = off'
    )
    try:
        store = await server_keeper.open()
        assert await store.write(lambda db: db.scalar(text("SHOW synchronous_commit"))) == "on"
    finally:
        server_keeper.rows(f'ALTER ROLE center IN DATABASE "{server_keeper.database}" RESET ALL')


async def test_a_reader_sees_one_state_of_the_database(server_keeper: Keeper) -> None:
    store = await server_keeper.open()

    def twice(db: Any) -> list[int]:
        counts = [db.scalar(text("SELECT count(*) FROM customers"))]
        server_keeper.rows(
            "INSERT INTO customers (id, number, name, created_at, updated_at) VALUES ('x', '1', 'x', 0, 0)"
        )
        return [*counts, db.scalar(text("SELECT count(*) FROM customers"))]

    assert await store.read(twice) == [0, 0]
    assert engines.of(server_keeper.place).name == f"postgresql://{USER}@/{server_keeper.database}"


@pytest.mark.parametrize(
    "url",
    ["mysql://x/y", "postgresql:/x", "postgresql://u:secret@h/d", "postgresql://h/d?password=secret", "postgresql://h:x/d"],
)  # fmt: skip
def test_an_address_holds_no_secret_and_no_nonsense(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must|Port") as wrong:
        Server(url=url, beside=tmp_path)
    assert "secret" not in str(wrong.value)
