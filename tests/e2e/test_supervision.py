"""A supervisor at a call, told by ears: who hears whom in which mode, how fast, and when it ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from contactcenter.phones.call import SipCall
from contactcenter.phones.phone import Phone, answer
from contactcenter.phones.tones import SILENT
from tests.support.agent import Agent
from tests.support.center import Center
from tests.support.voices import AGENT_HZ, CALLER_HZ, SUPERVISOR_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK_S = 1.0
"""How long a start or a switch may take until it is heard."""


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
    center: Center, caller: str, number: str = "4003", line: str = "ring"
) -> AsyncIterator[Desk]:
    """A caller talks with agent2; supervisor1 sits by."""
    async with (
        center.phone("102", habit=answer, tone=AGENT_HZ) as phone,
        center.phone("120", habit=answer, tone=SUPERVISOR_HZ) as ear,
        center.agent("agent2", "102", line=line) as agent,
        Agent.signed_in(center.url, "supervisor1", "correct-horse-battery") as supervisor,
        center.customer(caller) as customer,
    ):
        own = await phone.wait_call() if line == "persistent" else None
        if own:
            await agent.until_view(lambda view: view["line_up"], "on the line")
        await agent.go("available")
        call = customer.call(number)
        pop = await agent.pop()
        own = own or await phone.wait_call()
        call.audio.play_tone(CALLER_HZ)
        await call.hears(AGENT_HZ)
        await own.hears(CALLER_HZ)
        view = await agent.until("talking")
        yield Desk(agent, phone, own, call, view["call"], pop["interaction"], supervisor, ear)
        call.hang_up()
        await agent.until_view(lambda view: view["state"] != "talking", "out of the talk")


async def timed(act: Callable[[], Awaitable[Any]]) -> float:
    """Seconds that something took."""
    began = time.monotonic()
    await act()
    return time.monotonic() - began


def deaf(call: SipCall, hz: int) -> bool:
    """Whether nothing of a tone was heard in the last second."""
    return call.ear.heard(hz, 1.0) < SILENT


async def test_each_mode_is_heard_by_those_it_is_for(center: Center) -> None:
    async with talking(center, "15400000021") as at:
        began = time.monotonic()
        own = await at.listens()
        assert time.monotonic() - began < QUICK_S
        await own.hears(CALLER_HZ)
        await asyncio.sleep(1.0)
        assert deaf(at.desk, SUPERVISOR_HZ), "the agent hears who listens"
        assert deaf(at.caller, SUPERVISOR_HZ), "the caller hears who listens"

        await at.monitor("whisper")
        whisper_s = await at.desk.hears(SUPERVISOR_HZ)
        await own.hears(CALLER_HZ)
        await own.hears(AGENT_HZ)
        await asyncio.sleep(1.0)
        assert deaf(at.caller, SUPERVISOR_HZ), "the caller hears a whisper"
        await at.desk.hears(CALLER_HZ)

        await at.monitor("barge")
        barge_s = await at.caller.hears(SUPERVISOR_HZ)
        await at.desk.hears(SUPERVISOR_HZ)
        await own.hears(CALLER_HZ)
        await at.caller.hears(AGENT_HZ)

        await at.monitor("listen")
        listen_s = await at.caller.loses(SUPERVISOR_HZ)
        await at.desk.loses(SUPERVISOR_HZ)
        await own.hears(CALLER_HZ)
        print(f"\nwhisper {whisper_s:.3f} s, barge {barge_s:.3f} s, listen {listen_s:.3f} s")
        assert max(whisper_s, barge_s, listen_s) < QUICK_S
        at.caller.hang_up()
        await own.wait_ended(within=2.0)
