"""A fake Asterisk for the FastAGI edge: one caller's channel on a real socket.

It splits commands by Asterisk's own rules (`res_agi.c`, parse_args), keeps channel variables, counts
commands, and answers as a channel on which nobody speaks would, unless `keys` or `answers` say otherwise.
"""

import asyncio
from array import array
from collections.abc import Callable
from contextlib import suppress

HUNG_UP = -1


def split(line: str) -> list[str]:
    """A command line as Asterisk's parse_args splits it."""
    words: list[str] = []
    quoted = escaped = False
    blank = True
    for mark in line:
        if mark == '"' and not escaped:
            quoted = not quoted
            if quoted and blank:
                words.append("")
                blank = False
        elif mark in " \t" and not quoted and not escaped:
            blank = True
        elif mark == "\\" and not escaped:
            escaped = True
            continue
        else:
            if blank:
                words.append("")
                blank = False
            words[-1] += mark
        escaped = False
    return words


class Hum:
    """A speech engine that needs no program: each text becomes a short square wave."""

    name = "hum"

    async def speak(self, text: str, language: str) -> tuple[bytes, int]:
        return array("h", [4000, 4000, -4000, -4000] * 100).tobytes(), 8000

    def check(self) -> None:
        pass


class FakeChannel:
    """A caller's channel that runs AGI().

    `keys` are pressed one by one: each prompt and each wait takes what it can. `answers` maps a command's
    first words to a function that gives the reply line, or None for no reply at all. `hang_up_at` hangs up
    when the command of that number arrives (0 for the first), in place of its reply.
    """

    def __init__(
        self,
        uniqueid: str = "pbx1-1700000000.1",
        *,
        extension: str = "4001",
        path: str = "inbound",
        caller: str = "13800001111",
        name: str = "unknown",
        keys: str = "",
        variables: dict[str, str] | None = None,
        hang_up_at: int = HUNG_UP,
        polite: bool = True,
    ) -> None:
        self.environment = [
            "agi_network: yes",
            f"agi_network_script: {path}",
            f"agi_request: agi://127.0.0.1/{path}",
            "agi_channel: PJSIP/carrier-00000001",
            "agi_language: en",
            "agi_type: PJSIP",
            f"agi_uniqueid: {uniqueid}",
            "agi_version: 22.10.1",
            f"agi_callerid: {caller}",
            f"agi_calleridname: {name}",
            "agi_dnid: 4001",
            "agi_context: inbound",
            f"agi_extension: {extension}",
            "agi_enhanced: 0.0",
            "agi_accountcode: ",
            "agi_threadid: 140000000000000",
        ]
        self.keys = list(keys)
        self.variables = dict(variables or {})
        if extension[:1].isdigit():
            self.variables["CC_DID"] = extension  # as the dialplan does
        self.answers: dict[str, Callable[[list[str]], str | None]] = {}
        self.hang_up_at = hang_up_at
        self.polite = polite
        """Says HANGUP before it closes; without, it only closes."""
        self.commands: list[list[str]] = []
        self.music = False
        self._changed = asyncio.Event()

    async def connect(self, port: int) -> None:
        """Connect and send the environment."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.writer.write(("\n".join(self.environment) + "\n\n").encode())

    async def run(self, port: int) -> None:
        """The whole session: returns when either side closed."""
        await self.connect(port)
        with suppress(ConnectionError):
            while await self.serve_one():
                pass
        await self.closed()

    async def serve_one(self) -> bool:
        """Answer one command; False when the connection is over."""
        line = await self.reader.readline()
        if not line:
            return False
        words = split(line.decode().rstrip("\n"))
        self.commands.append(words)
        self._changed.set()
        if len(self.commands) - 1 == self.hang_up_at:
            await self.hang_up()
            return False
        reply = self._reply(words)
        if reply is not None:
            self.writer.write(reply.encode() + b"\n")
        return True

    async def hang_up(self) -> None:
        """The caller hangs up: what Asterisk sends with AGIEXITONHANGUP set."""
        if self.polite:
            self.writer.write(b"HANGUP\n")
        await self.closed()

    async def closed(self) -> None:
        """Close our end."""
        with suppress(ConnectionError):
            self.writer.close()
            await self.writer.wait_closed()

    async def until(self, *words: str) -> None:
        """Wait until a command that begins with these words has come."""
        while not self.had(*words):
            self._changed.clear()
            await self._changed.wait()

    def had(self, *words: str) -> bool:
        """Whether a command that begins with these words came."""
        return any(command[: len(words)] == list(words) for command in self.commands)

    def _reply(self, words: list[str]) -> str | None:
        said = " ".join(words)
        for start, answer in self.answers.items():
            if said.startswith(start):
                return answer(words)
        match words:
            case ["GET", "VARIABLE", name]:
                value = self.variables.get(name)
                return f"200 result=1 ({value})" if value is not None else "200 result=0"
            case ["SET", "VARIABLE", name, value]:
                self.variables[name] = value
                return "200 result=1"
            case ["EXEC", "MSet", pairs]:
                self.variables |= dict(pair.split("=", 1) for pair in pairs.split(","))
                return "200 result=0"
            case ["SET", "MUSIC", state, *_]:
                self.music = state == "on"
                return "200 result=0"
            case ["STREAM", "FILE", _, escape]:
                key = self._key(escape)
                return f"200 result={ord(key) if key else 0} endpos=8000"
            case ["GET", "DATA", _, _, limit]:
                return self._data(int(limit))
            case ["WAIT", "FOR", "DIGIT", _]:
                key = self._key("0123456789*#")
                return f"200 result={ord(key) if key else 0}"
            case ["EXEC", "Dial", _]:
                self.variables["DIALSTATUS"] = "NOANSWER"
                return "200 result=0"
        return "510 Invalid or unknown command"

    def _key(self, wanted: str) -> str:
        return self.keys.pop(0) if self.keys and self.keys[0] in wanted else ""

    def _data(self, limit: int) -> str:
        typed = ""
        while self.keys and len(typed) < limit:
            key = self.keys.pop(0)
            if key == "#":
                return f"200 result={typed}"
            typed += key
        return f"200 result={typed}" if len(typed) == limit else f"200 result={typed} (timeout)"
