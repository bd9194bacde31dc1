"""The store: the center's memory, and the pages' way to read and write it.

To the center it is an edge: `carry` takes commands and returns at once, answers come as events by `tell`.
The pages' code runs a noun's function in a transaction: `await store.read(cards.get, id)`,
`await store.write(customers.change, id, change, at=store.now())`. One object per database and process.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoReaderFree

from contactcenter.commands import (
    Command,
    CorrectDisposition,
    FindCustomer,
    KeepAttempt,
    ReserveLeads,
    ReturnLeads,
    SaveAttempt,
    SaveAudit,
    SaveCallback,
    SaveCampaignState,
    SaveDoNotCall,
    SaveInteraction,
    SaveIntervals,
    SaveRecording,
)
from contactcenter.crm import (
    attempts,
    callbacks,
    campaigns,
    engines,
    hopper,
    idempotency,
    indexing,
    interactions,
    intervals,
    matching,
    roles,
    sealing,
    settings,
)
from contactcenter.crm.database import Database
from contactcenter.crm.errors import Refusal, StoreRefused, StoreUnavailable
from contactcenter.crm.journal import Journal
from contactcenter.crm.phone_numbers import with_extension
from contactcenter.crm.place import Place
from contactcenter.crm.sealing import Sealing
from contactcenter.crm.writer import Writer
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.permission import Refusal as NotDialled
from contactcenter.events import (
    AttemptRefused,
    AttemptSaved,
    AttemptsRestored,
    CallbacksRestored,
    CampaignsRestored,
    CustomerFound,
    DoNotCallSaved,
    Event,
    InteractionsRestored,
    LeadsReserved,
)
from contactcenter.values import CustomerCard, IntervalRow, MatchMethod

P = ParamSpec("P")
T = TypeVar("T")

FIND_S = 1.0
"""A caller's record that takes longer than this comes too late for the pop: nobody may wait for it."""

INDEX_SHARE_S, INDEX_REST, INDEX_FEWEST = 0.06, 0.25, 10
"""How long a piece of making the search box's index anew is to take, for which part of that the store is left
alone afterwards, and how many records are the least."""
AGAIN_S = 0.5
"""When to ask the database again for what a call waits for, after it took nothing."""
INDEX_AGAIN_S = 5.0
"""When to go on with the search box's index, after the database took nothing."""

log = structlog.get_logger(__name__)


