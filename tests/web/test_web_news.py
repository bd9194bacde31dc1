"""What a colleague changes is on the open page at once: two browsers, and nobody reloads."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from desk import Desk
from playwright.async_api import Browser, Locator, Page, expect
from records import customer, made
from running import Running

from contactcenter.crm import customers, teams
from contactcenter.crm.access import CENTER
from contactcenter.crm.customers import CustomerChange

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Two:
    """Two agents with a page each, who see the same records."""

    mine: Desk
    theirs: Desk

    async def open(self, mine: str, theirs: str) -> None:
        """Let each look at a page."""
        for desk, path in ((self.mine, mine), (self.theirs, theirs)):
            await desk.page.goto(path)
            await expect(desk.page.locator("main h1").first).to_be_visible()
            await desk.page.evaluate("window.unloaded = false")

    async def check_nobody_reloaded(self) -> None:
        for desk in (self.mine, self.theirs):
            assert await desk.page.evaluate("window.unloaded") is False


@pytest_asyncio.fixture(loop_scope="module")
async def two(chromium: Browser, edge: Running) -> AsyncIterator[Two]:
    async with Desk(chromium, edge) as mine, Desk(chromium, edge) as theirs:
        await mine.sign_in("agent1")
        await theirs.sign_in("agent2")
        yield Two(mine, theirs)


async def request(edge: Running, of: str, subject: str) -> dict[str, str]:
    return await made(edge, "/api/requests", {"customer": of, "subject": subject, "owner": "", "team": ""})


async def change(page: Page, label: str, to: str) -> None:
    """Change a fact where it stands."""
    await page.get_by_role("button", name=f"Change: {label}", exact=True).click()
    await page.get_by_label(label, exact=True).fill(to)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name=f"Change: {label}", exact=True)).to_be_focused()


async def test_the_board_moves_a_card_that_a_colleague_moved_and_shows_his_new_one(
    two: Two, edge: Running
) -> None:
    wang = await customer(edge)
    one = await request(edge, wang, "No sound")
    await request(edge, wang, "No picture")
    await two.open("/requests", f"/requests/{one['id']}")
    mine, theirs = two.mine.page, two.theirs.page
    waiting = mine.locator(".request-card", has_text="No picture")
    await waiting.focus()
    await theirs.locator(".step-to[data-request=open]").click()
    await expect(mine.locator(".column-of[data-request=open] .request-card")).to_have_text(
        re.compile("No sound")
    )
    await expect(mine.locator(".column-of[data-request=new] .request-card")).to_have_count(1)
    await expect(waiting).to_be_focused()
    await change(theirs, "Subject", "Still no sound")
    await expect(mine.locator(".request-card", has_text="Still no sound")).to_be_visible()
    await request(edge, wang, "A third one")
    await expect(mine.locator(".request-card", has_text="A third one")).to_be_visible()
    await two.check_nobody_reloaded()


async def test_a_request_shows_what_a_colleague_did_and_keeps_what_is_typed(two: Two, edge: Running) -> None:
    one = await request(edge, await customer(edge), "No sound")
    await two.open(f"/requests/{one['id']}", f"/requests/{one['id']}")
    mine, theirs = two.mine.page, two.theirs.page
    await mine.get_by_label("What was done").fill("I think that")
    await mine.get_by_role("button", name="Change: Problem").click()
    await mine.get_by_label("Problem", exact=True).fill("half a sen")
    await theirs.get_by_label("What was done").fill("Rang them")
    await theirs.keyboard.press("Control+Enter")
    await expect(mine.locator(".course")).to_contain_text("Rang them")
    await theirs.locator(".step-to[data-request=open]").click()
    await expect(mine.locator(".request-head")).to_contain_text("In work")
    await expect(mine.get_by_label("Problem", exact=True)).to_be_focused()
    await expect(mine.get_by_label("Problem", exact=True)).to_have_value("half a sen")
    await expect(mine.get_by_label("What was done")).to_have_value("I think that")
    await two.check_nobody_reloaded()


async def test_a_customer_shows_what_a_colleague_changed_and_overwrites_nothing_unseen(
    two: Two, edge: Running
) -> None:
    wang = await customer(edge, "Wang", company="Cloud", tier="gold")
    await two.open(f"/customers/{wang}", f"/customers/{wang}")
    mine, theirs = two.mine.page, two.theirs.page
    await mine.get_by_role("button", name="Change: Company").click()
    await mine.get_by_label("Company", exact=True).fill("Cloud Ltd")
    await change(theirs, "Name", "Wang Li")
    await expect(mine.locator("h1")).to_have_text("Wang Li")
    await change(theirs, "Company", "Rain Ltd")
    await expect(mine.locator(".record-head")).to_contain_text("Rain Ltd")
    await expect(mine.get_by_label("Company", exact=True)).to_have_value("Cloud Ltd")
    await mine.get_by_label("Company", exact=True).press("Enter")
    await expect(mine.get_by_role("dialog")).to_contain_text("Rain Ltd")
    await mine.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(theirs.locator(".record-head")).to_contain_text("Cloud Ltd")
    await made(edge, f"/api/customers/{wang}/notes", {"text": "Likes tea"}, by="agent2")
    await expect(mine.locator(".entries")).to_contain_text("Likes tea")
    await two.check_nobody_reloaded()


async def test_lists_change_in_place(two: Two, edge: Running) -> None:
    ids = [await customer(edge, name) for name in ("Ada", "Bob", "Eve")]
    await two.open("/customers?sort=updated", f"/customers/{ids[0]}")
    mine, theirs = two.mine.page, two.theirs.page
    names = mine.locator("tbody .name-cell")
    await expect(names).to_have_text(["Eve", "Bob", "Ada"])
    row = mine.locator("tbody tr", has_text="Bob")
    await row.focus()
    await change(theirs, "Name", "Ada Lovelace")
    await expect(names).to_have_text(["Eve", "Bob", "Ada Lovelace"])
    await expect(row).to_be_focused()
    await mine.set_viewport_size({"width": 1366, "height": 320})
    await row.scroll_into_view_if_needed()
    before = await _top(row)
    await customer(edge, "Zoe")
    await expect(names).to_have_text(["Zoe", "Eve", "Bob", "Ada Lovelace"])
    assert await _top(row) == pytest.approx(before, abs=1), "what is under the hand stays there"
    await two.check_nobody_reloaded()


async def _top(row: Locator) -> float:
    box = await row.bounding_box()
    assert box
    return box["y"]


async def test_followups_show_a_colleagues_and_what_is_asked_stays(two: Two, edge: Running) -> None:
    due = edge.clock() + 3600
    mine_ = {"title": "Ring Ada", "due_at": due, "owner": "agent1"}
    await made(edge, "/api/followups", mine_)
    await two.open("/followups", "/followups")
    mine = two.mine.page
    await mine.get_by_role("button", name="Done: Ring Ada").click()
    await mine.get_by_label("What came of it?").fill("She will")
    await made(
        edge, "/api/followups", {"title": "Ring Bob", "due_at": due - 60, "owner": "agent1"}, by="agent2"
    )
    await expect(mine.locator("tbody tr", has_text="Ring Bob")).to_be_visible()
    await expect(mine.get_by_label("What came of it?")).to_be_focused()
    await expect(mine.get_by_label("What came of it?")).to_have_value("She will")
    await two.check_nobody_reloaded()


async def test_what_is_taken_out_of_ones_scope_goes_from_the_page(two: Two, edge: Running) -> None:
    wang = await customer(edge, "Wang")
    await customer(edge, "Bob")
    await two.open("/customers", f"/customers/{wang}")
    await expect(two.mine.page.locator("tbody tr")).to_have_count(2)
    await edge.store.write(teams.put, "far", {"zh": "远", "en": "Far"}, by=CENTER, at=1.0)
    await edge.store.write(customers.change, wang, CustomerChange(team="far"), at=edge.clock())
    await expect(two.mine.page.locator("tbody tr")).to_have_count(1)
    await expect(two.theirs.page.locator("main")).to_contain_text(
        "There is no such customer, or not for you."
    )
    await two.check_nobody_reloaded()


async def test_what_was_missed_without_a_link_is_read_when_it_is_back(two: Two, edge: Running) -> None:
    wang = await customer(edge, "Wang")
    await two.open("/customers", f"/customers/{wang}")
    mine = two.mine
    await expect(mine.page.locator("tbody tr")).to_have_count(1)
    await mine.context.set_offline(True)
    await mine.page.evaluate("dispatchEvent(new Event('offline'))")
    await customer(edge, "Bob")
    await mine.context.set_offline(False)
    await expect(mine.page.locator("tbody tr")).to_have_count(2)
    await two.check_nobody_reloaded()
