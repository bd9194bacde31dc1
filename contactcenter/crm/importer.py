"""The importer: carries out imports in the background, one after the other, as long as the server runs.

It asks the store for one short batch at a time and then leaves it alone for a while, so that calls, which go
through the same writer, hardly notice. A batch is as long as fits into `SHARE_S`, whatever the machine.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import replace

import structlog
from sqlalchemy import Connection

from contactcenter.crm import duplicates, import_batches, imports, national_lists
from contactcenter.crm.errors import Refusal, StoreUnavailable
from contactcenter.crm.files import Files
from contactcenter.crm.import_batches import Outcome
from contactcenter.crm.import_values import BUSY, Import, State
from contactcenter.crm.reading import Reading
from contactcenter.crm.sealed_files import Unsealable
from contactcenter.crm.store import Store
from contactcenter.crm.tables import Row, Unreadable
from contactcenter.values import frozen

KIND = "imports"
"""Of the files."""
SHARE_S = 0.06
"""How long a batch is to take, of our processor's time …"""
HELD_S = 0.2
"""… and how long others wait for the database meanwhile, where our processor is somebody else's …"""
WORTH = 50
"""… but not for fewer rows than this: each batch costs something by itself."""
REST = 0.25
"""How long the store is left alone after a batch, as a part of what that took."""
FEWEST = 10
"""Rows of a batch; how many at most, its kind says."""
AGAIN_S = 1.0
"""How long a database that takes no writes is left alone."""
SHOWN_EVERY_S = 0.5
DAY_S = 86_400.0

log = structlog.get_logger(__name__)


@frozen
class Spent:
    """What a batch cost."""

    worked_s: float
    """Of our processor."""
    held_s: float
    """For so long it had the database."""

    def fits(self, rows: int) -> float:
        """How many rows a batch may have, if this was one of so many."""
        by_work = rows * SHARE_S / max(self.worked_s, 0.001)
        by_patience = rows * HELD_S / max(self.held_s, 0.001)
        return min(by_work, max(by_patience, WORTH))


