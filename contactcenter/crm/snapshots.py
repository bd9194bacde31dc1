"""A snapshot: the whole database at one moment as a SQLite file, whichever engine it comes from.

It is taken beside a center that works: from a SQLite file by `VACUUM INTO`, through a connection that can't
write; from a server in one transaction that sees one state and holds no lock that writing waits for. `look`
reads a snapshot through, and says whether it is sound and what it holds.
"""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import JSON, Connection, Text, cast, create_engine, delete, func, select
from sqlalchemy.exc import DBAPIError

from contactcenter.crm import audit, migrations, recordings, sealing, sqlite
from contactcenter.crm.archives import AuditTrail, BackupProblem, KeyIds
from contactcenter.crm.errors import StoreUnavailable
from contactcenter.crm.place import Place, Server
from contactcenter.crm.schema import metadata
from contactcenter.values import frozen

LOOK_S = 0.5
"""How often it is seen how far a copy has come."""
_FRESH = "sqlite://"

Show = Callable[[int, int], None]
"""Told how much of how much is done."""


@frozen
class Facts:
    """What a snapshot holds."""

    schema_revision: str
    tables: dict[str, int]
    audit: AuditTrail


async def take(place: Place, to: Path, show: Show = lambda *_: None) -> None:
    """Write the snapshot of a store into the new file `to`.

    Raises `BackupProblem` (no such store, an older or newer schema), `StoreUnavailable`, OSError and
    sqlite3.Error (no room).
    """
    if isinstance(place, Server):
        await _take_from_server(place, to, show)
    else:
        await _take_from_file(place, to, show)


def size(place: Path) -> int:
    """About how many bytes the snapshot of a SQLite file will have (blocking)."""
    return _size_of(place) + _size_of(_wal(place))


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


async def _take_from_file(path: Path, to: Path, show: Show) -> None:
    if not await asyncio.to_thread(path.is_file):
        raise BackupProblem(f"there is no store {path}: nothing was ever written there")
    _check_revision(await asyncio.to_thread(sqlite.peek, path, migrations.revision), str(path))
    db = sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        db.execute("PRAGMA busy_timeout=5000")
        whole = int(db.execute("PRAGMA page_count").fetchone()[0]) * int(
            db.execute("PRAGMA page_size").fetchone()[0]
        )
        copying = asyncio.ensure_future(asyncio.to_thread(db.execute, "VACUUM INTO ?", (str(to),)))
        while not (await asyncio.wait((copying,), timeout=LOOK_S))[0]:
            show(min(await asyncio.to_thread(_size_of, to), whole), whole)
        copying.result()
        show(whole, whole)
    finally:
        db.close()


def _check_revision(found: str, name: str) -> None:
    if found != migrations.REVISIONS[-1]:
        raise BackupProblem(
            f"{name} has the schema {found or '(none)'}, this program {migrations.REVISIONS[-1]}: back it up "
            "with the version that wrote it, or start this version's center on it once"
        )


async def _take_from_server(server: Server, to: Path, show: Show) -> None:
    from contactcenter.crm.moving import rows_of  # its driver is an extra
    from contactcenter.crm.postgresql import PostgresDatabase

    made = create_engine(f"sqlite:///{to}")
    try:
        with made.begin() as db:
            _make_tables(db)
    finally:
        made.dispose()
    database = PostgresDatabase(server)
    copy = sqlite3.connect(to, isolation_level=None)
    try:
        copy.execute("PRAGMA synchronous=OFF")
        copy.execute("PRAGMA journal_mode=OFF")  # what breaks off is thrown away
        copy.execute("BEGIN")
        async with database.snapshot() as db:
            _check_revision(await db.run_sync(migrations.revision), server.name)
            counts = {
                table.name: int(await db.scalar(select(func.count()).select_from(table)) or 0)
                for table in metadata.sorted_tables
            }
            whole, done = sum(counts.values()), 0
            for table in metadata.sorted_tables:
                columns = ", ".join(f'"{column.name}"' for column in table.columns)
                places = ", ".join("?" * len(table.columns))
                insert = f'INSERT INTO "{table.name}" ({columns}) VALUES ({places})'  # noqa: S608 - our own names
                before = done
                query = select(*(cast(c, Text) if isinstance(c.type, JSON) else c for c in table.c))
                async for rows in rows_of(db, query):
                    copy.executemany(insert, rows)
                    done += len(rows)
                    show(done, whole)
                if done - before != counts[table.name]:
                    raise BackupProblem(
                        f"{server.name}: {counts[table.name]} rows of {table.name} became {done - before}: "
                        "please report this"
                    )
        copy.execute("COMMIT")
    finally:
        copy.close()
        await database.give_back(clean=False)


def _make_tables(db: Connection) -> None:
    migrations.upgrade(db, migrations.REVISIONS[-1])
    for table in reversed(metadata.sorted_tables):  # a step may bring rows that are there by now, too
        if db.scalar(select(func.count()).select_from(table)):
            db.execute(delete(table))


# --- what is in one ---


