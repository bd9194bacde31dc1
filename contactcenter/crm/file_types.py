"""File types: what a file is, by its content. Its name and what the sender says of it may lie.

Only types that people need are taken, and none that a browser would run: HTML, SVG and scripts are refused,
also when they call themselves text. A name that says another type than the content is refused, too: whoever
opens it later trusts the name.
"""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from contactcenter.crm import zips
from contactcenter.crm.errors import Refusal
from contactcenter.values import frozen

HEAD = 4096
"""Bytes that are looked at, of what is no archive."""


@frozen
class FileType:
    """A type that is taken."""

    media_type: str
    suffixes: tuple[str, ...]
    """The endings of names that may have this content; the first is the usual one."""
    inline: bool = False
    """Whether a browser may show it."""


def _type(media_type: str, *suffixes: str, inline: bool = False) -> FileType:
    return FileType(media_type=media_type, suffixes=suffixes, inline=inline)


_OPEN = "application/vnd.openxmlformats-officedocument."
PDF = _type("application/pdf", "pdf", inline=True)
PNG = _type("image/png", "png", inline=True)
JPEG = _type("image/jpeg", "jpg", "jpeg", "jpe", inline=True)
GIF = _type("image/gif", "gif", inline=True)
WEBP = _type("image/webp", "webp", inline=True)
WAV = _type("audio/wav", "wav")
MP3 = _type("audio/mpeg", "mp3")
MP4 = _type("video/mp4", "mp4", "m4a", "m4v", "mov")
DOCX = _type(f"{_OPEN}wordprocessingml.document", "docx")
XLSX = _type(f"{_OPEN}spreadsheetml.sheet", "xlsx")
PPTX = _type(f"{_OPEN}presentationml.presentation", "pptx")
ODF = _type("application/vnd.oasis.opendocument", "odt", "ods", "odp")
OLE = _type("application/x-ole-storage", "doc", "xls", "ppt", "msg", "wps", "et", "dps")
TEXT = _type("text/plain; charset=utf-8", "txt", "log", "md")
CSV = _type("text/csv", "csv", "tsv")

TYPES = (PDF, PNG, JPEG, GIF, WEBP, WAV, MP3, MP4, DOCX, XLSX, PPTX, ODF, OLE, TEXT, CSV)
_SIGNATURES: Mapping[bytes, FileType] = {
    b"%PDF-": PDF, b"\x89PNG\r\n\x1a\n": PNG, b"\xff\xd8\xff": JPEG, b"GIF87a": GIF, b"GIF89a": GIF,
    b"ID3": MP3, bytes.fromhex("d0cf11e0a1b11ae1"): OLE,
}  # fmt: skip
_OFFICE = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX, "ppt/presentation.xml": PPTX}
_ACTIVE = re.compile(
    rb"<\s*(?:!doctype|html|head|body|script|svg|iframe|object|embed|\?xml|\?php|%)", re.IGNORECASE
)
_FRAME = (0xE0, 0x06)
"""Of an MP3 without a tag: eleven bits are 1, and the layer is not 0."""


def recognised(path: Path, name: str) -> FileType:
    """The type of the file at `path` (blocking), which was called `name`.

    Raises `Refusal`: `type_unknown` for what is not taken, `type_differs` for a name that says another type.
    """
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    with path.open("rb") as file:
        head = file.read(HEAD)
    found = _by_content(path, head)
    if found is None:
        known = ", ".join(each.suffixes[0] for each in TYPES)
        raise Refusal(
            f"by its content this is no file of a kind that is kept ({known})",
            code="type_unknown",
            field="name",
        )
    if found is TEXT and suffix in CSV.suffixes:
        found = CSV
    if suffix not in found.suffixes:
        named = f".{suffix[:16]}" if suffix else "nothing"
        says = f"its name says {named}, and by its content it is {found.suffixes[0]}"
        raise Refusal(f"{says}: give it its right name", code="type_differs", field="name")
    return found


def _by_content(path: Path, head: bytes) -> FileType | None:
    for signature, found in _SIGNATURES.items():
        if head.startswith(signature):
            return found
    if head[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"WAVE": WAV}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return MP4
    if head.startswith(b"PK\x03\x04"):
        return _office(path)
    if len(head) > 3 and head[0] == 0xFF and head[1] & _FRAME[0] == _FRAME[0] and head[1] & _FRAME[1]:
        return MP3
    return TEXT if _is_text(head) else None


def _office(path: Path) -> FileType | None:
    """Only the names of its parts are read. Macros are programs, and refused."""
    try:
        with path.open("rb") as file:
            if not zips.is_small(file):
                raise Refusal("it has too many parts", code="type_unknown", field="name")
            return _of_parts(file)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError):
        return None


def _of_parts(file: BinaryIO) -> FileType | None:
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        if any(each.lower().endswith("vbaproject.bin") for each in names):
            raise Refusal("it has macros: save it without", code="type_unknown", field="name")
        if "[Content_Types].xml" in names:
            return next((found for part, found in _OFFICE.items() if part in names), None)
        stands = "mimetype" in names and archive.getinfo("mimetype").file_size < 100
        kind = archive.read("mimetype") if stands else b""
        return ODF if kind.startswith(ODF.media_type.encode()) else None


def _is_text(head: bytes) -> bool:
    """Text in UTF-8, UTF-16 or GB18030, without what a browser could take for a page."""
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else ""
    for each in (encoding,) if encoding else ("utf-8", "gb18030"):
        try:
            # The last characters may be cut off.
            text = head[: len(head) - 8 if len(head) == HEAD else len(head)].decode(each, "strict")
        except UnicodeDecodeError as error:
            if len(head) < HEAD or error.start < HEAD - 16:
                continue
            text = head[: error.start].decode(each)
        control = any(character < " " and character not in "\t\r\n\f" for character in text)
        return not control and not _ACTIVE.search(text.encode("utf-8", "replace"))
    return False
