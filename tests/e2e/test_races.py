"""Races on the real Asterisk: what else happens in the instant in which an agent answers.

`CONTACTCENTER_RACES` is how often each race is run; `make races` runs 200. After each one everybody is where
he was: no agent stuck, no leg left, one final record, and who did not talk has his idle time.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from contactcenter.crm.users import User
from contactcenter.phones.call import SipCall
from contactcenter.phones.phone import Habit
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center, running_center

REPETITIONS = int(os.environ.get("CONTACTCENTER_RACES", "12"))
ALONE = "CONTACTCENTER_RACES" in os.environ
"""`make races`: nothing else runs on the machine, and the figures below count."""
QUIET_S = 2.0 if ALONE else 20.0
"""By then nothing is left of a call that has ended, neither here nor in Asterisk."""
STOPS_S = 0.5 if ALONE else QUIET_S
"""By then no phone rings for a caller who has hung up."""

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(60 + 10 * REPETITIONS),
]

QUEUES = """
[queues.crowd]
title = { zh = "同振", en = "Everybody" }
strategy = "ring_several"
seats = 20
ring_s = 20
wrap_up_s = 0
[queues.one]
title = { zh = "单振", en = "One" }
ring_s = 20
wrap_up_s = 0
"""
DIDS = """
4051 = { queue = "crowd" }
4052 = { queue = "one" }
"""
RACERS = {f"racer{n:02}": str(100 + n) for n in range(1, 21)}
"""Agent -> phone."""
USERS = tuple(
    User(login=login, name=login.title(), role="agent", phone=phone, queues=("crowd", "one"))
    for login, phone in RACERS.items()
)
GAPS_S = (0.0, 0.001, -0.001, 0.003, -0.003, 0.008, -0.008, 0.02, -0.02, 0.05)
"""How long after the answer the caller hangs up: the window in which peers went wrong was 20 ms."""


@dataclass
class Crowd:
    """Twenty agents at their phones, and a supervisor who looks."""

    center: Center
    boss: Agent
    agents: dict[str, Agent] = field(default_factory=dict)
    rung: asyncio.Queue[tuple[str, SipCall]] = field(default_factory=asyncio.Queue)
    """Whose phone rings, in the order in which they do."""
    idle_since: dict[str, float] = field(default_factory=dict)
    """As the last decision said it, of whoever has not talked since."""
    numbers: Iterator[int] = field(default_factory=lambda: count(15500000000))

    def rings(self, login: str) -> Habit:
        """The phone rings, and this says so."""

        def habit(call: SipCall) -> None:
            call.ring()
            self.rung.put_nowait((login, call))

        return habit

    async def phones(self, number: int) -> dict[str, SipCall]:
        """Agent -> his side of the call, when so many phones ring."""
        async with asyncio.timeout(10):
            return dict([await self.rung.get() for _ in range(number)])

    async def channels(self) -> list[list[str]]:
        """What Asterisk has, a row of fields for each channel."""
        said = await self.center.asterisk.command("core show channels concise")
        return [line.split("!") for line in said.splitlines() if "!" in line]

    async def until_over(self, number: str) -> dict[str, Any]:
        """The one record of the caller, when everything is as it was before he came: within QUIET_S."""
        began, left = time.monotonic(), ["not looked yet"]
        while left:
            assert time.monotonic() - began < QUIET_S, left
            states = (await self.boss.do("GET", "/api/agents?limit=100"))["items"]
            left = [f"{each['login']} is {each['state']}" for each in states if each["state"] != "available"]
            left += [f"call {each['id']}" for each in (await self.boss.do("GET", "/api/calls"))["items"]]
            left += [f"channel {channel[0]}" for channel in await self.channels()]
        assert len(states) == len(RACERS)
        record = await self.boss.last_interaction(number)
        assert await self.boss.count_interactions(number) == 1
        assert self.rung.empty(), "a phone rang that should not"
        self._has_idle_times(record)
        return record

    def _has_idle_times(self, record: dict[str, Any]) -> None:
        """The decision found everybody idle since the moment at which he last had no more to do."""
        (decision,) = record["decisions"]
        for each in decision["detail"]["decision"]["candidates"]:
            since = decision["at"] - each["idle_s"]
            before = self.idle_since.setdefault(each["login"], since)
            assert since == pytest.approx(before, abs=0.002), f"{each['login']} lost the idle time"
        self.idle_since.pop(record["agent"], None)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crowd() -> AsyncIterator[Crowd]:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        center = await enter(running_center(dids=DIDS, queues=QUEUES, numbers=("4051", "4052"), users=USERS))
        crowd = Crowd(center, await enter(Agent.signed_in(center.url, "supervisor1", PASSWORD)))
        for login, phone in RACERS.items():
            telephone = center.phone(phone, habit=crowd.rings(login))
            telephone.agent.media = False
            await enter(telephone)
            crowd.agents[login] = await enter(center.agent(login, phone))
        for agent in crowd.agents.values():
            await agent.go("available")
        yield crowd


async def test_twenty_phones_ring_two_answer_within_a_millisecond_and_one_talks(crowd: Crowd) -> None:
    logins, turns, together = list(RACERS), count(), 0
    while together < REPETITIONS:
        turn = next(turns)
        number = str(next(crowd.numbers))
        async with crowd.center.customer(number, media=False) as customer:
            call = customer.call("4051")
            phones = await crowd.phones(20)
            assert {*phones} == {*RACERS}
            pair = [logins[turn % 20], logins[(turn + 1 + turn // 20) % 20]]
            for login in pair[:: 1 if turn % 2 else -1]:
                phones[login].answer()
            at = [phones[login].times.answered or 0.0 for login in pair]
            together += abs(at[0] - at[1]) < 0.001
            winner = await crowd.boss.agent_of(number)
            assert winner in pair
            losers = [login for login in RACERS if login != winner]
            await asyncio.gather(*(phones[login].wait_ended(QUIET_S) for login in losers))
            for login in losers:
                async with asyncio.timeout(QUIET_S):
                    told = await crowd.agents[login].taken.get()
                assert told["by"] == winner.title()
                await crowd.agents[login].until("available")
            assert phones[winner].state == call.state == "answered"
            assert crowd.agents[winner].taken.empty()
            channels = await crowd.channels()
            assert len(channels) == 2
            assert len({channel[12] for channel in channels} - {""}) == 1, "in one bridge"
            (phones[winner] if turn % 3 else call).hang_up()
            await call.wait_ended()
            await phones[winner].wait_ended()
            record = await crowd.until_over(number)
        assert (record["agent"], record["outcome"], record["offers"]) == (winner, "answered", 1)
        taken = {step["detail"]["agent"] for step in record["timeline"] if step["kind"] == "taken"}
        assert taken == {*losers}
    print(f"\n{next(turns)} times two of 20 phones answered, {together} of them within 1 ms")


@pytest.mark.parametrize(("did", "ringing"), [("4052", 1), ("4051", 20)], ids=["one", "crowd"])
async def test_the_caller_hangs_up_in_the_instant_of_the_answer(crowd: Crowd, did: str, ringing: int) -> None:
    outcomes: Counter[str] = Counter()
    for turn in range(REPETITIONS):
        number = str(next(crowd.numbers))
        async with crowd.center.customer(number, media=False) as customer:
            call = customer.call(did)
            phones = await crowd.phones(ringing)
            login = list(phones)[turn % ringing]
            gap = GAPS_S[turn % len(GAPS_S)]
            both: list[Callable[[], None]] = [phones[login].answer, call.hang_up]
            first, second = both if gap >= 0 else both[::-1]
            first()
            asyncio.get_running_loop().call_later(abs(gap), second)
            await call.wait_ended()
            await asyncio.gather(*(phone.wait_ended(QUIET_S) for phone in phones.values()))
            record = await crowd.until_over(number)
        assert record["outcome"] in ("answered", "abandoned")
        assert (record["agent"] or login) == login
        assert bool(record["agent"]) == (record["outcome"] == "answered")
        outcomes[record["outcome"]] += 1
        for agent in crowd.agents.values():  # of those who rang beside the one who answered
            while not agent.taken.empty():
                assert agent.taken.get_nowait()["by"] == login.title()
    print(f"\n{REPETITIONS} callers hung up in the instant of the answer: {dict(outcomes)}")


@pytest.mark.parametrize("what", ["break", "other queues"])
async def test_an_agent_is_wanted_elsewhere_in_the_instant_of_his_answer(crowd: Crowd, what: str) -> None:
    """A break that he asks for, or other queues from a supervisor: the talk that has begun goes on."""
    for turn in range(REPETITIONS):
        number = str(next(crowd.numbers))
        async with crowd.center.customer(number, media=False) as customer:
            call = customer.call("4051" if turn % 2 else "4052")
            phones = await crowd.phones(20 if turn % 2 else 1)
            login = list(phones)[turn % len(phones)]
            agent, path = crowd.agents[login], f"/api/agents/{login}"
            if what == "break":
                asked = asyncio.create_task(agent.go("paused", "break"))
            else:
                asked = asyncio.create_task(crowd.boss.do("PATCH", path, {"queues": []}))
            asyncio.get_running_loop().call_later(GAPS_S[turn % 10] + 0.02, phones[login].answer)
            await asked
            await agent.until("talking")
            call.hang_up()
            await call.wait_ended()
            if what == "break":
                await agent.until("paused", "break")
                await agent.go("available")
            else:
                await agent.until("available")
                await crowd.boss.do("PATCH", path, {"queues": ["crowd", "one"]})
            record = await crowd.until_over(number)
        assert (record["agent"], record["outcome"], record["offers"]) == (login, "answered", 1)
        for each in crowd.agents.values():
            while not each.taken.empty():
                assert each.taken.get_nowait()["by"] == login.title()


async def test_phones_stop_ringing_when_the_caller_hangs_up(crowd: Crowd) -> None:
    """FreeSWITCH #2529: the leg that nobody wanted any more rang on."""
    number = str(next(crowd.numbers))
    async with crowd.center.customer(number, media=False) as customer:
        call = customer.call("4051")
        phones = await crowd.phones(20)
        call.hang_up()
        began = time.monotonic()
        await asyncio.gather(*(phone.wait_ended(QUIET_S) for phone in phones.values()))
        took = max(phone.times.ended or 0.0 for phone in phones.values()) - began
        record = await crowd.until_over(number)
    assert took < STOPS_S
    assert (record["outcome"], record["agent"]) == ("abandoned", "")
