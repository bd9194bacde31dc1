"""Visitors: whoever proved who he is, and what he may see."""

from collections.abc import Iterable

from contactcenter.http.live import Viewer
from contactcenter.values import frozen


@frozen
class Visitor:
    """Whoever proved who he is: by a session's cookie, or by a token."""

    login: str
    name: str
    role: str
    language: str
    queues: tuple[str, ...]
    skills: dict[str, int]
    phone: str
    line: str
    csrf: str = ""
    """What state-changing requests must repeat in `X-CSRF-Token`; empty with a token, which needs none."""
    secret: str = ""
    """The cookie's or the token's own text. Never in a log, never in an answer."""
    by_token: bool = False
    scopes: frozenset[str] = frozenset()
    """What a token may be used for: `read`, `write`, `admin`."""

    @property
    def sees_all(self) -> bool:
        """Supervisors and administrators see every agent, queue and call."""
        return self.role in ("supervisor", "admin")

    @property
    def scope(self) -> frozenset[str]:
        """The queues that a supervisor is limited to; empty: no limit. See `scope.py`."""
        return frozenset(self.queues) if self.role == "supervisor" else frozenset()

    @property
    def viewer(self) -> Viewer:
        """Who looks at the live model."""
        return Viewer(login=self.login, sees_all=self.sees_all, scope=self.scope)

    def oversees(self, queues: Iterable[str]) -> bool:
        """Whether something in these queues (a call, an agent) is in the scope of this supervisor."""
        return self.sees_all and (not self.scope or not self.scope.isdisjoint(queues))
