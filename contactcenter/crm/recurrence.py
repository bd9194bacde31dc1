"""Recurrence: when something that comes again is due next, by the calendar of the center's time zone.

Days, weeks, months and years are the calendar's: what is due at nine stays due at nine when the clocks
change. The day of the month and the time of day are those of the first time, so that the 31st, which is the
28th in February, is the 31st again in March; a time that the clocks skip comes as much later as they do.
"""

import calendar
from dataclasses import asdict
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from contactcenter.crm.errors import Refusal
from contactcenter.values import frozen

MOST = 366
"""Of units between two times."""
_LAST_YEAR = 9000
"""The calendar ends somewhere; no center lives to see it."""


class Unit(StrEnum):
    """What is counted."""

    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


@frozen
class Recurrence:
    """How something comes again."""

    every: int
    unit: Unit
    until: float | None = None
    """Nothing is due after it; None: for ever."""
    day: int = 0
    """Of the month, of the first time."""
    time: str = ""
    """Of the day, of the first time: `09:00:00`."""
    lead_s: float | None = None
    """How long before it is due the reminder comes; None: there is none."""


def begun(
    every: int, unit: str, until: float | None, *, due_at: float, remind_at: float | None, zone: tzinfo
) -> Recurrence:
    """A recurrence whose first time is `due_at`. Raises `Refusal`."""
    if not 1 <= every <= MOST:
        raise Refusal(f"from 1 to {MOST}", field="recurrence.every")
    if unit not in Unit.__members__.values():
        raise Refusal(f"one of {', '.join(Unit)}", field="recurrence.unit")
    if until is not None and until < due_at:
        raise Refusal("must not be before the first time", field="recurrence.until")
    first = datetime.fromtimestamp(due_at, zone)
    return Recurrence(
        every=every,
        unit=Unit(unit),
        until=until,
        day=first.day,
        time=first.time().isoformat(),
        lead_s=None if remind_at is None else due_at - remind_at,
    )


def following(recurrence: Recurrence, due_at: float, zone: tzinfo, *, after: float) -> float | None:
    """When it is due next after `due_at`, and later than `after`: what went by meanwhile is not made up for.
    None when it comes no more."""
    day = datetime.fromtimestamp(due_at, zone).date()
    at = time.fromisoformat(recurrence.time)
    steps = 0
    while True:
        steps += 1
        further = _moved(day, recurrence, steps)
        if further is None:
            return None
        due = datetime.combine(further, at, zone).timestamp()
        if recurrence.until is not None and due > recurrence.until:
            return None
        if due > max(after, due_at):
            return due
        steps = max(steps, _steps_before(recurrence, after - due))


def _steps_before(recurrence: Recurrence, seconds: float) -> int:
    """A number of steps that surely does not reach beyond so many seconds: a daily task of ten years ago is
    not counted day by day."""
    longest = {Unit.DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 31, Unit.YEARS: 366}[recurrence.unit]
    return max(0, int(seconds / 86_400 / (longest * recurrence.every)) - 1)


def _moved(day: date, recurrence: Recurrence, steps: int) -> date | None:
    """The day so many steps later; None after the end of the calendar."""
    count = recurrence.every * steps
    if recurrence.unit in (Unit.DAYS, Unit.WEEKS):
        days = count * (7 if recurrence.unit is Unit.WEEKS else 1)
        return day + timedelta(days=days) if days < (_LAST_YEAR - day.year) * 365 else None
    months = count * (12 if recurrence.unit is Unit.YEARS else 1)
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    if year > _LAST_YEAR:
        return None
    return date(year, month, min(recurrence.day, calendar.monthrange(year, month)[1]))


def stored(recurrence: Recurrence | None) -> dict[str, Any] | None:
    """As the store keeps it."""
    return asdict(recurrence) if recurrence else None


def read(row: dict[str, Any] | None) -> Recurrence | None:
    """What `stored` made."""
    return Recurrence(**{**row, "unit": Unit(row["unit"])}) if row else None
