"""The share of calls that a person answers, as it drifts: a Kalman filter on its logarithm."""

from math import exp, log

DRIFT = 2.5e-5
"""How much the variance of the logarithm grows per second: 15 % in half an hour."""
HIGHEST = 0.95
LOWEST = 0.005


class AnswerShare:
    """Takes in groups of calls that are all over, gives the share. It begins high: too few calls are safe."""

    def __init__(self, share: float = 0.6, variance: float = 0.35) -> None:
        self._log, self._variance, self._at = log(share), variance, 0.0

    def saw(self, at: float, placed: int, answered: int) -> None:
        """Of so many calls, placed around `at` (s), so many were answered by a person."""
        self._variance += DRIFT * max(0.0, at - self._at)
        self._at = max(self._at, at)
        if placed == 0:
            return
        share = exp(self._log)
        noise = max(1.0 - share, 0.02) / (placed * share)
        gain = self._variance / (self._variance + noise)
        self._log += gain * (answered / (placed * share) - 1.0)
        self._log = min(log(HIGHEST), max(log(LOWEST), self._log))
        self._variance *= 1.0 - gain

    @property
    def share(self) -> float:
        """The share now."""
        return exp(self._log)
