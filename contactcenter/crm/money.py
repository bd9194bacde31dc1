"""Amounts of money: decimal text outside, whole minor units (fen, cents) in the tables."""

from decimal import Decimal, InvalidOperation

from contactcenter.crm.errors import Refusal


def minor(amount: str, field: str) -> int | None:
    """As it is kept; None for an empty text. Raises `Refusal` naming the field."""
    if not amount:
        return None
    try:
        exact = Decimal(amount).scaleb(2)
        whole = int(exact)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise Refusal("not an amount", field=field) from error
    if exact != whole or abs(whole) >= 10**15:
        raise Refusal("an amount with at most two decimals", field=field)
    return whole


def decimal(amount: int | None) -> str:
    """As people and programs see it."""
    return "" if amount is None else str(Decimal(amount).scaleb(-2))
