"""Figures of real calls, and that a server which dies in the middle of a quarter loses and doubles none."""

from typing import Any

import pytest

from contactcenter.phones.phone import answer
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center
from tests.support.voices import AGENT_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_figures_of_two_calls_outlive_a_crash(center: Center) -> None:
    before = await _counted(center, "sales")
    async with (
        center.phone("102", habit=answer, tone=AGENT_HZ) as _,
        center.customer("15400000061") as customer,
        center.agent("agent2", "102") as agent,
    ):
        await agent.go("available")
        call = customer.call("4003")
        await call.hears(AGENT_HZ)
        await agent.until("talking")
        call.hang_up()
        await agent.until("available")
        await agent.go("paused", "meal")
        impatient = customer.call("4003")
        await impatient.wait_answered()
        async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
            await supervisor.until_waiting("sales", 1)
        impatient.hang_up()
        await center.last_interaction("15400000061")
        told = await agent.until_figures("queue sales", lambda now: now["abandoned"] > before["abandoned"])
        mine = await agent.until_figures("agent agent2", lambda now: now["taken"] >= 1 and now["missed"] == 0)
    for name, more in (("offered", 2), ("answered", 1), ("in_target", 1), ("abandoned", 1), ("handled", 1)):
        assert told[name] == before[name] + more, name
    assert mine["handled"] == mine["taken"]
    await center.kill()
    await center.start_again()
    after = await _counted(center, "sales")
    calls = ("offered", "answered", "in_target", "abandoned", "short", "handled", "talked_s", "asa_s")
    assert {name: after[name] for name in calls} == {name: told[name] for name in calls}


async def _counted(center: Center, queue: str) -> dict[str, Any]:
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
        return await supervisor.until_figures(f"queue {queue}", lambda today: True)
