"""The store's speed: what a commit costs, beside plain sqlite3 on the same disk in the same run."""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

from contactcenter.commands import SaveInteraction
from contactcenter.crm import customers, settings
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.store import Store
from contactcenter.values import InteractionRecord, TimelineEntry

Figure = tuple[str, float, str]
COMMITS = 200
INTERACTIONS = 2000
"""Each saved twice, with a line of timeline each time: four statements."""


def bench() -> list[Figure]:
    """All figures; takes some seconds, and uses a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        return [*_plain(Path(folder)), *asyncio.run(_store(Path(folder)))]


def _plain(folder: Path) -> list[Figure]:
    db = sqlite3.connect(folder / "plain.db", isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        took = []
        for n in range(COMMITS):
            began = time.perf_counter()
            db.execute("INSERT INTO settings VALUES (?, ?)", (f"n{n}", "x"))
            took.append(time.perf_counter() - began)
    finally:
        db.close()
    return _latency("sqlite3: durable single-row commit", took)


async def _store(folder: Path) -> list[Figure]:
    began = time.perf_counter()
    store = await _open(folder)
    figures = [("store: open a new database", (time.perf_counter() - began) * 1000, "ms")]
    try:
        took = [await _timed(store.write(settings.put, f"n{n}", "x")) for n in range(COMMITS)]
        figures += _latency("store: durable single-row commit", took)

        began = time.perf_counter()
        await asyncio.gather(*(store.write(settings.put, f"m{n}", "x") for n in range(1000)))
        figures.append(
            ("store: writes that wait, 1,000 at once", 1000 / (time.perf_counter() - began), "1/s")
        )

        stalls: list[float] = []
        watch = asyncio.create_task(_watch(stalls))
        began, cpu = time.perf_counter(), time.process_time()
        for final in (False, True):
            for n in range(INTERACTIONS):
                store.carry(_save(n, final=final))
                if n % 20 == 0:
                    await asyncio.sleep(0)  # as they come in life: not all in one turn of the loop
        await store.settled()
        watch.cancel()
        took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        figures.append(("store: interactions saved", 2 * INTERACTIONS / took_s, "1/s"))
        figures.append(("store: statements of those", 4 * INTERACTIONS / took_s, "1/s"))
        figures.append(("store: longest stall of the loop meanwhile", max(stalls[1:]) * 1000, "ms"))
        figures.append(("store: processor time per save", cpu_s / INTERACTIONS / 2 * 1e6, "µs"))

        new = [NewCustomer(name=f"n{n}", phones=(f"154{n:08}",)) for n in range(10_000)]
        for first in range(0, len(new), 1000):  # a write is given up after 5 s
            await store.write(customers.create_many, new[first : first + 1000], at=0.0)
        took = [await _timed(store.find_customer(f"154{n:08}")) for n in range(COMMITS)]
        figures += _latency("store: caller's number to customer, of 10,000", took)
    finally:
        await store.close()
    began = time.perf_counter()
    store = await _open(folder)
    figures.append(("store: open an existing database", (time.perf_counter() - began) * 1000, "ms"))
    await store.close()
    return figures


async def _watch(stalls: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        stalls.append(time.perf_counter() - began - 0.001)


async def _open(folder: Path) -> Store:
    return await Store.open(folder / "center.db", tell=lambda event: None, now=time.time)


async def _timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


def _save(n: int, *, final: bool) -> SaveInteraction:
    record = InteractionRecord(
        id=f"i{n}", server="a", leg=f"l{n}", did="4001", caller="13900000001", queue="support",
        arrived_at=float(n), final=final,
    )  # fmt: skip
    return SaveInteraction(
        record=record, entries=(TimelineEntry(at=float(n), kind="x", detail={"queue": "support"}),)
    )


def _latency(name: str, took: list[float]) -> list[Figure]:
    cuts = statistics.quantiles(took, n=20)
    return [
        (f"{name}, p50", statistics.median(took) * 1000, "ms"),
        (f"{name}, p95", cuts[18] * 1000, "ms"),
        (f"{name}, rate", len(took) / sum(took), "1/s"),
    ]


if __name__ == "__main__":
    for name, value, unit in bench():
        print(f"{name:55} {value:10.1f} {unit}")
