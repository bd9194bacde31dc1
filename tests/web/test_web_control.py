"""Hold, ask, transfer on the page: by mouse and by keys, and nothing that is not possible."""

from dataclasses import replace

import pytest
from desk import ZHANG, Desk
from fake_center import agent_view, call_view
from playwright.async_api import expect

from contactcenter.commands import ScreenPop, ShowAgent, ShowCall
from contactcenter.events import (
    ConsultAsked,
    ConsultStep,
    ConsultStepAsked,
    HoldAsked,
    ResumeAsked,
    TransferAsked,
)
from contactcenter.values import MatchMethod, Note, Target, TargetKind
from contactcenter.views import ConsultView

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL = call_view("c1", state="talking", agent="agent1", queue="support", answered_at=1.0, queued_at=None)
TALKING = agent_view(
    "agent1", name="Agent 1", state="talking", call="c1", interaction="i-c1", phone="101", queues=("support",)
)
ASKED = ConsultView(id="k1", by="agent1", agent="agent2", number="", state="talking", blind=False, since=1.0)


async def talking(desk: Desk, notes: tuple[Note, ...] = ()) -> None:
    """The desk of an agent in a talk."""
    await desk.sign_in()
    show(desk, agent_view("agent2", name="Li Na", state="available", phone="102"))
    show(desk, agent_view("agent3", name="Wang", state="talking", phone="103"))
    desk.center.carry(
        ScreenPop(
            login="agent1", offer="o1", call="c1", interaction="i-c1", queue="support", caller="13800138000",
            caller_name="", match=MatchMethod.CALLER_NUMBER, customers=(ZHANG,), waited_s=4.0,
            why={"rule": "transfer", "by": "agent2"} if notes else {"rule": "longest_idle", "idle_s": 3.0},
            notes=notes,
        )
    )  # fmt: skip
    desk.center.carry(ShowCall(view=CALL))
    show(desk, TALKING)
    await desk.face("talking")


def show(desk: Desk, view: object) -> None:
    desk.center.carry(ShowAgent(view=view))  # type: ignore[arg-type]


async def test_hold_and_take_back_by_key(desk: Desk) -> None:
    await talking(desk)
    await desk.page.keyboard.press("F2")
    assert (await desk.center.heard(HoldAsked)).call == "c1"
    desk.center.carry(ShowCall(view=replace(CALL, state="held", held=True)))
    show(desk, replace(TALKING, held=True))
    await desk.face("held")
    await desk.page.get_by_text("Take back").wait_for()
    assert await desk.axe() == []
    await desk.page.keyboard.press("F2")
    assert (await desk.center.heard(ResumeAsked)).call == "c1"


async def test_who_is_on_hold_is_taken_back_before_the_hold_is_answered(desk: Desk) -> None:
    await talking(desk)
    async with desk.answers_held("**/hold"):
        await desk.page.keyboard.press("F2")
        await desk.center.heard(HoldAsked, call="c1")
        desk.center.carry(ShowCall(view=replace(CALL, state="held", held=True)))
        await desk.face("held")
        await desk.page.keyboard.press("F2")
    await desk.center.heard(ResumeAsked, call="c1")


async def test_a_hold_that_is_asked_for_twice_is_one(desk: Desk) -> None:
    await talking(desk)
    async with desk.answers_held("**/hold"):
        await desk.page.keyboard.press("F2")
        await desk.page.keyboard.press("F2")
        await desk.center.heard(HoldAsked, call="c1")
    desk.center.carry(ShowCall(view=replace(CALL, state="held", held=True)))
    await desk.face("held")
    await expect(desk.page.locator("[data-action=hold]")).to_have_attribute("aria-busy", "false")
    await desk.page.keyboard.press("F2")
    await desk.center.heard(ResumeAsked, call="c1")
    assert sum(isinstance(event, HoldAsked) for event in desk.center.events) == 1


async def test_colleagues_of_the_last_time_are_not_offered_again(desk: Desk) -> None:
    await talking(desk)
    form = desk.page.locator("form.send-on")
    await desk.page.keyboard.press("Shift+F2")
    await form.locator("option", has_text="Li Na").wait_for(state="attached")
    await desk.page.keyboard.press("Shift+F2")
    await form.wait_for(state="detached")
    async with desk.answers_held("**/api/colleagues"):
        await desk.page.keyboard.press("Shift+F2")
        await form.wait_for()
        await expect(form.locator("option")).to_have_count(0)
    await form.locator("option", has_text="Li Na").wait_for(state="attached")


