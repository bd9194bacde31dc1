"""The edge, running: on a free port, over a real store in a temporary folder, before a fake center."""

import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web_app
from fake_center import FakeCenter
from prometheus_client import CollectorRegistry

from contactcenter.config import parse
from contactcenter.configurator import Configurator
from contactcenter.crm import tokens
from contactcenter.crm.archives import Sources
from contactcenter.crm.files import Files
from contactcenter.crm.keeper import Keeper, Wishes
from contactcenter.crm.place import Place, Server
from contactcenter.crm.sessions import Sessions
from contactcenter.crm.store import Store
from contactcenter.crm.users import User, Users
from contactcenter.http.server import HttpServer
from contactcenter.http.settings import Choice, HttpSettings
from contactcenter.recordings.shelf import Shelf
from tests.support.postgresql import cluster

ENGINE = os.environ.get("CONTACTCENTER_TEST_STORE", "sqlite")
"""The engine of tests that run on one only."""
PASSWORD = "correct horse battery"
ROLES = {"agent1": "agent", "agent2": "agent", "supervisor1": "supervisor", "admin": "admin"} | {
    "supervisor2": "supervisor"
}
NAMES = {"agent1": "陈晓", "agent2": "Maria Lind", "supervisor1": "王主管", "admin": "admin"} | {
    "supervisor2": "Sales lead"
}
QUEUES = {"agent1": ("support",), "agent2": ("support",), "supervisor2": ("sales",)}
"""A supervisor without queues may steer all of them."""
SETTINGS = HttpSettings(
    port=0,
    version="0.1.0",
    phones=tuple(str(number) for number in range(101, 121)),
    answerable=frozenset({"101"}),
    dispositions=(
        Choice(code="solved", title={"zh": "已解决", "en": "Solved"}),
        Choice(code="ticket", title={"zh": "已建工单", "en": "Ticket opened"}),
        Choice(code="sold", title={"zh": "成交", "en": "Sold"}),
        Choice(code="call_back", title={"zh": "需回拨", "en": "Call back"}),
        Choice(code="no_interest", title={"zh": "无意向", "en": "Not interested"}),
        Choice(code="wrong_number", title={"zh": "打错", "en": "Wrong number"}),
    ),
    queues=(
        Choice(code="support", title={"zh": "服务支持", "en": "Support"}),
        Choice(code="sales", title={"zh": "销售咨询", "en": "Sales"}),
    ),
    skills=(
        Choice(code="zh", title={"zh": "中文", "en": "Chinese"}),
        Choice(code="en", title={"zh": "英语", "en": "English"}),
        Choice(code="billing", title={"zh": "账单", "en": "Billing"}),
    ),
    pause_reasons=(
        Choice(code="break", title={"zh": "小休", "en": "Break"}),
        Choice(code="meal", title={"zh": "用餐", "en": "Meal"}),
        Choice(code="training", title={"zh": "培训", "en": "Training"}),
        Choice(code="meeting", title={"zh": "会议", "en": "Meeting"}),
    ),
)
CONFIGURATION = parse(
    {
        "ivr": {"fallback_queue": "support"},
        "dids": {"4002": {"queue": "support"}},
        "skills": {choice.code: choice.title for choice in SETTINGS.skills},
        "queues": {choice.code: {"title": choice.title} for choice in SETTINGS.queues},
        "dispositions": {choice.code: choice.title for choice in SETTINGS.dispositions},
        "pauses": {choice.code: choice.title for choice in SETTINGS.pause_reasons},
    },
    Path("test.toml"),
)
READY: dict[str, Any] = {
    "ready": True,
    "asterisk": [{"name": "main", "connected": True, "version": "22.10.1"}],
    "store": {"ok": True},
}


