"""A fake peer, and a link to it whose states and events a test can wait for by name."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from contactcenter.ami import AmiLink, AmiServer, Boot, LinkState, Message, Status, Timing
from tests.support.fake_ami import FakeAmi

QUICK = Timing(sign_in=2.0, boot=2.0, backoff_first=0.002, backoff_cap=0.01)


class Office:
    """A link with the queues that its callbacks fill."""

    def __init__(self, server: AmiServer, **options: Any) -> None:
        self.states: asyncio.Queue[LinkState] = asyncio.Queue()
        self.events: asyncio.Queue[Message] = asyncio.Queue()
        self.boots: list[Boot] = []
        self.link = AmiLink(
            server,
            self.events.put_nowait,
            self.states.put_nowait,
            **{"on_booted": self.booted, "rng": random.Random(1)} | options,
        )

    async def booted(self, boot: Boot) -> None:
        self.boots.append(boot)

    async def state(self, status: Status) -> LinkState:
        """The next state with this status; the ones before it are skipped."""
        async with asyncio.timeout(15):
            while (state := await self.states.get()).status is not status:
                pass
            return state

    async def event(self, name: str) -> Message:
        """The next event of this name; the ones before it are skipped."""
        async with asyncio.timeout(15):
            while (event := await self.events.get()).event != name:
                pass
            return event


def to(peer: FakeAmi, **changes: Any) -> AmiServer:
    """The peer as a server, with quick timing unless a test says otherwise."""
    usual = {"name": "pbx1", "username": "cc", "secret": "s3cret", "port": peer.port, "timing": QUICK}
    return AmiServer(**usual | changes)


@pytest.fixture
async def peer() -> AsyncIterator[FakeAmi]:
    async with FakeAmi() as peer:
        yield peer


@asynccontextmanager
async def opened(server: AmiServer, **options: Any) -> AsyncIterator[Office]:
    office = Office(server, **options)
    office.link.connect()
    try:
        yield office
    finally:
        await office.link.close()


@pytest.fixture
async def office(peer: FakeAmi) -> AsyncIterator[Office]:
    """A link that is READY, on a peer that sits in `peer`."""
    async with opened(to(peer)) as office:
        await office.state(Status.READY)
        yield office
