"""Roles, teams and users over HTTP: changes count at once, also on open sockets; nobody is locked out."""

import asyncio
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from fake_center import agent_view, call_view
from running import PASSWORD, Browser, Running
from test_http_api import keep, record

from contactcenter.commands import ShowAgent, ShowCall
from contactcenter.crm import accounts, cards, roles, teams
from contactcenter.crm.access import CENTER, SCOPED, Right, Scope
from contactcenter.crm.accounts import AccountChange
from contactcenter.crm.users import UserChange
from contactcenter.events import AgentSignedIn, AgentSignedOut, MonitorRightLost
from contactcenter.values import CustomerCard

TITLES = {"zh": "东", "en": "East"}


async def team(edge: Running, name: str, *logins: str) -> None:
    """Make a team of these users."""
    await edge.store.write(teams.put, name, TITLES, by=CENTER, at=1.0)
    for login in logins:
        to = AccountChange(user=UserChange(), teams=(name,))
        await edge.store.write(accounts.change, login, to, by=CENTER, at=1.0)


def role(name: str = "supervisor", **changes: Any) -> dict[str, Any]:
    """A built-in role as the API takes it, with other rights."""
    found = roles.builtin(name)
    assert found
    return {
        "title": found.title,
        "rights": sorted(found.rights),
        "scopes": dict(found.scopes),
        "hidden": sorted(found.hidden),
    } | changes


async def frame(ws: aiohttp.ClientWebSocketResponse, kind: str, within_s: float = 2.0) -> dict[str, Any]:
    """The next frame of this type; whatever comes before it passes."""
    async with asyncio.timeout(within_s):
        while (found := await ws.receive_json())["type"] != kind:
            pass
    return found


async def closed(ws: aiohttp.ClientWebSocketResponse) -> None:
    """The server closes the socket, within 2 s."""
    async with asyncio.timeout(2):
        while (await ws.receive()).type is not aiohttp.WSMsgType.CLOSE:
            pass


@pytest.fixture
async def admin(edge: Running) -> Any:
    async with edge.browser() as browser:
        yield await browser.sign_in("admin")


async def test_one_is_told_what_one_may(edge: Running, admin: Browser) -> None:
    await team(edge, "east", "agent1")
    async with edge.browser() as browser:
        me = await (await browser.sign_in("agent1")).get("/api/me")
    assert (me["role"], me["teams"], me["hidden"]) == ("agent", ["east"], ["customer.id_number"])
    assert me["scopes"]["interaction"] == "own"
    assert "calls.take" in me["rights"]
    assert "roles.write" not in me["rights"]
    known = await admin.get("/api/rights")
    assert set(known["rights"]) == set(roles.RIGHTS)
    assert known["kinds"] == ["customer", "request", "followup", "interaction", "recording", "lead"]
    assert {each["name"] for each in (await admin.get("/api/roles"))["items"]} == {
        each.name for each in roles.BUILTIN
    }


async def test_a_role_is_made_changed_and_deleted(edge: Running, admin: Browser) -> None:
    body = role("agent", title=TITLES)
    status, made = await admin.call("PUT", "/api/roles/east_agent", json=body)
    assert (status, made["version"], made["builtin"]) == (201, 1, False)
    await edge.users.change("agent1", UserChange(role="east_agent"))
    status, problem = await admin.call("DELETE", "/api/roles/east_agent")
    assert (status, problem["code"]) == (409, "in_use")
    status, problem = await admin.call(
        "PUT", "/api/roles/east_agent", json=body | {"hidden": []}, headers={"If-Match": '"7"'}
    )
    assert (status, problem["current"]["version"]) == (412, 1)
    await edge.users.change("agent1", UserChange(role="agent"))
    status, changed = await admin.call("PUT", "/api/roles/east_agent", json=body | {"hidden": []})
    assert (status, changed["version"]) == (200, 2)
    assert (await admin.call("DELETE", "/api/roles/east_agent"))[0] == 204
    rows = (await admin.get("/api/audit", kind="role"))["items"]
    assert [(row["act"], row["login"]) for row in rows] == [
        ("delete", "admin"), ("change", "admin"), ("create", "admin"),
    ]  # fmt: skip
    assert (rows[1]["before"], rows[1]["after"]) == ({"hidden": ["customer.id_number"]}, {"hidden": []})
    status, problem = await admin.call("DELETE", "/api/roles/agent")
    assert (status, problem["code"]) == (409, "builtin")


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        ("agent", {"rights": ["public"]}, "rights"),
        ("agent", {"rights": ["fly"]}, "rights.0"),
        ("agent", {"rights": ["calls.take", "calls.monitor"]}, "rights"),
        ("agent", {"hidden": ["customer.name"]}, "hidden"),
        ("agent", {"scopes": {"note": "own"}}, "scopes.note"),
        ("agent", {"title": {"zh": "东"}}, "title.en"),
        ("Big", {}, "name"),
    ],
)
async def test_what_no_role_can_be_is_named(
    admin: Browser, name: str, change: dict[str, Any], field: str
) -> None:
    status, problem = await admin.call("PUT", f"/api/roles/{name}", json=role("agent", **change))
    assert (status, problem["field"]) == (422, field)


