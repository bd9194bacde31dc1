"""Files of keys, outside the database and for their owner only: of recordings, and of personal data.

One key a line, 64 hexadecimal digits; the first seals, the others only open what they sealed. So a new key is
put on top, and an old one stays as long as there is anything of its time, in backups too.
"""

import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

_KEY = re.compile(r"[0-9a-f]{64}")
KEY_ID_BYTES = 8


class KeyProblem(Exception):
    """The key file can't be used. The message says why, and what to do."""


class Keys:
    """Keys by their ids. An id is the beginning of the key's SHA-256: it names the key and tells nothing."""

    def __init__(self, keys: list[bytes]) -> None:
        self._keys = {_id_of(key): key for key in keys}
        self.current = _id_of(keys[0])
        """The id of the key that seals."""

    def __iter__(self) -> Iterator[bytes]:
        """The ids, the current one first."""
        return iter(self._keys)

    def __contains__(self, key_id: bytes) -> bool:
        return key_id in self._keys

    def __getitem__(self, key_id: bytes) -> bytes:
        return self._keys[key_id]


def _id_of(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:KEY_ID_BYTES]


def load(path: Path) -> Keys:
    """Read the keys. Raises `KeyProblem`, also for a file that others than its owner can read."""
    try:
        mode = path.stat().st_mode
        lines = path.read_text(encoding="ascii").split()
    except FileNotFoundError:
        raise KeyProblem(f"there is no key file {path}: it is made at the first start") from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyProblem(f"the key file {path} can't be read: {error}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise KeyProblem(f"the key file {path} can be read by others: chmod 600 {path}")
    keys = list(_parsed(path, lines))
    if not keys:
        raise KeyProblem(f"the key file {path} is empty: put the key back from your copy")
    return Keys(keys)


def _parsed(path: Path, lines: list[str]) -> Iterator[bytes]:
    for number, line in enumerate(lines, 1):
        if not _KEY.fullmatch(line):
            raise KeyProblem(f"line {number} of the key file {path} is no key: 64 hexadecimal digits")
        yield bytes.fromhex(line)


def add(path: Path) -> Keys:
    """Draw a key and put it on top: from now on it seals. Raises `KeyProblem`."""
    load(path)
    fresh = path.with_name(path.name + ".new")
    try:
        fresh.unlink(missing_ok=True)
        _write(fresh, secrets.token_hex(32) + "\n" + path.read_text(encoding="ascii"))
        fresh.rename(path)
        _settle(path.parent)
    except OSError as error:
        raise KeyProblem(f"the key file {path} can't be written: {error.strerror}") from None
    return load(path)


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _settle(path.parent)


def _settle(folder: Path) -> None:
    """Have the folder's entries on the disk: what a key sealed must never outlive it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load_or_make(path: Path) -> Keys:
    """Read the keys; where there is no file, draw one key. Raises `KeyProblem`."""
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, secrets.token_hex(32) + "\n")
        except FileExistsError:
            pass
        except OSError as error:
            raise KeyProblem(f"the key file {path} can't be made: {error.strerror}") from None
    return load(path)
