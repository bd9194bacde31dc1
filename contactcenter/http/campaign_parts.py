"""What a campaign is as JSON: its settings, its figures and its law, in and out."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from dataclasses import fields as dataclass_fields
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import samples
from contactcenter.crm.campaigns import CampaignRow
from contactcenter.dialer.campaigns import (
    Blend,
    Campaign,
    CampaignState,
    Detection,
    ListShare,
    Mode,
    OnMachine,
    Window,
)
from contactcenter.dialer.drops import Drops
from contactcenter.dialer.permission import calls_a_day, terms_of
from contactcenter.dialer.profiles import PROFILES, Profile, Week
from contactcenter.dialer.recycling import Rule
from contactcenter.dialer.starting import Problem as Lacking

Word = Annotated[str, StringConstraints(max_length=64)]
Number = Annotated[str, StringConstraints(max_length=32)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"\S")]
Message = Annotated[str, StringConstraints(max_length=1000)]
Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
Milliseconds = Annotated[int, Field(ge=0, le=60_000, strict=True)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Spans = Annotated[list[Annotated[list[Clock], Field(min_length=2, max_length=2)]], Field(max_length=12)]
WeekTexts = Annotated[
    list[Spans],
    Field(min_length=7, max_length=7, description="Monday first; an end of 00:00 is the end of the day."),
]
"""Hours of each day, from and until."""


class ListPart(BaseModel):
    """One of the lists that a campaign dials."""

    model_config = ConfigDict(extra="forbid")

    list: Word
    weight: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1


class RulePart(BaseModel):
    """What follows one outcome."""

    model_config = ConfigDict(extra="forbid")

    after_s: Annotated[float, Field(ge=0, le=1e8, allow_inf_nan=False)]
    limit: Annotated[int, Field(ge=0, le=1000, strict=True)]
    next_number: bool = False
    other_time: bool = False


class DetectionPart(BaseModel):
    """The values of the detection of answering machines."""

    model_config = ConfigDict(extra="forbid")

    total_analysis_ms: Milliseconds = 5000
    initial_silence_ms: Milliseconds = 2500
    greeting_ms: Milliseconds = 1500
    after_greeting_silence_ms: Milliseconds = 800
    between_words_silence_ms: Milliseconds = 50
    min_word_ms: Milliseconds = 100
    max_words: Annotated[int, Field(ge=1, le=100, strict=True)] = 3
    silence_threshold: Annotated[int, Field(ge=0, le=32_767, strict=True)] = 256
    on_machine: Literal["hang_up", "leave_message"] = "hang_up"


class SampleSums(BaseModel):
    """What was found of the calls that the detection, as it is, took for machines."""

    heard: Annotated[int, Field(description="How many somebody has listened to, by the samples …")]
    persons: Annotated[int, Field(description="… and how many of those were persons.")]


class BlendPart(BaseModel):
    """How it shares its agents with who calls in."""

    model_config = ConfigDict(extra="forbid")

    inbound_first: bool = True
    keep_free: Annotated[int, Field(ge=0, le=2000, strict=True)] = 0


class WindowPart(BaseModel):
    """When it runs."""

    model_config = ConfigDict(extra="forbid")

    starts_at: Moment | None = None
    ends_at: Moment | None = None
    week: Annotated[
        WeekTexts | None, Field(description="Tighter than the profile's; null: the profile's.")
    ] = None


class CampaignPatch(BaseModel):
    """What to change; what is left out stays. Of what has parts, all parts are given."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    mode: Mode | None = None
    profile: Word | None = None
    queue: Word | None = None
    lists: Annotated[list[ListPart] | None, Field(max_length=50)] = None
    trunk: Word | None = None
    caller_ids: Annotated[list[Number] | None, Field(max_length=1000)] = None
    marketing: bool | None = None
    ratio: Annotated[float | None, Field(ge=0, le=100, allow_inf_nan=False)] = None
    most_calls: Annotated[int | None, Field(ge=0, le=100_000, strict=True)] = None
    drop_target: Annotated[float | None, Field(ge=0, le=1, allow_inf_nan=False)] = None
    ring_s: Annotated[int | None, Field(ge=0, le=3600, strict=True)] = None
    calls_a_day: Annotated[int | None, Field(ge=0, le=1000, strict=True)] = None
    attempts: Annotated[int | None, Field(ge=0, le=1000, strict=True)] = None
    rules: Annotated[dict[Word, RulePart] | None, Field(max_length=200)] = None
    detection: DetectionPart | None = None
    message: Message | None = None
    machine_message: Message | None = None
    script: Word | None = None
    opt_out_key: Annotated[str | None, StringConstraints(max_length=1)] = None
    preview_s: Annotated[int | None, Field(ge=0, le=100_000, strict=True)] = None
    preview_skips: bool | None = None
    own_s: Annotated[int | None, Field(ge=0, le=1_000_000, strict=True)] = None
    blend: BlendPart | None = None
    window: WindowPart | None = None
    talk_script: Annotated[str | None, StringConstraints(max_length=8000)] = None
    form: Annotated[
        str | None,
        StringConstraints(max_length=4000),
        Field(description="A question on each line, its choices behind bars; the answers go into the note."),
    ] = None
    owner: Word | None = None
    team: Word | None = None


