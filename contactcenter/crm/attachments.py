"""Attachments: files of customers and their requests. The rows are here, the files are `files.py`'s.

A row is written when its file is on the disk; a row that is deleted stays, and its file goes. So whatever
stops in between leaves a file without a row, which is swept, and never a row without its file.
"""

from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from contactcenter.crm import access, paging, records, roots, sealing
from contactcenter.crm.access import CENTER, Kind, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.schema import attachments, requests
from contactcenter.crm.text import entered
from contactcenter.values import frozen

KIND = "attachments"
"""Of the files."""


@frozen
class NewAttachment:
    """A file that is on the disk already."""

    id: str
    name: str
    media_type: str
    bytes: int
    sha256: str
    request: str = ""
    interaction: str = ""


@frozen
class Attachment:
    """A file of a customer."""

    id: str
    customer: str
    request: str
    interaction: str
    name: str
    """As it was sent: shown, never used as a path."""
    media_type: str
    """By its content."""
    bytes: int
    sha256: str
    created_at: float
    created_by: str


def check(db: Connection, customer: str, reader: Reader, *, most: int, request: str = "") -> str:
    """The customer of today, if the reader may add to it, or to his request: who works on that sees it,
    whosever the customer is. Raises `Refusal`: `not_found`, `too_many`."""
    if request:
        root = roots.root_of(db, customer_of(db, request, reader)) or ""
        if roots.root_of(db, customer) != root:
            raise Refusal("this request is another customer's", field="request")
    else:
        root = roots.check_visible(db, customer, reader)
    family = roots.family(db, root)
    here = (attachments.c.customer_id.in_(family), attachments.c.deleted_at.is_(None))
    if (db.scalar(select(func.count()).select_from(attachments).where(*here)) or 0) >= most:
        raise Refusal(f"a customer has {most} files at most: delete one that nobody needs", code="too_many")
    return root


def customer_of(db: Connection, request: str, reader: Reader) -> str:
    """Whose request that is, if the reader sees it. Raises `Refusal` `not_found`."""
    seen = access.visible(reader, Kind.REQUEST)
    found: str | None = db.scalar(select(requests.c.customer_id).where(requests.c.id == request, seen))
    if found is None:
        raise Refusal("there is no such request", code="not_found")
    return found


def add(
    db: Connection, customer: str, new: NewAttachment, *, reader: Reader = CENTER, at: float, most: int
) -> Attachment:
    """Keep what a file is and whose. Raises `Refusal`: `not_found`, `too_many`."""
    root = check(db, customer, reader, most=most, request=new.request)
    ours = sealing.of(db)
    sealing.remember(db, ours)
    row: dict[str, Any] = {
        "id": new.id, "customer_id": root, "request": new.request,
        "interaction": entered(new.interaction, "interaction", 64), "name": entered(new.name, "name"),
        "media_type": new.media_type, "bytes": new.bytes, "sha256": new.sha256,
        "key": ours.seal_keys.current.hex() if ours.seal_keys else "", "created_at": at,
        "created_by": reader.login,
    }  # fmt: skip
    db.execute(insert(attachments).values(row))
    told = {name: row[name] for name in ("name", "media_type", "bytes", "sha256")}
    detail = {"customer": root, "request": new.request}
    records.changed(db, "attachment", new.id, None, told, by=reader.login, at=at, detail=detail)
    return _found(db, new.id, reader)


def get(db: Connection, attachment: str, reader: Reader = CENTER) -> Attachment | None:
    """The attachment, if the reader sees it."""
    seen = access.visible(reader, Kind.ATTACHMENT)
    this = (attachments.c.id == attachment, attachments.c.deleted_at.is_(None), seen)
    row = db.execute(select(attachments).where(*this)).one_or_none()
    return _attachment(db, row) if row else None


def page(
    db: Connection,
    *,
    customer: str = "",
    request: str = "",
    reader: Reader = CENTER,
    cursor: str = "",
    limit: int = 50,
) -> Page[Attachment]:
    """The files of a customer, or of a request, the newest first. Raises `Refusal` `not_found`."""
    if request:
        customer_of(db, request, reader)
        whose = attachments.c.request == request
    else:
        root = roots.check_visible(db, customer, reader)
        whose = attachments.c.customer_id.in_(roots.family(db, root))
    query = select(attachments).where(
        whose, attachments.c.deleted_at.is_(None), access.visible(reader, Kind.ATTACHMENT)
    )
    query = paging.after(
        query, attachments.c.created_at, attachments.c.id, cursor=cursor, limit=limit, down=True
    )
    rows = db.execute(query).all()
    shown = rows[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].created_at, shown[-1].id) if len(rows) > len(shown) else ""
    return Page(items=tuple(_attachment(db, row) for row in shown), next=more)


def remove(db: Connection, attachment: str, *, reader: Reader = CENTER, at: float) -> None:
    """Take a file away; that it was there is kept. Raises `Refusal` `not_found`."""
    before = _found(db, attachment, reader)
    db.execute(update(attachments).where(attachments.c.id == attachment).values(deleted_at=at))
    told = {name: getattr(before, name) for name in ("name", "media_type", "bytes", "sha256")}
    detail = {"customer": before.customer, "request": before.request}
    records.changed(db, "attachment", attachment, told, None, by=reader.login, at=at, detail=detail)


def kept(db: Connection) -> frozenset[str]:
    """The ids of all whose files are needed."""
    return frozenset(db.scalars(select(attachments.c.id).where(attachments.c.deleted_at.is_(None))))


def _found(db: Connection, attachment: str, reader: Reader) -> Attachment:
    found = get(db, attachment, reader)
    if found is None:
        raise Refusal("there is no such file", code="not_found")
    return found


def _attachment(db: Connection, row: Row[Any]) -> Attachment:
    return Attachment(
        id=row.id, customer=roots.root_of(db, row.customer_id) or row.customer_id, request=row.request,
        interaction=row.interaction, name=row.name, media_type=row.media_type, bytes=row.bytes,
        sha256=row.sha256, created_at=row.created_at, created_by=row.created_by,
    )  # fmt: skip
