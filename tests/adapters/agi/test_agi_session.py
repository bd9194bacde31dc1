"""One caller's session: what it tells, what it leaves on the leg, and how it ends, whatever happens."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contactcenter.agi import session as session_module
from contactcenter.agi import waiting
from contactcenter.agi.script import Limits
from contactcenter.agi.server import Route
from contactcenter.commands import (
    Announce,
    JoinLeg,
    LeaveQueue,
    MakeNotices,
    OfferCall,
    RunScript,
    SayNotice,
    WaitOn,
)
from contactcenter.events import (
    AnnouncementEnded,
    CallArrived,
    CallbackAsked,
    CallerLeft,
    CallQueued,
    DialledAnswered,
    MessageAsked,
    MessageLeft,
    MessageStarted,
    NodeVisited,
    NoticeBegan,
    NoticeEnded,
    OfferEnded,
    OptOutAsked,
    RecordingStarted,
    ScriptEnded,
    ScriptFailed,
)
from contactcenter.routing.skills import Need
from tests.support.fake_agi import FakeChannel

CALL = "pbx1-1700000000.1"
HOTLINE = Path("dialplans/ivr/hotline.py")
Started = Callable[..., Any]


def offer(number: int, **changes: Any) -> OfferCall:
    return OfferCall(**{"call": CALL, "offer": f"o{number}", "phones": ("101",), "ring_s": 20} | changes)


async def in_queue(d: Any, channel: FakeChannel) -> asyncio.Task[None]:
    """The channel's task, once its caller waits."""
    task = asyncio.create_task(channel.run(d.server.port))
    await channel.until("SET", "MUSIC", "on")
    return task


async def test_straight_into_a_queue(desk: Started) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="4002", name="x" * 10_000, path="inbound?server=pbx7")
        await in_queue(d, channel)
        arrived = await d.event(CallArrived)
        assert (arrived.call, arrived.did, arrived.caller) == (CALL, "4002", "13800001111")
        assert arrived.server == "pbx7"
        assert arrived.caller_name == "x" * 200
        assert not arrived.resumed
        queued = await d.event(CallQueued)
        assert queued.queue == "support"
        # All that brings him back comes onto his leg at once.
        first = next(command for command in channel.commands if command[0] != "GET")
        assert first[:2] == ["EXEC", "MSet"]
        assert first[2].startswith(f"CC_INTERACTION={arrived.interaction},CC_ENTERED=")
        assert channel.variables["CC_INTERACTION"] == arrived.interaction
        assert channel.variables["CC_QUEUE"] == "support"
        assert float(channel.variables["CC_ENTERED"]) > 0
        assert channel.variables["CC_DID"] == "4002"
        assert "CC_NEXT" not in channel.variables
        await channel.hang_up()
        await d.event(CallerLeft)


async def test_offers_until_one_is_answered(desk: Started) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="4002")
        statuses = iter(["NOANSWER", "BUSY", "ANSWER"])

        def dial(words: list[str]) -> str:
            channel.variables["DIALSTATUS"] = next(statuses)
            return "200 result=0"

        channel.answers["EXEC Dial"] = dial
        task = await in_queue(d, channel)
        for number in (1, 2):
            d.server.carry(offer(number))
            await d.event(OfferEnded, number)
            await channel.until("SET", "MUSIC", "on")
        d.server.carry(offer(3))
        await d.event(OfferEnded, 3)
        d.server.carry(LeaveQueue(call=CALL, exit="answered"))
        await task
        assert [(ended.offer, ended.status) for ended in d.all(OfferEnded)] == [
            ("o1", "NOANSWER"),
            ("o2", "BUSY"),
            ("o3", "ANSWER"),
        ]
        assert ["EXEC", "Dial", "PJSIP/101,20,gm(default)"] in channel.commands
        # Music again directly after each missed offer.
        for at, command in enumerate(channel.commands):
            if command[:2] == ["EXEC", "Dial"] and at < len(channel.commands) - 5:
                assert channel.commands[at + 2][:3] == ["SET", "MUSIC", "on"]
        assert d.all(ScriptEnded)[0].result == "answered"
        assert not d.all(CallerLeft)
        assert channel.commands[-1] == ["SET", "VARIABLE", "CC_NEXT", "hangup"]


DIALLED = "dial-1785000000000-000001"
CAUSES = "dialled?interaction=i1&queue=sales&heard={heard}&cause={cause}"


def dialled(heard: str = "HUMAN", cause: str = "HUMAN-800-800", **fields: Any) -> FakeChannel:
    """The channel of somebody whom we called, and who has answered."""
    path = CAUSES.format(heard=heard, cause=cause)
    channel = FakeChannel(DIALLED, extension="s", path=path, variables={"CC_ALONE": "hangup"}, **fields)

    def bridge(words: list[str]) -> str:
        channel.variables["BRIDGERESULT"] = "SUCCESS"
        return "200 result=0"

    channel.answers["EXEC Bridge"] = bridge
    channel.answers["EXEC WaitForSilence"] = lambda words: "200 result=0"
    return channel


@pytest.mark.parametrize(
    ("heard", "cause", "says", "ago"),
    [
        ("HUMAN", "HUMAN-800-800", "human", 0.8),
        ("HUMAN", "HUMAN-1220-800", "human", 1.22),
        ("MACHINE", "MAXWORDS-3-3", "machine", None),
        ("NOTSURE", "TOOLONG-5000", "unsure", None),
        ("HANGUP", "", "unsure", None),
        ("", "", "", None),
        ("HUMAN", "HUMAN-9999999-800", "human", None),
    ],
)
async def test_what_was_heard_of_who_answers(
    desk: Started, heard: str, cause: str, says: str, ago: float | None
) -> None:
    async with desk() as d:
        channel = dialled(heard, cause)
        task = asyncio.create_task(channel.run(d.server.port))
        answered = await d.event(DialledAnswered)
        assert (answered.call, answered.heard) == (DIALLED, says)
        if ago is None:
            assert answered.greeting_ended_at is None
        else:
            assert answered.at - answered.greeting_ended_at == pytest.approx(ago)
        d.server.carry(LeaveQueue(call=DIALLED, exit="machine"))
        await task
        assert not channel.had("SET", "MUSIC", "on"), "nobody hears music"
        assert channel.variables["CC_NEXT"] == "hangup"
        assert not d.all(CallArrived)


