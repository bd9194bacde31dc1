"""What Prometheus sees of this edge. `HttpServer` takes a registry, so that the whole program shares one."""

from collections import OrderedDict

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

POPS_IN_FLIGHT = 4096


class Metrics:
    """Counts and times; no personal data in any label."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.requests = Counter(
            "contactcenter_http_requests", "Answers by route, method and status.",
            ["route", "method", "status"], registry=registry,
        )  # fmt: skip
        self.sockets = Gauge("contactcenter_sockets", "Open websockets.", registry=registry)
        self.slow = Counter("contactcenter_sockets_slow", "Sockets closed for being slow.", registry=registry)
        self.collapsed = Counter(
            "contactcenter_outbox_collapsed", "Full outboxes replaced by a snapshot.", registry=registry
        )
        self.pops = Counter("contactcenter_pops", "Screen pops sent.", registry=registry)
        self.pop_s = Histogram(
            "contactcenter_pop_seconds", "From the command to the page's word that it shows the record.",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0), registry=registry,
        )  # fmt: skip
        self.signins = Counter(
            "contactcenter_signins", "Attempts to sign in, by outcome.", ["outcome"], registry=registry
        )
        self._sent: OrderedDict[str, float] = OrderedDict()

    def pop_sent(self, offer: str, at: float) -> None:
        """A record went out to a page."""
        self.pops.inc()
        self._sent[offer] = at
        if len(self._sent) > POPS_IN_FLIGHT:
            self._sent.popitem(last=False)

    def pop_shown(self, offer: str, at: float) -> None:
        """The page showed it; only the first page counts."""
        if (sent := self._sent.pop(offer, None)) is not None:
            self.pop_s.observe(at - sent)
