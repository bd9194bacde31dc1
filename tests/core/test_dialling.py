"""Outgoing calls as stories: from the tick to the one outcome."""

from dataclasses import replace

import pytest

from contactcenter import events as e
from contactcenter.commands import (
    Accepted,
    EndLeg,
    LeaveQueue,
    OfferCall,
    PlaceLeg,
    Refused,
    RunScript,
    SaveAttempt,
    SaveDoNotCall,
    SayNotice,
    ScreenPop,
    ShowCampaign,
)
from contactcenter.dialer.attempts import Outcome, version_of
from contactcenter.dialer.campaigns import Blend, Campaign, Detection, Mode, OnMachine, Window
from contactcenter.dialer.drops import Drops
from contactcenter.dialer.permission import Refusal
from contactcenter.dialer.recycling import Rule
from contactcenter.routing.matching import Policy, Reserve
from contactcenter.routing.skills import needs
from contactcenter.routing.widening import Widening
from contactcenter.values import LegSeen, Target, TargetKind
from tests.core.campaign_world import CAMPAIGN, QUICK, CampaignWorld, lead
from tests.core.world import NOON, SERVER, queue

RATIO_2 = replace(CAMPAIGN, ratio=2.0)
PREVIEW = replace(CAMPAIGN, mode=Mode.PREVIEW, preview_s=30)
PROGRESSIVE = replace(CAMPAIGN, mode=Mode.PROGRESSIVE)
AGENTLESS = replace(CAMPAIGN, mode=Mode.AGENTLESS, most_calls=3)


def running(campaign=CAMPAIGN, agents: int = 1, **fields) -> CampaignWorld:  # type: ignore[no-untyped-def]
    """A campaign that runs, with agents on lines."""
    world = CampaignWorld(campaign, **fields)
    for n in range(agents):
        world.has_line("tom" if n == 0 else f"tom{n}", f"{101 + n}")
    world.asks_campaign()
    return world


# --- calls placed before an agent is kept ---


def test_a_person_has_the_agent_whose_line_stands_in_the_same_event() -> None:
    world = running()
    assert [each.leg for each in world.placed] == [world.attempt().id], "one line for one agent"
    leg = world.far_end_answers()
    offer = world.commands(OfferCall)[0]
    assert (offer.call, offer.line) == (leg, world.agent().line_leg)
    world.line_joins(leg)
    assert world.states(leg) == ("talking", "talking")
    assert world.attempt(0).joined_at == world.now
    world.wait(30)
    world.far_end_leaves(leg)
    assert world.agent().state == "wrap_up"
    assert not world.attempt(0).outcome, "what the agent says of it is waited for"
    world.step(
        e.DispositionSet(
            at=world.now, login="tom", interaction=leg, code="done", note="", callback="",
            request=world.request(),
        )
    )  # fmt: skip
    first = world.attempt(0)
    assert (first.outcome, first.disposition, first.agent) == ("connected", "done", "tom")
    kept = world.ledger.records[leg]
    assert (kept.campaign, kept.lead, kept.attempt) == ("spring", first.lead, first.id)
    assert first.interaction == kept.id
    assert len(world.placed) == 2, "the agent is free: the next one is placed in the same event"
    assert world.floor.dials.keys() == {world.attempt(1).id}


def test_the_pop_has_the_lead_and_what_to_say() -> None:
    world = running()
    world.far_end_answers()
    pop = world.commands(ScreenPop)[0]
    assert pop.lead
    assert pop.lead.talk_script == "Hello Ann 0, your car is a van."
    assert (pop.lead.campaign_name, pop.lead.number, pop.lead.previewing) == ("Spring", "+13055550000", False)


def test_who_has_no_agent_hears_the_message_before_the_clock_is_over() -> None:
    world = running(RATIO_2)
    assert len(world.placed) == 2
    first = world.far_end_answers(0)
    world.line_joins(first)
    second = world.far_end_answers(1, greeting_ago=0.8)
    assert not world.commands(OfferCall)
    world.wait(0.9)
    assert not world.commands(SayNotice)
    world.wait(0.2)
    notice = world.commands(SayNotice)[0]
    assert (notice.call, notice.text, notice.key) == (second, CAMPAIGN.message, "9")
    assert world.now - 0.2 - (world.attempts[second].greeting_ended_at or 0) < 2.0
    world.step(e.NoticeBegan(at=world.now, call=second))
    assert world.attempts[second].message == version_of("message", CAMPAIGN.message)
    assert CAMPAIGN.message not in world.attempts[second].message
    world.step(e.NoticeEnded(at=world.now + 4, call=second, whole=True))
    world.far_end_leaves(second)
    assert world.attempts[second].outcome == "dropped"
    assert world.ledger.records[second].outcome == "dropped"
    assert world.floor.campaigns["spring"].steering.period(world.now).dropped == 1
    assert world.figures("queue", "sales").abandoned == 0, "dropped is not abandoned"


def test_without_a_detection_the_clock_begins_with_the_answer() -> None:
    world = running(replace(RATIO_2, detection=None))
    world.line_joins(world.far_end_answers(0, heard="", greeting_ago=None))
    leg = world.far_end_rings(1)
    world.step(e.LegAnswered(at=world.now, leg=leg))
    answered_at = world.now
    world.now += 0.5
    world.step(e.DialledAnswered(at=world.now, call=leg, heard=""))
    world.wait(1.25)
    assert not world.commands(SayNotice)
    world.wait(0.1)
    assert world.commands(SayNotice)
    assert world.now - answered_at < 2.0


