"""Who leaves the queue to be called back keeps the exact place, and is rung once at a time."""

from dataclasses import replace

import pytest

from contactcenter import events as e
from contactcenter.callbacks import TRANSITIONS, CallbackState
from contactcenter.commands import (
    Accepted,
    Announce,
    EndLeg,
    OfferCall,
    PlaceCall,
    PlaceLeg,
    Refused,
    SaveAudit,
    SaveCallback,
    ScreenPop,
)
from contactcenter.routing.queues import QueueRules
from contactcenter.values import LegSeen
from tests.core.invariants import check_empty
from tests.core.world import ADA, BOB, RULES, SERVER, World, queue

PATIENT = {"callback_tries": 2, "callback_pause_s": 60.0, "callback_expires_s": 3600.0}
NUMBER = "13900000001"
LEG = "callback-i-ann-1"


def world_of(*queues: QueueRules) -> World:
    return World(replace(RULES, queues=queues))


@pytest.fixture
def world() -> World:
    """Ann waits, then Bob; the one agent is in a break."""
    world = world_of(queue("support", without_agents=True, **PATIENT), queue("sales"))
    world.signs_in("tom", "101").asks("tom", "paused")
    world.waits("ann").wait(30)
    return world.waits("bob").wait(30)


def leaves_for_callback(world: World, name: str = "ann", number: str = NUMBER) -> World:
    world.step(e.CallbackAsked(at=world.now, call=name, number=number, queue="support"))
    return world.step(
        e.ScriptEnded(at=world.now, call=name, node="callback_noted", result="callback"),
        e.LegEnded(at=world.now, leg=name),
    )


def reaches(world: World, leg: str = LEG) -> World:
    """The customer answers; his leg runs a script session of ours."""
    world.step(
        e.LegStarted(at=world.now, leg=leg, server=SERVER),
        e.LegAnswered(at=world.now, leg=leg),
        e.CallArrived(
            at=world.now, call=leg, interaction="i-ann-back1", server=SERVER, did="", caller="",
            resumed=True, queue="support", entered_at=world.now,
        ),
    )  # fmt: skip
    return world.step(e.CallQueued(at=world.now, call=leg, queue="support"))


def state(world: World) -> str:
    saved = [each.record for each in world.commands(SaveCallback)]
    return saved[-1].state if saved else ""


def test_the_place_is_kept_and_the_agent_reserved_before_the_customer_is_rung(world: World) -> None:
    leaves_for_callback(world)
    assert world.record().outcome == "callback"
    assert world.floor.matcher.order("support") == ("callback:i-ann", "bob")
    world.wait(5).asks("tom", "available")
    (place,) = world.commands(PlaceCall)
    assert (place.leg, place.number, place.queue) == (LEG, NUMBER, "support")
    assert world.agent().state.value == "reserved"
    assert world.commands(ScreenPop)[0].interaction == "i-ann-back1"
    assert not world.commands(OfferCall), "the agent's phone is rung when the customer has answered"
    reaches(world)
    assert [each.call for each in world.commands(OfferCall)] == [LEG]
    world.rings(LEG).answers(LEG)
    assert world.agent().state.value == "talking"
    world.agent_ends(LEG)
    world.caller_ends(LEG)
    assert state(world) == "done"
    world.step(
        e.DispositionSet(
            at=world.now, login="tom", interaction="i-ann-back1", code="done", note="", callback="",
            request=world.request(),
        )
    )  # fmt: skip
    record = world.ledger.records["i-ann-back1"]
    assert (record.direction, record.origin, record.outcome) == ("outbound", "i-ann", "answered")
    assert not world.floor.callbacks


def test_who_is_not_reached_is_tried_again_later_in_the_same_place(world: World) -> None:
    leaves_for_callback(world).asks("tom", "available")
    world.step(e.LegEnded(at=world.now, leg=LEG, cause=17))
    assert world.ledger.records["i-ann-back1"].outcome == "not_reached"
    assert world.call("bob").agent == "tom", "meanwhile the next one is served"
    assert world.floor.matcher.order("support") == ("callback:i-ann",)
    world.rings("bob").answers("bob").agent_ends("bob")
    world.caller_ends("bob").disposes(name="bob")
    assert not world.commands(PlaceCall)
    world.wait(60)
    assert [each.leg for each in world.commands(PlaceCall)] == ["callback-i-ann-2"]
    world.step(e.LegEnded(at=world.now, leg="callback-i-ann-2", cause=19))
    assert state(world) == "failed"
    assert world.agent().state.value == "available"
    check_empty(world.floor)


