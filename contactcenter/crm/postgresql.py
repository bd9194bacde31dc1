"""A database of a PostgreSQL server: held by one center through a lock that its writing connection owns.

Whoever writes holds the lock, because the lock lives and ends with the connection that writes: two centers
can't write by turns, and after a commit whose outcome is unknown nobody looks before the old connection, and
with it that commit, has come to its end.
"""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import structlog
from sqlalchemy import Connection, String, text
from sqlalchemy.dialects.postgresql.asyncpg import AsyncpgString
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from contactcenter.crm import migrations
from contactcenter.crm.database import Database
from contactcenter.crm.errors import StoreRefused, StoreUnavailable
from contactcenter.crm.place import Server
from contactcenter.crm.text import inert
from contactcenter.values import frozen

try:
    import asyncpg
except ImportError:  # an extra
    asyncpg = None

T = TypeVar("T")

OLDEST = 15
READERS = 5
_LOCK = (0x636F6E74, 0x63656E74)
"""Of all advisory locks of the database, the center's."""
_CONNECT_S = 5.0
_LOCK_S = 3.0
"""How long to wait for the lock: a connection that was just lost may be about to let go of it."""
_PATIENCE_S = 30
"""After so long the server gives a statement up …"""
_ANSWER_S = 40.0
"""… and after so long without an answer we give the connection up."""
_SILENCE_S = 10
"""After so long without a sign of life the other end of a connection is taken for dead, on both ends."""

_OURS = ("0A", "21", "22", "23", "42", "44", "P0")
"""Classes of SQLSTATE that are the fault of what was sent."""
_THEIRS = ("42501", "42P01", "42703", "42883", "42704")
"""Of these, what somebody did to the database meanwhile: rights, tables, columns, functions, types gone."""

log = structlog.get_logger(__name__)


@frozen
class Facts:
    """What a server says of itself and of our database."""

    version: int
    """150004 is 15.4."""
    encoding: str
    collation: str
    """`C` when texts are ordered and compared by their bytes; else what the database was created with."""
    standby: bool
    read_only: bool
    may_create: bool
    schema: str
    """Where tables are made; empty: nowhere."""
    owner: str
    user: str
    database: str
    local: bool
    """Whether the connection does not leave this machine."""
    encrypted: bool
    max_connections: int
    reserved: int
    synchronous_commit: str
    fsync: bool
    full_page_writes: bool


