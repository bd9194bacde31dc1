"""Steering on the pages: who waits and why, agents that are changed together, settings, the audit log."""

import re
from dataclasses import replace

import pytest
from desk import Desk
from fake_center import agent_view, call_view
from playwright.async_api import Browser, Page, expect
from running import Running

from contactcenter.callbacks import CallbackRecord
from contactcenter.commands import DropCall, ShowAgent
from contactcenter.config import Configuration
from contactcenter.crm import callbacks
from contactcenter.events import AgentChanged, CallbackCancelAsked, EligibleAsked, PriorityAsked, RulesChanged

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = "<img src=x onerror=alert(1)>"


def show_callers(edge: Running) -> None:
    """Three callers of two queues: the one who came last of Support stands first there."""
    now, show = edge.clock(), edge.center._show_call
    show(
        call_view("early", customer_name="Li Na", arrived_at=now - 200, queued_at=now - 180, needs=("en 3",))
    )
    show(
        call_view(
            "late", customer_name="Wang Fang", queued_at=now - 20, priority=8, promised_s=95.0,
            urgency={"tier": 3, "supervisor": 5}, needs=("en 3", "billing 2?"),
        )
    )  # fmt: skip
    show(call_view("other", queue="sales", caller_name=HOSTILE, queued_at=now - 60))


def show_agents(edge: Running) -> None:
    """Two agents who may be changed."""
    for login, name, skills in (("agent1", "陈晓", {"zh": 8}), ("agent2", "Maria Lind", {"zh": 5, "en": 3})):
        view = agent_view(
            login, name=name, state="available", since=edge.clock(), queues=("support",), skills=skills
        )
        edge.center.carry(ShowAgent(view=view))
    edge.center.answers[EligibleAsked] = {
        "agent1": {"before": 1, "after": 3, "calls": ["late"]},
        "agent2": {"before": 0, "after": 2, "calls": ["late"]},
    }


def waiting(page: Page, name: str) -> object:
    """A caller's row."""
    return page.get_by_role("table", name="Waiting callers").get_by_role("row").filter(has_text=name)