class Importer:
    """Works on what is to be imported. `show` is told how far each is, and of each end."""

    def __init__(
        self, store: Store, files: Files, *, zone: str, days: int, show: Callable[[Import], None]
    ) -> None:
        self.files = files
        self._store = store
        self._zone = zone
        self._days = days
        self._show = show
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Go on with what the last run left."""
        self._task = asyncio.create_task(self._run(), name="importer")
        self._work.set()

    async def stop(self) -> None:
        """Leave off; what is not done is gone on with at the next start."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def wake(self) -> None:
        """There is something to do, or to leave."""
        self._work.set()

    def reading(self, id_: str) -> Reading:
        """The import's file. Raises `Refusal` `key_missing`."""
        return Reading(self.files.path(KIND, id_), self.files.name(KIND, id_), self.files.keys)

    async def sweep(self) -> None:
        """Delete the files of imports that were over, or sent and left, some days ago, and of none."""
        now = self._store.now()
        before = now - self._days * DAY_S
        await self._store.write(imports.give_up, sent_before=before, at=now)
        kept = await self._store.read(imports.sweep, ended_before=before)
        await asyncio.to_thread(self.files.sweep, KIND, kept, at=now)

    async def _run(self) -> None:
        fresh = True
        while True:
            await self._work.wait()
            self._work.clear()
            try:
                for id_ in await self._store.read(imports.busy):
                    await self._one(id_, fresh=fresh)
                fresh = False
                await self._tidy()
            except StoreUnavailable:
                await asyncio.sleep(AGAIN_S)
                self._work.set()
            except Exception:  # a bug of ours must not end all imports to come
                log.exception("the importer stumbled")
                await asyncio.sleep(AGAIN_S)

    async def _one(self, id_: str, *, fresh: bool) -> None:
        """Carry out one import. What breaks it ends it, and none of those that wait."""
        try:
            if fresh:
                await self._store.write(imports.rewind, id_)
            await self._carry_out(id_)
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("an import broke off", id=id_)
            await self._end(id_, "it broke off by a mistake of ours, which is in the log: set it up anew")

    async def _tidy(self) -> None:
        """Look for duplicates of what was imported, and sweep what counts no more, until the next import
        comes."""
        more = True
        while more and not self._work.is_set():
            began = time.monotonic()
            more = await self._store.write(duplicates.go_on, at=self._store.now())
            more = await self._store.write(national_lists.sweep) or more
            await asyncio.sleep(time.monotonic() - began)

    async def _carry_out(self, id_: str) -> None:
        found = await self._store.read(imports.known, id_)
        if found is None or found[0].state not in BUSY:
            return
        one, options = found
        log.info("importing", id=id_, state=one.state, done=one.done)
        error = ""
        try:
            skip = one.done + (1 if options.header else 0)
            terms = await self._store.read(imports.KINDS[one.kind].terms, one, options, self._zone)
            async with self.reading(id_).rows(options.form, after=skip, terms=terms) as rows:
                if not await self._batches(one, rows):
                    return
        except (Unreadable, Unsealable, OSError, Refusal) as problem:
            error = str(problem)
        await self._end(id_, error)

    async def _end(self, id_: str, error: str) -> None:
        ended = await self._store.write(imports.end, id_, at=self._store.now(), error=error)
        if ended:
            log.info("import ended", id=id_, state=ended.state, bad=ended.bad, error=error)
            self._show(ended)

    async def _batches(self, one: Import, rows: AsyncIterator[Row]) -> bool:
        """Whether the file is at its end; false when the import was stopped."""
        checking, seen = one.state is State.CHECKING, set[Hashable]()
        size, most, shown_at, done = FEWEST, imports.KINDS[one.kind].most, 0.0, one.done
        while some := await _some(rows, size):
            outcome, took, spent = await self._batch(one.id, done, some, seen)
            if outcome is None:
                if left := await self._store.read(imports.known, one.id):
                    self._show(left[0])
                return False
            done = outcome.one.done
            if checking:
                seen |= outcome.seen
            now = time.monotonic()
            if now - shown_at >= SHOWN_EVERY_S:
                shown_at = now
                self._show(outcome.one)
            size = max(FEWEST, min(most, int((size + spent.fits(size)) / 2)))
            await self._rest(took)
        return True

    async def _rest(self, took: float) -> None:
        """Leave the store to others after a batch that took so long."""
        await asyncio.sleep(took * REST)

    async def _batch(
        self, id_: str, done: int, some: list[Row], seen: set[Hashable]
    ) -> tuple[Outcome | None, float, "Spent"]:
        """One batch, how long it took, and what was spent on it: to wait for others, and for the disk in the
        end, is no reason for shorter ones. However long the database is away: a write that was given up may
        still come, and how far the import is says whether it did."""
        ran: list[Outcome] = []
        spent = Spent(worked_s=0.0, held_s=0.0)

        def work(db: Connection) -> Outcome | None:
            nonlocal spent
            worked, held = time.thread_time(), time.monotonic()
            outcome = import_batches.carry_out(
                db, id_, done, some, at=self._store.now(), zone=self._zone, seen=seen
            )
            if outcome:
                ran.append(outcome)
            spent = Spent(worked_s=time.thread_time() - worked, held_s=time.monotonic() - held)
            return outcome

        while True:
            began = time.monotonic()
            try:
                outcome = await self._store.write(work)
                took = time.monotonic() - began
                if outcome is None and ran:
                    found = await self._store.read(imports.known, id_)
                    if found and found[0].state in BUSY and found[0].done == done + len(some):
                        outcome = replace(ran[-1], one=found[0])
            except StoreUnavailable:
                await asyncio.sleep(AGAIN_S)
            else:
                return outcome, took, spent


async def _some(rows: AsyncIterator[Row], count: int) -> list[Row]:
    found: list[Row] = []
    async for row in rows:
        found.append(row)
        if len(found) >= count:
            break
    return found
