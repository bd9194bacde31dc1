"""Hold, consult, conference, transfers: who hears whom, by tones, and one record of it all."""

import pytest

from contactcenter.phones.phone import answer
from tests.support.center import Center
from tests.support.voices import AGENT_HZ, CALLER_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")

MUSIC = -45.0
"""Louder than this, and no voice of the story, is the music on hold."""


@pytest.mark.parametrize("line", ["ring", "persistent"])
async def test_the_held_caller_hears_music_and_then_the_agent_again(center: Center, line: str) -> None:
    async with (
        center.phone("102", habit=answer, tone=AGENT_HZ) as phone,
        center.agent("agent2", "102", line=line) as agent,
        center.customer("15400000051") as customer,
    ):
        if line == "persistent":
            await agent.until_view(lambda view: view["line_up"], "on the line")
        await agent.go("available")
        call = customer.call("4003")
        call.audio.play_tone(CALLER_HZ)
        own = await phone.wait_call()
        await call.hears(AGENT_HZ)
        view = await agent.until("talking")
        for _ in range(2):
            await agent.do("POST", f"/api/calls/{view['call']}/hold", {})
            await call.loses(AGENT_HZ)
            await own.loses(CALLER_HZ)
            await agent.until_held(True)
            assert call.ear.loudness(0.3) > MUSIC
            assert own.state == "answered"
            await agent.do("POST", f"/api/calls/{view['call']}/resume", {})
            await call.hears(AGENT_HZ)
            await own.hears(CALLER_HZ)
            await agent.until_held(False)
        call.hang_up()
        await agent.until("available")
        if line == "ring":
            await own.wait_ended()
        else:
            await own.loses(CALLER_HZ)
            assert own.state == "answered"
    record = await center.last_interaction("15400000051")
    told = [entry["kind"] for entry in record["timeline"]]
    assert [kind for kind in told if kind in ("held", "resumed_talk")] == ["held", "resumed_talk"] * 2
    assert record["outcome"] == "answered"


async def test_the_agent_hangs_up_his_phone_during_a_hold_and_another_gets_the_caller(center: Center) -> None:
    async with (
        center.phone("102", habit=answer, tone=AGENT_HZ) as phone,
        center.phone("103", habit=answer, tone=CALLER_HZ) as _,
        center.agent("agent2", "102") as agent,
        center.agent("agent3", "103") as other,
        center.customer("15400000052") as customer,
    ):
        await agent.go("available")
        call = customer.call("4003")
        own = await phone.wait_call()
        view = await agent.until("talking")
        await agent.do("POST", f"/api/calls/{view['call']}/hold", {})
        await agent.until_held(True)
        await agent.go("paused", "break")
        own.hang_up()
        await agent.until("paused", "break")
        await other.go("available")
        await call.hears(CALLER_HZ)
        call.hang_up()
        await other.until("available")
    record = await center.last_interaction("15400000052")
    returned = [
        entry["detail"] for entry in record["timeline"] if entry["detail"].get("reason") == "agent_gone"
    ]
    assert [(each["queue"], each["kept_place"]) for each in returned] == [("sales", True)]
    assert record["agent"] == "agent3"
