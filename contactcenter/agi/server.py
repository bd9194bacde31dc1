"""The FastAGI server: takes Asterisk's connections, makes a session of each call, and carries the commands.

No port scan, garbage or slow client may disturb a call. A connection is nobody's until its environment is
complete; those are few, short-lived, and the oldest goes when there are too many.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from contactcenter.agi.builtin import UNKNOWN, direct
from contactcenter.agi.connection import Connection
from contactcenter.agi.loader import Script, load_script
from contactcenter.agi.prompts import Prompts
from contactcenter.agi.protocol import Environment
from contactcenter.agi.pyst import Threads
from contactcenter.agi.script import Limits, Services, nothing_kept
from contactcenter.agi.session import House, Session
from contactcenter.agi.speech import load_engine
from contactcenter.agi.stall import StallDetector
from contactcenter.agi.texts import BUILT_IN, notice
from contactcenter.commands import (
    Announce,
    AnnounceRecording,
    Command,
    JoinLeg,
    LeaveQueue,
    MakeNotices,
    OfferCall,
    RunScript,
    SayNotice,
    WaitOn,
)
from contactcenter.events import Event
from contactcenter.values import CustomerCard, MatchMethod, frozen

log = logging.getLogger(__name__)

ENVIRONMENT_TIMEOUT_S = 2.0
UNREADY_CAP = 512
"""Connections without a complete environment. Asterisk's own send theirs in the same packet."""
STALL_S = 0.5
CLOSE_S = 1.0
"""How long scripts may take to end when the server stops."""
ENGINES = {"zh": "espeak-ng", "en": "flite"}

FOR_SESSIONS = (
    Announce | AnnounceRecording | OfferCall | JoinLeg | WaitOn | RunScript | LeaveQueue | SayNotice
)
"""Commands that a caller's session carries out."""

Tap = Callable[[str, str, str], None]
"""`tap(call, direction, line)`: each raw line of a call's session, `<` from Asterisk and `>` to it."""


@frozen
class Route:
    """Where a dialled number leads: to an IVR script's file, or straight to a queue."""

    script: Path | None = None
    queue: str = ""
    language: str = "zh"
    """The language before the caller chose one."""


