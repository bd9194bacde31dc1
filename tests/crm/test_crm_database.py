"""The database: checked before it is trusted, held by one server, migrated whole or not at all."""

import ast
import inspect
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert
from stores import JOURNAL, Keeper, save

from contactcenter.crm import customers, duplicates, engines, indexing, migrations, schema
from contactcenter.crm import sqlite as sqlite_file
from contactcenter.crm import store as store_module
from contactcenter.crm.access import CENTER
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.errors import StoreRefused, StoreUnavailable
from contactcenter.crm.schema import metadata
from contactcenter.crm.store import Store


async def test_a_damaged_file_is_refused_with_what_to_do(file_keeper: Keeper) -> None:
    store = await file_keeper.open()
    for n in range(200):
        store.carry(save(f"i{n}", note="n" * 300, final=True))
    await file_keeper.close()
    data = bytearray(file_keeper.path.read_bytes())
    data[4096 * 10 : 4096 * 60] = b"\x5a" * (4096 * 50)
    file_keeper.path.write_bytes(data)
    with pytest.raises(StoreRefused, match=r"damaged .*last backup") as refused:
        await file_keeper.open()
    assert "center.journal" in str(refused.value)
    assert file_keeper.path.read_bytes() == data


async def test_the_index_goes_on_after_a_bad_time(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await keeper.open()
    await store.write(customers.create_many, [NewCustomer(name=f"c{n}") for n in range(30)], at=1.0)
    await store.write(indexing.restart)
    await keeper.close()
    monkeypatch.setattr(store_module, "INDEX_AGAIN_S", 0.01)
    real, bad = indexing.progress, [2, 4]
    reads = 0

    def progress(db: Connection) -> indexing.Progress | None:
        nonlocal reads
        reads += 1
        if reads in bad:
            raise StoreUnavailable("all readers are busy")
        return real(db)

    monkeypatch.setattr(indexing, "progress", progress)
    store = await keeper.open()
    await store.indexed()
    assert reads > max(bad)
    assert await store.read(real) is None


@pytest.mark.parametrize(
    "content", [b"this is no database at all" * 500, b"SQLite format 3\0" + b"\1" * 5000]
)
async def test_what_is_no_database_is_refused(file_keeper: Keeper, content: bytes) -> None:
    file_keeper.path.write_bytes(content)
    with pytest.raises(StoreRefused, match="damaged"):
        await file_keeper.open()


async def test_a_truncated_wal_costs_only_its_own_end(file_keeper: Keeper) -> None:
    store = await file_keeper.open()
    store.carry(save("i1", final=True))
    await store.settled()
    wal = file_keeper.path.with_name("center.db-wal").read_bytes()
    main = file_keeper.path.read_bytes()
    await file_keeper.close()
    file_keeper.path.write_bytes(main)
    file_keeper.path.with_name("center.db-wal").write_bytes(wal[: len(wal) // 2])
    await file_keeper.open()
    assert file_keeper.rows("PRAGMA integrity_check") == [("ok",)]


def test_the_check_ends_in_time(tmp_path: Path) -> None:
    path = tmp_path / "big.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE t (x)")
    db.execute("CREATE INDEX i ON t (x)")
    db.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000) "
        "INSERT INTO t SELECT i FROM n"
    )
    db.commit()
    db.close()
    took = []
    for seconds in (60.0, 0.01):  # the whole file is in memory before it counts
        began = time.thread_time()  # the neighbours' load is not ours
        sqlite_file.check(path, seconds)
        took.append(time.thread_time() - began)
    assert took[1] < took[0] / 2


async def test_a_second_server_beside_the_same_journal_is_refused(keeper: Keeper) -> None:
    await keeper.open()
    with pytest.raises(StoreRefused, match="in use by another"):
        await keeper.open()
    await keeper.close()
    await keeper.open()


async def test_a_second_server_on_a_link_to_the_file_is_refused(file_keeper: Keeper, tmp_path: Path) -> None:
    await file_keeper.open()
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(file_keeper.path)
    with pytest.raises(StoreRefused, match="in use by another"):
        await Store.open(link, tell=lambda _: None, now=lambda: 0.0, journal_bytes=JOURNAL)


async def test_opening_what_is_there_is_quick(keeper: Keeper) -> None:
    store = await keeper.open()
    for n in range(2000):
        store.carry(save(f"i{n}", said=("arrived",), final=True))
    await keeper.close()
    began = time.process_time()  # the neighbours' load is not ours
    await keeper.open()
    assert time.process_time() - began < 0.2  # Alembic alone would take that


async def test_a_reader_can_t_write(keeper: Keeper) -> None:
    store = await keeper.open()
    with pytest.raises(Exception, match=r"read-?only"):
        await store.read(customers.create, NewCustomer(name="x"), at=0.0)


async def test_every_commit_reaches_the_disk(file_keeper: Keeper) -> None:
    store = await file_keeper.open()
    pragmas = await store.write(
        lambda db: [db.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    )
    assert pragmas == ["wal", 2]  # 2 is FULL: a power cut takes nothing that was acknowledged


# --- migrations ---


def test_the_list_of_revisions_is_the_folder() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    steps = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(steps)) == migrations.REVISIONS


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Keeper]:
    """Nothing is there yet."""
    keeper = Keeper(tmp_path / "center.db", engine=request.param, fresh=False)
    try:
        yield keeper
    finally:
        await keeper.discard()


