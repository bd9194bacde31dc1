"""What the law asks of outgoing calls, by country: values that a campaign may tighten and never loosen.

Each value names its rule. Not legal advice: whoever dials reads the primary text. A value marked as our own
stands where no rule was found.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import time

from contactcenter.routing.hours import Span
from contactcenter.values import frozen

Week = tuple[tuple[Span, ...], ...]
"""Seven days, Monday first: when it may ring, by the clock of whoever is called."""

NEVER: tuple[Span, ...] = ()


def daily(start: int, end: int, *, saturday: tuple[Span, ...] | None = None,
          sunday: tuple[Span, ...] | None = None) -> Week:  # fmt: skip
    """A week of full hours, with other ones at its end."""
    usual = ((time(start), time(end % 24)),)
    return (*(usual,) * 5, usual if saturday is None else saturday, usual if sunday is None else sunday)


@frozen
class Region:
    """Where a part of the country is stricter."""

    week: Week | None = None
    calls_a_day: int | None = None
    """To one number within 24 hours."""


@frozen
class Profile:
    """The rules of one country."""

    name: str
    drop_limit: float
    """Dropped ÷ answered by a person, at most, of one campaign in one period."""
    drop_target: float
    """What the pacing aims at: under the limit, so that what can't be foreseen has room."""
    period_days: int = 30
    """Periods follow each other from the campaign's start; none begins anew in the middle."""
    machines_taken_out: bool = False
    """Ofcom's formula: from the drops first the share that were machines is taken out."""
    clock_s: float = 2.0
    """From the end of the greeting to an agent, or to the message."""
    ring_s: int = 15
    """How long a call rings before it may be given up, at least."""
    week: Week = daily(8, 21)
    regions: Mapping[str, Region] = field(default_factory=dict)
    """By ISO 3166-2."""
    national_list_days: int | None = None
    """How old the copy of the national do-not-call list may be; None: there is none."""
    consent: bool = False
    """Every lead needs a record of its consent."""
    after_drop_h: float = 0.0
    """Hours before a dropped person is called again; always with an agent reserved."""
    calls_a_day: int = 3
    """To one number within 24 hours, whatever the campaign."""
    record_years: float = 5.0
    """How long records of calls are kept."""


_TEXAS = daily(9, 21, sunday=((time(12), time(21)),))

PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        # 16 CFR 310.4(b)(4) and 47 CFR 64.1200(a)(6)-(7), (c)(1); the states' own hours; caps of FL and OK on
        # the same subject. Three calls a day elsewhere are our own value.
        Profile(
            name="US",
            drop_limit=0.03,
            drop_target=0.0285,
            regions={
                "US-FL": Region(week=daily(8, 20), calls_a_day=3),
                "US-OK": Region(week=daily(8, 20), calls_a_day=3),
                "US-MD": Region(week=daily(8, 20)),
                "US-TX": Region(week=_TEXAS),
            },
            national_list_days=31,
        ),
        # Ofcom, persistent misuse (in force 2017-03-01): 3 % is no safe harbour. The TPS copy may be 28 days
        # old. Hours are our own.
        Profile(
            name="UK",
            drop_limit=0.03,
            drop_target=0.015,
            machines_taken_out=True,
            week=daily(9, 20, sunday=((time(10), time(16)),)),
            national_list_days=28,
            after_drop_h=72.0,
        ),
        # National rules differ: consent, and values of our own that are stricter than any that was found.
        Profile(name="EU", drop_limit=0.03, drop_target=0.015, week=daily(9, 20, sunday=NEVER), consent=True),
        # 人身保险电话销售业务管理办法 (2013): none from 21:00 to 09:00. 综合整治骚扰电话专项行动方案 (2018):
        # consent with evidence. No drop limit was found: the US one.
        Profile(name="CN", drop_limit=0.03, drop_target=0.0285, week=daily(9, 21), consent=True),
    )
}
