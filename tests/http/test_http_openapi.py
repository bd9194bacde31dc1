"""OpenAPI is complete and true: it names every API route, and a fuzzer that believes it finds no lie."""

import asyncio
import threading
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from running import SETTINGS, Running, running
from schemathesis.specs.openapi.checks import positive_data_acceptance
from test_http_api import keep, record

from contactcenter.crm import consents, customers, fields, notes, relations
from contactcenter.crm.consents import NewConsent
from contactcenter.crm.customers import NewCustomer
from contactcenter.crm.fields import Field, FieldType
from contactcenter.crm.notes import NewNote
from contactcenter.crm.relations import NewRelation
from contactcenter.http import openapi
from contactcenter.http.server import API, all_routes

EXAMPLES = 15
DOCUMENT = openapi.describe(API, SETTINGS.version, SETTINGS.cookie)
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]


class Background:
    """The running edge in a thread of its own, because the fuzzer is synchronous."""

    def __init__(self, folder: Path) -> None:
        self.url = ""
        self.tokens: Iterator[str] = iter(())
        """Of an administrator, a supervisor and an agent, by turns and without end."""
        self.known: dict[str, str] = {}
        """How a path begins -> the id of something that is there, so that not every answer is a 404."""
        self._folder = folder
        self._up, self._loop = threading.Event(), asyncio.new_event_loop()
        self._done = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    def __enter__(self) -> "Background":
        self._thread.start()
        assert self._up.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(20)
        self._loop.close()

    async def _run(self) -> None:
        async with running(self._folder) as edge:
            self.url = edge.url
            self.tokens = cycle([await edge.token(login) for login in ("admin", "supervisor1", "agent1")])
            self.known = await _furnish(edge)
            self._up.set()
            await self._done.wait()


async def _furnish(edge: Running) -> dict[str, str]:
    """Two customers with all that can hang on one, and something of each other kind."""
    store, at = edge.store, edge.clock()
    field = Field(kind="customer", name="f", title={"zh": "字", "en": "F"}, type=FieldType.TEXT, sealed=True)
    await store.write(fields.create, field, by="admin", at=at)
    new = NewCustomer(
        name="王伟", phones=("010-88888888 转 1",), tags=("a",), id_number="G1234567890", custom={"f": "1"},
        kind="organisation",
    )  # fmt: skip
    one, other = await store.write(customers.create_many, (new, new), at=at)
    note = await store.write(notes.add, one, NewNote(text="n"), at=at)
    relation = await store.write(relations.add, one, NewRelation(to=other, role="part"), at=at)
    said = NewConsent(channel="any", purpose="any", state="refused")
    await store.write(consents.give, one, said, at=at)
    await keep(edge, record("i1", customer=one))
    return {
        "/api/customers/{id}": one, "/api/notes/{id}": note.id, "/api/relations/{id}": relation.id,
        "/api/fields/{id}": field.id, "/api/interactions/{id}": "i1", "/api/users/{login}": "agent2",
        "/api/roles/{name}": "quality", "/api/teams/{name}": "east",
    } | await _entered(edge, one)  # fmt: skip


async def _entered(edge: Running, customer: str) -> dict[str, str]:
    """The same, as people enter it."""
    made = {}
    async with edge.browser(Authorization=f"Bearer {await edge.token('admin')}") as admin:
        await admin.call("PUT", "/api/teams/east", json={"title": {"zh": "东", "en": "East"}})
        twins = [(await admin.call("POST", "/api/customers", json={"name": "李娜"}))[1]["id"] for _ in "ab"]
        for path, body in {
            "/api/requests": {"customer": customer, "subject": "s"},
            "/api/followups": {"customer": customer, "title": "t", "due_at": 2e9},
            "/api/merges": {"kept": twins[0], "gone": twins[1]},
            "/api/views": {"kind": "customer", "title": "v", "filter": {}},
            "/api/campaigns": {"name": "c", "mode": "preview", "profile": "CN", "queue": "support"},
            "/api/lists": {"name": "l"},
            "/api/appointments": {
                "number": "13800138001",
                "at": edge.clock() + 86_400,
                "zone": "Asia/Shanghai",
            },
        }.items():
            made[path] = await admin.call("POST", path, json=body)
        lead = {"list": made["/api/lists"][1]["id"], "numbers": [{"number": "13800138002"}]}
        made["/api/leads"] = await admin.call("POST", "/api/leads", json=lead)
        _, listed = await admin.call(
            "POST", "/api/do-not-call", json={"number": "13800138003", "source": "other"}
        )
        await admin.call("PUT", "/api/caller-ids/8613800138004", json={"verified": True, "note": "n"})
        for path, to, content in (
            ("/api/attachments", f"/api/customers/{customer}/attachments?name=a.txt", b"x"),
            ("/api/imports", "/api/imports?name=a.csv", "姓名,电话\n王伟,13800138000\n".encode()),
        ):
            made[path] = await admin.call("POST", to, data=content)
    assert {status for status, _ in made.values()} == {201}
    known = {f"{path}/{{id}}": answer["id"] for path, (_, answer) in made.items()}
    return known | {"/api/do-not-call/{id}": listed["id"], "/api/caller-ids/{number}": "8613800138004"}


@pytest.fixture(scope="module")
def background(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Background]:
    with Background(tmp_path_factory.mktemp("fuzz")) as background:
        yield background


def test_the_document_names_every_route() -> None:
    described = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}
    assert described == {(route.method, route.path) for route in all_routes(API)}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_the_server_does_what_the_document_says(
    operation: schemathesis.APIOperation, background: Background
) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def believe(case: schemathesis.Case) -> None:
        for path, known in background.known.items():
            # Half of the time, and never to take it away: others come after this one.
            part = path.rpartition("{")[2].removesuffix("}")
            if (
                case.path.startswith(path)
                and len(str(case.path_parameters[part])) % 2
                and case.method != "DELETE"
            ):
                case.path_parameters[part] = known
        case.call_and_validate(
            base_url=background.url,
            headers={"Authorization": f"Bearer {next(background.tokens)}"},
            # No schema can say which telephone number is possible, or which account number is free.
            excluded_checks=[positive_data_acceptance],
        )

    believe()
