"""Interactions: the business record of one contact's episode, from its arrival to its disposition.

An interaction is open while its caller is there, then in wrap-up while an agent still works on it, then
final. Its final record is made exactly once, whatever happens: everything else follows from that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from contactcenter.transitions import follow
from contactcenter.values import InteractionRecord, TimelineEntry

NO_DISPOSITION = "unset"
"""The disposition of a record whose agent chose none."""


class InteractionState(StrEnum):
    """How far the record is."""

    OPEN = "open"
    WRAP_UP = "wrap_up"
    FINAL = "final"


class InteractionTrigger(StrEnum):
    """What moves an interaction."""

    CALLER_GONE = "caller gone"
    CALLER_BACK = "caller back"
    WORK_DONE = "work done"


TRANSITIONS: Mapping[InteractionState, Mapping[InteractionTrigger, InteractionState]] = {
    InteractionState.OPEN: {InteractionTrigger.CALLER_GONE: InteractionState.WRAP_UP},
    InteractionState.WRAP_UP: {
        # To a script, a phone that sends its caller to another number looks as if the caller hung up.
        InteractionTrigger.CALLER_BACK: InteractionState.OPEN,
        InteractionTrigger.WORK_DONE: InteractionState.FINAL,
    },
    InteractionState.FINAL: {},
}


class Outcome(StrEnum):
    """Why an episode ended. The caller's way out of a queue is one of these too."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    """The caller left the queue."""
    ABANDONED_IN_IVR = "abandoned_in_ivr"
    SELF_SERVED = "self_served"
    """The script served the caller to its end."""
    CALLBACK = "callback"
    CLOSED = "closed"
    FULL = "full"
    NO_AGENTS = "no_agents"
    TIMEOUT = "timeout"
    OVERFLOW = "overflow"
    """Went on to wait in another queue; never how an episode ends."""
    MESSAGE = "message"
    """Left a message instead of waiting."""
    NOT_REACHED = "not_reached"
    """Somebody whom we called did not answer."""
    DROPPED = "dropped"
    """We called, somebody answered, and no agent was free in time."""
    HUNG_UP = "hung_up"
    """We called, and who answered hung up before an agent had him."""
    MACHINE = "machine"
    """We called, and a machine answered."""
    OPTED_OUT = "opted_out"
    """We called, and who answered wants no more calls."""
    UNKNOWN_QUEUE = "unknown_queue"
    UNKNOWN_NUMBER = "unknown_number"
    """The dialled number leads nowhere."""
    FAILED = "failed"
    """The script broke and no agent had the caller."""
    SERVER_RESTART = "server_restart"
    ASTERISK_RESTART = "asterisk_restart"


@dataclass(slots=True)
class Interaction:
    """A record in the making."""

    record: InteractionRecord
    state: InteractionState = InteractionState.OPEN
    workers: set[str] = field(default_factory=set)
    """Agents who talk or wrap up; the record can't be final before the last is done."""
    unsaved: list[TimelineEntry] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The interaction's own id."""
        return self.record.id

    def note(self, at: float, kind: str, **detail: Any) -> None:
        """One more line of the timeline; `detail` is plain JSON."""
        self.unsaved.append(TimelineEntry(at=at, kind=kind, detail=detail))

    def know(self, **changes: Any) -> None:
        """Fields of the record that are known now."""
        self.record = replace(self.record, **changes)

    def move(self, trigger: InteractionTrigger) -> None:
        """Follow the table, or raise `IllegalTransition` and stay."""
        self.state = follow(f"interaction {self.id}", TRANSITIONS, self.state, trigger)

    def caller_gone(self, at: float, outcome: Outcome) -> None:
        """The caller's leg ended; the first outcome stays."""
        self.move(InteractionTrigger.CALLER_GONE)
        self.know(ended_at=at, outcome=self.record.outcome or outcome.value)
        self.note(at, "ended", outcome=self.record.outcome)
        self.close_if_done(at)

    def caller_back(self) -> None:
        """The caller is still there after all."""
        self.move(InteractionTrigger.CALLER_BACK)
        self.know(ended_at=None, outcome="")

    def work_done(self, login: str, at: float) -> None:
        """An agent's wrap-up ended."""
        self.workers.discard(login)
        self.close_if_done(at)

    def close_if_done(self, at: float) -> None:
        """Make the record final when the caller is gone and nobody works on it."""
        if self.state is InteractionState.WRAP_UP and not self.workers:
            self.move(InteractionTrigger.WORK_DONE)
            unset = NO_DISPOSITION if self.record.agent else ""
            self.know(closed_at=at, final=True, disposition=self.record.disposition or unset)
            self.note(at, "closed")

    def take_unsaved(self) -> tuple[TimelineEntry, ...]:
        """The lines since the last save."""
        entries = tuple(self.unsaved)
        self.unsaved.clear()
        return entries
