"""Recordings of a real Asterisk, heard by tones: who is on which channel, what a pause leaves out."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from contactcenter.phones.call import SipCall
from contactcenter.phones.customer import Customer
from contactcenter.phones.phone import Phone, answer, ring
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center, running_center
from tests.support.ears import insists
from tests.support.recorded import Recorded
from tests.support.voices import AGENT_HZ, CALLER_HZ, COLLEAGUE_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")

EDGE_S = 0.5
"""What lies so close to the beginning, the end or a pause may be either."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center() -> AsyncIterator[Center]:
    """A center whose queue `support` records, and whose queue `sales` announces it before."""
    async with running_center(recording=("always", "announce")) as running:
        yield running


async def kept(center: Center, interaction: str, parts: int = 1) -> list[dict[str, Any]]:
    """The interaction's recordings, once none is being picked up any more."""
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor, asyncio.timeout(15):
        while True:
            found = await supervisor.do("GET", f"/api/interactions/{interaction}")
            rows = found["recordings"]
            if len(rows) >= parts and all(row["state"] not in ("running", "ended") for row in rows):
                return list(rows)
            await asyncio.sleep(0.05)


async def heard(center: Center, recording: str) -> Recorded:
    """The audio, as a supervisor gets it."""
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
        return Recorded.of(await supervisor.fetch(f"/api/recordings/{recording}/audio"))


async def until_recording(agent: Agent, call: str, shown: str) -> None:
    """The page says that the talk is `on`, `paused` …"""
    async with asyncio.timeout(10):
        while True:
            page = await agent.do("GET", "/api/calls")
            if any(each["id"] == call and each["recording"] == shown for each in page["items"]):
                return
            await asyncio.sleep(0.02)


async def recorded_talk(
    agent: Agent, phone: Phone, customer: Customer
) -> tuple[SipCall, SipCall, dict[str, Any]]:
    """The caller and the agent hear each other, and it is recorded: their calls, and the agent's view."""
    await agent.go("available")
    call = customer.call("4002")
    await call.wait_answered()
    call.audio.play_tone(CALLER_HZ)
    own = await phone.wait_call()
    await call.hears(AGENT_HZ)
    view = await agent.until("talking")
    await until_recording(agent, view["call"], "on")
    return call, own, view


async def until_on_disk(supervisor: Agent, interaction: str) -> None:
    """The index knows of the pause."""
    async with asyncio.timeout(10):
        while True:
            page = await supervisor.do("GET", f"/api/recordings?interaction={interaction}")
            if any(row["silences"] for row in page["items"]):
                return
            await asyncio.sleep(0.02)


async def test_each_side_is_on_its_channel_and_a_pause_is_silent_on_both(center: Center) -> None:
    async with (
        center.phone("101", tone=AGENT_HZ) as phone,
        center.agent("agent1", "101") as agent,
        center.customer("15400000031") as customer,
    ):
        await agent.go("available")
        call = customer.call("4002")
        ringing = await phone.wait_call()
        await call.wait_answered()
        call.audio.play_tone(CALLER_HZ)
        await asyncio.sleep(1.0)  # music, which must not be in the recording
        ringing.answer()
        await call.hears(AGENT_HZ)
        view = await agent.until("talking")
        await until_recording(agent, view["call"], "on")
        await asyncio.sleep(2.0)
        await agent.do("POST", f"/api/calls/{view['call']}/record-pause")
        await until_recording(agent, view["call"], "paused")
        await asyncio.sleep(2.0)
        await agent.do("POST", f"/api/calls/{view['call']}/record-resume")
        await until_recording(agent, view["call"], "on")
        await asyncio.sleep(2.0)
        call.hang_up()
        await agent.until("wrap_up")
        await agent.dispose(view["interaction"])
    (row,) = await kept(center, view["interaction"])
    found = await center.interaction(view["interaction"])
    assert (row["state"], row["why"], row["agent"], row["queue"]) == ("kept", "", "agent1", "support")
    (pause,) = row["silences"]
    assert pause["by"] == "agent1"
    recorded = await heard(center, row["id"])
    assert recorded.seconds == pytest.approx(row["duration_s"], abs=0.01)
    assert recorded.seconds == pytest.approx(found["talked_s"], abs=EDGE_S), "no music, and all of the talk"
    begin, end = pause["begin_s"], pause["end_s"]
    for channel, own, other in (("caller", CALLER_HZ, AGENT_HZ), ("agent", AGENT_HZ, CALLER_HZ)):
        assert recorded.is_silent(channel, begin + EDGE_S, end - EDGE_S)
        for span in ((EDGE_S, begin - EDGE_S), (end + EDGE_S, recorded.seconds - EDGE_S)):
            assert recorded.hears(channel, own, *span) == 1.0
            assert recorded.hears(channel, other, *span) == 0.0
        ((silent_from, silent_until),) = recorded.silences(channel)
        assert silent_from == pytest.approx(begin, abs=EDGE_S)
        assert silent_until == pytest.approx(end, abs=EDGE_S)
    assert not list(center.asterisk.folders.recordings.iterdir())
    for sealed in (center.folder / "recordings").rglob("*.ccrec"):
        assert b"RIFF" not in sealed.read_bytes()


