"""Hold and resume: who has the caller meanwhile, whatever ends first, and over a crash of this process."""

import pytest

from contactcenter import events as e
from contactcenter.commands import EndLeg, JoinLeg, LeaveQueue, ParkLeg, Refused, Room, ShowCall, WaitOn
from contactcenter.values import NOBODY, LegSeen
from tests.core.invariants import check_empty
from tests.core.world import SERVER, World

AGENT = "ann>101"


@pytest.fixture
def world() -> World:
    return World()


def kinds(world: World, name: str = "ann") -> list[str]:
    """The kinds of a record's timeline so far."""
    return [entry.kind for entry in world.ledger.timelines[f"i-{name}"]]


@pytest.mark.parametrize("session_first", [True, False])
@pytest.mark.parametrize("caller_first", [True, False])
def test_the_caller_is_held_and_taken_back(world: World, session_first: bool, caller_first: bool) -> None:
    entered = world.now
    world.talks().wait(5)
    world.holds(session_first=session_first)
    assert world.commands(ParkLeg) == [ParkLeg(server=SERVER, leg=AGENT, room=Room.DESK)]
    assert world.states() == ("held", "talking")
    assert world.commands(WaitOn) == [WaitOn(call="ann", queue="support", entered_at=entered, held_by=AGENT)]
    assert world.commands(ShowCall)[-1].view.held
    world.wait(7)
    world.resumes(caller_first=caller_first)
    assert world.commands(JoinLeg) == [JoinLeg(call="ann", offer="i-ann/1", leg=AGENT)]
    assert world.states() == ("talking", "talking")
    world.wait(3).caller_ends().disposes()
    # A leg that was parked outlives its caller: only we end it.
    assert [each.leg for each in world.told_commands(EndLeg)] == [AGENT]
    assert world.record().talked_s == pytest.approx(15, abs=0.01), "a hold is part of the talk"
    assert [kind for kind in kinds(world) if kind in ("held", "resumed_talk")] == ["held", "resumed_talk"]
    world.step(e.LegEnded(at=world.now, leg=AGENT))
    check_empty(world.floor)


def test_hold_twice_and_resume_of_a_talk_are_refused(world: World) -> None:
    world.talks()
    world.step(e.ResumeAsked(at=world.now, login="tom", call="ann", request="r"))
    assert "not on hold" in world.commands(Refused)[0].message
    world.holds()
    world.step(e.HoldAsked(at=world.now, login="tom", call="ann", request="h"))
    assert "on hold already" in world.commands(Refused)[0].message


def test_nobody_holds_the_talk_of_another(world: World) -> None:
    world.talks().is_ready("pam", "102")
    world.step(e.HoldAsked(at=world.now, login="pam", call="ann", request="h"))
    assert world.commands(Refused)[0].code == "illegal_now"
    assert not world.commands(ParkLeg)
    assert world.states() == ("talking", "talking")


@pytest.mark.parametrize("leg_first", [True, False])
def test_the_caller_hangs_up_on_hold(world: World, leg_first: bool) -> None:
    world.talks().holds()
    left, ended = e.CallerLeft(at=world.now, call="ann"), e.LegEnded(at=world.now, leg="ann")
    world.step(*((ended, left) if leg_first else (left, ended)))
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=AGENT)]
    assert world.agent().state == "wrap_up"
    world.step(e.LegEnded(at=world.now, leg=AGENT)).disposes()
    assert world.record().outcome == "answered"
    check_empty(world.floor)


def test_the_agents_phone_is_gone_during_a_hold(world: World) -> None:
    entered = world.now
    world.talks().waits("bob").wait(20).holds().wait(2)
    world.step(e.LegEnded(at=world.now, leg=AGENT))
    assert world.states() == ("waiting", "wrap_up")
    assert world.floor.matcher.order("support") == ("ann", "bob"), "the old place"
    assert world.commands(WaitOn)[0].held_by == NOBODY
    assert world.call().queued_at == entered
    # The longest wait counts anew: a long talk must not be the reason to send him away.
    world.wait(1799)
    assert world.call().state == "waiting"
    world.wait(2)
    assert world.told_commands(LeaveQueue)[-1].exit == "timeout"
    assert world.record().waited_s == pytest.approx(3 + 1800, abs=0.1)


def test_both_hang_up_at_once(world: World) -> None:
    world.talks().holds()
    world.step(e.LegEnded(at=world.now, leg=AGENT), e.CallerLeft(at=world.now, call="ann"))
    world.step(e.LegEnded(at=world.now, leg="ann")).disposes()
    assert world.record().final
    check_empty(world.floor)


def test_the_page_ends_a_held_call(world: World) -> None:
    world.talks().holds()
    world.step(e.HangUpAsked(at=world.now, login="tom", call="ann", request="x"))
    assert world.states() == ("ivr", "wrap_up")
    assert world.commands(LeaveQueue) == [LeaveQueue(call="ann", exit="answered")]
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=AGENT)]


