"""Simulations in words and figures: the tables of the command line, and the same as JSON."""

from collections.abc import Sequence
from typing import Any

from contactcenter.simulation.policies import TRIALS
from contactcenter.simulation.routing import ALL, Result, Row, Spread
from contactcenter.simulation.scenario import Scenario
from contactcenter.simulation.waits import WaitResult

COLUMNS = {
    "service_level": "in target %",
    "p99_wait_s": "p99 wait s",
    "abandoned": "abandoned %",
    "overtaken": "overtaken %",
    "mean_wait_s": "mean wait s",
    "occupancy": "at work %",
}
"""Figure -> its heading."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table: the first column to the left, figures to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        first, *others = (
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join((first, *others)).rstrip()

    return [line(head), line(["-" * width for width in widths]), *map(line, rows)]


def shown(value: Spread, digits: int = 1) -> str:
    """`82.3 ±0.4`; without an interval when there is one day only."""
    if value.within is None:
        return f"{value.mean:.{digits}f}"
    return f"{value.mean:.{digits}f} ±{value.within:.{digits}f}"


def routing_report(scenario: Scenario, results: Sequence[Result]) -> list[str]:
    """What came out of one scenario."""
    first = results[0]
    agents = sum(group.count for group in scenario.agents.values())
    lines = [
        scenario.title,
        f"{agents} agents, {first.seeds} days of {first.hours:g} h after 1 h of warm-up; ±: 95 % interval",
        "",
        *table(
            ["policy", *COLUMNS.values()],
            [[each.policy, *(shown(each.rows[ALL][figure]) for figure in COLUMNS)] for each in results],
        ),
    ]
    if len(scenario.queues) > 1:
        for figure in ("service_level", "p99_wait_s"):
            lines += [
                "",
                f"{COLUMNS[figure]}, by queue",
                *table(
                    ["policy", *scenario.queues],
                    [
                        [each.policy, *(shown(each.rows[queue][figure]) for queue in scenario.queues)]
                        for each in results
                    ],
                ),
            ]
    lines += ["", *(f"{each.policy}: {TRIALS[each.policy].says}" for each in results)]
    for queue, callers in scenario.queues.items():
        lines += _price(queue, callers.target_share, results)
    return lines


def _price(queue: str, target_share: float, results: Sequence[Result]) -> list[str]:
    """What holding agents back for a rare skill costs everybody, in a sentence."""
    by_policy = {each.policy: each.rows for each in results}
    lines = []
    for with_it, without in (("reserve", "fair"), ("service_level_first_reserve", "service_level_first")):
        if with_it not in by_policy or without not in by_policy:
            continue
        after, before = by_policy[with_it], by_policy[without]
        gain = _difference(after[queue], before[queue], "service_level")
        if gain < 1.0:
            continue
        whole = _difference(after[ALL], before[ALL], "service_level")
        gave_up = _difference(after[ALL], before[ALL], "abandoned")
        lines.append(
            f"{with_it} brings {queue} {gain:+.1f} points of its service level "
            f"(to {after[queue]['service_level'].mean:.1f}, wanted {100 * target_share:g}) and costs all "
            f"together {whole:+.1f} points, {gave_up:+.1f} points more abandon"
        )
    return lines


def _difference(after: Row, before: Row, figure: str) -> float:
    return after[figure].mean - before[figure].mean


def waits_report(results: Sequence[WaitResult]) -> list[str]:
    """How good announced waits were."""
    return [
        f"{results[0].seeds} days of {results[0].hours:g} h after 1 h of warm-up; ± is the 95 % interval",
        "errors are root mean squares over the mean wait of those who had to wait; smaller is better",
        "",
        *table(
            ["setting", "mean wait s", "our error", "app_queue's error", "ratio", "80 % bound held %"],
            [
                [
                    each.setting,
                    shown(each.mean_wait_s),
                    shown(each.error, 3),
                    shown(each.average_error, 3),
                    f"{each.error.mean / each.average_error.mean:.3f}",
                    shown(each.held),
                ]
                for each in results
            ],
        ),
    ]


def as_json(value: Any) -> Any:
    """Results as what `json` writes: every number with its interval."""
    if isinstance(value, Spread):
        return {
            "mean": round(value.mean, 4),
            "within": None if value.within is None else round(value.within, 4),
        }
    if isinstance(value, Result):
        queues = {queue: as_json(row) for queue, row in value.rows.items() if queue != ALL}
        return {
            "policy": value.policy,
            "seeds": value.seeds,
            "hours": value.hours,
            "all": as_json(value.rows[ALL]),
            "queues": queues,
        }
    if isinstance(value, WaitResult):
        fields = ("judged", "mean_wait_s", "error", "average_error", "held")
        return {
            "setting": value.setting,
            "seeds": value.seeds,
            "hours": value.hours,
            **{name: as_json(getattr(value, name)) for name in fields},
        }
    return {name: as_json(each) for name, each in value.items()}
