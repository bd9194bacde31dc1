"""A sealed file: encrypted and authenticated in chunks, so that any part can be read alone.

    header   magic, chunk size, key id, file id (random), length of the content
    chunks   AES-256-GCM, the chunk's number as nonce, 16 bytes of tag each

Each file has a key of its own, derived from the master key and the file id, so a number never meets the same
key twice. Header, name and number are authenticated with each chunk: chunks can't be swapped, dropped or
taken from another file, and a file can't pass for another one.
"""

import io
import os
import secrets
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from contactcenter.crm.keys import Keys

CHUNK = 64 * 1024
"""Bytes of content in a chunk: four seconds of a recording's sound."""
_MAGIC = b"ccrec\x01"
_HEADER = struct.Struct(">6sI8s16sQ")
_TAG = 16
_INFO = b"contactcenter recording 1"


class Unsealable(Exception):
    """The file is damaged, or another one's, or its key is missing: the message says which."""


def _cipher(keys: Keys, key_id: bytes, file_id: bytes) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=file_id, info=_INFO).derive(keys[key_id])
    return AESGCM(derived)


def _bound(header: bytes, name: str, number: int) -> tuple[bytes, bytes]:
    """Nonce and associated data of a chunk."""
    return number.to_bytes(12, "big"), header + name.encode() + b"\0" + number.to_bytes(8, "big")


def seal(path: Path, name: str, content: Iterable[bytes], length: int, keys: Keys) -> int:
    """Write `content`, which is `length` bytes, into a new file; returns the file's size.

    The file appears whole and on the disk, or not at all. Raises OSError, and ValueError when the content has
    another length.
    """
    header = _HEADER.pack(_MAGIC, CHUNK, keys.current, file_id := secrets.token_bytes(16), length)
    cipher = _cipher(keys, keys.current, file_id)
    unfinished = path.with_name(f"{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(header)
            written = 0
            for number, chunk in enumerate(_chunks(content)):
                nonce, bound = _bound(header, name, number)
                file.write(cipher.encrypt(nonce, chunk, bound))
                written += len(chunk)
            _require(written, length)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        unfinished.rename(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return size


def _require(written: int, length: int) -> None:
    if written != length:
        raise ValueError(f"{written} bytes of content instead of {length}")


def _chunks(content: Iterable[bytes]) -> Iterable[bytes]:
    waiting = bytearray()
    for piece in content:
        waiting += piece
        while len(waiting) >= CHUNK:
            yield bytes(waiting[:CHUNK])
            del waiting[:CHUNK]
    if waiting:
        yield bytes(waiting)


class Sealed:
    """An open sealed file. Blocking: reading waits for the disk. Use `with`."""

    def __init__(self, path: Path, name: str, keys: Keys) -> None:
        """Raises `Unsealable`, and OSError for a file that can't be opened."""
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 (closed by `close`)
        try:
            self._read_header(keys)
        except BaseException:
            self._file.close()
            raise
        self._name = name

    def _read_header(self, keys: Keys) -> None:
        self._header = self._file.read(_HEADER.size)
        if len(self._header) < _HEADER.size:
            raise Unsealable("cut off in its header")
        magic, self._chunk, key_id, file_id, self.length = _HEADER.unpack(self._header)
        if magic != _MAGIC or not 0 < self._chunk <= 1 << 24:
            raise Unsealable("no sealed file")
        self.key_id: str = key_id.hex()
        if key_id not in keys:
            raise Unsealable(f"sealed with the key {self.key_id}, which is not in the key file")
        chunks = -(-self.length // self._chunk)
        if os.fstat(self._file.fileno()).st_size != _HEADER.size + self.length + chunks * _TAG:
            raise Unsealable("cut off, or something was added")
        self._cipher = _cipher(keys, key_id, file_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def read(self, begin: int, end: int) -> bytes:
        """The content from `begin` on and before `end`. Raises `Unsealable`, never gives a wrong byte."""
        begin, end = max(0, begin), min(end, self.length)
        if begin >= end:
            return b""
        first = begin // self._chunk
        found = b"".join(self._opened(number) for number in range(first, -(-end // self._chunk)))
        return found[begin - first * self._chunk : end - first * self._chunk]

    def _opened(self, number: int) -> bytes:
        size = min(self._chunk, self.length - number * self._chunk)
        sealed = os.pread(self._file.fileno(), size + _TAG, _HEADER.size + number * (self._chunk + _TAG))
        nonce, bound = _bound(self._header, self._name, number)
        try:
            return self._cipher.decrypt(nonce, sealed, bound)
        except InvalidTag:
            raise Unsealable(f"chunk {number} was changed, or is not of this file") from None


class Unsealed(io.RawIOBase):
    """The content of a sealed file as a file that can be read and rewound. Blocking."""

    def __init__(self, sealed: Sealed) -> None:
        self._sealed = sealed
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._sealed.length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        piece = self._sealed.read(self._at, self._at + len(buffer))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
