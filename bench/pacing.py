"""Pacing: what one decision costs in the live state of a campaign, and what one costs that finds new laws.

The pictures are those of simulated campaigns, every 5 s of half an hour after the first one, so that the
numbers of calls and agents are those that the policy itself brings about. Times are the thread's own. A
decision is to take less than 5 ms with 300 agents, the one that finds the laws changed (every 30 s) included.

Beside each decision the yardstick is timed, on the same picture: the plain recursion for how many of as many
independent things happen, once for each delay that a decision looks at.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from dataclasses import replace

from contactcenter.dialer.learning import Learning
from contactcenter.dialer.pacing import NODES, PacingInputs, Predictive
from contactcenter.simulation.dialer_day import DialerDay
from contactcenter.simulation.dialer_policies import Steered
from contactcenter.simulation.dialer_world import chosen

CELLS = ("20:0.3", "100:0.3", "300:0.15", "300:0.3")
SINCE_S, UNTIL_S, EVERY = 1800.0, 3600.0, 10


class Watched(Steered):
    """Paces as ours, and keeps some of the pictures."""

    def __init__(self) -> None:
        super().__init__(Predictive())
        self.pictures: list[PacingInputs] = []
        self._asked = 0

    def place(self, at: float, inputs: PacingInputs) -> int:
        """Keep every tenth."""
        self._asked += 1
        if at >= SINCE_S and self._asked % EVERY == 0:
            self.pictures.append(inputs)
        return super().place(at, inputs)


def took(pictures: list[PacingInputs]) -> tuple[list[float], list[float]]:
    """Milliseconds of each decision, the shortest first; and how many yardsticks each took."""
    policy = Predictive()
    times, ratios = [], []
    gc.disable()
    for picture in pictures:
        things = len(picture.ringing) + len(picture.talking) + len(picture.wrapping_up)
        began = time.thread_time_ns()
        policy.place(picture)
        decided = time.thread_time_ns()
        for _ in range(NODES):
            recursion(things)
        measured = time.thread_time_ns()
        times.append((decided - began) / 1e6)
        ratios.append((decided - began) / (measured - decided))
    gc.enable()
    return sorted(times), sorted(ratios)


def recursion(things: int) -> list[float]:
    """The chance of each number of so many things, each of which happens with a chance of 0.3."""
    shares = [1.0]
    for _ in range(things):
        pairs = zip([*shares, 0.0], [0.0, *shares], strict=True)
        shares = [here * 0.7 + before * 0.3 for here, before in pairs]
    return shares


def bench() -> Iterator[tuple[str, float, str]]:
    """Rows of the table."""
    for cell in CELLS:
        watched = Watched()
        DialerDay(chosen("usual", cell), watched, 1, UNTIL_S).run()
        agents, _, share = cell.partition(":")
        name = f"{agents} agents, {100 * float(share):g} % answered"
        times, ratios = took(watched.pictures)
        yield f"{name}: calls that ring, on average", _ringing(watched.pictures), ""
        yield f"{name}: a decision, median", times[len(times) // 2], "ms"
        yield f"{name}: a decision, 99 %", times[int(0.99 * len(times))], "ms"
        yield f"{name}: a decision / plain recursions, median", ratios[len(ratios) // 2], ""
        fresh, _ = took(_with_new_laws(watched.pictures[::10]))
        yield f"{name}: a decision that finds new laws, 99 %", fresh[int(0.99 * len(fresh))], "ms"
    began = time.thread_time_ns()
    learning = Learning()
    for number in range(1000):
        learning.placed(float(number))
        learning.answered(float(number), number + 9.0)
    yield "a call taken in by what is learnt", (time.thread_time_ns() - began) / 1e6, "µs"


def _ringing(pictures: list[PacingInputs]) -> float:
    return sum(len(each.ringing) for each in pictures) / len(pictures)


def _with_new_laws(pictures: list[PacingInputs]) -> list[PacingInputs]:
    """Each with a share of answers that no table was made for yet."""
    return [
        replace(each, learnt=replace(each.learnt, share=each.learnt.share * (1.0 - 1e-9 * number)))
        for number, each in enumerate(pictures, start=1)
    ]
