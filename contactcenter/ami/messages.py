"""What Asterisk says: one event or one response, its bytes already decoded."""

from __future__ import annotations

import re
from typing import Any, Self

from panoramisk import message as upstream
from panoramisk.utils import EOL, CaseInsensitiveDict

# The letters of ast_escape_c(); any other escaped character stands for itself.
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

_LISTS = frozenset({"chanvariable", "variable", "output"})


def unescape(value: str) -> str:
    r"""Undo Asterisk's C-style escapes: `O\'Brien` is O'Brien.

    Meant for the headers that Asterisk escapes (CallerIDName, ConnectedLineName, VarSet's Value); any other
    header may hold a backslash of its own.
    """
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[1]), value)


class Message(upstream.Message):
    """One event or response. Headers by name, case-insensitive: `message["Uniqueid"]` (KeyError if absent).

    The first of a repeated header wins, as a str; `all()` has every one, and `repeated` says which they are.
    Asterisk writes its own headers before those that a dialplan adds to a UserEvent, so that a caller's data
    can't replace a Channel or Uniqueid there.
    """

    _repeated: dict[str, list[str]]
    manager = None

    def __getattr__(self, name: str) -> Any:
        # Upstream answers '' here, which hides a misspelt attribute and makes copy and pickle recurse.
        raise AttributeError(f"Message has no attribute {name!r}: read headers by message[name]")

    @classmethod
    def from_line(cls, line: str) -> Self | None:
        """Read one message (its lines, without the blank one). None when it is neither event nor response,
        or is two at once, run together by a lost blank line."""
        store: dict[str, tuple[str, str]] = {}
        repeated: dict[str, list[str]] = {}
        for header in line.split(EOL):
            key, colon, value = header.partition(":")
            if not colon:
                continue
            lower = key.lower()
            value = value.removeprefix(" ")
            if lower in store:
                repeated.setdefault(lower, []).append(value)
            else:
                store[lower] = (key, value)
        if "event" in repeated or "response" in repeated or not ("event" in store or "response" in store):
            return None
        message = cls.__new__(cls)
        message._store = store
        message._repeated = repeated
        return message

    @property
    def event(self) -> str:
        """The event's name; '' for a response. (OriginateResponse is an event that has a Response header.)"""
        return self._store["event"][1] if "event" in self._store else ""

    @property
    def response(self) -> str:
        """Success, Error, Goodbye …; '' when there is none."""
        return self._store["response"][1] if "response" in self._store else ""

    @property
    def content(self) -> str:
        """The output of a Command action, one line per `Output` header."""
        return "\n".join(self.all("Output"))

    @property
    def repeated(self) -> tuple[str, ...]:
        """The headers that came more than once, in lower case, without those that list something. Asterisk
        does not repeat such a one: somebody whose text stands in the message made it up."""
        return tuple(name for name in self._repeated if name not in _LISTS)

    def all(self, key: str) -> list[str]:
        """Every value of a header, in the order of arrival; empty when absent."""
        lower = key.lower()
        return [self[key], *self._repeated.get(lower, ())] if lower in self._store else []

    def getdict(self, key: str) -> CaseInsensitiveDict:
        """The `name=value` pairs of a repeated header such as ChanVariable; the first of a name wins."""
        return CaseInsensitiveDict(
            {name: value for name, _, value in (pair.partition("=") for pair in reversed(self.all(key)))}
        )
