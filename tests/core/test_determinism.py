"""The same events give the same commands: on any machine, on any day, byte for byte."""

import os
import subprocess
import sys
from pathlib import Path

from contactcenter import events as e
from contactcenter.center import Center
from tests.core.world import RULES, SERVER, World

SCRIPT = "from tests.core.test_determinism import busy_hour; print(repr(busy_hour()[1]))"


def busy_hour() -> tuple[list[e.Event], list[object]]:
    """Many callers and agents at once, with transfers into crowded bridges: what could depend on the order of
    a set shows here."""
    world = World()
    commands: list[object] = []
    for n in range(8):
        login, phone = f"agent{n}", f"{101 + n}"
        world.is_ready(login, phone, queues=("support", "sales") if n % 2 else ("sales", "support"))
    for n in range(12):
        world.waits(f"call{n}", "sales" if n % 3 else "support", priority=n % 2)
        commands += world.sent
    for n in range(8):
        name = f"call{n}"
        if name in world.floor.calls and (login := world.call(name).agent):
            world.rings(name, world.agent(login).phone).answers(name, world.agent(login).phone)
            commands += world.sent
    for n, leg in enumerate(("z-leg", "m-leg", "a-leg")):
        world.step(
            e.LegStarted(at=world.now, leg=leg, server=SERVER, phone=f"{106 + n}"),
            e.LegJoined(at=world.now, leg=leg, bridge="b-call1"),
        )
        commands += world.sent
    world.step(e.LegEnded(at=world.now, leg=f"call1>{world.agent(world.call('call1').agent).phone}"))
    commands += world.sent
    world.wait(60).restart().connect().wait(120)
    return world.told, commands


def test_a_second_center_decides_the_same() -> None:
    told, _ = busy_hour()
    started = next(n for n, event in enumerate(told) if isinstance(event, e.InteractionsRestored))
    first, second = Center(RULES), Center(RULES)
    for event in told[:started]:
        assert repr(first.handle(event)) == repr(second.handle(event))


def test_another_process_decides_the_same_whatever_its_hashes() -> None:
    root = Path(__file__).parents[2]
    outputs = set()
    for seed in ("1", "2", "3"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.add(run.stdout)
    assert len(outputs) == 1
    assert "OfferCall" in outputs.pop()
