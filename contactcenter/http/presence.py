"""Which agents are signed in, as the center is told: by their browsers' sessions, whatever pages are open.

A session outlives a restart of this process; it is noticed again by its first request or socket, which an
open page makes within a second.
"""

from typing import TYPE_CHECKING

from contactcenter.crm.sessions import IDLE_S
from contactcenter.events import AgentSignedIn, AgentSignedOut

if TYPE_CHECKING:
    from contactcenter.http.visit import Edge, Visitor


class Presence:
    """The sessions that were seen, by agent, each with the time of its last sign of life."""

    def __init__(self, edge: "Edge") -> None:
        self._edge = edge
        self._sessions: dict[str, dict[str, float]] = {}

    def seen(self, visitor: "Visitor") -> None:
        """A session of an agent made itself known; the first one tells the center."""
        if visitor.role != "agent" or visitor.by_token:
            return
        now = self._edge.now()
        if visitor.login not in self._sessions:
            self._sessions[visitor.login] = {}
            self._edge.tell(
                AgentSignedIn(
                    at=now,
                    login=visitor.login,
                    name=visitor.name,
                    queues=visitor.queues,
                    skills=visitor.skills,
                    phone=visitor.phone,
                    line=visitor.line,
                )
            )
        self._sessions[visitor.login][visitor.secret] = now

    def ended(self, login: str, secret: str) -> None:
        """A session is over; the agent's last one tells the center."""
        sessions = self._sessions.get(login)
        if sessions is None or sessions.pop(secret, None) is None or sessions:
            return
        del self._sessions[login]
        self._edge.tell(AgentSignedOut(at=self._edge.now(), login=login))

    def sessions(self, login: str) -> list[str]:
        """The agent's sessions that were seen."""
        return list(self._sessions.get(login, ()))

    def idle(self) -> list[tuple[str, str]]:
        """Sessions, as (login, secret), that gave no sign of life for so long that they may be over."""
        before = self._edge.now() - IDLE_S
        return [
            (login, secret)
            for login, sessions in self._sessions.items()
            for secret, at in sessions.items()
            if at < before
        ]
