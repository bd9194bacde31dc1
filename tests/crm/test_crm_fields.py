"""Custom fields: what they take, and that no definition loses a value."""

from dataclasses import replace
from typing import Any

import pytest
from stores import Keeper

from contactcenter.crm import audit, cards, customers, fields
from contactcenter.crm.access import CENTER, Kind, Reader, Right, Scope
from contactcenter.crm.customers import CustomerChange, NewCustomer
from contactcenter.crm.errors import ChangedMeanwhile, Refusal
from contactcenter.crm.fields import Choice, Field, FieldType
from contactcenter.crm.store import Store
from contactcenter.routing.conditions import is_so

TITLE = {"zh": "字段", "en": "Field"}
VIP, NEW = (Choice(value=value, title=TITLE) for value in ("vip", "new"))
WHO = {"by": "admin", "at": 1.0}


def field(name: str, type_: FieldType, **more: Any) -> Field:
    return Field(kind="customer", name=name, title=TITLE, type=type_, **more)


async def defined(store: Store, *several: Field) -> None:
    for one in several:
        await store.write(fields.create, one, **WHO)


async def entered(store: Store, **values: Any) -> dict[str, Any]:
    new = NewCustomer(name="x", custom=values)
    made = await store.write(customers.create, new, at=1.0)
    found = await store.read(customers.record, made.id)
    assert found is not None
    return found.custom


GOOD: list[tuple[Field, Any, Any]] = [
    (field("f", FieldType.TEXT), "  a\U0001f600 ", "a\U0001f600"),
    (field("f", FieldType.TEXT, longest=3), "abc", "abc"),
    (field("f", FieldType.LONG_TEXT), "x" * 10_000, "x" * 10_000),
    (field("f", FieldType.NUMBER, least=0, most=10), 10, 10),
    (field("f", FieldType.NUMBER), -1.5, -1.5),
    (field("f", FieldType.AMOUNT), "12.5", "12.50"),
    (field("f", FieldType.AMOUNT), 3, "3.00"),
    (field("f", FieldType.DATE), "2028-02-29", "2028-02-29"),
    (field("f", FieldType.MOMENT), 1795300000, 1795300000.0),
    (field("f", FieldType.BOOLEAN), False, False),
    (field("f", FieldType.CHOICE, choices=(VIP, NEW)), "vip", "vip"),
    (field("f", FieldType.CHOICES, choices=(VIP, NEW)), ["new", "vip", "new"], ["new", "vip"]),
    (field("f", FieldType.PHONE), "010-8888 8888 转 12", "+861088888888;ext=12"),
    (field("f", FieldType.EMAIL), "Wang@Example.COM", "wang@example.com"),
    (field("f", FieldType.URL), "https://例子.cn/a?b=c", "https://例子.cn/a?b=c"),
]
BAD: list[tuple[Field, Any, str]] = [
    (field("f", FieldType.TEXT), 5, "text"),
    (field("f", FieldType.TEXT), "x" * 501, "at most 500"),
    (field("f", FieldType.TEXT, longest=3), "abcd", "at most 3"),
    (field("f", FieldType.NUMBER), "5", "number"),
    (field("f", FieldType.NUMBER), True, "number"),
    (field("f", FieldType.NUMBER), float("nan"), "number"),
    (field("f", FieldType.NUMBER), float("inf"), "between"),
    (field("f", FieldType.NUMBER), 10**400, "between"),
    (field("f", FieldType.NUMBER, least=0), -1, "0 or more"),
    (field("f", FieldType.NUMBER, most=9), 10, "9 or less"),
    (field("f", FieldType.AMOUNT), "1.234", "two decimals"),
    (field("f", FieldType.AMOUNT), "NaN", "two decimals"),
    (field("f", FieldType.AMOUNT), "1e300", "two decimals"),
    (field("f", FieldType.DATE), "2027-02-29", "day of the calendar"),
    (field("f", FieldType.DATE), "20270228", "day of the calendar"),
    (field("f", FieldType.MOMENT), -1, "since the epoch"),
    (field("f", FieldType.BOOLEAN), "true", "true or false"),
    (field("f", FieldType.CHOICE, choices=(VIP,)), "VIP", "one of vip"),
    (field("f", FieldType.CHOICES, choices=(VIP,)), "vip", "list"),
    (field("f", FieldType.CHOICES, choices=(VIP,)), ["vip", "old"], "one of vip"),
    (field("f", FieldType.PHONE), "12", "too short"),
    (field("f", FieldType.EMAIL), "wang", "e-mail"),
    (field("f", FieldType.EMAIL), "a\u202e@b.cn", "e-mail"),
    (field("f", FieldType.URL), "javascript:alert(1)", "web"),
    (field("f", FieldType.URL), "https://[", "web"),
    (field("f", FieldType.URL), "https://a b.cn", "web"),
]


