"""Recordings: who begins one and when, announcements, pauses, and what each talk leaves behind."""

from dataclasses import replace

import pytest

from contactcenter import events as e
from contactcenter.commands import (
    Accepted,
    AnnounceRecording,
    DropRecording,
    FinishRecording,
    JoinLeg,
    MuteRecording,
    OfferCall,
    PlaceCall,
    Refused,
    SaveAudit,
    SaveInteraction,
    SaveRecording,
    StopRecording,
)
from contactcenter.events import ConsultStep
from contactcenter.rules import Outside, Rules
from contactcenter.values import LegSeen, RecordingRecord, RecordingState
from tests.core.test_callbacks import LEG, leaves_for_callback, reaches
from tests.core.test_consults import NUMBER, OWN, PAM, Three
from tests.core.test_supervision import meet, parks, takes_over
from tests.core.world import SERVER, World, queue

RULES = Rules(
    queues=(
        queue("support", recording="always"),
        queue("sales", recording="announce"),
        queue("quiet"),
    ),
    dispositions=frozenset({"done"}),
    auto_resume_s=60.0,
    outside=Outside(prefixes=("139",), at_most=1, shows="4000"),
)
EVERY_QUEUE = ("support", "sales", "quiet")


def offered(world: World) -> OfferCall:
    """The one offer of the last step."""
    (offer,) = world.commands(OfferCall)
    return offer


def recorded_talk(queue: str = "support") -> World:
    """A talk that is being recorded, 3 s after the offer."""
    world = World(RULES).is_ready(queues=EVERY_QUEUE)
    world.waits(queue=queue)
    if queue == "sales":
        world.step(e.RecordingAnnounced(at=world.now, call="ann"))
    offer = offered(world)
    world.step(e.RecordingStarted(at=world.now, call="ann", recording=offer.recording))
    world.rings()
    world.now += 3
    return world.answers()


def asks_pause(world: World, paused: bool, login: str = "tom", call: str = "ann") -> World:
    """The agent presses the button."""
    request = world.request()
    return world.step(
        e.RecordingPauseAsked(at=world.now, login=login, call=call, paused=paused, request=request)
    )


def asterisk_mutes(world: World, muted: bool, failed: str = "") -> World:
    """Asterisk's word on the last request."""
    recording = world.call().recording
    assert recording
    return world.step(
        e.RecordingMuted(at=world.now, call="ann", recording=recording.id, muted=muted, failed=failed)
    )


def row(world: World) -> RecordingRecord:
    """The only recording's row, as last saved."""
    (only,) = world.ledger.recordings.values()
    return only


def timeline(world: World, *kinds: str) -> list[dict[str, object]]:
    """What was noted under these kinds in the last step."""
    entries = [entry for save in world.commands(SaveInteraction) for entry in save.entries]
    return [entry.detail for entry in entries if entry.kind in kinds]


def test_a_talk_of_a_queue_that_records_has_a_row_from_its_first_moment_to_its_end() -> None:
    world = recorded_talk()
    assert row(world).state is RecordingState.RUNNING
    assert (row(world).agent, row(world).queue, row(world).interaction) == ("tom", "support", "i-ann")
    assert world.call().view(held=False, offered=(), consult=None).recording == "on"
    world.now += 20
    world.caller_ends(phone="101")
    (finish,) = world.commands(FinishRecording)
    assert (finish.record.state, finish.record.length_s) == (RecordingState.ENDED, 20.0)
    assert row(world) == finish.record


def test_a_queue_that_never_records_asks_for_nothing() -> None:
    world = World(RULES).is_ready(queues=EVERY_QUEUE)
    world.waits(queue="quiet")
    assert offered(world).recording == ""
    world.rings().answers()
    assert not world.commands(SaveRecording)
    assert world.call().view(held=False, offered=(), consult=None).recording == ""


def test_a_missed_offer_leaves_its_recording_ready_for_the_next() -> None:
    world = World(RULES).is_ready()
    world.waits()
    first = offered(world).recording
    world.step(e.RecordingStarted(at=world.now, call="ann", recording=first))
    world.rings()
    world.misses()
    assert not world.commands(DropRecording)
    world.now += 1
    world.is_ready("joe", "102")
    assert offered(world).recording == first
    world.rings(phone="102").answers(phone="102")
    assert row(world).agent == "joe"


def test_a_caller_who_gives_up_leaves_no_recording() -> None:
    world = World(RULES).is_ready()
    world.waits()
    recording = offered(world).recording
    world.rings().caller_ends(phone="101")
    assert world.commands(DropRecording) == [DropRecording(recording=recording)]
    assert not world.ledger.recordings


def test_a_talk_that_asterisk_did_not_record_says_why() -> None:
    world = World(RULES).is_ready()
    world.waits().rings().answers()
    assert (row(world).state, row(world).why) == (RecordingState.FAILED, "not_started")
    assert world.call().view(held=False, offered=(), consult=None).recording == "failed"
    world.caller_ends(phone="101")
    assert not world.commands(FinishRecording)


