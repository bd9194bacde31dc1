"""Transfers: the caller goes on to an agent, a queue, a number outside or a script of ours.

To a person the agent stays parked until the two are joined (`consulting.py`). A queue or a script takes the
caller for certain, and says at once when it does not: then the caller has not left the agent.
"""

from contactcenter import caller_sessions, guests, handoff, waiting_room, waits
from contactcenter.calls import Call, CallState
from contactcenter.commands import Accepted
from contactcenter.courses import Act
from contactcenter.events import TransferAsked
from contactcenter.floor import Floor
from contactcenter.values import Note, TargetKind


def asked(floor: Floor, event: TransferAsked) -> None:
    """The agent sends the caller on, without a word to the other side."""
    call = floor.own_talk(event.login, event.call, event.request, Act.TRANSFER)
    if call is None:
        return
    if wrong := _refusal(floor, call, event):
        code, message = wrong
        floor.refuse(event.request, code, message, "to" if code == "invalid" else "")
        return
    floor.do(Accepted(request=event.request))
    if event.to.kind in (TargetKind.AGENT, TargetKind.NUMBER):
        guests.ask(floor, call, event.to, event.note, event.request, event.at, blind=True)
    else:
        _send_on(floor, call, event)


def _refusal(floor: Floor, call: Call, event: TransferAsked) -> tuple[str, str] | None:
    kind, name = event.to.kind, event.to.name
    if call.consult:
        return "illegal_now", "somebody is asked already: complete that, or drop it first"
    if kind is TargetKind.IVR:
        return None if name in floor.rules.dids else ("invalid", f"{name!r} is no number of ours")
    if kind is not TargetKind.QUEUE:
        return guests.refusal(floor, call, event.to)
    queue = floor.queues.get(name)
    if queue is None:
        return "invalid", f"there is no queue {name!r}"
    exit = queue.refusal(event.at, floor.callers_waiting(name))
    if exit:
        said = exit.value.replace("_", " ")
        return "illegal_now", f"queue {name} does not take the caller now ({said}): he is still with you"
    return None


def _send_on(floor: Floor, call: Call, event: TransferAsked) -> None:
    """The agent's leg goes out of the talk; what follows is decided when it is out."""
    call.onward = event.to
    if event.note:
        call.notes = (*call.notes, Note(by=event.login, text=event.note))
    call.interaction.note(
        event.at,
        "transfer_asked",
        by=event.login,
        to=event.to.kind.value,
        name=event.to.name,
        note=event.note,
    )
    if call.state is CallState.HELD:
        part(floor, call, event.at)
        caller_sessions.say_on(floor, call)
    else:
        waiting_room.send_out(floor, call)
    floor.save(call.interaction)


def part(floor: Floor, call: Call, at: float) -> None:
    """The agent's part is over: the caller goes on to where he was sent, or back to the script."""
    to = call.onward
    handoff.part(floor, call, at)
    if to is None:
        return
    if to.kind is TargetKind.QUEUE and to.name in floor.queues:
        waits.enter(floor, call, to.name, at, kept_place=False)
    elif to.kind is TargetKind.IVR:
        call.onward = to  # said to his session when that has the caller back
