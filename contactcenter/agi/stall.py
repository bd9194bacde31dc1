"""A watch over the event loop: an IVR script that blocks it holds up every other call.

The watch is a thread. When the loop has stood still for `limit_s` and a script's file is on its stack, it
raises `ScriptBlocked` inside the script, again and again until the loop moves: an endless loop ends at once,
a blocking call when it returns. What can't be interrupted is a call into C that never returns: nothing in
this process moves then, whoever watches over the process has to end it, and the dialplan's rescue loop brings
the callers back.
"""

import asyncio
import ctypes
import logging
import sys
import threading
import time
from collections.abc import Collection

log = logging.getLogger(__name__)


class ScriptBlocked(BaseException):
    """Raised into a script that holds the event loop. No author's `except Exception` catches it."""


def interrupt(thread: int) -> None:
    """Raise `ScriptBlocked` in a thread, as soon as it runs Python again."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(ScriptBlocked))


class StallDetector:
    """Watches the running loop until `close`; `scripts` are the files that may be interrupted."""

    def __init__(self, limit_s: float, scripts: Collection[str]) -> None:
        self._limit_s = limit_s
        self._scripts = frozenset(scripts)
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._beat_at = time.monotonic()
        self._ended = threading.Event()
        self._timer = self._loop.call_soon(self._beat)
        threading.Thread(target=self._watch, name="stall detector", daemon=True).start()

    def close(self) -> None:
        """Stop watching."""
        self._ended.set()
        self._timer.cancel()

    def _beat(self) -> None:
        self._beat_at = time.monotonic()
        self._timer = self._loop.call_later(self._limit_s / 5, self._beat)

    def _watch(self) -> None:
        warned_of = 0.0
        while not self._ended.wait(self._limit_s / 5):
            beat_at = self._beat_at
            stood = time.monotonic() - beat_at
            if stood < self._limit_s:
                continue
            place, in_script = self._where()
            if warned_of != beat_at:
                warned_of = beat_at
                log.error("the event loop has stood still for %.1f s at %s", stood, place)
            # Between this look and the exception's arrival the script may return, and then the exception hits
            # the loop's own code: microseconds, against the half second that the script has held it already.
            if in_script and self._beat_at == beat_at:
                interrupt(self._loop_thread)

    def _where(self) -> tuple[str, bool]:
        """Where the loop's thread is, and whether a script is what holds it."""
        frame = sys._current_frames().get(self._loop_thread)
        place = f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "?"
        while frame:
            if frame.f_code.co_filename in self._scripts:
                return place, True
            frame = frame.f_back
        return place, False
