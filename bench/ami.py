"""How many manager events per second one link reads, beside panoramisk 1.4 as it is, in the same run.

Both read the same bytes from the same fake peer over a real loopback socket: 400 calls of 58 events of about
450 bytes. The peer writes from a process of its own; what is measured is the reader's.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Callable
from typing import Any

from panoramisk import Manager

from contactcenter.ami import AmiLink, AmiServer
from tests.support.fake_ami import FakeAmi, encode

CALLS, EVENTS_PER_CALL, RUNS = 400, 58, 5
EVENTS = CALLS * EVENTS_PER_CALL


def script() -> bytes:
    """The events of the calls, and one that ends them."""
    events = [
        encode(
            Event="Newstate",
            Privilege="call,all",
            Channel=f"PJSIP/agent{call}-{call:08x}",
            ChannelState=6,
            ChannelStateDesc="Up",
            CallerIDNum="+4930123456",
            CallerIDName="José Núñez",
            ConnectedLineNum="4001",
            ConnectedLineName="<unknown>",
            Language="en",
            AccountCode="",
            Context="inbound",
            Exten="4001",
            Priority=n,
            Uniqueid=f"pbx1-1700000000.{call}",
            Linkedid=f"pbx1-1700000000.{call}",
            Note="x" * 80,
        )
        for call in range(CALLS)
        for n in range(EVENTS_PER_CALL)
    ]
    return b"".join([*events, encode(Event="Last")])


def _serve(ports: Any) -> None:
    async def serve() -> None:
        async with FakeAmi() as peer:
            peer.challenge = ""
            peer.script = script()
            ports.put(peer.port)
            await asyncio.Event().wait()

    asyncio.run(serve())


class _Meter:
    """Counts events from the first to the last, in wall and CPU seconds of this process."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.count = 0
        self.wall = self.cpu = 0.0

    def take(self, event: Any) -> None:
        if event["Event"] == "Newstate":
            if self.count == 0:
                self._wall, self._cpu = time.perf_counter(), time.process_time()
            self.count += 1
        elif event["Event"] == "Last":
            self.wall, self.cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
            self.done.set()


async def _ours(port: int, meter: _Meter) -> None:
    server = AmiServer(name="bench", username="cc", secret="s3cret", port=port)
    link = AmiLink(server, meter.take, lambda state: None)
    link.connect()
    await asyncio.wait_for(meter.done.wait(), 60)
    await link.close()


async def _upstream(port: int, meter: _Meter) -> None:
    manager = Manager(port=port, username="cc", secret="s3cret")
    manager.register_event("*", lambda _, event: meter.take(event))
    await manager.connect()
    await asyncio.wait_for(meter.done.wait(), 60)
    manager.reconnect_timeout = 3600  # its close() reconnects
    manager.close()


def bench() -> list[tuple[str, float, str]]:
    """(name, value, unit) rows: medians of interleaved runs, so that other load hits both alike."""
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    peer = multiprocessing.Process(target=_serve, args=(ports,), daemon=True)
    peer.start()
    port = ports.get(timeout=30)
    meters: dict[Callable[[int, _Meter], Any], list[_Meter]] = {_ours: [], _upstream: []}
    try:
        for _ in range(RUNS):
            for client, runs in meters.items():
                meter = _Meter()
                asyncio.run(client(port, meter))
                if meter.count != EVENTS:
                    raise RuntimeError(f"{client.__name__} heard {meter.count} of {EVENTS} events")
                runs.append(meter)
    finally:
        peer.terminate()
        peer.join()
    ours, theirs = (
        (
            statistics.median(EVENTS / run.wall for run in runs),
            statistics.median(run.cpu for run in runs) / EVENTS,
        )
        for runs in (meters[_ours], meters[_upstream])
    )
    return [
        ("ami events, our link", ours[0], "events/s"),
        ("ami events, panoramisk 1.4", theirs[0], "events/s"),
        ("ami events, ours to panoramisk", ours[0] / theirs[0], "x"),
        ("ami CPU per event, our link", ours[1] * 1e6, "µs"),
        ("ami CPU per event, panoramisk 1.4", theirs[1] * 1e6, "µs"),
    ]


if __name__ == "__main__":
    for name, value, unit in bench():
        print(f"{name:36} {value:10.1f} {unit}")
