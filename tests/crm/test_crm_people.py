"""Customers as persons and organisations: addresses, owners, relations, consents, notes; merged, unseen."""

from itertools import pairwise
from typing import Any

import pytest
from stores import Keeper, save

from contactcenter.crm import audit, cards, consents, customers, notes, outbox, relations
from contactcenter.crm.access import Kind, Reader, Right, Scope
from contactcenter.crm.addresses import NewAddress
from contactcenter.crm.consents import NewConsent
from contactcenter.crm.customers import NOBODY, Customer, CustomerChange, NewCustomer
from contactcenter.crm.errors import ChangedMeanwhile, Refusal
from contactcenter.crm.notes import NewNote
from contactcenter.crm.phone_numbers import with_extension
from contactcenter.crm.relations import NewRelation
from contactcenter.crm.store import Store

RIGHTS = frozenset({Right.CUSTOMERS_READ, Right.CUSTOMERS_WRITE, Right.REQUESTS_READ})


def reader(login: str, scope: Scope = Scope.ALL, *teams: str) -> Reader:
    return Reader(login=login, rights=RIGHTS, scopes={Kind.CUSTOMER: scope}, teams=teams)


async def made(store: Store, name: str = "x", **values: Any) -> str:
    (id_,) = await store.write(customers.create_many, (NewCustomer(name=name, **values),), at=1.0)
    return id_


async def found(store: Store, id_: str, who: Reader | None = None) -> Customer:
    one = await store.read(customers.record, id_, who or reader("admin"))
    assert one is not None
    return one


async def changed(store: Store, id_: str, who: Reader | None = None, **to: Any) -> None:
    await store.write(customers.change, id_, CustomerChange(**to), reader=who or reader("admin"), at=2.0)


def staff(keeper: Keeper, *logins: str, teams: tuple[str, ...] = ("sales", "service")) -> None:
    """Users and teams, as other nouns make them."""
    for login in logins:
        keeper.rows(
            "INSERT INTO users (login, name, role, password, queues, disabled, created_at)"
            f" VALUES ('{login}', '', 'agent', '', '[]', false, 0)"
        )
    for team in teams:
        keeper.rows(f"INSERT INTO teams (name, title, version) VALUES ('{team}', '{{}}', 1)")


def merge(keeper: Keeper, gone: str, kept: str) -> None:
    keeper.rows(f"UPDATE customers SET merged_into = '{kept}' WHERE id = '{gone}'")


# --- addresses ---


@pytest.mark.parametrize(
    ("text", "number", "extension"),
    [
        ("010-8888 8888 转 123", "+861088888888", "123"), ("010-88888888转分机8001", "+861088888888", "8001"),
        ("010-88888888-8001", "+861088888888", "8001"), ("+86 10 8888 8888 ext. 12", "+861088888888", "12"),
        ("+1 (212) 555-0101;ext=77", "+12125550101", "77"), ("13900000001", "+8613900000001", ""),
        ("+44 7700 900123 x5", "+447700900123", "5"), ("０１０８８８８８８８８", "+861088888888", ""),
    ],
)  # fmt: skip
def test_an_extension_is_taken_out_of_a_number(text: str, number: str, extension: str) -> None:
    assert with_extension(text) == (number, extension)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("8888 8888", "area code is missing"), ("1390000", "mobile number has 11 digits"),
        ("1380013800", "mobile number has 11 digits"), ("95588", "area code is missing"),
        ("202 555 0101 99999", "begins with +"), ("+44 7700", "area code is missing"),
        ("110", "begins with +"),
        ("010-8888 8888 转 123 转 4", "not a telephone number"),
    ],
)  # fmt: skip
def test_half_a_number_is_refused_with_what_is_missing(text: str, says: str) -> None:
    with pytest.raises(Refusal) as refused:
        with_extension(text)
    assert says in str(refused.value)


async def test_numbers_are_dialled_as_in_the_centers_own_country(keeper: Keeper) -> None:
    store = await keeper.open(region="GB")
    id_ = await made(store, phones=("07700 900123",))
    assert (await found(store, id_)).phones == ("+447700900123",)
    assert [card.id for card in await store.find_customer("07700900123")] == [id_]


