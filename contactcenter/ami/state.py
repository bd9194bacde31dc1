"""What a link tells about itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Where a link stands. Actions are taken from the snapshot (just before READY) until the loss."""

    CONNECTING = "connecting"
    SIGNED_IN = "signed in"
    """Accepted; Asterisk may still be booting, and the snapshot is not taken."""
    READY = "ready"
    DOWN = "down"
    """Waiting `retry_in` seconds before the next try."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LinkState:
    """A link's status; `reason` is a sentence for the operator (why it is down), `retry_in` is in seconds."""

    status: Status
    reason: str = ""
    retry_in: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """A fully booted Asterisk behind a fresh sign-in: the moment for a snapshot."""

    started: str
    """When Asterisk started, in its own words and zone: equal text is the same run, also across restarts of
    ours. Empty where the user may not ask CoreStatus."""
    version: str
    """Asterisk's; empty where the user may not ask CoreSettings."""
    uptime: int | None
    """Seconds; None without a FullyBooted event."""
    at: float
    """Monotonic seconds: when `uptime` was true."""
    restarted: bool
    """Asterisk is known to have started anew since this link's previous Boot: its calls are gone."""


@dataclass(slots=True)
class Counters:
    """Running totals since the link was made, for the metrics page."""

    messages: int = 0
    """Events and responses read."""
    unknown: int = 0
    """Responses that no action was waiting for: late ones, or refusals of something unreadable."""
    dropped: int = 0
    """Messages over the size limit, or that were no message at all."""
    unreadable: int = 0
    """Events that lacked a header or had one twice: believed in nothing."""
    callback_errors: int = 0
    reconnects: int = 0
    """Connections begun after the first one."""
    ping_ms: float = 0.0
    """The last Ping's round trip, in milliseconds."""


class Direction(StrEnum):
    """Which way a tapped message went."""

    IN = "in"
    OUT = "out"
