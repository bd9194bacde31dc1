"""The one writer: everything that is written passes through one task, in order, many things in one commit.

Its law: every item has a number, and the batch that carries it out writes that number in the same
transaction, under the journal's name. So a retry after an unclear commit, and the journal's replay after a
crash, do each thing once, also when another center had the database meanwhile.

A page's write that is refused is its own affair: its batch runs once more at most, however many are refused.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from contactcenter.crm import saved, settings
from contactcenter.crm.database import Database
from contactcenter.crm.errors import StoreUnavailable
from contactcenter.crm.journal import Journal
from contactcenter.crm.saved import Saved

BATCH = 200
WINDOW_S = 0.1
"""How long a command waits for company, if no page waits for its own write to be committed. An interaction is
saved at each step, and only the newest state of a batch is written: a tenth of a second spares most."""
PATIENCE_S = 5.0
"""How long a page waits for its write."""
CAPACITY = 50_000
"""Items in memory; with the database away for hours, what comes beyond is counted as lost."""
CAREFUL = 100
"""After a refusal each page's write of so many batches can be undone by itself. That doubles what a small one
costs, and is left off while nothing is refused."""
_BACKOFF_S = (0.1, 0.25, 0.5, 1.0)
_LOOK_S = 1.0
"""How often, while an answer of the database is due, what waits meanwhile is put into the journal."""

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Item:
    number: int
    command: Saved | None = None
    work: Callable[[Connection], Any] | None = None
    answer: asyncio.Future[Any] | None = None

    @property
    def wanted(self) -> bool:
        """Whether it is still to be done: a page that waited may have gone, or been told of a failure."""
        return self.answer is None or not self.answer.done()

    def answer_with(self, outcome: Any) -> None:
        """Tell who waits, if anyone still does."""
        if self.answer is None or self.answer.done():
            return
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class _Refused(Exception):
    """A page's write raised where it could not be undone by itself: the batch begins again, carefully."""

    def __init__(self, item: _Item, error: Exception) -> None:
        super().__init__(str(error))
        self.item = item
        self.error = error


