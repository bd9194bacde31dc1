"""Search: the right record first, the hidden one never, and nothing that is typed breaks it."""

import dataclasses
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select, update
from stores import Keeper, save

from contactcenter.crm import access, assignments, indexing, search, settings, words
from contactcenter.crm import notes as customer_notes
from contactcenter.crm.access import CENTER, Kind, Reader, Right, Scope
from contactcenter.crm.errors import Refusal
from contactcenter.crm.notes import NewNote
from contactcenter.crm.schema import (
    addresses,
    customers,
    documents,
    fields,
    followups,
    notes,
    requests,
    tags,
)
from contactcenter.crm.search import Found
from contactcenter.crm.store import Store
from contactcenter.values import MatchMethod

READING = frozenset(
    {Right.CUSTOMERS_READ, Right.REQUESTS_READ, Right.FOLLOWUPS_READ, Right.INTERACTIONS_READ}
)
ALL = Reader(login="boss", rights=READING, scopes=dict.fromkeys(Kind, Scope.ALL))


def reader(login: str, scope: Scope, *teams: str, hidden: frozenset[str] = frozenset()) -> Reader:
    return Reader(login=login, rights=READING, scopes=dict.fromkeys(Kind, scope), teams=teams, hidden=hidden)


def put(db: Connection, id_: str, name: str, *, index: bool = True, **more: Any) -> None:
    """One customer with all that hangs on it, and its document."""
    phones, emails, noted = (more.pop(each, ()) for each in ("phones", "emails", "notes"))
    row: dict[str, Any] = {
        "id": id_, "number": more.pop("number", f"9{abs(hash(id_)) % 10**6:06}"), "name": name,
        "created_at": 1.0, "updated_at": 1.0, "custom": {},
    }  # fmt: skip
    db.execute(insert(customers).values(row | more))
    for place, (channel, value) in enumerate(
        [("phone", each) for each in phones] + [("email", each) for each in emails]
    ):
        db.execute(
            insert(addresses).values(
                customer_id=id_, channel=channel, value=value, kind="main", place=place, extension=""
            )
        )
    for place, each in enumerate(noted):
        db.execute(
            insert(notes).values(
                id=f"{id_}-n{place}", customer_id=id_, text=each, version=1, created_at=2.0, updated_at=2.0
            )
        )
    if index:
        indexing.index(db, "customer", (id_,))


async def find(store: Store, question: str, who: Reader = ALL, **kwargs: Any) -> Found:
    return await store.read(search.find, who, question, **kwargs)


async def ids(store: Store, question: str, who: Reader = ALL) -> list[str]:
    return [hit.id for hit in (await find(store, question, who)).hits]


async def test_the_better_match_comes_first(keeper: Keeper) -> None:
    store = await keeper.open()

    def fill(db: Connection) -> None:
        put(db, "noted", "Li Na", notes=["asked for 王伟 twice"])
        put(db, "longer", "王伟明")
        put(db, "whole", "王伟")
        put(db, "sound", "汪维")
        put(db, "begins", "王伟国际贸易有限公司", kind="organisation")

    await store.write(fill)
    assert await ids(store, "王伟") == ["whole", "begins", "longer", "noted"]
    assert set(await ids(store, "wangwei")) >= {"whole", "sound"}
    assert (await ids(store, "ww"))[:2] == ["sound", "whole"], "the whole sound before its beginning"


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ("138 0013 8000", "phone"), ("0013", "phone"), ("100234", "number"), ("zhang.wei@ex", "email"),
        ("ruijin", ""), ("红色的路由器", "note"), ("router", "note"), ("云通", "company"), ("vip", ""),
    ],
)  # fmt: skip
async def test_every_part_of_a_customer_is_found(keeper: Keeper, question: str, field: str) -> None:
    store = await keeper.open()

    def fill(db: Connection) -> None:
        put(
            db, "c", "张伟", number="100234", phones=("+8613800138000",), emails=("zhang.wei@example.com",),
            company="云通科技", notes=("He has the red router", "红色的路由器"),
        )  # fmt: skip
        db.execute(insert(tags).values(customer_id="c", tag="VIP"))
        db.execute(
            insert(addresses).values(
                customer_id="c", channel="post", value="12 Ruijin Road", kind="home", place=5, extension=""
            )
        )
        indexing.index(db, "customer", ("c",))
        put(db, "other", "李娜", number="100777", phones=("+8613900000001",))

    await store.write(fill)
    (hit,) = (await find(store, question)).hits
    assert (hit.id, hit.field) == ("c", field)


