"""The figures of this moment and of every quarter of an hour, and who may see whose."""

from typing import Any

import pytest
from fake_center import agent_view, queue_view
from running import Running

from contactcenter.commands import DropFigures, ShowAgent, ShowFigures, ShowQueue
from contactcenter.crm import intervals
from contactcenter.tallies import Tally, figures
from contactcenter.values import IntervalRow
from contactcenter.views import FiguresView

COUNTS = {
    "offered": 4,
    "answered": 3,
    "in_target": 2,
    "abandoned": 1,
    "abandoned.5": 1,
    "short": 1,
    "waited_ms": 30_000,
}
NAMES = [("queue", "support"), ("queue", "sales"), ("agent", "agent1"), ("agent", "agent2"), ("center", "")]


def view(kind: str, name: str, **counts: int) -> FiguresView:
    counted = figures(Tally(COUNTS | counts))
    return FiguresView(
        id=f"{kind} {name}".strip(), kind=kind, name=name, since=0.0, counted_to=0.0, today=counted,
        recent=None if kind == "agent" else counted,
    )  # fmt: skip


def show(edge: Running) -> None:
    """Two queues with an agent each, and what was counted of all of them."""
    for login, queue in (("agent1", "support"), ("agent2", "sales")):
        edge.center.carry(ShowAgent(view=agent_view(login, queues=(queue,))))
        edge.center.carry(ShowQueue(view=queue_view(queue)))
    for kind, name in NAMES:
        edge.center.carry(ShowFigures(view=view(kind, name)))


async def keep_rows(edge: Running) -> None:
    rows = [
        IntervalRow(start=900 * n, kind=kind, name=name, counts=COUNTS, saved_at=1.0)
        for n in range(3)
        for kind, name in NAMES
    ]
    await edge.store.write(intervals.save, rows)


SEEN = [
    ("agent1", ["agent agent1", "queue support"]),
    ("supervisor1", ["agent agent1", "agent agent2", "center", "queue sales", "queue support"]),
    ("supervisor2", ["agent agent2", "queue sales"]),
    ("admin", ["agent agent1", "agent agent2", "center", "queue sales", "queue support"]),
]


@pytest.mark.parametrize(("login", "ids"), SEEN)
async def test_everybody_sees_the_live_figures_of_what_is_his(
    edge: Running, login: str, ids: list[str]
) -> None:
    show(edge)
    async with edge.browser() as browser:
        await browser.sign_in(login)
        assert [each["id"] for each in (await browser.get("/api/figures"))["items"]] == ids
        snapshot = await (await browser.listen()).receive_json(timeout=5)
        assert [each["id"] for each in snapshot["figures"]] == ids


async def test_figures_say_what_was_counted_and_what_follows(edge: Running) -> None:
    show(edge)
    async with edge.browser() as browser:
        await browser.sign_in("supervisor1")
        (found,) = (await browser.get("/api/figures", queue="support"))["items"]
        assert (
            found["today"] | {"service_level": 0.5, "net_service_level": 0.6667, "asa_s": 10.0}
            == found["today"]
        )
        assert found["recent"] == found["today"]
        for params, ids in (
            ({"kind": "center"}, ["center"]),
            ({"agent": "agent2"}, ["agent agent2"]),
            ({"queue": "nowhere"}, []),
            ({"queue": "support", "agent": "agent1"}, ["agent agent1", "queue support"]),
        ):
            assert [each["id"] for each in (await browser.get("/api/figures", **params))["items"]] == ids
        for wrong in ({"kind": "team"}, {"since": "1"}):
            assert (await browser.call("GET", "/api/figures", params=wrong))[0] == 422


async def test_changed_and_dropped_figures_come_by_the_stream(edge: Running) -> None:
    show(edge)
    async with edge.browser() as browser:
        await browser.sign_in("supervisor1")
        ws = await browser.listen()
        await ws.receive_json(timeout=5)
        edge.center.carry(ShowFigures(view=view("queue", "support", offered=5)))
        edge.center.carry(DropFigures(id="agent agent2"))
        change = await ws.receive_json(timeout=5)
        assert [each["today"]["offered"] for each in change["figures"]] == [5]
        assert change["gone"] == {"figures": ["agent agent2"]}


async def test_an_agent_who_leaves_a_queue_no_longer_sees_its_figures(edge: Running) -> None:
    show(edge)
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        ws = await browser.listen()
        await ws.receive_json(timeout=5)
        edge.center.carry(ShowAgent(view=agent_view("agent1", queues=("sales",))))
        change = await ws.receive_json(timeout=5)
        assert change["gone"] == {"queues": ["support"], "figures": ["queue support"]}
        assert [each["id"] for each in change["figures"]] == ["queue sales"]


@pytest.mark.parametrize(
    ("login", "names"),
    [
        ("agent1", {("agent", "agent1"), ("queue", "support")}),
        ("supervisor1", set(NAMES)),
        ("supervisor2", {("queue", "sales")}),
    ],
)
async def test_everybody_sees_the_intervals_of_what_is_his(
    edge: Running, login: str, names: set[tuple[str, str]]
) -> None:
    show(edge)
    await keep_rows(edge)
    async with edge.browser() as browser:
        await browser.sign_in(login)
        found = await browser.get("/api/intervals", limit="200")
        assert {(each["kind"], each["name"]) for each in found["items"]} == names
        assert len(found["items"]) == 3 * len(names)


async def test_intervals_are_filtered_paged_and_can_be_added_up(edge: Running) -> None:
    await keep_rows(edge)
    async with edge.browser() as browser:
        await browser.sign_in("supervisor1")
        seen: list[Any] = []
        params = {"queue": "support", "from": "900", "to": "2700", "limit": "1"}
        cursor = ""
        while True:
            page = await browser.get("/api/intervals", **params, cursor=cursor)
            seen += page["items"]
            if not (cursor := page["next"]):
                break
        assert [each["start"] for each in seen] == [900, 1800]
        assert seen[0]["counts"] == COUNTS
        assert seen[0]["figures"]["service_level"] == 0.5
        assert sum(each["counts"]["offered"] for each in seen) == 8
        for wrong in ({"from": "soon"}, {"since": "0"}, {"cursor": "nonsense"}, {"kind": "x"}):
            assert (await browser.call("GET", "/api/intervals", params=wrong))[0] == 422


async def test_a_supervisor_with_a_scope_asks_in_vain_for_others(edge: Running) -> None:
    show(edge)
    await keep_rows(edge)
    async with edge.browser() as browser:
        await browser.sign_in("supervisor2")
        for params in ({"queue": "support"}, {"agent": "agent1"}):
            status, problem = await browser.call("GET", "/api/intervals", params=params)
            assert (status, problem["code"]) == (403, "out_of_scope")
        found = await browser.get("/api/intervals", agent="agent2")
        assert {each["name"] for each in found["items"]} == {"agent2"}
        await browser.sign_in("agent1")
        assert (await browser.get("/api/intervals", agent="agent2"))["items"] == []
