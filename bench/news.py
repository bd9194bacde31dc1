"""News of changed records: what a write costs the server with a hundred pages open, and how soon they know.

The pages are a process of their own, so that the processor time is the server's alone.
"""

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Awaitable, Callable
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from contactcenter.config import load
from contactcenter.configurator import Configurator
from contactcenter.crm import customers, records, requests, teams, users
from contactcenter.crm.access import CENTER
from contactcenter.crm.accounts import AccountChange
from contactcenter.crm.accounts import change as change_account
from contactcenter.crm.archives import Sources
from contactcenter.crm.customers import CustomerChange, NewCustomer
from contactcenter.crm.files import Files
from contactcenter.crm.keeper import Keeper, Wishes
from contactcenter.crm.requests import NewRequest
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.users import User, UserChange, Users
from contactcenter.http.server import HttpServer
from contactcenter.http.settings import HttpSettings
from contactcenter.standalone import CONFIG

Figure = tuple[str, float, str]
PAGES, TEAMS = 100, 5
WRITES, EVERY_S = 40, 0.5
"""Two writes a second are 7,200 an hour: seventy for each of a hundred agents."""
ZONE = ZoneInfo("UTC")
CPU = "ms of processor time"
Heard = tuple[float, list[str]]
"""When, in seconds since the epoch; of which records."""


def bench() -> list[Figure]:
    """All figures; uses a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_bench(Path(folder)))


async def _bench(folder: Path) -> list[Figure]:
    store = await Store.open(folder / "bench.db", tell=lambda event: None, now=time.time)
    try:
        ids = await _furnish(store)
        sessions = Sessions(store)
        secrets = [(await sessions.create(f"agent{n}"))[0] for n in range(PAGES)]
        server = await _server(folder, store, sessions)
        try:
            return await _measure(store, server, secrets, ids)
        finally:
            await server.stop()
    finally:
        await store.close()


async def _furnish(store: Store) -> list[str]:
    """A center of agents in teams, each with customers and requests of its own; answers customers."""
    accounts = [(User(login=f"agent{n}", name=f"agent{n}", role="agent"), "none") for n in range(PAGES)]
    await store.write(users.insert_all, accounts, time.time())
    for n in range(TEAMS):
        await store.write(teams.put, f"t{n}", {"zh": f"{n}", "en": f"{n}"}, by=CENTER, at=1.0)
    for n in range(PAGES):
        to = AccountChange(user=UserChange(), teams=(f"t{n % TEAMS}",))
        await store.write(change_account, f"agent{n}", to, by=CENTER, at=1.0)
    news = [NewCustomer(name=f"c{n}", team=f"t{n % TEAMS}") for n in range(1000)]
    ids = list(await store.write(customers.create_many, news, at=1.0))
    for n in range(250):
        new = NewRequest(customer=ids[n], subject=f"r{n}", owner="", team=f"t{n % TEAMS}")
        await store.write(requests.create, new, at=1.0, zone=ZONE)
    return ids


async def _server(folder: Path, store: Store, sessions: Sessions) -> HttpServer:
    def tell(event: object) -> None:
        pass

    configurator = Configurator(load(CONFIG), store, tell=tell, changed=lambda *_: None)
    await configurator.open()
    sources = Sources(
        store=folder / "bench.db", key=folder / "bench.key", files=folder / "files",
        recordings=folder / "recordings", recordings_key=folder / "recordings.key",
    )  # fmt: skip
    server = HttpServer(
        tell=tell, now=time.time, store=store, users=Users(store, sessions), configurator=configurator,
        sessions=sessions, settings=HttpSettings(port=0), ready=dict,
        files=Files(folder / "files", store.sealing),
        keeper=Keeper(store, sources, wishes=Wishes(folder=folder), zone=lambda: ZONE),
    )  # fmt: skip
    await server.start()
    return server


async def _measure(store: Store, server: HttpServer, secrets: list[str], ids: list[str]) -> list[Figure]:
    async def change(n: int) -> None:
        await store.write(customers.change, ids[n], CustomerChange(tier=f"{time.time()}"), at=time.time())

    async def imported(n: int) -> None:
        some = [NewCustomer(name=f"i{n} {at}", team="t0") for at in range(100)]
        await store.write(customers.create_many, some, at=time.time(), act=records.IMPORT)

    async def assigned(n: int) -> None:
        await store.write(customers.assign, ids[:500], owner=f"agent{n}", at=time.time())

    nothing = await _cost(lambda n: asyncio.sleep(0), WRITES)
    alone = await _cost(change, WRITES)
    rows_alone, many_alone = await _cost(imported, WRITES), await _cost(assigned, 4)
    spawn = multiprocessing.get_context("spawn")
    heard: Queue[Heard] = spawn.Queue()
    pages = spawn.Process(target=_listen, args=(server.url, secrets, heard), daemon=True)
    pages.start()
    try:
        await asyncio.to_thread(heard.get)  # all listen
        open_ = await _cost(lambda n: asyncio.sleep(0), WRITES)
        began: dict[str, float] = {}

        async def timed(n: int) -> None:
            began[ids[n]] = time.time()
            await change(n)

        told = await _cost(timed, WRITES)
        late = _late(began, _drain(heard))
        rows = await _cost(imported, WRITES)
        hints = sum(len(some) for _, some in _drain(heard))
        many = await _cost(assigned, 4)
        reads = await _reads(server, secrets[0])
    finally:
        pages.terminate()
        pages.join()
    return [
        ("news: a write, no page open", alone - nothing, CPU),
        (f"news: {PAGES} idle pages, in a second", (open_ - nothing) / EVERY_S, CPU),
        (f"news: a write, {PAGES} pages open of which {PAGES // TEAMS} see it", told - open_, CPU),
        ("news: from the write to the last page that sees it, p50", late[len(late) // 2] * 1000, "ms"),
        ("news: the same, longest", late[-1] * 1000, "ms"),
        ("news: 100 imported rows, no page open", rows_alone - nothing, CPU),
        (f"news: the same, with {PAGES} pages", rows - open_, CPU),
        (f"news: hints of {100 * WRITES} imported rows, to a page", hints * TEAMS / PAGES, ""),
        ("news: 500 customers assigned, no page open", many_alone - nothing, CPU),
        (f"news: the same, with {PAGES} pages", many - open_, CPU),
        *((f"news: {what} read again, with the client's part", cost, CPU) for what, cost in reads.items()),
    ]  # fmt: skip


async def _cost(work: Callable[[int], Awaitable[Any]], times: int) -> float:
    """Milliseconds of this process's processor time that one of these costs, with all that comes of it."""
    began = time.process_time()
    for n in range(times):
        await work(n)
        await asyncio.sleep(EVERY_S)
    return (time.process_time() - began) * 1000 / times