async def test_the_caller_is_told_before_and_neither_that_nor_music_is_recorded(center: Center) -> None:
    async with (
        center.phone("102", habit=answer, tone=AGENT_HZ) as _,
        center.agent("agent2", "102") as agent,
        center.customer("15400000032") as customer,
    ):
        await agent.go("available")
        call = customer.call("4003")
        await call.hears(AGENT_HZ, within=30)
        call.audio.play_tone(CALLER_HZ)
        view = await agent.until("talking")
        await asyncio.sleep(2.0)
        await agent.do("POST", f"/api/calls/{view['call']}/hangup")
        await call.wait_ended()
        await agent.until("available")
    (row,) = await kept(center, view["interaction"])
    assert row["state"] == "kept"
    found = await center.interaction(view["interaction"])
    kinds = [entry["kind"] for entry in found["timeline"]]
    assert kinds.index("recording_notice") < kinds.index("offered") < kinds.index("recorded")
    recorded = await heard(center, row["id"])
    assert recorded.seconds == pytest.approx(found["talked_s"], abs=EDGE_S)
    assert recorded.hears("agent", AGENT_HZ, EDGE_S, recorded.seconds - EDGE_S) == 1.0


async def test_a_caller_may_refuse_by_a_key_and_is_served(center: Center) -> None:
    async with (
        center.phone("102", habit=answer, tone=AGENT_HZ) as _,
        center.agent("agent2", "102") as agent,
        center.customer("15400000033") as customer,
    ):
        await agent.go("available")
        call = customer.call("4003")
        await call.wait_answered()
        await insists(call, "9", call.hears(AGENT_HZ, within=30))
        view = await agent.until("talking")
        await until_recording(agent, view["call"], "failed")
        refusal = await agent.do("POST", f"/api/calls/{view['call']}/record-pause", status=409)
        assert "not being recorded" in refusal["detail"]
        call.hang_up()
        await agent.until("available")
    (row,) = await kept(center, view["interaction"])
    assert (row["state"], row["why"], row["playable"]) == ("failed", "refused", False)
    assert not list(center.asterisk.folders.recordings.iterdir())


async def test_a_recording_outlives_a_crash_of_the_server_and_so_does_its_pause(center: Center) -> None:
    async with (
        center.phone("103", habit=answer, tone=AGENT_HZ) as _,
        center.customer("15400000034") as customer,
    ):
        async with center.agent("agent3", "103") as agent:
            await agent.go("available")
            call = customer.call("4002")
            await call.wait_answered()
            call.audio.play_tone(CALLER_HZ)
            view = await agent.until("talking")
            await asyncio.sleep(2.0)
            await agent.do("POST", f"/api/calls/{view['call']}/record-pause")
            async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
                await until_on_disk(supervisor, view["interaction"])
                await center.kill()
                await center.start_again()
                await until_recording(supervisor, view["call"], "paused")
                await until_recording(supervisor, view["call"], "on")  # by itself, after 5 s
        async with center.agent("agent3") as agent:
            await agent.until("talking")
            await asyncio.sleep(2.0)
            call.hang_up()
            await agent.until("wrap_up")
            await agent.dispose(view["interaction"])
    (row,) = await kept(center, view["interaction"])
    assert row["state"] == "kept"
    recorded = await heard(center, row["id"])
    ((begin, end),) = recorded.silences("caller")
    assert recorded.hears("caller", CALLER_HZ, EDGE_S, begin - EDGE_S) == 1.0
    assert recorded.hears("caller", CALLER_HZ, end + EDGE_S, recorded.seconds - EDGE_S) == 1.0
    assert recorded.hears("agent", AGENT_HZ, end + EDGE_S, recorded.seconds - EDGE_S) == 1.0


