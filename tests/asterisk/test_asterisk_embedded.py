"""Starting and stopping an Asterisk of our own."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from asterisk_peers import SETTINGS, WAIT_S, Ami

from contactcenter.asterisk.configuration import AsteriskSettings, Folders
from contactcenter.asterisk.embedded import AsteriskFailed, EmbeddedAsterisk
from tests.support.asterisk import TREE, free_offset, open_folder, running_asterisk

ROOT = Path(__file__).resolve().parents[2]


def alive(pid: int) -> bool:
    """Whether the process still runs; one that ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def uid_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().partition("\nUid:")[2].split()[1])


async def test_it_starts_answers_and_leaves_nothing():
    async with running_asterisk(SETTINGS) as asterisk:
        pid = asterisk.pid
        assert asterisk.version.startswith("22.")
        assert uid_of(pid) != 0
        assert asterisk.version in await asterisk.command("core show version")
        assert "melody" in await asterisk.command("moh show files")
        async with Ami.connected(asterisk.settings) as ami:
            assert (await ami.ask("CoreSettings"))["AsteriskVersion"] == asterisk.version
            await ami.event("FullyBooted")
        log = (asterisk.folders.log / "console.log").read_text()
        assert "ERROR" not in log
        assert "WARNING" not in log
        port = asterisk.settings.ami_port
    assert not alive(pid)
    assert not asterisk.folders.control_socket.exists()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    # Stopping what does not run is no error.
    await asterisk.stop()


async def test_two_run_side_by_side():
    async with running_asterisk(SETTINGS) as one, running_asterisk(SETTINGS) as two:
        assert one.settings.port_offset != two.settings.port_offset
        for asterisk in (one, two):
            async with Ami.connected(asterisk.settings) as ami:
                assert (await ami.ask("Ping"))["Response"] == "Success"


async def test_it_can_be_started_again_after_it_was_killed():
    async with running_asterisk(SETTINGS) as asterisk:
        first = asterisk.pid
        os.kill(first, signal.SIGKILL)
        assert await asterisk.wait() == -signal.SIGKILL
        await asterisk.stop()
        # The killed one left its control socket and its process id behind.
        assert asterisk.folders.control_socket.exists()
        await asterisk.start()
        assert asterisk.pid != first
        assert "0 active channels" in await asterisk.command("core show channels")


async def test_it_ends_with_a_killed_parent():
    program = """
import asyncio, sys
from tests.asterisk.asterisk_peers import SETTINGS
from tests.support.asterisk import running_asterisk

async def main():
    async with running_asterisk(SETTINGS) as asterisk:
        print(asterisk.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(WAIT_S):
        while alive(pid):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("kind", "port", "purpose"),
    [
        (socket.SOCK_STREAM, "ami_port", "TCP port .* AMI"),
        (socket.SOCK_STREAM, "websocket_port", "TCP port .* websocket"),
        (socket.SOCK_DGRAM, "sip_port", "UDP port .* SIP"),
    ],
)
async def test_a_port_that_is_taken_is_named(kind: socket.SocketKind, port: str, purpose: str):
    with open_folder() as folder, free_offset() as offset, socket.socket(socket.AF_INET, kind) as other:
        settings = replace(SETTINGS, port_offset=offset)
        if kind == socket.SOCK_STREAM:
            # A connection of the test before may linger on it.
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", getattr(settings, port)))
        if kind == socket.SOCK_STREAM:
            other.listen()
        with pytest.raises(AsteriskFailed, match=purpose) as caught:
            async with EmbeddedAsterisk(settings, TREE, instance=folder / "asterisk"):
                pass
        message = str(caught.value)
        assert str(getattr(settings, port)) in message
        assert f"(process {os.getpid()})" in message
        assert "--port-offset" in message


async def test_the_same_folder_is_not_used_twice():
    async with running_asterisk(SETTINGS) as asterisk:
        again = EmbeddedAsterisk(SETTINGS, TREE, instance=asterisk.folders.etc.parent)
        with pytest.raises(AsteriskFailed, match="running already"):
            await again.start()
        assert alive(asterisk.pid)


async def test_a_folder_with_a_long_and_odd_name():
    with open_folder() as folder, free_offset() as offset:
        settings = replace(SETTINGS, port_offset=offset)
        instance = folder / ("a long name " * 8).strip() / "呼叫中心"
        async with EmbeddedAsterisk(settings, TREE, instance=instance) as asterisk:
            assert "0 active channels" in await asterisk.command("core show channels")
            run = asterisk.folders.run
            assert not run.is_relative_to(instance)
        assert not run.exists()


async def test_a_boot_that_fails_says_why(monkeypatch: pytest.MonkeyPatch):
    def write_too_little(settings: AsteriskSettings, folders: Folders) -> None:
        folders.etc.mkdir()
        (folders.etc / "asterisk.conf").write_text("[directories]\nastdbdir => /nowhere\n")

    monkeypatch.setattr("contactcenter.asterisk.embedded.write", write_too_little)
    with open_folder() as folder, free_offset() as offset:
        asterisk = EmbeddedAsterisk(replace(SETTINGS, port_offset=offset), TREE, instance=folder / "x")
        with pytest.raises(AsteriskFailed, match=r"(?s)ended while it booted\n.*/nowhere"):
            await asterisk.start()
        with suppress(AsteriskFailed):
            assert not alive(asterisk.pid)


async def test_a_folder_without_asterisk_is_named(tmp_path: Path):
    with pytest.raises(AsteriskFailed, match=r"install\.sh"):
        await EmbeddedAsterisk(SETTINGS, tmp_path, instance=tmp_path / "x").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as another user")
async def test_root_may_start_it_from_a_folder_that_others_cannot_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with open_folder() as home, free_offset() as offset:
        monkeypatch.setattr("contactcenter.asterisk.embedded._HOME_OF_ROOT", home / "elsewhere")
        # pytest's folder is closed to others, as root's home is.
        settings = replace(SETTINGS, port_offset=offset)
        async with EmbeddedAsterisk(settings, TREE, instance=tmp_path / "asterisk") as asterisk:
            assert asterisk.folders.etc.is_relative_to(home)
            assert uid_of(asterisk.pid) != 0
            assert asterisk.prompts.is_dir()