async def test_who_answers_has_the_line_and_is_then_like_any_caller(desk: Started) -> None:
    async with desk() as d:
        channel = dialled()
        task = asyncio.create_task(channel.run(d.server.port))
        await d.event(DialledAnswered)
        d.server.carry(offer(1, call=DIALLED, line="line-r1"))
        assert (await d.event(OfferEnded)).status == "ANSWER"
        assert channel.variables["CC_ALONE"] == "", "a crash of ours brings him back from now on"
        alone = channel.commands.index(["SET", "VARIABLE", "CC_ALONE", ""])
        assert alone < channel.commands.index(["EXEC", "Bridge", "line-r1"])
        d.server.carry(LeaveQueue(call=DIALLED, exit="answered"))
        await task


async def test_the_message_is_said_and_its_end_is_told(desk: Started) -> None:
    async with desk() as d:
        channel = dialled()
        task = asyncio.create_task(channel.run(d.server.port))
        await d.event(DialledAnswered)
        d.server.carry(SayNotice(call=DIALLED, text="Who calls", key="9"))
        await task
        assert (await d.event(NoticeEnded)).whole
        assert d.all(NoticeBegan)
        assert channel.variables["CC_ALONE"] == "hangup"
        assert not d.all(OptOutAsked)


async def test_whom_the_rescue_loop_brought_back_hears_the_message_without_music(desk: Started) -> None:
    variables = {"CC_INTERACTION": DIALLED, "CC_QUEUE": "sales", "CC_ENTERED": "1785000000.5"}
    async with desk() as d:
        channel = FakeChannel(DIALLED, extension="s", path="resume?server=pbx7", variables=variables)
        task = await in_queue(d, channel)
        arrived = await d.event(CallArrived)
        assert (arrived.call, arrived.server, arrived.queue) == (DIALLED, "pbx7", "sales")
        d.server.carry(SayNotice(call=DIALLED, text="Who calls", key="9"))
        await task
        assert (await d.event(NoticeEnded)).whole
        ends = channel.commands.index(["SET", "MUSIC", "off"])
        assert ends < [command[0] for command in channel.commands].index("STREAM")


async def test_the_key_is_kept_before_the_call_ends(desk: Started) -> None:
    async with desk() as d:
        channel = dialled(keys="9")
        task = asyncio.create_task(channel.run(d.server.port))
        await d.event(DialledAnswered)
        d.server.carry(SayNotice(call=DIALLED, text="Who calls", key="9"))
        await d.event(OptOutAsked)
        assert "CC_NEXT" not in channel.variables
        said = len([command for command in channel.commands if command[0] == "STREAM"])
        d.server.carry(LeaveQueue(call=DIALLED, exit="opted_out"))
        await task
        assert len([command for command in channel.commands if command[0] == "STREAM"]) == said + 1
        assert not (await d.event(NoticeEnded)).whole


@pytest.mark.parametrize(("exit", "says"), [("opted_out", True), ("not_called", False)])
async def test_a_script_puts_who_wants_no_more_calls_on_the_list(
    desk: Started, script: Callable[[str], Path], exit: str, says: bool
) -> None:
    path = script("async def script(call):\n    return f'{await call.opt_out()}'\n")
    async with desk(dids={"4050": Route(script=path)}) as d:
        channel = dialled()
        task = asyncio.create_task(channel.run(d.server.port))
        await d.event(DialledAnswered)
        d.server.carry(RunScript(call=DIALLED, did="4050"))
        await d.event(OptOutAsked)
        assert not d.all(ScriptEnded), "it goes on when the number is kept"
        d.server.carry(LeaveQueue(call=DIALLED, exit=exit))
        await task
        assert (await d.event(ScriptEnded)).result == f"{says}"


async def test_a_machine_is_spoken_to_after_its_greeting(desk: Started) -> None:
    async with desk() as d:
        channel = dialled("MACHINE", "LONGGREETING-1500-1500")
        task = asyncio.create_task(channel.run(d.server.port))
        await d.event(DialledAnswered)
        d.server.carry(SayNotice(call=DIALLED, text="Call us", machine=True))
        await task
        verbs = [command[:2] for command in channel.commands]
        assert verbs.index(["EXEC", "WaitForSilence"]) < verbs.index(["STREAM", "FILE"])


async def test_a_message_that_can_not_be_made_ends_the_call_all_the_same(desk: Started) -> None:
    async with desk(engines={}) as d:
        channel = dialled()
        task = asyncio.create_task(channel.run(d.server.port))
        await d.event(DialledAnswered)
        d.server.carry(SayNotice(call=DIALLED, text="Who calls"))
        await task
        assert not (await d.event(NoticeEnded)).whole
        assert not d.all(NoticeBegan)


async def test_who_hangs_up_in_the_message_is_told_of_once(desk: Started) -> None:
    async with desk() as d:
        channel = dialled()
        channel.answers["STREAM FILE"] = lambda words: None
        task = asyncio.create_task(channel.run(d.server.port))
        await d.event(DialledAnswered)
        d.server.carry(SayNotice(call=DIALLED, text="Who calls"))
        await channel.until("STREAM", "FILE")
        await channel.hang_up()
        await task
        assert [each.call for each in d.all(CallerLeft)] == [DIALLED]
        assert not d.all(CallArrived)


async def test_an_announcement_goes_on_with_a_script_of_ours(desk: Started) -> None:
    async with desk() as d:
        channel = dialled()
        task = asyncio.create_task(channel.run(d.server.port))
        await d.event(DialledAnswered)
        d.server.carry(RunScript(call=DIALLED, did="4003"))
        assert (await d.event(CallArrived)).did == "4003"
        assert (await d.event(CallQueued)).queue == "sales"
        assert channel.variables["CC_ALONE"] == ""
        d.server.carry(LeaveQueue(call=DIALLED, exit="answered"))
        await task


