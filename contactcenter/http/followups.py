"""`/api/followups`: what is to be done later, and the reminders of it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import followups, links
from contactcenter.crm.followups import Cycle, Filter, Followup, FollowupChange, FollowupState, NewFollowup
from contactcenter.crm.links import Linked
from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.occasions import customer_of, occasion
from contactcenter.http.problems import not_found
from contactcenter.http.requests import LinkBody, newest_first
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("follow-ups")

Word = Annotated[str, StringConstraints(max_length=64)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
Text = Annotated[str, StringConstraints(max_length=4000)]
Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]


class FollowupChoice(BaseModel):
    """Which follow-ups: those that are open, unless `state` is given; `owner` and `team` may be `-`:
    nobody's."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["", "open", "done", "dropped", "any"] = "open"
    customer: Word = ""
    request: Word = ""
    owner: Word = ""
    team: Word = ""
    series: Word = ""
    due_before: Moment | None = None
    due_from: Moment | None = None

    def asked(self) -> Filter:
        """As the store takes it."""
        states = () if self.state in ("", "any") else (FollowupState(self.state),)
        return Filter(states=states, **self.model_dump(include=set(FollowupChoice.model_fields) - {"state"}))


class FollowupFilter(FollowupChoice, Paged):
    """The same, a page at a time."""

    sort: Literal["due", "updated"] = "due"


class RecurrenceBody(BaseModel):
    """Every so many days, weeks, months or years, by the calendar of the center's time zone."""

    model_config = ConfigDict(extra="forbid")

    every: Annotated[int, Field(ge=1, le=366, strict=True)] = 1
    unit: Literal["days", "weeks", "months", "years"]
    until: Annotated[Moment | None, Field(description="Nothing is due after it; null: for ever.")] = None


class FollowupBody(BaseModel):
    """A new follow-up. From a live `call` (or an `interaction`) it takes what is left out: customer, owner,
    team; and it is linked to it."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    due_at: Moment
    note: Text = ""
    remind_at: Moment | None = None
    recurrence: RecurrenceBody | None = None
    customer: Word = ""
    request: Word = ""
    call: Word = ""
    interaction: Word = ""
    owner: Word | None = None
    team: Word | None = None


class FollowupPatch(BaseModel):
    """What to change; what is left out stays. `remind_at: null` and `recurrence: null` take these away."""

    model_config = ConfigDict(extra="forbid")

    state: FollowupState | None = None
    result: Text | None = None
    title: Title | None = None
    note: Text | None = None
    due_at: Moment | None = None
    remind_at: Moment | None = None
    recurrence: RecurrenceBody | None = None
    owner: Word | None = None
    team: Word | None = None


@routes.get("/api/followups", right=Right.FOLLOWUPS_READ)
async def list_followups(visit: Visit, query: FollowupFilter) -> Items[Followup]:
    """Follow-ups: the first due first, or the last changed first."""
    page = await visit.edge.store.read(
        followups.page,
        visit.reader,
        query.asked(),
        sort=query.sort,
        cursor=query.cursor,
        limit=query.limit,
    )
    return Items(items=list(page.items), next=page.next)


@routes.get("/api/followups/{id}", right=Right.FOLLOWUPS_READ, of=Kind.FOLLOWUP, versioned=True)
async def get_followup(visit: Visit, id: str) -> Followup:
    """One follow-up."""
    if found := await visit.edge.store.read(followups.get, id, visit.reader):
        return found
    raise not_found("followup")


@routes.post("/api/followups", right=Right.FOLLOWUPS_WRITE, status=201, versioned=True)
async def plan_followup(visit: Visit, body: FollowupBody) -> Followup:
    """Plan a follow-up; from a live call in one act."""
    origin = await occasion(visit, body.call, body.interaction)
    given = body.model_dump(exclude={"call", "recurrence"})
    given |= {
        # The request says whose it is.
        "customer": body.customer if body.request else customer_of(body.customer, origin),
        "owner": body.owner if body.owner is not None else origin.owner or None,
        "team": body.team if body.team is not None else origin.team or None,
        "interaction": origin.interaction,
        "recurrence": _cycle(body.recurrence),
    }
    edge = visit.edge
    made = await edge.store.write(
        followups.create, NewFollowup(**given), reader=visit.reader, at=edge.now(), zone=edge.zone
    )
    edge.reminders.look()
    return made


@routes.patch(
    "/api/followups/{id}", right=Right.FOLLOWUPS_WRITE, of=Kind.FOLLOWUP, refusals=(409,), versioned=True
)
async def change_followup(visit: Visit, id: str, body: FollowupPatch) -> Followup:
    """Change a follow-up, or say that it is done (`state`, `result`): one that recurs makes the next one."""
    given: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
    given["no_reminder"] = "remind_at" in given and given["remind_at"] is None
    given["once"] = "recurrence" in given and given["recurrence"] is None
    given["recurrence"] = _cycle(body.recurrence)
    edge = visit.edge
    changed = await edge.store.write(
        followups.change,
        id,
        FollowupChange(**given),
        reader=visit.reader,
        expected=visit.expected,
        at=edge.now(),
        zone=edge.zone,
    )
    edge.reminders.look()
    return changed


@routes.delete("/api/followups/{id}/reminder", right=Right.FOLLOWUPS_WRITE, of=Kind.FOLLOWUP)
async def put_reminder_away(visit: Visit, id: str) -> None:
    """Put the reminder away that is shown: from everybody's page."""
    await visit.edge.store.write(followups.put_away, id, reader=visit.reader, at=visit.edge.now())
    visit.edge.reminders.look()


@routes.get("/api/followups/{id}/links", right=Right.FOLLOWUPS_READ, of=Kind.FOLLOWUP)
async def list_followup_links(visit: Visit, id: str, query: Paged) -> Items[Linked]:
    """The interactions that belong to the follow-up, as far as one sees them, the newest first."""
    await visit.edge.store.read(followups.check_visible, id, visit.reader)
    found = await visit.edge.store.read(links.of_record, Kind.FOLLOWUP, id, visit.reader)
    return cut(found, newest_first, query)


@routes.post("/api/followups/{id}/links", right=Right.FOLLOWUPS_WRITE, of=Kind.FOLLOWUP)
async def link_followup(visit: Visit, id: str, body: LinkBody) -> None:
    """Let an interaction belong to the follow-up, the live call's, too; twice is as good as once."""
    origin = await occasion(visit, body.call, body.interaction)
    await visit.edge.store.write(
        followups.link, id, origin.interaction, reader=visit.reader, at=visit.edge.now()
    )


@routes.delete("/api/followups/{id}/links/{interaction}", right=Right.FOLLOWUPS_WRITE, of=Kind.FOLLOWUP)
async def unlink_followup(visit: Visit, id: str, interaction: str) -> None:
    """Take them apart again."""
    await visit.edge.store.write(followups.unlink, id, interaction, reader=visit.reader, at=visit.edge.now())


def _cycle(body: RecurrenceBody | None) -> Cycle | None:
    return Cycle(**body.model_dump()) if body else None
