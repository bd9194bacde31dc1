"""Mistakes in the rules of routing, each named with its key and what to do."""

from collections.abc import Mapping

import pytest

from contactcenter.routing.matching import Policy, Reserve
from contactcenter.routing.problems import Problem, circles, problems
from contactcenter.routing.queues import QueueRules
from contactcenter.routing.selection import Agent
from contactcenter.routing.skills import needs
from contactcenter.routing.widening import Widening


def queue(name: str = "support", **rules: object) -> QueueRules:
    return QueueRules(name=name, title={}, **rules)  # type: ignore[arg-type]


def found(*queues: QueueRules, **more: object) -> list[Problem]:
    return problems(queues, **({"skills": {"en", "vip"}} | more))  # type: ignore[arg-type]


EN5 = needs({"en": 5})


@pytest.mark.parametrize(
    ("rules", "where", "what"),
    [
        ({"needs": needs({"klingon": 1})}, "needs.klingon", "there is no skill 'klingon'"),
        ({"widening": (Widening(after_s=10, drop=("klingon",)),)}, "widening.0.klingon", "no skill"),
        ({"widening": (Widening(after_s=10, drop=("en",)),)}, "widening.0", "it can never match: no call"),
        (
            {"needs": EN5, "widening": (Widening(after_s=10, lower={"en": 5}),)},
            "widening.0",
            "it can never match: no call",
        ),
        (
            {"needs": EN5, "max_wait_s": 60.0, "widening": (Widening(after_s=60, drop=("en",)),)},
            "widening.0.after_s",
            "it can never match: after 60 s nobody waits any more",
        ),
        (
            {"widening": (Widening(after_s=10, also_queues=("nowhere",)),)},
            "widening.0.also_queues",
            "there is no queue 'nowhere'",
        ),
        (
            {
                "needs": EN5,
                "widening": (Widening(after_s=10, lower={"en": 2}), Widening(after_s=5, drop=("en",))),
            },
            "widening.1.after_s",
            "the step before comes later",
        ),
    ],
)
def test_an_error_is_named(rules: Mapping[str, object], where: str, what: str) -> None:
    first = found(queue(**rules))[0]
    assert (first.severity, first.where) == ("error", f"queues.support.{where}")
    assert what in first.what
    assert first.remedy


def test_what_the_tiers_need_may_be_widened() -> None:
    rules = queue(widening=(Widening(after_s=10, drop=("vip",)),))
    assert found(rules, asked={"routing.tiers.gold.needs": needs({"vip": 1})}) == []
    (unknown,) = found(asked={"routing.tiers.gold.needs": needs({"gold": 1})})
    assert str(unknown) == (
        "routing.tiers.gold.needs.gold: there is no skill 'gold': add it to skills, or name another"
    )
    assert (
        found(policy=Policy(reserves=(Reserve(skill="law", hold_s=5),)))[0].where == "routing.reserve.0.law"
    )


def test_a_skill_that_nobody_has_and_a_queue_that_nobody_serves_are_warned_of() -> None:
    agents = [Agent(login="tom", queues=("support",), skills={"en": 3})]
    few, none, served = (
        found(queue(needs=EN5), agents=agents),
        found(queue("sales"), agents=agents),
        found(queue(needs=needs({"en": 3})), agents=agents),
    )
    assert [(each.severity, each.where) for each in few] == [("warning", "queues.support.needs.en")]
    assert few[0].what == "level 5 is needed, and of the queue's agents the best has level 3"
    assert none[0].what == "nobody serves this queue: its callers leave it at once, with no_agents"
    assert served == []


def test_widening_that_helps_nobody_is_warned_of() -> None:
    agents = [
        Agent(login="tom", queues=("support",), skills={"en": 3}),
        Agent(login="eve", queues=("sales",)),
    ]
    rules = queue(needs=EN5, widening=(Widening(after_s=10, lower={"en": 4}),))
    assert "even after the last step nobody" in found(rules, agents=agents)[-1].what
    enough = queue(needs=EN5, widening=(Widening(after_s=10, drop=("en",), also_queues=("sales",)),))
    assert [each.where for each in found(enough, queue("sales"), agents=agents)] == [
        "queues.support.needs.en"
    ]


def test_overflow_in_a_circle_is_an_error() -> None:
    ways = {"a": ("b",), "b": ("c", "d"), "c": ("a",), "d": ("d",)}
    assert circles(ways) == [("a", "b", "c"), ("d",)]
    ring = [queue(one, overflow_after_s=60.0, overflow_queue=other) for one, other in ("ab", "bc", "ca")]
    said = [(each.where, each.what) for each in found(*ring)]
    assert said == [("queues.a.overflow_queue", "callers would go in a circle: a → b → c → a")]


def test_overflow_that_leads_nowhere_or_never_comes_is_an_error() -> None:
    def said(**rules: object) -> list[str]:
        return [str(each) for each in found(queue("support", **rules), queue("sales"))]

    assert said(overflow_after_s=60.0, overflow_queue="sales") == []
    assert "there is no queue 'nope'" in said(overflow_after_s=60.0, overflow_queue="nope")[0]
    assert "overflow_after_s alone does nothing" in said(overflow_after_s=60.0)[0]
    assert "overflow_queue alone does nothing" in said(overflow_queue="sales")[0]
    assert "it never comes" in said(overflow_after_s=60.0, overflow_queue="sales", max_wait_s=60.0)[0]
