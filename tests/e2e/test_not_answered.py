"""A caller who does not reach an agent at once, or ever: the place is kept, one record tells it."""

import pytest

from contactcenter.phones.phone import answer, busy, ring
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center
from tests.support.voices import AGENT_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_no_answer_pauses_the_agent_and_the_next_one_gets_the_caller(center: Center) -> None:
    async with (
        center.phone("101", habit=ring) as deaf,
        center.phone("104", habit=answer, tone=AGENT_HZ) as _,
        center.agent("agent1", "101") as first,
        center.agent("agent4", "104") as second,
        center.customer("15400000011") as customer,
    ):
        await first.go("available")
        call = customer.call("4002")
        await first.pop()
        await deaf.wait_call()
        await second.go("available")
        await first.until("paused", "no_answer")
        pop = await second.pop()
        await call.hears(AGENT_HZ)
        await second.until("talking")
        call.hang_up()
        await second.until("wrap_up")
        await second.dispose(pop["interaction"])
    record = await center.interaction(pop["interaction"])
    missed = [entry["detail"] for entry in record["timeline"] if entry["kind"] == "missed"]
    assert [(each["agent"], each["reason"]) for each in missed] == [("agent1", "no_answer")]
    assert record["agent"] == "agent4"
    assert record["offers"] == 2
    assert record["waited_s"] >= 3, "the wait counts from the first entry"


async def test_a_busy_phone_pauses_its_agent(center: Center) -> None:
    async with (
        center.phone("110", habit=busy),
        center.agent("agent2", "110") as agent,
        center.customer("15400000012") as customer,
    ):
        await agent.go("available")
        call = customer.call("4003")
        await agent.until("paused", "busy")
        call.hang_up()
        await call.wait_ended()
    record = await center.last_interaction("15400000012")
    assert record["outcome"] == "abandoned"


async def test_who_has_no_registered_phone_can_not_be_available(center: Center) -> None:
    async with center.agent("agent2", "109") as agent:
        refusal = await agent.do("PUT", "/api/me/state", {"state": "available"}, status=409)
        assert "phone 109 is not registered" in refusal["detail"]
        async with center.phone("109", habit=answer):
            await agent.until_view(lambda view: view["reachable"], "reachable")
            await agent.go("available")


async def test_caller_leaves_while_waiting(center: Center) -> None:
    async with center.customer("15400000013") as customer:
        call = customer.call("4003")
        await call.wait_answered()
        record = await center.last_interaction("15400000013", final=False, known="queued_at")
        assert record["queue"] == "sales"
        call.hang_up()
        await call.wait_ended()
    record = await center.last_interaction("15400000013")
    assert record["outcome"] == "abandoned"
    assert record["answered_at"] is None


async def test_caller_leaves_while_the_agents_phone_rings(center: Center) -> None:
    async with (
        center.phone("101", habit=ring) as phone,
        center.agent("agent1", "101") as agent,
        center.customer("15400000014") as customer,
    ):
        await agent.go("available")
        call = customer.call("4002")
        ringing = await phone.wait_call()
        call.hang_up()
        await ringing.wait_ended()
        await agent.until("available")
    record = await center.last_interaction("15400000014")
    assert record["outcome"] == "abandoned"
    assert record["offers"] == 1


@pytest.mark.parametrize("keys", ["", "1", "13", "131", "19"])
async def test_hanging_up_at_any_step_of_the_menu_leaves_one_record(center: Center, keys: str) -> None:
    number = f"154000001{len(keys)}{ord(keys[-1:] or '0') % 10}"
    async with center.customer(number) as customer:
        call = customer.call("4001")
        await call.wait_answered()
        before = ""
        for key in keys:
            before = await _node_after(center, number, before)
            await call.audio.press(key)
        await _node_after(center, number, before)
        call.hang_up()
        await call.wait_ended()
    record = await center.last_interaction(number)
    assert record["outcome"] == "abandoned_in_ivr"
    assert record["last_node"]
    nodes = [entry["detail"]["node"] for entry in record["timeline"] if entry["kind"] == "node"]
    assert record["last_node"] == nodes[-1]


async def _node_after(center: Center, number: str, before: str) -> str:
    """The caller's node, once it is another one: asked of the live view, as a supervisor would see it."""
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
        return await supervisor.node_of(number, before)


async def test_unknown_number_is_answered_politely_and_recorded(center: Center) -> None:
    async with center.customer("15400000018") as customer:
        call = customer.call("4999")
        await call.wait_answered()
        await call.wait_ended(30)
    record = await center.last_interaction("15400000018")
    assert record["did"] == "4999"
    assert record["outcome"] == "unknown_number"


HOSTILE = [
    "<img src=x onerror=alert(1)>\"'\\",
    "=cmd|' /C calc'!A0",
    "\u202eevil\u202c 😈 \x07\x1b[31m",
    "$(touch /tmp/x) ${SHELL(id)} `id`",
    "N" * 3_000,
    "N" * 10_000,
]
READABLE = 4_000
"""Asterisk hands no header to the dialplan that is longer than 4 kB: who calls so is anonymous."""


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_caller_name_is_kept_inert(center: Center, name: str) -> None:
    number = f"1540000002{HOSTILE.index(name)}"
    async with (
        center.phone("102", habit=answer, tone=AGENT_HZ) as _,
        center.agent("agent2", "102") as agent,
        center.customer(number, name) as customer,
    ):
        await agent.go("available")
        call = customer.call("4003")
        pop = await agent.pop()
        await call.hears(AGENT_HZ)
        await agent.until("talking")
        call.hang_up()
        await agent.until("available")
    record = await center.interaction(pop["interaction"])
    assert record["outcome"] == "answered"
    shown = record["caller_name"]
    assert shown == pop["caller_name"]
    # Without what no name has, and cut by Asterisk itself after some eighty characters.
    printable = "".join(mark for mark in name if mark.isprintable())
    assert printable.startswith(shown)
    assert len(shown) >= min(len(printable), 70) if len(name) < READABLE else shown == ""
    assert record["caller"] == (number if len(name) < READABLE else "")
