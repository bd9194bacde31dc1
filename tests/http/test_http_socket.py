"""The websocket's door: who may listen, what may be said, and when it is shut."""

import asyncio
import json
import time
from dataclasses import asdict
from typing import Any

import aiohttp
import pytest
from running import Running

from contactcenter.commands import ShowAgent
from contactcenter.crm.users import UserChange
from contactcenter.events import PageLost, PageOpened, PopShown
from contactcenter.http import socket
from contactcenter.http import sockets as open_sockets

ORIGINS = [
    ("own", 101),
    ("localhost", 101),
    ("none", 403),
    ("null", 403),
    ("https://evil.example", 403),
    ("suffix", 403),
    ("sub", 403),
    ("other port", 403),
    ("https", 403),
]


def _origin(name: str, edge: Running) -> str | None:
    port = edge.server.port
    return {
        "own": f"http://127.0.0.1:{port}",
        "localhost": f"http://localhost:{port}",
        "none": None,
        "suffix": f"http://127.0.0.1:{port}.evil.example",
        "sub": f"http://evil.127.0.0.1:{port}",
        "other port": f"http://127.0.0.1:{port + 1}",
        "https": f"https://127.0.0.1:{port}",
    }.get(name, name)


@pytest.mark.parametrize(("name", "expected"), ORIGINS)
async def test_only_our_own_pages_listen(edge: Running, name: str, expected: int) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        cookies = {c.key: c.value for c in browser.http.cookie_jar}
        origin = _origin(name, edge)
        headers = {"Origin": origin} if origin else {}
        async with aiohttp.ClientSession(cookies=cookies, headers=headers) as http:
            try:
                async with http.ws_connect(edge.url + "/ws"):
                    status = 101
            except aiohttp.WSServerHandshakeError as refusal:
                status = refusal.status
    assert status == expected


