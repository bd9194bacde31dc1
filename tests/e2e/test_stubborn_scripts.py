"""A script that ends the program ends its call only, and one that never ends lets the server stop."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.center import Center, running_center

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCRIPTS = Path(__file__).parent / "scripts"
NUMBERS = {"4015": "exits.py", "4016": "exits_sync.py", "4017": "swallows.py", "4018": "spins_sync.py"}
STOPPED_S = 20
"""Alone it takes under 5 s, on a busy machine longer; these scripts never end by themselves."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center() -> AsyncIterator[Center]:
    dids = "\n".join(f'{number} = {{ script = "{SCRIPTS / name}" }}' for number, name in NUMBERS.items())
    async with running_center(dids=dids, numbers=tuple(NUMBERS)) as running:
        yield running


@pytest.mark.parametrize("number", ["4015", "4016"])
async def test_sys_exit_ends_one_call(center: Center, number: str) -> None:
    caller = f"1540001{number}"
    async with center.customer(caller) as customer, center.customer("15400000061") as other:
        waiting = other.call("4003")
        await waiting.wait_answered()
        call = customer.call(number)
        await call.wait_answered()
        await call.wait_ended()
        assert call.ended_by == "remote"
        record = await center.last_interaction(caller)
        assert not record["error"]
        assert waiting.state == "answered"
        assert center.process.returncode is None
        waiting.hang_up()
        await waiting.wait_ended()


async def test_the_server_stops_in_time_whatever_scripts_do(center: Center) -> None:
    async with center.customer("15400000062") as one, center.customer("15400000063") as other:
        calls = [one.call("4017"), other.call("4018")]
        for call in calls:
            await call.wait_answered()
        for caller in ("15400000062", "15400000063"):
            await center.last_interaction(caller, final=False)
        center.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOPPED_S):
            assert await center.process.wait() == 0
        assert [call.state for call in calls] == ["answered", "answered"], "the dialplan has them"
