"""Outgoing calls where two things happen in the wrong moment: nobody is left alone, nothing is forgotten."""

from dataclasses import replace

import pytest

from contactcenter import events as e
from contactcenter.commands import (
    Command,
    EndLeg,
    LeaveQueue,
    OfferCall,
    PlaceLeg,
    ReserveLeads,
    ReturnLeads,
    RunScript,
    SaveAttempt,
    SaveCampaignState,
    SaveDoNotCall,
    SayNotice,
)
from contactcenter.dialer.campaigns import Campaign, Mode, Window
from contactcenter.trunks import TrunkRules
from tests.core.campaign_world import CAMPAIGN, QUICK, CampaignWorld, lead
from tests.core.world import SERVER

TWO_LINES = replace(CAMPAIGN, ratio=2.0)
PROGRESSIVE = replace(CAMPAIGN, mode=Mode.PROGRESSIVE)


class Slow(CampaignWorld):
    """A store that leases nothing before it is told to, and gives back at once what is returned."""

    leases = 0
    holds = False

    def _store(self, command: Command) -> list[e.Event]:
        if isinstance(command, ReserveLeads):
            self.leases += 1
            assert self.leases < 200, "asked again and again"
            if self.holds:
                return []
        if isinstance(command, ReturnLeads):
            self.leads += [lead(0, id=name) for name in command.leads]
        return super()._store(command)


def running(campaign: Campaign = CAMPAIGN) -> CampaignWorld:
    """The campaign runs, for an agent on a line."""
    return CampaignWorld(campaign).has_line().asks_campaign()


def desk_rings(campaign: Campaign = PROGRESSIVE) -> tuple[CampaignWorld, str]:
    """An agent with a phone is kept for a lead, and his phone rings first; with its leg."""
    world = CampaignWorld(campaign)
    world.is_ready("tom", "101", queues=("sales",))
    world.asks_campaign()
    return world, world.told_commands(PlaceLeg)[-1].leg


def desk_answers(world: CampaignWorld, leg: str, phone: str = "101") -> None:
    """The agent picks up."""
    world.step(
        e.LegStarted(at=world.now, leg=leg, server=SERVER, phone=phone),
        e.LegAnswered(at=world.now, leg=leg),
    )


# --- paused and stopped ---


def test_a_pause_while_the_store_is_asked_for_leads_is_forgotten_when_it_goes_on() -> None:
    world = Slow(CAMPAIGN, leads=1)
    world.holds = True
    world.has_line()
    world.asks_campaign()
    world.asks_campaign("pause", "running")
    world.step(e.LeadsReserved(at=world.now, campaign="spring", leads=(lead(1),)))
    world.holds = False
    world.asks_campaign("start", "paused")
    world.wait(1)
    assert world.placed


@pytest.mark.parametrize("step", ["pause", "stop"])
def test_nobody_is_dialled_for_an_agent_whose_phone_rang_when_it_was_ended(step: str) -> None:
    world, desk = desk_rings()
    world.asks_campaign(step, "running")
    desk_answers(world, desk)
    assert not world.placed
    assert world.returned


def test_nobody_is_dialled_after_the_end_of_its_hours() -> None:
    world = CampaignWorld(PROGRESSIVE)
    ends_at = world.now + 10
    world.campaign = replace(PROGRESSIVE, window=Window(ends_at=ends_at))
    world.is_ready("tom", "101", queues=("sales",))
    world.asks_campaign()
    desk = world.told_commands(PlaceLeg)[-1].leg
    world.wait(12)
    desk_answers(world, desk)
    assert not world.placed


def test_the_stores_word_after_a_pause_places_nothing() -> None:
    world = CampaignWorld(PROGRESSIVE)
    world.slow = True
    world.has_line()
    world.asks_campaign()
    attempt = world.told_commands(SaveAttempt)[-1].record.id
    world.asks_campaign("pause", "running")
    world.step(e.AttemptSaved(at=world.now, attempt=attempt))
    assert not world.placed
    assert world.attempts[attempt].outcome == "cancelled"


def test_what_is_archived_is_not_started() -> None:
    world = running()
    world.far_end_rings()
    world.asks_campaign("stop", "running")
    world.sent = []
    world.asks_campaign("start", "archived")
    assert not world.commands(SaveCampaignState)


# --- settings that change ---


