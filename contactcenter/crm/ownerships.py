"""Ownerships: whose a customer or request is, and whose it was: a list that only grows.

A record has an owner, a team, both or neither; one of neither is in the pool, which everybody sees.
"""

from collections.abc import Collection, Iterable
from uuid import uuid4

from sqlalchemy import Connection, insert, select

from contactcenter.crm.access import Kind, Reader, Scope
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import memberships, ownerships, teams, users
from contactcenter.values import frozen


@frozen
class Ownership:
    """From when on a record was whose."""

    id: str
    owner: str
    team: str
    at: float
    login: str
    """Who said so."""


def check(db: Connection, owner: str, team: str) -> None:
    """Refuse an owner or team that there is not; a user who is disabled gets no records any more."""
    if owner and db.scalar(select(users.c.login).where(users.c.login == owner, ~users.c.disabled)) is None:
        raise Refusal(f"there is no user {owner[:32]!r} who may sign in", field="owner")
    if team and db.scalar(select(teams.c.name).where(teams.c.name == team)) is None:
        raise Refusal(f"there is no team {team[:32]!r}", field="team")


def check_reach(db: Connection, reader: Reader, kind: Kind, owner: str, team: str) -> None:
    """Refuse an owner or team beyond the reader's own teams: nobody gives away what he could not see himself
    then. Raises `Refusal` `beyond_you`."""
    if reader.scope(kind) is Scope.ALL:
        return
    if team and team not in reader.teams:
        raise Refusal("this team is not one of yours", code="beyond_you", field="team")
    if owner and owner != reader.login:
        theirs = set(db.scalars(select(memberships.c.team).where(memberships.c.login == owner)))
        if theirs and not theirs & set(reader.teams):
            raise Refusal("this owner is in none of your teams", code="beyond_you", field="owner")


def note(
    db: Connection, kind: str, records: Iterable[str], owner: str, team: str, *, by: str, at: float
) -> None:
    """Keep that these records are whose from now on. Their noun changes the records themselves."""
    rows = [
        {
            "id": uuid4().hex, "kind": kind, "record_id": record, "owner": owner, "team": team, "at": at,
            "login": by,
        }
        for record in records
    ]  # fmt: skip
    if rows:
        db.execute(insert(ownerships), rows)


def of(db: Connection, kind: str, records: Collection[str]) -> tuple[Ownership, ...]:
    """Whose these records (of one customer, merged) were, the newest first."""
    query = (
        select(ownerships)
        .where(ownerships.c.kind == kind, ownerships.c.record_id.in_(records))
        .order_by(ownerships.c.at.desc(), ownerships.c.id)
    )
    return tuple(
        Ownership(id=row.id, owner=row.owner, team=row.team, at=row.at, login=row.login)
        for row in db.execute(query)
    )
