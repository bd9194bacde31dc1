"""What happens to callers and agents, one story a test. The invariants are checked after every event."""

from dataclasses import replace

import pytest

from contactcenter import events as e
from contactcenter.commands import (
    Accepted,
    AnswerPhone,
    CorrectDisposition,
    DropAgent,
    DropCall,
    EndLeg,
    FindCustomer,
    LeaveQueue,
    OfferCall,
    OpenLine,
    ParkLeg,
    Refused,
    Room,
    SaveInteraction,
    ScreenPop,
    ShowAgent,
    ShowCall,
    ShowQueue,
)
from contactcenter.routing.hours import Calendar
from contactcenter.rules import Rules
from contactcenter.values import LegSeen, MatchMethod
from tests.core.invariants import check_empty
from tests.core.world import ADA, BOB, RULES, SERVER, World, queue


def legs(*pairs: tuple[str, str, str]) -> tuple[LegSeen, ...]:
    """Legs of a snapshot: name, phone, bridge."""
    return tuple(
        LegSeen(leg=leg, phone=phone, answered=True, bridge=bridge, linked="ann" if phone else "")
        for leg, phone, bridge in pairs
    )


TALK = legs(("ann", "", "b-ann"), ("ann>101", "101", "b-ann"))


@pytest.fixture
def world() -> World:
    return World()


def with_rules(**rules: object) -> World:
    """A world whose queue `support` has other rules."""
    return World(replace(RULES, queues=(queue("support", **rules), queue("sales"))))


# --- the answered call ---


def test_a_caller_is_answered_talks_and_is_recorded(world: World) -> None:
    world.is_ready(page=True)
    world.arrives()
    assert world.commands(FindCustomer)[0].number == "+8613900000001"
    world.step(e.NodeVisited(at=world.now, call="ann", node="menu", detail="2"))
    world.is_known().queues()
    assert world.states() == ("offered", "reserved")
    kinds = [type(each) for each in world.sent]
    assert kinds.index(SaveInteraction) < kinds.index(ScreenPop)
    pop = world.commands(ScreenPop)[0]
    assert (pop.customers, pop.queue, pop.why["rule"]) == ((ADA,), "support", "least_flexible")
    world.now += 0.04
    world.step(e.PopShown(at=world.now, login="tom", offer=pop.offer))
    assert world.commands(OfferCall) == [OfferCall(call="ann", offer=pop.offer, phones=("101",), ring_s=20)]
    world.rings()
    world.now += 3
    world.answers()
    assert world.states() == ("talking", "talking")
    world.now += 60
    world.caller_ends(phone="101")
    assert world.agent().state == "wrap_up"
    assert not world.record().final
    world.now += 10
    world.disposes(note="sold")
    assert world.agent().state == "available"
    record = world.record()
    assert record.final
    assert (record.outcome, record.disposition, record.note) == ("answered", "done", "sold")
    assert (record.customer, record.agent, record.queue, record.last_node) == (
        "cus-1",
        "tom",
        "support",
        "menu",
    )
    assert record.waited_s == pytest.approx(3.04)
    assert (record.talked_s, record.wrapped_s, record.offers) == (60, 10, 1)
    check_empty(world.floor)


@pytest.mark.parametrize("caller_first", [True, False])
def test_the_two_may_enter_the_bridge_in_either_order(world: World, caller_first: bool) -> None:
    world.is_ready().waits().rings().answers(caller_first=caller_first)
    assert world.states() == ("talking", "talking")


def test_a_persistent_line_is_joined_without_waiting_for_the_page(world: World) -> None:
    line_is_up(world)
    world.asks(state="available").waits()
    offer = world.commands(OfferCall)[0]
    assert world.commands(ScreenPop)
    assert offer.line == world.agent().line_leg
    world.step(
        e.LegJoined(at=world.now, leg=offer.line, bridge="b"),
        e.LegJoined(at=world.now, leg="ann", bridge="b"),
    )
    assert world.states() == ("talking", "talking")
    world.step(e.HangUpAsked(at=world.now, login="tom", call="ann", request="h"))
    assert world.commands(ParkLeg) == [ParkLeg(server=SERVER, leg=offer.line, room=Room.LINE)]
    world.step(e.LegParted(at=world.now, leg=offer.line, bridge="b"))
    assert world.states() == ("ivr", "wrap_up")
    assert world.agent().line_up


def line_is_up(world: World, page: bool = True) -> None:
    """Tom chooses a persistent line and answers it."""
    world.signs_in(page=page)
    world.step(e.PhoneChosen(at=world.now, login="tom", phone="101", line="persistent", request="p"))
    leg = world.commands(OpenLine)[0].leg
    world.step(
        e.LegStarted(at=world.now, leg=leg, server=SERVER, phone="101"), e.LegAnswered(at=world.now, leg=leg)
    )


def test_the_agent_ends_and_the_caller_goes_on_in_the_script(world: World) -> None:
    world.talks()
    world.now += 20
    world.agent_ends()
    assert world.states() == ("ivr", "wrap_up")
    world.step(e.NodeVisited(at=world.now, call="ann", node="survey", detail="5"))
    world.disposes()
    assert world.agent().state == "available"
    assert not world.record().final, "the caller is still there"
    world.now += 5
    world.caller_ends()
    record = world.record()
    assert (record.final, record.outcome, record.last_node) == (True, "answered", "survey")
    check_empty(world.floor)


def test_the_agent_hangs_up_from_the_page(world: World) -> None:
    world.talks().step(e.HangUpAsked(at=world.now, login="tom", call="ann", request="h"))
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg="ann>101")]
    assert world.states() == ("talking", "talking"), "until Asterisk says so"


def test_nobody_hangs_up_anothers_talk(world: World) -> None:
    world.talks().is_ready("eve", "102")
    world.step(e.HangUpAsked(at=world.now, login="eve", call="ann", request="h"))
    assert world.commands(Refused)[0].code == "illegal_now"
    assert not world.commands(EndLeg)


def test_answer_on_the_page_presses_the_key_of_the_phone(world: World) -> None:
    world.is_ready().waits().rings()
    world.step(e.AnswerAsked(at=world.now, login="tom", call="ann", request="0"))
    assert world.commands(Refused)[0].message == "answer on phone 101 itself"
    world = World(replace(RULES, answerable=frozenset({"101"})))
    world.is_ready().waits().rings()
    world.step(e.AnswerAsked(at=world.now, login="tom", call="ann", request="a"))
    assert world.commands(AnswerPhone) == [AnswerPhone(phone="101")]
    assert world.commands(Accepted)
    world.answers().step(e.AnswerAsked(at=world.now, login="tom", call="ann", request="b"))
    assert world.commands(Refused)[0].message == "there is no call to answer"


