"""Appointments: agreed on by the customer's clock, dialled by their campaign, kept, missed, not forgotten."""

from dataclasses import replace
from typing import Any

import pytest
from outgoing import HOUR, NOON, World, attempt, number
from stores import Asked, Keeper

from contactcenter.callbacks import CallbackRecord
from contactcenter.crm import accounts, appointments, callbacks, do_not_call, leads, lists, readers, teams
from contactcenter.crm.access import CENTER, RIGHTS, Kind, Reader, Scope
from contactcenter.crm.accounts import AccountChange
from contactcenter.crm.appointments import (
    MISSED_S,
    Appointment,
    AppointmentChange,
    AppointmentState,
    NewAppointment,
)
from contactcenter.crm.errors import Refusal
from contactcenter.crm.leads import LeadChange, LeadRow, NewLead
from contactcenter.crm.lists import ListChange, NewList
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.users import User, UserChange, Users
from contactcenter.dialer.leads import LeadState
from contactcenter.dialer.permission import Refusal as Forbidden
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


async def test_moving_one_moves_its_lead(world: World) -> None:
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
    serving = replace(own, serves=frozenset({"sales"}))
    anyone = await agree(world, owner="", queue="sales")
    for each, seen in ((anyone.id, True), (made.id, False)):
        assert (await world.store.read(appointments.get, each, serving, at=NOON) is not None) is seen
        assert await world.store.read(appointments.get, each, own, at=NOON) is None
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


# --- the agent who leaves ---


async def staff(world: World, *users: User) -> None:
    for user in users:
        await Users(world.store, Sessions(world.store)).create(user, "long enough")


def agent(login: str, *queues: str) -> User:
    return User(login=login, name=login, role="agent", queues=queues)


async def owner_of(world: World, made: Appointment, at: float) -> str:
    found = await world.store.read(appointments.get, made.id, at=at)
    assert found
    return found.owner


async def test_what_an_agent_agreed_on_is_anyone_s_when_he_may_not_sign_in_any_more(world: World) -> None:
    await staff(world, agent("li", "sales"), agent("wang", "sales"))
    made = await agree(world, owner="li", queue="sales", remind_at=NOON + DAY - 300)
    other = await agree(world, owner="wang", queue="sales")
    change = AccountChange(user=UserChange(disabled=True))
    await world.store.write(accounts.change, "li", change, by=CENTER, at=NOON + 5)
    gone = await world.store.read(appointments.get, made.id, at=NOON + 6)
    assert gone
    assert (gone.owner, gone.state, gone.at) == ("", AppointmentState.OPEN, NOON + DAY)
    assert gone.history[-1] == {"at": NOON + 5, "login": "center", "what": "handed_over", "owner": "li"}
    assert await owner_of(world, other, NOON + 6) == "wang"
    wang = await world.store.read(readers.of, "wang")
    assert wang
    (view,), _ = await world.store.read(appointments.reminders, at=NOON + DAY)
    assert (view.owner, view.queue) == ("", "sales")
    page = await world.store.read(appointments.page, wang.reader, at=NOON + 6)
    assert {one.id for one in page.items} == {made.id, other.id}


async def test_who_serves_the_queue_no_more_keeps_it_until_its_time_comes(world: World) -> None:
    await staff(world, agent("li", "support"), agent("wang", "support"))
    reminded = await agree(world, owner="li", queue="sales", remind_at=NOON + 100)
    timed = await agree(world, owner="li", queue="sales")
    stays = await agree(world, owner="wang", queue="support", remind_at=NOON + 100)
    assert not await world.store.read(appointments.left, at=NOON + 99)
    for at, owners in ((NOON + 100, ("", "li")), (NOON + DAY, ("", ""))):
        assert await world.store.read(appointments.left, at=at)
        await world.store.write(appointments.hand_over, at=at)
        assert tuple([await owner_of(world, each, at) for each in (reminded, timed)]) == owners
    assert await owner_of(world, stays, NOON + DAY) == "wang"
    assert not await world.store.read(appointments.left, at=NOON + DAY)


