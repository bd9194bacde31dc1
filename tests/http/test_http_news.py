"""News on the live stream: who sees a record is told that it changed; nobody else learns anything."""

import aiohttp
import pytest
from fake_center import call_view
from running import Browser, Running
from test_http_api import keep, record
from test_http_roles import frame, role, team
from test_http_service import made

from contactcenter.commands import CorrectDisposition, DropCall, ScreenPop, ShowCall
from contactcenter.crm import assignments, cards, customers, records
from contactcenter.crm.access import CENTER
from contactcenter.crm.customers import NewCustomer
from contactcenter.http import news
from contactcenter.values import MatchMethod

Hints = list[tuple[str, str]]


async def hints(ws: aiohttp.ClientWebSocketResponse) -> Hints:
    """Kind and id of what the next frame with news tells of."""
    while True:
        found = await frame(ws, "change", within_s=30)
        if "news" in found:
            return [(each["kind"], each["id"]) for each in found["news"]]


async def listening(admin: Browser, browser: Browser, login: str) -> aiohttp.ClientWebSocketResponse:
    """Sign in and listen, until all that came before is told."""
    await browser.sign_in(login)
    ws = await browser.listen()
    await frame(ws, "snapshot")
    last = await made(admin, "Last")
    while ("customer", last["id"]) not in await hints(ws):
        pass
    return ws


async def both(admin: Browser, north: Browser, south: Browser) -> list[aiohttp.ClientWebSocketResponse]:
    """A supervisor of either team, listening."""
    found = [await listening(admin, north, "supervisor1"), await listening(admin, south, "supervisor2")]
    await hints(found[0])  # what was told to the second one last
    return found


async def teams(edge: Running) -> None:
    """Two teams that see nothing of each other."""
    await team(edge, "north", "supervisor1", "agent1")
    await team(edge, "south", "supervisor2", "agent2")


async def test_who_sees_a_record_is_told_and_finds_it_changed(edge: Running) -> None:
    await teams(edge)
    async with edge.browser() as admin, edge.browser() as north, edge.browser() as south:
        await admin.sign_in("admin")
        ada = await made(admin, team="north")
        near, far = await both(admin, north, south)
        path = f"/api/customers/{ada['id']}"
        assert (await admin.call("PATCH", path, json={"tier": "gold"}))[0] == 200
        told = await frame(near, "change", within_s=30)
        assert told["news"] == [{"kind": "customer", "id": ada["id"], "customer": ada["id"]}]
        assert (await north.get(path))["tier"] == "gold", "it is told after it is committed"
        pool = await made(admin, "Pool")
        assert await hints(far) == [("customer", pool["id"])], "the first that the other team hears of"
        assert await hints(near) == [("customer", pool["id"])]


async def test_whoever_loses_sight_of_a_record_is_told_to_look_again_and_not_of_which(edge: Running) -> None:
    await teams(edge)
    async with edge.browser() as admin, edge.browser() as north, edge.browser() as south:
        await admin.sign_in("admin")
        ada = await made(admin, team="north")
        _, request = await admin.call(
            "POST", "/api/requests", json={"customer": ada["id"], "subject": "s", "team": "north"}
        )
        near, far = await both(admin, north, south)
        await admin.call("PATCH", f"/api/customers/{ada['id']}", json={"team": "south"})
        assert await hints(near) == [("customer", "")]
        assert await hints(far) == [("customer", ada["id"]), ("customer", "")]
        assert (await north.call("GET", f"/api/customers/{ada['id']}"))[0] == 404
        await admin.call("PATCH", f"/api/requests/{request['id']}", json={"team": "south"})
        assert await hints(near) == [("request", "")]
        assert await hints(far) == [("request", request["id"]), ("request", "")]


async def test_a_role_that_is_narrowed_hears_less_at_once(edge: Running) -> None:
    async with edge.browser() as admin, edge.browser() as other:
        await admin.sign_in("admin")
        ada = await made(admin)
        ws = await listening(admin, other, "supervisor1")
        body = {"customer": ada["id"], "subject": "s"}
        _, request = await admin.call("POST", "/api/requests", json=body)
        assert await hints(ws) == [("request", request["id"])]
        less = role()
        less["rights"] = [each for each in less["rights"] if not each.startswith("requests.")]
        assert (await admin.call("PUT", "/api/roles/supervisor", json=less))[0] == 200
        assert (await frame(ws, "snapshot"))["login"] == "supervisor1"
        await admin.call("PATCH", f"/api/requests/{request['id']}", json={"subject": "other"})
        bob = await made(admin, "Bob")
        assert await hints(ws) == [("customer", bob["id"])]


async def test_who_comes_back_hears_what_he_missed(edge: Running) -> None:
    async with edge.browser() as admin, edge.browser() as other:
        await admin.sign_in("admin")
        gone = await listening(admin, other, "supervisor1")
        witness = await other.listen()
        seq = (await frame(witness, "snapshot"))["seq"]
        await gone.close()
        ada = await made(admin)
        assert await hints(witness) == [("customer", ada["id"])]
        again = await frame(await other.listen(since=seq), "change")
        assert [each["id"] for each in again["news"]] == [ada["id"]]
        assert again["seq"] == seq + 1


