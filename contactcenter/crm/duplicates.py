"""Duplicates: pairs of records that may be one customer, found by what they share, for people to decide on.

A record is compared when it is made or changed (`check`); many at once, and those from before there was any
comparing, afterwards and piece by piece (`due`, `go_on`). What was called different stays so, until there is
a further reason.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    delete,
    insert,
    or_,
    select,
    update,
)

from contactcenter.crm import access, likeness, paging, settings
from contactcenter.crm.access import Kind, Reader
from contactcenter.crm.likeness import Reason
from contactcenter.crm.paging import Page
from contactcenter.crm.schema import addresses, customers, duplicates, name_keys
from contactcenter.values import frozen

_ONE, _OTHER = customers.alias("one"), customers.alias("other")
OPEN, DIFFERENT, MERGED = "open", "different", "merged"
_DUE = "duplicates_due"
"""The setting that says from where on records are to be compared."""
_STANDS_IN = {
    "phone": ("phones", "addresses"),
    "email": ("addresses",),
    "company": ("company",),
    "id_number": ("id_number",),
}
"""The fields of customers in which a reason's value stands."""
NAMESAKES = 50
"""Of a name that more customers have, only those who share something else are compared."""


@frozen
class Pair:
    """Two records that may be one customer; `first` is the older."""

    first: str
    second: str
    score: float
    """0 to 1."""
    reasons: tuple[Reason, ...]
    state: str
    found_at: float
    decided_at: float | None
    decided_by: str
    first_name: str = ""
    second_name: str = ""
    """What the two are called, in lists."""


def check(db: Connection, ids: Collection[str], *, at: float) -> int:
    """Compare these records with those that share something with them; answers how many pairs are open now.

    Run it in the transaction of the change, or after it. Records that were merged are not compared.
    """
    rows = db.execute(
        select(customers).where(customers.c.id.in_(list(ids)), customers.c.merged_into == "")
    ).all()
    _keep_keys(db, ids, rows)
    found = 0
    for row in rows:
        pairs = _compared(db, row)
        found += _keep(db, row.id, pairs, at=at)
    return found


def due(db: Connection, since: float) -> None:
    """Have `go_on` compare all records that were made or changed from then on."""
    at = json.loads(settings.get(db, _DUE) or "[]")
    settings.put(db, _DUE, json.dumps(min(at, [since, ""]) if at else [since, ""]))


def go_on(db: Connection, *, count: int = 10, at: float) -> bool:
    """Compare some of the records that are due; whether there are more."""
    if not (cursor := settings.get(db, _DUE)):
        return False
    since, last = json.loads(cursor)
    beyond = or_(customers.c.updated_at > since, and_(customers.c.updated_at == since, customers.c.id > last))
    rows = db.execute(
        select(customers.c.id, customers.c.updated_at)
        .where(customers.c.updated_at >= since, beyond)
        .order_by(customers.c.updated_at, customers.c.id)
        .limit(count)
    ).all()
    check(db, [row.id for row in rows], at=at)
    more = len(rows) == count
    settings.put(db, _DUE, json.dumps([rows[-1].updated_at, rows[-1].id]) if more else "")
    return more


