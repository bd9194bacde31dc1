"""A year of a center: searching, histories, export, backup and restore, on SQLite and on PostgreSQL.

    make bench ARGS=year                                            5,000 customers, 20,000 interactions
    CUSTOMERS=1000000 INTERACTIONS=5000000 make bench ARGS=year     as large as you like
    YEAR=/somewhere make bench ARGS=year                            keeps the SQLite store there, or uses it
    ENGINES=sqlite BACKUP=no make bench ARGS=year                   without PostgreSQL, backup and restore

Each figure stands beside a yardstick on the same records in the same run: a record read by its id, a bare
SELECT, a copy of the file, `pg_dump`. PostgreSQL runs as the tests start it, without fsync.
"""

import asyncio
import csv
import gc
import io
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from contactcenter.crm import backup, customers, exports, history, readers, restore, search, words
from contactcenter.crm.access import Reader
from contactcenter.crm.archives import Archive, Sources
from contactcenter.crm.backup import Order
from contactcenter.crm.exports import Exported
from contactcenter.crm.place import Place, Server
from contactcenter.crm.schema import addresses, interactions, notes, requests
from contactcenter.crm.schema import customers as customers_table
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.tables import CsvSink
from contactcenter.crm.users import User, Users
from contactcenter.demo import scale
from contactcenter.demo.year import Sizes
from tests.support.postgresql import Cluster

Figure = tuple[str, float, str]
CUSTOMERS = int(os.environ.get("CUSTOMERS", "5000"))
INTERACTIONS = int(os.environ.get("INTERACTIONS", "20000"))
KEPT = os.environ.get("YEAR", "")
ENGINES = os.environ.get("ENGINES", "sqlite postgresql").split()
QUESTIONS = int(os.environ.get("QUESTIONS", "20"))
"""Of each sort, by each reader."""
BACKUP = os.environ.get("BACKUP", "yes") != "no"
EXPORTED = 5_000
"""Rows at most."""
ZONE = "Asia/Shanghai"
UNTIL = date(2026, 7, 1)
PASSWORD = "only for this run"


def bench() -> list[Figure]:
    """All figures; uses a temporary folder."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # as the server has it
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_bench(Path(folder)))


async def _bench(folder: Path) -> list[Figure]:
    figures: list[Figure] = []
    if "sqlite" in ENGINES:
        home = Path(KEPT) if KEPT else folder
        figures += await _engine("SQLite", home / "center.db", home / "personal.key", folder)
    if "postgresql" in ENGINES:
        server = Cluster()
        try:
            figures += await _engine(
                "PostgreSQL", server.empty(folder / "pg.db"), folder / "pg.key", folder, server
            )
        finally:
            server.close()
    return figures


async def _engine(
    name: str, place: Place, key: Path, folder: Path, cluster: Cluster | None = None
) -> list[Figure]:
    figures: list[Figure] = []
    if isinstance(place, Server) or not place.exists():
        made = await scale.fill(
            place, key, Sizes(customers=CUSTOMERS, interactions=INTERACTIONS), seed=1, until=UNTIL, zone=ZONE
        )
        figures += [
            ("loading: customers and interactions", (CUSTOMERS + INTERACTIONS) / made.loaded_s, "1/s"),
            ("loading: records made findable", made.findable / made.indexed_s, "1/s"),
        ]
    store = await Store.open(place, tell=lambda _: None, now=time.time, key=key)
    try:
        await store.indexed()
        counts = [await store.read(_count, table) for table in (customers_table, interactions)]
        figures = [("customers", float(counts[0]), ""), ("interactions", float(counts[1]), ""), *figures]
        who = await _readers(store)
        figures += await _searching(store, who)
        figures += await _histories(store, who["administrator"])
        figures += await _exporting(store, place, cluster)
    finally:
        await store.close()
    if BACKUP:
        figures += await _keeping(place, key, folder, cluster)
    return [(f"{name}: {what}", value, unit) for what, value, unit in figures]


def _count(db: Connection, table: Any) -> int:
    return int(db.scalar(select(func.count()).select_from(table)) or 0)


async def _readers(store: Store) -> dict[str, Reader]:
    """One who sees all, one who sees his team's, and one who sees his own."""
    users = Users(store, Sessions(store))
    for login, role in (("boss", "admin"), ("lead", "supervisor")):
        if await store.read(readers.of, login) is None:
            await users.create(User(login=login, name=login, role=role), PASSWORD)
    known = {login: await store.read(readers.of, login) for login in ("boss", "lead", "d0001")}
    found = {login: one.reader for login, one in known.items() if one}
    return {
        "administrator": found["boss"],
        "supervisor": replace(found["lead"], teams=("north",)),
        "agent": found["d0001"],
    }


