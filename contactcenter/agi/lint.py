"""Faults of an IVR script that can be found without a call, each with file, line and remedy.

Two ways: the script is read (prompts without text, unknown queues, blocking calls), and it is walked: a
caller presses each key, an invalid one or nothing, or hangs up at each question, and every queue, look-up and
calendar gives each of its answers. A question met again in the same walk is not answered: whoever stops
pressing keys must come to an end.
"""

import ast
import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from contactcenter.agi.connection import CallerGone
from contactcenter.agi.loader import Script, ScriptInvalid, line_in, load_script, run
from contactcenter.agi.script import KEYS, Arrival, Call, Limits, ScriptOverrun, Services, Wish
from contactcenter.agi.texts import BUILT_IN, LANGUAGES, Speech, Texts, places
from contactcenter.values import LONGEST_MESSAGE_S, CustomerCard, MatchMethod, frozen

T = TypeVar("T")

_STEPS = 80
"""More steps than a sensible script has for one caller."""
_WALKS = 3000
_SPEAKING = {"play", "menu", "collect", "goodbye"}
_BLOCKING = {"time.sleep", "input", "subprocess.run", "os.system", "requests", "urllib.request.urlopen"}
_CARD = CustomerCard(id="lint", number="1001", name="Lint", balance="12.50")


