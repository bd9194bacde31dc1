"""The hours of the law, in every zone and on every day on which clocks change, against a table of their own.

The table is written down a second time, as facts say it: a value that slips in `profiles.py` is found here.
"""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.crm.zones import where
from contactcenter.dialer.permission import DAY_S, Dialled, Refusal, Terms, next_moment, refusal
from contactcenter.dialer.profiles import PROFILES

FREE = where("+18005551234").zones
RUSSIAN = where("+79161234567").zones
BRITISH = where("+447400123456").zones
AUSTRALIAN = where("+61412345678").zones
ODD = (
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Havana",
    "Asia/Kathmandu",
    "America/Nuuk",
)
ZONES = sorted({*FREE, *RUSSIAN, *BRITISH, *AUSTRALIAN, *ODD, "Asia/Shanghai", "Europe/Berlin"})

EVERY_DAY = range(7)
HOURS = {
    ("US", ""): [(EVERY_DAY, (8, 0), (21, 0))],
    ("US", "US-FL"): [(EVERY_DAY, (8, 0), (20, 0))],
    ("US", "US-OK"): [(EVERY_DAY, (8, 0), (20, 0))],
    ("US", "US-MD"): [(EVERY_DAY, (8, 0), (20, 0))],
    ("US", "US-TX"): [(range(6), (9, 0), (21, 0)), ([6], (12, 0), (21, 0))],
    ("US", "CA"): [(range(5), (9, 0), (21, 0)), ([5, 6], (10, 0), (18, 0))],
    ("US", "US-NY"): [(EVERY_DAY, (8, 0), (21, 0))],
    ("UK", "GB"): [(range(6), (9, 0), (20, 0)), ([6], (10, 0), (16, 0))],
    ("EU", "DE"): [(range(6), (9, 0), (20, 0))],
    ("CN", "CN"): [(EVERY_DAY, (9, 0), (21, 0))],
}
"""Profile and region -> days from Monday (0), from, to. Of Canada's 21:30 the profile's own 21:00 is left."""
KNOWN = [(profile, region) for profile, region in HOURS if region]

YEAR = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def terms(profile: str, at: float) -> Terms:
    return Terms(profile=PROFILES[profile], caller_id_verified=True, message=True, national_list_at=at)


def dialled(zones: tuple[str, ...], region: str) -> Dialled:
    return Dialled(zones=zones, regions=(region,), consent=True)


def may(profile: str, region: str, zones: tuple[str, ...], at: float) -> bool:
    found = refusal(terms(profile, at), dialled(zones, region), at, reserved=False)
    assert found in (None, Refusal.NOT_NOW)
    return found is None


def by_the_table(profile: str, region: str, zones: tuple[str, ...], at: float) -> bool:
    """What the clocks show, and whether that lies within the table's hours, in each zone."""
    for zone in zones:
        shown = datetime.fromtimestamp(at, ZoneInfo(zone))
        second = (shown.hour * 60 + shown.minute) * 60 + shown.second
        spans = [(a, b) for days, a, b in HOURS[profile, region] if shown.weekday() in days]
        if not any((a[0] * 60 + a[1]) * 60 <= second < (b[0] * 60 + b[1]) * 60 for a, b in spans):
            return False
    return True


def changes(zone: str) -> list[datetime]:
    """The days of 2026 on which the clocks of a zone change."""
    days = [datetime(2026, 1, 1, 12, tzinfo=ZoneInfo(zone)) + timedelta(days=each) for each in range(365)]
    return [now for before, now in pairwise(days) if before.utcoffset() != now.utcoffset()]


@pytest.mark.parametrize("zone", ZONES)
def test_the_hours_end_to_the_second_in_every_zone_on_usual_days_and_when_clocks_change(zone: str) -> None:
    days = [datetime(2026, 1, 7, tzinfo=ZoneInfo(zone)), datetime(2026, 7, 5, tzinfo=ZoneInfo(zone))]
    for day in [*days, *changes(zone)]:
        for profile, region in KNOWN:
            for dates, begin, end in HOURS[profile, region]:
                if day.weekday() not in dates:
                    continue
                first, last = (day.replace(hour=h, minute=m).timestamp() for h, m in (begin, end))
                around = [may(profile, region, (zone,), at) for at in (first - 1, first, last - 1, last)]
                assert around == [False, True, True, False], (day, profile, region)


@given(
    st.sampled_from(KNOWN),
    st.sets(st.sampled_from(ZONES), min_size=1, max_size=5),
    st.integers(0, 366 * 86400),
)
def test_it_may_ring_when_the_table_says_so_in_every_zone(
    rule: tuple[str, str], zones: set[str], second: int
) -> None:
    at = YEAR + second
    assert may(*rule, tuple(sorted(zones)), at) == by_the_table(*rule, tuple(sorted(zones)), at)


