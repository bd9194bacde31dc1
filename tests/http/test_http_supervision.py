"""Supervision over HTTP: who may do what, what the center is told, who sees it, what is kept of refusals."""

import asyncio
from dataclasses import replace
from typing import Any, TypeVar

import aiohttp
import pytest
from pytest_mock import MockerFixture
from running import Browser, Running

from contactcenter.commands import Refused, SaveInteraction, ShowCall
from contactcenter.crm import audit, readers
from contactcenter.crm.users import UserChange
from contactcenter.events import (
    AgentSignedOut,
    Event,
    MessageSent,
    MonitorAsked,
    MonitorEndAsked,
    MonitorRightLost,
    PriorityAsked,
    SignOutForced,
    StateForced,
)
from contactcenter.http import watch
from contactcenter.values import InteractionRecord, TimelineEntry

E = TypeVar("E", bound=Event)

STEERING: list[tuple[str, str, Any]] = [
    ("POST", "/api/calls/call-1/monitor", {"mode": "listen"}),
    ("DELETE", "/api/calls/call-1/monitor", None),
    ("POST", "/api/calls/call-1/take-over", None),
    ("PUT", "/api/agents/agent1/state", {"state": "paused", "reason": "training"}),
    ("DELETE", "/api/agents/agent1/session", None),
    ("PATCH", "/api/calls/call-1", {"priority": 5}),
    ("POST", "/api/agents/agent1/message", {"text": "well done"}),
]
SCOPED = [each for each in STEERING if each[:2] != ("DELETE", "/api/calls/call-1/monitor")]
"""What needs a right to the call or the agent; one's own monitor may always be left."""


async def rows(edge: Running, **filters: str) -> list[audit.AuditRow]:
    """The audit log, the newest row first."""
    await edge.store.settled()
    return list((await edge.store.read(audit.page, filters=filters)).items)


async def heard_until(socket: aiohttp.ClientWebSocketResponse, noun: str) -> list[dict[str, Any]]:
    """The views of this noun in the first frame that has any."""
    while True:
        frame = await socket.receive_json(timeout=5)
        if frame.get(noun):
            views: list[dict[str, Any]] = frame[noun]
            return views


async def gone_until(socket: aiohttp.ClientWebSocketResponse, noun: str) -> list[str]:
    """The ids of this noun in the first frame that says that some are over."""
    while True:
        frame = await socket.receive_json(timeout=5)
        if ids := frame.get("gone", {}).get(noun):
            names: list[str] = ids
            return names


async def talk(edge: Running, browser: Browser) -> None:
    """agent1 signs in and talks in call-1."""
    await browser.sign_in("agent1")
    edge.center.ring("agent1")
    edge.center.join("agent1")


@pytest.mark.parametrize(("method", "path", "body"), STEERING)
async def test_agents_may_not_steer_and_the_attempt_is_kept(
    edge: Running, method: str, path: str, body: Any
) -> None:
    async with edge.browser() as browser:
        await talk(edge, browser)
        status, problem = await browser.call(method, path, json=body)
        assert (status, problem["code"]) == (403, "forbidden")
        (row,) = await rows(edge)
        assert (row.login, row.granted, row.object) == ("agent1", False, path.split("/")[3])


@pytest.mark.parametrize("login", ["supervisor1", "admin"])
@pytest.mark.parametrize(("method", "path", "body"), STEERING)
async def test_supervisors_may(edge: Running, login: str, method: str, path: str, body: Any) -> None:
    async with edge.browser() as agent, edge.browser() as browser:
        await talk(edge, agent)
        await browser.sign_in(login)
        status, _ = await browser.call(method, path, json=body)
        assert status in (200, 201, 202, 204)


@pytest.mark.parametrize(("method", "path", "body"), STEERING)
async def test_nobody_steers_without_signing_in(edge: Running, method: str, path: str, body: Any) -> None:
    async with edge.browser() as browser:
        assert (await browser.call(method, path, json=body))[0] == 401


@pytest.mark.parametrize(("method", "path", "body"), SCOPED)
async def test_what_is_out_of_scope_is_refused_and_kept(
    edge: Running, method: str, path: str, body: Any
) -> None:
    await edge.users.change("supervisor1", UserChange(queues=("sales",)))
    async with edge.browser() as agent, edge.browser() as browser:
        await talk(edge, agent)
        await browser.sign_in("supervisor1")
        edge.center.forget()
        status, problem = await browser.call(method, path, json=body)
        assert (status, problem["code"]) == (403, "out_of_scope")
        assert not edge.center.events
        (row,) = await rows(edge)
        assert (row.login, row.granted) == ("supervisor1", False)
        assert "queues" in row.detail["why"]


