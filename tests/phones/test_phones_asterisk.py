"""The same telephones through a real Asterisk: customers at the carrier, agents' phones registered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import pytest_asyncio

from contactcenter.asterisk.embedded import EmbeddedAsterisk
from contactcenter.phones import CallFailed, Customer, Phone, RegistrationFailed, SipCall, State, UserAgent
from tests.support.asterisk import PHONES, running_asterisk

pytestmark = pytest.mark.asyncio(loop_scope="module")
TONES = {"101": 440, "102": 800, "103": 1200}


class Desk:
    """An Asterisk whose inbound script is one Dial; `dials` says where the next callers go."""

    def __init__(self, asterisk: EmbeddedAsterisk) -> None:
        self.asterisk = asterisk
        self.server = ("127.0.0.1", asterisk.settings.sip_port)
        self.dials = "PJSIP/101,20"

    async def script(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        for command in (f"EXEC Dial {self.dials}", "SET VARIABLE CC_NEXT hangup"):
            writer.write(command.encode() + b"\n")
            await reader.readline()
        writer.close()

    @asynccontextmanager
    async def phones(self, *numbers: str) -> AsyncIterator[list[Phone]]:
        async with AsyncExitStack() as stack:
            yield [
                await stack.enter_async_context(
                    Phone(number, PHONES[number], server=self.server, tone=TONES[number])
                )
                for number in numbers
            ]

    def customer(self, number: str = "13800138000", name: str = "") -> Customer:
        return Customer(number, name, server=self.server)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk() -> AsyncIterator[Desk]:
    async with running_asterisk() as asterisk:
        desk = Desk(asterisk)
        async with await asyncio.start_server(desk.script, "127.0.0.1", asterisk.settings.agi_port):
            yield desk


async def between(caller: Phone, callee: Phone) -> tuple[SipCall, SipCall]:
    """Both sides of an answered call of one phone to another."""
    out = caller.call(callee.number)
    come = await callee.wait_call()
    come.answer()
    await out.wait_answered()
    await come.wait_answered()
    return out, come


async def test_a_customer_and_an_agent_hear_each_other_and_press_keys(desk: Desk) -> None:
    async with desk.phones("101") as [agent], desk.customer(name="Anna") as customer:
        call = customer.call("4001")
        call.audio.play_tone(620)
        incoming = await agent.wait_call()
        assert (incoming.caller_number, incoming.caller_name) == ("13800138000", "Anna")
        incoming.answer()
        await asyncio.gather(call.hears(440), incoming.hears(620))
        await call.audio.press("159#")
        await incoming.audio.press("*2")
        await incoming.ear.receives("159#", within=3)
        await call.ear.receives("*2", within=3)
        await asyncio.gather(call.hears(440), incoming.hears(620))
        call.hang_up()
        await asyncio.gather(call.wait_ended(), incoming.wait_ended())
        assert incoming.ended_by == "remote"
        assert incoming.ear.reception.lost == 0


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("王小明", "王小明"),
        # Asterisk keeps the backslashes of the quoting as a part of the name, and quotes them once more.
        ('Bobby "; DROP', 'Bobby \\"; DROP'),
        ("back\\slash", "back\\\\slash"),
        ("<sip:1@2>;tag=x, y", "<sip:1@2>;tag=x, y"),
        ("${SHELL(id)}", "${SHELL(id)}"),
        ("x" * 70, "x" * 70),
    ],
)
async def test_a_hostile_name_does_no_more_than_be_shown(desk: Desk, name: str, seen: str) -> None:
    async with desk.phones("101") as [agent], desk.customer(name=name) as customer:
        call = customer.call("4001")
        incoming = await agent.wait_call()
        assert incoming.caller_name == seen
        assert incoming.caller_number == "13800138000"
        call.hang_up()
        await asyncio.gather(call.wait_ended(), incoming.wait_ended())


async def test_a_phone_that_refuses_or_is_given_up(desk: Desk) -> None:
    async with desk.phones("101", "102") as [first, second]:
        out = first.call("102")
        come = await second.wait_call()
        await out.wait_ringing()
        out.hang_up()
        await asyncio.gather(out.wait_ended(), come.wait_ended())
        assert (out.status, come.status) == (487, 487)
        out = first.call("102")
        (await second.wait_call()).reject(486)
        with pytest.raises(CallFailed) as refused:
            await out.wait_answered()
        assert refused.value.status == 486


async def test_hold_plays_music_to_the_other_and_resume_ends_it(desk: Desk) -> None:
    async with desk.phones("101", "102") as [first, second]:
        out, come = await between(first, second)
        await asyncio.gather(out.hears(800), come.hears(440))
        await come.hold()
        await out.loses(800)
        await come.loses(440)
        await come.resume()
        await asyncio.gather(out.hears(800), come.hears(440))


async def test_a_blind_transfer_by_the_phone(desk: Desk) -> None:
    async with desk.phones("101", "102", "103") as [first, second, third]:
        out, come = await between(first, second)
        await come.hears(440)  # from here on they are in a bridge: before, Asterisk answers 400
        transfer = asyncio.create_task(come.transfer(f"sip:103@127.0.0.1:{desk.server[1]}"))
        last = await third.wait_call()
        last.answer()
        await transfer
        await come.wait_ended()
        await asyncio.gather(out.hears(1200), last.hears(440))
        assert out.state is State.ANSWERED


async def test_an_attended_transfer_by_the_phone(desk: Desk) -> None:
    async with desk.phones("101", "102", "103") as [first, second, third]:
        out, come = await between(first, second)
        await come.hold()
        consult, last = await between(second, third)
        await asyncio.gather(consult.hears(1200), last.hears(800))
        await come.transfer_to(consult)
        await asyncio.gather(come.wait_ended(), consult.wait_ended())
        await asyncio.gather(out.hears(1200), last.hears(440))


async def test_a_call_out_to_a_customer(desk: Desk) -> None:
    arrived: asyncio.Queue[SipCall] = asyncio.Queue()
    carrier = UserAgent("127.0.0.2", desk.asterisk.settings.carrier_port, on_call=arrived.put_nowait)
    desk.dials = "PJSIP/13900139000@carrier,20"
    try:
        async with desk.customer() as customer:
            call = customer.call("4001")
            called = await asyncio.wait_for(arrived.get(), 5)
            assert called.called == "13900139000"
            called.audio.play_tone(950)
            called.answer()
            await call.hears(950)
            called.hang_up()
            await asyncio.gather(call.wait_ended(), called.wait_ended())
    finally:
        desk.dials = "PJSIP/101,20"
        carrier.close()


async def test_wrong_secrets_and_unknown_phones_are_refused(desk: Desk) -> None:
    for number, secret in (("101", "wrong-secret"), ("999", PHONES["101"])):
        with pytest.raises(RegistrationFailed):
            async with Phone(number, secret, server=desk.server):
                pass


async def test_calls_without_media_reach_an_agent_who_hears_nothing(desk: Desk) -> None:
    async with desk.phones("101") as [agent]:
        mute = UserAgent("127.0.0.2")
        async with Customer("1", server=desk.server, media=False, agent=mute) as customer:
            call = customer.call("4001")
            incoming = await agent.wait_call()
            incoming.answer()
            await call.wait_answered()
            call.hang_up()
            await asyncio.gather(call.wait_ended(), incoming.wait_ended())
            assert incoming.ear.digits == ""
        mute.close()
