"""Skills: what a call needs, and whether an agent can do it.

An agent has skills with levels from 1 to 10. A call needs skills, each at a level: *required* (nobody below
it is offered the call) or *preferred* (whoever has it comes first). Needs come from the queue, the number
that was dialled, the customer and the script; of several for one skill the highest level counts.
"""

from collections.abc import Iterable, Mapping

from contactcenter.values import frozen

LEVELS = range(1, 11)
"""Every level that a skill may have; an agent without the skill has level 0."""


@frozen
class Need:
    """One skill that a call needs, at this level or above."""

    skill: str
    level: int = 1
    required: bool = True
    """Else preferred: agents who have it come first, and others may take the call."""

    def __str__(self) -> str:
        """`en 3`, with a question mark when it is only preferred."""
        return f"{self.skill} {self.level}{'' if self.required else '?'}"


def merged(*groups: Iterable[Need]) -> tuple[Need, ...]:
    """All needs together, each skill once as required and once as preferred, at the highest level asked for.

    A preference that a requirement already grants is left out. Sorted, so that equal needs are equal.
    """
    required: dict[str, int] = {}
    preferred: dict[str, int] = {}
    for group in groups:
        for need in group:
            levels = required if need.required else preferred
            levels[need.skill] = max(levels.get(need.skill, 0), need.level)
    return (
        *(Need(skill=skill, level=level) for skill, level in sorted(required.items())),
        *(
            Need(skill=skill, level=level, required=False)
            for skill, level in sorted(preferred.items())
            if level > required.get(skill, 0)
        ),
    )


def needs(
    required: Mapping[str, int] | None = None, preferred: Mapping[str, int] | None = None
) -> tuple[Need, ...]:
    """Needs from two tables, skill -> level."""
    return merged(
        (Need(skill=skill, level=level) for skill, level in (required or {}).items()),
        (Need(skill=skill, level=level, required=False) for skill, level in (preferred or {}).items()),
    )


def lacking(skills: Mapping[str, int], wanted: Iterable[Need]) -> Need | None:
    """The first required need that these skills don't meet, or None."""
    return next((need for need in wanted if need.required and skills.get(need.skill, 0) < need.level), None)


def shortfall(skills: Mapping[str, int], wanted: Iterable[Need]) -> int:
    """How many levels are missing to what is preferred."""
    return sum(max(0, need.level - skills.get(need.skill, 0)) for need in wanted if not need.required)
