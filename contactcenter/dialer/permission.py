"""Whether a number may be dialled now: asked at the last moment before the call, whatever was true before.

Everything that may forbid a call is in the picture; `refusal` names the first rule that does, the gravest
first. The answer is kept with the attempt: a call that was not made has a reason, too.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from contactcenter.dialer.campaigns import Campaign, Mode
from contactcenter.dialer.hours import Hours, allowed, next_allowed
from contactcenter.dialer.profiles import PROFILES, Profile, Region, Week
from contactcenter.values import frozen

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
MOST_DRIFT_S = 60.0
"""How far our clock may be from the machine's. It goes on by itself from the start, so that no wait jumps: a
machine that was set right after that leaves it wrong, and the hours would be kept by it."""


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
    WRONG_CLOCK = "wrong_clock"
    """Our clock is not the machine's: nobody knows what time it is where the number is."""
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
    NOT_DUE = "not_due"
    """Somebody closed or held the lead since it was leased, or another campaign has it: the store says so,
    and no rule of this module."""


LASTING = frozenset({Refusal.DO_NOT_CALL, Refusal.NATIONAL_LIST, Refusal.NO_CONSENT, Refusal.NO_ZONE})
"""Of the number: waiting does not help, another number of the lead may."""
CAMPAIGNS = frozenset({Refusal.LIST_TOO_OLD, Refusal.NO_CALLER_ID, Refusal.NO_MESSAGE, Refusal.WRONG_CLOCK})
"""Of the campaign: every lead would be refused, until somebody mends it. What is left passes by itself; when,
`next_moment` says (of `NOT_DUE`, whoever has the lead)."""

SAYS: Mapping[Refusal, str] = {
    Refusal.DO_NOT_CALL: "the number is on our own do-not-call list",
    Refusal.NATIONAL_LIST: "the number is on the national do-not-call list, and there is no consent",
    Refusal.LIST_TOO_OLD: "our copy of the national do-not-call list is missing or too old: load a new one",
    Refusal.NO_CONSENT: "there is no record of a consent to these calls",
    Refusal.NO_CALLER_ID: "the number that would be shown is not verified as ours",
    Refusal.NO_MESSAGE: "there is no message for whom nobody is free for",
    Refusal.WRONG_CLOCK: "our clock and the machine's differ: set the machine's, and start the center again",
    Refusal.RINGING: "a call to the number is on its way",
    Refusal.TOO_OFTEN: "the number was called as often as is allowed within 24 hours",
    Refusal.AFTER_DROP: "the person was dropped: only after the pause, and with an agent reserved",
    Refusal.NOT_NOW: "it is outside of the hours in a zone in which the number may be",
    Refusal.NO_ZONE: "nobody knows what the clock shows where the number is",
    Refusal.NOT_DUE: "somebody closed or held the lead meanwhile, or another campaign has it",
}
"""Each in words."""


@frozen
class Dialled:
    """What is known of a number, and of who is called there. Moments are seconds since the epoch."""

    zones: tuple[str, ...]
    """Every zone in which the number may be, and that of the record's address."""
    regions: tuple[str, ...] = ()
    """Every part of a country in which it may be (`US-FL`), and that of the address. None: nobody knows, and
    it may be wherever its zones are."""
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
    """What a campaign dials by: the law's profile, and what it asks for. Of each the stricter counts."""

    profile: Profile
    week: Week | None = None
    calls_a_day: int | None = None
    drop_target: float | None = None
    caller_id_verified: bool = False
    message: bool = False
    marketing: bool = True
    """False for calls that the person asked for: national lists and consent don't forbid these."""
    national_list_at: float | None = None
    """When our copy of the national list was fetched."""
    agents: bool = True
    """False: who answers hears an announcement, and no agent can be kept for him."""
    drift_s: float = 0.0
    """How far our clock is from the machine's."""

    @property
    def target(self) -> float:
        """The share of drops that the pacing aims at."""
        return self.profile.target(self.drop_target)


def terms_of(
    campaign: Campaign, *, caller_id_verified: bool, national_list_at: float | None, drift_s: float = 0.0
) -> Terms:
    """What a campaign dials by, with what is known at this moment: whether a number that would be shown is
    verified, when the copy of the national list was fetched, and how far our clock is from the machine's. The
    profile exists: whoever wrote the campaign down saw to that."""
    return Terms(
        profile=PROFILES[campaign.profile],
        week=campaign.window.week,
        calls_a_day=campaign.calls_a_day,
        drop_target=campaign.drop_target,
        caller_id_verified=caller_id_verified,
        message=campaign.has_words,
        marketing=campaign.marketing,
        national_list_at=national_list_at,
        agents=campaign.mode is not Mode.AGENTLESS,
        drift_s=drift_s,
    )


