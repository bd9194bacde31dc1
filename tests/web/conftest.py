"""A real browser against the running edge with the fake center behind it."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

sys.path.insert(0, str(Path(__file__).parents[1] / "http"))

from desk import Desk
from running import Running, running

from tests.support.browser import running_browser
from tests.support.slowness import asked_for, slow_wire

SLOWNESS = asked_for()
TIMEOUT_S, EXPECT_S = 120, 30

expect.set_options(timeout=EXPECT_S * 1000 * SLOWNESS.patience)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On a slow machine a test may take longer."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TIMEOUT_S * SLOWNESS.patience))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def edge(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as edge:
        edge.center.patience = SLOWNESS.patience
        if SLOWNESS.seed is None:
            yield edge
            return
        async with slow_wire(edge.server.port, SLOWNESS.seed) as port:
            inner = edge.server._edge
            inner.origins = inner.settings.allowed_origins(port)
            edge.server.port = port
            yield edge


@pytest_asyncio.fixture(loop_scope="module")
async def desk(chromium: Browser, edge: Running) -> AsyncIterator[Desk]:
    """A page of nobody yet, in English and light."""
    async with Desk(chromium, edge) as desk:
        yield desk
