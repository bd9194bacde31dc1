"""Hold, consult, conference, transfers: who hears whom, by tones, and one record of it all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import pytest_asyncio

from contactcenter.phones import SipCall
from contactcenter.phones.phone import answer
from tests.support.agent import Agent
from tests.support.center import Center, running_center
from tests.support.ears import hears_music
from tests.support.voices import AGENT_HZ, CALLER_HZ, COLLEAGUE_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEVER = """
[queues.never]
title = { zh = "关闭", en = "Closed" }
calendar = "never"
[calendars.never]
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center() -> AsyncIterator[Center]:
    """A center with a queue that is always closed."""
    async with running_center(queues=NEVER) as running:
        yield running


@pytest.mark.parametrize("line", ["ring", "persistent"])
async def test_the_held_caller_hears_music_and_then_the_agent_again(center: Center, line: str) -> None:
    async with (
        center.phone("102", habit=answer, tone=AGENT_HZ) as phone,
        center.agent("agent2", "102", line=line) as agent,
        center.customer("15400000051") as customer,
    ):
        if line == "persistent":
            await agent.until_view(lambda view: view["line_up"], "on the line")
        await agent.go("available")
        call = customer.call("4003")
        call.audio.play_tone(CALLER_HZ)
        own = await phone.wait_call()
        await call.hears(AGENT_HZ)
        view = await agent.until("talking")
        for _ in range(2):
            await agent.do("POST", f"/api/calls/{view['call']}/hold", {})
            await call.loses(AGENT_HZ)
            await own.loses(CALLER_HZ)
            await agent.until_held(True)
            await hears_music(call)
            assert own.state == "answered"
            await agent.do("POST", f"/api/calls/{view['call']}/resume", {})
            await call.hears(AGENT_HZ)
            await own.hears(CALLER_HZ)
            await agent.until_held(False)
        call.hang_up()
        await agent.until("available")
        if line == "ring":
            await own.wait_ended()
        else:
            await own.loses(CALLER_HZ)
            assert own.state == "answered"
    record = await center.last_interaction("15400000051")
    told = [entry["kind"] for entry in record["timeline"]]
    assert [kind for kind in told if kind in ("held", "resumed_talk")] == ["held", "resumed_talk"] * 2
    assert record["outcome"] == "answered"


async def test_the_agent_hangs_up_his_phone_during_a_hold_and_another_gets_the_caller(center: Center) -> None:
    async with (
        center.phone("102", habit=answer, tone=AGENT_HZ) as phone,
        center.phone("103", habit=answer, tone=CALLER_HZ) as _,
        center.agent("agent2", "102") as agent,
        center.agent("agent3", "103") as other,
        center.customer("15400000052") as customer,
    ):
        await agent.go("available")
        call = customer.call("4003")
        own = await phone.wait_call()
        view = await agent.until("talking")
        await agent.do("POST", f"/api/calls/{view['call']}/hold", {})
        await agent.until_held(True)
        await agent.go("paused", "break")
        own.hang_up()
        await agent.until("paused", "break")
        await other.go("available")
        await call.hears(CALLER_HZ)
        call.hang_up()
        await other.until("available")
    record = await center.last_interaction("15400000052")
    returned = [
        entry["detail"] for entry in record["timeline"] if entry["detail"].get("reason") == "agent_gone"
    ]
    assert [(each["queue"], each["kept_place"]) for each in returned] == [("sales", True)]
    assert record["agent"] == "agent3"


async def steps(agent: Agent, call: str, step: str) -> None:
    """A button of the consult."""
    await agent.do("POST", f"/api/calls/{call}/consult/{step}", {})


async def consults(agent: Agent, state: str) -> None:
    """The agent's consult, asked for or asked into, comes to a state; empty when there is none."""
    await agent.until_view(lambda view: view["consult"] == state, f"in a consult that is {state or 'over'}")


@asynccontextmanager
async def talk(center: Center, who: str) -> AsyncIterator[tuple[Agent, SipCall, SipCall, str]]:
    """agent2 on phone 102 talks with a caller: agent, his side, the caller's, the call."""
    async with (
        center.phone("102", habit=answer, tone=AGENT_HZ) as phone,
        center.agent("agent2", "102") as agent,
        center.customer(who) as customer,
    ):
        await agent.go("available")
        call = customer.call("4003")
        call.audio.play_tone(CALLER_HZ)
        own = await phone.wait_call()
        await call.hears(AGENT_HZ)
        view = await agent.until("talking")
        yield agent, own, call, view["call"]


