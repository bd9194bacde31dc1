"""Matching: who somebody may be whose number, account number or e-mail address we have, and how sure that is.

The confidence of a match is a number from 0 to 1:

    by telephone number   kind × share
    by e-mail address     0.95 × share
    on a list             0.9: its lead points at him, and was matched when the list came
    by account number     0.98: whoever keys it in has a letter of ours, or the customer's
    chosen, created       1: an agent said so

*kind* is how far such a number is one person's own (`KINDS`). It comes half of the way nearer to 1 for each
of these: the extension is the same; somebody made sure of the number. It is halved when the customer has the
number with another extension than the caller: it is the switchboard's. *share* is 1 ÷ the number of customers
who have it, or of those with the same extension. So of several none is more likely than not: the agent tells
them apart.
"""

from dataclasses import replace

from sqlalchemy import Connection, Row, select

from contactcenter.crm import cards
from contactcenter.crm.schema import addresses, customers
from contactcenter.values import CERTAINTY, CustomerCard, MatchMethod

KINDS = {"mobile": 0.95, "main": 0.9, "home": 0.9, "work": 0.8, "billing": 0.7, "delivery": 0.7, "fax": 0.5}
"""Kind of number -> how far it is one's own."""
OTHER = 0.7
EMAIL = 0.95
LISTED = 0.9


def by_phone(db: Connection, number: str, extension: str = "") -> tuple[CustomerCard, ...]:
    """Who has this E.164 number: those with the same extension alone, if there is one; whoever was in touch
    last comes first, `cards.MOST` at most."""
    held = _held(db, "phone", number)
    same = {root for root, rows in held.items() if extension and _with(rows, extension)}
    among = same or held.keys()
    found = cards.with_phone(db, number)
    return tuple(
        replace(card, confidence=_of_phone(held[card.id], extension, len(among)))
        for card in found
        if card.id in among
    )


def by_email(db: Connection, address: str) -> tuple[CustomerCard, ...]:
    """Who has this e-mail address, as `emails.email` writes it: for the channel e-mail, when there is one."""
    held = _held(db, "email", address)
    found = (cards.get(db, root) for root in sorted(held)[: cards.MOST])
    return tuple(
        replace(card, confidence=round(_raised(EMAIL, _verified(held[card.id])) / len(held), 3))
        for card in found
        if card
    )


def by_account(db: Connection, number: str) -> tuple[CustomerCard, ...]:
    """Who has this account number."""
    card = cards.with_number(db, number)
    return (replace(card, confidence=CERTAINTY[MatchMethod.ENTERED_NUMBER]),) if card else ()


def known(db: Connection, customer: str, method: MatchMethod) -> tuple[CustomerCard, ...]:
    """The customer who was matched before, as he is now: by the caller himself, or on a list."""
    card = cards.get(db, customer)
    return (replace(card, confidence=CERTAINTY.get(method, LISTED)),) if card else ()


def _of_phone(rows: list[Row[tuple[str, ...]]], extension: str, sharing: int) -> float:
    """Of one customer, who may have the number several times, with several extensions: the best counts."""
    same = _with(rows, extension) if extension else []
    return max(
        round(_raised(_certainty(row, extension), bool(same), row.verified_at is not None) / sharing, 3)
        for row in same or rows
    )


def _certainty(row: Row[tuple[str, ...]], extension: str) -> float:
    base = KINDS.get(row.kind, OTHER)
    return base / 2 if row.extension and row.extension != extension else base


def _raised(confidence: float, *reasons: bool) -> float:
    for _ in range(sum(reasons)):
        confidence += (1 - confidence) / 2
    return confidence


def _verified(rows: list[Row[tuple[str, ...]]]) -> bool:
    return any(row.verified_at is not None for row in rows)


def _with(rows: list[Row[tuple[str, ...]]], extension: str) -> list[Row[tuple[str, ...]]]:
    return [row for row in rows if row.extension == extension]


def _held(db: Connection, channel: str, value: str) -> dict[str, list[Row[tuple[str, ...]]]]:
    """Who has this address, by the customers of today; each as often as he has it."""
    found: dict[str, list[Row[tuple[str, ...]]]] = {}
    query = (
        select(customers.c.id, customers.c.merged_into, addresses)
        .join(addresses, addresses.c.customer_id == customers.c.id)
        .where(addresses.c.channel == channel, addresses.c.value == value)
    )
    for row in db.execute(query):
        found.setdefault(row.merged_into or row.id, []).append(row)
    return found
