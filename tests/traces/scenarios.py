"""Each way a call can go, played on the real Asterisk; `record.py` keeps what the center heard meanwhile.

A scenario is a coroutine over a running center. It ends when every record is final and every agent is signed
out.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contactcenter.phones.call import SipCall
from contactcenter.phones.phone import Habit, Phone, answer, busy, decline, ignore, ring
from contactcenter.phones.watch import Watchers
from tests.support.agent import Agent
from tests.support.campaigns import PLACES, day_and_night, make_campaign, make_list, verify_caller_id
from tests.support.center import PASSWORD, Center
from tests.support.dialler import GREETING, HELLO
from tests.support.ears import insists

SCRIPTS = Path(__file__).parents[1] / "e2e" / "scripts"
FAILING = "4011"
DIDS = f'{FAILING} = {{ script = "{SCRIPTS / "raises.py"}" }}'

Scenario = Callable[[Center], Awaitable[None]]
SCENARIOS: dict[str, Scenario] = {}


def scenario(play: Scenario) -> Scenario:
    """Add a scenario under its function's name."""
    SCENARIOS[play.__name__] = play
    return play


@dataclass
class Desk:
    """An agent with a SIP phone."""

    agent: Agent
    phone: Phone

    async def take(self) -> SipCall:
        """Answer the next call on the phone, and see the talk begin."""
        call = await self.phone.wait_call()
        if call.state == "ringing":
            call.answer()
        await self.agent.until("talking")
        return call

    async def wrap_up(self) -> None:
        """Choose the outcome and be available again."""
        view = await self.agent.until("wrap_up")
        await self.agent.dispose(view["interaction"])
        await self.agent.until_view(lambda view: view["state"] != "wrap_up", "out of the wrap-up")


@asynccontextmanager
async def desk(
    center: Center, login: str = "agent1", number: str = "101", habit: Habit = ring, *, line: str = "ring"
) -> AsyncIterator[Desk]:
    """An available agent; signed out at the end."""
    async with center.phone(number, habit) as phone, center.agent(login, number, line) as agent:
        if line == "persistent":
            await agent.until_view(lambda view: view["line_up"], "on the line")
        await agent.go("available")
        yield Desk(agent, phone)


@asynccontextmanager
async def caller(
    center: Center, number: str, *, name: str = "", who: str = "15400000001"
) -> AsyncIterator[SipCall]:
    """A call from the carrier that Asterisk has answered; hung up at the end if it still lives."""
    async with center.customer(who, name) as customer:
        call = customer.call(number)
        await call.wait_answered()
        yield call
        if call.state == "answered":
            call.hang_up()
        await call.wait_ended()


async def at_node(center: Center, node_after: str = "", who: str = "15400000001") -> str:
    """The caller's node in the script, once it is another one."""
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
        return await supervisor.node_of(who, node_after)


async def waiting_in(center: Center, queue: str) -> None:
    """One caller waits in the queue."""
    async with Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor:
        await supervisor.until_waiting(queue, 1)


async def press_through(center: Center, call: SipCall, keys: str) -> None:
    """Press one key a node."""
    node = ""
    for key in keys:
        node = await at_node(center, node)
        await call.audio.press(key)
    await at_node(center, node)


# --- answered ---


@scenario
async def answered_and_the_caller_hangs_up(center: Center) -> None:
    async with desk(center) as d:
        async with caller(center, "4002", name="王芳") as call:
            await d.take()
            call.hang_up()
        await d.wrap_up()


@scenario
async def answered_and_the_agent_hangs_up(center: Center) -> None:
    async with desk(center) as d, caller(center, "4002") as call:
        (await d.take()).hang_up()
        await d.wrap_up()
        await call.wait_ended()


@scenario
async def answered_and_the_page_hangs_up(center: Center) -> None:
    async with desk(center) as d, caller(center, "4002") as call:
        await d.take()
        await d.agent.do("POST", f"/api/calls/{d.agent.view['call']}/hangup", {})
        await d.wrap_up()
        await call.wait_ended()


