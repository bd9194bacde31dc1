"""`/ws`: one socket carries one user's stream.

A slow client costs one bounded outbox: when it is full, what waits is thrown away and one fresh snapshot
takes its place. A client that takes nothing at all for `SLOW_S` is closed with 1013, "try again later".
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Annotated

import msgspec
from aiohttp import WSCloseCode, WSMsgType, hdrs, web
from pydantic import BaseModel, ConfigDict, Field

from contactcenter.events import PageLost, PageOpened, PopShown
from contactcenter.http.live import Stream
from contactcenter.http.problems import Problem
from contactcenter.http.routes import Right, Routes
from contactcenter.http.visit import Edge, Visit, Visitor

routes = Routes("live")

HEARTBEAT_S = 15.0
MESSAGE_LIMIT = 64 * 1024
OUTBOX = 256
"""Frames that wait for one socket at most."""
SLOW_S = 10.0
CLOSING_S = 1.0
MESSAGES_PER_MINUTE, BURST = 100, 40
PER_USER = 12
"""Sockets of one user at most."""


class Ack(msgspec.Struct, frozen=True, tag="ack"):
    """The page shows the pop of this number."""

    seq: int


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """The page measures the way here and back; `at` is its own clock, in milliseconds."""

    at: float


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """The answer to `Ping`, with the server's clock in seconds."""

    at: float
    now: float


_heard = msgspec.json.Decoder(Ack | Ping)


class Since(BaseModel):
    """Where a page left off."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[int, Field(ge=0, le=2**53)] | None = None


class Connection:
    """One open socket: the outbox, and the task that empties it."""

    def __init__(self, request: web.Request, visitor: Visitor, stream: Stream, edge: Edge) -> None:
        self.visitor = visitor
        self.socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=MESSAGE_LIMIT, compress=False, timeout=CLOSING_S
        )
        self._request = request
        self._stream = stream
        self._edge = edge
        self._frames: deque[bytes] = deque()
        self._fresh = False
        self._waiting = asyncio.Event()
        self._allowance = float(BURST)
        self._counted_at = edge.now()

    def push(self, frame: bytes) -> None:
        """Take one frame; nothing to do while a snapshot is due, which will contain it."""
        if self._fresh:
            return
        if len(self._frames) >= OUTBOX:
            self._edge.metrics.collapsed.inc()
            self.start_over()
            return
        self._frames.append(frame)
        self._waiting.set()

    def start_over(self) -> None:
        """The next frame is a snapshot, taken at the moment it is sent."""
        self._frames.clear()
        self._fresh = True
        self._waiting.set()

    async def serve(self, since: int | None) -> None:
        """Carry the stream until either side ends it."""
        await self.socket.prepare(self._request)
        self._stream.subscribe(self, since)
        writer = asyncio.create_task(self._write())
        try:
            await self._read()
        finally:
            self._stream.unsubscribe(self)
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer

    def move(self, visitor: Visitor, stream: Stream) -> None:
        """The user has other rights from now on: a snapshot by these comes next, and nothing by the old."""
        self.visitor = visitor
        if stream is not self._stream:
            self._stream.unsubscribe(self)
            self._stream = stream
            stream.subscribe(self, None)

    async def close(self, code: int, reason: str) -> None:
        """Say why, and cut the line if the other side does not take even that."""
        transport = self._request.transport
        # In a task of its own: a send that timed out leaves a cancelled future behind in aiohttp, and whoever
        # waits there next would be cancelled in its stead.
        closing = asyncio.create_task(self.socket.close(code=code, message=reason.encode()))
        await asyncio.wait({closing}, timeout=CLOSING_S)
        closing.cancel()
        if transport:
            transport.abort()

    async def _write(self) -> None:
        while True:
            await self._waiting.wait()
            while frame := self._next():
                try:
                    async with asyncio.timeout(SLOW_S):
                        await self.socket.send_frame(frame, WSMsgType.TEXT)
                except TimeoutError:
                    self._edge.metrics.slow.inc()
                    await self.close(WSCloseCode.TRY_AGAIN_LATER, "too slow")
                    return
                except ConnectionError:
                    return
            self._waiting.clear()

    async def _read(self) -> None:
        async for message in self.socket:
            if message.type is not WSMsgType.TEXT:
                await self.close(WSCloseCode.UNSUPPORTED_DATA, "text only")
            elif not self._allowed():
                await self.close(WSCloseCode.POLICY_VIOLATION, "too many messages")
            else:
                try:
                    self._hear(_heard.decode(message.data))
                except msgspec.DecodeError:
                    await self.close(WSCloseCode.POLICY_VIOLATION, "not a message of this protocol")

    def _hear(self, message: Ack | Ping) -> None:
        match message:
            case Ack(seq=seq):
                if offer := self._stream.shown_pop(seq):
                    login = self.visitor.login
                    self._edge.metrics.pop_shown(offer, self._edge.now())
                    self._edge.tell(PopShown(at=self._edge.now(), login=login, offer=offer))
            case Ping(at=at):
                self.push(msgspec.json.encode(Pong(at=at, now=self._edge.now())))

    def _next(self) -> bytes | None:
        if self._fresh:
            frame = self._stream.snapshot()
            self._fresh = False
            return frame
        return self._frames.popleft() if self._frames else None

    def _allowed(self) -> bool:
        now = self._edge.now()
        earned = (now - self._counted_at) * MESSAGES_PER_MINUTE / 60
        self._allowance = min(float(BURST), self._allowance + earned) - 1
        self._counted_at = now
        return self._allowance >= 0


class Sockets:
    """The open sockets, by user; and with them, whether an agent has a page.

    A program that listens by token is no page: nobody sits in front of it.
    """

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._open: dict[str, set[Connection]] = {}

    def __iter__(self) -> Iterator[Connection]:
        return iter([connection for connections in self._open.values() for connection in connections])

    def of(self, login: str) -> int:
        """How many sockets the user has."""
        return len(self._open.get(login, ()))

    def add(self, connection: Connection) -> None:
        """A socket opened; the agent's first page is told to the center."""
        login, pages = connection.visitor.login, self._pages(connection.visitor.login)
        self._open.setdefault(login, set()).add(connection)
        self._edge.metrics.sockets.inc()
        if not pages and self._pages(login):
            self._edge.tell(PageOpened(at=self._edge.now(), login=login))

    def remove(self, connection: Connection) -> None:
        """A socket is gone; the agent's last page is told to the center."""
        login, pages = connection.visitor.login, self._pages(connection.visitor.login)
        self._open[login].discard(connection)
        self._edge.metrics.sockets.dec()
        if pages and not self._pages(login):
            self._edge.tell(PageLost(at=self._edge.now(), login=login))
        if not self._open[login]:
            del self._open[login]

    def move(self, connection: Connection, visitor: Visitor, stream: Stream) -> None:
        """Its user has other rights; whether his sockets are an agent's pages may be another thing, too."""
        login, pages = visitor.login, self._pages(visitor.login)
        connection.move(visitor, stream)
        if bool(pages) != bool(self._pages(login)):
            event = PageLost if pages else PageOpened
            self._edge.tell(event(at=self._edge.now(), login=login))

    async def close(self, whose: Callable[[Visitor], bool], code: int, reason: str) -> None:
        """Close the sockets of some visitors: signed out, disabled, or all of them at the end."""
        closing = [connection.close(code, reason) for connection in self if whose(connection.visitor)]
        await asyncio.gather(*closing)

    def _pages(self, login: str) -> int:
        visitors = [connection.visitor for connection in self._open.get(login, ())]
        return sum(visitor.may(Right.CALLS_TAKE) and not visitor.by_token for visitor in visitors)


