"""What callers are told while they wait: their place, how long it may last, and which other ways there are.

The place is kept while the caller listens, and an agent who becomes free cuts the announcement short. What is
told of the wait is a bound that holds in most cases, never an average of the past, and never more than was
told before unless others were put in front or agents left.
"""

from contactcenter.calls import Call, CallState
from contactcenter.commands import Announce, CutSpeech
from contactcenter.events import AnnouncementEnded
from contactcenter.floor import Floor
from contactcenter.routing.estimates import Estimate


def promise(floor: Floor, call: Call) -> None:
    """The caller has entered: keep what could have been said of the wait, to learn from how it ends."""
    call.promised = estimate(floor, call)


def estimate(floor: Floor, call: Call) -> Estimate | None:
    """How long a waiting caller will still wait, from the state of his queue now; None: nobody knows."""
    return floor.queues[call.queue].expected(floor.matcher.position(call.id))


def answered(floor: Floor, call: Call, at: float) -> None:
    """The wait ended with an agent: the queue's estimates learn from it."""
    if (queue := floor.queues.get(call.queue)) and call.queued_at is not None and not call.dialled:
        queue.waits.started(at, at - call.queued_at, call.promised)


def gave_up(floor: Floor, call: Call, at: float) -> None:
    """The caller did not want to wait longer: the queue's estimates learn from that, too."""
    if (queue := floor.queues.get(call.queue)) and call.queued_at is not None and not call.dialled:
        was_next = call.id in floor.matcher and floor.matcher.position(call.id) == 1
        queue.waits.abandoned(at, at - call.queued_at, call.promised, was_next=was_next)


def due(floor: Floor, call_id: str, at: float) -> None:
    """It is time to tell a caller how things stand, if he still waits and is not being told."""
    call = floor.calls.get(call_id)
    if call is None or call.state is not CallState.WAITING or call.listening:
        return
    told = estimate(floor, call)
    if told:
        told = told.after(call.told)
    call.told, call.told_at, call.listening = told or call.told, at, True
    ahead = floor.matcher.position(call.id) - 1
    wait_s = told.bound_s if told else None
    ways = floor.queues[call.queue].rules.ways_out
    if not floor.takes_callbacks(call.queue):
        ways = tuple(way for way in ways if way != "callback")
    floor.do(Announce(call=call.id, ahead=ahead, wait_s=wait_s, ways=ways))
    call.interaction.note(
        at, "told", queue=call.queue, ahead=ahead, wait_s=round(wait_s) if wait_s is not None else None
    )
    floor.save(call.interaction)


def ended(floor: Floor, event: AnnouncementEnded) -> None:
    """The caller hears music again, for the usual time."""
    call = floor.calls.get(event.call)
    if call:
        call.listening = False
        if call.state is CallState.WAITING:
            floor.wake(f"tell {call.id}", event.at + floor.queues[call.queue].rules.announce_every_s)


def cut(floor: Floor, call: Call) -> None:
    """An agent is there: nobody wants to hear the rest."""
    if call.listening:
        floor.do(CutSpeech(server=call.server, leg=call.id))
