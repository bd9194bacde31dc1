"""A center that dials on a real Asterisk, in this process: the real loop, edges and rules.

Its store is made of lists. What is told and what is done can be waited for by name.
"""

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from prometheus_client import CollectorRegistry

from contactcenter import commands as c
from contactcenter import events as e
from contactcenter.agi.prompts import Prompts
from contactcenter.agi.server import AgiServer, Route
from contactcenter.agi.texts import notice
from contactcenter.ami.server import AmiServer
from contactcenter.ami.servers import NEEDS, AsteriskServers
from contactcenter.app import TO_ASTERISK, TO_SCRIPTS
from contactcenter.asterisk.configuration import AsteriskSettings
from contactcenter.asterisk.embedded import EmbeddedAsterisk
from contactcenter.center import Center
from contactcenter.clock import Clock
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.campaigns import Campaign, CampaignKept
from contactcenter.dialer.leads import Lead, LeadNumber
from contactcenter.dialer.permission import Refusal
from contactcenter.loop import Loop
from contactcenter.phones import tones
from contactcenter.phones.agent import UserAgent
from contactcenter.phones.call import SipCall
from contactcenter.phones.phone import Phone, answer
from contactcenter.rules import Rules
from contactcenter.trunks import TrunkRules
from tests.core.world import queue
from tests.support.asterisk import AMI_SECRET, PHONES, open_folder, running_asterisk
from tests.support.voices import AGENT_HZ

T = TypeVar("T")

NOTICE_HZ = 2000
"""What the campaign's messages sound like."""
NOTICE_S = 3.0
LATELY = 25
"""So many events are shown when something did not come."""
RULES = Rules(
    queues=(queue("sales", wrap_up_s=0, without_agents=True),),
    dispositions=frozenset({"done"}),
    fallback_queue="sales",
    dids=frozenset({"4001", "4005"}),
    trunks={"carrier": TrunkRules(calls_per_s=20, channels=100)},
)


ANNOUNCEMENT = Path("tests/e2e/scripts/announcement.py")


class Drone:
    """A speech engine whose every text is a long tone."""

    name = "drone"

    async def speak(self, text: str, language: str) -> tuple[bytes, int]:
        """Two samples up, two down: 2,000 Hz."""
        return array("h", [4000, 4000, -4000, -4000] * int(NOTICE_S * 2000)).tobytes(), 8000

    def check(self) -> None:
        """It needs nothing."""


class Leads:
    """What stands for the store: it leases leads, allows attempts, and keeps all that it is told."""

    def __init__(self, tell: Callable[[e.Event], None], now: Callable[[], float]) -> None:
        self._tell, self._now = tell, now
        self.leads: list[Lead] = []
        self.refuses: dict[str, Refusal] = {}
        self.do_not_call: list[str] = []
        self.attempts: dict[str, AttemptRecord] = {}
        self.returned: list[str] = []
        self.changed = asyncio.Event()

    def carry(self, command: c.Command) -> None:
        """As the store does: never waits, answers by events."""
        match command:
            case c.ReserveLeads(campaign=campaign, many=many):
                given, self.leads = tuple(self.leads[:many]), self.leads[many:]
                self._tell(e.LeadsReserved(at=self._now(), campaign=campaign, leads=given))
            case c.ReturnLeads(leads=leads):
                self.returned += leads
            case c.SaveAttempt(record=record):
                going = [each.number for each in self.attempts.values() if not each.outcome]
                if refusal := self.refuses.get(record.number):
                    self._tell(e.AttemptRefused(at=self._now(), attempt=record.id, refusal=refusal))
                else:
                    assert record.id not in self.attempts
                    assert record.number not in going, "a number is dialled twice at once"
                    self.attempts[record.id] = record
                    self._tell(e.AttemptSaved(at=self._now(), attempt=record.id))
            case c.KeepAttempt(record=record):
                before = self.attempts.get(record.id)
                assert before is None or not before.outcome, "an attempt has one outcome"
                self.attempts[record.id] = record
            case c.SaveDoNotCall(number=number, attempt=attempt):
                self.do_not_call.append(number)
                self._tell(e.DoNotCallSaved(at=self._now(), call=attempt))
            case c.FindCustomer(call=call, method=method):
                self._tell(e.CustomerFound(at=self._now(), call=call, method=method, customers=()))
        self.changed.set()

    async def until(self, what: Callable[[], T | None], within: float = 30.0) -> T:
        """What is asked for, when it is there."""
        async with asyncio.timeout(within):
            while not (found := what()):
                self.changed.clear()
                await self.changed.wait()
        return found

    async def outcome(self, number: str, within: float = 30.0) -> AttemptRecord:
        """The attempt at a number, once it is over."""
        return await self.until(
            lambda: next(
                (each for each in self.attempts.values() if each.number == number and each.outcome), None
            ),
            within,
        )


