"""Trunks: calls a second, calls at once, and the pause of one that can't carry any."""

from hypothesis import given
from hypothesis import strategies as st

from contactcenter.trunks import FAILURES, LONGEST_PAUSE_S, PAUSE_S, Trunk, TrunkRules


def test_a_second_has_its_calls_and_no_more() -> None:
    trunk = Trunk(TrunkRules(calls_per_s=3))
    placed = 0
    for step in range(101):
        at = 1000 + step * 0.1
        while trunk.room(at):
            trunk.take(at)
            placed += 1
    assert placed == 3 * 10 + 3


def test_no_more_calls_at_once_than_channels() -> None:
    trunk = Trunk(TrunkRules(calls_per_s=100, channels=2))
    assert trunk.room(1000) == 2
    trunk.take(1000)
    trunk.take(1000)
    assert trunk.room(1001) == 0
    trunk.end()
    assert trunk.room(1001) == 1


def test_a_trunk_in_trouble_rests_longer_each_time_and_is_tried_with_one_call() -> None:
    trunk = Trunk(TrunkRules(calls_per_s=100))
    for _ in range(FAILURES - 1):
        trunk.failed(1000)
    assert trunk.room(1000) > 1, "that may be an accident"
    trunk.failed(1000)
    assert trunk.room(1000 + PAUSE_S - 0.1) == 0
    assert trunk.room(1000 + PAUSE_S) == 1
    trunk.take(1010)
    assert trunk.room(1010) == 0, "one is enough to see"
    trunk.end()
    trunk.failed(1010)
    assert trunk.room(1010 + 2 * PAUSE_S - 0.1) == 0
    trunk.worked()
    assert trunk.room(1010 + 2 * PAUSE_S) == 100
    for _ in range(50):
        trunk.failed(2000)
    assert trunk.rests_until == 2000 + LONGEST_PAUSE_S


@given(st.lists(st.floats(0, 2), max_size=200), st.floats(0.2, 50))
def test_never_more_than_the_rate_and_one_burst(gaps: list[float], rate: float) -> None:
    trunk, at, placed = Trunk(TrunkRules(calls_per_s=rate, channels=10_000)), 1000.0, 0
    trunk.room(at)
    begin = at
    for gap in gaps:
        at += gap
        for _ in range(trunk.room(at)):
            trunk.take(at)
            placed += 1
        assert placed <= (at - begin) * rate + max(1.0, rate) + 1e-6
