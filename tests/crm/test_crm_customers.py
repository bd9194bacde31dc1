"""Customers: found by any spelling of their number, changed without surprise."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, insert
from sqlalchemy.engine import Engine
from stores import Keeper, save

from contactcenter.crm import cards, customers
from contactcenter.crm.customers import CustomerChange, NewCustomer
from contactcenter.crm.errors import Refusal
from contactcenter.crm.phone_numbers import e164, is_ordinary
from contactcenter.crm.schema import teams
from contactcenter.crm.text import inert

WANG = NewCustomer(
    name="王伟", phones=("139 0000 0001", "+44 7700 900123"), company="星河科技", tier="gold", language="zh",
    balance="-12.5", note="n",
)  # fmt: skip


async def test_a_customer_is_shown_as_entered(keeper: Keeper) -> None:
    store = await keeper.open()
    card = await store.write(customers.create, WANG, at=5.0)
    assert card == await store.read(cards.get, card.id)
    assert card == await store.read(cards.with_number, card.number)
    assert (card.name, card.company, card.tier, card.balance) == ("王伟", "星河科技", "gold", "-12.50")
    assert card.phones == ("+8613900000001", "+447700900123")
    assert await store.read(cards.get, "nobody") is None
    assert await store.read(cards.with_number, "nobody") is None


@pytest.mark.parametrize("number", ["13900000001", "+8613900000001", "008613900000001", "139-0000-0001"])
async def test_any_spelling_finds_the_customer(keeper: Keeper, number: str) -> None:
    store = await keeper.open()
    card = await store.write(customers.create, WANG, at=5.0)
    assert await store.find_customer(number) == (replace(card, confidence=0.9),)


async def test_of_those_who_share_a_number_the_last_in_touch_comes_first(keeper: Keeper) -> None:
    store = await keeper.open()
    ids = await store.write(customers.create_many, [replace(WANG, name=name) for name in "abcdefg"], at=5.0)
    store.carry(save("i1", customer=ids[2], arrived_at=10.0, final=True))
    store.carry(save("i2", customer=ids[4], arrived_at=20.0, final=True))
    await store.settled()
    found = await store.find_customer("13900000001")
    assert [card.name for card in found] == ["e", "c", "a", "b", "d"]
    assert [past.id for past in found[0].last] == ["i2"]


async def test_the_card_shows_the_last_ten_interactions(keeper: Keeper) -> None:
    store = await keeper.open()
    card = await store.write(customers.create, WANG, at=5.0)
    for n in range(12):
        store.carry(save(f"i{n}", customer=card.id, arrived_at=float(n)))
    await store.settled()
    card = (await store.find_customer("13900000001"))[0]
    assert [past.id for past in card.last] == [f"i{n}" for n in range(11, 1, -1)]


async def test_account_numbers_are_given_once_and_around_those_in_use(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(customers.create, replace(WANG, number="100002"), at=5.0)
    ids = await store.write(customers.create_many, [WANG, WANG, replace(WANG, number="100004"), WANG], at=5.0)
    found = [await store.read(cards.get, id_) for id_ in ids]
    assert [card.number for card in found if card] == ["100001", "100003", "100004", "100005"]


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"name": " "}, "name", "invalid"), ({"name": "n" * 121}, "name", "too_long"),
        ({"number": "7"}, "number", "taken"), ({"phones": ("12",)}, "phones", "invalid"),
        ({"phones": tuple(f"139{n:08}" for n in range(21))}, "phones", "invalid"),
        ({"language": "xx"}, "language", "invalid"), ({"balance": "1.234"}, "balance", "invalid"),
        ({"balance": "NaN"}, "balance", "invalid"), ({"balance": "Infinity"}, "balance", "invalid"),
        ({"balance": "1e400"}, "balance", "invalid"), ({"note": "n" * 4001}, "note", "too_long"),
    ],
)  # fmt: skip
async def test_a_wrong_field_is_named_and_nothing_is_written(
    keeper: Keeper, wrong: dict[str, object], field: str, code: str
) -> None:
    store = await keeper.open()
    card = await store.write(customers.create, WANG, at=5.0)
    await store.write(customers.create, replace(WANG, number="7"), at=5.0)
    with pytest.raises(Refusal) as refused:
        await store.write(customers.create_many, [WANG, replace(WANG, **wrong)], at=5.0)
    assert (refused.value.field, refused.value.code) == (field, code)
    with pytest.raises(Refusal) as refused:
        await store.write(customers.change, card.id, CustomerChange(**wrong), at=6.0)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert keeper.rows("SELECT count(*) FROM customers") == [(2,)]
    assert await store.read(cards.get, card.id) == card


async def test_a_change_changes_what_it_names(keeper: Keeper) -> None:
    store = await keeper.open()
    card = await store.write(customers.create, WANG, at=5.0)
    changed = await store.write(
        customers.change,
        card.id,
        CustomerChange(name="王芳", phones=("+1 212 555 0101",), balance=""),
        at=6.0,
    )
    assert changed == replace(card, name="王芳", phones=("+12125550101",), balance="")
    assert await store.find_customer("13900000001") == ()
    with pytest.raises(Refusal) as refused:
        await store.write(customers.change, "nobody", CustomerChange(name="x"), at=6.0)
    assert refused.value.code == "not_found"


async def test_lists_filter_sort_and_page(keeper: Keeper) -> None:
    store = await keeper.open()
    for n, name in enumerate(("b", "a", "a", "100%", "C_d")):
        new = NewCustomer(name=name, number=f"{n}", tier="gold" if n > 2 else "")
        await store.write(customers.create, new, at=float(n))
    seen, cursor = [], ""
    while True:
        page = await store.read(customers.page, sort="name", limit=2, cursor=cursor)
        seen += [card.number for card in page.items]
        if not (cursor := page.next):
            break
    assert sorted(seen[2:4]) == ["1", "2"]
    assert (seen[0], seen[1], seen[4]) == ("3", "4", "0")
    newest = await store.read(customers.page, sort="updated", limit=3)
    assert [card.number for card in newest.items] == ["4", "3", "2"]

    async def names(**filters: str) -> list[str]:
        return [card.name for card in (await store.read(customers.page, **filters)).items]

    assert await names(name="%") == ["100%"]  # a wildcard of SQL is a character here
    assert await names(name="_") == ["C_d"]
    assert await names(name="c") == ["C_d"]
    assert await names(tier="gold") == ["100%", "C_d"]
    assert await names(number="3") == ["100%"]
    with pytest.raises(Refusal):
        await names(sort="note")


@pytest.mark.parametrize(
    "number",
    ["", "abc", "1-800-FLOWERS", "110", "12345", "1390000000100000", "+86", "13900000001 ext. 5", "👍"],
)
def test_what_is_no_telephone_number_is_refused(number: str) -> None:
    with pytest.raises(Refusal) as refused:
        e164(number)
    assert refused.value.field == "phone"


async def test_giving_many_customers_away_takes_no_more_statements_than_few(keeper: Keeper) -> None:
    store = await keeper.open()
    new = [NewCustomer(name=f"c{n}") for n in range(50)]
    ids = await store.write(customers.create_many, new, at=1.0)
    await store.write(lambda db: db.execute(insert(teams).values(name="red", title={}, version=1)))
    counts = []
    asked: list[str] = []

    def listen(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    for some in (ids[:5], ids):
        event.listen(Engine, "before_cursor_execute", listen)
        try:
            changed = await store.write(customers.assign, some, team="red", at=2.0)
        finally:
            event.remove(Engine, "before_cursor_execute", listen)
        counts.append((changed, len(asked)))
        asked.clear()
    (few, statements), (many, more) = counts
    assert (few, many) == (5, 45)
    assert more <= statements + 2
    assert keeper.rows("SELECT DISTINCT team, version FROM customers") == [("red", 2)]
    assert keeper.rows("SELECT count(*) FROM ownerships WHERE team = 'red'") == [(50,)]
    assert keeper.rows("SELECT count(*) FROM audit WHERE kind = 'customer' AND act = 'change'") == [(50,)]


@given(st.text())
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        number = e164(text)
    except Refusal:
        return
    assert number[0] == "+"
    assert number[1:].isdecimal()
    assert len(number) <= 20


@given(st.text(st.characters()), st.integers(1, 50))
def test_inert_text_can_always_be_stored_and_stays_itself_where_it_can(text: str, cap: int) -> None:
    safe = inert(text, cap)
    safe.encode()
    assert "\0" not in safe
    assert len(safe) <= cap + 40
    if len(text) <= cap and "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text):
        assert safe == text


@pytest.mark.parametrize(
    ("number", "region", "ordinary"),
    [
        ("13800138000", "CN", True),
        ("010 6552 9988", "CN", True),
        ("16812345678", "CN", False),  # an information service
        ("17951138000", "CN", False),  # a carrier's own
        ("+14155550100", "CN", False),  # abroad
        ("2024561111", "US", True),
        ("19005550100", "US", False),
        ("18765551234", "US", False),  # Jamaica, of the same country code
        ("09098790000", "GB", False),
        ("0900 5123456", "DE", False),
        ("110", "CN", False),
        ("", "CN", False),
    ],
)
def test_only_ordinary_numbers_are_called_back(number: str, region: str, ordinary: bool) -> None:
    assert is_ordinary(number, region) is ordinary
