"""Routes: one declaration each, from which requests are checked, rights enforced and OpenAPI written.

A handler's signature is the declaration. `visit` is the request, `body` and `query` are pydantic models,
every other parameter is a part of the path, and the return type is the answer:

    @routes.put("/api/me/state", right=Right.SIGNED_IN, refusals=(409,))
    async def set_state(visit: Visit, body: StateWish) -> Me: ...

A path that names something says of which kind it is (`of=Kind.CUSTOMER`): a test walks every route with every
role and scope, and finds its expectations in these declarations alone.

Conventions of all routes, kept here and nowhere else:

- `versioned=True`: the answer has a `version`, which is its `ETag`. PATCH, PUT and DELETE take `If-Match`, as
  `visit.expected`; the noun refuses another version (`crm.records.expect`), and the 412 shows the record as
  GET of the same path has it, beside what was sent.
- POST takes `Idempotency-Key` (`idempotency.py`), unless `once=False`: its answer holds a secret.
- GET of a record or a list takes `fields`, the names of what is wanted of each record.
- Whoever reads a record, or what hangs on it, has opened it (`OPENED`): the audit log has that.
- `upload=True`: the body is a file as it is, of any type, and the handler reads it from `visit.request`
  piece by piece. Such a call takes no idempotency key: a file that was sent twice is there twice.
"""

import inspect
import json
import math
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

from aiohttp import hdrs, web
from pydantic import BaseModel, TypeAdapter, ValidationError

from contactcenter.config import wrong_of
from contactcenter.crm.access import Kind, Right
from contactcenter.crm.errors import ChangedMeanwhile
from contactcenter.http import idempotency
from contactcenter.http.lists import Items
from contactcenter.http.problems import Conflict, Problem, invalid, not_found
from contactcenter.http.visit import Visit

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,63}$"
BODY_LIMIT = 64 * 1024
"""Bytes of a request's body, where a route says nothing else."""
LARGEST_BODY = 1 << 20
"""… which is this at most."""
OPENED = frozenset({Kind.CUSTOMER, Kind.REQUEST, Kind.FOLLOWUP, Kind.INTERACTION, Kind.NOTE})
"""Of whose records the audit log has who looked at them. (Files and recordings are opened and played: their
own routes tell of that.)"""
FIELDS = "fields"
"""The parameter that names the fields which are wanted."""

Handler = Callable[..., Awaitable[Any]]
HandlerT = TypeVar("HandlerT", bound=Handler)

