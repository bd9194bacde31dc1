"""What an IVR script can do: the object that `async def script(call)` is given, and the line under it.

The steps' meaning is in here, once; a `Line` only says things, hears keys and waits. The server's line is a
FastAGI session, the simulator's is a terminal or a test: a script can't tell them apart.
"""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Protocol, TypeVar

from contactcenter.agi.texts import BUILT_IN, Speech, Texts, speech
from contactcenter.events import (
    CallbackAsked,
    CustomerFound,
    Event,
    LanguageChosen,
    MessageAsked,
    MessageGivenUp,
    MessageLeft,
    MessageStarted,
    MessageStopped,
    NodeVisited,
)
from contactcenter.routing.skills import LEVELS, Need, needs
from contactcenter.values import LEAST_MESSAGE_S, CustomerCard, MatchMethod, frozen

T = TypeVar("T")

KEYS = "0123456789*#"
MESSAGE_TRIES = 3
"""How often a caller may say his message: the first time, and again."""

LONGEST_TOLD_MIN = 60
"""A longer wait is told without a number: nobody keeps it in mind."""

NAME_CAP = 200
"""Characters kept of a caller's name, which is untrusted and may be 10 kB."""

_SKILL = re.compile(r"[a-z][a-z0-9_]{0,31}")
_TELEPHONE = re.compile(r"\+?[0-9]{3,15}")


@frozen
class Wish:
    """What a script asks for its caller, besides what queue, number and customer give him."""

    priority: float = 0.0
    """Minutes of waiting, given in advance."""
    needs: tuple[Need, ...] = ()
    agent: str = ""
    """Whom he would like best."""


class Line(Protocol):
    """The caller's end, as far as a script needs it. `choices` are the keys that mean something here."""

    async def play(self, what: Speech, keys: str) -> str:
        """Say it; one of `keys` cuts it short and is returned, else an empty text."""

    async def ask(
        self, what: Speech | None, typed: str, limit: int, timeout_s: float, choices: str
    ) -> tuple[str, bool]:
        """Say it, if anything, and hear up to `limit` keys after those already `typed`.

        Ends at `limit`, at `#`, or when no key came for `timeout_s`; any key cuts the speech short. Returns
        the keys without the `#`, and whether the time-out ended it.
        """

    async def wait(self, queue: str, wish: Wish) -> str:
        """Wait in the queue for an agent and through the talk; returns `answered` or why there was none."""

    async def dial(self, destination: str, ring_s: int) -> str:
        """Connect the caller elsewhere, and return Asterisk's DIALSTATUS."""

    async def record(self, name: str) -> float | None:
        """Sound a tone and record what the caller says, until he presses `#`, says nothing for a while, or
        has said as much as a message may hold. Returns the seconds, or None when nothing can be recorded."""

    async def opt_out(self) -> bool:
        """Put the number that we called on the do-not-call list; returns whether it is known to be there."""

    async def remember(self, name: str, value: str) -> None:
        """Keep a value on the caller's leg, where it survives a crash of this process."""


@frozen
class Limits:
    """How much one script may do before it counts as run away."""

    steps: int = 300
    """Prompts, menus, look-ups: everything that a script awaits of its call."""
    seconds: float = 900.0
    """In the script, without the time in queues and talks."""
    lookup_s: float = 2.0
    """For one look-up in the store."""


async def nothing_kept() -> bool:
    """For a house that keeps no recordings."""
    return False


@frozen
class Services:
    """What scripts need of the house around them; the same for all calls."""

    tell: Callable[[Event], None]
    now: Callable[[], float]
    find_customer: Callable[[str, MatchMethod], Awaitable[tuple[CustomerCard, ...]]]
    """Who has this telephone number (CALLER_NUMBER) or customer number (ENTERED_NUMBER)."""
    is_open: Callable[[str], bool]
    emergency: Callable[[str], Mapping[str, str]]
    """The announcement by language while a queue or calendar is shut for an emergency; else empty."""
    may_call: Callable[[str], bool]
    """Whether we call a number back that a caller gave: it may be a premium one."""
    may_record: Callable[[], Awaitable[bool]] = nothing_kept
    """Whether a message that a caller leaves could be kept just now."""
    transfers: Mapping[str, str] = field(default_factory=dict)
    """Name → Asterisk dial string: where scripts may send callers to, and nowhere else."""
    limits: Limits = Limits()


@frozen
class Arrival:
    """Who calls, as the call's environment says it: all of it untrusted but `call` and `server`."""

    call: str
    interaction: str
    server: str
    did: str
    caller: str
    caller_name: str
    language: str


