"""Comparing policies: the same days under each, spread over processes, with intervals."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from math import sqrt
from statistics import fmean, stdev
from typing import TypeVar

from contactcenter.simulation.day import Day
from contactcenter.simulation.policies import TRIALS, engine
from contactcenter.simulation.scenario import Scenario
from contactcenter.simulation.tally import Tally
from contactcenter.values import frozen

Given = TypeVar("Given")
Made = TypeVar("Made")

WARM_UP_H = 1.0
"""Hours at the beginning that are not counted: a day begins with empty queues."""


@frozen
class Figures:
    """What one day gives for one queue, or for all together. Shares are percentages."""

    calls: float
    service_level: float
    """Answered within the queue's target, of all who came, abandoned calls included."""
    abandoned: float
    overtaken: float
    """Saw somebody who came later get an agent whom they could have had."""
    mean_wait_s: float
    """Of those who were answered."""
    p99_wait_s: float
    occupancy: float
    """Of the agents' time: at work for these callers."""


@frozen
class Spread:
    """The mean over the seeds, and how far the truth may be from it (95 %)."""

    mean: float
    within: float | None


Row = dict[str, Spread]
"""Figure -> what it is over all seeds."""

ALL = ""
"""Stands for all queues together where a queue's name is asked for."""


@frozen
class Result:
    """One policy on one scenario."""

    policy: str
    seeds: int
    hours: float
    rows: dict[str, Row]
    """Queue -> its figures; `ALL` for the whole center."""


def simulate(
    scenario: Scenario,
    policies: Sequence[str],
    seeds: Sequence[int],
    hours: float,
    *,
    processes: int | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[Result]:
    """Every policy on the same days; `progress` hears how many of the days are over."""
    jobs = [(scenario, policy, seed, hours) for policy in policies for seed in seeds]
    days: dict[str, list[dict[str, Figures]]] = {policy: [] for policy in policies}
    for done, (policy, figures) in enumerate(spread_out(one_day, jobs, processes), start=1):
        days[policy].append(figures)
        progress(done, len(jobs))
    return [
        Result(policy=policy, seeds=len(seeds), hours=hours, rows=summed_up(each))
        for policy, each in days.items()
    ]


Job = tuple[Scenario, str, int, float]


def spread_out(
    work: Callable[[Given], Made], jobs: Sequence[Given], processes: int | None = None
) -> Iterator[Made]:
    """The work on each job, by as many processes as there are cores; in the order of the jobs, whichever is
    ready first."""
    wanted = min(processes or os.cpu_count() or 1, len(jobs))
    if wanted <= 1:
        yield from map(work, jobs)
        return
    with ProcessPoolExecutor(wanted) as pool:
        yield from pool.map(work, jobs)


def one_day(job: Job) -> tuple[str, dict[str, Figures]]:
    """One day under one policy."""
    scenario, policy, seed, hours = job
    trial = TRIALS[policy]
    if trial.pooled:
        scenario = scenario.pooled()
    since = WARM_UP_H * 3600.0
    day = Day(scenario, seed, engine(scenario, trial), since + hours * 3600.0)
    tally = Tally(day, {name: each.target_s for name, each in scenario.queues.items()}, since)
    day.watchers.append(tally)
    day.run()
    agents_s = 3600.0 * hours * len(day.may_take)
    return policy, {
        ALL: _figures(tally, tuple(scenario.queues), agents_s),
        **{name: _figures(tally, (name,), agents_s) for name in scenario.queues},
    }


def _figures(tally: Tally, queues: Iterable[str], agents_s: float) -> Figures:
    names = tuple(queues)
    calls = sum(tally.ended[name] for name in names)
    waits = sorted(wait for name in names for wait in tally.waits[name])

    def percent(counts: dict[str, int]) -> float:
        return 100.0 * sum(counts[name] for name in names) / calls if calls else 0.0

    return Figures(
        calls=calls,
        service_level=percent(tally.within),
        abandoned=percent(tally.gave_up),
        overtaken=percent(tally.overtaken),
        mean_wait_s=fmean(waits) if waits else 0.0,
        p99_wait_s=waits[int(0.99 * len(waits))] if waits else 0.0,
        occupancy=100.0 * sum(tally.worked_s[name] for name in names) / agents_s,
    )


def summed_up(days: Sequence[dict[str, Figures]]) -> dict[str, Row]:
    """Mean and 95 % interval of each figure over days that have nothing to do with each other."""
    return {
        queue: {
            figure: interval([float(getattr(day[queue], figure)) for day in days])
            for figure in Figures.__dataclass_fields__
        }
        for queue in days[0]
    }


def interval(values: Sequence[float]) -> Spread:
    """The mean, and its 95 % interval by Student's t; without one when there is a single value."""
    if len(values) < 2:
        return Spread(mean=values[0], within=None)
    return Spread(mean=fmean(values), within=_student(len(values) - 1) * stdev(values) / sqrt(len(values)))


def _student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t: exact for the first degrees of freedom, then by its series."""
    if freedom <= len(_STUDENT):
        return _STUDENT[freedom - 1]
    z = 1.959964
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571)
