"""Where a telephone number may be."""

import time
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import timezone

from contactcenter.crm.errors import Refusal
from contactcenter.crm.zones import Where, where
from contactcenter.dialer.regions import CANADA_ZONES, STATES, state_of_area, state_of_zip

TOLL_FREE = "+18005551234"


@pytest.mark.parametrize(
    ("number", "zones", "regions"),
    [
        ("+12125551234", ("America/New_York",), ("US-NY",)),
        ("+13055551234", ("America/New_York",), ("US-FL",)),
        ("+18504344444", ("America/Chicago",), ("US-FL",)),
        ("+15125551234", ("America/Chicago",), ("US-TX",)),
        ("+18085551234", ("Pacific/Honolulu",), ("US-HI",)),
        ("+14165551234", ("America/Toronto",), ("CA",)),
        ("+18762345678", ("America/Jamaica",), ("JM",)),
        ("+8613800138000", ("Asia/Shanghai",), ("CN",)),
        ("+861088888888", ("Asia/Shanghai",), ("CN",)),
        ("+4930123456", ("Europe/Berlin",), ("DE",)),
        ("+6857201234", ("Pacific/Apia",), ("WS",)),
        ("+80012345678", (), ()),
        ("no number", (), ()),
        ("", (), ()),
    ],
)
def test_a_number_says_where_it_is(number: str, zones: tuple[str, ...], regions: tuple[str, ...]) -> None:
    assert where(number) == Where(zones=zones, regions=regions)


@pytest.mark.parametrize(
    ("number", "many", "among", "regions"),
    [
        (TOLL_FREE, 42, "Pacific/Guam", ()),
        ("+79161234567", 16, "Asia/Kamchatka", ("RU",)),
        ("+447400123456", 4, "Europe/London", ("GB",)),
        # Of a range that is given out to nobody yet, all that is known is the country.
        ("+447700900123", 4, "Europe/Jersey", ("GB", "GG", "IM", "JE")),
        ("+12325551234", 42, "America/New_York", ()),
        ("+61412345678", 8, "Australia/Lord_Howe", ("AU",)),
    ],
)
def test_a_number_that_does_not_say_may_be_in_each_zone(
    number: str, many: int, among: str, regions: tuple[str, ...]
) -> None:
    found = where(number)
    assert len(found.zones) == many
    assert among in found.zones
    assert found.regions == regions


def test_the_records_zone_narrows_what_is_possible() -> None:
    assert where("+79161234567", zone="Asia/Omsk").zones == ("Asia/Omsk",)
    assert where(TOLL_FREE, zone="America/Phoenix").zones == ("America/Phoenix",)


def test_a_zone_of_the_same_clock_narrows_too() -> None:
    """The tables know Detroit and Indianapolis as New York."""
    assert "America/New_York" in where(TOLL_FREE, zone="America/Detroit").zones
    assert "America/Los_Angeles" not in where(TOLL_FREE, zone="America/Detroit").zones
    assert where("+13135551234", zone="America/Detroit").zones == ("America/New_York",)


def test_a_zone_where_the_number_can_not_be_stands_beside_the_numbers_own() -> None:
    assert where("+12125551234", zone="Asia/Tokyo").zones == ("America/New_York", "Asia/Tokyo")
    assert where("+8613800138000", zone="Europe/London").zones == ("Asia/Shanghai", "Europe/London")
    assert where("+80012345678", zone="Europe/London").zones == ("Europe/London",)


def test_who_lives_elsewhere_than_his_number_may_be_in_any_state_there() -> None:
    """A Californian's number, a clock of Chicago: Texas, perhaps."""
    assert where("+12135551234", zone="America/Chicago").regions == ()
    assert where("+12135551234", region="TX").regions == ("US-CA", "US-TX")
    assert where(TOLL_FREE, region="FR").regions == ()


@pytest.mark.parametrize("said", ["中国", "北京", "广东省", "重庆市", "内蒙古自治区", "新疆维吾尔自治区"])
def test_a_part_of_china_is_said_in_chinese(said: str) -> None:
    assert where("+8613800138000", region=said) == where("+8613800138000", region="CN")
    with pytest.raises(Refusal):
        where("+8613800138000", region=f"{said}x")


