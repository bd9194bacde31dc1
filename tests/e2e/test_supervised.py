"""A supervisor at a call, told by ears: who hears whom in which mode, how fast, and when it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from contactcenter.phones.call import SipCall
from contactcenter.phones.phone import Phone, answer
from contactcenter.phones.tones import AUDIBLE
from tests.support.agent import Agent
from tests.support.center import Center
from tests.support.voices import AGENT_HZ, CALLER_HZ, COLLEAGUE_HZ, SUPERVISOR_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAINT = AUDIBLE - 6
"""Louder is none of our tones in the music on hold (`test_no_voice_is_in_the_music`); each has -10 itself."""
QUICK_S = 5.0
"""How long Asterisk may take to let a supervisor hear, by our server's own clock and on a busy machine; alone
it takes a tenth of a second."""


@dataclass
class Desk:
    """One talk, and a supervisor with a phone."""

    agent: Agent
    phone: Phone
    desk: SipCall
    """The agent's side."""
    caller: SipCall
    call: str
    interaction: str
    supervisor: Agent
    ear: Phone
    """The supervisor's phone."""

    async def monitor(self, mode: str) -> None:
        """Be at the call in this mode."""
        await self.supervisor.do("POST", f"/api/calls/{self.call}/monitor", {"mode": mode})

    async def leave(self) -> None:
        """Leave the call."""
        await self.supervisor.do("DELETE", f"/api/calls/{self.call}/monitor")

    async def listens(self, mode: str = "listen") -> SipCall:
        """The supervisor's side, once the supervisor hears the agent."""
        await self.monitor(mode)
        own = await self.ear.wait_call()
        await own.hears(AGENT_HZ)
        return own


@asynccontextmanager
async def talking(
    center: Center,
    caller: str,
    number: str = "4003",
    line: str = "ring",
    login: str = "agent2",
    phone: str = "102",
) -> AsyncIterator[Desk]:
    """A caller talks with an agent; supervisor1 sits by."""
    async with (
        center.phone(phone, habit=answer, tone=AGENT_HZ) as handset,
        center.phone("120", habit=answer, tone=SUPERVISOR_HZ) as ear,
        center.agent(login, phone, line=line) as agent,
        Agent.signed_in(center.url, "supervisor1", "correct-horse-battery") as supervisor,
        center.customer(caller) as customer,
    ):
        own = await handset.wait_call() if line == "persistent" else None
        if own:
            await agent.until_view(lambda view: view["line_up"], "on the line")
        await agent.go("available")
        call = customer.call(number)
        pop = await agent.pop()
        own = own or await handset.wait_call()
        call.audio.play_tone(CALLER_HZ)
        await call.hears(AGENT_HZ)
        await own.hears(CALLER_HZ)
        view = await agent.until("talking")
        yield Desk(agent, handset, own, call, view["call"], pop["interaction"], supervisor, ear)
        call.hang_up()
        await supervisor.until_free(login)


async def deaf(call: SipCall, hz: int) -> bool:
    """Whether nothing of a tone is in the next second that somebody hears."""
    heard = call.ear.reception.packets
    await call.watchers.until(lambda: call.ear.reception.packets >= heard + 50, 5.0, "another second")
    return call.ear.heard(hz, 1.0) < FAINT


async def acts(supervisor: Agent, call: str, last: str) -> list[tuple[str, str | None]]:
    """The audit log of a call, once this act is its last: acts with their modes, the oldest first."""
    rows = await supervisor.audit_until(last, kind="call", object=call)
    return [(row["act"], row["detail"].get("mode")) for row in rows]


async def test_each_mode_is_heard_by_those_it_is_for_and_switching_is_quick(center: Center) -> None:
    async with talking(center, "15400000021") as at:
        own = await at.listens()
        await own.hears(CALLER_HZ)
        assert await deaf(at.desk, SUPERVISOR_HZ), "the agent hears who listens"
        assert await deaf(at.caller, SUPERVISOR_HZ), "the caller hears who listens"

        await at.monitor("whisper")
        whisper_s = await at.desk.hears(SUPERVISOR_HZ)
        await own.hears(CALLER_HZ)
        await own.hears(AGENT_HZ)
        await at.desk.hears(CALLER_HZ)
        assert await deaf(at.caller, SUPERVISOR_HZ), "the caller hears a whisper"

        await at.monitor("barge")
        barge_s = await at.caller.hears(SUPERVISOR_HZ)
        await at.desk.hears(SUPERVISOR_HZ)
        await own.hears(CALLER_HZ)
        await at.caller.hears(AGENT_HZ)

        await at.monitor("listen")
        listen_s = await at.caller.loses(SUPERVISOR_HZ)
        await at.desk.loses(SUPERVISOR_HZ)
        await at.supervisor.until_monitors(["listening"])
        await own.hears(CALLER_HZ)
        times = {"whisper": whisper_s, "barge": barge_s, "listen": listen_s}
        print("\nuntil heard:", {name: round(value, 3) for name, value in times.items()})

        at.caller.hang_up()
        await own.wait_ended()
        await at.agent.until("available")
        kept = await acts(at.supervisor, at.call, "monitor_ended")
        assert kept == [
            ("monitor_asked", "listen"),
            ("monitor_began", "listen"),
            ("monitor_switched", "whisper"),
            ("monitor_switched", "barge"),
            ("monitor_switched", "listen"),
            ("monitor_ended", None),
        ]
    record = await center.interaction(at.interaction)
    told = [entry for entry in record["timeline"] if entry["kind"].startswith("monitor_")]
    assert [entry["kind"] for entry in told] == [act for act, _ in kept]
    assert told[1]["at"] - told[0]["at"] < QUICK_S


