"""Do not call: the numbers that nobody here dials, whatever the campaign: at once and for ever.

What the person himself asked for is never taken off, by anybody: the database refuses it. When a customer is
erased, his number goes and its blind index stays (`sealing.py`): enough not to call him again, too little to
call him. If the key of the index is missing meanwhile, every number counts as one of those.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import Connection, Row, delete, insert, literal_column, select, update

from contactcenter.crm import access, consents, paging, records, roots, sealing
from contactcenter.crm.access import CENTER, Kind, Reader
from contactcenter.crm.consents import NewConsent
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.phone_numbers import e164
from contactcenter.crm.schema import attempts, do_not_call, leads
from contactcenter.crm.text import entered
from contactcenter.dialer.leads import LeadState
from contactcenter.values import frozen

ASKED = ("key", "agent", "page", "letter", "email", "web")
"""How the person himself said it: by the key in our message, to an agent, and so on."""
SOURCES = (*ASKED, "import", "complaint", "other")
COLUMN = "do_not_call/number"
"""What the blind indexes are bound to."""

# In so many letters: the indexes are of those rows only, and are used if a query says so.
_HAS_NUMBER = do_not_call.c.number != literal_column("''")
_HAS_BLIND = do_not_call.c.blind != literal_column("''")

log = structlog.get_logger(__name__)


@frozen
class Entry:
    """One number of the list."""

    id: str
    number: str
    """E.164; empty: erased."""
    asked: bool
    """By the person himself: it is never taken off."""
    source: str
    reason: str
    campaign: str
    attempt: str
    login: str
    at: float


# --- reading ---


def among(db: Connection, numbers: Collection[str]) -> frozenset[str]:
    """Those of the numbers (E.164) that must not be called."""
    wanted = sorted(set(numbers))
    if not wanted:
        return frozenset()
    found = set(db.scalars(select(do_not_call.c.number).where(do_not_call.c.number.in_(wanted), _HAS_NUMBER)))
    some = select(do_not_call.c.id).where(_HAS_BLIND).limit(1)
    if db.scalar(some) is not None:
        if sealing.of(db).index_keys is None:
            log.error("nobody is dialled: numbers of who was erased can't be compared without the key")
            return frozenset(wanted)
        blind = {sealing.index(db, number, COLUMN): number for number in wanted}
        query = select(do_not_call.c.blind).where(do_not_call.c.blind.in_(blind), _HAS_BLIND)
        found |= {blind[each] for each in db.scalars(query)}
    return frozenset(found)


def find(db: Connection, number: str, *, region: str = "CN", reader: Reader = CENTER) -> Entry | None:
    """The number's entry, in whichever form it is given; None: it may be called, as far as this list goes.
    Raises `Refusal` for what is no number."""
    row = _row(db, e164(number, region, "number"))
    return _entry(row, reader) if row and reader.may(access.READING[Kind.DO_NOT_CALL]) else None


def get(db: Connection, entry: str, reader: Reader = CENTER) -> Entry | None:
    """One entry, or None."""
    seen = access.visible(reader, Kind.DO_NOT_CALL)
    row = db.execute(select(do_not_call).where(do_not_call.c.id == entry, seen)).one_or_none()
    return _entry(row, reader) if row else None


def page(
    db: Connection,
    reader: Reader,
    *,
    source: str = "",
    campaign: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page[Entry]:
    """The list, the newest entries first: from a source, of a campaign. Raises `Refusal`."""
    query = select(do_not_call).where(access.visible(reader, Kind.DO_NOT_CALL))
    if source:
        query = query.where(do_not_call.c.source == source)
    if campaign:
        query = query.where(do_not_call.c.campaign == campaign)
    query = paging.after(query, do_not_call.c.at, do_not_call.c.id, cursor=cursor, limit=limit, down=True)
    found = db.execute(query).all()
    shown = found[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].at, shown[-1].id) if len(found) > len(shown) else ""
    return Page(items=tuple(_entry(row, reader) for row in shown), next=more)


# --- writing ---


def add(
    db: Connection,
    number: str,
    source: str,
    *,
    campaign: str = "",
    attempt: str = "",
    by: str = "",
    reason: str = "",
    region: str = "CN",
    reader: Reader = CENTER,
    at: float,
) -> Entry:
    """Nobody calls this number from now on. Twice is as good as once; what the person says himself outweighs
    what was on the list. With an attempt: its lead is closed, and if he is a customer, he has refused our
    calls, on all his numbers. `reader` gets the entry. Raises `Refusal` naming the field."""
    number = e164(number, region, "number")
    if source not in SOURCES:
        raise Refusal(f"one of {', '.join(SOURCES)}", field="source")
    asked = source in ASKED
    row = _row(db, number)
    if row is None or (asked and not row.asked):
        values: dict[str, Any] = {
            "asked": asked, "source": source, "reason": entered(reason, "reason", 500), "campaign": campaign,
            "attempt": attempt, "login": by, "at": at,
        }  # fmt: skip
        id_ = uuid4().hex if row is None else row.id
        if row is None:
            db.execute(insert(do_not_call).values(id=id_, number=number, blind="", **values))
        else:
            db.execute(update(do_not_call).where(do_not_call.c.id == id_).values(**values))
        was = None if row is None else {name: row._mapping[name] for name in values}
        # The number itself is in the entry, and can be erased there: the audit log never forgets.
        records.changed(db, "do_not_call", id_, was, values, by=by or "center", at=at)
        row = db.execute(select(do_not_call).where(do_not_call.c.id == id_)).one()
    if attempt:
        _leave_alone(db, attempt, source, by=by or "center", at=at)
    return _entry(row, reader)


def remove(db: Connection, entry: str, reason: str, *, reader: Reader = CENTER, at: float) -> None:
    """Take off a number that was put on the list by mistake. Raises `Refusal`: `not_found`, `asked` for one
    whose owner asked for it, or the wrong field."""
    seen = access.visible(reader, Kind.DO_NOT_CALL)
    row = db.execute(select(do_not_call).where(do_not_call.c.id == entry, seen)).one_or_none()
    if row is None:
        raise Refusal("there is no such entry", code="not_found")
    if row.asked:
        raise Refusal("the person asked for it himself: this is never taken off", code="asked")
    if not (why := entered(reason, "reason", 500)):
        raise Refusal("say why", field="reason")
    db.execute(delete(do_not_call).where(do_not_call.c.id == entry))
    was = {name: row._mapping[name] for name in ("asked", "source", "reason", "campaign", "login", "at")}
    records.changed(db, "do_not_call", entry, was, None, by=reader.login, at=at, detail={"reason": why})


def forget(db: Connection, numbers: Collection[str], *, by: str, at: float) -> None:
    """Let these numbers' entries be known by their blind index alone: for who erases a customer. Raises
    `Refusal` `key_missing`; then nothing is forgotten."""
    query = select(do_not_call).where(do_not_call.c.number.in_(sorted(set(numbers))), _HAS_NUMBER)
    for row in db.execute(query).all() if numbers else ():
        blind = sealing.index(db, row.number, COLUMN)
        sealing.remember(db, sealing.of(db))  # a lost key must be seen, and not be replaced by a new one
        db.execute(update(do_not_call).where(do_not_call.c.id == row.id).values(number="", blind=blind))
        records.changed(db, "do_not_call", row.id, {}, {}, by=by, at=at, act="forget")


# --- parts ---


def _leave_alone(db: Connection, attempt: str, source: str, *, by: str, at: float) -> None:
    """Who asked is a person, and not a number."""
    lead = db.scalar(select(attempts.c.lead).where(attempts.c.id == attempt))
    row = db.execute(select(leads).where(leads.c.id == lead)).one_or_none() if lead else None
    if row is None:
        return
    if (row.state, row.why) != (LeadState.CLOSED.value, "do_not_call"):
        closed = {"state": LeadState.CLOSED.value, "why": "do_not_call"}
        version = row.version + 1
        db.execute(
            update(leads)
            .where(leads.c.id == row.id)
            .values(**closed, campaign="", leased_until=None, last_attempt="", version=version, updated_at=at)
        )
        was = {name: row._mapping[name] for name in closed}
        records.changed(
            db, "lead", row.id, was, closed, by=by, at=at, version=version, act="close",
            detail={"list": row.list},
        )  # fmt: skip
    root = roots.root_of(db, row.customer) if row.customer else None
    if root and consents.allows(db, root, "phone", "marketing") is not False:
        said = NewConsent(
            channel="phone", purpose="marketing", state="refused",
            source="call" if source in ("key", "agent") else "other", evidence=f"attempt {attempt}",
        )  # fmt: skip
        consents.give(db, root, said, at=at)


def _row(db: Connection, number: str) -> Row[Any] | None:
    """The entry of a number, erased or not."""
    row = db.execute(select(do_not_call).where(do_not_call.c.number == number, _HAS_NUMBER)).one_or_none()
    if row is None and number in among(db, (number,)):
        blind = sealing.index(db, number, COLUMN)
        row = db.execute(select(do_not_call).where(do_not_call.c.blind == blind, _HAS_BLIND)).one_or_none()
    return row


def _entry(row: Row[Any], reader: Reader) -> Entry:
    values: Mapping[str, Any] = {name: row._mapping[name] for name in Entry.__dataclass_fields__}
    hidden = {"number": ""} if reader.hides(Kind.LEAD, "numbers") else {}
    return Entry(**{**values, **hidden})
