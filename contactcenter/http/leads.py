"""`/api/leads`: whom lists say to call, and what became of it."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import attempts, erasures, leads
from contactcenter.crm.erasures import Erased
from contactcenter.crm.leads import LeadChange, LeadRow, NewLead
from contactcenter.crm.phone_numbers import e164
from contactcenter.crm.shelves import PRIORITIES
from contactcenter.dialer.attempts import AttemptRecord
from contactcenter.dialer.leads import LeadNumber, LeadState
from contactcenter.http.lists import Items, Paged
from contactcenter.http.problems import Problem, not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("leads")

Word = Annotated[str, StringConstraints(max_length=64)]
Line = Annotated[str, StringConstraints(max_length=120)]
Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
Priority = Annotated[
    int, Field(ge=PRIORITIES[0], le=PRIORITIES[-1], strict=True, description="The highest is dialled first.")
]


class LeadFilter(Paged):
    """Which leads: `state` is one or several, with commas between them."""

    list: Word = ""
    campaign: Word = ""
    state: Annotated[str, StringConstraints(pattern=r"^([a-z]+(,[a-z]+){0,3})?$")] = ""
    owner: Word = ""
    customer: Word = ""
    number: Word = ""


class NumberPart(BaseModel):
    """One number of a lead."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    kind: Annotated[str, StringConstraints(max_length=32)] = ""


Consent = Annotated[str, StringConstraints(max_length=500), Field(description="How and when he agreed.")]
Fields = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=64)],
        Annotated[str, StringConstraints(max_length=1000)],
    ],
    Field(max_length=leads.MOST_FIELDS, description="All of them: what else the list says."),
]


Numbers = Annotated[
    list[NumberPart],
    Field(max_length=leads.MOST_NUMBERS, description="All of them, in the order in which they are dialled."),
]


class LeadBody(BaseModel):
    """A new lead for a list. `numbers` are in the order in which they are dialled; he is due at once, unless
    `due_at` says when."""

    model_config = ConfigDict(extra="forbid")

    list: Word
    name: Line = ""
    customer: Word = ""
    language: Annotated[str, StringConstraints(max_length=35)] = ""
    priority: Priority = 0
    due_at: Moment | None = None
    owner: Word = ""
    numbers: Numbers = []
    fields: Fields = {}
    consent: Consent = ""
    consent_at: Moment | None = None


class LeadPatch(BaseModel):
    """What to change; what is left out stays. `numbers` are all of them, in the order in which they are
    dialled."""

    model_config = ConfigDict(extra="forbid")

    name: Line | None = None
    customer: Word | None = None
    language: Annotated[str, StringConstraints(max_length=35)] | None = None
    priority: Priority | None = None
    due_at: Moment | None = None
    owner: Word | None = None
    numbers: Numbers | None = None
    next_number: Annotated[int, Field(ge=0, lt=leads.MOST_NUMBERS, strict=True)] | None = None
    fields: Fields | None = None
    consent: Consent | None = None
    consent_at: Moment | None = None


class Closing(BaseModel):
    """Why nobody is to dial him, any more or for now."""

    model_config = ConfigDict(extra="forbid")

    why: Word = ""


class Merging(BaseModel):
    """Which leads are the same person."""

    model_config = ConfigDict(extra="forbid")

    gone: Annotated[list[Word], Field(min_length=1, max_length=50, description="Their ids.")]


class Opening(BaseModel):
    """From when on he is to be dialled again; null: at once."""

    model_config = ConfigDict(extra="forbid")

    due_at: Moment | None = None


@routes.get("/api/leads", right=Right.LEADS_READ)
async def list_leads(visit: Visit, query: LeadFilter) -> Items[LeadRow]:
    """Leads, the newest first."""
    names = query.state.split(",") if query.state else []
    if unknown := [name for name in names if name not in LeadState.__members__.values()]:
        says = f"There is no state {unknown[0]!r}: {', '.join(LeadState)}."
        raise Problem(422, "invalid", says, field="state")
    page = await visit.edge.store.read(
        leads.page,
        visit.reader,
        list_=query.list,
        campaign=query.campaign,
        states=[LeadState(name) for name in names],
        owner=query.owner,
        customer=query.customer,
        number=e164(query.number, visit.edge.store.region, "number") if query.number else "",
        cursor=query.cursor,
        limit=query.limit,
    )
    return Items(items=list(page.items), next=page.next)