@pytest.mark.parametrize("mode", ["whisper", "barge"])
async def test_a_monitor_may_begin_in_any_mode(center: Center, mode: str) -> None:
    async with talking(center, "15400000022") as at:
        own = await at.listens(mode)
        await at.desk.hears(SUPERVISOR_HZ)
        if mode == "barge":
            await at.caller.hears(SUPERVISOR_HZ)
        else:
            assert await deaf(at.caller, SUPERVISOR_HZ)
        await at.leave()
        await own.wait_ended()
        await at.desk.loses(SUPERVISOR_HZ)
        await at.caller.hears(AGENT_HZ)


async def test_the_phones_own_keys_switch_nothing(center: Center) -> None:
    async with talking(center, "15400000023") as at:
        own = await at.listens()
        await own.audio.press("56")
        assert await deaf(at.desk, SUPERVISOR_HZ), "a key on the phone let the agent hear who listens"
        assert await deaf(at.caller, SUPERVISOR_HZ), "a key on the phone let the caller hear who listens"
        await own.hears(CALLER_HZ)


async def test_the_monitor_hears_its_call_and_not_another_of_the_same_phone(center: Center) -> None:
    """Two channels of phone 102 live at once, and their names begin alike."""
    async with (
        talking(center, "15400000024") as at,
        center.phone("104", habit=answer, tone=COLLEAGUE_HZ) as colleague,
    ):
        private = at.phone.call("104")
        await private.wait_answered()
        other = await colleague.wait_call()
        await other.hears(AGENT_HZ)
        own = await at.listens()
        await own.hears(CALLER_HZ)
        assert await deaf(own, COLLEAGUE_HZ), "the agent's other call is overheard"
        await at.monitor("whisper")
        await at.desk.hears(SUPERVISOR_HZ)
        assert await deaf(private, SUPERVISOR_HZ), "the whisper goes into the agent's other call"
        assert await deaf(other, SUPERVISOR_HZ)
        private.hang_up()
        await private.wait_ended()


async def test_a_monitor_ends_with_a_talk_on_a_line_that_stays(center: Center) -> None:
    async with talking(center, "15400000025", line="persistent") as at:
        own = await at.listens("whisper")
        await own.hears(CALLER_HZ)
        await at.desk.hears(SUPERVISOR_HZ)
        at.caller.hang_up()
        await own.wait_ended()
        await at.desk.loses(SUPERVISOR_HZ)
        assert at.desk.state == "answered"


async def test_the_caller_never_hears_a_whisper_when_the_agents_phone_drops_out(center: Center) -> None:
    async with talking(center, "15400000026") as at:
        own = await at.listens("whisper")
        await at.desk.hears(SUPERVISOR_HZ)
        at.desk.hang_up()
        await own.wait_ended()
        assert at.caller.ear.heard(SUPERVISOR_HZ, 2.0) < FAINT
        at.caller.hang_up()
    record = await center.interaction(at.interaction)
    (ended,) = [entry for entry in record["timeline"] if entry["kind"] == "monitor_ended"]
    assert ended["detail"]["reason"] == "talk_ended"


async def test_hold_and_a_phones_own_transfer_during_a_whisper(center: Center) -> None:
    """The caller hears no whisper on hold, nor with the next agent, whom the supervisor only hears."""
    async with (
        talking(center, "15400000027") as at,
        center.phone("104", habit=answer, tone=COLLEAGUE_HZ) as phone,
        center.agent("agent4", "104") as colleague,
    ):
        own = await at.listens("whisper")
        await at.desk.hears(SUPERVISOR_HZ)
        await at.desk.hold()
        assert await deaf(at.caller, SUPERVISOR_HZ)
        consult = at.phone.call("104")
        await consult.wait_answered()
        there = await phone.wait_call()
        await there.hears(AGENT_HZ)
        assert await deaf(there, SUPERVISOR_HZ), "the colleague hears a whisper that is for the first agent"
        await at.desk.transfer_to(consult)
        await at.caller.hears(COLLEAGUE_HZ)
        await colleague.until("talking")
        await own.hears(COLLEAGUE_HZ)
        assert at.caller.ear.heard(SUPERVISOR_HZ, 2.0) < FAINT
        assert await deaf(there, SUPERVISOR_HZ), "the next agent hears a stranger"
        at.caller.hang_up()
        await own.wait_ended()


async def test_nobody_listens_unseen_after_a_crash(center: Center) -> None:
    async with talking(center, "15400000028") as at:
        own = await at.listens()
        await center.kill()
        await own.hears(CALLER_HZ)
        await center.start_again()
        await own.wait_ended()
        await at.caller.hears(AGENT_HZ)


