"""Who gets whom and when, told as stories: several phones, what speaks for a caller, rest."""

from dataclasses import replace
from math import exp, log
from random import Random

import pytest

from contactcenter import events as e
from contactcenter.agents import OCCUPANCY_S
from contactcenter.claims import Claim, Claims, Conditional
from contactcenter.commands import EndLeg, OfferCall, OfferTaken, Refused, SaveAudit, ShowCall
from contactcenter.routing.skills import needs
from contactcenter.routing.widening import Widening
from contactcenter.rules import Rules
from contactcenter.values import CustomerCard, LegSeen, PastInteraction
from tests.core.invariants import check_empty
from tests.core.world import ADA, BOB, RULES, SERVER, World, queue


@pytest.fixture
def world() -> World:
    return World()


# --- several phones ring, one wins ---

SEVERAL = Rules(
    queues=(queue("support", strategy="ring_several", seats=3),), dispositions=frozenset({"done", "again"})
)


def ringing_at_three() -> World:
    world = World(SEVERAL)
    for login, phone in (("tom", "101"), ("eve", "102"), ("zoe", "103")):
        world.is_ready(login, phone)
    world.waits()
    assert world.commands(OfferCall)[0].phones == ("102", "101", "103")
    assert {agent.state for agent in world.floor.agents.values()} == {"reserved"}
    for phone in ("101", "102", "103"):
        world.rings(phone=phone)
    return world


def test_two_answer_within_a_millisecond_and_one_wins() -> None:
    world = ringing_at_three()
    world.step(
        e.LegAnswered(at=world.now, leg="ann>102"),
        e.LegAnswered(at=world.now, leg="ann>101"),
        e.LegJoined(at=world.now, leg="ann>101", bridge="b"),
        e.LegJoined(at=world.now, leg="ann", bridge="b"),
    )
    assert (world.call().state, world.call().agent, world.agent("tom").state) == ("talking", "tom", "talking")
    assert [world.agent(login).state for login in ("eve", "zoe")] == ["available", "available"]
    assert [(taken.login, taken.by) for taken in world.commands(OfferTaken)] == [
        ("eve", "Tom"),
        ("zoe", "Tom"),
    ]
    assert [end.leg for end in world.commands(EndLeg)] == ["ann>102"], "the other one that was answered"
    assert not world.floor.is_free(world.agent("eve")), "her phone still rings, as far as we heard"
    world.step(e.LegEnded(at=world.now, leg="ann>102"), e.LegEnded(at=world.now, leg="ann>103", cause=26))
    assert world.floor.is_free(world.agent("eve"))
    world.agent_ends().disposes("tom").caller_ends()
    assert world.record().agent == "tom"


def test_nobody_of_several_answers_and_each_is_told_why() -> None:
    world = ringing_at_three()
    world.step(e.LegEnded(at=world.now, leg="ann>103", cause=21))
    assert world.agent("zoe").state == "reserved", "the others ring on"
    world.wait(20)
    ended = [e.LegEnded(at=world.now, leg=f"ann>{phone}") for phone in ("101", "102")]
    offer = world.call().offer
    world.step(*ended, e.OfferEnded(at=world.now, call="ann", offer=offer, status="NOANSWER"))
    assert world.call().state == "waiting"
    reasons = {login: world.agent(login).reason for login in ("tom", "eve", "zoe")}
    assert reasons == {"tom": "no_answer", "eve": "no_answer", "zoe": "busy"}


def test_who_declines_is_paused_when_another_has_answered() -> None:
    world = ringing_at_three()
    world.step(e.LegEnded(at=world.now, leg="ann>103", cause=21)).answers(phone="102")
    states = {login: world.agent(login).state for login in ("tom", "eve", "zoe")}
    assert states == {"tom": "available", "eve": "talking", "zoe": "paused"}


def test_the_caller_leaves_in_the_instant_of_the_answer() -> None:
    world = ringing_at_three()
    world.step(
        e.LegAnswered(at=world.now, leg="ann>102"),
        e.CallerLeft(at=world.now, call="ann"),
        e.LegEnded(at=world.now, leg="ann"),
        *(e.LegEnded(at=world.now, leg=f"ann>{phone}") for phone in ("101", "102", "103")),
    )
    assert {agent.state for agent in world.floor.agents.values()} == {"available"}
    assert world.record().outcome == "abandoned"


