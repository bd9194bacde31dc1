"""The edge to Asterisk: a link to each server, its events translated, the center's commands carried out."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterable, Iterator
from functools import partial

import structlog

from contactcenter.ami.actions import Fields, endpoint
from contactcenter.ami.errors import AmiError, OutcomeUnknown
from contactcenter.ami.link import AmiLink
from contactcenter.ami.messages import Message
from contactcenter.ami.protocol import Tap
from contactcenter.ami.registrations import Registrations
from contactcenter.ami.server import AmiServer
from contactcenter.ami.state import Boot, Counters, LinkState, Status
from contactcenter.ami.translate import (
    Unreadable,
    check_channel,
    check_once,
    device_phone,
    legs_seen,
    translate,
)
from contactcenter.commands import (
    AddLeg,
    Command,
    CutSpeech,
    EndLeg,
    JoinLegs,
    MuteRecording,
    OpenLine,
    ParkLeg,
    PlaceCall,
    PlaceLeg,
    PointMonitor,
    RingMonitor,
    Room,
    StopRecording,
)
from contactcenter.dialer.campaigns import Detection
from contactcenter.events import (
    Event,
    LegEnded,
    LegStarted,
    PhoneSeen,
    RecordingMuted,
    ServerDown,
    ServerUp,
    Snapshot,
)
from contactcenter.values import MIXMONITOR

NEEDS = frozenset(
    {
        *("Hangup", "Redirect", "Bridge", "Originate", "Setvar", "PlayDTMF"),
        *("MixMonitorMute", "Getvar", "StopMixMonitor"),
        *("CoreShowChannels", "BridgeList", "DeviceStateList"),
    }
)
"""The actions that a manager user must be allowed to use; the least rights that work."""

SNAPSHOT_EVERY_S = 30.0
"""A missed event is found out after this time at the latest, even if the link never broke."""

LEGS = frozenset({"ChannelId", "Channel1", "Channel2"})
"""Headers that name a leg, as `Channel` does in every action but Originate."""
DIGITS = re.compile(r"[0-9]{1,15}")
SHOWN = re.compile(r"\+?[0-9]{1,20}")
NOT_THERE = 20
"""The Q.850 cause of a phone that is not registered: subscriber absent."""
BEGUN_S = 1.0
"""A leg that failed and that nobody has told of in this time has never begun."""
LINE_RING_MS = 30_000
MONITOR_RING_MS = 30_000
MOST_DETECTION = 60_000
"""No value of the detection of machines is higher: milliseconds, words, or a loudness."""
SOUND = re.compile(r"/[A-Za-z0-9/._-]{1,255}")
"""A sound file that one variable can name: without a comma, which would begin another variable, or `&`, which
would begin another sound."""
MODES = frozenset({"listen", "whisper", "barge"})
"""The extensions of the dialplan's [monitor]."""
LEG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""A leg's name: a Uniqueid that Asterisk gave, or a name that we gave. Never a pattern of channels."""

log = structlog.get_logger(__name__)


