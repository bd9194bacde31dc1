"""`/api/configuration`: queues, hours, reasons and outcomes, changed as one versioned document."""

import re
from typing import Annotated, Any

from aiohttp import hdrs
from pydantic import BaseModel, ConfigDict, StringConstraints

from contactcenter.config import Configuration
from contactcenter.configurator import WrongConfiguration
from contactcenter.crm import configurations
from contactcenter.crm.configurations import Version, VersionLine, differing
from contactcenter.http import scope
from contactcenter.http.lists import Items, Paged
from contactcenter.http.problems import Problem, invalid, not_found
from contactcenter.http.routes import LARGEST_BODY, Kind, Right, Routes, expected_version
from contactcenter.http.visit import Visit

routes = Routes("configuration")


class Warned(BaseModel):
    """Something that may be stored and is probably not meant."""

    key: str
    """Where it stands in the document."""
    what: str
    remedy: str


class InForce(BaseModel):
    """The version in force."""

    version: int
    at: float
    login: str
    comment: str
    document: Configuration
    warnings: list[Warned]


class ConfigurationCheck(BaseModel):
    """A whole document, to be looked at only."""

    model_config = ConfigDict(extra="forbid")

    document: Configuration


class ConfigurationBody(ConfigurationCheck):
    """The whole document, and why it is changed."""

    comment: Annotated[str, StringConstraints(max_length=500)] = ""


class Checked(BaseModel):
    """What storing the document would mean."""

    version: int
    """What is in force now, and what `before` is."""
    before: dict[str, Any]
    """The parts that would be others, as they are …"""
    after: dict[str, Any]
    """… and as they would be."""
    warnings: list[Warned]


@routes.get("/api/configuration", right=Right.CONFIGURATION_READ)
async def get_configuration(visit: Visit) -> InForce:
    """The version in force, with everything that is probably not meant. `ETag` is the version."""
    return await _in_force(visit, await visit.edge.configurator.current())


@routes.put(
    "/api/configuration",
    right=Right.CONFIGURATION_WRITE,
    refusals=(412, 428),
    headers=(hdrs.IF_MATCH,),
    body_limit=LARGEST_BODY,
)
async def put_configuration(visit: Visit, body: ConfigurationBody) -> InForce:
    """Store a new version and go by it at once. `If-Match` names the version that was changed: when there is
    another one by now, nothing is stored (412)."""
    expected = _expected(visit)
    await _check_scope(visit, body.document)
    try:
        version = await visit.edge.configurator.put(
            body.document, expected=expected, login=visit.visitor.login, comment=body.comment
        )
    except WrongConfiguration as error:
        raise invalid(error.wrong, "document") from None
    return await _in_force(visit, version)


@routes.post("/api/configuration/check", right=Right.CONFIGURATION_READ, body_limit=LARGEST_BODY)
async def check_configuration(visit: Visit, body: ConfigurationCheck) -> Checked:
    """Look at a document without storing it. What is wrong is a 422 that names every key."""
    current = await visit.edge.configurator.current()
    document = body.document.model_dump(mode="json")
    return Checked(
        version=current.version,
        before=differing(current.document, document),
        after=differing(document, current.document),
        warnings=await _warnings(visit, body.document),
    )


@routes.get("/api/configuration/versions", right=Right.CONFIGURATION_READ)
async def list_versions(visit: Visit, query: Paged) -> Items[VersionLine]:
    """All versions, the newest first, without their documents."""
    page = await visit.edge.store.read(configurations.page, cursor=query.cursor, limit=query.limit)
    return Items(items=list(page.items), next=page.next)


@routes.get("/api/configuration/versions/{id}", right=Right.CONFIGURATION_READ, of=Kind.CENTER)
async def get_version(visit: Visit, id: str) -> Version:
    """One version, as it was. To go back to it, store its document anew."""
    number = int(id) if re.fullmatch(r"[0-9]{1,9}", id) else 0
    if found := await visit.edge.store.read(configurations.get, number):
        return found
    raise not_found("version")


async def _in_force(visit: Visit, version: Version) -> InForce:
    document = Configuration.model_validate(version.document)
    visit.headers[hdrs.ETAG] = f'"{version.version}"'
    return InForce(
        version=version.version,
        at=version.at,
        login=version.login,
        comment=version.comment,
        document=document,
        warnings=await _warnings(visit, document),
    )


async def _warnings(visit: Visit, document: Configuration) -> list[Warned]:
    try:
        found = await visit.edge.configurator.warnings(document)
    except WrongConfiguration as error:
        raise invalid(error.wrong, "document") from None
    return [Warned(key=each.where, what=each.what, remedy=each.remedy) for each in found]


def _expected(visit: Visit) -> int:
    expected = expected_version(visit.request)
    if expected is None:
        raise Problem(428, "if_match", 'Say which version you changed: If-Match: "7".', field=hdrs.IF_MATCH)
    return expected


async def _check_scope(visit: Visit, document: Configuration) -> None:
    """Who has queues of his own may change these, and nothing else."""
    if not visit.visitor.reader.limit():
        return
    before = (await visit.edge.configurator.current()).document
    after = document.model_dump(mode="json")
    changed = {*differing(after, before), *differing(before, after)}
    queues = {*differing(after["queues"], before["queues"]), *differing(before["queues"], after["queues"])}
    if changed - {"queues"}:
        scope.check_all(visit, "put_configuration", "configuration", ", ".join(sorted(changed - {"queues"})))
    scope.check_queues(visit, sorted(queues), "put_configuration")