async def _reads(server: HttpServer, secret: str) -> dict[str, float]:
    found = {}
    async with aiohttp.ClientSession(server.url, headers={"Cookie": f"contactcenter={secret}"}) as http:

        async def get(path: str) -> None:
            async with http.get(path) as answer:
                if answer.status != 200:
                    raise ValueError(await answer.text())
                await answer.read()

        states = ("new", "open", "waiting_customer", "waiting_internal", "solved")
        board = ["/api/requests/counts", *(f"/api/requests?state={state}&limit=25" for state in states)]
        for what, paths in {
            "a list of customers": ["/api/customers?limit=50"],
            "the board": board,
            "a list of requests": ["/api/requests?limit=50"],
        }.items():
            for path in paths:
                await get(path)
            began = time.process_time()
            for _ in range(50):
                for path in paths:
                    await get(path)
            found[what] = (time.process_time() - began) * 1000 / 50
    return found


def _late(began: dict[str, float], heard: list[Heard]) -> list[float]:
    """How long after each write the last page of those that see it heard of it."""
    last = {id_: at for at, some in heard for id_ in some if id_}
    return sorted(last[id_] - at for id_, at in began.items())


def _drain(heard: "Queue[Heard]") -> list[Heard]:
    found = []
    while not heard.empty():
        found.append(heard.get())
    return found


def _listen(url: str, secrets: list[str], heard: "Queue[Heard]") -> None:
    asyncio.run(_all(url, secrets, heard))


async def _all(url: str, secrets: list[str], heard: "Queue[Heard]") -> None:
    left = set(range(len(secrets)))

    async def one(n: int, secret: str) -> None:
        async with (
            aiohttp.ClientSession(headers={"Cookie": f"contactcenter={secret}", "Origin": url}) as http,
            http.ws_connect(f"{url}/ws") as ws,
        ):
            async for message in ws:
                frame = message.json()
                if frame["type"] == "snapshot" and n in left:
                    left.discard(n)
                    if not left:
                        heard.put((time.time(), []))
                elif "news" in frame:
                    heard.put((time.time(), [each["id"] for each in frame["news"]]))

    await asyncio.gather(*(one(n, secret) for n, secret in enumerate(secrets)))
