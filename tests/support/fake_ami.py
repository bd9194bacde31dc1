"""An Asterisk manager on a real loopback socket, as obedient or as broken as a test wants it.

It reads as Asterisk does (1,024 bytes a line with its end, a bare LF ends a line, a NUL ends a value), signs
in by challenge or secret, answers what the link asks by itself, and leaves the rest to `answers`.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

Fields = dict[str, str]
Answer = Callable[["FakeConnection", Fields], None]

LINE_LIMIT = 1024
HEADER_LIMIT = 128


def encode(**headers: object) -> bytes:
    """One message; a list or tuple repeats its header."""
    lines = [
        f"{key}: {item}\r\n"
        for key, value in headers.items()
        for item in (value if isinstance(value, list | tuple) else [value])
    ]
    return "".join(lines).encode() + b"\r\n"


@dataclass
class FakeConnection:
    """One client. `received` holds its actions after the sign-in's own, in order."""

    peer: FakeAmi
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    signed_in: bool = False
    received: asyncio.Queue[Fields] = field(default_factory=asyncio.Queue)
    budget: int | None = None

    def write(self, data: bytes) -> None:
        """Send bytes as they are; past the budget the connection is cut, in the middle if need be."""
        if self.writer.is_closing():
            return
        if self.budget is not None:
            data, self.budget = data[: self.budget], self.budget - len(data)
        self.writer.write(data)
        if self.budget is not None and self.budget <= 0:
            self.cut()

    def event(self, name: str, **headers: object) -> None:
        """Send one event."""
        self.write(encode(Event=name, **headers))

    def answer(self, action: Fields, response: str = "Success", **headers: object) -> None:
        """Answer one action."""
        self.write(encode(Response=response, ActionID=action.get("ActionID", ""), **headers))

    def cut(self) -> None:
        """Close by FIN after what was written, or by RST if the peer is set to `reset`."""
        if self.peer.reset:
            connection = self.writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()
        else:
            self.writer.close()

    async def serve(self) -> None:
        """Read actions until the client leaves."""
        self.write(self.peer.greeting)
        action: Fields = {}
        count, too_long = 0, False
        while line := await self.reader.readline():
            too_long = too_long or len(line) > LINE_LIMIT
            text = line.rstrip(b"\r\n").partition(b"\0")[0].decode("utf-8", "replace")
            if text:
                key, _, value = text.partition(": ")
                action.setdefault(key, value)
                count += 1
                continue
            if too_long or count > HEADER_LIMIT:
                self.answer(action, "Error", Message="Message too long")
            elif action:
                self._act(action)
            action, count, too_long = {}, 0, False

    def _act(self, action: Fields) -> None:
        peer, name = self.peer, action["Action"]
        if peer.mute:
            self.received.put_nowait(action)
        elif name in peer.answers:
            self.received.put_nowait(action)
            peer.answers[name](self, action)
        elif name == "Challenge":
            if peer.challenge:
                self.answer(action, Challenge=peer.challenge)
            else:
                self.answer(action, "Error", Message="Must specify AuthType")
        elif name == "Login":
            self._login(action)
        elif name == "Ping":
            peer.pings += 1
            self.answer(action, Ping="Pong", Timestamp="1700000000.000000")
        elif name == "CoreStatus" and peer.started:
            date, time = peer.started.split()
            self.answer(action, CoreStartupDate=date, CoreStartupTime=time)
        elif name == "CoreSettings" and peer.started:
            self.answer(action, AsteriskVersion="22.10.1")
        elif name == "ListCommands":
            self.answer(action, **dict.fromkeys(peer.granted, "does it (Priv: call,all)"))
        elif name in ("CoreStatus", "CoreSettings"):
            self.answer(action, "Error", Message="Permission denied")
        else:
            self.received.put_nowait(action)

    def _login(self, action: Fields) -> None:
        peer = self.peer
        digest = hashlib.md5((peer.challenge + peer.secret).encode(), usedforsecurity=False).hexdigest()
        peer.logins.append(action)
        if action.get("Username") == peer.username and (
            action.get("Key") == digest if peer.challenge else action.get("Secret") == peer.secret
        ):
            self.signed_in = True
            self.answer(action, Message="Authentication accepted")
            if peer.booted:
                self.event("FullyBooted", Privilege="system,all", Uptime=peer.uptime, Status="Fully Booted")
            self.write(peer.script)
            peer.signed_in.put_nowait(self)
        else:
            self.answer(action, "Error", Message="Authentication failed")
            self.cut()


class FakeAmi:
    """`async with FakeAmi() as peer`: listens on `peer.port`. The attributes may be changed at any time."""

    def __init__(self) -> None:
        self.username, self.secret = "cc", "s3cret"
        self.greeting = b"Asterisk Call Manager/9.0.0\r\n"
        self.challenge = "840415273"  # empty: no MD5 login
        self.started = "2026-11-21 21:13:00"  # empty: CoreStatus is denied
        self.uptime = 3600
        self.booted = True
        self.granted: tuple[str, ...] = ("Originate", "Bridge", "Ping")
        self.script = b""  # sent after each sign-in
        self.mute = False  # takes actions, answers nothing
        self.reset = False  # cut by RST instead of FIN
        self.budget: Callable[[int], int | None] = lambda n: None  # bytes before the nth connection is cut
        self.answers: dict[str, Answer] = {}
        self.logins: list[Fields] = []
        self.pings = 0
        self.connections: list[FakeConnection] = []  # the open ones
        self.accepted = 0
        self.most_strangers = 0  # sockets that were open at once without being signed in
        self.signed_in: asyncio.Queue[FakeConnection] = asyncio.Queue()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> FakeAmi:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def listen(self) -> None:
        """Open the port: a free one the first time, the same one afterwards."""
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port, limit=1 << 22)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
            for connection in self.connections:
                connection.writer.transport.abort()
            await self._server.wait_closed()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(FakeConnection(self, reader, writer)))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, connection: FakeConnection) -> None:
        connection.budget = self.budget(self.accepted)
        self.accepted += 1
        self.connections.append(connection)
        self.most_strangers = max(self.most_strangers, sum(not c.signed_in for c in self.connections))
        try:
            await connection.serve()
        except ConnectionError:
            pass  # the client, or the cut, was rude
        finally:
            self.connections.remove(connection)
            connection.writer.close()
