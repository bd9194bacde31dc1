"""Requests that may be sent twice and count once: a key that the client made up names the request.

Its law: the key is claimed in the transaction of the request's first write (`Claim.first`), so whether the
key is there says whether anything was done, whatever crashed. The answer follows once it is known. A claimed
key without an answer is a request that was carried out and whose answer was lost.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from contactcenter.crm.errors import Refusal
from contactcenter.crm.schema import idempotency
from contactcenter.values import frozen

KEPT_S = 86_400.0
"""For how long a key counts."""
LOST = 0
"""The status of an answer that is not known."""

T = TypeVar("T")


@frozen
class Kept:
    """What is known of a request that came with this key."""

    request: str
    """SHA-256 of the request: the same key with another request is a mistake."""
    status: int
    headers: dict[str, str]
    body: str


@frozen
class Claim:
    """A request that is being carried out under a key."""

    login: str
    key: str
    request: str
    at: float

    def first(self, work: Callable[[Connection], T]) -> Callable[[Connection], T]:
        """The request's first write, which claims the key with it. A key that is taken is left as it is: the
        request's further writes run through here too."""

        def claimed(db: Connection) -> T:
            _claim(db, self)
            return work(db)

        return claimed


claim: ContextVar[Claim | None] = ContextVar("claim", default=None)
"""The claim of the request that is being served, for `Store.write`."""


def find(db: Connection, login: str, key: str, *, at: float) -> Kept | None:
    """What is known of that user's key; None when it is new, or too old to count."""
    row = db.execute(
        select(idempotency).where(
            idempotency.c.login == login, idempotency.c.key == key, idempotency.c.at > at - KEPT_S
        )
    ).one_or_none()
    return Kept(request=row.request, status=row.status, headers=row.headers, body=row.body) if row else None


def keep(db: Connection, claim: Claim, status: int, headers: dict[str, str], body: str) -> None:
    """Keep the request's answer."""
    _claim(db, claim)
    db.execute(update(idempotency).where(*_is(claim)).values(status=status, headers=headers, body=body))


def sweep(db: Connection, *, at: float) -> None:
    """Delete the keys that no longer count."""
    db.execute(delete(idempotency).where(idempotency.c.at <= at - KEPT_S))


def _claim(db: Connection, claim: Claim) -> None:
    """Take the key. Raises `Refusal` when another request has it: the server looks first, so that is rare."""
    known = find(db, claim.login, claim.key, at=claim.at)
    if known is not None:
        if known.request != claim.request:
            raise Refusal("this key was used for another request", code="key_reused", field="Idempotency-Key")
        return
    # One that is too old may still be there.
    db.execute(delete(idempotency).where(*_is(claim)))
    db.execute(
        insert(idempotency).values(
            login=claim.login, key=claim.key, request=claim.request, status=LOST, headers={}, body="",
            at=claim.at,
        )
    )  # fmt: skip


def _is(claim: Claim) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return idempotency.c.login == claim.login, idempotency.c.key == claim.key
