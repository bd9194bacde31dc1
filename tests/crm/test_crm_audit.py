"""The audit log: it only grows, and it shows what was done to it past the triggers."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from stores import REFUSED, Keeper, degraded, recovered
from typer.testing import CliRunner

from contactcenter.cli import cli
from contactcenter.commands import SaveAudit
from contactcenter.crm import audit
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import audit as table
from contactcenter.values import AuditEntry

CENTER = """
[ivr]
fallback_queue = "support"
[store]
path = "{path}"
[queues.support]
title = {{ zh = "支持", en = "Support" }}
[dispositions.done]
zh = "完成"
en = "Done"
"""


def entry(number: int = 1, **fields: Any) -> AuditEntry:
    base: dict[str, Any] = {
        "at": 100.0 + number, "login": "boss", "act": "monitor", "kind": "call", "object": f"c{number}",
        "before": {"priority": 0}, "after": {"priority": 5}, "detail": {"mode": "listen"},
    }  # fmt: skip
    return AuditEntry(**base | fields)


def past_the_triggers(keeper: Keeper, *sql: str) -> None:
    """What somebody does who owns the file."""
    triggers = {"sqlite": ("audit_update", "audit_delete"), "postgresql": ("audit_append_only ON audit",)}
    for trigger in triggers[keeper.engine]:
        keeper.rows(f"DROP TRIGGER IF EXISTS {trigger}")
    for statement in sql:
        keeper.rows(statement)


async def test_rows_follow_each_other_without_gaps(keeper: Keeper) -> None:
    store = await keeper.open()
    first = await store.write(audit.write, entry(1))
    store.carry(SaveAudit(entry=entry(2, granted=False)))
    third = await store.write(audit.write, entry(3, login="admin", at=200))
    assert (first.seq, third.seq, third.at) == (1, 3, 200.0)
    page = await store.read(audit.page)
    assert [(row.seq, row.object, row.granted) for row in page.items] == [
        (3, "c3", True), (2, "c2", False), (1, "c1", True),
    ]  # fmt: skip
    assert page.items[2] == first
    assert (await store.read(audit.last)) == third
    assert await store.read(audit.broken) is None


async def test_pages_and_filters(keeper: Keeper) -> None:
    store = await keeper.open()
    for number in range(1, 8):
        await store.write(audit.write, entry(number, login="boss" if number % 2 else "admin"))
    seen: list[int] = []
    cursor = ""
    while True:
        page = await store.read(audit.page, filters={"login": "boss"}, cursor=cursor, limit=2)
        seen += [row.seq for row in page.items]
        if not (cursor := page.next):
            break
    assert seen == [7, 5, 3, 1]
    page = await store.read(audit.page, since=103.0, until=105.0)
    assert [row.seq for row in page.items] == [4, 3]
    assert not (await store.read(audit.page, granted=False)).items
    for wrong in ({"filters": {"hash": "x"}}, {"cursor": "nonsense"}):
        with pytest.raises(Refusal):
            await store.read(audit.page, **wrong)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit SET login = 'nobody' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 2",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT seq, at, 'nobody', act, kind, object, granted, before, after, "
        "detail, hash FROM audit WHERE seq = 2",
        "TRUNCATE audit",
    ],
)
async def test_no_program_can_change_a_row(keeper: Keeper, sql: str) -> None:
    if {"INSERT": "postgresql", "TRUNCA": "sqlite"}.get(sql[:6]) == keeper.engine:
        pytest.skip("no statement of this engine")
    store = await keeper.open()
    for number in (1, 2, 3):
        await store.write(audit.write, entry(number))
    with pytest.raises(REFUSED, match="append-only"):
        keeper.rows(sql)
    assert await store.read(audit.broken) is None
    with pytest.raises(IntegrityError, match="append-only"):
        await store.write(lambda db: db.execute(table.delete()))


@pytest.mark.parametrize(
    ("sql", "shows"),
    [
        ("UPDATE audit SET login = 'nobody' WHERE seq = 2", 2),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1", 1),
        ("UPDATE audit SET granted = false WHERE seq = 3", 3),
        ("""UPDATE audit SET detail = '{"mode": "barge"}' WHERE seq = 3""", 3),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("UPDATE audit SET seq = seq + 10 WHERE seq = 3", 3),
        ("UPDATE audit SET hash = 'f' WHERE seq = 2", 2),
        ("INSERT INTO audit SELECT 4, at, login, act, kind, object, granted, before, after, detail, 'x' "
         "FROM audit WHERE seq = 3", 4),
    ],
)  # fmt: skip
async def test_what_was_done_past_the_triggers_shows(keeper: Keeper, sql: str, shows: int) -> None:
    store = await keeper.open()
    for number in (1, 2, 3):
        await store.write(audit.write, entry(number))
    past_the_triggers(keeper, sql)
    assert await store.read(audit.broken) == shows


async def test_the_chain_is_followed_in_pieces(keeper: Keeper) -> None:
    store = await keeper.open()
    for number in range(1, 6):
        await store.write(audit.write, entry(number))
    last = await store.read(audit.last)
    assert last
    chain = audit.Chain()
    met = []
    while not chain.whole:
        chain = await store.read(audit.follow, chain, 2)
        met.append(chain.rows)
    assert met == [2, 4, 5]
    assert (chain.hash, chain.broken, await store.read(audit.count)) == (last.hash, None, 5)
    past_the_triggers(keeper, "DELETE FROM audit WHERE seq = 4")
    chain = await store.read(audit.follow, audit.Chain(), 2)
    chain = await store.read(audit.follow, chain, 2)
    assert (chain.rows, chain.broken) == (3, 4)


async def test_rows_cut_off_show_to_who_kept_the_last_one(keeper: Keeper) -> None:
    store = await keeper.open()
    for number in (1, 2, 3):
        await store.write(audit.write, entry(number))
    last = await store.read(audit.last)
    assert last
    assert await store.read(audit.holds, 3, last.hash)
    past_the_triggers(keeper, "DELETE FROM audit WHERE seq = 3")
    assert await store.read(audit.broken) is None
    assert not await store.read(audit.holds, 3, last.hash)


async def test_the_command_says_what_it_found(file_keeper: Keeper, tmp_path: Path) -> None:
    config = tmp_path / "center.toml"
    config.write_text(CENTER.format(path=file_keeper.path), encoding="utf-8")

    async def run(*args: str) -> tuple[int, str]:
        command = ["audit", "verify", "--config", str(config), *args]
        done = await asyncio.to_thread(lambda: CliRunner().invoke(cli, command))
        return done.exit_code, done.output

    store = await file_keeper.open()
    for number in (1, 2, 3):
        await store.write(audit.write, entry(number))
    last = await store.read(audit.last)
    assert last
    status, says = await run()
    assert status == 0, says
    assert "3 rows, each as it was written" in says
    assert f"3:{last.hash}" in says
    assert (await run("--kept", f"3:{last.hash}"))[0] == 0
    status, says = await run("--kept", "3:" + "0" * 64)
    assert (status, "row 3 is not the one that was kept" in says) == (1, True)
    assert (await run("--kept", "three"))[0] == 1
    past_the_triggers(file_keeper, "UPDATE audit SET login = 'nobody' WHERE seq = 2")
    status, says = await run()
    assert (status, "row 2 of the audit log is not as it was written" in says) == (1, True)


async def test_anything_can_be_kept(keeper: Keeper) -> None:
    store = await keeper.open()
    row = await store.write(
        audit.write,
        entry(
            login="a\0b", before=[float("inf"), float("nan"), 1.5, None, True, 2**70], object="\ud800" * 3,
            after={"tuple": (1, 2), "set": {"b", "a"}, 5: "key"}, detail={"text": "x" * 50_000, "odd": set},
        ),
    )  # fmt: skip
    assert row.before == [None, None, 1.5, None, True, 2**70]
    assert row.after == {"tuple": [1, 2], "set": ["a", "b"], "5": "key"}
    assert len(row.detail["text"]) < 21_000
    assert (await store.read(audit.page)).items == (row,)
    assert await store.read(audit.broken) is None


async def test_rows_wait_in_the_journal_while_the_database_is_away(keeper: Keeper) -> None:
    store = await keeper.open()
    store.carry(SaveAudit(entry=entry(1)))
    await store.settled()
    with keeper.locked():
        store.carry(SaveAudit(entry=entry(2)))
        await degraded(store)
        store.carry(SaveAudit(entry=entry(3)))
        await keeper.close()  # the database is still away: the journal has both
    store = await keeper.open()
    await recovered(store)
    assert [row.object for row in (await store.read(audit.page)).items] == ["c3", "c2", "c1"]
    assert await store.read(audit.broken) is None
