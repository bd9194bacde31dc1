"""What the law asks of outgoing calls, by country: values that a campaign may tighten and never loosen.

Each value names its source; `OWN` stands where no rule was found, and the value is this project's. No primary
text could be read: sources are known from second hand, and what is only remembered says `unverified`. Not
legal advice: whoever dials reads the primary texts (docs/compliance.md says which).
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import time

from contactcenter.dialer.regions import CANADA_ZONES, STATES
from contactcenter.routing.hours import Span
from contactcenter.values import frozen

Week = tuple[tuple[Span, ...], ...]
"""Seven days, Monday first: when it may ring, by the clock of whoever is called."""

NEVER: tuple[Span, ...] = ()

OWN = "our own value: no rule was found"


def daily(start: int, end: int, *, saturday: tuple[Span, ...] | None = None,
          sunday: tuple[Span, ...] | None = None) -> Week:  # fmt: skip
    """A week of full hours, with other ones at its end."""
    usual = ((time(start), time(end % 24)),)
    return (*(usual,) * 5, usual if saturday is None else saturday, usual if sunday is None else sunday)


@frozen
class Region:
    """Where a part of the country, or a neighbour with the same country code, is stricter."""

    zones: tuple[str, ...]
    """Whose clocks are kept there: a number of which nobody knows the region may be there, if it may be in
    one of these."""
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
    hang_up_on_machines: bool = True
    """Whether a call may end without a word because the detection says machine: if it was a person, the call
    was silent. False: a message has to be left."""
    clock_s: float = 2.0
    """From the end of the greeting to an agent, or to the message."""
    ring_s: int = 15
    """How long a call rings before it may be given up, at least."""
    week: Week = daily(8, 21)
    regions: Mapping[str, Region] = field(default_factory=dict)
    """By ISO 3166-2, or ISO 3166-1 for a neighbour."""
    national_list_days: int | None = None
    """How old the copy of the national do-not-call list may be; None: there is none."""
    consent: bool = False
    """Every lead needs a record of its consent."""
    announcement_consent: bool = True
    """… of a campaign at least whose calls are announcements."""
    after_drop_h: float = 0.0
    """Hours before a dropped person is called again; always with an agent reserved."""
    calls_a_day: int = 3
    """To one number within 24 hours, whatever the campaign."""
    whole_talk_recorded: bool = False
    """Every talk is to be recorded from its beginning. Who was called has an agent at once, and hears no
    announcement: a queue that records only after one does not do."""
    record_years: float = 5.0
    """How long records of calls are kept, at least."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where each of these values is from, by its name; `do_not_call`: of the own list."""

    def target(self, asked: float | None) -> float:
        """The share of drops that the pacing of a campaign aims at: this profile's, or what it asks for if
        that is tighter."""
        return self.drop_target if asked is None else min(self.drop_target, asked)


_TSR = "16 CFR 310.4(b)(4)"
_FCC = "47 CFR 64.1200"
_OFCOM = "Ofcom, persistent misuse, policy of 2016 (in force 2017-03-01)"
_OFCOM_BEFORE = "Ofcom, policy of 2008/2010 (unverified)"
_STRICTEST = "national rules differ: our own value, stricter than any that was found"
_LIKE_US = "no rule was found: as in the US"

_TEXAS = daily(9, 21, sunday=((time(12), time(21)),))
_CANADA = (*(((time(9), time(21, 30)),),) * 5, *(((time(10), time(18)),),) * 2)

PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            name="US",
            drop_limit=0.03,
            drop_target=0.02,
            regions={
                "US-FL": Region(zones=STATES["US-FL"].zones, week=daily(8, 20), calls_a_day=3),
                "US-OK": Region(zones=STATES["US-OK"].zones, week=daily(8, 20), calls_a_day=3),
                "US-MD": Region(zones=STATES["US-MD"].zones, week=daily(8, 20), calls_a_day=3),
                "US-TX": Region(zones=STATES["US-TX"].zones, week=_TEXAS),
                "CA": Region(zones=CANADA_ZONES, week=_CANADA),
            },
            national_list_days=31,
            sources={
                "drop_limit": f"{_TSR}(i); {_FCC}(a)(7)",
                "drop_target": "our own value: under the limit of 3 %",
                "period_days": f"{_TSR}(i); {_FCC}(a)(7)",
                "machines_taken_out": f"{_TSR}(i): of the calls that a person answered",
                "hang_up_on_machines": f"{_TSR}: none against it; persons among them count as dropped",
                "clock_s": f"{_TSR}(iii): 2 s from the completed greeting",
                "ring_s": f"{_TSR}(ii): 15 s or four rings",
                "week": f"{_FCC}(c)(1); 16 CFR 310.4(c)",
                "regions": "the states' own laws (FL, OK, MD, TX); CRTC's rules for Canada (unverified)",
                "national_list_days": "16 CFR 310.4(b)(3)(iv) (unverified): 31 days",
                "do_not_call": f"{_FCC}(d) (unverified): 5 years; at once and for ever is our own rule",
                "consent": "none for calls by agents to numbers that are on no list (unverified)",
                "announcement_consent": f"{_FCC}(a)(2)-(3); 16 CFR 310.4(b)(1)(v) (unverified)",
                "after_drop_h": "our own rule: only with an agent reserved",
                "calls_a_day": "FL, OK, MD: 3 on the same subject; elsewhere our own value",
                "whole_talk_recorded": "none: announce it, where the state asks for that",
                "record_years": "16 CFR 310.5: 5 years",
            },
        ),
        Profile(
            name="UK",
            drop_limit=0.03,
            drop_target=0.015,
            machines_taken_out=True,
            hang_up_on_machines=False,
            week=daily(9, 20, sunday=((time(10), time(16)),)),
            national_list_days=28,
            after_drop_h=72.0,
            record_years=1.0,
            sources={
                "drop_limit": f"{_OFCOM}: 3 % is no safe harbour; the number is ours",
                "drop_target": f"{_OFCOM}: no safe harbour; half of 3 % is our own value",
                "period_days": "our own value, as in the US; before 2017 it was a day",
                "machines_taken_out": "Ofcom, Annex 5 (2015), as in VICIdial's document",
                "hang_up_on_machines": f"{_OFCOM}: silent calls are the worst",
                "clock_s": _OFCOM_BEFORE,
                "ring_s": _OFCOM_BEFORE,
                "week": OWN,
                "regions": "none",
                "national_list_days": "TPS: 28 days; PECR (unverified)",
                "do_not_call": "PECR, reg. 21 (unverified); at once and for ever is our own rule",
                "consent": "none for numbers that are not on the TPS (unverified)",
                "announcement_consent": "PECR, reg. 19 (unverified)",
                "after_drop_h": _OFCOM_BEFORE,
                "calls_a_day": OWN,
                "whole_talk_recorded": "none",
                "record_years": OWN,
            },
        ),
        Profile(
            name="EU",
            drop_limit=0.03,
            drop_target=0.015,
            hang_up_on_machines=False,
            week=daily(9, 20, sunday=NEVER),
            consent=True,
            record_years=1.0,
            sources={
                "drop_limit": _STRICTEST,
                "drop_target": _STRICTEST,
                "period_days": OWN,
                "machines_taken_out": OWN,
                "hang_up_on_machines": "as in the UK: our own value",
                "clock_s": "as in the UK: our own value",
                "ring_s": OWN,
                "week": _STRICTEST,
                "regions": "none: each country has rules of its own",
                "national_list_days": "each country has its own list (unverified): put it on the own one",
                "do_not_call": "GDPR, Art. 21 (unverified); at once and for ever is our own rule",
                "consent": "ePrivacy, Art. 13; GDPR, Art. 6 (unverified)",
                "announcement_consent": "as for all calls",
                "after_drop_h": "as in the US: only with an agent reserved",
                "calls_a_day": OWN,
                "whole_talk_recorded": "none: each country has rules of its own",
                "record_years": "GDPR, Art. 5(1)(e): as short as the purpose; the number is ours",
            },
        ),
        Profile(
            name="CN",
            drop_limit=0.03,
            drop_target=0.02,
            week=daily(9, 21),
            consent=True,
            whole_talk_recorded=True,
            sources={
                "drop_limit": _LIKE_US,
                "drop_target": _LIKE_US,
                "period_days": _LIKE_US,
                "machines_taken_out": _LIKE_US,
                "hang_up_on_machines": _LIKE_US,
                "clock_s": _LIKE_US,
                "ring_s": OWN,
                "week": "人身保险电话销售业务管理办法 (2013): none from 21:00 to 09:00",
                "regions": "none",
                "national_list_days": "通信短信息和语音呼叫服务管理规定 is a draft (2020): none in force",
                "do_not_call": "综合整治骚扰电话专项行动方案 (2018): after a refusal never again",
                "consent": "综合整治骚扰电话专项行动方案 (2018): consent, with evidence",
                "announcement_consent": "as for all calls",
                "after_drop_h": "our own rule: only with an agent reserved",
                "calls_a_day": OWN,
                "whole_talk_recorded": "人身保险电话销售业务管理办法 (2013), for insurance: the whole call",
                "record_years": "人身保险电话销售业务管理办法 (2013), for recordings: 5 years",
            },
        ),
    )
}
