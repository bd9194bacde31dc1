"""Customers: persons and organisations, how to reach them, and what the screen pop shows of them.

One row is one customer, or was one before it was merged into another (`roots.py`): every read answers with
the customer of today and gathers what hangs on all its rows. Every read is a reader's and passes `access.py`;
without one it is the center's own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, fields, replace
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    insert,
    or_,
    select,
    update,
)

from contactcenter.crm import (
    access,
    addresses,
    cards,
    consents,
    custom,
    filters,
    interactions,
    money,
    ownerships,
    paging,
    records,
    roots,
    sealing,
    settings,
    tags,
)
from contactcenter.crm import fields as definitions
from contactcenter.crm.access import CENTER, Kind, Reader, Scope
from contactcenter.crm.addresses import Address, NewAddress
from contactcenter.crm.errors import Refusal
from contactcenter.crm.fields import Field
from contactcenter.crm.id_numbers import id_number
from contactcenter.crm.ownerships import Ownership
from contactcenter.crm.paging import Page
from contactcenter.crm.phone_numbers import with_extension
from contactcenter.crm.records import Change
from contactcenter.crm.schema import addresses as addresses_table
from contactcenter.crm.schema import customers, root_of_row
from contactcenter.crm.sealing import Unsealable
from contactcenter.crm.text import entered
from contactcenter.values import CustomerCard, PastInteraction, frozen

KINDS = ("person", "organisation")
TOGETHER = 500
"""Most customers whose owner is changed by one act."""
NOBODY = "-"
"""The owner, or team, of records that have none, in filters."""
_CAPS = {"number": 32, "name": 120, "company": 120, "tier": 32, "category": 64, "note": 4000}
ID_NUMBER = "customers/id_number"
"""What sealed id numbers are bound to."""
_SORTS = {"name": customers.c.name, "updated": customers.c.updated_at}
_HELD = customers.alias("held")
_ROOT = root_of_row(_HELD)
"""The customer of today that a row belongs to."""


@frozen
class NewCustomer:
    """What is needed to open a customer's record. Everything is checked when it is stored."""

    name: str
    number: str = ""
    """The account number; empty: the next free one is given."""
    phones: tuple[str, ...] = ()
    """In any form; the first is the main one. The short form of `addresses`: give one of the two."""
    company: str = ""
    tier: str = ""
    save_desk: bool = False
    """Whether the customer is about to leave us, and to be kept."""
    language: str = ""
    balance: str = ""
    note: str = ""
    kind: str = "person"
    category: str = ""
    tags: tuple[str, ...] = ()
    addresses: tuple[NewAddress, ...] = ()
    id_number: str = ""
    custom: Mapping[str, Any] = field(default_factory=dict)
    owner: str | None = None
    """None: who makes it, if he sees his own only and is in a team; else nobody."""
    team: str | None = None
    """None: the first team of who makes it."""


@frozen
class CustomerChange:
    """What to change; None leaves it as it is."""

    name: str | None = None
    number: str | None = None
    phones: tuple[str, ...] | None = None
    """All phones, in their order; other addresses stay, and so does what is known of a phone that stays."""
    company: str | None = None
    tier: str | None = None
    save_desk: bool | None = None
    language: str | None = None
    balance: str | None = None
    note: str | None = None
    kind: str | None = None
    category: str | None = None
    tags: tuple[str, ...] | None = None
    addresses: tuple[NewAddress, ...] | None = None
    """All addresses of all channels, in their order."""
    id_number: str | None = None
    custom: Mapping[str, Any] | None = None
    """Only the fields that are to change; a value of None empties one."""
    owner: str | None = None
    team: str | None = None


@frozen
class Customer:
    """A customer's record as pages and programs get it."""

    id: str
    number: str
    kind: str
    name: str
    phones: tuple[str, ...]
    """The phones among the addresses, in E.164, without extensions."""
    addresses: tuple[Address, ...]
    company: str
    tier: str
    category: str
    tags: tuple[str, ...]
    save_desk: bool
    language: str
    balance: str
    note: str
    id_number: str
    """Whole for one record, masked in lists."""
    custom: dict[str, Any]
    owner: str
    team: str
    do_not_contact: tuple[str, ...]
    """The channels on which the customer refused everything: phone, email …, any."""
    merged: tuple[str, ...]
    """The ids of those that were merged into this one."""
    last: tuple[PastInteraction, ...]
    """The newest first, ten at most; none in lists."""
    hidden: tuple[str, ...]
    """The fields that are blank because the reader may not see them, or because their key is missing."""
    version: int
    created_at: float
    created_by: str
    updated_at: float