def page(
    db: Connection,
    reader: Reader,
    *,
    state: str = OPEN,
    customer: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page[Pair]:
    """Pairs of which the reader sees both, the surest first; with one customer, if given."""
    query, one, other = _visible(reader)
    if state:
        query = query.where(duplicates.c.state == state)
    if state == OPEN:
        query = query.where(one.c.merged_into == "", other.c.merged_into == "")
    if customer:
        query = query.where(or_(duplicates.c.first == customer, duplicates.c.second == customer))
    tie = duplicates.c.first + duplicates.c.second
    query = paging.after(query, duplicates.c.score, tie, cursor=cursor, limit=limit, down=True)
    rows = db.execute(query).all()
    shown = rows[: paging.bounded(limit)]
    more = (
        paging.cursor_of(shown[-1].score, shown[-1].first + shown[-1].second)
        if len(rows) > len(shown)
        else ""
    )
    return Page(items=tuple(_pair(row, reader) for row in shown), next=more)


def get(db: Connection, reader: Reader, one: str, other: str) -> Pair | None:
    """The pair of these two, if there is one of which the reader sees both."""
    query, _, _ = _visible(reader)
    row = db.execute(query.where(_of(one, other))).one_or_none()
    return _pair(row, reader) if row else None


def different(db: Connection, one: str, other: str, *, by: str, at: float) -> None:
    """Somebody said that the two are different customers."""
    values = {"state": DIFFERENT, "decided_at": at, "decided_by": by}
    db.execute(update(duplicates).where(_of(one, other)).values(values))


def merged(db: Connection, one: str, other: str, *, by: str, at: float) -> None:
    """The two are one customer now."""
    values = {"state": MERGED, "decided_at": at, "decided_by": by}
    db.execute(update(duplicates).where(_of(one, other)).values(values))


def parted(db: Connection, one: str, other: str) -> None:
    """The two are no longer one: what was decided of them is forgotten."""
    db.execute(delete(duplicates).where(_of(one, other)))


def _visible(reader: Reader) -> tuple[Select[Any], FromClause, FromClause]:
    """Pairs of which the reader sees both records, and these two."""
    query = (
        select(duplicates, _ONE.c.name.label("first_name"), _OTHER.c.name.label("second_name"))
        .join(_ONE, _ONE.c.id == duplicates.c.first)
        .join(_OTHER, _OTHER.c.id == duplicates.c.second)
        .where(*(access.visible(reader, Kind.CUSTOMER, each) for each in (_ONE, _OTHER)))
    )
    return query, _ONE, _OTHER


def _of(one: str, other: str) -> ColumnElement[bool]:
    first, second = sorted((one, other))
    return and_(duplicates.c.first == first, duplicates.c.second == second)


# --- comparing ---


def _compared(db: Connection, row: Row[Any]) -> dict[str, tuple[float, tuple[Reason, ...]]]:
    """Who may be the same as this one -> how sure it is, and why."""
    reasons: dict[str, list[Reason]] = defaultdict(list)
    mine = db.execute(select(addresses).where(addresses.c.customer_id == row.id)).all()
    for address in mine:
        if address.channel not in ("phone", "email"):
            continue
        sharing = db.execute(
            select(addresses.c.customer_id, addresses.c.kind).where(
                addresses.c.channel == address.channel,
                addresses.c.value == address.value,
                addresses.c.extension == address.extension,
                addresses.c.customer_id != row.id,
            ).limit(likeness.SHARED + 1)
        ).all()  # fmt: skip
        if len(sharing) > likeness.SHARED:
            continue
        for other in sharing:
            chance = likeness.EMAIL
            if address.channel == "phone":
                chance = min(likeness.PHONES.get(kind, 0.3) for kind in (address.kind, other.kind))
            reasons[other.customer_id].append(
                Reason(kind=address.channel, value=address.value, chance=chance)
            )
    if row.id_number_index:
        same = select(customers.c.id).where(
            customers.c.id_number_index == row.id_number_index, customers.c.id != row.id
        )
        for id_ in db.scalars(same.limit(likeness.SHARED + 1)):
            reasons[id_].append(Reason(kind="id_number", chance=likeness.ID_NUMBER))
    namesakes = db.scalars(
        select(name_keys.c.customer_id)
        .where(name_keys.c.key == likeness.key(row.name), name_keys.c.customer_id != row.id)
        .limit(NAMESAKES + 1)
    ).all()
    if len(namesakes) <= NAMESAKES:
        for id_ in namesakes:
            reasons.setdefault(id_, [])
    others = db.execute(
        select(customers).where(customers.c.id.in_(list(reasons)), customers.c.merged_into == "")
    ).all()
    found = {}
    for other in others:
        if other.kind != row.kind:
            continue
        found[other.id] = _judged(row, other, reasons[other.id], len(namesakes) + 1)
    return found


def _judged(
    row: Any, other: Any, shared: Iterable[Reason], namesakes: int
) -> tuple[float, tuple[Reason, ...]]:
    reasons = list(shared)
    alike = likeness.names(row.name, other.name)
    if row.company and likeness.names(row.company, other.company) >= 0.9:
        reasons.append(Reason(kind="company", value=row.company, chance=likeness.SAME_COMPANY))
    score = likeness.together(reasons, alike, namesakes)
    if alike >= likeness.UNLIKE:
        reasons.append(Reason(kind="name", chance=round(alike, 2)))
    return round(score, 3), tuple(reasons)


def _keep_keys(db: Connection, ids: Collection[str], rows: Iterable[Row[Any]]) -> None:
    db.execute(delete(name_keys).where(name_keys.c.customer_id.in_(list(ids))))
    fresh = [{"customer_id": row.id, "key": likeness.key(row.name)} for row in rows]
    if fresh:
        db.execute(insert(name_keys), fresh)


def _keep(db: Connection, id_: str, pairs: dict[str, tuple[float, tuple[Reason, ...]]], *, at: float) -> int:
    """Write what was found of one record; pairs that are no longer alike go, decided ones stay."""
    mine = or_(duplicates.c.first == id_, duplicates.c.second == id_)
    known = {
        row.second if row.first == id_ else row.first: row
        for row in db.execute(select(duplicates).where(mine))
    }
    gone = [
        and_(duplicates.c.first == row.first, duplicates.c.second == row.second)
        for other, row in known.items()
        if row.state == OPEN and pairs.get(other, (0.0, ()))[0] < likeness.LEAST
    ]
    if gone:
        db.execute(delete(duplicates).where(or_(*gone)))
    fresh = []
    open_ = 0
    for other, (score, reasons) in pairs.items():
        if score < likeness.LEAST:
            continue
        first, second = sorted((id_, other))
        told = [{"kind": each.kind, "value": each.value, "chance": each.chance} for each in reasons]
        row = known.get(other)
        if row is None:
            fresh.append(
                {"first": first, "second": second, "score": score, "reasons": told, "state": OPEN,
                 "found_at": at}
            )  # fmt: skip
            open_ += 1
        elif row.state != MERGED:
            further = {(each["kind"], each["value"]) for each in told} - {
                (each["kind"], each["value"]) for each in row.reasons
            }
            state = OPEN if row.state == OPEN or further else DIFFERENT
            open_ += state == OPEN
            db.execute(
                update(duplicates)
                .where(duplicates.c.first == first, duplicates.c.second == second)
                .values(score=score, reasons=told, state=state)
            )
    if fresh:
        db.execute(insert(duplicates), fresh)
    return open_


def _pair(row: Row[Any], reader: Reader) -> Pair:
    values = dict(row._mapping)
    reasons = (Reason(**each) for each in values["reasons"])
    return Pair(**values | {"reasons": tuple(_shown(reader, reasons))})


def _shown(reader: Reader, reasons: Iterable[Reason]) -> Iterator[Reason]:
    """The reasons without the values that are hidden from the reader. Of an id number, even that two are the
    same would tell."""
    for each in reasons:
        hidden = any(reader.hides(Kind.CUSTOMER, name) for name in _STANDS_IN.get(each.kind, ()))
        if not hidden:
            yield each
        elif each.kind != "id_number":
            yield replace(each, value="")
