"""Erasures: nothing is left of who was on a list, but what the law wants kept."""

from typing import Any

from sqlalchemy import Connection, delete, func, literal_column, select, update

from contactcenter.crm import appointments, do_not_call, leads, records, shelves
from contactcenter.crm.access import CENTER, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import attempts, lead_numbers
from contactcenter.crm.schema import leads as rows
from contactcenter.dialer.leads import LeadState
from contactcenter.values import frozen

ERASED = "erased"
"""Why such a lead is closed."""
_TEXTS = ("name", "customer", "language", "zone", "region", "consent", "campaign")


@frozen
class Erased:
    """What stays of a lead who was erased."""

    records: int
    """Of calls to him, which the law wants kept (16 CFR 310.5): with the number, and without his name."""
    kept_until: float | None
    """The last of them; then it goes by itself."""


def erase_lead(db: Connection, lead: str, *, reader: Reader = CENTER, at: float) -> Erased:
    """Forget whom the list names: name, numbers, fields, consent and what was agreed on go, the lead is
    closed. What stays: that his numbers must not be called, if somebody said so, as their blind indexes; and
    the records of his calls. Raises `Refusal`: `not_found`, `ringing` while he is being dialled,
    `key_missing`."""
    row = leads.check_visible(db, lead, reader)
    of = attempts.c.lead == row.id
    open_ = select(attempts.c.id).where(of, attempts.c.state != literal_column("'over'")).limit(1)
    if db.scalar(open_) is not None:
        raise Refusal("he is being dialled: wait until the call is over", code="ringing", field="state")
    numbers = [each.number for each in leads.numbers_of(db, [row.id])[row.id]]
    do_not_call.forget(db, numbers, by=reader.login, at=at)
    appointments.forget(db, row.id, by=reader.login, at=at)
    db.execute(delete(lead_numbers).where(lead_numbers.c.lead == row.id))
    version = row.version + 1
    values: dict[str, Any] = {
        **dict.fromkeys(_TEXTS, ""), "fields": {}, "consent_at": None, "leased_until": None,
        "next_number": 0, "state": LeadState.CLOSED.value, "why": ERASED,
        "shelf": shelves.shelf_of(row.priority, (), ()), "version": version, "updated_at": at,
    }  # fmt: skip
    db.execute(update(rows).where(rows.c.id == row.id).values(**values))
    records.changed(
        db, "lead", row.id, {}, {}, by=reader.login, at=at, version=version, act="erase",
        detail={"list": row.list},
    )  # fmt: skip
    calls, until = db.execute(select(func.count(), func.max(attempts.c.kept_until)).where(of)).one()
    return Erased(records=calls, kept_until=until)
