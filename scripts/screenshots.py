"""Takes the pictures of docs/images anew, from a center that really runs and a call that is really talked.

    .venv/bin/python scripts/screenshots.py [--offset 7000] [--folder docs/images] [--only campaigns]

It starts a demo center of its own in a temporary folder, on ports shifted by the offset, and ends it.
Needs what `scripts/setup.sh test` installs (Chromium, Playwright, fonts).
"""

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from tests.support.browser import running_browser

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = (sys.executable, "-m", "contactcenter")
PASSWORD = "only for these pictures"  # noqa: S105 - of a center that lives for a minute
CALLER = "15400000003"
"""A customer of the demo's with a history."""
NAME = "李敏"
WAITING = (("王芳", "15400000001"), ("赵强", "15400000002"), ("Maria Lind", "15400000004"))
AGENT_PAGE, OVERVIEW, CUSTOMER = "agent-page.png", "supervisor-overview.png", "customer-page.png"
CUSTOMERS, BOARD, DUPLICATES = "customer-list.png", "request-board.png", "duplicates.png"
IMPORT, ROLES = "import.png", "roles.png"
CAMPAIGN_LIST, CAMPAIGN, PREVIEW = "campaign-list.png", "campaign.png", "preview.png"
CAMPAIGN_LIVE, LINES = "campaign-live.png", (("agent4", "117"), ("agent7", "118"), ("agent10", "119"))
"""Who serves the campaign whose calls are seen, on simulated phones whose line stays open."""
LEAD, LEAD_IMPORT, NO_CALLS = "lead.png", "lead-import.png", "do-not-call.png"
YEAR = ("--customers", "400", "--interactions", "3000", "--agents", "12")
"""How much of a made-up year the lists show."""
TWICE = (
    {
        "name": "陈秀英",
        "phones": ["13900001111"],
        "company": "北京云栖科技有限公司",
        "tier": "gold",
        "tags": ["宽带"],
    },
    {
        "name": "陈秀英",
        "phones": ["13900001111"],
        "company": "云栖科技",
        "category": "家庭",
        "note": "白天联系。",
    },
)
"""One customer who was entered twice."""
DAY_S = 86_400
REQUESTS = (
    ("宽带晚间频繁掉线", 4, "new", -3600), ("发票抬头需要更改", 2, "new", 2 * DAY_S),
    ("光猫指示灯红色", 3, "open", 5 * 3600), ("套餐到期前升级", 2, "open", 3 * DAY_S),
    ("等待客户提供证件照片", 2, "waiting_customer", DAY_S),
    ("机房扩容后回复", 3, "waiting_internal", 4 * DAY_S), ("忘记服务密码", 1, "solved", None),
)  # fmt: skip
"""Subject, priority, state, due in so many seconds."""
TABLE = (
    "姓名,手机号,邮箱,公司,备注\n王晓明,13800138010,wang.xm@example.com,星河科技,老客户推荐\n"
    "李雪,13800138011,li.xue@example.com,,周末联系\n赵一鸣,138001380,zhao@example.com,远景传媒,\n"
    "Maria Lind,+46 8 123 456 78,maria@example.com,Nordic AB,English\n"
)
"""A file to import; one of its rows is bad."""
LEADS = (
    "姓名,手机,家庭电话,套餐,省份\n王晓明,13800138010,010-88886666,畅享99,北京\n李雪,13800138011,,家庭129,\n"
    "赵一鸣,138001380,,畅享59,上海\n周强,13800138012;13800138013,,商务199,广东\n"
)
"""A file of leads; one of its rows is bad."""
BESIDE = (
    ("relations", {"to": "", "role": "family", "title": "", "main": False}),
    ("consents", {"channel": "phone", "purpose": "marketing", "state": "refused", "source": "call"}),
    ("consents", {"channel": "email", "purpose": "service", "state": "granted", "source": "web"}),
    ("notes", {"text": "周三下午不方便接电话，其他时间都可以。", "pinned": True}),
)
"""What belongs to the customer whose page is shown."""
WARM_MS = 20_000
"""By then all prompts are made, and the machine is quiet."""
PHONE = "116"
"""A simulated phone, which the page answers."""


async def main() -> None:
    """The pictures, one after the other."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    async with running_browser() as browser:
        if options.only in (None, "calls"):
            await _calls(browser, options)
        if options.only in (None, "campaigns"):
            await _campaigns(browser, options)
        if options.only in (None, "records"):
            async with _center(options.offset, YEAR) as address:
                await _records(browser, address, options)


async def _calls(browser: Browser, options: argparse.Namespace) -> None:
    """The pages during a call, and the customer's who called."""
    async with _center(options.offset) as address:
        page = await _page(browser, address, 900)
        await _sign_in(page)
        async with _caller(options.offset):
            await _face(page, "reserved")
            await page.get_by_text("客户编号").wait_for(timeout=2000)  # not in time on a busy machine
            await page.keyboard.press("F2")
            await _face(page, "talking")
            await page.keyboard.press("F9")
            await page.keyboard.press("1")
            await page.locator("form.outcome textarea").fill("光猫已远程重置，客户确认网络恢复。")
            await page.wait_for_timeout(3500)  # a talk of some seconds looks like one
            await page.screenshot(path=options.folder / AGENT_PAGE)
            await _overview(browser, address, options)
            await page.keyboard.press("F4")
            await _face(page, "wrap_up")
        await _customer(browser, address, options)