async def test_the_pages_are_asked_again_when_a_time_comes_that_nobody_is_reminded_of(world: World) -> None:
    await agree(world)
    assert await world.store.read(appointments.reminders, at=NOON) == ((), NOON + DAY)


async def test_an_appointment_that_an_agent_kept_by_a_call_of_his_own_is_done(world: World) -> None:
    made = await agree(world, queue="sales")
    record = CallbackRecord(
        id=f"{made.id}-1", queue="sales", number=made.number, server="a", asked_at=NOON + DAY,
        entered_at=NOON + DAY, due_at=NOON + DAY, expires_at=NOON + DAY, state="calling", appointment=made.id,
    )  # fmt: skip
    for state, kept in (
        ("expired", AppointmentState.DUE), ("calling", AppointmentState.DUE), ("done", AppointmentState.DONE),
    ):  # fmt: skip
        await world.store.write(callbacks.save, [replace(record, state=state)])
        found = await world.store.read(appointments.get, made.id, at=NOON + DAY)
        assert found
        assert found.state is kept


# --- its lead ---


async def row_of(world: World, lead: str) -> LeadRow:
    found = await world.store.read(leads.get, lead)
    assert found
    return found


async def test_a_lead_that_is_closed_is_dialled_again_at_the_number_that_was_agreed_on(world: World) -> None:
    list_ = await world.list()
    closed, held, merged = await world.leads(
        list_,
        NewLead(numbers=(number(0), number(1)), owner="center"),
        NewLead(numbers=(number(2),)),
        NewLead(numbers=(number(3),)),
    )
    await world.store.write(leads.close, closed, "no", at=NOON)
    await world.store.write(leads.hold, held, "wait", at=NOON)
    await world.store.write(leads.merge, closed, [merged], at=NOON)
    for lead in (closed, held, merged):
        await agree(world, lead=lead, number=number(1).number, owner="")
    row = await row_of(world, closed)
    assert (row.state, row.due_at, row.next_number) == (LeadState.DUE, NOON + DAY, 1)
    assert row.owner == "center", "the list said so, and still does"
    assert [(await row_of(world, lead)).state for lead in (held, merged)] == [
        LeadState.HELD, LeadState.CLOSED,
    ]  # fmt: skip
    campaign = await world.campaign(list_)
    (lead,) = await world.lease(campaign, at=NOON + DAY)
    assert (lead.id, lead.next_number, lead.owner, lead.agreed_at) == (closed, 1, "", NOON + DAY)


async def test_a_number_that_the_lead_does_not_have_is_put_behind_his(world: World) -> None:
    list_ = await world.list()
    (id_,) = await world.leads(list_, NewLead(numbers=(number(0),)))
    await agree(world, lead=id_, number="021 6552 9988", zone="Asia/Shanghai", owner="")
    row = await row_of(world, id_)
    assert [(each.number, each.kind) for each in row.numbers] == [
        (number(0).number, ""), ("+862165529988", "agreed"),
    ]  # fmt: skip
    assert row.next_number == 1
    (lead,) = await world.lease(await world.campaign(list_), at=NOON + DAY)
    assert lead.numbers[lead.next_number].zones == ("Asia/Shanghai",)
    (full,) = await world.leads(list_, NewLead(numbers=tuple(number(n) for n in range(10, 20))))
    with pytest.raises(Refusal, match="10 numbers"):
        await agree(world, lead=full, owner="")


async def test_what_was_moved_while_the_lead_was_in_the_hopper_is_not_dialled_before(world: World) -> None:
    list_ = await world.list()
    (id_,) = await world.leads(list_, NewLead(numbers=(number(0),)))
    made = await agree(world, lead=id_, owner="")
    campaign = await world.campaign(list_)
    (lead,) = await world.lease(campaign, at=NOON + DAY)
    to = AppointmentChange(at=NOON + 2 * DAY)
    await world.store.write(appointments.change, made.id, to, at=NOON + DAY + 1)
    begun = await world.begun(attempt(campaign, lead, at=NOON + DAY + 2))
    assert begun.refusal is Forbidden.NOT_DUE
    assert await world.lease(campaign, at=NOON + DAY + 3) == ()
    assert [each.id for each in await world.lease(campaign, at=NOON + 2 * DAY)] == [id_]


