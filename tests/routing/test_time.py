"""What time does to waiting callers and free agents, and what nobody may suffer by it.

The machine keeps a slow and obvious picture beside the matcher: whatever comes, goes, widens, rests and
is held back, each decision must be the next of the one order, and nobody may be left standing.
"""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from contactcenter.routing.decisions import Decision, Demand
from contactcenter.routing.matching import FREE, Matcher, Policy, Reserve, Waiting
from contactcenter.routing.queues import QueueRules
from contactcenter.routing.selection import Agent
from contactcenter.routing.skills import needs
from contactcenter.routing.widening import Widening
from tests.routing.test_matching import agent, call, matcher, pairs, queue

QUEUES = (
    queue("a", needs=needs({"s": 2}), widening=(Widening(after_s=10, lower={"s": 1}),), preferred_s=7.0),
    queue(
        "b",
        priority=1,
        preferred_s=0.0,
        widening=(Widening(after_s=5, drop=("s", "t")), Widening(after_s=30, also_queues=("a", "c"))),
    ),
    queue("c", strategy="ring_several", seats=2, target_s=15.0),
)
RULES = {each.name: each for each in QUEUES}


class Picture:
    """The obvious way: lists, and a look at everything at every step."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.matcher = Matcher(QUEUES, policy)
        self.at = 1000.0
        self.calls: dict[str, tuple[Waiting, bool]] = {}
        self.states: dict[str, tuple[Agent, str]] = {}
        self.offers = 0
        self.entered = self.left = 0

    # --- what happens ---

    def enter(self, into: str, minutes: int, wanted: dict[str, int], preferred: str, ready: bool) -> None:
        name = f"c{self.entered}"
        self.entered += 1
        waiting = call(name, self.at, minutes, into, needs=needs(wanted), preferred=preferred)
        self.calls[name] = (waiting, ready)
        self.matcher.enter(waiting, ready=ready)

    def leave(self, n: int) -> None:
        if self.calls:
            name = sorted(self.calls)[n % len(self.calls)]
            del self.calls[name]
            self.left += 1
            assert self.matcher.leave(name)

    def is_ready(self, n: int) -> None:
        if self.calls:
            name = sorted(self.calls)[n % len(self.calls)]
            self.calls[name] = (self.calls[name][0], True)
            self.matcher.make_ready(name)

    def is_free(self, n: int, skills: dict[str, int], into: frozenset[str], rest: float) -> None:
        one = agent(f"g{n}", self.at, tuple(sorted(into)), skills=skills, rest_until=self.at + rest)
        self.states[one.login] = (one, FREE)
        self.matcher.free(one)

    def is_busy(self, n: int, state: str) -> None:
        login = f"g{n}"
        one = self.states[login][0] if login in self.states else agent(login, self.at)
        if state == "gone":
            self.states.pop(login, None)
            self.matcher.gone(login)
        else:
            self.states[login] = (one, state)
            self.matcher.busy(one, state)

    def passes(self, seconds: float) -> None:
        """Time goes on, from one moment that the matcher asked for to the next."""
        until = self.at + seconds
        while (due := self.matcher.due()) is not None and due <= until:
            self.at = max(self.at, due)
            self.decide()
        self.at = until

    # --- what must be true ---

    def demand(self, waiting: Waiting) -> Demand:
        rules = RULES[waiting.queue]
        wanted = {need.skill: need.level for need in (*rules.needs, *waiting.needs)}
        for need in (*rules.needs, *waiting.needs):
            wanted[need.skill] = max(wanted[need.skill], need.level)
        original = dict(wanted)
        queues = [waiting.queue]
        for step in rules.widening:
            if waiting.entered_at + step.after_s <= self.at:
                for skill in step.drop:
                    wanted.pop(skill, None)
                for skill, level in step.lower.items():
                    wanted[skill] = min(wanted.get(skill, 0), level)
                queues += step.also_queues
        one, state = self.states.get(waiting.preferred, (agent("nobody", queues=()), "gone"))
        alone = (
            waiting.entered_at + rules.preferred_s > self.at
            and state in (FREE, "talking", "wrap_up", "reserved")
            and waiting.queue in one.queues
            and all(one.skills.get(skill, 0) >= level for skill, level in original.items())
        )
        required = needs({skill: level for skill, level in wanted.items() if level})
        return Demand(queues=tuple(queues), needs=required, only=one.login if alone else "")

    def can(self, one: Agent, waiting: Waiting) -> bool:
        demand = self.demand(waiting)
        held = [
            reserve.skill
            for reserve in self.policy.reserves
            if reserve.skill in one.skills and one.idle_since + reserve.hold_s > self.at
        ]
        return (
            bool({*one.queues} & {*demand.queues})
            and demand.only in ("", one.login)
            and one.rest_until <= self.at
            and all(one.skills.get(need.skill, 0) >= need.level for need in demand.needs)
            and (not held or any(need.skill in held for need in demand.needs))
        )

    def place(self, waiting: Waiting) -> tuple[int, float, float, str]:
        rules = RULES[waiting.queue]
        minutes = rules.priority + sum(part.minutes for part in waiting.priority)
        tier = 0
        if self.policy.order != "fair":
            late_s = (self.at - rules.target_s) - waiting.entered_at
            tier = 0 if late_s >= self.policy.overtaken_s else 1 if late_s <= 0 else 2
        return (tier, waiting.entered_at - 60 * minutes, waiting.entered_at, waiting.call)

    def decide(self) -> None:
        free = {login: one for login, (one, state) in self.states.items() if state == FREE}
        for decision in self.matcher.matches(self.at):
            servable = [
                waiting
                for waiting, ready in self.calls.values()
                if ready and any(self.can(one, waiting) for one in free.values())
            ]
            assert servable, "somebody was served who could not be"
            first = min(servable, key=self.place)
            assert decision.call == first.call, "the next of the one order"
            able = [one for one in free.values() if self.can(one, first)]
            self.check(decision, first, able)
            for login in decision.chosen:
                one = free.pop(login)
                self.states[login] = (one, "reserved")
            del self.calls[first.call]
            self.offers += 1
        for waiting, ready in self.calls.values():
            left = [one.login for one in free.values() if ready and self.can(one, waiting)]
            assert not left, f"{waiting.call} waits although {left} are free"
            assert waiting.call in self.matcher
        assert self.entered == self.offers + self.left + len(self.calls), "offered = exits + live"
        assert sum(self.matcher.waiting(name) for name in RULES) == len(self.calls)

    def check(self, decision: Decision, waiting: Waiting, able: list[Agent]) -> None:
        rules = RULES[waiting.queue]
        seats = rules.seats if rules.strategy == "ring_several" else 1
        assert len({*decision.chosen}) == len(decision.chosen) == min(seats, len(able))
        assert {*decision.chosen} <= {one.login for one in able}
        assert decision.candidate_count == len(able)
        assert {*decision.demand.queues} == {*self.demand(waiting).queues}
        assert not {each.login for each in decision.passed_over} & {one.login for one in able}
        assert sum(decision.passed_counts.values()) >= len(decision.passed_over)


SKILLS = st.dictionaries(st.sampled_from(["s", "t"]), st.integers(1, 3), max_size=2)
NAMES = st.integers(0, 4)
STEPS = st.one_of(
    st.tuples(
        st.just("enter"),
        st.sampled_from("abc"),
        st.integers(0, 1),
        SKILLS,
        st.sampled_from(["", "", "g0", "g1"]),
        st.booleans(),
    ),
    st.tuples(st.just("leave"), NAMES),
    st.tuples(st.just("is_ready"), NAMES),
    st.tuples(
        st.just("is_free"),
        NAMES,
        SKILLS,
        st.frozensets(st.sampled_from("abc"), min_size=1),
        st.sampled_from([0.0, 0.0, 3.0]),
    ),
    st.tuples(st.just("is_busy"), NAMES, st.sampled_from(["talking", "paused", "gone", "wrap_up"])),
    st.tuples(st.just("passes"), st.sampled_from([0.0, 0.1, 4.9, 5.0, 21.0, 80.0])),
)
POLICIES = st.sampled_from(
    [
        Policy(),
        Policy(reserves=(Reserve(skill="t", hold_s=6.0),)),
        Policy(order="service_level_first", overtaken_s=20.0, reserves=(Reserve(skill="t", hold_s=6.0),)),
    ]
)


@settings(max_examples=300, deadline=None)
@given(POLICIES, st.lists(STEPS, max_size=40))
def test_every_decision_is_the_next_of_the_one_order_and_nobody_is_left_standing(
    policy: Policy, steps: list[tuple[object, ...]]
) -> None:
    picture = Picture(policy)
    for name, *arguments in steps:
        act: Callable[..., None] = getattr(picture, str(name))
        act(*arguments)
        picture.decide()
    picture.passes(200.0)


# --- one by one ---


def test_a_step_comes_on_its_moment_although_nothing_else_happens() -> None:
    rules = queue(needs=needs({"s": 5}), widening=(Widening(after_s=10, lower={"s": 2}),))
    made = matcher((rules,), [call("ann", 100.0)], [agent("low", skills={"s": 2})])
    assert made.matches(100.0) == []
    assert made.due() == 110.0
    (decision,) = made.matches(110.0)
    assert (decision.asked, decision.demand.needs[0].level) == (needs({"s": 5}), 2)
    assert made.due() is None


def test_widening_does_not_depend_on_what_agents_do() -> None:
    """As it does where penalties are widened only while nobody is signed in."""
    rules = queue(needs=needs({"s": 5}), widening=(Widening(after_s=10, drop=("s",)),))
    for state in ("talking", "wrap_up", "paused"):
        made = matcher((rules,), [call("ann", 0.0)], [agent("able", skills={"s": 9})])
        made.busy(agent("able", skills={"s": 9}), state)
        made.matches(5.0)
        made.free(agent("low", 6.0))
        assert made.matches(9.9) == []
        assert pairs(made.matches(10.0)) == [("ann", "low")]


def test_own_agents_before_those_of_a_queue_that_is_opened() -> None:
    rules = (queue("a", widening=(Widening(after_s=10, also_queues=("b",)),)), queue("b"))
    made = matcher(rules, [call("ann", 0.0)])
    made.matches(10.0)
    made.free(agent("foreign", 0.0, ("b",)))
    made.free(agent("own", 9.0, ("a",)))
    assert pairs(made.matches(11.0)) == [("ann", "own")]


def test_a_late_entry_has_waited_already() -> None:
    """A caller who comes back after a restart goes on where he was."""
    rules = queue(needs=needs({"s": 5}), widening=(Widening(after_s=10, drop=("s",)),))
    made = matcher((rules,), [], [agent("low")])
    made.matches(500.0)
    made.enter(call("ann", 480.0))
    assert pairs(made.matches(500.0)) == [("ann", "low")]


def test_what_was_promised_to_an_agent_waits_for_him_even_if_he_is_not_there() -> None:
    made = matcher((queue(preferred_s=7.0),), [], [agent("other")])
    made.enter(call("ann", 0.0, preferred="best", alone_until=60.0))
    assert made.matches(0.0) == []
    standing = made.standing("ann", 10.0)
    assert standing
    assert [(each.reason, each.seconds) for each in standing.passed_over] == [("preferred", 50.0)]
    assert made.due() == 60.0
    assert pairs(made.matches(60.0)) == [("ann", "other")]


def test_the_preferred_agent_alone_for_a_time() -> None:
    made = matcher((queue(preferred_s=7.0),), [], [agent("other")])
    made.busy(agent("best"), "talking")
    made.enter(call("ann", 0.0, preferred="best"))
    assert made.matches(1.0) == []
    assert made.due() == 7.0
    made.enter(call("bob", 2.0))
    assert pairs(made.matches(2.0)) == [("bob", "other")], "starves nobody behind"
    made.free(agent("best", 3.0))
    decision = made.matches(3.0)[0]
    assert (decision.call, decision.login, decision.strategy) == ("ann", "best", "preferred")


def test_nobody_late_enough_is_overtaken() -> None:
    rules = (queue(target_s=20.0),)
    policy = Policy(order="service_level_first", overtaken_s=60.0)

    def first(at: float) -> tuple[str, int]:
        waiting = [call("old", 0.0), call("older", 10.0), call("new", at - 5)]
        (decision,) = matcher(rules, waiting, [agent("tom")], policy).matches(at)
        return decision.call, decision.overtook

    assert first(20.0) == ("old", 0), "still in time"
    assert first(31.0) == ("new", 2), "the target can be kept for one of them only"
    assert first(79.9) == ("new", 2)
    assert first(80.0) == ("old", 0), "late by 60 s: no more"


def test_a_rare_skill_is_held_back_for_those_who_need_it() -> None:
    policy = Policy(reserves=(Reserve(skill="vip", hold_s=15.0),))
    made = matcher((queue(),), [call("ann", 0.0)], [agent("rare", 0.0, skills={"vip": 1})], policy)
    assert made.matches(1.0) == []
    assert made.due() == 15.0
    made.enter(call("vip", 2.0, needs=needs({"vip": 1})))
    assert pairs(made.matches(2.0)) == [("vip", "rare")]
    made.free(agent("rare", 20.0, skills={"vip": 1}))
    assert made.matches(34.9) == []
    assert pairs(made.matches(35.0)) == [("ann", "rare")]


def test_round_robin_and_fewest_calls() -> None:
    def chosen(strategy: str) -> list[str]:
        people = [
            agent("idle", 1.0, served_at=90.0, taken=9),
            agent("turn", 3.0, served_at=10.0, taken=8),
            agent("few", 2.0, served_at=50.0, taken=1),
        ]
        made = matcher((queue(strategy=strategy),), agents=people)
        for n in range(3):
            made.enter(call(f"c{n}", float(n)))
        return [decision.login for decision in made.matches(100.0)]

    assert chosen("longest_idle") == ["idle", "few", "turn"]
    assert chosen("round_robin") == ["turn", "few", "idle"]
    assert chosen("fewest_calls") == ["few", "turn", "idle"]


def test_least_flexible_and_most_skilled() -> None:
    people = [
        agent("broad", 0.0, ("a", "b"), skills={"s": 9, "t": 9}),
        agent("narrow", 5.0, skills={"s": 3}),
    ]
    wanted = needs({"s": 2})
    for strategy, first in (("least_flexible", "narrow"), ("most_skilled", "broad")):
        made = matcher((queue(strategy=strategy), queue("b")), [call("x", needs=wanted)], people)
        assert made.matches(10.0)[0].login == first


# --- what others got wrong ---


def test_one_unavailable_agent_at_the_end_of_the_list_stops_nothing() -> None:
    made = matcher(agents=[agent(f"g{n}", float(n)) for n in range(3)])
    made.busy(agent("z-last", 99.0), "unreachable")
    for n in range(4):
        made.enter(call(f"c{n}", float(n)))
    assert pairs(made.matches(100.0)) == [("c0", "g0"), ("c1", "g1"), ("c2", "g2")]
    made.free(agent("g0", 101.0))
    assert pairs(made.matches(101.0)) == [("c3", "g0")]


def test_nobody_is_offered_twice() -> None:
    made = matcher(calls=[call("x"), call("y", 1.0)], agents=[agent("tom")])
    assert pairs(made.matches(2.0)) == [("x", "tom")]
    assert made.matches(2.0) == []
    made.enter(call("x"))
    assert made.matches(3.0) == [], "missed: back in the old place, and tom is still reserved"
    made.free(replace(agent("tom"), idle_since=4.0))
    assert pairs(made.matches(4.0)) == [("x", "tom")]


def test_times_that_were_given_up_are_forgotten() -> None:
    rules: QueueRules = queue(widening=(Widening(after_s=1000, also_queues=("b",)),))
    made = matcher((rules, queue("b")))
    for n in range(50):
        made.enter(call(f"c{n}", float(n)))
        made.leave(f"c{n}")
    assert made.due() is None