async def test_ask_a_colleague_by_the_keyboard_alone(desk: Desk) -> None:
    await talking(desk)
    keys = desk.page.keyboard
    await keys.press("Shift+F2")
    form = desk.page.locator("form.send-on")
    await form.wait_for()
    option = form.locator("option", has_text="Li Na")
    await option.wait_for(state="attached")
    await expect(form.locator("option:disabled")).to_have_text("Wang (not free)")
    await expect(form.locator("input:checked")).to_be_focused()
    assert await desk.axe() == []
    await keys.press("Tab")  # from the kind to the colleague, then to the note
    await keys.press("Tab")
    await expect(form.locator("#send-on-note")).to_be_focused()
    await keys.type("wants a refund")
    await keys.press("Enter")
    asked = await desk.center.heard(ConsultAsked)
    assert asked.to == Target(kind=TargetKind.AGENT, name="agent2")
    assert asked.note == "wants a refund"
    await form.wait_for(state="detached")


async def test_transfer_to_a_number_takes_digits_only(desk: Desk) -> None:
    await talking(desk)
    await desk.page.locator("[data-action=send-on]").click()
    await desk.page.locator("input[value=number]").check()
    number = desk.page.locator("#send-on-to")
    await number.fill("139x")
    await desk.page.locator("[data-action=transfer]").click()
    assert not await number.evaluate("input => input.validity.valid")
    await number.fill("13900000000")
    await desk.page.locator("[data-action=transfer]").click()
    assert (await desk.center.heard(TransferAsked)).to == Target(kind=TargetKind.NUMBER, name="13900000000")


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        ("ringing", ["complete", "drop"]),
        ("talking", ["toggle", "conference", "complete", "drop"]),
        ("held", ["toggle", "conference", "complete", "drop"]),
        ("together", ["complete", "drop"]),
    ],
)
async def test_what_is_possible_beside_a_call(desk: Desk, state: str, buttons: list[str]) -> None:
    await talking(desk)
    desk.center.carry(ShowCall(view=replace(CALL, consult=replace(ASKED, state=state))))
    beside = desk.page.locator(".beside")
    await beside.wait_for()
    await expect(beside.locator("button")).to_have_count(len(buttons))
    shown = await beside.locator("button").evaluate_all("all => all.map(b => b.dataset.action)")
    assert shown == buttons
    await expect(desk.page.locator("[data-action=send-on]")).to_have_count(0)
    assert await desk.axe() == []
    await beside.locator("[data-action=complete]").click()
    assert (await desk.center.heard(ConsultStepAsked)).step is ConsultStep.COMPLETE


async def test_a_transfer_on_its_way_can_be_taken_back(desk: Desk) -> None:
    await talking(desk)
    desk.center.carry(ShowCall(view=replace(CALL, consult=replace(ASKED, state="ringing", blind=True))))
    await desk.page.get_by_text("Cancel the transfer").click()
    assert (await desk.center.heard(ConsultStepAsked)).step is ConsultStep.DROP


async def test_who_is_asked_sees_by_whom_and_can_only_leave(desk: Desk) -> None:
    await talking(desk)
    theirs = replace(CALL, agent="agent9", held=True, consult=replace(ASKED, by="agent9", agent="agent1"))
    desk.center.carry(ShowCall(view=theirs))
    await desk.page.get_by_text("agent9 asks for your help with this caller.").wait_for()
    await desk.face("talking")
    await expect(desk.page.locator(".controls button")).to_have_count(1)


async def test_notes_of_colleagues_are_inert_and_in_order(desk: Desk) -> None:
    await talking(
        desk, (Note(by="agent2", text="<img src=x onerror=alert(1)>"), Note(by="agent3", text="vip"))
    )
    await expect(desk.page.locator(".notes li")).to_have_text(
        ["agent2 <img src=x onerror=alert(1)>", "agent3 vip"]
    )
    await expect(desk.page.locator("body")).to_contain_text("agent2 transfers this caller to you.")


async def test_narrow_windows_scroll_in_one_direction_only(desk: Desk) -> None:
    await talking(desk)
    desk.center.carry(ShowCall(view=replace(CALL, consult=ASKED)))
    await desk.page.locator(".beside").wait_for()
    assert await desk.overflow(360, 640) <= 0
    desk.center.carry(ShowCall(view=CALL))
    await desk.page.locator("[data-action=send-on]").click()
    await desk.page.locator("form.send-on").wait_for()
    assert await desk.overflow(360, 640) <= 0
