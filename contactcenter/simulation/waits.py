"""How good announced waits are: our estimate beside app_queue's average, on the same simulated days.

Judged are the callers who had to wait and were answered: what was said at the entry against what it became.
"""

from collections.abc import Callable, Mapping, Sequence
from math import sqrt

from contactcenter.routing.estimates import Estimate, WaitEstimator
from contactcenter.simulation.day import Caller, Day, Watcher
from contactcenter.simulation.policies import TRIALS, engine
from contactcenter.simulation.routing import WARM_UP_H, Spread, interval, spread_out
from contactcenter.simulation.scenario import Callers, Duration, Group, Peak, Scenario
from contactcenter.values import frozen


class AppQueueAverage:
    """What Asterisk's app_queue announces: a moving average of past waits, in whole seconds, whoever asks."""

    def __init__(self) -> None:
        self.holdtime = 0

    def answered(self, waited_s: float) -> None:
        """A caller got an agent: a quarter of the new average is his wait."""
        self.holdtime = (3 * self.holdtime + int(waited_s)) // 4


class Promises(Watcher):
    """Makes an estimate for each caller of a day, and sees what becomes of it."""

    def __init__(self, day: Day, since: float) -> None:
        self.outcomes: list[tuple[float, float, float, bool]] = []
        """Waited, estimated, app_queue's average, whether the bound held: from `since` on."""
        self._day, self._since = day, since
        self._estimators = {name: WaitEstimator() for name in day.serving}
        self._averages = {name: AppQueueAverage() for name in day.serving}
        self._told: dict[str, tuple[Estimate | None, int]] = {}

    def entered(self, caller: Caller, at: float) -> None:
        """Say how long it is going to take."""
        name = caller.queue
        estimate = self._estimators[name].estimate(
            len(self._day.waiting[name]) + 1, self._day.serving[name], self._day.free[name]
        )
        self._told[caller.call] = estimate, self._averages[name].holdtime

    def started(self, caller: Caller, agent: str, at: float) -> None:
        """See how long it took."""
        promised, average = self._told.pop(caller.call)
        waited_s = at - caller.entered_at
        if promised and promised.mean_s > 0 and at >= self._since:
            self.outcomes.append((waited_s, promised.mean_s, float(average), waited_s <= promised.bound_s))
        self._estimators[caller.queue].started(at, waited_s, promised)
        self._averages[caller.queue].answered(waited_s)

    def abandoned(self, caller: Caller, at: float) -> None:
        """He did not stay to see it."""
        promised, _ = self._told.pop(caller.call)
        was_next = next(iter(self._day.waiting[caller.queue])) == caller.call
        self._estimators[caller.queue].abandoned(at, at - caller.entered_at, promised, was_next=was_next)

    def worked(self, caller: Caller, at: float) -> None:
        """An agent is done with him."""
        self._estimators[caller.queue].worked(caller.handle_s)


def _setting(title: str, agents: int, handle: Duration, load: float, *peaks: Peak) -> Scenario:
    return Scenario(
        title=title,
        queues={
            "calls": Callers(
                calls_per_hour=load * agents * 3600.0 / handle.mean_s,
                handle=handle,
                patience=Duration(mean_s=180.0, law="exponential"),
                peaks=peaks,
            )
        },
        agents={"agents": Group(count=agents, queues=("calls",))},
    )


_EXPONENTIAL = Duration(mean_s=300.0, law="exponential")
_LOGNORMAL = Duration(mean_s=300.0, cv=0.8)

SETTINGS: Mapping[str, Scenario] = {
    "20 agents": _setting("20 agents", 20, _EXPONENTIAL, 1.2),
    "100 agents": _setting("100 agents", 100, _EXPONENTIAL, 1.2),
    "100 agents, lognormal": _setting("100 agents, lognormal", 100, _LOGNORMAL, 1.2),
    "100 agents, load changing": _setting(
        "100 agents, load changing",
        100,
        _LOGNORMAL,
        1.0,
        *(
            Peak(factor=factor, begins_min=60 * hour, lasts_min=60)
            for hour, factor in enumerate((1.2, 1.2, 1.5, 1.8, 1.5, 1.2, 1.0, 1.2, 1.5))
        ),
    ),
}
"""Those in which estimators of waits are compared: 1.2 times the calls that the agents could serve, or from
1.0 to 1.8 times as the hours go; patience 180 s."""


@frozen
class WaitResult:
    """One setting, or one scenario: errors are root mean squares over the mean wait."""

    setting: str
    seeds: int
    hours: float
    judged: Spread
    mean_wait_s: Spread
    error: Spread
    average_error: Spread
    """Of app_queue's average."""
    held: Spread
    """In what percentage of the cases the bound held."""


def simulate_waits(
    settings: Mapping[str, Scenario],
    seeds: Sequence[int],
    hours: float,
    *,
    processes: int | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[WaitResult]:
    """Every setting, a day for each seed; `progress` hears how many of the days are over."""
    jobs = [(name, scenario, seed, hours) for name, scenario in settings.items() for seed in seeds]
    days: dict[str, list[tuple[float, ...]]] = {name: [] for name in settings}
    for done, (name, figures) in enumerate(spread_out(one_day, jobs, processes), start=1):
        days[name].append(figures)
        progress(done, len(jobs))
    results = []
    for name, each in days.items():
        judged, wait, error, average, held = (interval(column) for column in zip(*each, strict=True))
        results.append(
            WaitResult(
                setting=name,
                seeds=len(seeds),
                hours=hours,
                judged=judged,
                mean_wait_s=wait,
                error=error,
                average_error=average,
                held=held,
            )
        )
    return results


Job = tuple[str, Scenario, int, float]


def one_day(job: Job) -> tuple[str, tuple[float, ...]]:
    """One day of one setting."""
    name, scenario, seed, hours = job
    since = WARM_UP_H * 3600.0
    day = Day(scenario, seed, engine(scenario, TRIALS["fair"]), since + hours * 3600.0)
    promises = Promises(day, since)
    day.watchers.append(promises)
    day.run()
    outcomes = promises.outcomes
    if not outcomes:
        raise ValueError(f"{name}: nobody had to wait in {hours:g} hours: there is nothing to estimate")
    number = len(outcomes)
    mean = sum(waited for waited, *_ in outcomes) / number
    return name, (
        number,
        mean,
        sqrt(sum((waited - said) ** 2 for waited, said, _, _ in outcomes) / number) / mean,
        sqrt(sum((waited - said) ** 2 for waited, _, said, _ in outcomes) / number) / mean,
        100.0 * sum(held for *_, held in outcomes) / number,
    )