def test_a_persistent_line_is_not_one_of_several() -> None:
    world = World(SEVERAL)
    world.is_ready("tom", "101").is_ready("eve", "102")
    world.signs_in("zoe", "103").step(
        e.PhoneChosen(at=world.now, login="zoe", phone="103", line="persistent", request=world.request())
    )
    line = world.agent("zoe").line_leg
    world.step(
        e.LegStarted(at=world.now, leg=line, server=SERVER, phone="103"),
        e.LegAnswered(at=world.now, leg=line),
    )
    world.asks("zoe", "available")
    world.wait(1).waits()
    assert world.commands(OfferCall)[0].phones == ("102", "101")
    assert world.agent("zoe").state == "available"


def test_one_answer_that_nobody_heard_is_known_by_its_phone() -> None:
    world = ringing_at_three()
    world.lose_link().wait(60)
    offer = world.call().offer
    world.step(e.OfferEnded(at=world.now, call="ann", offer=offer, status="ANSWER", phone="103"))
    assert (world.record().agent, world.agent("zoe").state) == ("zoe", "wrap_up")
    assert [world.agent(login).state for login in ("eve", "tom")] == ["available", "available"]


# --- what speaks for a caller ---

GOLD = replace(ADA, tier="gold", save_desk=True, last=())
CLAIMS = Claims(
    dids={"4009": Claim(priority=1)},
    tiers={"gold": Claim(priority=3, needs=needs({"vip": 2}))},
    languages={"en": Claim(needs=needs({"en": 1}))},
    save_desk=Claim(priority=10),
)
CLAIMED = Rules(
    queues=(
        queue("support", priority=2, needs=needs({"en": 3}), widening=(Widening(after_s=60, drop=("vip",)),)),
    ),
    dispositions=frozenset({"done"}),
    claims=CLAIMS,
)


def test_each_part_of_a_priority_has_its_name() -> None:
    world = World(CLAIMED)
    world.signs_in().asks(state="paused").arrives(did="4009")
    world.step(e.LanguageChosen(at=world.now, call="ann", language="en")).is_known(customers=(GOLD,))
    world.step(e.CallQueued(at=world.now, call="ann", queue="support", priority=5, needs=needs({"en": 4})))
    ask = e.PriorityAsked(at=world.now, call="ann", minutes=-1, login="boss", name="Boss", request="r")
    world.step(ask)
    assert world.commands(SaveAudit)[0].entry.act == "priority"
    standing = world.floor.matcher.standing("ann", world.now)
    assert standing is not None
    assert {part.why: part.minutes for part in standing.priority} == {
        **{"queue": 2, "did": 1, "tier": 3, "save_desk": 10, "script": 5, "supervisor": -1}
    }
    assert world.call().minutes == 20
    assert standing.asked == needs({"en": 4, "vip": 2})
    shown = world.commands(ShowCall)[-1].view
    assert shown.urgency == {part.why: part.minutes for part in standing.priority}, "pages see the same"
    assert shown.needs == ("en 4", "vip 2")


LARGE = Conditional(
    name="large",
    when='customer.custom.seats >= 100 and "quiet" not in customer.tags',
    claim=Claim(priority=4, needs=needs({"law": 3})),
    queues=frozenset({"support"}),
)


def test_what_is_known_of_a_customer_speaks_for_him_under_its_own_name() -> None:
    elsewhere = replace(LARGE, name="elsewhere", queues=frozenset({"sales"}))
    everywhere = replace(LARGE, name="everywhere", queues=frozenset(), claim=Claim(priority=1))
    claims = Claims(conditions=(LARGE, elsewhere, everywhere))
    world = World(replace(CLAIMED, queues=(queue("support"),), claims=claims))
    world.signs_in().asks(state="paused").waits("ann")
    parts = {}
    for name, custom, tags in (
        ("ada", {"seats": 120}, ()),
        ("bob", {"seats": 99}, ()),
        ("cy", {}, ("quiet",)),
    ):
        card = replace(ADA, name=name, custom=custom, tags=tags, last=())
        world.is_known("ann", (card,))
        standing = world.floor.matcher.standing("ann", world.now)
        assert standing is not None
        parts[name] = ({part.why: part.minutes for part in standing.priority}, standing.asked)
    assert parts == {
        "ada": ({"large": 4, "everywhere": 1}, needs({"law": 3})), "bob": ({}, ()), "cy": ({}, ()),
    }  # fmt: skip


