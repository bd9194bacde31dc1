"""Supervision as the center decides it: who hears whom, for how long, and what is kept of it."""

import pytest

from contactcenter import events as e
from contactcenter.commands import (
    Accepted,
    AnswerPhone,
    DropMessage,
    DropMonitor,
    EndLeg,
    JoinLeg,
    ParkLeg,
    PointMonitor,
    Refused,
    RingMonitor,
    Room,
    SaveAudit,
    SaveInteraction,
    ShowMessage,
    ShowMonitor,
)
from contactcenter.rules import Rules
from contactcenter.values import LegSeen
from tests.core.world import RULES, SERVER, World, queue


def acts(world: World) -> list[str]:
    """The acts of the last step's audit rows."""
    return [command.entry.act for command in world.commands(SaveAudit)]


def lines(world: World) -> list[str]:
    """The kinds of the last step's timeline entries."""
    return [entry.kind for save in world.commands(SaveInteraction) for entry in save.entries]


def refusal(world: World) -> str:
    """The sentence that the last request was refused with."""
    (refused,) = world.commands(Refused)
    return refused.message


def listening(world: World | None = None, mode: str = "listen") -> World:
    """Ann talks with Tom, and Sue is there."""
    return (world or World()).talks().monitors(mode=mode).picks_up()


def test_the_supervisors_phone_rings_and_hears_the_agents_leg() -> None:
    world = World().talks().monitors(mode="whisper")
    (ring,) = world.commands(RingMonitor)
    assert (ring.phone, ring.hears, ring.mode, ring.server) == ("120", "ann>101", "whisper", SERVER)
    assert world.commands(Accepted)
    assert acts(world) == ["monitor_asked"]
    assert world.monitor().state == "ringing"
    world.picks_up()
    assert world.monitor().state == "whispering"
    assert acts(world) == lines(world) == ["monitor_began"]
    (audit,) = world.commands(SaveAudit)
    assert (audit.entry.login, audit.entry.kind, audit.entry.object) == ("sue", "call", "ann")
    assert audit.entry.detail["interaction"] == "i-ann"
    assert world.commands(ShowMonitor)[-1].view.state == "whispering"


@pytest.mark.parametrize("answerable", [True, False])
def test_a_simulated_phone_needs_nobody_to_answer_it(answerable: bool) -> None:
    phones = frozenset({"120"}) if answerable else frozenset()
    rules = Rules(queues=(queue("support"),), dispositions=RULES.dispositions, answerable=phones)
    world = World(rules).talks().monitors()
    leg = world.monitor().id
    world.step(
        e.LegStarted(at=world.now, leg=leg, server=SERVER, phone="120"), e.LegRinging(at=world.now, leg=leg)
    )
    assert world.commands(AnswerPhone) == ([AnswerPhone(phone="120")] if answerable else [])


def test_a_switch_is_true_when_asterisk_says_so() -> None:
    world = listening()
    world.monitors(mode="barge")
    (point,) = world.commands(PointMonitor)
    assert (point.hears, point.mode) == ("ann>101", "barge")
    assert world.monitor().state == "listening", "asked is not done"
    world.hears()
    assert world.monitor().state == "barging"
    assert acts(world) == lines(world) == ["monitor_switched"]
    assert not world.monitors(mode="barge").commands(PointMonitor), "it is so already"


def test_a_switch_that_asterisk_does_not_confirm_is_said_once_more() -> None:
    world = listening().monitors(mode="barge")
    assert not world.monitors(mode="whisper").commands(PointMonitor), "one word at a time"
    (point,) = world.wait(0.6).commands(PointMonitor)
    assert point.mode == "whisper"
    assert world.hears().monitor().state == "whispering"
    assert not world.wait(5).commands(PointMonitor)


def test_a_switch_while_it_rings_counts_from_the_answer() -> None:
    world = World().talks().monitors(mode="barge").monitors(mode="listen")
    assert not world.commands(PointMonitor), "nobody is there yet"
    monitor = world.monitor()
    world.step(
        e.LegStarted(at=world.now, leg=monitor.id, server=SERVER, phone="120"),
        e.LegAnswered(at=world.now, leg=monitor.id),
    )
    (point,) = world.commands(PointMonitor)
    assert point.mode == "listen"


