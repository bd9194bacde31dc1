"""The scripts that need no file: a number that leads straight to a queue, a number that leads nowhere, and
what becomes of a caller whose own script failed."""

from contactcenter.agi.loader import Script
from contactcenter.agi.script import Call, Wish
from contactcenter.agi.texts import LANGUAGES


def direct(queue: str) -> Script:
    """Straight into a queue."""

    async def script(call: Call) -> str:
        return await wait_for_agent(call, queue)

    return Script(name=f"direct {queue}", path=None, texts={}, run=script, queues=True)


async def wait_for_agent(call: Call, queue: str, wish: Wish = Wish()) -> str:  # noqa: B008 (frozen)
    """Wait in the queue; a caller who found no agent is told so, and why if it is an emergency. Returns the
    queue's exit."""
    skills = {need.skill: need.level for need in wish.needs}
    result = await call.queue(queue, priority=wish.priority, needs=skills, agent=wish.agent)
    if result == "closed":
        if not await call.emergency(queue):
            await call.goodbye("closed")
    elif result in ("callback", "message"):
        await call.goodbye()
    elif result != "answered":
        await call.goodbye("apology")
    return result


async def _unknown(call: Call) -> str:
    for language in LANGUAGES:
        await call.goodbye("unknown_number", language=language)
    return "unknown_number"


UNKNOWN = Script(name="unknown", path=None, texts={}, run=_unknown)
