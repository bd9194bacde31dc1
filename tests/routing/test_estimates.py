"""The estimate of a wait, beside what is exactly known of queues with abandonment, and what it learns."""

from math import exp, log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.routing.estimates import (
    SHARE,
    Estimate,
    Expectations,
    WaitEstimator,
    time_to_head,
    upper_quantile,
)

AGENTS, SERVICE, PATIENCE = 20, 300.0, 180.0
RATE = AGENTS / SERVICE
ABANDON = 1 / PATIENCE


def stationary(arrivals: float) -> list[float]:
    """The exact distribution of the number of callers in M/M/s+M, through logarithms."""
    logs = [0.0]
    for number in range(1, AGENTS + 300):
        leaving = min(number, AGENTS) / SERVICE + max(0, number - AGENTS) * ABANDON
        logs.append(logs[-1] + log(arrivals / leaving))
    top = max(logs)
    weights = [exp(each - top) for each in logs]
    return [each / sum(weights) for each in weights]


def told(mean_s: float = 60.0, bound_s: float = 90.0, agents: int = AGENTS) -> Estimate:
    return Estimate(mean_s=mean_s, bound_s=bound_s, share=SHARE, position=3, agents=agents)


@pytest.mark.parametrize("arrivals", [0.8 * RATE, RATE, 1.2 * RATE])
def test_the_formula_agrees_with_the_exact_abandonment_of_a_queue(arrivals: float) -> None:
    """What a caller gives up during the wait is known twice: from the distribution of the queue's length
    (Little: rate of giving up = θ · mean length), and from the time to the head, stage by stage."""
    shares = stationary(arrivals)
    by_length = ABANDON * sum((n - AGENTS) * share for n, share in enumerate(shares) if n > AGENTS) / arrivals

    to_head = [time_to_head(place, RATE, ABANDON)[0] for place in range(len(shares))]
    by_wait = 0.0
    for ahead, share in enumerate(shares[AGENTS:]):
        stays = 1.0
        for place in range(1, ahead + 2):
            # The stage at that place takes 1 / rate on average; the caller's own patience races against it.
            stays *= 1 / (1 + ABANDON * (to_head[place] - to_head[place - 1]))
        by_wait += share * (1 - stays)
    assert by_wait == pytest.approx(by_length, rel=1e-9)


def test_the_first_place_waits_for_one_agent_and_nobodys_patience_matters() -> None:
    assert time_to_head(1, RATE, 1.0) == pytest.approx((1 / RATE, 1 / RATE**2))
    assert time_to_head(3, RATE, 0.0)[0] == pytest.approx(3 / RATE)


@pytest.mark.parametrize("stages", [1, 2, 5, 20, 100])
def test_the_bound_is_the_quantile_of_a_sum_of_exponentials(stages: int) -> None:
    """Without abandonment the sum is Erlang's: its distribution function is exact."""
    bound = upper_quantile(*time_to_head(stages, 1.0, 0.0))
    term = total = exp(-bound)
    for number in range(1, stages):
        term *= bound / number
        total += term
    assert 1 - total == pytest.approx(SHARE, abs=0.005)


def test_the_bound_holds_when_those_ahead_give_up() -> None:
    dice = Random(5)
    bound = upper_quantile(*time_to_head(12, RATE, ABANDON))
    waits = [sum(dice.expovariate(RATE + j * ABANDON) for j in range(12)) for _ in range(20_000)]
    assert sum(wait <= bound for wait in waits) / len(waits) == pytest.approx(SHARE, abs=0.01)


def test_nothing_is_announced_while_nobody_serves_the_queue() -> None:
    assert WaitEstimator().estimate(1, 0) is None


def test_a_free_agent_means_no_wait() -> None:
    estimate = WaitEstimator().estimate(2, 10, free=2)
    assert estimate
    assert (estimate.mean_s, estimate.bound_s) == (0.0, 0.0)


