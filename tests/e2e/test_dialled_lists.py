"""Lists dialled to their end on the real Asterisk, through the store and the API, with a crash in the middle.

Ten agents on persistent lines, two campaigns (one listens for machines, one does not), and far ends that do
what the last digits of their numbers say. `CONTACTCENTER_LEADS` is how many leads there are; `make dialled`
takes 500. What every far end heard and counted is compared with what the store says of it.
"""

import asyncio
import os
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from contactcenter.crm.users import User
from contactcenter.dialer.attempts import version_of
from contactcenter.phones import tones
from contactcenter.phones.call import SipCall
from contactcenter.phones.phone import Phone, answer
from contactcenter.phones.watch import Watchers
from tests.support.agent import Agent
from tests.support.campaigns import (
    MESSAGE,
    PLACES,
    day_and_night,
    make_campaign,
    make_list,
    verify_caller_id,
)
from tests.support.center import PASSWORD, Center, running_center
from tests.support.dialler import GREETING, HELLO, NOTICE_HZ
from tests.support.voices import AGENT_HZ

LEADS = int(os.environ.get("CONTACTCENTER_LEADS", "60"))
ALONE = "CONTACTCENTER_LEADS" in os.environ
"""`make dialled`: nothing else runs on the machine, and the figures below count."""
WITHIN_S = 2.0 if ALONE else 4.0
"""From the end of the greeting, or from the answer where nobody listens for one, to the agent's voice."""
UNWRITTEN_S = 0.5 if ALONE else 2.0
"""What happened so shortly before the server was killed it may not have heard, or written down."""
LONGEST_S = 120 + 1.5 * LEADS

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(LONGEST_S + 60)]

TALK_S = 2.5
AGENTS = {f"dialler{n:02}": str(100 + n) for n in range(1, 11)}
"""Agent -> phone."""
USERS = tuple(User(login=login, name=login.title(), role="agent", queues=("sales",)) for login in AGENTS)
TRUNK = """
[trunks.carrier]
calls_per_s = 20
"""


@dataclass(frozen=True)
class Habit:
    """What a far end does."""

    does: str
    """human, machine, busy, rings, congestion or invalid."""
    after_s: float = 0.0
    """A human answers."""


HABITS = (
    *(Habit("human", after_s) for after_s in (2, 2, 3, 3, 4, 5, 6, 8, 12)),
    *(Habit("machine"),) * 3,
    *(Habit("busy"),) * 3,
    Habit("rings"), Habit("congestion"), Habit("invalid"), Habit("invalid"),
    Habit("human", 3),  # never heard of: the number is on the do-not-call list, or its clock forbids it
)  # fmt: skip
"""By the last two digits."""
SPARED = len(HABITS) - 1
CROWD = 99
"""The last two digits of those who are called first, answer all at once, and are more than the agents."""
IN_CROWD = 14
STATUSES = {"busy": 486, "congestion": 503, "invalid": 404}
OUTCOMES = {
    "machine": "machine", "busy": "busy", "rings": "no_answer", "congestion": "congestion",
    "invalid": "invalid",
}  # fmt: skip


@dataclass(eq=False)
class Person:
    """Somebody who has answered, and what he heard; moments are monotonic."""

    call: SipCall
    greeted_at: float = 0.0
    agent_at: float = 0.0
    message_at: float = 0.0
    key: str = ""
    """What he presses when he hears the message."""


