"""The agent's page in a real browser."""

import asyncio
import re

import pytest
from desk import LI, ZHANG, Desk
from fake_center import FakeCenter
from playwright.async_api import Browser, WebSocketRoute, expect
from running import Running

from contactcenter.commands import SaveInteraction
from contactcenter.config import Configuration
from contactcenter.events import DispositionSet, HangUpAsked, PopShown, StateAsked
from contactcenter.values import InteractionRecord, TimelineEntry

pytestmark = pytest.mark.asyncio(loop_scope="module")

CJK = re.compile(r"[\u4e00-\u9fff]")
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


async def test_a_call_from_sign_in_to_done_with_the_keyboard_alone(desk: Desk) -> None:
    await desk.ask_who()
    await desk.enter("agent1")
    await desk.at_home()
    keys = desk.page.keyboard
    await keys.press("F8")
    await expect(desk.page.locator(".menu-item").first).to_be_focused()
    await keys.press("Enter")
    await desk.center.heard(StateAsked, login="agent1", state="available")
    await desk.face("available")
    pop = desk.center.ring("agent1", ZHANG)
    await desk.face("reserved")
    await desk.center.heard(PopShown, login="agent1", offer=pop.offer)
    await keys.press("F2")
    await desk.face("talking")
    await keys.press("F9")
    await keys.press("2")
    await keys.press("Tab")
    await keys.type("Line drops in the evening")
    await keys.press("F4")
    await desk.face("wrap_up")
    await expect(desk.page.locator("form.outcome textarea")).to_be_focused()
    await keys.press("Tab")
    await keys.type("+8613800138000")
    await keys.press("Enter")
    await desk.center.heard(
        DispositionSet, interaction=pop.interaction, code="ticket", note="Line drops in the evening",
        callback="+8613800138000",
    )  # fmt: skip
    await desk.face("available")


async def test_the_pop_says_who_why_and_what_was_before(desk: Desk) -> None:
    await desk.sign_in()
    desk.center.ring("agent1", ZHANG, why={"rule": "longest_idle", "idle_s": 95.0})
    page = desk.page
    await expect(page.locator("#caller")).to_have_text("Zhang Wei")
    await expect(page.locator(".why")).to_contain_text("free the longest, for 95 s")
    await expect(page.locator(".call-head")).to_contain_text("waited 17 s")
    context = page.locator(".context")
    for text in ("100234", "Cloud Ltd", "Gold", "-128.50", "Called twice.", "Ticket opened", "line drops"):
        await expect(context).to_contain_text(text)
    await expect(context).to_contain_text("Recognised by caller's number")
    await expect(page).to_have_title("☎ Zhang Wei")


async def test_an_offer_is_announced_once(desk: Desk) -> None:
    await desk.sign_in()
    await desk.page.evaluate("""() => {
        window.said = [];
        const region = document.querySelector('#announcement');
        new MutationObserver(() => said.push(region.textContent))
            .observe(region, {childList: true, characterData: true, subtree: true});
    }""")
    desk.center.ring("agent1", ZHANG)
    await desk.face("reserved")
    desk.center.show_queues(support=3)
    await desk.page.wait_for_selector(".chip.urgent")
    desk.center.join("agent1")
    await desk.face("talking")
    said = [text for text in await desk.page.evaluate("said") if text]
    assert said == ["Incoming call: Zhang Wei, queue Support"]
    await expect(desk.page.locator(".figures[aria-live=off]").first, "timers are silent").to_be_attached()


async def test_a_ringing_call_takes_no_letter_from_who_types(desk: Desk) -> None:
    await desk.sign_in()
    first = desk.center.ring("agent1", ZHANG)
    desk.center.join("agent1")
    desk.center.part("agent1")
    await desk.face("wrap_up")
    note = desk.page.locator("form.outcome textarea")
    await note.focus()
    text = "All sixty characters of this note must arrive, every single one."
    for place, letter in enumerate(text):
        if place == 20:
            desk.center.ring("agent1", LI)
        await desk.page.keyboard.type(letter)
    await desk.face("reserved")
    await expect(note).to_be_focused()
    await expect(note).to_have_value(text)
    await expect(desk.page.locator("form.outcome h2")).to_have_text("Not sent yet: Zhang Wei")
    await desk.page.locator("form.outcome .code").first.click()
    await note.focus()
    await desk.page.keyboard.press("Control+Enter")
    await desk.center.heard(DispositionSet, interaction=first.interaction, note=text)
    await expect(desk.page.locator("form.outcome")).to_have_count(0)


