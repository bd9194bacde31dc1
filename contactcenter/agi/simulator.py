"""A caller without a telephone: runs an IVR script on a terminal, or in a test.

The script runs on the same `Call` as in a real call; only the line under it is another one, on which speech
is text and keys come from whoever plays the caller.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from contactcenter.agi.connection import CallerGone
from contactcenter.agi.loader import ScriptInvalid, line_in, load_script, run
from contactcenter.agi.script import Arrival, Call, Services, Wish
from contactcenter.agi.texts import Speech
from contactcenter.events import (
    CallbackAsked,
    CustomerFound,
    Event,
    LanguageChosen,
    MessageLeft,
    NodeVisited,
)
from contactcenter.values import CustomerCard, MatchMethod

SILENCE = ","
"""Pressed: nothing, until the prompt's time-out."""
_HANG_UP = "h"
SAID_S = 10.0
"""How long a message is that the simulated caller ends by `#`; any other key ends it before a word."""
SYNCHRONOUS = (
    "this is a synchronous script (`def script(agi)`), which gives Asterisk its own commands and can't be "
    "played without one: give it a number in [dids], and phone that"
)
EXITS = {
    "a": "answered",
    "b": "callback",
    "c": "closed",
    "f": "full",
    "m": "message",
    "n": "no_agents",
    "t": "timeout",
}
"""What becomes of a caller in a queue or of a transfer, by the letter that says so."""