class Writer:
    """Queues, commits in groups, and outlives the database's bad times."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._engine = database.writing
        self._outage = database.outage
        self._journal = journal
        self._name = f"applied {journal.name}".rstrip()  # of the setting that has the last number
        self._db: AsyncConnection | None = None
        self._queue: deque[_Item] = deque()
        self._number = 0
        self._applied = 0  # the number of the last item that is in the database
        self._journaled = 0  # the number of the last command that is in the journal
        self._singly = 0  # so many items are to be tried one by one, because one of them fails all others
        self._careful = 0  # for so many batches there is a savepoint for each page's write
        self._arrived = asyncio.Event()
        self._go = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self.committed: Callable[[], None] = lambda: None
        """Called after each commit: the one place where it is known that there is something new to read."""
        self._error = ""
        self._lost = self._rejected = self._refused = 0
        self._unsaved = False

    async def open(self) -> None:
        """Start, with what the journal kept from the last run first."""
        async with self._engine.connect() as db, db.begin():
            self._applied = int(await db.run_sync(settings.get, self._name, "0"))
        kept = await asyncio.to_thread(self._journal.entries)
        self._queue.extend(_Item(number, command) for number, command in kept if number > self._applied)
        self._number = max(self._applied, *(number for number, _ in kept)) if kept else self._applied
        self._journaled = self._number if kept else 0
        self._task = asyncio.create_task(self._run(), name="store writer")
        self._wake(urgent=bool(self._queue))

    def carry(self, command: Saved) -> None:
        """Write this soon. Never waits and never raises."""
        if len(self._queue) >= CAPACITY or self._closing:
            self._lost += 1
            log.critical("record lost: the store has no room for it", command=command)
            return
        self._number += 1
        self._queue.append(_Item(self._number, saved.storable(command)))
        self._wake(urgent=len(self._queue) >= BATCH)

    def submit(self, work: Callable[[Connection], Any]) -> asyncio.Future[Any]:
        """Do this in a transaction; the future has its result after the commit, or its exception.

        `StoreUnavailable` when the database doesn't take it within `PATIENCE_S`.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        if len(self._queue) >= CAPACITY or self._closing:
            answer.set_exception(StoreUnavailable("the store takes no more writes"))
            return answer
        timer = loop.call_later(PATIENCE_S, _give_up, answer)
        answer.add_done_callback(lambda _: timer.cancel())
        self._number += 1
        self._queue.append(_Item(self._number, work=work, answer=answer))
        self._wake(urgent=True)
        return answer

    async def close(self, seconds: float = 3.0) -> bool:
        """Write what is left, for so long at most; the journal keeps the rest. True when nothing is left."""
        self._closing = True
        self._wake(urgent=True)
        if self._task:
            done, _ = await asyncio.wait({self._task}, timeout=seconds)
            if not done:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
                await self._keep()
        for item in self._queue:
            item.answer_with(StoreUnavailable("the store was closed"))
        await self._disconnect()
        return not self._queue

    def health(self) -> dict[str, bool | int | str]:
        """How writing goes; see `Store.health`."""
        return {
            "degraded": bool(self._error),
            "error": self._error,
            "waiting": len(self._queue),
            "unsaved": self._unsaved,
            "lost": self._lost,
            "rejected": self._rejected,
            "second_finals": self._refused,
        }

    def _wake(self, *, urgent: bool) -> None:
        self._arrived.set()
        if urgent:
            self._go.set()

    async def _run(self) -> None:
        while await self._gather():
            try:
                await self._commit(list(islice(self._queue, 1 if self._singly else BATCH)))
            except Exception as error:  # a bug of ours: said aloud, and no reason to stop writing for ever
                log.exception("the store's writer stumbled")
                self._error = f"{type(error).__name__}: {error}"
                await asyncio.sleep(_BACKOFF_S[-1])

    async def _gather(self) -> bool:
        """Wait until there is something to write; false when there is nothing more to come."""
        while not self._queue:
            if self._closing:
                return False
            self._arrived.clear()
            await self._arrived.wait()
        if not self._singly:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._go.wait(), WINDOW_S)
        if len(self._queue) <= BATCH and not self._closing:
            self._go.clear()
        return True

    async def _commit(self, batch: list[_Item]) -> None:
        """Carry out the batch, however long it takes, and take it off the queue."""
        outcomes: dict[_Item, Any] = {}
        tries = 0
        # In a bad time also when nobody waits any more: only an answer of the database ends it.
        while self._error or any(item.wanted for item in batch):
            try:
                self._refused += await self._attempt(batch, outcomes, doubt=tries > 0)
                self._careful = max(0, self._careful - 1)
                break
            except _Refused as refused:
                if len(batch) > 1:
                    self._careful = CAREFUL
                else:
                    refused.item.answer_with(refused.error)
            except Exception as error:
                if not self._outage(error):
                    if len(batch) > 1:
                        self._singly = len(batch)
                        return
                    self._rejected += 1
                    log.critical(
                        "record rejected by the database", command=batch[0].command, error=str(error)
                    )
                    break
                tries += 1
                if tries > 1:  # the first retry comes at once, on a new connection
                    await self._endure(error, _BACKOFF_S[min(tries - 2, len(_BACKOFF_S) - 1)])
        for item in batch:
            self._queue.popleft()
            item.answer_with(outcomes.get(item))
        self._applied = batch[-1].number
        self._singly = max(0, self._singly - 1)
        self.committed()
        await self._recovered()

    async def _attempt(self, batch: list[_Item], outcomes: dict[_Item, Any], *, doubt: bool) -> int:
        attempt = asyncio.ensure_future(self._transact(batch, outcomes, doubt=doubt))
        began = asyncio.get_running_loop().time()
        try:
            while not (await asyncio.wait((attempt,), timeout=_LOOK_S))[0]:
                await self._keep()
                if asyncio.get_running_loop().time() - began > PATIENCE_S and not self._error:
                    self._error = f"no answer for {PATIENCE_S:g} s"
                    log.error("the database does not answer; records wait in the journal")
        except asyncio.CancelledError:
            attempt.cancel()
            await asyncio.gather(attempt, return_exceptions=True)
            raise
        return attempt.result()

    async def _transact(self, batch: list[_Item], outcomes: dict[_Item, Any], *, doubt: bool) -> int:
        try:
            if self._db is None:
                self._db = await self._engine.connect()
            async with self._db.begin():
                return await self._db.run_sync(self._apply, batch, outcomes, doubt)
        except _Refused:
            raise
        except BaseException:
            # After a failed commit nothing of this connection is to be trusted, least of all its descriptor.
            await self._disconnect()
            raise

    def _apply(self, db: Connection, batch: list[_Item], outcomes: dict[_Item, Any], doubt: bool) -> int:
        """One transaction's worth, the center's records first; fills `outcomes`.

        Answers how many records came after their final one.
        """
        if doubt and int(settings.get(db, self._name, "0")) >= batch[-1].number:
            return 0  # the commit that seemed to fail did happen, with the outcomes as they stand
        outcomes.clear()
        refused = saved.write(db, [item.command for item in batch if item.command])
        for item in batch:
            if item.work is None or not item.wanted:
                continue
            try:
                with db.begin_nested() if self._careful else contextlib.nullcontext():
                    outcomes[item] = item.work(db)
            except Exception as error:
                if self._outage(error):
                    raise
                if not self._careful:
                    raise _Refused(item, error) from error
                outcomes[item] = error
                self._careful = CAREFUL
        settings.put(db, self._name, str(batch[-1].number))
        return refused

    async def _disconnect(self) -> None:
        if self._db is not None:
            db, self._db = self._db, None
            with contextlib.suppress(Exception):
                await db.invalidate()
            with contextlib.suppress(Exception):
                await db.close()

    async def _endure(self, error: Exception, seconds: float) -> None:
        """Keep what waits in the journal, and what arrives, until it is time to try again."""
        if not self._error:
            log.error("the database takes no writes; records wait in the journal", error=str(error))
        self._error = str(getattr(error, "orig", None) or error)
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0:
            self._arrived.clear()
            await self._keep()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), left)
            if self._closing:
                break
        if self._closing:
            await asyncio.sleep(0.05)  # `_arrived` is no longer a reason to hurry

    async def _keep(self) -> None:
        """Append to the journal what isn't in it yet."""
        fresh = [
            (item.number, item.command)
            for item in self._queue
            if item.command and item.number > self._journaled
        ]
        if not fresh:
            return
        try:
            await asyncio.to_thread(self._journal.append, fresh)
        except Exception as error:  # no room, or a record that JSON can't hold
            if not self._unsaved:
                log.critical("records are in memory only: the journal took none", error=str(error))
            self._unsaved = True
        else:
            self._journaled = fresh[-1][0]
            self._unsaved = False

    async def _recovered(self) -> None:
        if self._error:
            log.warning("the database takes writes again", waiting=len(self._queue))
            self._error = ""
            self._unsaved = False
        if self._journaled and self._applied >= self._journaled:
            try:
                await asyncio.to_thread(self._journal.reset)
            except OSError as error:
                # Harmless: its entries are numbered, and none will be carried out twice.
                log.warning("the journal can't be emptied", error=str(error))
            self._journaled = 0


def _give_up(answer: asyncio.Future[Any]) -> None:
    if not answer.done():
        answer.set_exception(StoreUnavailable("the database doesn't take writes at present"))
