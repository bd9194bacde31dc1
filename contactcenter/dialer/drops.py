"""The share of dropped calls as regulators count it.

*Dropped* is our word for what they call abandoned: a person answered, and we had no agent. Machines are in no
denominator. A person whom the detection took for a machine, and on whom we hung up, was dropped as well: how
many these are is estimated from calls that were listened to, and the estimate's upper bound counts.
"""

from functools import lru_cache
from math import exp, lgamma, log

from contactcenter.values import frozen

CONFIDENCE = 0.95
UNHEARD_SHARE = 0.05
"""Of the calls judged to be machines: taken to be persons as long as nobody has listened to any."""


@frozen
class Drops:
    """One campaign's answered calls in one period."""

    connected: int
    """Answered by a person, with an agent in time."""
    dropped: int
    machines: int = 0
    """Judged to be machines and ended: uncertain ones count as persons."""
    heard: int = 0
    """Of the machines: how many were listened to."""
    persons: int = 0
    """Of those: how many were persons."""

    @property
    def misjudged(self) -> float:
        """How many of the machines may have been persons, at most (95 %)."""
        return self.machines * upper_share(self.persons, self.heard)

    @property
    def share(self) -> float:
        """16 CFR 310.4(b)(4): dropped ÷ answered by a person, with the bound of the misjudged in both."""
        answered = self.connected + self.dropped + self.misjudged
        return (self.dropped + self.misjudged) / answered if answered else 0.0

    @property
    def share_without_machines(self) -> float:
        """Ofcom's formula (Annex 5, 2015): the drops that were machines are taken out first, in the share
        that machines have among the connected and them. D' = D − D·M/(H+M), share = D' ÷ (H + D')."""
        return self._without_machines(0.0)

    def counted(self, *, machines_taken_out: bool) -> float:
        """The share that a profile counts: by Ofcom's formula, or all drops. The bound of the misjudged is in
        numerator and denominator of both."""
        return self._without_machines(self.misjudged) if machines_taken_out else self.share

    def _without_machines(self, misjudged: float) -> float:
        judged = self.connected + self.machines
        left = self.dropped - (self.dropped * self.machines / judged if judged else 0.0) + misjudged
        answered = self.connected + left
        return left / answered if answered else 0.0


@lru_cache(maxsize=64)
def upper_share(found: int, of: int, confidence: float = CONFIDENCE) -> float:
    """The largest share under which so few would be found with at least 1 − confidence: the exact bound of
    Clopper and Pearson. As long as none was found, `UNHEARD_SHARE` at most: who listens to a few and finds
    nobody is not worse off than who did not listen."""
    if found <= 0:
        exact = 1.0 - (1.0 - confidence) ** (1.0 / of) if of > 0 else 1.0
        return min(UNHEARD_SHARE, exact)
    if found >= of:
        return 1.0
    low, high = found / of, 1.0
    while high - low > 1e-7:
        middle = (low + high) / 2
        if _at_most(found, of, middle) > 1.0 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(found: int, of: int, share: float) -> float:
    """The chance that of so many at most `found` are."""
    return sum(
        exp(
            lgamma(of + 1) - lgamma(each + 1) - lgamma(of - each + 1)
            + each * log(share) + (of - each) * log(1.0 - share)
        )
        for each in range(found + 1)
    ) if 0.0 < share < 1.0 else float(share <= 0.0)  # fmt: skip
