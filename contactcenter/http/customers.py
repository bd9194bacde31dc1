"""`/api/customers`: who calls us."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import customers
from contactcenter.crm.customers import CustomerChange, NewCustomer
from contactcenter.crm.phone_numbers import e164
from contactcenter.http.lists import Items, Paged
from contactcenter.http.problems import not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit
from contactcenter.values import CustomerCard

routes = Routes("customers")

Short = Annotated[str, StringConstraints(max_length=32)]
Line = Annotated[str, StringConstraints(max_length=120)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"\S")]
Text = Annotated[str, StringConstraints(max_length=4000)]
Amount = Annotated[str, StringConstraints(pattern=r"^(-?[0-9]{1,12}(\.[0-9]{1,2})?)?$")]
Language = Literal["", "zh", "en"]


class CustomerFilter(Paged):
    """Which customers: `name` is part of the name or company, `number` how the account number begins."""

    name: Line = ""
    number: Short = ""
    phone: Short = ""
    tier: Short = ""
    sort: Literal["name", "updated"] = "name"


class CustomerBody(BaseModel):
    """A new customer. Without a number, the next free one is given."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    number: Short = ""
    phones: list[Short] = []
    company: Line = ""
    tier: Short = ""
    save_desk: Annotated[bool, Field(description="About to leave us, and to be kept.")] = False
    language: Language = ""
    balance: Amount = ""
    note: Text = ""


class CustomerPatch(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    number: Short | None = None
    phones: list[Short] | None = None
    company: Line | None = None
    tier: Short | None = None
    save_desk: bool | None = None
    language: Language | None = None
    balance: Amount | None = None
    note: Text | None = None


@routes.get("/api/customers", right=Right.CUSTOMERS_READ)
async def list_customers(visit: Visit, query: CustomerFilter) -> Items[CustomerCard]:
    """Customers by name, or the last changed first. Without their histories."""
    page = await visit.edge.store.read(
        customers.page,
        name=query.name,
        number=query.number,
        phone=e164(query.phone, field="phone") if query.phone else "",
        tier=query.tier,
        sort=query.sort,
        cursor=query.cursor,
        limit=query.limit,
    )
    return Items(items=list(page.items), next=page.next)


@routes.get("/api/customers/{id}", right=Right.CUSTOMERS_READ, of=Kind.CUSTOMER)
async def get_customer(visit: Visit, id: str) -> CustomerCard:
    """One customer with the last ten interactions."""
    card = await visit.edge.store.read(customers.get, id)
    if card is None:
        raise not_found("customer")
    return card


@routes.post("/api/customers", right=Right.CUSTOMERS_WRITE, status=201, refusals=(409,))
async def create_customer(visit: Visit, body: CustomerBody) -> CustomerCard:
    """Open a customer's record."""
    new = NewCustomer(**body.model_dump() | {"phones": tuple(body.phones)})
    return await visit.edge.store.write(customers.create, new, at=visit.edge.now())


@routes.patch("/api/customers/{id}", right=Right.CUSTOMERS_WRITE, of=Kind.CUSTOMER, refusals=(409,))
async def change_customer(visit: Visit, id: str, body: CustomerPatch) -> CustomerCard:
    """Change the fields that are given."""
    given = body.model_dump(exclude_none=True)
    if body.phones is not None:
        given["phones"] = tuple(body.phones)
    return await visit.edge.store.write(customers.change, id, CustomerChange(**given), at=visit.edge.now())
