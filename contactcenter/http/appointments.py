"""`/api/appointments`: calls agreed on with somebody for a time, by his clock."""

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import appointments, do_not_call, zones
from contactcenter.crm.appointments import Appointment, AppointmentChange, AppointmentState, NewAppointment
from contactcenter.crm.phone_numbers import e164, is_ordinary
from contactcenter.events import AppointmentCallAsked
from contactcenter.http.lists import Items, Paged
from contactcenter.http.problems import Problem, not_found
from contactcenter.http.routes import ID_PATTERN, Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("appointments")

Word = Annotated[str, StringConstraints(max_length=64)]
Number = Annotated[str, StringConstraints(max_length=64)]
Name = Annotated[str, StringConstraints(max_length=120)]
Note = Annotated[str, StringConstraints(max_length=1000)]
Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]


class AppointmentFilter(Paged):
    """Which appointments: `open` has the due ones, too; all of them without a `state`."""

    state: Literal["", "open", "due", "missed", "done", "cancelled"] = ""
    owner: Word = ""
    lead: Word = ""
    customer: Word = ""


class AppointmentBody(BaseModel):
    """A new appointment. From the `call` whose pop one has, or has just had, it takes what is left out:
    number, name, queue, and whose lead and customer it is."""

    model_config = ConfigDict(extra="forbid")

    at: Moment
    zone: Annotated[Word, Field(description="By whose clock it was agreed on: IANA.")]
    owner: Annotated[
        Word | None, Field(description="Who calls; empty: anyone of the queue; null: oneself.")
    ] = None
    note: Note = ""
    remind_at: Moment | None = None
    call: Annotated[str, StringConstraints(pattern=ID_PATTERN)] | None = None
    number: Number = ""
    name: Name = ""
    queue: Word = ""


class AppointmentPatch(BaseModel):
    """What to change; what is left out stays. `remind_at: null` takes the reminder away."""

    model_config = ConfigDict(extra="forbid")

    at: Moment | None = None
    zone: Word | None = None
    owner: Word | None = None
    note: Note | None = None
    remind_at: Moment | None = None
    state: Annotated[Literal["done"] | None, Field(description="Somebody has kept it.")] = None


