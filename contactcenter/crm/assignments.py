"""Assignments: whose an interaction is, when that was said after its record was final.

The record never changes; what stands here is put over it wherever interactions are read, and the last word
counts.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select

from contactcenter.crm import access, indexing, records
from contactcenter.crm.access import Kind, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import assignments, interactions
from contactcenter.values import MatchMethod, frozen

SURE = 1.0
"""The confidence of what a person said."""


@frozen
class Assignment:
    """Whose it is, and who said so."""

    customer: str
    method: MatchMethod
    confidence: float
    at: float
    login: str


def of(db: Connection, ids: Collection[str]) -> dict[str, Assignment]:
    """Whose these interactions are, of those of which it was said after they were final."""
    query = select(assignments).where(assignments.c.interaction.in_(ids))
    return {
        row.interaction: Assignment(
            customer=row.customer_id,
            method=MatchMethod(row.method),
            confidence=row.confidence,
            at=row.at,
            login=row.login,
        )
        for row in (db.execute(query) if ids else ())
    }


def belong_to(family: Collection[str]) -> ColumnElement[bool]:
    """The condition that interactions meet which are a customer's, by the ids of all its rows."""
    elsewhere = (
        select(1).where(assignments.c.interaction == interactions.c.id).correlate(interactions).exists()
    )
    given = select(assignments.c.interaction).where(assignments.c.customer_id.in_(family))
    return or_(and_(interactions.c.customer.in_(family), ~elsewhere), interactions.c.id.in_(given))


def assign(
    db: Connection, interaction: str, customer: str, method: MatchMethod, *, reader: Reader, at: float
) -> None:
    """Say whose a final interaction is. Raises `Refusal`: `not_found`; `illegal_now` while it lives."""
    seen = access.visible(reader, Kind.INTERACTION)
    row = db.execute(select(interactions).where(interactions.c.id == interaction, seen)).one_or_none()
    if row is None:
        raise Refusal("there is no such interaction", code="not_found")
    if not row.final:
        raise Refusal("this interaction is not over yet: try again", code="illegal_now")
    before = of(db, (interaction,)).get(interaction)
    was = before.customer if before else row.customer
    db.execute(delete(assignments).where(assignments.c.interaction == interaction))
    db.execute(
        insert(assignments).values(
            interaction=interaction,
            customer_id=customer,
            method=method.value,
            confidence=SURE,
            at=at,
            login=reader.login,
        )
    )
    records.changed(
        db, "interaction", interaction, {"customer": was}, {"customer": customer}, by=reader.login, at=at,
        act="assign", detail={"customer": customer, **({"other": was} if was else {})},
    )  # fmt: skip
    indexing.index(db, "customer", (was,))  # the other one is by what is told