class World:
    """All the far ends, and what they counted."""

    def __init__(self) -> None:
        self.calls: dict[str, list[SipCall]] = defaultdict(list)
        self.persons: dict[str, list[Person]] = defaultdict(list)
        self.changed = Watchers()
        self._living: set[asyncio.Task[None]] = set()

    def comes(self, call: SipCall) -> None:
        """A call comes in."""
        number = f"+{call.called}"
        self.calls[number].append(call)
        ending = int(number[-2:])
        habit = Habit("human", 2) if ending == CROWD else HABITS[ending]
        call.listeners.append(lambda _: self.changed.check())
        if habit.does in STATUSES:
            call.reject(STATUSES[habit.does])
        elif habit.does == "machine":
            call.answer()
            call.audio.play(GREETING)
        else:
            call.ring()
        if habit.does == "human":
            key = "9" if ending == CROWD and int(number[-3]) % 4 else ""
            living = asyncio.ensure_future(self._live(number, call, habit.after_s, key))
            self._living.add(living)
            living.add_done_callback(self._living.discard)
        self.changed.check()

    async def _live(self, number: str, call: SipCall, after_s: float, key: str) -> None:
        """Answer after a while, say hello, and talk or listen to what is said."""
        await asyncio.sleep(after_s)
        if call.state != "ringing":
            return
        call.answer()
        person = Person(call, key=key)
        self.persons[number].append(person)
        call.audio.play(HELLO)
        await asyncio.gather(
            self._greets(person),
            call.watchers.until(lambda: self._hears(person), 60, f"anything at {number}"),
        )
        self.changed.check()
        if person.agent_at:
            await asyncio.sleep(TALK_S)
            call.hang_up()
        elif person.message_at and person.key:
            await call.audio.press(person.key)
        await call.wait_ended(60)
        self.changed.check()

    @staticmethod
    async def _greets(person: Person) -> None:
        await person.call.audio.played(10)
        person.greeted_at = time.monotonic()

    @staticmethod
    def _hears(person: Person) -> bool:
        ear = person.call.ear
        if ear.heard(AGENT_HZ) > tones.AUDIBLE:
            person.agent_at = time.monotonic()
        elif ear.heard(NOTICE_HZ) > tones.AUDIBLE:
            person.message_at = time.monotonic()
        return bool(person.agent_at or person.message_at or ear.over)

    def everybody(self) -> Iterator[tuple[str, Person]]:
        """Each who has answered, with the number."""
        for number, persons in self.persons.items():
            for person in persons:
                yield number, person

    def somebody_was_dropped(self) -> bool:
        """Whether anybody has heard the message."""
        return any(person.message_at for _, person in self.everybody())

    def placed(self) -> int:
        """How many calls came in by now."""
        return sum(map(len, self.calls.values()))

    def in_the_middle(self, calls: int) -> bool:
        """So many calls were placed, somebody talks, and one who rings is about to answer."""
        rings = [
            each
            for number, calls_ in self.calls.items()
            for each in calls_
            if each.state == "ringing" and HABITS[int(number[-2:]) % len(HABITS)].does == "human"
        ]
        talks = [one for _, one in self.everybody() if one.agent_at and one.call.state == "answered"]
        return self.placed() >= calls and len(rings) >= 2 and len(talks) >= 2

    async def close(self) -> None:
        """Nobody is there any more. Raises what went wrong in somebody's life."""
        for living in tuple(self._living):
            living.cancel()
        await asyncio.gather(*self._living, return_exceptions=True)


@dataclass
class Floor:
    """The center, who works in it, and the world outside."""

    center: Center
    world: World
    phones: dict[str, Phone]
    by_day: str
    """How numbers begin where it is day …"""
    by_night: str
    night: str
    """… and where it is night, with its zone."""
    agents: dict[str, Agent] = field(default_factory=dict)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def floor() -> AsyncIterator[Floor]:
    day, night = day_and_night()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        speech = 'en = "tests.support.dialler:Drone"'
        center = await enter(running_center(queues=TRUNK, users=USERS, speech=speech))
        world = World()
        await enter(center.carrier(world.comes))
        stack.push_async_callback(world.close)
        phones = {
            login: await enter(center.phone(phone, habit=answer, tone=AGENT_HZ))
            for login, phone in AGENTS.items()
        }
        yield Floor(center, world, phones, PLACES[day], PLACES[night], night)


@dataclass
class Lists:
    """The two lists as files, and what is to become of each number."""

    greeted: list[str]
    """Rows of the list whose campaign listens for machines."""
    plain: list[str]
    blocked: list[str]
    """Numbers for the do-not-call list."""
    asleep: list[str]
    """Numbers that may not be rung now."""
    shared: list[str]
    """Numbers on both lists."""
    crowd: list[str]


def make_lists(floor: Floor) -> Lists:
    """So many leads as were asked for."""
    made = Lists([], [], [], [], [], [])
    for n in range(IN_CROWD):
        number = f"{floor.by_day}{900 + n:03}{CROWD}"
        made.crowd.append(number)
        made.plain.append(f"Crowd {n},{number},,9")
    for n in range(LEADS - IN_CROWD):
        block, ending = divmod(n, len(HABITS))
        machine = HABITS[ending].does == "machine"
        rows = made.plain if n % 3 == 2 and not machine else made.greeted
        number, zone = f"{floor.by_day}{block:03}{ending:02}", ""
        if ending == SPARED:
            match block % 3:
                case 0:
                    made.blocked.append(number)
                case 1:
                    number = f"{floor.by_night}{block:03}{ending:02}"
                    made.asleep.append(number)
                case 2:
                    zone = floor.night  # of the person's address
                    made.asleep.append(number)
        rows.append(f"Lead {n},{number},{zone},0")
        if ending == 0:
            made.shared.append(number)
            (made.greeted if rows is made.plain else made.plain).append(f"Again {n},{number},,0")
    return made