async def test_phones_are_the_short_form_of_addresses_and_lose_nothing(keeper: Keeper) -> None:
    store = await keeper.open()
    full = (
        NewAddress(channel="phone", value="010-88888888", extension="12", kind="work", verified=True),
        NewAddress(channel="phone", value="010-88888888 转 13", kind="fax"),
        NewAddress(channel="phone", value="139 0000 0001", preferred=True),
        NewAddress(channel="email", value="Wang@Example.com"),
        NewAddress(channel="post", value="北京市\n长安街 1 号"),
    )
    id_ = await made(store, addresses=full)
    before = await found(store, id_)
    assert before.phones == ("+861088888888", "+8613900000001")
    assert [(each.channel, each.value, each.extension, each.kind) for each in before.addresses] == [
        ("phone", "+861088888888", "12", "work"), ("phone", "+861088888888", "13", "fax"),
        ("phone", "+8613900000001", "", "other"), ("email", "wang@example.com", "", "main"),
        ("post", "北京市\n长安街 1 号", "", "main"),
    ]  # fmt: skip
    assert (before.addresses[0].verified_at, before.addresses[0].verified_by) == (1.0, "center")
    await changed(store, id_, phones=before.phones)
    assert (await found(store, id_)).addresses == before.addresses
    assert (await found(store, id_)).version == before.version  # nothing was different
    await changed(store, id_, phones=("13900000001", "+44 7700 900123"))
    after = (await found(store, id_)).addresses
    assert [(each.value, each.kind, each.preferred) for each in after] == [
        ("+8613900000001", "other", True), ("+447700900123", "other", False),
        ("wang@example.com", "main", False), ("北京市\n长安街 1 号", "main", False),
    ]  # fmt: skip
    with pytest.raises(Refusal) as refused:
        await changed(store, id_, phones=("13900000001",), addresses=full)
    assert refused.value.field == "phones"
    await changed(store, id_, addresses=())
    assert (await found(store, id_)).addresses == ()


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"channel": "fax", "value": "1"}, "addresses.1.channel"),
        ({"channel": "phone", "value": "8888 8888"}, "addresses.1.value"),
        ({"channel": "phone", "value": "13900000002", "extension": "1a"}, "addresses.1.extension"),
        ({"channel": "phone", "value": "13900000002", "kind": "boat"}, "addresses.1.kind"),
        ({"channel": "email", "value": "a@b.cn", "extension": "1"}, "addresses.1.extension"),
        ({"channel": "email", "value": "a\u202eb@c.cn"}, "addresses.1.value"),
        ({"channel": "post", "value": " "}, "addresses.1.value"),
        ({"channel": "wechat", "value": "x" * 65}, "addresses.1.value"),
    ],
)
async def test_a_wrong_address_is_named_and_nothing_is_changed(
    keeper: Keeper, wrong: dict[str, str], where: str
) -> None:
    store = await keeper.open()
    id_ = await made(store, phones=("13900000001",))
    good = NewAddress(channel="phone", value="13900000009")
    with pytest.raises(Refusal) as refused:
        await changed(store, id_, name="y", addresses=(good, NewAddress(**wrong)))
    assert refused.value.field == where
    one = await found(store, id_)
    assert (one.name, one.phones, one.version) == ("x", ("+8613900000001",), 1)


async def test_a_number_of_several_customers_finds_them_all(keeper: Keeper) -> None:
    store = await keeper.open()
    ids = [await made(store, name, phones=(f"010-88888888 转 {n}",)) for n, name in enumerate("abc", 1)]
    assert [card.id for card in await store.find_customer("010 8888 8888")] == ids
    page = await store.read(customers.page, phone="+861088888888", reader=reader("admin"))
    assert [one.id for one in page.items] == ids


# --- two people, one record; what is left behind ---


async def test_who_changes_an_older_version_is_refused_and_nothing_is_lost(keeper: Keeper) -> None:
    store = await keeper.open()
    id_ = await made(store, note="one")
    await store.write(customers.change, id_, CustomerChange(note="two"), expected=1, at=2.0)
    with pytest.raises(ChangedMeanwhile):
        await store.write(
            customers.change, id_, CustomerChange(name="y", note="three", tags=("t",)), expected=1, at=3.0
        )
    one = await found(store, id_)
    assert (one.name, one.note, one.tags, one.version) == ("x", "two", (), 2)


