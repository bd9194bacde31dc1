"""The requests: the board, the list, one request, by keyboard and by mouse."""

import re

import pytest
from desk import Desk
from playwright.async_api import Browser, Locator, Route, expect
from running import Running
from service import change, customer, followup, interaction, request, request_now, with_kinds

from contactcenter.crm.requests import RequestState
from contactcenter.crm.users import UserChange

pytestmark = pytest.mark.asyncio(loop_scope="module")

CJK = re.compile(r"[\u4e00-\u9fff]")
NAMES = ("Maria", "Lind", "Sales", "lead", "admin")
HOSTILE = "<img src=x onerror=alert(1)>\u202edrawkcab"


def column(desk: Desk, state: str) -> Locator:
    return desk.page.locator(f".column-of[data-request={state}]")


def card(desk: Desk, subject: str) -> Locator:
    return desk.page.locator(".request-card", has_text=subject)


async def test_the_board_counts_what_one_sees_and_filters_it(desk: Desk, edge: Running) -> None:
    with_kinds(edge)
    wang = await customer(edge, "王小明")
    await request(
        edge, wang, "Line drops", owner="agent1", priority=4, kind="fault", due_at=edge.clock() - 60
    )
    await request(edge, wang, "Invoice", owner="agent2", kind="billing")
    await request(edge, wang, "Second line", RequestState.OPEN, owner="", priority=1)
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.get_by_role("link", name="Requests").click()
    await expect(column(desk, "new").locator(".chip")).to_have_text("2")
    await expect(column(desk, "open").locator(".chip")).to_have_text("1")
    await expect(card(desk, "Line drops")).to_contain_text("Urgent")
    await expect(card(desk, "Line drops")).to_contain_text("Overdue by 1 min")
    await expect(card(desk, "Line drops")).to_contain_text("王小明")
    await expect(card(desk, "Second line")).to_contain_text("Nobody")
    for label, value, left in (
        ("Owner", "agent2", "Invoice"),
        ("Owner", "-", "Second line"),
        ("Priority", "4", "Line drops"),
        ("Kind", "billing", "Invoice"),
        ("Due", "overdue", "Line drops"),
    ):
        await page.get_by_label(label, exact=True).select_option(value)
        await expect(page.locator(".request-card")).to_have_count(1)
        await expect(card(desk, left)).to_be_visible()
        assert f"={value}" in page.url
        await page.get_by_role("button", name="Clear filters").click()
        await expect(page.locator(".request-card")).to_have_count(3)
    await page.get_by_label("Number").fill("1999")
    await expect(page.locator(".request-card")).to_have_count(0)
    await expect(column(desk, "new").locator(".chip")).to_have_text("0")
    await page.get_by_label("Number").fill("")
    await expect(page.locator(".request-card")).to_have_count(3)
    assert await desk.axe() == []
    assert await desk.overflow(1280, 800) <= 0


async def test_a_request_is_moved_with_the_keyboard_by_allowed_steps_only(desk: Desk, edge: Running) -> None:
    wang = await customer(edge, "Wang")
    one = await request(edge, wang, "Line drops")
    await request(edge, wang, "Invoice", RequestState.OPEN)
    closed = await request(edge, wang, "Old one", RequestState.CLOSED)
    await desk.sign_in("agent1")
    page, keys = desk.page, desk.page.keyboard
    await page.get_by_role("link", name="Requests").click()
    await card(desk, "Line drops").focus()
    await keys.press("ArrowRight")
    await expect(card(desk, "Invoice")).to_be_focused()
    await keys.press("ArrowLeft")
    await expect(card(desk, "Line drops")).to_be_focused()
    # The next column that way.
    await keys.press("Shift+ArrowRight")
    await expect(column(desk, "open").locator(".request-card", has_text="Line drops")).to_be_focused()
    assert (await request_now(edge, one)).state is RequestState.OPEN
    # To "new" nothing goes back.
    await keys.press("Shift+ArrowLeft")
    # All steps as a menu; solving asks how.
    await keys.press("m")
    items = page.locator(".menu .menu-item")
    await expect(items.first).to_be_focused()
    await expect(items).to_have_text(["Waiting for customer", "Waiting internally", "Solved", "Closed"])
    await keys.press("ArrowDown")
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await expect(page.get_by_label("Solution")).to_be_focused()
    await keys.type("Reset the modem.")
    await keys.press("Control+Enter")
    await expect(column(desk, "solved").locator(".request-card", has_text="Line drops")).to_be_visible()
    now = await request_now(edge, one)
    assert (now.state, now.solution) == (RequestState.SOLVED, "Reset the modem.")
    await expect(page.locator(".toast").last).to_contain_text("now Solved")
    # A closed one can only be opened again.
    await page.get_by_role("button", name="Closed").click()
    await card(desk, "Old one").focus()
    await keys.press("m")
    await expect(items).to_have_text(["In work"])
    await keys.press("Escape")
    await keys.press("Shift+ArrowLeft")
    await expect(column(desk, "open").locator(".request-card", has_text="Old one")).to_be_focused()
    assert (await request_now(edge, closed)).state is RequestState.OPEN
    await keys.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Old one")