def test_each_agent_of_a_caller_has_a_recording_of_his_own() -> None:
    world = recorded_talk()
    world.now += 5
    world.agent_ends()
    first = row(world).id
    assert world.commands(StopRecording) == [StopRecording(server=SERVER, call="ann", recording=first)]
    world.is_ready("joe", "102")
    world.queues()
    again = offered(world).recording
    assert again not in ("", first)
    world.step(e.RecordingStarted(at=world.now, call="ann", recording=again))
    world.rings(phone="102").answers(phone="102").caller_ends(phone="102")
    assert {each.agent for each in world.ledger.recordings.values()} == {"tom", "joe"}


def passes_on(world: World, *, attended: bool, phone: str = "102", leg: str = "x") -> World:
    """Tom's phone sends the caller to another one by itself. An attended transfer moves her into the talk
    that the two phones have already; in a blind one that phone rings first, and she hears nobody."""
    bridge = world.floor.legs["ann"].bridge
    said = e.LegTransferred(at=world.now, leg="ann", by="ann>101", to=phone, attended=attended)
    out = (
        e.LegParted(at=world.now, leg="ann>101", bridge=bridge),
        e.LegParted(at=world.now, leg="ann", bridge=bridge),
        e.LegEnded(at=world.now, leg="ann>101"),
    )
    other = e.LegStarted(at=world.now, leg=leg, server=SERVER, phone=phone)
    if attended:
        there = e.LegJoined(at=world.now, leg=leg, bridge="b-phones")
        into = e.LegJoined(at=world.now, leg="ann", bridge="b-phones")
        return world.step(other, there, out[1], into, said, out[0], out[2])
    world.step(said, *out, other)
    world.now += 5
    return world.hear_each_other(leg, "ann")


@pytest.mark.parametrize("attended", [True, False], ids=["attended", "blind"])
def test_a_phone_that_passes_the_caller_on_leaves_each_agent_a_part_of_the_same_files(attended: bool) -> None:
    world = recorded_talk()
    world.is_ready("joe", "102")
    world.now += 2
    passes_on(world, attended=attended)
    assert world.call().agent == "joe"
    assert not world.commands(StopRecording), "Asterisk writes on: no session of ours could begin anew"
    world.now += 3
    world.caller_ends(phone="")
    first, second = world.ledger.recordings.values()
    assert (first.agent, first.files, first.begin_s, first.end_s) == ("tom", first.id, 0.0, 2.0)
    assert (second.agent, second.files, second.begin_s, second.end_s) == ("joe", first.id, 2.0, None)
    assert (first.length_s, second.length_s) == (2.0, 3.0)
    assert [finish.record for finish in world.commands(FinishRecording)] == [first, second]


def test_a_pause_is_asked_for_again_where_the_dialplan_has_begun_the_recording_anew() -> None:
    world = asterisk_mutes(asks_pause(recorded_talk(), True), True)
    world.is_ready("joe", "102")
    passes_on(world, attended=False)
    assert {mute.muted for mute in world.told_commands(MuteRecording)[1:]} == {True}
    asterisk_mutes(world, True)
    assert [len(each.silences) for each in world.ledger.recordings.values()] == [1, 1]
    assert world.call().view(held=False, offered=(), consult=None).recording == "paused"


def test_a_phone_without_an_agent_has_a_part_that_names_the_phone() -> None:
    world = recorded_talk()
    world.now += 2
    passes_on(world, attended=False, phone="110")
    world.now += 4
    world.caller_ends()
    assert [(each.agent, each.number, each.length_s) for each in world.ledger.recordings.values()] == [
        ("tom", "", 2.0),
        ("", "110", 4.0),
    ]


def test_a_caller_who_is_passed_on_and_hangs_up_before_anybody_answers_leaves_one_part() -> None:
    world = recorded_talk()
    world.now += 2
    world.step(
        e.LegTransferred(at=world.now, leg="ann", by="ann>101", to="102"),
        e.LegParted(at=world.now, leg="ann>101", bridge="b-ann"),
        e.LegParted(at=world.now, leg="ann", bridge="b-ann"),
        e.LegEnded(at=world.now, leg="ann>101"),
    )
    assert (row(world).state, row(world).length_s) == (RecordingState.ENDED, 2.0)
    world.now += 9
    world.caller_ends()
    (finish,) = world.commands(FinishRecording)
    assert finish.record == row(world)


def test_a_caller_who_is_passed_on_to_a_number_of_ours_begins_anew() -> None:
    world = recorded_talk()
    world.now += 2
    world.step(
        e.LegTransferred(at=world.now, leg="ann", by="ann>101", to="4002"),
        e.LegParted(at=world.now, leg="ann>101", bridge="b-ann"),
        e.LegParted(at=world.now, leg="ann", bridge="b-ann"),
        e.LegEnded(at=world.now, leg="ann>101"),
    )
    world.arrives(did="4002")
    assert [stop.recording for stop in world.commands(StopRecording)] == [row(world).id]
    assert [finish.record for finish in world.commands(FinishRecording)] == [row(world)]


