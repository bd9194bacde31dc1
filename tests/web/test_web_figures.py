"""The figures on the pages: the supervisor's strip and pictures, the agent's day."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from desk import Desk
from fake_center import agent_view, queue_view
from playwright.async_api import Browser, expect
from running import Running

from contactcenter.commands import ShowAgent, ShowFigures, ShowQueue
from contactcenter.crm import intervals
from contactcenter.tallies import Tally, figures
from contactcenter.values import IntervalRow
from contactcenter.views import FiguresView

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY = {
    "offered": 200, "answered": 170, "in_target": 150, "abandoned": 22, "abandoned.5": 4,
    "short": 4, "exit.timeout": 8, "waited_ms": 2_720_000, "handled": 165, "talked_ms": 29_700_000,
}  # fmt: skip
HALF_HOUR = {"offered": 20, "answered": 18, "in_target": 18, "abandoned": 2, "waited_ms": 162_000}


def view(kind: str, name: str, at: float, day: dict[str, int], recent: dict[str, int] | None) -> FiguresView:
    return FiguresView(
        id=f"{kind} {name}".strip(), kind=kind, name=name, since=at - 30_000, counted_to=at,
        today=figures(Tally(day)), recent=None if recent is None else figures(Tally(recent)),
    )  # fmt: skip


async def show_a_shift(edge: Running) -> None:
    """Two queues, one of which is late; three agents; six hours of quarters."""
    edge.clock.ahead_s += (300 - edge.clock()) % 900  # far from the next quarter, when the picture moves on
    now, carry = edge.clock(), edge.center.carry
    carry(
        ShowQueue(
            view=queue_view("support", waiting=3, longest_since=now - 65, available=1, signed_in=2, talking=1)
        )
    )
    carry(ShowQueue(view=queue_view("sales", available=1, signed_in=2, entered=40, answered=40)))
    carry(ShowFigures(view=view("queue", "support", now, DAY, {**HALF_HOUR, "in_target": 9})))
    carry(ShowFigures(view=view("queue", "sales", now, DAY, HALF_HOUR)))
    carry(ShowFigures(view=view("center", "", now, DAY, HALF_HOUR)))
    times = {"state.available": 5_400_000, "state.talking": 9_000_000, "state.wrap_up": 1_800_000}
    for n, state in enumerate(("available", "talking", "paused"), 1):
        carry(
            ShowAgent(
                view=agent_view(f"agent{n}", state=state, since=now, queues=("support",), phone=f"10{n}")
            )
        )
        counted = {**times, "state.paused": 1_200_000, "taken": 25, "handled": 24, "talked_ms": 9_000_000}
        carry(ShowFigures(view=view("agent", f"agent{n}", now, counted, None)))
    start = int(now // 900) * 900
    rows = []
    for n in range(24):
        if n % 7 != 3:  # nobody called in some quarters
            counts = {"offered": 10, "answered": 9, "in_target": 10 - n % 6, "abandoned": 1}
            rows.append(
                IntervalRow(start=start - n * 900, kind="queue", name="support", counts=counts, saved_at=1)
            )
    await edge.store.write(intervals.save, rows)


@pytest_asyncio.fixture(loop_scope="module")
async def board(chromium: Browser, edge: Running) -> AsyncIterator[Desk]:
    """The supervisor's board of a busy center."""
    await show_a_shift(edge)
    async with Desk(chromium, edge) as desk:
        await desk.sign_in("supervisor1")
        yield desk


async def test_six_figures_with_their_goals_and_whether_they_are_met(board: Desk) -> None:
    tiles = board.page.locator(".strip .tile")
    await expect(tiles).to_have_count(6)
    for n, (name, value, verdict) in enumerate(
        (
            ("Service level", "90%", "met"),
            ("Waiting", "3", None),
            ("Longest wait", "1:", "missed"),
            ("Abandoned share", "10%", "missed"),
            ("Agents free", "1 of 3", None),
            ("Speed of answer", "9 s", "met"),
        )
    ):
        tile = tiles.nth(n)
        await expect(tile.locator("dt")).to_have_text(name)
        await expect(tile.locator(".value")).to_contain_text(value)
        if verdict:
            await expect(tile, name).to_have_attribute("data-verdict", verdict)
        else:
            await expect(tile, name).not_to_have_attribute("data-verdict", re.compile(""))
    await expect(tiles.nth(0)).to_contain_text("Goal 80% in 20 sToday 75%")
    await expect(tiles.nth(0).locator(".verdict")).to_contain_text("Goal met.")


