"""One Asterisk of our own beside the server: for `contactcenter run`, the tests and the benchmarks."""

import asyncio
import fcntl
import os
import pwd
import re
import shutil
import signal
import socket
import tempfile
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from contactcenter.asterisk.configuration import AsteriskSettings, Folders, write
from contactcenter.asterisk.music import write_music

_BOOT_S = 30
_STOP_S = 5
_SOCKET_PATH_MAX = 107
"""Bytes that fit into a unix socket's address, without the closing zero."""

_HOME_OF_ROOT = Path("/var/lib/contactcenter")
"""Where instances live that root starts from a folder that the ordinary user they run as cannot enter."""


class AsteriskFailed(Exception):
    """Asterisk could not be started. The message says why, and what to do."""


class EmbeddedAsterisk:
    """Starts and stops one Asterisk from the tree that `asterisk-docker/install.sh` unpacked.

    `instance` is a folder of its own, kept between runs. Several instances live side by side when their
    `port_offset` and `instance` differ. It never runs as root: started by root it becomes `user`. It ends
    with the process that started it, even when that is killed.

    Use `async with`, or `start` and `stop`.
    """

    def __init__(
        self, settings: AsteriskSettings, tree: Path, *, instance: Path, user: str = "nobody"
    ) -> None:
        self.settings = settings
        self._tree = tree.resolve()
        self._instance = instance.resolve()
        self._user = pwd.getpwnam(user) if os.geteuid() == 0 else None
        self._folders: Folders | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._lock: IO[str] | None = None
        self._short_run: Path | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def folders(self) -> Folders:
        """Where the running instance has its files; an `AsteriskFailed` before `start`."""
        if self._folders is None:
            raise AsteriskFailed("Asterisk is not started")
        return self._folders

    @property
    def prompts(self) -> Path:
        """A folder that Asterisk can read, for sound files that the server makes."""
        return self.folders.spool.parent / "prompts"

    @property
    def version(self) -> str:
        """As Asterisk says it, e.g. `22.10.1+dfsg+~cs6.17.60671434-1`."""
        return (self._tree / ".version").read_text().removeprefix("Asterisk ").strip()

    @property
    def pid(self) -> int:
        """The running Asterisk's process id."""
        if self._process is None:
            raise AsteriskFailed("Asterisk is not started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Writes the configuration and starts; returns when Asterisk is fully booted.

        Raises `AsteriskFailed`, with nothing left running.
        """
        await asyncio.to_thread(self._prepare)
        try:
            for kind, port, purpose in (
                (socket.SOCK_STREAM, self.settings.ami_port, "AMI"),
                (socket.SOCK_STREAM, self.settings.websocket_port, "SIP over websocket"),
                (socket.SOCK_DGRAM, self.settings.sip_port, "SIP"),
            ):
                _require_free(self.settings.bind, port, kind, purpose)
            await self._launch()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends Asterisk: asked for 5 s, then killed. Does nothing when it does not run."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(_STOP_S):
                    await process.wait()
            except TimeoutError:
                # The whole group: children of Asterisk end with it.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if self._short_run is not None:
            shutil.rmtree(self._short_run, ignore_errors=True)
            self._short_run = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def wait(self) -> int:
        """Returns Asterisk's exit status when it has ended, by itself or by `stop`."""
        if self._process is None:
            raise AsteriskFailed("Asterisk is not started")
        return await self._process.wait()

    async def command(self, line: str) -> str:
        """What Asterisk's command line answers to `line`, e.g. `core show channels`."""
        process = await asyncio.create_subprocess_exec(
            *self._program(),
            "-rx",
            line,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise AsteriskFailed(f"Asterisk's command line: {output.decode(errors='replace').strip()}")
        return output.decode(errors="replace")

    def _prepare(self) -> None:
        """Folders, lock, configuration, music."""
        instance, tree = self._instance, self._tree
        if not (tree / ".recipe").exists():
            raise AsteriskFailed(f"no Asterisk in {tree}: asterisk-docker/install.sh puts one there")
        instance.mkdir(parents=True, exist_ok=True)
        self._lock = open(instance / "lock", "a")  # noqa: SIM115 - held for as long as Asterisk runs
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            self._lock = None
            raise AsteriskFailed(
                f"an Asterisk of {instance} is running already: end it, or choose another data folder"
            ) from None
        if self._user is not None and not (_enters(self._user, instance) and _enters(self._user, tree)):
            instance, tree = self._outside_of_home(self._user, instance, tree)
        folders = Folders.of_instance(instance, tree)
        if len(os.fsencode(folders.control_socket)) > _SOCKET_PATH_MAX:
            self._short_run = Path(tempfile.mkdtemp(prefix="asterisk-"))
            folders = replace(folders, run=self._short_run)
        for folder in (folders.state / "keys", folders.run, folders.log, folders.recordings):
            folder.mkdir(parents=True, exist_ok=True)
        folders.recordings.chmod(0o700)  # what is said there is not encrypted yet
        # What a killed instance left behind; the lock says that none runs.
        for stale in folders.run.glob("asterisk.*"):
            stale.unlink()
        (instance / "prompts").mkdir(exist_ok=True)
        write_music(folders.music)
        write(self.settings, folders)
        if self._user is not None:
            _give(self._user, folders)
        self._folders = folders

    @staticmethod
    def _outside_of_home(user: pwd.struct_passwd, instance: Path, tree: Path) -> tuple[Path, Path]:
        """Copies the tree to, and puts the instance into, a folder that `user` can enter.

        A checkout in root's home is closed to everybody else, and Asterisk is not to run as root.
        """
        home = _HOME_OF_ROOT / sha256(os.fsencode(instance)).hexdigest()[:12]
        copy = home / "asterisk"
        recipe = (tree / ".recipe").read_bytes()
        if not ((copy / ".recipe").exists() and (copy / ".recipe").read_bytes() == recipe):
            shutil.rmtree(copy, ignore_errors=True)
            unfinished = home / "asterisk.part"
            shutil.rmtree(unfinished, ignore_errors=True)
            home.mkdir(parents=True, exist_ok=True)
            shutil.copytree(tree, unfinished, symlinks=True)
            unfinished.rename(copy)
        (home / "instance").mkdir(exist_ok=True)
        if not _enters(user, home / "instance"):
            raise AsteriskFailed(
                f"the user {user.pw_name}, as whom Asterisk runs, can enter neither {instance} nor {home}: "
                "start it as an ordinary user, or from a folder that others can enter"
            )
        return home / "instance", copy

    def _program(self) -> tuple[str, ...]:
        tree = self.folders.data.parents[2]
        return (str(tree / "asterisk"), "-C", str(self.folders.etc / "asterisk.conf"))

    async def _launch(self) -> None:
        identity: tuple[str, ...] = ()
        if self._user is not None:
            identity = (f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups")
        with await asyncio.to_thread(open, self.folders.log / "console.log", "wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                # Ends Asterisk when this process dies, in whatever way; -f keeps it from leaving by a fork.
                *("setpriv", "--pdeathsig=KILL", "--no-new-privs", *identity, "--"),
                *(*self._program(), "-f"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A group of its own: Ctrl-C in the terminal is for us, and we end Asterisk in our order.
                start_new_session=True,
                cwd="/",
            )
        ended = asyncio.create_task(self._process.wait())
        booted = asyncio.create_task(self._booted())
        try:
            async with asyncio.timeout(_BOOT_S):
                await asyncio.wait((ended, booted), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise AsteriskFailed(f"Asterisk has not booted within {_BOOT_S} s{self._last_words()}") from None
        finally:
            for task in (ended, booted):
                task.cancel()
        if self._process.returncode is not None:
            raise AsteriskFailed(f"Asterisk ended while it booted{self._last_words()}")

    async def _booted(self) -> None:
        while True:
            # The control socket appears early in the boot, and nothing announces it.
            if self.folders.control_socket.exists():
                with suppress(AsteriskFailed):
                    await self.command("core waitfullybooted")
                    return
            await asyncio.sleep(0.02)

    def _last_words(self) -> str:
        """The last lines that Asterisk wrote, for a message about its failure."""
        text = (self.folders.log / "console.log").read_text(errors="replace")
        # It colours what it says before it has read that it is not to.
        lines = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()[-12:]
        return "".join(f"\n  {line}" for line in lines) or " and wrote nothing"


def _enters(user: pwd.struct_passwd, folder: Path) -> bool:
    """Whether `user` may walk into `folder`: every folder on the way lets him pass."""
    for step in (folder, *folder.parents):
        status = step.stat()
        if status.st_uid == user.pw_uid:
            allowed = status.st_mode & 0o100
        elif status.st_gid == user.pw_gid:
            allowed = status.st_mode & 0o010
        else:
            allowed = status.st_mode & 0o001
        if not allowed:
            return False
    return True


def _give(user: pwd.struct_passwd, folders: Folders) -> None:
    """Makes `user` the owner of what Asterisk writes, and lets him read what it reads."""
    for folder in (folders.state, folders.spool, folders.run, folders.log):
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    for path in (folders.etc, *folders.etc.iterdir()):
        os.chown(path, 0, user.pw_gid)


def _require_free(address: str, port: int, kind: socket.SocketKind, purpose: str) -> None:
    """Raises `AsteriskFailed` when somebody listens on the port."""
    protocol = "TCP" if kind == socket.SOCK_STREAM else "UDP"
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # As Asterisk does: connections of a former run that are still closing are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise AsteriskFailed(
                f"{protocol} port {port} of {address}, which Asterisk needs for {purpose}, is taken"
                f"{_holder(port, protocol)} ({error.strerror}). "
                "End that program, or run beside it with --port-offset 100"
            ) from None


def _holder(port: int, protocol: str) -> str:
    """Who has the port, as far as /proc lets us see it: " by asterisk (process 1234)"."""
    inodes = set()
    for line in Path(f"/proc/net/{protocol.lower()}").read_text().splitlines()[1:]:
        columns = line.split()
        listening = protocol == "UDP" or columns[3] == "0A"
        if listening and int(columns[1].rpartition(":")[2], 16) == port:
            inodes.add(f"socket:[{columns[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(os.readlink(fd) in inodes for fd in (process / "fd").iterdir()):
                return f" by {(process / 'comm').read_text().strip()} (process {process.name})"
    return ""
