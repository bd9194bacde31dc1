"""Requests that may be sent twice and count once: a key that the client made up names the request.

Its law: the key is claimed in the transaction of the request's first write (`Claim.first`), so whether the
key is there says whether anything was done, whatever crashed. The answer follows once it is known. A claimed
key without an answer is a request that was carried out and whose answer was lost. The claim says which
attempt it is of: a write that its page gave up may still come, and then the next attempt's is refused.

An answer is given again only to who may do and see what he might when he got it.

Requests and answers may hold what the database has only sealed (`sealing.py`): so it has them sealed, too.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import field
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from contactcenter.crm import sealing
from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import idempotency
from contactcenter.crm.sealing import Unsealable
from contactcenter.values import frozen

KEPT_S = 86_400.0
"""For how long a key counts."""
_BODY = "idempotency/body"
LOST = 0
"""The status of an answer that is not known, or not for these rights."""

T = TypeVar("T")


@frozen
class Kept:
    """What is known of a request that came with this key."""

    same: bool
    """Whether it is the same request: the same key with another one is a mistake."""
    status: int
    headers: dict[str, str]
    body: str


@frozen
class Claim:
    """A request that is being carried out under a key."""

    login: str
    key: str
    request: str
    """SHA-256 of method, path and body."""
    at: float
    rights: str = ""
    """What says what the user may do and see: an answer is kept for these rights only."""
    attempt: str = field(default_factory=lambda: uuid4().hex)
    """The request's own, each time it is sent."""

    def first(self, work: Callable[[Connection], T]) -> Callable[[Connection], T]:
        """The request's first write, which claims the key with it; its further writes find it claimed. Raises
        `Refusal` when another request, or another attempt at this one, has the key."""

        def claimed(db: Connection) -> T:
            _claim(db, self)
            return work(db)

        return claimed


claim: ContextVar[Claim | None] = ContextVar("claim", default=None)
"""The claim of the request that is being served, for `Store.write`."""


def find(db: Connection, claim: Claim) -> Kept | None:
    """What is known of that user's key; None when it is new, or too old to count."""
    row = _known(db, claim)
    if row is None:
        return None
    same = _fingerprint(db, claim) == row.request
    lost = Kept(same=same, status=LOST, headers={}, body="")
    if row.rights != claim.rights:
        return lost
    try:
        body = sealing.unseal(db, row.body, _BODY, _row(claim)) if sealing.key_of(row.body) else row.body
    except Unsealable:
        return lost
    return Kept(same=same, status=row.status, headers=row.headers, body=body)


def keep(db: Connection, claim: Claim, status: int, headers: dict[str, str], body: str) -> None:
    """Keep the request's answer."""
    _claim(db, claim)
    # Without the keys there is nothing sealed in any answer.
    kept = sealing.seal(db, body, _BODY, _row(claim)) if sealing.of(db).usable else body
    db.execute(update(idempotency).where(*_is(claim)).values(status=status, headers=headers, body=kept))


def sweep(db: Connection, *, at: float) -> None:
    """Delete the keys that no longer count."""
    db.execute(delete(idempotency).where(idempotency.c.at <= at - KEPT_S))


def _claim(db: Connection, claim: Claim) -> None:
    """Take the key. Raises `Refusal` when it is taken: the server looks first, so that is rare."""
    known = _known(db, claim)
    if known is not None and known.attempt == claim.attempt:
        return
    if known is not None and known.request != _fingerprint(db, claim):
        raise Refusal("this key was used for another request", code="key_reused", field="Idempotency-Key")
    if known is not None:
        says = "an earlier attempt at this request was carried out after all: look at what it made"
        raise Refusal(says, code="answer_lost", field="Idempotency-Key")
    # One that is too old may still be there.
    db.execute(delete(idempotency).where(*_is(claim)))
    db.execute(
        insert(idempotency).values(
            login=claim.login, key=claim.key, request=_fingerprint(db, claim), status=LOST, headers={},
            body="", at=claim.at, attempt=claim.attempt, rights=claim.rights,
        )
    )  # fmt: skip


def _known(db: Connection, claim: Claim) -> Row[Any] | None:
    query = select(idempotency).where(*_is(claim), idempotency.c.at > claim.at - KEPT_S)
    return db.execute(query).one_or_none()


def _is(claim: Claim) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return idempotency.c.login == claim.login, idempotency.c.key == claim.key


def _fingerprint(db: Connection, claim: Claim) -> str:
    """What is kept of the request: whoever has the database alone can't try requests out on it."""
    return sealing.index(db, claim.request, "idempotency/request") if sealing.of(db).usable else claim.request


def _row(claim: Claim) -> str:
    return f"{claim.login}:{claim.key}"
