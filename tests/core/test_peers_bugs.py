"""Bugs that other contact centers really had, each with the story that shows we don't have it.

| Peer | Bug | Stories |
|---|---|---|
| FreeSWITCH mod_callcenter #1973 | "answered" for hours: an agent answers as the caller hangs up | tests/core/test_stories.py: test_the_caller_hangs_up_in_the_instant_of_the_answer, tests/e2e/test_races.py: test_the_caller_hangs_up_in_the_instant_of_the_answer |
| FreeSWITCH #2540 | several ring, another answers, agents stay reserved | tests/core/test_routing_stories.py: test_twenty_phones_ring_two_answer_within_a_millisecond_in_any_order, tests/e2e/test_races.py: test_twenty_phones_ring_two_answer_within_a_millisecond_and_one_talks |
| FreeSWITCH #2529 | the caller hangs up before a leg begins, and its phone rings on | tests/core/test_peers_bugs.py: test_a_leg_that_begins_after_its_caller_left_is_hung_up, tests/e2e/test_races.py: test_phones_stop_ringing_when_the_caller_hangs_up |
| FreeSWITCH #1221, #1216 | one unreachable agent at the end of the list stops the distribution | tests/core/test_peers_bugs.py: test_the_last_of_the_candidates_is_unreachable_and_others_are_served |
| Kazoo #6609 | signed out for ever after so many missed calls | tests/core/test_routing_stories.py: test_who_misses_call_after_call_is_paused_each_time_and_may_always_come_back, tests/core/test_peers_bugs.py: test_a_supervisor_brings_back_who_missed_calls |
| Kazoo #2689 | the agent answers a call of no queue while a caller rings | tests/core/test_stories.py: test_a_private_call_during_an_offer_changes_nothing, tests/core/test_peers_bugs.py: test_an_agent_takes_a_private_call_instead_of_the_caller |
| Kazoo #958 | the third transfer fails | tests/core/test_consults.py: test_five_parts_of_one_interaction, tests/e2e/test_held_and_passed_on.py: test_a_chain_of_transfers_is_one_interaction_with_a_part_each |
| Kazoo #3250 | some of fifteen calls at once are lost | tests/adapters/agi/test_agi_server.py: test_two_hundred_callers_in_one_instant; how soon each is heard: `make bench ARGS=agi` |
| Asterisk #1006 | the wrap-up ends early | tests/core/test_stories.py: test_the_wrap_up_ends_by_itself_without_an_outcome |
| Asterisk #607 | an attended transfer resets the last call's time | tests/core/test_peers_bugs.py: test_an_attended_transfer_ends_no_wrap_up_early_and_no_idle_time_late |
| Asterisk #393 | no word of the end of a call | tests/core/test_peers_bugs.py: test_an_end_that_nobody_tells_is_found_and_begins_the_wrap_up |
| app_queue, 2026-01-23 | a member's calls counted twice | tests/core/test_peers_bugs.py: test_a_call_whose_every_event_comes_twice_is_counted_once |
"""  # noqa: E501

import re
from pathlib import Path

import pytest

from contactcenter import events as e
from contactcenter.commands import EndLeg
from contactcenter.events import ConsultStep
from contactcenter.values import Target, TargetKind
from tests.core.invariants import check_empty
from tests.core.world import SERVER, World

ROOT = Path(__file__).resolve().parents[2]
STORIES = re.findall(r"(tests/\S+\.py): (test_\w+)", __doc__)
OWN = "ann>101"


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(("file", "story"), STORIES, ids=[story for _, story in STORIES])
def test_the_story_exists(file: str, story: str) -> None:
    assert f"def {story}(" in (ROOT / file).read_text()


# --- FreeSWITCH ---