def test_an_agent_who_frees_within_the_clock_has_the_person() -> None:
    world = running(RATIO_2)
    first = world.far_end_answers(0)
    world.line_joins(first)
    second = world.far_end_answers(1)
    world.wait(0.5)
    world.step(e.LegParted(at=world.now, leg=world.agent().line_leg, bridge=f"b-{first}"))
    world.far_end_leaves(first)
    world.step(
        e.DispositionSet(
            at=world.now, login="tom", interaction=first, code="done", note="", callback="",
            request=world.request(),
        )
    )  # fmt: skip
    assert [each.call for each in world.commands(OfferCall)] == [second]
    world.line_joins(second)
    world.wait(5)
    assert not world.told_commands(SayNotice)


def test_the_key_is_on_the_disk_before_the_call_ends() -> None:
    world = running(RATIO_2)
    world.line_joins(world.far_end_answers(0))
    leg = world.far_end_answers(1)
    world.wait(2)
    world.step(e.NoticeBegan(at=world.now, call=leg), e.OptOutAsked(at=world.now, call=leg))
    saved = world.commands(SaveDoNotCall)[0]
    assert (saved.number, saved.source, saved.attempt) == ("+13055550001", "key", leg)
    assert [each.exit for each in world.commands(LeaveQueue)] == ["opted_out"]
    world.far_end_leaves(leg)
    assert (world.attempts[leg].outcome, world.attempts[leg].opted_out_at) == ("dropped", world.now)
    assert world.ledger.records[leg].outcome == "opted_out"


def test_a_person_who_hangs_up_first_was_not_dropped_and_steers_like_a_drop() -> None:
    world = running(RATIO_2)
    world.line_joins(world.far_end_answers(0))
    leg = world.far_end_answers(1)
    world.wait(0.3)
    world.far_end_leaves(leg)
    assert world.attempts[leg].outcome == "hung_up"
    assert world.ledger.records[leg].outcome == "hung_up"
    world.wait(5)
    assert not world.told_commands(SayNotice)
    assert world.floor.campaigns["spring"].steering.period(world.now).dropped == 1


def test_a_machine_is_hung_up_on() -> None:
    world = running()
    leg = world.far_end_answers(heard="machine")
    assert [each.exit for each in world.commands(LeaveQueue)] == ["machine"]
    assert leg not in world.floor.calls, "nobody is bothered with it"
    world.far_end_leaves(leg)
    assert world.attempts[leg].outcome == "machine"
    assert world.agent().state == "available"


@pytest.mark.parametrize(("whole", "outcome"), [(True, "message_left"), (False, "machine")])
def test_a_machine_has_the_message(whole: bool, outcome: str) -> None:
    world = running(replace(CAMPAIGN, detection=Detection(on_machine=OnMachine.LEAVE_MESSAGE)))
    leg = world.far_end_answers(heard="machine")
    notice = world.commands(SayNotice)[0]
    assert (notice.text, notice.machine, notice.key) == (CAMPAIGN.machine_message, True, "")
    world.step(e.NoticeBegan(at=world.now, call=leg), e.NoticeEnded(at=world.now + 5, call=leg, whole=whole))
    world.far_end_leaves(leg)
    assert world.attempts[leg].outcome == outcome


def test_unsure_is_a_person() -> None:
    world = running()
    world.far_end_answers(heard="unsure", greeting_ago=None)
    assert world.commands(OfferCall)


@pytest.mark.parametrize(
    ("rings", "after_s", "cause", "outcome"),
    [
        (True, 25.0, 16, "no_answer"),
        (True, 5.0, 17, "busy"),
        (False, 1.0, 17, "busy"),
        (True, 5.0, 21, "rejected"),
        (False, 0.5, 1, "invalid"),
        (False, 0.5, 28, "invalid"),
        (False, 0.5, 34, "congestion"),
        (False, 0.5, 20, "congestion"),
        (True, 5.0, 34, "no_answer"),
        (False, 25.0, 16, "no_answer"),
        (False, 2.0, 16, "failed"),
    ],
)
def test_a_cause_has_its_outcome(rings: bool, after_s: float, cause: int, outcome: str) -> None:
    world = running()
    leg = world.far_end_rings() if rings else world.starts()
    world.wait(after_s)
    world.far_end_leaves(leg, cause)
    assert (world.attempts[leg].outcome, world.attempts[leg].cause) == (outcome, cause)
    assert leg not in world.floor.dials


def test_every_outcome_is_a_word_of_the_tables() -> None:
    from contactcenter.causes import outcome_of

    for cause in range(128):
        for rang in (True, False):
            assert isinstance(outcome_of(cause, rang=rang, long_enough=True), Outcome)


# --- the store's word ---


def test_what_a_rule_forbids_is_not_placed() -> None:
    world = CampaignWorld()
    world.refuses = {"+13055550000": Refusal.DO_NOT_CALL}
    world.has_line()
    world.asks_campaign()
    world.wait(1)
    assert [each.number for each in world.placed] == ["+13055550001"]
    assert world.floor.campaigns["spring"].refusals == {"do_not_call": 1}


def test_a_late_word_of_the_store_is_old() -> None:
    world = CampaignWorld()
    world.slow = True
    world.has_line()
    world.asks_campaign()
    attempt = world.commands(SaveAttempt)[0].record.id
    world.wait(6)
    world.step(e.AttemptSaved(at=world.now, attempt=attempt))
    assert attempt not in [each.leg for each in world.placed]
    assert world.attempts[attempt].outcome == "cancelled"


