"""One caller's FastAGI session: one task, from the environment to the last command.

What must hold: `CallerLeft` is told exactly once, in the instant in which the connection says it, whatever
the script does; the session's very last act sets `CC_NEXT`, because the dialplan takes its absence for a
crash of this process (AGISTATUS is SUCCESS in both cases) and brings the caller back; and what a caller would
need to come back (interaction, queue, time of entry, what the script asked for) is on his leg before anybody
relies on it.
"""

import asyncio
import logging
import re
import uuid
from collections.abc import Callable

from contactcenter.agi import pyst
from contactcenter.agi.builtin import wait_for_agent
from contactcenter.agi.connection import CallerGone, CommandTimeout, Connection, Loss
from contactcenter.agi.loader import Script, line_in, run
from contactcenter.agi.prompts import Prompts
from contactcenter.agi.protocol import Environment, Reply
from contactcenter.agi.script import KEYS, NAME_CAP, Arrival, Call, Services, Wish, levels, minutes
from contactcenter.agi.stall import ScriptBlocked
from contactcenter.agi.texts import BUILT_IN, LANGUAGES, Speech, speech
from contactcenter.commands import (
    Announce,
    AnnounceRecording,
    JoinLeg,
    LeaveQueue,
    OfferCall,
    RunScript,
    WaitOn,
)
from contactcenter.events import (
    AnnouncementEnded,
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
from contactcenter.values import LONGEST_MESSAGE_S, MIXMONITOR, frozen

log = logging.getLogger(__name__)

PLAY_TIMEOUT_S = 180.0
"""For commands that play a sound: longer than any announcement."""

_PHONE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LEG = re.compile(r"[A-Za-z0-9_./:;@-]{0,150}")
_PLAIN = re.compile(r"[A-Za-z0-9_.-]*")
"""What MSet takes as it is: no comma, quote or backslash."""
_DESTINATION = re.compile(r"(?:PJSIP/[A-Za-z0-9_.+@:/-]{1,150}&?){1,20}(?<!&)")
_UNIQUEID = re.compile(r"(?:(.*)-)?\d+\.\d+")
_BRIDGED = {"SUCCESS": "ANSWER", "NONEXISTENT": "CHANUNAVAIL"}
"""BRIDGERESULT as DIALSTATUS."""
_SIP_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
"""A quoted pair of a SIP display name: Asterisk passes it on as it came."""
_NOBODY = {"unknown", "anonymous"}
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control characters, and those that turn the direction of writing."""

REFUSE_RECORDING = "9"
"""The key by which a caller refuses to be recorded; the announcement's text names it."""
SWEPT_S = "0.1"
"""Between two recordings of a leg: five frames, of which one would do."""
_RECORDING = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
"""A recording's name: made by us, and a file's name, so checked again."""

MESSAGE_SILENCE_S = 5
"""A message is over when nothing was said for so long; Asterisk cuts that off."""

WORD_S = 5.0
"""After a talk the center says at once what comes next; a caller is not left in silence for a bug of ours."""

Command = OfferCall | JoinLeg | WaitOn | RunScript | Announce | AnnounceRecording | LeaveQueue


class SentOn(BaseException):
    """The caller goes on with another number's script. No `Exception`: an author must not swallow it."""

    def __init__(self, did: str) -> None:
        super().__init__(did)
        self.did = did


class _Cut(Exception):
    """An agent is there, in the middle of what the waiting caller was told."""


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
        self._informing = self._cut = False
        self._queue = ""
        self._entered_at: float | None = None
        self._held_by = ""
        self._wish = Wish()
        """What a caller who comes back had asked for."""
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
            self._cut = self._informing and isinstance(command, OfferCall | JoinLeg)
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
        self._held_by = await self._recall("CC_HELD") if queue else ""
        self._recorded = await self._recall("CC_RECORDING") if queue else ""
        if queue:
            self._wish = _heard(*[await self._recall(name) for name in _told(Wish())])
        language = await self._recall("CC_LANGUAGE") if interaction else ""
        self._resumed = bool(self._resumed and interaction)
        arrival = self._announce(interaction or uuid.uuid4().hex, did, queue, language)
        script = self._script
        assert script  # noqa: S101 (set by _announce)
        if interaction and not self._resumed:
            # A phone sent the caller to another number: what he waited for before is over.
            await self._remember_all(CC_INTERACTION=arrival.interaction, CC_QUEUE="", CC_ENTERED="")
        elif not script.queues:
            await self.remember("CC_INTERACTION", arrival.interaction)
        return queue

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
                resumed=self._resumed,
                queue=queue,
                entered_at=self._entered_at,
                held_by=self._held_by,
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
        self._resumed, self._entered_at, self._held_by = False, None, ""
        await self._remember_all(CC_DID=did, CC_QUEUE="", CC_ENTERED="", CC_HELD="")
        self._announce(self._call.interaction, did, language=self._call.language)

    async def _run_script(self, resume_queue: str) -> str:
        call, script = self._call, self._script
        assert call  # noqa: S101 (set by _arrive)
        assert script  # noqa: S101
        try:
            self._budget = asyncio.timeout(self._services.limits.seconds)
            async with self._budget:
                if resume_queue:
                    return await wait_for_agent(call, resume_queue, self._wish)
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
        self._unless_cut()
        reply = await self._command("STREAM FILE", path, keys, timeout_s=PLAY_TIMEOUT_S)
        self._unless_cut()
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
            self._unless_cut()
            reply = await self._command("GET DATA", path, int(timeout_s * 1000), wanted, timeout_s=timeout)
            self._unless_cut()
            return typed + reply.result, reply.timed_out
        while len(typed) < limit:
            reply = await self._command("WAIT FOR DIGIT", int(timeout_s * 1000), timeout_s=timeout_s + 10)
            self._unless_cut()
            key = chr(int(reply.result or "0"))
            if key not in KEYS:
                return typed, True
            if key == "#":
                break
            typed += key
        return typed, False

    async def wait(self, queue: str, wish: Wish) -> str:
        if self._entered_at is None:
            self._entered_at = self._now()
        # With the interaction, for a caller of a script that queues him at once: one command brings it all.
        assert self._call  # noqa: S101 (set by _arrive)
        await self._remember_all(
            CC_INTERACTION=self._call.interaction,
            CC_ENTERED=f"{self._entered_at:.6f}",
            CC_QUEUE=queue,
            **_told(wish),
        )
        loop, until = asyncio.get_running_loop(), self._budget.when()
        left = until - loop.time() if until is not None else None
        if left is not None:
            self._budget.reschedule(None)
        self._waiting, self._queue = True, queue
        self._tell(
            CallQueued(
                at=self._now(),
                call=self.id,
                queue=queue,
                priority=wish.priority,
                needs=wish.needs,
                preferred=wish.agent,
            )
        )
        try:
            result = await self._until_served()
        finally:
            self._waiting = False
            while not self._commands.empty():
                self._refuse(self._commands.get_nowait())
            if left is not None:
                self._budget.reschedule(loop.time() + left)
        self._entered_at = None  # the center ended this wait; a further queue would be a further one
        await self.remember("CC_QUEUE", "")
        await self._unhold()
        return result

    async def _until_served(self) -> str:
        """Do what the center says until it gives the caller back to the script; returns by which exit.

        A talk that ended may only be parked (hold, transfer): the center knows, and says `WaitOn` or
        `LeaveQueue`, with a music in between that nobody would want to hear for an instant.
        """
        music, cut = True, False
        while True:
            if music and not cut:
                await self._command("SET MUSIC", "on", self._house.music)
            cut = False
            command = await self._next_command(None if music else WORD_S)
            match command:
                case LeaveQueue(exit=exit):
                    if music:
                        await self._command("SET MUSIC", "off")
                    return exit
                case WaitOn():
                    music, self._queue = True, command.queue
                    self._entered_at, self._held_by = command.entered_at, command.held_by
                    await self._remember_all(
                        CC_ENTERED=f"{self._entered_at:.6f}", CC_QUEUE=command.queue, CC_HELD=self._held_by
                    )
                case RunScript(did=did):
                    if music:
                        await self._command("SET MUSIC", "off")
                    raise SentOn(did)
                case Announce():
                    cut = await self._inform(command)
                case AnnounceRecording():
                    await self._announce_recording()
                case OfferCall() | JoinLeg():
                    status = await self._connect(command)
                    music = status != "ANSWER"
                    several = not music and isinstance(command, OfferCall) and len(command.phones) > 1
                    phone = await self._recall("DIALEDPEERNUMBER") if several else ""
                    self._tell(self._offer_ended(command, status, phone))

    async def _inform(self, told: Announce) -> bool:
        """Tell the caller how things stand, and let him choose another way; returns whether an agent cut it
        short."""
        assert self._call  # noqa: S101 (set by _arrive)
        self._informing, self._cut = True, False
        try:
            await self._command("SET MUSIC", "off")
            ways = told.ways
            if "message" in ways and not await self._services.may_record():
                ways = tuple(way for way in ways if way != "message")
            way = await self._call.how_things_stand(told.ahead, told.wait_s, ways)
            if way == "callback":
                await self._call.callback(queue=self._queue)
            elif way == "message":
                await self._call.message(queue=self._queue)
        except _Cut:
            pass
        finally:
            self._informing, cut, self._cut = False, self._cut, False
        self._tell(AnnouncementEnded(at=self._now(), call=self.id))
        return cut

    def _unless_cut(self) -> None:
        if self._cut:
            raise _Cut

    async def _next_command(self, within_s: float | None) -> Command:
        try:
            async with asyncio.timeout(within_s):
                return await self._commands.get()
        except TimeoutError:
            log.warning("call %s: not a word from the center after a talk", self.id)
            return LeaveQueue(call=self.id, exit="answered")

    async def _unhold(self) -> None:
        """Forget who had the caller on hold."""
        if self._held_by:
            self._held_by = ""
            await self.remember("CC_HELD", "")

    async def _connect(self, offer: OfferCall | JoinLeg) -> str:
        """Join the caller and the agent, and wait until they have talked; returns a DIALSTATUS.

        A leg that stands by itself (an agent's persistent line, one that was parked) comes back to its
        waiting room, and the caller back to us.
        """
        if isinstance(offer, JoinLeg):
            if not offer.leg or not _LEG.fullmatch(offer.leg):
                log.error("call %s: asked to join odd leg %r", self.id, offer.leg)
                return "CHANUNAVAIL"
            await self._record(offer.recording)
            await self._command("SET MUSIC", "off")
            await self._unhold()
            return _BRIDGED.get(await self._join("EXEC Bridge", offer.leg, "BRIDGERESULT"), "CONGESTION")
        phones = offer.phones
        if not phones or not all(map(_PHONE.fullmatch, phones)) or not _LEG.fullmatch(offer.line):
            log.error("call %s: offer of odd name: phones %r, line %r", self.id, phones, offer.line)
            return "CHANUNAVAIL"
        await self._record(offer.recording)
        if not offer.line:
            return await self.dial("&".join(f"PJSIP/{phone}" for phone in phones), offer.ring_s)
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
        while the caller is in no bridge (`b`). Asterisk puts the files into its folder for recordings.

        What is recorded stands on the leg: after a crash of this process it goes on in the same files. So
        does Asterisk's name of it (`i`), by which it is ended.
        """
        if recording == self._recorded:
            return
        if self._recorded or self._resumed:
            await self._command("EXEC StopMixMonitor")
            # Asterisk 22.10 would compare the next partner's RTP with the last one's sequence numbers, and
            # drop what seems older: let the music's frames sweep that out first.
            await self._command("EXEC Wait", SWEPT_S)
        self._recorded = ""
        if not _RECORDING.fullmatch(recording):
            if recording:
                log.error("call %s: odd name of a recording: %r", self.id, recording)
            recording = ""
        await self.remember("CC_RECORDING", recording)
        if not recording:
            return
        options = f",br({recording}-caller.ulaw)t({recording}-agent.ulaw)i({MIXMONITOR}{recording})"
        if (await self._command("EXEC MixMonitor", options)).result != "0":
            log.error("call %s: Asterisk can't record: is app_mixmonitor loaded?", self.id)
            return
        self._recorded = recording
        self._tell(RecordingStarted(at=self._now(), call=self.id, recording=recording))

    def _refuse(self, command: Command) -> None:
        """An offer for a caller who is out of the queue; one who is gone was told already."""
        if isinstance(command, OfferCall | JoinLeg) and not self._over:
            self._tell(self._offer_ended(command, "CANCEL"))

    def _offer_ended(self, command: OfferCall | JoinLeg, status: str, phone: str = "") -> OfferEnded:
        leg = command.leg if isinstance(command, JoinLeg) else ""
        return OfferEnded(
            at=self._now(), call=self.id, offer=command.offer, status=status, phone=phone, leg=leg
        )

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

    async def record(self, name: str) -> float | None:
        # Asterisk's folder for recordings as it sees it itself: it may be in a container.
        spool = await self._recall("ASTSPOOLDIR")
        self._unless_cut()
        if not _RECORDING.fullmatch(name) or not spool:
            log.error("call %s: no message: recording %r, Asterisk's spool %r", self.id, name, spool)
            return None
        path = f"{spool}/monitor/{name}-caller"
        longest_ms = round(LONGEST_MESSAGE_S * 1000)
        reply = await self._connection.command(
            "RECORD FILE", path, "ulaw", "#", longest_ms, "BEEP", f"s={MESSAGE_SILENCE_S}",
            timeout_s=LONGEST_MESSAGE_S + 30,
        )  # fmt: skip
        self._unless_cut()
        if reply.result == "-1" and reply.data != "writefile":
            await self._really_gone()
        if reply.result == "-1":
            log.error("call %s: Asterisk can't write %s.ulaw", self.id, path)
            return None
        return reply.endpos / 8000

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


def _told(wish: Wish) -> dict[str, str]:
    """A wish as variables of the leg."""
    return {
        "CC_PRIORITY": f"{wish.priority:g}",
        "CC_NEEDS": "-".join(f"{need.skill}.{need.level}" for need in wish.needs),
        "CC_AGENT": wish.agent,
    }


def _heard(priority: str, needs: str, agent: str) -> Wish:
    """The wish in a leg's variables; one that can't be read (of another version's) is none."""
    try:
        skills = dict(each.split(".") for each in needs.split("-")) if needs else {}
        return Wish(
            priority=minutes(float(priority or 0)),
            needs=levels({skill: int(level) for skill, level in skills.items()}),
            agent=agent,
        )
    except ValueError:
        log.warning("odd wish on a leg: priority %r, needs %r", priority, needs)
        return Wish(agent=agent)


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