async def test_why_a_caller_waits_and_where_he_stands(edge: Running) -> None:
    async with edge.browser() as agent, edge.browser() as browser:
        await talk(edge, agent)
        assert (await agent.call("GET", "/api/calls/call-1/why"))[0] == 403
        await browser.sign_in("supervisor1")
        status, why = await browser.call("GET", "/api/calls/call-1/why")
        assert (status, why["passed_over"][0]["seconds"]) == (200, 12)
        assert why["en"].endswith("Not possible now: agent4: wrap-up, 12 s left.")
        assert why["zh"].endswith("目前不可接听：agent4：话后处理，还剩 12 秒。")
        status, _ = await browser.call("PATCH", "/api/calls/call-1", json={"priority": 7.5})
        assert status == 200
        await edge.center.heard(PriorityAsked, call="call-1", minutes=7.5, login="supervisor1")
        assert (await browser.call("PATCH", "/api/calls/call-1", json={"priority": 1e9}))[0] == 422
        assert (await browser.call("GET", "/api/calls/none/why"))[0] == 404


async def test_requests_become_events_with_the_supervisors_own_phone(edge: Running) -> None:
    async with edge.browser() as agent, edge.browser() as browser:
        await talk(edge, agent)
        await browser.sign_in("supervisor1")
        status, me = await browser.call("PUT", "/api/me/phone", json={"endpoint": "120"})
        assert (status, me["phone"], me["agent"]) == (200, "120", None)
        body = {"mode": "whisper"}
        assert await browser.call("POST", "/api/calls/call-1/monitor", json=body) == (202, body)
        await edge.center.heard(
            MonitorAsked, login="supervisor1", name="王主管", call="call-1", mode="whisper", phone="120"
        )
        assert (await browser.call("DELETE", "/api/calls/call-1/monitor"))[0] == 204
        await edge.center.heard(MonitorEndAsked, login="supervisor1", call="call-1")
        state = {"state": "paused", "reason": "training"}
        assert await browser.call("PUT", "/api/agents/agent1/state", json=state) == (200, state)
        await edge.center.heard(StateForced, agent="agent1", state="paused", reason="training")
        status, sent = await browser.call("POST", "/api/agents/agent1/message", json={"text": "  加油  "})
        assert status == 201
        await edge.center.heard(MessageSent, agent="agent1", text="加油", message=sent["id"])


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/calls/nothing/monitor", {"mode": "listen"}, 404),
        ("POST", "/api/calls/call-1/monitor", {"mode": "shout"}, 422),
        ("POST", "/api/calls/call-1/monitor", {}, 422),
        ("PUT", "/api/agents/nobody/state", {"state": "paused"}, 404),
        ("PUT", "/api/agents/supervisor1/state", {"state": "paused"}, 404),
        ("PUT", "/api/agents/agent1/state", {"state": "asleep"}, 422),
        ("POST", "/api/agents/agent1/message", {"text": "   "}, 422),
        ("POST", "/api/agents/agent1/message", {"text": "x" * 501}, 422),
        ("POST", "/api/agents/nobody/message", {"text": "hello"}, 404),
    ],
)
async def test_bad_input_is_named(edge: Running, method: str, path: str, body: Any, status: int) -> None:
    async with edge.browser() as agent, edge.browser() as browser:
        await talk(edge, agent)
        await browser.sign_in("supervisor1")
        assert (await browser.call(method, path, json=body))[0] == status


async def test_the_centers_reason_reaches_the_supervisor(edge: Running) -> None:
    async with edge.browser() as agent, edge.browser() as browser:
        await talk(edge, agent)
        await browser.sign_in("supervisor1")
        edge.center.refusal = Refused(request="", code="illegal_now", message="choose a phone first")
        status, problem = await browser.call("POST", "/api/calls/call-1/monitor", json={"mode": "listen"})
        assert (status, problem["detail"]) == (409, "choose a phone first")


