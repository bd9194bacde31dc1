"""How many calls to place now.

A policy is a function of a frozen picture: no clock, no dice, no memory. `place` may be asked at any time and
as often as one likes; the same picture has the same answer. Others' policies plug in by the same interface,
and are tried ahead of real time by `contactcenter simulate dialer`.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from operator import mul
from typing import Protocol

from contactcenter.dialer.chances import Count
from contactcenter.dialer.laws import Law
from contactcenter.values import frozen

GRACE_S = 1.8
"""How long a person who has answered may wait for an agent who frees: the law's 2 s, less our own time."""
NODES = 6
"""Quantiles of the answer's delay at which the future is looked at."""
AGE_STEP_S = 0.5
LONGEST_RING_S = 60.0
MOST_AT_ONCE = 100
"""Calls that one decision places at most."""


@frozen
class Learnt:
    """What is known of this campaign's calls and agents by now."""

    share: float
    """Of the calls placed: answered by a person."""
    answers: Law
    """The delay of a person's answer."""
    others: Law
    """When a call ends that no person answers."""
    talk: Law
    wrap_up: Law
    returns: float = 1.0
    """The share of wrap-ups after which the agent takes another call."""
    grace_s: float = GRACE_S
    """How long who has answered may wait for an agent."""


@frozen
class PacingInputs:
    """The picture of one campaign at one moment. Times are seconds that something has lasted by now."""

    idle: int
    """Agents who wait for a call."""
    talking: tuple[float, ...]
    wrapping_up: tuple[float, ...]
    ringing: tuple[float, ...]
    """Calls placed and not answered yet."""
    waiting: int
    """Persons who have answered and have no agent yet."""
    level: float
    """What the controller steers: the accepted chance that a call placed now is dropped, or lines per
    agent."""
    learnt: Learnt
    room: int = MOST_AT_ONCE
    """How many more calls the campaign's throttle and its trunk have room for."""


@frozen
class Pacing:
    """What a policy says, and why in one of some words."""

    place: int
    why: str


class Policy(Protocol):
    """A way to pace."""

    def place(self, inputs: PacingInputs) -> Pacing:
        """How many calls to place now."""


def placing(many: int, inputs: PacingInputs, why: str) -> Pacing:
    """So many, as far as there is room."""
    return Pacing(place=max(0, min(many, inputs.room, MOST_AT_ONCE)), why=why)


class Progressive:
    """One line per free agent: whoever answers has one."""

    def place(self, inputs: PacingInputs) -> Pacing:
        """One for each idle agent who has none ringing for him."""
        return placing(spare(inputs), inputs, "one_each")


class Ratio:
    """So many lines per free agent as the level says."""

    def place(self, inputs: PacingInputs) -> Pacing:
        """Fill up to level × idle agents."""
        lines = int(inputs.level * inputs.idle + 0.5)
        return placing(lines - inputs.waiting - len(inputs.ringing), inputs, "ratio")


class Predictive:
    """The most calls for which the last one's expected chance to be dropped, if a person answers it, stays
    under the level. With level 0 that is one call for each idle agent.

    The moment of that answer is looked at in some quantiles of its delay: by then some of the calls that ring
    have been answered, and until shortly after, some agents have become free, each by the chance that the
    learnt laws give for what has lasted so long.
    """

    def place(self, inputs: PacingInputs) -> Pacing:
        """Count upwards until the next call would be dropped too probably."""
        most = min(inputs.room, MOST_AT_ONCE)
        place = max(0, spare(inputs))
        if place >= most or inputs.level <= 0.0:
            return placing(place, inputs, "one_each")
        tables = _tables(inputs.learnt)
        busy = len(inputs.talking) + len(inputs.wrapping_up)
        ages = [min(int(age / AGE_STEP_S), len(tables.ringing) - 1) for age in inputs.ringing]
        talks = [_step(each) for each in inputs.talking]
        wraps = [_step(each) for each in inputs.wrapping_up]
        nodes = []
        for node in range(NODES):
            # An agent who stays busy counts like one more answer: all are then things that may happen.
            chances = [tables.ringing[age][node] for age in ages]
            chances += [1.0 - tables.talking[each][node] for each in talks]
            chances += [1.0 - tables.wrapping_up[each][node] for each in wraps]
            chances += [tables.fresh[node]] * place
            nodes.append(Count(chances))
        needed = inputs.idle - inputs.waiting + busy
        most_risk = inputs.level * NODES
        rough = [each.about(needed) for each in nodes]
        if sum(rough) > 3 * most_risk + 0.1 * NODES:
            return placing(place, inputs, "too_risky")  # so far off that the quick figure decides
        # The riskiest first: mostly some of them tell already that it is too much.
        order = sorted(range(NODES), key=rough.__getitem__, reverse=True)
        while place < most and _stays_under(most_risk, (nodes[node] for node in order), needed):
            place += 1
            for node, each in enumerate(nodes):
                each.add(tables.fresh[node])
        return placing(place, inputs, "predicted")


