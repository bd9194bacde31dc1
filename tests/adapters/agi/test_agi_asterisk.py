"""Callers of a real Asterisk: what they hear, press and come back to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from contactcenter.agi.server import Route
from contactcenter.asterisk.embedded import EmbeddedAsterisk
from contactcenter.commands import LeaveQueue, OfferCall
from contactcenter.events import CallArrived, CallerLeft, CallQueued, NodeVisited, OfferEnded, ScriptEnded
from contactcenter.phones import Customer, Phone
from contactcenter.phones.phone import answer, ring
from tests.adapters.agi.conftest import Desk
from tests.support.asterisk import PHONES, open_folder, running_asterisk

HOTLINE = Path("dialplans/ivr/hotline.py")
DIDS = {"4001": Route(script=HOTLINE), "4002": Route(queue="support"), "4003": Route(queue="sales")}


@pytest.fixture
async def asterisk() -> AsyncIterator[EmbeddedAsterisk]:
    async with running_asterisk() as made:
        yield made


@asynccontextmanager
async def serving(asterisk: EmbeddedAsterisk, cache: Path) -> AsyncIterator[Desk]:
    desk = Desk(cache, dids=DIDS, port=4573 + asterisk.settings.port_offset)
    await desk.server.start()
    try:
        yield desk
    finally:
        await desk.server.close()


def phone(asterisk: EmbeddedAsterisk, number: str, habit: Callable[[Any], None], tone: int) -> Phone:
    server = ("127.0.0.1", 5060 + asterisk.settings.port_offset)
    return Phone(number, PHONES[number], server=server, habit=habit, tone=tone)


async def test_from_the_menu_to_an_agent_and_back_to_the_script(asterisk: EmbeddedAsterisk) -> None:
    """Barge-in by two keys, music in the queue and while a phone rings in vain, talk, goodbye."""
    server = ("127.0.0.1", 5060 + asterisk.settings.port_offset)
    with open_folder() as folder:
        async with (
            serving(asterisk, folder) as desk,
            Customer("13800001111", "Li", server=server) as customer,
            phone(asterisk, "101", ring, 800) as silent,
            phone(asterisk, "102", answer, 1200) as agent,
        ):
            call = customer.call("4001")
            await call.wait_answered()
            await call.hears(2000)  # the hum of the prompt
            await call.audio.press("2")
            await call.audio.press("1")
            queued = await desk.event(CallQueued)
            assert queued.queue == "sales"
            carry = desk.server.carry
            carry(OfferCall(call=queued.call, offer="o1", phones=("101",), ring_s=1))
            await silent.wait_call()
            assert (await desk.event(OfferEnded)).status == "NOANSWER"
            await asyncio.sleep(0.5)  # the longest that the music may be away
            assert call.ear.loudness(0.2) > -50
            carry(OfferCall(call=queued.call, offer="o2", phones=("102",), ring_s=5))
            await call.hears(1200)
            leg = await agent.wait_call()
            assert leg.caller_number == "13800001111"
            leg.hang_up()
            assert (await desk.event(OfferEnded, 2)).status == "ANSWER"
            carry(LeaveQueue(call=queued.call, exit="answered"))
            assert (await desk.event(ScriptEnded)).result == "answered"
            await call.wait_ended()
            assert [event.detail for event in desk.all(NodeVisited) if event.node == "main"] == ["", "1"]
            assert not desk.all(CallerLeft)


async def test_back_in_the_queue_after_a_crash_and_gone_in_the_end(asterisk: EmbeddedAsterisk) -> None:
    server = ("127.0.0.1", 5060 + asterisk.settings.port_offset)
    with open_folder() as folder:
        async with Customer("13800001111", server=server) as customer:
            async with serving(asterisk, folder) as desk:
                call = customer.call("4002")
                await desk.event(CallQueued)
                before = desk.all(CallArrived)[0]
            assert not desk.ends()
            async with serving(asterisk, folder) as desk:
                await desk.event(CallQueued)
                back = desk.all(CallArrived)[0]
                assert back.resumed
                assert (back.call, back.interaction, back.queue) == (
                    before.call,
                    before.interaction,
                    "support",
                )
                assert back.entered_at is not None
                call.hang_up()
                await desk.event(CallerLeft)


async def test_refer_to_another_number_keeps_the_call(asterisk: EmbeddedAsterisk) -> None:
    port = 5060 + asterisk.settings.port_offset
    with open_folder() as folder:
        async with (
            serving(asterisk, folder) as desk,
            Customer("13800001111", server=("127.0.0.1", port)) as customer,
            phone(asterisk, "102", answer, 1200) as agent,
        ):
            call = customer.call("4002")
            queued = await desk.event(CallQueued)
            desk.server.carry(OfferCall(call=queued.call, offer="o1", phones=("102",), ring_s=5))
            leg = await agent.wait_call()
            await call.hears(1200)  # only who talks can be transferred
            await leg.transfer(f"sip:4003@127.0.0.1:{port}")
            again = await desk.event(CallQueued, 2)
            assert (again.call, again.queue) == (queued.call, "sales")
            assert not desk.all(CallerLeft)
            desk.server.carry(LeaveQueue(call=queued.call, exit="closed"))
            await desk.event(ScriptEnded)
