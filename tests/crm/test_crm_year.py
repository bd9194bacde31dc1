"""Demonstration data: the same year for the same seed, findable, true to the laws, and in no real store."""

import asyncio
import re
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, func, select
from stores import Keeper
from typer.testing import CliRunner

from contactcenter.cli import cli
from contactcenter.crm import audit, customers, history, id_numbers, indexing, interactions, requests, search
from contactcenter.crm.access import CENTER
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.requests import NewRequest
from contactcenter.crm.schema import interactions as interactions_table
from contactcenter.demo import people, scale
from contactcenter.demo.year import COLUMNS, DAYS, Sizes, Year

SIZES = Sizes(customers=300, interactions=1500, agents=10)
UNTIL = date(2026, 7, 1)
ZONE = "Asia/Shanghai"


def year(seed: int = 1, **sizes: int) -> Year:
    return Year(
        Sizes(**{"customers": 300, "interactions": 1500, "agents": 10} | sizes), seed=seed, until=UNTIL,
        zone=ZoneInfo(ZONE), seal=lambda plain, id_: (plain, id_), name_key=str.lower, password="!",
    )  # fmt: skip


def rows(of: Year) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
    for _, _, piece in of.rows():
        for table, some in piece.items():
            found[table] += some
    return found


async def filled(keeper: Keeper, **options: Any) -> scale.Filled:
    return await scale.fill(
        keeper.place, keeper.path.with_suffix(".key"), SIZES, seed=1, until=UNTIL, zone=ZONE, **options
    )


def test_the_same_seed_gives_the_same_year_and_another_another() -> None:
    first = rows(year())
    assert rows(year()) == first
    other = rows(year(seed=2))
    assert other["customers"] != first["customers"]
    assert not {row[0] for row in other["interactions"]} & {row[0] for row in first["interactions"]}
    assert (len(first["customers"]), len(first["interactions"])) == (300, 1500)


def test_a_year_has_its_seasons_weeks_hours_and_repeat_callers() -> None:
    made = rows(year(interactions=20_000))
    columns = COLUMNS["interactions"]
    at = [
        datetime.fromtimestamp(row[columns.index("arrived_at")], ZoneInfo(ZONE))
        for row in made["interactions"]
    ]
    assert at == sorted(at)
    assert at[0] >= datetime(2025, 7, 1, tzinfo=ZoneInfo(ZONE))
    assert at[-1] < datetime(2026, 7, 1, tzinfo=ZoneInfo(ZONE))
    months, hours = Counter(each.month for each in at), Counter(each.hour for each in at)
    days = Counter(each.weekday() for each in at)
    assert months[11] > 1.5 * months[2]
    assert days[0] > 2 * days[6]
    assert hours[10] > 2 * hours[13] * 0.7 > hours[7]
    assert not hours[3]
    callers = Counter(row[columns.index("customer")] for row in made["interactions"])
    assert callers.most_common(1)[0][1] > 3 * 20_000 / 300
    assert len({each.date() for each in at}) > DAYS * 0.95


def test_id_numbers_are_as_the_store_takes_them() -> None:
    made = [row for row in rows(year())["customers"] if row[COLUMNS["customers"].index("id_number")]]
    assert made
    for row in made:
        plain = row[COLUMNS["customers"].index("id_number")]
        assert id_numbers.id_number(plain, of_person=True) == plain
        assert plain.startswith("99"), "of no region that there is"


def test_every_text_is_in_both_languages() -> None:
    for name, texts in people.TEXTS.items():
        assert set(texts) == {"zh", "en"}, name
        assert all(len(each) >= 2 for each in texts.values())


