"""Who gets whom, on the real Asterisk: several phones and one winner, skills that widen, and why."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from contactcenter.phones.phone import answer, decline, ring
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center, running_center
from tests.support.rule import Ability, Asks, Day, Desk
from tests.support.voices import AGENT_HZ

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUEUES = """
[queues.all]
title = { zh = "同振", en = "Everybody" }
strategy = "ring_several"
seats = 4
ring_s = 5
wrap_up_s = 0
without_agents = true
[queues.english]
title = { zh = "英语", en = "English" }
needs = { en = 6 }
widening = [{ after_s = 5, lower = { en = 5 } }, { after_s = 9, drop = ["en"] }]
wrap_up_s = 0
without_agents = true
[queues.patient]
title = { zh = "英语", en = "English, patient" }
needs = { en = 6 }
wrap_up_s = 0
without_agents = true
[queues.plain]
title = { zh = "普通", en = "Plain" }
wrap_up_s = 0
without_agents = true
[queues.urgent]
title = { zh = "紧急", en = "Urgent" }
priority = 2
wrap_up_s = 0
without_agents = true
"""
DIDS = """
4041 = { queue = "all" }
4042 = { queue = "english" }
4043 = { queue = "patient" }
4044 = { queue = "plain" }
4045 = { queue = "urgent" }
"""
SEATS = {"agent1": "101", "agent2": "102", "agent3": "103", "agent4": "104"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center() -> AsyncIterator[Center]:
    async with running_center(dids=DIDS, queues=QUEUES, numbers=("4041", *NUMBERS.values())) as running:
        async with Agent.signed_in(running.url, "supervisor1", PASSWORD) as supervisor:
            for login in SEATS:
                wanted = {"queues": ["all", "english"], "skills": {"en": None}}
                await supervisor.do("PATCH", f"/api/agents/{login}", wanted)
        yield running


async def test_several_phones_ring_two_answer_at_once_and_one_has_the_caller(center: Center) -> None:
    """Twenty times: whoever wins, one hears the caller, the others are free again, and no leg is left."""
    async with AsyncExitStack() as stack:
        supervisor = await stack.enter_async_context(Agent.signed_in(center.url, "supervisor1", PASSWORD))
        desks: dict[str, Agent] = {}
        phones = {}
        for login, number in SEATS.items():
            phone = center.phone(number, habit=ring, tone=AGENT_HZ)
            phones[login] = await stack.enter_async_context(phone)
            desks[login] = await stack.enter_async_context(center.agent(login, number))
            await desks[login].go("available")
        for turn in range(20):
            number = f"154000001{turn:02}"
            async with center.customer(number) as customer:
                call = customer.call("4041")
                rung = await asyncio.gather(*(phone.wait_call() for phone in phones.values()))
                rung[turn % 4].answer()
                rung[(turn + 1) % 4].answer()
                await call.hears(AGENT_HZ)
                winner = await supervisor.agent_of(number)
                others = [desk for login, desk in desks.items() if login != winner]
                await asyncio.gather(*(desk.until("available") for desk in others))
                call.hang_up()
                await asyncio.gather(*(desk.until("available") for desk in desks.values()))
            record = await center.last_interaction(number)
            assert (record["agent"], record["offers"]) == (winner, 1)
            assert record["decisions"][0]["detail"]["rule"] == "ring_several"
            taken = [step["detail"]["by"] for step in record["timeline"] if step["kind"] == "taken"]
            assert taken == [winner] * 3
    await center.quiet()


async def test_who_declines_is_paused_and_the_others_ring_on(center: Center) -> None:
    async with (
        center.phone("101", habit=decline),
        center.phone("102", habit=ring, tone=AGENT_HZ) as phone,
        center.agent("agent1", "101") as first,
        center.agent("agent2", "102") as second,
        center.customer("15400000151") as customer,
    ):
        await first.go("available")
        await second.go("available")
        call = customer.call("4041")
        rung = await phone.wait_call()
        async with asyncio.timeout(5):  # who declines in the instant of the answer is as free as the others
            while "PJSIP/101-" in await center.asterisk.command("core show channels concise"):
                pass
        rung.answer()
        await call.hears(AGENT_HZ)
        await first.until("paused", "busy")
        await second.until("talking")
        call.hang_up()
    await center.quiet()


async def test_the_needs_widen_while_the_caller_waits_and_the_record_says_so(center: Center) -> None:
    async with (
        Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor,
        center.phone("103", habit=answer, tone=AGENT_HZ),
        center.agent("agent3", "103") as agent,
        center.customer("15400000161") as customer,
    ):
        await supervisor.do("PATCH", "/api/agents/agent3", {"skills": {"en": 5}})
        await agent.go("available")
        call = customer.call("4042")
        waiting = await center.last_interaction("15400000161", final=False, known="queued_at")
        (live,) = (await supervisor.do("GET", "/api/calls?queue=english"))["items"]
        why = await supervisor.do("GET", f"/api/calls/{live['id']}/why")
        assert why["passed_over"] == [
            {"login": "agent3", "reason": "skill", "seconds": None, "detail": "en", "level": 6, "has": 5}
        ]
        assert "agent3: needs en 6, has 5." in why["en"]
        await agent.until("talking")
        await call.hears(AGENT_HZ)
        call.hang_up()
    record = await center.interaction(waiting["id"])
    (decision,) = record["decisions"]
    assert 5 <= decision["detail"]["waited_s"] < 9, "by the first step, on its moment"
    assert decision["detail"]["decision"]["widened"] == ["en 5", "en 6?"]
    assert "要求 en 6；放宽后为 en 5，en 6?" in decision["zh"]
    await center.quiet()


async def test_skills_that_are_given_while_callers_wait_count_at_once(center: Center) -> None:
    async with (
        Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor,
        center.phone("104", habit=answer, tone=AGENT_HZ),
        center.agent("agent4", "104") as agent,
        center.customer("15400000171") as customer,
    ):
        await agent.go("available")
        call = customer.call("4042")
        waiting = await center.last_interaction("15400000171", final=False, known="queued_at")
        await supervisor.do("PATCH", "/api/agents/agent4", {"skills": {"en": 6}})
        await agent.until("talking")
        await call.hears(AGENT_HZ)
        call.hang_up()
    record = await center.interaction(waiting["id"])
    assert record["decisions"][0]["detail"]["decision"]["widened"] is None, "before the first step"
    await center.quiet()


RULE = {
    "english": Asks(needs={"en": 6}, steps=((5, {"en": 5}), (9, {"en": 0}))),
    "patient": Asks(needs={"en": 6}),
    "plain": Asks(),
    "urgent": Asks(priority=2),
}
"""What the rule says of `QUEUES`, in the words of `tests/support/rule.py`."""
NUMBERS = {"english": "4042", "patient": "4043", "plain": "4044", "urgent": "4045"}
SKILLED = {
    "agent1": (["english", "plain"], 7),
    "agent2": (["plain"], None),
    "agent3": (["english"], 6),
    "agent4": (["plain", "urgent"], None),
    "agent5": (["english", "patient", "plain", "urgent"], 9),
    "agent6": (["english"], 4),
    "agent7": (["patient"], None),
    "agent8": (["plain"], None),
}
"""Agent -> queues, and the level of his English."""
EARLY = ["english", "patient", "plain", "urgent", "english", "patient", "plain"] * 2
LATE = ["plain", "english", "urgent", "english", "english", "english"]


async def test_twenty_callers_eight_agents_and_skills_that_change_meanwhile(center: Center) -> None:
    """Who got whom, when and why is what the rule says, told again from the records: `tests/support/rule.py`.

    Fourteen wait when the agents come; one of them is moved forward; agent7 learns English, agent8 and agent2
    change queues while they talk. Six come when all are free again, and the last of these only finds agents
    whom he gets by widening.
    """
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        boss = await enter(Agent.signed_in(center.url, "supervisor1", PASSWORD))
        desks, agents = {}, {}
        for n, (login, (queues, level)) in enumerate(SKILLED.items()):
            await boss.do("PATCH", f"/api/agents/{login}", {"queues": queues, "skills": {"en": level}})
            await enter(center.phone(str(101 + n), habit=answer))
            agents[login] = await enter(center.agent(login, str(101 + n)))
            desks[login] = Desk(login)

        async def learn(asked: float = 0.0) -> None:
            """What everybody can do from now on."""
            for view in (await boss.do("GET", "/api/agents?limit=100"))["items"]:
                able = Ability(asked, time.time(), frozenset(view["queues"]), view["skills"])
                desks[view["login"]].abilities.append(able)

        async def change(*ways: tuple[str, str, dict[str, Any]]) -> None:
            asked = time.time()
            for method, path, body in ways:
                await boss.do(method, path, body)
            await learn(asked)

        calls = {}

        async def phone_in(queue: str) -> str:
            number = f"154000002{len(calls):02}"
            customer = await enter(center.customer(number, media=False))
            calls[number] = customer.call(NUMBERS[queue])
            await boss.last_interaction(number, final=False, known="queued_at")
            return number

        async def answered(*numbers: str) -> None:
            for number in numbers:
                await boss.last_interaction(number, final=False, known="answered_at")

        async def live() -> dict[str, dict[str, Any]]:
            return {each["caller"]: each for each in (await boss.do("GET", "/api/calls?limit=100"))["items"]}

        await learn()
        early = [await phone_in(queue) for queue in EARLY]
        await boss.do("PATCH", f"/api/calls/{(await live())[early[-1]]['id']}", {"priority": 5})
        for login, agent in agents.items():
            asked = time.time()
            await agent.go("available")
            desks[login].ready = (asked, time.time())
        talking = [login for login in SKILLED if login != "agent7"]
        await asyncio.gather(*(agents[login].until("talking") for login in talking))
        await change(("PATCH", "/api/agents/agent7", {"skills": {"en": 8}}))
        await agents["agent7"].until("talking")
        await change(
            ("PATCH", "/api/agents/agent8", {"queues": ["patient", "urgent"], "skills": {"en": 6}}),
            (
                "POST",
                "/api/changes",
                {"agents": ["agent2"], "queues": {"english": True}, "skills": {"en": 5}},
            ),
        )
        left = {*early}
        while left:
            for number, call in (await live()).items():
                if number in left and call["state"] == "talking":
                    calls[number].hang_up()
                    left.discard(number)
        await asyncio.gather(*(agent.until("available") for agent in agents.values()))
        late = []
        for queue in LATE:
            late.append(await phone_in(queue))
            await answered(late[-1])
        for number in late:
            calls[number].hang_up()
        records = [await boss.last_interaction(number) for number in calls]
    Day(records, [*desks.values()], RULE).check()
    first = min(records, key=lambda record: record["decisions"][0]["at"])
    assert first["caller"] == early[-1], "moved forward by the supervisor"
    assert records[-1]["decisions"][0]["detail"]["decision"]["widened"], "by then only by widening"
    assert {record["agent"] for record in records} == {*SKILLED}
    await center.quiet()