class NewCampaign(CampaignPatch):
    """A new campaign; it dials nothing until it is started."""

    name: Name
    mode: Mode
    profile: Word


class SampleBody(BaseModel):
    """Of the calls that the detection took for machines: what somebody has found who listened to some."""

    model_config = ConfigDict(extra="forbid")

    heard: Annotated[int, Field(ge=1, le=samples.MOST_HEARD, strict=True, description="Listened to.")]
    persons: Annotated[
        int, Field(ge=0, le=samples.MOST_HEARD, strict=True, description="How many of those were persons.")
    ]
    proof: Annotated[
        str,
        StringConstraints(min_length=1, max_length=1000),
        Field(description="Which calls, who listened, where that is written down."),
    ]


class CopyBody(BaseModel):
    """What the copy is to be called."""

    model_config = ConfigDict(extra="forbid")

    name: Name


class CampaignTerms(BaseModel):
    """What the campaign is held to: of the law and its own settings the stricter."""

    drop_limit: float
    drop_target: float
    ring_s: int
    calls_a_day: int
    clock_s: float
    period_days: int


class CampaignRecord(BaseModel):
    """A campaign."""

    id: str
    name: str
    state: CampaignState
    mode: Mode
    profile: str
    queue: str
    lists: list[ListPart]
    trunk: str
    caller_ids: list[str]
    marketing: bool
    ratio: float
    most_calls: int
    drop_target: float | None
    ring_s: int
    calls_a_day: int | None
    attempts: int
    rules: dict[str, RulePart]
    detection: DetectionPart | None
    sample: SampleSums
    message: str
    machine_message: str
    script: str
    opt_out_key: str
    preview_s: int
    preview_skips: bool
    own_s: int
    blend: BlendPart
    window: WindowPart
    talk_script: str
    form: str
    owner: str
    team: str
    terms: CampaignTerms
    started_at: Annotated[float | None, Field(description="The first start: periods are counted from it.")]
    version: int
    created_at: float
    created_by: str
    updated_at: float


class ProfileRules(BaseModel):
    """What one country's law asks of campaigns."""

    name: str
    drop_limit: float
    drop_target: float
    period_days: int
    hang_up_on_machines: bool
    clock_s: float
    ring_s: int
    week: WeekTexts
    regions: Annotated[list[str], Field(description="Where it is stricter, by ISO 3166.")]
    national_list_days: int | None
    consent: bool
    announcement_consent: bool
    after_drop_h: float
    calls_a_day: int
    sources: Annotated[dict[str, str], Field(description="Where each of these is written.")]


class NamedList(BaseModel):
    """A list by its name."""

    id: str
    name: str


class CampaignChoices(BaseModel):
    """What a campaign may name."""

    profiles: list[ProfileRules]
    queues: list[str]
    trunks: list[str]
    scripts: Annotated[list[str], Field(description="Our numbers that lead to an IVR script.")]
    caller_ids: Annotated[list[str], Field(description="The verified ones.")]
    lists: list[NamedList]


class Lack(BaseModel):
    """One reason why a campaign can't start."""

    lack: str
    field: str
    given: str
    wanted: str
    says: str


class Counted(BaseModel):
    """Drops in some days, as the profile counts them."""

    connected: int
    dropped: int
    machines: int
    answered: int
    share: Annotated[float, Field(description="With the upper bound of the misjudged machines.")]


class CountedDay(Counted):
    """One of the campaign's days."""

    day: Annotated[int, Field(description="0: the 24 hours from the first start.")]


class ListFigures(BaseModel):
    """How far a list is."""

    list: str
    name: str
    weight: int
    due: int
    leased: int
    closed: int
    held: int


