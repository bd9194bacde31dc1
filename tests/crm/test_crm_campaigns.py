"""Campaigns, lists and leads as they are stored: whole, with versions, and seen by whom they concern."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, select
from stores import Keeper

from contactcenter.crm import audit, campaigns, leads, lists, outbox, schema
from contactcenter.crm.access import RIGHTS, Kind, Reader, Right, Scope
from contactcenter.crm.errors import ChangedMeanwhile, Refusal
from contactcenter.crm.leads import LeadChange, NewLead
from contactcenter.crm.lists import ListChange, NewList
from contactcenter.crm.store import Store
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
from contactcenter.dialer.leads import LeadState
from contactcenter.dialer.profiles import daily
from contactcenter.dialer.recycling import Rule

AT = 1_000_000.0
EAST = Reader(login="eva", rights=RIGHTS, scopes={Kind.LEAD: Scope.TEAM}, teams=("east",))


def campaign(*shares: ListShare, **fields: Any) -> Campaign:
    values: dict[str, Any] = {
        "id": "", "name": "Spring", "mode": Mode.PREDICTIVE, "profile": "CN", "queue": "sales",
        "lists": shares, "trunk": "main", "caller_ids": ("+861065529988",),
    }  # fmt: skip
    return Campaign(**values | fields)


@pytest.fixture
async def store(keeper: Keeper) -> Store:
    return await keeper.open()


async def a_list(store: Store, name: str = "spring", **fields: Any) -> str:
    return (await store.write(lists.create, NewList(name=name, **fields), at=AT)).id


async def test_a_campaign_comes_back_as_it_was_written(store: Store) -> None:
    one, other = await a_list(store), await a_list(store, "summer")
    wanted = campaign(
        ListShare(list=other, weight=3), ListShare(list=one),
        rules={"busy": Rule(after_s=600, limit=3, next_number=True), "later": Rule(after_s=86400, limit=9)},
        detection=Detection(on_machine=OnMachine.LEAVE_MESSAGE), blend=Blend(keep_free=2),
        window=Window(starts_at=5.0, week=daily(10, 18)), message="我们是…", drop_target=0.01,
    )  # fmt: skip
    made = await store.write(campaigns.create, wanted, at=AT)
    assert made.campaign == replace(wanted, id=made.campaign.id)
    assert (made.state, made.version, made.started_at) == (CampaignState.DRAFT, 1, None)
    assert await store.read(campaigns.get, made.campaign.id) == made
    less = replace(made.campaign, window=Window(), lists=(ListShare(list=one, weight=7),), name="Autumn")
    after = await store.write(campaigns.change, made.campaign.id, less, at=AT + 1, expected=1)
    assert (after.campaign, after.version) == (less, 2)
    with pytest.raises(ChangedMeanwhile):
        await store.write(campaigns.change, made.campaign.id, wanted, at=AT + 2, expected=1)
    same = await store.write(campaigns.change, made.campaign.id, less, at=AT + 3)
    assert same.version == 2
    told = [each.event for each in await store.read(outbox.after, 0)]
    assert told == ["list.created", "list.created", "campaign.created", "campaign.changed"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "  "}, "name"), ({"profile": "XX"}, "profile"), ({"name": "n" * 121}, "name"),
        ({"lists": (ListShare(list="nowhere"),)}, "lists.0.list"),
        ({"rules": {"busy": Rule(after_s=float("inf"), limit=3)}}, "settings"),
        ({"drop_target": float("nan")}, "settings"),
    ],
)  # fmt: skip
async def test_what_is_no_campaign_is_refused_by_its_field(
    store: Store, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await store.write(campaigns.create, replace(campaign(), **fields), at=AT)
    assert refused.value.field == field


async def test_names_are_given_once_and_lists_have_a_weight(store: Store) -> None:
    one = await a_list(store)
    await store.write(campaigns.create, campaign(), at=AT)
    with pytest.raises(Refusal) as taken:
        await store.write(campaigns.create, campaign(), at=AT)
    shares = ListShare(list=one, weight=0)
    with pytest.raises(Refusal) as weightless:
        await store.write(campaigns.create, campaign(shares, name="Two"), at=AT)
    with pytest.raises(Refusal) as again:
        await store.write(lists.create, NewList(name="spring"), at=AT)
    assert [each.value.code for each in (taken, again)] == ["taken", "taken"]
    assert weightless.value.field == "lists.0.weight"


async def test_the_first_start_is_kept_and_its_profile_stays(store: Store) -> None:
    id_ = (await store.write(campaigns.create, campaign(), at=AT)).campaign.id
    for at, state in ((AT + 1, "running"), (AT + 2, "paused"), (AT + 3, "running")):
        await store.write(campaigns.save_state, id_, state, by="ann", at=at)
    found = await store.read(campaigns.get, id_)
    assert found
    assert (found.state, found.started_at, found.version) == (CampaignState.RUNNING, AT + 1, 4)
    (kept,) = await store.read(campaigns.running, AT + 10)
    assert (kept.campaign, kept.state, kept.started_at) == (found.campaign, "running", AT + 1)
    other = replace(found.campaign, profile="US")
    with pytest.raises(Refusal) as refused:
        await store.write(campaigns.change, id_, other, at=AT)
    assert (refused.value.code, refused.value.field) == ("illegal_now", "profile")
    with pytest.raises(Refusal):
        await store.write(campaigns.archive, id_, at=AT)
    await store.write(campaigns.save_state, id_, "stopped", by="ann", at=AT + 4)
    assert await store.read(campaigns.running, AT + 10) == ()
    assert (await store.write(campaigns.archive, id_, at=AT + 5)).state is CampaignState.ARCHIVED
    with pytest.raises(Refusal):
        await store.write(campaigns.change, id_, found.campaign, at=AT)


async def test_one_sees_the_campaigns_and_lists_of_ones_teams(store: Store) -> None:
    ours = await a_list(store, "ours")
    with pytest.raises(Refusal) as refused:
        await store.write(lists.create, NewList(name="x", team="nowhere"), reader=EAST, at=AT)
    assert refused.value.field == "team"

    def give(db: Any) -> None:
        from contactcenter.crm.schema import campaigns as table
        from contactcenter.crm.schema import lists as list_table

        db.execute(table.update().values(team="west"))
        db.execute(list_table.update().where(list_table.c.id != ours).values(team="west"))

    theirs = await a_list(store, "theirs")
    made = await store.write(campaigns.create, campaign(ListShare(list=theirs)), at=AT)
    await store.write(give)
    assert await store.read(campaigns.get, made.campaign.id, EAST) is None
    assert (await store.read(campaigns.page, EAST)).items == ()
    assert [each.id for each in (await store.read(lists.page, EAST, at=AT)).items] == [ours]
    with pytest.raises(Refusal) as hidden:
        await store.write(campaigns.create, campaign(ListShare(list=theirs), name="Mine"), reader=EAST, at=AT)
    assert hidden.value.field == "lists.0.list"


async def test_nobody_gives_away_what_he_could_not_see_himself_then(store: Store) -> None:
    def staff(db: Any) -> None:
        for login, team in (("eva", "east"), ("ed", "east"), ("wim", "west")):
            user = {"login": login, "name": login, "role": "agent", "password": "", "queues": []}
            db.execute(insert(schema.users).values(**user, disabled=False, created_at=AT))
            if login != "ed":
                db.execute(insert(schema.teams).values(name=team, title={}, version=1))
            db.execute(insert(schema.memberships).values(login=login, team=team, place=0))

    await store.write(staff)
    list_ = await a_list(store, "ours", team="east")
    one = await store.write(leads.create, list_, lead("13800138000"), reader=EAST, at=AT)
    made = await store.write(campaigns.create, campaign(), reader=EAST, at=AT)
    tries: list[tuple[Any, tuple[Any, ...], dict[str, Any], str]] = [
        (lists.create, (NewList(name="x", owner="wim"),), {}, "owner"),
        (lists.create, (NewList(name="x", team="west"),), {}, "team"),
        (lists.change, (list_, ListChange(owner="wim")), {}, "owner"),
        (lists.change, (list_, ListChange(team="west")), {}, "team"),
        (leads.create, (list_, lead("13800138001", owner="wim")), {}, "owner"),
        (leads.change, (one.id, LeadChange(owner="wim")), {}, "owner"),
        (campaigns.create, (campaign(name="x"),), {"team": "west"}, "team"),
        (campaigns.change, (made.campaign.id, made.campaign), {"owner": "wim"}, "owner"),
    ]
    for work, args, also, wrong in tries:
        with pytest.raises(Refusal) as refused:
            await store.write(work, *args, **also, reader=EAST, at=AT)
        assert (refused.value.code, refused.value.field) == ("beyond_you", wrong)
    given = await store.write(leads.change, one.id, LeadChange(owner="ed"), reader=EAST, at=AT)
    assert given.owner == "ed"


# --- leads ---


def lead(*phones: str, **fields: Any) -> NewLead:
    return NewLead(numbers=tuple(leads.number_of(each) for each in phones), **fields)


async def test_a_lead_comes_back_with_its_numbers_in_their_order(store: Store) -> None:
    list_ = await a_list(store)
    new = lead(
        "13800138000",
        "010 65529988",
        name="王小明",
        priority=7,
        fields={"plan": "金"},
        consent="网站 2026-01",
    )
    made = await store.write(leads.create, list_, new, at=AT)
    assert [each.number for each in made.numbers] == ["+8613800138000", "+861065529988"]
    assert made.numbers[0].zones == ("Asia/Shanghai",)
    assert (made.state, made.due_at, made.priority, made.fields) == (LeadState.DUE, AT, 7, {"plan": "金"})
    found = await store.read(lists.get, list_, at=AT)
    assert found
    assert (found.counts, found.due) == ({"due": 1, "leased": 0, "closed": 0, "held": 0}, 1)
    known = await store.read(leads.with_numbers, ["+8613800138000", "+8613900139000"])
    assert {number: [each.id for each in some] for number, some in known.items()} == {
        "+8613800138000": [made.id]
    }


async def test_a_lead_is_changed_closed_and_opened_again(store: Store) -> None:
    list_ = await a_list(store)
    made = await store.write(leads.create, list_, lead("13800138000", name="A"), at=AT)
    to = LeadChange(name="B", priority=9, numbers=(leads.number_of("+442079460958"),), due_at=AT + 60)
    changed = await store.write(leads.change, made.id, to, at=AT + 1, expected=1)
    assert (changed.name, changed.priority, changed.due_at, changed.version) == ("B", 9, AT + 60, 2)
    assert [each.priority for each in await store.read(lists.shelves_of, list_)] == [9]
    assert (await store.read(lists.places, [list_])) == {(("Europe/London",), ("GB",))}
    closed = await store.write(leads.close, made.id, "wrong person", at=AT + 2)
    assert (closed.state, closed.why) == (LeadState.CLOSED, "wrong person")
    assert await store.read(lists.shelves_of, list_) == ()
    with pytest.raises(Refusal) as twice:
        await store.write(leads.close, made.id, "again", at=AT + 2)
    assert twice.value.code == "illegal_now"
    opened = await store.write(leads.reopen, made.id, at=AT + 3, expected=3)
    assert (opened.state, opened.why, opened.due_at) == (LeadState.DUE, "", AT + 3)


async def test_a_number_that_is_entered_again_may_be_where_it_might_be_before(store: Store) -> None:
    """A ZIP code of Florida said so: without it the number is one of California's alone."""
    list_ = await a_list(store)
    known = leads.number_of("+12135550123", postcode="33101")
    assert "US-FL" in known.regions
    made = await store.write(leads.create, list_, NewLead(numbers=(known,)), at=AT)
    again = replace(leads.number_of("+12135550123"), kind="home")
    to = LeadChange(numbers=(again, leads.number_of("+13055550123")))
    changed = await store.write(leads.change, made.id, to, at=AT)
    assert changed.numbers[0] == replace(known, kind="home")
    assert [each.number for each in changed.numbers] == ["+12135550123", "+13055550123"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (LeadChange(priority=100), "priority"), (LeadChange(next_number=1), "next_number"),
        (LeadChange(owner="nobody"), "owner"), (LeadChange(customer="nobody"), "customer"),
        (LeadChange(fields={"": "x"}), "fields"), (LeadChange(name="n" * 121), "name"),
    ],
)  # fmt: skip
async def test_what_a_lead_can_not_be_is_refused_by_its_field(
    store: Store, change: LeadChange, field: str
) -> None:
    made = await store.write(leads.create, await a_list(store), lead("13800138000"), at=AT)
    with pytest.raises(Refusal) as refused:
        await store.write(leads.change, made.id, change, at=AT)
    assert refused.value.field == field