def test_a_customer_who_is_known_late_gets_his_place_late() -> None:
    world = World(CLAIMED)
    world.signs_in().asks(state="paused").waits("bob").wait(5).arrives("ann").queues("ann")
    assert world.floor.matcher.order("support") == ("bob", "ann")
    world.is_known("ann", (GOLD,))
    assert world.floor.matcher.order("support") == ("ann", "bob")
    world.is_known("ann", (GOLD, BOB))
    assert world.floor.matcher.order("support") == ("bob", "ann"), "two customers fit: who knows which"


def test_a_supervisors_change_outlives_a_restart() -> None:
    world = World(CLAIMED)
    world.signs_in().asks(state="paused").waits("bob").wait(5).waits("ann")
    ask = e.PriorityAsked(at=world.now, call="ann", minutes=7, login="boss", name="Boss", request="r")
    entered = world.step(ask).call().queued_at
    world.restart().connect(LegSeen(leg="ann"), LegSeen(leg="bob")).signs_in().asks(state="paused")
    for name, at in (("bob", entered - 5), ("ann", entered)):
        world.arrives(name, resumed=True, queue="support", entered_at=at).queues(name)
    assert world.floor.matcher.order("support") == ("ann", "bob")


def test_only_who_waits_can_be_moved(world: World) -> None:
    world.arrives().step(
        e.PriorityAsked(at=world.now, call="ann", minutes=7, login="boss", name="Boss", request="r")
    )
    assert world.commands(Refused)[0].message == "this caller does not wait"


def test_nobody_waits_longer_than_it_takes_to_widen() -> None:
    world = World(CLAIMED)
    world.is_ready(skills={"en": 5}).arrives().is_known(customers=(GOLD,)).queues()
    assert world.call().state == "waiting", "nobody has vip"
    assert world.wait(59).call().state == "waiting"
    world.wait(1.5)
    assert world.call().state == "offered"
    assert world.record().offered_at == world.record().queued_at + 60


def last(agent: str, name: str = "Ada") -> CustomerCard:
    past = PastInteraction(
        **{"id": "i0", "at": 0.0, "channel": "voice", "direction": "inbound", "queue": "support"},
        **{"agent": agent, "outcome": "answered", "disposition": "done", "note": ""},
    )
    return replace(ADA, name=name, last=(replace(past, agent=""), past))


KNOWN = Rules(queues=(queue("support", last_agent=True),), dispositions=frozenset({"done"}))


def test_the_last_agent_for_a_time_and_then_anybody() -> None:
    world = World(KNOWN)
    world.is_ready("tom", "101").talks("old", "tom", "101").is_ready("eve", "102")
    world.arrives().is_known(customers=(last("tom"),)).queues()
    assert (world.call().state, world.agent("eve").state) == ("waiting", "available")
    world.wait(19.9)
    assert world.call().state == "waiting"
    world.wait(0.2)
    assert world.call().agent == "eve"


def test_the_last_agent_is_not_waited_for_when_he_can_not_come_soon() -> None:
    world = World(KNOWN)
    world.is_ready("tom", "101").talks("old", "tom", "101").is_ready("eve", "102")
    world.arrives().is_known(customers=(last("tom"),)).queues().asks("tom", "paused")
    world.agent_ends("old").disposes("tom", "old")
    assert (world.agent("tom").state, world.call().agent) == ("paused", "eve")
    world.is_ready("zoe", "103").arrives("bob").is_known("bob", (last("nobody"),)).queues("bob")
    assert world.call("bob").agent == "zoe"


