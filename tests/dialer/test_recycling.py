"""When a lead is dialled again."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from contactcenter.dialer.recycling import EndlessRule, Rule, Tried, after, check

ZONE = "Asia/Shanghai"
TEN = datetime(2026, 7, 1, 10, tzinfo=ZoneInfo(ZONE)).timestamp()
RULES = {
    "busy": Rule(after_s=600, limit=3),
    "no_answer": Rule(after_s=86400, limit=4, next_number=True, other_time=True),
}


def tried(*outcomes: str, number: int = 0) -> list[Tried]:
    return [Tried(outcome=each, number=number, at=TEN) for each in outcomes]


def test_busy_is_tried_again_soon_on_the_same_number_until_its_limit() -> None:
    found = after(RULES, tried("busy"), 2, ZONE)
    assert (found.closed, found.at, found.number) == (False, TEN + 600, 0)
    assert after(RULES, tried("busy", "busy", "busy"), 2, ZONE).why == "limit"


def test_no_answer_goes_on_with_the_next_number_at_another_time_of_day() -> None:
    found = after(RULES, tried("no_answer"), 2, ZONE)
    assert (found.at, found.number) == (TEN + 86400 + 3 * 3600, 1)
    assert after(RULES, tried("no_answer", number=1), 2, ZONE).number == 0, "the first again"


def test_what_no_rule_names_is_closed() -> None:
    assert after(RULES, tried("invalid"), 1, ZONE).closed


def test_a_lead_has_so_many_attempts_in_all() -> None:
    assert after(RULES, tried("busy", "no_answer"), 1, ZONE, most=2).why == "attempts"


@pytest.mark.parametrize(
    "rule", [Rule(after_s=600, limit=0), Rule(after_s=600, limit=101), Rule(after_s=0, limit=1)]
)
def test_a_rule_without_end_is_refused_by_name(rule: Rule) -> None:
    with pytest.raises(EndlessRule, match="no_answer"):
        check({"no_answer": rule})
    check(RULES)