async def test_what_is_typed_while_the_outcome_is_sent_stays(desk: Desk) -> None:
    await desk.sign_in()
    pop = desk.center.ring("agent1", ZHANG)
    desk.center.join("agent1")
    desk.center.part("agent1")
    await desk.face("wrap_up")
    await desk.page.locator("form.outcome .code").first.click()
    note = desk.page.locator("form.outcome textarea")
    await note.fill("sent")
    async with desk.answers_held("**/disposition"):
        await desk.page.keyboard.press("Control+Enter")
        await desk.center.heard(DispositionSet, interaction=pop.interaction, note="sent")
        await desk.face("available")
        await note.focus()
        await desk.page.keyboard.press("End")
        await desk.page.keyboard.type(" and more")
    await expect(desk.page.locator("form.outcome button.primary")).to_have_attribute("aria-busy", "false")
    await expect(note).to_have_value("sent and more")
    await desk.page.keyboard.press("Control+Enter")
    await desk.center.heard(DispositionSet, interaction=pop.interaction, note="sent and more")
    await expect(note).to_have_count(0)


async def test_the_link_is_up_when_the_page_shows_what_is_now(desk: Desk) -> None:
    heard, told = asyncio.Event(), asyncio.Event()

    def hold(line: WebSocketRoute) -> None:
        async def late(frame: str | bytes) -> None:
            heard.set()
            await told.wait()
            line.send(frame)

        line.connect_to_server().on_message(late)

    await desk.page.route_web_socket("**/ws", hold)
    await desk.ask_who()
    await desk.enter("agent1")
    shell = desk.page.locator(".shell")
    await shell.wait_for()
    await heard.wait()
    assert await shell.get_attribute("data-link") == "down", "nobody acts on what he does not see"
    told.set()
    await expect(shell).to_have_attribute("data-link", "up")


async def test_enter_that_ends_a_composition_sends_nothing(desk: Desk) -> None:
    await desk.sign_in()
    desk.center.ring("agent1", ZHANG)
    desk.center.join("agent1")
    desk.center.part("agent1")
    await desk.face("wrap_up")
    await desk.page.locator("form.outcome .code").first.click()
    await desk.page.locator("form.outcome input[name=callback]").focus()
    prevented = await desk.page.evaluate("""() => {
        const enter = new KeyboardEvent('keydown',
            {key: 'Enter', isComposing: true, ctrlKey: true, bubbles: true, cancelable: true});
        document.activeElement.dispatchEvent(enter);
        return enter.defaultPrevented;
    }""")
    assert prevented
    await desk.page.keyboard.type("139")
    await desk.page.keyboard.press("Enter")
    await desk.center.heard(DispositionSet, callback="139")
    assert [e.callback for e in desk.center.events if isinstance(e, DispositionSet)] == ["139"]


async def test_a_phone_that_the_center_can_not_answer_is_answered_by_hand(desk: Desk) -> None:
    await desk.sign_in()
    await desk.page.select_option("#phone", "107")
    await expect(desk.page.locator(".footer")).to_contain_text("Phone 107 registered")
    desk.center.ring("agent1", ZHANG)
    await expect(desk.page.locator(".controls")).to_contain_text("Answer on your phone 107")
    await expect(desk.page.locator("#answer")).to_have_count(0)


async def test_a_missed_call_pauses_and_one_click_brings_back(desk: Desk) -> None:
    await desk.sign_in()
    desk.center.ring("agent1", ZHANG)
    await desk.face("reserved")
    desk.center.miss("agent1")
    toast = desk.page.locator(".toast")
    await expect(toast).to_contain_text("Not responding")
    await expect(desk.page.locator(".idle h1")).to_contain_text("Not responding")
    await toast.get_by_role("button", name="Back to available").click()
    await desk.face("available")
    await expect(toast).to_have_count(0)


async def test_a_lost_link_is_said_and_the_note_stays(desk: Desk) -> None:
    await desk.sign_in()
    desk.center.ring("agent1", ZHANG)
    desk.center.join("agent1")
    note = desk.page.locator("form.outcome textarea")
    await note.fill("half a no")
    await desk.context.set_offline(True)
    await expect(desk.page.locator(".banner.amber")).to_contain_text("The call is not affected")
    await expect(desk.page.locator(".hang-up")).to_be_disabled()
    await note.focus()
    await desk.page.keyboard.press("End")
    await desk.page.keyboard.type("te")
    desk.center.part("agent1")
    await desk.context.set_offline(False)
    await desk.face("wrap_up")
    await expect(desk.page.locator(".banner")).to_have_count(0)
    await expect(note).to_have_value("half a note")


async def test_a_socket_that_the_server_closed_comes_back_without_a_doubled_card(
    desk: Desk, edge: Running
) -> None:
    await desk.sign_in()
    desk.center.ring("agent1", ZHANG)
    await desk.face("reserved")
    await edge.server._edge.sockets.close(lambda _: True, 1001, "restarting")
    desk.center.join("agent1")
    await desk.face("talking")
    await expect(desk.page.locator("#caller")).to_have_count(1)


