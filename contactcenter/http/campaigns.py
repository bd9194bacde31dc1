"""`/api/campaigns`: what they dial by, their steps, and what was counted of them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from dataclasses import fields as dataclass_fields
from datetime import time
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import attempts, caller_ids, campaigns, evidence, lists, permits, samples
from contactcenter.crm.campaigns import CampaignRow
from contactcenter.crm.phone_numbers import e164
from contactcenter.crm.samples import NewSample, Sample
from contactcenter.dialer.attempts import AttemptRecord
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
from contactcenter.dialer.permission import terms_of
from contactcenter.dialer.profiles import PROFILES, Profile, Week
from contactcenter.dialer.recycling import Rule
from contactcenter.dialer.reports import Report
from contactcenter.dialer.starting import Problem as Lacking
from contactcenter.dialer.starting import Surroundings, problems
from contactcenter.events import CampaignAsked, CampaignsChanged
from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.problems import Problem, invalid, not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit
from contactcenter.mistakes import Wrong
from contactcenter.views import CampaignView

routes = Routes("campaigns")

DAY_S = 86_400.0
BODY = 128 * 1024
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


# --- what a campaign is, as JSON ---


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


class CampaignFilter(Paged):
    """Which campaigns."""

    state: Literal["", "draft", "running", "paused", "stopped", "archived"] = ""
    queue: Word = ""


class AttemptFilter(Paged):
    """Which attempts; `number` is a whole number."""

    outcome: Word = ""
    lead: Word = ""
    number: Number = ""


class WhichPeriod(BaseModel):
    """Of which of the campaign's periods."""

    model_config = ConfigDict(extra="forbid")

    period: Annotated[
        int | None, Field(ge=1, le=10_000, description="The first is 1; left out: all of them.")
    ] = None


# --- reading ---


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


@routes.get("/api/campaigns", right=Right.CAMPAIGNS_READ)
async def list_campaigns(visit: Visit, query: CampaignFilter) -> Items[CampaignRecord]:
    """Campaigns, the last changed first."""
    page = await visit.edge.store.read(
        campaigns.page,
        visit.reader,
        states=(CampaignState(query.state),) if query.state else (),
        queue=query.queue,
        cursor=query.cursor,
        limit=query.limit,
    )
    return Items(items=[_record(row) for row in page.items], next=page.next)


@routes.get("/api/campaigns/live", right=Right.SIGNED_IN)
async def list_live_campaigns(visit: Visit, query: Paged) -> Items[CampaignView]:
    """Campaigns that run, or whose calls still go on, as the live stream shows them: an agent sees those of
    his queues from which he takes leads himself."""
    seen: list[CampaignView] = visit.edge.live.seen(visit.visitor.reader, "campaigns")
    return cut(seen, lambda view: view.id, query)


@routes.get("/api/campaigns/choices", right=Right.CAMPAIGNS_READ)
async def get_campaign_choices(visit: Visit) -> CampaignChoices:
    """What a campaign may name, and what the law says to it."""
    edge, at = visit.edge, visit.edge.now()
    known = await edge.store.read(lists.page, visit.reader, limit=200, at=at)
    settings, limit = edge.configurator.settings, visit.reader.limit(Kind.LEAD)
    return CampaignChoices(
        profiles=[_profile(profile) for profile in PROFILES.values()],
        queues=[name for name in settings.queues if not limit or name in limit],
        trunks=list(dict.fromkeys((settings.transfers.trunk, *settings.trunks))),
        scripts=[number for number, did in settings.dids.items() if did.script],
        caller_ids=sorted(await edge.store.read(caller_ids.verified)),
        lists=[NamedList(id=one.id, name=one.name) for one in known.items],
    )


@routes.get("/api/campaigns/{id}", right=Right.CAMPAIGNS_READ, of=Kind.CAMPAIGN, versioned=True)
async def get_campaign(visit: Visit, id: str) -> CampaignRecord:
    """One campaign."""
    return _record(await _row(visit, id))