async def test_a_card_is_dragged_only_where_it_may_go(desk: Desk, edge: Running) -> None:
    wang = await customer(edge, "Wang")
    one = await request(edge, wang, "Line drops", RequestState.SOLVED)
    await desk.sign_in("agent1")
    page = desk.page
    await page.goto("/requests")
    dragged = card(desk, "Line drops")
    await dragged.hover()
    await page.mouse.down()
    await column(desk, "waiting_customer").hover()
    await expect(column(desk, "waiting_customer")).to_have_attribute("data-may", "false")
    await expect(column(desk, "open")).to_have_attribute("data-may", "true")
    await page.mouse.up()
    await expect(column(desk, "waiting_customer").locator(".request-card")).to_have_count(0)
    await dragged.drag_to(column(desk, "open"))
    await expect(column(desk, "open").locator(".request-card")).to_have_count(1)
    assert (await request_now(edge, one)).state is RequestState.OPEN
    # Undone by the same steps, where they lead back.
    await page.locator(".toast").get_by_role("button", name="Undo").click()
    await expect(column(desk, "solved").locator(".request-card")).to_have_count(1)


async def test_a_move_upon_a_change_of_somebody_else_shows_both(desk: Desk, edge: Running) -> None:
    wang = await customer(edge, "Wang")
    one = await request(edge, wang, "Line drops", RequestState.OPEN)
    await desk.sign_in("agent1")
    page, keys = desk.page, desk.page.keyboard
    await page.goto("/requests")
    await card(desk, "Line drops").focus()
    await change(edge, one, state=RequestState.WAITING_INTERNAL, priority=4)
    await keys.press("Shift+ArrowRight")
    dialog = page.get_by_role("dialog", name="Changed meanwhile")
    await expect(dialog.locator(".version").nth(0)).to_contain_text("Waiting internally")
    await expect(dialog.locator(".version").nth(1)).to_contain_text("Waiting for customer")
    await expect(dialog).to_contain_text("Normal → Urgent")
    assert await desk.axe() == []
    await dialog.get_by_role("button", name="Save what I chose").click()
    await expect(column(desk, "waiting_customer").locator(".request-card")).to_have_count(1)
    now = await request_now(edge, one)
    assert (now.state, now.priority) == (RequestState.WAITING_CUSTOMER, 4)


async def test_the_list_shows_the_same_and_opens_with_enter(desk: Desk, edge: Running) -> None:
    wang = await customer(edge, "Wang")
    for place in range(60):
        await request(edge, wang, f"Request {place:02}")
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.goto("/requests")
    await expect(column(desk, "new").locator(".chip")).to_have_text("60")
    await expect(page.locator(".request-card")).to_have_count(25)
    await column(desk, "new").get_by_role("button", name="Show more").click()
    await expect(page.locator(".request-card")).to_have_count(50)
    await page.get_by_role("button", name="List").click()
    await expect(page.locator("tbody tr")).to_have_count(50)
    await page.get_by_label("Order").select_option("number")
    await expect(page.locator("tbody tr").first).to_contain_text("Request 59")
    await page.get_by_role("button", name="Show more").click()
    await expect(page.locator("tbody tr")).to_have_count(60)
    await page.get_by_label("State").select_option("closed")
    await expect(page.locator(".empty")).to_have_text("No request fits these filters.")
    await page.get_by_label("State").select_option("")
    await page.locator("tbody tr").first.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Request 58")
    await page.go_back()
    await expect(page.locator("tbody tr")).to_have_count(50)
    assert "view=list" in page.url


