"""Lists, leads, do-not-call lists and caller ids over the API: from a file to the record."""

import asyncio
from typing import Any

import pytest
from running import Browser, Running


@pytest.fixture
async def boss(edge: Running) -> Any:
    async with edge.browser() as browser:
        yield await browser.sign_in("admin")


async def carried_out(browser: Browser, one: dict[str, Any]) -> dict[str, Any]:
    status, found = await browser.call("POST", f"/api/imports/{one['id']}/start")
    assert status == 200, found
    while found["state"] not in ("done", "failed", "paused"):
        await asyncio.sleep(0.02)
        found = await browser.get(f"/api/imports/{one['id']}")
    return dict(found)


async def test_a_file_becomes_leads_that_can_be_changed_closed_and_opened(
    edge: Running, boss: Browser
) -> None:
    status, spring = await boss.call("POST", "/api/lists", json={"name": "Spring", "consent": "web form"})
    assert (status, spring["counts"], spring["owner"]) == (
        201, {"due": 0, "leased": 0, "closed": 0, "held": 0}, "admin",
    )  # fmt: skip
    content = "姓名,手机,产品\n王小明,13800138000,Gold\n短,12,\n".encode()
    path = f"/api/lists/{spring['id']}/imports"
    assert (await boss.call("POST", "/api/lists/nowhere/imports", params={"name": "x"}, data=content))[
        0
    ] == 404
    status, one = await boss.call("POST", path, params={"name": "spring.csv"}, data=content)
    assert (status, one["kind"], one["into"]) == (201, "lead", spring["id"])
    targets = [*(each["target"] for each in one["columns"][:2]), "field"]
    assert (await boss.call("PATCH", f"/api/imports/{one['id']}", json={"mapping": targets}))[0] == 200
    done = await carried_out(boss, one)
    assert (done["created"], done["bad"]) == (1, 1)
    assert (await boss.get(f"/api/lists/{spring['id']}"))["counts"]["due"] == 1
    (lead,) = (await boss.get(f"/api/leads?list={spring['id']}&state=due&number=13800138000"))["items"]
    assert (lead["name"], lead["fields"], lead["numbers"][0]["zones"]) == (
        "王小明", {"产品": "Gold"}, ["Asia/Shanghai"],
    )  # fmt: skip
    at = f"/api/leads/{lead['id']}"
    numbers = {"numbers": [{"number": "13800138001", "kind": "work"}, {"number": "13800138000"}]}
    status, changed = await boss.call("PATCH", at, json=numbers, headers={"If-Match": '"1"'})
    assert (status, [each["number"] for each in changed["numbers"]]) == (
        200,
        ["+8613800138001", "+8613800138000"],
    )
    status, conflict = await boss.call("PATCH", at, json={"name": "x"}, headers={"If-Match": '"1"'})
    assert (status, conflict["current"]["version"]) == (412, 2)
    status, wrong = await boss.call("PATCH", at, json={"numbers": [{"number": "12"}]})
    assert (status, wrong["field"]) == (422, "numbers.0.number")
    status, closed = await boss.call("POST", f"{at}/close", json={"why": "moved"})
    assert (status, closed["state"], closed["why"]) == (200, "closed", "moved")
    assert (await boss.call("POST", f"{at}/close", json={}))[0] == 409
    status, again = await boss.call("POST", f"{at}/reopen", json={"due_at": 2e9})
    assert (status, again["state"], again["due_at"]) == (200, "due", 2e9)
    assert (await boss.get(f"{at}/attempts"))["items"] == []
    async with edge.browser() as agent:
        await agent.sign_in("agent1")
        assert (await agent.call("GET", at))[0] == 404, "an agent sees the leads that he was given"
        assert (await agent.call("POST", path, params={"name": "x"}, data=content))[0] == 403


async def test_a_number_is_looked_up_added_and_taken_off(boss: Browser) -> None:
    look = "/api/do-not-call/by-number?number=138 0013 8000"
    assert (await boss.get(look)) == {"number": "+8613800138000", "entry": None, "national": []}
    body = {"number": "13800138000", "source": "complaint", "reason": "by letter"}
    status, entry = await boss.call("POST", "/api/do-not-call", json=body)
    assert (status, entry["asked"], entry["login"]) == (200, False, "admin")
    assert (await boss.get(look))["entry"]["id"] == entry["id"]
    at = f"/api/do-not-call/{entry['id']}"
    assert (await boss.call("POST", f"{at}/remove", json={"reason": "mixed up"}))[0] == 204
    assert (await boss.call("GET", at))[0] == 404
    status, asked = await boss.call("POST", "/api/do-not-call", json=body | {"source": "agent"})
    assert (status, asked["asked"]) == (200, True)
    status, refused = await boss.call("POST", f"/api/do-not-call/{asked['id']}/remove", json={"reason": "x"})
    assert (status, refused["code"]) == (409, "asked")
    params = {"name": "us.csv", "list": "us", "profile": "US", "fetched_at": "1000"}
    status, one = await boss.call(
        "POST", "/api/do-not-call/imports", params=params, data=b"phone\n+13055550100\n"
    )
    assert (status, one["into"]) == (201, "us")
    assert (await carried_out(boss, one))["created"] == 1
    (copy,) = (await boss.get("/api/national-lists"))["items"]
    assert (copy["numbers"], copy["days"], copy["too_old"]) == (1, 31, True)
    assert (await boss.get("/api/do-not-call/by-number?number=%2B13055550100"))["national"] == ["us"]


async def test_a_number_of_ours_is_verified_with_its_proof(boss: Browser) -> None:
    at = "/api/caller-ids/8675512345678"
    status, wrong = await boss.call("PUT", at, json={"verified": True})
    assert (status, wrong["field"]) == (422, "note")
    status, ours = await boss.call("PUT", at, json={"verified": True, "note": "contract 7"})
    assert (status, ours["number"], ours["verified_by"]) == (200, "+8675512345678", "admin")
    assert [each["number"] for each in (await boss.get("/api/caller-ids"))["items"]] == ["+8675512345678"]
    assert (await boss.call("DELETE", at, headers={"If-Match": '"9"'}))[0] == 412
    assert (await boss.call("DELETE", at))[0] == 204
    assert (await boss.call("GET", at))[0] == 404


async def test_a_lead_is_entered_by_hand(boss: Browser) -> None:
    _, spring = await boss.call("POST", "/api/lists", json={"name": "Spring"})
    body = {"list": spring["id"], "name": "王小明", "numbers": [{"number": "13800138000", "kind": "mobile"}]}
    status, made = await boss.call("POST", "/api/leads", json=body)
    assert (status, made["state"], made["numbers"][0]["number"], made["version"]) == (
        201, "due", "+8613800138000", 1,
    )  # fmt: skip
    status, wrong = await boss.call("POST", "/api/leads", json={**body, "numbers": [{"number": "12"}]})
    assert (status, wrong["field"]) == (422, "numbers.0.number")
    status, wrong = await boss.call("POST", "/api/leads", json={**body, "list": "nowhere"})
    assert (status, wrong["field"]) == (422, "list")
    status, held = await boss.call("POST", "/api/leads", json={"list": spring["id"]})
    assert (status, held["state"], held["why"]) == (201, "held", "no_number")
