"""Importing leads and do-not-call lists: what becomes of every row, and a copy that is whole or does not
count."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from sqlalchemy import insert
from stores import Asked, Keeper, until

from contactcenter.crm import customers, imports, national_lists, readers
from contactcenter.crm.access import Reader
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.errors import Refusal
from contactcenter.crm.files import Files
from contactcenter.crm.import_values import Duplicates, Import, State, Wish
from contactcenter.crm.importer import KIND, Importer
from contactcenter.crm.lead_rows import LeadRows
from contactcenter.crm.leads import number_of
from contactcenter.crm.schema import do_not_call, lists
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.tables import Unreadable
from contactcenter.crm.users import User, Users

AT = 1_000_000.0


class Desk:
    """An administrator with files in his hand."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.files = Files(folder, store.sealing)
        self.reader = Reader(login="")
        self._sent = 0

    async def sit(self) -> "Desk":
        await Users(self.store, Sessions(self.store)).create(
            User(login="boss", name="Boss", role="admin"), "long enough"
        )
        known = await self.store.read(readers.of, "boss")
        assert known
        self.reader = known.reader
        return self

    async def list_(self, id_: str) -> str:
        row = {"id": id_, "name": id_, "version": 1, "created_at": AT, "updated_at": AT}
        await self.store.write(lambda db: db.execute(insert(lists).values(**row)) and None)
        return id_

    def importer(self, shown: list[Import]) -> Importer:
        return Importer(self.store, self.files, zone="Asia/Shanghai", days=1, show=shown.append)

    async def send(
        self, content: str | bytes, kind: str = "lead", wish: Wish | None = None, **into: Any
    ) -> str:
        async def sent() -> AsyncIterator[bytes]:
            yield content if isinstance(content, bytes) else content.encode()

        self._sent += 1
        id_ = f"i{self._sent}"
        async with self.files.receive(sent(), 1 << 22, by="boss") as received:
            self.files.keep(received, KIND, id_)
        look = await self.importer([]).reading(id_).look()
        await self.store.write(
            imports.add, look, id_=id_, kind=kind, name="x", size=1, reader=self.reader, at=AT, **into
        )
        if wish:
            await self.store.write(imports.set_up, id_, wish, None, reader=self.reader, at=AT)
        return id_

    async def run(
        self, content: str | bytes, kind: str = "lead", wish: Wish | None = None, **into: Any
    ) -> Import:
        return await self.carry_out(await self.send(content, kind, wish, **into))

    async def carry_out(self, id_: str, state: State = State.RUNNING) -> Import:
        await self.store.write(imports.begin, id_, state, reader=self.reader, at=AT)
        shown: list[Import] = []
        importer = self.importer(shown)
        importer.start()
        await until(lambda: any(each.state not in imports.BUSY for each in shown), 50)
        await importer.stop()
        return shown[-1]

    async def told(self, one: Import) -> list[tuple[int, str, str]]:
        found = await self.store.read(imports.rejects, one.id, self.reader)
        return [(each.row, each.field, each.reason) for each in found]


@pytest.fixture
async def desk(keeper: Keeper, tmp_path: Path) -> Desk:
    return await Desk(await keeper.open(), tmp_path / "files").sit()


LEADS = (
    "姓名,手机号,Home phone,客户编号,语言,优先级,Time zone,State,Opt in,Consent date,Product,生日\n"
    "王小明,13800138000.0,,,中文,5,,,web form,2026-03-31 14:30,Gold,1990-03-07\n"
    "Ann,+1 305 555 0100; 13800138001,+1 305 555 0101,K1,en,,,FL,,,=SUM(A1),\n"
    "短,12,,,,,,,,,,\n"
    "Bob,1.38E+10,,,,,,,,,,\n"
    "Cy,13800138002,,K9,,,,,,,,\n"
    "Di,13800138003,,,,high,,,,,,\n"
    "Ed,13800138004,,,,,Mars/Base,,,,,\n"
    "Flo,13800138005,,,,,,,,2026-01-01,,\n"
    ",,,,,,,,,,,\n"
    "No one,,,,,,,,,,,\n"
    "Twice,13800138000,,,,,,,,,,\n"
    "Never,13800138009,,,,,,,,,,\n"
    "Half,13800138009;13800138010,,,,,,,,,,\n"
)


