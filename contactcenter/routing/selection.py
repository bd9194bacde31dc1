"""Selection: which of the free agents who could take a call gets it.

A strategy is two small things: a rank that agents with the same queues and skills share, and by what those
agents take turns. Whatever the strategy, an agent who has what the call prefers comes first; and at the end
the login tells equals apart, so that the same picture always gives the same answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from contactcenter.routing.skills import Need
from contactcenter.values import frozen

Rank = tuple[int, ...]


@frozen
class Agent:
    """What the engine knows of one agent who is signed in."""

    login: str
    queues: tuple[str, ...] = ()
    skills: Mapping[str, int] = field(default_factory=dict)
    channels: tuple[str, ...] = ("voice",)
    """Channels in which there is room for one more; a voice call fills voice."""
    idle_since: float = 0.0
    taken: int = 0
    """Calls taken since the session began."""
    served_at: float = 0.0
    """When the last call was given to him."""
    rest_until: float = 0.0
    """Not before this moment: a rest after the last call, or the limit of occupancy."""

    @property
    def breadth(self) -> int:
        """Queues and skills together: the fewer, the less flexible."""
        return len(self.queues) + len(self.skills)


Turn = Callable[[Agent], tuple[float | str, ...]]


def by_idle(agent: Agent) -> tuple[float | str, ...]:
    """Who has been idle longest."""
    return (agent.idle_since, agent.login)


def by_turn(agent: Agent) -> tuple[float | str, ...]:
    """Who was given a call longest ago."""
    return (agent.served_at, agent.login)


def by_calls(agent: Agent) -> tuple[float | str, ...]:
    """Who has taken the fewest calls."""
    return (agent.taken, agent.idle_since, agent.login)


def levels(agent: Agent, needs: Sequence[Need]) -> int:
    """Levels in the skills that the call needs, each skill once."""
    return sum(agent.skills.get(skill, 0) for skill in {need.skill for need in needs})


def equal(agent: Agent, needs: Sequence[Need]) -> Rank:
    """All alike."""
    return ()


def least_flexible_first(agent: Agent, needs: Sequence[Need]) -> Rank:
    """Who can do the least else: the others stay free for what only they can do."""
    return (agent.breadth, sum(agent.skills.values()))


def most_skilled_first(agent: Agent, needs: Sequence[Need]) -> Rank:
    """Who has the most of what the call needs."""
    return (-levels(agent, needs),)


@frozen
class Strategy:
    """How the agent for a call is chosen."""

    rank: Callable[[Agent, Sequence[Need]], Rank]
    """By queues and skills only; smaller comes first."""
    turn: Turn
    """Among agents of equal rank; smaller comes first."""


STRATEGIES: Mapping[str, Strategy] = {
    "least_flexible": Strategy(rank=least_flexible_first, turn=by_idle),
    "longest_idle": Strategy(rank=equal, turn=by_idle),
    "most_skilled": Strategy(rank=most_skilled_first, turn=by_idle),
    "round_robin": Strategy(rank=equal, turn=by_turn),
    "fewest_calls": Strategy(rank=equal, turn=by_calls),
    "ring_several": Strategy(rank=least_flexible_first, turn=by_idle),
}
"""By the name that the configuration, the records and the pages use."""