@scenario
async def answered_at_once_without_ringing(center: Center) -> None:
    async with desk(center, habit=answer) as d:
        async with caller(center, "4002"):
            await d.take()
        await d.wrap_up()


@scenario
async def answered_though_the_page_acknowledges_nothing(center: Center) -> None:
    async with desk(center) as d:
        d.agent.acknowledge = False
        async with caller(center, "4002"):
            await d.take()
        await d.wrap_up()


@scenario
async def answered_after_the_menu_in_chinese(center: Center) -> None:
    async with desk(center, "agent2", "102") as d, caller(center, "4001") as call:
        await press_through(center, call, "11")
        await d.take()
        call.hang_up()
        await d.agent.until("available")


@scenario
async def answered_after_the_menu_in_english(center: Center) -> None:
    async with desk(center) as d:
        async with caller(center, "4001") as call:
            await press_through(center, call, "22")
            await d.take()
        await d.wrap_up()


@scenario
async def answered_on_hold_and_back(center: Center) -> None:
    async with desk(center) as d:
        async with caller(center, "4002"):
            talk = await d.take()
            await talk.hold()
            await d.agent.until_held(True)
            await talk.resume()
            await d.agent.until_held(False)
        await d.wrap_up()


@scenario
async def answered_and_a_break_wished_for_meanwhile(center: Center) -> None:
    async with desk(center) as d:
        async with caller(center, "4002"):
            await d.take()
            await d.agent.do("PUT", "/api/me/state", {"state": "paused", "reason": "lunch"})
        await d.wrap_up()
        await d.agent.until("paused", "lunch")


@scenario
async def answered_and_more_time_for_the_wrap_up(center: Center) -> None:
    async with desk(center) as d:
        async with caller(center, "4002"):
            await d.take()
        await d.agent.until("wrap_up")
        await d.agent.do("POST", "/api/me/more-time", {})
        await d.wrap_up()


@scenario
async def answered_and_signed_out_in_the_talk(center: Center) -> None:
    async with caller(center, "4003"):
        async with desk(center, "agent2", "102") as d:
            talk = await d.take()
        talk.hang_up()


@scenario
async def answered_by_a_phone_that_phones_in_itself(center: Center) -> None:
    async with desk(center) as d, center.phone("105") as colleague:
        call = colleague.call("4002")
        await call.wait_answered()
        await d.take()
        call.hang_up()
        await d.wrap_up()


# --- persistent line ---


@scenario
async def line_carries_two_callers(center: Center) -> None:
    async with desk(center, "agent2", "102", answer, line="persistent") as d:
        for who in ("15400000001", "15400000002"):
            async with caller(center, "4003", who=who):
                await d.agent.until("talking")
            await d.agent.until("available")


@scenario
async def line_and_the_page_hangs_up(center: Center) -> None:
    async with desk(center, "agent2", "102", answer, line="persistent") as d, caller(center, "4003") as call:
        await d.agent.until("talking")
        await d.agent.do("POST", f"/api/calls/{d.agent.view['call']}/hangup", {})
        await d.agent.until("available")
        await call.wait_ended()


@scenario
async def line_hung_up_in_the_talk(center: Center) -> None:
    async with desk(center, "agent2", "102", answer, line="persistent") as d, caller(center, "4003") as call:
        await d.agent.until("talking")
        d.phone.calls[0].hang_up()
        await call.wait_ended()


@scenario
async def line_lost_while_idle(center: Center) -> None:
    async with desk(center, "agent2", "102", answer, line="persistent") as d:
        d.phone.calls[0].hang_up()
        await d.agent.until("paused", "line_lost")


# --- call control ---


@asynccontextmanager
async def two_desks(center: Center) -> AsyncIterator[tuple[Desk, Desk, str, SipCall]]:
    """A talk of agent2 with a caller of 4003, and agent3 free: the two desks, the call, the caller's side."""
    async with desk(center, "agent2", "102", answer) as first:
        async with caller(center, "4003") as call:
            await first.take()
            async with desk(center, "agent3", "103", answer) as second:
                yield first, second, str(first.agent.view["call"]), call
        await first.agent.until_view(lambda view: not view["interaction"], "free")