async def test_every_row_becomes_a_lead_or_says_why_not(keeper: Keeper, desk: Desk) -> None:
    await desk.list_("spring")
    await desk.store.write(
        lambda db: (
            db.execute(
                insert(do_not_call).values(id="d", number="+8613800138009", asked=True, source="agent", at=AT)
            )
            and None
        )
    )
    for number, phone in (("K1", "13800138001"), ("K2", "13800138000")):
        await desk.store.write(
            customers.create, NewCustomer(name="x", number=number, phones=(phone,)), at=AT, reader=desk.reader
        )
    id_ = await desk.send(LEADS, into="spring")
    one = await desk.store.read(imports.get, id_, desk.reader)
    assert one
    assert [each.target for each in one.columns] == [
        "name", "phone.mobile", "phone.home", "customer", "language", "priority", "zone", "region", "consent",
        "consent_at", "", "",
    ]  # fmt: skip
    kept = Wish(mapping=(*(each.target for each in one.columns[:-2]), "field", "field"))
    await desk.store.write(imports.set_up, id_, kept, None, reader=desk.reader, at=AT)
    bad = {
        3: "phone.mobile",
        4: "phone.mobile",
        5: "customer",
        6: "priority",
        7: "zone",
        8: "consent_at",
        10: "phone",
    }
    for state in (State.CHECKING, State.RUNNING):
        done = await desk.carry_out(id_, state)
        assert (done.created, done.skipped, done.bad, done.done) == (3, 2, 7, 13), done
        told = await desk.told(done)
        assert {row - 1: field for row, field, _ in told if row < 12} == bad
        assert [(row, "do-not-call" in why) for row, _, why in told if row > 11] == [(13, True), (14, True)]
        rows = keeper.rows("SELECT count(*) FROM leads")
        assert rows == [(0 if state is State.CHECKING else 3,)], "checking writes nothing"
    found = keeper.rows(
        "SELECT name, language, priority, state, consent, consent_at, fields, customer, region, created_by "
        "FROM leads ORDER BY priority DESC, customer = '', name"
    )
    as_json = lambda value: value if isinstance(value, dict) else json.loads(value)  # noqa: E731 - by engine
    ids = dict(keeper.rows("SELECT number, id FROM customers"))
    assert [(*row[:6], as_json(row[6]), *row[7:]) for row in found] == [
        ("王小明", "zh", 5, "due", "web form", 1774938600.0, {"Product": "Gold", "生日": "1990-03-07"},
         ids["K2"], "", "boss"),
        ("Ann", "en", 0, "due", "", None, {"Product": "=SUM(A1)"}, ids["K1"], "US-FL", "boss"),
        ("Half", "", 0, "due", "", None, {}, "", "", "boss"),
    ]  # fmt: skip
    numbers = keeper.rows(
        "SELECT name, number, kind, position, regions FROM lead_numbers JOIN leads ON leads.id = lead "
        "WHERE name <> '王小明' ORDER BY name, position"
    )
    assert [row[:4] for row in numbers] == [
        ("Ann", "+13055550100", "mobile", 0), ("Ann", "+8613800138001", "mobile", 1),
        ("Ann", "+13055550101", "home", 2), ("Half", "+8613800138010", "mobile", 0),
    ]  # fmt: skip
    assert "US-FL" in numbers[0][4]
    assert keeper.rows("SELECT detail FROM audit WHERE kind = 'list' AND act = 'import'"), "who, and how many"


