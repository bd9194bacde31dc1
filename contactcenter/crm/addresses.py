"""Addresses: the ways to reach a customer, each as it is dialled or written to, with what is known of it.

A phone is kept in E.164 and an e-mail in lower case, so that whoever calls or writes is found. The extension
behind a switchboard is a part of the address: two people behind one number are two addresses. The same
address may be several customers': a household, a reception.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from contactcenter.crm.emails import email
from contactcenter.crm.errors import Refusal
from contactcenter.crm.phone_numbers import with_extension
from contactcenter.crm.schema import addresses
from contactcenter.crm.text import entered
from contactcenter.values import frozen

CHANNELS = ("phone", "email", "post", "wechat", "other")
KINDS = ("main", "mobile", "home", "work", "fax", "billing", "delivery", "other")
MOST = 20
"""Addresses of one customer and channel."""
_CAPS = {"post": 500, "wechat": 64, "other": 200}


@frozen
class NewAddress:
    """An address as it is entered. Everything is checked when it is stored."""

    channel: str
    value: str
    extension: str = ""
    """Digits behind a switchboard's number; also taken out of `value`, as in `010-8888 8888 转 123`."""
    kind: str = ""
    """Empty: the first of its channel is `main`, the others `other`; or as it was."""
    preferred: bool | None = None
    """The customer would like to be reached here; None: as it was."""
    verified: bool | None = None
    """Whether somebody made sure that it is the customer's; None: as it was."""


@frozen
class Address:
    """An address as it is kept."""

    channel: str
    value: str
    extension: str = ""
    kind: str = "other"
    preferred: bool = False
    verified_at: float | None = None
    verified_by: str = ""


Key = tuple[str, str, str]
_FIELDS = tuple(each.name for each in fields(Address))


def checked(
    given: Iterable[NewAddress],
    *,
    region: str,
    by: str,
    at: float,
    before: Sequence[Address] = (),
    field: str = "addresses",
) -> tuple[Address, ...]:
    """The addresses as they are to be kept, in their order; what was known of them before is kept.

    `region` is whose dialling habits numbers follow. Raises `Refusal` that names `field` and which of them.
    """
    known = {_key(each): each for each in before}
    found: dict[Key, Address] = {}
    for n, new in enumerate(given):
        one = _checked(new, region, field if field == "phones" else f"{field}.{n}.value")
        if _key(one) in found:
            continue  # written in two ways, it is still one
        old = known.get(_key(one))
        first = all(each.channel != one.channel for each in found.values())
        found[_key(one)] = Address(
            channel=one.channel,
            value=one.value,
            extension=one.extension,
            kind=new.kind or (old.kind if old else "main" if first else "other"),
            preferred=(old.preferred if old else False) if new.preferred is None else new.preferred,
            verified_at=_verified(new, old, at),
            verified_by=_verified_by(new, old, by),
        )
    for channel in CHANNELS:
        if sum(each.channel == channel for each in found.values()) > MOST:
            raise Refusal(f"at most {MOST} of one channel", field=field)
    return tuple(found.values())


def of(db: Connection, families: Mapping[str, Sequence[str]]) -> dict[str, tuple[Address, ...]]:
    """The addresses of customers of today, by the ids of all their rows, in their order. Each is told once:
    as the first row has it that has it."""
    root_of = {member: root for root, members in families.items() for member in members}
    turn = {member: n for members in families.values() for n, member in enumerate(members)}
    found: dict[str, dict[Key, Row[Any]]] = defaultdict(dict)
    query = (
        select(addresses)
        .where(addresses.c.customer_id.in_(root_of))
        .order_by(addresses.c.place, addresses.c.channel, addresses.c.value, addresses.c.extension)
    )
    rows = db.execute(query).all() if root_of else ()
    for row in sorted(rows, key=lambda row: turn[row.customer_id]):
        found[root_of[row.customer_id]].setdefault(_key(row), row)
    return {
        root: tuple(_address(row) for row in sorted(found[root].values(), key=lambda row: row.place))
        for root in families
    }


