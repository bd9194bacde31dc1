"""From Asterisk's words to ours: one AMI event to one of our events, without memory and without opinion.

A leg is named by its channel's Uniqueid, which begins with the server's `systemname`, so it is unique over
all servers and the same in AMI and in FastAGI.

An event that is not whole, or has a header twice, is not believed in part: where a caller's text gets into
Asterisk's words, that is what it looks like.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from contactcenter.ami.messages import Message
from contactcenter.events import (
    Event,
    LegAnswered,
    LegEnded,
    LegHeld,
    LegJoined,
    LegParked,
    LegParted,
    LegResumed,
    LegRinging,
    LegStarted,
    LegTransferred,
    MonitorBegan,
)
from contactcenter.values import LegSeen

_PHONE_CHANNEL = re.compile(r"PJSIP/([0-9]{2,6})-[0-9a-f]+")
_PHONE_DEVICE = re.compile(r"PJSIP/([0-9]{2,6})")
_RINGING, _UP = "5", "6"
_WAITING_ROOM = "holding_bridge"
"""The bridge technology of BridgeWait: its legs don't hear each other."""

_OF_A_CHANNEL = (
    "Channel",
    "ChannelState",
    "CallerIDNum",
    "CallerIDName",
    "ConnectedLineNum",
    "ConnectedLineName",
    "AccountCode",
    "Context",
    "Exten",
    "Priority",
    "Uniqueid",
    "Linkedid",
)
"""What Asterisk says of a channel in each event about one; callers' texts stand before the last ones."""


class Unreadable(ValueError):
    """Not a whole event of Asterisk's; the text says what is wrong with it."""


def phone_of(channel: str) -> str:
    """`101` for `PJSIP/101-0000002a`; empty for anything that is none of our phones."""
    match = _PHONE_CHANNEL.fullmatch(channel)
    return match[1] if match else ""


def device_phone(device: str) -> str:
    """`101` for the device `PJSIP/101`; empty for anything that is none of our phones."""
    match = _PHONE_DEVICE.fullmatch(device)
    return match[1] if match else ""


def _new_channel(event: Message, server: str, at: float) -> Event:
    linked = event["Linkedid"]
    leg = event["Uniqueid"]
    phone = phone_of(event["Channel"])
    return LegStarted(at=at, leg=leg, server=server, phone=phone, linked=linked if linked != leg else "")


def _new_state(event: Message, server: str, at: float) -> Event | None:
    if event["ChannelState"] == _RINGING:
        return LegRinging(at=at, leg=event["Uniqueid"])
    if event["ChannelState"] == _UP:
        return LegAnswered(at=at, leg=event["Uniqueid"])
    return None


def _bridge_enter(event: Message, server: str, at: float) -> Event | None:
    if event.get("BridgeTechnology") == _WAITING_ROOM:
        return LegParked(at=at, leg=event["Uniqueid"], room=event["BridgeUniqueid"])
    return LegJoined(at=at, leg=event["Uniqueid"], bridge=event["BridgeUniqueid"])


def _bridge_leave(event: Message, server: str, at: float) -> Event:
    return LegParted(at=at, leg=event["Uniqueid"], bridge=event["BridgeUniqueid"])


def _hangup(event: Message, server: str, at: float) -> Event:
    cause = event.get("Cause", "16")
    return LegEnded(at=at, leg=event["Uniqueid"], cause=int(cause) if cause.isdecimal() else 0)


def _blind_transfer(event: Message, server: str, at: float) -> Event | None:
    if "TransfereeUniqueid" not in event:
        return None
    return LegTransferred(
        at=at, leg=event["TransfereeUniqueid"], by=event["TransfererUniqueid"], to=event["Extension"]
    )


def _attended_transfer(event: Message, server: str, at: float) -> Event | None:
    if "TransfereeUniqueid" not in event:
        return None
    return LegTransferred(
        at=at,
        leg=event["TransfereeUniqueid"],
        by=event["OrigTransfererUniqueid"],
        to=phone_of(event.get("TransferTargetChannel", "")),
        attended=True,
    )


_TRANSLATORS: Mapping[str, Callable[[Message, str, float], Event | None]] = {
    "Newchannel": _new_channel,
    "Newstate": _new_state,
    "BridgeEnter": _bridge_enter,
    "BridgeLeave": _bridge_leave,
    "Hold": lambda event, server, at: LegHeld(at=at, leg=event["Uniqueid"]),
    "Unhold": lambda event, server, at: LegResumed(at=at, leg=event["Uniqueid"]),
    "ChanSpyStart": lambda event, server, at: MonitorBegan(
        at=at, leg=event["SpyerUniqueid"], hears=event["SpyeeUniqueid"]
    ),
    "Hangup": _hangup,
    "BlindTransfer": _blind_transfer,
    "AttendedTransfer": _attended_transfer,
}

_OF_SEVERAL = frozenset({"BlindTransfer", "AttendedTransfer", "ChanSpyStart"})
"""Events about several channels, each with names of its own."""


def check_once(event: Message) -> None:
    """Raises `Unreadable` when a header came twice."""
    if event.repeated:
        raise Unreadable(f"{event.repeated[0]} came twice")


def check_channel(event: Message) -> None:
    """Raises `Unreadable` unless everything that Asterisk says of a channel is there."""
    for name in _OF_A_CHANNEL:
        if name not in event:
            raise Unreadable(f"{name} is missing")


def translate(event: Message, server: str, at: float) -> Event | None:
    """Our event, or None for what does not concern the center. Raises `Unreadable`."""
    translator = _TRANSLATORS.get(event.event)
    if translator is None:
        return None
    if event.event not in _OF_SEVERAL:
        check_channel(event)
    try:
        return translator(event, server, at)
    except KeyError as error:
        raise Unreadable(f"{error.args[0]} is missing") from None


def legs_seen(channels: Iterable[Message], bridges: Iterable[Message]) -> tuple[LegSeen, ...]:
    """The legs of a CoreShowChannels answer, whose items are whole, and who of them is in the waiting room by
    a BridgeList's.

    A leg's Application does not tell: a leg that was taken out of the room for a talk is still in BridgeWait.
    """
    rooms = {each["BridgeUniqueid"] for each in bridges if each.get("BridgeTechnology") == _WAITING_ROOM}
    return tuple(
        LegSeen(
            leg=channel["Uniqueid"],
            phone=phone_of(channel["Channel"]),
            answered=channel["ChannelState"] == _UP,
            bridge=bridge if (bridge := channel.get("BridgeId", "")) not in rooms else "",
            room=bridge if bridge in rooms else "",
            kept=channel.get("Context") == "room",
            linked=channel["Linkedid"] if channel["Linkedid"] != channel["Uniqueid"] else "",
        )
        for channel in channels
    )
