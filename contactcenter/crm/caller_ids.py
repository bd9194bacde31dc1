"""Caller ids: the numbers that are ours to show to who is called. Only a verified one is ever shown.

*Verified* says that somebody looked: the carrier's contract, a call back. Who, when and how is kept.
"""

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from contactcenter.crm import records
from contactcenter.crm.access import CENTER, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.phone_numbers import e164
from contactcenter.crm.schema import caller_ids
from contactcenter.crm.text import entered
from contactcenter.values import frozen

_FIELDS = ("verified_at", "verified_by", "note")


@frozen
class CallerId:
    """One number of ours."""

    number: str
    """E.164."""
    verified_at: float | None
    """None: not yet, or not any more."""
    verified_by: str
    note: str
    """How it was verified."""
    version: int
    created_at: float
    created_by: str


def every(db: Connection) -> tuple[CallerId, ...]:
    """All by number."""
    rows = db.execute(select(caller_ids).order_by(caller_ids.c.number))
    return tuple(CallerId(**row._mapping) for row in rows)


def get(db: Connection, number: str) -> CallerId | None:
    """One, by its number in E.164; or None."""
    row = db.execute(select(caller_ids).where(caller_ids.c.number == number)).one_or_none()
    return CallerId(**row._mapping) if row else None


def verified(db: Connection) -> frozenset[str]:
    """Those that may be shown."""
    return frozenset(db.scalars(select(caller_ids.c.number).where(caller_ids.c.verified_at.is_not(None))))


def put(
    db: Connection,
    number: str,
    *,
    verified: bool,
    note: str = "",
    region: str = "CN",
    reader: Reader = CENTER,
    at: float,
    expected: int | None = None,
) -> CallerId:
    """Say of a number that it is ours, and whether it is verified. `region`: whose habits a number without a
    country code follows. Raises `Refusal`, and `ChangedMeanwhile`."""
    number = e164(number, region, "number")
    note = entered(note, "note", 500)
    if verified and not note:
        raise Refusal("say how it was verified", field="note")
    before = get(db, number)
    records.expect(before.version if before else 0, expected)
    values: dict[str, Any] = {"verified_at": None, "verified_by": "", "note": note}
    if verified and before and before.verified_at is not None and before.note == note:
        return before
    if verified:
        values |= {"verified_at": at, "verified_by": reader.login}
    was = {name: getattr(before, name) for name in _FIELDS} if before else None
    version = before.version + 1 if before else 1
    if before is None:
        row = {"number": number, "version": 1, "created_at": at, "created_by": reader.login}
        db.execute(insert(caller_ids).values(**row, **values))
    elif was != values:
        of = update(caller_ids).where(caller_ids.c.number == number)
        db.execute(of.values(**values, version=version))
    records.changed(db, "caller_id", number, was, values, by=reader.login, at=at, version=version)
    found = get(db, number)
    assert found is not None  # noqa: S101 - just written in this transaction
    return found


def remove(
    db: Connection, number: str, *, reader: Reader = CENTER, at: float, expected: int | None = None
) -> None:
    """It is ours no more: no call shows it from now on. Raises `Refusal` `not_found`, `ChangedMeanwhile`."""
    before = get(db, number)
    if before is None:
        raise Refusal("there is no such number", code="not_found")
    records.expect(before.version, expected)
    db.execute(delete(caller_ids).where(caller_ids.c.number == number))
    was = {name: getattr(before, name) for name in _FIELDS}
    records.changed(db, "caller_id", number, was, None, by=reader.login, at=at, version=before.version)