async def test_nobody_is_locked_out(edge: Running, admin: Browser) -> None:
    for rights in (["users.write"], ["roles.write"]):
        status, problem = await admin.call("PUT", "/api/roles/admin", json=role("admin", rights=rights))
        assert (status, problem["code"]) == (409, "locked_out")
    for change in ({"role": "supervisor"}, {"disabled": True}):
        status, problem = await admin.call("PATCH", "/api/users/admin", json=change)
        assert (status, problem["code"]) == (409, "locked_out")
    assert (await admin.call("PATCH", "/api/users/agent2", json={"role": "admin"}))[0] == 200
    assert (await admin.call("PATCH", "/api/users/admin", json={"role": "supervisor"}))[0] == 200


async def test_users_are_found_by_name_role_and_lock(edge: Running, admin: Browser) -> None:
    await admin.call("PATCH", "/api/users/agent2", json={"disabled": True})

    async def found(**query: str) -> list[str]:
        return [each["login"] for each in (await admin.get("/api/users", who="all", **query))["items"]]

    assert await found(name="LIND") == ["agent2"]
    assert await found(name="agent", disabled="false") == ["agent1"]
    assert await found(role="supervisor") == ["supervisor1", "supervisor2"]
    assert await found(name="王", role="agent") == []


async def test_users_are_made_changed_and_signed_out(edge: Running, admin: Browser) -> None:
    await team(edge, "east")
    body = {"login": "eva", "name": "Eva", "role": "agent", "password": "long enough", "teams": ["east"]}
    status, made = await admin.call("POST", "/api/users", json=body)
    assert (status, made["teams"], made["version"]) == (201, ["east"], 1)
    assert (await admin.call("POST", "/api/users", json=body))[0] == 409
    for wrong, field in (
        ({"teams": ["west"]}, "teams"),
        ({"queues": ["x"]}, "queues"),
        ({"role": "x"}, "role"),
    ):
        status, problem = await admin.call("POST", "/api/users", json=body | {"login": "leo"} | wrong)
        assert (status, problem["field"]) == (422, field)
    assert "leo" not in {each["login"] for each in (await admin.get("/api/users", who="all"))["items"]}
    async with edge.browser() as eva:
        await eva.sign_in("eva", "long enough")
        ws = await eva.listen()
        await frame(ws, "snapshot")
        await edge.center.heard(AgentSignedIn, login="eva")
        path = "/api/users/eva"
        assert (await admin.call("PUT", path + "/password", json={"password": "even longer"}))[0] == 204
        await edge.center.heard(AgentSignedOut, login="eva")
        await closed(ws)
        assert (await eva.call("GET", "/api/me"))[0] == 401
        await eva.sign_in("eva", "even longer")
        status, changed = await admin.call("PATCH", path, json={"disabled": True})
        assert (status, changed["disabled"], changed["version"]) == (200, True, 2)
        assert (await eva.call("GET", "/api/me"))[0] == 401
    status, problem = await admin.call("PATCH", "/api/users/agent1", json={"queues": ["sales"]})
    assert (status, problem["field"]) == (422, "queues")
    rows = (await admin.get("/api/audit", kind="user", object="eva"))["items"]
    assert [row["act"] for row in rows] == ["change", "password", "create"]
    assert rows[0]["after"] == {"disabled": True}
    assert "long" not in str(rows), "no password is ever written down"