async def import_list(boss: Agent, name: str, rows: Sequence[str]) -> str:
    """A list of these rows, by its id."""
    list_ = await make_list(boss, name)
    content = "\n".join(["Name,Phone,Time zone,Priority", *rows]).encode()
    one = await boss.send(f"/api/lists/{list_}/imports?name={name}.csv", content)
    assert [each["target"] for each in one["columns"]] == ["name", "phone", "zone", "priority"]
    await boss.do("POST", f"/api/imports/{one['id']}/start", {})
    async with asyncio.timeout(30):
        while (one := await boss.do("GET", f"/api/imports/{one['id']}"))["state"] != "done":
            assert one["state"] == "running", one
            await asyncio.sleep(0.05)
    assert (one["created"], one["bad"]) == (len(rows), 0), one
    return list_


async def sign_in(floor: Floor, stack: AsyncExitStack) -> None:
    """All agents are at their pages, their lines stand, and they are available."""

    async def begin(login: str) -> None:
        agent = await stack.enter_async_context(Agent.signed_in(floor.center.url, login, PASSWORD))
        await agent.until_view(lambda view: view.get("state") in ("paused", "offline", "available"), "free")
        await agent.choose_phone(AGENTS[login], "persistent")
        await agent.until_view(lambda view: bool(view["line_up"]), "on the line")
        await agent.go("available")
        floor.agents[login] = agent

    for login in AGENTS:
        await begin(login)


