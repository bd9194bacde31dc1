"""Who gets in, who may do what, and what the guesser of passwords meets."""

import asyncio
import re
import statistics
import time
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from running import PASSWORD, SETTINGS, Running, running

from contactcenter.crm import roles
from contactcenter.crm.access import RIGHTS
from contactcenter.crm.sessions import IDLE_S
from contactcenter.crm.users import UserChange
from contactcenter.events import AgentSignedIn, AgentSignedOut
from contactcenter.http.routes import Right, Route
from contactcenter.http.server import API, EVERYTHING, all_routes
from contactcenter.http.throttle import LONGEST_S, Throttle

PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/api/openapi.json"),
    ("POST", "/api/session"),
    ("GET", "/sign-in"),
    ("GET", "/static/{name}"),
}
"""The whole list of what answers without a name. Who adds to it, says so here."""


async def test_signing_in_and_out(edge: Running) -> None:
    async with edge.browser() as browser:
        async with browser.http.post(
            "/api/session", json={"login": " Agent1 ", "password": PASSWORD}
        ) as answer:
            assert answer.status == 200
            assert set(await answer.json()) == {"user", "role", "csrf"}
            cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/" in cookie
        assert "Secure" not in cookie, "a browser would drop it over plain HTTP"
        signed_in = await edge.center.heard(AgentSignedIn, login="agent1")
        assert (signed_in.queues, signed_in.phone) == (("support",), "101")
        browser.csrf = (await browser.get("/api/me"))["csrf"]
        assert (await browser.call("DELETE", "/api/session"))[0] == 204
        await edge.center.heard(AgentSignedOut, login="agent1")
        assert (await browser.call("GET", "/api/me"))[0] == 401


async def test_behind_tls_the_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    settings = replace(SETTINGS, public_url="https://cc.example.com")
    async with running(tmp_path, settings) as edge, aiohttp.ClientSession(edge.url) as http:
        url = f"http://127.0.0.1:{edge.server.port}/api/session"
        headers = {"Origin": "https://cc.example.com"}
        async with http.post(url, json={"login": "agent1", "password": PASSWORD}, headers=headers) as answer:
            assert answer.status == 200
            assert answer.headers["Set-Cookie"].startswith("__Host-contactcenter=")
            assert "Secure" in answer.headers["Set-Cookie"]
            assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


async def test_a_second_session_keeps_the_agent_signed_in(edge: Running) -> None:
    async with edge.browser() as office, edge.browser() as home:
        await office.sign_in("agent1")
        await home.sign_in("agent1")
        assert len([e for e in edge.center.events if isinstance(e, AgentSignedIn)]) == 1
        await office.call("DELETE", "/api/session")
        assert not [e for e in edge.center.events if isinstance(e, AgentSignedOut)]
        await home.call("DELETE", "/api/session")
        await edge.center.heard(AgentSignedOut, login="agent1")


@pytest.mark.parametrize(
    ("login", "password"),
    [("agent1", "wrong password"), ("nobody", PASSWORD), ("disabled", PASSWORD), ("agent1'--", "x")],
)
async def test_every_failure_says_the_same(edge: Running, login: str, password: str) -> None:
    if login == "disabled":
        await edge.users.change("agent2", UserChange(disabled=True))
        login = "agent2"
    async with edge.browser() as browser:
        status, problem = await browser.call(
            "POST", "/api/session", json={"login": login, "password": password}
        )
    assert (status, problem["code"]) == (401, "wrong_credentials")


async def test_unknown_users_take_as_long_as_known_ones(edge: Running) -> None:
    async def seconds(login: str) -> float:
        edge.clock.ahead_s += 2 * LONGEST_S + 1
        async with edge.browser() as browser:
            started = time.perf_counter()
            await browser.call("POST", "/api/session", json={"login": login, "password": "wrong one"})
            return time.perf_counter() - started

    await seconds("nobody")
    known = statistics.median([await seconds("agent1") for _ in range(8)])
    unknown = statistics.median([await seconds(f"nobody{n}") for n in range(8)])
    assert 0.4 < known / unknown < 2.5, "the time tells who exists"


async def test_guessing_is_slowed_down_even_when_done_in_parallel(edge: Running) -> None:
    async with edge.browser() as browser:

        async def guess() -> int:
            body = {"login": "agent1", "password": "wrong one"}
            return (await browser.call("POST", "/api/session", json=body))[0]

        statuses = await asyncio.gather(*(guess() for _ in range(6)))
        assert sorted(statuses) == [401] + [429] * 5
        async with browser.http.post(
            "/api/session", json={"login": "agent1", "password": PASSWORD}
        ) as answer:
            assert answer.status == 429
            assert int(answer.headers["Retry-After"]) >= 1
        edge.clock.ahead_s += 2
        await browser.sign_in("agent1")


def test_the_delay_doubles_up_to_a_quarter_of_an_hour() -> None:
    now = 1000.0
    throttle = Throttle(lambda: now)
    delays = []
    for _ in range(14):
        throttle.attempt("a", "10.0.0.1")
        delays.append(throttle.wait_s("a", "10.0.0.1"))
        now += delays[-1]
    assert delays[:4] == [1, 2, 4, 8]
    assert delays[-1] == LONGEST_S


def test_a_stranger_can_not_lock_out_a_colleague() -> None:
    throttle = Throttle(lambda: 1000.0)
    throttle.attempt("a", "10.0.0.1")
    throttle.succeeded("a", "10.0.0.1")
    for n in range(200):
        throttle.attempt("a", f"192.0.2.{n}")
    assert throttle.wait_s("a", "192.0.2.250") > 0, "spread over addresses, the account's own count holds"
    assert throttle.wait_s("a", "10.0.0.1") == 0, "where the account signed in before, it still can"