def test_a_paused_campaign_places_nothing_more_and_its_calls_go_on() -> None:
    world = CampaignWorld()
    world.slow = True
    world.has_line()
    world.asks_campaign()
    attempt = world.commands(SaveAttempt)[0].record.id
    world.asks_campaign("pause")
    assert len(world.returned) == 9, "the hopper is given back"
    world.step(e.AttemptSaved(at=world.now, attempt=attempt))
    assert (world.placed, world.attempts[attempt].outcome) == ([], "cancelled")
    world.wait(5)
    assert not world.commands(SaveAttempt)


def test_no_number_is_dialled_twice_at_once() -> None:
    world = CampaignWorld(RATIO_2, leads=0)
    world.leads = [lead(1), lead(2, numbers=lead(1).numbers)]
    world.has_line()
    world.asks_campaign()
    world.wait(2)
    assert len(world.placed) == 1
    assert world.returned == ["lead-2"]


def test_ids_are_of_one_length_and_never_given_twice() -> None:
    world = running(replace(CAMPAIGN, ratio=5.0), agents=4)
    world.wait(2)
    ids = [each.leg for each in world.placed]
    assert len(ids) == len(set(ids)) == 20
    assert len({len(each) for each in ids}) == 1


# --- an agent is kept first ---


def test_a_preview_shows_the_lead_and_dials_by_itself() -> None:
    world = running(PREVIEW)
    pop = world.told_commands(ScreenPop)[-1]
    assert pop.lead
    assert (pop.lead.previewing, pop.lead.may_skip) == (True, True)
    assert world.agent().state == "reserved"
    assert not world.attempts, "the rules are asked at the moment of dialling"
    world.wait(29)
    assert not world.placed
    world.wait(1.1)
    assert len(world.placed) == 1
    leg = world.far_end_answers()
    world.line_joins(leg)
    assert world.states(leg) == ("talking", "talking")


def test_an_agent_dials_when_he_has_seen_enough() -> None:
    world = running(PREVIEW)
    call = world.agent().call
    world.step(e.DialAsked(at=world.now, login="tom", call=call, request=world.request()))
    assert world.commands(Accepted)
    assert [each.leg for each in world.placed] == [call]
    world.step(e.DialAsked(at=world.now, login="tom", call=call, request=world.request()))
    assert world.commands(Refused)
    world.wait(40)
    assert len(world.placed) == 1


def test_a_skip_has_a_reason_and_brings_the_next_lead() -> None:
    world = running(PREVIEW)
    call = world.agent().call
    world.step(e.SkipAsked(at=world.now, login="tom", call=call, reason=" ", request=world.request()))
    assert world.commands(Refused)[0].field == "reason"
    world.step(e.SkipAsked(at=world.now, login="tom", call=call, reason="rang", request=world.request()))
    assert (world.attempts[call].outcome, world.attempts[call].detail) == ("skipped", "rang")
    assert world.agent().call != call
    assert world.agent().state == "reserved"


def test_leads_that_must_not_be_skipped_are_not() -> None:
    world = running(replace(PREVIEW, preview_skips=False))
    call = world.agent().call
    world.step(e.SkipAsked(at=world.now, login="tom", call=call, reason="no", request=world.request()))
    assert world.commands(Refused)[0].code == "illegal_now"


def test_who_wants_a_break_in_a_preview_has_it_and_the_lead_goes_back() -> None:
    world = running(PREVIEW)
    lead_id = world.floor.dials[world.agent().call].lead.id
    world.asks("tom", "paused", "lunch")
    assert world.agent().state == "paused"
    assert world.returned == [lead_id]
    assert not world.floor.dials


def test_who_signs_out_in_a_preview_is_gone() -> None:
    world = running(PREVIEW)
    world.step(e.AgentSignedOut(at=world.now, login="tom"))
    assert "tom" not in world.floor.agents
    assert not world.floor.dials


def test_a_stopped_campaign_frees_who_previews() -> None:
    world = running(PREVIEW)
    world.asks_campaign("stop")
    assert world.agent().state == "available"
    assert "spring" not in world.floor.campaigns


def test_a_rule_that_forbids_the_call_frees_the_agent_for_the_next() -> None:
    world = CampaignWorld(PROGRESSIVE)
    world.refuses = {"+13055550000": Refusal.NOT_NOW}
    world.has_line()
    world.asks_campaign()
    assert [each.number for each in world.placed] == ["+13055550001"]
    assert world.agent().state == "reserved"


def test_progressive_keeps_one_agent_for_each_call() -> None:
    world = running(PROGRESSIVE, agents=3)
    assert len(world.placed) == 3
    assert all(world.attempts[each.leg].reserved for each in world.placed)
    leg = world.far_end_rings(0)
    world.far_end_leaves(leg, 17)
    assert world.attempts[leg].outcome == "busy"
    assert world.ledger.records[leg].outcome == "not_reached"
    assert len(world.placed) == 4