@pytest.mark.parametrize("visible", [True, False])
async def test_the_agent_sees_a_monitor_only_where_the_policy_shows_it(edge: Running, visible: bool) -> None:
    edge.center.visible = visible
    async with edge.browser() as agent, edge.browser() as other, edge.browser() as browser:
        await talk(edge, agent)
        await other.sign_in("agent2")
        await browser.sign_in("supervisor1")
        board, desk = await browser.listen(), await agent.listen()
        await browser.call("POST", "/api/calls/call-1/monitor", json={"mode": "listen"})
        (seen,) = await heard_until(board, "monitors")
        assert (seen["supervisor"], seen["state"], seen["call"]) == ("supervisor1", "listening", "call-1")
        mine = (await agent.get("/api/monitors"))["items"]
        assert [each["supervisor"] for each in mine] == (["supervisor1"] if visible else [])
        assert (await other.get("/api/monitors"))["items"] == []
        await browser.call("DELETE", "/api/calls/call-1/monitor")
        assert await gone_until(board, "monitors") == ["monitor-supervisor1"]
        if visible:
            assert await heard_until(desk, "monitors")
            assert await gone_until(desk, "monitors") == ["monitor-supervisor1"]


async def test_a_supervisor_sees_monitors_in_his_queues(edge: Running) -> None:
    await edge.users.change("supervisor1", UserChange(queues=("sales",)))
    async with edge.browser() as agent, edge.browser() as admin, edge.browser() as browser:
        await talk(edge, agent)
        await admin.sign_in("admin")
        await browser.sign_in("supervisor1")
        for queue, seen in (("support", 0), ("sales", 1)):
            edge.center.calls["call-1"] = replace(edge.center.calls["call-1"], queue=queue)
            edge.center.carry(ShowCall(view=edge.center.calls["call-1"]))
            await admin.call("POST", "/api/calls/call-1/monitor", json={"mode": "listen"})
            assert len((await browser.get("/api/monitors"))["items"]) == seen
            assert len((await admin.get("/api/monitors"))["items"]) == 1


async def test_a_message_comes_again_after_a_reload_until_it_is_put_away(edge: Running) -> None:
    async with edge.browser() as agent, edge.browser() as other, edge.browser() as browser:
        await talk(edge, agent)
        await other.sign_in("agent2")
        await browser.sign_in("supervisor1")
        desk = await agent.listen()
        assert (await desk.receive_json())["messages"] == []
        text = "<b>Mind</b> the time"
        _, sent = await browser.call("POST", "/api/agents/agent1/message", json={"text": text})
        (shown,) = await heard_until(desk, "messages")
        assert (shown["id"], shown["text"], shown["name"]) == (sent["id"], text, "王主管")
        await desk.close()
        again = await agent.listen()
        assert [each["id"] for each in (await again.receive_json())["messages"]] == [sent["id"]]
        for somebody in (other, browser):
            assert (await somebody.get("/api/messages"))["items"] == [], "it is for nobody else's eyes"
        assert (await agent.call("DELETE", f"/api/messages/{sent['id']}"))[0] == 204
        assert await gone_until(again, "messages") == [sent["id"]]
        last = await agent.listen()
        assert (await last.receive_json())["messages"] == []


