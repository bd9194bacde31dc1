"""The hopper: who may be dialled now comes, in the right order; nobody comes twice."""

from collections import Counter
from dataclasses import replace

import pytest
from outgoing import CHINA, HOUR, NOON, OURS, World, attempt, number
from sqlalchemy import Connection, select
from stores import Keeper

from contactcenter.crm import (
    appointments,
    attempts,
    caller_ids,
    do_not_call,
    hopper,
    leads,
    lists,
    national_lists,
)
from contactcenter.crm.access import CENTER
from contactcenter.crm.appointments import NewAppointment
from contactcenter.crm.hopper import Leased
from contactcenter.crm.leads import NewLead
from contactcenter.crm.lists import ListChange
from contactcenter.crm.schema import leads as lead_rows
from contactcenter.dialer.campaigns import ListShare, Mode, Window
from contactcenter.dialer.leads import Lead, LeadState
from contactcenter.dialer.permission import Refusal
from contactcenter.dialer.recycling import Rule

NEW_YORK = ("America/New_York",)
"""It is eleven at night there."""


@pytest.fixture
async def world(keeper: Keeper) -> World:
    return await World(await keeper.open()).begin()


async def state(world: World, lead: str) -> tuple[LeadState, str]:
    found = await world.store.read(leads.get, lead)
    assert found
    return found.state, found.why


async def refused(world: World) -> list[tuple[str, str]]:
    """Who was not dialled, and why, the oldest first."""
    found = await world.store.read(attempts.page, CENTER, outcome="refused")
    return [(each.lead, each.refusal) for each in reversed(found.items)]


async def test_leads_come_by_priority_and_then_by_how_long_they_are_due(world: World) -> None:
    list_ = await world.list()
    low, late, early, later = await world.leads(
        list_,
        NewLead(numbers=(number(0),), priority=0, due_at=NOON - 9),
        NewLead(numbers=(number(1),), priority=5, due_at=NOON - 1),
        NewLead(numbers=(number(2),), priority=5, due_at=NOON - 5),
        NewLead(numbers=(number(3),), priority=9, due_at=NOON + 1),
    )
    campaign = await world.campaign(list_)
    assert [each.id for each in await world.lease(campaign, 2)] == [early, late]
    assert [each.id for each in await world.lease(campaign)] == [low]
    assert await world.lease(campaign) == ()
    assert [each.id for each in await world.lease(campaign, at=NOON + 1)] == [later]
    assert (await state(world, early))[0] is LeadState.LEASED


async def test_with_whom_a_call_was_agreed_on_comes_first_whatever_his_priority(world: World) -> None:
    """At its time nobody else counts: a list has many who are due for longer."""
    list_, other = await world.list(), await world.list("other")
    urgent = [NewLead(numbers=(number(n),), priority=9) for n in range(1, 9)]
    (id_, *_) = await world.leads(list_, NewLead(numbers=(number(0),)), *urgent)
    (elsewhere,) = await world.leads(other, NewLead(numbers=(number(20),)))
    for lead in (id_, elsewhere):
        new = NewAppointment(number=number(0).number, at=NOON + 60, zone=CHINA[0], lead=lead, owner="")
        await world.store.write(appointments.agree, new, at=NOON)
    campaign = await world.campaign(list_)
    assert id_ not in {each.id for each in await world.lease(campaign, 3)}
    first, _ = await world.lease(campaign, 2, at=NOON + 60)
    assert (first.id, first.priority) == (id_, 0)


async def test_a_lead_has_all_that_a_call_needs(world: World) -> None:
    list_ = await world.list()
    new = NewLead(
        numbers=(number(0), number(1)), name="王", language="zh", priority=3, owner="", fields={"plan": "金"}
    )
    (id_,) = await world.leads(list_, new)
    campaign = await world.campaign(list_, rules={"busy": Rule(after_s=60, limit=9, next_number=True)})
    (lead,) = await world.lease(campaign)
    begun = await world.begun(attempt(campaign, lead))
    await world.ended(begun.record, "busy", after=10)
    (again,) = await world.lease(campaign, at=NOON + 70)
    assert (again.id, again.name, again.language, again.fields) == (id_, "王", "zh", {"plan": "金"})
    assert (again.next_number, [each.number for each in again.numbers]) == (
        1, [number(0).number, number(1).number],
    )  # fmt: skip
    assert [(each.outcome, each.number, each.at) for each in again.tried] == [("busy", 0, NOON + 10)]