class Dialler:
    """One center that dials. After `crash`, `begin` starts another on the same store."""

    def __init__(self, asterisk: EmbeddedAsterisk, folder: Path, campaign: Campaign) -> None:
        self.asterisk, self.folder, self.campaign = asterisk, folder, campaign
        self.placed: list[str] = []
        """Numbers, as they were placed, over all lives of the center."""
        self.heard: list[e.Event] = []
        self.clock = Clock()
        self.store = Leads(lambda event: self.loop.tell(event), self.clock.now)
        self.interactions: dict[str, c.SaveInteraction] = {}
        self._exit = AsyncExitStack()
        self.center: Center
        self.loop: Loop
        self._servers: AsteriskServers
        self._prompts: Prompts
        self._requests = 0

    async def begin(self, *, again: bool = False) -> None:
        """Go on air, and wait for Asterisk; `again` with what the last life left, told before Asterisk is
        asked for its legs, as the store does."""
        settings = self.asterisk.settings
        self.center = Center(RULES)
        self.loop = Loop(self.center, self.clock, CollectorRegistry())
        self.loop.heard.append(self._hear)
        scripts = AgiServer(
            tell=self.loop.tell,
            now=self.clock.now,
            dids={"4001": Route(queue="sales"), "4005": Route(script=ANNOUNCEMENT)},
            fallback_queue="sales",
            cache=self.folder,
            find_customer=_nobody,
            is_open=lambda name: True,
            engines=dict.fromkeys(("zh", "en"), "tests.support.dialler:Drone"),
            port=settings.agi_port,
            key=settings.agi_key,
        )
        self._servers = servers = AsteriskServers(
            (
                AmiServer(
                    name="cc",
                    username=settings.ami_user,
                    secret=AMI_SECRET,
                    port=settings.ami_port,
                    needs=NEEDS,
                ),
            ),
            self.loop.tell,
            self.clock.now,
            sound=scripts.sound_of,
        )

        def to_asterisk(command: c.Command) -> None:
            if isinstance(command, c.PlaceCall):
                assert command.leg in self.store.attempts, "saved before it is placed"
                self.placed.append(command.number)
            servers.carry(command)

        edges: dict[type[c.Command], Callable[[c.Command], None]] = dict.fromkeys(
            c.Command.__subclasses__(), self.store.carry
        )
        edges |= dict.fromkeys(TO_ASTERISK, to_asterisk) | dict.fromkeys(TO_SCRIPTS, scripts.carry)
        edges[c.SaveInteraction] = self._save
        edges.pop(c.Wake)
        edges.pop(c.Rest)
        self._prompts = scripts._prompts
        await scripts.start()
        self._exit.push_async_callback(scripts.close)
        self.loop.connect(edges)
        if again:
            self._go_on()
        await servers.start()
        self._exit.push_async_callback(servers.stop)
        await self.until(lambda: self.center.floor.servers.get("cc"))

    async def crash(self) -> None:
        """Everything of this process ends, without a word to anybody."""
        self.loop._stopped = True
        await self._exit.aclose()
        self._exit = AsyncExitStack()
        self.heard.clear()

    def _go_on(self) -> None:
        """What the store tells a center that begins."""
        at = self.clock.now()
        open_ones = tuple(each for each in self.store.attempts.values() if not each.outcome)
        records = tuple(each.record for each in self.interactions.values() if not each.record.final)
        self.loop.tell(
            e.CampaignsRestored(at=at, campaigns=(CampaignKept(campaign=self.campaign, state="running"),))
        )
        self.loop.tell(e.AttemptsRestored(at=at, records=open_ones))
        self.loop.tell(e.InteractionsRestored(at=at, records=records))

    async def is_about_to_join(self, leg: str) -> None:
        """What a session leaves on the leg right before the join: without us, the person is to wait."""
        alone = {"Variable": "CC_ALONE", "Value": ""}
        await self._servers._links["cc"].send({"Action": "Setvar", "Channel": leg} | alone)

    async def message_made(self) -> None:
        """Return when the campaign's message is a sound."""
        await self._prompts.path(notice(self.campaign.message))

    def _hear(self, event: e.Event) -> None:
        self.heard.append(event)
        asyncio.get_running_loop().call_soon(self.store.changed.set)

    def _save(self, command: c.Command) -> None:
        assert isinstance(command, c.SaveInteraction)
        self.interactions[command.record.id] = command
        self.store.changed.set()

    async def until(self, what: Callable[[], T | None], within: float = 30.0) -> T:
        """What is asked for, when it is there; a failure says what was heard last."""
        try:
            return await self.store.until(what, within)
        except TimeoutError:
            lately = "\n".join(map(str, self.heard[-LATELY:]))
            raise AssertionError(f"not within {within:g} s; heard last:\n{lately}") from None

    def request(self) -> str:
        """A fresh name for a request."""
        self._requests += 1
        return f"r{self._requests}"

    def leads(self, *numbers: str) -> None:
        """These are on the list."""
        self.store.leads += [
            Lead(id=f"lead-{number}", list="l1", name=number, numbers=(LeadNumber(number=number),))
            for number in numbers
        ]

    def start(self) -> None:
        """A supervisor starts the campaign."""
        self.loop.tell(
            e.CampaignAsked(
                at=self.clock.now(), login="sue", name="Sue", request=self.request(),
                kept=CampaignKept(campaign=self.campaign, state="draft"), step="start",
            )
        )  # fmt: skip

    @asynccontextmanager
    async def agent(self, login: str, phone: str, line: str = "persistent") -> AsyncIterator[Phone]:
        """An agent who is available, on a persistent line or a phone that is rung; he hums."""
        server = ("127.0.0.1", self.asterisk.settings.sip_port)
        async with Phone(phone, PHONES[phone], server=server, habit=answer, tone=AGENT_HZ) as own:
            await self.signs_in(login, phone, line)
            yield own

    async def signs_in(self, login: str, phone: str, line: str = "persistent") -> None:
        """The agent's session begins, and he is available."""
        tell, now = self.loop.tell, self.clock.now
        tell(e.AgentSignedIn(at=now(), login=login, name=login, queues=("sales",), phone=phone))
        tell(e.PhoneChosen(at=now(), login=login, phone=phone, line=line, request=self.request()))
        agents = self.center.floor.agents
        if line == "persistent":
            await self.until(lambda: login in agents and agents[login].line_up)
        else:
            # Asterisk tells of a phone that has just registered in its own time.
            await self.until(lambda: login in agents and agents[login].reachable)
        tell(e.StateAsked(at=now(), login=login, state="available", reason="", request=self.request()))
        await self.until(lambda: login in agents and agents[login].can_take_calls)