async def test_a_talk_s_note_finds_its_customer(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(put, "c", "张伟")
    store.carry(save("i1", customer="c", note="Line drops in the evening", final=True))
    await store.settled()
    await store.write(indexing.index, "customer", ("c",))
    (hit,) = (await find(store, "evening")).hits
    assert (hit.field, hit.excerpt) == ("talk", "Line drops in the evening")


async def test_what_was_merged_is_found_as_what_it_was_merged_into(keeper: Keeper) -> None:
    store = await keeper.open()

    def merge(db: Connection) -> None:
        put(db, "kept", "张伟")
        put(db, "gone", "Zhang Wei", phones=("+8613800138000",))
        db.execute(update(customers).where(customers.c.id == "gone").values(merged_into="kept"))
        indexing.index(db, "customer", ("gone",))

    await store.write(merge)
    assert await ids(store, "13800138000") == ["kept"]

    def unmerge(db: Connection) -> None:
        db.execute(update(customers).where(customers.c.id == "gone").values(merged_into=""))
        indexing.index(db, "customer", ("gone", "kept"))

    await store.write(unmerge)
    assert await ids(store, "13800138000") == ["gone"]


async def test_requests_and_follow_ups_are_found_beside_customers(keeper: Keeper) -> None:
    store = await keeper.open()

    def fill(db: Connection) -> None:
        put(db, "c", "张伟")
        db.execute(
            insert(requests).values(
                id="r", number="2026-000123", customer_id="c", subject="Router 坏了", problem="It blinks red",
                state="open", priority=2, version=1, opened_at=1.0, updated_at=1.0, custom={},
            )
        )  # fmt: skip
        db.execute(
            insert(followups).values(
                id="f", customer_id="c", title="Call about the router", state="open", due_at=9.0, version=1,
                created_at=1.0, updated_at=1.0,
            )
        )  # fmt: skip
        indexing.index(db, "request", ("r",))
        indexing.index(db, "followup", ("f",))

    await store.write(fill)
    found = await find(store, "router")
    assert {(hit.kind, hit.id) for hit in found.hits} == {("request", "r"), ("followup", "f")}
    assert [hit.id for hit in (await find(store, "router", kinds=("request",))).hits] == ["r"]
    (hit,) = (await find(store, "000123")).hits
    assert (hit.title, hit.number, hit.detail, hit.customer) == ("Router 坏了", "2026-000123", "张伟", "c")
    (hit,) = (await find(store, "blinks")).hits
    assert (hit.field, hit.excerpt) == ("problem", "It blinks red")
    nobody = Reader(
        login="x", rights=frozenset({Right.CUSTOMERS_READ}), scopes=dict.fromkeys(Kind, Scope.ALL)
    )
    assert (await find(store, "router", nobody)).count == 0


async def test_a_reader_finds_his_own_among_thousands_of_others(keeper: Keeper) -> None:
    store = await keeper.open()

    def fill(db: Connection) -> None:
        put(db, "mine", "王伟", owner="agent1", team="north")
        put(db, "pool", "王伟")
        put(db, "called", "王伟", owner="agent9", team="south")
        for n in range(3 * search.LOOKED_AT):
            put(db, f"other{n}", "王伟", owner="agent9", team="south", index=False)
        indexing.index(db, "customer", [f"other{n}" for n in range(3 * search.LOOKED_AT)])

    await store.write(fill)
    store.carry(save("i1", customer="called", agent="agent1", final=True))
    await store.settled()
    assert set(await ids(store, "王伟", reader("agent1", Scope.OWN))) == {"mine", "pool", "called"}
    assert set(await ids(store, "ww", reader("lead", Scope.TEAM, "north"))) == {"mine", "pool"}
    everything = await find(store, "王伟")
    assert everything.more
    assert everything.count == search.LOOKED_AT
    own = await find(store, "王伟", reader("agent1", Scope.OWN))
    assert (own.count, own.more) == (3, False), "the count tells nothing of what is not seen"
    on_his_page = dataclasses.replace(reader("agent1", Scope.OWN), attending=frozenset({"other5"}))
    assert set(await ids(store, "王伟", on_his_page)) == {"mine", "pool", "called", "other5"}


async def test_a_name_is_found_among_more_texts_than_are_looked_at(keeper: Keeper) -> None:
    store = await keeper.open()

    def fill(db: Connection) -> None:
        put(db, "named", "王伟")
        put(db, "begun", "王伟民")
        for n in range(2 * search.LOOKED_AT):
            put(db, f"told{n}", "李", number=f"7{n:06}", note="是王伟介绍来的", index=False)
        indexing.index(db, "customer", [f"told{n}" for n in range(2 * search.LOOKED_AT)])

    await store.write(fill)
    assert (await ids(store, "王伟"))[:2] == ["named", "begun"]
    assert (await ids(store, "wangwei"))[:2] == ["named", "begun"], "here no text holds it"


async def test_who_sees_less_from_now_on_finds_less_at_once(keeper: Keeper) -> None:
    store = await keeper.open()

    def fill(db: Connection) -> None:
        put(db, "north", "王伟", owner="agent9", team="north")
        put(db, "south", "王伟", owner="agent9", team="south")

    await store.write(fill)
    for _ in range(2):
        assert set(await ids(store, "王伟", reader("lead", Scope.ALL))) == {"north", "south"}
        assert await ids(store, "王伟", reader("lead", Scope.TEAM, "south")) == ["south"]
        assert await ids(store, "王伟", reader("lead", Scope.TEAM, "north")) == ["north"]
        assert await ids(store, "王伟", reader("lead", Scope.OWN, "north")) == []
        assert (
            await ids(store, "王伟", dataclasses.replace(reader("lead", Scope.ALL), rights=frozenset())) == []
        )


@pytest.mark.parametrize("kind", search.KINDS)
async def test_what_was_found_is_judged_without_going_through_all_that_a_team_has(
    file_keeper: Keeper, kind: Kind
) -> None:
    store = await file_keeper.open()
    lead, plans = reader("lead", Scope.TEAM, "north"), []

    def explained(db: Connection) -> None:
        def note(_db: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, _many: bool) -> None:
            if sql.startswith("WITH some"):
                plans.append((sql, parameters))

        event.listen(db, "before_cursor_execute", note)
        search._seen(db, lead, kind, [f"{n}" for n in range(search.LOOKED_AT)])
        event.remove(db, "before_cursor_execute", note)

    await store.read(explained)
    ((sql, parameters),) = plans
    plan = await store.read(
        lambda db: db.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).scalars(3).all()
    )
    assert any(f"{kind}s USING INDEX sqlite_autoindex" in step for step in plan)
    assert not [step for step in plan if "_team_" in step or "_owner_" in step]


