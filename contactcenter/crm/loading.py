"""Loading: millions of made-up rows into a store that nobody uses meanwhile, as fast as it takes them.

Past the nouns, their checks and the audit log, and therefore for demonstration data only.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, StaticPool, create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from contactcenter.crm import engines
from contactcenter.crm.errors import StoreRefused, StoreUnavailable
from contactcenter.crm.place import Place, Server

T = TypeVar("T")

CACHE_KB = 400_000
"""Of a file's pages while it is loaded: indexes over random ids are written all over the place."""


class Loading:
    """Takes rows for one table after the other; what is taken is kept at `commit`, or at the end."""

    def __init__(self, file: Connection | None, server: AsyncConnection | None) -> None:
        self._file = file
        self._server = server

    async def add(self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows, JSON as text. Raises `StoreRefused` for what doesn't fit."""
        if not rows:
            return
        if self._server is not None:
            from contactcenter.crm.postgresql import copy_rows  # its driver is an extra

            try:
                await copy_rows(self._server, table, columns, rows)
            except ValueError as error:
                raise StoreRefused(f"table {table}: {error}") from error
        else:
            await asyncio.to_thread(self._insert, table, columns, rows)

    async def commit(self) -> None:
        """Keep what came so far. (A server keeps all of it at the end, or nothing.)"""
        if self._file is not None:
            await asyncio.to_thread(self._file.commit)

    async def run(self, work: Callable[..., T], *args: object) -> T:
        """Run a noun's function on what came so far."""
        if self._server is not None:
            return await self._server.run_sync(work, *args)
        assert self._file is not None  # noqa: S101 - one of the two is there
        return await asyncio.to_thread(work, self._file, *args)

    def _insert(self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        assert self._file is not None  # noqa: S101 - one of the two is there
        names, places = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
        try:
            query = f'INSERT INTO "{table}" ({names}) VALUES ({places})'  # noqa: S608
            self._file.exec_driver_sql(query, list(rows))
        except IntegrityError as error:
            raise StoreRefused(f"table {table}: {error.orig}") from error
        except DBAPIError as error:
            raise StoreUnavailable(f"table {table}: {error.orig}") from error


def settle(db: Connection) -> None:
    """Let a server's planner know what came: its own time for that would be a minute later."""
    if db.dialect.name == "postgresql":
        db.execute(text("ANALYZE"))


@contextlib.asynccontextmanager
async def loading(place: Place) -> AsyncIterator[Loading]:
    """A store that exists and is up to date, for this process alone. Raises `StoreRefused` while a center has
    it, `StoreUnavailable`."""
    held = engines.of(place)
    clean = False
    try:
        await held.take()
        if isinstance(place, Server):
            from contactcenter.crm.postgresql import PostgresDatabase

            assert isinstance(held, PostgresDatabase)  # noqa: S101 - by its place
            async with held.patient() as server:
                yield Loading(None, server)
        else:
            file = sqlite3.connect(place, check_same_thread=False)
            try:
                file.execute(f"PRAGMA cache_size=-{CACHE_KB}")
                file.execute("PRAGMA synchronous=OFF")
                with create_engine("sqlite://", creator=lambda: file, poolclass=StaticPool).connect() as db:
                    yield Loading(db, None)
                    await asyncio.to_thread(db.commit)
                file.execute("PRAGMA synchronous=FULL")
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                file.close()
        clean = True
    finally:
        await held.give_back(clean=clean)
