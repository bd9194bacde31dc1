"""Reminders: follow-ups and appointments whose time to be reminded of has come, on the pages of those whom
they concern.

One timer for all of them, set for the next one; nothing is asked for at intervals, or for each user. What is
shown is what the store says stands now, so a restart forgets nothing: what came due meanwhile is there at the
start.
"""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from contactcenter.crm import appointments, followups
from contactcenter.crm.errors import StoreUnavailable
from contactcenter.crm.store import Store
from contactcenter.http.live import LiveModel

AGAIN_S = 5.0
"""After the store could not be asked."""
FARTHEST_S = 86_400.0
"""The timer is set for no later than this: clocks are set, and a machine may sleep."""

log = structlog.get_logger(__name__)


class Reminders:
    """The one timer, as a task: `start` it when the server starts, `stop` it before the store closes."""

    def __init__(self, store: Store, live: LiveModel, now: Callable[[], float]) -> None:
        self._store = store
        self._live = live
        self._now = now
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Show what is due, and from now on whatever becomes so."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Show nothing more."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def look(self) -> None:
        """One was made, changed, or its reminder put away: look at once."""
        self._changed.set()

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            try:
                at = self._now()
                if await self._store.read(appointments.left, at=at):
                    await self._store.write(appointments.hand_over, at=at)
                views, whose, following = await self._store.read(followups.reminders, at=at)
                agreed, coming = await self._store.read(appointments.reminders, at=at)
                self._live.remind((*views, *agreed), whose)
                nexts = [moment for moment in (following, coming) if moment is not None]
                due_s = min(nexts) - self._now() if nexts else FARTHEST_S
            except StoreUnavailable as error:
                log.warning("reminders can't be read", error=str(error))
                due_s = AGAIN_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(max(due_s, 0.0), FARTHEST_S)):
                    await self._changed.wait()
