"""What a write of a record leaves behind: a row of the audit log and an event, or nothing at all."""

import pytest
from stores import Keeper

from contactcenter.crm import audit, outbox, records
from contactcenter.crm.errors import ChangedMeanwhile
from contactcenter.crm.outbox import News
from contactcenter.crm.records import Change


async def test_a_change_leaves_what_is_different_before_and_after(keeper: Keeper) -> None:
    store = await keeper.open()
    one = {"name": "a", "tier": "gold"}
    await store.write(records.changed, "customer", "c1", None, one, by="agent1", at=1.0)
    two = {"name": "b", "tier": "gold", "note": "n"}
    await store.write(records.changed, "customer", "c1", one, two, by="agent2", at=2.0, version=2)
    await store.write(records.changed, "customer", "c1", two, dict(two), by="agent2", at=3.0, version=3)
    await store.write(records.changed, "customer", "c1", two, None, by="agent1", at=4.0, version=3)
    rows = (await store.read(audit.page)).items
    assert [(row.act, row.login, row.before, row.after) for row in reversed(rows)] == [
        ("create", "agent1", None, one),
        ("change", "agent2", {"name": "a"}, {"name": "b", "note": "n"}),
        ("delete", "agent1", two, None),
    ]
    events = await store.read(outbox.after, 0)
    assert [(row.seq, row.event, row.version, row.login, row.detail) for row in events] == [
        (1, "customer.created", 1, "agent1", {}),
        (2, "customer.changed", 2, "agent2", {"changed": ["name", "note"]}),
        (3, "customer.deleted", 3, "agent1", {}),
    ]
    assert await store.read(audit.broken) is None


async def test_an_event_says_whose_it_was_when_others_see_the_record_now(keeper: Keeper) -> None:
    store = await keeper.open()
    mine = {"owner": "agent1", "team": "east", "customer": "c1", "subject": "s"}
    for n, to in enumerate(({"subject": "t"}, {"team": "west"}, {"owner": ""}, {"customer": "c2"}), 2):
        await store.write(
            records.changed, "request", "r1", mine, mine | to, by="agent1", at=float(n), version=n
        )
    found = [row.detail for row in await store.read(outbox.after, 0)]
    was = {"owner": "agent1", "team": "east"}
    assert found == [
        {"changed": ["subject"]},
        *({"changed": [name], "was": was} for name in ("team", "owner", "customer")),
    ]


async def test_many_changes_keep_their_order_and_an_act_of_its_own_name(keeper: Keeper) -> None:
    store = await keeper.open()
    many = [
        Change(kind="customer", id=f"c{n}", before=None, after={"n": n}, act="import", detail={"file": "f"})
        for n in range(3)
    ]
    await store.write(records.changed_all, many, by="agent1", at=1.0)
    events = await store.read(outbox.after, 0)
    assert [(row.record_id, row.event, row.detail) for row in events] == [
        (f"c{n}", "customer.import", {"file": "f"}) for n in range(3)
    ]


async def test_readers_of_the_outbox_go_on_where_they_were(keeper: Keeper) -> None:
    store = await keeper.open()
    for n in range(5):
        news = News(event="note.created", kind="note" if n % 2 else "customer", record_id=f"n{n}")
        await store.write(outbox.put, news, by="a", at=float(n))
    assert [row.record_id for row in await store.read(outbox.after, 2, limit=2)] == ["n2", "n3"]
    assert [row.record_id for row in await store.read(outbox.after, 0, kind="note")] == ["n1", "n3"]
    assert await store.read(outbox.after, 5) == ()


async def test_an_event_of_what_did_not_happen_is_not_written(keeper: Keeper) -> None:
    store = await keeper.open()

    def half(db: object) -> None:
        records.changed(db, "customer", "c1", None, {"a": 1}, by="a", at=1.0)  # type: ignore[arg-type]
        raise ChangedMeanwhile(1, 2)

    with pytest.raises(ChangedMeanwhile):
        await store.write(half)
    assert await store.read(outbox.after, 0) == ()
    assert (await store.read(audit.page)).items == ()


def test_only_the_version_that_is_there_may_be_changed() -> None:
    records.expect(3, None)
    records.expect(3, 3)
    with pytest.raises(ChangedMeanwhile) as refused:
        records.expect(3, 2)
    assert (refused.value.code, refused.value.field) == ("changed_meanwhile", "If-Match")
    assert "version 2" in str(refused.value)