class AsteriskServers:
    """All the Asterisk servers that the configuration names.

    `tell` puts an event into the inbox, `now` is the center's clock, `tap(server)` gives a recorder of the
    raw messages of one server, or None. `sound(text)` is where Asterisk finds a campaign's message as a
    sound, empty if there is none.
    """

    def __init__(
        self,
        servers: Iterable[AmiServer],
        tell: Callable[[Event], None],
        now: Callable[[], float],
        tap: Callable[[str], Tap | None] = lambda server: None,
        sound: Callable[[str], str] = lambda text: "",
    ) -> None:
        self._tell = tell
        self._sound = sound
        self._now = now
        self._links: dict[str, AmiLink] = {}
        self._versions: dict[str, str] = {}
        self._asked: set[str] = set()
        """Legs of ours that were asked for and have not begun."""
        self._registrations = Registrations()
        self._tasks: set[asyncio.Task[None]] = set()
        for server in servers:
            self._links[server.name] = AmiLink(
                server,
                partial(self._hear, server.name),
                partial(self._link_changed, server.name),
                on_booted=partial(self._booted, server.name),
                tap=tap(server.name),
                clock=now,
            )

    async def start(self) -> None:
        """Begin to connect; whether and when it succeeds is told by `ServerUp`."""
        for link in self._links.values():
            link.connect()
        self._spawn(self._look_again())

    async def stop(self) -> None:
        """Close every link. Calls go on without us."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for link in self._links.values():
            await link.close()

    def status(self) -> list[dict[str, str | bool]]:
        """One entry a server, for `/readyz`."""
        return [
            {
                "name": name,
                "connected": link.state.status is Status.READY,
                "version": self._versions.get(name, ""),
                "reason": link.state.reason,
            }
            for name, link in self._links.items()
        ]

    def counters(self) -> dict[str, Counters]:
        """Running totals a server, for `/metrics`."""
        return {name: link.counters for name, link in self._links.items()}

    def carry(self, command: Command) -> None:
        """Carry a command out; what comes of it is heard from Asterisk."""
        match command:
            case EndLeg(server=server, leg=leg):
                self._spawn(self._act(server, {"Action": "Hangup", "Channel": leg, "Cause": "16"}))
            case MuteRecording():
                self._spawn(self._mute(command))
            case StopRecording():
                self._spawn(self._stop_recording(command))
            case PlaceLeg():
                self._spawn(self._place(command))
            case PlaceCall():
                self._spawn(self._place_call(command))
            case JoinLegs(server=server, leg=leg, other=other):
                self._spawn(self._act(server, {"Action": "Bridge", "Channel1": leg, "Channel2": other}))
            case AddLeg():
                self._spawn(self._add(command))
            case ParkLeg(server=server, leg=leg, room=room):
                self._spawn(self._act(server, {"Action": "Redirect", "Channel": leg} | _room(room)))
            case CutSpeech(server=server, leg=leg):
                # As if the caller had pressed a key: that ends what he hears, whatever it is.
                key = {"Digit": "#", "Receive": "true"}
                self._spawn(self._act(server, {"Action": "PlayDTMF", "Channel": leg} | key))
            case OpenLine(server=server, leg=leg, phone=phone):
                self._spawn(self._open_line(server, leg, phone))
            case RingMonitor():
                self._spawn(self._ring_monitor(command))
            case PointMonitor():
                self._spawn(self._point_monitor(command))
            case _:
                raise TypeError(f"not for Asterisk: {command!r}")

    async def _act(self, server: str, action: Fields) -> bool:
        """Send it; whether Asterisk is known to have taken it."""
        try:
            await self._send(server, action)
        except (AmiError, ValueError) as error:
            # Never again by itself: the next snapshot says what is true. A leg that ended in the same moment
            # can't be hung up, and need not be.
            say = log.info if action["Action"] == "Hangup" else log.warning
            say("asterisk_action_failed", server=server, action=action["Action"], error=str(error))
            return False
        return True

    async def _send(self, server: str, action: Fields) -> None:
        named = LEGS if action["Action"] == "Originate" else LEGS | {"Channel"}
        for header in named & action.keys():
            _leg(str(action[header]))
        await self._links[server].send(action)

    async def _mute(self, command: MuteRecording) -> None:
        """Both sides at once: who says a card number is not always the one who was asked."""
        failed = ""
        try:
            state = {"Direction": "both", "State": "1" if command.muted else "0"}
            await self._links[command.server].send(
                {"Action": "MixMonitorMute", "Channel": _leg(command.call)} | state
            )
        except (AmiError, ValueError) as error:
            failed = str(error) or type(error).__name__
            log.warning("recording_not_muted", server=command.server, call=command.call, error=failed)
        self._tell(
            RecordingMuted(
                at=self._now(),
                call=command.call,
                recording=command.recording,
                muted=command.muted,
                failed=failed,
            )
        )

    async def _stop_recording(self, command: StopRecording) -> None:
        """By Asterisk's name of it: the caller's session may have begun another by now, which goes on. It may
        also have ended this one, or never have begun it."""
        try:
            leg = _leg(command.call)
            variable = {"Variable": MIXMONITOR + _leg(command.recording)}
            link = self._links[command.server]
            reply = await link.send({"Action": "Getvar", "Channel": leg} | variable)
            if name := reply.response.get("Value"):
                await link.send({"Action": "StopMixMonitor", "Channel": leg, "MixMonitorID": name})
        except (AmiError, ValueError) as error:
            log.info("recording_not_stopped", server=command.server, call=command.call, error=str(error))

    async def _open_line(self, server: str, leg: str, phone: str) -> None:
        target = {**_room(Room.LINE), "Timeout": str(LINE_RING_MS), "CallerID": '"Line" <0>'}
        await self._ring(server, leg, phone, target)

    async def _place(self, command: PlaceLeg) -> None:
        target = {
            **_room(Room.GUEST),
            "Timeout": str(command.ring_s * 1000),
            "CallerID": _shown(command.shows),
        }
        await self._ring(
            command.server, command.leg, command.phone or f"{command.number}@{command.trunk}", target
        )

    async def _place_call(self, command: PlaceCall) -> None:
        """What a waiting caller's leg has is given to this one, too: it runs the same kind of session."""
        try:
            variables = {
                "CC_INTERACTION": _leg(command.interaction),
                "CC_QUEUE": _leg(command.queue),
                "CC_ENTERED": f"{command.entered_at:.6f}",
            }
            if command.dialled:
                variables["CC_ALONE"] = self._alone(command.message)
            if command.detection:
                variables["CC_AMD"] = _detection(command.detection)
        except ValueError as error:
            log.exception("asterisk_not_asked", server=command.server, reason=str(error))
            self._tell(LegEnded(at=self._now(), leg=command.leg, cause=NOT_THERE))
            return
        target = {
            "Context": "dialled" if command.dialled else "callback",
            "Exten": "s",
            "Timeout": str(command.ring_s * 1000),
            "CallerID": _shown(command.shows),
            "Variable": ",".join(f"{name}={value}" for name, value in variables.items()),
        }
        number = command.number.removeprefix("+")
        await self._ring(command.server, command.leg, f"{number}@{command.trunk}", target)

    def _alone(self, message: str) -> str:
        """What the dialplan does with who answers while we are not there: it says the message, or hangs up
        where there is none. What the campaign's text holds never gets into the dialplan."""
        sound = self._sound(message) if message else ""
        if sound and not SOUND.fullmatch(sound):
            log.warning("sound_not_sayable", path=sound, reason="a folder with an odd name")
            sound = ""
        return sound or "hangup"

    async def _add(self, command: AddLeg) -> None:
        """BridgeAdd takes the first leg whose id begins so. Ours are of one length; Asterisk's own end in a
        running number, which would need one digit more within the same second."""
        if not LEG.fullmatch(command.to):
            log.error("asterisk_not_asked", server=command.server, leg=command.to, reason="odd name of a leg")
            return
        name = {"Variable": "CC_WITH", "Value": command.to}
        target = {"Context": "room", "Exten": "together", "Priority": "1"}
        if await self._act(command.server, {"Action": "Setvar", "Channel": command.leg} | name):
            await self._act(command.server, {"Action": "Redirect", "Channel": command.leg} | target)

    async def _ring_monitor(self, command: RingMonitor) -> None:
        """The dialplan gets the leg itself: the name of a channel would be taken as the beginning of one."""
        target = {
            "Context": "monitor",
            "Exten": _mode(command.mode),
            "Timeout": str(MONITOR_RING_MS),
            "CallerID": '"Monitor" <0>',
            "Variable": f"CC_HEARS={_leg(command.hears)}",
        }
        await self._ring(command.server, command.leg, command.phone, target)

    async def _point_monitor(self, command: PointMonitor) -> None:
        hears = {"Variable": "CC_HEARS", "Value": _leg(command.hears)}
        target = {"Context": "monitor", "Exten": _mode(command.mode), "Priority": "1"}
        if await self._act(command.server, {"Action": "Setvar", "Channel": command.leg} | hears):
            await self._act(command.server, {"Action": "Redirect", "Channel": command.leg} | target)

    async def _ring(self, server: str, leg: str, phone: str, target: Fields) -> None:
        """Ring a phone, or `number@trunk`, under a leg's name of ours; who answers is at `target`."""
        number, at_trunk, trunk = phone.rpartition("@")
        try:
            called = f"PJSIP/{_number(number, at_trunk)}{at_trunk}{endpoint(trunk)}"
            self._asked.add(leg)
            originate = {"Action": "Originate", "Channel": called, "Priority": "1"}
            await self._send(server, {**originate, **target, "Async": "true", "ChannelId": leg})
        except OutcomeUnknown as error:
            # It may ring: who is there could be called twice, or left alone. The next snapshot knows.
            log.warning("asterisk_call_unknown", server=server, leg=leg, error=str(error))
        except (AmiError, ValueError) as error:
            log.warning("asterisk_call_failed", server=server, leg=leg, error=str(error))
            self._asked.discard(leg)
            self._tell(LegEnded(at=self._now(), leg=leg, cause=NOT_THERE))

    def _hear(self, server: str, message: Message) -> None:
        try:
            self._understand(server, message)
        except Unreadable as error:
            self._complain(server, message, error)

    def _complain(self, server: str, message: Message, error: Unreadable) -> None:
        """Counted, never guessed; the next snapshot says what is true."""
        self._links[server].counters.unreadable += 1
        log.warning("asterisk_event_unreadable", server=server, name=message.event, reason=str(error))

    def _understand(self, server: str, message: Message) -> None:
        check_once(message)
        if message.event == "OriginateResponse":
            # Where no channel came about there is no Hangup: this is all that is heard of our leg. Otherwise
            # the Hangup, before or after it, knows the cause; and a busy Asterisk may say that a call failed
            # before it says that it began.
            leg = message.get("Uniqueid", "")
            if message.response == "Failure" and leg in self._asked:
                self._spawn(self._never_began(leg))
            return
        if message.event == "ContactStatus":
            self._contact_changed(server, message)
            return
        event = translate(message, server, self._now())
        if isinstance(event, LegStarted):
            self._asked.discard(event.leg)
        if event:
            self._tell(event)

    async def _never_began(self, leg: str) -> None:
        await asyncio.sleep(BEGUN_S)
        if leg in self._asked:
            self._asked.discard(leg)
            self._tell(LegEnded(at=self._now(), leg=leg, cause=NOT_THERE))

    def _contact_changed(self, server: str, message: Message) -> None:
        phone = device_phone(f"PJSIP/{message.get('AOR', '')}")
        if not phone:
            return  # a trunk's
        contact, status, at = message.get("URI", ""), message.get("ContactStatus", ""), self._now()
        self._seen(phone, self._registrations.contact(server, phone, contact, status, at))

    def _seen(self, phone: str, reachable: bool | None) -> None:
        if reachable is not None:
            self._tell(PhoneSeen(at=self._now(), phone=phone, reachable=reachable))

    def _link_changed(self, server: str, state: LinkState) -> None:
        if state.status is Status.DOWN:
            self._tell(ServerDown(at=self._now(), server=server, reason=state.reason))

    async def _booted(self, server: str, boot: Boot) -> None:
        self._versions[server] = boot.version
        self._tell(ServerUp(at=self._now(), server=server, version=boot.version))
        await self._snapshot(server, restarted=boot.restarted)
        await self._phones(server)

    async def _snapshot(self, server: str, *, restarted: bool = False) -> None:
        asked_at = self._now()
        link = self._links[server]
        channels = await link.send({"Action": "CoreShowChannels"})
        # Later than the legs: a room whose last leg left meanwhile is not taken for a talk, see `legs_seen`.
        bridges = await link.send({"Action": "BridgeList"})
        legs = legs_seen(self._whole(server, channels.items), bridges.items)
        self._tell(Snapshot(at=self._now(), server=server, asked_at=asked_at, legs=legs, restarted=restarted))

    def _whole(self, server: str, items: Iterable[Message]) -> Iterator[Message]:
        """The items of a list that Asterisk wrote as they are."""
        for item in items:
            try:
                check_once(item)
                check_channel(item)
                yield item
            except Unreadable as error:
                self._complain(server, item, error)

    async def _phones(self, server: str) -> None:
        """Which phones are registered: those that did so before this link stood told nobody."""
        asked_at = self._now()
        reply = await self._links[server].send({"Action": "DeviceStateList"})
        for device in reply.items:
            if phone := device_phone(device["Device"]):
                self._seen(phone, self._registrations.listed(server, phone, device["State"], asked_at))

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(SNAPSHOT_EVERY_S)
            for name, link in self._links.items():
                if link.state.status is Status.READY:
                    try:
                        await self._snapshot(name)
                        await self._phones(name)
                    except (AmiError, KeyError) as error:
                        log.warning("snapshot_failed", server=name, error=str(error))

    def _spawn(self, work: Coroutine[object, object, object]) -> None:
        async def run() -> None:
            await work

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _shown(number: str) -> str:
    """The caller id that the far end is shown; an odd number is not shown."""
    shows = number if SHOWN.fullmatch(number) else "0"
    return f'"{shows}" <{shows}>'


