"""Teams: who works together, and whose records the scope `team` shows to each other."""

import re
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from contactcenter.crm import records
from contactcenter.crm.access import Reader
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import (
    appointments,
    campaigns,
    customers,
    followups,
    lists,
    memberships,
    requests,
    teams,
)
from contactcenter.crm.text import entered
from contactcenter.values import frozen

MOST = 20
"""Teams of one user."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@frozen
class Team:
    """A team."""

    name: str
    title: dict[str, str]
    """By language: `zh` and `en`."""
    members: tuple[str, ...] = ()
    """Logins; who is in it is changed at the users."""
    version: int = 0


def get(db: Connection, name: str) -> Team | None:
    """The team, or None."""
    row = db.execute(select(teams).where(teams.c.name == name)).one_or_none()
    return _team(row, _members(db, name)) if row else None


def every(db: Connection) -> tuple[Team, ...]:
    """All teams by name."""
    of: dict[str, list[str]] = {}
    for row in db.execute(select(memberships).order_by(memberships.c.login)):
        of.setdefault(row.team, []).append(row.login)
    rows = db.execute(select(teams).order_by(teams.c.name))
    return tuple(_team(row, tuple(of.get(row.name, ()))) for row in rows)


def put(
    db: Connection, name: str, title: dict[str, str], *, by: Reader, at: float, expected: int | None = None
) -> Team:
    """Make a team, or give it another title. Raises `ChangedMeanwhile`, and `Refusal` naming the field."""
    if not _NAME.fullmatch(name):
        raise Refusal("1 to 32 of a-z, 0-9 and _, a letter first", field="name")
    fresh = {language: entered(title.get(language, ""), "title", 60) for language in ("zh", "en")}
    if not all(fresh.values()):
        raise Refusal("a title in Chinese and in English", field="title")
    before = get(db, name)
    records.expect(before.version if before else 0, expected)
    if before is None:
        db.execute(insert(teams).values(name=name, title=fresh, version=1))
    elif before.title != fresh:
        db.execute(update(teams).where(teams.c.name == name).values(title=fresh, version=before.version + 1))
    after = get(db, name)
    assert after is not None  # noqa: S101 - just written in this transaction
    was = {"title": before.title} if before else None
    records.changed(db, "team", name, was, {"title": fresh}, by=by.login, at=at, version=after.version)
    return after


def remove(db: Connection, name: str, *, by: Reader, at: float, expected: int | None = None) -> None:
    """Delete a team that has neither members nor records: what was its would be nobody's to see.

    Raises `ChangedMeanwhile`, and `Refusal`: `not_found`, `in_use`.
    """
    team = get(db, name)
    if team is None:
        raise Refusal("there is no such team", code="not_found")
    records.expect(team.version, expected)
    if team.members:
        raise Refusal(f"{len(team.members)} users are in this team: take them out first", code="in_use")
    for table in (customers, requests, followups, campaigns, lists, appointments):
        if db.scalar(select(exists().where(table.c.team == name))):
            raise Refusal(f"there are {table.name} of this team: give them to another first", code="in_use")
    db.execute(delete(teams).where(teams.c.name == name))
    records.changed(db, "team", name, {"title": team.title}, None, by=by.login, at=at, version=team.version)


def of(db: Connection, login: str) -> tuple[str, ...]:
    """The user's teams, the first of them first."""
    query = select(memberships.c.team).where(memberships.c.login == login)
    return tuple(db.scalars(query.order_by(memberships.c.place, memberships.c.team)))


def memberships_of(db: Connection, logins: Collection[str] | None = None) -> dict[str, tuple[str, ...]]:
    """Login -> teams, the first of them first, of those who are in one; None: of everybody."""
    query = select(memberships).order_by(memberships.c.login, memberships.c.place, memberships.c.team)
    if logins is not None:
        query = query.where(memberships.c.login.in_(logins))
    found: dict[str, tuple[str, ...]] = {}
    for row in db.execute(query):
        found[row.login] = (*found.get(row.login, ()), row.team)
    return found


def join(db: Connection, login: str, names: tuple[str, ...]) -> None:
    """Let the user be in exactly these teams, in this order. Raises `Refusal` for one that there is not."""
    names = tuple(dict.fromkeys(names))
    if len(names) > MOST:
        raise Refusal(f"at most {MOST} teams", field="teams")
    known = set(db.scalars(select(teams.c.name).where(teams.c.name.in_(names))))
    if unknown := [name for name in names if name not in known]:
        raise Refusal(f"there is no team {unknown[0]}", field="teams")
    db.execute(delete(memberships).where(memberships.c.login == login))
    rows = [{"login": login, "team": name, "place": place} for place, name in enumerate(names)]
    if rows:
        db.execute(insert(memberships), rows)


def _members(db: Connection, name: str) -> tuple[str, ...]:
    query = select(memberships.c.login).where(memberships.c.team == name)
    return tuple(db.scalars(query.order_by(memberships.c.login)))


def _team(row: Row[Any], members: tuple[str, ...]) -> Team:
    return Team(name=row.name, title=row.title, members=members, version=row.version)