async def _overview(browser: Browser, address: str, options: argparse.Namespace) -> None:
    """The supervisor's page, while others wait for the agent who talks."""
    page = await _page(browser, address, 1290)
    async with contextlib.AsyncExitStack() as callers:
        for name, caller in WAITING:
            await callers.enter_async_context(_caller(options.offset, name, caller))
        await _enter(page, "supervisor1")
        rows = page.get_by_role("table", name="等待中的来电者").locator("tbody tr")
        await rows.nth(len(WAITING) - 1).wait_for()
        await page.locator("tbody .check input").first.check()
        await rows.first.focus()
        await page.keyboard.press("+")
        await page.get_by_text("+5 分钟", exact=True).wait_for()
        await page.keyboard.press("y")
        await page.get_by_text("排第 1 位").wait_for()
        await page.wait_for_timeout(11_000)  # by then the notice of the priority is gone
        await page.screenshot(path=options.folder / OVERVIEW)
    await page.close()


async def _customer(browser: Browser, address: str, options: argparse.Namespace) -> None:
    """A customer's page, with something of everything."""
    page = await _page(browser, address, 1000)
    await _enter(page, "supervisor1")

    async def with_phone(number: str) -> str:
        found = await (await page.request.get(f"/api/customers?phone={number}")).json()
        return str(found["items"][0]["id"])

    id_, other = await with_phone(CALLER), await with_phone(WAITING[1][1])
    for kind, body in BESIDE:
        to = {"to": other} if "to" in body else {}
        await _send(page, "POST", f"/api/customers/{id_}/{kind}", {**body, **to})
    await _send(
        page, "POST", "/api/requests", {"customer": id_, "subject": "宽带晚间频繁掉线", "priority": 3}
    )
    await page.goto(f"/customers/{id_}")
    await page.locator(".entries > li").first.wait_for()
    await page.wait_for_load_state("networkidle")
    await page.screenshot(path=options.folder / CUSTOMER)
    await page.close()


async def _campaigns(browser: Browser, options: argparse.Namespace) -> None:
    """The demo's campaigns, their lists and leads, and a lead on the agent's desk."""
    async with _center(options.offset) as address:
        agent, page = await _page(browser, address, 900), await _page(browser, address, 1000)
        await _sign_in(agent)
        await _enter(page, "supervisor1")
        found = (await (await page.request.get("/api/campaigns")).json())["items"]
        ready, paused = ({one["mode"]: one for one in found}[mode] for mode in ("preview", "predictive"))
        agreed = (await (await page.request.get("/api/appointments")).json())["items"]
        for path, shown, name in (
            (f"/campaigns/{paused['id']}", ".shares-legend", CAMPAIGN),
            ("/do-not-call", "td .phone-number", NO_CALLS),
            (f"/leads/{agreed[0]['lead']}", "[data-step=agreed]", LEAD),
        ):
            await _picture(page, path, shown, options.folder / name)
        await page.goto(f"/campaigns/{ready['id']}")
        await page.locator("[data-step=start]").click()
        await _face(agent, "reserved")
        await agent.locator(".talk-script").wait_for()
        await agent.screenshot(path=options.folder / PREVIEW)
        await _picture(page, "/campaigns", "[data-campaign=running]", options.folder / CAMPAIGN_LIST)
        await page.goto(f"/lists/{ready['lists'][0]['list']}")
        file: Any = {"name": "到期用户.csv", "mimeType": "text/csv", "buffer": LEADS.encode()}
        await page.set_input_files("#lead-file", file)
        await page.wait_for_url("**/imports/*")
        await page.locator(".next-bar .primary").click()
        await page.locator("[data-import=checked]").first.wait_for()
        await page.wait_for_load_state("networkidle")
        await page.screenshot(path=options.folder / LEAD_IMPORT)
        await agent.close()
        await _live(browser, address, page, ready["id"], options.folder / CAMPAIGN_LIVE)
        await page.close()


async def _live(browser: Browser, address: str, page: Page, campaign: str, file: Path) -> None:
    """A campaign while it dials: with lines that stay open, as many calls as two for each agent."""
    async with contextlib.AsyncExitStack() as desks:
        for login, phone in LINES:
            desk = await _page(browser, address, 900)
            desks.push_async_callback(desk.close)
            await _enter(desk, login)
            await _send(desk, "PUT", "/api/me/phone", {"endpoint": phone, "line": "persistent"})
            await desk.wait_for_timeout(3000)  # the phone is rung, and answers
            await _send(desk, "PUT", "/api/me/state", {"state": "available"})
        await _send(page, "PATCH", f"/api/campaigns/{campaign}", {"mode": "power", "ratio": 2})
        await page.goto(f"/campaigns/{campaign}")
        await page.locator("[data-dots=talking] .dots i").nth(1).wait_for(timeout=60_000)
        await page.locator("[data-dots=ringing] .dots i").first.wait_for(timeout=60_000)
        await page.screenshot(path=file)


