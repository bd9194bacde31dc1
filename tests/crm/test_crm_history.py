"""A customer's history: everything in one order, page by page, across a merge, as far as the reader sees it;
whose an interaction is, when that was said late."""

from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, insert, update
from stores import Keeper, save

from contactcenter.crm import (
    assignments,
    campaigns,
    cards,
    consents,
    customers,
    followups,
    history,
    interactions,
    notes,
    outbox,
    requests,
    schema,
)
from contactcenter.crm.access import CENTER, Kind, Reader, Right, Scope
from contactcenter.crm.consents import NewConsent
from contactcenter.crm.customers import CustomerChange, NewCustomer
from contactcenter.crm.errors import Refusal
from contactcenter.crm.followups import FollowupChange, FollowupState, NewFollowup
from contactcenter.crm.history import HistoryEntry
from contactcenter.crm.notes import NewNote
from contactcenter.crm.requests import NewRequest
from contactcenter.crm.store import Store
from contactcenter.dialer.campaigns import Campaign, Mode
from contactcenter.values import MatchMethod

ZONE = ZoneInfo("Asia/Shanghai")
READING = frozenset(
    {Right.CUSTOMERS_READ, Right.REQUESTS_READ, Right.FOLLOWUPS_READ, Right.INTERACTIONS_READ}
)


def reader(login: str = "tom", scope: Scope = Scope.ALL, **more: Any) -> Reader:
    return Reader(login=login, rights=READING, scopes=dict.fromkeys(Kind, scope), **more)


@pytest.fixture
async def store(keeper: Keeper) -> Store:
    return await keeper.open()


async def customer(store: Store, name: str, at: float = 1.0) -> str:
    return (await store.write(customers.create, NewCustomer(name=name), at=at)).id


async def lives(store: Store, who: str, at: float, name: str) -> None:
    """Everything that can be with a customer, one after the other from `at` on."""
    store.carry(save(f"i-{name}", customer=who, arrived_at=at, agent="tom", final=True))
    await store.settled()
    tom = reader()
    request = await store.write(
        requests.create, NewRequest(customer=who, subject=f"r-{name}"), reader=tom, at=at + 1, zone=ZONE
    )
    await store.write(requests.add_progress, request.id, "Asked", reader=tom, at=at + 2)
    await store.write(notes.add, who, NewNote(text=f"n-{name}"), reader=tom, at=at + 3)
    planned = NewFollowup(title="f", due_at=at + 50, customer=who)
    made = await store.write(followups.create, planned, reader=tom, at=at + 4, zone=ZONE)
    done = FollowupChange(state=FollowupState.DONE)
    await store.write(followups.change, made.id, done, reader=tom, at=at + 5, zone=ZONE)
    said = NewConsent(channel="email", purpose="marketing", state="refused")
    await store.write(consents.give, who, said, reader=tom, at=at + 6)
    await store.write(customers.change, who, CustomerChange(company=f"c-{name}"), at=at + 7)

    def file(db: Connection) -> None:
        db.execute(
            insert(schema.attachments).values(
                id=f"a-{name}", customer_id=who, name="bill.pdf", media_type="application/pdf", bytes=1,
                sha256="", created_at=at + 8, created_by="tom",
            )
        )  # fmt: skip

    await store.write(file)


async def everything(store: Store, who: str, by: Reader, *, limit: int, **more: Any) -> list[HistoryEntry]:
    found: list[HistoryEntry] = []
    cursor = ""
    while True:
        page = await store.read(history.page, who, by, cursor=cursor, limit=limit, **more)
        assert len(page.items) <= limit
        found += page.items
        if not (cursor := page.next):
            return found


async def merged(store: Store, kept: str, gone: str, at: float) -> None:
    def merge(db: Connection) -> None:
        rows = schema.customers
        db.execute(update(rows).where(rows.c.id == gone).values(merged_into=kept))
        db.execute(
            insert(schema.merges).values(
                id="m1", kept=kept, gone=gone, before={}, after={}, at=at, login="tom"
            )
        )

    await store.write(merge)


async def test_everything_is_there_once_in_one_order_whatever_the_pages(store: Store) -> None:
    who = await customer(store, "Ada")
    await lives(store, who, 100.0, "1")
    # Much at one time, of several kinds.
    for _ in range(3):
        await store.write(notes.add, who, NewNote(text="same"), at=200.0)
        await store.write(customers.change, who, CustomerChange(owner=""), at=200.0)
    store.carry(save("i-2", customer=who, arrived_at=200.0, final=True))
    await store.settled()
    whole = await everything(store, who, reader(), limit=200)
    assert {each.kind for each in whole} == set(history.KINDS) - {"merge", "ownership"}
    assert all(one.at >= other.at for one, other in pairwise(whole))
    for limit in (1, 2, 3, 7):
        assert await everything(store, who, reader(), limit=limit) == whole
    some = await everything(
        store, who, reader(), limit=2, kinds=("note", "request"), since=101.0, until=200.0
    )
    assert [each.kind for each in some] == ["note", "request", "request"]
    with pytest.raises(Refusal) as refused:
        await store.read(history.page, who, reader(), kinds=("calls",))
    assert refused.value.field == "kinds"
    for cursor in ("x", "e30", "WzEuMCwgInpvbyAxIl0"):
        with pytest.raises(Refusal) as refused:
            await store.read(history.page, who, reader(), cursor=cursor)
        assert refused.value.field == "cursor"