def test_answer_before_the_phone_rings_is_kept_until_it_does() -> None:
    world = World(replace(RULES, answerable=frozenset({"101"})))
    world.is_ready().waits()
    world.step(e.AnswerAsked(at=world.now, login="tom", call="ann", request="a"))
    assert world.commands(Accepted)
    assert not world.commands(AnswerPhone)
    world.rings()
    assert world.told_commands(AnswerPhone) == [AnswerPhone(phone="101")]
    world.step(e.LegRinging(at=world.now, leg="ann>101"))
    assert not world.commands(AnswerPhone), "pressed once"


@pytest.mark.parametrize("answerable", [True, False])
def test_a_simulated_phone_takes_the_line_that_stays_open_by_itself(answerable: bool) -> None:
    world = World(replace(RULES, answerable=frozenset({"101"} if answerable else ())))
    world.signs_in()
    world.step(e.PhoneChosen(at=world.now, login="tom", phone="101", line="persistent", request="p"))
    leg = world.commands(OpenLine)[0].leg
    world.step(
        e.LegStarted(at=world.now, leg=leg, server=SERVER, phone="101"), e.LegRinging(at=world.now, leg=leg)
    )
    assert world.told_commands(AnswerPhone) == ([AnswerPhone(phone="101")] if answerable else [])


# --- leaving early ---


def test_abandoned_in_the_ivr_names_the_last_node(world: World) -> None:
    world.arrives().step(e.NodeVisited(at=world.now, call="ann", node="language"))
    world.caller_ends()
    assert (world.record().outcome, world.record().last_node) == ("abandoned_in_ivr", "language")
    assert world.commands(DropCall) == [DropCall(call="ann")]
    check_empty(world.floor)


def test_abandoned_while_waiting(world: World) -> None:
    world.signs_in().asks(state="paused").waits()
    world.now += 42
    world.caller_ends()
    assert (world.record().outcome, world.record().waited_s) == ("abandoned", 42)
    assert world.figures().abandoned == 1
    check_empty(world.floor)


def test_abandoned_during_the_pop_never_rings(world: World) -> None:
    world.is_ready(page=True).waits().caller_ends()
    assert world.agent().state == "available"
    world.wait(1)
    assert not world.commands(OfferCall)
    assert world.record().outcome == "abandoned"


def test_abandoned_while_the_phone_rings_keeps_the_agents_idle_time(world: World) -> None:
    world.is_ready()
    idle_since = world.agent().idle_since
    world.wait(10).waits().rings()
    world.now += 5
    world.caller_ends(phone="101")
    assert world.agent().state == "available"
    assert world.agent().idle_since == idle_since


@pytest.mark.parametrize("left_first", [True, False])
def test_the_caller_hangs_up_in_the_instant_of_the_answer(world: World, left_first: bool) -> None:
    world.is_ready().waits().rings()
    left = e.CallerLeft(at=world.now, call="ann")
    answer = [
        e.LegAnswered(at=world.now, leg="ann>101"),
        e.LegJoined(at=world.now, leg="ann>101", bridge="b"),
        e.LegJoined(at=world.now, leg="ann", bridge="b"),
    ]
    ends = [e.LegEnded(at=world.now, leg="ann>101"), e.LegEnded(at=world.now, leg="ann")]
    world.step(*([left, *answer] if left_first else [*answer, left]), *ends)
    world.wait(60)
    assert world.record().outcome == ("abandoned" if left_first else "answered")
    assert world.record().final
    assert world.agent().state == "available"
    check_empty(world.floor)


def test_a_caller_who_left_is_closed_once_whoever_says_it_first(world: World) -> None:
    world.arrives().step(e.LegEnded(at=world.now, leg="ann"), e.CallerLeft(at=world.now, call="ann"))
    assert len([save for save in world.commands(SaveInteraction) if save.record.final]) == 1


def test_the_script_serves_the_caller_to_its_end(world: World) -> None:
    world.arrives().step(e.ScriptEnded(at=world.now, call="ann", node="balance", result="done"))
    world.step(e.LegEnded(at=world.now, leg="ann"))
    assert world.record().outcome == "self_served"


# --- the agent does not answer ---


def test_no_answer_pauses_the_agent_and_the_next_one_gets_the_head_of_the_queue(world: World) -> None:
    world.is_ready().waits()
    entered = world.call().queued_at
    world.rings()
    world.wait(5).waits("bob").wait(15)
    world.misses()
    assert (world.agent().state, world.agent().reason) == ("paused", "no_answer")
    assert (world.call().state, world.call().queued_at) == ("waiting", entered)
    assert world.floor.matcher.order("support") == ("ann", "bob")
    world.is_ready("eve", "102")
    assert world.states("ann", "eve") == ("offered", "reserved")
    world.rings("ann", "102").answers("ann", "102")
    assert world.record().waited_s == 20


@pytest.mark.parametrize(
    ("status", "reason"),
    [("BUSY", "busy"), ("CHANUNAVAIL", "unreachable"), ("CONGESTION", "unreachable"), ("WHAT", "no_answer")],
)
def test_a_phone_that_cannot_be_rung_pauses_with_its_reason(world: World, status: str, reason: str) -> None:
    world.is_ready().waits().misses(status)
    assert world.states() == ("waiting", "paused")
    assert world.agent().reason == reason


def test_an_offer_that_the_script_could_not_take_is_nobodys_fault(world: World) -> None:
    world.is_ready().waits().misses("CANCEL")
    assert world.states() == ("ivr", "available")
    entered = world.call().queued_at
    world.queues()
    assert (world.call().state, world.call().queued_at) == ("offered", entered)


def test_the_longest_wait_counts_on_over_a_missed_offer() -> None:
    world = with_rules(max_wait_s=30.0)
    world.is_ready().waits().rings().wait(29).misses()
    world.wait(2)
    assert world.commands(LeaveQueue) == [LeaveQueue(call="ann", exit="timeout")]
    world = with_rules(max_wait_s=30.0, ring_s=40)
    world.is_ready().waits().rings().wait(31).misses().wait(0)
    assert world.commands(LeaveQueue) == [LeaveQueue(call="ann", exit="timeout")]


