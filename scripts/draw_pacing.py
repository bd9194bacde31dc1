"""Draw docs/pacing.svg and write the tables of docs/pacing.md: `python scripts/draw_pacing.py`.

What stands there is what was measured: docs/pacing.json, rows as `contactcenter simulate dialer --json`
prints them. `python scripts/draw_pacing.py RESULTS.json …` takes further rows in first; a row replaces the
one of the same world, cell and policy.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from contactcenter.simulation.dialer_world import MARKS, WORLDS

DOCS = Path(__file__).parents[1] / "docs"
RESULTS, PICTURE, PAGE = DOCS / "pacing.json", DOCS / "pacing.svg", DOCS / "pacing.md"
OTHERS = ("fixed_ratio", "vicidial_hard", "vicidial_average", "vicidial_tapered", "issabel")
SHARES = ("0.15", "0.3", "0.5")

Row = dict[str, Any]
Rows = dict[tuple[str, str, str], Row]

STYLE = """
  svg { color-scheme: light dark; font: 13px system-ui, "Noto Sans", sans-serif; --paper: #fff;
        --ink: #1c2530; --soft: #5b6775; --grid: #e1e5ea; --ours: #0b66c2; --floor: #b35c00;
        --plain: #7b8794; --mark: #1c2530 }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #14181d; --ink: #e6eaef; --soft: #a5b0bc; --grid: #2c343e; --ours: #7db8f5;
          --floor: #f0a860; --plain: #8792a0; --mark: #e6eaef } }
  .paper { fill: var(--paper) }
  .grid { stroke: var(--grid) }
  .title { fill: var(--ink); font-weight: 600 }
  .note { fill: var(--soft); font-size: 12px }
  .line { fill: none; stroke-width: 2 }
  .ours { stroke: var(--ours); color: var(--ours) }
  .floor { stroke: var(--floor); color: var(--floor) }
  .plain { stroke: var(--plain); color: var(--plain); stroke-dasharray: 5 4 }
  .dot { fill: currentColor; stroke: none }
  .label { fill: currentColor; stroke: none; font-size: 12px }
  .mark { fill: none; stroke: var(--mark); stroke-width: 1.5 }
"""
LINES = {
    "progressive": ("plain", "progressive"),
    "adaptive_ratio": ("floor", "adaptive ratio"),
    "predictive": ("ours", "predictive (ours)"),
}
"""Policy -> its class and its name in the legend."""
WIDE, HIGH, LEFT, TOP, GAP = 250.0, 300.0, 46.0, 74.0, 22.0
LEAST, MOST = 2.0, 150.0
TICKS = (2, 5, 10, 20, 50, 100)
AGENTS = (5, 10, 20, 50, 100, 300)


def load() -> Rows:
    """What was measured."""
    return {_key(row): row for row in json.loads(RESULTS.read_text(encoding="utf-8"))}


def _key(row: Row) -> tuple[str, str, str]:
    return row["world"], row["cell"], row["policy"]


# --- the picture ---


def draw(rows: Rows) -> str:
    """Idle time per call over the number of agents, for each share of answers."""
    width, height = LEFT + 3 * WIDE + 2 * GAP + 16, TOP + HIGH + 40
    body = "\n".join(
        [*_legend(), *(line for n, share in enumerate(SHARES) for line in _panel(rows, n, share))]
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="Seconds that an agent waits for a call, by policy and number of agents">\n'
        f"<style>{STYLE}</style>\n"
        f'<rect class="paper" width="{width:g}" height="{height:g}"/>\n{body}\n</svg>\n'
    )


def _legend() -> Iterator[str]:
    yield _text(LEFT, 20, "Seconds that an agent waits for a call (both axes are logarithmic)", "title")
    x = LEFT
    for name, says in LINES.values():
        yield f'<g class="{name}"><path class="line" d="M{x:g} 40h26"/>{_text(x + 32, 44, says, "label")}</g>'
        x += 60 + 7 * len(says)
    yield f'<circle class="mark" cx="{x + 6:g}" cy="40" r="5"/>'
    yield _text(x + 18, 44, "the mark (chance-constrained)", "note")


def _panel(rows: Rows, n: int, share: str) -> Iterator[str]:
    left = LEFT + n * (WIDE + GAP)
    for tick in TICKS:
        y = _y(tick)
        yield f'<path class="grid" d="M{left:g} {y:.1f}h{WIDE:g}"/>'
        if n == 0:
            yield _text(left - 6, y + 4, str(tick), "note", "end")
    for agents in AGENTS:
        yield _text(_x(left, agents), TOP + HIGH + 18, str(agents), "note", "middle")
    yield _text(left + WIDE / 2, TOP - 8, f"{100 * float(share):g} % answered", "title", "middle")
    yield _text(left + WIDE / 2, TOP + HIGH + 34, "agents", "note", "middle")
    for policy, (name, _) in LINES.items():
        points = [
            (_x(left, agents), _y(row["idle_s"]["mean"]))
            for agents in AGENTS
            if (row := rows.get(("usual", f"{agents}:{share}", policy)))
        ]
        path = "".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))
        dots = "".join(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in points)
        yield f'<g class="{name}"><path class="line" d="{path}"/>{dots}</g>'
    for agents in AGENTS:
        if mark := MARKS.get(f"{agents}:{share}"):
            yield f'<circle class="mark" cx="{_x(left, agents):.1f}" cy="{_y(mark[0]):.1f}" r="5"/>'


def _x(left: float, agents: int) -> float:
    return left + 14 + (WIDE - 28) * math.log(agents / AGENTS[0]) / math.log(AGENTS[-1] / AGENTS[0])


def _y(idle_s: float) -> float:
    return TOP + HIGH * (1 - math.log(idle_s / LEAST) / math.log(MOST / LEAST))


def _text(x: float, y: float, says: str, name: str, anchor: str = "start") -> str:
    return f'<text class="{name}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{says}</text>'


# --- the tables ---


def tables(rows: Rows) -> dict[str, list[str]]:
    """The tables of the page, by the word between their markers."""
    return {"marks": _marks(rows), "peers": _peers(rows), "worlds": _worlds(rows)}


def written(page: str, rows: Rows) -> str:
    """The page with its tables as they were measured."""
    for name, lines in tables(rows).items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = page.partition(begin)
        page = before + begin + "\n".join(lines) + "\n" + end + rest.partition(end)[2]
    return page


def _marks(rows: Rows) -> list[str]:
    lines = _head(
        *("Agents", "p", "days", "**idle s**", "dropped %", "worst day %", "calls/agent-h", "talking %"),
        *("mark", "of it", "adaptive ratio: idle s (dropped %)", "progressive: idle s"),
    )
    for cell, (mark, _) in MARKS.items():
        if not (ours := rows.get(("usual", cell, "predictive"))):
            continue
        agents, _, share = cell.partition(":")
        lines.append(
            _line(
                agents,
                share,
                str(ours["seeds"]),
                f"**{_within(ours['idle_s'], 1)}**",
                _within(ours["dropped"], 2),
                f"{ours['worst_dropped']:.2f}",
                _within(ours["calls_per_hour"], 2),
                _mean(ours["talking"], 1),
                f"{mark:.1f}",
                f"{ours['idle_s']['mean'] / mark:.2f}",
                _idle_and_dropped(rows.get(("usual", cell, "adaptive_ratio"))),
                _mean(rows["usual", cell, "progressive"]["idle_s"], 1)
                if ("usual", cell, "progressive") in rows
                else "",
            )
        )
    return lines


def _peers(rows: Rows) -> list[str]:
    cells = [
        cell
        for cell in MARKS
        if any(("usual", cell, policy) in rows for policy in OTHERS) and ("usual", cell, "predictive") in rows
    ]
    lines = _head("Policy", *(f"{agents} agents, {share}" for agents, share in _split(cells)))
    for policy in ("predictive", "chance_constrained", "adaptive_ratio", "progressive", *OTHERS):
        figures = [_idle_and_dropped(rows.get(("usual", cell, policy))) for cell in cells]
        if any(figures):
            lines.append(_line(f"`{policy}`", *figures))
    return lines


def _worlds(rows: Rows) -> list[str]:
    policies = ("predictive", "adaptive_ratio", "progressive", *OTHERS)
    lines = _head("World", "Agents", "days", *(f"`{policy}`" for policy in policies))
    for world in WORLDS:
        for cell in MARKS:
            if world == "usual" or not (ours := rows.get((world, cell, "predictive"))):
                continue
            lines.append(
                _line(
                    f"`{world}`",
                    cell.partition(":")[0],
                    str(ours["seeds"]),
                    *(_idle_and_dropped(rows.get((world, cell, policy))) for policy in policies),
                )
            )
    return lines


def _split(cells: Sequence[str]) -> Iterator[tuple[str, str]]:
    for cell in cells:
        agents, _, share = cell.partition(":")
        yield agents, f"{100 * float(share):g} %"


def _head(*names: str) -> list[str]:
    return [_line(*names), "|" + "---|" * len(names)]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _mean(value: Row, digits: int) -> str:
    return f"{value['mean']:.{digits}f}"


def _within(value: Row, digits: int) -> str:
    within = value["within"]
    return _mean(value, digits) + ("" if within is None else f" ±{within:.{digits}f}")


def _idle_and_dropped(row: Row | None) -> str:
    return f"{_mean(row['idle_s'], 1)} ({_mean(row['dropped'], 2)})" if row else ""


def _take_in(rows: Rows, paths: Sequence[str]) -> None:
    for path in paths:
        rows |= {_key(row): row for row in json.loads(Path(path).read_text(encoding="utf-8"))}
    order = {name: n for n, name in enumerate((*WORLDS, *MARKS, *LINES, *OTHERS))}
    kept = sorted(rows.values(), key=lambda row: [order.get(name, 99) for name in _key(row)])
    lines = ",\n".join(json.dumps(row) for row in kept)
    RESULTS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    results = load() if RESULTS.exists() else {}
    _take_in(results, sys.argv[1:])
    PICTURE.write_text(draw(results), encoding="utf-8")
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
