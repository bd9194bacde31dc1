"""The figures of one simulated day."""

from contactcenter.simulation.day import Caller, Day, Watcher


class Tally(Watcher):
    """Counts, from `since` on, whose wait has ended, how, and after how long; and who was overtaken."""

    def __init__(self, day: Day, targets: dict[str, float], since: float) -> None:
        self.ended = dict.fromkeys(targets, 0)
        self.within = dict.fromkeys(targets, 0)
        self.gave_up = dict.fromkeys(targets, 0)
        self.overtaken = dict.fromkeys(targets, 0)
        self.waits: dict[str, list[float]] = {name: [] for name in targets}
        """Of those who got an agent."""
        self.worked_s = dict.fromkeys(targets, 0.0)
        """Work that began: over a day the same as what ended."""
        self._day, self._targets, self._since = day, targets, since
        self._passed: set[str] = set()
        """Waiting callers who were overtaken at least once."""

    def started(self, caller: Caller, agent: str, at: float) -> None:
        """An agent takes the caller: whoever came earlier, still waits, and could have had this agent, is
        overtaken."""
        entered, waiting, passed = caller.entered_at, self._day.waiting, self._passed
        for name in self._day.may_take[agent]:
            for number, other in waiting[name].items():
                if other.entered_at >= entered:
                    break
                passed.add(number)
        wait = at - entered
        if self._end(caller, at):
            self.waits[caller.queue].append(wait)
            self.within[caller.queue] += wait <= self._targets[caller.queue]
            self.worked_s[caller.queue] += caller.handle_s

    def abandoned(self, caller: Caller, at: float) -> None:
        """The caller has had enough."""
        if self._end(caller, at):
            self.gave_up[caller.queue] += 1

    def _end(self, caller: Caller, at: float) -> bool:
        overtaken = caller.call in self._passed
        if overtaken:
            self._passed.remove(caller.call)
        if at < self._since:
            return False
        self.ended[caller.queue] += 1
        self.overtaken[caller.queue] += overtaken
        return True