@pytest.mark.parametrize("by", ["stop", "phone", "caller", "agent"])
def test_a_monitor_ends_with_whatever_it_needs(by: str) -> None:
    world = listening()
    world.now += 5
    leg = world.monitor().id
    if by == "stop":
        world.leaves()
    elif by == "caller":
        world.caller_ends(phone="101")
    elif by == "agent":
        world.agent_ends()
    reason = {"stop": "stopped", "phone": "hung_up"}.get(by, "talk_ended")
    if by != "phone":
        assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=leg)] or by == "agent"
        assert "monitor_ended" in lines(world)
        assert world.floor.monitors, "it lives until its leg is gone"
    world.step(e.LegEnded(at=world.now, leg=leg))
    assert not world.floor.monitors
    (audit,) = world.commands(SaveAudit)
    assert audit.entry.act == "monitor_ended"
    assert audit.entry.detail == {"interaction": "i-ann", "reason": reason, "lasted_s": 5.0}
    assert world.commands(DropMonitor)
    if by == "phone":
        assert lines(world) == ["monitor_ended"]


def test_a_monitor_ends_with_a_talk_on_a_persistent_line_whose_leg_stays() -> None:
    world = World().signs_in(line="persistent")
    world.step(e.PhoneChosen(at=world.now, login="tom", phone="101", line="persistent", request="line"))
    leg = world.agent().line_leg
    world.step(
        e.LegStarted(at=world.now, leg=leg, server=SERVER, phone="101"), e.LegAnswered(at=world.now, leg=leg)
    )
    world.asks("tom", "available").waits()
    world.step(*(e.LegJoined(at=world.now, leg=each, bridge="b") for each in (leg, "ann")))
    world.monitors().picks_up().step(e.LegEnded(at=world.now, leg="ann"))
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=world.monitor().id)]
    assert leg in world.floor.legs


@pytest.mark.parametrize("reason", ["signed_out", "right_lost"])
def test_who_may_listen_no_more_is_hung_up(reason: str) -> None:
    world = listening(World().talks().monitors(login="tim", phone="121").picks_up("tim"))
    leg = world.monitor().id
    world.now += 5
    world.step(e.MonitorRightLost(at=world.now, login="sue", reason=reason))
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=leg)], "tim stays"
    assert lines(world) == ["monitor_ended"]
    world.step(e.LegEnded(at=world.now, leg=leg))
    (audit,) = world.commands(SaveAudit)
    assert audit.entry.detail == {"interaction": "i-ann", "reason": reason, "lasted_s": 5.0}
    world.step(e.MonitorRightLost(at=world.now, login="sue", reason=reason))
    assert not world.commands(EndLeg)


def test_who_signs_out_while_he_takes_over_gets_nobody() -> None:
    world, leg = taking()
    world.step(e.MonitorRightLost(at=world.now, login="sue", reason="signed_out"))
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=leg)]
    world.step(e.LegEnded(at=world.now, leg=leg))
    assert world.commands(JoinLeg)[-1].leg == "ann>101", "the caller goes back to the agent"


def test_an_administrator_ends_what_another_listens_to() -> None:
    world = listening()
    leg = world.monitor().id
    by = {"at": world.now, "login": "root", "name": "Root", "call": "ann"}
    world.step(e.MonitorEndAsked(**by, request="r", supervisor="tim"))  # type: ignore[arg-type]
    assert refusal(world) == "supervisor tim is not at this call"
    world.step(e.MonitorEndAsked(**by, request="r2", supervisor="sue"))  # type: ignore[arg-type]
    assert world.commands(Accepted)
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=leg)]
    assert lines(world) == ["monitor_ended"]
    (audit,) = world.commands(SaveAudit)
    assert (audit.entry.login, audit.entry.act) == ("root", "monitor_end_asked")
    assert audit.entry.detail == {"interaction": "i-ann", "supervisor": "sue"}


def test_a_monitor_that_nobody_answers_has_not_heard_anything() -> None:
    world = World().talks().monitors()
    leg = world.monitor().id
    world.now += 30
    world.step(e.LegEnded(at=world.now, leg=leg))
    (audit,) = world.commands(SaveAudit)
    assert (audit.entry.detail["reason"], audit.entry.detail["lasted_s"]) == ("not_answered", 0)


