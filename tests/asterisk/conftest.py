"""An Asterisk for the tests of one module; its tests make calls that do not touch each other."""

from collections.abc import AsyncIterator

import pytest_asyncio
from asterisk_peers import SETTINGS

from contactcenter.asterisk.embedded import EmbeddedAsterisk
from tests.support.asterisk import running_asterisk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asterisk() -> AsyncIterator[EmbeddedAsterisk]:
    async with running_asterisk(SETTINGS) as asterisk:
        yield asterisk
