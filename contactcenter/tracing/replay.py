"""Replay: a trace's events through a fresh center, with the commands that it gives."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from contactcenter.center import Center
from contactcenter.commands import Command
from contactcenter.config import parse
from contactcenter.events import Event
from contactcenter.tracing.trace import Header, read


def center_of(header: Header) -> Center:
    """A fresh center with the rules of the trace; raises `ConfigError`."""
    return Center(parse(header.config, Path("trace")).rules())


def replay(center: Center, events: Iterable[Event]) -> Iterator[tuple[Event, list[Command]]]:
    """Each event with the commands that it brings about."""
    for event in events:
        yield event, center.handle(event)


def events_of(file: Path) -> tuple[Header, list[Event]]:
    """A trace's events, without the raw lines."""
    header, entries = read(file)
    return header, [entry for entry in entries if isinstance(entry, Event)]
