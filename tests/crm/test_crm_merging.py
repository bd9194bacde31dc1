"""Merging: two records become one for every reader, and two again, and nothing is lost either way."""

from typing import Any

import pytest
from sqlalchemy import Connection, select
from stores import Keeper, save

from contactcenter.crm import (
    audit,
    customers,
    duplicates,
    fields,
    keys,
    merging,
    relations,
    rotation,
    sealing,
    search,
)
from contactcenter.crm.access import Kind, Reader, Right, Scope
from contactcenter.crm.addresses import NewAddress
from contactcenter.crm.customers import CustomerChange, NewCustomer
from contactcenter.crm.errors import ChangedMeanwhile, Refusal
from contactcenter.crm.fields import Choice, Field, FieldType
from contactcenter.crm.relations import NewRelation
from contactcenter.crm.schema import custom_values, outbox
from contactcenter.crm.schema import customers as table
from contactcenter.crm.store import Store

READING = frozenset({Right.CUSTOMERS_READ, Right.CUSTOMERS_WRITE, Right.CUSTOMERS_MERGE})
ALL = Reader(login="boss", rights=READING, scopes={Kind.CUSTOMER: Scope.ALL})
ID = "11010519491231002X"


async def two(store: Store) -> tuple[str, str]:
    """A bare record, and a fuller one of the same person."""

    def make(db: Connection) -> tuple[str, ...]:
        title = {"zh": "套餐", "en": "Plan"}
        choices = (Choice(value="a", title=title), Choice(value="b", title=title))
        fields.create(
            db, Field(kind="customer", name="plan", title=title, type=FieldType.CHOICE, choices=choices),
            by="boss", at=1.0,
        )  # fmt: skip
        fields.create(
            db, Field(kind="customer", name="secret", title=title, type=FieldType.TEXT, sealed=True),
            by="boss", at=1.0,
        )  # fmt: skip
        return customers.create_many(
            db,
            (
                NewCustomer(name="张伟", phones=("13800138000",), language="zh", custom={"plan": "a"}),
                NewCustomer(
                    name="Zhang Wei", phones=("13900139000", "13800138000"), company="云通科技", tier="gold",
                    balance="12.50", id_number=ID, language="en", tags=("vip",),
                    custom={"plan": "b", "secret": "open sesame"},
                ),
            ),
            at=2.0,
        )  # fmt: skip

    kept, gone = await store.write(make)
    return kept, gone


async def one(store: Store, customer: str) -> Any:
    found = await store.read(customers.record, customer, ALL)
    assert found is not None
    return found


async def test_what_the_kept_record_lacks_it_takes_over(keeper: Keeper) -> None:
    store = await keeper.open()
    kept, gone = await two(store)
    done = await store.write(merging.merge, ALL, kept, gone, take=("custom.plan",), at=5.0)
    assert set(done.taken) == {"company", "tier", "balance", "id_number", "custom.plan", "custom.secret"}
    now = await one(store, kept)
    assert (now.name, now.company, now.tier, now.balance, now.language) == (
        "张伟", "云通科技", "gold", "12.50", "zh",
    )  # fmt: skip
    assert now.id_number.endswith("002X")
    assert now.custom["plan"] == "b"
    assert set(now.phones) == {"+8613800138000", "+8613900139000"}
    assert set(now.tags) == {"vip"}
    assert (await one(store, gone)).id == kept, "the old id leads to the kept customer"


async def test_everything_of_both_is_found_under_the_kept_one(keeper: Keeper) -> None:
    store = await keeper.open()
    kept, gone = await two(store)
    store.carry(save("i1", customer=gone, arrived_at=10.0, final=True))
    store.carry(save("i2", customer=kept, arrived_at=20.0, final=True))
    await store.settled()
    await store.write(merging.merge, ALL, kept, gone, at=30.0)
    cards = await store.find_customer("13900139000")
    assert [card.id for card in cards] == [kept]
    assert [past.id for past in cards[0].last] == ["i2", "i1"]
    found = await store.read(search.find, ALL, "zhangwei")
    assert [hit.id for hit in found.hits] == [kept]
    listed = await store.read(customers.page, reader=ALL)
    assert [each.id for each in listed.items] == [kept]


