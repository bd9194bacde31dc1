"""The server dies in mid-call: Asterisk plays on, and what lives is found again with its record and place."""

import pytest

from contactcenter.phones.phone import answer
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center
from tests.support.voices import AGENT_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_talk_outlives_the_server_and_is_recorded_once(center: Center) -> None:
    async with (
        center.phone("101", habit=answer, tone=AGENT_HZ) as _,
        center.customer("15400000041") as customer,
    ):
        async with center.agent("agent1", "101") as agent:
            await agent.go("available")
            call = customer.call("4002")
            pop = await agent.pop()
            await call.hears(AGENT_HZ)
            await agent.until("talking")
            await center.last_interaction("15400000041", final=False)  # the caller's arrival is on the disk
            await center.kill()
            assert call.state == "answered"
            await center.start_again()
            assert call.state == "answered"
        async with center.agent("agent1") as agent:
            await agent.until("talking")
            call.hang_up()
            await agent.until("wrap_up")
            await agent.dispose(pop["interaction"], note="after the crash")
    record = await center.interaction(pop["interaction"])
    assert record["outcome"] == "answered"
    assert record["agent"] == "agent1"
    assert record["inferred"] is True


async def test_a_hold_outlives_the_server_and_the_caller_is_taken_back(center: Center) -> None:
    async with (
        center.phone("102", habit=answer, tone=AGENT_HZ) as phone,
        center.customer("15400000044") as customer,
    ):
        async with center.agent("agent2", "102") as agent:
            await agent.go("available")
            call = customer.call("4003")
            own = await phone.wait_call()
            await call.hears(AGENT_HZ)
            view = await agent.until("talking")
            await agent.do("POST", f"/api/calls/{view['call']}/hold", {})
            await call.loses(AGENT_HZ)
            await agent.until_held(True)
            await center.last_interaction("15400000044", final=False, known="answered_at")
            await center.kill()
            assert call.state == own.state == "answered"
            await center.start_again()
        async with center.agent("agent2") as agent:
            await agent.until_view(lambda view: view.get("held", False), "on hold with the caller")
            await agent.do("POST", f"/api/calls/{view['call']}/resume", {})
            await call.hears(AGENT_HZ, within=10)
            call.hang_up()
            await own.wait_ended()
            await agent.until_view(lambda view: not view["call"], "out of the talk")
    record = await center.last_interaction("15400000044")
    assert record["outcome"] == "answered"
    assert [part["agent"] for part in record["parts"]] == ["agent2"]


async def test_a_waiting_caller_comes_back_to_the_old_place(center: Center) -> None:
    async with center.customer("15400000042") as first, center.customer("15400000043") as second:
        early = first.call("4003")
        await early.wait_answered()
        before = await center.last_interaction("15400000042", final=False, known="queued_at")
        await center.kill()
        late = second.call("4003")
        await center.start_again()
        await late.wait_answered()
        assert early.state == "answered"
        async with (
            center.phone("102", habit=answer, tone=AGENT_HZ) as _,
            center.agent("agent2", "102") as agent,
        ):
            await agent.until_view(bool, "signed in")
            await _both_wait(center)
            await agent.go("available")
            pop = await agent.pop()
            assert pop["interaction"] == before["id"], "who came first is served first, with the same record"
            await early.hears(AGENT_HZ)
            early.hang_up()
            pop = await agent.pop()
            await late.hears(AGENT_HZ)
            late.hang_up()
            await agent.until("available")
    record = await center.interaction(before["id"])
    assert record["outcome"] == "answered"
    assert record["queued_at"] == before["queued_at"]
    for caller in ("15400000042", "15400000043"):
        assert await center.count_interactions(caller) == 1


async def _both_wait(center: Center) -> None:
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
        await supervisor.until_offerable("sales", 2)
