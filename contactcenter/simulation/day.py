"""One simulated day: made-up callers and agents, and the live engine between them.

Nothing here decides who gets whom. The same seed gives the same callers with the same handle times and the
same patience under every policy, so that policies are compared on equal terms.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

from contactcenter.routing.matching import Matcher, Waiting
from contactcenter.routing.selection import Agent
from contactcenter.simulation.scenario import Arrivals, Scenario


class Watcher:
    """Hears what happens in a day; whoever wants figures overrides what it needs. Times are seconds since the
    day's beginning."""

    def entered(self, caller: "Caller", at: float) -> None:
        """A caller has come into a queue; nothing was decided yet."""

    def started(self, caller: "Caller", agent: str, at: float) -> None:
        """A caller gets an agent. The caller is still in the day's list of those who wait."""

    def abandoned(self, caller: "Caller", at: float) -> None:
        """A caller gives up. The caller is still in the day's list of those who wait."""

    def worked(self, caller: "Caller", at: float) -> None:
        """The agent's work on the caller is over."""


class Caller:
    """One made-up caller."""

    __slots__ = ("call", "entered_at", "handle_s", "queue")

    def __init__(self, call: str, queue: str, entered_at: float, handle_s: float) -> None:
        self.call = call
        self.queue = queue
        self.entered_at = entered_at
        self.handle_s = handle_s


class Day:
    """The world around the engine: it knows the time, and tells the watchers."""

    def __init__(self, scenario: Scenario, seed: int, engine: Matcher, until: float) -> None:
        """`until`: when the day ends, in seconds."""
        self.waiting: dict[str, dict[str, Caller]] = {name: {} for name in scenario.queues}
        """Queue -> those who wait, by the time of entry."""
        self.may_take: dict[str, tuple[str, ...]] = {}
        """Agent -> the queues whose callers the agent could take at once, were he free."""
        self.free: dict[str, int] = dict.fromkeys(scenario.queues, 0)
        """Queue -> how many agents who could serve it are idle."""
        self.watchers: list[Watcher] = []
        self._scenario = scenario
        self._engine = engine
        self._until = until
        self._count = 0
        self._events: list[tuple[float, int, Happening]] = []
        """What is going to happen: when, a number that tells equal times apart, and what."""
        self._due: float | None = None
        """When the engine is to be asked again though nothing has happened."""
        self._callers: dict[str, Caller] = {}
        """All who wait."""
        self._taken: dict[str, int] = {}
        self._served_at: dict[str, float] = {}
        self._groups = {
            f"{name}-{number}": group
            for name, group in scenario.agents.items()
            for number in range(1, group.count + 1)
        }
        for login, group in self._groups.items():
            self.may_take[login] = scenario.served_by(group)
            self._taken[login] = 0
            self._served_at[login] = 0.0
            self._release(login, 0.0)
        self.serving = dict(self.free)
        """Queue -> how many agents serve it."""
        for name, callers in scenario.queues.items():
            dice = Random(f"{seed}/{name}/callers")  # noqa: S311 - a simulation's dice, no secret
            moments = callers.arrivals(Random(f"{seed}/{name}/moments"), until)  # noqa: S311
            self._next_arrival(name, moments, dice)

    def run(self) -> None:
        """Let the day pass."""
        events, engine = self._events, self._engine
        while events:
            at, _, happen = heappop(events)
            if at > self._until:
                break
            if not happen(at):
                continue
            for decision in engine.matches(at):
                self._start(decision.call, decision.login, at)
            due = engine.due()
            if due is not None and due != self._due:
                self._later(due, self._woke)
            self._due = due

    def _later(self, at: float, happen: "Happening") -> None:
        self._count += 1
        heappush(self._events, (at, self._count, happen))

    def _woke(self, at: float) -> bool:
        return at == self._due

    def _next_arrival(self, name: str, moments: Arrivals, dice: Random) -> None:
        at = moments.next()
        if at is None:
            return
        callers = self._scenario.queues[name]

        def arrive(at: float) -> bool:
            self._count += 1
            caller = Caller(f"{self._count:08}", name, at, callers.handle.draw(dice))
            self._arrive(caller, callers.patience.draw(dice))
            self._next_arrival(name, moments, dice)
            return True

        self._later(at, arrive)

    def _arrive(self, caller: Caller, patience_s: float) -> None:
        call, at = caller.call, caller.entered_at
        for watcher in self.watchers:
            watcher.entered(caller, at)
        self._callers[call] = self.waiting[caller.queue][call] = caller
        self._engine.enter(Waiting(call=call, queue=caller.queue, entered_at=at))

        def give_up(at: float) -> bool:
            if call not in self._callers:
                return False
            for watcher in self.watchers:
                watcher.abandoned(caller, at)
            del self._callers[call], self.waiting[caller.queue][call]
            self._engine.leave(call)
            return True

        self._later(at + patience_s, give_up)

    def _start(self, call: str, login: str, at: float) -> None:
        caller = self._callers.pop(call)
        for watcher in self.watchers:
            watcher.started(caller, login, at)
        del self.waiting[caller.queue][call]
        for name in self.may_take[login]:
            self.free[name] -= 1
        self._taken[login] += 1
        self._served_at[login] = at

        def work_ends(at: float) -> bool:
            for watcher in self.watchers:
                watcher.worked(caller, at)
            self._release(login, at)
            return True

        self._later(at + caller.handle_s, work_ends)

    def _release(self, login: str, at: float) -> None:
        for name in self.may_take[login]:
            self.free[name] += 1
        group = self._groups[login]
        self._engine.free(
            Agent(
                login=login,
                queues=group.queues,
                skills=group.skills,
                idle_since=at,
                taken=self._taken[login],
                served_at=self._served_at[login],
            )
        )


Happening = Callable[[float], bool]
"""Makes something happen at its time; False when it no longer can, and nothing has changed."""
