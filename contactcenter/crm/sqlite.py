"""The SQLite file: locked against a second server, checked, and opened for one writer and some readers."""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contactcenter.crm import migrations
from contactcenter.crm.database import Database
from contactcenter.crm.errors import StoreRefused, StoreUnavailable

T = TypeVar("T")

READERS = 3
_CACHE_KB = 32_000
"""Of the file's pages, that each reader keeps at most: the search box looks into the same ones again and
again, and with SQLite's own 2 MB half of its time goes into reading them."""
_BUSY_MS = 250
"""How long the writer waits for another program's lock: short, because nothing is written meanwhile."""


class SqliteFile(Database):
    """A file of this machine; `….lock` and `….clean` stand beside it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, str(path))
        self._clean = path.with_suffix(".clean")
        self.writing, self.reading = _writer(path), _readers(path)

    async def take(self) -> None:
        """Lock and check the file; it is made if there is none.

        SQLite before 3.51.3 can corrupt the file when two connections write or checkpoint at once (the
        WAL-reset bug), so a second server on the same file must never come up.
        """
        self.hold()
        # SQLite would make it readable for everybody; its -wal and -shm get the rights of this file.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        # After a clean end a glance is enough; it must not keep a center with years of records waiting.
        await asyncio.to_thread(check, self._path, 0.25 if self._clean.exists() else 2.0)
        self._clean.unlink(missing_ok=True)

    async def migrate(self) -> None:
        """All steps in one transaction."""
        async with self.writing.begin() as db:
            await db.run_sync(migrations.bring_up_to_date)

    async def give_back(self, *, clean: bool) -> None:
        """Close it."""
        if clean:
            self._clean.touch()
        await super().give_back(clean=clean)

    async def peek(self, query: Callable[[Connection], T]) -> T:
        """Read the file, which must be there."""
        return await asyncio.to_thread(peek, self._path, query)


def check(path: Path, seconds: float) -> None:
    """Look for damage for so many seconds at most (blocking). Raises `StoreRefused` when there is any."""
    if not path.exists():
        return
    found = "ok"
    db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    # Not a progress handler: SQLite 3.40 calls none while it walks the pages.
    limit = threading.Timer(seconds, db.interrupt)
    limit.start()
    try:
        found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if str(error) != "interrupted":
            found = str(error)
    finally:
        limit.cancel()
        limit.join()  # or it would interrupt a closed connection
        db.close()
    if found != "ok":
        raise StoreRefused(
            f"{path} is damaged ({found.splitlines()[-1]}). Nothing was changed. Move it and its -wal and "
            f"-shm files aside, give `contactcenter restore` the last backup and start again; keep "
            f"{path.stem}.journal: its records are read in again."
        )


def peek(path: Path, query: Callable[[Connection], T]) -> T:
    """What a reading function finds, beside a server that may be running (blocking)."""
    engine = create_engine(
        URL.create("sqlite", database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"})
    )
    try:
        with engine.connect() as db:
            return query(db)
    except DBAPIError as error:
        raise StoreUnavailable(f"{path} can't be read: {error.orig}") from error
    finally:
        engine.dispose()


def _writer(path: Path) -> AsyncEngine:
    """The one connection that writes and checkpoints; its transactions begin with the write lock."""
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)), pool_size=1, max_overflow=0
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _(connection: Any, _record: object) -> None:
        _pragmas(
            connection, f"busy_timeout={_BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"
        )

    @event.listens_for(engine.sync_engine, "begin")
    def _(db: Connection) -> None:
        # The driver's own BEGIN comes late and takes the write lock later still, where waiting can't help.
        db.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _readers(path: Path) -> AsyncEngine:
    """Connections that can't write, each transaction seeing one state of the database."""
    engine = create_async_engine(
        URL.create(
            "sqlite+aiosqlite", database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"}
        ),
        pool_reset_on_return=None,  # `begin` ended it already; each round trip to the thread counts here
        pool_size=READERS, max_overflow=0, pool_timeout=2.0,
    )  # fmt: skip

    @event.listens_for(engine.sync_engine, "connect")
    def _(connection: Any, _record: object) -> None:
        _pragmas(connection, "query_only=ON", "busy_timeout=1000", f"cache_size=-{_CACHE_KB}")

    @event.listens_for(engine.sync_engine, "begin")
    def _(db: Connection) -> None:
        db.exec_driver_sql("BEGIN")

    return engine


def _pragmas(connection: Any, *pragmas: str) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
    finally:
        cursor.close()