def test_a_ringing_phone_is_answered_before_the_number_is_dialled() -> None:
    world = CampaignWorld(PROGRESSIVE)
    world.is_ready("tom", "101", queues=("sales",))
    world.asks_campaign()
    desk = world.commands(PlaceLeg)[0]
    assert not world.attempts
    world.step(
        e.LegStarted(at=world.now, leg=desk.leg, server=SERVER, phone="101"),
        e.LegRinging(at=world.now, leg=desk.leg),
        e.LegAnswered(at=world.now, leg=desk.leg),
        e.LegParked(at=world.now, leg=desk.leg, room="guests"),
    )
    assert len(world.placed) == 1
    leg = world.far_end_answers()
    assert world.commands(OfferCall)[0].line == desk.leg
    world.step(*[e.LegJoined(at=world.now, leg=each, bridge="b") for each in (desk.leg, leg)])
    assert world.states(leg) == ("talking", "talking")


def test_an_agent_who_does_not_take_his_phone_is_paused_and_nobody_is_dialled() -> None:
    world = CampaignWorld(PROGRESSIVE)
    world.is_ready("tom", "101", queues=("sales",))
    world.asks_campaign()
    desk = world.commands(PlaceLeg)[0]
    world.step(e.LegEnded(at=world.now, leg=desk.leg, cause=19))
    assert (world.agent().state, world.agent().reason) == ("paused", "no_answer")
    assert not world.placed
    assert world.returned == ["lead-0"]
    assert not world.floor.calls


def test_a_machine_frees_the_agent_who_was_kept() -> None:
    world = running(PROGRESSIVE)
    leg = world.far_end_answers(heard="machine")
    world.far_end_leaves(leg)
    assert world.attempts[leg].outcome == "machine"
    assert world.ledger.records[leg].outcome == "machine"
    assert world.agent().call != leg


def test_who_was_dropped_is_dialled_with_an_agent_kept() -> None:
    world = CampaignWorld(leads=0)
    world.leads = [lead(1, dropped_at=NOON - 90000)]
    world.has_line()
    world.asks_campaign()
    assert world.attempt().reserved


def test_over_the_target_only_kept_agents_dial() -> None:
    world = running(RATIO_2)
    steering = world.floor.campaigns["spring"].steering
    for _ in range(20):
        steering.dropped(world.now)
    first, second = world.placed
    for each in (first, second):
        world.step(e.LegStarted(at=world.now, leg=each.leg, server=SERVER))
        world.far_end_leaves(each.leg, 17)
    world.wait(0.5)
    assert len(world.placed) == 3
    assert world.attempt().reserved
    assert world.floor.campaigns["spring"].why == "drops"


def test_a_lead_that_is_asked_for_is_the_agents() -> None:
    world = running(replace(CAMPAIGN, mode=Mode.MANUAL))
    world.wait(5)
    assert not world.told_commands(ScreenPop)
    world.step(e.LeadAsked(at=world.now, login="tom", campaign="spring", request=world.request()))
    assert world.commands(Accepted)
    call = world.agent().call
    world.wait(300)
    assert not world.placed, "he dials when he likes"
    world.step(e.DialAsked(at=world.now, login="tom", call=call, request=world.request()))
    assert [each.leg for each in world.placed] == [call]


def test_an_agent_may_end_a_call_that_has_rung_for_as_long_as_the_law_wants() -> None:
    world = running(replace(PROGRESSIVE, ring_s=40))
    leg = world.placed[-1].leg

    def gives_up() -> None:
        world.step(e.SkipAsked(at=world.now, login="tom", call=leg, reason="", request=world.request()))

    gives_up()
    assert world.commands(Refused)[0].code == "illegal_now", "it may ring by now"
    world.now += 5.0
    world.far_end_rings()
    world.now += 14.5
    gives_up()
    assert "1 s more" in world.commands(Refused)[0].message
    assert not world.told_commands(EndLeg)
    world.now += 0.5
    gives_up()
    assert [each.leg for each in world.commands(EndLeg)] == [leg]
    world.far_end_leaves(leg)
    assert world.attempts[leg].outcome == "cancelled"


def test_what_is_to_be_recorded_is_not_dialled_for_a_queue_that_would_not() -> None:
    rules = replace(QUICK, queues=(queue("sales", recording="announce"), queue("support")))
    world = CampaignWorld(replace(CAMPAIGN, profile="CN"), rules=rules)
    world.has_line().asks_campaign()
    assert world.commands(Refused)[0].field == "queue"
    world = running(replace(CAMPAIGN, profile="CN"))
    assert world.placed
    world.step(e.RulesChanged(at=world.now, version=2, rules=rules))
    assert (world.floor.campaigns["spring"].state, world.floor.campaigns["spring"].why) == (
        *("paused", "not_recorded"),
    )


def test_what_bars_a_campaign_is_said_until_it_bars_it_no_more() -> None:
    world = running(RATIO_2, leads=0)
    live = world.floor.campaigns["spring"]
    world.wait(10)
    assert live.why == "no_leads"
    world.step(
        e.LeadsReserved(at=world.now, campaign="spring", leads=(), refusal=Refusal.LIST_TOO_OLD),
        e.Woke(at=world.now, timer="pace spring"),
    )
    assert (live.why, live.wanted) == ("list_too_old", 0)
    world.leads = [lead(1)]
    world.wait(10)
    assert len(world.placed) == 1