@pytest.mark.parametrize(
    ("region", "postcode", "number", "home"),
    [
        ("", "33101", "+19175550123", "US-FL"), ("NY", "33101", "+19175550123", "US-NY"),
        ("GB", "SW1A 1AA", "+442079460958", "GB"), ("", "33101", "+442079460958", ""),
        ("", "", "+19175550123", ""),
    ],
)  # fmt: skip
def test_the_state_of_a_zip_code_holds_for_numbers_that_the_lead_gets_later(
    region: str, postcode: str, number: str, home: str
) -> None:
    into = ("phone", "region", "postcode")
    row = LeadRows(into, into, "US", "UTC").read((number, region, postcode))
    assert row["region"] == home
    later = number_of("+12125550199", country="US", region=row["region"])
    assert home in ("", *later.regions)


@pytest.mark.parametrize(
    ("duplicates", "elsewhere", "counts", "leads"),
    [
        ("skip", "create", (1, 0, 3), {"old": 1, "new": 2}),
        ("create", "create", (4, 0, 0), {"old": 1, "new": 5}),
        ("update", "skip", (0, 2, 2), {"old": 1, "new": 1}),
        ("skip", "update", (0, 2, 2), {"old": 1, "new": 1}),
    ],
)
async def test_a_number_that_is_there_already(
    keeper: Keeper,
    desk: Desk,
    duplicates: str,
    elsewhere: str,
    counts: tuple[int, ...],
    leads: dict[str, int],
) -> None:
    for name, phone in (("old", "13800138001"), ("new", "13800138002")):
        await desk.list_(name)
        await desk.run(f"name,phone\nFirst,{phone}\n", into=name)
    again = (
        "name,phone,phone.work,x\nA,13800138001,,\nB,13800138002,13800138003,\nC,13800138002,,\n"
        "D,13800138001,,\n"
    )
    wish = Wish(duplicates=Duplicates(duplicates), elsewhere=Duplicates(elsewhere))
    done = await desk.run(again, wish=wish, into="new")
    assert (done.created, done.changed, done.skipped) == counts
    assert dict(keeper.rows("SELECT list, count(*) FROM leads GROUP BY list")) == leads
    names = {row[0] for row in keeper.rows("SELECT name FROM leads WHERE list = 'new'")}
    if duplicates == "update":
        assert names == {"C"}
        assert len(keeper.rows("SELECT 1 FROM lead_numbers WHERE number = '+8613800138003'")) == 1


@pytest.mark.parametrize("elsewhere", [Duplicates.SKIP, Duplicates.CREATE])
async def test_no_row_is_compared_with_the_whole_list(
    file_keeper: Keeper, tmp_path: Path, elsewhere: Duplicates
) -> None:
    """By its numbers, not by the list: else each batch takes longer than the one before."""
    desk = await Desk(await file_keeper.open(), tmp_path / "files").sit()
    into = await desk.list_("spring")
    file = "phone\n" + "".join(f"139000{n:05d}\n" for n in range(300))
    await desk.run("phone\n13900000001\n", into=into)
    with Asked() as asked:
        wish = Wish(mapping=("phone",), duplicates=Duplicates.SKIP, elsewhere=elsewhere)
        again = await desk.run(file, wish=wish, into=into)
    assert (again.created, again.skipped) == (299, 1)
    await desk.store.close()
    plans = asked.plans(file_keeper.path)
    compared = [plan for text, plan in plans.items() if "lead_numbers.number IN" in text]
    assert compared
    assert not [plan for plan in compared if "lead_numbers" not in plan[0]], compared


async def test_columns_that_can_not_be_kept_are_refused_by_name(desk: Desk) -> None:
    await desk.list_("spring")
    id_ = await desk.send("phone,a,a\n13800138000,1,2\n", into="spring")

    async def begin(mapping: tuple[str, ...]) -> None:
        await desk.store.write(imports.set_up, id_, Wish(mapping=mapping), None, reader=desk.reader, at=AT)
        await desk.store.write(imports.begin, id_, State.RUNNING, reader=desk.reader, at=AT)

    for mapping, wrong in (
        (("phone", "field", "field"), "mapping.2"), (("", "field", ""), "mapping"),
        (("phone", "name.x", ""), "mapping.1"),
    ):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            await begin(mapping)
        assert refused.value.field == wrong
    with pytest.raises(Refusal, match="no such list"):
        await desk.send("phone\n13800138000\n", into="elsewhere")


