"""What one party hears: the RTP that arrived, of which the last seconds are kept (RFC 3550, RFC 4733).

A packet that is missing counts as silence, and so does one that is older than the window: "no longer hears"
is then true also when the far end simply stopped sending, or the call is over.
"""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from . import tones, ulaw
from .watch import Watchers

MEMORY_SECONDS = 2.0
KEYS = "0123456789*#ABCD"
_HEADER = struct.Struct("!BBHII")


@dataclass(slots=True)
class Reception:
    """`lost` by the gaps in the sequence numbers; `jitter` (RFC 3550) and `longest_gap` in seconds."""

    packets: int = 0
    lost: int = 0
    ignored: int = 0
    jitter: float = 0.0
    longest_gap: float = 0.0


@dataclass(frozen=True, slots=True)
class _Arrival:
    at: float
    source: int
    sequence: int
    transit: float


class Ear:
    """Fed by `take` with each datagram. The media clock checks `watchers`, so silence is noticed as well."""

    def __init__(self, watchers: Watchers) -> None:
        self.reception = Reception()
        self.digits = ""
        """The keys that the far end has pressed so far."""
        self.over = False
        """The call has ended: nothing comes any more."""
        self.event_types: frozenset[int | None] = frozenset({101})
        self._watchers = watchers
        self._lately: deque[tuple[float, bytes]] = deque()
        self._previous: _Arrival | None = None
        self._last_event: tuple[int, int] | None = None

    def take(self, packet: bytes) -> None:
        """One datagram; whatever is not RTP of a known kind is counted as ignored."""
        now = time.monotonic()
        if len(packet) < 12 or packet[0] >> 6 != 2:
            self.reception.ignored += 1
            return
        first, kind, sequence, timestamp, source = _HEADER.unpack_from(packet)
        start = 12 + 4 * (first & 0x0F)
        if first & 0x10 and len(packet) >= start + 4:
            start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
        payload = packet[start : len(packet) - (packet[-1] if first & 0x20 else 0)]
        kind &= 0x7F
        if kind == 0 and payload:
            self._lately.append((now, payload))
            while self._lately[0][0] < now - MEMORY_SECONDS:
                self._lately.popleft()
        elif kind in self.event_types and len(payload) >= 4:
            if self._last_event != (source, timestamp) and payload[0] < len(KEYS):
                self._last_event = (source, timestamp)
                self.digits += KEYS[payload[0]]
        else:
            self.reception.ignored += 1
            return
        self._count(_Arrival(now, source, sequence, now - timestamp / ulaw.RATE), jitter=kind == 0)

    def _count(self, arrival: _Arrival, *, jitter: bool) -> None:
        reception, previous = self.reception, self._previous
        reception.packets += 1
        if previous is None or previous.source != arrival.source:
            self._previous = arrival
            return
        ahead = arrival.sequence - previous.sequence & 0xFFFF
        if ahead >= 0x8000:  # late, and counted as lost meanwhile
            reception.lost -= 1
        if ahead == 0 or ahead >= 0x8000:
            return
        self._previous = arrival
        reception.lost += ahead - 1
        reception.longest_gap = max(reception.longest_gap, arrival.at - previous.at)
        if jitter and abs(change := arrival.transit - previous.transit) < 1:  # else a leap of the clock
            reception.jitter += (abs(change) - reception.jitter) / 16

    def heard(self, frequency: float, window: float = 0.1) -> float:
        """The level of one frequency over the last `window` seconds, in dB of a full-scale sine."""
        return tones.power_of(self._samples(window), frequency, round(window * ulaw.RATE))

    def loudness(self, window: float = 0.1) -> float:
        """The level of everything over the last `window` seconds, in dB of a full-scale sine."""
        return tones.loudness_of(self._samples(window), round(window * ulaw.RATE))

    def _samples(self, window: float) -> list[int]:
        since = time.monotonic() - window
        lately = b"".join(payload for at, payload in self._lately if at >= since)
        return ulaw.decode(lately[-round(window * ulaw.RATE) :])

    async def hears(self, frequency: float, within: float) -> float:
        """Seconds until the tone is there; TimeoutError when it does not come, at once if the call ends."""
        return await self._comes(
            lambda: self.heard(frequency) > tones.AUDIBLE, within, f"hearing {frequency} Hz"
        )

    async def loses(self, frequency: float, within: float) -> float:
        """Seconds until the tone is gone; TimeoutError when it stays."""
        return await self._goes(
            lambda: self.heard(frequency) < tones.SILENT, within, f"no longer hearing {frequency} Hz"
        )

    async def hears_nothing(self, within: float, window: float = 0.2) -> float:
        """Seconds until there was silence for `window` seconds; TimeoutError when it does not come."""
        return await self._goes(lambda: self.loudness(window) < tones.SILENT, within, "silence")

    async def receives(self, keys: str, within: float) -> float:
        """Seconds until the keys pressed so far end with `keys`; TimeoutError when they do not."""
        return await self._comes(lambda: self.digits.endswith(keys), within, f"the keys {keys}")

    async def _comes(self, condition: Callable[[], bool], within: float, what: str) -> float:
        came = False

        def there() -> bool:
            nonlocal came
            came = condition()
            return came

        seconds = await self._goes(there, within, what)
        if not came:
            raise TimeoutError(f"{what}: the call ended first")
        return seconds

    async def _goes(self, condition: Callable[[], bool], within: float, what: str) -> float:
        # With the call its clock stops, too: nobody would look again.
        return await self._watchers.until(lambda: self.over or condition(), within, what)
