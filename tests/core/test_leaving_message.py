"""Messages that callers leave: the place is kept until one is confirmed, and nobody cuts it."""

from dataclasses import replace

import pytest

from contactcenter import events as e
from contactcenter.commands import (
    DropRecording,
    FinishRecording,
    LeaveQueue,
    OfferCall,
    SaveRecording,
)
from contactcenter.values import RecordingKind, RecordingState
from tests.core.world import RULES, World, queue

TOLD = {"announce_after_s": 30.0, "ways_out": ("callback", "message"), "max_wait_s": 120.0}


@pytest.fixture
def world() -> World:
    """Ann waits, and is told how things stand; the only agent talks."""
    world = World(replace(RULES, queues=(queue("support", **TOLD), queue("sales"))))
    world.talks("first")
    return world.waits("ann").wait(30)


def chooses(world: World, name: str = "ann") -> World:
    return world.step(e.MessageAsked(at=world.now, call=name, queue="support"))


def begins(world: World, recording: str = "r1") -> World:
    return world.step(e.MessageStarted(at=world.now, call="ann", recording=recording))


def says(world: World, seconds: float = 8.0, recording: str = "r1") -> World:
    begins(world, recording).wait(seconds)
    return world.step(e.MessageStopped(at=world.now, call="ann", recording=recording, seconds=seconds))


def confirms(world: World, seconds: float = 8.0, recording: str = "r1") -> World:
    return world.step(
        e.MessageLeft(at=world.now, call="ann", recording=recording, queue="support", seconds=seconds),
        e.AnnouncementEnded(at=world.now, call="ann"),
    )


def gives_up(world: World) -> World:
    return world.step(
        e.MessageGivenUp(at=world.now, call="ann"), e.AnnouncementEnded(at=world.now, call="ann")
    )


def the_agent_is_free(world: World) -> World:
    world.agent_ends("first")
    return world.disposes(name="first")


def dropped(world: World) -> list[str]:
    return [each.recording for each in world.told_commands(DropRecording)]


def test_a_confirmed_message_ends_the_wait_and_is_kept(world: World) -> None:
    began = says(chooses(world)).now - 8
    assert world.call().queued_at is not None, "the place is kept until it is confirmed"
    confirms(world)
    assert [each.exit for each in world.commands(LeaveQueue)] == ["message"]
    (saved,), (finished,) = world.commands(SaveRecording), world.commands(FinishRecording)
    record = saved.record
    assert record == finished.record
    assert (record.id, record.kind, record.state) == ("r1", RecordingKind.MESSAGE, RecordingState.ENDED)
    assert (record.interaction, record.queue, record.agent) == ("i-ann", "support", "")
    assert (record.started_at, record.length_s) == (began, 8.0)
    world.caller_ends()
    assert world.record().outcome == "message"
    assert world.figures().exits == {"message": 1}
    assert not dropped(world)
    world.stops()


def test_an_agent_who_becomes_free_does_not_cut_it_and_gets_the_next_caller(world: World) -> None:
    chooses(world)
    the_agent_is_free(world)
    assert not world.commands(OfferCall)
    says(world)
    world.waits("bob")
    assert [each.call for each in world.commands(OfferCall)] == ["bob"]
    confirms(world)
    world.caller_ends()
    assert world.record().offers == 0


def test_without_a_message_he_is_served_in_his_old_place(world: World) -> None:
    world.waits("bob")
    says(chooses(world))
    the_agent_is_free(world)
    assert [each.call for each in world.told_commands(OfferCall)] == ["first", "bob"]
    world.rings("bob").misses(call="bob").asks("tom", "available")
    world.rings("bob").misses(call="bob")
    gives_up(world)
    assert dropped(world) == ["r1"]
    world.asks("tom", "available")
    assert [each.call for each in world.commands(OfferCall)] == ["ann"], "the first entry counts"


def test_what_was_said_before_is_dropped_when_he_says_it_again(world: World) -> None:
    says(chooses(world))
    says(world, recording="r2")
    confirms(world, recording="r2")
    assert dropped(world) == ["r1"]
    assert [each.record.id for each in world.told_commands(FinishRecording)] == ["r2"]