@given(st.integers(1, 300), st.integers(1, 300))
def test_a_better_place_or_one_more_agent_never_means_a_longer_wait(position: int, agents: int) -> None:
    waits = WaitEstimator()
    here, further, more = (
        waits.estimate(position, agents),
        waits.estimate(position + 1, agents),
        waits.estimate(position, agents + 1),
    )
    assert here
    assert further
    assert more
    assert more.bound_s < here.bound_s < further.bound_s
    assert more.mean_s < here.mean_s < further.mean_s
    assert here.mean_s < here.bound_s


def test_an_announcement_never_grows_for_no_reason() -> None:
    before = told(bound_s=90)
    assert told(mean_s=70, bound_s=99).after(before).bound_s == 90
    assert told(bound_s=50).after(before).bound_s == 50
    assert told(bound_s=99, agents=AGENTS - 1).after(before).bound_s == 99, "an agent has left"
    overtaken = Estimate(mean_s=70, bound_s=99, share=SHARE, position=4, agents=AGENTS)
    assert overtaken.after(before).bound_s == 99


def test_what_was_expected_counts_until_something_is_seen() -> None:
    waits = WaitEstimator(Expectations(service_s=200, patience_s=100))
    assert (waits.service_s, waits.patience_s, waits.share) == pytest.approx((200, 100, SHARE))
    for _ in range(500):
        waits.worked(400)
    assert 390 < waits.service_s < 400


def test_a_change_of_the_work_is_learnt_and_the_old_is_forgotten() -> None:
    waits = WaitEstimator()
    for seconds in [300.0] * 3000 + [150.0] * 3000:
        waits.worked(seconds)
    assert waits.service_s == pytest.approx(150, rel=0.1)


def test_agents_who_work_for_others_too_are_counted_in_part() -> None:
    """One caller is taken every 30 s though ten agents with works of 100 s would take one every 10 s."""
    waits = WaitEstimator(Expectations(service_s=100))
    at = 0.0
    for _ in range(2000):
        at += 30.0
        waits.worked(100.0)
        waits.started(at, 60.0, told(agents=10))
    estimate = waits.estimate(1, 10)
    assert estimate
    assert estimate.mean_s == pytest.approx(30, rel=0.05)


def test_patience_is_learnt_from_those_who_stay_and_those_who_go() -> None:
    waits = WaitEstimator()
    for number in range(4000):
        waits.started(20.0 * number, 40.0, told())
        if number % 5 == 0:
            waits.abandoned(20.0 * number + 1, 40.0, told(), was_next=False)
    assert waits.patience_s == pytest.approx(6 * 40, rel=0.1)


def test_the_bound_is_corrected_until_it_holds_in_its_share() -> None:
    """Whole rounds go faster or slower than the model knows, so that its bound is too narrow."""
    dice = Random(9)
    waits = WaitEstimator(Expectations(service_s=100))
    held = []
    at = 0.0
    for number in range(2000):
        promised = [waits.estimate(place, 10) for place in range(1, 6)]
        pace = dice.choice((0.4, 1.6))
        waited = 0.0
        for each in promised:
            assert each
            stage = pace * dice.expovariate(0.1)
            at, waited = at + stage, waited + stage
            waits.started(at, waited, each)
            waits.worked(100.0)
            if number > 200:
                held.append(waited <= each.bound_s)
        at += 1000.0
    assert sum(held) / len(held) == pytest.approx(SHARE, abs=0.02)
    assert waits.share == pytest.approx(SHARE, abs=0.1)


def test_who_leaves_early_says_nothing_of_the_bound_and_who_leaves_after_it_says_no() -> None:
    waits = WaitEstimator()
    waits.abandoned(100.0, 50.0, told(bound_s=90), was_next=True)
    assert waits.told == 0
    waits.abandoned(200.0, 95.0, told(bound_s=90), was_next=True)
    assert waits.told == 1
    assert waits.share < SHARE


def test_whoever_was_not_told_to_wait_teaches_nothing() -> None:
    waits = WaitEstimator()
    before = waits.estimate(4, 10)
    waits.started(10.0, 0.2, told(mean_s=0.0, bound_s=0.0))
    waits.started(11.0, 0.2, None)
    waits.abandoned(12.0, 0.1, None, was_next=True)
    assert waits.estimate(4, 10) == before
