"""Imports: a real process that dies in the middle, and what cells mean."""

import asyncio
import os
import pickle
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select
from stores import Asked, Keeper, until

from contactcenter.crm import (
    cells,
    customer_rows,
    duplicates,
    fields,
    import_batches,
    imports,
    readers,
    writer,
)
from contactcenter.crm import importer as importer_module
from contactcenter.crm.access import Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.fields import Choice, Field, FieldType
from contactcenter.crm.files import Files, shown_name
from contactcenter.crm.import_values import Duplicates, Import, State, Wish
from contactcenter.crm.importer import DAY_S, KIND, Importer, Spent
from contactcenter.crm.place import Place
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.users import User, Users
from tests.support.committed import read_until

ROWS = 1200
SCRIPT = """
import asyncio, pickle, sys
sys.path[:0] = {path!r}
from test_crm_imports import die
asyncio.run(die(*pickle.loads({places!r})))
"""


MANY = "姓名,手机\n" + "".join(f"客户{n},{13900000000 + n}\n" for n in range(ROWS))


async def begin(
    store: Store,
    files: Files,
    wish: Wish | None = None,
    content: str = MANY,
    *,
    id_: str = "one",
    reader: Reader | None = None,
) -> Any:
    async def sent() -> AsyncIterator[bytes]:
        yield content.encode()

    if reader is None:
        await Users(store, Sessions(store)).create(
            User(login="boss", name="Boss", role="admin"), "long enough"
        )
        known = await store.read(readers.of, "boss")
        assert known
        reader = known.reader
    async with files.receive(sent(), 1 << 20, by="boss") as received:
        files.keep(received, KIND, id_)
    look = await Importer(store, files, zone="UTC", days=1, show=lambda one: None).reading(id_).look()
    await store.write(
        imports.add,
        look,
        id_=id_,
        kind="customer",
        name="x",
        size=received.size,
        reader=reader,
        at=5.0,
    )
    if wish:
        await store.write(imports.set_up, id_, wish, None, reader=reader, at=5.0)
    await store.write(imports.begin, id_, State.RUNNING, reader=reader, at=5.0)
    return reader


async def die(place: Place, folder: Path) -> None:
    """Import until somebody stops it: run by a process that is killed."""
    store = await Store.open(place, tell=lambda _: None, now=time.time, journal_bytes=128 << 10)
    files = Files(folder, store.sealing)
    await begin(store, files)
    Importer(store, files, zone="UTC", days=1, show=lambda one: None).start()
    while True:
        found = await store.read(imports.known, "one")
        assert found
        print(found[0].done, flush=True)


