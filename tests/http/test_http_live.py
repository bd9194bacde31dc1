"""The stream of each user: a snapshot, then changes without gaps; resumed; only what the user may see."""

import json

from running import Running

from contactcenter.events import PageLost, PageOpened, PopShown


async def test_snapshot_then_numbered_changes(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        ws = await browser.listen()
        first = json.loads(await ws.receive_str())
        assert first["type"] == "snapshot"
        assert [agent["login"] for agent in first["agents"]] == ["agent1"]
        await edge.center.heard(PageOpened, login="agent1")
        pop = edge.center.ring("agent1")
        change = json.loads(await ws.receive_str())
        assert (change["type"], change["seq"]) == ("change", first["seq"] + 1)
        assert change["calls"][0]["agent"] == "agent1"
        shown = json.loads(await ws.receive_str())
        assert (shown["type"], shown["seq"], shown["offer"]) == ("pop", first["seq"] + 2, pop.offer)
        assert {"call", "customer", "queue", "waited_s", "why"} <= set(shown)
        await ws.send_json({"type": "ack", "seq": shown["seq"]})
        await edge.center.heard(PopShown, login="agent1", offer=pop.offer)
        await ws.close()
        await edge.center.heard(PageLost, login="agent1")
