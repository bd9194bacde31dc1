"""What was counted in each quarter of an hour, kept for ever: no row holds anything of a caller.

A row is written whole each time, and the one that was made last stays: written twice, late or out of order,
it is there once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

from contactcenter.crm import paging
from contactcenter.crm.paging import Page
from contactcenter.crm.schema import interactions, intervals, timeline
from contactcenter.crm.text import inert
from contactcenter.events import FiguresRestored
from contactcenter.figures import KINDS, needed
from contactcenter.intervals import count_again_from
from contactcenter.values import InteractionEntries, IntervalRow, TimelineEntry

LONGEST_DAY_S = 26 * 3600
"""A day may have 25 hours; an interaction never lasts longer."""


def save(db: Connection, rows: Sequence[IntervalRow]) -> None:
    """Write the rows; one that is there in a later state stays."""
    fresh = {_id(row): row for row in rows}
    query = select(intervals.c.id, intervals.c.saved_at).where(
        intervals.c.start.in_({row.start for row in rows})
    )
    known: dict[str, float] = {found.id: found.saved_at for found in db.execute(query)}
    new = [_values(row) for id_, row in fresh.items() if id_ not in known]
    newer = [
        _values(row) | {"this": id_}
        for id_, row in fresh.items()
        if id_ in known and row.saved_at >= known[id_]
    ]
    if new:
        db.execute(insert(intervals), new)
    if newer:
        db.execute(update(intervals).where(intervals.c.id == bindparam("this")), newer)


def page(
    db: Connection,
    *,
    names: Iterable[tuple[str, str]] | None = None,
    kind: str = "",
    since: float | None = None,
    until: float | None = None,
    cursor: str = "",
    limit: int = 50,
) -> Page[IntervalRow]:
    """Rows of quarters that begin from `since` on and before `until`, the oldest first.

    `names` are kinds with names to which the list is limited. Raises `Refusal` for foreign cursors.
    """
    query = select(intervals)
    if names is not None:
        query = query.where(or_(false(), *map(_is, sorted(names))))
    if kind:
        query = query.where(intervals.c.kind == kind)
    if since is not None:
        query = query.where(intervals.c.start >= since)
    if until is not None:
        query = query.where(intervals.c.start < until)
    found = db.execute(
        paging.after(query, intervals.c.start, intervals.c.id, cursor=cursor, limit=limit, down=False)
    ).all()
    shown = found[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].start, shown[-1].id) if len(found) > len(shown) else ""
    return Page(items=tuple(map(_row, shown)), next=more)


def restored(db: Connection, at: float) -> FiguresRestored:
    """What a center that begins now must know of what the last run counted."""
    last_start = db.scalar(select(func.max(intervals.c.start))) or 0
    saved_at = db.scalar(select(func.max(intervals.c.saved_at)).where(intervals.c.start >= last_start - 3600))
    begin = count_again_from(saved_at or 0.0, at)
    rows = db.execute(select(intervals).where(intervals.c.start >= min(begin, at - LONGEST_DAY_S)))
    concerned = or_(
        ~interactions.c.final,
        and_(interactions.c.arrived_at >= begin - LONGEST_DAY_S, interactions.c.closed_at >= begin),
    )
    found = db.execute(
        select(timeline, interactions.c.final)
        .join(interactions, interactions.c.id == timeline.c.interaction_id)
        .where(concerned, timeline.c.kind.in_(sorted(KINDS)))
        .order_by(timeline.c.interaction_id, timeline.c.seq)
    )
    told: dict[str, tuple[bool, list[TimelineEntry]]] = {}
    for each in found:
        entry = TimelineEntry(at=each.at, kind=each.kind, detail=each.detail)
        told.setdefault(each.interaction_id, (each.final, []))[1].append(needed(entry))
    return FiguresRestored(
        at=at,
        rows=tuple(map(_row, rows)),
        counted_from=begin,
        entries=tuple(
            InteractionEntries(id=id_, final=final, entries=tuple(entries))
            for id_, (final, entries) in told.items()
        ),
    )


def _id(row: IntervalRow) -> str:
    return f"{row.start} {row.kind} {inert(row.name)}"


def _is(key: tuple[str, str]) -> ColumnElement[bool]:
    return and_(intervals.c.kind == key[0], intervals.c.name == key[1])


def _values(row: IntervalRow) -> dict[str, Any]:
    counts = {inert(name): n for name, n in row.counts.items()}
    return asdict(row) | {"id": _id(row), "name": inert(row.name), "counts": counts}


def _row(found: Row[Any]) -> IntervalRow:
    return IntervalRow(
        start=found.start, kind=found.kind, name=found.name, counts=found.counts, saved_at=found.saved_at
    )
