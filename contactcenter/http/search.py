"""`/api/search`: the one box in which everything is found."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import search
from contactcenter.crm.search import LONGEST, SHOWN, Hit
from contactcenter.http.routes import Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("search")


class Question(BaseModel):
    """What to look for, and among what: all that one may see, unless `kind` says."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[
        str,
        StringConstraints(max_length=LONGEST),
        Field(
            description="Names in any script, Chinese ones by sound or initials too; any three digits of a "
            "number in a row; an e-mail address from its beginning; words of notes and requests."
        ),
    ]
    kind: Literal["", "customer", "request", "followup"] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = SHOWN


class Answer(BaseModel):
    """What was found of one's own scope, the best first."""

    hits: list[Hit]
    count: Annotated[int, Field(description="How many match, as far as was looked.")]
    more: Annotated[bool, Field(description="There may be others: type more.")]


@routes.get("/api/search", right=Right.SIGNED_IN)
async def find(visit: Visit, query: Question) -> Answer:
    """Customers, requests and follow-ups by whatever is known of them."""
    found = await visit.edge.store.read(
        search.find, visit.reader, query.q, kinds=(query.kind,) if query.kind else (), limit=query.limit
    )
    return Answer(hits=list(found.hits), count=found.count, more=found.more)
