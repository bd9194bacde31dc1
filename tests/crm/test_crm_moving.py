"""The move from a file to a server: everything arrives, or nothing does."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, BigInteger, Boolean, Connection, Double, Integer, Table, insert
from stores import Keeper, save
from typer.testing import CliRunner

from contactcenter.cli import cli
from contactcenter.crm import audit, migrations, moving
from contactcenter.crm.errors import StoreRefused
from contactcenter.crm.place import Server
from contactcenter.crm.schema import metadata
from contactcenter.values import AuditEntry
from tests.support.postgresql import cluster, name_of

ROWS = 7
TEXTS = ("", "王伟", "😀\u202e", 'it\'s \\N "x"\t\n', "é" * 300)
MEANT = {"match": "none", "final": True}
"""What a center looks at when it opens a store, so that it must mean something."""


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Server]:
    """An empty database, which knows nothing of the file yet."""
    server = cluster().empty(tmp_path / "center.db")
    try:
        yield server
    finally:
        cluster().drop(server)


def value(column: Any, n: int) -> Any:
    """Something that fits the column, other for each row, and awkward."""
    text = f"{n}{TEXTS[n % len(TEXTS)]}"
    if column.name in MEANT:
        return MEANT[column.name]
    match column.type:
        case JSON():
            return {"zh": text, "n": [n, 1.5, None, True, 2**60], "\u2028": {}}
        case Boolean():
            return bool(n % 2)
        case Double():
            return n + 0.1 if column.nullable is False or n % 2 else None
        case BigInteger():
            return n + 2**52 if n % 2 or not column.nullable else None
        case Integer():
            return n + 1
        case _:
            return text


def fill(db: Connection) -> None:
    """Put rows into every table, each with every column."""
    for table in metadata.sorted_tables:
        before = len(db.execute(table.select()).all())
        if table.name == "audit":
            for n in range(ROWS):
                audit.write(db, AuditEntry(at=float(n), login="boss", act="a", kind="k", object=TEXTS[n % 5]))
            continue
        db.execute(insert(table), [row(table, before + n) for n in range(ROWS)])


def row(table: Table, n: int) -> dict[str, Any]:
    values = {column.name: value(column, n) for column in table.columns}
    for column in table.columns:
        for key in column.foreign_keys:  # a row of the table referred to, made by the same rule
            values[column.name] = value(key.column, n)
    return values


async def filled(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(fill)
    await keeper.close()


async def test_every_table_arrives_and_the_file_stays(file_keeper: Keeper, target: Server) -> None:
    await filled(file_keeper)
    before = file_keeper.path.read_bytes()
    steps: list[tuple[str, int, int]] = []
    moved = await moving.move(file_keeper.path, target, lambda *step: steps.append(step))
    assert file_keeper.path.read_bytes() == before
    assert [each.table for each in moved] == [table.name for table in metadata.sorted_tables]
    assert all(each.rows >= ROWS for each in moved)
    assert {(each.table, each.rows, each.rows) for each in moved} <= set(steps)
    arrived = Keeper(file_keeper.path, engine="sqlite", fresh=False)
    arrived.place = target
    try:
        store = await arrived.open()
        assert await store.read(audit.broken) is None
        there = {table.name: await store.read(all_of, table) for table in metadata.sorted_tables}
        # Who is added next gets a number of its own, and the laws hold.
        outbox = metadata.tables["outbox"]
        await store.write(lambda db: db.execute(insert(outbox), [without_number(outbox)]))
        with pytest.raises(Exception, match="append-only"):
            cluster().sql(name_of(target), "UPDATE audit SET login = 'x'")
    finally:
        await arrived.close()
    store = await file_keeper.open()
    for table in metadata.sorted_tables:
        assert there[table.name] == await store.read(all_of, table), table.name


def all_of(db: Connection, table: Table) -> list[tuple[Any, ...]]:
    """What is in it, but for what opening a store writes anew."""
    rows = [tuple(each) for each in db.execute(table.select().order_by(*table.primary_key.columns))]
    return [each for each in rows if not (table.name == "settings" and str(each[0]).startswith("applied"))]


def without_number(table: Table) -> dict[str, Any]:
    return {name: value for name, value in row(table, 99).items() if name != "seq"}


async def test_what_the_server_refuses_is_mended_and_counted(file_keeper: Keeper, target: Server) -> None:
    await filled(file_keeper)
    file_keeper.rows("UPDATE customers SET note = 'a' || char(0) || 'b' WHERE id = '1王伟'")
    file_keeper.rows("""UPDATE customers SET custom = '{"x": NaN, "y": [1, Infinity]}' WHERE id = '1王伟'""")
    moved = {each.table: each.mended for each in await moving.move(file_keeper.path, target)}
    assert moved.pop("customers") == 2
    assert not any(moved.values())
    ((note, custom),) = cluster().sql(
        name_of(target), "SELECT note, custom FROM customers WHERE id = '1王伟'"
    )
    assert (note, json.loads(custom)) == ("a\ufffdb", {"x": None, "y": [1, None]})


async def test_a_journal_that_stays_is_written_to_the_server(file_keeper: Keeper, target: Server) -> None:
    store = await file_keeper.open()
    store.carry(save("i1", said=("arrived",)))
    await store.settled()
    with file_keeper.locked():
        store.carry(save("i1", said=("ended",), final=True))
        await store.close(0.2)
    await moving.move(file_keeper.path, target)
    file_keeper.place = target
    await file_keeper.open()
    found = cluster().sql(name_of(target), "SELECT kind FROM timeline ORDER BY seq")
    assert found == [("arrived",), ("ended",)]
    await file_keeper.close()


async def refuses(path: Path, target: Server, words: str) -> None:
    """The move says why not, and leaves nothing."""
    before = len(cluster().sql(name_of(target), "SELECT relname FROM pg_class"))
    with pytest.raises(StoreRefused, match=words):
        await moving.move(path, target)
    assert len(cluster().sql(name_of(target), "SELECT relname FROM pg_class")) == before


async def test_what_can_t_be_moved_is_refused(file_keeper: Keeper, target: Server) -> None:
    await filled(file_keeper)
    await file_keeper.open()
    await refuses(file_keeper.path, target, "in use by another")
    await file_keeper.close()
    await refuses(file_keeper.path.with_name("none.db"), target, "there is no file")
    cluster().sql(name_of(target), "CREATE TABLE theirs (x int)")
    await refuses(file_keeper.path, target, "not empty: it has theirs.*CREATE DATABASE")
    cluster().sql(name_of(target), "DROP TABLE theirs")
    file_keeper.rows("UPDATE alembic_version SET version_num = '0011'")
    await refuses(file_keeper.path, target, "has the schema 0011, this program .* start this version")
    file_keeper.rows(f"UPDATE alembic_version SET version_num = '{migrations.REVISIONS[-1]}'")
    file_keeper.path.write_bytes(b"no database" * 1000)
    await refuses(file_keeper.path, target, "damaged")


async def test_what_doesn_t_fit_leaves_nothing(file_keeper: Keeper, target: Server) -> None:
    await filled(file_keeper)
    with sqlite3.connect(file_keeper.path) as db:  # as a program does that doesn't mind foreign keys
        db.execute("UPDATE addresses SET customer_id = 'nobody' WHERE customer_id = '1王伟'")
    db.close()
    await refuses(file_keeper.path, target, "table addresses can't be moved: .*fk_addresses")


async def test_sides_that_differ_leave_nothing(
    file_keeper: Keeper, target: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(file_keeper)
    real = moving.copy_rows

    async def forgetful(db: Any, table: str, columns: Any, rows: list[Any]) -> None:
        await real(db, table, columns, rows[:-1] if table == "tags" else rows)

    monkeypatch.setattr(moving, "copy_rows", forgetful)
    await refuses(file_keeper.path, target, "table tags differs: 7 rows .* 6 rows")


def test_the_sum_is_of_the_rows_and_not_of_their_order() -> None:
    def of(*rows: tuple[Any, ...]) -> str:
        found = moving.Checksum()
        for each in rows:
            found.add(each)
        return str(found)

    assert of((1, "a"), (2, "b")) == of((2, "b"), (1, "a"))
    sums = [
        of((1, "a")),
        of((1, "a"), (1, "a")),
        of(("1", "a")),
        of((1.0, "a")),
        of((True, "a")),
        of((None, "a")),
    ]
    assert len(set(sums)) == len(sums)


async def test_the_command_prints_both_sides(file_keeper: Keeper, target: Server) -> None:
    await filled(file_keeper)

    def run(*args: str) -> Any:
        return CliRunner().invoke(cli, ["migrate-store", "--from", str(file_keeper.path), "--to", *args])

    done = await asyncio.to_thread(run, target.url)
    assert done.exit_code == 0, done.output
    assert "are the same on both sides" in done.stdout
    again = await asyncio.to_thread(run, target.url)
    assert again.exit_code == 1
    assert "not empty" in again.stderr
    wrong = await asyncio.to_thread(run, "postgresql://me:secret@host/base")
    assert wrong.exit_code == 1
    assert "must not hold a password" in wrong.stderr
    assert "secret" not in wrong.stderr
