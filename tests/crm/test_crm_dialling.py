"""The store as the center's edge for outgoing calls: each command has its answer, and nothing is lost."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from outgoing import NOON, World, attempt, number
from stores import Keeper, degraded, recovered

from contactcenter.commands import (
    KeepAttempt,
    ReserveLeads,
    ReturnLeads,
    SaveAttempt,
    SaveCampaignState,
    SaveDoNotCall,
)
from contactcenter.crm import attempts, caller_ids, campaigns, do_not_call, hopper, leads
from contactcenter.crm.errors import StoreUnavailable
from contactcenter.crm.leads import NewLead
from contactcenter.dialer.campaigns import Campaign, CampaignState
from contactcenter.dialer.leads import LeadState
from contactcenter.dialer.permission import Refusal
from contactcenter.events import AttemptRefused, AttemptSaved, DoNotCallSaved, Event, LeadsReserved

E = TypeVar("E", bound=Event)


@pytest.fixture
async def world(keeper: Keeper) -> World:
    keeper.at = NOON
    world = await World(await keeper.open()).begin()
    await keeper.restored()
    return world


async def told(keeper: Keeper, kind: type[E]) -> E:
    event = await asyncio.wait_for(keeper.told.get(), 10)
    assert isinstance(event, kind)
    return event


async def campaign_of(world: World, leads_: int = 2) -> Campaign:
    list_ = await world.list()
    await world.leads(list_, *(NewLead(numbers=(number(n),)) for n in range(leads_)))
    return await world.campaign(list_)


async def test_a_call_from_the_hopper_to_its_end_over_a_restart(keeper: Keeper, world: World) -> None:
    campaign = await campaign_of(world)
    world.store.carry(ReserveLeads(campaign=campaign.id, many=9))
    reserved = await told(keeper, LeadsReserved)
    first, second = reserved.leads
    assert reserved.campaign == campaign.id
    record = attempt(campaign, first)
    world.store.carry(SaveAttempt(record=record))
    saved = await told(keeper, AttemptSaved)
    assert saved == AttemptSaved(at=NOON, attempt=record.id)
    placed = replace(record, state="placed", placed_at=NOON)
    world.store.carry(KeepAttempt(record=placed))
    world.store.carry(ReturnLeads(leads=(second.id,)))
    await keeper.close()
    world.store = await keeper.open()
    running, open_ones = await keeper.outgoing()
    assert [each.campaign for each in running.campaigns] == [campaign]
    consent = f"list {first.list}: form 7"
    placed = replace(placed, consent=consent, zones=("Asia/Shanghai",), regions=("CN",))
    assert open_ones.records == (placed,)
    lost = replace(placed, state="over", outcome="lost", ended_at=NOON + 60)
    world.store.carry(KeepAttempt(record=lost))
    world.store.carry(SaveCampaignState(campaign=campaign.id, state="paused", at=NOON + 60, by="center"))
    await world.store.settled()
    assert await world.store.read(attempts.get, record.id) == lost
    kept = await world.store.read(campaigns.kept, campaign.id, NOON + 60)
    assert kept
    assert (kept.state, kept.placed, kept.recent) == (CampaignState.PAUSED, 1, (lost,))


async def test_a_refusal_says_which_rule_and_when_again(keeper: Keeper, world: World) -> None:
    campaign = await campaign_of(world, 1)
    (lead,) = await world.lease(campaign)
    keeper.at = NOON + 10 * 3600
    record = attempt(campaign, lead, at=keeper.at)
    world.store.carry(SaveAttempt(record=record))
    refused = await told(keeper, AttemptRefused)
    assert refused == AttemptRefused(
        at=keeper.at, attempt=record.id, refusal=Refusal.NOT_NOW, due_at=NOON + 21 * 3600
    )
    world.store.carry(ReserveLeads(campaign=campaign.id, many=9))
    assert (await told(keeper, LeadsReserved)).leads == ()
    world.store.carry(ReserveLeads(campaign="gone", many=9))
    assert (await told(keeper, LeadsReserved)).leads == ()


async def test_what_bars_a_campaign_and_what_is_shown_instead_is_told(keeper: Keeper, world: World) -> None:
    list_ = await world.list()
    await world.leads(list_, NewLead(numbers=(number(0),)), NewLead(numbers=(number(1),)))
    other = "+861065529970"
    await world.store.write(caller_ids.put, other, verified=True, note="the contract", at=NOON)
    campaign = await world.campaign(list_, caller_ids=("+861065529971", other))
    first, second = await world.lease(campaign)
    record = attempt(campaign, first)
    world.store.carry(SaveAttempt(record=record))
    assert await told(keeper, AttemptSaved) == AttemptSaved(at=NOON, attempt=record.id, shows=other)
    keeper.drift = 90.0
    record = attempt(campaign, second)
    world.store.carry(SaveAttempt(record=record))
    refused = await told(keeper, AttemptRefused)
    assert (refused.refusal, refused.due_at) == (Refusal.WRONG_CLOCK, NOON + 900)
    world.store.carry(ReserveLeads(campaign=campaign.id, many=9))
    assert (await told(keeper, LeadsReserved)).refusal is Refusal.WRONG_CLOCK
    keeper.drift = 0.0
    world.store.carry(ReserveLeads(campaign=campaign.id, many=9))
    assert (await told(keeper, LeadsReserved)).refusal is None


async def test_who_says_no_is_told_when_it_is_on_the_disk(keeper: Keeper, world: World) -> None:
    campaign = await campaign_of(world, 1)
    (lead,) = await world.lease(campaign)
    begun = await world.begun(attempt(campaign, lead))
    command = SaveDoNotCall(
        number=begun.record.number, source="key", campaign=campaign.id, attempt=begun.record.id, at=NOON
    )
    world.store.carry(command)
    assert (await told(keeper, DoNotCallSaved)).call == begun.record.id
    rows = keeper.rows("SELECT number, asked FROM do_not_call")
    assert [(phone, bool(asked)) for phone, asked in rows] == [(begun.record.number, True)]


async def test_leads_of_a_lease_that_nobody_heard_of_come_back_at_once(
    keeper: Keeper, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = await campaign_of(world)
    write = world.store.write

    async def lost(work: Callable[..., Any], *args: Any, **also: Any) -> Any:
        found = await write(work, *args, **also)
        if work is hopper.lease:
            raise StoreUnavailable("nobody knows whether it was written")
        return found

    monkeypatch.setattr(world.store, "write", lost)
    world.store.carry(ReserveLeads(campaign=campaign.id, many=9))
    assert (await told(keeper, LeadsReserved)).leads == ()
    await asyncio.gather(*world.store._tasks)
    monkeypatch.undo()
    assert len(await world.lease(campaign)) == 2


async def test_what_the_database_does_not_take_waits_in_the_journal(keeper: Keeper, world: World) -> None:
    campaign = await campaign_of(world)
    first, second = await world.lease(campaign)
    begun = await world.begun(attempt(campaign, first))
    with keeper.locked() as release:
        over = replace(
            begun.record, state="over", outcome="connected", placed_at=NOON, ended_at=NOON + 9,
            disposition="sold",
        )  # fmt: skip
        world.store.carry(KeepAttempt(record=over))
        world.store.carry(ReturnLeads(leads=(second.id,)))
        world.store.carry(SaveCampaignState(campaign=campaign.id, state="paused", at=NOON, by="eva"))
        phone = begun.record.number
        world.store.carry(
            SaveDoNotCall(number=phone, source="key", campaign=campaign.id, attempt=over.id, at=NOON)
        )
        await degraded(world.store)
        world.store.carry(SaveAttempt(record=attempt(campaign, second)))
        assert keeper.rows("SELECT count(*) FROM do_not_call") == [(0,)]
        release()
        await recovered(world.store)
    events = {type(await asyncio.wait_for(keeper.told.get(), 10)) for _ in range(2)}
    assert events == {DoNotCallSaved, AttemptRefused}, "the second lead was given back meanwhile"
    assert await world.store.read(attempts.get, over.id) == over
    assert await world.store.read(do_not_call.among, [phone]) == {phone}
    states = [await world.store.read(leads.get, each.id) for each in (first, second)]
    assert [each.state for each in states if each] == [LeadState.CLOSED, LeadState.DUE]


async def test_records_in_the_journal_are_kept_over_a_crash(keeper: Keeper, world: World) -> None:
    campaign = await campaign_of(world)
    first, second = await world.lease(campaign)
    begun = await world.begun(attempt(campaign, first))
    over = replace(begun.record, state="over", outcome="busy", placed_at=NOON, ended_at=NOON + 9)
    with keeper.locked():
        world.store.carry(KeepAttempt(record=over))
        world.store.carry(ReturnLeads(leads=(second.id,)))
        world.store.carry(SaveCampaignState(campaign=campaign.id, state="paused", at=NOON, by="eva"))
        phone = begun.record.number
        world.store.carry(
            SaveDoNotCall(number=phone, source="key", campaign=campaign.id, attempt=over.id, at=NOON)
        )
        await degraded(world.store)
        await world.store.close(0.2)
    world.store = await keeper.open()
    assert await world.store.read(attempts.get, over.id) == over
    assert await world.store.read(do_not_call.among, [phone]) == {phone}
    kept = await world.store.read(campaigns.kept, campaign.id, NOON)
    assert kept
    assert kept.state == CampaignState.PAUSED
