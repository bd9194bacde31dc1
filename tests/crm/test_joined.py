"""The center and a real store, joined: what each asks of the other is answered by the other, by no double.

What only shows between the two: a rule that one of them asks and the other doesn't, a word that one gives and
the other doesn't know.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from outgoing import CHINA, OURS, number
from stores import Keeper

from contactcenter import events as e
from contactcenter.app import TO_STORE
from contactcenter.commands import (
    Command,
    FindCustomer,
    ReserveLeads,
    SaveAttempt,
    SaveDoNotCall,
    SayNotice,
    ScreenPop,
)
from contactcenter.crm import attempts, caller_ids, campaigns, do_not_call, leads, lists
from contactcenter.crm.access import CENTER
from contactcenter.crm.leads import LeadRow, NewLead
from contactcenter.crm.lists import NewList
from contactcenter.crm.store import Store
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.campaigns import Campaign, ListShare, Mode
from contactcenter.dialer.leads import LeadState
from contactcenter.dialer.recycling import Rule
from tests.core.campaign_world import CampaignWorld

AT = datetime(2026, 7, 28, 10, tzinfo=ZoneInfo(CHINA[0])).timestamp()
"""A Tuesday, after the world has begun."""
DAY = 86_400.0
ASKING = (FindCustomer, ReserveLeads, SaveAttempt, SaveDoNotCall)
"""Each has one answer."""


class Joined(CampaignWorld):
    """A center whose store is a real one."""

    def __init__(self, keeper: Keeper, store: Store, campaign: Campaign) -> None:
        self.keeper, self.store = keeper, store
        self.asked = 0
        super().__init__(campaign)

    def _store(self, command: Command) -> list[e.Event]:
        if isinstance(command, TO_STORE):
            self.asked += isinstance(command, ASKING)
            self.store.carry(command)
        return []

    async def settled(self) -> "Joined":
        """Everything that was asked of the store is answered, and what follows from it."""
        while self.asked:
            event = await asyncio.wait_for(self.keeper.told.get(), 10)
            self.asked -= 1
            self.tell(replace(event, at=self.now))
        await self.store.settled()
        return self

    async def passes(self, seconds: float) -> "Joined":
        """Let time pass, for both."""
        self.wait(seconds)
        self.keeper.at = self.now
        return await self.settled()

    async def lead(self, id_: str) -> LeadRow:
        found = await self.store.read(leads.get, id_)
        assert found
        return found

    async def attempts_of(self, id_: str) -> Sequence[AttemptRecord]:
        return (await self.store.read(attempts.page, CENTER, lead=id_)).items


@pytest.fixture
async def world(keeper: Keeper) -> Joined:
    keeper.at = AT
    store = await keeper.open()
    await keeper.restored()
    await store.write(caller_ids.put, OURS, verified=True, note="contract 7", at=AT)
    list_ = await store.write(lists.create, NewList(name="spring", consent="form 7"), at=AT)
    new = Campaign(
        id="", name="Spring", mode=Mode.POWER, profile="CN", queue="sales", trunk="carrier", ratio=1.0,
        caller_ids=(OURS,), message="We are …", lists=(ListShare(list=list_.id),),
        rules={"dropped": Rule(after_s=DAY, limit=3)},
    )  # fmt: skip
    made = await store.write(campaigns.create, new, at=AT)
    world = Joined(keeper, store, made.campaign)
    world.wait(AT - world.now)
    return world


async def put(world: Joined, many: int) -> tuple[str, ...]:
    (share,) = world.campaign.lists
    new = [NewLead(numbers=(number(n),), name=f"Ann {n}") for n in range(many)]
    return await world.store.write(leads.add_many, share.list, new, by="boss", at=AT)


async def test_a_campaign_dials_what_the_store_allows_and_whom_it_dropped_with_an_agent_kept(
    world: Joined,
) -> None:
    refuses, dropped = await put(world, 2)
    world.asks_campaign()
    await world.settled()
    kept = await world.store.read(campaigns.get, world.campaign.id)
    assert kept
    assert kept.state == "running"
    assert (await world.lead(refuses)).state is LeadState.LEASED

    # He says no after he was leased: it is asked again in the transaction that would place the call.
    await world.store.write(do_not_call.add, number(0).number, "letter", at=world.now)
    world.has_line()
    await world.passes(1)
    await world.passes(1)
    (refused,) = await world.attempts_of(refuses)
    assert (refused.outcome, refused.refusal) == ("refused", "do_not_call")
    assert (await world.lead(refuses)).state is LeadState.CLOSED
    (call,) = world.placed
    assert call.number == number(1).number

    # The only agent goes while it rings: who answers hears who called, and is called again.
    (begun,) = await world.attempts_of(dropped)
    assert (begun.id, begun.reserved) == (call.leg, False)
    assert begun.consent.endswith("form 7")
    world.asks("tom", "paused", reason="lunch")
    leg = world.far_end_answers(greeting_ago=None)
    world.wait(3)
    assert world.commands(SayNotice)
    world.far_end_leaves(leg)
    await world.settled()
    (over,) = await world.attempts_of(dropped)
    assert over.outcome == "dropped"
    lead = await world.lead(dropped)
    assert (lead.state, lead.dropped_at) == (LeadState.DUE, over.ended_at)

    world.asks_campaign("pause")
    await world.passes(lead.due_at - world.now + 60)
    world.asks_campaign("start", state="paused").asks("tom", "available")
    await world.passes(1)
    await world.passes(1)
    pop = world.told_commands(ScreenPop)[-1]
    assert pop.lead
    assert (pop.login, pop.lead.lead) == ("tom", dropped)
    again = next(each for each in await world.attempts_of(dropped) if each.id != over.id)
    assert (again.reserved, again.agent) == (True, "tom")
    assert [each.leg for each in world.placed] == [over.id, again.id]
