"""One caller from all sides, on the pages, with the real Asterisk.

Nobody knows him, so he gets a record and a request while he talks, is passed on with a note, turns out to
be a duplicate, and is merged. His history has all of it; a supervisor of another team finds nothing, however
he looks.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from contactcenter.crm.users import User
from contactcenter.phones.phone import answer
from tests.support.agent import Agent
from tests.support.browser import running_browser
from tests.support.center import PASSWORD, Center, running_center

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

CALLER, OTHER = "15500000081", "15500000082"
SUPERVISORS = [User(login=login, name=login.title(), role="supervisor") for login in ("north", "south")]
HIDDEN = ("周杰", "路由器", "已重启过", CALLER)
"""What a supervisor of another team must not read anywhere."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def teams() -> AsyncIterator[Center]:
    """A center of two teams: the agents and one supervisor in the north, another supervisor in the south."""
    async with running_center(users=SUPERVISORS) as center:
        async with Agent.signed_in(center.url, "admin", PASSWORD) as admin:
            for name, title in (("north", "北区"), ("south", "南区")):
                await admin.do("PUT", f"/api/teams/{name}", {"title": {"zh": title, "en": name.title()}})
            members = {"agent1": "north", "agent2": "north", "north": "north", "south": "south"}
            for login, team in members.items():
                await admin.do("PATCH", f"/api/users/{login}", {"teams": [team]})
        yield center


@pytest_asyncio.fixture(loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@asynccontextmanager
async def desk(browser: Browser, center: Center, login: str) -> AsyncIterator[Page]:
    """The page of somebody who has signed in."""
    context = await browser.new_context(
        base_url=center.url, viewport={"width": 1366, "height": 768}, locale="en-US"
    )
    context.set_default_timeout(30_000)
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto("/sign-in")
    await page.locator("#login").fill(login)
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".shell[data-link=up]")
    if await page.get_by_role("button", name="English").count():
        await page.get_by_role("button", name="English").click()
    yield page
    await context.close()
    assert errors == []


@asynccontextmanager
async def heard(center: Center, login: str) -> AsyncIterator[list[str]]:
    """All that the server tells this user's open page, from now on."""
    async with Agent.signed_in(center.url, login, PASSWORD) as listener:
        yield listener.frames


async def talks_on(page: Page) -> None:
    """The agent takes calls on the phone that is his."""
    await page.get_by_role("button", name="Start taking calls").click()
    await page.wait_for_selector(".shell[data-face=available]")


async def test_an_unknown_caller_from_the_first_word_to_the_merged_record(
    teams: Center, chromium: Browser
) -> None:
    expect.set_options(timeout=20_000)
    async with (
        teams.phone("101", habit=answer),
        teams.phone("102", habit=answer),
        teams.customer(CALLER) as customer,
        Agent.signed_in(teams.url, "north", PASSWORD) as north,
        heard(teams, "south") as told_south,
        desk(chromium, teams, "agent1") as first,
        desk(chromium, teams, "agent2") as second,
    ):
        known = {"name": "周杰", "phones": [OTHER], "company": "星河科技"}
        older = await north.do("POST", "/api/customers", known)
        await talks_on(first)
        call = customer.call("4002")
        await first.wait_for_selector(".shell[data-face=talking]")

        # Nobody knows the number: a record is made while the two talk, and a request is opened.
        context = first.locator(".context")
        await expect(context).to_contain_text("No customer has this number")
        await context.get_by_role("button", name="New customer").click()
        form = context.get_by_role("form", name="New customer")
        await expect(form.get_by_label("Phone number")).to_have_value(CALLER)
        await form.get_by_label("Name").fill("周杰")
        await first.keyboard.press("Enter")
        await expect(first.locator("#caller")).to_have_text("周杰")
        await first.keyboard.press("Shift+F8")
        await first.locator("#desk-request").get_by_label("Subject").fill("路由器没有信号")
        await first.keyboard.press("Enter")
        await expect(first.locator("#desk-request")).to_contain_text("路由器没有信号")

        # Passed on with what was said: the next agent sees it all.
        await talks_on(second)
        await first.keyboard.press("Shift+F2")
        await first.locator("#send-on-to option", has_text="Agent 2").wait_for(state="attached")
        await first.locator("#send-on-note").fill("已重启过")
        await first.locator("form.send-on").get_by_role("button", name="Transfer").click()
        await second.wait_for_selector(".shell[data-face=talking]")
        await expect(second.locator("#caller")).to_have_text("周杰")
        await expect(second.locator("body")).to_contain_text("已重启过")
        await expect(second.locator("#desk-request")).to_contain_text("路由器没有信号")
        call.hang_up()
        for page in (first, second):
            await page.wait_for_selector(".shell[data-face=wrap_up]")
            await page.locator("form.outcome").get_by_text("Solved", exact=True).click()
            await page.keyboard.press("Enter")
            await page.wait_for_selector(".shell[data-face=available]")

        made = await only_customer(north, CALLER)
        await merged(chromium, teams, made["id"], older["id"])
        await sees_all(chromium, teams, older["id"])
        await sees_nothing(chromium, teams, older["id"], made["id"])
        told = [of_his(frame) for frame in told_south]
        assert [frame for frame in told for each in (*HIDDEN, made["id"]) if each in frame] == []


