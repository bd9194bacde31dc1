"""What the store's tests share: opening a real one, records to save, and waiting for what a store says."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from asyncpg import IntegrityConstraintViolationError
from sqlalchemy import event
from sqlalchemy.engine import Engine

from contactcenter.callbacks import CallbackRecord
from contactcenter.commands import SaveInteraction
from contactcenter.crm.place import Place, Server
from contactcenter.crm.store import Store
from contactcenter.events import (
    AttemptsRestored,
    CallbacksRestored,
    CampaignsRestored,
    Event,
    FiguresRestored,
    InteractionsRestored,
)
from contactcenter.values import InteractionRecord, TimelineEntry
from tests.support.postgresql import Cluster, cluster, in_thread, name_of

JOURNAL = 128 << 10
"""Bytes: enough for tests, and quickly allocated."""
REFUSED = (sqlite3.IntegrityError, IntegrityConstraintViolationError)
"""What another program meets that breaks one of the database's laws."""


@cache
def _template() -> bytes:
    """A new database as `Store.open` makes it, made once: migrating takes longer than most tests."""

    async def make() -> None:
        store = await Store.open(path, tell=lambda _: None, now=lambda: 0.0, journal_bytes=JOURNAL)
        await store.close()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        in_thread(make)
        return path.read_bytes()


class Keeper:
    """Opens the store under test, with a clock that only moves when told, and keeps what it tells."""

    def __init__(
        self, path: Path, *, engine: str = "sqlite", fresh: bool = True, server: Cluster | None = None
    ) -> None:
        self.path = path
        """The file; on a server, what stands beside it only: journal and lock."""
        self.engine = engine
        self.place: Place = path
        self.at = 1_000_000.0
        self.drift = 0.0
        """How far that clock is from the machine's."""
        self.told: asyncio.Queue[Event] = asyncio.Queue()
        self._stores: list[Store] = []
        self._own = server
        if engine == "postgresql":
            self.place = self._server.fresh(path) if fresh else self._server.empty(path)
        elif fresh:
            path.write_bytes(_template())
            path.with_suffix(".clean").touch()

    @property
    def _server(self) -> Cluster:
        return self._own or cluster()

    @property
    def database(self) -> str:
        """The name of the database on its server."""
        assert isinstance(self.place, Server)
        return name_of(self.place)

    async def open(self, *, journal_bytes: int = JOURNAL, region: str = "CN") -> Store:
        store = await Store.open(
            self.place,
            tell=self.told.put_nowait,
            now=lambda: self.at,
            drift=lambda: self.drift,
            journal_bytes=journal_bytes,
            region=region,
        )
        self._stores.append(store)
        return store

    async def restored(self) -> tuple[InteractionRecord, ...]:
        """What the store that was opened last told of open interactions."""
        await self.outgoing()
        event = await asyncio.wait_for(self.told.get(), 5)
        assert isinstance(event, InteractionsRestored)
        return event.records

    async def outgoing(self) -> tuple[CampaignsRestored, AttemptsRestored]:
        """What the store that was opened last told of campaigns and attempts."""
        await self.callbacks()
        running, open_ones = [await asyncio.wait_for(self.told.get(), 5) for _ in range(2)]
        assert isinstance(running, CampaignsRestored)
        assert isinstance(open_ones, AttemptsRestored)
        return running, open_ones

    async def callbacks(self) -> tuple[CallbackRecord, ...]:
        """What the store that was opened last told of open callbacks."""
        await self.figures()
        event = await asyncio.wait_for(self.told.get(), 5)
        assert isinstance(event, CallbacksRestored)
        return event.records

    async def figures(self) -> FiguresRestored:
        """What the store that was opened last told of figures, before anything else."""
        event = await asyncio.wait_for(self.told.get(), 5)
        assert isinstance(event, FiguresRestored)
        return event

    def journal(self) -> bytes:
        """The journal as it stands on the disk."""
        return self.path.with_suffix(".journal").read_bytes()

    async def close(self) -> None:
        while self._stores:
            await self._stores.pop().close()

    async def discard(self) -> None:
        """Close everything, and leave no database on the server."""
        await self.close()
        if isinstance(self.place, Server):
            self._server.drop(self.database)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What another program sees there, or does: `REFUSED` is what the database's laws raise."""
        if isinstance(self.place, Server):
            return self._server.sql(self.database, sql)
        with sqlite3.connect(self.path) as db:
            found = db.execute(sql).fetchall()
        db.close()
        return found

    @contextmanager
    def locked(self) -> Iterator[Callable[[], None]]:
        """The database takes no writes, as another program will have it, until the given function is called.

        Reading goes on.
        """
        if isinstance(self.place, Server):
            with self._read_only() as release:
                yield release
            return
        other = sqlite3.connect(self.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield lambda: other.execute("ROLLBACK") and None  # type: ignore[func-returns-value]
        finally:
            other.close()

    @contextmanager
    def _read_only(self) -> Iterator[Callable[[], None]]:
        def release() -> None:
            self._server.sql(
                "postgres", f'ALTER DATABASE "{self.database}" RESET default_transaction_read_only'
            )
            cut_off(self.database)

        self._server.sql(
            "postgres", f'ALTER DATABASE "{self.database}" SET default_transaction_read_only = on'
        )
        cut_off(self.database)
        try:
            yield release
        finally:
            release()


def cut_off(database: str, server: Cluster | None = None) -> int:
    """End the writing connections to the database, as an administrator can; answers how many there were."""
    ended = (server or cluster()).sql(
        "postgres",
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = $1 AND application_name LIKE 'contactcenter writes%'",
        database,
    )
    return len(ended)


def record(id_: str = "i1", **fields: Any) -> InteractionRecord:
    values = {"server": "a", "leg": f"leg-{id_}", "did": "4001", "caller": "13900000001", "arrived_at": 100.0}
    return InteractionRecord(id=id_, **values | fields)


def save(id_: str = "i1", *, said: tuple[str, ...] = (), **fields: Any) -> SaveInteraction:
    entries = tuple(TimelineEntry(at=100.0, kind=kind, detail={"n": 1}) for kind in said)
    return SaveInteraction(record=record(id_, **fields), entries=entries)


class Asked:
    """While it is open: what is asked of SQLite, each statement once, with some of its values."""

    def __init__(self) -> None:
        self._asked: dict[str, Any] = {}

    def __enter__(self) -> "Asked":
        event.listen(Engine, "before_cursor_execute", self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "before_cursor_execute", self._listen)

    def _listen(self, _: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        self._asked[statement] = parameters[0] if many else parameters

    def plans(self, path: Path) -> dict[str, list[str]]:
        """How SQLite looks for what was asked, by statement; the store is closed."""
        with closing(sqlite3.connect(path)) as db:
            return {
                statement: [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
                for statement, parameters in self._asked.items()
                if statement.startswith(("SELECT", "UPDATE", "DELETE"))
            }


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(seconds):
        # Health is asked for; it doesn't call.
        while not condition():
            await asyncio.sleep(0.01)


async def degraded(store: Store) -> None:
    """Wait until the store knows that the database takes no writes."""
    await until(lambda: bool(store.health()["degraded"]))


async def recovered(store: Store) -> None:
    """Wait until everything is written."""
    await until(lambda: not store.health()["degraded"] and store.health()["waiting"] == 0)
