"""Screen pop: from the center's command to the page's word that it shows the record, in a real browser.

The figure holds the whole way that an offer waits for: live model, websocket, drawing, acknowledgement.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.async_api import async_playwright

from contactcenter.commands import Command, ScreenPop, ShowAgent
from contactcenter.config import load
from contactcenter.configurator import Configurator
from contactcenter.crm.archives import Sources
from contactcenter.crm.files import Files
from contactcenter.crm.keeper import Keeper, Wishes
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.users import User, Users
from contactcenter.events import Event, PopShown
from contactcenter.http import sockets
from contactcenter.http.server import HttpServer
from contactcenter.http.settings import HttpSettings
from contactcenter.standalone import CONFIG
from contactcenter.values import CustomerCard, MatchMethod, PastInteraction
from contactcenter.views import AgentView

OFFERS = 200
PASSWORD = "only for this run"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")

PAST = tuple(
    PastInteraction(
        id=f"i{n}", at=1.7e9, channel="voice", direction="inbound", queue="support", agent="agent2",
        outcome="answered", disposition="solved", note="The line drops in the evening.",
    )
    for n in range(10)
)  # fmt: skip
CARD = CustomerCard(
    id="c1", number="100234", name="Zhang Wei", phones=("+8613800138000",), company="Cloud Ltd", last=PAST
)


def _offer(number: int) -> tuple[Command, Command]:
    view = AgentView(
        login="agent1", name="agent1", state="reserved", reason="", since=time.time(), until=None,
        afterwards="", phone="101", line="ring", line_up=False, reachable=True, queues=("support",),
        skills={"zh": 10}, held=False, consult="",
        call=f"c{number}", interaction=f"i-{number}", taken=0,
    )  # fmt: skip
    pop = ScreenPop(
        login="agent1", offer=f"o{number}", call=f"c{number}", interaction=f"i-{number}", queue="support",
        caller="13800138000", caller_name="", match=MatchMethod.CALLER_NUMBER, customers=(CARD,),
        waited_s=5.0, why={"rule": "longest_idle", "idle_s": 3.0},
    )  # fmt: skip
    return ShowAgent(view=view), pop


async def _latencies(folder: Path) -> list[float]:
    shown: asyncio.Queue[tuple[str, float]] = asyncio.Queue()

    def tell(event: Event) -> None:
        if isinstance(event, PopShown):
            shown.put_nowait((event.offer, time.perf_counter()))

    store = await Store.open(folder / "bench.db", tell=tell, now=time.time)
    try:
        sessions = Sessions(store)
        users = Users(store, sessions)
        await users.create(User(login="agent1", name="agent1", role="agent", phone="101"), PASSWORD)
        configurator = Configurator(load(CONFIG), store, tell=tell, changed=lambda *_: None)
        await configurator.open()
        sources = Sources(
            store=folder / "bench.db", key=folder / "bench.key", files=folder / "files",
            recordings=folder / "recordings", recordings_key=folder / "recordings.key",
        )  # fmt: skip
        server = HttpServer(
            tell=tell, now=time.time, store=store, users=users, configurator=configurator, sessions=sessions,
            settings=HttpSettings(port=0), ready=dict, files=Files(folder / "files", store.sealing),
            keeper=Keeper(store, sources, wishes=Wishes(folder=folder), zone=lambda: ZoneInfo("UTC")),
        )  # fmt: skip
        await server.start()
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=ARGUMENTS
                )
                page = await browser.new_page(base_url=server.url)
                await page.goto("/sign-in")
                await page.fill("#login", "agent1")
                await page.fill("#password", PASSWORD)
                await page.keyboard.press("Enter")
                await page.wait_for_selector(".shell[data-link=up]")
                return [await _one(server, shown, number) for number in range(OFFERS)]
        finally:
            await server.stop()
    finally:
        await store.close()


async def _one(server: HttpServer, shown: asyncio.Queue[tuple[str, float]], number: int) -> float:
    started = time.perf_counter()
    for command in _offer(number):
        server.carry(command)
    async with asyncio.timeout(10):
        offer, at = await shown.get()
    if offer != f"o{number}":
        raise AssertionError(f"the page acknowledged {offer}")
    return (at - started) * 1000


def bench() -> list[tuple[str, float, str]]:
    """The latencies of `OFFERS` pops, one after the other."""
    sockets.MESSAGES_PER_MINUTE = 100_000  # no agent takes a call every few milliseconds; this page does
    with tempfile.TemporaryDirectory() as folder:
        latencies = sorted(asyncio.run(_latencies(Path(folder))))
    return [
        (f"screen pop, command to shown and acknowledged, p{part}", latencies[OFFERS * part // 100], "ms")
        for part in (50, 95, 99)
    ]


if __name__ == "__main__":
    for name, value, unit in bench():
        print(f"{name}: {value:.1f} {unit}")
