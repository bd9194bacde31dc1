"""Conditions that somebody waits for: who changes a state calls `check`, so nobody sleeps for luck."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Watchers:
    """The waiting conditions over one object's state."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def check(self) -> None:
        for condition, future in self._waiting:
            if not future.done() and condition():
                future.set_result(None)

    async def until(self, condition: Callable[[], bool], within: float, what: str) -> float:
        """Seconds until `condition` held; TimeoutError that names `what` when `within` seconds pass first."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        if condition():
            return 0.0
        entry = (condition, loop.create_future())
        self._waiting.append(entry)
        try:
            async with asyncio.timeout(within):
                await entry[1]
        except TimeoutError:
            raise TimeoutError(f"{what}: not within {within} s") from None
        finally:
            self._waiting.remove(entry)
        return loop.time() - started
