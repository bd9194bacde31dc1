"""`contactcenter run`, as a new user meets it: started, phoned, answered on a page, stopped."""

import asyncio
import json
import os
import re
import signal
import stat
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from contactcenter.crm import recordings
from contactcenter.crm.access import CENTER
from contactcenter.crm.store import Store
from contactcenter.demo.phones import SIMULATED
from contactcenter.phones.customer import Customer
from contactcenter.phones.phone import Phone, answer
from contactcenter.values import RecordingState
from tests.support.agent import Agent
from tests.support.asterisk import free_offset, open_folder
from tests.support.center import ROOT
from tests.support.voices import AGENT_HZ, CALLER_HZ

PASSWORD = "only-for-this-test"
PROGRAM = (sys.executable, "-m", "contactcenter")
READY_S, STOP_S = 90, 20
"""Much more than it takes: a busy machine is slow, and neither is what is tested here."""


class Run:
    """A running `contactcenter run`."""

    def __init__(self, process: asyncio.subprocess.Process, data: Path, offset: int, said: list[str]) -> None:
        self.process, self.data, self.offset, self.said = process, data, offset, said

    @property
    def url(self) -> str:
        """What the line `ready` named."""
        return self.said[-1].split()[1]


@asynccontextmanager
async def _run(data: Path, offset: int) -> AsyncIterator[Run]:
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "run", "--data", str(data), "--port-offset", str(offset), "--demo-password", PASSWORD),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    said: list[str] = []
    try:
        async with asyncio.timeout(READY_S):
            while not (said and said[-1].startswith("ready ")):
                line = (await process.stdout.readline()).decode()
                assert line, f"it ended with {await process.wait()} after {said}"
                said.append(line.rstrip())
        yield Run(process, data, offset, said)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def _command(*arguments: str) -> tuple[int, str]:
    """One command from its start to its end: exit status and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@pytest.mark.timeout(180)
async def test_demo_from_its_start_to_its_end() -> None:
    with open_folder() as folder, free_offset() as offset:
        async with _run(folder / "data", offset) as run:
            await _accounts_are_as_the_contract_says(run)
            await _it_is_healthy(run)
            trace = await _a_call_without_a_phone(run)
            began = time.monotonic()
            run.process.send_signal(signal.SIGTERM)
            assert await run.process.wait() == 0
            assert time.monotonic() - began < STOP_S
        assert not _processes_of(folder), "everything that it started has ended"
        status, printed = await _command("replay", str(trace), "--no-commands")
        assert status == 0
        assert "CallQueued" in printed
        assert "OfferEnded" in printed or "CallerLeft" in printed


@pytest.mark.timeout(120)
async def test_a_talk_that_ends_with_everything_is_sealed_and_nothing_of_it_lies_in_clear() -> None:
    with open_folder() as folder, free_offset() as offset:
        async with _run(folder / "data", offset) as run:
            secret = json.loads((run.data / "demo-accounts.json").read_text())["phones"]["101"]["password"]
            sip = ("127.0.0.1", 5060 + offset)
            async with (
                Phone("101", secret, server=sip, habit=answer, tone=AGENT_HZ),
                Agent.signed_in(run.url, "agent1", PASSWORD) as agent,
                Customer("15400000001", server=sip) as customer,
            ):
                await agent.choose_phone("101")
                await agent.go("available")
                call = customer.call("4002")
                await call.hears(AGENT_HZ, within=20)
                call.audio.play_tone(CALLER_HZ)
                view = await agent.until("talking")
                await asyncio.sleep(2.0)  # of talk
                began = time.monotonic()
                run.process.send_signal(signal.SIGTERM)
                assert await run.process.wait() == 0
                assert time.monotonic() - began < STOP_S
        store = await Store.open(
            run.data / "contactcenter.db", tell=lambda event: None, now=time.time, region="CN"
        )
        try:
            ((_, row),) = await store.read(recordings.of_interaction, view["interaction"], CENTER)
        finally:
            await store.close()
        assert row.record.state is RecordingState.KEPT
        assert row.kept.duration_s > 1.8, "the last block, too"
        left = [path for path in run.data.rglob("*.ulaw") if row.record.id in path.name]
        assert not left


async def _accounts_are_as_the_contract_says(run: Run) -> None:
    path = run.data / "demo-accounts.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = json.loads(path.read_text())
    assert found["users"]["agent1"] == {"password": PASSWORD, "role": "agent", "phone": "101"}
    assert set(found["users"]) == {*(f"agent{n}" for n in range(1, 11)), "supervisor1", "admin"}
    assert set(found["phones"]) == {str(n) for n in range(101, 121)}
    assert run.said[-1] == f"ready http://127.0.0.1:{8080 + run.offset}"
    text = "\n".join(run.said)
    assert "demo call 4002" in text.split("Telephone numbers")[0], "the first thing to try stands first"
    for number in ("4001", "4002", "4003"):
        assert number in text


async def _it_is_healthy(run: Run) -> None:
    async with aiohttp.ClientSession(run.url) as client:
        assert (await client.get("/healthz")).status == 200
        async with asyncio.timeout(10):
            while (answer := await client.get("/readyz")).status != 200:
                await asyncio.sleep(0.05)
        ready = await answer.json()
        assert ready["ready"] is True
        assert ready["asterisk"][0]["connected"] is True
        assert re.match(r"\d+\.", ready["asterisk"][0]["version"])
        metrics = await (await client.get("/metrics")).text()
        assert "contactcenter_events_total" in metrics


async def _a_call_without_a_phone(run: Run) -> Path:
    """A simulated customer, a simulated phone, a recorder; the trace that it wrote."""
    trace = run.data / "call.jsonl"
    recorder = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "record", "--data", str(run.data), "--to", str(trace)),
        cwd=ROOT,
        # Tests that a shell started in the background would hand on that Ctrl-C is to be ignored.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    async with asyncio.timeout(20):
        while not (trace.exists() and trace.stat().st_size):
            await asyncio.sleep(0.05)
    async with Agent.signed_in(run.url, "agent1", PASSWORD) as agent:
        await agent.choose_phone(SIMULATED[0])
        await agent.go("available")
        phoning = asyncio.create_task(
            _command(
                *("demo", "call", "4002", "--name", "王芳", "--seconds", "5"),
                *("--port-offset", str(run.offset)),
            )
        )
        pop = await agent.pop(READY_S)  # the caller is a program that has to start, too
        assert pop["caller_name"] == "王芳"
        await agent.answers(pop["call"])
        status, printed = await phoning
        assert status == 0, printed
        assert "answered" in printed
        await agent.dispose(pop["interaction"])
        record = await agent.interaction(pop["interaction"])
        assert record["outcome"] == "answered"
        assert record["disposition"]["code"] == "solved"
    recorder.send_signal(signal.SIGINT)
    async with asyncio.timeout(STOP_S):
        await recorder.wait()
    return trace


def _processes_of(folder: Path) -> list[str]:
    """Command lines that name the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line and int(entry.parent.name) != os.getpid():
            found.append(line)
    return found


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "--http", "nonsense"), "give ADDR:PORT"),
        (("run", "--asterisk", "10.0.0.5"), "10.0.0.5:5038"),
        (("serve", "--config", "/nowhere/center.toml"), "there is no such file"),
        (("record", "--data", "/nowhere"), "no center is running"),
        (("replay", "pyproject.toml"), "no header of a trace"),
        (("demo", "call", "4002", "--port-offset", "48000"), "does a center run"),
    ],
)
async def test_bad_input_is_answered_with_what_to_do(
    arguments: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    if arguments[0] == "run":
        arguments += ("--data", str(tmp_path))
    status, printed = await _command(*arguments)
    assert status == 1
    assert says in printed
    assert "Traceback" not in printed


async def test_script_plays_in_the_terminal() -> None:
    status, printed = await _command("ivr", "test", "dialplans/ivr/hotline.py", "--keys", "22")
    assert status == 0
    assert "For sales, press one" in printed
