"""Duplicates, merging and parting again; and the call that goes on meanwhile."""

from dataclasses import replace

import pytest
from desk import ZHANG, Desk
from playwright.async_api import Browser, Locator, Page, expect
from records import changed, customer, read
from running import Running

from contactcenter.crm import duplicates
from contactcenter.events import CustomerChanged

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def pair(edge: Running) -> tuple[str, str]:
    """Two records of one customer, as the server finds them."""
    one = await customer(edge, "王晓明", phones=["13800138000"], company="星河科技", tags=["VIP"])
    two = await customer(edge, "王小明", phones=["13800138000"], company="星河", tier="gold", tags=["老客户"])
    await edge.store.write(duplicates.check, [one, two], at=edge.clock())
    return one, two


def side(page: Page, name: str) -> Locator:
    return page.locator(".sides tr", has=page.get_by_role("rowheader", name=name, exact=True))


async def test_a_pair_is_merged_by_choosing_and_parted_again(desk: Desk, edge: Running) -> None:
    one, two = await pair(edge)
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.get_by_role("link", name="Customers").click()
    await page.get_by_role("link", name="Duplicates").click()
    choice = page.locator(".pair-choice")
    await expect(choice).to_have_count(1)
    await expect(choice).to_contain_text("Similar name")
    await page.locator("thead th", has_text="王晓明").get_by_label("Keep this record").check()
    await side(page, "Company").get_by_label("Company: 星河", exact=True).check()
    await expect(side(page, "Tier")).to_contain_text("Gold")
    await page.get_by_role("button", name="Merge into 王晓明").click()
    await expect(page.locator(".empty")).to_have_text("No pair waits for a decision.")
    kept = await read(edge, f"/api/customers/{one}")
    assert (kept["name"], kept["company"], kept["tier"]) == ("王晓明", "星河", "gold")
    assert (kept["merged"], kept["tags"]) == ([two], ["VIP", "老客户"])
    await page.goto(f"/customers/{two}")  # leads to the other
    await expect(page.locator("h1")).to_have_text("王晓明")
    await page.get_by_role("button", name="Part them again").click()
    await expect(page.locator(".toast")).to_contain_text("They are two records again.")
    assert (await read(edge, f"/api/customers/{two}"))["name"] == "王小明"
    assert (await read(edge, f"/api/customers/{one}"))["company"] == "星河科技"


async def test_two_who_are_two_are_shown_no_more(desk: Desk, edge: Running) -> None:
    await pair(edge)
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.goto("/duplicates")
    await page.get_by_role("button", name="Two different customers").click()
    await expect(page.locator(".empty")).to_have_text("No pair waits for a decision.")
    assert (await read(edge, "/api/duplicates"))["items"] == []


async def test_pairs_are_gone_through_by_arrows(desk: Desk, edge: Running) -> None:
    await pair(edge)
    more = [await customer(edge, name, phones=["13900000001"]) for name in ("Maria Lind", "Lind, Maria")]
    await edge.store.write(duplicates.check, more, at=edge.clock())
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.goto("/duplicates")
    choices = page.locator(".pair-choice")
    await expect(choices).to_have_count(2)
    await choices.first.focus()
    await page.keyboard.press("ArrowDown")
    await expect(choices.nth(1)).to_be_focused()
    await expect(choices.nth(1)).to_have_attribute("aria-current", "true")
    name = await choices.nth(1).locator("strong").first.inner_text()
    await expect(page.locator(".sides thead")).to_contain_text(name)


async def test_a_merge_of_what_changed_meanwhile_is_looked_at_again(desk: Desk, edge: Running) -> None:
    one, two = await pair(edge)
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.goto("/duplicates")
    await page.locator(".sides").wait_for()
    await changed(edge, f"/api/customers/{two}", {"company": "Someone else's"})
    await page.get_by_role("button", name="Merge into").click()
    await expect(side(page, "Company")).to_contain_text("Someone else's")
    assert (await read(edge, f"/api/customers/{one}"))["merged"] == []


async def test_from_a_customers_page_the_other_is_found_and_merged(desk: Desk, edge: Running) -> None:
    one, two = await pair(edge)
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.goto(f"/customers/{one}")
    await page.get_by_role("button", name="Merge…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.locator(".candidate")).to_contain_text("王小明")
    await dialog.get_by_role("combobox").fill("王小")
    await page.locator("[role=option]", has_text="王小明").click()
    await dialog.locator(".sides").wait_for()
    assert await desk.axe() == []
    await dialog.get_by_role("button", name="Merge into 王晓明").click()
    await expect(dialog).to_have_count(0)
    await expect(page.locator(".record-facts")).to_contain_text("Merged records")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("button", name="Part them again")).to_have_count(0)
    assert (await read(edge, f"/api/customers/{two}"))["merged"] == []


async def test_a_person_and_an_organisation_are_not_merged(desk: Desk, edge: Running) -> None:
    one = await customer(edge, "Star", phones=["13800138000"])
    await customer(edge, "River", kind="organisation")
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.goto(f"/customers/{one}")
    await page.get_by_role("button", name="Merge…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("combobox").fill("river")
    await page.locator("[role=option]", has_text="River").click()
    await expect(dialog).to_contain_text("they can't be merged")
    await expect(dialog.get_by_role("button", name="Merge into")).to_be_disabled()


async def test_a_call_that_goes_on_follows_the_merge(desk: Desk, edge: Running) -> None:
    one, two = await pair(edge)
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.goto("/duplicates")
    await page.locator(".sides").wait_for()
    async with edge.browser() as agent:
        await agent.sign_in("agent1")
        edge.center.ring("agent1", replace(ZHANG, id=two, name="王小明"))
        edge.center.join("agent1")
        await page.locator("thead th", has_text="王晓明").get_by_label("Keep this record").check()
        await page.get_by_role("button", name="Merge into 王晓明").click()
        told = await edge.center.heard(CustomerChanged, was=two)
        assert (told.customer.id, told.customer.name) == (one, "王晓明")


async def test_who_may_not_merge_has_no_such_page(desk: Desk, edge: Running) -> None:
    await pair(edge)
    await desk.sign_in("agent1")
    page = desk.page
    answer = await page.goto("/duplicates")
    assert answer
    assert answer.status == 403
    await expect(page.locator("h1")).to_have_text("Not for you")
    await expect(page.locator("a[href='/duplicates']")).to_have_count(0)


@pytest.mark.parametrize(("language", "theme"), [("en", "dark"), ("zh", "light")])
async def test_the_page_of_pairs_shuts_nobody_out(
    chromium: Browser, edge: Running, language: str, theme: str
) -> None:
    await pair(edge)
    async with Desk(chromium, edge, language=language, theme=theme) as desk:
        await desk.sign_in("supervisor1")
        await desk.page.goto("/duplicates")
        await desk.page.locator(".sides").wait_for()
        assert await desk.axe() == []
        for width in (1280, 800, 360):
            assert await desk.overflow(width, 700) <= 0