class AgiServer:
    """The edge `agi`: `start`, then `carry` commands, then `close`.

    `tell` gets the events, `now` gives the time in epoch seconds. `find_customer(number, method)`,
    `is_open(name)` and `emergency(name)` are asked by scripts, `may_call(number)` before a callback is agreed
    on, `may_record()` before a message is offered. Raises `loader.ScriptInvalid` for a script that can't be
    loaded and `speech.EngineMissing` for an unknown engine.
    """

    def __init__(
        self,
        *,
        tell: Callable[[Event], None],
        now: Callable[[], float],
        dids: Mapping[str, Route],
        fallback_queue: str,
        cache: Path,
        find_customer: Callable[[str, MatchMethod], Awaitable[tuple[CustomerCard, ...]]],
        is_open: Callable[[str], bool],
        emergency: Callable[[str], Mapping[str, str]] = lambda name: {},
        may_call: Callable[[str], bool] = lambda number: True,
        may_record: Callable[[], Awaitable[bool]] = nothing_kept,
        transfers: Mapping[str, str] | None = None,
        recordings: Path | None = None,
        engines: Mapping[str, str] = ENGINES,
        codec: str = "ulaw",
        music: str = "default",
        language: str = "zh",
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        host: str = "127.0.0.1",
        port: int = 4573,
        key: str = "",
        tap: Tap | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._key = key
        self._tap = tap
        self._language = language
        self._routes = {did: (_script(route), route.language) for did, route in dids.items()}
        self._prompts = Prompts(
            cache,
            {spoken: load_engine(setting) for spoken, setting in engines.items()},
            recordings=recordings,
            codec=codec,
        )
        services = Services(
            tell=tell,
            now=now,
            find_customer=find_customer,
            is_open=is_open,
            emergency=emergency,
            may_call=may_call,
            may_record=may_record,
            transfers=dict(transfers or {}),
            limits=limits,
        )
        self._threads = Threads()
        self._house = House(
            services=services,
            prompts=self._prompts,
            script_for=self._script_for,
            fallback_queue=fallback_queue,
            threads=self._threads,
            music=music,
        )
        self._sessions: dict[str, Session] = {}
        self._making: set[asyncio.Task[int]] = set()
        self._connections: dict[Connection, None] = {}
        self.faults = 0
        """Connections that spoke no AGI, or one that somebody's text had forged: believed in nothing."""
        self._listener: asyncio.Server | None = None
        self._stalls: StallDetector | None = None

    @property
    def port(self) -> int:
        """The port that it listens on; after `start` never 0."""
        return self._port

    @property
    def calls(self) -> tuple[str, ...]:
        """The calls that have a session."""
        return tuple(self._sessions)

    async def start(self) -> None:
        """Listen. Raises `OSError` when the port is taken."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connection, self._host, self._port, backlog=1024)
        self._port = self._listener.sockets[0].getsockname()[1]
        self._stalls = StallDetector(
            STALL_S, {str(script.path) for script, _ in self._routes.values() if script.path}
        )

    async def warm(self) -> int:
        """Make all sounds that don't depend on a call; returns their number. Calls may come meanwhile."""
        return await self._prompts.warm([BUILT_IN, *(script.texts for script, _ in self._routes.values())])

    def sound_of(self, text: str) -> str:
        """Where Asterisk finds a campaign's message once it is made (`MakeNotices`), without extension; empty
        if it can't be."""
        return self._prompts.place(notice(text))

    def check(self) -> list[str]:
        """What would not work: engines and recordings, one sentence each."""
        return self._prompts.check()

    async def close(self) -> None:
        """Stop. Callers in scripts and queues fall to the dialplan's rescue loop; talks go on."""
        if self._listener:
            self._listener.close()
        for connection in list(self._connections):
            connection.abort()
        sessions = list(self._sessions.values())
        for session in sessions:
            session.leave()
        if sessions:
            _, stubborn = await asyncio.wait([session.task for session in sessions], timeout=CLOSE_S)
            for task in stubborn:
                log.error("%s: its script does not end: it catches what would end it", task.get_name())
        if self._stalls:
            self._stalls.close()
        for making in self._making:
            making.cancel()
        await self._prompts.close()

    def carry(self, command: Command) -> None:
        """Take a command of the center. For a call without a session nothing happens: its end was told."""
        if isinstance(command, FOR_SESSIONS):
            session = self._sessions.get(command.call)
            if session:
                session.carry(command)
        elif isinstance(command, MakeNotices):
            making = asyncio.get_running_loop().create_task(self._prompts.make(map(notice, command.texts)))
            self._making.add(making)
            making.add_done_callback(self._making.discard)

    def _script_for(self, did: str) -> tuple[Script, str]:
        return self._routes.get(did, (UNKNOWN, self._language))

    def _connection(self) -> Connection:
        # Those that wait for their environment stand in the order of their coming.
        while len(self._connections) >= UNREADY_CAP:
            oldest = next(iter(self._connections))
            del self._connections[oldest]
            oldest.abort()
        connection = Connection(self._ready, self._closed, ENVIRONMENT_TIMEOUT_S)
        self._connections[connection] = None
        return connection

    def _ready(self, connection: Connection, environment: Environment) -> None:
        self._connections.pop(connection, None)
        if not hmac.compare_digest(environment.query.get("key", "").encode(), self._key.encode()):
            # Whoever it is: it must neither make up a call nor take a living one over.
            log.warning("a connection without the key was refused: it is not our Asterisk's")
            connection.abort()
            return
        call = environment["agi_uniqueid"]
        older = self._sessions.pop(call, None)
        if older:
            older.leave()
        if self._tap:
            tap = self._tap
            connection.tap = lambda direction, line: tap(call, direction, line)
            for name, value in environment.values.items():
                tap(call, "<", f"{name}: {value}")
        session = Session(connection, environment, self._house)
        self._sessions[call] = session
        session.task.add_done_callback(lambda _: self._ended(session))

    def _ended(self, session: Session) -> None:
        if self._sessions.get(session.id) is session:
            del self._sessions[session.id]

    def _closed(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        if connection.fault:
            self.faults += 1
            log.warning("a FastAGI connection was cut off: %s", connection.fault)


def _script(route: Route) -> Script:
    return load_script(route.script) if route.script else direct(route.queue)
