"""`/api/campaigns`: what they dial by, their steps, and what was counted of them."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from contactcenter.crm import attempts, caller_ids, campaigns, evidence, lists, permits, samples
from contactcenter.crm.campaigns import CampaignRow
from contactcenter.crm.phone_numbers import e164
from contactcenter.crm.samples import NewSample, Sample
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.campaigns import (
    Campaign,
    CampaignState,
    Mode,
)
from contactcenter.dialer.profiles import PROFILES
from contactcenter.dialer.reports import Report
from contactcenter.dialer.starting import Problem as Lacking
from contactcenter.dialer.starting import Surroundings, problems
from contactcenter.events import CampaignAsked, CampaignsChanged
from contactcenter.http.campaign_parts import (
    CampaignChoices,
    CampaignFigures,
    CampaignPatch,
    CampaignRecord,
    CopyBody,
    Counted,
    CountedDay,
    Lack,
    ListFigures,
    NamedList,
    NewCampaign,
    Number,
    SampleBody,
    Word,
    by_state,
    lack_of,
    record_of,
    rules_of,
    sums_of,
    with_changes,
)
from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.problems import Problem, invalid, not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit
from contactcenter.mistakes import Wrong
from contactcenter.views import CampaignView

routes = Routes("campaigns")
BODY = 128 * 1024


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
    return Items(items=[record_of(row) for row in page.items], next=page.next)


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
        profiles=[rules_of(profile) for profile in PROFILES.values()],
        queues=[name for name in settings.queues if not limit or name in limit],
        trunks=list(dict.fromkeys((settings.transfers.trunk, *settings.trunks))),
        scripts=[number for number, did in settings.dids.items() if did.script],
        caller_ids=sorted(await edge.store.read(caller_ids.verified)),
        lists=[NamedList(id=one.id, name=one.name) for one in known.items],
    )


@routes.get("/api/campaigns/{id}", right=Right.CAMPAIGNS_READ, of=Kind.CAMPAIGN, versioned=True)
async def get_campaign(visit: Visit, id: str) -> CampaignRecord:
    """One campaign."""
    return record_of(await _row(visit, id))


@routes.get("/api/campaigns/{id}/problems", right=Right.CAMPAIGNS_READ, of=Kind.CAMPAIGN)
async def list_campaign_problems(visit: Visit, id: str) -> Items[Lack]:
    """Every reason why it can't start now; none: it can."""
    row = await _row(visit, id)
    return Items(items=[lack_of(each) for each in await _lacks(visit, row.campaign)])


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
        return Counted(**sums_of((drops for day, drops in days.items() if day >= first), row.campaign))

    return CampaignFigures(
        period_days=profile.period_days,
        started_at=row.started_at,
        today=counted(today),
        period=counted(begun),
        window=counted(since),
        days=[
            CountedDay(day=day, **sums_of((days[day],) if day in days else (), row.campaign))
            for day in range(begun, today + 1)
        ],
        outcomes=await store.read(campaigns.outcomes, id, since=begun),
        lists=[
            ListFigures(list=one.id, name=one.name, weight=weights.get(one.id, 1), **by_state(one.counts))
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
    return await _make(visit, with_changes(blank, body), owner=body.owner, team=body.team)


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
    wished = with_changes(row.campaign, body)
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
    return record_of(changed)


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
    return record_of(row)


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
    return record_of(row)


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
    return record_of(made)


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
    return record_of(await _row(visit, id_))


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