def test_each_agent_has_a_reason_of_his_own_when_a_talk_is_passed_on_that_is_not_recorded() -> None:
    world = World(RULES).is_ready(queues=EVERY_QUEUE).waits(queue="sales")
    world.step(e.RecordingAnnounced(at=world.now, call="ann", refused=True)).rings().answers()
    world.is_ready("joe", "102")
    passes_on(world, attended=False)
    passes_on(world, attended=False, phone="110", leg="y")
    rows = list(world.ledger.recordings.values())
    assert [(each.agent, each.number, each.state, each.why) for each in rows] == [
        ("tom", "", RecordingState.FAILED, "refused"),
        ("joe", "", RecordingState.FAILED, "refused"),
        ("", "110", RecordingState.FAILED, "refused"),
    ]


@pytest.mark.parametrize("answer", [{"refused": True}, {"heard": False}])
def test_a_phone_that_passes_the_caller_on_takes_the_reason_along(answer: dict[str, bool]) -> None:
    world = World(RULES).is_ready(queues=EVERY_QUEUE).waits(queue="sales")
    world.step(e.RecordingAnnounced(at=world.now, call="ann", **answer)).rings().answers()
    world.is_ready("joe", "102")
    world.step(
        e.LegStarted(at=world.now, leg="x", server=SERVER, phone="102"),
        e.LegJoined(at=world.now, leg="x", bridge="b-ann"),
        e.LegParted(at=world.now, leg="ann>101", bridge="b-ann"),
        e.LegEnded(at=world.now, leg="ann>101"),
    )
    assert not world.center.impossible
    assert (world.call().state, world.call().agent, world.agent("joe").state) == ("talking", "joe", "talking")
    why = "refused" if "refused" in answer else "unheard"
    rows = world.ledger.recordings.values()
    assert [(each.agent, each.why) for each in rows] == [("tom", why), ("joe", why)]
    world.caller_ends(phone="")
    assert not world.commands(FinishRecording)


# --- announced ---


def test_an_announcing_queue_tells_the_caller_before_anybody_is_offered() -> None:
    world = World(RULES).is_ready(queues=EVERY_QUEUE)
    world.waits(queue="sales")
    assert world.commands(AnnounceRecording) == [AnnounceRecording(call="ann")]
    assert not world.commands(OfferCall)
    world.now += 4
    world.step(e.RecordingAnnounced(at=world.now, call="ann"))
    assert offered(world).recording


def test_the_announcement_is_made_once_in_a_call() -> None:
    world = recorded_talk("sales")
    world.agent_ends()
    world.queues(queue="sales")
    assert not world.commands(AnnounceRecording)


@pytest.mark.parametrize(("answer", "why"), [({"refused": True}, "refused"), ({"heard": False}, "unheard")])
def test_who_refused_or_was_not_told_is_served_and_not_recorded(answer: dict[str, bool], why: str) -> None:
    world = World(RULES).is_ready(queues=EVERY_QUEUE)
    world.waits(queue="sales")
    world.step(e.RecordingAnnounced(at=world.now, call="ann", **answer))
    assert offered(world).recording == ""
    world.rings().answers()
    assert (row(world).state, row(world).why) == (RecordingState.FAILED, why)
    assert timeline(world, "not_recorded") == [{"why": why}]


def test_a_caller_who_came_into_an_announcing_queue_while_the_phone_rang_is_not_recorded() -> None:
    world = World(RULES).is_ready(queues=EVERY_QUEUE)
    world.waits()
    recording = offered(world).recording
    world.step(e.RecordingStarted(at=world.now, call="ann", recording=recording))
    world.rings()
    rules = replace(RULES, queues=RULES.queues[1:], fallback_queue="sales")
    world.step(e.RulesChanged(at=world.now, rules=rules, version=2))
    world.answers()
    assert world.commands(DropRecording) == [DropRecording(recording=recording)]
    assert world.commands(StopRecording)
    assert (row(world).state, row(world).why, row(world).queue) == (RecordingState.FAILED, "unheard", "sales")


def test_nobody_waits_for_an_announcement_that_never_ends() -> None:
    world = World(RULES).is_ready(queues=EVERY_QUEUE)
    world.waits(queue="sales")
    world.wait(30)
    assert offered(world).recording == ""


def test_a_caller_whose_session_broke_is_told_again() -> None:
    world = World(RULES).is_ready(queues=EVERY_QUEUE)
    world.waits(queue="sales")
    world.step(
        e.CallArrived(
            at=world.now, call="ann", interaction="i-ann", server=SERVER, did="4001",
            caller="+8613900000001", resumed=True, queue="sales", entered_at=world.now,
        )
    ).queues(queue="sales")  # fmt: skip
    assert world.commands(AnnounceRecording)


