"""One INVITE, and another caller's record ends, or one's own begins under another number: it must not."""

import pytest

from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_no_caller_ends_anothers_call(center: Center) -> None:
    async with (
        Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor,
        center.customer("15400000051") as customer,
    ):
        waiting = customer.call("4003")
        await waiting.wait_answered()
        await supervisor.until_waiting("sales", 1)
        (victim,) = (await supervisor.do("GET", "/api/calls"))["items"]
        forged = f"x\r\n\r\nEvent: Hangup\r\nUniqueid: {victim['id']}\r\nCause: 16\r\n\r\n"
        async with center.customer(forged) as forger:
            evil = forger.call("4003")
            await evil.wait_answered()
            await supervisor.until_waiting("sales", 2)
            evil.hang_up()
            await evil.wait_ended()
        await supervisor.until_waiting("sales", 1)
        (still,) = (await supervisor.do("GET", "/api/calls"))["items"]
        assert still["id"] == victim["id"]
        waiting.hang_up()
        await waiting.wait_ended()
    record = await center.last_interaction("15400000051")
    assert record["outcome"] == "abandoned"


async def test_no_caller_is_recorded_under_another_number(center: Center) -> None:
    async with (
        Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor,
        center.customer("1540\nagi_extension: 4003\nagi_dnid: 4003\nx: ", "Joe") as forger,
    ):
        call = forger.call("4002")
        await call.wait_answered()
        await supervisor.until_waiting("support", 1)
        call.hang_up()
        await call.wait_ended()
    record = await center.last_interaction("1540agi_extension4003agi_dnid4003x")
    assert (record["did"], record["queue"], record["outcome"]) == ("4002", "support", "abandoned")
