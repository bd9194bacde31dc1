"""Search: the right record first, the hidden one never, and nothing that is typed breaks it."""

from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update
from stores import Keeper, save

from contactcenter.crm import access, indexing, search, settings
from contactcenter.crm.access import Kind, Reader, Right, Scope
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import addresses, customers, documents, followups, notes, requests, tags
from contactcenter.crm.search import Found
from contactcenter.crm.store import Store

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