# --- paused ---


def test_a_pause_is_true_when_asterisk_says_so() -> None:
    world = recorded_talk()
    world.now += 10
    asks_pause(world, True)
    assert world.commands(Accepted)
    (mute,) = world.commands(MuteRecording)
    assert (mute.server, mute.call, mute.muted) == (SERVER, "ann", True)
    assert world.call().view(held=False, offered=(), consult=None).recording == "on"
    world.now += 0.5
    asterisk_mutes(world, True)
    assert world.call().view(held=False, offered=(), consult=None).recording == "paused"
    world.now += 7
    asks_pause(world, False)
    asterisk_mutes(world, False)
    (span,) = row(world).silences
    assert (span.begin_s, span.end_s, span.by) == (10.5, 17.5, "tom")
    world.caller_ends(phone="101")
    details = timeline(world, "recording_paused", "recording_resumed")
    assert details == [
        {"by": "tom", "begin_s": 10.5},
        {"by": "tom", "begin_s": 10.5, "end_s": 17.5},
    ]


def test_a_forgotten_pause_ends_by_itself() -> None:
    world = asterisk_mutes(asks_pause(recorded_talk(), True), True)
    world.wait(60)
    (unmute,) = world.commands(MuteRecording)
    assert not unmute.muted
    asterisk_mutes(world, False)
    assert row(world).silences[-1].end_s == 60.0
    world.caller_ends(phone="101")
    (resumed,) = timeline(world, "recording_resumed")
    assert resumed["by"] == ""


def test_a_pause_that_can_not_be_ended_is_tried_again() -> None:
    world = asterisk_mutes(asks_pause(recorded_talk(), True), True)
    world.wait(60)
    asterisk_mutes(world, False, "No such channel")
    world.wait(5)
    assert world.commands(MuteRecording)


def test_a_pause_that_asterisk_refuses_does_not_seem_to_be_one() -> None:
    world = asterisk_mutes(asks_pause(recorded_talk(), True), True, "Permission denied")
    assert world.call().view(held=False, offered=(), consult=None).recording == "on"
    assert not row(world).silences


def test_a_talk_that_ends_in_a_pause_closes_it() -> None:
    world = asterisk_mutes(asks_pause(recorded_talk(), True), True)
    world.now += 4
    world.caller_ends(phone="101")
    assert [(span.begin_s, span.end_s) for span in row(world).silences] == [(0.0, 4.0)]
    world.wait(100)
    assert not world.commands(MuteRecording)


@pytest.mark.parametrize("case", ["another's", "no talk", "no recording", "no link"])
def test_a_pause_that_is_not_possible_is_refused(case: str) -> None:
    world = recorded_talk("support")
    login, call = "tom", "ann"
    if case == "another's":
        world.is_ready("joe", "102")
        login = "joe"
    elif case == "no talk":
        call = "nobody"
    elif case == "no recording":
        world.caller_ends(phone="101").disposes()
        world.waits("bob", "quiet")
        world.is_ready(queues=EVERY_QUEUE).rings("bob").answers("bob")
        call = "bob"
    else:
        world.lose_link()
    asks_pause(world, True, login, call)
    assert [answer.code for answer in world.commands(Refused)] == ["illegal_now"]
    assert not world.commands(MuteRecording)


def test_time_without_a_bridge_is_not_in_the_recording() -> None:
    world = recorded_talk()
    world.now += 10
    leg = world.floor.legs["ann"]
    world.step(e.LegParted(at=world.now, leg="ann", bridge=leg.bridge))
    world.now += 30
    world.step(e.LegJoined(at=world.now, leg="ann", bridge="b-ann"))
    world.now += 5
    asterisk_mutes(asks_pause(world, True), True)
    assert row(world).silences[-1].begin_s == 15.0


# --- one recording for each who has the caller ---


class Recorded(Three):
    """Tom talks with Ann, which is recorded; Pam is free. What the session is told to record, it does."""

    def __init__(self, queue: str = "support") -> None:
        self.world = recorded_talk(queue)
        self.world.is_ready("pam", "102", queues=("quiet",)).wait(4)

    def begins(self) -> str:
        """The session begins with what it was told to record; returns its name."""
        world = self.world
        last = world.told_commands(JoinLeg)[-1]
        world.step(e.RecordingStarted(at=world.now, call="ann", recording=last.recording))
        return last.recording

    def rows(self) -> list[tuple[str, str, str, float]]:
        """Who was recorded, how it ended, and for how long; in their order."""
        found = self.world.ledger.recordings.values()
        return [(row.agent, row.state.value, row.why, row.length_s) for row in found]