async def test_a_change_is_shown_without_asking(board: Desk, edge: Running) -> None:
    edge.center.carry(ShowFigures(view=view("center", "", edge.clock(), DAY, {**HALF_HOUR, "in_target": 10})))
    tile = board.page.locator(".strip .tile").first
    await expect(tile.locator(".value")).to_have_text("50%")
    await expect(tile.locator(".verdict")).to_contain_text("Goal missed.")


async def test_the_picture_of_six_hours_can_be_read_by_keyboard(board: Desk) -> None:
    row = board.page.get_by_role("row").filter(has_text="Support")
    await expect(row.locator(".level")).to_contain_text("45%")
    bars = row.get_by_role("slider", name="Last 6 hours")
    await expect(bars.locator(".bar.met, .bar.missed")).to_have_count(24 - 3)
    await bars.focus()
    await expect(bars).to_have_attribute("aria-valuetext", re.compile(r"100% in time \(10 of 10\)"))
    await board.page.keyboard.press("ArrowLeft")
    await expect(bars.locator(".bar-words")).to_contain_text("90% in time (9 of 10), 1 abandoned")
    await board.page.keyboard.press("Home")
    await expect(bars).to_have_attribute("aria-valuenow", "0")
    await board.page.keyboard.press("Tab")
    await expect(bars.locator(".bar-words")).to_have_count(0)


async def test_a_supervisor_of_one_queue_sees_its_sums(chromium: Browser, edge: Running) -> None:
    await show_a_shift(edge)
    async with Desk(chromium, edge) as desk:
        await desk.sign_in("supervisor2")
        await expect(desk.page.locator(".strip .tile .value").first).to_have_text("90%")
        await expect(desk.page.locator(".strip .tile .value").nth(1)).to_have_text("0")


async def test_before_the_first_call_there_are_dashes_and_no_verdicts(
    chromium: Browser, edge: Running
) -> None:
    edge.center.carry(ShowQueue(view=queue_view("support")))
    edge.center.carry(ShowFigures(view=view("center", "", edge.clock(), {}, {})))
    async with Desk(chromium, edge) as desk:
        await desk.sign_in("supervisor1")
        values = ["–", "0", "–", "–", "0 of 0", "–"]
        await expect(desk.page.locator(".strip .tile .value")).to_have_text(values)
        await expect(desk.page.locator(".strip .verdict")).to_have_count(0)


async def test_an_agent_sees_his_own_day_and_his_queues_service_level(
    chromium: Browser, edge: Running
) -> None:
    await show_a_shift(edge)
    async with Desk(chromium, edge) as desk:
        await desk.sign_in("agent1")
        day = desk.page.locator(".roster .card").filter(has_text="My day")
        for line in (
            "Calls\n25",
            "Talk time\n150 min",
            "Wrap-up time\n30 min",
            "Occupancy\n67%",
            "Paused\n20 min",
        ):
            await expect(day).to_contain_text(line.replace("\n", ""))
        queue = desk.page.locator(".roster .card").filter(has_text="My queues")
        await expect(queue).to_contain_text("Service level")
        await expect(queue.locator(".level")).to_contain_text("45%")


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
async def test_the_board_is_accessible_and_fits(
    chromium: Browser, edge: Running, language: str, theme: str
) -> None:
    await show_a_shift(edge)
    async with Desk(chromium, edge, language=language, theme=theme) as desk:
        await desk.sign_in("supervisor1")
        await expect(desk.page.locator(".bar.met").first).to_be_visible()
        assert await desk.axe() == []
        for width in (1366, 1024, 360):
            assert await desk.overflow(width, 700) <= 0
