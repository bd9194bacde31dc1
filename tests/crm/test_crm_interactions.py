"""Exactly one final record for each interaction, whatever comes twice, late or in another order."""

import asyncio
import tempfile
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from stores import REFUSED, Keeper, record, save

from contactcenter.commands import CorrectDisposition
from contactcenter.crm import interactions, schema
from contactcenter.crm.access import CENTER, Kind, Reader, Right, Scope
from contactcenter.crm.errors import Refusal
from contactcenter.crm.store import Store
from contactcenter.values import InteractionRecord, MatchMethod


def test_the_table_has_the_record_s_fields_and_no_other() -> None:
    assert {c.name for c in schema.interactions.columns} == {f.name for f in fields(InteractionRecord)}


async def test_every_field_comes_back_as_it_was_saved(keeper: Keeper) -> None:
    full = record(
        channel="chat", direction="outbound", agent_leg="x", caller_name="王 😀", language="zh", customer="c",
        match=MatchMethod.ENTERED_NUMBER, queue="support", agent="agent1", last_node="menu",
        outcome="answered",
        disposition="sold", note="n", callback="+8613900000001", error="e", queued_at=1.5, offered_at=2.5,
        answered_at=3.5, ended_at=4.5, closed_at=5.5, waited_s=1.25, talked_s=2.25, wrapped_s=3.25, offers=2,
        inferred=True, final=True,
    )  # fmt: skip
    store = await keeper.open()
    store.carry(replace(save(), record=full))
    await store.settled()
    found = await store.read(interactions.get, "i1", CENTER)
    assert found is not None
    assert found.record == full


async def test_a_record_grows_and_its_timeline_counts_on(keeper: Keeper) -> None:
    store = await keeper.open()
    store.carry(save(said=("arrived", "queued")))
    store.carry(save(said=("offered",), queue="support"))
    await store.settled()
    store.carry(save(said=("ended",), queue="support", outcome="answered", final=True))
    await store.settled()
    found = await store.read(interactions.get, "i1", CENTER)
    assert found is not None
    assert [entry.kind for entry in found.timeline] == ["arrived", "queued", "offered", "ended"]
    assert found.timeline[0].detail == {"n": 1}
    assert (found.record.outcome, found.record.queue, found.record.final) == ("answered", "support", True)
    assert keeper.rows("SELECT seq FROM timeline ORDER BY seq") == [(0,), (1,), (2,), (3,)]


async def test_everybody_who_had_the_caller_has_a_part_in_the_record(keeper: Keeper) -> None:
    store = await keeper.open()
    for agent in ("", "tom", "ann", "tom"):
        store.carry(save(agent=agent))
    await store.settled()
    for agent in ("tom", "eva"):
        store.carry(save(agent=agent))
    store.carry(save("i2", agent="ann"))
    await store.settled()
    found = await store.read(interactions.get, "i1", CENTER)
    assert found is not None
    assert (found.record.agent, found.workers) == ("eva", {"tom", "ann", "eva"})
    for agent, theirs in (("tom", ["i1"]), ("ann", ["i2", "i1"]), ("eva", ["i1"]), ("leo", [])):
        page = await store.read(interactions.page, CENTER, filters={"agent": agent}, since=1.0, until=1000.0)
        assert [each.id for each in page.items] == theirs
    first = await store.read(interactions.page, CENTER, filters={"agent": "ann"}, limit=1)
    second = await store.read(interactions.page, CENTER, filters={"agent": "ann"}, limit=1, cursor=first.next)
    assert [each.id for each in second.items] == ["i1"]


async def test_an_agent_s_interactions_are_found_by_an_index(file_keeper: Keeper) -> None:
    store = await file_keeper.open()
    asked = []
    event.listen(store._reading.sync_engine, "before_cursor_execute", lambda *said: asked.append(said[2:4]))
    for scope in Scope:
        boss = Reader(
            login="tom", rights=frozenset({Right.INTERACTIONS_READ}), scopes={Kind.INTERACTION: scope},
            queues=frozenset({"support"}), teams=("east",),
        )  # fmt: skip
        asked.clear()
        await store.read(interactions.page, boss, filters={"agent": "tom"}, since=1.0, until=2.0)
        await _is_found_by_an_index(store, asked)


async def _is_found_by_an_index(store: Store, asked: list[Any]) -> None:
    ((sql, values),) = [said for said in asked if "workers" in said[0]]
    plan = await store.read(
        lambda db: db.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).scalars(3).all()
    )
    assert "SEARCH workers USING COVERING INDEX ix_workers_login_arrived_at_interaction_id" in plan[0]
    assert not [step for step in plan if step.startswith(("SCAN", "USE TEMP"))]


async def test_a_second_final_is_counted_and_changes_nothing(keeper: Keeper) -> None:
    store = await keeper.open()
    store.carry(save(said=("a",), outcome="answered", final=True))
    await store.settled()
    store.carry(save(said=("b",), outcome="abandoned", final=True))
    store.carry(save(said=("c",), outcome="failed"))
    await store.settled()
    assert keeper.rows("SELECT outcome, final FROM interactions") == [("answered", 1)]
    assert keeper.rows("SELECT kind FROM timeline") == [("a",)]
    assert store.health()["second_finals"] == 2


async def test_two_finals_in_one_commit_are_one(keeper: Keeper) -> None:
    store = await keeper.open()
    for outcome in ("answered", "abandoned"):
        store.carry(save(said=(outcome,), outcome=outcome, final=True))
    await store.settled()
    assert keeper.rows("SELECT outcome FROM interactions") == [("answered",)]
    assert keeper.rows("SELECT kind FROM timeline") == [("answered",)]
    assert store.health()["second_finals"] == 1


