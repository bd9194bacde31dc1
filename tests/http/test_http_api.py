"""The REST calls: what they answer, what they ask the center, and how they refuse."""

import asyncio
import json
import re
from typing import Any

import pytest
from fake_center import call_view
from running import Browser, Running

from contactcenter.commands import DropCall, Refused, SaveInteraction, ShowCall
from contactcenter.events import (
    AnswerAsked,
    DispositionSet,
    HangUpAsked,
    MoreTimeAsked,
    PhoneChosen,
    StateAsked,
)
from contactcenter.http import questions
from contactcenter.http.server import EVERYTHING, all_routes
from contactcenter.values import InteractionRecord, TimelineEntry

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "{{7*7}}${7*7}",
    "'; DROP TABLE customers; --",
    "$(touch x)",
    "../../etc/passwd",
    "\u202egnp.exe",
    "\U0001f600" * 20,
]


def record(id_: str, **fields: Any) -> InteractionRecord:
    """An interaction that ended well, but for `fields`."""
    base: dict[str, Any] = {
        "id": id_, "server": "main", "leg": "l-" + id_, "did": "4001", "caller": "13800138000",
        "agent": "agent1", "queue": "support", "outcome": "answered", "arrived_at": 1000.0, "final": True,
    }  # fmt: skip
    return InteractionRecord(**base | fields)


async def keep(edge: Running, *records: InteractionRecord) -> None:
    """Have the store write interactions."""
    for each in records:
        entries = (TimelineEntry(at=each.arrived_at, kind="arrived", detail={"did": each.did}),)
        edge.store.carry(SaveInteraction(record=each, entries=entries))
    await edge.store.settled()


async def test_health_readiness_and_metrics(edge: Running) -> None:
    async with edge.browser() as anyone:
        assert (await anyone.call("GET", "/healthz"))[0] == 200
        assert (await anyone.call("GET", "/readyz"))[0] == 200
        edge.ready["ready"] = False
        status, found = await anyone.call("GET", "/readyz")
        assert status == 503
        assert found["asterisk"][0] == {"name": "main", "connected": True, "version": "22.10.1"}
        async with anyone.http.get("/metrics") as answer:
            text = await answer.text()
        assert 'contactcenter_http_requests_total{method="GET",route="/readyz",status="503"} 1.0' in text


