"""Calls through the dialplan, with a toy server behind it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from asterisk_peers import SETTINGS, WAIT_S, Ami, Script, Session, carrier_answers, fastagi, invited, sipp

from contactcenter.asterisk.embedded import EmbeddedAsterisk
from tests.support.asterisk import running_asterisk

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def caller(
    asterisk: EmbeddedAsterisk, number: str, stays_ms: int = 60_000
) -> AsyncIterator[asyncio.Task[int]]:
    """A caller who hangs up after `stays_ms`, or who is gone at the end of the block.

    The task gives SIPp's status, 0 when it was the caller who ended the call.
    """

    async def call() -> int:
        return (await sipp(asterisk.settings, number, "-sn", "uac", "-d", str(stays_ms)))[0]

    task = asyncio.create_task(call())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        # The next test is to find no call of this one.
        await asterisk.command("channel request hangup all")
        await until(lambda: asterisk.command("core show channels count"), "0 active channels")


def sessions() -> tuple[asyncio.Queue[Session], Script]:
    """A script that hands every session to the test and stays until the test ends the server."""
    queue: asyncio.Queue[Session] = asyncio.Queue()

    async def script(session: Session) -> None:
        queue.put_nowait(session)
        await asyncio.Event().wait()

    return queue, script


async def soon(wanted: Awaitable[Session]) -> Session:
    async with asyncio.timeout(WAIT_S):
        return await wanted


@pytest.mark.parametrize("number", ["4002", "101", "+498912345678901"])
async def test_a_call_reaches_the_server_and_is_hung_up_by_it(asterisk: EmbeddedAsterisk, number: str):
    queue, script = sessions()
    async with (
        Ami.connected(asterisk.settings) as ami,
        fastagi(asterisk.settings, script),
        caller(asterisk, number),
    ):
        session = await soon(queue.get())
        assert session.script == "inbound"
        assert session.environment["agi_extension"] == number
        assert session.environment["agi_context"] == "from-carrier"
        assert await session.get("CC_DID") == number
        leg = session.environment["agi_uniqueid"]
        assert leg.startswith("cc-")
        assert await session.command("SET VARIABLE CC_NEXT hangup") == "200 result=1"
        session.close()
        assert (await ami.event("Hangup", Uniqueid=leg))["Cause"] == "16"


@pytest.mark.parametrize(
    "user",
    [
        "abc",
        "4002&SIP",
        "4002&PJSIP/101",
        "4002/x",
        "4002,1",
        "%20",
        "1234567890123456",
        "s",
        "h",
        "i",
    ],
)
async def test_what_is_no_number_is_refused(asterisk: EmbeddedAsterisk, user: str):
    async with Ami.connected(asterisk.settings) as ami:
        assert (await invited(asterisk.settings, user)).startswith("404")
        assert [event for event in ami.seen() if event["Event"] == "Newchannel"] == []


async def test_a_number_with_a_dash_is_refused_though_asterisk_matches_it(asterisk: EmbeddedAsterisk):
    """Asterisk skips dashes when it looks for an extension, so 40-02 finds the lines of 4002."""
    async with Ami.connected(asterisk.settings) as ami:
        assert (await invited(asterisk.settings, "40-02")).startswith("404")
        assert (await ami.event("Hangup", Exten="s", Context="refuse"))["Cause"] == "1"
        assert [event for event in ami.seen() if event.get("ChannelStateDesc") == "Up"] == []


async def test_nobody_but_the_carrier_and_the_phones_is_heard(asterisk: EmbeddedAsterisk):
    assert (await invited(asterisk.settings, "4002", address="127.0.0.9")).startswith("401")


async def test_a_caller_who_comes_while_the_server_is_away_is_resumed(asterisk: EmbeddedAsterisk):
    async with Ami.connected(asterisk.settings) as ami, caller(asterisk, "4003"):
        arrived = await ami.event("Newchannel", Context="from-carrier")
        leg = arrived["Uniqueid"]
        await until(lambda: application_of(ami, arrived["Channel"]), "Wait")
        queue, script = sessions()
        async with fastagi(asterisk.settings, script):
            session = await soon(queue.get())
            assert session.script == "resume"
            assert session.environment["agi_uniqueid"] == leg
            assert await session.get("CC_DID") == "4003"
            await session.command("SET VARIABLE CC_NEXT hangup")
            session.close()
            await ami.event("Hangup", Uniqueid=leg)


async def test_a_caller_keeps_his_place_when_the_server_dies(asterisk: EmbeddedAsterisk):
    async with Ami.connected(asterisk.settings) as ami, caller(asterisk, "4002"):
        queue, script = sessions()
        async with fastagi(asterisk.settings, script):
            session = await soon(queue.get())
            leg = session.environment["agi_uniqueid"]
            for name, value in (("INTERACTION", "i-1"), ("ENTERED", "1700000000.25"), ("QUEUE", "support")):
                await session.command(f"SET VARIABLE CC_{name} {value}")
        # The first server is gone, in the middle of its script.
        queue, script = sessions()
        async with fastagi(asterisk.settings, script):
            again = await soon(queue.get())
            assert again.script == "resume"
            assert again.environment["agi_uniqueid"] == leg
            names = ("CC_INTERACTION", "CC_ENTERED", "CC_QUEUE", "CC_DID")
            assert [await again.get(name) for name in names] == ["i-1", "1700000000.25", "support", "4002"]
            await again.command("SET VARIABLE CC_NEXT hangup")
            again.close()
            await ami.event("Hangup", Uniqueid=leg)


async def test_an_unknown_next_step_does_not_lose_the_caller(asterisk: EmbeddedAsterisk):
    async with caller(asterisk, "4002"):
        queue, script = sessions()
        async with fastagi(asterisk.settings, script):
            session = await soon(queue.get())
            await session.command("SET VARIABLE CC_NEXT moonbase")
            session.close()
            assert (await soon(queue.get())).script == "resume"


async def test_the_server_stays_away(asterisk: EmbeddedAsterisk):
    async with Ami.connected(asterisk.settings) as ami, caller(asterisk, "4002"):
        ended = await ami.event("Hangup", Context="fallback")
        assert ended["Cause"] == "41"


async def test_a_script_that_always_breaks_does_not_keep_the_caller_for_ever(asterisk: EmbeddedAsterisk):
    scripts = []

    async def breaks(session: Session) -> None:
        scripts.append(session.script)

    async with (
        Ami.connected(asterisk.settings) as ami,
        fastagi(asterisk.settings, breaks),
        caller(asterisk, "4002"),
    ):
        await ami.event("Hangup", Context="fallback")
    assert scripts == ["inbound", "resume", "resume", "resume"]


async def test_a_caller_who_hangs_up_ends_the_session(asterisk: EmbeddedAsterisk):
    queue, script = sessions()
    async with fastagi(asterisk.settings, script), caller(asterisk, "4002", stays_ms=1500) as left:
        session = await soon(queue.get())
        # Said by Asterisk on its own; AGIEXITONHANGUP then closes the connection without waiting for us.
        while (said := await session.line()) != "EOF":
            assert said == "HANGUP"
        assert await left == 0


async def application_of(ami: Ami, channel: str) -> str:
    """What the channel runs, by a snapshot."""
    await ami.ask("CoreShowChannels")
    await ami.event("CoreShowChannelsComplete")
    shown = [
        event for event in ami.seen() if event["Event"] == "CoreShowChannel" and event["Channel"] == channel
    ]
    return shown[-1]["Application"] if shown else ""


async def until(ask: Callable[[], Awaitable[str]], wanted: str) -> None:
    """Asks until the answer begins with the wanted one, where no event of our list tells it."""
    async with asyncio.timeout(WAIT_S):
        while not (await ask()).startswith(wanted):
            await asyncio.sleep(0.01)


async def test_a_frozen_server_does_not_keep_a_call_for_ever():
    async with (
        running_asterisk(replace(SETTINGS, longest_call_s=1)) as asterisk,
        Ami.connected(asterisk.settings) as ami,
    ):
        queue, script = sessions()
        async with fastagi(asterisk.settings, script), caller(asterisk, "4002"):
            session = await soon(queue.get())
            await ami.event("Hangup", Uniqueid=session.environment["agi_uniqueid"])


async def test_the_fallback_rings_a_phone_that_was_named():
    async with (
        running_asterisk(replace(SETTINGS, fallback_endpoint="PJSIP/4999@carrier")) as asterisk,
        Ami.connected(asterisk.settings) as ami,
        carrier_answers(asterisk.settings),
        caller(asterisk, "4002"),
    ):
        first = await ami.event("BridgeEnter")
        second = await ami.event("BridgeEnter", BridgeUniqueid=first["BridgeUniqueid"])
        assert {first["Channel"][:14], second["Channel"][:14]} == {"PJSIP/carrier-"}


@asynccontextmanager
async def line(asterisk: EmbeddedAsterisk, ami: Ami) -> AsyncIterator[str]:
    """An agent's persistent line, waiting; its channel."""
    async with carrier_answers(asterisk.settings):
        origin = {
            "Channel": "PJSIP/101@carrier",
            "Context": "room",
            "Exten": "line",
            "Priority": "1",
            "Async": "true",
        }
        await ami.ask("Originate", ChannelId="line-101", OtherChannelId="line-101-b", **origin)
        # SIPp may still be on its way to its port; SIP sends again.
        waiting = await ami.event("BridgeEnter", Uniqueid="line-101", BridgeTechnology="holding_bridge")
        yield waiting["Channel"]
        await ami.ask("Hangup", Channel=waiting["Channel"])
        await ami.event("Hangup", Uniqueid="line-101")


