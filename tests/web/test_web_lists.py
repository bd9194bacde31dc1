"""Lists and do-not-call on the page: a list is made and filled, its lead closed; a number is looked up."""

import pytest
from desk import Desk
from playwright.async_api import expect
from running import Running

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILE = "姓名,手机,产品\n王小明,13800138000,Gold\n短,12,\n"


async def test_a_list_is_made_filled_and_its_lead_closed(desk: Desk, edge: Running) -> None:
    page = desk.page
    await desk.sign_in("admin")
    await page.goto("/lists")
    await page.get_by_role("button", name="New list").click()
    await page.get_by_label("Name").fill("Spring")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Spring").wait_for()
    await expect(page.locator(".file-picker .button")).to_have_attribute("aria-disabled", "false")
    await page.set_input_files(
        "#lead-file", {"name": "spring.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    )
    await page.wait_for_url("**/imports/*")
    await page.locator(".target").nth(2).select_option("field")
    await page.get_by_role("button", name="Import without checking").click()
    await page.locator(".card [data-import=done]").wait_for()
    await expect(page.get_by_text("too short for a telephone number", exact=False)).to_be_visible()
    assert await desk.axe() == []
    await page.get_by_role("link", name="See the list").click()
    await page.get_by_role("link", name="王小明").click()
    await page.get_by_text("Gold").wait_for()
    assert await desk.axe() == []
    await page.get_by_role("button", name="Close").click()
    await page.locator("[data-lead-state=closed]").wait_for()
    await page.get_by_role("button", name="Open again").wait_for()


async def test_a_number_is_looked_up_and_put_on_the_list(desk: Desk, edge: Running) -> None:
    page = desk.page
    await desk.sign_in("admin")
    await page.goto("/do-not-call")
    await page.locator("#no-calls-number").fill("138 0013 8001")
    await page.keyboard.press("Enter")
    await page.get_by_text("is not on our own list.").wait_for()
    await page.get_by_role("button", name="Put it on the list").click()
    await page.get_by_text("is on our list since").wait_for()
    await expect(page.locator("td .phone-number")).to_have_count(1)
    assert await desk.axe() == []
