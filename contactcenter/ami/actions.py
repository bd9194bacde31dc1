"""What we say to Asterisk: one action, checked and encoded before anything is registered or written.

A CR, LF or NUL in a value would start a second action (a caller's name could then run a shell command), and a
line or a message beyond Asterisk's limits is refused by it as a whole: all of them are a ValueError that
names the field, and never repaired silently.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from panoramisk import actions as upstream
from panoramisk.utils import EOL

from contactcenter.ami.errors import ActionFailed, AmiError
from contactcenter.ami.messages import Message

LINE_LIMIT = 1024  # bytes, CR LF included: Asterisk's session buffer
HEADER_LIMIT = 128  # AST_MAX_MANHEADERS, Action and ActionID included

Fields = Mapping[str, str | int | Sequence[str]]
"""An action's headers, `Action` among them; a sequence makes one line per item."""

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_BREAKS = re.compile(r"[\r\n\0]")
_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
_ENDPOINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_CHANNEL = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}/[A-Za-z0-9_.+*#@:-]{1,128}-[0-9a-f]{8}(;[12])?")
_TRUE = frozenset({"yes", "true", "y", "t", "1", "on"})  # what ast_true() takes


def number(value: str) -> str:
    """The value, if it can be dialled: at most 32 digits, * and #, perhaps after a +. Else ValueError."""
    return _allowed(_NUMBER, value, "number")


def endpoint(value: str) -> str:
    """The value, if it is the bare name of an endpoint (no technology, no separator). Else ValueError."""
    return _allowed(_ENDPOINT, value, "endpoint")


def channel_name(value: str) -> str:
    """The value, if it names one live channel, such as PJSIP/1001-0000002a. Else ValueError."""
    return _allowed(_CHANNEL, value, "channel name")


def _allowed(pattern: re.Pattern[str], value: str, what: str) -> str:
    if pattern.fullmatch(value) is None:
        raise ValueError(f"{value!r} is no {what}")
    return value


@dataclass(frozen=True, slots=True)
class Reply:
    """Asterisk's yes: the response, and the events of the list (without the closing one) if it is one."""

    response: Message
    items: tuple[Message, ...] = ()


class Action(upstream.Action):
    """One action on its way. `future` becomes its Reply, or the AmiError that ended it (as a result: nobody
    may be waiting any more, and an exception that no one fetches is reported as a bug)."""

    future: asyncio.Future[Reply | AmiError]
    responses: list[Message]
    _start: Message | None = None  # the response that opened a list

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)  # upstream answers '' to any misspelt name

    @property
    def id(self) -> str:
        return str(self["ActionID"])

    action_id = id

    @property
    def name(self) -> str:
        return str(self["Action"])

    def encode(self) -> bytes:
        """The bytes for the wire. ValueError names the field that Asterisk would misread."""
        if self.name.lower() == "originate" and str(self.get("Async", "")).lower() not in _TRUE:
            raise ValueError("Originate needs Async: true; without it this link is deaf until the call ends")
        fields = {"Action": self.name, "ActionID": self.id} | dict(self)
        lines = [_line(key, item) for key, value in fields.items() for item in _items(value)]
        if len(lines) > HEADER_LIMIT:
            raise ValueError(f"action {self.name} has {len(lines)} headers; Asterisk takes {HEADER_LIMIT}")
        return b"".join(lines) + EOL.encode()

    def add_message(self, message: Message) -> bool:
        """Take one message that carries our ActionID; true when it was the last one."""
        listing = message.get("EventList", "").lower()
        if message.event:
            if self._start is None or listing not in ("complete", "cancelled"):
                self.responses.append(message)
                return False
            self.settle(Reply(self._start, tuple(self.responses)))
        elif not message.success:
            text = message.get("Message", message.response)
            self.settle(ActionFailed(f"Asterisk refused {self.name}: {text}", message))
        elif listing == "start":
            self._start = message
            return False
        else:
            self.settle(Reply(message))
        return True

    def settle(self, outcome: Reply | AmiError) -> None:
        """Give the outcome to whoever waits; a second outcome is ignored."""
        if not self.future.done():
            self.future.set_result(outcome)


def _items(value: str | int | Sequence[str]) -> Sequence[str | int]:
    return [value] if isinstance(value, str | int) else value


def _line(key: str, value: object) -> bytes:
    if _KEY.fullmatch(key) is None:
        raise ValueError(f"{key!r} is no header name")
    if not isinstance(value, str | int):
        raise TypeError(f"{key}: {type(value).__name__} is neither text nor a number")
    text = str(value)
    if _BREAKS.search(text):
        raise ValueError(f"{key} holds a CR, LF or NUL")
    try:
        line = f"{key}: {text}{EOL}".encode()
    except UnicodeEncodeError:
        raise ValueError(f"{key} holds half a surrogate pair, which is no text") from None
    if len(line) > LINE_LIMIT:
        raise ValueError(f"{key} makes a line of {len(line)} bytes; Asterisk reads {LINE_LIMIT}")
    return line


def redacted(payload: bytes) -> bytes:
    """An encoded action as it may be shown: without the secret of a Login."""
    return re.sub(rb"(?mi)^(Secret|Key): [^\r]*", rb"\1: ***", payload)
