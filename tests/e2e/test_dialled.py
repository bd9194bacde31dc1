"""Campaigns on a real Asterisk: who answers has an agent or the message within two seconds."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from contactcenter.dialer.attempts import version_of
from contactcenter.dialer.campaigns import Campaign, Detection, ListShare, Mode, OnMachine
from contactcenter.dialer.permission import Refusal
from contactcenter.phones.call import SipCall
from tests.support.dialler import (
    GREETS_S,
    NOTICE_HZ,
    Dialler,
    FarEnds,
    dialling,
    far_ends,
    human,
    machine,
    rejects,
    rings_on,
)
from tests.support.ears import hears_music
from tests.support.voices import AGENT_HZ

CAMPAIGN = Campaign(
    id="spring",
    name="Spring",
    mode=Mode.POWER,
    profile="US",
    queue="sales",
    lists=(ListShare(list="l1"),),
    trunk="carrier",
    caller_ids=("+13055550100",),
    ratio=1.0,
    detection=Detection(),
    message="This is Example. Call +13055550100.",
    machine_message="Please call us back.",
    script="4001",
    ring_s=15,
)


@pytest.fixture
async def dialler() -> AsyncIterator[Dialler]:
    async with dialling(CAMPAIGN) as made:
        yield made


@pytest.fixture
async def world(dialler: Dialler) -> AsyncIterator[FarEnds]:
    async with far_ends(dialler) as ends:
        yield ends


async def test_a_person_hears_the_agent_on_the_line(dialler: Dialler, world: FarEnds) -> None:
    world.habits["+13055550001"] = human(1.0)
    async with dialler.agent("tom", "101") as phone:
        line = await phone.wait_call()
        dialler.leads("+13055550001")
        dialler.start()
        call = await world.call("+13055550001")
        assert call.caller_number.endswith("13055550100")
        await call.wait_answered()
        await call.hears(AGENT_HZ)
        call.hang_up()
        attempt = await dialler.store.outcome("+13055550001")
        assert (attempt.outcome, attempt.heard, attempt.agent) == ("connected", "human", "tom")
        assert attempt.joined_at
        assert attempt.greeting_ended_at
        assert attempt.joined_at - attempt.greeting_ended_at < 2.0
        assert line.state == "answered", "the line stays"
    assert dialler.placed == ["+13055550001"]


async def test_who_has_no_agent_hears_the_message_and_is_never_called_again(
    world: FarEnds, dialler: Dialler
) -> None:
    dialler.campaign = replace(CAMPAIGN, ratio=2.0)
    for number in ("+13055550011", "+13055550012"):
        world.habits[number] = human(0.5)
    async with dialler.agent("tom", "101"):
        dialler.leads("+13055550011", "+13055550012")
        dialler.start()
        calls = [await world.call(number) for number in world.habits]
        dropped = await dialler.until(
            lambda: next((each for each in dialler.store.attempts.values() if each.message_at), None)
        )
        assert dropped.message_at
        assert dropped.greeting_ended_at
        assert dropped.message_at - dropped.greeting_ended_at < 2.0
        call = next(each for each in calls if dropped.number == f"+{each.called}")
        other = next(each for each in calls if each is not call)
        await other.hears(AGENT_HZ)
        await call.hears(NOTICE_HZ)
        await call.audio.press("9")
        await call.wait_ended()
        attempt = await dialler.store.outcome(dropped.number)
        assert (attempt.outcome, attempt.message) == ("dropped", version_of("message", CAMPAIGN.message))
        assert attempt.opted_out_at
        assert dialler.store.do_not_call == [dropped.number]
        other.hang_up()
        assert (await dialler.store.outcome(f"+{other.called}")).outcome == "connected"


async def test_who_answers_while_the_server_is_away_hears_the_message(
    dialler: Dialler, world: FarEnds
) -> None:
    world.habits["+13055550015"] = human(1.0)
    async with dialler.agent("tom", "101"):
        dialler.leads("+13055550015")
        dialler.start()
        call = await world.call("+13055550015")
        await dialler.message_made()
        await dialler.crash()
        assert call.state == "ringing"
        await call.wait_answered()
        assert await call.hears(NOTICE_HZ) < 2.0 + GREETS_S
        await call.wait_ended()
        await dialler.begin(again=True)
        assert (await dialler.store.outcome("+13055550015")).outcome == "lost"
    assert dialler.placed == ["+13055550015"]


async def test_whom_a_crash_keeps_from_his_agent_waits_until_we_are_back(
    dialler: Dialler, world: FarEnds
) -> None:
    world.habits["+13055550016"] = human(1.0)
    async with dialler.agent("tom", "101"):
        dialler.leads("+13055550016")
        dialler.start()
        call = await world.call("+13055550016")
        await dialler.is_about_to_join(next(iter(dialler.store.attempts)))
        await dialler.crash()
        await call.wait_answered()
        await hears_music(call)
        await dialler.begin(again=True)
        await call.hears(NOTICE_HZ)
        await call.wait_ended()
        attempt = await dialler.store.outcome("+13055550016")
        assert attempt.outcome == "dropped", "no agent is signed in any more"
    assert dialler.placed == ["+13055550016"]


async def test_a_machine_is_heard_and_nobody_is_bothered(dialler: Dialler, world: FarEnds) -> None:
    world.habits["+13055550021"] = machine
    async with dialler.agent("tom", "101"):
        dialler.leads("+13055550021")
        dialler.start()
        attempt = await dialler.store.outcome("+13055550021")
        assert (attempt.outcome, attempt.heard) == ("machine", "machine")
        assert dialler.interactions == {}


async def test_a_machine_has_the_message_after_its_greeting(dialler: Dialler, world: FarEnds) -> None:
    dialler.campaign = replace(CAMPAIGN, detection=Detection(on_machine=OnMachine.LEAVE_MESSAGE))
    world.habits["+13055550022"] = machine
    async with dialler.agent("tom", "101"):
        dialler.leads("+13055550022")
        dialler.start()
        call = await world.call("+13055550022")
        await call.wait_answered()
        await call.hears(NOTICE_HZ, within=15)
        assert not call.audio._speaking, "the greeting is over"
        attempt = await dialler.store.outcome("+13055550022")
        assert attempt.outcome == "message_left"


async def test_who_says_nothing_is_taken_for_a_machine_and_hears_the_message(
    dialler: Dialler, world: FarEnds
) -> None:
    detection = Detection(on_machine=OnMachine.LEAVE_MESSAGE)
    dialler.campaign = replace(CAMPAIGN, detection=detection)
    world.habits["+13055550023"] = human(0.3, b"")
    async with dialler.agent("tom", "101"):
        dialler.leads("+13055550023")
        dialler.start()
        call = await world.call("+13055550023")
        await call.wait_answered()
        silent_s = await call.hears(NOTICE_HZ)
        assert silent_s > detection.initial_silence_ms / 1000, "he has so long to say something"
        attempt = await dialler.store.outcome("+13055550023")
        assert (attempt.outcome, attempt.heard, attempt.agent) == ("message_left", "machine", "")
        assert attempt.greeting_ended_at is None


@pytest.mark.parametrize(
    ("habit", "outcome"),
    [
        (rejects(486), "busy"),
        (rejects(603), "rejected"),
        (rejects(404), "invalid"),
        (rejects(484), "invalid"),
        (rejects(503), "congestion"),
        (rejects(500), "congestion"),
        (rings_on, "no_answer"),
    ],
    ids=["486", "603", "404", "484", "503", "500", "rings"],
)
async def test_what_becomes_of_calls_that_nobody_answers(
    dialler: Dialler, world: FarEnds, habit: Callable[[SipCall], None], outcome: str
) -> None:
    world.habits["+13055550031"] = habit
    async with dialler.agent("tom", "101"):
        dialler.leads("+13055550031")
        dialler.start()
        attempt = await dialler.store.outcome("+13055550031")
        assert attempt.outcome == outcome
        if outcome == "no_answer":
            assert attempt.ended_at
            assert attempt.placed_at
            assert 15 <= attempt.ended_at - attempt.placed_at < 18, "it rings as long as the law asks"
            assert attempt.rang_at


async def test_what_a_rule_forbids_does_not_ring(dialler: Dialler, world: FarEnds) -> None:
    dialler.store.refuses = {
        "+13055550041": Refusal.DO_NOT_CALL,
        "+13055550042": Refusal.NOT_NOW,
    }
    world.habits["+13055550043"] = human(0.2)
    async with dialler.agent("tom", "101"):
        dialler.leads("+13055550041", "+13055550042", "+13055550043")
        dialler.start()
        call = await world.call("+13055550043")
        await call.hears(AGENT_HZ)
        assert set(world.calls) == {"+13055550043"}
        assert dialler.placed == ["+13055550043"]
        assert dialler.center.floor.campaigns["spring"].refusals == {"do_not_call": 1, "not_now": 1}


async def test_an_agent_on_a_phone_that_rings_is_there_before_the_number_is_dialled(
    dialler: Dialler, world: FarEnds
) -> None:
    dialler.campaign = replace(CAMPAIGN, mode=Mode.PROGRESSIVE, detection=None)
    world.habits["+13055550051"] = human(0.5)
    async with dialler.agent("tom", "101", "ring") as phone:
        dialler.leads("+13055550051")
        dialler.start()
        own = await phone.wait_call()
        call = await world.call("+13055550051")
        assert own.state == "answered"
        await call.hears(AGENT_HZ)
        call.hang_up()
        await own.wait_ended()
        attempt = await dialler.store.outcome("+13055550051")
        assert (attempt.outcome, attempt.reserved, attempt.agent) == ("connected", True, "tom")


async def test_an_announcement_needs_no_agents(dialler: Dialler, world: FarEnds) -> None:
    dialler.campaign = replace(CAMPAIGN, mode=Mode.AGENTLESS, detection=None)
    world.habits["+13055550061"] = human(0.5)
    dialler.leads("+13055550061")
    dialler.start()
    call = await world.call("+13055550061")
    await call.wait_answered()
    await dialler.until(
        lambda: any(each.state == "waiting" for each in dialler.center.floor.calls.values())
    )  # its script is a queue here
    call.hang_up()
    assert (await dialler.store.outcome("+13055550061")).outcome == "announced"


async def test_a_crash_in_the_middle_dials_nobody_twice(dialler: Dialler, world: FarEnds) -> None:
    dialler.campaign = replace(CAMPAIGN, ratio=4.0)
    world.habits = {
        "+13055550071": human(0.3),
        "+13055550072": rings_on,
        "+13055550073": human(12.0),
        "+13055550074": rejects(486),
    }
    async with dialler.agent("tom", "101"):
        dialler.leads(*world.habits)
        dialler.start()
        talk = await world.call("+13055550071")
        await talk.hears(AGENT_HZ)
        await world.call("+13055550073")
        await dialler.store.outcome("+13055550074")
        await dialler.crash()
        await talk.hears(AGENT_HZ, within=1.0)
        await dialler.begin(again=True)
        await dialler.until(lambda: any(call.talks for call in dialler.center.floor.calls.values()))
        late = await dialler.store.outcome("+13055550073")
        assert late.outcome in ("dropped", "hung_up"), "nobody is signed in: the message, not silence"
        assert late.message_at
        assert (await dialler.store.outcome("+13055550072")).outcome == "no_answer"
        talk.hang_up()
        assert (await dialler.store.outcome("+13055550071")).outcome == "connected"
    assert sorted(dialler.placed) == sorted(world.habits)
    assert {number: len(calls) for number, calls in world.calls.items()} == dict.fromkeys(world.habits, 1)