def test_an_address_that_tries_many_accounts_is_slowed_down() -> None:
    throttle = Throttle(lambda: 1000.0)
    for n in range(60):
        throttle.attempt(f"user{n}", "192.0.2.1")
    assert throttle.wait_s("user99", "192.0.2.1") > 0
    assert throttle.wait_s("user99", "192.0.2.2") == 0


def test_the_public_list_is_complete() -> None:
    assert {(r.method, r.path) for r in all_routes() if r.right == Right.PUBLIC} == PUBLIC


def _path(route: Route) -> str:
    return re.sub(r"{\w+}", "x1", route.path)


async def test_every_address_that_aiohttp_knows_is_a_declared_route(edge: Running) -> None:
    declared = {(route.method, route.path) for route in all_routes(EVERYTHING)}
    for resource in edge.server._runner.app.router.resources():  # type: ignore[union-attr]
        for known in resource:
            method = "GET" if known.method == "HEAD" else known.method
            assert (method, resource.canonical) in declared


async def test_no_route_opens_without_its_right(edge: Running) -> None:
    """Neither for nobody, nor for a forged cookie or token, nor for a role below it."""
    async with edge.browser() as nobody, edge.browser(Cookie="contactcenter=forged") as forger:
        for route in all_routes(API):
            if route.right == Right.PUBLIC:
                continue
            for client, headers in ((nobody, {}), (forger, {}), (nobody, {"Authorization": "Bearer cc_x"})):
                status, problem = await client.call(route.method, _path(route), headers=headers)
                assert (status, problem["code"]) == (401, "signed_out"), route
        for path in ("/", "/history", "/history/x1"):
            async with nobody.http.get(path, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
    for name, login in (("agent", "agent1"), ("supervisor", "supervisor1")):
        role = roles.builtin(name)
        assert role
        token = await edge.token(login)
        async with edge.browser(Authorization=f"Bearer {token}") as program:
            for route in all_routes(API):
                if route.right in RIGHTS - role.rights:
                    assert (await program.call(route.method, _path(route)))[0] == 403, route


async def test_state_changes_need_the_csrf_token(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        real, edge.center.events[:] = browser.csrf, []
        for route in all_routes(API):
            if not route.changes_state or route.right == Right.PUBLIC:
                continue
            for forged in ("", "x", real[:-1], real + "x"):
                browser.csrf = forged
                status, problem = await browser.call(route.method, _path(route), json={})
                assert (status, problem["code"]) == (403, "csrf"), route
        assert edge.center.events == []


async def test_foreign_pages_change_nothing(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        for origin in ("https://evil.example", "null", edge.url + ".evil.example", "http://localhost:1"):
            headers = {"Origin": origin}
            status, problem = await browser.call("DELETE", "/api/session", headers=headers)
            assert (status, problem["code"]) == (403, "foreign_origin")
            body = {"login": "agent1", "password": PASSWORD}
            assert (await browser.call("POST", "/api/session", json=body, headers=headers))[0] == 403


async def test_a_token_does_what_its_scopes_say(edge: Running) -> None:
    reading, writing = await edge.token("agent1", "read"), await edge.token("agent1", "read", "write")
    async with edge.browser(Authorization=f"Bearer {reading}") as program:
        assert (await program.call("GET", "/api/customers"))[0] == 200
        status, problem = await program.call("POST", "/api/customers", json={"name": "A"})
        assert (status, problem["code"]) == (403, "scope")
    async with edge.browser(Authorization=f"Bearer {writing}") as program:
        assert (await program.call("POST", "/api/customers", json={"name": "A"}))[0] == 201
    assert not [e for e in edge.center.events if isinstance(e, AgentSignedIn)], "a program is no agent"


async def test_an_idle_session_ends_and_the_center_hears_of_it(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        edge.clock.ahead_s += IDLE_S + 60
        await edge.center.heard(AgentSignedOut, login="agent1")
        assert (await browser.call("GET", "/api/me"))[0] == 401


async def test_a_person_makes_a_token_and_revokes_it(edge: Running) -> None:
    wish = {"name": "wallboard", "scopes": ["read"]}
    async with edge.browser() as person, edge.browser() as other:
        await person.sign_in("agent1")
        await other.sign_in("agent2")
        status, made = await person.call("POST", "/api/me/tokens", json=wish)
        assert status == 201
        _, listed = await person.call("GET", "/api/me/tokens")
        assert [(each["id"], each["name"]) for each in listed["items"]] == [(made["id"], "wallboard")]
        assert made["secret"] not in str(listed)
        async with edge.browser(Authorization=f"Bearer {made['secret']}") as program:
            assert (await program.call("GET", "/api/me"))[0] == 200
            assert (await program.call("POST", "/api/me/tokens", json=wish))[0] == 403
            assert (await other.call("DELETE", f"/api/me/tokens/{made['id']}"))[0] == 404
            assert (await person.call("DELETE", f"/api/me/tokens/{made['id']}"))[0] == 204
            assert (await program.call("GET", "/api/me"))[0] == 401


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"name": " ", "scopes": ["read"]}, "name"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["root"]}, "scopes"),
    ],
)
async def test_a_token_with_odd_wishes_is_refused_by_field(edge: Running, wish: object, field: str) -> None:
    async with edge.browser() as person:
        await person.sign_in("agent1")
        status, problem = await person.call("POST", "/api/me/tokens", json=wish)
        assert status == 422
        assert problem["field"].startswith(field)
