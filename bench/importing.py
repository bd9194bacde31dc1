"""Importing customers: rows a second, memory, and what a call notices of it.

`ROWS=1000000 make bench ARGS=importing` for the whole million; without, a hundredth of it.
"""

import asyncio
import os
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from contactcenter.crm import imports, readers, settings
from contactcenter.crm.files import Files
from contactcenter.crm.import_values import BUSY, Import, State
from contactcenter.crm.importer import KIND, Importer
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.users import User, Users

Figure = tuple[str, float, str]
ROWS = int(os.environ.get("ROWS", "10000"))
PROBE_S = 0.2
"""How often something else is written meanwhile."""


def bench() -> list[Figure]:
    """All figures; uses a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_bench(Path(folder)))


async def _bench(folder: Path) -> list[Figure]:
    store = await Store.open(folder / "bench.db", tell=lambda event: None, now=time.time)
    files = Files(folder / "files", store.sealing)
    over = asyncio.Event()

    def show(one: Import) -> None:
        if one.state not in BUSY:
            over.set()

    importer = Importer(store, files, zone="Asia/Shanghai", days=1, show=show)
    try:
        await Users(store, Sessions(store)).create(User(login="admin", name="admin", role="admin"), "x" * 12)
        known = await store.read(readers.of, "admin")
        if known is None:
            raise LookupError("admin")
        async with files.receive(_content(), 1 << 30, by="admin") as received:
            files.keep(received, KIND, "bench")
        began = time.perf_counter()
        look = await importer.reading("bench").look()
        looked_s = time.perf_counter() - began
        await store.write(
            imports.add, look, id_="bench", kind="customer", name="bench.csv", size=received.size,
            reader=known.reader, at=time.time(),
        )  # fmt: skip
        await store.write(imports.begin, "bench", State.RUNNING, reader=known.reader, at=time.time())
        idle = [await _probe(store) for _ in range(25)]
        writes: list[float] = []
        stalls: list[float] = []
        watching = [asyncio.create_task(probes(store, writes)), asyncio.create_task(watch(stalls))]
        before, began = _peak_mb(resource.RUSAGE_SELF), time.perf_counter()
        importer.start()
        await over.wait()
        took_s = time.perf_counter() - began
        for each in watching:
            each.cancel()
        one = await store.read(imports.get, "bench", known.reader)
        if one is None or one.created != ROWS:
            raise ValueError(one)
    finally:
        await importer.stop()
        await store.close()
    return [
        ("import: customers with a phone, an e-mail and a tag each", float(ROWS), ""),
        ("import: looking at the file and counting its rows", looked_s, "s"),
        ("import: rows", ROWS / took_s, "1/s"),
        ("import: the server's memory before", before, "MB"),
        ("import: its peak", _peak_mb(resource.RUSAGE_SELF), "MB"),
        ("import: peak of the process that reads the file", _peak_mb(resource.RUSAGE_CHILDREN), "MB"),
        ("import: another write without it, p50", statistics.median(idle) * 1000, "ms"),
        ("import: another write meanwhile, p50", statistics.median(writes) * 1000, "ms"),
        ("import: another write meanwhile, p95", statistics.quantiles(writes, n=20)[18] * 1000, "ms"),
        ("import: another write meanwhile, longest", max(writes) * 1000, "ms"),
        ("import: stall of the loop, p95", statistics.quantiles(stalls, n=20)[18] * 1000, "ms"),
        ("import: longest stall of the loop", max(stalls) * 1000, "ms"),
    ]


async def _content() -> AsyncIterator[bytes]:
    yield "姓名,手机,邮箱,公司,标签\r\n".encode()
    for first in range(0, ROWS, 1000):
        yield "".join(
            f"王小明{n},{13900000000 + n},a{n}@example.com,某某公司{n % 1000},vip\r\n"
            for n in range(first, min(first + 1000, ROWS))
        ).encode()


async def probes(store: Store, took: list[float]) -> None:
    """Write something else now and then, until it is cancelled."""
    while True:
        took.append(await _probe(store))
        await asyncio.sleep(PROBE_S)


async def _probe(store: Store) -> float:
    began = time.perf_counter()
    await store.write(settings.put, "probe", str(began))
    return time.perf_counter() - began


async def watch(stalls: list[float]) -> None:
    """See how much later than it should the loop comes back, until it is cancelled."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        stalls.append(time.perf_counter() - began - 0.005)


def _peak_mb(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024