class WhichNumber(BaseModel):
    """A number, in any form."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class PossibleZones(BaseModel):
    """Every zone in which a number may be."""

    zones: list[str]


@routes.get("/api/appointments", right=Right.APPOINTMENTS_READ)
async def list_appointments(visit: Visit, query: AppointmentFilter) -> Items[Appointment]:
    """Appointments: those to come with the first first, the others with the last first."""
    page = await visit.edge.store.read(
        appointments.page,
        visit.reader,
        state=AppointmentState(query.state) if query.state else None,
        owner=query.owner,
        lead=query.lead,
        customer=query.customer,
        cursor=query.cursor,
        limit=query.limit,
        at=visit.edge.now(),
    )
    return Items(items=list(page.items), next=page.next)


@routes.get("/api/appointments/zones", right=Right.APPOINTMENTS_WRITE)
async def list_zones_of_number(visit: Visit, query: WhichNumber) -> PossibleZones:
    """By which clocks somebody with this number may live."""
    number = e164(query.number, visit.edge.store.region, "number")
    return PossibleZones(zones=list(zones.where(number).zones))


@routes.get("/api/appointments/{id}", right=Right.APPOINTMENTS_READ, of=Kind.APPOINTMENT, versioned=True)
async def get_appointment(visit: Visit, id: str) -> Appointment:
    """One appointment."""
    if found := await visit.edge.store.read(appointments.get, id, visit.reader, at=visit.edge.now()):
        return found
    raise not_found("appointment")


@routes.post("/api/appointments", right=Right.APPOINTMENTS_WRITE, status=201, versioned=True)
async def agree_on_appointment(visit: Visit, body: AppointmentBody) -> Appointment:
    """Agree on a call; from a live call in one act. A lead is dialled at that time by its campaign, by its
    owner as far as he is there."""
    given = body.model_dump(exclude={"call"})
    if body.call:
        of_call = _of_call(visit, body.call)
        given = of_call | {name: value for name, value in given.items() if value or name not in of_call}
    if not given["number"]:
        raise Problem(422, "invalid", "Give a number, or a call.", field="number")
    edge = visit.edge
    made = await edge.store.write(
        appointments.agree,
        NewAppointment(**given),
        region=edge.store.region,
        reader=visit.reader,
        at=edge.now(),
    )
    edge.reminders.look()
    return made


@routes.patch(
    "/api/appointments/{id}", right=Right.APPOINTMENTS_WRITE, of=Kind.APPOINTMENT, refusals=(409,),
    versioned=True,
)  # fmt: skip
async def change_appointment(visit: Visit, id: str, body: AppointmentPatch) -> Appointment:
    """Move it, give it to somebody else, or say that it was kept."""
    given: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set - {"state"}}
    given |= {
        "no_reminder": "remind_at" in given and given["remind_at"] is None,
        "done": body.state == "done",
    }
    edge = visit.edge
    changed = await edge.store.write(
        appointments.change,
        id,
        AppointmentChange(**given),
        reader=visit.reader,
        at=edge.now(),
        expected=visit.expected,
    )
    edge.reminders.look()
    return changed


@routes.delete(
    "/api/appointments/{id}", right=Right.APPOINTMENTS_WRITE, of=Kind.APPOINTMENT, refusals=(409,),
    versioned=True,
)  # fmt: skip
async def cancel_appointment(visit: Visit, id: str) -> None:
    """It is not to be kept. It stays in the list of those that were cancelled."""
    await visit.edge.store.write(
        appointments.cancel, id, reader=visit.reader, at=visit.edge.now(), expected=visit.expected
    )
    visit.edge.reminders.look()


@routes.post(
    "/api/appointments/{id}/call", right=Right.CALLS_TAKE, of=Kind.APPOINTMENT, status=202, refusals=(409,)
)
async def call_as_agreed(visit: Visit, id: str) -> Appointment:
    """Keep an appointment that no campaign dials: you are reserved, and the number is rung, once. A talk
    makes it `done`. Whoever is on the do-not-call list by now is not rung."""
    edge = visit.edge
    one = await edge.store.read(appointments.get, id, visit.reader, at=edge.now())
    if one is None:
        raise not_found("appointment")
    if one.state in (AppointmentState.DONE, AppointmentState.CANCELLED):
        raise Problem(409, "illegal_now", f"The appointment is {one.state}.", field="state")
    if one.lead:
        raise Problem(409, "illegal_now", "Its lead's campaign dials it.", field="lead")
    whole = await edge.store.read(appointments.get, id, at=edge.now())
    number = whole.number if whole else ""
    if not is_ordinary(number, edge.store.region):
        says = "Only ordinary numbers of our own country are called from here."
        raise Problem(409, "illegal_now", says, field="number")
    if await edge.store.read(do_not_call.among, (number,)):
        raise Problem(409, "do_not_call", "This number is on our do-not-call list.", field="number")
    await visit.ask(
        partial(
            AppointmentCallAsked, appointment=one.id, number=number, name=one.name, customer=one.customer,
            queue=one.queue,
        )
    )  # fmt: skip
    return one


@routes.delete("/api/appointments/{id}/reminder", right=Right.APPOINTMENTS_WRITE, of=Kind.APPOINTMENT)
async def put_appointment_reminder_away(visit: Visit, id: str) -> None:
    """Put the reminder away that is shown: from everybody's page."""
    await visit.edge.store.write(appointments.put_away, id, reader=visit.reader, at=visit.edge.now())
    visit.edge.reminders.look()


def _of_call(visit: Visit, call: str) -> dict[str, Any]:
    """What the visitor's own call gives. Raises `Problem` 422 for another one."""
    pop = visit.edge.live.pops.get(visit.visitor.login)
    if pop is None or pop.call != call:
        raise Problem(422, "invalid", "There is no such call.", field="call")
    customer = pop.customers[0] if len(pop.customers) == 1 else None
    lead = pop.lead
    return {
        "number": lead.number if lead else pop.caller,
        "name": (lead.name if lead else "") or (customer.name if customer else pop.caller_name),
        "queue": pop.queue,
        "lead": lead.lead if lead else "",
        "campaign": lead.campaign if lead else "",
        "customer": customer.id if customer else "",
        "interaction": pop.interaction,
    }