async def test_a_call_of_a_campaign_says_which(store: Store) -> None:
    who = await customer(store, "Ada")
    new = Campaign(
        id="", name="Spring", mode=Mode.PREVIEW, profile="CN", queue="", lists=(), trunk="", caller_ids=()
    )
    campaign = (await store.write(campaigns.create, new, at=100.0)).campaign.id
    of = {"campaign": campaign, "lead": "l1", "attempt": "dial-1"}
    store.carry(save("dial-1", customer=who, arrived_at=200.0, direction="outbound", final=True, **of))
    store.carry(save("i-2", customer=who, arrived_at=201.0, final=True))
    await store.settled()
    found = await everything(store, who, reader(), limit=5, kinds=("interaction",))
    names = [(each.detail["campaign"], each.detail["campaign_name"], each.detail["lead"]) for each in found]
    assert names == [("", "", ""), (campaign, "Spring", "l1")]
    for name in ("campaign", "lead"):
        page = await store.read(interactions.page, CENTER, filters={name: of[name]})
        assert [(each.id, each.attempt) for each in page.items] == [("dial-1", "dial-1")]
    beside = await store.read(interactions.beside, page.items, CENTER)
    assert beside.campaigns == {campaign: "Spring"}


async def test_a_merge_gathers_both_histories_and_undoing_it_parts_them(store: Store) -> None:
    ada, bob = await customer(store, "Ada"), await customer(store, "Ada B.")
    await lives(store, ada, 100.0, "ada")
    await lives(store, bob, 104.5, "bob")
    alone = [await everything(store, each, reader(), limit=50) for each in (ada, bob)]
    await merged(store, ada, bob, 150.0)
    together = await everything(store, ada, reader(), limit=4)
    assert together[0].kind == "merge"
    assert together[0].detail["gone"] == bob
    assert sorted(together[1:], key=repr) == sorted(alone[0] + alone[1], key=repr)
    assert all(one.at >= other.at for one, other in pairwise(together))
    assert await everything(store, bob, reader(), limit=4) == together, "the old id leads to the same"

    def unmerge(db: Connection) -> None:
        db.execute(update(schema.customers).where(schema.customers.c.id == bob).values(merged_into=""))

    await store.write(unmerge)
    assert await everything(store, bob, reader(), limit=50) == alone[1]


async def test_each_kind_is_seen_by_its_own_right_and_scope(store: Store) -> None:
    who = await customer(store, "Ada")
    await lives(store, who, 100.0, "1")
    kinds = {each.kind for each in await everything(store, who, reader("eve", Scope.OWN), limit=50)}
    assert kinds == {"note", "consent", "attachment", "change"}, "a customer of nobody; the work is another's"
    no_requests = Reader(
        login="eve", rights=READING - {Right.REQUESTS_READ}, scopes=dict.fromkeys(Kind, Scope.ALL)
    )
    assert "request" not in {each.kind for each in await everything(store, who, no_requests, limit=50)}
    await store.write(customers.change, who, CustomerChange(team=""), at=500.0)
    blind = reader(hidden=frozenset({"customer.company", "request.problem"}))
    changes = await everything(store, who, blind, limit=50, kinds=("change",))
    assert "c-1" not in repr(changes)
    with pytest.raises(Refusal) as refused:
        await store.read(history.page, who, Reader(login="eve"))
    assert refused.value.code == "not_found"


async def test_whose_an_interaction_is_can_be_said_after_its_record_is_final(store: Store) -> None:
    ada, bob = await customer(store, "Ada"), await customer(store, "Bob")
    store.carry(save("i1", customer=ada, agent="tom", match=MatchMethod.CALLER_NUMBER, final=True))
    store.carry(save("i2", agent="tom"))
    await store.settled()

    async def assign(interaction: str, who: str, by: Reader = CENTER, at: float = 500.0) -> None:
        method = MatchMethod.CHOSEN
        await store.write(assignments.assign, interaction, who, method, reader=by, at=at)

    await assign("i1", bob)
    found = await store.read(interactions.get, "i1", CENTER)
    assert found
    assert (found.record.customer, found.record.match, found.record.confidence) == (bob, "chosen", 1.0)
    assert found.assignment
    for who, expected in ((ada, []), (bob, ["i1"])):
        page = await store.read(interactions.page, CENTER, filters={"customer": who})
        assert [each.id for each in page.items] == expected
        card = await store.read(cards.get, who)
        assert card
        assert [each.id for each in card.last] == expected
        entries = await everything(store, who, reader(), limit=9, kinds=("interaction",))
        assert [each.id for each in entries] == expected
    await assign("i1", ada, at=501.0)  # the last word counts
    page = await store.read(interactions.page, CENTER, filters={"customer": ada})
    assert [each.id for each in page.items] == ["i1"]
    assert [each.event for each in await store.read(outbox.after, 0, kind="interaction")] == [
        "interaction.ended", "interaction.assign", "interaction.assign",
    ]  # fmt: skip
    with pytest.raises(Refusal) as refused:
        await assign("i2", ada)
    assert refused.value.code == "illegal_now"
    with pytest.raises(Refusal) as refused:
        await assign("i1", ada, by=reader("eve", Scope.OWN))
    assert refused.value.code == "not_found"
