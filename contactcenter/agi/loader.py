"""IVR scripts as files: read once, under a private name, with errors that name file and line."""

import importlib.util
import inspect
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from contactcenter.agi.script import Call
from contactcenter.agi.texts import LANGUAGES, Texts
from contactcenter.values import frozen


class ScriptInvalid(Exception):
    """The file is no usable IVR script; the text names file, line (0: not known) and reason."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}" if line else f"{path}: {reason}")
        self.line = line
        self.reason = reason


class ScriptExited(Exception):
    """The script ended itself by `sys.exit` with a word of failure."""

    def __init__(self, code: object) -> None:
        super().__init__(f"sys.exit({code!r})")


@frozen
class Script:
    """An IVR script, ready to run."""

    name: str
    path: Path | None
    """None for those that are built in."""
    texts: Texts
    run: Callable[[Call], Awaitable[object]] | None = None
    run_sync: Callable[[Any], object] | None = None
    """For a synchronous script, which gets a pyst2 AGI object."""
    queues: bool = False
    """Its first act is to queue the caller."""


def load_script(path: Path) -> Script:
    """The script in a file. Raises `ScriptInvalid`."""
    spec = importlib.util.spec_from_file_location(f"_ivr_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ScriptInvalid(path, 0, "no such Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise ScriptInvalid(path, error.lineno or 0, error.msg) from error
    except (Exception, SystemExit) as error:
        raise ScriptInvalid(path, line_in(path, error), f"{type(error).__name__}: {error}") from error
    script = getattr(module, "script", None)
    if not callable(script):
        raise ScriptInvalid(path, 0, "no function `async def script(call)`")
    texts = _texts(path, getattr(module, "PROMPTS", {}))
    if inspect.iscoroutinefunction(script):
        return Script(name=path.stem, path=path, texts=texts, run=script)
    return Script(name=path.stem, path=path, texts=texts, run_sync=script)


async def run(script: Script, call: Call) -> object:
    """Run an asynchronous script to its end, and return what it returned; `sys.exit()` is an end like others.

    Raises what the script raises, `ScriptExited` for a `sys.exit` with anything but 0.
    """
    assert script.run  # noqa: S101 (the caller has asked)
    try:
        return await script.run(call)
    except SystemExit as error:
        exited(error)
        return None


def exited(error: SystemExit) -> None:
    """A script's `sys.exit`: fine without a word or with 0, else raises `ScriptExited` from where it was."""
    if error.code not in (None, 0):
        raise ScriptExited(error.code).with_traceback(error.__traceback__) from None


def line_in(path: Path, error: BaseException) -> int:
    """The line of the script at which an exception passed last; 0 when it never did."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno or 0 for frame in frames if frame.filename == str(path)]
    return lines[-1] if lines else 0


def _texts(path: Path, prompts: object) -> Texts:
    if not isinstance(prompts, Mapping):
        raise ScriptInvalid(path, 0, "PROMPTS is no dict of prompt name → language → text")
    for name, wordings in prompts.items():
        if not isinstance(wordings, Mapping) or not wordings or not set(wordings) <= set(LANGUAGES):
            reason = f"prompt {name!r} needs texts by language: {', '.join(LANGUAGES)}"
            raise ScriptInvalid(path, 0, reason)
    return prompts