async def test_a_missed_offer_and_a_caller_who_gives_up_leave_nothing(center: Center) -> None:
    async with (
        center.phone("104") as phone,
        center.agent("agent4", "104") as agent,
        center.customer("15400000035") as customer,
    ):
        await agent.go("available")
        call = customer.call("4002")
        pop = await agent.pop()
        await phone.wait_call()
        await agent.until("paused", "no_answer")
        call.hang_up()
    found = await center.interaction(pop["interaction"])
    assert found["outcome"] == "abandoned"
    assert found["recordings"] == []
    async with asyncio.timeout(10):
        while list(center.asterisk.folders.recordings.iterdir()):
            await asyncio.sleep(0.05)


async def test_asterisk_can_not_write_and_the_call_goes_on(center: Center) -> None:
    spool = center.asterisk.folders.recordings
    spool.rename(spool.with_name("away"))
    spool.write_text("in the way")
    try:
        async with (
            center.phone("106", habit=answer, tone=AGENT_HZ) as _,
            center.agent("agent6", "106") as agent,
            center.customer("15400000036") as customer,
        ):
            await agent.go("available")
            call = customer.call("4002")
            await call.hears(AGENT_HZ)
            view = await agent.until("talking")
            call.hang_up()
            await agent.until("wrap_up")
            await agent.dispose(view["interaction"])
        (row,) = await kept(center, view["interaction"])
        assert (row["state"], row["playable"]) == ("failed", False)
        assert row["why"] in ("missing", "unreadable", "no_spool")
        metrics = (await scrape(center)).splitlines()
        assert f'contactcenter_recordings_failed_total{{why="{row["why"]}"}} 1.0' in metrics
    finally:
        spool.unlink()
        spool.with_name("away").rename(spool)


async def scrape(center: Center) -> str:
    """What Prometheus would get."""
    async with Agent.signed_in(center.url, "admin", PASSWORD) as admin:
        return (await admin.fetch("/metrics")).decode()


async def test_a_hold_leaves_one_recording_without_its_music(center: Center) -> None:
    async with (
        center.phone("101", habit=answer, tone=AGENT_HZ) as _,
        center.agent("agent1", "101") as agent,
        center.customer("15400000037") as customer,
    ):
        await agent.go("available")
        call = customer.call("4002")
        await call.wait_answered()
        call.audio.play_tone(CALLER_HZ)
        await call.hears(AGENT_HZ)
        view = await agent.until("talking")
        await asyncio.sleep(1.5)
        await agent.do("POST", f"/api/calls/{view['call']}/hold")
        await agent.until_held(True)
        await asyncio.sleep(3.0)
        await agent.do("POST", f"/api/calls/{view['call']}/resume")
        await agent.until_held(False)
        await call.hears(AGENT_HZ)
        await asyncio.sleep(1.5)
        call.hang_up()
        await agent.until("wrap_up")
        await agent.dispose(view["interaction"])
    (row,) = await kept(center, view["interaction"])
    assert (row["state"], row["why"]) == ("kept", "")
    recorded = await heard(center, row["id"])
    at = {entry["kind"]: entry["at"] for entry in (await center.interaction(view["interaction"]))["timeline"]}
    spoken_s = at["held"] - at["joined"] + at["parted"] - at["resumed_talk"]
    assert recorded.seconds == pytest.approx(spoken_s, abs=EDGE_S), "the 3 s of music are not in it"
    assert recorded.hears("caller", CALLER_HZ, EDGE_S, recorded.seconds - EDGE_S) > 0.8
    assert recorded.hears("agent", AGENT_HZ, EDGE_S, recorded.seconds - EDGE_S) > 0.8


