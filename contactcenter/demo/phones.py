"""Simulated telephones for agents who have only a browser: they ring until Answer is pressed on the page."""

import asyncio
import contextlib

import structlog

from contactcenter.commands import AnswerPhone, Command
from contactcenter.demo.speech import speech
from contactcenter.phones.call import SipCall
from contactcenter.phones.message import Address
from contactcenter.phones.phone import Phone

SIMULATED = ("116", "117", "118", "119")
"""Phones of the demo that need no telephone."""

GREETING = "您好，很高兴为您服务。请问有什么可以帮您？"

log = structlog.get_logger(__name__)


class DemoPhones:
    """The simulated phones, as an edge of the center."""

    def __init__(self, secrets: dict[str, str], server: Address) -> None:
        self._phones = {
            number: Phone(number, secrets[number], server=server, habit=self._ring) for number in SIMULATED
        }
        self._greeting: asyncio.Task[bytes] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Register them all; a phone that can't is logged, and stays unreachable."""
        self._greeting = asyncio.create_task(speech(GREETING, "zh"))
        for phone in self._phones.values():
            await phone.register()

    async def stop(self) -> None:
        """Hang up and unregister."""
        for task in (*self._tasks, *([self._greeting] if self._greeting else [])):
            task.cancel()
        await asyncio.gather(*(phone.close() for phone in self._phones.values()))

    def carry(self, command: Command) -> None:
        """Press the answer key."""
        if not isinstance(command, AnswerPhone):
            raise TypeError(f"not for a phone: {command!r}")
        phone = self._phones.get(command.phone)
        ringing = [call for call in phone.calls if call.state == "ringing"] if phone else []
        if not ringing:
            log.info("nothing to answer", phone=command.phone)
            return
        task = asyncio.create_task(self._talk(ringing[-1]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _ring(self, call: SipCall) -> None:
        call.ring()

    async def _talk(self, call: SipCall) -> None:
        call.answer()
        with contextlib.suppress(Exception):  # the caller may be gone at any point: there is nobody to greet
            await call.wait_answered()
            if self._greeting:
                call.audio.play(await asyncio.shield(self._greeting))