async def test_messages_are_made_before_somebody_hears_them(desk: Started) -> None:
    async with desk() as d:
        d.server.carry(MakeNotices(texts=("Who calls", "谁来电")))
        async with asyncio.timeout(5):
            while d.server._making:
                await asyncio.sleep(0)
        made = list((d.server._prompts._static).glob("*.ulaw"))
        assert len(made) == 2
        sounds = {d.server.sound_of("Who calls"), d.server.sound_of("谁来电")}
        assert sounds == {str(file.with_suffix("")) for file in made}


def told(*ways: str, ahead: int = 3, wait_s: float | None = 130.0) -> Announce:
    return Announce(call=CALL, ahead=ahead, wait_s=wait_s, ways=ways)


async def test_a_waiting_caller_is_told_and_hears_music_again(desk: Started) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="4002")
        await in_queue(d, channel)
        before = len(channel.commands)
        d.server.carry(told("callback"))
        await d.event(AnnouncementEnded)
        await channel.until("SET", "MUSIC", "off")
        async with asyncio.timeout(5):
            while not channel.music:
                await asyncio.sleep(0)
        said = [" ".join(command[:2]) for command in channel.commands[before:]]
        assert said == ["SET MUSIC", "STREAM FILE", "STREAM FILE", "GET DATA", "SET MUSIC"]
        assert not d.all(CallbackAsked)
        await channel.hang_up()


async def test_a_waiting_caller_may_choose_to_be_called_back(desk: Started) -> None:
    async with desk() as d:
        # The caller listens to both sentences, then asks for the callback, and confirms his own number.
        channel = FakeChannel(extension="4002")
        pressed = iter(["1", "1"])

        def key(words: list[str]) -> str:
            return f"200 result={next(pressed)}"

        channel.answers["GET DATA"] = key
        task = await in_queue(d, channel)
        d.server.carry(told("callback"))
        asked = await d.event(CallbackAsked)
        assert (asked.number, asked.queue) == ("13800001111", "support")
        d.server.carry(LeaveQueue(call=CALL, exit="callback"))
        await task
        assert d.all(ScriptEnded)[0].result == "callback"
        assert channel.variables["CC_QUEUE"] == ""


class Speaker:
    """A waiting caller who chooses to leave a message; `says` are the seconds of each try, `presses` what he
    answers to each question."""

    def __init__(self, *presses: str, says: tuple[float, ...] = (8.0,)) -> None:
        self.channel = FakeChannel(extension="4002", variables={"ASTSPOOLDIR": "/var/spool/asterisk"})
        self.keys = iter(("1", *presses))
        self.said = iter(says)
        self.channel.answers["GET DATA"] = lambda words: self.answer()
        self.channel.answers["RECORD FILE"] = self.record

    def answer(self) -> str:
        key = next(self.keys)
        return f"200 result={key}" if key else "200 result= (timeout)"

    def record(self, words: list[str]) -> str | None:
        return f"200 result=35 (dtmf) endpos={round(next(self.said) * 8000)}"

    @property
    def recorded(self) -> list[str]:
        return [command[2] for command in self.channel.commands if command[:2] == ["RECORD", "FILE"]]


async def keeps() -> bool:
    return True


def kinds(d: Any) -> list[str]:
    """What was told of a message, in order."""
    return [
        type(event).__name__
        for event in d.events
        if type(event).__name__.startswith("Message") or isinstance(event, AnnouncementEnded)
    ]


async def test_a_waiting_caller_may_leave_a_message(desk: Started) -> None:
    async with desk(may_record=keeps) as d:
        speaker = Speaker("1", says=(8.5,))
        task = await in_queue(d, speaker.channel)
        d.server.carry(told("message"))
        left = await d.event(MessageLeft)
        assert (left.queue, left.seconds) == ("support", 8.5)
        assert speaker.recorded == [f"/var/spool/asterisk/monitor/{left.recording}-caller"]
        (command,) = [each for each in speaker.channel.commands if each[:2] == ["RECORD", "FILE"]]
        assert command[3:] == ["ulaw", "#", "180000", "BEEP", "s=5"]
        assert left.recording.startswith((await d.event(CallArrived)).interaction)
        d.server.carry(LeaveQueue(call=CALL, exit="message"))
        await task
        assert kinds(d) == [
            "MessageAsked", "MessageStarted", "MessageStopped", "MessageLeft", "AnnouncementEnded"
        ]  # fmt: skip
        assert d.all(ScriptEnded)[0].result == "message"
        assert d.all(NodeVisited)[-1].node == "goodbye"


async def test_the_caller_says_it_again(desk: Started) -> None:
    async with desk(may_record=keeps) as d:
        speaker = Speaker("2", "1", says=(5.0, 6.0))
        await in_queue(d, speaker.channel)
        d.server.carry(told("message"))
        left = await d.event(MessageLeft)
        first, second = (event.recording for event in d.all(MessageStarted))
        assert first != second == left.recording
        assert left.seconds == 6.0
        await speaker.channel.hang_up()


@pytest.mark.parametrize(
    ("presses", "says", "tries"),
    [
        ((), (1.0, 0.5), 2),
        (("", ""), (8.0,), 1),
        (("2", "2", "2"), (8.0, 8.0, 8.0), 3),
    ],
    ids=["empty twice", "not confirmed", "again and again"],
)
async def test_without_a_message_he_waits_on(
    desk: Started, presses: tuple[str, ...], says: tuple[float, ...], tries: int
) -> None:
    async with desk(may_record=keeps) as d:
        speaker = Speaker(*presses, says=says)
        await in_queue(d, speaker.channel)
        entered = speaker.channel.variables["CC_ENTERED"]
        d.server.carry(told("message"))
        await d.event(AnnouncementEnded)
        assert kinds(d)[-2:] == ["MessageGivenUp", "AnnouncementEnded"]
        assert len(speaker.recorded) == tries
        while not speaker.channel.music:
            await asyncio.sleep(0)
        assert speaker.channel.variables["CC_ENTERED"] == entered
        assert not d.all(MessageLeft)
        await speaker.channel.hang_up()


