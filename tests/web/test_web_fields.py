"""Custom fields: defined on a page of their own, entered on the page of a customer."""

import re

import pytest
from desk import Desk
from playwright.async_api import Browser, Locator, Page, expect
from records import changed, customer, made, read
from running import Running

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEGMENT = {
    "kind": "customer", "name": "segment", "title": {"zh": "客群", "en": "Segment"}, "type": "choice",
    "choices": [
        {"value": "vip", "title": {"zh": "核心", "en": "Key"}},
        {"value": "mass", "title": {"zh": "大众", "en": "Mass"}},
    ],
}  # fmt: skip
POINTS = {
    "kind": "customer",
    "name": "points",
    "title": {"zh": "积分", "en": "Points"},
    "type": "number",
    "most": 100,
}


def rows(page: Page) -> Locator:
    return page.get_by_role("table", name="Custom fields").locator("tbody tr")


async def at(desk: Desk) -> Page:
    await desk.sign_in("admin")
    await desk.page.goto("/fields")
    await desk.page.get_by_role("button", name="New field").wait_for()
    return desk.page


async def test_a_choice_is_defined_with_its_choices(desk: Desk, edge: Running) -> None:
    page = await at(desk)
    await page.get_by_role("button", name="New field").click()
    await expect(page.get_by_label("Title in Chinese")).to_be_focused()
    await page.keyboard.type("客群")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Segment")
    await page.get_by_label("Code", exact=True).fill("segment")
    await page.get_by_label("Type").select_option("choice")
    for place, (code, zh, en) in enumerate((("vip", "核心", "Key"), ("mass", "大众", "Mass")), 1):
        await page.get_by_role("button", name="Add a choice").click()
        await page.get_by_label(f"Choice {place}: Code").fill(code)
        await page.get_by_label(f"Choice {place}: Chinese").fill(zh)
        await page.get_by_label(f"Choice {place}: English").fill(en)
    await page.get_by_role("button", name="Move choice 2 up").click()
    await page.get_by_label("Required").check()
    await page.get_by_role("button", name="Save").click()
    await expect(rows(page)).to_have_count(1)
    await expect(rows(page)).to_contain_text("Required")
    (field,) = (await read(edge, "/api/fields"))["items"]
    assert ([each["value"] for each in field["choices"]], field["required"]) == (["mass", "vip"], True)


async def test_what_is_wrong_stands_where_it_is(desk: Desk, edge: Running) -> None:
    page = await at(desk)
    await page.get_by_role("button", name="New field").click()
    await page.get_by_label("Title in Chinese").fill("分")
    await page.get_by_label("Title in English").fill("Points")
    await page.get_by_label("Code", exact=True).fill("points")
    await page.get_by_label("Type").select_option("number")
    await page.get_by_label("At least").fill("5")
    await page.get_by_label("At most").fill("1")
    await page.get_by_role("button", name="Save").click()
    await expect(
        page.locator(".field", has=page.get_by_label("At most")).locator(".error-text")
    ).to_be_visible()
    await page.get_by_label("At most").fill("9")
    await page.get_by_role("button", name="Save").click()
    await expect(rows(page)).to_have_count(1)


async def test_fields_are_put_in_order_and_the_record_shows_them_so(desk: Desk, edge: Running) -> None:
    await made(edge, "/api/fields", SEGMENT)
    await made(edge, "/api/fields", POINTS)
    page = await at(desk)
    await expect(rows(page)).to_have_text([re.compile("Segment"), re.compile("Points")])
    await page.get_by_role("button", name="Move “Points” up").click()
    await expect(rows(page)).to_have_text([re.compile("Points"), re.compile("Segment")])
    await page.goto(f"/customers/{await customer(edge)}")
    labels = page.locator(".facts-head + .facts-list .fact-label")
    await expect(labels).to_have_text(["Points", "Segment"])


async def test_values_are_entered_on_the_record_and_never_lost(desk: Desk, edge: Running) -> None:
    await made(edge, "/api/fields", SEGMENT)
    await made(edge, "/api/fields", POINTS)
    id_ = await customer(edge)
    await desk.sign_in("admin")
    page = desk.page
    await page.goto(f"/customers/{id_}")
    await page.get_by_role("button", name="Change: Segment").click()
    await page.get_by_label("Segment").select_option("vip")
    await page.keyboard.press("Enter")
    await page.locator(".fact", has_text="Segment").get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Change: Points").click()
    await page.keyboard.type("1000")
    await page.keyboard.press("Enter")
    await expect(page.locator(".fact", has_text="Points").locator(".error-text")).to_be_visible()
    await page.get_by_label("Points").fill("42")
    await page.keyboard.press("Enter")
    await expect(page.locator(".fact", has_text="Points")).to_contain_text("42")
    assert (await read(edge, f"/api/customers/{id_}"))["custom"] == {"segment": "vip", "points": 42}
    await page.goto("/fields")
    await page.get_by_role("button", name="Delete “Segment”").click()
    await page.get_by_role("button", name="Retire it").click()
    await expect(rows(page).filter(has_text="Segment")).to_contain_text("Retired")
    await page.goto(f"/customers/{id_}")
    await expect(page.locator(".fact", has_text="Segment")).to_contain_text("Key")
    await expect(page.get_by_role("button", name="Change: Segment")).to_have_count(0)


async def test_two_administrators_change_one_field(desk: Desk, edge: Running) -> None:
    await made(edge, "/api/fields", POINTS)
    page = await at(desk)
    await page.get_by_role("button", name="Change: Points").click()
    await page.get_by_label("At most").fill("500")
    await changed(edge, "/api/fields/customer.points", {"most": 200})
    await page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog").last
    await expect(dialog).to_contain_text("Changed meanwhile")
    await dialog.get_by_role("button", name="Save what I chose").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert (await read(edge, "/api/fields/customer.points"))["most"] == 500


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
async def test_the_definitions_shut_nobody_out(
    chromium: Browser, edge: Running, language: str, theme: str
) -> None:
    await made(edge, "/api/fields", SEGMENT)
    async with Desk(chromium, edge, language=language, theme=theme) as desk:
        page = desk.page
        await desk.sign_in("admin")
        await page.goto("/fields")
        await page.locator("tbody tr").wait_for()
        assert await desk.axe() == []
        assert await desk.overflow(360, 700) <= 0
        await page.locator("tbody .pencil").nth(2).click()
        await page.locator(".field-form").wait_for()
        assert await desk.axe() == []
        assert await desk.overflow(360, 700) <= 0
    async with Desk(chromium, edge) as desk:
        await desk.sign_in("supervisor1")
        answer = await desk.page.goto("/fields")
        assert answer
        assert answer.status == 403