async def test_a_forced_sign_out_ends_sessions_and_sockets(edge: Running) -> None:
    async with edge.browser() as agent, edge.browser() as browser:
        await talk(edge, agent)
        await browser.sign_in("supervisor1")
        desk = await agent.listen()
        await desk.receive_json()
        assert (await browser.call("DELETE", "/api/agents/agent1/session"))[0] == 204
        await edge.center.heard(SignOutForced, agent="agent1")
        await edge.center.heard(AgentSignedOut, login="agent1")
        while (message := await desk.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert (await agent.call("GET", "/api/me"))[0] == 401


@pytest.mark.parametrize("visible", [True, False])
async def test_the_record_tells_the_agent_no_more_than_the_page_did(edge: Running, visible: bool) -> None:
    edge.server._edge.settings = replace(edge.server._edge.settings, visible_to_agent=visible)
    record = InteractionRecord(
        id="i-1", server="main", leg="l-1", did="4001", caller="1", agent="agent1", outcome="answered",
        arrived_at=1.0, final=True,
    )  # fmt: skip
    kinds = ["arrived", "monitor_began", "monitor_ended"]
    entries = tuple(TimelineEntry(at=1.0, kind=kind, detail={}) for kind in kinds)
    edge.store.carry(SaveInteraction(record=record, entries=entries))
    await edge.store.settled()
    async with edge.browser() as agent, edge.browser() as browser:
        await agent.sign_in("agent1")
        await browser.sign_in("supervisor1")
        told = [step["kind"] for step in (await agent.get("/api/interactions/i-1"))["timeline"]]
        assert told == (kinds if visible else ["arrived"])
        assert [s["kind"] for s in (await browser.get("/api/interactions/i-1"))["timeline"]] == kinds


def told(edge: Running, kind: type[E]) -> list[E]:
    """What the center was told of that kind until now."""
    return [event for event in edge.center.events if isinstance(event, kind)]


async def listens(edge: Running, agent: Browser, browser: Browser) -> None:
    """supervisor1 is at agent1's call."""
    await talk(edge, agent)
    await browser.sign_in("supervisor1")
    assert (await browser.call("POST", "/api/calls/call-1/monitor", json={"mode": "listen"}))[0] == 202


async def test_who_signs_out_everywhere_listens_no_more(edge: Running) -> None:
    async with edge.browser() as agent, edge.browser() as office, edge.browser() as home:
        await listens(edge, agent, office)
        await home.sign_in("supervisor1")
        await office.call("DELETE", "/api/session")
        assert not told(edge, MonitorRightLost), "he is still signed in at home"
        await home.call("DELETE", "/api/session")
        (lost,) = told(edge, MonitorRightLost)
        assert (lost.login, lost.reason) == ("supervisor1", "signed_out")
        assert not told(edge, AgentSignedOut)


@pytest.mark.parametrize(
    "change", [UserChange(disabled=True), UserChange(role="agent"), UserChange(queues=("sales",))]
)
async def test_who_loses_the_right_listens_no_more(edge: Running, change: UserChange) -> None:
    async with edge.browser() as agent, edge.browser() as browser:
        await listens(edge, agent, browser)
        await edge.users.change("supervisor1", change)
        assert (await edge.center.heard(MonitorRightLost)).login == "supervisor1"


async def test_who_keeps_the_right_goes_on_listening(edge: Running) -> None:
    async with edge.browser() as agent, edge.browser() as browser, edge.browser() as other:
        await listens(edge, agent, browser)
        await other.sign_in("admin")
        await other.call("POST", "/api/calls/call-1/monitor", json={"mode": "listen"})
        await edge.users.change("supervisor1", UserChange(queues=("support",)))
        await edge.users.change("agent2", UserChange(role="admin"))  # or nobody could give rights any more
        await edge.users.change("admin", UserChange(disabled=True))
        await edge.center.heard(MonitorRightLost, login="admin")
        assert {each.login for each in told(edge, MonitorRightLost)} == {"admin"}, (
            "all monitors were looked at"
        )


async def test_who_comes_while_rights_are_looked_at_stays(edge: Running, mocker: MockerFixture) -> None:
    async with edge.browser() as agent, edge.browser() as browser:
        await talk(edge, agent)
        await browser.sign_in("supervisor1")
        read, pages = edge.store.read, []

        async def come(work: Any, *args: Any) -> Any:
            found = await read(work, *args)
            if work is readers.now and not pages:
                pages.append(await agent.listen())
                await browser.call("POST", "/api/calls/call-1/monitor", json={"mode": "listen"})
            return found

        mocker.patch.object(edge.store, "read", come)
        await watch.inspect(edge.server._edge)
        (page,) = pages
        await page.send_json({"type": "ping", "at": 1.0})
        async with asyncio.timeout(10):
            while (frame := await page.receive_json())["type"] != "pong":
                assert frame["type"] in ("snapshot", "change")
        assert not told(edge, MonitorRightLost)


@pytest.mark.parametrize(("login", "status"), [("admin", 204), ("supervisor2", 403), ("supervisor1", 204)])
async def test_only_an_administrator_ends_what_another_listens_to(
    edge: Running, login: str, status: int
) -> None:
    async with edge.browser() as agent, edge.browser() as browser, edge.browser() as other:
        await listens(edge, agent, browser)
        await other.sign_in(login)
        path = "/api/calls/call-1/monitor?login=supervisor1"
        assert (await other.call("DELETE", path))[0] == status
        asked = told(edge, MonitorEndAsked)
        assert [(each.login, each.supervisor) for each in asked] == [(login, "supervisor1")] * (status == 204)
        if status == 403:
            (row,) = await rows(edge, login=login)
            assert (row.act, row.granted, row.object) == ("monitor_end_asked", False, "call-1")