def test_an_attended_transfer_leaves_a_recording_of_each_agent() -> None:
    three = Recorded()
    world, first = three.world, row(three.world).id
    three.consulting().step(ConsultStep.COMPLETE)
    (join,) = world.commands(JoinLeg)
    assert join.recording not in ("", first)
    assert [stop.recording for stop in world.commands(StopRecording)] == [first]
    assert [finish.record.agent for finish in world.commands(FinishRecording)] == ["tom"]
    three.begins()
    three.over_to(three.guest).ends(OWN)
    world.wait(6)
    assert three.rows() == [("tom", "ended", "", 4.0), ("pam", "running", "", 0.0)]
    three.everybody_leaves()
    assert three.rows() == [("tom", "ended", "", 4.0), ("pam", "ended", "", 6.0)]
    assert join.recording == [each.id for each in world.ledger.recordings.values()][-1]


def test_a_talk_that_began_while_its_queue_was_away_has_a_reason_when_the_queue_is_back() -> None:
    three = Recorded()
    world = three.world
    change = {"at": world.now, "version": 2}
    world.step(
        e.RulesChanged(**change, rules=replace(RULES, queues=RULES.queues[1:], fallback_queue="sales"))
    )
    three.consulting().step(ConsultStep.COMPLETE).over_to(three.guest)
    assert len(three.rows()) == 1, "nobody asks for a recording"
    world.step(e.RulesChanged(**change, rules=RULES))
    assert [(agent, why) for agent, _, why, _ in three.rows()] == [("tom", ""), ("pam", "not_started")]
    three.ends(OWN).everybody_leaves()


def test_a_blind_transfer_leaves_a_recording_of_each_agent() -> None:
    three = Recorded()
    three.asks(PAM, blind=True).rings().answers()
    three.begins()
    three.over_to(three.guest).ends(OWN)
    three.world.wait(2)
    three.everybody_leaves()
    assert three.rows() == [("tom", "ended", "", 4.0), ("pam", "ended", "", 2.0)]


def test_who_hangs_up_in_a_consult_has_his_recording_and_so_has_the_colleague() -> None:
    three = Recorded()
    three.consulting().ends(OWN)
    three.begins()
    three.over_to(three.guest)
    three.world.wait(2)
    three.everybody_leaves()
    assert three.rows() == [("tom", "ended", "", 4.0), ("pam", "ended", "", 2.0)]


def test_an_agent_who_goes_while_the_caller_is_on_the_way_leaves_the_next_recording_alone() -> None:
    three = Recorded()
    three.consulting().step(ConsultStep.COMPLETE)
    three.begins()
    three.ends(OWN)
    assert not three.world.commands(DropRecording)
    three.over_to(three.guest)
    three.everybody_leaves()
    assert [(agent, why) for agent, _, why, _ in three.rows()] == [("tom", ""), ("pam", "")]


def together(queue: str = "support") -> Recorded:
    """Tom, Ann and Pam hear each other: 4 s after the talk began, Pam is added."""
    three = Recorded(queue)
    three.consulting().step(ConsultStep.CONFERENCE).back()
    world = three.world
    world.step(
        e.LegParted(at=world.now, leg=three.guest, bridge="room"),
        e.LegJoined(at=world.now, leg=three.guest, bridge="b-ann"),
    )
    return three


def windows(three: Recorded) -> list[tuple[str, float, float | None]]:
    """Whose part is which span of the files."""
    found = three.world.ledger.recordings.values()
    assert len({each.files for each in found}) == 1
    return [(each.agent, each.begin_s, each.end_s) for each in found]


def test_who_goes_on_after_a_conference_has_a_part_from_its_beginning() -> None:
    three = together()
    world = three.world
    world.wait(3)
    three.ends(OWN)
    assert world.call().agent == "pam"
    assert not world.commands(StopRecording)
    world.wait(5)
    three.everybody_leaves()
    assert windows(three) == [("tom", 0.0, 7.0), ("pam", 4.0, 7.0), ("pam", 7.0, None)]
    assert [length for *_, length in three.rows()] == [7.0, 3.0, 5.0]


def test_who_leaves_a_conference_has_a_part_that_ends_there() -> None:
    three = together()
    world = three.world
    world.wait(3)
    three.ends(three.guest)
    world.wait(2)
    three.everybody_leaves()
    assert windows(three) == [("tom", 0.0, None), ("pam", 4.0, 7.0)]


def test_a_pause_in_a_conference_is_in_both_parts_at_its_own_place() -> None:
    three = together()
    world = three.world
    world.now += 1
    asterisk_mutes(asks_pause(world, True), True)
    world.now += 2
    three.ends(OWN)
    world.now += 1
    asterisk_mutes(world, False)
    world.now += 1
    three.everybody_leaves()
    spans = [
        [(span.begin_s, span.end_s) for span in each.silences] for each in world.ledger.recordings.values()
    ]
    assert spans == [[(5.0, 7.0)], [(1.0, 3.0)], [(0.0, 1.0)]]


