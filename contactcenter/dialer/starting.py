"""Why a campaign can't start: everything that is missing, impossible, or looser than the law, each by name.

All of it is told at once, with the field that is to be mended. A campaign that starts may still find leads
that it must not dial: these are refused one by one (`permission.py`).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from enum import StrEnum

from contactcenter.dialer import recycling
from contactcenter.dialer.campaigns import Campaign, Mode, OnMachine
from contactcenter.dialer.hours import next_allowed
from contactcenter.dialer.permission import Terms, hours_of, list_is_young, terms_of
from contactcenter.dialer.profiles import PROFILES
from contactcenter.values import frozen

KEYS = frozenset("0123456789*#")
LONGEST_RING_S = 120
MOST_CALLS = 2_000
"""Of one campaign at once."""
HIGHEST_RATIO = 5.0
LONGEST_PREVIEW_S = 3600
LONGEST_OWN_S = 7 * 86_400


class Lack(StrEnum):
    """What is wrong with a campaign."""

    UNKNOWN_PROFILE = "unknown_profile"
    UNKNOWN_QUEUE = "unknown_queue"
    UNKNOWN_TRUNK = "unknown_trunk"
    UNKNOWN_LIST = "unknown_list"
    UNKNOWN_PROMPT = "unknown_prompt"
    UNKNOWN_SCRIPT = "unknown_script"
    NO_LIST = "no_list"
    NO_CALLER_ID = "no_caller_id"
    CALLER_ID_NOT_VERIFIED = "caller_id_not_verified"
    NO_MESSAGE = "no_message"
    """People may be dropped, and there is nothing to tell them."""
    NO_MACHINE_MESSAGE = "no_machine_message"
    NO_OPT_OUT_KEY = "no_opt_out_key"
    SILENT_HANG_UP = "silent_hang_up"
    """A person who is taken for a machine would hear nothing, where that is forbidden."""
    DETECTION_TOO_SLOW = "detection_too_slow"
    """The time for an agent would be over before anybody knows whether it is a person."""
    NO_NATIONAL_LIST = "no_national_list"
    NATIONAL_LIST_TOO_OLD = "national_list_too_old"
    NO_HOURS = "no_hours"
    """No hour of the week is allowed wherever its leads may be."""
    OVER = "over"
    """Its last day is gone."""
    ENDS_BEFORE = "ends_before"
    """It would end before it begins."""
    NOT_RECORDED = "not_recorded"
    """Its queue records a talk only after an announcement, for which who was called has no time."""
    RING_TOO_SHORT = "ring_too_short"
    LOOSER = "looser"
    """It asks for more than the profile lets it."""
    OUT_OF_RANGE = "out_of_range"
    ENDLESS_RULE = "endless_rule"


SAYS: Mapping[Lack, str] = {
    Lack.UNKNOWN_PROFILE: "there is no profile {given}: choose one of {wanted}",
    Lack.UNKNOWN_QUEUE: "there is no queue {given}",
    Lack.UNKNOWN_TRUNK: "there is no trunk {given}",
    Lack.UNKNOWN_LIST: "there is no list {given}",
    Lack.UNKNOWN_PROMPT: "there is no prompt {given}",
    Lack.UNKNOWN_SCRIPT: "{given} is no number of ours with a script",
    Lack.NO_LIST: "it has no list of leads",
    Lack.NO_CALLER_ID: "it has no number to show to who is called",
    Lack.CALLER_ID_NOT_VERIFIED: "{given} is not verified as a number of ours",
    Lack.NO_MESSAGE: "it has no message for whoever has no agent: who calls, and which number to call",
    Lack.NO_MACHINE_MESSAGE: "machines are to hear a message, and there is none",
    Lack.NO_OPT_OUT_KEY: "who hears the message needs a key to be left alone: one of 0 to 9, * and #",
    Lack.SILENT_HANG_UP: "the profile forbids to hang up on machines without a word: leave a message",
    Lack.DETECTION_TOO_SLOW: "the detection waits {given} ms after the greeting: less than {wanted} ms",
    Lack.NO_NATIONAL_LIST: "there is no copy of the national do-not-call list: load one",
    Lack.NATIONAL_LIST_TOO_OLD: (
        "the copy of the national do-not-call list is {given} days old, at most {wanted} are allowed: "
        "load a new one"
    ),
    Lack.NO_HOURS: "no hour of the week is allowed, by the campaign and the law, wherever its leads are",
    Lack.OVER: "its end has passed",
    Lack.ENDS_BEFORE: "it ends before it begins",
    Lack.NOT_RECORDED: (
        "the whole talk is to be recorded, and the queue {given} records only who heard an announcement: who "
        "was called is not told, as he is to have an agent at once; set its recording to {wanted}"
    ),
    Lack.RING_TOO_SHORT: "it rings for {given} s: at least {wanted} s are due",
    Lack.LOOSER: "{given} is looser than the profile: at most {wanted}",
    Lack.OUT_OF_RANGE: "{given} is not possible: from {wanted}",
    Lack.ENDLESS_RULE: "this rule would go on without end or never: {wanted}",
}
"""Each in words; `{given}` and `{wanted}` are filled in."""


@frozen
class Problem:
    """One reason why it can't start."""

    lack: Lack
    field: str
    """Of `Campaign`; parts of it behind dots: `rules.busy`, `caller_ids.0`."""
    given: str = ""
    """What the campaign says there: untrusted."""
    wanted: str = ""
    """What would do."""

    @property
    def says(self) -> str:
        """In words."""
        return SAYS[self.lack].format(given=self.given, wanted=self.wanted)


