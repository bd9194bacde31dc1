"""When it may ring: within the law's hours in *every* zone in which a number may be, or a person may live."""

from collections.abc import Collection
from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from contactcenter.dialer.profiles import Week
from contactcenter.routing.hours import Calendar

SEARCH_S = 8 * 86400.0
"""A week repeats: what is not allowed within it never is."""


def allowed(weeks: Collection[Week], zones: Collection[str], at: float) -> bool:
    """Whether it may ring at `at` (seconds since the epoch): each week in each zone says so. Without a zone
    nothing is allowed: nobody could say what the clock shows there."""
    return bool(zones) and all(calendar.is_open(at) for calendar in _calendars(weeks, zones))


def next_allowed(weeks: Collection[Week], zones: Collection[str], at: float) -> float | None:
    """The next moment from `at` on at which it may ring; None if no hour of the week suits all."""
    if not zones:
        return None
    calendars = _calendars(weeks, zones)
    until, now = at + SEARCH_S, at
    while now <= until:
        openings = [calendar.next_opening(now) for calendar in calendars]
        latest = max((each for each in openings if each is not None), default=None)
        if latest is None or None in openings:
            return None
        if latest == now:
            return now
        now = latest
    return None


def minutes_a_week(weeks: Collection[Week], zones: Collection[str], at: float) -> int:
    """How many minutes of the week from `at` on are allowed: 0 is a campaign that can never dial."""
    moments = [at + timedelta(minutes=15 * step).total_seconds() for step in range(7 * 96 + 1)]
    return sum(15 for begin, _ in pairwise(moments) if allowed(weeks, zones, begin))


def _calendars(weeks: Collection[Week], zones: Collection[str]) -> list[Calendar]:
    return [Calendar(zone=ZoneInfo(zone), week=week) for week in weeks for zone in sorted(zones)]
