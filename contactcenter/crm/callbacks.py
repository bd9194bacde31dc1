"""Callbacks: who is to be called back, in which place, and what became of it."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from contactcenter.callbacks import CallbackRecord, CallbackState
from contactcenter.crm import access, appointments, paging
from contactcenter.crm.access import Kind, Reader
from contactcenter.crm.paging import Page
from contactcenter.crm.schema import callbacks
from contactcenter.crm.text import inert
from contactcenter.routing.skills import Need

OPEN = ("waiting", "calling")


def storable(record: CallbackRecord) -> CallbackRecord:
    """The record with all text made inert: the number and the name are a caller's."""
    texts = {name: inert(value, 200) for name, value in asdict(record).items() if isinstance(value, str)}
    return CallbackRecord(**{**_fields(record), **texts})


def save(db: Connection, records: Iterable[CallbackRecord]) -> None:
    """Write the records, each in its last state. An appointment that was kept by one is done."""
    fresh = {record.id: record for record in records}
    if not fresh:
        return
    known = set(db.scalars(select(callbacks.c.id).where(callbacks.c.id.in_(fresh))))
    new = [_values(record) for id_, record in fresh.items() if id_ not in known]
    changed = [_values(record) | {"this": id_} for id_, record in fresh.items() if id_ in known]
    if new:
        db.execute(insert(callbacks), new)
    if changed:
        db.execute(update(callbacks).where(callbacks.c.id == bindparam("this")), changed)
    for record in fresh.values():
        if record.appointment and record.state == CallbackState.DONE:
            appointments.keep_by_hand(db, record.appointment, at=record.asked_at)


def unfinished(db: Connection) -> tuple[CallbackRecord, ...]:
    """Those that are open: at start, what the last run left."""
    query = select(callbacks).where(callbacks.c.state.in_(OPEN)).order_by(callbacks.c.entered_at)
    return tuple(map(_record, db.execute(query)))


def get(db: Connection, id_: str, reader: Reader) -> CallbackRecord | None:
    """The callback as the reader may see it, or None; what he does not see is None, too."""
    seen = access.visible(reader, Kind.CALLBACK)
    row = db.execute(select(callbacks).where(callbacks.c.id == id_, seen)).one_or_none()
    return _shown(_record(row), reader) if row else None


def page(
    db: Connection,
    reader: Reader,
    *,
    state: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page[CallbackRecord]:
    """Callbacks that the reader sees, the newest first, in this state if given."""
    query = select(callbacks).where(access.visible(reader, Kind.CALLBACK))
    if state:
        query = query.where(callbacks.c.state == state)
    found = db.execute(
        paging.after(query, callbacks.c.asked_at, callbacks.c.id, cursor=cursor, limit=limit, down=True)
    ).all()
    shown = found[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].asked_at, shown[-1].id) if len(found) > len(shown) else ""
    return Page(items=tuple(_shown(_record(row), reader) for row in shown), next=more)


def _shown(record: CallbackRecord, reader: Reader) -> CallbackRecord:
    """Who is called back is who called: without what of him is hidden from the reader."""
    if reader.hides(Kind.INTERACTION, "caller"):
        record = replace(record, number="")
    return replace(record, name="") if reader.hides(Kind.INTERACTION, "caller_name") else record


def _fields(record: CallbackRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in CallbackRecord.__dataclass_fields__}


def _values(record: CallbackRecord) -> dict[str, Any]:
    return _fields(record) | {"needs": [asdict(need) for need in record.needs]}


def _record(row: Row[Any]) -> CallbackRecord:
    values = dict(row._mapping)
    return CallbackRecord(**{**values, "needs": tuple(Need(**need) for need in values["needs"])})
