"""A whole center for a story: its own Asterisk, its own store, the server as a process of its own."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp

from contactcenter.app import App
from contactcenter.asterisk.configuration import AsteriskSettings
from contactcenter.asterisk.embedded import EmbeddedAsterisk
from contactcenter.config import load
from contactcenter.crm.users import User
from contactcenter.demo import accounts, data
from contactcenter.phones.agent import UserAgent
from contactcenter.phones.call import SipCall
from contactcenter.phones.customer import Customer
from contactcenter.phones.phone import Habit, Phone, ring
from tests.support.agent import Agent
from tests.support.asterisk import AMI_SECRET, PHONES, running_asterisk

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct-horse-battery"
READY_S = 40
AGI_KEY = "agi-key-of-the-tests"

CONFIG = """
zone = "Asia/Shanghai"
region = "CN"
phones = [{phones}]
[http]
port = {http}
[fastagi]
port = {agi}
key = "{key}"
[[asterisk]]
name = "cc"
port = {ami}
secret = "{secret}"
[store]
path = "center.db"
[speech]
cache = "{prompts}"
{speech}
[recordings]
spool = "{spool}"
auto_resume_s = 5
[ivr]
folder = "{scripts}"
fallback_queue = "support"
[dids]
4001 = {{ script = "hotline.py" }}
4002 = {{ queue = "support" }}
4003 = {{ queue = "sales" }}
{dids}
[skills]
en = {{ zh = "英语", en = "English" }}
zh = {{ zh = "中文", en = "Chinese" }}
[queues.support]
title = {{ zh = "服务支持", en = "Support" }}
ring_s = 3
wrap_up_s = 30
without_agents = true
recording = "{support}"
[queues.sales]
title = {{ zh = "销售咨询", en = "Sales" }}
ring_s = 3
wrap_up_s = 0
without_agents = true
recording = "{sales}"
{queues}
[transfers]
prefixes = ["1380"]
ring_s = 5
[dispositions]
solved = {{ zh = "已解决", en = "Solved" }}
follow_up = {{ zh = "需跟进", en = "Follow-up needed" }}
"""


@dataclass
class Center:
    """A running center, as its users reach it."""

    asterisk: EmbeddedAsterisk
    folder: Path
    process: asyncio.subprocess.Process
    arguments: tuple[str, ...]
    agents: list[Agent] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{8080 + self.asterisk.settings.port_offset}"

    @property
    def sip(self) -> tuple[str, int]:
        """Where phones register and the carrier sends its calls."""
        return "127.0.0.1", self.asterisk.settings.sip_port

    def uri(self, number: str) -> str:
        """A number as a phone's REFER names it."""
        host, port = self.sip
        return f"sip:{number}@{host}:{port}"

    def phone(self, number: str, habit: Habit = ring, tone: int | None = None) -> Phone:
        """A SIP phone of an agent; register it by `async with`."""
        return Phone(number, PHONES[number], server=self.sip, habit=habit, tone=tone)

    def customer(self, number: str = "15400000001", name: str = "", *, media: bool = True) -> Customer:
        """Somebody who phones in from the carrier's side."""
        return Customer(number, name, server=self.sip, media=media)

    @asynccontextmanager
    async def carrier(self, habit: Callable[[SipCall], None]) -> AsyncIterator[None]:
        """The world outside, which takes our calls and does with them what it wants."""
        far_side = UserAgent("127.0.0.2", self.asterisk.settings.carrier_port, on_call=habit)
        try:
            yield
        finally:
            far_side.close()

    @asynccontextmanager
    async def agent(self, login: str, phone: str = "", line: str = "ring") -> AsyncIterator[Agent]:
        """An agent signed in on a page, with a phone chosen if one is named."""
        async with Agent.signed_in(self.url, login, PASSWORD) as agent:
            if phone:
                await agent.choose_phone(phone, line)
            try:
                yield agent
            finally:
                await agent.sign_out()

    async def interaction(self, id_: str, *, final: bool = True) -> dict[str, Any]:
        """The record of an interaction, once it is final."""
        async with Agent.signed_in(self.url, "supervisor1", PASSWORD) as supervisor:
            return await supervisor.interaction(id_, final=final)

    async def last_interaction(self, caller: str, *, final: bool = True, known: str = "id") -> dict[str, Any]:
        """The newest record of a caller's number, once it is final and the field `known` is known."""
        async with Agent.signed_in(self.url, "supervisor1", PASSWORD) as supervisor:
            return await supervisor.last_interaction(caller, final=final, known=known)

    async def count_interactions(self, caller: str) -> int:
        """How many records a caller's number has."""
        async with Agent.signed_in(self.url, "supervisor1", PASSWORD) as supervisor:
            return await supervisor.count_interactions(caller)

    async def quiet(self) -> None:
        """No call lives, and no agent is signed in."""
        async with Agent.signed_in(self.url, "supervisor1", PASSWORD) as supervisor:
            await supervisor.until_quiet()

    async def kill(self) -> None:
        """End the server as a crash would, and leave Asterisk alone."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> None:
        """End the server as its keeper would."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(8):
            await self.process.wait()

    async def start_again(self) -> None:
        """Start the server anew on the same store."""
        self.process = await serve(self.arguments)


