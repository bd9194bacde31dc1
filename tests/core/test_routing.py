"""Who gets whom, in which order, and when a center is open."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.interactions import Outcome
from contactcenter.routing.hours import ALWAYS, Calendar, Span
from contactcenter.routing.queues import Place, Queue
from contactcenter.routing.selection import longest_idle
from contactcenter.values import frozen
from tests.core.world import NOON, queue

BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_FIVE = ((time(9), time(17)),)
ALL_DAY = ((time(0), time(0)),)
WEEK = (NINE_TO_FIVE,) * 5 + ((), ())


def place(call: str, at: float = 1.0, priority: int = 0, into: str = "a") -> Place:
    return Place(rank=-priority, entered_at=at, call=call, queue=into)


@frozen
class Agent:
    """What a choice looks at."""

    login: str
    queues: tuple[str, ...]
    idle_since: float


def free(login: str, since: float = 1.0, *queues: str) -> Agent:
    return Agent(login=login, queues=queues or ("a",), idle_since=since)


def pairs(queues: list[list[Place]], agents: list[Agent]) -> list[tuple[str, str]]:
    return [(match.call, match.login) for match in longest_idle(queues, agents, 10.0)]


# --- selection ---


def test_priority_then_time_of_entry_then_name() -> None:
    line = sorted([place("d", 1), place("c", 1), place("b", 3, 5), place("a", 2, 5)])
    assert [each.call for each in line] == ["a", "b", "c", "d"]


def test_callers_of_all_queues_stand_in_one_order() -> None:
    queues = [[place("x", 2, into="a"), place("y", 4, into="a")], [place("z", 3, into="b")]]
    assert pairs(queues, [free("one", 1, "a", "b"), free("two", 2, "a", "b")]) == [("x", "one"), ("z", "two")]


def test_who_cannot_be_served_holds_up_nobody_behind() -> None:
    queues = [[place("x", 1, into="a")], [place("y", 2, into="b")]]
    assert pairs(queues, [free("bee", 1, "b")]) == [("y", "bee")]


def test_the_longest_idle_and_among_equals_the_login() -> None:
    assert pairs([[place("x")]], [free("zoe", 1), free("amy", 2)]) == [("x", "zoe")]
    assert pairs([[place("x")]], [free("zoe", 1), free("amy", 1)]) == [("x", "amy")]


def test_a_match_says_why() -> None:
    match = longest_idle([[place("x", 4.0)]], [free("amy", 3.0)], 10.0)[0]
    assert match.why == {"rule": "longest_idle", "idle_s": 7.0, "waited_s": 6.0, "queue": "a"}


names = st.sampled_from(["a", "b", "c"])
waiting = st.lists(st.tuples(names, st.integers(0, 2), st.integers(0, 5)), max_size=12)
idle = st.lists(st.tuples(st.sets(names, min_size=1), st.integers(0, 5)), max_size=8)


@given(waiting, idle)
def test_nobody_is_passed_over(
    callers: list[tuple[str, int, int]], agents: list[tuple[set[str], int]]
) -> None:
    places = [place(f"c{n}", at, prio, into) for n, (into, prio, at) in enumerate(callers)]
    queues = [sorted(each for each in places if each.queue == name) for name in "abc"]
    free_ones = {f"g{n}": free(f"g{n}", since, *sorted(into)) for n, (into, since) in enumerate(agents)}
    matches = longest_idle(queues, free_ones.values(), 10.0)
    got = {match.call: free_ones[match.login] for match in matches}
    left = [agent for agent in free_ones.values() if agent not in got.values()]
    assert len({match.login for match in matches}) == len(matches) == len(got)
    for each in places:
        if agent := got.get(each.call):
            assert each.queue in agent.queues
            assert all(
                each.queue not in other.queues or other.idle_since >= agent.idle_since for other in left
            )
            continue
        assert not any(each.queue in agent.queues for agent in left), "a free agent and a caller who waits"
        for other in places:
            if each < other and other.call in got:
                assert each.queue not in got[other.call].queues, "somebody behind was served before"


@given(waiting)
def test_a_queue_keeps_its_order_whoever_comes_and_goes(callers: list[tuple[str, int, int]]) -> None:
    line = Queue(queue("a"))
    for n, (_, priority, at) in enumerate(callers):
        line.enter(place(f"c{n}", at, priority))
        if n % 3 == 2:
            assert line.remove(f"c{n - 1}")
            assert not line.remove(f"c{n - 1}")
    assert line.waiting == sorted(line.waiting)


# --- queues ---


def test_why_a_queue_takes_nobody() -> None:
    shut = Calendar(zone=BERLIN, week=((),) * 7)
    assert Queue(queue("a", calendar=shut)).refusal(NOON) is Outcome.CLOSED
    assert Queue(queue("a", max_waiting=1), waiting=[place("x")]).refusal(NOON) is Outcome.FULL
    assert Queue(queue("a")).refusal(NOON) is Outcome.NO_AGENTS
    assert Queue(queue("a", without_agents=True)).refusal(NOON) is None
    assert Queue(queue("a"), signed_in={"tom"}).refusal(NOON) is None


# --- hours ---


def at(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-27T08:59:59", False),
        ("2026-03-27T09:00:00", True),
        ("2026-03-27T16:59:59", True),
        ("2026-03-27T17:00:00", False),
        ("2026-03-28T12:00:00", False),
        ("2026-12-24T09:30:00", True),
        ("2026-12-24T12:00:00", False),
        ("2026-12-25T12:00:00", False),
    ],
)
def test_hours_and_holidays(moment: str, is_open: bool) -> None:
    holidays = {date(2026, 12, 24): ((time(9), time(12)),), date(2026, 12, 25): ()}
    assert Calendar(zone=BERLIN, week=WEEK, holidays=holidays).is_open(at(moment)) is is_open


def open_seconds(calendar: Calendar, day: date) -> int:
    """How long it is open on a local day, sampled each half minute."""
    start = datetime.combine(day, time(0), calendar.zone).timestamp()
    end = datetime.combine(day + timedelta(days=1), time(0), calendar.zone).timestamp()
    return sum(30 for second in range(int(start), int(end), 30) if calendar.is_open(second))


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 10, 26), 24)]
)
def test_a_day_on_which_the_clocks_change(day: date, hours: int) -> None:
    all_day = Calendar(zone=BERLIN, week=(ALL_DAY,) * 7)
    night = Calendar(zone=BERLIN, week=(((time(1), time(4)),),) * 7)
    assert open_seconds(all_day, day) == hours * 3600
    assert open_seconds(night, day) == (hours - 21) * 3600


def test_the_next_opening() -> None:
    calendar = Calendar(zone=BERLIN, week=WEEK, holidays={date(2026, 3, 30): ()})
    friday_evening = at("2026-03-27T18:00")
    assert calendar.next_opening(friday_evening) == at("2026-03-31T09:00"), "over a DST change and a holiday"
    assert calendar.next_opening(at("2026-03-31T10:00")) == at("2026-03-31T10:00")
    assert calendar.next_opening(at("2026-03-31T08:00")) == at("2026-03-31T09:00")
    assert Calendar(zone=BERLIN, week=((),) * 7).next_opening(friday_evening) is None


def test_a_time_that_the_clocks_skip_opens_when_they_go_on() -> None:
    calendar = Calendar(zone=BERLIN, week=(((time(2, 30), time(5)),),) * 7)
    before = at("2026-03-29T01:00")
    opening = calendar.next_opening(before)
    assert opening is not None
    assert calendar.is_open(opening)
    assert opening == at("2026-03-29T03:00")


def test_an_emergency_shuts_everything() -> None:
    calendar = Calendar(zone=BERLIN, week=(ALL_DAY,) * 7, emergency={"en": "Storm", "zh": "台风"})
    assert not calendar.is_open(NOON)
    assert calendar.next_opening(NOON) is None


spans = st.lists(st.integers(0, 48), min_size=2, max_size=6, unique=True).map(
    lambda halves: tuple(
        (time(a // 2, a % 2 * 30), time(b // 2 % 24, b % 2 * 30))
        for a, b in zip(sorted(halves)[::2], sorted(halves)[1::2], strict=False)
    )
)


around_changes = st.sampled_from(["2026-03-28T18:00", "2026-10-24T18:00", "2026-07-01T00:00"])


@given(st.lists(spans, min_size=7, max_size=7).map(tuple), around_changes, st.integers(0, 24 * 6))
def test_the_next_opening_is_open_and_nothing_before_it_is(
    week: tuple[tuple[Span, ...], ...], day: str, n: int
) -> None:
    calendar = Calendar(zone=BERLIN, week=week)
    now = at(day) + n * 600
    opening = calendar.next_opening(now)
    assert opening is not None
    assert calendar.is_open(opening)
    assert not any(calendar.is_open(now + step) for step in range(0, int(opening - now), 600))


def test_always_is_always() -> None:
    assert all(ALWAYS.is_open(NOON + hour * 3600) for hour in range(200))
