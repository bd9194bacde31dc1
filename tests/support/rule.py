"""The rule of routing, told a second time: from the records alone, without a line of the engine's.

Callers stand in one order: the time of entry less 60 s for each minute of priority. An agent may take a
caller of his queues whose needs he meets; what a caller needs becomes less while he waits, at fixed moments.
Whoever is served stood before everybody whom the agent could have had. Of several free agents it is the one
who has what is preferred, then who can do the least else, then who has been idle longest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

READY_S = 0.3
"""So long after his arrival a caller may be held back while the store is asked who he is."""
IDLE_S = 2.5
"""Nobody is idle for longer than this while somebody waits whom he could take: a busy machine's worst."""
EXACT_S = 0.002
"""Two roundings to a millisecond."""


@dataclass(frozen=True)
class Asks:
    """What a queue's callers ask for."""

    needs: Mapping[str, int] = field(default_factory=dict)
    steps: tuple[tuple[float, Mapping[str, int]], ...] = ()
    """After so many seconds these levels are enough; 0: none is needed."""
    priority: int = 0

    def required(self, waited_s: float) -> dict[str, int]:
        """Skill -> level without which nobody may take the caller."""
        needs = dict(self.needs)
        for after_s, levels in self.steps:
            if waited_s + EXACT_S >= after_s:
                needs |= {skill: min(needs[skill], level) for skill, level in levels.items()}
        return {skill: level for skill, level in needs.items() if level}

    def preferred(self, waited_s: float) -> dict[str, int]:
        """Skill -> level that was required at first."""
        now = self.required(waited_s)
        return {skill: level for skill, level in self.needs.items() if now.get(skill, 0) < level}


@dataclass(frozen=True)
class Ability:
    """What an agent can do from a moment between `asked` and `granted` on."""

    asked: float
    granted: float
    queues: frozenset[str]
    skills: Mapping[str, int]


@dataclass
class Desk:
    """What is known of one agent."""

    login: str
    abilities: list[Ability] = field(default_factory=list)
    """In order of time."""
    ready: tuple[float, float] = (0.0, 0.0)
    """When he asked to be available, and when that was granted."""
    talks: list[tuple[float, float]] = field(default_factory=list)
    """When a caller was given to him, and when they parted; in order."""

    def possible(self, at: float) -> list[Ability]:
        """What he may have been able to do: one thing, but for the instant of a change."""
        until = [ability.granted for ability in self.abilities[1:]] + [float("inf")]
        return [each for each, end in zip(self.abilities, until, strict=True) if each.asked <= at <= end]

    def is_busy(self, at: float) -> bool:
        """A caller was given to him, and they have not parted; or he is not there yet."""
        return at < self.ready[0] or any(given < at < parted for given, parted in self.talks)

    def free(self) -> Iterator[tuple[float, float]]:
        """When he had nothing to do."""
        since = self.ready[1]
        for given, parted in self.talks:
            yield since, given
            since = parted
        yield since, float("inf")

    def idle_since(self, at: float) -> tuple[float, float]:
        """The earliest and the latest moment at which he may have become idle."""
        parted = [parted for _, parted in self.talks if parted <= at]
        return (parted[-1], parted[-1]) if parted else self.ready


@dataclass
class Caller:
    """One record, as the API tells it."""

    record: Mapping[str, Any]
    asks: Asks

    @property
    def entered(self) -> float:
        return float(self.record["queued_at"])

    @property
    def ready(self) -> float:
        return max(self.entered, float(self.record["arrived_at"]) + READY_S)

    @property
    def decision(self) -> Mapping[str, Any]:
        (only,) = self.record["decisions"]
        return dict(only)

    @property
    def served(self) -> float:
        return float(self.decision["at"])

    def parts(self, at: float) -> dict[str, float]:
        """Why he stands before others: minutes by reason."""
        raised = [step for step in self.record["timeline"] if step["kind"] == "priority" and step["at"] <= at]
        parts = {"queue": float(self.asks.priority), "supervisor": 0.0}
        if raised:
            parts["supervisor"] = float(raised[-1]["detail"]["minutes"])
        return {why: minutes for why, minutes in parts.items() if minutes}

    def place(self, at: float) -> tuple[float, float]:
        """His place in the one order: the smaller is served first."""
        return self.entered - 60 * sum(self.parts(at).values()), self.entered

    def may_have(self, ability: Ability, at: float) -> bool:
        """Whether such an agent could take him."""
        required = self.asks.required(at - self.entered)
        return self.record["queue"] in ability.queues and all(
            ability.skills.get(skill, 0) >= level for skill, level in required.items()
        )


