"""Decisions: who got whom, and everything that it was decided by.

A decision is kept with the interaction, so it is bounded: `BOUND` agents of each kind by name, and how many
there were by reason. `explanations.py` puts it into words.
"""

from collections.abc import Mapping
from dataclasses import field

from contactcenter.routing.skills import Need
from contactcenter.values import frozen

BOUND = 20
"""Most candidates, and most agents passed over, that one decision names."""


@frozen
class Part:
    """One reason for a call's priority, in minutes of waiting: +5 is served as if it came 5 min earlier."""

    why: str
    """`queue`, `did`, `language`, `tier`, `save_desk`, `script` or `supervisor`."""
    minutes: float


@frozen
class Candidate:
    """A free agent who could have taken the call: the best first."""

    login: str
    idle_s: float
    breadth: int
    """Queues and skills together: the fewer, the less flexible."""
    levels: int
    """Levels in the skills that the call needs."""
    short: int
    """Levels missing to what the call prefers."""
    taken: int
    """Calls taken since the session began."""


@frozen
class PassedOver:
    """An agent of the queue who could not take the call, and why."""

    login: str
    reason: str
    """The agent's state (`wrap_up`, `talking` …), or `skill`, `reserve`, `rest`, `preferred`, `channel`."""
    seconds: float | None = None
    """How long that goes on, where it is known."""
    detail: str = ""
    """The skill that is missing or held back, or the pause's reason."""
    level: int = 0
    """The level that is needed of it."""
    has: int = 0
    """The level that there is."""


@frozen
class Demand:
    """What a call asks for at one moment."""

    queues: tuple[str, ...]
    """Whose agents may take it: its own queue first."""
    needs: tuple[Need, ...] = ()
    only: str = ""
    """The one agent that it waits for just now; empty: anybody."""
    channel: str = "voice"


@frozen
class Standing:
    """Why a caller still waits."""

    at: float
    call: str
    queue: str
    waited_s: float
    score: float
    priority: tuple[Part, ...]
    position: int
    """Place in the queue, from 1."""
    demand: Demand
    asked: tuple[Need, ...]
    """What was needed at the entry."""
    held_back: bool
    """Not to be offered yet: the store is asked who it is, or the caller's server is not heard."""
    ahead: int
    """Callers of the queue who are served first."""
    passed_over: tuple[PassedOver, ...] = ()
    passed_counts: Mapping[str, int] = field(default_factory=dict)
    """How many agents of the queue can't take the call, by reason."""
    widens_at: float | None = None
    """When it will ask for less."""


@frozen
class Decision:
    """One call for one agent, or for several at once whose first to answer has it."""

    at: float
    call: str
    queue: str
    chosen: tuple[str, ...]
    """Logins, the best first; more than one only for `ring_several`."""
    strategy: str
    order: str
    """The service order: `fair` or `service_level_first`."""
    waited_s: float
    idle_s: float
    """How long the best of them had been idle."""
    score: float
    """The call's place: time of entry less 60 s for each minute of priority; smaller is served first."""
    priority: tuple[Part, ...]
    position: int
    """Place in the queue, from 1."""
    overtook: int
    """Callers with a better place whom the agent could have taken; 0 in the fair order."""
    demand: Demand
    asked: tuple[Need, ...]
    """What was needed at the entry; `demand.needs` may be less by now."""
    candidates: tuple[Candidate, ...] = ()
    candidate_count: int = 0
    passed_over: tuple[PassedOver, ...] = ()
    passed_counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def login(self) -> str:
        """The agent who comes first."""
        return self.chosen[0]
