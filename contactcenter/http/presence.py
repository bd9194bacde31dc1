"""Who is signed in, as the center is told: by the browsers' sessions, whatever pages are open.

Of an agent it is told both the begin and the end; of a supervisor the end, after which he hears nobody.

A session outlives a restart of this process; it is noticed again by its first request or socket, which an
open page makes within a second.
"""

from collections.abc import Callable

from contactcenter.crm.access import Right
from contactcenter.crm.sessions import IDLE_S
from contactcenter.events import AgentSignedIn, AgentSignedOut, Event, MonitorRightLost
from contactcenter.http.visitor import Visitor


class Presence:
    """The sessions that were seen, by user, each with the time of its last sign of life."""

    def __init__(self, tell: Callable[[Event], None], now: Callable[[], float]) -> None:
        self._tell = tell
        self._now = now
        self._sessions: dict[str, dict[str, float]] = {}
        self._agents: set[str] = set()

    def seen(self, visitor: Visitor) -> None:
        """A session made itself known; an agent's first one tells the center."""
        if visitor.by_token:
            return
        now = self._now()
        sessions = self._sessions.setdefault(visitor.login, {})
        takes = visitor.may(Right.CALLS_TAKE)
        if not takes and visitor.login in self._agents:  # the right was taken from him
            self._agents.remove(visitor.login)
            self._tell(AgentSignedOut(at=now, login=visitor.login))
        if takes and visitor.login not in self._agents:
            self._agents.add(visitor.login)
            user = visitor.user
            self._tell(
                AgentSignedIn(
                    at=now,
                    login=visitor.login,
                    name=user.name,
                    queues=user.queues,
                    skills=user.skills,
                    phone=user.phone,
                    line=user.line,
                )
            )
        sessions[visitor.secret] = now

    def ended(self, login: str, secret: str) -> None:
        """A session is over; the user's last one tells the center."""
        sessions = self._sessions.get(login)
        if sessions is None or sessions.pop(secret, None) is None or sessions:
            return
        del self._sessions[login]
        now = self._now()
        if login in self._agents:
            self._agents.remove(login)
            self._tell(AgentSignedOut(at=now, login=login))
        else:
            self._tell(MonitorRightLost(at=now, login=login, reason="signed_out"))

    def sessions(self, login: str) -> list[str]:
        """The user's sessions that were seen."""
        return list(self._sessions.get(login, ()))

    def idle(self) -> list[tuple[str, str]]:
        """Sessions, as (login, secret), that gave no sign of life for so long that they may be over."""
        before = self._now() - IDLE_S
        return [
            (login, secret)
            for login, sessions in self._sessions.items()
            for secret, at in sessions.items()
            if at < before
        ]
