"""A watch over the event loop: an IVR script that blocks holds up every other call.

The honest limits: a blocking call is seen and named, and its caller is taken from the script afterwards; one
that never returns can't be interrupted from within. Then nothing in this process moves, the supervisor of the
process has to end it, and the dialplan's rescue loop brings the callers back.
"""

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

log = logging.getLogger(__name__)


class StallDetector:
    """Calls `on_stall(frames, seconds)` in the loop after each time the loop stood still for `limit_s`.

    `frames` is the stack of the loop's thread, innermost first, as it was during the stall.
    """

    def __init__(self, limit_s: float, on_stall: Callable[[list[FrameType], float], None]) -> None:
        self._limit_s = limit_s
        self._on_stall = on_stall
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._beat_at = time.monotonic()
        self._seen: list[FrameType] = []
        self._ended = threading.Event()
        self._timer = self._loop.call_soon(self._beat)
        threading.Thread(target=self._watch, name="stall detector", daemon=True).start()

    def close(self) -> None:
        """Stop watching."""
        self._ended.set()
        self._timer.cancel()

    def _beat(self) -> None:
        stood, self._beat_at = time.monotonic() - self._beat_at, time.monotonic()
        frames, self._seen = self._seen, []
        self._timer = self._loop.call_later(self._limit_s / 5, self._beat)
        if frames:
            self._on_stall(frames, stood)

    def _watch(self) -> None:
        while not self._ended.wait(self._limit_s / 5):
            stood = time.monotonic() - self._beat_at
            if stood < self._limit_s or self._seen:
                continue
            frames, frame = [], sys._current_frames().get(self._loop_thread)
            while frame:
                frames.append(frame)
                frame = frame.f_back
            if frames:
                place = f"{frames[0].f_code.co_filename}:{frames[0].f_lineno}"
                log.error("the event loop has stood still for %.1f s at %s", stood, place)
                self._seen = frames
