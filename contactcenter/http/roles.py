"""`/api/roles` and `/api/rights`: what the users of a role may do and see. A change acts at once, also on
open sockets."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import access, roles
from contactcenter.crm.access import SCOPED, Scope
from contactcenter.crm.roles import Role
from contactcenter.http import watch
from contactcenter.http.lists import Items
from contactcenter.http.problems import not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("roles")

Scoped = Literal["customer", "request", "followup", "interaction", "recording", "lead"]
Title = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"\S")]
FieldName = Annotated[str, StringConstraints(max_length=100)]


class Titles(BaseModel):
    """A title in both languages."""

    model_config = ConfigDict(extra="forbid")

    zh: Title
    en: Title


class RoleBody(BaseModel):
    """A whole role."""

    model_config = ConfigDict(extra="forbid")

    title: Titles
    rights: Annotated[list[Right], Field(max_length=100, description="Names that `/api/rights` has.")]
    scopes: Annotated[
        dict[Scoped, Scope], Field(description="Whose records of each kind; `own` where nothing is said.")
    ] = {}
    hidden: Annotated[
        list[FieldName], Field(max_length=200, description="Fields that stay blank: `customer.id_number`.")
    ] = []


class RoleItem(BaseModel):
    """A role."""

    name: str
    title: Titles
    rights: list[str]
    scopes: dict[Scoped, Scope]
    hidden: list[str]
    builtin: Annotated[bool, Field(description="It can be changed, but not deleted.")]
    version: int


class Rights(BaseModel):
    """What a role can be made of."""

    rights: list[str]
    kinds: list[str]
    scopes: list[Scope]
    fields: Annotated[
        list[str], Field(description="What can be hidden, besides custom fields: `customer.custom.NAME`.")
    ]


@routes.get("/api/rights", right=Right.USERS_READ)
async def list_rights(visit: Visit) -> Rights:
    """All rights, kinds of record, scopes, and fields that can be hidden."""
    return Rights(
        rights=sorted(access.RIGHTS),
        kinds=[kind.value for kind in SCOPED],
        scopes=list(Scope),
        fields=sorted(access.FIELDS),
    )


@routes.get("/api/roles", right=Right.USERS_READ)
async def list_roles(visit: Visit) -> Items[RoleItem]:
    """All roles, the built-in ones first."""
    return Items(items=[_item(role) for role in await visit.edge.store.read(roles.every)])


@routes.get("/api/roles/{name}", right=Right.USERS_READ, of=Kind.CENTER, versioned=True)
async def get_role(visit: Visit, name: str) -> RoleItem:
    """One role."""
    if role := await visit.edge.store.read(roles.get, name):
        return _item(role)
    raise not_found("role")


@routes.put(
    "/api/roles/{name}", right=Right.ROLES_WRITE, of=Kind.CENTER, versioned=True, also=(201,), refusals=(409,)
)
async def put_role(visit: Visit, name: str, body: RoleBody) -> RoleItem:
    """Make a role, or change it whole. All who have it may do and see by it from now on.

    409 `locked_out`: somebody who may sign in must keep `users.write`, and somebody `roles.write`.
    """
    role = Role(
        name=name,
        title=body.title.model_dump(),
        rights=frozenset(body.rights),
        scopes={Kind(kind): scope for kind, scope in body.scopes.items()},
        hidden=frozenset(body.hidden),
    )
    made = await visit.edge.store.write(
        roles.put, role, by=visit.reader, at=visit.edge.now(), expected=visit.expected
    )
    await watch.inspect(visit.edge)
    visit.status = 201 if made.version == 1 and not made.builtin else None
    return _item(made)


@routes.delete("/api/roles/{name}", right=Right.ROLES_WRITE, of=Kind.CENTER, versioned=True, refusals=(409,))
async def delete_role(visit: Visit, name: str) -> None:
    """Delete a role that is not built in and that nobody has (409 otherwise)."""
    await visit.edge.store.write(
        roles.remove, name, by=visit.reader, at=visit.edge.now(), expected=visit.expected
    )


def _item(role: Role) -> RoleItem:
    return RoleItem.model_validate(
        {
            "name": role.name,
            "title": role.title,
            "rights": sorted(role.rights),
            "scopes": {kind.value: role.scopes.get(kind, Scope.OWN) for kind in SCOPED},
            "hidden": sorted(role.hidden),
            "builtin": role.builtin,
            "version": role.version,
        }
    )