async def test_it_is_found_and_the_store_goes_on(keeper: Keeper) -> None:
    steps: list[str] = []
    done = await filled(keeper, show=lambda what, *_: steps.append(what))
    assert (done.customers, done.interactions, done.agents) == (300, 1500, 10)
    assert set(steps) == {"customers", "interactions", "index"}
    store = await keeper.open()
    assert await store.read(indexing.progress) is None
    assert await store.read(indexing.count) == done.findable > done.customers + done.requests
    (one,) = (await store.read(customers.page, limit=1)).items
    whole = await store.read(customers.record, one.id)
    assert whole is not None
    found = await store.read(search.find, CENTER, whole.number)
    assert [hit.id for hit in found.hits] == [one.id]
    busiest = await store.read(_busiest)
    entries = (await store.read(history.page, busiest, CENTER)).items
    assert {"interaction"} <= {entry.kind for entry in entries}
    (newest,) = (await store.read(interactions.page, CENTER, limit=1)).items
    read = await store.read(interactions.get, newest.id, CENTER)
    assert read is not None
    assert read.record.final
    assert read.timeline[0].kind == "arrived"
    # The next of each gets a number of its own.
    (made,) = await store.write(customers.create_many, [NewCustomer(name="李")], at=1.0)
    at = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
    opened = await store.write(
        requests.create, NewRequest(customer=made, subject="x"), at=at, zone=ZoneInfo(ZONE)
    )
    assert int(opened.number.partition("-")[2]) > 1
    assert await store.read(audit.broken) is None
    last = (await store.read(audit.page, filters={"act": "load"})).items
    assert last[0].detail["interactions"] == 1500


def _busiest(db: Connection) -> str:
    query = select(interactions_table.c.customer).group_by(interactions_table.c.customer)
    return str(db.scalar(query.order_by(func.count().desc()).limit(1)))


async def test_a_store_with_records_is_left_alone_unless_it_is_said(file_keeper: Keeper) -> None:
    store = await file_keeper.open()
    await store.write(customers.create_many, [NewCustomer(name="王")], at=1.0)
    await file_keeper.close()
    with pytest.raises(scale.NotEmpty, match="say --add if you mean it"):
        await filled(file_keeper)
    assert len(file_keeper.rows("SELECT id FROM customers")) == 1
    await filled(file_keeper, add=True)
    assert len(file_keeper.rows("SELECT id FROM customers")) == 301


async def test_the_commands_from_a_year_to_its_backup_and_back(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.toml").write_text(
            f'fastagi.key = "xxxxxxxx"\n[store]\npath = "{number}/center.db"\nkey = "personal.key"\n[files]\n'
            f'folder = "{number}/files"\n[ivr]\nfallback_queue = "support"\n[queues.support]\n'
            'title = { zh = "支持", en = "Support" }\n'
            '[dispositions]\nsolved = { zh = "已解决", en = "Solved" }\n'
        )

    def run(*args: str) -> Any:
        return CliRunner().invoke(cli, [each.replace("DIR", str(tmp_path)) for each in args])

    async def called(*args: str) -> Any:
        return await asyncio.to_thread(run, *args)

    done = await called("demo-data", "--config", "DIR/1.toml", "--customers", "20", "--interactions", "50")
    assert done.exit_code == 0, done.output
    assert "20 customers, 50 interactions" in done.stdout
    again = await called("demo-data", "--config", "DIR/1.toml")
    assert (again.exit_code, "--add" in again.stderr) == (1, True)
    wrong = await called("demo-data", "--config", "DIR/1.toml", "--until", "tomorrow")
    assert (wrong.exit_code, "give a day such as" in wrong.stderr) == (1, True)
    made = await called("backup", "--config", "DIR/1.toml")
    assert made.exit_code == 0, made.output
    assert "20 customers, 50 interactions" in made.stdout
    match = re.match(r"(\S+\.zip): [\d.]+ MB, made and verified", made.stdout)
    assert match
    tried = await called("restore", match[1], "--check")
    assert tried.exit_code == 0, tried.output
    assert "can be restored" in tried.stdout
    assert not list((tmp_path / "backups").glob(".try-*"))
    nowhere = await called("restore", match[1])
    assert (nowhere.exit_code, "name the configuration" in nowhere.stderr) == (1, True)
    back = await called("restore", match[1], "--config", "DIR/2.toml")
    assert back.exit_code == 0, back.output
    assert "keys: all that it needs are here" in back.stdout
    refused = await called("restore", match[1], "--config", "DIR/2.toml")
    assert (refused.exit_code, "overwrites nothing" in refused.stderr) == (1, True)
    (tmp_path / "personal.key").unlink()
    (tmp_path / "2" / "center.db").unlink()
    for left in (tmp_path / "2").glob("center.db-*"):
        left.unlink()
    bare = await called("restore", match[1], "--config", "DIR/2.toml")
    assert (bare.exit_code, "MISSING: the key" in bare.stdout) == (0, True)
