"""Follow-ups: the due list, done, put off and dropped; and the reminders of them."""

import re
from datetime import datetime, timedelta

import pytest
from desk import Desk
from playwright.async_api import Browser, Locator, expect
from running import Running
from service import DAY_S, ZONE, customer, followup, followup_now, request

from contactcenter.crm import followups
from contactcenter.crm.access import CENTER
from contactcenter.crm.followups import Cycle, Filter, FollowupChange, FollowupState

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = "<script>alert(1)</script>\u202eX"


def row(desk: Desk, title: str) -> Locator:
    return desk.page.locator("tbody tr", has_text=title)


async def test_what_is_due_stands_in_its_group_and_is_done_by_keys(desk: Desk, edge: Running) -> None:
    wang = await customer(edge, "王小明")
    late = await followup(edge, "Call back", -3600, customer=wang.id)
    await followup(edge, "Send the offer", 8 * DAY_S)
    await followup(edge, HOSTILE, 9 * DAY_S)
    await followup(edge, "Somebody else's", -60, owner="agent2")
    await desk.sign_in()
    page, keys = desk.page, desk.page.keyboard
    await page.get_by_role("link", name="Follow-ups").click()
    await expect(page.locator("[data-due=overdue] tbody tr")).to_have_count(1)
    await expect(page.locator("[data-due=later] tbody tr")).to_have_count(2)
    await expect(row(desk, "Call back")).to_contain_text("Overdue by 1 hour")
    await expect(row(desk, "Call back").get_by_role("link", name="王小明")).to_be_visible()
    assert await desk.axe() == []
    assert await desk.overflow(1280, 800) <= 0
    await row(desk, "Call back").focus()
    await keys.press("d")
    await expect(page.get_by_label("What came of it?")).to_be_focused()
    await keys.type("Works again")
    await keys.press("Enter")
    await expect(row(desk, "Call back")).to_have_count(0)
    now = await followup_now(edge, late)
    assert (now.state, now.result, now.done_by) == (FollowupState.DONE, "Works again", "agent1")
    await page.get_by_label("State").select_option("done")
    await expect(row(desk, "Call back")).to_contain_text("Works again")


async def test_one_is_put_off_dropped_and_taken_up_again(desk: Desk, edge: Running) -> None:
    one = await followup(edge, "Call back", 3 * DAY_S)
    await edge.store.write(
        followups.change, one.id, FollowupChange(remind_at=one.due_at - 600), at=edge.clock(), zone=ZONE
    )
    await desk.sign_in()
    page, keys = desk.page, desk.page.keyboard
    await page.goto("/followups")
    due = row(desk, "Call back").locator(".due")
    before = await due.inner_text()
    await row(desk, "Call back").focus()
    await keys.press("l")
    group = page.get_by_role("group", name="Later")
    await expect(group.get_by_role("button").first).to_be_focused()
    await group.get_by_role("button", name="In an hour").click()
    await expect(page.locator(".toast")).to_contain_text("Moved to")
    await expect(due).not_to_have_text(before)
    now = await followup_now(edge, one)
    assert 3500 < now.due_at - edge.clock() < 3700
    assert now.remind_at == now.due_at - 600, "the reminder keeps its distance"
    await page.locator(".toast").get_by_role("button", name="Undo").click()
    await expect(due).to_have_text(before)
    assert (await followup_now(edge, one)).due_at == one.due_at
    # Any other time.
    await row(desk, "Call back").get_by_role("button", name="Later").click()
    when = datetime.now().astimezone() + timedelta(days=40)
    await page.get_by_label("Another time").fill(when.strftime("%Y-%m-%dT%H:%M"))
    await page.get_by_role("button", name="Move to then").click()
    await expect(row(desk, "Call back")).to_contain_text(when.strftime("%b ") + str(when.day))
    # Dropping asks, and can be taken back.
    await row(desk, "Call back").focus()
    await keys.press("x")
    await expect(page.get_by_text("Drop it? It will not be done.")).to_be_visible()
    await keys.press("Escape")
    await expect(row(desk, "Call back")).to_be_focused()
    await keys.press("x")
    await expect(page.get_by_role("button", name="Drop", exact=True).last).to_be_focused()
    await keys.press("Enter")
    await expect(page.locator(".empty")).to_contain_text("Nothing is to be done.")
    assert (await followup_now(edge, one)).state is FollowupState.DROPPED
    await page.locator(".toast").last.get_by_role("button", name="Undo").click()
    await expect(row(desk, "Call back")).to_be_visible()


