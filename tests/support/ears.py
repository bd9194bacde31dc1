"""What a caller hears besides tones, and keys that are pressed until they are heard."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from contactcenter.phones.call import SipCall
from tests.support.voices import AGENT_HZ, CALLER_HZ, COLLEAGUE_HZ

T = TypeVar("T")

MUSIC = -45.0
"""Louder than this, and no voice of the story, is the music on hold."""
AGAIN_S = 0.5
"""How long somebody waits whether his key was heard before he presses it again."""


async def hears_music(call: SipCall, within: float = 10.0) -> None:
    """The music plays, and nobody's voice is in it; TimeoutError when it does not come to that."""

    def plays() -> bool:
        voices = max(call.ear.heard(hz, 0.3) for hz in (AGENT_HZ, CALLER_HZ, COLLEAGUE_HZ))
        return call.ear.loudness(0.3) > MUSIC > voices

    await call.watchers.until(plays, within, "music, and nothing else")


async def insists(call: SipCall, key: str, wanted: Awaitable[T]) -> T:
    """Press a key again and again until what is wanted has come: a key that is pressed before somebody
    listens is lost, as in life. Raises what the waiting raises."""
    coming = asyncio.ensure_future(wanted)
    try:
        while not coming.done() and call.state == "answered":
            await call.audio.press(key, pause=AGAIN_S)
        return await coming
    finally:
        coming.cancel()
