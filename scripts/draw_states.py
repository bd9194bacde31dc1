"""Draw docs/states.svg from the transition tables: `python scripts/draw_states.py`.

What is drawn comes from the tables; only where it stands is told here. States that share triggers stand in a
frame, and an arrow from the frame speaks for all of them. A transition that has no place yet still gets its
arrow, a straight one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from itertools import pairwise
from pathlib import Path

from contactcenter import agents, calls, consults, interactions, live_recordings, monitors, offers
from contactcenter.dialer import attempts, campaigns

PICTURE = Path(__file__).parents[1] / "docs" / "states.svg"
BOX_W, BOX_H, GAP, CORNER = 104, 40, 9, 10

Point = tuple[float, float]
Table = Mapping[StrEnum, Mapping[StrEnum, StrEnum]]

STYLE = """
  svg { color-scheme: light dark; font: 13px system-ui, "Noto Sans", sans-serif; --paper: #fff;
        --panel: #f6f7f9; --ink: #1c2530; --soft: #5b6775; --line: #7b8794; --box: #fff; --frame: #c3cad3;
        --accent: #0b66c2; --accent-box: #e8f2fc }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #14181d; --panel: #1b2027; --ink: #e6eaef; --soft: #a5b0bc; --line: #8792a0;
          --box: #242b34; --frame: #45505d; --accent: #7db8f5; --accent-box: #1d3247 } }
  .paper { fill: var(--paper) }
  .panel { fill: var(--panel) }
  .frame { fill: none; stroke: var(--frame); stroke-width: 1.5; stroke-dasharray: 5 4 }
  .box { fill: var(--box); stroke: var(--line) }
  .last { fill: var(--panel); stroke-dasharray: 2 2 }
  .first { fill: var(--accent-box); stroke: var(--accent) }
  .arrow { fill: none; stroke: var(--line); stroke-width: 1.4 }
  .head { fill: var(--line) }
  .title { fill: var(--ink); font-size: 16px; font-weight: 600 }
  .note { fill: var(--soft); font-size: 12px }
  .state { fill: var(--ink); font-weight: 600; text-anchor: middle }
  .trigger { fill: var(--soft); font-size: 12px; text-anchor: middle; stroke: var(--panel); stroke-width: 5px;
             stroke-linejoin: round; paint-order: stroke }
"""


@dataclass(frozen=True)
class Machine:
    """One table and where its states stand (centres, relative to the panel)."""

    title: str
    note: str
    table: Table
    corner: Point
    size: Point
    places: Mapping[str, Point]
    frame: tuple[float, float, float, float] = (0, 0, 0, 0)
    """Left, top, right, bottom of the frame; the states inside share its arrows."""
    doors: Mapping[str, Point] = field(default_factory=dict)
    """Trigger -> where on the frame its arrow starts."""
    detours: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    """"from > to" -> corners of an arrow that can't be straight."""
    label_at: Mapping[str, float] = field(default_factory=dict)
    """"from > to" -> how far along the arrow its label stands; the middle if not told."""


MACHINES = (
    Machine(
        title="Call",
        note="where the caller is",
        table=calls.TRANSITIONS,  # type: ignore[arg-type]
        corner=(20, 20),
        size=(690, 470),
        places={
            "ivr": (185, 240),
            "waiting": (185, 395),
            "offered": (390, 395),
            "talking": (390, 240),
            "held": (390, 110),
            "outside": (185, 110),
            "ended": (610, 255),
        },
        frame=(30, 62, 490, 450),
        doors={"start script": (30, 240), "end": (490, 255)},
        label_at={"waiting > talking": 0.42, "ivr > held": 0.4, "held > ivr": 0.4},
    ),
    Machine(
        title="Agent",
        note="one session",
        table=agents.TRANSITIONS,  # type: ignore[arg-type]
        corner=(20, 510),
        size=(690, 390),
        places={
            "offline": (215, 112),
            "paused": (215, 202),
            "available": (215, 292),
            "reserved": (430, 292),
            "talking": (430, 112),
            "wrap_up": (600, 202),
        },
        frame=(30, 62, 300, 335),
        doors={"go offline": (30, 112), "pause": (30, 202), "go available": (30, 292), "join": (300, 112)},
        detours={"wrap_up > available": ((600, 362), (215, 362))},
        label_at={"reserved > paused": 0.68},
    ),
    Machine(
        title="Offer",
        note="one try to connect one caller to one agent",
        table=offers.TRANSITIONS,  # type: ignore[arg-type]
        corner=(730, 20),
        size=(470, 360),
        places={
            "popped": (110, 130),
            "ringing": (110, 270),
            "joined": (380, 110),
            "missed": (380, 200),
            "withdrawn": (380, 290),
        },
        frame=(30, 82, 190, 318),
        doors={"join": (190, 110), "miss": (190, 200), "withdraw": (190, 290)},
    ),
    Machine(
        title="Consult",
        note="whom a colleague hears who was asked",
        table=consults.TRANSITIONS,  # type: ignore[arg-type]
        corner=(730, 810),
        size=(470, 440),
        places={
            "popped": (100, 100),
            "ringing": (100, 190),
            "held": (100, 300),
            "talking": (248, 210),
            "together": (248, 390),
            "ended": (410, 250),
        },
        frame=(24, 66, 312, 425),
        doors={"end": (312, 250)},
        label_at={"ringing > held": 0.3, "held > talking": 0.62},
    ),
    Machine(
        title="Interaction",
        note="the record of one contact's episode",
        table=interactions.TRANSITIONS,  # type: ignore[arg-type]
        corner=(730, 400),
        size=(470, 250),
        places={"open": (110, 100), "wrap_up": (380, 100), "final": (380, 205)},
    ),
    Machine(
        title="Monitor",
        note="one supervisor at one call",
        table=monitors.TRANSITIONS,  # type: ignore[arg-type]
        corner=(20, 920),
        size=(690, 330),
        places={
            "ringing": (110, 240),
            "listening": (200, 135),
            "whispering": (390, 135),
            "barging": (390, 240),
            "ended": (610, 188),
        },
        frame=(30, 62, 490, 308),
        doors={"listen": (200, 62), "whisper": (390, 62), "barge": (390, 308), "end": (490, 188)},
    ),
    Machine(
        title="Recording",
        note="of one talk",
        table=live_recordings.TRANSITIONS,  # type: ignore[arg-type]
        corner=(20, 1270),
        size=(1180, 250),
        places={
            "asked": (110, 105),
            "ready": (330, 105),
            "on": (560, 205),
            "paused": (800, 205),
            "failed": (110, 205),
            "ended": (1090, 150),
        },
        frame=(30, 62, 950, 238),
        doors={"end": (950, 150)},
    ),
    Machine(
        title="Attempt",
        note="one dial of one number of a lead",
        table=attempts.TRANSITIONS,  # type: ignore[arg-type]
        corner=(20, 1540),
        size=(690, 330),
        places={
            "saved": (110, 115),
            "placed": (290, 115),
            "ringing": (470, 115),
            "answered": (290, 245),
            "joined": (470, 245),
            "dropping": (110, 245),
            "over": (625, 180),
        },
        frame=(30, 62, 550, 300),
        doors={"end": (550, 180)},
    ),
    Machine(
        title="Campaign",
        note="whether it dials",
        table=campaigns.TRANSITIONS,  # type: ignore[arg-type]
        corner=(730, 1540),
        size=(470, 330),
        places={
            "draft": (90, 100),
            "running": (260, 100),
            "paused": (400, 190),
            "stopped": (260, 280),
            "archived": (90, 280),
        },
    ),
)


LEGEND = (
    ("box first", "where it begins"),
    ("box last", "where it ends"),
    ("frame", "an arrow from the frame holds for every state inside"),
)


def draw() -> str:
    """The whole picture."""
    width = max(each.corner[0] + each.size[0] for each in MACHINES) + 20
    height = max(each.corner[1] + each.size[1] for each in MACHINES) + 20
    body = "\n".join([*(line for machine in MACHINES for line in _machine(machine)), *_legend(730, 670)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img"'
        ' aria-label="The states of calls, agents, offers, consults, interactions, monitors, recordings,'
        ' attempts, campaigns">\n'
        f"<style>{STYLE}</style>\n"
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"'
        ' orient="auto"><path class="head" d="M0 .6 8 4 0 7.4z"/></marker></defs>\n'
        f'<rect class="paper" width="{width:g}" height="{height:g}"/>\n{body}\n</svg>\n'
    )


def _legend(x: float, y: float) -> Iterator[str]:
    yield f'<g transform="translate({x:g} {y:g})"><rect class="panel" width="470" height="120" rx="12"/>'
    for n, (kind, text) in enumerate(LEGEND):
        yield f'<rect class="{kind}" x="24" y="{20 + 30 * n}" width="46" height="20" rx="6"/>'
        yield f'<text class="note" x="86" y="{34 + 30 * n}">{escape(text)}</text>'
    yield "</g>"


def _machine(machine: Machine) -> Iterator[str]:
    x, y = machine.corner
    width, height = machine.size
    yield f'<g transform="translate({x:g} {y:g})">'
    yield f'<rect class="panel" width="{width:g}" height="{height:g}" rx="12"/>'
    yield (
        f'<text x="24" y="34"><tspan class="title">{escape(machine.title)}</tspan>'
        f'<tspan class="note" dx="10">{escape(machine.note)}</tspan></text>'
    )
    left, top, right, bottom = machine.frame
    if right:
        yield (
            f'<rect class="frame" x="{left:g}" y="{top:g}" width="{right - left:g}" height="{bottom - top:g}"'
            ' rx="14"/>'
        )
    shared = _shared(machine)
    for common, leads_to in shared.items():
        start = machine.doors.get(common, (right, (top + bottom) / 2))
        yield from _arrow([start, _edge(machine.places[leads_to], start)], common, 0.5)
    pairs: dict[tuple[str, str], list[str]] = {}
    for state, row in machine.table.items():
        for trigger, target in row.items():
            if not (shared.get(trigger) == target and _inside(machine, state)):
                pairs.setdefault((state, target), []).append(trigger)
    for (before, after), triggers in pairs.items():
        points = _way(machine, before, after, both_ways=(after, before) in pairs)
        yield from _arrow(points, " / ".join(triggers), machine.label_at.get(f"{before} > {after}", 0.5))
    first = next(iter(machine.places))
    for name, (cx, cy) in machine.places.items():
        kind = " last" if not machine.table[_state(machine, name)] else " first" if name == first else ""
        yield (
            f'<rect class="box{kind}" x="{cx - BOX_W / 2:g}" y="{cy - BOX_H / 2:g}" width="{BOX_W}"'
            f' height="{BOX_H}" rx="8"/>'
        )
        said = escape(name.replace("_", " "))
        yield f'<text class="state" x="{cx:g}" y="{cy + 4.5:g}">{said}</text>'
    yield "</g>"


def _state(machine: Machine, name: str) -> StrEnum:
    return next(state for state in machine.table if state == name)


def _inside(machine: Machine, state: str) -> bool:
    left, top, right, bottom = machine.frame
    x, y = machine.places[state]
    return left < x < right and top < y < bottom


def _shared(machine: Machine) -> dict[str, str]:
    """Trigger -> target, of all that every state in the frame has."""
    rows = [row for state, row in machine.table.items() if _inside(machine, state)]
    if len(rows) < 2:
        return {}
    return {str(t): str(after) for t, after in rows[0].items() if all(row.get(t) == after for row in rows)}


def _way(machine: Machine, state: str, after: str, *, both_ways: bool) -> list[Point]:
    """From the border of one box to the border of the other; two opposite arrows run side by side."""
    start, end = machine.places[state], machine.places[after]
    if state == after:
        x, y = start[0] + BOX_W / 2, start[1]
        return [(x, y - 8), (x + 26, y - 8), (x + 26, y + 8), (x, y + 8)]
    if corners := machine.detours.get(f"{state} > {after}"):
        return [_edge(start, corners[0]), *corners, _edge(end, corners[-1])]
    if both_ways:
        length = math.dist(start, end)
        dx, dy = (end[1] - start[1]) / length * GAP, (start[0] - end[0]) / length * GAP
        start, end = (start[0] + dx, start[1] + dy), (end[0] + dx, end[1] + dy)
        return [_border(machine.places[state], start, end), _border(machine.places[after], end, start)]
    return [_edge(start, end), _edge(end, start)]


def _edge(box: Point, other: Point) -> Point:
    """Where the line from the middle of a box to another point leaves the box."""
    return _border(box, box, other)


def _border(box: Point, start: Point, end: Point) -> Point:
    """Where the line from `start`, inside a box, to `end` leaves the box."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    across = (box[0] + math.copysign(BOX_W / 2, dx) - start[0]) / dx if dx else math.inf
    along = (box[1] + math.copysign(BOX_H / 2, dy) - start[1]) / dy if dy else math.inf
    step = min(across, along)
    return start[0] + dx * step, start[1] + dy * step


def _arrow(points: list[Point], label: str, at: float) -> Iterator[str]:
    """A line with rounded corners and a head, and what it is called."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        (ax, ay), (bx, by) = _towards(corner, before), _towards(corner, after)
        path += f" L{ax:.1f} {ay:.1f} Q{corner[0]:.1f} {corner[1]:.1f} {bx:.1f} {by:.1f}"
    path += f" L{points[-1][0]:.1f} {points[-1][1]:.1f}"
    yield f'<path class="arrow" d="{path}" marker-end="url(#head)"/>'
    longest = max(pairwise(points), key=lambda piece: math.dist(*piece))
    (ax, ay), (bx, by) = longest
    x, y = ax + (bx - ax) * at, ay + (by - ay) * at
    # The label stands on the left hand of who follows the arrow, so opposite arrows have theirs outside.
    length = math.dist((ax, ay), (bx, by))
    aside = (by - ay) / length, (ax - bx) / length
    x += aside[0] * (len(label) * 3.3 + 8)
    y += aside[1] * 9
    yield f'<text class="trigger" x="{x:.1f}" y="{y + 4:.1f}">{escape(label)}</text>'


def _towards(corner: Point, other: Point) -> Point:
    length = math.dist(corner, other)
    step = min(CORNER, length / 2) / length
    return corner[0] + (other[0] - corner[0]) * step, corner[1] + (other[1] - corner[1]) * step


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
