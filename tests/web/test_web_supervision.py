"""Supervision on the pages: the board's keys and buttons, the bar, and what the agent sees of it."""

import pytest
from desk import ZHANG, Desk
from playwright.async_api import Browser, expect
from running import Running

from contactcenter.commands import DropMessage
from contactcenter.crm.users import UserChange
from contactcenter.events import (
    HangUpAsked,
    MessageRead,
    MessageSent,
    MonitorAsked,
    MonitorEndAsked,
    SignOutForced,
    StateForced,
    TakeOverAsked,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = "<img src=x onerror=alert(1)>"
CHOSEN = "tr[tabindex='0']"
"""The row that the keyboard is at."""


@pytest.fixture
def pair(chromium: Browser, edge: Running) -> tuple[Desk, Desk]:
    """An agent's page and a supervisor's."""
    return Desk(chromium, edge), Desk(chromium, edge)


async def talk(agent: Desk, supervisor: Desk) -> None:
    """Agent and supervisor sign in, and the agent talks with Zhang Wei."""
    await agent.sign_in()
    await supervisor.sign_in("supervisor1")
    agent.center.ring("agent1", ZHANG)
    agent.center.join("agent1")
    await supervisor.page.wait_for_selector(".segment")


async def test_a_supervisor_is_at_a_call_with_the_keyboard_alone(pair: tuple[Desk, Desk]) -> None:
    async with pair[0] as agent, pair[1] as supervisor:
        await talk(agent, supervisor)
        page, keys = supervisor.page, supervisor.page.keyboard
        await page.locator(CHOSEN).focus()
        await keys.press("l")
        await supervisor.center.heard(MonitorAsked, call="call-1", mode="listen", login="supervisor1")
        bar = page.locator(".listen-bar")
        await expect(bar).to_contain_text("You are listening to 陈晓")
        await expect(bar).to_contain_text("Nobody hears you.")
        await expect(bar).to_contain_text("Zhang Wei")
        mark = agent.page.locator(".monitored")
        await expect(mark).to_have_text("王主管 is listening")
        await keys.press("w")
        await expect(bar).to_contain_text("Only the agent hears you.")
        await expect(mark).to_have_text("王主管 whispers to you")
        await keys.press("b")
        await expect(bar).to_contain_text("The agent and the caller hear you.")
        await expect(bar.get_by_role("button", name="Barge in")).to_have_attribute("aria-pressed", "true")
        await page.goto("/history")
        await expect(bar).to_contain_text("You are in the call of 陈晓")
        await keys.press("s")
        await supervisor.center.heard(MonitorEndAsked, call="call-1")
        await expect(bar).to_have_count(0)
        await expect(mark).to_have_text("")


async def test_a_supervisor_takes_the_caller_over_and_hangs_up(pair: tuple[Desk, Desk]) -> None:
    async with pair[0] as agent, pair[1] as supervisor:
        await talk(agent, supervisor)
        page = supervisor.page
        await page.locator(CHOSEN).focus()
        await page.keyboard.press("l")
        bar = page.locator(".listen-bar")
        await expect(bar).to_contain_text("You are listening")
        await page.keyboard.press("t")
        await supervisor.center.heard(TakeOverAsked, call="call-1", login="supervisor1")
        await agent.face("wrap_up")
        await expect(bar).to_contain_text("You are talking with 138")
        assert await supervisor.axe() == []
        await bar.get_by_role("button", name="Hang up").click()
        await supervisor.center.heard(HangUpAsked, call="call-1", login="supervisor1")
        await expect(bar).to_have_count(0)


async def test_where_the_policy_hides_it_the_agent_sees_nothing(pair: tuple[Desk, Desk]) -> None:
    async with pair[0] as agent, pair[1] as supervisor:
        agent.center.visible = False
        await talk(agent, supervisor)
        await supervisor.page.get_by_role("button", name="Listen").click()
        await expect(supervisor.page.locator(".listen-bar")).to_contain_text("You are listening")
        agent.center.show_queues(support=4)
        await expect(agent.page.locator(".queue-chips")).to_contain_text("4 waiting")
        await expect(agent.page.locator(".monitored")).to_have_text("")


async def test_without_a_phone_the_page_says_what_to_do(pair: tuple[Desk, Desk], edge: Running) -> None:
    await edge.users.change("supervisor1", UserChange(phone=""))
    async with pair[0] as agent, pair[1] as supervisor:
        await talk(agent, supervisor)
        page = supervisor.page
        await page.get_by_role("button", name="Listen").click()
        await expect(page.locator(".toast")).to_contain_text("Choose your phone first")
        phone = page.get_by_label("My phone")
        await expect(phone).to_be_focused()
        await expect(phone.locator("option[value='101']")).to_be_disabled()
        await phone.select_option("120")
        await expect(phone).to_have_value("120")
        await page.get_by_role("button", name="Listen").click()
        await supervisor.center.heard(MonitorAsked, phone="120")


async def test_a_message_stays_as_text_until_it_is_put_away(pair: tuple[Desk, Desk]) -> None:
    async with pair[0] as agent, pair[1] as supervisor:
        await talk(agent, supervisor)
        await supervisor.page.locator(CHOSEN).focus()
        await supervisor.page.keyboard.press("m")
        await expect(supervisor.page.get_by_label("Message", exact=True)).to_be_focused()
        await supervisor.page.keyboard.type(f"Stop now, s: {HOSTILE}")
        await supervisor.page.keyboard.press("Enter")
        sent = await supervisor.center.heard(MessageSent, agent="agent1")
        assert sent.text == f"Stop now, s: {HOSTILE}"
        await expect(supervisor.page.locator("dialog")).to_have_count(0)
        shown = agent.page.locator(".message")
        await expect(shown).to_contain_text(HOSTILE)
        await expect(shown).to_contain_text("王主管")
        await agent.page.reload()
        await expect(shown).to_contain_text(HOSTILE)
        await shown.get_by_role("button", name="Put away").click()
        await agent.center.heard(MessageRead, message=sent.message)
        await expect(shown).to_have_count(0)


async def test_a_message_put_away_elsewhere_goes_here_too(desk: Desk) -> None:
    await desk.sign_in()
    desk.center.tell(
        MessageSent(at=0, login="s", name="Sue", request="r", agent="agent1", message="m1", text="hello")
    )
    await expect(desk.page.locator(".message")).to_contain_text("hello")
    desk.center.carry(DropMessage(message="m1"))
    await expect(desk.page.locator(".message")).to_have_count(0)


async def test_putting_one_message_away_keeps_the_one_that_comes_meanwhile(desk: Desk) -> None:
    def say(id_: str, text: str) -> None:
        desk.center.tell(
            MessageSent(at=0, login="s", name="Sue", request="r", agent="agent1", message=id_, text=text)
        )

    await desk.sign_in()
    say("m1", "hello")
    shown = desk.page.locator(".message")
    async with desk.answers_held("**/messages/*"):
        await shown.get_by_role("button", name="Put away").click()
        await desk.center.heard(MessageRead, message="m1")
        say("m2", "and now this")
        await expect(shown).to_contain_text(["and now this"])
    await desk.page.evaluate("new Promise(requestAnimationFrame)")
    await expect(shown).to_contain_text(["and now this"])


async def test_a_forced_state_is_said_to_the_agent(pair: tuple[Desk, Desk]) -> None:
    async with pair[0] as agent, pair[1] as supervisor:
        await agent.sign_in()
        await supervisor.sign_in("supervisor1")
        page = supervisor.page
        await page.locator(CHOSEN).focus()
        await page.keyboard.press("f")
        await page.get_by_role("button", name="Paused: Training").click()
        await supervisor.center.heard(StateForced, agent="agent1", state="paused", reason="training")
        await expect(agent.page.locator(".toast")).to_contain_text("王主管 set your state: Paused")
        await expect(page.locator("dialog")).to_have_count(0)
        await expect(page.locator(CHOSEN)).to_be_focused()
        await page.keyboard.press("f")
        await page.get_by_role("button", name="Sign out").click()
        await supervisor.center.heard(SignOutForced, agent="agent1")
        await agent.page.wait_for_url("**/sign-in")


async def test_another_mode_is_taken_before_the_last_one_is_answered(pair: tuple[Desk, Desk]) -> None:
    async with pair[0] as agent, pair[1] as supervisor:
        await talk(agent, supervisor)
        page, bar = supervisor.page, supervisor.page.locator(".listen-bar")
        await page.locator(CHOSEN).focus()
        async with supervisor.answers_held("**/monitor"):
            await page.keyboard.press("l")
            await expect(bar).to_contain_text("Nobody hears you.")
            await page.keyboard.press("w")
            await page.keyboard.press("b")
        await expect(bar).to_contain_text("The agent and the caller hear you.")
        asked = [event.mode for event in agent.center.events if isinstance(event, MonitorAsked)]
        assert asked == ["listen", "whisper", "barge"]


async def test_who_listens_right_after_choosing_a_phone_need_not_choose_again(
    pair: tuple[Desk, Desk], edge: Running
) -> None:
    await edge.users.change("supervisor1", UserChange(phone=""))
    async with pair[0] as agent, pair[1] as supervisor:
        await talk(agent, supervisor)
        page = supervisor.page
        async with supervisor.answers_held("**/api/me/phone"):
            await page.get_by_label("My phone").select_option("120")
            await page.get_by_role("button", name="Listen").click()
        await supervisor.center.heard(MonitorAsked, phone="120")


@pytest.mark.parametrize("key", ["m", "f", "c", "?"])
async def test_a_dialog_has_the_keyboard_as_soon_as_it_is_there(pair: tuple[Desk, Desk], key: str) -> None:
    async with pair[0] as agent, pair[1] as supervisor:
        await talk(agent, supervisor)
        await supervisor.page.locator(CHOSEN).focus()
        inside = "document.activeElement.closest('dialog')?.open ?? false"
        assert await supervisor.press_at_once(key, inside)


async def test_a_dialog_that_is_closing_takes_no_other_along(pair: tuple[Desk, Desk]) -> None:
    async with pair[0] as agent, pair[1] as supervisor:
        await talk(agent, supervisor)
        page = supervisor.page
        await page.locator(CHOSEN).focus()
        await page.keyboard.press("m")
        await expect(page.get_by_label("Message", exact=True)).to_be_focused()
        await page.keyboard.type("not for now")
        await page.evaluate("""() => {
            const dialog = document.querySelector('dialog');
            window.gone = new Promise(done => dialog.addEventListener('close', done, {once: true}));
            dialog.close();
        }""")
        await supervisor.press_at_once("m", "true")
        await page.evaluate("window.gone.then(() => true)")
        await expect(page.get_by_label("Message", exact=True)).to_be_focused()
        await expect(page.get_by_label("Message", exact=True)).to_have_value("")


async def test_rows_are_reached_by_arrows_and_letters_act_on_no_other(
    pair: tuple[Desk, Desk], edge: Running
) -> None:
    async with pair[0] as agent, pair[1] as supervisor, edge.browser() as other:
        await talk(agent, supervisor)
        await other.sign_in("agent2")
        page = supervisor.page
        await expect(page.locator("tr[tabindex]")).to_have_count(2)
        await page.locator(CHOSEN).focus()
        await page.keyboard.press("ArrowDown")
        await expect(page.locator("tr:focus")).to_contain_text("Maria Lind")
        edge.center.forget()
        await page.keyboard.press("l")
        await page.keyboard.press("ArrowUp")
        await expect(page.locator("tr:focus")).to_contain_text("陈晓")
        await page.keyboard.press("b")
        asked = await edge.center.heard(MonitorAsked)
        assert asked.mode == "barge", "Maria has no call to listen to"


async def test_the_keys_are_listed(pair: tuple[Desk, Desk]) -> None:
    async with pair[0] as agent, pair[1] as supervisor:
        await talk(agent, supervisor)
        await supervisor.page.keyboard.press("?")
        await expect(supervisor.page.locator("dialog.help")).to_contain_text(
            "Whisper: only the agent hears you"
        )


@pytest.mark.parametrize(
    ("language", "theme"), [("en", "light"), ("zh", "dark"), ("zh", "light"), ("en", "dark")]
)
async def test_nobody_is_shut_out(chromium: Browser, edge: Running, language: str, theme: str) -> None:
    async with (
        Desk(chromium, edge, language=language, theme=theme) as agent,
        Desk(chromium, edge, language=language, theme=theme) as supervisor,
    ):
        await talk(agent, supervisor)
        for key, mode in (("l", "listen"), ("w", "whisper"), ("b", "barge")):
            await supervisor.page.locator(CHOSEN).focus()
            await supervisor.page.keyboard.press(key)
            await supervisor.page.wait_for_selector(f".listen-bar[data-mode={mode}]")
            await agent.page.wait_for_selector(f".monitored [data-mode={mode}]")
            assert await supervisor.axe() == []
            assert await agent.axe() == []
        for key in ("m", "f"):
            await supervisor.page.locator(CHOSEN).focus()
            await supervisor.page.keyboard.press(key)
            await supervisor.page.wait_for_selector("dialog[open]")
            assert await supervisor.axe() == []
            await supervisor.page.keyboard.press("Escape")
            await supervisor.page.wait_for_selector("dialog", state="detached")
            await expect(supervisor.page.locator(CHOSEN)).to_be_focused()
        for width, height in ((360, 640), (1024, 768), (1920, 1080)):
            assert await supervisor.overflow(width, height) == 0
