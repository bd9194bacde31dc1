"""The center alone: events per second over whole calls, and how long the choice of agents takes at the worst.

No edge, no socket, one core. The second part is the largest floor that is planned for: 500 callers wait for
500 agents.
"""

from __future__ import annotations

import time

from contactcenter import events as e
from contactcenter.center import Center
from contactcenter.routing.queues import QueueRules
from contactcenter.rules import Rules
from contactcenter.values import CustomerCard, MatchMethod

SERVER = "pbx"
NOON = 1_785_000_000.0
CALLS = 3000
CROWD = 500
QUEUES = tuple(f"q{n}" for n in range(10))
ADA = CustomerCard(id="cus-1", number="C-1001", name="Ada")


def rules() -> Rules:
    """Ten queues without a wrap-up."""
    queues = tuple(QueueRules(name=name, title={"en": name}, wrap_up_s=5) for name in QUEUES)
    return Rules(queues=queues, dispositions=frozenset({"done"}))


def staffed(agents: int) -> Center:
    """A center on air; each agent serves three queues and is paused."""
    center = Center(rules())
    center.handle(e.ServerUp(at=NOON, server=SERVER, version="22"))
    center.handle(e.Snapshot(at=NOON + 0.1, server=SERVER, asked_at=NOON, legs=()))
    for n in range(agents):
        mine = tuple(QUEUES[(n + step) % len(QUEUES)] for step in range(3))
        login = f"agent{n}"
        center.handle(e.AgentSignedIn(at=NOON + 1, login=login, name=login, queues=mine, phone=str(1000 + n)))
        ask(center, login, "paused", NOON + 1)
    return center


def ask(center: Center, login: str, state: str, at: float) -> float:
    """One request; how long it took."""
    event = e.StateAsked(at=at, login=login, state=state, reason="", request="r")
    began = time.perf_counter()
    center.handle(event)
    return time.perf_counter() - began


def arrival(call: str, queue: str, at: float) -> list[e.Event]:
    """A caller comes, is recognised, and waits."""
    return [
        e.LegStarted(at=at, leg=call, server=SERVER),
        e.CallArrived(at=at, call=call, interaction=f"i-{call}", server=SERVER, did="4001", caller="+861"),
        e.NodeVisited(at=at, call=call, node="menu", detail="2"),
        e.CustomerFound(at=at, call=call, method=MatchMethod.CALLER_NUMBER, customers=(ADA,)),
        e.CallQueued(at=at, call=call, queue=queue),
    ]


def life(center: Center, call: str, queue: str, at: float) -> int:
    """One call from its arrival to its disposition; the number of events."""
    events = arrival(call, queue, at)
    for event in events:
        center.handle(event)
    offered = center.floor.calls[call]
    agent = center.floor.agents[offered.agent]
    leg, bridge = f"{call}>{agent.phone}", f"b-{call}"
    rest: list[e.Event] = [
        e.LegStarted(at=at + 1, leg=leg, server=SERVER, phone=agent.phone, linked=call),
        e.LegRinging(at=at + 1, leg=leg),
        e.LegAnswered(at=at + 2, leg=leg),
        e.LegJoined(at=at + 2, leg=leg, bridge=bridge),
        e.LegJoined(at=at + 2, leg=call, bridge=bridge),
        e.LegParted(at=at + 3, leg=call, bridge=bridge),
        e.LegParted(at=at + 3, leg=leg, bridge=bridge),
        e.CallerLeft(at=at + 3, call=call),
        e.LegEnded(at=at + 3, leg=leg),
        e.LegEnded(at=at + 3, leg=call),
        e.DispositionSet(
            at=at + 4,
            login=agent.login,
            interaction=f"i-{call}",
            code="done",
            note="",
            callback="",
            request="r",
        ),
    ]
    for event in rest:
        center.handle(event)
    return len(events) + len(rest)


def events_per_second(center: Center) -> float:
    """Whole calls, one after the other, on a floor whose agents become free."""
    for login in list(center.floor.agents):
        ask(center, login, "available", NOON + 2)
    began, events = time.perf_counter(), 0
    for n in range(CALLS):
        events += life(center, f"c{n}", QUEUES[n % len(QUEUES)], NOON + 10 + n * 10)
    return events / (time.perf_counter() - began)


def without_figures(center: Center) -> Center:
    """The same center, but nothing is counted."""
    counted = center.floor.figures
    for name in ("turn", "read", "agent"):
        setattr(counted, name, lambda *args, **kwargs: None)
    return center


def price_of_figures() -> float:
    """How much longer an event takes because it is counted: the best of five, with and without in turn."""
    took: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(5):
        for counted in (True, False):
            center = staffed(10) if counted else without_figures(staffed(10))
            began = time.process_time()
            events_per_second(center)
            took[counted].append(time.process_time() - began)
    return min(took[True]) / min(took[False])


def match_latencies() -> list[float]:
    """500 callers wait, and 500 agents become available one after the other."""
    center = staffed(CROWD)
    for n in range(CROWD):
        for event in arrival(f"c{n}", QUEUES[n % len(QUEUES)], NOON + 10 + n * 0.01):
            center.handle(event)
    return sorted(ask(center, f"agent{n}", "available", NOON + 100 + n) for n in range(CROWD))


def match_at_once() -> float:
    """500 callers wait and 500 agents are free, and nothing was offered because the link was down."""
    center = staffed(CROWD)
    center.handle(e.ServerDown(at=NOON + 5, server=SERVER, reason="broken"))
    for n in range(CROWD):
        for event in arrival(f"c{n}", QUEUES[n % len(QUEUES)], NOON + 10 + n * 0.01):
            center.handle(event)
        ask(center, f"agent{n}", "available", NOON + 20)
    at = NOON + 100
    center.handle(e.ServerUp(at=at, server=SERVER, version="22"))
    event = e.Snapshot(at=at, server=SERVER, asked_at=NOON, legs=())
    began = time.perf_counter()
    commands = center.handle(event)
    assert sum(type(command).__name__ == "OfferCall" for command in commands) > CROWD * 0.9
    return time.perf_counter() - began


def bench() -> list[tuple[str, float, str]]:
    """The figures of this part."""
    latencies = match_latencies()
    return [
        ("events through whole calls, 10 agents", events_per_second(staffed(10)), "events/s"),
        ("events through whole calls, 500 agents", events_per_second(staffed(CROWD)), "events/s"),
        ("an event, with figures / without", price_of_figures(), ""),
        ("an agent becomes free, 500 wait: median", latencies[len(latencies) // 2] * 1000, "ms"),
        ("an agent becomes free, 500 wait: p99", latencies[len(latencies) * 99 // 100] * 1000, "ms"),
        ("500 callers and 500 agents matched in one event", match_at_once() * 1000, "ms"),
    ]


if __name__ == "__main__":
    for name, value, unit in bench():
        print(f"{name:60} {value:12,.2f} {unit}")
