"""When a center is open."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.routing.hours import ALWAYS, Calendar, Span
from tests.core.world import NOON

BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_FIVE = ((time(9), time(17)),)
ALL_DAY = ((time(0), time(0)),)
WEEK = (NINE_TO_FIVE,) * 5 + ((), ())


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


def test_a_midnight_that_the_clocks_skip_opens_when_they_go_on() -> None:
    """In Cairo they go from 23:59:59 to 1:00, at the end of a Thursday in April."""
    cairo = ZoneInfo("Africa/Cairo")
    calendar = Calendar(zone=cairo, week=(((time(0), time(5)),),) * 7)
    assert calendar.next_opening(at("2026-04-23T22:30", cairo)) == at("2026-04-24T01:00", cairo)


def test_an_opening_before_a_midnight_that_the_clocks_skip_is_not_there_on_that_day() -> None:
    """In Nuuk they go from 23:59:59 to 1:00, too, but it is Saturday's end that is skipped: from 23:00 on."""
    nuuk = ZoneInfo("America/Nuuk")
    calendar = Calendar(zone=nuuk, week=(((time(23, 15), time(23, 45)),),) * 7)
    assert calendar.next_opening(at("2026-03-28T22:30", nuuk)) == at("2026-03-29T23:15", nuuk)


CHANGES = (
    *(("Africa/Cairo", "2026-04-24"), ("Africa/Cairo", "2026-10-30"), ("America/Havana", "2026-03-08")),
    *(("America/Havana", "2026-11-01"), ("America/Nuuk", "2026-03-29"), ("America/Nuuk", "2026-10-25")),
    *(("Asia/Beirut", "2026-03-29"), ("Asia/Beirut", "2026-10-25"), ("America/Santiago", "2026-04-05")),
    *(("America/Santiago", "2026-09-06"), ("Australia/Lord_Howe", "2026-04-05")),
    *(
        ("Australia/Lord_Howe", "2026-10-04"),
        ("Atlantic/Azores", "2026-03-29"),
        ("Pacific/Apia", "2011-12-31"),
    ),
    *(
        ("Atlantic/Azores", "2026-10-25"),
        ("Antarctica/Troll", "2026-03-29"),
        ("Africa/Casablanca", "2026-03-22"),
    ),
)
"""Clocks that change at midnight, before it, by half an hour, by two, by a day."""


@given(
    st.sampled_from(CHANGES),
    st.integers(0, 95),
    st.integers(1, 24),
    st.integers(-120, 24),
)
def test_the_next_opening_is_the_first_wherever_the_clocks_change(
    change: tuple[str, str], begin: int, long: int, before: int
) -> None:
    zone = ZoneInfo(change[0])
    end = min(begin + long, 96) % 96
    span = (time(begin // 4, begin % 4 * 15), time(end // 4, end % 4 * 15))
    calendar = Calendar(zone=zone, week=((span,),) * 7)
    now = at(change[1], zone) + before * 900
    first = next(each for step in range(4 * 24 * 4) if calendar.is_open(each := now + step * 900))
    assert calendar.next_opening(now) == first


def test_an_hour_that_the_clocks_repeat_is_open_again() -> None:
    calendar = Calendar(zone=BERLIN, week=(((time(0), time(2, 30)),),) * 7)
    first_closing = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN).timestamp()
    assert not calendar.is_open(first_closing)
    assert calendar.next_opening(first_closing) == first_closing + 1800, "at 3:00 it is 2:00 once more"


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