@routes.get("/api/campaigns/{id}/problems", right=Right.CAMPAIGNS_READ, of=Kind.CAMPAIGN)
async def list_campaign_problems(visit: Visit, id: str) -> Items[Lack]:
    """Every reason why it can't start now; none: it can."""
    row = await _row(visit, id)
    return Items(items=[_lack(each) for each in await _lacks(visit, row.campaign)])


@routes.get("/api/campaigns/{id}/figures", right=Right.CAMPAIGNS_READ, of=Kind.CAMPAIGN)
async def get_campaign_figures(visit: Visit, id: str) -> CampaignFigures:
    """Its drops today, in its period and in the last days, its outcomes, and how far its lists are."""
    row = await _row(visit, id)
    store, at = visit.edge.store, visit.edge.now()
    profile = PROFILES[row.campaign.profile]
    today = 0 if row.started_at is None else campaigns.day_of(row.started_at, at)
    begun, since = today - today % profile.period_days, max(0, today - profile.period_days + 1)
    days = await store.read(campaigns.days_of, id, since=min(begun, since))
    found = await store.read(lists.page, visit.reader, campaign=id, limit=200, at=at)
    weights = {share.list: share.weight for share in row.campaign.lists}

    def counted(first: int) -> Counted:
        return Counted(**_counted((drops for day, drops in days.items() if day >= first), row.campaign))

    return CampaignFigures(
        period_days=profile.period_days,
        started_at=row.started_at,
        today=counted(today),
        period=counted(begun),
        window=counted(since),
        days=[
            CountedDay(day=day, **_counted((days[day],) if day in days else (), row.campaign))
            for day in range(begun, today + 1)
        ],
        outcomes=await store.read(campaigns.outcomes, id, since=begun),
        lists=[
            ListFigures(list=one.id, name=one.name, weight=weights.get(one.id, 1), **_part(one.counts))
            for one in found.items
        ],
    )


@routes.get("/api/campaigns/{id}/attempts", right=Right.LEADS_READ, of=Kind.CAMPAIGN)
async def list_campaign_attempts(visit: Visit, id: str, query: AttemptFilter) -> Items[AttemptRecord]:
    """What was dialled, the newest first, and what became of it."""
    await _row(visit, id)
    number = e164(query.number, visit.edge.store.region, "number") if query.number else ""
    page = await visit.edge.store.read(
        attempts.page,
        visit.reader,
        campaign=id,
        lead=query.lead,
        number=number,
        outcome=query.outcome,
        cursor=query.cursor,
        limit=query.limit,
    )
    return Items(items=list(page.items), next=page.next)


@routes.get("/api/campaigns/{id}/compliance", right=Right.CAMPAIGNS_READ, of=Kind.CAMPAIGN)
async def get_campaign_compliance(visit: Visit, id: str, query: WhichPeriod) -> Report:
    """Its evidence, made of the attempts' records alone: each rule, its figures, and whether it was kept."""
    at = visit.edge.now()
    return await visit.edge.store.read(evidence.report, id, at=at, period=query.period, reader=visit.reader)


@routes.get("/api/campaigns/{id}/samples", right=Right.CAMPAIGNS_READ, of=Kind.CAMPAIGN)
async def list_campaign_samples(visit: Visit, id: str) -> Items[Sample]:
    """What was found of the calls that its detection took for machines, the newest first. Those count that
    are of the values that it has today."""
    row = await _row(visit, id)
    return Items(items=list(await visit.edge.store.read(samples.of, id, row.campaign.detection)))


# --- writing ---


@routes.post(
    "/api/campaigns", right=Right.CAMPAIGNS_MANAGE, status=201, refusals=(409,), versioned=True,
    body_limit=BODY,
)  # fmt: skip
async def create_campaign(visit: Visit, body: NewCampaign) -> CampaignRecord:
    """Make a campaign, as a draft."""
    blank = Campaign(
        id="", name="", mode=Mode.PREVIEW, profile="", queue="", lists=(), caller_ids=(),
        trunk=visit.edge.configurator.settings.transfers.trunk,
    )  # fmt: skip
    return await _make(visit, _changed(blank, body), owner=body.owner, team=body.team)