class SimulatedCaller:
    """Someone who calls a script. Every method that lets him act returns when the script waits for him again.

    `customers` are those whom the store knows, `closed` the queues that are closed, `emergencies` those that
    are shut for one, with their announcement by language.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        caller: str = "13800001111",
        did: str = "4001",
        language: str = "zh",
        customers: Iterable[CustomerCard] = (),
        closed: Iterable[str] = (),
        emergencies: Mapping[str, Mapping[str, str]] | None = None,
        transfers: Iterable[str] = (),
    ) -> None:
        self._script = load_script(Path(path))
        self._known = tuple(customers)
        self._emergencies = emergencies or {}
        self._closed = frozenset(closed) | frozenset(self._emergencies)
        self._keys: deque[str] = deque()
        self._pressed = asyncio.Event()
        self._settled = asyncio.Event()
        self._task: asyncio.Task[object] | None = None
        self._gone = False
        self._time = 0.0
        self.story: list[Event | Speech] = []
        """What was said to the caller and told to the center, in order."""
        self.queue = ""
        """The queue that the caller waits in, or empty."""
        self.recording = ""
        """The message that the caller is saying, or empty."""
        self.opted_out = False
        """Whether the caller was put on the do-not-call list."""
        self.remembered: dict[str, str] = {}
        arrival = Arrival(
            call="simulated-1.1",
            interaction="simulated",
            server="simulated",
            did=did,
            caller=caller,
            caller_name="",
            language=language,
        )
        services = Services(
            tell=self.story.append,
            now=self._now,
            find_customer=self._find,
            is_open=lambda name: name not in self._closed,
            emergency=lambda name: self._emergencies.get(name, {}),
            may_call=lambda number: True,
            may_record=self._may_record,
            transfers={name: name for name in transfers},
        )
        self._call = Call(self, arrival, services, self._script.texts)

    # --- What the caller does ---

    async def dials(self) -> None:
        """Call, and listen until the script wants something. Raises `ScriptInvalid` for a synchronous one."""
        if self._task is None:
            if self._script.run is None:
                assert self._script.path  # noqa: S101 (it was loaded from a file)
                raise ScriptInvalid(self._script.path, 0, SYNCHRONOUS)
            self._task = asyncio.ensure_future(run(self._script, self._call))
            self._task.add_done_callback(lambda _: self._settled.set())
            await self._settled.wait()

    async def presses(self, keys: str) -> None:
        """Press keys; `,` is silence until a prompt gives up."""
        await self.dials()
        for key in keys:
            if self.ended:
                return
            self._keys.append(key)
            self._settled.clear()
            self._pressed.set()
            await self._settled.wait()

    async def stays_silent(self) -> None:
        """Press nothing until the prompt gives up."""
        await self.presses(SILENCE)

    async def leaves_queue(self, exit: str) -> None:
        """What the queue or a transfer comes to: `answered` after a talk, `closed`, `full`, `no_agents`,
        `timeout`; `callback` or `message` when the caller chose that."""
        letter = next(letter for letter, name in EXITS.items() if name == exit)
        await self.presses(letter)

    async def hangs_up(self) -> None:
        """Hang up, wherever the script is."""
        if self._task and not self._task.done():
            self._gone = True
            self._pressed.set()
            self._task.cancel()
            with suppress(CallerGone, asyncio.CancelledError):
                await self._task

    # --- What came of it ---

    def heard(self, fragment: str) -> bool:
        """Whether a text that holds `fragment` was said."""
        return any(fragment in what.text for what in self.said)

    @property
    def said(self) -> list[Speech]:
        """What was said to the caller, in order."""
        return [what for what in self.story if isinstance(what, Speech)]

    @property
    def events(self) -> list[Event]:
        """What the center would have been told, in order."""
        return [what for what in self.story if isinstance(what, Event)]

    @property
    def hung_up(self) -> bool:
        """Whether the caller ended the call."""
        return self._gone

    @property
    def ended(self) -> bool:
        """Whether the script is done with the caller."""
        return self._task is not None and self._task.done()

    @property
    def result(self) -> object:
        """What the script returned. Raises what it raised."""
        if self._task is None or not self._task.done():
            raise RuntimeError("the script still runs")
        return self._task.result()

    @property
    def node(self) -> str:
        """The last step that the caller reached."""
        return self._call.node

    @property
    def nodes(self) -> list[str]:
        """The steps that the caller reached, in order."""
        return [event.node for event in self.events if isinstance(event, NodeVisited) and not event.detail]

    @property
    def callback(self) -> str:
        """The number that a callback was agreed on for, or empty."""
        asked = [event.number for event in self.events if isinstance(event, CallbackAsked)]
        return asked[-1] if asked else ""

    @property
    def message(self) -> str:
        """The recording of the message that the caller left, or empty."""
        left = [event.recording for event in self.events if isinstance(event, MessageLeft)]
        return left[-1] if left else ""

    # --- script.Line ---

    async def play(self, what: Speech, keys: str) -> str:
        self._hear(what)
        return self._keys.popleft() if self._keys and self._keys[0] in (keys or "\0") else ""

    async def ask(
        self, what: Speech | None, typed: str, limit: int, timeout_s: float, choices: str
    ) -> tuple[str, bool]:
        if what:
            self._hear(what)
        if typed.endswith("#"):
            return typed[:-1], False
        while len(typed) < limit:
            key = await self._next_key()
            if key == SILENCE:
                return typed, True
            if key == "#":
                break
            typed += key
        return typed, False

    async def wait(self, queue: str, wish: Wish) -> str:
        self.queue = queue
        try:
            while (key := await self._next_key()) not in EXITS:
                if key == SILENCE:
                    return "timeout"
            return EXITS[key]
        finally:
            self.queue = ""

    async def dial(self, destination: str, ring_s: int) -> str:
        return "ANSWER" if await self.wait(destination, Wish()) == "answered" else "NOANSWER"

    async def record(self, name: str) -> float | None:
        self.recording = name
        try:
            return SAID_S if await self._next_key() == "#" else 0.0
        finally:
            self.recording = ""

    async def opt_out(self) -> bool:
        self.opted_out = True
        return True

    async def remember(self, name: str, value: str) -> None:
        self.remembered[name] = value

    # --- Inside ---

    def _hear(self, what: Speech) -> None:
        if self._gone:
            raise CallerGone
        self.story.append(what)

    async def _next_key(self) -> str:
        while not self._keys:
            self._pressed.clear()
            self._settled.set()
            await self._pressed.wait()
            if self._gone:
                raise CallerGone
        key = self._keys.popleft()
        if key == _HANG_UP:
            self._gone = True
            raise CallerGone
        return key

    async def _may_record(self) -> bool:
        return True

    async def _find(self, number: str, method: MatchMethod) -> tuple[CustomerCard, ...]:
        if method is MatchMethod.ENTERED_NUMBER:
            return tuple(card for card in self._known if card.number == number)
        return tuple(card for card in self._known if number in card.phones)

    def _now(self) -> float:
        self._time += 1
        return self._time


async def simulate(
    path: Path,
    keys: str | None = None,
    *,
    caller: str = "13800001111",
    customers: Iterable[CustomerCard] = (),
    write: Callable[[str], None] = print,
) -> bool:
    """Play a script's caller on the terminal, or press `keys` for him; returns whether the script ended it.

    Keys are the telephone's, `,` for silence, `h` to hang up; in a queue `a` stands for a talk with an agent,
    `c` `f` `n` `t` for closed, full, no agents, time-out, `b` `m` for callback and message; after the tone
    `#` ends a message. Raises `loader.ScriptInvalid`, which names the line, also for what the script raises.
    """
    someone = SimulatedCaller(path, caller=caller, customers=customers)
    await someone.dials()
    shown, pressed = 0, deque(keys or "")
    while True:
        for what in someone.story[shown:]:
            write(_shown(what))
        shown = len(someone.story)
        if someone.hung_up:
            write("caller hung up")
            return False
        if someone.ended:
            try:
                write(f"script ended: {someone.result or 'no result'}")
            except Exception as error:
                raise ScriptInvalid(path, line_in(path, error), f"{type(error).__name__}: {error}") from error
            return True
        if keys is not None and not pressed:
            await someone.hangs_up()
            continue
        if someone.queue:
            ask = f"in queue {someone.queue}: a b c f m n t h"
        elif someone.recording:
            ask = "after the tone: # when you have said something, Enter for not a word, h"
        else:
            ask = "key: 0-9 * # h, Enter for silence"
        given = pressed.popleft() if keys is not None else await asyncio.to_thread(input, f"{ask}> ")
        if keys is not None:
            write(f"> {given}")
        await someone.presses(given or SILENCE)


def _shown(what: Event | Speech) -> str:
    match what:
        case Speech():
            return f'  {what.language}  {what.name}: "{what.text}"'
        case NodeVisited(node=node, detail=detail):
            return f"[{node}]" + (f" {detail}" if detail else "")
        case LanguageChosen(language=language):
            return f"language {language}"
        case CallbackAsked(number=number, queue=queue):
            return f"callback to {number}" + (f" for {queue}" if queue else "")
        case MessageLeft(queue=queue, seconds=seconds):
            return f"message of {seconds:g} s" + (f" for {queue}" if queue else "")
        case CustomerFound(customers=customers):
            return f"customer: {', '.join(card.name for card in customers) or 'nobody'}"
    return type(what).__name__
