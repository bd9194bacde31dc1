"""Engines that turn text into speech. A company's own is a class of ten lines (docs/ivr-scripts.md)."""

import asyncio
import importlib
import shutil
import tempfile
from pathlib import Path
from typing import Protocol

from contactcenter.agi.audio import BadSound, read_wav

SYNTHESIS_TIMEOUT_S = 20.0


class EngineMissing(Exception):
    """The engine can't be used on this machine; the text says what to install."""


class Engine(Protocol):
    """Makes speech. The name stands for engine, voice and settings: another name is another cached sound."""

    name: str

    async def speak(self, text: str, language: str) -> tuple[bytes, int]:
        """16-bit mono PCM in the machine's byte order, and its rate. Raises on failure."""

    def check(self) -> None:
        """Raises `EngineMissing` when it can't work here."""


class Flite:
    """English from Debian's `flite`.

    `slt` is the voice of choice: like `awb` and `rms` it is a statistical voice of 16 kHz with full prosody
    (`kal16` and `kal` join diphones, audibly), and it is the least peaky of them: RMS -17 dBFS under a peak
    of -6, so levelling to the line never meets the limit.
    """

    def __init__(self, voice: str = "slt") -> None:
        self._voice = voice
        self.name = f"flite-{voice}"

    async def speak(self, text: str, language: str) -> tuple[bytes, int]:
        # Into a file: flite opens what it writes to, and a standard output that is a socket, as uvloop's are,
        # can't be opened.
        with tempfile.TemporaryDirectory() as folder:
            sound = Path(folder) / "said.wav"
            await _run("flite", "-voice", self._voice, "-t", text, "-o", str(sound))
            return _pcm(await asyncio.to_thread(sound.read_bytes))

    def check(self) -> None:
        _need("flite", "flite")


class Espeak:
    """Chinese from Debian's `espeak-ng`, the only free engine with a Mandarin voice in Debian's main archive.

    `cmn-latn-pinyin` and not `cmn`: the dictionary writes syllables in pinyin, and `cmn` reads many of those
    as English words (您 came out as "nin two"). Amplitude 60, because the default clips. 165 words per
    minute, a little slower than its own 175: a formant voice over a telephone needs it.
    """

    def __init__(self, voice: str = "cmn-latn-pinyin", speed: int = 165) -> None:
        self._voice = voice
        self._speed = speed
        self.name = f"espeak-ng-{voice}-{speed}"

    async def speak(self, text: str, language: str) -> tuple[bytes, int]:
        arguments = ("-v", self._voice, "-s", str(self._speed), "-a", "60", "-b", "1", "--stdin", "--stdout")
        return _pcm(await _run("espeak-ng", *arguments, text=text))

    def check(self) -> None:
        _need("espeak-ng", "espeak-ng")


def load_engine(setting: str) -> Engine:
    """The engine that a setting names: `flite`, `flite:rms`, `espeak-ng:yue`, or `package.module:Class`.

    Raises `EngineMissing` when there is none of that name.
    """
    name, _, detail = setting.partition(":")
    if name == "flite":
        return Flite(detail or "slt")
    if name == "espeak-ng":
        return Espeak(detail or "cmn-latn-pinyin")
    try:
        made: Engine = getattr(importlib.import_module(name), detail)()
    except (ImportError, AttributeError, ValueError) as error:
        raise EngineMissing(f"speech engine {setting!r}: {error}") from error
    return made


def _need(binary: str, package: str) -> None:
    if shutil.which(binary) is None:
        raise EngineMissing(f"speech engine {binary!r} is not here: apt-get install {package}")


async def _run(program: str, *arguments: str, text: str = "") -> bytes:
    # No shell, and a text follows its option or comes by stdin: one that begins with a dash is no option.
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError:
        _need(program, program)
        raise
    try:
        async with asyncio.timeout(SYNTHESIS_TIMEOUT_S):
            made, complaint = await process.communicate(text.encode())
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    if process.returncode:
        raise BadSound(f"{program} failed: {complaint.decode(errors='replace').strip()[:200]}")
    return made


def _pcm(wav: bytes) -> tuple[bytes, int]:
    samples, rate = read_wav(wav)
    return samples.tobytes(), rate
