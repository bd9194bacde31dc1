"""Signing in and out, and who a request comes from.

A browser proves itself by an HttpOnly, SameSite=Strict cookie, and repeats its CSRF token in a header
whenever it changes something. A program proves itself by `Authorization: Bearer`, which no browser sends
unasked.
"""

import hmac
from typing import Annotated

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, StringConstraints

from contactcenter.crm import readers
from contactcenter.crm.access import ADMINISTRATION
from contactcenter.crm.sessions import LIFE_S
from contactcenter.http.problems import Problem
from contactcenter.http.routes import Right, Route, Routes
from contactcenter.http.visit import Edge, Visit
from contactcenter.http.visitor import Visitor

routes = Routes("session")

CSRF_HEADER = "X-CSRF-Token"


class SignIn(BaseModel):
    """Who one claims to be."""

    model_config = ConfigDict(extra="forbid")

    login: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class SignedIn(BaseModel):
    """Who one is."""

    user: str
    role: str
    csrf: str


@routes.post("/api/session", right=Right.PUBLIC, refusals=(401, 403, 429))
async def sign_in(visit: Visit, body: SignIn) -> SignedIn:
    """Sign in; the session comes as a cookie.

    Failures slow down: 429 says by `Retry-After` when to try again. Unknown users, wrong passwords and
    disabled users get the same answer after the same time.
    """
    edge, login = visit.edge, body.login.strip().lower()
    if (wait_s := edge.throttle.wait_s(login, visit.address)) > 0:
        edge.metrics.signins.labels("throttled").inc()
        raise Problem(429, "too_many_attempts", "Too many failed attempts: wait.", retry_after_s=wait_s)
    edge.throttle.attempt(login, visit.address)
    begun = await edge.users.sign_in(login, body.password)
    if begun is None:
        edge.metrics.signins.labels("refused").inc()
        raise Problem(401, "wrong_credentials", "The user name or the password is wrong.")
    edge.throttle.succeeded(login, visit.address)
    edge.metrics.signins.labels("accepted").inc()
    before = visit.known
    user, secret, session = begun
    if known := await edge.store.read(readers.of, user.login):
        edge.presence.seen(Visitor(known=known, csrf=session.csrf, secret=secret))
    visit.set_cookie(secret, LIFE_S)
    if before and not before.by_token:
        await leave(edge, before)
    return SignedIn(user=user.login, role=user.role, csrf=session.csrf)


@routes.delete("/api/session", right=Right.SIGNED_IN)
async def sign_out(visit: Visit) -> None:
    """Sign out this browser; its sockets close."""
    if visit.visitor.by_token:
        raise Problem(403, "no_session", "A token has no session to end.")
    await leave(visit.edge, visit.visitor)
    visit.set_cookie("", 0)


async def leave(edge: Edge, visitor: Visitor) -> None:
    """End one browser's session, and everything that hangs on it."""
    await edge.sessions.end(visitor.secret)
    await gone(edge, visitor.login, visitor.secret)


async def throw_out(edge: Edge, login: str) -> None:
    """Sign a user out everywhere; his tokens go on, as far as he may."""
    await edge.sessions.end_all(login)
    for secret in edge.presence.sessions(login):
        await gone(edge, login, secret)


async def gone(edge: Edge, login: str, secret: str) -> None:
    """What follows from the end of a session or a token, whoever ended it."""
    edge.presence.ended(login, secret)
    await edge.sockets.close(lambda visitor: visitor.secret == secret, 1008, "signed out")


async def identify(edge: Edge, request: web.Request) -> Visitor | None:
    """Who the request comes from, or None. A wrong token is nobody, whatever cookie comes with it."""
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    if authorization is not None:
        scheme, _, secret = authorization.partition(" ")
        return await by_token(edge, secret.strip()) if scheme.lower() == "bearer" else None
    secret = request.cookies.get(edge.settings.cookie, "")
    return await by_session(edge, secret) if secret else None


async def by_session(edge: Edge, secret: str) -> Visitor | None:
    """Whose session it is, or None when it is over."""
    session = await edge.sessions.find(secret)
    if session is None:
        return None
    known = await edge.store.read(readers.of, session.login)
    return Visitor(known=known, csrf=session.csrf, secret=secret) if known else None


async def by_login(edge: Edge, login: str) -> Visitor | None:
    """Who that is, with the rights of this moment; None when he was disabled."""
    known = await edge.store.read(readers.of, login)
    return Visitor(known=known) if known else None


async def by_token(edge: Edge, secret: str) -> Visitor | None:
    """Whose token it is, or None when it was revoked."""
    found = await edge.store.read(readers.by_token, secret)
    if found is None:
        return None
    known, scopes = found
    return Visitor(known=known, secret=secret, by_token=True, scopes=scopes)


def authorise(visit: Visit, route: Route) -> None:
    """Let the visit pass to the route, or raise `Problem` 401 or 403."""
    if route.changes_state:
        _check_origin(visit)
    if route.open_to_all:
        return
    visitor = visit.visitor
    # First of all whether it is his own wish: what another page made his browser send is not his attempt.
    said = visit.request.headers.get(CSRF_HEADER, "")
    if route.changes_state and not visitor.by_token and not _same(said, visitor.csrf):
        raise Problem(403, "csrf", f"Send the session's csrf value as {CSRF_HEADER}.")
    if route.right is not Right.SIGNED_IN and not visitor.may(route.right):
        raise Problem(403, "forbidden", "Your role does not include this.")
    if visitor.by_token:
        needed = "admin" if route.right in ADMINISTRATION else "write" if route.changes_state else "read"
        if needed not in visitor.scopes:
            raise Problem(403, "scope", f"The token lacks the scope {needed}.")


def _check_origin(visit: Visit) -> None:
    origin = visit.request.headers.get(hdrs.ORIGIN)
    if origin is not None and origin not in visit.edge.origins:
        raise Problem(403, "foreign_origin", "Pages from elsewhere may not change anything here.")


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())
