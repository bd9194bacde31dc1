"""The music on hold: modest, without a seam, and in no call's own codec."""

import math
from array import array
from itertools import pairwise
from pathlib import Path

import pytest

from contactcenter.asterisk.music import write_music
from contactcenter.phones import tones, ulaw
from tests.support import voices


def written(folder: Path) -> list[int]:
    """The melody's samples."""
    write_music(folder)
    return list(array("h", (folder / "melody.sln").read_bytes()))


def test_the_melody_is_modest_and_has_no_seam(tmp_path: Path):
    samples = written(tmp_path / "music")
    assert [path.name for path in (tmp_path / "music").iterdir()] == ["melody.sln"]
    assert len(samples) == 32 * 8000
    loudness = 20 * math.log10(math.sqrt(sum(s * s for s in samples) / len(samples)) / 32768)
    assert -30 < loudness < -22
    assert max(map(abs, samples)) < 9000
    steps = [abs(b - a) for a, b in pairwise(samples)]
    assert abs(samples[0] - samples[-1]) <= max(steps)


def test_music_that_is_there_is_kept(tmp_path: Path):
    (tmp_path / "melody.sln").write_bytes(b"mine")
    write_music(tmp_path)
    assert (tmp_path / "melody.sln").read_bytes() == b"mine"


def test_music_in_a_calls_own_codec_is_gone_or_recordings_would_lose_their_agent(tmp_path: Path):
    for codec in ("ulaw", "alaw"):
        (tmp_path / f"melody.{codec}").write_bytes(b"of an earlier version")
    write_music(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["melody.sln"]


@pytest.mark.parametrize("voice", [hz for name, hz in vars(voices).items() if name.endswith("_HZ")])
def test_no_voice_is_in_the_music(tmp_path: Path, voice: int):
    samples = written(tmp_path)
    window = ulaw.RATE // 10
    loudest = max(
        tones.power_of(samples[at : at + window], voice, window) for at in range(0, len(samples), window // 5)
    )
    assert loudest < tones.AUDIBLE - 6