def test_the_agent_hangs_up_while_hold_is_on_its_way(world: World) -> None:
    world.talks()
    world.step(e.HoldAsked(at=world.now, login="tom", call="ann", request="h"))
    world.agent_ends()
    assert world.states() == ("waiting", "wrap_up"), "he was to be held, so somebody must take him back"
    assert not world.commands(LeaveQueue)


def test_a_hold_has_an_end(world: World) -> None:
    world.talks().holds().wait(901)
    assert world.commands(JoinLeg) == [JoinLeg(call="ann", offer="i-ann/1", leg=AGENT)]
    world.hear_each_other(AGENT, "ann")
    assert world.states() == ("talking", "talking")


def test_a_leg_that_can_not_be_joined_any_more_is_gone(world: World) -> None:
    world.talks().holds()
    world.step(e.ResumeAsked(at=world.now, login="tom", call="ann", request="r"))
    world.step(e.OfferEnded(at=world.now, call="ann", offer="i-ann/1", status="CHANUNAVAIL"))
    assert world.states() == ("waiting", "wrap_up")


def test_after_a_hold_the_agent_ends_the_talk(world: World) -> None:
    world.talks().holds().resumes().agent_ends()
    assert world.states() == ("ivr", "wrap_up")
    assert world.commands(LeaveQueue) == [LeaveQueue(call="ann", exit="answered")]


# --- gaps ---


def seen(leg: str, phone: str = "", bridge: str = "", *, kept: bool = False) -> LegSeen:
    """A leg of a snapshot."""
    return LegSeen(leg=leg, phone=phone, answered=True, bridge=bridge, kept=kept)


def test_a_hold_outlives_a_restart_of_this_process(world: World) -> None:
    entered = world.now
    world.talks().wait(5).holds().wait(1).restart()
    world.connect(seen("ann"), seen(AGENT, "101", kept=True)).signs_in().wait(3)
    assert not world.told_commands(EndLeg), "its caller is on the way back"
    world.arrives(resumed=True, queue="support", entered_at=entered, held_by=AGENT).queues()
    assert world.states() == ("held", "talking")
    assert world.commands(WaitOn)[0].held_by == AGENT
    world.wait(1).resumes().caller_ends().disposes()
    assert world.record().outcome == "answered"
    world.step(e.LegEnded(at=world.now, leg=AGENT))
    check_empty(world.floor)


@pytest.mark.parametrize("before", [True, False], ids=["leg gone before", "found out later"])
def test_a_restart_finds_the_agent_gone(world: World, before: bool) -> None:
    entered = world.now
    world.talks().holds().wait(1).restart()
    if before:
        world.connect(seen("ann")).signs_in()
    world.arrives(resumed=True, queue="support", entered_at=entered, held_by=AGENT).queues()
    if not before:
        assert world.call().state == "held"
        world.connect(seen("ann"))
    assert world.call().state == "waiting"
    assert world.call().queued_at == entered


def test_who_waits_again_after_a_talk_does_so_over_a_restart(world: World) -> None:
    entered = world.now
    world.talks().holds()
    world.step(e.LegEnded(at=world.now, leg=AGENT)).wait(1).restart().connect(seen("ann"))
    world.arrives(resumed=True, queue="support", entered_at=entered, held_by=NOBODY).queues()
    assert world.call().state == "waiting"
    assert world.call().queued_at == entered


def test_the_held_callers_session_breaks(world: World) -> None:
    world.talks().holds()
    world.step(e.ResumeAsked(at=world.now, login="tom", call="ann", request="r"))
    world.arrives(resumed=True, queue="support", entered_at=world.now, held_by=AGENT).queues()
    assert world.states() == ("held", "talking")
    assert world.commands(JoinLeg) == [JoinLeg(call="ann", offer="i-ann/1", leg=AGENT)], "asked once more"


def test_a_parked_leg_that_nobody_wants_is_ended(world: World) -> None:
    world.snapshot(seen("consult-1", "101", kept=True)).wait(2)
    assert world.told_commands(EndLeg) == [EndLeg(server=SERVER, leg="consult-1")]


def test_a_snapshot_in_the_middle_of_a_long_talk_on_a_kept_leg_changes_nothing(world: World) -> None:
    world.talks().holds().resumes().wait(40)
    world.snapshot(seen("ann", bridge="b-ann"), seen(AGENT, "101", "b-ann", kept=True)).wait(5)
    assert world.states() == ("talking", "talking")
    assert not world.record().inferred


def test_a_hold_whose_events_were_lost_is_found_by_the_session(world: World) -> None:
    world.talks()
    world.step(e.HoldAsked(at=world.now, login="tom", call="ann", request="h"))
    world.lose_link()
    world.step(e.OfferEnded(at=world.now, call="ann", offer="i-ann/1", status="ANSWER"))
    assert world.states() == ("held", "talking")
    world.connect(seen("ann"), seen(AGENT, "101", kept=True)).wait(5)
    assert world.states() == ("held", "talking")
    assert not world.commands(EndLeg)
