"""Two legs become one stereo WAV."""

import os
from pathlib import Path

import pytest

from contactcenter.phones import tones, ulaw
from contactcenter.recordings.sound import RATE, NoLeg, Stereo, open_leg
from tests.support.recorded import Recorded


def leg(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def tone(frequency: int, seconds: float) -> bytes:
    return ulaw.encode(tones.tone(frequency, seconds))


def test_each_side_keeps_its_channel_and_the_shorter_one_is_filled_up(tmp_path: Path) -> None:
    caller, agent = leg(tmp_path / "a", tone(700, 9.5)), leg(tmp_path / "b", tone(950, 7.0))
    with open_leg(caller) as one, open_leg(agent) as two:
        stereo = Stereo(one, two)
        wav = b"".join(stereo.pieces())
    assert len(wav) == stereo.length
    recorded = Recorded.of(wav)
    assert recorded.seconds == 9.5 == stereo.duration_s
    assert recorded.hears("caller", 700, 0, 9.5) == 1
    assert recorded.hears("agent", 950, 0, 7) == 1
    assert recorded.is_silent("agent", 7, 9.5)
    assert stereo.shorter_s == 2.5


def test_the_picture_shows_where_somebody_speaks(tmp_path: Path) -> None:
    quiet = bytes([0xFF]) * RATE
    with open_leg(leg(tmp_path / "a", tone(700, 1.0) + quiet * 3)) as one:
        stereo = Stereo(one, None)
        for _ in stereo.pieces():
            pass
    caller, agent = stereo.peaks
    assert len(caller) == len(agent) == 400
    assert min(caller[:99]) > 60
    assert not any(caller[101:])
    assert not any(agent)


@pytest.mark.parametrize("samples", [1, 79, 80, 81, 32 * 1024, 32 * 1024 + 1, 800 * 80 + 13])
def test_the_picture_misses_no_sample(tmp_path: Path, samples: int) -> None:
    for at in {0, samples // 2, samples - 1}:
        content = bytearray(b"\xff" * samples)
        content[at] = 0x00
        with open_leg(leg(tmp_path / "a", bytes(content))) as one:
            stereo = Stereo(one, None)
            for _ in stereo.pieces():
                pass
        assert [peak for peak in stereo.peaks[0] if peak] == [255]


def test_what_is_no_leg_is_not_read(tmp_path: Path) -> None:
    secret = leg(tmp_path / "secret", b"secret")
    os.symlink(secret, tmp_path / "link")
    os.link(secret, tmp_path / "hard")
    os.mkfifo(tmp_path / "pipe")
    for name, why in (
        ("link", "not_a_file"),
        ("hard", "not_a_file"),
        ("pipe", "not_a_file"),
        ("none", "missing"),
    ):
        with pytest.raises(NoLeg) as caught:
            open_leg(tmp_path / name)
        assert caught.value.why == why
    with open(tmp_path / "huge", "wb") as huge:
        huge.truncate(25 * 3600 * RATE)
    with pytest.raises(NoLeg, match="too_long"):
        open_leg(tmp_path / "huge")