async def test_a_lead_without_a_number_is_held_until_he_has_one(store: Store) -> None:
    made = await store.write(leads.create, await a_list(store), lead(name="A"), at=AT)
    assert (made.state, made.why) == (LeadState.HELD, leads.NO_NUMBER)
    with pytest.raises(Refusal) as refused:
        await store.write(leads.reopen, made.id, at=AT)
    assert refused.value.field == "numbers"
    to = LeadChange(numbers=(leads.number_of("13800138000"),))
    assert (await store.write(leads.change, made.id, to, at=AT)).state is LeadState.DUE


async def test_duplicates_are_found_over_lists_and_merged_into_one(store: Store) -> None:
    one, other = await a_list(store), await a_list(store, "other")
    first = await store.write(leads.create, one, lead("13800138000", name="A", fields={"x": "1"}), at=AT)
    second = await store.write(
        leads.create, other, lead("13900139000", "13800138000", fields={"x": "2", "y": "3"}), at=AT + 1
    )
    await store.write(leads.create, other, lead("13700137000"), at=AT + 2)
    ((number, known),) = await store.read(leads.duplicates, one)
    assert (number, [each.id for each in known]) == ("+8613800138000", [first.id, second.id])
    kept = await store.write(leads.merge, first.id, [second.id], at=AT + 3)
    assert [each.number for each in kept.numbers] == ["+8613800138000", "+8613900139000"]
    assert kept.fields == {"x": "1", "y": "3"}
    gone = await store.read(leads.get, second.id)
    assert gone
    assert (gone.state, gone.why) == (LeadState.CLOSED, leads.DUPLICATE)
    assert await store.read(leads.duplicates, one) == ()


