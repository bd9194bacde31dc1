"""What holds of every picture: how policies bear up at the edges, and which way they go."""

from dataclasses import replace
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactcenter.dialer.learning import Learning
from contactcenter.dialer.pacing import (
    MOST_AT_ONCE,
    PacingInputs,
    Policy,
    Predictive,
    Progressive,
    Ratio,
    spare,
)
from contactcenter.dialer.steering import START


def taught(share: float) -> Learning:
    """Some hundred calls: answered after 9 s or ended after 25 s."""
    learning = Learning()
    for number in range(400):
        at = float(number)
        learning.placed(at)
        if number % 100 < 100 * share:
            learning.answered(at, at + 9.0)
            learning.talked(60.0 + number % 90)
            learning.wrapped_up(15.0)
        else:
            learning.ended(at, at + 25.0)
    return learning


LEARNT = {share: taught(share).learnt(1000.0) for share in (0.1, 0.3, 0.7)} | {0.0: Learning().learnt(0.0)}
"""By the share of answers; 0: nothing was seen yet."""

lasting = st.lists(st.floats(0, 4000), max_size=20).map(tuple)
pictures = st.builds(
    PacingInputs,
    idle=st.integers(0, 12),
    talking=lasting,
    wrapping_up=st.lists(st.floats(0, 4000), max_size=8).map(tuple),
    ringing=st.lists(st.floats(0, 90), max_size=20).map(tuple),
    waiting=st.integers(0, 6),
    level=st.floats(0, 0.3),
    learnt=st.sampled_from(list(LEARNT.values())),
    room=st.integers(0, 200),
)
policies = st.sampled_from([Predictive(), Progressive(), Ratio()])


@given(policies, pictures)
def test_never_more_than_there_is_room_for(policy: Policy, inputs: PacingInputs) -> None:
    assert 0 <= policy.place(inputs).place <= min(inputs.room, MOST_AT_ONCE)


@given(policies, pictures)
def test_the_same_picture_has_the_same_answer(policy: Policy, inputs: PacingInputs) -> None:
    assert policy.place(inputs) == policy.place(replace(inputs))


@given(pictures)
def test_with_level_0_one_call_for_each_idle_agent(inputs: PacingInputs) -> None:
    """Nobody can be dropped: as progressive, however small the group."""
    careful = replace(inputs, level=0.0)
    assert Predictive().place(careful).place == Progressive().place(inputs).place


@given(pictures)
def test_never_fewer_than_progressive(inputs: PacingInputs) -> None:
    assert Predictive().place(inputs).place >= Progressive().place(inputs).place


@given(pictures)
def test_without_an_agent_no_call(inputs: PacingInputs) -> None:
    nobody = replace(inputs, idle=0, talking=(), wrapping_up=())
    assert Predictive().place(nobody).place == 0


@settings(max_examples=300)
@given(pictures, st.integers(1, 4))
def test_more_idle_agents_never_fewer_calls(inputs: PacingInputs, more: int) -> None:
    few = replace(inputs, room=12)
    assert Predictive().place(replace(few, idle=few.idle + more)).place >= Predictive().place(few).place


@settings(max_examples=300)
@given(pictures, st.floats(0, 60))
def test_one_more_that_rings_never_more_calls(inputs: PacingInputs, age: float) -> None:
    few = replace(inputs, room=12)
    more = replace(few, ringing=(*few.ringing, age))
    assert Predictive().place(more).place <= Predictive().place(few).place


@given(pictures)
def test_one_more_who_waits_never_more_calls(inputs: PacingInputs) -> None:
    few = replace(inputs, room=12)
    assert Predictive().place(replace(few, waiting=few.waiting + 1)).place <= Predictive().place(few).place


@given(pictures, st.floats(0, 0.3))
def test_a_higher_level_never_fewer_calls(inputs: PacingInputs, more: float) -> None:
    few = replace(inputs, room=12)
    assert Predictive().place(replace(few, level=few.level + more)).place >= Predictive().place(few).place


@given(pictures)
def test_the_reason_is_one_of_the_words(inputs: PacingInputs) -> None:
    pacing = Predictive().place(inputs)
    assert pacing.why in ("one_each", "predicted", "too_risky")
    if pacing.place > max(0, spare(inputs)):
        assert pacing.why == "predicted"


@pytest.mark.parametrize("share", [0.1, 0.3, 0.7])
@pytest.mark.parametrize("idle", [0, 1, 2])
@pytest.mark.parametrize("talking", [(), (30.0,), (30.0, 100.0)])
def test_a_group_of_some_agents_is_paced_nearly_as_progressive(
    share: float, idle: int, talking: tuple[float, ...]
) -> None:
    """By itself: with few agents the next call would nearly always be one too many."""
    few = PacingInputs(
        idle=idle,
        talking=talking,
        wrapping_up=(),
        ringing=(),
        waiting=0,
        level=0.03,
        learnt=LEARNT[share],
    )
    more = Predictive().place(few).place - Progressive().place(few).place
    assert 0 <= more <= (idle >= 2 and share < 0.2)


@pytest.mark.parametrize("agents", [1, 2, 3])
def test_before_anything_is_known_a_small_group_is_paced_as_progressive(agents: int) -> None:
    """Cold start: the share of answers is taken to be high, and the level is low."""
    cold = PacingInputs(
        idle=agents,
        talking=(),
        wrapping_up=(),
        ringing=(),
        waiting=0,
        level=START,
        learnt=LEARNT[0.0],
    )
    assert Predictive().place(cold).place == agents


@pytest.mark.parametrize("share", [0.15, 0.3, 0.5, 0.6])
@pytest.mark.parametrize("agents", [5, 10, 20, 50])
def test_a_cold_start_drops_less_than_the_limit_whatever_the_share(agents: int, share: float) -> None:
    """All that the first decision places is answered at once, by so many persons, and nobody becomes free."""
    cold = PacingInputs(
        idle=agents,
        talking=(),
        wrapping_up=(),
        ringing=(),
        waiting=0,
        level=START,
        learnt=LEARNT[0.0],
    )
    calls = Predictive().place(cold).place
    assert calls > agents
    dropped = sum(
        (many - agents) * comb(calls, many) * share**many * (1 - share) ** (calls - many)
        for many in range(agents + 1, calls + 1)
    )
    assert dropped / (calls * share) < 0.03