async def test_one_who_was_not_heard_is_asked_once_more(desk: Started) -> None:
    async with desk(may_record=keeps) as d:
        speaker = Speaker("1", says=(0.0, 4.0))
        await in_queue(d, speaker.channel)
        d.server.carry(told("message"))
        assert (await d.event(MessageLeft)).seconds == 4.0
        assert "message_empty" in [event.node for event in d.all(NodeVisited)]
        await speaker.channel.hang_up()


async def test_asterisk_can_not_write_and_the_caller_waits_on(desk: Started) -> None:
    async with desk(may_record=keeps) as d:
        speaker = Speaker()
        speaker.channel.answers["RECORD FILE"] = lambda words: "200 result=-1 (writefile)"
        await in_queue(d, speaker.channel)
        d.server.carry(told("message"))
        await d.event(AnnouncementEnded)
        assert kinds(d)[-2:] == ["MessageGivenUp", "AnnouncementEnded"]
        d.server.carry(offer(1))
        assert (await d.event(OfferEnded)).status == "NOANSWER"
        await speaker.channel.hang_up()


async def test_a_hang_up_while_he_speaks_is_the_callers_end_and_no_word_more(desk: Started) -> None:
    """What becomes of what he said is the center's to say: it knows since when Asterisk records."""
    async with desk(may_record=keeps) as d:
        speaker = Speaker()
        speaker.channel.answers["RECORD FILE"] = lambda words: None
        await in_queue(d, speaker.channel)
        d.server.carry(told("message"))
        await d.event(MessageStarted)
        await speaker.channel.until("RECORD", "FILE")
        speaker.channel.writer.write(b"200 result=-1 (hangup) endpos=40000\n")
        await speaker.channel.hang_up()
        await d.event(CallerLeft)
        await d.idle()
        assert kinds(d) == ["MessageAsked", "MessageStarted"]
        assert len(d.all(CallerLeft)) == 1


async def test_an_agent_who_rings_as_he_chooses_is_quicker(desk: Started) -> None:
    """The center sent the offer before it heard of the choice: the caller is connected, and not recorded."""
    async with desk(may_record=keeps) as d:
        speaker = Speaker()

        def chooses(words: list[str]) -> str:
            d.server.carry(offer(1))
            return "200 result=1"

        speaker.channel.answers["GET DATA"] = chooses
        await in_queue(d, speaker.channel)
        d.server.carry(told("message"))
        await d.event(OfferEnded)
        assert not speaker.recorded
        assert kinds(d) == ["AnnouncementEnded"]
        await speaker.channel.hang_up()


async def test_what_comes_while_he_speaks_is_done_afterwards(desk: Started) -> None:
    """Another word of the center (the queue closes) does not cut the message."""
    async with desk(may_record=keeps) as d:
        speaker = Speaker("1")

        def record(words: list[str]) -> str:
            d.server.carry(LeaveQueue(call=CALL, exit="closed"))
            return "200 result=35 (dtmf) endpos=64000"

        speaker.channel.answers["RECORD FILE"] = record
        task = await in_queue(d, speaker.channel)
        d.server.carry(told("message"))
        await d.event(MessageLeft)
        await task
        assert d.all(ScriptEnded)[0].result == "closed"


async def test_where_nothing_can_be_kept_no_message_is_offered(desk: Started) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="4002", keys="2")
        await in_queue(d, channel)
        d.server.carry(told("callback", "message"))
        await d.event(AnnouncementEnded)
        assert not channel.had("RECORD", "FILE")
        assert kinds(d) == ["AnnouncementEnded"]
        await channel.hang_up()


async def test_a_script_is_told_that_nothing_can_be_kept(
    desk: Started, script: Callable[[str], Path]
) -> None:
    path = script("async def script(call):\n    return await call.message(queue='sales')\n")
    async with desk(dids={"4009": Route(script=path)}) as d:
        channel = FakeChannel(extension="4009")
        await channel.run(d.server.port)
        assert d.all(ScriptEnded)[0].result == ""
        assert not d.all(MessageAsked)
        assert ("message", "refused") in [(event.node, event.detail) for event in d.all(NodeVisited)]


@pytest.mark.parametrize("verb", ["STREAM FILE", "GET DATA"])
async def test_an_agent_cuts_what_the_caller_is_told(desk: Started, verb: str) -> None:
    """The center has Asterisk end the prompt (a key, `#`); what was still to be said is not said."""
    async with desk() as d:
        channel = FakeChannel(extension="4002")

        def cut(words: list[str]) -> str:
            d.server.carry(offer(1))
            return "200 result=35 endpos=800" if verb == "STREAM FILE" else "200 result="

        channel.answers[verb] = cut
        await in_queue(d, channel)
        d.server.carry(told("callback"))
        await d.event(OfferEnded)
        words = [" ".join(command[:2]) for command in channel.commands]
        assert words[words.index(verb) + 1 :][:1] == ["EXEC Dial"]
        kinds = [type(event) for event in d.events if isinstance(event, AnnouncementEnded | OfferEnded)]
        assert kinds == [AnnouncementEnded, OfferEnded]
        await channel.hang_up()


async def test_hold_is_music_until_the_leg_is_joined_again(desk: Started) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="4002")
        held: list[tuple[str, str]] = []

        def talk(words: list[str]) -> str:
            held.append((words[1], channel.variables.get("CC_HELD", "")))
            channel.variables |= {"DIALSTATUS": "ANSWER", "BRIDGERESULT": "SUCCESS"}
            return "200 result=0"

        channel.answers["EXEC Dial"] = channel.answers["EXEC Bridge"] = talk
        task = await in_queue(d, channel)
        d.server.carry(offer(1))
        await d.event(OfferEnded)
        before = len(channel.commands)
        d.server.carry(WaitOn(call=CALL, queue="sales", entered_at=1700000000.5, held_by="pbx1-1.2"))
        d.server.carry(JoinLeg(call=CALL, offer="o1", leg="pbx1-1.2"))
        await d.event(OfferEnded, 2)
        # On hold the leg says what would bring the caller back; in a talk, that nobody holds him.
        kept = ["EXEC", "MSet", "CC_ENTERED=1700000000.500000,CC_QUEUE=sales,CC_HELD=pbx1-1.2"]
        assert channel.commands[before : before + 2] == [kept, ["SET", "MUSIC", "on", "default"]]
        assert held == [("Dial", ""), ("Bridge", "")]
        assert ["EXEC", "Bridge", "pbx1-1.2"] in channel.commands
        assert not channel.music
        d.server.carry(LeaveQueue(call=CALL, exit="answered"))
        await task
        assert d.all(ScriptEnded)[0].result == "answered"
        assert channel.variables["CC_HELD"] == channel.variables["CC_QUEUE"] == ""


