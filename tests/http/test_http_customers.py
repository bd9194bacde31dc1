"""Customers, their fields, notes, relations and consents over HTTP: what the store's tests can't show."""

import io
import json
from typing import Any

import pytest
from running import Browser, Running

from contactcenter.crm import customers, paging
from contactcenter.http import visit

JSON = {"Content-Type": "application/json"}
FIELD = {
    "kind": "customer", "name": "segment", "title": {"zh": "分类", "en": "Segment"}, "type": "choice",
    "choices": [{"value": "vip", "title": {"zh": "贵宾", "en": "VIP"}}],
}  # fmt: skip


async def made(browser: Browser, **values: Any) -> dict[str, Any]:
    status, one = await browser.call("POST", "/api/customers", json={"name": "王伟", **values})
    assert status == 201, one
    return dict(one)


async def test_a_record_is_answered_whole_and_masked_in_lists(edge: Running) -> None:
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        assert (await admin.call("POST", "/api/fields", json=FIELD))[0] == 201
        one = await made(
            admin, id_number="11010519491231002X", custom={"segment": "vip"}, tags=["b", "a"],
            phones=["010-8888 8888 转 12"], category="key",
        )  # fmt: skip
        assert (one["id_number"], one["custom"], one["tags"]) == (
            "11010519491231002X", {"segment": "vip"}, ["a", "b"],
        )  # fmt: skip
        assert one["addresses"] == [
            {"channel": "phone", "value": "+861088888888", "extension": "12", "kind": "main",
             "preferred": False, "verified_at": None, "verified_by": ""}
        ]  # fmt: skip
        assert await admin.get(f"/api/customers/{one['id']}") == one
        for filters in (
            {"where": 'customer.custom.segment == "vip" and "a" in customer.tags'}, {"tag": "b"},
            {"phone": "010 88888888"}, {"category": "key"}, {"kind": "person"}, {"owner": "-"},
        ):  # fmt: skip
            (listed,) = (await admin.get("/api/customers", **filters))["items"]
            assert listed["id_number"] == "•" * 14 + "002X"
        assert (await admin.get("/api/customers", email="a@b.cn"))["items"] == []
        sparse = await admin.get("/api/customers", fields="id,name")
        assert sparse["items"] == [{"id": one["id"], "name": "王伟"}]


async def test_two_people_who_edit_one_record_lose_nothing(edge: Running) -> None:
    async with edge.browser() as first, edge.browser() as second:
        await first.sign_in("agent1")
        await second.sign_in("agent2")
        one = await made(first, note="one")
        path, seen = f"/api/customers/{one['id']}", {"If-Match": f'"{one["version"]}"'}
        status, theirs = await first.call("PATCH", path, json={"note": "two"}, headers=seen)
        assert (status, theirs["version"]) == (200, 2)
        status, problem = await second.call(
            "PATCH", path, json={"note": "three", "tags": ["t"]}, headers=seen
        )
        assert (status, problem["code"]) == (412, "changed_meanwhile")
        assert problem["current"] == theirs
        assert problem["yours"] == {"note": "three", "tags": ["t"]}
        again = {"If-Match": f'"{problem["current"]["version"]}"'}
        status, after = await second.call("PATCH", path, json={"tags": ["t"]}, headers=again)
        assert (status, after["note"], after["tags"]) == (200, "two", ["t"])


