"""Agent sessions: one sign-in of one agent, and what it may do next.

An agent has at most one open offer and one talk. A wish that can't be granted in the middle of a call (a
break, going home) is kept as `afterwards` and granted when the wrap-up ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import exp, log

from contactcenter.transitions import follow
from contactcenter.views import AgentView


class AgentState(StrEnum):
    """What an agent does."""

    OFFLINE = "offline"
    AVAILABLE = "available"
    RESERVED = "reserved"
    """Chosen for a caller: the record is on the page, the phone about to ring or ringing."""
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


class AgentTrigger(StrEnum):
    """What moves an agent session."""

    GO_AVAILABLE = "go available"
    PAUSE = "pause"
    GO_OFFLINE = "go offline"
    RESERVE = "reserve"
    RELEASE = "release"
    MISS = "miss"
    JOIN = "join"
    PART = "part"
    FINISH = "finish"


_FREE = {
    AgentTrigger.GO_AVAILABLE: AgentState.AVAILABLE,
    AgentTrigger.PAUSE: AgentState.PAUSED,
    AgentTrigger.GO_OFFLINE: AgentState.OFFLINE,
    # A phone may take a caller over by itself (REFER), whatever the page says of its agent.
    AgentTrigger.JOIN: AgentState.TALKING,
}

TRANSITIONS: Mapping[AgentState, Mapping[AgentTrigger, AgentState]] = {
    AgentState.OFFLINE: _FREE,
    AgentState.PAUSED: _FREE,
    AgentState.AVAILABLE: {**_FREE, AgentTrigger.RESERVE: AgentState.RESERVED},
    AgentState.RESERVED: {
        AgentTrigger.RELEASE: AgentState.AVAILABLE,
        AgentTrigger.MISS: AgentState.PAUSED,
        AgentTrigger.JOIN: AgentState.TALKING,
    },
    AgentState.TALKING: {
        AgentTrigger.PART: AgentState.WRAP_UP,
    },
    AgentState.WRAP_UP: {
        AgentTrigger.FINISH: AgentState.AVAILABLE,
        AgentTrigger.JOIN: AgentState.TALKING,
    },
}

WISHES: Mapping[str, AgentTrigger] = {
    "available": AgentTrigger.GO_AVAILABLE,
    "paused": AgentTrigger.PAUSE,
    "offline": AgentTrigger.GO_OFFLINE,
}
"""What an agent may ask for (`PUT /api/me/state`)."""

BUSY = frozenset({AgentState.RESERVED, AgentState.TALKING, AgentState.WRAP_UP})
"""States in which a wish waits until the call is over."""

OCCUPANCY_S = 1800.0
"""What lies so long back counts a third (1/e) for an agent's occupancy."""


class PauseReason(StrEnum):
    """Why the center paused an agent; an agent's own reasons are free text."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    LINE_LOST = "line_lost"
    DISCONNECTED = "disconnected"


@dataclass(slots=True)
class AgentSession:
    """One sign-in of one agent."""

    login: str
    name: str
    queues: tuple[str, ...]
    phone: str
    line: str
    since: float
    skills: Mapping[str, int] = field(default_factory=dict)
    """Skill -> level, 1 to 10."""
    state: AgentState = AgentState.OFFLINE
    reason: str = ""
    idle_since: float = 0.0
    """Since when the agent waits for a call: kept when a caller hung up before the answer."""
    afterwards: str = ""
    """A wish of `WISHES` to be granted when the call is over."""
    afterwards_reason: str = ""
    afterwards_by: str = ""
    """The name of the supervisor whose wish it is; empty when it is the agent's own."""
    set_by: str = ""
    """The name of the supervisor who set the state; empty when nobody did."""
    leaving: bool = False
    """Signed out in the middle of a call: the session ends when the call does."""
    offer: str = ""
    consult: str = ""
    """The consult into which somebody else asked this agent."""
    call: str = ""
    interaction: str = ""
    until: float | None = None
    line_leg: str = ""
    line_server: str = ""
    line_asked_at: float = 0.0
    line_up: bool = False
    page: bool = False
    page_lost_at: float | None = None
    """Since when a page that was there is missing."""
    reachable: bool | None = None
    taken: int = 0
    occupancy: float = 0.0
    """At the last change of state: the share of the time before it that calls took, the last
    `OCCUPANCY_S` counting most."""
    occupied_at: float = 0.0
    worked_at: float = 0.0
    """When the last wrap-up ended."""
    served_at: float = 0.0
    """When the last call was offered to the agent."""

    def move(self, trigger: AgentTrigger, at: float, reason: str = "") -> None:
        """Follow the table, or raise `IllegalTransition` and stay."""
        before = self.state
        self.state = follow(f"agent {self.login}", TRANSITIONS, before, trigger)
        left = exp(min(0.0, self.occupied_at - at) / OCCUPANCY_S)
        self.occupancy = self.occupancy * left + (1.0 - left if before in BUSY else 0.0)
        self.occupied_at = at
        if before is AgentState.WRAP_UP:
            self.worked_at = at
        self.reason = reason if self.state is AgentState.PAUSED else ""
        self.set_by = ""
        if self.state is not before:
            self.since = at
        if self.state is AgentState.AVAILABLE and before not in (AgentState.AVAILABLE, AgentState.RESERVED):
            self.idle_since = at

    def rest_until(self, rest_s: float, occupancy_limit: float) -> float:
        """Not before this moment may he be offered a call; it may have been long ago."""
        rested = self.worked_at + rest_s
        if self.occupancy <= occupancy_limit:
            return rested
        return max(rested, self.occupied_at + OCCUPANCY_S * log(self.occupancy / occupancy_limit))

    @property
    def can_join(self) -> bool:
        """Whether a talk may begin: by an offer, or because another phone passed its caller on."""
        return AgentTrigger.JOIN in TRANSITIONS[self.state]

    @property
    def can_take_calls(self) -> bool:
        """Free, and with a phone that can be rung or a line that stands."""
        if self.state is not AgentState.AVAILABLE or not self.phone:
            return False
        return self.line_up if self.line == "persistent" else self.reachable is not False

    def view(self, *, held: bool = False, consult: str = "") -> AgentView:
        """The agent as pages see him; `held` and `consult` tell of his call."""
        return AgentView(
            login=self.login,
            name=self.name,
            state=self.state.value,
            reason=self.reason,
            since=self.since,
            until=self.until,
            afterwards=self.afterwards,
            phone=self.phone,
            line=self.line,
            line_up=self.line_up,
            reachable=self.reachable,
            queues=self.queues,
            skills=dict(self.skills),
            call=self.call,
            held=held,
            consult=consult,
            interaction=self.interaction,
            taken=self.taken,
            set_by=self.afterwards_by or self.set_by,
        )
