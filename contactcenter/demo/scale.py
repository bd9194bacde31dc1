"""Demonstration data of any size: a year of a center, loaded in bulk and made findable."""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from contactcenter.crm import audit, customers, indexing, interactions, likeness, sealing, settings
from contactcenter.crm.access import CENTER
from contactcenter.crm.loading import Loading, loading, settle
from contactcenter.crm.passwords import Passwords
from contactcenter.crm.place import Place, name_of
from contactcenter.crm.store import Store
from contactcenter.demo.year import COLUMNS, DISPOSITIONS, FIRST_ACCOUNT, QUEUES, Sizes, Year
from contactcenter.values import AuditEntry, frozen

COMMIT_EVERY = 20
"""Pieces."""
FINDABLE = 5_000
"""Records that are made findable in one piece."""


class NotEmpty(Exception):
    """The store has records already. The message says what to do."""


@frozen
class Filled:
    """What was made."""

    customers: int
    interactions: int
    requests: int
    agents: int
    findable: int
    """Customers, requests and follow-ups."""
    loaded_s: float
    indexed_s: float


Show = Callable[[str, int, int], None]
"""Told what is being done, and how much of how much."""


async def fill(
    place: Place,
    key: Path,
    sizes: Sizes,
    *,
    seed: int,
    until: date,
    zone: str,
    region: str = "CN",
    password: str = "",
    add: bool = False,
    dispositions: tuple[str, ...] = DISPOSITIONS,
    queues: tuple[str, ...] = QUEUES,
    kinds: tuple[str, ...] = (),
    show: Show = lambda *_: None,
) -> Filled:
    """Fill a store that has no customers and no interactions, or, with `add`, any.

    `password` is all agents'; without one none of them may sign in. Raises `NotEmpty`, `StoreRefused`,
    `StoreUnavailable`, and `Refusal` for a password that is too short.
    """
    began = time.monotonic()
    store = await _opened(place, key, region)
    try:
        if not add and not await _is_empty(store):
            raise NotEmpty(
                f"{name_of(place)} has customers or interactions already, and made-up ones would stand among "
                "them for ever: name a new store, or say --add if you mean it"
            )
        keys = store.sealing
        if keys.usable:
            await store.write(sealing.remember, keys)
        await store.write(indexing.restart)
    finally:
        await store.close()

    def seal(plain: str, customer: str) -> tuple[str, str]:
        if not keys.usable:
            return "", ""
        return keys.sealed(plain, customers.ID_NUMBER, customer), keys.indexed(plain, customers.ID_NUMBER)

    year = Year(
        sizes, seed=seed, until=until, zone=ZoneInfo(zone), seal=seal, name_key=likeness.key,
        password=await Passwords().hash(password) if password else "!",
        dispositions=dispositions, queues=queues, kinds=kinds,
    )  # fmt: skip
    made_customers = made_interactions = 0
    async with loading(place) as load:
        for number, (new_customers, new_interactions, rows) in enumerate(year.rows(), 1):
            for table, columns in COLUMNS.items():
                await load.add(table, columns, rows[table])
            made_customers += new_customers
            made_interactions += new_interactions
            if number % COMMIT_EVERY == 0:
                await load.commit()
            if made_interactions:
                show("interactions", made_interactions, sizes.interactions)
            else:
                show("customers", made_customers, sizes.customers)
        await load.commit()
        loaded = time.monotonic()
        await load.run(settle)
        findable = made_customers + sum(year.requests.values()) + year.followups
        await _made_findable(load, findable, show)
        await load.run(settle)
    store = await _opened(place, key, region)
    try:
        await store.write(settings.put, "next_account", str(FIRST_ACCOUNT + year.accounts))
        for of, count in year.requests.items():
            await store.write(settings.put, f"next_request.{of}", str(count + 1))
        told = {"customers": made_customers, "interactions": made_interactions, "seed": seed}
        entry = AuditEntry(at=store.now(), login="center", act="load", kind="store", object="", detail=told)
        await store.write(audit.write, entry)
    finally:
        await store.close()
    return Filled(
        customers=made_customers, interactions=made_interactions, requests=sum(year.requests.values()),
        agents=sizes.agents, findable=findable, loaded_s=loaded - began, indexed_s=time.monotonic() - loaded,
    )  # fmt: skip


async def _opened(place: Place, key: Path, region: str) -> Store:
    return await Store.open(place, tell=lambda _: None, now=time.time, region=region, key=key)


async def _is_empty(store: Store) -> bool:
    some = await store.read(customers.page, limit=1)
    calls = await store.read(interactions.page, CENTER, limit=1)
    return not some.items and not calls.items


async def _made_findable(load: Loading, whole: int, show: Show) -> None:
    """As an open store would do, without leaving time for anybody else."""
    while await load.run(indexing.rebuild, FINDABLE):
        await load.commit()
        show("index", min(await load.run(indexing.count), whole), whole)
    show("index", whole, whole)