class PostgresDatabase(Database):
    """One database of a server. `….lock` stands beside the journal, so that no two share that either."""

    def __init__(self, server: Server) -> None:
        """Raises `StoreRefused` where the driver is not installed."""
        if asyncpg is None:
            raise StoreRefused(
                f"{server.name} needs the package asyncpg: pip install 'contactcenter[postgres]'"
            )
        super().__init__(server.beside, server.name)
        self._server = server
        self._token = uuid4().hex[:12]
        self.writing = self._engine(self._connect_writer, size=1)
        self.reading = self._engine(self._connect_reader, size=READERS, reads=True)

    async def take(self) -> None:
        """Connect, take the lock, and see whether this server and database will do."""
        await asyncio.to_thread(self.hold)
        async with self.writing.connect() as db:
            facts = await db.run_sync(_facts)
        for wrong in wrongs(facts):
            raise StoreRefused(f"{self.name}: {wrong}")

    async def migrate(self) -> None:
        """All steps in one transaction, for as long as they take."""
        async with self.writing.connect() as db:
            current = await db.run_sync(migrations.is_current)
        if current:
            return
        async with self.patient() as db:
            await db.run_sync(migrations.bring_up_to_date)

    @contextlib.asynccontextmanager
    async def patient(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may take as long as it takes, on a writing connection of its own."""
        await self.writing.dispose()  # the lock goes with the connection
        engine = self._engine(partial(self._connect_writer, patient=True), size=1)
        try:
            async with engine.begin() as db:
                yield db
        finally:
            await engine.dispose()

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that reads one state, for as long as it takes; no lock is needed for that."""
        engine = self._engine(partial(self._connect, "copies", None), size=1, reads=True)
        try:
            async with engine.connect() as db, db.begin():
                yield db
        except DBAPIError as error:
            raise StoreUnavailable(f"{self.name} can't be read: {error.orig}") from error
        finally:
            await engine.dispose()

    async def peek(self, query: Callable[[Connection], T]) -> T:
        """Read the database; no lock is needed for that."""
        try:
            async with self.reading.connect() as db:
                return await db.run_sync(query)
        except DBAPIError as error:
            raise StoreUnavailable(f"{self.name} can't be read: {error.orig}") from error
        finally:
            await self.reading.dispose()

    async def facts(self) -> Facts:
        """What the server says. Raises `StoreRefused`, `StoreUnavailable`."""
        return await self.peek(_facts)

    def outage(self, error: Exception) -> bool:
        """By SQLSTATE: the driver's classes of errors say too little."""
        if not isinstance(error, DBAPIError):
            return super().outage(error)
        state = getattr(error.orig, "sqlstate", None)
        if state:
            return state[:2] not in _OURS or state in _THEIRS or "cached" in str(error.orig)
        # Without a state it never came to the server: a broken connection, or a value that can't be sent.
        return not isinstance(getattr(error.orig, "__cause__", None), ValueError)

    def _engine(self, connect: Callable[[], Any], *, size: int, reads: bool = False) -> AsyncEngine:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            isolation_level="REPEATABLE READ" if reads else "READ COMMITTED",
            execution_options={"postgresql_readonly": True} if reads else {},
            pool_size=size, max_overflow=0, pool_timeout=2.0,
        )  # fmt: skip
        dialect = engine.sync_engine.dialect
        dialect.colspecs = {**dialect.colspecs, String: _InertString}
        return engine

    async def _connect_reader(self) -> Any:
        return await self._connect("reads", _ANSWER_S)

    async def _connect_writer(self, *, patient: bool = False) -> Any:
        """A connection that holds the lock.

        Raises `StoreRefused` when another center has it; a connection of our own that we lost, and the server
        has not missed yet, is ended.
        """
        db = await self._connect("writes", None if patient else _ANSWER_S)
        try:
            if await db.fetchval("SHOW synchronous_commit") == "off":
                await db.execute("SET synchronous_commit = on")  # what is acknowledged is on the disk
            await self._take_lock(db)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            db.terminate()
            raise StoreUnavailable(f"{self.name}: {error}") from error
        except BaseException:
            db.terminate()
            raise
        return db

    async def _take_lock(self, db: Any) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _LOCK_S
        while not await db.fetchval("SELECT pg_try_advisory_lock($1, $2)", *_LOCK):
            holder = await db.fetchrow(_HOLDER, *_LOCK)
            if holder and self._token in holder["name"]:
                await db.execute("SELECT pg_terminate_backend($1)", holder["pid"])
            elif loop.time() > until:
                who = f" ({holder['name']}, {holder['place']}, since {holder['since']})" if holder else ""
                raise StoreRefused(
                    f"{self.name} is in use by another contactcenter{who}: stop that one first"
                )
            await asyncio.sleep(0.05)

    async def _connect(self, does: str, seconds: float | None) -> Any:
        host = socket.gethostname().encode("ascii", "replace").decode()[:16]  # 63 characters are the limit
        settings = {
            "application_name": f"contactcenter {does} {host} {os.getpid()} {self._token}",
            "statement_timeout": "0" if seconds is None else f"{_PATIENCE_S}s",
            "lock_timeout": "5s",
            "idle_in_transaction_session_timeout": f"{2 * _PATIENCE_S}s",
            "tcp_keepalives_idle": str(_SILENCE_S),
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
            "tcp_user_timeout": f"{_SILENCE_S}s",
            "client_connection_check_interval": f"{_SILENCE_S}s",
            "jit": "off",  # costs more than our statements
        }
        try:
            db = await asyncpg.connect(
                self._server.url,
                password=self._server.password or None,
                timeout=_CONNECT_S,
                command_timeout=seconds,
                server_settings=settings,
            )
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError) as error:
            raise self._refused(error) from error
        _watch(db)
        return db

    def _refused(self, error: Exception) -> StoreRefused | StoreUnavailable:
        """Why there is no connection, and what to do."""
        parts = urlsplit(self._server.url)
        user, base = unquote(parts.username or "contactcenter"), unquote(parts.path.lstrip("/"))
        match error:
            case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
                return StoreRefused(
                    f"{self.name}: {error}: set store.password or store.password_file, and see that "
                    "pg_hba.conf of the server lets this user in from here"
                )
            case asyncpg.InvalidCatalogNameError():
                return StoreRefused(f"{self.name}: {error}: {creation(base, user)}")
            case asyncpg.TooManyConnectionsError():
                return StoreUnavailable(
                    f"{self.name}: {error}: raise max_connections of the server, {READERS + 2} are needed"
                )
            case asyncpg.CannotConnectNowError():
                return StoreUnavailable(f"{self.name}: {error}: wait, or look into the server's log")
            case ssl.SSLError() | ssl.CertificateError():
                return StoreRefused(
                    f"{self.name}: {error}: name the authority's certificate in store.url by "
                    "?sslmode=verify-full&sslrootcert=FILE"
                )
            case asyncpg.PostgresError():
                return StoreUnavailable(f"{self.name}: {error}")
            case asyncpg.InterfaceError() | ValueError():
                return StoreRefused(f"{self.name}: {error}: correct store.url")
            case TimeoutError():
                return StoreUnavailable(f"{self.name} does not answer within {_CONNECT_S:g} s")
            case _:
                return StoreUnavailable(
                    f"{self.name} can't be reached ({error}): start PostgreSQL there, or correct store.url"
                )