async def test_nobody_gives_what_he_has_not(edge: Running, admin: Browser) -> None:
    rights = [*role()["rights"], "users.write"]
    assert (await admin.call("PUT", "/api/roles/supervisor", json=role(rights=rights)))[0] == 200
    async with edge.browser() as boss:
        await boss.sign_in("supervisor1")
        for method, path, body in (
            ("PATCH", "/api/users/supervisor1", {"role": "admin"}),
            ("PATCH", "/api/users/admin", {"disabled": True}),
            ("PUT", "/api/users/admin/password", {"password": "a new password"}),
            ("POST", "/api/users", {"login": "x", "name": "X", "role": "admin", "password": PASSWORD}),
        ):
            status, problem = await boss.call(method, path, json=body)
            assert (status, problem["code"]) == (403, "beyond_you"), path
        assert (await boss.call("PUT", "/api/roles/agent", json=role("agent")))[0] == 403
        assert (await boss.call("PATCH", "/api/users/agent1", json={"name": "Anna"}))[0] == 200, (
            "an agent takes calls, and nobody is the worse for it"
        )


async def test_nobody_gives_or_takes_over_what_he_does_not_see(edge: Running, admin: Browser) -> None:
    await team(edge, "blue", "agent2")
    await team(edge, "red", "supervisor1", "agent1")
    narrow = {"hidden": ["customer.id_number"], "scopes": role()["scopes"] | {"followup": "own"}}
    clerk = role(rights=[*role()["rights"], "users.write"], **narrow)
    assert (await admin.call("PUT", "/api/roles/supervisor", json=clerk))[0] == 200
    wide = role(hidden=[], scopes=dict.fromkeys(role()["scopes"], "all"))
    for name, one in (("wide", wide), ("seeing", clerk | {"hidden": []})):
        assert (await admin.call("PUT", f"/api/roles/{name}", json=one))[0] == 201
    new = {"login": "x", "name": "X", "role": "agent", "password": PASSWORD, "teams": ["red"]}
    async with edge.browser() as boss:
        await boss.sign_in("supervisor1")
        for method, path, body, field in (
            ("PATCH", "/api/users/supervisor1", {"teams": ["red", "blue"]}, "teams"),
            ("PATCH", "/api/users/agent1", {"teams": ["blue"]}, "teams"),
            ("PUT", "/api/users/agent2/password", {"password": PASSWORD}, "teams"),
            ("POST", "/api/users", new | {"teams": ["blue"]}, "teams"),
            ("POST", "/api/users", new | {"role": "senior_agent"}, "role"),
            ("POST", "/api/users", new | {"role": "wide"}, "role"),
            ("POST", "/api/users", new | {"role": "seeing"}, "role"),
        ):
            status, problem = await boss.call(method, path, json=body)
            assert (status, problem["code"], problem["field"]) == (403, "beyond_you", field), body
        assert (await boss.call("PATCH", "/api/users/agent1", json={"name": "Anna"}))[0] == 200
        assert (await boss.call("POST", "/api/users", json=new))[0] == 201


async def test_who_is_limited_to_queues_makes_nobody_who_is_not(edge: Running, admin: Browser) -> None:
    rights = [*role()["rights"], "users.write"]
    assert (await admin.call("PUT", "/api/roles/supervisor", json=role(rights=rights)))[0] == 200
    new = {"login": "x", "name": "X", "role": "supervisor", "password": PASSWORD}
    async with edge.browser() as boss:
        await boss.sign_in("supervisor2")
        for queues in ([], ["support"], ["support", "sales"]):
            status, problem = await boss.call("POST", "/api/users", json=new | {"queues": queues})
            assert (status, problem["code"], problem["field"]) == (403, "beyond_you", "queues")
        assert (await boss.call("POST", "/api/users", json=new | {"queues": ["sales"]}))[0] == 201


