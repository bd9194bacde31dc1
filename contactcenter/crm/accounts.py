"""Accounts: users as administrators make and change them, with their teams. Each change is in the audit log.

Nobody gives, or takes over, more than he has: without `roles.write`, only users who may do and see nothing
that one may not oneself can be made and changed.
"""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, select, update

from contactcenter.crm import access, appointments, readers, records, roles, teams
from contactcenter.crm import users as user_records
from contactcenter.crm.access import Reader, Right
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import users
from contactcenter.crm.users import User, UserChange
from contactcenter.values import frozen


@frozen
class Account:
    """A user with his teams."""

    user: User
    teams: tuple[str, ...] = ()
    """The first is where his new records belong."""
    version: int = 1


@frozen
class AccountChange:
    """What to change; None leaves it as it is."""

    user: UserChange
    teams: tuple[str, ...] | None = None


def get(db: Connection, login: str) -> Account | None:
    """The account, or None."""
    user = user_records.get(db, login)
    return Account(user=user, teams=teams.of(db, login), version=_version(db, login)) if user else None


def every(db: Connection) -> tuple[Account, ...]:
    """All accounts by login, those who may not sign in too."""
    versions = {row.login: row.version for row in db.execute(select(users.c.login, users.c.version))}
    of = teams.memberships_of(db)
    found = user_records.some(db, versions)
    return tuple(Account(user=u, teams=of.get(u.login, ()), version=versions[u.login]) for u in found)


def create(db: Connection, account: Account, hash_: str, *, by: Reader, at: float) -> Account:
    """Add a user. Raises `Refusal`: `taken`, `beyond_you`, or the wrong field."""
    _check_reach(db, by, account)
    user_records.insert_all(db, [(account.user, hash_)], at)
    teams.join(db, account.user.login, account.teams)
    made = get(db, account.user.login)
    assert made is not None  # noqa: S101 - just written in this transaction
    records.changed(db, "user", made.user.login, None, _document(made), by=by.login, at=at)
    return made


def change(
    db: Connection, login: str, to: AccountChange, *, by: Reader, at: float, expected: int | None = None
) -> Account:
    """Change what `to` names. Raises `ChangedMeanwhile`, and `Refusal`: `not_found`, `beyond_you`,
    `locked_out` when nobody were left who could give rights, or the wrong field."""
    before = get(db, login)
    if before is None:
        raise Refusal("there is no such user", code="not_found")
    records.expect(before.version, expected)
    _check_reach(db, by, before)
    if to.user.queues is not None and user_records.takes_calls(db, login) and to.user.role is None:
        # His session must hear of it, and the change is to be one that can be taken back.
        raise Refusal("an agent's queues are changed by PATCH /api/agents", field="queues")
    user_records.change(db, login, to.user)
    if to.teams is not None:
        teams.join(db, login, to.teams)
    after = get(db, login)
    assert after is not None  # noqa: S101 - found above in this transaction
    if after == before:
        return after
    _check_reach(db, by, after)
    db.execute(update(users).where(users.c.login == login).values(version=before.version + 1))
    records.changed(
        db, "user", login, _document(before), _document(after), by=by.login, at=at, version=before.version + 1
    )
    if after.user.disabled:
        appointments.hand_over(db, at=at)
    return Account(user=after.user, teams=after.teams, version=before.version + 1)


def give_password(db: Connection, login: str, hash_: str, *, by: Reader, at: float) -> None:
    """Give a new password. Raises `Refusal`: `not_found`, `beyond_you`."""
    account = get(db, login)
    if account is None:
        raise Refusal("there is no such user", code="not_found")
    _check_reach(db, by, account)
    user_records.set_hashes(db, {login: hash_})
    records.changed(db, "user", login, {}, {}, by=by.login, at=at, version=account.version, act="password")


def _check_reach(db: Connection, by: Reader, account: Account) -> None:
    if by.may(Right.ROLES_WRITE):
        return
    user = account.user
    more = access.beyond(by, readers.as_reader(user, roles.get(db, user.role), account.teams))
    if more:
        field, what = more
        raise Refusal(
            f"{user.login} {what}, which is beyond you: ask who may change roles",
            code="beyond_you",
            field=field,
        )


def _version(db: Connection, login: str) -> int:
    return db.scalar(select(users.c.version).where(users.c.login == login)) or 1


def _document(account: Account) -> dict[str, Any]:
    return {name: value for name, value in asdict(account.user).items() if name != "login"} | {
        "queues": list(account.user.queues),
        "teams": list(account.teams),
    }
