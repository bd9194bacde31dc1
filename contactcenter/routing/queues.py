"""Queues: who may enter, who waits, and in which order.

There is one total order over all queues: higher priority first, then who entered earlier, then the call's
name. A caller keeps the first entry time over missed offers, transfers back and restarts, and with it the
place.
"""

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass, field

from contactcenter.interactions import Outcome
from contactcenter.routing.hours import ALWAYS, Calendar
from contactcenter.values import frozen
from contactcenter.views import QueueView


@frozen
class QueueRules:
    """How a queue is set up."""

    name: str
    title: Mapping[str, str]
    """By language."""
    calendar: Calendar = ALWAYS
    ring_s: int = 20
    wrap_up_s: int = 30
    more_time_s: int = 60
    """How much an agent's "more time" adds to the wrap-up."""
    max_waiting: int = 500
    max_wait_s: float = 1800.0
    without_agents: bool = False
    """Whether callers may wait while no agent of the queue is signed in."""
    recording: str = "never"
    """Whether talks are recorded: one of `recording.POLICIES`."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A caller's place in the one order; smaller is served first."""

    rank: int
    """Minus the priority."""
    entered_at: float
    call: str
    queue: str = field(compare=False)


@dataclass(slots=True)
class Queue:
    """One queue with its counters since this process began."""

    rules: QueueRules
    waiting: list[Place] = field(default_factory=list)
    signed_in: set[str] = field(default_factory=set)
    """Agents of the queue who are not offline."""
    free: set[str] = field(default_factory=set)
    """Those of them who could take a call now."""
    talking: int = 0
    entered: int = 0
    answered: int = 0
    abandoned: int = 0
    left: int = 0

    def refusal(self, at: float) -> Outcome | None:
        """Why a caller can't enter now, or None."""
        if not self.rules.calendar.is_open(at):
            return Outcome.CLOSED
        if len(self.waiting) >= self.rules.max_waiting:
            return Outcome.FULL
        if not self.signed_in and not self.rules.without_agents:
            return Outcome.NO_AGENTS
        return None

    def enter(self, place: Place) -> None:
        """Take a caller in, at the place that order gives."""
        insort(self.waiting, place)

    def remove(self, call: str) -> bool:
        """Take a caller out; False when he was not there."""
        for index, place in enumerate(self.waiting):
            if place.call == call:
                del self.waiting[index]
                return True
        return False

    def count(self, login: str, *, signed_in: bool, free: bool) -> bool:
        """Keep what an agent is to this queue now; returns whether that is something new."""
        if (login in self.signed_in, login in self.free) == (signed_in, free):
            return False
        for agents, belongs in ((self.signed_in, signed_in), (self.free, free)):
            if belongs:
                agents.add(login)
            else:
                agents.discard(login)
        return True

    def view(self, at: float) -> QueueView:
        """The queue as pages see it."""
        return QueueView(
            name=self.rules.name,
            title=dict(self.rules.title),
            open=self.rules.calendar.is_open(at),
            waiting=len(self.waiting),
            talking=self.talking,
            longest_since=min((place.entered_at for place in self.waiting), default=None),
            available=len(self.free),
            signed_in=len(self.signed_in),
            entered=self.entered,
            answered=self.answered,
            abandoned=self.abandoned,
            left=self.left,
        )
