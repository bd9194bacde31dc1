"""Consult, toggle, conference, transfers: who has the caller, whoever hangs up and whenever."""

from dataclasses import replace
from itertools import pairwise

import pytest

from contactcenter import events as e
from contactcenter.commands import (
    Accepted,
    AddLeg,
    EndLeg,
    JoinLeg,
    JoinLegs,
    LeaveQueue,
    ParkLeg,
    PlaceLeg,
    PointMonitor,
    Refused,
    Room,
    RunScript,
    ScreenPop,
    WaitOn,
)
from contactcenter.events import ConsultStep
from contactcenter.routing.hours import Calendar
from contactcenter.rules import Outside
from contactcenter.values import NOBODY, LegSeen, Note, Target, TargetKind
from tests.core.invariants import check_empty
from tests.core.world import RULES, SERVER, World, queue

OWN = "ann>101"
PAM = Target(kind=TargetKind.AGENT, name="pam")
NUMBER = Target(kind=TargetKind.NUMBER, name="13900000000")
SALES = Target(kind=TargetKind.QUEUE, name="sales")
NIGHT = Target(kind=TargetKind.QUEUE, name="night")
HOTLINE = Target(kind=TargetKind.IVR, name="4001")
NEVER = Calendar(zone=None, week=((),) * 7, holidays={}, emergency={})  # type: ignore[arg-type]


@pytest.fixture
def world() -> World:
    rules = replace(
        RULES,
        queues=(*RULES.queues, queue("night", without_agents=True, max_waiting=0)),
        outside=Outside(prefixes=("139",), at_most=1, shows="4000"),
        dids=frozenset({"4001"}),
    )
    return World(rules)


