"""Messages that waiting callers leave on the real Asterisk, heard by tones."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from contactcenter.phones.call import SipCall
from contactcenter.phones.phone import answer
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center, running_center
from tests.support.ears import insists
from tests.support.recorded import Recorded
from tests.support.voices import AGENT_HZ, CALLER_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")

SPOKEN = -35.0
"""Louder than this, in dB of a full-scale sine, somebody speaks."""
EDGE_S = 0.3

SALES = """
announce_after_s = 0.5
ways_out = ["callback", "message"]
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center() -> AsyncIterator[Center]:
    """A center whose callers for sales may leave a message after half a second."""
    async with running_center(queues=SALES) as running:
        yield running


async def until_asked(center: Center, number: str, node: str) -> None:
    """The caller's script has come to a step."""
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor, asyncio.timeout(20):
        while node not in [each["node"] for each in await calls_of(supervisor, number)]:
            await asyncio.sleep(0.05)


async def calls_of(supervisor: Agent, number: str) -> list[dict[str, Any]]:
    page = await supervisor.do("GET", "/api/calls")
    return [each for each in page["items"] if each["caller"] == number]


async def is_spoken_to(call: SipCall) -> None:
    await call.watchers.until(lambda: call.ear.loudness() > SPOKEN, 10.0, "being spoken to")


async def speaks(center: Center, call: SipCall, number: str) -> None:
    """The caller chooses to leave a message, and speaks from the tone on."""
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
        await supervisor.until_told(number)
    await insists(call, "2", until_asked(center, number, "message_prompt"))
    await call.audio.press("#")  # he knows what he is told
    call.audio.play_tone(CALLER_HZ)
    spool = center.asterisk.folders.recordings
    async with asyncio.timeout(30):  # for one whose key came too early, and who is told it all
        while not any(each.stat().st_size > 16_000 + 8_000 for each in spool.iterdir()):
            await asyncio.sleep(0.05)


async def message_of(center: Center, record: dict[str, Any]) -> tuple[dict[str, Any], Recorded]:
    """The row of the one message, once it is kept, and its audio."""
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor, asyncio.timeout(15):
        while True:
            rows = (await supervisor.do("GET", f"/api/interactions/{record['id']}"))["recordings"]
            if rows and rows[0]["state"] not in ("running", "ended"):
                break
            await asyncio.sleep(0.05)
        (row,) = rows
        audio = await supervisor.fetch(f"/api/recordings/{row['id']}/audio")
        entries = (await supervisor.do("GET", "/api/audit?act=listen"))["items"]
        assert row["id"] in [entry["object"] for entry in entries]
        return row, Recorded.of(audio)


def the_message_is_whole(row: dict[str, Any], recorded: Recorded) -> None:
    assert (row["kind"], row["state"], row["why"], row["agent"]) == ("message", "kept", "", "")
    assert (row["queue"], row["playable"]) == ("sales", True)
    assert recorded.seconds == pytest.approx(row["duration_s"], abs=0.01)
    assert recorded.seconds > 2.0
    assert recorded.hears("caller", CALLER_HZ, EDGE_S, recorded.seconds - EDGE_S) == 1.0
    assert recorded.is_silent("agent", 0, recorded.seconds)


async def test_a_confirmed_message_is_kept_and_the_place_is_given_up(center: Center) -> None:
    async with (
        center.phone("103", habit=answer, tone=AGENT_HZ) as _,
        center.agent("agent3", "103") as agent,
        center.customer("15400000071") as customer,
    ):
        call = customer.call("4003")
        await call.wait_answered()
        await speaks(center, call, "15400000071")
        await agent.go("available")  # one who becomes free must not cut it
        call.audio.play_tone(CALLER_HZ)
        await asyncio.sleep(1.0)
        await call.audio.press("#")
        await until_asked(center, "15400000071", "message_confirm")
        await insists(call, "1", call.wait_ended(20))
        await agent.until("available")
    record = await center.last_interaction("15400000071")
    assert record["outcome"] == "message"
    kinds = [entry["kind"] for entry in record["timeline"]]
    assert "offered" not in kinds
    assert kinds.index("message_left") < kinds.index("left_queue")
    the_message_is_whole(*await message_of(center, record))
    assert not list(center.asterisk.folders.recordings.iterdir())


async def test_a_hang_up_after_the_tone_leaves_what_was_said(center: Center) -> None:
    async with center.customer("15400000072") as customer:
        call = customer.call("4003")
        await call.wait_answered()
        await speaks(center, call, "15400000072")
        call.hang_up()
    record = await center.last_interaction("15400000072")
    assert record["outcome"] == "message"
    the_message_is_whole(*await message_of(center, record))


async def test_where_nothing_can_be_kept_no_message_is_offered(center: Center) -> None:
    spool = center.asterisk.folders.recordings
    spool.rename(spool.with_name("away"))
    try:
        async with center.customer("15400000073") as customer:
            call = customer.call("4003")
            await call.wait_answered()
            async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
                await supervisor.until_told("15400000073")
            await is_spoken_to(call)
            await call.audio.press("2")  # means nothing where only the callback is offered
            await call.ear.hears_nothing(5.0)
            call.hang_up()
        record = await center.last_interaction("15400000073")
        assert record["outcome"] == "abandoned"
        assert "message" not in [entry["detail"].get("node") for entry in record["timeline"]]
    finally:
        spool.with_name("away").rename(spool)
