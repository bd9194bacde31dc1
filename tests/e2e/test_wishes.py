"""What a script asks for its caller holds, also after the server died meanwhile."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from contactcenter.phones.phone import answer
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center, running_center
from tests.support.voices import AGENT_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")

IMPORTANT = Path(__file__).parent / "scripts" / "important.py"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center() -> AsyncIterator[Center]:
    async with running_center(dids=f'4021 = {{ script = "{IMPORTANT}" }}', numbers=("4021",)) as running:
        yield running


async def test_a_priority_comes_back_after_a_crash(center: Center) -> None:
    async with center.customer("15400000071") as first, center.customer("15400000072") as second:
        early = first.call("4003")
        await early.wait_answered()
        await center.last_interaction("15400000071", final=False, known="queued_at")
        late = second.call("4021")
        await late.wait_answered()
        important = await center.last_interaction("15400000072", final=False, known="queued_at")
        await center.kill()
        await center.start_again()
        async with (
            Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor,
            center.phone("102", habit=answer, tone=AGENT_HZ) as _,
            center.agent("agent2", "102") as agent,
        ):
            await supervisor.until_offerable("sales", 2)
            await agent.go("available")
            pop = await agent.pop()
            assert pop["interaction"] == important["id"], "who came later was to be served first"
            await late.hears(AGENT_HZ)
            late.hang_up()
            await agent.pop()
            await early.hears(AGENT_HZ)
            early.hang_up()
            await early.wait_ended()
            await agent.until("available")