class Three:
    """Tom talks with Ann; Pam is free, or a number outside is rung. What Asterisk does is told from here."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.is_ready("pam", "102", queues=("sales",)).talks().wait(4)

    @property
    def guest(self) -> str:
        return next(iter(self.world.floor.consults.values())).leg

    def asks(self, to: Target = PAM, *, blind: bool = False, note: str = "") -> "Three":
        """Tom consults or transfers; the caller's session has her back, Tom's leg is parked."""
        world, request = self.world, self.world.request()
        kind = e.TransferAsked if blind else e.ConsultAsked
        talking = world.call().state == "talking"
        world.step(kind(at=world.now, login="tom", call="ann", to=to, note=note, request=request))
        if talking and not world.commands(Refused):
            world.is_parked()
        return self

    def rings(self) -> "Three":
        """Asterisk rings the other side."""
        world, guest = self.world, self.guest
        phone = next(iter(world.floor.consults.values())).phone
        world.step(
            e.LegStarted(at=world.now, leg=guest, server=SERVER, phone=phone),
            e.LegRinging(at=world.now, leg=guest),
        )
        return self

    def answers(self) -> "Three":
        """The other side answers, and stands in the waiting room."""
        world, guest = self.world, self.guest
        world.step(e.LegAnswered(at=world.now, leg=guest), e.LegParked(at=world.now, leg=guest, room="room"))
        return self

    def meet(self) -> "Three":
        """Tom and the other side hear each other: Asterisk did what was asked."""
        world, guest = self.world, self.guest
        world.step(
            e.LegParted(at=world.now, leg=OWN, bridge=self._bridge(OWN)),
            e.LegJoined(at=world.now, leg=OWN, bridge="b-consult"),
            e.LegParted(at=world.now, leg=guest, bridge="room"),
            e.LegJoined(at=world.now, leg=guest, bridge="b-consult"),
        )
        return self

    def consulting(self, to: Target = PAM) -> "Three":
        """Tom and the other side talk, Ann hears music."""
        return self.asks(to).rings().answers().meet()

    def step(self, step: ConsultStep) -> "Three":
        world, request = self.world, self.world.request()
        world.step(e.ConsultStepAsked(at=world.now, login="tom", call="ann", step=step, request=request))
        return self

    def back(self) -> "Three":
        """Tom is taken from the other side to Ann, and the other is parked."""
        world, guest = self.world, self.guest
        world.step(
            e.LegParted(at=world.now, leg=OWN, bridge=self._bridge(OWN)),
            e.LegJoined(at=world.now, leg=OWN, bridge="b-ann"),
            e.LegParted(at=world.now, leg=guest, bridge="b-consult"),
            e.LegParked(at=world.now, leg=guest, room="room"),
            e.LegJoined(at=world.now, leg="ann", bridge="b-ann"),
        )
        return self

    def over_to(self, guest: str) -> "Three":
        """Ann and the other side hear each other; Tom, if he was there, is parked."""
        world = self.world
        told: list[e.Event] = [
            e.LegParted(at=world.now, leg=guest, bridge="b-consult"),
            e.LegJoined(at=world.now, leg=guest, bridge="b-ann"),
        ]
        if OWN in world.floor.legs:
            told += [
                e.LegParted(at=world.now, leg=OWN, bridge="b-consult"),
                e.LegParked(at=world.now, leg=OWN, room="room"),
            ]
        world.step(*told, e.LegJoined(at=world.now, leg="ann", bridge="b-ann"))
        return self

    def ends(self, *legs: str, cause: int = 16) -> "Three":
        self.world.step(*(e.LegEnded(at=self.world.now, leg=leg, cause=cause) for leg in legs))
        return self

    def everybody_leaves(self) -> None:
        """Nothing is left, and one final record tells it."""
        world = self.world
        world.step(e.CallerLeft(at=world.now, call="ann"))
        for leg in list(world.floor.legs):
            world.step(e.LegEnded(at=world.now, leg=leg))
        world.wait(100)
        check_empty(world.floor)
        assert world.record().final

    def _bridge(self, leg: str) -> str:
        found = self.world.floor.legs[leg]
        return found.room or found.bridge


@pytest.fixture
def three(world: World) -> Three:
    return Three(world)


def states(world: World) -> tuple[str, str, str]:
    return (*world.states(), world.agent("pam").state.value)


def consult(world: World) -> str:
    return next((each.state.value for each in world.floor.consults.values()), "")


def told(world: World, kind: str) -> list[dict[str, object]]:
    return [entry.detail for entry in world.ledger.timelines["i-ann"] if entry.kind == kind]


# --- consult ---


def test_the_colleague_sees_the_record_before_the_phone_rings(three: Three, world: World) -> None:
    world.step(e.PageOpened(at=world.now, login="pam"))
    three.asks(note="wants a refund")
    pop = world.told_commands(ScreenPop)[-1]
    assert (pop.login, pop.call, pop.interaction) == ("pam", "ann", "i-ann")
    assert pop.notes == (Note(by="tom", text="wants a refund"),)
    assert pop.why == {"rule": "consult", "by": "tom"}
    assert states(world) == ("held", "talking", "reserved")
    assert not world.told_commands(PlaceLeg)
    world.step(e.PopShown(at=world.now, login="pam", offer=pop.offer))
    placed = world.commands(PlaceLeg)[0]
    assert (placed.phone, placed.number, placed.shows) == ("102", "", "+8613900000001")
    assert consult(world) == "ringing"


def test_a_page_that_says_nothing_holds_nobody_up(three: Three, world: World) -> None:
    world.step(e.PageOpened(at=world.now, login="pam"))
    three.asks()
    world.wait(0.2)
    assert world.commands(PlaceLeg)


def test_consult_toggle_and_back(three: Three, world: World) -> None:
    three.asks()
    assert world.told_commands(ParkLeg) == [ParkLeg(server=SERVER, leg=OWN, room=Room.DESK)]
    three.rings().answers()
    assert world.commands(JoinLegs) == [JoinLegs(server=SERVER, leg=OWN, other=three.guest)]
    assert states(world) == ("held", "talking", "talking")
    three.meet()
    assert consult(world) == "talking"
    three.step(ConsultStep.TOGGLE)
    assert world.commands(JoinLeg)[0].leg == OWN
    three.back()
    assert (consult(world), *states(world)) == ("held", "talking", "talking", "talking")
    three.step(ConsultStep.TOGGLE)
    assert world.commands(JoinLegs) == [JoinLegs(server=SERVER, leg=OWN, other=three.guest)]
    three.meet()
    assert (consult(world), *states(world)) == ("talking", "held", "talking", "talking")
    three.everybody_leaves()


def test_a_dropped_consult_gives_the_agent_back_and_frees_the_colleague(three: Three, world: World) -> None:
    three.consulting()
    guest = three.guest
    three.step(ConsultStep.DROP)
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=guest)]
    assert world.agent("pam").state == "available", "she only helped: there is nothing to wrap up"
    assert world.commands(JoinLeg)[0].leg == OWN
    three.ends(guest)
    world.hear_each_other(OWN, "ann")
    assert states(world) == ("talking", "talking", "available")
    three.everybody_leaves()
    assert world.record().agent == "tom"


@pytest.mark.parametrize(("cause", "reason"), [(17, "busy"), (0, "no_answer"), (20, "unreachable")])
def test_a_colleague_who_does_not_answer_is_paused_and_the_agent_is_back(
    three: Three, world: World, cause: int, reason: str
) -> None:
    three.asks().rings()
    three.ends(three.guest, cause=cause)
    pam = world.agent("pam")
    assert (pam.state, pam.reason) == ("paused", reason)
    assert world.commands(JoinLeg)[0].leg == OWN
    assert told(world, "consult_ended")[0]["reason"] == reason
    world.hear_each_other(OWN, "ann")
    three.everybody_leaves()


def test_a_colleague_who_is_dropped_while_the_phone_rings_keeps_the_idle_time(
    three: Three, world: World
) -> None:
    idle = world.agent("pam").idle_since
    three.asks().rings().step(ConsultStep.DROP)
    assert (world.agent("pam").state, world.agent("pam").idle_since) == ("available", idle)


def test_a_leg_that_was_dropped_before_it_began_is_ended(three: Three, world: World) -> None:
    three.asks()
    guest = three.guest
    three.step(ConsultStep.DROP)
    world.step(e.LegStarted(at=world.now, leg=guest, server=SERVER, phone="102"))
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=guest)]


def test_a_consult_that_asterisk_forgot_is_given_up(three: Three, world: World) -> None:
    three.asks()
    world.wait(36)
    assert consult(world) == ""
    assert world.agent("pam").reason == "no_answer"


def test_the_agent_takes_the_caller_back_when_the_other_is_busy_at_once(three: Three, world: World) -> None:
    """Faster than the agent's leg is parked."""
    request = world.request()
    world.step(e.ConsultAsked(at=world.now, login="tom", call="ann", to=PAM, note="", request=request))
    world.step(e.LegEnded(at=world.now, leg=three.guest, cause=17))
    assert not world.commands(JoinLeg)
    world.is_parked()
    assert world.commands(JoinLeg)[0].leg == OWN


