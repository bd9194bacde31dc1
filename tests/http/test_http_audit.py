"""The audit log over HTTP: taken away as a file, and followed from its first row to its last."""

import asyncio
import csv
import hashlib
import io
import json
from typing import Any

import openpyxl
from running import Browser, Running

from contactcenter.crm import audit
from contactcenter.values import AuditEntry


async def written(edge: Running, count: int, **fields: Any) -> None:
    """So many rows of what the administrator did."""
    base: dict[str, Any] = {
        "at": 1.5,
        "login": "admin",
        "act": "change",
        "kind": "queue",
        "object": "support",
    }
    entries = tuple(
        AuditEntry(**base | {"before": {"n": n}, "after": {"n": n + 1}} | fields) for n in range(count)
    )
    await edge.store.write(audit.write_all, entries)


async def table(browser: Browser, **params: Any) -> list[dict[str, str]]:
    """The export as a spreadsheet has it."""
    async with browser.http.get("/api/exports/audit", params={"language": "en"} | params) as answer:
        assert answer.status == 200, await answer.text()
        text = (await answer.read()).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


async def test_the_log_is_taken_away_with_its_hashes(edge: Running) -> None:
    await written(edge, 120)
    await written(edge, 1, login="=cmd()", object="+1", detail={"why": "=1+1"})
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        rows = await table(admin)
        assert [int(row["Number"]) for row in rows][-121:] == list(range(121, 0, -1))
        (strange,) = [row for row in rows if row["Object"] == "'+1"]
        assert strange["User"] == "'=cmd()", "no spreadsheet may take it for a formula"
        sound = [row for row in reversed(rows) if row["Kind"] == "queue" and row is not strange]
        before = "0" * 64
        for row in sound:  # any other program can follow the chain by the file alone
            values = {
                "seq": int(row["Number"]), "at": float(row["Seconds since 1970"]), "login": row["User"],
                "act": row["Act"], "kind": row["Kind"], "object": row["Object"], "granted": True,
                "before": json.loads(row["Before"]), "after": json.loads(row["After"]),
                "detail": json.loads(row["Detail"]),
            }  # fmt: skip
            content = json.dumps(values, sort_keys=True, separators=(",", ":"))
            before = hashlib.sha256(f"{before}\n{content}".encode()).hexdigest()
            assert row["Hash"] == before
        assert len(await table(admin, object="support")) == 120
        async with admin.http.get("/api/exports/audit", params={"format": "xlsx", "kind": "queue"}) as answer:
            book = openpyxl.load_workbook(io.BytesIO(await answer.read()))
        assert book.active.max_row == 122
        await edge.store.settled()
        acts = (await admin.get("/api/audit", kind="audit"))["items"]
        assert [(row["act"], row["detail"].get("whole")) for row in acts[:2]] == [
            ("exported", True),
            ("export", None),
        ]
        assert acts[1]["detail"]["filter"] == {"kind": "queue"}


async def test_who_may_take_it_away(edge: Running) -> None:
    await written(edge, 3)
    await written(edge, 2, login="supervisor2")
    for login, status in (("agent1", 403), ("supervisor1", 403)):
        async with edge.browser() as browser:
            await browser.sign_in(login)
            assert (await browser.call("GET", "/api/exports/audit"))[0] == status
    async with edge.browser() as admin, edge.browser() as lead:
        await admin.sign_in("admin")
        role = await admin.get("/api/roles/supervisor")
        body = {name: role[name] for name in ("title", "scopes", "hidden")}
        body["rights"] = [*role["rights"], "audit.export"]
        assert (await admin.call("PUT", "/api/roles/supervisor", json=body))[0] == 200
        await lead.sign_in("supervisor2")  # of one queue: what he did himself, in the list and in the file
        assert {row["User"] for row in await table(lead)} == {"supervisor2"}
        assert {row["login"] for row in (await lead.get("/api/audit"))["items"]} == {"supervisor2"}
        assert not await table(lead, login="admin")


async def checked(browser: Browser) -> Any:
    """How the check went, once it is over."""
    status, begun = await browser.call("POST", "/api/audit/verification")
    assert (status, begun["state"]) == (200, "running")
    async with asyncio.timeout(20):
        while (found := await browser.get("/api/audit/verification"))["state"] == "running":
            await asyncio.sleep(0.02)
    return found


async def test_the_log_is_followed_in_the_background(edge: Running) -> None:
    await written(edge, 450)
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        assert (await admin.get("/api/audit/verification"))["state"] == "never"
        found = await checked(admin)
        assert (found["state"], found["broken"], found["login"]) == ("sound", None, "admin")
        (told,) = (await admin.get("/api/audit", act="verify"))["items"]
        assert told["detail"] == {"rows": found["rows"], "broken": None, "hash": found["hash"]}
        assert await edge.store.read(audit.holds, found["rows"], found["hash"])

        def past_the_triggers(db: Any) -> None:
            trigger = {"sqlite": "audit_update", "postgresql": "audit_append_only ON audit"}[db.dialect.name]
            db.exec_driver_sql(f"DROP TRIGGER {trigger}")
            db.exec_driver_sql("UPDATE audit SET login = 'nobody' WHERE seq = 300")

        await edge.store.write(past_the_triggers)
        found = await checked(admin)
        assert (found["state"], found["rows"], found["broken"]) == ("broken", 299, 300)
    async with edge.browser() as agent:
        await agent.sign_in("agent1")
        assert (await agent.call("GET", "/api/audit/verification"))[0] == 403
        assert (await agent.call("POST", "/api/audit/verification"))[0] == 403
