"""Announced waits: our estimate beside app_queue's average, on simulated days; and how fast days pass.

Errors are root mean squares over the mean wait; the ratio is to be under two thirds, and the 80 % bound is to
hold in 76 to 84 of 100 cases.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from contactcenter.simulation.routing import simulate
from contactcenter.simulation.scenario import load
from contactcenter.simulation.waits import SETTINGS, simulate_waits

SEEDS = range(1, 9)
HOURS = 8.0


def bench() -> Iterator[tuple[str, float, str]]:
    """Rows of the table."""
    for each in simulate_waits(SETTINGS, SEEDS, HOURS):
        yield f"{each.setting}: our error over the mean wait", each.error.mean, ""
        yield f"{each.setting}: the same of app_queue's average", each.average_error.mean, ""
        yield f"{each.setting}: ratio", each.error.mean / each.average_error.mean, ""
        yield f"{each.setting}: our 80 % bound held", each.held.mean, "%"
    began = time.perf_counter()
    simulate(load("s1"), ["fair"], [1, 2, 3, 4], HOURS)
    # The hour of warm-up is simulated, too.
    yield (
        "simulated hours of s1, 90 agents, 1,050 calls/h",
        4 * (HOURS + 1) / (time.perf_counter() - began),
        "h/s",
    )