# --- who hangs up when ---


@pytest.mark.parametrize("state", ["ringing", "talking", "held", "together"])
def test_the_caller_hangs_up(three: Three, world: World, state: str) -> None:
    three.asks().rings()
    if state != "ringing":
        three.answers().meet()
    if state in ("held", "together"):
        three.step(ConsultStep.TOGGLE).back()
    if state == "together":
        three.step(ConsultStep.CONFERENCE)
        world.step(e.LegJoined(at=world.now, leg=three.guest, bridge="b-ann"))
    assert consult(world) == state
    guest = three.guest
    world.step(e.CallerLeft(at=world.now, call="ann"), e.LegEnded(at=world.now, leg="ann"))
    assert {each.leg for each in world.commands(EndLeg)} == {OWN, guest}
    assert world.agent().state == "wrap_up"
    assert world.agent("pam").state == "available"
    three.ends(OWN, guest)
    world.disposes()
    assert world.record().final
    check_empty(world.floor)


def test_who_hangs_up_in_a_consult_gives_the_caller_to_the_colleague(three: Three, world: World) -> None:
    three.consulting()
    guest = three.guest
    # The other falls back into the waiting room; only there can the caller's session find the leg.
    world.step(e.LegParted(at=world.now, leg=guest, bridge="b-consult"))
    three.ends(OWN)
    assert not world.commands(JoinLeg)
    world.step(e.LegParked(at=world.now, leg=guest, room="room"))
    assert world.commands(JoinLeg)[0].leg == guest
    assert (world.call().state, world.agent().state) == ("held", "wrap_up")
    three.over_to(guest)
    assert (world.call().state, world.call().agent, world.agent("pam").state) == ("talking", "pam", "talking")
    world.disposes("tom")
    three.everybody_leaves()
    assert world.record().agent == "pam"


def test_an_agent_who_hangs_up_while_the_colleague_rings_too(three: Three, world: World) -> None:
    three.asks().rings()
    guest = three.guest
    three.ends(OWN)
    assert (world.call().state, world.agent().state) == ("held", "wrap_up")
    three.ends(guest, cause=19)
    assert world.call().state == "waiting", "nobody is left: another agent gets him"
    assert world.commands(WaitOn)[-1].held_by == NOBODY
    three.everybody_leaves()


def test_a_number_outside_gets_the_caller_only_if_that_was_asked_for(three: Three, world: World) -> None:
    three.consulting(NUMBER)
    guest = three.guest
    three.ends(OWN)
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=guest)]
    assert world.call().state == "waiting"
    three.everybody_leaves()


def test_the_other_side_hangs_up(three: Three, world: World) -> None:
    three.consulting()
    three.ends(three.guest)
    assert world.commands(JoinLeg)[0].leg == OWN
    assert states(world) == ("held", "talking", "available")
    three.everybody_leaves()


def test_the_other_side_presses_hang_up_on_the_page(three: Three, world: World) -> None:
    three.consulting()
    guest = three.guest
    world.step(e.HangUpAsked(at=world.now, login="pam", call="ann", request="x"))
    assert EndLeg(server=SERVER, leg=guest) in world.commands(EndLeg)
    assert world.agent("pam").state == "available"