async def test_consult_toggle_conference_and_drop(center: Center) -> None:
    async with (
        center.phone("103", tone=COLLEAGUE_HZ) as desk,
        center.agent("agent3", "103") as colleague,
        talk(center, "15400000053") as (agent, own, call, id_),
    ):
        await colleague.go("available")
        await agent.do(
            "POST", f"/api/calls/{id_}/consult", {"to": {"agent": "agent3"}, "note": "asks for a refund"}
        )
        pop = await colleague.pop()
        assert pop["call"] == id_
        assert pop["notes"] == [{"by": "agent2", "text": "asks for a refund"}]
        other = await desk.wait_call()
        await call.loses(AGENT_HZ)
        other.answer()
        await consults(agent, "talking")
        await own.hears(COLLEAGUE_HZ)
        await other.hears(AGENT_HZ)
        await own.loses(CALLER_HZ)
        await hears_music(call)

        await steps(agent, id_, "toggle")
        await call.hears(AGENT_HZ)
        await own.hears(CALLER_HZ)
        await own.loses(COLLEAGUE_HZ)
        await other.loses(AGENT_HZ)
        await consults(agent, "held")

        await steps(agent, id_, "toggle")
        await other.hears(AGENT_HZ)
        await own.hears(COLLEAGUE_HZ)
        await call.loses(AGENT_HZ)
        await consults(agent, "talking")

        await steps(agent, id_, "conference")
        await consults(agent, "together")
        everybody = ((own, AGENT_HZ), (call, CALLER_HZ), (other, COLLEAGUE_HZ))
        for ear, _ in everybody:
            for mouth, voice in everybody:
                if mouth is not ear:
                    await ear.hears(voice)

        await steps(agent, id_, "drop")
        await other.wait_ended()
        await colleague.until("available")
        await consults(agent, "")
        await own.hears(CALLER_HZ)
        await call.hears(AGENT_HZ)
        call.hang_up()
        await own.wait_ended()
        await agent.until("available")
    record = await center.last_interaction("15400000053")
    assert record["agent"] == "agent2"
    assert [part["agent"] for part in record["parts"]] == ["agent2"]


async def test_an_attended_transfer(center: Center) -> None:
    async with (
        center.phone("103", habit=answer, tone=COLLEAGUE_HZ) as desk,
        center.agent("agent3", "103") as colleague,
        talk(center, "15400000054") as (agent, own, call, id_),
    ):
        await colleague.go("available")
        await agent.do("POST", f"/api/calls/{id_}/consult", {"to": {"agent": "agent3"}})
        other = await desk.wait_call()
        await consults(agent, "talking")
        await steps(agent, id_, "complete")
        await call.hears(COLLEAGUE_HZ)
        await other.hears(CALLER_HZ)
        await own.wait_ended()
        await agent.until("available")
        view = await colleague.until("talking")
        assert view["call"] == id_
        other.hang_up()
        await call.wait_ended()
        await colleague.until("available")
    record = await center.last_interaction("15400000054")
    assert [(part["agent"], part["queue"]) for part in record["parts"]] == [
        ("agent2", "sales"),
        ("agent3", "sales"),
    ]
    assert (record["agent"], record["outcome"]) == ("agent3", "answered")


async def test_an_agent_who_hangs_up_in_the_consult_has_given_the_caller_away(center: Center) -> None:
    async with (
        center.phone("103", habit=answer, tone=COLLEAGUE_HZ) as desk,
        center.agent("agent3", "103") as colleague,
        talk(center, "15400000055") as (agent, own, call, id_),
    ):
        await colleague.go("available")
        await agent.do("POST", f"/api/calls/{id_}/consult", {"to": {"queue": "sales"}})
        other = await desk.wait_call()
        await consults(agent, "talking")
        own.hang_up()
        await call.hears(COLLEAGUE_HZ)
        await other.hears(CALLER_HZ)
        await colleague.until_view(
            lambda view: not view["consult"] and view["call"] == id_, "with the caller"
        )
        call.hang_up()
        await other.wait_ended()
        await colleague.until("available")


async def test_a_transfer_to_nowhere_returns_the_caller(center: Center) -> None:
    """A colleague who does not answer, a number that is busy, a closed queue."""
    async with (
        center.phone("103") as desk,
        center.agent("agent3", "103") as colleague,
        center.carrier(lambda far: far.reject(486)),
        talk(center, "15400000056") as (agent, own, call, id_),
    ):
        await colleague.go("available")
        await agent.do("POST", f"/api/calls/{id_}/transfer", {"to": {"agent": "agent3"}})
        rung = await desk.wait_call()
        await call.loses(AGENT_HZ)
        await rung.wait_ended(15)
        await colleague.until("paused", "no_answer")
        await call.hears(AGENT_HZ)
        await own.hears(CALLER_HZ)

        await agent.do("POST", f"/api/calls/{id_}/transfer", {"to": {"number": "13800138999"}})
        await agent.until_view(lambda view: not view["consult"] and not view["held"], "back")
        await call.hears(AGENT_HZ)

        refused = await agent.do(
            "POST", f"/api/calls/{id_}/transfer", {"to": {"number": "19005550100"}}, status=422
        )
        assert refused["field"] == "to"
        refused = await agent.do("POST", f"/api/calls/{id_}/transfer", {"to": {"queue": "never"}}, status=409)
        assert "still with you" in refused["detail"]
        assert own.state == call.state == "answered"
        call.hang_up()
        await agent.until("available")
    record = await center.last_interaction("15400000056")
    failed = [each["detail"]["reason"] for each in record["timeline"] if each["kind"] == "transfer_failed"]
    assert failed == ["no_answer", "busy"]
    assert [each["detail"]["agent"] for each in record["timeline"] if each["kind"] == "returned"] == [
        "agent2"
    ] * 2
    assert [part["agent"] for part in record["parts"]] == ["agent2"]


