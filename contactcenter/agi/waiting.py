"""One caller's waits in a queue, from his session's side: what the center says to him, until he is served.

The center gives its commands one after the other, and each is done to its end, a talk included. Only an agent
cuts short what the caller is being told. What a caller would need to come back (queue, time of entry, what
the script asked for) is on his leg before anybody relies on it.
"""

import asyncio
import logging
import re

from contactcenter.agi.connection import CallerGone, CommandTimeout
from contactcenter.agi.leg import PLAY_TIMEOUT_S, RECORDING, Leg
from contactcenter.agi.prompts import Prompts
from contactcenter.agi.script import Call, Services, Wish, levels, minutes
from contactcenter.agi.texts import BUILT_IN, notice, speech
from contactcenter.commands import (
    Announce,
    AnnounceRecording,
    JoinLeg,
    LeaveQueue,
    OfferCall,
    RunScript,
    SayNotice,
    WaitOn,
)
from contactcenter.events import (
    AnnouncementEnded,
    CallQueued,
    DialledAnswered,
    Event,
    NoticeBegan,
    NoticeEnded,
    OfferEnded,
    OptOutAsked,
    RecordingAnnounced,
    RecordingStarted,
)
from contactcenter.values import MIXMONITOR

log = logging.getLogger(__name__)

_PHONE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LEG = re.compile(r"[A-Za-z0-9_./:;@-]{0,150}")
_BRIDGED = {"SUCCESS": "ANSWER", "NONEXISTENT": "CHANUNAVAIL"}
"""BRIDGERESULT as DIALSTATUS."""

REFUSE_RECORDING = "9"
"""The key by which a caller refuses to be recorded; the announcement's text names it."""
SWEPT_S = "0.1"
"""Between two recordings of a leg: five frames, of which one would do."""

WORD_S = 5.0
"""After a talk the center says at once what comes next; a caller is not left in silence for a bug of ours."""

GREETING_OVER = "1500,1,30"
"""A machine has said its greeting when it is silent for 1.5 s, once; after 30 s we wait no longer."""
GREETING_S = 45.0
SAVED_S = 10.0
"""How long who has pressed the key waits for the word that it is kept."""

Command = OfferCall | JoinLeg | WaitOn | RunScript | Announce | AnnounceRecording | LeaveQueue | SayNotice


class SentOn(BaseException):
    """The caller goes on with another number's script. No `Exception`: an author must not swallow it."""

    def __init__(self, did: str) -> None:
        super().__init__(did)
        self.did = did


class Cut(Exception):
    """An agent is there, in the middle of what the waiting caller was told."""