def _room(room: Room) -> dict[str, str]:
    """A place in the waiting room, as Redirect and Originate name it."""
    return {"Context": "room", "Exten": room.value, "Priority": "1"}


def _number(number: str, at_trunk: str) -> str:
    """What is dialled over a trunk; a phone of ours is rung by its own name."""
    if not (DIGITS.fullmatch(number) if at_trunk else not number):
        raise ValueError(f"no number to call: {number!r}")
    return number


def _leg(name: str) -> str:
    """The name, if it can be a leg's; else a ValueError."""
    if not LEG.fullmatch(name):
        raise ValueError(f"odd name of a leg: {name!r}")
    return name


def _detection(detection: Detection) -> str:
    """The eight numbers of Asterisk's AMD, in its order; a ValueError for what is none."""
    values = (
        detection.initial_silence_ms,
        detection.greeting_ms,
        detection.after_greeting_silence_ms,
        detection.total_analysis_ms,
        detection.min_word_ms,
        detection.between_words_silence_ms,
        detection.max_words,
        detection.silence_threshold,
    )
    if not all(isinstance(value, int) and 0 < value <= MOST_DETECTION for value in values):
        raise ValueError(f"odd values of a detection: {values!r}")
    return "-".join(map(str, values))


def _mode(mode: str) -> str:
    if mode not in MODES:
        raise ValueError(f"no mode of a monitor: {mode!r}")
    return mode
