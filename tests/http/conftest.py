"""One running edge for each test; over a SQLite file, and over PostgreSQL where the store is what counts."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from running import ENGINE, Running, running

from contactcenter.crm import writer

ON_A_FILE = {"figures", "live", "openapi", "signin", "socket", "steering", "supervision"}
"""Files (`test_http_….py`) about what lies before the store: once is enough."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    name = metafunc.module.__name__.removeprefix("test_http_")
    if "edge" in metafunc.fixturenames and name not in ON_A_FILE:
        metafunc.parametrize("edge", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast this machine is, and what else it does, is no test's question."""
    monkeypatch.setattr(writer, "PATIENCE_S", 60.0)


@pytest_asyncio.fixture
async def edge(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    engine = getattr(request, "param", ENGINE)
    async with running(tmp_path_factory.mktemp("edge"), engine=engine) as edge:
        yield edge