async def test_a_list_of_broken_bytes_is_imported_as_far_as_it_is_sound(keeper: Keeper, desk: Desk) -> None:
    await desk.list_("spring")
    rows = b"".join(
        b"\xff\xfe\x80,138\xc3\n" if n % 10 == 9 else f"名字{n},{13800000000 + n}\n".encode()
        for n in range(2_000)
    )
    done = await desk.run(b"name,phone\n" + rows, into="spring")
    assert (done.created, done.bad, done.done) == (1_800, 200, 2_000)
    assert keeper.rows("SELECT count(*) FROM lead_numbers") == [(1_800,)]


HOSTILE = (
    "电话,姓名,同意,同意日期,产品,手机,手机\n"
    "13800138000,=1+1,=HYPERLINK(0),2026-03-01,@SUM(1),13800138001,13800138002\n"  # three numbers, formulas
    "8.61E+10,cut,,,,,\n"
    "8.613800138003E+12,whole,,,,,\n"  # all its digits are there
    "13800138004,serial,form,45000,,,\n"  # a day as Excel counts them
    "13800138005,a\0b,,,,,\n"
    f"13800138006,{'长' * 1_000_000},,,,,\n"
    "13800138007,new,,,,,,,,,,,too,wide\n"
)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
async def test_whatever_stands_in_a_cell_is_that_row_s_affair(
    keeper: Keeper, desk: Desk, encoding: str
) -> None:
    await desk.list_("spring")
    wish = Wish(mapping=("phone", "name", "consent", "consent_at", "field", "phone.mobile", "phone.mobile"))
    done = await desk.run(HOSTILE.encode(encoding), wish=wish, into="spring")
    told = await desk.told(done)
    assert [(row, field) for row, field, _ in told] == [
        (3, "phone"), (5, "consent_at"), (6, ""), (7, ""), (8, ""),
    ]  # fmt: skip
    reasons = " ".join(reason for *_, reason in told)
    for says in ("cut this number short", "year-month-day", "NUL", "characters", "14 cells"):
        assert says in reasons, reasons
    assert (done.created, done.bad) == (2, 5)
    found = keeper.rows("SELECT name, consent, fields FROM leads ORDER BY name")
    fields = [row[2] if isinstance(row[2], dict) else json.loads(row[2]) for row in found]
    assert [row[:2] for row in found] == [("=1+1", "=HYPERLINK(0)"), ("whole", "")], "text, and no more"
    assert fields == [{"产品": "@SUM(1)"}, {}]
    numbers = [row[0] for row in keeper.rows("SELECT number FROM lead_numbers ORDER BY number")]
    assert numbers == [f"+861380013800{n}" for n in range(4)]


async def test_two_columns_can_not_both_be_the_name(desk: Desk) -> None:
    await desk.list_("spring")
    id_ = await desk.send("phone,name,name\n13800138000,1,2\n", into="spring")
    one = await desk.store.read(imports.get, id_, desk.reader)
    assert one
    assert [each.target for each in one.columns] == ["phone", "name", ""], "what is meant is not guessed"
    wish = Wish(mapping=("phone", "name", "name"))
    with pytest.raises(Refusal) as refused:
        await desk.store.write(imports.set_up, id_, wish, None, reader=desk.reader, at=AT)
    assert refused.value.field == "mapping.2"


