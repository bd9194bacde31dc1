"""The composition root: builds the edges, connects them with the loop, starts and stops them in order."""

import asyncio
import platform
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from contactcenter import __version__, counting
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
from contactcenter.crm.phone_numbers import is_ordinary
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.users import Users
from contactcenter.events import Stopping
from contactcenter.floor import Floor
from contactcenter.http.server import HttpServer
from contactcenter.http.settings import HttpSettings, menus
from contactcenter.loop import Carry, Loop
from contactcenter.recordings.shelf import Counts, Shelf
from contactcenter.tracing.recorder import ControlSocket, Recorder, preface
from contactcenter.tracing.trace import Header
from contactcenter.values import CustomerCard, MatchMethod

QUEUE_COUNTS = {
    "offered": "Callers who asked for the queue",
    "answered": "Callers who were answered",
    "in_target": "Callers who were answered within the queue's target",
    "abandoned": "Callers who left while they waited",
    "short": "Callers who left within 5 s",
    "waited_ms": "How long those who were answered had waited",
    "handled": "Talks that ended",
    "talked_ms": "Time of talks, without hold",
    "held_ms": "Time of talks on hold",
    "wrapped_ms": "Time of wrap-ups",
}
"""The counts of a queue that Prometheus may ask for."""

CONTROL_SOCKET = "control.sock"

log = structlog.get_logger(__name__)


class Totals(Collector):
    """Totals that the parts keep for themselves, as metrics."""

    def __init__(self, app: "App") -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """Asked by `/metrics`."""
        impossible = CounterMetricFamily(
            "contactcenter_impossible_events", "Events that no state allowed", labels=["event"]
        )
        for what, count in self._app.center.impossible.items():
            impossible.add_metric([what], count)
        yield impossible
        servers = self._app.servers.counters() if self._app.servers else {}
        for name in ("messages", "unknown", "dropped", "unreadable", "callback_errors", "reconnects"):
            total = CounterMetricFamily(f"contactcenter_ami_{name}", f"AMI: {name}", labels=["server"])
            for server, counters in servers.items():
                total.add_metric([server], getattr(counters, name))
            yield total
        yield from self._recordings()
        ping = GaugeMetricFamily("contactcenter_ami_ping_ms", "AMI: the last ping", labels=["server"])
        for server, counters in servers.items():
            ping.add_metric([server], counters.ping_ms)
        yield ping
        faults = CounterMetricFamily("contactcenter_fastagi_faults", "FastAGI connections that were cut off")
        faults.add_metric([], self._app.scripts.faults if self._app.scripts else 0)
        yield faults
        yield from queue_metrics(self._app.center.floor)

    def _recordings(self) -> Iterator[Metric]:
        counts = self._app.shelf.counts if self._app.shelf else Counts()
        failed = CounterMetricFamily(
            "contactcenter_recordings_failed", "Talks without audio, or without all of it", labels=["why"]
        )
        for why, number in counts.failed.items():
            failed.add_metric([why], number)
        yield failed
        yield CounterMetricFamily("contactcenter_recordings_kept", "Recordings kept", counts.finished)
        yield CounterMetricFamily("contactcenter_recordings_deleted", "Recordings deleted", counts.deleted)
        yield GaugeMetricFamily("contactcenter_recordings_pending", "Being picked up", counts.pending)
        rows = GaugeMetricFamily("contactcenter_recordings", "Recordings by state", labels=["state"])
        size = GaugeMetricFamily("contactcenter_recordings_bytes", "Their files", labels=["state"])
        for state, (number, total) in counts.kept.items():
            rows.add_metric([state], number)
            size.add_metric([state], total)
        yield from (rows, size)


