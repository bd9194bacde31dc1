"""Selection: which waiting caller gets which free agent.

Callers are served in the one order of `queues.Place`; each gets the agent of the queue who has been idle
longest, over all queues together. Skills, levels and other strategies are further functions of this form.
"""

from collections.abc import Iterable
from heapq import merge
from operator import attrgetter
from typing import Protocol

from contactcenter.routing.queues import Place
from contactcenter.values import frozen


class FreeAgent(Protocol):
    """An agent who could take a call now: what a choice looks at."""

    @property
    def login(self) -> str:
        """Who it is."""

    @property
    def queues(self) -> tuple[str, ...]:
        """Whose callers the agent takes."""

    @property
    def idle_since(self) -> float:
        """Since when the agent waits for a call."""


@frozen
class Match:
    """A decision, and why it was taken."""

    call: str
    login: str
    why: dict[str, str | float | int]


def longest_idle(queues: Iterable[list[Place]], free: Iterable[FreeAgent], at: float) -> list[Match]:
    """Match callers (each queue's list is in order) with free agents, until one side runs out.

    Equal idle times are told apart by login, so that the same picture always gives the same answer.
    """
    agents = sorted(free, key=attrgetter("idle_since", "login"))
    matches: list[Match] = []
    for place in merge(*queues):
        if not agents:
            break
        chosen = next((agent for agent in agents if place.queue in agent.queues), None)
        if chosen is None:
            continue
        agents.remove(chosen)
        why: dict[str, str | float | int] = {
            "rule": "longest_idle",
            "idle_s": round(at - chosen.idle_since, 3),
            "waited_s": round(at - place.entered_at, 3),
            "queue": place.queue,
        }
        matches.append(Match(call=place.call, login=chosen.login, why=why))
    return matches
