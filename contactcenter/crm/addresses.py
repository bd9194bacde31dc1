"""Addresses: the ways to reach a customer, each as it is dialled or written to, with what is known of it.

A phone is kept in E.164 and an e-mail in lower case, so that whoever calls or writes is found. The extension
behind a switchboard is a part of the address: two people behind one number are two addresses. The same
address may be several customers': a household, a reception.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

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


def of(db: Connection, customers: Collection[str]) -> dict[str, tuple[Address, ...]]:
    """The addresses of these customers' own rows, in their order."""
    found: dict[str, list[Address]] = defaultdict(list)
    query = (
        select(addresses)
        .where(addresses.c.customer_id.in_(customers))
        .order_by(addresses.c.place, addresses.c.channel, addresses.c.value, addresses.c.extension)
    )
    for row in db.execute(query) if customers else ():
        found[row.customer_id].append(_address(row))
    return {customer: tuple(found[customer]) for customer in customers}


def put(db: Connection, customer: str, new: Sequence[Address]) -> None:
    """Make these the addresses of the customer's own row."""
    db.execute(delete(addresses).where(addresses.c.customer_id == customer))
    if new:
        db.execute(insert(addresses), rows_of(customer, new))


def drop(db: Connection, merged: Sequence[str], *, keep: Sequence[Address]) -> None:
    """Take out of the rows that were merged into a customer what is no longer one of its addresses."""
    if not merged:
        return
    kept = {_key(each) for each in keep}
    query = select(addresses).where(addresses.c.customer_id.in_(merged))
    for row in db.execute(query).all():
        if (key := _key(_address(row))) not in kept:
            of_it = zip((addresses.c.channel, addresses.c.value, addresses.c.extension), key, strict=True)
            db.execute(
                delete(addresses).where(
                    addresses.c.customer_id == row.customer_id, *(column == value for column, value in of_it)
                )
            )


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


def gathered(lists: Iterable[Sequence[Address]]) -> tuple[Address, ...]:
    """The addresses of several rows that are one customer, each once, those of the first row first."""
    found: dict[Key, Address] = {}
    for some in lists:
        for each in some:
            found.setdefault(_key(each), each)
    return tuple(found.values())


def told(one: Address) -> dict[str, Any]:
    """As the audit log has it."""
    return {name: getattr(one, name) for name in _FIELDS}


def phones_of(some: Iterable[Address]) -> tuple[str, ...]:
    """The numbers among them in E.164, each once."""
    return tuple(dict.fromkeys(each.value for each in some if each.channel == "phone"))


def _key(one: Address) -> Key:
    return one.channel, one.value, one.extension


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
