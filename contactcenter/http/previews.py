"""`/api/me/lead` and `/api/me/preview`: the leads that an agent looks at before they are dialled."""

from functools import partial
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from contactcenter.events import DialAsked, LeadAsked, SkipAsked
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
