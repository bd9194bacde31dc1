"""Cards: what the center, and with it the screen pop, gets of a customer.

A card is the customer of today, with what hangs on all rows that were merged into it (`roots.py`). What of it
an agent may see is decided where it is shown.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from contactcenter.crm import addresses, interactions, money, requests, roots, tags
from contactcenter.crm import fields as definitions
from contactcenter.crm.access import Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import addresses as addresses_table
from contactcenter.crm.schema import customers, root_of_row
from contactcenter.crm.schema import interactions as interactions_table
from contactcenter.values import CustomerCard

MOST = 5
"""Most customers that one shared number brings up."""
_LAST = (
    select(func.max(interactions_table.c.arrived_at))
    .where(interactions_table.c.customer == customers.c.id)
    .scalar_subquery()
)
_HELD = customers.alias("held")
_ROOT = root_of_row(_HELD)
# Asked for every caller, so it is built once.
_HOLDERS = (
    select(_ROOT.label("root"), func.min(addresses_table.c.place).label("place"))
    .join_from(addresses_table, _HELD, addresses_table.c.customer_id == _HELD.c.id)
    .where(addresses_table.c.channel == "phone", addresses_table.c.value == bindparam("wanted"))
    .group_by(_ROOT)
    .subquery()
)
_WITH_PHONE = (
    select(customers)
    .join(_HOLDERS, _HOLDERS.c.root == customers.c.id)
    .order_by(func.coalesce(_LAST, 0.0).desc(), _HOLDERS.c.place, customers.c.name, customers.c.id)
    .limit(MOST)
)


def with_phone(db: Connection, number: str) -> tuple[CustomerCard, ...]:
    """Who has this E.164 number: whoever was in touch last comes first, `MOST` at most."""
    return _of_rows(db, db.execute(_WITH_PHONE, {"wanted": number}).all())


def with_number(db: Connection, number: str) -> CustomerCard | None:
    """The customer with this account number, or None. A number of one who was merged leads to the other."""
    customer = db.scalar(select(customers.c.id).where(customers.c.number == number))
    return get(db, customer) if customer else None


def get(db: Connection, customer: str) -> CustomerCard | None:
    """The customer's card with the last ten interactions, or None."""
    root = roots.root_of(db, customer)
    cards = _of_rows(db, db.execute(select(customers).where(customers.c.id == root)).all())
    return cards[0] if cards else None


def seen(db: Connection, customer: str, reader: Reader) -> CustomerCard:
    """The card of a customer whom the reader sees, for the center. Raises `Refusal`."""
    try:
        found = get(db, roots.check_visible(db, customer, reader))
    except Refusal as error:
        raise Refusal(str(error), field="customer") from None
    assert found is not None  # noqa: S101 - seen in this transaction
    return found


def _of_rows(db: Connection, rows: Sequence[Row[Any]]) -> tuple[CustomerCard, ...]:
    """Rows of customers of today as the center gets them."""
    families = roots.families(db, [row.id for row in rows])
    held = addresses.of(db, families)
    labels = tags.of(db, families)
    wanted = requests.open_of(db, families)
    routed = {each.name for each in definitions.all_of(db, "customer") if each.routing} if rows else set()
    return tuple(
        CustomerCard(
            id=row.id,
            number=row.number,
            name=row.name,
            phones=addresses.phones_of(held[row.id]),
            company=row.company,
            tier=row.tier,
            save_desk=row.save_desk,
            owner=row.owner,
            team=row.team,
            language=row.language,
            balance=money.decimal(row.balance),
            note=row.note,
            kind=row.kind,
            category=row.category,
            tags=labels[row.id],
            custom={name: value for name, value in row.custom.items() if name in routed},
            last=interactions.last_of(db, *families[row.id]),
            requests=wanted[row.id],
        )
        for row in rows
    )