def test_settings_that_break_the_law_pause_it_and_place_nothing() -> None:
    world = CampaignWorld(PROGRESSIVE)
    world.slow = True
    world.has_line()
    world.asks_campaign()
    attempt = world.told_commands(SaveAttempt)[-1].record.id
    world.step(e.CampaignsChanged(at=world.now, campaigns=(replace(PROGRESSIVE, ring_s=3),)))
    assert world.floor.campaigns["spring"].state == "paused"
    world.step(e.AttemptSaved(at=world.now, attempt=attempt))
    assert not world.placed


def test_who_is_out_hears_the_message_that_was_checked_when_he_was_called() -> None:
    world = running(TWO_LINES)
    world.line_joins(world.far_end_answers(0))
    world.far_end_answers(1)
    world.step(
        e.CampaignsChanged(
            at=world.now, campaigns=(replace(TWO_LINES, mode=Mode.PREVIEW, message="", opt_out_key=""),)
        )
    )
    world.wait(3)
    (notice,) = world.told_commands(SayNotice)
    assert (notice.text, notice.key) == (CAMPAIGN.message, "9")


def test_who_was_called_for_an_agent_is_not_in_the_announcement() -> None:
    world = running(TWO_LINES)
    world.line_joins(world.far_end_answers(0))
    world.step(e.CampaignsChanged(at=world.now, campaigns=(replace(TWO_LINES, mode=Mode.AGENTLESS),)))
    world.far_end_answers(1)
    assert not world.told_commands(RunScript)


def test_a_tighter_target_steers_at_once() -> None:
    world = running(TWO_LINES)
    steering = world.floor.campaigns["spring"].steering
    world.line_joins(world.far_end_answers(0))
    before = steering.credit(world.now)
    world.step(e.CampaignsChanged(at=world.now, campaigns=(replace(TWO_LINES, drop_target=0.001),)))
    world.line_joins(world.far_end_answers(1))
    assert steering.credit(world.now) - before < before


def test_whose_queue_is_gone_when_he_answers_waits_in_the_fallback_queue() -> None:
    world = running(TWO_LINES)
    queues = tuple(each for each in QUICK.queues if each.name != "sales")
    rules = replace(QUICK, queues=queues, fallback_queue=queues[0].name)
    world.step(e.RulesChanged(at=world.now, rules=rules, version=2))
    leg = world.far_end_answers(0)
    assert world.floor.calls[leg].queue == queues[0].name
    world.wait(3)
    assert world.told_commands(SayNotice)


# --- the agent who is kept ---


def end_of_the_agent(how: str) -> tuple[CampaignWorld, str]:
    """A call rings for an agent who can't be reached any more; with its leg."""
    if how == "phone put down":
        world, ends = desk_rings(replace(PROGRESSIVE, detection=None))
        desk_answers(world, ends)
    else:
        world = running(replace(PROGRESSIVE, detection=None))
        ends = world.agent().line_leg
    leg = world.far_end_rings(0)
    world.step(e.LegEnded(at=world.now, leg=ends, cause=16))
    return world, leg


LOST = pytest.mark.parametrize("how", ["phone put down", "line fell"])


@LOST
def test_a_call_whose_agent_is_lost_rings_as_long_as_the_law_wants_and_no_longer(how: str) -> None:
    world, leg = end_of_the_agent(how)
    world.wait(10)
    assert leg not in [each.leg for each in world.told_commands(EndLeg)]
    world.wait(6)
    assert leg in [each.leg for each in world.told_commands(EndLeg)]


@LOST
def test_who_answers_where_the_agent_is_lost_hears_the_message(how: str) -> None:
    world, leg = end_of_the_agent(how)
    world.step(e.LegAnswered(at=world.now, leg=leg), e.DialledAnswered(at=world.now, call=leg, heard=""))
    world.wait(3)
    (notice,) = world.told_commands(SayNotice)
    assert notice.text == CAMPAIGN.message


@LOST
def test_another_agent_takes_the_call_whose_agent_is_lost(how: str) -> None:
    world, leg = end_of_the_agent(how)
    world.asks_campaign("pause", "running")  # she is to have no call of her own
    world.has_line("ann", "102")
    world.wait(1)
    assert world.floor.calls[leg].agent == "ann"
    world.step(e.LegAnswered(at=world.now, leg=leg), e.DialledAnswered(at=world.now, call=leg, heard=""))
    world.line_joins(leg, "ann")
    assert world.attempts[leg].agent == "ann"


