"""Who gets whom, on the real Asterisk: several phones and one winner, skills that widen, and why."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from contactcenter.phones.phone import answer, decline, ring
from tests.support.agent import Agent
from tests.support.center import PASSWORD, Center, running_center
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
widening = [{ after_s = 3, lower = { en = 5 } }, { after_s = 5, drop = ["en"] }]
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
[skills]
en = { zh = "英语", en = "English" }
zh = { zh = "中文", en = "Chinese" }
"""
DIDS = """
4041 = { queue = "all" }
4042 = { queue = "english" }
4043 = { queue = "patient" }
4044 = { queue = "plain" }
"""
SEATS = {"agent1": "101", "agent2": "102", "agent3": "103", "agent4": "104"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center() -> AsyncIterator[Center]:
    async with running_center(dids=DIDS, queues=QUEUES, numbers=("4041", "4042", "4043", "4044")) as running:
        async with Agent.signed_in(running.url, "supervisor1", PASSWORD) as supervisor:
            for login in SEATS:
                wanted = {"queues": ["all", "english"], "skills": {"en": None}}
                await supervisor.do("PATCH", f"/api/agents/{login}", wanted)
        yield running


async def test_several_phones_ring_two_answer_at_once_and_one_has_the_caller(center: Center) -> None:
    """Twenty times: whoever wins, one hears the caller, the others are free again, and no leg is left."""
    async with AsyncExitStack() as stack:
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
                winner = await one_talks(desks)
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


async def one_talks(desks: dict[str, Agent]) -> str:
    """The login of the one who talks."""
    waiting = {asyncio.create_task(desk.until("talking")): login for login, desk in desks.items()}
    done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    assert len(done) == 1
    return waiting[done.pop()]


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
    assert 3 <= decision["detail"]["waited_s"] < 5, "by the first step, on its moment"
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


async def test_twenty_callers_eight_agents_and_skills_that_change_meanwhile(center: Center) -> None:
    """Who got whom is asserted against the rule, told again from what the records say: whoever was served
    stood first, by score, among those whom the agent could take; and nobody's need was broken."""
    numbers = [f"154000002{n:02}" for n in range(20)]
    async with AsyncExitStack() as stack:
        boss = await stack.enter_async_context(Agent.signed_in(center.url, "supervisor1", PASSWORD))
        desks = {}
        for n in range(1, 9):
            login, phone = f"agent{n}", str(100 + n)
            skills = {"en": 7 if n % 2 else None}
            await boss.do("PATCH", f"/api/agents/{login}", {"queues": ["english", "plain"], "skills": skills})
            await stack.enter_async_context(center.phone(phone, habit=answer, tone=AGENT_HZ))
            desks[login] = await stack.enter_async_context(center.agent(login, phone))
        calls = []
        for n, number in enumerate(numbers):
            customer = await stack.enter_async_context(center.customer(number))
            calls.append(customer.call("4043" if n % 2 else "4044"))
            await calls[-1].wait_answered()
        await boss.until_waiting("patient", 10)
        await boss.until_waiting("plain", 10)
        last = await center.last_interaction(numbers[19], final=False, known="queued_at")
        (live,) = [
            each
            for each in (await boss.do("GET", "/api/calls?limit=100"))["items"]
            if each["interaction"] == last["id"]
        ]
        await boss.do("PATCH", f"/api/calls/{live['id']}", {"priority": 5})
        for n in (1, 3, 5, 7):
            await boss.do("PATCH", f"/api/agents/agent{n}", {"queues": ["patient", "plain"]})
        await boss.do("PATCH", "/api/agents/agent8", {"queues": ["patient", "plain"], "skills": {"en": 9}})
        for desk in desks.values():
            await desk.go("available")
        served: dict[str, dict[str, Any]] = {}
        while len(served) < 20:
            for number, call in zip(numbers, calls, strict=True):
                if number in served:
                    continue
                record = await center.last_interaction(number, final=False)
                if record["answered_at"] is not None:
                    served[number] = record
                    call.hang_up()
    records = [await center.last_interaction(number) for number in numbers]
    english = {"agent1", "agent3", "agent5", "agent7", "agent8"}
    for n, record in enumerate(records):
        assert record["outcome"] == "answered"
        if n % 2:
            assert record["agent"] in english, "the need holds"
    decided = sorted(((record["decisions"][0], record) for record in records), key=lambda pair: pair[0]["at"])
    score = {record["id"]: decision["detail"]["decision"]["score"] for decision, record in decided}
    for n, (decision, record) in enumerate(decided):
        for later, other in decided[n + 1 :]:
            both = other["queue"] == record["queue"] or record["agent"] in english
            waited_then = other["queued_at"] <= decision["at"]
            if both and waited_then and later["at"] > decision["at"]:
                assert score[record["id"]] <= score[other["id"]], "the next of the one order"
        assert decision["detail"]["rule"] == "least_flexible"
        assert "Given to" in decision["en"]
    assert decided[0][1]["id"] == last["id"], "moved forward by the supervisor"
    assert "supervisor +5" in decided[0][0]["en"]
    await center.quiet()
