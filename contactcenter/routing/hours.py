"""Opening hours: one calendar for the IVR, the queues and the dialer.

Hours are wall-clock hours of the calendar's own zone, so a day on which the clocks change is simply an hour
shorter or longer. Asked is always a moment in UTC seconds, hence no local time is ambiguous.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from contactcenter.values import frozen

Span = tuple[time, time]
"""From (included) to (excluded) within one day; an end of 00:00 means midnight at the end of the day."""


@frozen
class Calendar:
    """When one thing is open."""

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    """Seven days, Monday first."""
    holidays: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)
    """Days that differ from their weekday; no span: closed all day."""
    emergency: Mapping[str, str] = field(default_factory=dict)
    """An announcement by language while the center is shut for an emergency; empty when it isn't."""

    def spans(self, day: date) -> tuple[Span, ...]:
        """The opening spans of one local day."""
        return self.holidays.get(day, self.week[day.weekday()])

    def is_open(self, at: float) -> bool:
        """Whether it is open at `at` (seconds since the epoch)."""
        if self.emergency:
            return False
        local = datetime.fromtimestamp(at, self.zone)
        now = local.time()
        return any(start <= now and (now < end or end == time(0)) for start, end in self.spans(local.date()))

    def next_opening(self, at: float) -> float | None:
        """The next moment from `at` on at which it is open; None if that is over a year away."""
        if self.is_open(at):
            return at
        if self.emergency:
            return None
        today = datetime.fromtimestamp(at, self.zone).date()
        for ahead in range(367):
            day = today + timedelta(days=ahead)
            openings = {moment for start, _ in self.spans(day) for moment in self._moments(day, start)}
            for opening in sorted(openings | self._set_back(day)):
                if opening > at and self.is_open(opening):
                    return opening
        return None

    def _moments(self, day: date, start: time) -> set[float]:
        """When the clocks show a time of day: twice in the hour that autumn repeats. A time that spring skips
        has come when they go on after the gap; where that is at midnight, on the next day."""
        local = datetime.combine(day, start, self.zone)
        first, second = local.timestamp(), local.replace(fold=1).timestamp()
        if first <= second:
            return {first, second}
        minutes = range(int(second), int(first) + 60, 60)
        return {next(at for at in minutes if self._shown(at) >= local.replace(tzinfo=None))}

    def _set_back(self, day: date) -> set[float]:
        """When the clocks go back on that day, if they do: it may be a time at which it is open once more."""
        begin = datetime.combine(day, time(0), self.zone)
        low, high = int(begin.timestamp()), int((begin + timedelta(days=1)).timestamp())
        before = begin.utcoffset()
        if (self._offset(high) or timedelta(0)) >= (before or timedelta(0)):
            return set()
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(middle) == before:
                low = middle
            else:
                high = middle
        return {float(high)}

    def _shown(self, at: float) -> datetime:
        """What the clocks show, with the day."""
        return datetime.fromtimestamp(at, self.zone).replace(tzinfo=None)

    def _offset(self, at: float) -> timedelta | None:
        return datetime.fromtimestamp(at, self.zone).utcoffset()


ALWAYS = Calendar(zone=ZoneInfo("UTC"), week=(((time(0), time(0)),),) * 7)
