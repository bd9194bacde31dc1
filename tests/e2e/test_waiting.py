"""While callers wait: they are told how things stand, and an agent cuts it short."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from contactcenter.phones.phone import answer
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center, running_center
from tests.support.voices import AGENT_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")

SALES = """
announce_after_s = 0.5
ways_out = ["callback"]
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center() -> AsyncIterator[Center]:
    """A center whose callers for sales are told how things stand after half a second."""
    async with running_center(queues=SALES) as running:
        yield running


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


async def test_a_caller_chooses_to_be_called_back_while_he_waits(center: Center) -> None:
    async with center.customer("13800138000") as customer:
        call = customer.call("4003")
        await call.wait_answered()
        async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
            await supervisor.until_told("13800138000")
            await call.audio.press("1")
            assert await supervisor.node_of("13800138000", "queue sales") == "callback_offer"
            await call.audio.press("1")
        await call.wait_ended(30)
    record = await center.last_interaction("13800138000")
    assert record["outcome"] == "callback"
    agreed = [entry["detail"]["number"] for entry in record["timeline"] if entry["kind"] == "callback"]
    assert agreed == ["13800138000"]
