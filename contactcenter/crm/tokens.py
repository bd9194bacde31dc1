"""API tokens: for programs, in a user's name, with less than his rights."""

import hashlib
import secrets
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select

from contactcenter.crm import users
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import tokens
from contactcenter.crm.text import entered
from contactcenter.values import frozen

SCOPES = ("read", "write", "admin")


@frozen
class Token:
    """An API token as lists show it: without its secret."""

    id: str
    login: str
    name: str
    scopes: tuple[str, ...]
    created_at: float


def create(db: Connection, login: str, name: str, scopes: tuple[str, ...], *, at: float) -> tuple[str, Token]:
    """A new token and its secret, which is shown once and stored as a hash. Raises `Refusal`."""
    if not scopes or not set(scopes) <= set(SCOPES):
        raise Refusal(f"some of {', '.join(SCOPES)}", field="scopes")
    if users.get(db, login) is None:
        raise Refusal("there is no such user", code="not_found", field="login")
    secret = "cc_" + secrets.token_urlsafe(32)
    token = Token(id=uuid4().hex, login=login, name=entered(name, "name", 120), scopes=scopes, created_at=at)
    db.execute(
        insert(tokens).values(
            id=token.id,
            token=_hashed(secret),
            login=login,
            name=token.name,
            scopes=list(scopes),
            created_at=at,
        )
    )
    return secret, token


def find(db: Connection, secret: str) -> tuple[users.User, Token] | None:
    """Whose token this is, or None: unknown, revoked, or its user disabled."""
    row = db.execute(select(tokens).where(tokens.c.token == _hashed(secret))).one_or_none()
    if row is None:
        return None
    user = users.get(db, row.login)
    if user is None or user.disabled:
        return None
    return user, Token(
        id=row.id, login=row.login, name=row.name, scopes=tuple(row.scopes), created_at=row.created_at
    )


def of(db: Connection, login: str) -> tuple[Token, ...]:
    """The user's tokens, the oldest first."""
    query = select(tokens).where(tokens.c.login == login).order_by(tokens.c.created_at, tokens.c.id)
    return tuple(
        Token(id=row.id, login=row.login, name=row.name, scopes=tuple(row.scopes), created_at=row.created_at)
        for row in db.execute(query)
    )


def revoke(db: Connection, token: str, login: str) -> bool:
    """Delete the user's token of this id; false when he has none of that id."""
    gone = db.execute(delete(tokens).where(tokens.c.id == token, tokens.c.login == login))
    return gone.rowcount > 0


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
