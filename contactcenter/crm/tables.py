"""Tables: files of rows, CSV and XLSX, read as one stream of rows with their numbers, and written.

Every file is hostile until it was read to its end. What is wrong with one row is that row's affair (`wrong`)
and the others go on; what is wrong with the file as a whole is `Unreadable`. Reading holds one row in memory,
whatever the file's size. Nothing is evaluated: of a formula counts what the spreadsheet saved as its value.

On the way out no cell can become a formula: CSV gets an apostrophe before what a spreadsheet would compute,
XLSX has cells of text only. Reading takes the apostrophe off again.
"""

import codecs
import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO, Protocol
from xml.sax.saxutils import escape

import openpyxl

from contactcenter.crm import zips
from contactcenter.values import frozen

COLUMNS = 500
"""Of a table; what has more is no list of records."""
LONGEST_CELL = 100_000
"""Characters."""
LONGEST_ROW = 400_000
LONGEST_LINE = 1_000_000
"""Characters between two line ends of a CSV."""
ROWS_IN_A_SHEET = 1_048_576
"""Of Excel's; a longer export goes on in the next sheet."""
LARGEST_UNZIPPED = 2 << 30
LARGEST_PART = 32 << 20
"""Of what stands beside the sheets and their texts: styles, properties."""
HIGHEST_RATIO = 250
"""How much smaller than its content an entry of some size may be. Sheets reach a few dozens."""
MOST_ENTRIES = 2_000
EXACT = 10**15
"""Whole numbers below this are exact in a spreadsheet; of longer ones it forgets the last digits."""
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030")
DELIMITERS = (",", ";", "\t", "|")

_MARK = "\ufffe"
"""Stands before what could not be decoded: no text has this character."""
# Where a formula may begin. The wide signs count in Excel, too. A program whose delimiter is another one, as
# Excel's is a semicolon in much of Europe, begins a cell behind that: then the same signs count there.
_BEGINS = re.compile(r"(^)(?='*[=+\-@\t\r\n\0＝＋－＠])|([;|\t\r\n])(?='*[=+\-@＝＋－＠])")
_BEGAN = re.compile(r"(^)'(?='*[=+\-@\t\r\n\0＝＋－＠])|([;|\t\r\n])'(?='*[=+\-@＝＋－＠])")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_HEAD = 256 * 1024
_SIGNATURE_ZIP, _SIGNATURE_OLE = b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")


class Unreadable(Exception):
    """The file can't be read as a table. The message says why, and what to do."""


@frozen
class Row:
    """One row as it stands in the file."""

    number: int
    """As a spreadsheet counts them: the first is 1."""
    cells: tuple[str, ...]
    wrong: str = ""
    """Why it can't be used, or empty."""
    field: str = ""
    """What of it is wrong, if that is known."""
    says: Mapping[str, Any] | None = None
    """What it says, where that was found out while it was read: then it has no cells."""

    @property
    def blank(self) -> bool:
        """Whether there is nothing in it."""
        return not self.wrong and self.says is None and not any(cell.strip() for cell in self.cells)


@frozen
class Form:
    """How a file is to be read."""

    kind: str
    """csv, xlsx."""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()


# --- reading ---


def recognise(file: BinaryIO) -> Form:
    """How this file is to be read, by its content; its name counts for nothing. Raises `Unreadable`."""
    file.seek(0)
    head = file.read(_HEAD)
    if not head.strip():
        raise Unreadable("the file is empty")
    if head.startswith(_SIGNATURE_ZIP):
        with _Workbook(file) as book:
            names = tuple(sheet.title for sheet in book.worksheets)
            if not names:
                raise Unreadable("the workbook has no sheet with rows")
            return Form(kind="xlsx", sheet=names[0], sheets=names)
    if head.startswith(_SIGNATURE_OLE):
        raise Unreadable("this is an old Excel file, or one with a password: save it as .xlsx or .csv")
    encoding = _encoding(file, head)
    beginning = head.decode(encoding, "replace")[:4096]
    if sum(character < "\t" for character in beginning) * 50 > len(beginning):  # a picture, a program …
        raise Unreadable("this is neither a CSV nor an XLSX file")
    return Form(kind="csv", encoding=encoding, delimiter=_delimiter(head, encoding))


def check(form: Form) -> None:
    """Refuse a form that nobody could read by. Raises `Unreadable`."""
    if form.kind == "csv" and (form.encoding not in ENCODINGS or form.delimiter not in DELIMITERS):
        raise Unreadable("the encoding or the delimiter is none that is known")
    if form.kind == "xlsx" and form.sheet not in form.sheets:
        raise Unreadable("there is no such sheet")


