"""`/ws`: where a page, or a program, begins to listen."""

from typing import Annotated

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field

from contactcenter.http.problems import Problem
from contactcenter.http.routes import Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("live")

PER_USER = 12
"""Sockets of one user at most."""


class Since(BaseModel):
    """Where a page left off."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[int, Field(ge=0, le=2**53)] | None = None


@routes.get("/ws", right=Right.SIGNED_IN)
async def live(visit: Visit, query: Since) -> web.StreamResponse:
    """The user's stream: a snapshot, then changes and screen pops."""
    edge, visitor = visit.edge, visit.visitor
    if not _is_upgrade(visit.request):
        raise Problem(426, "upgrade_required", "This address speaks websocket only.")
    _check_origin(visit)
    if edge.sockets.of(visitor.login) >= PER_USER:
        raise Problem(429, "too_many_sockets", f"At most {PER_USER} sockets per user.", retry_after_s=5)
    if not visitor.reader.rights:
        raise Problem(403, "forbidden", "Your role has no rights.")
    connection = edge.sockets.add(visit.request, visitor, edge.live.stream(visitor.reader))
    try:
        await connection.serve(query.since)
    finally:
        edge.sockets.remove(connection)
    return connection.socket


def _is_upgrade(request: web.Request) -> bool:
    return request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"


def _check_origin(visit: Visit) -> None:
    # A browser sends the cookie along with a handshake from any page, and always says which page it was: with
    # a cookie, an Origin of ours must be there. A token is sent by nobody unasked; programs have no Origin.
    origin = visit.request.headers.get(hdrs.ORIGIN)
    if origin is None and visit.visitor.by_token:
        return
    if origin not in visit.edge.origins:
        raise Problem(403, "foreign_origin", "Pages from elsewhere may not listen here.")
