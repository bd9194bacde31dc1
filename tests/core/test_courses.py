"""Two wishes in one instant: the second is refused, and nobody loses the caller, whatever the first was."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from contactcenter import events as e
from contactcenter.commands import Accepted, EndLeg, JoinLeg, LeaveQueue, Refused
from contactcenter.courses import REFUSED, Act, Course, course_of
from contactcenter.events import ConsultStep
from contactcenter.rules import Outside
from contactcenter.values import Target, TargetKind
from tests.core.test_consults import NUMBER, OWN, PAM, SALES, Three
from tests.core.world import RULES, World

SENTENCES = {sentence for acts in REFUSED.values() for sentence in acts.values()}


def world_of() -> World:
    return World(replace(RULES, outside=Outside(prefixes=("139",), at_most=1, shows="4000")))


def taken() -> Three:
    three = Three(world_of())
    world = three.world.monitors().picks_up()
    world.step(e.TakeOverAsked(at=world.now, login="sue", name="Sue", request="take", call="ann"))
    return three


def promised(to: Target = PAM) -> Three:
    """The other hears music, agent and caller talk; then the agent gives the caller away."""
    return Three(world_of()).consulting(to).step(ConsultStep.TOGGLE).back().step(ConsultStep.COMPLETE)


ON_COURSE: dict[Course, Callable[[], Three]] = {
    Course.NONE: lambda: Three(world_of()).consulting(),
    Course.BACK: lambda: Three(world_of()).consulting().step(ConsultStep.TOGGLE),
    Course.RUNG: lambda: Three(world_of()).asks(blind=True).rings(),
    Course.PROMISED: promised,
    Course.HANDED: lambda: Three(world_of()).consulting().step(ConsultStep.COMPLETE),
    Course.TAKEN: taken,
    Course.ONWARD: lambda: sent_on(Three(world_of())),
}


def sent_on(three: Three) -> Three:
    asks(three.world, Act.TRANSFER)
    return three


def asks(world: World, act: Act) -> World:
    """Tom asks for it; or Pam, who is consulted, wants out."""
    by = {"at": world.now, "login": "tom", "call": "ann", "request": world.request()}
    if act in {step.value for step in ConsultStep}:
        return world.step(e.ConsultStepAsked(**by, step=ConsultStep(act.value)))  # type: ignore[arg-type]
    asked: dict[Act, Callable[[], e.Event]] = {
        Act.HOLD: lambda: e.HoldAsked(**by),  # type: ignore[arg-type]
        Act.RESUME: lambda: e.ResumeAsked(**by),  # type: ignore[arg-type]
        Act.HANG_UP: lambda: e.HangUpAsked(**by),  # type: ignore[arg-type]
        Act.LEAVE: lambda: e.HangUpAsked(**by | {"login": "pam"}),  # type: ignore[arg-type]
        Act.TRANSFER: lambda: e.TransferAsked(**by, to=SALES, note=""),  # type: ignore[arg-type]
        Act.CONSULT: lambda: e.ConsultAsked(**by, to=PAM, note=""),  # type: ignore[arg-type]
    }
    return world.step(asked[act]())


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("course", Course)
def test_every_wish_on_every_course(course: Course, act: Act) -> None:
    three = ON_COURSE[course]()
    world, call = three.world, three.world.call()
    consult = world.floor.consults.get(call.consult)
    assert course_of(call, consult, taken=course is Course.TAKEN) is course
    if act is Act.LEAVE and consult is None:
        return  # nobody is there who could leave
    state, legs = call.state, {*world.floor.legs}
    asks(world, act)
    said = [refused.message for refused in world.commands(Refused)]
    if sentence := REFUSED[course].get(act):
        assert said == [sentence]
        assert (call.state, {*world.floor.legs}) == (state, legs)
        assert not world.commands(JoinLeg) + world.commands(EndLeg)
    else:
        assert not SENTENCES & {*said}
        assert said or world.commands(Accepted)


@pytest.mark.parametrize("second", [Act.CONFERENCE, Act.HANG_UP, Act.TOGGLE, Act.DROP, Act.RESUME])
@pytest.mark.parametrize("to", [PAM, NUMBER], ids=["colleague", "number"])
def test_who_was_given_the_caller_gets_him_whatever_is_asked_in_the_same_instant(
    to: Target, second: Act
) -> None:
    three = Three(world_of()).consulting(to)
    world, guest = three.world, three.guest
    three.step(ConsultStep.COMPLETE)
    joins = len(world.told_commands(JoinLeg))
    assert asks(world, second).commands(Refused)
    assert len(world.told_commands(JoinLeg)) == joins
    three.over_to(guest)
    state = "talking" if to.kind is TargetKind.AGENT else "outside"
    assert (world.call().state, world.call().agent_leg) == (state, guest)
    three.everybody_leaves()


@pytest.mark.parametrize("to", [PAM, NUMBER], ids=["colleague", "number"])
def test_a_phone_that_is_hung_up_before_the_leg_is_parked_does_not_take_the_caller_along(to: Target) -> None:
    three = promised(to)
    world, guest = three.world, three.guest
    world.step(e.LegEnded(at=world.now, leg=OWN), e.LegParted(at=world.now, leg="ann", bridge="b-ann"))
    assert world.commands(JoinLeg)[-1].leg == guest
    assert not world.commands(EndLeg)
    three.over_to(guest)
    assert world.call().agent_leg == guest
    three.everybody_leaves()


def test_the_caller_is_asked_back_once() -> None:
    three = Three(world_of())
    world = three.world.holds()
    asks(world, Act.RESUME)
    assert len(world.commands(JoinLeg)) == 1
    assert asks(world, Act.RESUME).commands(Refused)
    assert not world.commands(JoinLeg)
    world.hear_each_other(OWN, "ann")
    assert not asks(world, Act.HOLD).commands(Refused), "he is back: everything is possible again"


def test_a_failure_that_comes_late_is_not_taken_for_that_of_the_next_join() -> None:
    three = Three(world_of()).consulting()
    world, guest = three.world, three.guest
    three.step(ConsultStep.COMPLETE).ends(guest)
    assert world.commands(JoinLeg)[-1].leg == OWN
    failed = e.OfferEnded(at=world.now, call="ann", offer=guest, status="CHANUNAVAIL", leg=guest)
    world.step(failed)
    assert world.states() == ("held", "talking"), "the agent is there, and about to have the caller back"
    world.hear_each_other(OWN, "ann")
    assert world.states() == ("talking", "talking")


def test_a_join_that_came_about_and_ended_unheard_can_be_asked_for_again() -> None:
    three = Three(world_of())
    world = three.world.holds()
    asks(world, Act.RESUME)
    ended = e.OfferEnded(at=world.now, call="ann", offer=world.call().offer, status="ANSWER", leg=OWN)
    world.step(ended)
    assert not world.call().joining
    assert asks(world, Act.RESUME).commands(JoinLeg)


def test_a_hang_up_right_after_a_hold_ends_the_talk_and_keeps_nobody_waiting() -> None:
    three = Three(world_of())
    world = three.world
    asks(world, Act.HOLD)
    asks(world, Act.HANG_UP)
    world.agent_ends()
    assert world.call().state == "ivr"
    assert world.commands(LeaveQueue)


def test_a_caller_who_is_wanted_back_at_once_is_returned_and_the_record_says_so() -> None:
    three = Three(world_of())
    world = three.world
    request = world.request()
    world.step(e.TransferAsked(at=world.now, login="tom", call="ann", to=PAM, note="", request=request))
    world.step(e.LegEnded(at=world.now, leg=three.guest, cause=17))
    world.is_parked()
    assert [entry.kind for entry in world.ledger.timelines["i-ann"]].count("returned") == 1
