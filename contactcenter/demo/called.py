"""The people whom the demo's campaigns call: they answer, talk and hang up, or are busy, out, or machines.

They are the far end of the trunk `people`, and no telephone rings but theirs. Who does what is in the number,
so that it repeats: of ten numbers that follow each other six are answered by a person.
"""

import asyncio
import contextlib

import structlog

from contactcenter.demo.speech import speech
from contactcenter.phones.agent import UserAgent
from contactcenter.phones.call import SipCall
from contactcenter.phones.message import Address

ADDRESS = "127.0.0.3"
"""Where they are, at the carrier's port."""
TRUNK = "people"
OUT, BUSY, AWAY, MACHINE = 6, 7, 8, 9
"""Last digits of who does not answer; all others do."""
STAY_S = 40.0
"""So long a person stays, and then hangs up."""

_HELLO = {"zh": "喂，您好，请讲。", "en": "Hello? Yes, speaking."}
_TALK = {
    "zh": "好的，谢谢你打电话来，宽带用着还不错，没有什么问题。",
    "en": "Thank you for calling. The line works well, there is nothing to complain about.",
}
_GREETING = {
    "zh": "您好，您拨打的用户暂时无法接听，请在提示音之后留言。",
    "en": "Hello, I can't take your call at the moment. Please leave a message after the tone.",
}
_PARTS = (_HELLO, _TALK, _GREETING)

log = structlog.get_logger(__name__)


def language_of(number: str) -> str:
    """What who has this number speaks."""
    return "zh" if number.lstrip("+").startswith(("86", "154")) else "en"


class CalledPeople:
    """Everybody outside, as one far end."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._agent: UserAgent | None = None
        self._said: dict[tuple[str, int], asyncio.Task[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Be there. Where the address is taken, nobody is, and that is logged."""
        try:
            self._agent = UserAgent(*self._address, on_call=self._ring)
        except OSError as error:
            log.warning("nobody answers the campaigns' calls", address=self._address, error=str(error))

    async def stop(self) -> None:
        """Hang up, and be gone."""
        for task in (*self._tasks, *self._said.values()):
            task.cancel()
        if self._agent is None:
            return
        calls = tuple(self._agent.calls.values())
        for call in calls:
            call.hang_up()
        with contextlib.suppress(TimeoutError):
            await asyncio.gather(*(call.wait_ended(2) for call in calls))
        self._agent.close()

    def _ring(self, call: SipCall) -> None:
        digit = int(call.called[-1]) if call.called[-1:].isdecimal() else BUSY
        if digit == BUSY:
            call.reject(486)
            return
        call.ring()
        if digit not in (OUT, AWAY):
            task = asyncio.create_task(self._answer(call, digit))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, call: SipCall, digit: int) -> None:
        spoken = language_of(call.called)
        with contextlib.suppress(Exception):  # the caller may be gone at any point
            await asyncio.sleep(2.0 + digit / 2)  # until he is at his telephone
            if call.state != "ringing":
                return
            call.answer()
            await call.wait_answered()
            first = _PARTS.index(_GREETING if digit == MACHINE else _HELLO)
            call.audio.play(await self._speech(spoken, first))
            if digit != MACHINE:
                with contextlib.suppress(TimeoutError):
                    await call.wait_ended(8)
                call.audio.play(await self._speech(spoken, _PARTS.index(_TALK)))
            with contextlib.suppress(TimeoutError):
                await call.wait_ended(STAY_S)
            call.hang_up()

    async def _speech(self, spoken: str, part: int) -> bytes:
        """Made once, when somebody says it first."""
        key = (spoken, part)
        if key not in self._said:
            self._said[key] = asyncio.create_task(speech(_PARTS[part][spoken], spoken))
        return await asyncio.shield(self._said[key])
