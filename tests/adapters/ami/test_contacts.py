"""Phones' registrations, as Asterisk tells them."""

import asyncio

import pytest

from contactcenter.ami.messages import Message
from contactcenter.ami.registrations import SETTLED_S, Registrations
from contactcenter.ami.server import AmiServer
from contactcenter.ami.servers import AsteriskServers
from contactcenter.events import Event, PhoneSeen
from tests.adapters.ami.conftest import QUICK
from tests.support.fake_ami import FakeAmi, FakeConnection, Fields

OLD, NEW = "sip:101@127.0.0.4:5000", "sip:101@127.0.0.4:6000"


@pytest.mark.parametrize(
    ("told", "reachable"),
    [
        ([("Created", OLD)], [True]),
        ([("Created", OLD), ("Removed", OLD)], [True, False]),
        ([("Created", OLD), ("Created", NEW), ("Removed", OLD)], [True, True]),
        ([("Created", OLD), ("Created", NEW), ("Removed", OLD), ("Removed", NEW)], [True, True, False]),
        ([("Removed", OLD)], [False]),
        ([("Unreachable", OLD), ("Reachable", OLD)], [False, True]),
    ],
)
async def test_a_new_contact_outlives_the_old_one(told: list[tuple[str, str]], reachable: list[bool]) -> None:
    events: list[Event] = []
    servers = AsteriskServers([AmiServer(name="cc", username="u", secret="s")], events.append, lambda: 1.0)
    for status, uri in told:
        line = f"Event: ContactStatus\r\nAOR: 101\r\nURI: {uri}\r\nContactStatus: {status}"
        message = Message.from_line(line)
        assert message
        servers._hear("cc", message)
    assert [each.reachable for each in events if isinstance(each, PhoneSeen)] == reachable


async def test_a_trunks_contact_is_no_phone() -> None:
    events: list[Event] = []
    servers = AsteriskServers([AmiServer(name="cc", username="u", secret="s")], events.append, lambda: 1.0)
    message = Message.from_line("Event: ContactStatus\r\nAOR: carrier\r\nURI: x\r\nContactStatus: Created")
    assert message
    servers._hear("cc", message)
    assert not events


async def test_who_registers_while_the_list_is_made_is_there(peer: FakeAmi) -> None:
    """Asterisk tells of the contact before the device's state follows: the list has the phone absent."""

    def nothing_there(connection: FakeConnection, action: Fields, *lines: Fields) -> None:
        connection.answer(action, EventList="start")
        for line in lines:
            connection.event("DeviceStateChange", ActionID=action["ActionID"], **line)
        end = {"ActionID": action["ActionID"], "EventList": "Complete", "ListItems": len(lines)}
        connection.event(f"{action['Action']}Complete", **end)

    def behind(connection: FakeConnection, action: Fields) -> None:
        connection.event("ContactStatus", AOR="101", URI=NEW, ContactStatus="Created")
        absent = [{"Device": f"PJSIP/{phone}", "State": "UNAVAILABLE"} for phone in ("101", "102")]
        nothing_there(connection, action, *absent)

    peer.answers |= {
        "CoreShowChannels": nothing_there, "BridgeList": nothing_there, "DeviceStateList": behind,
    }  # fmt: skip
    events: asyncio.Queue[Event] = asyncio.Queue()
    server = AmiServer(name="cc", username="cc", secret="s3cret", port=peer.port, timing=QUICK)
    servers = AsteriskServers([server], events.put_nowait, lambda: 1.0)
    await servers.start()
    seen = []
    async with asyncio.timeout(5):
        while len(seen) < 2:
            if isinstance(event := await events.get(), PhoneSeen):
                seen.append((event.phone, event.reachable))
    await servers.stop()
    assert seen == [("101", True), ("102", False)]


def test_the_list_tells_what_no_event_told() -> None:
    known = Registrations()
    assert known.listed("a", "101", "NOT_INUSE", 0.0) is True
    assert known.listed("a", "101", "INUSE", 30.0) is None
    assert known.listed("a", "101", "UNAVAILABLE", 60.0) is False
    assert known.contact("a", "101", NEW, "Created", 61.0) is True
    assert known.listed("a", "101", "UNAVAILABLE", 61.5) is None
    assert known.listed("a", "101", "UNAVAILABLE", 61.0 + SETTLED_S) is False


def test_a_phone_is_there_if_it_is_registered_at_any_server() -> None:
    known = Registrations()
    assert known.listed("b", "101", "UNAVAILABLE", 0.0) is False
    assert known.contact("a", "101", NEW, "Created", 1.0) is True
    assert known.listed("b", "101", "UNAVAILABLE", 30.0) is None
    assert known.contact("b", "101", NEW, "Created", 31.0) is True
    assert known.contact("a", "101", NEW, "Removed", 32.0) is True
    assert known.contact("b", "101", NEW, "Removed", 33.0) is False