@routes.get("/ws", right=Right.SIGNED_IN)
async def live(visit: Visit, query: Since) -> web.StreamResponse:
    """The user's stream: a snapshot, then changes and screen pops."""
    edge, visitor = visit.edge, visit.visitor
    if not _is_upgrade(visit.request):
        raise Problem(426, "upgrade_required", "This address speaks websocket only.")
    _check_origin(visit)
    if edge.sockets.of(visitor.login) >= PER_USER:
        raise Problem(429, "too_many_sockets", f"At most {PER_USER} sockets per user.", retry_after_s=5)
    if not visitor.reader.rights:
        raise Problem(403, "forbidden", "Your role has no rights.")
    connection = Connection(visit.request, visitor, edge.live.stream(visitor.reader), edge)
    edge.sockets.add(connection)
    try:
        await connection.serve(query.since)
    finally:
        edge.sockets.remove(connection)
    return connection.socket


def _is_upgrade(request: web.Request) -> bool:
    return request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"


def _check_origin(visit: Visit) -> None:
    # A browser sends the cookie along with a handshake from any page, and always says which page it was: with
    # a cookie, an Origin of ours must be there. A token is sent by nobody unasked; programs have no Origin.
    origin = visit.request.headers.get(hdrs.ORIGIN)
    if origin is None and visit.visitor.by_token:
        return
    if origin not in visit.edge.origins:
        raise Problem(403, "foreign_origin", "Pages from elsewhere may not listen here.")