@routes.post("/api/leads", right=Right.LEADS_WRITE, status=201, refusals=(403,), versioned=True)
async def create_lead(visit: Visit, body: LeadBody) -> LeadRow:
    """Put one lead into a list."""
    given = body.model_dump(exclude={"list", "numbers"})
    numbers = _numbers(visit, body.numbers)
    return await visit.edge.store.write(
        leads.create, body.list, NewLead(numbers=numbers, **given), reader=visit.reader, at=visit.edge.now()
    )


@routes.get("/api/leads/{id}", right=Right.LEADS_READ, of=Kind.LEAD, versioned=True)
async def get_lead(visit: Visit, id: str) -> LeadRow:
    """One lead, with the numbers and where each may be."""
    found = await visit.edge.store.read(leads.get, id, visit.reader)
    if found is None:
        raise not_found("lead")
    return found


@routes.patch(
    "/api/leads/{id}",
    right=Right.LEADS_WRITE,
    of=Kind.LEAD,
    refusals=(403, 409),
    versioned=True,
)
async def change_lead(visit: Visit, id: str, body: LeadPatch) -> LeadRow:
    """Change the fields that are given. One who is being dialled just now goes on by what he was."""
    given: dict[str, Any] = body.model_dump(exclude_unset=True, exclude={"numbers"})
    if body.numbers is not None:
        before = await get_lead(visit, id)
        given["numbers"] = _numbers(visit, body.numbers, zone=before.zone, region=before.region)
    return await visit.edge.store.write(
        leads.change,
        id,
        LeadChange(**given),
        reader=visit.reader,
        at=visit.edge.now(),
        expected=visit.expected,
    )


@routes.post("/api/leads/{id}/close", right=Right.LEADS_WRITE, of=Kind.LEAD, refusals=(409,), versioned=True)
async def close_lead(visit: Visit, id: str, body: Closing) -> LeadRow:
    """Nobody dials him any more. A call that is on its way goes on."""
    return await visit.edge.store.write(leads.close, id, body.why, reader=visit.reader, at=visit.edge.now())


@routes.post("/api/leads/{id}/hold", right=Right.LEADS_WRITE, of=Kind.LEAD, refusals=(409,), versioned=True)
async def hold_lead(visit: Visit, id: str, body: Closing) -> LeadRow:
    """Nobody dials him until somebody opens him again."""
    return await visit.edge.store.write(leads.hold, id, body.why, reader=visit.reader, at=visit.edge.now())


@routes.post("/api/leads/{id}/merge", right=Right.LEADS_WRITE, of=Kind.LEAD, versioned=True)
async def merge_leads(visit: Visit, id: str, body: Merging) -> LeadRow:
    """The others are this lead: he gets numbers and fields that he lacks, they are closed as duplicates."""
    return await visit.edge.store.write(leads.merge, id, body.gone, reader=visit.reader, at=visit.edge.now())


@routes.post(
    "/api/leads/{id}/reopen", right=Right.LEADS_WRITE, of=Kind.LEAD, refusals=(403, 409), versioned=True
)
async def reopen_lead(visit: Visit, id: str, body: Opening) -> LeadRow:
    """He is dialled again. Whatever forbids a call is looked at then."""
    return await visit.edge.store.write(
        leads.reopen, id, due_at=body.due_at, reader=visit.reader, at=visit.edge.now()
    )


@routes.post("/api/leads/{id}/erase", right=Right.DO_NOT_CALL_MANAGE, of=Kind.LEAD, refusals=(409,))
async def erase_lead(visit: Visit, id: str) -> Erased:
    """Forget whom the list names, for good. That his numbers must not be called stays, and so do the records
    of his calls as long as the law wants them: the answer says how many, and until when."""
    return await visit.edge.store.write(erasures.erase_lead, id, reader=visit.reader, at=visit.edge.now())


@routes.get("/api/leads/{id}/attempts", right=Right.LEADS_READ, of=Kind.LEAD)
async def list_lead_attempts(visit: Visit, id: str, query: Paged) -> Items[AttemptRecord]:
    """How often he was dialled, the newest first, and what became of it."""
    await get_lead(visit, id)
    page = await visit.edge.store.read(
        attempts.page, visit.reader, lead=id, cursor=query.cursor, limit=query.limit
    )
    return Items(items=list(page.items), next=page.next)


def _numbers(
    visit: Visit, parts: list[NumberPart], *, zone: str = "", region: str = ""
) -> tuple[LeadNumber, ...]:
    """The numbers as they are dialled, each with every place in which it may be."""
    return tuple(
        leads.number_of(
            each.number,
            each.kind,
            country=visit.edge.store.region,
            zone=zone,
            region=region,
            field=f"numbers.{place}.number",
        )
        for place, each in enumerate(parts)
    )