async def test_taken_back_both_are_as_they_were(keeper: Keeper) -> None:
    store = await keeper.open()
    kept, gone = await two(store)
    before = [await one(store, each) for each in (kept, gone)]

    def mirrored(db: Connection) -> set[tuple[str, str, str]]:
        rows = db.execute(select(custom_values.c.record_id, custom_values.c.field, custom_values.c.value))
        return {(row.record_id, row.field, row.value) for row in rows}

    rows = await store.read(mirrored)
    done = await store.write(merging.merge, ALL, kept, gone, take=("custom.plan", "name"), at=5.0)
    assert (await one(store, kept)).name == "Zhang Wei"
    undone = await store.write(merging.unmerge, ALL, done.id, at=6.0)
    assert (undone.undone_at, undone.undone_by) == (6.0, "boss")
    for was in before:
        now = await one(store, was.id)
        for name in ("name", "company", "tier", "balance", "id_number", "custom", "phones", "tags"):
            assert getattr(now, name) == getattr(was, name), name
    assert await store.read(mirrored) == rows
    assert [hit.id for hit in (await store.read(search.find, ALL, "13900139000")).hits] == [gone]
    with pytest.raises(Refusal, match="already"):
        await store.write(merging.unmerge, ALL, done.id, at=7.0)


async def test_what_was_changed_since_stays(keeper: Keeper) -> None:
    store = await keeper.open()
    kept, gone = await two(store)
    done = await store.write(merging.merge, ALL, kept, gone, take=("custom.plan",), at=5.0)
    to = CustomerChange(tier="silver", custom={"secret": "changed"})
    await store.write(customers.change, kept, to, at=6.0, reader=ALL)
    await store.write(merging.unmerge, ALL, done.id, at=7.0)
    now = await one(store, kept)
    assert (now.tier, now.company, now.custom["plan"]) == ("silver", "", "a")
    assert "secret" in now.custom


async def test_a_chain_of_merges_comes_apart_in_its_order(keeper: Keeper) -> None:
    store = await keeper.open()
    a, b, c = await store.write(
        customers.create_many,
        [NewCustomer(name=name, phones=(f"1380013800{n}",)) for n, name in enumerate("abc")],
        at=1.0,
    )  # fmt: skip
    first = await store.write(merging.merge, ALL, b, c, at=2.0)
    second = await store.write(merging.merge, ALL, a, b, at=3.0)
    assert {(await one(store, each)).id for each in (a, b, c)} == {a}
    assert len((await one(store, a)).phones) == 3
    with pytest.raises(Refusal, match="take that back first"):
        await store.write(merging.unmerge, ALL, first.id, at=4.0)
    await store.write(merging.unmerge, ALL, second.id, at=5.0)
    assert [(await one(store, each)).id for each in (a, b, c)] == [a, b, b]
    await store.write(merging.unmerge, ALL, first.id, at=6.0)
    assert [(await one(store, each)).id for each in (a, b, c)] == [a, b, c]


async def test_what_can_not_be_merged(keeper: Keeper) -> None:
    store = await keeper.open()
    kept, gone = await two(store)
    firm = await store.write(customers.create, NewCustomer(name="云通", kind="organisation"), at=2.0)
    for bad, code in (
        ((kept, kept), "invalid"), ((kept, "nobody"), "not_found"), ((kept, firm.id), "invalid"),
    ):  # fmt: skip
        with pytest.raises(Refusal) as refusal:
            await store.write(merging.merge, ALL, *bad, at=5.0)
        assert refusal.value.code == code
    with pytest.raises(Refusal) as refusal:
        await store.write(merging.merge, ALL, kept, gone, take=("password",), at=5.0)
    assert refusal.value.field == "take"
    with pytest.raises(ChangedMeanwhile):
        await store.write(merging.merge, ALL, kept, gone, kept_version=7, at=5.0)
    south = Reader(login="s", rights=READING, scopes={Kind.CUSTOMER: Scope.TEAM}, teams=("south",))
    await store.write(_give, gone, "north")
    with pytest.raises(Refusal) as refusal:
        await store.write(merging.merge, south, kept, gone, at=5.0)
    assert refusal.value.code == "not_found"
    done = await store.write(merging.merge, ALL, kept, gone, at=6.0)
    assert (await store.read(merging.of, ALL, kept)) == (done,)
    with pytest.raises(Refusal) as refusal:
        await store.write(merging.merge, ALL, kept, gone, at=7.0)
    assert refusal.value.code == "merged"


