"""Rules and agents that change while callers wait, ring, talk and are wrapped up."""

from dataclasses import replace
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from contactcenter import events as e
from contactcenter.calls import CallState
from contactcenter.commands import Accepted, DropQueue, OfferCall, ReturnChange, ScreenPop, ShowQueue
from contactcenter.offers import OfferState
from contactcenter.routing.hours import Calendar
from contactcenter.routing.skills import needs
from contactcenter.rules import Rules
from contactcenter.tracing.trace import decode, encode
from tests.core.invariants import check_empty
from tests.core.world import RULES, World, queue

SUPPORT = queue("support", without_agents=True)
SALES = queue("sales", without_agents=True)
BASE = replace(RULES, queues=(SUPPORT, SALES), fallback_queue="sales")


def rules(*queues: object, **changes: object) -> Rules:
    """The base rules with these queues instead."""
    return replace(BASE, queues=queues, **changes)  # type: ignore[arg-type]


def change(world: World, new: Rules, version: int = 2) -> World:
    """The configuration gets a new version."""
    return world.step(e.RulesChanged(at=world.now, rules=new, version=version))


def retrain(world: World, login: str = "tom", *queues: str, **skills: int) -> World:
    """The agent is put into these queues, with these skills."""
    return world.step(e.AgentChanged(at=world.now, login=login, queues=queues, skills=skills))


def conserved(world: World) -> bool:
    """Who entered is waiting, or has left by one of the ways out: in each queue that there is."""
    offered = [call for call in world.floor.calls.values() if call.state is CallState.OFFERED]
    return all(
        figures.offered
        == figures.answered
        + figures.abandoned
        + sum(figures.exits.values())
        + world.floor.matcher.waiting(name)
        + sum(call.queue == name for call in offered)
        for name in world.floor.queues
        for figures in [world.figures("queue", name)]
    )


@pytest.fixture
def world() -> World:
    return World(BASE)


def test_a_change_of_rules_can_stand_in_a_trace() -> None:
    hours = Calendar(
        zone=ZoneInfo("Asia/Shanghai"),
        week=(((time(9), time(18)),),) * 5 + ((),) * 2,
        holidays={date(2027, 1, 1): ()},
        emergency={"zh": "停", "en": "shut"},
    )
    busy = replace(SUPPORT, calendar=hours, needs=needs({"zh": 5}, {"billing": 2}))
    event = e.RulesChanged(at=1.0, rules=rules(busy, SALES), version=3)
    assert decode(encode(event)) == event


# --- rules ---


def test_who_waits_goes_on_waiting_by_the_new_rules(world: World) -> None:
    world.waits("ann").wait(10)
    world.waits("ben", "sales").wait(10)
    before = [world.floor.matcher.place(name) for name in ("ann", "ben")]
    change(world, rules(replace(SUPPORT, max_wait_s=60.0, ring_s=7), SALES))
    assert [world.floor.matcher.place(name) for name in ("ann", "ben")] == before, "the places stay"
    world.is_ready("tom")
    (called,) = world.commands(OfferCall)
    assert (called.call, called.ring_s) == ("ann", 7)
    assert conserved(world)


def test_the_longest_wait_is_counted_anew_from_the_entry(world: World) -> None:
    world.waits("ann").wait(100)
    change(world, rules(replace(SUPPORT, max_wait_s=300.0), SALES))
    world.wait(199)
    assert world.call("ann").state is CallState.WAITING
    world.wait(1)
    assert world.call("ann").left_queue == "timeout"
    world.waits("ben").wait(100)
    change(world, rules(replace(SUPPORT, max_wait_s=50.0), SALES), 3)
    world.wait(0)
    assert world.call("ben").left_queue == "timeout", "what is over by the new rules is over at once"
    assert conserved(world)


def test_needs_count_in_the_very_next_decision(world: World) -> None:
    world.signs_in("tom").signs_in("ida", "102")
    retrain(world, "ida", "support", zh=8)
    change(world, rules(replace(SUPPORT, needs=needs({"zh": 5})), SALES))
    world.asks("tom", "available")
    world.waits("ann")
    assert world.commands(ScreenPop) == []
    world.asks("ida", "available")
    assert [pop.login for pop in world.commands(ScreenPop)] == ["ida"]
    world.waits("ben")
    assert world.commands(ScreenPop) == []
    change(world, BASE, 3)
    assert [pop.login for pop in world.commands(ScreenPop)] == ["tom"], "in the same event"


