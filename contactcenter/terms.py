"""Terms: with which priority, needs and preferred agent a call waits.

Everything that speaks for a caller is added up here, each part under its own name, so that a decision can
say why somebody came first.
"""

from contactcenter.calls import Call
from contactcenter.routing.decisions import Part
from contactcenter.routing.matching import Waiting


def of(call: Call) -> Waiting:
    """What the matcher is told of a call that waits. Its queue's own part is added there."""
    parts = [Part(why="script", minutes=call.priority)] if call.priority else []
    return Waiting(
        call=call.id,
        queue=call.queue,
        entered_at=call.queued_at or call.arrived_at,
        priority=tuple(parts),
        needs=call.needs,
        preferred=call.preferred,
    )
