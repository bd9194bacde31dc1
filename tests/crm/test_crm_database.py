"""The file: checked before it is trusted, held by one server, migrated whole or not at all."""

import ast
import inspect
import sqlite3
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from stores import Keeper, save

from contactcenter.crm import customers, database, interactions, migrations, schema
from contactcenter.crm.access import CENTER
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.errors import StoreRefused
from contactcenter.crm.schema import metadata


async def test_a_damaged_file_is_refused_with_what_to_do(keeper: Keeper) -> None:
    store = await keeper.open()
    for n in range(200):
        store.carry(save(f"i{n}", note="n" * 300, final=True))
    await keeper.close()
    data = bytearray(keeper.path.read_bytes())
    data[4096 * 10 : 4096 * 60] = b"\x5a" * (4096 * 50)
    keeper.path.write_bytes(data)
    with pytest.raises(StoreRefused, match=r"damaged .*last backup") as refused:
        await keeper.open()
    assert "center.journal" in str(refused.value)
    assert keeper.path.read_bytes() == data


@pytest.mark.parametrize(
    "content", [b"this is no database at all" * 500, b"SQLite format 3\0" + b"\1" * 5000]
)
async def test_what_is_no_database_is_refused(keeper: Keeper, content: bytes) -> None:
    keeper.path.write_bytes(content)
    with pytest.raises(StoreRefused, match="damaged"):
        await keeper.open()


async def test_a_truncated_wal_costs_only_its_own_end(keeper: Keeper) -> None:
    store = await keeper.open()
    store.carry(save("i1", final=True))
    await store.settled()
    wal = keeper.path.with_name("center.db-wal").read_bytes()
    main = keeper.path.read_bytes()
    await keeper.close()
    keeper.path.write_bytes(main)
    keeper.path.with_name("center.db-wal").write_bytes(wal[: len(wal) // 2])
    await keeper.open()
    assert keeper.rows("PRAGMA integrity_check") == [("ok",)]


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
    for seconds in (0.01, 60.0):
        began = time.thread_time()  # the neighbours' load is not ours
        database.check(path, seconds)
        took.append(time.thread_time() - began)
    assert took[0] < took[1] / 2


async def test_a_second_server_on_the_same_file_is_refused(keeper: Keeper) -> None:
    await keeper.open()
    with pytest.raises(StoreRefused, match="in use by another"):
        await keeper.open()
    await keeper.close()
    await keeper.open()


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
    with pytest.raises(Exception, match="readonly"):
        await store.read(customers.create, NewCustomer(name="x"), at=0.0)


async def test_every_commit_reaches_the_disk(keeper: Keeper) -> None:
    store = await keeper.open()
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


def _a_table_of_ours(name: str | None, kind: str, _parents: object) -> bool:
    """The search box's index is SQLite's own affair: it makes tables for it."""
    return kind != "table" or not (name or "").startswith("document_words")


async def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "center.db", fresh=False)
    try:
        await keeper.open()
    finally:
        await keeper.close()
    with create_engine(f"sqlite:///{keeper.path}").connect() as db:
        context = MigrationContext.configure(db, opts={"include_name": _a_table_of_ours})
        assert compare_metadata(context, metadata) == []
    db.engine.dispose()


@pytest.mark.parametrize("since", ["", *migrations.REVISIONS])
async def test_every_released_schema_comes_up_to_date(tmp_path: Path, since: str) -> None:
    keeper = Keeper(tmp_path / "center.db", fresh=False)
    if since:
        engine = create_engine(f"sqlite:///{keeper.path}")
        with engine.begin() as db:
            migrations.upgrade(db, since)
        engine.dispose()
    try:
        store = await keeper.open()
        assert await store.read(migrations.revision) == migrations.REVISIONS[-1]
    finally:
        await keeper.close()


async def test_old_records_know_by_their_timelines_who_had_the_caller(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "center.db", fresh=False)
    engine = create_engine(f"sqlite:///{keeper.path}")
    with engine.begin() as db:
        migrations.upgrade(db, "0009")
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
    engine.dispose()
    try:
        await keeper.open()
    finally:
        await keeper.close()
    found = keeper.rows("SELECT interaction_id, login, arrived_at FROM workers ORDER BY 1, 2")
    assert found == [("i1", "ann", 7.0), ("i1", "tom", 7.0), ("i3", "eva", 7.0)]


async def test_a_migration_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper(tmp_path / "center.db", fresh=False)

    def break_off(db: object, to: str, real: object = migrations.upgrade) -> None:
        real(db, to)  # type: ignore[operator]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "upgrade", break_off)
        with pytest.raises(KeyboardInterrupt):
            await keeper.open()
    assert keeper.rows("SELECT name FROM sqlite_master") == []
    try:
        await keeper.open()
    finally:
        await keeper.close()


async def test_a_newer_schema_is_refused_and_left_alone(keeper: Keeper) -> None:
    keeper.rows("UPDATE alembic_version SET version_num = '9999'")
    before = keeper.path.read_bytes()
    with pytest.raises(StoreRefused, match=r"newer contactcenter \(schema 9999"):
        await keeper.open()
    assert keeper.path.read_bytes() == before


# --- two engines ---


def test_the_tables_can_be_made_on_both_engines() -> None:
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        for table in metadata.sorted_tables:
            CreateTable(table).compile(dialect=dialect)
            for index in table.indexes:
                CreateIndex(index).compile(dialect=dialect)


async def test_every_statement_that_is_used_compiles_for_postgresql(keeper: Keeper) -> None:
    """Collects what the nouns really execute here, and compiles it for the other engine too."""
    store = await keeper.open()
    seen = []

    def collect(db: object, statement: object, *_: object) -> None:
        if hasattr(statement, "compile"):
            seen.append(statement)

    for engine in (store._writing, store._reading):
        event.listen(engine.sync_engine, "before_execute", collect)
    new = NewCustomer(name="x", phones=("13900000001",))
    made = await store.write(customers.create, new, at=1.0)
    for n in range(2):
        store.carry(save(said=("a",), customer=made.id, offers=n, agent=f"agent{n}"))
        await store.settled()
    await store.write(customers.change, made.id, customers.CustomerChange(name="y", phones=()), at=2.0)
    await store.find_customer("13900000001")
    for sort in ("name", "updated"):
        await store.read(customers.page, name="x%", number="1", phone="+1", tier="t", sort=sort)
    for name in ("queue", "agent"):
        await store.read(interactions.page, CENTER, filters={name: "q"}, since=0.0, until=1.0)
    await store.read(interactions.get, "i1", CENTER)
    await store.read(interactions.unfinished)
    assert len(seen) > 20
    for statement in seen:
        statement.compile(dialect=postgresql.dialect())


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