class Store:
    """An open database, made by `Store.open`. Close it in a `finally`: its threads would keep the process."""

    def __init__(
        self,
        *,
        writer: Writer,
        database: Database,
        journal: Journal,
        tell: Callable[[Event], None],
        now: Callable[[], float],
        drift: Callable[[], float],
        region: str,
        keys: Sealing,
    ) -> None:
        self.now = now
        """The clock that the store was given: seconds since the epoch, UTC."""
        self._drift = drift
        self.sealing = keys
        """The keys of personal data."""
        self._writer = writer
        self._database = database
        self._writing, self._reading = database.writing, database.reading
        self._journal = journal
        self._tell = tell
        self.region = region
        """Whose dialling habits numbers without a country code follow."""
        self._closed = False
        self._rows: dict[tuple[int, str, str], IntervalRow] = {}
        """What the figures counted and the database did not take yet."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._indexing: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        place: Place,
        *,
        tell: Callable[[Event], None],
        now: Callable[[], float],
        drift: Callable[[], float] = lambda: 0.0,
        region: str = "CN",
        journal_bytes: int = 8 << 20,
        key: Path | None = None,
    ) -> "Store":
        """Open the database (a SQLite file is made if there is none), migrate it, and tell `FiguresRestored`,
        `CallbacksRestored`, `CampaignsRestored`, `AttemptsRestored` and `InteractionsRestored` (even if
        empty).

        Beside the file, or where it would be, stand `….journal` (pre-allocated) and `….lock`. `region` is
        whose dialling habits callers' numbers follow. `key` is the file with the key of personal data
        (`sealing.py`), else `….key`. `drift`: how far `now` is from the machine's clock by now, in seconds:
        while it is far, nobody is dialled. Raises `StoreRefused` (damaged, in use, newer than this program, a
        server that won't do), `StoreUnavailable` (the disk is full, another program holds the database, the
        server is away), OSError (no such folder, no right).
        """
        opened = engines.of(place)
        journal = None
        writer = None
        try:
            await opened.take()
            journal = await asyncio.to_thread(Journal, opened.journal, journal_bytes)
            try:
                await opened.migrate()
                async with opened.writing.begin() as db:
                    await db.run_sync(indexing.begin)
                    await db.run_sync(settings.put, "region", region)
                    await db.run_sync(roles.ensure)
                    await db.run_sync(hopper.give_all_back)
                    known = await db.run_sync(sealing.known_keys)
                file = key or opened.journal.with_suffix(".key")
                keys = await asyncio.to_thread(sealing.load, file, known)
                opened.writing = opened.writing.execution_options(**{sealing.OPTION: keys})
                opened.reading = opened.reading.execution_options(**{sealing.OPTION: keys})
                writer = Writer(opened, journal)
                await writer.open()
                store = cls(
                    writer=writer, database=opened, journal=journal, tell=tell, now=now, drift=drift,
                    region=region, keys=keys,
                )  # fmt: skip
                await store.settled()
                store._indexing = store._started(store._index())
                tell(await store.read(intervals.restored, now()))
                tell(CallbacksRestored(at=now(), records=await store.read(callbacks.unfinished)))
                tell(CampaignsRestored(at=now(), campaigns=await store.read(campaigns.running, now())))
                open_ones = await store.read(attempts.unfinished)
                newest = await store.read(attempts.newest)
                tell(AttemptsRestored(at=now(), records=open_ones, newest=newest))
                tell(InteractionsRestored(at=now(), records=await store.read(interactions.unfinished)))
            except DBAPIError as error:
                raise StoreUnavailable(f"{opened.name} can't be written: {error.orig}") from error
        except BaseException:
            if writer:
                await writer.close(0)
            await opened.give_back(clean=False)
            if journal:
                journal.close()
            raise
        return store

    async def close(self, seconds: float = 3.0) -> None:
        """Write what is left, for so long at most (the journal keeps the rest), and give everything back."""
        if self._closed:
            return
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._rows:
            self._save_rows(())
        clean = False
        try:
            await self._reading.dispose()
            clean = await self._writer.close(seconds)
        finally:
            self._journal.close()
            await self._database.give_back(clean=clean)

    def carry(self, command: Command) -> None:
        """Carry out a command of the center: `FindCustomer`, `SaveIntervals`, `ReserveLeads`, `SaveAttempt`,
        or one of `saved.Saved`.

        Never waits and never raises for the database's sake. Raises TypeError for another edge's command.
        """
        match command:
            case SaveInteraction() | CorrectDisposition() | SaveAudit() | SaveCallback() | SaveRecording():
                self._writer.carry(command)
            case KeepAttempt() | SaveCampaignState() | ReturnLeads():
                self._writer.carry(command)
            case SaveDoNotCall():
                self._writer.carry(command)
                self._started(self._say_written(command.attempt))
            case ReserveLeads():
                self._started(self._reserve(command))
            case SaveAttempt(record=record):
                self._started(self._begin(record))
            case SaveIntervals(rows=rows):
                self._save_rows(rows)
            case FindCustomer():
                self._started(self._answer(command))
            case _:
                raise TypeError(f"not for the store: {type(command).__name__}")

    async def read(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a noun's reading function on one consistent state of the database.

        Raises what it raises, and `StoreUnavailable` when the database can't be read.
        """
        work = partial(_call, query, args, kwargs)
        try:
            try:
                return await self._read(work)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                return await self._read(work)  # the server was away since the last time; it may be back
        except NoReaderFree as error:
            raise StoreUnavailable("too many wait for the database") from error
        except StoreRefused as error:  # what was true at the start is not any more: no reason to end
            raise StoreUnavailable(str(error)) from error
        except DBAPIError as error:
            raise StoreUnavailable(f"the database can't be read: {error.orig}") from error
        except TimeoutError as error:
            raise StoreUnavailable("the database does not answer") from error

    async def write(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a noun's writing function, all or nothing; returns after its commit is on the disk.

        Raises what it raises, and `StoreUnavailable` after 5 s (the write may still happen, see there). It
        must depend on the connection and its arguments only: after a failed commit it is run again. Inside a
        request with an idempotency key the key is claimed with it.
        """
        bound: Callable[[Connection], T] = partial(_call, work, args, kwargs)
        claim = idempotency.claim.get()
        result: T = await self._writer.submit(claim.first(bound) if claim else bound)
        return result

    def note(
        self, work: Callable[Concatenate[Connection, P], object], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Like `write`, for what nobody waits for or misses: it is dropped when the database is away."""
        answer = self._writer.submit(partial(_call, work, args, kwargs))
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())

    def follow(self, told: Callable[[], None]) -> None:
        """Call this after each commit, from now on: on the loop, so it must not wait. What is new is in the
        outbox."""
        self._writer.committed = told

    async def settled(self) -> None:
        """Wait until everything carried so far is committed. Raises `StoreUnavailable` after 5 s."""
        await self._writer.submit(lambda _: None)

    async def indexed(self) -> None:
        """Wait until the search box's index is as this program makes it."""
        if self._indexing:
            await asyncio.wait({self._indexing})

    async def find_customer(self, number: str) -> tuple[CustomerCard, ...]:
        """Who has this telephone number, in whichever form it came: the best match first."""
        try:
            whole, extension = with_extension(number, self.region)
        except Refusal:
            return ()
        return await self.read(matching.by_phone, whole, extension)

    def health(self) -> dict[str, bool | int | str]:
        """How the store is, for `/readyz` and an alarm.

        `degraded`: the database takes no writes, for the reason `error`; records wait in memory (`waiting`)
        and in the journal, or, if `unsaved`, in memory only. `lost` records found no room at all, `rejected`
        ones the database refused (both are in the log in full), `second_finals` came after the final record.
        """
        return self._writer.health()

    async def _read(self, work: Callable[[Connection], T]) -> T:
        async with self._reading.connect() as db, db.begin():
            return await db.run_sync(work)

    def _save_rows(self, rows: tuple[IntervalRow, ...]) -> None:
        """Write the rows, and with them those for which the database had no time before.

        They need no journal: after a crash they are counted again from the records.
        """
        self._rows |= {(row.start, row.kind, row.name): row for row in rows}
        written = self._writer.submit(partial(intervals.save, rows=tuple(self._rows.values())))
        self._rows, rows_of = {}, self._rows

        def done(answer: asyncio.Future[Any]) -> None:
            if answer.cancelled() or answer.exception():
                self._rows = rows_of | self._rows

        written.add_done_callback(done)

    async def _answer(self, asked: FindCustomer) -> None:
        found: tuple[CustomerCard, ...] = ()
        if asked.customer:
            search = self._started(self.read(matching.known, asked.customer, asked.method))
        else:
            search = self._started(self.find_customer(asked.number))
        # Not cancelled when late: a cancelled query costs its connection, just when all are busy.
        await asyncio.wait((search,), timeout=FIND_S)
        try:
            if search.done():
                found = search.result()
            else:
                log.warning("the caller's record came too late", call=asked.call)
                search.add_done_callback(lambda done: done.cancelled() or done.exception())
        except Exception:  # whatever it is: the caller's pop waits for an answer
            log.exception("the caller's record can't be read", call=asked.call)
        method = asked.method if found or asked.customer else MatchMethod.NONE
        self._tell(CustomerFound(at=self.now(), call=asked.call, method=method, customers=found))

    async def _reserve(self, command: ReserveLeads) -> None:
        """Answered whatever happens: the center asks again."""
        leased, at = hopper.Leased(), self.now()
        try:
            leased = await self.write(hopper.lease, command.campaign, command.many, at, self._drift())
        except StoreUnavailable as error:
            log.warning("no leads can be leased", campaign=command.campaign, why=str(error))
            self._started(self._take_back(command.campaign, at))  # it may have been written all the same
        except Exception:  # whatever it is: one campaign's bad data must not stop the store
            log.exception("no leads can be leased", campaign=command.campaign)
        self._tell(
            LeadsReserved(
                at=self.now(), campaign=command.campaign, leads=leased.leads, refusal=leased.refusal
            )
        )

    async def _take_back(self, campaign: str, leased_at: float) -> None:
        while True:
            try:
                await self.write(hopper.take_back, campaign, leased_at)
            except StoreUnavailable:
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _begin(self, record: AttemptRecord) -> None:
        """Asked until there is an answer: when nobody knows whether it was written, the next time says so."""
        while True:
            try:
                begun = await self.write(attempts.begin, record, self.now(), self._drift())
            except StoreUnavailable:
                await asyncio.sleep(AGAIN_S)
            except Exception:  # whatever it is: nothing was written, so nobody is called
                log.exception("an attempt can't be written", attempt=record.id)
                begun = attempts.Begun(record=record, refusal=NotDialled.NOT_DUE)
                break
            else:
                break
        at = self.now()
        if begun.refusal is not None:
            self._tell(AttemptRefused(at=at, attempt=record.id, refusal=begun.refusal, due_at=begun.due_at))
            return
        shows = begun.record.shows
        self._tell(AttemptSaved(at=at, attempt=record.id, shows="" if shows == record.shows else shows))

    async def _say_written(self, attempt: str) -> None:
        """Who asked not to be called is told so when it is on the disk."""
        while True:
            try:
                await self.settled()
            except StoreUnavailable:
                await asyncio.sleep(AGAIN_S)
            else:
                break
        self._tell(DoNotCallSaved(at=self.now(), call=attempt))

    async def _index(self) -> None:
        """Make the search box's index anew where another version of this program made it: in small pieces,
        nobody waits for it, and those who write hardly notice."""
        at_once = INDEX_FEWEST
        while True:
            try:
                if not await self.read(indexing.progress):
                    return
                began = time.monotonic()
                await self.write(indexing.rebuild, at_once)
            except StoreUnavailable:
                await asyncio.sleep(INDEX_AGAIN_S)
            else:
                took = time.monotonic() - began
                fits = at_once * INDEX_SHARE_S / max(took, 0.001)
                at_once = max(INDEX_FEWEST, min(indexing.BATCH, int((at_once + fits) / 2)))
                await asyncio.sleep(took * INDEX_REST)

    def _started(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # the loop itself holds its tasks weakly
        task.add_done_callback(self._tasks.discard)
        return task


def _call(
    function: Callable[Concatenate[Connection, P], T], args: tuple[object, ...], kwargs: dict[str, object],
    db: Connection,
) -> T:  # fmt: skip
    return function(db, *args, **kwargs)  # type: ignore[arg-type]  # the callers' P, which partial forgets