class CampaignFigures(BaseModel):
    """What was counted of a campaign."""

    period_days: int
    started_at: float | None
    today: Counted
    period: Counted
    window: Annotated[Counted, Field(description="The last days, as many as a period has.")]
    days: Annotated[list[CountedDay], Field(description="Of the period, the oldest first.")]
    outcomes: Annotated[dict[str, int], Field(description="Of the period's attempts that are over.")]
    lists: list[ListFigures]


# --- in and out ---


def with_changes(campaign: Campaign, body: CampaignPatch) -> Campaign:
    """The campaign with what the body names."""
    given = {name: getattr(body, name) for name in body.model_fields_set - {"owner", "team"}}
    values = {
        name: _value(value) for name, value in given.items() if value is not None or name in _MAY_BE_NONE
    }
    return replace(campaign, **values)


_MAY_BE_NONE = frozenset({"drop_target", "calls_a_day", "detection"})
"""What says something by being null."""


def _value(value: Any) -> Any:
    """A part of the body as the domain has it."""
    match value:
        case DetectionPart():
            return Detection(**value.model_dump() | {"on_machine": OnMachine(value.on_machine)})
        case BlendPart():
            return Blend(**value.model_dump())
        case WindowPart(week=week):
            return Window(**value.model_dump(exclude={"week"}), week=None if week is None else _week(week))
        case [ListPart(), *_]:
            return tuple(ListShare(**each.model_dump()) for each in value)
        case list():
            return tuple(value)
        case dict():
            return {code: Rule(**part.model_dump()) for code, part in value.items()}
    return value


def _week(texts: WeekTexts) -> Week:
    return tuple(tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in day) for day in texts)


def _texts(week: Week) -> WeekTexts:
    return [[[f"{each:%H:%M}" for each in span] for span in day] for day in week]


def record_of(row: CampaignRow) -> CampaignRecord:
    campaign, window = row.campaign, row.campaign.window
    week = None if window.week is None else _texts(window.week)
    terms = terms_of(campaign, caller_id_verified=True, national_list_at=None)
    profile = terms.profile
    fields = {each.name: getattr(campaign, each.name) for each in dataclass_fields(campaign)}
    parts: dict[str, Any] = {
        "lists": [ListPart(list=each.list, weight=each.weight) for each in campaign.lists],
        "rules": {code: RulePart(**asdict(rule)) for code, rule in campaign.rules.items()},
        "detection": _detection(campaign.detection),
        "sample": _sampled(campaign.detection),
        "blend": BlendPart(**asdict(campaign.blend)),
        "window": WindowPart(starts_at=window.starts_at, ends_at=window.ends_at, week=week),
        "caller_ids": list(campaign.caller_ids),
        "terms": CampaignTerms(
            drop_limit=profile.drop_limit,
            drop_target=terms.target,
            ring_s=campaign.ring_s,
            calls_a_day=calls_a_day(terms, ()),
            clock_s=profile.clock_s,
            period_days=profile.period_days,
        ),
    }
    stored = {name: getattr(row, name) for name in _STORED}
    return CampaignRecord(**fields | parts | stored)


def _detection(detection: Detection | None) -> DetectionPart | None:
    if detection is None:
        return None
    return DetectionPart(**{name: getattr(detection, name) for name in DetectionPart.model_fields})


def _sampled(detection: Detection | None) -> SampleSums:
    found = detection or Detection()
    return SampleSums(heard=found.heard, persons=found.persons)


_STORED = ("state", "owner", "team", "started_at", "version", "created_at", "created_by", "updated_at")


def rules_of(profile: Profile) -> ProfileRules:
    same = set(ProfileRules.model_fields) - {"week", "regions", "sources"}
    return ProfileRules(
        **{name: getattr(profile, name) for name in same},
        week=_texts(profile.week),
        regions=sorted(profile.regions),
        sources=dict(profile.sources),
    )


def lack_of(one: Lacking) -> Lack:
    return Lack(lack=one.lack.value, field=one.field, given=one.given, wanted=one.wanted, says=one.says)


def sums_of(days: Iterable[Drops], campaign: Campaign) -> dict[str, Any]:
    some, profile = list(days), PROFILES[campaign.profile]
    detection = campaign.detection or Detection()
    drops = Drops(
        connected=sum(each.connected for each in some),
        dropped=sum(each.dropped for each in some),
        machines=sum(each.machines for each in some),
        heard=detection.heard,
        persons=detection.persons,
    )
    return {
        "connected": drops.connected,
        "dropped": drops.dropped,
        "machines": drops.machines,
        "answered": drops.connected + drops.dropped,
        "share": drops.counted(machines_taken_out=profile.machines_taken_out),
    }


def by_state(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: counts.get(name, 0) for name in ("due", "leased", "closed", "held")}