async def test_requests_become_events_and_wait_for_the_answer(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        status, me = await browser.call(
            "PUT", "/api/me/phone", json={"endpoint": "105", "line": "persistent"}
        )
        assert (status, me["agent"]["phone"], me["answerable"]) == (200, "105", False)
        await edge.center.heard(PhoneChosen, login="agent1", phone="105", line="persistent")
        status, me = await browser.call("PUT", "/api/me/state", json={"state": "paused", "reason": "meal"})
        assert (status, me["agent"]["state"], me["agent"]["reason"]) == (200, "paused", "meal")
        await edge.center.heard(StateAsked, state="paused", reason="meal")
        pop = edge.center.ring("agent1")
        assert (await browser.call("POST", f"/api/calls/{pop.call}/answer"))[0] == 204
        await edge.center.heard(AnswerAsked, call=pop.call)
        assert (await browser.call("POST", f"/api/calls/{pop.call}/hangup"))[0] == 204
        await edge.center.heard(HangUpAsked, call=pop.call)
        assert (await browser.call("POST", "/api/me/more-time"))[0] == 204
        await edge.center.heard(MoreTimeAsked, login="agent1")
        body = {"code": "solved", "note": "好", "callback": "+8613800138000"}
        path = f"/api/interactions/{pop.interaction}/disposition"
        assert await browser.call("PUT", path, json=body) == (200, body)
        await edge.center.heard(DispositionSet, interaction=pop.interaction, code="solved", note="好")
        again = await browser.sign_in("agent1")
        assert (await again.get("/api/me"))["agent"]["phone"] == "105", "remembered"


@pytest.mark.parametrize(
    ("code", "field", "status"),
    [("unknown", "", 404), ("illegal_now", "", 409), ("invalid", "state", 422), ("not_yours", "", 403)],
)
async def test_the_centers_refusal_becomes_a_problem_document(
    edge: Running, code: str, field: str, status: int
) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        edge.center.refusal = Refused(request="", code=code, message="Not now.", field=field)
        async with browser.http.put(
            "/api/me/state", json={"state": "available"}, headers={"X-CSRF-Token": browser.csrf}
        ) as answer:
            assert answer.content_type == "application/problem+json"
            problem = await answer.json()
        assert problem == {
            "type": "about:blank", "title": problem["title"], "status": status, "code": code,
            "detail": "Not now.", "field": field, "errors": [],
        }  # fmt: skip


async def test_a_center_that_does_not_answer_is_a_503(edge: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "PATIENCE_S", 0.05)
    edge.center.silent = True
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        assert (await browser.call("POST", "/api/me/more-time"))[0] == 503
        assert edge.server._edge.questions._waiting == {}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("PUT", "/api/me/state", {"state": "dancing"}, 422, "state"),
        ("PUT", "/api/me/state", {"state": "available", "more": 1}, 422, "more"),
        ("PUT", "/api/me/phone", {"endpoint": "101;rm"}, 422, "endpoint"),
        ("PUT", "/api/me/phone", {"endpoint": "999"}, 422, "endpoint"),
        ("PUT", "/api/interactions/i1/disposition", {"code": "nonsense"}, 422, "code"),
        (
            "PUT",
            "/api/interactions/i1/disposition",
            {"code": "solved", "callback": "call me"},
            422,
            "callback",
        ),
        ("GET", "/api/customers?sort=password", None, 422, "sort"),
        ("GET", "/api/customers?limit=0", None, 422, "limit"),
        ("GET", "/api/customers?limit=9999", None, 422, "limit"),
        ("GET", "/api/customers?cursor=!!", None, 422, "cursor"),
        ("GET", "/api/customers?phone=abc", None, 422, "phone"),
        ("GET", "/api/interactions?order=1", None, 422, "order"),
        ("GET", "/api/interactions?since=nan", None, 422, "since"),
        ("POST", "/api/customers", {"name": " "}, 422, "name"),
        ("POST", "/api/customers", {"name": "A", "phones": ["12"]}, 422, "phones"),
        ("POST", "/api/customers", {"name": "A", "balance": "lots"}, 422, "balance"),
        ("GET", "/api/customers/none", None, 404, ""),
        ("GET", "/api/interactions/none", None, 404, ""),
        ("POST", "/api/calls/none/hangup", None, 404, ""),
        ("GET", "/api/nothing", None, 404, ""),
        ("DELETE", "/api/me", None, 405, ""),
    ],
)
async def test_every_refusal_is_a_problem_document_that_names_the_field(
    edge: Running, method: str, path: str, body: Any, status: int, field: str
) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        heard = len(edge.center.events)
        found, problem = await browser.call(method, path, **({"json": body} if body is not None else {}))
        assert (found, problem["status"], problem["field"]) == (status, status, field), problem
        assert len(edge.center.events) == heard


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 30_000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b'{"name": "' + b"x" * 70_000 + b'"}', "application/json", 413),
    ],
)
async def test_bodies_that_are_none(edge: Running, data: bytes, content_type: str, status: int) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        headers = {"Content-Type": content_type}
        assert (await browser.call("POST", "/api/customers", data=data, headers=headers))[0] == status


