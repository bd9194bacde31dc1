"""Sessions of the browsers: opaque tokens, of which the database knows only the hash."""

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import sessions, users
from contactcenter.crm.store import Store
from contactcenter.values import frozen

LIFE_S = 12 * 3600.0
"""A session ends this long after it was begun: the longest shift, after which one signs in anew."""
IDLE_S = 4 * 3600.0
"""… or this long after its last request."""
_NOTED_S = 60.0  # how often a living session's last use is written


@frozen
class Session:
    """One signed-in browser."""

    login: str
    csrf: str
    created_at: float
    expires_at: float


class Sessions:
    """All sessions. What was looked up once is answered from memory; every end passes here, and clears it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Session] = {}
        self._seen: dict[str, float] = {}
        self._ends = 0

    async def create(self, login: str, password: str | None = None) -> tuple[str, Session]:
        """Begin a session for a user who proved who he is; answers the token (256 bits) for the cookie.

        `password` is the hash by which he proved it: raises `Refusal` `ended` when it is not his any more, or
        he was disabled meanwhile.
        """
        token = secrets.token_urlsafe(32)
        at = self._store.now()
        session = Session(login=login, csrf=secrets.token_urlsafe(32), created_at=at, expires_at=at + LIFE_S)
        # Not kept in memory: it may have ended before we hear that it began. Its first use looks it up.
        await self._store.write(_insert, _hashed(token), session, password)
        return token, session

    async def find(self, token: str) -> Session | None:
        """The session that this token opens, or None: unknown, ended, expired, idle, or its user disabled."""
        key, at = _hashed(token), self._store.now()
        session = self._known.get(key)
        while session is None:
            ends = self._ends
            row = await self._store.read(_find, key)
            if row is None:
                return None
            # A session that ended while we read must not come back to life in memory: read again.
            if ends == self._ends:
                session = _session(row)
                self._known[key], self._seen[key] = session, row.seen_at
        if at >= session.expires_at or at >= self._seen[key] + IDLE_S:
            await self.end(token)
            return None
        if at >= self._seen[key] + _NOTED_S:
            self._seen[key] = at
            self._store.note(_note, key, at)
        return session

    async def end(self, token: str) -> None:
        """Sign out this browser."""
        await self._end(lambda key, _: key == _hashed(token), sessions.c.token == _hashed(token))

    async def end_all(self, login: str) -> None:
        """Sign the user out everywhere."""
        await self._end(lambda _, session: session.login == login, sessions.c.login == login)

    async def sweep(self) -> int:
        """Delete what has expired; answers how many. For a timer of some hours."""
        at = self._store.now()
        return await self._end(lambda _, session: at >= session.expires_at, sessions.c.expires_at <= at)

    async def _end(self, over: Callable[[str, Session], bool], which: ColumnElement[bool]) -> int:
        self._forget(over)  # at once, even if the database takes its time …
        try:
            return await self._store.write(_delete, which)
        finally:
            self._forget(over)  # … and again, for who was looked up meanwhile

    def _forget(self, over: Callable[[str, Session], bool]) -> None:
        self._ends += 1
        for key in [key for key, session in self._known.items() if over(key, session)]:
            del self._known[key], self._seen[key]


def _insert(db: Connection, key: str, session: Session, password: str | None) -> None:
    if password is not None:
        proved = (users.c.login == session.login, users.c.password == password, ~users.c.disabled)
        if db.scalar(select(users.c.login).where(*proved)) is None:
            raise Refusal("the password was changed while it was looked at", code="ended")
    db.execute(
        insert(sessions).values(
            token=key, login=session.login, csrf=session.csrf, created_at=session.created_at,
            seen_at=session.created_at, expires_at=session.expires_at,
        )
    )  # fmt: skip


def _find(db: Connection, key: str) -> Row[Any] | None:
    query = select(sessions).join(users, users.c.login == sessions.c.login)
    return db.execute(query.where(sessions.c.token == key, ~users.c.disabled)).one_or_none()


def _session(row: Row[Any]) -> Session:
    return Session(login=row.login, csrf=row.csrf, created_at=row.created_at, expires_at=row.expires_at)


def _note(db: Connection, key: str, at: float) -> None:
    db.execute(update(sessions).where(sessions.c.token == key).values(seen_at=at))


def _delete(db: Connection, which: ColumnElement[bool]) -> int:
    return db.execute(delete(sessions).where(which)).rowcount


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
