from collections.abc import AsyncIterator

import pytest
from loopback import QUICK, Line

from contactcenter.phones import UserAgent


@pytest.fixture
async def line(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Line]:
    alice = UserAgent(timers=QUICK)
    bob = UserAgent(timers=QUICK)
    line = Line(alice, bob)
    bob.on_call = line.came
    yield line
    alice.close()
    bob.close()
    assert (alice.malformed, bob.malformed) == (0, 0)
    assert not caplog.records, "an exception inside the socket's callback is only logged"
