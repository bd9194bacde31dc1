"""docs/pacing.md and docs/pacing.svg show what docs/pacing.json says was measured."""

import runpy
from pathlib import Path
from types import SimpleNamespace

SCRIPT = Path(__file__).parents[2] / "scripts" / "draw_pacing.py"
script = SimpleNamespace(**runpy.run_path(str(SCRIPT)))


def test_the_picture_and_the_tables_are_what_was_measured() -> None:
    rows = script.load()
    page = script.PAGE.read_text(encoding="utf-8")
    assert script.PICTURE.read_text(encoding="utf-8") == script.draw(rows), (
        "run: python scripts/draw_pacing.py"
    )
    assert page == script.written(page, rows), "run: python scripts/draw_pacing.py"


def test_every_cell_of_the_marks_was_measured_and_none_dropped_more_than_the_limit() -> None:
    rows = script.load()
    for cell in script.MARKS:
        ours = rows["usual", cell, "predictive"]
        assert ours["dropped"]["mean"] <= 3.0, cell
        assert ours["idle_s"]["mean"] < rows["usual", cell, "adaptive_ratio"]["idle_s"]["mean"], cell
