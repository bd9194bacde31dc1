"""Relations: who is what to whom: `from` is the `role` of `to`.

Wang is an employee of Star River; Star River South is a part of Star River. Of organisations, parts and
subsidiaries make a tree: one that came back to itself would have no top, and is refused.
"""

from collections.abc import Sequence, Set
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from contactcenter.crm import access, records, roots
from contactcenter.crm.access import CENTER, Kind, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import customers, relations
from contactcenter.crm.text import entered
from contactcenter.values import frozen

UPWARD = ("part", "subsidiary")
"""Between organisations, and without a way back to where one began."""
ROLES = (
    "employee", "contact", "decision_maker", "representative", *UPWARD, "partner", "supplier", "family",
    "other",
)  # fmt: skip
MOST = 500
"""Relations of one customer."""


@frozen
class NewRelation:
    """A relation as it is entered."""

    to: str
    role: str
    title: str = ""
    """In words: head of purchasing."""
    main: bool = False
    """The one that counts, of several of one role: who is asked for first."""
    since: float | None = None
    until: float | None = None


@frozen
class Relation:
    """A relation as one of its two ends sees it."""

    id: str
    customer: str
    """The id of the other end …"""
    name: str
    kind: str
    role: str
    outward: bool
    """Whether this end is the `role` of the other; else the other end is this one's."""
    title: str
    main: bool
    since: float | None
    until: float | None
    created_at: float
    created_by: str


def add(db: Connection, customer: str, new: NewRelation, *, reader: Reader = CENTER, at: float) -> Relation:
    """Say that the customer is the `role` of another; the reader must see both. Raises `Refusal`."""
    begin = roots.check_visible(db, customer, reader)
    try:
        end = roots.check_visible(db, new.to, reader)
    except Refusal as error:
        raise Refusal(str(error), field="to") from None
    if new.role not in ROLES:
        raise Refusal(f"one of {', '.join(ROLES)}", field="role")
    if begin == end:
        raise Refusal("nobody is something to himself", field="to")
    if new.since is not None and new.until is not None and new.until < new.since:
        raise Refusal("ends before it begins", field="until")
    known = _rows(db, begin)
    if len(known) >= MOST:
        raise Refusal(f"at most {MOST} relations", field="to")
    if any(_ends(db, row) == (begin, end) and row.role == new.role for row in known):
        raise Refusal("they are so already", code="taken", field="to")
    if new.role in UPWARD:
        _check_upward(db, begin, end)
    row = {
        "id": uuid4().hex, "from_id": begin, "to_id": end, "role": new.role,
        "title": entered(new.title, "title", 120), "main": new.main, "since": new.since, "until": new.until,
        "created_at": at, "created_by": reader.login,
    }  # fmt: skip
    if new.main:
        _only_main(db, begin, new.role)
    db.execute(insert(relations).values(row))
    told = {name: row[name] for name in ("from_id", "to_id", "role", "title", "main", "since", "until")}
    records.changed(
        db, "relation", str(row["id"]), None, told, by=reader.login, at=at,
        detail={"customer": begin, "other": end},
    )  # fmt: skip
    return next(each for each in of(db, begin, reader) if each.id == row["id"])


def of(db: Connection, customer: str, reader: Reader = CENTER) -> tuple[Relation, ...]:
    """The customer's relations whose other end the reader sees: main ones first, then by name. Of two that
    were merged, what one is to the other is not told."""
    root = roots.check_visible(db, customer, reader)
    rows = _rows(db, root)
    others = {row.id: _other(db, row, root) for row in rows}
    query = select(customers).where(
        customers.c.id.in_({other for other, _ in others.values()}), access.visible(reader, Kind.CUSTOMER)
    )
    seen = {row.id: row for row in db.execute(query)}
    found = [
        _relation(row, seen[others[row.id][0]], outward=others[row.id][1])
        for row in rows
        if others[row.id][0] in seen and others[row.id][0] != root
    ]
    return tuple(sorted(found, key=lambda each: (not each.main, each.name, each.id)))


def remove(db: Connection, relation: str, *, reader: Reader = CENTER, at: float) -> None:
    """Take a relation away. Raises `Refusal` `not_found`, also when the reader does not see both its ends."""
    row = db.execute(select(relations).where(relations.c.id == relation)).one_or_none()
    if row is None:
        raise Refusal("there is no such relation", code="not_found")
    begin, end = (roots.check_visible(db, each, reader) for each in (row.from_id, row.to_id))
    db.execute(delete(relations).where(relations.c.id == relation))
    told = {name: row._mapping[name] for name in ("from_id", "to_id", "role", "title", "main")}
    records.changed(
        db, "relation", relation, told, None, by=reader.login, at=at,
        detail={"customer": begin, "other": end},
    )  # fmt: skip


def _check_upward(db: Connection, begin: str, end: str) -> None:
    """Refuse a relation that would make an organisation a part of itself, through however many others."""
    query = select(customers.c.kind).where(customers.c.id.in_((begin, end)))
    if set(db.scalars(query)) != {"organisation"}:
        raise Refusal(f"only organisations are {' or '.join(UPWARD)} of another", field="role")
    if begin in _above(db, {end}):
        raise Refusal("that goes round in a circle: the other is a part of this one already", field="to")


def check_merged(db: Connection, one: str, other: str) -> None:
    """Refuse to make one organisation of two that others stand between: these would be above and below it.

    (That one of the two is a part of the other says nothing any more, until they are parted again.)
    """
    both = {one, other}
    if both & _above(db, _up(db, both) - both):
        raise Refusal(
            "one is a part of the other, through organisations between them: take a relation away first",
            code="illegal_now",
            field="gone",
        )


def _above(db: Connection, level: Set[str]) -> set[str]:
    """These organisations and all that they are a part of, through however many others."""
    found = set(level)
    while level:
        level = _up(db, level) - found
        found |= level
    return found


def _up(db: Connection, level: Set[str]) -> set[str]:
    """What these are a part of at once."""
    members = {member for family in roots.families(db, level).values() for member in family}
    upward = select(relations.c.to_id).where(relations.c.from_id.in_(members), relations.c.role.in_(UPWARD))
    return {root for each in db.scalars(upward) if (root := roots.root_of(db, each))}


def _only_main(db: Connection, begin: str, role: str) -> None:
    family = roots.family(db, begin)
    db.execute(
        update(relations)
        .where(relations.c.from_id.in_(family), relations.c.role == role, relations.c.main)
        .values(main=False)
    )


def _rows(db: Connection, root: str) -> Sequence[Row[Any]]:
    family = roots.family(db, root)
    query = select(relations).where(or_(relations.c.from_id.in_(family), relations.c.to_id.in_(family)))
    return db.execute(query.order_by(relations.c.id)).all()


def _ends(db: Connection, row: Row[Any]) -> tuple[str | None, str | None]:
    return roots.root_of(db, row.from_id), roots.root_of(db, row.to_id)


def _other(db: Connection, row: Row[Any], root: str) -> tuple[str, bool]:
    begin, end = _ends(db, row)
    return (end or "", True) if begin == root else (begin or "", False)


def _relation(row: Row[Any], other: Row[Any], *, outward: bool) -> Relation:
    return Relation(
        id=row.id, customer=other.id, name=other.name, kind=other.kind, role=row.role, outward=outward,
        title=row.title, main=row.main, since=row.since, until=row.until, created_at=row.created_at,
        created_by=row.created_by,
    )  # fmt: skip
