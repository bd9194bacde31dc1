"""One center for all the stories of a file."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.center import Center, running_center


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center() -> AsyncIterator[Center]:
    """A running center with the demo's hotline, users and customers."""
    async with running_center() as running:
        yield running
