"""Transactions (RFC 3261 §17): one request and its responses, over a network that loses, doubles, reorders.

A client transaction repeats its request until it is answered. A server transaction repeats its answer when
the request comes again, and the final answer to an INVITE (2xx included) by itself until the ACK came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from .message import Headers, Request, Response


@dataclass(frozen=True, slots=True)
class Timers:
    """Seconds: `t1` the first repetition, `t2` the longest interval. Everything is given up after 64·t1."""

    t1: float = 0.5
    t2: float = 4.0

    @property
    def lifetime(self) -> float:
        return 64 * self.t1


class Repetition:
    """Sends at once and again after t1, 2·t1, … until stopped; calls `give_up` once 64·t1 have passed."""

    def __init__(
        self, timers: Timers, send: Callable[[], None], give_up: Callable[[], None], longest: float
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._send, self._give_up = send, give_up
        self._interval, self._longest = timers.t1, longest
        self._end = self._loop.call_later(timers.lifetime, self._gave_up)
        self._again()

    def _again(self) -> None:
        self._timer = self._loop.call_later(self._interval, self._again)
        self._interval = min(2 * self._interval, self._longest)
        self._send()

    def _gave_up(self) -> None:
        self.stop()
        self._give_up()

    def slow_down(self) -> None:
        self._interval = self._longest

    def stop(self) -> None:
        self._timer.cancel()
        self._end.cancel()


class ClientTransaction:
    """A request that we sent.

    `on_response` hears every provisional response and the first final one (of an INVITE also every repeated
    2xx, since only the call can acknowledge those), or our own 408 when nobody answered.
    """

    def __init__(
        self,
        request: Request,
        transmit: Callable[[Request], None],
        timers: Timers,
        on_response: Callable[[Response], None],
        forget: Callable[[], None],
    ) -> None:
        self.request = request
        self._transmit, self._on_response, self._forget = transmit, on_response, forget
        self._timers = timers
        self._final: Response | None = None
        self._is_invite = request.method == "INVITE"
        longest = timers.lifetime if self._is_invite else timers.t2
        self._repetition = Repetition(timers, lambda: transmit(request), self._unanswered, longest)

    def receive(self, response: Response) -> None:
        if response.status < 200:
            if self._final is None:
                if self._is_invite:
                    self._repetition.stop()
                else:
                    self._repetition.slow_down()
                self._on_response(response)
            return
        self._repetition.stop()
        first, self._final = self._final is None, self._final or response
        if self._is_invite and response.status >= 300:
            ack = self.request.companion("ACK", response.get("to"))
            self._transmit(replace(ack, headers=(("Via", self.request.get("via")), *ack.headers)))
        if first:
            # Kept, so that a repeated final response meets this transaction and not "unknown".
            asyncio.get_running_loop().call_later(self._timers.lifetime, self._forget)
        if first or (self._is_invite and response.status < 300):
            self._on_response(response)

    def stop(self) -> None:
        self._repetition.stop()

    def _unanswered(self) -> None:
        self._forget()
        self._on_response(self.request.reply(408))


class ServerTransaction:
    """A request that we received and answer once, with any number of provisional responses before."""

    def __init__(
        self,
        request: Request,
        transmit: Callable[[Response], None],
        timers: Timers,
        tag: str,
        contact: Headers,
        forget: Callable[[], None],
    ) -> None:
        self.request = request
        self.tag = tag
        self._transmit, self._timers, self._contact, self._forget = transmit, timers, contact, forget
        self._repetition: Repetition | None = None
        self._on_end: Callable[[Request | None], None] | None = None
        self.last: Response | None = None

    @property
    def answered(self) -> bool:
        return self.last is not None and self.last.status >= 200

    def respond(
        self,
        status: int,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        then: Callable[[Request | None], None] | None = None,
    ) -> None:
        """Answers. After a final answer to an INVITE `then` hears the ACK, or None when it never came."""
        response = self.request.reply(status, tag=self.tag, headers=(*self._contact, *headers), body=body)
        self.last, self._on_end = response, then
        if status < 200 or self.request.method != "INVITE":
            self._transmit(response)
        else:
            give_up = partial(self.acknowledge, None)
            self._repetition = Repetition(self._timers, self.repeat, give_up, self._timers.t2)
        if status >= 200:
            asyncio.get_running_loop().call_later(self._timers.lifetime + 1, self._forget)

    def repeat(self) -> None:
        """The request came again: our answer was lost."""
        if self.last is not None:
            self._transmit(self.last)

    def acknowledge(self, ack: Request | None) -> None:
        self.stop()
        then, self._on_end = self._on_end, None
        if then is not None:
            then(ack)

    def stop(self) -> None:
        if self._repetition is not None:
            self._repetition.stop()