@pytest.mark.parametrize(
    ("given_", "zones", "regions"),
    [
        ({"region": "US-FL"}, ("America/New_York",), ("US-NY", "US-FL")),
        ({"region": " fl "}, ("America/New_York",), ("US-NY", "US-FL")),
        ({"postcode": "33101"}, ("America/New_York",), ("US-NY", "US-FL")),
        ({"postcode": "10001-1234"}, ("America/New_York",), ("US-NY",)),
        ({"postcode": "90210"}, ("America/New_York", "America/Los_Angeles"), ("US-NY", "US-CA")),
        ({"postcode": "SW1A 1AA"}, ("America/New_York",), ("US-NY",)),
        ({"postcode": "٣٣١٠١"}, ("America/New_York",), ("US-NY",)),
        ({"region": "DE"}, ("America/New_York",), ("US-NY", "US-DE")),
        ({"region": "FR"}, ("America/New_York", "Europe/Paris"), ("US-NY", "FR")),
        ({"region": "DE-BY"}, ("America/New_York", "Europe/Berlin"), ("US-NY", "DE-BY")),
        ({"region": "JM"}, ("America/New_York",), ("US-NY", "JM")),
    ],
)
def test_the_address_counts_beside_the_area_code(
    given_: dict[str, str], zones: tuple[str, ...], regions: tuple[str, ...]
) -> None:
    assert where("+12125551234", **given_) == Where(zones=zones, regions=regions)


def test_the_address_of_a_free_number_says_where_it_is() -> None:
    assert where(TOLL_FREE, region="US-OK") == Where(
        zones=("America/Chicago", "America/Denver"), regions=("US-OK",)
    )
    assert where(TOLL_FREE, region="CA").regions == ("US-CA",), "of a number that may be American"


@pytest.mark.parametrize("zone", ["Mars/Base", "../../etc/passwd", "/etc/localtime", "a\x00b", "x" * 10_000])
def test_a_zone_that_does_not_exist_is_refused_by_name(zone: str) -> None:
    with pytest.raises(Refusal, match="there is no zone") as refused:
        where("+12125551234", zone=zone)
    assert refused.value.field == "zone"
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("region", ["US-ZZ", "Florida", "ZZ", "US-", "-", "DE-", "DE-BAYERN", "\u202eFL"])
def test_a_region_that_does_not_exist_is_refused_by_name(region: str) -> None:
    with pytest.raises(Refusal, match="there is no region") as refused:
        where("+8613800138000", region=region)
    assert refused.value.field == "region"


def test_the_tables_of_the_states_are_whole_and_agree_with_the_library() -> None:
    assert len(STATES) == 51
    areas = [area for state in STATES.values() for area in state.area_codes]
    assert len(areas) == len({*areas})
    for state in STATES.values():
        for area in state.area_codes:
            number = phonenumbers.PhoneNumber(country_code=1, national_number=area * 10_000_000 + 2345678)
            assert phonenumbers.region_code_for_number(number) == "US", area
            for zone in timezone.time_zones_for_number(number):
                found = where(f"+1{area}2345678")
                assert found.regions == (state.code,)
                assert zone in found.zones
                again = where(f"+1{area}2345678", region=state.code)
                assert {*again.zones} == {*found.zones}, "both are of one place"


def test_no_area_code_of_the_states_is_missing() -> None:
    kind = phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE
    for area in range(200, 1000):
        for office in (234, 345, 456, 567, 678, 789, 987):
            number = phonenumbers.PhoneNumber(country_code=1, national_number=area * 10**7 + office * 10**4)
            if phonenumbers.number_type(number) == kind:
                american = phonenumbers.region_code_for_number(number) == "US"
                assert bool(state_of_area(area)) == american, area


def test_zip_codes_are_of_one_state_each() -> None:
    known = [each for state in STATES.values() for begin, end in state.zips for each in range(begin, end + 1)]
    assert len(known) == len({*known})
    towns = {"33101": "FL", "73301": "TX", "73102": "OK", "21201": "MD", "20001": "DC", "10001": "NY"}
    towns |= {"94105": "CA", "02108": "MA", "06101": "CT", "99501": "AK", "96813": "HI", "60601": "IL"}
    assert {zip_: state_of_zip(zip_) for zip_ in towns} == {zip_: f"US-{it}" for zip_, it in towns.items()}
    assert [state_of_zip(each) for each in ("00901", "34012", "1234", "123456", "abcde", "")] == [""] * 6


def test_canadas_zones_are_those_of_the_library() -> None:
    free = where(TOLL_FREE).zones
    assert {*CANADA_ZONES} <= {*free}


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_whatever_the_number_the_zones_exist(number: str) -> None:
    for zone in where(number).zones:
        ZoneInfo(zone)


def test_a_million_leads_don_t_wait_for_it() -> None:
    """Under 0.2 ms each, ten times what it takes: an import of a million is minutes anyway."""
    numbers = [f"+1{area}555{line:04}" for area in (212, 305, 415, 800) for line in range(500)]
    where(numbers[0])
    began = time.process_time()
    for number in numbers:
        where(number, zone="America/New_York")
    assert (time.process_time() - began) / len(numbers) < 2e-4
