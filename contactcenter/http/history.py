"""`/api/customers/{id}/history`: everything that ever was with a customer."""

from typing import Annotated

from pydantic import BaseModel, Field, JsonValue, StringConstraints

from contactcenter.crm import history
from contactcenter.http.lists import Items, Paged
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("customers")

Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]


class HistoryFilter(Paged):
    """What of it: `kinds` are one or several, with commas between them; from `since` on, before `until`."""

    kinds: Annotated[str, StringConstraints(pattern=r"^([a-z_]+(,[a-z_]+){0,15})?$")] = ""
    since: Moment | None = None
    until: Moment | None = None


class HistoryItem(BaseModel):
    """One thing that happened."""

    at: float
    kind: Annotated[str, Field(description=", ".join(history.KINDS))]
    id: Annotated[str, Field(description="Of the interaction, request, note … that it is of.")]
    login: Annotated[str, Field(description="Who did it; of an interaction, who had it last.")]
    detail: dict[str, JsonValue]


@routes.get("/api/customers/{id}/history", right=Right.CUSTOMERS_READ, of=Kind.CUSTOMER)
async def list_history(visit: Visit, id: str, query: HistoryFilter) -> Items[HistoryItem]:
    """Interactions of all channels, requests step by step, notes, follow-ups, consents, owners, merges, files
    and changes, the newest first: as far as one sees each of them."""
    page = await visit.edge.store.read(
        history.page,
        id,
        visit.reader,
        kinds=query.kinds.split(",") if query.kinds else (),
        since=query.since,
        until=query.until,
        cursor=query.cursor,
        limit=query.limit,
    )
    items = [
        HistoryItem(at=each.at, kind=each.kind, id=each.id, login=each.login, detail=each.detail)
        for each in page.items
    ]
    return Items(items=items, next=page.next)
