"""The link to one Asterisk server: it connects, signs in, watches, and tries again for ever.

One task owns the link, so there is never more than one socket. Nothing is queued while the link is down and
nothing is sent twice: an action either happens on this connection or its caller is told what is known of it.
"""

from __future__ import annotations

import asyncio
import fnmatch
import inspect
import logging
import random
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from panoramisk.manager import Manager

from contactcenter.ami.actions import Fields, Reply
from contactcenter.ami.errors import AmiError, NotConnected
from contactcenter.ami.messages import Message
from contactcenter.ami.protocol import AmiProtocol, Tap
from contactcenter.ami.server import AmiServer
from contactcenter.ami.sign_in import identify, sign_in
from contactcenter.ami.state import Boot, Counters, LinkState, Status

EventCallback = Callable[["AmiLink", Message], object]

_NAMES_CACHED = 1024  # event names; Asterisk has about 200, and a peer that invents more must not fill memory


async def _no_snapshot(boot: Boot) -> None:
    """For a link whose user keeps no state."""


class AmiLink(Manager):
    """A link to one server. `connect()` starts it, `await close()` ends it.

    `on_message` gets every event in the order of arrival, `on_state` every change of state; both are plain
    functions that only enqueue, and what they raise is counted, logged and harmless. `on_booted` is awaited
    after each sign-in, before the link is READY: it takes the snapshot (and may send); if it raises, the link
    starts anew, for without a snapshot what we believe about the server is worth nothing. `tap` sees each raw
    message with the time that `clock` gives; a Login's secret is blotted out.
    """

    protocol: AmiProtocol | None

    def __init__(
        self,
        server: AmiServer,
        on_message: Callable[[Message], None],
        on_state: Callable[[LinkState], None],
        *,
        on_booted: Callable[[Boot], Awaitable[None]] = _no_snapshot,
        tap: Tap | None = None,
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
    ) -> None:
        self._matched: dict[str, tuple[EventCallback, ...]] = {}
        super().__init__(host=server.host, port=server.port, ssl=server.tls, log=logging.getLogger(__name__))
        self.server = server
        self.counters = Counters()
        self.state = LinkState(Status.CLOSED)
        self.tap = tap
        self.clock = clock
        self._on_message = on_message
        self._on_state = on_state
        self._on_booted = on_booted
        self._random = rng or random.Random()  # noqa: S311  (spreads reconnects; guards nothing)
        self._task: asyncio.Task[None] | None = None
        self._taking_actions = False
        self._boot: Boot | None = None
        self._logged_at = float("-inf")

    # --- for the edge ---

    def connect(self) -> asyncio.Task[None]:
        """Start the link, once, and return its task, which ends only by `close()`."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"ami {self.server.name}")
        return self._task

    async def close(self) -> None:
        """End the link for good: no socket, no timer, no awaiter is left."""
        task, self._task = self._task, None
        try:
            if task is not None:
                task.cancel()
                self._hang_up("closed by us")
                await asyncio.wait((task,))  # gather would cancel in circles if a snapshot closes its link
        finally:
            self._report(LinkState(Status.CLOSED))

    async def send(self, action: Fields, timeout: float = 5.0) -> Reply:  # noqa: ASYNC109
        """Send one action and return Asterisk's yes, with the items if it answers by a list. An Originate
        returns at "queued"; its OriginateResponse is an event like others.

        `timeout` is in seconds. Raises: ValueError (a field that Asterisk would misread; nothing was sent),
        NotConnected (nothing was sent), OutcomeUnknown (sent; answer lost), ActionFailed (refused).
        """
        if self.protocol is None or not self._taking_actions:
            raise NotConnected(
                f"{action['Action']} was not sent: {self.server.name} is {self.state.status}"
                + (f" ({self.state.reason})" if self.state.reason else "")
            )
        return await self.protocol.exchange(action, timeout)

    def send_action(self, action: Fields) -> Awaitable[Reply]:
        """Upstream's spelling of `send`; its send_command() and others end here."""
        return self.send(dict(action))

    def send_awaiting_actions(self, *_: object) -> None:
        """Nothing awaits. Upstream registers this for FullyBooted and re-sends what was lost: a person would
        be called twice."""

    def register_event(self, pattern: str, callback: EventCallback | None = None) -> Any:
        """Call `callback(link, event)` for the events whose name matches the pattern (`Queue*`), in any case.

        Returns the function that unregisters it. A coroutine function is refused: its runs would overtake
        each other.
        """
        if callback is None or inspect.iscoroutinefunction(callback):
            raise TypeError(f"{pattern}: a plain function is needed")
        if pattern not in self.callbacks:
            self.patterns.append((pattern, re.compile(fnmatch.translate(pattern), re.IGNORECASE)))
        self.callbacks[pattern].append(callback)
        self._matched.clear()

        def unregister() -> None:
            self.callbacks[pattern].remove(callback)
            self._matched.clear()

        return unregister

    # --- for the protocol ---

    def dispatch(self, event: Message) -> None:
        """Hand one event on, in order; a callback that raises does not stop the next one."""
        self.guard(self._on_message, event)
        for callback in self._callbacks_for(event.event):
            self.guard(callback, self, event)

    def guard(self, callback: Callable[..., object], *args: object) -> None:
        """Call it; count and log what it raises (at most once a second: a storm of events is no reason for a
        storm of tracebacks)."""
        try:
            callback(*args)
        except Exception:
            self.counters.callback_errors += 1
            now = time.monotonic()
            if now - self._logged_at >= 1.0:
                self._logged_at = now
                self.log.exception(
                    "%s: callback failed (%d so far)", self.server.name, self.counters.callback_errors
                )

    def _callbacks_for(self, name: str) -> tuple[EventCallback, ...]:
        found = self._matched.get(name)
        if found is None:
            if len(self._matched) >= _NAMES_CACHED:
                self._matched.clear()
            found = tuple(
                callback
                for pattern, regexp in self.patterns
                if regexp.match(name)
                for callback in self.callbacks[pattern]
            )
            self._matched[name] = found
        return found

    # --- the life cycle ---

    async def _run(self) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            reason = await self._session()
            lasted = time.monotonic() - began
            if self.state.status is Status.READY and lasted >= self.server.timing.backoff_cap:
                failures = 0
            delay = self._backoff(failures)
            failures += 1
            self._report(LinkState(Status.DOWN, reason, delay))
            await asyncio.sleep(delay)
            self.counters.reconnects += 1

    def _backoff(self, failures: int) -> float:
        """Seconds to wait: full jitter under a growing ceiling, so that many centers don't return at once."""
        timing = self.server.timing
        return self._random.uniform(0, min(timing.backoff_cap, timing.backoff_first * 2 ** min(failures, 32)))

    async def _session(self) -> str:
        """One connection, from its opening to its end; returns why it ended."""
        self._report(LinkState(Status.CONNECTING))
        watchers: list[asyncio.Task[None]] = []
        try:
            protocol = await self._signed_in()
            self._report(LinkState(Status.SIGNED_IN))
            watchers = [asyncio.create_task(job(protocol)) for job in (self._watch, self._boots)]
            return await asyncio.shield(protocol.lost)  # unshielded, close() would cancel the reason itself
        except AmiError as error:
            return self.protocol.lost.result() if self.protocol and self.protocol.closed else str(error)
        finally:
            for watcher in watchers:
                watcher.cancel()
            self._hang_up("link given up")
            if watchers:
                await asyncio.wait(watchers)

    def _hang_up(self, reason: str) -> None:
        self._taking_actions = False
        if self.protocol is not None:
            self.protocol.lose(reason)
            self.protocol = None

    async def _signed_in(self) -> AmiProtocol:
        """Open the connection and sign in at once: Asterisk has only `authlimit` places for strangers."""
        server = self.server
        place = f"{server.host}:{server.port}"
        try:
            async with asyncio.timeout(server.timing.sign_in):
                _, protocol = await asyncio.get_running_loop().create_connection(
                    lambda: AmiProtocol(self), server.host, server.port, ssl=server.tls
                )
                await sign_in(protocol, server)
                return protocol
        except TimeoutError:
            raise NotConnected(
                f"{place} did not let us in within {server.timing.sign_in:g} s: no Asterisk "
                "manager there, or its authlimit is used up"
            ) from None
        except OSError as error:
            raise NotConnected(
                f"cannot connect to {place} ({error.strerror or error}): is Asterisk running, "
                "with enabled=yes and this bindaddr and port in manager.conf?"
            ) from error

    async def _watch(self, protocol: AmiProtocol) -> None:
        """Ping, and give the link up when it stays silent. Bytes that do not answer the Ping are a sign of
        life too: a slow Asterisk is not a dead one."""
        timing, now = self.server.timing, asyncio.get_running_loop().time
        while not protocol.closed:
            heard, sent = protocol.heard_at, now()
            # After a stall of our own the silence is no proof: the Ping gets a moment in any case.
            patience = max(timing.dead_after / 20, heard + timing.dead_after - sent)
            try:
                await protocol.exchange({"Action": "Ping"}, patience)
            except AmiError:
                if protocol.heard_at == heard:
                    protocol.lose(f"half-open: not a byte for {timing.dead_after:g} s in spite of a Ping")
                continue
            self.counters.ping_ms = (now() - sent) * 1000
            await asyncio.sleep(timing.ping)

    async def _boots(self, protocol: AmiProtocol) -> None:
        """Wait for FullyBooted, have the snapshot taken, report READY; again for each further FullyBooted."""
        server, event = self.server, None
        try:
            async with asyncio.timeout(server.timing.boot):
                event = await protocol.boots.get()
        except TimeoutError:
            self.log.warning(
                "%s: no FullyBooted: Asterisk is slow to start, or user %r lacks `system` in "
                "`read` (manager.conf)",
                server.name,
                server.username,
            )
        while True:
            try:
                boot = await identify(protocol, server, event, self._boot)
                self._taking_actions = True
                await self._on_booted(boot)
            except Exception as error:
                if not protocol.closed:
                    self.log.exception("%s: no snapshot", server.name)
                    protocol.lose(f"no snapshot: {error}")
                return
            self._boot = boot
            self._report(LinkState(Status.READY))
            event = await protocol.boots.get()

    def _report(self, state: LinkState) -> None:
        if state != self.state:
            self.state = state
            self.log.info("%s: %s %s", self.server.name, state.status, state.reason)
            self.guard(self._on_state, state)
