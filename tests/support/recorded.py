"""Who is heard in a recording, on which channel, and when: told by tones."""

import struct
from dataclasses import dataclass
from typing import Self

from contactcenter.phones import tones, ulaw

SPAN_S = 0.1


@dataclass(frozen=True)
class Recorded:
    """A stereo µ-law WAV, taken apart."""

    caller: list[int]
    agent: list[int]

    @classmethod
    def of(cls, wav: bytes) -> Self:
        """AssertionError for anything but 8 kHz, two channels, µ-law, with lengths that are true."""
        assert wav[:4] == b"RIFF"
        assert wav[8:16] == b"WAVEfmt "
        form = struct.unpack_from("<HHIIHH", wav, 20)
        assert form == (7, 2, ulaw.RATE, 2 * ulaw.RATE, 2, 8), form
        at = wav.index(b"data", 36)
        (length,) = struct.unpack_from("<I", wav, at + 4)
        assert len(wav) == at + 8 + length == struct.unpack_from("<I", wav, 4)[0] + 8
        both = wav[at + 8 :]
        return cls(ulaw.decode(both[0::2]), ulaw.decode(both[1::2]))

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.caller) / ulaw.RATE

    def hears(self, channel: str, frequency: float, begin_s: float, end_s: float) -> float:
        """The share of the span's tenths of a second in which the tone is there."""
        windows = self._windows(channel, begin_s, end_s)
        return sum(tones.power_of(each, frequency, len(each)) > tones.AUDIBLE for each in windows) / len(
            windows
        )

    def is_silent(self, channel: str, begin_s: float, end_s: float) -> bool:
        """Whether there is nothing at all in the span: not one sample."""
        samples: list[int] = getattr(self, channel)
        return not any(samples[round(begin_s * ulaw.RATE) : round(end_s * ulaw.RATE)])

    def silences(self, channel: str, at_least_s: float = 0.5) -> list[tuple[float, float]]:
        """Every span without a single sound that is so long."""
        samples: list[int] = getattr(self, channel)
        found, begin = [], None
        for place, sample in enumerate([*samples, 1]):
            if not sample and begin is None:
                begin = place
            elif sample and begin is not None:
                if place - begin >= at_least_s * ulaw.RATE:
                    found.append((begin / ulaw.RATE, place / ulaw.RATE))
                begin = None
        return found

    def _windows(self, channel: str, begin_s: float, end_s: float) -> list[list[int]]:
        samples: list[int] = getattr(self, channel)
        step = round(SPAN_S * ulaw.RATE)
        starts = range(round(begin_s * ulaw.RATE), round(end_s * ulaw.RATE) - step + 1, step)
        return [samples[start : start + step] for start in starts]