def test_pressing_available_while_it_rings_does_not_make_it_ring_for_ever(world: World) -> None:
    world.is_ready().waits().rings().asks(state="available").misses()
    assert world.states() == ("waiting", "paused")


def test_an_offer_that_asterisk_forgot_is_given_up(world: World) -> None:
    world.is_ready().waits().rings().wait(24)
    assert world.states() == ("offered", "reserved")
    world.wait(2)
    assert world.states() == ("waiting", "paused")
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg="ann>101")]


def test_an_answer_whose_word_was_lost_is_not_hung_up(world: World) -> None:
    world.is_ready().waits().rings().step(e.LegAnswered(at=world.now, leg="ann>101")).wait(26)
    assert not world.commands(EndLeg)
    assert world.states() == ("talking", "talking")
    assert world.record().inferred


# --- the page ---


def test_a_page_that_says_nothing_delays_the_phone_by_the_grace_only(world: World) -> None:
    world.is_ready(page=True).waits()
    assert world.commands(ScreenPop)
    world.wait(0.149)
    assert not world.commands(OfferCall)
    world.wait(0.002)
    assert len(world.commands(OfferCall)) == 1
    world.step(e.PopShown(at=world.now, login="tom", offer="i-ann/1"))
    assert not world.commands(OfferCall), "late: it rings already"


def test_without_a_page_it_rings_at_once(world: World) -> None:
    world.is_ready().waits()
    kinds = [type(each) for each in world.sent]
    assert kinds.index(ScreenPop) < kinds.index(OfferCall)


def test_another_agents_page_does_not_speak_for_this_one(world: World) -> None:
    world.is_ready(page=True).signs_in("eve", "102").waits()
    world.step(e.PopShown(at=world.now, login="eve", offer="i-ann/1"))
    assert not world.commands(OfferCall)


def test_a_lost_page_pauses_after_its_grace(world: World) -> None:
    world.is_ready(page=True).step(e.PageLost(at=world.now, login="tom")).wait(59)
    assert world.agent().state == "available"
    world.wait(2)
    assert (world.agent().state, world.agent().reason) == ("paused", "disconnected")


def test_a_page_that_comes_back_has_its_full_grace_again(world: World) -> None:
    world.is_ready(page=True).step(e.PageLost(at=world.now, login="tom")).wait(50)
    world.step(e.PageOpened(at=world.now, login="tom")).wait(5).step(e.PageLost(at=world.now, login="tom"))
    world.wait(30)
    assert world.agent().state == "available"
    world.wait(31)
    assert world.agent().state == "paused"


def test_a_page_lost_in_a_talk_is_noticed_after_it(world: World) -> None:
    world.is_ready(page=True).waits().wait(1).rings().answers()
    world.step(e.PageLost(at=world.now, login="tom")).wait(120)
    assert world.states() == ("talking", "talking"), "the live call is kept"
    world.caller_ends(phone="101").wait(31)
    assert (world.agent().state, world.agent().reason) == ("paused", "disconnected")


def test_a_program_without_a_page_may_go_on(world: World) -> None:
    world.is_ready(page=True).step(e.PageLost(at=world.now, login="tom")).wait(61)
    world.asks(state="available").wait(600)
    assert world.agent().state == "available"


# --- wishes in the middle of a call ---


def test_a_break_asked_for_while_it_rings_comes_after_the_talk(world: World) -> None:
    world.is_ready().waits().rings().asks(reason="lunch")
    assert world.commands(Accepted)
    assert (world.agent().state, world.agent().afterwards) == ("reserved", "paused")
    world.answers().caller_ends(phone="101").disposes()
    assert (world.agent().state, world.agent().reason) == ("paused", "lunch")


def test_a_break_asked_for_while_it_rings_comes_when_the_caller_left(world: World) -> None:
    world.is_ready().waits().rings().asks(reason="lunch").caller_ends(phone="101")
    assert (world.agent().state, world.agent().reason) == ("paused", "lunch")


@pytest.mark.parametrize("in_wrap_up", [True, False])
def test_a_break_asked_for_in_talk_or_wrap_up_comes_after_the_wrap_up(world: World, in_wrap_up: bool) -> None:
    world.talks()
    if in_wrap_up:
        world.caller_ends(phone="101").asks(reason="tea")
    else:
        world.asks(reason="tea").caller_ends(phone="101")
    assert (world.agent().state, world.agent().afterwards) == ("wrap_up", "paused")
    world.wait(31)
    assert (world.agent().state, world.agent().reason) == ("paused", "tea")
    world.asks(state="available")
    assert world.agent().state == "available"


def test_a_wish_can_be_taken_back(world: World) -> None:
    world.talks().asks(reason="tea").asks(state="available").caller_ends(phone="101").wait(31)
    assert world.agent().state == "available"


def test_signing_out_in_a_talk_ends_the_session_after_it(world: World) -> None:
    world.talks().step(e.AgentSignedOut(at=world.now, login="tom"))
    assert world.states() == ("talking", "talking")
    world.caller_ends(phone="101").wait(31)
    assert "tom" not in world.floor.agents
    assert DropAgent(login="tom") in world.sent
    assert world.record().final


def test_who_signed_out_in_a_talk_asks_for_nothing_more(world: World) -> None:
    world.talks().step(e.AgentSignedOut(at=world.now, login="tom")).asks(state="available")
    assert world.commands(Refused)[0].message == "you signed out: sign in again"
    world.caller_ends(phone="101").wait(31)
    assert "tom" not in world.floor.agents


def test_signing_in_again_in_that_talk_undoes_it(world: World) -> None:
    world.talks().step(e.AgentSignedOut(at=world.now, login="tom")).signs_in()
    world.caller_ends(phone="101").wait(31)
    assert world.agent().state == "available"


def test_other_queues_at_the_next_sign_in_change_both_views(world: World) -> None:
    world.is_ready().signs_in(queues=("sales",))
    shown = {show.view.name: show.view.available for show in world.commands(ShowQueue)}
    assert shown == {"support": 0, "sales": 1}


def test_unknown_states_and_strangers_are_refused(world: World) -> None:
    world.signs_in().asks(state="flying")
    assert (world.commands(Refused)[0].code, world.commands(Refused)[0].field) == ("invalid", "state")
    world.asks("nobody", "available")
    assert world.commands(Refused)[0].message == "sign in as an agent first"


