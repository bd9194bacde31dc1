"""Comparing ways to pace: each on days of the same world, spread over processes, with intervals."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from contactcenter.simulation.dialer_day import DayFigures, DialerDay
from contactcenter.simulation.dialer_policies import trial
from contactcenter.simulation.dialer_world import World
from contactcenter.simulation.routing import Spread, interval, spread_out
from contactcenter.values import frozen


@frozen
class DialerResult:
    """One way to pace in one cell of one world. Shares are percentages."""

    world: str
    cell: str
    policy: str
    days: int
    hours: float
    idle_s: Spread
    """Seconds that an agent waits for a call, on average."""
    dropped: Spread
    """Dropped ÷ answered by a person, of all days together."""
    worst_dropped: float
    """Of the worst day, its cold start included."""
    calls_per_hour: Spread
    """Per agent and hour at work, breaks left out."""
    talking: Spread
    """Of the time at work."""
    dials_per_call: float


Job = tuple[str, str, World, str, int, float]
Key = tuple[str, str, str]


def simulate_dialer(
    worlds: Mapping[tuple[str, str], World],
    policies: Sequence[str],
    seeds: Sequence[int],
    hours: float,
    *,
    processes: int | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Iterator[DialerResult]:
    """Every policy in every world, a day for each seed; `worlds` by their name and cell. The results come one
    by one, in that order, as soon as their days are over; `progress` hears how many days are."""
    jobs = [
        (name, cell, world, policy, seed, hours)
        for (name, cell), world in worlds.items()
        for policy in policies
        for seed in seeds
    ]
    done = 0

    def counted() -> Iterator[tuple[Key, DayFigures]]:
        nonlocal done
        for each in spread_out(one_day, jobs, processes):
            done += 1
            progress(done, len(jobs))
            yield each

    for key, days in groupby(counted(), key=lambda each: each[0]):
        yield summed_up(key, [figures for _, figures in days], hours)


def one_day(job: Job) -> tuple[Key, DayFigures]:
    """One day of one of them."""
    name, cell, world, policy, seed, hours = job
    return (name, cell, policy), DialerDay(world, trial(policy).make(), seed, hours * 3600.0).run()


def summed_up(key: Key, days: Sequence[DayFigures], hours: float) -> DialerResult:
    """Means over the days, and 95 % intervals."""
    name, cell, policy = key
    answered, dropped = sum(day.answered for day in days), sum(day.dropped for day in days)
    share = dropped / max(1, answered)
    # A ratio of two sums: its error is that of what each day has more than its part, over the mean answers.
    residuals = interval(
        [(day.dropped - share * day.answered) / max(1, answered) * len(days) for day in days]
    )
    within = None if residuals.within is None else 100.0 * residuals.within
    calls = sum(day.calls for day in days)
    return DialerResult(
        world=name,
        cell=cell,
        policy=policy,
        days=len(days),
        hours=hours,
        idle_s=interval([day.idle_s / max(1, day.calls) for day in days]),
        dropped=Spread(mean=100.0 * share, within=within),
        worst_dropped=100.0 * max(day.whole_share for day in days),
        calls_per_hour=interval([3600.0 * day.calls / max(1.0, day.work_s) for day in days]),
        talking=interval([100.0 * day.talk_s / max(1.0, day.work_s) for day in days]),
        dials_per_call=sum(day.placed for day in days) / max(1, calls),
    )
