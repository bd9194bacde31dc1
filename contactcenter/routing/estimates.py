"""How long a waiting caller is still going to wait: from the state of the queue, learnt from what happens.

Whoever stands at place k waits until k agents have become free, less those ahead who give up: k independent
times in a row, whose rates are s·μ + j·θ (Ibrahim and Whitt, *Real-time delay estimation in overloaded
multiserver queues with abandonments*, 2009). s is how many agents serve the queue now, μ how often one of
them takes a caller of it while somebody waits, θ how often a waiting caller gives up. j runs from 1 to k, the
caller among them: an estimate is kept or broken by waits that ended with an agent, hence before the caller's
own patience did. μ and θ are learnt, and forgotten, by events. What is announced is not the mean but a bound
that holds in `SHARE` of the cases: a factor follows what happened and keeps that share true.

An average of past waits, as others announce it, grows while a queue empties and knows nothing of a place.
This estimate only falls while somebody waits, unless others come to stand in front or agents leave.
"""

from math import exp, log, sqrt

from contactcenter.values import frozen

SHARE = 0.8
"""How often the announced bound is to hold."""

NORMAL_QUANTILE = 0.8416212335729143
"""The quantile of the standard normal distribution at `SHARE`."""

MEMORY = 1000.0
"""After so many events of a kind an older one counts 1/e: rates."""

RECENT = 300.0
"""The same for the share of bounds that held."""

STEP = 0.01
"""How far one outcome moves the logarithm of the bound's factor."""

FACTOR_LIMIT = 4.0
"""The factor stays within 1/4 and 4: one odd hour must not make every bound absurd."""


@frozen
class Expectations:
    """What is believed before anything was seen, and how many events it takes to believe otherwise."""

    service_s: float = 240.0
    """An agent's work on one caller: from the offer until free again."""
    patience_s: float = 300.0
    """The mean time after which a waiting caller gives up."""
    weight: float = 10.0
    """In events."""


@frozen
class Estimate:
    """What can be said of one caller's remaining wait, in seconds from now."""

    mean_s: float
    bound_s: float
    """Not exceeded in `share` of the cases: this is what is announced."""
    share: float
    """In what share of the latest cases such bounds held; `SHARE` is aimed at."""
    position: int
    """The place that it was made for: 1 is served next."""
    agents: int
    """How many agents served the queue."""

    def after(self, before: "Estimate | None") -> "Estimate":
        """This estimate, as told to somebody who was told `before`: it says no more than that unless others
        stand in front now or agents have left, so that learning alone never lets an announcement grow."""
        if before is None or self.position > before.position or self.agents < before.agents:
            return self
        return Estimate(
            mean_s=min(self.mean_s, before.mean_s),
            bound_s=min(self.bound_s, before.bound_s),
            share=self.share,
            position=self.position,
            agents=self.agents,
        )


def time_to_head(position: int, rate: float, abandon: float) -> tuple[float, float]:
    """Mean and variance of the wait at a place: the last step takes 1/`rate` seconds, and each one before it
    is quicker by one more who may give up, at the rate `abandon`."""
    mean = variance = 0.0
    for _ in range(position):
        stage = 1.0 / rate
        mean += stage
        variance += stage * stage
        rate += abandon
    return mean, variance


def upper_quantile(mean: float, variance: float, normal: float = NORMAL_QUANTILE) -> float:
    """The quantile of the gamma distribution with this mean and variance (Wilson and Hilferty): within 1 % of
    the exact one of the sum, from one stage on."""
    if variance <= 0.0:
        return mean
    ninth = variance / (9.0 * mean * mean)
    return mean * max(0.0, 1.0 - ninth + normal * sqrt(ninth)) ** 3


class _Rate:
    """Events per unit of exposure; older ones count less and less."""

    __slots__ = ("_events", "_exposure")

    def __init__(self, mean: float, weight: float) -> None:
        self._events = weight
        self._exposure = weight * mean

    def add(self, events: int, exposure: float, memory: float = MEMORY) -> None:
        keep = exp(-1.0 / memory)
        self._events = self._events * keep + events
        self._exposure = self._exposure * keep + exposure

    def expose(self, exposure: float) -> None:
        self._exposure += exposure

    @property
    def per_unit(self) -> float:
        return self._events / self._exposure