@routes.post(
    "/api/campaigns/{id}/copy", right=Right.CAMPAIGNS_MANAGE, of=Kind.CAMPAIGN, status=201, refusals=(409,),
    versioned=True,
)  # fmt: skip
async def copy_campaign(visit: Visit, id: str, body: CopyBody) -> CampaignRecord:
    """Make another campaign with the same settings, as a draft."""
    row = await _row(visit, id)
    return await _make(visit, replace(row.campaign, name=body.name), owner=None, team=None)


@routes.patch(
    "/api/campaigns/{id}", right=Right.CAMPAIGNS_MANAGE, of=Kind.CAMPAIGN, refusals=(409,), versioned=True,
    body_limit=BODY,
)  # fmt: skip
async def change_campaign(visit: Visit, id: str, body: CampaignPatch) -> CampaignRecord:
    """Change a campaign, its throttle (`most_calls`) and its schedule (`window`), too: the very next call
    goes by it. One that runs is paused by the center if it lacks something then."""
    row = await _row(visit, id)
    wished = _changed(row.campaign, body)
    _check_queue(visit, wished)
    changed = await visit.edge.store.write(
        campaigns.change,
        id,
        wished,
        owner=body.owner,
        team=body.team,
        reader=visit.reader,
        at=visit.edge.now(),
        expected=row.version if visit.expected is None else visit.expected,
    )
    visit.edge.tell(CampaignsChanged(at=visit.edge.now(), campaigns=(changed.campaign,)))
    await _tell_whose(visit)
    return _record(changed)


@routes.post(
    "/api/campaigns/{id}/samples", right=Right.CAMPAIGNS_MANAGE, of=Kind.CAMPAIGN, status=201, refusals=(409,)
)
async def add_campaign_sample(visit: Visit, id: str, body: SampleBody) -> CampaignRecord:
    """Enter how many of the calls that its detection took for machines somebody has listened to, and how many
    of those were persons. The very next call is paced by it; a sample is never taken away."""
    new = NewSample(heard=body.heard, persons=body.persons, proof=body.proof)
    row = await visit.edge.store.write(
        campaigns.add_sample, id, new, reader=visit.reader, at=visit.edge.now()
    )
    visit.edge.tell(CampaignsChanged(at=visit.edge.now(), campaigns=(row.campaign,)))
    return _record(row)


@routes.post(
    "/api/campaigns/{id}/start", right=Right.CAMPAIGNS_MANAGE, of=Kind.CAMPAIGN, refusals=(404, 409),
    versioned=True,
)  # fmt: skip
async def start_campaign(visit: Visit, id: str) -> CampaignRecord:
    """Let it dial, from now on or again. Refused with every reason at once, each by its field."""
    row = await _row(visit, id)
    if lacks := await _lacks(visit, row.campaign):
        raise invalid([Wrong(key=each.field, says=each.says) for each in lacks])
    return await _step(visit, id, "start")


@routes.post(
    "/api/campaigns/{id}/pause", right=Right.CAMPAIGNS_MANAGE, of=Kind.CAMPAIGN, refusals=(404, 409),
    versioned=True,
)  # fmt: skip
async def pause_campaign(visit: Visit, id: str) -> CampaignRecord:
    """Place no new calls; those that are out go on."""
    return await _step(visit, id, "pause")


@routes.post(
    "/api/campaigns/{id}/stop", right=Right.CAMPAIGNS_MANAGE, of=Kind.CAMPAIGN, refusals=(404, 409),
    versioned=True,
)  # fmt: skip
async def stop_campaign(visit: Visit, id: str) -> CampaignRecord:
    """End it; it can be started again, in the same period."""
    return await _step(visit, id, "stop")