async def test_hidden_numbers_are_shown_nowhere_and_can_not_be_asked_for(store: Store) -> None:
    list_ = await a_list(store)
    made = await store.write(leads.create, list_, lead("13800138000", name="A"), at=AT)
    blind = Reader(
        login="b", rights=RIGHTS, scopes={Kind.LEAD: Scope.ALL}, hidden=frozenset({"customer.phones"})
    )
    found = await store.read(leads.get, made.id, blind)
    assert found
    assert (found.numbers, found.name, found.hidden) == ((), "A", ("numbers",))
    for asked in (
        store.read(leads.page, blind, number="+8613800138000"),
        store.write(leads.change, made.id, LeadChange(numbers=()), reader=blind, at=AT),
    ):
        with pytest.raises(Refusal) as refused:
            await asked
        assert refused.value.code == "hidden"


async def test_pages_of_leads_go_by_list_campaign_state_and_number(store: Store) -> None:
    one, other = await a_list(store), await a_list(store, "other")
    made = [
        await store.write(leads.create, list_, lead(f"1380013800{n}"), at=AT + n)
        for n, list_ in enumerate((one, one, other))
    ]
    id_ = (await store.write(campaigns.create, campaign(ListShare(list=one)), at=AT)).campaign.id
    await store.write(leads.hold, made[0].id, "asks his wife", at=AT)
    ids = [each.id for each in made]

    async def found(**filters: Any) -> list[str]:
        return [each.id for each in (await store.read(leads.page, EAST, **filters)).items]

    assert await found() == ids[::-1]
    assert await found(list_=other) == [ids[2]]
    assert await found(campaign=id_) == [ids[1], ids[0]]
    assert await found(campaign=id_, states=[LeadState.HELD]) == [ids[0]]
    assert await found(number="+8613800138001") == [ids[1]]
    first = await store.read(leads.page, EAST, limit=2)
    assert [each.id for each in (await store.read(leads.page, EAST, limit=2, cursor=first.next)).items] == [
        ids[0]
    ]