HANGING = {
    "note": ("notes", {"text": "said"}),
    "relation": ("relations", {"role": "family"}),
    "consent": ("consents", {"channel": "phone", "purpose": "service", "state": "granted"}),
}


@pytest.mark.parametrize("what", HANGING)
async def test_what_hangs_on_a_customer_is_told_as_his(edge: Running, what: str) -> None:
    async with edge.browser() as admin, edge.browser() as other:
        await admin.sign_in("admin")
        ada, bob = await made(admin), await made(admin, "Bob")
        ws = await listening(admin, other, "supervisor1")
        path, body = HANGING[what]
        body = body | ({"to": bob["id"]} if what == "relation" else {})
        status, found = await admin.call("POST", f"/api/customers/{ada['id']}/{path}", json=body)
        assert status == 201, found
        ends = [ada, bob] if what == "relation" else [ada]
        assert await hints(ws) == [("customer", each["id"]) for each in ends]


async def test_many_at_once_are_told_by_one_hint_to_those_who_see_any(
    edge: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await teams(edge)
    async with edge.browser() as admin, edge.browser() as north, edge.browser() as south:
        await admin.sign_in("admin")
        near, far = await both(admin, north, south)
        some = [NewCustomer(name=f"n{n}", team="north") for n in range(news.FEW + 21)]
        ids = await edge.store.write(
            customers.create_many, some[:20], at=1.0, reader=CENTER, act=records.IMPORT
        )
        assert await hints(near) == [("customer", "")], "rows of an import, however few"
        one = await made(admin, "One", team="north")
        assert await hints(near) == [("customer", one["id"])], "what is not imported is told as ever"
        monkeypatch.setattr(news, "MANY_S", 0.0)
        ids += await edge.store.write(customers.create_many, some[20:], at=1.0, reader=CENTER)
        status, found = await admin.call(
            "POST", "/api/customers/assign", json={"ids": list(ids), "owner": "agent1"}
        )
        assert (status, found["changed"]) == (200, len(ids))
        assert await hints(near) == [("customer", "")]
        pool = await made(admin, "Pool")
        assert await hints(far) == [("customer", pool["id"])], "the other team hears of none of them"


async def test_who_has_a_caller_on_the_page_hears_of_him(edge: Running) -> None:
    await teams(edge)
    async with edge.browser() as admin, edge.browser() as south:
        await admin.sign_in("admin")
        ada, eve = await made(admin, team="north"), await made(admin, "Eve", team="north")
        ws = await listening(admin, south, "agent2")
        card = await edge.store.read(cards.get, ada["id"])
        assert card
        edge.center.carry(ShowCall(view=call_view("c1", state="offered", offered=("agent2",))))
        edge.center.carry(
            ScreenPop(
                login="agent2", offer="o1", call="c1", interaction="i1", queue="support", caller="+1",
                caller_name="", match=MatchMethod.CALLER_NUMBER, customers=(card,), waited_s=1.0, why={},
            )
        )  # fmt: skip
        for one in (eve, ada):
            await admin.call("PATCH", f"/api/customers/{one['id']}", json={"tier": "gold"})
        assert await hints(ws) == [("customer", ada["id"])]
        edge.center.carry(DropCall(call="c1"))


async def test_the_end_of_a_talk_and_whose_it_was_are_told(edge: Running) -> None:
    async with edge.browser() as admin, edge.browser() as agent:
        await admin.sign_in("admin")
        ada, bob = await made(admin), await made(admin, "Bob")
        ws = await listening(admin, agent, "agent1")
        await keep(edge, record("i1", customer=ada["id"]))
        assert await hints(ws) == [("interaction", "i1")]
        late = CorrectDisposition(
            interaction="i1", login="agent1", at=edge.clock(), code="solved", note="", callback=""
        )
        edge.store.carry(late)
        assert await hints(ws) == [("interaction", "i1")], "and so is an outcome that was set late"
        await edge.store.write(
            assignments.assign, "i1", bob["id"], MatchMethod.CHOSEN, reader=CENTER, at=edge.clock()
        )
        lost = [("customer", ""), ("customer", ada["id"])]
        assert sorted(await hints(ws)) == [*lost, ("interaction", "i1")]


async def test_a_merge_is_told_of_both(edge: Running) -> None:
    async with edge.browser() as admin, edge.browser() as other:
        await admin.sign_in("admin")
        ada, bob = await made(admin), await made(admin, "Bob")
        ws = await listening(admin, other, "supervisor1")
        status, found = await admin.call("POST", "/api/merges", json={"kept": ada["id"], "gone": bob["id"]})
        assert status == 201, found
        told = await hints(ws)
        assert {("customer", ada["id"]), ("customer", bob["id"]), ("customer", "")} == set(told)
