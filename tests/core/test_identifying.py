"""Who the caller is: what an agent says counts, goes along with the caller, and outlives a restart."""

from dataclasses import replace

import pytest

from contactcenter import events as e
from contactcenter.commands import Accepted, FindCustomer, Refused, SaveAudit, ScreenPop
from contactcenter.values import CustomerCard, LegSeen, MatchMethod, OpenRequest, Target, TargetKind
from tests.core.world import ADA, BOB, World

NEW = CustomerCard(id="cus-9", number="C-9", name="Eve")


@pytest.fixture
def world() -> World:
    """A caller whom nobody knows, with an agent."""
    world = World().is_ready()
    world.arrives("ann").is_known("ann", (), MatchMethod.NONE).queues("ann")
    return world.rings().answers()


def choose(
    world: World, who: CustomerCard = NEW, method: MatchMethod = MatchMethod.CREATED, name: str = "ann"
) -> World:
    return world.step(
        e.CustomerChosen(
            at=world.now, login="tom", name="Tom", request=world.request(), interaction=f"i-{name}",
            customer=who, method=method,
        )
    )  # fmt: skip


def test_a_record_made_while_talking_is_the_calls_on_every_page_and_in_the_record(world: World) -> None:
    choose(world)
    assert world.commands(Accepted)
    (pop,) = world.commands(ScreenPop)
    assert (pop.login, [card.id for card in pop.customers], pop.match) == ("tom", ["cus-9"], "created")
    assert pop.customers[0].confidence == 1.0
    record = world.record()
    assert (record.customer, record.match, record.confidence) == ("cus-9", "created", 1.0)
    (audit,) = [each.entry for each in world.commands(SaveAudit)]
    assert (audit.login, audit.act, audit.object) == ("tom", "choose_customer", "i-ann")
    said = [entry for entry in world.ledger.timelines["i-ann"] if entry.kind == "customer_chosen"]
    assert said[0].detail == {"customer": "cus-9", "method": "created", "by": "tom", "before": ""}
    view = world.call().view(held=False, offered=(), consult=None)
    assert (view.customer, view.match, view.confidence, view.matches) == ("cus-9", "created", 1.0, 1)


def test_one_of_several_matches_is_chosen() -> None:
    world = World().is_ready()
    cards = (replace(ADA, confidence=0.45), replace(BOB, confidence=0.45))
    world.arrives("ann").is_known("ann", cards).queues("ann").rings().answers()
    assert world.call().view(held=False, offered=(), consult=None).matches == 2
    assert world.call().interaction.record.confidence == 0.45
    choose(world, BOB, MatchMethod.CHOSEN)
    assert (world.record().customer, world.record().match) == ("cus-2", "chosen")


def test_no_look_up_changes_what_an_agent_said(world: World) -> None:
    choose(world)
    for method in (MatchMethod.CALLER_NUMBER, MatchMethod.ENTERED_NUMBER, MatchMethod.NONE):
        world.is_known("ann", () if method is MatchMethod.NONE else (ADA,), method)
        assert world.call().interaction.record.customer == "cus-9"
    choose(world, BOB, MatchMethod.CHOSEN)  # but another word of an agent's does
    assert world.record().customer == "cus-2"


def test_who_is_asked_and_who_gets_the_caller_see_the_same_record(world: World) -> None:
    choose(world)
    world.is_ready("eve", "102")
    to = Target(kind=TargetKind.AGENT, name="eve")
    world.step(
        e.ConsultAsked(at=world.now, login="tom", call="ann", to=to, note="new", request=world.request())
    )
    (pop,) = [each for each in world.commands(ScreenPop) if each.login == "eve"]
    assert ([card.id for card in pop.customers], pop.match) == (["cus-9"], "created")
    assert [note.text for note in pop.notes] == ["new"]
    choose(world, BOB, MatchMethod.CHOSEN)
    assert {each.login for each in world.commands(ScreenPop)} == {"tom", "eve"}, "both pages follow"