async def test_a_session_that_ended_elsewhere_leads_to_the_sign_in_page(desk: Desk, edge: Running) -> None:
    await desk.sign_in()
    await edge.sessions.end_all("agent1")
    await desk.page.wait_for_url("**/sign-in")


async def test_language_and_theme_are_switched_and_kept(desk: Desk) -> None:
    await desk.sign_in()
    page = desk.page
    async with page.expect_response("**/api/me"):  # before it is kept, nobody may leave the page
        await page.get_by_role("button", name="中文").click()
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await expect(page.locator(".status-button")).to_contain_text("离线")
    await page.get_by_role("button", name="深色").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    answer = await page.reload()
    assert answer
    first = await answer.text()
    assert 'lang="zh-CN"' in first, "the first paint already speaks the language"
    assert 'data-theme="dark"' in first, "no white flash"
    await expect(page.locator(".status-button")).to_contain_text("离线")


async def test_help_opens_by_question_mark_but_not_while_typing(desk: Desk) -> None:
    await desk.sign_in()
    await desk.page.keyboard.press("?")
    await expect(desk.page.locator("dialog")).to_be_visible()
    await desk.page.keyboard.press("Escape")
    await expect(desk.page.locator("dialog")).to_have_count(0)
    desk.center.ring("agent1", ZHANG)
    desk.center.join("agent1")
    await desk.page.locator("form.outcome textarea").focus()
    await desk.page.keyboard.type("why?")
    await expect(desk.page.locator("form.outcome textarea")).to_have_value("why?")
    await expect(desk.page.locator("dialog")).to_have_count(0)


async def test_what_callers_send_is_shown_as_text(desk: Desk) -> None:
    await desk.sign_in()
    desk.center.ring("agent1", caller=HOSTILE, caller_name=HOSTILE)
    await expect(desk.page.locator("#caller")).to_have_text(HOSTILE)
    await expect(desk.page.locator("#caller *")).to_have_count(0)


async def test_the_tab_key_goes_round_in_the_order_of_the_page(desk: Desk) -> None:
    await desk.sign_in()
    desk.center.ring("agent1", ZHANG, LI)
    await expect(desk.page.locator("#answer")).to_be_focused()
    region = """() => ['header', 'rail', 'roster', 'canvas-column', 'context', 'footer']
        .find(name => document.activeElement.closest('.' + name)) ?? 'outside'"""
    order = []
    for _ in range(40):
        await desk.page.keyboard.press("Tab")
        order.append(await desk.page.evaluate(region))
    start = order.index("header")
    assert "header" in order[start + 12 :], "it came round"
    assert list(dict.fromkeys(order[start:]))[:4] == ["header", "rail", "canvas-column", "context"]


async def test_a_supervisor_watches_everything_and_has_no_status(chromium: Browser, edge: Running) -> None:
    async with Desk(chromium, edge) as desk:
        async with edge.browser() as agent:
            await agent.sign_in("agent2")
        edge.center.ring("agent2", ZHANG)
        edge.center.show_queues(support=2)
        await desk.sign_in("supervisor1")
        await expect(desk.page.locator(".page")).to_contain_text("Maria Lind")
        await expect(desk.page.locator(".page")).to_contain_text("Incoming call")
        await expect(desk.page.locator(".status-button")).to_have_count(0)
        assert await desk.axe() == []


STATES = ("offline", "available", "reserved", "talking", "wrap_up", "paused")


def _bring_about(center: FakeCenter, state: str) -> None:
    if state in ("reserved", "talking", "wrap_up", "paused"):
        center.ring("agent1", ZHANG)
    if state in ("talking", "wrap_up"):
        center.join("agent1")
    if state == "wrap_up":
        center.part("agent1")
    if state == "paused":
        center.miss("agent1")
    if state == "available":
        center._show_agent("agent1", state="available", since=center.now())


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_every_state_is_accessible_and_fits(
    chromium: Browser, edge: Running, language: str, theme: str
) -> None:
    async with Desk(chromium, edge, language=language, theme=theme) as desk:
        await desk.ask_who()
        assert await desk.axe() == []
        assert await desk.overflow(320, 640) <= 0
        await desk.sign_in()
        edge.center.show_queues(support=2)
        for state in STATES:
            _bring_about(edge.center, state)
            await desk.face(state)
            await desk.page.evaluate(
                "Promise.all(document.getAnimations().map(animation => animation.finished))"
            )
            assert await desk.axe() == [], state
            assert await desk.overflow(320, 640) <= 0, state
            assert await desk.overflow(683, 384) <= 0, state
            small = await desk.page.evaluate("""() =>
                [...document.querySelectorAll('button, a[href], select')]
                .filter(e => { const r = e.getBoundingClientRect(); return r.width < 24 || r.height < 24 })
                .map(e => e.outerHTML)""")
            assert small == [], state
            if language == "en":
                words = (await desk.text()).replace("中文", "").replace("陈晓", "")
                assert not CJK.search(words), state