async def tab_to(page: Page, inside: str) -> None:
    """Press Tab until the focus is on, or in, what the selector names."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        if await page.evaluate("to => document.activeElement.matches(to)", inside):
            return
    raise AssertionError(f"the keyboard does not reach {inside}")


async def test_callers_stand_in_their_order_with_what_they_need(desk: Desk, edge: Running) -> None:
    show_callers(edge)
    await desk.sign_in("supervisor1")
    rows = desk.page.get_by_role("table", name="Waiting callers").locator("tbody tr")
    await expect(rows).to_have_count(3)
    await expect(rows.nth(0)).to_contain_text("Wang Fang")
    await expect(rows.nth(0)).to_contain_text("+8 min")
    await expect(rows.nth(0)).to_contain_text("tier +3")
    await expect(rows.nth(0)).to_contain_text("supervisor +5")
    await expect(rows.nth(0)).to_contain_text("Billing 2, preferred")
    await expect(rows.nth(0)).to_contain_text("≤ 95 s")
    await expect(rows.nth(1)).to_contain_text("Li Na")
    await expect(rows.nth(1).locator("td").first).to_have_text("2")
    await expect(rows.nth(2)).to_contain_text(HOSTILE)
    await expect(rows.nth(2).locator("td").first).to_have_text("1")
    edge.center.carry(DropCall(call="late"))
    await expect(rows).to_have_count(2)
    await expect(rows.nth(0).locator("td").first).to_have_text("1")


async def test_why_somebody_waits_is_told_with_the_keyboard_and_goes_on_being_told(
    desk: Desk, edge: Running
) -> None:
    show_callers(edge)
    await desk.sign_in("supervisor1")
    page, keys = desk.page, desk.page.keyboard
    await page.get_by_role("table", name="Waiting callers").locator("tr[tabindex='0']").focus()
    await keys.press("ArrowDown")
    await keys.press("y")
    told = page.locator(".why-waiting")
    await expect(told).to_contain_text("Not possible now: agent4: wrap-up, 12 s left")
    await expect(page.locator("tr:focus")).to_contain_text("Li Na")
    await keys.press("ArrowDown")
    await expect(page.locator("tr:focus")).to_contain_text(HOSTILE)
    await page.get_by_role("button", name="中文").click()
    await expect(told).to_contain_text("目前不可接听：agent4：话后处理，还剩 12 秒")
    await page.locator("tr", has_text="Li Na").get_by_role("button", name="原因").click()
    await expect(told).to_have_count(0)


async def test_a_caller_is_moved_and_moved_back(desk: Desk, edge: Running) -> None:
    show_callers(edge)
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.locator("tr", has_text="Wang Fang").get_by_role("button", name="5 minutes earlier").click()
    await edge.center.heard(PriorityAsked, call="late", minutes=10.0)
    await expect(page.locator(".toast")).to_contain_text("Wang Fang: +5 minutes")
    await page.locator(".toast").get_by_role("button", name="Undo").click()
    await edge.center.heard(PriorityAsked, call="late", minutes=5.0)
    await page.locator("tr", has_text="Li Na").focus()
    await page.keyboard.press("-")
    await edge.center.heard(PriorityAsked, call="early", minutes=-5.0)


async def test_each_press_moves_a_caller_further_and_the_row_keeps_the_focus(
    desk: Desk, edge: Running
) -> None:
    show_callers(edge)
    await desk.sign_in("supervisor1")
    page, keys = desk.page, desk.page.keyboard
    await page.locator("tr", has_text="Li Na").focus()
    for _ in range(3):
        await keys.press("+")
    await edge.center.heard(PriorityAsked, call="early", minutes=15.0)
    asked = [event.minutes for event in edge.center.events if isinstance(event, PriorityAsked)]
    assert asked == [5.0, 10.0, 15.0]
    rows = page.get_by_role("table", name="Waiting callers").locator("tbody tr")
    for order in (("late", "other", "early"), ("early", "late", "other"), ("other", "early", "late")):
        for place, call in enumerate(order):
            edge.center._show_call(
                replace(edge.center.calls[call], queued_at=edge.clock() - 9, priority=99 - place)
            )
        names = {"early": "Li Na", "late": "Wang Fang", "other": HOSTILE}
        await expect(rows).to_contain_text([names[call] for call in order])
        await expect(page.locator("tr:focus")).to_contain_text("Li Na")


async def test_what_was_changed_is_not_hidden_by_an_older_answer(desk: Desk, edge: Running) -> None:
    show_agents(edge)
    page = desk.page
    changes = page.get_by_role("table", name="Changes in force")
    async with desk.answers_held("**/api/changes?*", first_only=True) as answered:
        await desk.sign_in("supervisor1")
        await answered.wait()
        await page.get_by_label("Select 陈晓").check()
        await page.get_by_role("button", name="Change skills / queues").click()
        await page.select_option("#change-s-en", "7")
        await page.get_by_role("button", name="Apply").click()
        await expect(changes).to_contain_text("English none → 7")
    await page.evaluate("new Promise(requestAnimationFrame)")
    await expect(changes).to_contain_text("English none → 7")


async def test_what_is_typed_while_the_settings_are_saved_stays(desk: Desk, edge: Running) -> None:
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_label("Wrap-up", exact=True).fill("45")
    await expect(page.get_by_role("button", name="Save")).to_be_enabled()
    async with desk.answers_held("**/api/configuration"):
        await page.get_by_role("button", name="Save").click()
        await edge.center.heard(RulesChanged, version=2)
        await page.get_by_label("Rings for", exact=True).fill("33")
    await expect(page.locator(".toast")).to_contain_text("Saved as version 2")
    await expect(page.get_by_label("Rings for", exact=True)).to_have_value("33")
    await expect(page.locator(".save-bar")).to_contain_text("1 change")
    await page.get_by_role("button", name="Save").click()
    await edge.center.heard(RulesChanged, version=3)
    queue = (await edge.configurator.current()).document["queues"]["support"]
    assert (queue["ring_s"], queue["wrap_up_s"]) == (33, 45)


async def test_two_agents_are_changed_with_the_keyboard_alone(desk: Desk, edge: Running) -> None:
    show_agents(edge)
    await desk.sign_in("supervisor1")
    page, keys = desk.page, desk.page.keyboard
    await page.get_by_role("table", name="Agents").locator("tr[tabindex='0']").focus()
    await keys.press("x")
    await keys.press("ArrowDown")
    await keys.press(" ")
    await expect(page.locator(".chosen")).to_contain_text("2 agents selected")
    await keys.press("c")
    await expect(page.locator("dialog h2")).to_have_text("Change 2 agents")
    await tab_to(page, "#change-s-en")
    for _ in range(8):  # "leave", "none", 1 … 7; letters would have to come within a second
        await keys.press("ArrowDown")
    await expect(page.locator("#change-s-en")).to_have_value("7")
    await tab_to(page, ".timed input[type=checkbox]")
    await keys.press(" ")
    preview = page.locator(".preview")
    await expect(preview).to_contain_text("陈晓: English none → 7")
    await expect(preview).to_contain_text("陈晓: can take 3 of those who wait (now 1)")
    await expect(preview).to_contain_text("Returns by itself at")
    await tab_to(page, "dialog .primary")
    await keys.press("Enter")
    await edge.center.heard(AgentChanged, login="agent1", skills={"en": 7})
    await expect(page.locator("dialog")).to_have_count(0)
    changes = page.get_by_role("table", name="Changes in force")
    await expect(changes).to_contain_text("Maria Lind: English none → 7")
    edge.center.forget()
    await page.locator(".toast").get_by_role("button", name="Undo").focus()
    await keys.press("Enter")
    await edge.center.heard(AgentChanged, login="agent2", skills={})
    await expect(changes).to_have_count(0)


async def test_what_can_not_be_is_said_in_the_dialog(desk: Desk, edge: Running) -> None:
    show_agents(edge)
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.get_by_label("Select 陈晓").check()
    await page.get_by_role("button", name="Change skills / queues").click()
    apply = page.get_by_role("button", name="Apply")
    await expect(apply).to_be_disabled()
    await page.select_option("#change-q-support", "leave")
    await page.select_option("#change-s-en", "none")
    await expect(page.locator(".preview")).to_contain_text("陈晓 leaves Support")
    await page.get_by_label("only until").check()
    await page.get_by_label("Until", exact=True).fill("25:00")
    await expect(page.locator(".preview [role=alert]")).to_contain_text("such as 15:00")
    await expect(apply).to_be_disabled()


async def test_a_widening_that_can_never_match_is_said_at_its_field(desk: Desk, edge: Running) -> None:
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.get_by_role("link", name="Settings").click()
    await expect(page.locator(".section-item[aria-current]")).to_have_text("Support")
    await page.get_by_role("button", name="Add a step").click()
    step = page.locator(".step")
    await expect(step.locator(".wrong")).to_contain_text(
        ["no call of the queue needs what it lowers or drops"]
    )
    await expect(page.locator(".save-bar")).to_contain_text("1 mistake")
    await expect(page.get_by_role("button", name="Save")).to_be_disabled()
    await page.locator("select[aria-label='Add a skill to “Required”']").select_option("en")
    await step.get_by_label("English").check()
    await expect(page.get_by_role("button", name="Save")).to_be_enabled()
    await step.get_by_label("After waiting").fill("5000")
    field = step.locator(".field", has_text="After waiting")
    await expect(field).to_contain_text("it can never match: after 5000 s nobody waits any more")
    await expect(step.get_by_label("After waiting")).to_have_attribute("aria-invalid", "true")
    await page.get_by_role("button", name="Skills", exact=True).click()
    await expect(page.locator(".section-item", has_text="Support")).to_contain_text("1")
    await page.get_by_role("button", name="Show the mistake").click()
    await page.locator(".step").get_by_label("After waiting").fill("60")
    await page.locator("#settings-comment").fill("English after a minute")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".toast")).to_contain_text("Saved as version 2")
    rules = await edge.center.heard(RulesChanged, version=2)
    support = next(queue for queue in rules.rules.queues if queue.name == "support")
    assert [step.after_s for step in support.widening] == [60]
    await expect(page.locator(".warned")).to_contain_text("nobody")
    await page.get_by_role("button", name="Versions").click()
    await expect(page.get_by_role("table", name="Versions")).to_contain_text("English after a minute")
    await page.get_by_role("button", name="With the present one").click()
    await expect(page.get_by_role("table", name="Differences")).to_contain_text(
        "Queues › Support › Required › en"
    )


async def test_who_was_overtaken_sees_both_and_loses_nothing(desk: Desk, edge: Running) -> None:
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_label("Wrap-up", exact=True).fill("45")
    document = (await edge.configurator.current()).document
    document["queues"]["support"]["ring_s"] = 33
    await edge.configurator.put(Configuration.model_validate(document), expected=1, login="other")
    await page.get_by_role("button", name="Save").click()
    overtaken = page.get_by_role("alert").filter(has_text="other has stored version 2")
    await expect(overtaken).to_contain_text("Queues › Support › Rings for")
    await expect(overtaken).to_contain_text("Queues › Support › Wrap-up")
    await page.get_by_role("button", name="Keep my changes on top").click()
    await expect(page.get_by_label("Rings for", exact=True)).to_have_value("33")
    await expect(page.get_by_label("Wrap-up", exact=True)).to_have_value("45")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".toast")).to_contain_text("Saved as version 3")
    queue = (await edge.configurator.current()).document["queues"]["support"]
    assert (queue["ring_s"], queue["wrap_up_s"]) == (33, 45)


async def test_the_audit_log_is_filtered(desk: Desk, edge: Running) -> None:
    async with edge.browser() as other:
        await other.sign_in("supervisor1")
        await other.call("POST", "/api/changes", json={"agents": ["agent1"], "skills": {"en": 5}})
        await other.sign_in("supervisor2")
        await other.call("POST", "/api/changes", json={"agents": ["agent1"], "skills": {"en": 6}})
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.get_by_role("link", name="Audit").click()
    rows = page.get_by_role("table", name="Audit").locator("tbody tr")
    await expect(rows.filter(has_text="supervisor2")).to_contain_text("refused")
    await expect(rows.filter(has_text="supervisor1")).to_contain_text("skills.en 5")
    await page.get_by_label("Result").select_option("false")
    await expect(rows.filter(has_text="supervisor1")).to_have_count(0)
    await page.get_by_label("User", exact=True).fill("nobody")
    await expect(page.locator(".empty")).to_have_text("No row fits.")
    await page.get_by_role("button", name="Clear filters").click()
    await expect(rows.filter(has_text="supervisor1")).to_have_count(1)


@pytest.mark.parametrize(
    ("login", "paths"), [("agent1", ("/settings", "/audit")), ("supervisor2", ("/settings",))]
)
async def test_what_is_not_ones_own_is_refused_in_words(
    desk: Desk, login: str, paths: tuple[str, ...]
) -> None:
    await desk.sign_in(login)
    for path in paths:
        answer = await desk.page.goto(path)
        assert answer
        assert answer.status == 403
        await expect(desk.page.locator("h1")).to_have_text("Not for you")
        await expect(desk.page.locator(f"nav a[href='{path}']")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "theme"), [("en", "light"), ("zh", "dark"), ("zh", "light"), ("en", "dark")]
)
async def test_nobody_is_shut_out(chromium: Browser, edge: Running, language: str, theme: str) -> None:
    show_callers(edge)
    show_agents(edge)
    async with Desk(chromium, edge, language=language, theme=theme) as desk:
        await desk.sign_in("supervisor1")
        page = desk.page

        async def fits() -> None:
            assert await desk.axe() == []
            for width, height in ((360, 640), (683, 384), (1280, 800), (2560, 1440)):
                assert await desk.overflow(width, height) == 0, (page.url, width)

        await page.locator("tr[tabindex='0']").first.focus()
        await page.keyboard.press("y")
        await page.wait_for_selector(".why-waiting")
        await page.locator(".table .check input").first.check()
        await fits()
        await page.locator(".chosen .button").last.click()
        await page.select_option("#change-s-en", "7")
        await page.wait_for_selector(".eligible")
        await fits()
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog")).to_have_count(0)
        await page.locator("a[href='/settings']").click()
        await page.locator(".steps > .button").click()
        await page.wait_for_selector(".step .error-text")
        await fits()
        items = page.locator(".section-item")
        for place in range(2, await items.count()):
            await items.nth(place).click()
            await expect(items.nth(place)).to_have_attribute("aria-current", "true")
            await fits()
        if language == "en":
            assert not re.search(r"[\u4e00-\u9fff]", await page.locator(".settings").inner_text())
        await page.locator("a[href='/audit']").click()
        await page.wait_for_selector("#audit-login")
        await fits()


async def test_a_callback_is_taken_back_after_one_more_question(desk: Desk, edge: Running) -> None:
    now = edge.clock()
    record = CallbackRecord(
        id="i1", queue="support", number="13800138000", name="Zhang Wei", server="main", asked_at=now - 300,
        entered_at=now - 400, tries=1, due_at=now - 10, expires_at=now + 9000, state="waiting",
    )  # fmt: skip
    await edge.store.write(callbacks.save, [record])
    await desk.sign_in("supervisor1")
    row = desk.page.get_by_role("table", name="Callbacks waiting").locator("tbody tr")
    await expect(row).to_contain_text("Zhang Wei")
    await expect(row).to_contain_text("in its turn")
    await row.get_by_role("button").focus()
    await desk.page.keyboard.press("Enter")
    await expect(row.get_by_role("button")).to_have_text("Really?")
    await desk.page.keyboard.press("Enter")
    await edge.center.heard(CallbackCancelAsked, callback="i1", login="supervisor1")
    await expect(desk.page.locator(".toast")).to_contain_text("Zhang Wei will not be called back.")


async def test_mistakes_are_told_in_the_language_of_the_page(chromium: Browser, edge: Running) -> None:
    async with Desk(chromium, edge, language="zh") as desk:
        await desk.sign_in("supervisor1")
        await desk.page.locator("a[href='/settings']").click()
        await desk.page.locator("#set-queues-support-ring_s").fill("1")
        await expect(desk.page.locator(".is-wrong .error-text")).to_have_text("不能小于 3")
        await desk.page.locator("#set-queues-support-ring_s").fill("20")
        await desk.page.locator(".steps > .button").click()
        await expect(desk.page.locator(".step .error-text")).to_contain_text("永远不会生效")