def test_who_refused_gives_each_agent_of_a_conference_the_reason() -> None:
    world = World(RULES).is_ready(queues=EVERY_QUEUE)
    world.waits(queue="sales")
    world.step(e.RecordingAnnounced(at=world.now, call="ann", refused=True))
    world.rings().answers().is_ready("pam", "102", queues=("quiet",))
    three = Recorded.__new__(Recorded)
    three.world = world
    three.consulting().step(ConsultStep.CONFERENCE).back()
    world.step(
        e.LegParted(at=world.now, leg=three.guest, bridge="room"),
        e.LegJoined(at=world.now, leg=three.guest, bridge="b-ann"),
    )
    three.ends(OWN)
    assert world.call().agent == "pam"
    three.everybody_leaves()
    assert [(agent, why) for agent, _, why, _ in three.rows()] == [("tom", "refused"), ("pam", "refused")]


def test_a_supervisor_who_takes_over_has_a_recording_of_his_own() -> None:
    world = takes_over(recorded_talk().monitors().picks_up())
    leg = world.monitor().id
    parks(parks(world, leg), OWN, "b-ann")
    (join,) = world.commands(JoinLeg)
    world.step(e.RecordingStarted(at=world.now, call="ann", recording=join.recording))
    meet(world, leg)
    assert [(each.agent, each.state) for each in world.ledger.recordings.values()] == [
        ("tom", RecordingState.ENDED),
        ("sue", RecordingState.RUNNING),
    ]


def test_a_hold_goes_on_with_the_same_recording() -> None:
    world = recorded_talk()
    world.now += 4
    world.holds()
    world.now += 30
    world.resumes()
    (join,) = world.commands(JoinLeg)
    assert join.recording == row(world).id
    assert not world.commands(StopRecording)
    world.now += 3
    world.caller_ends(phone="101")
    assert (row(world).agent, row(world).length_s) == ("tom", 7.0)


def test_a_pause_outlives_a_hold() -> None:
    world = asterisk_mutes(asks_pause(recorded_talk(), True), True)
    world.holds().resumes()
    assert world.call().view(held=False, offered=(), consult=None).recording == "paused"


def test_a_caller_who_comes_back_from_a_transfer_that_failed_is_recorded_again() -> None:
    three = Recorded()
    three.consulting().step(ConsultStep.COMPLETE)
    world, name = three.world, three.begins()
    offer = world.told_commands(JoinLeg)[-1].offer
    world.step(
        e.LegParted(at=world.now, leg=OWN, bridge="b-consult"),
        e.LegParked(at=world.now, leg=OWN, room="room"),
        e.OfferEnded(at=world.now, call="ann", offer=offer, status="CHANUNAVAIL"),
    )
    (back,) = world.commands(JoinLeg)
    assert (back.leg, back.recording) == (OWN, name), "the one that is ready"
    world.hear_each_other(OWN, "ann")
    world.wait(3)
    three.everybody_leaves()
    assert three.rows() == [("tom", "ended", "", 4.0), ("tom", "ended", "", 3.0)]


def test_a_transfer_that_asterisk_does_not_record_says_why() -> None:
    three = Recorded()
    three.consulting().step(ConsultStep.COMPLETE)
    three.over_to(three.guest)
    three.everybody_leaves()
    assert [(agent, why) for agent, _, why, _ in three.rows()] == [("tom", ""), ("pam", "not_started")]


def test_a_talk_with_a_number_outside_is_recorded_and_names_it() -> None:
    three = Recorded()
    three.asks(NUMBER, blind=True).rings().answers()
    three.begins()
    three.over_to(three.guest).ends(OWN)
    three.world.wait(5)
    three.world.caller_ends()
    _, outside = three.world.ledger.recordings.values()
    assert (outside.agent, outside.number, outside.length_s) == ("", NUMBER.name, 5.0)


def test_who_refused_is_recorded_with_nobody_and_each_part_says_why() -> None:
    world = World(RULES).is_ready(queues=EVERY_QUEUE)
    world.waits(queue="sales")
    world.step(e.RecordingAnnounced(at=world.now, call="ann", refused=True))
    world.rings().answers()
    three = Recorded.__new__(Recorded)
    three.world = world
    three.asks(NUMBER, blind=True).rings().answers()
    assert world.commands(JoinLeg)[0].recording == ""
    three.over_to(three.guest)
    three.everybody_leaves()
    rows = world.ledger.recordings.values()
    assert [(each.agent, each.number, each.why) for each in rows] == [
        ("tom", "", "refused"),
        ("", NUMBER.name, "refused"),
    ]


def test_a_recording_with_a_number_outside_outlives_a_restart() -> None:
    three = Recorded()
    three.asks(NUMBER, blind=True).rings().answers()
    guest = three.guest
    three.begins()
    three.over_to(guest).ends(OWN)
    world = three.world.restart()
    world.connect(
        LegSeen(leg="ann", answered=True, bridge="b-ann"),
        LegSeen(leg=guest, answered=True, bridge="b-ann", kept=True),
    )
    assert world.call().recording
    world.now += 7
    world.caller_ends()
    assert [finish.record.number for finish in world.commands(FinishRecording)] == [NUMBER.name]