def test_who_leaves_before_the_phone_rings_is_not_rung() -> None:
    world = World().talks().monitors().leaves()
    leg = world.monitor().id
    world.step(e.LegStarted(at=world.now, leg=leg, server=SERVER, phone="120"))
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=leg)]


def test_a_monitor_follows_the_call_to_another_agent_and_only_listens_there() -> None:
    world = World().is_ready("ben", "102")
    world.asks("ben", "paused")
    listening(world, "whisper")
    # Tom's phone passes Ann on to Ben's by itself: the bridge stays, Tom's leg ends.
    world.step(
        e.LegStarted(at=world.now, leg="ann>102", server=SERVER, phone="102"),
        e.LegAnswered(at=world.now, leg="ann>102"),
        e.LegJoined(at=world.now, leg="ann>102", bridge="b-ann"),
        e.LegEnded(at=world.now, leg="ann>101"),
    )
    monitor = world.monitor()
    assert (monitor.hears, monitor.agent, monitor.mode, monitor.ending) == ("ann>102", "ben", "listen", "")
    (point,) = world.commands(PointMonitor)
    assert (point.hears, point.mode) == ("ann>102", "listen")
    assert "monitor_followed" in acts(world)
    assert world.hears().monitor().state == "listening"


def test_two_supervisors_may_be_at_one_call_and_one_at_only_one() -> None:
    world = listening().monitors(login="tim", phone="121")
    assert len(world.floor.monitors) == 2
    world.talks("bob", "kim", "103")
    world.monitors("bob")
    assert refusal(world) == "you are at another call: leave it first"


@pytest.mark.parametrize(
    ("prepare", "ask", "sentence"),
    [
        (lambda w: w.waits("ann"), {}, "no agent talks with this caller now"),
        (lambda w: w.talks(), {"phone": ""}, "your account has no phone: choose one first"),
        (lambda w: w.talks(), {"phone": "101"}, "agent tom uses phone 101: choose another"),
        (
            lambda w: w.talks().step(e.PhoneSeen(at=w.now, phone="120", reachable=False)),
            {},
            "phone 120 is not registered",
        ),
        (
            lambda w: w.talks().step(e.LegStarted(at=w.now, leg="x", server=SERVER, phone="120")),
            {},
            "phone 120 is busy",
        ),
        (lambda w: w.talks().lose_link(), {}, "there is no link to the Asterisk server pbx now"),
        (lambda w: w.talks(), {"mode": "shout"}, "mode is one of listen, whisper, barge"),
        (lambda w: w.talks(), {"name": "bob"}, "there is no such call"),
    ],
)
def test_what_is_not_possible_is_refused_with_what_to_do(prepare, ask, sentence) -> None:  # type: ignore[no-untyped-def]
    world = prepare(World())
    world.monitors(**ask)
    assert refusal(world).startswith(sentence)
    assert not world.floor.monitors
    assert not world.commands(RingMonitor)


def test_the_agent_may_be_shown_it_or_not() -> None:
    for visible in (True, False):
        rules = Rules(queues=(queue("support"),), dispositions=RULES.dispositions, visible_to_agent=visible)
        world = World(rules).talks().monitors()
        assert world.commands(ShowMonitor)[0].view.visible is visible


# --- gaps and crashes ---


def test_nobody_listens_unseen_after_a_crash_of_ours() -> None:
    world = listening()
    leg = world.monitor().id
    seen = (
        LegSeen(leg="ann", answered=True, bridge="b-ann"),
        LegSeen(leg="ann>101", phone="101", answered=True, bridge="b-ann", linked="ann"),
        LegSeen(leg=leg, phone="120", answered=True),
    )
    world.restart().connect(*seen)
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=leg)]
    (audit,) = world.commands(SaveAudit)
    assert (audit.entry.login, audit.entry.kind, audit.entry.object) == ("center", "phone", "120")
    assert audit.entry.detail["reason"] == "server_restart"


