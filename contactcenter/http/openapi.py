"""OpenAPI 3.1, written from the routes' own declarations, so that it can't say anything else than they do."""

import inspect
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter

from contactcenter.http import idempotency
from contactcenter.http.problems import ConflictDocument, ProblemDocument
from contactcenter.http.routes import FIELDS, ID_PATTERN, Route, Routes

REF = "#/components/schemas/{model}"
PROBLEM = {"$ref": REF.format(model="ProblemDocument")}
CONFLICT = {"$ref": REF.format(model="ConflictDocument")}
ETAG = {"ETag": {"description": "The version, in quotes.", "schema": {"type": "string"}}}


def describe(collected: Iterable[Routes], version: str, cookie: str) -> dict[str, Any]:
    """The document for these routes."""
    tagged = [(routes.tag, route) for routes in collected for route in routes]
    schemas, components = _schemas([route for _, route in tagged])
    paths: dict[str, dict[str, Any]] = {}
    for tag, route in tagged:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(tag, route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "contactcenter",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "Calls, agents, queues, interactions and customers. The live stream is `/ws`.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": cookie},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
            },
        },
    }


def _schemas(routes: list[Route]) -> tuple[dict[tuple[str, str], dict[str, Any]], dict[str, Any]]:
    wanted: list[tuple[str, Any, TypeAdapter[Any]]] = [
        ("problem", "serialization", TypeAdapter(ProblemDocument)),
        ("conflict", "serialization", TypeAdapter(ConflictDocument)),
    ]
    for route in routes:
        if route.body:
            wanted.append((f"{route.name} body", "validation", TypeAdapter(route.body)))
        if route.answer:
            wanted.append((f"{route.name} answer", "serialization", route.answer))
    found, rest = TypeAdapter.json_schemas(wanted, ref_template=REF)
    components = rest.get("$defs", {})
    schemas = {(str(key), str(mode)): schema for (key, mode), schema in found.items()}
    for route in routes:
        if route.sparse:
            key = (f"{route.name} answer", "serialization")
            schemas[key] = {"anyOf": [schemas[key], _sparse(route, schemas[key], components)]}
    return schemas, components


def _sparse(route: Route, full: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """The answer with some of its fields only, as `fields` asks for it: each is as in the full one."""

    def found(schema: dict[str, Any]) -> dict[str, Any]:
        name = schema.get("$ref", "").rpartition("/")[2]
        return {**components[name]} if name else schema

    record = found(full)
    if route.listing:
        items = record["properties"]["items"]
        some = _some(found(items["items"]))
        properties = {**record["properties"], "items": {**items, "items": some}}
        return {**record, "title": "With `fields`", "properties": properties}
    return _some(record)


def _some(record: dict[str, Any]) -> dict[str, Any]:
    some = {**record, "title": "With `fields`", "additionalProperties": False}
    some.pop("required", None)
    return some


def _operation(tag: str, route: Route, schemas: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    text = inspect.getdoc(route.handler) or ""
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [tag],
        "summary": text.split("\n", 1)[0],
        "description": text,
        "x-right": route.right.value,
        **({"x-of": route.of.value} if route.of else {}),
        **({"x-beyond": route.beyond.value} if route.beyond else {}),
        "responses": _responses(route, schemas),
    }
    parameters = [_path_parameter(part) for part in route.path_parts] + _query_parameters(route)
    parameters += [
        {"name": str(name), "in": "header", "required": False, "schema": {"type": "string"}}
        for name in route.headers
    ]
    if route.sparse:
        one = "|".join(route.sparse)
        schema = {"type": "string", "pattern": f"^({one})(,({one}))*$"}
        says = "The names of the fields that are wanted, with commas between them; all without it."
        parameters.append({"name": FIELDS, "in": "query", "description": says, "schema": schema})
    if route.checks_version:
        schema = {"type": "string", "pattern": r'^("[0-9]{1,9}"|\*)$'}
        says = "The version that was changed: if there is another one by now, nothing is done (412)."
        parameters.append({"name": "If-Match", "in": "header", "description": says, "schema": schema})
    if route.once:
        schema = {"type": "string", "pattern": idempotency.PATTERN}
        says = "Made up by the client: the same request under the same key counts once, for a day."
        header = {"name": idempotency.HEADER, "in": "header", "description": says, "schema": schema}
        parameters.append(header)
    if parameters:
        operation["parameters"] = parameters
    if route.body:
        schema = schemas[f"{route.name} body", "validation"]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if route.upload:
        binary = {"schema": {"type": "string", "format": "binary"}}
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": binary}}
    if not route.open_to_all:
        cookie: dict[str, list[str]] = {"session": []}
        operation["security"] = [{"token": []}, {**cookie, "csrf": []} if route.changes_state else cookie]
    return operation


def _responses(route: Route, schemas: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": HTTPStatus(route.status).phrase}
    if route.answer:
        schema = schemas[f"{route.name} answer", "serialization"]
        good["content"] = {route.media_type: {"schema": schema}}
    elif route.status != HTTPStatus.NO_CONTENT:
        types = (route.media_type, *route.further_types)
        good["content"] = {each: {"schema": {"type": "string"}} for each in types}
    if route.versioned and route.answer:
        good["headers"] = ETAG
    responses = {str(route.status): good}
    for status in sorted(route.also):
        responses[str(status)] = good | {"description": HTTPStatus(status).phrase}
    for status in sorted(refusals_of(route)):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {"schema": PROBLEM}},
        }
    if route.checks_version:
        responses["412"] = {
            "description": "Somebody changed it meanwhile",
            "headers": ETAG,
            "content": {"application/problem+json": {"schema": CONFLICT}},
        }
    return responses


def refusals_of(route: Route) -> frozenset[int]:
    """Every status, other than the good one, that a well-made server gives for this route."""
    statuses = set(route.refusals) | {422}
    if not route.open_to_all:
        statuses |= {401, 403, 503}
    if route.path_parts:
        statuses.add(404)
    if route.body:
        statuses |= {400, 413, 415}
    if route.once:
        statuses |= {409, 413}
    if route.upload:
        statuses |= {413}
    return frozenset(statuses)


def _path_parameter(part: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": ID_PATTERN}
    return {"name": part, "in": "path", "required": True, "schema": schema}


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = TypeAdapter(route.query).json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _inline(value, schema)}
        for name, value in schema["properties"].items()
    ]


def _inline(value: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in value:
        return {**schema["$defs"][value["$ref"].rsplit("/", 1)[1]]}
    if "anyOf" in value:  # `X | None` in a query means "may be left out"; there is no null in an address
        options = [_inline(option, schema) for option in value["anyOf"] if option != {"type": "null"}]
        rest = {key: part for key, part in value.items() if key not in ("anyOf", "default")}
        return {**rest, **options[0]} if len(options) == 1 else {**rest, "anyOf": options}
    return value