@pytest.mark.parametrize(("one", "given", "kept"), GOOD, ids=lambda each: str(each)[:30])
async def test_a_value_is_kept_in_one_form(keeper: Keeper, one: Field, given: Any, kept: Any) -> None:
    store = await keeper.open()
    await defined(store, one)
    assert await entered(store, f=given) == {"f": kept}


@pytest.mark.parametrize(("one", "given", "says"), BAD, ids=lambda each: str(each)[:30])
async def test_a_wrong_value_is_refused_with_what_would_be_right(
    keeper: Keeper, one: Field, given: Any, says: str
) -> None:
    store = await keeper.open()
    await defined(store, one)
    with pytest.raises(Refusal, match=says) as refused:
        await entered(store, f=given)
    assert refused.value.field == "custom.f"
    assert keeper.rows("SELECT count(*) FROM customers") == [(0,)]


async def test_what_is_required_is_asked_of_new_records_and_not_of_old_ones(keeper: Keeper) -> None:
    store = await keeper.open()
    old = await store.write(customers.create, NewCustomer(name="old"), at=1.0)
    await defined(store, field("f", FieldType.TEXT, required=True))
    with pytest.raises(Refusal) as refused:
        await entered(store)
    assert refused.value.field == "custom.f"
    await store.write(customers.change, old.id, CustomerChange(name="still"), at=2.0)
    await store.write(customers.change, old.id, CustomerChange(custom={"f": "x"}), at=3.0)
    with pytest.raises(Refusal) as refused:
        await store.write(customers.change, old.id, CustomerChange(custom={"f": None}), at=4.0)
    assert refused.value.field == "custom.f"


async def test_a_change_names_only_what_changes(keeper: Keeper) -> None:
    store = await keeper.open()
    await defined(store, *(field(name, FieldType.TEXT) for name in "abc"))
    made = await store.write(customers.create, NewCustomer(name="x", custom={"a": "1", "b": "2"}), at=1.0)
    await store.write(customers.change, made.id, CustomerChange(custom={"b": None, "c": "3"}), at=2.0)
    found = await store.read(customers.record, made.id)
    assert found is not None
    assert found.custom == {"a": "1", "c": "3"}
    assert keeper.rows("SELECT field, value FROM custom_values ORDER BY field") == [("a", "1"), ("c", "3")]
    with pytest.raises(Refusal) as refused:
        await store.write(customers.change, made.id, CustomerChange(custom={"\ud800": "3"}), at=2.0)
    assert refused.value.field == "custom.\ufffd"


