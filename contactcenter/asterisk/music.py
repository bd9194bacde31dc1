"""The music on hold: a quiet melody of our own, so that no file and no licence comes with it.

It is written in the codecs that calls use, so Asterisk plays it to hundreds of waiting callers without
transcoding.
"""

import math
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
    """Writes `melody.ulaw` and `melody.alaw` into `folder`; does nothing when they are there already."""
    if (folder / "melody.alaw").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    samples = _melody()
    # The last one written says that both are whole.
    for codec, encode in (("ulaw", _ulaw), ("alaw", _alaw)):
        table = {sample: encode(sample) for sample in set(samples)}
        unfinished = folder / f"melody.{codec}.part"
        unfinished.write_bytes(bytes(map(table.__getitem__, samples)))
        unfinished.rename(folder / f"melody.{codec}")


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


def _ulaw(sample: int) -> int:
    """G.711 µ-law: sign, 3 bits of exponent, 4 of mantissa, all inverted."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | (magnitude >> (exponent + 3)) & 0x0F) & 0xFF


def _alaw(sample: int) -> int:
    """G.711 A-law: as µ-law, but with the two lowest segments linear and every second bit inverted."""
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(abs(sample) if sample >= 0 else abs(sample) - 1, 32767) >> 4
    exponent = max(magnitude.bit_length() - 4, 0)
    mantissa = (magnitude >> max(exponent - 1, 0)) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55