def _give(db: Connection, customer: str, team: str) -> None:
    db.execute(table.update().where(table.c.id == customer).values(team=team, owner="somebody"))


async def test_a_merge_is_in_the_audit_log_and_told_to_programs(keeper: Keeper) -> None:
    store = await keeper.open()
    kept, gone = await two(store)
    done = await store.write(merging.merge, ALL, kept, gone, at=5.0)
    rows = (await store.read(audit.page, filters={"act": "merge"})).items
    assert {row.object for row in rows} == {kept, gone}
    assert {row.login for row in rows} == {"boss"}
    assert all(ID not in str(row) for row in rows)

    def told(db: Connection) -> list[str]:
        query = select(outbox.c.record_id).where(outbox.c.event == "customer.merge")
        return list(db.scalars(query))

    assert set(await store.read(told)) == {kept, gone}
    assert done.id in str(rows[0].detail)


async def test_the_pair_is_no_longer_shown_and_comes_back(keeper: Keeper) -> None:
    store = await keeper.open()
    kept, gone = await two(store)
    await store.write(duplicates.check, (kept, gone), at=3.0)
    assert len((await store.read(duplicates.page, ALL)).items) == 1
    done = await store.write(merging.merge, ALL, kept, gone, at=5.0)
    assert (await store.read(duplicates.page, ALL)).items == ()
    assert len((await store.read(duplicates.page, ALL, state="merged")).items) == 1
    await store.write(merging.unmerge, ALL, done.id, at=6.0)
    assert len((await store.read(duplicates.page, ALL)).items) == 1


async def test_taken_back_after_a_rotation_nobody_keeps_the_other_s_personal_data(keeper: Keeper) -> None:
    store = await keeper.open()
    kept, gone = await two(store)
    mine = {"id_number": "G1234567890", "custom": {"secret": "my own"}}
    await store.write(customers.change, kept, CustomerChange(**mine), at=3.0)
    take = ("id_number", "custom.secret")
    done = await store.write(merging.merge, ALL, kept, gone, take=take, at=5.0)
    assert (await one(store, kept)).id_number == ID
    await store.close()
    keys.add(keeper.path.with_suffix(".key"))
    store = await keeper.open()
    progress = rotation.BEGINNING
    while not progress.done:
        progress = await store.write(rotation.step, progress)
    await store.write(merging.unmerge, ALL, done.id, at=6.0)
    now = await one(store, kept)
    assert (now.id_number, now.custom["secret"]) == ("G1234567890", "my own")
    other = await one(store, gone)
    assert (other.id_number, other.custom["secret"]) == (ID, "open sesame")
    assert [each.id for each in await store.read(customers.with_id_number, ID)] == [gone]
    current = store.sealing.fingerprints["seal"][0]
    for number, values in keeper.rows("SELECT id_number, custom FROM customers"):
        assert sealing.key_of(number) == current
        assert current in str(values)
    assert keeper.rows("SELECT COUNT(*) FROM custom_values WHERE field = 'secret'") == [(2,)]


async def test_who_edits_the_list_of_a_merged_customer_moves_nothing(keeper: Keeper) -> None:
    """A merge by mistake, and a colleague's correction in between: each gets its own back."""
    store = await keeper.open()
    kept, gone = await store.write(
        customers.create_many,
        [
            NewCustomer(name="Kept", phones=("13700000001",), tags=("k",)),
            NewCustomer(name="Gone", phones=("13700000002", "13700000003"), tags=("g", "h")),
        ],
        at=1.0,
    )  # fmt: skip
    one_, two_, three, four = (f"+861370000000{n}" for n in range(1, 5))
    done = await store.write(merging.merge, ALL, kept, gone, at=2.0)
    assert (await one(store, kept)).phones == (one_, two_, three)
    edited = CustomerChange(phones=(three, one_, four), tags=("g", "k", "new"))
    now = await store.write(customers.change_record, kept, edited, ALL, expected=None, at=3.0)
    assert (now.phones, now.tags) == ((three, one_, four), ("g", "k", "new")), "in the order that was given"
    await store.write(merging.unmerge, ALL, done.id, at=4.0)
    first, second = await one(store, kept), await one(store, gone)
    assert (first.phones, first.tags) == ((one_, four), ("k", "new"))
    assert (set(second.phones), second.tags) == ({two_, three}, ("g", "h"))
    again = await store.write(merging.merge, ALL, gone, kept, at=5.0)
    assert (await one(store, gone)).phones[-2:] == (one_, four)
    await store.write(merging.unmerge, ALL, again.id, at=6.0)
    assert (await one(store, kept)).phones == (one_, four)


