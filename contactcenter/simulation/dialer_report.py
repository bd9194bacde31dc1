"""Simulated campaigns in words and figures, and the same as JSON."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from contactcenter.simulation.dialer import DialerResult
from contactcenter.simulation.dialer_day import WARM_UP_S
from contactcenter.simulation.dialer_policies import TARGET, trial
from contactcenter.simulation.dialer_world import MARKS, WORLDS
from contactcenter.simulation.report import as_json, shown, table

HEAD = ("policy", "idle s", "dropped %", "worst day %", "calls/agent-h", "talking %", "dials/call")


def plan(
    worlds: Sequence[str], cells: Sequence[str], policies: Sequence[str], days: int, hours: float
) -> str:
    """What is going to be simulated, in a sentence."""
    whole = len(worlds) * len(cells) * len(policies) * days
    return (
        f"{whole} simulated days of {hours:g} h: {days} each of agents:share of answers {', '.join(cells)}; "
        f"worlds {', '.join(worlds)}; policies {', '.join(policies)}"
    )


def dialer_report(results: Iterable[DialerResult]) -> Iterator[str]:
    """A table for each cell of each world, as soon as it is there."""
    policies: dict[str, None] = {}
    for (world, cell), each in groupby(results, key=lambda result: (result.world, result.cell)):
        rows = list(each)
        policies |= dict.fromkeys(row.policy for row in rows)
        agents, _, share = cell.partition(":")
        yield f"{agents} agents, {100 * float(share):g} % answered; {WORLDS[world].says}"
        yield from table(HEAD, [_row(row) for row in rows])
        if world == "usual" and cell in MARKS:
            mark, floor = MARKS[cell]
            yield f"the marks: {mark:g} s (chance-constrained), {floor:g} s (adaptive ratio, the floor)"
        yield ""
    yield (
        "idle s: what an agent waits for a call, on average; dropped: of the calls that a person answered; "
        f"aimed at {100 * TARGET:g} %"
    )
    yield f"the first {WARM_UP_S / 60:g} min of a day count in the worst day only; ±: 95 % interval over days"
    yield from (f"{name}: {trial(name).says}" for name in policies)


def dialer_json(each: DialerResult) -> dict[str, Any]:
    """The same of one result, as what `json` writes."""
    figures = ("idle_s", "dropped", "calls_per_hour", "talking")
    return {
        "world": each.world,
        "cell": each.cell,
        "policy": each.policy,
        "seeds": each.days,
        "hours": each.hours,
        **{name: as_json(getattr(each, name)) for name in figures},
        "worst_dropped": round(each.worst_dropped, 4),
        "dials_per_call": round(each.dials_per_call, 4),
    }


def _row(each: DialerResult) -> list[str]:
    return [
        each.policy,
        shown(each.idle_s),
        shown(each.dropped, 2),
        f"{each.worst_dropped:.2f}",
        shown(each.calls_per_hour, 2),
        shown(each.talking),
        f"{each.dials_per_call:.1f}",
    ]
