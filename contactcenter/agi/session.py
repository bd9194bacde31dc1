"""One caller's FastAGI session: one task, from the environment to the last command.

What must hold: `CallerLeft` is told exactly once, in the instant in which the connection says it, whatever
the script does; the session's very last act sets `CC_NEXT`, because the dialplan takes its absence for a
crash of this process (AGISTATUS is SUCCESS in both cases) and brings the caller back; and his interaction is
on his leg before anybody relies on it. How he waits and is connected: `waiting.py`.
"""

import asyncio
import logging
import re
import uuid
from collections.abc import Callable

from contactcenter.agi import pyst
from contactcenter.agi.builtin import wait_for_agent
from contactcenter.agi.connection import CallerGone, CommandTimeout, Connection, Loss
from contactcenter.agi.leg import PLAY_TIMEOUT_S, RECORDING, Leg
from contactcenter.agi.loader import Script, line_in, run
from contactcenter.agi.prompts import Prompts
from contactcenter.agi.protocol import Environment
from contactcenter.agi.script import KEYS, NAME_CAP, Arrival, Call, Services, Wish
from contactcenter.agi.stall import ScriptBlocked
from contactcenter.agi.texts import LANGUAGES, Speech
from contactcenter.agi.waiting import Command, SentOn, Waiting
from contactcenter.events import (
    CallArrived,
    CallerLeft,
    DialledAnswered,
    Event,
    ScriptEnded,
    ScriptFailed,
)
from contactcenter.values import LONGEST_MESSAGE_S, frozen

log = logging.getLogger(__name__)