async def test_teams_are_made_joined_and_deleted(edge: Running, admin: Browser) -> None:
    status, made = await admin.call("PUT", "/api/teams/east", json={"title": TITLES})
    assert (status, made["members"]) == (201, [])
    assert (await admin.call("PATCH", "/api/users/agent1", json={"teams": ["east"]}))[0] == 200
    assert (await admin.call("DELETE", "/api/teams/east"))[0] == 409
    async with edge.browser() as browser:
        await browser.sign_in("agent2")
        assert [(each["name"], each["members"]) for each in (await browser.get("/api/teams"))["items"]] == [
            ("east", ["agent1"])
        ]
        (person,) = (await browser.get("/api/people", team="east"))["items"]
        assert (person["login"], person["teams"]) == ("agent1", ["east"])
        assert (await browser.call("PUT", "/api/teams/west", json={"title": TITLES}))[0] == 403
    assert (await admin.call("PATCH", "/api/users/agent1", json={"teams": []}))[0] == 200
    assert (await admin.call("DELETE", "/api/teams/east"))[0] == 204
    assert (await admin.call("GET", "/api/teams/east"))[0] == 404


# --- at once ---


async def test_a_team_shows_and_hides_on_an_open_socket(edge: Running, admin: Browser) -> None:
    await team(edge, "east", "supervisor1")
    await team(edge, "west")
    for login in ("agent1", "agent2"):
        edge.center.carry(ShowAgent(view=agent_view(login)))
        edge.center.carry(ShowCall(view=call_view(f"call-of-{login}", agent=login)))
    async with edge.browser() as boss:
        await boss.sign_in("supervisor1")
        ws = await boss.listen()
        first = await frame(ws, "snapshot")
        assert [each["login"] for each in first["agents"]] == ["agent1", "agent2"]
        await admin.call("PATCH", "/api/users/agent2", json={"teams": ["west"]})
        gone = (await frame(ws, "change"))["gone"]
        assert (gone["agents"], gone["calls"]) == (["agent2"], ["call-of-agent2"])
        assert [each["login"] for each in (await boss.get("/api/agents"))["items"]] == ["agent1"]
        assert (await boss.call("PUT", "/api/agents/agent2/state", json={"state": "paused"}))[0] == 404
        assert (await boss.call("POST", "/api/calls/call-of-agent2/monitor", json={"mode": "listen"}))[
            0
        ] == 404
        assert [each["login"] for each in (await boss.get("/api/users"))["items"]] == ["agent1"]
        await admin.call("PATCH", "/api/users/supervisor1", json={"teams": ["east", "west"]})
        again = await frame(ws, "snapshot")
        assert [each["login"] for each in again["agents"]] == ["agent1", "agent2"]
        assert again["seq"] >= first["seq"]


async def test_a_right_that_is_taken_away_is_gone_from_an_open_socket(edge: Running, admin: Browser) -> None:
    edge.center.carry(ShowAgent(view=agent_view("agent1")))
    async with edge.browser() as boss:
        await boss.sign_in("supervisor1")
        ws = await boss.listen()
        assert [each["login"] for each in (await frame(ws, "snapshot"))["agents"]] == ["agent1"]
        less = [right for right in role()["rights"] if right != "floor.watch"]
        await admin.call("PUT", "/api/roles/supervisor", json=role(rights=less))
        assert (await frame(ws, "snapshot"))["agents"] == []
        edge.center.carry(ShowAgent(view=agent_view("agent1", taken=7)))
        await ws.send_json({"type": "ping", "at": 1})
        assert (await ws.receive_json(timeout=2))["type"] == "pong", "nothing else came"
        await admin.call("PUT", "/api/roles/supervisor", json=role(rights=[]))
        await closed(ws)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await boss.listen()


async def test_who_takes_calls_no_longer_is_no_agent_any_more(edge: Running, admin: Browser) -> None:
    async with edge.browser() as agent:
        await agent.sign_in("agent1")
        ws = await agent.listen()
        await frame(ws, "snapshot")
        await edge.center.heard(AgentSignedIn, login="agent1")
        less = [right for right in role("agent")["rights"] if right != "calls.take"]
        await admin.call("PUT", "/api/roles/agent", json=role("agent", rights=less))
        await edge.center.heard(AgentSignedOut, login="agent1")
        assert not (await frame(ws, "snapshot"))["pops"]