async def test_a_customer_is_made_once_however_often_the_request_is_sent(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("admin")
        key = {"Idempotency-Key": "import-7:1"}
        body = {"name": "once", "id_number": "G1234567890"}
        answers = [await browser.call("POST", "/api/customers", json=body, headers=key) for _ in range(3)]
        assert answers == [answers[0]] * 3
        assert answers[0][1]["id_number"] == "G1234567890"
        assert len((await browser.get("/api/customers", name="once"))["items"]) == 1


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"phones": ["8888 8888"]}, 422, "phones"), ({"phones": ["1380013"]}, 422, "phones"),
        ({"phones": ["13900000001"], "addresses": [{"channel": "phone", "value": "13900000001"}]}, 422,
         "phones"),
        ({"addresses": [{"channel": "email", "value": "x"}]}, 422, "addresses.0.value"),
        ({"id_number": "110105194912310021"}, 422, "id_number"), ({"owner": "nobody"}, 422, "owner"),
        ({"team": "nowhere"}, 422, "team"), ({"custom": {"none": 1}}, 422, "custom.none"),
        ({"custom": {"\ud800": 1}}, 422, "custom.\ufffd"), ({"tags": [" "]}, 422, "tags"),
        ({"kind": "robot"}, 422, "kind"), ({"note": "x" * 4001}, 422, "note"),
    ],
)  # fmt: skip
async def test_bad_input_is_named_and_changes_nothing(
    edge: Running, body: dict[str, Any], status: int, field: str
) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("admin")
        one = await made(browser, note="n", phones=["13900000002"])
        path = f"/api/customers/{one['id']}"
        assert (await browser.call("POST", "/api/customers", json={"name": "x", **body}))[0] == status
        found, problem = await browser.call("PATCH", path, json={"name": "y", **body})
        assert (found, problem["field"]) == (status, field), problem
        assert await browser.get(path) == one