async def test_live_calls_have_the_contracts_fields(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        edge.center.ring("agent1", waited_s=17)
        (call,) = (await browser.get("/api/calls"))["items"]
        assert {
            "id", "interaction", "direction", "state", "queue", "agent", "customer", "caller", "waited_s",
            "talked_s",
        } <= set(call)  # fmt: skip
        assert 17 <= call["waited_s"] < 20
        edge.center.carry(ShowCall(view=call_view("call-9", offered=("agent1",), priority=2.5)))
        assert [each["priority"] for each in (await browser.get("/api/calls"))["items"]] == [0, 2.5]
        edge.center.carry(DropCall(call="call-9"))
        edge.center.join("agent1")
        edge.clock.ahead_s += 60
        (call,) = (await browser.get("/api/calls", state="talking"))["items"]
        assert call["waited_s"] == 0, "the wait ended with the answer"
        assert 60 <= call["talked_s"] < 63
        assert (await browser.get("/api/calls", state="waiting"))["items"] == []


async def test_another_agents_call_looks_like_none(edge: Running) -> None:
    async with edge.browser() as mine, edge.browser() as other:
        await mine.sign_in("agent1")
        await other.sign_in("agent2")
        pop = edge.center.ring("agent2")
        real = await mine.call("POST", f"/api/calls/{pop.call}/hangup")
        none = await mine.call("POST", "/api/calls/none/hangup")
        assert real == none
        assert not [e for e in edge.center.events if isinstance(e, HangUpAsked)]


async def test_interactions_page_filter_and_stay_within_the_scope(edge: Running) -> None:
    await keep(
        edge,
        *(record(f"i{n}", arrived_at=1000.0 + n) for n in range(5)),
        record("other", agent="agent2", arrived_at=2000.0),
    )
    async with edge.browser() as mine, edge.browser() as boss:
        await mine.sign_in("agent1")
        await boss.sign_in("supervisor1")
        first = await mine.get("/api/interactions", limit=3)
        second = await mine.get("/api/interactions", limit=3, cursor=first["next"])
        assert [each["id"] for each in first["items"] + second["items"]] == ["i4", "i3", "i2", "i1", "i0"]
        assert second["next"] == ""
        assert (await mine.get("/api/interactions", agent="agent2"))["items"] == []
        assert (await mine.call("GET", "/api/interactions/other"))[0] == 404
        assert [e["id"] for e in (await boss.get("/api/interactions", agent="agent2"))["items"]] == ["other"]
        found = await boss.get("/api/interactions/other")
        assert [step["kind"] for step in found["timeline"]] == ["arrived"]
        assert (found["decisions"], found["recordings"], found["disposition"]) == ([], [], None)


async def test_who_passed_the_caller_on_still_reads_what_he_wraps_up(edge: Running) -> None:
    """The same while the call goes on, and when the record is final."""
    await keep(edge, record("i1", agent="agent1", final=False, arrived_at=1000.0))
    for final in (False, True):
        await keep(edge, record("i1", agent="agent2", final=final, arrived_at=1000.0))
        for login in ("agent1", "agent2"):
            async with edge.browser() as browser:
                await browser.sign_in(login)
                assert (await browser.get("/api/interactions/i1"))["agent"] == "agent2"
                assert [each["id"] for each in (await browser.get("/api/interactions"))["items"]] == ["i1"]
                assert (await browser.get("/api/recordings", interaction="i1"))["items"] == []


async def test_customers_are_opened_found_and_changed(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        body = {"name": "张伟", "phones": ["13800138000"], "company": "云", "balance": "12.50"}
        status, made = await browser.call("POST", "/api/customers", json=body)
        assert (status, made["phones"], made["balance"]) == (201, ["+8613800138000"], "12.50")
        assert await browser.get(f"/api/customers/{made['id']}") == made
        assert (await browser.get("/api/customers", phone="138 0013 8000"))["items"][0]["id"] == made["id"]
        status, changed = await browser.call(
            "PATCH", f"/api/customers/{made['id']}", json={"note": "VIP", "phones": []}
        )
        assert (status, changed["note"], changed["phones"], changed["name"]) == (200, "VIP", [], "张伟")
        status, problem = await browser.call(
            "POST", "/api/customers", json={"name": "B", "number": made["number"]}
        )
        assert (status, problem["code"], problem["field"]) == (409, "taken", "number")


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_goes_in_and_out_as_text(edge: Running, text: str) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        status, made = await browser.call("POST", "/api/customers", json={"name": text, "note": text})
        assert (status, made["name"], made["note"]) == (201, text.strip(), text.strip())
        assert (await browser.get("/api/customers", name=text.strip()))["items"][0]["id"] == made["id"]
        edge.center.ring("agent1", caller=text, caller_name=text)
        ws = await browser.listen()
        assert json.loads(await ws.receive_str())["pops"][0]["caller_name"] == text


async def _every_answer(edge: Running, browser: Browser) -> list[tuple[str, Any]]:
    answers = []
    for route in all_routes(EVERYTHING):
        path = re.sub(r"{\w+}", "x1", route.path)
        async with browser.http.request(route.method, path, allow_redirects=False) as answer:
            answers.append((f"{route.method} {path} {answer.status}", answer.headers.copy()))
    return answers


async def test_every_answer_carries_the_headers_that_defend_the_user(edge: Running) -> None:
    async with edge.browser() as nobody, edge.browser() as agent:
        await agent.sign_in("agent1")
        for name, headers in await _every_answer(edge, nobody) + await _every_answer(edge, agent):
            policy = headers["Content-Security-Policy"]
            for part in (
                "default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'",
                f"connect-src 'self' ws://127.0.0.1:{edge.server.port}",
            ):  # fmt: skip
                assert part in policy, name
            assert "unsafe" not in policy, name
            assert headers["X-Content-Type-Options"] == "nosniff", name
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin", name
            assert "aiohttp" not in headers["Server"], name
            assert "Access-Control-Allow-Origin" not in headers, name


async def test_no_get_changes_anything(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("supervisor1")
        before = len(edge.center.events)
        for route in all_routes(EVERYTHING):
            if route.method == "GET":
                await browser.http.get(re.sub(r"{\w+}", "x1", route.path))
        assert len(edge.center.events) == before


async def test_static_files_are_those_of_the_build_only(edge: Running) -> None:
    async with edge.browser() as anyone:
        for name in ("manifest.json", "..%2f..%2fpackage.json", ".sources", "app.js"):
            async with anyone.http.get(f"/static/{name}") as answer:
                assert answer.status == 404


async def test_many_questions_at_once_get_their_own_answers(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        wishes = [{"state": "paused", "reason": str(n)} for n in range(60)]
        statuses = await asyncio.gather(*(browser.call("PUT", "/api/me/state", json=wish) for wish in wishes))
        assert {status for status, _ in statuses} == {200}
        asked = [e for e in edge.center.events if isinstance(e, StateAsked)]
        assert len({event.request for event in asked}) == 60