class Clock:
    """Real time that a test can move on."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


@dataclass
class Running:
    """What a test works with."""

    server: HttpServer
    center: FakeCenter
    store: Store
    users: Users
    sessions: Sessions
    configurator: Configurator
    clock: Clock
    ready: dict[str, Any]
    shelf: Shelf
    keeper: Keeper

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    async def token(self, login: str, *scopes: str) -> str:
        """A new API token of that user."""
        secret, _ = await self.store.write(
            tokens.create, login, "test", scopes or tokens.SCOPES, at=self.clock()
        )
        return secret

    def browser(self, **headers: str) -> "Browser":
        """A browser without a session."""
        return Browser(self.url, headers)


class Browser:
    """A client with cookies that knows its CSRF token and its own origin."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.url = url
        self.csrf = ""
        self.http = aiohttp.ClientSession(
            url, cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Origin": url, **headers}
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.close()

    async def sign_in(self, login: str, password: str = PASSWORD) -> Self:
        """Sign in, which must succeed."""
        async with self.http.post("/api/session", json={"login": login, "password": password}) as answer:
            assert answer.status == 200, await answer.text()
            self.csrf = (await answer.json())["csrf"]
        return self

    async def call(self, method: str, path: str, **kwargs: Any) -> tuple[int, Any]:
        """The status and the JSON of the answer, or None for an empty one."""
        headers = {"X-CSRF-Token": self.csrf, **kwargs.pop("headers", {})}
        async with self.http.request(method, path, headers=headers, **kwargs) as answer:
            return answer.status, await answer.json(content_type=None) if await answer.read() else None

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of a reading call, which must succeed."""
        status, found = await self.call("GET", path, params=params)
        assert status == 200, found
        return found

    async def listen(self, since: int | None = None) -> aiohttp.ClientWebSocketResponse:
        """Open the live stream."""
        path = "/ws" if since is None else f"/ws?since={since}"
        return await self.http.ws_connect(path)


_furnished: dict[str, tuple[tempfile.TemporaryDirectory[str], Place]] = {}
"""For each engine, a store with the users: made once, then copied, because hashing takes its time."""


async def _open(place: Place, clock: Clock) -> Store:
    return await Store.open(place, tell=lambda event: None, now=clock, journal_bytes=64 << 10)


async def _furnish(folder: Path, engine: str) -> Place:
    """Put a store with the users into the folder, or beside it on a server."""
    if engine not in _furnished:
        made = tempfile.TemporaryDirectory()
        path = Path(made.name) / "contactcenter.db"
        place: Place = cluster().fresh(path) if engine == "postgresql" else path
        store = await _open(place, Clock())
        users = Users(store, Sessions(store))
        await users.create_many(
            (
                User(
                    login=login, name=NAMES[login], role=role, phone=str(100 + at),
                    queues=QUEUES.get(login, ()),
                ),
                PASSWORD,
            )
            for at, (login, role) in enumerate(ROLES.items(), 1)
        )  # fmt: skip
        await store.close()
        _furnished[engine] = made, place
    made, place = _furnished[engine]
    shutil.copytree(made.name, folder, dirs_exist_ok=True)
    path = folder / "contactcenter.db"
    return cluster().copy(place, path) if isinstance(place, Server) else path


@asynccontextmanager
async def running(
    folder: Path, settings: HttpSettings = SETTINGS, *, engine: str = ENGINE
) -> AsyncIterator[Running]:
    """The edge with its users, until the block ends."""
    clock = Clock()
    center = FakeCenter(clock)
    place = await _furnish(folder, engine)
    store = await _open(place, clock)
    try:
        sessions = Sessions(store)
        users = Users(store, sessions)
        ready = dict(READY)
        shelf = Shelf(
            spool=folder / "spool", folder=folder / "recordings", key=folder / "recordings.key", store=store,
            tell=center.tell, now=clock, days=lambda queue: 0,
        )  # fmt: skip
        configurator = Configurator(
            CONFIGURATION,
            store,
            tell=center.tell,
            changed=lambda settings, version: server.configured(settings, version),
        )
        await configurator.open()
        sources = Sources(
            store=place, key=folder / "contactcenter.key", files=folder / "files",
            recordings=folder / "recordings", recordings_key=folder / "recordings.key",
        )  # fmt: skip
        keeper = Keeper(
            store,
            sources,
            wishes=Wishes(folder=folder / "backups", daily=False),
            zone=lambda: ZoneInfo("UTC"),
        )
        server = HttpServer(
            tell=center.tell,
            now=clock,
            store=store,
            users=users,
            configurator=configurator,
            sessions=sessions,
            settings=replace(settings),
            sounds=shelf.open,
            files=Files(folder / "files", store.sealing),
            keeper=keeper,
            ready=lambda: ready,
            registry=CollectorRegistry(),
        )
        center.carry = server.carry
        await server.start()
        try:
            yield Running(server, center, store, users, sessions, configurator, clock, ready, shelf, keeper)
        finally:
            await server.stop()
            await keeper.stop()
            # aiohttp keeps the handlers of the last 1,024 applications, and with each the whole server: with
            # a gigabyte of them a round of the garbage collector takes seconds, and nobody is answered.
            web_app._cached_build_middleware.cache_clear()
    finally:
        await store.close()
        if isinstance(place, Server):
            cluster().drop(place)
