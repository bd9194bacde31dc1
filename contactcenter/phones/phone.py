"""An agent's telephone: registered at the server, with a habit for the calls that come in."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from .agent import UserAgent
from .call import SipCall
from .dialog import Dialog
from .digest import Credentials
from .message import Address, NameAddr, Response, Uri
from .transaction import Timers
from .watch import Watchers

Habit = Callable[[SipCall], None]
"""What a phone does when a call comes in."""


def ring(call: SipCall) -> None:
    """Rings until `call.answer()`; a phone that nobody picks up."""
    call.ring()


def answer(call: SipCall) -> None:
    """Answers at once, without ringing."""
    call.answer()


def answer_after(seconds: float) -> Habit:
    """Rings, then answers by itself."""

    def habit(call: SipCall) -> None:
        call.ring()
        asyncio.get_running_loop().call_later(seconds, call.answer)

    return habit


def busy(call: SipCall) -> None:
    call.reject(486)


def decline(call: SipCall) -> None:
    call.reject(603)


def ignore(call: SipCall) -> None:
    """Neither rings nor answers: the caller hears nothing but 100 Trying."""


class RegistrationFailed(Exception):
    """The server refused the phone (401, 403: unknown, or a wrong password) or did not answer (408)."""

    def __init__(self, number: str, status: int) -> None:
        super().__init__(f"phone {number} is not registered: {status}")
        self.status = status


class Phone:
    """`tone`: the frequency that it sends into every call, so that others know who they hear.

    Use as `async with Phone(…) as phone`: registers, and at the end hangs up, unregisters and closes.
    """

    def __init__(
        self,
        number: str,
        password: str,
        *,
        server: Address = ("127.0.0.1", 5060),
        host: str = "127.0.0.4",
        port: int = 0,
        habit: Habit = ring,
        tone: int | None = None,
        media: bool = True,
        expires: int = 120,
        timers: Timers | None = None,
    ) -> None:
        self.number, self.server, self.habit, self.tone, self.expires = number, server, habit, tone, expires
        self.calls: list[SipCall] = []
        """Every call that came in, oldest first."""
        self.registered = 0
        """How often the server has confirmed the registration."""
        self.agent = UserAgent(host, port, on_call=self._on_call, media=media, timers=timers)
        self.agent.credentials = Credentials(number, password)
        self._me = NameAddr(Uri(number, *server), f"Phone {number}")
        registrar = Uri("", *server)
        self._registration = Dialog(self._me.tagged("register"), self._me, registrar, server)
        self._registration.credentials = self.agent.credentials
        self._watchers = Watchers()
        self._taken = 0
        self._refresh: asyncio.Task[None] | None = None

    async def register(self) -> None:
        """Registers and stays registered. RegistrationFailed when the server does not accept it."""
        await self._register(self.expires)
        self._refresh = self._refresh or asyncio.create_task(self._stay_registered())

    async def unregister(self) -> None:
        await self._stop_refreshing()
        await self._register(0)

    async def _register(self, expires: int) -> None:
        final: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        def on_response(response: Response) -> None:
            if response.status >= 200 and not final.done():
                final.set_result(response)

        headers = (("Contact", self.agent.contact(self.number)), ("Expires", str(expires)))
        self.agent.send(self._registration, self._registration.request("REGISTER", headers), on_response)
        response = await final
        if response.status >= 300:
            raise RegistrationFailed(self.number, response.status)
        self.registered += 1
        self._watchers.check()

    async def _stay_registered(self) -> None:
        while True:
            await asyncio.sleep(self.expires / 2)
            # The server may be restarting, and the next try is due soon.
            with contextlib.suppress(RegistrationFailed):
                await self._register(self.expires)

    async def _stop_refreshing(self) -> None:
        task, self._refresh = self._refresh, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def wait_registered(self, times: int, within: float) -> None:
        """Returns when the server has confirmed the registration `times` times."""
        await self._watchers.until(lambda: self.registered >= times, within, f"{times} registrations")

    def call(self, number: str) -> SipCall:
        """Places a call through the server and returns at once."""
        call = self.agent.call(
            Uri(number, *self.server),
            caller=self._me,
            peer=self.server,
            credentials=self.agent.credentials,
            media=self.agent.media,
        )
        return self._with_tone(call)

    async def wait_call(self, within: float = 10.0) -> SipCall:
        """The next incoming call that nobody has waited for yet."""
        await self._watchers.until(lambda: len(self.calls) > self._taken, within, f"a call to {self.number}")
        self._taken += 1
        return self.calls[self._taken - 1]

    def _on_call(self, call: SipCall) -> None:
        self.calls.append(self._with_tone(call))
        self.habit(call)
        self._watchers.check()

    def _with_tone(self, call: SipCall) -> SipCall:
        if self.tone is not None and call.session.media is not None:
            call.audio.play_tone(self.tone)
        return call

    async def vanish(self) -> None:
        """Stops listening without a word, as if its cable were pulled: the server still believes in it."""
        await self._stop_refreshing()
        self.agent.close()

    async def close(self) -> None:
        """Hangs up, unregisters as far as the server answers, and frees the port."""
        open_calls = tuple(self.agent.calls.values())
        for call in open_calls:
            call.hang_up()
        with contextlib.suppress(TimeoutError, RegistrationFailed):
            async with asyncio.timeout(2):
                if self._refresh is not None:
                    await self.unregister()
                await asyncio.gather(*(call.wait_ended(2) for call in open_calls))
        await self.vanish()

    async def __aenter__(self) -> Phone:
        try:
            await self.register()
        except BaseException:
            await self.vanish()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
