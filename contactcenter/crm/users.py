"""Users: who signs in, in which role, with which phone and queues."""

import asyncio
import re
from collections.abc import Collection, Iterable
from dataclasses import asdict, field
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from contactcenter.crm import paging, roles
from contactcenter.crm.access import Right
from contactcenter.crm.errors import Refusal
from contactcenter.crm.paging import Page
from contactcenter.crm.passwords import Passwords
from contactcenter.crm.schema import users
from contactcenter.crm.sessions import Session, Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.text import entered
from contactcenter.routing.skills import LEVELS
from contactcenter.values import frozen

LINES = ("ring", "persistent")
_SKILL = re.compile(r"[a-z][a-z0-9_]{0,31}")
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


@frozen
class User:
    """A user as others may see him: without the password."""

    login: str
    name: str
    role: str
    phone: str = ""
    line: str = "ring"
    queues: tuple[str, ...] = ()
    skills: dict[str, int] = field(default_factory=dict)
    """Skill -> level, 1 to 10."""
    language: str = ""
    disabled: bool = False


@frozen
class UserChange:
    """What to change; None leaves it as it is."""

    name: str | None = None
    role: str | None = None
    phone: str | None = None
    line: str | None = None
    queues: tuple[str, ...] | None = None
    skills: dict[str, int] | None = None
    language: str | None = None
    disabled: bool | None = None


def get(db: Connection, login: str) -> User | None:
    """The user, or None."""
    row = db.execute(select(users).where(users.c.login == login)).one_or_none()
    return _user(row) if row else None


def some(db: Connection, logins: Collection[str]) -> tuple[User, ...]:
    """Those of these users whom there are, by login."""
    query = select(users).where(users.c.login.in_(sorted(logins))).order_by(users.c.login)
    return tuple(map(_user, db.execute(query)))


def logins(db: Connection) -> tuple[str, ...]:
    """Everybody's, those who may not sign in too."""
    return tuple(db.scalars(select(users.c.login).order_by(users.c.login)))


def page(db: Connection, *, role: str = "", cursor: str = "", limit: int = 50) -> Page[User]:
    """Users by login, of one role if given."""
    query = select(users)
    if role:
        query = query.where(users.c.role == role)
    query = paging.after(query, users.c.login, users.c.login, cursor=cursor, limit=limit, down=False)
    rows = db.execute(query).all()
    shown = rows[: paging.bounded(limit)]
    more = paging.cursor_of(shown[-1].login, shown[-1].login) if len(rows) > len(shown) else ""
    return Page(items=tuple(map(_user, shown)), next=more)


def staff(db: Connection) -> tuple[User, ...]:
    """Everybody who takes calls and may sign in."""
    taking = roles.with_right(db, Right.CALLS_TAKE)
    query = select(users).where(users.c.role.in_(taking), ~users.c.disabled).order_by(users.c.login)
    return tuple(map(_user, db.execute(query)))


def takes_calls(db: Connection, login: str) -> User | None:
    """The user if he takes calls, or None."""
    user = get(db, login)
    return user if user and user.role in roles.with_right(db, Right.CALLS_TAKE) else None


class Users:
    """Accounts and sign-in: the part of users that needs passwords, and ends sessions when rights change."""

    def __init__(self, store: Store, sessions: Sessions, passwords: Passwords | None = None) -> None:
        self._store = store
        self._sessions = sessions
        self._passwords = passwords or Passwords()

    async def sign_in(self, login: str, password: str) -> tuple[User, str, Session] | None:
        """The user with his new session and its token, or None: unknown, wrong or disabled all take the same
        time and say the same."""
        row = await self._store.read(_row_of, login)
        right = await self._passwords.matches(row.password if row else None, password)
        if not row or not right or row.disabled:
            return None
        try:
            # Looking at a password takes its time: it counts if it is still his when the session begins.
            token, session = await self._sessions.create(login, row.password)
        except Refusal:
            return None
        return _user(row), token, session

    async def create(self, user: User, password: str) -> User:
        """Add a user. Raises `Refusal`: `taken`, or the wrong field."""
        (created,) = await self.create_many([(user, password)])
        return created

    async def create_many(self, accounts: Iterable[tuple[User, str]]) -> tuple[User, ...]:
        """Add users with their passwords, all or none; the hashing is shared by two threads."""
        pairs = list(accounts)
        hashes = await self._hashes(password for _, password in pairs)
        at = self._store.now()
        return await self._store.write(
            insert_all, [(user, hash_) for (user, _), hash_ in zip(pairs, hashes, strict=True)], at
        )

    async def change(self, login: str, to: UserChange) -> User:
        """Change what `to` names; a new role, or being disabled, ends the user's sessions at once.

        Raises `Refusal`: `not_found`, or the wrong field.
        """
        user = await self._store.write(change, login, to)
        if to.role is not None or to.disabled:
            await self._sessions.end_all(login)
        return user

    async def set_password(self, login: str, password: str) -> None:
        """Give a new password and end the user's sessions. Raises `Refusal`: `not_found`, `password`."""
        await self.set_passwords({login: password})
        await self._sessions.end_all(login)

    async def hash(self, password: str) -> str:
        """What is stored of a password. Raises `Refusal` `password` for one that is too weak."""
        return await self._passwords.hash(password)

    async def set_passwords(self, passwords: dict[str, str]) -> None:
        """Give new passwords to several users, all or none. Their sessions live on."""
        hashes = await self._hashes(passwords.values())
        await self._store.write(set_hashes, dict(zip(passwords, hashes, strict=True)))

    async def _hashes(self, passwords: Iterable[str]) -> list[str]:
        return await asyncio.gather(*map(self.hash, passwords))


