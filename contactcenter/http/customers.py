"""`/api/customers`: persons and organisations, and how to reach them."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import customers
from contactcenter.crm.addresses import NewAddress
from contactcenter.crm.customers import Customer, CustomerChange, NewCustomer
from contactcenter.crm.emails import email
from contactcenter.crm.ownerships import Ownership
from contactcenter.crm.phone_numbers import e164
from contactcenter.http import attending
from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.problems import Problem, not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit
from contactcenter.values import MatchMethod

routes = Routes("customers")

Short = Annotated[str, StringConstraints(max_length=32)]
Word = Annotated[str, StringConstraints(max_length=64)]
Line = Annotated[str, StringConstraints(max_length=120)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"\S")]
Text = Annotated[str, StringConstraints(max_length=4000)]
Amount = Annotated[str, StringConstraints(pattern=r"^(-?[0-9]{1,12}(\.[0-9]{1,2})?)?$")]
Phone = Annotated[str, StringConstraints(max_length=64)]
Language = Literal["", "zh", "en"]
CustomerKind = Literal["person", "organisation"]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
CustomValue = bool | int | float | str | list[str] | None
Custom = Annotated[
    dict[str, CustomValue],
    Field(max_length=200, description="Custom fields by name, as `GET /api/fields` defines them."),
]


class CustomerChoice(BaseModel):
    """Which customers: `name` is part of the name or company, `number` how the account number begins; `where`
    is a condition such as `customer.custom.segment == "vip"`. `owner` and `team` may be `-`: nobody's."""

    model_config = ConfigDict(extra="forbid")

    name: Line = ""
    number: Short = ""
    phone: Phone = ""
    email: Annotated[str, StringConstraints(max_length=254)] = ""
    tier: Short = ""
    kind: Literal["", "person", "organisation"] = ""
    category: Word = ""
    tag: Word = ""
    owner: Word = ""
    team: Word = ""
    where: Annotated[str, StringConstraints(max_length=500)] = ""
    sort: Literal["name", "updated"] = "name"


class CustomerFilter(CustomerChoice, Paged):
    """The same, a page at a time."""


class AddressBody(BaseModel):
    """One way to reach a customer. What is left out of an address that was there stays as it was."""

    model_config = ConfigDict(extra="forbid")

    channel: Literal["phone", "email", "post", "wechat", "other"]
    value: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    extension: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,10}$")] = ""
    kind: Literal["", "main", "mobile", "home", "work", "fax", "billing", "delivery", "other"] = ""
    preferred: bool | None = None
    verified: bool | None = None


class CustomerBody(BaseModel):
    """A new customer. Without a number, the next free one is given."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    number: Short = ""
    kind: CustomerKind = "person"
    phones: Annotated[list[Phone], Field(max_length=100)] = []
    addresses: Annotated[
        list[AddressBody], Field(max_length=100, description="Instead of `phones`: all ways to reach him.")
    ] = []
    company: Line = ""
    tier: Short = ""
    category: Word = ""
    tags: Annotated[list[Word], Field(max_length=50)] = []
    save_desk: Annotated[bool, Field(description="About to leave us, and to be kept.")] = False
    language: Language = ""
    balance: Amount = ""
    note: Text = ""
    id_number: Annotated[str, StringConstraints(max_length=64)] = ""
    custom: Custom = {}
    owner: Word | None = None
    team: Word | None = None
    call: Annotated[Word, Field(description="A live call: its caller is this customer.")] = ""


class CustomerPatch(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    number: Short | None = None
    kind: CustomerKind | None = None
    phones: Annotated[list[Phone], Field(max_length=100)] | None = None
    addresses: Annotated[list[AddressBody], Field(max_length=100)] | None = None
    company: Line | None = None
    tier: Short | None = None
    category: Word | None = None
    tags: Annotated[list[Word], Field(max_length=50)] | None = None
    save_desk: bool | None = None
    language: Language | None = None
    balance: Amount | None = None
    note: Text | None = None
    id_number: Annotated[str, StringConstraints(max_length=64)] | None = None
    custom: Custom | None = None
    owner: Word | None = None
    team: Word | None = None


class Assignment(BaseModel):
    """Whose these customers are to be; empty: nobody's. What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[Id], Field(min_length=1, max_length=500)]
    owner: Word | None = None
    team: Word | None = None


class IdNumberSought(BaseModel):
    """The number of an identity card, a passport, a licence, as it is written there."""

    model_config = ConfigDict(extra="forbid")

    id_number: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Assigned(BaseModel):
    """Of how many customers that was a change."""

    changed: int


@routes.get("/api/customers", right=Right.CUSTOMERS_READ)
async def list_customers(visit: Visit, query: CustomerFilter) -> Items[Customer]:
    """Customers by name, or the last changed first. Without their histories, personal data masked."""
    given = chosen(query, visit.edge.store.region)
    page = await visit.edge.store.read(
        customers.page, reader=visit.reader, cursor=query.cursor, limit=query.limit, **given
    )
    return Items(items=list(page.items), next=page.next)


