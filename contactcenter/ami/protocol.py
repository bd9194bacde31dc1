"""One connection: bytes into messages, actions into answers. It ends once, for one reason, for good.

Reading must stay cheap: Asterisk drops a manager link whose socket stays full for `writetimeout` (100 ms by
default), so a message is parsed, handed on, and nothing here waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Protocol

from panoramisk.ami_protocol import AMIProtocol

from contactcenter.ami.actions import Action, Fields, Reply, redacted
from contactcenter.ami.errors import AmiError, NotConnected, OutcomeUnknown
from contactcenter.ami.messages import Message
from contactcenter.ami.server import AmiServer
from contactcenter.ami.state import Counters, Direction

Tap = Callable[[bytes, Direction, float], None]

MESSAGE_LIMIT = 1 << 20  # bytes; Asterisk's largest events are a few KiB
GREETING = b"Asterisk Call Manager/"
GREETING_LIMIT = 128  # bytes
END = b"\r\n\r\n"


class Framer:
    """Cuts the byte stream at blank lines. Any chunking of the same bytes gives the same messages.

    A message over `limit` bytes is skipped to its blank line and counted; memory stays within the limit.
    """

    def __init__(self, counters: Counters, limit: int = MESSAGE_LIMIT) -> None:
        self._counters = counters
        self._limit = limit
        self._buffer = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[bytearray]:
        """Take the next bytes; return the messages that they completed, each without its blank line."""
        tail = len(END) - 1  # what may be the beginning of a blank line
        start = max(0, len(self._buffer) - tail)
        self._buffer += data
        if self._buffer.find(END, start) < 0:
            if len(self._buffer) - tail > self._limit:
                self._counters.dropped += not self._skipping
                self._skipping = True
                del self._buffer[:-tail]
            return []
        *blocks, self._buffer = self._buffer.split(END)
        if self._skipping:
            self._skipping = False
            del blocks[0]
        fitting = [block for block in blocks if len(block) <= self._limit]
        self._counters.dropped += len(blocks) - len(fitting)
        return fitting


class Owner(Protocol):
    """The link that a connection is of, as far as the connection knows it."""

    server: AmiServer
    counters: Counters
    tap: Tap | None
    clock: Callable[[], float]
    protocol: AmiProtocol | None

    def guard(self, callback: Callable[..., object], *args: object) -> None:
        """Call it; what it raises is the link's to count."""

    def dispatch(self, event: Message) -> None:
        """Take one event, in order."""


class AmiProtocol(AMIProtocol):
    """One connection of a link, from the greeting to its loss.

    `lost` becomes the reason of the end; `boots` receives every FullyBooted event; `heard_at` is the loop's
    time of the last byte from the peer.
    """

    factory: Owner
    responses: dict[str, Action]

    def __init__(self, link: Owner) -> None:
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._framer = Framer(link.counters)
        self._greeting = b""
        self._farewell = ""
        self.closed = False
        self.heard_at = self._loop.time()
        self.lost: asyncio.Future[str] = self._loop.create_future()
        self.boots: asyncio.Queue[Message] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.factory = self._link
        self._link.protocol = self  # not later: a close() in between would leave the socket to nobody

    def connection_lost(self, exc: Exception | None) -> None:
        self.lose(self._farewell or (f"connection lost: {exc}" if exc else "Asterisk closed the connection"))

    def lose(self, reason: str) -> None:
        """End this connection now. Whoever waits for an answer learns that the outcome is unknown."""
        if self.closed:
            return
        self.closed = True
        self.transport.abort()  # close() would linger on a half-open link until the buffer is sent
        self.lost.set_result(reason)
        for action in self.responses.values():
            action.settle(OutcomeUnknown(f"{action.name} was sent, then the link was lost: {reason}"))

    def close(self) -> None:
        self.lose("closed by us")

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        if self.version is None:
            data = self._greet(data)
        for block in self._framer.feed(data):
            if self.closed:
                return  # a callback closed the link; what follows belongs to no one
            if self._link.tap:
                self._link.guard(self._link.tap, bytes(block) + END, Direction.IN, self._link.clock())
            # Decoded as a whole, so that a character split over two reads stays intact; 'replace', since a
            # lone surrogate would pass here and fail later, in the store or on its way to a browser.
            message = Message.from_line(block.decode("utf-8", "replace"))
            if message is not None:
                self.handle_message(message)
            elif block.strip():
                self._link.counters.dropped += 1

    def _greet(self, data: bytes) -> bytes:
        """Take the greeting off the stream; the rest, once it is complete, is returned."""
        self._greeting += data
        line, end, rest = self._greeting.partition(b"\r\n")
        if line[: len(GREETING)] != GREETING[: len(line)] or (not end and len(line) > GREETING_LIMIT):
            self.lose(f"this is no Asterisk manager port: it says {line[:40].decode('ascii', 'replace')!r}")
            return b""
        if not end:
            return b""
        self.version = line[len(GREETING) :].decode("ascii", "replace")
        return rest

    def handle_message(self, message: Message) -> None:
        """Give a message to the action that asked for it and, if it is an event, to the link as well."""
        self._link.counters.messages += 1
        action = self.responses.get(message.get("ActionID", ""))
        if action is not None and action.add_message(message):
            del self.responses[action.id]
        if name := message.event:
            if name == "FullyBooted":
                self.boots.put_nowait(message)
            elif name == "Shutdown":
                self._farewell = f"Asterisk shut down ({message.get('Shutdown', 'no reason given')})"
            self._link.dispatch(message)
        elif action is None:
            self._link.counters.unknown += 1

    def send(self, data: Fields, as_list: bool | None = None) -> Coroutine[None, None, Reply]:
        """Upstream's way to write, which checks nothing, made an `exchange`; a list shows itself as one."""
        return self.exchange(data, self._link.server.timing.answer)

    async def exchange(self, fields: Fields, timeout: float) -> Reply:  # noqa: ASYNC109  (see Raises)
        """Write one action and wait at most `timeout` seconds for its answer.

        Raises: ValueError (unfit to be sent), NotConnected, OutcomeUnknown (also for the timeout, which says
        nothing about the action), ActionFailed.
        """
        action = Action(fields)
        payload = action.encode()
        if action.id in self.responses:
            raise ValueError(f"ActionID {action.id} is already under way")
        if self.closed:
            raise NotConnected(f"{action.name} was not sent: {self.lost.result()}")
        self.responses[action.id] = action
        try:
            if self._link.tap:
                self._link.guard(self._link.tap, redacted(payload), Direction.OUT, self._link.clock())
            self.transport.write(payload)
            # Not wait_for: an answer that comes in the same turn as the timeout is an answer.
            await asyncio.wait((action.future,), timeout=timeout)
        finally:
            self.responses.pop(action.id, None)
        if not action.future.done():
            raise OutcomeUnknown(f"{action.name} was sent, and no answer came within {timeout:g} s")
        outcome = action.future.result()
        if isinstance(outcome, AmiError):
            raise outcome
        return outcome
