"""The stream of each user: a snapshot, then changes without gaps; resumed; only what the user may see."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fake_center import agent_view, call_view, campaign_view, queue_view
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from running import Running

from contactcenter.commands import (
    DropAgent,
    DropCall,
    DropCampaign,
    ShowAgent,
    ShowCall,
    ShowCampaign,
    ShowQueue,
)
from contactcenter.crm.access import Kind, Reader, Right, Scope
from contactcenter.events import PageLost, PageOpened, PopShown
from contactcenter.http.live import QUEUE_PACE_S, RING, LiveModel, Stream

AGENTS = {login: Reader(login=login, rights=frozenset({Right.CALLS_TAKE})) for login in "ab"}
BOSS = Reader(login="boss", rights=frozenset({Right.FLOOR_WATCH}), scopes={Kind.INTERACTION: Scope.TEAM})
KEYS = {"agents": "login", "queues": "name", "calls": "id", "campaigns": "id"}


async def test_a_page_sees_the_snapshot_then_numbered_changes_then_the_pop(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        ws = await browser.listen()
        first = await ws.receive_json()
        assert first["type"] == "snapshot"
        assert [agent["login"] for agent in first["agents"]] == ["agent1"]
        await edge.center.heard(PageOpened, login="agent1")
        pop = edge.center.ring("agent1")
        change = await ws.receive_json()
        assert (change["type"], change["seq"]) == ("change", first["seq"] + 1)
        assert change["calls"][0]["agent"] == "agent1"
        shown = await ws.receive_json()
        assert (shown["type"], shown["seq"], shown["offer"]) == ("pop", first["seq"] + 2, pop.offer)
        assert {"call", "customer", "queue", "waited_s", "why"} <= set(shown)
        await ws.send_json({"type": "ack", "seq": shown["seq"]})
        await edge.center.heard(PopShown, login="agent1", offer=pop.offer)
        await ws.close()
        await edge.center.heard(PageLost, login="agent1")


async def test_a_page_that_comes_back_gets_what_it_missed(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        ws = await browser.listen()
        seq = (await ws.receive_json())["seq"]
        await ws.close()
        await edge.center.heard(PageLost, login="agent1")
        edge.center.ring("agent1")
        back = await browser.listen(since=seq)
        frames = [await back.receive_json(), await back.receive_json()]
        assert [frame["type"] for frame in frames] == ["change", "pop"]
        assert [frame["seq"] for frame in frames] == [seq + 1, seq + 2]


async def test_a_page_from_another_life_gets_a_snapshot_with_the_open_pop(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        pop = edge.center.ring("agent1")
        for since in (0, 1, 2**53 - 1):
            ws = await browser.listen(since=since)
            first = await ws.receive_json()
            assert first["type"] == "snapshot"
            assert [each["offer"] for each in first["pops"]] == [pop.offer]
            await ws.close()


async def test_an_agent_sees_nothing_of_others(edge: Running) -> None:
    async with edge.browser() as mine, edge.browser() as boss:
        await mine.sign_in("agent1")
        await boss.sign_in("supervisor1")
        async with edge.browser() as other:
            await other.sign_in("agent2")
        edge.center.show_queues(support=1, sales=1)
        edge.center.ring("agent2", caller="13911112222")
        seen, all_ = await (await mine.listen()).receive_json(), await (await boss.listen()).receive_json()
        assert [agent["login"] for agent in seen["agents"]] == ["agent1"]
        assert [queue["name"] for queue in seen["queues"]] == ["support"]
        assert seen["calls"] == seen["pops"] == []
        assert [agent["login"] for agent in all_["agents"]] == ["agent1", "agent2"]
        assert len(all_["queues"]) == 2
        assert len(all_["calls"]) == 1
        for path, noun in (("/api/agents", "agents"), ("/api/calls", "calls"), ("/api/queues", "queues")):
            items = (await mine.get(path))["items"]
            assert [item[KEYS[noun]] for item in items] == [item[KEYS[noun]] for item in seen[noun]]


class Page:
    """A page as the protocol wants it: keeps views by frames alone, and insists on the numbers."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.fresh = False
        self.seq: int | None = None
        self.seen: dict[str, dict[str, Any]] = {noun: {} for noun in KEYS}

    def push(self, frame: bytes) -> None:
        if not self.fresh:
            self.frames.append(frame)

    def start_over(self) -> None:
        self.frames.clear()
        self.fresh = True

    def read(self, stream: Stream) -> None:
        """Take everything that waits, as the socket's writer would send it."""
        if self.fresh:
            frame = stream.snapshot()
            self.fresh = False
            self._take(frame)
        while self.frames:
            self._take(self.frames.pop(0))

    def _take(self, raw: bytes) -> None:
        frame = json.loads(raw)
        if frame["type"] == "snapshot":
            self.seen = {noun: {view[key]: view for view in frame[noun]} for noun, key in KEYS.items()}
        else:
            assert frame["seq"] == self.seq + 1, "a gap"
            for noun, key in KEYS.items():
                self.seen[noun] |= {view[key]: view for view in frame.get(noun, ())}
                for gone in frame.get("gone", {}).get(noun, ()):
                    del self.seen[noun][gone]
        self.seq = frame["seq"]


