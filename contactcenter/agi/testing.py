"""For tests of IVR scripts without any telephone: `pytest_plugins = ["contactcenter.agi.testing"]`.

async def test_sales_is_one(simulated_caller):
    caller = simulated_caller("dialplans/ivr/hotline.py")
    await caller.presses("21")
    assert caller.heard("connecting you")
    assert caller.queue == "sales"
"""

from collections.abc import AsyncIterator, Callable

import pytest_asyncio

from contactcenter.agi.simulator import SimulatedCaller


@pytest_asyncio.fixture
async def simulated_caller() -> AsyncIterator[Callable[..., SimulatedCaller]]:
    """Makes callers (`simulator.SimulatedCaller`) of a script; those still there at the end hang up."""
    callers: list[SimulatedCaller] = []

    def call(path: str, **settings: object) -> SimulatedCaller:
        caller = SimulatedCaller(path, **settings)  # type: ignore[arg-type]
        callers.append(caller)
        return caller

    yield call
    for caller in callers:
        await caller.hangs_up()
