"""A caller reaches an agent: both hear each other, either may end it, and one complete record remains."""

import pytest

from contactcenter.phones.phone import answer
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center
from tests.support.ears import insists
from tests.support.voices import AGENT_HZ, CALLER_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")


def kinds(record: dict) -> list[str]:
    """The timeline's kinds, in order."""
    return [entry["kind"] for entry in record["timeline"]]


async def test_caller_of_4002_talks_with_the_agent_and_hangs_up(center: Center) -> None:
    async with (
        center.phone("101", tone=AGENT_HZ) as phone,
        center.agent("agent1", "101") as agent,
        center.customer("15400000001", "王芳") as customer,
    ):
        await agent.go("available")
        call = customer.call("4002")
        pop = await agent.pop()
        assert pop["queue"] == "support"
        assert pop["caller_name"] == "王芳"
        assert pop["customer"]["phones"] == ["+8615400000001"]
        ringing = await phone.wait_call()
        ringing.answer()
        call.audio.play_tone(CALLER_HZ)
        await call.hears(AGENT_HZ)
        await ringing.hears(CALLER_HZ)
        view = await agent.until("talking")
        call.hang_up()
        await agent.until("wrap_up")
        await agent.dispose(view["interaction"], "solved", "modem restarted")
        await agent.until("available")
    record = await center.interaction(pop["interaction"])
    assert record["outcome"] == "answered"
    assert record["disposition"] == {"code": "solved", "note": "modem restarted", "callback": ""}
    assert record["agent"] == "agent1"
    assert record["match"] == "caller_number"
    told = kinds(record)
    assert told.index("offered") < told.index("popped") < told.index("ringing") < told.index("joined")
    assert told[-1] == "closed"


async def test_agent_ends_the_talk_on_his_phone(center: Center) -> None:
    async with (
        center.phone("102", habit=answer, tone=AGENT_HZ) as phone,
        center.agent("agent2", "102") as agent,
        center.customer("15400000002") as customer,
    ):
        await agent.go("available")
        call = customer.call("4003")
        pop = await agent.pop()
        ringing = await phone.wait_call()
        await call.hears(AGENT_HZ)
        await agent.until("talking")
        ringing.hang_up()
        await call.wait_ended()
        # sales has no wrap-up
        await agent.until("available")
    record = await center.interaction(pop["interaction"])
    assert record["outcome"] == "answered"
    assert record["disposition"]["code"] == "unset"


async def test_agent_ends_the_talk_on_the_page(center: Center) -> None:
    async with (
        center.phone("102", habit=answer) as _,
        center.agent("agent2", "102") as agent,
        center.customer("15400000003") as customer,
    ):
        await agent.go("available")
        call = customer.call("4003")
        view = await agent.until("talking")
        await agent.do("POST", f"/api/calls/{view['call']}/hangup", {})
        await call.wait_ended()
        await agent.until("available")


async def test_menu_leads_through_language_and_choice_to_the_agent(center: Center) -> None:
    async with (
        center.phone("101", habit=answer, tone=AGENT_HZ) as _,
        center.agent("agent1", "101") as agent,
        center.customer("15400000004") as customer,
    ):
        await agent.go("available")
        call = customer.call("4001")
        await call.wait_answered()
        call.audio.play_tone(CALLER_HZ)
        async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
            node = await supervisor.node_of("15400000004", "")
            await insists(call, "2", supervisor.node_of("15400000004", node))
        pop = await insists(call, "2", agent.pop())
        await call.hears(AGENT_HZ)
        await agent.until("talking")
        call.hang_up()
        await agent.until("wrap_up")
        await agent.dispose(pop["interaction"])
    record = await center.interaction(pop["interaction"])
    assert (record["did"], record["queue"], record["language"]) == ("4001", "support", "en")


async def test_persistent_line_carries_one_caller_after_the_other(center: Center) -> None:
    async with (
        center.phone("103", habit=answer, tone=AGENT_HZ) as phone,
        center.agent("agent3", "103", line="persistent") as agent,
    ):
        line = await phone.wait_call()
        await agent.until_view(lambda view: view["line_up"], "on the line")
        await agent.go("available")
        for number in ("15400000005", "15400000006"):
            async with center.customer(number) as customer:
                call = customer.call("4003")
                pop = await agent.pop()
                call.audio.play_tone(CALLER_HZ)
                await call.hears(AGENT_HZ)
                await line.hears(CALLER_HZ)
                await agent.until("talking")
                call.hang_up()
                await agent.until("available")
                assert (await center.interaction(pop["interaction"]))["outcome"] == "answered"
                await line.loses(CALLER_HZ)
        async with center.customer("15400000007") as customer:
            call = customer.call("4003")
            view = await agent.until("talking")
            await agent.do("POST", f"/api/calls/{view['call']}/hangup", {})
            await call.wait_ended()
            await agent.until("available")
        assert line.state == "answered", "the line stays when the page ends a talk"