class Waiting:
    """What one session knows of its caller's wait and talks."""

    def __init__(self, leg: Leg, services: Services, prompts: Prompts) -> None:
        self._leg = leg
        self._services = services
        self._prompts = prompts
        self._commands: asyncio.Queue[Command] = asyncio.Queue()
        self._waits = False
        self._informing = self._cut = False
        self._recorded = ""
        """The recording that Asterisk writes of this leg at this session's word; empty: none."""
        self._queue = ""
        self._alone = False
        """We called him, and a crash of this process ends the call."""
        self.entered_at: float | None = None
        self.held_by = ""
        self.wish = Wish()
        """What a caller who comes back had asked for."""

    def carry(self, command: Command) -> None:
        """A command of the center, in the order in which it gave them."""
        if self._waits:
            self._commands.put_nowait(command)
            self._cut = self._informing and isinstance(command, OfferCall | JoinLeg)
        else:
            # The script has moved on in the same instant; the center must not wait for this agent's ring.
            self._refuse(command)

    async def recall(self) -> str:
        """What stands on the leg of a wait that broke off; returns its queue, or nothing."""
        queue = await self._leg.recall("CC_QUEUE")
        if queue:
            entered = await self._leg.recall("CC_ENTERED")
            self.entered_at = float(entered) if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", entered) else None
            self.held_by = await self._leg.recall("CC_HELD")
            self._recorded = await self._leg.recall("CC_RECORDING")
            self.wish = _heard(*[await self._leg.recall(name) for name in _told(Wish())])
        return queue

    def forget(self) -> None:
        """What he waited for before is over."""
        self.entered_at, self.held_by = None, ""

    async def serve(self, call: Call, queue: str, wish: Wish) -> str:
        """Wait in the queue, and through the talks; returns by which exit it ended. Raises `SentOn`."""
        if self.entered_at is None:
            self.entered_at = self._services.now()
        # With the interaction, for a caller of a script that queues him at once: one command brings it all.
        await self._leg.remember_all(
            CC_INTERACTION=call.interaction,
            CC_ENTERED=f"{self.entered_at:.6f}",
            CC_QUEUE=queue,
            **_told(wish),
        )
        queued = CallQueued(
            at=self._services.now(),
            call=self._leg.id,
            queue=queue,
            priority=wish.priority,
            needs=wish.needs,
            preferred=wish.agent,
        )
        result = await self._wait(call, queue, queued)
        self.entered_at = None  # the center ended this wait; a further queue would be a further one
        await self._leg.remember("CC_QUEUE", "")
        await self._unhold()
        return result

    async def serve_dialled(self, call: Call, queue: str, answered: DialledAnswered) -> str:
        """Wait for what becomes of one whom we have called; returns by which exit it ended. Raises `SentOn`.

        He hears no music: an agent or a message comes within two seconds.
        """
        self._alone = True
        return await self._wait(call, queue, answered, music=False)

    async def _wait(self, call: Call, queue: str, told: Event, *, music: bool = True) -> str:
        self._waits, self._queue = True, queue
        self._services.tell(told)
        try:
            return await self._until_served(call, quiet=not music)
        finally:
            self._waits = False
            while not self._commands.empty():
                self._refuse(self._commands.get_nowait())

    async def _until_served(self, call: Call, *, quiet: bool = False) -> str:
        """Do what the center says until it gives the caller back to the script; returns by which exit.

        A talk that ended may only be parked (hold, transfer): the center knows, and says `WaitOn` or
        `LeaveQueue`, with a music in between that nobody would want to hear for an instant.
        """
        music, cut = True, quiet
        while True:
            if music and not cut:
                await self._leg.command("SET MUSIC", "on", self._leg.music)
            cut = False
            command = await self._next_command(None if music else WORD_S)
            match command:
                case LeaveQueue(exit=exit):
                    if music:
                        await self._leg.command("SET MUSIC", "off")
                    return exit
                case WaitOn():
                    music, self._queue = True, command.queue
                    self.entered_at, self.held_by = command.entered_at, command.held_by
                    await self._leg.remember_all(
                        CC_ENTERED=f"{self.entered_at:.6f}", CC_QUEUE=command.queue, CC_HELD=self.held_by
                    )
                case RunScript(did=did):
                    await self._not_alone()
                    if music:
                        await self._leg.command("SET MUSIC", "off")
                    raise SentOn(did)
                case SayNotice():
                    if not quiet:
                        await self._leg.command("SET MUSIC", "off")
                    return await self._say_notice(command)
                case Announce():
                    cut = await self._inform(call, command)
                case AnnounceRecording():
                    await self._announce_recording(call)
                case OfferCall() | JoinLeg():
                    await self._not_alone()
                    status = await self._connect(command)
                    music = status != "ANSWER"
                    several = not music and isinstance(command, OfferCall) and len(command.phones) > 1
                    phone = await self._leg.recall("DIALEDPEERNUMBER") if several else ""
                    self._tell_end(command, status, phone)

    async def _not_alone(self) -> None:
        """From now on a crash of this process is to bring him back, like any caller."""
        if self._alone:
            self._alone = False
            await self._leg.remember("CC_ALONE", "")

    async def _say_notice(self, command: SayNotice) -> str:
        """Say the campaign's message, to a machine after its greeting; who presses the key is told when it is
        kept that he wants no more calls. Returns how it ended."""
        whole, key, now = False, "", self._services.now
        try:
            said = notice(command.text)
            path = await self._prompts.path(said)
            if command.machine:
                await self._leg.command("EXEC WaitForSilence", GREETING_OVER, timeout_s=GREETING_S)
            self._services.tell(NoticeBegan(at=now(), call=self._leg.id))
            reply = await self._leg.command("STREAM FILE", path, command.key, timeout_s=PLAY_TIMEOUT_S)
            key = chr(int(reply.result)) if reply.result not in ("", "0") else ""
            whole = not key and reply.endpos > 0
            if key and await self._opted_out():
                path = await self._prompts.path(speech(BUILT_IN, "opted_out", said.language, {}))
                await self._leg.command("STREAM FILE", path, "", timeout_s=PLAY_TIMEOUT_S)
        except (CallerGone, CommandTimeout):
            raise
        except Exception:
            log.exception("call %s: the campaign's message could not be said", self._leg.id)
        self._services.tell(NoticeEnded(at=now(), call=self._leg.id, whole=whole))
        return "opted_out" if key else "notice"

    async def opt_out(self) -> bool:
        """In a script: whoever wants no more calls is on the list when this returns True."""
        self._waits = True
        try:
            return await self._opted_out()
        finally:
            self._waits = False

    async def _opted_out(self) -> bool:
        """Whether the number is on the list, as far as is said in time: it is told that it was asked for, and
        that is not lost."""
        self._services.tell(OptOutAsked(at=self._services.now(), call=self._leg.id))
        try:
            async with asyncio.timeout(SAVED_S):
                while True:
                    command = await self._commands.get()
                    if isinstance(command, LeaveQueue):
                        return command.exit == "opted_out"
        except TimeoutError:
            log.warning("call %s: wants no more calls, and nobody says that it is kept", self._leg.id)
            return False

    async def _inform(self, call: Call, told: Announce) -> bool:
        """Tell the caller how things stand, and let him choose another way; returns whether an agent cut it
        short."""
        self._informing, self._cut = True, False
        try:
            await self._leg.command("SET MUSIC", "off")
            ways = told.ways
            if "message" in ways and not await self._services.may_record():
                ways = tuple(way for way in ways if way != "message")
            way = await call.how_things_stand(told.ahead, told.wait_s, ways)
            if way == "callback":
                await call.callback(queue=self._queue)
            elif way == "message":
                await call.message(queue=self._queue)
        except Cut:
            pass
        finally:
            self._informing, cut, self._cut = False, self._cut, False
        self._services.tell(AnnouncementEnded(at=self._services.now(), call=self._leg.id))
        return cut

    def unless_cut(self) -> None:
        """Raises `Cut` when an agent is there."""
        if self._cut:
            raise Cut

    async def _next_command(self, within_s: float | None) -> Command:
        try:
            async with asyncio.timeout(within_s):
                return await self._commands.get()
        except TimeoutError:
            log.warning("call %s: not a word from the center after a talk", self._leg.id)
            return LeaveQueue(call=self._leg.id, exit="answered")

    async def _unhold(self) -> None:
        """Forget who had the caller on hold."""
        if self.held_by:
            self.held_by = ""
            await self._leg.remember("CC_HELD", "")

    async def _connect(self, offer: OfferCall | JoinLeg) -> str:
        """Join the caller and the agent, and wait until they have talked; returns a DIALSTATUS.

        A leg that stands by itself (an agent's persistent line, one that was parked) comes back to its
        waiting room, and the caller back to us.
        """
        if isinstance(offer, JoinLeg):
            if not offer.leg or not _LEG.fullmatch(offer.leg):
                log.error("call %s: asked to join odd leg %r", self._leg.id, offer.leg)
                return "CHANUNAVAIL"
            await self._record(offer.recording)
            await self._leg.command("SET MUSIC", "off")
            await self._unhold()
            return _BRIDGED.get(await self._leg.join("EXEC Bridge", offer.leg, "BRIDGERESULT"), "CONGESTION")
        phones = offer.phones
        if not phones or not all(map(_PHONE.fullmatch, phones)) or not _LEG.fullmatch(offer.line):
            log.error("call %s: offer of odd name: phones %r, line %r", self._leg.id, phones, offer.line)
            return "CHANUNAVAIL"
        await self._record(offer.recording)
        if not offer.line:
            return await self._leg.dial("&".join(f"PJSIP/{phone}" for phone in phones), offer.ring_s)
        await self._leg.command("SET MUSIC", "off")
        return _BRIDGED.get(await self._leg.join("EXEC Bridge", offer.line, "BRIDGERESULT"), "CONGESTION")

    async def _announce_recording(self, call: Call) -> None:
        """Tell the caller, who may refuse by a key. Whatever goes wrong, he waits on and is served."""
        heard, key = False, ""
        await self._leg.command("SET MUSIC", "off")
        try:
            path = await self._prompts.path(speech(BUILT_IN, "recording_notice", call.language, {}))
            reply = await self._leg.command("STREAM FILE", path, REFUSE_RECORDING, timeout_s=PLAY_TIMEOUT_S)
            key = chr(int(reply.result)) if reply.result not in ("", "0") else ""
            heard = bool(key or reply.endpos)
        except (CallerGone, CommandTimeout):
            raise
        except Exception:
            log.exception("call %s: the announcement of the recording could not be made", self._leg.id)
        if not heard:
            log.error("call %s: not told of the recording, so not recorded", self._leg.id)
        refused = key == REFUSE_RECORDING
        self._services.tell(
            RecordingAnnounced(at=self._services.now(), call=self._leg.id, heard=heard, refused=refused)
        )

    async def _record(self, recording: str) -> None:
        """Have Asterisk write both sides of the next talk, each into a file of its own; nothing is written
        while the caller is in no bridge (`b`). Asterisk puts the files into its folder for recordings.

        What is recorded stands on the leg: after a crash of this process it goes on in the same files. So
        does Asterisk's name of it (`i`), by which it is ended.
        """
        if recording == self._recorded:
            return
        if self._recorded or self._leg.resumed:
            await self._leg.command("EXEC StopMixMonitor")
            # Asterisk 22.10 would compare the next partner's RTP with the last one's sequence numbers, and
            # drop what seems older: let the music's frames sweep that out first.
            await self._leg.command("EXEC Wait", SWEPT_S)
        self._recorded = ""
        if not RECORDING.fullmatch(recording):
            if recording:
                log.error("call %s: odd name of a recording: %r", self._leg.id, recording)
            recording = ""
        await self._leg.remember("CC_RECORDING", recording)
        if not recording:
            return
        options = f",br({recording}-caller.ulaw)t({recording}-agent.ulaw)i({MIXMONITOR}{recording})"
        if (await self._leg.command("EXEC MixMonitor", options)).result != "0":
            log.error("call %s: Asterisk can't record: is app_mixmonitor loaded?", self._leg.id)
            return
        self._recorded = recording
        self._services.tell(RecordingStarted(at=self._services.now(), call=self._leg.id, recording=recording))

    def _refuse(self, command: Command) -> None:
        """An offer for a caller who is out of the queue; one who is gone was told already."""
        if isinstance(command, OfferCall | JoinLeg) and not self._leg.over:
            self._tell_end(command, "CANCEL")

    def _tell_end(self, command: OfferCall | JoinLeg, status: str, phone: str = "") -> None:
        self._services.tell(
            OfferEnded(
                at=self._services.now(),
                call=self._leg.id,
                offer=command.offer,
                status=status,
                phone=phone,
                leg=command.leg if isinstance(command, JoinLeg) else "",
            )
        )


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
