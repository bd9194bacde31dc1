"""Attempts: one dial of one number of a lead, and what became of it.

An attempt is saved before its call is placed, is placed once at most, and has exactly one outcome. Its id is
the name of its leg.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any

from contactcenter.transitions import follow
from contactcenter.values import frozen


class Outcome(StrEnum):
    """What became of an attempt."""

    CONNECTED = "connected"
    """A person and an agent talked."""
    ANNOUNCED = "announced"
    """A person heard the announcement of a campaign without agents."""
    DROPPED = "dropped"
    """A person answered, and no agent was free in time."""
    HUNG_UP = "hung_up"
    """A person answered, and hung up before the time for an agent was over."""
    MACHINE = "machine"
    MESSAGE_LEFT = "message_left"
    """A machine, and it has our message."""
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    """The far end was told to refuse the call."""
    INVALID = "invalid"
    """There is no such number."""
    CONGESTION = "congestion"
    """The network or our trunk could not carry it: nobody was rung, and the lead is not burnt."""
    FAILED = "failed"
    REFUSED = "refused"
    """Not placed: a rule forbade it, named by `refusal`."""
    SKIPPED = "skipped"
    """Not placed: the agent skipped the lead, for the reason in `detail`."""
    CANCELLED = "cancelled"
    """Not placed, or ended while it rang: campaign stopped, agent gone."""
    LOST = "lost"
    """Nobody knows: this process or Asterisk ended in the middle. Counts as dialled."""


PERSON = frozenset({Outcome.CONNECTED, Outcome.ANNOUNCED, Outcome.DROPPED, Outcome.HUNG_UP})
"""Answered by a person."""
NOT_PLACED = frozenset({Outcome.REFUSED, Outcome.SKIPPED})
"""No call came about: they count for no cap."""
UNBURNT = frozenset({Outcome.CONGESTION, Outcome.CANCELLED})
"""The lead loses no try."""


class AttemptState(StrEnum):
    """How far an attempt is."""

    SAVED = "saved"
    """In the store; the call may be placed now."""
    PLACED = "placed"
    RINGING = "ringing"
    ANSWERED = "answered"
    """Somebody or something has answered: it is being listened to, or a person waits for an agent."""
    JOINED = "joined"
    DROPPING = "dropping"
    """The message plays."""
    OVER = "over"


class AttemptTrigger(StrEnum):
    """What moves an attempt."""

    PLACE = "place"
    RING = "ring"
    ANSWER = "answer"
    JOIN = "join"
    DROP = "drop"
    END = "end"


TRANSITIONS: Mapping[AttemptState, Mapping[AttemptTrigger, AttemptState]] = {
    AttemptState.SAVED: {
        AttemptTrigger.PLACE: AttemptState.PLACED,
        AttemptTrigger.END: AttemptState.OVER,
    },
    AttemptState.PLACED: {
        AttemptTrigger.RING: AttemptState.RINGING,
        AttemptTrigger.ANSWER: AttemptState.ANSWERED,
        AttemptTrigger.END: AttemptState.OVER,
    },
    AttemptState.RINGING: {
        AttemptTrigger.ANSWER: AttemptState.ANSWERED,
        AttemptTrigger.END: AttemptState.OVER,
    },
    AttemptState.ANSWERED: {
        AttemptTrigger.JOIN: AttemptState.JOINED,
        AttemptTrigger.DROP: AttemptState.DROPPING,
        AttemptTrigger.END: AttemptState.OVER,
    },
    AttemptState.JOINED: {AttemptTrigger.END: AttemptState.OVER},
    AttemptState.DROPPING: {
        AttemptTrigger.JOIN: AttemptState.JOINED,  # a join that hung came about after all; it was too late
        AttemptTrigger.END: AttemptState.OVER,
    },
    AttemptState.OVER: {},
}


@frozen
class AttemptRecord:
    """An attempt as the store keeps it: with what a regulator asks for (16 CFR 310.5). Moments are seconds
    since the epoch."""

    id: str
    campaign: str
    list: str
    lead: str
    number: str
    """E.164."""
    position: int
    """Which of the lead's numbers."""
    shows: str
    """The number that the far end was shown."""
    mode: str
    profile: str
    trunk: str
    server: str = ""
    reserved: bool = False
    """An agent was kept for it."""
    detects: bool = False
    """Whether a detection listens to whoever answers."""
    marketing: bool = True
    """Whether it was a call that the person had not asked for, as the campaign said then."""
    zones: tuple[str, ...] = ()
    """Every zone in which the number might be when the rules were asked: the hours of each were kept."""
    regions: tuple[str, ...] = ()
    """Every part of a country in which it might be; none: nobody knew."""
    state: str
    """One of `AttemptState`."""
    saved_at: float
    placed_at: float | None = None
    rang_at: float | None = None
    answered_at: float | None = None
    heard: str = ""
    """`human`, `machine` or `unsure`, as the detection heard it; empty: it did not listen."""
    greeting_ended_at: float | None = None
    joined_at: float | None = None
    message_at: float | None = None
    """When our message began."""
    message: str = ""
    """Which one: its name and the fingerprint of its text (`version_of`)."""
    opted_out_at: float | None = None
    ended_at: float | None = None
    cause: int | None = None
    """Q.850."""
    outcome: str = ""
    """One of `Outcome`; empty while it is not over."""
    refusal: str = ""
    """One of `permission.Refusal`."""
    detail: str = ""
    agent: str = ""
    interaction: str = ""
    disposition: str = ""
    consent: str = ""
    """The record that allowed it."""
    national_list_at: float | None = None
    """How old the copy of the national list was that was looked at."""


def version_of(name: str, text: str) -> str:
    """The version of a message, as records name it: `message` or `machine_message`, and the fingerprint of
    its text. The texts that a campaign had are in the audit log, the one that it has in its settings."""
    return f"{name} {sha256(text.encode()).hexdigest()[:16]}" if text else ""


@dataclass(slots=True)
class Attempt:
    """One attempt that lives."""

    record: AttemptRecord

    @property
    def state(self) -> AttemptState:
        """How far it is."""
        return AttemptState(self.record.state)

    def move(self, trigger: AttemptTrigger, **changes: Any) -> None:
        """Follow the table, or raise `IllegalTransition` and stay; `changes` are known from now on."""
        state = follow(f"attempt {self.record.id}", TRANSITIONS, self.state, trigger)
        self.record = replace(self.record, state=state.value, **changes)