def test_the_last_agent_takes_his_customer_before_one_who_came_earlier_elsewhere() -> None:
    world = World(KNOWN)
    world.is_ready("tom", "101").talks("old", "tom", "101").arrives().is_known(
        customers=(last("tom"),)
    ).queues()
    world.agent_ends("old").disposes("tom", "old")
    assert (world.call().agent, world.call().why["rule"]) == ("tom", "preferred")


# --- rest and occupancy ---


def test_a_rest_after_each_call() -> None:
    world = World(replace(RULES, rest_s=15.0))
    world.talks().waits("bob").agent_ends().disposes()
    assert (world.agent().state, world.call("bob").state) == ("available", "waiting")
    assert world.wait(14.9).call("bob").state == "waiting"
    assert world.wait(0.2).call("bob").state == "offered"


def test_an_agent_who_was_busy_for_long_is_spared_until_the_share_falls() -> None:
    world = World(replace(RULES, occupancy_limit=0.8))
    world.talks().wait(2 * OCCUPANCY_S).waits("bob").agent_ends().disposes()
    busy = 1 - exp(-2)
    assert world.agent().occupancy == pytest.approx(busy, abs=0.001)
    rest = OCCUPANCY_S * log(busy / 0.8)
    assert world.wait(rest - 2).call("bob").state == "waiting"
    assert world.wait(4).call("bob").state == "offered"


# --- races, in every order ---

CROWD = Rules(
    queues=(queue("support", strategy="ring_several", seats=20, wrap_up_s=0),),
    dispositions=frozenset({"done"}),
)
PHONES = tuple(str(201 + n) for n in range(20))


@pytest.mark.parametrize("seed", range(200))
def test_twenty_phones_ring_two_answer_within_a_millisecond_in_any_order(seed: int) -> None:
    """And in every third world the caller hangs up in that instant, too. The events of different legs come in
    any order; those of one leg in theirs."""
    dice = Random(seed)
    world = World(CROWD)
    for n, phone in enumerate(PHONES):
        world.is_ready(f"g{n:02}", phone)
    world.waits()
    assert set(world.commands(OfferCall)[0].phones) == {*PHONES}
    for phone in PHONES:
        world.rings(phone=phone)
    first, second = dice.sample(PHONES, 2)
    now, leaves = world.now, seed % 3 == 0
    roads: list[list[e.Event]] = [
        [
            e.LegAnswered(at=now, leg=f"ann>{first}"),
            e.LegJoined(at=now, leg=f"ann>{first}", bridge="b"),
            *([e.LegEnded(at=now, leg=f"ann>{first}")] if leaves else []),
        ],
        [e.LegAnswered(at=now, leg=f"ann>{second}"), e.LegEnded(at=now, leg=f"ann>{second}", cause=26)],
        [e.LegJoined(at=now, leg="ann", bridge="b"), *([e.LegEnded(at=now, leg="ann")] if leaves else [])],
        [e.CallerLeft(at=now, call="ann")] if leaves else [],
        *(
            [e.LegEnded(at=now, leg=f"ann>{phone}", cause=26)]
            for phone in PHONES
            if phone not in (first, second)
        ),
    ]
    while roads := [road for road in roads if road]:
        world.step(dice.choice(roads).pop(0))
    talking = [agent for agent in world.floor.agents.values() if agent.state == "talking"]
    if leaves:
        assert not talking
        assert world.record().outcome in ("answered", "abandoned")
    else:
        assert [agent.phone for agent in talking] == [first]
        world.agent_ends(phone=first).caller_ends()
    world.snapshot()
    assert {agent.state for agent in world.floor.agents.values()} == {"available"}
    check_empty(world.floor)


def test_who_misses_call_after_call_is_paused_each_time_and_may_always_come_back(world: World) -> None:
    world.is_ready().waits()
    for _ in range(10):
        world.rings().wait(20)
        world.misses()
        assert (world.agent().state, world.agent().reason) == ("paused", "no_answer")
        assert world.call().state == "waiting"
        world.asks(state="available")
        assert world.states() == ("offered", "reserved")
    world.rings().answers()
    assert world.states() == ("talking", "talking")
