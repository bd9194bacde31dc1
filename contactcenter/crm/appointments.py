"""Appointments: calls agreed on with somebody for a time, by his clock.

One whose lead a campaign dials is dialled by it: the lead is due at that time, and its owner's, closed or
not. Any other is called from his page by whoever is reminded of it. A talk that begins after it was agreed on
keeps it. *Due* and *missed* are what the clock says of one that is open: nothing has to run for it, and a
restart forgets nothing. It stays when its owner goes, and is anyone's then (`hand_over`).
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from contactcenter.crm import access, ownerships, paging, records, shelves
from contactcenter.crm import leads as lead_records
from contactcenter.crm.access import CENTER, Kind, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.phone_numbers import e164
from contactcenter.crm.schema import appointments, lead_numbers, leads, users
from contactcenter.crm.text import entered
from contactcenter.crm.zones import checked_zone
from contactcenter.dialer.leads import LeadNumber, LeadState
from contactcenter.values import frozen
from contactcenter.views import ReminderView

MISSED_S = 1800.0
"""So long after its time, nobody has kept it."""
REMINDED_S = 7 * 86_400.0
"""A reminder that nobody put away for so long is shown no more."""
FARTHEST_S = 366 * 86_400.0
"""An appointment is within a year."""
_CAPS = {
    "name": 120, "note": 1000, "queue": 64, "lead": 64, "campaign": 64, "customer": 64, "interaction": 64,
}  # fmt: skip
_KEPT = (
    "at", "zone", "owner", "team", "state", "remind_at", "note", "queue", "lead", "campaign", "attempt",
)  # fmt: skip
"""What of it the audit log has: neither number nor name, which can be erased."""


class AppointmentState(StrEnum):
    """What became of an appointment."""

    OPEN = "open"
    DUE = "due"
    """Its time has come."""
    MISSED = "missed"
    """Its time is over, and nobody has talked."""
    DONE = "done"
    CANCELLED = "cancelled"


@frozen
class NewAppointment:
    """What is needed to agree on a call. Everything is checked when it is stored."""

    number: str
    """In any form."""
    at: float
    zone: str
    """By whose clock it was agreed on: IANA."""
    name: str = ""
    owner: str | None = None
    """Who calls; empty: anyone of the queue; None: who agrees on it."""
    note: str = ""
    remind_at: float | None = None
    queue: str = ""
    lead: str = ""
    campaign: str = ""
    customer: str = ""
    interaction: str = ""
    """In which it was agreed on."""


@frozen
class AppointmentChange:
    """What to change; None leaves it."""

    at: float | None = None
    zone: str | None = None
    owner: str | None = None
    note: str | None = None
    remind_at: float | None = None
    no_reminder: bool = False
    done: bool = False
    """Somebody has kept it."""


@frozen
class Appointment:
    """An appointment as pages and programs get it."""

    id: str
    number: str
    name: str
    at: float
    zone: str
    owner: str
    team: str
    state: AppointmentState
    remind_at: float | None
    """None: no reminder, or it was put away."""
    note: str
    queue: str
    lead: str
    campaign: str
    customer: str
    interaction: str
    attempt: str
    """The talk that kept it."""
    history: tuple[Mapping[str, Any], ...]
    """When, who (`login`), what: it only grows."""
    version: int
    created_at: float
    created_by: str
    updated_at: float
    hidden: tuple[str, ...] = ()


# --- reading ---


def get(db: Connection, appointment: str, reader: Reader = CENTER, *, at: float) -> Appointment | None:
    """One appointment, or None when there is none that the reader sees."""
    seen = access.visible(reader, Kind.APPOINTMENT)
    row = db.execute(select(appointments).where(appointments.c.id == appointment, seen)).one_or_none()
    return _appointment(row, reader, at) if row else None


def page(
    db: Connection,
    reader: Reader,
    *,
    state: AppointmentState | None = None,
    owner: str = "",
    lead: str = "",
    customer: str = "",
    cursor: str = "",
    limit: int = 50,
    at: float,
) -> Page[Appointment]:
    """Appointments that the reader sees: those to come and due ones with the first first, others with the
    last first. `OPEN` has the due ones, too. Raises `Refusal`."""
    query = select(appointments).where(access.visible(reader, Kind.APPOINTMENT), *_in_state(state, at))
    for name, value in (("owner", owner), ("lead", lead), ("customer", customer)):
        if value:
            query = query.where(appointments.c[name] == value)
    down = state not in (AppointmentState.OPEN, AppointmentState.DUE)
    query = paging.after(query, appointments.c.at, appointments.c.id, cursor=cursor, limit=limit, down=down)
    found = db.execute(query).all()
    shown = found[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].at, shown[-1].id) if len(found) > len(shown) else ""
    return Page(items=tuple(_appointment(row, reader, at) for row in shown), next=more)


def of_lead(db: Connection, lead: str) -> Appointment | None:
    """The first open appointment of a lead, or None."""
    return of_leads(db, (lead,)).get(lead)


def of_leads(db: Connection, ids: Collection[str]) -> dict[str, Appointment]:
    """The first open appointment of each of these leads who has any, by lead."""
    query = select(appointments).where(appointments.c.lead.in_(list(ids)), _OF_A_LEAD, _IS_OPEN)
    found: dict[str, Appointment] = {}
    # In order only here: for the database, an order is a reason for another index.
    for row in sorted(db.execute(query), key=lambda each: (each.at, each.id)) if ids else ():
        found.setdefault(row.lead, _appointment(row, CENTER, row.at))
    return found


def reminders(db: Connection, *, at: float) -> tuple[tuple[ReminderView, ...], float | None]:
    """The reminders that stand at this moment, and when this is to be asked again: the next reminder, or the
    next time that was agreed on, which may be nobody's by then (`left`). None: none is to come."""
    stands = (
        _IS_OPEN,
        appointments.c.remind_at.is_not(None),
        appointments.c.remind_at <= at,
        appointments.c.remind_at > at - REMINDED_S,
    )
    rows = db.execute(select(appointments).where(*stands).order_by(appointments.c.remind_at)).all()
    views = tuple(
        ReminderView(
            id=row.id, kind=Kind.APPOINTMENT.value, title=row.name, customer=row.customer, request="",
            owner=row.owner or ("" if row.team or row.queue else row.created_by), team=row.team,
            queue=row.queue, lead=row.lead, due_at=row.at, remind_at=row.remind_at,
        )
        for row in rows
    )  # fmt: skip
    moments = (
        db.scalar(select(func.min(column)).where(_IS_OPEN, column > at))
        for column in (appointments.c.remind_at, appointments.c.at)
    )
    return views, min((each for each in moments if each is not None), default=None)


