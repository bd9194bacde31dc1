"""What the store's tests share: opening a real one, records to save, and waiting for what a store says."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from contactcenter.callbacks import CallbackRecord
from contactcenter.commands import SaveInteraction
from contactcenter.crm.store import Store
from contactcenter.events import CallbacksRestored, Event, FiguresRestored, InteractionsRestored
from contactcenter.values import InteractionRecord, TimelineEntry

JOURNAL = 128 << 10
"""Bytes: enough for tests, and quickly allocated."""


@cache
def _template() -> bytes:
    """A new database as `Store.open` makes it, made once: migrating takes longer than most tests."""

    async def make(path: Path) -> None:
        store = await Store.open(path, tell=lambda _: None, now=lambda: 0.0, journal_bytes=JOURNAL)
        await store.close()

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as thread:  # a loop of its own
        path = Path(folder) / "template.db"
        thread.submit(asyncio.run, make(path)).result()
        return path.read_bytes()


class Keeper:
    """Opens the store under test, with a clock that only moves when told, and keeps what it tells."""

    def __init__(self, path: Path, *, fresh: bool = True) -> None:
        self.path = path
        self.at = 1_000_000.0
        self.told: asyncio.Queue[Event] = asyncio.Queue()
        self._stores: list[Store] = []
        if fresh:
            path.write_bytes(_template())
            path.with_suffix(".clean").touch()

    async def open(self, *, journal_bytes: int = JOURNAL, region: str = "CN") -> Store:
        store = await Store.open(
            self.path,
            tell=self.told.put_nowait,
            now=lambda: self.at,
            journal_bytes=journal_bytes,
            region=region,
        )
        self._stores.append(store)
        return store

    async def restored(self) -> tuple[InteractionRecord, ...]:
        """What the store that was opened last told of open interactions."""
        await self.callbacks()
        event = await asyncio.wait_for(self.told.get(), 5)
        assert isinstance(event, InteractionsRestored)
        return event.records

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

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What another program sees in the file."""
        with sqlite3.connect(self.path) as db:
            found = db.execute(sql).fetchall()
        db.close()
        return found


def record(id_: str = "i1", **fields: Any) -> InteractionRecord:
    values = {"server": "a", "leg": f"leg-{id_}", "did": "4001", "caller": "13900000001", "arrived_at": 100.0}
    return InteractionRecord(id=id_, **values | fields)


def save(id_: str = "i1", *, said: tuple[str, ...] = (), **fields: Any) -> SaveInteraction:
    entries = tuple(TimelineEntry(at=100.0, kind=kind, detail={"n": 1}) for kind in said)
    return SaveInteraction(record=record(id_, **fields), entries=entries)


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
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