def look(path: Path) -> Facts:
    """What the file holds (blocking). Raises `BackupProblem` for one that can't be read."""
    with _readable():
        with contextlib.closing(_opened(path)) as db:
            revision = _revision(db)
            tables = {name: _count(db, name) for name in _tables(db)}
        return Facts(schema_revision=revision, tables=tables, audit=sqlite.peek(path, _trail))


def check(path: Path) -> None:
    """Read the file through (blocking). Raises `BackupProblem` for a damaged one, and for one with laws of
    another's making: a trigger of theirs would act at the first start."""
    with _readable(), contextlib.closing(_opened(path)) as db:
        found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise BackupProblem(f"the database in it is damaged: {found.splitlines()[-1]}")
        if strange := sorted(_laws(db) - _own_laws(_revision(db))):
            kind, name, _ = strange[0]
            raise BackupProblem(f"the database in it has a {kind} {name[:80]!a} that is none of ours")


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, DBAPIError, StoreUnavailable, ValueError, TypeError) as error:
        raise BackupProblem(f"the database in it can't be read: {error}") from error


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
    db.execute("PRAGMA trusted_schema=OFF")
    db.execute("PRAGMA cell_size_check=ON")
    return db


def _revision(db: sqlite3.Connection) -> str:
    row = db.execute("SELECT version_num FROM alembic_version").fetchone()
    found = str(row[0]) if row else ""
    if found not in migrations.REVISIONS:
        raise BackupProblem(
            f"the database in it has the schema {found!r}, this program knows up to "
            f"{migrations.REVISIONS[-1]}: restore it with the version that made it"
        )
    return found


def _tables(db: sqlite3.Connection) -> Iterator[str]:
    known = {*metadata.tables, "alembic_version"}
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall():
        if name in known:
            yield name


def _count(db: sqlite3.Connection, table: str) -> int:
    return int(db.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608 - a name of ours


def _laws(db: sqlite3.Connection) -> set[tuple[str, str, str]]:
    """Whatever acts by itself."""
    rows = db.execute("SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'view')")
    return {(str(kind), str(name), " ".join(str(sql).split())) for kind, name, sql in rows}


def _own_laws(revision: str) -> set[tuple[str, str, str]]:
    """Those that a database of this schema has."""
    engine = create_engine(_FRESH)
    try:
        with engine.begin() as db:
            migrations.upgrade(db, revision)
            driver: Any = db.connection.driver_connection
            return _laws(driver)
    finally:
        engine.dispose()


def _trail(db: Connection) -> AuditTrail:
    last = audit.last(db)
    return AuditTrail(rows=last.seq if last else 0, last=last.hash if last else "", broken=audit.broken(db))


def keys_needed(path: Path) -> KeyIds:
    """With which keys what the snapshot holds, and what its rows' files hold, is sealed (blocking)."""
    with contextlib.closing(_opened(path)) as db:
        row = db.execute("SELECT value FROM settings WHERE name = ?", (sealing.KNOWN,)).fetchone()
        known = json.loads(row[0]) if row else {"seal": [], "index": []}
        found = [
            "SELECT DISTINCT substr(id_number, 4, 16) FROM customers WHERE id_number <> ''",
            "SELECT DISTINCT key FROM attachments WHERE deleted_at IS NULL AND key <> ''",
        ]
        personal = [id_ for query in found for (id_,) in db.execute(query)]
        for kind, name in db.execute("SELECT kind, name FROM fields WHERE sealed").fetchall():
            table = {"customer": "customers", "request": "requests"}[kind]
            values = f"SELECT json_extract(custom, ?) AS v FROM {table}"  # noqa: S608 - one of the two above
            query = f"SELECT DISTINCT substr(v, 4, 16) FROM ({values}) WHERE v <> ''"  # noqa: S608
            personal += [id_ for (id_,) in db.execute(query, (f'$."{name}"',))]
        audible = ", ".join("?" * len(recordings.AUDIBLE))
        query = f"SELECT DISTINCT key FROM recordings WHERE state IN ({audible}) AND key <> ''"  # noqa: S608
        heard = [id_ for (id_,) in db.execute(query, [state.value for state in recordings.AUDIBLE])]
    return KeyIds(
        personal=list(dict.fromkeys([*known["seal"], *personal])),
        index=known["index"],
        recordings=sorted(heard),
    )


def attachments_of(path: Path) -> Iterator[str]:
    """The ids of the attachments that a snapshot's rows have."""
    with contextlib.closing(_opened(path)) as db:
        query = "SELECT id FROM attachments WHERE deleted_at IS NULL ORDER BY id"
        yield from (str(id_) for (id_,) in db.execute(query))


def recordings_of(path: Path) -> Iterator[tuple[str, float]]:
    """Id and beginning of the recordings that a snapshot's rows have audio of."""
    with contextlib.closing(_opened(path)) as db:
        audible = ", ".join("?" * len(recordings.AUDIBLE))
        query = f"SELECT id, started_at FROM recordings WHERE state IN ({audible}) ORDER BY id"  # noqa: S608
        rows = db.execute(query, [state.value for state in recordings.AUDIBLE])
        yield from ((str(id_), float(at)) for id_, at in rows)
