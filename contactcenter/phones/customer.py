"""A customer who phones in from the carrier's side, and what he does once somebody answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from .agent import UserAgent
from .call import SipCall
from .message import Address, NameAddr, Uri


@dataclass(frozen=True, slots=True)
class Wait:
    """Does nothing for some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Press:
    """Presses keys one after the other; a comma is a pause of one second."""

    keys: str


@dataclass(frozen=True, slots=True)
class Speak:
    """Plays 8 kHz 16-bit little-endian samples, as of `ulaw.read_pcm` or `tones.tone`, to their end."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class HangUp:
    """Ends the call; a script without it stays until the other side hangs up."""


Step = Wait | Press | Speak | HangUp


class Customer:
    """`number` and `name` are shown to the called side, whatever they hold. They may share an `agent`."""

    def __init__(
        self,
        number: str,
        name: str = "",
        *,
        server: Address = ("127.0.0.1", 5060),
        host: str = "127.0.0.2",
        port: int = 0,
        media: bool = True,
        agent: UserAgent | None = None,
    ) -> None:
        self.server, self.media = server, media
        self._owns_agent = agent is None
        self.agent = agent or UserAgent(host, port, media=media)
        self._me = NameAddr(Uri(number, self.agent.address[0]), name)

    def call(self, number: str, headers: Iterable[tuple[str, str]] = ()) -> SipCall:
        """Dials and returns at once. MalformedMessage for a name or number with CR, LF or NUL."""
        to = Uri(number, *self.server)
        return self.agent.call(to, caller=self._me, peer=self.server, headers=headers, media=self.media)

    async def perform(self, call: SipCall, script: Iterable[Step]) -> None:
        """Goes through the script once the call is answered; leaves off when the other side hangs up.

        CallFailed when nobody answered.
        """
        await call.wait_answered(within=3600)
        for step in script:
            if call.state != "answered":
                return
            match step:
                case Wait(seconds):
                    with contextlib.suppress(TimeoutError):
                        await call.wait_ended(seconds)
                case Press(keys):
                    await call.audio.press(keys)
                case Speak(pcm):
                    call.audio.play(pcm)
                    await call.audio.played(len(pcm) / 16000 + 10)
                case HangUp():
                    call.hang_up()
                    await call.wait_ended(40)

    async def close(self) -> None:
        """Hangs up whatever is open and frees the port, unless the agent is somebody else's."""
        if not self._owns_agent:
            return
        open_calls = tuple(self.agent.calls.values())
        for call in open_calls:
            call.hang_up()
        with contextlib.suppress(TimeoutError):
            await asyncio.gather(*(call.wait_ended(2) for call in open_calls))
        self.agent.close()

    async def __aenter__(self) -> Customer:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
