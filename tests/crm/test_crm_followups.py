"""Follow-ups: the due list, what comes again by the calendar, reminders that stand until put away."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stores import Keeper

from contactcenter.crm import customers, followups, outbox, recurrence, requests
from contactcenter.crm.access import Kind, Reader, Right, Scope
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.errors import ChangedMeanwhile, Refusal
from contactcenter.crm.followups import TRANSITIONS, Cycle, Filter, FollowupChange, FollowupState, NewFollowup
from contactcenter.crm.recurrence import Unit
from contactcenter.crm.requests import NewRequest
from contactcenter.crm.store import Store

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")
AGENT = Reader(
    login="tom",
    rights=frozenset(
        {Right.CUSTOMERS_READ, Right.FOLLOWUPS_READ, Right.FOLLOWUPS_WRITE, Right.REQUESTS_READ}
    ),
    scopes={Kind.CUSTOMER: Scope.TEAM, Kind.REQUEST: Scope.TEAM, Kind.FOLLOWUP: Scope.OWN},
)


@pytest.fixture
async def store(keeper: Keeper) -> Store:
    return await keeper.open()


async def planned(
    store: Store, *, reader: Reader = AGENT, at: float = 10.0, zone: ZoneInfo = SHANGHAI, **more: Any
) -> followups.Followup:
    new = NewFollowup(**{"title": "Call back", "due_at": 100.0} | more)
    return await store.write(followups.create, new, reader=reader, at=at, zone=zone)


async def changed(
    store: Store, id_: str, *, reader: Reader = AGENT, at: float = 20.0, zone: ZoneInfo = SHANGHAI, **to: Any
) -> followups.Followup:
    return await store.write(followups.change, id_, FollowupChange(**to), reader=reader, at=at, zone=zone)


async def open_ones(store: Store, reader: Reader = AGENT, **more: Any) -> list[followups.Followup]:
    asked = Filter(states=(FollowupState.OPEN,), **more)
    return list((await store.read(followups.page, reader, asked)).items)


def moment(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def days(first: str, every: int, unit: str, count: int, zone: ZoneInfo = BERLIN, **more: Any) -> list[str]:
    """The next times, one after the other, as the clock on the wall shows them."""
    due_at = moment(first, zone)
    cycle = recurrence.begun(every, unit, more.get("until"), due_at=due_at, remind_at=None, zone=zone)
    found: list[str] = []
    following: float | None = due_at
    for _ in range(count):
        assert following is not None
        following = recurrence.following(cycle, following, zone, after=following)
        if following is None:
            break
        found.append(datetime.fromtimestamp(following, zone).strftime("%Y-%m-%d %H:%M"))
    return found


# --- by the calendar ---


def test_the_31st_is_the_last_day_of_shorter_months_and_the_31st_again() -> None:
    assert days("2027-12-31 09:00", 1, "months", 5) == [
        "2028-01-31 09:00", "2028-02-29 09:00", "2028-03-31 09:00", "2028-04-30 09:00", "2028-05-31 09:00",
    ]  # fmt: skip
    assert days("2026-01-30 09:00", 1, "months", 2) == ["2026-02-28 09:00", "2026-03-30 09:00"]
    assert days("2026-11-30 09:00", 3, "months", 2) == ["2027-02-28 09:00", "2027-05-30 09:00"]


def test_the_29th_of_february_comes_every_year() -> None:
    assert days("2024-02-29 12:00", 1, "years", 4) == [
        "2025-02-28 12:00", "2026-02-28 12:00", "2027-02-28 12:00", "2028-02-29 12:00",
    ]  # fmt: skip


def test_the_clock_on_the_wall_counts_when_the_clocks_change() -> None:
    assert days("2026-03-28 09:00", 1, "days", 2) == ["2026-03-29 09:00", "2026-03-30 09:00"]
    assert days("2026-10-24 09:00", 1, "weeks", 2) == ["2026-10-31 09:00", "2026-11-07 09:00"]
    # 02:30 is skipped on 29 March: it comes an hour later, and at its own time on the next day.
    assert days("2026-03-28 02:30", 1, "days", 2) == ["2026-03-29 03:30", "2026-03-30 02:30"]
    # 02:30 comes twice on 25 October, and counts once.
    assert days("2026-10-24 02:30", 1, "days", 2) == ["2026-10-25 02:30", "2026-10-26 02:30"]


def test_the_day_is_the_centers() -> None:
    # 23:30 UTC on the 31st is the 1st in Shanghai.
    due_at = moment("2026-01-31 23:30", ZoneInfo("UTC"))
    cycle = recurrence.begun(1, "months", None, due_at=due_at, remind_at=None, zone=SHANGHAI)
    following = recurrence.following(cycle, due_at, SHANGHAI, after=due_at)
    assert following == moment("2026-03-01 07:30", SHANGHAI)


def test_it_ends_with_its_last_day_and_with_the_calendar() -> None:
    until = moment("2026-01-03 09:00")
    assert days("2026-01-01 09:00", 1, "days", 9, until=until) == ["2026-01-02 09:00", "2026-01-03 09:00"]
    assert days("8999-01-01 09:00", 366, "years", 9) == []


@given(
    st.integers(1, 366),
    st.sampled_from(list(Unit)),
    st.integers(0, 4_000_000_000),
    st.integers(-1_000_000, 2_000_000_000),
)
def test_the_next_time_is_after_both_and_none_is_left_out(
    every: int, unit: Unit, due_at: int, late_s: int
) -> None:
    cycle = recurrence.begun(every, unit, None, due_at=due_at, remind_at=None, zone=BERLIN)
    after = due_at + late_s
    found = recurrence.following(cycle, due_at, BERLIN, after=after)
    if found is None:
        return  # the end of the calendar
    assert found > max(due_at, after)
    span_s = {Unit.DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 31, Unit.YEARS: 366}[unit] * every * 86_400
    assert found <= max(due_at, after) + span_s + 7200, "one was left out"


# --- the due list ---


async def test_what_is_due_first_comes_first_and_only_one_s_own(store: Store) -> None:
    for n in (3, 1, 2):
        await planned(store, title=f"t{n}", due_at=100.0 * n)
    other = Reader(login="eve", rights=AGENT.rights, scopes=AGENT.scopes)
    await planned(store, reader=other, title="hers")
    assert [each.title for each in await open_ones(store)] == ["t1", "t2", "t3"]
    assert [each.title for each in await open_ones(store, due_before=300.0, due_from=200.0)] == ["t2"]
    page = await store.read(followups.page, AGENT, limit=2)
    rest = await store.read(followups.page, AGENT, cursor=page.next)
    assert [each.title for each in (*page.items, *rest.items)] == ["t1", "t2", "t3"]


async def test_it_is_about_the_customer_of_its_request(store: Store) -> None:
    ada = (await store.write(customers.create, NewCustomer(name="Ada"), at=1.0)).id
    bob = (await store.write(customers.create, NewCustomer(name="Bob"), at=1.0)).id
    request = await store.write(
        requests.create, NewRequest(customer=ada, subject="s"), reader=AGENT, at=2.0, zone=SHANGHAI
    )
    made = await planned(store, request=request.id)
    assert (made.customer, made.customer_name) == (ada, "Ada")
    with pytest.raises(Refusal) as refused:
        await planned(store, request=request.id, customer=bob)
    assert refused.value.field == "request"


async def test_wrong_input_names_its_field(store: Store) -> None:
    for field, more in {
        "title": {"title": " "},
        "customer": {"customer": "nobody"},
        "request": {"request": "none"},
        "owner": {"owner": "nobody"},
        "remind_at": {"remind_at": 101.0},
        "recurrence.every": {"recurrence": Cycle(every=0, unit="days")},
        "recurrence.unit": {"recurrence": Cycle(every=1, unit="hours")},
        "recurrence.until": {"recurrence": Cycle(every=1, unit="days", until=99.0)},
    }.items():
        with pytest.raises(Refusal) as refused:
            await planned(store, **more)
        assert refused.value.field == field


async def test_every_state_goes_where_the_table_says_and_nowhere_else(store: Store) -> None:
    for state in FollowupState:
        for to in FollowupState:
            made = await planned(store)
            if state is not FollowupState.OPEN:
                made = await changed(store, made.id, state=state)
            if to is state:
                continue
            if to in TRANSITIONS[state]:
                assert (await changed(store, made.id, state=to)).state is to
            else:
                with pytest.raises(Refusal, match=f"{state}: {to} can't follow") as refused:
                    await changed(store, made.id, state=to)
                assert refused.value.code == "illegal_now"
                assert await store.read(followups.get, made.id) == made
    with pytest.raises(ChangedMeanwhile):
        await store.write(
            followups.change, made.id, FollowupChange(), reader=AGENT, at=1.0, zone=SHANGHAI, expected=9
        )


async def test_done_makes_the_next_one_of_the_series_once(store: Store) -> None:
    due_at = moment("2026-01-31 09:00", SHANGHAI)
    made = await planned(
        store, due_at=due_at, remind_at=due_at - 600, recurrence=Cycle(every=1, unit="months")
    )
    done = await changed(store, made.id, state=FollowupState.DONE, result="Reached", at=due_at + 60)
    assert (done.state, done.result, done.done_at, done.done_by) == ("done", "Reached", due_at + 60, "tom")
    (following,) = await open_ones(store)
    assert following.due_at == moment("2026-02-28 09:00", SHANGHAI)
    assert following.remind_at == following.due_at - 600
    assert following.series == made.series == made.id
    again = await changed(store, made.id, state=FollowupState.DONE, result="Reached")
    assert again == done
    assert len(await open_ones(store)) == 1
    # Two months late: what went by is not made up for.
    late = moment("2026-05-10 12:00", SHANGHAI)
    await changed(store, following.id, state=FollowupState.DONE, at=late)
    (third,) = await open_ones(store, series=made.id)
    assert third.due_at == moment("2026-05-31 09:00", SHANGHAI)
    await changed(store, third.id, state=FollowupState.DROPPED)
    assert await open_ones(store) == []
    events = [each.event for each in await store.read(outbox.after, 0, kind="followup")]
    assert events.count("followup.created") == 3


async def test_who_moves_one_moves_what_follows_and_its_reminder(store: Store) -> None:
    due_at = moment("2026-01-05 09:00", SHANGHAI)
    cycle = Cycle(every=1, unit="weeks")
    made = await planned(store, due_at=due_at, remind_at=due_at - 60, recurrence=cycle)
    later = moment("2026-01-07 15:00", SHANGHAI)
    moved = await changed(store, made.id, due_at=later)
    assert moved.remind_at == later - 60
    await changed(store, made.id, state=FollowupState.DONE, at=later)
    (following,) = await open_ones(store)
    assert following.due_at == moment("2026-01-14 15:00", SHANGHAI)


# --- reminders ---


async def test_a_reminder_stands_until_it_is_put_away_or_the_work_is_done(
    store: Store, keeper: Keeper
) -> None:
    first = await planned(store, title="first", due_at=100.0, remind_at=50.0)
    await planned(store, title="second", due_at=100.0, remind_at=60.0)
    await planned(store, title="never", due_at=100.0)
    assert await store.read(followups.reminders, at=49.0) == ((), {}, 50.0)
    views, _, following = await store.read(followups.reminders, at=55.0)
    assert ([each.title for each in views], following) == (["first"], 60.0)
    await store.close()  # a restart forgets nothing
    store = await keeper.open()
    views, _, following = await store.read(followups.reminders, at=70.0)
    assert ([each.title for each in views], following) == (["first", "second"], None)
    await store.write(followups.put_away, first.id, reader=AGENT, at=70.0)
    await store.write(followups.put_away, first.id, reader=AGENT, at=70.0)  # twice is as good as once
    views, _, _ = await store.read(followups.reminders, at=70.0)
    assert [each.title for each in views] == ["second"]
    await changed(store, views[0].id, state=FollowupState.DONE)
    assert (await store.read(followups.reminders, at=70.0))[0] == ()


async def test_who_does_not_see_it_cannot_put_it_away(store: Store) -> None:
    made = await planned(store, remind_at=50.0)
    other = Reader(login="eve", rights=AGENT.rights, scopes=AGENT.scopes)
    with pytest.raises(Refusal) as refused:
        await store.write(followups.put_away, made.id, reader=other, at=60.0)
    assert refused.value.code == "not_found"