async def consult(center: Center, desks: tuple[Desk, Desk], call: str) -> None:
    """The first asks the second."""
    await desks[0].agent.do("POST", f"/api/calls/{call}/consult", {"to": {"agent": "agent3"}, "note": "look"})
    await desks[0].agent.until_view(lambda view: view["consult"] == "talking", "consulting")


async def press(desk: Desk, call: str, button: str, consult: str, *, held: bool) -> None:
    """A button of call control, and what comes of it."""
    await desk.agent.do("POST", f"/api/calls/{call}/{button}", {})
    fits = {"consult": consult, "held": held}
    await desk.agent.until_view(lambda view: fits.items() <= view.items(), f"{button} done")


@scenario
async def held_and_resumed(center: Center) -> None:
    async with two_desks(center) as (first, _, call, _caller):
        await press(first, call, "hold", "", held=True)
        await press(first, call, "resume", "", held=False)


@scenario
async def held_and_the_caller_hangs_up(center: Center) -> None:
    async with two_desks(center) as (first, _, call, caller):
        await press(first, call, "hold", "", held=True)
        caller.hang_up()
        await first.agent.until_view(lambda view: not view["call"], "out of the talk")


@scenario
async def held_on_a_line_and_resumed(center: Center) -> None:
    async with desk(center, "agent2", "102", answer, line="persistent") as d:
        async with caller(center, "4003"):
            await d.agent.until("talking")
            call = str(d.agent.view["call"])
            await press(d, call, "hold", "", held=True)
            await press(d, call, "resume", "", held=False)
        await d.agent.until("available")


@scenario
async def consulted_toggled_conferred_and_dropped(center: Center) -> None:
    async with two_desks(center) as (first, second, call, _caller):
        await consult(center, (first, second), call)
        await press(first, call, "consult/toggle", "held", held=False)
        await press(first, call, "consult/toggle", "talking", held=True)
        await press(first, call, "consult/conference", "together", held=False)
        await press(first, call, "consult/drop", "", held=False)
        await second.agent.until("available")


@scenario
async def transferred_attended_by_the_page(center: Center) -> None:
    async with two_desks(center) as (first, second, call, _caller):
        await consult(center, (first, second), call)
        await first.agent.do("POST", f"/api/calls/{call}/consult/complete", {})
        await second.agent.until_view(
            lambda view: view["state"] == "talking" and not view["consult"], "with the caller"
        )


@scenario
async def transferred_blind_by_the_page(center: Center) -> None:
    async with two_desks(center) as (first, second, call, _caller):
        await first.agent.do("POST", f"/api/calls/{call}/transfer", {"to": {"agent": "agent3"}})
        await second.agent.until_view(
            lambda view: view["state"] == "talking" and not view["consult"], "with the caller"
        )


@scenario
async def transferred_to_a_queue_and_a_script(center: Center) -> None:
    async with two_desks(center) as (first, second, call, _caller):
        await first.agent.go("paused", "break")
        await first.agent.do("POST", f"/api/calls/{call}/transfer", {"to": {"queue": "sales"}})
        await second.agent.until("talking")
        await second.agent.do("POST", f"/api/calls/{call}/transfer", {"to": {"ivr": "4001"}})
        await second.agent.until("available")
        await at_node(center)


@scenario
async def transferred_to_nowhere(center: Center) -> None:
    async with two_desks(center) as (first, second, call, _caller):
        second.phone.habit = busy
        await first.agent.do("POST", f"/api/calls/{call}/transfer", {"to": {"agent": "agent3"}})
        await second.agent.until("paused", "busy")
        await first.agent.until_view(lambda view: not view["held"] and not view["consult"], "back")


# --- not answered ---


@scenario
async def abandoned_in_the_language_menu(center: Center) -> None:
    async with caller(center, "4001"):
        await at_node(center)


@scenario
async def abandoned_in_the_main_menu(center: Center) -> None:
    async with caller(center, "4001") as call:
        await press_through(center, call, "1")


@scenario
async def abandoned_while_waiting(center: Center) -> None:
    async with caller(center, "4002"):
        await waiting_in(center, "support")