@pytest.mark.parametrize("mode", ["listen", "whisper", "barge"])
async def test_a_supervisor_who_is_to_hear_a_leg_that_is_gone_waits_for_another(
    asterisk: EmbeddedAsterisk, mode: str
):
    """Left to itself, ChanSpy hangs up at once and without a cause; the dialplan does so after 2 s."""
    async with Ami.connected(asterisk.settings) as ami, carrier_answers(asterisk.settings):
        leg = f"monitor-{mode}"
        origin = {"Channel": "PJSIP/120@carrier", "Context": "monitor", "Exten": mode, "Priority": "1"}
        other = f"{leg}-b"  # Asterisk wants a second name for a channel that could have two halves
        await ami.ask(
            "Originate", "CC_HEARS=cc-1.1", ChannelId=leg, OtherChannelId=other, Async="true", **origin
        )
        assert (await ami.event("Hangup", Uniqueid=leg))["Cause"] == "16"


async def test_a_line_is_joined_by_the_callers_script_and_comes_back(asterisk: EmbeddedAsterisk):
    """`EXEC Bridge <leg of the line>`: both ways out of the talk leave the line waiting again."""
    queue, script = sessions()
    async with (
        Ami.connected(asterisk.settings) as ami,
        line(asterisk, ami) as channel,
        fastagi(asterisk.settings, script),
        caller(asterisk, "4002") as left,
    ):
        session = await soon(queue.get())
        leg = session.environment["agi_uniqueid"]
        for _ in range(2):
            talk = asyncio.create_task(session.command("EXEC Bridge line-101"))
            await ami.event("BridgeEnter", Uniqueid=leg, BridgeType="basic")
            # The agent's side leaves: his line is sent back to wait, and the script goes on.
            await ami.ask("Redirect", Channel=channel, Context="room", Exten="line", Priority="1")
            await ami.event("BridgeEnter", Uniqueid="line-101", BridgeTechnology="holding_bridge")
            assert await talk == "200 result=0"
            assert await session.get("BRIDGERESULT") == "SUCCESS"
        assert await session.command("EXEC Bridge line-102") == "200 result=0"
        assert await session.get("BRIDGERESULT") == "NONEXISTENT"

        talk = asyncio.create_task(session.command("EXEC Bridge line-101"))
        await ami.event("BridgeEnter", Uniqueid=leg, BridgeType="basic")
        await ami.ask("Hangup", Channel=session.environment["agi_channel"])
        await ami.event("BridgeEnter", Uniqueid="line-101", BridgeTechnology="holding_bridge")
        assert await talk == "200 result=0"
        assert await left != 0
