# ruff: noqa: ASYNC240 (a test may wait for its own files)
"""Sounds: levels, resampling, the cache, and the engines that make them."""

import asyncio
import io
import math
import stat
import wave
from array import array
from pathlib import Path

import pytest

from contactcenter.agi.audio import BadSound, encode, read_wav, resample, telephone
from contactcenter.agi.prompts import Prompts
from contactcenter.agi.speech import Engine, EngineMissing, Espeak, Flite, load_engine
from contactcenter.agi.texts import Speech
from tests.support.fake_agi import Hum


def sine(frequency: int, rate: int, seconds: float = 0.5, level: int = 20000) -> "array[int]":
    step = 2 * math.pi * frequency / rate
    return array("h", (round(level * math.sin(step * at)) for at in range(int(rate * seconds))))


def decibels(samples: "array[int]", level: int = 20000) -> float:
    inner = samples[400:-400]
    return 20 * math.log10(math.sqrt(2 * sum(s * s for s in inner) / len(inner)) / level + 1e-9)


def wav(samples: "array[int]", rate: int, channels: int = 1, width: int = 2) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return made.getvalue()


@pytest.mark.parametrize("rate", [16000, 22050, 44100])
def test_resampling_keeps_speech_and_folds_nothing_back(rate: int) -> None:
    for frequency in (300, 1000, 3000):
        assert abs(decibels(resample(sine(frequency, rate), rate))) < 0.2
    for frequency in (5000, 7000):
        assert decibels(resample(sine(frequency, rate), rate)) < -45
    assert len(resample(sine(1000, rate, 1.0), rate)) == 8000


def test_levels_edges_and_silence() -> None:
    quiet = array("h", bytes(16000)) + sine(1000, 8000, level=900) + array("h", bytes(16000))
    made = telephone(quiet, 8000)
    assert 0.5 < len(made) / 8000 < 0.55
    assert made[0] == made[-1] == 0
    assert abs(decibels(made, 32767) - (-17)) < 1  # -20 dBFS RMS
    clipping = sine(1000, 8000, level=32767)
    assert max(map(abs, telephone(clipping, 8000))) < 26000
    with pytest.raises(BadSound, match="silence"):
        telephone(array("h", bytes(16000)), 8000)


# Decision values of ITU-T G.711: what a decoder makes of the code is near what was coded.
@pytest.mark.parametrize(("codec", "zero", "loud"), [("ulaw", 0xFF, 0x80), ("alaw", 0xD5, 0xAA)])
def test_codecs(codec: str, zero: int, loud: int) -> None:
    assert encode(array("h", [0, 32767]), codec) == bytes([zero, loud])
    codes = encode(array("h", range(0, 32767, 7)), codec)
    steps = [code ^ (0xFF if codec == "ulaw" else 0xD5) for code in codes]
    assert steps == sorted(steps)  # louder is never coded as quieter
    assert len(set(steps)) == 128
    assert encode(array("h", [1, -2]), "sln") == b"\x01\x00\xfe\xff"


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "not a WAV"), (b"RIFFxxxx", "not a WAV"), (wav(array("h", [1] * 99), 8000, width=1), "8-bit")],
)
def test_recordings_that_can_not_be_used_say_why(data: bytes, said: str) -> None:
    with pytest.raises(BadSound, match=said):
        read_wav(data)


def test_of_two_channels_the_first() -> None:
    samples, rate = read_wav(wav(array("h", [1, 2, 3, 4]), 16000, channels=2))
    assert (list(samples), rate) == ([1, 3], 16000)


class Counting(Hum):
    def __init__(self) -> None:
        self.made: list[str] = []

    async def speak(self, text: str, language: str) -> tuple[bytes, int]:
        self.made.append(text)
        return await super().speak(text, language)


def said(text: str, *, dynamic: bool = False) -> Speech:
    return Speech(name="hello", language="en", text=text, dynamic=dynamic)


async def test_each_sound_is_made_once_and_can_be_read_by_asterisk(tmp_path: Path) -> None:
    engine = Counting()
    prompts = Prompts(tmp_path, {"en": engine})
    paths = await asyncio.gather(*(prompts.path(said("one")) for _ in range(20)))
    assert engine.made == ["one"]
    assert len(set(paths)) == 1
    file = Path(paths[0] + ".ulaw")
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o755
    assert await Prompts(tmp_path, {"en": engine}).path(said("one")) == paths[0]
    assert engine.made == ["one"]
    assert not list(tmp_path.glob("**/tmp*"))


