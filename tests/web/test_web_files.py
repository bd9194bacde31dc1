"""Files of customers and requests on the page: sent, refused when they lie, opened, deleted."""

from typing import Any

import pytest
from desk import Desk, dictionary
from playwright.async_api import Browser, expect
from running import Running

from contactcenter.crm import audit

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001"
    "0005fe02fea7350000000049454e44ae426082"
)
INPUT = ".attachments input[type=file]"


def file(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


async def customer(edge: Running) -> str:
    """A new one's id."""
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        status, made = await admin.call("POST", "/api/customers", json={"name": "王小明"})
        assert status == 201, made
    return str(made["id"])


async def opened(desk: Desk, edge: Running) -> str:
    """An agent at a customer's files."""
    id_ = await customer(edge)
    await desk.sign_in("agent1")
    await desk.page.goto(f"/customers/{id_}?pane=files")
    await desk.page.locator(".file-picker").wait_for()
    return id_


def rows(desk: Desk) -> Any:
    return desk.page.get_by_role("table", name="Files").locator("tbody tr")


async def test_files_are_sent_opened_and_deleted(desk: Desk, edge: Running) -> None:
    await opened(desk, edge)
    await desk.page.get_by_text("No files yet.").wait_for()
    assert await desk.axe() == []
    await desk.page.set_input_files(INPUT, [file("合同 <b>.png", PNG), file("notes.txt", "好".encode() * 50)])
    await expect(rows(desk)).to_have_count(2)
    assert await desk.axe() == []
    async with desk.page.expect_download() as downloading:
        await desk.page.get_by_role("link", name="notes.txt").click()
    assert (await downloading.value).suggested_filename == "notes.txt"
    async with desk.context.expect_page() as opening:
        await desk.page.get_by_role("link", name="合同 <b>.png").click()
    shown = await opening.value
    await shown.wait_for_load_state()
    assert "inline=true" in shown.url
    await shown.close()
    await edge.store.settled()
    acts = await edge.store.read(audit.page, filters={"kind": "attachment", "act": "open"})
    assert {row.detail["name"] for row in acts.items} == {"合同 <b>.png", "notes.txt"}
    await desk.page.get_by_role("button", name="Delete notes.txt").click()
    dialog = desk.page.get_by_role("dialog")
    await expect(dialog).to_contain_text("notes.txt")
    await dialog.get_by_role("button", name="Delete").click()
    await expect(rows(desk)).to_have_count(1)
    await desk.page.reload()
    await expect(rows(desk)).to_have_count(1)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("photo.png", b"%PDF-1.7\n" + bytes(100), "Its name says .png, and by its content it is pdf"),
        ("page.txt", b"<!doctype html><script>alert(1)</script>", "no file of a kind that is kept"),
        ("picture.svg", b"<svg onload=alert(1)>", "no file of a kind that is kept"),
        ("run.exe", b"MZ" + bytes(range(256)), "no file of a kind that is kept"),
        ("empty.txt", b"", "The file is empty."),
    ],
)
async def test_a_file_that_lies_is_refused_in_words(
    desk: Desk, edge: Running, name: str, content: bytes, says: str
) -> None:
    await opened(desk, edge)
    await desk.page.set_input_files(INPUT, [file(name, content), file("good.png", PNG)])
    await expect(desk.page.locator("[data-upload=refused]").get_by_role("alert")).to_contain_text(says)
    await expect(rows(desk)).to_have_count(1)  # the next one is sent
    assert await desk.axe() == []


async def test_sending_is_shown_and_can_be_cancelled(desk: Desk, edge: Running) -> None:
    await opened(desk, edge)
    async with desk.answers_held("**/attachments?*"):
        await desk.page.set_input_files(INPUT, [file("slow.png", PNG), file("later.png", PNG)])
        await desk.page.locator("[data-upload=sending]").wait_for()
        await expect(desk.page.locator("[data-upload=waiting]")).to_contain_text("later.png")
        await desk.page.get_by_role("button", name="Cancel sending later.png").click()
        await expect(desk.page.locator("[data-upload=waiting]")).to_have_count(0)
    await expect(rows(desk)).to_have_count(1)
    await expect(rows(desk)).to_contain_text("slow.png")


async def test_who_may_only_look_sends_nothing(desk: Desk, edge: Running, chromium: Browser) -> None:
    id_ = await customer(edge)
    async with edge.browser() as admin:
        await admin.sign_in("admin")
        await admin.call("PATCH", "/api/users/agent1", json={"role": "auditor"})
    words = dictionary("zh")
    async with Desk(chromium, edge, language="zh", theme="dark") as other:
        await other.sign_in("agent1")
        await other.page.goto(f"/customers/{id_}?pane=files")
        await other.page.get_by_text(words["attachments.none"]).wait_for()
        await expect(other.page.locator(".file-picker")).to_have_count(0)
        assert await other.axe() == []