@asynccontextmanager
async def running_center(
    scripts: Path = ROOT / "dialplans" / "ivr",
    dids: str = "",
    queues: str = "",
    numbers: tuple[str, ...] = (),
    recording: tuple[str, str] = ("never", "never"),
    users: Sequence[User] = (),
    speech: str = "",
) -> AsyncIterator[Center]:
    """`dids`, `queues` and `speech` are further lines of those tables, `numbers` the DIDs that Asterisk must
    know;
    `recording` is what support and sales do; `users` are there beside the demo's, with the same password."""
    base = AsteriskSettings(
        ami_secret=AMI_SECRET,
        agi_key=AGI_KEY,
        phones=PHONES,
        dids=("4001", "4002", "4003", *numbers),
        rescue_pause_s=0.5,
        # A busy machine may take long to start the server anew, and nobody is to be sent away meanwhile.
        rescue_tries=120,
    )
    async with running_asterisk(replace(base)) as asterisk:
        settings = asterisk.settings
        folder = asterisk.prompts.parent.parent / "center"
        folder.mkdir(exist_ok=True)
        config = folder / "center.toml"
        config.write_text(
            CONFIG.format(
                phones=", ".join(f'"{phone}"' for phone in PHONES),
                http=8080 + settings.port_offset,
                agi=settings.agi_port,
                key=AGI_KEY,
                ami=settings.ami_port,
                secret=AMI_SECRET,
                prompts=shared_prompts(),
                speech=speech,
                spool=asterisk.folders.recordings,
                scripts=scripts,
                dids=dids,
                queues=queues,
                support=recording[0],
                sales=recording[1],
            )
        )
        async with App(load(config), folder) as app:
            await accounts.ensure(app.store, app.users, folder, PASSWORD)
            await data.fill(app.store, dispositions=("solved",))
            await app.users.create_many([(user, PASSWORD) for user in users])
        arguments = (sys.executable, "-m", "contactcenter", "serve", "--config", str(config))
        center = Center(asterisk, folder, await serve(arguments), arguments)
        try:
            yield center
        finally:
            if center.process.returncode is None:
                await center.stop()


def shared_prompts() -> Path:
    """Prompts are the same in all tests: synthesised once for all, where Asterisk's user can read them."""
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / "contactcenter-test-prompts"
    folder.mkdir(mode=0o755, exist_ok=True)
    return folder


async def serve(arguments: tuple[str, ...]) -> asyncio.subprocess.Process:
    """The server as a process, once it says `ready` and Asterisk is connected."""
    process = await asyncio.create_subprocess_exec(*arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    url = ""
    async with asyncio.timeout(READY_S):
        while line := (await process.stdout.readline()).decode():
            if line.startswith("ready "):
                url = line.split()[1]
                break
        assert url, f"the server ended with {await process.wait()}"
        async with aiohttp.ClientSession() as client:
            while (await (await client.get(f"{url}/readyz")).json())["ready"] is not True:
                await asyncio.sleep(0.05)
    return process


def accounts_file(folder: Path) -> dict[str, Any]:
    """The demo's accounts, as the contract says they are written."""
    found: dict[str, Any] = json.loads((folder / accounts.FILE).read_text())
    return found
