"""FastAGI: GET VARIABLE round trips per second over our own server, beside panoramisk's `fast_agi`.

Fake Asterisk channels in the same process answer at once, so a figure holds for server and client together.
"""

import asyncio
import time
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import MethodType

from contactcenter.agi.connection import CallerGone, Connection
from contactcenter.agi.protocol import Environment

COMMANDS = 4000


class _Channel(asyncio.Protocol):
    """Asterisk's side: sends an environment, answers each line."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(
            b"agi_network: yes\nagi_network_script: bench\nagi_uniqueid: pbx1-1.1\nagi_threadid: 1\n\n"
        )

    def data_received(self, data: bytes) -> None:
        self._transport.write(b"200 result=1 (value)\n" * data.count(b"\n"))


async def _ours(calls: int) -> float:
    done = asyncio.Semaphore(0)
    running: set[asyncio.Task[None]] = set()

    async def serve(connection: Connection) -> None:
        for _ in range(COMMANDS // calls):
            await connection.command("GET VARIABLE", "CC_QUEUE")
        connection.close()
        done.release()

    def ready(connection: Connection, _: Environment) -> None:
        running.add(asyncio.ensure_future(serve(connection)))

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(ready, lambda _: None, 2.0), "127.0.0.1", 0)
    return await _measured(server, calls, done)


async def _panoramisk(calls: int) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from panoramisk import fast_agi  # type: ignore[attr-defined]
    done = asyncio.Semaphore(0)

    async def serve(request: object) -> None:
        send: Callable[[str], Awaitable[object]] = request.send_command  # type: ignore[attr-defined]
        for _ in range(COMMANDS // calls):
            await send('GET VARIABLE "CC_QUEUE"')
        done.release()

    application = fast_agi.Application(loop=asyncio.get_running_loop())
    application._route["bench"] = serve  # add_route needs asyncio.coroutine, which is gone
    handler = MethodType(type(application).handler, application)
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    return await _measured(server, calls, done)


async def _measured(server: asyncio.Server, calls: int, done: asyncio.Semaphore) -> float:
    host, port = server.sockets[0].getsockname()
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    channels = [await loop.create_connection(_Channel, host, port) for _ in range(calls)]
    for _ in channels:
        await done.acquire()
    took = time.perf_counter() - began
    for transport, _ in channels:
        transport.close()
    server.close()
    return COMMANDS // calls * calls / took


async def _connect_p99_ms() -> float:
    """From the connect to the first command, at 200 connects in one instant."""

    async def first(connection: Connection) -> None:
        with suppress(CallerGone):  # the channel leaves as soon as it has the command
            await connection.command("GET VARIABLE", "CC_QUEUE")

    running: set[asyncio.Task[None]] = set()

    def ready(connection: Connection, _: Environment) -> None:
        running.add(asyncio.ensure_future(first(connection)))

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(ready, lambda _: None, 2.0), "127.0.0.1", 0, backlog=1024
    )
    port = server.sockets[0].getsockname()[1]

    async def one() -> float:
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"agi_network: yes\nagi_uniqueid: pbx1-1.1\nagi_threadid: 1\n\n")
        await reader.readline()
        took = time.perf_counter() - began
        writer.close()
        return took

    took = sorted(await asyncio.gather(*(one() for _ in range(200))))
    server.close()
    return took[197] * 1000


def bench() -> list[tuple[str, float, str]]:
    """Name, value, unit."""
    rows = []
    for calls in (1, 50, 500):
        for name, serve in (("contactcenter", _ours), ("panoramisk", _panoramisk)):
            best = max(asyncio.run(serve(calls)) for _ in range(3))
            rows.append((f"FastAGI, {calls} calls, {name}", best, "commands/s"))
    rows.append(("FastAGI, first command at 200 connects, p99", asyncio.run(_connect_p99_ms()), "ms"))
    return rows


if __name__ == "__main__":
    for name, value, unit in bench():
        print(f"{name:50} {value:10,.1f} {unit}")
