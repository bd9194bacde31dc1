"""One simulated day of a predictive campaign: made-up calls and agents, and the live code that paces them.

Nothing here decides how many calls are placed. What the live center folds into `Learning` is folded here as
well; the picture that a policy sees is the same.
"""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import exp, sqrt
from random import Random

from contactcenter.dialer.learning import Learning
from contactcenter.dialer.pacing import PacingInputs
from contactcenter.simulation.dialer_policies import Way
from contactcenter.simulation.dialer_world import World
from contactcenter.values import frozen

WARM_UP_S = 1800.0
"""At the beginning of a day, not counted."""
LOGINS_S = 300.0
OWN_TIME_S = 0.2
"""Of the clock: what we need ourselves."""
DRIFT_SD, DRIFT_S, DRIFT_EVERY_S = 0.15, 1800.0, 5.0
HIGHEST_SHARE = 0.95


@frozen
class DayFigures:
    """What is counted after the warm-up. Times in seconds, summed over the agents."""

    calls: int
    """Agents were given so many."""
    idle_s: float
    talk_s: float
    work_s: float
    """Idle, in talks and in wrap-ups: without breaks."""
    answered: int
    """By persons."""
    dropped: int
    placed: int
    whole_share: float
    """Dropped ÷ answered of the whole day, its cold start included."""


class _Person:
    __slots__ = ("waits",)

    def __init__(self) -> None:
        self.waits = True