def queue_metrics(floor: Floor) -> Iterator[Metric]:
    """What is counted of each queue today: a counter begins anew at midnight, as after a restart."""
    queues = {name: floor.figures.intervals.of_day(("queue", name)) for name in floor.queues}
    for count, help_ in QUEUE_COUNTS.items():
        metric = CounterMetricFamily(
            f"contactcenter_queue_{count.replace('_ms', '_seconds')}", help_, labels=["queue"]
        )
        for name, tally in queues.items():
            n = tally.of(count)
            metric.add_metric([name], n / 1000 if count.endswith("_ms") else n)
        yield metric
    exits = CounterMetricFamily(
        "contactcenter_queue_exits", "Callers who left a queue by another way out", labels=["queue", "reason"]
    )
    waiting = GaugeMetricFamily("contactcenter_queue_waiting", "Callers who wait", labels=["queue"])
    for name, tally in queues.items():
        for reason, n in tally.group("exit.").items():
            exits.add_metric([name, reason], n)
        waiting.add_metric([name], floor.figures.count_waiting(name))
    yield exits
    yield waiting
    wrong = GaugeMetricFamily(
        "contactcenter_figures_miscounted", "Callers who wait and are not counted so, or the other way: a bug"
    )
    wrong.add_metric([], len(counting.miscounted(floor)))
    yield wrong


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
        self._sessions: Sessions
        self._data = data
        self._answerable = answerable
        self._answer = answer
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
        settings, tell, now = self.settings, self.loop.tell, self.clock.now
        self._exit.callback(lambda: self.loop.stop(Stopping(at=now())))
        self.scripts = scripts = self._scripts()
        self.servers = servers = AsteriskServers(
            (
                AmiServer(
                    name=each.name,
                    username=each.user,
                    secret=each.secret,
                    host=each.host,
                    port=each.port,
                    needs=NEEDS,
                )
                for each in settings.asterisk
            ),
            tell,
            now,
            tap=lambda server: lambda raw, way, at: self.recorder.raw("ami", server, way.value, raw),
        )
        self.shelf = shelf = Shelf(
            spool=settings.recordings.spool,
            folder=settings.recordings.folder,
            key=settings.recordings.key,
            store=self.store,
            tell=tell,
            now=now,
            days=self._retention_days,
            wanted=any(
                queue.recording != "never" or "message" in queue.ways_out
                for queue in settings.queues.values()
            ),
        )
        self.http = HttpServer(
            tell=tell,
            now=now,
            store=self.store,
            users=self.users,
            configurator=self.configurator,
            sessions=self._sessions,
            settings=self._http_settings(),
            ready=self.ready,
            sounds=shelf.open,
            files=Files(settings.files.folder, self.store.sealing),
            registry=self.registry,
        )
        to_page, to_store = self.http.carry, self.store.carry
        edges: dict[type[c.Command], Carry] = {
            c.OfferCall: scripts.carry,
            c.JoinLeg: scripts.carry,
            c.WaitOn: scripts.carry,
            c.RunScript: scripts.carry,
            c.Announce: scripts.carry,
            c.LeaveQueue: scripts.carry,
            c.AnnounceRecording: scripts.carry,
            c.MuteRecording: servers.carry,
            c.StopRecording: servers.carry,
            c.FinishRecording: shelf.carry,
            c.DropRecording: shelf.carry,
            c.CutSpeech: servers.carry,
            c.OpenLine: servers.carry,
            c.EndLeg: servers.carry,
            c.ParkLeg: servers.carry,
            c.PlaceLeg: servers.carry,
            c.PlaceCall: servers.carry,
            c.JoinLegs: servers.carry,
            c.AddLeg: servers.carry,
            c.RingMonitor: servers.carry,
            c.PointMonitor: servers.carry,
            c.FindCustomer: to_store,
            c.SaveInteraction: to_store,
            c.CorrectDisposition: to_store,
            c.SaveAudit: to_store,
            c.SaveCallback: to_store,
            c.SaveRecording: to_store,
            c.ReturnChange: self.configurator.carry,
            c.SaveIntervals: to_store,
            c.ScreenPop: to_page,
            c.OfferTaken: to_page,
            c.ShowCall: to_page,
            c.DropCall: to_page,
            c.ShowAgent: to_page,
            c.DropAgent: to_page,
            c.ShowQueue: to_page,
            c.ShowFigures: to_page,
            c.DropFigures: to_page,
            c.ShowMonitor: to_page,
            c.DropMonitor: to_page,
            c.ShowMessage: to_page,
            c.DropMessage: to_page,
            c.DropQueue: to_page,
            c.Accepted: to_page,
            c.Refused: to_page,
        }
        if self._answer:
            edges[c.AnswerPhone] = self._answer
        self.loop.connect(edges)
        await shelf.start()
        self._exit.push_async_callback(shelf.stop)
        await scripts.start()
        self._exit.push_async_callback(scripts.close)
        await self.http.start()
        self._exit.push_async_callback(self.http.stop)
        control = ControlSocket(
            self._data / CONTROL_SOCKET, self.recorder, lambda: preface(self.center.floor, now())
        )
        await control.start()
        self._exit.push_async_callback(control.stop)
        await servers.start()
        self._exit.push_async_callback(servers.stop)
        # A prompt that a call needs before its turn is made on the spot: nobody waits for the rest.
        warming = asyncio.create_task(scripts.warm())
        self._exit.callback(warming.cancel)

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