async def test_an_attended_transfer_leaves_a_recording_of_each_agent(center: Center) -> None:
    async with (
        center.phone("101", habit=answer, tone=AGENT_HZ) as phone,
        center.phone("102", habit=answer, tone=COLLEAGUE_HZ) as desk,
        center.agent("agent1", "101") as agent,
        center.agent("agent2", "102") as colleague,
        center.customer("15400000038") as customer,
    ):
        call, own, view = await recorded_talk(agent, phone, customer)
        await asyncio.sleep(2.0)
        await colleague.go("available")
        await agent.do("POST", f"/api/calls/{view['call']}/consult", {"to": {"agent": "agent2"}})
        other = await desk.wait_call()
        await own.hears(COLLEAGUE_HZ)
        await asyncio.sleep(3.0)  # of which nothing may be recorded
        await agent.do("POST", f"/api/calls/{view['call']}/consult/complete", {})
        await call.hears(COLLEAGUE_HZ)
        await other.hears(CALLER_HZ)
        await own.wait_ended()
        await until_recording(colleague, view["call"], "on")
        await asyncio.sleep(2.0)
        await forced_pause(center, colleague, view["call"])
        await asyncio.sleep(2.0)
        other.hang_up()
        await call.wait_ended()
        await agent.dispose(view["interaction"])
        await colleague.until("wrap_up")
        await colleague.dispose(view["interaction"])
    rows = await kept(center, view["interaction"], 2)
    assert [(row["agent"], row["state"], row["why"]) for row in rows] == [
        ("agent1", "kept", ""),
        ("agent2", "kept", ""),
    ]
    told = (await center.interaction(view["interaction"]))["timeline"]
    (held_at,) = [entry["at"] for entry in told if entry["kind"] == "held"]
    begun, ended = ([each["at"] for each in told if each["kind"] == kind] for kind in ("joined", "parted"))
    spoken_s = [held_at - begun[0], ended[1] - begun[1]]
    for row, own_hz, other_hz in zip(rows, (AGENT_HZ, COLLEAGUE_HZ), (COLLEAGUE_HZ, AGENT_HZ), strict=True):
        recorded = await heard(center, row["id"])
        assert recorded.seconds == pytest.approx(spoken_s[rows.index(row)], abs=EDGE_S)
        pauses = [(span["begin_s"], span["end_s"]) for span in row["silences"]]
        edges = [0.0, *(edge for pause in pauses for edge in pause), recorded.seconds]
        for begin, end in zip(edges[0::2], edges[1::2], strict=True):
            span = (begin + EDGE_S, end - EDGE_S)
            assert recorded.hears("caller", CALLER_HZ, *span) > 0.8
            assert recorded.hears("agent", own_hz, *span) > 0.8
        assert recorded.hears("agent", other_hz, 0.0, recorded.seconds) == 0.0
        assert recorded.hears("caller", own_hz, 0.0, recorded.seconds) == 0.0
    (pause,) = rows[1]["silences"]
    assert pause["by"] == "supervisor1"
    assert not list(center.asterisk.folders.recordings.iterdir())


async def forced_pause(center: Center, agent: Agent, call: str) -> None:
    """A supervisor pauses the recording for a second."""
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
        await supervisor.do("POST", f"/api/calls/{call}/record-pause")
        await until_recording(agent, call, "paused")
        await asyncio.sleep(1.0)
        await supervisor.do("POST", f"/api/calls/{call}/record-resume")
        await until_recording(agent, call, "on")


def alone(recorded: Recorded, own_hz: int, begin: float, end: float, *others: int) -> None:
    """The span has the caller on the left and one voice on the right, and none of the others anywhere."""
    assert recorded.hears("caller", CALLER_HZ, begin, end) > 0.8
    assert recorded.hears("agent", own_hz, begin, end) > 0.8
    for other in others:
        assert recorded.hears("agent", other, begin, end) == 0.0
        assert recorded.hears("caller", other, begin, end) == 0.0