@pytest.mark.parametrize(
    "order", [("own", "guest"), ("guest", "own"), ("own", "guest", "ann"), ("ann", "own")]
)
def test_several_hang_up_at_once(three: Three, world: World, order: tuple[str, ...]) -> None:
    three.consulting()
    legs = {"own": OWN, "guest": three.guest, "ann": "ann"}
    three.ends(*(legs[name] for name in order))
    if "ann" not in order:
        assert world.call().state == "waiting"
    three.everybody_leaves()


# --- attended ---


def test_an_attended_transfer(three: Three, world: World) -> None:
    three.consulting()
    guest = three.guest
    three.step(ConsultStep.COMPLETE)
    assert world.commands(JoinLeg)[0].leg == guest
    three.over_to(guest)
    assert EndLeg(server=SERVER, leg=OWN) in world.commands(EndLeg)
    assert (world.call().agent, world.call().agent_leg) == ("pam", guest)
    assert (world.agent().state, world.agent("pam").state) == ("wrap_up", "talking")
    three.ends(OWN)
    world.disposes("tom", note="sent to pam")
    world.wait(6)
    world.step(e.OfferEnded(at=world.now, call="ann", offer=world.call().offer, status="ANSWER"))
    assert EndLeg(server=SERVER, leg=guest) in world.commands(EndLeg)
    assert world.commands(LeaveQueue) == [LeaveQueue(call="ann", exit="answered")]
    three.everybody_leaves()
    assert [each["agent"] for each in told(world, "joined")] == ["tom", "pam"]
    assert [each["agent"] for each in told(world, "parted")] == ["tom", "pam"]


def test_who_is_about_to_get_the_caller_is_not_dropped(three: Three, world: World) -> None:
    three.consulting().step(ConsultStep.COMPLETE)
    guest = three.guest
    three.step(ConsultStep.DROP)
    (refused,) = world.commands(Refused)
    assert refused.message == "the caller is just being joined to another: it is too late"
    assert not world.commands(EndLeg)
    assert OWN in world.floor.legs, "the agent's leg stays until the two are joined"
    three.over_to(guest)
    assert (world.call().agent, world.call().agent_leg) == ("pam", guest)
    three.everybody_leaves()


def test_a_completed_conference_is_not_dropped_while_the_agent_leaves(three: Three, world: World) -> None:
    guest = conference(three, world)
    three.step(ConsultStep.COMPLETE).step(ConsultStep.DROP)
    assert world.commands(Refused)
    assert not world.commands(EndLeg), "the caller would be left with nobody"
    world.step(e.LegParted(at=world.now, leg=OWN, bridge="b-ann"), e.LegEnded(at=world.now, leg=OWN))
    assert (world.call().state, world.call().agent, world.call().agent_leg) == ("talking", "pam", guest)
    three.everybody_leaves()


def test_an_attended_transfer_from_the_talk_with_the_caller(three: Three, world: World) -> None:
    three.consulting().step(ConsultStep.TOGGLE).back().step(ConsultStep.COMPLETE)
    guest = three.guest
    assert world.commands(ParkLeg) == [ParkLeg(server=SERVER, leg=OWN, room=Room.DESK)]
    assert not world.commands(JoinLeg), "not before the caller is out of the talk"
    world.is_parked()
    assert world.commands(JoinLeg)[0].leg == guest
    three.over_to(guest)
    assert world.call().agent == "pam"
    three.everybody_leaves()


def test_complete_while_it_rings_is_a_blind_transfer(three: Three, world: World) -> None:
    three.asks().rings().step(ConsultStep.COMPLETE).answers()
    guest = three.guest
    assert world.commands(JoinLeg)[0].leg == guest
    three.over_to(guest)
    assert world.call().agent == "pam"
    three.everybody_leaves()


def test_a_leg_that_vanished_in_the_moment_of_the_join(three: Three, world: World) -> None:
    three.consulting().step(ConsultStep.COMPLETE)
    guest = three.guest
    world.step(e.OfferEnded(at=world.now, call="ann", offer=guest, status="CHANUNAVAIL"))
    assert world.commands(JoinLeg)[-1].leg == OWN, "back to the agent"
    three.ends(guest).everybody_leaves()


# --- conference ---


def conference(three: Three, world: World, to: Target = PAM) -> str:
    """All three hear each other; the name of the third leg."""
    three.consulting(to).step(ConsultStep.CONFERENCE)
    guest = three.guest
    three.back()
    world.step(
        e.LegParted(at=world.now, leg=guest, bridge="room"),
        e.LegJoined(at=world.now, leg=guest, bridge="b-ann"),
    )
    assert consult(world) == "together"
    return guest


