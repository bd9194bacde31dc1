"""The outbox: what happened to records, for whoever is to be told: webhooks, other programs.

An event is written in the transaction of what it tells of, so there is none of what did not happen and none
is missing. Whoever delivers reads on from the last `seq` that he dealt with. Events say what changed and not
what it is now: who is told asks for the record, with his own rights.
"""

from collections.abc import Iterable
from dataclasses import field, fields
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from contactcenter.crm import access, paging
from contactcenter.crm.access import CENTER, Reader
from contactcenter.crm.schema import outbox
from contactcenter.values import frozen

KEPT_S = 30 * 86_400.0
"""For how long an event can be read."""


@frozen
class News:
    """One thing that happened to one record."""

    event: str
    """What, in the form `customer.changed`."""
    kind: str
    record_id: str
    version: int = 1
    """The record's version after it."""
    detail: dict[str, Any] = field(default_factory=dict)
    """Plain JSON. No personal data: programs log it."""


_FIELDS = tuple(each.name for each in fields(News))


@frozen
class OutboxRow:
    """One event as it is read."""

    seq: int
    """1, 2, 3 … in the order in which things happened."""
    at: float
    event: str
    kind: str
    record_id: str
    version: int
    login: str
    detail: dict[str, Any]


def put(db: Connection, news: News, *, by: str, at: float) -> None:
    """Append an event: run it in the transaction of what it tells of."""
    put_all(db, (news,), by=by, at=at)


def put_all(db: Connection, news: Iterable[News], *, by: str, at: float) -> None:
    """Append events in their order."""
    fresh = [{name: getattr(each, name) for name in _FIELDS} for each in news]
    if not fresh:
        return
    last = last_seq(db)
    rows = [row | {"seq": seq, "at": at, "login": by} for seq, row in enumerate(fresh, last + 1)]
    db.execute(insert(outbox), rows)


def last_seq(db: Connection) -> int:
    """The number of the newest event; 0 when there never was one."""
    return db.scalar(select(func.max(outbox.c.seq))) or 0


def after(
    db: Connection, seq: int, *, reader: Reader = CENTER, kind: str = "", limit: int = 50
) -> tuple[OutboxRow, ...]:
    """Events after that number that the reader may know of, the oldest first; of one kind, if given."""
    query = select(outbox).where(
        outbox.c.seq > seq, access.about(reader, outbox.c.kind, outbox.c.record_id, outbox.c.login)
    )
    query = query.order_by(outbox.c.seq).limit(paging.bounded(limit))
    if kind:
        query = query.where(outbox.c.kind == kind)
    return tuple(OutboxRow(**row._mapping) for row in db.execute(query))


def since(db: Connection, seq: int, limit: int) -> tuple[OutboxRow, ...]:
    """Events after that number for the center itself, the oldest first: so many at most."""
    query = select(outbox).where(outbox.c.seq > seq).order_by(outbox.c.seq).limit(limit)
    return tuple(OutboxRow(**row._mapping) for row in db.execute(query))


def sweep(db: Connection, *, at: float) -> None:
    """Delete events that are older than `KEPT_S`; the newest stays, so that no number is given twice."""
    old = (outbox.c.at < at - KEPT_S, outbox.c.seq < last_seq(db))
    db.execute(delete(outbox).where(*old))
