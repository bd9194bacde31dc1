"""Leads: whom a list says to call, by which numbers and when; and what became of it.

A lead may point at a customer; one who was merged into another is that one from then on. What a lead is
dialled by (its state, its time, its next number) is changed by people here, by the hopper (`hopper.py`), and
by what became of an attempt (`attempts.py`), and by nobody else.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, func, insert, literal_column, select, update

from contactcenter.crm import access, lists, ownerships, paging, records, roots, shelves
from contactcenter.crm.access import CENTER, Kind, Reader, Right
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.phone_numbers import e164
from contactcenter.crm.records import Change
from contactcenter.crm.schema import appointments, campaign_lists, lead_numbers, leads
from contactcenter.crm.schema import lists as list_rows
from contactcenter.crm.shelves import PRIORITIES
from contactcenter.crm.text import entered
from contactcenter.crm.zones import where
from contactcenter.dialer.leads import LeadNumber, LeadState
from contactcenter.dialer.permission import Refusal as NotDialled
from contactcenter.values import frozen

MOST_NUMBERS = 10
"""Of one lead."""
MOST_FIELDS = 100
_CAPS = {"name": 120, "language": 35, "zone": 64, "region": 16, "consent": 500}
_PRIVATE = ("name", "fields")
"""Of these, and of the numbers, the audit log has that they changed, and not what they were: they can be
erased, and it never forgets."""
_PROOF = ("consent", "consent_at")
"""What says that he agreed to be called: whoever dials him has not to say that."""
DUPLICATE = "duplicate"
"""Why a lead is closed that was merged into another."""
NO_NUMBER = "no_number"
"""Why a lead is held: there is nothing to dial."""


@frozen
class NewLead:
    """What a list says of one lead."""

    numbers: tuple[LeadNumber, ...]
    """In the order in which they are to be dialled; made by `number_of`."""
    name: str = ""
    customer: str = ""
    language: str = ""
    priority: int = 0
    due_at: float | None = None
    """None: at once."""
    owner: str = ""
    zone: str = ""
    region: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    consent: str = ""
    consent_at: float | None = None


@frozen
class LeadChange:
    """What to change; None leaves it."""

    name: str | None = None
    customer: str | None = None
    language: str | None = None
    priority: int | None = None
    due_at: float | None = None
    owner: str | None = None
    numbers: tuple[LeadNumber, ...] | None = None
    """All of them, in their order; the first is the next one."""
    next_number: int | None = None
    fields: Mapping[str, str] | None = None
    consent: str | None = None
    consent_at: float | None = None


@frozen
class LeadRow:
    """A lead as it is stored."""

    id: str
    list: str
    name: str
    customer: str
    """Who he is by now; empty: nobody known."""
    customer_name: str
    """Empty for who does not see that customer."""
    language: str
    priority: int
    state: LeadState
    why: str
    """He is closed or held."""
    due_at: float
    numbers: tuple[LeadNumber, ...]
    next_number: int
    owner: str
    zone: str
    region: str
    fields: Mapping[str, str]
    consent: str
    consent_at: float | None
    dropped_at: float | None
    campaign: str
    """In whose hopper he is."""
    version: int
    created_at: float
    created_by: str
    updated_at: float
    hidden: tuple[str, ...] = ()


@frozen
class Known:
    """A lead who has a number."""

    id: str
    list: str
    state: LeadState


# --- reading ---


def get(db: Connection, lead: str, reader: Reader = CENTER) -> LeadRow | None:
    """The lead as the reader may see him, or None."""
    seen = access.visible(reader, Kind.LEAD)
    row = db.execute(select(leads).where(leads.c.id == lead, seen)).one_or_none()
    return _leads(db, [row], reader)[0] if row else None


def page(
    db: Connection,
    reader: Reader,
    *,
    list_: str = "",
    campaign: str = "",
    states: Collection[LeadState] = (),
    owner: str = "",
    customer: str = "",
    number: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page[LeadRow]:
    """Leads that the reader sees, the newest first: of a list, of all lists of a campaign, in these states,
    of an owner, of a customer, with a number (E.164). Raises `Refusal`."""
    query = select(leads).where(access.visible(reader, Kind.LEAD))
    if list_:
        query = query.where(leads.c.list == list_)
    if campaign:
        of = select(campaign_lists.c.list).where(campaign_lists.c.campaign == campaign)
        query = query.where(leads.c.list.in_(of))
    if states:
        query = query.where(leads.c.state.in_([each.value for each in states]))
    if owner:
        query = query.where(leads.c.owner == owner, leads.c.owner != literal_column("''"))
    if customer:
        root = roots.root_of(db, customer)
        family = roots.family(db, root) if root else (customer,)
        query = query.where(leads.c.customer.in_(family), leads.c.customer != literal_column("''"))
    if number:
        access.check_shown(reader, Kind.LEAD, ("numbers",))
        having = select(lead_numbers.c.lead).where(lead_numbers.c.number == number)
        query = query.where(leads.c.id.in_(having))
    query = paging.after(query, leads.c.created_at, leads.c.id, cursor=cursor, limit=limit, down=True)
    found = db.execute(query).all()
    shown = found[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].created_at, shown[-1].id) if len(found) > len(shown) else ""
    return Page(items=_leads(db, shown, reader), next=more)


def with_numbers(
    db: Connection, numbers: Collection[str], reader: Reader = CENTER
) -> dict[str, tuple[Known, ...]]:
    """Who has these numbers (E.164) already, in whichever list that the reader sees, by number."""
    query = (
        select(lead_numbers.c.number, leads.c.id, leads.c.list, leads.c.state)
        .join(leads, leads.c.id == lead_numbers.c.lead)
        .where(lead_numbers.c.number.in_(sorted(set(numbers))), access.visible(reader, Kind.LEAD))
        .order_by(leads.c.created_at, leads.c.id)
    )
    found: dict[str, list[Known]] = defaultdict(list)
    for row in db.execute(query) if numbers else ():
        found[row.number].append(Known(id=row.id, list=row.list, state=LeadState(row.state)))
    return {number: tuple(known) for number, known in found.items()}


def duplicates(
    db: Connection, list_: str, reader: Reader = CENTER, *, limit: int = 50
) -> tuple[tuple[str, tuple[Known, ...]], ...]:
    """Numbers that several leads have who are not closed, one of them in this list at least: each with those
    leads, in the order of the numbers."""
    lists.check_visible(db, list_, reader)
    open_ = leads.c.state != LeadState.CLOSED.value
    here = (
        select(lead_numbers.c.number)
        .join(leads, leads.c.id == lead_numbers.c.lead)
        .where(leads.c.list == list_, open_)
    )
    query = (
        select(lead_numbers.c.number)
        .join(leads, leads.c.id == lead_numbers.c.lead)
        .where(lead_numbers.c.number.in_(here), open_, access.visible(reader, Kind.LEAD))
        .group_by(lead_numbers.c.number)
        .having(func.count(lead_numbers.c.lead.distinct()) > 1)
        .order_by(lead_numbers.c.number)
        .limit(paging.bounded(limit))
    )
    numbers = db.scalars(query).all()
    known = with_numbers(db, numbers, reader)
    return tuple(
        (number, tuple(each for each in known[number] if each.state is not LeadState.CLOSED))
        for number in numbers
    )


def numbers_of(db: Connection, ids: Collection[str]) -> dict[str, tuple[LeadNumber, ...]]:
    """The numbers of these leads, in their order."""
    query = select(lead_numbers).where(lead_numbers.c.lead.in_(list(ids)))
    found: dict[str, list[LeadNumber]] = defaultdict(list)
    for row in db.execute(query.order_by(lead_numbers.c.lead, lead_numbers.c.position)) if ids else ():
        found[row.lead].append(
            LeadNumber(number=row.number, kind=row.kind, zones=tuple(row.zones), regions=tuple(row.regions))
        )
    return {id_: tuple(found.get(id_, ())) for id_ in ids}


# --- writing ---


def number_of(
    text: str,
    kind: str = "",
    *,
    country: str = "CN",
    zone: str = "",
    region: str = "",
    postcode: str = "",
    field: str = "numbers",
) -> LeadNumber:
    """A number as it is entered, with every zone and part of a country in which it may be. `country`: whose
    habits a number without a country code follows. Raises `Refusal`."""
    number = e164(text, country, field)
    found = where(number, zone=zone, region=region, postcode=postcode)
    return LeadNumber(number=number, kind=entered(kind, field, 32), zones=found.zones, regions=found.regions)


def create(db: Connection, list_: str, new: NewLead, *, reader: Reader = CENTER, at: float) -> LeadRow:
    """Put one lead into a list. Raises `Refusal`: `beyond_you` for a consent that is not his to say, or the
    wrong field."""
    try:
        lists.check_visible(db, list_, reader)
    except Refusal as error:
        raise Refusal(str(error), field="list") from None
    check_owner(db, reader, new.owner)
    if db.scalar(select(list_rows.c.consent).where(list_rows.c.id == list_)):
        _check_proves(reader, "list")  # whoever is on that list has agreed
    _check_proves(reader, *(name for name in _PROOF if getattr(new, name)))
    customer = _customer(db, new.customer, reader)
    (id_,) = add_many(db, list_, [replace(new, customer=customer)], by=reader.login, at=at)
    row = db.execute(select(leads).where(leads.c.id == id_)).one()
    made = _told(dict(row._mapping))
    records.changed(db, "lead", id_, None, made, by=reader.login, at=at, detail=_detail(row))
    return _leads(db, [row], reader)[0]


def add_many(db: Connection, list_: str, new: Sequence[NewLead], *, by: str, at: float) -> tuple[str, ...]:
    """Put leads into a list: two statements, however many there are. Their owners and customers were looked
    at; whoever brings in many tells of all of them by one row of the audit log. Raises `Refusal`, naming the
    field."""
    ids: list[str] = []
    rows, numbers = [], []
    for one in new:
        _check(one.priority, one.numbers, one.fields)
        id_ = new_id(at, len(ids))
        ids.append(id_)
        first = one.numbers[0] if one.numbers else LeadNumber(number="")
        rows.append(
            {
                "id": id_, "list": list_, "customer": one.customer, "priority": one.priority,
                **{name: entered(getattr(one, name), name, cap) for name, cap in _CAPS.items()},
                "state": (LeadState.DUE if one.numbers else LeadState.HELD).value,
                "why": "" if one.numbers else NO_NUMBER,
                "shelf": shelves.shelf_of(one.priority, first.zones, first.regions),
                "due_at": at if one.due_at is None else one.due_at, "next_number": 0, "owner": one.owner,
                "fields": dict(one.fields), "consent_at": one.consent_at, "version": 1, "created_at": at,
                "created_by": by, "updated_at": at,
            }
        )  # fmt: skip
        numbers += _number_rows(id_, one.numbers)
    if rows:
        db.execute(insert(leads), rows)
    if numbers:
        db.execute(insert(lead_numbers), numbers)
    return tuple(ids)


def change(
    db: Connection,
    lead: str,
    to: LeadChange,
    *,
    reader: Reader = CENTER,
    at: float,
    expected: int | None = None,
) -> LeadRow:
    """Change a lead; one who is being dialled goes on by what he was. Raises `Refusal`: `not_found`,
    `hidden`, `beyond_you` for a consent that is not his to say, the wrong field; and `ChangedMeanwhile`."""
    row = check_visible(db, lead, reader)
    records.expect(row.version, expected)
    given = {
        name: value for name in LeadChange.__dataclass_fields__ if (value := getattr(to, name)) is not None
    }
    access.check_shown(reader, Kind.LEAD, [name for name in ("name", "numbers", "fields") if name in given])
    _check_proves(reader, *(name for name in _PROOF if name in given))
    held = numbers_of(db, [row.id])[row.id]
    numbers = held if to.numbers is None else _as_known(to.numbers, held)
    values: dict[str, Any] = {
        name: entered(value, name, _CAPS[name]) if name in _CAPS else value
        for name, value in given.items()
        if name != "numbers"
    }
    if "customer" in values:
        values["customer"] = _customer(db, values["customer"], reader)
    if to.fields is not None:
        values["fields"] = dict(to.fields)
    if to.due_at is not None:
        values["last_attempt"] = ""
    check_owner(db, reader, to.owner or "")
    now = {**row._mapping, **values}
    _check(now["priority"], numbers, now["fields"])
    if to.numbers is not None:
        values["next_number"] = now["next_number"] = 0 if to.next_number is None else to.next_number
        values |= _dialable(row, numbers)
    if not 0 <= now["next_number"] < max(1, len(numbers)):
        raise Refusal(f"one of its {len(numbers)} numbers, from 0 on", field="next_number")
    told = _told(dict(row._mapping)) != _told({**now, **values})
    private = [name for name in _PRIVATE if now[name] != row._mapping[name]]
    private += ["numbers"] if numbers != held else []
    if not told and not private:
        return _leads(db, [row], reader)[0]
    following = numbers[now["next_number"]] if numbers else LeadNumber(number="")
    values["shelf"] = shelves.shelf_of(now["priority"], following.zones, following.regions)
    if to.numbers is not None:
        db.execute(delete(lead_numbers).where(lead_numbers.c.lead == row.id))
        if numbers:
            db.execute(insert(lead_numbers), _number_rows(row.id, numbers))
    return _write(db, row, values, act="change", private=private, reader=reader, at=at)


def close(
    db: Connection, lead: str, why: str, *, reader: Reader = CENTER, at: float, expected: int | None = None
) -> LeadRow:
    """He is not dialled any more, from now on: a call that is on its way goes on. Raises `Refusal`:
    `not_found`, or `illegal_now` when he is closed; and `ChangedMeanwhile`."""
    return _turn(db, lead, LeadState.CLOSED, why, "close", reader=reader, at=at, expected=expected)


def hold(
    db: Connection, lead: str, why: str, *, reader: Reader = CENTER, at: float, expected: int | None = None
) -> LeadRow:
    """He is not dialled until somebody opens him again. Raises as `close` does."""
    return _turn(db, lead, LeadState.HELD, why, "hold", reader=reader, at=at, expected=expected)


def reopen(
    db: Connection,
    lead: str,
    *,
    due_at: float | None = None,
    reader: Reader = CENTER,
    at: float,
    expected: int | None = None,
) -> LeadRow:
    """He is dialled again, from `due_at` on; None: at once. Whatever forbids it is looked at then. Raises
    `Refusal`: `not_found`, or `illegal_now` when he is neither closed nor held; and `ChangedMeanwhile`."""
    row = check_visible(db, lead, reader)
    records.expect(row.version, expected)
    if row.state not in (LeadState.CLOSED.value, LeadState.HELD.value):
        raise Refusal("only a lead who is closed or held is opened again", code="illegal_now", field="state")
    if row.why == NotDialled.DO_NOT_CALL.value and not reader.may(Right.DO_NOT_CALL_MANAGE):
        raise Refusal(
            "he asked not to be called: who manages that list opens him again", code="beyond_you",
            field="state",
        )  # fmt: skip
    if not numbers_of(db, [row.id])[row.id]:
        raise Refusal("he has no number: give him one first", code="illegal_now", field="numbers")
    values = {
        "state": LeadState.DUE.value, "why": "", "due_at": at if due_at is None else due_at, "campaign": "",
        "leased_until": None, "last_attempt": "",
    }  # fmt: skip
    return _write(db, row, values, act="reopen", reader=reader, at=at)


def merge(db: Connection, kept: str, gone: Collection[str], *, reader: Reader = CENTER, at: float) -> LeadRow:
    """Let these leads be one: `kept` takes over the numbers and fields that he lacks, the others are closed
    as duplicates. What was dialled so far stays with who was dialled. Raises `Refusal`: `not_found`, or
    the wrong field."""
    row = check_visible(db, kept, reader)
    try:
        others = [check_visible(db, each, reader) for each in dict.fromkeys(gone) if each != kept]
    except Refusal as error:
        raise Refusal(str(error), field="gone") from None
    if not others:
        raise Refusal("name the others", field="gone")
    held = numbers_of(db, [row.id, *(each.id for each in others)])
    numbers = {each.number: each for each in held[row.id]}
    fields = dict(row.fields)
    for other in others:
        for each in held[other.id]:
            numbers.setdefault(each.number, each)
        fields = {**other.fields, **fields}
        if other.state != LeadState.CLOSED.value:
            closed = {
                "state": LeadState.CLOSED.value, "why": DUPLICATE, "campaign": "", "leased_until": None,
            }  # fmt: skip
            _write(db, other, closed, act="merge", reader=reader, at=at, into=row.id)
    together = tuple(numbers.values())
    _check(row.priority, together, fields)
    customer = row.customer or next((each.customer for each in others if each.customer), "")
    values = {"fields": fields, "customer": customer, **_dialable(row, together)}
    if not held[row.id] and together:
        values["shelf"] = shelves.shelf_of(row.priority, together[0].zones, together[0].regions)
    values |= _agreed(db, row, [other.id for other in others], together)
    more = _number_rows(row.id, together)[len(held[row.id]) :]
    if more:
        db.execute(insert(lead_numbers), more)
    return _write(db, row, values, act="merge", reader=reader, at=at)


def check_owner(db: Connection, reader: Reader, owner: str) -> None:
    """Refuse an owner that there is not, or who is beyond the reader. Raises `Refusal`."""
    ownerships.check(db, owner, "")
    ownerships.check_reach(db, reader, Kind.LEAD, owner, "")


def new_id(at: float, place: int = 0) -> str:
    """An id that grows with time, and with the place among those of one moment: leads are dialled in the
    order of their list, and the database appends to its indexes and does not look for places there."""
    return f"{int(at * 1000):012x}{place:04x}{uuid4().hex[:16]}"


# --- parts ---


def _as_known(numbers: Iterable[LeadNumber], held: Iterable[LeadNumber]) -> tuple[LeadNumber, ...]:
    """Numbers that he has already may be where they might be before: what an address said of them counts on,
    and who enters a number again does not lift it."""
    known = {each.number: each for each in held}
    return tuple(
        replace(known[each.number], kind=each.kind) if each.number in known else each for each in numbers
    )


def _turn(
    db: Connection, lead: str, state: LeadState, why: str, act: str, *, reader: Reader, at: float,
    expected: int | None,
) -> LeadRow:  # fmt: skip
    row = check_visible(db, lead, reader)
    records.expect(row.version, expected)
    if row.state in (state.value, LeadState.CLOSED.value):
        raise Refusal(f"the lead is {row.state} already", code="illegal_now", field="state")
    values = {
        "state": state.value, "why": entered(why, "why", 64) or act, "campaign": "", "leased_until": None,
        "last_attempt": "",
    }  # fmt: skip
    return _write(db, row, values, act=act, reader=reader, at=at)


def _dialable(row: Row[Any], numbers: Sequence[LeadNumber]) -> dict[str, Any]:
    """What changes with whether there is a number at all."""
    if not numbers and row.state == LeadState.DUE.value:
        return {"state": LeadState.HELD.value, "why": NO_NUMBER}
    if numbers and row.state == LeadState.HELD.value and row.why == NO_NUMBER:
        return {"state": LeadState.DUE.value, "why": ""}
    return {}


def check_visible(db: Connection, lead: str, reader: Reader) -> Row[Any]:
    """The row of a lead that the reader sees. Raises `Refusal` `not_found`."""
    seen = access.visible(reader, Kind.LEAD)
    row = db.execute(select(leads).where(leads.c.id == lead, seen)).one_or_none()
    if row is None:
        raise Refusal("there is no such lead", code="not_found")
    return row


def _customer(db: Connection, customer: str, reader: Reader) -> str:
    if not customer:
        return ""
    try:
        return roots.check_visible(db, customer, reader)
    except Refusal as error:
        raise Refusal(str(error), field="customer") from None


def _check_proves(reader: Reader, *names: str) -> None:
    """Refuse evidence that he agreed to be called from somebody who may dial him, and no more."""
    if names and not reader.may(Right.LEADS_IMPORT):
        raise Refusal("who brings in lists says who has agreed", code="beyond_you", field=names[0])


def _check(priority: int, numbers: Sequence[LeadNumber], fields: Mapping[str, str]) -> None:
    if priority not in PRIORITIES:
        raise Refusal(f"from {PRIORITIES[0]} to {PRIORITIES[-1]}", field="priority")
    if len(numbers) > MOST_NUMBERS:
        raise Refusal(f"at most {MOST_NUMBERS} numbers, this has {len(numbers)}", field="numbers")
    if len({each.number for each in numbers}) < len(numbers):
        raise Refusal("each number once", field="numbers")
    if len(fields) > MOST_FIELDS:
        raise Refusal(f"at most {MOST_FIELDS} fields", field="fields")
    for name, value in fields.items():
        if not 0 < len(name) <= 64 or len(value) > 1000:
            says = "names of at most 64 characters, and values of at most 1000"
            raise Refusal(says, code="too_long", field="fields")


def _agreed(
    db: Connection, row: Row[Any], gone: Collection[str], numbers: Sequence[LeadNumber]
) -> dict[str, Any]:
    """Calls that were agreed on with those who are gone are the lead's: the first of all his says when he is
    dialled."""
    open_ = appointments.c.state == literal_column("'open'")
    theirs = update(appointments).where(appointments.c.lead.in_(list(gone)), open_)
    moved = db.execute(theirs.values(lead=row.id, version=appointments.c.version + 1)).rowcount
    if not moved or row.state == LeadState.HELD.value:
        return {}
    of = select(appointments.c.at, appointments.c.number).where(
        appointments.c.lead == row.id, appointments.c.lead != literal_column("''"), open_
    )
    first = min(db.execute(of).all(), key=lambda each: each.at)
    place = next((at for at, each in enumerate(numbers) if each.number == first.number), row.next_number)
    number = numbers[place]
    values = {
        "due_at": first.at, "next_number": place,
        "shelf": shelves.shelf_of(row.priority, number.zones, number.regions),
    }  # fmt: skip
    closed = row.state == LeadState.CLOSED.value
    return values | ({"state": LeadState.DUE.value, "why": ""} if closed else {})


def _number_rows(lead: str, numbers: Iterable[LeadNumber]) -> list[dict[str, Any]]:
    return [
        {
            "lead": lead, "position": position, "number": each.number, "kind": each.kind,
            "zones": list(each.zones), "regions": list(each.regions),
        }
        for position, each in enumerate(numbers)
    ]  # fmt: skip


def _write(
    db: Connection, row: Row[Any], values: Mapping[str, Any], *, act: str, reader: Reader, at: float,
    private: Sequence[str] = (), into: str = "",
) -> LeadRow:  # fmt: skip
    version = row.version + 1
    db.execute(update(leads).where(leads.c.id == row.id).values(**values, version=version, updated_at=at))
    was = dict(row._mapping)
    more = {"private": list(private), "into": into}
    one = Change(
        kind="lead", id=row.id, before=_told(was), after=_told({**was, **values}), version=version, act=act,
        detail=_detail(row) | {name: value for name, value in more.items() if value},
    )  # fmt: skip
    records.changed_all(db, [one], by=reader.login, at=at)
    return _leads(db, [db.execute(select(leads).where(leads.c.id == row.id)).one()], reader)[0]


def _leads(db: Connection, rows: Sequence[Row[Any]], reader: Reader) -> tuple[LeadRow, ...]:
    numbers = numbers_of(db, [row.id for row in rows])
    named = roots.named(db, {row.customer for row in rows if row.customer}, reader)
    found = []
    for row in rows:
        customer, name = named.get(row.customer, ("", ""))
        given = {each: row._mapping[each] for each in LeadRow.__dataclass_fields__ if each in row._mapping}
        given |= {"customer": customer, "customer_name": name, "numbers": numbers[row.id]}
        one = LeadRow(**given | {"state": LeadState(row.state)})
        found.append(access.shown(reader, Kind.LEAD, one))
    return tuple(found)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "list", "customer", "language", "priority", "state", "why", "due_at", "next_number", "owner", "zone",
        "region", "consent", "consent_at",
    )  # fmt: skip
    return {name: row[name] for name in names}


def _detail(row: Row[Any]) -> dict[str, Any]:
    return {"list": row.list}
