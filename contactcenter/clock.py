"""The one clock: labels as on the wall, durations that never run backwards."""

import time


class Clock:
    """Seconds since the epoch, UTC, counted on by the monotonic clock.

    A step of the wall clock (NTP, an operator) neither shortens a wait nor fires a timer: the labels of this
    run keep the wall's time of its start, and the next run takes the wall's time anew.
    """

    def __init__(self) -> None:
        self._epoch = time.time() - time.monotonic()

    def now(self) -> float:
        """The time now."""
        return self._epoch + time.monotonic()

    def drift(self) -> float:
        """How far this is ahead of the wall's time by now, in seconds: whoever needs the time of the day asks
        for it first."""
        return self.now() - time.time()
