"""Calls: ours beside Asterisk's own app_queue and a plain Dial, on the same machine in the same run.

SIPp is the carrier and all agents' phones, which answer at once; no audio. 120 agents have an open page: a
program in this process that acknowledges each screen pop. SIPp, Asterisk, the server and this process share
the machine.

Every time ends by Asterisk's clock (the Timestamp of its event: the second leg enters the bridge); so does it
begin for app_queue and Dial. Ours begins by the server's clock, which is the same machine's. *Hand-off*: from
the choice of an agent (ours: the offer; app_queue: the caller joins the queue, agents being free; Dial: the
agent's leg begins) to the bridge. Ours is told in its three parts, too. *Full path*: from the caller's
arrival at the server (script, look-up, queue, choice, page, ring) to the bridge. Answer() itself waits 500 ms
for audio that SIPp does not send; it is in neither. CPU is all that the process used, user and system, from
the first call to the end of the last.
"""

import asyncio
import logging
import os
import sqlite3
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from contactcenter.ami.link import AmiLink
from contactcenter.ami.messages import Message
from contactcenter.ami.server import AmiServer
from contactcenter.ami.state import LinkState, Status
from contactcenter.app import App
from contactcenter.asterisk.configuration import AsteriskSettings
from contactcenter.asterisk.embedded import EmbeddedAsterisk
from contactcenter.config import load
from contactcenter.crm.users import User
from tests.support.agent import Agent
from tests.support.asterisk import AMI_SECRET, running_asterisk
from tests.support.center import AGI_KEY, CONFIG, ROOT, serve, shared_prompts

AGENTS = 120
PASSWORD = "bench-password-long"
SERIAL_CALLS, SECONDS, HOLD_MS = 30, 12, 1500
SIPP = Path(__file__).parent / "sipp"
PHONES = {str(1001 + n): f"secret-of-phone-{1001 + n}" for n in range(AGENTS)}
OURS, QUEUE, DIAL = "4002", "7001", "7002"

EXTENSIONS = """
[from-carrier](+)
exten => 7001,1,Answer()
 same => n,Queue(bench,t)
 same => n,Hangup()
exten => 7002,1,Answer()
 same => n,Dial(PJSIP/1001,20,g)
 same => n,Hangup()
"""
QUEUES = """
[general]
autofill = yes
[bench]
strategy = leastrecent
ringinuse = no
timeout = 20
wrapuptime = 0
"""
MANAGER = """
[bench]
secret = bench-secret
permit = 127.0.0.1/32
read = call,agent,system
write = reporting
writetimeout = 5000
"""


@dataclass
class Stamps:
    """What one caller's leg went through, in Asterisk's seconds."""

    joined_queue: float = 0.0
    agent_leg: float = 0.0
    bridged: float = 0.0


@dataclass
class Watch:
    """Folds manager events into the callers' stamps."""

    calls: dict[str, Stamps] = field(default_factory=dict)
    bridged: int = 0

    def take(self, event: Message) -> None:
        """One event."""
        at = float(event.get("Timestamp", "0"))
        leg, first = event.get("Uniqueid", ""), event.get("Linkedid", "")
        match event.event:
            case "QueueCallerJoin":
                self.calls.setdefault(leg, Stamps()).joined_queue = at
            case "Newchannel" if leg != first:
                self.calls.setdefault(first, Stamps()).agent_leg = at
            case "BridgeEnter" if event["BridgeNumChannels"] == "2":
                stamps = self.calls.setdefault(first, Stamps())
                if not stamps.bridged:
                    stamps.bridged = at
                    self.bridged += 1


