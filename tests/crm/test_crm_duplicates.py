"""Duplicates: found by what two records share, left alone where that says nothing, decided once."""

from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update
from stores import Keeper

from contactcenter.crm import audit, duplicates, likeness, merging
from contactcenter.crm.access import Kind, Reader, Right, Scope
from contactcenter.crm.duplicates import Pair
from contactcenter.crm.errors import Refusal
from contactcenter.crm.likeness import Reason
from contactcenter.crm.schema import addresses, customers, outbox
from contactcenter.crm.store import Store

READING = frozenset({Right.CUSTOMERS_READ})
ALL = Reader(login="boss", rights=READING, scopes={Kind.CUSTOMER: Scope.ALL})


def put(db: Connection, id_: str, name: str, *phones: str, kind: str = "mobile", **more: Any) -> None:
    row: dict[str, Any] = {
        "id": id_, "number": f"n{id_}", "name": name, "created_at": 1.0, "updated_at": 1.0, "custom": {},
    }  # fmt: skip
    emails = more.pop("emails", ())
    db.execute(insert(customers).values(row | more))
    for place, (channel, value) in enumerate(
        [("phone", each) for each in phones] + [("email", each) for each in emails]
    ):
        db.execute(
            insert(addresses).values(
                customer_id=id_, channel=channel, value=value, kind=kind, place=place, extension=""
            )
        )
    duplicates.check(db, (id_,), at=1.0)


async def pairs(store: Store, who: Reader = ALL, **kwargs: Any) -> list[Pair]:
    return list((await store.read(duplicates.page, who, **kwargs)).items)


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("张伟", "张伟", 1.0, 1.0), ("王小明", "王晓明", 0.9, 0.9), ("王明", "Wang Ming", 0.9, 0.9),
        ("José Núñez", "NUNEZ, Jose", 0.9, 1.0), ("Maria Lind", "Maria Lindt", 0.9, 0.99),
        ("北京云通科技有限公司", "北京云通科技公司", 0.9, 0.99), ("王伟", "李娜", 0.0, 0.49),
        ("Maria Lind", "Peter Chan", 0.0, 0.49), ("", "", 0.0, 0.0), ("张伟", "", 0.0, 0.0),
    ],
)  # fmt: skip
def test_how_alike_names_are(one: str, other: str, least: float, most: float) -> None:
    assert least <= likeness.names(one, other) <= most
    assert likeness.names(one, other) == pytest.approx(likeness.names(other, one))


def test_more_reasons_make_it_surer_and_none_makes_it_certain() -> None:
    phone, email = Reason(kind="phone", chance=0.6), Reason(kind="email", chance=0.7)
    rising = [
        likeness.together(reasons, alike)
        for reasons, alike in (((), 0.0), ((phone,), 0.6), ((phone,), 1.0), ((phone, email), 1.0))
    ]
    assert rising == sorted(rising)
    assert 0 <= rising[0] < rising[-1] < 1
    assert likeness.together((), 1.0, 2) > likeness.LEAST > likeness.together((), 1.0, 8)