async def copy_rows(db: AsyncConnection, table: str, columns: Sequence[str], rows: Sequence[Any]) -> None:
    """Add the rows in the fastest way there is, JSON as text. Raises ValueError for what doesn't fit."""
    driver: Any = (await db.get_raw_connection()).driver_connection
    try:
        await driver.copy_records_to_table(table, records=rows, columns=columns)
    except asyncpg.PostgresError as error:
        raise ValueError(f"{error} ({error.detail})" if error.detail else str(error)) from error


class _InertString(AsyncpgString):
    """Text as the server takes it: what it refuses becomes U+FFFD, as in all that is stored (`text.inert`).

    So whoever looks for a text with a NUL finds nothing, here as in SQLite."""

    def bind_processor(self, dialect: Any) -> Callable[[str | None], str | None]:
        """Applied to each text that is sent."""
        return lambda value: value if value is None else inert(value, len(value))


def wrongs(facts: Facts) -> list[str]:
    """What of a server keeps a center from working with it, each with what to do."""
    found = []
    if facts.encoding != "UTF8":
        found.append(f"its encoding is {facts.encoding}, not UTF8: {creation(facts.database, facts.user)}")
    elif facts.collation != "C":
        found.append(
            f"its texts are ordered by {facts.collation}, not by C: searches and pages would go wrong: "
            f"{creation(facts.database, facts.user)}"
        )
    if facts.standby:
        found.append("is a standby, which takes no writes: name the primary in store.url")
    elif facts.read_only:
        found.append(
            "takes no writes: default_transaction_read_only is on: "
            f"ALTER DATABASE {_quoted(facts.database)} RESET default_transaction_read_only; and "
            f"ALTER ROLE {_quoted(facts.user)} RESET default_transaction_read_only"
        )
    if not facts.schema:
        found.append(
            "search_path of this user names no schema that exists: "
            f"ALTER ROLE {_quoted(facts.user)} RESET search_path"
        )
    elif not facts.may_create:
        found.append(
            f"{facts.user} may not make tables in schema {facts.schema}: "
            f"ALTER DATABASE {_quoted(facts.database)} OWNER TO {_quoted(facts.user)}"
        )
    return found


@frozen
class Advice:
    """One setting of the server, and what to do about it."""

    about: str
    ok: bool
    says: str


