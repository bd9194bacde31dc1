"""What the fake peer claims, asked of a real Asterisk."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from contactcenter.ami import ActionFailed, AmiServer, Status, Timing, channel_name, unescape
from contactcenter.ami.actions import HEADER_LIMIT, LINE_LIMIT
from contactcenter.asterisk.embedded import EmbeddedAsterisk
from tests.adapters.ami.conftest import opened
from tests.support.asterisk import TREE, running_asterisk

pytestmark = pytest.mark.skipif(not TREE.exists(), reason="needs the embedded Asterisk")

NEEDED = frozenset({"Originate", "Bridge", "Redirect", "Hangup", "CoreShowChannels", "CoreStatus"})


@pytest.fixture
async def asterisk() -> AsyncIterator[EmbeddedAsterisk]:
    async with running_asterisk() as asterisk:
        yield asterisk


def to(asterisk: EmbeddedAsterisk, **changes: Any) -> AmiServer:
    settings = asterisk.settings
    usual = {
        "name": "pbx1",
        "username": settings.ami_user,
        "secret": settings.ami_secret,
        "needs": NEEDED,
        "port": settings.ami_port,
        "timing": Timing(backoff_first=0.05, backoff_cap=0.1),
    }
    return AmiServer(**usual | changes)


async def test_a_day_with_a_real_asterisk(asterisk: EmbeddedAsterisk):
    """Signs in, asks, is refused, originates, reads an escaped name, and notices a restart."""
    async with opened(to(asterisk)) as office:
        link = office.link
        await office.state(Status.READY)
        assert link.protocol.version
        boot = office.boots[0]
        assert boot.version.startswith("22.")
        assert boot.started
        assert boot.uptime is not None
        assert (await link.send({"Action": "CoreShowChannels"})).items == ()
        with pytest.raises(ActionFailed, match="Permission denied"):
            await link.send({"Action": "Command", "Command": "core show uptime"})

        # The limits, to the byte: what our encoder lets pass arrives whole, and one more is refused.
        value = "v" * (LINE_LIMIT - len("Value: \r\n"))
        await link.send({"Action": "Setvar", "Variable": "LONG", "Value": value})
        assert (await link.send({"Action": "Getvar", "Variable": "LONG"})).response["Value"] == value
        fitting = {
            "Action": "Setvar",
            "Variable": "WIDE",
            "Value": 1,
            "X": ["x"] * (HEADER_LIMIT - len(["Action", "ActionID", "Variable", "Value"])),
        }
        await link.send(fitting)
        assert (await link.send({"Action": "Getvar", "Variable": "WIDE"})).response["Value"] == "1"

        # Names are escaped by Asterisk, list items and Originate's answer come as events too.
        name = "O'Brien Дитрий?"
        origin = {
            "Action": "Originate",
            "Channel": "Local/line@room",
            "Application": "Wait",
            "Data": "60",
            "Async": "true",
            "CallerID": f'"{name}" <77>',
            "ChannelId": "attempt-1",
            "OtherChannelId": "attempt-1-b",
        }
        assert (await link.send(origin | {"ActionID": "a1"})).items == ()
        assert (await office.event("OriginateResponse"))["ActionID"] == "a1"
        for question in ("CoreShowChannels", "Status"):  # the user's event filter does not name Status
            items = (await link.send({"Action": question})).items
            assert {item["Uniqueid"] for item in items} == {"attempt-1", "attempt-1-b"}, question
        await link.send({"Action": "Hangup", "Channel": channel_name(items[0]["Channel"])})
        hangup = await office.event("Hangup")
        assert "\\'" in hangup["CallerIDName"] + hangup["ConnectedLineName"]
        names = {unescape(hangup["CallerIDName"]), unescape(hangup["ConnectedLineName"])}
        assert name in names, hangup
        assert hangup["Uniqueid"].startswith("attempt-1")

        # Restarted: all calls of before are gone, and the edge must know.
        await asterisk.stop()
        assert (await office.state(Status.DOWN)).reason.startswith("Asterisk shut down")
        await asterisk.start()
        await office.state(Status.READY)
        assert [boot.restarted for boot in office.boots] == [False, True]


async def test_what_our_encoder_refuses_a_real_asterisk_refuses_or_misreads(asterisk: EmbeddedAsterisk):
    async with opened(to(asterisk)) as office:
        await office.state(Status.READY)
        protocol = office.link.protocol

        async def raw(payload: bytes) -> None:
            """Write what `send` would refuse, and wait until Asterisk has read past it."""
            protocol.transport.write(payload)
            await office.link.send({"Action": "Ping"})

        long = b"v" * (LINE_LIMIT + 1 - len(b"Value: \r\n"))
        await raw(b"Action: Setvar\r\nActionID: r1\r\nVariable: LONGER\r\nValue: " + long + b"\r\n\r\n")
        await raw(
            b"Action: Setvar\r\nActionID: r2\r\nVariable: WIDER\r\nValue: 1\r\n"
            + b"X: x\r\n" * (HEADER_LIMIT - 3)
            + b"\r\n"
        )
        await raw(
            b"Action: Setvar\r\nActionID: r3\r\nVariable: A\r\nValue: x\n\nAction: Setvar\n"
            b"Variable: INJECTED\nValue: yes\r\n\r\n"
        )
        values = {}
        for variable in ("LONGER", "WIDER", "INJECTED"):
            reply = await office.link.send({"Action": "Getvar", "Variable": variable})
            values[variable] = reply.response["Value"]
        assert values == {"LONGER": "", "WIDER": "", "INJECTED": "yes"}


REFUSALS = [
    ({"secret": "wrong-secret"}, "secret is wrong"),
    ({"username": "nobody"}, "'nobody' was refused (Authentication failed)"),
    ({"needs": frozenset({"Command"})}, "may not use Command: add the classes"),
]


async def test_a_real_refusal_is_explained(asterisk: EmbeddedAsterisk):
    async def refused(change: dict[str, Any]) -> str:
        async with opened(to(asterisk, **change)) as office:
            return (await office.state(Status.DOWN)).reason

    reasons = await asyncio.gather(*(refused(change) for change, _ in REFUSALS))
    for reason, (_, words) in zip(reasons, REFUSALS, strict=True):
        assert words in reason