async def test_one_that_comes_again_makes_the_next(desk: Desk, edge: Running) -> None:
    one = await followup(edge, "Check the line", -60, recurrence=Cycle(every=1, unit="months"))
    await desk.sign_in()
    page = desk.page
    await page.goto("/followups")
    await expect(row(desk, "Check the line")).to_contain_text("Every month")
    await row(desk, "Check the line").get_by_role("button", name="Drop").click()
    await expect(page.get_by_text("The series ends: it comes no more.")).to_be_visible()
    await page.get_by_role("button", name="Cancel").click()
    await row(desk, "Check the line").get_by_role("button", name="Done").click()
    await page.keyboard.press("Enter")
    await expect(page.locator(".toast")).to_contain_text("The next one is planned.")
    await expect(page.locator("[data-due=later] tbody tr")).to_have_count(1)
    found = (await edge.store.read(followups.page, CENTER, Filter(series=one.id))).items
    assert sorted(each.state.value for each in found) == ["done", "open"]


async def test_one_is_planned_changed_and_shown(desk: Desk, edge: Running) -> None:
    wang = await customer(edge, "王小明")
    await desk.sign_in()
    page, keys = desk.page, desk.page.keyboard
    await page.goto("/followups")
    await page.get_by_role("button", name="New follow-up").click()
    dialog = page.get_by_role("dialog", name="New follow-up")
    await expect(dialog.get_by_label("What is to be done")).to_be_focused()
    await keys.type("Send the offer")
    await dialog.get_by_role("combobox", name="Customer (if it is about one)").fill("wxm")
    await page.get_by_role("option", name="王小明").click()
    await dialog.get_by_role("button", name="In a week").click()
    await dialog.get_by_label("Remind").select_option("86400")
    await dialog.get_by_label("Comes again").select_option("weeks")
    await dialog.get_by_label("Every", exact=True).fill("2")
    await expect(dialog).to_contain_text("Every 2 weeks")
    assert await desk.axe() == []
    await dialog.get_by_role("button", name="Plan it").click()
    await expect(row(desk, "Send the offer")).to_contain_text("Every 2 weeks")
    (one,) = (await edge.store.read(followups.page, CENTER)).items
    assert one.recurrence
    assert (one.recurrence.every, one.recurrence.unit) == (2, "weeks")
    assert one.remind_at == one.due_at - DAY_S
    assert (one.customer, one.owner) == (wang.id, "agent1")
    await row(desk, "Send the offer").get_by_role("link", name="Send the offer").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Send the offer")
    await expect(page.locator("dl.record")).to_contain_text("王小明")
    await page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog", name="Change the follow-up")
    await dialog.get_by_label("Note").fill("With the discount")
    await edge.store.write(
        followups.change, one.id, FollowupChange(note="Without discount"), at=edge.clock(), zone=ZONE
    )
    await dialog.get_by_role("button", name="Save").click()
    conflict = page.get_by_role("dialog", name="Changed meanwhile")
    await expect(conflict).to_contain_text("Without discount")
    await conflict.get_by_role("button", name="Save what I chose").click()
    await expect(page.locator(".long-text").first).to_have_text("With the discount")
    assert (await followup_now(edge, one)).note == "With the discount"
    await page.goto("/followups/0123456789abcdef")
    await expect(page.get_by_role("alert").filter(has_text="There is no such follow-up")).to_be_visible()


