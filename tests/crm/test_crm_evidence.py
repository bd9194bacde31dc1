"""A campaign's evidence, read from the store, and printed by the command line."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert
from stores import Keeper
from typer.testing import CliRunner

from contactcenter.cli import cli
from contactcenter.crm import attempt_rows, campaigns, evidence
from contactcenter.crm.access import Kind, Reader, Right, Scope
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import attempts, do_not_call
from contactcenter.crm.store import Store
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.campaigns import Campaign, Mode

BEGAN = 1_800_000_000.0
DAY_S = 86400.0
CENTER = """
zone = "Asia/Shanghai"
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


async def a_campaign(store: Store, name: str = "Summer sale") -> str:
    new = Campaign(
        id="", name=name, mode=Mode.PREDICTIVE, profile="US", queue="support", lists=(), trunk="carrier",
        caller_ids=("+12125550100",), message="who_calls",
    )  # fmt: skip
    made = await store.write(campaigns.create, new, at=BEGAN - 10)
    await store.write(campaigns.save_state, made.campaign.id, "running", by="ann", at=BEGAN)
    return made.campaign.id


def attempt(campaign: str, id_: str, at: float, **fields: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "id": id_, "campaign": campaign, "list": "l", "lead": f"lead{id_}",
        "number": f"+1212555{at % 9973:04.0f}",
        "position": 0, "shows": "+12125550100", "mode": "predictive", "profile": "US", "trunk": "carrier",
        "state": "over", "saved_at": at, "placed_at": at, "rang_at": at + 1, "ended_at": at + 30,
        "outcome": "no_answer", "national_list_at": BEGAN - DAY_S, "zones": ("Etc/GMT-4",),
    }  # fmt: skip
    return {**attempt_rows.values(AttemptRecord(**usual | fields)), "kept_until": 4e9}


def write(db: Connection, rows: list[dict[str, Any]]) -> None:
    db.execute(insert(attempts), rows)


def opted_out(db: Connection, campaign: str, attempt_id: str, at: float) -> None:
    row = {"id": "d1", "number": "+12125550007", "asked": True, "source": "key", "at": at}
    db.execute(insert(do_not_call).values(**row, campaign=campaign, attempt=attempt_id))


async def test_the_evidence_is_read_in_the_order_in_which_the_calls_were_saved(keeper: Keeper) -> None:
    store = await keeper.open()
    mine, other = await a_campaign(store), await a_campaign(store, "Winter")
    dropped = {
        "outcome": "dropped", "answered_at": BEGAN + 10.0, "message_at": BEGAN + 11.5, "message": "who@1",
        "opted_out_at": BEGAN + 20.0,
    }  # fmt: skip
    again = attempt(mine, "b", BEGAN + 5000, lead="leada", number="+12125550007")
    first = attempt(mine, "a", BEGAN, lead="leada", number="+12125550007", **dropped)
    many = [attempt(mine, f"m{n:05}", BEGAN + 100 + n) for n in range(2005)]
    await store.write(write, [again, first, *many, attempt(other, "x", BEGAN)])
    await store.write(opted_out, mine, "a", BEGAN + 20.5)
    report = await store.read(evidence.report, mine, at=BEGAN + DAY_S)
    (period,) = report.periods
    assert period.placed == 2007
    assert (period.opt_outs, period.slowest_opt_out_s) == (1, 0.5)
    assert (period.called_after_opt_out, period.redialled_too_early) == (1, 1)
    assert (report.name, report.started_at) == ("Summer sale", BEGAN)


async def test_of_one_period_alone_what_came_before_still_counts(keeper: Keeper) -> None:
    store = await keeper.open()
    mine = await a_campaign(store)
    second = BEGAN + 30 * DAY_S
    old = [attempt(mine, f"o{n}", second - 600 + n, number="+12125550009") for n in range(3)]
    await store.write(write, [*old, attempt(mine, "n", second, number="+12125550009")])
    for only in (None, 2):
        report = await store.read(evidence.report, mine, at=second + DAY_S, period=only)
        period = report.periods[-1]
        assert (period.number, period.placed, period.calls_too_many) == (2, 1, 1)
    assert [each.number for each in report.periods] == [2]


async def test_a_call_to_a_number_on_the_own_list_is_found_whoever_put_it_there(keeper: Keeper) -> None:
    store = await keeper.open()
    mine = await a_campaign(store)
    calls = [attempt(mine, f"c{n}", BEGAN + 600 * n, number="+12125550007") for n in range(2)]
    refused = attempt(
        mine,
        "r",
        BEGAN + 1800,
        number="+12125550007",
        outcome="refused",
        placed_at=None,
        refusal="do_not_call",
    )
    await store.write(write, [*calls, refused])
    await store.write(opted_out, "another campaign", "its attempt", BEGAN + 300)
    (period,) = (await store.read(evidence.report, mine, at=BEGAN + DAY_S)).periods
    assert (period.opt_outs, period.called_after_opt_out) == (0, 1)


async def test_the_own_list_is_looked_up_and_not_walked_through(file_keeper: Keeper) -> None:
    """With a hundred thousand calls, and twenty thousand numbers on the list, that took seven minutes."""
    store = await file_keeper.open()
    mine = await a_campaign(store)

    def plan(db: Connection) -> str:
        query = str(evidence.unwanted(mine).compile(db, compile_kwargs={"literal_binds": True}))
        return "; ".join(db.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").scalars(3).all())

    assert "SEARCH do_not_call USING INDEX uq_do_not_call_number" in await store.read(plan)


async def test_who_does_not_see_the_campaign_does_not_see_its_evidence(keeper: Keeper) -> None:
    store = await keeper.open()
    mine = await a_campaign(store)
    reader = Reader(
        login="eva", role="x", rights=frozenset({Right.CALLS_TAKE}), scopes={Kind.CAMPAIGN: Scope.OWN}
    )
    with pytest.raises(Refusal) as refused:
        await store.read(evidence.report, mine, at=BEGAN, reader=reader)
    assert refused.value.code == "not_found"


async def test_the_command_line_prints_it_beside_a_running_center(
    tmp_path: Path, file_keeper: Keeper
) -> None:
    config = tmp_path / "center.toml"
    config.write_text(CENTER.format(path=file_keeper.path), encoding="utf-8")
    store = await file_keeper.open()
    mine = await a_campaign(store)
    await store.write(write, [attempt(mine, "a", BEGAN), attempt(mine, "b", BEGAN + 30 * DAY_S)])

    async def run(*args: str) -> tuple[int, str]:
        command = ["compliance", "report", *args, "--config", str(config)]
        done = await asyncio.to_thread(lambda: CliRunner().invoke(cli, command))
        return done.exit_code, done.output

    status, says = await run("Summer sale")
    assert (status, "Period 1: 2027-01-15 16:00:00" in says, "Period 2:" in says) == (0, True, True), says
    assert "kept   ring: 0 given up before 15 s, the shortest after 29.00 s" in says
    status, says = await run(mine, "--json", "--period", "2")
    assert status == 0, says
    assert [each["number"] for each in json.loads(says)["periods"]] == [2]
    await store.write(write, [attempt(mine, "c", BEGAN + 60, ended_at=BEGAN + 63)])
    status, says = await run("Summer sale", "--period", "1")
    assert (status, "BROKEN ring: 1 given up before 15 s" in says) == (1, True), says
    status, says = await run("Nothing")
    assert (status, "there is no campaign 'Nothing'" in says) == (1, True), says