@pytest.mark.parametrize("leaves", ["tom", "page", "pam", "dropped"])
def test_a_conference(three: Three, world: World, leaves: str) -> None:
    three.consulting().step(ConsultStep.CONFERENCE)
    guest = three.guest
    assert world.commands(JoinLeg)[0].leg == OWN
    assert not world.commands(AddLeg), "caller and agent come first"
    three.back()
    assert world.commands(AddLeg) == [AddLeg(server=SERVER, leg=guest, to=OWN)]
    world.step(
        e.LegParted(at=world.now, leg=guest, bridge="room"),
        e.LegJoined(at=world.now, leg=guest, bridge="b-ann"),
    )
    assert (consult(world), *states(world)) == ("together", "talking", "talking", "talking")
    if leaves in ("tom", "page"):
        if leaves == "page":
            three.step(ConsultStep.COMPLETE)
            assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=OWN)]
        world.step(e.LegParted(at=world.now, leg=OWN, bridge="b-ann"), e.LegEnded(at=world.now, leg=OWN))
        assert (world.call().state, world.call().agent) == ("talking", "pam")
        assert world.agent().state == "wrap_up"
    else:
        if leaves == "dropped":
            three.step(ConsultStep.DROP)
        world.step(e.LegParted(at=world.now, leg=guest, bridge="b-ann"), e.LegEnded(at=world.now, leg=guest))
        assert states(world) == ("talking", "talking", "available")
    three.everybody_leaves()


# --- blind ---


def test_a_blind_transfer_to_an_agent(three: Three, world: World) -> None:
    three.asks(blind=True, note="angry").rings()
    guest = three.guest
    assert states(world) == ("held", "talking", "reserved")
    assert world.told_commands(ScreenPop)[-1].why["rule"] == "transfer"
    three.answers()
    assert world.commands(JoinLeg)[0].leg == guest
    three.over_to(guest)
    assert (world.call().agent, world.agent().state, world.agent("pam").state) == (
        "pam",
        "wrap_up",
        "talking",
    )
    assert not world.told_commands(JoinLegs), "the agent does not hear the other"
    three.everybody_leaves()
    assert told(world, "transfer_completed") == [{"by": "tom", "name": "pam", "how": "blind"}]


def test_a_blind_transfer_that_nobody_answers_returns_the_caller(three: Three, world: World) -> None:
    three.asks(blind=True).rings()
    three.ends(three.guest, cause=19)
    assert world.commands(JoinLeg)[0].leg == OWN
    world.hear_each_other(OWN, "ann")
    assert states(world) == ("talking", "talking", "paused")
    assert told(world, "transfer_failed") == [{"by": "tom", "name": "pam", "reason": "no_answer"}]
    assert told(world, "returned") == [{"agent": "tom"}]
    three.everybody_leaves()


def test_a_blind_transfer_whose_agent_is_gone_leads_to_the_queue(three: Three, world: World) -> None:
    entered = world.record().queued_at
    three.asks(blind=True).rings().ends(OWN)
    assert (world.call().state, world.agent().state) == ("held", "wrap_up")
    three.ends(three.guest, cause=17)
    assert (world.call().state, world.call().queue, world.call().queued_at) == ("waiting", "support", entered)
    three.everybody_leaves()


def test_the_agent_hangs_up_the_moment_he_transfers(three: Three, world: World) -> None:
    request = world.request()
    world.step(e.TransferAsked(at=world.now, login="tom", call="ann", to=PAM, note="", request=request))
    world.agent_ends()
    guest = three.guest
    assert (world.call().state, world.agent().state) == ("held", "wrap_up")
    three.rings().answers()
    assert world.commands(JoinLeg)[0].leg == guest
    three.over_to(guest)
    assert world.call().agent == "pam"
    three.everybody_leaves()


def test_a_blind_transfer_to_a_number(three: Three, world: World) -> None:
    three.asks(NUMBER, blind=True)
    placed = world.told_commands(PlaceLeg)[0]
    assert (placed.phone, placed.number, placed.trunk, placed.shows) == ("", NUMBER.name, "carrier", "4000")
    three.rings().answers()
    guest = three.guest
    three.over_to(guest)
    assert (world.call().state, world.call().agent, world.agent().state) == ("outside", "", "wrap_up")
    world.disposes("tom")
    three.ends(OWN)
    world.wait(60)
    # The far end hangs up; the caller is back in the script.
    world.step(
        e.LegEnded(at=world.now, leg=guest),
        e.OfferEnded(at=world.now, call="ann", offer=guest, status="ANSWER"),
    )
    assert world.call().state == "ivr"
    assert world.commands(LeaveQueue) == [LeaveQueue(call="ann", exit="answered")]
    three.everybody_leaves()
    assert told(world, "joined_outside")[-1]["number"] == NUMBER.name


