"""How many of several independent things happen: the tail of the Poisson-binomial distribution.

Exact by convolution for some dozens; beyond, the normal distribution with a correction for skewness
(Edgeworth), which is closest just where convolution is slowest.
"""

from collections.abc import Sequence
from math import erf, exp, pi, sqrt

EXACT = 64
"""Up to so many are convolved."""


class Count:
    """How many happen, of things that each happen with a chance of its own."""

    __slots__ = ("_chances", "_mean", "_shares", "_third", "_variance")

    def __init__(self, chances: Sequence[float]) -> None:
        self._chances = list(chances)
        self._shares: list[float] | None = None
        """The chance of each count, once somebody has asked for it exactly."""
        spreads = [chance * (1.0 - chance) for chance in chances]
        self._mean = sum(chances)
        self._variance = sum(spreads)
        self._third = sum(
            spread * (1.0 - 2.0 * chance) for spread, chance in zip(spreads, chances, strict=True)
        )

    def add(self, chance: float) -> None:
        """One more thing that may happen."""
        self._chances.append(chance)
        if self._shares is not None:
            self._shares = _with(self._shares, chance)
        spread = chance * (1.0 - chance)
        self._mean += chance
        self._variance += spread
        self._third += spread * (1.0 - 2.0 * chance)

    def at_least(self, many: int) -> float:
        """The chance that so many happen, or more."""
        if many <= 0:
            return 1.0
        if len(self._chances) > EXACT:
            return self.about(many)
        if self._shares is None:
            self._shares = [1.0]
            for chance in self._chances:
                self._shares = _with(self._shares, chance)
        return sum(self._shares[many:])

    def about(self, many: int) -> float:
        """The same, quickly: a few hundredths off where few things may happen."""
        if many <= 0:
            return 1.0
        if self._variance <= 1e-12:
            return float(self._mean >= many - 0.5)
        spread = sqrt(self._variance)
        z = (many - 0.5 - self._mean) / spread
        skew = self._third / (self._variance * spread)
        below = 0.5 + 0.5 * erf(z / sqrt(2))
        below += skew / 6 * (1 - z * z) * exp(-z * z / 2) / sqrt(2 * pi)
        return min(1.0, max(0.0, 1.0 - below))


def _with(shares: list[float], chance: float) -> list[float]:
    not_ = 1.0 - chance
    return [
        here * not_ + before * chance for here, before in zip([*shares, 0.0], [0.0, *shares], strict=True)
    ]
