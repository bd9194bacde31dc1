"""History: everything that ever was with a customer, in one list, the newest first, page by page.

Each source gives its newest entries after the cursor, and the pages are merged from these: nothing is copied
into a table of its own, so nothing can be missing there. Each source carries the condition of its own kind of
record: who may not see a request does not see its steps. A merge changes nothing in the order: what was with
the other customer stands where it happened.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Text, and_, cast, literal, or_, select

from contactcenter.crm import access, assignments, paging, requests, roots
from contactcenter.crm.access import Kind, Reader, Right
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.schema import (
    attachments,
    audit,
    campaigns,
    consents,
    followups,
    interactions,
    merges,
    notes,
    ownerships,
    request_steps,
)
from contactcenter.crm.schema import requests as requests_table
from contactcenter.values import frozen


@frozen
class HistoryEntry:
    """One thing that happened. `detail` has the fields of its kind, with plain JSON values."""

    at: float
    kind: str
    """One of `KINDS`."""
    id: str
    """Of the record that it is of: an interaction, a request, a note …"""
    login: str
    """Who did it; empty: nobody of ours, or the center."""
    detail: dict[str, Any]


@frozen
class _Asked:
    """One question for a customer's history."""

    family: tuple[str, ...]
    reader: Reader
    since: float | None
    until: float | None
    cursor: tuple[float, str] | None
    """Time and tie of the entry that the page comes after."""
    limit: int


@frozen
class _Source:
    """Where entries of one kind come from."""

    right: Right
    query: Callable[[_Asked], tuple[Select[Any], ColumnElement[float], ColumnElement[str]]]
    """The rows, the column of their time, and a text that tells rows of one time apart."""
    entry: Callable[[Any, Reader], HistoryEntry]


def page(
    db: Connection,
    customer: str,
    reader: Reader,
    *,
    kinds: Iterable[str] = (),
    since: float | None = None,
    until: float | None = None,
    cursor: str = "",
    limit: int = 50,
) -> Page[HistoryEntry]:
    """What happened with the customer in `[since, until)`, of these kinds (none: all), the newest first.

    Raises `Refusal`: `not_found`; an unknown kind, a foreign cursor, a limit below 1.
    """
    root = roots.check_visible(db, customer, reader)
    wanted = tuple(kinds) or tuple(_SOURCES)
    for kind in wanted:
        if kind not in _SOURCES:
            raise Refusal(f"kinds are some of {', '.join(_SOURCES)}", field="kinds")
    limit = paging.bounded(limit)
    asked = _Asked(
        family=roots.family(db, root), reader=reader, since=since, until=until, cursor=_place(cursor),
        limit=limit + 1,
    )  # fmt: skip
    sources = [_entries(db, kind, asked) for kind in dict.fromkeys(wanted)]
    merged = list(islice(heapq.merge(*sources, key=lambda found: found[0], reverse=True), limit + 1))
    shown = merged[:limit]
    more = paging.cursor_of(*shown[-1][0]) if len(merged) > limit else ""
    return Page(items=tuple(entry for _, entry in shown), next=more)


def _entries(db: Connection, kind: str, asked: _Asked) -> Iterator[tuple[tuple[float, str], HistoryEntry]]:
    """One source's newest entries after the cursor, each with its place in the one order."""
    source = _SOURCES[kind]
    if not asked.reader.may(source.right):
        return
    query, at, tie = source.query(asked)
    if asked.cursor:
        time, last = asked.cursor
        of, _, rest = last.partition(" ")
        # Of one time, entries go by kind and then by their own text.
        same = tie < rest if kind == of else literal(kind < of)
        query = query.where(or_(at < time, and_(at == time, same)))
    if asked.since is not None:
        query = query.where(at >= asked.since)
    if asked.until is not None:
        query = query.where(at < asked.until)
    query = query.add_columns(at.label("happened_at"), tie.label("tie"))
    for row in db.execute(query.order_by(at.desc(), tie.desc()).limit(asked.limit)):
        yield (row.happened_at, f"{kind} {row.tie}"), source.entry(row, asked.reader)


def _place(cursor: str) -> tuple[float, str] | None:
    if not cursor:
        return None
    at, tie = paging.place_of(cursor, float)
    if tie.partition(" ")[0] not in _SOURCES:
        raise Refusal("not a cursor of this list", field="cursor")
    return at, tie


# --- the sources ---


def _interactions(asked: _Asked) -> tuple[Select[Any], ColumnElement[float], ColumnElement[str]]:
    query = (
        select(interactions, campaigns.c.name.label("campaign_name"))
        .outerjoin(campaigns, campaigns.c.id == interactions.c.campaign)
        .where(assignments.belong_to(asked.family), access.visible(asked.reader, Kind.INTERACTION))
    )
    return query, interactions.c.arrived_at, interactions.c.id


def _steps(asked: _Asked) -> tuple[Select[Any], ColumnElement[float], ColumnElement[str]]:
    query = (
        select(request_steps, requests_table.c.number, requests_table.c.subject)
        .join(requests_table, requests_table.c.id == request_steps.c.request_id)
        .where(requests_table.c.customer_id.in_(asked.family), access.visible(asked.reader, Kind.REQUEST))
    )
    # Numbers of one length, so that the text sorts as they do.
    number = cast(request_steps.c.seq + 1_000_000_000, Text)
    return query, request_steps.c.at, request_steps.c.request_id + literal(":") + number


