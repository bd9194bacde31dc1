"""Waiting for what is written: it is read again after each commit."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from contactcenter.crm.store import Store

T = TypeVar("T")


async def read_until(
    store: Store, fits: Callable[[T], bool], work: Callable[..., T], *args: Any, within: float = 20
) -> T:
    """What a reading function finds, once it fits. Nobody else may follow this store."""
    again = asyncio.Event()
    store.follow(again.set)
    async with asyncio.timeout(within):
        while not fits(found := await store.read(work, *args)):
            await again.wait()
            again.clear()
    return found