@pytest.mark.parametrize("attended", [True, False], ids=["attended", "blind"])
async def test_a_phone_that_passes_its_caller_on_leaves_each_agent_his_own_part(
    center: Center, attended: bool
) -> None:
    async with (
        center.phone("101", habit=answer, tone=AGENT_HZ) as phone,
        center.phone("102", habit=answer, tone=COLLEAGUE_HZ) as desk,
        center.agent("agent1", "101") as agent,
        center.agent("agent2", "102") as colleague,
        center.customer("15400000041") as customer,
    ):
        call, own, view = await recorded_talk(agent, phone, customer)
        await asyncio.sleep(2.0)
        await colleague.go("available")
        if attended:
            await own.hold()
            asking = phone.call("102")
            # Bridged: in the millisecond before that, Asterisk 22.10 takes the transfer for an early one and
            # then leaves the two in a bridge in which they hear nothing.
            await asking.hears(COLLEAGUE_HZ)
            await own.transfer_to(asking)
        else:
            await own.transfer(center.uri("102"))
        await desk.wait_call()
        await call.hears(COLLEAGUE_HZ)
        await colleague.until("talking")
        await until_recording(colleague, view["call"], "on")
        await asyncio.sleep(2.0)
        await colleague.do("POST", f"/api/calls/{view['call']}/record-pause")
        await until_recording(colleague, view["call"], "paused")
        await asyncio.sleep(1.0)
        await colleague.do("POST", f"/api/calls/{view['call']}/record-resume")
        await until_recording(colleague, view["call"], "on")
        await asyncio.sleep(5.0)  # long enough for a voice that is missing to be missed
        call.hang_up()
        await agent.dispose(view["interaction"])
        await colleague.until("wrap_up")
        await colleague.dispose(view["interaction"])
    rows = await kept(center, view["interaction"], 2)
    assert [row["agent"] for row in rows] == ["agent1", "agent2"]
    first, second = [await heard(center, row["id"]) for row in rows]
    assert rows[0]["state"] == "kept"
    alone(first, AGENT_HZ, EDGE_S, 2.0 - EDGE_S, COLLEAGUE_HZ)
    assert first.hears("agent", COLLEAGUE_HZ, 0.0, first.seconds - EDGE_S) == 0.0
    (pause,) = rows[1]["silences"]
    spans = ((EDGE_S, pause["begin_s"] - EDGE_S), (pause["end_s"] + EDGE_S, second.seconds - EDGE_S))
    lost = attended and told_as_lost(rows[1], second)
    for span in spans:
        assert second.hears("caller", CALLER_HZ, *span) > 0.8
        assert second.hears("agent", AGENT_HZ, *span) == 0.0
        assert lost or second.hears("agent", COLLEAGUE_HZ, *span) > 0.8
    silent_from, silent_until = max(second.silences("caller"), key=lambda span: span[1] - span[0])
    assert silent_from == pytest.approx(pause["begin_s"], abs=EDGE_S)
    assert silent_until == pytest.approx(pause["end_s"], abs=EDGE_S)
    assert not list(center.asterisk.folders.recordings.iterdir())


async def test_a_phone_passes_its_caller_on_before_its_other_call_is_bridged(center: Center) -> None:
    """Asterisk takes the caller out of his session then, as a hang-up would; talk and record go on."""
    async with (
        center.phone("101", habit=answer, tone=AGENT_HZ) as phone,
        center.phone("102", habit=ring, tone=COLLEAGUE_HZ) as desk,
        center.agent("agent1", "101") as agent,
        center.agent("agent2", "102") as colleague,
        center.customer("15400000043") as customer,
    ):
        call, own, view = await recorded_talk(agent, phone, customer)
        await asyncio.sleep(2.0)
        await colleague.go("available")
        await own.hold()
        asking = phone.call("102")
        theirs = await desk.wait_call()
        await asking.wait_ringing()
        await own.transfer_to(asking)
        await agent.until("wrap_up")
        theirs.answer()
        await call.hears(COLLEAGUE_HZ)
        await colleague.until("talking")
        await until_recording(colleague, view["call"], "on")
        await asyncio.sleep(6.0)  # long enough for a voice that is missing to be missed
        call.hang_up()
        await agent.dispose(view["interaction"])
        await colleague.until("wrap_up")
        await colleague.dispose(view["interaction"])
    record = await center.interaction(view["interaction"])
    assert [part["agent"] for part in record["parts"]] == ["agent1", "agent2"]
    rows = await kept(center, view["interaction"], 2)
    assert [row["agent"] for row in rows] == ["agent1", "agent2"]
    first, second = [await heard(center, row["id"]) for row in rows]
    alone(first, AGENT_HZ, EDGE_S, 2.0 - EDGE_S, COLLEAGUE_HZ)
    assert second.hears("caller", CALLER_HZ, EDGE_S, second.seconds - EDGE_S) > 0.8
    assert second.hears("agent", AGENT_HZ, EDGE_S, second.seconds) == 0.0
    if not told_as_lost(rows[1], second):
        assert second.hears("agent", COLLEAGUE_HZ, EDGE_S, second.seconds - EDGE_S) > 0.8


def told_as_lost(row: dict[str, Any], recorded: Recorded) -> bool:
    """Whether the other side is not there, and whether the row says so: in a talk that nobody of ours joined,
    Asterisk 22.10 leaves a voice out whose RTP has smaller numbers than the last one's."""
    lost = recorded.is_silent("agent", 1.0, recorded.seconds)
    assert (row["state"], row["why"]) == (("partial", "agent_silent") if lost else ("kept", ""))
    return lost