# --- for readers ---


def record(db: Connection, customer: str, reader: Reader = CENTER) -> Customer | None:
    """The whole record as the reader may see it; None when there is none for him."""
    root = roots.root_of(db, customer)
    seen = access.visible(reader, Kind.CUSTOMER)
    row = db.execute(select(customers).where(customers.c.id == root, seen)).one_or_none()
    return _records(db, [row], reader, whole=True)[0] if row else None


def create_record(db: Connection, new: NewCustomer, reader: Reader, *, at: float) -> Customer:
    """Open one customer's record, and show it; raises as `create` does."""
    return _written(db, create(db, new, reader=reader, at=at).id, reader)


def change_record(
    db: Connection, customer: str, to: CustomerChange, reader: Reader, *, expected: int | None, at: float
) -> Customer:
    """Change a customer's record, and show it; raises as `change` does."""
    return _written(db, change(db, customer, to, reader=reader, expected=expected, at=at).id, reader)


def ownerships_of(db: Connection, customer: str, reader: Reader) -> tuple[Ownership, ...]:
    """Whose the customer was, the newest first. Raises `Refusal` `not_found`."""
    return ownerships.of(db, "customer", roots.family(db, roots.check_visible(db, customer, reader)))


def _written(db: Connection, customer: str, reader: Reader) -> Customer:
    """The whole record that the reader has just written, though he may have given it out of his own sight."""
    root = roots.root_of(db, customer)
    row = db.execute(select(customers).where(customers.c.id == root)).one()
    return _records(db, [row], reader, whole=True)[0]


def _reached_at(channel: str, value: str) -> ColumnElement[bool]:
    held = select(_ROOT).join(addresses_table, addresses_table.c.customer_id == _HELD.c.id)
    of_it = (addresses_table.c.channel == channel, addresses_table.c.value == value)
    return customers.c.id.in_(held.where(*of_it))


def with_id_number(db: Connection, text: str, reader: Reader = CENTER) -> tuple[Customer, ...]:
    """Whose id number this is, as the reader may see them. Raises `Refusal` `key_missing`."""
    access.check_shown(reader, Kind.CUSTOMER, ("id_number",))
    stands = sealing.index(db, text, ID_NUMBER)
    has = select(_ROOT).where(_HELD.c.id_number_index == stands, _HELD.c.id_number_index != "")
    query = select(customers).where(
        customers.c.id.in_(has), access.visible(reader, Kind.CUSTOMER), customers.c.merged_into == ""
    )
    query = query.order_by(customers.c.name, customers.c.id).limit(cards.MOST)
    rows = db.execute(query).all() if stands else []
    return _records(db, rows, reader, whole=False)


def page(
    db: Connection,
    *,
    reader: Reader = CENTER,
    name: str = "",
    number: str = "",
    phone: str = "",
    email: str = "",
    tier: str = "",
    kind: str = "",
    category: str = "",
    tag: str = "",
    owner: str = "",
    team: str = "",
    where: str = "",
    sort: str = "name",
    cursor: str = "",
    limit: int = 50,
) -> Page[Customer]:
    """Customers whose name or company contains `name`, whose account number begins with `number`, who have
    the E.164 `phone` or the `email`, who are of `tier`, `kind`, `category`, have the `tag`, belong to
    `owner` and `team` (`NOBODY`: to none), and meet the condition `where`; sorted by `name` or `updated`
    (newest first). Without history, with personal data masked.

    Raises `Refusal` for an unknown sort, a foreign cursor, a limit below 1, a wrong filter, and for a filter
    by what the reader may not see.
    """
    if sort not in _SORTS:
        raise Refusal(f"sort by one of {', '.join(_SORTS)}", field="sort")
    seen = access.visible(reader, Kind.CUSTOMER, many=True)
    query = select(customers).where(customers.c.merged_into == "", seen)
    plain = {"tier": tier, "kind": kind, "category": category}
    asked = {**plain, "tags": tag}
    access.check_shown(reader, Kind.CUSTOMER, [each for each, value in asked.items() if value])
    if name:
        columns = [customers.c.name]
        if not reader.hides(Kind.CUSTOMER, "company"):
            columns.append(customers.c.company)
        query = query.where(or_(*(c.icontains(name, autoescape=True) for c in columns)))
    if number:
        query = query.where(customers.c.number.startswith(number, autoescape=True))
    for column, value in plain.items():
        if value:
            query = query.where(customers.c[column] == value)
    for column, value in (("owner", owner), ("team", team)):
        if value:
            query = query.where(customers.c[column] == ("" if value == NOBODY else value))
    for channel, value, name in (("phone", phone, "phones"), ("email", email, "addresses")):
        if value:
            access.check_shown(reader, Kind.CUSTOMER, (name,))
            query = query.where(_reached_at(channel, value))
    if tag:
        query = query.where(tags.has(tag))
    if where:
        query = query.where(filters.clause(db, where, reader))
    return _page(db, query, sort, cursor, limit, reader)