def refusal(terms: Terms, dialled: Dialled, at: float, *, reserved: bool) -> Refusal | None:
    """The rule that forbids the call at `at`; None if none does. `reserved`: an agent is kept for it, so that
    it can't be dropped."""
    return next(_refusals(terms, dialled, at, reserved=reserved), None)


def refuses_all(terms: Terms, at: float) -> Refusal | None:
    """The rule by which the campaign may dial nobody at all, until somebody mends it; None: there is none."""
    return next(_of_campaign(terms, at), None)


def needs_consent(terms: Terms) -> bool:
    """Whether each lead needs a record of its consent."""
    law = terms.profile
    return terms.marketing and (law.consent or (law.announcement_consent and not terms.agents))


def _refusals(terms: Terms, dialled: Dialled, at: float, *, reserved: bool) -> Iterator[Refusal]:
    profile = terms.profile
    if dialled.do_not_call:
        yield Refusal.DO_NOT_CALL
    if terms.marketing and dialled.on_national_list and not dialled.consent:
        yield Refusal.NATIONAL_LIST
    if needs_consent(terms) and not dialled.consent:
        yield Refusal.NO_CONSENT
    yield from _of_campaign(terms, at)
    if dialled.ringing:
        yield Refusal.RINGING
    if sum(each > at - DAY_S for each in dialled.calls) >= calls_a_day(terms, dialled.regions):
        yield Refusal.TOO_OFTEN
    if dialled.dropped_at is not None:
        pause_over = at >= dialled.dropped_at + profile.after_drop_h * HOUR_S
        if not (reserved and pause_over):
            yield Refusal.AFTER_DROP
    if not dialled.zones:
        yield Refusal.NO_ZONE
    elif not allowed(hours_of(terms, dialled.zones, dialled.regions), at):
        yield Refusal.NOT_NOW


def _of_campaign(terms: Terms, at: float) -> Iterator[Refusal]:
    """Those of `CAMPAIGNS`."""
    if abs(terms.drift_s) > MOST_DRIFT_S:
        yield Refusal.WRONG_CLOCK
    if terms.marketing and not list_is_young(terms, at):
        yield Refusal.LIST_TOO_OLD
    if not terms.caller_id_verified:
        yield Refusal.NO_CALLER_ID
    if not terms.message:
        yield Refusal.NO_MESSAGE


def list_is_young(terms: Terms, at: float) -> bool:
    """Whether our copy of the national list may be used at `at`; where there is no such list, it may. One
    from the future says nothing about its age; a day is left for a date of another zone."""
    days = terms.profile.national_list_days
    if days is None:
        return True
    fetched = terms.national_list_at
    return fetched is not None and at - days * DAY_S <= fetched <= at + DAY_S


def calls_a_day(terms: Terms, regions: tuple[str, ...]) -> int:
    """How many calls may go to one number within 24 hours: the strictest word counts."""
    also = (terms.calls_a_day, *(each.calls_a_day for each in _regions(terms, regions)))
    return min([terms.profile.calls_a_day, *(each for each in also if each is not None)])


def hours_of(terms: Terms, zones: tuple[str, ...], regions: tuple[str, ...]) -> Hours:
    """The hours that all have to be kept: the profile's and the campaign's in every zone, and those of the
    regions: where they are known in every zone, too, else in those that the region has."""
    hours = []
    for zone in zones:
        also = [each.week for each in _regions(terms, regions) if regions or zone in each.zones]
        hours += [(week, zone) for week in (terms.profile.week, terms.week, *also) if week is not None]
    return tuple(dict.fromkeys(hours))


def next_moment(terms: Terms, dialled: Dialled, at: float) -> float | None:
    """The next moment at which hours, caps and pauses let it ring; None if none of the next week does."""
    calls = sorted(each for each in dialled.calls if each > at - DAY_S)
    most = calls_a_day(terms, dialled.regions)
    if most <= 0 or (dialled.dropped_at is not None and not terms.agents):
        return None
    if len(calls) >= most:
        at = max(at, calls[len(calls) - most] + DAY_S)
    if dialled.dropped_at is not None:
        at = max(at, dialled.dropped_at + terms.profile.after_drop_h * HOUR_S)
    return next_allowed(hours_of(terms, dialled.zones, dialled.regions), at)


def _regions(terms: Terms, regions: tuple[str, ...]) -> list[Region]:
    """Those with rules of their own among these; all of them where nobody knows where it is."""
    known = terms.profile.regions
    return [known[each] for each in regions if each in known] if regions else list(known.values())
