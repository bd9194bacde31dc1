"""Two raw legs as Asterisk wrote them, made into one stereo WAV: the customer left, the agent right.

All is µ-law, 8,000 samples a second and one byte each, as telephones speak it: nothing is computed anew, and
an hour is 58 MB.
"""

import math
import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

RATE = 8000
SILENCE = 0xFF
"""Zero, in µ-law."""
_MULAW = 7
_BLOCK = 32 * 1024
LONGEST_S = 24 * 3600
"""A longer leg is none of ours."""
POINTS = 800
"""Points of the picture that the player draws, at most; one for 10 ms at least."""


def _loudness(code: int) -> int:
    """How loud a sample is in the picture, 0 to 255: quiet speech must be seen, too."""
    steps = ~code & 0x7F
    linear = (((steps & 15) * 8 + 132) << (steps >> 4)) - 132
    return round(255 * math.pow(linear / 32124, 0.6))


_LOUDNESS = bytes(_loudness(code) for code in range(256))


class NoLeg(Exception):
    """A leg can't be used. `why` is the word for the record."""

    def __init__(self, why: str, path: Path) -> None:
        super().__init__(f"{path}: {why}")
        self.why = why


def open_leg(path: Path) -> BinaryIO:
    """Open what Asterisk wrote. Raises `NoLeg`: `missing`, `not_a_file`, `too_long`, `unreadable`.

    The folder is written by another program: a link in it must not make us read another file.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NoLeg("missing", path) from None
    except OSError as error:
        raise NoLeg("not_a_file" if path.is_symlink() else "unreadable", path) from error
    status = os.fstat(file)
    why = ""
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        why = "not_a_file"
    elif status.st_size > LONGEST_S * RATE:
        why = "too_long"
    if why:
        os.close(file)
        raise NoLeg(why, path)
    return os.fdopen(file, "rb")


class Stereo:
    """A span of the two legs as one WAV file, read once from beginning to end.

    `None` for a leg that is not there, and for an end that is the files' own. Seconds from their beginning.
    """

    def __init__(
        self,
        caller: BinaryIO | None,
        agent: BinaryIO | None,
        begin_s: float = 0.0,
        end_s: float | None = None,
    ) -> None:
        self._legs = (caller, agent)
        begin = round(begin_s * RATE)
        end = LONGEST_S * RATE if end_s is None else round(end_s * RATE)
        sizes = []
        for leg in self._legs:
            sizes.append(max(0, min(os.fstat(leg.fileno()).st_size, end) - begin) if leg else 0)
            if leg:
                leg.seek(begin)
        self._left = sizes
        """What is still to be read."""
        self.samples = max(sizes)
        """Of each channel: the shorter leg is filled with silence at its end."""
        self.shorter_s = (max(sizes) - min(sizes)) / RATE
        self._head = wav_header(self.samples)
        self.length = len(self._head) + 2 * self.samples
        """Bytes of the WAV."""
        self._points = max(1, min(POINTS, self.samples // 80))
        self.peaks = (bytearray(self._points), bytearray(self._points))
        """For each channel its loudest moments, 0 to 255, over equal spans; complete after `pieces`."""

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        return self.samples / RATE

    def pieces(self) -> Iterator[bytes]:
        """The WAV, piece by piece."""
        yield self._head
        done = 0
        while done < self.samples:
            count = min(_BLOCK, self.samples - done)
            both = bytearray(2 * count)
            for channel, leg in enumerate(self._legs):
                block = leg.read(min(count, self._left[channel])) if leg else b""
                self._left[channel] -= len(block)
                block = block.ljust(count, bytes((SILENCE,)))
                both[channel::2] = block
                self._look(channel, done, block)
            yield bytes(both)
            done += count

    def _look(self, channel: int, done: int, block: bytes) -> None:
        loud, peaks = block.translate(_LOUDNESS), self.peaks[channel]
        points, samples = self._points, self.samples
        for point in range(done * points // samples, (done + len(block) - 1) * points // samples + 1):
            begin = max(0, -(-point * samples // points) - done)
            end = -(-(point + 1) * samples // points) - done
            peaks[point] = max(peaks[point], max(loud[begin:end], default=0))


def wav_header(samples: int) -> bytes:
    """The beginning of a stereo µ-law WAV with so many samples in each channel."""
    data = 2 * samples
    form = struct.pack("<HHIIHHH", _MULAW, 2, RATE, 2 * RATE, 2, 8, 0)
    fact = struct.pack("<I", samples)
    body = b"WAVE" + _piece(b"fmt ", form) + _piece(b"fact", fact) + b"data" + struct.pack("<I", data)
    return b"RIFF" + struct.pack("<I", len(body) + data) + body


def _piece(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content
