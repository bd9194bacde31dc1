"""Saved views: filters of a list that somebody gave a name, for himself or for all who see that list.

A view holds no record, only what is asked for: whoever uses a shared one sees what he himself may see.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from contactcenter.crm import filters, paging, records
from contactcenter.crm.access import READING, Kind, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.schema import saved_views
from contactcenter.crm.text import entered, inert
from contactcenter.values import frozen

KINDS = (Kind.CUSTOMER, Kind.REQUEST, Kind.FOLLOWUP, Kind.INTERACTION)
MOST = 100
"""Views of one user."""
LARGEST = 8_000
"""Characters of a filter, as JSON."""
_OF_CUSTOM = "custom."
"""Stands in each condition on a custom field."""


@frozen
class SavedView:
    """One view."""

    id: str
    login: str
    """Whose it is."""
    kind: str
    title: str
    filter: dict[str, Any]
    """What the list is asked for, by its own parameters; what else a page keeps with it."""
    shared: bool
    version: int
    created_at: float


def page(
    db: Connection, reader: Reader, *, kind: str = "", cursor: str = "", limit: int = 50
) -> Page[SavedView]:
    """The reader's own views and those that are shared with him, the oldest first. Raises `Refusal`."""
    seen = [each.value for each in KINDS if reader.may(READING[each])]
    query = select(saved_views).where(
        or_(saved_views.c.login == reader.login, saved_views.c.shared.is_(True)), saved_views.c.kind.in_(seen)
    )
    if kind:
        query = query.where(saved_views.c.kind == kind)
    query = paging.after(
        query, saved_views.c.created_at, saved_views.c.id, cursor=cursor, limit=limit, down=False
    )
    rows = db.execute(query).all()
    shown = rows[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].created_at, shown[-1].id) if len(rows) > len(shown) else ""
    return Page(items=tuple(map(_view, shown)), next=more)


def get(db: Connection, id_: str, reader: Reader) -> SavedView | None:
    """The reader's own view, or None."""
    this = (saved_views.c.id == id_, saved_views.c.login == reader.login)
    row = db.execute(select(saved_views).where(*this)).one_or_none()
    return _view(row) if row else None


def create(
    db: Connection,
    reader: Reader,
    *,
    kind: str,
    title: str,
    filter: Mapping[str, Any],
    shared: bool,
    at: float,
) -> SavedView:
    """Keep a view. Raises `Refusal`."""
    if kind not in KINDS:
        raise Refusal(f"one of {', '.join(KINDS)}", field="kind")
    mine = select(func.count()).select_from(saved_views).where(saved_views.c.login == reader.login)
    if (db.scalar(mine) or 0) >= MOST:
        raise Refusal(f"at most {MOST} views: delete one that you don't need", code="too_many")
    row = {
        "id": uuid4().hex, "login": reader.login, "kind": kind, "title": _title(title),
        "filter": _filter(db, filter), "shared": shared, "version": 1, "created_at": at,
    }  # fmt: skip
    db.execute(insert(saved_views).values(row))
    made = _found(db, str(row["id"]), reader)
    records.changed(db, "view", made.id, None, _told(made), by=reader.login, at=at)
    return made


def change(
    db: Connection,
    id_: str,
    reader: Reader,
    *,
    title: str | None = None,
    filter: Mapping[str, Any] | None = None,
    shared: bool | None = None,
    expected: int | None = None,
    at: float,
) -> SavedView:
    """Change one's own view. Raises `Refusal`: `not_found`; `ChangedMeanwhile`."""
    before = _found(db, id_, reader)
    records.expect(before.version, expected)
    values: dict[str, Any] = {}
    if title is not None:
        values["title"] = _title(title)
    if filter is not None:
        values["filter"] = _filter(db, filter)
    if shared is not None:
        values["shared"] = shared
    version = before.version + 1
    db.execute(update(saved_views).where(saved_views.c.id == id_).values(**values, version=version))
    after = _found(db, id_, reader)
    records.changed(db, "view", id_, _told(before), _told(after), by=reader.login, at=at, version=version)
    return after


def remove(db: Connection, id_: str, reader: Reader, *, expected: int | None = None, at: float) -> None:
    """Delete one's own view. Raises `Refusal`: `not_found`; `ChangedMeanwhile`."""
    before = _found(db, id_, reader)
    records.expect(before.version, expected)
    db.execute(delete(saved_views).where(saved_views.c.id == id_))
    records.changed(db, "view", id_, _told(before), None, by=reader.login, at=at, version=before.version)


def _told(view: SavedView) -> dict[str, Any]:
    return {"kind": view.kind, "title": view.title, "filter": view.filter, "shared": view.shared}


def _title(title: str) -> str:
    title = entered(title, "title", 80)
    if not title:
        raise Refusal("a view needs a name", field="title")
    return title


def _filter(db: Connection, given: Mapping[str, Any]) -> Any:
    text = json.dumps(given, ensure_ascii=False)
    if len(text) > LARGEST:
        raise Refusal(f"at most {LARGEST} characters of JSON", code="too_long", field="filter")
    for each in _texts(given):
        if sealed := filters.sealed_in(db, each):
            says = f"compares with {sealed[0]}, which is sealed: a view would keep the value in the clear"
            raise Refusal(says, field="filter")
    return _inert(given)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str() if _OF_CUSTOM in value:
            yield value
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)


def _inert(value: Any) -> Any:
    match value:
        case str():
            return inert(value, LARGEST)
        case dict():
            return {inert(str(name)): _inert(each) for name, each in value.items()}
        case list():
            return [_inert(each) for each in value]
        case _:
            return value


def _found(db: Connection, id_: str, reader: Reader) -> SavedView:
    found = get(db, id_, reader)
    if found is None:
        raise Refusal("there is no such view", code="not_found")
    return found


def _view(row: Row[Any]) -> SavedView:
    return SavedView(**row._mapping)
