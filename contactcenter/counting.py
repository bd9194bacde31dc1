"""What the center does with its figures: shows what changed, saves the rows, and goes on where it left off.

Rows are saved each minute, a quarter's last row at its end at the latest, and once more when the process
ends. So a crash costs a minute of the agents' times at most, and nothing of the calls: these are counted
again from their records.
"""

from contactcenter.commands import DropFigures, SaveIntervals, ShowFigures
from contactcenter.events import FiguresRestored, Stopping
from contactcenter.floor import Floor
from contactcenter.intervals import CENTER, MINUTE_S


def restored(floor: Floor, event: FiguresRestored) -> None:
    """What the last run counted; from here on, rows are saved."""
    floor.figures.intervals.restore(event.rows, event.counted_from)
    floor.figures.restore(event.entries)
    for queue in floor.queues:
        floor.figures.intervals.changed["queue", queue] = None
    floor.figures.intervals.changed[CENTER] = None
    _wake_to_save(floor, event.at)


def save_due(floor: Floor, at: float) -> None:
    """A minute is over."""
    _save(floor, at)
    _wake_to_save(floor, at)


def stopping(floor: Floor, event: Stopping) -> None:
    """Nothing comes after this."""
    _save(floor, event.at)


def show_due(floor: Floor, at: float) -> None:
    """Show whatever changed since the last time, a second ago or longer."""
    floor.figures_wait = False
    for key in floor.figures.changed(at):
        kind, name = key
        gone = kind == "agent" and name not in floor.agents and not floor.figures.intervals.of_day(key)
        if gone or (kind == "queue" and name not in floor.queues):
            floor.do(DropFigures(id=f"{kind} {name}"))
            continue
        floor.do(ShowFigures(view=floor.figures.view(key, at)))
        if kind == "queue":
            floor.touch(queue=name)


def miscounted(floor: Floor) -> set[tuple[str, str]]:
    """Queues and interactions that are counted as waiting and do not, or the other way. There are none: what
    is offered is answered, abandoned, gone by an exit, or here."""
    unheard = {record.id for record in floor.restored.values()}
    waiting = {
        (call.queue, call.interaction.id)
        for call in floor.calls.values()
        if call.queued_at is not None and (call.entered or call.interaction.record.direction == "inbound")
    }
    return waiting ^ {each for each in floor.figures.waiting() if each[1] not in unheard}


def _wake_to_save(floor: Floor, at: float) -> None:
    floor.wake("intervals", (at // MINUTE_S + 1) * MINUTE_S)


def _save(floor: Floor, at: float) -> None:
    floor.figures.cut(at)
    if rows := floor.figures.intervals.unsaved(at):
        floor.do(SaveIntervals(rows=rows))
