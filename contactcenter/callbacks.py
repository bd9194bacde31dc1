"""Callbacks: who left the queue to be called back, and keeps the exact place there.

A callback stands in the one order as a caller without a leg. One try at a time: when its turn comes the
customer is rung, and between two tries the place is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from contactcenter.routing.decisions import Part
from contactcenter.routing.matching import Waiting
from contactcenter.routing.skills import Need
from contactcenter.transitions import follow
from contactcenter.values import frozen

PREFIX = "callback:"
"""How a callback is named where calls wait: no call's name begins so."""
LEG_PREFIX = "callback-"
"""How the names of the legs begin that we ring customers by."""


class CallbackState(StrEnum):
    """How far a callback is."""

    WAITING = "waiting"
    """In its place, or between two tries."""
    CALLING = "calling"
    """The customer is rung, or talks."""
    DONE = "done"
    FAILED = "failed"
    """Not reached in all tries."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    """Nobody need be called: the customer called in, or a supervisor took it back."""


class CallbackTrigger(StrEnum):
    """What moves a callback."""

    CALL = "call"
    MISS = "miss"
    REACH = "reach"
    GIVE_UP = "give up"
    EXPIRE = "expire"
    CANCEL = "cancel"


TRANSITIONS: Mapping[CallbackState, Mapping[CallbackTrigger, CallbackState]] = {
    CallbackState.WAITING: {
        CallbackTrigger.CALL: CallbackState.CALLING,
        CallbackTrigger.EXPIRE: CallbackState.EXPIRED,
        CallbackTrigger.CANCEL: CallbackState.CANCELLED,
    },
    CallbackState.CALLING: {
        CallbackTrigger.MISS: CallbackState.WAITING,
        CallbackTrigger.REACH: CallbackState.DONE,
        CallbackTrigger.GIVE_UP: CallbackState.FAILED,
        CallbackTrigger.EXPIRE: CallbackState.EXPIRED,
    },
    CallbackState.DONE: {},
    CallbackState.FAILED: {},
    CallbackState.EXPIRED: {},
    CallbackState.CANCELLED: {},
}


@frozen
class CallbackRecord:
    """A callback as the store keeps it: its place in the queue outlives restarts."""

    id: str
    """The interaction in which it was agreed on."""
    queue: str
    number: str
    """As the caller gave it: untrusted."""
    customer: str = ""
    name: str = ""
    language: str = ""
    server: str
    """Whose trunk calls back."""
    asked_at: float
    entered_at: float
    """Since when the caller waits: his place in the one order."""
    priority: float = 0.0
    """Minutes of the call's own."""
    needs: tuple[Need, ...] = ()
    preferred: str = ""
    tries: int = 0
    leg: str = ""
    """The leg of the try that goes on."""
    due_at: float
    """When the next try may begin."""
    expires_at: float
    state: str
    """One of `CallbackState`."""
    reason: str = ""
    """Why it was cancelled."""
    appointment: str = ""
    """The appointment that an agent keeps by it: he asked for it himself, and it is tried once."""


@dataclass(slots=True)
class Callback:
    """One open callback."""

    record: CallbackRecord

    @property
    def state(self) -> CallbackState:
        """How far it is."""
        return CallbackState(self.record.state)

    @property
    def place(self) -> str:
        """Its name among those who wait."""
        return f"{PREFIX}{self.record.id}"

    def move(self, trigger: CallbackTrigger, **changes: Any) -> None:
        """Follow the table, or raise `IllegalTransition` and stay; `changes` are known from now on."""
        state = follow(f"callback {self.record.id}", TRANSITIONS, self.state, trigger)
        self.record = replace(self.record, state=state.value, **changes)

    def waiting(self) -> Waiting:
        """What the matcher is told of it."""
        record = self.record
        parts = (Part(why="callback", minutes=record.priority),) if record.priority else ()
        return Waiting(
            call=self.place,
            queue=record.queue,
            entered_at=record.entered_at,
            priority=parts,
            needs=record.needs,
            preferred=record.preferred,
        )
