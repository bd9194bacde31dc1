"""The AGI protocol as bytes and values, without I/O: what we may say, and what Asterisk's lines mean.

Everything that reaches Asterisk passes `encode`; everything that comes from it passes `Reader`. The reader
trusts nobody: caps on lines and their number, no name twice and none missing (line breaks in a caller's text
would forge variables), and bytes that are no UTF-8 become replacement characters.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from urllib.parse import parse_qs

from contactcenter.values import frozen

LINE_CAP = 8192
"""Bytes in one line from the peer. A longer line of the environment is cut, because a caller makes his own
name; any other is a fault."""
ENVIRONMENT_CAP = 65536
"""Bytes in a whole environment."""
LINES_CAP = 256
"""Lines in an environment: 28 from Asterisk and up to 127 arguments."""
COMMAND_CAP = 8191
"""Bytes in one command with its line end: Asterisk reads into a buffer of 8,192 and needs one for NUL."""

_FIRST, _LAST = "agi_uniqueid", "agi_threadid"
"""What Asterisk says before any word of the caller's, and after the last one."""

_VERB = re.compile(r"[A-Za-z_]+( [A-Za-z_]+)*")
_REPLY = re.compile(r"(\d{3})(?:[ -](.*))?", re.DOTALL)
_RESULT = re.compile(r"result=(\S*)(?: \((.*)\))?(?: endpos=(-?\d+))?", re.DOTALL)


class ProtocolFault(Exception):
    """The peer does not speak AGI, or speaks too much of it."""


class Refused(ValueError):
    """A command that we must not send: a line break or NUL in it would begin a second command."""


@frozen
class Environment:
    """What Asterisk says about the channel before the first command."""

    values: Mapping[str, str]
    query: Mapping[str, str]
    """The query of the AGI URL; of a repeated name the first value."""

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def path(self) -> str:
        """The path of the AGI URL, without slashes around it and without the query."""
        return self["agi_network_script"].partition("?")[0].strip("/")


@frozen
class Reply:
    """Asterisk's answer to one command."""

    code: int
    result: str = ""
    data: str = ""
    """What stood in parentheses: a variable's value, `timeout`, `hangup`."""
    endpos: int = 0
    """Samples played or recorded."""

    @property
    def timed_out(self) -> bool:
        return self.data == "timeout"


@frozen
class HungUp:
    """The bare line `HANGUP`: the channel is gone."""


def _query(environment: Mapping[str, str]) -> dict[str, str]:
    text = environment.get("agi_network_script", "").partition("?")[2]
    try:
        found = parse_qs(text, keep_blank_values=True, max_num_fields=32)
    except ValueError as error:
        raise ProtocolFault("too many names in the address") from error
    return {name: values[0] for name, values in found.items()}


def encode(verb: str, *arguments: str | int) -> bytes:
    """One command line that Asterisk splits back into exactly these arguments.

    Raises `Refused` for CR, LF, NUL, for a verb with anything but letters, and above Asterisk's buffer.
    """
    if not _VERB.fullmatch(verb):
        raise Refused(f"not an AGI verb: {verb!r}")
    quoted = (str(argument).replace("\\", "\\\\").replace('"', '\\"') for argument in arguments)
    return encode_line(" ".join((verb, *(f'"{text}"' for text in quoted))))


def encode_line(line: str) -> bytes:
    """A command line that was quoted already (by a synchronous script), checked like `encode`."""
    if any(mark in line for mark in "\r\n\0"):
        raise Refused("line break or NUL in an AGI command")
    try:
        encoded = line.encode() + b"\n"
    except UnicodeEncodeError as error:
        raise Refused(f"not encodable in an AGI command: {error}") from error
    if len(encoded) > COMMAND_CAP:
        raise Refused(f"AGI command of {len(encoded)} bytes, at most {COMMAND_CAP}")
    return encoded


def parse_reply(line: str) -> Reply | None:
    """The reply in `line`, or None when the line is none (a stray second line of a variable's value)."""
    found = _REPLY.fullmatch(line)
    if not found:
        return None
    code, rest = int(found[1]), found[2] or ""
    if code != 200:
        return Reply(code=code, data=rest)
    result = _RESULT.fullmatch(rest.strip())
    if not result:
        return Reply(code=code, data=rest)
    return Reply(code=code, result=result[1], data=result[2] or "", endpos=int(result[3] or 0))


class Reader:
    """Bytes in, values out: first one `Environment`, afterwards `Reply` and `HungUp` in any order."""

    def __init__(self) -> None:
        self._rest = b""
        self._taken = 0
        self._environment: dict[str, str] | None = {}
        self._lines = 0
        self._usage: list[str] | None = None

    def feed(self, data: bytes) -> Iterator[Environment | Reply | HungUp]:
        """All that is complete after `data`. Raises `ProtocolFault`."""
        if self._environment is not None:
            self._taken += len(data)
            if self._taken > ENVIRONMENT_CAP:
                raise ProtocolFault(f"environment of more than {ENVIRONMENT_CAP} bytes")
            if self._lines == 0 and not (self._rest + data).startswith(b"agi_"[: len(self._rest + data)]):
                raise ProtocolFault("not an AGI environment")
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for raw in lines:
            if len(raw) > LINE_CAP and self._environment is None:
                raise ProtocolFault(f"line of {len(raw)} bytes")
            heard = self._line(raw[:LINE_CAP].rstrip(b"\r").decode(errors="replace"))
            if heard is not None:
                yield heard
        if len(self._rest) > LINE_CAP and self._environment is None:
            raise ProtocolFault(f"no line end within {LINE_CAP} bytes")

    def _line(self, line: str) -> Environment | Reply | HungUp | None:
        if self._environment is not None:
            return self._environment_line(self._environment, line)
        if line == "HANGUP":
            return HungUp()
        if self._usage is not None:
            return self._usage_line(self._usage, line)
        if line.startswith("520-"):
            self._usage = [line[4:]]
            return None
        reply = parse_reply(line)
        return None if reply is None or reply.code < 200 else reply  # `100 Trying` announces a reply

    def _environment_line(self, so_far: dict[str, str], line: str) -> Environment | None:
        if not line:
            for name in (_FIRST, _LAST):
                if name not in so_far:
                    raise ProtocolFault(f"environment without {name}")
            self._environment = None
            return Environment(values=MappingProxyType(so_far), query=_query(so_far))
        self._lines += 1
        if self._lines > LINES_CAP:
            raise ProtocolFault(f"environment of more than {LINES_CAP} lines")
        name, _, value = line.partition(":")
        if name in so_far:
            raise ProtocolFault(f"environment with {name[:40]!r} twice")
        so_far[name] = value.removeprefix(" ")
        return None

    def _usage_line(self, usage: list[str], line: str) -> Reply | None:
        if not line.startswith("520"):
            if len(usage) >= LINES_CAP:
                raise ProtocolFault(f"usage of more than {LINES_CAP} lines")
            usage.append(line)
            return None
        self._usage = None
        return Reply(code=520, data="\n".join(usage))