async def test_history_lists_and_tells_what_happened(desk: Desk, edge: Running) -> None:
    await desk.sign_in()
    page = desk.page
    await page.get_by_role("link", name="History").click()
    await expect(page.locator(".page")).to_contain_text("Nothing has happened yet")
    now = edge.clock()
    steps: list[tuple[float, str, dict[str, str | float | int | bool | None]]] = [
        (0, "arrived", {"did": "4001", "caller": "13800138000"}),
        (2, "node", {"node": "menu", "detail": "2"}),
        (3, "queued", {"queue": "support", "priority": 0, "kept_place": False}),
        (20, "offered", {"agent": "agent1", "phone": "101", "rule": "longest_idle", "idle_s": 95.0}),
        (24, "joined", {"agent": "agent1"}),
        (144, "parted", {"agent": "agent1", "talked_s": 120.0}),
        (150, "disposition", {"agent": "agent1", "code": "solved", "callback": ""}),
        (151, "something_new", {"text": HOSTILE}),
    ]
    record = InteractionRecord(
        id="i1", server="main", leg="l1", did="4001", caller="13800138000", caller_name=HOSTILE,
        queue="support", agent="agent1", outcome="answered", disposition="solved", note="All well",
        arrived_at=now, waited_s=21.0, talked_s=120.0, final=True,
    )  # fmt: skip
    entries = tuple(TimelineEntry(at=now + after, kind=kind, detail=detail) for after, kind, detail in steps)
    edge.store.carry(SaveInteraction(record=record, entries=entries))
    await edge.store.settled()
    await page.reload()
    await page.locator("tbody a").click()
    timeline = page.locator(".timeline li")
    await expect(timeline).to_have_count(len(steps))
    await expect(timeline.nth(3)).to_contain_text("Given to agent1 by “longest idle”: idle for 95 s.")
    await expect(timeline.nth(5)).to_contain_text("2 min")
    await expect(timeline.nth(7)).to_contain_text(HOSTILE)
    await expect(page.locator(".record")).to_contain_text("All well")
    assert await desk.axe() == []
    assert await desk.overflow(320, 640) <= 0
    await page.get_by_role("link", name="Back to the list").click()
    await page.locator("tbody a").wait_for()
    assert await desk.axe() == []
    assert await desk.overflow(320, 640) <= 0
    await page.goto("/history/none")
    await expect(page.locator(".page")).to_contain_text("not yours to see")


async def test_a_double_click_on_answer_does_not_hang_up(desk: Desk) -> None:
    await desk.sign_in()
    desk.center.ring("agent1", ZHANG)
    await desk.page.locator("#answer").dblclick()
    await desk.face("talking")
    await desk.page.locator("form.outcome textarea").fill("still here")
    desk.center.show_queues(support=3)  # whatever was sent before is heard before this is shown
    await desk.page.wait_for_selector(".chip.urgent")
    assert not [e for e in desk.center.events if isinstance(e, HangUpAsked)]


async def test_menus_follow_the_configuration_while_the_page_is_open(desk: Desk) -> None:
    await desk.sign_in()
    page, configurator = desk.page, desk.configurator
    await page.keyboard.press("F8")
    await expect(page.locator(".menu")).not_to_contain_text("Fire drill")
    document = configurator.settings.document()
    document["pauses"]["drill"] = {"zh": "消防演习", "en": "Fire drill"}
    await configurator.put(Configuration.model_validate(document), expected=1, login="boss")
    await expect(page.locator(".menu")).to_contain_text("Fire drill")


async def test_more_of_the_history_comes_once_for_a_double_click(desk: Desk, edge: Running) -> None:
    now = edge.clock()
    for n in range(60):
        record = InteractionRecord(
            id=f"i{n}", server="main", leg=f"l{n}", did="4001", caller="13800138000", arrived_at=now - n,
            final=True,
        )  # fmt: skip
        edge.store.carry(SaveInteraction(record=record))
    await edge.store.settled()
    await desk.sign_in("supervisor1")
    await desk.page.get_by_role("link", name="History").click()
    rows = desk.page.locator("tbody tr")
    await expect(rows).to_have_count(50)
    async with desk.answers_held("**/api/interactions?*"):
        await desk.page.get_by_role("button", name="Show more").dblclick()
    await expect(desk.page.get_by_role("button", name="Show more")).to_have_count(0)
    await expect(rows).to_have_count(60)
