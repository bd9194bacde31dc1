"""A script that raises, blocks or never ends harms no other call: its caller goes to the fallback queue."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from contactcenter.phones.phone import answer
from tests.support.center import Center, running_center
from tests.support.voices import AGENT_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCRIPTS = Path(__file__).parent / "scripts"
NUMBERS = {"4011": "raises.py", "4012": "blocks.py", "4013": "endless.py", "4014": "spins.py"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center() -> AsyncIterator[Center]:
    dids = "\n".join(f'{number} = {{ script = "{SCRIPTS / name}" }}' for number, name in NUMBERS.items())
    async with running_center(dids=dids, numbers=tuple(NUMBERS)) as running:
        yield running


@pytest.mark.parametrize("number", NUMBERS)
async def test_caller_of_a_broken_script_reaches_a_person(center: Center, number: str) -> None:
    caller = f"1540000{number}"
    async with (
        center.phone("101", habit=answer, tone=AGENT_HZ) as _,
        center.agent("agent1", "101") as agent,
        center.customer(caller) as customer,
        center.customer("15400000031") as other,
    ):
        await agent.go("available")
        waiting = other.call("4003")
        await waiting.wait_answered()
        call = customer.call(number)
        pop = await agent.pop()
        await call.hears(AGENT_HZ)
        await agent.until("talking")
        assert waiting.state == "answered", "the other caller still waits"
        call.hang_up()
        await agent.until("wrap_up")
        await agent.dispose(pop["interaction"])
        waiting.hang_up()
        await waiting.wait_ended()
    record = await center.interaction(pop["interaction"])
    assert record["queue"] == "support"
    assert NUMBERS[number] in record["error"], "the record names the script's file"
