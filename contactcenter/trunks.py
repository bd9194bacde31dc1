"""Trunks: how many calls a carrier's line takes, and when it has had enough.

A trunk takes so many calls a second (a bucket of tokens, which holds one second's) and so many at once. When
the network says that it can carry no more, several times in a row, nothing is placed for a while that doubles
each time: the leads would be tried for nothing.
"""

from dataclasses import dataclass

from contactcenter.values import frozen

FAILURES = 3
"""So many calls in a row that the trunk could not carry are no accident."""
PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0


@frozen
class TrunkRules:
    """What a trunk is good for."""

    calls_per_s: float = 5.0
    channels: int = 100
    """Calls at once."""


@dataclass(slots=True)
class Trunk:
    """One trunk, as far as calls are placed over it for campaigns."""

    rules: TrunkRules
    tokens: float = 1.0
    filled_at: float = 0.0
    calls: int = 0
    """That were placed, or are about to be, and go on."""
    failures: int = 0
    """In a row."""
    rests_until: float = 0.0
    trying: bool = False
    """A call is out to see whether it works again."""

    def room(self, at: float) -> int:
        """How many calls may be placed now."""
        if at < self.rests_until:
            return 0
        self._fill(at)
        if self.failures >= FAILURES:
            return int(not self.trying)
        return max(0, min(int(self.tokens), self.rules.channels - self.calls))

    def is_full(self, at: float) -> bool:
        """Whether it takes no call now, however long one waits for the next token."""
        return at < self.rests_until or self.calls >= self.rules.channels

    def take(self, at: float) -> None:
        """A call is about to be placed."""
        self._fill(at)
        self.tokens -= 1.0
        self.calls += 1
        self.trying = self.failures >= FAILURES

    def end(self) -> None:
        """A call is over, or was not placed after all."""
        self.calls -= 1
        self.trying = False

    def worked(self) -> None:
        """It has carried a call to somebody."""
        self.failures, self.rests_until, self.trying = 0, 0.0, False

    def failed(self, at: float) -> None:
        """It could not carry a call."""
        self.failures += 1
        self.trying = False
        if self.failures >= FAILURES:
            pause = min(LONGEST_PAUSE_S, PAUSE_S * 2.0 ** (self.failures - FAILURES))
            self.rests_until = max(self.rests_until, at + pause)

    def _fill(self, at: float) -> None:
        rate = self.rules.calls_per_s
        grown = self.tokens + max(0.0, at - self.filled_at) * rate
        self.tokens, self.filled_at = min(max(1.0, rate), grown), max(at, self.filled_at)