@pytest.mark.parametrize(
    ("number", "many"),
    [("+18005551234", 42), ("+79161234567", 16), ("+447400123456", 4), ("+12125551234", 1)],
)
def test_a_number_of_many_zones_rings_only_within_the_hours_of_all(number: str, many: int) -> None:
    """Every quarter of an hour of two weeks, of which one has the clocks' change."""
    found = where(number)
    assert len(found.zones) == many
    asked = Dialled(zones=found.zones, regions=found.regions, consent=True)
    begin = datetime(2026, 10, 22, tzinfo=UTC).timestamp()
    rang = 0
    for step in range(14 * 96):
        at = begin + step * 900
        if refusal(terms("US", at), asked, at, reserved=False) is None:
            rang += 1
            for zone in found.zones:
                assert 8 <= datetime.fromtimestamp(at, ZoneInfo(zone)).hour < 21, (at, zone)
    assert rang > 0


def test_a_number_that_may_be_in_a_strict_state_keeps_its_hours() -> None:
    """Nobody knows where a number of +1 800 is: by New York's clock perhaps Florida, till 20:00."""
    zones = ("America/New_York",)
    end = datetime(2026, 7, 1, 20, tzinfo=ZoneInfo("America/New_York")).timestamp()
    unknown, known = Dialled(zones=zones), Dialled(zones=zones, regions=("US-NY",))
    assert refusal(terms("US", end), unknown, end, reserved=True) is Refusal.NOT_NOW
    assert refusal(terms("US", end), known, end, reserved=True) is None
    west = Dialled(zones=("America/Los_Angeles",))
    begin = datetime(2026, 7, 1, 8, tzinfo=ZoneInfo("America/Los_Angeles")).timestamp()
    assert refusal(terms("US", begin), west, begin, reserved=True) is None, "Texas is not there"


def test_a_number_of_two_states_keeps_the_hours_of_both() -> None:
    """The area code says Florida, the address Texas."""
    found = where("+13055551234", region="US-TX")
    asked = Dialled(zones=found.zones, regions=found.regions)
    allowed = [
        hour
        for hour in range(24)
        for at in [datetime(2026, 7, 1, hour, tzinfo=ZoneInfo("America/New_York")).timestamp()]
        if refusal(terms("US", at), asked, at, reserved=True) is None
    ]
    assert allowed == list(range(11, 20)), "9 in Denver, where a part of Texas is, to 20 in Miami"


def test_a_day_that_a_zone_leaves_out() -> None:
    """In Apia the 30th of December 2011, a Friday, did not exist."""
    apia = ZoneInfo("Pacific/Apia")
    asked = dialled(("Pacific/Apia",), "CN")
    evening = datetime(2011, 12, 29, 21, tzinfo=apia).timestamp()
    morning = datetime(2011, 12, 31, 9, tzinfo=apia).timestamp()
    assert morning - evening == 12 * 3600
    assert next_moment(terms("CN", evening), asked, evening) == morning


@given(
    st.sampled_from(KNOWN),
    st.sets(st.sampled_from(ZONES), min_size=1, max_size=3),
    st.integers(0, 366 * 86400),
    st.lists(st.floats(1, 2 * DAY_S), max_size=5),
    st.none() | st.floats(1, 5 * DAY_S),
    st.integers(1, 4),
)
def test_the_next_moment_is_the_first_that_nothing_forbids(
    rule: tuple[str, str], zones: set[str], second: int, ago: list[float], drop: float | None, most: int
) -> None:
    """With an agent reserved; before it everything is refused, for a reason that passes."""
    at = YEAR + second
    profile, region = rule
    asked = Terms(
        profile=PROFILES[profile],
        calls_a_day=most,
        caller_id_verified=True,
        message=True,
        national_list_at=at + DAY_S,
    )
    number = Dialled(
        zones=tuple(sorted(zones)),
        regions=(region,),
        consent=True,
        calls=tuple(sorted(at - each for each in ago)),
        dropped_at=None if drop is None else at - drop,
    )
    found = next_moment(asked, number, at)
    passing = {Refusal.NOT_NOW, Refusal.TOO_OFTEN, Refusal.AFTER_DROP}
    until = at + 7 * DAY_S if found is None else found
    for step in range(20):
        before = at + (until - at) * step / 20
        if before < until - 1e-3:
            assert refusal(asked, number, before, reserved=True) in passing
    if found is not None:
        assert found >= at
        assert refusal(asked, number, found, reserved=True) is None
        if found > at:
            assert refusal(asked, number, found - 1e-3, reserved=True) in passing


def test_the_week_of_the_campaign_and_that_of_the_law_both_hold() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    week = (((time(19), time(23)),),) * 7
    asked = Terms(profile=PROFILES["CN"], week=week, caller_id_verified=True, message=True)
    number = dialled(("Asia/Shanghai",), "CN")
    moments = [datetime(2026, 7, 1, hour, tzinfo=shanghai).timestamp() for hour in range(24)]
    allowed = [hour for hour, at in enumerate(moments) if not refusal(asked, number, at, reserved=False)]
    assert allowed == [19, 20]