@pytest.mark.parametrize("campaign", [CAMPAIGN, PROGRESSIVE], ids=["power", "progressive"])
def test_another_number_is_shown_when_the_one_that_was_thought_of_is_verified_no_more(
    campaign: Campaign,
) -> None:
    world = CampaignWorld(campaign)
    world.slow = True
    world.has_line().asks_campaign()
    (asked,) = world.told_commands(SaveAttempt)
    world.step(e.AttemptSaved(at=world.now, attempt=asked.record.id, shows="+13055550177"))
    assert world.placed[0].shows == "+13055550177"
    leg = world.far_end_answers()
    assert world.floor.calls[leg].did == "+13055550177"
    assert world.floor.calls[leg].interaction.record.did == "+13055550177"


def test_the_silence_that_tells_a_person_is_taken_off_what_is_left_to_find_an_agent() -> None:
    """0.8 s of the clock's 1.8 are over when the detection has spoken; without one nothing is."""
    world = running()
    learning = world.floor.campaigns["spring"].learning
    assert learning.learnt(world.now).grace_s == pytest.approx(1.0)
    slower = replace(CAMPAIGN, detection=Detection(after_greeting_silence_ms=1200))
    world.step(e.CampaignsChanged(at=world.now, campaigns=(slower,)))
    assert learning.learnt(world.now + 60).grace_s == pytest.approx(0.6)
    world.step(e.CampaignsChanged(at=world.now, campaigns=(replace(CAMPAIGN, detection=None),)))
    assert learning.learnt(world.now + 120).grace_s == pytest.approx(1.8)


@pytest.mark.parametrize(("dropped", "kept"), [(0, False), (60, True)])
def test_what_was_dropped_before_a_restart_still_counts(dropped: int, kept: bool) -> None:
    """The store's days of the period are the steering's: too many drops, and only kept agents dial."""
    world = CampaignWorld(replace(CAMPAIGN, mode=Mode.PREDICTIVE))
    world.has_line()
    days = {0: Drops(connected=1000 - dropped, dropped=dropped)}
    before = replace(world.kept("running"), started_at=NOON - 3 * 86400, days=days)
    world.step(e.CampaignsRestored(at=world.now, campaigns=(before,)))
    world.wait(1)
    assert world.attempt().reserved is kept


# --- blending ---


def test_who_calls_in_comes_first() -> None:
    world = CampaignWorld()
    world.signs_in("tom", "101", ("sales",))
    world.has_line("ben", "102")
    world.asks("ben", "paused", "lunch")
    world.waits("ann", "sales")
    world.asks_campaign()
    world.wait(2)
    assert (world.placed, world.floor.campaigns["spring"].why) == ([], "inbound_first")
    world.asks("ben", "available")
    assert world.call("ann").state == "offered"


def test_some_agents_are_left_for_who_calls_in() -> None:
    world = running(replace(CAMPAIGN, blend=Blend(keep_free=2)), agents=3)
    assert len(world.placed) == 1


RARE = replace(
    QUICK,
    queues=(queue("sales", needs=needs({"en": 3}), widening=(Widening(after_s=60, lower={"en": 1}),)),),
)


def test_an_agent_whose_skills_do_not_fit_is_not_waited_for() -> None:
    """Who answers can't be given to him within the clock: one call for tom, none for ann and ben."""
    world = CampaignWorld(rules=RARE)
    world.has_line("tom", "101", skills={"en": 3})
    world.has_line("ann", "102", skills={"en": 2})
    world.has_line("ben", "103")
    world.asks_campaign()
    assert len(world.placed) == 1


def test_who_fits_once_the_queue_has_widened_is_kept_for_a_lead() -> None:
    """A kept agent isn't bound by the clock; whom no step ever reaches has no lead waiting for him."""
    world = CampaignWorld(PROGRESSIVE, rules=RARE)
    world.has_line("ann", "102", skills={"en": 2})
    world.has_line("ben", "103")
    world.asks_campaign()
    assert len(world.floor.leads) == 1
    world.wait(61)
    assert [world.agent(each).state for each in ("ann", "ben")] == ["reserved", "available"]


def test_an_agent_who_rests_or_is_held_back_has_no_call_placed_for_him() -> None:
    held = Policy(reserves=(Reserve(skill="vip", hold_s=10),))
    world = CampaignWorld(rules=replace(QUICK, policy=held))
    world.has_line("ann", "102", skills={"vip": 1})
    world.asks_campaign()
    world.wait(1)
    assert not world.placed
    world.wait(10)
    assert len(world.placed) == 1


def test_who_was_dialled_is_not_counted_as_one_who_called() -> None:
    world = running(RATIO_2)
    world.line_joins(world.far_end_answers(0))
    world.far_end_answers(1)
    assert world.floor.callers_waiting("sales") == 0
    world.wait(0.6)
    assert world.floor.campaigns["spring"].why != "inbound_first"


# --- start, pause, stop ---


@pytest.mark.parametrize(
    ("state", "step", "after"),
    [
        ("draft", "start", "running"),
        ("draft", "pause", ""),
        ("draft", "stop", ""),
        ("running", "start", ""),
        ("running", "pause", "paused"),
        ("running", "stop", "stopped"),
        ("paused", "start", "running"),
        ("paused", "pause", ""),
        ("paused", "stop", "stopped"),
        ("stopped", "start", "running"),
        ("stopped", "pause", ""),
        ("stopped", "stop", ""),
        ("archived", "start", ""),
        ("archived", "pause", ""),
        ("archived", "stop", ""),
    ],
)
def test_every_step_in_every_state(state: str, step: str, after: str) -> None:
    world = CampaignWorld()
    world.asks_campaign(step, state)
    refused = world.commands(Refused)
    assert [each.code for each in refused] == ([] if after else ["illegal_now"])
    shown = [each.view.state for each in world.commands(ShowCampaign)]
    assert shown[:1] == ([after] if after in ("running", "paused") else [])


