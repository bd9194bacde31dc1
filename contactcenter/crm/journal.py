"""The spill journal: where the center's records wait, safe from a crash, while the database takes no writes.

The file is allocated in full beforehand, so that it can be written when the disk is full. Records are
appended as length, checksum, JSON; a length of zero ends them. A torn record ends them too: it was never
promised. The first record is the journal's own name, under which the database knows how much of it is
applied.
"""

import os
import struct
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import msgspec
import structlog

from contactcenter.commands import (
    CorrectDisposition,
    KeepAttempt,
    ReturnLeads,
    SaveAudit,
    SaveCallback,
    SaveCampaignState,
    SaveDoNotCall,
    SaveInteraction,
    SaveRecording,
)
from contactcenter.crm.saved import Saved

SIZE = 8 << 20
"""Bytes; some 8,000 records. Beyond that the file grows, as long as the disk lets it."""
_HEAD = struct.Struct(">II")
_END = bytes(_HEAD.size)

log = structlog.get_logger(__name__)


class _Line(msgspec.Struct, omit_defaults=True):
    number: int
    save: SaveInteraction | None = None
    correct: CorrectDisposition | None = None
    audit: SaveAudit | None = None
    callback: SaveCallback | None = None
    recording: SaveRecording | None = None
    attempt: KeepAttempt | None = None
    do_not_call: SaveDoNotCall | None = None
    campaign: SaveCampaignState | None = None
    returned: ReturnLeads | None = None
    journal: str = ""

    @classmethod
    def of(cls, number: int, command: Saved) -> "_Line":
        match command:
            case SaveInteraction():
                return cls(number, save=command)
            case CorrectDisposition():
                return cls(number, correct=command)
            case SaveAudit():
                return cls(number, audit=command)
            case SaveCallback():
                return cls(number, callback=command)
            case SaveRecording():
                return cls(number, recording=command)
            case KeepAttempt():
                return cls(number, attempt=command)
            case SaveDoNotCall():
                return cls(number, do_not_call=command)
            case SaveCampaignState():
                return cls(number, campaign=command)
            case ReturnLeads():
                return cls(number, returned=command)

    @property
    def command(self) -> Saved | None:
        """What it holds; None: the journal's name."""
        return (
            self.save or self.correct or self.audit or self.callback or self.recording
            or self.attempt or self.do_not_call or self.campaign or self.returned
        )  # fmt: skip


class Journal:
    """One journal file. Blocking: every call may wait for the disk."""

    def __init__(self, path: Path, size: int = SIZE) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(_Line).decode
        self.name = ""
        """Of this journal, as against all others; empty for one of an older version with records in it."""
        self._begin = self._end = 0
        try:
            if (missing := size - os.fstat(self._file).st_size) > 0:
                # Zeros, not fallocate: filling promised extents can need new blocks on some file systems.
                os.pwrite(self._file, bytes(missing), size - missing)
                os.fsync(self._file)
            self._take_name()
        except OSError:
            os.close(self._file)
            raise

    def entries(self) -> list[tuple[int, Saved]]:
        """All that was appended since the last reset, in order; further appends go behind it."""
        found: list[tuple[int, Saved]] = []
        self._end = self._begin
        while body := self._record(self._end):
            self._end += _HEAD.size + len(body)
            try:
                line = self._decode(body)
            except msgspec.DecodeError:
                # Of another version, or with a NaN: what stands behind it must not be lost with it.
                log.critical("a record in the journal can't be read", body=body)
                continue
            if command := line.command:
                found.append((line.number, command))
        return found

    def append(self, entries: Iterable[tuple[int, Saved]]) -> None:
        """Returns when they are on the disk. Raises OSError, and has then appended nothing."""
        data = b"".join(_record(self._encode(_Line.of(number, command))) for number, command in entries)
        self._write(data + _END, self._end)
        self._end += len(data)

    def reset(self) -> None:
        """Forget everything: it is in the database."""
        self._write(_END, self._begin)
        self._end = self._begin

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)

    def _take_name(self) -> None:
        if body := self._record(0):
            with suppress(msgspec.DecodeError):
                self.name = self._decode(body).journal
        else:
            self.name = uuid4().hex
            body = self._encode(_Line(0, journal=self.name))
            self._write(_record(body) + _END, 0)
        if self.name:
            self._begin = self._end = _HEAD.size + len(body)

    def _record(self, at: int) -> bytes:
        """What stands there; empty at the end."""
        head = os.pread(self._file, _HEAD.size, at)
        if len(head) < _HEAD.size:
            return b""
        length, checksum = _HEAD.unpack(head)
        body = os.pread(self._file, length, at + _HEAD.size) if length else b""
        return body if len(body) == length and zlib.crc32(body) == checksum else b""

    def _write(self, data: bytes, at: int) -> None:
        while data:
            done = os.pwrite(self._file, data, at)
            data, at = data[done:], at + done
        os.fdatasync(self._file)


def _record(body: bytes) -> bytes:
    return _HEAD.pack(len(body), zlib.crc32(body)) + body
