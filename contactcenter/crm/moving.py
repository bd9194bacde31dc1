"""The move of a store from its SQLite file to a PostgreSQL database: all of it, or nothing.

Tables are copied as they are in one transaction, in the order in which they refer to each other, with the
triggers in force. Then both sides are counted and summed up, row by row, before the transaction is committed.
The file is only read, and held against a center meanwhile.
"""

import asyncio
import hashlib
import json
import math
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, Table, Text, cast, delete, func, inspect, select, text, type_coerce
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.ext.asyncio import AsyncConnection

from contactcenter.crm import migrations, sqlite
from contactcenter.crm.errors import StoreRefused
from contactcenter.crm.place import Server
from contactcenter.crm.postgresql import PostgresDatabase, copy_rows, creation
from contactcenter.crm.schema import metadata
from contactcenter.crm.text import inert
from contactcenter.values import frozen

CHUNK = 2000
_CHECK_S = 600.0

Row = tuple[Any, ...]
Progress = Callable[[str, int, int], None]
"""Told of a table how many of how many rows are copied."""


@frozen
class Moved:
    """A table that is the same on both sides."""

    table: str
    rows: int
    checksum: str
    """Over all rows, in whatever order."""
    mended: int
    """Values that PostgreSQL refuses: NUL and lone surrogates became U+FFFD, NaN in JSON became null."""


class Checksum:
    """Of a table's rows: the same for the same rows in any order."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, row: Row) -> None:
        """One row more."""
        spelt = json.dumps(row, ensure_ascii=True, separators=(",", ":"), default=bytes.hex)
        self._sum += int.from_bytes(hashlib.blake2b(spelt.encode(), digest_size=16).digest())
        self.rows += 1

    def __str__(self) -> str:
        return f"{self._sum % 2**128:032x}"


async def move(path: Path, target: Server, progress: Progress = lambda *_: None) -> tuple[Moved, ...]:
    """Copy the file's records into the empty database; answers what was moved, table by table.

    Raises `StoreRefused` (with what to do: a file in use, of an older schema or damaged; a database that is
    not empty or will not do; sides that differ) and `StoreUnavailable`; then the database is as it was.
    """
    if not await asyncio.to_thread(path.is_file):
        raise StoreRefused(f"there is no file {path}: name the SQLite file of the center")
    source, database = sqlite.SqliteFile(path), PostgresDatabase(target)
    try:
        await database.take()  # holds the file's lock, too
        await asyncio.to_thread(sqlite.check, path, _CHECK_S)
        async with source.reading.connect() as old, old.begin():
            revision = await old.run_sync(migrations.revision)
            if revision != migrations.REVISIONS[-1]:
                raise StoreRefused(
                    f"{path} has the schema {revision or '(none)'}, this program {migrations.REVISIONS[-1]}: "
                    "start this version's center on the file once, stop it, and move then"
                )
            async with database.patient() as new:
                await new.run_sync(_make_tables, target)
                moved = [await _copy(old, new, table, progress) for table in metadata.sorted_tables]
                await new.run_sync(_set_sequences)
                await new.execute(text("ANALYZE"))
    finally:
        await source.reading.dispose()
        await source.writing.dispose()
        await database.give_back(clean=False)
    return tuple(moved)


async def _copy(old: AsyncConnection, new: AsyncConnection, table: Table, progress: Progress) -> Moved:
    total = await old.scalar(select(func.count()).select_from(table)) or 0
    there, arrived, mended = Checksum(), Checksum(), 0
    columns = [column.name for column in table.columns]
    is_json = [isinstance(column.type, JSON) for column in table.columns]
    # JSON as the text that it is stored as: nothing is spelt anew on the way.
    query = select(*(type_coerce(c, Text) if json_ else c for c, json_ in zip(table.c, is_json, strict=True)))
    async for rows in rows_of(old, query):
        fit = [tuple(map(_fit, row, is_json)) for row in rows]
        mended += sum(
            a is not b and a != b for row, new_row in zip(rows, fit, strict=True)
            for a, b in zip(row, new_row, strict=True)
        )  # fmt: skip
        for row in fit:
            there.add(row)
        try:
            await copy_rows(new, table.name, columns, fit)
        except ValueError as error:
            raise StoreRefused(f"table {table.name} can't be moved: {error}. Nothing was changed") from error
        progress(table.name, there.rows, total)
    query = select(*(cast(c, Text) if json_ else c for c, json_ in zip(table.c, is_json, strict=True)))
    async for rows in rows_of(new, query):
        for row in rows:
            arrived.add(row)
    if (there.rows, str(there)) != (arrived.rows, str(arrived)):
        raise StoreRefused(
            f"table {table.name} differs: {there.rows} rows {there} in the file, {arrived.rows} rows "
            f"{arrived} in the database. Nothing was changed; please report this"
        )
    return Moved(table=table.name, rows=there.rows, checksum=str(there), mended=mended)


async def rows_of(db: AsyncConnection, query: Any) -> AsyncIterator[Sequence[Row]]:
    """What the query finds, some rows at a time: a table need not fit into memory."""
    async with db.stream(query) as result:
        async for rows in result.partitions(CHUNK):
            yield [tuple(row) for row in rows]


def _fit(value: Any, is_json: bool) -> Any:
    """The value as PostgreSQL takes it."""
    if not isinstance(value, str):
        return value
    if is_json and ("NaN" in value or "Infinity" in value):
        try:
            json.loads(value, parse_constant=_refuse)
        except ArithmeticError:
            value = json.dumps(_finite(json.loads(value)))
    return inert(value, len(value))


def _refuse(constant: str) -> None:
    raise ArithmeticError(constant)


def _finite(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(each) for key, each in value.items()}
        case list():
            return [_finite(each) for each in value]
        case _:
            return value


def _make_tables(db: Connection, target: Server) -> None:
    if found := inspect(db).get_table_names():
        raise StoreRefused(
            f"{target.name} is not empty: it has {', '.join(sorted(found)[:5])}"
            f"{' …' if len(found) > 5 else ''}. Name an empty one; as administrator of the server: "
            f"{creation('another', str(db.scalar(select(func.current_user()))))}"
        )
    migrations.upgrade(db, migrations.REVISIONS[-1])
    for table in reversed(metadata.sorted_tables):  # a step may bring rows that the file has by now, too
        if db.scalar(select(func.count()).select_from(table)):
            db.execute(delete(table))


def _set_sequences(db: Connection) -> None:
    """The next row gets a number of its own."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None:
            continue
        sequence = db.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
        if sequence:
            following = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
            db.execute(select(func.setval(cast(sequence, REGCLASS), following, False)))