async def test_what_is_known_of_an_address_is_kept_where_the_address_is(keeper: Keeper) -> None:
    store = await keeper.open()
    kept, gone = await store.write(
        customers.create_many,
        [NewCustomer(name="Kept"), NewCustomer(name="Gone", phones=("13700000002",))],
        at=1.0,
    )  # fmt: skip
    done = await store.write(merging.merge, ALL, kept, gone, at=2.0)
    seen = CustomerChange(addresses=(NewAddress(channel="phone", value="13700000002", verified=True),))
    now = await store.write(customers.change_record, kept, seen, ALL, expected=None, at=3.0)
    assert now.addresses[0].verified_by == "boss"
    await store.write(merging.unmerge, ALL, done.id, at=4.0)
    assert (await one(store, kept)).addresses == ()
    assert (await one(store, gone)).addresses[0].verified_at == 3.0


async def test_an_organisation_does_not_become_a_part_of_itself(keeper: Keeper) -> None:
    store = await keeper.open()
    part, between, whole, other = await store.write(
        customers.create_many, [NewCustomer(name=name, kind="organisation") for name in "abcd"], at=1.0
    )
    for begin, end in ((part, between), (between, whole), (whole, other)):
        new = NewRelation(to=end, role="part")
        await store.write(relations.add, begin, new, at=2.0)
    for kept, gone in ((part, whole), (whole, part), (part, other)):
        with pytest.raises(Refusal) as refusal:
            await store.write(merging.merge, ALL, kept, gone, at=3.0)
        assert (refusal.value.code, refusal.value.field) == ("illegal_now", "gone")
    done = await store.write(merging.merge, ALL, part, between, at=4.0)
    found = await store.read(relations.of, part)
    assert [(each.name, each.outward) for each in found] == [("c", True)], "and not of itself"
    await store.write(merging.unmerge, ALL, done.id, at=5.0)
    assert [each.name for each in await store.read(relations.of, part)] == ["b"]


@pytest.mark.parametrize(
    ("ours", "theirs", "take", "then"),
    [
        (("", "red"), ("admin", "blue"), (), ("", "red")),
        (("boss", ""), ("admin", "blue"), (), ("boss", "")),
        (("", ""), ("admin", "blue"), (), ("admin", "blue")),
        (("", ""), ("", "blue"), (), ("", "blue")),
        (("", "red"), ("admin", "blue"), ("owner", "team"), ("admin", "blue")),
        (("boss", "red"), ("admin", "blue"), ("team",), ("boss", "blue")),
    ],
)  # fmt: skip
async def test_an_owner_and_his_team_go_together(
    file_keeper: Keeper,
    ours: tuple[str, str],
    theirs: tuple[str, str],
    take: tuple[str, ...],
    then: tuple[str, str],
) -> None:
    store = await file_keeper.open()
    kept, gone = await two(store)

    def give(db: Connection) -> None:
        for id_, (owner, team) in ((kept, ours), (gone, theirs)):
            db.execute(table.update().where(table.c.id == id_).values(owner=owner, team=team))

    await store.write(give)
    done = await store.write(merging.merge, ALL, kept, gone, take=take, at=5.0)
    now = await one(store, kept)
    assert (now.owner, now.team) == then
    await store.write(merging.unmerge, ALL, done.id, at=6.0)
    now = await one(store, kept)
    assert (now.owner, now.team) == ours


async def test_what_both_have_equal_is_nothing_to_take_over(keeper: Keeper) -> None:
    store = await keeper.open()
    kept, gone = await two(store)
    await store.write(customers.change, kept, CustomerChange(custom={"plan": "b"}), at=3.0)
    done = await store.write(merging.merge, ALL, kept, gone, take=("custom.plan",), at=5.0)
    assert "custom.plan" not in done.taken
    await store.write(merging.unmerge, ALL, done.id, at=6.0)
    assert (await one(store, kept)).custom["plan"] == "b"