async def test_who_was_on_hold_says_so_after_a_crash(desk: Started) -> None:
    async with desk() as d:
        variables = {"CC_INTERACTION": "i1", "CC_QUEUE": "support", "CC_ENTERED": "1700000000.5"}
        channel = FakeChannel(extension="s", path="resume", variables=variables | {"CC_HELD": "pbx1-1.2"})
        await in_queue(d, channel)
        arrived = await d.event(CallArrived)
        assert (arrived.held_by, arrived.queue, arrived.resumed) == ("pbx1-1.2", "support", True)
        await channel.hang_up()


def recorded(channel: FakeChannel) -> list[str]:
    """What Asterisk was told of recordings, in order."""
    told = [words[1:] for words in channel.commands if words[0] == "EXEC" and "MixMonitor" in words[1]]
    return [" ".join(words) for words in told]


async def test_another_partner_has_another_recording_and_the_same_goes_on(desk: Started) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="4002")
        channel.answers |= talks(channel)
        await in_queue(d, channel)
        d.server.carry(offer(1, recording="i-1"))
        await d.event(OfferEnded)
        first = "MixMonitor ,br(i-1-caller.ulaw)t(i-1-agent.ulaw)i(CC_MIX_i-1)"
        assert recorded(channel) == [first]
        for number, name in enumerate(("i-1", "i-2", ""), 2):
            d.server.carry(WaitOn(call=CALL, queue="support", entered_at=1.0, held_by="pbx1-1.2"))
            d.server.carry(JoinLeg(call=CALL, offer="o1", leg="pbx1-1.2", recording=name))
            await d.event(OfferEnded, number)
            assert channel.variables["CC_RECORDING"] == name
        second = "MixMonitor ,br(i-2-caller.ulaw)t(i-2-agent.ulaw)i(CC_MIX_i-2)"
        assert recorded(channel) == [first, "StopMixMonitor", second, "StopMixMonitor"]
        assert [event.recording for event in d.all(RecordingStarted)] == ["i-1", "i-2"]
        await channel.hang_up()


@pytest.mark.parametrize(("name", "told"), [("i-1", 0), ("i-2", 2)])
async def test_after_a_crash_a_resumed_talk_goes_on_in_its_recording(
    desk: Started, name: str, told: int
) -> None:
    async with desk() as d:
        variables = {"CC_INTERACTION": "i", "CC_QUEUE": "support", "CC_ENTERED": "1.5"}
        variables |= {"CC_HELD": "pbx1-1.2", "CC_RECORDING": "i-1"}
        channel = FakeChannel(extension="s", path="resume", variables=variables)
        channel.answers |= talks(channel)
        await in_queue(d, channel)
        d.server.carry(JoinLeg(call=CALL, offer="o1", leg="pbx1-1.2", recording=name))
        await d.event(OfferEnded)
        assert len(recorded(channel)) == told
        await channel.hang_up()


def talks(channel: FakeChannel) -> dict[str, Callable[[list[str]], str]]:
    """Asterisk records, and each talk takes no time."""

    def done(words: list[str]) -> str:
        channel.variables |= {"DIALSTATUS": "ANSWER", "BRIDGERESULT": "SUCCESS"}
        return "200 result=0"

    return {f"EXEC {name}": done for name in ("Dial", "Bridge", "MixMonitor", "StopMixMonitor", "Wait")}


@pytest.mark.parametrize("leg", ["", "pbx1-1.2,x", "a b", "${SHELL(id)}", "x" * 200])
async def test_an_odd_leg_is_not_joined(desk: Started, leg: str) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="4002")
        await in_queue(d, channel)
        d.server.carry(JoinLeg(call=CALL, offer="o1", leg=leg))
        assert (await d.event(OfferEnded)).status == "CHANUNAVAIL"
        assert not channel.had("EXEC", "Bridge")
        await channel.hang_up()


async def test_a_center_that_says_nothing_after_a_talk_keeps_nobody(
    desk: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "WORD_S", 0.05)
    async with desk() as d:
        channel = FakeChannel(extension="4002")

        def talk(words: list[str]) -> str:
            channel.variables["DIALSTATUS"] = "ANSWER"
            return "200 result=0"

        channel.answers["EXEC Dial"] = talk
        task = await in_queue(d, channel)
        d.server.carry(offer(1))
        await task
        assert d.all(ScriptEnded)[0].result == "answered"


async def test_persistent_line(desk: Started) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="4002")

        def bridge(words: list[str]) -> str:
            channel.variables["BRIDGERESULT"] = "SUCCESS" if words[2] == "line-101" else "NONEXISTENT"
            return "200 result=0"

        channel.answers["EXEC Bridge"] = bridge
        task = await in_queue(d, channel)
        d.server.carry(offer(1, line="gone"))
        d.server.carry(offer(2, line="line-101"))
        await d.event(OfferEnded, 2)
        d.server.carry(LeaveQueue(call=CALL, exit="answered"))
        await task
        assert [ended.status for ended in d.all(OfferEnded)] == ["CHANUNAVAIL", "ANSWER"]
        assert not channel.had("EXEC", "Dial")


@pytest.mark.parametrize("phone", ["101&PJSIP/900", "101,20,U(x)", "101/900", "", "a b"])
async def test_only_a_phone_is_dialled(desk: Started, phone: str) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="4002")
        await in_queue(d, channel)
        d.server.carry(offer(1, phones=(phone,)))
        assert (await d.event(OfferEnded)).status == "CHANUNAVAIL"
        assert not channel.had("EXEC", "Dial")
        await channel.hang_up()


