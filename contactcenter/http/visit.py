"""Who asks, and what the handlers work with."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from contactcenter.commands import SaveAudit
from contactcenter.configurator import Configurator
from contactcenter.crm import roots
from contactcenter.crm.access import Kind, Reader
from contactcenter.crm.files import Files
from contactcenter.crm.importer import Importer
from contactcenter.crm.keeper import Keeper
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.users import Users
from contactcenter.events import Event, Supervising
from contactcenter.http.live import LiveModel
from contactcenter.http.metrics import Metrics
from contactcenter.http.presence import Presence
from contactcenter.http.problems import Problem
from contactcenter.http.questions import Questions
from contactcenter.http.reminders import Reminders
from contactcenter.http.settings import HttpSettings
from contactcenter.http.shell import Shell
from contactcenter.http.sockets import Sockets
from contactcenter.http.sounds import Sounds
from contactcenter.http.throttle import Throttle
from contactcenter.http.turns import Turns
from contactcenter.http.verifier import Verifier
from contactcenter.http.visitor import Visitor
from contactcenter.values import AuditEntry

SAME_OPENING_S = 900.0
"""Who looks at a record again so soon is still looking at it."""
OPENINGS = 10_000
"""So many are kept in mind; of more, the oldest is forgotten, and told once more when it goes on."""


@dataclass(slots=True)
class Edge:
    """What the handlers work with: the way to the center, the live model, the store."""

    tell: Callable[[Event], None]
    now: Callable[[], float]
    store: Store
    users: Users
    configurator: Configurator
    sessions: Sessions
    settings: HttpSettings
    ready: Callable[[], dict[str, Any]]
    live: LiveModel
    questions: Questions
    metrics: Metrics
    throttle: Throttle
    shell: Shell
    sockets: Sockets
    presence: Presence
    sounds: Sounds
    files: Files
    importer: Importer
    verifier: Verifier
    keeper: Keeper
    reminders: Reminders
    origins: frozenset[str] = frozenset()
    """Whose pages may talk to us; known once the port is."""
    openapi: dict[str, Any] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)
    """Requests with an idempotency key that are being served."""
    openings: dict[tuple[str, str, str], float] = field(default_factory=dict)
    """Who looks at which record -> since when that is in the audit log."""
    listenings: dict[tuple[str, str], float] = field(default_factory=dict)
    """Who listens to which recording -> since when that is in the audit log."""

    @property
    def zone(self) -> ZoneInfo:
        """The center's time zone."""
        return ZoneInfo(self.configurator.settings.zone)


@dataclass(slots=True)
class Visit:
    """One request, and who makes it."""

    request: web.Request
    edge: Edge
    known: Visitor | None
    cookies: list[tuple[str, float]] = field(default_factory=list)
    """The session cookie that the answer is to set: text and life in seconds."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers of the answer."""
    status: int | None = None
    """The answer's status, when it is not the route's own: one of the route's `also`."""
    expected: int | None = None
    """The version that the visitor changes, as `If-Match` says; None: he does not say."""

    @property
    def visitor(self) -> Visitor:
        """Who asks. Raises `Problem` 401 when nobody proved anything."""
        if self.known is None:
            raise Problem(401, "signed_out", "Sign in first.")
        return self.known

    @property
    def reader(self) -> Reader:
        """As whom the store is read: the visitor, with the customers of the call that he has just now."""
        attending = self.edge.live.attending(self.visitor.login)
        return replace(self.visitor.reader, attending=attending) if attending else self.visitor.reader

    async def ask(self, event_of: Callable[..., Event]) -> Any:
        """Ask the center for something at the visitor's own desk or call. `event_of` is the event without who
        asks, and when. Returns the answer; raises what `Questions.ask` raises."""
        at, login = self.edge.now(), self.visitor.login
        return await self.edge.questions.ask(lambda request: event_of(at=at, login=login, request=request))

    async def steer(self, event_of: Callable[..., Supervising]) -> Any:
        """The same for what is not his own: the center is told his name, too."""
        return await self.ask(partial(event_of, name=self.visitor.name))

    def audit(
        self,
        act: str,
        kind: str,
        object: str,
        *,
        granted: bool = True,
        before: Any = None,
        after: Any = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Keep in the audit log what the visitor did (or tried to: not `granted`). Never waits or fails."""
        self.edge.store.carry(
            SaveAudit(
                entry=AuditEntry(
                    at=self.edge.now(),
                    login=self.visitor.login,
                    act=act,
                    kind=kind,
                    object=object,
                    granted=granted,
                    before=before,
                    after=after,
                    detail=detail or {},
                )
            )
        )

    async def opened(self, kind: Kind, object: str) -> None:
        """Keep in the audit log that the visitor looked at a record; once for a quarter of an hour. Of a
        customer who was merged into another, the log names that one."""
        openings, now = self.edge.openings, self.edge.now()

        def new(id_: str) -> bool:
            name = (self.visitor.login, kind.value, id_)
            if now - openings.get(name, 0.0) < SAME_OPENING_S:
                return False
            openings.pop(name, None)  # to be the youngest
            openings[name] = now
            if len(openings) > OPENINGS:
                del openings[next(iter(openings))]
            return True

        if not new(object):
            return
        if kind is Kind.CUSTOMER:
            root = await self.edge.store.read(roots.root_of, object) or object
            if root != object and not new(root):
                return
            object = root
        self.audit("open", kind.value, object)

    def set_cookie(self, secret: str, life_s: float) -> None:
        """Let the answer set the session cookie, or take it away (empty, 0)."""
        self.cookies.append((secret, life_s))

    @property
    def address(self) -> str:
        """Where the request comes from; a proxy's word counts only if the proxy is one of ours."""
        remote = self.request.remote or ""
        if remote in self.edge.settings.proxies:
            return self.request.headers.get("X-Forwarded-For", remote).rsplit(",", 1)[-1].strip()
        return remote
