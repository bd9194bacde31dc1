"""`/api/callbacks`: who is to be called back, and what became of it."""

from functools import partial
from typing import Literal

from contactcenter.callbacks import CallbackRecord
from contactcenter.crm import callbacks
from contactcenter.crm.access import CENTER
from contactcenter.events import CallbackCancelAsked
from contactcenter.http import scope
from contactcenter.http.lists import Items, Paged
from contactcenter.http.problems import not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("callbacks")


class CallbackFilter(Paged):
    """Which callbacks."""

    state: Literal["", "waiting", "calling", "done", "failed", "expired", "cancelled"] = ""


@routes.get("/api/callbacks", right=Right.CALLBACKS_READ)
async def list_callbacks(visit: Visit, query: CallbackFilter) -> Items[CallbackRecord]:
    """Callbacks, the newest first: `entered_at` is the place in the queue, `due_at` when the next try is."""
    page = await visit.edge.store.read(
        callbacks.page,
        visit.reader,
        state=query.state,
        cursor=query.cursor,
        limit=query.limit,
    )
    return Items(items=list(page.items), next=page.next)


@routes.delete("/api/callbacks/{id}", right=Right.CALLS_STEER, of=Kind.CALLBACK, refusals=(404, 409))
async def cancel_callback(visit: Visit, id: str) -> None:
    """Take a callback back: nobody is called. One that is just being called goes on."""
    if await visit.edge.store.read(callbacks.get, id, visit.reader) is None:
        limit = visit.reader.limit()
        other = await visit.edge.store.read(callbacks.get, id, CENTER) if limit else None
        if other and other.queue not in limit:
            raise scope.refusal(visit, "cancel", "callback", id, "This callback is in none of your queues.")
        raise not_found("callback")
    await visit.steer(partial(CallbackCancelAsked, callback=id))
