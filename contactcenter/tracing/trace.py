"""The form of a trace: lines of JSON, a header first, then what was heard, in order.

`{"at", "event"}` is an event as the center got it: what a replay needs. `{"at", "ami", "way", "raw"}` and
`{"at", "agi", "way", "raw"}` are Asterisk's own words (`way` is `in` or `out`): the evidence, and what the
translators are tested with.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from contactcenter import events
from contactcenter.events import Event
from contactcenter.values import frozen

FORMAT = 1

EVENT_TYPES: dict[str, type[Event]] = {
    name: kind
    for name, kind in vars(events).items()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
}


class TraceError(Exception):
    """A file that is no trace, or none of this version; the message says which line and why."""


@frozen
class Header:
    """What the trace was recorded with."""

    contactcenter: str
    asterisk: dict[str, str]
    """Server -> version."""
    config: dict[str, Any]
    """The configuration, without secrets: queues, calendars, dispositions."""
    format: int = FORMAT


@frozen
class Raw:
    """One message or line of Asterisk's, as it was."""

    at: float
    edge: str
    """`ami` or `agi`."""
    name: str
    """The server, or the call."""
    way: str
    raw: str


Entry = Event | Raw


def encode_header(header: Header) -> str:
    """The first line."""
    return json.dumps({"trace": msgspec.to_builtins(header)}, ensure_ascii=False)


def encode(entry: Entry) -> str:
    """One further line."""
    if isinstance(entry, Raw):
        line: dict[str, Any] = {"at": entry.at, entry.edge: entry.name, "way": entry.way, "raw": entry.raw}
    else:
        line = {
            "event": type(entry).__name__,
            **msgspec.to_builtins(entry, str_keys=True, enc_hook=_zone_name),
        }
    return json.dumps(line, ensure_ascii=False)


def decode(line: str) -> Entry:
    """The entry of one line; raises `TraceError`."""
    try:
        fields = json.loads(line)
        if name := fields.pop("event", ""):
            return msgspec.convert(fields, EVENT_TYPES[name], str_keys=True, strict=True, dec_hook=_zone)
        edge = "ami" if "ami" in fields else "agi"
        return Raw(at=fields["at"], edge=edge, name=fields[edge], way=fields["way"], raw=fields["raw"])
    except (ValueError, KeyError, TypeError, msgspec.ValidationError) as error:
        raise TraceError(f"this is no line of a trace ({error}): {line[:120]!r}") from error


def _zone_name(value: Any) -> str:
    """Calendars' time zones are the one thing in an event that JSON has no form for."""
    if isinstance(value, ZoneInfo):
        return value.key
    raise NotImplementedError(f"{type(value).__name__} can't stand in a trace")


def _zone(kind: type, value: Any) -> ZoneInfo:
    if kind is ZoneInfo:
        return ZoneInfo(value)
    raise NotImplementedError(f"{kind.__name__} can't stand in a trace")


def read(file: Path) -> tuple[Header, list[Entry]]:
    """A whole trace; raises `TraceError` or `OSError`."""
    with file.open(encoding="utf-8") as lines:
        return read_lines(lines)


def read_lines(lines: Iterable[str]) -> tuple[Header, list[Entry]]:
    """The header and the entries of a trace's lines."""
    rest: Iterator[str] = iter(lines)
    try:
        header = msgspec.convert(json.loads(next(rest, ""))["trace"], Header)
    except (ValueError, KeyError, TypeError, msgspec.ValidationError) as error:
        raise TraceError(f"the first line is no header of a trace: {error}") from error
    if header.format != FORMAT:
        raise TraceError(f"the trace has format {header.format}, this program reads {FORMAT}")
    return header, [decode(line) for line in rest if line.strip()]