def test_it_expires(world: World) -> None:
    leaves_for_callback(world).wait(3600)
    assert state(world) == "expired"
    assert world.floor.matcher.order("support") == ()
    assert not world.asks("tom", "available").commands(PlaceCall)


def test_nobody_has_two_callbacks_in_one_queue(world: World) -> None:
    leaves_for_callback(world)
    leaves_for_callback(world, "bob")
    assert list(world.floor.callbacks) == ["i-ann"]


def test_who_calls_in_is_served_in_the_place_of_his_callback(world: World) -> None:
    leaves_for_callback(world)
    world.arrives("cat").is_known("cat", (BOB,)).queues("cat")
    world.arrives("ann2", caller=NUMBER).is_known("ann2", ()).queues("ann2")
    assert world.floor.matcher.order("support")[0] == "ann2"
    assert state(world) == "cancelled"
    assert not world.asks("tom", "available").commands(PlaceCall)
    assert world.call("ann2").agent == "tom"


def test_who_only_may_be_the_customer_takes_nobodys_callback(world: World) -> None:
    leaves_for_callback(world)
    assert world.floor.callbacks["i-ann"].record.customer == ADA.id
    world.arrives("cat", caller="+8613900000077").is_known("cat", (ADA, BOB)).queues("cat")
    assert "i-ann" in world.floor.callbacks
    world.arrives("ann2", caller="+8613900000077").is_known("ann2", (ADA,)).queues("ann2")
    assert state(world) == "cancelled"


def test_the_customer_hangs_up_before_the_agent_answers(world: World) -> None:
    leaves_for_callback(world).asks("tom", "available")
    reaches(world)
    world.caller_ends(LEG)
    assert world.floor.callbacks["i-ann"].state is CallbackState.WAITING
    assert world.call("bob").agent == "tom"


def test_an_agent_who_does_not_answer_leaves_the_customer_at_the_head(world: World) -> None:
    leaves_for_callback(world).asks("tom", "available")
    reaches(world).rings(LEG).misses(call=LEG)
    assert world.agent().state.value == "paused"
    assert world.floor.matcher.order("support") == (LEG, "bob")
    world.asks("tom", "available")
    assert world.call(LEG).agent == "tom"


def test_it_outlives_a_restart(world: World) -> None:
    leaves_for_callback(world)
    record = world.floor.callbacks["i-ann"].record
    world.restart()
    world.step(e.CallbacksRestored(at=world.now, records=(record,))).connect()
    world.is_ready("tom")
    assert [each.leg for each in world.commands(PlaceCall)] == [LEG]


def test_a_customer_who_was_being_rung_at_a_crash_is_not_rung_twice(world: World) -> None:
    leaves_for_callback(world).asks("tom", "available")
    record = world.floor.callbacks["i-ann"].record
    assert record.state == "calling"
    world.restart()
    world.step(e.CallbacksRestored(at=world.now, records=(record,))).connect(LegSeen(leg=LEG, answered=True))
    world.is_ready("tom")
    assert not world.commands(PlaceCall)
    world.arrives(LEG, interaction="i-ann-back1", resumed=True, queue="support", entered_at=world.now)
    assert not world.wait(120).commands(PlaceCall)


def test_a_supervisor_takes_it_back(world: World) -> None:
    leaves_for_callback(world)

    def cancel(name: str) -> World:
        event = e.CallbackCancelAsked(
            at=world.now, login="eve", name="Eve", request=world.request(), callback=name
        )
        return world.step(event)

    assert cancel("nobody").commands(Refused)[0].code == "unknown"
    assert cancel("i-ann").commands(Accepted)
    assert state(world) == "cancelled"
    assert world.commands(SaveAudit)[0].entry.act == "cancel"


def test_without_a_link_to_asterisk_nobody_is_rung(world: World) -> None:
    leaves_for_callback(world).lose_link().asks("tom", "available")
    assert not world.commands(PlaceCall)
    world.connect()
    assert [each.leg for each in world.commands(PlaceCall)] == [LEG]


def test_every_end_is_final() -> None:
    assert [state for state, ways in TRANSITIONS.items() if not ways] == [
        CallbackState.DONE, CallbackState.FAILED, CallbackState.EXPIRED, CallbackState.CANCELLED,
    ]  # fmt: skip