def left(db: Connection, *, at: float) -> bool:
    """Whether there are any to be handed over."""
    return bool(_left(db, at))


# --- writing ---


def agree(
    db: Connection, new: NewAppointment, *, region: str = "CN", reader: Reader = CENTER, at: float
) -> Appointment:
    """Agree on a call. `region`: whose habits a number without a country code follows. Raises `Refusal`
    naming the field."""
    texts = {name: entered(getattr(new, name), name, cap) for name, cap in _CAPS.items()}
    owner = reader.login if new.owner is None else new.owner
    _check_owner(db, reader, new.owner or "")
    row: dict[str, Any] = {
        **texts, "id": uuid4().hex, "number": e164(new.number, region, "number"), "owner": owner,
        "team": reader.home, "zone": checked_zone(new.zone), "at": _to_come(new.at, at),
        "remind_at": _reminder(new.remind_at, new.at), "state": AppointmentState.OPEN.value,
        "attempt": "", "history": [_line(at, reader, "agreed")], "version": 1, "created_at": at,
        "created_by": reader.login, "updated_at": at,
    }  # fmt: skip
    db.execute(insert(appointments).values(row))
    records.changed(db, "appointment", row["id"], None, _told(row), by=reader.login, at=at)
    _lead_due(db, row["lead"], at)
    return _written(db, row["id"], reader, at)


def change(
    db: Connection,
    appointment: str,
    to: AppointmentChange,
    *,
    reader: Reader = CENTER,
    at: float,
    expected: int | None = None,
) -> Appointment:
    """Move it, give it to somebody else, or say that it was kept. Raises `Refusal`: `not_found`,
    `illegal_now` for one that is over, or the wrong field; and `ChangedMeanwhile`."""
    row = _alive(db, appointment, reader, expected)
    values: dict[str, Any] = {}
    if to.at is not None and to.at != row.at:
        values["at"] = _to_come(to.at, at)
    if to.zone is not None:
        values["zone"] = checked_zone(to.zone)
    if to.owner is not None:
        _check_owner(db, reader, to.owner)
        values["owner"] = to.owner
    if to.note is not None:
        values["note"] = entered(to.note, "note", _CAPS["note"])
    if to.no_reminder:
        values["remind_at"] = None
    elif to.remind_at is not None:
        values["remind_at"] = _reminder(to.remind_at, values.get("at", row.at))
    if to.done:
        values["state"] = AppointmentState.DONE.value
    what = "done" if to.done else "moved" if "at" in values else "changed"
    return _write(db, row, values, what, reader, at)


def cancel(
    db: Connection, appointment: str, *, reader: Reader = CENTER, at: float, expected: int | None = None
) -> Appointment:
    """It is not to be kept. Its lead is dialled at the time of his next one, or else as his list and campaign
    say. Raises as `change`."""
    row = _alive(db, appointment, reader, expected)
    return _write(db, row, {"state": AppointmentState.CANCELLED.value}, "cancelled", reader, at)


