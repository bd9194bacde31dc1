"""`/api/me/lead`, `/api/me/preview`, `/api/me/do-not-call`: whom an agent looks at before he is dialled, and
who wants no more calls."""

from functools import partial
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from contactcenter.crm import do_not_call
from contactcenter.events import DialAsked, LeadAsked, SkipAsked
from contactcenter.http.problems import not_found
from contactcenter.http.routes import ID_PATTERN, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("previews")

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]


class WhichCampaign(BaseModel):
    """Of which campaign."""

    model_config = ConfigDict(extra="forbid")

    campaign: Id


class WhichCall(BaseModel):
    """Which of the agent's calls."""

    model_config = ConfigDict(extra="forbid")

    call: Id


class SkipBody(WhichCall):
    """A lead that is not to be dialled now, and why. A call that rings already ends without a reason."""

    reason: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""


@routes.post("/api/me/lead", right=Right.CALLS_TAKE, status=202, refusals=(409,))
async def take_lead(visit: Visit, body: WhichCampaign) -> WhichCampaign:
    """Ask for the next lead of a campaign that is dialled by hand; it comes as a pop with a `lead`."""
    await visit.ask(partial(LeadAsked, campaign=body.campaign))
    return body


@routes.post("/api/me/preview/dial", right=Right.CALLS_TAKE, refusals=(409,))
async def dial_lead(visit: Visit, body: WhichCall) -> None:
    """Dial the lead that one looks at."""
    await visit.ask(partial(DialAsked, call=body.call))


@routes.post("/api/me/preview/skip", right=Right.CALLS_TAKE, refusals=(409,))
async def skip_lead(visit: Visit, body: SkipBody) -> None:
    """Skip the lead that one looks at, with a reason, where the campaign lets him; or give up a call that
    nobody has answered yet."""
    await visit.ask(partial(SkipAsked, call=body.call, reason=body.reason))


@routes.post("/api/me/do-not-call", right=Right.DO_NOT_CALL_WRITE, refusals=(404,))
async def put_on_do_not_call(visit: Visit, body: WhichCall) -> None:
    """Whom one talks to, or has just talked to, wants no more calls: his number is on the list at once, and
    for ever."""
    login, edge = visit.visitor.login, visit.edge
    pop = edge.live.pops.get(login)
    if pop is None or pop.call != body.call or not (pop.lead or pop.caller):
        raise not_found("call")
    await edge.store.write(
        do_not_call.add,
        pop.lead.number if pop.lead else pop.caller,
        "agent",
        campaign=pop.lead.campaign if pop.lead else "",
        attempt=pop.lead.attempt if pop.lead else "",
        by=login,
        region=edge.store.region,
        at=edge.now(),
    )