def insert_all(db: Connection, accounts: list[tuple[User, str]], at: float) -> tuple[User, ...]:
    """Add users with the hashes of their passwords. Raises `Refusal`: `taken`, or the wrong field."""
    for user, hash_ in accounts:
        if not _LOGIN.fullmatch(user.login):
            raise Refusal("1 to 32 of a-z, 0-9, dot, hyphen, underscore", field="login")
        if get(db, user.login):
            raise Refusal(f"there is a user {user.login}", code="taken", field="login")
        _check_role(db, user.role)
        db.execute(
            insert(users).values(login=user.login, password=hash_, created_at=at, **checked(
                name=user.name, role=user.role, phone=user.phone, line=user.line, queues=user.queues,
                skills=user.skills, language=user.language, disabled=user.disabled,
            ))
        )  # fmt: skip
    return tuple(found for user, _ in accounts if (found := get(db, user.login)))


def change(db: Connection, login: str, to: UserChange) -> User:
    """Change what `to` names. Raises `Refusal`: `not_found`, `locked_out`, or the wrong field."""
    named = {field: value for field, value in asdict(to).items() if value is not None}
    if to.role is not None:
        _check_role(db, to.role)
    if named:
        with roles.keys_held(db):
            db.execute(update(users).where(users.c.login == login).values(checked(**named)))
    user = get(db, login)
    if user is None:
        raise Refusal("there is no such user", code="not_found")
    return user


def _check_role(db: Connection, name: str) -> None:
    known = [role.name for role in roles.every(db)]
    if name not in known:
        raise Refusal(f"one of {', '.join(known)}", field="role")


def set_hashes(db: Connection, hashes: dict[str, str]) -> None:
    """Give users the hashes of new passwords. Raises `Refusal` `not_found`."""
    for login, hash_ in hashes.items():
        if db.execute(update(users).where(users.c.login == login).values(password=hash_)).rowcount == 0:
            raise Refusal("there is no such user", code="not_found")


def checked(**values: Any) -> dict[str, Any]:
    """These columns as they are to be stored. Raises `Refusal` for the first that can't be."""
    for name, allowed in (("line", LINES), ("language", ("", "zh", "en"))):
        if name in values and values[name] not in allowed:
            raise Refusal(f"one of {', '.join(filter(None, allowed))}", field=name)
    if "name" in values:
        values["name"] = entered(values["name"], "name", 120)
    if values.get("phone") and not re.fullmatch(r"\d{2,8}|web", values["phone"]):
        raise Refusal("the name of a phone: 101, or web", field="phone")
    if "queues" in values:
        values["queues"] = [entered(queue, "queues", 64) for queue in values["queues"]]
    for skill, level in values.get("skills", {}).items():
        if not _SKILL.fullmatch(skill):
            raise Refusal("a skill's name is 1 to 32 of a-z, 0-9 and _, a letter first", field="skills")
        if type(level) is not int or level not in LEVELS:
            raise Refusal(f"a level is a whole number from 1 to {LEVELS[-1]}", field=f"skills.{skill}")
    return values


def _row_of(db: Connection, login: str) -> Row[Any] | None:
    return db.execute(select(users).where(users.c.login == login)).one_or_none()


def _user(row: Row[Any]) -> User:
    return User(
        login=row.login, name=row.name, role=row.role, phone=row.phone, line=row.line,
        queues=tuple(row.queues), skills=row.skills, language=row.language, disabled=row.disabled,
    )  # fmt: skip