async def test_only_shelves_whose_hours_are_open_are_looked_at(world: World) -> None:
    list_ = await world.list()
    _, here, both = await world.leads(
        list_,
        NewLead(numbers=(number(0, NEW_YORK, ("US-NY",)),), priority=9),
        NewLead(numbers=(number(1),)),
        NewLead(numbers=(number(2, (*CHINA, *NEW_YORK), ()),), priority=8),
    )
    campaign = await world.campaign(list_)
    assert [each.id for each in await world.lease(campaign)] == [here]
    assert (await state(world, both))[0] is LeadState.DUE
    assert await world.lease(campaign, at=NOON + 9.5 * HOUR) == ()


async def test_a_campaigns_own_week_and_window_are_kept(world: World) -> None:
    list_ = await world.list()
    await world.leads(list_, NewLead(numbers=(number(0),)))
    window = Window(starts_at=NOON + 60, ends_at=NOON + 120)
    campaign = await world.campaign(list_, window=window)
    assert await world.lease(campaign, at=NOON) == ()
    assert await world.lease(campaign, at=NOON + 120) == ()
    assert len(await world.lease(campaign, at=NOON + 60)) == 1


async def test_lists_are_mixed_by_their_weights_however_few_are_wanted(world: World) -> None:
    one, other = await world.list("one"), await world.list("other")
    for at, list_ in enumerate((one, other)):
        await world.leads(list_, *(NewLead(numbers=(number(100 * at + n),)) for n in range(40)))
    campaign = await world.campaign(ListShare(list=one, weight=3), ListShare(list=other, weight=1))
    singly = [lead.list for _ in range(20) for lead in await world.lease(campaign, 1)]
    assert Counter(singly) == {one: 15, other: 5}
    assert [singly[at : at + 4].count(other) for at in range(0, 20, 4)] == [1] * 5
    together = [lead.list for lead in await world.lease(campaign, 20)]
    assert Counter(together) == {one: 15, other: 5}
    rest = [lead.list for lead in await world.lease(campaign, 100)]
    assert Counter(rest) == {one: 10, other: 30}


async def test_who_said_no_does_not_come_and_other_numbers_of_his_lead_do(world: World) -> None:
    list_ = await world.list()
    gone, other = await world.leads(
        list_, NewLead(numbers=(number(0),)), NewLead(numbers=(number(1), number(2)))
    )
    for n in (0, 1):
        await world.store.write(do_not_call.add, number(n).number, "letter", at=NOON)
    campaign = await world.campaign(list_)
    (lead,) = await world.lease(campaign)
    assert (lead.id, lead.next_number) == (other, 1)
    assert await state(world, gone) == (LeadState.CLOSED, "do_not_call")
    rows = (await world.store.read(attempts.page, CENTER, outcome="refused")).items
    assert {(each.number, each.refusal) for each in rows} == {
        (number(n).number, "do_not_call") for n in (0, 1)
    }


async def test_without_consent_nobody_comes_where_the_law_asks_for_it(world: World) -> None:
    list_ = await world.list(consent="")
    without, with_ = await world.leads(
        list_, NewLead(numbers=(number(0),)), NewLead(numbers=(number(1),), consent="form 3")
    )
    campaign = await world.campaign(list_)
    assert [each.id for each in await world.lease(campaign)] == [with_]
    assert await state(world, without) == (LeadState.CLOSED, "no_consent")
    begun = await world.begun(attempt(campaign, (await world.store.read(_lead, with_))))
    assert begun.record.consent == f"lead {with_}: form 3"
    await world.store.write(lists.change, list_, ListChange(consent="form 9"), at=NOON)
    await world.store.write(leads.reopen, without, at=NOON)
    assert [each.id for each in await world.lease(campaign)] == [without]


