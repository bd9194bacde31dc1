"""Causes: why a leg was not answered, by its Q.850 number."""

from contactcenter.agents import PauseReason

DECLINED = frozenset({17, 21})
"""The phone is busy, or was told to refuse the call."""
UNREACHABLE = frozenset({1, 2, 3, 20, 27, 28, 34, 38, 41, 42, 44, 47})
"""There is no such number or phone, or no way to it."""


def missed(cause: int) -> PauseReason:
    """What an agent is paused for whose leg ended unanswered: with any other cause it rang in vain."""
    if cause in DECLINED:
        return PauseReason.BUSY
    return PauseReason.UNREACHABLE if cause in UNREACHABLE else PauseReason.NO_ANSWER
