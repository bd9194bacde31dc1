"""Totals: what `/metrics` says of the parts that know no metrics themselves."""

import asyncio
from collections.abc import Iterator
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from contactcenter import counting
from contactcenter.agi.server import AgiServer
from contactcenter.ami.servers import AsteriskServers
from contactcenter.center import Center
from contactcenter.crm.keeper import Keeper
from contactcenter.floor import Floor
from contactcenter.recordings.shelf import Counts, Shelf

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


class Parts(Protocol):
    """Whose totals they are; a part that is not built yet has none."""

    center: Center
    servers: AsteriskServers | None
    scripts: AgiServer | None
    shelf: Shelf | None
    keeper: Keeper | None


class Totals(Collector):
    """Totals that the parts keep for themselves, as metrics."""

    def __init__(self, app: Parts) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """Asked by `/metrics`."""
        # Asked from the loop itself: `uvloop`, or `asyncio` where there is none (docs/adr/0018).
        name = type(asyncio.get_running_loop()).__module__.partition(".")[0]
        yield InfoMetricFamily("contactcenter_event_loop", "Which event loop carries it", {"loop": name})
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
        yield from self._backups()
        ping = GaugeMetricFamily("contactcenter_ami_ping_ms", "AMI: the last ping", labels=["server"])
        for server, counters in servers.items():
            ping.add_metric([server], counters.ping_ms)
        yield ping
        faults = CounterMetricFamily("contactcenter_fastagi_faults", "FastAGI connections that were cut off")
        faults.add_metric([], self._app.scripts.faults if self._app.scripts else 0)
        yield faults
        yield from queue_metrics(self._app.center.floor)

    def _backups(self) -> Iterator[Metric]:
        keeper = self._app.keeper
        if keeper is None:
            return
        counts = keeper.counts
        yield GaugeMetricFamily(
            "contactcenter_backup_last_timestamp_seconds",
            "When the last verified backup was made, since the epoch; 0: there is none",
            counts.last_at,
        )
        yield GaugeMetricFamily("contactcenter_backup_last_bytes", "Its file", counts.last_bytes)
        yield GaugeMetricFamily("contactcenter_backup_running", "Being made", int(keeper.running is not None))
        yield CounterMetricFamily("contactcenter_backups_made", "Backups made", counts.made)
        yield CounterMetricFamily("contactcenter_backups_failed", "Backups that failed", counts.failed)

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
