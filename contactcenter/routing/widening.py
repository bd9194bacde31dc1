"""Widening: what a call asks for gets less with the time it has waited, whatever agents are doing.

A step counts from the entry into the queue: after so many seconds a level is lowered, a skill dropped, or the
agents of another queue may take the call too. What is no longer required is still preferred.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field

from contactcenter.routing.skills import Need, merged
from contactcenter.values import frozen


@frozen
class Widening:
    """One step."""

    after_s: float
    """Seconds since the entry."""
    lower: Mapping[str, int] = field(default_factory=dict)
    """Skill -> the level that is enough from now on."""
    drop: tuple[str, ...] = ()
    """Skills that are no longer required."""
    also_queues: tuple[str, ...] = ()
    """Queues whose agents may take the call, too."""


def widened(needs: Iterable[Need], due: Iterable[Widening]) -> tuple[Need, ...]:
    """What is still needed when these steps have come."""
    due = tuple(due)
    kept: list[Need] = []
    for need in needs:
        level = need.level
        if need.required:
            for step in due:
                level = 0 if need.skill in step.drop else min(level, step.lower.get(need.skill, level))
        if level:
            kept.append(Need(skill=need.skill, level=level, required=need.required))
        if level < need.level:
            kept.append(Need(skill=need.skill, level=need.level, required=False))
    return merged(kept)


def opened(queue: str, due: Iterable[Widening]) -> tuple[str, ...]:
    """The queues whose agents may take the call when these steps have come: its own first."""
    return tuple(dict.fromkeys((queue, *(other for step in due for other in step.also_queues))))
