"""docs/states.svg shows the tables as they are."""

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

SCRIPT = Path(__file__).parents[2] / "scripts" / "draw_states.py"
script = SimpleNamespace(**runpy.run_path(str(SCRIPT)))


def test_the_committed_picture_is_what_the_tables_give() -> None:
    assert script.PICTURE.read_text(encoding="utf-8") == script.draw(), "run: python scripts/draw_states.py"


def test_every_state_stands_somewhere_and_every_trigger_is_named() -> None:
    for machine in script.MACHINES:
        assert machine.places.keys() == {str(state) for state in machine.table}
        drawn = "\n".join(script._machine(machine))
        labels = re.findall(r'class="trigger"[^>]*>([^<]*)', drawn)
        triggers = {str(trigger) for row in machine.table.values() for trigger in row}
        assert {part for label in labels for part in label.split(" / ")} == triggers
