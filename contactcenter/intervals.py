"""Intervals: where counts are kept, for a quarter of an hour each, for today, and for the last half hour.

A quarter begins on the clock's own quarters in UTC, and today at midnight in the center's zone, which is on
a quarter in every zone of the world. A row holds all that was counted under one name in one quarter; it is
saved whole each time, so that saving twice changes nothing. Nothing here knows what is counted.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta, tzinfo

from contactcenter.tallies import LONGEST, Tally, total
from contactcenter.values import IntervalRow

MINUTE_S = 60
QUARTER_S = 900
RECENT_MINUTES = 30
KEPT_S = 4 * QUARTER_S
"""How long a row stays in memory: a count may belong to the quarter in which its caller came. Nobody waits
for the service level's target, or for a short abandon, longer than this."""

Key = tuple[str, str]
"""`queue`, `agent` or `center`, and whose name."""

CENTER: Key = ("center", "")


def quarter_of(at: float) -> int:
    """The beginning of the quarter that a moment is in."""
    return int(at // QUARTER_S) * QUARTER_S


def count_again_from(saved_at: float, at: float) -> int:
    """From which quarter on a new run counts calls again, if the last row was saved at `saved_at` (0: none).

    The half hour before is among it: the live figures of the last 30 minutes need its single minutes.
    """
    return quarter_of(min(saved_at or at, at)) - RECENT_MINUTES * MINUTE_S


def midnights(at: float, zone: tzinfo) -> tuple[int, int]:
    """The beginning and the end of the local day that a moment is in."""
    today = datetime.fromtimestamp(at, zone).date()
    days = (datetime.combine(today + timedelta(days=n), time(0), zone) for n in (0, 1))
    begin, end = (int(day.timestamp()) for day in days)
    return begin, end


class Intervals:
    """The counts of one center. `turn` is called with each event's time before anything is counted."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self.minute = 0
        """The beginning of the minute that runs; 0 before the first event."""
        self.since = self._tomorrow = 0
        """When today began."""
        self.begins_at = 0
        """What is older stands in the saved rows already and is not counted again."""
        self._oldest = 0
        """The first quarter whose rows may still change."""
        self._rows: dict[int, dict[Key, Tally]] = {}
        self._today: dict[Key, Tally] = {}
        self._minutes: dict[int, dict[Key, Tally]] = {}
        self._now: dict[Key, tuple[Tally, ...]] = {}
        """Where a count of this minute goes, so that it need not be looked up for each."""
        self._unsaved: dict[int, dict[Key, None]] = {}
        self.changed: dict[Key, None] = {}
        """Whose counts changed since somebody emptied this."""

    def turn(self, at: float) -> None:
        """Let the clock go on to `at`."""
        minute = int(at // MINUTE_S) * MINUTE_S
        if minute <= self.minute:
            return
        self.minute = minute
        self._now.clear()
        if minute >= self._tomorrow:
            self.changed.update(dict.fromkeys(self._today))
            self._today.clear()
            self.since, self._tomorrow = midnights(at, self.zone)
        oldest = minute - RECENT_MINUTES * MINUTE_S
        for each in [each for each in self._minutes if each <= oldest]:
            self.changed.update(dict.fromkeys(self._minutes.pop(each)))
        self._oldest = minute - KEPT_S
        for start in [start for start in self._rows if start < self._oldest and start not in self._unsaved]:
            del self._rows[start]

    def count(self, keys: Iterable[Key], at: float, name: str, n: int = 1) -> None:
        """Count something that happened at `at`, under several names at once."""
        if at < self.begins_at:
            return
        now = self.minute <= at < self.minute + MINUTE_S
        unsaved = self._unsaved.setdefault(quarter_of(at), {})
        for key in keys:
            tallies = (self._now.get(key) if now else None) or self._tallies(key, at, now)
            for tally in tallies:
                if name == LONGEST:
                    tally.count(name, n)
                else:  # as `Tally.count` would, without the price of a call
                    tally[name] = tally.get(name, 0) + n
            unsaved[key] = self.changed[key] = None

    def _tallies(self, key: Key, at: float, now: bool) -> tuple[Tally, ...]:
        found = []
        start, minute = quarter_of(at), int(at // MINUTE_S) * MINUTE_S
        if start >= self._oldest:
            found.append(self._rows.setdefault(start, {}).setdefault(key, Tally()))
        if at >= self.since:
            found.append(self._today.setdefault(key, Tally()))
        if key[0] != "agent" and minute > self.minute - RECENT_MINUTES * MINUTE_S:
            found.append(self._minutes.setdefault(minute, {}).setdefault(key, Tally()))
        tallies = tuple(found)
        if now:
            self._now[key] = tallies
        return tallies

    def of_day(self, key: Key) -> Tally:
        """What was counted since midnight."""
        return self._today.get(key, Tally())

    def of_half_hour(self, key: Key) -> Tally:
        """What was counted in the minute that runs and the 29 before it; not kept of single agents."""
        return total(tallies[key] for tallies in self._minutes.values() if key in tallies)

    def unsaved(self, at: float) -> tuple[IntervalRow, ...]:
        """The rows that changed since the last time, each as it stands."""
        rows = tuple(
            IntervalRow(start=start, kind=kind, name=name, counts=dict(tally), saved_at=at)
            for start, keys in self._unsaved.items()
            for kind, name in keys
            if (tally := self._rows.get(start, {}).get((kind, name))) is not None
        )
        self._unsaved.clear()
        return rows

    def restore(self, rows: Iterable[IntervalRow], counted_from: int) -> None:
        """Take over what the last run saved. From `counted_from` on, calls will be counted again from their
        records, and only the agents' times are taken from the rows. `turn` must have been called."""
        self.begins_at = counted_from
        self._oldest = min(self._oldest, counted_from)
        for row in rows:
            key, counts = (row.kind, row.name), Tally(row.counts)
            if row.start >= counted_from:
                counts = counts.times()
                self._rows.setdefault(row.start, {}).setdefault(key, Tally()).add(counts)
                self._unsaved.setdefault(row.start, {})[key] = None
            if row.start >= self.since:
                self._today.setdefault(key, Tally()).add(counts)
            self.changed[key] = None
