"""Why a campaign can't start."""

from dataclasses import replace
from datetime import datetime, time
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from contactcenter.dialer.campaigns import (
    RESERVED,
    Blend,
    Campaign,
    Detection,
    ListShare,
    Mode,
    OnMachine,
    Window,
)
from contactcenter.dialer.permission import terms_of
from contactcenter.dialer.profiles import NEVER, PROFILES, daily
from contactcenter.dialer.recycling import Rule
from contactcenter.dialer.starting import SAYS, Lack, Surroundings, problems

NOON = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("America/New_York")).timestamp()
DAY_S = 86400.0
CAMPAIGN = Campaign(
    id="c1",
    name="Summer",
    mode=Mode.PREDICTIVE,
    profile="US",
    queue="sales",
    lists=(ListShare(list="l1"),),
    trunk="carrier",
    caller_ids=("+12125550100",),
    message="who_calls",
)
AROUND = Surroundings(
    queues={"sales"},
    trunks={"carrier"},
    prompts={"who_calls", "to_machines"},
    scripts={"4009"},
    lists={"l1"},
    caller_ids={"+12125550100"},
    national_list_at=NOON - DAY_S,
    places=[(("America/New_York",), ("US-NY",))],
)
NIGHT = (((time(2), time(3)),),) * 7
LEAVES = Detection(on_machine=OnMachine.LEAVE_MESSAGE)


def lacks(campaign: dict[str, Any], around: dict[str, Any]) -> list[tuple[Lack, str]]:
    found = problems(replace(CAMPAIGN, **campaign), replace(AROUND, **around), NOON)
    assert all(each.says and "{" not in each.says for each in found)
    return [(each.lack, each.field) for each in found]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("profile", PROFILES)
def test_a_whole_campaign_starts_in_every_mode_and_under_every_profile(mode: Mode, profile: str) -> None:
    assert lacks({"mode": mode, "profile": profile, "script": "4009"}, {}) == []


@pytest.mark.parametrize(
    ("campaign", "around", "lack", "field"),
    [
        ({"profile": "XX"}, {}, Lack.UNKNOWN_PROFILE, "profile"),
        ({"queue": "other"}, {}, Lack.UNKNOWN_QUEUE, "queue"),
        ({"queue": ""}, {}, Lack.UNKNOWN_QUEUE, "queue"),
        ({"trunk": "other"}, {}, Lack.UNKNOWN_TRUNK, "trunk"),
        ({"lists": ()}, {}, Lack.NO_LIST, "lists"),
        ({"lists": (ListShare(list="l1"), ListShare(list="l2"))}, {}, Lack.UNKNOWN_LIST, "lists.1.list"),
        ({"lists": (ListShare(list="l1", weight=0),)}, {}, Lack.OUT_OF_RANGE, "lists.0.weight"),
        ({"message": "other"}, {}, Lack.UNKNOWN_PROMPT, "message"),
        ({"detection": LEAVES, "machine_message": "other"}, {}, Lack.UNKNOWN_PROMPT, "machine_message"),
        ({"mode": Mode.AGENTLESS, "script": "4010"}, {}, Lack.UNKNOWN_SCRIPT, "script"),
        ({"caller_ids": ()}, {}, Lack.NO_CALLER_ID, "caller_ids"),
        ({"caller_ids": ("+12125550199",)}, {}, Lack.CALLER_ID_NOT_VERIFIED, "caller_ids.0"),
        ({"message": ""}, {}, Lack.NO_MESSAGE, "message"),
        ({"mode": Mode.POWER, "message": ""}, {}, Lack.NO_MESSAGE, "message"),
        ({"detection": LEAVES}, {}, Lack.NO_MACHINE_MESSAGE, "machine_message"),
        ({"opt_out_key": ""}, {}, Lack.NO_OPT_OUT_KEY, "opt_out_key"),
        ({"opt_out_key": "99"}, {}, Lack.NO_OPT_OUT_KEY, "opt_out_key"),
        ({"profile": "UK", "detection": Detection()}, {}, Lack.SILENT_HANG_UP, "detection.on_machine"),
        ({"profile": "EU", "detection": Detection()}, {}, Lack.SILENT_HANG_UP, "detection.on_machine"),
        (
            {"detection": Detection(after_greeting_silence_ms=2000)},
            {},
            Lack.DETECTION_TOO_SLOW,
            "detection.after_greeting_silence_ms",
        ),
        ({}, {"national_list_at": None}, Lack.NO_NATIONAL_LIST, "profile"),
        ({}, {"national_list_at": NOON - 31 * DAY_S - 1}, Lack.NATIONAL_LIST_TOO_OLD, "profile"),
        (
            {"profile": "UK"},
            {"national_list_at": NOON - 28 * DAY_S - 1},
            Lack.NATIONAL_LIST_TOO_OLD,
            "profile",
        ),
        ({}, {"national_list_at": NOON + 2 * DAY_S}, Lack.NATIONAL_LIST_TOO_OLD, "profile"),
        ({"window": Window(week=NIGHT)}, {}, Lack.NO_HOURS, "window.week"),
        ({"window": Window(week=NIGHT)}, {"places": ()}, Lack.NO_HOURS, "window.week"),
        ({"window": Window(week=(NEVER,) * 7)}, {}, Lack.NO_HOURS, "window.week"),
        ({}, {"places": [((), ())]}, Lack.NO_HOURS, "window.week"),
        (
            {"window": Window(week=daily(20, 21))},
            {"places": [(("America/New_York",), ("US-FL",))]},
            Lack.NO_HOURS,
            "window.week",
        ),
        ({"window": Window(ends_at=NOON)}, {}, Lack.OVER, "window.ends_at"),
        (
            {"window": Window(starts_at=NOON + 9, ends_at=NOON + 9)},
            {},
            Lack.ENDS_BEFORE,
            "window.ends_at",
        ),
        ({"profile": "CN"}, {"announcing": {"sales"}}, Lack.NOT_RECORDED, "queue"),
        ({"ring_s": 14}, {}, Lack.RING_TOO_SHORT, "ring_s"),
        ({"ring_s": 121}, {}, Lack.OUT_OF_RANGE, "ring_s"),
        ({"drop_target": 0.021}, {}, Lack.LOOSER, "drop_target"),
        ({"profile": "UK", "drop_target": 0.02}, {}, Lack.LOOSER, "drop_target"),
        ({"drop_target": 0.0}, {}, Lack.OUT_OF_RANGE, "drop_target"),
        ({"drop_target": float("nan")}, {}, Lack.OUT_OF_RANGE, "drop_target"),
        ({"calls_a_day": 4}, {}, Lack.LOOSER, "calls_a_day"),
        ({"calls_a_day": 0}, {}, Lack.OUT_OF_RANGE, "calls_a_day"),
        ({"attempts": 0}, {}, Lack.OUT_OF_RANGE, "attempts"),
        ({"most_calls": 0}, {}, Lack.OUT_OF_RANGE, "most_calls"),
        ({"blend": Blend(keep_free=-1)}, {}, Lack.OUT_OF_RANGE, "blend.keep_free"),
        ({"preview_s": -1}, {}, Lack.OUT_OF_RANGE, "preview_s"),
        ({"mode": Mode.POWER, "ratio": 0.5}, {}, Lack.OUT_OF_RANGE, "ratio"),
        ({"mode": Mode.POWER, "ratio": float("nan")}, {}, Lack.OUT_OF_RANGE, "ratio"),
        ({"rules": {"busy": Rule(after_s=0, limit=3)}}, {}, Lack.ENDLESS_RULE, "rules.busy"),
        ({"rules": {"busy": Rule(after_s=600, limit=0)}}, {}, Lack.ENDLESS_RULE, "rules.busy"),
    ],
)
def test_each_reason_has_a_name_and_the_field_that_is_to_be_mended(
    campaign: dict[str, Any], around: dict[str, Any], lack: Lack, field: str
) -> None:
    assert lacks(campaign, around) == [(lack, field)]