# --- writing ---


def create(db: Connection, new: NewCustomer, *, at: float, reader: Reader = CENTER) -> CustomerCard:
    """Open one customer's record. Raises `Refusal` naming the wrong field, `taken` for a number in use."""
    (customer,) = create_many(db, (new,), at=at, reader=reader)
    card = cards.get(db, customer)
    assert card is not None  # noqa: S101 - just written in this transaction
    return card


def create_many(
    db: Connection, news: Sequence[NewCustomer], *, at: float, reader: Reader = CENTER, act: str = ""
) -> tuple[str, ...]:
    """Open many records at once; answers their ids, in order. All or none; raises as `create` does.

    `act` is the audit log's verb, when it is not `create`.
    """
    known = definitions.all_of(db, "customer")
    region = settings.get(db, "region", "CN")
    rows: list[dict[str, Any]] = []
    held: list[tuple[Address, ...]] = []
    values: list[custom.Entered] = []
    for new in news:
        id_ = uuid4().hex
        _check_writes(reader, new, NewCustomer(name=""))
        kind = _kind(new.kind)
        entered_id = id_number(new.id_number, of_person=kind == "person")
        values.append(custom.enter(db, "customer", id_, new.custom, definitions=known, region=region))
        held.append(_addresses(new, (), region, reader, at))
        owner, team = _belongs(new, reader)
        rows.append(
            {
                "id": id_, "number": entered(new.number, "number", _CAPS["number"]), "kind": kind,
                "name": _name(new.name), "save_desk": new.save_desk, "language": _language(new.language),
                **{each: entered(getattr(new, each), each, _CAPS[each]) for each in _TEXTS},
                "balance": money.minor(new.balance, "balance"),
                "id_number": sealing.seal(db, entered_id, ID_NUMBER, id_),
                "id_number_index": sealing.index(db, entered_id, ID_NUMBER),
                "custom": values[-1].stored, "owner": owner, "team": team, "version": 1,
                "created_at": at, "created_by": reader.login, "updated_at": at,
            }
        )  # fmt: skip
    for owner, team in dict.fromkeys((row["owner"], row["team"]) for row in rows):
        ownerships.check(db, owner, team)
    _give_numbers(db, rows)
    labels = [tags.checked(new.tags) for new in news]
    if rows:
        db.execute(insert(customers), rows)
    if more := [
        each for row, some in zip(rows, held, strict=True) for each in addresses.rows_of(row["id"], some)
    ]:
        db.execute(insert(addresses_table), more)
    tags.add(db, {row["id"]: some for row, some in zip(rows, labels, strict=True)})
    custom.mirror_all(db, values)
    for row in rows:
        if row["owner"] or row["team"]:
            ownerships.note(db, "customer", (row["id"],), row["owner"], row["team"], by=reader.login, at=at)
    told = _told(
        db, rows, dict(zip((row["id"] for row in rows), zip(held, labels, strict=True), strict=True)), known
    )
    records.changed_all(
        db,
        (Change(kind="customer", id=id_, before=None, after=after, act=act) for id_, after in told.items()),
        by=reader.login,
        at=at,
    )
    return tuple(row["id"] for row in rows)