async def everything(boss: Agent, path: str) -> list[dict[str, Any]]:
    """All items of a list of the API."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await boss.do("GET", f"{path}limit=200&cursor={cursor}")
        found += page["items"]
        if not (cursor := page["next"]):
            return found


async def until_dialled(boss: Agent, campaigns: Sequence[str]) -> None:
    """Both campaigns have nobody left to dial, and no call."""
    async with asyncio.timeout(LONGEST_S):
        while True:
            live = (await boss.do("GET", "/api/campaigns/live"))["items"]
            busy = [
                each["id"]
                for each in live
                if each["hopper"] + each["dialling"] + each["answered"] + each["talking"]
            ]
            leads = [await everything(boss, f"/api/leads?campaign={id_}&state=leased&") for id_ in campaigns]
            if not busy and not any(leads) and all(each["why"] == "no_leads" for each in live):
                return
            await asyncio.sleep(0.2)


async def test_lists_are_dialled_to_their_end_though_the_server_is_killed(floor: Floor) -> None:
    center, world, lists = floor.center, floor.world, make_lists(floor)
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        boss = await stack.enter_async_context(Agent.signed_in(center.url, "admin", PASSWORD))
        await verify_caller_id(boss)
        plain = await make_campaign(
            boss, "Plain", await import_list(boss, "plain", lists.plain), mode="power", ratio=2.0
        )
        greeted = await make_campaign(
            boss, "Greeted", await import_list(boss, "greeted", lists.greeted), mode="predictive",
            detection={},
        )  # fmt: skip
        for number in lists.blocked:  # an import would have left them out
            await boss.do("POST", "/api/do-not-call", {"number": number})
        await sign_in(floor, stack)
        await boss.do("POST", f"/api/campaigns/{plain}/start", {})
        await world.changed.until(world.somebody_was_dropped, 30, "a message for whom nobody is free")
        await boss.do("POST", f"/api/campaigns/{greeted}/start", {})
        middle = IN_CROWD + (LEADS - IN_CROWD) // 3
        await world.changed.until(lambda: world.in_the_middle(middle), LONGEST_S, "the middle")
        killed = time.time(), time.monotonic()
        await center.kill()
    await center.start_again()
    away_s = time.monotonic() - killed[1]
    async with AsyncExitStack() as stack:
        boss = await stack.enter_async_context(Agent.signed_in(center.url, "admin", PASSWORD))
        await sign_in(floor, stack)
        await until_dialled(boss, (plain, greeted))
        took_s = time.monotonic() - began
        book = await Book.read(boss, plain=plain, greeted=greeted, killed=killed)
    check_numbers(world, lists, book)
    check_outcomes(world, book)
    check_heard(world, book)
    check_spared(lists, book)
    print(f"\n{LEADS} leads in {took_s:.0f} s, the server was away for {away_s:.1f} s\n{book.figures(world)}")


# --- what is left of it ---


@dataclass
class Book:
    """All that the store says when it is over."""

    killed_at: float
    killed_mono: float
    """By the far ends' clock."""
    attempts: dict[str, list[dict[str, Any]]]
    """By number, the oldest first."""
    leads: dict[str, list[dict[str, Any]]]
    """By number."""
    counted: Counter[str]
    """Outcomes, as the campaigns counted them."""
    records: dict[str, dict[str, Any]]
    """Interactions of attempts, by their ids."""
    opted_out: set[str]
    """Numbers that are on the do-not-call list by a key."""
    greeted: str
    """The campaign that listens for machines."""

    @classmethod
    async def read(cls, boss: Agent, *, plain: str, greeted: str, killed: tuple[float, float]) -> "Book":
        """Ask the API for everything."""
        attempts: dict[str, list[dict[str, Any]]] = defaultdict(list)
        leads: dict[str, list[dict[str, Any]]] = defaultdict(list)
        counted: Counter[str] = Counter()
        for id_ in (plain, greeted):
            for each in await everything(boss, f"/api/campaigns/{id_}/attempts?"):
                attempts[each["number"]].insert(0, each)
            counted.update((await boss.do("GET", f"/api/campaigns/{id_}/figures"))["outcomes"])
        for list_ in (await boss.do("GET", "/api/lists"))["items"]:
            for lead in await everything(boss, f"/api/leads?list={list_['id']}&"):
                leads[lead["numbers"][0]["number"]].append(lead)
        known = {each["interaction"] for some in attempts.values() for each in some if each["interaction"]}
        records = {id_: await boss.interaction(id_, final=False) for id_ in known}
        entries = await everything(boss, "/api/do-not-call?source=key&")
        opted_out = {each["number"] for each in entries}
        return cls(*killed, attempts, leads, counted, records, opted_out, greeted)

    def every(self) -> list[dict[str, Any]]:
        """All attempts."""
        return [each for some in self.attempts.values() for each in some]

    def the_one(self, number: str) -> dict[str, Any]:
        """The attempt at the number that was placed."""
        (only,) = [each for each in self.attempts[number] if each["outcome"] != "refused"]
        return only

    def was_open(self, attempt: dict[str, Any]) -> bool:
        """Whether it was not over when the server was killed: nobody may know how it ended."""
        return bool(attempt["saved_at"] <= self.killed_at <= attempt["ended_at"])

    def came_back(self, attempt: dict[str, Any]) -> bool:
        """Whether the server was killed in the instant of his join: he waited until it was back."""
        record = self.records.get(attempt["interaction"], {"timeline": ()})
        return self.was_open(attempt) and any(step["kind"] == "resumed" for step in record["timeline"])

    def listened(self, number: str) -> bool:
        """Whether a detection listened to who answered there."""
        return bool(self.the_one(number)["campaign"] == self.greeted)

    def waited_s(self, number: str, person: Person, heard_at: float) -> float:
        """How long somebody heard nothing: since his greeting, or since the answer where nobody listened."""
        since = person.greeted_at if self.listened(number) else person.call.times.answered
        return heard_at - (since or 0.0)

    def figures(self, world: World) -> str:
        """What came out, for the notes."""
        lines = [f"outcomes {dict(sorted(self.counted.items()))}"]
        for name, listened in (("after the greeting", True), ("after the answer, not listened to", False)):
            waits = sorted(
                self.waited_s(number, person, person.agent_at)
                for number, person in world.everybody()
                if person.agent_at and self.listened(number) is listened
            )
            if waits:
                shown = [waits[round((len(waits) - 1) * share)] for share in (0.5, 0.95, 1.0)]
                says = ", ".join(f"{1000 * each:.0f}" for each in shown)
                lines.append(f"{len(waits)} heard the agent {name}: p50, p95, longest {says} ms")
        messages = [
            self.waited_s(number, person, person.message_at)
            for number, person in world.everybody()
            if person.message_at
        ]
        lines.append(f"{len(messages)} heard the message, after {max(messages, default=0.0):.2f} s at most")
        lost = sum(self.was_open(each) for each in self.every())
        lines.append(f"{lost} attempts were open when the server was killed")
        return "\n".join(lines)


