"""Agents and queues changed while real callers wait: it counts at once, and is over when it is to be over."""

import time

import pytest

from contactcenter.phones.phone import answer
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center
from tests.support.voices import AGENT_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_who_waits_is_served_by_the_change_at_once(center: Center) -> None:
    async with (
        center.phone("101", habit=answer, tone=AGENT_HZ),
        center.agent("agent1", "101") as agent,
        center.customer("15400000071") as customer,
        Agent.signed_in(center.url, "supervisor1", PASSWORD) as boss,
    ):
        await agent.go("available")
        call = customer.call("4003")
        await boss.until_waiting("sales", 1)
        wanted = {"agents": ["agent1"], "queues": {"sales": True}}
        preview = await boss.do("POST", "/api/changes/check", wanted)
        assert {key: preview["eligible"]["agent1"][key] for key in ("before", "after")} == {
            "before": 0, "after": 1,
        }  # fmt: skip
        change = await boss.do("POST", "/api/changes", wanted)
        pop = await agent.pop()
        assert pop["queue"] == "sales"
        await call.hears(AGENT_HZ)
        await boss.do("POST", f"/api/changes/{change['id']}/undo")
        await call.hears(AGENT_HZ)  # a talk that has begun goes on
        call.hang_up()
        await agent.until("available")
    record = await center.interaction(pop["interaction"])
    assert (record["agent"], record["queue"], record["outcome"]) == ("agent1", "sales", "answered")
    (view,) = [each for each in await users(center) if each["login"] == "agent1"]
    assert view["queues"] == ["support"]


async def users(center: Center) -> list[dict]:
    """The agents as a supervisor sees them."""
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as boss:
        found: list[dict] = (await boss.do("GET", "/api/users"))["items"]
        return found


async def test_a_queue_is_closed_by_the_switch_and_opened_again(center: Center) -> None:
    async with (
        Agent.signed_in(center.url, "supervisor1", PASSWORD) as boss,
        center.customer("15400000072") as customer,
    ):
        change = await boss.do("POST", "/api/changes", {"rules": {"sales": {"opening": "closed"}}})
        call = customer.call("4003")
        record = await center.last_interaction("15400000072")
        assert record["outcome"] == "closed"
        await call.wait_ended()
        await boss.do("POST", f"/api/changes/{change['id']}/undo")
        call = customer.call("4003")
        await boss.until_waiting("sales", 1)
        call.hang_up()
        await boss.until_waiting("sales", 0)
        log = (await boss.do("GET", "/api/audit?kind=queue&object=sales"))["items"]
        assert [(row["act"], row["login"], row["after"]) for row in log] == [
            ("undo", "supervisor1", {"rules.opening": "calendar"}),
            ("change", "supervisor1", {"rules.opening": "closed"}),
        ]


async def test_a_change_returns_though_the_server_was_away(center: Center) -> None:
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as boss:
        body = {"skills": {"zh": 1}, "until": time.time() + 3.0}
        change = await boss.do("PATCH", "/api/agents/agent2", body)
        assert change["state"] == "active"
    await center.kill()
    await center.start_again()
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as boss:
        _, row = await boss.audit_until("return", kind="agent", object="agent2")
        assert (row["login"], row["object"], row["detail"]["change"]) == (
            "center",
            "agent2",
            int(change["id"]),
        )
        (found,) = (await boss.do("GET", "/api/changes?state=returned"))["items"]
        assert found["id"] == change["id"]
