"""Lists and do-not-call on the page: a list is made and filled, a lead changed, a number looked up."""

import pytest
from desk import Desk
from playwright.async_api import Browser, expect
from records import changed, customer, made, read
from running import Running

from contactcenter.crm import appointments, attempts
from contactcenter.crm.appointments import NewAppointment
from contactcenter.dialer.attempts import AttemptRecord

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOKS = (("en", "light"), ("zh", "dark"))
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


async def lead(edge: Running, **given: object) -> dict[str, object]:
    """A lead on a list of his own, with two numbers, who was called once."""
    one = await made(edge, "/api/lists", {"name": "Spring", "consent": "web form"})
    numbers = [{"number": "13800138000", "kind": "mobile"}, {"number": "13800138001", "kind": "home"}]
    body = {"list": one["id"], "name": "Zhang Wei", "numbers": numbers, "fields": {"plan": "Gold"}}
    found = await made(edge, "/api/leads", {**body, **given})
    at = edge.clock()
    tried = AttemptRecord(
        id="a1", campaign="c", list=one["id"], lead=found["id"], number="+8613800138000", position=0,
        shows="+862161234567", mode="predictive", profile="CN", trunk="carrier", state="over", saved_at=at,
        placed_at=at, rang_at=at + 1, answered_at=at + 4, joined_at=at + 4.2, ended_at=at + 90,
        agent="agent1", outcome="connected",
    )  # fmt: skip
    await edge.store.write(attempts.keep, (tried,))
    agreed = NewAppointment(number="13800138000", at=at + 86_400, zone="Asia/Shanghai", lead=found["id"])
    await edge.store.write(appointments.agree, agreed, at=at + 200)
    await made(edge, "/api/do-not-call", {"number": "13800138001", "source": "letter"})
    return found


@pytest.mark.parametrize(("language", "theme"), LOOKS)
async def test_what_was_with_a_lead_stands_on_his_page_for_everybody(
    chromium: Browser, edge: Running, language: str, theme: str
) -> None:
    who = await customer(edge)
    found = await lead(edge, customer=who)
    async with Desk(chromium, edge, language=language, theme=theme) as desk:
        await desk.sign_in("admin")
        page = desk.page
        for address, there in (
            (f"/leads/{found['id']}", "[data-step=agreed]"),
            (f"/lists/{found['list']}", "tbody tr"),
            (f"/customers/{who}?pane=leads", "tbody tr"),
        ):
            await page.goto(address)
            await expect(page.locator(there)).to_have_count(1)
            assert await desk.axe() == [], address
            assert await desk.overflow(320, 700) <= 0, address
        await page.locator("tbody a").click()
        steps = page.locator(".course > li")
        await expect(steps).to_have_count(4)
        told = await steps.evaluate_all("all => all.map(one => one.dataset.step)")
        assert told[-1] == "made"
        assert {*told} == {"made", "attempt", "agreed", "no_calls"}
        await expect(page.locator("[data-step=attempt] [data-outcome=connected]")).to_be_visible()


async def test_a_lead_is_changed_by_keyboard_and_nothing_is_overwritten_unseen(
    desk: Desk, edge: Running
) -> None:
    found = await lead(edge)
    await desk.sign_in("admin")
    page = desk.page
    await page.goto(f"/leads/{found['id']}")
    await page.get_by_role("button", name="Change: Numbers").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Dial number 2 earlier").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Number 1", exact=True)).to_have_value("+8613800138001")
    await page.get_by_label("Kind of number 1").select_option("work")
    await page.get_by_role("button", name="Add a number").press("Enter")
    await page.get_by_label("Number 3", exact=True).fill("12")
    await page.keyboard.press("Enter")
    await expect(page.locator("#lead-numbers-wrong")).to_contain_text("too short", ignore_case=True)
    assert await desk.axe() == []
    await changed(edge, f"/api/leads/{found['id']}", {"numbers": [{"number": "13800138009"}]})
    await page.get_by_label("Take number 3 away").press("Enter")
    await page.get_by_role("button", name="Save").press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("+8613800138009")
    await expect(dialog).to_contain_text("+8613800138001 (Work)")
    await dialog.get_by_role("button", name="Save").press("Enter")
    await expect(page.locator("tbody tr").first).to_contain_text("Work")
    stored = await read(edge, f"/api/leads/{found['id']}")
    assert [(each["number"], each["kind"]) for each in stored["numbers"]] == [
        ("+8613800138001", "work"), ("+8613800138000", "mobile"),
    ]  # fmt: skip
    await page.get_by_role("button", name="Change: From the list").press("Enter")
    await page.get_by_role("button", name="Add a field").press("Enter")
    await page.get_by_label("Name of field 2").fill("street")
    await page.get_by_label("Value of field 2").fill("<b>Main</b>")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("<b>Main</b>")).to_be_visible()
    await page.get_by_role("button", name="Change: Priority").press("Enter")
    await page.get_by_label("Priority").fill("100")
    await page.keyboard.press("Enter")
    await expect(page.locator(".fact.open .error-text")).to_be_visible()
    await page.get_by_label("Priority").fill("7")
    await page.keyboard.press("Enter")
    await expect(page.locator(".fact.open")).to_have_count(0)
    stored = await read(edge, f"/api/leads/{found['id']}")
    assert (stored["priority"], stored["fields"]) == (7, {"plan": "Gold", "street": "<b>Main</b>"})


async def test_a_list_has_another_name_and_a_lead_entered_by_hand(desk: Desk, edge: Running) -> None:
    one = await made(edge, "/api/lists", {"name": "Spring"})
    await made(edge, "/api/lists", {"name": "Autumn"})
    await desk.sign_in("admin")
    page = desk.page
    await page.goto(f"/lists/{one['id']}")
    await page.get_by_role("button", name="Change: Name").press("Enter")
    await page.get_by_label("Name", exact=True).fill("Autumn")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Another one has this name.")).to_be_visible()
    await changed(edge, f"/api/lists/{one['id']}", {"name": "Summer"})
    await page.get_by_label("Name", exact=True).fill("Early summer")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Summer")
    await dialog.get_by_role("button", name="Save").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Early summer")
    await page.get_by_role("button", name="New lead").press("Enter")
    await page.keyboard.type("王小明")
    await page.get_by_label("Number", exact=True).fill("138 0013 8000")
    assert await desk.axe() == []
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/leads/*")
    await expect(page.get_by_role("heading", level=1)).to_have_text("王小明")
    await expect(page.get_by_role("link", name="Early summer")).to_be_visible()