def put(db: Connection, family: Sequence[str], new: Sequence[Address]) -> None:
    """Make these the addresses of a customer, by the ids of all its rows, its own first.

    What a row has that was merged into it stays in that row: who parts the two finds it there.
    """
    root, *merged = family
    query = select(addresses).where(addresses.c.customer_id.in_(family))
    rows = sorted(db.execute(query).all(), key=lambda row: family.index(row.customer_id))
    holders: dict[Key, str] = {}
    for row in rows:
        holders.setdefault(_key(row), row.customer_id)
    wanted = {_key(each) for each in new}
    for row in rows:
        if row.customer_id in merged and _key(row) not in wanted:
            db.execute(delete(addresses).where(*_this(row.customer_id, _key(row))))
    db.execute(delete(addresses).where(addresses.c.customer_id == root))
    own = []
    for values in rows_of(root, new):
        key = values["channel"], values["value"], values["extension"]
        if (holder := holders.get(key, root)) == root:
            own.append(values)
        else:
            values["customer_id"] = holder
            db.execute(update(addresses).where(*_this(holder, key)).values(values))
    if own:
        db.execute(insert(addresses), own)


def append(db: Connection, kept: Sequence[str], gone: Sequence[str]) -> None:
    """Put the addresses of some rows, as they are, behind those of others: they are one customer now."""
    place = addresses.c.place
    last = db.scalar(select(func.max(place)).where(addresses.c.customer_id.in_(kept)))
    first = db.scalar(select(func.min(place)).where(addresses.c.customer_id.in_(gone)))
    if last is not None and first is not None:
        moved = update(addresses).where(addresses.c.customer_id.in_(gone))
        db.execute(moved.values(place=place + (last + 1 - first)))


def restore(db: Connection, customer: str, was: Iterable[Address]) -> None:
    """Give a row back what it had of these, and has no longer."""
    there = db.execute(select(addresses).where(addresses.c.customer_id == customer)).all()
    known, last = {_key(row) for row in there}, max((row.place for row in there), default=-1)
    lost = [each for each in was if _key(each) not in known]
    if lost:
        rows = rows_of(customer, lost)
        db.execute(insert(addresses), [row | {"place": row["place"] + last + 1} for row in rows])


def rows_of(customer: str, new: Iterable[Address]) -> list[dict[str, Any]]:
    """As the table has them."""
    return [
        {
            "customer_id": customer, "channel": each.channel, "value": each.value,
            "extension": each.extension, "kind": each.kind, "place": place, "preferred": each.preferred,
            "verified_at": each.verified_at, "verified_by": each.verified_by,
        }
        for place, each in enumerate(new)
    ]  # fmt: skip


def told(one: Address) -> dict[str, Any]:
    """As the audit log has it."""
    return {name: getattr(one, name) for name in _FIELDS}


def phones_of(some: Iterable[Address]) -> tuple[str, ...]:
    """The numbers among them in E.164, each once."""
    return tuple(dict.fromkeys(each.value for each in some if each.channel == "phone"))


def _key(one: Address | Row[Any]) -> Key:
    return one.channel, one.value, one.extension


def _this(customer: str, key: Key) -> tuple[ColumnElement[bool], ...]:
    channel, value, extension = key
    return (
        addresses.c.customer_id == customer, addresses.c.channel == channel, addresses.c.value == value,
        addresses.c.extension == extension,
    )  # fmt: skip


def _checked(new: NewAddress, region: str, field: str) -> Address:
    """What an address is known by, in the one form that is compared."""
    stem = field.removesuffix(".value")
    if new.channel not in CHANNELS:
        raise Refusal(f"one of {', '.join(CHANNELS)}", field=f"{stem}.channel")
    if new.kind and new.kind not in KINDS:
        raise Refusal(f"one of {', '.join(KINDS)}", field=f"{stem}.kind")
    if new.channel == "phone":
        number, behind = with_extension(new.value, region, field)
        extension = new.extension.strip() or behind
        if extension and not (extension.isascii() and extension.isdecimal() and len(extension) <= 10):
            raise Refusal("digits, ten at most", field=f"{stem}.extension")
        return Address(channel="phone", value=number, extension=extension)
    if new.extension:
        raise Refusal("only a phone has one", field=f"{stem}.extension")
    value = email(new.value, field) if new.channel == "email" else entered(
        new.value, field, _CAPS[new.channel]
    )  # fmt: skip
    if not value:
        raise Refusal("must not be empty", field=field)
    return Address(channel=new.channel, value=value)


def _verified(new: NewAddress, old: Address | None, at: float) -> float | None:
    before = old.verified_at if old else None
    if new.verified is None:
        return before
    return (before or at) if new.verified else None


def _verified_by(new: NewAddress, old: Address | None, by: str) -> str:
    before = old.verified_by if old else ""
    if new.verified is None:
        return before
    return (before or by) if new.verified else ""


def _address(row: Row[Any]) -> Address:
    return Address(
        channel=row.channel, value=row.value, extension=row.extension, kind=row.kind,
        preferred=row.preferred, verified_at=row.verified_at, verified_by=row.verified_by,
    )  # fmt: skip
