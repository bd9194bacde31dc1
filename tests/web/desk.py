"""What a test does with the agent's page, in the words of someone who sits in front of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fake_center import FakeCenter
from playwright.async_api import Browser, BrowserContext, Page, Route, expect
from running import PASSWORD, Running

from contactcenter.configurator import Configurator
from contactcenter.values import CustomerCard, PastInteraction
from tests.support.slowness import asked_for

SLOWNESS = asked_for()
WEB = Path(__file__).resolve().parents[2] / "web"
AXE = (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

ZHANG = CustomerCard(
    id="c1", number="100234", name="Zhang Wei", phones=("+8613800138000",), company="Cloud Ltd", tier="gold",
    language="en", balance="-128.50", note="Called twice.",
    last=(
        PastInteraction(
            id="i9", at=1.7e9, channel="voice", direction="inbound", queue="support", agent="agent1",
            outcome="answered", disposition="ticket", note="line drops", workers=("agent1",),
        ),
    ),
)  # fmt: skip
LI = CustomerCard(id="c2", number="100777", name="Li Na", phones=("+8613800138000",))


class Desk:
    """One browser page of one user."""

    def __init__(
        self, browser: Browser, edge: Running, *, language: str = "en", theme: str = "light"
    ) -> None:
        self._browser = browser
        self._edge = edge
        self._language = language
        self._theme: Any = theme
        self.troubles: list[str] = []
        """Errors of the page itself, refused contents, requests to elsewhere."""
        self.context: BrowserContext
        self.page: Page

    @property
    def center(self) -> FakeCenter:
        return self._edge.center

    @property
    def configurator(self) -> Configurator:
        return self._edge.configurator

    async def __aenter__(self) -> Self:
        self.context = await self._browser.new_context(
            base_url=self._edge.url,
            viewport={"width": 1366, "height": 768},
            locale="zh-CN" if self._language == "zh" else "en-US",
            color_scheme=self._theme,
            reduced_motion="reduce",  # or what is measured may be halfway from one colour to another
        )
        self.context.set_default_timeout(30_000 * SLOWNESS.patience)
        self.page = await self.context.new_page()
        if SLOWNESS.rate > 1:
            processor = await self.context.new_cdp_session(self.page)
            await processor.send("Emulation.setCPUThrottlingRate", {"rate": SLOWNESS.rate})
        self.page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.troubles.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self._watch(request.url))
        await self.page.add_init_script(
            "addEventListener('securitypolicyviolation', e => { throw new Error(e.violatedDirective) })"
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.context.close()
        if kind is None:
            assert not self.troubles, self.troubles

    def _watch(self, url: str) -> None:
        if not url.startswith(self._edge.url):
            self.troubles.append(f"elsewhere: {url}")

    async def sign_in(self, login: str = "agent1") -> Self:
        """Have a session, as the sign-in page would get it, and be at home once that shows what is now."""
        who = {"login": login, "password": PASSWORD}
        answer = await self.context.request.post("/api/session", data=who, headers={"Origin": self._edge.url})
        assert answer.ok, await answer.text()
        await self.page.goto("/")
        await self.at_home()
        return self

    async def at_home(self) -> None:
        """Wait until the first page shows what is now."""
        await self.page.wait_for_selector(".shell[data-link=up]")

    async def ask_who(self) -> None:
        """Open the sign-in page."""
        await self.page.goto("/sign-in")
        await expect(self.page.locator("#login")).to_be_focused()

    async def enter(self, login: str) -> None:
        """Say with the keyboard, on the sign-in page, who it is."""
        await self.page.keyboard.type(login)
        await self.page.keyboard.press("Tab")
        await self.page.keyboard.type(PASSWORD)
        await self.page.keyboard.press("Enter")

    async def face(self, name: str) -> None:
        """Wait until the desk shows this state."""
        await self.page.wait_for_selector(f".shell[data-face={name}]")

    @asynccontextmanager
    async def answers_held(self, address: str, *, first_only: bool = False) -> AsyncIterator[asyncio.Event]:
        """Requests to these addresses, or the first of them, reach the server; their answers come to the page
        when the block ends. The event is set when the server has answered one."""
        answered, released = asyncio.Event(), asyncio.Event()
        wanted = True

        async def hold(route: Route) -> None:
            nonlocal wanted
            if not wanted:
                await route.continue_()
                return
            wanted = not first_only
            answer = await route.fetch()
            answered.set()
            await released.wait()
            await route.fulfill(response=answer)

        await self.page.route(address, hold)
        try:
            yield answered
        finally:
            released.set()
            await self.page.unroute_all(behavior="wait")

    async def press_at_once(self, key: str, more: str) -> Any:
        """Press a key where the focus is; what `more` says in JavaScript before anything is painted."""
        return await self.page.evaluate(
            """async ([key, more]) => {
                const event = new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true});
                document.activeElement.dispatchEvent(event);
                for (let turn = 0; turn < 10; turn++) await null;
                return Function(`return ${more}`)();
            }""",
            [key, more],
        )

    async def axe(self) -> list[str]:
        """What axe-core finds wrong, one line each."""
        if not await self.page.evaluate("() => 'axe' in window"):
            await self.page.evaluate(AXE)
        found = await self.page.evaluate(
            "rules => axe.run(document, {runOnly: rules}).then(r => r.violations.map(v =>"
            " v.id + v.nodes.map(n => ` | ${n.html.slice(0, 120)} ${n.any[0]?.message ?? ''}`).join('')))",
            RULES,
        )
        return list(found)

    async def overflow(self, width: int, height: int) -> int:
        """By how many pixels the page is wider than a window of this size."""
        await self._resize(width, height)
        wider = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        await self._resize(1366, 768)
        return int(wider)

    async def _resize(self, width: int, height: int) -> None:
        await self.page.set_viewport_size({"width": width, "height": height})
        await self.page.evaluate(
            """wide => new Promise(done => {
                const look = () => innerWidth === wide ? done() : requestAnimationFrame(look);
                look();
            })""",
            width,
        )

    async def text(self) -> str:
        """All text that can be seen."""
        return await self.page.inner_text("body")


def dictionary(language: str) -> dict[str, Any]:
    """The words of one language."""
    return dict(json.loads((WEB / "static" / "i18n" / f"{language}.json").read_text()))
