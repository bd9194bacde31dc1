"""A queue that is shut for an emergency: its callers hear why, and are recorded."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.center import Center, running_center

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUEUES = """
[queues.stormy]
title = { zh = "台风", en = "Stormy" }
calendar = "coast"
[calendars.coast]
emergency = { zh = "因台风暂停服务。", en = "We are closed because of a typhoon." }
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center() -> AsyncIterator[Center]:
    async with running_center(
        dids='4031 = { queue = "stormy" }', queues=QUEUES, numbers=("4031",)
    ) as running:
        yield running


async def test_its_callers_hear_the_announcement(center: Center) -> None:
    async with center.customer("15400000081") as customer:
        call = customer.call("4031")
        await call.wait_answered()
        await call.wait_ended(20)
        assert call.ended_by == "remote"
    record = await center.last_interaction("15400000081")
    assert record["outcome"] == "closed"
    nodes = [entry["detail"]["node"] for entry in record["timeline"] if entry["kind"] == "node"]
    assert nodes[-1] == "emergency"