async def test_several_phones_are_rung_at_once_and_it_is_told_which_answered(desk: Started) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="4002")

        def dial(words: list[str]) -> str:
            assert words[2].startswith("PJSIP/101&PJSIP/102,20,")
            channel.variables |= {"DIALSTATUS": "ANSWER", "DIALEDPEERNUMBER": "102"}
            return "200 result=0"

        channel.answers["EXEC Dial"] = dial
        task = await in_queue(d, channel)
        d.server.carry(offer(1, phones=("101", "102")))
        await task
        ended = d.all(OfferEnded)[0]
        assert (ended.status, ended.phone) == ("ANSWER", "102")


async def test_leave_queue_goes_on_with_the_script(desk: Started, script: Callable[..., Path]) -> None:
    path = script("async def script(call):\n    return 'left: ' + await call.queue('sales')\n")
    async with desk(dids={"4001": Route(script=path)}) as d:
        channel = FakeChannel()
        task = await in_queue(d, channel)
        d.server.carry(LeaveQueue(call=CALL, exit="full"))
        await task
        assert d.all(ScriptEnded)[0].result == "left: full"
        assert not channel.music
        assert channel.variables["CC_QUEUE"] == ""


async def test_offer_for_a_caller_who_moved_on_is_cancelled(desk: Started) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="4002")
        task = await in_queue(d, channel)
        d.server.carry(LeaveQueue(call=CALL, exit="closed"))
        d.server.carry(offer(1))
        await task
        assert [ended.status for ended in d.all(OfferEnded)] == ["CANCEL"]
        d.server.carry(offer(2))  # no session: nothing, and no error


async def commands_of_a_whole_call(desk: Started, keys: str) -> list[list[str]]:
    async with desk(dids={"4001": Route(script=HOTLINE)}) as d:
        channel = FakeChannel(keys=keys)
        task = await in_queue(d, channel)
        d.server.carry(offer(1))
        await d.event(OfferEnded)
        d.server.carry(LeaveQueue(call=CALL, exit="timeout"))
        await task
        return channel.commands


@pytest.mark.parametrize("polite", [True, False])
async def test_hang_up_at_every_command(
    desk: Started, polite: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """At each command of a call through menus, queue, a missed offer and the callback offer: the caller's end
    is told once, the last node is known, the socket is closed at once, and nothing is logged as an error."""
    commands = await commands_of_a_whole_call(desk, "21")
    count = len(commands)
    assert count > 15
    # Gone between a Dial that ended well and its status: maybe transferred, so AMI has to say it.
    unsaid = commands.index(["GET", "VARIABLE", "DIALSTATUS"])
    async with desk(dids={"4001": Route(script=HOTLINE)}) as d:
        for at in range(count):
            call = f"pbx1-1700000000.{at}"
            channel = FakeChannel(call, keys="21", hang_up_at=at, polite=polite)
            task = asyncio.create_task(channel.run(d.server.port))
            arrived = d.event(CallArrived, at + 1)
            await arrived
            while not task.done() and not channel.music:
                await asyncio.wait([task], timeout=0.005)
            d.server.carry(offer(1, call=call))
            while not task.done() and not (channel.had("EXEC", "Dial") and channel.music):
                await asyncio.wait([task], timeout=0.005)
            d.server.carry(LeaveQueue(call=call, exit="timeout"))
            async with asyncio.timeout(1):
                await task
        await d.idle()
        ends = d.ends()
        # The very last command comes after `ScriptEnded`. A connection that only breaks says nothing of the
        # caller: Asterisk itself may be gone.
        told = [at for at in range(count) if at != unsaid] if polite else [count - 1]
        assert ends == sorted(f"pbx1-1700000000.{at}" for at in told)
        assert len(d.all(ScriptEnded)) == 1
        nodes = {event.call: event.node for event in d.all(NodeVisited)}
        assert nodes[f"pbx1-1700000000.{count - 1}"] == "goodbye"
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


async def test_a_phone_that_transfers_the_caller_ends_the_session_and_not_the_call(desk: Started) -> None:
    async with desk() as d:
        first = FakeChannel(extension="4002")
        first.answers["EXEC Dial"] = lambda words: "200 result=0\nHANGUP"
        task = await in_queue(d, first)
        d.server.carry(offer(1))
        await task
        second = FakeChannel(extension="4003", variables=first.variables)
        await in_queue(d, second)
        arrived, again = d.all(CallArrived)
        assert (again.call, again.interaction, again.did) == (arrived.call, arrived.interaction, "4003")
        assert not again.resumed
        assert not d.all(CallerLeft)
        await second.hang_up()
        await d.event(CallerLeft)


async def test_second_session_of_a_call_replaces_the_first(desk: Started) -> None:
    async with desk() as d:
        first, second = FakeChannel(extension="4002"), FakeChannel(extension="4003")
        task = await in_queue(d, first)
        await in_queue(d, second)
        await task  # closed by the server
        assert d.server.calls == (CALL,)
        assert not d.all(CallerLeft)
        d.server.carry(LeaveQueue(call=CALL, exit="closed"))
        await d.event(ScriptEnded)
        assert second.had("SET", "MUSIC", "off")


async def test_a_callers_name_moves_and_turns_nothing(desk: Started) -> None:
    async with desk() as d:
        name = "\x1b[2J\x07王\u202e芳\u2066 \u200fO\u2019Neil\t\x85<b>\ufeff"
        channel = FakeChannel(extension="4002", name=name, caller="1380\x08\u202e0")
        await in_queue(d, channel)
        arrived = await d.event(CallArrived)
        assert arrived.caller_name == "[2J王芳 O\u2019Neil<b>"
        assert arrived.caller == "13800"
        await channel.hang_up()


@pytest.mark.parametrize("forged", ["x\nagi_extension: 4003\nagi_dnid: 4003\ny: ", "\n\nHANGUP\n"])
async def test_a_forged_environment_is_refused_and_counted(desk: Started, forged: str) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="4002", caller=forged)
        await channel.run(d.server.port)
        assert not channel.commands
        assert not d.events
        assert d.server.faults == 1


