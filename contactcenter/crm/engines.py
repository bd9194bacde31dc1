"""Which engine keeps the database of a place."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from contactcenter.crm.database import Database
from contactcenter.crm.place import Place, Server
from contactcenter.crm.sqlite import SqliteFile

T = TypeVar("T")


def of(place: Place) -> Database:
    """The database at that place, not opened yet."""
    if isinstance(place, Server):
        from contactcenter.crm.postgresql import PostgresDatabase  # who keeps a file does without its driver

        return PostgresDatabase(place)
    return SqliteFile(place)


async def peek(place: Place, query: Callable[[Connection], T]) -> T:
    """What a reading function finds, beside a center that may be running."""
    return await of(place).peek(query)
