"""Readers: users with the rights of this moment. Nothing is kept in memory: changes act at the next read."""

from collections.abc import Collection
from dataclasses import field

from sqlalchemy import Connection

from contactcenter.crm import roles, teams, tokens, users
from contactcenter.crm.access import Reader, Right
from contactcenter.crm.roles import Role
from contactcenter.crm.users import User
from contactcenter.values import frozen


@frozen
class Known:
    """A user who may sign in, and what he may do now."""

    user: User
    reader: Reader
    role_title: dict[str, str] = field(default_factory=dict)
    """By language: `zh` and `en`."""


def of(db: Connection, login: str) -> Known | None:
    """The user, or None: unknown or disabled."""
    return every(db, (login,)).get(login)


def by_token(db: Connection, secret: str) -> tuple[Known, frozenset[str]] | None:
    """Whose API token that is, and what it may be used for; None: revoked, or its user may not sign in."""
    found = tokens.find(db, secret)
    known = of(db, found[0].login) if found else None
    return (known, frozenset(found[1].scopes)) if found and known else None


def every(db: Connection, logins: Collection[str]) -> dict[str, Known]:
    """Those of these users who may sign in."""
    found = [user for user in users.some(db, logins) if not user.disabled]
    known = {role.name: role for role in roles.every(db)} if found else {}
    of = teams.memberships_of(db, [user.login for user in found])
    return {user.login: _known(user, known.get(user.role), of.get(user.login, ())) for user in found}


def now(db: Connection, logins: Collection[str]) -> tuple[dict[str, Known], dict[str, tuple[str, ...]]]:
    """Those of these users who may sign in, and everybody's teams, of one moment."""
    return every(db, logins), teams.memberships_of(db)


def as_reader(user: User, role: Role | None, mine: tuple[str, ...]) -> Reader:
    """The user as a reader, with this role and these teams."""
    if role is None:
        return Reader(login=user.login, role=user.role)
    # The queues of who takes calls are those that he takes calls of, and limit nothing.
    takes_calls = Right.CALLS_TAKE in role.rights
    queues, none = frozenset(user.queues), frozenset[str]()
    return Reader(
        login=user.login,
        role=role.name,
        rights=role.rights,
        scopes=role.scopes,
        teams=mine,
        queues=none if takes_calls else queues,
        serves=queues if takes_calls else none,
        hidden=role.hidden,
    )


def _known(user: User, role: Role | None, mine: tuple[str, ...]) -> Known:
    return Known(user=user, reader=as_reader(user, role, mine), role_title=role.title if role else {})