@routes.get("/api/customers/{id}", right=Right.CUSTOMERS_READ, of=Kind.CUSTOMER, versioned=True)
async def get_customer(visit: Visit, id: str) -> Customer:
    """One customer with the last ten interactions.

    The id of a customer who was merged into another leads to that one.
    """
    found = await visit.edge.store.read(customers.record, id, visit.reader)
    if found is None:
        raise not_found("customer")
    return found


@routes.post("/api/customers", right=Right.CUSTOMERS_WRITE, status=201, refusals=(403, 409), versioned=True)
async def create_customer(visit: Visit, body: CustomerBody) -> Customer:
    """Open a customer's record; while the caller is there (`call`), as that caller's."""
    given = _given(body)
    call = visit.edge.live.call(visit.reader, str(given.pop("call", "")))
    if body.call and call is None:
        raise Problem(422, "invalid", "There is no such call.", field="call")
    made = await visit.edge.store.write(
        customers.create_record, NewCustomer(**given), visit.reader, at=visit.edge.now()
    )
    if call:
        await attending.choose(visit, call.interaction, made.id, MatchMethod.CREATED)
    return made


@routes.patch(
    "/api/customers/{id}",
    right=Right.CUSTOMERS_WRITE,
    of=Kind.CUSTOMER,
    refusals=(403, 409),
    versioned=True,
)
async def change_customer(visit: Visit, id: str, body: CustomerPatch) -> Customer:
    """Change the fields that are given.

    `phones` is the short form of the phones among `addresses`: give one of the two. Other addresses, and what
    is known of a phone that stays, are left as they are.
    """
    to = CustomerChange(**_given(body))
    changed = await visit.edge.store.write(
        customers.change_record, id, to, visit.reader, expected=visit.expected, at=visit.edge.now()
    )
    await attending.refresh(visit.edge, changed.id)
    if {"owner", "team"} & body.model_fields_set:
        visit.edge.reminders.look()  # whose he is says who is reminded of what is planned for him
    return changed


@routes.post("/api/customers/by-id-number", right=Right.CUSTOMERS_READ, refusals=(403,), once=False)
async def find_by_id_number(visit: Visit, body: IdNumberSought) -> Items[Customer]:
    """Whose id number this is, five at most, personal data masked as in lists.

    A body, so that the number stands in no address; the audit log has who looked whom up by one. It takes no
    idempotency key: each time it is asked anew who may see whom.
    """
    found = await visit.edge.store.read(customers.with_id_number, body.id_number, visit.reader)
    for id_ in [each.id for each in found] or [""]:
        visit.audit("look_up", "customer", id_, detail={"by": "id_number"})
    return Items(items=list(found))


@routes.post("/api/customers/assign", right=Right.CUSTOMERS_WRITE, refusals=(404,))
async def assign_customers(visit: Visit, body: Assignment) -> Assigned:
    """Give customers another owner, team or both: all of them, or none."""
    changed = await visit.edge.store.write(
        customers.assign,
        body.ids,
        owner=body.owner,
        team=body.team,
        reader=visit.reader,
        at=visit.edge.now(),
    )
    visit.edge.reminders.look()
    return Assigned(changed=changed)


@routes.get("/api/customers/{id}/ownerships", right=Right.CUSTOMERS_READ, of=Kind.CUSTOMER)
async def list_ownerships(visit: Visit, id: str, query: Paged) -> Items[Ownership]:
    """Whose the customer was, and who said so, the newest first."""
    found = await visit.edge.store.read(customers.ownerships_of, id, visit.reader)
    return cut(sorted(found, key=_newest_first), _newest_first, query)


def chosen(query: CustomerChoice, region: str) -> dict[str, Any]:
    """What `customers.page` takes of a choice. Raises `Refusal`."""
    given = query.model_dump(include=set(CustomerChoice.model_fields) - {"phone", "email"})
    if query.phone:
        given["phone"] = e164(query.phone, region, field="phone")
    if query.email:
        given["email"] = email(query.email)
    return given


def _newest_first(one: Ownership) -> str:
    """A text that grows as the time goes back, and is no other's."""
    return f"{1e11 - one.at:020.6f} {one.id}"


def _given(body: BaseModel) -> dict[str, Any]:
    """The body's values as the store takes them: lists as tuples, addresses as its own."""
    as_address: Callable[[AddressBody], NewAddress] = lambda each: NewAddress(**each.model_dump())  # noqa: E731
    given: dict[str, Any] = {}
    for name in body.model_fields_set:
        value = getattr(body, name)
        if name == "addresses" and value is not None:
            value = tuple(map(as_address, value))
        given[name] = tuple(value) if isinstance(value, list) else value
    return given
