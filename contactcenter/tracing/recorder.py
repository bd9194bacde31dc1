"""Recording: from a running center to whoever asks on its control socket, or into a file.

`contactcenter record` connects to `control.sock` in the data folder. It gets a header, what the center knows
at that moment (as events that bring a fresh center to the same agents), and then every line as it happens.
"""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from contactcenter.agents import AgentState
from contactcenter.events import (
    AgentSignedIn,
    Event,
    PageOpened,
    PhoneSeen,
    ServerUp,
    Snapshot,
    StateAsked,
)
from contactcenter.floor import Floor
from contactcenter.tracing.trace import Entry, Header, Raw, encode, encode_header
from contactcenter.values import LegSeen

BEHIND_BYTES = 8 << 20
"""A reader that is this far behind is let go: a recording must not fill the center's memory."""

Sink = Callable[[str], None]


class Recorder:
    """Hands every entry to the sinks that listen; costs next to nothing while there are none."""

    def __init__(self, header: Callable[[], Header], now: Callable[[], float], secret: str = "") -> None:
        self._header = header
        self._now = now
        self._secret = secret
        """FastAGI's key: Asterisk repeats it wherever it names an application; traces are given to others."""
        self._sinks: list[Sink] = []

    def add(self, sink: Sink, preface: list[Event]) -> None:
        """A new listener, from the header on."""
        sink(encode_header(self._header()))
        for event in preface:
            sink(encode(event))
        self._sinks.append(sink)

    def remove(self, sink: Sink) -> None:
        """A listener is gone."""
        with contextlib.suppress(ValueError):
            self._sinks.remove(sink)

    def event(self, event: Event) -> None:
        """An event, on its way to the center."""
        self._put(event)

    def raw(self, edge: str, name: str, way: str, raw: str | bytes) -> None:
        """Asterisk's own words, or ours to it."""
        if self._sinks:
            text = raw if isinstance(raw, str) else raw.decode("utf-8", "replace")
            text = text.replace(self._secret, "***") if self._secret else text
            self._put(Raw(at=self._now(), edge=edge, name=name, way=way, raw=text))

    def _put(self, entry: Entry) -> None:
        if self._sinks:
            line = encode(entry)
            for sink in list(self._sinks):
                sink(line)

    def to_file(self, file: IO[str]) -> None:
        """Record from here on into an open file."""

        def sink(line: str) -> None:
            file.write(line + "\n")

        self.add(sink, [])


def preface(floor: Floor, at: float) -> list[Event]:
    """The events that bring a fresh center to the agents, servers and legs of this one.

    What callers did before is not in it: a call that lives already is known again as its script goes on.
    """
    told: list[Event] = []
    for server in (name for name, up in floor.servers.items() if up):
        told.append(ServerUp(at=at, server=server, version=""))
        legs = tuple(
            LegSeen(leg=leg.id, phone=leg.phone, answered=leg.answered, bridge=leg.bridge, linked=leg.linked)
            for leg in floor.legs.values()
            if leg.server == server
        )
        told.append(Snapshot(at=at, server=server, asked_at=at, legs=legs))
    told += [PhoneSeen(at=at, phone=phone, reachable=seen) for phone, seen in floor.phones.items()]
    for agent in floor.agents.values():
        told.append(
            AgentSignedIn(
                at=at,
                login=agent.login,
                name=agent.name,
                queues=agent.queues,
                skills=dict(agent.skills),
                phone=agent.phone,
                line=agent.line,
            )
        )
        if agent.page:
            told.append(PageOpened(at=at, login=agent.login))
        if agent.state is not AgentState.OFFLINE:
            state = "paused" if agent.state is AgentState.PAUSED else "available"
            told.append(
                StateAsked(at=at, login=agent.login, state=state, reason=agent.reason, request="preface")
            )
    return told


class ControlSocket:
    """The unix socket on which a running center gives its trace away. Only its owner may connect."""

    def __init__(self, path: Path, recorder: Recorder, preface: Callable[[], list[Event]]) -> None:
        self._path = path
        self._recorder = recorder
        self._preface = preface
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen; a socket that a killed run left behind is replaced."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        self._path.chmod(0o600)

    async def stop(self) -> None:
        """Let all listeners go."""
        if self._server:
            self._server.close()
        for writer in list(self._writers):
            writer.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def sink(line: str) -> None:
            if writer.transport.get_write_buffer_size() > BEHIND_BYTES:
                writer.transport.abort()
            else:
                writer.write(line.encode() + b"\n")

        self._writers.add(writer)
        self._recorder.add(sink, self._preface())
        try:
            with contextlib.suppress(ConnectionError):
                await reader.read()  # the listener says nothing; this ends when it goes
        finally:
            self._recorder.remove(sink)
            self._writers.discard(writer)
            writer.close()


async def listen(socket: Path, write: Callable[[str], object]) -> None:
    """Take a running center's trace, line by line, until it or we end. Raises OSError without a center."""
    reader, writer = await asyncio.open_unix_connection(socket, limit=16 << 20)
    try:
        while line := await reader.readline():
            write(line.decode())
    finally:
        writer.close()