def put_away(db: Connection, appointment: str, *, reader: Reader = CENTER, at: float) -> None:
    """Show its reminder no more. Raises `Refusal` `not_found`."""
    row = _seen(db, appointment, reader)
    if row.remind_at is not None and row.remind_at <= at:
        db.execute(update(appointments).where(appointments.c.id == row.id).values(remind_at=None))


def keep(db: Connection, lead: str, attempt: str, *, begun_at: float, at: float) -> None:
    """Somebody talked with the lead, in a call that began then: what was agreed on before is done."""
    query = select(appointments).where(
        appointments.c.lead == lead, _OF_A_LEAD, _IS_OPEN, appointments.c.created_at <= begun_at,
    )  # fmt: skip
    for row in db.execute(query).all():
        values = {"state": AppointmentState.DONE.value, "attempt": attempt}
        _write(db, row, values, "done", CENTER, at)


def keep_by_hand(db: Connection, appointment: str, *, at: float) -> None:
    """An agent called then because of it, and they talked: it is done, unless it is over already."""
    row = db.execute(select(appointments).where(appointments.c.id == appointment, _IS_OPEN)).one_or_none()
    if row is not None:
        _write(db, row, {"state": AppointmentState.DONE.value}, "done", CENTER, at)


def hand_over(db: Connection, *, at: float) -> None:
    """Those whose owner is gone are anyone's of their queue from now on: of one who may not sign in any more
    all, of one who serves the queue no more those whose time, or reminder, has come: he may be back by then.
    """
    for row in _left(db, at):
        _write(db, row, {"owner": ""}, "handed_over", CENTER, at)


# --- parts ---

_IS_OPEN = appointments.c.state == literal_column("'open'")
# In so many letters: the index of those with a lead is used if the query says so, and not by a parameter.
_OF_A_LEAD = appointments.c.lead != literal_column("''")


def _left(db: Connection, at: float) -> list[Row[Any]]:
    """The rows of those that are to be handed over."""
    come = or_(appointments.c.at <= at, appointments.c.remind_at <= at)
    query = (
        select(appointments, users.c.disabled, users.c.queues.label("serves"))
        .outerjoin(users, users.c.login == appointments.c.owner)
        .where(_IS_OPEN, appointments.c.owner != literal_column("''"))
        .where(or_(users.c.disabled, users.c.login.is_(None), come & (appointments.c.at > at - REMINDED_S)))
    )
    return [row for row in db.execute(query) if _is_gone(row)]


def _is_gone(row: Row[Any]) -> bool:
    if row.owner == CENTER.login:
        return False
    return row.disabled is not False or bool(row.queue and row.queue not in row.serves)


def forget(db: Connection, lead: str, *, by: str, at: float) -> None:
    """Nothing is left of whom these are with, and nobody calls him: for who erases a lead."""
    rows = db.execute(
        select(appointments).where(appointments.c.lead == lead, appointments.c.lead != "")
    ).all()
    for row in rows:
        values: dict[str, Any] = {
            "lead": "", "customer": "", "number": "", "name": "", "note": "", "remind_at": None,
            "version": row.version + 1, "updated_at": at,
        }  # fmt: skip
        if row.state == AppointmentState.OPEN.value:
            values["state"] = AppointmentState.CANCELLED.value
        db.execute(update(appointments).where(appointments.c.id == row.id).values(**values))
        records.changed(
            db, "appointment", row.id, {}, {}, by=by, at=at, version=row.version + 1, act="forget"
        )


def _in_state(state: AppointmentState | None, at: float) -> tuple[ColumnElement[bool], ...]:
    """What of a row says that it is in this state at this moment."""
    match state:
        case None:
            return ()
        case AppointmentState.OPEN:
            return (_IS_OPEN, appointments.c.at > at - MISSED_S)
        case AppointmentState.DUE:
            return (_IS_OPEN, appointments.c.at > at - MISSED_S, appointments.c.at <= at)
        case AppointmentState.MISSED:
            return (_IS_OPEN, appointments.c.at <= at - MISSED_S)
        case _:
            return (appointments.c.state == state.value,)


def _state(row: Row[Any], at: float) -> AppointmentState:
    if row.state != AppointmentState.OPEN.value or row.at > at:
        return AppointmentState(row.state)
    return AppointmentState.DUE if row.at > at - MISSED_S else AppointmentState.MISSED


def _to_come(moment: float, at: float) -> float:
    if not at < moment <= at + FARTHEST_S:
        raise Refusal("a time that is still to come, within a year", field="at")
    return moment


