"""What all routes have in common: versions, keys that make a request count once, sparse fields; shown on a
small noun of its own, so that no real one hides them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import BaseModel, ConfigDict
from running import Running, running
from sqlalchemy import Connection

from contactcenter.crm import idempotency, outbox, records, settings
from contactcenter.crm.errors import Refusal, StoreUnavailable
from contactcenter.http import openapi, server
from contactcenter.http.lists import Items, Paged
from contactcenter.http.problems import not_found
from contactcenter.http.routes import Right, Routes
from contactcenter.http.visit import Visit

routes = Routes("things")


class Thing(BaseModel):
    """A thing with a version."""

    id: str
    name: str
    size: int = 0
    version: int


class ThingBody(BaseModel):
    """What a thing is to be."""

    model_config = ConfigDict(extra="forbid")

    name: str = ""
    size: int = 0


def _found(db: Connection, id_: str) -> Thing | None:
    text = settings.get(db, f"thing {id_}")
    return Thing.model_validate_json(text) if text else None


def _put(db: Connection, id_: str, body: ThingBody, expected: int | None) -> Thing:
    before = _found(db, id_)
    if body.name == "forbidden":
        raise Refusal("not this name", field="name")
    records.expect(before.version if before else 0, expected)
    version = before.version + 1 if before else 1
    thing = Thing(id=id_, version=version, **body.model_dump())
    settings.put(db, f"thing {id_}", thing.model_dump_json())
    records.changed(
        db, "thing", id_, before and before.model_dump(exclude={"version"}),
        thing.model_dump(exclude={"version"}), by="agent1", at=1.0, version=version,
    )  # fmt: skip
    if body.name == "slow":
        settings.put(db, "slow", str(int(settings.get(db, "slow", "0")) + 1))
    return thing


@routes.get("/api/things", right=Right.SIGNED_IN)
async def list_things(visit: Visit, query: Paged) -> Items[Thing]:
    """All things."""
    found = await visit.edge.store.read(_found, "one")
    return Items(items=[found] if found else [])


@routes.get("/api/things/{id}", right=Right.SIGNED_IN, versioned=True)
async def get_thing(visit: Visit, id: str) -> Thing:
    """One thing."""
    if found := await visit.edge.store.read(_found, id):
        return found
    raise not_found("thing")


@routes.post("/api/things", right=Right.SIGNED_IN, status=201, versioned=True)
async def create_thing(visit: Visit, body: ThingBody) -> Thing:
    """Make it."""
    made = await visit.edge.store.write(_put, "one", body, None)
    if body.name == "broken":
        raise StoreUnavailable("gone, just now")
    return made


@routes.patch("/api/things/{id}", right=Right.SIGNED_IN, versioned=True)
async def change_thing(visit: Visit, id: str, body: ThingBody) -> Thing:
    """Change it."""
    return await visit.edge.store.write(_put, id, body, visit.expected)


@routes.post("/api/things/secret", right=Right.SIGNED_IN, once=False)
async def make_secret(visit: Visit) -> Thing:
    """Something that is never stored."""
    return Thing(id="s", name="s", version=1)


@pytest_asyncio.fixture
async def edge(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Running]:
    monkeypatch.setattr(server, "EVERYTHING", (*server.EVERYTHING, routes))
    async with running(tmp_path_factory.mktemp("edge")) as edge:
        yield edge


# --- versions ---


async def test_the_version_is_the_etag_and_a_lost_update_is_refused_with_both_versions(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        async with browser.http.post(
            "/api/things", json={"name": "a"}, headers={"X-CSRF-Token": browser.csrf}
        ) as made:
            assert (made.status, made.headers["ETag"]) == (201, '"1"')
        for given, status in (('"1"', 200), ("*", 200), ('W/"3"', 200), (None, 200)):
            headers = {"If-Match": given} if given else {}
            found, thing = await browser.call("PATCH", "/api/things/one", json={"name": "b"}, headers=headers)
            assert found == status, thing
        async with browser.http.patch(
            "/api/things/one", json={"size": 7}, headers={"X-CSRF-Token": browser.csrf, "If-Match": '"2"'}
        ) as refused:
            assert (refused.status, refused.headers["ETag"]) == (412, '"5"')
            problem = await refused.json()
        assert (problem["code"], problem["field"]) == ("changed_meanwhile", "If-Match")
        assert problem["current"] == {"id": "one", "name": "b", "size": 0, "version": 5}
        assert problem["yours"] == {"size": 7}
        assert (await browser.get("/api/things/one"))["size"] == 0


@pytest.mark.parametrize("given", ["", "one", '"1", "2"', "-1", '"1'])
async def test_a_version_that_is_none_is_refused(edge: Running, given: str) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        headers = {"If-Match": given}
        status, problem = await browser.call("PATCH", "/api/things/one", json={}, headers=headers)
        assert (status, problem["field"]) == (422, "If-Match")


# --- once ---


async def test_the_same_request_under_a_key_counts_once(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        key = {"X-CSRF-Token": browser.csrf, "Idempotency-Key": "k1"}
        answers = []
        for _ in range(2):
            async with browser.http.post("/api/things", json={"name": "a"}, headers=key) as answer:
                replayed = answer.headers.get("Idempotency-Replayed", "")
                answers.append(
                    (answer.status, answer.headers["ETag"], answer.headers["Content-Type"],
                     answer.headers["Cache-Control"], await answer.text())
                )  # fmt: skip
        assert answers[0] == answers[1]
        assert replayed == "true"
        status, problem = await browser.call("POST", "/api/things", json={"name": "b"}, headers=key)
        assert (status, problem["code"], problem["field"]) == (422, "key_reused", "Idempotency-Key")
        assert (await browser.get("/api/things/one"))["version"] == 1
        async with edge.browser() as other:  # the key belongs to its user
            await other.sign_in("agent2")
            headers = {"Idempotency-Key": "k1"}
            assert (await other.call("POST", "/api/things", json={"name": "c"}, headers=headers))[0] == 201
        edge.clock.ahead_s = idempotency.KEPT_S + 1  # … and for a day
        await browser.sign_in("agent1")
        headers = {"Idempotency-Key": "k1"}
        status, made = await browser.call("POST", "/api/things", json={"name": "d"}, headers=headers)
        assert (status, made["name"]) == (201, "d")


async def test_of_many_at_the_same_time_one_is_carried_out(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")

        async def once() -> tuple[int, Any]:
            headers = {"Idempotency-Key": "k"}
            return await browser.call("POST", "/api/things", json={"name": "slow"}, headers=headers)

        answers = await asyncio.gather(*(once() for _ in range(8)))
        assert {status for status, _ in answers} == {201}
        assert {answer["version"] for _, answer in answers} == {1}
        assert await edge.store.read(settings.get, "slow") == "1"


async def test_a_refusal_uses_no_key_up(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        headers = {"Idempotency-Key": "k"}
        for body, status in (({"name": "forbidden"}, 422), ({"nme": "x"}, 422), ({"name": "a"}, 201)):
            assert (await browser.call("POST", "/api/things", json=body, headers=headers))[0] == status


async def test_an_answer_that_was_lost_is_no_reason_to_do_it_again(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        for status, code in ((503, "store_unavailable"), (409, "answer_lost")):
            headers = {"Idempotency-Key": "k"}
            found, problem = await browser.call(
                "POST", "/api/things", json={"name": "broken"}, headers=headers
            )
            assert (found, problem["code"]) == (status, code)
        assert (await browser.get("/api/things/one"))["version"] == 1


async def test_an_answer_is_not_given_again_to_who_may_see_less_by_now(edge: Running) -> None:
    async with edge.browser() as browser, edge.browser() as admin:
        await browser.sign_in("agent1")
        await admin.sign_in("admin")
        headers = {"Idempotency-Key": "k"}
        body = {"name": "a"}
        assert (await browser.call("POST", "/api/things", json=body, headers=headers))[0] == 201
        assert (await browser.call("POST", "/api/things", json=body, headers=headers))[0] == 201
        assert (await admin.call("PATCH", "/api/users/agent1", json={"role": "sales"}))[0] == 200
        await browser.sign_in("agent1")
        status, problem = await browser.call("POST", "/api/things", json=body, headers=headers)
        assert (status, problem["code"]) == (409, "answer_lost")
        assert (await browser.get("/api/things/one"))["version"] == 1


@pytest.mark.parametrize("key", ["", " ", "k k", "k" * 129, "schlüssel", "'; --"])
async def test_a_key_that_is_none_is_refused(edge: Running, key: str) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        headers = {"Idempotency-Key": key}
        status, problem = await browser.call("POST", "/api/things", json={"name": "a"}, headers=headers)
        assert (status, problem["field"]) == (422, "Idempotency-Key")


async def test_what_is_never_stored_takes_no_key(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        headers = {"Idempotency-Key": "k"}
        assert (await browser.call("POST", "/api/things/secret"))[0] == 200
        status, problem = await browser.call("POST", "/api/things/secret", headers=headers)
        assert (status, problem["field"]) == (422, "Idempotency-Key")
        body = {"name": "t", "scopes": ["read"]}
        assert (await browser.call("POST", "/api/me/tokens", json=body, headers=headers))[0] == 422


async def test_old_keys_and_old_events_are_swept_and_no_number_is_given_twice(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        headers = {"Idempotency-Key": "k"}
        for name in ("a", "b"):
            await browser.call("POST", "/api/things", json={"name": name}, headers=headers)
            headers = {}
    later = edge.clock() + outbox.KEPT_S + 1
    await edge.store.write(idempotency.sweep, at=later)
    await edge.store.write(outbox.sweep, at=later)
    claim = idempotency.Claim(login="agent1", key="k", request="", at=edge.clock())
    assert await edge.store.read(idempotency.find, claim) is None
    assert [row.seq for row in await edge.store.read(outbox.after, 0)] == [2]


# --- sparse fields ---


async def test_only_the_fields_that_are_wanted_come(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        await browser.call("POST", "/api/things", json={"name": "a"})
        assert await browser.get("/api/things/one", fields="name,version") == {"name": "a", "version": 1}
        assert await browser.get("/api/things", fields="id") == {"items": [{"id": "one"}], "next": ""}
        for path in ("/api/things", "/api/things/one"):
            for wrong in ("", "nothing", "name,", "id,__class__"):
                status, problem = await browser.call("GET", path, params={"fields": wrong})
                assert (status, problem["field"]) == (422, "fields")
        status, problem = await browser.call("GET", "/api/things/one", params={"other": "x"})
        assert (status, problem["field"]) == (422, "other")


# --- what is declared ---


def test_the_conventions_are_in_the_document() -> None:
    document = openapi.describe([routes], "1", "cookie")
    paths = document["paths"]

    def parameters(path: str, method: str) -> set[str]:
        return {each["name"] for each in paths[path][method].get("parameters", [])}

    assert parameters("/api/things/{id}", "patch") == {"id", "If-Match"}
    assert parameters("/api/things", "post") == {"Idempotency-Key"}
    assert parameters("/api/things/secret", "post") == set()
    assert parameters("/api/things/{id}", "get") == {"id", "fields"}
    refused = paths["/api/things/{id}"]["patch"]["responses"]["412"]
    schema = refused["content"]["application/problem+json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/ConflictDocument"}
    assert paths["/api/things/{id}"]["get"]["responses"]["200"]["headers"]["ETag"]
    full, some = paths["/api/things/{id}"]["get"]["responses"]["200"]["content"]["application/json"][
        "schema"
    ]["anyOf"]
    assert full == {"$ref": "#/components/schemas/Thing"}
    assert "required" not in some
    assert set(some["properties"]) == {"id", "name", "size", "version"}
