"""What a caller's session is told: with whom the caller is joined, and what comes next.

The caller never leaves his session, and it can't know what was decided: so after each talk it is told what to
go on with, once, and a join is asked of it when the other leg can be found where it was sent.
"""

from contactcenter import recording
from contactcenter.calls import Call, CallState
from contactcenter.commands import JoinLeg, LeaveQueue, RunScript, WaitOn
from contactcenter.floor import Floor
from contactcenter.interactions import Outcome
from contactcenter.values import NOBODY


def join(floor: Floor, call: Call, leg: str, at: float) -> None:
    """Have the caller joined to a leg that stands, or that is on its way into the waiting room; once."""
    if call.join_asked and call.joining == leg:
        return
    call.joining, call.join_asked = leg, False
    join_if_there(floor, call, at)


def join_if_there(floor: Floor, call: Call, at: float) -> None:
    """Ask the caller's session for it, once the leg can be found where it was sent."""
    leg = floor.legs.get(call.joining)
    if call.state is CallState.HELD and not call.join_asked and leg and (leg.room or leg.bridge):
        call.join_asked = True
        floor.do(
            JoinLeg(
                call=call.id,
                offer=call.consult or call.offer,
                leg=leg.id,
                recording=recording.go_on(floor, call, leg.id, at),
            )
        )


def say_on(floor: Floor, call: Call) -> None:
    """A talk of the caller's session is over: tell it what comes next, since it can't know."""
    if call.state is CallState.HELD:
        wait_on(floor, call, call.agent_leg or NOBODY)
    elif call.state in (CallState.WAITING, CallState.OFFERED):
        wait_on(floor, call, NOBODY)
    elif call.state is CallState.SCRIPT and not _run_script(floor, call):
        floor.do(LeaveQueue(call=call.id, exit=Outcome.ANSWERED.value))


def _run_script(floor: Floor, call: Call) -> bool:
    """Whether the caller's session was told to go on with another number's script."""
    to, call.onward = call.onward, None
    if to is None:
        return False
    floor.do(RunScript(call=call.id, did=to.name))
    return True


def wait_on(floor: Floor, call: Call, held_by: str) -> None:
    """The session keeps the caller, and what brings him back."""
    entered_at = call.queued_at or call.interaction.record.queued_at or call.arrived_at
    floor.do(WaitOn(call=call.id, queue=call.queue, entered_at=entered_at, held_by=held_by))
