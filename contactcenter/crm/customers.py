"""Customers: who calls us, under which numbers, and what the screen pop shows of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, or_, select, update

from contactcenter.crm import interactions, paging, settings
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.phone_numbers import e164
from contactcenter.crm.schema import addresses, customers
from contactcenter.crm.schema import interactions as interactions_table
from contactcenter.crm.text import entered
from contactcenter.values import CustomerCard, frozen

CARDS = 5
"""Most customers that one shared number brings up."""
PHONES = 20
"""Most numbers of one customer."""
_CAPS = {"number": 32, "name": 120, "company": 120, "tier": 32, "note": 4000}
_SORTS = {"name": customers.c.name, "updated": customers.c.updated_at}
_LAST = (
    select(func.max(interactions_table.c.arrived_at))
    .where(interactions_table.c.customer == customers.c.id)
    .scalar_subquery()
)
# Asked for every caller, so it is built once.
_WITH_PHONE = (
    select(customers)
    .join(addresses, addresses.c.customer_id == customers.c.id)
    .where(addresses.c.channel == "phone", addresses.c.value == bindparam("wanted"))
    .order_by(func.coalesce(_LAST, 0.0).desc(), addresses.c.place, customers.c.name, customers.c.id)
    .limit(CARDS)
)


@frozen
class NewCustomer:
    """What is needed to open a customer's record. Everything is checked when it is stored."""

    name: str
    number: str = ""
    """The account number; empty: the next free one is given."""
    phones: tuple[str, ...] = ()
    """In any form; the first is the main one."""
    company: str = ""
    tier: str = ""
    save_desk: bool = False
    """Whether the customer is about to leave us, and to be kept."""
    language: str = ""
    balance: str = ""
    note: str = ""


@frozen
class CustomerChange:
    """What to change; None leaves it as it is."""

    name: str | None = None
    number: str | None = None
    phones: tuple[str, ...] | None = None
    company: str | None = None
    tier: str | None = None
    save_desk: bool | None = None
    language: str | None = None
    balance: str | None = None
    note: str | None = None


def with_phone(db: Connection, number: str) -> tuple[CustomerCard, ...]:
    """Who has this E.164 number: whoever was in touch last comes first, `CARDS` at most."""
    return _cards(db, db.execute(_WITH_PHONE, {"wanted": number}).all(), history=True)


def with_number(db: Connection, number: str) -> CustomerCard | None:
    """The customer with this account number, or None."""
    cards = _cards(db, db.execute(select(customers).where(customers.c.number == number)).all(), history=True)
    return cards[0] if cards else None


def get(db: Connection, customer: str) -> CustomerCard | None:
    """The customer's card with the last ten interactions, or None."""
    cards = _cards(db, db.execute(select(customers).where(customers.c.id == customer)).all(), history=True)
    return cards[0] if cards else None


def page(
    db: Connection,
    *,
    name: str = "",
    number: str = "",
    phone: str = "",
    tier: str = "",
    sort: str = "name",
    cursor: str = "",
    limit: int = 50,
) -> Page[CustomerCard]:
    """Customers whose name or company contains `name`, whose account number begins with `number`, who have
    the E.164 `phone`, who are of `tier`; sorted by `name` or `updated` (newest first). Without history.

    Raises `Refusal` for an unknown sort, a foreign cursor, a limit below 1.
    """
    if sort not in _SORTS:
        raise Refusal(f"sort by one of {', '.join(_SORTS)}", field="sort")
    query = select(customers)
    if name:
        like = (c.icontains(name, autoescape=True) for c in (customers.c.name, customers.c.company))
        query = query.where(or_(*like))
    if number:
        query = query.where(customers.c.number.startswith(number, autoescape=True))
    if phone:
        query = query.where(
            customers.c.id.in_(
                select(addresses.c.customer_id).where(
                    addresses.c.channel == "phone", addresses.c.value == phone
                )
            )
        )
    if tier:
        query = query.where(customers.c.tier == tier)
    return _page(db, query, sort, cursor, limit)


def create(db: Connection, new: NewCustomer, *, at: float) -> CustomerCard:
    """Open one customer's record. Raises `Refusal` naming the wrong field, `taken` for a number in use."""
    (customer,) = create_many(db, (new,), at=at)
    card = get(db, customer)
    assert card is not None  # noqa: S101 - just written in this transaction
    return card


