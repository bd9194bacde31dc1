"""One FastAGI connection: commands out, replies in, and the moment at which the caller is gone.

asyncio reads the socket all the time, so `HANGUP` and the end of the connection are seen whether a command
is under way or not. One command at a time is under way; one whose waiter was cancelled leaves a reply behind
that is dropped when it comes.
"""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import cast

from contactcenter.agi.protocol import Environment, HungUp, ProtocolFault, Reader, Reply, encode, encode_line

COMMAND_TIMEOUT_S = 10.0
"""For commands that Asterisk answers at once."""


class CallerGone(BaseException):
    """The caller's connection is over. No `Exception`: an author's `except Exception` must not swallow it."""


class CommandTimeout(Exception):
    """Asterisk did not answer in time. The connection is dead: a late answer would pass for the next."""


class CommandRejected(Exception):
    """Asterisk knows no such command (510), or refused its arguments (520)."""


class Loss(StrEnum):
    """How a connection ended before its session did."""

    HUNG_UP = "hung up"
    """Asterisk said that the channel is gone."""
    BROKEN = "broken"
    """It ended without a word: Asterisk itself may be gone, or the caller is elsewhere."""
    GIVEN_UP = "given up"
    """By us: no answer to a command."""


class Connection(asyncio.Protocol):
    """The socket of one FastAGI session.

    `on_ready` is called with the environment. `on_lost` is called once when the connection ends without
    `close`: with True when Asterisk ended it, with False when we gave up and the caller may still be there.
    `tap` gets each raw line in order, `<` from Asterisk and `>` to it.
    """

    def __init__(
        self,
        on_ready: Callable[["Connection", Environment], None],
        on_closed: Callable[["Connection"], None],
        environment_timeout_s: float,
    ) -> None:
        self._on_ready = on_ready
        self._on_closed = on_closed
        self._environment_timeout_s = environment_timeout_s
        self._reader = Reader()
        self._reply: asyncio.Future[Reply] | None = None
        self._given_up = False
        self._expired = False
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._stale = 0
        self._stale_timeout_s: float | None = 0.0
        self._loop = asyncio.get_running_loop()
        self.on_lost: Callable[[Loss], None] = lambda loss: None
        self.tap: Callable[[str, str], None] | None = None
        self.alive = False
        self.commands = 0
        self.fault = ""
        """Why the peer was cut off that spoke no AGI, or a forged one."""
        self.last: Reply | None = None
        """The newest reply, set in the same instant in which it is read."""

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asked by isinstance: uvloop's transports are of a family of their own.
        self._transport = cast(asyncio.Transport, transport)
        if self._given_up:
            self._transport.abort()
            return
        self.alive = True
        self._deadline = self._loop.call_later(self._environment_timeout_s, self.abort)

    def data_received(self, data: bytes) -> None:
        if self.tap:
            for line in data.decode(errors="replace").splitlines():
                self.tap("<", line)
        try:
            for heard in self._reader.feed(data):
                if isinstance(heard, Environment):
                    if self._deadline:
                        self._deadline.cancel()
                    self._on_ready(self, heard)
                elif isinstance(heard, HungUp):
                    self._lose(Loss.HUNG_UP)
                elif self._stale:
                    self._stale -= 1
                elif self._reply:
                    self.last = heard
                    waiter, self._reply = self._reply, None
                    if not waiter.done():  # cancelled in this very instant
                        waiter.set_result(heard)
        except ProtocolFault as error:
            self.fault = str(error)
            self.abort()

    def eof_received(self) -> bool:
        self._lose(Loss.BROKEN)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(Loss.BROKEN)
        self._on_closed(self)

    # --- for the session ---

    async def command(
        self, verb: str, *arguments: str | int, timeout_s: float | None = COMMAND_TIMEOUT_S
    ) -> Reply:
        """Send one command and wait for its reply; `timeout_s` None for those that may last hours.

        Raises `CallerGone`, `CommandTimeout`, `CommandRejected`; `protocol.Refused` before anything is sent.
        """
        return await self._send(encode(verb, *arguments), timeout_s)

    async def line(self, line: str, timeout_s: float | None) -> Reply:
        """Like `command`, for a line that a synchronous script quoted; replies 510 and 520 are returned."""
        return await self._send(encode_line(line), timeout_s, strict=False)

    async def _send(self, encoded: bytes, timeout_s: float | None, *, strict: bool = True) -> Reply:
        if not self.alive or self._transport is None:
            # A script that swallows everything in a loop must at least let others run.
            await asyncio.sleep(0)
            raise CallerGone
        if self.tap:
            self.tap(">", encoded.decode().rstrip("\n"))
        self.commands += 1
        if self._stale and timeout_s is not None:
            # Asterisk still works on a command whose waiter was cancelled, and answers ours after it.
            timeout_s = None if self._stale_timeout_s is None else timeout_s + self._stale_timeout_s
        self._reply = reply = self._loop.create_future()
        self._transport.write(encoded)
        # A plain timer: `asyncio.timeout` costs as much as the rest of a command.
        timer = self._loop.call_later(timeout_s, self._expire, reply) if timeout_s is not None else None
        try:
            answer: Reply = await reply
        except asyncio.CancelledError:
            if self._expired:
                raise CommandTimeout(f"no answer within {timeout_s} s to {_shown(encoded)}") from None
            if not self.alive:
                raise CallerGone from None
            if self._reply is reply:
                self._reply = None
                self._stale += 1
                self._stale_timeout_s = timeout_s
            raise
        finally:
            if timer:
                timer.cancel()
        if answer.code == 511:
            self._lose(Loss.HUNG_UP)
            raise CallerGone
        if strict and answer.code != 200:
            raise CommandRejected(f"{answer.code} {answer.data} to {_shown(encoded)}")
        return answer

    def close(self) -> None:
        """End the connection on our side, after what was written: `on_lost` is not called."""
        self.alive = False
        if self._deadline:
            self._deadline.cancel()
        if self._transport:
            self._transport.close()

    def abort(self) -> None:
        """Give the connection up at once; Asterisk's dialplan takes the caller to its rescue loop."""
        self._given_up = True  # asyncio may not have given us the socket yet
        if self._transport:
            self._transport.abort()
        self._lose(Loss.GIVEN_UP)

    def _expire(self, reply: asyncio.Future[Reply]) -> None:
        if not reply.done():
            self._expired = True
            self.abort()

    def _lose(self, loss: Loss) -> None:
        if not self.alive:
            return
        self.close()
        if self._reply:
            self._reply.cancel()
        self.on_lost(loss)


def _shown(encoded: bytes) -> str:
    return encoded[:80].decode(errors="replace").strip()
