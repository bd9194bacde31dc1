"""Where tests keep their files: in memory, where the machine lets them.

What the tests prove is not the disk, and files that live for a second took a third of the suite's time.
"""

import os
import tempfile
from pathlib import Path

_MEMORY, _DISK = Path("/dev/shm"), Path("/tmp")
_ROOM = 2 << 30
"""Bytes that a run may need at once, with the databases of all workers."""


def folder() -> Path:
    """A folder of the machine with a short path: not in memory where a container has little of it, or where
    no program may be started from there."""
    try:
        about = os.statvfs(_MEMORY)
    except OSError:
        return _DISK
    roomy = about.f_bavail * about.f_frsize >= _ROOM
    return _MEMORY if roomy and not about.f_flag & os.ST_NOEXEC else _DISK


def settle() -> None:
    """Let this process and those that it starts make their temporary files there, unless somebody named
    another folder (TMPDIR)."""
    os.environ.setdefault("TMPDIR", str(folder()))
    tempfile.tempdir = None  # whoever asked before us got the usual one