@frozen
class Problem:
    """One fault; `line` is 0 where none is known."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


async def lint(
    path: Path, queues: Collection[str], transfers: Collection[str] = (), calendars: Collection[str] = ()
) -> list[Problem]:
    """All that is wrong with the script in `path`, which may name these queues, transfers and calendars."""
    try:
        script = load_script(path)
    except ScriptInvalid as error:
        return [Problem(path=path, line=error.line, message=error.reason)]
    tree = ast.parse(path.read_text(encoding="utf-8"))  # noqa: ASYNC240 (no call waits for a check)
    read = [*_prompts(path, tree, script.texts), *_calls(path, tree, script.texts, queues, calendars)]
    if script.run is None:
        return read
    # What reading found, walking would find once more, in other words.
    lines = {problem.line for problem in read}
    return read + [problem async for problem in _walk(script, path, transfers) if problem.line not in lines]


# --- Reading ---


def _prompts(path: Path, tree: ast.Module, texts: Texts) -> Iterator[Problem]:
    lines = {node.value: node.lineno for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    for name, wordings in texts.items():
        for language in LANGUAGES:
            if not wordings.get(language, "").strip():
                message = f'prompt {name!r} has no text in {language!r}: add "{language}": "…" to it'
                yield Problem(path=path, line=lines.get(name, 0), message=message)
        said = {language: places(text) for language, text in wordings.items()}
        if len({frozenset(names) for names in said.values()}) > 1:
            message = f"prompt {name!r}: its languages hold different values: {said}"
            yield Problem(path=path, line=lines.get(name, 0), message=message)


def _calls(
    path: Path, tree: ast.Module, texts: Texts, queues: Collection[str], calendars: Collection[str]
) -> Iterator[Problem]:
    all_texts: Texts = {**BUILT_IN, **texts}
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and (node.type is None or _name(node.type) == "BaseException"):
            message = "catches the caller's hang-up: catch Exception instead"
            yield Problem(path=path, line=node.lineno, message=message)
        if not isinstance(node, ast.Call):
            continue
        called = _name(node.func)
        if called in _BLOCKING or called.partition(".")[0] in _BLOCKING:
            message = f"{called} stops the whole server while it waits: await something asynchronous instead"
            yield Problem(path=path, line=node.lineno, message=message)
        method = called.rpartition(".")[2]
        for keyword in node.keywords if method in ("callback", "message") else ():
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else ""
            if keyword.arg == "queue" and value and value not in queues:
                message = f"no queue {value!r}: the configuration has {', '.join(sorted(queues)) or 'none'}"
                yield Problem(path=path, line=node.lineno, message=message)
        first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if not isinstance(first, str) or "." not in called:
            continue
        if method in _SPEAKING:
            message = _spoken(first, node, all_texts)
            if message:
                yield Problem(path=path, line=node.lineno, message=message)
        if method == "queue" and first not in queues:
            message = f"no queue {first!r}: the configuration has {', '.join(sorted(queues)) or 'none'}"
            yield Problem(path=path, line=node.lineno, message=message)
        if method in ("open", "emergency") and first not in {*queues, *calendars}:
            known = ", ".join(sorted({*queues, *calendars})) or "none"
            message = f"no queue or calendar {first!r}: the configuration has {known}"
            yield Problem(path=path, line=node.lineno, message=message)


def _spoken(name: str, node: ast.Call, texts: Texts) -> str:
    if name not in texts:
        return f"no prompt {name!r}: add it to PROMPTS, in {' and '.join(LANGUAGES)}"
    given = {keyword.arg for keyword in node.keywords}
    if None in given:  # **values: unknown before it runs
        return ""
    wanted = set().union(*(places(text) for text in texts[name].values()))
    missing = wanted - given
    return f"prompt {name!r} needs {', '.join(f'{value}=…' for value in sorted(missing))}" if missing else ""


def _name(node: ast.expr) -> str:
    """`a.b.c` for such an expression, else what is known of its end."""
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


# --- Walking ---


class _Walk:
    """One way through the script: the first decisions are given, later ones take their first option."""

    def __init__(self, given: Sequence[int], transfers: Collection[str]) -> None:
        self._given = given
        self._asked: set[str] = set()
        self._gone = False
        self.taken: list[tuple[int, int]] = []
        """For each decision the option taken, and how many there were."""
        self.story: list[str] = []
        self.talked_to_nobody = 0
        self.services = Services(
            tell=lambda event: None,
            now=lambda: 0.0,
            find_customer=self._find,
            is_open=lambda name: self._choose(f"{name} open", [True, False]),
            emergency=lambda name: self._choose(f"{name} emergency", [{}, dict.fromkeys(LANGUAGES, "?")]),
            may_call=lambda number: True,
            may_record=self._may_record,
            transfers={name: name for name in transfers},
            limits=Limits(steps=_STEPS),
        )

    @property
    def told(self) -> str:
        """How the caller came here, for a message."""
        return f" ({'; '.join(self.story)})" if self.story else ""

    async def play(self, what: Speech, keys: str) -> str:
        self._check()
        return ""

    async def ask(
        self, what: Speech | None, typed: str, limit: int, timeout_s: float, choices: str
    ) -> tuple[str, bool]:
        self._check()
        point = what.name if what else "entry"
        if point in self._asked:
            return typed, True
        self._asked.add(point)
        invalid = next((key for key in KEYS if key not in choices), "")
        answers = [*choices, invalid] if choices else ["1" * limit]
        answer = self._choose(point, ["", *answers, "hangs up"])
        if answer == "hangs up":
            self._gone = True
            raise CallerGone
        return typed + answer, not answer

    async def wait(self, queue: str, wish: Wish) -> str:
        self._check()
        return str(self._choose(f"queue {queue}", ["answered", "closed", "no_agents", "timeout"]))

    async def dial(self, destination: str, ring_s: int) -> str:
        self._check()
        return str(self._choose(destination, ["ANSWER", "NOANSWER"]))

    async def record(self, name: str) -> float | None:
        self._check()
        return self._choose("message", [LONGEST_MESSAGE_S, 0.0])

    async def opt_out(self) -> bool:
        self._check()
        return self._choose("opt_out", [True, False])

    async def remember(self, name: str, value: str) -> None:
        self._check()

    async def _may_record(self) -> bool:
        return self._choose("messages", [True, False])

    async def _find(self, number: str, method: MatchMethod) -> tuple[CustomerCard, ...]:
        return (_CARD,) if self._choose(f"customer by {method.value}", [True, False]) else ()

    def _check(self) -> None:
        if self._gone:
            self.talked_to_nobody += 1
            if self.talked_to_nobody > _STEPS:
                raise ScriptOverrun("goes on after the hang-up")
            raise CallerGone

    def _choose(self, point: str, options: Sequence[T]) -> T:
        at = len(self.taken)
        index = self._given[at] if at < len(self._given) else 0
        self.taken.append((index, len(options)))
        self.story.append(f"{point}: {options[index] or 'nothing'}")
        return options[index]


async def _walk(script: Script, path: Path, transfers: Collection[str]) -> AsyncIterator[Problem]:
    given: list[int] | None = []
    said: set[tuple[int, str]] = set()
    for _ in range(_WALKS):
        if given is None:
            return
        walk = _Walk(given, transfers)
        problem = await _go(script, path, walk)
        if problem and (problem.line, problem.message.partition(" (")[0]) not in said:
            said.add((problem.line, problem.message.partition(" (")[0]))
            yield problem
        given = _next_way(walk.taken)
    yield Problem(
        path=path, line=0, message=f"more than {_WALKS} ways through it: not all of them were tried"
    )


async def _go(script: Script, path: Path, walk: _Walk) -> Problem | None:
    arrival = Arrival(
        call="lint",
        interaction="lint",
        server="",
        did="",
        caller="13800001111",
        caller_name="",
        language="zh",
    )
    call = Call(walk, arrival, walk.services, script.texts)
    assert script.run  # noqa: S101 (asked before)
    try:
        async with asyncio.timeout(5):
            await run(script, call)
    except (CallerGone, GeneratorExit):
        return None
    except (ScriptOverrun, TimeoutError) as error:
        message = "never ends: give the loop a bound, or leave it when a menu returns None"
        return Problem(path=path, line=line_in(path, error), message=message + walk.told)
    except BaseException as error:
        if (task := asyncio.current_task()) and task.cancelling():
            raise  # it is the check that is ended
        message = f"{type(error).__name__}: {error}"
        return Problem(path=path, line=line_in(path, error), message=message + walk.told)
    if walk.talked_to_nobody:
        return Problem(path=path, line=0, message="goes on after the caller's hang-up" + walk.told)
    return None


def _next_way(taken: Sequence[tuple[int, int]]) -> list[int] | None:
    """The decisions of the next way in order: the last one that has another option takes it."""
    for at in range(len(taken) - 1, -1, -1):
        index, count = taken[at]
        if index + 1 < count:
            return [before for before, _ in taken[:at]] + [index + 1]
    return None