def create_many(db: Connection, news: Sequence[NewCustomer], *, at: float) -> tuple[str, ...]:
    """Open many records at once; answers their ids, in order. All or none; raises as `create` does."""
    rows = []
    for new in news:
        row: dict[str, Any] = {
            "id": uuid4().hex, "number": entered(new.number, "number", _CAPS["number"]),
            "name": _name(new.name), "company": entered(new.company, "company", _CAPS["company"]),
            "tier": entered(new.tier, "tier", _CAPS["tier"]), "save_desk": new.save_desk,
            "language": _language(new.language),
            "balance": _minor(new.balance), "note": entered(new.note, "note", _CAPS["note"]),
            "created_at": at, "updated_at": at,
        }  # fmt: skip
        rows.append(row)
    given = [row["number"] for row in rows if row["number"]]
    taken = set(db.scalars(select(customers.c.number).where(customers.c.number.in_(given))))
    for number in given:
        if number in taken:
            raise Refusal(f"account number {number} is in use", code="taken", field="number")
        taken.add(number)
    free = _free_numbers(db, len(rows) - len(given), taken)
    for row in rows:
        row["number"] = row["number"] or next(free)
    numbers = [phone for row, new in zip(rows, news, strict=True) for phone in _phones(row["id"], new.phones)]
    if rows:
        db.execute(insert(customers), rows)
    if numbers:
        db.execute(insert(addresses), numbers)
    return tuple(row["id"] for row in rows)


def change(db: Connection, customer: str, to: CustomerChange, *, at: float) -> CustomerCard:
    """Change what `to` names. Raises `Refusal`: `not_found`, `taken`, or the wrong field."""
    row: dict[str, Any] = {"updated_at": at}
    if to.name is not None:
        row["name"] = _name(to.name)
    if to.number is not None:
        row["number"] = _account(db, to.number, customer)
    for field in ("company", "tier", "note"):
        if (value := getattr(to, field)) is not None:
            row[field] = entered(value, field, _CAPS[field])
    if to.save_desk is not None:
        row["save_desk"] = to.save_desk
    if to.language is not None:
        row["language"] = _language(to.language)
    if to.balance is not None:
        row["balance"] = _minor(to.balance)
    if db.execute(update(customers).where(customers.c.id == customer).values(row)).rowcount == 0:
        raise Refusal("there is no such customer", code="not_found")
    if to.phones is not None:
        db.execute(
            delete(addresses).where(addresses.c.customer_id == customer, addresses.c.channel == "phone")
        )
        if numbers := _phones(customer, to.phones):
            db.execute(insert(addresses), numbers)
    card = get(db, customer)
    assert card is not None  # noqa: S101 - updated in this transaction
    return card


def _page(db: Connection, query: Select[Any], sort: str, cursor: str, limit: int) -> Page[CustomerCard]:
    down = sort == "updated"
    query = paging.after(query, _SORTS[sort], customers.c.id, cursor=cursor, limit=limit, down=down)
    rows = db.execute(query).all()
    shown = rows[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1]._mapping[_SORTS[sort]], shown[-1].id) if len(rows) > len(shown) else ""
    return Page(items=_cards(db, shown, history=False), next=more)


def _cards(db: Connection, rows: Sequence[Row[Any]], *, history: bool) -> tuple[CustomerCard, ...]:
    numbers = defaultdict(list)
    query = (
        select(addresses)
        .where(addresses.c.customer_id.in_([row.id for row in rows]), addresses.c.channel == "phone")
        .order_by(addresses.c.place)
    )
    for phone in db.execute(query) if rows else ():
        numbers[phone.customer_id].append(phone.value)
    return tuple(
        CustomerCard(
            id=row.id,
            number=row.number,
            name=row.name,
            phones=tuple(numbers[row.id]),
            company=row.company,
            tier=row.tier,
            save_desk=row.save_desk,
            owner=row.owner,
            team=row.team,
            language=row.language,
            balance="" if row.balance is None else str(Decimal(row.balance).scaleb(-2)),
            note=row.note,
            last=interactions.last_of(db, row.id) if history else (),
        )
        for row in rows
    )


def _phones(customer: str, numbers: Iterable[str]) -> list[dict[str, Any]]:
    whole = list(dict.fromkeys(e164(number, field="phones") for number in numbers))
    if len(whole) > PHONES:
        raise Refusal(f"at most {PHONES} numbers", field="phones")
    return [
        {
            "customer_id": customer,
            "channel": "phone",
            "value": number,
            "kind": "other" if place else "main",
            "place": place,
        }
        for place, number in enumerate(whole)
    ]


def _name(name: str) -> str:
    name = entered(name, "name", _CAPS["name"])
    if not name:
        raise Refusal("a customer needs a name", field="name")
    return name


def _language(language: str) -> str:
    if language not in ("", "zh", "en"):
        raise Refusal("zh or en", field="language")
    return language


def _minor(balance: str) -> int | None:
    if not balance:
        return None
    try:
        minor = Decimal(balance).scaleb(2)
        whole = int(minor)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise Refusal("not an amount", field="balance") from error
    if minor != whole or abs(whole) >= 10**15:
        raise Refusal("an amount with at most two decimals", field="balance")
    return whole


def _account(db: Connection, number: str, customer: str) -> str:
    number = entered(number, "number", _CAPS["number"])
    if not number:
        raise Refusal("a customer needs an account number", field="number")
    owner = db.scalar(select(customers.c.id).where(customers.c.number == number))
    if owner not in (None, customer):
        raise Refusal(f"account number {number} is in use", code="taken", field="number")
    return number


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