async def test_a_blind_transfer_to_a_number_outside(center: Center) -> None:
    far_ends: asyncio.Queue[SipCall] = asyncio.Queue()

    def takes(far: SipCall) -> None:
        far.audio.play_tone(COLLEAGUE_HZ)
        far.answer()
        far_ends.put_nowait(far)

    async with center.carrier(takes), talk(center, "15400000057") as (agent, own, call, id_):
        await agent.do("POST", f"/api/calls/{id_}/transfer", {"to": {"number": "13800138000"}})
        async with asyncio.timeout(10):
            far = await far_ends.get()
        assert far.called == "13800138000"
        await call.hears(COLLEAGUE_HZ)
        await far.hears(CALLER_HZ)
        await own.wait_ended()
        await agent.until("available")
        call.hang_up()
        await far.wait_ended()
    record = await center.last_interaction("15400000057")
    assert [(part["agent"], part["number"]) for part in record["parts"]] == [
        ("agent2", ""),
        ("", "13800138000"),
    ]


async def test_a_transfer_to_a_queue_and_to_a_script(center: Center) -> None:
    async with (
        center.phone("101", habit=answer, tone=COLLEAGUE_HZ) as _,
        center.agent("agent1", "101") as colleague,
        talk(center, "15400000058") as (agent, own, call, id_),
    ):
        await agent.do(
            "POST", f"/api/calls/{id_}/transfer", {"to": {"ivr": "4002"}, "note": "about a router"}
        )
        await own.wait_ended()
        await agent.until("available")
        await agent.go("paused", "break")
        await colleague.go("available")
        pop = await colleague.pop()
        assert (pop["queue"], [note["text"] for note in pop["notes"]]) == ("support", ["about a router"])
        await call.hears(COLLEAGUE_HZ)
        await colleague.until("talking")
        await agent.go("available")
        await colleague.do("POST", f"/api/calls/{id_}/transfer", {"to": {"queue": "sales"}})
        await call.hears(AGENT_HZ)
        await agent.until("talking")
        call.hang_up()
        await colleague.until("wrap_up")
        await colleague.dispose(pop["interaction"])
    record = await center.last_interaction("15400000058")
    assert [(part["agent"], part["queue"]) for part in record["parts"]] == [
        ("agent2", "sales"),
        ("agent1", "support"),
        ("agent2", "sales"),
    ]


async def test_a_chain_of_transfers_is_one_interaction_with_a_part_each(center: Center) -> None:
    """Kazoo #958: the third transfer of a call failed there."""
    chain = ["agent3", "agent5", "agent6", "agent8"]
    async with AsyncExitStack() as stack:
        agent, _, call, id_ = await stack.enter_async_context(talk(center, "15900000059"))
        colleagues = {}
        for login in chain:
            number = f"1{int(login.removeprefix('agent')):02}"
            await stack.enter_async_context(center.phone(number, habit=answer, tone=COLLEAGUE_HZ))
            colleague = await stack.enter_async_context(center.agent(login, number))
            await colleague.go("available")
            colleagues[login] = colleague
        has = agent
        for login in chain:
            await has.do(
                "POST", f"/api/calls/{id_}/transfer", {"to": {"agent": login}, "note": f"for {login}"}
            )
            has = colleagues[login]
            await has.until_view(lambda view: view["state"] == "talking" and not view["consult"], "talking")
            await call.hears(COLLEAGUE_HZ)
        pop = (await has.pop())["notes"]
        assert [note["text"] for note in pop] == [f"for {login}" for login in chain]
        call.hang_up()
        await has.until_view(lambda view: view["state"] != "talking", "out of the talk")
    record = await center.last_interaction("15900000059")
    assert [part["agent"] for part in record["parts"]] == ["agent2", *chain]
    assert [part["note"] for part in record["parts"]] == [*(f"for {login}" for login in chain), ""]
    assert await center.count_interactions("15900000059") == 1