def test_a_join_that_hangs_leaves_nobody_in_silence() -> None:
    world = running()
    world.far_end_answers()
    assert world.commands(OfferCall)
    line = world.agent().line_leg
    world.wait(6)
    assert line in [each.leg for each in world.told_commands(EndLeg)], "a dead line is ended"
    (notice,) = world.told_commands(SayNotice)
    assert notice.text == CAMPAIGN.message


def test_a_join_that_comes_about_after_the_drop_is_a_talk_that_was_too_late() -> None:
    world = running()
    leg = world.far_end_answers()
    world.wait(6)
    world.line_joins(leg)
    record = world.attempts[leg]
    assert (record.state, record.agent) == ("joined", "tom")
    assert world.floor.campaigns["spring"].steering.period(world.now).dropped == 1


def test_a_join_that_nobody_can_tell_of_is_waited_for() -> None:
    world = running()
    leg = world.far_end_answers()
    world.step(e.ServerDown(at=world.now, server=SERVER, reason="cut"))
    world.wait(6)
    assert not world.told_commands(SayNotice)
    assert leg in world.floor.dials


def test_a_phone_that_nobody_hears_of_is_not_waited_for_without_end() -> None:
    world, _ = desk_rings()
    world.wait(40)
    assert world.agent().state == "paused"
    assert world.returned


# --- the ends ---


def test_the_key_counts_although_he_hung_up_in_the_same_moment() -> None:
    world = running(TWO_LINES)
    world.line_joins(world.far_end_answers(0))
    leg = world.far_end_answers(1)
    world.wait(2)
    world.step(e.NoticeBegan(at=world.now, call=leg))
    world.far_end_leaves(leg)
    world.step(e.OptOutAsked(at=world.now, call=leg))
    (saved,) = world.told_commands(SaveDoNotCall)
    assert saved.number == world.attempts[leg].number


def test_who_has_answered_is_on_the_disk_before_an_agent_has_him() -> None:
    world = running(TWO_LINES)
    world.line_joins(world.far_end_answers(0))
    leg = world.far_end_answers(1)
    assert world.attempts[leg].answered_at is not None


# --- a restart ---


def test_a_queue_that_is_gone_pauses_its_campaign_at_the_start() -> None:
    world = CampaignWorld(replace(CAMPAIGN, queue="gone"))
    world.step(e.CampaignsRestored(at=world.now, campaigns=(world.kept("running"),)))
    world.wait(2)
    assert world.floor.campaigns["spring"].state == "paused"


def test_settings_that_break_the_law_are_not_gone_on_with() -> None:
    world = CampaignWorld(replace(CAMPAIGN, ring_s=3))
    world.has_line()
    world.step(
        e.CampaignsRestored(at=world.now, campaigns=(world.kept("running"),)),
        e.AttemptsRestored(at=world.now, records=()),
    )
    world.wait(2)
    assert not world.placed


# --- what there is not enough of ---


def test_an_announcement_needs_no_queue() -> None:
    world = CampaignWorld(replace(CAMPAIGN, mode=Mode.AGENTLESS, queue=""))
    world.asks_campaign()
    assert world.placed


def test_a_number_that_somebody_looks_at_is_not_asked_for_again_and_again() -> None:
    world = Slow(replace(CAMPAIGN, mode=Mode.PREVIEW, preview_s=0))
    world.leads = [lead(0), lead(0, id="twin")]
    world.has_line()
    world.has_line("ann", "102")
    world.asks_campaign()
    world.wait(10)
    assert world.leases < 20


def test_kept_agents_take_no_more_channels_than_the_trunk_has() -> None:
    rules = replace(QUICK, trunks={"carrier": TrunkRules(calls_per_s=5, channels=1)})
    world = CampaignWorld(PROGRESSIVE, rules)
    for n in range(4):
        world.is_ready(f"a{n}", f"{101 + n}", queues=("sales",))
    world.asks_campaign()
    world.wait(5)
    for each in world.told_commands(PlaceLeg):
        desk_answers(world, each.leg, each.phone)
    assert len(world.placed) == 1


def test_who_answers_an_attempt_that_nobody_knows_is_let_go() -> None:
    world = running()
    world.step(e.DialledAnswered(at=world.now, call="dial-of-another-time", heard="human"))
    assert world.commands(LeaveQueue)