# --- searching ---


async def _searching(store: Store, who: dict[str, Reader]) -> list[Figure]:
    dice = random.Random(7)
    asked = await store.read(_questions, dice)
    ids = await store.read(_ids, dice, 200)
    figures = []
    by_id = [await _timed(store.read(customers.record, id_)) for id_ in ids]
    figures += _latency("a customer by its id", by_id)
    everything: list[float] = []
    for role, reader in who.items():
        of_role: list[float] = []
        busy: list[float] = []
        for sort, questions in asked.items():
            took = []
            for question in questions:
                before = time.process_time()
                took.append(await _timed(store.read(search.find, reader, question)))
                busy.append(time.process_time() - before)
            of_role += took
            if os.environ.get("DETAIL"):
                figures += _latency(f"search, {role}: {sort}", took)
        everything += of_role
        figures += _latency(f"search, {role}", of_role)
        figures += _latency(f"search, {role}, the processor's time", busy)
    figures += _latency("search, all of these", everything)
    scan = [await _timed(store.read(_scan, question)) for question in asked["Chinese name"][:5]]
    figures.append(("names by LIKE, p50", statistics.median(scan) * 1000, "ms"))
    ratio = statistics.quantiles(everything, n=20)[18] / statistics.median(by_id)
    figures.append(("search p95 / a customer by its id", ratio, ""))
    return figures


def _ids(db: Connection, dice: random.Random, count: int) -> list[str]:
    """Some customers, from all over the table."""
    found: list[str] = []
    for _ in range(count):
        query = select(customers_table.c.id).where(customers_table.c.id >= f"{dice.getrandbits(64):016x}")
        found += db.scalars(query.order_by(customers_table.c.id).limit(1)).all()
    return found


def _questions(db: Connection, dice: random.Random) -> dict[str, list[str]]:
    """What is typed into the box, made from records that there are."""
    asked: dict[str, list[str]] = {
        each: []
        for each in (
            "Chinese name", "surname", "pinyin", "initials", "English name", "partial number", "whole number",
            "account", "request", "e-mail", "company", "words of a note", "name and digits", "not there",
        )
    }  # fmt: skip
    while min(map(len, asked.values())) < QUESTIONS:
        for id_ in _ids(db, dice, 200):
            row = db.execute(select(customers_table).where(customers_table.c.id == id_)).one()
            reached = db.execute(select(addresses).where(addresses.c.customer_id == id_)).all()
            phones = [each.value for each in reached if each.channel == "phone"]
            name = row.name
            if row.language == "zh" and row.kind == "person":
                sound = words.syllables(name)
                asked["Chinese name"].append(name)
                asked["surname"].append(name[:1])
                asked["pinyin"].append("".join(sound))
                asked["initials"].append("".join(each[:1] for each in sound))
                asked["name and digits"].append(f"{name[:2]} {phones[0][-4:]}")
            elif row.kind == "person":
                asked["English name"].append(name if dice.random() < 0.5 else name.split()[1][:4])
            if row.company:
                asked["company"].append(row.company[:4])
            asked["partial number"].append(phones[0][-dice.randint(4, 7) :])
            asked["whole number"].append(phones[0].removeprefix("+86"))
            asked["account"].append(row.number)
            asked["e-mail"] += [each.value.partition("@")[0] for each in reached if each.channel == "email"]
            asked["not there"].append(f"{name[::-1]}zzq")
        for text_ in db.scalars(select(notes.c.text).limit(500)):
            asked["words of a note"].append(text_[dice.randrange(4) :][:6].strip())
        asked["request"] += db.scalars(select(requests.c.number).limit(500)).all()
        for each in asked.values():
            dice.shuffle(each)
    return {sort: questions[:QUESTIONS] for sort, questions in asked.items()}


def _scan(db: Connection, question: str) -> int:
    """What it takes without an index."""
    query = select(func.count()).where(customers_table.c.name.like(f"%{question}%"))
    return int(db.scalar(query) or 0)


# --- histories ---


async def _histories(store: Store, reader: Reader) -> list[Figure]:
    """Of the customers with the most interactions: their histories are the longest."""
    busiest = await store.read(_busiest)
    first, deep, plain = [], [], []
    for customer in busiest:
        plain.append(await _timed(store.read(_plain_history, customer)))
        first.append(await _timed(store.read(history.page, customer, reader)))
        cursor = ""
        for _ in range(20):
            began = time.perf_counter()
            page = await store.read(history.page, customer, reader, cursor=cursor)
            if not page.next:
                break
            took, cursor = time.perf_counter() - began, page.next
        deep.append(took)
    longest = await store.read(_entries, busiest[0])
    return [
        ("longest history, interactions", float(longest), ""),
        *_latency("first page of a history", first),
        *_latency("twentieth page, or the last but one", deep),
        (
            "first page / a bare SELECT of 50 interactions, p50",
            statistics.median(first) / statistics.median(plain),
            "",
        ),
    ]


