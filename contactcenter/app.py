"""The composition root: builds the edges, connects them with the loop, starts and stops them in order."""

import asyncio
import platform
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from prometheus_client import CollectorRegistry

from contactcenter import __version__
from contactcenter import commands as c
from contactcenter.agi.server import AgiServer, Route
from contactcenter.ami.server import AmiServer
from contactcenter.ami.servers import NEEDS, AsteriskServers
from contactcenter.center import Center
from contactcenter.clock import Clock
from contactcenter.config import LIVE, Settings
from contactcenter.configurator import Configurator
from contactcenter.crm import matching
from contactcenter.crm.files import Files
from contactcenter.crm.keeper import Keeper
from contactcenter.crm.phone_numbers import is_ordinary
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.users import Users
from contactcenter.events import Stopping
from contactcenter.http.server import HttpServer
from contactcenter.http.settings import HttpSettings, menus
from contactcenter.loop import Carry, Loop
from contactcenter.recordings.shelf import Shelf
from contactcenter.totals import Totals
from contactcenter.tracing.recorder import ControlSocket, Recorder, preface
from contactcenter.tracing.trace import Header
from contactcenter.values import CustomerCard, MatchMethod

CONTROL_SOCKET = "control.sock"

TO_SCRIPTS = (
    c.OfferCall,
    c.JoinLeg,
    c.WaitOn,
    c.RunScript,
    c.Announce,
    c.LeaveQueue,
    c.AnnounceRecording,
    c.SayNotice,
    c.MakeNotices,
)
TO_ASTERISK = (
    c.MuteRecording,
    c.StopRecording,
    c.CutSpeech,
    c.OpenLine,
    c.EndLeg,
    c.ParkLeg,
    c.PlaceLeg,
    c.PlaceCall,
    c.JoinLegs,
    c.AddLeg,
    c.RingMonitor,
    c.PointMonitor,
)
TO_SHELF = (c.FinishRecording, c.DropRecording)
TO_STORE = (
    c.FindCustomer,
    c.SaveInteraction,
    c.CorrectDisposition,
    c.SaveAudit,
    c.SaveCallback,
    c.SaveRecording,
    c.SaveIntervals,
    c.ReserveLeads,
    c.ReturnLeads,
    c.SaveAttempt,
    c.KeepAttempt,
    c.SaveDoNotCall,
    c.SaveCampaignState,
)
TO_PAGES = (
    c.ScreenPop,
    c.OfferTaken,
    c.ShowCall,
    c.DropCall,
    c.ShowAgent,
    c.DropAgent,
    c.ShowQueue,
    c.DropQueue,
    c.ShowFigures,
    c.DropFigures,
    c.ShowMonitor,
    c.DropMonitor,
    c.ShowMessage,
    c.DropMessage,
    c.ShowCampaign,
    c.DropCampaign,
    c.Accepted,
    c.Refused,
)

log = structlog.get_logger(__name__)