def of_his(frame: str) -> str:
    """What the page was told, without who waits: he is of no team until an agent is offered him."""
    said = json.loads(frame)
    said["calls"] = [call for call in said.get("calls", ()) if call["agent"] or call["offered"]]
    return json.dumps(said, ensure_ascii=False)


async def only_customer(agent: Agent, phone: str) -> dict[str, Any]:
    """The one customer of a number."""
    found = await agent.do("GET", f"/api/customers?phone={phone}")
    (one,) = found["items"]
    return dict(one)


async def merged(browser: Browser, center: Center, made: str, older: str) -> None:
    """The north's supervisor finds the pair, and keeps the older record."""
    async with desk(browser, center, "north") as page:
        await page.goto("/duplicates")
        await expect(page.locator(".pair-choice")).to_have_count(1)
        await page.goto(f"/customers/{older}")
        await page.get_by_role("button", name="Merge…").click()
        dialog = page.get_by_role("dialog")
        await dialog.locator(".candidate").click()
        await dialog.get_by_role("button", name="Merge into 周杰").click()
        await expect(dialog).to_have_count(0)
        await page.goto(f"/customers/{made}")  # leads to the record that was kept
        await expect(page.locator(".record-facts")).to_contain_text("Merged records")


async def sees_all(browser: Browser, center: Center, customer: str) -> None:
    """The record has everything: the call, the request, the note, the merge."""
    async with desk(browser, center, "north") as page:
        await page.goto(f"/customers/{customer}")
        await expect(page.locator("h1")).to_have_text("周杰")
        history = page.get_by_role("tabpanel", name="Timeline")
        for words in ("was merged into this one", "路由器没有信号", "Call, incoming", "Agent 1", "Agent 2"):
            await expect(history).to_contain_text(words)
        await history.get_by_role("link", name="Call, incoming").click()
        await expect(page.locator("main")).to_contain_text("已重启过")
        await page.go_back()
        for number in (CALLER, OTHER):
            await expect(page.locator("body")).to_contain_text(number[-4:])


async def sees_nothing(browser: Browser, center: Center, *customers: str) -> None:
    """A supervisor of another team: neither by pages, nor by the API, counts, search, exports."""
    async with Agent.signed_in(center.url, "south", PASSWORD) as south:
        for customer in customers:
            for path in (f"/api/customers/{customer}", f"/api/customers/{customer}/history"):
                await south.do("GET", path, status=404)
        for asked in ("周杰", "zhoujie", "zj"):  # others of the demo are called so, too
            found = await south.do("GET", f"/api/search?q={asked}")
            assert not {each["id"] for each in found["hits"]} & set(customers), asked
        for asked in (CALLER, OTHER, "路由器", "已重启过"):
            found = await south.do("GET", f"/api/search?q={asked}")
            assert (found["count"], found["hits"]) == (0, []), asked
        counts = await south.do("GET", "/api/requests/counts")
        assert sum(counts["states"].values()) == 0
        for noun in ("customers", "requests", "interactions"):
            rows = (await south.fetch(f"/api/exports/{noun}")).decode()
            assert [each for each in HIDDEN if each in rows] == [], noun
            listed = json.dumps(await south.do("GET", f"/api/{noun}?limit=200"), ensure_ascii=False)
            assert [each for each in HIDDEN if each in listed] == [], noun
    async with desk(browser, center, "south") as page:
        await page.goto(f"/customers/{customers[0]}")
        await expect(page.locator(".empty[role=alert]")).to_be_visible()
        await expect(page.locator("main")).not_to_contain_text("周杰")
        await page.keyboard.press("/")
        async with page.expect_response(lambda told: CALLER in told.url):
            await page.keyboard.type(CALLER)
        await expect(page.locator("[role=option]")).to_have_count(0)
