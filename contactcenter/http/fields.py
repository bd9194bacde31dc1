"""`/api/fields`: what a center wants to know of customers and requests besides what every center does."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import fields
from contactcenter.crm.fields import Choice, FieldType
from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.problems import not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("fields")

Title = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"\S")]
Bound = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Length = Annotated[int, Field(ge=1, le=10_000)]
Place = Annotated[int, Field(ge=0, le=10_000)]


class Titles(BaseModel):
    """A name in both languages of the pages."""

    model_config = ConfigDict(extra="forbid")

    zh: Title
    en: Title


class ChoiceBody(BaseModel):
    """One of the values that a field may have; `retired`: no longer to be chosen."""

    model_config = ConfigDict(extra="forbid")

    value: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"\S")]
    title: Titles
    retired: bool = False


class FieldBody(BaseModel):
    """A new field. `least` and `most` are of numbers and amounts, `longest` is of texts."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["customer", "request"]
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    title: Titles
    type: FieldType
    choices: Annotated[list[ChoiceBody], Field(max_length=200)] = []
    least: Bound | None = None
    most: Bound | None = None
    longest: Length | None = None
    required: bool = False
    searchable: bool = False
    sealed: Annotated[bool, Field(description="Personal: encrypted in the database.")] = False
    routing: Annotated[bool, Field(description="Goes with the caller, for conditions of routing.")] = False
    place: Place = 0


class FieldPatch(BaseModel):
    """What to change; what is left out stays, and null is none. No value of a record is lost by it."""

    model_config = ConfigDict(extra="forbid")

    title: Titles = Titles(zh="-", en="-")
    type: FieldType = FieldType.TEXT
    choices: Annotated[list[ChoiceBody], Field(max_length=200)] = []
    least: Bound | None = None
    most: Bound | None = None
    longest: Length | None = None
    required: bool = False
    searchable: bool = False
    sealed: bool = False
    routing: bool = False
    retired: Annotated[bool, Field(description="No longer entered; what was, stays.")] = False
    place: Place = 0


class FieldItem(BaseModel):
    """A field's definition. `id` is its kind and name: `customer.segment`."""

    id: str
    kind: str
    name: str
    title: Titles
    type: FieldType
    choices: list[ChoiceBody]
    least: float | None
    most: float | None
    longest: int | None
    required: bool
    searchable: bool
    sealed: bool
    routing: bool
    retired: bool
    place: int
    version: int


class FieldFilter(Paged):
    """Of which records."""

    kind: Literal["", "customer", "request"] = ""


@routes.get("/api/fields", right=Right.SIGNED_IN)
async def list_fields(visit: Visit, query: FieldFilter) -> Items[FieldItem]:
    """The fields that are not hidden from the visitor, in the order in which pages show them."""
    reader = visit.reader
    found = [
        each
        for each in await visit.edge.store.read(fields.all_of, query.kind)
        if not reader.hides(Kind(each.kind), f"custom.{each.name}")
    ]
    places = {each.id: f"{n:06}" for n, each in enumerate(found)}
    return cut([_item(each) for each in found], lambda each: places[each.id], query)


@routes.get("/api/fields/{id}", right=Right.SIGNED_IN, of=Kind.CENTER, versioned=True)
async def get_field(visit: Visit, id: str) -> FieldItem:
    """One field."""
    kind, name = _named(id)
    found = await visit.edge.store.read(fields.get, kind, name)
    if found is None or visit.reader.hides(Kind(kind), f"custom.{name}"):
        raise not_found("field")
    return _item(found)


@routes.post("/api/fields", right=Right.FIELDS_WRITE, status=201, refusals=(409,), versioned=True)
async def create_field(visit: Visit, body: FieldBody) -> FieldItem:
    """Define a field."""
    new = fields.Field(**_given(body))
    return _item(
        await visit.edge.store.write(fields.create, new, by=visit.visitor.login, at=visit.edge.now())
    )


@routes.patch("/api/fields/{id}", right=Right.FIELDS_WRITE, of=Kind.CENTER, refusals=(409,), versioned=True)
async def change_field(visit: Visit, id: str, body: FieldPatch) -> FieldItem:
    """Change a field. What would lose values is refused (409 `in_use`), with what to do instead."""
    kind, name = _named(id)
    return _item(
        await visit.edge.store.write(
            fields.change, kind, name, _given(body), by=visit.visitor.login, at=visit.edge.now(),
            expected=visit.expected,
        )
    )  # fmt: skip


@routes.delete("/api/fields/{id}", right=Right.FIELDS_WRITE, of=Kind.CENTER, refusals=(409,), versioned=True)
async def remove_field(visit: Visit, id: str) -> None:
    """Delete a field that no record has a value of; retire the others."""
    kind, name = _named(id)
    await visit.edge.store.write(
        fields.remove, kind, name, by=visit.visitor.login, at=visit.edge.now(), expected=visit.expected
    )


def _named(id_: str) -> tuple[str, str]:
    kind, _, name = id_.partition(".")
    if kind not in fields.KINDS:
        raise not_found("field")
    return kind, name


def _given(body: BaseModel) -> dict[str, Any]:
    given = body.model_dump(exclude_unset=True)
    if "choices" in given:
        given["choices"] = tuple(Choice(**each) for each in given["choices"])
    return given


def _item(one: fields.Field) -> FieldItem:
    values = {name: getattr(one, name) for name in FieldItem.model_fields if name not in ("title", "choices")}
    return FieldItem(
        **values,
        title=Titles(**one.title),
        choices=[
            ChoiceBody(value=each.value, title=Titles(**each.title), retired=each.retired)
            for each in one.choices
        ],
    )
