"""Recordings while they live: what the caller knows of one, what it does, and the table that it follows.

When a talk is recorded, and when not, is decided in `recording.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from contactcenter.transitions import follow
from contactcenter.values import RecordingRecord


class Notice(StrEnum):
    """What a caller knows of the recording."""

    NONE = "none"
    ASKED = "asked"
    """The announcement plays, or is about to: the caller is offered to nobody meanwhile."""
    TOLD = "told"
    REFUSED = "refused"
    UNHEARD = "unheard"
    """It could not be played."""


class Why(StrEnum):
    """Why there is no recording although the queue's policy asks for one."""

    NOT_STARTED = "not_started"
    """Asterisk was not asked, or did not begin."""
    REFUSED = "refused"
    """By the caller."""
    UNHEARD = "unheard"
    """The announcement could not be played."""


class Phase(StrEnum):
    """What a recording does."""

    ASKED = "asked"
    """The caller's session was told to begin."""
    READY = "ready"
    """Asterisk listens, and writes as soon as the talk begins."""
    ON = "on"
    PAUSED = "paused"
    FAILED = "failed"
    """The talk goes on without one."""
    ENDED = "ended"


class Trigger(StrEnum):
    """What moves a recording."""

    START = "start"
    JOIN = "join"
    MISS = "miss"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"


TRANSITIONS: Mapping[Phase, Mapping[Trigger, Phase]] = {
    Phase.ASKED: {Trigger.START: Phase.READY, Trigger.MISS: Phase.FAILED, Trigger.END: Phase.ENDED},
    Phase.READY: {
        Trigger.START: Phase.READY,
        Trigger.JOIN: Phase.ON,
        # Meanwhile the caller is in a queue that would have told him.
        Trigger.MISS: Phase.FAILED,
        Trigger.END: Phase.ENDED,
    },
    Phase.ON: {Trigger.PAUSE: Phase.PAUSED, Trigger.END: Phase.ENDED},
    Phase.PAUSED: {Trigger.RESUME: Phase.ON, Trigger.END: Phase.ENDED},
    Phase.FAILED: {Trigger.END: Phase.ENDED},
    Phase.ENDED: {},
}

RUNNING = frozenset({Phase.ON, Phase.PAUSED})


@dataclass(slots=True)
class Recording:
    """One recording while it lives."""

    id: str
    phase: Phase = Phase.ASKED
    parts: dict[str, RecordingRecord] = field(default_factory=dict)
    """The leg of somebody whom the caller hears -> his part: the agent's, and a third's in a conference."""
    over: list[RecordingRecord] = field(default_factory=list)
    """Parts of those who went before the recording is over, also of a talk that is not recorded."""
    why: Why | None = None
    """Why it failed."""
    written_s: float = 0.0
    """Length up to `writing_since`."""
    writing_since: float | None = None
    """Since when the caller is in a bridge; None: nothing is written."""
    measured: bool = True
    """Whether the length is known: not when the caller left the bridge while this process was down."""
    asked_by: str = ""
    """Who asked for the next pause."""
    doubtful: bool = False
    """From before a restart: a pause of its last moment may be unknown to us, and is ended in time, too."""

    @property
    def shown(self) -> str:
        """As pages see it."""
        return self.phase.value if self.phase in (*RUNNING, Phase.FAILED) else ""

    def move(self, trigger: Trigger) -> None:
        """Follow the table, or raise `IllegalTransition` and stay."""
        self.phase = follow(f"recording {self.id}", TRANSITIONS, self.phase, trigger)

    def length(self, at: float) -> float:
        """Seconds that are written by now."""
        since = at - self.writing_since if self.writing_since is not None else 0.0
        return round(self.written_s + since, 3)

    def write(self, on: bool, at: float) -> None:
        """The caller came into a bridge, or out of it."""
        if not on:
            self.written_s, self.writing_since = self.length(at), None
        elif self.writing_since is None:
            self.writing_since = at
