"""A real store in a folder of its own: a SQLite file, and a database on a PostgreSQL server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from stores import Keeper

from contactcenter.crm import writer


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast this machine is, and what else it does, is no test's question: those that are about a page's
    patience say how long it lasts."""
    monkeypatch.setattr(writer, "PATIENCE_S", 60.0)


@pytest.fixture(params=["sqlite", "postgresql"])
async def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Keeper]:
    """Opens stores on one database of either engine, and closes what a test left open."""
    keeper = Keeper(tmp_path / "center.db", engine=request.param)
    try:
        yield keeper
    finally:
        await keeper.discard()


@pytest.fixture
async def file_keeper(tmp_path: Path) -> AsyncIterator[Keeper]:
    """The same for what only a file has."""
    keeper = Keeper(tmp_path / "center.db")
    try:
        yield keeper
    finally:
        await keeper.discard()


@pytest.fixture
async def server_keeper(tmp_path: Path) -> AsyncIterator[Keeper]:
    """The same for what only a server has."""
    keeper = Keeper(tmp_path / "center.db", engine="postgresql")
    try:
        yield keeper
    finally:
        await keeper.discard()