def test_an_offer_whose_phone_rings_goes_on_and_one_that_does_not_is_decided_anew(world: World) -> None:
    world.is_ready("tom").waits("ann").rings("ann")
    world.is_ready("ida", "102", page=True).waits("ben")
    first, second = sorted(world.floor.offers.values(), key=lambda made: made.call)
    assert (first.state, second.state) == (OfferState.RINGING, OfferState.POPPED)
    change(world, rules(replace(SUPPORT, needs=needs({"zh": 5})), SALES))
    assert world.states("ben", "ida") == ("waiting", "available")
    assert world.states("ann", "tom") == ("offered", "reserved")
    world.answers("ann")
    assert world.states("ann", "tom") == ("talking", "talking")
    change(world, BASE, 3)
    assert world.states("ben", "ida") == ("offered", "reserved")
    assert world.record("ben").offers == 2
    assert conserved(world)


def test_talks_and_wrap_ups_go_on_and_the_next_wrap_up_is_the_new_one(world: World) -> None:
    world.talks("ann")
    change(world, rules(replace(SUPPORT, wrap_up_s=5), SALES))
    assert world.states() == ("talking", "talking")
    world.caller_ends("ann", "101")
    assert world.agent().until == world.now + 5
    change(world, rules(replace(SUPPORT, wrap_up_s=99), SALES), 3)
    assert world.agent().until == world.now + 5, "what was promised to the agent stays"
    world.wait(5)
    assert world.agent().state == "available"
    check_empty(world.floor)


def test_an_outcome_that_is_new_can_be_chosen_at_once(world: World) -> None:
    world.talks("ann").caller_ends("ann", "101")
    world.disposes(code="bought")
    assert world.agent().state == "wrap_up"
    change(world, replace(BASE, dispositions=frozenset({"bought"})))
    world.disposes(code="bought")
    assert world.record("ann").disposition == "bought"


def test_a_new_queue_takes_callers_at_once_and_knows_its_agents(world: World) -> None:
    world.is_ready("tom", queues=("support", "vip"))
    change(world, rules(SUPPORT, SALES, queue("vip")))
    (shown,) = [show.view for show in world.commands(ShowQueue) if show.view.name == "vip"]
    assert (shown.signed_in, shown.available) == (1, 1)
    world.waits("ann", "vip")
    assert world.states()[0] == "offered"


# --- a queue that is no more ---


def test_callers_of_a_deleted_queue_go_on_in_the_fallback_queue_at_their_place(world: World) -> None:
    world.waits("ann").wait(10)
    world.waits("ben", "sales").wait(10)
    change(world, rules(SALES))
    assert DropQueue(queue="support") in world.sent
    assert world.call("ann").queue == "sales"
    assert world.floor.matcher.order("sales") == ("ann", "ben"), "the first entry counts"
    assert world.record("ann").queue == "sales"
    assert conserved(world)
    world.is_ready("tom", queues=("sales",))
    assert world.states("ann")[0] == "offered"


def test_an_offer_from_a_deleted_queue_ends_by_its_state(world: World) -> None:
    world.is_ready("tom").waits("ann").rings("ann")
    world.is_ready("ida", "102", page=True).waits("ben")
    change(world, rules(SALES))
    assert world.states("ben", "ida") == ("waiting", "available"), "the phone did not ring yet"
    assert world.states("ann", "tom") == ("offered", "reserved"), "the phone rings"
    assert [world.call(name).queue for name in ("ann", "ben")] == ["sales", "sales"]
    assert conserved(world)
    world.misses(call="ann")
    assert world.floor.matcher.order("sales") == ("ann", "ben")
    assert world.agent("tom").reason == "no_answer"
    assert conserved(world)
    for name in ("ann", "ben"):
        world.caller_ends(name)
    assert world.figures("queue", "sales").abandoned == 2
    check_empty(world.floor)


def test_a_talk_from_a_deleted_queue_ends_as_any_other(world: World) -> None:
    world.talks("ann")
    change(world, rules(SALES))
    change(world, BASE, 3)  # and the queue comes back meanwhile
    assert world.floor.queues["support"].talking == 1
    change(world, rules(SALES), 4)
    world.caller_ends("ann", "101")
    assert world.record("ann").final, "without the queue nobody knows how long a wrap-up is"
    assert world.agent().state == "available"
    check_empty(world.floor)


def test_a_script_that_names_a_deleted_queue_is_told(world: World) -> None:
    world.arrives("ann").is_known("ann")
    change(world, rules(SALES))
    world.queues("ann", "support")
    assert world.call("ann").state is CallState.SCRIPT
    assert conserved(world)


# --- agents ---


def test_a_skill_counts_in_the_very_next_decision() -> None:
    world = World(rules(replace(SUPPORT, needs=needs({"billing": 5})), SALES))
    world.is_ready("tom").waits("ann")
    assert world.states() == ("waiting", "available")
    retrain(world, "tom", "support", billing=5)
    assert world.states() == ("offered", "reserved")


