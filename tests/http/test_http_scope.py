"""Scope: whom a supervisor may see and steer, and that trying more leaves a trace."""

from typing import Any

import pytest
from fake_center import agent_view, call_view
from running import Running
from test_http_api import keep, record

from contactcenter.commands import ShowAgent, ShowCall
from contactcenter.http import scope
from contactcenter.http.problems import Problem
from contactcenter.http.signin import by_token
from contactcenter.http.visit import Visit


async def visit_of(edge: Running, login: str) -> Visit:
    """A visit as a handler gets it."""
    inner = edge.server._edge
    return Visit(request=None, edge=inner, known=await by_token(inner, await edge.token(login)))  # type: ignore[arg-type]


def show(edge: Running) -> None:
    """A call and an agent of either queue, and a caller who is still in a script."""
    for call, queue in (("c1", "support"), ("c2", "sales"), ("c3", "")):
        edge.center.carry(ShowCall(view=call_view(call, queue=queue)))
    edge.center.carry(ShowAgent(view=agent_view("agent1", queues=("support",))))
    edge.center.carry(ShowAgent(view=agent_view("agent2", queues=("support", "sales"))))
    edge.center.show_queues()


@pytest.mark.parametrize(
    ("login", "agents", "calls", "queues"),
    [
        ("supervisor1", ["agent1", "agent2"], ["c1", "c2", "c3"], ["sales", "support"]),
        ("supervisor2", ["agent2"], ["c2"], ["sales"]),
        ("admin", ["agent1", "agent2"], ["c1", "c2", "c3"], ["sales", "support"]),
    ],
)
async def test_lists_and_the_live_stream_show_what_is_in_scope(
    edge: Running, login: str, agents: list[str], calls: list[str], queues: list[str]
) -> None:
    show(edge)
    await keep(edge, record("i1", queue="support"), record("i2", queue="sales"))
    async with edge.browser() as browser:
        await browser.sign_in(login)
        assert [each["login"] for each in (await browser.get("/api/agents"))["items"]] == agents
        assert [each["id"] for each in (await browser.get("/api/calls"))["items"]] == calls
        assert [each["name"] for each in (await browser.get("/api/queues"))["items"]] == queues
        found = await browser.get("/api/interactions")
        assert sorted(each["queue"] for each in found["items"]) == queues
        assert (await browser.call("GET", "/api/interactions/i1"))[0] == (200 if "support" in queues else 403)
        socket = await browser.listen()
        snapshot = await socket.receive_json(timeout=5)
        assert [each["login"] for each in snapshot["agents"]] == agents
        assert [each["id"] for each in snapshot["calls"]] == calls
        assert [each["name"] for each in snapshot["queues"]] == queues
        edge.center.carry(ShowCall(view=call_view("c4", queue="support")))
        edge.center.carry(ShowCall(view=call_view("c2", queue="support")))  # moved along, out of sales
        change = await socket.receive_json(timeout=5)
        if login == "supervisor2":
            assert change["gone"] == {"calls": ["c2"]}
            assert "calls" not in change
        else:
            assert [each["id"] for each in change["calls"]] == ["c4", "c2"]


@pytest.mark.parametrize(
    ("login", "steers"),
    [
        ("agent1", {"c1": 403, "c2": 403, "c3": 403, "agent1": 403, "agent2": 403, "sales": 403, "all": 0}),
        ("supervisor1", {"c1": 0, "c2": 0, "c3": 0, "agent1": 0, "agent2": 0, "sales": 0, "all": 0}),
        ("supervisor2", {"c1": 403, "c2": 0, "c3": 403, "agent1": 403, "agent2": 0, "sales": 0, "all": 403}),
        ("admin", {"c1": 0, "c2": 0, "c3": 0, "agent1": 0, "agent2": 0, "sales": 0, "all": 0}),
    ],
)
async def test_what_is_out_of_scope_is_refused_and_written_down(
    edge: Running, login: str, steers: dict[str, int]
) -> None:
    show(edge)
    visit = await visit_of(edge, login)
    refused = []
    for target, expected in steers.items():
        status = 0
        try:
            if target == "all":
                scope.check_all(visit, "set", "configuration", "1")
            elif target == "sales":
                scope.check_queues(visit, ["sales"], "close")
            elif target.startswith("agent"):
                await scope.check_agent(visit, target, "force_state")
            else:
                scope.check_call(visit, target, "monitor")
        except Problem as problem:
            status = problem.status
            refused.append((target if target != "all" else "1", False, login))
        assert status == expected, target
    async with edge.browser(Authorization=f"Bearer {await edge.token('admin')}") as admin:
        rows = (await admin.get("/api/audit"))["items"]
    assert [(row["object"], row["granted"], row["login"]) for row in reversed(rows)] == refused


async def test_what_does_not_exist_is_404_for_everybody(edge: Running) -> None:
    visit = await visit_of(edge, "supervisor2")
    with pytest.raises(Problem) as problem:
        scope.check_call(visit, "nobody", "monitor")
    assert problem.value.status == 404
    for login in ("nobody", "supervisor1"):
        with pytest.raises(Problem) as problem:
            await scope.check_agent(visit, login, "force_state")
        assert problem.value.status == 404


@pytest.mark.parametrize(
    ("login", "sees"),
    [("agent1", None), ("supervisor1", ["c2", "c1"]), ("supervisor2", ["c2"]), ("admin", ["c2", "c1"])],
)
async def test_who_reads_the_audit_log(edge: Running, login: str, sees: list[str] | None) -> None:
    (await visit_of(edge, "admin")).audit("monitor", "call", "c1", detail={"mode": "listen"})
    (await visit_of(edge, "supervisor2")).audit("monitor", "call", "c2", after={"mode": "barge"})
    await edge.store.settled()
    async with edge.browser(Authorization=f"Bearer {await edge.token(login)}") as reader:
        status, found = await reader.call("GET", "/api/audit")
        if sees is None:
            assert status == 403
            return
        assert [row["object"] for row in found["items"]] == sees
        params: dict[str, Any] = {"login": "admin"}
        assert len((await reader.get("/api/audit", **params))["items"]) == ("c1" in sees)
        status, found = await reader.call("GET", "/api/audit", params={"granted": "perhaps"})
        assert (status, found["field"]) == (422, "granted")
