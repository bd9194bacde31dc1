"""Notes: what people write down about a customer, each with its author and time, changed by whoever may.

A deleted note stays in the database, out of sight: what was known of a customer on a day can be shown. Every
text that it had is in the audit log.
"""

from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, insert, select, update

from contactcenter.crm import access, paging, records, roots
from contactcenter.crm.access import CENTER, Kind, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.schema import notes, requests
from contactcenter.crm.text import entered
from contactcenter.values import frozen

LONGEST = 20_000
"""Characters of a note."""


@frozen
class NewNote:
    """A note as it is entered."""

    text: str
    pinned: bool = False
    """On top of the others."""
    request: str = ""
    interaction: str = ""


@frozen
class Note:
    """A note as it is kept."""

    id: str
    customer: str
    """Of today."""
    request: str
    interaction: str
    text: str
    pinned: bool
    version: int
    created_at: float
    created_by: str
    updated_at: float
    updated_by: str


def add(db: Connection, customer: str, new: NewNote, *, reader: Reader = CENTER, at: float) -> Note:
    """Write a note. Raises `Refusal`: `not_found`, `too_long`."""
    root = roots.check_visible(db, customer, reader)
    if new.request:
        of_customer = requests.c.customer_id.in_(roots.family(db, root))
        seen = access.visible(reader, Kind.REQUEST)
        if db.scalar(select(requests.c.id).where(requests.c.id == new.request, of_customer, seen)) is None:
            raise Refusal("there is no such request of this customer", field="request")
    row = {
        "id": uuid4().hex, "customer_id": root, "request": new.request,
        "interaction": entered(new.interaction, "interaction", 64), "text": _text(new.text),
        "pinned": new.pinned, "version": 1, "created_at": at, "created_by": reader.login, "updated_at": at,
        "updated_by": reader.login, "deleted_at": None,
    }  # fmt: skip
    db.execute(insert(notes).values(row))
    told = {"text": row["text"], "pinned": new.pinned}
    _keep(db, str(row["id"]), root, new.request, None, told, 1, reader.login, at)
    return _found(db, str(row["id"]), reader)


def get(db: Connection, note: str, reader: Reader = CENTER) -> Note | None:
    """One note, or None."""
    row = _row(db, note, reader)
    return _note(db, row) if row else None


def page(
    db: Connection, customer: str, *, reader: Reader = CENTER, cursor: str = "", limit: int = 50
) -> Page[Note]:
    """The customer's notes, the newest first. Raises `Refusal` `not_found`."""
    root = roots.check_visible(db, customer, reader)
    query = select(notes).where(
        notes.c.customer_id.in_(roots.family(db, root)),
        notes.c.deleted_at.is_(None),
        access.visible(reader, Kind.NOTE),
    )
    query = paging.after(query, notes.c.created_at, notes.c.id, cursor=cursor, limit=limit, down=True)
    rows = db.execute(query).all()
    shown = rows[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].created_at, shown[-1].id) if len(rows) > len(shown) else ""
    return Page(items=tuple(_note(db, row) for row in shown), next=more)


def change(
    db: Connection,
    note: str,
    *,
    text: str | None = None,
    pinned: bool | None = None,
    reader: Reader = CENTER,
    at: float,
    expected: int | None = None,
) -> Note:
    """Change a note. Raises `Refusal`: `not_found`, `too_long`; `ChangedMeanwhile`."""
    before = _found(db, note, reader)
    records.expect(before.version, expected)
    after = {
        "text": before.text if text is None else _text(text),
        "pinned": before.pinned if pinned is None else pinned,
    }
    was = {"text": before.text, "pinned": before.pinned}
    if after != was:
        version = before.version + 1
        who = {"updated_at": at, "updated_by": reader.login}
        db.execute(update(notes).where(notes.c.id == note).values(**after, **who, version=version))
        _keep(db, note, before.customer, before.request, was, after, version, reader.login, at)
    return _found(db, note, reader)


def remove(
    db: Connection, note: str, *, reader: Reader = CENTER, at: float, expected: int | None = None
) -> None:
    """Take a note out of sight. Raises `Refusal` `not_found`; `ChangedMeanwhile`."""
    before = _found(db, note, reader)
    records.expect(before.version, expected)
    db.execute(update(notes).where(notes.c.id == note).values(deleted_at=at, version=before.version + 1))
    was = {"text": before.text, "pinned": before.pinned}
    _keep(db, note, before.customer, before.request, was, None, before.version + 1, reader.login, at)


def _text(text: str) -> str:
    text = entered(text, "text", LONGEST)
    if not text:
        raise Refusal("a note must not be empty", field="text")
    return text


def _keep(
    db: Connection,
    note: str,
    customer: str,
    request: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    version: int,
    by: str,
    at: float,
) -> None:
    detail = {"customer": customer, **({"request": request} if request else {})}
    records.changed(db, "note", note, before, after, by=by, at=at, version=version, detail=detail)


def _found(db: Connection, note: str, reader: Reader) -> Note:
    row = _row(db, note, reader)
    if row is None:
        raise Refusal("there is no such note", code="not_found")
    return _note(db, row)


def _row(db: Connection, note: str, reader: Reader) -> Row[Any] | None:
    seen = access.visible(reader, Kind.NOTE)
    return db.execute(
        select(notes).where(notes.c.id == note, notes.c.deleted_at.is_(None), seen)
    ).one_or_none()


def _note(db: Connection, row: Row[Any]) -> Note:
    return Note(
        id=row.id, customer=roots.root_of(db, row.customer_id) or row.customer_id, request=row.request,
        interaction=row.interaction, text=row.text, pinned=row.pinned, version=row.version,
        created_at=row.created_at, created_by=row.created_by, updated_at=row.updated_at,
        updated_by=row.updated_by,
    )  # fmt: skip