async def _nobody(*_: object) -> tuple[()]:
    return ()


@asynccontextmanager
async def dialling(campaign: Campaign) -> AsyncIterator[Dialler]:
    """An Asterisk and a center that dials; the campaign has not been started."""
    base = AsteriskSettings(ami_secret=AMI_SECRET, phones=PHONES, dids=("4001",), rescue_pause_s=0.5)
    async with running_asterisk(replace(base)) as asterisk:
        with open_folder() as folder:
            dialler = Dialler(asterisk, folder, campaign)
            try:
                await dialler.begin()
                yield dialler
            finally:
                await dialler.crash()


# --- far ends ---

GREETS_S = 0.5
"""How long a person says hello."""
HELLO = tones.tone(440, GREETS_S)
GREETING = tones.tone(440, 4.0)


class FarEnds:
    """The world outside: each number does what was agreed for it, and is remembered."""

    def __init__(self, asterisk: EmbeddedAsterisk) -> None:
        self.habits: dict[str, Callable[[SipCall], None]] = {}
        self.calls: dict[str, list[SipCall]] = {}
        self._came = asyncio.Event()
        self._agent = UserAgent("127.0.0.2", asterisk.settings.carrier_port, on_call=self._on_call)

    def _on_call(self, call: SipCall) -> None:
        number = f"+{call.called}"
        self.calls.setdefault(number, []).append(call)
        self.habits[number](call)
        self._came.set()

    async def call(self, number: str) -> SipCall:
        """The call to a number, when it comes."""
        async with asyncio.timeout(20):
            while number not in self.calls:
                self._came.clear()
                await self._came.wait()
        return self.calls[number][0]

    def close(self) -> None:
        """Nobody is there any more."""
        self._agent.close()


@asynccontextmanager
async def far_ends(dialler: Dialler) -> AsyncIterator[FarEnds]:
    """The world outside."""
    ends = FarEnds(dialler.asterisk)
    try:
        yield ends
    finally:
        ends.close()


def human(after_s: float, says: bytes = HELLO) -> Callable[[SipCall], None]:
    """Rings, answers after a while, and says hello."""

    def habit(call: SipCall) -> None:
        call.ring()

        def answers() -> None:
            if call.state == "ringing":
                call.answer()
                call.audio.play(says)

        asyncio.get_running_loop().call_later(after_s, answers)

    return habit


def machine(call: SipCall) -> None:
    """Answers at once with a long greeting."""
    call.answer()
    call.audio.play(GREETING)


def rejects(status: int) -> Callable[[SipCall], None]:
    """Refuses with a SIP status."""
    return lambda call: call.reject(status)


def rings_on(call: SipCall) -> None:
    """Nobody is at home."""
    call.ring()
