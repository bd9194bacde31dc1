"""The one file of a backup: a ZIP that any program opens, with a manifest that says what must be in it.

    manifest.json      what it is: version, schema, when, counts, keys that are needed, hashes of the next two
    contactcenter.db   the database as a SQLite file, whichever engine it came from
    SHA256SUMS         of each file below, as `sha256sum --check` reads it
    attachments/…      sealed, as they lie in the folder of files
    recordings/…       the same, if they were asked for

Its law: an archive is somebody's file until every part of it agreed with the manifest. Nothing in it is ever
used as a path: names are compared with what a name of ours looks like, and the files are written to where the
configuration says. Nothing is unpacked beyond the size that the manifest announced.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contactcenter.crm.place import Place
from contactcenter.values import frozen

FORMAT = 1
"""What this program writes; it reads nothing later."""
MANIFEST, DATABASE, SUMS = "manifest.json", "contactcenter.db", "SHA256SUMS"
ATTACHMENTS, RECORDINGS = "attachments", "recordings"
PIECE = 1 << 20
_LARGEST_MANIFEST = 4 << 20
_LEVEL = 1
"""Of deflate: level 6 takes more than twice the time and saves a tenth."""
_PARTS = {
    ATTACHMENTS: re.compile(r"attachments/([A-Za-z0-9_-]{1,2})/(\1[A-Za-z0-9_-]{0,62})\.sealed"),
    RECORDINGS: re.compile(r"recordings/[0-9]{4}/[0-9]{2}/[0-9]{2}/([A-Za-z0-9][A-Za-z0-9_-]{0,99})\.ccrec"),
}
_NAME = re.compile(r"contactcenter-([0-9]{8}-[0-9]{6})Z\.zip")
_STAMP = "%Y%m%d-%H%M%S"
_SUM = re.compile(rb"([0-9a-f]{64})  ([!-~]{1,200})\n")

Sha256 = Field(pattern=r"^[0-9a-f]{64}$")
Count = Field(ge=0, le=2**60)


class BackupProblem(Exception):
    """A backup can't be made, read or restored. The message says why, and what to do."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Digest(_Part):
    """One part's content."""

    bytes: int = Count
    sha256: str = Sha256


class Kept(_Part):
    """Files of one sort."""

    rows: int = Count
    """How many rows of the database have a file."""
    files: int = Count
    """How many of them are in the archive."""
    bytes: int = Count
    missing: int = Count
    """How many were not there any more."""


class AuditTrail(_Part):
    """The audit log's length and end; a second copy of its last hash, outside the database."""

    rows: int = Count
    last: str = Field(max_length=64)
    broken: int | None
    """The first row that was not as it had been written when the backup was made."""


class KeyIds(_Part):
    """Keys by their ids, the current one first: an id names a key and tells nothing of it."""

    personal: list[str] = Field(max_length=1000)
    index: list[str] = Field(max_length=1000)
    recordings: list[str] = Field(max_length=1000)


class Manifest(_Part):
    """What an archive holds."""

    format: int = Field(ge=1, le=FORMAT)
    program: str = Field(max_length=100)
    schema_revision: str = Field(pattern=r"^[0-9]{4}$")
    engine: str = Field(pattern=r"^(sqlite|postgresql)$")
    """Where the records came from."""
    at: float = Field(ge=0, le=1e11, allow_inf_nan=False)
    """Of the records: seconds since the epoch, UTC."""
    database: Digest
    sums: Digest
    tables: dict[str, int] = Field(max_length=1000)
    """Table -> its rows."""
    audit: AuditTrail
    keys_needed: KeyIds
    """What of the archive is sealed with which keys."""
    keys_held: KeyIds
    """What the key files had when the backup was made."""
    attachments: Kept
    recordings: Kept
    with_recordings: bool


@frozen
class Listed:
    """A backup in its folder. Only what was verified gets such a name."""

    name: str
    at: float
    bytes: int


@frozen
class Written:
    """A part that was put into an archive."""

    bytes: int
    sha256: str


@frozen
class Sources:
    """What a center keeps, and where: what is backed up, and where it is restored to."""

    store: Place
    key: Path
    """Of personal data."""
    files: Path
    """The folder of attachments."""
    recordings: Path
    """The folder of recordings."""
    recordings_key: Path


class Progress(NamedTuple):
    """How far a backup or a restore is."""

    step: str
    """copying, packing, unpacking, verifying, files, or a table's name."""
    done: int
    of: int


