"""Ways to pace that are compared: our own, the simple ones, and peers' rules as read in their sources.

Nothing of theirs is copied. A policy of one's own is named `module:Class`.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from math import exp, log, sqrt

from contactcenter.dialer.pacing import PacingInputs, Policy, Predictive, Progressive, Ratio
from contactcenter.dialer.steering import Steering
from contactcenter.values import frozen

TARGET = 0.0285
"""The share of drops that is aimed at; the limit is 0.03."""
LIMIT = 0.03


class Way:
    """A policy over a day, with what gives it its level. Moments are seconds since the day began."""

    every_s = 0.5
    """How often it is asked …"""
    at_once = False
    """… and whether it is asked at once as well when an agent becomes free."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def level(self, at: float) -> float:
        """What the next picture's level is."""
        return 0.0

    def answered(self, at: float, *, dropped: bool) -> None:
        """A person answered, and had an agent in time or not."""

    def place(self, at: float, inputs: PacingInputs) -> int:
        """How many calls to place."""
        return self.policy.place(inputs).place


class Steered(Way):
    """As it runs in the live center: the level follows what the law has counted."""

    at_once = True

    def __init__(self, policy: Policy, target: float = TARGET) -> None:
        super().__init__(policy)
        self.steering = Steering(target=target, began_at=0.0)

    def level(self, at: float) -> float:
        """Of the steering."""
        return self.steering.level(at)

    def answered(self, at: float, *, dropped: bool) -> None:
        """Tell the steering."""
        (self.steering.dropped if dropped else self.steering.connected)(at)


class FixedRatio(Way):
    """So many lines for each free agent, whatever happens."""

    def __init__(self, lines: float = 1.5) -> None:
        super().__init__(Ratio())
        self._lines = lines

    def level(self, at: float) -> float:
        """Always the same."""
        return self._lines


class AdaptiveRatio(Way):
    """The floor: lines per free agent, up and down with each live answer. It knows nothing but that."""

    def __init__(self) -> None:
        super().__init__(Ratio())
        self._log_lines, self._answers = 0.0, 0

    def level(self, at: float) -> float:
        """Lines for each free agent."""
        return exp(self._log_lines)

    def answered(self, at: float, *, dropped: bool) -> None:
        """log r += max(0.06, 1 / √(n + 10)) × (target − dropped)."""
        self._answers += 1
        self._log_lines += max(0.06, 1.0 / sqrt(self._answers + 10)) * (TARGET - dropped)
        self._log_lines = min(4.0, max(0.0, self._log_lines))


class ChanceConstrained(Way):
    """The mark: our prediction, its level steered as the marks were: log α += max(0.06, 2 / √n) × (target −
    dropped)."""

    def __init__(self) -> None:
        super().__init__(Predictive())
        self._log_level, self._answers = log(0.03), 0

    def level(self, at: float) -> float:
        """α."""
        return exp(self._log_level)

    def answered(self, at: float, *, dropped: bool) -> None:
        """Follow each answer."""
        self._answers += 1
        self._log_level += max(0.06, 2.0 / sqrt(self._answers)) * (TARGET - dropped)
        self._log_level = min(log(0.6), max(log(0.001), self._log_level))


class Vicidial(Way):
    """VICIdial's ratio: lines for each agent who is ready or talks, changed every 15 s; what it does above
    the limit is the method's. Its share of drops is that of the day, looked at after 50 calls."""

    every_s = 2.5
    STEP_S = 15.0
    HIGHEST = 3.0
    FEWEST = 50

    def __init__(self, method: str) -> None:
        super().__init__(Progressive())
        self._method = method
        self._lines, self._stepped_at = 1.0, 0.0
        self._answers = self._drops = 0

    def answered(self, at: float, *, dropped: bool) -> None:
        """Count the day's."""
        self._answers += 1
        self._drops += dropped

    def place(self, at: float, inputs: PacingInputs) -> int:
        """round(level × (ready + talking)) − lines in use."""
        agents = inputs.idle + len(inputs.talking)
        if at - self._stepped_at >= self.STEP_S:
            self._stepped_at = at
            self._step(at, inputs.idle - inputs.waiting, agents)
        used = len(inputs.ringing) + inputs.waiting + len(inputs.talking)
        return max(0, round(self._lines * agents) - used)

    def _step(self, at: float, over: int, agents: int) -> None:
        if agents:
            self._lines *= 1.0 + over / agents
        if self._answers >= self.FEWEST and self._drops > LIMIT * self._answers:
            if self._method == "hard":
                self._lines = 1.0
            elif self._method == "average":
                self._lines /= 2.0
            else:  # tapered: the more strictly, the later in the day
                self._lines *= 1.0 - min(1.0, at / 28800.0)
        self._lines = min(self.HIGHEST, max(1.0, self._lines))


