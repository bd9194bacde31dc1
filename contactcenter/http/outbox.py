"""`/api/outbox`: what happened to records, for programs that follow them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import outbox
from contactcenter.crm.errors import Refusal
from contactcenter.crm.outbox import OutboxRow
from contactcenter.http.lists import Items
from contactcenter.http.routes import Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("outbox")

LARGEST = 2**31 - 1
"""What the column of numbers holds."""


class OutboxFilter(BaseModel):
    """From where on: `cursor` is the `seq` of the last event that is known, or `next` of a page."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,10}$")] = ""
    kind: Annotated[str, StringConstraints(max_length=64)] = ""


@routes.get("/api/outbox", right=Right.OUTBOX_READ)
async def list_outbox(visit: Visit, query: OutboxFilter) -> Items[OutboxRow]:
    """Events after `cursor`, the oldest first. Ask again with the last `seq` for what comes later.

    Events are kept for thirty days, and name what changed without saying what it is now.
    """
    since = int(query.cursor or 0)
    if since > LARGEST:
        raise Refusal("not a cursor of this list", field="cursor")
    rows = await visit.edge.store.read(
        outbox.after, since, reader=visit.reader, kind=query.kind, limit=query.limit
    )
    return Items(items=list(rows), next=str(rows[-1].seq) if len(rows) == query.limit else "")
