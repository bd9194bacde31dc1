"""What is wrong with a set of rules, said when they are written instead of when callers wait.

An *error* can't be meant: a name that leads nowhere, a step that changes nothing or never comes, overflow in
a circle. A *warning* depends on who works today: a skill that nobody has, a queue that nobody serves.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from contactcenter.routing.matching import Policy
from contactcenter.routing.queues import QueueRules
from contactcenter.routing.selection import Agent
from contactcenter.routing.skills import Need, lacking, merged
from contactcenter.routing.widening import Widening, opened, widened
from contactcenter.values import frozen


@frozen
class Problem:
    """One mistake, or one thing to think about."""

    severity: str
    """`error` or `warning`."""
    where: str
    """The key: `queues.support.widening.0`."""
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.remedy}"


def problems(
    queues: Sequence[QueueRules],
    *,
    skills: Collection[str],
    asked: Mapping[str, Sequence[Need]] | None = None,
    policy: Policy | None = None,
    agents: Collection[Agent] | None = None,
) -> list[Problem]:
    """Everything that is wrong, the errors first.

    `skills` are those that there are, `asked` are further needs by their key, `agents` everybody who may sign
    in (None: not known, nothing is said about it).
    """
    found = [*_errors(queues, {*skills}, asked or {}, policy or Policy())]
    if agents is not None:
        for queue in queues:
            found += _warnings(queue, agents)
    return sorted(found, key=lambda each: each.severity != "error")


def _errors(
    queues: Sequence[QueueRules],
    skills: set[str],
    asked: Mapping[str, Sequence[Need]],
    policy: Policy,
) -> Iterator[Problem]:
    names = {queue.name for queue in queues}
    everywhere = [need for needs in asked.values() for need in needs]
    for where, needs in asked.items():
        yield from _unknown(where, (need.skill for need in needs), skills)
    for n, reserve in enumerate(policy.reserves):
        yield from _unknown(f"routing.reserve.{n}", (reserve.skill,), skills)
    for queue in queues:
        where = f"queues.{queue.name}"
        yield from _unknown(f"{where}.needs", (need.skill for need in queue.needs), skills)
        yield from _steps(queue, names, skills, everywhere)
        yield from _overflow(queue, names)
        if queue.ways_out and not queue.announce_after_s:
            where, what = f"{where}.ways_out", "nobody is offered them: announce_after_s is 0"
            yield _error(where, what, "say when callers are told")
    for circle in circles({queue.name: (queue.overflow_queue,) for queue in queues if queue.overflow_queue}):
        first = circle[0]
        yield _error(
            f"queues.{first}.overflow_queue",
            f"callers would go in a circle: {' → '.join((*circle, first))}",
            "let one of these queues end in another way",
        )


def _overflow(queue: QueueRules, names: set[str]) -> Iterator[Problem]:
    where = f"queues.{queue.name}"
    if bool(queue.overflow_queue) != bool(queue.overflow_after_s):
        given, missing = "overflow_queue", "overflow_after_s"
        if queue.overflow_after_s:
            given, missing = missing, given
        yield _error(f"{where}.{missing}", f"{given} alone does nothing", f"give {missing}, too")
    if queue.overflow_queue and queue.overflow_queue not in names:
        yield _error(
            f"{where}.overflow_queue", f"there is no queue {queue.overflow_queue!r}", "name one that there is"
        )
    if queue.overflow_after_s >= queue.max_wait_s:
        yield _error(
            f"{where}.overflow_after_s",
            f"it never comes: after {queue.max_wait_s:g} s nobody waits any more",
            "let it come earlier, or raise max_wait_s",
        )


def _steps(
    queue: QueueRules, names: set[str], skills: set[str], everywhere: Sequence[Need]
) -> Iterator[Problem]:
    needed = merged(queue.needs, everywhere)
    before: list[Widening] = []
    for n, step in enumerate(queue.widening):
        where = f"queues.{queue.name}.widening.{n}"
        yield from _unknown(where, (*step.lower, *step.drop), skills)
        for other in step.also_queues:
            if other not in names:
                yield _error(f"{where}.also_queues", f"there is no queue {other!r}", "name one that there is")
        if step.after_s >= queue.max_wait_s:
            yield _error(
                f"{where}.after_s",
                f"it can never match: after {step.after_s:g} s nobody waits any more, the longest wait is "
                f"{queue.max_wait_s:g} s",
                "let it come earlier, or raise max_wait_s",
            )
        if before and step.after_s <= before[-1].after_s:
            yield _error(f"{where}.after_s", "the step before comes later", "list the steps by rising time")
        same_needs = widened(needed, before) == widened(needed, [*before, step])
        if same_needs and opened(queue.name, before) == opened(queue.name, [*before, step]):
            yield _error(
                where,
                "it can never match: no call of the queue needs what it lowers or drops",
                "lower or drop a skill that is required, or name a further queue",
            )
        before.append(step)


def _warnings(queue: QueueRules, agents: Collection[Agent]) -> Iterator[Problem]:
    where = f"queues.{queue.name}"
    mine = [agent for agent in agents if queue.name in agent.queues]
    if not mine and not any(step.also_queues for step in queue.widening):
        way_out = f"after {queue.max_wait_s:g} s" if queue.without_agents else "at once, with no_agents"
        yield _warning(
            where, f"nobody serves this queue: its callers leave it {way_out}", "let agents serve it"
        )
        return
    for need in queue.needs:
        best = max((agent.skills.get(need.skill, 0) for agent in mine), default=0)
        if need.required and best < need.level:
            has = f"the best has level {best}" if best else "nobody has it"
            yield _warning(
                f"{where}.needs.{need.skill}",
                f"level {need.level} is needed, and of the queue's agents {has}",
                "give an agent the skill, or widen",
            )
    allowed = opened(queue.name, queue.widening)
    last = widened(queue.needs, queue.widening)
    if queue.widening and not any(
        {*allowed} & {*agent.queues} and lacking(agent.skills, last) is None for agent in agents
    ):
        yield _warning(
            f"{where}.widening",
            "it can never match: even after the last step nobody can take the queue's calls",
            "add a step that drops more, or name a further queue",
        )


def _unknown(where: str, named: Iterable[str], skills: set[str]) -> Iterator[Problem]:
    for skill in sorted({*named} - skills):
        yield _error(f"{where}.{skill}", f"there is no skill {skill!r}", "add it to skills, or name another")


def _error(where: str, what: str, remedy: str) -> Problem:
    return Problem(severity="error", where=where, what=what, remedy=remedy)


def _warning(where: str, what: str, remedy: str) -> Problem:
    return Problem(severity="warning", where=where, what=what, remedy=remedy)


def circles(ways: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """Every set of names that leads back to itself, once each, the alphabetically first name first."""
    found: dict[tuple[str, ...], None] = {}

    def follow(path: tuple[str, ...]) -> None:
        for name in sorted(ways.get(path[-1], ())):
            if name == path[0]:
                found[path] = None
            elif name > path[0] and name not in path:
                follow((*path, name))

    for name in sorted(ways):
        follow((name,))
    return list(found)