class WaitEstimator:
    """The estimates of one queue, and what it has learnt.

    Tell it of every caller who leaves the queue (`started`, `abandoned`) together with the estimate that was
    made on entering, and of every finished work (`worked`). Times are the center's clock.
    """

    __slots__ = ("_abandon", "_counted_until", "_factor", "_held", "_pace", "_service", "told")

    def __init__(self, expected: Expectations | None = None) -> None:
        expected = expected or Expectations()
        self._service = _Rate(expected.service_s, expected.weight)
        self._abandon = _Rate(expected.patience_s, expected.weight)
        self._pace = _Rate(1.0, 3.0 * expected.weight)
        """Callers really taken over those that the agents' works alone would let one expect: less than 1 when
        the agents work for other queues, too."""
        self._factor = 0.0
        """Logarithm of what bounds are multiplied with."""
        self._held = _Rate(1.0 / SHARE, expected.weight)
        self._counted_until = 0.0
        self.told = 0
        """How many bounds have come true or not."""

    @property
    def service_s(self) -> float:
        """The learnt mean of an agent's work on one caller."""
        return 1.0 / self._service.per_unit

    @property
    def patience_s(self) -> float:
        """The learnt mean patience."""
        return 1.0 / self._abandon.per_unit

    @property
    def share(self) -> float:
        """In what share of the latest cases the bound held."""
        return min(1.0, self._held.per_unit)

    def estimate(self, position: int, agents: int, free: int = 0) -> Estimate | None:
        """The wait from now on at `position` (1 is next) with so many agents serving the queue, `free` of
        them idle. None while nobody serves it: there is nothing honest to announce."""
        if agents <= 0:
            return None
        stages = position - free
        if stages <= 0:
            mean = bound = 0.0
        else:
            rate = agents * self._service.per_unit * self._pace.per_unit
            abandon = self._abandon.per_unit
            mean, variance = time_to_head(stages, rate + abandon, abandon)
            bound = upper_quantile(mean, variance) * exp(self._factor)
        return Estimate(mean_s=mean, bound_s=bound, share=self.share, position=position, agents=agents)

    def worked(self, seconds: float) -> None:
        """An agent's work on a caller of this queue is over: `seconds` from the offer until free again."""
        self._service.add(1, seconds)

    def started(self, at: float, waited_s: float, promised: Estimate | None) -> None:
        """A caller of the queue got an agent after `waited_s`; `promised` is the estimate of the entry."""
        if promised is None or promised.mean_s <= 0.0:
            return
        # Somebody waited from his entry, or from the last start, until now: in that time one was taken.
        self._count(1, at, waited_s, promised.agents)
        self._abandon.add(0, waited_s)
        self._outcome(held=waited_s <= promised.bound_s)

    def abandoned(self, at: float, waited_s: float, promised: Estimate | None, *, was_next: bool) -> None:
        """A caller left the queue without an agent; `was_next`: nobody stood in front of him."""
        if promised is None or promised.mean_s <= 0.0:
            return
        if was_next:
            self._count(0, at, waited_s, promised.agents)
        self._abandon.add(1, waited_s)
        if waited_s > promised.bound_s:
            # Who leaves before the bound says nothing of it: it might have held.
            self._outcome(held=False)

    def _count(self, taken: int, at: float, waited_s: float, agents: int) -> None:
        waited_s = min(waited_s, at - self._counted_until)
        self._counted_until = at
        expected = waited_s * agents * self._service.per_unit
        if taken:
            self._pace.add(taken, expected)
        else:
            self._pace.expose(expected)

    def _outcome(self, *, held: bool) -> None:
        self.told += 1
        self._held.add(int(held), 1.0, RECENT)
        self._factor += STEP * (SHARE - held)
        self._factor = max(-log(FACTOR_LIMIT), min(log(FACTOR_LIMIT), self._factor))