class Streams(RuleBasedStateMachine):
    """Any order of changes, flushes, losses, returns and slowness: a page that has read all sees what is."""

    LOGINS = ("a", "b")
    QUEUES = ("q", "r")

    def __init__(self) -> None:
        super().__init__()
        self.due: list[Callable[[], None]] = []
        self.model = LiveModel(
            lambda: 1e9, lambda delay, call: self.due.append(call) if delay <= QUEUE_PACE_S else None
        )
        self.readers = {
            "a": AGENTS["a"],
            "b": AGENTS["b"],
            "boss": BOSS,
        }
        self.pages: dict[str, Page] = {}

    def teardown(self) -> None:
        for call in self.due:
            call()

    @rule(login=st.sampled_from(LOGINS), queues=st.sets(st.sampled_from(QUEUES)), taken=st.integers(0, 3))
    def show_agent(self, login: str, queues: set[str], taken: int) -> None:
        self.model.carry(ShowAgent(view=agent_view(login, queues=tuple(sorted(queues)), taken=taken)))

    @rule(login=st.sampled_from(LOGINS))
    def drop_agent(self, login: str) -> None:
        self.model.carry(DropAgent(login=login))

    @rule(name=st.sampled_from(QUEUES), waiting=st.integers(0, 3))
    def show_queue(self, name: str, waiting: int) -> None:
        self.model.carry(ShowQueue(view=queue_view(name, waiting=waiting)))

    @rule(campaign=st.sampled_from("xy"), queue=st.sampled_from(QUEUES), ringing=st.integers(0, 3))
    def show_campaign(self, campaign: str, queue: str, ringing: int) -> None:
        self.model.carry(ShowCampaign(view=campaign_view(campaign, queue, ringing=ringing)))

    @rule(campaign=st.sampled_from("xy"))
    def drop_campaign(self, campaign: str) -> None:
        self.model.carry(DropCampaign(campaign=campaign))

    @rule(call=st.sampled_from("123"), agent=st.sampled_from(("", *LOGINS)))
    def show_call(self, call: str, agent: str) -> None:
        self.model.carry(ShowCall(view=call_view(call, agent=agent)))

    @rule(call=st.sampled_from("123"))
    def drop_call(self, call: str) -> None:
        self.model.carry(DropCall(call=call))

    @rule()
    def flush(self) -> None:
        due, self.due = self.due, []
        for call in due:
            call()

    @rule(who=st.sampled_from(("a", "b", "boss")))
    def open_page(self, who: str) -> None:
        page, stream = self.pages.setdefault(who, Page()), self.model.stream(self.readers[who])
        if page not in stream.outboxes:
            stream.subscribe(page, page.seq)

    @rule(who=st.sampled_from(("a", "b", "boss")))
    def lose_page(self, who: str) -> None:
        if who in self.pages:
            page = self.pages[who]
            self.model.stream(self.readers[who]).unsubscribe(page)
            page.frames.clear()
            page.fresh = False

    @rule(who=st.sampled_from(("a", "b", "boss")))
    def overflow(self, who: str) -> None:
        if who in self.pages and self.pages[who] in self.model.stream(self.readers[who]).outboxes:
            self.pages[who].start_over()

    @rule(who=st.sampled_from(("a", "b", "boss")))
    def read(self, who: str) -> None:
        if who in self.pages:
            self.pages[who].read(self.model.stream(self.readers[who]))

    @invariant()
    def who_has_read_all_sees_what_is(self) -> None:
        for who, page in self.pages.items():
            stream = self.model.stream(self.readers[who])
            if (
                page not in stream.outboxes
                or page.frames
                or page.fresh
                or stream._dirty
                or self.model._queues_due
            ):
                continue
            for noun, key in KEYS.items():
                truth = self.model.seen(self.readers[who], noun)  # type: ignore[arg-type]
                assert set(page.seen[noun]) == {getattr(view, key) for view in truth}
                for view in truth:
                    shown = page.seen[noun][getattr(view, key)]
                    compared = {"agents": "taken", "queues": "waiting", "calls": "agent"}[noun]
                    assert shown[compared] == getattr(view, compared)


TestStreams = Streams.TestCase
TestStreams.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_the_ring_is_bounded_and_says_when_it_does_not_reach_back() -> None:
    model = LiveModel(lambda: 1e9, lambda delay, call: call() if delay < 1 else None)
    stream = model.stream(BOSS)
    start = stream.seq
    for n in range(RING + 10):
        model.carry(ShowQueue(view=queue_view("q", waiting=n)))
    assert stream.seq == start + RING + 10
    page = Page()
    stream.subscribe(page, start + 9)
    assert page.fresh, "one frame too old"
    page = Page()
    stream.subscribe(page, start + 10)
    assert len(page.frames) == RING


def test_changes_of_one_turn_become_one_frame() -> None:
    due: list[Callable[[], None]] = []
    model = LiveModel(lambda: 1e9, lambda delay, call: due.append(call))
    stream = model.stream(AGENTS["a"])
    page = Page()
    stream.subscribe(page, stream.seq)
    view = agent_view("a")
    for n in range(100):
        model.carry(ShowAgent(view=replace(view, taken=n)))
    assert (len(due), page.frames) == (1, [])
    due[0]()
    (frame,) = map(json.loads, page.frames)
    assert [agent["taken"] for agent in frame["agents"]] == [99]