async def test_no_change_of_a_definition_loses_a_value(keeper: Keeper) -> None:
    store = await keeper.open()
    await defined(
        store,
        field("segment", FieldType.CHOICE, choices=(VIP, NEW)),
        field("points", FieldType.NUMBER),
        field("memo", FieldType.TEXT),
        field("story", FieldType.LONG_TEXT),
    )
    values = {"segment": "vip", "points": 50, "memo": "m", "story": "s"}
    made = await store.write(customers.create, NewCustomer(name="x", custom=values), at=1.0)

    async def change(name: str, **to: Any) -> Field:
        return await store.write(fields.change, "customer", name, to, **WHO)

    for name, wrong, where in (
        ("segment", {"choices": (NEW,)}, "choices"), ("points", {"type": FieldType.DATE}, "type"),
        ("memo", {"sealed": True}, "sealed"), ("story", {"type": FieldType.TEXT}, "type"),
    ):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            await change(name, **wrong)
        assert (refused.value.code, refused.value.field) == ("in_use", where)
        with pytest.raises(Refusal) as refused:
            await store.write(fields.remove, "customer", name, **WHO)
        assert refused.value.code == "in_use"
    assert (await change("segment", choices=(replace(VIP, retired=True), NEW))).version == 2
    await change("points", most=10, required=True)
    assert (await change("memo", type=FieldType.LONG_TEXT)).type is FieldType.LONG_TEXT
    await change("story", retired=True)
    found = await store.read(customers.record, made.id)
    assert found is not None
    assert found.custom == values
    for name, value in (
        ("segment", "vip"),
        ("points", 50),
        ("story", "t"),
    ):  # … and new ones are checked anew
        with pytest.raises(Refusal):
            await store.write(customers.change, made.id, CustomerChange(custom={name: value}), at=2.0)
    await store.write(customers.change, made.id, CustomerChange(custom={"story": None}), at=3.0)
    await store.write(fields.remove, "customer", "story", **WHO)
    with pytest.raises(ChangedMeanwhile):
        await store.write(fields.change, "customer", "points", {"most": 9}, expected=1, **WHO)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"name": "Segment"}, "name"), ({"kind": "order"}, "kind"), ({"title": {"zh": "段"}}, "title.en"),
        ({"type": FieldType.CHOICE}, "choices"), ({"choices": (VIP,)}, "choices"),
        ({"type": FieldType.CHOICE, "choices": (VIP, VIP)}, "choices"), ({"least": 1.0}, "least"),
        ({"type": FieldType.NUMBER, "least": 2.0, "most": 1.0}, "most"),
        ({"type": FieldType.NUMBER, "longest": 3}, "longest"), ({"longest": 501}, "longest"),
        ({"sealed": True, "routing": True}, "routing"), ({"sealed": True, "searchable": True}, "searchable"),
        ({"type": FieldType.BOOLEAN, "sealed": True}, "sealed"),
        ({"kind": "request", "routing": True}, "routing"),
    ],
)  # fmt: skip
async def test_a_definition_that_makes_no_sense_is_refused(
    keeper: Keeper, wrong: dict[str, Any], where: str
) -> None:
    store = await keeper.open()
    with pytest.raises(Refusal) as refused:
        await store.write(fields.create, replace(field("f", FieldType.TEXT), **wrong), **WHO)
    assert refused.value.field == where
    assert await store.read(fields.all_of) == ()


async def test_fields_are_audited_and_their_names_given_once(keeper: Keeper) -> None:
    store = await keeper.open()
    await defined(store, field("f", FieldType.TEXT))
    with pytest.raises(Refusal) as refused:
        await defined(store, field("f", FieldType.NUMBER))
    assert refused.value.code == "taken"
    await store.write(fields.change, "customer", "f", {"longest": 5}, **WHO)
    await store.write(fields.remove, "customer", "f", **WHO)
    rows = (await store.read(audit.page, filters={"kind": "field"})).items
    assert [row.act for row in rows] == ["delete", "change", "create"]
    assert rows[1].after["options"]["longest"] == 5


async def test_the_center_gets_what_is_declared_for_routing(keeper: Keeper) -> None:
    store = await keeper.open()
    await defined(
        store,
        field("segment", FieldType.CHOICE, choices=(VIP,), routing=True),
        field("secret", FieldType.TEXT, sealed=True),
        field("memo", FieldType.TEXT),
    )
    new = NewCustomer(
        name="x", phones=("13900000001",), tags=("b", "a"), category="key", kind="organisation",
        custom={"segment": "vip", "secret": "s3cret-text", "memo": "m"},
    )  # fmt: skip
    await store.write(customers.create, new, at=1.0)
    (card,) = await store.find_customer("13900000001")
    assert (card.custom, card.tags, card.category, card.kind) == (
        {"segment": "vip"}, ("a", "b"), "key", "organisation",
    )  # fmt: skip