async def test_a_campaign_that_can_not_be_read_keeps_nobody_from_starting(
    keeper: Keeper, store: Store
) -> None:
    for name in ("Spring", "Autumn"):
        id_ = (await store.write(campaigns.create, campaign(name=name), at=AT)).campaign.id
        await store.write(campaigns.save_state, id_, "running", by="ann", at=AT)
    keeper.rows("UPDATE campaigns SET mode = 'telepathy' WHERE name = 'Spring'")
    assert [each.campaign.name for each in await store.read(campaigns.running, AT)] == ["Autumn"]


async def test_who_agreed_to_be_called_is_not_said_by_who_dials_him(store: Store) -> None:
    list_ = await a_list(store)
    made = await store.write(leads.create, list_, lead("13800138000", name="A"), at=AT)
    dials = Reader(login="b", rights=RIGHTS - {Right.LEADS_IMPORT}, scopes={Kind.LEAD: Scope.ALL})
    proved = await store.write(lists.create, NewList(name="proved", consent="form 7"), at=AT)
    for asked in (
        store.write(leads.change, made.id, LeadChange(consent="said so"), reader=dials, at=AT),
        store.write(leads.change, made.id, LeadChange(consent_at=AT), reader=dials, at=AT),
        store.write(leads.create, list_, lead("13800138001", consent="said so"), reader=dials, at=AT),
        store.write(leads.create, proved.id, lead("13800138001"), reader=dials, at=AT),
    ):
        with pytest.raises(Refusal) as refused:
            await asked
        assert refused.value.code == "beyond_you"
    changed = await store.write(leads.change, made.id, LeadChange(name="B"), reader=dials, at=AT)
    assert changed.name == "B"
    brings = replace(dials, rights=RIGHTS)
    changed = await store.write(leads.change, made.id, LeadChange(consent="form 8"), reader=brings, at=AT)
    assert changed.consent == "form 8"


