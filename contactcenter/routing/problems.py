"""What of a set-up can't be meant: a queue that nobody serves, a step that never matters, a skill nobody has.

None of it is wrong as such, and a supervisor may write it all the same; but he is told, by name.
"""

from collections.abc import Iterable, Iterator, Mapping

from contactcenter.routing.queues import QueueRules
from contactcenter.routing.selection import Agent
from contactcenter.routing.skills import Need, lacking
from contactcenter.routing.widening import opened, widened
from contactcenter.values import frozen


@frozen
class Problem:
    """Something that is probably not meant."""

    key: str
    """Where it stands in the configuration."""
    code: str
    """For programs: `no_way_out`, `useless_widening`, `unknown_skill`, `unreachable_need`."""
    text: Mapping[str, str]
    """For people, by language: what it is, and what to do."""


def problems(queues: Iterable[QueueRules], agents: Iterable[Agent]) -> tuple[Problem, ...]:
    """Everything about these queues, with all agents that there are, signed in or not."""
    staff = tuple(agents)
    known = {skill for agent in staff for skill in agent.skills}
    return tuple(
        problem
        for rules in queues
        for look in (_no_way_out(rules, staff), _widening(rules), _needs(rules, staff, known))
        for problem in look
    )


def _no_way_out(rules: QueueRules, staff: tuple[Agent, ...]) -> Iterator[Problem]:
    queues = opened(rules.name, rules.widening)
    if not any({*queues} & {*agent.queues} for agent in staff):
        yield Problem(
            key=f"queues.{rules.name}",
            code="no_way_out",
            text={
                "zh": f"队列 {rules.name} 没有任何坐席：来电只能等到 {rules.max_wait_s:g} 秒超时。"
                "请把坐席加入此队列，或用放宽规则借用其他队列的坐席。",
                "en": f"nobody belongs to queue {rules.name}: its callers can only wait until the timeout of "
                f"{rules.max_wait_s:g} s. Put agents into it, or widen it to another queue's agents.",
            },
        )


def _widening(rules: QueueRules) -> Iterator[Problem]:
    asked: tuple[Need, ...] = rules.needs
    reached = {rules.name}
    for number, step in sorted(enumerate(rules.widening), key=lambda each: each[1].after_s):
        key = f"queues.{rules.name}.widening.{number}"
        if step.after_s >= rules.max_wait_s:
            yield Problem(
                key=key,
                code="useless_widening",
                text={
                    "zh": f"{step.after_s:g} 秒后放宽永远不会生效：来电最多等待 {rules.max_wait_s:g} 秒。"
                    "请把它提前，或延长最长等待时间。",
                    "en": f"a step after {step.after_s:g} s never comes: callers wait {rules.max_wait_s:g} s "
                    "at most. Let it come earlier, or let them wait longer.",
                },
            )
            continue
        after = widened(asked, (step,))
        if after == asked and {*step.also_queues} <= reached:
            yield Problem(
                key=key,
                code="useless_widening",
                text={
                    "zh": f"{step.after_s:g} 秒后的放宽不会改变任何要求：其中的技能并非必需，"
                    "或等级本就不高于此。请检查技能名称和等级。",
                    "en": f"the step after {step.after_s:g} s changes nothing that the queue asks for: its "
                    "skills are not required by then, or not at a higher level. Check names and levels.",
                },
            )
        asked, reached = after, reached | {*step.also_queues}


def _needs(rules: QueueRules, staff: tuple[Agent, ...], known: set[str]) -> Iterator[Problem]:
    key = f"queues.{rules.name}.needs"
    for need in rules.needs:
        if need.skill not in known:
            yield Problem(
                key=f"{key}.{need.skill}",
                code="unknown_skill",
                text={
                    "zh": f"没有任何坐席具备技能 {need.skill}。请检查名称，或为坐席登记此技能。",
                    "en": f"no agent has the skill {need.skill}. Check its name, or give it to somebody.",
                },
            )
    needs, queues = widened(rules.needs, rules.widening), opened(rules.name, rules.widening)
    members = [agent for agent in staff if {*queues} & {*agent.queues}]
    if members and all(lacking(agent.skills, needs) for agent in members):
        wanted = ", ".join(f"{need.skill} {need.level}" for need in needs if need.required)
        yield Problem(
            key=key,
            code="unreachable_need",
            text={
                "zh": f"队列 {rules.name} 的坐席中无人同时达到 {wanted}。请降低要求，或增加放宽规则。",
                "en": f"nobody of queue {rules.name} has all of {wanted}, however long a caller waits. "
                "Ask for less, or widen it.",
            },
        )
