"""One caller's FastAGI session: one task, from the environment to the last command.

What must hold: `CallerLeft` is told exactly once, in the instant in which the connection says it, whatever
the script does; the session's very last act sets `CC_NEXT`, because the dialplan takes its absence for a
crash of this process (AGISTATUS is SUCCESS in both cases) and brings the caller back; and what a caller would
need to come back (interaction, queue, time of entry) is on his leg before anybody relies on it.
"""

import asyncio
import logging
import re
import uuid
from collections.abc import Callable

from contactcenter.agi import pyst
from contactcenter.agi.builtin import wait_for_agent
from contactcenter.agi.connection import CallerGone, CommandTimeout, Connection, Loss
from contactcenter.agi.loader import Script, line_in
from contactcenter.agi.prompts import Prompts
from contactcenter.agi.protocol import Environment, Reply
from contactcenter.agi.script import KEYS, NAME_CAP, Arrival, Call, Services
from contactcenter.agi.stall import ScriptBlocked
from contactcenter.agi.texts import BUILT_IN, LANGUAGES, Speech, speech
from contactcenter.commands import AnnounceRecording, LeaveQueue, OfferCall
from contactcenter.events import (
    CallArrived,
    CallerLeft,
    CallQueued,
    Event,
    OfferEnded,
    RecordingAnnounced,
    RecordingStarted,
    ScriptEnded,
    ScriptFailed,
)
from contactcenter.values import frozen

log = logging.getLogger(__name__)

PLAY_TIMEOUT_S = 180.0
"""For commands that play a sound: longer than any announcement."""

_PHONE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LEG = re.compile(r"[A-Za-z0-9_./:;@-]{0,150}")
_PLAIN = re.compile(r"[A-Za-z0-9_.-]*")
"""What MSet takes as it is: no comma, quote or backslash."""
_DESTINATION = re.compile(r"PJSIP/[A-Za-z0-9_.+@:/-]{1,150}")
_UNIQUEID = re.compile(r"(?:(.*)-)?\d+\.\d+")
_BRIDGED = {"SUCCESS": "ANSWER", "NONEXISTENT": "CHANUNAVAIL"}
"""BRIDGERESULT as DIALSTATUS."""
_SIP_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
"""A quoted pair of a SIP display name: Asterisk passes it on as it came."""
_NOBODY = {"unknown", "anonymous"}

REFUSE_RECORDING = "9"
"""The key by which a caller refuses to be recorded; the announcement's text names it."""
_RECORDING = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
"""A recording's name: made by us, and a file's name, so checked again."""

