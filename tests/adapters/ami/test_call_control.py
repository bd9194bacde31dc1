"""Call control at the edge: what Asterisk is asked for, and what never reaches it."""

import asyncio

import pytest

from contactcenter.ami import servers
from contactcenter.ami.actions import Reply
from contactcenter.ami.errors import OutcomeUnknown
from contactcenter.ami.messages import Message
from contactcenter.ami.server import AmiServer
from contactcenter.ami.servers import NOT_THERE, AsteriskServers
from contactcenter.ami.translate import legs_seen, translate
from contactcenter.commands import (
    AddLeg,
    Command,
    JoinLegs,
    ParkLeg,
    PlaceCall,
    PlaceLeg,
    Room,
    StopRecording,
)
from contactcenter.dialer.campaigns import Detection
from contactcenter.events import Event, LegEnded, LegParked

LEG, OTHER = "consult-r1", "cc-1785000000.12"
PLACE = {
    "server": "cc",
    "leg": LEG,
    "phone": "",
    "number": "13800138000",
    "trunk": "carrier",
    "shows": "4000",
    "ring_s": 30,
}


class Edge(AsteriskServers):
    """The edge without a link: what it would have sent is kept."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.sent: list[dict[str, str]] = []
        super().__init__([AmiServer(name="cc", username="u", secret="s")], self.events.append, lambda: 1.0)
        self._links["cc"].send = self._keep  # type: ignore[method-assign, assignment]

    async def _keep(self, action: dict[str, str]) -> None:
        self.sent.append(dict(action))

    async def carried(self, command: Command) -> list[dict[str, str]]:
        """What the command becomes."""
        self.carry(command)
        while self._tasks:
            await next(iter(self._tasks))
            await asyncio.sleep(0)  # a task that is over leaves the set in the loop's next turn
        return self.sent


class Answering(Edge):
    """An edge whose Asterisk knows one variable."""

    value = "0x7f00beef"

    async def _keep(self, action: dict[str, str]) -> Reply:  # type: ignore[override]
        self.sent.append(dict(action))
        return Reply(Message({"Value": self.value}))


async def test_one_recording_is_ended_and_no_other() -> None:
    stop = StopRecording(server="cc", call=OTHER, recording="i-1")
    asked, ended = await Answering().carried(stop)
    assert asked == {"Action": "Getvar", "Channel": OTHER, "Variable": "CC_MIX_i-1"}
    assert ended == {"Action": "StopMixMonitor", "Channel": OTHER, "MixMonitorID": "0x7f00beef"}


async def test_a_recording_that_never_began_is_not_ended() -> None:
    edge = Answering()
    edge.value = ""
    assert len(await edge.carried(StopRecording(server="cc", call=OTHER, recording="i-1"))) == 1


async def test_a_recording_of_an_odd_name_is_not_asked_for() -> None:
    assert not await Answering().carried(StopRecording(server="cc", call=OTHER, recording="x)\r\ny"))


async def test_a_number_outside_is_rung_over_the_trunk() -> None:
    [action] = await Edge().carried(PlaceLeg(**PLACE))  # type: ignore[arg-type]
    assert action == {
        "Action": "Originate",
        "Channel": "PJSIP/13800138000@carrier",
        "Context": "room",
        "Exten": "guest",
        "Priority": "1",
        "Timeout": "30000",
        "CallerID": '"4000" <4000>',
        "Async": "true",
        "ChannelId": LEG,
    }


DIAL = {
    "server": "cc",
    "leg": "dial-1785000000000-000001",
    "number": "+13055550001",
    "trunk": "carrier",
    "shows": "+13055550100",
    "ring_s": 25,
    "interaction": "dial-1785000000000-000001",
    "queue": "sales",
    "entered_at": 1785000000.0,
    "dialled": True,
}


async def test_a_campaigns_call_is_listened_to_and_is_not_kept_waiting_without_us() -> None:
    detection = Detection(initial_silence_ms=2400, greeting_ms=1600, max_words=4)
    [action] = await Edge().carried(PlaceCall(**DIAL, detection=detection))  # type: ignore[arg-type]
    name = DIAL["leg"]
    assert action == {
        "Action": "Originate",
        "Channel": "PJSIP/13055550001@carrier",
        "Context": "dialled",
        "Exten": "s",
        "Priority": "1",
        "Timeout": "25000",
        "CallerID": '"+13055550100" <+13055550100>',
        "Variable": f"CC_INTERACTION={name},CC_QUEUE=sales,CC_ENTERED=1785000000.000000,CC_ALONE=hangup,"
        "CC_AMD=2400-1600-800-5000-100-50-4-256",
        "Async": "true",
        "ChannelId": name,
    }


@pytest.mark.parametrize(
    ("sound", "alone"),
    [
        ("/var/cc/prompts/0a1b", "/var/cc/prompts/0a1b"),
        ("", "hangup"),
        ("/var/cc,CC_NEXT=hangup/0a1b", "hangup"),
        ("/var/c&c/0a1b", "hangup"),
        ("relative/0a1b", "hangup"),
    ],
)
async def test_without_us_who_answers_hears_our_sound_and_never_the_campaigns_text(
    sound: str, alone: str
) -> None:
    asked: list[str] = []
    edge = Edge()
    edge._sound = lambda text: asked.append(text) or sound  # type: ignore[func-returns-value]
    [action] = await edge.carried(PlaceCall(**DIAL, message="Who calls, CC_NEXT=x"))  # type: ignore[arg-type]
    assert asked == ["Who calls, CC_NEXT=x"]
    assert action["Variable"].split(",")[3:] == [f"CC_ALONE={alone}"]


class Cut(Edge):
    """An edge whose link breaks before the answer."""

    async def _keep(self, action: dict[str, str]) -> None:
        self.sent.append(dict(action))
        raise OutcomeUnknown("sent; the link broke before its answer")


async def test_a_call_that_may_ring_is_not_said_to_be_over() -> None:
    edge = Cut()
    await edge.carried(PlaceCall(**DIAL))  # type: ignore[arg-type]
    assert edge.sent
    assert not edge.events


async def test_without_a_detection_nobody_listens() -> None:
    [action] = await Edge().carried(PlaceCall(**DIAL))  # type: ignore[arg-type]
    assert "CC_AMD" not in action["Variable"]


@pytest.mark.parametrize(
    "changes",
    [
        {"detection": Detection(max_words=0)},
        {"detection": Detection(greeting_ms=60_001)},
        {"detection": Detection(silence_threshold="1)&System(x)")},  # type: ignore[arg-type]
        {"queue": "sales,CC_NEXT=hangup"},
    ],
)
async def test_what_is_odd_is_not_dialled_and_that_is_told(changes: dict[str, object]) -> None:
    edge = Edge()
    assert await edge.carried(PlaceCall(**DIAL | changes)) == []  # type: ignore[arg-type]
    assert edge.events == [LegEnded(at=1.0, leg=str(DIAL["leg"]), cause=NOT_THERE)]


@pytest.mark.parametrize("shows", ['Bob" <1>', "x\r\nAction: Hangup", "", "1" * 40])
async def test_a_callers_odd_number_is_not_shown(shows: str) -> None:
    [action] = await Edge().carried(PlaceLeg(**PLACE | {"phone": "102", "shows": shows}))  # type: ignore[arg-type]
    assert (action["Channel"], action["CallerID"]) == ("PJSIP/102", '"0" <0>')


@pytest.mark.parametrize("number", ["", "139&PJSIP/1", "139,30", "+86139", "٣", "1" * 16, "139\r\nX: y"])
async def test_what_is_no_number_is_not_called(number: str) -> None:
    edge = Edge()
    assert await edge.carried(PlaceLeg(**PLACE | {"number": number})) == []  # type: ignore[arg-type]
    assert edge.events == [LegEnded(at=1.0, leg=LEG, cause=NOT_THERE)]


@pytest.mark.parametrize("leg", ["PJSIP/101-0000", "x,y", "", "a\r\nb"])
async def test_an_odd_leg_is_neither_joined_nor_added_nor_parked(leg: str) -> None:
    edge = Edge()
    await edge.carried(JoinLegs(server="cc", leg=LEG, other=leg))
    await edge.carried(AddLeg(server="cc", leg=LEG, to=leg))
    await edge.carried(ParkLeg(server="cc", leg=leg, room=Room.DESK))
    assert edge.sent == []


async def test_joins_parks_and_conferences() -> None:
    edge = Edge()
    await edge.carried(JoinLegs(server="cc", leg=OTHER, other=LEG))
    await edge.carried(ParkLeg(server="cc", leg=OTHER, room=Room.DESK))
    await edge.carried(AddLeg(server="cc", leg=LEG, to=OTHER))
    room = {"Context": "room", "Priority": "1"}
    assert edge.sent == [
        {"Action": "Bridge", "Channel1": OTHER, "Channel2": LEG},
        {"Action": "Redirect", "Channel": OTHER, "Exten": "desk"} | room,
        {"Action": "Setvar", "Channel": LEG, "Variable": "CC_WITH", "Value": OTHER},
        {"Action": "Redirect", "Channel": LEG, "Exten": "together"} | room,
    ]


CHANNEL = {
    "Channel": "PJSIP/102-00000001",
    "ChannelState": "6",
    "CallerIDNum": "102",
    "CallerIDName": "102",
    "ConnectedLineNum": "4000",
    "ConnectedLineName": "4000",
    "AccountCode": "",
    "Context": "room",
    "Exten": "guest",
    "Priority": "1",
    "Linkedid": "x",
}
"""What Asterisk says of every channel."""


def read(**headers: str) -> Message:
    """A message as it comes from the wire."""
    message = Message.from_line("\r\n".join(f"{name}: {value}" for name, value in headers.items()))
    assert message
    return message


async def test_the_cause_of_a_leg_that_rang_comes_with_its_hangup_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(servers, "BEGUN_S", 0.0)
    edge = Edge()
    await edge.carried(PlaceLeg(**PLACE))  # type: ignore[arg-type]
    edge._hear("cc", read(Event="Newchannel", **CHANNEL, Uniqueid=LEG))
    failed = {"Event": "OriginateResponse", "Response": "Failure", "Channel": "PJSIP/x", "Reason": "3"}
    edge._hear("cc", read(**failed, Uniqueid=LEG))
    assert not [each for each in edge.events if isinstance(each, LegEnded)]
    await edge.carried(PlaceLeg(**PLACE | {"leg": "consult-r2"}))  # type: ignore[arg-type]
    edge._hear("cc", read(**failed, Uniqueid="consult-r2"))
    await edge.carried(PlaceLeg(**PLACE | {"leg": "consult-r3"}))  # type: ignore[arg-type]
    assert edge.events[-1] == LegEnded(at=1.0, leg="consult-r2", cause=NOT_THERE)


async def test_a_failure_that_overtakes_the_beginning_hides_no_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "BEGUN_S", 0.0)
    edge = Edge()
    await edge.carried(PlaceLeg(**PLACE))  # type: ignore[arg-type]
    edge._hear("cc", read(Event="OriginateResponse", Response="Failure", Reason="0", Uniqueid=LEG))
    edge._hear("cc", read(Event="Newchannel", **CHANNEL, Uniqueid=LEG))
    edge._hear("cc", read(Event="Hangup", **CHANNEL, Uniqueid=LEG, Cause="1"))
    await edge.carried(PlaceLeg(**PLACE | {"leg": "consult-r2"}))  # type: ignore[arg-type]
    assert [each.cause for each in edge.events if isinstance(each, LegEnded)] == [1]


def test_the_waiting_room_is_no_talk_even_for_a_leg_that_was_taken_out_of_it() -> None:
    room = {"BridgeUniqueid": "b1", "BridgeTechnology": "holding_bridge"}
    entered = read(Event="BridgeEnter", **room, **CHANNEL, Uniqueid=LEG)
    assert translate(entered, "cc", 1.0) == LegParked(at=1.0, leg=LEG, room="b1")
    waits, talks = (
        read(Event="CoreShowChannel", **CHANNEL, Application="BridgeWait", Uniqueid=leg, BridgeId=bridge)
        for leg, bridge in ((LEG, "b1"), (OTHER, "b2"))
    )
    parked, talking = legs_seen([waits, talks], [read(Event="BridgeListItem", **room)])
    assert (parked.bridge, parked.room, parked.kept) == ("", "b1", True)
    assert (talking.bridge, talking.room, talking.kept) == ("b2", "", True)
