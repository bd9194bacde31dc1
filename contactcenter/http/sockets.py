"""Sockets: the open ones, each carrying one user's stream.

A slow client costs one bounded outbox: when it is full, what waits is thrown away and one fresh snapshot
takes its place. A client that takes nothing at all for `SLOW_S` is closed with 1013, "try again later".
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from contactcenter.crm.access import Right
from contactcenter.events import Event, PageLost, PageOpened, PopShown
from contactcenter.http.live import Stream
from contactcenter.http.metrics import Metrics
from contactcenter.http.visitor import Visitor

HEARTBEAT_S = 15.0
MESSAGE_LIMIT = 64 * 1024
OUTBOX = 256
"""Frames that wait for one socket at most."""
SLOW_S = 10.0
CLOSING_S = 1.0
MESSAGES_PER_MINUTE, BURST = 100, 40


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


class Connection:
    """One open socket: the outbox, and the task that empties it."""

    def __init__(
        self,
        request: web.Request,
        visitor: Visitor,
        stream: Stream,
        *,
        tell: Callable[[Event], None],
        now: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        self.visitor = visitor
        self.socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=MESSAGE_LIMIT, compress=False, timeout=CLOSING_S
        )
        self._request = request
        self._stream = stream
        self._tell = tell
        self._now = now
        self._metrics = metrics
        self._frames: deque[bytes] = deque()
        self._fresh = False
        self._waiting = asyncio.Event()
        self._allowance = float(BURST)
        self._counted_at = now()

    def push(self, frame: bytes) -> None:
        """Take one frame; nothing to do while a snapshot is due, which will contain it."""
        if self._fresh:
            return
        if len(self._frames) >= OUTBOX:
            self._metrics.collapsed.inc()
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
                    self._metrics.slow.inc()
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
                    self._metrics.pop_shown(offer, self._now())
                    self._tell(PopShown(at=self._now(), login=login, offer=offer))
            case Ping(at=at):
                self.push(msgspec.json.encode(Pong(at=at, now=self._now())))

    def _next(self) -> bytes | None:
        if self._fresh:
            frame = self._stream.snapshot()
            self._fresh = False
            return frame
        return self._frames.popleft() if self._frames else None

    def _allowed(self) -> bool:
        now = self._now()
        earned = (now - self._counted_at) * MESSAGES_PER_MINUTE / 60
        self._allowance = min(float(BURST), self._allowance + earned) - 1
        self._counted_at = now
        return self._allowance >= 0


class Sockets:
    """The open sockets, by user; and with them, whether an agent has a page.

    A program that listens by token is no page: nobody sits in front of it.
    """

    def __init__(self, tell: Callable[[Event], None], now: Callable[[], float], metrics: Metrics) -> None:
        self._tell = tell
        self._now = now
        self._metrics = metrics
        self._open: dict[str, set[Connection]] = {}

    def __iter__(self) -> Iterator[Connection]:
        return iter([connection for connections in self._open.values() for connection in connections])

    def of(self, login: str) -> int:
        """How many sockets the user has."""
        return len(self._open.get(login, ()))

    def add(self, request: web.Request, visitor: Visitor, stream: Stream) -> Connection:
        """A socket opens; the agent's first page is told to the center."""
        connection = Connection(
            request, visitor, stream, tell=self._tell, now=self._now, metrics=self._metrics
        )
        login, pages = visitor.login, self._pages(visitor.login)
        self._open.setdefault(login, set()).add(connection)
        self._metrics.sockets.inc()
        if not pages and self._pages(login):
            self._tell(PageOpened(at=self._now(), login=login))
        return connection

    def remove(self, connection: Connection) -> None:
        """A socket is gone; the agent's last page is told to the center."""
        login, pages = connection.visitor.login, self._pages(connection.visitor.login)
        self._open[login].discard(connection)
        self._metrics.sockets.dec()
        if pages and not self._pages(login):
            self._tell(PageLost(at=self._now(), login=login))
        if not self._open[login]:
            del self._open[login]

    def move(self, connection: Connection, visitor: Visitor, stream: Stream) -> None:
        """Its user has other rights; whether his sockets are an agent's pages may be another thing, too."""
        login, pages = visitor.login, self._pages(visitor.login)
        connection.move(visitor, stream)
        if bool(pages) != bool(self._pages(login)):
            event = PageLost if pages else PageOpened
            self._tell(event(at=self._now(), login=login))

    async def close(self, whose: Callable[[Visitor], bool], code: int, reason: str) -> None:
        """Close the sockets of some visitors: signed out, disabled, or all of them at the end."""
        closing = [connection.close(code, reason) for connection in self if whose(connection.visitor)]
        await asyncio.gather(*closing)

    def _pages(self, login: str) -> int:
        visitors = [connection.visitor for connection in self._open.get(login, ())]
        return sum(visitor.may(Right.CALLS_TAKE) and not visitor.by_token for visitor in visitors)