async def test_without_a_session_there_is_no_stream(edge: Running) -> None:
    async with edge.browser() as nobody:
        for headers in ({}, {"Cookie": "contactcenter=forged"}, {"Authorization": "Bearer cc_forged"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await nobody.http.ws_connect("/ws", headers=headers)
            assert refusal.value.status == 403


async def test_a_program_listens_by_its_token_and_is_no_page(edge: Running) -> None:
    token = await edge.token("agent1", "read")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:
        ws = await http.ws_connect(edge.url + "/ws")
        assert (await ws.receive_json())["type"] == "snapshot"
        await ws.close()
    assert not [e for e in edge.center.events if isinstance(e, PageOpened)]


async def test_the_first_page_opens_and_the_last_is_lost(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        first, second = await browser.listen(), await browser.listen()
        await first.receive_json()
        await second.receive_json()
        await first.close()
        await second.send_json({"type": "ping", "at": 1})
        await second.receive_json()
        assert not [e for e in edge.center.events if isinstance(e, PageLost)]
        await second.close()
        await edge.center.heard(PageLost, login="agent1")
        assert len([e for e in edge.center.events if isinstance(e, PageOpened)]) == 1


async def test_a_supervisor_is_no_page_of_an_agent(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("supervisor1")
        ws = await browser.listen()
        await ws.receive_json()
        await ws.close()
    assert not [e for e in edge.center.events if isinstance(e, PageOpened)]


@pytest.mark.parametrize(
    "message",
    [
        "",
        "no json",
        "[]",
        '{"type": "ack"}',
        '{"type": "ack", "seq": "1"}',
        '{"type": "hangup"}',
        '"\\ud800"',
    ],
)
async def test_what_is_no_message_of_ours_ends_the_socket(edge: Running, message: str) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        ws = await browser.listen()
        await ws.receive_json()
        await ws.send_str(message)
        assert (await ws.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert ws.close_code == 1008


@pytest.mark.parametrize(("size", "code"), [(60_000, 1008), (70_000, 1009)])
async def test_long_messages_end_the_socket(edge: Running, size: int, code: int) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        ws = await browser.listen()
        await ws.receive_json()
        await ws.send_str("x" * size)
        await ws.receive()
        assert ws.close_code == code


async def test_too_many_messages_end_the_socket(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        ws = await browser.listen()
        for _ in range(open_sockets.BURST + 5):
            await ws.send_json({"type": "ping", "at": 0})
        async for _ in ws:
            pass
        assert ws.close_code == 1008


async def test_one_user_has_a_bounded_number_of_sockets(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        sockets = [await browser.listen() for _ in range(socket.PER_USER)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await browser.listen()
        assert refusal.value.status == 429
        for each in sockets:
            await each.close()


async def test_nobody_acknowledges_what_is_not_his(edge: Running) -> None:
    async with edge.browser() as mine, edge.browser() as other:
        await mine.sign_in("agent1")
        await other.sign_in("agent2")
        my_ws, other_ws = await mine.listen(), await other.listen()
        await my_ws.receive_json()
        await other_ws.receive_json()
        edge.center.ring("agent1")
        frame: dict[str, Any] = {}
        while frame.get("type") != "pop":
            frame = await my_ws.receive_json()
        for wrong in (frame["seq"] - 1, frame["seq"] + 1, 0):
            await my_ws.send_json({"type": "ack", "seq": wrong})
        await other_ws.send_json({"type": "ack", "seq": frame["seq"]})
        for ws in (my_ws, other_ws):
            await ws.send_json({"type": "ping", "at": 5})
            while (await ws.receive_json())["type"] != "pong":
                pass
        assert not [e for e in edge.center.events if isinstance(e, PopShown)]


async def _closed_within(ws: aiohttp.ClientWebSocketResponse, seconds: float) -> float:
    started = time.monotonic()
    async with asyncio.timeout(seconds):
        async for _ in ws:
            pass
    return time.monotonic() - started


async def test_sockets_close_when_the_user_leaves_or_is_thrown_out(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        ws = await browser.listen()
        await ws.receive_json()
        await browser.call("DELETE", "/api/session")
        assert await _closed_within(ws, 2) < 0.5
    async with edge.browser() as browser:
        await browser.sign_in("agent2")
        ws = await browser.listen()
        await ws.receive_json()
        await edge.users.change("agent2", UserChange(disabled=True))
        await _closed_within(ws, 2)
    async with edge.browser() as browser:
        await browser.sign_in("supervisor1")
        ws = await browser.listen()
        await ws.receive_json()
        await edge.users.change("supervisor1", UserChange(role="agent"))
        await _closed_within(ws, 2)


async def test_a_client_that_takes_nothing_is_closed_and_holds_up_nobody(
    edge: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_sockets, "SLOW_S", 0.3)
    async with edge.browser() as slow, edge.browser() as quick:
        await slow.sign_in("agent1")
        await quick.sign_in("supervisor1")
        stuck, well = await slow.listen(), await quick.listen()
        await well.receive_json()
        stuck._response.connection.transport.pause_reading()  # type: ignore[union-attr]
        view = edge.center.agents["agent1"]
        async with asyncio.timeout(20):
            while edge.server._edge.metrics.slow._value.get() == 0:
                for n in range(200):
                    edge.center.carry(
                        ShowAgent(view=type(view)(**{**_fields(view), "reason": "x" * 3000, "taken": n}))
                    )
                    await asyncio.sleep(0)
        await well.send_json({"type": "ping", "at": 7})
        async with asyncio.timeout(2):
            while (await well.receive_json())["type"] != "pong":
                pass
        assert edge.server._edge.metrics.collapsed._value.get() > 0
        await edge.center.heard(PageLost, login="agent1")


def _fields(view: Any) -> dict[str, Any]:
    return asdict(view)


async def test_an_answer_tells_which_frame_shows_what_it_brought_about(edge: Running) -> None:
    async with edge.browser() as agent, edge.browser() as supervisor:
        await agent.sign_in("agent1")
        await supervisor.sign_in("supervisor1")
        headers = {"X-CSRF-Token": supervisor.csrf}
        wish = {"state": "paused", "reason": "meal"}
        async with supervisor.http.put("/api/agents/agent1/state", json=wish, headers=headers) as answer:
            assert "Live-Seq" not in answer.headers, "there is nobody who listens"
        async with await supervisor.listen() as stream:
            seq = (await stream.receive_json())["seq"]
            wish = {"state": "available", "reason": ""}
            async with supervisor.http.put("/api/agents/agent1/state", json=wish, headers=headers) as answer:
                told = int(answer.headers["Live-Seq"])
            assert told == seq + 1
            change = await stream.receive_json()
            assert (change["seq"], change["agents"][0]["state"]) == (told, "available")


def test_ack_is_what_the_contract_says() -> None:
    assert open_sockets._heard.decode(json.dumps({"type": "ack", "seq": 3})) == open_sockets.Ack(seq=3)