async def as_of(keeper: Keeper, revision: str, fill: Callable[[Connection], None] = lambda _: None) -> None:
    """Let the database be as a program of that time left it."""
    made = engines.of(keeper.place)
    try:
        async with made.writing.begin() as db:
            await db.run_sync(migrations.upgrade, revision)
            await db.run_sync(fill)
    finally:
        await made.give_back(clean=True)


def _of_the_schema(name: str | None, kind: str, _parents: object) -> bool:
    """The index of the search box is each engine's own affair: SQLite makes tables for it."""
    return not (name or "").startswith(("document_words", "ix_documents_words"))


async def test_migrations_and_tables_agree(empty: Keeper) -> None:
    store = await empty.open()
    options = {"compare_type": True, "include_name": _of_the_schema}
    differences = await store.read(
        lambda db: compare_metadata(MigrationContext.configure(db, opts=options), metadata)
    )
    assert differences == []


@pytest.mark.parametrize("since", ["", *migrations.REVISIONS])
async def test_every_released_schema_comes_up_to_date(empty: Keeper, since: str) -> None:
    if since:
        await as_of(empty, since)
    store = await empty.open()
    assert await store.read(migrations.revision) == migrations.REVISIONS[-1]


async def test_old_records_know_by_their_timelines_who_had_the_caller(empty: Keeper) -> None:
    def fill(db: Connection) -> None:
        db.execute(
            insert(schema.interactions),
            [
                {"id": id_, "agent": agent, "arrived_at": 7.0, "waited_s": 0.0, "talked_s": 0.0,
                 "wrapped_s": 0.0, "offers": 0, "inferred": False, "final": True}
                for id_, agent in (("i1", "ann"), ("i2", ""), ("i3", "eva"))
            ],
        )  # fmt: skip
        db.execute(
            insert(schema.timeline),
            [
                {"interaction_id": "i1", "seq": seq, "at": 7.0, "kind": kind, "detail": detail}
                for seq, (kind, detail) in enumerate(
                    (
                        ("queued", {"agent": "eva"}),
                        *(("joined", {"agent": login}) for login in ("tom", "ann", "tom")),
                        *(("restored", {"agent": ""}), ("joined", {})),
                    )
                )
            ],
        )

    await as_of(empty, "0009", fill)
    await empty.open()
    found = empty.rows("SELECT interaction_id, login, arrived_at FROM workers ORDER BY 1, 2")
    assert found == [("i1", "ann", 7.0), ("i1", "tom", 7.0), ("i3", "eva", 7.0)]


async def test_customers_of_before_are_compared_with_each_other(empty: Keeper) -> None:
    def fill(db: Connection) -> None:
        for n in (1, 2):
            db.exec_driver_sql(
                "INSERT INTO customers (id, number, name, created_at, updated_at) "
                f"VALUES ('c{n}', '10{n}', 'Gottfried Lind', {n}, {n})"
            )
            db.exec_driver_sql(
                "INSERT INTO phones (customer_id, number, kind, place) "
                f"VALUES ('c{n}', '+8613800138000', 'mobile', 0)"
            )

    await as_of(empty, "0012", fill)
    store = await empty.open()
    while await store.write(duplicates.go_on, count=1, at=9.0):
        pass
    (pair,) = (await store.read(duplicates.page, CENTER)).items
    assert (pair.first, pair.second) == ("c1", "c2")
    assert {reason.kind for reason in pair.reasons} == {"phone", "name"}
    assert not await store.write(duplicates.go_on, at=9.0), "once"


async def test_a_migration_that_fails_leaves_nothing(empty: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(db: object, to: str, real: object = migrations.upgrade) -> None:
        real(db, to)  # type: ignore[operator]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "upgrade", break_off)
        with pytest.raises(KeyboardInterrupt):
            await empty.open()
    tables = {
        "sqlite": "SELECT name FROM sqlite_master",
        "postgresql": "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    }
    assert empty.rows(tables[empty.engine]) == []
    await empty.open()


async def test_a_newer_schema_is_refused_and_left_alone(keeper: Keeper) -> None:
    keeper.rows("UPDATE alembic_version SET version_num = '9999'")
    before = keeper.path.read_bytes() if keeper.engine == "sqlite" else b""
    with pytest.raises(StoreRefused, match=r"newer contactcenter \(schema 9999"):
        await keeper.open()
    assert keeper.rows("SELECT version_num FROM alembic_version") == [("9999",)]
    assert not before or keeper.path.read_bytes() == before


# --- what is asked ---


def test_no_sql_is_put_together_from_text() -> None:
    """`text(...)` and driver SQL take literals only: nothing that came from outside can become SQL."""
    folder = Path(inspect.getfile(schema)).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if name in ("text", "exec_driver_sql", "literal_column"):
                    assert all(isinstance(arg, ast.Constant) for arg in node.args), f"{path}:{node.lineno}"
