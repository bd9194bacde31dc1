"""G.711 µ-law (8 kHz, a byte a sample) from and to 16-bit PCM, by table: `audioop` left Python in 3.13."""

from __future__ import annotations

import sys
import wave
from array import array
from pathlib import Path

RATE = 8000
FRAME = 160
"""Samples, hence µ-law bytes, in the 20 ms of one RTP packet."""
SILENCE = b"\xff" * FRAME


def _expanded(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    return -magnitude if code & 0x80 else magnitude


def _compressed() -> bytes:
    """The nearest code for each 16-bit sample, indexed by the sample as an unsigned number."""
    codes = sorted(range(256), key=lambda code: (_expanded(code), code))
    levels = [_expanded(code) for code in codes]
    table, current = bytearray(65536), 0
    for sample in range(-32768, 32768):
        while current < 255 and levels[current] + levels[current + 1] <= 2 * sample:
            current += 1
        table[sample & 0xFFFF] = codes[current]
    return bytes(table)


_DECODED = [_expanded(code) for code in range(256)]
_ENCODED = _compressed()


def encode(pcm: bytes) -> bytes:
    """µ-law of 16-bit little-endian samples; an odd last byte is left out."""
    samples = array("H", pcm[: len(pcm) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return bytes(map(_ENCODED.__getitem__, samples))


def decode(payload: bytes) -> list[int]:
    """Samples between -32124 and 32124."""
    return list(map(_DECODED.__getitem__, payload))


def read_pcm(path: Path) -> bytes:
    """The samples of a WAV file (ValueError unless 8 kHz, 16 bit, mono), or of a raw file."""
    if path.suffix.lower() != ".wav":
        return path.read_bytes()
    with wave.open(str(path), "rb") as file:
        if (file.getframerate(), file.getsampwidth(), file.getnchannels()) != (RATE, 2, 1):
            raise ValueError(f"{path.name} is not 8 kHz, 16 bit, mono")
        return file.readframes(file.getnframes())