def workbook(*rows: tuple[Any, ...]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


async def test_a_workbook_s_days_and_formulas_are_what_they_show(keeper: Keeper, desk: Desk) -> None:
    await desk.list_("spring")
    content = workbook(
        ("phone", "name", "consent", "consent date", "sum"),
        (13800138000, "Ann", "form", datetime(2026, 3, 31, 14, 30), "=1+1"),  # noqa: DTZ001 - as Excel has it
        ("13800138001", "Bob", "form", 45000, ""),
    )
    wish = Wish(mapping=("phone", "name", "consent", "consent_at", "field"))
    done = await desk.run(content, wish=wish, into="spring")
    told = await desk.told(done)
    assert [(row, field) for row, field, _ in told] == [(3, "consent_at")], "a number is no day"
    (found,) = keeper.rows("SELECT name, consent_at, fields FROM leads")
    assert found[:2] == ("Ann", datetime(2026, 3, 31, 14, 30, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp())
    assert found[2] in ({}, "{}"), "of a formula counts what was saved as its value: nothing here"


async def test_a_workbook_made_to_burst_is_refused_before_it_is_unpacked(desk: Desk) -> None:
    await desk.list_("spring")
    inside = io.BytesIO(workbook(("phone",), (13800138000,)))
    file = io.BytesIO()
    with zipfile.ZipFile(inside) as sound, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bomb:
        for name in sound.namelist():
            tail = b" " * (60 << 20) if name == "xl/worksheets/sheet1.xml" else b""
            bomb.writestr(name, sound.read(name) + tail)
    assert len(file.getvalue()) < 1 << 20
    with pytest.raises(Unreadable, match="no spreadsheet packs"):
        await desk.send(file.getvalue(), into="spring")


# --- numbers ---


async def test_our_own_list_takes_each_number_once(keeper: Keeper, desk: Desk) -> None:
    content = "phone,reason,date\n13800138001,letter,2026-03-31\n13800138001,,\nnonsense,,\n13800138002,,\n"
    for created in (2, 0):
        done = await desk.run(content, "do_not_call")
        assert (done.created, done.skipped, done.bad) == (created, 3 - created, 1)
    rows = keeper.rows("SELECT number, source, reason, at, login FROM do_not_call ORDER BY number")
    assert rows == [
        ("+8613800138001", "import", "letter", 1774886400.0, "boss"),
        ("+8613800138002", "import", "", AT, "boss"),
    ]


async def test_a_national_list_is_replaced_when_the_new_copy_is_whole(keeper: Keeper, desk: Desk) -> None:
    counting = (
        "SELECT number FROM national_numbers n JOIN national_lists l ON l.name = n.list "
        "WHERE n.edition = l.edition ORDER BY number"
    )

    async def copy(numbers: str, fetched_at: float, name: str = "us") -> str:
        return await desk.send(
            f"area,number\n{numbers}", "do_not_call", Wish(region="US"),
            into=name, profile="US", fetched_at=fetched_at,
        )  # fmt: skip

    await desk.carry_out(await copy("305,5550100\n305,5550101\n", AT - 10))
    assert keeper.rows(counting) == [("+13055550100",), ("+13055550101",)]
    # A second copy that is stopped in the middle: nothing of it counts, and the next one can come.
    second = await copy("305,5550102\n", AT - 5)
    await desk.store.write(imports.begin, second, State.RUNNING, reader=desk.reader, at=AT)
    third = await copy("305,5550103\n305,5550104\n", AT)
    with pytest.raises(Refusal) as refused:
        await desk.store.write(imports.begin, third, State.RUNNING, reader=desk.reader, at=AT)
    assert refused.value.code == "taken"
    await desk.store.write(national_lists.load, "us", ["+13055550102"])
    await desk.store.write(imports.stop, second, State.CANCELLED, reader=desk.reader, at=AT)
    assert keeper.rows(counting) == [("+13055550100",), ("+13055550101",)]
    empty = await desk.carry_out(await copy("nobody,\n", AT))
    assert (empty.state, "no number" in empty.error) == (State.FAILED, True)
    assert keeper.rows(counting) == [("+13055550100",), ("+13055550101",)]
    await desk.carry_out(third)
    assert keeper.rows(counting) == [("+13055550103",), ("+13055550104",)]
    (found,) = await desk.store.read(national_lists.every, AT + 32 * 86_400)
    assert (found.numbers, found.fetched_at, found.loading, found.too_old) == (2, AT, False, True)
    while await desk.store.write(national_lists.sweep):
        pass
    assert keeper.rows("SELECT count(*) FROM national_numbers") == [(2,)], "what counts no more is gone"
    with pytest.raises(Refusal) as early:
        await desk.carry_out(await copy("305,5550103\n", AT + 3 * 86_400))
    assert early.value.field == "fetched_at"