async def test_one_request_is_changed_where_it_stands(desk: Desk, edge: Running) -> None:
    with_kinds(edge)
    wang = await customer(edge, "王小明")
    li = await customer(edge, "Li Na", "+8613900139000")
    await interaction(edge, "i9", wang)
    one = await request(edge, wang, "Line drops", problem="Every evening", interaction="i9")
    await followup(edge, "Call him", 3600, request=one.id)
    await desk.sign_in("supervisor1")
    page, keys = desk.page, desk.page.keyboard
    await page.goto(f"/requests/{one.id}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Line drops")
    for text in (one.number, "Every evening", "王小明", "Call him", "Call · Answered"):
        await expect(page.locator("main")).to_contain_text(text)
    await page.get_by_role("button", name="Change: Subject").press("Enter")
    await expect(page.get_by_label("Subject")).to_be_focused()
    await keys.press("ControlOrMeta+a")
    await keys.type("Line drops at eight")
    await keys.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Line drops at eight")
    for field, value in (("Priority", "4"), ("Owner", "agent2"), ("Kind", "fault")):
        await page.get_by_role("button", name=f"Change: {field}").click()
        await page.get_by_label(field, exact=True).select_option(value)
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("button", name=f"Change: {field}")).to_be_focused()
    await expect(page.locator(".request-head .priority")).to_have_text("Urgent")
    await page.get_by_role("button", name="Another customer").click()
    await keys.type("Li Na")
    await page.get_by_role("option", name="Li Na").click()
    await expect(page.get_by_role("link", name="Li Na")).to_be_visible()
    await page.get_by_label("What was done, or heard").fill("Called: nobody answers.")
    await keys.press("Control+Enter")
    await expect(page.locator(".course li").first).to_contain_text("Called: nobody answers.")
    await expect(page.get_by_label("What was done, or heard")).to_have_value("")
    await page.get_by_role("group", name="Move request").get_by_role("button", name="In work").click()
    await expect(page.locator(".course li").first).to_contain_text("New → In work")
    now = await request_now(edge, one)
    assert (now.priority, now.owner, now.kind, now.customer) == (4, "agent2", "fault", li.id)
    assert now.state is RequestState.OPEN
    assert await desk.axe() == []
    assert await desk.overflow(1280, 800) <= 0
    await page.get_by_role("button", name="Take apart").click()
    await expect(page.get_by_text("None is linked.")).to_be_visible()


async def test_what_is_typed_is_kept_when_somebody_else_saved_first(desk: Desk, edge: Running) -> None:
    wang = await customer(edge, "Wang")
    one = await request(edge, wang, "Line drops", problem="Every evening")
    await desk.sign_in("agent1")
    page = desk.page
    await page.goto(f"/requests/{one.id}")
    await page.get_by_role("button", name="Change: Problem").click()
    await page.get_by_label("Problem").fill("Every evening at eight")
    # A look at another page loses nothing.
    await page.get_by_role("link", name="Follow-ups").click()
    await page.go_back()
    await expect(page.get_by_label("Problem")).to_have_value("Every evening at eight")
    await change(edge, one, problem="Every morning")
    await page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog", name="Changed meanwhile")
    await expect(dialog).to_contain_text("Every morning")
    await expect(dialog).to_contain_text("Every evening at eight")
    await dialog.get_by_role("button", name="Keep what is there now").click()
    await expect(page.locator(".fact", has_text="Problem")).to_contain_text("Every morning")
    assert (await request_now(edge, one)).problem == "Every morning"
    # Another field of somebody else's is no reason to ask.
    await page.get_by_role("button", name="Change: Problem").click()
    await page.get_by_label("Problem").fill("At eight")
    await change(edge, one, priority=4)
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".fact", has_text="Problem")).to_contain_text("At eight")
    now = await request_now(edge, one)
    assert (now.problem, now.priority) == ("At eight", 4)


