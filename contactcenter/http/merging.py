"""`/api/duplicates` and `/api/merges`: records that may be one customer, and making one of them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import duplicates, merging
from contactcenter.crm.duplicates import Pair
from contactcenter.crm.merging import Merge
from contactcenter.http import attending
from contactcenter.http.lists import Items, Paged
from contactcenter.http.routes import ID_PATTERN, Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("merging")

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]


class PairFilter(Paged):
    """Which pairs."""

    state: Literal["open", "different", "merged"] = "open"
    customer: Annotated[str, StringConstraints(max_length=64)] = ""


class Decision(BaseModel):
    """What somebody who knows both says of a pair."""

    model_config = ConfigDict(extra="forbid")

    first: Id
    second: Id
    state: Literal["different"]


class MergeBody(BaseModel):
    """Two records of one customer. Whatever `kept` lacks it takes over from `gone`, and what `take` names."""

    model_config = ConfigDict(extra="forbid")

    kept: Id
    gone: Id
    take: Annotated[
        list[Annotated[str, StringConstraints(max_length=80)]],
        Field(
            max_length=100,
            description="Fields that the record that goes is right about: `name`, `custom.X` …",
        ),
    ] = []
    kept_version: Annotated[int | None, Field(ge=1, description="As you saw them; else 412.")] = None
    gone_version: Annotated[int | None, Field(ge=1)] = None


class MergeFilter(BaseModel):
    """Whose merges."""

    model_config = ConfigDict(extra="forbid")

    customer: Id


@routes.get("/api/duplicates", right=Right.CUSTOMERS_MERGE)
async def list_duplicates(visit: Visit, query: PairFilter) -> Items[Pair]:
    """Pairs of records that may be one customer, the surest first; of both, one must see each."""
    page = await visit.edge.store.read(
        duplicates.page, visit.reader, state=query.state, customer=query.customer, cursor=query.cursor,
        limit=query.limit,
    )  # fmt: skip
    return Items(items=list(page.items), next=page.next)


@routes.put("/api/duplicates", right=Right.CUSTOMERS_MERGE, refusals=(404, 409))
async def decide_duplicate(visit: Visit, body: Decision) -> Pair:
    """Say that the two are different: they are not shown again, unless they get more in common."""
    return await visit.edge.store.write(
        merging.tell_apart, visit.reader, body.first, body.second, at=visit.edge.now()
    )


@routes.get("/api/merges", right=Right.CUSTOMERS_MERGE)
async def list_merges(visit: Visit, query: MergeFilter) -> Items[Merge]:
    """What was merged into a customer and can be taken back, the newest first."""
    return Items(items=list(await visit.edge.store.read(merging.of, visit.reader, query.customer)))


@routes.post("/api/merges", right=Right.CUSTOMERS_MERGE, status=201, refusals=(404, 409, 412))
async def merge_customers(visit: Visit, body: MergeBody) -> Merge:
    """Make two records one. Everything of both is found under `kept`, whose id the other's leads to."""
    done = await visit.edge.store.write(
        merging.merge, visit.reader, body.kept, body.gone, take=tuple(body.take),
        kept_version=body.kept_version, gone_version=body.gone_version, at=visit.edge.now(),
    )  # fmt: skip
    for customer in (done.gone, done.kept):
        await attending.refresh(visit.edge, customer)
    return done


@routes.delete("/api/merges/{id}", right=Right.CUSTOMERS_MERGE, of=Kind.MERGE, refusals=(409,))
async def unmerge_customers(visit: Visit, id: str) -> Merge:
    """Take a merge back: two records again, each with its own; what was changed since stays as it is."""
    done = await visit.edge.store.write(merging.unmerge, visit.reader, id, at=visit.edge.now())
    await attending.refresh(visit.edge, done.kept)
    return done