def _of(
    table: FromClause, kind: Kind, time: str, *more: ColumnElement[bool]
) -> Callable[[_Asked], tuple[Select[Any], ColumnElement[float], ColumnElement[str]]]:
    """The rows of a table that hang on the customer and are visible as records of this kind."""

    def query(asked: _Asked) -> tuple[Select[Any], ColumnElement[float], ColumnElement[str]]:
        rows = select(table).where(
            table.c.customer_id.in_(asked.family), access.visible(asked.reader, kind), *more
        )
        return rows, table.c[time], table.c.id

    return query


def _ownerships(asked: _Asked) -> tuple[Select[Any], ColumnElement[float], ColumnElement[str]]:
    of = (ownerships.c.kind == "customer", ownerships.c.record_id.in_(asked.family))
    return select(ownerships).where(*of), ownerships.c.at, ownerships.c.id


def _merges(asked: _Asked) -> tuple[Select[Any], ColumnElement[float], ColumnElement[str]]:
    return select(merges).where(merges.c.kept == asked.family[0]), merges.c.at, merges.c.id


def _changes(asked: _Asked) -> tuple[Select[Any], ColumnElement[float], ColumnElement[str]]:
    query = select(audit).where(
        audit.c.kind == "customer",
        audit.c.object.in_(asked.family),
        audit.c.granted,
        audit.c.act.in_(("create", "change", "import")),
    )
    return query, audit.c.at, cast(audit.c.seq + 1_000_000_000, Text)


def _picked(
    row: Any,
    kind: str,
    *names: str,
    login: str = "login",
    id_: str = "id",
    more: Mapping[str, Any] | None = None,
) -> HistoryEntry:
    values = row._mapping
    return HistoryEntry(
        at=row.happened_at,
        kind=kind,
        id=values[id_],
        login=values[login],
        detail={name: values[name] for name in names} | dict(more or {}),
    )


def _interaction(row: Any, reader: Reader) -> HistoryEntry:
    names = (
        "channel", "direction", "caller", "queue", "outcome", "disposition", "note", "waited_s", "talked_s",
        "final", "campaign", "lead", "attempt",
    )  # fmt: skip
    more = {"campaign_name": row.campaign_name or ""}
    entry = _picked(row, "interaction", *names, login="agent", more=more)
    return replace(entry, detail=access.shown(reader, Kind.INTERACTION, entry.detail))


def _step(row: Any, reader: Reader) -> HistoryEntry:
    more = {"step": row.kind, "seq": row.seq, "what": requests.shown_detail(row.detail, reader)}
    return _picked(row, "request", "number", "subject", id_="request_id", more=more)


def _change(row: Any, reader: Reader) -> HistoryEntry:
    parts = {name: row._mapping[name] for name in ("before", "after")}
    told = {name: part and access.shown(reader, Kind.CUSTOMER, part) for name, part in parts.items()}
    return _picked(row, "change", "act", id_="object", more=told)


_PLANNED = ("title", "note", "state", "owner", "due_at", "request")

_SOURCES: Mapping[str, _Source] = {
    "interaction": _Source(right=Right.INTERACTIONS_READ, query=_interactions, entry=_interaction),
    "request": _Source(right=Right.REQUESTS_READ, query=_steps, entry=_step),
    "note": _Source(
        right=Right.CUSTOMERS_READ,
        query=_of(notes, Kind.NOTE, "created_at", notes.c.deleted_at.is_(None)),
        entry=lambda row, reader: _picked(
            row, "note", "text", "pinned", "request", "interaction", login="created_by"
        ),
    ),
    "followup": _Source(
        right=Right.FOLLOWUPS_READ,
        query=_of(followups, Kind.FOLLOWUP, "created_at"),
        entry=lambda row, reader: _picked(row, "followup", *_PLANNED, login="created_by"),
    ),
    "followup_done": _Source(
        right=Right.FOLLOWUPS_READ,
        query=_of(followups, Kind.FOLLOWUP, "done_at", followups.c.done_at.is_not(None)),
        entry=lambda row, reader: _picked(row, "followup_done", *_PLANNED, "result", login="done_by"),
    ),
    "consent": _Source(
        right=Right.CUSTOMERS_READ,
        query=_of(consents, Kind.CONSENT, "at"),
        entry=lambda row, reader: _picked(
            row, "consent", "channel", "purpose", "state", "source", "evidence", "interaction"
        ),
    ),
    "ownership": _Source(
        right=Right.CUSTOMERS_READ,
        query=_ownerships,
        entry=lambda row, reader: _picked(row, "ownership", "owner", "team", id_="record_id"),
    ),
    "merge": _Source(
        right=Right.CUSTOMERS_READ,
        query=_merges,
        entry=lambda row, reader: _picked(row, "merge", "gone", "undone_at", "undone_by"),
    ),
    "attachment": _Source(
        right=Right.CUSTOMERS_READ,
        query=_of(attachments, Kind.ATTACHMENT, "created_at", attachments.c.deleted_at.is_(None)),
        entry=lambda row, reader: _picked(
            row, "attachment", "name", "media_type", "bytes", "request", login="created_by"
        ),
    ),
    "change": _Source(right=Right.CUSTOMERS_READ, query=_changes, entry=_change),
}
"""By the kinds of entries, in the order in which those of one time stand."""

KINDS: Sequence[str] = tuple(_SOURCES)