def test_two_recordings_of_one_moment_have_two_names() -> None:
    three = Recorded()
    three.consulting().step(ConsultStep.COMPLETE)
    names = {each.recording for each in three.world.told_commands(JoinLeg)} | {row(three.world).id}
    assert len(names) == 2


# --- who is called back, and who comes from another queue ---


def called_back(recording: str) -> World:
    """The customer, whom we call back, has answered; the agent is reserved."""
    rules = replace(RULES, queues=(queue("support", recording=recording, without_agents=True),))
    world = World(rules).signs_in().waits()
    return reaches(leaves_for_callback(world).asks("tom", "available"))


def test_a_callback_is_recorded_by_the_queues_policy() -> None:
    world = called_back("always")
    assert world.told_commands(PlaceCall)
    offer = offered(world)
    world.step(e.RecordingStarted(at=world.now, call=LEG, recording=offer.recording))
    world.rings(LEG).answers(LEG)
    assert (row(world).call, row(world).agent, row(world).state) == (LEG, "tom", RecordingState.RUNNING)


@pytest.mark.parametrize(("answer", "why"), [({}, ""), ({"refused": True}, "refused")])
def test_who_is_called_back_is_told_before_the_agents_phone_rings(answer: dict[str, bool], why: str) -> None:
    world = called_back("announce")
    assert world.commands(AnnounceRecording) == [AnnounceRecording(call=LEG)]
    assert not world.commands(OfferCall)
    world.step(e.RecordingAnnounced(at=world.now, call=LEG, **answer))
    offer = offered(world)
    assert bool(offer.recording) is not bool(why)
    if offer.recording:
        world.step(e.RecordingStarted(at=world.now, call=LEG, recording=offer.recording))
    world.rings(LEG).answers(LEG)
    assert row(world).why == why


def test_who_is_called_back_does_not_wait_for_an_announcement_that_never_ends() -> None:
    world = called_back("announce").wait(30)
    assert offered(world).recording == ""


def test_who_overflows_into_an_announcing_queue_is_told_there() -> None:
    rules = replace(
        RULES,
        queues=(
            queue("support", recording="always", overflow_after_s=20.0, overflow_queue="sales"),
            queue("sales", recording="announce"),
        ),
    )
    world = World(rules).signs_in().is_ready("pam", "102", queues=("sales",))
    world.asks("tom", "available").asks("tom", "paused")
    world.waits().wait(20)
    assert world.commands(AnnounceRecording) == [AnnounceRecording(call="ann")]
    assert not world.commands(OfferCall)
    world.step(e.RecordingAnnounced(at=world.now, call="ann"))
    assert offered(world).recording


# --- paused by a supervisor ---


def forces_pause(world: World, paused: bool, call: str = "ann") -> World:
    """A supervisor does it in the agent's stead."""
    return world.step(
        e.RecordingPauseForced(
            at=world.now, login="sue", name="Sue", request=world.request(), call=call, paused=paused
        )
    )


def test_a_supervisor_pauses_and_resumes_and_the_audit_log_has_it() -> None:
    world = forces_pause(recorded_talk(), True)
    assert world.commands(Accepted)
    (saved,) = world.commands(SaveAudit)
    assert (saved.entry.login, saved.entry.act, saved.entry.object) == ("sue", "record_pause", "ann")
    assert saved.entry.detail == {"interaction": "i-ann", "recording": row(world).id, "agent": "tom"}
    assert [mute.muted for mute in world.commands(MuteRecording)] == [True]
    asterisk_mutes(world, True)
    assert row(world).silences[-1].by == "sue"
    forces_pause(world, False)
    assert [each.entry.act for each in world.commands(SaveAudit)] == ["record_resume"]


@pytest.mark.parametrize("call", ["ann", "nobody"])
def test_a_supervisor_is_told_when_there_is_nothing_to_pause(call: str) -> None:
    world = World(RULES).is_ready(queues=EVERY_QUEUE)
    world.waits(queue="quiet").rings().answers()
    forces_pause(world, True, call)
    assert [answer.code for answer in world.commands(Refused)] == ["illegal_now"]
    assert not world.commands(SaveAudit)


def test_a_supervisor_pauses_a_talk_with_a_number_outside() -> None:
    three = Recorded()
    three.asks(NUMBER, blind=True).rings().answers()
    three.begins()
    three.over_to(three.guest).ends(OWN)
    assert forces_pause(three.world, True).commands(MuteRecording)


# --- over a restart of this process ---


def still_talks(world: World) -> World:
    """Asterisk lists both legs in their bridge."""
    return world.connect(
        LegSeen(leg="ann", answered=True, bridge="b-ann"),
        LegSeen(leg="ann>101", phone="101", answered=True, bridge="b-ann", linked="ann"),
    )


