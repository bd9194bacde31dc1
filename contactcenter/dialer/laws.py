"""How long something lasts (an answer's delay, a talk, a wrap-up), learnt from what was seen.

Within each interval of a law the rate at which it ends is taken as constant: ends ÷ time spent in the
interval, the estimator of occurrence over exposure. So what has not ended yet counts as well, and what has
lasted long says about its end only as much as was seen of others that lasted so long. Before anything is
seen, a guess stands in with the weight of some observations.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import erf, exp, log, sqrt

from contactcenter.values import frozen

NEVER_RATE = 1e-9
"""Ends per second where nothing was ever seen to end: not zero, so that no chance is undefined."""


@frozen
class Law:
    """A distribution of durations in seconds. Immutable."""

    edges: tuple[float, ...]
    """Where the intervals begin, the first at 0; the last one has no end."""
    rates: tuple[float, ...]
    """Ends per second within each interval, given that it has lasted so long."""
    passed: tuple[float, ...]
    """The sum of rate × time up to each edge: the share that lasts longer is exp(−passed)."""

    def chance(self, elapsed: float, within: float) -> float:
        """The chance that what has lasted `elapsed` ends within the next `within` seconds."""
        return 1.0 - exp(self._passed(elapsed) - self._passed(elapsed + within))

    def longer(self, than: float) -> float:
        """The share that lasts longer."""
        return exp(-self._passed(than))

    def quantile(self, share: float) -> float:
        """The duration that this share does not exceed."""
        wanted = -log(1.0 - share)
        at = bisect_right(self.passed, wanted) - 1
        return self.edges[at] + (wanted - self.passed[at]) / self.rates[at]

    @property
    def mean(self) -> float:
        """How long it lasts on average."""
        left = [exp(-passed) for passed in self.passed]
        spans = zip(left, [*left[1:], 0.0], self.rates, strict=True)
        return sum((begin - end) / rate for begin, end, rate in spans)

    def _passed(self, until: float) -> float:
        at = bisect_right(self.edges, until) - 1
        return self.passed[at] + self.rates[at] * (until - self.edges[at])


def law(edges: Sequence[float], rates: Sequence[float]) -> Law:
    """The law with these rates."""
    passed = [0.0]
    for begin, end, rate in zip(edges, edges[1:], rates, strict=False):
        passed.append(passed[-1] + rate * (end - begin))
    return Law(edges=tuple(edges), rates=tuple(rates), passed=tuple(passed))


class Learner:
    """Takes in how long each one lasted, and gives the law."""

    def __init__(
        self, edges: Sequence[float], *, mean: float, variation: float, weight: float, memory: float
    ) -> None:
        """Begin with a lognormal guess of this mean (s) and coefficient of variation, which weighs like
        `weight` observations. What was seen fades: after `memory` further ones it weighs a third."""
        self._edges = tuple(edges)
        self._fade = 1.0 - 1.0 / memory
        self._ended, self._spent = _guess(self._edges, mean, variation, weight)

    def saw(self, seconds: float, *, ended: bool = True) -> None:
        """One lasted so long, and ended; or it was cut off then by something else."""
        seconds = max(seconds, 0.0)
        self._ended = [each * self._fade for each in self._ended]
        self._spent = [each * self._fade for each in self._spent]
        edges, spent = self._edges, self._spent
        last = bisect_right(edges, seconds) - 1
        for at in range(last):
            spent[at] += edges[at + 1] - edges[at]
        spent[last] += seconds - edges[last]
        self._ended[last] += ended

    def law(self) -> Law:
        """What is known by now."""
        return law(
            self._edges,
            [
                max(ended / spent, NEVER_RATE) if spent > 0 else NEVER_RATE
                for ended, spent in zip(self._ended, self._spent, strict=True)
            ],
        )


def _guess(
    edges: tuple[float, ...], mean: float, variation: float, weight: float
) -> tuple[list[float], list[float]]:
    """Ends and time spent per interval, as `weight` lognormal observations would have them."""
    spread = sqrt(log(1.0 + variation * variation))
    middle = log(mean) - spread * spread / 2

    def longer(than: float) -> float:
        return 0.5 - 0.5 * erf((log(than) - middle) / (spread * sqrt(2))) if than > 0 else 1.0

    steps = 8
    ended, spent = [], []
    for at, begin in enumerate(edges):
        end = edges[at + 1] if at + 1 < len(edges) else begin * 2
        points = [longer(begin + (end - begin) * step / steps) for step in range(steps + 1)]
        ended.append(weight * (points[0] - points[-1]))
        area = sum((a + b) / 2 for a, b in pairwise(points))
        spent.append(weight * area * (end - begin) / steps)
    return ended, spent
