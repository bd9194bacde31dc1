"""Importing leads: rows a second, memory, and what a call notices of it.

`ROWS=1000000 make bench ARGS=leads_import` for the whole million, a file of some 60 MB; without, a tenth of
it. Each lead has a name, two numbers, a priority and two fields of its list; the numbers are compared with
the list's and with our own do-not-call list.
"""

import asyncio
import os
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from sqlalchemy import insert

from bench.importing import Figure, probes, watch
from contactcenter.crm import imports, readers
from contactcenter.crm.files import Files
from contactcenter.crm.import_values import BUSY, Import, State
from contactcenter.crm.importer import KIND, Importer
from contactcenter.crm.schema import lists
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.users import User, Users

ROWS = int(os.environ.get("ROWS", "100000"))


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
        now = time.time()
        row = {"id": "bench", "name": "bench", "version": 1, "created_at": now, "updated_at": now}
        await store.write(lambda db: db.execute(insert(lists).values(**row)) and None)
        async with files.receive(_content(), 1 << 30, by="admin") as received:
            files.keep(received, KIND, "bench")
        look = await importer.reading("bench").look()
        await store.write(
            imports.add, look, id_="bench", kind="lead", name="bench.csv", size=received.size,
            reader=known.reader, at=now, into="bench",
        )  # fmt: skip
        await store.write(imports.begin, "bench", State.RUNNING, reader=known.reader, at=now)
        writes: list[float] = []
        stalls: list[float] = []
        watching = [asyncio.create_task(probes(store, writes)), asyncio.create_task(watch(stalls))]
        began = time.perf_counter()
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
        ("leads: with two numbers and two fields each", float(ROWS), ""),
        ("leads: size of the file", received.size / 1e6, "MB"),
        ("leads: rows", ROWS / took_s, "1/s"),
        ("leads: the server's peak of memory", _peak_mb(resource.RUSAGE_SELF), "MB"),
        ("leads: peak of the process that reads the file", _peak_mb(resource.RUSAGE_CHILDREN), "MB"),
        ("leads: another write meanwhile, p50", statistics.median(writes) * 1000, "ms"),
        ("leads: another write meanwhile, p95", statistics.quantiles(writes, n=20)[18] * 1000, "ms"),
        ("leads: another write meanwhile, longest", max(writes) * 1000, "ms"),
        ("leads: stall of the loop, p95", statistics.quantiles(stalls, n=20)[18] * 1000, "ms"),
        ("leads: longest stall of the loop", max(stalls) * 1000, "ms"),
    ]


async def _content() -> AsyncIterator[bytes]:
    yield "姓名,手机,单位电话,优先级,产品,城市\r\n".encode()
    for first in range(0, ROWS, 1000):
        yield "".join(
            f"王小明{n},{13900000000 + n},010{60000000 + n},{n % 10},产品{n % 100},上海\r\n"
            for n in range(first, min(first + 1000, ROWS))
        ).encode()


def _peak_mb(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024
