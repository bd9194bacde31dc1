"""Who gets whom: the matcher against a slow and obvious one, and its promises one by one."""

from collections.abc import Iterable, Mapping

from hypothesis import given
from hypothesis import strategies as st

from contactcenter.routing.decisions import Decision, Part
from contactcenter.routing.matching import Matcher, Policy, Waiting
from contactcenter.routing.queues import QueueRules
from contactcenter.routing.selection import STRATEGIES, Agent
from contactcenter.routing.skills import Need, merged, needs


def queue(name: str = "a", **rules: object) -> QueueRules:
    return QueueRules(name=name, title={"en": name}, **rules)  # type: ignore[arg-type]


def call(name: str, at: float = 0.0, minutes: float = 0.0, into: str = "a", **more: object) -> Waiting:
    parts = (Part(why="script", minutes=minutes),) if minutes else ()
    return Waiting(call=name, queue=into, entered_at=at, priority=parts, **more)  # type: ignore[arg-type]


def agent(login: str, idle_since: float = 0.0, queues: tuple[str, ...] = ("a",), **more: object) -> Agent:
    return Agent(login=login, idle_since=idle_since, queues=queues, **more)  # type: ignore[arg-type]


def matcher(
    queues: Iterable[QueueRules] = (queue(),),
    calls: Iterable[Waiting] = (),
    agents: Iterable[Agent] = (),
    policy: Policy | None = None,
) -> Matcher:
    made = Matcher(queues, policy)
    for each in calls:
        made.enter(each)
    for one in agents:
        made.free(one)
    return made


def pairs(decisions: Iterable[Decision]) -> list[tuple[str, str]]:
    return [(decision.call, decision.login) for decision in decisions]


# --- the order ---


def test_a_minute_of_priority_is_a_minute_of_waiting() -> None:
    made = matcher(calls=[call("ann", 0.0), call("vip", 299.0, 5), call("late", 301.0, 5), call("bob", 2.0)])
    assert made.order("a") == ("vip", "ann", "late", "bob")
    assert [made.position(name) for name in ("vip", "bob")] == [1, 4]
    agents = [agent(f"g{n}") for n in range(4)]
    for one in agents:
        made.free(one)
    assert [each.call for each in made.matches(400.0)] == ["vip", "ann", "late", "bob"]


def test_callers_of_all_queues_stand_in_one_order() -> None:
    calls = [call("x", 2, into="a"), call("y", 4, into="a"), call("z", 3, into="b")]
    agents = [agent("one", 1, ("a", "b")), agent("two", 2, ("a", "b"))]
    made = matcher((queue("a"), queue("b")), calls, agents)
    assert pairs(made.matches(10.0)) == [("x", "one"), ("z", "two")]


def test_a_queues_priority_counts_for_each_of_its_callers() -> None:
    made = matcher(
        (queue("a"), queue("b", priority=1)),
        [call("x", 0), call("y", 30, into="b")],
        [agent("one", 0, ("a", "b"))],
    )
    decision = made.matches(40.0)[0]
    assert (decision.call, decision.priority) == ("y", (Part(why="queue", minutes=1),))


def test_who_cannot_be_served_holds_up_nobody_behind() -> None:
    made = matcher(
        (queue("a"), queue("b")), [call("x", 1), call("y", 2, into="b")], [agent("bee", 1, ("b",))]
    )
    assert pairs(made.matches(10.0)) == [("y", "bee")]


def test_who_cannot_be_offered_yet_keeps_the_place() -> None:
    made = matcher(agents=[agent("tom")])
    made.enter(call("ann", 0), ready=False)
    assert made.matches(1.0) == []
    made.enter(call("bob", 1))
    assert (made.position("ann"), pairs(made.matches(1.0))) == (1, [("bob", "tom")])
    made.make_ready("ann")
    made.free(agent("eve"))
    assert pairs(made.matches(2.0)) == [("ann", "eve")]


def test_the_longest_wait_is_known_whatever_the_priority() -> None:
    made = matcher(calls=[call("vip", 5, 9), call("ann", 1), call("bob", 3)])
    assert (made.longest_since("a"), made.waiting("a")) == (1, 3)
    assert made.leave("ann")
    assert not made.leave("ann")
    assert made.longest_since("a") == 3