def test_a_queue_more_or_less_counts_in_the_very_next_decision(world: World) -> None:
    world.is_ready("tom").waits("ann", "sales")
    assert world.states() == ("waiting", "available")
    retrain(world, "tom", "support", "sales")
    assert world.states() == ("offered", "reserved")
    world.waits("ben", "support").rings("ann").misses(call="ann")
    retrain(world, "tom", "sales")
    world.asks("tom", "available")
    assert world.states("ann") == ("offered", "reserved")
    assert world.call("ben").state is CallState.WAITING


def test_a_skill_is_taken_away_in_mid_offer() -> None:
    world = World(rules(replace(SUPPORT, needs=needs({"billing": 5})), SALES))
    world.is_ready("tom", page=True)
    retrain(world, "tom", "support", billing=5)
    world.waits("ann")
    assert world.states() == ("offered", "reserved")
    retrain(world, "tom", "support")
    assert world.states() == ("waiting", "available"), "the phone did not ring yet"
    world.wait(1)
    assert world.commands(OfferCall) == []
    retrain(world, "tom", "support", billing=6)
    world.wait(1)
    world.rings("ann")
    retrain(world, "tom", "support")
    assert world.states() == ("offered", "reserved"), "the phone rings: he may answer"
    world.answers("ann")
    assert world.states() == ("talking", "talking")


def test_an_agent_who_is_not_signed_in_is_nobody_s_business(world: World) -> None:
    assert retrain(world, "tom", "sales").sent == []


def test_a_wish_is_granted_when_the_offer_is_taken_back(world: World) -> None:
    world.is_ready("tom", page=True).waits("ann").asks("tom", "paused", "lunch")
    assert world.states() == ("offered", "reserved")
    retrain(world, "tom", "sales")
    assert world.states() == ("waiting", "paused")


# --- for a while, and before it is done ---


def test_a_change_whose_time_is_over_is_told_once(world: World) -> None:
    world.step(e.ChangeTimed(at=world.now, change="7", until=world.now + 60))
    world.wait(59)
    assert world.commands(ReturnChange) == []
    world.wait(1)
    assert world.commands(ReturnChange) == [ReturnChange(change="7")]
    world.wait(3600)
    assert world.commands(ReturnChange) == []


def test_what_returned_while_nobody_was_there_returns_at_once(world: World) -> None:
    world.step(e.ChangeTimed(at=world.now, change="7", until=world.now - 3600))
    world.wait(0)
    assert world.commands(ReturnChange) == [ReturnChange(change="7")]


def test_an_automatic_return_counts_in_the_very_next_decision(world: World) -> None:
    world.is_ready("tom").waits("ann", "sales")
    retrain(world, "tom", "sales", "support")
    world.rings("ann").misses(call="ann")
    world.waits("ben", "sales")
    retrain(world, "tom", "support")  # the return
    world.asks("tom", "available")
    assert [world.call(name).state.value for name in ("ann", "ben")] == ["waiting", "waiting"]


def eligible(world: World, **agents: tuple[tuple[str, ...], dict[str, int]]) -> dict[str, Any]:
    """What a supervisor is told of a change that he thinks of."""
    request = world.request()
    world.step(e.EligibleAsked(at=world.now, login="boss", name="Boss", request=request, agents=agents))
    (accepted,) = world.commands(Accepted)
    answer: dict[str, Any] = accepted.answer
    return answer


def test_a_preview_counts_the_callers_that_somebody_could_be_offered() -> None:
    world = World(rules(replace(SUPPORT, needs=needs({"zh": 5})), SALES))
    world.signs_in("tom").signs_in("ida", "102")
    world.waits("ann").wait(1)
    world.waits("ben", "sales", priority=5).wait(1)
    world.waits("cem").is_ready("max", "103").waits("dan", "sales")
    found = eligible(
        world, tom=(("support",), {"zh": 5}), ida=(("sales",), {}), max=((), {}), una=(("sales",), {})
    )
    assert found == {
        "tom": {"before": 0, "after": 2, "calls": ["ann", "cem"]},
        "ida": {"before": 0, "after": 2, "calls": ["ben", "dan"]},
        "max": {"before": 0, "after": 0, "calls": []},
        "una": {"before": 0, "after": 2, "calls": ["ben", "dan"]},
    }
    retrain(world, "tom", "support", zh=9)
    assert eligible(world, tom=(("sales",), {}))["tom"] == {"before": 2, "after": 2, "calls": ["ben", "dan"]}
