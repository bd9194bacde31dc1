"""The session descriptions of a phone that speaks G.711 µ-law and telephone events (RFC 4566, RFC 3264)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

DISCARD_PORT = 9
"""Named by a phone without media: a valid offer, and nobody listens (RFC 863)."""
CONTENT_TYPE = (("Content-Type", "application/sdp"),)
_AUDIO = re.compile(r"audio ([0-9]{1,5})(?:/[0-9]+)? (?:RTP/AVP) ([0-9 ]+)")
_EVENTS = re.compile(r"rtpmap:([0-9]{1,3}) telephone-event/8000", re.IGNORECASE)
_DIRECTIONS = {
    "sendrecv": (True, True),
    "sendonly": (True, False),
    "recvonly": (False, True),
    "inactive": (False, False),
}
_NAMES = {flags: name for name, flags in _DIRECTIONS.items()}


class UnusableSdp(ValueError):
    """No SDP, or none that offers µ-law audio at a plain IPv4 address."""


@dataclass(frozen=True, slots=True)
class Sdp:
    """One side's audio: where it listens, whether it sends and receives, the type of its telephone events.

    `rejected` holds the media around the audio (place, line), which an answer must list with port 0.
    """

    host: str
    port: int
    sends: bool = True
    receives: bool = True
    events: int | None = 101
    version: int = 1
    rejected: tuple[tuple[int, str], ...] = ()

    @classmethod
    def parse(cls, body: bytes) -> Sdp:
        """Raises UnusableSdp."""
        lines = [line.rstrip("\r") for line in body.decode("utf-8", "replace").split("\n")]
        starts = [index for index, line in enumerate(lines) if line.startswith("m=")]
        sections = [lines[start:end] for start, end in pairwise([*starts, len(lines)])]
        chosen: tuple[re.Match[str], list[str]] | None = None
        rejected: list[tuple[int, str]] = []
        for index, section in enumerate(sections):
            match = _AUDIO.fullmatch(section[0][2:].strip())
            if chosen is None and match is not None and 0 < int(match[1]) < 65536 and "0" in match[2].split():
                chosen = match, section
            else:
                words = [*section[0][2:].split(), "audio", "0", "RTP/AVP", "0"][:4]
                rejected.append((index, f"{words[0]} 0 {words[2]} {words[3]}"))
        if chosen is None:
            raise UnusableSdp("no µ-law audio")
        about = [*lines[: starts[0]], *chosen[1]]  # the media's own lines come last and win
        hosts = [line[9:].split("/")[0].strip() for line in about if line.startswith("c=IN IP4 ")]
        host = hosts[-1] if hosts else ""
        if re.fullmatch(r"([0-9]{1,3}\.){3}[0-9]{1,3}", host) is None:
            raise UnusableSdp("no IPv4 address for the audio")
        flags = [_DIRECTIONS[line[2:]] for line in about if line[2:] in _DIRECTIONS] or [(True, True)]
        sends, receives = flags[-1]
        receives = receives and host != "0.0.0.0"  # noqa: S104  the older way to put somebody on hold
        events = next((int(match[1]) for line in chosen[1] if (match := _EVENTS.match(line[2:]))), None)
        return cls(host, int(chosen[0][1]), sends, receives, events, rejected=tuple(rejected))

    def answering(self, offer: Sdp) -> Sdp:
        """This side's answer: directions mirrored, the offer's payload type, its other media refused."""
        sends, receives = self.sends and offer.receives, self.receives and offer.sends
        return replace(self, sends=sends, receives=receives, events=offer.events, rejected=offer.rejected)

    def to_bytes(self) -> bytes:
        formats, audio = "0", ["a=rtpmap:0 PCMU/8000", "a=ptime:20", f"a={_NAMES[self.sends, self.receives]}"]
        if self.events is not None:
            formats = f"0 {self.events}"
            audio += [f"a=rtpmap:{self.events} telephone-event/8000", f"a=fmtp:{self.events} 0-16"]
        audio.insert(0, f"m=audio {self.port} RTP/AVP {formats}")
        media = [audio]
        for index, line in self.rejected:
            media.insert(index, [f"m={line}"])
        session = ["v=0", f"o=- 1 {self.version} IN IP4 {self.host}", "s=-", f"c=IN IP4 {self.host}", "t=0 0"]
        return "\r\n".join([*session, *(line for section in media for line in section), ""]).encode()