class Day:
    """All callers and agents of a test, when everybody has been served."""

    def __init__(self, records: list[dict[str, Any]], desks: list[Desk], queues: Mapping[str, Asks]) -> None:
        self.desks = {desk.login: desk for desk in desks}
        self.callers = [Caller(record, queues[record["queue"]]) for record in records]
        self.callers.sort(key=lambda caller: (caller.served, caller.decision["detail"]["decision"]["score"]))
        for caller in self.callers:
            (parted,) = [step["at"] for step in caller.record["timeline"] if step["kind"] == "parted"]
            self.desks[caller.record["agent"]].talks.append((caller.served, parted))
        for desk in desks:
            desk.talks.sort()
            assert all(before[1] <= after[0] for before, after in pairwise(desk.talks)), "one at a time"

    def check(self) -> None:
        """Everything was as the rule says. AssertionError that names who was wronged."""
        for number, caller in enumerate(self.callers):
            waiting = [each for each in self.callers[number + 1 :] if each.entered <= caller.served]
            self._check_place(caller, waiting)
            self._check_order(caller, waiting)
            self._check_agent(caller)
            self._check_passed_over(caller)
            self._check_words(caller)
        self._check_nobody_idle()

    def _check_place(self, caller: Caller, waiting: list[Caller]) -> None:
        at, kept = caller.served, caller.decision["detail"]["decision"]
        score, _ = place = caller.place(at)
        assert abs(kept["score"] - score) < EXACT_S
        assert abs(caller.decision["detail"]["waited_s"] - (at - caller.entered)) < EXACT_S
        assert {part["why"]: part["minutes"] for part in kept["priority"]} == caller.parts(at)
        queue = [each for each in waiting if each.record["queue"] == caller.record["queue"]]
        assert kept["position"] == 1 + sum(each.place(at) < place for each in queue)

    def _check_order(self, caller: Caller, waiting: list[Caller]) -> None:
        """Nobody was overtaken whom this agent could have taken."""
        at, agent = caller.served, self.desks[caller.record["agent"]]
        for other in waiting:
            could = other.ready <= at and all(other.may_have(each, at) for each in agent.possible(at))
            if could:
                assert caller.place(at) < other.place(at), (
                    f"{agent.login} got {caller.record['caller']} before {other.record['caller']}"
                )

    def _check_agent(self, caller: Caller) -> None:
        """All that were free and able are candidates, nobody else is, and the best of them has the caller."""
        at, kept = caller.served, caller.decision["detail"]["decision"]
        idle = {each["login"]: each["idle_s"] for each in kept["candidates"]}
        assert kept["chosen"] == [caller.record["agent"]] == [next(iter(idle))]
        for desk in self.desks.values():
            possible = desk.possible(at)
            able = [each for each in possible if caller.may_have(each, at)]
            if desk.login in idle:
                assert able, f"{desk.login} is a candidate and could not take {caller.record['caller']}"
                assert not desk.is_busy(at), f"{desk.login} is a candidate and busy"
                first, last = desk.idle_since(at)
                assert first - EXACT_S <= at - idle[desk.login] <= last + EXACT_S, f"{desk.login}'s idle time"
            elif able == possible:
                since = [begin for begin, end in desk.free() if begin <= at < end]
                assert not since or at - since[-1] < IDLE_S, f"{desk.login} is free, and no candidate"
        best = min(idle, key=lambda login: self._rank(self.desks[login], caller, idle[login]))
        assert best == caller.record["agent"], f"{caller.record['caller']} is for {best}"
        assert caller.decision["detail"]["rule"] == "least_flexible"

    @staticmethod
    def _rank(desk: Desk, caller: Caller, idle_s: float) -> tuple[int, int, int, float, str]:
        at = caller.served
        (*_, ability) = [each for each in desk.possible(at) if caller.may_have(each, at)]
        wished = caller.asks.preferred(at - caller.entered)
        missing = sum(max(0, level - ability.skills.get(skill, 0)) for skill, level in wished.items())
        breadth = len(ability.queues) + len(ability.skills)
        return missing, breadth, sum(ability.skills.values()), -idle_s, desk.login

    def _check_passed_over(self, caller: Caller) -> None:
        """Every other agent of the queue is named, with a reason that was true."""
        at, kept = caller.served, caller.decision["detail"]["decision"]
        queue, required = caller.record["queue"], caller.asks.required(at - caller.entered)
        named = {each["login"] for each in kept["candidates"]} | {
            each["login"] for each in kept["passed_over"]
        }
        for desk in self.desks.values():
            belongs = [queue in ability.queues for ability in desk.possible(at)]
            must, may = all(belongs) and at > desk.ready[1], any(belongs) and at >= desk.ready[0]
            assert must <= (desk.login in named) <= may, f"{desk.login} and {queue}"
        for each in kept["passed_over"]:
            desk = self.desks[each["login"]]
            if each["reason"] == "skill":
                skill, level, has = each["detail"], each["level"], each["has"]
                assert required[skill] == level > has
                assert has in [ability.skills.get(skill, 0) for ability in desk.possible(at)]
            else:
                just_parted = at - desk.idle_since(at)[1] < IDLE_S
                assert desk.is_busy(at) or just_parted or at <= desk.ready[1], f"{each} at {at}"
        assert sum(kept["passed_counts"].values()) == len(kept["passed_over"])

    def _check_words(self, caller: Caller) -> None:
        """Both sentences name the figures."""
        decision, detail = caller.decision, caller.decision["detail"]
        kept, waited_s = detail["decision"], caller.served - caller.entered
        agent, queue = caller.record["agent"], caller.record["queue"]
        idle, waited = f"{detail['idle_s']:.0f}", f"{detail['waited_s']:.0f}"
        needs = ", ".join(f"{skill} {level}" for skill, level in caller.asks.needs.items())
        said = {
            "en": [
                f"Given to {agent} by “least flexible first”: idle for {idle} s",
                f"Waited {waited} s, place {kept['position']} in {queue}",
            ],
            "zh": [
                f"按“技能最专一者优先”分配给 {agent}：已空闲 {idle} 秒",
                f"来电已等待 {waited} 秒，在 {queue} 排第 {kept['position']} 位",
            ],
        }
        if (count := len(kept["candidates"])) > 1:
            said["en"].append(f"the best of {count} free agents")
            said["zh"].append(f"是 {count} 名空闲坐席中的首选")
        if parts := caller.parts(caller.served):
            said["en"].append(f"priority {sum(parts.values()):+g} min")
            said["zh"].append(f"优先 {sum(parts.values()):+g} 分钟")
        if "supervisor" in parts:
            said["en"].append(f"supervisor {parts['supervisor']:+g}")
            said["zh"].append(f"班长 {parts['supervisor']:+g}")
        if needs:
            said["en"].append(f"needs {needs}")
            said["zh"].append(f"要求 {needs}")
        if wished := caller.asks.preferred(waited_s):
            left = [f"{skill} {level}" for skill, level in caller.asks.required(waited_s).items()]
            left += [f"{skill} {level}?" for skill, level in wished.items()]
            assert kept["widened"] == left, f"after {waited_s:.4f} s: {kept}"
            said["en"].append(f"after widening {', '.join(left)}")
            said["zh"].append(f"放宽后为 {'，'.join(left)}")
        else:
            assert kept["widened"] is None
        for each in kept["passed_over"][:5]:
            said["en"].append(f"{each['login']}: ")
            said["zh"].append(f"{each['login']}：")
        for language, phrases in said.items():
            for phrase in phrases:
                assert phrase in decision[language], f"{phrase!r} is not in {decision[language]!r}"

    def _check_nobody_idle(self) -> None:
        for desk in self.desks.values():
            for begin, end in desk.free():
                for caller in self.callers:
                    self._check_not_both(desk, begin, end, caller)

    @staticmethod
    def _check_not_both(desk: Desk, begin: float, end: float, caller: Caller) -> None:
        """The agent was not free, and the caller waiting and for him, for longer than IDLE_S."""
        begin, end = max(begin, caller.ready), min(end, caller.served)
        if begin >= end:
            return
        changes = [each.granted for each in desk.abilities]
        changes += [caller.entered + after_s for after_s, _ in caller.asks.steps]
        moments = sorted({begin, *(each for each in changes if begin < each < end), end})
        together = 0.0
        for since, until in pairwise(moments):
            middle = (since + until) / 2
            fits = all(caller.may_have(each, middle) for each in desk.possible(middle))
            together = together + until - since if fits else 0.0
            assert together <= IDLE_S, f"{desk.login} was free while {caller.record['caller']} waited"