async def test_a_forced_pause_waits_for_the_end_of_the_call_and_a_message_is_shown_at_once(
    center: Center,
) -> None:
    async with talking(center, "15400000029") as at:
        text = {"text": "时间到了 <b>now</b>"}
        sent = await at.supervisor.do("POST", "/api/agents/agent2/message", text)
        (shown,) = (await at.agent.do("GET", "/api/messages"))["items"]
        assert (shown["id"], shown["text"]) == (sent["id"], text["text"])
        await at.agent.do("DELETE", f"/api/messages/{sent['id']}")
        wish = {"state": "paused", "reason": "training"}
        await at.supervisor.do("PUT", "/api/agents/agent2/state", wish)
        view = await at.agent.until_view(lambda view: view["afterwards"] == "paused", "to be paused")
        assert (view["state"], view["set_by"]) == ("talking", "Supervisor 1")
        at.caller.hang_up()
        view = await at.agent.until("paused", "training")
        assert view["set_by"] == "Supervisor 1"


async def test_agents_can_not_listen(center: Center) -> None:
    async with talking(center, "15400000030") as at:
        path = f"/api/calls/{at.call}/monitor"
        await at.agent.do("POST", path, {"mode": "listen"}, status=403)
        (row,) = await at.supervisor.audit_until("monitor_call", kind="call", object=at.call)
        assert (row["login"], row["granted"]) == ("agent2", False)


async def test_a_supervisor_takes_the_caller_over(center: Center) -> None:
    """The caller hears the supervisor and no longer the agent, who wraps up; the interaction moves along."""
    async with talking(center, "15400000031", number="4002", login="agent1", phone="101") as at:
        own = await at.listens()
        await at.supervisor.do("POST", f"/api/calls/{at.call}/take-over")
        await at.caller.hears(SUPERVISOR_HZ)
        await own.hears(CALLER_HZ)
        await at.caller.loses(AGENT_HZ)
        await at.desk.wait_ended()
        await at.agent.until("wrap_up")
        await at.agent.dispose(at.interaction)
        view = await at.supervisor.until("talking")
        assert view["call"] == at.call
        await at.caller.hears(SUPERVISOR_HZ)
        await at.supervisor.do("POST", f"/api/calls/{at.call}/hangup")
        await own.wait_ended()
        await at.caller.wait_ended()
    record = await center.interaction(at.interaction, final=False)
    assert record["agent"] == "supervisor1"
    told = [entry["kind"] for entry in record["timeline"]]
    assert told.index("take_over_asked") < told.index("taken_over") < told.index("parted")
    assert told.count("joined") == 2


async def test_a_whisper_stays_with_the_agent_through_hold_consult_and_transfer(center: Center) -> None:
    """The caller never hears it, nor does whoever is consulted; the next agent is only listened to."""
    async with (
        talking(center, "15400000032") as at,
        center.phone("105", habit=answer, tone=COLLEAGUE_HZ) as phone,
        center.agent("agent5", "105") as colleague,
    ):
        own = await at.listens("whisper")
        await at.desk.hears(SUPERVISOR_HZ)
        path = f"/api/calls/{at.call}"
        await colleague.go("available")
        await at.agent.do("POST", f"{path}/consult", {"to": {"agent": "agent5"}})
        there = await phone.wait_call()
        await there.hears(AGENT_HZ)
        await own.hears(COLLEAGUE_HZ)
        await at.desk.hears(SUPERVISOR_HZ)
        assert await deaf(at.caller, SUPERVISOR_HZ)
        assert await deaf(there, SUPERVISOR_HZ), "who is consulted hears a whisper"
        await at.agent.do("POST", f"{path}/consult/complete")
        await at.caller.hears(COLLEAGUE_HZ)
        await at.agent.until_view(lambda view: view["state"] != "talking", "out of the talk")
        await own.loses(AGENT_HZ)
        await own.hears(COLLEAGUE_HZ)
        await own.hears(CALLER_HZ)
        assert at.caller.ear.heard(SUPERVISOR_HZ, 2.0) < FAINT
        assert await deaf(there, SUPERVISOR_HZ), "the next agent hears a stranger"


async def test_who_barges_in_is_not_heard_by_a_caller_on_hold(center: Center) -> None:
    async with talking(center, "15400000033") as at:
        own = await at.listens("barge")
        await at.caller.hears(SUPERVISOR_HZ)
        await at.agent.do("POST", f"/api/calls/{at.call}/hold")
        await at.agent.until_held(True)
        await at.caller.loses(SUPERVISOR_HZ)
        assert await deaf(at.caller, SUPERVISOR_HZ)
        await own.hears(AGENT_HZ)
        await at.desk.hears(SUPERVISOR_HZ)
        await at.agent.do("POST", f"/api/calls/{at.call}/resume")
        await at.caller.hears(AGENT_HZ)
        assert await deaf(at.caller, SUPERVISOR_HZ), "back from hold, nobody expects a third voice"