async def test_the_tail_of_a_conference_is_in_the_part_of_who_stayed(center: Center) -> None:
    async with (
        center.phone("101", habit=answer, tone=AGENT_HZ) as phone,
        center.phone("102", habit=answer, tone=COLLEAGUE_HZ) as desk,
        center.agent("agent1", "101") as agent,
        center.agent("agent2", "102") as colleague,
        center.customer("15400000042") as customer,
    ):
        call, own, view = await recorded_talk(agent, phone, customer)
        await asyncio.sleep(2.0)
        await colleague.go("available")
        await agent.do("POST", f"/api/calls/{view['call']}/consult", {"to": {"agent": "agent2"}})
        await desk.wait_call()
        await own.hears(COLLEAGUE_HZ)
        await agent.do("POST", f"/api/calls/{view['call']}/consult/conference", {})
        await call.hears(COLLEAGUE_HZ)
        await asyncio.sleep(2.0)
        own.hang_up()
        await agent.until("wrap_up")
        await colleague.until_view(lambda each: each["call"] == view["call"], "with the caller")
        await until_recording(colleague, view["call"], "on")
        await asyncio.sleep(5.5)  # long enough for a voice that is missing to be missed
        call.hang_up()
        await agent.dispose(view["interaction"])
        await colleague.until("wrap_up")
        await colleague.dispose(view["interaction"])
    rows = await kept(center, view["interaction"], 3)
    assert [row["agent"] for row in rows] == ["agent1", "agent2", "agent2"]
    assert [row["state"] for row in rows[:2]] == ["kept", "kept"]
    first, both, tail = [await heard(center, row["id"]) for row in rows]
    alone(first, AGENT_HZ, EDGE_S, 2.0 - EDGE_S, COLLEAGUE_HZ)
    for recorded in (first, both):
        # The hold before has cost some tenths, so the cut comes a little late.
        span = (recorded.seconds - 2.0 + EDGE_S, recorded.seconds - 1.0)
        assert recorded.hears("agent", AGENT_HZ, *span) > 0.8
        assert recorded.hears("agent", COLLEAGUE_HZ, *span) > 0.8
    span = (EDGE_S, tail.seconds - EDGE_S)
    assert tail.hears("caller", CALLER_HZ, *span) > 0.8
    assert tail.hears("agent", AGENT_HZ, *span) == 0.0, "not a moment of who was gone"
    assert told_as_lost(rows[2], tail) or tail.hears("agent", COLLEAGUE_HZ, *span) > 0.8
    assert not list(center.asterisk.folders.recordings.iterdir())


async def test_after_a_crash_in_a_hold_the_recording_is_whole_and_its_pause_in_its_place(
    center: Center,
) -> None:
    async with (
        center.phone("103", habit=answer, tone=AGENT_HZ) as phone,
        center.customer("15400000043") as customer,
    ):
        async with center.agent("agent3", "103") as agent:
            await agent.go("available")
            call = customer.call("4002")
            await call.wait_answered()
            call.audio.play_tone(CALLER_HZ)
            await phone.wait_call()
            view = await agent.until("talking")
            await asyncio.sleep(2.0)
            await agent.do("POST", f"/api/calls/{view['call']}/hold")
            await agent.until_held(True)
            await asyncio.sleep(3.0)  # of music, of which nothing is written
            await center.kill()
            await center.start_again()
        async with center.agent("agent3") as agent:
            await agent.until_held(True)
            await agent.do("POST", f"/api/calls/{view['call']}/resume")
            await agent.until_held(False)
            await until_recording(agent, view["call"], "on")
            await asyncio.sleep(1.5)
            await agent.do("POST", f"/api/calls/{view['call']}/record-pause")
            await until_recording(agent, view["call"], "paused")
            await asyncio.sleep(1.0)
            await agent.do("POST", f"/api/calls/{view['call']}/record-resume")
            await until_recording(agent, view["call"], "on")
            await asyncio.sleep(1.0)
            call.hang_up()
            await agent.until("wrap_up")
            await agent.dispose(view["interaction"])
    (row,) = await kept(center, view["interaction"])
    assert (row["state"], row["why"]) == ("kept", "")
    recorded = await heard(center, row["id"])
    (pause,) = row["silences"]
    silent_from, silent_until = max(recorded.silences("agent"), key=lambda span: span[1] - span[0])
    # Each way into a bridge and out of it costs some tenths; the music and the crash would be seconds.
    assert silent_from == pytest.approx(pause["begin_s"], abs=1.0)
    assert silent_until == pytest.approx(pause["end_s"], abs=1.0)
