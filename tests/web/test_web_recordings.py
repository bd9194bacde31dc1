"""Recordings on the pages: the player of an interaction, and what an agent sees while he talks."""

import math
from dataclasses import replace

import pytest
from desk import Desk
from playwright.async_api import Browser, expect
from running import Running

from contactcenter.commands import SaveInteraction, SaveRecording, ShowCall
from contactcenter.crm import audit, recordings
from contactcenter.crm import sealed_files as sealed
from contactcenter.crm.recordings import Kept
from contactcenter.events import RecordingPauseAsked
from contactcenter.phones import tones, ulaw
from contactcenter.recordings.sound import Stereo, open_leg
from contactcenter.values import InteractionRecord, RecordingRecord, RecordingState, Silence

pytestmark = pytest.mark.asyncio(loop_scope="module")

STARTED = 1_785_000_000.0
RECORD = RecordingRecord(
    id="i-1-1785000000000", interaction="i-1", call="c1", server="main", queue="support", agent="agent1",
    started_at=STARTED, ended_at=STARTED + 30, length_s=30.0, state=RecordingState.ENDED,
    silences=(Silence(begin_s=12.0, end_s=18.0, by="agent1"),),
)  # fmt: skip


def turns(frequency: int, seconds: range) -> bytes:
    """Somebody who speaks in some of thirty seconds."""
    voice, quiet = ulaw.encode(tones.tone(frequency, 1.0)), b"\xff" * 8000
    loud = [ulaw.encode(tones.tone(frequency, 1.0, level=-10 - 8 * abs(math.sin(n)))) for n in range(30)]
    assert len(voice) == len(quiet)
    return b"".join(loud[n] if n in seconds and not 12 <= n < 18 else quiet for n in range(30))


async def keep(edge: Running) -> None:
    """An interaction with a recording that can be heard, and one that failed."""
    edge.store.carry(
        SaveInteraction(
            record=InteractionRecord(
                id="i-1", server="main", leg="c1", did="4002", caller="13900000001", queue="support",
                agent="agent1", arrived_at=STARTED, talked_s=30.0,
            )
        )
    )  # fmt: skip
    spool = edge.shelf._spool
    spool.mkdir()
    edge.shelf._prepare()
    keys = edge.shelf._keys
    assert keys
    caller, agent = spool / "a.ulaw", spool / "b.ulaw"
    caller.write_bytes(turns(700, range(0, 30, 2)))
    agent.write_bytes(turns(950, range(1, 30, 2)))
    with open_leg(caller) as one, open_leg(agent) as two:
        stereo = Stereo(one, two)
        size = sealed.seal(edge.shelf.path_of(RECORD), RECORD.id, stereo.pieces(), stereo.length, keys)
    peaks = (bytes(stereo.peaks[0]), bytes(stereo.peaks[1]))
    kept = Kept(state=RecordingState.KEPT, duration_s=30.0, size=size, key=keys.current.hex(), peaks=peaks)
    await edge.store.write(recordings.finish, RECORD, kept)
    failed = replace(
        RECORD, id="i-1-1785000060000", started_at=STARTED + 60, state=RecordingState.FAILED, why="refused",
        length_s=0.0, silences=(),
    )  # fmt: skip
    edge.store.carry(SaveRecording(record=failed))
    await edge.store.settled()


async def test_a_supervisor_hears_a_recording_and_sees_both_sides(desk: Desk, edge: Running) -> None:
    await keep(edge)
    await desk.sign_in("supervisor1")
    page = desk.page
    await page.goto("/history/i-1")
    player = page.locator(".player")
    await expect(player).to_have_count(1)
    await expect(page.locator(".recording")).to_have_count(2)
    await expect(page.locator(".recording").nth(1)).to_contain_text("the caller refused")
    await expect(player).to_contain_text("0:12–0:18 not recorded (paused by agent1)")
    wave = player.get_by_role("slider")
    await player.get_by_role("button", name="Play", exact=True).click()
    await expect(player.get_by_role("button", name="Pause playback")).to_be_visible()
    await expect(wave).not_to_have_attribute("aria-valuenow", "0")
    duration = await page.evaluate("document.querySelector('audio').duration")
    assert duration == pytest.approx(30.0, abs=0.1)
    await wave.focus()
    await page.keyboard.press("Space")
    await expect(player.get_by_role("button", name="Play", exact=True)).to_be_visible()
    await page.keyboard.press("Home")
    await page.keyboard.press("ArrowRight")
    await expect(wave).to_have_attribute("aria-valuenow", "5")
    box = await wave.bounding_box()
    assert box
    await wave.click(position={"x": box["width"] / 2, "y": 10})
    await expect(wave).to_have_attribute("aria-valuenow", "15")
    assert await desk.axe() == []
    assert await desk.overflow(320, 640) <= 0
    await edge.store.settled()
    listened = await edge.store.read(audit.page, filters={"kind": "recording"})
    assert [(row.login, row.act) for row in listened.items] == [("supervisor1", "listen")]


async def test_an_agent_is_shown_a_recording_and_hears_nothing(desk: Desk, edge: Running) -> None:
    await keep(edge)
    await desk.sign_in("agent1")
    await desk.page.goto("/history/i-1")
    await expect(desk.page.locator(".recording")).to_have_count(2)
    await expect(desk.page.locator(".player")).to_have_count(0)


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("en", "dark"), ("zh", "dark")])
async def test_the_player_in_each_language_and_light(
    chromium: Browser, edge: Running, language: str, theme: str
) -> None:
    await keep(edge)
    async with Desk(chromium, edge, language=language, theme=theme) as desk:
        await desk.sign_in("supervisor1")
        await desk.page.goto("/history/i-1")
        await expect(desk.page.locator(".player")).to_be_visible()
        assert await desk.axe() == []


async def test_an_agent_sees_that_he_is_recorded_and_pauses_it(desk: Desk, edge: Running) -> None:
    await desk.sign_in()
    center, page = desk.center, desk.page
    call = center.ring("agent1").call
    await desk.face("reserved")
    center.join("agent1")
    await desk.face("talking")
    center.carry(ShowCall(view=replace(center.calls[call], recording="on")))
    now = page.locator(".recording-now")
    await expect(now).to_have_text("Recorded")
    await page.get_by_role("button", name="Pause recording").click()
    asked = await center.heard(RecordingPauseAsked)
    assert (asked.call, asked.paused) == (call, True)
    await expect(now).to_have_text("Recorded")  # it is paused when the center says so
    center.carry(ShowCall(view=replace(center.calls[call], recording="paused")))
    await expect(now).to_have_text("Recording paused")
    assert await desk.axe() == []
    await expect(page.get_by_role("button", name="Resume recording")).to_be_enabled()
    center.carry(ShowCall(view=replace(center.calls[call], recording="failed")))
    await expect(now).to_have_text("Not recorded")
    await expect(page.get_by_role("button", name="recording")).to_have_count(0)
