"""One caller's leg, as his session commands it: commands, and values that outlive this process."""

import asyncio
import logging
import re

from contactcenter.agi.connection import CallerGone, Connection
from contactcenter.agi.protocol import Reply

log = logging.getLogger(__name__)

PLAY_TIMEOUT_S = 180.0
"""For commands that play a sound: longer than any announcement."""

_PLAIN = re.compile(r"[A-Za-z0-9_.-]*")
"""What MSet takes as it is: no comma, quote or backslash."""
_DESTINATION = re.compile(r"(?:PJSIP/[A-Za-z0-9_.+@:/-]{1,150}&?){1,20}(?<!&)")
RECORDING = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
"""A recording's name: made by us, and a file's name, so checked again."""


class Leg:
    """The one leg that a connection of Asterisk speaks for."""

    def __init__(self, connection: Connection, id: str, music: str) -> None:
        self.id = id
        self.connection = connection
        self.music = music
        """The music class for waiting callers."""
        self.joining = False
        """The caller is with another leg, or on the way there."""
        self.resumed = False
        """The dialplan has brought the caller back: a session before this one broke off."""
        self.over = False
        """Its end was told, or is another's to tell."""

    async def command(self, verb: str, *arguments: str | int, timeout_s: float = 10.0) -> Reply:
        """Asterisk's answer. Raises `CallerGone` and `CommandTimeout`."""
        reply = await self.connection.command(verb, *arguments, timeout_s=timeout_s)
        if reply.result == "-1":
            await self.really_gone()
        return reply

    async def really_gone(self) -> None:
        """Asterisk says -1 when the caller hung up, a little before it says so by HANGUP or the end of the
        connection: wait for that. Where it doesn't come, the dialplan's rescue loop decides."""
        await asyncio.sleep(1.0)
        self.connection.abort()
        raise CallerGone

    async def recall(self, name: str) -> str:
        """What stands on the leg under this name; empty for nothing."""
        return (await self.connection.command("GET VARIABLE", name)).data

    async def remember(self, name: str, value: str) -> None:
        """Keep a value on the leg, where it survives a crash of this process."""
        await self.command("SET VARIABLE", name, value)

    async def remember_all(self, **values: str) -> None:
        """Several values in one command, unless one of them could be misread there."""
        if all(map(_PLAIN.fullmatch, values.values())):
            await self.command("EXEC MSet", ",".join(f"{name}={value}" for name, value in values.items()))
        else:
            for name, value in values.items():
                await self.remember(name, value)

    async def join(self, application: str, options: str, status: str) -> str:
        """Run what connects the caller with another leg, to its end; returns what `status` then says."""
        self.joining, self.connection.last = True, None
        reply = await self.connection.command(application, options, timeout_s=None)
        if reply.result == "-1":
            await self.really_gone()
        result = await self.recall(status)
        self.joining = False
        return result

    async def dial(self, destination: str, ring_s: int) -> str:
        """Ring phones for the caller, and connect him with who answers first; returns the DIALSTATUS."""
        if not _DESTINATION.fullmatch(destination):
            log.error("call %s: not dialled: %r", self.id, destination)
            return "CHANUNAVAIL"
        # Dial takes the music over (`m`): the caller hears no ringing, and no gap. `g`: he comes back to us
        # when the agent hangs up.
        options = f"{destination},{max(1, min(ring_s, 300))},gm({self.music})"
        return await self.join("EXEC Dial", options, "DIALSTATUS") or "CHANUNAVAIL"
