"""No port scan, garbage or slow client disturbs a caller."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from contactcenter.agi import server as server_module
from contactcenter.events import CallArrived, CallQueued
from tests.support.fake_agi import FakeChannel


async def call_through(desk: Any, number: int) -> None:
    """One caller reaches the queue."""
    channel = FakeChannel(f"pbx1-1700000000.{number}", extension="4002")
    task = asyncio.create_task(channel.run(desk.server.port))
    await channel.until("SET", "MUSIC", "on")
    await channel.hang_up()
    task.cancel()


async def test_connect_and_close_a_thousand_times(desk: Callable[..., Any]) -> None:
    async with desk() as d:
        began = time.process_time()
        for _ in range(1000):
            _, writer = await asyncio.open_connection("127.0.0.1", d.server.port)
            writer.close()
        await call_through(d, 1)
        assert time.process_time() - began < 5
        assert len(d.all(CallArrived)) == 1


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\0" * 9000, b"agi_x: 1\n\n", b"\xff\xfe\n"])
async def test_garbage_is_dropped_at_once(desk: Callable[..., Any], garbage: bytes) -> None:
    async with desk() as d:
        reader, writer = await asyncio.open_connection("127.0.0.1", d.server.port)
        writer.write(garbage)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            async with asyncio.timeout(1):  # far below the time for an environment
                await reader.readexactly(1)
        writer.close()
        assert not d.events


async def test_slow_clients_give_way_to_callers(desk: Callable[..., Any]) -> None:
    async with desk() as d:
        slow = []
        for _ in range(server_module.UNREADY_CAP + 100):
            reader, writer = await asyncio.open_connection("127.0.0.1", d.server.port)
            writer.write(b"agi_network: ye")
            slow.append((reader, writer))
        began = time.perf_counter()
        await call_through(d, 1)
        assert time.perf_counter() - began < 1
        # The oldest had to go already, the others go when their time is over.
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await slow[0][0].readexactly(1)
        for _, writer in slow:
            writer.close()


async def test_environment_without_end_is_given_up(
    desk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "ENVIRONMENT_TIMEOUT_S", 0.05)
    async with desk() as d:
        reader, writer = await asyncio.open_connection("127.0.0.1", d.server.port)
        writer.write(b"agi_network: yes\n")
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            async with asyncio.timeout(2):
                await reader.readexactly(1)
        writer.close()


async def test_two_hundred_callers_in_one_instant(desk: Callable[..., Any]) -> None:
    async with desk() as d:
        channels = [FakeChannel(f"pbx1-1700000000.{n}", extension="4002") for n in range(200)]

        async def arrive(channel: FakeChannel) -> None:
            await channel.connect(d.server.port)
            while not channel.music:
                await channel.serve_one()

        await asyncio.gather(*map(arrive, channels))
        await d.event(CallQueued, 200)
        assert len(d.server.calls) == 200
        await asyncio.gather(*(channel.hang_up() for channel in channels))


async def test_port_in_use_is_said(desk: Callable[..., Any]) -> None:
    async with desk() as d:
        with pytest.raises(OSError, match="address already in use"):
            async with desk(port=d.server.port):
                pass


async def test_tap_sees_every_line(desk: Callable[..., Any]) -> None:
    lines: list[tuple[str, str, str]] = []
    async with desk(tap=lambda *line: lines.append(line)) as d:
        await call_through(d, 1)
    call = "pbx1-1700000000.1"
    assert (call, "<", "agi_extension: 4002") in lines
    at = lines.index((call, ">", 'SET MUSIC "on" "default"'))
    assert lines[at + 1] == (call, "<", "200 result=0")


async def test_without_the_key_nobody_makes_up_a_call_or_takes_one_over(desk: Callable[..., Any]) -> None:
    async with desk(key="the-key-of-asterisk") as d:
        asterisk = FakeChannel(extension="4002", path="inbound?key=the-key-of-asterisk")
        await asterisk.connect(d.server.port)
        while not asterisk.music:
            await asterisk.serve_one()
        for query in ("", "?key=", "?key=wrong", "?key=the-key-of-asterisk%00"):
            forger = FakeChannel(extension="4002", path=f"inbound{query}")
            await forger.connect(d.server.port)
            with suppress(ConnectionError):
                assert await forger.reader.read() == b"", "refused without a word"
            await forger.closed()
        assert len(d.all(CallArrived)) == 1
        assert d.server.calls, "the caller's session lives on"
        await asterisk.hang_up()