def test_a_request_that_is_opened_meanwhile_is_on_the_page(world: World) -> None:
    choose(world)
    wanted = OpenRequest(
        id="r1", number="2026-000001", subject="s", state="new", priority=2, due_at=None, owner="tom", team=""
    )
    world.step(e.CustomerChanged(at=world.now, customer=replace(NEW, requests=(wanted,))))
    (pop,) = world.commands(ScreenPop)
    assert pop.customers[0].requests == (wanted,)
    assert pop.customers[0].confidence == 1.0, "that it is he is as sure as before"
    assert not world.step(e.CustomerChanged(at=world.now, customer=BOB)).commands(ScreenPop)


def test_a_call_follows_its_customer_into_the_record_that_he_was_merged_into(world: World) -> None:
    choose(world)
    world.step(e.CustomerChanged(at=world.now, customer=BOB, was="cus-9"))
    (pop,) = world.commands(ScreenPop)
    assert ([card.id for card in pop.customers], pop.match) == (["cus-2"], "created")
    assert pop.customers[0].confidence == 1.0
    assert world.call().interaction.record.customer == "cus-2"
    assert not world.step(e.CustomerChanged(at=world.now, customer=ADA, was="cus-9")).commands(ScreenPop)


def test_of_two_who_may_be_the_caller_and_are_merged_one_is_left() -> None:
    world = World().is_ready()
    cards = (replace(ADA, confidence=0.45), replace(BOB, confidence=0.45))
    world.arrives("ann").is_known("ann", cards).queues("ann").rings().answers()
    world.step(e.CustomerChanged(at=world.now, customer=BOB, was=ADA.id))
    (pop,) = world.commands(ScreenPop)
    assert [(card.id, card.confidence) for card in pop.customers] == [("cus-2", 0.9)]
    assert world.call().interaction.record.customer == "cus-2"


def test_in_the_wrap_up_it_can_be_said_and_afterwards_not_in_the_center(world: World) -> None:
    world.caller_ends("ann", "101")
    choose(world, BOB, MatchMethod.CHOSEN)
    assert world.commands(Accepted)
    world.disposes()
    record = world.record()
    assert (record.final, record.customer, record.match, record.confidence) == (True, "cus-2", "chosen", 1.0)
    choose(world)
    (refused,) = world.commands(Refused)
    assert refused.code == "unknown"
    assert world.record() == record


def test_what_an_agent_said_outlives_a_restart(world: World) -> None:
    choose(world)
    leg = world.record().agent_leg
    again = world.restart().signs_in()
    again.connect(
        LegSeen(leg="ann", answered=True, bridge="b"),
        LegSeen(leg=leg, phone="101", answered=True, bridge="b"),
    )
    (asked,) = again.commands(FindCustomer)
    assert (asked.customer, asked.method) == ("cus-9", MatchMethod.CREATED)
    # The store may be slow, or the record gone: whose it is stays.
    again.is_known("ann", (), MatchMethod.CREATED)
    assert again.call().interaction.record.customer == "cus-9"
    again.is_known("ann", (replace(NEW, confidence=1.0),), MatchMethod.CREATED)
    (pop,) = again.commands(ScreenPop)
    assert (pop.login, pop.customers[0].id) == ("tom", "cus-9")
    again.is_known("ann", (ADA,), MatchMethod.CALLER_NUMBER)
    assert again.call().interaction.record.customer == "cus-9"


def test_an_agent_who_comes_back_later_than_the_talk_sees_whose_it_is(world: World) -> None:
    choose(world)
    leg = world.record().agent_leg
    again = world.restart()
    again.connect(
        LegSeen(leg="ann", answered=True, bridge="b"),
        LegSeen(leg=leg, phone="101", answered=True, bridge="b"),
    )
    again.is_known("ann", (replace(NEW, confidence=1.0),), MatchMethod.CREATED)
    assert not again.commands(ScreenPop), "nobody is there to see it"
    again.signs_in()
    (pop,) = again.commands(ScreenPop)
    assert (pop.login, pop.customers[0].id, pop.match) == ("tom", "cus-9", "created")
