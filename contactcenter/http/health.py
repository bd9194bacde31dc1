"""For those who watch over the server: is it alive, is it ready, how much does it do, what can it do."""

from typing import Any

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import BaseModel, JsonValue

from contactcenter.http.problems import Problem
from contactcenter.http.routes import Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("health")


class Alive(BaseModel):
    """The process lives."""

    alive: bool = True


class AsteriskLink(BaseModel):
    """One Asterisk server."""

    name: str
    connected: bool
    version: str


class Ready(BaseModel):
    """Whether calls can be taken."""

    ready: bool
    asterisk: list[AsteriskLink]
    store: dict[str, JsonValue]


@routes.get("/healthz", right=Right.PUBLIC)
async def healthz(visit: Visit) -> Alive:
    """200 while the process lives."""
    return Alive()


@routes.get("/readyz", right=Right.PUBLIC, also=(503,))
async def readyz(visit: Visit) -> Ready:
    """200 when calls can be taken; the same document with 503 when not."""
    state = Ready.model_validate(visit.edge.ready())
    visit.status = 200 if state.ready else 503
    return state


@routes.get("/metrics", right=Right.PUBLIC, media_type="text/plain")
async def metrics(visit: Visit) -> web.Response:
    """Prometheus' text format. Holds no personal data."""
    return web.Response(
        body=generate_latest(visit.edge.metrics.registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4}
    )


@routes.get("/api/openapi.json", right=Right.PUBLIC)
async def openapi(visit: Visit) -> dict[str, Any]:
    """This document."""
    if not visit.edge.openapi:
        raise Problem(404, "unknown_document", "There is no such document.")
    return visit.edge.openapi
