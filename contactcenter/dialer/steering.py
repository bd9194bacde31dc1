"""The drop limit, kept: the level that a policy paces by is steered on every answer, by the campaign's own count.

The law counts one period as a whole, so what matters is the sum: a bad hour is worked off, and what was saved may
be spent later, but never more than the limit allows by now.
"""

from math import log, exp, sqrt

from contactcenter.values import frozen


@frozen
class Drops:
    """A campaign's count within a period. `bound` is added to the drops: persons taken for machines, at most."""

    answered: int
    """By a person, with an agent or dropped."""
    dropped: int
    bound: float = 0.0

    @property
    def share(self) -> float:
        """What the law looks at."""
        total = self.answered + self.bound
        return (self.dropped + self.bound) / total if total else 0.0
