"""Phones' registrations, as Asterisk tells them."""

import pytest

from contactcenter.ami.messages import Message
from contactcenter.ami.server import AmiServer
from contactcenter.ami.servers import AsteriskServers
from contactcenter.events import Event, PhoneSeen

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