Command = AnnounceRecording | OfferCall | LeaveQueue


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
        self._commands: asyncio.Queue[Command] = asyncio.Queue()
        self._waiting = False
        self._joining = False
        self._recorded = ""
        """The recording that Asterisk writes of this leg at this session's word; empty: none."""
        self._entered_at: float | None = None
        self._over = False
        self._budget = asyncio.timeout(None)
        self._resumed = environment.path == "resume"
        self._script: Script | None = None
        self._call: Call | None = None
        self.id = environment["agi_uniqueid"]
        self.task = asyncio.get_running_loop().create_task(self._run(), name=f"call {self.id}")
        connection.on_lost = self._lost

    # --- From the server ---

    def carry(self, command: Command) -> None:
        """A command of the center, in the order in which it gave them."""
        if self._waiting:
            self._commands.put_nowait(command)
        else:
            # The script has moved on in the same instant; the center must not wait for this agent's ring.
            self._refuse(command)

    def leave(self) -> None:
        """Let go of the connection without a word to the caller or the center: another session has the call
        now, or this process ends and the dialplan takes the caller over."""
        self._over = True
        self._connection.close()
        self.task.cancel()

    # --- The session's life ---

    async def _run(self) -> None:
        try:
            resume_queue = await self._arrive()
            result = await self._serve(resume_queue)
            assert self._call  # noqa: S101 (set by _arrive)
            self._over = True
            self._tell(ScriptEnded(at=self._now(), call=self.id, node=self._call.node, result=result))
            await self._command("SET VARIABLE", "CC_NEXT", "hangup")
        except CallerGone:
            pass  # `_lost` has told it
        except CommandTimeout as error:
            log.warning("call %s: connection given up: %s", self.id, error)
        except Exception:
            log.exception("call %s: session failed; the dialplan's rescue loop has the caller", self.id)
        finally:
            self._connection.close()

    def _lost(self, loss: Loss) -> None:
        if self._over:
            return
        self._over = True
        last = self._connection.last
        if loss is Loss.GIVEN_UP:
            self._failed("Asterisk did not answer a command: connection given up")
        elif self._joining and last and last.result == "0":
            # Dial ended well (a hang-up makes it -1), and then the channel left this session: a phone has
            # transferred the caller, who may be talking to somebody else by now. Bridge says 0 to a hang-up,
            # too. Both ways the end of his leg is heard by AMI, and `CallerLeft` might be wrong.
            log.info("call %s: out of its session, transferred or hung up", self.id)
        else:
            if self._call is None and not self._resumed:
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
        interaction = await self._recall("CC_INTERACTION") if said is None else said
        did = (await self._recall("CC_DID") if self._resumed else "") or self._dialled()
        queue = await self._recall("CC_QUEUE") if self._resumed else ""
        entered = await self._recall("CC_ENTERED") if queue else ""
        self._entered_at = float(entered) if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", entered) else None
        language = await self._recall("CC_LANGUAGE") if interaction else ""
        self._resumed = bool(self._resumed and interaction)
        arrival = self._announce(interaction or uuid.uuid4().hex, did, queue, language)
        if interaction and not self._resumed:
            # A phone sent the caller to another number: what he waited for before is over.
            await self._remember_all(CC_INTERACTION=arrival.interaction, CC_QUEUE="", CC_ENTERED="")
        else:
            await self.remember("CC_INTERACTION", arrival.interaction)
        return queue

    def _dialled(self) -> str:
        """The number that the caller dialled; a rescue loop runs in an extension without a number."""
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
                resumed=self._resumed,
                queue=queue,
                entered_at=self._entered_at,
            )
        )
        return arrival

    async def _serve(self, resume_queue: str) -> str:
        call, script = self._call, self._script
        assert call  # noqa: S101 (set by _arrive)
        assert script  # noqa: S101
        try:
            self._budget = asyncio.timeout(self._services.limits.seconds)
            async with self._budget:
                if resume_queue:
                    return await wait_for_agent(call, resume_queue)
                if script.run:
                    return str(await script.run(call) or "")
                assert script.run_sync  # noqa: S101 (one of the two)
                await self._house.threads.run(script.run_sync, self._environment, self._connection, call)
                return ""
        except CommandTimeout:
            raise
        except (Exception, ScriptBlocked) as error:
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
        reply = await self._command("STREAM FILE", path, keys, timeout_s=PLAY_TIMEOUT_S)
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
            reply = await self._command("GET DATA", path, int(timeout_s * 1000), wanted, timeout_s=timeout)
            return typed + reply.result, reply.timed_out
        while len(typed) < limit:
            reply = await self._command("WAIT FOR DIGIT", int(timeout_s * 1000), timeout_s=timeout_s + 10)
            key = chr(int(reply.result or "0"))
            if key not in KEYS:
                return typed, True
            if key == "#":
                break
            typed += key
        return typed, False

    async def wait(self, queue: str, priority: int) -> str:
        if self._entered_at is None:
            self._entered_at = self._now()
        await self._remember_all(CC_ENTERED=f"{self._entered_at:.6f}", CC_QUEUE=queue)
        loop, until = asyncio.get_running_loop(), self._budget.when()
        left = until - loop.time() if until is not None else None
        if left is not None:
            self._budget.reschedule(None)
        self._waiting = True
        self._tell(CallQueued(at=self._now(), call=self.id, queue=queue, priority=priority))
        try:
            result = await self._until_served()
        finally:
            self._waiting = False
            while not self._commands.empty():
                self._refuse(self._commands.get_nowait())
            if left is not None:
                self._budget.reschedule(loop.time() + left)
        if result == "answered":
            self._entered_at = None  # a further queue would be a further wait
        await self.remember("CC_QUEUE", "")
        return result

    async def _until_served(self) -> str:
        while True:
            await self._command("SET MUSIC", "on", self._house.music)
            command = await self._commands.get()
            if isinstance(command, AnnounceRecording):
                await self._announce_recording()
                continue
            if isinstance(command, LeaveQueue):
                await self._command("SET MUSIC", "off")
                return command.exit
            status = await self._connect(command)
            self._tell(OfferEnded(at=self._now(), call=self.id, offer=command.offer, status=status))
            if status == "ANSWER":
                return "answered"

    async def _connect(self, offer: OfferCall) -> str:
        """Join the caller and the agent, and wait until they have talked; returns a DIALSTATUS.

        An agent's persistent line comes back to its waiting room by itself, and the caller back to us.
        """
        if not _PHONE.fullmatch(offer.phone) or not _LEG.fullmatch(offer.line):
            log.error("call %s: offer of odd name: phone %r, line %r", self.id, offer.phone, offer.line)
            return "CHANUNAVAIL"
        await self._record(offer.recording)
        if not offer.line:
            return await self.dial(f"PJSIP/{offer.phone}", offer.ring_s)
        await self._command("SET MUSIC", "off")
        return _BRIDGED.get(await self._join("EXEC Bridge", offer.line, "BRIDGERESULT"), "CONGESTION")

    async def _announce_recording(self) -> None:
        """Tell the caller, who may refuse by a key. Whatever goes wrong, he waits on and is served."""
        assert self._call  # noqa: S101 (set by _arrive)
        heard, key = False, ""
        await self._command("SET MUSIC", "off")
        try:
            path = await self._house.prompts.path(
                speech(BUILT_IN, "recording_notice", self._call.language, {})
            )
            reply = await self._command("STREAM FILE", path, REFUSE_RECORDING, timeout_s=PLAY_TIMEOUT_S)
            key = chr(int(reply.result)) if reply.result not in ("", "0") else ""
            heard = bool(key or reply.endpos)
        except (CallerGone, CommandTimeout):
            raise
        except Exception:
            log.exception("call %s: the announcement of the recording could not be made", self.id)
        if not heard:
            log.error("call %s: not told of the recording, so not recorded", self.id)
        refused = key == REFUSE_RECORDING
        self._tell(RecordingAnnounced(at=self._now(), call=self.id, heard=heard, refused=refused))

    async def _record(self, recording: str) -> None:
        """Have Asterisk write both sides of the next talk, each into a file of its own; nothing is written
        while the caller is in no bridge (`b`). Asterisk puts the files into its folder for recordings."""
        if recording == self._recorded:
            return
        if self._recorded or self._resumed:
            await self._command("EXEC StopMixMonitor")
        self._recorded = ""
        if not recording:
            return
        if not _RECORDING.fullmatch(recording):
            log.error("call %s: odd name of a recording: %r", self.id, recording)
            return
        options = f",br({recording}-caller.ulaw)t({recording}-agent.ulaw)"
        if (await self._command("EXEC MixMonitor", options)).result != "0":
            log.error("call %s: Asterisk can't record: is app_mixmonitor loaded?", self.id)
            return
        self._recorded = recording
        self._tell(RecordingStarted(at=self._now(), call=self.id, recording=recording))

    def _refuse(self, command: Command) -> None:
        """An offer for a caller who is out of the queue; one who is gone was told already."""
        if isinstance(command, OfferCall) and not self._over:
            self._tell(OfferEnded(at=self._now(), call=self.id, offer=command.offer, status="CANCEL"))

    async def dial(self, destination: str, ring_s: int) -> str:
        if not _DESTINATION.fullmatch(destination):
            log.error("call %s: not dialled: %r", self.id, destination)
            return "CHANUNAVAIL"
        # Dial takes the music over (`m`): the caller hears no ringing, and no gap. `g`: he comes back to us
        # when the agent hangs up.
        options = f"{destination},{max(1, min(ring_s, 300))},gm({self._house.music})"
        return await self._join("EXEC Dial", options, "DIALSTATUS") or "CHANUNAVAIL"

    async def _join(self, application: str, options: str, status: str) -> str:
        self._joining, self._connection.last = True, None
        reply = await self._connection.command(application, options, timeout_s=None)
        if reply.result == "-1":
            await self._really_gone()
        result = await self._recall(status)
        self._joining = False
        return result

    async def remember(self, name: str, value: str) -> None:
        await self._command("SET VARIABLE", name, value)

    async def _remember_all(self, **values: str) -> None:
        """Several values in one command, unless one of them could be misread there."""
        if all(map(_PLAIN.fullmatch, values.values())):
            await self._command("EXEC MSet", ",".join(f"{name}={value}" for name, value in values.items()))
        else:
            for name, value in values.items():
                await self.remember(name, value)

    # --- Commands ---

    async def _command(self, verb: str, *arguments: str | int, timeout_s: float = 10.0) -> Reply:
        reply = await self._connection.command(verb, *arguments, timeout_s=timeout_s)
        if reply.result == "-1":
            await self._really_gone()
        return reply

    async def _really_gone(self) -> None:
        """Asterisk says -1 when the caller hung up, a little before it says so by HANGUP or the end of the
        connection: wait for that. Where it doesn't come, the dialplan's rescue loop decides."""
        await asyncio.sleep(1.0)
        self._connection.abort()
        raise CallerGone

    async def _recall(self, name: str) -> str:
        return (await self._connection.command("GET VARIABLE", name)).data

    def _tell(self, event: Event) -> None:
        self._services.tell(event)

    def _now(self) -> float:
        return self._services.now()


def _server(uniqueid: str) -> str:
    found = _UNIQUEID.fullmatch(uniqueid)
    return (found[1] or "") if found else ""


def _somebody(text: str) -> str:
    return "" if text.lower() in _NOBODY else text[:NAME_CAP]


def _described(error: BaseException) -> str:
    if isinstance(error, ScriptBlocked):
        return "blocked the whole server, or looped without an end"
    return f"{type(error).__name__}: {error}"
