"""The HTTP edge as a whole: what `app.py` builds, starts, stops and hands commands to."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import structlog
from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry

from contactcenter.commands import Accepted, Command, Refused, ScreenPop
from contactcenter.config import Configuration
from contactcenter.configurator import Configurator
from contactcenter.crm import attempts, idempotency
from contactcenter.crm import campaigns as campaign_records
from contactcenter.crm import outbox as events
from contactcenter.crm import teams as team_records
from contactcenter.crm.errors import Refusal, StoreUnavailable
from contactcenter.crm.files import Files
from contactcenter.crm.importer import Importer
from contactcenter.crm.keeper import Keeper
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.users import Users
from contactcenter.events import Event
from contactcenter.http import (
    agents,
    appointments,
    attachments,
    audit,
    backups,
    callbacks,
    caller_ids,
    calls,
    campaigns,
    changes,
    configuration,
    consents,
    customers,
    do_not_call,
    exports,
    fields,
    figures,
    followups,
    health,
    history,
    imports,
    interactions,
    lead_lists,
    leads,
    me,
    merging,
    notes,
    openapi,
    outbox,
    pages,
    previews,
    queues,
    recordings,
    relations,
    requests,
    roles,
    search,
    signin,
    socket,
    supervision,
    teams,
    tokens,
    transfers,
    users,
    views,
    watch,
)
from contactcenter.http.live import LiveModel
from contactcenter.http.metrics import Metrics
from contactcenter.http.news import News
from contactcenter.http.presence import Presence
from contactcenter.http.problems import Problem
from contactcenter.http.questions import Questions
from contactcenter.http.reminders import Reminders
from contactcenter.http.routes import LARGEST_BODY, Route, Routes
from contactcenter.http.settings import HttpSettings, menus
from contactcenter.http.shell import Shell
from contactcenter.http.sockets import Sockets
from contactcenter.http.sounds import Sounds, nothing_kept
from contactcenter.http.throttle import Throttle
from contactcenter.http.verifier import Verifier
from contactcenter.http.visit import Edge, Visit

API: tuple[Routes, ...] = (
    health.routes, signin.routes, me.routes, tokens.routes, agents.routes, queues.routes, calls.routes,
    transfers.routes, interactions.routes, customers.routes, audit.routes, configuration.routes,
    changes.routes, users.routes, roles.routes, teams.routes, supervision.routes, figures.routes,
    callbacks.routes, recordings.routes, outbox.routes, consents.routes, relations.routes, notes.routes,
    fields.routes, search.routes, merging.routes, requests.routes, followups.routes, history.routes,
    imports.routes, exports.routes, attachments.routes, views.routes, backups.routes,
    campaigns.routes, previews.routes, appointments.routes, lead_lists.routes, leads.routes,
    do_not_call.routes, caller_ids.routes,
)  # fmt: skip
"""What OpenAPI describes."""
EVERYTHING: tuple[Routes, ...] = (*API, socket.routes, pages.routes)
"""All that the server answers to. A route that is in no list does not exist."""

WATCH_S = 1.0
"""How often open sockets' sessions are looked at: who was disabled is out in less than two of these."""

SWEEP_S = 3600.0
"""How often expired sessions are deleted."""

REFUSALS = {
    "not_found": 404,
    "hidden": 403,
    "beyond_you": 403,
    "running": 409,
    "taken": 409,
    "answer_lost": 409,
    "ended": 409,
    "illegal_now": 409,
    "asked": 409,
    "changed_since": 409,
    "locked_out": 409,
    "in_use": 409,
    "key_missing": 503,
    "no_room": 503,
    "too_large": 413,
    "type_differs": 415,
    "type_unknown": 415,
    "too_many": 409,
    "builtin": 409,
    "merged": 409,
    "stale": 412,
    "changed_meanwhile": 412,
}

GONE = 499
"""What counts as the status of a request whose client went away before it was answered."""

EDGE = web.AppKey("edge", Edge)

LIVE_SEQ = "Live-Seq"
"""The header of an answer with the number of the stream's frame that shows what the request brought about."""

log = structlog.get_logger(__name__)


@cache
def _document(version: str, cookie: str) -> dict[str, Any]:
    """The interface in OpenAPI: it takes a quarter of a second, and is the same for every server."""
    return openapi.describe(API, version, cookie)