def _busiest(db: Connection) -> list[str]:
    query = (
        select(interactions.c.customer)
        .group_by(interactions.c.customer)
        .order_by(func.count().desc())
        .limit(100)
    )
    return list(db.scalars(query))


def _entries(db: Connection, customer: str) -> int:
    return int(db.scalar(select(func.count()).where(interactions.c.customer == customer)) or 0)


def _plain_history(db: Connection, customer: str) -> int:
    query = select(interactions).where(interactions.c.customer == customer)
    return len(db.execute(query.order_by(interactions.c.arrived_at.desc()).limit(50)).all())


# --- export ---


async def _exporting(store: Store, place: Place, cluster: Cluster | None) -> list[Figure]:
    figures = []
    for what, table in ((Exported.CUSTOMERS, "customers"), (Exported.INTERACTIONS, "interactions")):
        began, count, size, cursor = time.perf_counter(), 0, 0, ""
        sink = CsvSink(mark=True)
        while count < EXPORTED:
            rows = await store.read(exports.page, what, "boss", {}, zone=ZONE, language="zh", cursor=cursor)
            size += len(sink.rows(rows.rows))
            count += len(rows.rows)
            if not (cursor := rows.next):
                break
        rate = count / (time.perf_counter() - began)
        bare = await asyncio.to_thread(_bare_export, place, cluster, table)
        figures += [
            (f"export of {table}", rate, "1/s"),
            (f"export of {table} / SELECT and csv.writer", rate / bare, ""),
        ]
    return figures


def _bare_export(place: Place, cluster: Cluster | None, table: str) -> float:
    began = time.perf_counter()
    query = f"SELECT * FROM {table} LIMIT {EXPORTED}"
    if isinstance(place, Server):
        assert cluster is not None
        rows: Sequence[Any] = cluster.sql(place.url.split("/")[3].split("?")[0], query)
    else:
        with sqlite3.connect(place) as db:
            rows = db.execute(query).fetchall()
        db.close()
    csv.writer(io.StringIO()).writerows(rows)
    return len(rows) / (time.perf_counter() - began)


# --- backup and restore ---


async def _keeping(place: Place, key: Path, folder: Path, cluster: Cluster | None) -> list[Figure]:
    def sources(store: Place) -> Sources:
        return Sources(
            store=store, key=key, files=folder / "files", recordings=folder / "recordings",
            recordings_key=folder / "recordings.key",
        )  # fmt: skip

    backups = folder / "backups"
    made = await backup.make(Order(sources=sources(place), folder=backups, at=time.time()))
    size = made.manifest.database.bytes
    yardstick = await asyncio.to_thread(_plain_copy, place, folder)
    began = time.perf_counter()
    restored = folder / "restored" / "center.db"
    with Archive(backups / made.name) as archive:
        target: Place = restored
        if isinstance(place, Server):
            assert cluster is not None
            target = cluster.empty(restored)
        await restore.restore(archive, sources(target))
    restored_s = time.perf_counter() - began
    shutil.rmtree(backups)
    shutil.rmtree(restored.parent, ignore_errors=True)
    beside = "pg_dump" if isinstance(place, Server) else "cp and fsync"
    return [
        ("the database", size / 1e6, "MB"),
        ("its backup", made.bytes / 1e6, "MB"),
        ("backup, verified by restoring it", made.seconds, "s"),
        ("restore", restored_s, "s"),
        (f"backup / {beside}", made.seconds / yardstick, ""),
        (f"restore / {beside}", restored_s / yardstick, ""),
    ]


def _plain_copy(place: Place, folder: Path) -> float:
    """How long the plainest copy takes, without looking at what was copied."""
    to = folder / "copy"
    began = time.perf_counter()
    if isinstance(place, Server):
        subprocess.run(["pg_dump", "--format=custom", f"--file={to}", place.url], check=True)
    else:
        with place.open("rb") as source, to.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
            copy.flush()
            os.fsync(copy.fileno())
    took = time.perf_counter() - began
    to.unlink()
    return took


async def _timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


def _latency(name: str, took: list[float]) -> list[Figure]:
    return [
        (f"{name}, p50", statistics.median(took) * 1000, "ms"),
        (f"{name}, p95", statistics.quantiles(took, n=20)[18] * 1000, "ms"),
    ]
