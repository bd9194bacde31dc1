"""Tables: what people save as CSV and XLSX, what nobody should, and what goes out again."""

import codecs
import csv
import io
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactcenter.crm import file_types, tables, zips
from contactcenter.crm.errors import Refusal
from contactcenter.crm.tables import CsvSink, Form, Row, Unreadable, XlsxSink

MORNING = datetime(2026, 3, 31, 8, 5)  # noqa: DTZ001 - a spreadsheet knows no zones


def read(content: bytes) -> tuple[Form, list[Row]]:
    file = io.BytesIO(content)
    form = tables.recognise(file)
    found = list(tables.rows(file, form))
    assert tables.count(file, form) == len(found)
    return form, found


def cells(content: bytes) -> list[tuple[str, ...]]:
    return [row.cells for row in read(content)[1]]


def book(*rows: list[Any]) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def repacked(content: bytes, **parts: bytes) -> bytes:
    """The workbook with some of its parts replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.pop(name, None) or old.read(name))
        for name, part in parts.items():
            new.writestr(name, part)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_csv_is_read_as_it_was_saved(encoding: str, delimiter: str, end: str) -> None:
    lines = ["姓名,电话,Note", "王小明,13800138000,ok", "", "Ødegård 😀,1,x"]
    form, rows = read(end.join(lines).replace(",", delimiter).encode(encoding))
    assert (form.kind, form.delimiter) == ("csv", delimiter)
    assert codecs.lookup(form.encoding).name.split("-")[0] == codecs.lookup(encoding).name.split("-")[0]
    assert [(row.number, row.cells) for row in rows] == [
        (n, tuple(line.split(",")) if line else ()) for n, line in enumerate(lines, 1)
    ]


def test_quotes_hold_what_cuts() -> None:
    assert cells(b'a,b\r\n"x, ""y""\r\nz",2\r\n') == [("a", "b"), ('x, "y"\r\nz', "2")]


def test_what_is_not_in_the_encoding_is_that_row_s_affair() -> None:
    good = "姓名,说明\n王小明,好\n" * 30
    _, rows = read(good.encode() + b"\xff\x81,1\n" + good.encode())
    (wrong,) = [row for row in rows if row.wrong]
    assert (wrong.number, wrong.cells) == (61, ("\\xff\\x81", "1")), "no byte of it is lost"
    assert "encoding" in wrong.wrong


def test_nul_is_no_text() -> None:
    _, rows = read(b"a,b\n" * 50 + b"x\0y,1\n")
    assert [row.number for row in rows if row.wrong] == [51]


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        (b'"' + b"x" * 200_000, "quotation mark"),
        (b"x" * 3_000_000, "a line of more than"),
        (b"," * 600 + b"x", "more than 500 cells"),
        (b",".join([b"y" * 90_000] * 5), "more than 400,000 characters"),
    ],
    ids=["an open quote", "an endless line", "too wide", "too long"],
)
def test_a_row_that_breaks_readers_breaks_none(inside: bytes, says: str) -> None:
    _, rows = read(b"a,b\n1,2\n" + inside + b"\n3,4\n")
    assert [row.cells for row in rows if not row.wrong][:2] == [("a", "b"), ("1", "2")]
    (wrong,) = [row for row in rows if row.wrong]
    assert says in wrong.wrong
    if b'"' not in inside:
        assert rows[-1].cells == ("3", "4")


def test_cells_of_xlsx_are_as_a_person_would_write_them() -> None:
    _, rows = read(
        book(
            [
                "名",
                13800138000.0,
                1.38e10,
                12.5,
                True,
                date(2026, 3, 31),
                MORNING,
                time(9),
            ],
            [None, "=1+1", "'=1+1", 110101199003071234, -3],
            [],
            ["#N/A", "\u202e倒"],
        )
    )
    assert rows[0].cells == (
        "名", "13800138000", "13800000000", "12.5", "true", "2026-03-31", "2026-03-31 08:05:00", "09:00:00",
    )  # fmt: skip
    assert rows[1].cells == ("", "", "=1+1", "1.10101199003071e+17", "-3"), "no formula is computed"
    assert rows[2].blank
    assert rows[3].cells == ("#N/A", "\u202e倒")


SHEET = "xl/worksheets/sheet1.xml"
XML = b'<?xml version="1.0"?>'
MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


ROW = b"<worksheet " + MAIN + b"><sheetData><row>"
END = b"</row></sheetData></worksheet>"
FILE = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY e "&a;&a;&a;&a;&a;">]>'
CELL = b'<c t="inlineStr"><is><t>&e;</t></is></c>'


@pytest.mark.parametrize(
    ("sheet", "says"),
    [
        (XML + FILE + ROW + CELL + END, "entities"),
        (XML + LAUGHS + ROW + CELL + END, "entities"),
        (XML + ROW, "can't be read"),
        (XML + ROW + b"<c><v>1</v></c>" * 50_000, "damaged|can't be read"),
        (b" " * (300 << 20), "packed"),
    ],
    ids=["a file of the server", "a billion laughs", "cut off", "cut off later", "a bomb"],
)
def test_a_hostile_workbook_is_refused(sheet: bytes, says: str) -> None:
    file = io.BytesIO(repacked(book(["a"]), **{SHEET: sheet}))
    with pytest.raises(Unreadable, match=says):
        list(tables.rows(file, tables.recognise(file)))


def test_rows_far_below_are_no_endless_gap() -> None:
    sheet = XML + b"<worksheet " + MAIN + b'><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
    sheet += b'<row r="2000000000"><c><v>2</v>' + b"</c>" + END
    file = io.BytesIO(repacked(book(["a"]), **{SHEET: sheet}))
    form = tables.recognise(file)
    assert sum(1 for _ in tables.rows(file, form)) <= tables.ROWS_IN_A_SHEET


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"\x7fELF" + bytes(4096), "neither"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512), "old Excel"),
        (repacked(book(["a"]), **{"xl/styles.xml": b"<a>" + b"x" * (33 << 20)}), "too large|packed"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        tables.recognise(io.BytesIO(content))


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(Unreadable, match="no XLSX"):
        tables.recognise(out)


@pytest.mark.parametrize("comment", [b"", b"x" * 300])
def test_a_directory_without_end_is_never_read(tmp_path: Path, comment: bytes) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        for n in range(30_000):
            archive.writestr(f"{n}", b"")
        archive.comment = comment
    whole = content.getvalue()
    assert not zips.is_small(content)
    with pytest.raises(Unreadable, match="too many parts"):
        cells(whole)
    path = tmp_path / "x"
    # The end says of how many entries and bytes it is the end: who lies there is not believed.
    end = whole.rindex(b"PK\5\6")
    for lies in (whole, whole[: end + 8] + bytes(4) + whole[end + 12 :]):
        path.write_bytes(lies)
        with pytest.raises(Refusal, match="too many parts") as refused:
            file_types.recognised(path, "x.xlsx")
        assert refused.value.code == "type_unknown"


def test_a_directory_for_more_than_four_gigabytes_is_never_read(tmp_path: Path) -> None:
    """It names a second end, whose numbers count and would have to be believed."""
    path = tmp_path / "x"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        for n in range(66_000):
            archive.writestr(f"{n}", b"")
    assert b"PK\6\7" in path.read_bytes()
    with pytest.raises(Refusal, match="too many parts"):
        file_types.recognised(path, "x.xlsx")


def test_an_ordinary_archive_is_small() -> None:
    content = io.BytesIO()
    for comment in (b"", b"saved by a person", b"PK\5\6"):
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("mimetype", b"x")
            archive.comment = comment
        assert zips.is_small(content)
    for broken in (b"", b"PK\3\4", b"PK\3\4" + bytes(100)):
        assert zips.is_small(io.BytesIO(broken)), "it is for zipfile to refuse"


def test_the_longest_list_that_is_sent_is_read_row_by_row() -> None:
    content = "姓名,电话\n".encode() + b"".join(b"%d,13800138000\n" % n for n in range(200_000)) * 10
    assert len(content) > 35_000_000
    form, rows = Form(kind="csv", encoding="utf-8", delimiter=","), 0
    for row in tables.rows(io.BytesIO(content), form):
        rows += not row.wrong
    assert rows == 2_000_001


# --- writing ---


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠", "\n"])
def test_no_cell_of_a_csv_is_a_formula(first: str) -> None:
    written = CsvSink(mark=False).rows([[f"{first}1+1", "plain"]])
    cell, _ = next(csv.reader(io.StringIO(written.decode(), newline="")))
    assert cell == f"'{first}1+1"
    assert tables.restored(cell) == f"{first}1+1"


@pytest.mark.parametrize("delimiter", [";", "\t", "|", "\n"])
def test_nor_where_another_delimiter_would_begin_a_cell(delimiter: str) -> None:
    text = f"x{delimiter}=HYPERLINK(1){delimiter}y"
    written = CsvSink(mark=False).rows([["plain", text]]).decode()
    assert written == f'"plain","x{delimiter}\'=HYPERLINK(1){delimiter}y"\r\n'
    assert tables.restored(tables.neutral(text)) == text
    dates = f"2026-01-02{delimiter}3 - 4 = -1"
    assert tables.neutral(dates) == dates


@given(st.text("'=+-;\n\tx", max_size=12))
def test_what_was_made_neutral_comes_back(text: str) -> None:
    assert tables.restored(tables.neutral(text)) == text


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff"), max_size=20)


@given(st.lists(st.lists(texts, min_size=1, max_size=4), min_size=1, max_size=4))
def test_what_is_written_as_csv_is_read_again(rows: list[list[str]]) -> None:
    sink = CsvSink()
    content = sink.rows(rows) + sink.end()
    form = Form(kind="csv", encoding="utf-8-sig", delimiter=",")
    found = [row.cells for row in tables.rows(io.BytesIO(content), form)]
    expected = []
    for row in rows:
        while row and not row[-1]:
            row = row[:-1]
        expected.append(tuple(row))
    assert [each for each in found if each] == [each for each in expected if each]


def test_xlsx_has_cells_of_text_and_goes_on_in_the_next_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS_IN_A_SHEET", 3)
    sink = XlsxSink("客户/a", ["name"])
    content = sink.rows([["name"], ["=1+1"]]) + sink.rows([["+86138"], ["<&\x01"], ["5"]]) + sink.end()
    made = openpyxl.load_workbook(io.BytesIO(content))
    assert made.sheetnames == ["客户 a 1", "客户 a 2"]
    found = [[(cell.value, cell.data_type) for cell in row] for sheet in made for row in sheet.rows]
    assert found == [[(text, "s")] for text in ("name", "=1+1", "+86138", "name", "<&\ufffd", "5")]


def test_an_empty_export_is_a_workbook_too() -> None:
    sink = XlsxSink("x", ["a"])
    assert openpyxl.load_workbook(io.BytesIO(sink.end())).sheetnames == ["x 1"]