def advice(facts: Facts, server: Server) -> list[Advice]:
    """What else is to be set, and what is set well."""
    free = facts.max_connections - facts.reserved
    found = [
        Advice(
            about="max_connections",
            ok=free >= READERS + 3,
            says=f"{facts.max_connections}, of which this server needs {READERS + 1}"
            + ("" if free >= READERS + 3 else f": set it to {READERS + 3 + facts.reserved} or more"),
        )
    ]
    for name, on in (("fsync", facts.fsync), ("full_page_writes", facts.full_page_writes)):
        if not on:
            says = f"off: a power cut would destroy the database: ALTER SYSTEM SET {name} = on"
            found.append(Advice(about=name, ok=False, says=says))
    if facts.synchronous_commit == "off":
        says = "off: this server's own connection sets it on; other programs' last writes may be lost"
        found.append(Advice(about="synchronous_commit", ok=True, says=says))
    verified = any(each in server.url for each in ("sslmode=verify-full", "sslmode=verify-ca"))
    if facts.local:
        found.append(Advice(about="encryption", ok=True, says="not needed: on this machine"))
    elif not facts.encrypted:
        says = (
            "none, and the server is another machine: set ssl = on there and "
            "?sslmode=verify-full&sslrootcert=FILE in store.url"
        )
        found.append(Advice(about="encryption", ok=False, says=says))
    elif not verified:
        says = (
            "on, but whoever is in between could pose as the server: "
            "?sslmode=verify-full&sslrootcert=FILE in store.url"
        )
        found.append(Advice(about="encryption", ok=False, says=says))
    else:
        found.append(Advice(about="encryption", ok=True, says="on, and the server is verified"))
    return found


def creation(database: str, user: str) -> str:
    """How an administrator makes the database, for a message."""
    return (
        f"CREATE DATABASE {_quoted(database or 'contactcenter')} OWNER {_quoted(user)} TEMPLATE template0 "
        "ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'"
    )


def too_old(version: int) -> str:
    """What to do about that version; empty when it is new enough."""
    if version >= OLDEST * 10_000:
        return ""
    return f"PostgreSQL {version // 10_000} is too old: use {OLDEST} or newer (pg_upgradecluster)"


def _facts(db: Connection) -> Facts:
    # Alone: older servers don't know all that is asked for below.
    if wrong := too_old(int(db.scalar(text("SHOW server_version_num")) or 0)):
        raise StoreRefused(wrong)
    row = db.execute(_ASK).one()
    address = row.address
    return Facts(
        version=int(row.version),
        encoding=row.encoding,
        collation="C" if row.collations in _BYTEWISE else row.collations.strip(" /"),
        standby=row.standby,
        read_only=row.read_only == "on",
        may_create=bool(row.may_create),
        schema=row.schema or "",
        owner=row.owner,
        user=row.me,
        database=row.base,
        local=address is None or address.is_loopback,
        encrypted=bool(row.encrypted),
        max_connections=int(row.max_connections),
        reserved=int(row.reserved),
        synchronous_commit=row.synchronous_commit,
        fsync=row.fsync == "on",
        full_page_writes=row.full_page_writes == "on",
    )


_BYTEWISE = ("c C/C", "c POSIX/POSIX", "c C/POSIX", "c POSIX/C")
_ASK = text(
    "SELECT current_setting('server_version_num') AS version, "
    "current_setting('server_encoding') AS encoding, "
    "datlocprovider::text || ' ' || datcollate || '/' || datctype AS collations, "
    "pg_is_in_recovery() AS standby, current_schema() AS schema, current_user AS me, "
    "(SELECT setting FROM pg_settings WHERE name = 'default_transaction_read_only') AS read_only, "
    "has_schema_privilege(current_schema(), 'CREATE') AS may_create, datname AS base, "
    "pg_get_userbyid(datdba) AS owner, inet_server_addr() AS address, "
    "(SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS encrypted, "
    "current_setting('max_connections') AS max_connections, "
    "current_setting('superuser_reserved_connections') AS reserved, "
    "current_setting('synchronous_commit') AS synchronous_commit, current_setting('fsync') AS fsync, "
    "current_setting('full_page_writes') AS full_page_writes "
    "FROM pg_database WHERE datname = current_database()"
)


_HOLDER = """
SELECT a.pid, coalesce(a.application_name, '?') AS name,
  CASE WHEN a.client_addr IS NULL THEN 'on the server itself'
    ELSE 'from ' || host(a.client_addr) END AS place,
  coalesce(to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), '?') AS since
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.classid::bigint = $1 AND l.objid::bigint = $2
"""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _watch(db: Any) -> None:
    """Let the system end the connection when the other end is silent for too long."""
    transport = db._transport
    if (sock := transport.get_extra_info("socket")) is None or sock.family == socket.AF_UNIX:
        return
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _SILENCE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENCE_S * 1000)