async def test_who_listens_without_the_right_is_hung_up(edge: Running, admin: Browser) -> None:
    async with edge.browser() as agent, edge.browser() as boss:
        await agent.sign_in("agent1")
        await boss.sign_in("supervisor1")
        edge.center.ring("agent1")
        edge.center.join("agent1")
        await boss.call("POST", "/api/calls/call-1/monitor", json={"mode": "listen"})
        less = [right for right in role()["rights"] if right != "calls.monitor"]
        await admin.call("PUT", "/api/roles/supervisor", json=role(rights=less))
        assert (await edge.center.heard(MonitorRightLost)).login == "supervisor1"


async def test_a_push_carries_the_customer_only_to_who_may_know(edge: Running, admin: Browser) -> None:
    await team(edge, "east", "supervisor1", "agent1")
    await team(edge, "west")
    view = call_view("c1", customer="cus-1", customer_name="Wang", agent="", queue="support")
    async with edge.browser() as boss:
        await boss.sign_in("supervisor1")
        ws = await boss.listen()
        await frame(ws, "snapshot")
        edge.center.carry(ShowCall(view=view, owner="somebody", team="west"))
        (shown,) = (await frame(ws, "change"))["calls"]
        assert (shown["customer"], shown["customer_name"]) == ("", "")
        (shown,) = (await boss.get("/api/calls"))["items"]
        assert (shown["customer"], shown["customer_name"]) == ("", "")
        edge.center.carry(ShowCall(view=call_view("c2", customer="cus-2", customer_name="Li"), team="east"))
        (shown,) = (await frame(ws, "change"))["calls"]
        assert (shown["customer"], shown["customer_name"]) == ("cus-2", "Li")


async def test_hidden_fields_are_blank_in_the_pop(edge: Running, admin: Browser) -> None:
    hidden = ["customer.balance", "customer.note"]
    await admin.call("PUT", "/api/roles/agent", json=role("agent", hidden=hidden))
    async with edge.browser() as agent:
        await agent.sign_in("agent1")
        ws = await agent.listen()
        await frame(ws, "snapshot")
        edge.center.ring(
            "agent1", CustomerCard(id="c1", number="1", name="Wang", balance="12.50", note="secret")
        )
        customer = (await frame(ws, "pop"))["customer"]
        assert (customer["balance"], customer["note"]) == ("", "")
        assert customer["hidden"] == ["balance", "note"]
        assert customer["name"], "what is not hidden is there"


@pytest.mark.parametrize("hidden", ["phones", "addresses"])
async def test_nobody_deletes_phones_that_he_does_not_see(edge: Running, admin: Browser, hidden: str) -> None:
    await admin.call("PUT", "/api/roles/supervisor", json=role(hidden=[f"customer.{hidden}"]))
    reached = [{"channel": "phone", "value": "13800138000"}, {"channel": "email", "value": "a@b.cn"}]
    ada = (await admin.call("POST", "/api/customers", json={"name": "Ada", "addresses": reached}))[1]
    path = f"/api/customers/{ada['id']}"
    async with edge.browser() as boss:
        await boss.sign_in("supervisor1")
        seen = await boss.get(path)
        mails = [each["value"] for each in seen["addresses"]]
        assert (seen["phones"], mails) == ([], ["a@b.cn"] if hidden == "phones" else [])
        assert "phones" in seen["hidden"]
        refused = [{"phones": []}, {"addresses": [*reached, {"channel": "phone", "value": "13800138001"}]}]
        refused += [{"addresses": []}] if hidden == "addresses" else []
        for body in refused:
            status, problem = await boss.call("PATCH", path, json=body)
            assert (status, problem["code"]) == (403, "hidden"), body
        if hidden == "phones":
            mine = [{"channel": "email", "value": "new@b.cn"}]
            assert (await boss.call("PATCH", path, json={"addresses": mine}))[0] == 200
            assert (await boss.call("PATCH", path, json={"addresses": []}))[0] == 200
            assert (await boss.call("GET", "/api/customers", params={"email": "a@b.cn"}))[0] == 200
        assert (await boss.call("GET", "/api/customers", params={"phone": "13800138000"}))[0] == 403
    assert (await admin.get(path))["phones"] == ["+8613800138000"]