@scenario
async def abandoned_while_ringing(center: Center) -> None:
    async with desk(center) as d:
        async with caller(center, "4002"):
            await d.phone.wait_call()
        await d.agent.until("available")


@scenario
async def abandoned_in_the_instant_of_the_answer(center: Center) -> None:
    async with desk(center) as d, caller(center, "4002") as call:
        ringing = await d.phone.wait_call()
        ringing.answer()
        call.hang_up()
        await call.wait_ended()
        await d.agent.until_view(lambda view: view["state"] in ("wrap_up", "available"), "free")
        if d.agent.view["state"] == "wrap_up":
            await d.wrap_up()


@scenario
async def no_answer_then_the_next_agent(center: Center) -> None:
    async with desk(center) as deaf, caller(center, "4002"):
        await deaf.phone.wait_call()
        async with desk(center, "agent4", "104", answer) as d:
            await deaf.agent.until("paused", "no_answer")
            await d.agent.until("talking")
            await d.agent.do("POST", f"/api/calls/{d.agent.view['call']}/hangup", {})
            await d.wrap_up()


async def _refused(center: Center, habit: Habit, reason: str) -> None:
    async with desk(center, "agent2", "102", habit) as d, caller(center, "4003"):
        await d.agent.until("paused", reason)


@scenario
async def refused_by_a_busy_phone(center: Center) -> None:
    await _refused(center, busy, "busy")


@scenario
async def refused_by_a_phone_that_declines(center: Center) -> None:
    async with desk(center, "agent2", "102", decline) as d, caller(center, "4003"):
        await d.agent.until("paused")


@scenario
async def refused_by_a_phone_that_is_dead(center: Center) -> None:
    await _refused(center, ignore, "no_answer")


@scenario
async def refused_by_a_phone_that_has_just_gone(center: Center) -> None:
    async with center.phone("102") as phone, center.agent("agent2", "102") as agent:
        await agent.go("available")
        async with caller(center, "4003"):
            await phone.wait_call()
            await phone.vanish()
            await agent.until("paused", "no_answer")


# --- races ---


@scenario
async def two_callers_for_one_agent(center: Center) -> None:
    async with (
        desk(center, "agent2", "102", answer) as d,
        caller(center, "4003", who="15400000001"),
        caller(center, "4003", who="15400000002"),
    ):
        first = (await d.agent.until("talking"))["call"]
        await d.agent.do("POST", f"/api/calls/{first}/hangup", {})
        await d.agent.until_view(
            lambda view: view["state"] == "talking" and view["call"] != first, "talking with the second"
        )


@scenario
async def one_caller_for_two_agents(center: Center) -> None:
    async with desk(center, "agent2", "102", answer) as first, desk(center, "agent5", "105", answer):
        async with caller(center, "4003"):
            await first.agent.until("talking")
        await first.agent.until("available")


@scenario
async def colleague_phones_while_the_agent_is_available(center: Center) -> None:
    async with desk(center, "agent2", "102", answer) as d, center.phone("105") as colleague:
        private = colleague.call("102")
        await private.wait_answered()
        async with caller(center, "4003"):
            await waiting_in(center, "sales")
            private.hang_up()
            await private.wait_ended()
            await d.agent.until("talking")
        await d.agent.until("available")


# --- transfers by the phones themselves ---


@scenario
async def transferred_by_refer_to_another_queue(center: Center) -> None:
    async with desk(center) as d, desk(center, "agent2", "102", answer) as other:
        async with caller(center, "4002"):
            talk = await d.take()
            await talk.transfer(center.uri("4003"))
            await d.wrap_up()
            await other.agent.until("talking")
        await other.agent.until("available")


@scenario
async def transferred_by_refer_to_a_colleague(center: Center) -> None:
    async with AsyncExitStack() as stack:
        d = await stack.enter_async_context(desk(center))
        colleague = await stack.enter_async_context(center.phone("110", answer))
        async with caller(center, "4002"):
            talk = await d.take()
            await talk.transfer(center.uri("110"))
            await d.wrap_up()
            await colleague.wait_call()


