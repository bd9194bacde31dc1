"""One running edge per module: tests name only what they are about."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from running import Running, running


@pytest_asyncio.fixture
async def edge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("edge")) as edge:
        yield edge