class Issabel(Way):
    """Issabel's prediction with overcommitment: a busy agent counts as free once an exponential law says that
    a talk has ended by now with 97 %; calls for them all, divided by the share of answers, less those that
    ring. It watches no drops."""

    every_s = 3.0
    SURE = 0.97
    FEWEST = 10
    """Talks before it predicts."""

    def __init__(self) -> None:
        super().__init__(Progressive())
        self._answers = 0
        self._placed = 0

    def answered(self, at: float, *, dropped: bool) -> None:
        """Count them."""
        self._answers += 1

    def place(self, at: float, inputs: PacingInputs) -> int:
        """(free + soon free − waiting) ÷ share of answers − ringing."""
        learnt = inputs.learnt
        soon = 0
        if self._answers >= self.FEWEST:
            mean, delay = learnt.talk.mean, learnt.answers.mean
            soon = sum(1.0 - exp(-(each + delay) / mean) >= self.SURE for each in inputs.talking)
        wanted = max(0, inputs.idle + soon - inputs.waiting)
        over = max(1, self._placed - len(inputs.ringing))
        share = self._answers / over if self._answers >= self.FEWEST else 1.0
        place = max(0, round(wanted / min(1.0, max(0.05, share))) - len(inputs.ringing))
        self._placed += place
        return place


@frozen
class Trial:
    """A way to pace, by name."""

    says: str
    """What a reader of the table is told."""
    make: Callable[[], Way]
    """Anew for each day."""


TRIALS: Mapping[str, Trial] = {
    "predictive": Trial(says="ours, as it runs", make=lambda: Steered(Predictive())),
    "chance_constrained": Trial(
        says="the mark: the same prediction, steered plainly", make=ChanceConstrained
    ),
    "adaptive_ratio": Trial(says="the floor: lines per free agent by the drops alone", make=AdaptiveRatio),
    "progressive": Trial(says="one line for each free agent", make=lambda: Way(Progressive())),
    "fixed_ratio": Trial(says="1.5 lines for each free agent", make=FixedRatio),
    "vicidial_hard": Trial(says="VICIdial's ratio, ADAPT_HARD_LIMIT", make=lambda: Vicidial("hard")),
    "vicidial_average": Trial(says="VICIdial's ratio, ADAPT_AVERAGE", make=lambda: Vicidial("average")),
    "vicidial_tapered": Trial(says="VICIdial's ratio, ADAPT_TAPERED", make=lambda: Vicidial("tapered")),
    "issabel": Trial(says="Issabel's prediction, with overcommitment", make=Issabel),
}

USUAL = ("predictive", "adaptive_ratio", "progressive", "fixed_ratio", "vicidial_hard", "issabel")
"""What is compared when nobody says what."""


def trial(name: str) -> Trial:
    """The way of this name; `module:Class` is a class with `place(inputs)`, steered as ours, or a `Way` of
    its own. Raises ValueError."""
    if name in TRIALS:
        return TRIALS[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ValueError(
            f"--policy {name}: there is no such policy; there are: {', '.join(TRIALS)}; or give module:Class"
        )
    try:
        made = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"--policy {name}: {error}") from None
    if isinstance(made, type) and issubclass(made, Way):
        return Trial(says=f"{name}, in its own way", make=made)
    if isinstance(made, type) and callable(getattr(made, "place", None)):
        policy: Callable[[], Policy] = made
        return Trial(says=f"{name}, steered as ours", make=lambda: Steered(policy()))
    raise ValueError(f"--policy {name}: {attribute} is no class with place(inputs)")


def chosen(names: Sequence[str]) -> dict[str, Trial]:
    """The ways to try, in this order; the usual ones if none is named."""
    return {name: trial(name) for name in names or USUAL}
