"""ZIP files: how much of one is directory, before anything reads it.

Python's `zipfile` takes the whole directory into memory, however many entries it has, and whatever the number
says that stands beside it: a file of 20 MB can hold a directory for which a server has no time.
"""

import os
from typing import BinaryIO

LARGEST = 1 << 20
"""Bytes of a directory: some 10,000 parts. An office file has hundreds."""
_END, _END_64 = b"PK\5\6", b"PK\6\7"
_END_BYTES, _LOCATOR_BYTES, _COMMENT = 22, 20, 1 << 16


def is_small(file: BinaryIO) -> bool:
    """Whether `zipfile` may read its directory. Finds the end of it as `zipfile` does; what has none is left
    for that to refuse. Directories for more than 4 GB are never small."""
    size = file.seek(0, os.SEEK_END)
    began = max(size - _COMMENT - _END_BYTES - _LOCATOR_BYTES, 0)
    file.seek(began)
    tail = file.read()
    at = len(tail) - _END_BYTES
    if at < 0 or tail[at : at + 4] != _END or tail[-2:] != b"\0\0":
        at = tail.rfind(_END, max(len(tail) - _COMMENT - _END_BYTES, 0))
    if at < 0:
        return True
    if at >= _LOCATOR_BYTES and tail[at - _LOCATOR_BYTES :].startswith(_END_64):
        return False
    return int.from_bytes(tail[at + 12 : at + 16], "little") <= LARGEST
