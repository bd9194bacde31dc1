"""The report of a campaign's evidence: its values, as JSON, and in lines to be read and kept."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from contactcenter.values import frozen


class Rule(StrEnum):
    """What is judged."""

    DROPS = "drops"
    CLOCK = "clock"
    HOURS = "hours"
    RING = "ring"
    DO_NOT_CALL = "do_not_call"
    CAPS = "caps"
    AFTER_DROP = "after_drop"
    NATIONAL_LIST = "national_list"
    CONSENT = "consent"
    MESSAGE = "message"
    RECORDS = "records"


@frozen
class Verdict:
    """One rule in one period."""

    rule: Rule
    kept: bool
    says: str
    """The figures that it is judged by."""
    source: str
    """Where the rule is from."""


@frozen
class Used:
    """A message, or a number that was shown: how often, and from when to when."""

    name: str
    calls: int
    first_at: float
    last_at: float


@frozen
class Period:
    """What was done in one of the campaign's periods. Moments are seconds since the epoch."""

    number: int
    """The first is 1."""
    begins_at: float
    ends_at: float
    placed: int
    reserved: int
    """Of these: with an agent reserved before."""
    connected: int
    """H: answered by a person, with an agent (or the announcement) in time."""
    dropped: int
    """D: answered by a person, with no agent in time. Who hung up before, who was joined too late, and whom
    a crash of ours left alone, is in it."""
    hung_up: int
    late: int
    machines: int
    """M: judged to be machines."""
    heard: int
    """Of the machines of all periods: listened to afterwards …"""
    persons: int
    """… and found to be persons."""
    misjudged: float
    """Of the machines: how many may have been persons, at most (95 %). They are in the share twice: among
    the dropped, and among who answered."""
    share: float
    """Of the dropped among who answered, as the profile counts it."""
    limit: float
    target: float
    outcomes: Mapping[str, int]
    refusals: Mapping[str, int]
    """Calls that were not placed, by reason."""
    marketing: int
    """Of the placed: those that nobody had asked for, as the campaign said then."""
    outside_hours: int
    """Placed outside of the law's hours in one of the zones in which the number might be."""
    earliest: str
    """The earliest time of day at which it rang anywhere, by each possible zone's clock, and that zone."""
    latest: str
    shortest_ring_s: float | None
    """Of the calls that nobody answered."""
    rings_too_short: int
    longest_wait_s: float | None
    """From the end of the greeting to the agent or the message: the longest."""
    waits_too_long: int
    no_message: int
    """Dropped, and hung up on without a word of ours."""
    most_calls_a_day: int
    """To one number within 24 hours, by this campaign."""
    calls_too_many: int
    redialled_too_early: int
    """After a drop: before the pause was over, or without an agent reserved."""
    opt_outs: int
    slowest_opt_out_s: float | None
    """From the key to the row on the do-not-call list."""
    called_after_opt_out: int
    """Calls to numbers that were on the own list, or whose key was pressed before."""
    oldest_list_days: float | None
    """Of the national list's copies that were looked at."""
    list_too_old: int
    with_consent: int
    """Of the marketing calls."""
    without_consent: int
    consent_due: int
    """Of the marketing calls, those for which the law asks for a record of consent …"""
    consent_missing: int
    """… and of those, the ones without."""
    lost: int
    open: int
    """Attempts without an outcome yet."""
    incomplete: int
    """Records that lack who was called, from which number, in which campaign, or by which profile."""
    messages: tuple[Used, ...]
    caller_ids: tuple[Used, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def kept(self) -> bool:
        """Whether every rule was."""
        return all(each.kept for each in self.verdicts)


@frozen
class Report:
    """The evidence of one campaign."""

    campaign: str
    name: str
    profile: str
    made_at: float
    started_at: float | None
    """The first start: periods are counted from there."""
    period_days: int
    periods: tuple[Period, ...] = field(default_factory=tuple)
    """Those with attempts, the oldest first."""


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain values."""
    return asdict(report)


def as_text(report: Report, zone: str) -> list[str]:
    """The report in lines to be read and kept; moments by the clock of `zone`."""
    clock = ZoneInfo(zone)
    made = _moment(report.made_at, clock)
    lines = [
        f"Campaign {_plain(report.name)} ({report.campaign}), profile {report.profile}",
        f"made {made}, times of {zone}; periods of {report.period_days} days from the first start",
    ]
    if not report.periods:
        lines += ["", "no attempts"]
    for period in report.periods:
        lines += ["", *_lines(period, report, clock)]
    return lines


def _lines(period: Period, report: Report, clock: ZoneInfo) -> Iterator[str]:
    so_far = ", still running" if report.made_at < period.ends_at else ""
    yield (
        f"Period {period.number}: {_moment(period.begins_at, clock)} to {_moment(period.ends_at, clock)}"
        f"{so_far}"
    )
    yield f"  placed {period.placed}, {period.reserved} of them with an agent reserved"
    yield (
        f"  H {period.connected} connected, D {period.dropped} dropped (abandoned), M {period.machines} "
        "machines"
    )
    yield (
        f"  in D: {period.hung_up} hung up before an agent was due, {period.late} joined too late; of M at "
        f"most {period.misjudged:.1f} persons ({period.heard} listened to, {period.persons} persons found)"
    )
    yield f"  outcomes: {_counted(period.outcomes)}"
    yield f"  not placed: {_counted(period.refusals)}"
    for verdict in period.verdicts:
        mark = "kept  " if verdict.kept else "BROKEN"
        yield f"  {mark} {verdict.rule.value}: {verdict.says} [{verdict.source}]"
    for heading, several in (("message", period.messages), ("number shown", period.caller_ids)):
        for used in several:
            yield (
                f"  {heading} {_plain(used.name)}: {used.calls} calls, {_moment(used.first_at, clock)} to "
                f"{_moment(used.last_at, clock)}"
            )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{_plain(name)} {count}" for name, count in counts.items()) or "none"


def _plain(text: str) -> str:
    """Text from outside on one line of a terminal: what is no sign of its own is left out."""
    return "".join(each for each in text if each.isprintable())


def _moment(at: float, clock: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, clock):%Y-%m-%d %H:%M:%S}"


def seconds(value: float | None) -> str:
    """`1.92 s`, or `none`."""
    return "none" if value is None else f"{value:.2f} s"