def test_the_caller_leaves_a_number_outside(three: Three, world: World) -> None:
    three.asks(NUMBER, blind=True).rings().answers()
    guest = three.guest
    three.over_to(guest).ends(OWN)
    world.disposes("tom")
    world.step(e.CallerLeft(at=world.now, call="ann"), e.LegEnded(at=world.now, leg="ann"))
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=guest)]
    three.ends(guest)
    assert world.record().final
    check_empty(world.floor)


@pytest.mark.parametrize("held", [False, True])
def test_a_transfer_to_a_queue(three: Three, world: World, held: bool) -> None:
    if held:
        world.holds()
    world.asks("pam", "paused")
    request = world.request()
    world.step(e.TransferAsked(at=world.now, login="tom", call="ann", to=SALES, note="n", request=request))
    if not held:
        assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=OWN)]
        world.agent_ends()
    assert (world.call().state, world.call().queue, world.agent().state) == ("waiting", "sales", "wrap_up")
    assert world.commands(WaitOn)[-1].queue == "sales"
    assert world.call().queued_at == world.now
    world.asks("pam", "available")
    pop = world.told_commands(ScreenPop)[-1]
    assert (pop.login, pop.notes) == ("pam", (Note(by="tom", text="n"),))
    three.everybody_leaves()


def test_a_closed_queue_leaves_the_caller_where_he_is(three: Three, world: World) -> None:
    three.asks(NIGHT, blind=True)
    refused = world.commands(Refused)[0]
    assert refused.code == "illegal_now"
    assert "he is still with you" in refused.message
    assert states(world) == ("talking", "talking", "available")


@pytest.mark.parametrize("held", [False, True])
def test_a_transfer_to_a_script(three: Three, world: World, held: bool) -> None:
    if held:
        world.holds()
    request = world.request()
    world.step(e.TransferAsked(at=world.now, login="tom", call="ann", to=HOTLINE, note="", request=request))
    if not held:
        world.agent_ends()
    assert world.told_commands(RunScript) == [RunScript(call="ann", did="4001")]
    assert not world.told_commands(LeaveQueue)
    assert world.states() == ("ivr", "wrap_up")
    world.arrives(did="4001", interaction="i-ann").queues("ann", "support")
    assert world.call().state == "waiting"
    three.everybody_leaves()


REFUSED = {
    "himself": (Target(kind=TargetKind.AGENT, name="tom"), "invalid", "that is you"),
    "nobody": (Target(kind=TargetKind.AGENT, name="zoe"), "illegal_now", "not signed in"),
    "letters": (Target(kind=TargetKind.NUMBER, name="139&x"), "invalid", "digits"),
    "other digits": (Target(kind=TargetKind.NUMBER, name="١٣٩"), "invalid", "digits"),
    "too long": (Target(kind=TargetKind.NUMBER, name="139" + "0" * 13), "invalid", "digits"),
    "premium": (Target(kind=TargetKind.NUMBER, name="19005550100"), "invalid", "transfers.prefixes"),
    "international": (Target(kind=TargetKind.NUMBER, name="00861390000000"), "invalid", "transfers.prefixes"),
    "no queue": (Target(kind=TargetKind.QUEUE, name="nowhere"), "invalid", "no queue"),
}


@pytest.mark.parametrize("blind", [True, False])
@pytest.mark.parametrize(("to", "code", "words"), REFUSED.values(), ids=REFUSED)
def test_refused_targets(three: Three, world: World, to: Target, code: str, words: str, blind: bool) -> None:
    three.asks(to, blind=blind)
    refused = world.commands(Refused)[0]
    assert (refused.code, refused.field) == (code, "to" if code == "invalid" else "")
    assert words in refused.message
    assert not world.commands(PlaceLeg)
    assert world.states() == ("talking", "talking")


def test_a_busy_colleague_is_refused_at_once(three: Three, world: World) -> None:
    world.asks("pam", "paused")
    three.asks()
    assert "pam is not free (paused)" in world.commands(Refused)[0].message
    three.asks(SALES)
    assert "nobody of sales is free" in world.commands(Refused)[0].message


def test_a_queue_is_consulted_by_its_longest_idle_agent(three: Three, world: World) -> None:
    three.asks(SALES)
    assert world.told_commands(ScreenPop)[-1].login == "pam"


def test_only_so_many_numbers_at_once(three: Three, world: World) -> None:
    three.asks(NUMBER)
    world.is_ready("zoe", "103").talks("bob", "zoe", "103")
    world.step(e.ConsultAsked(at=world.now, login="zoe", call="bob", to=NUMBER, note="", request="z"))
    assert "no more are allowed" in world.commands(Refused)[0].message


@pytest.mark.parametrize("step", list(ConsultStep))
def test_a_step_without_a_consult_is_refused(three: Three, world: World, step: ConsultStep) -> None:
    three.step(step)
    assert "nobody is asked" in world.commands(Refused)[0].message