def _cpu(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _sipp(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        "sipp", *arguments, "-nostdin", stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


async def _call(asterisk: EmbeddedAsterisk, number: str, calls: int, rate: float, hold_ms: int) -> int:
    """Place calls and wait for their end; SIPp's exit status."""
    sip = f"127.0.0.1:{asterisk.settings.sip_port}"
    process = await _sipp(
        sip, "-sf", str(SIPP / "caller.xml"), "-s", number, "-i", "127.0.0.2", "-m", str(calls),
        "-r", str(rate), "-l", "1000", "-d", str(hold_ms), "-timeout", f"{int(calls / rate + 30)}s",
        "-timeout_error", "-mp", "20000",
    )  # fmt: skip
    return await process.wait()


@asynccontextmanager
async def _phones(asterisk: EmbeddedAsterisk, folder: Path) -> AsyncIterator[None]:
    """All agents' phones, answering at once, registered."""
    port = 23000 + asterisk.settings.port_offset % 1000
    sip = f"127.0.0.1:{asterisk.settings.sip_port}"
    lines = [
        f"{number};[authentication username={number} password={secret}];127.0.0.4:{port}"
        for number, secret in PHONES.items()
    ]
    (folder / "phones.csv").write_text("SEQUENTIAL\n" + "\n".join(lines) + "\n")
    registering = await _sipp(
        sip, "-sf", str(SIPP / "register.xml"), "-inf", str(folder / "phones.csv"), "-i", "127.0.0.4",
        "-p", str(port), "-m", str(AGENTS), "-r", "40", "-timeout", "30s", "-timeout_error",
    )  # fmt: skip
    if await registering.wait():
        raise RuntimeError("the phones of the benchmark could not register")
    # Asterisk takes a phone for where its REGISTER came from: the same port answers from now on.
    answering = await _sipp(
        "-sf", str(SIPP / "agent.xml"), "-i", "127.0.0.4", "-p", str(port), "-mp", "26000", sip
    )
    try:
        yield
    finally:
        answering.terminate()
        await answering.wait()


async def _prepare(asterisk: EmbeddedAsterisk, folder: Path) -> Path:
    """The contrasts' dialplan and queue, our configuration and users; the configuration's path."""
    etc = asterisk.folders.etc
    with (etc / "extensions.conf").open("a") as file:
        file.write(EXTENSIONS)
    with (etc / "manager.conf").open("a") as file:
        file.write(MANAGER)
    (etc / "queues.conf").write_text(QUEUES + "".join(f"member => PJSIP/{number}\n" for number in PHONES))
    (etc / "queues.conf").chmod(0o644)
    for command in ("dialplan reload", "manager reload", "module load app_queue"):
        await asterisk.command(command)
    settings = asterisk.settings
    text = CONFIG.format(
        phones=", ".join(f'"{phone}"' for phone in PHONES), http=8080 + settings.port_offset,
        agi=settings.agi_port, key=AGI_KEY, ami=settings.ami_port, secret=AMI_SECRET,
        prompts=shared_prompts(), spool=asterisk.folders.recordings, scripts=ROOT / "dialplans" / "ivr",
        dids="", queues="", support="never", sales="never",
    )  # fmt: skip
    config = folder / "center.toml"
    config.write_text('log = "warning"\n' + text.replace("wrap_up_s = 30", "wrap_up_s = 0"))
    async with App(load(config), folder) as app:
        await app.users.create_many(
            (
                User(login=f"bench{phone}", name=phone, role="agent", phone=phone, queues=("support",)),
                PASSWORD,
            )
            for phone in PHONES
        )
    return config


@asynccontextmanager
async def _agents(url: str) -> AsyncIterator[None]:
    """All agents signed in on open pages, available."""
    async with AsyncExitStack() as stack:
        for phone in PHONES:
            agent = await stack.enter_async_context(Agent.signed_in(url, f"bench{phone}", PASSWORD))
            await agent.do("PUT", "/api/me/state", {"state": "available"})
        yield


@asynccontextmanager
async def _watching(asterisk: EmbeddedAsterisk) -> AsyncIterator[Watch]:
    """Everything that Asterisk says, as stamps."""
    watch, ready = Watch(), asyncio.Event()
    server = AmiServer(name="bench", username="bench", secret="bench-secret", port=asterisk.settings.ami_port)

    def changed(state: LinkState) -> None:
        if state.status is Status.READY:
            ready.set()

    link = AmiLink(server, watch.take, changed)
    link.connect()
    await ready.wait()
    try:
        yield watch
    finally:
        await link.close()


@dataclass(frozen=True)
class Run:
    """One batch of calls of one kind."""

    handoff_ms: tuple[float, float]
    path_ms: tuple[float, float]
    lost: int
    asterisk_ms: float
    """CPU of Asterisk per call."""
    python_ms: float
    """CPU of the server per call."""
    parts_ms: tuple[float, ...] = ()
    """Ours only, medians: choice to page, page to the agent's leg, the agent's leg to the bridge."""


async def _measure(center: "_Center", number: str, calls: int, rate: float, hold_ms: int) -> Run:
    asterisk = center.asterisk
    cpu = _cpu(asterisk.pid), _cpu(center.process.pid)
    began = center.clock()
    async with _watching(asterisk) as watch:
        if failed := await _call(asterisk, number, calls, rate, hold_ms):
            raise RuntimeError(f"SIPp ended with {failed}: some calls to {number} failed")
        await center.idle()
    spent = _cpu(asterisk.pid) - cpu[0], _cpu(center.process.pid) - cpu[1]
    complete = {leg: each for leg, each in watch.calls.items() if each.bridged}
    parts: tuple[float, ...] = ()
    if number == OURS:
        known = await center.offers(began)
        handoff = [each.bridged - known[leg].offered for leg, each in complete.items()]
        path = [each.bridged - known[leg].arrived for leg, each in complete.items()]
        steps = [
            (known[leg].offered, known[leg].popped, each.agent_leg, each.bridged)
            for leg, each in complete.items()
            if known[leg].popped
        ]
        parts = tuple(statistics.median(step[n + 1] - step[n] for step in steps) * 1000 for n in range(3))
    elif number == QUEUE:
        path = handoff = [each.bridged - each.joined_queue for each in complete.values()]
    else:
        path = handoff = [each.bridged - each.agent_leg for each in complete.values()]
    return Run(
        handoff_ms=_quantiles(handoff),
        path_ms=_quantiles(path),
        lost=calls - len(complete),
        asterisk_ms=spent[0] / calls * 1000,
        python_ms=spent[1] / calls * 1000,
        parts_ms=parts,
    )


@dataclass(frozen=True)
class Known:
    """What the server's records say of one call; `popped` is 0 when the page did not answer in time."""

    arrived: float
    offered: float
    popped: float


@dataclass
class _Center:
    asterisk: EmbeddedAsterisk
    process: asyncio.subprocess.Process
    store: Path
    supervisor: Agent

    def clock(self) -> float:
        return time.time()

    async def idle(self) -> None:
        """No call is left."""
        while (await self.supervisor.do("GET", "/api/calls"))["items"]:  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.05)

    async def offers(self, since: float) -> dict[str, Known]:
        """The caller's leg -> its times; read from the file, once the writer is done."""
        await asyncio.sleep(0.5)
        query = """
            SELECT leg, arrived_at, offered_at, coalesce(min(timeline.at), 0) FROM interactions
            LEFT JOIN timeline ON timeline.interaction_id = interactions.id AND timeline.kind = 'popped'
            WHERE arrived_at >= ? GROUP BY interactions.id
        """
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as db:
            return {leg: Known(*times) for leg, *times in db.execute(query, (since,))}


async def _bench(rates: tuple[int, ...]) -> list[tuple[str, float, str]]:
    base = AsteriskSettings(ami_secret=AMI_SECRET, agi_key=AGI_KEY, phones=PHONES, dids=(OURS,), bench=True)
    async with running_asterisk(base) as asterisk:
        folder = asterisk.prompts.parent.parent / "center"
        folder.mkdir()
        config = await _prepare(asterisk, folder)
        process = await serve((sys.executable, "-m", "contactcenter", "serve", "--config", str(config)))
        url = f"http://127.0.0.1:{8080 + asterisk.settings.port_offset}"
        try:
            async with (
                _phones(asterisk, folder),
                _agents(url),
                Agent.signed_in(url, f"bench{min(PHONES)}", PASSWORD) as supervisor,
            ):
                center = _Center(asterisk, process, folder / "center.db", supervisor)
                return await _table(center, rates)
        finally:
            process.terminate()
            await process.wait()


async def _table(center: _Center, rates: tuple[int, ...]) -> list[tuple[str, float, str]]:
    rows: list[tuple[str, float, str]] = []
    names = {DIAL: "plain Dial", QUEUE: "app_queue", OURS: "contactcenter"}
    await _measure(center, OURS, 50, 10, HOLD_MS)  # warm
    runs = {number: await _measure(center, number, SERIAL_CALLS, 3, HOLD_MS) for number in names}
    for number, name in names.items():
        rows += _rows(f"{name}, 3 calls/s", runs[number])
    rows += _ratios("3 calls/s", runs)
    for rate in rates:
        for number, name in names.items():
            runs[number] = await _measure(center, number, rate * SECONDS, rate, HOLD_MS)
            rows += _rows(f"{name}, {rate} calls/s", runs[number])
        rows += _ratios(f"{rate} calls/s", runs)
    return rows


def _ratios(when: str, runs: dict[str, Run]) -> list[tuple[str, float, str]]:
    ours, queue = runs[OURS], runs[QUEUE]
    return [
        (f"hand-off: contactcenter / app_queue, {when}", ours.handoff_ms[0] / queue.handoff_ms[0], "x"),
        (f"CPU: server / Asterisk, {when}", ours.python_ms / ours.asterisk_ms, "x"),
    ]


def _rows(name: str, run: Run) -> list[tuple[str, float, str]]:
    parts = ("choice to page acknowledged", "page to agent's leg", "agent's leg to bridged")
    return [
        (f"{name}: hand-off median", run.handoff_ms[0], "ms"),
        *((f"{name}: {part}, median", ms, "ms") for part, ms in zip(parts, run.parts_ms, strict=False)),
        (f"{name}: hand-off p95", run.handoff_ms[1], "ms"),
        (f"{name}: full path median", run.path_ms[0], "ms"),
        (f"{name}: full path p95", run.path_ms[1], "ms"),
        (f"{name}: callers who found no agent", run.lost, ""),
        (f"{name}: Asterisk's CPU per call", run.asterisk_ms, "ms"),
        (f"{name}: server's CPU per call", run.python_ms, "ms"),
    ]


def _quantiles(values: list[float]) -> tuple[float, float]:
    """Median and 95th percentile, in milliseconds."""
    ordered = sorted(values)
    return statistics.median(ordered) * 1000, ordered[int(len(ordered) * 0.95)] * 1000


def bench(rates: tuple[int, ...] = (20, 60)) -> list[tuple[str, float, str]]:
    """All figures as (name, value, unit); takes less than three minutes."""
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    return asyncio.run(_bench(rates))


if __name__ == "__main__":
    for name, value, unit in bench(tuple(int(each) for each in sys.argv[1:]) or (20, 60)):
        print(f"{name:58} {value:10.2f} {unit}")
