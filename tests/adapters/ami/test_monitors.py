"""Supervisors' legs: what Asterisk is asked for, whom it lets them hear, and what is heard of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from contactcenter.ami import AmiServer
from contactcenter.ami.messages import Message
from contactcenter.ami.servers import NEEDS, NOT_THERE, AsteriskServers
from contactcenter.ami.translate import translate
from contactcenter.commands import EndLeg, PointMonitor, RingMonitor
from contactcenter.events import Event, LegEnded, MonitorBegan, Snapshot
from tests.adapters.ami.conftest import QUICK
from tests.support.fake_ami import FakeAmi, FakeConnection, Fields

AGENTS_LEG, OTHER_LEG = "pbx1-1785000000.12", "pbx1-1785000000.123"
"""One begins with the other."""
RING = RingMonitor(server="pbx1", leg="monitor-r1", phone="120", hears=AGENTS_LEG, mode="whisper")


@dataclass
class Exchange:
    """The edge, and the peer that it talks to."""

    servers: AsteriskServers
    peer: FakeAmi
    events: "asyncio.Queue[Event]"

    async def action(self, name: str) -> tuple[FakeConnection, Fields]:
        """The next action of this name."""
        connection = self.peer.connections[0]
        async with asyncio.timeout(5):
            while (action := await connection.received.get())["Action"] != name:
                pass
        return connection, action

    async def heard(self, kind: type[Event]) -> Event:
        """The next event of this kind."""
        async with asyncio.timeout(5):
            while not isinstance(event := await self.events.get(), kind):
                pass
        return event


def nothing_there(connection: FakeConnection, action: Fields) -> None:
    """An empty list."""
    connection.answer(action, EventList="start")
    end = {"ActionID": action["ActionID"], "EventList": "Complete", "ListItems": 0}
    connection.event(f"{action['Action']}Complete", **end)


@pytest.fixture
async def exchange(peer: FakeAmi) -> AsyncIterator[Exchange]:
    """A link that stands, to an Asterisk that does what it is asked for."""
    peer.granted = tuple(NEEDS)
    for name in ("CoreShowChannels", "BridgeList", "DeviceStateList"):
        peer.answers[name] = nothing_there
    for name in ("Originate", "Setvar", "Redirect", "Hangup"):
        peer.answers[name] = lambda connection, action: connection.answer(action)
    events: asyncio.Queue[Event] = asyncio.Queue()
    server = AmiServer(name="pbx1", username="cc", secret="s3cret", port=peer.port, timing=QUICK, needs=NEEDS)
    servers = AsteriskServers([server], events.put_nowait, lambda: 1.0)
    await servers.start()
    made = Exchange(servers, peer, events)
    await made.heard(Snapshot)
    yield made
    await servers.stop()


async def test_a_phone_is_rung_for_one_leg_by_its_own_id(exchange: Exchange) -> None:
    exchange.servers.carry(RING)
    _, action = await exchange.action("Originate")
    del action["ActionID"]
    assert action == {
        "Action": "Originate",
        "Channel": "PJSIP/120",
        "Priority": "1",
        "Context": "monitor",
        "Exten": "whisper",
        "Timeout": "30000",
        "CallerID": '"Monitor" <0>',
        "Variable": f"CC_HEARS={AGENTS_LEG}",
        "Async": "true",
        "ChannelId": "monitor-r1",
    }


async def test_a_switch_names_the_leg_before_it_moves(exchange: Exchange) -> None:
    exchange.servers.carry(PointMonitor(server="pbx1", leg="monitor-r1", hears=OTHER_LEG, mode="barge"))
    _, named = await exchange.action("Setvar")
    assert (named["Channel"], named["Variable"], named["Value"]) == ("monitor-r1", "CC_HEARS", OTHER_LEG)
    _, moved = await exchange.action("Redirect")
    where = (moved["Channel"], moved["Context"], moved["Exten"], moved["Priority"])
    assert where == ("monitor-r1", "monitor", "barge", "1")


async def test_nobody_is_let_hear_whom_he_was_not_to(exchange: Exchange) -> None:
    """A leg that takes no variable is not moved either: it would hear whom it was set to hear before."""
    exchange.peer.answers["Setvar"] = lambda connection, action: connection.answer(
        action, "Error", Message="No such channel"
    )
    await exchange.servers._point_monitor(
        PointMonitor(server="pbx1", leg="monitor-r1", hears=OTHER_LEG, mode="barge")
    )
    exchange.servers.carry(EndLeg(server="pbx1", leg="monitor-r1"))
    connection, _ = await exchange.action("Setvar")
    async with asyncio.timeout(5):
        assert (await connection.received.get())["Action"] == "Hangup"


@pytest.mark.parametrize("how", ["refused", "failed"])
async def test_a_phone_that_can_not_be_rung_ends_the_monitor(exchange: Exchange, how: str) -> None:
    if how == "refused":
        exchange.peer.answers["Originate"] = lambda connection, action: connection.answer(
            action, "Error", Message="Extension does not exist."
        )
    exchange.servers.carry(RING)
    connection, _ = await exchange.action("Originate")
    if how == "failed":
        connection.event("OriginateResponse", Response="Failure", Channel="PJSIP/120", Uniqueid="monitor-r1")
    ended = await exchange.heard(LegEnded)
    assert ended == LegEnded(at=1.0, leg="monitor-r1", cause=NOT_THERE)


@pytest.mark.parametrize("hears", ["PJSIP/101", "x,all", "a\r\nAction: Originate", "", "x" * 200])
async def test_what_is_no_leg_is_not_sent(exchange: Exchange, hears: str) -> None:
    command = PointMonitor(server="pbx1", leg="monitor-r1", hears=hears, mode="listen")
    with pytest.raises(ValueError, match="odd name of a leg"):
        await exchange.servers._point_monitor(command)


def test_the_beginning_is_told_by_ids() -> None:
    line = (
        "Event: ChanSpyStart\r\nSpyerChannel: PJSIP/120-0000000a\r\nSpyerUniqueid: monitor-r1\r\n"
        f"SpyeeChannel: PJSIP/101-00000009\r\nSpyeeUniqueid: {AGENTS_LEG}"
    )
    message = Message.from_line(line)
    assert message
    assert translate(message, "pbx1", 2.0) == MonitorBegan(at=2.0, leg="monitor-r1", hears=AGENTS_LEG)