async def test_what_is_hidden_is_neither_shown_nor_written_nor_filtered_by(keeper: Keeper) -> None:
    store = await keeper.open()
    await defined(store, field("f", FieldType.TEXT), field("g", FieldType.TEXT))
    reader = Reader(
        login="li", rights=frozenset({Right.CUSTOMERS_READ}), scopes={Kind.CUSTOMER: Scope.ALL},
        hidden=frozenset({"customer.custom.f", "customer.phones", "customer.id_number"}),
    )  # fmt: skip
    new = NewCustomer(name="x", phones=("13900000001",), id_number="G1234567890", custom={"f": "1", "g": "2"})
    made = await store.write(customers.create, new, at=1.0)
    found = await store.read(customers.record, made.id, reader)
    assert found is not None
    assert (found.custom, found.phones, found.addresses, found.id_number) == ({"g": "2"}, (), (), "")
    assert found.hidden == ("custom.f", "id_number", "phones")
    for to in (CustomerChange(custom={"f": "x"}), CustomerChange(phones=()), CustomerChange(id_number="")):
        with pytest.raises(Refusal) as refused:
            await store.write(customers.change, made.id, to, reader=reader, at=2.0)
        assert refused.value.code == "hidden"
    for wanted in ({"where": 'customer.custom.f == "1"'}, {"phone": "+8613900000001"}):
        with pytest.raises(Refusal) as refused:
            await store.read(customers.page, reader=reader, **wanted)
        assert refused.value.code == "hidden"
    assert len((await store.read(customers.page, reader=reader, where='customer.custom.g == "2"')).items) == 1
    assert len((await store.read(customers.page, reader=CENTER, phone="+8613900000001")).items) == 1


CONDITIONS = (
    'customer.custom.segment == "vip"', 'customer.custom.segment != "vip"',
    'customer.custom.segment in ("vip", "new")', "customer.custom.points >= 10",
    "customer.custom.points == 10",
    "5 < customer.custom.points", "customer.custom.limit < 13", "customer.custom.limit == 12.5",
    'customer.custom.limit == "12.50"', 'customer.custom.since >= "2026-03-01"', "customer.custom.loyal",
    "not customer.custom.loyal", '"tea" in customer.custom.likes', 'customer.custom.likes != "tea"',
    '"a" in customer.tags', 'customer.tags not in ("a", "b")', 'customer.tier == "gold"',
    'customer.tier != "gold"', 'customer.kind == "organisation"', "customer.save_desk",
    "customer.save_desk == False", 'customer.category == "" and customer.custom.points > 1',
    'not (customer.tier == "gold" or "b" in customer.tags)', "customer.custom.points != 10",
)  # fmt: skip


async def test_lists_and_routing_mean_the_same_customers_by_a_condition(keeper: Keeper) -> None:
    store = await keeper.open()
    tea, go = (Choice(value=value, title=TITLE) for value in ("tea", "go"))
    await defined(
        store,
        field("segment", FieldType.CHOICE, choices=(VIP, NEW), routing=True),
        field("points", FieldType.NUMBER, routing=True), field("limit", FieldType.AMOUNT, routing=True),
        field("since", FieldType.DATE, routing=True), field("loyal", FieldType.BOOLEAN, routing=True),
        field("likes", FieldType.CHOICES, choices=(tea, go), routing=True),
    )  # fmt: skip
    some: tuple[dict[str, Any], ...] = (
        {},
        {"custom": {"segment": "vip", "points": 10, "limit": "12.50", "loyal": True, "likes": ["tea", "go"]}},
        {"custom": {"segment": "new", "points": 9.5, "since": "2026-03-01", "loyal": False}, "tags": ("a",)},
        {
            "custom": {"points": 1000, "since": "2025-12-31", "likes": ["go"]},
            "tags": ("a", "b"),
            "tier": "gold",
        },
        {"kind": "organisation", "tier": "silver", "save_desk": True, "tags": ("b",), "category": "key"},
    )
    news = [NewCustomer(name=f"c{n}", **each) for n, each in enumerate(some)]
    ids = await store.write(customers.create_many, news, at=1.0)
    found = [await store.read(cards.get, id_) for id_ in ids]
    for text in CONDITIONS:
        listed = [one.name for one in (await store.read(customers.page, where=text)).items]
        assert listed == [card.name for card in found if card and is_so(text, card)], text
