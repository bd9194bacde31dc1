"""Worlds in which pacing is tried: how calls are answered, how long agents work, and what changes suddenly.

The usual world is the model that the project's marks were computed with: share of answers drifting (its
logarithm by a standard deviation of 0.15, with a time constant of 30 minutes); 2 s of set-up, then ringing
for a lognormal time, 11 s on average (cv 0.5), between 3 and 25 s; of the calls that no person answers 15 %
busy at once, 35 % machines, the others ring for 25 s; talks of 120 s on average (cv 0.9) and wrap-ups of 20 s
(cv 0.6); 7 minutes of break after 90 of work; logins spread over 5 minutes.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import log, sqrt
from random import Random

from contactcenter.values import frozen


@frozen
class Lasting:
    """A lognormal duration in seconds; or one of several, each with its weight."""

    mean_s: float
    cv: float
    others: tuple[tuple[float, "Lasting"], ...] = ()
    """Shares, and what lasts differently; the rest is as above."""

    def draw(self, dice: Random) -> float:
        """One of them."""
        which = dice.random() if self.others else 1.0
        for share, other in self.others:
            if which < share:
                return other.draw(dice)
            which -= share
        spread = log(1.0 + self.cv * self.cv)
        return dice.lognormvariate(log(self.mean_s) - spread / 2, sqrt(spread))


@frozen
class World:
    """One of them, for one campaign."""

    says: str
    """What a reader of the table is told."""
    agents: int = 20
    share: float = 0.3
    """Of the calls: answered by a person, on average."""
    setup_s: float = 2.0
    delay: Lasting = Lasting(mean_s=11.0, cv=0.5)
    """Of an answer: the ringing, after the set-up …"""
    first_s: float = 3.0
    """… and not before so much of it …"""
    ring_s: float = 25.0
    """… or after so much: then we give up."""
    busy: float = 0.15
    machines: float = 0.35
    talk: Lasting = Lasting(mean_s=120.0, cv=0.9)
    wrap_up: Lasting = Lasting(mean_s=20.0, cv=0.6)
    work_s: float = 5400.0
    break_s: float = 420.0
    detection_s: float = 0.0
    """The detection of machines needs so long, in which nobody is joined."""
    clock_s: float = 2.0
    """What is then left to find an agent …"""
    patience_s: float = 8.0
    """… if the person doesn't hang up before: after so long on average (exponential)."""
    change_at_s: float = 14400.0
    change: float = 1.0
    """By which the share of answers is multiplied at that time."""


WORLDS: Mapping[str, World] = {
    "usual": World(says="the model of the marks"),
    "patient": World(says="who has answered waits for the whole clock", patience_s=1e6),
    "detection": World(
        says="machines are detected: 1.2 s more until a person can be joined, 1.2 s left of the clock",
        detection_s=1.2,
        clock_s=1.2,
    ),
    "bimodal": World(
        says="half of the talks 20 s, half 220 s",
        talk=Lasting(mean_s=220.0, cv=0.3, others=((0.5, Lasting(mean_s=20.0, cv=0.3)),)),
    ),
    "short": World(
        says="talks of 25 s, wrap-ups of 8 s",
        talk=Lasting(mean_s=25.0, cv=0.6),
        wrap_up=Lasting(mean_s=8.0, cv=0.6),
    ),
    "slow": World(says="answers after 18 s of ringing on average", delay=Lasting(mean_s=18.0, cv=0.2)),
    "breaks": World(says="5 minutes of break after 20 of work", work_s=1200.0, break_s=300.0),
    "halved": World(says="the share of answers halves after 4 h", change=0.5),
    "doubled": World(says="the share of answers doubles after 4 h", change=2.0),
}

MARKS: Mapping[str, tuple[float, float]] = {
    "5:0.15": (46.1, 65.2),
    "5:0.3": (35.0, 40.6),
    "5:0.5": (24.4, 26.7),
    "10:0.15": (31.7, 42.1),
    "10:0.3": (27.0, 32.7),
    "10:0.5": (21.2, 23.7),
    "20:0.15": (20.1, 25.7),
    "20:0.3": (18.0, 21.7),
    "20:0.5": (15.1, 18.3),
    "50:0.15": (11.0, 15.0),
    "50:0.3": (10.1, 13.6),
    "50:0.5": (9.3, 11.6),
    "100:0.15": (6.5, 11.3),
    "100:0.3": (6.2, 10.0),
    "100:0.5": (5.7, 8.8),
    "300:0.3": (2.7, 8.5),
}
"""Cell -> the marks: seconds of idle time per call that a chance-constrained policy and, as the floor, an
adaptive ratio came to when the goal was set, in another simulator of the usual world."""


def chosen(world: str, cell: str) -> World:
    """A world by its name, with a cell as `agents:share`. Raises ValueError."""
    if world not in WORLDS:
        raise ValueError(f"--world {world}: there is no such world; there are: {', '.join(WORLDS)}")
    agents, _, share = cell.partition(":")
    try:
        many, part = int(agents), float(share)
    except ValueError:
        raise ValueError(f"{cell}: a cell is agents:share, for example 20:0.3") from None
    if not 1 <= many <= 1000:
        raise ValueError(f"{cell}: give 1 to 1000 agents")
    if not 0.01 <= part <= 0.9:
        raise ValueError(f"{cell}: give a share of answers from 0.01 to 0.9")
    return replace(WORLDS[world], agents=many, share=part)