async def _records(browser: Browser, address: str, options: argparse.Namespace) -> None:
    """The lists and forms of a center with a year behind it."""
    page = await _page(browser, address, 900)
    await _enter(page, "admin")
    for body in TWICE:
        await _send(page, "POST", "/api/customers", body)
    found = await (await page.request.get("/api/customers?sort=updated&limit=50")).json()
    people = [one["id"] for one in found["items"] if not one["name"].isascii()]
    for (subject, priority, state, due), customer in zip(REQUESTS, people[2:], strict=False):
        made = {"customer": customer, "subject": subject, "priority": priority}
        one = await _send(
            page, "POST", "/api/requests", made | ({} if due is None else {"due_at": time.time() + due})
        )
        if state != "new":
            solved = {"solution": "已重置密码。"} if state == "solved" else {}
            await _send(page, "PATCH", f"/api/requests/{one['id']}", {"state": state, **solved})
    await _picture(page, "/customers?sort=updated", "tbody tr", options.folder / CUSTOMERS)
    await _picture(page, "/requests", ".request-card", options.folder / BOARD)
    await _picture(page, "/duplicates", ".sides", options.folder / DUPLICATES)
    await _picture(page, "/roles/supervisor", ".matrix", options.folder / ROLES)
    await page.goto("/imports")
    file: Any = {"name": "客户名单.csv", "mimeType": "text/csv", "buffer": TABLE.encode()}
    await page.set_input_files("#import-file", file)
    await page.locator(".target").first.wait_for()
    await page.locator(".next-bar .primary").click()
    await page.locator("[data-import=checked]").first.wait_for()
    await page.mouse.move(0, 0)
    await page.wait_for_load_state("networkidle")
    await page.screenshot(path=options.folder / IMPORT)
    await page.close()


async def _picture(page: Page, path: str, ready: str, file: Path) -> None:
    """The page at this address, once this is on it."""
    await page.goto(path)
    await page.locator(ready).first.wait_for()
    await page.wait_for_load_state("networkidle")
    await page.screenshot(path=file)


async def _send(page: Page, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the server answers to a request of the page's user."""
    answer: dict[str, Any] = await page.evaluate(
        """async ([method, path, body]) => {
            const { csrf } = await (await fetch("/api/me")).json();
            const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
            const answer = await fetch(path, { method, headers, body: JSON.stringify(body) });
            if (!answer.ok) throw new Error(await answer.text());
            return answer.json();
        }""",
        [method, path, body],
    )
    return answer


async def _page(browser: Browser, address: str, height: int) -> Page:
    return await browser.new_page(
        base_url=address,
        viewport={"width": 1440, "height": height},
        locale="zh-CN",
        color_scheme="light",
        timezone_id="Asia/Shanghai",
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--offset", type=int, default=7000, help="added to every port")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "images", help="where the pictures go")
    parser.add_argument("--only", choices=("calls", "campaigns", "records"), help="some of them")
    return parser.parse_args()


@contextlib.asynccontextmanager
async def _center(offset: int, year: tuple[str, ...] = ()) -> AsyncIterator[str]:
    """A demo center with data of its own, or with a year behind it; gives the address of its pages."""
    with tempfile.TemporaryDirectory() as folder:
        if year:
            filling = await asyncio.create_subprocess_exec(
                *PROGRAM, "demo-data", "--data", f"{folder}/var", *year,
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, cwd=ROOT,
            )  # fmt: skip
            if await filling.wait():
                raise SystemExit("the year was not made")
        process = await asyncio.create_subprocess_exec(
            *PROGRAM, "run", "--data", f"{folder}/var", "--port-offset", str(offset),
            "--demo-password", PASSWORD, stdout=asyncio.subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip
        try:
            yield await _ready(process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            await process.wait()


async def _ready(process: asyncio.subprocess.Process) -> str:
    if process.stdout is None:
        raise SystemExit("the center has no output")
    async with asyncio.timeout(60):
        async for line in process.stdout:
            if line.startswith(b"ready "):
                return line.split()[1].decode()
    raise SystemExit("the center did not start")


async def _enter(page: Page, login: str) -> None:
    await page.goto("/sign-in")
    await page.fill("#login", login)
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".shell[data-link=up]")


async def _sign_in(page: Page) -> None:
    await _enter(page, "agent1")
    async with page.expect_response("**/api/me/phone"):
        await page.select_option("#phone", PHONE)
    await page.keyboard.press("F8")
    await page.keyboard.press("Enter")
    await _face(page, "available")
    await page.wait_for_timeout(WARM_MS)


async def _face(page: Page, name: str) -> None:
    await page.wait_for_selector(f".shell[data-face={name}]")


@contextlib.asynccontextmanager
async def _caller(offset: int, name: str = NAME, caller: str = CALLER) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, "demo", "call", "4002", "--name", name, "--caller", caller, "--port-offset", str(offset),
        stdout=asyncio.subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


if __name__ == "__main__":
    asyncio.run(main())
