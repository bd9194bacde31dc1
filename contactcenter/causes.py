"""Causes: why a leg was not answered, by its Q.850 number."""

from contactcenter.agents import PauseReason
from contactcenter.dialer.attempts import Outcome

DECLINED = frozenset({17, 21})
"""The phone is busy, or was told to refuse the call."""
UNREACHABLE = frozenset({1, 2, 3, 20, 27, 28, 34, 38, 41, 42, 44, 47})
"""There is no such number or phone, or no way to it."""


def missed(cause: int) -> PauseReason:
    """What an agent is paused for whose leg ended unanswered: with any other cause it rang in vain."""
    if cause in DECLINED:
        return PauseReason.BUSY
    return PauseReason.UNREACHABLE if cause in UNREACHABLE else PauseReason.NO_ANSWER


BUSY, REJECTED = 17, 21
INVALID = frozenset({1, 22, 28})
"""There is no such number, or it has another one now."""
CONGESTED = frozenset({3, 20, 27, 34, 38, 41, 42, 44, 47, 58, 102})
"""The network or the trunk could not carry the call: no way, no circuit, no line in order, no answer to our
request."""


def outcome_of(cause: int, *, rang: bool, long_enough: bool) -> Outcome:
    """What became of a call that nobody answered. `rang`: it was heard to ring; `long_enough`: it was given
    the time to be answered. What has rung was no trouble of the network's, whatever its cause says."""
    if cause == BUSY:
        return Outcome.BUSY
    if cause == REJECTED:
        return Outcome.REJECTED
    if rang:
        return Outcome.NO_ANSWER
    if cause in INVALID:
        return Outcome.INVALID
    if cause in CONGESTED:
        return Outcome.CONGESTION
    return Outcome.NO_ANSWER if long_enough else Outcome.FAILED