def change(
    db: Connection,
    customer: str,
    to: CustomerChange,
    *,
    at: float,
    reader: Reader = CENTER,
    expected: int | None = None,
) -> CustomerCard:
    """Change what `to` names. Raises `Refusal`: `not_found`, `taken`, or the wrong field; and
    `ChangedMeanwhile` when the record has another version than `expected`."""
    id_ = roots.check_visible(db, customer, reader)
    before = db.execute(select(customers).where(customers.c.id == id_)).one()
    records.expect(before.version, expected)
    _check_writes(reader, to, CustomerChange())
    known = definitions.all_of(db, "customer")
    family = roots.family(db, id_)
    held, labels = addresses.of(db, {id_: family})[id_], tags.of(db, {id_: family})[id_]
    told = _told(db, [dict(before._mapping)], {id_: (held, labels)}, known)[id_]
    row: dict[str, Any] = {}
    if to.name is not None:
        row["name"] = _name(to.name)
    if to.number is not None:
        row["number"] = _account(db, to.number, id_)
    if to.kind is not None:
        row["kind"] = _kind(to.kind)
    for name in _TEXTS:
        if (value := getattr(to, name)) is not None:
            row[name] = entered(value, name, _CAPS[name])
    if to.save_desk is not None:
        row["save_desk"] = to.save_desk
    if to.language is not None:
        row["language"] = _language(to.language)
    if to.balance is not None:
        row["balance"] = money.minor(to.balance, "balance")
    if to.id_number is not None:
        plain = id_number(to.id_number, of_person=row.get("kind", before.kind) == "person")
        row["id_number"] = sealing.seal(db, plain, ID_NUMBER, id_)
        row["id_number_index"] = sealing.index(db, plain, ID_NUMBER)
    if to.custom is not None:
        values = custom.enter(db, "customer", id_, to.custom, before=before.custom, definitions=known)
        row["custom"] = values.stored
        custom.mirror(db, "customer", id_, values)
    if to.addresses is not None or to.phones is not None:
        held = _addresses(to, held, settings.get(db, "region", "CN"), reader, at)
        addresses.put(db, family, held)
    if to.tags is not None:
        labels = tags.checked(to.tags)
        tags.put(db, family, labels)
    if to.owner is not None or to.team is not None:
        row["owner"] = before.owner if to.owner is None else to.owner
        row["team"] = before.team if to.team is None else to.team
        ownerships.check(db, to.owner or "", to.team or "")
    _write(db, before, row, told, held, labels, known, reader.login, at)
    card = cards.get(db, id_)
    assert card is not None  # noqa: S101 - updated in this transaction
    return card


def assign(
    db: Connection,
    ids: Sequence[str],
    *,
    owner: str | None = None,
    team: str | None = None,
    at: float,
    reader: Reader = CENTER,
) -> int:
    """Give these customers another owner, team or both; answers of how many that is a change. All or none.

    Raises `Refusal`: `not_found` naming the first that the reader does not see, or the wrong field.
    """
    if not 1 <= len(ids) <= TOGETHER:
        raise Refusal(f"from 1 to {TOGETHER} customers", field="ids")
    ownerships.check(db, owner or "", team or "")
    to = {name: value for name, value in (("owner", owner), ("team", team)) if value is not None}
    changed = [
        row
        for row in _each_visible(db, ids, reader)
        if any(row._mapping[name] != value for name, value in to.items())
    ]
    if not changed:
        return 0
    db.execute(
        update(customers)
        .where(customers.c.id.in_([row.id for row in changed]))
        .values(**to, version=customers.c.version + 1, updated_at=at)
    )
    whose: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in changed:
        whose[to.get("owner", row.owner), to.get("team", row.team)].append(row.id)
    for (its_owner, its_team), some in whose.items():
        ownerships.note(db, "customer", some, its_owner, its_team, by=reader.login, at=at)
    records.changed_all(
        db,
        (
            Change(
                kind="customer", id=row.id, before={"owner": row.owner, "team": row.team},
                after={"owner": row.owner, "team": row.team, **to}, version=row.version + 1,
            )
            for row in changed
        ),
        by=reader.login,
        at=at,
    )  # fmt: skip
    return len(changed)


def _each_visible(db: Connection, ids: Sequence[str], reader: Reader) -> list[Row[Any]]:
    """The customers of today of all these, each once. Raises `Refusal` for the first that is not seen."""
    found = db.execute(select(_HELD.c.id, _ROOT.label("root")).where(_HELD.c.id.in_(ids)))
    today = {row.id: row.root for row in found}
    seen = access.visible(reader, Kind.CUSTOMER)
    query = select(customers).where(customers.c.id.in_(set(today.values())), seen)
    rows = {row.id: row for row in db.execute(query)}
    for n, customer in enumerate(ids):
        if today.get(customer) not in rows:
            raise Refusal("there is no such customer", code="not_found", field=f"ids.{n}")
    return [rows[root] for root in dict.fromkeys(today[customer] for customer in ids)]