async def test_who_asked_not_to_be_called_is_opened_again_by_who_manages_that_list_only(store: Store) -> None:
    made = await store.write(leads.create, await a_list(store), lead("13800138000"), at=AT)
    await store.write(leads.close, made.id, "do_not_call", at=AT)
    dials = Reader(login="b", rights=RIGHTS - {Right.DO_NOT_CALL_MANAGE}, scopes={Kind.LEAD: Scope.ALL})
    with pytest.raises(Refusal) as refused:
        await store.write(leads.reopen, made.id, reader=dials, at=AT)
    assert (refused.value.code, refused.value.field) == ("beyond_you", "state")
    assert (await store.write(leads.reopen, made.id, at=AT)).state is LeadState.DUE


async def test_the_audit_log_has_no_name_and_no_number_of_a_lead(store: Store) -> None:
    list_ = await a_list(store)
    made = await store.write(leads.create, list_, lead("13800138000", name="zq", fields={"x": "zqx"}), at=AT)
    other = await store.write(leads.create, list_, lead("13800138002", name="zq2"), at=AT)
    to = LeadChange(name="zqB", numbers=(leads.number_of("13800138001"),), fields={"x": "zqy"})
    await store.write(leads.change, made.id, to, at=AT + 1)
    await store.write(leads.merge, made.id, [other.id], at=AT + 2)
    await store.write(leads.close, made.id, "moved", at=AT + 3)
    rows = (await store.read(audit.page, filters={"kind": "lead"}, limit=50)).items
    assert {row.act for row in rows} == {"create", "change", "merge", "close"}
    assert [row.detail["private"] for row in rows if row.act == "change"] == [["name", "fields", "numbers"]]
    told = " ".join(f"{row.before} {row.after} {row.detail}" for row in rows)
    assert "zq" not in told
    assert "138001380" not in told
    events = await store.read(lambda db: [str(row) for row in db.execute(select(schema.outbox)).all()])
    assert not [each for each in events if "zq" in each or "138001380" in each]
