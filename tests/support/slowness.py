"""A slow machine on request: `CONTACTCENTER_SLOW=6` or `CONTACTCENTER_SLOW=6:42`.

The first number is how many times slower each page's processor is (1: as it is), the second seeds the delays
of what the server says to pages: answers and websocket frames. What a test waits at most grows with it, so
that only true races fail.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

SHORTEST_S, LONGEST_S = 0.005, 0.3
"""How long a piece of what the server says is on its way."""
CHUNK = 64 << 10


@dataclass(frozen=True)
class Slowness:
    """How slow this machine plays."""

    rate: float = 1.0
    """How many times slower the pages' processor is."""
    seed: str | None = None
    """What the delays on the wire are drawn from; None: there are none."""

    @property
    def patience(self) -> float:
        """How many times longer than usual a test waits at most."""
        return 1.0 if self.seed is None else self.rate + 2.0


def asked_for() -> Slowness:
    """What the environment says."""
    rate, _, seed = os.environ.get("CONTACTCENTER_SLOW", "").partition(":")
    return Slowness(float(rate), seed or "0") if rate else Slowness()


@asynccontextmanager
async def slow_wire(port: int, seed: str) -> AsyncIterator[int]:
    """Another port of this machine that leads to `port`; what comes back is late, each piece differently."""
    draw = random.Random(seed)
    open_lines: dict[asyncio.Task[None], tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = {}

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, late: bool) -> None:
        try:
            while piece := await reader.read(CHUNK):
                if late:
                    await asyncio.sleep(draw.uniform(SHORTEST_S, LONGEST_S))
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass  # either side may go at any time, as on any wire
        finally:
            writer.close()

    async def line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onwards = await asyncio.open_connection("127.0.0.1", port)
        task = asyncio.current_task()
        assert task
        open_lines[task] = (writer, onwards)
        try:
            await asyncio.gather(carry(reader, onwards, late=False), carry(there, writer, late=True))
        finally:
            del open_lines[task]

    server = await asyncio.start_server(line, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        tasks = list(open_lines)
        for ends in open_lines.values():
            for end in ends:
                end.transport.abort()
        await asyncio.gather(*tasks)
