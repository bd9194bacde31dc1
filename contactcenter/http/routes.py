"""Routes: one declaration each, from which requests are checked, rights enforced and OpenAPI written.

A handler's signature is the declaration. `visit` is the request, `body` and `query` are pydantic models,
every other parameter is a part of the path, and the return type is the answer:

    @routes.put("/api/me/state", right=Right.SIGNED_IN, refusals=(409,))
    async def set_state(visit: Visit, body: StateWish) -> Me: ...

A path that names something says of which kind it is (`of=Kind.CUSTOMER`): a test walks every route with every
role and scope, and finds its expectations in these declarations alone.
"""

import inspect
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

from aiohttp import hdrs, web
from pydantic import BaseModel, TypeAdapter, ValidationError

from contactcenter.config import wrong_of
from contactcenter.crm.access import Kind, Right
from contactcenter.http.problems import Problem, invalid, not_found
from contactcenter.http.visit import Visit

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,63}$"
BODY_LIMIT = 64 * 1024
"""Bytes of a request's body, where a route says nothing else."""
LARGEST_BODY = 1 << 20
"""… which is this at most."""

Handler = Callable[..., Awaitable[Any]]
HandlerT = TypeVar("HandlerT", bound=Handler)

__all__ = ["ID_PATTERN", "Handler", "Kind", "Right", "Route", "Routes"]


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path."""

    method: str
    path: str
    handler: Handler
    right: Right
    """Who may call it: who has this right, and a token with the scope that it asks for."""
    of: Kind | None
    """What the first part of the path names, and with it whose of them are seen. None: there is no part."""
    beyond: Right | None
    """A further right, which is asked for once the record is known to be visible: to who may not see it, it
    does not exist, whatever else he lacks."""
    status: int
    refusals: frozenset[int]
    also: frozenset[int]
    """Further statuses that carry the same answer."""
    media_type: str
    headers: tuple[str, ...]
    """Request headers that mean something here; a handler reads them from `visit.request`."""
    body_limit: int
    path_parts: tuple[str, ...]
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    answer: TypeAdapter[Any] | None

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.handler.__name__

    @property
    def open_to_all(self) -> bool:
        """Whether it is for everybody, signed in or not."""
        return self.right is Right.PUBLIC

    @property
    def changes_state(self) -> bool:
        """Whether a call may change anything: never true of GET."""
        return self.method not in (hdrs.METH_GET, hdrs.METH_HEAD)

    async def serve(self, visit: Visit) -> web.StreamResponse:
        """Check the request against the declaration, run the handler, and write its answer."""
        request = visit.request
        arguments: dict[str, Any] = {}
        for part in self.path_parts:
            value = request.match_info[part]
            if not re.fullmatch(ID_PATTERN, value):
                raise not_found(self.path.split("/")[2].removesuffix("s"))
            arguments[part] = value
        if self.query:
            arguments["query"] = _checked(self.query, _query_of(request))
        elif request.query:
            raise Problem(422, "invalid", "This call takes no parameters.", field=next(iter(request.query)))
        if self.body:
            arguments["body"] = _checked(self.body, await _json_of(request, self.body_limit))
        answer = await self.handler(visit, **arguments)
        if isinstance(answer, web.StreamResponse):
            return answer
        if self.answer is None:
            return web.Response(status=self.status)
        return web.Response(
            status=visit.status or self.status,
            body=self.answer.dump_json(answer),
            content_type=self.media_type,
            headers={"Cache-Control": "no-store", **visit.headers},
        )


@dataclass(slots=True)
class Routes:
    """The routes of one noun, collected by decorators."""

    tag: str
    all: list[Route] = field(default_factory=list)

    def __iter__(self) -> Iterator[Route]:
        return iter(self.all)

    def get(self, path: str, **kwargs: Any) -> Callable[[HandlerT], HandlerT]:
        """Reads; changes nothing."""
        return self._route(hdrs.METH_GET, path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> Callable[[HandlerT], HandlerT]:
        """Makes something, or asks for something to happen."""
        return self._route(hdrs.METH_POST, path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> Callable[[HandlerT], HandlerT]:
        """Sets; twice is as good as once."""
        return self._route(hdrs.METH_PUT, path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> Callable[[HandlerT], HandlerT]:
        """Changes the fields that are given."""
        return self._route(hdrs.METH_PATCH, path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> Callable[[HandlerT], HandlerT]:
        """Ends something."""
        return self._route(hdrs.METH_DELETE, path, **kwargs)

    def _route(
        self,
        method: str,
        path: str,
        *,
        right: Right,
        of: Kind | None = None,
        beyond: Right | None = None,
        status: int = 200,
        refusals: tuple[int, ...] = (),
        also: tuple[int, ...] = (),
        media_type: str = "application/json",
        headers: tuple[str, ...] = (),
        body_limit: int = BODY_LIMIT,
    ) -> Callable[[HandlerT], HandlerT]:
        def declare(handler: HandlerT) -> HandlerT:
            hints = get_type_hints(handler)
            parts = tuple(re.findall(r"{(\w+)}", path))
            parameters = set(inspect.signature(handler).parameters) - {"visit", "body", "query"}
            if parameters != set(parts):
                raise TypeError(f"{handler.__name__} takes {parameters}, its path {path} has {set(parts)}")
            answer = hints["return"]
            opaque = answer is type(None) or (
                isinstance(answer, type) and issubclass(answer, web.StreamResponse)
            )
            self.all.append(
                Route(
                    method=method,
                    path=path,
                    handler=handler,
                    right=right,
                    of=of,
                    beyond=beyond,
                    status=204 if answer is type(None) else status,
                    refusals=frozenset(refusals),
                    also=frozenset(also),
                    media_type=media_type,
                    headers=headers,
                    body_limit=body_limit,
                    path_parts=parts,
                    body=hints.get("body"),
                    query=hints.get("query"),
                    answer=None if opaque else TypeAdapter(answer),
                )
            )
            return handler

        return declare


ModelT = TypeVar("ModelT", bound=BaseModel)


def _checked(model: type[ModelT], value: Any) -> ModelT:
    if not isinstance(value, dict):
        raise Problem(422, "invalid", "The body must be a JSON object.")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        raise invalid([wrong for each in errors for wrong in wrong_of(each)]) from None


def _query_of(request: web.Request) -> dict[str, str]:
    for name in request.query:
        if len(request.query.getall(name)) > 1:
            raise Problem(422, "invalid", "Give this parameter once.", field=name)
    return dict(request.query)


async def _json_of(request: web.Request, limit: int) -> Any:
    if request.content_type != "application/json":
        raise Problem(415, "media_type", "Send JSON, as application/json.")
    if (request.content_length or 0) > limit:
        raise Problem(413, "too_large", f"The body has more than {limit} bytes.")
    raw = await request.read()
    if len(raw) > limit:
        raise Problem(413, "too_large", f"The body has more than {limit} bytes.")
    try:
        return json.loads(raw.decode())
    except (ValueError, RecursionError):
        raise Problem(400, "not_json", "The body is not JSON.") from None