# --- wrap-up ---


def test_the_wrap_up_ends_by_itself_without_an_outcome(world: World) -> None:
    world.talks().caller_ends(phone="101")
    view = world.commands(ShowAgent)[-1].view
    assert (view.until, view.interaction) == (world.now + 30, "i-ann")
    world.wait(29)
    assert world.agent().state == "wrap_up"
    world.wait(2)
    assert world.agent().state == "available"
    assert (world.record().disposition, world.record().wrapped_s) == ("unset", 30)


def test_more_time(world: World) -> None:
    world.talks().caller_ends(phone="101").wait(20)
    world.step(e.MoreTimeAsked(at=world.now, login="tom", request="m"))
    assert world.commands(Accepted)
    world.wait(69)
    assert world.agent().state == "wrap_up"
    world.wait(2)
    assert world.agent().state == "available"
    world.step(e.MoreTimeAsked(at=world.now, login="tom", request="m2"))
    assert world.commands(Refused)[0].message == "there is no wrap-up to extend"


def test_without_a_wrap_up_time_the_agent_is_free_at_once() -> None:
    world = with_rules(wrap_up_s=0)
    world.talks().caller_ends(phone="101")
    assert world.agent().state == "available"
    assert world.record().final


def test_an_outcome_set_in_the_talk_stays_through_the_wrap_up(world: World) -> None:
    world.talks().disposes(code="again").caller_ends(phone="101").wait(31)
    assert world.record().disposition == "again"


def test_a_late_outcome_is_kept_as_a_correction(world: World) -> None:
    world.talks().caller_ends(phone="101").wait(31).disposes()
    assert world.commands(CorrectDisposition)[0].code == "done"
    world.is_ready("eve", "102").disposes("eve")
    assert world.commands(Refused)[0].code == "not_yours"
    world.disposes(name="nobody")
    assert world.commands(Refused)[0].code == "unknown"


def test_an_outcome_after_the_wrap_up_while_the_caller_is_in_a_survey(world: World) -> None:
    world.talks().agent_ends().wait(31).disposes(code="again")
    assert world.commands(Accepted)
    world.caller_ends()
    assert world.record().disposition == "again"


def test_others_and_unknown_outcomes_are_refused(world: World) -> None:
    world.talks().is_ready("eve", "102").disposes("eve")
    assert world.commands(Refused)[0].code == "not_yours"
    world.disposes(code="nonsense")
    refused = world.commands(Refused)[0]
    assert (refused.code, refused.field) == ("invalid", "code")
    assert "again, done" in refused.message


# --- ways out of the queue ---


def test_every_way_out_has_its_reason_and_its_outcome() -> None:
    shut = Calendar(zone=RULES.queues[0].calendar.zone, week=((),) * 7)
    world = World(
        Rules(
            queues=(
                queue("shut", calendar=shut, without_agents=True),
                queue("full", max_waiting=1, without_agents=True),
                queue("empty"),
                queue("slow", max_wait_s=10.0, without_agents=True),
            ),
            dispositions=frozenset({"done"}),
        )
    )
    for name, into, exit in (
        ("ann", "shut", "closed"),
        ("bob", "empty", "no_agents"),
        ("cat", "no", "unknown_queue"),
    ):
        world.waits(name, into)
        assert world.commands(LeaveQueue) == [LeaveQueue(call=name, exit=exit)]
    world.waits("dan", "full").waits("eva", "full")
    assert world.commands(LeaveQueue) == [LeaveQueue(call="eva", exit="full")]
    world.waits("fay", "slow").wait(11)
    assert world.commands(LeaveQueue) == [LeaveQueue(call="fay", exit="timeout")]
    for name, outcome in (("ann", "closed"), ("bob", "no_agents"), ("eva", "full"), ("fay", "timeout")):
        world.caller_ends(name)
        assert world.record(name).outcome == outcome
    for name, counts in (("shut", (1, 1)), ("empty", (1, 1)), ("full", (2, 1)), ("slow", (1, 1))):
        figures = world.figures("queue", name)
        assert (figures.offered, sum(figures.exits.values())) == counts


def test_a_caller_who_asked_to_be_called_back(world: World) -> None:
    world.signs_in().asks(state="paused").waits()
    world.step(e.CallbackAsked(at=world.now, call="ann", number="+861390", queue="support")).caller_ends()
    assert (world.record().outcome, world.record().callback) == ("callback", "+861390")


def test_a_broken_script_leads_to_the_fallback_queue(world: World) -> None:
    world.arrives().step(e.ScriptFailed(at=world.now, call="ann", node="menu", error="ValueError: no"))
    world.is_known().is_ready().queues()
    assert world.states() == ("offered", "reserved")
    assert world.record().error == "ValueError: no"
    world.caller_ends()
    world.arrives("bob").step(e.ScriptFailed(at=world.now, call="bob", node="x", error="y")).caller_ends(
        "bob"
    )
    assert world.record("bob").outcome == "failed"


# --- who is calling ---


@pytest.mark.parametrize("entered_first", [True, False])
def test_an_entered_number_beats_the_callers_number(world: World, entered_first: bool) -> None:
    found = [((BOB,), MatchMethod.ENTERED_NUMBER), ((ADA,), MatchMethod.CALLER_NUMBER)]
    world.arrives()
    for customers, method in found if entered_first else found[::-1]:
        world.is_known(customers=customers, method=method)
    assert world.call().customers == (BOB,)
    assert (world.record().customer, world.call().match) in (
        ("", "entered_number"),
        ("cus-2", "entered_number"),
    )
    world.is_ready().queues()
    assert world.commands(ScreenPop)[0].match == "entered_number"
    assert world.record().customer == "cus-2"


def test_a_slow_store_holds_a_caller_back_for_a_moment_only(world: World) -> None:
    world.is_ready().arrives().queues().wait(0.29)
    assert world.states() == ("waiting", "available")
    world.wait(0.02)
    assert world.commands(ScreenPop)[0].customers == ()
    world.is_known()
    assert world.commands(ShowCall)[-1].view.customer == "cus-1", "better late than never"
    assert world.commands(ScreenPop)[0].customers == (ADA,), "the page shows who it is after all"


# --- transfers that a phone makes by itself ---