async def test_a_new_request_needs_a_customer_and_keeps_what_was_typed(desk: Desk, edge: Running) -> None:
    await customer(edge, "王小明")
    await desk.sign_in("supervisor1")
    page, keys = desk.page, desk.page.keyboard
    await page.goto("/requests")
    await expect(page.get_by_text("There are no requests yet")).to_be_visible()
    await page.get_by_role("button", name="New request").click()
    dialog = page.get_by_role("dialog", name="New request")
    await expect(dialog.get_by_label("Subject")).to_be_focused()
    await keys.type(HOSTILE)
    await expect(dialog.get_by_role("button", name="Open request")).to_be_disabled()
    await keys.press("Escape")
    await page.get_by_role("button", name="New request").click()
    await expect(dialog.get_by_label("Subject")).to_have_value(HOSTILE)
    await dialog.get_by_role("combobox", name="Customer").fill("wxm")
    await page.get_by_role("option", name="王小明").click()
    assert await desk.axe() == []
    async with desk.answers_held("**/api/requests") as answered:
        await dialog.get_by_role("button", name="Open request").click()
        await answered.wait()
        await dialog.get_by_role("button", name="Open request").click()
    await expect(page.locator(".toast")).to_contain_text("is open.")
    await expect(page.locator(".request-card")).to_have_count(1)
    await expect(page.locator(".request-card .subject")).to_have_text(HOSTILE)


async def test_who_may_only_read_sees_no_way_to_change(desk: Desk, edge: Running, chromium: Browser) -> None:
    wang = await customer(edge, "Wang")
    one = await request(edge, wang, "Line drops")
    await edge.users.change("agent2", UserChange(role="quality"))
    await desk.sign_in("agent2")
    page = desk.page
    await page.goto("/requests")
    await expect(card(desk, "Line drops")).to_be_visible()
    await expect(page.get_by_role("button", name="New request")).to_have_count(0)
    await expect(page.get_by_role("button", name="Move request")).to_have_count(0)
    await page.goto(f"/requests/{one.id}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Line drops")
    await expect(page.get_by_role("button", name="Change:")).to_have_count(0)
    await page.goto("/requests/0123456789abcdef")
    await expect(page.get_by_role("alert").filter(has_text="There is no such request")).to_be_visible()


async def test_the_pages_say_what_failed_and_try_again(desk: Desk, edge: Running) -> None:
    wang = await customer(edge, "Wang")
    await request(edge, wang, "Line drops")
    await desk.sign_in("agent1")
    page = desk.page

    async def until_pressed(route: Route) -> None:
        """The page may read again by itself, too, when it hears of news: only the press is answered."""
        await (route.continue_() if await page.evaluate("window.pressed === true") else route.abort())

    await page.add_init_script("addEventListener('click', () => { window.pressed = true; }, true)")
    await page.route("**/api/requests*", until_pressed)
    await page.goto("/requests")
    await page.get_by_role("button", name="Try again").click()
    await expect(card(desk, "Line drops")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_pages_speak_one_language_and_are_accessible(
    chromium: Browser, edge: Running, theme: str
) -> None:
    with_kinds(edge)
    wang = await customer(edge, "Wang")
    one = await request(edge, wang, "Line drops", due_at=edge.clock() - 60)
    async with Desk(chromium, edge, language="zh", theme=theme) as desk:
        await desk.sign_in("agent1")
        for path, ready in (
            ("/requests", ".request-card"),
            ("/requests?view=list", "tbody tr"),
            (f"/requests/{one.id}", ".course li"),
        ):
            await desk.page.goto(path)
            await desk.page.wait_for_selector(ready)
            assert await desk.axe() == []
            words = set(re.findall(r"[A-Za-z]{3,}", await desk.page.inner_text("main")))
            assert words <= {"Wang", "Line", "drops", "center", "PDF", *NAMES}
            assert await desk.overflow(320, 640) <= 0
