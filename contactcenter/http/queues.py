"""`/api/queues`: the queues of this moment."""

from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.routes import Right, Routes
from contactcenter.http.visit import Visit
from contactcenter.views import QueueView

routes = Routes("queues")


@routes.get("/api/queues", right=Right.SIGNED_IN)
async def list_queues(visit: Visit, query: Paged) -> Items[QueueView]:
    """The queues; an agent sees his own. `longest_since` is when the caller at the head came in."""
    queues: list[QueueView] = visit.edge.live.seen(visit.visitor.reader, "queues")
    return cut(queues, lambda queue: queue.name, query)