def _lead(db: Connection, lead: str) -> Lead:
    row = db.execute(select(lead_rows).where(lead_rows.c.id == lead)).one()
    numbers = leads.numbers_of(db, [lead])[lead]
    return Lead(id=lead, list=row.list, numbers=numbers, next_number=row.next_number)


async def test_a_campaign_that_may_dial_nobody_leases_nobody(world: World) -> None:
    list_ = await world.list()
    (id_,) = await world.leads(list_, NewLead(numbers=(number(0),)))
    unlisted = await world.campaign(list_, name="UK", profile="UK")
    campaign = await world.campaign(list_)
    await world.store.write(caller_ids.put, OURS, verified=False, at=NOON)
    for one, drift_s, why in (
        (unlisted, 0.0, Refusal.LIST_TOO_OLD), (campaign, 0.0, Refusal.NO_CALLER_ID),
        (campaign, -90.0, Refusal.WRONG_CLOCK),
    ):  # fmt: skip
        for later in range(3):
            at = NOON + 5 * later
            assert await world.store.write(hopper.lease, one.id, 9, at, drift_s) == Leased(refusal=why)
    assert await state(world, id_) == (LeadState.DUE, "")
    assert sorted(await refused(world)) == [
        (id_, why) for why in ("list_too_old", "no_caller_id", "wrong_clock")
    ], "each once, whoever asks how often"
    day = 86_400.0
    assert await world.lease(campaign, at=NOON + day) == ()
    assert len(await refused(world)) == 4, "and once a day while it lasts"


async def test_where_nobody_knows_the_clock_a_lead_is_closed_by_name(world: World) -> None:
    list_ = await world.list()
    (id_,) = await world.leads(list_, NewLead(numbers=(number(0, (), ()),)))
    assert await world.lease(await world.campaign(list_)) == ()
    assert await state(world, id_) == (LeadState.CLOSED, "no_zone")


async def test_of_two_leads_with_one_number_one_comes_at_a_time(world: World) -> None:
    one, other = await world.list("one"), await world.list("other")
    for list_ in (one, other):
        await world.leads(list_, NewLead(numbers=(number(0),)))
    campaign = await world.campaign(one, other)
    (lead,) = await world.lease(campaign)
    begun = await world.begun(attempt(campaign, lead))
    assert await world.lease(campaign, at=NOON + 61) == ()
    await world.ended(begun.record, "connected", after=90)
    assert [each.id == lead.id for each in await world.lease(campaign, at=NOON + 200)] == [False]


async def test_what_is_given_back_comes_again_and_what_is_dialled_is_not_given_back(world: World) -> None:
    list_ = await world.list()
    ids = await world.leads(list_, *(NewLead(numbers=(number(n),)) for n in range(3)))
    campaign = await world.campaign(list_)
    leased = await world.lease(campaign)
    await world.begun(attempt(campaign, leased[0]))
    await world.store.write(hopper.give_back, ids)
    again = await world.lease(campaign)
    assert {each.id for each in again} == set(ids) - {leased[0].id}
    assert await world.lease(campaign) == ()
    late = NOON + hopper.LEASE_S + 1
    assert {each.id for each in await world.lease(campaign, at=late)} == set(ids) - {leased[0].id}


async def test_after_a_crash_the_hopper_is_empty_and_open_attempts_are_known(
    keeper: Keeper, world: World
) -> None:
    list_ = await world.list()
    ids = await world.leads(list_, *(NewLead(numbers=(number(n),)) for n in range(2)))
    campaign = await world.campaign(list_)
    leased = await world.lease(campaign)
    begun = await world.begun(attempt(campaign, leased[0]))
    await keeper.close()
    world.store = await keeper.open()
    assert await world.store.read(attempts.unfinished) == (begun.record,)
    assert [await state(world, each.id) for each in leased] == [
        (LeadState.LEASED, ""), (LeadState.DUE, ""),
    ]  # fmt: skip
    (other,) = await world.lease(campaign)
    assert other.id == leased[1].id
    lost = replace(begun.record, state="over", outcome="lost", ended_at=NOON + 9)
    await world.store.write(attempts.keep, (lost,))
    assert (await state(world, leased[0].id))[0] is LeadState.CLOSED
    assert set(ids) == {each.id for each in leased}


