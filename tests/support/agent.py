"""An agent at a page, as a program: signs in, listens to the feed, acknowledges pops, presses buttons."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp

WITHIN_S = 20.0
"""No claim of any test: what does not come by then will not come."""


class Agent:
    """One signed-in user with an open websocket. `acknowledge` False is a page that shows nothing."""

    def __init__(self, client: aiohttp.ClientSession, login: str, csrf: str) -> None:
        self.login = login
        self.acknowledge = True
        self.pops: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.taken: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        """What the page was told of calls that rang here and were answered elsewhere."""
        self.view: dict[str, Any] = {}
        self.frames: list[str] = []
        """All that the page was told, as it came."""
        self.snapshot: dict[str, Any] = {}
        """The last one."""
        self._client = client
        self._headers = {"X-CSRF-Token": csrf}
        self._changed = asyncio.Event()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._acted = False
        self._pings = self._pongs = 0

    @classmethod
    @asynccontextmanager
    async def signed_in(cls, url: str, login: str, password: str) -> AsyncIterator[Self]:
        """Signs in and listens; at the end the page is closed, the session stays."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(url, cookie_jar=jar) as client:
            response = await client.post("/api/session", json={"login": login, "password": password})
            assert response.status == 200, await response.text()
            agent = cls(client, login, (await response.json())["csrf"])
            async with client.ws_connect("/ws", headers={"Origin": url}) as socket:
                agent._socket = socket
                listening = asyncio.create_task(agent._listen(socket))
                try:
                    yield agent
                finally:
                    listening.cancel()

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            self.frames.append(message.data)
            frame = json.loads(message.data)
            if frame["type"] == "pop":
                if self.acknowledge:
                    await socket.send_json({"type": "ack", "seq": frame["seq"]})
                self.pops.put_nowait(frame)
            elif frame["type"] == "taken":
                self.taken.put_nowait(frame)
            elif frame["type"] == "pong":
                self._pongs += 1
                self._changed.set()
            elif frame["type"] == "snapshot":
                self.snapshot = frame
            for view in frame.get("agents", ()):
                if view["login"] == self.login:
                    self.view = view
                    self._changed.set()

    async def until(self, state: str, reason: str = "") -> dict[str, Any]:
        """The agent's view, once the center says that he is in this state."""
        return await self.until_view(
            lambda view: view.get("state") == state and (not reason or view["reason"] == reason),
            f"{state} {reason}",
        )

    async def until_view(self, fits: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """The agent's view, once it fits; what he asked for last is in it."""
        try:
            async with asyncio.timeout(WITHIN_S):
                if self._acted and fits(self.view):
                    await self._catch_up()
                while not fits(self.view):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"{self.login} is not {what}: {self.view}") from None
        return self.view

    async def _catch_up(self) -> None:
        """Answers to requests and the feed are two streams: wait until all that the feed was told before now
        has come, and with it what the last request changed."""
        self._acted = False
        if self._socket is None or self._socket.closed:
            return
        self._pings += 1
        wanted = self._pings
        await self._socket.send_json({"type": "ping", "at": 0.0})
        while self._pongs < wanted:
            self._changed.clear()
            await self._changed.wait()

    async def pop(self, within: float = WITHIN_S) -> dict[str, Any]:
        """The next record that is shown."""
        async with asyncio.timeout(within):
            return await self.pops.get()

    async def choose_phone(self, phone: str, line: str = "ring") -> None:
        """Take calls on this phone."""
        await self.do("PUT", "/api/me/phone", {"endpoint": phone, "line": line})

    async def go(self, state: str, reason: str = "") -> None:
        """Ask for a state; it is granted when this returns (and a waiting caller may have ended it again).
        A phone that has just registered is waited for: Asterisk tells the server of it in its own time."""
        if state == "available" and self.view.get("phone"):
            await self.until_view(lambda view: bool(view["reachable"]), "reachable")
        await self.do("PUT", "/api/me/state", {"state": state, "reason": reason})

    async def dispose(self, interaction: str, code: str = "solved", note: str = "") -> None:
        """Choose the outcome."""
        await self.do("PUT", f"/api/interactions/{interaction}/disposition", {"code": code, "note": note})

    async def sign_out(self) -> None:
        """End the session."""
        await self.do("DELETE", "/api/session")

    async def do(self, method: str, path: str, body: Any = None, *, status: int = 0) -> Any:
        """A request; any status below 300 unless one is named. Returns the answer's document."""
        async with self._client.request(method, path, json=body, headers=self._headers) as response:
            text = await response.text()
            right = response.status == status if status else response.status < 300
            assert right, f"{method} {path}: {response.status} {text}"
            self._acted = self._acted or method != "GET"
            return json.loads(text) if text else None

    async def send(self, path: str, content: bytes) -> Any:
        """Send a file's content; returns the answer's document."""
        async with self._client.post(path, data=content, headers=self._headers) as response:
            text = await response.text()
            assert response.status < 300, f"POST {path}: {response.status} {text}"
            return json.loads(text)

    async def fetch(self, path: str, **headers: str) -> bytes:
        """What is there, whole or as `headers` ask for."""
        async with self._client.get(path, headers=headers) as response:
            assert response.status < 300, f"{path}: {response.status} {await response.text()}"
            return await response.read()

    async def interaction(self, id_: str, *, final: bool = True) -> dict[str, Any]:
        """The record, once it is final; the last state if it does not become so."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                found: dict[str, Any] = await self.do("GET", f"/api/interactions/{id_}")
                if found["final"] or not final:
                    return found
                await asyncio.sleep(0.02)

    async def last_interaction(self, caller: str, *, final: bool = True, known: str = "id") -> dict[str, Any]:
        """The newest record of a number, once there is one, it is final, and the field `known` is known."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                page = await self.do("GET", "/api/interactions?limit=50")
                mine = [each for each in page["items"] if each["caller"] == caller]
                if mine and (mine[0]["final"] or not final) and mine[0][known] is not None:
                    return await self.interaction(mine[0]["id"], final=final)
                await asyncio.sleep(0.02)

    async def node_of(self, caller: str, before: str) -> str:
        """The script's node at which a live caller is, once it is another than `before`."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                page = await self.do("GET", "/api/calls")
                for call in page["items"]:
                    if call["caller"] == caller and call["node"] not in ("", before):
                        return str(call["node"])
                await asyncio.sleep(0.02)

    async def agent_of(self, caller: str) -> str:
        """Who talks with the caller, once somebody does."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                page = await self.do("GET", "/api/calls?limit=100")
                for call in page["items"]:
                    if call["caller"] == caller and call["state"] == "talking":
                        return str(call["agent"])
                await asyncio.sleep(0.02)

    async def until_told(self, caller: str) -> None:
        """The waiting caller is being told how things stand."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                page = await self.do("GET", "/api/interactions?limit=50")
                mine = [each["id"] for each in page["items"] if each["caller"] == caller]
                record = await self.interaction(mine[0], final=False) if mine else {"timeline": ()}
                if any(entry["kind"] == "told" for entry in record["timeline"]):
                    return
                await asyncio.sleep(0.02)

    async def until_waiting(self, queue: str, callers: int) -> None:
        """So many callers wait in the queue."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                page = await self.do("GET", "/api/queues")
                if any(each["name"] == queue and each["waiting"] == callers for each in page["items"]):
                    return
                await asyncio.sleep(0.02)

    async def until_offerable(self, queue: str, callers: int) -> None:
        """So many callers wait in the queue, and nothing holds one of them back any more."""
        await self.until_waiting(queue, callers)
        async with asyncio.timeout(WITHIN_S):
            while True:
                page = await self.do("GET", "/api/calls")
                waiting = [each["id"] for each in page["items"] if each["queue"] == queue]
                whys = [await self.do("GET", f"/api/calls/{call}/why") for call in waiting]
                if not any(why["held_back"] for why in whys):
                    return
                await asyncio.sleep(0.02)

    async def until_figures(self, id_: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until today's figures are so."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                found = (await self.do("GET", "/api/figures?limit=200"))["items"]
                for view in found:
                    if view["id"] == id_ and fits(view["today"]):
                        return dict(view["today"])
                await asyncio.sleep(0.02)

    async def count_interactions(self, caller: str) -> int:
        """How many records a caller's number has."""
        page = await self.do("GET", "/api/interactions?limit=100")
        return sum(each["caller"] == caller for each in page["items"])

    async def until_free(self, login: str) -> None:
        """That agent's talk is over, as a supervisor sees it by asking."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                page = await self.do("GET", "/api/agents")
                if all(each["state"] != "talking" for each in page["items"] if each["login"] == login):
                    return
                await asyncio.sleep(0.02)

    async def until_monitors(self, states: list[str]) -> None:
        """The supervisors who are at calls are in these states."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                page = await self.do("GET", "/api/monitors")
                if [each["state"] for each in page["items"]] == states:
                    return
                await asyncio.sleep(0.02)

    async def audit_until(self, act: str, **filters: str) -> list[dict[str, Any]]:
        """The rows of the audit log that fit, the oldest first, once this act is the last."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                page = await self.do("GET", f"/api/audit?{urlencode(filters)}")
                rows: list[dict[str, Any]] = page["items"][::-1]
                if rows and rows[-1]["act"] == act:
                    return rows
                await asyncio.sleep(0.02)

    async def until_held(self, held: bool) -> None:
        """The agent's talk is on hold, or no more."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                live = await self.do("GET", "/api/calls")
                if any(each["agent"] == self.login and each["held"] is held for each in live["items"]):
                    return
                await asyncio.sleep(0.02)

    async def until_quiet(self) -> None:
        """No call lives, and no agent is signed in."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                live = [await self.do("GET", f"/api/{noun}") for noun in ("calls", "agents")]
                if not any(page["items"] for page in live):
                    return
                await asyncio.sleep(0.02)

    async def answers(self, call: str) -> None:
        """Press Answer on the page, again and again until the two talk: a phone that does not ring yet can't
        be answered, nor one that has been."""
        async with asyncio.timeout(WITHIN_S):
            while self.view.get("state") != "talking":
                path = f"/api/calls/{call}/answer"
                async with self._client.post(path, json={}, headers=self._headers) as response:
                    assert response.status < 300 or response.status == 409, await response.text()
                await asyncio.sleep(0.1)