async def test_every_write_is_audited_before_and_after_and_told(keeper: Keeper) -> None:
    store = await keeper.open()
    id_ = await made(store, "王伟", tags=("a",), balance="5")
    await changed(store, id_, reader("li"), name="王芳", balance="6.50", tags=("a", "b"))
    await changed(store, id_, reader("li"), name="王芳", balance="6.5")
    rows = (await store.read(audit.page, filters={"object": id_})).items
    assert [(row.act, row.login) for row in rows] == [("change", "li"), ("create", "center")]
    assert rows[0].before == {"name": "王伟", "balance": "5.00", "tags": ["a"]}
    assert rows[0].after == {"name": "王芳", "balance": "6.50", "tags": ["a", "b"]}
    events = await store.read(outbox.after, 0)
    assert [(row.event, row.version, row.detail) for row in events] == [
        ("customer.created", 1, {}), ("customer.changed", 2, {"changed": ["balance", "name", "tags"]}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["𠮷野家\U0001f600", "\u202eevil\u202c", "שלום עולם", "a\u0301", "e\0\ud800"]
)
async def test_text_of_any_script_is_kept_as_it_is(keeper: Keeper, text: str) -> None:
    store = await keeper.open()
    id_ = await made(store, text, company=text, tags=(text,), category=text)
    note = await store.write(notes.add, id_, NewNote(text=text), at=1.0)
    one = await found(store, id_)
    kept = text.replace("\0", "\ufffd").replace("\ud800", "\ufffd")
    assert (one.name, one.company, one.tags, one.category, note.text) == (kept, kept, (kept,), kept, kept)
    where = f"customer.category == {kept!r}"
    assert [each.id for each in (await store.read(customers.page, name=kept, where=where)).items] == [id_]


@pytest.mark.parametrize("text", ["\u200b", "\u202e\u202c", "\ufeff \u2066", "\x7f"])
async def test_text_of_which_nothing_is_seen_is_no_text(keeper: Keeper, text: str) -> None:
    store = await keeper.open()
    with pytest.raises(Refusal, match="needs a name"):
        await made(store, text)
    id_ = await made(store, "\u200bمحمد\u200f", company=text)
    one = await found(store, id_)
    assert (one.name, one.company) == ("\u200bمحمد\u200f", "")
    with pytest.raises(Refusal, match="must not be empty"):
        await store.write(notes.add, id_, NewNote(text=text), at=1.0)
    with pytest.raises(Refusal, match="must not be empty"):
        await store.write(customers.change, id_, CustomerChange(tags=(text,)), at=1.0)


# --- whose customer it is ---


async def test_who_makes_a_record_keeps_it_in_sight(keeper: Keeper) -> None:
    store = await keeper.open()
    staff(keeper, "li", "wu")
    whose = {}
    for scope in Scope:
        for teams in ((), ("sales", "service")):
            who = reader("li", scope, *teams)
            card = await store.write(customers.create, NewCustomer(name="x"), reader=who, at=1.0)
            one = await found(store, card.id, who)
            whose[scope, bool(teams)] = (one.owner, one.team)
    assert whose == {
        (Scope.OWN, False): ("", ""), (Scope.OWN, True): ("li", "sales"), (Scope.TEAM, False): ("", ""),
        (Scope.TEAM, True): ("", "sales"), (Scope.ALL, False): ("", ""), (Scope.ALL, True): ("", "sales"),
    }  # fmt: skip


async def test_a_list_of_customers_goes_to_another_owner_whole_or_not_at_all(keeper: Keeper) -> None:
    store = await keeper.open()
    staff(keeper, "li", "wu")
    ids = [await made(store, name) for name in "abc"]
    hidden = await made(store, "d", owner="wu", team="service")
    li = reader("li", Scope.OWN, "sales")
    with pytest.raises(Refusal) as refused:
        await store.write(customers.assign, [*ids, hidden], owner="li", reader=li, at=2.0)
    assert (refused.value.code, refused.value.field) == ("not_found", "ids.3")
    assert keeper.rows("SELECT count(*) FROM customers WHERE owner = 'li'") == [(0,)]
    for wrong, where in (({"owner": "nobody"}, "owner"), ({"team": "none"}, "team")):
        with pytest.raises(Refusal) as refused:
            await store.write(customers.assign, ids, reader=li, at=2.0, **wrong)
        assert refused.value.field == where
    assert await store.write(customers.assign, [*ids, ids[0]], owner="li", reader=li, at=1.5) == 3
    assert await store.write(customers.assign, ids, owner="li", reader=li, at=3.0) == 0
    to_sales = CustomerChange(team="sales")
    await store.write(customers.change, ids[0], to_sales, reader=li, at=4.0)
    history = await store.read(customers.ownerships_of, ids[0], li)
    assert [(each.owner, each.team, each.login) for each in history] == [
        ("li", "sales", "li"), ("li", "", "li"),
    ]  # fmt: skip
    admin = reader("admin")
    for wanted, n in (
        ({"owner": "li"}, 3),
        ({"owner": NOBODY}, 0),
        ({"team": "sales"}, 1),
        ({"team": NOBODY}, 2),
    ):
        assert len((await store.read(customers.page, reader=admin, **wanted)).items) == n, wanted


async def test_who_may_not_see_a_customer_finds_nothing_of_it(keeper: Keeper) -> None:
    store = await keeper.open()
    staff(keeper, "li", "wu")
    id_ = await made(store, "secret", owner="wu", team="service", id_number="G1234567890", tags=("t",))
    other = await made(store, "other")
    note = await store.write(notes.add, id_, NewNote(text="n"), at=1.0)
    await store.write(relations.add, other, NewRelation(to=id_, role="family"), at=1.0)
    li = reader("li", Scope.OWN, "sales")
    assert await store.read(customers.record, id_, li) is None
    assert [one.name for one in (await store.read(customers.page, reader=li)).items] == ["other"]
    assert (await store.read(customers.page, reader=li, tag="t")).items == ()
    assert await store.read(customers.with_id_number, "G1234567890", li) == ()
    assert await store.read(notes.get, note.id, li) is None
    assert await store.read(relations.of, other, li) == ()
    for read in (relations.of, customers.ownerships_of):
        with pytest.raises(Refusal) as refused:
            await store.read(read, id_, li)
        assert refused.value.code == "not_found"
    (known,) = await store.read(relations.of, other, reader("admin"))
    for write, args, kwargs in (
        (customers.change, (id_, CustomerChange(name="y")), {}),
        (notes.add, (id_, NewNote(text="x")), {}), (notes.change, (note.id,), {"text": "x"}),
        (notes.remove, (note.id,), {}), (relations.remove, (known.id,), {}),
        (consents.give, (id_, NewConsent(channel="any", purpose="any", state="granted")), {}),
        (relations.add, (id_, NewRelation(to=other, role="family")), {}),
    ):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            await store.write(write, *args, reader=li, at=2.0, **kwargs)
        assert refused.value.code == "not_found", write
    with pytest.raises(Refusal) as refused:
        await store.write(relations.add, other, NewRelation(to=id_, role="partner"), reader=li, at=2.0)
    assert refused.value.field == "to"


# --- relations ---


async def test_organisations_are_never_parts_of_themselves(keeper: Keeper) -> None:
    store = await keeper.open()
    ids = [await made(store, name, kind="organisation") for name in "abcd"]
    person = await made(store, "p")

    async def relate(begin: str, end: str, role: str = "part") -> None:
        await store.write(relations.add, begin, NewRelation(to=end, role=role), at=1.0)

    for below, above in pairwise(ids):
        await relate(below, above)
    for begin, end, role, where in (
        (ids[3], ids[0], "part", "to"), (ids[3], ids[1], "subsidiary", "to"), (ids[0], ids[0], "part", "to"),
        (person, ids[0], "part", "role"), (person, ids[0], "king", "role"), (ids[0], "none", "part", "to"),
    ):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            await relate(begin, end, role)
        assert refused.value.field == where
    with pytest.raises(Refusal) as refused:
        await relate(ids[0], ids[1])
    assert refused.value.code == "taken"
    await relate(ids[3], ids[0], "partner")  # no hierarchy
    await relate(ids[0], ids[3])  # two ways up are no circle
    # What is merged counts as one: with a gone into d, b would be above itself.
    merge(keeper, ids[3], person)
    keeper.rows(f"UPDATE customers SET kind = 'organisation' WHERE id = '{person}'")
    with pytest.raises(Refusal) as refused:
        await relate(person, ids[1])
    assert refused.value.field == "to"


async def test_a_relation_is_seen_from_both_ends(keeper: Keeper) -> None:
    store = await keeper.open()
    firm = await made(store, "星河", kind="organisation")
    wang, li = await made(store, "Wang"), await made(store, "Li")
    for person in (wang, li):
        new = NewRelation(to=firm, role="decision_maker", title="采购主管", main=True)
        await store.write(relations.add, person, new, at=1.0)
    new = NewRelation(to=li, role="contact", main=True)
    await store.write(relations.add, firm, new, at=1.0)
    new = NewRelation(to=wang, role="contact", main=True)
    await store.write(relations.add, firm, new, at=1.0)
    seen = await store.read(relations.of, firm)
    assert {(each.name, each.role, each.outward, each.main) for each in seen} == {
        ("Wang", "decision_maker", False, True), ("Li", "decision_maker", False, True),
        ("Wang", "contact", True, True), ("Li", "contact", True, False),  # there is one main contact
    }  # fmt: skip
    (back,) = [each for each in await store.read(relations.of, wang) if each.outward]
    assert (back.customer, back.kind, back.title) == (firm, "organisation", "采购主管")
    await store.write(relations.remove, back.id, at=2.0)
    assert len(await store.read(relations.of, firm)) == 3
    acts = [row.act for row in (await store.read(audit.page, filters={"kind": "relation"})).items]
    assert acts == ["delete", *["create"] * 4]


# --- consents ---


async def test_the_last_word_on_a_matter_is_in_force(keeper: Keeper) -> None:
    store = await keeper.open()
    id_ = await made(store)

    async def say(channel: str, purpose: str, state: str, at: float) -> None:
        new = NewConsent(channel=channel, purpose=purpose, state=state, source="call")
        await store.write(consents.give, id_, new, at=at)

    assert await store.read(consents.allows, id_, "phone", "marketing") is None
    await say("phone", "marketing", "granted", 1.0)
    assert await store.read(consents.allows, id_, "phone", "marketing") is True
    await say("any", "any", "refused", 2.0)
    assert (await found(store, id_)).do_not_contact == consents.CHANNELS
    assert await store.read(consents.allows, id_, "phone", "marketing") is False
    await say("post", "marketing", "granted", 3.0)
    assert await store.read(consents.allows, id_, "post", "marketing") is True
    assert await store.read(consents.allows, id_, "post", "service") is False
    await say("email", "any", "granted", 4.0)
    assert (await found(store, id_)).do_not_contact == ("phone", "sms", "post", "wechat", "any")
    page = await store.read(consents.page, id_, limit=3)
    assert [(each.channel, each.state, each.in_force) for each in page.items] == [
        ("email", "granted", True), ("post", "granted", True), ("any", "refused", True),
    ]  # fmt: skip
    rest = await store.read(consents.page, id_, cursor=page.next)
    assert [(each.channel, each.in_force) for each in rest.items] == [("phone", True)]
    await say("phone", "marketing", "refused", 5.0)
    assert [each.in_force for each in (await store.read(consents.page, id_)).items] == [True] * 4 + [False]
    for wrong in ({"channel": "fax"}, {"purpose": "fun"}, {"state": "maybe"}, {"source": "dream"}):
        good = {"channel": "phone", "purpose": "any", "state": "granted"}
        with pytest.raises(Refusal) as refused:
            await store.write(consents.give, id_, NewConsent(**good | wrong), at=6.0)
        assert refused.value.field in wrong


# --- notes ---


async def test_notes_are_kept_changed_and_put_out_of_sight(keeper: Keeper) -> None:
    store = await keeper.open()
    id_ = await made(store)
    first = await store.write(notes.add, id_, NewNote(text="one"), reader=reader("li"), at=1.0)
    second = await store.write(notes.add, id_, NewNote(text="two", pinned=True), reader=reader("wu"), at=2.0)
    page = await store.read(notes.page, id_, limit=1)
    assert [note.id for note in page.items] == [second.id]
    page = await store.read(notes.page, id_, cursor=page.next)
    assert [(note.id, note.created_by) for note in page.items] == [(first.id, "li")]
    after = await store.write(notes.change, first.id, text="eins", expected=1, reader=reader("wu"), at=3.0)
    assert (after.text, after.version, after.created_by, after.updated_by) == ("eins", 2, "li", "wu")
    with pytest.raises(ChangedMeanwhile):
        await store.write(notes.change, first.id, text="uno", expected=1, at=4.0)
    with pytest.raises(ChangedMeanwhile):
        await store.write(notes.remove, first.id, expected=1, at=4.0)
    await store.write(notes.remove, first.id, expected=2, at=5.0)
    assert [note.id for note in (await store.read(notes.page, id_)).items] == [second.id]
    assert await store.read(notes.get, first.id) is None
    assert keeper.rows("SELECT count(*) FROM notes") == [(2,)]
    rows = (await store.read(audit.page, filters={"kind": "note", "object": first.id})).items
    assert [(row.act, row.before, row.after) for row in rows] == [
        ("delete", {"text": "eins", "pinned": False}, None), ("change", {"text": "one"}, {"text": "eins"}),
        ("create", None, {"text": "one", "pinned": False}),
    ]  # fmt: skip


async def test_a_note_that_is_too_long_is_refused_and_the_old_one_stays(keeper: Keeper) -> None:
    store = await keeper.open()
    id_ = await made(store)
    note = await store.write(notes.add, id_, NewNote(text="\U0001f600" * notes.LONGEST), at=1.0)
    for text, code in (
        ("x" * (notes.LONGEST + 1), "too_long"),
        ("x" * 10_000_000, "too_long"),
        (" \n", "invalid"),
    ):
        with pytest.raises(Refusal) as refused:
            await store.write(notes.change, note.id, text=text, at=2.0)
        assert (refused.value.code, refused.value.field) == (code, "text")
    assert await store.read(notes.get, note.id) == note


# --- merged customers ---


async def test_a_customer_answers_for_all_who_were_merged_into_it(keeper: Keeper) -> None:
    store = await keeper.open()
    kept = await made(store, "kept", number="1", phones=("13900000001",), tags=("a",))
    gone = await made(store, "gone", number="2", phones=("13900000002", "13900000001"), tags=("b",))
    await store.write(notes.add, gone, NewNote(text="n"), at=1.0)
    await store.write(consents.give, gone, NewConsent(channel="sms", purpose="any", state="refused"), at=1.0)
    store.carry(save("i1", customer=gone, arrived_at=10.0, final=True))
    await store.settled()
    merge(keeper, gone, kept)
    one = await found(store, gone, reader("admin"))
    assert (one.id, one.merged, one.tags, one.do_not_contact) == (kept, (gone,), ("a", "b"), ("sms",))
    assert one.phones == ("+8613900000001", "+8613900000002")
    assert [note.text for note in (await store.read(notes.page, gone)).items] == ["n"]
    assert [each.name for each in (await store.read(customers.page, tag="b")).items] == ["kept"]
    for number in ("13900000001", "13900000002"):
        (card,) = await store.find_customer(number)
        assert (card.id, card.tags, [past.id for past in card.last]) == (kept, ("a", "b"), ["i1"])
    by_number = await store.read(cards.with_number, "2")
    assert by_number
    assert by_number.id == kept
    # What is taken away is gone, though it hung on the other row.
    await changed(store, gone, phones=("13900000002",), tags=("b",))
    one = await found(store, kept)
    assert (one.phones, one.tags) == (("+8613900000002",), ("b",))
    await changed(store, kept, phones=(), tags=())
    one = await found(store, kept)
    assert (one.phones, one.tags) == ((), ())
