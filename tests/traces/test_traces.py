"""Recorded traces, whole and damaged: whatever is missing, doubled or comes late, the floor stays sound.

The traces were heard from a real Asterisk (`make traces`); the variants are derived by program. Timers are
the center's own in every replay: recorded ones are left out and fired when the center asked for them.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contactcenter.ami.messages import Message
from contactcenter.ami.translate import translate
from contactcenter.commands import KeepAttempt, PlaceCall, SaveInteraction, Wake
from contactcenter.dialer.campaigns import CampaignKept
from contactcenter.events import (
    CallerLeft,
    CampaignAsked,
    Event,
    LegAnswered,
    LegEnded,
    LegJoined,
    LegParted,
    LegStarted,
    Snapshot,
    Woke,
)
from contactcenter.tracing.replay import center_of
from contactcenter.tracing.trace import Header, Raw, read
from contactcenter.values import LegSeen
from tests.core.invariants import Ledger, check, check_empty
from tests.traces.record import FOLDER
from tests.traces.scenarios import SCENARIOS

SERVER = "cc"
FILES = sorted(FOLDER.glob("*.jsonl"))
LONG_S = 7200.0
"""Longer than any timer of the center."""


class Player:
    """A fresh center that is told events, with its timers, and the invariants after each."""

    def __init__(self, header: Header) -> None:
        self.center = center_of(header)
        self.ledger = Ledger()
        self.final: dict[str, SaveInteraction] = {}
        self.outcomes: dict[str, str] = {}
        """Of attempts that were placed."""
        self._timers: list[tuple[float, int, str]] = []
        self._told = 0

    def play(self, events: Iterable[Event]) -> None:
        """Tell them all, each after the timers that are due before it."""
        for event in events:
            self.pass_time(event.at)
            self._tell(event)

    def pass_time(self, until: float) -> None:
        """Fire the timers up to a moment."""
        while self._timers and self._timers[0][0] <= until:
            due, _, timer = heapq.heappop(self._timers)
            self._tell(Woke(at=due, timer=timer))

    def end(self, at: float) -> None:
        """Asterisk has no legs any more, and all timers fire: nothing may be left, every record is final."""
        self.play([Snapshot(at=at, server=SERVER, asked_at=at, legs=())])
        for live in [each for each in self.center.floor.campaigns.values() if each.runs]:
            # One whose end the trace lacks would look for leads twice a second until all timers are over.
            kept = CampaignKept(campaign=live.campaign, state="running")
            stop = CampaignAsked(at=at, login="", name="", request="stop", kept=kept, step="stop")
            self.play([stop])
        self.pass_time(at + LONG_S)
        check_empty(self.center.floor)

    def _tell(self, event: Event) -> None:
        commands = self.center.handle(event)
        self.ledger.take(event, commands)
        for command in commands:
            if isinstance(command, Wake):
                self._told += 1
                heapq.heappush(self._timers, (command.due, self._told, command.timer))
            elif isinstance(command, SaveInteraction) and command.record.final:
                self.final[command.record.id] = command
            elif isinstance(command, PlaceCall):
                assert command.leg not in self.outcomes, "placed twice"
                self.outcomes[command.leg] = ""
            elif isinstance(command, KeepAttempt) and command.record.id in self.outcomes:
                before = self.outcomes[command.record.id]
                assert before in ("", command.record.outcome), "an attempt has one outcome"
                self.outcomes[command.record.id] = command.record.outcome
        check(self.center.floor)


def load(file: Path) -> tuple[Header, list[Event]]:
    """A trace's events, without the timers."""
    header, entries = read(file)
    return header, [each for each in entries if isinstance(each, Event) and not isinstance(each, Woke)]


def truth(events: list[Event]) -> tuple[LegSeen, ...]:
    """The legs that Asterisk has after these events: what an honest snapshot would list."""
    legs: dict[str, LegSeen] = {}
    for event in events:
        match event:
            case LegStarted(leg=leg, phone=phone, linked=linked):
                legs[leg] = LegSeen(leg=leg, phone=phone, linked=linked)
            case LegAnswered(leg=leg) if leg in legs:
                legs[leg] = replace(legs[leg], answered=True)
            case LegJoined(leg=leg, bridge=bridge) if leg in legs:
                legs[leg] = replace(legs[leg], bridge=bridge)
            case LegParted(leg=leg, bridge=bridge) if leg in legs and legs[leg].bridge == bridge:
                legs[leg] = replace(legs[leg], bridge="")
            case LegEnded(leg=leg):
                legs.pop(leg, None)
    return tuple(legs.values())


def variants(events: list[Event], kind: str) -> Iterator[list[Event]]:
    """All variants of one kind."""
    for n in range(len(events)):
        if kind == "suffix":
            yield events[n + 1 :]
        elif kind == "dropped":
            yield events[:n] + events[n + 1 :]
        elif kind == "doubled":
            yield events[: n + 1] + events[n:]
        else:
            at = events[n].at
            seen = Snapshot(at=at, server=SERVER, asked_at=at, legs=truth(events[: n + 1]))
            yield [*events[: n + 1], seen, *events[n + 1 :]]


def test_every_scenario_is_recorded() -> None:
    assert {file.stem for file in FILES} == set(SCENARIOS), "run `make traces`"
    assert len(FILES) >= 25


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_whole_trace_leaves_nothing_behind(file: Path) -> None:
    header, events = load(file)
    player = Player(header)
    player.play(events)
    player.pass_time(events[-1].at + LONG_S)
    check_empty(player.center.floor)
    assert not player.center.impossible, "Asterisk did what no table allows"
    assert not any(save.record.inferred for save in player.final.values()), "all of it was heard"


@pytest.mark.parametrize(
    ("name", "outcomes"),
    [
        ("and_joined", ["connected"]),
        ("and_dropped_with_the_key", ["connected", "dropped"]),
        ("and_busy", ["busy"]),
        ("and_a_machine_has_the_message", ["message_left"]),
        ("with_the_agent_first_on_a_phone_that_rings", ["connected"]),
    ],
)
def test_a_campaigns_calls_come_to_what_they_came_to(name: str, outcomes: list[str]) -> None:
    header, events = load(FOLDER / f"dialled_{name}.jsonl")
    player = Player(header)
    player.play(events)
    player.pass_time(events[-1].at + LONG_S)
    assert sorted(player.outcomes.values()) == outcomes


@pytest.mark.parametrize("kind", ["suffix", "dropped", "doubled", "snapshot"])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_damaged_trace_keeps_the_invariants(file: Path, kind: str) -> None:
    header, events = load(file)
    for variant in variants(events, kind):
        player = Player(header)
        player.play(variant)
        player.end(events[-1].at + 1)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_same_trace_gives_the_same_commands(file: Path) -> None:
    header, events = load(file)
    first, second = center_of(header), center_of(header)
    assert [first.handle(event) for event in events] == [second.handle(event) for event in events]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_raw_words_translate_to_the_recorded_events(file: Path) -> None:
    _, entries = read(file)
    translated = []
    for raw in (
        each for each in entries if isinstance(each, Raw) and each.edge == "ami" and each.way == "in"
    ):
        message = Message.from_line(raw.raw.rstrip("\r\n"))
        event = translate(message, raw.name, 0.0) if message and message.event else None
        if event:
            translated.append(event)
    heard = {type(event) for event in translated}
    recorded = [replace(each, at=0.0) for each in entries if isinstance(each, Event) and type(each) in heard]
    assert recorded[-len(translated) :] == translated
    assert any(isinstance(each, CallerLeft | LegEnded) for each in entries)