class App:
    """One center: `async with App(...)` opens the store, `start` goes on air, leaving stops everything.

    `data` is the folder for what this process keeps beside the store. `answerable` are the phones whose
    Answer key the page may press, through `answer`.
    """

    def __init__(
        self,
        settings: Settings,
        data: Path,
        *,
        answerable: frozenset[str] = frozenset(),
        answer: Carry | None = None,
    ) -> None:
        self.settings = settings
        self.registry = CollectorRegistry()
        self.registry.register(Totals(self))
        self.clock = Clock()
        self.center = Center(settings.rules(answerable))
        self.loop = Loop(self.center, self.clock, self.registry)
        self.recorder = Recorder(self._header, self.clock.now, settings.fastagi.key)
        self.store: Store
        self.users: Users
        self.configurator: Configurator
        self.http: HttpServer
        self.shelf: Shelf | None = None
        self.keeper: Keeper | None = None
        self._sessions: Sessions
        self._data = data
        self._answerable = answerable
        self._answer = answer
        self.end_asterisk: Callable[[], Awaitable[object]] | None = None
        """Ends an Asterisk that is not to outlive us, when nothing of ours listens to it any more."""
        self._exit = AsyncExitStack()
        self.servers: AsteriskServers | None = None
        self.scripts: AgiServer | None = None

    async def __aenter__(self) -> "App":
        """Open the store. Raises what `Store.open` raises."""
        settings = self.settings
        settings.store.path.parent.mkdir(parents=True, exist_ok=True)
        self.loop.heard.append(self.recorder.event)
        self.store = await Store.open(
            settings.store.place,
            tell=self.loop.tell,
            now=self.clock.now,
            drift=self.clock.drift,
            region=settings.region,
            key=settings.store.key,
        )
        self._exit.push_async_callback(self.store.close)
        self._sessions = Sessions(self.store)
        self.users = Users(self.store, self._sessions)
        self.configurator = Configurator(
            settings,
            self.store,
            tell=self.loop.tell,
            changed=self._configured,
            answerable=self._answerable,
        )
        try:
            await self.configurator.open()
        except BaseException:
            await self._exit.aclose()
            raise
        self.settings = self.configurator.settings
        self._exit.push_async_callback(self.configurator.close)
        return self

    async def __aexit__(self, *error: object) -> None:
        """Stop in the reverse order: nobody new comes in, what is known is written, the store closes."""
        await self._exit.aclose()

    async def start(self) -> None:
        """Go on air: pages, scripts, Asterisk. Raises OSError when a port is taken."""
        now = self.clock.now
        self._exit.callback(lambda: self.loop.stop(Stopping(at=now())))
        self.scripts = scripts = self._scripts()
        self.servers = servers = self._servers(scripts.sound_of)
        self.shelf = shelf = self._shelf()
        self.keeper = keeper = self._keeper()
        self.http = self._pages(shelf, keeper)
        self.loop.connect(
            {
                **dict.fromkeys(TO_SCRIPTS, scripts.carry),
                **dict.fromkeys(TO_ASTERISK, servers.carry),
                **dict.fromkeys(TO_SHELF, shelf.carry),
                **dict.fromkeys(TO_STORE, self.store.carry),
                **dict.fromkeys(TO_PAGES, self.http.carry),
                c.ReturnChange: self.configurator.carry,
                **({c.AnswerPhone: self._answer} if self._answer else {}),
            }
        )
        control = ControlSocket(
            self._data / CONTROL_SOCKET, self.recorder, lambda: preface(self.center.floor, now())
        )
        await shelf.start()
        self._exit.push_async_callback(self._stop_recordings, shelf)
        await keeper.start()
        self._exit.push_async_callback(keeper.stop)
        await scripts.start()
        self._exit.push_async_callback(scripts.close)
        await self.http.start()
        self._exit.push_async_callback(self.http.stop)
        await control.start()
        self._exit.push_async_callback(control.stop)
        await servers.start()
        self._exit.push_async_callback(servers.stop)
        # A prompt that a call needs before its turn is made on the spot: nobody waits for the rest.
        warming = asyncio.create_task(scripts.warm())
        self._exit.callback(warming.cancel)

    async def _stop_recordings(self, shelf: Shelf) -> None:
        """Talks that end with us are sealed; those that go on in Asterisk are recorded on, and taken back."""
        if self.end_asterisk:
            await self.end_asterisk()
        await shelf.stop(complete=self.end_asterisk is not None)

    def ready(self) -> dict[str, Any]:
        """For `/readyz`: every Asterisk server is connected and the store takes writes."""
        asterisk = self.servers.status() if self.servers else []
        store = self.store.health()
        return {
            "ready": bool(asterisk) and all(each["connected"] for each in asterisk) and not store["degraded"],
            "asterisk": [{key: each[key] for key in ("name", "connected", "version")} for each in asterisk],
            "store": store,
        }

    def _configured(self, settings: Settings, version: int) -> None:
        """The configuration has another version: everybody who is not the center goes by it, too."""
        self.settings = self.settings.with_configuration(settings)
        self.http.configured(settings, version)

    def _scripts(self) -> AgiServer:
        settings, speech = self.settings, self.settings.speech
        return AgiServer(
            tell=self.loop.tell,
            now=self.clock.now,
            dids={
                number: Route(
                    script=settings.ivr.folder / did.script if did.script else None, queue=did.queue
                )
                for number, did in settings.dids.items()
            },
            fallback_queue=settings.ivr.fallback_queue,
            cache=speech.cache,
            recordings=speech.recordings,
            engines={"zh": speech.zh, "en": speech.en},
            find_customer=self._find_customer,
            is_open=self._is_open,
            emergency=self._emergency,
            may_call=self._may_call,
            may_record=self._may_record,
            transfers=settings.ivr.transfers,
            host=settings.fastagi.host,
            port=settings.fastagi.port,
            key=settings.fastagi.key,
            tap=lambda call, way, line: self.recorder.raw("agi", call, "in" if way == "<" else "out", line),
        )

    def _servers(self, sound: Callable[[str], str]) -> AsteriskServers:
        return AsteriskServers(
            (
                AmiServer(
                    name=each.name,
                    username=each.user,
                    secret=each.secret,
                    host=each.host,
                    port=each.port,
                    needs=NEEDS,
                )
                for each in self.settings.asterisk
            ),
            self.loop.tell,
            self.clock.now,
            tap=lambda server: lambda raw, way, at: self.recorder.raw("ami", server, way.value, raw),
            sound=sound,
        )

    def _shelf(self) -> Shelf:
        settings = self.settings
        return Shelf(
            spool=settings.recordings.spool,
            folder=settings.recordings.folder,
            key=settings.recordings.key,
            store=self.store,
            tell=self.loop.tell,
            now=self.clock.now,
            days=self._retention_days,
            wanted=any(
                queue.recording != "never" or "message" in queue.ways_out
                for queue in settings.queues.values()
            ),
        )

    def _keeper(self) -> Keeper:
        return Keeper(
            self.store,
            self.settings.sources(),
            wishes=self.settings.backup.wishes,
            zone=lambda: ZoneInfo(self.settings.zone),
        )

    def _pages(self, shelf: Shelf, keeper: Keeper) -> HttpServer:
        settings = self.settings
        return HttpServer(
            tell=self.loop.tell,
            now=self.clock.now,
            store=self.store,
            users=self.users,
            configurator=self.configurator,
            sessions=self._sessions,
            settings=self._http_settings(),
            ready=self.ready,
            sounds=shelf.open,
            files=Files(settings.files.folder, self.store.sealing),
            keeper=keeper,
            registry=self.registry,
        )

    async def _may_record(self) -> bool:
        return self.shelf is not None and await self.shelf.usable()

    def _retention_days(self, queue: str) -> int:
        return self.settings.retention_days(queue)

    async def _find_customer(self, number: str, method: MatchMethod) -> tuple[CustomerCard, ...]:
        if method is MatchMethod.ENTERED_NUMBER:
            return await self.store.read(matching.by_account, number)
        return await self.store.find_customer(number)

    def _is_open(self, name: str) -> bool:
        """Whether a queue, or a calendar by its own name, is open now."""
        queue = self.center.floor.queues.get(name)
        hours = queue.rules if queue else self.settings.calendar(name)
        return hours.is_open(self.clock.now())

    def _emergency(self, name: str) -> Mapping[str, str]:
        """The announcement of a queue, or of a calendar by its own name, that is shut for an emergency."""
        queue = self.settings.queues.get(name)
        return self.settings.calendar(queue.calendar if queue else name).emergency

    def _may_call(self, number: str) -> bool:
        """Callbacks are untrusted destinations, and are dialled: only ordinary numbers of our own country."""
        return is_ordinary(number, self.settings.region)

    def _http_settings(self) -> HttpSettings:
        settings, offered = self.settings, menus(self.settings)
        return HttpSettings(
            **settings.http.model_dump(),
            version=__version__,
            dispositions=offered.dispositions,
            pause_reasons=offered.pause_reasons,
            queues=offered.queues,
            skills=offered.skills,
            request_kinds=offered.request_kinds,
            visible_to_agent=offered.visible_to_agent,
            phones=settings.phones,
            answerable=self._answerable,
            agents_listen=settings.recordings.agents_listen,
            zone=settings.zone,
            attachment_bytes=settings.files.attachment_mb << 20,
            attachments=settings.files.attachments,
            import_bytes=settings.files.import_mb << 20,
            import_days=settings.files.import_days,
        )

    def _header(self) -> Header:
        # What the center is told, and nothing of the machine: traces are given to others.
        config = self.settings.model_dump(mode="json", include=LIVE, exclude_defaults=True)
        config["ivr"] = {"fallback_queue": self.settings.ivr.fallback_queue}
        servers = self.servers.status() if self.servers else []
        return Header(
            contactcenter=f"{__version__} on Python {platform.python_version()}",
            asterisk={str(each["name"]): str(each["version"]) for each in servers},
            config=config,
        )
