"""What a campaign can show a regulator: each rule, what was done, and whether it was kept.

Made of the attempts' records alone, one after the other, the oldest first. *Dropped* is printed with the
regulators' word, abandoned. What the center counts and steers by is counted here anew.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from contactcenter.dialer.attempts import AttemptRecord, AttemptState, Outcome
from contactcenter.dialer.campaigns import Campaign, Detection, Mode
from contactcenter.dialer.drops import TOLERANCE_S, Counted, Drops, counted, left_alone, waited_s
from contactcenter.dialer.hours import allowed
from contactcenter.dialer.permission import DAY_S, HOUR_S, Terms, calls_a_day, hours_of, needs_consent
from contactcenter.dialer.profiles import PROFILES
from contactcenter.dialer.reports import Period, Report, Rule, Used, Verdict, seconds

UNANSWERED = frozenset({Outcome.NO_ANSWER, Outcome.CANCELLED})
"""Calls that were given up while they rang."""


class Evidence:
    """Takes the attempts of a campaign, the oldest first, and gives the report."""

    def __init__(
        self,
        campaign: Campaign,
        started_at: float | None,
        *,
        written_down: Mapping[str, float] | None = None,
        unwanted: Collection[str] = (),
    ) -> None:
        """`written_down`: when the do-not-call row of an attempt was written, by the attempt's id.
        `unwanted`: ids of attempts at numbers that were on the own list before, whoever put them there."""
        self._campaign, self._started_at = campaign, started_at
        # What the campaign asks for beyond the law may have been other before: the law alone is judged by.
        self._law = Terms(profile=PROFILES[campaign.profile])
        self._target = replace(self._law, drop_target=campaign.drop_target).target
        self._written_down, self._unwanted = written_down or {}, unwanted
        self._periods: dict[int, _Counts] = {}
        self._recent: deque[tuple[float, str]] = deque()
        self._calls: Counter[str] = Counter()
        """Of the last 24 hours, by number."""
        self._dropped: dict[str, float] = {}
        """Leads that were dropped and not talked to since: when."""
        self._opted_out: dict[str, float] = {}
        """Numbers: when."""

    def take(self, record: AttemptRecord) -> None:
        """One more attempt; saved no earlier than the one before."""
        counts = self._periods.setdefault(self._number(record.saved_at), _Counts())
        counts.outcomes[record.outcome or "open"] += 1
        counts.incomplete += not all((record.number, record.shows, record.campaign, record.profile))
        if record.outcome == Outcome.REFUSED:
            counts.refusals[record.refusal] += 1
        if record.state != AttemptState.OVER or not record.outcome:
            counts.open += 1
            counts.oldest_open_at = _least(counts.oldest_open_at, record.saved_at)
        if record.placed_at is not None:
            self._placed(counts, record, record.placed_at)
        elif record.outcome == Outcome.LOST:
            self._count_call(counts, record, record.saved_at)

    def report(self, at: float, only: int | None = None) -> Report:
        """What there is by now; `only`: of one period, by its number."""
        profile = self._law.profile
        return Report(
            campaign=self._campaign.id,
            name=self._campaign.name,
            profile=profile.name,
            made_at=at,
            started_at=self._started_at,
            period_days=profile.period_days,
            periods=tuple(
                self._period(number, counts, at)
                for number, counts in sorted(self._periods.items())
                if only in (None, number)
            ),
        )

    # --- one attempt ---

    def _placed(self, counts: "_Counts", record: AttemptRecord, at: float) -> None:
        counts.placed += 1
        counts.reserved += record.reserved
        _use(counts.caller_ids, record.shows, at)
        self._count_call(counts, record, at)
        self._look_at_lists(counts, record)
        self._look_at_ring(counts, record, at)
        self._look_at_hours(counts, record, at)
        self._look_at_answer(counts, record)
        if record.message and record.message_at is not None:
            _use(counts.messages, record.message, record.message_at)
        if record.opted_out_at is not None:
            counts.opt_outs += 1
            self._opted_out.setdefault(record.number, record.opted_out_at)
            written = self._written_down.get(record.id)
            if written is not None:
                delay = max(0.0, written - record.opted_out_at)
                counts.slowest_opt_out_s = _most(counts.slowest_opt_out_s, delay)

    def _count_call(self, counts: "_Counts", record: AttemptRecord, at: float) -> None:
        """Caps, the pause after a drop, who wants no calls: as they were when it was placed."""
        while self._recent and self._recent[0][0] <= at - DAY_S:
            gone = self._recent.popleft()[1]
            self._calls[gone] -= 1
            if not self._calls[gone]:
                del self._calls[gone]
        self._recent.append((at, record.number))
        self._calls[record.number] += 1
        calls = self._calls[record.number]
        counts.most_calls = max(counts.most_calls, calls)
        counts.calls_too_many += calls > calls_a_day(self._law, record.regions)
        opted_out_at = self._opted_out.get(record.number)
        pressed_before = opted_out_at is not None and at > opted_out_at
        counts.called_after_opt_out += pressed_before or record.id in self._unwanted
        dropped_at = self._dropped.get(record.lead)
        if dropped_at is not None:
            pause_over = at + TOLERANCE_S >= dropped_at + self._law.profile.after_drop_h * HOUR_S
            counts.redialled_too_early += not (record.reserved and pause_over)

    def _look_at_lists(self, counts: "_Counts", record: AttemptRecord) -> None:
        if not record.marketing:
            return
        counts.marketing += 1
        counts.with_consent += bool(record.consent)
        counts.without_consent += not record.consent
        if needs_consent(replace(self._law, agents=record.mode != Mode.AGENTLESS)):
            counts.consent_due += 1
            counts.consent_missing += not record.consent
        days = self._law.profile.national_list_days
        if days is None:
            return
        if record.national_list_at is None:
            counts.list_too_old += 1
            return
        age = (record.saved_at - record.national_list_at) / DAY_S
        counts.oldest_list_days = _most(counts.oldest_list_days, age)
        counts.list_too_old += age > days

    def _look_at_hours(self, counts: "_Counts", record: AttemptRecord, at: float) -> None:
        """The hours of every zone that was looked at then, by the law of today; of the two clocks that took
        the moments down a hair is left."""
        hours = hours_of(self._law, record.zones, record.regions)
        counts.outside_hours += not (allowed(hours, at) or allowed(hours, at - TOLERANCE_S))
        for zone in record.zones:
            local = f"{datetime.fromtimestamp(at, ZoneInfo(zone)):%H:%M:%S} {zone}"
            counts.earliest = min(counts.earliest or local, local)
            counts.latest = max(counts.latest, local)

    def _look_at_ring(self, counts: "_Counts", record: AttemptRecord, at: float) -> None:
        if record.outcome in UNANSWERED and record.answered_at is None and record.ended_at is not None:
            rang = max(0.0, record.ended_at - (record.rang_at or at))
            counts.shortest_ring_s = _least(counts.shortest_ring_s, rang)
            counts.rings_too_short += rang + TOLERANCE_S < self._law.profile.ring_s

    def _look_at_answer(self, counts: "_Counts", record: AttemptRecord) -> None:
        profile = self._law.profile
        what = counted(record, profile.clock_s)
        if what is Counted.MACHINE:
            counts.machines += 1
            return
        waited = waited_s(record)
        if what and waited is not None:
            counts.longest_wait_s = _most(counts.longest_wait_s, waited)
            counts.waits_too_long += waited > profile.clock_s + TOLERANCE_S
        if what is Counted.CONNECTED:
            counts.connected += 1
        elif what is Counted.DROPPED:
            self._dropped_one(counts, record)
        if record.joined_at is not None:
            self._dropped.pop(record.lead, None)

    def _dropped_one(self, counts: "_Counts", record: AttemptRecord) -> None:
        counts.dropped += 1
        if left_alone(record):
            counts.left_alone += 1
            counts.no_message += record.message_at is None
            self._dropped[record.lead] = record.answered_at or record.saved_at
        elif record.outcome == Outcome.HUNG_UP:
            counts.hung_up += 1
        else:
            counts.late += 1

    # --- one period ---

    def _number(self, at: float) -> int:
        """Of the period, from 1; what was before the first start counts for the first."""
        began = self._started_at if self._started_at is not None else at
        return 1 + max(0, int((at - began) // (self._law.profile.period_days * DAY_S)))

    def _period(self, number: int, counts: "_Counts", at: float) -> Period:
        profile = self._law.profile
        long = profile.period_days * DAY_S
        begins_at = (self._started_at or 0.0) + (number - 1) * long
        detection = self._campaign.detection or Detection()
        drops = Drops(
            connected=counts.connected,
            dropped=counts.dropped,
            machines=counts.machines,
            heard=detection.heard,
            persons=detection.persons,
        )
        share = drops.counted(machines_taken_out=profile.machines_taken_out)
        return Period(
            number=number,
            begins_at=begins_at,
            ends_at=begins_at + long,
            placed=counts.placed,
            reserved=counts.reserved,
            connected=drops.connected,
            dropped=drops.dropped,
            hung_up=counts.hung_up,
            late=counts.late,
            machines=counts.machines,
            heard=drops.heard,
            persons=drops.persons,
            misjudged=drops.misjudged,
            share=share,
            limit=profile.drop_limit,
            target=self._target,
            outcomes=dict(sorted(counts.outcomes.items())),
            refusals=dict(sorted(counts.refusals.items())),
            marketing=counts.marketing,
            outside_hours=counts.outside_hours,
            earliest=counts.earliest,
            latest=counts.latest,
            shortest_ring_s=counts.shortest_ring_s,
            rings_too_short=counts.rings_too_short,
            longest_wait_s=counts.longest_wait_s,
            waits_too_long=counts.waits_too_long,
            no_message=counts.no_message,
            most_calls_a_day=counts.most_calls,
            calls_too_many=counts.calls_too_many,
            redialled_too_early=counts.redialled_too_early,
            opt_outs=counts.opt_outs,
            slowest_opt_out_s=counts.slowest_opt_out_s,
            called_after_opt_out=counts.called_after_opt_out,
            oldest_list_days=counts.oldest_list_days,
            list_too_old=counts.list_too_old,
            with_consent=counts.with_consent,
            without_consent=counts.without_consent,
            consent_due=counts.consent_due,
            consent_missing=counts.consent_missing,
            lost=counts.outcomes[Outcome.LOST],
            open=counts.open,
            incomplete=counts.incomplete,
            messages=_used(counts.messages),
            caller_ids=_used(counts.caller_ids),
            verdicts=tuple(self._verdicts(counts, drops, share, at)),
        )

    def _verdicts(self, counts: "_Counts", drops: Drops, share: float, at: float) -> Iterator[Verdict]:
        profile, sources = self._law.profile, self._law.profile.sources
        answered = drops.connected + drops.dropped
        yield Verdict(
            rule=Rule.DROPS,
            kept=share <= profile.drop_limit,
            says=(
                f"{share:.2%} dropped (abandoned), {profile.drop_limit:.2%} allowed: {drops.dropped} of "
                f"{answered} whom a person answered, and {drops.misjudged:.1f} of {drops.machines} machines"
            ),
            source=sources["drop_limit"],
        )
        yield Verdict(
            rule=Rule.CLOCK,
            kept=not counts.waits_too_long,
            says=(
                f"{counts.waits_too_long} waited longer than {profile.clock_s:g} s after their greeting, the "
                f"longest {seconds(counts.longest_wait_s)}"
            ),
            source=sources["clock_s"],
        )
        yield Verdict(
            rule=Rule.MESSAGE,
            kept=not counts.no_message,
            says=f"{counts.no_message} of {counts.left_alone} whom nobody was free for heard no message",
            source=sources["clock_s"],
        )
        yield Verdict(
            rule=Rule.HOURS,
            kept=not counts.outside_hours,
            says=(
                f"{counts.outside_hours} outside of the hours in a zone in which the number might be; by the "
                f"clocks there the earliest {counts.earliest or 'none'}, the latest {counts.latest or 'none'}"
            ),
            source=sources["week"],
        )
        yield Verdict(
            rule=Rule.RING,
            kept=not counts.rings_too_short,
            says=(
                f"{counts.rings_too_short} given up before {profile.ring_s} s, the shortest after "
                f"{seconds(counts.shortest_ring_s)}"
            ),
            source=sources["ring_s"],
        )
        slowest = ""
        if counts.slowest_opt_out_s is not None:
            slowest = f", written down after {seconds(counts.slowest_opt_out_s)} at most"
        yield Verdict(
            rule=Rule.DO_NOT_CALL,
            kept=not counts.called_after_opt_out,
            says=(
                f"{counts.opt_outs} asked not to be called{slowest}; {counts.called_after_opt_out} called "
                "who had asked so, or were on the own list"
            ),
            source=sources["do_not_call"],
        )
        yield Verdict(
            rule=Rule.CAPS,
            kept=not counts.calls_too_many,
            says=(
                f"{counts.calls_too_many} calls too many, at most {counts.most_calls} to one number within "
                f"24 hours, {profile.calls_a_day} allowed"
            ),
            source=sources["calls_a_day"],
        )
        yield Verdict(
            rule=Rule.AFTER_DROP,
            kept=not counts.redialled_too_early,
            says=f"{counts.redialled_too_early} dropped persons called again too early, or with no agent",
            source=sources["after_drop_h"],
        )
        if profile.national_list_days is not None and counts.marketing:
            oldest = "none" if counts.oldest_list_days is None else f"{counts.oldest_list_days:.1f} days"
            yield Verdict(
                rule=Rule.NATIONAL_LIST,
                kept=not counts.list_too_old,
                says=(
                    f"{counts.list_too_old} calls without a copy of {profile.national_list_days} days at "
                    f"most, the oldest: {oldest}"
                ),
                source=sources["national_list_days"],
            )
        if counts.consent_due:
            yield Verdict(
                rule=Rule.CONSENT,
                kept=not counts.consent_missing,
                says=f"{counts.consent_missing} of {counts.consent_due} calls without a record of consent",
                source=sources["consent" if profile.consent else "announcement_consent"],
            )
        forgotten = counts.oldest_open_at is not None and at - counts.oldest_open_at > HOUR_S
        yield Verdict(
            rule=Rule.RECORDS,
            kept=not counts.incomplete and not forgotten,
            says=(
                f"{counts.incomplete} records lack something; {counts.open} have no outcome yet, "
                f"{counts.outcomes[Outcome.LOST]} are lost"
            ),
            source=sources["record_years"],
        )


@dataclass(slots=True)
class _Counts:
    """What is counted of one period, as it comes."""

    placed: int = 0
    reserved: int = 0
    connected: int = 0
    dropped: int = 0
    left_alone: int = 0
    hung_up: int = 0
    late: int = 0
    machines: int = 0
    marketing: int = 0
    outside_hours: int = 0
    earliest: str = ""
    latest: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    shortest_ring_s: float | None = None
    rings_too_short: int = 0
    longest_wait_s: float | None = None
    waits_too_long: int = 0
    no_message: int = 0
    most_calls: int = 0
    calls_too_many: int = 0
    redialled_too_early: int = 0
    opt_outs: int = 0
    slowest_opt_out_s: float | None = None
    called_after_opt_out: int = 0
    oldest_list_days: float | None = None
    list_too_old: int = 0
    with_consent: int = 0
    without_consent: int = 0
    consent_due: int = 0
    consent_missing: int = 0
    open: int = 0
    oldest_open_at: float | None = None
    incomplete: int = 0
    messages: dict[str, Used] = field(default_factory=dict)
    caller_ids: dict[str, Used] = field(default_factory=dict)


def _use(used: dict[str, Used], name: str, at: float) -> None:
    before = used.get(name)
    used[name] = Used(
        name=name,
        calls=1 + (before.calls if before else 0),
        first_at=min(at, before.first_at) if before else at,
        last_at=max(at, before.last_at) if before else at,
    )


def _used(used: Mapping[str, Used]) -> tuple[Used, ...]:
    return tuple(sorted(used.values(), key=lambda each: (each.first_at, each.name)))


def _most(known: float | None, value: float) -> float:
    return value if known is None else max(known, value)


def _least(known: float | None, value: float) -> float:
    return value if known is None else min(known, value)
