"""Tones made and tones found: one frequency per party tells a test who hears whom."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Sequence
from functools import lru_cache

from . import ulaw

FULL_SCALE = 32768.0
FLOOR = -100.0
"""dB below full scale for "nothing at all"."""
AUDIBLE = -30.0
"""Above: the tone is there. Our tones have -10, and of another one less than -45 leaks into 100 ms."""
SILENT = -45.0


@lru_cache(maxsize=64)
def tone(frequency: int, seconds: float = 1.0, level: float = -10.0) -> bytes:
    """16-bit PCM of a sine, `level` in dB of full scale; a whole second can be repeated without a click."""
    peak = FULL_SCALE * 10 ** (level / 20)
    step = 2 * math.pi * frequency / ulaw.RATE
    indexes = range(round(seconds * ulaw.RATE))
    samples = array("h", [round(peak * math.sin(step * index)) for index in indexes])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def power_of(samples: Sequence[int], frequency: float, length: int) -> float:
    """Goertzel: the level of one frequency in dB of a full-scale sine; what is short of `length` is 0."""
    coefficient = 2 * math.cos(2 * math.pi * frequency / ulaw.RATE)
    before, last = 0.0, 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    power = last * last + before * before - coefficient * last * before
    return _decibels(2 * math.sqrt(max(power, 0.0)) / max(length, 1))


def loudness_of(samples: Sequence[int], length: int) -> float:
    """The level of everything together, in dB of a full-scale sine."""
    return _decibels(math.sqrt(2 * math.fsum(sample * sample for sample in samples) / max(length, 1)))


def _decibels(amplitude: float) -> float:
    return max(FLOOR, 20 * math.log10(amplitude / FULL_SCALE)) if amplitude > 0 else FLOOR