@pytest.mark.parametrize("script_saw_a_hang_up", [True, False])
def test_a_blind_transfer_brings_the_caller_to_another_script(
    world: World, script_saw_a_hang_up: bool
) -> None:
    world.talks().step(e.LegTransferred(at=world.now, leg="ann", by="ann>101", to="4003"))
    if script_saw_a_hang_up:
        world.step(e.CallerLeft(at=world.now, call="ann"))
    world.step(
        e.LegParted(at=world.now, leg="ann", bridge="b-ann"),
        e.LegEnded(at=world.now, leg="ann>101"),
        e.CallArrived(
            at=world.now, call="ann", interaction="i-ann", server=SERVER, did="4003", caller="+8613900000001"
        ),
    )
    assert world.states() == ("ivr", "wrap_up")
    assert not world.record().final
    world.is_known().is_ready("eve", "102", queues=("sales",)).queues(queue="sales").rings(phone="102")
    world.answers(phone="102").disposes().caller_ends(phone="102").disposes("eve", code="again")
    record = world.record()
    assert (record.final, record.agent, record.outcome, record.disposition) == (
        True,
        "eve",
        "answered",
        "again",
    )


def test_a_caller_who_is_back_after_the_final_record_gets_a_new_one() -> None:
    world = with_rules(wrap_up_s=0)
    world.talks().step(
        e.ServerDown(at=world.now, server=SERVER, reason="broken"),
        e.CallerLeft(at=world.now, call="ann"),
        e.LegEnded(at=world.now, leg="ann>101"),
    )
    assert world.record().final
    world.step(
        e.CallArrived(at=world.now, call="ann", interaction="i-ann", server=SERVER, did="4003", caller="")
    )
    assert world.call().interaction.id == "i-ann-2"
    world.caller_ends()
    assert world.ledger.records["i-ann-2"].outcome == "abandoned_in_ivr"


def test_an_attended_transfer_hands_the_talk_to_the_other_phones_agent(world: World) -> None:
    world.talks().is_ready("eve", "102")
    world.step(
        e.LegStarted(at=world.now, leg="eve-leg", server=SERVER, phone="102"),
        e.LegTransferred(at=world.now, leg="ann", by="ann>101", to="102", attended=True),
        e.LegJoined(at=world.now, leg="eve-leg", bridge="b-ann"),
        e.LegParted(at=world.now, leg="ann>101", bridge="b-ann"),
        e.LegEnded(at=world.now, leg="ann>101"),
    )
    assert world.states("ann", "eve") == ("talking", "talking")
    assert world.agent().state == "wrap_up"
    world.caller_ends().step(e.LegEnded(at=world.now, leg="eve-leg")).disposes().disposes("eve")
    assert world.record().final


@pytest.mark.parametrize("left_first", [True, False])
def test_a_phone_may_pass_its_caller_on_while_the_colleague_still_rings(
    world: World, left_first: bool
) -> None:
    world.talks().is_ready("eve", "102")
    left = e.CallerLeft(at=world.now, call="ann")
    told = [
        e.LegStarted(at=world.now, leg="eve-leg", server=SERVER, phone="102", linked="asking"),
        e.LegRinging(at=world.now, leg="eve-leg"),
        e.LegTransferred(at=world.now, leg="ann", by="ann>101", to="", attended=True),
        e.LegParted(at=world.now, leg="ann>101", bridge="b-ann"),
        e.LegEnded(at=world.now, leg="ann>101"),
        e.LegParted(at=world.now, leg="ann", bridge="b-ann"),
    ]
    world.step(*([left, *told] if left_first else [*told, left]))
    assert not world.record().final
    assert world.agent().state == "wrap_up"
    world.wait(3).step(
        e.LegAnswered(at=world.now, leg="eve-leg"),
        e.LegJoined(at=world.now, leg="eve-leg", bridge="b-new"),
        e.LegJoined(at=world.now, leg="ann", bridge="b-new"),
    )
    assert world.states("ann", "eve") == ("talking", "talking")
    world.disposes().step(e.LegEnded(at=world.now, leg="ann"), e.LegEnded(at=world.now, leg="eve-leg"))
    world.disposes("eve")
    assert (world.record().outcome, world.record().final) == ("answered", True)
    check_empty(world.floor)


def test_who_took_over_a_call_in_a_break_is_in_the_break_again_afterwards(world: World) -> None:
    world.talks().signs_in("eve", "102").asks("eve", "paused", "lunch")
    world.step(
        e.LegStarted(at=world.now, leg="eve-leg", server=SERVER, phone="102"),
        e.LegJoined(at=world.now, leg="eve-leg", bridge="b-ann"),
        e.LegEnded(at=world.now, leg="ann>101"),
    )
    assert world.agent("eve").state == "talking"
    world.caller_ends().disposes("eve")
    assert (world.agent("eve").state, world.agent("eve").reason) == ("paused", "lunch")


def test_a_phone_that_takes_over_a_call_while_it_is_to_be_rung_gives_the_waiting_caller_back(
    world: World,
) -> None:
    world.talks().is_ready("eve", "102").waits("bob").rings("bob", "102")
    assert world.states("bob", "eve") == ("offered", "reserved")
    entered = world.call("bob").queued_at
    world.step(
        e.LegStarted(at=world.now, leg="eve-leg", server=SERVER, phone="102"),
        e.LegJoined(at=world.now, leg="eve-leg", bridge="b-ann"),
        e.LegEnded(at=world.now, leg="ann>101"),
    )
    assert world.states("ann", "eve") == ("talking", "talking")
    assert (world.call("bob").state, world.call("bob").queued_at) == ("waiting", entered)
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg="bob>102")]
    world.caller_ends().disposes("eve")
    assert world.agent("eve").state == "available", "she was not to blame"


def test_hold_and_resume_show_on_the_call(world: World) -> None:
    world.talks().step(e.LegHeld(at=world.now, leg="ann>101"))
    assert world.commands(ShowCall)[0].view.held
    world.step(e.LegHeld(at=world.now, leg="ann>101"))
    assert not world.commands(ShowCall), "said twice, changed once"
    world.step(e.LegResumed(at=world.now, leg="ann>101"))
    assert not world.commands(ShowCall)[0].view.held


# --- who gets whom ---


def test_two_callers_race_for_one_agent(world: World) -> None:
    world.signs_in().asks(state="paused").waits("ann").waits("bob").asks(state="available")
    assert world.states("ann") == ("offered", "reserved")
    assert world.call("bob").state == "waiting"


