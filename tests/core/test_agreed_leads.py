"""Leads with whom a call was agreed on: in time, with the agent who agreed on it, holding up nobody."""

from dataclasses import replace

from contactcenter import events as e
from contactcenter.campaigning import HOLD_S
from contactcenter.commands import ScreenPop
from contactcenter.dialer.campaigns import Mode
from tests.core.campaign_world import CAMPAIGN, CampaignWorld, lead

PROGRESSIVE = replace(CAMPAIGN, mode=Mode.PROGRESSIVE)


def agreed_with(world: CampaignWorld, n: int, owner: str, at: float) -> None:
    """With this lead a call was agreed on for then; the store has nobody else."""
    world.leads = [lead(n, owner=owner, agreed_at=at)]


def test_an_appointment_waits_for_its_own_agent_alone_and_then_for_anyone() -> None:
    world = CampaignWorld(PROGRESSIVE)
    agreed_with(world, 1, "ann", world.now)
    world.has_line("tom").has_line("ann", "102").asks("ann", "paused")
    world.asks_campaign()
    world.wait(HOLD_S - 10)
    assert not world.placed, "tom is free, and it is not his"
    world.asks("ann", "available")
    assert [world.attempts[each.leg].agent for each in world.placed] == ["ann"]

    world = CampaignWorld(PROGRESSIVE)
    agreed_with(world, 1, "ann", world.now)
    world.has_line("tom").asks_campaign()
    world.wait(PROGRESSIVE.own_s - 1)
    assert not world.placed
    assert world.returned, "what it is dialled by is looked at again now and then"
    agreed_with(world, 1, "ann", world.now - PROGRESSIVE.own_s + 1)
    world.wait(10)
    assert [world.attempts[each.leg].agent for each in world.placed] == ["tom"]


def test_who_waits_for_an_agent_who_is_away_holds_up_nobody() -> None:
    world = CampaignWorld(PROGRESSIVE)
    world.leads[:3] = [lead(n, owner="ann", agreed_at=world.now) for n in range(900, 903)]
    world.has_line("tom").asks_campaign()
    world.wait(3)
    assert [each.number for each in world.placed] == [lead(3).numbers[0].number]


def test_what_was_agreed_on_for_now_comes_before_those_in_the_hopper() -> None:
    world = CampaignWorld(PROGRESSIVE)
    world.leads.insert(5, lead(900, agreed_at=world.now))
    world.has_line("tom").asks_campaign()
    assert [each.number for each in world.placed] == [lead(900).numbers[0].number]


def test_by_hand_nobody_gets_what_another_agreed_on() -> None:
    world = CampaignWorld(replace(CAMPAIGN, mode=Mode.MANUAL))
    world.leads[:1] = [lead(900, owner="ann", agreed_at=world.now)]
    world.has_line("tom").has_line("ann", "102").asks_campaign()
    world.wait(1)
    for login, got in (("tom", 1), ("ann", 900)):
        world.step(e.LeadAsked(at=world.now, login=login, campaign="spring", request=world.request()))
        pop = world.told_commands(ScreenPop)[-1]
        assert pop.lead
        assert (pop.login, pop.lead.lead) == (login, f"lead-{got}")