@frozen
class Surroundings:
    """What there is, for a campaign to name; and what is known of its leads."""

    queues: Collection[str]
    trunks: Collection[str]
    prompts: Collection[str]
    scripts: Collection[str]
    """Numbers of ours that have an IVR script."""
    lists: Collection[str]
    """Ids."""
    caller_ids: Collection[str]
    """The verified ones."""
    national_list_at: float | None = None
    """When the copy of the profile's national list was fetched."""
    announcing: Collection[str] = ()
    """Queues that tell a caller before they record him."""
    places: Collection[tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=tuple)
    """Zones and regions of the leads' numbers, each pair once."""


def problems(campaign: Campaign, around: Surroundings, at: float) -> tuple[Problem, ...]:
    """Every reason why the campaign can't start at `at`; none: it can."""
    return tuple(_problems(campaign, around, at))


def _problems(campaign: Campaign, around: Surroundings, at: float) -> Iterator[Problem]:
    yield from _names(campaign, around)
    yield from _caller_ids(campaign, around)
    yield from _messages(campaign, around)
    yield from _ranges(campaign)
    yield from _rules(campaign)
    if campaign.profile not in PROFILES:
        yield Problem(
            lack=Lack.UNKNOWN_PROFILE, field="profile", given=campaign.profile, wanted=", ".join(PROFILES)
        )
        return
    terms = terms_of(campaign, caller_id_verified=True, national_list_at=around.national_list_at)
    yield from _law(campaign, terms, at)
    if campaign.queue in around.announcing and terms.agents and terms.profile.whole_talk_recorded:
        yield Problem(lack=Lack.NOT_RECORDED, field="queue", given=campaign.queue, wanted="always")
    yield from _time(campaign, terms, around, at)


def _names(campaign: Campaign, around: Surroundings) -> Iterator[Problem]:
    agents = campaign.mode is not Mode.AGENTLESS
    if (agents or campaign.queue) and campaign.queue not in around.queues:
        yield Problem(lack=Lack.UNKNOWN_QUEUE, field="queue", given=campaign.queue)
    if campaign.trunk not in around.trunks:
        yield Problem(lack=Lack.UNKNOWN_TRUNK, field="trunk", given=campaign.trunk)
    if not campaign.lists:
        yield Problem(lack=Lack.NO_LIST, field="lists")
    for place, share in enumerate(campaign.lists):
        if share.list not in around.lists:
            yield Problem(lack=Lack.UNKNOWN_LIST, field=f"lists.{place}.list", given=share.list)
        if share.weight < 1:
            yield _range(f"lists.{place}.weight", share.weight, 1, 1000)
    if not agents and campaign.script not in around.scripts:
        yield Problem(lack=Lack.UNKNOWN_SCRIPT, field="script", given=campaign.script)


def _caller_ids(campaign: Campaign, around: Surroundings) -> Iterator[Problem]:
    if not campaign.caller_ids:
        yield Problem(lack=Lack.NO_CALLER_ID, field="caller_ids")
    for place, number in enumerate(campaign.caller_ids):
        if number not in around.caller_ids:
            yield Problem(lack=Lack.CALLER_ID_NOT_VERIFIED, field=f"caller_ids.{place}", given=number)


def _messages(campaign: Campaign, around: Surroundings) -> Iterator[Problem]:
    if not campaign.has_words:
        yield Problem(lack=Lack.NO_MESSAGE, field="message")
    if campaign.opt_out_key not in KEYS:
        yield Problem(lack=Lack.NO_OPT_OUT_KEY, field="opt_out_key", given=campaign.opt_out_key)
    leaves = campaign.detection is not None and campaign.detection.on_machine is OnMachine.LEAVE_MESSAGE
    if leaves and not campaign.machine_message:
        yield Problem(lack=Lack.NO_MACHINE_MESSAGE, field="machine_message")
    for name, prompt in (("message", campaign.message), ("machine_message", campaign.machine_message)):
        if prompt and prompt not in around.prompts:
            yield Problem(lack=Lack.UNKNOWN_PROMPT, field=name, given=prompt)


