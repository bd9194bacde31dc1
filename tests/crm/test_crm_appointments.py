"""Appointments: agreed on by the customer's clock, dialled by their campaign, kept, missed, not forgotten."""

from dataclasses import replace
from typing import Any

import pytest
from outgoing import HOUR, NOON, World, attempt, number
from stores import Keeper

from contactcenter.crm import appointments, do_not_call, leads
from contactcenter.crm.access import CENTER, RIGHTS, Kind, Reader, Scope
from contactcenter.crm.appointments import (
    MISSED_S,
    Appointment,
    AppointmentChange,
    AppointmentState,
    NewAppointment,
)
from contactcenter.crm.errors import Refusal
from contactcenter.crm.leads import NewLead
from contactcenter.dialer.leads import LeadState
from contactcenter.dialer.recycling import Rule

DAY = 86_400.0


@pytest.fixture
async def world(keeper: Keeper) -> World:
    return await World(await keeper.open()).begin()


async def agree(world: World, now: float = NOON, **changes: Any) -> Appointment:
    new = NewAppointment(number=number(0).number, at=NOON + DAY, zone="America/New_York")
    return await world.store.write(appointments.agree, replace(new, **changes), at=now)


async def test_what_is_agreed_on_in_a_talk_is_what_becomes_of_the_lead(world: World) -> None:
    list_ = await world.list()
    await world.leads(list_, NewLead(numbers=(number(1), number(0))))
    rules = {"connected": Rule(after_s=HOUR, limit=9, next_number=True)}
    campaign = await world.campaign(list_, rules=rules)
    (lead,) = await world.lease(campaign)
    begun = await world.begun(attempt(campaign, lead))
    made = await agree(world, NOON + 60, lead=lead.id, owner="")
    await world.ended(begun.record, "connected", ended_at=NOON + 90)
    row = await world.store.read(leads.get, lead.id)
    assert row
    assert (row.state, row.due_at, row.numbers[row.next_number]) == (
        LeadState.DUE, NOON + DAY, number(0),
    )  # fmt: skip
    assert await world.lease(campaign, at=NOON + 2 * HOUR) == (), "not by the rule"

    (again,) = await world.lease(campaign, at=NOON + DAY)
    later = attempt(campaign, again, at=NOON + DAY)
    begun = await world.begun(later)
    await world.ended(begun.record, "connected", ended_at=NOON + DAY + 60)
    kept = await world.store.read(appointments.get, made.id, at=NOON + DAY + 61)
    assert kept
    assert (kept.state, kept.attempt) == (AppointmentState.DONE, later.id)
    assert [each["what"] for each in kept.history] == ["agreed", "done"]


async def test_nobody_who_answers_keeps_none_and_the_clock_says_that_it_was_missed(world: World) -> None:
    made = await agree(world)
    for moment, state in (
        (NOON + DAY - 1, AppointmentState.OPEN),
        (NOON + DAY, AppointmentState.DUE),
        (NOON + DAY + MISSED_S, AppointmentState.MISSED),
    ):
        found = await world.store.read(appointments.get, made.id, at=moment)
        assert found
        assert found.state is state
        for wanted in (AppointmentState.OPEN, AppointmentState.DUE, AppointmentState.MISSED):
            page = await world.store.read(appointments.page, CENTER, state=wanted, at=moment)
            there = wanted is state or (wanted, state) == (AppointmentState.OPEN, AppointmentState.DUE)
            assert [one.id for one in page.items] == [made.id] * there, (moment, wanted)
    moved = await world.store.write(
        appointments.change, made.id, AppointmentChange(at=NOON + 3 * DAY), at=NOON + 2 * DAY
    )
    assert (moved.state, moved.version) == (AppointmentState.OPEN, 2)


async def test_moving_one_moves_its_lead_and_giving_it_to_somebody_gives_him_the_lead(world: World) -> None:
    list_ = await world.list()
    (id_,) = await world.leads(list_, NewLead(numbers=(number(0),)))
    made = await agree(world, lead=id_, owner="")
    await world.store.write(
        appointments.change, made.id, AppointmentChange(at=NOON + 2 * DAY), at=NOON + 5, expected=1
    )
    row = await world.store.read(leads.get, id_)
    assert row
    assert row.due_at == NOON + 2 * DAY
    gone = await world.store.write(appointments.cancel, made.id, at=NOON + 6)
    assert gone.state is AppointmentState.CANCELLED
    with pytest.raises(Refusal, match="cancelled"):
        await world.store.write(appointments.change, made.id, AppointmentChange(note="x"), at=NOON + 7)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("at", NOON - 1), ("at", NOON + 400 * DAY), ("zone", "Mars/Base"), ("number", "12"),
        ("owner", "nobody"), ("remind_at", NOON + 2 * DAY),
    ],
)  # fmt: skip
async def test_what_can_not_be_is_refused_by_its_field(world: World, field: str, wrong: Any) -> None:
    with pytest.raises(Refusal) as refused:
        await agree(world, **{field: wrong})
    assert refused.value.field == field


async def test_reminders_stand_until_they_are_put_away_or_it_is_kept(world: World) -> None:
    made = await agree(world, remind_at=NOON + DAY - 300)
    views, coming = await world.store.read(appointments.reminders, at=NOON)
    assert (views, coming) == ((), NOON + DAY - 300)
    (view,), coming = await world.store.read(appointments.reminders, at=NOON + DAY)
    assert (view.id, view.kind, view.owner, coming) == (made.id, "appointment", "center", None)
    await world.store.write(appointments.put_away, made.id, at=NOON + DAY)
    assert await world.store.read(appointments.reminders, at=NOON + DAY) == ((), None)


async def test_who_sees_which(world: World) -> None:
    made = await agree(world, owner="")
    mate = Reader(login="li", rights=RIGHTS, scopes={Kind.LEAD: Scope.TEAM})
    own = replace(mate, scopes={Kind.LEAD: Scope.OWN})
    hiding = replace(mate, hidden=frozenset({"lead.numbers"}))
    assert await world.store.read(appointments.get, made.id, mate, at=NOON)
    assert await world.store.read(appointments.get, made.id, own, at=NOON) is None
    blank = await world.store.read(appointments.get, made.id, hiding, at=NOON)
    assert blank
    assert (blank.number, blank.hidden) == ("", ("numbers",))


async def test_a_hidden_number_is_not_given_back_by_the_act(world: World) -> None:
    hiding = Reader(
        login="li",
        rights=RIGHTS,
        scopes={Kind.LEAD: Scope.TEAM},
        hidden=frozenset({"lead.numbers", "lead.name"}),
    )
    new = NewAppointment(number=number(0).number, name="王", at=NOON + DAY, zone="Asia/Shanghai")
    made = await world.store.write(appointments.agree, new, reader=hiding, at=NOON)
    note = AppointmentChange(note="x")
    changed = await world.store.write(appointments.change, made.id, note, reader=hiding, at=NOON)
    assert (made.number, made.name, changed.number, changed.name) == ("", "", "", "")
    entry = await world.store.write(do_not_call.add, number(1).number, "page", reader=hiding, at=NOON)
    assert entry.number == ""
