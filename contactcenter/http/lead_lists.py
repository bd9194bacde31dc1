"""`/api/lists`: lists of leads, and the files that fill them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import leads, lists
from contactcenter.crm.import_values import Import
from contactcenter.crm.leads import Known
from contactcenter.crm.lists import LeadList, ListChange, NewList
from contactcenter.http.imports import FileName, receive
from contactcenter.http.lists import Items, Paged
from contactcenter.http.problems import not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("lists")

Word = Annotated[str, StringConstraints(max_length=64)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"\S")]
Text = Annotated[str, StringConstraints(max_length=4000)]
Evidence = Annotated[
    str,
    StringConstraints(max_length=500),
    Field(description="How and when all who are on it agreed to be called; empty: nothing holds for all."),
]


class ListFilter(Paged):
    """Which lists: those that a campaign dials."""

    campaign: Word = ""


class ListBody(BaseModel):
    """A new list. Without owner and team it is one's own, of one's first team."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    note: Text = ""
    consent: Evidence = ""
    owner: Word | None = None
    team: Word | None = None


class ListPatch(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    note: Text | None = None
    consent: Evidence | None = None
    owner: Word | None = None
    team: Word | None = None


class LeadFile(BaseModel):
    """What is sent: the body is the file itself."""

    model_config = ConfigDict(extra="forbid")

    name: FileName


class DuplicateFilter(BaseModel):
    """How many."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Shared(BaseModel):
    """A number that several leads have."""

    number: str
    leads: list[Known]


@routes.get("/api/lists", right=Right.CAMPAIGNS_READ)
async def list_lists(visit: Visit, query: ListFilter) -> Items[LeadList]:
    """Lists, those that were changed last first, with how many leads are in which state."""
    page = await visit.edge.store.read(
        lists.page,
        visit.reader,
        campaign=query.campaign,
        cursor=query.cursor,
        limit=query.limit,
        at=visit.edge.now(),
    )
    return Items(items=list(page.items), next=page.next)


@routes.post("/api/lists", right=Right.LEADS_IMPORT, status=201, refusals=(403, 409), versioned=True)
async def create_list(visit: Visit, body: ListBody) -> LeadList:
    """Open an empty list."""
    new = NewList(**body.model_dump(exclude_unset=True))
    return await visit.edge.store.write(lists.create, new, reader=visit.reader, at=visit.edge.now())


@routes.get("/api/lists/{id}", right=Right.CAMPAIGNS_READ, of=Kind.LIST, versioned=True)
async def get_list(visit: Visit, id: str) -> LeadList:
    """One list."""
    found = await visit.edge.store.read(lists.get, id, visit.reader, at=visit.edge.now())
    if found is None:
        raise not_found("list")
    return found


@routes.patch(
    "/api/lists/{id}",
    right=Right.LEADS_IMPORT,
    of=Kind.LIST,
    refusals=(403, 409),
    versioned=True,
)
async def change_list(visit: Visit, id: str, body: ListPatch) -> LeadList:
    """Change the fields that are given."""
    to = ListChange(**body.model_dump(exclude_unset=True))
    return await visit.edge.store.write(
        lists.change, id, to, reader=visit.reader, at=visit.edge.now(), expected=visit.expected
    )


@routes.get("/api/lists/{id}/duplicates", right=Right.CAMPAIGNS_READ, of=Kind.LIST)
async def list_shared_numbers(visit: Visit, id: str, query: DuplicateFilter) -> Items[Shared]:
    """Numbers that several leads have who are not closed, one of them on this list at least."""
    found = await visit.edge.store.read(leads.duplicates, id, visit.reader, limit=query.limit)
    hidden = visit.reader.hides(Kind.LEAD, "numbers")
    return Items(
        items=[Shared(number="" if hidden else number, leads=list(known)) for number, known in found]
    )


@routes.post(
    "/api/lists/{id}/imports",
    right=Right.LEADS_IMPORT,
    of=Kind.LIST,
    status=201,
    refusals=(403, 409),
    upload=True,
)
async def send_leads(visit: Visit, id: str, query: LeadFile) -> Import:
    """Send a CSV or XLSX file of leads for this list. Nothing is imported yet: it goes on as any import
    (`/api/imports/{id}`)."""
    await get_list(visit, id)
    return await receive(visit, "lead", query.name, into=id)
