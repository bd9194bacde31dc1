"""`/api/customers/{id}/consents`: what a customer agreed to and refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from contactcenter.crm import consents
from contactcenter.crm.consents import Consent, NewConsent
from contactcenter.http.lists import Items, Paged
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("consents")


class ConsentBody(BaseModel):
    """What the customer said. `any` is every channel, or every purpose: refused for both, nobody contacts
    him."""

    model_config = ConfigDict(extra="forbid")

    channel: Literal["phone", "email", "sms", "post", "wechat", "any"]
    purpose: Literal["marketing", "service", "recording", "any"]
    state: Literal["granted", "refused"]
    source: Literal["call", "page", "import", "letter", "email", "web", "other"] = "page"
    evidence: Annotated[str, StringConstraints(max_length=1000)] = ""
    interaction: Annotated[str, StringConstraints(max_length=64)] = ""


@routes.get("/api/customers/{id}/consents", right=Right.CUSTOMERS_READ, of=Kind.CUSTOMER)
async def list_consents(visit: Visit, id: str, query: Paged) -> Items[Consent]:
    """Everything that the customer said, the newest first; `in_force` is the last word on its matter."""
    page = await visit.edge.store.read(
        consents.page, id, reader=visit.reader, cursor=query.cursor, limit=query.limit
    )
    return Items(items=list(page.items), next=page.next)


@routes.post("/api/customers/{id}/consents", right=Right.CUSTOMERS_WRITE, of=Kind.CUSTOMER, status=201)
async def give_consent(visit: Visit, id: str, body: ConsentBody) -> Consent:
    """Keep what the customer said. It is never changed: what he says later is one more."""
    new = NewConsent(**body.model_dump())
    return await visit.edge.store.write(consents.give, id, new, reader=visit.reader, at=visit.edge.now())