async def test_preview_campaigns_lease_as_others_do(world: World) -> None:
    list_ = await world.list()
    await world.leads(list_, NewLead(numbers=(number(0),)))
    campaign = await world.campaign(list_, mode=Mode.PREVIEW)
    assert len(await world.lease(campaign)) == 1


async def test_who_was_dropped_waits_for_a_campaign_with_agents(world: World) -> None:
    """An announcement keeps no agent: neither he nor another lead with his number is dialled by it, and the
    one who has nobody else's call to wait for is refused once and not all day."""
    list_, other = await world.list(), await world.list("other")
    (id_,) = await world.leads(list_, NewLead(numbers=(number(0),)))
    (twin,) = await world.leads(other, NewLead(numbers=(number(0),)))
    campaign = await world.campaign(list_, rules={"dropped": Rule(after_s=60, limit=9)}, calls_a_day=3)
    (lead,) = await world.lease(campaign)
    begun = await world.begun(attempt(campaign, lead))
    await world.ended(begun.record, "dropped")
    news = await world.campaign(list_, other, name="news", mode=Mode.AGENTLESS, message="", script="4001")
    for later in range(20):
        assert await world.lease(news, at=NOON + 600 + later) == ()
    assert await refused(world) == [(twin, "after_drop")]
    (again,) = await world.lease(campaign, at=NOON + 700)
    assert (again.id, again.dropped_at) == (id_, NOON + 30)


async def test_with_whom_a_call_was_agreed_on_talks_to_an_agent(world: World) -> None:
    list_ = await world.list()
    (id_,) = await world.leads(list_, NewLead(numbers=(number(0),)))
    live = await world.campaign(list_)
    new = NewAppointment(number=number(0).number, lead=id_, at=NOON + HOUR, zone="Asia/Shanghai", owner="")
    await world.store.write(appointments.agree, new, at=NOON)
    news = await world.campaign(list_, name="news", mode=Mode.AGENTLESS, message="", script="4001")
    assert await world.lease(news, at=NOON + HOUR) == ()
    assert [each.id for each in await world.lease(live, at=NOON + HOUR)] == [id_]
    assert await refused(world) == []


@pytest.mark.parametrize("profile", ["US", "UK"])
async def test_an_announcement_that_sells_needs_a_consent(world: World, profile: str) -> None:
    fetched = NOON - HOUR
    await world.store.write(national_lists.begin, "register", profile, fetched, by="boss", at=fetched)
    await world.store.write(national_lists.load, "register", [number(99).number])
    await world.store.write(national_lists.finish, "register", 1, by="boss", at=fetched)
    list_ = await world.list(consent="")
    without, with_ = await world.leads(
        list_, NewLead(numbers=(number(0),)), NewLead(numbers=(number(1),), consent="form 3")
    )
    live = await world.campaign(list_, profile=profile)
    fields = {"profile": profile, "mode": Mode.AGENTLESS, "message": "", "script": "4001"}
    sells = await world.campaign(list_, name="offer", **fields)
    asked_for = await world.campaign(list_, name="service", marketing=False, **fields)
    leased = await world.lease(live)
    assert {each.id for each in leased} == {without, with_}
    await world.store.write(hopper.give_back, [without, with_])
    assert [each.id for each in await world.lease(sells)] == [with_]
    assert await state(world, without) == (LeadState.CLOSED, "no_consent")
    await world.store.write(leads.reopen, without, at=NOON)
    assert [each.id for each in await world.lease(asked_for)] == [without]