@pytest.mark.parametrize("sql", ["UPDATE interactions SET note = 'x'", "DELETE FROM interactions"])
async def test_no_program_can_change_a_final_record(keeper: Keeper, sql: str) -> None:
    store = await keeper.open()
    store.carry(save("open"))
    await store.settled()
    keeper.rows("UPDATE interactions SET note = 'may change' WHERE id = 'open'")
    store.carry(save("shut", final=True))
    await store.settled()
    with pytest.raises(REFUSED, match="a final record never changes"):
        keeper.rows(sql)


_SAVES = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.integers(0, 9), st.booleans(), st.sampled_from(["", "settle", "reopen"])
    ),
    min_size=1,
    max_size=25,
)  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(_SAVES)
def test_any_interleaving_leaves_the_first_final_record(steps: list[tuple[str, int, bool, str]]) -> None:
    """Saves of three interactions in any order, doubled, after the end, over commits and restarts."""

    async def play(path: Path) -> None:
        keeper = Keeper(path)
        try:
            store = await keeper.open()
            for id_, n, final, then in steps:
                store.carry(save(id_, said=(f"{n}",), offers=n, final=final))
                if then == "settle":
                    await store.settled()
                elif then == "reopen":
                    await keeper.close()
                    store = await keeper.open()
            await store.settled()
            rows = {id_: (offers, bool(final)) for id_, offers, final in keeper.rows(
                "SELECT id, offers, final FROM interactions"
            )}  # fmt: skip
            for id_ in {id_ for id_, *_ in steps}:
                mine = [(n, final) for i, n, final, _ in steps if i == id_]
                end = next((i for i, (_, final) in enumerate(mine) if final), len(mine) - 1)
                assert rows[id_] == mine[end]
                said = keeper.rows(
                    f"SELECT seq, kind FROM timeline WHERE interaction_id = '{id_}' ORDER BY seq"
                )
                assert said == [(i, str(n)) for i, (n, _) in enumerate(mine[: end + 1])]
        finally:
            await keeper.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder) / "center.db"))


async def test_a_late_disposition_stands_beside_the_record(keeper: Keeper) -> None:
    store = await keeper.open()
    store.carry(save(customer="c", disposition="none", final=True))
    for code in ("sold", "returned"):
        store.carry(
            CorrectDisposition(interaction="i1", login="agent1", at=9.0, code=code, note="late", callback="")
        )
    await store.settled()
    found = await store.read(interactions.get, "i1", CENTER)
    assert found is not None
    assert found.record.disposition == "none"
    assert [c.code for c in found.corrections] == ["sold", "returned"]
    (past,) = await store.read(interactions.last_of, "c")
    assert (past.disposition, past.note) == ("returned", "late")


async def test_what_was_left_open_is_told_at_start(keeper: Keeper) -> None:
    store = await keeper.open()
    assert await keeper.restored() == ()
    for n, id_ in enumerate(("i1", "i2", "i3")):
        store.carry(save(id_, arrived_at=float(9 - n), queued_at=5.5))
    store.carry(save("i2", final=True))
    await keeper.close()
    await keeper.open()
    restored = await keeper.restored()
    assert [(r.id, r.queued_at) for r in restored] == [("i3", 5.5), ("i1", 5.5)]


async def test_hostile_text_is_stored_and_harmless(keeper: Keeper) -> None:
    name = "<img src=x onerror=alert(1)>\0\ud800\u202e'; DROP TABLE interactions; --😀"
    store = await keeper.open()
    store.carry(save(caller=name, caller_name="x" * 10_000, said=("k\0",)))
    store.carry(save("i2", note="y" * 4001))
    await store.settled()
    found = await store.read(interactions.get, "i1", CENTER)
    assert found is not None
    assert found.record.caller == name.replace("\0", "\ufffd").replace("\ud800", "\ufffd")
    assert found.record.caller_name == "x" * 200 + "…[+9800]"
    assert found.timeline[0].kind == "k\ufffd"
    assert keeper.rows("SELECT substr(note, 4000) FROM interactions WHERE id = 'i2'") == [("y…[+1]",)]


async def test_pages_follow_each_other_without_gap_or_double(keeper: Keeper) -> None:
    store = await keeper.open()
    for n in range(7):  # three of them arrive at the same time
        store.carry(save(f"i{n}", arrived_at=float(min(n, 4)), queue="sales" if n % 2 else "support"))
    await store.settled()
    seen, cursor = [], ""
    while True:
        page = await store.read(interactions.page, CENTER, cursor=cursor, limit=2)
        seen += [r.id for r in page.items]
        # What arrives meanwhile comes before the first page, and shifts nothing.
        store.carry(save(f"later{len(seen)}", arrived_at=1e6))
        await store.settled()
        if not (cursor := page.next):
            break
    assert seen == ["i6", "i5", "i4", "i3", "i2", "i1", "i0"]
    page = await store.read(interactions.page, CENTER, filters={"queue": "sales"}, since=1.0, until=4.0)
    assert [r.id for r in page.items] == ["i3", "i1"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"filters": {"note": "x"}}, {"filters": {"id; DROP TABLE users": ""}}, {"cursor": "????"},
        {"cursor": "WyJ0ZXh0IiwgImkxIl0"}, {"cursor": "WzEuMCwgNV0"}, {"cursor": "W10"}, {"limit": 0},
    ],
)  # fmt: skip
async def test_what_is_not_on_the_list_is_refused(keeper: Keeper, wrong: dict[str, object]) -> None:
    store = await keeper.open()
    with pytest.raises(Refusal):
        await store.read(interactions.page, CENTER, **wrong)