def test_a_snapshot_makes_up_for_what_was_not_heard() -> None:
    world = World().talks().monitors()
    leg = world.monitor().id
    world.now += 1
    here = (
        LegSeen(leg="ann", answered=True, bridge="b-ann"),
        LegSeen(leg="ann>101", phone="101", answered=True, bridge="b-ann", linked="ann"),
    )
    world.snapshot(*here, LegSeen(leg=leg, phone="120", answered=True))
    assert world.monitor().state == "listening"
    world.leaves()
    world.now += 1
    world.snapshot(*here, LegSeen(leg=leg, phone="120", answered=True))
    assert world.commands(EndLeg), "the hang-up was lost: it is asked for again"
    world.now += 1
    world.snapshot(*here)
    assert not world.floor.monitors


# --- messages ---


def test_a_message_stays_until_it_is_put_away() -> None:
    world = World().talks().messages(text="mind the time")
    (shown,) = world.commands(ShowMessage)
    assert (shown.view.to, shown.view.by, shown.view.text) == ("tom", "sue", "mind the time")
    assert acts(world) == lines(world) == ["message"]
    world.step(e.MessageRead(at=world.now, login="ben", message=shown.view.id, request="r"))
    assert refusal(world) == "sign in as an agent first"
    world.step(e.MessageRead(at=world.now, login="tom", message=shown.view.id, request="r2"))
    assert world.commands(DropMessage) == [DropMessage(message=shown.view.id)]
    assert acts(world) == ["message_read"]
    world.step(e.MessageRead(at=world.now, login="tom", message=shown.view.id, request="r3"))
    assert refusal(world) == "there is no such message"


def test_a_message_needs_somebody_who_reads_it() -> None:
    world = World().messages("nobody")
    assert refusal(world) == "agent nobody is not signed in"
    world.is_ready()
    for _ in range(20):
        world.messages()
    assert refusal(world.messages()).startswith("tom has 20 unread messages")


# --- states ---


def test_a_state_is_set_at_once_or_after_the_call() -> None:
    world = World().is_ready().forces(state="paused", reason="training")
    agent = world.agent()
    assert (agent.state, agent.reason, agent.view().set_by) == ("paused", "training", "Sue")
    (audit,) = world.commands(SaveAudit)
    assert audit.entry.detail["before"] == "available"
    world.asks("tom", "available")
    assert agent.view().set_by == ""
    world.talks().forces(state="paused", reason="training")
    assert (agent.state, agent.afterwards, agent.view().set_by) == ("talking", "paused", "Sue")
    assert lines(world) == ["state_forced"]
    world.agent_ends().disposes()
    assert (agent.state, agent.reason, agent.view().set_by) == ("paused", "training", "Sue")


def test_available_ends_a_wrap_up_at_once() -> None:
    world = World().talks().caller_ends(phone="101")
    assert world.agent().state == "wrap_up"
    world.forces(state="available")
    assert (world.agent().state, world.agent().set_by) == ("available", "")
    assert world.record().final


def test_what_the_agent_could_not_be_a_supervisor_can_not_make_him() -> None:
    world = World().signs_in(phone="")
    assert refusal(world.forces(state="available")) == "choose a phone first"
    assert refusal(world.forces(state="wrap_up")).startswith("state is one of")
    assert refusal(world.forces("ben")) == "agent ben is not signed in"


def test_a_forced_sign_out_waits_for_the_end_of_the_call() -> None:
    world = World().talks()
    by = {"at": world.now, "login": "sue", "name": "Sue", "agent": "tom"}
    world.step(e.SignOutForced(**by, request="r"))  # type: ignore[arg-type]
    assert acts(world) == lines(world) == ["signed_out_by"]
    assert world.agent().leaving
    world.agent_ends().disposes()
    assert "tom" not in world.floor.agents
    world.step(e.SignOutForced(**by, request="r2"))  # type: ignore[arg-type]
    assert refusal(world) == "agent tom is not signed in"


# --- take-over ---


def takes_over(world: World, login: str = "sue") -> World:
    """The supervisor wants the caller."""
    request = world.request()
    return world.step(
        e.TakeOverAsked(at=world.now, login=login, name=login.title(), request=request, call="ann")
    )


def parks(world: World, leg: str, bridge: str = "") -> World:
    """Asterisk has put a leg into the waiting room; out of this bridge, if it was in one."""
    left = [e.LegParted(at=world.now, leg=each, bridge=bridge) for each in (leg, "ann") if bridge]
    return world.step(*left, e.LegParked(at=world.now, leg=leg, room="desks"))


