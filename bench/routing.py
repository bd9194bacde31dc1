"""The matcher alone: what one event costs with 1,000 agents and 1,000 waiting calls, and what they take.

Ten queues; agents serve three of them and have two of six skills at levels from 1 to 9, so that most agents
have a profile of their own; calls need one skill and prefer another, a fifth has a priority, and all widen
twice. Two states: a crowd that waits (agents become free one by one, each leaves with a call and comes back),
and a quiet floor (callers come one by one to 1,000 free agents). Times are the thread's own: what other
programs take of the processor does not count.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterable

from contactcenter.routing.decisions import Part
from contactcenter.routing.explanations import figures, record
from contactcenter.routing.matching import Matcher, Policy, Reserve, Waiting
from contactcenter.routing.queues import QueueRules
from contactcenter.routing.selection import Agent
from contactcenter.routing.skills import Need
from contactcenter.routing.widening import Widening

CROWD = 1000
ROUNDS = 4000
NOON = 1_785_000_000.0
QUEUES = tuple(f"q{n}" for n in range(10))
SKILLS = ("zh", "en", "ja", "billing", "technical", "vip")


def rules() -> list[QueueRules]:
    """Ten queues that widen after 20 and 60 s."""
    steps = (
        Widening(after_s=20.0, lower=dict.fromkeys(SKILLS, 2)),
        Widening(after_s=60.0, drop=SKILLS),
    )
    return [QueueRules(name=name, title={}, widening=steps) for name in QUEUES]


def agent(n: int, at: float) -> Agent:
    """One of a thousand agents; nearly all have a profile of their own."""
    mine = tuple(sorted(QUEUES[(n + step * (1 + n // 10 % 3)) % len(QUEUES)] for step in range(3)))
    first, second = SKILLS[n % 6], SKILLS[(n // 6 + n % 6 + 1) % 6]
    skills = {first: 3 + n // 3 % 7, second: 1 + n // 7 % 9}
    return Agent(
        login=f"agent{n}", queues=tuple(dict.fromkeys(mine)), skills=skills, idle_since=at, taken=n % 40
    )


def call(n: int, at: float) -> Waiting:
    """One caller."""
    needs = (
        Need(skill=SKILLS[n % 6], level=1 + n % 4),
        Need(skill=SKILLS[(n + 2) % 6], level=3, required=False),
    )
    priority = (Part(why="tier", minutes=float(n % 3 + 1)),) if n % 5 == 0 else ()
    return Waiting(call=f"c{n}", queue=QUEUES[n % len(QUEUES)], entered_at=at, needs=needs, priority=priority)


def timed(events: Iterable[Callable[[], int]]) -> list[float]:
    """How long each event took, in ms, in order; every event must be of use."""
    taken = []
    gc.collect()
    gc.disable()
    for event in events:
        began = time.thread_time()
        event()
        taken.append((time.thread_time() - began) * 1000)
    gc.enable()
    return sorted(taken)


def crowded(policy: Policy) -> list[float]:
    """1,000 wait and 1,000 agents work: one frees, gets a call; a new caller comes in his place."""
    matcher = Matcher(rules(), policy)
    for n in range(CROWD):
        matcher.busy(agent(n, NOON), "talking")
    for n in range(CROWD):
        matcher.enter(call(n, NOON + n * 0.05))
    decided = 0

    def step(k: int) -> int:
        nonlocal decided
        at = NOON + 50 + k * 0.05
        matcher.free(agent(k * 7 % CROWD, at))
        for decision in matcher.matches(at):
            figures(decision), record(decision)
            matcher.enter(call(CROWD + decided, at))
            decided += 1
        matcher.matches(at)
        return decided

    taken = timed(lambda k=k: step(k) for k in range(ROUNDS))  # type: ignore[misc]
    assert decided > ROUNDS * 0.8, decided
    return taken


def quiet() -> list[float]:
    """1,000 are free: a caller comes and gets one of them, who is free again at once."""
    matcher = Matcher(rules())
    for n in range(CROWD):
        matcher.free(agent(n, NOON))
    matcher.matches(NOON)

    def step(k: int) -> int:
        at = NOON + 1 + k * 0.05
        matcher.enter(call(k, at))
        decisions = matcher.matches(at)
        for decision in decisions:
            figures(decision), record(decision)
            matcher.free(agent(int(decision.login.removeprefix("agent")), at))
        return len(decisions)

    return timed(lambda k=k: step(k) for k in range(ROUNDS))  # type: ignore[misc]


def memory() -> tuple[float, float]:
    """Bytes for one waiting call, and for one agent."""
    gc.collect()
    tracemalloc.start()
    matcher = Matcher(rules())
    empty = tracemalloc.get_traced_memory()[0]
    for n in range(CROWD):
        matcher.busy(agent(n, NOON), "talking")
    agents = tracemalloc.get_traced_memory()[0]
    for n in range(CROWD):
        matcher.enter(call(n, NOON + n))
    calls = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (calls - agents) / CROWD, (agents - empty) / CROWD


def bench() -> list[tuple[str, float, str]]:
    """The figures of this part."""
    busy, free = crowded(Policy()), quiet()
    level = crowded(Policy(order="service_level_first", reserves=(Reserve(skill="vip", hold_s=5.0),)))
    per_call, per_agent = memory()
    return [
        ("an agent frees, 1,000 wait, explained: mean", sum(busy) / len(busy), "ms"),
        ("an agent frees, 1,000 wait, explained: p99", busy[len(busy) * 99 // 100], "ms"),
        ("  the same, service level first and a reserved skill: p99", level[len(level) * 99 // 100], "ms"),
        ("a caller comes, 1,000 agents free, explained: mean", sum(free) / len(free), "ms"),
        ("a caller comes, 1,000 agents free, explained: p99", free[len(free) * 99 // 100], "ms"),
        ("memory of a waiting call", per_call / 1024, "KiB"),
        ("memory of an agent", per_agent / 1024, "KiB"),
    ]


if __name__ == "__main__":
    for name, value, unit in bench():
        print(f"{name:60} {value:12,.3f} {unit}")