async def test_the_first_of_several_appointments_says_when(world: World) -> None:
    list_ = await world.list()
    (id_,) = await world.leads(list_, NewLead(numbers=(number(0),)))
    first = await agree(world, lead=id_, owner="")
    await agree(world, lead=id_, owner="", at=NOON + 3 * DAY)
    assert (await row_of(world, id_)).due_at == NOON + DAY
    await world.store.write(appointments.cancel, first.id, at=NOON + 5)
    assert (await row_of(world, id_)).due_at == NOON + 3 * DAY


async def test_the_appointments_of_a_lead_are_found_by_their_index(file_keeper: Keeper) -> None:
    """They are asked for at each refill and at each attempt's end."""
    world = await World(await file_keeper.open()).begin()
    with Asked() as asked:
        await world.store.write(appointments.keep, "lead", "attempt", begun_at=NOON, at=NOON)
        await world.store.read(appointments.of_lead, "lead")
    await world.store.close()
    plans = [
        plan for statement, plan in asked.plans(file_keeper.path).items() if "FROM appointments" in statement
    ]
    assert len(plans) == 2
    assert all("ix_appointments_lead" in plan[0] for plan in plans), plans


async def test_what_was_agreed_on_with_a_duplicate_is_the_kept_lead_s(world: World) -> None:
    list_ = await world.list()
    kept, gone = await world.leads(list_, NewLead(numbers=(number(0),)), NewLead(numbers=(number(1),)))
    made = await agree(world, lead=gone, number=number(1).number, owner="")
    await world.store.write(leads.merge, kept, [gone], at=NOON + 5)
    found = await world.store.read(appointments.get, made.id, at=NOON + 6)
    assert found
    assert (found.lead, found.version) == (kept, 2)
    row = await row_of(world, kept)
    assert (row.due_at, row.numbers[row.next_number]) == (NOON + DAY, number(1))
    campaign = await world.campaign(list_)
    assert await world.lease(campaign, at=NOON + 10) == ()
    assert [each.id for each in await world.lease(campaign, at=NOON + DAY)] == [kept]


async def test_nobody_gives_away_what_he_could_not_see_then(world: World) -> None:
    """Appointments, leads and lists go to people, and teams, of one's own."""
    await staff(world, agent("li", "sales"), agent("wang", "sales"), agent("bo", "sales"))
    for team, members in (("east", ("li", "wang")), ("west", ("bo",))):
        title = {"zh": team, "en": team}
        await world.store.write(teams.put, team, title, by=CENTER, at=NOON)
        for login in members:
            change = AccountChange(user=UserChange(), teams=(team,))
            await world.store.write(accounts.change, login, change, by=CENTER, at=NOON)
    known = await world.store.read(readers.of, "li")
    assert known
    li = replace(known.reader, rights=RIGHTS, scopes={Kind.LEAD: Scope.TEAM})
    made = await world.store.write(lists.create, NewList(name="ours", owner="wang"), reader=li, at=NOON)
    lead = await world.store.write(
        leads.create, made.id, NewLead(numbers=(number(0),), owner="wang"), reader=li, at=NOON
    )
    new = NewAppointment(number=number(0).number, at=NOON + DAY, zone="Asia/Shanghai", owner="wang")
    agreed = await world.store.write(appointments.agree, new, reader=li, at=NOON)
    for act, values in (
        (lists.create, (NewList(name="theirs", team="west"),)),
        (lists.create, (NewList(name="theirs", owner="bo"),)),
        (lists.change, (made.id, ListChange(owner="bo"))),
        (leads.create, (made.id, NewLead(numbers=(number(1),), owner="bo"))),
        (leads.change, (lead.id, LeadChange(owner="bo"))),
        (appointments.agree, (replace(new, owner="bo"),)),
        (appointments.change, (agreed.id, AppointmentChange(owner="bo"))),
    ):
        with pytest.raises(Refusal) as refused:
            await world.store.write(act, *values, reader=li, at=NOON + 1)  # type: ignore[operator]
        assert refused.value.code == "beyond_you"