def test_all_reasons_are_told_at_once() -> None:
    found = lacks({"message": "", "ring_s": 5, "caller_ids": (), "trunk": ""}, {"national_list_at": None})
    assert found == [
        (Lack.UNKNOWN_TRUNK, "trunk"),
        (Lack.NO_CALLER_ID, "caller_ids"),
        (Lack.NO_MESSAGE, "message"),
        (Lack.RING_TOO_SHORT, "ring_s"),
        (Lack.NO_NATIONAL_LIST, "profile"),
    ]


@pytest.mark.parametrize("mode", sorted(RESERVED))
def test_where_an_agent_is_kept_there_is_a_message_for_the_case_that_his_line_falls(mode: Mode) -> None:
    assert lacks({"mode": mode, "message": "", "opt_out_key": ""}, {}) == [
        (Lack.NO_MESSAGE, "message"),
        (Lack.NO_OPT_OUT_KEY, "opt_out_key"),
    ]


def test_an_announcement_needs_no_agents_and_no_message_for_the_dropped() -> None:
    assert lacks({"mode": Mode.AGENTLESS, "script": "4009", "queue": "", "message": ""}, {}) == []


def test_only_talks_that_are_to_be_recorded_as_a_whole_ask_what_their_queue_does() -> None:
    assert lacks({"profile": "US"}, {"announcing": {"sales"}}) == []
    assert lacks({"profile": "CN"}, {"announcing": {"support"}}) == []
    script = {"profile": "CN", "mode": Mode.AGENTLESS, "script": "4009"}
    assert lacks(script, {"announcing": {"sales"}}) == []


def test_calls_that_people_asked_for_need_no_national_list() -> None:
    assert lacks({"marketing": False}, {"national_list_at": None}) == []


def test_one_place_with_hours_is_enough_and_the_other_leads_are_refused_one_by_one() -> None:
    places = [((), ()), (("America/New_York",), ("US-NY",))]
    assert lacks({}, {"places": places}) == []


def test_a_name_that_somebody_made_up_is_quoted_as_it_is() -> None:
    (found,) = problems(replace(CAMPAIGN, trunk="{wanted} %s {0}"), AROUND, NOON)
    assert found.says == "there is no trunk {wanted} %s {0}"


def test_every_reason_has_words_with_known_places() -> None:
    assert SAYS.keys() == {*Lack}
    for says in SAYS.values():
        assert {name for _, name, _, _ in Formatter().parse(says) if name} <= {"given", "wanted"}


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda each: each.name)
def test_of_campaign_and_profile_the_stricter_counts(profile: Any) -> None:
    def terms(**asked: Any) -> Any:
        campaign = replace(CAMPAIGN, profile=profile.name, **asked)
        return terms_of(campaign, caller_id_verified=True, national_list_at=None)

    assert terms().target == profile.drop_target
    assert terms(drop_target=0.5).target == profile.drop_target
    assert terms(drop_target=0.001).target == 0.001
    assert terms(message="").message is False