class ScriptOverrun(Exception):
    """The script took more steps than its limit."""


class Call:
    """One caller, for the time that a script serves him."""

    def __init__(self, line: Line, arrival: Arrival, services: Services, texts: Texts) -> None:
        self._line = line
        self._services = services
        self._texts: Texts = {**BUILT_IN, **texts}
        self._language = arrival.language
        self._typed = ""
        self._steps = 0
        self.id = arrival.call
        self.interaction = arrival.interaction
        self.did = arrival.did
        self.caller = arrival.caller
        """The caller's number as it came: untrusted, may be empty."""
        self.caller_name = arrival.caller_name
        self.node = ""
        """The last step that the caller reached."""
        self.customer: CustomerCard | None = None
        """Found by `lookup`, when exactly one customer fits."""

    # --- Speaking ---

    @property
    def language(self) -> str:
        """`zh` or `en`."""
        return self._language

    async def speak(self, language: str) -> None:
        """Go on in this language."""
        self._step(f"speak {language}")
        self._language = language
        self._tell(LanguageChosen(at=self._services.now(), call=self.id, language=language))
        await self._line.remember("CC_LANGUAGE", language)

    async def play(self, prompt: str, *, node: str = "", language: str = "", **values: object) -> None:
        """Say a prompt, with values for the places in its text: an int is said as a number, a Decimal as an
        amount, a date as a date, text of digits digit by digit.

        A key cuts it short and counts as the first key of the menu or the entry that follows. `language`
        speaks this prompt alone in another language.
        """
        self._visit(node or prompt)
        if not self._typed:
            self._typed = await self._line.play(self._speech(prompt, values, language), KEYS)

    async def say_number(self, number: int) -> None:
        """Say a whole number."""
        await self.play("value", node="number", value=number)

    async def say_digits(self, digits: str) -> None:
        """Say digits one by one."""
        await self.play("value", node="digits", value=digits)

    async def say_amount(self, amount: str | Decimal) -> None:
        """Say an amount in yuan. Raises `ValueError` for text that is no decimal number."""
        await self.play("value", node="amount", value=decimal(amount))

    async def say_date(self, day: date) -> None:
        """Say a date."""
        await self.play("value", node="date", value=day)

    # --- Asking ---

    async def menu(
        self,
        prompt: str,
        options: Mapping[str, T],
        *,
        attempts: int = 3,
        timeout: float = 5.0,  # noqa: ASYNC109 (how long the caller may think, not how long we run)
        node: str = "",
        language: str = "",
        **values: object,
    ) -> T | None:
        """Ask for one key, and return what it stands for in `options`.

        Any key may be pressed while the prompt still plays. Returns None when the caller pressed nothing, or
        nothing valid, in all `attempts`: every menu ends.
        """
        node = node or prompt
        said = self._speech(prompt, values, language)
        for _ in range(attempts):
            self._visit(node)
            typed, self._typed = self._typed, ""
            key, late = typed, False
            if not typed:
                key, late = await self._line.ask(said, "", 1, timeout, "".join(options))
                key = key or ("" if late else "#")
            if key in options:
                self._found(node, key)
                return options[key]
            self._found(node, f"invalid {key}" if key else "timeout")
            await self._line.play(self._speech("invalid" if key else "nothing_heard", {}), "")
        self._found(node, "no choice")
        return None

    async def collect(
        self,
        prompt: str,
        *,
        digits: int,
        least: int = 1,
        attempts: int = 3,
        timeout: float = 5.0,  # noqa: ASYNC109
        node: str = "",
        **values: object,
    ) -> str | None:
        """Ask for up to `digits` digits, ended by `#` or by `timeout` seconds without a key.

        Returns None when fewer than `least` came in all `attempts`.
        """
        node = node or prompt
        said = self._speech(prompt, values)
        for _ in range(attempts):
            self._visit(node)
            typed, self._typed = self._typed, ""
            entered, late = await self._line.ask(None if typed else said, typed, digits, timeout, "")
            if len(entered) >= least and entered.isdigit():
                self._found(node, entered)
                return entered
            self._found(node, f"invalid {entered}" if entered else "timeout" if late else "empty")
            await self._line.play(self._speech("invalid" if entered else "nothing_heard", {}), "")
        self._found(node, "no entry")
        return None

    async def lookup(self, customer_number: str = "") -> CustomerCard | None:
        """The one customer who has this customer number, or, without it, the caller's number.

        An entered number beats the caller's own: who called from a friend's phone is still himself. Returns
        None when nobody or several fit, or when the store takes longer than its limit: go to a person then.
        """
        node = "lookup"
        self._visit(node)
        method = MatchMethod.ENTERED_NUMBER if customer_number else MatchMethod.CALLER_NUMBER
        number = customer_number or self.caller
        try:
            async with asyncio.timeout(self._services.limits.lookup_s):
                found = await self._services.find_customer(number, method) if number else ()
        except TimeoutError:
            self._found(node, "too slow")
            return None
        self.customer = found[0] if len(found) == 1 else None
        self._found(node, self.customer.number if self.customer else f"{len(found)} customers")
        if customer_number:
            self._tell(CustomerFound(at=self._services.now(), call=self.id, method=method, customers=found))
        return self.customer

    def open(self, name: str) -> bool:
        """Whether the queue or calendar is open now."""
        return self._services.is_open(name)

    async def emergency(self, name: str) -> bool:
        """Say why the queue or calendar is shut, if it is for an emergency; returns whether it is."""
        said = self._services.emergency(name)
        if not said:
            return False
        self._visit("emergency")
        language = self._language if self._language in said else next(iter(said))
        await self._line.play(
            Speech(name="emergency", language=language, text=said[language], dynamic=True), ""
        )
        return True

    # --- Ways on ---

    async def queue(
        self, name: str, *, priority: float = 0, needs: Mapping[str, int] | None = None, agent: str = ""
    ) -> str:
        """Wait for an agent of the queue, and talk.

        `priority` is in minutes of waiting that the caller gets in advance. `needs` says which skills, with
        which level, the agent must have, and `agent` who should take the call if he can soon. Returns
        `answered` after a talk that the agent's side ended, else why there was none: `closed`, `full`,
        `no_agents`, `timeout`. Raises `ValueError` for what can't be meant.
        """
        wish = Wish(priority=minutes(priority), needs=levels(needs or {}), agent=agent)
        node = f"queue {name}"
        self._visit(node)
        self._typed = ""
        result = await self._line.wait(name, wish)
        self._found(node, result)
        return result

    async def callback(self, number: str = "", *, queue: str = "") -> str | None:
        """Agree on a number to call back: the caller's own or another one, confirmed by a key.

        Returns the number, or None when none was agreed on.
        """
        offered = number or self.caller
        if self._callable(offered):
            choice = await self.menu("callback_offer", {"1": True, "2": False}, number=offered)
            if choice is None:
                return None
            if choice:
                return await self._note_callback(offered, queue)
        for _ in range(3):
            entered = await self.collect("callback_number", digits=15, least=3)
            if entered is None:
                return None
            if not self._callable(entered):
                await self.play("callback_refused")
            elif await self.menu("callback_offer", {"1": True, "2": False}, number=entered):
                return await self._note_callback(entered, queue)
        return None

    async def message(self, *, queue: str = "") -> str | None:
        """Have the caller say what he wants, for the queue's people, and confirm it by a key.

        Returns the name of the recording, or None when no message was left.
        """
        self._visit("message")
        self._typed = ""
        if not await self._services.may_record():
            self._found("message", "refused")
            await self._line.play(self._speech("message_refused", {}), "")
            return None
        self._tell(MessageAsked(at=self._services.now(), call=self.id, queue=queue))
        try:
            recording, seconds = await self._taken_down()
        except Exception:
            self._tell(MessageGivenUp(at=self._services.now(), call=self.id))
            raise
        if not recording:
            self._tell(MessageGivenUp(at=self._services.now(), call=self.id))
            self._found("message", "given up")
            await self._line.play(self._speech("message_given_up", {}), "")
            return None
        now = self._services.now()
        self._tell(MessageLeft(at=now, call=self.id, recording=recording, queue=queue, seconds=seconds))
        self._found("message", "left")
        await self._line.play(self._speech("message_left", {}), "")
        return recording

    async def opt_out(self) -> bool:
        """Put the number that we called on the do-not-call list, for ever: on the disk before this returns.
        Say so then, and goodbye.

        Returns False for one whom no campaign called, and when nobody says in time that it is kept (what was
        told is not lost).
        """
        self._visit("opt_out")
        kept = await self._line.opt_out()
        self._found("opt_out", "kept" if kept else "not known to be kept")
        return kept

    async def transfer(self, target: str, *, ring_s: int = 30) -> str:
        """Connect the caller to a target that the configuration lists, and return Asterisk's DIALSTATUS.

        Raises `LookupError` for any other target: a number that a caller can choose costs money.
        """
        if target not in self._services.transfers:
            raise LookupError(f"transfer to {target!r}: not in the list of transfer targets")
        node = f"transfer {target}"
        self._visit(node)
        status = await self._line.dial(self._services.transfers[target], ring_s)
        self._found(node, status)
        return status

    async def goodbye(self, prompt: str = "goodbye", *, language: str = "") -> None:
        """Say the last words; a key can't cut them short."""
        self._visit(prompt)
        await self._line.play(self._speech(prompt, {}, language), "")

    # --- While waiting ---

    async def how_things_stand(self, ahead: int, wait_s: float | None, ways: tuple[str, ...]) -> str:
        """Tell a waiting caller how many are in front and how long it may last, and offer the `ways` out.

        Returns the way that the caller chose, or an empty text: he waits on.
        """
        ways = tuple(sorted(ways))
        keys = dict(zip("123456789", ways, strict=False))
        place = {0: "wait_next", 1: "wait_one_ahead"}.get(ahead, "wait_ahead")
        said = [self._speech(place, {"ahead": ahead} if ahead > 1 else {})]
        if wait_s is not None:
            minutes = math.ceil(wait_s / 60) or 1
            if minutes > LONGEST_TOLD_MIN:
                said.append(self._speech("wait_long", {}))
            elif minutes == 1:
                said.append(self._speech("wait_minute", {}))
            else:
                said.append(self._speech("wait_minutes", {"minutes": minutes}))
        for each in said:
            if (key := await self._line.play(each, KEYS)) in keys:
                return keys[key]
            if key:
                break
        if not ways:
            return ""
        key, _ = await self._line.ask(
            self._speech("wait_" + "_or_".join(ways), {}), "", 1, 3.0, "".join(keys)
        )
        return keys.get(key, "")

    # --- Inside ---

    async def _taken_down(self) -> tuple[str, float]:
        """The message that the caller has confirmed, and its seconds; an empty name for none."""
        empty = 0
        for _ in range(MESSAGE_TRIES):
            await self.play("message_prompt")
            self._typed = ""
            now = self._services.now()
            recording = f"{self.interaction}-{round(now * 1000)}"
            self._tell(MessageStarted(at=now, call=self.id, recording=recording))
            seconds = await self._line.record(recording)
            if seconds is None:
                break
            now = self._services.now()
            self._tell(MessageStopped(at=now, call=self.id, recording=recording, seconds=seconds))
            if seconds < LEAST_MESSAGE_S:
                empty += 1
                if empty > 1:
                    break
                await self.play("message_empty")
            elif (choice := await self.menu("message_confirm", {"1": True, "2": False}, attempts=2)) is None:
                break
            elif choice:
                return recording, seconds
        return "", 0.0

    async def _note_callback(self, number: str, queue: str) -> str:
        self._tell(CallbackAsked(at=self._services.now(), call=self.id, number=number, queue=queue))
        await self.play("callback_noted")
        return number

    def _callable(self, number: str) -> bool:
        return bool(_TELEPHONE.fullmatch(number)) and self._services.may_call(number)

    def _speech(self, prompt: str, values: Mapping[str, object], language: str = "") -> Speech:
        return speech(self._texts, prompt, language or self._language, values)

    def _visit(self, node: str) -> None:
        self._step(node)
        self.node = node
        self._found(node, "")

    def _step(self, name: str) -> None:
        self._steps += 1
        if self._steps > self._services.limits.steps:
            raise ScriptOverrun(f"more than {self._services.limits.steps} steps, the last at {name!r}")

    def _found(self, node: str, detail: str) -> None:
        self._tell(NodeVisited(at=self._services.now(), call=self.id, node=node, detail=detail))

    def _tell(self, event: Event) -> None:
        self._services.tell(event)


def minutes(priority: float) -> float:
    """The priority. Raises `ValueError` for more than a day, and for what is no number."""
    if isinstance(priority, bool) or not isinstance(priority, int | float) or not abs(priority) <= 1440:
        raise ValueError(f"not a priority in minutes, from -1440 to 1440: {priority!r}")
    return float(priority)


def levels(skills: Mapping[str, int]) -> tuple[Need, ...]:
    """The needs. Raises `ValueError` for a name or a level that no skill can have."""
    for skill, level in skills.items():
        if not _SKILL.fullmatch(skill) or isinstance(level, bool) or level not in LEVELS:
            raise ValueError(
                f"not a skill and its level, from {LEVELS[0]} to {LEVELS[-1]}: {skill!r}: {level!r}"
            )
    return needs(skills)


def decimal(amount: str | Decimal) -> Decimal:
    """The amount as a number. Raises `ValueError` for text that is none."""
    try:
        value = Decimal(amount)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ValueError(f"not an amount: {amount!r}")
    return value