async def test_the_pop_has_those_past_talks_that_its_agent_may_read(edge: Running, admin: Browser) -> None:
    await team(edge, "east", "agent1")
    await team(edge, "west", "agent2")
    ada = (await admin.call("POST", "/api/customers", json={"name": "Ada"}))[1]["id"]
    talks = {"mine": "agent1", "theirs": "agent2", "nobody-s": ""}
    await keep(edge, *(record(id_, agent=login, customer=ada) for id_, login in talks.items()))
    passed_on = record("passed-on", agent="agent1", customer=ada, final=False)
    await keep(edge, passed_on)
    await keep(edge, replace(passed_on, agent="agent2", final=True))
    for scope, seen in (
        ("own", {"mine", "passed-on"}),
        ("team", {"mine", "passed-on", "nobody-s"}),
        ("all", {"mine", "passed-on", "nobody-s", "theirs"}),
    ):
        scopes = role("agent")["scopes"] | {"interaction": scope}
        await admin.call("PUT", "/api/roles/agent", json=role("agent", scopes=scopes))
        async with edge.browser() as agent:
            await agent.sign_in("agent1")
            card = await edge.store.read(cards.get, ada)
            assert card
            ws = await agent.listen()
            await frame(ws, "snapshot")
            edge.center.ring("agent1", card)
            popped = (await frame(ws, "pop"))["customer"]["last"]
            assert {each["id"] for each in popped} == seen, scope
            read = (await agent.get(f"/api/customers/{ada}"))["last"]
            assert {each["id"] for each in read} == seen, "as where it is asked for"


async def test_a_team_is_reminded_of_what_it_sees(edge: Running, admin: Browser) -> None:
    await team(edge, "east", "agent1", "supervisor1")
    await team(edge, "west", "agent2")
    ada = (await admin.call("POST", "/api/customers", json={"name": "Ada", "team": "west"}))[1]["id"]
    now = edge.clock()
    wish = {"owner": "", "team": "east", "due_at": now + 60, "remind_at": now - 1}
    for more in ({"title": "of nobody"}, {"title": "of Ada", "customer": ada}):
        assert (await admin.call("POST", "/api/followups", json=wish | more))[0] == 201
    async with edge.browser() as agent, edge.browser() as boss:
        await agent.sign_in("agent1")
        await boss.sign_in("supervisor1")
        theirs = await boss.listen()
        seen = {each["title"] for each in (await frame(theirs, "snapshot"))["reminders"]}
        while seen != {"of nobody"}:
            seen |= {each["title"] for each in (await frame(theirs, "change")).get("reminders", ())}
        assert [each["title"] for each in (await boss.get("/api/followups"))["items"]] == ["of nobody"]
        his = await agent.listen()
        assert (await frame(his, "snapshot"))["reminders"] == [], "an agent's scope is his own"
        status, _ = await admin.call("PATCH", f"/api/customers/{ada}", json={"team": "east"})
        assert status == 200
        while "of Ada" not in seen:
            seen |= {each["title"] for each in (await frame(theirs, "change")).get("reminders", ())}
        assert (await admin.call("PATCH", f"/api/customers/{ada}", json={"team": "west"}))[0] == 200
        assert len((await frame(theirs, "change"))["gone"]["reminders"]) == 1


async def test_another_team_s_supervisor_finds_nothing(edge: Running, admin: Browser) -> None:
    await team(edge, "east", "agent1")
    await team(edge, "west", "supervisor1")
    await keep(edge, record("i1", agent="agent1"), record("i2", agent="agent2"))
    async with edge.browser() as boss:
        await boss.sign_in("supervisor1")
        assert [each["id"] for each in (await boss.get("/api/interactions"))["items"]] == ["i2"]
        assert (await boss.call("GET", "/api/interactions/i1"))[0] == 404
    status, _ = await admin.call("PATCH", "/api/users/supervisor1", json={"teams": ["west", "east"]})
    assert status == 200
    async with edge.browser() as boss:
        await boss.sign_in("supervisor1")
        assert (await boss.call("GET", "/api/interactions/i1"))[0] == 200


def test_every_built_in_role_is_whole() -> None:
    for each in roles.BUILTIN:
        assert roles.checked(each, builtin=True).scopes.keys() == set(SCOPED)
        assert set(each.scopes.values()) <= set(Scope)
    admin = roles.builtin("admin")
    assert admin
    assert admin.rights == roles.RIGHTS - {Right.CALLS_TAKE}