@pytest.mark.parametrize(
    ("field", "campaign"),
    [
        ("message", replace(CAMPAIGN, message="")),
        ("queue", replace(CAMPAIGN, queue="gone")),
        ("caller_ids", replace(CAMPAIGN, caller_ids=())),
        ("lists", replace(CAMPAIGN, lists=())),
        ("profile", replace(CAMPAIGN, profile="XX")),
        ("script", replace(AGENTLESS, script="4999")),
    ],
)
def test_a_campaign_that_could_not_keep_the_law_does_not_start(field: str, campaign) -> None:  # type: ignore[no-untyped-def]
    world = CampaignWorld(campaign)
    world.asks_campaign()
    assert world.commands(Refused)[0].field == field
    assert not world.floor.campaigns


def test_a_campaign_begins_and_ends_at_its_hours() -> None:
    window = Window(starts_at=NOON + 60, ends_at=NOON + 120)
    world = running(replace(CAMPAIGN, window=window))
    assert (world.placed, world.floor.campaigns["spring"].why) == ([], "not_yet")
    world.wait(60)
    assert len(world.placed) == 1
    leg = world.far_end_rings()
    world.wait(60)
    assert world.floor.campaigns["spring"].state == "stopped"
    world.far_end_leaves(leg, 19)
    assert "spring" not in world.floor.campaigns


def test_the_throttle_holds() -> None:
    world = running(replace(CAMPAIGN, ratio=5.0, most_calls=2), agents=3)
    world.wait(2)
    assert (len(world.placed), world.floor.campaigns["spring"].why) == (2, "throttled")


def test_the_queue_that_is_no_more_pauses_its_campaign() -> None:
    world = running()
    world.step(
        e.RulesChanged(
            at=world.now,
            rules=replace(world.rules, queues=(queue("support"),), fallback_queue="support"),
            version=2,
        )
    )
    live = world.floor.campaigns["spring"]
    assert (live.state, live.why) == ("paused", "unknown_queue")


# --- agentless ---


def test_who_answers_an_announcement_is_in_the_script() -> None:
    world = CampaignWorld(AGENTLESS)
    world.asks_campaign()
    assert len(world.placed) == 3, "nobody need be there"
    leg = world.far_end_answers(0)
    assert [(each.call, each.did) for each in world.commands(RunScript)] == [(leg, "4001")]
    world.step(e.CallArrived(at=world.now, call=leg, interaction=leg, server=SERVER, did="4001", caller="x"))
    world.wait(5)
    assert not world.told_commands(SayNotice)
    world.far_end_leaves(leg)
    assert world.attempts[leg].outcome == "announced"


def announced() -> tuple[CampaignWorld, str]:
    """Somebody hears an announcement."""
    world = CampaignWorld(replace(AGENTLESS, rules={"again": Rule(after_s=60, limit=2)}))
    world.asks_campaign()
    leg = world.far_end_answers(0)
    world.step(e.CallArrived(at=world.now, call=leg, interaction=leg, server=SERVER, did="4001", caller="x"))
    return world, leg


def visits(world: CampaignWorld, leg: str, *found: tuple[str, str]) -> None:
    for node, detail in found:
        world.step(e.NodeVisited(at=world.now, call=leg, node=node, detail=detail))


def test_what_was_answered_by_keys_is_kept_with_the_attempt() -> None:
    world, leg = announced()
    visits(world, leg, ("come?", ""), ("come?", "invalid 7"), ("come?", "1"), ("lookup", "1001"))
    visits(world, leg, ("how_many", "12"), ("when", "timeout"))
    world.step(e.ScriptEnded(at=world.now, call=leg, node="bye", result="again"))
    world.far_end_leaves(leg)
    record = world.attempts[leg]
    assert (record.outcome, record.disposition) == ("announced", "again")
    assert record.detail == "come?: 1; how_many: 12"


def test_a_script_s_last_word_that_is_no_outcome_is_none() -> None:
    world, leg = announced()
    world.step(e.ScriptEnded(at=world.now, call=leg, node="bye", result="whatever"))
    world.far_end_leaves(leg)
    assert world.attempts[leg].disposition == ""


def test_who_hears_an_announcement_and_wants_no_more_calls_is_told_when_it_is_kept() -> None:
    world, leg = announced()
    world.tell(e.OptOutAsked(at=world.now, call=leg))
    (kept,) = world.told_commands(SaveDoNotCall)
    assert (kept.number, kept.source, kept.attempt) == (lead(0).numbers[0].number, "key", leg)
    assert world.told_commands(LeaveQueue)[-1].exit == "opted_out", "then his script goes on"
    world.far_end_leaves(leg)
    record = world.attempts[leg]
    assert (record.outcome, record.opted_out_at) == ("announced", world.now)


def test_the_script_of_one_whom_nobody_called_is_told_that_there_is_nothing_to_keep() -> None:
    world = CampaignWorld()
    world.arrives("ann")
    world.step(e.OptOutAsked(at=world.now, call="ann"))
    assert [each.exit for each in world.commands(LeaveQueue)] == ["not_called"]
    assert not world.commands(SaveDoNotCall)


