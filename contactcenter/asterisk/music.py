"""The music on hold: a quiet melody of our own, so that no file and no licence comes with it.

It is signed linear, and Asterisk makes µ-law or A-law of it for each caller: a table look-up a sample. In the
codec of the call it would cost less, and half of all recordings their agent: Asterisk's audio hooks drop what
a phone sends after frames of such a file, if its RTP happens to begin with a sequence number from 32,768 on
(22.10.1).
"""

import math
import sys
from array import array
from itertools import islice
from operator import add
from pathlib import Path

_RATE = 8000
_BEAT_S = 0.5
_PEAK = 8000
"""Of 32767: about -12 dBFS, and -26 on average: below speech, so that announcements stand out."""

# Half tones above middle C, one per beat; None is a rest. Pentatonic: notes that ring on do not clash.
_MELODY = (
    *(16, None, 14, 12, 9, None, 12, None, 14, None, 16, 19, 16, None, None, None),
    *(16, None, 19, 21, 19, None, 16, None, 14, None, 12, 14, 9, None, None, None),
    *(12, None, 9, 7, 9, None, 12, None, 14, None, 12, 16, 14, None, None, None),
    *(16, 14, 12, None, 9, None, 7, None, 9, 12, 14, None, 12, None, None, None),
)
# The bass, one note per four beats.
_BASS = (-12, -3, -5, -12, -12, -3, -5, -5, -3, -12, -5, -5, -12, -3, -5, -12)


def write_music(folder: Path) -> None:
    """Writes `melody.sln` into `folder`; does nothing when it is there already."""
    for codec in ("ulaw", "alaw"):
        # Of an earlier version of ours: Asterisk would prefer it.
        (folder / f"melody.{codec}").unlink(missing_ok=True)
    if (folder / "melody.sln").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / "melody.sln.part"
    samples = array("h", _melody())
    if sys.byteorder == "big":
        samples.byteswap()
    unfinished.write_bytes(samples.tobytes())
    unfinished.rename(folder / "melody.sln")


def _melody() -> list[int]:
    """Signed 16-bit samples at 8 kHz, whose end runs into their beginning."""
    beat = int(_BEAT_S * _RATE)
    length = len(_MELODY) * beat
    mix = [0.0] * length
    notes = [(n * beat, note, 1.0, 2.0) for n, note in enumerate(_MELODY) if note is not None]
    notes += [(n * 4 * beat, note, 0.7, 2.5) for n, note in enumerate(_BASS)]
    tones: dict[tuple[int, float], list[float]] = {}
    for start, note, level, ring_s in notes:
        tone = tones.setdefault((note, level), []) or _tone(note, level, ring_s)
        tones[note, level] = tone
        # What still rings at the end is heard at the beginning: the loop has no seam.
        head = min(len(tone), length - start)
        mix[start : start + head] = map(add, mix[start : start + head], tone)
        rest = len(tone) - head
        mix[:rest] = map(add, mix[:rest], islice(tone, head, None))
    scale = _PEAK / max(map(abs, mix))
    return [round(value * scale) for value in mix]


def _tone(note: int, level: float, ring_s: float) -> list[float]:
    """One struck note: a base tone with two faint overtones, 10 ms to rise, then fading to nothing."""
    step = 2 * math.pi * 261.63 * 2 ** (note / 12) / _RATE
    count = int(ring_s * _RATE)
    samples = []
    for n in range(count):
        envelope = min(1.0, n / 80) * math.exp(-4.0 * n / count) * (1 - n / count)
        wave = math.sin(step * n) + 0.25 * math.sin(2 * step * n) + 0.08 * math.sin(3 * step * n)
        samples.append(level * envelope * wave)
    return samples