def taking(world: World | None = None) -> tuple[World, str]:
    """Sue listens and asks for the caller; her leg and then Tom's are in the waiting room."""
    world = takes_over(listening(world))
    leg = world.monitor().id
    assert world.commands(ParkLeg) == [ParkLeg(server=SERVER, leg=leg, room=Room.DESK)]
    parks(world, leg)
    assert world.commands(ParkLeg) == [ParkLeg(server=SERVER, leg="ann>101", room=Room.DESK)]
    parks(world, "ann>101", "b-ann")
    (join,) = world.commands(JoinLeg)
    assert join.leg == leg
    assert world.states() == ("held", "talking"), "the call is Tom's until the two hear each other"
    return world, leg


def meet(world: World, leg: str) -> World:
    """Caller and supervisor hear each other."""
    return world.step(*(e.LegJoined(at=world.now, leg=each, bridge="b-2") for each in (leg, "ann")))


def test_the_caller_goes_from_the_agent_to_the_supervisor() -> None:
    world, leg = taking()
    meet(world, leg)
    assert world.states() == ("talking", "wrap_up")
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg="ann>101")]
    assert (world.call().agent, world.call().agent_leg) == ("sue", leg)
    assert world.agent("sue").state == "talking"
    assert (world.record().agent, not world.floor.monitors) == ("sue", True)
    assert acts(world) == ["monitor_ended", "taken_over"]
    world.step(e.LegEnded(at=world.now, leg="ann>101"))
    world.disposes()
    assert world.agent().state == "available"
    world.now += 20
    world.step(e.CallerLeft(at=world.now, call="ann"), e.LegEnded(at=world.now, leg="ann"))
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=leg)], "it stands by itself"
    world.step(e.LegEnded(at=world.now, leg=leg))
    assert world.agent("sue").state == "wrap_up"
    world.wait(31)
    assert "sue" not in world.floor.agents
    assert world.record().final
    assert world.record().talked_s == 20


def test_others_who_listen_follow_to_the_supervisor() -> None:
    world = World().talks().monitors(login="tim", phone="121").picks_up("tim")
    world, leg = taking(world)
    meet(world, leg)
    assert (world.monitor("tim").hears, world.monitor("tim").agent) == (leg, "sue")


@pytest.mark.parametrize("when", ["asked", "parked", "held"])
def test_a_supervisor_who_drops_out_leaves_the_caller_with_the_agent(when: str) -> None:
    world = takes_over(listening()) if when != "held" else taking()[0]
    leg = world.monitor().id
    if when == "parked":
        parks(world, leg)
    world.step(e.LegEnded(at=world.now, leg=leg))
    if when == "parked":
        parks(world, "ann>101", "b-ann")
    if when == "asked":
        assert world.states() == ("talking", "talking")
        assert not world.commands(ParkLeg)
        return
    assert world.commands(JoinLeg)[-1].leg == "ann>101"
    world.step(*(e.LegJoined(at=world.now, leg=each, bridge="b-3") for each in ("ann>101", "ann")))
    assert world.states() == ("talking", "talking")
    assert not world.call().joining


def test_a_take_over_that_asterisk_forgets_is_given_up() -> None:
    world = takes_over(listening())
    world.wait(5.2)
    (point,) = world.commands(PointMonitor)
    assert (point.hears, point.mode) == ("ann>101", "listen")
    assert "take_over_failed" in acts(world)
    assert not world.monitor().taking


def test_a_join_that_fails_brings_the_caller_back_to_the_agent() -> None:
    world, _ = taking()
    offer = world.call().offer
    world.step(e.OfferEnded(at=world.now, call="ann", offer=offer, status="CHANUNAVAIL"))
    assert world.commands(JoinLeg)[-1].leg == "ann>101"
    assert world.commands(PointMonitor)


def test_a_caller_who_hangs_up_in_between_is_over() -> None:
    world, leg = taking()
    world.step(e.CallerLeft(at=world.now, call="ann"), e.LegEnded(at=world.now, leg="ann"))
    assert EndLeg(server=SERVER, leg=leg) in world.commands(EndLeg)
    assert world.agent().state == "wrap_up"