__all__ = [
    "FIELDS", "ID_PATTERN", "LARGEST_BODY", "Handler", "Kind", "Right", "Route", "Routes", "expected_version",
]  # fmt: skip


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
    further_types: tuple[str, ...]
    """What else the good answer may be."""
    headers: tuple[str, ...]
    """Request headers that mean something here; a handler reads them from `visit.request`."""
    body_limit: int
    versioned: bool
    """Whether the answer has a `version`, and who changes it may say which one he saw."""
    once: bool
    """Whether it takes an idempotency key."""
    sparse: tuple[str, ...]
    """What `fields` may name; empty: the route takes no `fields`."""
    upload: bool
    """Whether the body is a file."""
    listing: bool
    """Whether the answer is a page of records."""
    beside: "Routes" = field(repr=False)
    """The routes that it was declared with."""
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

    @property
    def checks_version(self) -> bool:
        """Whether it takes `If-Match`, and may answer 412."""
        return self.versioned and self.method in (hdrs.METH_PATCH, hdrs.METH_PUT, hdrs.METH_DELETE)

    async def serve(self, visit: Visit) -> web.StreamResponse:
        """Check the request against the declaration, run the handler, and write its answer; what came under
        an idempotency key, once."""
        key = visit.request.headers.get(idempotency.HEADER)
        if key is None or self.method != hdrs.METH_POST:
            return await self._answered(visit)
        if not self.once:
            raise Problem(422, "invalid", "This call takes no key.", field=idempotency.HEADER)
        body = await _raw(visit.request, self.body_limit)
        return await idempotency.once(visit, key, body, lambda: self._answered(visit))

    async def _answered(self, visit: Visit) -> web.StreamResponse:
        arguments = await self._arguments(visit)
        wanted = self._wanted(visit.request)
        try:
            answer = await self.handler(visit, **arguments)
        except ChangedMeanwhile as error:
            if not self.checks_version:
                raise
            raise await self._conflict(visit, error, arguments) from error
        if self.method == hdrs.METH_GET:
            await self._opened(visit, arguments)
        if isinstance(answer, web.StreamResponse):
            return answer
        if self.answer is None:
            return web.Response(status=self.status, headers=visit.headers)
        if self.versioned:
            visit.headers[hdrs.ETAG] = f'"{answer.version}"'
        include: Any = wanted
        if wanted and self.listing:
            include = {"items": {"__all__": wanted}, "next": True}
        return web.Response(
            status=visit.status or self.status,
            body=self.answer.dump_json(answer, include=include),
            content_type=self.media_type,
            headers={"Cache-Control": "no-store", **visit.headers},
        )

    async def _opened(self, visit: Visit, arguments: dict[str, Any]) -> None:
        """Keep in the audit log what record the path names, if that is one of those."""
        if self.of in OPENED:
            await visit.opened(self.of, arguments[self.path_parts[0]])

    async def _arguments(self, visit: Visit) -> dict[str, Any]:
        """What the handler is given, checked."""
        request = visit.request
        arguments: dict[str, Any] = {}
        for part in self.path_parts:
            value = request.match_info[part]
            if not re.fullmatch(ID_PATTERN, value):
                raise not_found(self.path.split("/")[2].removesuffix("s"))
            arguments[part] = value
        query = _query_of(request)
        if self.sparse:
            query.pop(FIELDS, None)
        if self.query:
            arguments["query"] = _checked(self.query, query)
        elif query and self.media_type != "text/html":  # what of a page is shown is the browser's business
            raise Problem(422, "invalid", "This call takes no parameters.", field=next(iter(query)))
        if self.checks_version:
            visit.expected = expected_version(request)
        if self.body:
            arguments["body"] = _checked(self.body, await _json_of(request, self.body_limit))
        return arguments

    def _wanted(self, request: web.Request) -> set[str] | None:
        """The fields that the answer is to have; None: all."""
        given = request.query.get(FIELDS)
        if given is None or not self.sparse:
            return None
        names = set(given.split(","))
        if unknown := sorted(names.difference(self.sparse)):
            says = f"There is no field {unknown[0][:64]!r}: name some of {', '.join(self.sparse)}."
            raise Problem(422, "invalid", says, field=FIELDS)
        return names

    async def _conflict(self, visit: Visit, error: ChangedMeanwhile, arguments: dict[str, Any]) -> Problem:
        """The 412 with both versions: the one that GET shows now, and what was sent."""
        shown = next(each for each in self.beside if (each.method, each.path) == (hdrs.METH_GET, self.path))
        current = await shown.handler(visit, **{part: arguments[part] for part in self.path_parts})
        await self._opened(visit, arguments)
        body = arguments.get("body")
        conflict = Conflict(
            str(error),
            error.field,
            current=shown.answer.dump_python(current, mode="json") if shown.answer else None,
            yours=body.model_dump(mode="json", exclude_unset=True) if body else None,
        )
        conflict.headers[hdrs.ETAG] = f'"{current.version}"'
        return conflict


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
        further_types: tuple[str, ...] = (),
        headers: tuple[str, ...] = (),
        body_limit: int = BODY_LIMIT,
        versioned: bool = False,
        once: bool = True,
        upload: bool = False,
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
            listing, names = _fields_of(answer) if method == hdrs.METH_GET else (False, ())
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
                    further_types=further_types,
                    headers=headers,
                    body_limit=body_limit,
                    versioned=versioned,
                    once=once and method == hdrs.METH_POST and right is not Right.PUBLIC and not upload,
                    sparse=names,
                    upload=upload,
                    listing=listing,
                    beside=self,
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


async def _raw(request: web.Request, limit: int) -> bytes:
    if (request.content_length or 0) > limit or len(raw := await request.read()) > limit:
        raise Problem(413, "too_large", f"The body has more than {limit} bytes.")
    return raw


async def _json_of(request: web.Request, limit: int) -> Any:
    if request.content_type != "application/json":
        raise Problem(415, "media_type", "Send JSON, as application/json.")
    raw = await _raw(request, limit)
    try:
        return json.loads(raw.decode(), parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Problem(400, "not_json", "The body is not JSON.") from None


def _finite(text: str) -> float:
    """A number as JSON has it. Raises ValueError for NaN and for what is beyond all bounds: no database and
    no page could have it back."""
    if not math.isfinite(value := float(text)):
        raise ValueError(text)
    return value


def expected_version(request: web.Request) -> int | None:
    """The version that `If-Match` names; None without it, and for `*`. Raises `Problem` 422 for anything that
    is no version. (A proxy that compresses makes our tags weak: W/"7" is the version 7, too.)"""
    given = request.headers.get(hdrs.IF_MATCH, "*").strip()
    if given == "*":
        return None
    if not (match := re.fullmatch(r'(?:W/)?("?)([0-9]{1,9})\1', given)):
        raise Problem(422, "invalid", 'A version as its ETag says it: "7".', field=hdrs.IF_MATCH)
    return int(match[2])


def _fields_of(answer: Any) -> tuple[bool, tuple[str, ...]]:
    """Whether an answer is a page of records, and the names of a record's fields; none of what is neither."""
    if isinstance(answer, type) and issubclass(answer, Items):
        (item,) = answer.__pydantic_generic_metadata__["args"]
        return True, _fields_of(item)[1]
    if isinstance(answer, type) and issubclass(answer, BaseModel):
        return False, tuple(answer.model_fields)
    if isinstance(answer, type) and is_dataclass(answer):
        return False, tuple(each.name for each in fields(answer))
    return False, ()
