"""What simulated people say: synthesised as prompts are, in the form that simulated phones play."""

import asyncio
from array import array

from contactcenter.agi.audio import telephone
from contactcenter.agi.server import ENGINES
from contactcenter.agi.speech import load_engine


async def speech(text: str, language: str) -> bytes:
    """`text` as 8 kHz 16-bit samples. Raises what the engine raises."""
    pcm, rate = await load_engine(ENGINES[language]).speak(text, language)
    samples = await asyncio.to_thread(telephone, array("h", pcm), rate)
    return samples.tobytes()