def test_only_who_is_at_the_call_takes_it_over() -> None:
    world = World().talks()
    assert refusal(takes_over(world)) == "listen to this call first, then take it over"
    world.monitors()
    assert refusal(takes_over(world)) == "listen to this call first, then take it over"
    world.picks_up()
    takes_over(world)
    assert refusal(takes_over(world)) == "the caller is just being moved: try again in a moment"


def test_of_two_who_want_the_caller_at_once_one_gets_him() -> None:
    world = World().talks().monitors(login="tim", phone="121").picks_up("tim")
    takes_over(listening(world))
    takes_over(world, "tim")
    assert refusal(world) == "supervisor sue is just taking this caller over"
    assert not world.monitor("tim").taking
    leg = world.monitor().id
    parks(world, leg)
    parks(world, "ann>101", "b-ann")
    meet(world, leg)
    assert (world.call().agent, world.monitor("tim").agent) == ("sue", "sue")
    takes_over(world.hears("tim"), "tim")
    assert world.commands(Accepted), "the first one is done with it"


def test_a_talk_that_is_another_agents_meanwhile_is_not_taken_over() -> None:
    world = World().is_ready("ben", "102")
    world.asks("ben", "paused")
    takes_over(listening(world))
    world.step(
        e.LegStarted(at=world.now, leg="ann>102", server=SERVER, phone="102"),
        e.LegAnswered(at=world.now, leg="ann>102"),
        e.LegJoined(at=world.now, leg="ann>102", bridge="b-ann"),
        e.LegEnded(at=world.now, leg="ann>101"),
    )
    monitor = world.monitor()
    assert (monitor.hears, monitor.taking) == ("ann>102", False)
    assert "take_over_failed" in acts(world)
    parks(world, monitor.id)
    assert not world.commands(ParkLeg), "ben keeps the caller"
    assert (world.wait(6).call().state, world.call().agent) == ("talking", "ben")


def test_who_took_a_call_over_may_listen_to_another() -> None:
    world, leg = taking()
    meet(world, leg)
    world.caller_ends().step(e.LegEnded(at=world.now, leg=leg))
    world.talks("bob", "kim", "103").monitors("bob")
    assert world.monitor().call == "bob"


def test_a_talk_that_was_taken_over_outlives_a_crash_of_ours() -> None:
    world, leg = taking()
    meet(world, leg)
    world.restart().connect(
        LegSeen(leg="ann", answered=True, bridge="b-2"),
        LegSeen(leg=leg, phone="120", answered=True, bridge="b-2", kept=True),
    )
    assert not world.commands(EndLeg)
    assert (world.call().state, world.call().agent) == ("talking", "sue")


# --- hold ---


def holds(world: World) -> World:
    """Tom puts Ann on hold; his leg is in the waiting room, as Asterisk says."""
    world.step(e.HoldAsked(at=world.now, login="tom", call="ann", request=world.request()))
    return parks(world, "ann>101", "b-ann")


def test_a_monitor_stays_with_the_agent_over_a_hold() -> None:
    world = holds(listening(mode="whisper"))
    assert world.states()[0] == "held"
    (point,) = world.commands(PointMonitor)
    assert (point.hears, point.mode) == ("ann>101", "whisper")
    assert not world.monitor().ending
    world.hears()
    world.step(*(e.LegJoined(at=world.now, leg=each, bridge="b-4") for each in ("ann>101", "ann")))
    assert [each.mode for each in world.commands(PointMonitor)] == ["whisper"]


def test_a_caller_on_hold_hears_nobody_who_barges_in() -> None:
    world = holds(listening(mode="barge"))
    (point,) = world.commands(PointMonitor)
    assert point.mode == "whisper"
    assert world.hears().monitor().state == "whispering"
    assert acts(world) == lines(world) == ["monitor_switched"]
    assert refusal(world.monitors(mode="barge")).startswith("the caller is on hold: whisper")
    world.step(*(e.LegJoined(at=world.now, leg=each, bridge="b-4") for each in ("ann>101", "ann")))
    assert world.commands(PointMonitor)[0].mode == "whisper", "back from hold, nobody expects a third voice"
    assert world.hears().monitors(mode="barge").commands(PointMonitor)
