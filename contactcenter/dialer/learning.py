"""What a campaign's calls teach the pacing: folded from what happens, one thing after the other.

Calls are taken in by cohorts, all those placed within some seconds: a cohort tells its share of answers once
all of it is over, because those who answer are known before those who do not.
"""

from contactcenter.dialer.answers import AnswerShare
from contactcenter.dialer.laws import Learner
from contactcenter.dialer.pacing import GRACE_S, Learnt

COHORT_S = 10.0
"""Calls that were placed within so many seconds are one cohort."""
LATEST_S = 120.0
"""A cohort is done after this whatever became of its calls: no call rings so long."""
AGAIN_S = 30.0
"""What was learnt is looked at again after so many seconds: all of it changes slowly."""
RETURNS_MEMORY = 500
"""Wrap-ups after which what was seen weighs a third."""

DELAYS = (*range(31), 35, 40, 50, 60)
"""Seconds at which the intervals of the laws of answers begin."""
TALKS = (0, 2, 4, 6, 8, 10, 13, 16, 20, 25, 30, 36, 43, 50, 58, 67, 77, 88, 100, 115, 130, 150, 170, 195, 225,
         260, 300, 350, 420, 500, 600, 750, 900, 1200, 1800)  # fmt: skip
WRAP_UPS = (0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 23, 26, 30, 35, 40, 50, 60, 80, 120)


class Learning:
    """One campaign's. Moments are seconds since the epoch; they may come from the past, but in order."""

    def __init__(self, *, grace_s: float = GRACE_S) -> None:
        self.grace_s = grace_s
        """How long a person may wait for an agent, from the moment he counts as answered."""
        self._share = AnswerShare()
        self._answers = Learner(DELAYS, mean=10, variation=0.5, weight=20, memory=2000)
        self._others = Learner(DELAYS, mean=18, variation=0.5, weight=20, memory=2000)
        self._talk = Learner(TALKS, mean=90, variation=1.0, weight=10, memory=1500)
        self._wrap_up = Learner(WRAP_UPS, mean=20, variation=0.8, weight=10, memory=1500)
        self._wrapped = self._returned = 1.0
        self._cohorts: dict[int, list[int]] = {}
        """Those that are not over: placed, over, answered; the oldest first."""
        self._learnt: Learnt | None = None
        self._looked_at = 0.0

    def placed(self, at: float) -> None:
        """A call was placed."""
        self._cohorts.setdefault(int(at // COHORT_S), [0, 0, 0])[0] += 1

    def answered(self, placed_at: float, at: float) -> None:
        """A person answered it: the moment at which he can be given an agent, so after the detection of
        machines has heard him."""
        self._answers.saw(at - placed_at)
        self._over(placed_at, answered=1)

    def ended(self, placed_at: float, at: float) -> None:
        """It ended without a person: busy, no answer, a machine."""
        self._others.saw(at - placed_at)
        self._over(placed_at)

    def given_up(self, placed_at: float) -> None:
        """We ended it before anybody could answer: it says nothing."""
        if cohort := self._cohorts.get(int(placed_at // COHORT_S)):
            cohort[0] -= 1

    def talked(self, seconds: float) -> None:
        """An agent's talk of this campaign is over."""
        self._talk.saw(seconds)

    def wrapped_up(self, seconds: float, *, returned: bool = True) -> None:
        """A wrap-up is over; `returned`: the agent takes calls again, and is not paused or gone."""
        self._wrap_up.saw(seconds)
        fade = 1.0 - 1.0 / RETURNS_MEMORY
        self._wrapped = self._wrapped * fade + 1.0
        self._returned = self._returned * fade + returned

    def learnt(self, at: float) -> Learnt:
        """What is known by now; the same object for some seconds."""
        if self._learnt is None or at - self._looked_at >= AGAIN_S:
            self._looked_at = at
            self._close(at)
            self._learnt = Learnt(
                share=self._share.share,
                answers=self._answers.law(),
                others=self._others.law(),
                talk=self._talk.law(),
                wrap_up=self._wrap_up.law(),
                returns=self._returned / self._wrapped,
                grace_s=self.grace_s,
            )
        return self._learnt

    def _over(self, placed_at: float, answered: int = 0) -> None:
        if cohort := self._cohorts.get(int(placed_at // COHORT_S)):
            cohort[1] += 1
            cohort[2] += answered

    def _close(self, at: float) -> None:
        """Take in the cohorts that are over, the oldest first."""
        for number, (placed, over, answered) in list(self._cohorts.items()):
            begin = number * COHORT_S
            late = at >= begin + COHORT_S + LATEST_S
            if at < begin + COHORT_S or (over < placed and not late):
                break
            self._share.saw(begin, placed, answered)
            del self._cohorts[number]