def test_one_caller_two_agents(world: World) -> None:
    world.is_ready().is_ready("eve", "102").waits()
    assert {agent.state for agent in world.floor.agents.values()} == {"reserved", "available"}


def test_priority_before_the_time_of_entry(world: World) -> None:
    world.signs_in().asks(state="paused").waits("ann").waits("vip", priority=5).asks(state="available")
    assert world.states("vip") == ("offered", "reserved")


def test_the_longest_idle_agent_over_all_queues(world: World) -> None:
    world.is_ready("tom", "101").wait(1).is_ready("eve", "102", queues=("support", "sales")).wait(1)
    world.talks("ann", "tom", "101").caller_ends(phone="101").disposes("tom", "ann").wait(1)
    world.waits("bob", "sales").rings("bob", "102").answers("bob", "102").caller_ends("bob", "102")
    world.disposes("eve", "bob").waits("cat")
    assert world.states("cat", "tom") == ("offered", "reserved"), (
        "eve's last call ended later, in another queue"
    )


def test_equal_idle_times_go_by_login(world: World) -> None:
    world.is_ready("zoe", "103").is_ready("eve", "102").waits()
    assert world.agent("eve").state == "reserved"


def test_an_agent_of_another_queue_is_left_alone(world: World) -> None:
    world.is_ready(queues=("sales",)).signs_in("eve", "102").asks("eve", "paused").waits()
    assert world.states() == ("waiting", "available")


# --- phones ---


def test_an_agent_on_a_private_call_is_not_offered_anything(world: World) -> None:
    world.is_ready().step(e.LegStarted(at=world.now, leg="private", server=SERVER, phone="101")).waits()
    assert world.states() == ("waiting", "available")
    assert world.commands(ShowQueue)[-1].view.available == 0
    world.step(e.LegEnded(at=world.now, leg="private"))
    assert world.states() == ("offered", "reserved")


def test_a_private_call_during_an_offer_changes_nothing(world: World) -> None:
    world.is_ready().waits().rings()
    world.step(
        e.LegStarted(at=world.now, leg="private", server=SERVER, phone="101"),
        e.LegEnded(at=world.now, leg="private"),
    )
    assert world.states() == ("offered", "reserved")
    world.answers()
    assert world.states() == ("talking", "talking")


def test_a_phone_that_is_not_registered_is_not_rung(world: World) -> None:
    world.signs_in().step(e.PhoneSeen(at=world.now, phone="101", reachable=False)).asks(state="available")
    assert world.commands(Refused)[0].message.startswith("phone 101 is not registered")
    world.step(e.PhoneSeen(at=world.now, phone="101", reachable=True)).asks(state="available")
    world.step(e.PhoneSeen(at=world.now, phone="101", reachable=False)).waits()
    assert world.states() == ("waiting", "available")
    world.step(e.PhoneSeen(at=world.now, phone="101", reachable=True))
    assert world.states() == ("offered", "reserved")


def test_a_phone_has_one_agent(world: World) -> None:
    world.signs_in().signs_in("eve", "102")
    world.step(e.PhoneChosen(at=world.now, login="eve", phone="101", line="ring", request="p"))
    refused = world.commands(Refused)[0]
    assert (refused.field, refused.message) == (
        "endpoint",
        "phone 101 is in use by another agent: choose a free one",
    )
    world.signs_in("bob", "101")
    assert world.agent("bob").phone == ""
    world.asks("bob", "available")
    assert world.commands(Refused)[0].message == "choose a phone first"


def test_a_phone_is_not_changed_in_a_call_nor_to_an_unknown_kind_of_line(world: World) -> None:
    world.talks().step(e.PhoneChosen(at=world.now, login="tom", phone="103", line="ring", request="p"))
    assert world.commands(Refused)[0].code == "illegal_now"
    world.step(e.PhoneChosen(at=world.now, login="tom", phone="103", line="string", request="q"))
    assert world.commands(Refused)[0].field == "line"


def test_a_line_must_stand_before_calls_are_taken_on_it(world: World) -> None:
    world.is_ready()
    world.step(e.PhoneChosen(at=world.now, login="tom", phone="101", line="persistent", request="p"))
    assert (world.agent().state, world.agent().reason) == ("paused", "line_lost")
    leg = world.commands(OpenLine)[0].leg
    world.asks(state="available")
    assert "does not stand yet" in world.commands(Refused)[0].message
    assert not world.commands(OpenLine), "one is under way"
    world.step(e.LegEnded(at=world.now, leg=leg)).asks(state="available")
    assert world.commands(OpenLine), "it came to nothing: once more"


def test_a_lost_line_pauses_its_agent_at_once(world: World) -> None:
    line_is_up(world)
    world.asks(state="available").step(e.LegEnded(at=world.now, leg=world.agent().line_leg))
    assert (world.agent().state, world.agent().reason) == ("paused", "line_lost")


def test_a_line_lost_in_a_talk_pauses_its_agent_after_the_wrap_up(world: World) -> None:
    line_is_up(world)
    line = world.agent().line_leg
    world.asks(state="available").waits()
    world.step(
        e.LegJoined(at=world.now, leg="ann", bridge="b"), e.LegJoined(at=world.now, leg=line, bridge="b")
    )
    world.step(e.LegEnded(at=world.now, leg=line))
    assert world.states() == ("ivr", "wrap_up")
    world.disposes()
    assert (world.agent().state, world.agent().reason) == ("paused", "line_lost")


def test_going_offline_hangs_the_line_up(world: World) -> None:
    line_is_up(world)
    leg = world.agent().line_leg
    world.asks(state="available").asks(state="offline")
    assert world.commands(EndLeg) == [EndLeg(server=SERVER, leg=leg)]


def test_a_line_that_never_came_about_is_found_out_by_a_snapshot(world: World) -> None:
    world.signs_in().step(
        e.PhoneChosen(at=world.now, login="tom", phone="101", line="persistent", request="p")
    )
    world.snapshot()
    assert world.agent().line_leg, "asked for before the line was"
    world.wait(1).snapshot()
    assert world.agent().line_leg, "a busy Asterisk takes a moment to begin it"
    world.wait(2).snapshot()
    assert not world.agent().line_leg


# --- the link to Asterisk has gaps ---


def test_nobody_is_offered_a_caller_while_the_link_is_down(world: World) -> None:
    world.is_ready().lose_link().waits()
    assert world.states() == ("waiting", "available")
    world.wait(3).connect(*legs(("ann", "", "")))
    assert world.states() == ("offered", "reserved")


