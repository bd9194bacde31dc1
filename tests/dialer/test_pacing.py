"""How many calls are placed, and what is learnt for that."""

from itertools import product
from math import exp
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.dialer.answers import AnswerShare
from contactcenter.dialer.chances import EXACT, Count
from contactcenter.dialer.laws import Law, Learner, law
from contactcenter.dialer.pacing import Learnt, PacingInputs, Predictive, Progressive, Ratio

SECONDS = tuple(float(each) for each in range(60))


def constant(rate: float) -> Law:
    return law((0.0, 1000.0), (rate, rate))


LEARNT = Learnt(
    share=0.3,
    answers=constant(1 / 8),
    others=constant(1 / 12),
    talk=constant(1 / 120),
    wrap_up=constant(1 / 20),
)


def picture(**given: object) -> PacingInputs:
    usual: dict[str, object] = dict.fromkeys(("talking", "wrapping_up", "ringing"), ())
    usual |= {"idle": 0, "waiting": 0, "level": 0.03, "learnt": LEARNT}
    return PacingInputs(**{**usual, **given})  # type: ignore[arg-type]


# --- laws ---


def test_a_constant_rate_forgets_how_long_it_has_lasted() -> None:
    for elapsed in (0.0, 10.0, 5000.0):
        assert constant(0.1).chance(elapsed, 5.0) == pytest.approx(1 - exp(-0.5))
    assert constant(0.1).longer(10.0) == pytest.approx(exp(-1))
    assert constant(0.1).quantile(1 - exp(-1)) == pytest.approx(10.0)


def test_what_has_lasted_long_says_what_the_law_says() -> None:
    """Of talks that end at once or hardly ever, one that has lasted is of the second kind; a peer takes it
    for nearly over."""
    learner = Learner((0, 5, 10, 300), mean=60, variation=1, weight=1, memory=10_000)
    for _ in range(200):
        learner.saw(4.0)
        learner.saw(290.0)
    learnt = learner.law()
    assert learnt.chance(0, 5) == pytest.approx(0.5, abs=0.1)
    assert learnt.chance(12, 5) < 0.1


def test_a_law_is_learnt_and_what_was_cut_off_counts_as_lasting() -> None:
    dice = Random(1)
    learner = Learner(SECONDS, mean=20, variation=0.5, weight=10, memory=5_000)
    for _ in range(4_000):
        seconds = dice.expovariate(1 / 10)
        learner.saw(min(seconds, 8.0), ended=seconds <= 8.0)
    assert learner.law().longer(8.0) == pytest.approx(exp(-0.8), abs=0.03)


def test_before_anything_is_seen_the_guess_stands() -> None:
    guess = Learner(SECONDS, mean=12, variation=0.5, weight=20, memory=1_000).law()
    assert guess.quantile(0.5) == pytest.approx(12 / (1 + 0.25) ** 0.5, rel=0.05)


@given(st.floats(0, 100), st.floats(0, 50), st.floats(0, 50))
def test_chances_grow_with_time(elapsed: float, within: float, more: float) -> None:
    learnt = Learner(SECONDS, mean=12, variation=0.5, weight=20, memory=1_000).law()
    assert 0.0 <= learnt.chance(elapsed, within) <= learnt.chance(elapsed, within + more) <= 1.0


def test_the_share_of_answers_is_followed_as_it_drifts() -> None:
    dice, share = Random(2), AnswerShare()
    for minute in range(240):
        truth = 0.3 if minute < 120 else 0.15
        placed = 20
        share.saw(minute * 60.0, placed, sum(dice.random() < truth for _ in range(placed)))
        if minute == 119:
            assert share.share == pytest.approx(0.3, abs=0.06)
    assert share.share == pytest.approx(0.15, abs=0.04)


def test_the_share_begins_high_and_survives_silence() -> None:
    share = AnswerShare()
    assert share.share > 0.5
    for minute in range(600):
        share.saw(minute * 60.0, 50, 0)
    assert 0.0 < share.share < 0.02


# --- counts ---


@given(st.lists(st.floats(0, 1), max_size=8), st.integers(-1, 9))
def test_the_tail_is_exact(chances: list[float], many: int) -> None:
    brute = 0.0
    for happens in product((0, 1), repeat=len(chances)):
        weight = 1.0
        for each, chance in zip(happens, chances, strict=True):
            weight *= chance if each else 1 - chance
        brute += weight * (sum(happens) >= many)
    count = Count(())
    for chance in chances:
        count.add(chance)
    assert count.at_least(many) == pytest.approx(brute, abs=1e-9)
    assert Count(chances).at_least(many) == pytest.approx(brute, abs=1e-9)


def test_many_are_close_to_exact() -> None:
    dice = Random(3)
    for size in (EXACT + 1, 150, 400):
        chances = [dice.random() * 0.4 for _ in range(size)]
        exact = [1.0]
        for chance in chances:
            pairs = zip([*exact, 0.0], [0.0, *exact], strict=True)
            exact = [here * (1 - chance) + before * chance for here, before in pairs]
        for many in range(size):
            assert Count(chances).at_least(many) == pytest.approx(sum(exact[many:]), abs=0.004)


# --- policies ---


def test_progressive_gives_everybody_who_answers_an_agent() -> None:
    place = Progressive().place
    assert place(picture(idle=5, ringing=(1.0, 2.0), waiting=1)).place == 2
    assert place(picture(idle=1, ringing=(1.0, 2.0))).place == 0


def test_the_ratio_fills_up_to_its_level() -> None:
    assert Ratio().place(picture(idle=4, level=2.4, ringing=(1.0,))).place == 9
    assert Ratio().place(picture(idle=0, level=2.4)).place == 0


def test_nobody_free_and_nobody_soon_means_no_call() -> None:
    assert Predictive().place(picture(idle=0, talking=(1.0,) * 3, level=0.03)).place == 0
    assert Predictive().place(picture(idle=0)).place == 0


def test_more_agents_more_calls_more_ringing_fewer() -> None:
    place = Predictive().place
    few, more = place(picture(idle=2)).place, place(picture(idle=6)).place
    assert 2 <= few < more
    assert place(picture(idle=6, ringing=(1.0,) * 4)).place < more
    assert place(picture(idle=6, waiting=2)).place < more
    assert place(picture(idle=6, level=0.1)).place > more


def test_a_single_agent_gets_one_call_at_a_time() -> None:
    """Two at once would drop more than the limit."""
    assert Predictive().place(picture(idle=1)).place == 1
    assert Predictive().place(picture(idle=1, ringing=(0.0,))).place == 0


@given(
    st.integers(0, 20),
    st.lists(st.floats(0, 600), max_size=30),
    st.lists(st.floats(0, 100), max_size=30),
    st.lists(st.floats(0, 40), max_size=60),
    st.integers(0, 5),
    st.floats(0.001, 0.5),
)
def test_the_same_picture_has_the_same_answer(
    idle: int, talking: list[float], wrapping: list[float], ringing: list[float], waiting: int, level: float
) -> None:
    asked = picture(
        idle=idle,
        talking=tuple(talking),
        wrapping_up=tuple(wrapping),
        ringing=tuple(ringing),
        waiting=waiting,
        level=level,
    )
    first = Predictive().place(asked)
    assert first == Predictive().place(asked)
    assert first.place >= 0
    if waiting >= idle + len(talking) + len(wrapping):
        assert first.place == 0
