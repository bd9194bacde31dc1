"""Serving a caller whom nobody knows: created while talking, a request opened, passed on with what was said,
and all of it in the record; over a crash of the center as well."""

from typing import Any

import pytest

from contactcenter.phones.phone import answer
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def popped(agent: Agent, customer: str, requests: int) -> dict[str, Any]:
    """The next pop of that customer with so many open requests: each news of him is one more."""
    while True:
        pop = await agent.pop()
        card = pop["customer"]
        if card and card["id"] == customer and len(card["requests"]) == requests:
            return pop


async def test_an_unknown_caller_gets_a_record_a_request_and_the_next_agent_who_knows_it(
    center: Center,
) -> None:
    caller = "15500000071"
    async with (
        center.phone("101", habit=answer),
        center.phone("102", habit=answer),
        center.agent("agent1", "101") as agent,
        center.agent("agent2", "102") as colleague,
        center.customer(caller) as customer,
    ):
        await agent.go("available")
        call = customer.call("4002")
        view = await agent.until("talking")
        pop = await agent.pop()
        assert (pop["customer"], pop["match"], pop["confidence"]) == (None, "none", 0.0)
        # Created while talking: the page follows.
        made = await agent.do(
            "POST", "/api/customers", {"name": "周杰", "phones": [caller], "call": view["call"]}
        )
        pop = await popped(agent, made["id"], 0)
        assert (pop["match"], pop["confidence"]) == ("created", 1.0)
        # A request and a follow-up, in one act each.
        body = {"call": view["call"], "subject": "路由器没有信号", "priority": 3}
        request = await agent.do("POST", "/api/requests", body)
        assert (request["customer"], request["queue"], request["owner"]) == (made["id"], "support", "agent1")
        planned = {"call": view["call"], "title": "回访", "due_at": 4e9}
        followup = await agent.do("POST", "/api/followups", planned)
        await popped(agent, made["id"], 1)
        # Passed on with what was said: the next agent sees all of it before his phone rings.
        await colleague.go("available")
        to = {"to": {"agent": "agent2"}, "note": "已重启过"}
        await agent.do("POST", f"/api/calls/{view['call']}/transfer", to)
        pop = await colleague.pop()
        assert (pop["customer"]["id"], pop["match"], pop["confidence"]) == (made["id"], "created", 1.0)
        assert [(each["number"], each["state"]) for each in pop["customer"]["requests"]] == [
            (request["number"], "new")
        ]
        assert [(note["by"], note["text"]) for note in pop["notes"]] == [("agent1", "已重启过")]
        await colleague.until("talking")
        solved = {"state": "solved", "solution": "换了网线"}
        await colleague.do("PATCH", f"/api/requests/{request['id']}", solved)
        await popped(colleague, made["id"], 0)
        call.hang_up()
        for each in (agent, colleague):
            await each.until("wrap_up")
            await each.dispose(view["interaction"])
        record = await center.interaction(view["interaction"])
        assert (record["customer"], record["match"], record["confidence"]) == (made["id"], "created", 1.0)
        assert {(each["kind"], each["id"]) for each in record["links"]} == {
            ("request", request["id"]), ("followup", followup["id"]),
        }  # fmt: skip
        assert [each["kind"] for each in record["timeline"]].count("customer_chosen") == 1
        history = (await colleague.do("GET", f"/api/customers/{made['id']}/history"))["items"]
        assert {"interaction", "request", "change"} <= {each["kind"] for each in history}
        # Next time the number says who it is.
        while not agent.pops.empty():
            agent.pops.get_nowait()
        again = customer.call("4002")
        pop = await agent.pop()
        assert (pop["customer"]["id"], pop["match"], pop["confidence"]) == (made["id"], "caller_number", 0.9)
        again.hang_up()


async def test_who_the_caller_is_outlives_a_crash(center: Center) -> None:
    async with (
        center.phone("103", habit=answer),
        center.customer("15500000072") as customer,
    ):
        async with Agent.signed_in(center.url, "agent3", PASSWORD) as agent:
            await agent.choose_phone("103")
            await agent.go("available")
            call = customer.call("4003")
            view = await agent.until("talking")
            made = await agent.do("POST", "/api/customers", {"name": "Eve", "call": view["call"]})
            await popped(agent, made["id"], 0)
            record = await center.interaction(view["interaction"], final=False)
            assert record["customer"] == made["id"]
            await center.kill()
        await center.start_again()
        async with center.agent("agent3") as agent:
            await agent.until("talking")
            (pop,) = agent.snapshot["pops"] or (await agent.pop(),)
            assert (pop["customer"]["id"], pop["match"], pop["confidence"]) == (made["id"], "created", 1.0)
            call.hang_up()
            await agent.until("available")
        record = await center.interaction(view["interaction"])
        assert (record["customer"], record["match"], record["confidence"]) == (made["id"], "created", 1.0)
