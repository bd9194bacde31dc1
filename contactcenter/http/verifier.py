"""The verifier: follows the audit log's chain of hashes in the background, a few rows at a time.

A log of a year has millions of rows, and the store's Python runs in the loop that carries the calls: so it
rests as long as it worked.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from contactcenter.crm import audit
from contactcenter.crm.audit import Chain
from contactcenter.crm.errors import StoreUnavailable
from contactcenter.crm.store import Store
from contactcenter.values import AuditEntry, frozen

ROWS = 200
"""At a time."""

log = structlog.get_logger(__name__)


@frozen
class Verification:
    """How a check of the audit log went, or how far it is."""

    state: str = "never"
    """`never` since the server started, `running`, `sound`, `broken`, `unclear` when the store was away."""
    rows: int = 0
    """How many are as they were written."""
    of: int = 0
    """How many there are."""
    broken: int | None = None
    """The number of the first row that is not as it was written, or is missing."""
    hash: str = ""
    """The last sound row's: kept elsewhere with its number, it shows whether rows were cut off later."""
    login: str = ""
    at: float = 0.0
    """When it began, or when it was over."""


class Verifier:
    """Checks one at a time; `last` is how the last one went, or the one that is going on."""

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self.last = Verification()
        self._store = store
        self._now = now
        self._task: asyncio.Task[None] | None = None

    def start(self, login: str) -> Verification:
        """Begin, unless one is going on."""
        if self.last.state != "running":
            self.last = Verification(state="running", login=login, at=self._now())
            self._task = asyncio.create_task(self._run(login), name="verifier")
        return self.last

    async def stop(self) -> None:
        """Leave off."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, login: str) -> None:
        chain = Chain()
        try:
            of = await self._store.read(audit.count)
            while not chain.whole and chain.broken is None:
                began = time.monotonic()
                chain = await self._store.read(audit.follow, chain, ROWS)
                of = max(of, chain.rows)
                self.last = self._as_it_is("running", chain, of, login)
                await asyncio.sleep(time.monotonic() - began)
            state = "sound" if chain.broken is None else "broken"
            detail = {"rows": chain.rows, "broken": chain.broken, "hash": chain.hash}
            entry = AuditEntry(
                at=self._now(), login=login, act="verify", kind="audit", object="", detail=detail
            )
            await self._store.write(audit.write, entry)
            self.last = self._as_it_is(state, chain, of, login)
        except StoreUnavailable:
            self.last = self._as_it_is("unclear", chain, chain.rows, login)
        if chain.broken is not None:
            log.error("the audit log is not as it was written", row=chain.broken)

    def _as_it_is(self, state: str, chain: Chain, of: int, login: str) -> Verification:
        return Verification(
            state=state, rows=chain.rows, of=of, broken=chain.broken, hash=chain.hash, login=login,
            at=self._now(),
        )  # fmt: skip
