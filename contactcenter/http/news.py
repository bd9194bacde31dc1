"""News: which records changed, for the pages of those who see them, as soon as it is committed.

The writer says that something was committed, and what that was is read in the outbox, some at a time. Who is
told of a record is the store's to say (`crm/news.py`). Nothing of contents is told: a page that shows the
record asks for it, and gets what its reader may see.

What a look costs is bounded, however much is written: after each it rests for a multiple of what it took, and
whoever sees many that changed at once, as in an import, is told so by one hint, and seldom.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from contactcenter.crm import news, outbox
from contactcenter.crm.access import Kind, Reader
from contactcenter.crm.errors import StoreUnavailable
from contactcenter.crm.news import HINTED, Changed
from contactcenter.crm.store import Store
from contactcenter.http.live import LiveModel

PACE_S = 0.3
"""How long a change waits for company."""
REST = 20.0
"""For how long a look is followed by none, in multiples of what it took: 5 % of the time, at most."""
AGAIN_S = 5.0
"""After the store could not be asked."""
ROWS = 1000
"""Events that one look deals with."""
FEW = 50
"""Records of a kind that are told one by one; more of them are many."""
SAMPLE = 500
"""Of many, the newest so many say who sees any of them."""
MANY_S = 30.0
"""How often it is told that there are many new ones of a kind."""

log = structlog.get_logger(__name__)


class News:
    """The one task that tells: `start` it when the server starts, `stop` it before the store closes."""

    def __init__(self, store: Store, live: LiveModel, agreed: Callable[[], None]) -> None:
        """`agreed` is told when appointments may have changed: many are kept by calls, and by no page."""
        self._store = store
        self._live = live
        self._agreed = agreed
        self._unseen = False
        """Whether something changed while nobody was told of it."""
        self._committed = asyncio.Event()
        self._over = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._seq = 0
        self._many: dict[Kind, deque[str]] = {kind: deque(maxlen=SAMPLE) for kind in HINTED}
        self._many_at = dict.fromkeys(HINTED, float("-inf"))

    async def start(self) -> None:
        """Tell of what is committed from now on."""
        self._seq = await self._store.read(outbox.last_seq)
        self._store.follow(self._committed.set)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Tell nothing more. A look is let end: to cancel a query would cost its connection."""
        self._over.set()
        self._committed.set()
        if self._task:
            await self._task

    async def _run(self) -> None:
        while not self._over.is_set():
            await self._wait()
            await self._rest(PACE_S)
            if self._over.is_set():
                return
            self._committed.clear()
            began = time.monotonic()
            try:
                await self._look()
            except StoreUnavailable as error:
                log.warning("what changed can't be read", error=str(error))
                self._committed.set()
                await self._rest(AGAIN_S)
            except Exception:  # a bug of ours must not end all news to come
                log.exception("the news stumbled")
                await self._rest(AGAIN_S)
            await self._rest((time.monotonic() - began) * REST - PACE_S)

    async def _rest(self, seconds: float) -> None:
        """So long, or until it is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._over.wait()

    async def _wait(self) -> None:
        """Until something is committed, or many that wait are to be told of."""
        due = min((self._many_at[kind] + MANY_S for kind, some in self._many.items() if some), default=None)
        left = None if due is None else max(0.0, due - time.monotonic())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                await self._committed.wait()

    async def _look(self) -> None:
        """Read on, and tell whoever has a page."""
        if not self._live.streams:
            self._seq = await self._store.read(outbox.last_seq)
            self._unseen = True
            for waiting in self._many.values():
                waiting.clear()
            return
        rows = await self._store.read(outbox.since, self._seq, ROWS)
        found = Changed()
        for row in rows:
            if row.event == news.IMPORTED:
                self._many[Kind.CUSTOMER].append(row.record_id)
            else:
                found.add(row)
        many = self._take_many(found)
        if many or found.before or any(found.touched.values()):
            readers = {login: stream.reader for login, stream in self._live.streams.items()}
            hints = await self._store.read(news.hints, self._as_seeing(readers, found), found, many)
            for login, told in hints.items():
                self._live.hint(readers[login], told)
        if self._unseen or any(row.kind == Kind.APPOINTMENT for row in rows):
            self._unseen = False
            self._agreed()
        if rows:
            self._seq = rows[-1].seq
        if len(rows) == ROWS:
            self._committed.set()

    def _take_many(self, found: Changed) -> dict[Kind, list[str]]:
        """Those of which it is told now that there are many; what is too many to be told one by one is moved
        there."""
        now = time.monotonic()
        for kind, some in found.touched.items():
            if len(some) > FEW:
                self._many[kind].extend(some)
                some.clear()
        due = {
            kind: list(some)
            for kind, some in self._many.items()
            if some and now >= self._many_at[kind] + MANY_S
        }
        for kind in due:
            self._many[kind].clear()
            self._many_at[kind] = now
        return due

    def _as_seeing(self, readers: Mapping[str, Reader], found: Changed) -> list[Reader]:
        """The readers, with those customers of the calls that they have just now of which there is news."""
        of = {customer for some in found.touched.values() for customer in some.values()}
        return [
            replace(reader, attending=attending)
            if (attending := self._live.attending(login) & of)
            else reader
            for login, reader in readers.items()
        ]
