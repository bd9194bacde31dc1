"""Backups over the API: for who may, one at a time, and never their content."""

import asyncio
from typing import Any

from running import Browser, Running

from contactcenter.crm import archives
from contactcenter.crm.archives import Archive


async def ended(browser: Browser) -> list[dict[str, Any]]:
    """The list, once none is being made."""
    async with asyncio.timeout(60):
        while True:
            found = (await browser.get("/api/backups"))["items"]
            if not any(each["state"] == "running" for each in found):
                return list(found)
            await asyncio.sleep(0.02)


async def test_an_administrator_has_one_made_and_sees_it(edge: Running) -> None:
    async with edge.browser() as browser:
        boss = await browser.sign_in("admin")
        assert await boss.get("/api/backups") == {"items": [], "next": ""}
        status, begun = await boss.call("POST", "/api/backups")
        assert (status, begun["state"], begun["login"]) == (202, "running", "admin")
        status, refused = await boss.call("POST", "/api/backups")
        assert (status, refused["code"]) == (409, "running")
        (one,) = await ended(boss)
        assert one["state"] == "good"
        folder = edge.keeper.wishes.folder
        (kept,) = archives.listed(folder)
        assert (one["id"], one["bytes"]) == (kept.name, kept.bytes)
        with Archive(folder / kept.name) as archive:
            assert archive.manifest.tables["users"] == 5
        await edge.store.settled()
        told = (await boss.get("/api/audit", act="backup"))["items"]
        assert [(row["login"], row["object"], row["granted"]) for row in told] == [("admin", kept.name, True)]


async def test_why_it_failed_is_in_the_list(edge: Running) -> None:
    async with edge.browser() as browser:
        boss = await browser.sign_in("admin")
        edge.keeper.wishes.folder.write_bytes(b"no folder")
        assert (await boss.call("POST", "/api/backups"))[0] == 202
        (one,) = await ended(boss)
        assert (one["id"], one["state"]) == ("failed", "failed")
        assert one["error"]


async def test_nobody_else_may(edge: Running) -> None:
    async with edge.browser() as browser:
        lead = await browser.sign_in("supervisor1")
        for method in ("GET", "POST"):
            status, refused = await lead.call(method, "/api/backups")
            assert (status, refused["code"]) == (403, "forbidden")
        assert edge.keeper.running is None
