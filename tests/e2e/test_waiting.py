"""While callers wait: they are told how things stand, and an agent cuts it short."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from contactcenter.phones.call import SipCall
from contactcenter.phones.phone import answer
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center, running_center
from tests.support.ears import insists
from tests.support.voices import AGENT_HZ, CALLER_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUEUES = """
announce_after_s = 0.5
ways_out = ["callback"]
[queues.returns]
title = { zh = "回拨", en = "Returns" }
ring_s = 3
wrap_up_s = 0
without_agents = true
announce_after_s = 0.5
ways_out = ["callback"]
callback_first = "agent"
"""
DIDS = '4005 = { queue = "returns" }'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center() -> AsyncIterator[Center]:
    """Callers are told how things stand after half a second; `returns` rings its agents first."""
    async with running_center(queues=QUEUES, dids=DIDS, numbers=("4005",)) as running:
        async with Agent.signed_in(running.url, "supervisor1", PASSWORD) as supervisor:
            await supervisor.do("PATCH", "/api/agents/agent3", {"queues": ["sales", "returns"]})
        yield running


async def _agrees_on_a_callback(center: Center, call: SipCall, number: str, queue: str) -> None:
    """The caller presses one when he is told how things stand, and again to confirm his own number."""
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
        await supervisor.until_told(number)
        node = f"queue {queue}"
        while node != "callback_noted":
            node = await insists(call, "1", supervisor.node_of(number, node))
    await call.wait_ended(20)


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
    assert at["joined"] - at["offered"] < 5.0, "the whole announcement takes over 6 s"
    assert [entry["detail"]["ahead"] for entry in record["timeline"] if entry["kind"] == "told"] == [0]


@pytest.mark.parametrize(("number", "queue"), [("4003", "sales"), ("4005", "returns")])
async def test_who_asked_for_it_is_called_back_when_it_is_his_turn(
    center: Center, number: str, queue: str
) -> None:
    rung: asyncio.Queue[SipCall] = asyncio.Queue()
    caller = f"1380013{number}"

    def picks_up(call: SipCall) -> None:
        call.answer()
        call.audio.play_tone(CALLER_HZ)
        rung.put_nowait(call)

    async with center.customer(caller) as customer:
        call = customer.call(number)
        await call.wait_answered()
        await _agrees_on_a_callback(center, call, caller, queue)
    asked = await center.last_interaction(caller)
    assert asked["outcome"] == "callback"
    async with (
        center.carrier(picks_up),
        center.phone("103", habit=answer, tone=AGENT_HZ) as phone,
        center.agent("agent3", "103") as agent,
    ):
        await agent.go("available")
        pop = await agent.pop()
        assert pop["caller"] == caller, "the record is there before anybody is rung"
        own = await phone.wait_call()
        async with asyncio.timeout(10):
            customers_call = await rung.get()
        await agent.until("talking")
        await customers_call.hears(AGENT_HZ)
        await own.hears(CALLER_HZ)
        customers_call.hang_up()
        await own.wait_ended()
        await agent.until("available")
    record = await center.interaction(pop["interaction"])
    assert (record["direction"], record["outcome"], record["agent"]) == ("outbound", "answered", "agent3")
    assert record["origin"] == asked["id"]
    assert record["queued_at"] == asked["queued_at"], "the place was kept"
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
        page = await supervisor.do("GET", "/api/callbacks?state=done")
        assert asked["id"] in [each["id"] for each in page["items"]]
