"""Whether a number may be dialled now: asked at the last moment before the call, whatever was true before.

Everything that may forbid a call is in the picture; `refusal` names the first rule that does, the gravest
first. The answer is kept with the attempt: a call that was not made has a reason, too.
"""

from collections.abc import Iterator
from enum import StrEnum

from contactcenter.dialer.hours import allowed, next_allowed
from contactcenter.dialer.profiles import Profile, Region, Week
from contactcenter.values import frozen

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


class Refusal(StrEnum):
    """Why a number is not dialled."""

    DO_NOT_CALL = "do_not_call"
    """Whoever is there wants no calls: on our own list, for ever."""
    NATIONAL_LIST = "national_list"
    LIST_TOO_OLD = "list_too_old"
    """Nobody knows whether the number is on the national list: our copy is older than the law lets it be."""
    NO_CONSENT = "no_consent"
    NO_CALLER_ID = "no_caller_id"
    """The number that would be shown is not one that is known to be ours."""
    NO_MESSAGE = "no_message"
    """There is nothing to say to whom we would have to drop."""
    RINGING = "ringing"
    """A call to this number is on its way."""
    TOO_OFTEN = "too_often"
    """As many calls went to this number as are allowed in a day."""
    AFTER_DROP = "after_drop"
    """Dropped a while ago: not before the pause is over, and then with an agent reserved."""
    NOT_NOW = "not_now"
    """Outside of the hours, in one of the zones in which the number may be."""
    NO_ZONE = "no_zone"
    """Nobody knows what the clock shows there."""


@frozen
class Dialled:
    """What is known of a number, and of who is called there. Moments are seconds since the epoch."""

    zones: tuple[str, ...]
    """Every zone in which the number may be, and that of the record's address."""
    region: str = ""
    do_not_call: bool = False
    on_national_list: bool = False
    consent: bool = False
    calls: tuple[float, ...] = ()
    """When it was called in the last days, by any campaign."""
    ringing: bool = False
    dropped_at: float | None = None
    """The last drop that was not followed by a talk."""


@frozen
class Terms:
    """What a campaign dials by: the law's profile, and what it asks for beyond."""

    profile: Profile
    week: Week | None = None
    calls_a_day: int | None = None
    caller_id_verified: bool = False
    message: bool = False
    marketing: bool = True
    """False for calls that the person asked for: national lists and consent don't forbid these."""
    national_list_at: float | None = None
    """When our copy of the national list was fetched."""


def refusal(terms: Terms, dialled: Dialled, at: float, *, reserved: bool) -> Refusal | None:
    """The rule that forbids the call at `at`; None if none does. `reserved`: an agent is kept for it, so that
    it can't be dropped."""
    return next(_refusals(terms, dialled, at, reserved=reserved), None)


def _refusals(terms: Terms, dialled: Dialled, at: float, *, reserved: bool) -> Iterator[Refusal]:
    profile = terms.profile
    if dialled.do_not_call:
        yield Refusal.DO_NOT_CALL
    if terms.marketing and dialled.on_national_list and not dialled.consent:
        yield Refusal.NATIONAL_LIST
    if terms.marketing and profile.national_list_days is not None:
        oldest = at - profile.national_list_days * DAY_S
        if terms.national_list_at is None or terms.national_list_at < oldest:
            yield Refusal.LIST_TOO_OLD
    if terms.marketing and profile.consent and not dialled.consent:
        yield Refusal.NO_CONSENT
    if not terms.caller_id_verified:
        yield Refusal.NO_CALLER_ID
    if not terms.message and not reserved:
        yield Refusal.NO_MESSAGE
    if dialled.ringing:
        yield Refusal.RINGING
    if sum(each > at - DAY_S for each in dialled.calls) >= calls_a_day(terms, dialled.region):
        yield Refusal.TOO_OFTEN
    if dialled.dropped_at is not None:
        pause_over = at >= dialled.dropped_at + profile.after_drop_h * HOUR_S
        if not (reserved and pause_over):
            yield Refusal.AFTER_DROP
    if not dialled.zones:
        yield Refusal.NO_ZONE
    elif not allowed(weeks(terms, dialled.region), dialled.zones, at):
        yield Refusal.NOT_NOW


def calls_a_day(terms: Terms, region: str) -> int:
    """How many calls may go to one number within 24 hours: the strictest word counts."""
    stricter = (terms.calls_a_day, _region(terms, region).calls_a_day)
    return min([terms.profile.calls_a_day, *(each for each in stricter if each is not None)])


def weeks(terms: Terms, region: str) -> list[Week]:
    """The hours that all have to be kept."""
    also = (terms.week, _region(terms, region).week)
    return [terms.profile.week, *(each for each in also if each is not None)]


def next_moment(terms: Terms, dialled: Dialled, at: float) -> float | None:
    """The next moment at which hours, caps and pauses let it ring; None if they never do."""
    calls = sorted(each for each in dialled.calls if each > at - DAY_S)
    most = calls_a_day(terms, dialled.region)
    if most <= 0:
        return None
    if len(calls) >= most:
        at = max(at, calls[len(calls) - most] + DAY_S)
    if dialled.dropped_at is not None:
        at = max(at, dialled.dropped_at + terms.profile.after_drop_h * HOUR_S)
    return next_allowed(weeks(terms, dialled.region), dialled.zones, at)


def _region(terms: Terms, region: str) -> Region:
    return terms.profile.regions.get(region, Region())
