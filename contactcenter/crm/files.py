"""Files: what people send us, outside the database, sealed with the key of personal data.

A file is received into the spool, looked at, and then sealed under a name made from an id of ours; what it
was called when it was sent is never a path. The spool holds nothing that a restart needs: it is emptied at
the start. Files that no row of the database knows are swept away.
"""

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import structlog

from contactcenter.crm.errors import Refusal
from contactcenter.crm.keys import Keys
from contactcenter.crm.sealed_files import Sealed, seal
from contactcenter.crm.sealing import Sealing

SUFFIX = ".sealed"
ORPHAN_S = 3600.0
"""A file without a row may have its row still on the way for so long."""
LONGEST_NAME = 120
AT_ONCE = 4
"""Files that one user may send at the same time: each lies in the spool until it is whole."""
ROOM = 256 << 20
"""Bytes that stay free on the disk, whoever sends: most likely the database grows there, too."""
_PIECE = 1 << 20
_ID = re.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
# Marks that turn the direction of writing: `bill<U+202E>fdp.exe` is shown as a PDF.
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c\x00-\x1f\x7f-\x9f]")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """A file in the spool, in clear, for as short as can be."""

    path: Path
    size: int
    sha256: str


class Files:
    """The folder of sealed files. What is not `async` blocks."""

    def __init__(self, folder: Path, sealing: Sealing) -> None:
        self._folder = folder
        self._sealing = sealing
        self._spool = folder / "spool"
        shutil.rmtree(self._spool, ignore_errors=True)
        self._spool.mkdir(parents=True, mode=0o700)
        self._sending = Counter[str]()

    @property
    def keys(self) -> Keys:
        """The keys. Raises `Refusal` `key_missing`: then nothing is kept."""
        if self._sealing.seal_keys is None:
            says = f"files are kept encrypted, and the key is missing: {self._sealing.why}"
            raise Refusal(says, code="key_missing")
        return self._sealing.seal_keys

    @contextlib.asynccontextmanager
    async def receive(self, content: AsyncIterable[bytes], most: int, *, by: str) -> AsyncIterator[Received]:
        """Take what that user sends, `most` bytes of it at most, for the time of the block.

        Raises `Refusal`: `too_large`, `too_many` when he is sending others, `no_room`, `key_missing`.
        """
        _ = self.keys
        if self._sending[by] >= AT_ONCE:
            says = f"you are sending {AT_ONCE} files already: wait until one of them is there"
            raise Refusal(says, code="too_many")
        self._sending[by] += 1
        try:
            async with self._received(content, most) as received:
                yield received
        finally:
            self._sending[by] -= 1
            self._sending += Counter()  # forgets who sends nothing

    @contextlib.asynccontextmanager
    async def _received(self, content: AsyncIterable[bytes], most: int) -> AsyncIterator[Received]:
        path = self._spool / uuid4().hex
        digest, size, waiting = hashlib.sha256(), 0, bytearray()
        try:
            with _disk(), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                async for piece in content:
                    size += len(piece)
                    if size > most:
                        raise Refusal(f"a file of {most:,} bytes at most", code="too_large")
                    digest.update(piece)
                    waiting += piece
                    if len(waiting) >= _PIECE:
                        await asyncio.to_thread(self._write, file, bytes(waiting))
                        waiting.clear()
                await asyncio.to_thread(self._write, file, bytes(waiting))
            yield Received(path, size, digest.hexdigest())
        finally:
            path.unlink(missing_ok=True)

    def _write(self, file: BinaryIO, piece: bytes) -> None:
        self._check_room(len(piece))
        file.write(piece)

    def _check_room(self, wanted: int) -> None:
        if shutil.disk_usage(self._folder).free < ROOM + wanted:
            raise _no_room("the disk is nearly full")

    def keep(self, received: Received, kind: str, id_: str) -> None:
        """Seal it under this id. Raises `Refusal`: `key_missing`, `no_room`."""
        self._check_room(received.size)
        with _disk(), open(received.path, "rb") as file:
            pieces: Iterator[bytes] = iter(lambda: file.read(_PIECE), b"")
            seal(self.path(kind, id_), self.name(kind, id_), pieces, received.size, self.keys)

    def open(self, kind: str, id_: str) -> Sealed:
        """The sealed file. Raises `Unsealable`, OSError, and `Refusal` `key_missing`."""
        return Sealed(self.path(kind, id_), self.name(kind, id_), self.keys)

    def path(self, kind: str, id_: str) -> Path:
        """Where the file is. `id_` is one of ours, and no way out of the folder."""
        return place(self._folder, kind, id_)

    def name(self, kind: str, id_: str) -> str:
        """What the file's content is bound to."""
        return f"{kind}/{id_}"

    def remove(self, kind: str, id_: str) -> None:
        """Delete it, if it is there."""
        self.path(kind, id_).unlink(missing_ok=True)

    def sweep(self, kind: str, known: Collection[str], *, at: float) -> int:
        """Delete files of no row; answers how many. Younger ones than `ORPHAN_S` stay."""
        swept = 0
        for path in (self._folder / kind).glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.name.removesuffix(SUFFIX) not in known and path.stat().st_mtime < at - ORPHAN_S:
                    path.unlink()
                    swept += 1
        if swept:
            log.info("files of no record were deleted", kind=kind, files=swept)
        return swept


def place(folder: Path, kind: str, id_: str) -> Path:
    """Where a file is in the folder of files. `id_` is one of ours, and no way out of the folder."""
    if not _ID.fullmatch(id_):
        raise ValueError(id_)
    return folder / kind / id_[:2] / (id_ + SUFFIX)


def shown_name(name: str) -> str:
    """A file's name as it can be shown: its last part, without marks that turn the direction of writing."""
    last = re.split(r"[\\/]", _TURNING.sub("", name))[-1].strip(" .")
    last = last.encode("utf-8", "replace").decode()
    if len(last) > LONGEST_NAME:
        stem, dot, suffix = last.rpartition(".")
        kept = dot + suffix if dot and len(suffix) <= 8 else ""
        last = (stem if kept else last)[: LONGEST_NAME - len(kept)] + kept
    return last or "file"


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise
        raise _no_room(error.strerror or "the disk is full") from error


def _no_room(why: str) -> Refusal:
    says = f"there is no room for files on the server ({why}): tell its administrator"
    return Refusal(says, code="no_room")
