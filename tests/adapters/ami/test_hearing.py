"""What is believed of Asterisk's words: whole events, each header once. The words are recorded ones."""

from functools import cache
from pathlib import Path

import pytest

from contactcenter.ami.messages import Message
from contactcenter.ami.protocol import Framer
from contactcenter.ami.server import AmiServer
from contactcenter.ami.servers import AsteriskServers
from contactcenter.ami.state import Counters
from contactcenter.events import Event, LegEnded, LegStarted
from contactcenter.tracing.trace import Raw, read

TRACE = Path(__file__).parents[2] / "traces" / "recorded" / "abandoned_in_the_main_menu.jsonl"
EOL = "\r\n"


@cache
def recorded(name: str) -> str:
    """The first event of that name, as Asterisk wrote it."""
    _, entries = read(TRACE)
    told = (each.raw for each in entries if isinstance(each, Raw) and each.raw.startswith(f"Event: {name}"))
    return next(told).rstrip(EOL)


class Ear:
    """The edge with one server that was never connected."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.servers = AsteriskServers(
            [AmiServer(name="cc", username="u", secret="s")], self.told.append, lambda: 1.0
        )

    def hear(self, text: str) -> None:
        """Every message in the stream."""
        for block in Framer(Counters()).feed(text.encode() + b"\r\n\r\n"):
            if message := Message.from_line(block.decode()):
                self.servers._hear("cc", message)

    @property
    def unreadable(self) -> int:
        return self.servers.counters()["cc"].unreadable


@pytest.mark.parametrize(("name", "kind"), [("Newchannel", LegStarted), ("Hangup", LegEnded)])
def test_a_whole_event_is_heard(name: str, kind: type[Event]) -> None:
    ear = Ear()
    ear.hear(recorded(name))
    assert [type(event) for event in ear.told] == [kind]
    assert ear.unreadable == 0


@pytest.mark.parametrize("name", ["Newchannel", "Newstate", "Hangup", "BridgeEnter", "BridgeLeave"])
@pytest.mark.parametrize("header", ["Channel", "CallerIDNum", "CallerIDName", "Uniqueid", "Linkedid"])
def test_an_event_that_lacks_a_header_is_counted_and_not_believed(
    name: str, header: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ear = Ear()
    lines = recorded_or_made(name).split(EOL)
    ear.hear(EOL.join(line for line in lines if not line.startswith(f"{header}: ")))
    assert not ear.told
    assert ear.unreadable == 1
    assert f"{header} is missing" in capsys.readouterr().out


def test_a_header_that_came_twice_is_counted_and_not_believed() -> None:
    """The caller's number stands before the Uniqueid: of two, the first is his."""
    ear = Ear()
    forged = recorded("Newchannel").replace("CallerIDNum: ", f"CallerIDNum: x{EOL}Uniqueid: victim{EOL}y: ")
    ear.hear(forged)
    assert not ear.told
    assert ear.unreadable == 1


def test_an_event_made_up_in_a_number_is_not_believed() -> None:
    ear = Ear()
    inside = f"x{EOL * 2}Event: Hangup{EOL}Uniqueid: victim{EOL * 2}"
    ear.hear(recorded("Newchannel").replace("CallerIDNum: ", f"CallerIDNum: {inside}"))
    assert not ear.told
    assert ear.unreadable == 2, "the cut one, and the forged one"


def recorded_or_made(name: str) -> str:
    """A caller who gave up in the menu was in no bridge: such an event is made of another."""
    if not name.startswith("Bridge"):
        return recorded(name)
    bridge = f"BridgeUniqueid: b1{EOL}BridgeTechnology: simple_bridge"
    return recorded("Newstate").replace("Event: Newstate", f"Event: {name}{EOL}{bridge}")