@pytest.mark.parametrize(("said_s", "outcome"), [(2.5, "message"), (1.5, "abandoned")])
def test_a_hang_up_in_the_middle_leaves_what_was_said_if_it_is_enough(
    world: World, said_s: float, outcome: str
) -> None:
    begins(chooses(world)).wait(said_s)
    world.caller_ends()
    assert world.record().outcome == outcome
    kept = [each.record.length_s for each in world.told_commands(FinishRecording)]
    assert kept == ([said_s] if outcome == "message" else [])
    assert dropped(world) == ([] if kept else ["r1"])
    assert world.figures().exits == ({"message": 1} if kept else {})
    world.stops()


def test_a_hang_up_instead_of_the_confirmation_leaves_it(world: World) -> None:
    says(chooses(world), seconds=5.0).wait(20)
    world.caller_ends()
    assert world.record().outcome == "message"
    (finished,) = world.told_commands(FinishRecording)
    assert finished.record.length_s == 5.0, "the question is not part of it"


def test_a_hang_up_before_the_tone_is_none(world: World) -> None:
    chooses(world).wait(10)
    world.caller_ends()
    assert world.record().outcome == "abandoned"
    assert not world.told_commands(FinishRecording)


def test_nobody_is_sent_away_while_he_speaks(world: World) -> None:
    """The longest wait is over in the middle of the message; it counts when he waits again."""
    says(chooses(world), seconds=100.0)
    assert world.call().state.value == "waiting"
    gives_up(world).wait(0)
    assert [each.exit for each in world.commands(LeaveQueue)] == ["timeout"]


def test_overflow_waits_for_the_end_of_the_message() -> None:
    rules = (queue("support", overflow_after_s=60.0, overflow_queue="sales", **TOLD), queue("sales"))
    world = World(replace(RULES, queues=rules))
    for login, phone, where in (("tom", "101", "support"), ("ivy", "102", "sales")):
        world.signs_in(login, phone, (where,)).asks(login, "paused")
    world.waits("ann").wait(30)
    says(chooses(world), seconds=60.0)
    assert world.call().queue == "support"
    gives_up(world).wait(0)
    assert world.call().queue == "sales"


def test_chosen_while_the_page_is_asked_the_agent_is_spared() -> None:
    world = World(replace(RULES, queues=(queue("support", **TOLD), queue("sales"))))
    world.signs_in(page=True).asks("tom", "paused").waits("ann").wait(30)
    world.asks("tom", "available")
    assert world.states() == ("offered", "reserved")
    chooses(world)
    assert world.states() == ("waiting", "available")
    says(world)
    assert world.states() == ("waiting", "available")
    gives_up(world)
    assert world.states() == ("offered", "reserved")


def test_chosen_too_late_it_is_none(world: World) -> None:
    """The phone rings already: the caller's session is about to connect him."""
    the_agent_is_free(world)
    assert world.commands(OfferCall)
    chooses(world)
    begins(world)
    assert dropped(world) == ["r1"]
    confirms(world)
    assert not world.told_commands(FinishRecording)
    assert world.states() == ("offered", "reserved")


def test_a_script_may_take_a_message_without_any_queue() -> None:
    world = World().arrives("ann").is_known("ann")
    world.step(e.MessageAsked(at=world.now, call="ann", queue="sales"))
    says(world)
    world.step(e.MessageLeft(at=world.now, call="ann", recording="r1", queue="sales", seconds=8.0))
    assert not world.commands(LeaveQueue)
    world.caller_ends()
    record = world.record()
    assert (record.outcome, record.queue) == ("message", "sales")
    world.stops()


def test_a_script_that_breaks_off_leaves_none() -> None:
    world = World().is_ready("tom").arrives("ann").is_known("ann")
    world.step(e.MessageAsked(at=world.now, call="ann"))
    begins(world)
    world.queues("ann")
    assert dropped(world) == ["r1"]
    assert [each.call for each in world.commands(OfferCall)] == ["ann"]


def test_words_of_another_message_change_nothing(world: World) -> None:
    says(chooses(world))
    confirms(world, recording="other")
    assert not world.told_commands(FinishRecording)
    assert world.call().queued_at is not None