def test_steps_that_are_not_possible_say_why(three: Three, world: World) -> None:
    three.asks().rings().step(ConsultStep.TOGGLE)
    assert "nobody has answered yet" in world.commands(Refused)[0].message
    three.asks(NUMBER)
    assert "somebody is asked already" in world.commands(Refused)[0].message
    world.step(e.ConsultStepAsked(at=world.now, login="pam", call="ann", step=ConsultStep.DROP, request="p"))
    assert "not your talk" in world.commands(Refused)[0].message


# --- persistent lines ---


def test_a_colleague_on_a_persistent_line_is_not_rung(world: World) -> None:
    world.signs_in("pam", "102", queues=("sales",))
    world.step(e.PhoneChosen(at=world.now, login="pam", phone="102", line="persistent", request="pam"))
    world.step(
        e.LegStarted(at=world.now, leg="line-pam", server=SERVER, phone="102"),
        e.LegAnswered(at=world.now, leg="line-pam"),
        e.LegParked(at=world.now, leg="line-pam", room="room"),
    )
    world.asks("pam", "available").talks().wait(4)
    world.step(e.ConsultAsked(at=world.now, login="tom", call="ann", to=PAM, note="", request="c"))
    world.is_parked()
    assert not world.told_commands(PlaceLeg)
    assert world.commands(JoinLegs) == [JoinLegs(server=SERVER, leg=OWN, other="line-pam")]
    world.step(
        e.LegParted(at=world.now, leg=OWN, bridge="room"),
        e.LegParted(at=world.now, leg="line-pam", bridge="room"),
        e.LegJoined(at=world.now, leg=OWN, bridge="b-consult"),
        e.LegJoined(at=world.now, leg="line-pam", bridge="b-consult"),
    )
    assert consult(world) == "talking"
    world.step(e.ConsultStepAsked(at=world.now, login="tom", call="ann", step=ConsultStep.DROP, request="d"))
    assert world.commands(ParkLeg) == [ParkLeg(server=SERVER, leg="line-pam", room=Room.LINE)]
    assert not world.commands(EndLeg)
    assert world.agent("pam").state == "available"


# --- gaps ---


def seen(leg: str, phone: str = "", bridge: str = "", *, room: str = "", kept: bool = True) -> LegSeen:
    return LegSeen(leg=leg, phone=phone, answered=True, bridge=bridge, room=room, kept=kept)


def test_an_answer_in_a_gap_is_found_by_the_snapshot(three: Three, world: World) -> None:
    three.asks().rings()
    guest = three.guest
    world.lose_link()
    world.wait(1)
    world.connect(seen("ann", kept=False), seen(OWN, "101", room="room"), seen(guest, "102", room="room"))
    assert world.commands(JoinLegs) == [JoinLegs(server=SERVER, leg=OWN, other=guest)]
    assert world.agent("pam").state == "talking"
    three.everybody_leaves()


def test_a_completed_transfer_in_a_gap_is_found_by_the_snapshot(three: Three, world: World) -> None:
    three.consulting().step(ConsultStep.COMPLETE)
    guest = three.guest
    world.lose_link()
    world.wait(1)
    world.connect(seen("ann", bridge="b", kept=False), seen(OWN, "101", room="room"), seen(guest, "102", "b"))
    assert (world.call().agent, world.agent().state) == ("pam", "wrap_up")
    assert EndLeg(server=SERVER, leg=OWN) in world.commands(EndLeg)
    three.everybody_leaves()


def test_after_a_restart_a_consulted_phone_is_reaped_and_the_caller_comes_back(
    three: Three, world: World
) -> None:
    entered = world.record().queued_at
    three.consulting()
    guest = three.guest
    world.wait(1).restart()
    world.connect(
        seen("ann", kept=False), seen(OWN, "101", "b-consult"), seen(guest, "102", "b-consult")
    ).signs_in()
    world.arrives(resumed=True, queue="support", entered_at=entered, held_by=OWN).queues()
    assert world.states() == ("held", "talking")
    world.step(e.ResumeAsked(at=world.now, login="tom", call="ann", request="r"))
    assert world.commands(JoinLeg)[0].leg == OWN
    world.step(
        e.LegParted(at=world.now, leg=OWN, bridge="b-consult"),
        e.LegJoined(at=world.now, leg=OWN, bridge="b-ann"),
        e.LegParted(at=world.now, leg=guest, bridge="b-consult"),
        e.LegParked(at=world.now, leg=guest, room="room"),
        e.LegJoined(at=world.now, leg="ann", bridge="b-ann"),
    )
    assert world.states() == ("talking", "talking")
    world.wait(2.5)
    assert {each.leg for each in world.commands(EndLeg)} == {guest}
    world.step(e.LegEnded(at=world.now, leg=guest))
    three.everybody_leaves()