_UNIQUEID = re.compile(r"(?:(.*)-)?\d+\.\d+")
_SIP_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
"""A quoted pair of a SIP display name: Asterisk passes it on as it came."""
_NOBODY = {"unknown", "anonymous"}
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control characters, and those that turn the direction of writing."""

_HEARD = {"HUMAN": "human", "MACHINE": "machine"}
"""AMDSTATUS -> what has answered; anything else is unsure."""
_GREETED = re.compile(r"HUMAN-(\d{1,5})-\d{1,5}")
"""AMDCAUSE of a person: after the greeting there was so much silence, in milliseconds."""

MESSAGE_SILENCE_S = 5
"""A message is over when nothing was said for so long; Asterisk cuts that off."""


@frozen
class House:
    """What all sessions share."""

    services: Services
    prompts: Prompts
    script_for: Callable[[str], tuple[Script, str]]
    """The script of a dialled number, and the language that it begins in."""
    fallback_queue: str
    threads: pyst.Threads
    music: str = "default"
    """The music class for waiting callers."""


class Session:
    """The `script.Line` of one caller, and the task that runs his script on it."""

    def __init__(self, connection: Connection, environment: Environment, house: House) -> None:
        self._connection = connection
        self._environment = environment
        self._house = house
        self._services = house.services
        self._budget = asyncio.timeout(None)
        self._script: Script | None = None
        self._call: Call | None = None
        self.id = environment["agi_uniqueid"]
        self._leg = Leg(connection, self.id, house.music)
        self._leg.resumed = environment.path == "resume"
        self._waiting = Waiting(self._leg, house.services, house.prompts)
        self.task = asyncio.get_running_loop().create_task(self._run(), name=f"call {self.id}")
        connection.on_lost = self._lost

    # --- From the server ---

    def carry(self, command: Command) -> None:
        """A command of the center, in the order in which it gave them."""
        self._waiting.carry(command)

    def leave(self) -> None:
        """Let go of the connection without a word to the caller or the center: another session has the call
        now, or this process ends and the dialplan takes the caller over."""
        self._leg.over = True
        self._connection.close()
        self.task.cancel()

    # --- The session's life ---

    async def _run(self) -> None:
        try:
            dialled = self._environment.path == "dialled"
            result = await (self._serve_dialled() if dialled else self._serve(await self._arrive()))
            assert self._call  # noqa: S101 (set by _arrive)
            self._leg.over = True
            self._tell(ScriptEnded(at=self._now(), call=self.id, node=self._call.node, result=result))
            await self._leg.command("SET VARIABLE", "CC_NEXT", "hangup")
        except CallerGone:
            pass  # `_lost` has told it
        except CommandTimeout as error:
            log.warning("call %s: connection given up: %s", self.id, error)
        except Exception:
            log.exception("call %s: session failed; the dialplan's rescue loop has the caller", self.id)
        finally:
            self._connection.close()

    def _lost(self, loss: Loss) -> None:
        if self._leg.over:
            return
        self._leg.over = True
        last = self._connection.last
        if loss is Loss.GIVEN_UP:
            self._failed("Asterisk did not answer a command: connection given up")
        elif self._leg.joining and last and last.result == "0":
            # Dial ended well (a hang-up makes it -1), and then the channel left this session: a phone has
            # transferred the caller, who may be talking to somebody else by now. Bridge says 0 to a hang-up,
            # too. Both ways the end of his leg is heard by AMI, and `CallerLeft` might be wrong.
            log.info("call %s: out of its session, transferred or hung up", self.id)
        else:
            if self._call is None and not self._leg.resumed:
                # Gone before the first answer: no caller may be missing in the records.
                self._announce(uuid.uuid4().hex, self._dialled())
            if loss is Loss.HUNG_UP:
                self._tell(CallerLeft(at=self._now(), call=self.id))
            else:
                # Whether it was the caller or Asterisk itself is for AMI to say: `LegEnded`, or a snapshot.
                log.info("call %s: connection broken off", self.id)
        self.task.cancel()

    async def _arrive(self) -> str:
        """Say who has come, and leave on the leg what brings him back; returns the queue he came back to."""
        # The dialplan says in the address what it knows; one that doesn't is asked.
        said = self._environment.query.get("interaction")
        interaction = await self._leg.recall("CC_INTERACTION") if said is None else said
        did = (await self._leg.recall("CC_DID") if self._leg.resumed else "") or self._dialled()
        queue = await self._waiting.recall() if self._leg.resumed else ""
        language = await self._leg.recall("CC_LANGUAGE") if interaction else ""
        self._leg.resumed = bool(self._leg.resumed and interaction)
        arrival = self._announce(interaction or uuid.uuid4().hex, did, queue, language)
        script = self._script
        assert script  # noqa: S101 (set by _announce)
        if interaction and not self._leg.resumed:
            # A phone sent the caller to another number: what he waited for before is over.
            await self._leg.remember_all(CC_INTERACTION=arrival.interaction, CC_QUEUE="", CC_ENTERED="")
        elif not script.queues:
            await self.remember("CC_INTERACTION", arrival.interaction)
        return queue

    async def _serve_dialled(self) -> str:
        """Somebody or something has answered our call: the center says what comes next."""
        said, at = self._environment.query, self._now()
        self._call = Call(
            self,
            Arrival(
                call=self.id,
                interaction=said.get("interaction", ""),
                server=said.get("server", ""),
                did="",
                caller="",
                caller_name="",
                language="zh",
            ),
            self._services,
            {},
        )
        answered = DialledAnswered(
            at=at,
            call=self.id,
            heard=_HEARD.get(said.get("heard", ""), "unsure") if said.get("heard") else "",
            greeting_ended_at=_greeting_ended(said.get("cause", ""), at),
        )
        try:
            return await self._waiting.serve_dialled(self._call, said.get("queue", ""), answered)
        except SentOn as sent:
            await self._go_on(sent.did)
        return await self._serve("")

    def _dialled(self) -> str:
        """The number that the caller dialled. The dialplan says it in the address, before any word of the
        caller's; a rescue loop runs in an extension without a number."""
        if did := self._environment.query.get("did"):
            return did
        extension = self._environment["agi_extension"]
        return extension if extension[:1].isdigit() else self._environment["agi_dnid"]

    def _announce(self, interaction: str, did: str, queue: str = "", language: str = "") -> Arrival:
        said = self._environment
        self._script, default_language = self._house.script_for(did)
        arrival = Arrival(
            call=self.id,
            interaction=interaction,
            server=said.query.get("server") or _server(self.id),
            did=did,
            caller=_somebody(said["agi_callerid"]),
            caller_name=_somebody(_SIP_ESCAPE.sub(r"\1", said["agi_calleridname"])),
            language=language if language in LANGUAGES else default_language,
        )
        self._call = Call(self, arrival, self._services, self._script.texts)
        self._tell(
            CallArrived(
                at=self._now(),
                call=arrival.call,
                interaction=arrival.interaction,
                server=arrival.server,
                did=arrival.did,
                caller=arrival.caller,
                caller_name=arrival.caller_name,
                resumed=self._leg.resumed,
                queue=queue,
                entered_at=self._waiting.entered_at,
                held_by=self._waiting.held_by,
            )
        )
        return arrival

    async def _serve(self, resume_queue: str) -> str:
        while True:
            try:
                return await self._run_script(resume_queue)
            except SentOn as sent:
                resume_queue = ""
                await self._go_on(sent.did)

    async def _go_on(self, did: str) -> None:
        """What he waited for before is over; the new number is on his leg before anybody relies on it."""
        assert self._call  # noqa: S101 (set by _arrive)
        self._leg.resumed = False
        self._waiting.forget()
        await self._leg.remember_all(CC_DID=did, CC_QUEUE="", CC_ENTERED="", CC_HELD="")
        self._announce(self._call.interaction, did, language=self._call.language)

    async def _run_script(self, resume_queue: str) -> str:
        call, script = self._call, self._script
        assert call  # noqa: S101 (set by _arrive)
        assert script  # noqa: S101
        try:
            self._budget = asyncio.timeout(self._services.limits.seconds)
            async with self._budget:
                if resume_queue:
                    return await wait_for_agent(call, resume_queue, self._waiting.wish)
                if script.run:
                    return str(await run(script, call) or "")
                assert script.run_sync  # noqa: S101 (one of the two)
                await self._house.threads.run(script.run_sync, self._environment, self._connection, call)
                return ""
        except (CommandTimeout, CallerGone, GeneratorExit):
            raise
        except BaseException as error:
            # Not even SystemExit may pass: it would end the event loop, and all calls with it.
            if self.task.cancelling():
                raise CallerGone from error
            overrun = isinstance(error, TimeoutError) and self._budget.expired()
            said = f"ran longer than {self._services.limits.seconds:g} s" if overrun else _described(error)
            place = f"{script.path.name}:{line_in(script.path, error)}" if script.path else script.name
            log.exception("call %s: IVR script failed at %s, after node %r", self.id, place, call.node)
            self._failed(f"{place}: {said}")
        return await self._fall_back(call)

    async def _fall_back(self, failed: Call) -> str:
        """A new call object over the same line: the failed script's limits are used up."""
        arrival = Arrival(
            call=failed.id,
            interaction=failed.interaction,
            server="",
            did=failed.did,
            caller=failed.caller,
            caller_name=failed.caller_name,
            language=failed.language,
        )
        self._budget = asyncio.timeout(None)
        self._call = Call(self, arrival, self._services, {})
        try:
            return await wait_for_agent(self._call, self._house.fallback_queue)
        except CommandTimeout:
            raise
        except Exception as error:
            log.exception("call %s: fallback failed too", self.id)
            return f"fallback failed: {_described(error)}"

    def _failed(self, error: str) -> None:
        node = self._call.node if self._call else ""
        self._tell(ScriptFailed(at=self._now(), call=self.id, node=node, error=error))

    # --- script.Line ---

    async def play(self, what: Speech, keys: str) -> str:
        path = await self._house.prompts.path(what)
        self._waiting.unless_cut()
        reply = await self._leg.command("STREAM FILE", path, keys, timeout_s=PLAY_TIMEOUT_S)
        self._waiting.unless_cut()
        if reply.result == "0" and not reply.endpos:
            log.error("call %s: Asterisk can't play %s (prompt %r)", self.id, path, what.name)
        return chr(int(reply.result)) if reply.result not in ("", "0") else ""

    async def ask(
        self, what: Speech | None, typed: str, limit: int, timeout_s: float, choices: str
    ) -> tuple[str, bool]:
        wanted = limit - len(typed)
        if typed.endswith("#") or wanted <= 0:
            return typed.removesuffix("#"), False
        if what:
            # One command says it and hears all keys: none can fall between two commands.
            path = await self._house.prompts.path(what)
            timeout = PLAY_TIMEOUT_S + timeout_s * (limit + 1)
            self._waiting.unless_cut()
            reply = await self._leg.command(
                "GET DATA", path, int(timeout_s * 1000), wanted, timeout_s=timeout
            )
            self._waiting.unless_cut()
            return typed + reply.result, reply.timed_out
        while len(typed) < limit:
            reply = await self._leg.command("WAIT FOR DIGIT", int(timeout_s * 1000), timeout_s=timeout_s + 10)
            self._waiting.unless_cut()
            key = chr(int(reply.result or "0"))
            if key not in KEYS:
                return typed, True
            if key == "#":
                break
            typed += key
        return typed, False

    async def wait(self, queue: str, wish: Wish) -> str:
        assert self._call  # noqa: S101 (set by _arrive)
        loop, until = asyncio.get_running_loop(), self._budget.when()
        left = until - loop.time() if until is not None else None
        if left is not None:
            self._budget.reschedule(None)
        try:
            return await self._waiting.serve(self._call, queue, wish)
        finally:
            if left is not None:
                self._budget.reschedule(loop.time() + left)

    async def dial(self, destination: str, ring_s: int) -> str:
        return await self._leg.dial(destination, ring_s)

    async def record(self, name: str) -> float | None:
        # Asterisk's folder for recordings as it sees it itself: it may be in a container.
        spool = await self._leg.recall("ASTSPOOLDIR")
        self._waiting.unless_cut()
        if not RECORDING.fullmatch(name) or not spool:
            log.error("call %s: no message: recording %r, Asterisk's spool %r", self.id, name, spool)
            return None
        path = f"{spool}/monitor/{name}-caller"
        longest_ms = round(LONGEST_MESSAGE_S * 1000)
        reply = await self._connection.command(
            "RECORD FILE", path, "ulaw", "#", longest_ms, "BEEP", f"s={MESSAGE_SILENCE_S}",
            timeout_s=LONGEST_MESSAGE_S + 30,
        )  # fmt: skip
        self._waiting.unless_cut()
        if reply.result == "-1" and reply.data != "writefile":
            await self._leg.really_gone()
        if reply.result == "-1":
            log.error("call %s: Asterisk can't write %s.ulaw", self.id, path)
            return None
        return reply.endpos / 8000

    async def opt_out(self) -> bool:
        return await self._waiting.opt_out()

    async def remember(self, name: str, value: str) -> None:
        await self._leg.remember(name, value)

    def _tell(self, event: Event) -> None:
        self._services.tell(event)

    def _now(self) -> float:
        return self._services.now()


def _greeting_ended(cause: str, at: float) -> float | None:
    """When the greeting was over, as far as the detection says so; it has just come to its result."""
    found = _GREETED.fullmatch(cause)
    return at - int(found[1]) / 1000 if found else None


def _server(uniqueid: str) -> str:
    found = _UNIQUEID.fullmatch(uniqueid)
    return (found[1] or "") if found else ""


def _somebody(text: str) -> str:
    """A caller's name or number as it may be shown: nothing in it moves or turns what stands around it."""
    text = _UNSEEN.sub("", text)
    return "" if text.lower() in _NOBODY else text[:NAME_CAP]


def _described(error: BaseException) -> str:
    if isinstance(error, ScriptBlocked):
        return "blocked the whole server, or looped without an end"
    return f"{type(error).__name__}: {error}"
