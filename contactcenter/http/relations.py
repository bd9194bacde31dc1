"""`/api/customers/{id}/relations`: who is what to whom."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import relations
from contactcenter.crm.relations import NewRelation, Relation
from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("relations")

Moment = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]


class RelationBody(BaseModel):
    """The customer is the `role` of `to`. `part` and `subsidiary` are between organisations, and never go
    round in a circle."""

    model_config = ConfigDict(extra="forbid")

    to: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    role: Literal[
        "employee", "contact", "decision_maker", "representative", "part", "subsidiary", "partner",
        "supplier", "family", "other",
    ]  # fmt: skip
    title: Annotated[str, StringConstraints(max_length=120)] = ""
    main: bool = False
    since: Moment | None = None
    until: Moment | None = None


@routes.get("/api/customers/{id}/relations", right=Right.CUSTOMERS_READ, of=Kind.CUSTOMER)
async def list_relations(visit: Visit, id: str, query: Paged) -> Items[Relation]:
    """The customer's relations with those whom the visitor sees, main ones first, then by name; `outward`:
    the customer is the `role` of the other, and not the other way round."""
    found = await visit.edge.store.read(relations.of, id, visit.reader)
    return cut(sorted(found, key=_place), _place, query)


@routes.post(
    "/api/customers/{id}/relations",
    right=Right.CUSTOMERS_WRITE,
    of=Kind.CUSTOMER,
    status=201,
    refusals=(409,),
)
async def add_relation(visit: Visit, id: str, body: RelationBody) -> Relation:
    """Say that the customer is something to another."""
    new = NewRelation(**body.model_dump())
    return await visit.edge.store.write(relations.add, id, new, reader=visit.reader, at=visit.edge.now())


@routes.delete("/api/relations/{id}", right=Right.CUSTOMERS_WRITE, of=Kind.RELATION)
async def remove_relation(visit: Visit, id: str) -> None:
    """Take a relation away."""
    await visit.edge.store.write(relations.remove, id, reader=visit.reader, at=visit.edge.now())


def _place(one: Relation) -> str:
    """A text by which main ones come first, and then the names in their order."""
    return f"{'0' if one.main else '1'}{one.name}\t{one.id}"
