"""Monitors: one supervisor's ear at one call, and perhaps his voice.

A monitor hears what the agent's leg hears and says, so it hears both sides. A whisper goes to that leg alone;
only who barges is heard by the caller, too. It lives no longer than the talk that it was asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contactcenter.transitions import follow
from contactcenter.views import MonitorView


class MonitorState(StrEnum):
    """What the supervisor's leg does, as Asterisk has said."""

    RINGING = "ringing"
    LISTENING = "listening"
    WHISPERING = "whispering"
    BARGING = "barging"
    ENDED = "ended"


class MonitorTrigger(StrEnum):
    """What moves a monitor."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"
    END = "end"


_HEARS = {
    MonitorTrigger.LISTEN: MonitorState.LISTENING,
    MonitorTrigger.WHISPER: MonitorState.WHISPERING,
    MonitorTrigger.BARGE: MonitorState.BARGING,
    MonitorTrigger.END: MonitorState.ENDED,
}

TRANSITIONS: Mapping[MonitorState, Mapping[MonitorTrigger, MonitorState]] = {
    MonitorState.RINGING: _HEARS,
    MonitorState.LISTENING: _HEARS,
    MonitorState.WHISPERING: _HEARS,
    MonitorState.BARGING: _HEARS,
    MonitorState.ENDED: {},
}

MODES = ("listen", "whisper", "barge")
"""What a supervisor may ask for; each is the value of a trigger."""


@dataclass(slots=True)
class Monitor:
    """One supervisor at one call; named after the supervisor's leg."""

    id: str
    server: str
    call: str
    interaction: str
    queue: str
    login: str
    name: str
    phone: str
    agent: str
    hears: str
    """The agent's leg."""
    mode: str
    """The mode that was asked for last."""
    visible: bool
    asked_at: float
    since: float
    began_at: float | None = None
    """Since when the supervisor hears anything."""
    told: tuple[str, str] = ("", "")
    """The leg and the mode that Asterisk was told last: what its next word confirms."""
    stale: bool = False
    """What Asterisk was told last is to be said anew."""
    awaiting: bool = False
    """Asterisk was told, and has not said yet that it is so."""
    place: str = ""
    """Where the agent's leg was when Asterisk was told to hear it: a talk, or the waiting room."""
    taking: bool = False
    """The caller is on the way to the supervisor, who takes him over."""
    state: MonitorState = MonitorState.RINGING
    ending: str = ""
    """Why it was asked to end; it lives until its leg is gone, so that nobody listens unseen."""

    def move(self, trigger: MonitorTrigger) -> None:
        """Follow the table, or raise `IllegalTransition` and stay."""
        self.state = follow(f"monitor {self.id}", TRANSITIONS, self.state, trigger)

    def view(self) -> MonitorView:
        """The monitor as pages see it."""
        return MonitorView(
            id=self.id,
            call=self.call,
            agent=self.agent,
            queue=self.queue,
            supervisor=self.login,
            name=self.name,
            phone=self.phone,
            mode=self.mode,
            state=self.state.value,
            since=self.since,
            visible=self.visible,
        )
