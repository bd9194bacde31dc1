"""Who asks, and what the handlers work with."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from aiohttp import web

from contactcenter.commands import SaveAudit
from contactcenter.configurator import Configurator
from contactcenter.crm.access import Reader, Right
from contactcenter.crm.files import Files
from contactcenter.crm.importer import Importer
from contactcenter.crm.readers import Known
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.users import User, Users
from contactcenter.events import Event
from contactcenter.http.live import LiveModel
from contactcenter.http.metrics import Metrics
from contactcenter.http.problems import Problem
from contactcenter.http.questions import Questions
from contactcenter.http.settings import HttpSettings
from contactcenter.http.throttle import Throttle
from contactcenter.http.turns import Turns
from contactcenter.http.verifier import Verifier
from contactcenter.values import AuditEntry, frozen

if TYPE_CHECKING:
    from contactcenter.http.pages import Shell
    from contactcenter.http.presence import Presence
    from contactcenter.http.recordings import Sounds
    from contactcenter.http.reminders import Reminders
    from contactcenter.http.socket import Sockets


SAME_OPENING_S = 900.0
"""Who looks at a record again so soon is still looking at it."""
OPENINGS = 10_000
"""So many are kept in mind before those that are over are forgotten."""


@frozen
class Visitor:
    """Whoever proved who he is: by a session's cookie, or by a token."""

    known: Known
    csrf: str = ""
    """What state-changing requests must repeat in `X-CSRF-Token`; empty with a token, which needs none."""
    secret: str = ""
    """The cookie's or the token's own text. Never in a log, never in an answer."""
    by_token: bool = False
    scopes: frozenset[str] = frozenset()
    """What a token may be used for: `read`, `write`, `admin`."""

    @property
    def user(self) -> User:
        """His account."""
        return self.known.user

    @property
    def reader(self) -> Reader:
        """What he may do and see, apart from the call that he has just now (`Visit.reader`)."""
        return self.known.reader

    @property
    def login(self) -> str:
        """His login."""
        return self.user.login

    @property
    def name(self) -> str:
        """His name."""
        return self.user.name

    def with_rights(self, known: Known) -> "Visitor":
        """The same, with the rights of another moment."""
        return replace(self, known=known)

    def may(self, right: Right) -> bool:
        """Whether he has the right; what a token leaves of it is the door's business (`signin.authorise`)."""
        return self.reader.may(right)


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
    shell: "Shell"
    sockets: "Sockets" = field(init=False)
    presence: "Presence" = field(init=False)
    origins: frozenset[str] = frozenset()
    """Whose pages may talk to us; known once the port is."""
    openapi: dict[str, Any] = field(default_factory=dict)
    sounds: "Sounds" = field(init=False)
    files: Files = field(init=False)
    importer: Importer = field(init=False)
    verifier: Verifier = field(init=False)
    reminders: "Reminders" = field(init=False)
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

    def opened(self, kind: str, object: str) -> None:
        """Keep in the audit log that the visitor looked at a record; once for a quarter of an hour."""
        openings, now = self.edge.openings, self.edge.now()
        if len(openings) >= OPENINGS:
            for old in [key for key, at in openings.items() if at < now - SAME_OPENING_S]:
                del openings[old]
        name = (self.visitor.login, kind, object)
        if now - openings.get(name, 0.0) >= SAME_OPENING_S:
            openings[name] = now
            self.audit("open", kind, object)

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
