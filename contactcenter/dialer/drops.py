"""The share of dropped calls as regulators count it, and what one call counts as, for everybody who counts.

*Dropped* is our word for what they call abandoned: a person answered, and we had no agent in time. Machines
are in no denominator. A person whom the detection took for a machine, and on whom we hung up, was dropped as
well: how many these are is estimated from calls that were listened to, and the estimate's upper bound counts.
"""

from enum import StrEnum
from functools import lru_cache
from math import exp, lgamma, log

from contactcenter.dialer.attempts import AttemptRecord, AttemptState, Outcome
from contactcenter.values import frozen

CONFIDENCE = 0.95
UNHEARD_SHARE = 0.05
"""Of the calls judged to be machines: taken to be persons as long as nobody has listened to any."""

TOLERANCE_S = 0.05
"""Of moments that two programs took down: less is no violation."""


class Counted(StrEnum):
    """What an attempt counts as."""

    NOTHING = ""
    """Nobody answered, or nobody yet."""
    CONNECTED = "connected"
    """A person answered, and had an agent (or the announcement) in time."""
    DROPPED = "dropped"
    """A person answered, and had none in time."""
    MACHINE = "machine"


def counted(record: AttemptRecord, clock_s: float) -> Counted:
    """What the attempt counts as, as it stands. `clock_s`: how long after the end of the greeting an agent
    may come.

    Who hangs up before that time is over had no agent at once, so there was none: he is dropped. The law
    (16 CFR 310.4(b)(1)(iv), *unverified*) lets two seconds pass first; we don't count on what he would have
    heard then. Not dropped is who hangs up on the detection before it has said what he is, and who hangs up
    within that time on an agent who is kept for him.
    """
    if record.heard == "machine" or record.outcome in (Outcome.MACHINE, Outcome.MESSAGE_LEFT):
        return Counted.MACHINE
    if record.outcome == Outcome.DROPPED or record.state == AttemptState.DROPPING:
        return Counted.DROPPED
    if record.outcome == Outcome.HUNG_UP:
        listened_to = record.detects and not record.heard
        excused = listened_to or (
            record.reserved and not _late(_since_greeting(record, record.ended_at), clock_s)
        )
        return Counted.NOTHING if excused else Counted.DROPPED
    if record.joined_at is not None or record.outcome in (Outcome.CONNECTED, Outcome.ANNOUNCED):
        return Counted.DROPPED if _late(waited_s(record), clock_s) else Counted.CONNECTED
    return Counted.DROPPED if left_alone(record) else Counted.NOTHING


def left_alone(record: AttemptRecord) -> bool:
    """Whether a person answered and heard neither an agent nor the end of our message: dropped, or on a line
    that a crash of ours left silent. He is dialled next with an agent reserved."""
    if record.outcome == Outcome.LOST:
        return record.answered_at is not None and record.joined_at is None and record.heard != "machine"
    return record.outcome == Outcome.DROPPED


def waited_s(record: AttemptRecord) -> float | None:
    """From the end of the greeting, else from the answer, to the agent or the message; None: there was
    neither."""
    return _since_greeting(record, record.message_at if record.joined_at is None else record.joined_at)


def _since_greeting(record: AttemptRecord, at: float | None) -> float | None:
    began = record.greeting_ended_at or record.answered_at
    return None if began is None or at is None else max(0.0, at - began)


def _late(waited: float | None, clock_s: float) -> bool:
    return waited is not None and waited > clock_s + TOLERANCE_S


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

    def counted(self, *, machines_taken_out: bool) -> float:
        """The share that a profile counts: by Ofcom's formula, or all drops. The bound of the misjudged is in
        numerator and denominator of both."""
        return self.without_machines(self.misjudged) if machines_taken_out else self.share

    def without_machines(self, misjudged: float) -> float:
        """Ofcom's formula (Annex 5, 2015): the drops that were machines are taken out first, in the share
        that machines have among the connected and them. D' = D − D·M/(H+M), share = D' ÷ (H + D');
        `misjudged` persons are added to D'."""
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
