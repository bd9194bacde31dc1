"""Speech for the telephone line: resampled to 8 kHz, trimmed, levelled, and coded as µ-law or A-law.

Pure Python on `array`: it runs once per prompt, in a worker thread, at about 40 ms for a second of speech.
"""

import io
import math
import wave
from array import array
from bisect import bisect_left
from functools import cache
from operator import mul
from typing import TypeAlias

Samples: TypeAlias = "array[int]"
"""16-bit signed samples of one channel."""

RATE = 8000
"""Samples per second on the line."""

_ZERO_CROSSINGS = 12
_SILENCE = 330
"""-40 dBFS: below it an engine's silence counts as silence."""
_EDGE_S = 0.02
_PEAK = 0.79 * 32767
"""-2 dBFS at most: a µ-law coder clips above its 8,159 steps, and a trunk may add a little."""
_SPEECH_RMS = 0.1 * 32767
"""-20 dBFS while someone speaks: every engine and every recording equally loud."""


class BadSound(ValueError):
    """A sound that can't be put on a telephone line; the text says why."""


def telephone(samples: Samples, rate: int) -> Samples:
    """Speech of any rate made ready for the line: 8 kHz, no silence around it, level and edges smooth."""
    return _faded(_levelled(_trimmed(resample(samples, rate))))


def resample(samples: Samples, rate: int) -> Samples:
    """16-bit samples of `rate` per second as samples of 8,000 per second.

    A Hann-windowed sinc cut at the lower of the two half rates: without it everything above 4 kHz would fold
    back into the speech as hiss.
    """
    if rate == RATE or not samples:
        return samples
    common = math.gcd(rate, RATE)
    up, down = RATE // common, rate // common
    phases, half = _phases(up, down)
    padded = array("h", bytes(2 * half)) + samples + array("h", bytes(2 * half + 2))
    made = array("h")
    for index in range(len(samples) * up // down):
        start, phase = divmod(index * down, up)
        taps = phases[phase]
        value = sum(map(mul, taps, padded[start : start + len(taps)]))
        made.append(max(-32768, min(32767, round(value))))
    return made


@cache
def _phases(up: int, down: int) -> tuple[list[list[float]], int]:
    """The filter for each position of an output sample between two input samples, and half its length."""
    width = max(1.0, down / up)
    half = math.ceil(_ZERO_CROSSINGS * width)
    phases = []
    for phase in range(up):
        taps = []
        for tap in range(2 * half + 1):
            x = (tap - half - phase / up) / width
            window = 0.5 + 0.5 * math.cos(math.pi * x / _ZERO_CROSSINGS) if abs(x) < _ZERO_CROSSINGS else 0.0
            taps.append(window * (math.sin(math.pi * x) / (math.pi * x) if x else 1.0))
        gain = sum(taps)
        phases.append([tap / gain for tap in taps])
    return phases, half


def _trimmed(samples: Samples) -> Samples:
    loud = [at for at, sample in enumerate(samples) if abs(sample) > _SILENCE]
    if not loud:
        raise BadSound("nothing but silence")
    edge = int(_EDGE_S * RATE)
    return samples[max(0, loud[0] - edge) : loud[-1] + edge]


def _levelled(samples: Samples) -> Samples:
    # Pauses within the speech say nothing about its level.
    spans = [samples[at : at + RATE // 50] for at in range(0, len(samples), RATE // 50)]
    speaking = [sample for span in spans if max(map(abs, span)) > _SILENCE for sample in span]
    rms = math.sqrt(sum(map(mul, speaking, speaking)) / len(speaking))
    gain = min(_SPEECH_RMS / rms, _PEAK / max(map(abs, samples)))
    return array("h", (round(sample * gain) for sample in samples))


def _faded(samples: Samples) -> Samples:
    edge = min(int(_EDGE_S * RATE), len(samples) // 2)
    for at in range(edge):
        samples[at] = samples[at] * at // edge
        samples[-1 - at] = samples[-1 - at] * at // edge
    return samples


def read_wav(data: bytes) -> tuple[Samples, int]:
    """Samples and rate of a WAV file of 16-bit PCM; of several channels the first. Raises `BadSound`."""
    try:
        with wave.open(io.BytesIO(data)) as sound:
            width, channels, rate = sound.getsampwidth(), sound.getnchannels(), sound.getframerate()
            # Not getnframes(): engines that write to a pipe put a placeholder into the header.
            samples = array("h")
            if width == 2:
                frames = sound.readframes(len(data) // (2 * channels))
                samples.frombytes(frames[: len(frames) // 2 * 2])
    except (wave.Error, EOFError) as error:
        raise BadSound(f"not a WAV file: {error}") from error
    if width != 2:
        raise BadSound(f"{8 * width}-bit samples: save it as 16-bit PCM")
    if not 4000 <= rate <= 192000:
        raise BadSound(f"{rate} samples per second")
    return samples[::channels], rate


def encode(samples: Samples, codec: str) -> bytes:
    """16-bit samples in `ulaw`, `alaw`, or `sln` (linear, little-endian)."""
    if codec == "sln":
        return samples.tobytes()
    table = _table(codec)
    return bytes(table[sample + 32768] for sample in samples)


@cache
def _table(codec: str) -> bytes:
    return bytes(map({"ulaw": _ulaw, "alaw": _alaw}[codec], range(-32768, 32768)))


# The values at which a sample reaches the next of the eight chords of ITU-T G.711.
_ULAW_CHORDS = [(256 << chord) - 132 for chord in range(8)]
_ALAW_CHORDS = [256 << chord for chord in range(8)]


def _ulaw(sample: int) -> int:
    size = min(abs(sample), 32635)
    chord = bisect_left(_ULAW_CHORDS, size + 1)
    step = ((size + 132) >> (chord + 3)) & 0x0F
    return ~((0x80 if sample < 0 else 0) | chord << 4 | step) & 0xFF


def _alaw(sample: int) -> int:
    size = sample if sample >= 0 else -sample - 1
    chord = min(7, bisect_left(_ALAW_CHORDS, size + 1))
    step = (size >> (chord + 3 if chord else 4)) & 0x0F
    return (chord << 4 | step | (0x80 if sample >= 0 else 0)) ^ 0x55