def test_a_talk_out_of_an_announcement_is_the_attempt_s() -> None:
    world, leg = announced()
    visits(world, leg, ("agent?", "1"))
    world.has_line()
    world.step(e.CallQueued(at=world.now, call=leg, queue="sales"))
    world.line_joins(leg)
    assert world.states(leg) == ("talking", "talking")
    assert (world.attempts[leg].joined_at, world.attempts[leg].agent) == (world.now, "tom")
    world.wait(30)
    world.far_end_leaves(leg)
    world.step(
        e.DispositionSet(
            at=world.now, login="tom", interaction=leg, code="done", note="", callback="",
            request=world.request(),
        )
    )  # fmt: skip
    record = world.attempts[leg]
    assert (record.outcome, record.disposition, record.detail) == ("connected", "done", "agent?: 1")


# --- gaps and restarts ---


def test_what_a_snapshot_lacks_is_lost_and_not_placed_again() -> None:
    world = running()
    leg = world.far_end_rings()
    world.lose_link()
    world.wait(10)
    line = LegSeen(leg=world.agent().line_leg, phone="101", answered=True, room="lines", kept=True)
    world.connect(line)
    assert world.attempts[leg].outcome == "lost"
    assert [each.number for each in world.placed].count("+13055550000") == 1


def test_nothing_is_placed_while_nobody_hears_asterisk() -> None:
    world = running()
    world.far_end_leaves(world.far_end_rings(), 17)
    before = len(world.placed)
    world.lose_link()
    world.wait(5)
    assert len(world.placed) == before


def restarted(world: CampaignWorld, *legs: LegSeen) -> CampaignWorld:
    """This process begins anew on the same store."""
    open_ones = tuple(each for each in world.attempts.values() if not each.outcome)
    records = tuple(each for each in world.ledger.records.values() if not each.final)
    world._boot()
    world.step(
        world.ledger.figures_restored(world.now),
        e.CampaignsRestored(at=world.now, campaigns=(world.kept("running"),)),
        e.AttemptsRestored(at=world.now, records=open_ones, newest=max(world.attempts, default="")),
        e.InteractionsRestored(at=world.now, records=records),
    )
    world.now += 1
    world.connect(*legs)
    return world


def test_after_a_crash_what_is_gone_is_lost_and_what_rings_goes_on() -> None:
    world = running(RATIO_2)
    gone, rings = world.far_end_rings(0), world.far_end_rings(1)
    world.wait(3)
    restarted(world, LegSeen(leg=rings))
    assert world.attempts[gone].outcome == "lost"
    assert world.floor.dials.keys() == {rings}
    world.step(
        e.LegAnswered(at=world.now, leg=rings),
        e.DialledAnswered(at=world.now, call=rings, heard="human", greeting_ended_at=world.now - 0.8),
    )
    world.wait(2)
    assert world.commands(SayNotice), "no agent is there any more"
    world.far_end_leaves(rings)
    assert world.attempts[rings].outcome == "dropped"


def test_no_name_is_given_twice_although_the_clock_was_set_back_over_a_restart() -> None:
    world = running()
    first = world.far_end_rings()
    world.far_end_leaves(first, 17)
    world.now -= 3600
    restarted(world).has_line().wait(1)
    assert len(world.placed) > 1
    assert world.placed[-1].leg > first


def test_who_answered_while_we_were_away_is_lost_and_counts_as_dropped() -> None:
    world = running()
    leg = world.far_end_rings()
    restarted(world, LegSeen(leg=leg, answered=True))
    assert world.floor.dials[leg].record.answered_at == world.now
    world.far_end_leaves(leg)
    assert (world.attempts[leg].outcome, world.attempts[leg].cause) == ("lost", 16)
    assert world.floor.campaigns["spring"].steering.period(world.now).dropped == 1


def test_who_answered_while_we_were_away_and_is_heard_of_now_is_served() -> None:
    world = running()
    leg = world.far_end_rings()
    restarted(world, LegSeen(leg=leg, answered=True))
    world.step(e.DialledAnswered(at=world.now, call=leg, heard="human", greeting_ended_at=world.now - 0.8))
    world.far_end_leaves(leg)
    assert world.attempts[leg].outcome == "hung_up"


def came_back(*, agent: bool) -> tuple[CampaignWorld, str]:
    """We crashed when an agent was about to have the person, whom the rescue loop brings back."""
    world = running()
    leg = world.far_end_answers()
    restarted(world, LegSeen(leg=leg, answered=True))
    if agent:
        world.has_line("ann", "102")
    about = {"call": leg, "interaction": leg, "server": "", "did": "unknown", "caller": "+13055550100"}
    world.step(
        e.CallArrived(at=world.now, **about, caller_name="", resumed=True, queue="sales", entered_at=1.0),
        e.CallQueued(at=world.now, call=leg, queue="sales"),
    )
    return world, leg


def test_whom_a_crash_kept_from_his_agent_has_one_when_he_is_back() -> None:
    world, leg = came_back(agent=True)
    assert world.call(leg).state == "offered"
    assert world.call(leg).interaction.record.direction == "outbound"
    world.line_joins(leg, "ann")
    assert (world.attempts[leg].joined_at, world.attempts[leg].agent) == (world.now, "ann")


def test_whom_a_crash_kept_from_his_agent_has_the_message_when_nobody_is_there() -> None:
    world, leg = came_back(agent=False)
    world.wait(0.1)
    assert [each.call for each in world.commands(SayNotice)] == [leg]
    assert not world.floor.callers_waiting("sales"), "he is no caller whom campaigns have to wait for"
    world.far_end_leaves(leg)
    assert world.attempts[leg].outcome == "dropped"


