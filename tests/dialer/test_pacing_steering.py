"""How the level is steered by what the law counts, and what is learnt from calls."""

from math import exp, log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.dialer.drops import Drops
from contactcenter.dialer.learning import AGAIN_S, COHORT_S, LATEST_S, Learning
from contactcenter.dialer.steering import (
    DAY_S,
    FOLLOW,
    FOLLOW_LATER,
    HIGHEST,
    MOST_ABOVE,
    MOST_SAVED,
    START,
    Steering,
)

TARGET = 0.0285


def steering(**given: object) -> Steering:
    return Steering(**{"target": TARGET, "began_at": 0.0, **given})  # type: ignore[arg-type]


# --- steering ---


@given(st.lists(st.booleans(), max_size=300))
def test_the_level_stays_in_its_bounds_whatever_happens(drops: list[bool]) -> None:
    steers = steering()
    for number, dropped in enumerate(drops):
        (steers.dropped if dropped else steers.connected)(float(number))
        assert 0.0 <= steers.level(float(number)) < 2 * HIGHEST


def test_a_drop_lowers_the_level_and_answers_with_an_agent_raise_it() -> None:
    steers = steering()
    before = steers.level(0.0)
    assert before == pytest.approx(START)
    steers.dropped(1.0)
    after = steers.level(1.0)
    assert after < before
    for second in range(60):
        steers.connected(2.0 + second)
    assert steers.level(62.0) > before


@pytest.mark.parametrize("error", [0.5, 1.0, 2.0, 4.0])
def test_whatever_the_predictions_error_the_share_comes_to_the_target(error: float) -> None:
    """The true chance of a drop is the level times an error that nobody knows."""
    dice, steers = Random(7), steering()
    answers = 20_000
    for number in range(answers):
        at = float(number)
        dropped = dice.random() < min(1.0, error * steers.level(at))
        (steers.dropped if dropped else steers.connected)(at)
    share = steers.period(0.0).share
    assert TARGET - 0.004 < share < 0.03


def test_a_bad_hour_is_paid_back_and_then_forgotten() -> None:
    """Forty drops in a row: only calls that nobody can be dropped by, until the share is right again."""
    steers, number = steering(), 0
    for _ in range(40):
        number += 1
        steers.dropped(float(number))
    assert steers.level(float(number)) == 0.0
    while steers.level(float(number)) == 0.0:
        number += 1
        steers.connected(float(number))
    while steers.credit(float(number)) < 0:
        number += 1
        steers.connected(float(number))
    assert steers.period(0.0).share == pytest.approx(TARGET, rel=0.05)
    assert steers.level(float(number)) > 0.0


def test_a_good_day_is_no_licence_for_a_bad_one() -> None:
    """After thirty thousand answers with an agent there is credit for some drops only, not for 855, and the
    level is not much above what it is usually."""
    steers = steering()
    for number in range(30_000):
        steers.connected(float(number))
    assert steers.credit(40_000.0) == pytest.approx(MOST_SAVED / FOLLOW_LATER)
    assert steers.level(40_000.0) == pytest.approx(HIGHEST * exp(MOST_ABOVE))
    for number in range(100):
        steers.dropped(40_000.0 + number)
    assert steers.level(40_100.0) == 0.0
    assert steers.period(40_100.0).share < 0.004


@pytest.mark.parametrize("restarted", [False, True])
def test_a_drop_weighs_less_the_more_the_period_has_and_a_restart_changes_nothing(restarted: bool) -> None:
    """A level that swings wastes the agents' time: one drop of hundreds is a fifth of the level, one of
    thousands hardly anything. A new period begins with few again."""

    def falls(steers: Steering, at: float) -> float:
        before = steers.level(at)
        steers.dropped(at)
        return log(before / steers.level(at))

    assert falls(steering(), 1.0) == pytest.approx(FOLLOW, abs=0.01)
    whole = Drops(connected=9_715, dropped=285)
    steers = steering(days={0: whole} if restarted else {})
    if not restarted:
        for number in range(10_000):
            (steers.dropped if number % 35 == 34 else steers.connected)(float(number))
    assert falls(steers, 20_000.0) == pytest.approx(FOLLOW_LATER, rel=0.1)
    assert falls(steers, 31 * DAY_S) == pytest.approx(FOLLOW, rel=0.2)


