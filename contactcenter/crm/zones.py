"""Where a telephone number may be: every zone whose clock may hang there, and every part of a country.

Of a number that says it exactly there is one zone; of one that anybody carries about, all of its country's.
What a record says of the person's address narrows that, or adds to it, and never overrules it: a zone that
the number can't be in stands beside the number's own, and the hours of both are kept.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType, timezone

from contactcenter.crm.errors import Refusal
from contactcenter.dialer.regions import CANADA_ZONES, STATES, state_of_area, state_of_zip
from contactcenter.values import frozen

_NORTH_AMERICA = 1
_BLOCK = 10_000
"""Of numbers of North America all in one such block are of one office."""
_OF_A_PLACE = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_COMPARED = tuple(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=5 * step) for step in range(146))
"""Zones whose clocks agree at all of these moments (two years) keep the same hours."""


@frozen
class Where:
    """Where somebody may be."""

    zones: tuple[str, ...]
    """None: nobody knows what the clock shows there."""
    regions: tuple[str, ...]
    """ISO 3166-2 (`US-FL`) where parts of the country have rules of their own, else ISO 3166-1 (`GB`). None:
    nobody knows."""


def where(number: str, *, zone: str = "", region: str = "", postcode: str = "") -> Where:
    """Where `number` (E.164) may be, with what a record says of the address: its zone (IANA), its region
    (`US-FL`, of numbers of the United States `FL`, too), its ZIP code.

    Raises `Refusal` for a zone or a region that does not exist. A ZIP code that is none says nothing.
    """
    found = _of_number(number)
    american = number.startswith(f"+{_NORTH_AMERICA}") and all(each[:2] == "US" for each in found.regions)
    regions = _regions_said(region, postcode, american)
    zones = (checked_zone(zone),) if zone else tuple(each for said in regions for each in _zones_of(said))
    if not zones:
        return Where(zones=found.zones, regions=_both(found.regions, regions))
    if narrowed := _both((), tuple(each for said in zones for each in _among(found.zones, said))):
        return Where(zones=narrowed, regions=_both(found.regions, regions))
    # The person lives elsewhere than the number: then one of the two may be anywhere, if it does not say.
    known = _both(found.regions, regions) if found.regions and regions else ()
    return Where(zones=_both(found.zones, zones), regions=known)


def checked_zone(name: str) -> str:
    """The name of a zone of the tz database, or `Refusal`."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refusal(
            f"there is no zone {name[:64]!r}: give one such as Asia/Shanghai", field="zone"
        ) from None


def _both(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


_CHINESE = re.compile(
    r"(中国|北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川"
    r"|贵州|云南|陕西|甘肃|青海|内蒙古?|广西|西藏|宁夏|新疆)(省|市|(壮族|回族|维吾尔)?自治区)?"
)
"""As Chinese lists name them: one clock is kept in all of them, and no rule is known that differs there."""


def _regions_said(region: str, postcode: str, american: bool) -> tuple[str, ...]:
    """What the record says, by ISO 3166: the region, and that of the ZIP code. Two letters are a state with
    numbers that may be of the United States (`DE` is Delaware), a country with all others."""
    said = region.strip().upper()
    if _CHINESE.fullmatch(said):
        said = "CN"
    if american and f"US-{said}" in STATES:
        said = f"US-{said}"
    if said and not _exists(said):
        raise Refusal(
            f"there is no region {region[:64]!r}: give one such as US-FL or CN, by ISO 3166", field="region"
        )
    return tuple(each for each in _both((said,), (state_of_zip(postcode) if american else "",)) if each)


def _exists(region: str) -> bool:
    country, dash, part = region.partition("-")
    if country == "US" and dash:
        return region in STATES
    return country in phonenumbers.SUPPORTED_REGIONS and (
        not dash or (part.isascii() and part.isalnum() and len(part) <= 3)
    )


def _zones_of(region: str) -> tuple[str, ...]:
    """Every zone of a region that somebody said."""
    if region in STATES:
        return STATES[region].zones
    country = region.partition("-")[0]
    if country == "US":
        return _both((), tuple(zone for state in STATES.values() for zone in state.zones))
    if country == "CA":
        return CANADA_ZONES
    code = phonenumbers.country_code_for_region(country)
    return () if code == _NORTH_AMERICA else _zones_of_country(code)


def _among(possible: tuple[str, ...], said: str) -> tuple[str, ...]:
    """The possible zones that a zone means: itself, or those that keep its clock under another name."""
    if said in possible:
        return (said,)
    return tuple(each for each in possible if _clock(each) == _clock(said))


@lru_cache(maxsize=1024)
def _clock(zone: str) -> tuple[timedelta | None, ...]:
    info = ZoneInfo(zone)
    return tuple(moment.astimezone(info).utcoffset() for moment in _COMPARED)


def _of_number(number: str) -> Where:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return Where(zones=(), regions=())
    code, national = parsed.country_code or 0, parsed.national_number or 0
    if code == _NORTH_AMERICA:
        return _in_north_america(national // _BLOCK)
    zones = _zones_of_country(code)
    if len(zones) < 2:
        return Where(zones=zones, regions=_regions_of_country(code))
    kind = phonenumbers.number_type(parsed)
    if kind != PhoneNumberType.UNKNOWN:
        zones = timezone.time_zones_for_number(parsed)
    region = phonenumbers.region_code_for_number(parsed)
    return Where(zones=tuple(zones), regions=(region,) if region else _regions_of_country(code))


@lru_cache(maxsize=65536)
def _in_north_america(block: int) -> Where:
    """Of the numbers of one office: the first six digits after the country's code."""
    parsed = PhoneNumber(country_code=_NORTH_AMERICA, national_number=block * _BLOCK)
    kind = phonenumbers.number_type(parsed)
    state = state_of_area(block // 1000)
    if kind == PhoneNumberType.UNKNOWN:
        return Where(zones=_zones_of_country(_NORTH_AMERICA), regions=(state,) if state else ())
    if kind not in _OF_A_PLACE:
        return Where(zones=_zones_of_country(_NORTH_AMERICA), regions=())
    zones = tuple(timezone.time_zones_for_geographical_number(parsed))
    region = state or phonenumbers.region_code_for_number(parsed)
    return Where(zones=zones, regions=(region,) if region else ())


@lru_cache(maxsize=512)
def _zones_of_country(code: int) -> tuple[str, ...]:
    country = timezone.time_zones_for_geographical_number(PhoneNumber(country_code=code, national_number=0))
    return tuple(each for each in country if each != timezone.UNKNOWN_TIMEZONE)


@lru_cache(maxsize=512)
def _regions_of_country(code: int) -> tuple[str, ...]:
    regions = phonenumbers.region_codes_for_country_code(code)
    return tuple(each for each in regions if each != phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY)
