"""What a campaign can show a regulator."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.dialer.attempts import PERSON, AttemptRecord, Outcome
from contactcenter.dialer.campaigns import Campaign, Detection, ListShare, Mode
from contactcenter.dialer.evidence import Evidence
from contactcenter.dialer.profiles import PROFILES
from contactcenter.dialer.reports import Period, Rule, as_json, as_text

BEGAN = 1_800_000_000.0
DAY_S = 86400.0
CAMPAIGN = Campaign(
    id="c1",
    name="Summer\u202e\x1b[31m",
    mode=Mode.PREDICTIVE,
    profile="US",
    queue="sales",
    lists=(ListShare(list="l1"),),
    trunk="carrier",
    caller_ids=("+12125550100",),
    message="who_calls",
)


def noon(at: float) -> str:
    """A zone where it is about noon."""
    east = 12 - int(at // 3600 % 24)
    return f"Etc/GMT{-east:+d}" if east else "UTC"


def attempt(minute: int, outcome: str, **also: Any) -> AttemptRecord:
    """The call of so many minutes after the start, that goes as it should."""
    at = BEGAN + 60.0 * minute
    usual: dict[str, Any] = {
        "id": f"a{minute}",
        "campaign": "c1",
        "list": "l1",
        "lead": f"lead{minute}",
        "number": f"+1212555{minute:04}",
        "position": 0,
        "shows": "+12125550100",
        "mode": "predictive",
        "profile": "US",
        "trunk": "carrier",
        "state": "over",
        "outcome": outcome,
        "saved_at": at,
        "placed_at": at + 0.1,
        "rang_at": at + 1.0,
        "ended_at": at + 40.0,
        "national_list_at": BEGAN - DAY_S,
        "consent": "form 7",
        "zones": (noon(at),),
        "regions": ("US-NY",),
    }
    if outcome in (Outcome.CONNECTED, Outcome.DROPPED, Outcome.HUNG_UP, Outcome.MACHINE):
        usual |= {"answered_at": at + 10.0, "greeting_ended_at": at + 10.5}
    if outcome == Outcome.CONNECTED:
        usual |= {"joined_at": at + 11.9, "agent": "wang"}
    if outcome == Outcome.DROPPED:
        usual |= {"message_at": at + 12.4, "message": "who_calls@1f3a"}
    if outcome == Outcome.REFUSED:
        usual |= {"placed_at": None, "rang_at": None, "refusal": "not_now"}
    return AttemptRecord(**(usual | also))


def periods(*attempts: AttemptRecord, profile: str = "US", **known: Any) -> tuple[Period, ...]:
    evidence = Evidence(replace(CAMPAIGN, profile=profile), BEGAN, **known)
    for each in attempts:
        evidence.take(each)
    return evidence.report(BEGAN + 90 * DAY_S).periods


def period(*attempts: AttemptRecord, profile: str = "US", **known: Any) -> Period:
    (only,) = periods(*attempts, profile=profile, **known)
    return only


def broken(found: Period) -> set[Rule]:
    return {each.rule for each in found.verdicts if not each.kept}


def test_a_campaign_that_kept_everything() -> None:
    calls = [attempt(n, Outcome.CONNECTED) for n in range(98)]
    calls += [attempt(98, Outcome.DROPPED), attempt(99, Outcome.NO_ANSWER), attempt(100, Outcome.REFUSED)]
    found = period(*calls)
    assert broken(found) == set()
    assert found.kept
    assert (found.placed, found.connected, found.dropped) == (100, 98, 1)
    assert found.share == pytest.approx(1 / 99)
    assert found.longest_wait_s == pytest.approx(1.9)
    assert found.shortest_ring_s == pytest.approx(39.0)
    assert found.refusals == {"not_now": 1}
    assert found.oldest_list_days == pytest.approx(1 + 100 / 1440, abs=0.01)
    assert [(each.name, each.calls) for each in found.messages] == [("who_calls@1f3a", 1)]
    assert [(each.name, each.calls) for each in found.caller_ids] == [("+12125550100", 100)]


def test_ofcoms_vector() -> None:
    """D = 29, H = 9, M = 7: 64.44 %, and what the detection may have got wrong comes on top."""
    calls = [attempt(n, Outcome.DROPPED) for n in range(29)]
    calls += [attempt(30 + n, Outcome.CONNECTED) for n in range(9)]
    calls += [attempt(50 + n, Outcome.MACHINE) for n in range(7)]
    found = period(*calls, profile="UK")
    assert found.misjudged == pytest.approx(0.35)
    assert found.share == pytest.approx((16.3125 + 0.35) / (25.3125 + 0.35))
    assert Rule.DROPS in broken(found)
    assert period(*calls).share == pytest.approx(29.35 / 38.35), "the US takes nothing out"


def test_machines_that_were_persons_are_in_the_share_twice() -> None:
    calls = [attempt(n, Outcome.CONNECTED) for n in range(10)]
    calls += [attempt(20 + n, Outcome.MACHINE) for n in range(10)]
    assert period(*calls).share == pytest.approx(0.5 / 10.5)
    heard = Evidence(replace(CAMPAIGN, detection=Detection(heard=10, persons=10)), BEGAN)
    for each in calls:
        heard.take(each)
    (listened,) = heard.report(BEGAN).periods
    assert listened.share == pytest.approx(10 / 20)
    assert (listened.heard, listened.persons) == (10, 10)


def test_three_percent_are_allowed_and_a_hair_more_is_not() -> None:
    good = [attempt(n, Outcome.CONNECTED) for n in range(97)]
    drops = [attempt(200 + n, Outcome.DROPPED) for n in range(4)]
    assert Rule.DROPS not in broken(period(*good, *drops[:3]))
    assert Rule.DROPS in broken(period(*good, *drops))


def test_periods_follow_each_other_from_the_first_start() -> None:
    last, next_ = 30 * 24 * 60 - 1, 30 * 24 * 60
    found = periods(attempt(0, "busy"), attempt(last, "busy"), attempt(next_, "busy"))
    assert [(each.number, each.placed) for each in found] == [(1, 2), (2, 1)]
    assert found[1].begins_at == found[0].ends_at == BEGAN + 30 * DAY_S


def test_a_period_of_its_own() -> None:
    evidence = Evidence(CAMPAIGN, BEGAN)
    for each in (attempt(0, "busy"), attempt(30 * 24 * 60, "busy")):
        evidence.take(each)
    assert [each.number for each in evidence.report(BEGAN, only=2).periods] == [2]
    assert evidence.report(BEGAN, only=9).periods == ()


@pytest.mark.parametrize(
    ("calls", "rule"),
    [
        # The clock: to the message, to the agent, from the answer where nobody listened for machines.
        ([attempt(0, Outcome.DROPPED, message_at=BEGAN + 12.6)], Rule.CLOCK),
        ([attempt(0, Outcome.CONNECTED, joined_at=BEGAN + 12.6)], Rule.CLOCK),
        ([attempt(0, Outcome.CONNECTED, greeting_ended_at=None, joined_at=BEGAN + 12.1)], Rule.CLOCK),
        ([attempt(0, Outcome.DROPPED, message_at=None)], Rule.MESSAGE),
        ([attempt(0, Outcome.NO_ANSWER, ended_at=BEGAN + 15.9)], Rule.RING),
        ([attempt(0, Outcome.CANCELLED, rang_at=None, ended_at=BEGAN + 15.0)], Rule.RING),
        # A key, and the number is called once more.
        (
            [attempt(0, Outcome.DROPPED, opted_out_at=BEGAN + 20), attempt(1, "busy", number="+12125550000")],
            Rule.DO_NOT_CALL,
        ),
        ([attempt(n, "busy", number="+12125550000") for n in range(4)], Rule.CAPS),
        ([attempt(0, Outcome.DROPPED), attempt(1, "busy", lead="lead0")], Rule.AFTER_DROP),
        ([attempt(0, "busy", national_list_at=BEGAN - 31 * DAY_S - 1)], Rule.NATIONAL_LIST),
        ([attempt(0, "busy", national_list_at=None)], Rule.NATIONAL_LIST),
        ([attempt(0, "", state="placed", ended_at=None)], Rule.RECORDS),
        ([attempt(0, "busy", shows="")], Rule.RECORDS),
        ([attempt(0, "busy", zones=("Asia/Shanghai", "America/New_York"))], Rule.HOURS),
        ([attempt(0, "busy", zones=())], Rule.HOURS),
    ],
)
def test_each_rule_that_was_broken_is_named(calls: list[AttemptRecord], rule: Rule) -> None:
    good = [attempt(100 + n, Outcome.CONNECTED) for n in range(100)]
    assert broken(period(*calls, *good)) == {rule}


@pytest.mark.parametrize(
    "calls",
    [
        [attempt(0, Outcome.DROPPED, message_at=BEGAN + 12.5)],
        [attempt(0, Outcome.CONNECTED, joined_at=BEGAN + 12.5)],
        [attempt(0, Outcome.NO_ANSWER, ended_at=BEGAN + 16.0)],
        [attempt(0, Outcome.BUSY, ended_at=BEGAN + 2.0)],
        [attempt(n, "busy", number="+12125550000") for n in range(3)],
        [attempt(n * 720, "busy", number="+12125550000") for n in range(9)],
        [attempt(0, Outcome.DROPPED), attempt(1, "busy", lead="lead0", reserved=True)],
        [
            attempt(0, Outcome.DROPPED),
            attempt(1, Outcome.CONNECTED, lead="lead0", reserved=True),
            attempt(2, "busy", lead="lead0"),
        ],
        [attempt(0, Outcome.DROPPED, opted_out_at=BEGAN + 20), attempt(1, Outcome.REFUSED)],
        [attempt(0, "busy", national_list_at=BEGAN - 31 * DAY_S)],
        [attempt(0, "busy", consent="")],
    ],
)
def test_what_is_just_allowed_is_kept(calls: list[AttemptRecord]) -> None:
    good = [attempt(10_000 + n, Outcome.CONNECTED) for n in range(100)]
    assert broken(period(*calls, *good)) == set()


def test_without_consent_nothing_is_called_where_it_is_asked() -> None:
    found = period(attempt(0, "busy"), attempt(1, "busy", consent=""), profile="CN")
    assert broken(found) == {Rule.CONSENT}
    assert (found.with_consent, found.without_consent) == (1, 1)


@pytest.mark.parametrize("profile", ["US", "UK"])
def test_announcements_that_sell_need_a_consent_and_calls_by_agents_do_not(profile: str) -> None:
    agents = attempt(0, "busy", consent="")
    told = [attempt(n, "busy", mode="agentless", consent=n % 2 * "form 7") for n in (1, 2, 3)]
    service = attempt(4, "busy", mode="agentless", consent="", marketing=False)
    assert broken(period(agents, service, profile=profile)) == set()
    found = period(agents, service, *told, profile=profile)
    assert broken(found) == {Rule.CONSENT}
    (verdict,) = [each for each in found.verdicts if each.rule is Rule.CONSENT]
    assert verdict.says == "1 of 3 calls without a record of consent"
    assert verdict.source == PROFILES[profile].sources["announcement_consent"]


def test_in_the_uk_the_pause_after_a_drop_counts_even_with_an_agent() -> None:
    early = attempt(72 * 60, "busy", lead="lead0", reserved=True)
    late = attempt(72 * 60 + 11, "busy", lead="lead0", reserved=True)
    good = [attempt(5000 + n, Outcome.CONNECTED) for n in range(100)]
    dropped = attempt(0, Outcome.DROPPED)
    old = replace(dropped, answered_at=BEGAN + 10)
    assert Rule.AFTER_DROP in broken(
        period(old, replace(early, placed_at=BEGAN + 3 * DAY_S), *good, profile="UK")
    )
    assert Rule.AFTER_DROP not in broken(period(old, late, *good, profile="UK"))


def test_who_hangs_up_or_is_joined_too_late_counts_as_dropped() -> None:
    found = period(
        attempt(0, Outcome.HUNG_UP),
        attempt(1, Outcome.CONNECTED, joined_at=BEGAN + 60 + 14),
        attempt(2, "busy"),
    )
    assert (found.connected, found.dropped, found.hung_up, found.late) == (0, 2, 1, 1)


def test_who_hangs_up_on_an_agent_or_on_the_detection_was_not_dropped() -> None:
    at_once = attempt(0, Outcome.HUNG_UP, reserved=True, ended_at=BEGAN + 12.5)
    assert period(at_once).dropped == 0
    assert period(replace(at_once, ended_at=BEGAN + 12.6)).dropped == 1, "the agent's phone rang too long"
    listened_to = attempt(0, Outcome.HUNG_UP, greeting_ended_at=None, detects=True)
    found = period(listened_to, attempt(1, Outcome.HUNG_UP, heard="human", detects=True))
    assert (found.connected, found.dropped) == (0, 1)


def test_a_person_whom_a_crash_left_alone_was_dropped() -> None:
    lost = {"answered_at": BEGAN + 10.0}
    alone = period(attempt(0, Outcome.LOST, **lost))
    assert (alone.dropped, alone.no_message) == (1, 1)
    joined = period(attempt(0, Outcome.LOST, joined_at=BEGAN + 11.0, **lost))
    assert (joined.dropped, joined.connected) == (0, 1)
    machine = period(attempt(0, Outcome.LOST, heard="machine", **lost))
    assert (machine.dropped, machine.connected) == (0, 0)


def test_a_lost_call_counts_for_the_caps_whether_it_was_placed_or_not() -> None:
    calls = [attempt(n, "busy", number="+12125550000") for n in range(3)]
    lost = attempt(4, Outcome.LOST, number="+12125550000", placed_at=None)
    assert Rule.CAPS in broken(period(*calls, lost))
    assert period(*calls, lost).lost == 1


def test_how_long_an_opt_out_took() -> None:
    call = attempt(0, Outcome.DROPPED, opted_out_at=BEGAN + 20)
    found = period(call, written_down={"a0": BEGAN + 20.25})
    assert (found.opt_outs, found.slowest_opt_out_s) == (1, 0.25)


def test_calls_that_people_asked_for_are_judged_without_lists_and_consent() -> None:
    evidence = Evidence(replace(CAMPAIGN, profile="CN"), BEGAN)
    evidence.take(attempt(0, "busy", consent="", national_list_at=None, marketing=False))
    (found,) = evidence.report(BEGAN + 60).periods
    assert {each.rule for each in found.verdicts}.isdisjoint({Rule.CONSENT, Rule.NATIONAL_LIST})


@pytest.mark.parametrize("profile", PROFILES)
def test_the_report_can_be_read_and_computed_with(profile: str) -> None:
    evidence = Evidence(replace(CAMPAIGN, profile=profile), BEGAN)
    for each in (attempt(0, Outcome.DROPPED), attempt(1, "busy"), attempt(2, Outcome.REFUSED)):
        evidence.take(each)
    report = evidence.report(BEGAN + DAY_S)
    again = json.loads(json.dumps(as_json(report)))
    assert again["periods"][0]["dropped"] == 1
    lines = as_text(report, "Asia/Shanghai")
    assert all(line.isprintable() for line in lines), "names come from outside"
    page = "\n".join(lines)
    assert "BROKEN drops: 100.00% dropped (abandoned)" in page
    assert "still running" in page
    assert "not placed: not_now 1" in page
    for verdict in report.periods[0].verdicts:
        assert verdict.source


def test_a_campaign_that_never_began_has_a_report_too() -> None:
    report = Evidence(CAMPAIGN, None).report(BEGAN)
    assert "no attempts" in as_text(report, "UTC")


@given(st.lists(st.tuples(st.sampled_from(list(Outcome)), st.integers(0, 3), st.booleans()), max_size=60))
def test_every_attempt_is_counted_once(course: list[tuple[Outcome, int, bool]]) -> None:
    calls = [
        attempt(n, outcome, number=f"+121255500{who:02}", lead=f"lead{who}", reserved=reserved)
        for n, (outcome, who, reserved) in enumerate(course)
    ]
    if not calls:
        return
    found = period(*calls)
    assert sum(found.outcomes.values()) == len(calls)
    assert found.connected + found.dropped == sum(outcome in PERSON for outcome, _, _ in course)
    assert found.placed + sum(found.refusals.values()) == len(calls)
    assert 0.0 <= found.share <= 1.0


def test_the_clocks_of_every_possible_zone_are_shown() -> None:
    """US, 15 January 2027, 15:00 UTC: seven in the morning in Los Angeles."""
    zones = ("America/New_York", "America/Los_Angeles")
    found = period(attempt(7 * 60, "busy", zones=zones), attempt(9 * 60, "busy", zones=zones))
    assert (found.outside_hours, found.placed) == (1, 2)
    assert (found.earliest, found.latest) == ("07:00:00 America/Los_Angeles", "12:00:00 America/New_York")
    says = next(each.says for each in found.verdicts if each.rule is Rule.HOURS)
    assert "the earliest 07:00:00 America/Los_Angeles" in says


def test_what_a_campaign_asks_for_today_does_not_judge_what_it_did() -> None:
    """Calls that were marketing stay so, and a cap or a week that is tighter since is no law."""
    calls = [attempt(n, "busy", number="+12125550000") for n in range(3)]
    calls.append(attempt(4, "busy", consent=""))
    now = replace(CAMPAIGN, profile="CN", marketing=False, calls_a_day=1)
    evidence = Evidence(now, BEGAN)
    for each in calls:
        evidence.take(each)
    assert broken(evidence.report(BEGAN + DAY_S).periods[0]) == {Rule.CONSENT}
