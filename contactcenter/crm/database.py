"""What the store asks of a database, whichever engine keeps it: one writer, some readers, held by one center.

Each engine has a file of its own (`sqlite.py`, `postgresql.py`); what differs between them is mended there,
so that no noun has to know.
"""

import contextlib
import fcntl
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from contactcenter.crm.errors import StoreRefused, StoreUnavailable
from contactcenter.crm.place import journal_of

T = TypeVar("T")

_OURS = (IntegrityError, DataError, ProgrammingError, NotSupportedError)


class Database(ABC):
    """One database that this process alone writes: `take`, `migrate`, use the engines, `give_back`."""

    writing: AsyncEngine
    """One connection; whatever is written goes through it."""
    reading: AsyncEngine
    """Connections that can't write, each transaction seeing one state of the database."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        """For people; holds no secret."""
        self.journal = journal_of(path)
        self._path = path
        self._lock: int | None = None

    @abstractmethod
    async def take(self) -> None:
        """Hold it against any other center, and see that it is sound.

        Raises `StoreRefused` (with what to do), `StoreUnavailable`, OSError.
        """

    @abstractmethod
    async def migrate(self) -> None:
        """Bring the schema up to date. Raises `StoreRefused` for a newer one, DBAPIError."""

    async def give_back(self, *, clean: bool) -> None:
        """Let others have it; `clean` when everything is written."""
        # Readers first: the last connection to close writes SQLite's WAL back, and only the writer's can.
        for engine in (self.reading, self.writing):
            with contextlib.suppress(Exception):
                await engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @abstractmethod
    async def peek(self, query: Callable[[Connection], T]) -> T:
        """What a reading function finds, beside a center that may be running, and without taking anything.

        Raises `StoreUnavailable` or `StoreRefused`.
        """

    def outage(self, error: Exception) -> bool:
        """Whether the database is to blame, and not what it was given: then the same may work later."""
        if isinstance(error, DBAPIError):
            return not isinstance(error, _OURS)
        return isinstance(error, OSError | TimeoutError | StoreUnavailable | StoreRefused)

    def hold(self) -> None:
        """Keep other processes of this machine away from the journal, and from the file if it is one."""
        # By its real name: a link to the file is the same file.
        lock = self._path.resolve().with_suffix(".lock")
        file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(file)
            raise StoreRefused(
                f"{self._path} is in use by another contactcenter process: stop that one first"
            ) from error
        self._lock = file