def test_the_fixed_period_and_the_last_thirty_days_both_hold() -> None:
    """A new period begins with nothing, but the last thirty days still have what was too much."""
    bad = {28: Drops(connected=800, dropped=60)}
    steers = steering(days=bad)
    in_period, next_period = 29 * DAY_S, 31 * DAY_S
    assert steers.period(in_period).dropped == 60
    assert steers.level(in_period) == 0.0
    assert steers.period(next_period) == Drops(connected=0, dropped=0)
    assert steers.window(next_period).dropped == 60
    assert steers.level(next_period) == 0.0
    assert steers.level(59 * DAY_S) == pytest.approx(START)


def test_periods_are_counted_from_the_campaigns_start() -> None:
    steers = steering(began_at=1_000_000.0)
    steers.connected(1_000_000.0 + 29.9 * DAY_S)
    assert steers.period(1_000_000.0 + 29.95 * DAY_S).connected == 1
    assert steers.period(1_000_000.0 + 30.05 * DAY_S).connected == 0
    assert steers.window(1_000_000.0 + 30.05 * DAY_S).connected == 1


def test_persons_taken_for_machines_count_by_their_upper_bound() -> None:
    """As long as nobody has listened to any, one in twenty is taken to have been a person."""
    steers = steering()
    for _ in range(1000):
        steers.connected(1.0)
    for _ in range(1000):
        steers.machine(2.0)
    assert steers.credit(2.0) == pytest.approx(TARGET * 1050 - 50)
    assert steers.level(2.0) == 0.0
    steers.sample(1000, 0)
    assert steers.level(3.0) > 0.0
    assert (steers.period(3.0).heard, steers.window(3.0).misjudged) == (1000, pytest.approx(2.99, abs=0.01))


# --- learning ---


def test_a_cohort_tells_its_share_once_all_of_it_is_over() -> None:
    """Those who answer are known before those who do not: looked at too early, every call is answered."""
    learning = Learning()
    first = learning.learnt(0.0).share
    for _ in range(100):
        learning.placed(1.0)
    for _ in range(30):
        learning.answered(1.0, 10.0)
    assert learning.learnt(1.0 + AGAIN_S).share == first
    for _ in range(70):
        learning.ended(1.0, 26.0)
    assert learning.learnt(2 * AGAIN_S + 2.0).share == pytest.approx(0.3, abs=0.08)


def test_a_call_of_which_nothing_is_heard_any_more_holds_nobody_up() -> None:
    learning = Learning()
    for number in range(20):
        learning.placed(number * COHORT_S)
        learning.placed(number * COHORT_S)
        learning.ended(number * COHORT_S, number * COHORT_S + 25.0)
    before = learning.learnt(30.0).share
    assert learning.learnt(20 * COHORT_S + LATEST_S + COHORT_S).share < before / 2


def test_a_call_that_we_ended_ourselves_says_nothing() -> None:
    learning, plain = Learning(), Learning()
    for each in (learning, plain):
        for _ in range(10):
            each.placed(1.0)
            each.ended(1.0, 26.0)
    for _ in range(10):
        learning.placed(1.0)
        learning.given_up(1.0)
    assert learning.learnt(60.0) == plain.learnt(60.0)


def test_laws_are_learnt_from_what_lasted() -> None:
    learning = Learning(grace_s=1.0)
    for number in range(3000):
        learning.placed(float(number))
        learning.answered(float(number), number + 7.5)
        learning.talked(300.5)
        learning.wrapped_up(5.5, returned=number % 2 == 0)
    learnt = learning.learnt(3000.0)
    assert learnt.answers.quantile(0.5) == pytest.approx(7.5, abs=0.6)
    assert learnt.talk.chance(300.0, 50.0) > 0.9
    assert learnt.wrap_up.quantile(0.5) == pytest.approx(5, abs=1.1)
    assert learnt.returns == pytest.approx(0.5, abs=0.02)
    assert learnt.grace_s == 1.0


def test_what_is_known_stays_the_same_for_some_seconds() -> None:
    """The tables that pacing makes of it are made once."""
    learning = Learning()
    assert learning.learnt(0.0) is learning.learnt(AGAIN_S - 1)
    assert learning.learnt(0.0) is not learning.learnt(AGAIN_S)
