"""Files over the API: imports from the first byte to the bad rows, exports, attachments, views."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import openpyxl
import pytest
from running import Browser, Running
from test_http_api import keep, record

from contactcenter.crm import files
from contactcenter.crm.files import Files
from contactcenter.crm.importer import Importer
from contactcenter.http import attachments


@pytest.fixture
async def boss(edge: Running) -> Any:
    async with edge.browser() as browser:
        yield await browser.sign_in("admin")


async def send(browser: Browser, content: bytes | io.BytesIO, name: str = "customers.csv") -> dict[str, Any]:
    status, found = await browser.call("POST", "/api/imports", params={"name": name}, data=content)
    assert status == 201, found
    return dict(found)


async def ended(browser: Browser, id_: str, *states: str) -> dict[str, Any]:
    """The import, once it is in one of these states."""
    while True:
        found = await browser.get(f"/api/imports/{id_}")
        if found["state"] in states:
            return dict(found)
        await asyncio.sleep(0.02)


async def run(browser: Browser, content: bytes, **options: Any) -> dict[str, Any]:
    one = await send(browser, content)
    if options:
        status, found = await browser.call("PATCH", f"/api/imports/{one['id']}", json=options)
        assert status == 200, found
    status, found = await browser.call("POST", f"/api/imports/{one['id']}/start")
    assert status == 200, found
    return await ended(browser, one["id"], "done", "failed", "paused")


async def names(browser: Browser) -> list[str]:
    return [each["name"] for each in (await browser.get("/api/customers"))["items"]]


async def test_a_file_is_looked_at_checked_and_imported(edge: Running, boss: Browser) -> None:
    content = (
        "姓名,手机号,邮箱,身份证号,标签,颜色\r\n"
        "王小明,13800138000.0,Wang@Example.com,11010119900307109X,vip;老客户,红\r\n"
        "Anna Lind,12,anna@example.com,,,\r\n"
        ",13800138002,,,,\r\n"
        "\r\n"
        "李四,1.38E+10,,,,\r\n"
    ).encode("gb18030")
    one = await send(boss, content, "客户\u202e名单.csv")
    assert (one["state"], one["name"], one["rows"], one["form"]["encoding"]) == (
        "ready", "客户名单.csv", 5, "gb18030",
    )  # fmt: skip
    assert [each["target"] for each in one["columns"]] == [
        "name", "phone.mobile", "email", "id_number", "tags", "",
    ]  # fmt: skip
    assert one["columns"][0]["examples"][0] == "王小明"
    stored = await edge.store.read(lambda db: str(db.exec_driver_sql("SELECT * FROM imports").all()))
    assert "11010119900307109X" not in stored, "examples are personal data: sealed"
    assert (await boss.call("POST", f"/api/imports/{one['id']}/check"))[0] == 200
    checked = await ended(boss, one["id"], "checked")
    assert (checked["created"], checked["bad"], checked["done"]) == (1, 3, 5)
    assert await names(boss) == [], "checking writes nothing"
    assert (await boss.call("POST", f"/api/imports/{one['id']}/start"))[0] == 200
    done = await ended(boss, one["id"], "done")
    assert (done["created"], done["bad"], done["done"], done["rows"]) == (1, 3, 5, 5)
    (customer,) = (await boss.get("/api/customers"))["items"]
    assert (customer["name"], customer["phones"], customer["tags"]) == (
        "王小明", ["+8613800138000"], ["vip", "老客户"],
    )  # fmt: skip
    assert customer["id_number"].endswith("109X")
    rejects = (await boss.get(f"/api/imports/{one['id']}/rejects"))["items"]
    assert [(each["row"], each["field"]) for each in rejects] == [(3, "phone"), (4, "name"), (6, "phone")]
    assert "cut this number short" in rejects[2]["reason"]
    async with boss.http.get(f"/api/imports/{one['id']}/rejects.csv") as answer:
        text = (await answer.read()).decode("utf-8-sig")
        assert answer.headers["Content-Disposition"].startswith("attachment;")
    lines = text.split("\r\n")
    assert lines[0] == '"row","field","reason","姓名","手机号","邮箱","身份证号","标签","颜色"'
    assert lines[1].startswith('"3","phone",')
    assert lines[1].endswith('"Anna Lind","12","anna@example.com"')
    assert len(lines) == 5
    acts = [row["act"] for row in (await boss.get("/api/audit", kind="customer"))["items"]]
    assert acts == ["import"]
    again = await send(boss, content)
    assert [each["target"] for each in again["columns"]][-1] == ""
    assert (await boss.call("DELETE", f"/api/imports/{one['id']}"))[0] == 204
    assert (await boss.call("GET", f"/api/imports/{one['id']}"))[0] == 404


async def test_a_mapping_is_remembered(boss: Browser) -> None:
    content = b"a,b\nWang,x\n"
    one = await send(boss, content)
    assert [each["target"] for each in one["columns"]] == ["", ""]
    status, problem = await boss.call("POST", f"/api/imports/{one['id']}/start")
    assert (status, problem["field"]) == (422, "mapping")
    path = f"/api/imports/{one['id']}"
    for wrong, field in (
        (["name"], "mapping"), (["name", "nonsense"], "mapping.1"), (["name", "name"], "mapping.1"),
    ):  # fmt: skip
        status, problem = await boss.call("PATCH", path, json={"mapping": wrong})
        assert (status, problem["field"]) == (422, field)
    await boss.call("PATCH", path, json={"mapping": ["name", "note"]})
    await boss.call("POST", path + "/start")
    await ended(boss, one["id"], "done")
    again = await send(boss, b"A, b \nLi,y\n")
    assert [each["target"] for each in again["columns"]] == ["name", "note"]


async def test_who_is_there_already(boss: Browser) -> None:
    first = b"name,phone,email,number\nWang,13800138000,,A1\nLi,13800138001,li@example.com,\n"
    assert (await run(boss, first))["created"] == 2
    second = (
        b"name,phone,email,number,company\n"
        b"Wang,,,A1,Acme\n"
        b"Li Si,13800138001,,,\n"
        b"Somebody,13800138001,,B7,\n"
        b"New,13800138009,,,\n"
        b"New again,13800138009,,,\n"
    )
    skipped = await run(boss, second)
    assert (skipped["created"], skipped["skipped"], skipped["changed"]) == (2, 3, 0)
    updated = await run(boss, second, duplicates="update")
    assert (updated["created"], updated["changed"], updated["bad"]) == (0, 4, 1), "two have one number by now"
    (wang,) = (await boss.get("/api/customers", number="A1"))["items"]
    assert (wang["company"], wang["phones"]) == ("Acme", ["+8613800138000"]), "what is empty stays"
    made = await run(boss, second, duplicates="create")
    assert (made["created"], made["bad"]) == (3, 2), "account numbers are taken"


async def test_what_is_checked_knows_the_rows_before(boss: Browser) -> None:
    rows = "".join(f"N{n},{13900000000 + n % 300}\n" for n in range(600))
    one = await send(boss, b"name,phone\n" + rows.encode())
    await boss.call("POST", f"/api/imports/{one['id']}/check")
    checked = await ended(boss, one["id"], "checked")
    assert (checked["created"], checked["skipped"]) == (300, 300)
    await boss.call("POST", f"/api/imports/{one['id']}/start")
    done = await ended(boss, one["id"], "done")
    assert (done["created"], done["skipped"]) == (300, 300)


async def test_an_import_is_paused_and_goes_on(
    edge: Running, boss: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused_by_then = asyncio.Event()
    monkeypatch.setattr(Importer, "_rest", lambda importer, took: paused_by_then.wait())
    rows = "".join(f"N{n},{13900000000 + n}\n" for n in range(150))
    one = await send(boss, b"name,phone\n" + rows.encode())
    socket = await boss.listen()
    assert (await socket.receive_json())["type"] == "snapshot"
    await boss.call("POST", f"/api/imports/{one['id']}/start")
    while True:
        change = await socket.receive_json()
        if any(each["done"] for each in change.get("imports", ())):
            break
    await socket.close()
    await boss.call("POST", f"/api/imports/{one['id']}/pause")
    paused = await boss.get(f"/api/imports/{one['id']}")
    assert paused["state"] == "paused"
    assert 0 < paused["done"] == paused["created"] < 150
    status, problem = await boss.call("PATCH", f"/api/imports/{one['id']}", json={"header": False})
    assert (status, problem["code"]) == (409, "ended")
    paused_by_then.set()
    await boss.call("POST", f"/api/imports/{one['id']}/start")
    done = await ended(boss, one["id"], "done")
    assert (done["created"], done["skipped"], done["done"]) == (150, 0, 150)


async def test_whose_the_customers_are(edge: Running, boss: Browser) -> None:
    for team in ("east", "west"):
        await boss.call("PUT", f"/api/teams/{team}", json={"title": {"zh": team, "en": team}})
    await boss.call("PATCH", "/api/users/supervisor1", json={"teams": ["east"]})
    content = b"name,team\nWang,\nLi,east\nZhang,west\n"
    async with edge.browser() as lead:
        await lead.sign_in("supervisor1")
        done = await run(lead, content)
        assert (done["created"], done["bad"]) == (2, 1)
        (reject,) = (await lead.get(f"/api/imports/{done['id']}/rejects"))["items"]
        assert (reject["row"], reject["field"]) == (4, "team")
        one = await send(lead, content)
        status, problem = await lead.call("PATCH", f"/api/imports/{one['id']}", json={"team": "west"})
        assert (status, problem["code"]) == (403, "beyond_you")
    assert {each["name"]: each["team"] for each in (await boss.get("/api/customers"))["items"]} == {
        "Wang": "east", "Li": "east",
    }  # fmt: skip
    assert (await boss.call("GET", f"/api/imports/{one['id']}"))[0] == 404, "it is another's"
    async with edge.browser() as agent:
        await agent.sign_in("agent1")
        assert (await agent.call("POST", "/api/imports", params={"name": "x"}, data=b"a"))[0] == 403


async def test_files_that_can_not_be_read_are_refused(edge: Running, boss: Browser) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (50 << 20))
    for content, says in (
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "neither a CSV"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(100), "old Excel"),
        (bomb.getvalue(), "packed"),
        (b"PK\x03\x04 broken", "can't be read"),
    ):
        status, problem = await boss.call("POST", "/api/imports", params={"name": "x.csv"}, data=content)
        assert (status, problem["code"]) == (422, "unreadable"), problem
        assert says in problem["detail"]
    assert (await boss.get("/api/imports"))["items"] == []
    files: Files = edge.server._edge.files
    assert not list(files._folder.rglob("*.sealed")), "nothing of them is kept"
    assert not list((files._folder / "spool").iterdir())
    edge.server._edge.settings = type(edge.server._edge.settings)(import_bytes=100_000)
    status, problem = await boss.call("POST", "/api/imports", params={"name": "x"}, data=bytes(200_000))
    assert (status, problem["code"]) == (413, "too_large")


async def test_long_rows_are_looked_at(boss: Browser) -> None:
    width = 20
    row = ",".join("王" * 19_000 for _ in range(width))
    content = ",".join(f"c{n}" for n in range(width)) + "\n" + f"{row}\n" * 21
    found = await send(boss, io.BytesIO(content.encode()))
    assert found["rows"] == 21
    assert {len(each) for column in found["columns"] for each in column["examples"]} == {80}


# --- exports ---


async def test_an_export_is_what_the_list_shows(edge: Running, boss: Browser) -> None:
    for body in (
        {"name": "=1+1", "phones": ["13800138000"], "id_number": "11010119900307109X", "note": "a\nb"},
        {"name": "王小明", "tier": "gold", "addresses": [{"channel": "email", "value": "w@example.com"}]},
        {"name": "Other team's", "team": "west"},
    ):
        if "team" in body:
            await boss.call("PUT", "/api/teams/west", json={"title": {"zh": "西", "en": "West"}})
        status, made = await boss.call("POST", "/api/customers", json=body)
        assert status == 201, made
    async with boss.http.get("/api/exports/customers", params={"language": "en"}) as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        text = (await answer.read()).decode("utf-8-sig")
    header, *rows = text.strip().split("\r\n")
    assert header.startswith('"Account number","Person or organisation","Name","Phone","E-mail"')
    assert len(rows) == 3
    assert '"\'=1+1","\'+8613800138000",' in text
    assert "•" in text
    assert "11010119900307109X" not in text
    async with boss.http.get("/api/exports/customers", params={"tier": "gold", "format": "xlsx"}) as answer:
        book = openpyxl.load_workbook(io.BytesIO(await answer.read()))
    sheet = [[cell.value or "" for cell in row] for row in book.active.rows]
    assert len(sheet) == 2
    assert sheet[1][2] == "王小明"
    await edge.store.settled()
    acts = (await boss.get("/api/audit", kind="customers"))["items"]
    assert [(row["act"], row["detail"].get("rows")) for row in acts] == [
        ("exported", 1), ("export", None), ("exported", 3), ("export", None),
    ]  # fmt: skip
    assert acts[0]["detail"]["filter"] == {"tier": "gold"}
    await boss.call("PUT", "/api/teams/east", json={"title": {"zh": "东", "en": "East"}})
    await boss.call("PATCH", "/api/users/supervisor1", json={"teams": ["east"]})
    role = next(each for each in (await boss.get("/api/roles"))["items"] if each["name"] == "supervisor")
    body = {name: role[name] for name in ("title", "rights", "scopes")} | {"hidden": ["customer.phones"]}
    assert (await boss.call("PUT", "/api/roles/supervisor", json=body))[0] == 200
    async with edge.browser() as lead:
        await lead.sign_in("supervisor1")
        async with lead.http.get("/api/exports/customers", params={"language": "en"}) as answer:
            text = (await answer.read()).decode("utf-8-sig")
        assert "Other team" not in text
        assert "13800138000" not in text
        assert "Phone" not in text
        assert len(text.strip().split("\r\n")) == 3
    async with edge.browser() as agent:
        await agent.sign_in("agent1")
        assert (await agent.call("GET", "/api/exports/customers"))[0] == 403


async def test_an_export_has_the_columns_that_are_asked_for(edge: Running, boss: Browser) -> None:
    await boss.call("POST", "/api/customers", json={"name": "王小明", "tier": "gold", "balance": "1.50"})
    known = {each["kind"]: [column["name"] for column in each["columns"]] for each in
             (await boss.get("/api/export-columns"))["items"]}  # fmt: skip
    assert list(known) == ["customers", "requests", "followups", "interactions", "audit"]
    assert "balance" in known["customers"]
    query = {"language": "en", "columns": "tier,name", "mark": "false"}
    async with boss.http.get("/api/exports/customers", params=query) as answer:
        assert (await answer.text()).split() == ['"Name","Tier"', '"王小明","gold"']
    status, problem = await boss.call("GET", "/api/exports/customers", params={"columns": "name,fly"})
    assert (status, problem["field"]) == (422, "columns")
    role = await boss.get("/api/roles/supervisor")
    body = {name: role[name] for name in ("title", "rights", "scopes")} | {"hidden": ["customer.balance"]}
    assert (await boss.call("PUT", "/api/roles/supervisor", json=body))[0] == 200
    async with edge.browser() as lead, edge.browser() as agent:
        await lead.sign_in("supervisor1")
        (customers, *_) = (await lead.get("/api/export-columns"))["items"]
        assert "balance" not in [column["name"] for column in customers["columns"]]
        status, _ = await lead.call("GET", "/api/exports/customers", params={"columns": "name,balance"})
        assert status == 422
        await agent.sign_in("agent1")
        assert (await agent.get("/api/export-columns"))["items"] == []


async def test_a_mapping_is_remembered_and_said_to_be(boss: Browser) -> None:
    first = await send(boss, "谁,几号\n王小明,13800138000\n".encode())
    assert (first["remembered_at"], [each["target"] for each in first["columns"]]) == (None, ["", "phone"])
    await run(boss, "谁,几号\n王小明,13800138000\n".encode(), mapping=["name", "phone.mobile"])
    again = await send(boss, "谁,几号\n李雷,13800138001\n".encode())
    assert [each["target"] for each in again["columns"]] == ["name", "phone.mobile"]
    assert again["remembered_at"] > first["at"]


async def test_an_export_comes_back_in(boss: Browser) -> None:
    body = {"name": "-王", "phones": ["010-88888888 转 12", "13800138000"], "tags": ["a", "b"], "note": "@x"}
    _, made = await boss.call("POST", "/api/customers", json=body)
    for format_ in ("csv", "xlsx"):
        async with boss.http.get("/api/exports/customers", params={"format": format_}) as answer:
            content = await answer.read()
        done = await run(boss, content, duplicates="update")
        assert (done["changed"], done["bad"]) == (1, 0), await boss.get(f"/api/imports/{done['id']}/rejects")
        now = await boss.get(f"/api/customers/{made['id']}")
        assert {**now, "version": 0, "updated_at": 0} == {**made, "version": 0, "updated_at": 0}


async def test_interactions_and_work_are_exported(edge: Running, boss: Browser) -> None:
    await keep(edge, *(record(f"i{n}", queue="support") for n in range(120)))
    async with boss.http.get("/api/exports/interactions", params={"queue": "support"}) as answer:
        text = (await answer.read()).decode("utf-8-sig")
    assert len(text.strip().split("\r\n")) == 121
    for what in ("requests", "followups"):
        async with boss.http.get(f"/api/exports/{what}", params={"state": "open"}) as answer:
            assert answer.status == 200
            assert len((await answer.read()).decode("utf-8-sig").strip().split("\r\n")) == 1


# --- attachments ---

PNG = b"\x89PNG\r\n\x1a\n" + bytes(300_000)


async def attach(browser: Browser, customer: str, name: str, content: bytes | io.BytesIO) -> tuple[int, Any]:
    return await browser.call(
        "POST", f"/api/customers/{customer}/attachments", params={"name": name}, data=content
    )


async def test_a_file_is_kept_sealed_and_opened(edge: Running, boss: Browser) -> None:
    _, customer = await boss.call("POST", "/api/customers", json={"name": "Wang"})
    status, made = await attach(boss, customer["id"], "..\\..\\p\u202egnp.png", PNG)
    assert (status, made["name"], made["media_type"], made["bytes"]) == (
        201, "pgnp.png", "image/png", len(PNG),
    )  # fmt: skip
    (path,) = edge.server._edge.files._folder.rglob("*.sealed")
    assert PNG[:8] not in path.read_bytes()
    for inline, way in (("false", "attachment"), ("true", "inline")):
        url = f"/api/attachments/{made['id']}/content"
        async with boss.http.get(url, params={"inline": inline}) as answer:
            assert await answer.read() == PNG
            assert answer.headers["Content-Disposition"].startswith(way + ";")
            assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    acts = [row["act"] for row in (await boss.get("/api/audit", kind="attachment"))["items"]]
    assert acts == ["open", "open", "create"]
    status, note = await attach(boss, customer["id"], "note.txt", "你好".encode())
    async with boss.http.get(f"/api/attachments/{note['id']}/content?inline=true") as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment;"), "only pictures and PDFs"
    listed = (await boss.get(f"/api/customers/{customer['id']}/attachments"))["items"]
    assert [each["name"] for each in listed] == ["note.txt", "pgnp.png"]
    assert (await boss.call("DELETE", f"/api/attachments/{made['id']}"))[0] == 204
    assert not path.exists()
    assert (await boss.call("GET", f"/api/attachments/{made['id']}/content"))[0] == 404


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", PNG, "type_differs"),
        ("a.exe", b"MZ\x90\x00\x03" + bytes(100), "type_unknown"),
        ("a.html", b"<!DOCTYPE html><script>alert(1)</script>", "type_unknown"),
        ("a.txt", b"hello <SCRIPT>alert(1)</script>", "type_unknown"),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "type_unknown"),
        ("a.png", b'<?xml version="1.0"?><svg/>', "type_unknown"),
        ("a.txt", b"a\0b", "type_unknown"),
        ("noname", b"%PDF-1.7", "type_differs"),
        ("a.docx", b"PK\x03\x04" + bytes(50), "type_unknown"),
    ],
)
async def test_a_file_that_lies_is_refused(boss: Browser, name: str, content: bytes, code: str) -> None:
    _, customer = await boss.call("POST", "/api/customers", json={"name": "Wang"})
    status, problem = await attach(boss, customer["id"], name, content)
    assert (status, problem["code"], problem["field"]) == (415, code, "name")


async def test_files_are_limited_and_seen_with_their_customer(edge: Running, boss: Browser) -> None:
    _, customer = await boss.call("POST", "/api/customers", json={"name": "Wang", "owner": "supervisor2"})
    status, made = await attach(boss, customer["id"], "a.txt", b"x")
    assert status == 201
    status, problem = await attach(boss, customer["id"], "b.txt", b"")
    assert (status, problem["field"]) == (422, "body")
    role = next(each for each in (await boss.get("/api/roles"))["items"] if each["name"] == "sales")
    assert role["scopes"]["customer"] == "own"
    await boss.call("PATCH", "/api/users/agent1", json={"role": "sales", "queues": []})
    async with edge.browser() as sales:
        await sales.sign_in("agent1")
        for path in (f"/api/attachments/{made['id']}", f"/api/attachments/{made['id']}/content"):
            assert (await sales.call("GET", path))[0] == 404
        assert (await attach(sales, customer["id"], "a.txt", b"x"))[0] == 404
    settings = edge.server._edge.settings
    edge.server._edge.settings = type(settings)(attachments=1, attachment_bytes=10)
    assert (await attach(boss, customer["id"], "c.txt", b"x"))[1]["code"] == "too_many"
    edge.server._edge.settings = type(settings)(attachment_bytes=10)
    status, problem = await attach(boss, customer["id"], "c.txt", b"x" * 11)
    assert (status, problem["code"]) == (413, "too_large")


async def test_who_goes_away_in_the_middle_of_a_file_is_no_error(
    edge: Running, boss: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, customer = await boss.call("POST", "/api/customers", json={"name": "Wang"})
    status, one = await attach(boss, customer["id"], "a.txt", io.BytesIO(b"x" * (20 << 20)))
    assert status == 201
    left, send = asyncio.Event(), attachments._send

    async def watched(*args: Any, **kwargs: Any) -> Any:
        try:
            return await send(*args, **kwargs)
        except ConnectionError:
            left.set()
            raise

    monkeypatch.setattr(attachments, "_send", watched)
    async with boss.http.get(f"/api/attachments/{one['id']}/content") as answer:
        await answer.content.readany()
        answer.close()
    await asyncio.wait_for(left.wait(), 10)
    assert (await boss.call("GET", "/healthz"))[0] == 200
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


async def test_nobody_sends_more_than_some_files_at_once(edge: Running, boss: Browser) -> None:
    _, customer = await boss.call("POST", "/api/customers", json={"name": "Wang"})
    path, sent = f"/api/customers/{customer['id']}/attachments", asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"x"
        await sent.wait()
        yield b"y"

    async def send_slowly(place: int) -> int:
        return (await boss.call("POST", path, params={"name": f"{place}.txt"}, data=slowly()))[0]

    spool = edge.server._edge.files._folder / "spool"
    waiting = [asyncio.create_task(send_slowly(place)) for place in range(files.AT_ONCE)]
    async with asyncio.timeout(10):
        while len(list(spool.iterdir())) < files.AT_ONCE:
            await asyncio.sleep(0.01)  # nothing announces it
    for refused in ("/api/imports", path):
        status, problem = await boss.call("POST", refused, params={"name": "more.csv"}, data=b"a,b")
        assert (status, problem["code"]) == (409, "too_many")
    async with edge.browser() as other:
        await other.sign_in("supervisor1")
        assert (await attach(other, customer["id"], "b.txt", b"x"))[0] == 201, "each has his own share"
    sent.set()
    assert await asyncio.gather(*waiting) == [201] * files.AT_ONCE
    assert (await attach(boss, customer["id"], "c.txt", b"x"))[0] == 201
    assert not list(spool.iterdir())


async def test_files_leave_the_database_its_room(
    edge: Running, boss: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, customer = await boss.call("POST", "/api/customers", json={"name": "Wang"})
    monkeypatch.setattr(files, "ROOM", 1 << 60)
    for status, problem in (
        await attach(boss, customer["id"], "a.txt", b"x"),
        await boss.call("POST", "/api/imports", params={"name": "a.csv"}, data=b"a,b"),
    ):
        assert (status, problem["code"]) == (503, "no_room")
    assert not [each for each in edge.server._edge.files._folder.rglob("*") if each.is_file()]
    monkeypatch.undo()
    assert (await attach(boss, customer["id"], "a.txt", b"x"))[0] == 201


async def test_files_of_no_row_are_swept(edge: Running, boss: Browser) -> None:
    _, customer = await boss.call("POST", "/api/customers", json={"name": "Wang"})
    await attach(boss, customer["id"], "a.txt", b"x")
    (path,) = edge.server._edge.files._folder.rglob("*.sealed")
    orphan = path.with_name("0" * 32 + ".sealed")
    orphan.write_bytes(b"x")
    edge.clock.ahead_s = 7200
    await attachments.sweep(edge.server._edge)
    assert path.exists()
    assert not orphan.exists()


# --- views ---


async def test_views_are_ones_own_or_shared(edge: Running, boss: Browser) -> None:
    body = {"kind": "customer", "title": "金牌", "filter": {"tier": "gold"}, "shared": True}
    status, made = await boss.call("POST", "/api/views", json=body)
    assert (status, made["version"]) == (201, 1)
    await boss.call("POST", "/api/views", json=body | {"shared": False, "title": "mine"})
    async with edge.browser() as agent:
        await agent.sign_in("agent1")
        assert [each["title"] for each in (await agent.get("/api/views", kind="customer"))["items"]] == [
            "金牌"
        ]
        path = f"/api/views/{made['id']}"
        for method in ("GET", "PATCH", "DELETE"):
            assert (await agent.call(method, path, json={} if method == "PATCH" else None))[0] == 404
    status, changed = await boss.call("PATCH", path, json={"title": "x"}, headers={"If-Match": '"1"'})
    assert (status, changed["version"]) == (200, 2)
    status, problem = await boss.call("PATCH", path, json={"title": "y"}, headers={"If-Match": '"1"'})
    assert (status, problem["current"]["title"]) == (412, "x")
    large = {f"k{n}": "x" * 200 for n in range(50)}
    status, problem = await boss.call("PATCH", path, json={"filter": large})
    assert (status, problem["field"]) == (422, "filter")
    assert (await boss.call("DELETE", path))[0] == 204
    assert json.dumps((await boss.get("/api/views"))["items"]).count("金牌") == 0
