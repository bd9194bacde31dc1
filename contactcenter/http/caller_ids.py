"""`/api/caller-ids`: the numbers of ours that may be shown to who is called.

In the path a number is its digits: `8675512345678` is +86 755 1234 5678.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import caller_ids
from contactcenter.crm.caller_ids import CallerId
from contactcenter.http.lists import Items
from contactcenter.http.problems import not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("caller-ids")


class CallerIdBody(BaseModel):
    """Whether somebody saw to it that the number is ours, and how."""

    model_config = ConfigDict(extra="forbid")

    verified: bool
    note: Annotated[
        str, StringConstraints(max_length=500), Field(description="How: the contract, a call back.")
    ] = ""


@routes.get("/api/caller-ids", right=Right.CAMPAIGNS_READ)
async def list_caller_ids(visit: Visit) -> Items[CallerId]:
    """All by number. Only those that are verified are ever shown."""
    return Items(items=list(await visit.edge.store.read(caller_ids.every)))


@routes.get("/api/caller-ids/{number}", right=Right.CAMPAIGNS_READ, of=Kind.CENTER, versioned=True)
async def get_caller_id(visit: Visit, number: str) -> CallerId:
    """One of them."""
    if found := await visit.edge.store.read(caller_ids.get, f"+{number}"):
        return found
    raise not_found("caller-id")


@routes.put("/api/caller-ids/{number}", right=Right.DO_NOT_CALL_MANAGE, of=Kind.CENTER, versioned=True)
async def put_caller_id(visit: Visit, number: str, body: CallerIdBody) -> CallerId:
    """Say that a number is ours, and whether that is verified: who may start campaigns does not say so
    himself."""
    return await visit.edge.store.write(
        caller_ids.put,
        f"+{number}",
        verified=body.verified,
        note=body.note,
        region=visit.edge.store.region,
        reader=visit.reader,
        at=visit.edge.now(),
        expected=visit.expected,
    )


@routes.delete("/api/caller-ids/{number}", right=Right.DO_NOT_CALL_MANAGE, of=Kind.CENTER, versioned=True)
async def remove_caller_id(visit: Visit, number: str) -> None:
    """It is ours no more: no call shows it from now on."""
    await visit.edge.store.write(
        caller_ids.remove,
        f"+{number}",
        reader=visit.reader,
        at=visit.edge.now(),
        expected=visit.expected,
    )