async def test_a_reminder_comes_stays_over_a_reload_and_goes_when_it_was_seen(
    desk: Desk, edge: Running
) -> None:
    await desk.sign_in()
    page, keys = desk.page, desk.page.keyboard
    await page.evaluate(
        """() => {
            window.tones = 0;
            const start = OscillatorNode.prototype.start;
            OscillatorNode.prototype.start = function (...when) { tones++; return start.apply(this, when); };
        }"""
    )
    wang = await customer(edge, "Wang")
    await page.locator("#phone").focus()
    one = await followup(edge, HOSTILE, 60, remind=True, customer=wang.id)
    shown = page.get_by_role("region", name="Reminders")
    await expect(shown).to_contain_text(HOSTILE)
    await expect(page.locator("#phone")).to_be_focused()
    assert await page.evaluate("tones") == 0, "silent, unless it is wanted"
    assert await desk.axe() == []
    await page.reload()
    await expect(shown).to_contain_text(HOSTILE)
    await page.locator("#phone").focus()
    await keys.press("Shift+F9")
    await expect(shown.get_by_role("link", name=HOSTILE)).to_be_focused()
    # Escape makes it small and gives the focus back.
    await keys.press("Escape")
    await expect(page.locator("#phone")).to_be_focused()
    await expect(shown).to_have_count(0)
    await page.get_by_role("button", name="1 reminder").click()
    await shown.get_by_role("button", name="Seen").click()
    await expect(shown).to_have_count(0)
    assert (await followup_now(edge, one)).remind_at is None
    await page.reload()
    await page.wait_for_selector(".shell[data-link=up]")
    await expect(shown).to_have_count(0)


async def test_a_reminder_is_done_and_put_off_where_it_stands_and_heard_if_wanted(
    desk: Desk, edge: Running
) -> None:
    wang = await customer(edge, "Wang")
    about = await request(edge, wang, "Line drops")
    first = await followup(edge, "Call back", 60, remind=True, request=about.id)
    await desk.sign_in()
    page = desk.page
    shown = page.get_by_role("region", name="Reminders")
    await shown.get_by_role("button", name="Later").click()
    await shown.get_by_role("button", name="In an hour").click()
    await expect(shown).to_have_count(0)
    now = await followup_now(edge, first)
    assert now.remind_at
    assert now.remind_at > edge.clock() + 3000
    assert now.due_at == now.remind_at, "it is not due before that"
    await followup(edge, "Send it", 60, remind=True)
    await shown.get_by_role("button", name="Sound").click()
    await page.reload()
    await expect(shown.get_by_role("button", name="Sound")).to_have_attribute("aria-pressed", "true")
    await shown.get_by_role("button", name="Done").click()
    await expect(page.locator(".toast")).to_contain_text("Done: Send it")
    await expect(shown).to_have_count(0)


async def test_reminders_take_no_room_while_somebody_is_on_the_line(desk: Desk, edge: Running) -> None:
    await followup(edge, "Call back", 60, remind=True)
    await desk.sign_in()
    page = desk.page
    shown = page.get_by_role("region", name="Reminders")
    await expect(shown).to_be_visible()
    desk.center.ring("agent1")
    await desk.face("reserved")
    await expect(shown).to_have_count(0)
    await expect(page.get_by_role("button", name="1 reminder")).to_be_visible()
    await followup(edge, "Send it", 60, remind=True)
    await expect(page.get_by_role("button", name="2 reminders")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_pages_speak_one_language_and_are_accessible(
    chromium: Browser, edge: Running, theme: str
) -> None:
    one = await followup(edge, "Wang", -60, remind=True, recurrence=Cycle(every=1, unit="weeks"))
    async with Desk(chromium, edge, language="zh", theme=theme) as desk:
        await desk.sign_in()
        for path, ready in (("/followups", "tbody tr"), (f"/followups/{one.id}", "dl.record")):
            await desk.page.goto(path)
            await desk.page.wait_for_selector(ready)
            assert await desk.axe() == []
            words = set(re.findall(r"[A-Za-z]{3,}", await desk.page.inner_text("main")))
            assert words <= {"Wang", "center", "Maria", "Lind", "Sales", "lead", "admin"}
            assert await desk.overflow(320, 640) <= 0