async def test_a_note_of_ten_megabytes_is_refused_and_what_was_there_stays(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        one = await made(browser)
        path = f"/api/customers/{one['id']}/notes"
        status, note = await browser.call("POST", path, json={"text": "\U0001f600" * 20_000})
        assert status == 201
        for method, where in (("POST", path), ("PATCH", f"/api/notes/{note['id']}")):
            found, problem = await browser.call(method, where, json={"text": "x" * 20_001})
            assert (found, problem["code"], problem["field"]) == (422, "invalid", "text")
        for method, where, name in (
            ("POST", path, "text"), ("PATCH", f"/api/notes/{note['id']}", "text"),
            ("PATCH", f"/api/customers/{one['id']}", "note"),
        ):  # fmt: skip
            data = io.BytesIO(json.dumps({name: "x" * 10_000_000}).encode())
            found, problem = await browser.call(method, where, data=data, headers=JSON)
            assert (found, problem["code"]) == (413, "too_large")
        assert await browser.get(f"/api/notes/{note['id']}") == note
        assert len((await browser.get(path))["items"]) == 1
        stale = {"If-Match": '"9"'}
        found, problem = await browser.call("DELETE", f"/api/notes/{note['id']}", headers=stale)
        assert (found, problem["current"], problem["yours"]) == (412, note, None)
        assert (await browser.call("DELETE", f"/api/notes/{note['id']}"))[0] == 204
        assert (await browser.call("GET", f"/api/notes/{note['id']}"))[0] == 404


async def test_relations_come_main_ones_first_and_then_by_name(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("admin")
        ada = await made(browser, name="Ada")
        path = f"/api/customers/{ada['id']}/relations"
        for name in ("Zoe", "Bob", "Max", "Bob", "Bobby"):
            other = await made(browser, name=name)
            body = {"to": other["id"], "role": "family", "main": name == "Max"}
            assert (await browser.call("POST", path, json=body))[0] == 201
        found, cursor = [], ""
        while not found or cursor:
            page = await browser.get(path, limit=1, cursor=cursor)
            found += [each["name"] for each in page["items"]]
            cursor = page["next"]
        assert found == ["Max", "Bob", "Bob", "Bobby", "Zoe"]


async def test_relations_and_consents_are_kept(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        a, b = [await made(browser, name=name, kind="organisation") for name in "ab"]
        path = f"/api/customers/{a['id']}/relations"
        status, one = await browser.call("POST", path, json={"to": b["id"], "role": "part"})
        assert (status, one["name"], one["outward"]) == (201, "b", True)
        back = {"to": a["id"], "role": "subsidiary"}
        status, problem = await browser.call("POST", f"/api/customers/{b['id']}/relations", json=back)
        assert (status, problem["field"]) == (422, "to")
        assert (await browser.get(path))["items"] == [one]
        assert (await browser.call("DELETE", f"/api/relations/{one['id']}"))[0] == 204
        said = {"channel": "any", "purpose": "any", "state": "refused", "evidence": "said so"}
        status, consent = await browser.call("POST", f"/api/customers/{a['id']}/consents", json=said)
        assert (status, consent["login"], consent["in_force"]) == (201, "agent1", True)
        assert "any" in (await browser.get(f"/api/customers/{a['id']}"))["do_not_contact"]
        assert len((await browser.get(f"/api/customers/{a['id']}/consents"))["items"]) == 1


@pytest.mark.parametrize("field", ["kept_version", "gone_version"])
async def test_a_merge_of_what_changed_meanwhile_says_which(edge: Running, field: str) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("admin")
        kept, gone = [(await made(browser))["id"] for _ in range(2)]
        body = {"kept": kept, "gone": gone, "kept_version": 1, "gone_version": 1} | {field: 2}
        status, problem = await browser.call("POST", "/api/merges", json=body)
        assert (status, problem["code"], problem["field"]) == (412, "changed_meanwhile", field)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/api/customers", {"where": "customer.tier == " + "-" * 470 + "1"}),
        ("/api/customers", {"where": "~" * 480 + "1"}),
        ("/api/customers", {"cursor": paging.cursor_of("a\ud800", "x")}),
        ("/api/customers", {"cursor": paging.cursor_of("a", "x\udfff")}),
        ("/api/customers", {"sort": "updated", "cursor": paging.cursor_of(float("nan"), "x")}),
        ("/api/audit", {"cursor": paging.cursor_of(10**40, "x")}),
        ("/api/audit", {"cursor": paging.cursor_of(-(10**18), "x")}),
        ("/api/audit", {"cursor": paging.cursor_of(2**31, "x")}),
        ("/api/outbox", {"cursor": "99999999999"}),
        ("/api/outbox", {"cursor": str(2**31)}),
    ],
)
async def test_what_no_column_holds_is_the_sender_s_mistake(
    edge: Running, path: str, wrong: dict[str, str]
) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("admin")
        status, problem = await browser.call("GET", path, params=wrong)
        assert (status, problem["field"]) == (422, "where" if "where" in wrong else "cursor"), problem


@pytest.mark.parametrize("number", ["10000000000000000000000000000000", "1" + "0" * 400, "1e999"])
async def test_numbers_that_no_column_holds_are_compared_all_the_same(edge: Running, number: str) -> None:
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        field = {
            "kind": "customer",
            "name": "points",
            "type": "number",
            "title": {"zh": "分", "en": "Points"},
        }
        assert (await admin.call("POST", "/api/fields", json=field))[0] == 201
        await made(admin, custom={"points": 3})
        for operator, found in (("==", 0), (">", 0), ("<", 1), ("> -", 1)):
            where = f"customer.custom.points {operator}{number}"
            assert len((await admin.get("/api/customers", where=where))["items"]) == found


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_numbers_that_json_has_not_are_refused(edge: Running, number: str) -> None:
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        text = f'{{"kind": "customer", "title": "x", "filter": {{"a": {number}}}}}'
        headers = {"Content-Type": "application/json"}
        status, problem = await admin.call("POST", "/api/views", data=text, headers=headers)
        assert (status, problem["code"]) == (400, "not_json")


async def test_customers_are_given_away_and_the_history_of_it_is_kept(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("admin")
        ids = [(await made(browser))["id"] for _ in range(3)]
        status, problem = await browser.call(
            "POST", "/api/customers/assign", json={"ids": [*ids, "x"], "owner": "agent1"}
        )
        assert (status, problem["field"]) == (404, "ids.3")
        for owner, n in (("agent1", 3), ("agent1", 0), ("agent2", 3)):
            answer = await browser.call("POST", "/api/customers/assign", json={"ids": ids, "owner": owner})
            assert answer == (200, {"changed": n})
            edge.clock.ahead_s += 1
        path = f"/api/customers/{ids[0]}/ownerships"
        for owner in ("agent1", "", "agent2"):  # two of one instant
            await edge.store.write(customers.assign, [ids[1]], owner=owner, at=5.0)
        whose, cursor = [], ""
        while True:
            page = await browser.get(f"/api/customers/{ids[1]}/ownerships", limit=1, cursor=cursor)
            whose += [each["id"] for each in page["items"]]
            if not (cursor := page["next"]):
                break
        assert len(whose) == len(set(whose)) == 5
        page = await browser.get(path, limit=1)
        rest = await browser.get(path, cursor=page["next"])
        assert [each["owner"] for each in (*page["items"], *rest["items"])] == ["agent2", "agent1"]


async def test_that_a_record_was_opened_is_in_the_audit_log_once_for_a_while(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        one = await made(browser)
        for ahead_s in (0, 1, 901):
            edge.clock.ahead_s = ahead_s
            await browser.get(f"/api/customers/{one['id']}")
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        rows = (await admin.get("/api/audit", act="open", object=one["id"]))["items"]
        assert [(row["login"], row["kind"]) for row in rows] == [("agent1", "customer")] * 2


async def test_who_looks_at_many_fills_no_memory(edge: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "OPENINGS", 3)
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        ids = [(await made(admin))["id"] for _ in range(8)]
        for id_ in ids:
            await admin.get(f"/api/customers/{id_}")
        await edge.store.settled()
        rows = (await admin.get("/api/audit", act="open"))["items"]
    assert [row["object"] for row in reversed(rows)] == ids
    assert {id_ for _, _, id_ in edge.server._edge.openings} == set(ids[-3:])


async def test_who_was_looked_at_by_an_old_id_is_told_by_the_one_of_today(edge: Running) -> None:
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        kept, gone = await made(admin), await made(admin)
        status, _ = await admin.call("POST", "/api/merges", json={"kept": kept["id"], "gone": gone["id"]})
        assert status == 201
        for _ in range(2):
            await admin.get(f"/api/customers/{gone['id']}/notes")
            await admin.get(f"/api/customers/{kept['id']}/notes")
        await edge.store.settled()
        rows = (await admin.get("/api/audit", act="open"))["items"]
        assert [(row["login"], row["object"]) for row in rows] == [("admin", kept["id"])]


async def test_fields_are_defined_by_administrators_and_never_lose_a_value(edge: Running) -> None:
    async with edge.browser() as agent, edge.browser() as admin:
        await agent.sign_in("agent1")
        await admin.sign_in("admin")
        assert (await agent.call("POST", "/api/fields", json=FIELD))[0] == 403
        status, field = await admin.call("POST", "/api/fields", json=FIELD)
        assert (status, field["id"], field["version"]) == (201, "customer.segment", 1)
        assert (await agent.get("/api/fields", kind="customer"))["items"] == [field]
        assert (await admin.call("POST", "/api/fields", json=FIELD))[0] == 409
        await made(agent, custom={"segment": "vip"})
        path = "/api/fields/customer.segment"
        other = [{"value": "new", "title": {"zh": "新", "en": "New"}}]
        for method, body in (("PATCH", {"choices": other}), ("DELETE", None)):
            status, problem = await admin.call(method, path, **({"json": body} if body else {}))
            assert (status, problem["code"]) == (409, "in_use")
        body = {"retired": True, "title": {"zh": "旧", "en": "Old"}}
        status, field = await admin.call("PATCH", path, json=body, headers={"If-Match": '"1"'})
        assert (status, field["retired"], field["choices"]) == (200, True, FIELD["choices"] and [
            {"value": "vip", "title": {"zh": "贵宾", "en": "VIP"}, "retired": False}
        ])  # fmt: skip
        status, problem = await admin.call(
            "PATCH", path, json={"retired": False}, headers={"If-Match": '"1"'}
        )
        assert (status, problem["current"]) == (412, field)
        for gone in ("/api/fields/customer.none", "/api/fields/order.x", "/api/fields/x"):
            assert (await agent.call("GET", gone))[0] == 404


@pytest.mark.parametrize(
    "where", ["", " ", "1", "customer.name == 'x'", "customer.custom.none == 1", "a" * 501, "(" * 400]
)
async def test_a_condition_that_is_none_is_refused(edge: Running, where: str) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        status, problem = await browser.call("GET", "/api/customers", params={"where": where})
        assert (status, problem.get("field")) == ((422, "where") if where else (200, None))


async def test_what_happened_is_told_to_who_administers(edge: Running) -> None:
    async with edge.browser() as browser:
        await browser.sign_in("agent1")
        one = await made(browser)
        assert (await browser.call("GET", "/api/outbox"))[0] == 403
    program = {"Authorization": f"Bearer {await edge.token('admin', 'read')}"}
    async with edge.browser() as reading:
        status, problem = await reading.call("GET", "/api/outbox", headers=program)
        assert (status, problem["code"]) == (403, "scope")
    program = {"Authorization": f"Bearer {await edge.token('admin', 'admin')}"}
    async with edge.browser() as follower:
        status, page = await follower.call("GET", "/api/outbox?kind=customer&limit=1", headers=program)
        assert (status, page["items"][0]["record_id"]) == (200, one["id"])
        status, rest = await follower.call(
            "GET", f"/api/outbox?cursor={page['next']}&kind=customer", headers=program
        )
        assert rest == {"items": [], "next": ""}


async def test_a_sealed_value_that_was_asked_for_stands_nowhere_in_the_clear(edge: Running) -> None:
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        passport = {"kind": "customer", "name": "passport", "title": {"zh": "x", "en": "x"}, "type": "text"}
        assert (await admin.call("POST", "/api/fields", json=passport | {"sealed": True}))[0] == 201
        assert (await admin.call("POST", "/api/fields", json=FIELD))[0] == 201
        where = 'customer.custom.segment == "vip" or not customer.custom.passport in ("E12345678", "E2")'
        assert (await admin.get("/api/customers", where=where))["items"] == []
        async with admin.http.get("/api/exports/customers", params={"where": where}) as answer:
            assert answer.status == 200
            await answer.read()
        (row, *_) = (await admin.get("/api/audit", act="export"))["items"]
        assert row["detail"]["filter"]["where"] == (
            'customer.custom.segment == "vip" or not (customer.custom.passport in •)'
        )
        view = {"kind": "customer", "title": "x", "shared": True, "filter": {"where": where}}
        status, problem = await admin.call("POST", "/api/views", json=view)
        assert (status, problem["field"]) == (422, "filter")
        plain = view | {"filter": {"where": 'customer.custom.segment == "vip"'}}
        status, kept = await admin.call("POST", "/api/views", json=plain)
        assert status == 201
        path = f"/api/views/{kept['id']}"
        assert (await admin.call("PATCH", path, json={"filter": {"page": [where]}}))[0] == 422
        text = json.dumps([await admin.get("/api/audit", limit=200), await admin.get("/api/views")])
        assert "E12345678" not in text


async def test_whose_an_id_number_is_can_be_asked_by_who_may_see_it(edge: Running) -> None:
    path, body = "/api/customers/by-id-number", {"id_number": "11010519491231002x"}
    async with edge.browser() as admin, edge.browser() as agent:
        await admin.sign_in("admin")
        await agent.sign_in("agent1")
        one = await made(admin, id_number="11010519491231002X")
        await made(admin, name="Other")
        status, found = await admin.call("POST", path, json=body)
        assert (status, [each["id"] for each in found["items"]]) == (200, [one["id"]])
        assert found["items"][0]["id_number"] == "••••••••••••••002X"
        for part in ("002X", "110105194912310038"):
            assert (await admin.call("POST", path, json={"id_number": part}))[1]["items"] == []
        assert (await agent.call("POST", path, json=body))[1]["code"] == "hidden"
        again = {"Idempotency-Key": "k"}
        status, problem = await admin.call("POST", path, json=body, headers=again)
        assert (status, problem["field"]) == (422, "Idempotency-Key"), "a stored answer would pass the log by"
        await edge.store.settled()
        rows = (await admin.get("/api/audit", act="look_up"))["items"]
        assert [(row["object"], row["detail"]) for row in rows] == [
            ("", {"by": "id_number"}), ("", {"by": "id_number"}), (one["id"], {"by": "id_number"}),
        ]  # fmt: skip
