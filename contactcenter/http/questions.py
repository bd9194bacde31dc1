"""Questions to the center: a request becomes one event, and waits for `Accepted` or `Refused`."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from contactcenter.commands import Accepted, Refused
from contactcenter.events import Event
from contactcenter.http.problems import Problem, refused

PATIENCE_S = 5.0
"""The center answers within its own turn; this long means that the loop is stuck."""


class Questions:
    """Requests that wait for the center."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._waiting: dict[str, asyncio.Future[Accepted | Refused]] = {}

    async def ask(self, event_of: Callable[[str], Event]) -> Any:
        """Tell the event that `event_of(request)` makes, and return the center's answer when it is granted.

        Raises `Problem`: 403, 404, 409 or 422 as the center refuses it, 503 when the center does not answer.
        """
        request = uuid4().hex
        answer = self._waiting[request] = asyncio.get_running_loop().create_future()
        try:
            self._tell(event_of(request))
            async with asyncio.timeout(PATIENCE_S):
                command = await answer
        except TimeoutError:
            raise Problem(503, "no_answer", "The center does not answer.", retry_after_s=1) from None
        finally:
            del self._waiting[request]
        if isinstance(command, Refused):
            raise refused(command.code, command.message, command.field)
        return command.answer

    def answer(self, command: Accepted | Refused) -> None:
        """The center's word; one that nobody waits for any more is dropped."""
        answer = self._waiting.get(command.request)
        if answer and not answer.done():
            answer.set_result(command)