class DialerDay:
    """The world around the pacing: it knows the time and the dice."""

    def __init__(self, world: World, way: Way, seed: int, until_s: float) -> None:
        """`until_s`: when the day ends."""
        self._world, self._way, self._until = world, way, until_s
        name = f"{seed}/{world.agents}/{world.share}"
        self._calls, self._agents, self._drift = (
            Random(f"{name}/{part}")  # noqa: S311 - a simulation's dice, no secret
            for part in ("calls", "agents", "drift")
        )
        self._learning = Learning(grace_s=world.clock_s - OWN_TIME_S)
        self._log_drift = self._drift.gauss(0.0, DRIFT_SD)
        self._events: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._numbers = count()
        self._idle: deque[tuple[int, float]] = deque()
        """Agents who wait, and since when: the longest first."""
        self._talking: dict[int, float] = {}
        self._wrapping: dict[int, float] = {}
        self._working: dict[int, float] = {}
        """Agent -> since when without a break."""
        self._ringing: dict[int, float] = {}
        self._waiting: deque[_Person] = deque()
        self._placed = self._given = self._answered = self._dropped = 0
        self._all_answered = self._all_dropped = 0
        self._idle_s = self._talk_s = self._wrap_s = 0.0

    def run(self) -> DayFigures:
        """Let the day pass."""
        for agent in range(self._world.agents):
            self._later(self._agents.uniform(0.0, LOGINS_S), self._logs_in, agent)
        self._later(0.0, self._drifts)
        self._later(0.0, self._ticks)
        events, until = self._events, self._until
        while events:
            at, _, happen, given = heappop(events)
            if at > until:
                break
            happen(at, *given)
        for _, since in self._idle:
            self._idle_s += until - max(since, WARM_UP_S)
        return DayFigures(
            calls=self._given,
            idle_s=self._idle_s,
            talk_s=self._talk_s,
            work_s=self._idle_s + self._talk_s + self._wrap_s,
            answered=self._answered,
            dropped=self._dropped,
            placed=self._placed,
            whole_share=self._all_dropped / max(1, self._all_answered),
        )

    def _later(self, at: float, happen: Callable[..., None], *given: object) -> None:
        heappush(self._events, (at, next(self._numbers), happen, given))

    # --- calls ---

    def _ticks(self, at: float) -> None:
        self._paces(at)
        self._later(at + self._way.every_s, self._ticks)

    def _paces(self, at: float) -> None:
        inputs = PacingInputs(
            idle=len(self._idle),
            talking=tuple([at - since for since in self._talking.values()]),
            wrapping_up=tuple([at - since for since in self._wrapping.values()]),
            ringing=tuple([at - since for since in self._ringing.values()]),
            waiting=len(self._waiting),
            level=self._way.level(at),
            learnt=self._learning.learnt(at),
        )
        for _ in range(self._way.place(at, inputs)):
            self._place(at)

    def _place(self, at: float) -> None:
        world, dice = self._world, self._calls
        share = world.share * exp(self._log_drift)
        if at >= world.change_at_s:
            share *= world.change
        number = next(self._numbers)
        self._placed += at >= WARM_UP_S
        self._ringing[number] = at
        self._learning.placed(at)
        if dice.random() < min(HIGHEST_SHARE, share):
            self._later(at + self._delay() + world.detection_s, self._answers, number, at)
            return
        which = dice.random()
        if which < world.busy:
            ends = dice.uniform(2.0, 5.0)
        elif which < world.busy + world.machines:
            ends = self._delay() + world.detection_s
        else:
            ends = world.setup_s + world.ring_s
        self._later(at + ends, self._ends, number, at)

    def _delay(self) -> float:
        world = self._world
        while True:
            rings = world.delay.draw(self._calls)
            if world.first_s <= rings <= world.ring_s:
                return world.setup_s + rings

    def _drifts(self, at: float) -> None:
        kept = exp(-DRIFT_EVERY_S / DRIFT_S)
        self._log_drift *= kept
        self._log_drift += DRIFT_SD * sqrt(1.0 - kept * kept) * self._drift.gauss(0.0, 1.0)
        self._later(at + DRIFT_EVERY_S, self._drifts)

    def _ends(self, at: float, number: int, placed_at: float) -> None:
        del self._ringing[number]
        self._learning.ended(placed_at, at)

    def _answers(self, at: float, number: int, placed_at: float) -> None:
        del self._ringing[number]
        self._learning.answered(placed_at, at)
        if self._idle:
            agent, since = self._idle.popleft()
            self._counts(at, dropped=False)
            self._talks(at, agent, since)
            return
        person = _Person()
        self._waiting.append(person)
        patience = self._calls.expovariate(1.0 / self._world.patience_s)
        self._later(at + min(self._world.clock_s, patience), self._gives_up, person)

    def _gives_up(self, at: float, person: _Person) -> None:
        if person.waits:
            self._waiting.remove(person)
            self._counts(at, dropped=True)

    def _counts(self, at: float, *, dropped: bool) -> None:
        self._way.answered(at, dropped=dropped)
        self._all_answered += 1
        self._all_dropped += dropped
        if at >= WARM_UP_S:
            self._answered += 1
            self._dropped += dropped

    # --- agents ---

    def _logs_in(self, at: float, agent: int) -> None:
        self._working[agent] = at
        self._is_free(at, agent)

    def _is_free(self, at: float, agent: int) -> None:
        if not self._waiting:
            self._idle.append((agent, at))
            if self._way.at_once:
                self._paces(at)
            return
        person = self._waiting.popleft()
        person.waits = False
        self._counts(at, dropped=False)
        self._talks(at, agent, at)

    def _talks(self, at: float, agent: int, idle_since: float) -> None:
        self._talking[agent] = at
        talk = self._world.talk.draw(self._agents)
        wrap_up = self._world.wrap_up.draw(self._agents)
        if at >= WARM_UP_S:
            self._given += 1
            self._idle_s += at - max(idle_since, WARM_UP_S)
            self._talk_s += talk
            self._wrap_s += wrap_up
        self._later(at + talk, self._wraps_up, agent, talk, wrap_up)

    def _wraps_up(self, at: float, agent: int, talk: float, wrap_up: float) -> None:
        del self._talking[agent]
        self._wrapping[agent] = at
        self._learning.talked(talk)
        self._later(at + wrap_up, self._is_done, agent, wrap_up)

    def _is_done(self, at: float, agent: int, wrap_up: float) -> None:
        del self._wrapping[agent]
        rests = at - self._working[agent] >= self._world.work_s
        self._learning.wrapped_up(wrap_up, returned=not rests)
        if rests:
            self._later(at + self._world.break_s, self._logs_in, agent)
        else:
            self._is_free(at, agent)