def _ranges(campaign: Campaign) -> Iterator[Problem]:
    asked: list[tuple[str, float | None, float, float]] = [
        ("attempts", campaign.attempts, 1, recycling.MOST_ATTEMPTS),
        ("most_calls", campaign.most_calls, 1, MOST_CALLS),
        ("calls_a_day", campaign.calls_a_day, 1, recycling.MOST_ATTEMPTS),
        ("blend.keep_free", campaign.blend.keep_free, 0, MOST_CALLS),
        ("preview_s", campaign.preview_s, 0, LONGEST_PREVIEW_S),
        ("own_s", campaign.own_s, 0, LONGEST_OWN_S),
    ]
    if campaign.mode is Mode.POWER:
        asked.append(("ratio", campaign.ratio, 1, HIGHEST_RATIO))
    for name, value, least, most in asked:
        if value is not None and not least <= value <= most:
            yield _range(name, value, least, most)
    if campaign.ring_s > LONGEST_RING_S:
        yield _range("ring_s", campaign.ring_s, 1, LONGEST_RING_S)
    if campaign.drop_target is not None and not campaign.drop_target > 0:
        yield Problem(
            lack=Lack.OUT_OF_RANGE,
            field="drop_target",
            given=f"{campaign.drop_target:g}",
            wanted="more than 0 (progressive never drops)",
        )


def _rules(campaign: Campaign) -> Iterator[Problem]:
    for outcome, rule in campaign.rules.items():
        try:
            recycling.check({outcome: rule})
        except recycling.EndlessRule as error:
            yield Problem(lack=Lack.ENDLESS_RULE, field=f"rules.{outcome}", given=outcome, wanted=error.why)


def _law(campaign: Campaign, terms: Terms, at: float) -> Iterator[Problem]:
    profile = terms.profile
    if campaign.ring_s < profile.ring_s:
        yield Problem(
            lack=Lack.RING_TOO_SHORT, field="ring_s", given=str(campaign.ring_s), wanted=str(profile.ring_s)
        )
    for name, value, most in (
        ("drop_target", campaign.drop_target, profile.drop_target),
        ("calls_a_day", campaign.calls_a_day, profile.calls_a_day),
    ):
        if value is not None and value > most:
            yield Problem(lack=Lack.LOOSER, field=name, given=f"{value:g}", wanted=f"{most:g}")
    if (detection := campaign.detection) is not None:
        if detection.on_machine is OnMachine.HANG_UP and not profile.hang_up_on_machines:
            yield Problem(lack=Lack.SILENT_HANG_UP, field="detection.on_machine")
        if detection.after_greeting_silence_ms >= profile.clock_s * 1000:
            yield Problem(
                lack=Lack.DETECTION_TOO_SLOW,
                field="detection.after_greeting_silence_ms",
                given=str(detection.after_greeting_silence_ms),
                wanted=f"{profile.clock_s * 1000:g}",
            )
    if terms.marketing and not list_is_young(terms, at):
        if terms.national_list_at is None:
            yield Problem(lack=Lack.NO_NATIONAL_LIST, field="profile")
        else:
            yield Problem(
                lack=Lack.NATIONAL_LIST_TOO_OLD,
                field="profile",
                given=f"{(at - terms.national_list_at) / 86400:.1f}",
                wanted=str(profile.national_list_days),
            )


def _time(campaign: Campaign, terms: Terms, around: Surroundings, at: float) -> Iterator[Problem]:
    window = campaign.window
    if window.ends_at is not None and window.ends_at <= at:
        yield Problem(lack=Lack.OVER, field="window.ends_at")
    elif window.ends_at is not None and window.starts_at is not None and window.ends_at <= window.starts_at:
        yield Problem(lack=Lack.ENDS_BEFORE, field="window.ends_at")
    # Where nobody knows yet where its leads are, the two weeks have to meet at least.
    places = [*around.places] or [(("UTC",), ("",))]
    if not any(next_allowed(hours_of(terms, *place), at) is not None for place in places):
        yield Problem(lack=Lack.NO_HOURS, field="window.week")


def _range(name: str, value: float, least: float, most: float) -> Problem:
    return Problem(lack=Lack.OUT_OF_RANGE, field=name, given=f"{value:g}", wanted=f"{least:g} to {most:g}")
