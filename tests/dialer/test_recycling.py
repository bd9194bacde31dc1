"""When a lead is dialled again."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.dialer.attempts import NOT_PLACED, UNBURNT, Outcome
from contactcenter.dialer.recycling import (
    MOST_ATTEMPTS,
    USUAL,
    EndlessRule,
    Rule,
    Tried,
    after,
    check,
)

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


@given(after_s=st.integers(60, 4 * 86_400), zone=st.sampled_from(["Asia/Shanghai", "America/New_York"]))
def test_another_time_of_day_is_two_hours_from_the_last_at_least(after_s: int, zone: str) -> None:
    """Also where the pause ends a little before that time: 22 hours and one minute after ten is 8:01."""
    rules = {"no_answer": Rule(after_s=after_s, limit=4, other_time=True)}
    at = after(rules, tried("no_answer"), 1, zone).at
    then, now = (datetime.fromtimestamp(each, ZoneInfo(zone)) for each in (TEN, at))
    apart = abs((now.hour - then.hour) * 60 + now.minute - then.minute)
    assert min(apart, 24 * 60 - apart) >= 120
    assert after_s <= at - TEN <= after_s + 5 * 3600


def test_what_no_rule_names_is_closed() -> None:
    assert after(RULES, tried("invalid"), 1, ZONE).closed


def test_a_lead_has_so_many_attempts_in_all() -> None:
    assert after(RULES, tried("busy", "no_answer"), 1, ZONE, most=2).why == "attempts"


def test_a_lead_is_not_burnt_by_our_own_trunk_or_by_a_campaign_that_stops() -> None:
    for outcome in UNBURNT:
        found = after({}, tried(outcome), 1, ZONE, most=1)
        assert (found.closed, found.at) == (False, TEN + 300), outcome
    assert after(RULES, tried("congestion", "congestion", "busy"), 1, ZONE, most=2).closed is False


def test_a_skipped_or_dropped_lead_comes_again_and_the_campaign_may_say_otherwise() -> None:
    for outcome in ("skipped", "dropped"):
        assert after({}, tried(outcome), 1, ZONE).at == TEN + 86400
        assert after({outcome: Rule(after_s=60, limit=5)}, tried(outcome), 1, ZONE).at == TEN + 60


def test_a_call_that_nobody_knows_the_end_of_counts_as_not_answered() -> None:
    assert after(RULES, tried("lost"), 2, ZONE).number == 1
    assert after({}, tried("lost"), 2, ZONE).closed
    assert after(RULES, tried("lost"), 2, ZONE, most=1).why == "attempts"


@pytest.mark.parametrize(
    "rule",
    [
        Rule(after_s=600, limit=0),
        Rule(after_s=600, limit=101),
        Rule(after_s=59.9, limit=1),
        Rule(after_s=-600, limit=1),
        Rule(after_s=float("inf"), limit=1),
        Rule(after_s=float("nan"), limit=1),
    ],
)
def test_a_rule_without_end_is_refused_by_name(rule: Rule) -> None:
    with pytest.raises(EndlessRule, match="no_answer"):
        check({"no_answer": rule})
    check(RULES)
    check(USUAL)


WORDS = [*Outcome, "sale", "wrong_person"]


@given(
    st.dictionaries(
        st.sampled_from(WORDS),
        st.builds(
            Rule,
            after_s=st.floats(60, 1e6),
            limit=st.integers(1, MOST_ATTEMPTS),
            next_number=st.booleans(),
            other_time=st.booleans(),
        ),
    ),
    st.integers(1, 4),
    st.integers(1, 300),
    st.sampled_from(["Asia/Shanghai", "Australia/Lord_Howe", "America/Havana"]),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=8),
)
def test_every_lead_comes_to_an_end(
    rules: dict[str, Rule], numbers: int, most: int, zone: str, outcomes: list[str]
) -> None:
    """Whatever the rules are, and whatever becomes of the calls, again and again."""
    check(rules)
    course: list[Tried] = []
    number, at = 0, TEN
    while True:
        outcome = outcomes[len(course) % len(outcomes)]
        course.append(Tried(outcome=outcome, number=number, at=at))
        found = after(rules, course, numbers, zone, most)
        if found.closed:
            break
        assert found.at >= at + 60
        assert 0 <= found.number < numbers
        number, at = found.number, found.at
    burnt = sum(each.outcome not in UNBURNT | NOT_PLACED for each in course)
    assert burnt <= min(most, MOST_ATTEMPTS)
    assert len(course) <= MOST_ATTEMPTS * (1 + len(UNBURNT | NOT_PLACED))