async def test_hidden_fields_find_and_show_nothing(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(
        put, "c", "张伟", phones=("+8613800138000",), company="云通科技", notes=("secret plan",)
    )
    blind = reader("x", Scope.ALL, hidden=frozenset({"customer.phones", "customer.company", "customer.note"}))
    (hit,) = (await find(store, "张伟", blind)).hits
    assert (hit.detail, hit.excerpt) == ("", "张伟")
    for question in ("13800138000", "8000", "云通", "secret"):
        found = await find(store, question, blind)
        assert found.hits == (), question
        assert found.count == 0, question


async def test_a_reader_by_team_and_the_one_by_table_agree(keeper: Keeper) -> None:
    """What the index's words of scope let through is what `access.visible` shows."""
    store = await keeper.open()
    rows = [(owner, team) for owner in ("", "agent1", "agent2") for team in ("", "north", "south")]

    def fill(db: Connection) -> None:
        for place, (owner, team) in enumerate(rows):
            put(db, f"c{place}", "Common Name", owner=owner, team=team)

    await store.write(fill)
    for who in (
        ALL, reader("agent1", Scope.OWN), reader("agent1", Scope.TEAM), reader("agent1", Scope.TEAM, "north"),
        reader("agent2", Scope.TEAM, "north", "south"), reader("z", Scope.OWN),
    ):  # fmt: skip

        def by_table(db: Connection, who: Reader = who) -> set[str]:
            return set(db.scalars(select(customers.c.id).where(access.visible(who, Kind.CUSTOMER))))

        assert set(await ids(store, "common", who)) == await store.read(by_table), who


@pytest.mark.parametrize("question", ["", "12", "?", "x" * 201])
async def test_a_question_that_asks_nothing_is_refused(keeper: Keeper, question: str) -> None:
    store = await keeper.open()
    with pytest.raises(Refusal) as refusal:
        await find(store, question)
    assert refusal.value.field == "q"


@pytest.mark.parametrize(
    "question", ['abc" OR "b', "NEAR(a b)", "a AND b", "words:x", "a* -b", "^a", "a OR", "王' OR '1", "a:*&b"]
)
async def test_nothing_that_is_typed_is_an_operator(keeper: Keeper, question: str) -> None:
    store = await keeper.open()
    await store.write(put, "c", "张伟")
    assert (await find(store, question)).count == 0


async def test_the_whole_index_is_made_anew_in_pieces(keeper: Keeper) -> None:
    store = await keeper.open()

    def fill(db: Connection) -> None:
        for n in range(25):
            put(db, f"c{n:02}", "Common Name")
        db.execute(documents.delete())

    await store.write(fill)
    assert (await find(store, "common")).count == 0
    await store.write(settings.put, "search_index", "0")
    rounds = 1
    while await store.write(indexing.rebuild, 10):
        rounds += 1
    assert rounds == 5, "three of customers, one each for the other kinds"
    assert (await find(store, "common")).count == 25
    assert await store.read(indexing.progress) is None


async def test_a_store_whose_index_is_of_another_program_makes_it_anew_by_itself(keeper: Keeper) -> None:
    store = await keeper.open()

    def fill(db: Connection) -> None:
        put(db, "c", "Common Name", index=False)
        settings.put(db, "search_index", "0 request zzz")

    await store.write(fill)
    await keeper.close()
    store = await keeper.open()
    await store.indexed()
    assert (await find(store, "common")).count == 1


def ask(db: Connection, id_: str, customer: str, **more: Any) -> None:
    """One request, and its document."""
    row: dict[str, Any] = {
        "id": id_, "number": f"2026-{abs(hash(id_)) % 10**6:06}", "customer_id": customer,
        "subject": "broken kettle", "state": "open", "priority": 2, "version": 1, "opened_at": 1.0,
        "updated_at": 1.0, "custom": {},
    }  # fmt: skip
    db.execute(insert(requests).values(row | more))
    indexing.index(db, "request", (id_,))


async def test_what_one_may_not_read_finds_nothing_word_by_word(keeper: Keeper) -> None:
    """The index holds the words of every note and talk; that one of them is there is told to who sees it."""
    store = await keeper.open()

    def fill(db: Connection) -> None:
        put(db, "c", "Oracle Smith", team="red", notes=("seen by all",))
        ask(db, "r", "c", owner="boss", team="blue")
        db.execute(
            insert(notes).values(
                id="n", customer_id="c", request="r", text="leukaemia, code 4711", version=1, created_at=2.0,
                updated_at=2.0,
            )
        )  # fmt: skip

    await store.write(fill)
    store.carry(save("i1", customer="c", agent="agent9", note="Divorced in spring", final=True))
    await store.settled()
    await store.write(indexing.index, "customer", ("c",))
    who = reader("red1", Scope.OWN, "red")
    who = dataclasses.replace(who, scopes={**who.scopes, Kind.CUSTOMER: Scope.TEAM})
    for question in ("leukaemia", "oracle leukaemia", "oracle 4711", "divorced", "smith leukoma"):
        found = await find(store, question, who, kinds=("customer",))
        assert (found.count, found.hits) == (0, ()), question
    for question in ("oracle", "smith seen", "all"):
        assert await ids(store, question, who) == ["c"], question
    for question in ("leukaemia", "oracle 4711", "divorced"):
        assert "c" in await ids(store, question), question


async def test_who_hides_something_else_finds_by_tag_category_and_custom_field(keeper: Keeper) -> None:
    store = await keeper.open()

    def fill(db: Connection) -> None:
        db.execute(
            insert(fields).values(
                kind="customer", name="segment", title={"zh": "段", "en": "Segment"}, type="text",
                options={}, required=False, searchable=True, sealed=False, routing=False, retired=False,
                place=0, version=1,
            )
        )  # fmt: skip
        put(db, "c", "张伟", category="private", custom={"segment": "platypus 4711"}, index=False)
        db.execute(insert(tags).values(customer_id="c", tag="goldfish"))
        indexing.index(db, "customer", ("c",))

    await store.write(fill)
    questions = {
        "goldfish": "tags",
        "private": "category",
        "platypus": "custom.segment",
        "4711": "custom.segment",
    }
    some = reader("x", Scope.ALL, hidden=frozenset({"customer.id_number"}))
    for question in questions:
        assert await ids(store, question, some) == ["c"], question
    for question, name in questions.items():
        blind = reader("x", Scope.ALL, hidden=frozenset({f"customer.{name}"}))
        assert await ids(store, question, blind) == [], question
        assert await ids(store, f"张 {question}", blind) == [], question


async def test_a_request_names_its_customer_to_who_sees_him(keeper: Keeper) -> None:
    store = await keeper.open()

    def fill(db: Connection) -> None:
        put(db, "kept", "Secret Celebrity", owner="boss", team="blue")
        put(db, "gone", "Secret", owner="boss", team="blue")
        db.execute(update(customers).where(customers.c.id == "gone").values(merged_into="kept"))
        ask(db, "r", "gone", owner="red1", team="red")
        db.execute(
            insert(followups).values(
                id="f", customer_id="gone", title="Kettle", state="open", due_at=9.0, version=1,
                created_at=1.0, updated_at=1.0, owner="red1",
            )
        )  # fmt: skip
        indexing.index(db, "followup", ("f",))

    await store.write(fill)
    hits = (await find(store, "kettle", reader("red1", Scope.OWN, "red"))).hits
    assert {(hit.id, hit.detail, hit.customer) for hit in hits} == {("r", "", "kept"), ("f", "", "kept")}
    hits = (await find(store, "kettle")).hits
    assert {hit.detail for hit in hits if hit.id == "r"} == {"Secret Celebrity"}


async def test_a_talk_s_note_finds_its_customer_at_once_and_follows_it(keeper: Keeper) -> None:
    store = await keeper.open()
    await store.write(put, "c", "张伟")
    await store.write(put, "other", "李娜")
    store.carry(save("i1", customer="c", note="Line drops in the evening", final=True))
    await store.settled()
    (hit,) = (await find(store, "evening")).hits
    assert (hit.id, hit.field, hit.excerpt) == ("c", "talk", "Line drops in the evening")
    await store.write(assignments.assign, "i1", "other", MatchMethod.CHOSEN, reader=CENTER, at=9.0)
    (hit,) = (await find(store, "evening")).hits
    assert (hit.id, hit.field) == ("other", "talk")
    for hidden, found in (("interaction.note", []), ("customer.note", ["other"])):
        assert await ids(store, "evening", reader("x", Scope.ALL, hidden=frozenset({hidden}))) == found


async def test_a_note_of_a_request_finds_the_request(keeper: Keeper) -> None:
    store = await keeper.open()

    def fill(db: Connection) -> str:
        put(db, "c", "张伟")
        ask(db, "r", "c")
        new = NewNote(text="a xylophone is missing", request="r")
        return customer_notes.add(db, "c", new, at=3.0).id

    note = await store.write(fill)
    (hit,) = (await find(store, "xylophone", kinds=("request",))).hits
    assert (hit.id, hit.field, hit.excerpt) == ("r", "note", "a xylophone is missing")
    blind = reader("x", Scope.ALL, hidden=frozenset({"customer.note"}))
    assert await ids(store, "xylophone", blind) == []
    await store.write(customer_notes.change, note, text="found again", at=4.0)
    assert [hit.id for hit in (await find(store, "again", kinds=("request",))).hits] == ["r"]
    await store.write(customer_notes.remove, note, at=5.0)
    assert (await find(store, "again")).count == 0


async def test_long_texts_cost_little_whoever_writes_or_asks(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it runs beside the calls: what is cut of one record is bounded, however much is noted."""
    store = await keeper.open()
    long = "".join(chr(0x4E00 + n % 17_000) for n in range(20_000))

    def fill(db: Connection) -> None:
        for n in range(3):
            put(db, f"c{n}", f"王{n}", notes=(*[long] * 20, "zebra"), category="vip", index=False)
            ask(db, f"r{n}", f"c{n}", problem=long)
            for m in range(20):
                db.execute(
                    insert(notes).values(
                        id=f"r{n}-n{m}", customer_id=f"c{n}", request=f"r{n}", text=long, version=1,
                        created_at=1.0, updated_at=1.0,
                    )
                )  # fmt: skip

    await store.write(fill)
    folded: list[int] = []
    whole = words.folded

    def counted(text: str) -> str:
        folded.append(len(text))
        return whole(text)

    monkeypatch.setattr(words, "folded", counted)
    await store.write(indexing.index, "customer", ["c0", "c1", "c2"])
    assert sum(folded) < 3 * 1.1 * indexing.CHARACTERS
    folded.clear()
    await store.write(indexing.index, "request", ["r0", "r1", "r2"])
    assert sum(folded) < 3 * 1.1 * indexing.CHARACTERS
    blind = reader("x", Scope.ALL, hidden=frozenset({"customer.id_number", "customer.company"}))
    for question, count in (("王", 3), ("zebra", 0), ("vip", 3), (long[:2], 3), (f"{long[:2]} zebra", 0)):
        folded.clear()
        assert (await find(store, question, blind, kinds=("customer",))).count == count, question
        assert sum(folded) < 3 * 1.2 * indexing.CHARACTERS, question