def settle(folder: Path) -> None:
    """Have the folder's entries on the disk (blocking)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def name_at(at: float) -> str:
    """What a backup of that moment is called."""
    return f"contactcenter-{datetime.fromtimestamp(at, UTC):{_STAMP}}Z.zip"


def listed(folder: Path) -> list[Listed]:
    """The backups in a folder, the newest first; what else is there doesn't count (blocking)."""
    found = []
    for path in folder.glob("contactcenter-*.zip"):
        if not (match := _NAME.fullmatch(path.name)):
            continue
        try:
            at = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC).timestamp()
            size = path.stat().st_size
        except (ValueError, OSError):
            continue
        found.append(Listed(name=path.name, at=at, bytes=size))
    return sorted(found, key=lambda each: each.at, reverse=True)


class Writer:
    """Writes an archive part by part; `close` adds the sums and the manifest. Blocking."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, FileExistsError among them."""
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._sums: list[tuple[str, str]] = []

    def add(self, name: str, source: IO[bytes], *, packed: bool = False) -> Iterator[int]:
        """Copy a part; tells after each piece how many bytes are behind it. `written` has it afterwards."""
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.external_attr = (stat.S_IFREG | 0o600) << 16
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        info._compresslevel = _LEVEL  # type: ignore[attr-defined]  # 3.13 gives it a public name
        digest, size = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as part:
            while piece := source.read(PIECE):
                part.write(piece)
                digest.update(piece)
                size += len(piece)
                yield size
        self.written = Written(bytes=size, sha256=digest.hexdigest())

    def add_file(self, name: str, source: IO[bytes]) -> Iterator[int]:
        """The same for one of the files that `SHA256SUMS` has."""
        yield from self.add(name, source)
        self._sums.append((name, self.written.sha256))

    def sums(self) -> Digest:
        """Write the hashes of the files so far."""
        digest, size = hashlib.sha256(), 0
        info = zipfile.ZipInfo(SUMS, (1980, 1, 1, 0, 0, 0))
        info.external_attr = (stat.S_IFREG | 0o600) << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        with self._zip.open(info, "w", force_zip64=True) as part:
            for name, sha256 in self._sums:
                line = f"{sha256}  {name}\n".encode()
                part.write(line)
                digest.update(line)
                size += len(line)
        return Digest(bytes=size, sha256=digest.hexdigest())

    def close(self, manifest: Manifest) -> None:
        """Write the manifest, and have all of it on the disk."""
        info = zipfile.ZipInfo(MANIFEST, (1980, 1, 1, 0, 0, 0))
        info.external_attr = (stat.S_IFREG | 0o600) << 16
        self._zip.writestr(info, manifest.model_dump_json(indent=1))
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file as it is."""
        self._zip.fp = None  # or it would write its directory when it is collected
        self._file.close()


class Entry(NamedTuple):
    """A file of the archive that is to be put somewhere."""

    sort: str
    """attachments or recordings."""
    name: str
    """Ours: it has the form that `_PARTS` asks for."""
    id: str
    size: int
    sha256: str


class Archive:
    """An archive that is read. Opening checks its form and its manifest; nothing else is believed before it
    was read and agreed. Blocking. Use `with`."""

    def __init__(self, path: Path) -> None:
        """Raises `BackupProblem`, OSError."""
        self.path = path
        self._file = path.open("rb")
        if not stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
            self._file.close()
            raise self._damaged("it is no file")
        try:
            with self._agreeing():
                self._zip = zipfile.ZipFile(self._file)
                self._infos = self._looked_through()
                self.manifest = self._manifest()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    @property
    def unpacked(self) -> int:
        """How many bytes all of it takes when it is unpacked."""
        return sum(info.file_size for info in self._infos.values())

    def database(self, to: IO[bytes]) -> Iterator[int]:
        """Unpack the database; tells after each piece how many bytes are behind it. Raises `BackupProblem`
        when it is not what the manifest says."""
        digest = self.manifest.database
        yield from self._copied(DATABASE, digest.bytes, digest.sha256, to)

    def entries(self) -> Iterator[Entry]:
        """The files, each with the hash that it must have. Raises `BackupProblem`."""
        sums, digest, left = (
            self.manifest.sums,
            hashlib.sha256(),
            set(self._infos) - {MANIFEST, DATABASE, SUMS},
        )
        found: list[Entry] = []
        with self._agreeing(SUMS), self._open(SUMS) as part:
            for line in iter(lambda: part.readline(512), b""):
                digest.update(line)
                match = _SUM.fullmatch(line)
                if not match:
                    raise self._damaged(f"a line of {SUMS} is none of ours")
                name, sha256 = match[2].decode(), match[1].decode()
                sort, id_ = _sort_of(name)
                if name not in left:
                    raise self._damaged(f"{name} is missing, or named twice")
                left.remove(name)
                found.append(Entry(sort, name, id_, self._infos[name].file_size, sha256))
        if digest.hexdigest() != sums.sha256:
            raise self._damaged(f"{SUMS} is not as it was written")
        if left:
            raise self._damaged(f"{min(left)} is in it, but not in {SUMS}")
        for sort, kept in ((ATTACHMENTS, self.manifest.attachments), (RECORDINGS, self.manifest.recordings)):
            sizes = [each.size for each in found if each.sort == sort]
            if (len(sizes), sum(sizes)) != (kept.files, kept.bytes):
                raise self._damaged(f"it has other {sort} than its manifest says")
        yield from found

    def file(self, entry: Entry, to: IO[bytes] | None) -> Iterator[int]:
        """Unpack one of the files, or only compare it. Raises `BackupProblem`."""
        yield from self._copied(entry.name, entry.size, entry.sha256, to)

    def _copied(self, name: str, size: int, sha256: str, to: IO[bytes] | None) -> Iterator[int]:
        digest, done = hashlib.sha256(), 0
        with self._agreeing(name), self._open(name) as part:
            while piece := part.read(PIECE):
                done += len(piece)
                if done > size:
                    raise self._damaged(f"{name} is larger than it says")
                digest.update(piece)
                if to:
                    to.write(piece)
                yield done
        if (done, digest.hexdigest()) != (size, sha256):
            raise self._damaged(f"{name} is not as it was written")

    @contextlib.contextmanager
    def _agreeing(self, name: str = "") -> Iterator[None]:
        """Say what is wrong with the archive in our words."""
        try:
            yield
        except _BROKEN as error:
            why = str(error) or type(error).__name__
            raise self._damaged(f"{name}: {why}" if name else why) from error
        except OSError as error:
            if error.errno != errno.EINVAL:  # of an offset before the file's beginning
                raise
            raise self._damaged("it is cut off, or was changed") from error

    def _open(self, name: str) -> IO[bytes]:
        return self._zip.open(self._infos[name])

    def _looked_through(self) -> dict[str, zipfile.ZipInfo]:
        """The parts by name, if each has the form of one of ours."""
        infos: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            name = info.filename
            if name in infos:
                raise self._damaged(f"{_shown(name)} is in it twice")
            if name not in (MANIFEST, DATABASE, SUMS):
                try:
                    _sort_of(name)
                except ValueError:
                    raise self._damaged(f"{_shown(name)} is no part of a backup") from None
            if info.flag_bits & 0x1:
                raise self._damaged(f"{name} is encrypted, which ours never are")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise self._damaged(f"{name} is packed in another way than ours")
            infos[name] = info
        if missing := {MANIFEST, DATABASE, SUMS} - set(infos):
            raise self._damaged(f"it has no {min(missing)}")
        return infos

    def _manifest(self) -> Manifest:
        info = self._infos[MANIFEST]
        if info.file_size > _LARGEST_MANIFEST:
            raise self._damaged("its manifest is too large")
        try:
            with self._open(MANIFEST) as part:
                raw = json.loads(part.read(_LARGEST_MANIFEST))
        except (ValueError, RecursionError):
            raise self._damaged("its manifest can't be read") from None
        if isinstance(raw, dict) and isinstance(raw.get("format"), int) and raw["format"] > FORMAT:
            raise BackupProblem(
                f"{self.path} was made by a newer contactcenter (format {raw['format']}, this one reads up "
                f"to {FORMAT}): restore it with that version"
            )
        try:
            manifest = Manifest.model_validate(raw)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise self._damaged(f"its manifest is wrong: {where}: {first['msg']}") from None
        for name, digest in ((DATABASE, manifest.database), (SUMS, manifest.sums)):
            if self._infos[name].file_size != digest.bytes:
                raise self._damaged(f"{name} has another size than the manifest says")
        return manifest

    def _damaged(self, why: str) -> BackupProblem:
        return BackupProblem(f"{self.path} can't be used as a backup: {why}. Take another one")


_BROKEN = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, NotImplementedError,
    RuntimeError, ValueError, OverflowError,
)  # fmt: skip
"""What a ZIP that is none, or was cut off or changed, makes of the reader."""


def _sort_of(name: str) -> tuple[str, str]:
    """What a part is and whose. Raises ValueError for a name that is none of ours."""
    for sort, pattern in _PARTS.items():
        if match := pattern.fullmatch(name):
            return sort, match[match.lastindex or 1]
    raise ValueError(name)


def _shown(name: str) -> str:
    return ascii(name[:80])
