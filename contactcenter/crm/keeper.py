"""The keeper: makes a backup every day at a set time, as long as the server runs, and keeps the newest ones.

What is in the folder is the truth: a file with the name of a backup was verified. So it is known after a
restart, too, when the last one was made, and those that the command line makes count like its own.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from contactcenter.commands import SaveAudit
from contactcenter.crm import archives, backup
from contactcenter.crm.archives import BackupProblem, Listed, Progress, Sources
from contactcenter.crm.backup import Made, Order
from contactcenter.crm.errors import Refusal
from contactcenter.crm.store import Store
from contactcenter.values import AuditEntry, frozen

AGAIN_S = 3600.0
"""When to try again after one failed."""
CATCH_UP_S = 600.0
"""After a start, how long one waits that was due while the server was off: first the calls."""
LOOK_S = 30.0
"""How often the clock is looked at: it may be set, and the machine may have slept."""

log = structlog.get_logger(__name__)


@frozen
class Wishes:
    """What the configuration says of backups."""

    folder: Path
    daily: bool = True
    at: time_of_day = time_of_day(3)
    keep: int = 7
    with_recordings: bool = False


@frozen
class Running:
    """The backup that is being made."""

    login: str
    since: float
    progress: Progress | None = None


@dataclass(slots=True)
class Counts:
    """For `/metrics`."""

    last_at: float = 0.0
    """When the last good one was made; 0: there is none."""
    last_bytes: int = 0
    last_s: float = 0.0
    """How long the last one took that this run made."""
    made: int = 0
    failed: int = 0


def due(at: time_of_day, zone: ZoneInfo, *, after: float) -> float:
    """The first moment after `after` at which the center's clocks show this time; where the hour is left out
    in spring, as much later as clocks are put forward."""
    day = datetime.fromtimestamp(after, zone).date()
    moments = (_moment(day + timedelta(days=n), at, zone) for n in range(3))
    return next(moment for moment in moments if moment > after)


def _moment(day: date, at: time_of_day, zone: ZoneInfo) -> float:
    return datetime.combine(day, at, zone).timestamp()


class Keeper:
    """Makes backups of `sources`, one at a time. `wishes` and `zone` are asked each time: they may change."""

    def __init__(
        self, store: Store, sources: Sources, *, wishes: Wishes, zone: Callable[[], ZoneInfo]
    ) -> None:
        self.wishes = wishes
        self.counts = Counts()
        self.running: Running | None = None
        self.failure = ""
        """Why the last try failed; empty: it did not."""
        self.failed_at = 0.0
        self._store = store
        self._sources = sources
        self._zone = zone
        self._making: asyncio.Task[None] | None = None
        self._clockwork: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look at the clock."""
        found = await self.listed()
        self._count(found)
        if self.wishes.daily:
            self._clockwork = asyncio.create_task(self._run(found, self._store.now()), name="daily backup")

    async def stop(self) -> None:
        """Leave off; what is unfinished is removed."""
        tasks = [each for each in (self._clockwork, self._making) if each]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.running = None

    async def listed(self) -> list[Listed]:
        """The backups that there are, the newest first."""
        return await asyncio.to_thread(archives.listed, self.wishes.folder)

    def begin(self, login: str) -> Running:
        """Make one now. Raises `Refusal` `running` while another is being made."""
        if self.running:
            raise Refusal(f"{self.running.login} has one made already: wait until it is done", code="running")
        self.running = begun = Running(login=login, since=self._store.now())
        self._making = asyncio.create_task(self._make(login), name="backup")
        return begun

    async def done(self) -> None:
        """Wait until no backup is being made."""
        if self._making:
            await asyncio.wait({self._making})

    async def _run(self, found: list[Listed], tried_at: float) -> None:
        missed = bool(found) and due(self.wishes.at, self._zone(), after=found[0].at) < tried_at
        while True:
            await asyncio.sleep(LOOK_S)
            self._count(await self.listed())
            if self._store.now() < self._next(tried_at, missed=missed):
                continue
            tried_at, missed = self._store.now(), False
            if not self.running:
                self.begin("center")
            await self.done()

    def _next(self, tried_at: float, *, missed: bool) -> float:
        """When it is time again."""
        at = due(self.wishes.at, self._zone(), after=tried_at)
        if missed:
            at = min(at, tried_at + CATCH_UP_S)
        return min(at, tried_at + AGAIN_S) if self.failure else at

    async def _make(self, login: str) -> None:
        order = Order(
            sources=self._sources, folder=self.wishes.folder, at=self._store.now(),
            with_recordings=self.wishes.with_recordings,
        )  # fmt: skip
        try:
            made = await backup.make(order, self._progressed)
        except (BackupProblem, OSError) as error:
            self._failed(login, str(error))
        except Exception as error:  # a bug of ours must not end all backups to come
            log.exception("the keeper stumbled")
            self._failed(login, f"{type(error).__name__}: {error}")
        else:
            await self._made(login, made)
        finally:
            self.running = None

    def _progressed(self, progress: Progress) -> None:
        if self.running:
            self.running = replace(self.running, progress=progress)

    async def _made(self, login: str, made: Made) -> None:
        gone = await asyncio.to_thread(backup.prune, self.wishes.folder, self.wishes.keep)
        self.failure, self.failed_at = "", 0.0
        self.counts.made += 1
        self.counts.last_s = made.seconds
        self._count(await self.listed())
        log.info("a backup was made", name=made.name, bytes=made.bytes, seconds=round(made.seconds, 1))
        manifest = made.manifest
        detail = {
            "bytes": made.bytes, "sha256": manifest.database.sha256, "rows": sum(manifest.tables.values()),
            "audit_rows": manifest.audit.rows, "audit_hash": manifest.audit.last, "removed": gone,
        }  # fmt: skip
        if manifest.audit.broken:
            log.error("the audit log is not as it was written", row=manifest.audit.broken)
            detail["audit_broken"] = manifest.audit.broken
        self._audit(login, made.name, detail)

    def _failed(self, login: str, why: str) -> None:
        self.failure, self.failed_at = why, self._store.now()
        self.counts.failed += 1
        log.error("no backup could be made", why=why)
        self._audit(login, "", {"failed": why})

    def _audit(self, login: str, name: str, detail: dict[str, object]) -> None:
        entry = AuditEntry(
            at=self._store.now(), login=login, act="backup", kind="store", object=name, detail=detail
        )
        self._store.carry(SaveAudit(entry=entry))

    def _count(self, found: list[Listed]) -> None:
        if found:
            self.counts.last_at, self.counts.last_bytes = found[0].at, found[0].bytes
