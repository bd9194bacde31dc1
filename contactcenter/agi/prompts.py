"""Sound files for what callers hear: recordings of the user where there are some, else synthesised speech.

Each sound is made once and cached in the calls' codec. A whole sentence is synthesised with its values in it
("the balance is twelve yuan fifty") and not put together from recorded words: it sounds like one sentence,
and takes about as long as one pause for breath. Sentences with values are kept in a part of the cache of
bounded size.
"""

import asyncio
import hashlib
import logging
import os
import tempfile
from array import array
from collections.abc import Iterable, Mapping
from pathlib import Path

from contactcenter.agi.audio import BadSound, Samples, encode, read_wav, telephone
from contactcenter.agi.speech import Engine, EngineMissing
from contactcenter.agi.texts import LANGUAGES, Speech, Texts, places, speech

log = logging.getLogger(__name__)

_RECIPE = "1"
"""Part of every cache key: raise it when `audio` makes other sounds of the same speech."""


class Prompts:
    """The sounds of one installation.

    `recordings` holds the user's own files as `<language>/<name>.wav`, `cache` what we made; both must be
    readable for Asterisk's own user, so files and folders in the cache are readable for all.
    """

    def __init__(
        self,
        cache: Path,
        engines: Mapping[str, Engine],
        *,
        recordings: Path | None = None,
        codec: str = "ulaw",
        keep_dynamic: int = 5000,
        at_once: int = 2,
    ) -> None:
        self._engines = engines
        self._recordings = recordings
        self._codec = codec
        self._keep_dynamic = keep_dynamic
        self._at_once = asyncio.Semaphore(at_once)
        self._static = cache.resolve() / "prompts"
        self._dynamic = cache.resolve() / "sentences"
        for folder in (self._static, self._dynamic):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
        kept = sorted(self._dynamic.glob(f"*.{codec}"), key=lambda file: file.stat().st_mtime)
        # The order of a dict is the order of use: the first is the longest unused.
        self._used: dict[Path, None] = dict.fromkeys(file.with_suffix("") for file in kept)
        self._making: dict[Path, asyncio.Task[None]] = {}

    def check(self) -> list[str]:
        """What is wrong with engines and recordings, one sentence each."""
        wrong = []
        for language in LANGUAGES:
            if language not in self._engines:
                wrong.append(f"prompts: no speech engine for language {language!r}")
                continue
            try:
                self._engines[language].check()
            except EngineMissing as error:
                wrong.append(f"prompts in {language!r}: {error}")
        for file in sorted(self._recordings.glob("*/*.wav")) if self._recordings else ():
            try:
                telephone(*read_wav(file.read_bytes()))
            except BadSound as error:
                wrong.append(f"{file}: {error}")
        return wrong

    async def path(self, what: Speech) -> str:
        """The sound file for a speech, without extension as Asterisk wants it; made now if missing.

        Raises `BadSound` or `EngineMissing` when it can't be made.
        """
        target, recording = self._target(what)
        if not target.with_suffix(f".{self._codec}").exists():
            making = self._making.get(target)
            if making is None:
                # A task of its own: that one of two waiting callers hangs up must not end it for the other.
                making = asyncio.create_task(self._make(target, what, recording))
                self._making[target] = making
                making.add_done_callback(lambda _: self._making.pop(target, None))
            await asyncio.shield(making)
        if what.dynamic:
            self._touch(target)
        return str(target)

    def place(self, what: Speech) -> str:
        """As `path`, whether or not the sound is there by now; empty if it can't be made."""
        try:
            return str(self._target(what)[0])
        except (EngineMissing, OSError):
            return ""

    async def warm(self, scripts: Iterable[Texts]) -> int:
        """Make every sound that can be made before a call needs it; returns how many there are.

        One after the other, so that a caller who needs one now waits for none of the rest.
        """
        said = [
            speech(texts, name, language, {})
            for texts in scripts
            for name, wordings in texts.items()
            for language in wordings
            if not places(wordings[language])
        ]
        return await self.make(said)

    async def make(self, said: Iterable[Speech]) -> int:
        """Make these sounds, one after the other; returns how many there are. What can't be made is logged,
        once for each reason."""
        made, reasons = 0, set()
        for what in said:
            try:
                await self.path(what)
                made += 1
            except (BadSound, EngineMissing, TimeoutError, OSError) as error:
                reasons.add(f"{type(error).__name__}: {error}")
        for reason in sorted(reasons):
            log.error("prompts can't be made: %s", reason)
        return made

    async def close(self) -> None:
        """Stop making sounds."""
        making = list(self._making.values())
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)

    def _recording(self, what: Speech) -> Path | None:
        if self._recordings is None or what.dynamic:
            return None
        file = self._recordings / what.language / f"{what.name}.wav"
        return file if file.is_file() else None

    def _target(self, what: Speech) -> tuple[Path, bytes | None]:
        """Where the sound of a speech is kept, and the user's recording of it, if there is one."""
        recording = self._recording(what)
        engine = self._engines.get(what.language)
        own = recording.read_bytes() if recording else None
        if own is not None:
            source = own
        elif engine:
            source = f"{engine.name}\0{what.language}\0{what.text}".encode()
        else:
            raise EngineMissing(f"no speech engine for language {what.language!r}")
        key = hashlib.sha256(_RECIPE.encode() + source).hexdigest()[:32]
        return (self._dynamic if what.dynamic else self._static) / key, own

    async def _make(self, target: Path, what: Speech, recording: bytes | None) -> None:
        async with self._at_once:
            if recording is not None:
                samples, rate = read_wav(recording)
            else:
                pcm, rate = await self._engines[what.language].speak(what.text, what.language)
                samples = array("h", pcm)
            await asyncio.to_thread(self._write, target.with_suffix(f".{self._codec}"), samples, rate)

    def _write(self, target: Path, samples: Samples, rate: int) -> None:
        sound = encode(telephone(samples, rate), self._codec)
        # Written aside and renamed: Asterisk must never play a half of it.
        handle, aside = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(sound)
            os.fchmod(file.fileno(), 0o644)
        Path(aside).replace(target)

    def _touch(self, target: Path) -> None:
        self._used.pop(target, None)
        self._used[target] = None
        while len(self._used) > self._keep_dynamic:
            oldest = next(iter(self._used))
            del self._used[oldest]
            oldest.with_suffix(f".{self._codec}").unlink(missing_ok=True)