@scenario
async def transferred_after_asking_the_colleague(center: Center) -> None:
    async with desk(center) as d, desk(center, "agent4", "104", answer) as colleague:
        async with caller(center, "4002"):
            talk = await d.take()
            await talk.hold()
            asking = d.phone.call("104")
            await asking.wait_answered()
            await talk.transfer_to(asking)
            await d.wrap_up()
            await colleague.agent.until("talking")
        await colleague.wrap_up()


# --- supervised ---


@asynccontextmanager
async def supervised(center: Center, d: Desk) -> AsyncIterator[tuple[Agent, SipCall]]:
    """A supervisor listens to the desk's talk, on a phone of his own; it is over at the end."""
    async with (
        center.phone("120", answer) as phone,
        Agent.signed_in(center.url, "supervisor1", PASSWORD) as supervisor,
    ):
        await supervisor.do("POST", monitor(d), {"mode": "listen"})
        ear = await phone.wait_call()
        await supervisor.until_monitors(["listening"])
        yield supervisor, ear
        await ear.wait_ended()
        await supervisor.until_monitors([])


def monitor(d: Desk) -> str:
    """Where a supervisor is asked to the desk's talk."""
    return f"/api/calls/{d.agent.view['call']}/monitor"


@scenario
async def supervised_in_each_mode_until_the_caller_hangs_up(center: Center) -> None:
    async with desk(center) as d, caller(center, "4002") as call:
        await d.take()
        async with supervised(center, d) as (supervisor, _):
            for mode, state in (("whisper", "whispering"), ("barge", "barging"), ("listen", "listening")):
                await supervisor.do("POST", monitor(d), {"mode": mode})
                await supervisor.until_monitors([state])
            call.hang_up()
        await d.wrap_up()


@scenario
async def supervised_until_the_supervisor_leaves(center: Center) -> None:
    async with desk(center) as d:
        async with caller(center, "4002"):
            await d.take()
            async with supervised(center, d) as (supervisor, _):
                await supervisor.do("DELETE", monitor(d))
            async with supervised(center, d) as (_, ear):
                ear.hang_up()
        await d.wrap_up()


@scenario
async def supervised_and_transferred_by_phone(center: Center) -> None:
    async with desk(center) as d, desk(center, "agent4", "104") as colleague:
        async with caller(center, "4002"):
            talk = await d.take()
            await colleague.agent.go("paused", "meeting")
            colleague.phone.habit = answer
            async with supervised(center, d):
                asking = d.phone.call("104")
                await asking.wait_answered()
                await talk.transfer_to(asking)
                view = await colleague.agent.until("talking")
                await colleague.agent.do("POST", f"/api/calls/{view['call']}/hangup", {})
            await d.wrap_up()
        await colleague.wrap_up()


# --- served by the script ---


@scenario
async def served_by_the_account_menu(center: Center) -> None:
    async with caller(center, "4001") as call:
        await press_through(center, call, "13")


@scenario
async def callback_agreed(center: Center) -> None:
    async with caller(center, "4001") as call:
        await press_through(center, call, "19")
        await call.audio.press(",1")
        await call.wait_ended(30)


@scenario
async def unknown_number(center: Center) -> None:
    async with caller(center, "4999") as call:
        await call.wait_ended(30)


@scenario
async def script_failed_and_a_person_helps(center: Center) -> None:
    async with desk(center) as d:
        async with caller(center, FAILING):
            await d.take()
        await d.wrap_up()


# --- dialled for a campaign ---