async def test_the_same_number_and_a_name_that_sounds_the_same(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(put, "a", "王小明", "+8613800138000")
    await store.write(put, "b", "王晓明", "+8613800138000")
    (pair,) = await pairs(store)
    assert (pair.first, pair.second, pair.state) == ("a", "b", "open")
    assert [(reason.kind, reason.value) for reason in pair.reasons] == [
        ("phone", "+8613800138000"), ("name", ""),
    ]  # fmt: skip
    assert pair.score > 0.7


async def test_a_couple_with_one_number_is_no_double(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(put, "a", "王伟", "+8613800138000")
    await store.write(put, "b", "李娜", "+8613800138000")
    assert await pairs(store) == []


async def test_a_common_name_alone_says_nothing(keeper: Keeper) -> None:
    store = await keeper.open()
    for n in range(8):
        await store.write(put, f"c{n}", "张伟", f"+86138001380{n:02}")
    assert [pair for pair in await pairs(store) if "c7" in (pair.first, pair.second)] == []
    await store.write(put, "x", "Gottfried Öhlenschläger")
    await store.write(put, "y", "Ohlenschlager Gottfried")
    assert [(pair.first, pair.second) for pair in await pairs(store, customer="x")] == [("x", "y")]


async def test_a_switchboard_makes_no_doubles(keeper: Keeper) -> None:
    store = await keeper.open()
    for n in range(likeness.SHARED + 2):
        await store.write(put, f"c{n}", f"Person {n}", "+861065529988", kind="mobile")
    assert [pair for pair in await pairs(store) if pair.second == f"c{likeness.SHARED + 1}"] == []


async def test_an_id_number_is_enough_and_its_value_is_not_kept(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(put, "a", "Anna Berg", id_number_index="h")
    await store.write(put, "b", "安娜", id_number_index="h")
    (pair,) = await pairs(store)
    assert pair.score >= 0.9
    assert pair.reasons[0] == Reason(kind="id_number", value="", chance=likeness.ID_NUMBER)


async def test_a_person_and_a_company_are_no_double(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(put, "a", "云通科技", emails=("hi@y.cn",))
    await store.write(put, "b", "云通科技", emails=("hi@y.cn",), kind="work")

    def company(db: Connection) -> None:
        db.execute(update(customers).where(customers.c.id == "b").values(kind="organisation"))
        duplicates.check(db, ("b",), at=2.0)

    assert len(await pairs(store)) == 1
    await store.write(company)
    assert await pairs(store) == []


async def test_what_was_called_different_stays_so_until_there_is_more(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(put, "a", "王小明", "+8613800138000")
    await store.write(put, "b", "王小明", "+8613800138000")
    decided = await store.write(merging.tell_apart, ALL, "b", "a", at=5.0)
    assert (decided.state, decided.decided_by, decided.decided_at) == ("different", "boss", 5.0)
    await store.write(duplicates.check, ("a", "b"), at=6.0)
    assert await pairs(store) == []

    def mail(db: Connection) -> None:
        for id_ in ("a", "b"):
            db.execute(
                insert(addresses).values(
                    customer_id=id_, channel="email", value="w@y.cn", kind="home", place=9, extension=""
                )
            )
        duplicates.check(db, ("b",), at=7.0)

    await store.write(mail)
    assert len(await pairs(store)) == 1


async def test_a_pair_is_for_those_who_see_both(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(put, "a", "王小明", "+8613800138000", team="north")
    await store.write(put, "b", "王小明", "+8613800138000", team="south", owner="x")
    north = Reader(login="n", rights=READING, scopes={Kind.CUSTOMER: Scope.TEAM}, teams=("north",))
    assert await pairs(store, north) == []
    with pytest.raises(Refusal):
        await store.write(merging.tell_apart, north, "a", "b", at=5.0)
    assert len(await pairs(store)) == 1


async def test_who_told_two_apart_is_in_the_audit_log_and_told_to_programs(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(put, "a", "王小明", "+8613800138000")
    await store.write(put, "b", "王小明", "+8613800138000")
    await store.write(merging.tell_apart, ALL, "b", "a", at=5.0)
    rows = (await store.read(audit.page, filters={"act": "different"})).items
    assert {(row.kind, row.object, row.login, row.at) for row in rows} == {
        ("customer", "a", "boss", 5.0), ("customer", "b", "boss", 5.0),
    }  # fmt: skip

    def told(db: Connection) -> set[str]:
        query = select(outbox.c.record_id).where(outbox.c.event == "customer.different")
        return set(db.scalars(query))

    assert await store.read(told) == {"a", "b"}
    (pair,) = await pairs(store, state="different")
    assert (pair.decided_by, pair.decided_at) == ("boss", 5.0)


async def test_reasons_tell_nothing_that_is_hidden(keeper: Keeper) -> None:
    store = await keeper.open()
    for id_ in ("a", "b"):
        await store.write(
            put,
            id_,
            "Gottfried Lind",
            "+8613800138000",
            emails=("g@y.cn",),
            company="云通",
            id_number_index="h",
        )

    async def told(*hidden: str) -> dict[str, str]:
        who = Reader(
            login="x", rights=READING, scopes={Kind.CUSTOMER: Scope.ALL},
            hidden=frozenset(f"customer.{name}" for name in hidden),
        )  # fmt: skip
        (pair,) = await pairs(store, who)
        assert (await store.write(merging.tell_apart, who, "a", "b", at=1.0)).reasons == pair.reasons
        await store.write(duplicates.parted, "a", "b")
        await store.write(duplicates.check, ("a",), at=1.0)
        return {reason.kind: reason.value for reason in pair.reasons}

    whole = {
        "phone": "+8613800138000", "email": "g@y.cn", "company": "云通", "id_number": "", "name": "",
    }  # fmt: skip
    assert await told() == whole
    assert await told("phones") == whole | {"phone": ""}
    assert await told("addresses") == whole | {"phone": "", "email": ""}
    assert await told("company") == whole | {"company": ""}
    assert await told("id_number") == {kind: value for kind, value in whole.items() if kind != "id_number"}


async def test_all_are_compared_piece_by_piece(keeper: Keeper) -> None:
    store = await keeper.open()

    def fill(db: Connection) -> None:
        for n in range(7):
            db.execute(
                insert(customers).values(
                    id=f"c{n}",
                    number=str(n),
                    name=f"Rare Name{n // 2}",
                    created_at=1.0,
                    updated_at=1.0,
                    custom={},
                )
            )

    await store.write(fill)
    await store.write(duplicates.due, 0.0)
    rounds = 1
    while await store.write(duplicates.go_on, count=3, at=2.0):
        rounds += 1
    assert rounds == 3
    assert {(pair.first, pair.second) for pair in await pairs(store)} == {
        ("c0", "c1"),
        ("c2", "c3"),
        ("c4", "c5"),
    }
    first = await store.read(duplicates.page, ALL, limit=2)
    rest = await store.read(duplicates.page, ALL, limit=2, cursor=first.next)
    assert len(first.items) + len(rest.items) == 3