async def test_the_number_in_the_address_is_believed(desk: Started) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="4003", path="inbound?key=&did=%2B4002&interaction=")
        await channel.connect(d.server.port)
        await d.event(CallArrived)
        assert d.all(CallArrived)[0].did == "+4002"
        await channel.hang_up()


async def test_back_after_a_crash(desk: Started) -> None:
    variables: dict[str, str] = {}
    async with desk() as d:
        channel = FakeChannel(extension="4003", variables=variables)
        task = await in_queue(d, channel)
        before = d.all(CallArrived)[0]
        entered = float(channel.variables["CC_ENTERED"])
        variables = channel.variables
    await task
    assert not d.ends()  # our end is not the caller's
    assert "CC_NEXT" not in variables
    async with desk() as d:
        channel = FakeChannel(extension="s", path="resume", variables=variables)
        await in_queue(d, channel)
        back = d.all(CallArrived)[0]
        assert back.resumed
        assert (back.interaction, back.did, back.queue) == (before.interaction, "4003", "sales")
        assert back.entered_at == pytest.approx(entered)
        assert d.all(CallQueued)[0].queue == "sales"
        assert not channel.had("STREAM", "FILE")
        assert not channel.had("GET", "DATA")
        assert float(channel.variables["CC_ENTERED"]) == pytest.approx(entered)
        await channel.hang_up()


async def test_what_the_script_asked_for_comes_back_after_a_crash(
    desk: Started, script: Callable[..., Path]
) -> None:
    path = script(
        "async def script(call):\n"
        "    await call.queue('sales', priority=-2.5, needs={'zh': 5, 'billing_2': 3}, agent='wang,li')\n"
    )
    async with desk(dids={"4001": Route(script=path)}) as d:
        channel = FakeChannel()
        task = await in_queue(d, channel)
        before = d.all(CallQueued)[0]
        assert (before.priority, before.preferred) == (-2.5, "wang,li")
        assert before.needs == (Need(skill="billing_2", level=3), Need(skill="zh", level=5))
    await task
    async with desk(dids={"4001": Route(script=path)}) as d:
        channel = FakeChannel(extension="s", path="resume", variables=channel.variables)
        await in_queue(d, channel)
        back = d.all(CallQueued)[0]
        wishes = [(each.queue, each.priority, each.needs, each.preferred) for each in (back, before)]
        assert wishes[0] == wishes[1]
        await channel.hang_up()


@pytest.mark.parametrize(
    "wish", ["priority=float('nan')", "priority=5000", "needs={'zh': 11}", "needs={'Z;': 1}"]
)
async def test_a_wish_that_can_not_be_meant_fails_the_script(
    desk: Started, script: Callable[..., Path], wish: str
) -> None:
    path = script(f"async def script(call):\n    await call.queue('sales', {wish})\n")
    async with desk(dids={"4001": Route(script=path)}) as d:
        channel = FakeChannel()
        await in_queue(d, channel)
        assert "ValueError: not a " in (await d.event(ScriptFailed)).error
        await channel.hang_up()


async def test_a_second_queue_is_a_second_wait_over_a_crash_too(
    desk: Started, script: Callable[..., Path]
) -> None:
    """The center ends the first wait with its exit; what stands on the leg is the second one's entry."""
    path = script("async def script(call):\n    await call.queue('sales')\n    await call.queue('support')\n")
    async with desk(dids={"4001": Route(script=path)}) as d:
        channel = FakeChannel()
        await in_queue(d, channel)
        first = float(channel.variables["CC_ENTERED"])
        d.server.carry(LeaveQueue(call=CALL, exit="timeout"))
        second = await d.event(CallQueued, 2)
        assert first < float(channel.variables["CC_ENTERED"]) <= second.at
        assert channel.variables["CC_QUEUE"] == "support"
        await channel.hang_up()


async def test_rescued_before_the_server_ever_saw_the_call(desk: Started) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="s", path="resume", variables={"CC_DID": "4002"})
        await in_queue(d, channel)
        arrived = d.all(CallArrived)[0]
        assert (arrived.resumed, arrived.did, arrived.queue) == (False, "4002", "")
        assert len(arrived.interaction) == 32
        await channel.hang_up()


async def test_odd_variables_of_a_resumed_leg(desk: Started) -> None:
    odd = {
        "CC_INTERACTION": "i1",
        "CC_QUEUE": "sales",
        "CC_ENTERED": "inf",
        "CC_LANGUAGE": "xx",
        "CC_PRIORITY": "nan",
        "CC_NEEDS": "zh.5.6-",
    }
    async with desk() as d:
        channel = FakeChannel(extension="s", path="resume", variables=odd)
        await in_queue(d, channel)
        assert d.all(CallArrived)[0].entered_at is None
        assert (d.all(CallQueued)[0].priority, d.all(CallQueued)[0].needs) == (0, ())
        await channel.hang_up()


async def test_unknown_number_is_told_in_both_languages(desk: Started) -> None:
    async with desk() as d:
        channel = FakeChannel(extension="4999")
        await channel.run(d.server.port)
        assert d.all(CallArrived)[0].did == "4999"
        assert d.all(ScriptEnded)[0].result == "unknown_number"
        assert len([command for command in channel.commands if command[0] == "STREAM"]) == 2


FAILING = {
    "raises": ("raise ValueError('boom')", "author.py:4: ValueError: boom"),
    "no prompt": ("await call.play('nothing')", "no prompt named 'nothing'"),
    "loops": ("while True: await call.play('hello')", "more than 300 steps"),
    "never ends": ("await asyncio.sleep(60)", "ran longer than 0.3 s"),
    "blocks": ("time.sleep(1); await call.play('hello')", "blocked the whole server"),
    "spins": ("while True: pass", "looped without an end"),
    "exits": ("sys.exit('no database')", "author.py:4: ScriptExited: sys.exit('no database')"),
    "interrupts": ("raise KeyboardInterrupt", "author.py:4: KeyboardInterrupt"),
    "cancels": ("raise asyncio.CancelledError", "author.py:4: CancelledError"),
    "injects": ("await call._line.remember('A', 'b\\nc')", "line break"),
}


