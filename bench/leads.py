"""A campaign's leads: how long a refill of the hopper takes, and the last question before a call.

`LEADS=1000000 make bench ARGS=leads` for the whole million; without, a hundredth of it. `ENGINES=sqlite` for
one of the two engines.
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from contactcenter.crm import attempts, caller_ids, campaigns, hopper, leads, lists, loading, shelves
from contactcenter.crm.lists import NewList
from contactcenter.crm.place import Place
from contactcenter.crm.store import Store
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.campaigns import Campaign, ListShare, Mode
from contactcenter.dialer.leads import Lead
from contactcenter.dialer.recycling import Rule
from tests.support.postgresql import Cluster

Figure = tuple[str, float, str]
LEADS = int(os.environ.get("LEADS", "10000"))
ENGINES = os.environ.get("ENGINES", "sqlite postgresql").split()
REFILLS = 40
MANY = 200
"""Leads of one refill."""
CALLS = 400
NOON = datetime(2026, 3, 3, 12, tzinfo=ZoneInfo("America/New_York")).timestamp()
"""Nine in the morning in Los Angeles, six in Honolulu."""
OURS = "+12125550100"
PLACES = tuple(
    (zone, region)
    for zone, regions in (
        ("America/New_York", "US-NY US-NJ US-PA US-GA US-NC US-FL US-VA US-MA US-OH US-MI"),
        ("America/Chicago", "US-IL US-TX US-MN US-WI US-MO US-LA US-AL US-IA US-KS US-OK"),
        ("America/Denver", "US-CO US-UT US-NM US-MT US-WY"),
        ("America/Los_Angeles", "US-CA US-WA US-OR US-NV"),
        ("Pacific/Honolulu", "US-HI"),
    )
    for region in regions.split()
)
WEIGHTS = (3, 1)
"""Of the campaign's two lists, which have the same number of leads."""
BATCH = 20_000
_LEAD = (
    "id", "list", "name", "priority", "state", "shelf", "due_at", "next_number", "fields", "consent",
    "version", "created_at", "updated_at",
)  # fmt: skip
_NUMBER = ("lead", "position", "number", "kind", "zones", "regions")


def bench() -> Iterator[Figure]:
    """All figures; uses temporary folders."""
    for engine in ENGINES:
        with tempfile.TemporaryDirectory() as folder:
            cluster = Cluster() if engine == "postgresql" else None
            try:
                beside = Path(folder) / "center.db"
                place: Place = cluster.empty(beside) if cluster else beside
                for what, value, unit in asyncio.run(_engine(place)):
                    yield f"{engine}: {what}", value, unit
            finally:
                if cluster:
                    cluster.close()


async def _engine(place: Place) -> list[Figure]:
    made, ids = await _set_up(place)
    began = time.perf_counter()
    async with loading.loading(place) as into:
        await _load(into, ids)
        await into.run(loading.settle)
    loaded_s = time.perf_counter() - began
    store = await Store.open(place, tell=lambda _: None, now=lambda: NOON)
    try:
        return [
            ("leads", float(LEADS), ""),
            ("loading, a number each: leads", LEADS / loaded_s, "1/s"),
            *await _refills(store, made),
            *await _begins(store, made),
            *await _counts(store, ids),
        ]
    finally:
        await store.close()


async def _set_up(place: Place) -> tuple[Campaign, list[str]]:
    """A campaign of two lists, for which the national list is not asked."""
    store = await Store.open(place, tell=lambda _: None, now=lambda: NOON)
    try:
        await store.write(caller_ids.put, OURS, verified=True, note="bench", at=NOON - 9)
        made = [
            await store.write(lists.create, NewList(name=f"list {n}", consent="form 7"), at=NOON - 9)
            for n, _ in enumerate(WEIGHTS)
        ]
        shares = tuple(
            ListShare(list=each.id, weight=weight) for each, weight in zip(made, WEIGHTS, strict=True)
        )
        campaign = Campaign(
            id="", name="bench", mode=Mode.PREDICTIVE, profile="US", queue="sales", lists=shares,
            trunk="main", caller_ids=(OURS,), message="We are …", marketing=False,
            rules={"busy": Rule(after_s=600, limit=9)},
        )  # fmt: skip
        row = await store.write(campaigns.create, campaign, at=NOON - 9)
        await store.write(campaigns.save_state, row.campaign.id, "running", by="bench", at=NOON - 9)
        return row.campaign, [each.id for each in made]
    finally:
        await store.close()


