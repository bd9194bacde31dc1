"""`/api/me/tokens`: API tokens for one's own programs, with less than one's own rights."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactcenter.crm import tokens
from contactcenter.crm.tokens import Token
from contactcenter.http.lists import Items, Paged, cut
from contactcenter.http.problems import Problem, not_found
from contactcenter.http.routes import Kind, Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("tokens")


class NewToken(BaseModel):
    """What the token is for, and what it may do."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"\S")]
    scopes: Annotated[set[Literal["read", "write", "admin"]], Field(min_length=1)]


class Made(BaseModel):
    """A new token. `secret` is shown this once: the server keeps only its hash."""

    id: str
    name: str
    scopes: list[str]
    secret: str


@routes.get("/api/me/tokens", right=Right.SIGNED_IN)
async def list_tokens(visit: Visit, query: Paged) -> Items[Token]:
    """One's own tokens, without their secrets."""
    mine = await visit.edge.store.read(tokens.of, visit.visitor.login)
    return cut(sorted(mine, key=lambda token: token.id), lambda token: token.id, query)


@routes.post("/api/me/tokens", right=Right.SIGNED_IN, status=201, refusals=(403,), once=False)
async def create_token(visit: Visit, body: NewToken) -> Made:
    """Make a token. A token can't make another one."""
    if visit.visitor.by_token:
        raise Problem(403, "by_token", "Sign in as a person to make a token.")
    secret, token = await visit.edge.store.write(
        tokens.create, visit.visitor.login, body.name, tuple(sorted(body.scopes)), at=visit.edge.now()
    )
    return Made(id=token.id, name=token.name, scopes=list(token.scopes), secret=secret)


@routes.delete("/api/me/tokens/{id}", right=Right.SIGNED_IN, of=Kind.MINE)
async def revoke_token(visit: Visit, id: str) -> None:
    """Revoke a token: it opens nothing from now on."""
    if not await visit.edge.store.write(tokens.revoke, id, visit.visitor.login):
        raise not_found("token")
