"""Existing synchronous scripts on pyst2's AGI class."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contactcenter.agi import pyst
from contactcenter.agi.server import Route
from contactcenter.commands import LeaveQueue
from contactcenter.events import CallerLeft, CallQueued, ScriptEnded, ScriptFailed
from tests.support.fake_agi import FakeChannel

CALL = "pbx1-1700000000.1"


async def test_commands_quotes_and_queue(desk: Callable[..., Any], script: Callable[[str], Path]) -> None:
    path = script(
        "def script(agi):\n"
        "    assert agi.env['agi_extension'] == '4001'\n"
        "    agi.set_variable('A', 'say \"hi\" \\\\ there')\n"
        "    assert agi.get_variable('A') == 'say \"hi\" \\\\ there'\n"
        "    assert agi.stream_file('beep', '12', 0) == '2'\n"
        "    agi.set_variable('EXIT', agi.wait_in_queue('sales'))\n"
    )
    async with desk(dids={"4001": Route(script=path)}) as d:
        channel = FakeChannel(keys="2")
        channel.answers["STREAM FILE"] = lambda words: "200 result=50 endpos=800"
        task = asyncio.create_task(channel.run(d.server.port))
        await d.event(CallQueued)
        d.server.carry(LeaveQueue(call=CALL, exit="full"))
        await task
        assert not d.all(ScriptFailed)
        assert channel.variables["A"] == 'say "hi" \\ there'
        assert channel.variables["EXIT"] == "full"
        assert d.all(ScriptEnded)


async def test_hang_up_raises_in_the_script(
    desk: Callable[..., Any], script: Callable[[str], Path], tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    path = script(
        "from asterisk.agi import AGIResultHangup\n"
        "def script(agi):\n"
        "    try:\n"
        "        agi.verbose('x')\n"
        "    except AGIResultHangup:\n"
        f"        open({str(seen)!r}, 'w').close()\n"
    )
    async with desk(dids={"4001": Route(script=path)}) as d:
        channel = FakeChannel()
        channel.answers["VERBOSE"] = lambda words: "511 Command Not Permitted"
        await channel.run(d.server.port)
        await d.event(CallerLeft)
        async with asyncio.timeout(5):
            while not seen.exists():
                await asyncio.sleep(0.01)


async def test_a_sync_script_that_raises(desk: Callable[..., Any], script: Callable[[str], Path]) -> None:
    path = script("def script(agi):\n    agi.verbose('a\\nEXEC System x')\n")
    async with desk(dids={"4001": Route(script=path)}) as d:
        channel = FakeChannel()
        task = asyncio.create_task(channel.run(d.server.port))
        failed = await d.event(ScriptFailed)
        assert "line break" in failed.error
        assert (await d.event(CallQueued)).queue == "fallback"
        await channel.hang_up()
        task.cancel()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("raise StopIteration", "StopIteration"),
        ("raise KeyboardInterrupt", "author.py:4: KeyboardInterrupt"),
        ("sys.exit(3)", "author.py:4: ScriptExited: sys.exit(3)"),
    ],
)
async def test_whatever_a_sync_script_raises_is_said(
    desk: Callable[..., Any], script: Callable[[str], Path], line: str, said: str
) -> None:
    path = script(f"import sys\ndef script(agi):\n    {line}\n")
    async with desk(dids={"4001": Route(script=path)}) as d:
        channel = FakeChannel()
        task = asyncio.create_task(channel.run(d.server.port))
        failed = await d.event(ScriptFailed)
        assert said in failed.error
        assert (await d.event(CallQueued)).queue == "fallback"
        await channel.hang_up()
        task.cancel()


async def test_a_sync_script_that_goes_on_without_its_caller_is_interrupted(
    desk: Callable[..., Any], script: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyst, "TIDY_UP_S", 0.0)
    path = script(
        "def script(agi):\n"
        "    try:\n"
        "        agi.verbose('x')\n"
        "    except Exception:\n"
        "        pass\n"
        "    while True: pass\n"
    )
    async with desk(dids={"4001": Route(script=path)}) as d:
        channel = FakeChannel()
        channel.answers["VERBOSE"] = lambda words: "200 result=1"
        task = asyncio.create_task(channel.run(d.server.port))
        await channel.until("VERBOSE")
        await channel.hang_up()
        await task
        async with asyncio.timeout(10):
            while any(thread.name == f"ivr {CALL}" for thread in threading.enumerate()):
                await asyncio.sleep(0.01)
