"""Who a customer is by now: merging leaves every row where it is, and only says whom it went into."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    literal_column,
    select,
)

from contactcenter.crm import access
from contactcenter.crm.access import Kind, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import customers, root_of_row

_HELD, _ROOT = customers.alias("named"), customers.alias("named_root")


def root_of(db: Connection, customer: str) -> str | None:
    """The customer that it is by now: itself, or the one that it was merged into; None: there is none."""
    row = db.execute(
        select(customers.c.id, customers.c.merged_into).where(customers.c.id == customer)
    ).one_or_none()
    return (row.merged_into or row.id) if row else None


def family(db: Connection, root: str) -> tuple[str, ...]:
    """The customer and everyone merged into it, the customer itself first: whose rows belong to it."""
    return families(db, (root,))[root]


def families(db: Connection, roots: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The same of several customers."""
    merged = defaultdict(list)
    query = select(customers.c.id, customers.c.merged_into).where(merged_into(roots))
    for row in db.execute(query.order_by(customers.c.id)) if roots else ():
        merged[row.merged_into].append(row.id)
    return {root: (root, *merged[root]) for root in roots}


def merged_into(roots: Iterable[str] | BindParameter[Any]) -> ColumnElement[bool]:
    """The condition that a row was merged into one of these customers.

    The index has only those that were merged: it is used if the query says so, and not by a parameter.
    Without it, every write of a customer would look through all of them.
    """
    some = roots if isinstance(roots, BindParameter) else list(roots)
    return and_(customers.c.merged_into.in_(some), customers.c.merged_into != literal_column("''"))


def check_visible(db: Connection, customer: str, reader: Reader) -> str:
    """The id of the customer of today, if the reader sees it. Raises `Refusal` `not_found`."""
    root = root_of(db, customer)
    seen = access.visible(reader, Kind.CUSTOMER)
    if root is None or db.scalar(select(customers.c.id).where(customers.c.id == root, seen)) is None:
        raise Refusal("there is no such customer", code="not_found")
    return root


def named(db: Connection, customers_: Collection[str], reader: Reader) -> dict[str, tuple[str, str]]:
    """Who these are by now: id and name; the name is empty for who does not see that customer."""
    if not customers_:
        return {}
    query = _named(access.visible(reader, Kind.CUSTOMER, _ROOT))
    rows = db.execute(query, {"ids": list(customers_)})
    found = {id_: (now, name if seen else "") for id_, now, name, seen in rows}
    return {customer: found.get(customer, (customer, "")) for customer in customers_}


@lru_cache(maxsize=500)
def _named(seen: ColumnElement[bool]) -> Select[Any]:
    return (
        select(_HELD.c.id, _ROOT.c.id, _ROOT.c.name, seen)
        .join(_ROOT, _ROOT.c.id == root_of_row(_HELD))
        .where(_HELD.c.id.in_(bindparam("ids", expanding=True)))
    )