def test_after_a_crash_a_talk_goes_on_and_is_connected() -> None:
    world = running()
    leg = world.far_end_answers()
    world.line_joins(leg)
    line = world.agent().line_leg
    restarted(
        world,
        LegSeen(leg=leg, answered=True, bridge="b1"),
        LegSeen(leg=line, phone="101", answered=True, bridge="b1", kept=True),
    )
    assert world.call(leg).state == "talking"
    world.step(e.LegParted(at=world.now, leg=line, bridge="b1"))
    world.far_end_leaves(leg)
    world.wait(200)
    assert world.attempts[leg].outcome == "connected"
    assert not world.floor.dials


def test_after_a_crash_a_talk_that_is_over_was_connected() -> None:
    world = running()
    leg = world.far_end_answers()
    world.line_joins(leg)
    restarted(world)
    world.wait(200)
    assert world.attempts[leg].outcome == "connected"


def test_attempts_of_a_campaign_that_is_gone_have_an_outcome_too() -> None:
    world = running()
    leg = world.far_end_rings()
    record = world.attempts[leg]
    world._boot()
    world.step(world.ledger.figures_restored(world.now), e.AttemptsRestored(at=world.now, records=(record,)))
    assert world.attempts[leg].outcome == "lost"


def test_a_stopped_campaigns_call_goes_on_over_a_crash() -> None:
    world = running()
    leg = world.far_end_rings()
    world.asks_campaign("stop")
    records = tuple(each for each in world.attempts.values() if not each.outcome)
    world._boot()
    world.step(
        world.ledger.figures_restored(world.now),
        e.CampaignsRestored(at=world.now, campaigns=(world.kept("stopped"),)),
    )
    world.step(e.AttemptsRestored(at=world.now, records=records), world.ledger.restored(world.now))
    world.connect(LegSeen(leg=leg))
    world.far_end_leaves(leg, 17)
    assert world.attempts[leg].outcome == "busy"
    assert not world.floor.campaigns


def test_who_answers_long_after_a_crash_has_a_record_of_his_own() -> None:
    world = running(PROGRESSIVE)
    leg = world.far_end_rings()
    restarted(world, LegSeen(leg=leg))
    world.wait(90)
    assert world.ledger.records[leg].outcome == "server_restart"
    world.step(e.DialledAnswered(at=world.now, call=leg, heard="human"))
    assert world.call(leg).interaction.id == f"{leg}-2"


def test_where_several_phones_ring_one_agent_is_kept_and_the_others_stay_free() -> None:
    rules = replace(QUICK, queues=(queue("sales", strategy="ring_several", seats=3), queue("support")))
    world = CampaignWorld(PROGRESSIVE, rules)
    for login, phone in (("ann", "101"), ("ben", "102"), ("cyd", "103")):
        world.has_line(login, phone)
    world.leads = world.leads[:1]
    world.asks_campaign()
    assert len(world.placed) == 1
    assert sorted(world.floor.matcher.state(login) for login in ("ann", "ben", "cyd")) == [
        "available",
        "available",
        "reserved",
    ]
    world.waits("eve", "sales")
    assert world.call("eve").state == "offered"


def test_a_lead_whose_number_rings_already_goes_back_and_its_agent_is_free() -> None:
    world = CampaignWorld(PREVIEW, leads=0)
    world.leads = [lead(1), lead(2, numbers=lead(1).numbers), lead(3)]
    world.has_line("ann", "101")
    world.has_line("ben", "102")
    world.asks_campaign()
    world.wait(1)
    assert world.returned == ["lead-2"]
    assert {world.floor.dials[each].lead.id for each in world.floor.dials} == {"lead-1", "lead-3"}


def test_whom_we_called_is_counted_where_he_waits_after_his_talk() -> None:
    world = running()
    world.signs_in("sam", "109", ("support",)).asks("sam", "paused")
    leg = world.far_end_answers()
    world.line_joins(leg)
    world.step(
        e.TransferAsked(
            at=world.now, login="tom", call=leg, to=Target(kind=TargetKind.QUEUE, name="support"), note="",
            request=world.request(),
        )
    )  # fmt: skip
    line = world.agent().line_leg
    world.step(
        e.LegParted(at=world.now, leg=line, bridge=f"b-{leg}"),
        e.LegParted(at=world.now, leg=leg, bridge=f"b-{leg}"),
        e.LegParked(at=world.now, leg=line, room="lines"),
        e.OfferEnded(at=world.now, call=leg, offer=world.call(leg).offer, status="ANSWER"),
    )
    assert (world.call(leg).state, world.call(leg).queue) == ("waiting", "support")
    assert world.figures("queue", "support").offered == 1


def test_a_script_that_crashes_leaves_whom_we_called_where_he_is_counted() -> None:
    world = CampaignWorld(AGENTLESS)
    world.asks_campaign()
    leg = world.far_end_answers(0)
    arrived = e.CallArrived(
        at=world.now, call=leg, interaction=leg, server=SERVER, did="4001", caller="x", queue="support",
        resumed=True,
    )  # fmt: skip
    world.signs_in("sam", "109", ("support",)).asks("sam", "paused")
    world.step(replace(arrived, resumed=False, queue=""))
    world.step(e.CallQueued(at=world.now, call=leg, queue="support"))
    world.step(arrived)
    assert world.floor.figures.count_waiting("support") == 1