@pytest.mark.parametrize("to", [PAM, NUMBER])
@pytest.mark.parametrize("signed_in", ["before", "after"])
def test_of_a_conference_a_restart_leaves_the_talk(
    three: Three, world: World, to: Target, signed_in: str
) -> None:
    guest = conference(three, world, to)
    phone = "102" if to is PAM else ""
    world.wait(1).restart()
    if signed_in == "before":
        world.signs_in().signs_in("pam", "102", queues=("sales",))
    world.connect(
        seen("ann", bridge="b-ann", kept=False), seen(OWN, "101", "b-ann"), seen(guest, phone, "b-ann")
    )
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=guest)]
    if signed_in == "after":
        world.signs_in().signs_in("pam", "102", queues=("sales",))
    world.step(e.LegParted(at=world.now, leg=guest, bridge="b-ann"), e.LegEnded(at=world.now, leg=guest))
    assert (*world.states(), world.call().agent, world.call().consult) == ("talking", "talking", "tom", "")
    assert world.agent("pam").state == "offline", "free to be anything again"
    (ended,) = told(world, "consult_ended")
    assert (ended["reason"], ended["phone"]) == ("server_restart", phone)
    three.everybody_leaves()


def test_a_caller_with_a_number_outside_outlives_a_restart(three: Three, world: World) -> None:
    three.asks(NUMBER, blind=True).rings().answers()
    guest = three.guest
    three.over_to(guest).ends(OWN)
    world.disposes("tom").wait(1).restart()
    world.connect(seen("ann", bridge="b", kept=False), seen(guest, bridge="b"))
    assert world.call().state == "outside"
    three.everybody_leaves()


# --- chains ---


def test_five_parts_of_one_interaction(world: World) -> None:
    agents = ["tom", *(f"a{n}" for n in range(1, 5))]
    for number, login in enumerate(agents[1:]):
        world.is_ready(login, str(110 + number), queues=("sales",))
    world.talks().wait(5)
    leg = OWN
    for before, after in pairwise(agents):
        to = Target(kind=TargetKind.AGENT, name=after)
        request = world.request()
        world.step(
            e.TransferAsked(
                at=world.now, login=before, call="ann", to=to, note=f"to {after}", request=request
            )
        )
        guest = world.call().consult
        world.step(
            e.LegParted(at=world.now, leg=leg, bridge="b-ann"),
            e.LegParted(at=world.now, leg="ann", bridge="b-ann"),
            e.OfferEnded(at=world.now, call="ann", offer=world.call().offer, status="ANSWER"),
            e.LegParked(at=world.now, leg=leg, room="room"),
            e.LegStarted(at=world.now, leg=guest, server=SERVER, phone=world.agent(after).phone),
            e.LegAnswered(at=world.now, leg=guest),
            e.LegParked(at=world.now, leg=guest, room="room"),
        )
        world.hear_each_other(guest, "ann")
        assert world.call().agent == after
        world.step(e.LegEnded(at=world.now, leg=leg)).wait(5)
        leg = guest
    assert [note.text for note in world.call().notes] == [f"to {login}" for login in agents[1:]]
    assert world.told_commands(ScreenPop)[-1].notes == world.call().notes
    world.caller_ends()
    world.step(e.LegEnded(at=world.now, leg=leg)).wait(60)
    record = world.record()
    assert (record.agent, record.final, record.talked_s) == ("a4", True, pytest.approx(25, abs=0.1))
    assert [each["agent"] for each in told(world, "joined")] == agents
    assert len(world.ledger.records) == 1
    check_empty(world.floor)
    assert world.told_commands(Accepted)


def test_no_ear_is_put_on_an_agent_who_is_leaving(world: World) -> None:
    """Asterisk says nothing of an ear on a leg that is gone: the next word would come half a second late."""
    three = Three(world).consulting()
    world.monitors(mode="whisper").picks_up()
    guest = three.guest
    three.step(ConsultStep.COMPLETE).over_to(guest)
    assert EndLeg(server=SERVER, leg=OWN) in world.commands(EndLeg)
    assert [(each.hears, each.mode) for each in world.commands(PointMonitor)] == [(guest, "listen")]


def test_the_ear_is_put_on_again_when_the_caller_comes_back(world: World) -> None:
    three = Three(world).consulting()
    world.monitors(mode="whisper").picks_up()
    guest = three.guest
    three.step(ConsultStep.COMPLETE)
    world.step(
        e.LegParted(at=world.now, leg=OWN, bridge="b-consult"),
        e.LegParked(at=world.now, leg=OWN, room="room"),
    )
    assert not world.commands(PointMonitor), "the caller is on the way to another"
    three.ends(guest)
    assert [each.hears for each in world.commands(PointMonitor)] == [OWN]
