"""`contactcenter demo call`: a simulated customer phones in, speaks, presses keys and hangs up."""

import asyncio
import time
from collections.abc import Callable

from contactcenter.demo.speech import speech
from contactcenter.phones.call import CallFailed, SipCall
from contactcenter.phones.customer import Customer, HangUp, Press, Speak, Step, Wait
from contactcenter.phones.message import Address

SENTENCES = {
    "zh": "你好，我家的宽带从昨天晚上开始就连不上了，麻烦你帮我看一下。",
    "en": "Hello, my internet connection has been down since last night. Could you have a look, please?",
}
ANSWER_S = 10.0
"""Every number of the demo is answered at once."""
KEY_PAUSE_S = 1.5
"""Between two keys: a person listens to the menu first."""


async def call(
    number: str,
    *,
    server: Address,
    caller: str,
    name: str,
    keys: str,
    language: str,
    stay_s: float,
    tell: Callable[[str], object],
) -> bool:
    """One call from its dialling to its end, told step by step; False when nobody answered."""
    began = time.monotonic()

    def say(what: str) -> None:
        tell(f"{time.monotonic() - began:6.1f} s  {what}")

    sentence = await speech(SENTENCES[language], language)
    async with Customer(caller, name, server=server) as customer:
        placed = customer.call(number)
        say(f"{caller} {name} dials {number}")
        try:
            await placed.wait_answered(within=ANSWER_S)
        except CallFailed as error:
            say(f"not answered: SIP status {error.status}")
            return False
        except TimeoutError:
            say("no answer: does a center run on this machine, and with this --port-offset?")
            return False
        say("answered")
        steps: list[Step] = []
        for key in keys:
            steps += [Wait(KEY_PAUSE_S), Press(key)]
        if keys:
            say(f"presses {' '.join(keys)}")
        steps += [Wait(2.0), Speak(sentence), Wait(stay_s), HangUp()]
        await asyncio.gather(customer.perform(placed, steps), _report(placed, say))
        return True


async def _report(placed: SipCall, say: Callable[[str], None]) -> None:
    await placed.wait_ended(within=24 * 3600)
    say("hung up" if placed.ended_by == "local" else "the center hung up")
