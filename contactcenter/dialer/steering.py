"""Steering the level of a campaign's pacing, so that the share of drops that the law counts stays under its
limit whatever the prediction's error.

What may still be dropped is kept like an account, in drops: every live answer pays in the target share, every
drop takes one out. The account is that of the campaign's fixed period and that of the last thirty days,
whichever has less; persons whom the detection may have taken for machines are taken out too, by their upper
bound (95 %). The level follows the account at once, by a factor, and slowly by what it has been lately. With
the account in debt the level falls until only calls that nobody can be dropped by are placed; so a bad hour
is paid back, and a good day is no licence for a bad one: what is laid by beyond some drops is forgotten.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import exp, log

from contactcenter.dialer.drops import Counted, Drops

DAY_S = 86400.0
PERIOD_DAYS = 30
START = 0.02
"""The level before anything was seen."""
LOWEST, HIGHEST = 0.004, 0.12
"""Bounds of the slow part."""
FOLLOW, FOLLOW_LATER = 0.2, 0.04
"""The logarithm of the level falls by the first with each drop of debt while the period has few answers;
later, as single drops weigh less in its share, by less, down to the second: a level that swings wastes."""
FOLLOW_ANSWERS = 1000
"""Of the period: until then the first; then it falls with their square. The account strays by √(1 / 2κ) drops
(κ: the factor), and may by the margin of the target to the limit, which grows with the answers."""
MOST_ABOVE = 0.6
"""Of the logarithm: how far credit lifts the level over the slow part …"""
MOST_SAVED = 1.2
"""… what is laid by at most …"""
MOST_BELOW = 2.4
"""… and how far debt lowers it: beyond, the slow part falls no faster, and the level is 0."""


class Steering:
    """One campaign's level. Moments are seconds since the epoch."""

    def __init__(
        self,
        *,
        target: float,
        began_at: float,
        days: Mapping[int, Drops] | None = None,
        period_days: int = PERIOD_DAYS,
    ) -> None:
        """`target`: the share of drops aimed at, under the limit. `began_at`: the campaign's start, from
        which periods and days are counted. `days`: what was counted already, by the number of the day (0:
        the first 24 hours)."""
        self._target, self._began_at, self._period_days = target, began_at, period_days
        self._days: dict[int, Drops] = dict(days or {})
        self._slow = log(START)
        self._heard = self._persons = 0
        self._saved = 0.0
        """The account since we have steered, which forgets what is beyond `MOST_SAVED`."""
        self._sums: tuple[int, Drops, Drops] | None = None
        """The number of the day, and what its period and its window have: known until the day ends."""

    def connected(self, at: float) -> None:
        """A person answered and has an agent."""
        self._count(at, Drops(connected=1, dropped=0))
        self._answered(at, self._target)

    def dropped(self, at: float) -> None:
        """A person answered and had no agent in time."""
        self._count(at, Drops(connected=0, dropped=1))
        self._answered(at, self._target - 1.0)

    def machine(self, at: float) -> None:
        """An answer was judged to be a machine, and ended."""
        self._count(at, Drops(connected=0, dropped=0, machines=1))

    def aim(self, target: float) -> None:
        """Aim at another share of drops from now on."""
        self._target = target

    def count(self, what: Counted, at: float) -> None:
        """An attempt counts as that."""
        match what:
            case Counted.CONNECTED:
                self.connected(at)
            case Counted.DROPPED:
                self.dropped(at)
            case Counted.MACHINE:
                self.machine(at)

    def sample(self, heard: int, persons: int) -> None:
        """So many of the calls that were judged to be machines somebody has listened to, and so many of
        those were persons, in all."""
        self._heard, self._persons = heard, persons

    def level(self, at: float) -> float:
        """The accepted chance that a call placed now is dropped: what `PacingInputs.level` is to be. 0: only
        calls with an agent of their own."""
        moved = self._follow(at) * self.credit(at)
        return exp(self._slow + min(MOST_ABOVE, moved)) if moved >= -MOST_BELOW else 0.0

    def credit(self, at: float) -> float:
        """How many drops are left to the target; less than 0: a debt."""
        return min(self._saved, self._left(self.period(at)), self._left(self.window(at)))

    def period(self, at: float) -> Drops:
        """What counts in the fixed period at that time, as the law measures it."""
        return self._sampled(self._counted(at)[1])

    def window(self, at: float) -> Drops:
        """What counts in the last days, as many as a period has, today included."""
        return self._sampled(self._counted(at)[2])

    def _sampled(self, drops: Drops) -> Drops:
        return replace(drops, heard=self._heard, persons=self._persons)

    def _counted(self, at: float) -> tuple[int, Drops, Drops]:
        today = max(0, int((at - self._began_at) // DAY_S))
        if self._sums is None or self._sums[0] != today:
            long = self._period_days
            self._sums = (
                today,
                _sum(each for day, each in self._days.items() if day // long == today // long),
                _sum(each for day, each in self._days.items() if day > today - long),
            )
        return self._sums

    def _count(self, at: float, counted: Drops) -> None:
        today, period, window = self._counted(at)
        self._days[today] = _sum((self._days.get(today, _NONE), counted))
        self._sums = today, _sum((period, counted)), _sum((window, counted))

    def _answered(self, at: float, gain: float) -> None:
        follow = self._follow(at)
        self._saved = min(MOST_SAVED / follow, self._saved + gain)
        # The slow part follows as fast as it can without swinging.
        ease = self._target * follow / 4
        slow = self._slow + ease * max(-MOST_BELOW, follow * self.credit(at))
        self._slow = min(log(HIGHEST), max(log(LOWEST), slow))

    def _follow(self, at: float) -> float:
        """How much a drop moves the logarithm of the level."""
        period = self._counted(at)[1]
        answers = max(FOLLOW_ANSWERS, period.connected + period.dropped)
        return max(FOLLOW_LATER, FOLLOW * (FOLLOW_ANSWERS / answers) ** 2)

    def _left(self, drops: Drops) -> float:
        misjudged = drops.misjudged
        dropped = drops.dropped + misjudged
        return self._target * (drops.connected + dropped) - dropped


_NONE = Drops(connected=0, dropped=0)


def _sum(days: Iterable[Drops]) -> Drops:
    connected = dropped = machines = 0
    for each in days:
        connected += each.connected
        dropped += each.dropped
        machines += each.machines
    return Drops(connected=connected, dropped=dropped, machines=machines)