def _reminder(moment: float | None, due: float) -> float | None:
    if moment is not None and moment > due:
        raise Refusal("must not be after it is due", field="remind_at")
    return moment


def _check_owner(db: Connection, reader: Reader, owner: str) -> None:
    """Refuse one whom there is not, or who is beyond the reader."""
    ownerships.check(db, owner, "")
    ownerships.check_reach(db, reader, Kind.LEAD, owner, "")


def _seen(db: Connection, appointment: str, reader: Reader) -> Row[Any]:
    seen = access.visible(reader, Kind.APPOINTMENT)
    row = db.execute(select(appointments).where(appointments.c.id == appointment, seen)).one_or_none()
    if row is None:
        raise Refusal("there is no such appointment", code="not_found")
    return row


def _alive(db: Connection, appointment: str, reader: Reader, expected: int | None) -> Row[Any]:
    row = _seen(db, appointment, reader)
    records.expect(row.version, expected)
    if row.state != AppointmentState.OPEN.value:
        raise Refusal(f"the appointment is {row.state}", code="illegal_now", field="state")
    return row


def _write(
    db: Connection, row: Row[Any], values: dict[str, Any], what: str, reader: Reader, at: float
) -> Appointment:
    before = dict(row._mapping)
    was, now = _told(before), {**before, **values}
    if was != _told(now):
        version = row.version + 1
        line = _line(at, reader, what) | ({"owner": row.owner} if was["owner"] != now["owner"] else {})
        history = [*row.history, line]
        of = update(appointments).where(appointments.c.id == row.id)
        db.execute(of.values(**values, history=history, version=version, updated_at=at))
        records.changed(db, "appointment", row.id, was, _told(now), by=reader.login, at=at, version=version)
        if "at" in values or now["state"] == AppointmentState.CANCELLED.value:
            _lead_due(db, row.lead, at)
    return _written(db, row.id, reader, at)


def _lead_due(db: Connection, lead: str, at: float) -> None:
    """The lead is dialled at the time of his first open appointment and no earlier, at its number, even if he
    was closed: he wants this call. One who is held, or is now another lead, stays so. One who is being talked
    to now is settled when the talk is over (`settling.py`)."""
    first = of_lead(db, lead) if lead else None
    row = db.execute(select(leads).where(leads.c.id == lead)).one_or_none() if first else None
    if first is None or row is None or row.state == LeadState.HELD.value or row.why == lead_records.DUPLICATE:
        return
    number, place = _number(db, row, first)
    values: dict[str, Any] = {
        "due_at": first.at, "next_number": place,
        "shelf": shelves.shelf_of(row.priority, number.zones, number.regions),
    }  # fmt: skip
    if row.state == LeadState.CLOSED.value:
        values |= {"state": LeadState.DUE.value, "why": ""}
    of = update(leads).where(leads.c.id == row.id)
    db.execute(of.values(**values, version=row.version + 1, updated_at=at))


def _number(db: Connection, lead: Row[Any], agreed: Appointment) -> tuple[LeadNumber, int]:
    """The number that was agreed on, and its place among the lead's; a new one is put behind them."""
    numbers = lead_records.numbers_of(db, (lead.id,))[lead.id]
    for place, each in enumerate(numbers):
        if each.number == agreed.number:
            return each, place
    new = lead_records.number_of(agreed.number, "agreed", zone=lead.zone or agreed.zone, region=lead.region)
    if len(numbers) >= lead_records.MOST_NUMBERS:
        raise Refusal(f"the lead has {len(numbers)} numbers: take one of them", field="number")
    row = {"lead": lead.id, "position": len(numbers), **asdict(new)}
    db.execute(insert(lead_numbers).values({**row, "zones": list(new.zones), "regions": list(new.regions)}))
    return new, len(numbers)


def _line(at: float, reader: Reader, what: str) -> dict[str, Any]:
    return {"at": at, "login": reader.login, "what": what}


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _KEPT}


def _written(db: Connection, appointment: str, reader: Reader, at: float) -> Appointment:
    """Whoever wrote it gets it, be it that it is another's now; but not what is hidden from him."""
    row = db.execute(select(appointments).where(appointments.c.id == appointment)).one()
    return _appointment(row, reader, at)


def _appointment(row: Row[Any], reader: Reader, at: float) -> Appointment:
    fields = {name: row._mapping[name] for name in Appointment.__dataclass_fields__ if name in row._mapping}
    one = Appointment(**{**fields, "state": _state(row, at), "history": tuple(row.history)})
    hidden = [each for each in ("name", "numbers") if reader.hides(Kind.LEAD, each)]
    blank: dict[str, Any] = {}
    if "name" in hidden:
        blank["name"] = ""
    if "numbers" in hidden:
        blank["number"] = ""
    return replace(one, **blank, hidden=tuple(hidden)) if hidden else one