async def test_a_process_that_is_killed_goes_on_exactly_where_it_was(keeper: Keeper, tmp_path: Path) -> None:
    here = Path(__file__).parent
    script = SCRIPT.format(
        path=[str(here), str(here.parents[1])], places=pickle.dumps((keeper.place, tmp_path / "files"))
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        async with asyncio.timeout(50):
            done = 0
            while done < ROWS // 5:
                said = (await process.stdout.readline()).split()
                assert said, "it ended by itself"
                done = int(said[0]) if said[0].isdigit() else done  # the others are its log
    finally:
        os.kill(process.pid, signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
        process._transport.close()  # type: ignore[attr-defined]
    store = await keeper.open()
    found = await store.read(imports.known, "one")
    assert found
    broken_off = found[0]
    assert broken_off.state is State.RUNNING
    assert ROWS // 5 <= broken_off.done == broken_off.created < ROWS
    assert keeper.rows("SELECT count(*) FROM customers") == [(broken_off.done,)], "one transaction"
    shown: list[Import] = []
    files = Files(tmp_path / "files", store.sealing)
    importer = Importer(store, files, zone="UTC", days=1, show=shown.append)
    importer.start()
    await until(lambda: any(one.state is State.DONE for one in shown), 50)
    await importer.stop()
    done = shown[-1]
    assert (done.done, done.created, done.skipped, done.bad) == (ROWS, ROWS, 0, 0)
    assert keeper.rows("SELECT count(*), count(DISTINCT name) FROM customers") == [(ROWS, ROWS)]
    assert keeper.rows("SELECT count(*) FROM audit WHERE act = 'import'") == [(ROWS,)]


async def test_duplicates_of_what_was_imported_are_found_afterwards(keeper: Keeper, tmp_path: Path) -> None:
    store = await keeper.open()
    files = Files(tmp_path / "files", store.sealing)

    two = "name,phone\n王小明,13800138000\n王晓明,13800138000\n"
    reader = await begin(store, files, Wish(duplicates=Duplicates.CREATE), two)
    importer = Importer(store, files, zone="UTC", days=1, show=lambda one: None)
    importer.start()
    pairs = await read_until(store, lambda found: bool(found.items), duplicates.page, reader)
    await importer.stop()
    assert len(pairs.items) == 1


async def test_who_may_import_no_more_is_paused(keeper: Keeper, tmp_path: Path) -> None:
    store = await keeper.open()
    files = Files(tmp_path / "files", store.sealing)
    await begin(store, files)
    await store.write(lambda db: db.exec_driver_sql("UPDATE users SET role = 'agent' WHERE login = 'boss'"))
    shown: list[Import] = []
    importer = Importer(store, files, zone="UTC", days=1, show=shown.append)
    importer.start()
    await until(lambda: bool(shown))
    await importer.stop()
    assert (shown[-1].state, shown[-1].done) == (State.PAUSED, 0)
    assert "may import no more" in shown[-1].error
    assert keeper.rows("SELECT count(*) FROM customers") == [(0,)]


async def test_a_batch_that_was_given_up_and_came_all_the_same_is_gone_on_from(
    keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await keeper.open()
    files = Files(tmp_path / "files", store.sealing)
    await begin(store, files)
    real, slow = import_batches.carry_out, [True]

    def carry_out(db: Connection, *given: Any, **named: Any) -> Any:
        while slow and time.monotonic() < until_:  # longer than its page waits, and then it is done
            db.scalar(select(1))
        slow.clear()
        return real(db, *given, **named)

    until_ = time.monotonic() + 1.0
    monkeypatch.setattr(import_batches, "carry_out", carry_out)
    monkeypatch.setattr(writer, "PATIENCE_S", 0.5)
    monkeypatch.setattr(importer_module, "AGAIN_S", 0.01)
    shown: list[Import] = []
    importer = Importer(store, files, zone="UTC", days=1, show=shown.append)
    importer.start()
    await until(lambda: not slow)
    monkeypatch.setattr(writer, "PATIENCE_S", 30.0)
    await until(lambda: any(one.state is State.DONE for one in shown), 50)
    await importer.stop()
    assert (shown[-1].done, shown[-1].created, shown[-1].bad) == (ROWS, ROWS, 0)
    assert keeper.rows("SELECT count(*) FROM customers") == [(ROWS,)]


async def test_an_import_that_breaks_ends_and_the_next_is_carried_out(
    keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await keeper.open()
    files = Files(tmp_path / "files", store.sealing)
    reader = await begin(store, files, content="name\na\n")
    await begin(store, files, content="name\nb\n", id_="two", reader=reader)
    real = import_batches.carry_out

    def carry_out(db: Connection, id_: str, *given: Any, **named: Any) -> Any:
        if id_ == "one":
            raise KeyError("a bug of ours")
        return real(db, id_, *given, **named)

    monkeypatch.setattr(import_batches, "carry_out", carry_out)
    shown: list[Import] = []
    importer = Importer(store, files, zone="UTC", days=1, show=shown.append)
    importer.start()
    await until(lambda: len(shown) == 3)
    await importer.stop()
    states = {one.id: (one.state, one.error) for one in shown}
    assert states["two"] == (State.DONE, "")
    state, error = states["one"]
    assert (state, "mistake of ours" in error) == (State.FAILED, True)


async def test_a_field_that_is_gone_pauses_what_goes_into_it(keeper: Keeper, tmp_path: Path) -> None:
    store = await keeper.open()
    files = Files(tmp_path / "files", store.sealing)
    size = Field(kind="customer", name="size", title={"zh": "大小", "en": "Size"}, type=FieldType.TEXT)
    await store.write(fields.create, size, by="boss", at=5.0)
    wish = Wish(mapping=("name", "custom.size"))
    reader = await begin(store, files, wish, content="name,size\na,b\n")
    await store.write(fields.remove, "customer", "size", by="boss", at=5.0)
    shown: list[Import] = []
    importer = Importer(store, files, zone="UTC", days=1, show=shown.append)
    importer.start()
    await until(lambda: bool(shown))
    await importer.stop()
    assert (shown[-1].state, shown[-1].error) == (State.PAUSED, "column 2: there is no such field")
    with pytest.raises(Refusal, match="no such field") as refused:
        await store.write(imports.begin, "one", State.RUNNING, reader=reader, at=5.0)
    assert refused.value.field == "mapping.1"


@pytest.mark.parametrize(
    ("hidden", "target"),
    [("id_number", "id_number"), ("phones", "phone.mobile"), ("addresses", "phone"), ("addresses", "email")],
)
async def test_nothing_is_compared_with_what_is_hidden(
    keeper: Keeper, tmp_path: Path, hidden: str, target: str
) -> None:
    store = await keeper.open()
    files = Files(tmp_path / "files", store.sealing)
    wish = Wish(mapping=("name", target))
    reader = await begin(store, files, wish, content="name,x\na,b\n")
    await store.write(imports.stop, "one", State.PAUSED, reader=reader, at=5.0)
    blind = replace(reader, hidden=frozenset({f"customer.{hidden}"}))
    for state in (State.RUNNING, State.CHECKING):
        with pytest.raises(Refusal) as refused:
            await store.write(imports.begin, "one", state, reader=blind, at=5.0)
        assert (refused.value.code, refused.value.field) == ("hidden", "mapping.1")


async def test_a_file_that_nobody_imports_is_not_kept_for_ever(keeper: Keeper, tmp_path: Path) -> None:
    store = await keeper.open()
    files = Files(tmp_path / "files", store.sealing)
    reader = await begin(store, files, content="name\na\n")
    await store.write(imports.stop, "one", State.PAUSED, reader=reader, at=5.0)
    importer = Importer(store, files, zone="UTC", days=1, show=lambda one: None)
    keeper.at = 5.0 + DAY_S - 1
    await importer.sweep()
    assert (await store.read(imports.get, "one", reader)).state is State.PAUSED
    keeper.at = 5.0 + DAY_S + 1
    await importer.sweep()
    assert (await store.read(imports.get, "one", reader)).state is State.CANCELLED
    assert await store.read(imports.sweep, ended_before=keeper.at - DAY_S) == frozenset()
    with pytest.raises(Refusal):
        await store.write(imports.begin, "one", State.RUNNING, reader=reader, at=keeper.at)


async def test_nobody_heaps_up_files(keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "MOST_OPEN", 1)
    store = await keeper.open()
    files = Files(tmp_path / "files", store.sealing)
    reader = await begin(store, files, content="name\na\n")
    with pytest.raises(Refusal) as refused:
        await begin(store, files, content="name\na\n", id_="two", reader=reader)
    assert refused.value.code == "too_many"
    await store.write(imports.stop, "one", State.CANCELLED, reader=reader, at=5.0)
    await begin(store, files, content="name\na\n", id_="two", reader=reader)


# --- cells ---


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13800138000", "13800138000"),
        ("13800138000.0", "13800138000"),
        ("1.3800138000E+10", "13800138000"),
        ("1.3800138E10", None),
        ("1.38E+10", None),
        ("1.10101199003071e+17", None),
        ("•••••••••••••1234", None),
        ("A-12", "A-12"),
    ],
)
def test_digits_that_a_spreadsheet_cut_are_not_guessed(text: str, number: str | None) -> None:
    if number is None:
        with pytest.raises(Refusal):
            cells.digits(text, "phone")
    else:
        assert cells.digits(text, "phone") == number


TITLE = {"zh": "等级", "en": "Segment"}


def field(kind: FieldType, **more: Any) -> Field:
    return Field(kind="customer", name="x", title=TITLE, type=kind, **more)


CHOICES = (Choice(value="vip", title={"zh": "贵宾", "en": "VIP guest"}),)


@pytest.mark.parametrize(
    ("one", "text", "value"),
    [
        (field(FieldType.DATE), "2026年3月31日", "2026-03-31"),
        (field(FieldType.DATE), "2026/3/31", "2026-03-31"),
        (field(FieldType.DATE), "2026-03-31 00:00:00", "2026-03-31"),
        (field(FieldType.DATE), "3/4/2026", None),
        (field(FieldType.DATE), "2026-02-30", None),
        (field(FieldType.DATE), "2026-03-31 12:00", None),
        (field(FieldType.MOMENT), "1970-01-02 08:00", 86_400.0),
        (field(FieldType.MOMENT), "1970-01-02 25:00", None),
        (field(FieldType.AMOUNT), "¥1,234.50", "1234.50"),
        (field(FieldType.NUMBER), "12", 12),
        (field(FieldType.NUMBER), "a dozen", None),
        (field(FieldType.BOOLEAN), "是", True),
        (field(FieldType.BOOLEAN), "No", False),
        (field(FieldType.BOOLEAN), "maybe", None),
        (field(FieldType.CHOICE, choices=CHOICES), "贵宾", "vip"),
        (field(FieldType.CHOICES, choices=CHOICES), "VIP guest; 贵宾", ["vip", "vip"]),
        (field(FieldType.TEXT), "=1+1", "=1+1"),
    ],
)
def test_what_a_cell_means(one: Field, text: str, value: Any) -> None:
    def read() -> Any:
        return customer_rows.wanted([text], ["custom.x"], {"x": one}, "Asia/Shanghai").values["custom"]["x"]

    if value is None:
        with pytest.raises(Refusal) as refusal:
            read()
        assert refusal.value.field == "custom.x"
    else:
        assert read() == value


def test_more_cells_than_columns_are_no_row() -> None:
    with pytest.raises(Refusal, match="3 cells"):
        customer_rows.wanted(["a", "b", "c"], ["name", ""], {}, "UTC")
    assert customer_rows.wanted(["a", "b", " "], ["name", ""], {}, "UTC").values == {"name": "a"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.xlsx", "a.xlsx"),
        ("bill\u202efdp.exe", "billfdp.exe"),
        ("a\0b\n.pdf", "ab.pdf"),
        ("", "file"),
        ("名" * 300 + ".pdf", "名" * 116 + ".pdf"),
        ("\ud800.txt", "?.txt"),
    ],
)
def test_a_file_s_name_is_shown_and_never_a_path(name: str, shown: str) -> None:
    assert shown_name(name) == shown


@pytest.mark.parametrize(
    ("worked_s", "held_s", "rows"),
    [
        (0.06, 0.06, 100),  # as much as it may cost
        (0.12, 0.12, 50),
        (0.03, 0.1, 200),
        (0.03, 1.0, 50),  # somebody else has our processor: others are not to wait for us
        (0.006, 60.0, 50),  # but not for next to nothing
        (0.6, 60.0, 10),
    ],
)
def test_a_batch_is_as_long_as_its_cost_allows(worked_s: float, held_s: float, rows: float) -> None:
    assert Spent(worked_s=worked_s, held_s=held_s).fits(100) == pytest.approx(rows)


async def test_no_batch_looks_through_all_customers(file_keeper: Keeper, tmp_path: Path) -> None:
    """With a million of them, each would take seconds."""
    store = await file_keeper.open()
    files = Files(tmp_path / "files", store.sealing)
    await begin(store, files, Wish(duplicates=Duplicates.UPDATE))
    with Asked() as asked:
        shown: list[Import] = []
        importer = Importer(store, files, zone="UTC", days=1, show=shown.append)
        importer.start()
        await until(lambda: any(one.state is State.DONE for one in shown), 50)
        await importer.stop()
    await store.close()
    plans = asked.plans(file_keeper.path)
    assert len(plans) > 20
    assert [
        text for text, plan in plans.items() if any(each.startswith("SCAN customers") for each in plan)
    ] == []