def test_who_was_called_back_before_a_crash_is_not_called_again(world: World) -> None:
    """The talk outlives the crash, or ends unheard meanwhile: either way it took place."""
    for outlives in (True, False):
        world = world_of(queue("support", without_agents=True, **PATIENT), queue("sales"))
        world.signs_in("tom", "101").asks("tom", "paused")
        world.waits("ann").wait(30)
        leaves_for_callback(world).asks("tom", "available")
        reaches(world).rings(LEG).answers(LEG)
        kept = world.floor.callbacks["i-ann"].record
        talk = (
            LegSeen(leg=LEG, answered=True, bridge="b"),
            LegSeen(leg=f"{LEG}>101", phone="101", answered=True, bridge="b", linked=LEG),
        )
        world.restart()
        world.step(e.CallbacksRestored(at=world.now, records=(kept,)))
        world.connect(*(talk if outlives else ()))
        if outlives:
            world.signs_in("tom", "101")
            assert world.call(LEG).state.value == "talking"
            world.wait(90)
            world.step(e.LegEnded(at=world.now, leg=f"{LEG}>101"), e.LegEnded(at=world.now, leg=LEG))
        assert not world.floor.callbacks, outlives
        assert not world.wait(4000).commands(PlaceCall)


def test_a_queue_has_so_many_callbacks_and_they_take_no_callers_room() -> None:
    rules = {**PATIENT, "callbacks_max": 1, "max_waiting": 2, "announce_after_s": 20.0}
    world = world_of(queue("support", without_agents=True, ways_out=("callback",), **rules), queue("sales"))
    world.arrives("ann").is_known("ann", ()).queues("ann")
    leaves_for_callback(world)
    for name in ("bob", "cat"):
        world.arrives(name).is_known(name, ()).queues(name)
        assert world.call(name).state.value == "waiting", "the place of a callback is nobody's room"
    world.wait(20)
    assert {each.ways for each in world.commands(Announce)} == {()}, "no more are offered"
    world.step(e.CallbackAsked(at=world.now, call="bob", number="13900000002", queue="support"))
    assert list(world.floor.callbacks) == ["i-ann"]
    assert world.call("bob").state.value == "waiting", "and who asks all the same waits on"


# --- the agent first ---

DESK = f"desk1-{LEG}"


@pytest.fixture
def agent_first() -> World:
    """Ann has left for a callback in a queue that rings its agents first."""
    rules = {**PATIENT, "callback_first": "agent", "without_agents": True}
    world = world_of(queue("support", **rules), queue("sales"))
    world.signs_in("tom", "101").asks("tom", "paused")
    world.waits("ann").wait(30)
    return leaves_for_callback(world)


def desk(world: World, *kinds: type[e.Event], leg: str = DESK) -> World:
    for kind in kinds:
        fields = {"server": SERVER, "phone": "101"} if kind is e.LegStarted else {}
        world.tell(kind(at=world.now, leg=leg, **fields))
    return world


def test_the_agent_is_rung_first_and_then_the_customer(agent_first: World) -> None:
    world = agent_first.asks("tom", "available")
    assert [(each.leg, each.phone) for each in world.commands(PlaceLeg)] == [(DESK, "101")]
    assert not world.commands(PlaceCall)
    world.sent = []
    desk(world, e.LegStarted, e.LegAnswered)
    assert [each.leg for each in world.commands(PlaceCall)] == [LEG]
    reaches(world)
    assert [each.line for each in world.commands(OfferCall)] == [DESK]
    joined = [e.LegJoined(at=world.now, leg=each, bridge="b") for each in (LEG, DESK)]
    world.step(*joined)
    assert world.states(LEG) == ("talking", "talking")
    world.caller_ends(LEG)
    assert state(world) == "done"


@pytest.mark.parametrize(
    ("cause", "reason"),
    [(17, "busy"), (21, "busy"), (20, "unreachable"), (3, "unreachable"), (16, "no_answer")],
)
def test_an_agent_who_is_rung_first_and_does_not_answer_is_paused_and_nobody_is_called(
    agent_first: World, cause: int, reason: str
) -> None:
    world = agent_first.asks("tom", "available")
    desk(world, e.LegStarted).step(e.LegEnded(at=world.now, leg=DESK, cause=cause))
    assert (world.agent().state.value, world.agent().reason) == ("paused", reason)
    assert not world.commands(PlaceCall)
    world.asks("tom", "available")
    assert [each.leg for each in world.commands(PlaceLeg)] == [f"desk2-{LEG}"]


def test_the_agent_who_waits_is_let_go_when_the_customer_is_not_reached(agent_first: World) -> None:
    world = agent_first.asks("tom", "available")
    desk(world, e.LegStarted, e.LegAnswered)
    world.step(e.LegEnded(at=world.now, leg=LEG, cause=19))
    assert [each.leg for each in world.commands(EndLeg)] == [DESK]
    assert world.agent().state.value == "available"
    world.step(e.LegEnded(at=world.now, leg=DESK))
    assert world.agent().state.value == "available"


