"""What a waiting caller is told, when, and that an agent who becomes free is never kept waiting by it."""

from dataclasses import replace

import pytest

from contactcenter import events as e
from contactcenter.commands import Announce, CutSpeech, LeaveQueue, OfferCall, ShowQueue, WaitOn
from contactcenter.routing.queues import QueueRules
from tests.core.world import RULES, World, queue

TOLD = {"announce_after_s": 30.0, "announce_every_s": 60.0, "ways_out": ("callback",)}


def world_of(*queues: QueueRules) -> World:
    return World(replace(RULES, queues=queues))


@pytest.fixture
def world() -> World:
    """Nobody is there but an agent who talks."""
    world = world_of(queue("support", **TOLD), queue("sales"))
    world.talks("first")
    return world


def listened(world: World, name: str = "ann") -> World:
    return world.step(e.AnnouncementEnded(at=world.now, call=name))


def said(world: World) -> list[tuple[str, int]]:
    return [(each.call, each.ahead) for each in world.commands(Announce)]


def test_each_is_told_the_place_after_a_while_and_then_from_time_to_time(world: World) -> None:
    world.waits("ann").waits("bob")
    assert said(world.wait(29)) == []
    assert said(world.wait(1)) == [("ann", 0), ("bob", 1)]
    assert world.commands(Announce)[0].ways == ("callback",)
    listened(world, "ann")
    listened(world, "bob")
    assert said(world.wait(59)) == []
    world.caller_ends("ann")
    assert said(world.wait(1)) == [("bob", 0)], "the place is the one of the moment"


def test_nobody_is_told_while_he_still_listens(world: World) -> None:
    world.waits("ann").wait(30)
    assert said(world.wait(300)) == []


def test_the_told_wait_never_grows_while_nobody_comes_in_front(world: World) -> None:
    world.waits("ann")
    told = []
    for _ in range(8):
        world.wait(60 if told else 30)
        told.append(world.commands(Announce)[0].wait_s)
        listened(world)
    assert told[0] is not None
    assert told == sorted(told, reverse=True)


def test_without_agents_nothing_is_said_of_the_wait() -> None:
    world = world_of(queue("support", without_agents=True, **TOLD), queue("sales"))
    world.waits("ann").wait(30)
    assert world.commands(Announce)[0].wait_s is None


def test_a_queue_shows_how_long_a_newcomer_would_wait() -> None:
    world = world_of(queue("support", without_agents=True), queue("sales"))

    def shown() -> float | None:
        views = [each.view for each in world.commands(ShowQueue) if each.view.name == "support"]
        return views[-1].wait_s

    world.is_ready("tom")
    assert shown() == 0, "an agent is free"
    world.asks("tom", "paused")
    assert shown() is None, "nobody serves the queue"
    world.asks("tom", "available")
    world.talks("ann")
    busy = shown()
    assert busy
    world.waits("bob")
    longer = shown()
    assert longer
    assert longer > busy


def test_an_agent_cuts_the_announcement_short(world: World) -> None:
    world.waits("ann").wait(30)
    world.agent_ends("first")
    world.disposes(name="first")
    order = [type(each) for each in world.sent if isinstance(each, CutSpeech | OfferCall)]
    assert order == [CutSpeech, OfferCall]
    assert world.commands(CutSpeech)[0].leg == "ann"


def test_who_does_not_listen_is_not_cut(world: World) -> None:
    world.waits("ann").wait(5)
    world.agent_ends("first")
    world.disposes(name="first")
    assert world.commands(OfferCall)
    assert not world.commands(CutSpeech)


def test_after_a_missed_offer_he_is_told_again_in_his_turn(world: World) -> None:
    world.waits("ann").wait(30)
    world.agent_ends("first")
    world.disposes(name="first")
    listened(world)
    world.rings().misses()
    assert said(world.wait(59)) == []
    assert said(world.wait(1)) == [("ann", 0)]


def test_a_callback_chosen_meanwhile_is_a_way_out_of_the_queue(world: World) -> None:
    world.waits("ann").wait(30)
    world.step(e.CallbackAsked(at=world.now, call="ann", number="13900000001", queue="support"))
    assert [each.exit for each in world.commands(LeaveQueue)] == ["callback"]
    world.caller_ends()
    assert world.record().outcome == "callback"


def test_a_callback_chosen_too_late_is_none(world: World) -> None:
    """The agent was quicker than the key: the caller is connected."""
    world.waits("ann").wait(30)
    world.agent_ends("first")
    world.disposes(name="first")
    world.step(e.CallbackAsked(at=world.now, call="ann", number="13900000001", queue="support"))
    assert not world.commands(LeaveQueue)
    assert world.states() == ("offered", "reserved")
    assert world.call().interaction.record.callback == ""


# --- overflow ---


def test_who_waits_too_long_for_his_queue_goes_on_in_another_with_his_place() -> None:
    world = world_of(queue("support", overflow_after_s=60.0, overflow_queue="sales"), queue("sales"))
    world.signs_in("tom", "101").asks("tom", "paused")
    world.signs_in("ivy", "102", ("sales",)).asks("ivy", "paused")
    world.waits("ann", "support").wait(30)
    world.waits("bob", "sales").wait(29)
    assert world.call().queue == "support"
    world.wait(1)
    assert world.call().queue == "sales"
    kept = world.commands(WaitOn)[0]
    assert (kept.queue, kept.entered_at) == ("sales", world.call().queued_at), "it outlives a crash"
    assert world.floor.matcher.order("sales") == ("ann", "bob"), "the first entry counts"
    world.asks("ivy", "available")
    assert world.call().agent == "ivy"
    kinds = [(entry.kind, entry.detail.get("exit")) for entry in world.ledger.timelines["i-ann"]]
    assert ("left_queue", "overflow") in kinds


def test_a_closed_queue_takes_nobody_over_until_it_opens() -> None:
    world = world_of(queue("support", overflow_after_s=60.0, overflow_queue="sales"), queue("sales"))
    world.signs_in("tom", "101").asks("tom", "paused")
    world.waits("ann", "support").wait(60)
    assert world.call().queue == "support", "nobody is signed in there"
    world.signs_in("ivy", "102", ("sales",)).asks("ivy", "paused").wait(15)
    assert world.call().queue == "sales"