@pytest.mark.parametrize("how", ["offer", "consult"])
def test_a_leg_that_begins_after_its_caller_left_is_hung_up(world: World, how: str) -> None:
    """Asked for, and not begun when the caller leaves: an offer's leg is Asterisk's own to take down, and the
    agent is free meanwhile; one that we asked for ourselves is ours to hang up."""
    world.is_ready("pam", "102", queues=("sales",))
    if how == "offer":
        world.is_ready().waits().step(e.CallerLeft(at=world.now, call="ann"))
        world.rings()
        assert world.agent().state == "available"
        assert not world.floor.is_free(world.agent()), "the phone still rings"
        world.step(e.LegEnded(at=world.now, leg=OWN), e.LegEnded(at=world.now, leg="ann"))
        assert world.floor.is_free(world.agent())
    else:
        guest = consulted(world.talks())
        world.step(e.CallerLeft(at=world.now, call="ann"))
        world.step(e.LegStarted(at=world.now, leg=guest, server=SERVER, phone="102"))
        assert EndLeg(server=SERVER, leg=guest) in world.commands(EndLeg)
        assert world.agent("pam").state == "available"
        world.step(*(e.LegEnded(at=world.now, leg=leg) for leg in (guest, OWN, "ann"))).disposes()
    assert world.record().final
    check_empty(world.floor)


def consulted(world: World) -> str:
    """Tom consults Pam: the leg that is asked for. He is parked, and his caller hears music."""
    to = Target(kind=TargetKind.AGENT, name="pam")
    ask = e.ConsultAsked(at=world.now, login="tom", call="ann", to=to, note="", request=world.request())
    world.step(ask).is_parked()
    return next(iter(world.floor.consults.values())).leg


def test_the_last_of_the_candidates_is_unreachable_and_others_are_served(world: World) -> None:
    """Tom, Eve and Zoe: the last one's phone can't be reached. Whoever comes next is served all the same."""
    for login, phone in (("tom", "101"), ("eve", "102"), ("zoe", "103")):
        world.is_ready(login, phone).wait(1)
    world.waits("ann").waits("bob").waits("cat")
    assert world.call("cat").agent == "zoe"
    world.rings("ann", "101").answers("ann", "101").rings("bob", "102").answers("bob", "102")
    world.misses("CHANUNAVAIL", "cat", "103")
    assert (world.call("cat").state, world.agent("zoe").reason) == ("waiting", "unreachable")
    world.is_ready("pam", "104", queues=("sales",)).waits("dan", "sales")
    assert world.states("dan", "pam") == ("offered", "reserved"), "nobody waits behind her"
    world.caller_ends("ann", "101").disposes("tom", "ann")
    assert world.states("cat", "tom") == ("offered", "reserved")
    world.rings("cat", "101").answers("cat", "101")
    assert world.states("cat", "tom") == ("talking", "talking")


# --- Kazoo ---


def test_a_supervisor_brings_back_who_missed_calls(world: World) -> None:
    world.is_ready().waits()
    for _ in range(5):
        world.rings().misses()
        assert world.states() == ("waiting", "paused")
        world.forces(state="available")
        assert world.states() == ("offered", "reserved")
    world.rings().answers()
    assert world.states() == ("talking", "talking")


@pytest.mark.parametrize("private_first", [True, False])
def test_an_agent_takes_a_private_call_instead_of_the_caller(world: World, private_first: bool) -> None:
    """The caller waits on at the old place, the agent has a reason and can come back, and does no harm to
    whoever he talks to."""
    world.is_ready().waits()
    entered = world.call().queued_at
    private = [
        e.LegStarted(at=world.now, leg="private", server=SERVER, phone="101"),
        e.LegAnswered(at=world.now, leg="private"),
        e.LegStarted(at=world.now, leg="friend", server=SERVER),
        e.LegJoined(at=world.now, leg="private", bridge="p"),
        e.LegJoined(at=world.now, leg="friend", bridge="p"),
    ]
    if private_first:
        world.step(*private).rings()
    else:
        world.rings().step(*private)
    assert world.states() == ("offered", "reserved")
    world.misses("BUSY")
    assert (world.states(), world.agent().reason) == (("waiting", "paused"), "busy")
    assert world.call().queued_at == entered
    assert not world.told_commands(EndLeg)
    world.asks(state="available")
    assert world.states() == ("waiting", "available"), "still on the phone"
    world.step(*(e.LegEnded(at=world.now, leg=leg) for leg in ("private", "friend")))
    assert world.states() == ("offered", "reserved")
    world.rings().answers()
    assert world.states() == ("talking", "talking")


