"""What two ends agreed to send each other (RFC 3264): the offers and answers of one call, and its sound."""

from __future__ import annotations

from dataclasses import replace

from .rtp import RtpStream
from .sdp import DISCARD_PORT, Sdp, UnusableSdp
from .watch import Watchers


class Session:
    """`media=False`: the descriptions are exchanged all the same, but no socket is opened, no RTP sent."""

    def __init__(self, host: str, *, media: bool) -> None:
        self.media = RtpStream(host) if media else None
        self.watchers = self.media.watchers if self.media else Watchers()
        self.held = False
        """The far end has put us on hold."""
        self.on_hold = False
        """We have put the far end on hold: our sound pauses, as when a phone mutes its microphone."""
        self._local = Sdp(*(self.media.address if self.media else (host, DISCARD_PORT)))

    def offer(self, *, on_hold: bool) -> bytes:
        """What we want from now on; true once `take_answer` had the far end's word."""
        self._local = replace(self._wish(on_hold), version=self._local.version + 1)
        return self._local.to_bytes()

    def answer(self, body: bytes) -> bytes:
        """Our answer to an offer; to a request without an offer it is our own offer. Raises UnusableSdp."""
        if not body:
            return self.offer(on_hold=self.on_hold)
        remote = Sdp.parse(body)
        self._local = replace(self._wish(self.on_hold).answering(remote), version=self._local.version + 1)
        self._connect(remote)
        return self._local.to_bytes()

    def take_answer(self, body: bytes, *, on_hold: bool = False) -> None:
        """The far end's answer to `offer`; one that is empty or unusable changes nothing but the hold."""
        self.on_hold = on_hold
        try:
            self._connect(Sdp.parse(body))
        except UnusableSdp:
            return

    def close(self) -> None:
        if self.media is not None:
            self.media.close()

    def _wish(self, on_hold: bool) -> Sdp:
        return Sdp(self._local.host, self._local.port, receives=not on_hold)

    def _connect(self, remote: Sdp) -> None:
        self.held = not remote.receives
        if self.media is not None:
            self.media.connect(self._local, remote, muted=self.on_hold)
        self.watchers.check()
