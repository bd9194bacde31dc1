"""The one loop: inbox, `Center.handle`, outbox.

Edges tell events from wherever they are on the event loop; each is handled whole before the next, in the
order in which they were told, and its commands go to their edges before the next event is looked at.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping

import structlog
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.registry import CollectorRegistry

from contactcenter.center import Center
from contactcenter.clock import Clock
from contactcenter.commands import Command, CorrectDisposition, Rest, SaveAudit, SaveInteraction, Wake
from contactcenter.events import Event, Woke

log = structlog.get_logger(__name__)

Carry = Callable[[Command], None]

RECORDS = (SaveInteraction, CorrectDisposition, SaveAudit)
"""What is written even if the rule that asked for it broke afterwards."""

BATCH = 200
"""Events handled in one go; then sockets and timers get their turn, whatever the storm."""


class Loop:
    """Carries events to the center and its commands to the edges."""

    def __init__(self, center: Center, clock: Clock, registry: CollectorRegistry) -> None:
        self._center = center
        self._clock = clock
        self._inbox: deque[Event] = deque()
        self._edges: dict[type[Command], Carry] = {Wake: self._wake, Rest: self._rest}
        self._connected = False
        self._scheduled = False
        self._stopped = False
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.heard: list[Callable[[Event], None]] = []
        """Told of every event just before it is handled: recorders of traces."""
        self._events = Counter("contactcenter_events", "Events handled", ["type"], registry=registry)
        self._of_type: dict[type[Event], Counter] = {}
        """The counter of each type of event: `labels` takes as long as the center takes for an event."""
        self._lag = Histogram(
            "contactcenter_event_lag_seconds",
            "From what happened to what was decided",
            buckets=(0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1, 5),
            registry=registry,
        )
        self._waiting = Gauge("contactcenter_inbox_events", "Events in the inbox", registry=registry)
        self._failures = Counter(
            "contactcenter_failures", "Events or commands that raised: bugs", registry=registry
        )

    def connect(self, edges: Mapping[type[Command], Carry]) -> None:
        """Say which edge carries which command. What was told before is handled from now on."""
        self._edges |= edges
        self._connected = True
        self._schedule()

    def tell(self, event: Event) -> None:
        """Put an event into the inbox."""
        self._inbox.append(event)
        self._schedule()

    def _schedule(self) -> None:
        """See to it that the inbox is emptied. Without edges nobody would carry what follows from it."""
        if self._inbox and self._connected and not self._scheduled and not self._stopped:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def stop(self, last: Event) -> None:
        """Handle `last`, and then nothing more; timers are dropped."""
        self._handle(last)
        self._stopped = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _turn(self) -> None:
        self._scheduled = False
        for _ in range(min(BATCH, len(self._inbox))):
            self._handle(self._inbox.popleft())
        self._waiting.set(len(self._inbox))
        self._schedule()

    def _handle(self, event: Event) -> None:
        for hear in self.heard:
            hear(event)
        try:
            commands = self._center.handle(event)
        except Exception:
            # A bug must not end the calls of everybody else: it is logged with what it takes to replay it.
            # Half of what a rule wants done may be worse than nothing; what it wants written has happened.
            unfinished = self._center.abandon()
            dropped = [repr(each) for each in unfinished if not isinstance(each, RECORDS)]
            self._failures.inc()
            log.exception("the center failed", happened=repr(event), dropped=dropped)
            self._carry(each for each in unfinished if isinstance(each, RECORDS))
            return
        self._carry(commands)
        self._count(type(event))
        self._lag.observe(max(0.0, self._clock.now() - event.at))

    def _carry(self, commands: Iterable[Command]) -> None:
        for command in commands:
            try:
                self._edges[type(command)](command)
            except Exception:
                self._failures.inc()
                log.exception("an edge failed", command=repr(command))

    def _count(self, kind: type[Event]) -> None:
        counter = self._of_type.get(kind)
        if counter is None:
            counter = self._of_type[kind] = self._events.labels(kind.__name__)
        counter.inc()

    def _rest(self, command: Command) -> None:
        if not isinstance(command, Rest):
            raise TypeError(f"not for the clock: {command!r}")
        if timer := self._timers.pop(command.timer, None):
            timer.cancel()

    def _wake(self, command: Command) -> None:
        if not isinstance(command, Wake):
            raise TypeError(f"not for the clock: {command!r}")
        # One timer per name: a later wish of the same name replaces the earlier one.
        if old := self._timers.pop(command.timer, None):
            old.cancel()
        delay = max(0.0, command.due - self._clock.now())
        self._timers[command.timer] = asyncio.get_running_loop().call_later(delay, self._due, command)

    def _due(self, command: Wake) -> None:
        self._timers.pop(command.timer, None)
        self.tell(Woke(at=max(command.due, self._clock.now()), timer=command.timer))
