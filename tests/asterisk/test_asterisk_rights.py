"""What the server's AMI user may do, asked of a real Asterisk."""

import pytest
from asterisk_peers import Ami

from contactcenter.asterisk.embedded import EmbeddedAsterisk

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("application", "data"),
    [
        ("System", "touch /tmp/owned"),
        ("TrySystem", "touch /tmp/owned"),
        ("AGI", "/bin/sh"),
        ("EAGI", "/bin/sh"),
        ("Exec", "System(touch /tmp/owned)"),
        ("MixMonitor", "x.wav,,touch /tmp/owned"),
        ("Originate", "Local/line@room,app,System,id"),
        ("Playback", "${SHELL(touch /tmp/owned)}"),
        ("Playback", "${FILE(/etc/passwd)}"),
        ("Playback", "${CURL(http://127.0.0.1/)}"),
    ],
)
async def test_originate_opens_no_shell(asterisk: EmbeddedAsterisk, application: str, data: str):
    async with Ami.connected(asterisk.settings) as ami:
        answer = await ami.ask(
            "Originate", Channel="Local/line@room", Application=application, Data=data, Async="true"
        )
        assert answer["Response"] == "Error", answer
        assert "Originate Access Forbidden" in answer["Message"]


@pytest.mark.parametrize(
    ("action", "headers"),
    [
        ("Command", {"Command": "core show channels"}),
        ("UpdateConfig", {"SrcFilename": "manager.conf", "DstFilename": "manager.conf"}),
        ("GetConfig", {"Filename": "manager.conf"}),
        ("MixMonitor", {"Channel": "PJSIP/101-00000001", "File": "x.wav"}),
        ("Filter", {"Operation": "Add", "Filter": "Event: VarSet"}),
        ("ModuleLoad", {"LoadType": "load", "Module": "app_system.so"}),
        ("AGI", {"Channel": "PJSIP/101-00000001", "Command": "EXEC System id"}),
        ("DBPut", {"Family": "a", "Key": "b", "Val": "c"}),
    ],
)
async def test_the_rest_is_denied(asterisk: EmbeddedAsterisk, action: str, headers: dict[str, str]):
    async with Ami.connected(asterisk.settings) as ami:
        answer = await ami.ask(action, **headers)
        assert answer["Response"] == "Error", answer
        assert answer["Message"] in (
            "Permission denied",
            f"Invalid/unknown command: {action}. Use Action: ListCommands to show available commands.",
        )


async def test_what_the_server_asks_for_is_granted(asterisk: EmbeddedAsterisk):
    """Asked about a channel that does not exist, an action that is permitted says so."""
    async with Ami.connected(asterisk.settings) as ami:
        for action, headers in (
            ("Redirect", {"Channel": "PJSIP/none", "Context": "room", "Exten": "line", "Priority": "1"}),
            ("Bridge", {"Channel1": "PJSIP/none", "Channel2": "PJSIP/none"}),
            ("Hangup", {"Channel": "PJSIP/none"}),
            ("PlayDTMF", {"Channel": "PJSIP/none", "Digit": "4"}),
            ("MixMonitorMute", {"Channel": "PJSIP/none", "State": "1"}),
            ("BlindTransfer", {"Channel": "PJSIP/none", "Context": "room", "Exten": "line"}),
        ):
            answer = await ami.ask(action, **headers)
            assert answer["Message"] != "Permission denied", action
        for action in (
            "CoreShowChannels",
            "CoreStatus",
            "CoreSettings",
            "BridgeList",
            "DeviceStateList",
            "Ping",
        ):
            assert (await ami.ask(action))["Response"] == "Success", action


async def test_only_events_of_the_list_are_heard(asterisk: EmbeddedAsterisk):
    async with Ami.connected(asterisk.settings) as ami:
        await ami.ask(
            "Originate",
            "CC_TEST=1",
            Channel="Local/line@room",
            Application="Wait",
            Data="0.1",
            Async="true",
            ChannelId="heard-1",
            OtherChannelId="heard-2",
        )
        await ami.event("Hangup", Uniqueid="heard-1")
        heard = {event["Event"] for event in ami.seen()}
        assert {"Newchannel", "OriginateResponse"} <= heard
        assert not heard & {
            "VarSet",
            "Newexten",
            "NewCallerid",
            "DialBegin",
            "DialEnd",
            "RTCPSent",
            "LocalBridge",
        }
        assert all("Timestamp" in event for event in ami.seen() if event["Event"] == "Newchannel")
