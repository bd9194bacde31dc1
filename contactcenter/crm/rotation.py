"""Rotation: everything sealed is sealed anew, with the key that is current by now.

Row by row and in small transactions: whatever stops it, it can begin anew, and what was done is not done
twice. Until it is through, and in backups for ever, values of the old key are there: it stays in the file.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, select, update

from contactcenter.crm import audit, customers, fields, sealing
from contactcenter.crm.fields import Field
from contactcenter.crm.schema import customers as customers_table
from contactcenter.crm.schema import requests
from contactcenter.values import AuditEntry, frozen

AT_ONCE = 500
_TABLES = {"customer": customers_table, "request": requests}


@frozen
class Progress:
    """How far a rotation is."""

    kind: str
    after: str
    """The id of the last record that was looked at."""
    resealed: int
    """Values that were sealed anew, in this step."""
    done: bool = False


BEGINNING = Progress(kind="customer", after="", resealed=0)


def step(db: Connection, at: Progress) -> Progress:
    """Look at the next records, and seal anew what an older key sealed.

    Raises `Unsealable`, changing nothing, when a value's key is missing.
    """
    table = _TABLES[at.kind]
    query = select(table).where(table.c.id > at.after).order_by(table.c.id).limit(AT_ONCE)
    rows = db.execute(query).all()
    sealed = [each for each in fields.all_of(db, at.kind) if each.sealed]
    resealed = 0
    for row in rows:
        values, count = _anew(db, at.kind, row, sealed)
        if values:
            db.execute(update(table).where(table.c.id == row.id).values(**values))
        resealed += count
    if len(rows) == AT_ONCE:
        return Progress(kind=at.kind, after=rows[-1].id, resealed=resealed)
    if at.kind == "customer":
        return Progress(kind="request", after="", resealed=resealed)
    return Progress(kind=at.kind, after="", resealed=resealed, done=True)


def end(db: Connection, *, at: float) -> None:
    """Keep that the key is another by now. (Stored answers keep the old one: they live for a day.)"""
    ours = sealing.of(db)
    sealing.remember(db, ours)
    entry = AuditEntry(
        at=at, login="center", act="rotate", kind="key", object=ours.fingerprints["seal"][0],
        detail={"before": ours.fingerprints["seal"][1:]},
    )  # fmt: skip
    audit.write(db, entry)


def _anew(db: Connection, kind: str, row: Row[Any], sealed: list[Field]) -> tuple[dict[str, Any], int]:
    """The columns of a row that change, and how many values that are."""
    values: dict[str, Any] = {}
    count = 0
    if kind == "customer" and (fresh := _value(db, row.id_number, customers.ID_NUMBER, row.id)):
        values["id_number"] = fresh
        count += 1
    fresh_custom = dict(_custom(db, row, sealed))
    if fresh_custom:
        values["custom"] = {**row.custom, **fresh_custom}
        count += len(fresh_custom)
    return values, count


def _custom(db: Connection, row: Row[Any], sealed: list[Field]) -> Iterator[tuple[str, str]]:
    for one in sealed:
        if fresh := _value(db, row.custom.get(one.name, ""), one.column, row.id):
            yield one.name, fresh


def _value(db: Connection, value: str, column: str, row: str) -> str:
    """The value under the current key; empty when it is so already, or there is none."""
    current = sealing.of(db).fingerprints["seal"][0]
    if not value or sealing.key_of(value) == current:
        return ""
    return sealing.seal(db, sealing.unseal(db, value, column, row), column, row)