class HttpServer:
    """The edge to browsers and programs.

    `tell` puts an event into the inbox; `now` is the one clock, in seconds since the epoch; `ready` answers
    `/readyz` (`{"ready": bool, "asterisk": [...], "store": {...}}`); `sounds` opens recordings; `registry` is
    what `/metrics` shows.
    """

    def __init__(
        self,
        *,
        tell: Callable[[Event], None],
        now: Callable[[], float],
        store: Store,
        users: Users,
        configurator: Configurator,
        sessions: Sessions,
        settings: HttpSettings,
        ready: Callable[[], dict[str, Any]],
        files: Files,
        keeper: Keeper,
        sounds: Sounds = nothing_kept,
        registry: CollectorRegistry | None = None,
    ) -> None:
        metrics = Metrics(registry or CollectorRegistry())
        live = LiveModel(now, version=configurator.version)
        self._edge = edge = Edge(
            tell=tell,
            now=now,
            store=store,
            users=users,
            configurator=configurator,
            sessions=sessions,
            settings=settings,
            ready=ready,
            live=live,
            questions=Questions(tell),
            metrics=metrics,
            throttle=Throttle(now),
            shell=Shell(settings.web, settings.version),
            sockets=Sockets(tell, now, metrics),
            presence=Presence(tell, now),
            sounds=sounds,
            files=files,
            importer=Importer(
                store,
                files,
                zone=settings.zone,
                days=settings.import_days,
                show=lambda one: imports.show(live, one),
            ),
            verifier=Verifier(store, now),
            keeper=keeper,
            reminders=Reminders(store, live, now),
            openapi=_document(settings.version, settings.cookie),
        )
        self._runner = web.AppRunner(application(edge), access_log=None, shutdown_timeout=0.5)
        self._watch: asyncio.Task[None] | None = None
        self._news = News(store, live, edge.reminders.look)
        self.port = settings.port

    @property
    def url(self) -> str:
        """Where the pages are."""
        host = self._edge.settings.host
        return self._edge.settings.public_url or f"http://{host}:{self.port}"

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        settings = self._edge.settings
        await self._runner.setup()
        await web.TCPSite(self._runner, settings.host, settings.port).start()
        self.port = self._runner.addresses[0][1]
        self._edge.origins = settings.allowed_origins(self.port)
        self._edge.live.staffed(await self._edge.store.read(team_records.memberships_of))
        self._edge.live.campaigning(await self._edge.store.read(campaign_records.whose))
        self._edge.importer.start()
        self._watch = asyncio.create_task(_watch(self._edge))
        self._edge.reminders.start()
        await self._news.start()

    async def stop(self) -> None:
        """Close the sockets and stop listening. Sessions live on."""
        if self._watch:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        await self._edge.importer.stop()
        await self._edge.verifier.stop()
        await self._edge.reminders.stop()
        await self._news.stop()
        await self._edge.sockets.close(lambda _: True, 1001, "restarting")
        await self._runner.cleanup()

    def configured(self, configuration: Configuration, version: int) -> None:
        """The menus and titles are others: the pages are told, and ask for them."""
        now = menus(configuration)
        self._edge.settings = replace(
            self._edge.settings,
            dispositions=now.dispositions,
            pause_reasons=now.pause_reasons,
            queues=now.queues,
            skills=now.skills,
            request_kinds=now.request_kinds,
            visible_to_agent=now.visible_to_agent,
        )
        self._edge.live.configured(version)

    def carry(self, command: Command) -> None:
        """Take a command from the center. Never blocks; commands for other edges are ignored."""
        match command:
            case Accepted() | Refused():
                self._edge.questions.answer(command)
            case ScreenPop(offer=offer):
                self._edge.metrics.pop_sent(offer, self._edge.now())
                self._edge.live.carry(command)
            case _:
                self._edge.live.carry(command)


def application(edge: Edge) -> web.Application:
    """The aiohttp application: every route behind the same door."""
    app = web.Application(middlewares=[_answer], client_max_size=LARGEST_BODY)
    app[EDGE] = edge
    app.on_response_prepare.append(_protect)
    for routes in EVERYTHING:
        for route in routes:
            app.router.add_route(route.method, route.path, _door(route))
            if route.method == hdrs.METH_GET and route.path != "/ws":
                app.router.add_route(hdrs.METH_HEAD, route.path, _door(route))
    return app


