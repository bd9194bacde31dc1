"""A PostgreSQL server for the tests: a process and a folder of their own, never a service of the machine.

It listens on a unix socket only, runs as an unprivileged user, and ends with the process that started it,
even when that is killed. `fsync` is off: what the tests prove is not the disk.
"""

import asyncio
import atexit
import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from contactcenter.crm.place import Server
from contactcenter.crm.store import Store
from tests.support import scratch

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
UNPACKED = ROOT / ".postgresql"
"""Where `scripts/postgresql.sh` puts it when the machine has none."""
OLDEST = 15
USER = "center"
"""The owner of the databases: no superuser, as it should be in a real center."""
_HOME = scratch.folder()  # a socket's path must be short
_PREFIX = "contactcenter-postgresql-"
_BOOT_S = 30
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "dynamic_shared_memory_type": "mmap",
    "log_min_messages": "fatal",
    "logging_collector": "off",
}


class Cluster:
    """One server with its databases."""

    def __init__(self) -> None:
        self._programs = _found()
        self._libraries = ""
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0
        self._template = ""
        self._administrator = Administrator(lambda: self.url("postgres", "postgres"))
        self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_HOME))
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        if self._user:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self.folder.chmod(0o755)
        try:
            if self._programs.is_relative_to(UNPACKED):
                self._settle()
            self._run(
                "initdb", "--pgdata", str(self.folder / "data"), "--username", "postgres", "--auth", "trust",
                "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions",
            )  # fmt: skip
            self.start()
            self.sql("postgres", f"CREATE ROLE {USER} LOGIN")
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Of the server."""
        assert self._process
        return self._process.pid

    def url(self, database: str, user: str = USER) -> str:
        """How to reach it, by default as the owner of the databases."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start the server; returns when it answers."""
        identity = ["setpriv", "--pdeathsig=QUIT", "--no-new-privs"]
        if self._user:
            identity += [f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(*identity, "--", str(self._programs / "postgres")),
                    *("-D", str(self.folder / "data"), "-k", str(self.folder)),
                    *(part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")),
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=self._environment(),
                start_new_session=True,
            )  # fmt: skip
        until = time.monotonic() + _BOOT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)  # nothing announces it

    def stop(self, sign: signal.Signals = signal.SIGINT) -> None:
        """End the server and wait for it: SIGINT cuts connections off, SIGQUIT and SIGKILL are a crash."""
        self._administrator.leave()
        if self._process:
            self._process.send_signal(sign)
            self._process.wait(20)
            self._process = None

    def let_in(self, rules: str) -> None:
        """Put other rules of access into force (`pg_hba.conf`)."""
        (self.folder / "data" / "pg_hba.conf").write_text(rules)
        self.sql("postgres", "SELECT pg_reload_conf()")

    def close(self) -> None:
        """End the server and remove everything."""
        with contextlib.suppress(Exception):
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)

    def create(self, *, template: str = "template0", options: str = "") -> str:
        """A new database's name."""
        self._count += 1
        name = f"test{self._count}"
        how = (
            f'OWNER {USER} TEMPLATE "{template}" STRATEGY file_copy {options}'  # twice as fast as by the log
        )
        self._administrator.sql(f'CREATE DATABASE "{name}" {how}')
        return name

    def drop(self, database: str | Server) -> None:
        """Remove a database, whoever is in it."""
        self._administrator.sql(f'DROP DATABASE IF EXISTS "{name_of(database)}" WITH (FORCE)')

    def copy(self, database: str | Server, path: Path) -> Server:
        """The same once more; nobody may be in it."""
        return Server(url=self.url(self.create(template=name_of(database))), beside=path)

    def fresh(self, path: Path) -> Server:
        """A database as `Store.open` makes it: copied, because migrating takes longer than most tests."""
        if not self._template:
            name = self.create()
            with tempfile.TemporaryDirectory() as folder:
                server = Server(url=self.url(name), beside=Path(folder) / "center.db")

                async def make() -> None:
                    store = await Store.open(
                        server, tell=lambda _: None, now=lambda: 0.0, journal_bytes=64 << 10
                    )
                    await store.close()

                in_thread(make)
            self._template = name
        return self.copy(self._template, path)

    def empty(self, path: Path) -> Server:
        """A database with nothing in it."""
        return Server(url=self.url(self.create()), beside=path)

    def sql(self, database: str, statement: str, *args: object) -> list[tuple[Any, ...]]:
        """What the administrator's own program gets for an answer."""
        return rows(self.url(database, "postgres"), statement, *args)

    def _settle(self) -> None:
        """Use what was unpacked: a copy of it where the checkout is closed to the user it runs as."""
        tree = UNPACKED
        if self._user and not all(each.stat().st_mode & 0o001 for each in (UNPACKED, *UNPACKED.parents)):
            tree = Path(shutil.copytree(UNPACKED, self.folder / "programs", symlinks=True))
        self._programs = tree / self._programs.relative_to(UNPACKED)
        self._libraries = ":".join(
            map(str, [*tree.glob("usr/lib/*-linux-gnu*"), *tree.glob("lib/*-linux-gnu*")])
        )

    def _answers(self) -> bool:
        try:
            self.sql("postgres", "SELECT 1")
        except Exception:
            return False
        return True

    def _run(self, program: str, *args: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *args],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd="/",
            env=self._environment(),
            user=self._user.pw_uid if self._user else None, group=self._user.pw_gid if self._user else None,
            extra_groups=() if self._user else None,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")

    def _environment(self) -> dict[str, str]:
        libraries = {"LD_LIBRARY_PATH": self._libraries} if self._libraries else {}
        return {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", **libraries}


class Administrator:
    """One connection that makes and drops databases, in a loop of its own, while the caller's stands still:
    a new one for each statement took half of the time of a short test."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._runner: asyncio.Runner | None = None
        self._thread = ThreadPoolExecutor(1)
        self._db: Any = None

    def sql(self, statement: str) -> None:
        """Run it. Raises asyncpg's errors."""
        self._thread.submit(self._run, statement).result()

    def leave(self) -> None:
        """Let the server end; the next statement comes back to it."""
        self._thread.submit(self._leave).result()

    def _run(self, statement: str) -> None:
        import asyncpg

        if not self._runner:
            self._runner = asyncio.Runner()
        if self._db is None or self._db.is_closed():
            self._db = self._runner.run(asyncpg.connect(self._url(), timeout=5))
        self._runner.run(self._db.execute(statement))

    def _leave(self) -> None:
        if self._runner:
            with contextlib.suppress(Exception):
                self._runner.run(self._db.close())
            self._runner.close()
            self._runner = self._db = None


@cache
def cluster() -> Cluster:
    """This process's server, started when it is first asked for, ended at exit."""
    _sweep()
    made = Cluster()
    atexit.register(made.close)
    return made


def name_of(database: str | Server) -> str:
    """What the server calls it."""
    return urlsplit(database.url).path.lstrip("/") if isinstance(database, Server) else database


def rows(url: str, statement: str, *args: object) -> list[tuple[Any, ...]]:
    """What a program of its own gets for an answer (blocking). Raises asyncpg's errors."""
    import asyncpg

    async def ask() -> list[tuple[Any, ...]]:
        db = await asyncpg.connect(url, timeout=5)
        try:
            return [tuple(row) for row in await db.fetch(statement, *args)]
        finally:
            await db.close()

    return in_thread(ask)


def in_thread(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run it in a loop of its own, while the caller's loop, if there is one, stands still."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()


def _found() -> Path:
    """The folder of the server's programs."""
    for root in (Path("/"), UNPACKED):
        folders = [
            each for each in root.glob("usr/lib/postgresql/*/bin")
            if each.parent.name.isdecimal() and int(each.parent.name) >= OLDEST
            and (each / "initdb").exists()
        ]  # fmt: skip
        if folders:
            return max(folders, key=lambda each: int(each.parent.name))
    raise RuntimeError("there is no PostgreSQL: scripts/setup.sh test puts one there")


def _sweep() -> None:
    """Remove the folders of servers whose tests were killed."""
    for folder in _HOME.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            file = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # The lock goes last: a server on its way down may still write, and the rest is for next time.
                for each in ("data", "programs"):
                    if (folder / each).exists():
                        shutil.rmtree(folder / each)
                shutil.rmtree(folder)
            finally:
                os.close(file)
