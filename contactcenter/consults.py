"""Consults: a further leg beside a caller's talk, to a colleague or to a number outside.

A blind transfer is a consult that completes itself when the other side answers. The state says whom the other
hears, and is taken from his leg; the rules stand in `consulting.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contactcenter.transitions import follow
from contactcenter.values import Target
from contactcenter.views import ConsultView


class ConsultState(StrEnum):
    """Whom the consulted one hears."""

    POPPED = "popped"
    """Nobody yet: the record is on the way to his page."""
    RINGING = "ringing"
    HELD = "held"
    """Music: he has answered, and the agent is not with him."""
    TALKING = "talking"
    """The agent."""
    TOGETHER = "together"
    """Agent and caller: a conference."""
    ENDED = "ended"


class ConsultTrigger(StrEnum):
    """What moves a consult."""

    RING = "ring"
    ANSWER = "answer"
    JOIN = "join"
    ADD = "add"
    HOLD = "hold"
    END = "end"


TRANSITIONS: Mapping[ConsultState, Mapping[ConsultTrigger, ConsultState]] = {
    ConsultState.POPPED: {
        ConsultTrigger.RING: ConsultState.RINGING,
        ConsultTrigger.END: ConsultState.ENDED,
    },
    ConsultState.RINGING: {
        ConsultTrigger.ANSWER: ConsultState.HELD,
        ConsultTrigger.END: ConsultState.ENDED,
    },
    ConsultState.HELD: {
        ConsultTrigger.JOIN: ConsultState.TALKING,
        ConsultTrigger.ADD: ConsultState.TOGETHER,
        ConsultTrigger.END: ConsultState.ENDED,
    },
    ConsultState.TALKING: {
        ConsultTrigger.HOLD: ConsultState.HELD,
        ConsultTrigger.ADD: ConsultState.TOGETHER,
        ConsultTrigger.END: ConsultState.ENDED,
    },
    ConsultState.TOGETHER: {
        ConsultTrigger.HOLD: ConsultState.HELD,
        ConsultTrigger.JOIN: ConsultState.TALKING,
        ConsultTrigger.END: ConsultState.ENDED,
    },
    ConsultState.ENDED: {},
}

ANSWERED = frozenset({ConsultState.HELD, ConsultState.TALKING, ConsultState.TOGETHER})


@dataclass(slots=True)
class Consult:
    """One further leg beside a call."""

    id: str
    call: str
    by: str
    """Who asked for it."""
    target: Target
    """An agent or a number; whoever asks for a queue gets one of its agents."""
    login: str
    """The agent asked; empty for a number."""
    phone: str
    leg: str
    """Named after the consult; or the agent's persistent line, which is not rung."""
    blind: bool
    """The caller goes to him as soon as he answers."""
    note: str
    since: float
    state: ConsultState = ConsultState.POPPED
    wanted: bool = True
    """The agent is to hear him as soon as both are there."""
    adding: bool = False
    """He is to join the talk of caller and agent as soon as they have one."""
    handing_over: bool = False
    """The agent is on the way out of a talk of all three: the caller has nobody but him soon."""

    @property
    def name(self) -> str:
        """Who is asked: an agent's login, or a number."""
        return self.login or self.target.name

    def move(self, trigger: ConsultTrigger) -> None:
        """Follow the table, or raise `IllegalTransition` and stay."""
        self.state = follow(f"consult {self.id}", TRANSITIONS, self.state, trigger)

    def view(self) -> ConsultView:
        """The consult as pages see it."""
        return ConsultView(
            id=self.id,
            by=self.by,
            agent=self.login,
            number="" if self.login else self.target.name,
            state=self.state.value,
            blind=self.blind,
            since=self.since,
        )