def test_before_the_first_snapshot_nobody_is_offered_anything() -> None:
    world = World(connected=False)
    world.is_ready().waits()
    assert world.states() == ("waiting", "available")
    world.connect(*legs(("ann", "", "")))
    assert world.states() == ("offered", "reserved")


def test_a_talk_that_began_in_a_gap_is_inferred(world: World) -> None:
    world.is_ready().waits().rings().lose_link().wait(90)
    assert world.states() == ("offered", "reserved"), "they may well talk: who knows"
    world.connect(*TALK)
    assert world.states() == ("talking", "talking")
    assert world.record().inferred


def test_a_talk_that_ended_in_a_gap_is_inferred(world: World) -> None:
    world.talks().lose_link().wait(10)
    world.step(e.OfferEnded(at=world.now, call="ann", offer="i-ann/1", status="ANSWER"))
    assert world.states() == ("ivr", "wrap_up"), "the script hears it without the link"
    world.connect(*legs(("ann", "", ""))).caller_ends().wait(31)
    assert world.record().talked_s == 10
    check_empty(world.floor)


def test_a_whole_talk_in_a_gap_took_place(world: World) -> None:
    world.is_ready().waits().rings().lose_link().wait(15)
    world.step(e.OfferEnded(at=world.now, call="ann", offer="i-ann/1", status="ANSWER"))
    assert world.states() == ("ivr", "wrap_up")
    assert (world.record().agent, world.record().inferred) == ("tom", True)


@pytest.mark.parametrize("heard_of", [True, False])
def test_a_caller_who_left_in_a_gap_is_closed(world: World, heard_of: bool) -> None:
    world.is_ready()
    if heard_of:
        world.waits()
    else:
        world.step(
            e.CallArrived(
                at=world.now, call="ann", interaction="i-ann", server=SERVER, did="4002", caller="1"
            )
        ).is_known().queues()
    world.rings().lose_link().wait(5).connect()
    assert (world.record().final, world.record().outcome, world.record().inferred) == (
        True,
        "abandoned",
        True,
    )
    assert world.agent().state == "available"
    check_empty(world.floor)


def test_an_agents_leg_that_ended_in_a_gap_ends_the_talk(world: World) -> None:
    world.talks().lose_link().wait(5).connect(*legs(("ann", "", "")))
    assert world.states() == ("ivr", "wrap_up")


def test_a_snapshot_does_not_bring_back_what_ended_meanwhile(world: World) -> None:
    world.talks().wait(10)
    asked = world.now
    world.now += 0.01
    world.caller_ends(phone="101")
    world.now += 0.01
    world.snapshot(*TALK, asked_ago=world.now - asked)
    world.wait(31)
    check_empty(world.floor)


def test_a_snapshot_does_not_end_or_undo_what_began_meanwhile(world: World) -> None:
    world.is_ready().waits().rings().wait(5)
    asked = world.now
    world.now += 0.01
    world.answers()
    world.now += 0.01
    world.snapshot(*legs(("ann", "", ""), ("ann>101", "101", "")), asked_ago=world.now - asked)
    assert world.floor.legs["ann"].bridge == "b-ann"
    asked = world.now
    world.now += 0.01
    world.arrives("bob")
    world.now += 0.01
    world.snapshot(*TALK, asked_ago=world.now - asked)
    assert {"ann", "bob"} == set(world.floor.calls)


def test_asterisk_itself_began_anew(world: World) -> None:
    world.talks().waits("bob").lose_link().wait(2).connect(restarted=True)
    assert not world.floor.calls
    assert [world.record(name).outcome for name in ("ann", "bob")] == ["asterisk_restart"] * 2
    world.wait(31)
    assert world.record().final
    check_empty(world.floor)


# --- this process has gaps ---


@pytest.mark.parametrize("agent_first", [True, False])
def test_a_talk_outlives_a_restart(world: World, agent_first: bool) -> None:
    world.talks()
    world.wait(5).restart().wait(1)
    if agent_first:
        world.signs_in().connect(*TALK)
    else:
        world.connect(*TALK).signs_in()
    assert world.states() == ("talking", "talking")
    world.wait(4).caller_ends(phone="101").disposes()
    record = world.record()
    assert (record.final, record.outcome, record.disposition) == (True, "answered", "done")
    assert (record.talked_s, record.inferred) == (pytest.approx(10, abs=0.1), True)
    check_empty(world.floor)


@pytest.mark.parametrize("agent_first", [True, False])
def test_a_talk_that_the_store_has_not_heard_of_outlives_a_restart(world: World, agent_first: bool) -> None:
    world.is_ready().waits()
    world.restart()
    if agent_first:
        world.signs_in().connect(*TALK)
    else:
        world.connect(*TALK).signs_in()
    assert world.states() == ("talking", "talking")
    world.wait(4).caller_ends(phone="101").disposes()
    assert (world.record().outcome, world.record().agent) == ("answered", "tom")
    check_empty(world.floor)


def test_an_idle_line_of_the_last_run_is_hung_up(world: World) -> None:
    line, talk = legs(("line-old", "101", ""), ("line-in-a-talk", "102", "b"))
    world.restart().connect(replace(line, kept=True), replace(talk, kept=True))
    world.wait(2)
    assert [(each.leg) for each in world.commands(EndLeg)] == ["line-old"]


@pytest.mark.parametrize("agent_left_first", [True, False])
def test_who_had_his_talk_before_a_crash_is_not_queued_again(world: World, agent_left_first: bool) -> None:
    entered = world.now
    world.talks().wait(5).restart().connect(*TALK).signs_in()
    if agent_left_first:
        world.step(e.LegEnded(at=world.now, leg="ann>101"))
    world.arrives(resumed=True, queue="support", entered_at=entered).queues()
    assert world.commands(LeaveQueue)[-1].exit == "answered"
    assert not world.floor.matcher.order("support")
    world.caller_ends(phone="101").disposes()
    assert world.record().outcome == "answered"


def test_who_had_the_caller_before_an_unknown_phone_took_him_over_keeps_the_record(world: World) -> None:
    world.talks().disposes()
    taken_over = legs(("ann", "", "b-ann"), ("stranger", "109", "b-ann"))
    world.step(
        e.LegStarted(at=world.now, leg="stranger", server=SERVER, phone="109"),
        e.LegJoined(at=world.now, leg="stranger", bridge="b-ann"),
        e.LegEnded(at=world.now, leg="ann>101"),
    )
    world.restart().signs_in().connect(*taken_over).caller_ends()
    assert (world.record().final, world.record().agent, world.record().disposition) == (True, "tom", "done")


