"""Recordings of a real Asterisk, heard by tones: who is on which channel, what a pause leaves out."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center, running_center
from tests.support.recorded import Recorded
from tests.support.voices import AGENT_HZ, CALLER_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUEUES = """
[queues.recorded]
title = { zh = "录音", en = "Recorded" }
ring_s = 3
wrap_up_s = 0
without_agents = true
recording = "always"
[queues.announced]
title = { zh = "告知", en = "Announced" }
ring_s = 3
wrap_up_s = 0
without_agents = true
recording = "announce"
"""
DIDS = """
4010 = { queue = "recorded" }
4011 = { queue = "announced" }
"""
EDGE_S = 0.3
"""What lies so close to the beginning, the end or a pause may be either."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center() -> AsyncIterator[Center]:
    """A center with a queue that records, and one that announces it."""
    async with running_center(dids=DIDS, queues=QUEUES, numbers=("4010", "4011")) as running:
        yield running


async def kept(center: Center, interaction: str, parts: int = 1) -> list[dict[str, Any]]:
    """The interaction's recordings, once none is being picked up any more."""
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor, asyncio.timeout(15):
        while True:
            found = await supervisor.do("GET", f"/api/interactions/{interaction}")
            rows = found["recordings"]
            if len(rows) >= parts and all(row["state"] not in ("running", "ended") for row in rows):
                return list(rows)
            await asyncio.sleep(0.05)


async def heard(center: Center, recording: str) -> Recorded:
    """The audio, as a supervisor gets it."""
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
        return Recorded.of(await supervisor.fetch(f"/api/recordings/{recording}/audio"))


async def until_recording(agent: Agent, call: str, shown: str) -> None:
    """The page says that the talk is `on`, `paused` …"""
    async with asyncio.timeout(10):
        while True:
            page = await agent.do("GET", "/api/calls")
            if any(each["id"] == call and each["recording"] == shown for each in page["items"]):
                return
            await asyncio.sleep(0.02)


async def test_each_side_is_on_its_channel_and_a_pause_is_silent_on_both(center: Center) -> None:
    async with (
        center.phone("101", tone=AGENT_HZ) as phone,
        center.agent("agent1", "101") as agent,
        center.customer("15400000031") as customer,
    ):
        await agent.go("available")
        call = customer.call("4010")
        ringing = await phone.wait_call()
        await call.wait_answered()
        call.audio.play_tone(CALLER_HZ)
        await asyncio.sleep(1.0)  # music, which must not be in the recording
        ringing.answer()
        await call.hears(AGENT_HZ)
        view = await agent.until("talking")
        await until_recording(agent, view["call"], "on")
        await asyncio.sleep(2.0)
        await agent.do("POST", f"/api/calls/{view['call']}/record-pause")
        await until_recording(agent, view["call"], "paused")
        await asyncio.sleep(2.0)
        await agent.do("POST", f"/api/calls/{view['call']}/record-resume")
        await until_recording(agent, view["call"], "on")
        await asyncio.sleep(2.0)
        call.hang_up()
        await agent.until("available")
    (row,) = await kept(center, view["interaction"])
    assert (row["state"], row["why"], row["agent"], row["queue"]) == ("kept", "", "agent1", "recorded")
    (pause,) = row["silences"]
    assert pause["by"] == "agent1"
    recorded = await heard(center, row["id"])
    print(recorded.seconds, pause, recorded.silences("caller"), recorded.silences("agent"))
    assert recorded.seconds == pytest.approx(row["duration_s"], abs=0.01)
    assert recorded.seconds == pytest.approx(6.0, abs=1.5)
    begin, end = pause["begin_s"], pause["end_s"]
    for channel, own, other in (("caller", CALLER_HZ, AGENT_HZ), ("agent", AGENT_HZ, CALLER_HZ)):
        assert recorded.is_silent(channel, begin + EDGE_S, end - EDGE_S)
        for span in ((EDGE_S, begin - EDGE_S), (end + EDGE_S, recorded.seconds - EDGE_S)):
            assert recorded.hears(channel, own, *span) == 1.0
            assert recorded.hears(channel, other, *span) == 0.0
        ((silent_from, silent_until),) = recorded.silences(channel)
        assert silent_from == pytest.approx(begin, abs=EDGE_S)
        assert silent_until == pytest.approx(end, abs=EDGE_S)
    assert not list(center.asterisk.folders.recordings.iterdir())
    for sealed in (center.folder / "recordings").rglob("*.ccrec"):
        assert b"RIFF" not in sealed.read_bytes()