def test_the_customer_is_rung_once_whoever_comes_to_serve_him(agent_first: World) -> None:
    """The first agent hangs up while the customer is rung; the second one waits for the same ring."""
    world = agent_first.asks("tom", "available")
    desk(world, e.LegStarted, e.LegAnswered)
    world.step(e.LegEnded(at=world.now, leg=DESK))
    world.is_ready("ivy", "102")
    second = f"desk2-{LEG}"
    world.step(
        e.LegStarted(at=world.now, leg=second, server=SERVER, phone="102"),
        e.LegAnswered(at=world.now, leg=second),
    )
    assert not world.commands(PlaceCall)
    reaches(world)
    assert [each.line for each in world.commands(OfferCall)] == [second]


def test_where_several_phones_ring_a_callback_keeps_one_agent() -> None:
    world = world_of(queue("support", strategy="ring_several", seats=2, **PATIENT), queue("sales"))
    world.signs_in("tom", "101").asks("tom", "paused")
    world.waits("ann").wait(30)
    leaves_for_callback(world)
    world.lose_link()
    world.is_ready("sam", "102").asks("tom", "available")
    world.connect()
    assert sorted((world.agent("sam").state, world.agent("tom").state)) == ["available", "reserved"]
    world.waits("bob")
    assert world.call("bob").state == "offered"


# --- calls that were agreed on ---


def keeps(world: World, login: str = "tom", appointment: str = "a1", **fields: str) -> World:
    known = {"number": "+8613900000009", "name": "Eve", "customer": "", "queue": "support"} | fields
    return world.step(
        e.AppointmentCallAsked(
            at=world.now, login=login, appointment=appointment, request=world.request(), **known
        )
    )


@pytest.fixture
def idle() -> World:
    """Nobody waits; the agent is free."""
    world = world_of(queue("support", **PATIENT), queue("sales"))
    return world.signs_in("tom", "101").asks("tom", "available")


def test_an_agent_keeps_an_appointment_himself(idle: World) -> None:
    keeps(idle)
    assert idle.commands(Accepted)
    (place,) = idle.commands(PlaceCall)
    assert (place.number, place.queue, idle.agent().state.value) == ("+8613900000009", "support", "reserved")
    assert idle.commands(ScreenPop)[0].login == "tom"
    (record,) = {each.record for each in idle.commands(SaveCallback)}
    assert (record.state, record.appointment, record.preferred) == ("calling", "a1", "tom")
    leg = place.leg
    interaction = idle.commands(ScreenPop)[0].interaction
    idle.step(
        e.LegStarted(at=idle.now, leg=leg, server=SERVER),
        e.LegAnswered(at=idle.now, leg=leg),
        e.CallArrived(
            at=idle.now, call=leg, interaction=interaction, server=SERVER, did="", caller="", resumed=True,
            queue="support", entered_at=idle.now,
        ),
        e.CallQueued(at=idle.now, call=leg, queue="support"),
    )  # fmt: skip
    idle.talks(leg, "tom")
    idle.wait(60).step(e.LegEnded(at=idle.now, leg=leg))
    assert state(idle) == "done"


def test_who_does_not_answer_an_appointment_is_not_rung_again_by_itself(idle: World) -> None:
    keeps(idle)
    (place,) = idle.commands(PlaceCall)
    idle.wait(20).step(e.LegEnded(at=idle.now, leg=place.leg, cause=19))
    assert state(idle) == "expired"
    idle.wait(3600)
    assert not idle.commands(PlaceCall)
    assert not idle.floor.callbacks
    idle.asks("tom", "available")
    keeps(idle)
    (again,) = idle.commands(PlaceCall)
    assert again.leg != place.leg, "a name is not used twice"


def test_an_appointment_is_kept_by_one_agent_who_is_free_and_of_its_queue(idle: World) -> None:
    idle.signs_in("bea", "102").asks("bea", "available")
    keeps(idle)
    for appointment in ("a1", "a2"):
        keeps(idle, "bea", appointment)
        assert idle.commands(Refused)[0].code == "illegal_now", "the number rings already"
    keeps(idle, "tom", "a3", number="+8613900000008")
    assert idle.commands(Refused)[0].code == "illegal_now", "he is reserved"
    keeps(idle, "bea", "a4", number="+8613900000008", queue="sales")
    assert idle.commands(Refused)[0].code == "not_yours"
    keeps(idle, "bea", "a4", number="+8613900000008", queue="")
    (place,) = idle.commands(PlaceCall)
    assert place.queue == "support", "without a queue it is one of his own"
