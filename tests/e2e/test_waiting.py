"""While callers wait: they are told how things stand, and an agent cuts it short."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from contactcenter.phones.call import SipCall
from contactcenter.phones.phone import answer
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center, running_center
from tests.support.voices import AGENT_HZ, CALLER_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")

SPOKEN = -35.0
"""Louder than this, in dB of a full-scale sine, somebody speaks."""

SALES = """
announce_after_s = 0.5
ways_out = ["callback"]
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center() -> AsyncIterator[Center]:
    """A center whose callers for sales are told how things stand after half a second."""
    async with running_center(queues=SALES) as running:
        yield running


async def _agrees_on_a_callback(center: Center, call: SipCall, number: str) -> None:
    """The caller presses one as soon as he is told how things stand, and confirms his own number."""
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
        await supervisor.until_told(number)
        await _is_spoken_to(call)
        await call.audio.press("1")
        assert await supervisor.node_of(number, "queue sales") == "callback_offer"
        await call.ear.hears_nothing(5.0)
        await _is_spoken_to(call)
        await call.audio.press("1")
    await call.wait_ended(20)


async def _is_spoken_to(call: SipCall) -> None:
    await call.watchers.until(lambda: call.ear.loudness() > SPOKEN, 10.0, "being spoken to")


async def test_an_agent_cuts_the_announcement_and_is_heard_at_once(center: Center) -> None:
    async with (
        center.phone("103", habit=answer, tone=AGENT_HZ) as _,
        center.agent("agent3", "103") as agent,
        center.customer("15400000061") as customer,
    ):
        call = customer.call("4003")
        await call.wait_answered()
        await center.last_interaction("15400000061", final=False, known="queued_at")
        async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
            await supervisor.until_told("15400000061")
        await agent.go("available")
        await agent.until("talking")
        await call.hears(AGENT_HZ)
        call.hang_up()
        await agent.until("available")
    record = await center.last_interaction("15400000061")
    assert record["outcome"] == "answered"
    at = {entry["kind"]: entry["at"] for entry in record["timeline"]}
    assert at["told"] < at["offered"]
    assert at["joined"] - at["offered"] < 2.0, "the whole announcement takes over 6 s"
    assert [entry["detail"]["ahead"] for entry in record["timeline"] if entry["kind"] == "told"] == [0]


async def test_who_asked_for_it_is_called_back_when_it_is_his_turn(center: Center) -> None:
    rung: asyncio.Queue[SipCall] = asyncio.Queue()

    def picks_up(call: SipCall) -> None:
        call.answer()
        call.audio.play_tone(CALLER_HZ)
        rung.put_nowait(call)

    async with center.customer("13800138001") as customer:
        call = customer.call("4003")
        await call.wait_answered()
        await _agrees_on_a_callback(center, call, "13800138001")
    asked = await center.last_interaction("13800138001")
    assert asked["outcome"] == "callback"
    async with (
        center.carrier(picks_up),
        center.phone("103", habit=answer, tone=AGENT_HZ) as phone,
        center.agent("agent3", "103") as agent,
    ):
        await agent.go("available")
        pop = await agent.pop()
        assert pop["caller"] == "13800138001", "the record is there before anybody is rung"
        async with asyncio.timeout(10):
            customers_call = await rung.get()
        own = await phone.wait_call()
        await agent.until("talking")
        await customers_call.hears(AGENT_HZ)
        await own.hears(CALLER_HZ)
        customers_call.hang_up()
        await agent.until("available")
    record = await center.interaction(pop["interaction"])
    assert (record["direction"], record["outcome"], record["agent"]) == ("outbound", "answered", "agent3")
    assert record["origin"] == asked["id"]
    assert record["queued_at"] == asked["queued_at"], "the place was kept"
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
        page = await supervisor.do("GET", "/api/callbacks?state=done")
        assert [each["id"] for each in page["items"]] == [asked["id"]]