def _write(
    db: Connection,
    before: Row[Any],
    row: dict[str, Any],
    told: dict[str, Any],
    held: tuple[Address, ...],
    labels: tuple[str, ...],
    known: Sequence[Field],
    by: str,
    at: float,
) -> None:
    """Write a change of a row, with what it leaves behind; nothing when nothing is different."""
    now = {**before._mapping, **row}
    after = _told(db, [now], {before.id: (held, labels)}, known)[before.id]
    sealed_anew = row.get("id_number_index", before.id_number_index) != before.id_number_index
    if after == told and not sealed_anew and now["custom"] == before.custom:
        return
    version = before.version + 1
    db.execute(
        update(customers).where(customers.c.id == before.id).values(**row, version=version, updated_at=at)
    )
    if (now["owner"], now["team"]) != (before.owner, before.team):
        ownerships.note(db, "customer", (before.id,), now["owner"], now["team"], by=by, at=at)
    # Of what is sealed another value may look the same: the act is named, so that it is kept all the same.
    records.changed(db, "customer", before.id, told, after, by=by, at=at, version=version, act="change")


# --- parts of a record ---


_TEXTS = ("company", "tier", "category", "note")
"""Plain texts, which may be empty."""


def _name(name: str) -> str:
    name = entered(name, "name", _CAPS["name"])
    if not name:
        raise Refusal("a customer needs a name", field="name")
    return name


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise Refusal(f"one of {', '.join(KINDS)}", field="kind")
    return kind


def _language(language: str) -> str:
    if language not in ("", "zh", "en"):
        raise Refusal("zh or en", field="language")
    return language


def _addresses(
    given: NewCustomer | CustomerChange, before: Sequence[Address], region: str, reader: Reader, at: float
) -> tuple[Address, ...]:
    """What the addresses are to be, in either of the two forms in which they are given. Phones that are
    hidden from who gives the list stay: he could not know of them."""
    if given.addresses and given.phones:
        raise Refusal("give either phones or addresses: addresses has the phones too", field="phones")
    if given.addresses or given.phones is None:
        wanted = addresses.checked(
            given.addresses or (), region=region, by=reader.login, at=at, before=before
        )
        unseen = reader.hides(Kind.CUSTOMER, "phones")
        return (*wanted, *(each for each in before if unseen and each.channel == "phone"))
    phones = addresses.checked(
        (each for number in given.phones for each in _as_addresses(number, before, region)),
        region=region,
        by=reader.login,
        at=at,
        before=before,
        field="phones",
    )
    return (*phones, *(each for each in before if each.channel != "phone"))


def _as_addresses(number: str, before: Sequence[Address], region: str) -> Iterator[NewAddress]:
    """A number of the short form. One without an extension stands for all that is known under it: whoever
    writes back the list that he read changes nothing."""
    value, extension = with_extension(number, region, "phones")
    known = [each for each in before if each.channel == "phone" and each.value == value]
    if not known or extension:
        yield NewAddress(channel="phone", value=value, extension=extension)
        return
    for each in known:
        yield NewAddress(channel="phone", value=value, extension=each.extension)


def _belongs(new: NewCustomer, reader: Reader) -> tuple[str, str]:
    """Owner and team of a new record. Who sees his own only keeps what he makes in sight."""
    team = reader.home if new.team is None else new.team
    if new.owner is not None:
        return new.owner, team
    return reader.login if team and reader.scope(Kind.CUSTOMER) is Scope.OWN else "", team


def _check_writes(
    reader: Reader, given: NewCustomer | CustomerChange, nothing: NewCustomer | CustomerChange
) -> None:
    """Nobody writes what he may not see: he would overwrite what he does not know."""
    names = [each.name for each in fields(given) if getattr(given, each.name) != getattr(nothing, each.name)]
    if any(each.channel == "phone" for each in given.addresses or ()):
        names.append("phones")
    access.check_shown(reader, Kind.CUSTOMER, [*names, *(f"custom.{name}" for name in given.custom or {})])


def _account(db: Connection, number: str, customer: str) -> str:
    number = entered(number, "number", _CAPS["number"])
    if not number:
        raise Refusal("a customer needs an account number", field="number")
    owner = db.scalar(select(customers.c.id).where(customers.c.number == number))
    if owner not in (None, customer):
        raise Refusal(f"account number {number} is in use", code="taken", field="number")
    return number


