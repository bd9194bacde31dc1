"""`/api/views`: filters of lists under names, one's own and shared ones."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import saved_views
from contactcenter.crm.saved_views import SavedView
from contactcenter.http.lists import Items, Paged
from contactcenter.http.problems import not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("views")

ListOf = Literal["customer", "request", "followup", "interaction"]
Title = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"\S")]
Value = bool | int | float | str | list[str] | None
Filter = Annotated[
    dict[Annotated[str, StringConstraints(max_length=64)], Value],
    Field(max_length=50, description="What the list is asked for, by its own parameters."),
]


class ViewFilter(Paged):
    """Of which list."""

    kind: Literal["", "customer", "request", "followup", "interaction"] = ""


class ViewBody(BaseModel):
    """A new view."""

    model_config = ConfigDict(extra="forbid")

    kind: ListOf
    title: Title
    filter: Filter = {}
    shared: Annotated[bool, Field(description="For all who see this list.")] = False


class ViewPatch(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    filter: Filter | None = None
    shared: bool | None = None


@routes.get("/api/views", right=Right.SIGNED_IN)
async def list_views(visit: Visit, query: ViewFilter) -> Items[SavedView]:
    """One's own views, and those that others share, of lists that one sees."""
    page = await visit.edge.store.read(
        saved_views.page, visit.reader, kind=query.kind, cursor=query.cursor, limit=query.limit
    )
    return Items(items=list(page.items), next=page.next)


@routes.post("/api/views", right=Right.SIGNED_IN, status=201, refusals=(409,), versioned=True)
async def create_view(visit: Visit, body: ViewBody) -> SavedView:
    """Keep a list's filters under a name."""
    given: dict[str, Any] = body.model_dump()
    return await visit.edge.store.write(saved_views.create, visit.reader, **given, at=visit.edge.now())


@routes.get("/api/views/{id}", right=Right.SIGNED_IN, of=Kind.MINE, versioned=True)
async def get_view(visit: Visit, id: str) -> SavedView:
    """One of one's own views."""
    if found := await visit.edge.store.read(saved_views.get, id, visit.reader):
        return found
    raise not_found("view")


@routes.patch("/api/views/{id}", right=Right.SIGNED_IN, of=Kind.MINE, versioned=True)
async def change_view(visit: Visit, id: str, body: ViewPatch) -> SavedView:
    """Change one's own view."""
    return await visit.edge.store.write(
        saved_views.change,
        id,
        visit.reader,
        **body.model_dump(exclude_none=True),
        expected=visit.expected,
        at=visit.edge.now(),
    )


@routes.delete("/api/views/{id}", right=Right.SIGNED_IN, of=Kind.MINE, versioned=True)
async def remove_view(visit: Visit, id: str) -> None:
    """Delete one's own view."""
    await visit.edge.store.write(
        saved_views.remove, id, visit.reader, expected=visit.expected, at=visit.edge.now()
    )
