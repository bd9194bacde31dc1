"""The server as a process, on uvloop and without it."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.support.center import AGI_KEY, CONFIG, ROOT, shared_prompts


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
async def test_server_says_which_loop_it_runs_on_and_needs_no_uvloop(tmp_path: Path, loop: str) -> None:
    http, agi, nobody = _free_ports(3)
    text = CONFIG.format(
        phones='"101"', http=http, agi=agi, key=AGI_KEY, ami=nobody, secret="a-secret-of-the-test",
        prompts=shared_prompts(), spool=tmp_path, scripts=ROOT / "dialplans" / "ivr",
        dids="", queues="", speech="", support="never", sales="never",
    )  # fmt: skip
    (tmp_path / "center.toml").write_text(text)
    path = tmp_path / "path"
    path.mkdir()
    if loop == "asyncio":
        (path / "uvloop.py").write_text("raise ImportError('not installed')\n")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "contactcenter", "serve", "--config", str(tmp_path / "center.toml"),
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(path)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout
    try:
        url = (await process.stdout.readline()).decode().removeprefix("ready ").strip()
        async with aiohttp.ClientSession() as client, client.get(f"{url}/metrics") as answer:
            said = await answer.text()
    finally:
        process.terminate()
        left = await process.communicate()
    assert f'contactcenter_event_loop_info{{loop="{loop}"}} 1.0' in said
    assert (process.returncode, left[0]) == (0, b"")
