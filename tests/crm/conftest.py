"""A real store in a folder of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from stores import Keeper


@pytest.fixture
async def keeper(tmp_path: Path) -> AsyncIterator[Keeper]:
    """Opens stores on one file, and closes what a test left open."""
    keeper = Keeper(tmp_path / "center.db")
    try:
        yield keeper
    finally:
        await keeper.close()
