"""Attempts: asked in the transaction that writes them, counted once, settled once, kept as long as the law
says."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from outgoing import HOUR, NOON, OURS, World, attempt, number
from sqlalchemy import event, insert, text, update
from sqlalchemy.exc import DBAPIError
from stores import REFUSED, Keeper
from stores import record as interaction

from contactcenter.commands import CorrectDisposition, KeepAttempt, SaveInteraction
from contactcenter.crm import (
    appointments,
    attempts,
    caller_ids,
    campaigns,
    consents,
    customers,
    do_not_call,
    engines,
    erasures,
    evidence,
    hopper,
    leads,
    merging,
    saved,
)
from contactcenter.crm.access import CENTER, RIGHTS, Kind, Reader, Scope
from contactcenter.crm.appointments import NewAppointment
from contactcenter.crm.consents import NewConsent
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.errors import Refusal as Refused
from contactcenter.crm.leads import LeadChange, LeadRow, NewLead
from contactcenter.crm.schema import national_lists, national_numbers
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.campaigns import Campaign, CampaignState, Mode, shown_to
from contactcenter.dialer.drops import Drops
from contactcenter.dialer.leads import Lead, LeadState
from contactcenter.dialer.permission import Refusal
from contactcenter.dialer.recycling import Rule
from contactcenter.dials import name
from contactcenter.live_campaigns import begin

DAY = 86_400.0


@pytest.fixture
async def world(keeper: Keeper) -> World:
    return await World(await keeper.open()).begin()


async def leased(world: World, **fields: Any) -> tuple[Campaign, Lead]:
    """A campaign, and the only lead of its list, in its hopper."""
    list_ = await world.list()
    await world.leads(list_, NewLead(numbers=(number(0),)))
    campaign = await world.campaign(list_, **fields)
    (lead,) = await world.lease(campaign)
    return campaign, lead


async def now(world: World, lead: Lead | str) -> LeadRow:
    found = await world.store.read(leads.get, lead if isinstance(lead, str) else lead.id)
    assert found
    return found


async def test_an_attempt_is_written_with_what_allowed_it(world: World) -> None:
    campaign, lead = await leased(world)
    record = attempt(campaign, lead)
    begun = await world.begun(record)
    assert begun.refusal is None
    grounds: dict[str, Any] = {
        "consent": f"list {lead.list}: form 7", "zones": ("Asia/Shanghai",), "regions": ("CN",),
    }  # fmt: skip
    assert begun.record == replace(record, **grounds)
    assert await world.store.read(attempts.get, record.id) == begun.record
    assert await world.begun(record) == begun, "asked twice, it is there once"
    assert await world.store.read(attempts.unfinished) == (begun.record,)


async def test_do_not_call_between_lease_and_call_is_in_time(world: World) -> None:
    campaign, lead = await leased(world)
    await world.store.write(do_not_call.add, number(0).number, "agent", by="ann", at=NOON)
    begun = await world.begun(attempt(campaign, lead))
    assert (begun.refusal, begun.due_at) == (Refusal.DO_NOT_CALL, None)
    assert (begun.record.state, begun.record.outcome, begun.record.refusal) == (
        "over", "refused", "do_not_call",
    )  # fmt: skip
    assert (await now(world, lead)).state is LeadState.CLOSED
    assert await world.begun(begun.record) == replace(begun, due_at=None)


async def test_of_two_campaigns_that_want_a_number_at_once_one_gets_it(world: World) -> None:
    one, other = await world.list("one"), await world.list("other")
    for list_ in (one, other):
        await world.leads(list_, NewLead(numbers=(number(0),)))
    first, second = await world.campaign(one), await world.campaign(other, name="Autumn")
    (lead,), (twin,) = await world.lease(first), await world.lease(second)
    records = attempt(first, lead), attempt(second, twin)
    writes = [world.store.write(attempts.begin, record, NOON) for record in records]
    begun = await asyncio.gather(*writes)
    assert sorted(str(each.refusal) for each in begun) == ["None", "ringing"]
    late = next(each for each in begun if each.refusal)
    assert late.due_at == NOON + 60


async def test_the_database_itself_lets_a_number_be_dialled_once_at_a_time(world: World) -> None:
    campaign, lead = await leased(world)
    record = (await world.begun(attempt(campaign, lead))).record

    def another(db: Any) -> bool:
        return attempts._insert_open(db, replace(record, id="another"))

    assert await world.store.write(another) is False
    await world.ended(record, "busy")
    assert await world.store.write(another) is True


async def test_caps_count_the_calls_of_all_campaigns(world: World) -> None:
    one = await world.list("one")
    await world.leads(one, NewLead(numbers=(number(0),)))
    rules = {"busy": Rule(after_s=60, limit=100)}
    first = await world.campaign(one, rules=rules, attempts=100)
    for n in range(3):
        (lead,) = await world.lease(first, at=NOON + n * HOUR)
        begun = await world.begun(attempt(first, lead, at=NOON + n * HOUR))
        await world.ended(begun.record, "busy")
    other = await world.list("other")
    await world.leads(other, NewLead(numbers=(number(0),)))
    second = await world.campaign(other, name="Autumn")
    assert await world.lease(second, at=NOON + 3 * HOUR) == ()
    assert len(await world.lease(second, at=NOON + DAY + 1)) == 1


async def test_a_refused_call_is_no_call_for_the_caps(world: World) -> None:
    campaign, lead = await leased(world, calls_a_day=1)
    night = NOON + 10 * HOUR
    begun = await world.begun(attempt(campaign, lead, at=night))
    assert (begun.refusal, begun.due_at) == (Refusal.NOT_NOW, NOON + 21 * HOUR)
    (again,) = await world.lease(campaign, at=NOON + 21 * HOUR)
    assert (await world.begun(attempt(campaign, again, at=NOON + 21 * HOUR))).refusal is None


async def test_a_lead_that_was_closed_or_taken_meanwhile_is_not_dialled(world: World) -> None:
    campaign, lead = await leased(world)
    await world.store.write(leads.close, lead.id, "wrong person", at=NOON)
    begun = await world.begun(attempt(campaign, lead))
    assert (begun.refusal, begun.due_at) == (Refusal.NOT_DUE, None)
    assert (await now(world, lead)).why == "wrong person"
    await world.store.write(leads.reopen, lead.id, at=NOON)
    other = await world.campaign(lead.list, name="Autumn")
    assert len(await world.lease(other)) == 1
    assert (await world.begun(attempt(campaign, lead))).refusal is Refusal.NOT_DUE
    assert (await world.begun(attempt(other, lead))).refusal is None


async def test_a_number_that_was_taken_from_the_lead_since_is_not_dialled(world: World) -> None:
    campaign, lead = await leased(world)
    await world.store.write(leads.change, lead.id, LeadChange(numbers=(number(1),)), at=NOON)
    begun = await world.begun(attempt(campaign, lead))
    assert (begun.refusal, begun.due_at) == (Refusal.NOT_DUE, NOON)
    (again,) = await world.lease(campaign)
    assert [each.number for each in again.numbers] == [number(1).number]
    await world.store.write(leads.change, lead.id, LeadChange(numbers=()), at=NOON)
    begun = await world.begun(attempt(campaign, again))
    assert (begun.refusal, begun.due_at) == (Refusal.NOT_DUE, None)
    assert ((await now(world, lead)).state, (await now(world, lead)).why) == (LeadState.HELD, "no_number")


async def test_whoever_is_first_wins_between_a_no_and_a_call(world: World) -> None:
    """Twenty numbers, each wanted and refused at the same moment: nobody is dialled after his no."""
    list_ = await world.list()
    await world.leads(list_, *(NewLead(numbers=(number(n),)) for n in range(20)))
    campaign = await world.campaign(list_)
    order: list[tuple[str, str]] = []

    def says_no(db: Any, phone: str) -> None:
        do_not_call.add(db, phone, "page", at=NOON)
        order.append(("no", phone))

    def dial(db: Any, record: AttemptRecord) -> attempts.Begun:
        begun = attempts.begin(db, record, NOON)
        order.append(("dial", record.number))
        return begun

    wishes: list[Any] = []
    for n, lead in enumerate(await world.lease(campaign, 20)):
        record = attempt(campaign, lead)
        both = [
            world.store.write(dial, record),
            world.store.write(says_no, record.number),
        ]
        wishes += both if n % 2 else reversed(both)
    answers = [each for each in await asyncio.gather(*wishes) if each is not None]
    assert len(answers) == 20
    for begun in answers:
        phone = begun.record.number
        late = order.index(("no", phone)) < order.index(("dial", phone))
        assert begun.refusal is (Refusal.DO_NOT_CALL if late else None)
    assert {begun.refusal for begun in answers} == {None, Refusal.DO_NOT_CALL}


async def test_a_number_that_is_no_longer_verified_is_not_shown(world: World) -> None:
    campaign, lead = await leased(world)
    await world.store.write(caller_ids.put, OURS, verified=False, at=NOON)
    begun = await world.begun(attempt(campaign, lead))
    assert (begun.refusal, begun.due_at) == (Refusal.NO_CALLER_ID, NOON + 900)
    assert (await now(world, lead)).state is LeadState.DUE


async def test_of_several_numbers_one_that_is_verified_is_shown_and_a_lead_sees_the_same_one(
    world: World,
) -> None:
    others = [f"+8610655299{n}" for n in (70, 71, 72)]
    for each in others:
        await world.store.write(caller_ids.put, each, verified=True, note="the contract", at=NOON - HOUR)
    list_ = await world.list()
    await world.leads(list_, *(NewLead(numbers=(number(n),)) for n in range(16)))
    campaign = await world.campaign(list_, caller_ids=(OURS, *others))
    found = await world.lease(campaign, 16)
    shown = {each.id: shown_to(each.id, campaign.caller_ids) for each in found}
    in_turn = {shown_to(f"lead {n}", campaign.caller_ids) for n in range(64)}
    assert in_turn == {OURS, *others}
    await world.store.write(caller_ids.put, OURS, verified=False, at=NOON)
    for lead in found:
        begun = await world.begun(attempt(campaign, lead, shows=shown[lead.id]))
        assert begun.refusal is None
        asked, got = shown[lead.id], begun.record.shows
        assert got in others if asked == OURS else got == asked
        assert await world.store.read(attempts.get, begun.record.id) == begun.record


async def test_who_was_dropped_is_dialled_with_an_agent_only_until_he_was_talked_to(world: World) -> None:
    rules = {"dropped": Rule(after_s=60, limit=5), "busy": Rule(after_s=60, limit=5)}
    campaign, lead = await leased(world, rules=rules)
    begun = await world.begun(attempt(campaign, lead))
    await world.ended(begun.record, "dropped", after=10)
    assert (await now(world, lead)).dropped_at == NOON + 10
    (again,) = await world.lease(campaign, at=NOON + HOUR)
    assert again.dropped_at == NOON + 10
    refused = await world.begun(attempt(campaign, again, at=NOON + HOUR))
    assert refused.refusal is Refusal.AFTER_DROP
    (again,) = await world.lease(campaign, at=NOON + HOUR + 1)
    begun = await world.begun(attempt(campaign, again, at=NOON + HOUR + 1, reserved=True))
    assert begun.refusal is None
    await world.ended(begun.record, "connected")
    assert (await now(world, lead)).dropped_at is None


@pytest.mark.parametrize(
    ("outcome", "said", "state", "why", "due_at"),
    [
        ("busy", "", LeadState.DUE, "", NOON + 30 + 600),
        ("no_answer", "", LeadState.CLOSED, "no_answer", None),
        ("congestion", "", LeadState.DUE, "", NOON + 30 + 300),
        ("connected", "", LeadState.CLOSED, "connected", None),
        ("connected", "later", LeadState.DUE, "", NOON + 30 + 7200),
        ("connected", "sold", LeadState.CLOSED, "connected", None),
    ],
)  # fmt: skip
async def test_an_outcome_settles_its_lead_by_the_campaigns_rules(
    world: World, outcome: str, said: str, state: LeadState, why: str, due_at: float | None
) -> None:
    rules = {"busy": Rule(after_s=600, limit=3), "later": Rule(after_s=7200, limit=3)}
    campaign, lead = await leased(world, rules=rules)
    begun = await world.begun(attempt(campaign, lead))
    await world.ended(begun.record, outcome, disposition=said)
    found = await now(world, lead)
    assert (found.state, found.why, found.campaign) == (state, why, "")
    if due_at is not None:
        assert found.due_at == due_at


async def test_an_end_counts_once_however_often_it_is_told(world: World) -> None:
    campaign, lead = await leased(world, rules={"busy": Rule(after_s=600, limit=3)})
    begun = await world.begun(attempt(campaign, lead))
    await world.ended(begun.record, "busy")
    (again,) = await world.lease(campaign, at=NOON + HOUR)
    await world.ended(begun.record, "busy", disposition="late word")
    assert (await now(world, again)).state is LeadState.LEASED
    assert await world.store.read(campaigns.outcomes, campaign.id) == {"busy": 1}
    found = await world.store.read(attempts.get, begun.record.id)
    assert found
    assert (found.disposition, found.outcome) == ("late word", "busy")


async def test_what_was_skipped_before_it_was_written_is_written_then(world: World) -> None:
    campaign, lead = await leased(world)
    skipped = replace(
        attempt(campaign, lead), state="over", outcome="skipped", detail="no time", ended_at=NOON
    )
    await world.store.write(attempts.keep, (skipped,))
    assert await world.store.read(attempts.get, skipped.id) == skipped
    found = await now(world, lead)
    assert (found.state, found.due_at) == (LeadState.DUE, NOON + DAY)


async def test_a_lead_that_was_closed_during_the_call_stays_closed(world: World) -> None:
    campaign, lead = await leased(world, rules={"busy": Rule(after_s=600, limit=3)})
    begun = await world.begun(attempt(campaign, lead))
    await world.store.write(leads.close, lead.id, "asked", at=NOON)
    await world.ended(begun.record, "busy")
    found = await now(world, lead)
    assert (found.state, found.why) == (LeadState.CLOSED, "asked")


async def test_days_are_counted_from_the_first_start(world: World) -> None:
    rules = {"busy": Rule(after_s=60, limit=50), "dropped": Rule(after_s=60, limit=50)}
    campaign, lead = await leased(world, rules=rules)
    for at, outcome in ((NOON, "busy"), (NOON + 24 * HOUR, "dropped"), (NOON + 25 * HOUR, "connected")):
        (lead,) = (await world.lease(campaign, at=at)) if at > NOON else (lead,)
        begun = await world.begun(attempt(campaign, lead, at=at, reserved=True))
        assert begun.refusal is None
        await world.ended(begun.record, outcome)
    kept = await world.store.read(campaigns.kept, campaign.id, NOON + 26 * HOUR)
    assert kept
    days = {day: (drops.connected, drops.dropped) for day, drops in kept.days.items()}
    assert days == {0: (0, 0), 1: (1, 1)}
    assert (kept.placed, [each.outcome for each in kept.recent]) == (3, ["busy", "dropped", "connected"])
    later = await world.store.read(campaigns.kept, campaign.id, NOON + 31 * 24 * HOUR)
    assert later
    assert (later.placed, set(later.days)) == (0, {0, 1})
    every = await world.store.read(lambda db: list(attempts.every_of_campaign(db, campaign.id)))
    assert [each.outcome for each in every] == ["busy", "dropped", "connected"]


async def test_what_allowed_a_call_stays_whatever_is_told_of_it_later(world: World) -> None:
    campaign, lead = await leased(world)
    record = attempt(campaign, lead)
    begun = await world.begun(record)
    await world.ended(record, "busy", zones=("UTC",), marketing=False)
    kept = await world.store.read(attempts.get, record.id)
    assert kept
    assert (kept.outcome, kept.zones, kept.regions, kept.consent, kept.marketing) == (
        "busy", ("Asia/Shanghai",), ("CN",), begun.record.consent, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "also", "counts"),
    [
        ("connected", {"joined_at": NOON + 11}, (1, 0, 0)),
        ("connected", {"joined_at": NOON + 13}, (0, 1, 0)),
        ("dropped", {}, (0, 1, 0)),
        ("hung_up", {}, (0, 1, 0)),
        ("hung_up", {"detects": True}, (0, 0, 0)),
        ("hung_up", {"detects": True, "heard": "human"}, (0, 1, 0)),
        ("hung_up", {"reserved": True, "ended_at": NOON + 11}, (0, 0, 0)),
        ("hung_up", {"reserved": True, "ended_at": NOON + 13}, (0, 1, 0)),
        ("machine", {"heard": "machine"}, (0, 0, 1)),
        ("message_left", {"heard": "machine"}, (0, 0, 1)),
        ("lost", {}, (0, 1, 0)),
        ("lost", {"answered_at": None}, (0, 0, 0)),
        ("announced", {}, (1, 0, 0)),
        ("busy", {"answered_at": None}, (0, 0, 0)),
    ],
)
async def test_the_store_the_center_and_the_evidence_count_the_same(
    world: World, outcome: str, also: dict[str, Any], counts: tuple[int, int, int]
) -> None:
    campaign, lead = await leased(world)
    record = attempt(campaign, lead, reserved=also.get("reserved", False))
    await world.begun(record)
    await world.ended(record, outcome, **{"answered_at": NOON + 10, **also})
    kept = await world.store.read(campaigns.kept, campaign.id, NOON + HOUR)
    assert kept
    drops = kept.days.get(0, Drops(connected=0, dropped=0))
    assert (drops.connected, drops.dropped, drops.machines) == counts
    assert begin(kept, CampaignState.RUNNING, NOON + HOUR).steering.period(NOON + HOUR) == drops
    report = await world.store.read(evidence.report, campaign.id, at=NOON + HOUR)
    (period,) = report.periods
    assert (period.connected, period.dropped, period.machines) == counts


async def test_who_was_left_alone_by_a_crash_is_dialled_with_an_agent_only(world: World) -> None:
    campaign, lead = await leased(world, rules={"no_answer": Rule(after_s=60, limit=5)})
    record = attempt(campaign, lead)
    await world.begun(record)
    await world.ended(record, "lost", answered_at=NOON + 10)
    (again,) = await world.lease(campaign, at=NOON + HOUR)
    assert again.dropped_at == NOON + 30
    begun = await world.begun(attempt(campaign, again, at=NOON + HOUR))
    assert begun.refusal is Refusal.AFTER_DROP


# --- the law's records ---


async def test_the_record_of_a_call_is_neither_changed_nor_deleted(keeper: Keeper, world: World) -> None:
    campaign, lead = await leased(world)
    begun = await world.begun(attempt(campaign, lead))
    with pytest.raises(REFUSED):
        keeper.rows("DELETE FROM attempts")
    await world.ended(begun.record, "connected")
    for sql in (
        "DELETE FROM attempts",
        "UPDATE attempts SET outcome = 'busy'",
        "UPDATE attempts SET placed_at = 1.0",
        "UPDATE attempts SET kept_until = 1.0",
    ):
        with pytest.raises(REFUSED):
            keeper.rows(sql)


async def test_what_the_law_wants_no_longer_may_be_deleted(keeper: Keeper, world: World) -> None:
    campaign, lead = await leased(world)
    old = attempt(campaign, lead, at=1000.0, state="over", outcome="busy", ended_at=1030.0)
    await world.store.write(attempts.keep, (old,))
    young = attempt(campaign, lead, state="over", outcome="busy", ended_at=NOON + 30)
    await world.store.write(attempts.keep, (young,))
    five_years = 5 * 366 * DAY
    await world.store.write(attempts.sweep, at=1000.0 + five_years)
    assert await world.store.read(attempts.get, old.id), "not before the time is over"
    await world.store.write(attempts.sweep, at=1001.0 + five_years)
    assert await world.store.read(attempts.get, old.id) is None
    assert await world.store.read(attempts.get, young.id)
    with pytest.raises(DBAPIError):
        await world.store.write(attempts.sweep, at=NOON + 99 * five_years)


async def test_who_asked_for_it_is_never_taken_off_the_list(keeper: Keeper, world: World) -> None:
    phone, mistaken = number(0).number, number(1).number
    entry = await world.store.write(do_not_call.add, mistaken, "import", reason="a file", at=NOON)
    await world.store.write(do_not_call.remove, entry.id, "the wrong file", at=NOON)
    assert await world.store.read(do_not_call.find, mistaken) is None
    imported = await world.store.write(do_not_call.add, phone, "import", at=NOON)
    asked = await world.store.write(do_not_call.add, phone, "key", campaign="c", attempt="a", at=NOON + 1)
    assert (asked.id, asked.asked, asked.at) == (imported.id, True, NOON + 1)
    again = await world.store.write(do_not_call.add, phone, "import", at=NOON + 2)
    assert again == asked
    with pytest.raises(Refused) as refused:
        await world.store.write(do_not_call.remove, asked.id, "he is wrong", at=NOON)
    assert refused.value.code == "asked"
    for sql in (
        "DELETE FROM do_not_call",
        "UPDATE do_not_call SET number = '+1'",
        "UPDATE do_not_call SET asked = false",
        "UPDATE do_not_call SET number = '', blind = ''",
    ):
        with pytest.raises(REFUSED):
            keeper.rows(sql)
    (entry,) = (await world.store.read(do_not_call.page, CENTER, campaign="c")).items
    assert (entry.asked, entry.attempt, entry.at) == (True, "a", NOON + 1)


async def test_of_who_is_erased_enough_is_left_not_to_call_him(keeper: Keeper, world: World) -> None:
    phone = number(0).number
    await world.store.write(do_not_call.add, phone, "letter", at=NOON)
    await world.store.write(do_not_call.forget, [phone], by="boss", at=NOON)
    assert keeper.rows("SELECT number FROM do_not_call") == [("",)]
    assert await world.store.read(do_not_call.among, [phone, number(1).number]) == {phone}
    found = await world.store.read(do_not_call.find, "138 0013 0000")
    assert found
    assert (found.number, found.asked) == ("", True)
    again = await world.store.write(do_not_call.add, phone, "key", at=NOON)
    assert again.id == found.id
    assert keeper.rows("SELECT count(*) FROM do_not_call") == [(1,)]
    # Without the key nobody can be told apart from him.
    keeper.path.with_suffix(".index.key").unlink()
    await keeper.close()
    world.store = await keeper.open()
    assert await world.store.read(do_not_call.among, [number(1).number]) == {number(1).number}


async def test_of_a_lead_who_is_erased_only_what_the_law_wants_is_left(keeper: Keeper, world: World) -> None:
    list_ = await world.list()
    of_him = {"name": "王小明", "fields": {"car": "van"}, "consent": "form 7", "zone": "Asia/Shanghai"}
    (id_,) = await world.leads(list_, NewLead(numbers=(number(0), number(1)), **of_him))
    campaign = await world.campaign(list_)
    (lead,) = await world.lease(campaign)
    begun = await world.begun(attempt(campaign, lead))
    with pytest.raises(Refused) as refused:
        await world.store.write(erasures.erase_lead, id_, reader=CENTER, at=NOON)
    assert refused.value.code == "ringing"
    agreed = NewAppointment(
        lead=id_, number=number(0).number, name="王小明", zone="Asia/Shanghai", at=NOON + DAY
    )
    await world.store.write(appointments.agree, agreed, at=NOON)
    await world.store.write(do_not_call.add, number(1).number, "letter", at=NOON)
    await world.ended(begun.record, "connected")
    erased = await world.store.write(erasures.erase_lead, id_, reader=CENTER, at=NOON + HOUR)
    assert (erased.records, erased.kept_until) == (1, NOON + 5 * 366 * DAY)
    found = await now(world, lead)
    assert (found.state, found.why, found.numbers) == (LeadState.CLOSED, "erased", ())
    for table in ("leads", "lead_numbers", "appointments", "do_not_call"):
        rows = str(keeper.rows(f"SELECT * FROM {table}"))
        assert not [
            word for word in ("王小明", "van", "form 7", "13800130000", "13800130001") if word in rows
        ], table
    assert await world.store.read(do_not_call.among, [number(0).number, number(1).number]) == {
        number(1).number
    }
    assert await world.store.read(attempts.get, begun.record.id), "the record of the call stays"


async def test_who_asked_in_a_call_is_left_alone_on_all_his_numbers(world: World) -> None:
    wang = await world.store.write(
        customers.create, NewCustomer(name="王", phones=("13800130000", "13800130001")), at=NOON
    )
    list_, other = await world.list(), await world.list("other")
    await world.leads(list_, NewLead(numbers=(number(0),), customer=wang.id))
    (elsewhere,) = await world.leads(other, NewLead(numbers=(number(1),), customer=wang.id))
    campaign = await world.campaign(list_, other)
    first, _ = sorted(await world.lease(campaign), key=lambda each: each.list != list_)
    begun = await world.begun(attempt(campaign, first))
    await world.store.write(
        do_not_call.add, number(0).number, "key", campaign=campaign.id, attempt=begun.record.id, at=NOON + 5
    )
    await world.ended(begun.record, "dropped", opted_out_at=NOON + 4)
    assert ((await now(world, first)).state, (await now(world, first)).why) == (
        LeadState.CLOSED, "do_not_call",
    )  # fmt: skip
    assert await world.store.read(consents.allows, wang.id, "phone", "marketing") is False
    await world.store.write(hopper.give_back, [elsewhere])
    assert await world.lease(campaign, at=NOON + 60) == ()
    found = await world.store.read(leads.get, elsewhere)
    assert found
    assert (found.state, found.why) == (LeadState.CLOSED, "do_not_call")


async def test_a_customers_word_outweighs_what_a_list_says(world: World) -> None:
    wang = await world.store.write(customers.create, NewCustomer(name="王"), at=NOON)
    list_ = await world.list()
    (id_,) = await world.leads(list_, NewLead(numbers=(number(0),), customer=wang.id, consent="form 1"))
    said = NewConsent(channel="phone", purpose="marketing", state="refused")
    await world.store.write(consents.give, wang.id, said, at=NOON - 9)
    campaign = await world.campaign(list_)
    assert await world.lease(campaign) == ()
    said = replace(said, state="granted", evidence="called us")
    granted = await world.store.write(consents.give, wang.id, said, at=NOON - 5)
    await world.store.write(leads.reopen, id_, at=NOON)
    (lead,) = await world.lease(campaign)
    assert lead.customer == wang.id
    assert (await world.begun(attempt(campaign, lead))).record.consent == f"consent {granted.id}"


async def test_a_national_list_counts_as_long_as_it_is_young(world: World) -> None:
    list_ = await world.list(consent="")
    ids = await world.leads(
        list_, *(NewLead(numbers=(number(n),), consent="form" if n == 2 else "") for n in range(3))
    )
    campaign = await world.campaign(list_, profile="US")
    assert await world.lease(campaign) == ()

    def load(db: Any, fetched_at: float) -> None:
        row = {"name": "us", "profile": "US", "edition": 2, "numbers": 2, "at": NOON, "login": "x"}
        db.execute(insert(national_lists).values(**row, fetched_at=fetched_at))
        rows = [
            {"number": number(n).number, "list": "us", "edition": edition}
            for n, edition in ((0, 2), (2, 2), (1, 1))
        ]
        db.execute(insert(national_numbers), rows)

    await world.store.write(load, NOON - 30 * DAY)
    found = await world.lease(campaign)
    assert {each.id for each in found} == {ids[1], ids[2]}
    begun = await world.begun(attempt(campaign, found[0]))
    assert begun.record.national_list_at == NOON - 30 * DAY
    assert ((await now(world, replace(found[0], id=ids[0]))).why) == "national_list"
    await world.store.write(lambda db: db.execute(update(national_lists).values(fetched_at=NOON - 32 * DAY)))
    late = await world.begun(attempt(campaign, found[1]))
    assert late.refusal is Refusal.LIST_TOO_OLD


async def test_records_are_read_by_whom_they_concern(world: World) -> None:
    campaign, lead = await leased(world)
    begun = await world.begun(attempt(campaign, lead, agent="ann"))
    page = await world.store.read(attempts.page, CENTER, campaign=campaign.id, lead=lead.id)
    assert page.items == (begun.record,)
    assert (await world.store.read(attempts.page, CENTER, outcome="busy")).items == ()


async def test_a_customer_who_was_merged_takes_his_leads_along(world: World) -> None:
    kept, gone = [
        await world.store.write(customers.create, NewCustomer(name=name), at=NOON) for name in ("王", "王伟")
    ]
    list_ = await world.list()
    (id_,) = await world.leads(list_, NewLead(numbers=(number(0),), customer=gone.id))
    everybody = Reader(login="boss", rights=RIGHTS, scopes=dict.fromkeys(Kind, Scope.ALL))
    await world.store.write(merging.merge, everybody, kept.id, gone.id, at=NOON)
    found = await world.store.read(leads.page, everybody, customer=kept.id)
    assert [(each.id, each.customer, each.customer_name) for each in found.items] == [(id_, kept.id, "王")]
    said = NewConsent(channel="phone", purpose="any", state="refused")
    (lead,) = await world.lease(await world.campaign(list_))
    assert lead.customer == kept.id
    await world.store.write(hopper.give_back, [id_])
    await world.store.write(consents.give, kept.id, said, at=NOON)
    assert await world.lease(await world.campaign(list_, name="Two")) == ()


async def test_two_servers_that_write_at_once_dial_a_number_once(server_keeper: Keeper) -> None:
    """The one writer keeps them in a row; here each has a connection of its own."""
    world = await World(await server_keeper.open()).begin()
    one, other = await world.list("one"), await world.list("other")
    for list_ in (one, other):
        await world.leads(list_, NewLead(numbers=(number(0),)))
    first, second = await world.campaign(one), await world.campaign(other, name="Autumn")
    (lead,), (twin,) = await world.lease(first), await world.lease(second)
    connections = engines.of(server_keeper.place)
    try:
        async with connections.reading.connect() as a, connections.reading.connect() as b:
            for each in (a, b):
                await each.execute(text("SET TRANSACTION READ WRITE"))
            begun = await a.run_sync(attempts.begin, attempt(first, lead), NOON)
            waiting = asyncio.create_task(b.run_sync(attempts.begin, attempt(second, twin), NOON))
            await a.commit()
            late = await waiting
            await b.commit()
    finally:
        await connections.give_back(clean=False)
    assert (begun.refusal, late.refusal) == (None, Refusal.RINGING)


async def test_two_servers_that_lease_at_once_share_the_leads(server_keeper: Keeper) -> None:
    world = await World(await server_keeper.open()).begin()
    list_ = await world.list()
    ids = await world.leads(list_, *(NewLead(numbers=(number(n),)) for n in range(10)))
    campaign = await world.campaign(list_)
    connections = engines.of(server_keeper.place)
    try:
        async with connections.reading.connect() as a, connections.reading.connect() as b:
            for each in (a, b):
                await each.execute(text("SET TRANSACTION READ WRITE"))
            some = (await a.run_sync(hopper.lease, campaign.id, 6, NOON)).leads
            others = (await b.run_sync(hopper.lease, campaign.id, 6, NOON)).leads
            await a.commit()
            await b.rollback()
    finally:
        await connections.give_back(clean=False)
    assert len(some) == 6
    assert {each.id for each in others} <= set(ids) - {each.id for each in some}


# --- how it is asked ---


async def test_nothing_is_looked_for_in_a_whole_table(file_keeper: Keeper) -> None:
    """From a refill to the end of a call: every statement finds what it needs by an index."""
    world = await World(await file_keeper.open()).begin()
    list_ = await world.list()
    await world.leads(list_, NewLead(numbers=(number(0),)), NewLead(numbers=(number(1),)))
    await world.store.write(do_not_call.add, number(1).number, "letter", at=NOON)
    campaign = await world.campaign(list_, rules={"busy": Rule(after_s=600, limit=3)})
    news = await world.campaign(list_, name="news", mode=Mode.AGENTLESS, script="4001")
    barred = await world.campaign(list_, name="barred", caller_ids=("+861065529970",))
    asked: list[tuple[str, Any]] = []

    def work(db: Any) -> None:
        def before(*args: Any) -> None:
            asked.append((args[2], args[3]))

        event.listen(db, "before_cursor_execute", before)
        assert hopper.lease(db, barred.id, 10, NOON).refusal
        hopper.give_back(db, [each.id for each in hopper.lease(db, news.id, 10, NOON).leads])
        (lead,) = hopper.lease(db, campaign.id, 10, NOON).leads
        begun = attempts.begin(db, attempt(campaign, lead), NOON)
        attempts.unfinished(db)
        attempts.sweep(db, at=NOON)
        over = replace(begun.record, state="over", outcome="busy", placed_at=NOON, ended_at=NOON + 9)
        attempts.keep(db, [over])
        hopper.give_back(db, [lead.id])
        hopper.give_all_back(db)
        event.remove(db, "before_cursor_execute", before)
        large = (
            *("leads", "lead_numbers", "attempts", "do_not_call", "national_numbers", "campaign_days"),
            "appointments",
        )
        for sql, parameters in [each for each in asked if not each[0].startswith(("INSERT", "SAVE", "REL"))]:
            given = parameters[0] if isinstance(parameters, list) else parameters
            for step in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given).scalars(3):
                scanned = step.split()[1] if step.startswith("SCAN") else ""
                # Those that hold some rows only are read as a whole.
                few = step.endswith(("uq_do_not_call_blind", "uq_attempts_open", "ix_leads_leased"))
                assert scanned not in large or few, (step, sql)

    await world.store.write(work)
    assert len(asked) > 20


@pytest.mark.parametrize("state", ["placed", "over"])
async def test_an_attempt_whose_call_came_about_is_not_allowed_again(world: World, state: str) -> None:
    list_ = await world.list()
    await world.leads(list_, NewLead(numbers=(number(0),)))
    campaign = await world.campaign(list_)
    (lead,) = await world.lease(campaign)
    begun = await world.begun(attempt(campaign, lead))
    assert (await world.begun(begun.record)).refusal is None, "nobody has heard the answer: it is said again"
    await world.ended(begun.record, "connected" if state == "over" else "", state=state)
    again = await world.begun(begun.record, NOON + HOUR)
    assert again.refusal is Refusal.NOT_DUE, "the store would say: place it"


async def test_the_last_name_that_the_center_gave_is_known(world: World) -> None:
    list_ = await world.list()
    await world.leads(list_, *(NewLead(numbers=(number(n),)) for n in range(3)))
    campaign = await world.campaign(list_)
    assert await world.store.read(attempts.newest) == ""
    for lead, moment in zip(await world.lease(campaign), (2, 1, 3), strict=True):
        id_ = name(moment, 9) if moment < 3 else leads.new_id(NOON)  # a refusal that the store wrote itself
        await world.begun(attempt(campaign, lead, id=id_))
    assert await world.store.read(attempts.newest) == name(2, 9)


async def crashed_in_a_wrap_up(world: World, said: str = "") -> tuple[Campaign, AttemptRecord]:
    """A talk is over, its agent has not said what came of it, and this process begins anew."""
    list_ = await world.list()
    await world.leads(list_, NewLead(numbers=(number(0),)))
    campaign = await world.campaign(list_, rules={"again": Rule(after_s=HOUR, limit=5)})
    (lead,) = await world.lease(campaign)
    begun = await world.begun(attempt(campaign, lead))
    talked = replace(
        begun.record, state="joined", joined_at=NOON, placed_at=NOON, ended_at=NOON + 60, agent="li",
        interaction="i1",
    )  # fmt: skip
    await world.store.write(attempts.keep, (talked,))
    kept = interaction("i1", leg=talked.id, agent="li", disposition=said, ended_at=NOON + 60)
    await world.store.write(saved.write, [SaveInteraction(record=kept)])
    (record,) = await world.store.read(attempts.unfinished)
    over = replace(record, state="over", outcome="connected")
    closed = SaveInteraction(record=replace(kept, final=True))
    await world.store.write(saved.write, [KeepAttempt(record=over), closed])
    return campaign, over


async def test_the_word_of_an_agent_after_a_crash_in_his_wrap_up_settles_the_lead_once(world: World) -> None:
    _, over = await crashed_in_a_wrap_up(world)
    row = await now(world, over.lead)
    assert (row.state, row.why) == (LeadState.CLOSED, "connected"), "nobody had said anything"
    word = CorrectDisposition(interaction="i1", login="li", at=NOON + 90, code="again", note="", callback="")
    await world.store.write(saved.write, [word])
    row = await now(world, over.lead)
    assert (row.state, row.due_at) == (LeadState.DUE, NOON + 60 + HOUR)
    await world.store.write(leads.close, over.lead, "moved", at=NOON + 99)
    await world.store.write(saved.write, [replace(word, at=NOON + 100)])
    row = await now(world, over.lead)
    assert (row.state, row.why) == (LeadState.CLOSED, "moved")
    found = await world.store.read(attempts.get, over.id)
    assert found
    assert found.disposition == "again"


async def test_what_an_agent_said_before_the_crash_settles_the_lead(world: World) -> None:
    _, over = await crashed_in_a_wrap_up(world, said="again")
    row = await now(world, over.lead)
    assert (row.state, row.due_at) == (LeadState.DUE, NOON + 60 + HOUR)


@pytest.mark.parametrize("by", ["close", "do_not_call"])
async def test_a_late_word_does_not_lift_what_somebody_said_of_the_lead(world: World, by: str) -> None:
    _, over = await crashed_in_a_wrap_up(world)
    if by == "do_not_call":
        await world.store.write(do_not_call.add, over.number, "agent", attempt=over.id, at=NOON + 70)
    else:
        await world.store.write(leads.reopen, over.lead, at=NOON + 70)
        await world.store.write(leads.close, over.lead, by, at=NOON + 71)
    await world.store.write(attempts.keep, (replace(over, disposition="again"),))
    assert (await now(world, over.lead)).state is LeadState.CLOSED