def _give_numbers(db: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """See that each row has an account number of its own."""
    given = [row["number"] for row in rows if row["number"]]
    taken = set(db.scalars(select(customers.c.number).where(customers.c.number.in_(given))))
    for number in given:
        if number in taken:
            raise Refusal(f"account number {number} is in use", code="taken", field="number")
        taken.add(number)
    free = _free_numbers(db, len(rows) - len(given), taken)
    for row in rows:
        row["number"] = row["number"] or next(free)


def _free_numbers(db: Connection, count: int, taken: set[str]) -> Iterator[str]:
    """Six digits and more, because callers key them in; from a counter, so that none is ever given twice."""
    first = int(settings.get(db, "next_account", "100001"))
    free: list[str] = []
    while len(free) < count:
        some = [str(number) for number in range(first, first + count - len(free))]
        first += len(some)
        used = set(db.scalars(select(customers.c.number).where(customers.c.number.in_(some)))) | taken
        free += [number for number in some if number not in used]
    if count:
        settings.put(db, "next_account", str(first))
    return iter(free)


# --- reading rows ---


def _page(
    db: Connection, query: Select[Any], sort: str, cursor: str, limit: int, reader: Reader
) -> Page[Customer]:
    down = sort == "updated"
    query = paging.after(query, _SORTS[sort], customers.c.id, cursor=cursor, limit=limit, down=down)
    rows = db.execute(query).all()
    shown = rows[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1]._mapping[_SORTS[sort]], shown[-1].id) if len(rows) > len(shown) else ""
    return Page(items=_records(db, shown, reader, whole=False), next=more)


def _records(
    db: Connection, rows: Sequence[Row[Any]], reader: Reader, *, whole: bool
) -> tuple[Customer, ...]:
    """Rows of customers of today as the reader may see them."""
    families = roots.families(db, [row.id for row in rows])
    held = addresses.of(db, families)
    labels, refused = tags.of(db, families), consents.refused(db, families)
    known = definitions.all_of(db, "customer")
    found = []
    for row in rows:
        family = families[row.id]
        reached_at = held[row.id]
        values, closed = custom.told(db, "customer", row.id, row.custom, definitions=known, whole=whole)
        plain, lost = _unsealed(db, row)
        one = Customer(
            id=row.id, number=row.number, kind=row.kind, name=row.name,
            phones=addresses.phones_of(reached_at), addresses=reached_at, company=row.company, tier=row.tier,
            category=row.category, tags=labels[row.id], save_desk=row.save_desk, language=row.language,
            balance=money.decimal(row.balance), note=row.note,
            id_number=plain if whole else sealing.masked(plain), custom=values, owner=row.owner,
            team=row.team, do_not_contact=refused[row.id], merged=family[1:],
            last=interactions.last_of(db, *family, reader=reader) if whole else (), hidden=(),
            version=row.version,
            created_at=row.created_at, created_by=row.created_by, updated_at=row.updated_at,
        )  # fmt: skip
        one = access.shown(reader, Kind.CUSTOMER, one)
        unreadable = {*lost, *(f"custom.{name}" for name in closed)}
        found.append(replace(one, hidden=tuple(sorted({*one.hidden, *unreadable}))))
    return tuple(found)


def _unsealed(db: Connection, row: Row[Any]) -> tuple[str, tuple[str, ...]]:
    """The id number, and its name when it can't be opened."""
    try:
        return sealing.unseal(db, row.id_number, ID_NUMBER, row.id), ()
    except Unsealable:
        return "", ("id_number",)


_TOLD = (
    "number", "kind", "name", "company", "tier", "category", "save_desk", "language", "note", "owner", "team",
)  # fmt: skip


def _told(
    db: Connection,
    rows: Iterable[Mapping[str, Any]],
    beside: Mapping[str, tuple[Sequence[Address], Sequence[str]]],
    known: Sequence[Field],
) -> dict[str, dict[str, Any]]:
    """Rows as the audit log has them, by id; `beside` has their addresses and tags. What is sealed is masked:
    the log is not sealed, and never forgets."""
    found = {}
    for row in rows:
        id_ = row["id"]
        held, labels = beside[id_]
        try:
            plain = sealing.masked(sealing.unseal(db, row["id_number"], ID_NUMBER, id_))
        except Unsealable:
            plain = "•"
        values, closed = custom.told(db, "customer", id_, row["custom"], definitions=known)
        found[id_] = {
            **{name: row[name] for name in _TOLD},
            "balance": money.decimal(row["balance"]),
            "addresses": [addresses.told(each) for each in held],
            "tags": list(labels),
            "id_number": plain,
            "custom": values | dict.fromkeys(closed, "•"),
        }
    return found