# --- Asterisk ---


def test_an_attended_transfer_ends_no_wrap_up_early_and_no_idle_time_late(world: World) -> None:
    world.is_ready("pam", "102", queues=("sales",)).talks()
    guest = consulted(world)
    world.step(
        e.LegStarted(at=world.now, leg=guest, server=SERVER, phone="102"),
        e.LegAnswered(at=world.now, leg=guest),
        e.LegParked(at=world.now, leg=guest, room="room"),
    )
    done = e.ConsultStepAsked(
        at=world.now, login="tom", call="ann", step=ConsultStep.COMPLETE, request=world.request()
    )
    world.step(done, e.LegParted(at=world.now, leg=guest, bridge="room"))
    world.hear_each_other(guest, "ann").step(e.LegEnded(at=world.now, leg=OWN))
    assert (world.agent().state, world.agent("pam").state) == ("wrap_up", "talking")
    parted = world.now
    world.wait(10).step(e.LegEnded(at=world.now, leg=guest)).caller_ends()
    assert world.agent("pam").state == "wrap_up"
    world.wait(19)
    assert world.agent().state == "wrap_up", "Pam's end is not his"
    world.wait(2)
    assert (world.agent().state, world.agent().idle_since) == ("available", parted + 30)
    assert world.agent("pam").state == "wrap_up"
    world.wait(10)
    assert (world.agent("pam").state, world.agent("pam").idle_since) == ("available", parted + 40)
    assert world.agent().idle_since == parted + 30


def test_an_end_that_nobody_tells_is_found_and_begins_the_wrap_up(world: World) -> None:
    """Neither Hangup nor BridgeLeave of either leg comes, and no word of the session."""
    world.talks().wait(20).snapshot()
    assert world.agent().state == "wrap_up"
    assert world.agent().view().until == world.now + 30, "by our own clock, from when we know"
    world.wait(31)
    assert world.agent().state == "available"
    assert world.record().final
    assert world.record().inferred
    check_empty(world.floor)


def test_a_call_whose_every_event_comes_twice_is_counted_once(world: World) -> None:
    world.is_ready().waits()
    offer, now = world.call().offer, world.now
    told: list[e.Event] = [
        e.LegStarted(at=now, leg=OWN, server=SERVER, phone="101", linked="ann"),
        e.LegRinging(at=now, leg=OWN),
        e.LegAnswered(at=now, leg=OWN),
        e.LegJoined(at=now, leg=OWN, bridge="b"),
        e.LegJoined(at=now, leg="ann", bridge="b"),
        e.LegParted(at=now, leg=OWN, bridge="b"),
        e.LegParted(at=now, leg="ann", bridge="b"),
        e.OfferEnded(at=now, call="ann", offer=offer, status="ANSWER"),
        e.LegEnded(at=now, leg=OWN),
        e.CallerLeft(at=now, call="ann"),
        e.LegEnded(at=now, leg="ann"),
    ]
    for event in told:
        world.step(event, event)
    world.disposes()
    assert (world.agent().taken, world.agent().state) == (1, "available")
    for kind, name in (("queue", "support"), ("agent", "tom"), ("center", "")):
        counted = world.figures(kind, name)
        assert (counted.taken, counted.handled) == (1, 1), kind
    assert world.figures().answered == 1
    kinds = [entry.kind for entry in world.ledger.timelines["i-ann"]]
    assert [kinds.count(kind) for kind in ("joined", "parted", "ended", "closed")] == [1, 1, 1, 1]
    world.stops()
    check_empty(world.floor)