def rows(file: BinaryIO, form: Form) -> Iterator[Row]:
    """Every row, blank ones too. Raises `Unreadable`, also in the middle."""
    check(form)
    file.seek(0)
    return _csv_rows(file, form) if form.kind == "csv" else _xlsx_rows(file, form)


def _csv_rows(file: BinaryIO, form: Form) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_CELL)
    # Detached in the end: closing the text must not close the file, which is another one's.
    text = io.TextIOWrapper(file, form.encoding, errors=_marked.__name__, newline="")
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=form.delimiter)
    number = 0
    try:
        while True:
            number += 1
            began = lines.count + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(number=number, cells=(), wrong=f"lines {began} to {lines.count}: {_said(error)}")
                continue
            yield _sound(number, [restored(cell) for cell in cells])
    finally:
        text.detach()


def _said(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"a cell of more than {LONGEST_CELL:,} characters: is a quotation mark missing?"
    return str(error)


class _Lines:
    """The lines of a text, none of them longer than `LONGEST_LINE`."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.count = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.count += 1
        if len(line) < LONGEST_LINE or line.endswith(("\n", "\r")):
            return line
        while (more := self._text.readline(LONGEST_LINE)) and not more.endswith(("\n", "\r")):
            pass
        raise csv.Error(f"a line of more than {LONGEST_LINE:,} characters")


def _marked(error: UnicodeError) -> tuple[str, int]:
    """What can't be decoded, a byte at a time, as it stands in the file: nothing is lost."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return f"{_MARK}\\x{error.object[error.start]:02x}", error.start + 1


codecs.register_error(_marked.__name__, _marked)


def _sound(number: int, cells: Sequence[str]) -> Row:
    wrong = ""
    while cells and not cells[-1]:
        cells = cells[:-1]
    if len(cells) > COLUMNS:
        wrong, cells = f"more than {COLUMNS} cells", cells[:COLUMNS]
    if sum(map(len, cells)) > LONGEST_ROW:
        wrong = f"more than {LONGEST_ROW:,} characters"
        cells = [cell[: LONGEST_ROW // len(cells)] for cell in cells]
    for place, cell in enumerate(cells, 1):
        if _MARK in cell:
            wrong = wrong or f"cell {place} is not in the file's encoding: save it again as UTF-8"
        elif "\0" in cell:
            wrong = wrong or f"cell {place} has a NUL character, which is no text"
    if wrong:
        cells = [cell.replace(_MARK, "") for cell in cells]
    return Row(number=number, cells=tuple(cells), wrong=wrong)


def _encoding(file: BinaryIO, head: bytes) -> str:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    ):  # fmt: skip
        if head.startswith(mark):
            return name
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):  # of Latin text every second byte is 0
        half = head[first:4096:2]
        if half.count(0) > len(half) // 3 and head[1 - first : 4096 : 2].count(0) < len(half) // 10:
            return name
    wrong, others = _errors(file, "utf-8")
    if not wrong:
        return "utf-8"
    # Of GB18030 hardly any character is valid UTF-8; of a UTF-8 text that was cut somewhere, nearly all are.
    if wrong * 20 < others:
        return "utf-8"
    return "gb18030" if _errors(file, "gb18030")[0] <= wrong else "utf-8"


def _errors(file: BinaryIO, encoding: str) -> tuple[int, int]:
    """How many bytes of the file are not in the encoding, and how many characters beyond ASCII are."""
    decoder = codecs.getincrementaldecoder(encoding)(errors=_marked.__name__)
    wrong = others = 0
    file.seek(0)
    while piece := file.read(_HEAD):
        text = decoder.decode(piece)
        if not text.isascii():
            marks = text.count(_MARK)
            wrong += marks
            others += sum(not character.isascii() for character in text) - marks
    return wrong + decoder.decode(b"", final=True).count(_MARK), others


def _delimiter(head: bytes, encoding: str) -> str:
    """The one that cuts most of the first lines into equally many cells, and into most."""
    csv.field_size_limit(LONGEST_CELL)
    lines = head.decode(encoding, "replace").splitlines(keepends=True)[:50]
    best, delimiter = (0.0, 0), ","
    for each in DELIMITERS:
        try:
            counts = Counter(len(cells) for cells in csv.reader(lines, delimiter=each) if cells)
        except csv.Error:
            continue
        width, often = counts.most_common(1)[0] if counts else (1, 0)
        share = often / max(1, counts.total()) if width > 1 else 0.0
        if (share, width) > best:
            best, delimiter = (share, width), each
    return delimiter


class _Workbook:
    """An XLSX file, looked at before anything of it is unpacked."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __enter__(self) -> Any:
        try:
            _check_zip(self._file)
            self._file.seek(0)
            # Without links: they would lead out of the file. The XML goes through defusedxml.
            self._book = openpyxl.load_workbook(self._file, read_only=True, data_only=True, keep_links=False)
        except Unreadable:
            raise
        except Exception as error:  # whatever a broken or evil file does to a library
            raise Unreadable(f"this XLSX file can't be read: {_why(error)}") from error
        return self._book

    def __exit__(self, *error: object) -> None:
        # `close` of openpyxl would close the file, which is another one's.
        self._book.vba_archive = None


def _check_zip(file: BinaryIO) -> None:
    if not zips.is_small(file):
        raise Unreadable("this is no sound XLSX file: it has too many parts, or some twice")
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        if "xl/workbook.xml" not in names:
            raise Unreadable("this is a ZIP file and no XLSX workbook")
        if len(entries) > MOST_ENTRIES or len(set(names)) < len(names):
            raise Unreadable("this is no sound XLSX file: it has too many parts, or some twice")
        if sum(entry.file_size for entry in entries) > LARGEST_UNZIPPED:
            raise Unreadable("unpacked it would have more than 2 GB: split it, or save it as CSV")
        for entry in entries:
            large = entry.file_size > (10 << 20)
            if entry.flag_bits & 1:
                raise Unreadable("it has a password: save it without")
            if large and entry.file_size > HIGHEST_RATIO * max(1, entry.compress_size):
                raise Unreadable("it is packed as no spreadsheet packs its rows: save it as CSV")
            rows_or_texts = entry.filename.startswith("xl/worksheets/") or "sharedStrings" in entry.filename
            if entry.file_size > LARGEST_PART and not rows_or_texts and not _is_picture(entry.filename):
                raise Unreadable(f"its part {entry.filename[:64]} is too large")


def _is_picture(name: str) -> bool:
    return name.startswith(("xl/media/", "xl/embeddings/", "docProps/"))


def _xlsx_rows(file: BinaryIO, form: Form) -> Iterator[Row]:
    with _Workbook(file) as book:
        number = 0
        try:
            sheet = book[form.sheet]
            sheet.reset_dimensions()
            for values in sheet.iter_rows(values_only=True, max_row=ROWS_IN_A_SHEET):
                number += 1
                yield _sound(number, [as_text(value) for value in values])
        except Exception as error:
            raise Unreadable(f"row {number + 1}: the file is damaged here: {_why(error)}") from error


def _why(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if type(cause).__module__.startswith("defusedxml"):
            return "it has entities, which no spreadsheet writes"
        cause = cause.__cause__ or cause.__context__
    return f"{type(error).__name__} {error}"[:200]


def as_text(value: Any) -> str:
    """A spreadsheet's value as a person would write it; 13800138000.0 is a number of eleven digits."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return restored(value)
        case int() if abs(value) < EXACT:
            return str(value)
        case float() if value.is_integer() and abs(value) < EXACT:
            return str(int(value))
        case int() | float():
            # What is lost of it must not look like digits: see `mapping.digits`.
            return f"{value:.15g}" if abs(value) < EXACT else f"{value:.14e}"
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case date():
            return value.isoformat()
        case time():
            return value.isoformat(timespec="seconds")
        case timedelta():
            return str(value)
        case _:
            return str(value)


def count(file: BinaryIO, form: Form) -> int:
    """How many rows there are, blank ones too: exact for CSV, and what the sheet says for XLSX."""
    if form.kind == "csv":
        return sum(1 for _ in rows(file, form))
    with _Workbook(file) as book, zipfile.ZipFile(file) as archive:
        number, rest = 0, b""
        with archive.open(book[form.sheet]._worksheet_path) as part:
            while piece := part.read(1 << 20):
                text = rest + piece
                cut = text.rfind(b"<")
                for found in _ROW.finditer(text, 0, cut):
                    number = int(found[1]) if found[1] else number + 1
                rest = text[cut:][:LONGEST_ROW]
        return min(number, ROWS_IN_A_SHEET)


_ROW = re.compile(rb'<(?:\w{1,8}:)?row(?:\s+r="(\d{1,7})")?[\s>/]')


# --- writing ---


def neutral(text: str) -> str:
    """`text` so that no spreadsheet takes it, or a part of it, for a formula when it opens a CSV."""
    return _BEGINS.sub(r"\1\2'", text)


def restored(text: str) -> str:
    """What `neutral` was given."""
    return _BEGAN.sub(r"\1\2", text)


class Sink(Protocol):
    """Where a table goes: `rows` and `end` give the bytes that are to be sent on."""

    def rows(self, rows: Iterable[Sequence[str]]) -> bytes:
        """The bytes of some more rows."""
        ...

    def end(self) -> bytes:
        """The bytes that close the file."""
        ...


class CsvSink:
    """RFC 4180: CRLF, all cells in quotes. With a mark, Excel knows that it is UTF-8."""

    media_type = "text/csv; charset=utf-8"
    suffix = "csv"

    def __init__(self, *, mark: bool = True) -> None:
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        self._mark = codecs.BOM_UTF8 if mark else b""

    def rows(self, rows: Iterable[Sequence[str]]) -> bytes:
        """The bytes of some more rows."""
        self._writer.writerows([neutral(cell) for cell in cells] for cells in rows)
        mark, self._mark = self._mark, b""
        found = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return mark + found.encode("utf-8", "replace")

    def end(self) -> bytes:
        """Nothing: a CSV has no end."""
        mark, self._mark = self._mark, b""
        return mark


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


class XlsxSink:
    """An XLSX file that is sent while it is made: cells of text only, and no temporary file.

    (openpyxl's own writer keeps the whole file on the disk, in clear, until it is complete.)
    """

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    suffix = "xlsx"

    def __init__(self, title: str, header: Sequence[str]) -> None:
        self._title = re.sub(r"[\[\]:*?/\\']", " ", title)[:25] or "1"
        self._header = header
        self._out = _Pipe()
        self._zip = zipfile.ZipFile(self._out, "w", zipfile.ZIP_DEFLATED, compresslevel=3)
        self._sheets = 0
        self._row = 0
        self._part: Any = None

    def rows(self, rows: Iterable[Sequence[str]]) -> bytes:
        """The bytes of some more rows."""
        pieces: list[str] = []
        for cells in rows:
            if self._part is None or self._row >= ROWS_IN_A_SHEET:
                self._write(pieces)
                self._next_sheet()
            self._row += 1
            pieces.append(_xml_row(cells))
        self._write(pieces)
        return self._out.taken()

    def end(self) -> bytes:
        """The bytes that close the file."""
        if self._part is None:
            self._next_sheet()
        self._close_sheet()
        numbers = range(1, self._sheets + 1)
        sheets = "".join(
            f'<sheet name="{escape(self._title)} {n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers
        )
        relations = "".join(
            f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in numbers
        )
        overrides = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
            for n in numbers
        )
        for name, content in {
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets>'
            "</workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
            "</Relationships>",
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default '
            'Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
            f'ContentType="{_TYPE}.sheet.main+xml"/>{overrides}</Types>',
        }.items():
            self._zip.writestr(name, _XML + content)
        self._zip.close()
        return self._out.taken()

    def _next_sheet(self) -> None:
        self._close_sheet()
        self._sheets += 1
        self._part = self._zip.open(f"xl/worksheets/sheet{self._sheets}.xml", "w", force_zip64=True)
        self._part.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
        self._row = 0
        if self._sheets > 1:
            self._row = 1
            self._write([_xml_row(self._header)])

    def _close_sheet(self) -> None:
        if self._part is not None:
            self._part.write(b"</sheetData></worksheet>")
            self._part.close()

    def _write(self, pieces: list[str]) -> None:
        if pieces:
            self._part.write("".join(pieces).encode("utf-8", "replace"))
            pieces.clear()


def _xml_row(cells: Sequence[str]) -> str:
    return f"<row>{''.join(map(_xml_cell, cells))}</row>"


def _xml_cell(text: str) -> str:
    text = escape(_NOT_IN_XML.sub("\ufffd", text[:32_767]))  # a cell of Excel's holds no more
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


class _Pipe(io.RawIOBase):
    """What a ZIP file is written into when it goes on at once: it can't be read or rewound."""

    def __init__(self) -> None:
        self._pieces = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces += data
        return len(data)

    def taken(self) -> bytes:
        """What came since the last time."""
        found = bytes(self._pieces)
        self._pieces.clear()
        return found