def _door(route: Route) -> Callable[[web.Request], Any]:
    """Nobody comes in but through here: who is it, may he, and only then the handler."""

    async def enter(request: web.Request) -> web.StreamResponse:
        edge = request.app[EDGE]
        needs_name = not route.open_to_all or route.changes_state
        known = await signin.identify(edge, request) if needs_name else None
        visit = Visit(request=request, edge=edge, known=known)
        try:
            signin.authorise(visit, route)
        except Problem as problem:
            if problem.code == "forbidden" and route.changes_state:
                # Whoever tries what his role does not include is not only refused, but remembered.
                parts = request.match_info
                what = parts.get(route.path_parts[0], "") if route.path_parts else ""
                kind = route.path.split("/")[2].removesuffix("s")
                visit.audit(route.name, kind, what[:128], granted=False, detail={"why": problem.detail})
            if problem.status == 401 and route.media_type == "text/html":
                return web.Response(status=303, headers={"Location": "/sign-in"})
            if problem.status == 401 and route.path == "/ws":
                raise Problem(403, problem.code, problem.detail) from None
            raise
        if known:
            edge.presence.seen(known)
        response = await route.serve(visit)
        if known and route.changes_state and (stream := edge.live.streams.get(known.login)):
            # What the request brought about is on its way before the answer; the answer says how far one has
            # to hear to have seen it.
            stream.flush()
            response.headers[LIVE_SEQ] = str(stream.seq)
        for secret, life_s in visit.cookies:
            _set_cookie(response, edge.settings, secret, life_s)
        return response

    enter.__name__ = route.name
    return enter


def _set_cookie(response: web.StreamResponse, settings: HttpSettings, secret: str, life_s: float) -> None:
    response.set_cookie(
        settings.cookie,
        secret,
        max_age=int(life_s),
        path="/",
        httponly=True,
        samesite="Strict",
        secure=settings.secure,
    )


@web.middleware
async def _answer(request: web.Request, handler: Any) -> web.StreamResponse:
    """Whatever happens, the client gets an answer of the documented form, and the server goes on."""
    try:
        response: web.StreamResponse = await handler(request)
    except Exception as error:
        response = _as_response(request, error)
    resource = request.match_info.route.resource
    path = resource.canonical if resource else "unknown"
    request.app[EDGE].metrics.requests.labels(path, request.method, str(response.status)).inc()
    return response


def _as_response(request: web.Request, error: Exception) -> web.StreamResponse:
    match error:
        case Problem():
            return error.response()
        case Refusal():
            status = REFUSALS.get(error.code, 422)
            return Problem(status, error.code, str(error), field=error.field).response()
        case StoreUnavailable():
            return Problem(503, "store_unavailable", "The store is busy.", retry_after_s=1).response()
        case web.HTTPMethodNotAllowed():
            allow = frozenset(error.allowed_methods)
            return Problem(405, "method", "Not with this method.", allow=allow).response()
        case web.HTTPException():
            return Problem(error.status, "http", error.reason).response()
        case ConnectionError() if request.transport is None or request.transport.is_closing():
            return web.Response(status=GONE)  # nobody hears this
        case _:
            log.error("a request failed", exc_info=error)
            return Problem(500, "internal", "Something went wrong on our side; it is in the log.").response()


async def _protect(request: web.Request, response: web.StreamResponse) -> None:
    """Headers that make browsers defend the user, on every answer that there is."""
    edge = request.app[EDGE]
    sockets = " ".join(sorted(origin.replace("http", "ws", 1) for origin in edge.origins))
    own = response.headers.get("Content-Security-Policy")  # of a file that is stricter than any page
    response.headers.update(
        {
            "Content-Security-Policy": own
            or (
                "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
                f"form-action 'self'; frame-ancestors 'none'; connect-src 'self' {sockets}".rstrip()
            ),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
            "Server": "contactcenter",
        }
    )
    if edge.settings.secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"


async def _watch(edge: Edge) -> None:
    """Throw out whoever lost the right to be here: disabled, revoked, expired, signed out elsewhere."""
    swept_at = float("-inf")
    while True:
        await asyncio.sleep(WATCH_S)
        try:
            await watch.inspect(edge)
            if edge.now() >= swept_at + SWEEP_S:
                swept_at = edge.now()
                await edge.sessions.sweep()
                edge.store.note(idempotency.sweep, at=edge.now())
                edge.store.note(events.sweep, at=edge.now())
                edge.store.note(attempts.sweep, at=edge.now())
                await edge.importer.sweep()
                await attachments.sweep(edge)
        except Exception as error:
            log.warning("sessions could not be checked", error=str(error))


def all_routes(collected: Iterable[Routes] = EVERYTHING) -> list[Route]:
    """Every route, for tests and documents."""
    return [route for routes in collected for route in routes]