def _stays_under(most: float, nodes: Iterable[Count], needed: int) -> bool:
    """Whether the chances that so many happen stay under this sum."""
    risk = 0.0
    for each in nodes:
        risk += each.at_least(needed)
        if risk > most:
            return False
    return True


def spare(inputs: PacingInputs) -> int:
    """Idle agents for whom nobody waits and no call rings; less than 0: so many too few."""
    return inputs.idle - inputs.waiting - len(inputs.ringing)


# --- what the learnt laws say, as tables ---


@frozen
class _Tables:
    """Per node: the chance that a call of this age is answered by then, or that an agent is free by then."""

    ringing: tuple[tuple[float, ...], ...]
    talking: tuple[tuple[float, ...], ...]
    wrapping_up: tuple[tuple[float, ...], ...]
    fresh: tuple[float, ...]


_FINE_S = 120
_STEPS = 200


def _step(elapsed: float) -> int:
    """The row of a table for what has lasted so long: seconds at first, then coarser."""
    if elapsed < _FINE_S:
        return int(elapsed)
    return min(int(_FINE_S + (elapsed - _FINE_S) / 15), _STEPS - 1)


def _begin(step: int) -> float:
    return float(step) if step < _FINE_S else _FINE_S + (step - _FINE_S) * 15.0


@lru_cache(maxsize=32)
def _tables(learnt: Learnt) -> _Tables:
    delays = [learnt.answers.quantile((node + 0.5) / NODES) for node in range(NODES)]
    ages = [step * AGE_STEP_S for step in range(int(LONGEST_RING_S / AGE_STEP_S))]
    until = [delay + learnt.grace_s for delay in delays]
    return _Tables(
        ringing=tuple(tuple(_answers(learnt, age, delay) for delay in delays) for age in ages),
        talking=_frees(learnt, until),
        wrapping_up=tuple(
            tuple(learnt.returns * learnt.wrap_up.chance(_begin(step), each) for each in until)
            for step in range(_STEPS)
        ),
        fresh=tuple(_answers(learnt, 0.0, delay) for delay in delays),
    )


def _answers(learnt: Learnt, age: float, within: float) -> float:
    """The chance that a call that has rung so long is answered by a person within so many seconds more."""
    now, then = learnt.answers.longer(age), learnt.answers.longer(age + within)
    rest = learnt.share * now + (1.0 - learnt.share) * learnt.others.longer(age)
    return learnt.share * (now - then) / rest if rest > 1e-9 else 0.0


def _frees(learnt: Learnt, until: list[float]) -> tuple[tuple[float, ...], ...]:
    """The chances that a talk and the wrap-up after it are over until then, for each age of the talk: the
    talk ends within one of the seconds, and from the middle of that one there is time for the wrap-up."""
    seconds = range(int(until[-1]) + 1)
    over = []
    for each in until:
        parts = [max(0.0, min(1.0, each - second)) for second in seconds]
        over.append(
            [
                learnt.returns * part * (1.0 - learnt.wrap_up.longer(each - second - part / 2))
                if part
                else 0.0
                for second, part in zip(seconds, parts, strict=True)
            ]
        )
    rows = []
    for step in range(_STEPS):
        begin = _begin(step)
        longer = [learnt.talk.longer(begin + second) for second in (*seconds, seconds[-1] + 1)]
        ends = [now - then for now, then in pairwise(longer)]
        left = max(longer[0], 1e-300)
        rows.append(tuple(sum(map(mul, ends, weights)) / left for weights in over))
    return tuple(rows)
