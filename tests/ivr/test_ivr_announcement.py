"""An announcement's script without a telephone: who wants no more calls, and who wants an agent."""

from pathlib import Path

from contactcenter.agi.lint import lint
from contactcenter.agi.simulator import SimulatedCaller

SCRIPT = Path("tests/e2e/scripts/announcement.py")


async def test_who_wants_no_more_calls_is_told_when_that_is_kept() -> None:
    caller = SimulatedCaller(SCRIPT, language="en")
    await caller.presses("9")
    assert caller.opted_out
    assert caller.heard("not be called again")
    assert (caller.result, caller.queue) == ("done", "")


async def test_who_wants_an_agent_stays_on_the_lists() -> None:
    caller = SimulatedCaller(SCRIPT, language="en")
    await caller.presses("1")
    assert (caller.queue, caller.opted_out) == ("sales", False)
    await caller.hangs_up()


async def test_the_check_walks_through_an_opt_out() -> None:
    assert await lint(SCRIPT, ["sales"]) == []
