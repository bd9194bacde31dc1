"""When a lead is dialled again: by what became of the last attempt, or by what the agent chose.

A rule gives a pause, a limit, and where to go on: the same number, or the lead's next one. What no rule names
is closed. Rules that would dial without end are refused by name before a campaign starts, and whatever the
rules are, a lead comes to an end.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from contactcenter.dialer.attempts import NOT_PLACED, UNBURNT, Outcome
from contactcenter.values import frozen

MOST_ATTEMPTS = 100
"""Of one lead, whatever the rules say."""
LEAST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 366 * 86400.0


@frozen
class Rule:
    """What follows one outcome."""

    after_s: float
    limit: int
    """How often this outcome may come about, in all, before the lead is closed; at least 1."""
    next_number: bool = False
    """Go on with the lead's next number, and after the last with its first."""
    other_time: bool = False
    """Not within two hours of the same time of day: who is out at ten is out at ten tomorrow."""


@frozen
class Tried:
    """One attempt at a lead, as the rules look at it."""

    outcome: str
    number: int
    """Which of the lead's numbers, by its order."""
    at: float


@frozen
class Next:
    """What is to be done with the lead: dialled from `at` on with this number, or closed."""

    closed: bool
    why: str
    """The outcome's name, `limit` or `attempts`."""
    at: float = 0.0
    number: int = 0


class EndlessRule(ValueError):
    """A rule that would dial for ever, or never. `outcome` names it."""

    def __init__(self, outcome: str, why: str) -> None:
        super().__init__(f"the rule for {outcome} {why}")
        self.outcome, self.why = outcome, why


USUAL: Mapping[str, Rule] = {
    Outcome.CONGESTION: Rule(after_s=300, limit=MOST_ATTEMPTS),
    Outcome.CANCELLED: Rule(after_s=300, limit=MOST_ATTEMPTS),
    Outcome.SKIPPED: Rule(after_s=86400, limit=10),
    Outcome.DROPPED: Rule(after_s=86400, limit=2),
}
"""Of these, as long as a campaign has no rule of its own: the lead is not at fault, and is not lost."""


def check(rules: Mapping[str, Rule]) -> None:
    """Raises `EndlessRule` for a rule that can't be meant so."""
    for outcome, rule in rules.items():
        if not 1 <= rule.limit <= MOST_ATTEMPTS:
            raise EndlessRule(outcome, f"needs a limit from 1 to {MOST_ATTEMPTS}: {rule.limit}")
        if rule.after_s < LEAST_PAUSE_S:
            raise EndlessRule(
                outcome, f"would dial again at once: wait {LEAST_PAUSE_S:g} s at least, not {rule.after_s:g}"
            )
        if not rule.after_s <= LONGEST_PAUSE_S:  # what is no number is not, either
            raise EndlessRule(outcome, f"would never dial again: wait {LONGEST_PAUSE_S:g} s at most")


def after(
    rules: Mapping[str, Rule], tried: Sequence[Tried], numbers: int, zone: str, most: int = MOST_ATTEMPTS
) -> Next:
    """What follows the last of the attempts (there is one). `numbers`: how many the lead has; `zone`: one
    that exists, where it is, for the time of day; `most`: calls to the lead in all."""
    last = tried[-1]
    rule = _rule(rules, last.outcome)
    if rule is None:
        return Next(closed=True, why=last.outcome)
    if sum(each.outcome not in UNBURNT | NOT_PLACED for each in tried) >= min(most, MOST_ATTEMPTS):
        return Next(closed=True, why="attempts")
    if sum(each.outcome == last.outcome for each in tried) >= rule.limit:
        return Next(closed=True, why="limit")
    at = last.at + rule.after_s
    if rule.other_time:
        at = _other_time(at, last.at, ZoneInfo(zone))
    number = (last.number + 1) % max(1, numbers) if rule.next_number else last.number
    return Next(closed=False, why=last.outcome, at=at, number=number)


def _rule(rules: Mapping[str, Rule], outcome: str) -> Rule | None:
    """The campaign's own, or the usual one. Of a call of which nobody knows the end, nobody answered."""
    own = rules.get(outcome)
    if own is None and outcome == Outcome.LOST:
        own = rules.get(Outcome.NO_ANSWER)
    return USUAL.get(outcome) if own is None else own


def _other_time(at: float, before: float, zone: ZoneInfo) -> float:
    """`at`, or, if the clock shows about the same as before, when it shows three hours more than then."""
    then, now = (datetime.fromtimestamp(each, zone) for each in (before, at))
    day = 24 * 60
    later = (now.hour * 60 + now.minute - then.hour * 60 - then.minute + day // 2) % day - day // 2
    return at + timedelta(minutes=180 - later).total_seconds() if abs(later) < 120 else at
