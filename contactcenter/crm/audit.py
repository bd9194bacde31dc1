"""The audit log: who changed, steered and listened, and who tried to without the right.

It only grows: triggers refuse every change of a row. Each row's hash covers its content and the hash of the
row before it, so a row that was changed, taken out or put in past the triggers shows (`follow`). Rows cut off
at the end don't: whoever must know of that keeps the last row's number and hash elsewhere (`holds`).
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from contactcenter.crm import access, paging
from contactcenter.crm.access import CENTER, Kind, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.schema import audit
from contactcenter.crm.text import inert
from contactcenter.values import AuditEntry, frozen

LONGEST = 20_000
"""Characters of one text inside `before`, `after` and `detail`."""
_FILTERS = {name: audit.c[name] for name in ("login", "act", "kind", "object")}
_BEGINNING = "0" * 64
_MANY = 2_000
"""Rows that are in memory at a time."""
_FIELDS = tuple(field.name for field in fields(AuditEntry))


@frozen
class AuditRow:
    """One row of the log."""

    seq: int
    at: float
    login: str
    act: str
    kind: str
    object: str
    granted: bool
    before: Any
    after: Any
    detail: dict[str, Any]
    hash: str


@frozen
class Chain:
    """How far the rows were followed from the first on, each by the hash of the one before it."""

    rows: int = 0
    """So many are as they were written."""
    hash: str = _BEGINNING
    """The last one's of these."""
    broken: int | None = None
    """The number of the first row that is not as it was written, or is missing."""
    whole: bool = False
    """There is no row behind these."""


def write(db: Connection, entry: AuditEntry) -> AuditRow:
    """Append a row. The one function that does: run it in the transaction of what it tells of."""
    (row,) = write_all(db, (entry,))
    return row


def write_all(db: Connection, entries: Iterable[AuditEntry]) -> tuple[AuditRow, ...]:
    """Append rows in their order. Only the store's one writer may call this: it reads the last row first."""
    fresh = [storable(entry) for entry in entries]
    if not fresh:
        return ()
    last = db.execute(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).one_or_none()
    seq, before = (last.seq, last.hash) if last else (0, _BEGINNING)
    rows = []
    for entry in fresh:
        seq += 1
        # Not `asdict`: its copy of everything that a record holds would be half the price of an import.
        values = {"seq": seq, **{name: getattr(entry, name) for name in _FIELDS}}
        before = _hash(before, values)
        rows.append(values | {"hash": before})
    db.execute(insert(audit), rows)
    return tuple(AuditRow(**row) for row in rows)


def page(
    db: Connection,
    *,
    reader: Reader = CENTER,
    filters: dict[str, str] | None = None,
    granted: bool | None = None,
    since: float | None = None,
    until: float | None = None,
    cursor: str = "",
    limit: int = 50,
) -> Page[AuditRow]:
    """Rows that the reader may see, from `since` on and before `until`, the newest first; in what was before
    and after, what is hidden from him is blank. Who is limited to some queues sees what he did himself.

    `filters` names any of login, act, kind, object. Raises `Refusal` for others and foreign cursors.
    """
    query = select(audit).where(access.about(reader, audit.c.kind, audit.c.object, audit.c.login))
    if reader.limit():
        query = query.where(audit.c.login == reader.login)
    for name, value in (filters or {}).items():
        if name not in _FILTERS:
            raise Refusal(f"filter by one of {', '.join(_FILTERS)}", field=name)
        query = query.where(_FILTERS[name] == value)
    if granted is not None:
        query = query.where(audit.c.granted.is_(granted))
    if since is not None:
        query = query.where(audit.c.at >= since)
    if until is not None:
        query = query.where(audit.c.at < until)
    query = paging.after(query, audit.c.seq, audit.c.hash, cursor=cursor, limit=limit, down=True)
    rows = db.execute(query).all()
    shown = rows[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].seq, shown[-1].hash) if len(rows) > len(shown) else ""
    return Page(items=tuple(_as_shown(reader, _row(row)) for row in shown), next=more)


def last(db: Connection) -> AuditRow | None:
    """The newest row: its hash stands for the whole log."""
    row = db.execute(select(audit).order_by(audit.c.seq.desc()).limit(1)).one_or_none()
    return _row(row) if row else None


def follow(db: Connection, chain: Chain, limit: int) -> Chain:
    """Go on along the chain by at most `limit` rows."""
    query = select(audit).order_by(audit.c.seq).limit(limit)
    if chain.rows:
        query = query.where(audit.c.seq > chain.rows)
    found = db.execute(query).all()
    rows, before = chain.rows, chain.hash
    for row in map(_row, found):
        hash_ = _hash(before, {name: getattr(row, name) for name in ("seq", *_FIELDS)})
        if row.seq != rows + 1 or row.hash != hash_:
            return replace(chain, rows=rows, hash=before, broken=rows + 1)
        rows, before = row.seq, hash_
    return replace(chain, rows=rows, hash=before, whole=len(found) < limit)


def followed(db: Connection) -> Chain:
    """The whole chain at one go: for who has nothing else to do meanwhile."""
    chain = Chain()
    while not chain.whole and chain.broken is None:
        chain = follow(db, chain, _MANY)
    return chain


def broken(db: Connection) -> int | None:
    """The number of the first row that is not as it was written, or is missing; None when all are sound."""
    return followed(db).broken


def count(db: Connection) -> int:
    """The number of the newest row."""
    return db.scalar(select(func.max(audit.c.seq))) or 0


def holds(db: Connection, seq: int, hash_: str) -> bool:
    """Whether that row is there, with that hash."""
    return db.scalar(select(audit.c.hash).where(audit.c.seq == seq)) == hash_


def _as_shown(reader: Reader, row: AuditRow) -> AuditRow:
    if row.kind not in list(Kind):
        return row
    was, now = (
        access.shown(reader, Kind(row.kind), part) if isinstance(part, dict) else part
        for part in (row.before, row.after)
    )
    return replace(row, before=was, after=now)


def storable(entry: AuditEntry) -> AuditEntry:
    """The entry as any database can hold it and any program can hash it: inert text, finite numbers."""
    return replace(
        entry,
        at=float(entry.at),
        login=inert(entry.login),
        act=inert(entry.act),
        kind=inert(entry.kind),
        object=inert(entry.object),
        before=_plain(entry.before),
        after=_plain(entry.after),
        detail=_plain(entry.detail),
    )


def _plain(value: Any) -> Any:
    match value:
        case str():
            return inert(value, LONGEST)
        case float():
            return value if abs(value) < float("inf") else None
        case dict():
            return {inert(str(name)): _plain(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(each) for each in (sorted(value) if isinstance(value, set | frozenset) else value)]
        case bool() | int() | None:
            return value
        case _:
            return inert(str(value), LONGEST)


def _hash(before: str, values: dict[str, Any]) -> str:
    """Over the row before it and the content, spelt in a way that no database's keeping of JSON changes."""
    content = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(f"{before}\n{content}".encode()).hexdigest()


def _row(row: Row[Any]) -> AuditRow:
    return AuditRow(**row._mapping)
