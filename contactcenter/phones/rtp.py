"""The sound of one call: an RTP packet out every 20 ms, and an ear for what comes in (RFC 3550, RFC 4733).

All streams are paced by one clock, so thirty of them cost one timer. A stream sends silence when it has
nothing to say: a phone that stays mute makes Asterisk's Answer() wait half a second for the first packet.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import struct
from collections import deque
from collections.abc import Iterator
from typing import ClassVar
from weakref import WeakKeyDictionary

from . import tones, ulaw
from .ear import KEYS, Ear
from .message import Address
from .sdp import Sdp
from .udp import UdpSocket
from .watch import Watchers

PACKET_SECONDS = 0.02
_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")
_FIRST_LENGTH = ulaw.FRAME.to_bytes(2, "big")


class MediaClock:
    """One timer for all streams of an event loop; it runs while there are streams."""

    _of_loop: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, MediaClock]] = WeakKeyDictionary()

    def __init__(self) -> None:
        self._streams: set[RtpStream] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0

    @classmethod
    def of_running_loop(cls) -> MediaClock:
        return cls._of_loop.setdefault(asyncio.get_running_loop(), cls())

    def attach(self, stream: RtpStream) -> None:
        self._streams.add(stream)
        if self._timer is None:
            self._next = asyncio.get_running_loop().time()
            self._tick()

    def detach(self, stream: RtpStream) -> None:
        self._streams.discard(stream)
        if not self._streams and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        # Late by a little: catch up, the far end's buffer counts on 50 packets a second. Late by a lot: a
        # burst would only overflow that buffer.
        self._next = (now if now - self._next > 0.2 else self._next) + PACKET_SECONDS
        self._timer = loop.call_at(self._next, self._tick)
        for stream in tuple(self._streams):
            stream.tick()


class RtpStream:
    """Listens at once on `host`; sends after `connect`, until `close`."""

    def __init__(self, host: str) -> None:
        self.watchers = Watchers()
        self.ear = Ear(self.watchers)
        self.sent = 0
        self.closed = False
        self._socket = UdpSocket(host, 0, lambda packet, _: self.ear.take(packet))
        self.address: Address = self._socket.address
        self._to: Address | None = None
        self._sends = False
        self._event_type: int | None = None
        self._source, self._timestamp = secrets.randbits(32), secrets.randbits(32)
        self._sequence = secrets.randbits(16)
        self._voice: Iterator[bytes] = iter(())
        self._speaking = False
        self._keys: deque[bytes | None] = deque()
        self._key_began = 0

    def connect(self, local: Sdp, remote: Sdp, *, muted: bool) -> None:
        """Sends to `remote` from now on, as far as the two descriptions allow it and nobody muted us."""
        self._to, self._sends = (remote.host, remote.port), local.sends and remote.receives and not muted
        self._event_type = remote.events
        self.ear.event_types = frozenset({local.events, remote.events} - {None})
        if not self.closed:
            MediaClock.of_running_loop().attach(self)

    def close(self) -> None:
        self.closed = self.ear.over = True
        MediaClock.of_running_loop().detach(self)
        self._socket.close()
        self.watchers.check()

    def play_tone(self, frequency: int) -> None:
        """From now on, without end."""
        self._voice, self._speaking = itertools.cycle(_frames(tones.tone(frequency))), True

    def play(self, pcm: bytes) -> None:
        """Once: 8 kHz 16-bit little-endian samples; b"" ends what is playing."""
        self._voice, self._speaking = iter(_frames(pcm)), bool(pcm)

    async def played(self, within: float) -> float:
        """Seconds until what is playing has been sent, or the call ended."""
        return await self.watchers.until(lambda: self.closed or not self._speaking, within, "the sound's end")

    async def press(self, keys: str, *, seconds: float = 0.1, pause: float = 0.1) -> None:
        """Sends DTMF and returns when it has been sent; a comma is a pause of one second.

        ValueError for other keys; RuntimeError when the far end takes no telephone events.
        """
        if wrong := set(keys.upper()) - set(KEYS + ","):
            raise ValueError(f"no such keys: {''.join(sorted(wrong))!r}")
        if self._to is not None and self._event_type is None:
            raise RuntimeError("the far end takes no telephone events")
        for key in keys.upper():
            if key == ",":
                self._keys.extend([None] * round(1 / PACKET_SECONDS))
            else:
                self._keys.extend(_event_payloads(KEYS.index(key), max(2, round(seconds / PACKET_SECONDS))))
                self._keys.extend([None] * max(1, round(pause / PACKET_SECONDS)))
        needed = len(self._keys) * PACKET_SECONDS
        await self.watchers.until(lambda: self.closed or not self._keys, needed + 10, f"pressing {keys}")

    def tick(self) -> None:
        """Twenty milliseconds have passed."""
        self._timestamp = self._timestamp + ulaw.FRAME & 0xFFFFFFFF
        if self._sends and self._to is not None:
            event = self._keys.popleft() if self._keys else None
            if event is not None and self._event_type is not None:
                first = event[2:] == _FIRST_LENGTH
                self._key_began = self._timestamp if first else self._key_began
                self._send(self._to, self._event_type | (0x80 if first else 0), self._key_began, event)
            else:
                frame = next(self._voice, None)
                self._speaking = frame is not None
                self._send(self._to, 0, self._timestamp, frame or ulaw.SILENCE)
        self.watchers.check()

    def _send(self, to: Address, kind: int, timestamp: int, payload: bytes) -> None:
        self._sequence = self._sequence + 1 & 0xFFFF
        self._socket.send(_HEADER.pack(0x80, kind, self._sequence, timestamp, self._source) + payload, to)
        self.sent += 1


def _frames(pcm: bytes) -> list[bytes]:
    sound = ulaw.encode(pcm)
    frames = [sound[start : start + ulaw.FRAME] for start in range(0, len(sound), ulaw.FRAME)]
    return [frame.ljust(ulaw.FRAME, b"\xff") for frame in frames]


def _event_payloads(key: int, packets: int) -> list[bytes]:
    """One key press, packet by packet; the last goes out thrice: its loss would leave the key pressed."""
    going = [_EVENT.pack(key, 10, ulaw.FRAME * count) for count in range(1, packets)]
    return going + [_EVENT.pack(key, 0x80 | 10, ulaw.FRAME * packets)] * 3
