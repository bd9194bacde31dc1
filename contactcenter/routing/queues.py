"""Queues: how they are set up, who may enter, and what they count.

Who waits, and in which order, is kept in `matching.py`, for all queues together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contactcenter.interactions import Outcome
from contactcenter.routing.estimates import Estimate, WaitEstimator
from contactcenter.routing.hours import ALWAYS, Calendar
from contactcenter.routing.skills import Need
from contactcenter.routing.widening import Widening
from contactcenter.tallies import Tally
from contactcenter.values import frozen
from contactcenter.views import QueueView

WAYS_OUT = ("callback", "message")
"""What a caller may choose instead of waiting: to be called back in his place, or to leave a message."""


@frozen
class QueueRules:
    """How a queue is set up."""

    name: str
    title: Mapping[str, str]
    """By language."""
    calendar: Calendar = ALWAYS
    opening: str = "calendar"
    """`open` and `closed` hold whatever the calendar says."""
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
    priority: float = 0.0
    """Minutes of waiting that each caller of the queue is given in advance."""
    needs: tuple[Need, ...] = ()
    """What every call of the queue needs."""
    widening: tuple[Widening, ...] = ()
    """By rising time."""
    strategy: str = "least_flexible"
    """One of `selection.STRATEGIES`."""
    seats: int = 3
    """How many agents `ring_several` rings at once."""
    target_share: float = 0.8
    target_s: float = 20.0
    """The service level: this share of the callers is to be answered within so many seconds."""
    preferred_s: float = 20.0
    """How long a call waits for its preferred agent alone; 0: not at all."""
    last_agent: bool = False
    """Whether the agent whom the customer spoke with last is preferred, when the script names none."""
    announce_after_s: float = 0.0
    """When a caller is first told the place and the wait; 0: never."""
    announce_every_s: float = 60.0
    """How long after that, and each time again."""
    ways_out: tuple[str, ...] = ()
    """What a waiting caller may choose instead: of `WAYS_OUT`."""
    callbacks_max: int = 50
    """How many callbacks may be open at once."""
    callback_tries: int = 3
    """How often a customer who wants a callback is rung at most."""
    callback_pause_s: float = 600.0
    """How long after a try in vain the next one comes."""
    callback_expires_s: float = 14400.0
    """After this nobody is called any more."""
    callback_ring_s: int = 30
    callback_first: str = "customer"
    """Who is rung first, `customer` or `agent`: nobody should wait for the other."""
    overflow_after_s: float = 0.0
    """When a caller goes on to wait in `overflow_queue`; 0: never."""
    overflow_queue: str = ""

    def is_open(self, at: float) -> bool:
        """Whether callers may enter at `at`."""
        return self.calendar.is_open(at) if self.opening == "calendar" else self.opening == "open"


@dataclass(slots=True)
class Queue:
    """One queue."""

    rules: QueueRules
    signed_in: set[str] = field(default_factory=set)
    """Agents of the queue who are not offline."""
    serving: set[str] = field(default_factory=set)
    """Those of them who are not paused: a call is their work now, or their next."""
    free: set[str] = field(default_factory=set)
    """Those of them who could take a call now."""
    waits: WaitEstimator = field(default_factory=WaitEstimator)
    """What was learnt of its waits."""
    talking: int = 0

    def refusal(self, at: float, waiting: int) -> Outcome | None:
        """Why a caller can't enter now, when so many wait already, or None."""
        if not self.rules.is_open(at):
            return Outcome.CLOSED
        if waiting >= self.rules.max_waiting:
            return Outcome.FULL
        if not self.signed_in and not self.rules.without_agents:
            return Outcome.NO_AGENTS
        return None

    def expected(self, position: int) -> Estimate | None:
        """How long whoever stands there will still wait; None while nobody serves the queue."""
        return self.waits.estimate(position, len(self.serving), len(self.free))

    def count(self, login: str, *, signed_in: bool, serving: bool, free: bool) -> bool:
        """Keep what an agent is to this queue now; returns whether that is something new."""
        sets = ((self.signed_in, signed_in), (self.serving, serving), (self.free, free))
        if all((login in agents) is belongs for agents, belongs in sets):
            return False
        for agents, belongs in sets:
            if belongs:
                agents.add(login)
            else:
                agents.discard(login)
        return True

    def view(
        self, at: float, waiting: int, longest_since: float | None, callbacks: int, today: Tally
    ) -> QueueView:
        """The queue as pages see it, with what was counted today."""
        newcomer = self.expected(waiting + 1)
        answered, abandoned = today.of("answered"), today.of("abandoned")
        return QueueView(
            name=self.rules.name,
            title=dict(self.rules.title),
            open=self.rules.is_open(at),
            waiting=waiting,
            callbacks=callbacks,
            talking=self.talking,
            target_s=self.rules.target_s,
            target_share=self.rules.target_share,
            longest_since=longest_since,
            available=len(self.free),
            signed_in=len(self.signed_in),
            wait_s=round(newcomer.bound_s, 1) if newcomer else None,
            wait_share=round(self.waits.share, 3),
            entered=today.of("offered"),
            answered=answered,
            abandoned=abandoned,
            left=today.gone() - answered - abandoned,
        )
