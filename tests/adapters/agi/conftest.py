"""A FastAGI server whose events and commands a test can wait for by name."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from contactcenter.agi.server import AgiServer, Route
from contactcenter.events import CallerLeft, Event, ScriptEnded
from contactcenter.values import CustomerCard, MatchMethod

E = TypeVar("E", bound=Event)

HUM = {"zh": "tests.support.fake_agi:Hum", "en": "tests.support.fake_agi:Hum"}


class Desk:
    """What the center would have heard, and the server that said it."""

    def __init__(self, cache: Path, **settings: Any) -> None:
        self.events: list[Event] = []
        self.customers: tuple[CustomerCard, ...] = ()
        self._told = asyncio.Event()
        clock = itertools.count(1_700_000_000)
        defaults: dict[str, Any] = {
            "dids": {"4002": Route(queue="support"), "4003": Route(queue="sales")},
            "engines": HUM,
            "port": 0,
        }
        self.server = AgiServer(
            tell=self._tell,
            now=lambda: float(next(clock)),
            fallback_queue="fallback",
            cache=cache,
            find_customer=self._find,
            is_open=lambda name: True,
            **(defaults | settings),
        )

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        self._told.set()

    async def _find(self, number: str, method: MatchMethod) -> tuple[CustomerCard, ...]:
        return self.customers

    def all(self, kind: type[E]) -> list[E]:
        """The events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    async def event(self, kind: type[E], count: int = 1) -> E:
        """The event of this kind and number, when it comes."""
        async with asyncio.timeout(15):
            while len(self.all(kind)) < count:
                self._told.clear()
                await self._told.wait()
        return self.all(kind)[count - 1]

    async def idle(self) -> None:
        """Wait until no call has a session."""
        async with asyncio.timeout(1):
            while self.server.calls:
                await asyncio.sleep(0)

    def ends(self) -> list[str]:
        """The ends that were told, by call: one each, of one kind or the other."""
        return sorted(event.call for event in self.events if isinstance(event, CallerLeft | ScriptEnded))


@pytest.fixture
def desk(tmp_path: Path) -> Callable[..., Any]:
    """`async with desk(**settings of the server) as d`: a started server."""

    @asynccontextmanager
    async def started(**settings: Any) -> AsyncIterator[Desk]:
        made = Desk(tmp_path / "cache", **settings)
        await made.server.start()
        try:
            yield made
        finally:
            await made.server.close()

    return started


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """Writes an IVR script; with a prompt `hello` unless it has its own."""

    def write(source: str, name: str = "author") -> Path:
        path = tmp_path / f"{name}.py"
        prompts = 'PROMPTS = {"hello": {"zh": "您好", "en": "hello"}}\n'
        path.write_text(("" if "PROMPTS" in source else prompts) + source, encoding="utf-8")
        return path

    return write
