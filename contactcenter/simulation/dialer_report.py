"""What came out of simulated campaigns, as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from contactcenter.simulation.dialer import DialerResult
from contactcenter.simulation.dialer_day import WARM_UP_S
from contactcenter.simulation.dialer_policies import TARGET, trial
from contactcenter.simulation.dialer_world import WORLDS
from contactcenter.simulation.report import as_json, shown, table

HEAD = ("policy", "idle s", "dropped %", "worst day %", "calls/agent-h", "talking %", "dials/call")


def dialer_report(results: Sequence[DialerResult]) -> list[str]:
    """A table for each cell of each world."""
    first = results[0]
    lines = [
        f"{first.days} days of {first.hours:g} h, the first {WARM_UP_S / 60:g} min not counted but in the "
        f"worst day; ±: 95 % interval; aimed at {100 * TARGET:g} % dropped",
    ]
    cells: dict[tuple[str, str], list[DialerResult]] = {}
    for each in results:
        cells.setdefault((each.world, each.cell), []).append(each)
    for (world, cell), rows in cells.items():
        agents, _, share = cell.partition(":")
        title = f"{agents} agents, {100 * float(share):g} % answered; {WORLDS[world].says}"
        lines += ["", title, *table(HEAD, [_row(each) for each in rows])]
    lines += ["", *(f"{name}: {says}" for name, says in _said(results).items())]
    return lines


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


def _said(results: Sequence[DialerResult]) -> Mapping[str, str]:
    return {each.policy: trial(each.policy).says for each in results}
