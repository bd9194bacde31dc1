"""What the law says of outgoing calls: hours in every zone, caps, lists, drops."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, time
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.dialer.campaigns import Campaign, Mode
from contactcenter.dialer.drops import Drops, upper_share
from contactcenter.dialer.hours import Hours, allowed, next_allowed
from contactcenter.dialer.permission import (
    CAMPAIGNS,
    LASTING,
    SAYS,
    Dialled,
    Refusal,
    Terms,
    next_moment,
    refusal,
    terms_of,
)
from contactcenter.dialer.profiles import PROFILES, Week, daily

US = PROFILES["US"]
NEW_YORK = ("America/New_York",)


def moment(zone: str, *when: int) -> float:
    return datetime(*when, tzinfo=ZoneInfo(zone)).timestamp()  # type: ignore[arg-type, misc]


NOON = moment("America/New_York", 2026, 7, 1, 12)
TERMS = Terms(profile=US, caller_id_verified=True, message=True, national_list_at=NOON - 86400)
DIALLED = Dialled(zones=NEW_YORK, regions=("US-NY",), consent=True)


def everywhere(weeks: Iterable[Week], zones: Iterable[str]) -> Hours:
    return tuple(product(weeks, zones))


@pytest.mark.parametrize(
    ("profile", "zone", "first", "last"),
    [
        ("US", "America/New_York", (8, 0), (21, 0)),
        ("CN", "Asia/Shanghai", (9, 0), (21, 0)),
        ("UK", "Europe/London", (9, 0), (20, 0)),
    ],
)
def test_the_hours_begin_and_end_to_the_second(
    profile: str, zone: str, first: tuple[int, int], last: tuple[int, int]
) -> None:
    hours = everywhere([PROFILES[profile].week], [zone])
    begin, end = moment(zone, 2026, 7, 1, *first), moment(zone, 2026, 7, 1, *last)
    assert [allowed(hours, at) for at in (begin - 1, begin, end - 1, end)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("region", ["US-FL", "US-OK", "US-MD"])
def test_three_states_end_at_eight(region: str) -> None:
    at = moment("America/New_York", 2026, 7, 1, 20)
    assert refusal(TERMS, replace(DIALLED, regions=(region,)), at - 1, reserved=False) is None
    assert refusal(TERMS, replace(DIALLED, regions=(region,)), at, reserved=False) is Refusal.NOT_NOW
    assert refusal(TERMS, DIALLED, at, reserved=False) is None


def test_texas_sleeps_long_on_sundays() -> None:
    texan = Dialled(zones=("America/Chicago",), regions=("US-TX",), consent=True)
    sunday = moment("America/Chicago", 2026, 7, 5, 12)
    assert refusal(TERMS, texan, sunday - 1, reserved=False) is Refusal.NOT_NOW
    assert refusal(TERMS, texan, sunday, reserved=False) is None


def test_a_number_of_many_zones_keeps_the_hours_of_all() -> None:
    zones = ("America/New_York", "America/Los_Angeles", "Pacific/Honolulu")
    hours = everywhere([US.week], zones)
    begin, end = moment("Pacific/Honolulu", 2026, 7, 1, 8), moment("America/New_York", 2026, 7, 1, 21)
    assert [allowed(hours, at) for at in (begin - 1, begin, end - 1, end)] == [
        False,
        True,
        True,
        False,
    ]
    assert next_allowed(hours, end) == begin + 86400


@pytest.mark.parametrize("day", [(2026, 3, 8), (2026, 11, 1)], ids=["spring", "autumn"])
def test_on_days_on_which_the_clocks_change_the_wall_clock_counts(day: tuple[int, int, int]) -> None:
    begin, end = (moment("America/New_York", *day, hour) for hour in (8, 21))
    assert [allowed(everywhere([US.week], NEW_YORK), at) for at in (begin - 1, begin, end - 1, end)] == [
        *(False, True, True, False)
    ]


def test_hours_that_never_meet_are_found_out() -> None:
    night = ((time(8), time(9)),)
    week = (night,) * 7
    zones = ("Asia/Shanghai", "Europe/London")
    assert next_allowed(everywhere([week], zones), NOON) is None


@given(
    at=st.floats(1.7e9, 1.9e9),
    zones=st.sets(
        st.sampled_from(["Asia/Shanghai", "Europe/London", "America/New_York", "Pacific/Apia"]), max_size=3
    ),
    begin=st.integers(0, 20),
    long=st.integers(1, 4),
)
def test_the_next_moment_is_allowed_and_nothing_before_it_is(
    at: float, zones: set[str], begin: int, long: int
) -> None:
    asked = everywhere([daily(begin, begin + long), US.week], zones)
    found = next_allowed(asked, at)
    if found is None:
        assert not any(allowed(asked, at + 900 * step) for step in range(7 * 96))
    else:
        assert allowed(asked, found)
        assert found >= at
        assert not any(
            allowed(asked, each) for each in (at, (at + found) / 2, found - 1) if at <= each < found
        )


@pytest.mark.parametrize(
    ("terms", "dialled", "reserved", "why"),
    [
        ({}, {"do_not_call": True}, True, Refusal.DO_NOT_CALL),
        ({}, {"on_national_list": True, "consent": False}, True, Refusal.NATIONAL_LIST),
        ({}, {"on_national_list": True}, True, None),
        ({"marketing": False}, {"on_national_list": True, "consent": False}, True, None),
        ({"national_list_at": None}, {}, True, Refusal.LIST_TOO_OLD),
        ({"national_list_at": NOON - 31 * 86400 - 1}, {}, True, Refusal.LIST_TOO_OLD),
        ({"national_list_at": NOON - 31 * 86400}, {}, True, None),
        (
            {"profile": PROFILES["CN"]},
            {"consent": False, "zones": ("America/New_York",)},
            True,
            Refusal.NO_CONSENT,
        ),
        ({"caller_id_verified": False}, {}, True, Refusal.NO_CALLER_ID),
        ({"message": False}, {}, False, Refusal.NO_MESSAGE),
        ({"message": False}, {}, True, Refusal.NO_MESSAGE),
        ({"drift_s": 60.0}, {}, True, None),
        ({"drift_s": 60.1}, {}, True, Refusal.WRONG_CLOCK),
        ({"drift_s": -60.1}, {}, True, Refusal.WRONG_CLOCK),
        ({"agents": False}, {}, False, None),
        ({"agents": False}, {"consent": False}, False, Refusal.NO_CONSENT),
        ({"agents": False, "marketing": False}, {"consent": False}, False, None),
        ({}, {"ringing": True}, True, Refusal.RINGING),
        ({}, {"calls": (NOON - 10, NOON - 20, NOON - 86399)}, True, Refusal.TOO_OFTEN),
        ({}, {"calls": (NOON - 10, NOON - 20, NOON - 86400)}, True, None),
        ({"calls_a_day": 1}, {"calls": (NOON - 10,)}, True, Refusal.TOO_OFTEN),
        ({"calls_a_day": 9}, {"calls": (NOON - 10,) * 3}, True, Refusal.TOO_OFTEN),
        ({}, {"dropped_at": NOON - 10}, False, Refusal.AFTER_DROP),
        ({}, {"dropped_at": NOON - 10}, True, None),
        ({}, {"zones": ()}, True, Refusal.NO_ZONE),
    ],
)
def test_each_rule_has_a_name(
    terms: dict[str, Any], dialled: dict[str, Any], reserved: bool, why: Refusal | None
) -> None:
    asked = replace(TERMS, **terms), replace(DIALLED, **dialled)
    assert refusal(*asked, NOON, reserved=reserved) is why


def test_a_copy_of_the_national_list_from_the_future_says_nothing_about_its_age() -> None:
    """Its date may be that of another zone: a day is left for that."""
    assert refusal(replace(TERMS, national_list_at=NOON + 86400), DIALLED, NOON, reserved=True) is None
    late = replace(TERMS, national_list_at=NOON + 86401)
    assert refusal(late, DIALLED, NOON, reserved=True) is Refusal.LIST_TOO_OLD


def test_every_refusal_has_words_and_passes_or_lasts_or_is_the_campaigns() -> None:
    assert SAYS.keys() == {*Refusal}
    passing = {Refusal.RINGING, Refusal.TOO_OFTEN, Refusal.AFTER_DROP, Refusal.NOT_NOW, Refusal.NOT_DUE}
    assert LASTING | CAMPAIGNS | passing == {*Refusal}
    assert not LASTING & CAMPAIGNS


@given(
    profile=st.sampled_from([*PROFILES]),
    wrong=st.sets(st.sampled_from([each for each in Refusal if each is not Refusal.NOT_DUE])),
    reserved=st.booleans(),
    marketing=st.booleans(),
)
def test_whatever_is_wrong_is_never_passed_over(
    profile: str, wrong: set[Refusal], reserved: bool, marketing: bool
) -> None:
    """Each rule broken alone or with others: one of those that are broken is named, and none if none is."""
    law = PROFILES[profile]
    if law.national_list_days is None:
        wrong = wrong - {Refusal.LIST_TOO_OLD}
    if not law.consent:
        wrong = wrong - {Refusal.NO_CONSENT}
    if not marketing:
        wrong = wrong - {Refusal.LIST_TOO_OLD, Refusal.NO_CONSENT, Refusal.NATIONAL_LIST}
    at = moment("Europe/Berlin", 2026, 7, 1, 3 if Refusal.NOT_NOW in wrong else 12)
    terms = Terms(
        profile=law,
        caller_id_verified=Refusal.NO_CALLER_ID not in wrong,
        drift_s=3600.0 if Refusal.WRONG_CLOCK in wrong else 0.0,
        message=Refusal.NO_MESSAGE not in wrong,
        marketing=marketing,
        national_list_at=None if Refusal.LIST_TOO_OLD in wrong else at - 86400,
    )
    dropped_at = at - 1 if Refusal.AFTER_DROP in wrong else None
    if dropped_at is not None and reserved and law.after_drop_h == 0:
        wrong, dropped_at = wrong - {Refusal.AFTER_DROP}, None
    called = Dialled(
        zones=() if Refusal.NO_ZONE in wrong else ("Europe/Berlin",),
        regions=("DE",),
        do_not_call=Refusal.DO_NOT_CALL in wrong,
        on_national_list=Refusal.NATIONAL_LIST in wrong,
        consent=not {Refusal.NO_CONSENT, Refusal.NATIONAL_LIST} & wrong,
        calls=(at - 1,) * (9 if Refusal.TOO_OFTEN in wrong else 0),
        ringing=Refusal.RINGING in wrong,
        dropped_at=dropped_at,
    )
    if not called.consent and law.consent and marketing:
        wrong = wrong | {Refusal.NO_CONSENT}
    if Refusal.NO_ZONE in wrong:
        wrong = wrong - {Refusal.NOT_NOW}
    found = refusal(terms, called, at, reserved=reserved)
    assert (found in wrong) if wrong else (found is None)


@pytest.mark.parametrize("region", ["US-FL", "US-OK", "US-MD"])
def test_the_cap_of_a_strict_state_holds_whatever_the_profile_says(region: str) -> None:
    loose = replace(TERMS, profile=replace(US, calls_a_day=9))
    three = replace(DIALLED, calls=(NOON - 1, NOON - 2, NOON - 3))
    assert refusal(loose, three, NOON, reserved=True) is None
    for regions in ((region,), ("US-NY", region), ()):
        assert refusal(loose, replace(three, regions=regions), NOON, reserved=True) is Refusal.TOO_OFTEN


def test_in_the_uk_a_dropped_person_is_left_alone_for_three_days() -> None:
    terms = replace(TERMS, profile=PROFILES["UK"])
    there = Dialled(
        zones=("Europe/London",), consent=True, dropped_at=moment("Europe/London", 2026, 7, 1, 12)
    )
    over = moment("Europe/London", 2026, 7, 4, 12)
    terms = replace(terms, national_list_at=over - 86400)
    assert refusal(terms, there, over - 1, reserved=True) is Refusal.AFTER_DROP
    assert refusal(terms, there, over, reserved=True) is None
    assert next_moment(terms, there, over - 86400) == over


def test_the_next_moment_waits_for_the_cap() -> None:
    calls = (NOON - 100, NOON - 50, NOON - 20)
    assert next_moment(TERMS, replace(DIALLED, calls=calls), NOON) == calls[0] + 86400


def test_what_is_only_remembered_of_the_law_says_so() -> None:
    """Texts that nobody has read for this, as facts say: in the code, so in the evidence and on the pages."""
    remembered = (
        "310.4(b)(3)(iv)",
        "64.1200(d)",
        "CRTC",
        "PECR",
        "GDPR, Art. 6",
        "GDPR, Art. 21",
        "2008/2010",
    )
    named = [text for profile in PROFILES.values() for text in profile.sources.values()]
    for cited in remembered:
        found = [text for text in named if cited in text]
        assert found, cited
        assert all("(unverified)" in text.partition(cited)[2] for text in found), cited


def test_a_campaign_never_loosens_the_law() -> None:
    late = replace(TERMS, week=daily(0, 24))
    at = moment("America/New_York", 2026, 7, 1, 22)
    assert refusal(late, DIALLED, at, reserved=True) is Refusal.NOT_NOW


def test_where_a_script_speaks_no_other_message_is_asked_for() -> None:
    campaign = Campaign(
        id="c", name="C", mode=Mode.AGENTLESS, profile="US", queue="", lists=(), trunk="", caller_ids=()
    )
    known: dict[str, Any] = {"caller_id_verified": True, "national_list_at": NOON}
    assert refusal(terms_of(campaign, **known), DIALLED, NOON, reserved=False) is None
    spoken_by_agents = terms_of(replace(campaign, mode=Mode.PREDICTIVE), **known)
    assert refusal(spoken_by_agents, DIALLED, NOON, reserved=False) is Refusal.NO_MESSAGE


# --- drops ---


def test_ofcoms_formula() -> None:
    drops = Drops(connected=9, dropped=29, machines=7)
    assert drops.without_machines(0) == pytest.approx(16.3125 / 25.3125)
    assert round(100 * drops.without_machines(0), 2) == 64.44


def test_machines_are_in_no_denominator_and_misjudged_ones_in_both() -> None:
    assert Drops(connected=97, dropped=3).share == 0.03
    heard = Drops(connected=97, dropped=3, machines=100, heard=50, persons=0)
    bound = 100 * upper_share(0, 50)
    assert heard.share == pytest.approx((3 + bound) / (100 + bound))
    assert Drops(connected=0, dropped=0).share == 0.0


@pytest.mark.parametrize(
    ("found", "of", "bound"),
    [(0, 0, 0.05), (0, 50, 0.05), (0, 100, 0.02951), (1, 20, 0.21611), (5, 5, 1.0), (3, 100, 0.07571)],
)
def test_the_exact_bound_of_a_share(found: int, of: int, bound: float) -> None:
    assert upper_share(found, of) == pytest.approx(bound, abs=1e-5)
