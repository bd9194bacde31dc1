"""Links: which interactions belong to a request or a follow-up."""

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from contactcenter.crm import access
from contactcenter.crm.access import Kind, Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import followups, interactions, links, requests
from contactcenter.values import frozen

OF = {Kind.REQUEST: requests, Kind.FOLLOWUP: followups}
"""What an interaction can belong to."""


@frozen
class Linked:
    """An interaction that belongs to a record, as far as the reader sees it."""

    interaction: str
    at: float
    """When it was linked."""
    login: str
    channel: str
    direction: str
    queue: str
    agent: str
    outcome: str
    arrived_at: float


@frozen
class LinkedRecord:
    """A record that an interaction belongs to."""

    kind: str
    """request, followup."""
    id: str
    number: str
    """Of a request."""
    title: str
    state: str


def keep(db: Connection, interaction: str, kind: str, record: str, *, by: str, at: float) -> bool:
    """Link the two; answers whether they were apart."""
    if db.execute(select(links).where(*_is(interaction, kind, record))).first():
        return False
    row = {"interaction": interaction, "kind": kind, "record_id": record, "at": at, "login": by}
    db.execute(insert(links).values(row))
    return True


def drop(db: Connection, interaction: str, kind: str, record: str) -> None:
    """Take the two apart. Raises `Refusal` `not_found` when they are."""
    if db.execute(delete(links).where(*_is(interaction, kind, record))).rowcount == 0:
        raise Refusal("these are not linked", code="not_found", field="interaction")


def check_interaction(db: Connection, interaction: str, reader: Reader) -> None:
    """Raises `Refusal` when there is no such interaction that the reader sees."""
    seen = access.visible(reader, Kind.INTERACTION)
    if db.scalar(select(interactions.c.id).where(interactions.c.id == interaction, seen)) is None:
        raise Refusal("there is no such interaction", field="interaction")


def of_record(db: Connection, kind: str, record: str, reader: Reader) -> tuple[Linked, ...]:
    """The interactions of a record that the reader sees, the newest first. Whether he sees the record is the
    caller's to check."""
    query = (
        select(interactions, links.c.at, links.c.login)
        .join(links, links.c.interaction == interactions.c.id)
        .where(links.c.kind == kind, links.c.record_id == record, access.visible(reader, Kind.INTERACTION))
        .order_by(interactions.c.arrived_at.desc(), interactions.c.id)
    )
    return tuple(
        Linked(
            interaction=row.id, at=row.at, login=row.login, channel=row.channel, direction=row.direction,
            queue=row.queue, agent=row.agent, outcome=row.outcome, arrived_at=row.arrived_at,
        )
        for row in db.execute(query)
    )  # fmt: skip


def of_interaction(db: Connection, interaction: str, reader: Reader) -> tuple[LinkedRecord, ...]:
    """The requests and follow-ups of an interaction that the reader sees."""
    found = []
    for kind, table in OF.items():
        query = (
            select(table)
            .join(links, links.c.record_id == table.c.id)
            .where(links.c.kind == kind, links.c.interaction == interaction, access.visible(reader, kind))
            .order_by(links.c.at, table.c.id)
        )
        for row in db.execute(query):
            number, title = (row.number, row.subject) if kind is Kind.REQUEST else ("", row.title)
            found.append(LinkedRecord(kind=kind, id=row.id, number=number, title=title, state=row.state))
    return tuple(found)


def _is(interaction: str, kind: str, record: str) -> tuple[ColumnElement[bool], ...]:
    return links.c.interaction == interaction, links.c.kind == kind, links.c.record_id == record
