"""The spill journal: where the center's records wait, safe from a crash, while the database takes no writes.

The file is allocated in full beforehand, so that it can be written when the disk is full. Records are
appended as length, checksum, JSON; a length of zero ends them. A torn record ends them too: it was never
promised.
"""

import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import msgspec
import structlog

from contactcenter.commands import (
    CorrectDisposition,
    SaveAudit,
    SaveCallback,
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


class Journal:
    """One journal file. Blocking: every call may wait for the disk."""

    def __init__(self, path: Path, size: int = SIZE) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(_Line).decode
        self._end = 0
        try:
            if (missing := size - os.fstat(self._file).st_size) > 0:
                # Zeros, not fallocate: filling promised extents can need new blocks on some file systems.
                os.pwrite(self._file, bytes(missing), size - missing)
                os.fsync(self._file)
        except OSError:
            os.close(self._file)
            raise

    def entries(self) -> list[tuple[int, Saved]]:
        """All that was appended since the last reset, in order; further appends go behind it."""
        found: list[tuple[int, Saved]] = []
        self._end = 0
        while len(head := os.pread(self._file, _HEAD.size, self._end)) == _HEAD.size:
            length, checksum = _HEAD.unpack(head)
            body = os.pread(self._file, length, self._end + _HEAD.size) if length else b""
            if not body or len(body) < length or zlib.crc32(body) != checksum:
                break
            self._end += _HEAD.size + length
            try:
                line = self._decode(body)
            except msgspec.DecodeError:
                # Of another version, or with a NaN: what stands behind it must not be lost with it.
                log.critical("a record in the journal can't be read", body=body)
                continue
            if command := line.save or line.correct or line.audit or line.callback or line.recording:
                found.append((line.number, command))
        return found

    def append(self, entries: Iterable[tuple[int, Saved]]) -> None:
        """Returns when they are on the disk. Raises OSError, and has then appended nothing."""
        data = bytearray()
        for number, command in entries:
            body = self._encode(_Line.of(number, command))
            data += _HEAD.pack(len(body), zlib.crc32(body)) + body
        self._write(bytes(data + _END), self._end)
        self._end += len(data)

    def reset(self) -> None:
        """Forget everything: it is in the database."""
        self._write(_END, 0)
        self._end = 0

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)

    def _write(self, data: bytes, at: int) -> None:
        while data:
            done = os.pwrite(self._file, data, at)
            data, at = data[done:], at + done
        os.fdatasync(self._file)
