"""The one loop, when a rule or an edge has a bug."""

import asyncio
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from contactcenter import center as center_module
from contactcenter.center import Center
from contactcenter.clock import Clock
from contactcenter.commands import Command, EndLeg, SaveInteraction, Wake
from contactcenter.events import CallArrived, NodeVisited, ServerUp
from contactcenter.floor import Floor
from contactcenter.loop import Loop
from contactcenter.routing.queues import QueueRules
from contactcenter.rules import Rules

CALL = "cc-1.1"


async def test_a_broken_rules_acts_are_dropped_and_its_records_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(floor: Floor, event: NodeVisited) -> None:
        call = floor.calls[event.call]
        call.interaction.note(event.at, "node", node=event.node)
        floor.save(call.interaction)
        floor.do(EndLeg(server="cc", leg=CALL))
        floor.wake("wait cc-1.1", event.at + 1)
        raise LookupError("a bug")

    monkeypatch.setitem(center_module.RULES, NodeVisited, breaks)  # type: ignore[misc]
    heard: list[Command] = []
    queue = QueueRules(name="sales", title={"zh": "x", "en": "x"})
    center = Center(Rules(queues=(queue,), dispositions=frozenset()))
    loop = Loop(center, Clock(), CollectorRegistry())
    edges: dict[type[Command], Any] = dict.fromkeys(Command.__subclasses__(), heard.append)
    loop.connect(edges)
    loop.tell(CallArrived(at=1.0, call=CALL, interaction="i1", server="cc", did="4003", caller="1"))
    await asyncio.sleep(0)
    heard.clear()
    loop.tell(NodeVisited(at=2.0, call=CALL, node="menu"))
    loop.tell(ServerUp(at=3.0, server="cc", version="22"))
    await asyncio.sleep(0)
    assert not [each for each in heard if isinstance(each, EndLeg | Wake)]
    (saved,) = (each for each in heard if isinstance(each, SaveInteraction))
    assert [entry.kind for entry in saved.entries] == ["node"]
    assert "EndLeg" in capsys.readouterr().out, "the log says what was dropped"