async def _load(into: loading.Loading, ids: list[str]) -> None:
    random = Random(5)
    for begin in range(0, LEADS, BATCH):
        rows, numbers = [], []
        for n in range(begin, min(begin + BATCH, LEADS)):
            lead, number = _lead(random, n, ids)
            rows.append(lead)
            numbers.append(number)
        await into.add("leads", _LEAD, rows)
        await into.add("lead_numbers", _NUMBER, numbers)


def _lead(random: Random, n: int, ids: list[str]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Half of them were tried before, and are due some time around now."""
    id_ = leads.new_id(NOON - LEADS + n)
    zone, region = random.choice(PLACES)
    priority = random.choice((0, 0, 0, 0, 0, 1, 1, 5, 9))
    due_at = NOON - 9.0 if random.random() < 0.5 else NOON + random.uniform(-86_400, 86_400)
    shelf = shelves.shelf_of(priority, (zone,), (region,))
    fields = json.dumps({"plan": "gold", "since": "2019"})
    lead = (
        id_, ids[n % len(ids)], f"Lead {n}", priority, "due", shelf, due_at, 0, fields, "", 1, NOON - 9,
        NOON - 9,
    )  # fmt: skip
    return lead, (id_, 0, f"+1{2_000_000_000 + n}", "mobile", json.dumps([zone]), json.dumps([region]))


async def _refills(store: Store, campaign: Campaign) -> list[Figure]:
    took, found = [], []
    for n in range(REFILLS + 2):
        began = time.perf_counter()
        some = (await store.write(hopper.lease, campaign.id, MANY, NOON + n)).leads
        if n > 1:  # the first ones compile the statements and read the pages
            took.append((time.perf_counter() - began) * 1000)
        found.append(len(some))
        for each in some:
            if each.numbers[0].zones == ("Pacific/Honolulu",):
                raise ValueError(each)
        # Most are dialled; these here go back, so that a small bench does not run dry.
        await store.write(hopper.give_back, [each.id for each in some])
    return [
        (f"refill of {MANY} leads, committed, p50", statistics.median(took), "ms"),
        (f"refill of {MANY} leads, committed, p95", _p95(took), "ms"),
        ("leads of a refill", statistics.mean(found), ""),
    ]


async def _begins(store: Store, campaign: Campaign) -> list[Figure]:
    begins, ends = [], []
    some: list[Lead] = []
    while len(some) < min(CALLS, LEADS // 10):
        some += (await store.write(hopper.lease, campaign.id, MANY, NOON)).leads
    for lead in some[:CALLS]:
        record = AttemptRecord(
            id=leads.new_id(NOON), campaign=campaign.id, list=lead.list, lead=lead.id,
            number=lead.numbers[0].number, position=0, shows=OURS, mode="predictive", profile="US",
            trunk="main", state="saved", saved_at=NOON,
        )  # fmt: skip
        began = time.perf_counter()
        begun = await store.write(attempts.begin, record, NOON)
        begins.append((time.perf_counter() - began) * 1000)
        if begun.refusal:
            raise ValueError(begun)
        over = replace(
            begun.record, state="over", outcome="busy", placed_at=NOON, ended_at=NOON + 9, cause=17
        )
        began = time.perf_counter()
        await store.write(attempts.keep, (over,))
        ends.append((time.perf_counter() - began) * 1000)
    return [
        ("the last question and the attempt's row, committed, p50", statistics.median(begins), "ms"),
        ("the last question and the attempt's row, committed, p95", _p95(begins), "ms"),
        ("an attempt's end, with its lead settled, committed, p50", statistics.median(ends), "ms"),
    ]


async def _counts(store: Store, ids: list[str]) -> list[Figure]:
    began = time.perf_counter()
    found = await store.read(lists.get, ids[0], at=NOON)
    took = (time.perf_counter() - began) * 1000
    if found is None:
        raise LookupError(ids[0])
    return [("counting one list's leads by their states", took, "ms")]


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
