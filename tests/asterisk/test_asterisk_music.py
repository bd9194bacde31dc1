"""The music on hold, decoded again by the definition of G.711."""

import math
from itertools import pairwise
from pathlib import Path

import pytest

from contactcenter.asterisk.music import _alaw, _ulaw, write_music
from contactcenter.phones import tones, ulaw
from tests.support import voices


def decoded_ulaw(byte: int) -> int:
    byte = ~byte & 0xFF
    magnitude = (((byte & 0x0F) << 3) + 132 << (byte >> 4 & 7)) - 132
    return -magnitude if byte & 0x80 else magnitude


def decoded_alaw(byte: int) -> int:
    byte ^= 0x55
    exponent, mantissa = byte >> 4 & 7, byte & 0x0F
    magnitude = (mantissa << 4) + 8 if exponent == 0 else (mantissa << 4) + 264 << exponent - 1
    return magnitude if byte & 0x80 else -magnitude


@pytest.mark.parametrize(
    ("encode", "decode"), [(_ulaw, decoded_ulaw), (_alaw, decoded_alaw)], ids=["ulaw", "alaw"]
)
def test_a_sample_survives_its_codec(encode, decode):
    for sample in range(-32768, 32768, 5):
        # Half a quantising step: a 32nd of the segment that the value (µ-law adds 132 to it) lies in.
        assert abs(decode(encode(sample)) - sample) <= max(16, (abs(sample) + 132) / 32 + 1), sample


def test_the_melody_is_modest_and_has_no_seam(tmp_path: Path):
    write_music(tmp_path / "music")
    names = {path.name for path in (tmp_path / "music").iterdir()}
    assert names == {"melody.ulaw", "melody.alaw"}
    for name, decode in (("melody.ulaw", decoded_ulaw), ("melody.alaw", decoded_alaw)):
        samples = [decode(byte) for byte in (tmp_path / "music" / name).read_bytes()]
        assert len(samples) == 32 * 8000
        loudness = 20 * math.log10(math.sqrt(sum(s * s for s in samples) / len(samples)) / 32768)
        assert -30 < loudness < -22
        assert max(map(abs, samples)) < 9000
        steps = [abs(b - a) for a, b in pairwise(samples)]
        assert abs(samples[0] - samples[-1]) <= max(steps)


def test_music_that_is_there_is_kept(tmp_path: Path):
    (tmp_path / "melody.alaw").write_bytes(b"mine")
    write_music(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["melody.alaw"]


@pytest.mark.parametrize("voice", [hz for name, hz in vars(voices).items() if name.endswith("_HZ")])
def test_no_voice_is_in_the_music(tmp_path: Path, voice: int):
    write_music(tmp_path)
    samples = ulaw.decode((tmp_path / "melody.ulaw").read_bytes())
    window = ulaw.RATE // 10
    loudest = max(
        tones.power_of(samples[at : at + window], voice, window) for at in range(0, len(samples), window // 5)
    )
    assert loudest < tones.AUDIBLE - 6