@pytest.mark.parametrize(("line", "said"), FAILING.values(), ids=FAILING)
async def test_failed_script_leaves_its_caller_to_the_fallback_queue(
    desk: Started, script: Callable[..., Path], line: str, said: str
) -> None:
    limits = Limits(seconds=0.3) if "asyncio.sleep" in line else Limits()
    path = script(f"import asyncio, sys, time\nasync def script(call):\n    {line}\n")
    async with desk(dids={"4001": Route(script=path)}, limits=limits) as d:
        channel = FakeChannel()
        task = await in_queue(d, channel)
        failed = await d.event(ScriptFailed)
        assert said in failed.error
        assert d.all(CallQueued)[0].queue == "fallback"
        d.server.carry(LeaveQueue(call=CALL, exit="no_agents"))
        await task
        assert channel.had("STREAM", "FILE")  # the apology
        assert channel.variables["CC_NEXT"] == "hangup"
        assert len(d.all(ScriptFailed)) == 1
        assert d.ends() == [CALL]


@pytest.mark.parametrize("head", ["async def script(call):", "def script(agi):"])
@pytest.mark.parametrize("code", ["", "0"])
async def test_sys_exit_ends_the_script_and_nothing_else(
    desk: Started, script: Callable[..., Path], head: str, code: str
) -> None:
    path = script(f"import sys\n{head}\n    sys.exit({code})\n")
    async with desk(dids={"4001": Route(script=path), "4002": Route(queue="support")}) as d:
        channel = FakeChannel()
        await channel.run(d.server.port)
        assert channel.variables["CC_NEXT"] == "hangup"
        assert d.ends() == [CALL]
        assert not d.all(ScriptFailed)


async def test_script_that_swallows_every_exception_still_ends(
    desk: Started, script: Callable[..., Path]
) -> None:
    path = script(
        "async def script(call):\n"
        "    for _ in range(5):\n"
        "        try:\n"
        "            await call.queue('sales')\n"
        "        except Exception:\n"
        "            pass\n"
    )
    async with desk(dids={"4001": Route(script=path)}) as d:
        channel = FakeChannel()
        await in_queue(d, channel)
        began = time.perf_counter()
        await channel.hang_up()
        await d.event(CallerLeft)
        await d.idle()
        assert time.perf_counter() - began < 1


async def test_time_in_the_queue_is_not_the_scripts(desk: Started, script: Callable[..., Path]) -> None:
    path = script("async def script(call):\n    return await call.queue('sales')\n")
    async with desk(dids={"4001": Route(script=path)}, limits=Limits(seconds=0.2)) as d:
        channel = FakeChannel()
        task = await in_queue(d, channel)
        await asyncio.wait([task], timeout=0.4)  # twice the limit: waiting is what is tested
        d.server.carry(LeaveQueue(call=CALL, exit="timeout"))
        await task
        assert not d.all(ScriptFailed)


async def test_asterisk_that_does_not_answer_is_given_up(
    desk: Started, script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late answer must never pass for the next command's: the connection ends, the dialplan rescues."""
    monkeypatch.setattr(session_module, "PLAY_TIMEOUT_S", 0.05)
    path = script("async def script(call):\n    await call.play('hello')\n")
    async with desk(dids={"4001": Route(script=path)}) as d:
        channel = FakeChannel()
        channel.answers["STREAM FILE"] = lambda words: None
        await channel.run(d.server.port)
        assert "given up" in (await d.event(ScriptFailed)).error
        assert not d.ends()
        assert "CC_NEXT" not in channel.variables


async def test_answer_to_a_cancelled_command_is_dropped(desk: Started, script: Callable[..., Path]) -> None:
    path = script(
        "import asyncio\n"
        "async def script(call):\n"
        "    try:\n"
        "        async with asyncio.timeout(0.02):\n"
        "            await call.play('hello')\n"
        "    except TimeoutError:\n"
        "        pass\n"
        "    return await call.collect('hello', digits=4)\n"
    )
    async with desk(dids={"4001": Route(script=path)}) as d:
        channel = FakeChannel(keys="1234")
        # Asterisk works on STREAM FILE until the next command is there, and answers both in order.
        channel.answers["STREAM FILE"] = lambda words: None
        channel.answers["GET DATA"] = lambda words: "200 result=57 endpos=99\n200 result=1234"
        await channel.run(d.server.port)
        assert (await d.event(ScriptEnded)).result == "1234"


async def test_transfer_only_to_listed_targets(desk: Started, script: Callable[..., Path]) -> None:
    path = script(
        "async def script(call):\n"
        "    status = await call.transfer('reception')\n"
        "    await call.transfer('PJSIP/19005550000@carrier')\n"
    )
    async with desk(dids={"4001": Route(script=path)}, transfers={"reception": "PJSIP/120"}) as d:
        channel = FakeChannel()
        await in_queue(d, channel)
        assert [command[2] for command in channel.commands if command[:2] == ["EXEC", "Dial"]] == [
            "PJSIP/120,30,gm(default)"
        ]
        assert "not in the list of transfer targets" in d.all(ScriptFailed)[0].error
        await channel.hang_up()


async def test_a_caller_of_a_queue_that_is_shut_for_an_emergency_hears_why(desk: Started) -> None:
    async with desk(emergency=lambda name: {"zh": "台风", "en": "storm"} if name == "support" else {}) as d:
        channel = FakeChannel(extension="4002")
        task = await in_queue(d, channel)
        d.server.carry(LeaveQueue(call=CALL, exit="closed"))
        await task
        nodes = [event.node for event in d.all(NodeVisited)]
        assert nodes[-1] == "emergency"
        assert "closed" not in nodes
        assert len([command for command in channel.commands if command[0] == "STREAM"]) == 1
        assert d.all(ScriptEnded)[0].result == "closed"