async def test_sentences_with_values_are_bounded(tmp_path: Path) -> None:
    prompts = Prompts(tmp_path, {"en": Counting()}, keep_dynamic=3)
    kept = await prompts.path(said("0", dynamic=True))
    for number in range(1, 6):
        last = await prompts.path(said(str(number), dynamic=True))
        await prompts.path(said("0", dynamic=True))
    files = {file.with_suffix("") for file in (tmp_path / "sentences").iterdir()}
    assert len(files) == 3
    assert {Path(kept), Path(last)} <= files


async def test_recordings_come_before_text_and_a_new_one_is_another_sound(tmp_path: Path) -> None:
    recording = tmp_path / "own/en/hello.wav"
    recording.parent.mkdir(parents=True)
    engine = Counting()
    prompts = Prompts(tmp_path / "cache", {"en": engine}, recordings=tmp_path / "own")
    recording.write_bytes(wav(sine(500, 44100), 44100))
    first = await prompts.path(said("x"))
    recording.write_bytes(wav(sine(600, 44100), 44100))
    assert await prompts.path(said("x")) != first
    assert not engine.made
    await prompts.path(said("x", dynamic=True))
    assert engine.made == ["x"]
    assert prompts.check() == ["prompts: no speech engine for language 'zh'"]
    recording.write_bytes(b"no sound")
    assert "hello.wav: not a WAV file" in prompts.check()[-1]


@pytest.mark.parametrize(
    ("engine", "text", "language"),
    [(Flite(), "For sales, press one.", "en"), (Espeak(), "销售请按一。", "zh")],
)
async def test_engines_of_the_distribution(engine: Engine, text: str, language: str, tmp_path: Path) -> None:
    prompts = Prompts(tmp_path, {language: engine}, codec="sln")
    path = await prompts.path(Speech(name="x", language=language, text=text))
    samples = array("h", Path(path + ".sln").read_bytes())
    assert 1.0 < len(samples) / 8000 < 4.0
    assert max(map(abs, samples)) < 26000
    injected = await engine.speak("-o /tmp/x; $(touch x) \"'", language)
    assert len(injected[0]) > 8000  # said, and nothing else


async def test_warming_makes_what_it_can_and_says_what_it_can_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Counting()
    prompts = Prompts(tmp_path, {"en": engine})
    texts = {
        "a": {"en": "A", "zh": "甲"},
        "b": {"en": "B", "zh": "乙"},
        "c": {"en": "{value}", "zh": "{value}"},
    }
    assert await prompts.warm([texts]) == 2
    assert engine.made == ["A", "B"]
    assert [record.message for record in caplog.records] == [
        "prompts can't be made: EngineMissing: no speech engine for language 'zh'"
    ]
    await prompts.close()


async def test_missing_engine_names_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    prompts = Prompts(tmp_path, {"en": Flite(), "zh": Espeak()})
    assert ["apt-get install flite" in prompts.check()[1], "apt-get install espeak-ng" in prompts.check()[0]]
    with pytest.raises(EngineMissing, match="apt-get install flite"):
        await prompts.path(said("x"))


def test_company_engine() -> None:
    assert load_engine("tests.support.fake_agi:Hum").name == "hum"
    assert load_engine("flite:rms").name == "flite-rms"
    for setting in ("nowhere.at.all:X", "tests.support.fake_agi:Y", "noname"):
        with pytest.raises(EngineMissing, match=setting.split(":")[0]):
            load_engine(setting)


@pytest.mark.parametrize("setting", ["flite", "espeak-ng"])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_every_engine_speaks_on_every_event_loop(setting: str, loop: str) -> None:
    factory = pytest.importorskip("uvloop").new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    language = "en" if setting == "flite" else "zh"
    with asyncio.Runner(loop_factory=factory) as runner:
        pcm, rate = runner.run(load_engine(setting).speak("one two 三", language))
    assert len(pcm) > rate, "more than half a second of speech"
