"""Messages of a script's caller, without a telephone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from contactcenter.agi.simulator import SimulatedCaller
from contactcenter.events import MessageGivenUp, MessageLeft

Dialled = Callable[..., SimulatedCaller]


@pytest.fixture
def caller(tmp_path: Path, simulated_caller: Dialled) -> SimulatedCaller:
    path = tmp_path / "script.py"
    path.write_text("async def script(call):\n    return await call.message(queue='sales')\n")
    return simulated_caller(path, language="en")


async def test_said_and_confirmed(caller: SimulatedCaller) -> None:
    await caller.dials()
    assert caller.heard("after the tone")
    assert caller.recording
    await caller.presses("#")
    assert caller.heard("To send your message, press one")
    await caller.presses("1")
    assert caller.heard("We have your message")
    assert caller.result == caller.message
    (left,) = [event for event in caller.events if isinstance(event, MessageLeft)]
    assert (left.queue, left.seconds) == ("sales", 10.0)


@pytest.mark.parametrize(
    ("keys", "kept"),
    [("#21", False), ("#2#1", True), (",#1", True), (",,", False), ("#,,", False), ("#2#2#2", False)],
    ids=["again, no word", "again", "empty once", "empty twice", "not confirmed", "three times"],
)
async def test_which_are_kept(caller: SimulatedCaller, keys: str, kept: bool) -> None:
    await caller.presses(keys)
    if keys == "#21":  # one key ended the second try before a word: he is asked once more
        assert not caller.ended
        await caller.stays_silent()
    assert bool(caller.message) is kept
    assert caller.ended
    assert any(isinstance(event, MessageGivenUp) for event in caller.events) is not kept


async def test_a_hang_up_is_the_end_of_it(caller: SimulatedCaller) -> None:
    await caller.dials()
    await caller.hangs_up()
    assert caller.hung_up
    assert not caller.message


@pytest.mark.parametrize(("exit", "nodes"), [("message", ["goodbye"]), ("callback", ["goodbye"])])
async def test_who_chose_another_way_out_is_not_asked_again(
    simulated_caller: Dialled, exit: str, nodes: list[str]
) -> None:
    """The demo's hotline offers a callback to whoever found nobody; these have what they want."""
    caller = simulated_caller("dialplans/ivr/hotline.py")
    await caller.presses("12")
    await caller.leaves_queue(exit)
    assert caller.nodes[-1:] == nodes
    assert caller.result == exit