def check_numbers(world: World, lists: Lists, book: Book) -> None:
    """No lead is lost, no number was rung twice, and nothing rang of which the store knows nothing."""
    assert set(world.calls) <= set(book.attempts)
    assert {number: len(calls) for number, calls in world.calls.items() if len(calls) > 1} == {}
    rows = [*lists.plain, *lists.greeted]
    assert Counter({number: len(leads) for number, leads in book.leads.items()}) == Counter(
        row.split(",")[1] for row in rows
    )
    for number, leads in book.leads.items():
        assert all(lead["state"] in ("closed", "due") for lead in leads), leads
        if number in (*lists.blocked, *lists.asleep):
            continue
        attempt = book.the_one(number)
        rang = len(world.calls.get(number, ()))
        assert rang == 1 or (attempt["outcome"] == "lost" and book.was_open(attempt)), (rang, attempt)
        assert len(leads) == (2 if number in lists.shared else 1)


def check_outcomes(world: World, book: Book) -> None:
    """Every attempt has one outcome, the right one, and was counted once."""
    every = book.every()
    assert len({each["id"] for each in every}) == len(every)
    assert all(each["state"] == "over" and each["outcome"] and each["ended_at"] for each in every)
    assert book.counted == Counter(each["outcome"] for each in every)
    for number in world.calls:
        attempt, ending = book.the_one(number), int(number[-2:])
        does = "human" if ending == CROWD else HABITS[ending].does
        may, open_ = {OUTCOMES.get(does, "")}, book.was_open(attempt)
        if does == "human":
            (person,) = world.persons[number] or [Person(world.calls[number][0])]
            assert person.greeted_at or attempt["outcome"] == "lost", f"{number} did not answer: {attempt}"
            may = {"connected"} if person.agent_at else {"dropped"}
            open_ = open_ and not 0 < person.agent_at < book.killed_mono - UNWRITTEN_S
        if open_:
            may |= {"lost", "hung_up"}
        if does == "machine" or (does == "human" and book.listened(number)):
            assert attempt["heard"] in ({"", does} if book.was_open(attempt) else {does}), attempt
        assert attempt["outcome"] in may, f"{does}, not in {may}, killed at {book.killed_at}: {attempt}"


def check_heard(world: World, book: Book) -> None:
    """Whoever answered heard an agent or the message in time, and the record says which."""
    for number, person in world.everybody():
        attempt, heard_at = book.the_one(number), person.agent_at or person.message_at
        assert heard_at, f"{number} heard nobody: {attempt}"
        in_time = book.waited_s(number, person, heard_at) <= WITHIN_S
        assert in_time or book.came_back(attempt), f"{number} waited too long: {attempt}"
        if attempt["outcome"] == "connected":
            assert attempt["agent"] in AGENTS, attempt
            record = book.records[attempt["interaction"]]
            assert (record["final"], record["outcome"]) == (True, "answered"), record
            assert record["caller"] == number
            since = attempt["greeting_ended_at"] or attempt["answered_at"]
            assert book.was_open(attempt) or attempt["joined_at"] - since <= WITHIN_S, attempt
        elif not book.was_open(attempt):
            assert (attempt["message"], attempt["joined_at"]) == (version_of("message", MESSAGE), None)
            assert attempt["message_at"]
            assert (number in book.opted_out) is bool(attempt["opted_out_at"]) is bool(person.key)
    assert book.opted_out, "nobody pressed the key"


def check_spared(lists: Lists, book: Book) -> None:
    """Who must not be called, or not now, was not; and why is written down."""
    for number in lists.blocked:
        ((lead,), (attempt,)) = book.leads[number], book.attempts[number]
        assert (attempt["outcome"], attempt["refusal"]) == ("refused", "do_not_call")
        assert (lead["state"], lead["why"]) == ("closed", "do_not_call")
    for number in lists.asleep:
        (lead,) = book.leads[number]
        assert lead["state"] == "due", "it waits for its hours"
        assert all(each["refusal"] == "not_now" for each in book.attempts.get(number, ()))
    for number in lists.shared:
        assert all(
            each["refusal"] in ("too_often", "ringing")
            for each in book.attempts[number]
            if each is not book.the_one(number)
        )
