"""`/api/do-not-call`, `/api/national-lists`: who must not be called, and since when."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import do_not_call, national_lists
from contactcenter.crm.do_not_call import Entry
from contactcenter.crm.import_values import Import
from contactcenter.crm.national_lists import NationalList
from contactcenter.crm.phone_numbers import e164
from contactcenter.http.imports import FileName, receive
from contactcenter.http.lists import Items, Paged
from contactcenter.http.problems import not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("do-not-call")

Word = Annotated[str, StringConstraints(max_length=64)]
Number = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Reason = Annotated[str, StringConstraints(max_length=500)]
Source = Literal["key", "agent", "page", "letter", "email", "web", "import", "complaint", "other"]
Profile = Literal["US", "UK", "EU", "CN"]
Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]


class EntryFilter(Paged):
    """Which entries."""

    source: Literal["", "key", "agent", "page", "letter", "email", "web", "import", "complaint", "other"] = ""
    campaign: Word = ""


class Sought(BaseModel):
    """The number that is looked up."""

    model_config = ConfigDict(extra="forbid")

    number: Number


class Found(BaseModel):
    """Whether a number may be called, as far as lists go."""

    number: str = Field(description="E.164.")
    entry: Entry | None = Field(description="Its entry on our own list: nobody calls it.")
    national: list[str] = Field(
        description="The national lists that have it: who agreed to be called may be called all the same."
    )


class EntryBody(BaseModel):
    """A number, and how we know."""

    model_config = ConfigDict(extra="forbid")

    number: Number
    source: Source = "page"
    reason: Reason = ""


class Removal(BaseModel):
    """Why it stood there by mistake."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"\S")]


class NumberFile(BaseModel):
    """What is sent: the body is the file itself. `list` names the national list that it is a copy of; without
    one, the numbers go onto our own."""

    model_config = ConfigDict(extra="forbid")

    name: FileName
    list: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,63})?$")] = ""
    profile: Annotated[Profile | None, Field(description="Of a national list: whose law.")] = None
    fetched_at: Annotated[
        Moment | None, Field(description="Of a national list: when this copy was fetched.")
    ] = None


@routes.get("/api/do-not-call", right=Right.DO_NOT_CALL_READ)
async def list_do_not_call(visit: Visit, query: EntryFilter) -> Items[Entry]:
    """Our own list, the newest entries first."""
    page = await visit.edge.store.read(
        do_not_call.page,
        visit.reader,
        source=query.source,
        campaign=query.campaign,
        cursor=query.cursor,
        limit=query.limit,
    )
    return Items(items=list(page.items), next=page.next)


@routes.get("/api/do-not-call/by-number", right=Right.DO_NOT_CALL_READ)
async def look_up_number(visit: Visit, query: Sought) -> Found:
    """Whether a number is on our own list, or on a national one, and why."""
    store = visit.edge.store
    number = e164(query.number, store.region, "number")
    return Found(
        number=number,
        entry=await store.read(do_not_call.find, number, region=store.region, reader=visit.reader),
        national=list(await store.read(national_lists.having, number)),
    )


@routes.post("/api/do-not-call", right=Right.DO_NOT_CALL_WRITE)
async def add_do_not_call(visit: Visit, body: EntryBody) -> Entry:
    """Nobody calls this number from now on. Twice is as good as once. What the person himself asked for is
    never taken off again."""
    return await visit.edge.store.write(
        do_not_call.add,
        body.number,
        body.source,
        by=visit.visitor.login,
        reason=body.reason,
        region=visit.edge.store.region,
        reader=visit.reader,
        at=visit.edge.now(),
    )


@routes.post(
    "/api/do-not-call/imports", right=Right.DO_NOT_CALL_MANAGE, status=201, refusals=(403, 409), upload=True
)
async def send_do_not_call(visit: Visit, query: NumberFile) -> Import:
    """Send a CSV or XLSX file of numbers that must not be called. Nothing is imported yet: it goes on as any
    import (`/api/imports/{id}`). A copy of a national list counts, instead of the one before, once it is
    whole."""
    return await receive(
        visit, "do_not_call", query.name, into=query.list, profile=query.profile or "",
        fetched_at=query.fetched_at,
    )  # fmt: skip


@routes.get("/api/do-not-call/{id}", right=Right.DO_NOT_CALL_READ, of=Kind.DO_NOT_CALL)
async def get_do_not_call(visit: Visit, id: str) -> Entry:
    """One entry."""
    found = await visit.edge.store.read(do_not_call.get, id, visit.reader)
    if found is None:
        raise not_found("entry")
    return found


@routes.post(
    "/api/do-not-call/{id}/remove", right=Right.DO_NOT_CALL_MANAGE, of=Kind.DO_NOT_CALL, refusals=(409,)
)
async def remove_do_not_call(visit: Visit, id: str, body: Removal) -> None:
    """Take off a number that was put on our list by mistake; never one whose owner asked for it."""
    await visit.edge.store.write(
        do_not_call.remove, id, body.reason, reader=visit.reader, at=visit.edge.now()
    )


@routes.get("/api/national-lists", right=Right.DO_NOT_CALL_READ)
async def list_national_lists(visit: Visit) -> Items[NationalList]:
    """Our copies of public do-not-call lists, with their ages and how old they may be."""
    return Items(items=list(await visit.edge.store.read(national_lists.every, visit.edge.now())))