@dataclass
class Dialled:
    """A campaign, and the far ends that it calls."""

    center: Center
    boss: Agent
    name: str
    calls: list[SipCall] = field(default_factory=list)
    """Those that came to the far ends, in order."""
    came: Watchers = field(default_factory=Watchers)

    async def start(self, far_end: Habit, many: int, **settings: Any) -> str:
        """Let a campaign dial so many numbers, which do all the same; returns its id."""
        day, _ = day_and_night()
        list_ = await make_list(self.boss, self.name)
        for n in range(many):
            # Numbers of another scenario were called today.
            number = f"{PLACES[day]}{100 * list(SCENARIOS).index(self.name) + n:05}"
            lead = {"list": list_, "name": f"Lead {n}", "numbers": [{"number": number}]}
            await self.boss.do("POST", "/api/leads", lead)
        campaign = await make_campaign(self.boss, self.name, list_, **settings)
        self._far_end = far_end
        await self.boss.do("POST", f"/api/campaigns/{campaign}/start", {})
        return campaign

    def comes(self, call: SipCall) -> None:
        """A call to a far end."""
        self.calls.append(call)
        self._far_end(call)
        self.came.check()

    async def call(self, n: int) -> SipCall:
        """The one that came as the n-th."""
        await self.came.until(lambda: len(self.calls) > n, 20, f"call {n}")
        return self.calls[n]


@asynccontextmanager
async def dialled(center: Center, name: str) -> AsyncIterator[Dialled]:
    """Somebody who makes campaigns; all of them are stopped at the end, when no call of theirs goes on."""
    async with Agent.signed_in(center.url, "admin", PASSWORD) as boss:
        await verify_caller_id(boss)
        made = Dialled(center, boss, name)
        async with center.carrier(made.comes):
            yield made
            for each in (await boss.do("GET", "/api/campaigns?state=running"))["items"]:
                await boss.do("POST", f"/api/campaigns/{each['id']}/stop", {})


def says_hello(call: SipCall) -> None:
    """Rings, answers, and says hello."""
    call.ring()

    def answers() -> None:
        call.answer()
        call.audio.play(HELLO)

    asyncio.get_running_loop().call_later(0.5, answers)


def greets_like_a_machine(call: SipCall) -> None:
    """Answers at once, with a long greeting."""
    call.answer()
    call.audio.play(GREETING)


@scenario
async def dialled_and_joined(center: Center) -> None:
    async with (
        desk(center, "agent2", "102", answer, line="persistent") as d,
        dialled(center, "dialled_and_joined") as campaign,
    ):
        await campaign.start(says_hello, 1, mode="power", ratio=1.0, detection={})
        await d.agent.until("talking")
        (await campaign.call(0)).hang_up()
        await d.agent.until("available")


@scenario
async def dialled_and_dropped_with_the_key(center: Center) -> None:
    async with (
        desk(center, "agent2", "102", answer, line="persistent") as d,
        dialled(center, "dialled_and_dropped_with_the_key") as campaign,
    ):
        await campaign.start(says_hello, 2, mode="power", ratio=2.0)
        calls = [await campaign.call(n) for n in range(2)]
        view = await d.agent.until("talking")
        interaction = await center.interaction(view["interaction"], final=False)
        talks, alone = sorted(calls, key=lambda call: f"+{call.called}" != interaction["caller"])
        await insists(alone, "9", alone.wait_ended(30))
        talks.hang_up()
        await d.agent.until("available")


@scenario
async def dialled_and_busy(center: Center) -> None:
    async with (
        desk(center, "agent2", "102", answer, line="persistent"),
        dialled(center, "dialled_and_busy") as campaign,
    ):
        await campaign.start(busy, 1, mode="power", ratio=1.0)
        await (await campaign.call(0)).wait_ended()


@scenario
async def dialled_and_a_machine_has_the_message(center: Center) -> None:
    async with (
        desk(center, "agent2", "102", answer, line="persistent"),
        dialled(center, "dialled_and_a_machine_has_the_message") as campaign,
    ):
        leaves = {"on_machine": "leave_message"}
        await campaign.start(
            greets_like_a_machine, 1, mode="power", ratio=1.0, detection=leaves, machine_message="Call us."
        )
        await (await campaign.call(0)).wait_ended(30)


@scenario
async def dialled_with_the_agent_first_on_a_phone_that_rings(center: Center) -> None:
    async with (
        desk(center, "agent2", "102", answer) as d,
        dialled(center, "dialled_with_the_agent_first_on_a_phone_that_rings") as campaign,
    ):
        await campaign.start(says_hello, 1, mode="progressive")
        await d.agent.until("talking")
        (await campaign.call(0)).hang_up()
        await d.agent.until("available")
