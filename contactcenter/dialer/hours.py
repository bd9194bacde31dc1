"""When it may ring: within the law's hours in *every* zone in which a number may be, or a person may live."""

from functools import lru_cache
from zoneinfo import ZoneInfo

from contactcenter.dialer.profiles import Week
from contactcenter.routing.hours import Calendar

Hours = tuple[tuple[Week, str], ...]
"""Weeks that all have to be kept, each with the zone by whose clock. None: nobody knows what the clock shows
there, and it may never ring."""

SEARCH_S = 8 * 86400.0
"""A week repeats: what is not allowed within it is not for a long time (the clocks may change), or never."""


def allowed(hours: Hours, at: float) -> bool:
    """Whether it may ring at `at` (seconds since the epoch): each week says so in its zone."""
    return bool(hours) and all(_calendar(*each).is_open(at) for each in hours)


def next_allowed(hours: Hours, at: float) -> float | None:
    """The next moment from `at` on at which it may ring; None if no hour of the next week suits all."""
    if not hours:
        return None
    calendars = [_calendar(*each) for each in hours]
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


@lru_cache(maxsize=4096)
def _calendar(week: Week, zone: str) -> Calendar:
    return Calendar(zone=ZoneInfo(zone), week=week)
