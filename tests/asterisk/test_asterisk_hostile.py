"""Text of a caller's or a phone's must stay text: it forges no event of the manager interface and no variable
of a script. Asterisk undoes the %0D%0A of an address, so a line break is one INVITE away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest
from asterisk_peers import Ami, Message, Script, Session, fastagi

from contactcenter.asterisk.embedded import EmbeddedAsterisk
from contactcenter.phones import Customer, Phone
from contactcenter.phones.call import CallFailed, SipCall
from contactcenter.phones.message import Address, Uri
from contactcenter.phones.phone import answer
from tests.support.asterisk import PHONES

pytestmark = pytest.mark.asyncio(loop_scope="module")

FORGED_EVENT = "x\r\n\r\nEvent: Hangup\r\nUniqueid: victim\r\n\r\n"
FORGED_HEADER = "x\r\nUniqueid: victim\r\nLinkedid: victim"
FORGED_DID = "1540\nagi_extension: 4002\nagi_dnid: 4002\nx: "
FORGED_END = "\n\nHANGUP\n"
HOSTILE = [
    FORGED_EVENT,
    FORGED_HEADER,
    FORGED_DID,
    FORGED_END,
    "x\n\nAgi",
    "x\r",
    "\x01\x1b[31m",
    "a,b\"c'd$(e)",
]


def server(asterisk: EmbeddedAsterisk) -> Address:
    return "127.0.0.1", asterisk.settings.sip_port


@asynccontextmanager
async def sessions(asterisk: EmbeddedAsterisk) -> AsyncIterator[asyncio.Queue[Session]]:
    """The FastAGI sessions, one after the other; each stays until its caller goes."""
    queue: asyncio.Queue[Session] = asyncio.Queue()

    async def script(session: Session) -> None:
        queue.put_nowait(session)
        await session.line()

    run: Script = script
    async with fastagi(asterisk.settings, run):
        yield queue


async def goes(call: SipCall) -> None:
    call.hang_up()
    await call.wait_ended()


def check(events: list[Message], *, least: int) -> None:
    """Every event is one of Asterisk's own, whole, and none is the caller's."""
    assert len(events) >= least
    for event in events:
        assert event["Privilege"], event
        for name in ("Uniqueid", "Linkedid"):
            assert event.get(name, "cc-").startswith("cc-"), event
        assert ("Channel" in event) is ("Linkedid" in event), event


@pytest.mark.parametrize("number", HOSTILE)
async def test_a_callers_number_forges_nothing(asterisk: EmbeddedAsterisk, number: str):
    async with (
        sessions(asterisk) as queue,
        Ami.connected(asterisk.settings) as ami,
        Customer(number, "Joe", server=server(asterisk), media=False) as customer,
    ):
        call = customer.call("4003")
        await call.wait_answered()
        said = (await queue.get()).environment
        assert said["agi_extension"] == "4003"
        assert said["agi_network_script"].endswith("did=4003&interaction=")
        assert said["agi_threadid"], "the environment is whole"
        assert set(said["agi_callerid"]) <= set(number) | set("unknown")
        await goes(call)
        await ami.event("Hangup", Uniqueid=said["agi_uniqueid"])
        check(ami.seen(), least=2)


async def test_a_caller_who_gives_up_at_once_forges_nothing(asterisk: EmbeddedAsterisk):
    """His channel's first event is told before the dialplan has done anything."""
    async with (
        sessions(asterisk),
        Ami.connected(asterisk.settings) as ami,
        Customer(FORGED_EVENT, server=server(asterisk), media=False) as customer,
    ):
        for _ in range(5):
            await goes(customer.call("4003"))
        for _ in range(5):
            await ami.event("Hangup")
        check(ami.seen(), least=5)


async def test_the_other_headers_of_a_call_are_not_believed(asterisk: EmbeddedAsterisk):
    evil = f'"x" <{Uri(FORGED_EVENT, "127.0.0.2")}>'
    headers = [
        ("P-Asserted-Identity", evil),
        ("P-Preferred-Identity", evil),
        ("Remote-Party-ID", f"{evil};party=calling;privacy=off"),
        ("Diversion", f"{evil};reason=unconditional"),
        ("History-Info", f"{evil};index=1"),
        ("Referred-By", evil),
        ("User-Agent", FORGED_EVENT.replace("\r\n", "%0D%0A")),
    ]
    async with (
        sessions(asterisk) as queue,
        Ami.connected(asterisk.settings) as ami,
        Customer("15400001111", server=server(asterisk), media=False) as customer,
    ):
        call = customer.call("4003", headers)
        await call.wait_answered()
        said = (await queue.get()).environment
        assert said["agi_callerid"] == "15400001111"
        assert said["agi_rdnis"] == "unknown"
        await goes(call)
        await ami.event("Hangup", Uniqueid=said["agi_uniqueid"])
        check(ami.seen(), least=2)


@pytest.mark.parametrize(
    ("number", "name", "seen_number", "seen_name"),
    [
        ("+8613800001111", "王芳", "+8613800001111", "王芳"),
        ("13800001111", 'Li, "the" <b>boss</b>; a@b', "13800001111", 'Li, \\"the\\" <b>boss</b>; a@b'),
        ("13800001111;cpc=ordinary", "", "13800001111", "unknown"),
        ("alice.b_c-d", "${SHELL(id)}", "alice.b_c-d", "${SHELL(id)}"),
        ("anonymous", "Anonymous", "anonymous", "Anonymous"),
        ("13800001111", "n" * 2000, "13800001111", "n" * 2000),
    ],
)
async def test_an_honest_callers_number_and_name_arrive(
    asterisk: EmbeddedAsterisk, number: str, name: str, seen_number: str, seen_name: str
):
    async with (
        sessions(asterisk) as queue,
        Customer(number, name, server=server(asterisk), media=False) as customer,
    ):
        call = customer.call("+498912345678901")
        await call.wait_answered()
        said = (await queue.get()).environment
        assert (said["agi_callerid"], said["agi_calleridname"]) == (seen_number, seen_name)
        assert "did=%2B498912345678901&" in said["agi_network_script"]
        await goes(call)


async def test_a_phone_forges_nothing(asterisk: EmbeddedAsterisk, monkeypatch: pytest.MonkeyPatch):
    """Not by its contact, not by what it says of itself, not by where it sends a caller."""
    phone = Phone("101", PHONES["101"], server=server(asterisk), habit=answer, media=False)
    contact = f"<{Uri(FORGED_EVENT, *phone.agent.address, 'x=' + quote(FORGED_EVENT))}>"
    monkeypatch.setattr(phone.agent, "contact", lambda user: contact)
    evil = quote("4002" + FORGED_EVENT)
    async with sessions(asterisk) as queue, Ami.connected(asterisk.settings) as ami, phone:
        await ami.event("ContactStatus", AOR="101", ContactStatus="NonQualified")
        monkeypatch.undo()
        call = phone.call("4003")
        await call.wait_answered()
        said = (await queue.get()).environment
        assert said["agi_callerid"] == "101"
        with pytest.raises(CallFailed, match="404"):
            await call.transfer(f"sip:{evil}@127.0.0.1")
        await goes(call)
        await ami.event("Hangup", Uniqueid=said["agi_uniqueid"])
        check(ami.seen(), least=2)
