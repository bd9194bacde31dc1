"""Requests and follow-ups over HTTP: opened from the live call, seen by the next agent, reminded of once."""

from typing import Any

from fake_center import call_view
from running import Browser, Running

from contactcenter.commands import ScreenPop, ShowCall
from contactcenter.crm import cards
from contactcenter.events import CustomerChanged, CustomerChosen
from contactcenter.values import MatchMethod


def on_the_line(edge: Running, customer: str, *, agent: str = "agent1", matches: int = 1) -> None:
    """The agent talks with a caller whom the center takes for this customer."""
    view = call_view(
        "call-1", state="talking", agent=agent, customer=customer, customer_name="Ada", matches=matches,
        language="en", answered_at=edge.clock(),
    )  # fmt: skip
    edge.center.carry(ShowCall(view=view))


async def made(browser: Browser, name: str = "Ada", **more: Any) -> dict[str, Any]:
    status, one = await browser.call("POST", "/api/customers", json={"name": name, **more})
    assert status == 201, one
    return dict(one)


async def next_of(ws: Any, kind: str) -> Any:
    """The next frame of that kind that has something of it."""
    while True:
        frame = await ws.receive_json()
        if frame.get(kind) or kind in frame.get("gone", {}):
            return frame


async def test_a_request_is_opened_from_the_live_call_in_one_act(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        ada = await made(browser)
        on_the_line(edge, ada["id"])
        body = {"call": "call-1", "subject": "No sound"}
        status, request = await browser.call(
            "POST", "/api/requests", json=body, headers={"Idempotency-Key": "k1"}
        )
        assert status == 201, request
        assert (request["customer"], request["customer_name"]) == (ada["id"], "Ada")
        assert (request["queue"], request["owner"], request["language"]) == ("support", "agent1", "en")
        assert (request["interaction"], request["state"]) == ("i-call-1", "new")
        again = await browser.call("POST", "/api/requests", json=body, headers={"Idempotency-Key": "k1"})
        assert again == (201, request)
        # Whoever has the caller on the page sees it.
        told = await edge.center.heard(CustomerChanged)
        assert [each.number for each in told.customer.requests] == [request["number"]]
        steps = await browser.get(f"/api/requests/{request['id']}/steps")
        assert [each["kind"] for each in steps["items"]] == ["opened"]
        status, followup = await browser.call(
            "POST",
            "/api/followups",
            json={"call": "call-1", "title": "Ask again", "due_at": edge.clock() + 60},
        )
        assert status == 201, followup
        assert (followup["customer"], followup["owner"]) == (ada["id"], "agent1")
        kinds = [each["kind"] for each in (await browser.get(f"/api/customers/{ada['id']}/history"))["items"]]
        assert kinds == ["followup", "request", "change"]


async def test_a_call_that_does_not_say_whose_it_is_opens_nothing(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        ada = await made(browser)
        body = {"call": "call-1", "subject": "No sound"}
        for customer, matches, agent, code, field in (
            (ada["id"], 2, "agent1", "several_matches", "customer"),
            ("", 0, "agent1", "invalid", "customer"),
            (ada["id"], 1, "agent2", "invalid", "call"),
        ):
            on_the_line(edge, customer, matches=matches, agent=agent)
            status, problem = await browser.call("POST", "/api/requests", json=body)
            assert (status, problem["code"], problem["field"]) == (422, code, field)
        on_the_line(edge, ada["id"], matches=2)
        status, _ = await browser.call("POST", "/api/requests", json=body | {"customer": ada["id"]})
        assert status == 201


async def test_states_that_cannot_follow_and_lost_updates_are_refused(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        ada = await made(browser)
        _, request = await browser.call(
            "POST", "/api/requests", json={"customer": ada["id"], "subject": "No sound"}
        )
        path = f"/api/requests/{request['id']}"
        status, problem = await browser.call("PATCH", path, json={"state": "solved"})
        assert (status, problem["field"]) == (422, "solution")
        seen = {"If-Match": '"1"'}
        status, closed = await browser.call("PATCH", path, json={"state": "closed"}, headers=seen)
        assert (status, closed["possible"]) == (200, ["open"])
        status, problem = await browser.call("PATCH", path, json={"state": "solved", "solution": "x"})
        assert (status, problem["code"]) == (409, "illegal_now")
        assert "open can" in problem["detail"]
        status, problem = await browser.call("PATCH", path, json={"state": "open"}, headers=seen)
        assert (status, problem["current"]["state"], problem["yours"]) == (412, "closed", {"state": "open"})
        status, counts = await browser.call("GET", "/api/requests/counts")
        assert counts["states"]["closed"] == 1
        status, problem = await browser.call("GET", "/api/requests?state=open,lost")
        assert (status, problem["field"]) == (422, "state")
        status, problem = await browser.call("PATCH", path, json={"kind": "nonsense"})
        assert (status, problem["field"]) == (422, "kind")


async def test_who_the_caller_is_goes_to_the_center_and_later_beside_the_record(edge: Running) -> None:
    async with edge.browser() as browser, edge.browser() as stranger:
        await browser.sign_in("agent1")
        await stranger.sign_in("agent2")
        on_the_line(edge, "", matches=0)
        ada = await made(browser, call="call-1")
        told = await edge.center.heard(CustomerChosen)
        assert (told.interaction, told.customer.id, told.method) == ("i-call-1", ada["id"], "created")
        edge.center.forget()
        bob = await made(browser, "Bob")
        path, body = "/api/calls/call-1/customer", {"customer": bob["id"]}
        assert (await browser.call("POST", path, json=body))[0] == 204
        told = await edge.center.heard(CustomerChosen)
        assert (told.login, told.customer.name, told.method) == ("agent1", "Bob", MatchMethod.CHOSEN)
        assert (await stranger.call("POST", path, json=body))[0] == 404
        status, problem = await browser.call("POST", path, json={"customer": "nobody"})
        assert (status, problem["field"]) == (422, "customer")


async def test_the_next_agent_sees_what_is_to_be_done_as_far_as_his_role_goes(edge: Running) -> None:
    async with edge.browser() as browser, edge.browser() as colleague:
        await browser.sign_in("agent1")
        await colleague.sign_in("agent2")
        ada = await made(browser)
        for owner in ("agent1", "agent2"):
            body = {"customer": ada["id"], "subject": owner, "owner": owner, "team": ""}
            assert (await browser.call("POST", "/api/requests", json=body))[0] == 201
        card = await edge.store.read(cards.get, ada["id"])
        assert card
        ws = await colleague.listen()
        await ws.receive_json()
        edge.center.carry(
            ScreenPop(
                login="agent2", offer="o1", call="call-1", interaction="i-call-1", queue="support",
                caller="1", caller_name="", match=MatchMethod.CHOSEN, customers=(card,), waited_s=0.0, why={},
            )
        )  # fmt: skip
        while (pop := await ws.receive_json())["type"] != "pop":
            pass
        assert [each["subject"] for each in pop["customer"]["requests"]] == ["agent2", "agent1"]
        assert pop["match"] == "chosen"


async def test_a_reminder_comes_once_to_its_owner_and_stays_until_it_is_put_away(edge: Running) -> None:
    async with edge.browser() as browser, edge.browser() as other:
        await browser.sign_in("agent1")
        await other.sign_in("agent2")
        ws = await browser.listen()
        await ws.receive_json()
        soon = edge.clock() + 0.5
        body = {"title": "Call back", "due_at": soon + 60, "remind_at": soon}
        status, followup = await browser.call("POST", "/api/followups", json=body)
        assert status == 201, followup
        frame = await next_of(ws, "reminders")
        assert [each["id"] for each in frame["reminders"]] == [followup["id"]]
        assert edge.clock() >= soon, "not before its time"
        later = await browser.listen()
        assert [each["id"] for each in (await later.receive_json())["reminders"]] == [followup["id"]]
        theirs = await other.listen()
        assert (await theirs.receive_json())["reminders"] == []
        path = f"/api/followups/{followup['id']}/reminder"
        assert (await other.call("DELETE", path))[0] == 404
        assert (await browser.call("DELETE", path))[0] == 204
        frame = await next_of(ws, "gone")
        assert frame["gone"]["reminders"] == [followup["id"]]
        assert frame["seq"] == (await later.receive_json())["seq"], "nothing came in between: it came once"


async def test_who_it_was_is_said_in_the_wrap_up_and_shown_on_the_page(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        ada, bob = await made(browser), await made(browser, "Bob")
        on_the_line(edge, ada["id"])
        shown = [await edge.store.read(cards.get, each["id"]) for each in (ada, bob)]
        assert shown[0]
        assert shown[1]
        edge.center.carry(
            ScreenPop(
                login="agent1", offer="o1", call="call-1", interaction="i-call-1", queue="support",
                caller="1", caller_name="", match=MatchMethod.CALLER_NUMBER, customers=(shown[0],),
                waited_s=0.0, why={},
            )
        )  # fmt: skip
        ws = await browser.listen()
        while (pop := await ws.receive_json())["type"] != "pop":
            if pop["type"] == "snapshot" and pop["pops"]:
                break
        # The fake center shows no pop anew, as the real one does not after the talk.
        path, body = "/api/calls/call-1/customer", {"customer": bob["id"]}
        assert (await browser.call("POST", path, json=body))[0] == 204
        while (pop := await ws.receive_json())["type"] != "pop":
            pass
        assert (pop["customer"]["name"], pop["customer"]["confidence"], pop["match"]) == (
            "Bob",
            1.0,
            "chosen",
        )