def test_a_recording_outlives_a_restart_and_so_does_the_end_of_its_pause() -> None:
    world = asterisk_mutes(asks_pause(recorded_talk(), True), True)
    world.now += 10
    still_talks(world.restart())
    recording = world.call().recording
    assert recording
    assert recording.shown == "paused"
    world.wait(60)
    (unmute,) = world.commands(MuteRecording)
    assert not unmute.muted
    asterisk_mutes(world, False)
    world.caller_ends(phone="101")
    assert row(world).state is RecordingState.ENDED


def test_a_pause_that_nobody_remembers_after_a_restart_ends_in_time() -> None:
    world = recorded_talk()
    world.now += 10
    still_talks(world.restart())
    world.wait(60)
    (unmute,) = world.commands(MuteRecording)
    assert not unmute.muted
    asterisk_mutes(world, False)
    assert not row(world).silences


def test_a_recording_whose_talk_is_gone_after_a_restart_is_picked_up() -> None:
    world = recorded_talk()
    world.restart().connect()
    world.wait(RULES.restore_s)
    (finish,) = world.commands(FinishRecording)
    assert finish.record.id == row(world).id


def test_a_caller_who_comes_back_to_a_script_had_his_talk() -> None:
    world = recorded_talk()
    world.restart().connect(LegSeen(leg="ann", answered=True))
    world.arrives(resumed=True, queue="support", entered_at=world.now)
    assert world.commands(FinishRecording)
    assert world.commands(StopRecording)


def after_a_crash_in_a_hold() -> World:
    """Four seconds of talk, a hold of 30 s in which this process dies, and the caller is on hold again."""
    world = recorded_talk()
    entered = world.now
    world.now += 4
    world.holds()
    world.now += 30
    world.restart()
    kept = LegSeen(leg=OWN, phone="101", answered=True, kept=True)
    world.connect(LegSeen(leg="ann", answered=True), kept)
    world.is_ready(queues=EVERY_QUEUE)
    world.arrives(resumed=True, queue="support", entered_at=entered, held_by=OWN).queues()
    return world


def test_after_a_crash_in_a_hold_the_length_is_what_was_written() -> None:
    world = after_a_crash_in_a_hold()
    world.resumes()
    world.now += 3
    world.caller_ends(phone="101")
    (finish,) = world.commands(FinishRecording)
    assert finish.record.length_s == 7.0


def test_after_a_crash_in_a_hold_a_pause_stands_where_it_is_heard() -> None:
    world = after_a_crash_in_a_hold()
    world.resumes()
    world.now += 1
    asterisk_mutes(asks_pause(world, True), True)
    assert row(world).silences[-1].begin_s == 5.0


def test_after_a_crash_after_a_hold_a_pause_stands_where_it_is_heard() -> None:
    world = recorded_talk()
    world.now += 4
    world.holds()
    world.now += 30
    world.resumes()
    world.now += 2
    still_talks(world.restart())
    asterisk_mutes(asks_pause(world, True), True)
    assert row(world).silences[-1].begin_s == pytest.approx(6.0, abs=0.05)


def test_a_length_that_a_crash_leaves_in_doubt_is_not_judged() -> None:
    world = recorded_talk()
    entered = world.now
    world.restart()  # and in that moment the agent's phone was parked
    world.now += 50
    kept = LegSeen(leg=OWN, phone="101", answered=True, kept=True)
    world.connect(LegSeen(leg="ann", answered=True), kept)
    world.is_ready(queues=EVERY_QUEUE)
    world.arrives(resumed=True, queue="support", entered_at=entered, held_by=OWN).queues()
    world.resumes()
    world.now += 3
    world.caller_ends(phone="101")
    (finish,) = world.commands(FinishRecording)
    assert finish.record.length_s == 0.0


def test_after_a_crash_in_a_conference_each_part_is_picked_up() -> None:
    three = together()
    guest = three.guest
    world = three.world
    world.now += 3
    world.restart()
    world.connect(
        LegSeen(leg="ann", answered=True, bridge="b-ann"),
        LegSeen(leg=OWN, phone="101", answered=True, bridge="b-ann", linked="ann", kept=True),
        LegSeen(leg=guest, phone="102", answered=True, bridge="b-ann", kept=True),
    )
    world.step(e.LegParted(at=world.now, leg=guest, bridge="b-ann"), e.LegEnded(at=world.now, leg=guest))
    world.now += 2
    three.everybody_leaves()
    assert [(agent, begin) for agent, begin, _ in windows(three)] == [("tom", 0.0), ("pam", 4.0)]
    assert {state for _, state, _, _ in three.rows()} == {"ended"}
    picked = [each.record.agent for each in world.told_commands(FinishRecording)]
    assert sorted(picked) == ["pam", "tom"]


def test_what_nobody_claims_after_a_restart_is_stopped_too() -> None:
    world = recorded_talk()
    world.restart().connect(LegSeen(leg="ann", answered=True))
    world.wait(RULES.restore_s)
    assert [stop.recording for stop in world.told_commands(StopRecording)] == [row(world).id]
