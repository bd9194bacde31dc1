"""OpenAPI 3.1, written from the routes' own declarations, so that it can't say anything else than they do."""

import inspect
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter

from contactcenter.http.problems import ProblemDocument
from contactcenter.http.routes import ID_PATTERN, Route, Routes

REF = "#/components/schemas/{model}"
PROBLEM = {"$ref": REF.format(model="ProblemDocument")}


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
        ("problem", "serialization", TypeAdapter(ProblemDocument))
    ]
    for route in routes:
        if route.body:
            wanted.append((f"{route.name} body", "validation", TypeAdapter(route.body)))
        if route.answer:
            wanted.append((f"{route.name} answer", "serialization", route.answer))
    found, rest = TypeAdapter.json_schemas(wanted, ref_template=REF)
    return {(str(key), str(mode)): schema for (key, mode), schema in found.items()}, rest.get("$defs", {})


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
    if parameters:
        operation["parameters"] = parameters
    if route.body:
        schema = schemas[f"{route.name} body", "validation"]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
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
        good["content"] = {route.media_type: {"schema": {"type": "string"}}}
    responses = {str(route.status): good}
    for status in sorted(route.also):
        responses[str(status)] = good | {"description": HTTPStatus(status).phrase}
    for status in sorted(refusals_of(route)):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {"schema": PROBLEM}},
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