def test_a_waiting_caller_keeps_the_place_over_a_restart(world: World) -> None:
    world.signs_in().asks(state="paused").waits()
    entered = world.call().queued_at
    world.wait(20).restart().connect(*legs(("ann", "", ""))).signs_in().asks(state="paused").waits("bob")
    world.wait(2).step(
        e.CallArrived(
            at=world.now,
            call="ann",
            interaction="i-ann",
            server=SERVER,
            did="4001",
            caller="",
            resumed=True,
            queue="support",
            entered_at=entered,
        )
    )
    assert world.figures().offered == 2
    world.is_known().queues().asks(state="available")
    assert world.states() == ("offered", "reserved")
    assert world.call("bob").state == "waiting"
    assert world.commands(ScreenPop)[0].waited_s == pytest.approx(22, abs=0.1)
    world.caller_ends()
    assert (world.record().outcome, world.record().waited_s) == ("abandoned", pytest.approx(22, abs=0.1))


def test_a_resumed_caller_who_leaves_before_the_queue_has_abandoned_it(world: World) -> None:
    world.signs_in().arrives(resumed=True, queue="support", entered_at=world.now - 9).caller_ends()
    assert (world.record().outcome, world.record().waited_s) == ("abandoned", 9)


def test_a_resumed_caller_may_wait_on_in_another_queue(world: World) -> None:
    world.signs_in(queues=("support", "sales")).asks(state="paused")
    world.arrives(resumed=True, queue="support", entered_at=world.now - 9).is_known().queues(queue="sales")
    assert world.call().queued_at == world.now - 9
    assert [world.figures("queue", name).offered for name in ("support", "sales")] == [1, 1]
    assert (world.figures().exits, world.figures("center", "").offered) == ({"moved": 1}, 1)


def test_who_vanished_in_a_restart_is_closed_once(world: World) -> None:
    world.talks().waits("bob").arrives("cat")
    world.restart().connect()
    assert world.record("ann").outcome == "answered", "the talk took place, whenever it ended"
    assert {world.record(name).outcome for name in ("bob", "cat")} == {"server_restart"}
    world.wait(120)
    check_empty(world.floor)


def test_who_does_not_turn_up_is_closed_after_a_while(world: World) -> None:
    world.arrives().restart().connect(*legs(("ann", "", ""))).wait(61)
    assert world.record().outcome == "server_restart"
    world.step(
        e.CallArrived(
            at=world.now, call="ann", interaction="i-ann", server=SERVER, did="4001", caller="", resumed=True
        )
    )
    world.caller_ends()
    assert world.ledger.records["i-ann-2"].final


def test_a_wrap_up_does_not_outlive_a_restart(world: World) -> None:
    world.talks().caller_ends(phone="101").restart()
    record = world.record()
    assert (record.final, record.outcome, record.disposition) == (True, "answered", "unset")


def test_a_caller_quicker_than_the_store_is_not_closed_twice(world: World) -> None:
    world.arrives()
    told = world.ledger.restored(world.now)
    world.step(told).wait(61).caller_ends()
    assert world.record().outcome == "abandoned_in_ivr"


def test_a_script_that_crashed_while_waiting_keeps_the_place(world: World) -> None:
    world.signs_in().asks(state="paused").waits()
    entered = world.call().queued_at
    world.wait(3).step(
        e.CallArrived(
            at=world.now,
            call="ann",
            interaction="i-ann",
            server=SERVER,
            did="4001",
            caller="",
            resumed=True,
            queue="support",
            entered_at=entered,
        )
    )
    assert world.call().state == "ivr"
    world.queues()
    assert (world.call().state, world.call().queued_at) == ("waiting", entered)
    assert world.figures().offered == 1


def test_a_waiting_caller_who_is_sent_to_another_number_has_left_the_queue(world: World) -> None:
    world.is_ready().waits()
    world.step(
        e.CallArrived(at=world.now, call="ann", interaction="i-ann", server=SERVER, did="4003", caller="")
    )
    assert world.states() == ("ivr", "available")
    assert world.figures().exits == {"transferred": 1}


# --- nothing is possible twice ---


def test_an_event_that_is_not_possible_changes_nothing_and_is_counted(world: World) -> None:
    world.is_ready().waits().rings().answers()
    world.step(e.CallQueued(at=world.now, call="ann", queue="support"))
    assert world.states() == ("talking", "talking")
    assert world.center.impossible == {"CallQueued while talking": 1}


def test_words_about_unknown_legs_calls_and_agents_are_let_pass(world: World) -> None:
    at = world.now
    for event in (
        e.LegRinging(at=at, leg="x"),
        e.LegAnswered(at=at, leg="x"),
        e.LegJoined(at=at, leg="x", bridge="b"),
        e.LegParted(at=at, leg="x", bridge="b"),
        e.LegHeld(at=at, leg="x"),
        e.LegTransferred(at=at, leg="x", by="y", to="z"),
        e.LegEnded(at=at, leg="x"),
        e.NodeVisited(at=at, call="x", node="n"),
        e.LanguageChosen(at=at, call="x", language="zh"),
        e.CallQueued(at=at, call="x", queue="support"),
        e.CallbackAsked(at=at, call="x", number="1"),
        e.OfferEnded(at=at, call="x", offer="x/1", status="ANSWER"),
        e.ScriptFailed(at=at, call="x", node="n", error="e"),
        e.ScriptEnded(at=at, call="x", node="n", result="r"),
        e.CallerLeft(at=at, call="x"),
        e.CustomerFound(at=at, call="x", method=MatchMethod.NONE, customers=()),
        e.AgentSignedOut(at=at, login="x"),
        e.PageOpened(at=at, login="x"),
        e.PageLost(at=at, login="x"),
        e.PopShown(at=at, login="x", offer="x/1"),
    ):
        assert world.tell(event) == []
    world.wait(120)
    check_empty(world.floor)


def test_a_restored_call_keeps_language_and_is_shown(world: World) -> None:
    world.talks().step(e.LanguageChosen(at=world.now, call="ann", language="en"))
    world.caller_ends(phone="101").disposes()
    assert world.record().language == "en"