# --- needs ---


def test_needs_of_several_sources_go_by_the_highest_level() -> None:
    got = merged(
        needs({"zh": 2}, {"vip": 1}), needs({"zh": 5, "vip": 1}), needs(preferred={"zh": 3, "law": 2})
    )
    assert got == (
        Need(skill="vip", level=1),
        Need(skill="zh", level=5),
        Need(skill="law", level=2, required=False),
    )


def test_nobody_below_a_required_level_and_first_who_has_what_is_preferred() -> None:
    agents = [
        agent("low", 0, skills={"zh": 4, "vip": 9}),
        agent("fit", 1, skills={"zh": 5}),
        agent("best", 2, skills={"zh": 6, "vip": 2}),
    ]
    wanted = needs({"zh": 5}, {"vip": 2})
    made = matcher(calls=[call("x", needs=wanted), call("y", 1, needs=wanted), call("z", 2, needs=wanted)])
    for one in agents:
        made.free(one)
    decisions = made.matches(10.0)
    assert pairs(decisions) == [("x", "best"), ("y", "fit")]
    (low,) = decisions[0].passed_over
    assert (low.login, low.reason, low.detail, low.level, low.has) == ("low", "skill", "zh", 5, 4)


# --- a slow and obvious matcher ---

SKILLS = st.dictionaries(st.sampled_from(["s", "t"]), st.integers(1, 3), max_size=2)
INTO = st.sampled_from(["a", "b", "c"])
CALLS = st.lists(st.tuples(INTO, st.integers(0, 2), st.integers(0, 200), SKILLS, SKILLS), max_size=10)
AGENTS = st.lists(st.tuples(st.sets(INTO, min_size=1), SKILLS, st.integers(0, 5)), max_size=8)


def able(one: Agent, queues: Iterable[str], wanted: Iterable[Need]) -> bool:
    skills: Mapping[str, int] = one.skills
    return bool({*queues} & {*one.queues}) and all(
        skills.get(need.skill, 0) >= need.level for need in wanted if need.required
    )


@given(CALLS, AGENTS, st.sampled_from(sorted(STRATEGIES)), st.randoms(use_true_random=False))
def test_one_after_the_other_in_the_one_order_and_nobody_is_left_standing(
    callers: list[tuple[str, int, int, dict[str, int], dict[str, int]]],
    people: list[tuple[set[str], dict[str, int], int]],
    strategy: str,
    dice: object,
) -> None:
    calls = {
        f"c{n}": call(f"c{n}", at, minutes, into, needs=needs(must, may))
        for n, (into, minutes, at, must, may) in enumerate(callers)
    }
    free = {
        f"g{n}": agent(f"g{n}", since, tuple(sorted(into)), skills=skills)
        for n, (into, skills, since) in enumerate(people)
    }
    made = matcher([queue(name, strategy=strategy, seats=1) for name in "abc"])
    told = [*calls.values(), *free.values()]
    dice.shuffle(told)  # type: ignore[attr-defined]
    for each in told:
        if isinstance(each, Agent):
            made.free(each)
        else:
            made.enter(each)
    decisions = made.matches(300.0)
    left = dict(free)
    for each in sorted(calls.values(), key=lambda c: (made_score(c), c.entered_at, c.call)):
        can = [one for one in left.values() if able(one, [each.queue], each.needs)]
        mine = next((decision for decision in decisions if decision.call == each.call), None)
        assert bool(mine) == bool(can), "served if, and only if, somebody can"
        if mine:
            assert left.pop(mine.login) in can
            assert {one.login for one in can} == {candidate.login for candidate in mine.candidates}
            assert mine.candidates[0].login == mine.login
    assert [decision.call for decision in decisions] == sorted(
        (decision.call for decision in decisions),
        key=lambda c: (made_score(calls[c]), calls[c].entered_at, c),
    )
    assert made.matches(300.0) == []


def made_score(each: Waiting) -> float:
    return each.entered_at - 60.0 * sum(part.minutes for part in each.priority)
