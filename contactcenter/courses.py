"""Courses: where a caller is on the way to, and what his agent can't ask for meanwhile.

What was asked of a caller's session can't be taken back: a second wish that contradicts the first would leave
him with a leg that is gone, or with nobody. So of two wishes in one instant the second is refused.
"""

from collections.abc import Mapping
from enum import StrEnum

from contactcenter.calls import Call
from contactcenter.consults import ANSWERED, Consult


class Course(StrEnum):
    """Where the caller is on the way to."""

    NONE = "none"
    BACK = "back"
    """To the agent who has him on hold."""
    RUNG = "rung"
    """To somebody who is rung, and gets him when he answers."""
    PROMISED = "promised"
    """To somebody who has answered; the agent's leg is still on its way out."""
    HANDED = "handed"
    """The same, and his session was asked."""
    TAKEN = "taken"
    """To a supervisor."""
    ONWARD = "onward"
    """To a queue or a script."""


class Act(StrEnum):
    """What the one who has a caller may ask for; `LEAVE`: what the one who is consulted may."""

    HOLD = "hold"
    RESUME = "resume"
    HANG_UP = "hang up"
    TRANSFER = "transfer"
    CONSULT = "consult"
    TOGGLE = "toggle"
    COMPLETE = "complete"
    CONFERENCE = "conference"
    DROP = "drop"
    LEAVE = "leave"


_BACK = "the caller is on the way back to you: try again in a moment"
_WAIT = "the caller is on the way to him: wait, or drop it"
_HANDED = "the caller is just being joined to another: it is too late"
_TAKEN = "a supervisor is just taking this caller over"
_ONWARD = "the caller is being sent on: it is too late"

REFUSED: Mapping[Course, Mapping[Act, str]] = {
    Course.NONE: {},
    # To drop somebody is to have the caller back, and that is on its way.
    Course.BACK: {act: _BACK for act in Act if act not in (Act.DROP, Act.LEAVE)},
    Course.RUNG: dict.fromkeys((Act.RESUME, Act.TOGGLE, Act.COMPLETE, Act.CONFERENCE), _WAIT),
    Course.PROMISED: {act: _WAIT for act in Act if act not in (Act.DROP, Act.LEAVE)},
    Course.HANDED: dict.fromkeys(Act, _HANDED),
    Course.TAKEN: dict.fromkeys(Act, _TAKEN),
    Course.ONWARD: dict.fromkeys(Act, _ONWARD),
}
"""Course -> what is refused meanwhile -> the sentence."""


def course_of(call: Call, consult: Consult | None, *, taken: bool) -> Course:
    """Where the caller is on the way to; `taken`: a supervisor was granted him."""
    if taken:
        return Course.TAKEN
    if consult and (consult.handing_over or call.joining == consult.leg):
        return Course.HANDED
    if call.joining:
        return Course.BACK
    if consult and consult.blind:
        return Course.PROMISED if consult.state in ANSWERED else Course.RUNG
    return Course.ONWARD if call.onward else Course.NONE