@routes.post(
    "/api/campaigns/{id}/archive", right=Right.CAMPAIGNS_MANAGE, of=Kind.CAMPAIGN, refusals=(409,),
    versioned=True,
)  # fmt: skip
async def archive_campaign(visit: Visit, id: str) -> CampaignRecord:
    """Put a campaign away that is a draft or was stopped: it is read, and never dials again."""
    row = await visit.edge.store.write(campaigns.archive, id, reader=visit.reader, at=visit.edge.now())
    return _record(row)


# --- parts ---


async def _row(visit: Visit, id_: str) -> CampaignRow:
    if found := await visit.edge.store.read(campaigns.get, id_, visit.reader):
        return found
    raise not_found("campaign")


async def _make(visit: Visit, new: Campaign, *, owner: str | None, team: str | None) -> CampaignRecord:
    _check_queue(visit, new)
    made = await visit.edge.store.write(
        campaigns.create, new, owner=owner, team=team, reader=visit.reader, at=visit.edge.now()
    )
    await _tell_whose(visit)
    return _record(made)


async def _tell_whose(visit: Visit) -> None:
    """Who sees which live campaigns."""
    visit.edge.live.campaigning(await visit.edge.store.read(campaigns.whose))


async def _step(visit: Visit, id_: str, step: str) -> CampaignRecord:
    """Ask the center, and answer with the campaign as it is then."""
    await _row(visit, id_)
    kept = await visit.edge.store.read(campaigns.kept, id_, visit.edge.now())
    if kept is None:
        raise not_found("campaign")
    await visit.steer(partial(CampaignAsked, kept=kept, step=step))
    await visit.edge.store.settled()  # the center has it written down
    return _record(await _row(visit, id_))


async def _lacks(visit: Visit, campaign: Campaign) -> tuple[Lacking, ...]:
    """Why it can't start, as far as anybody knows now."""
    store, settings, at = visit.edge.store, visit.edge.configurator.settings, visit.edge.now()
    named = [share.list for share in campaign.lists]
    around = Surroundings(
        queues=settings.queues,
        trunks=(settings.transfers.trunk, *settings.trunks),
        prompts=(campaign.message, campaign.machine_message),  # texts, which the center speaks
        scripts=[number for number, did in settings.dids.items() if did.script],
        lists=named,
        caller_ids=await store.read(caller_ids.verified),
        national_list_at=await store.read(permits.national_list_at, campaign.profile),
        announcing=[name for name, queue in settings.queues.items() if queue.recording == "announce"],
        places=await store.read(lists.places, named),
    )
    return problems(campaign, around, at)


def _check_queue(visit: Visit, campaign: Campaign) -> None:
    """Nobody lets agents be dialled for whom he does not steer."""
    limit = visit.reader.limit(Kind.LEAD)
    if limit and campaign.queue and campaign.queue not in limit:
        raise Problem(403, "out_of_scope", f"The queue {campaign.queue} is not one of yours.", field="queue")


def _changed(campaign: Campaign, body: CampaignPatch) -> Campaign:
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


def _record(row: CampaignRow) -> CampaignRecord:
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
            calls_a_day=min(profile.calls_a_day, campaign.calls_a_day or profile.calls_a_day),
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


def _profile(profile: Profile) -> ProfileRules:
    same = set(ProfileRules.model_fields) - {"week", "regions", "sources"}
    return ProfileRules(
        **{name: getattr(profile, name) for name in same},
        week=_texts(profile.week),
        regions=sorted(profile.regions),
        sources=dict(profile.sources),
    )


def _lack(one: Lacking) -> Lack:
    return Lack(lack=one.lack.value, field=one.field, given=one.given, wanted=one.wanted, says=one.says)


def _counted(days: Iterable[Drops], campaign: Campaign) -> dict[str, Any]:
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


def _part(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: counts.get(name, 0) for name in ("due", "leased", "closed", "held")}
