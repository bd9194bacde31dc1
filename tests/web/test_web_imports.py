"""Imports on the page: a file is chosen or dropped, looked at, mapped, checked, imported, paused, resumed."""

from typing import Any

import pytest
from desk import Desk, dictionary
from playwright.async_api import Browser, expect
from running import Running

from contactcenter.crm import importer, imports
from contactcenter.crm.access import Reader
from contactcenter.crm.imports import State

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEADER = "姓名,手机号,邮箱,颜色\r\n"
ROWS = "王小明,13800138000,wang@example.com,红\r\nAnna Lind,12,anna@example.com,\r\n,13800138002,,蓝\r\n"
ADMIN = Reader(login="admin", role="admin", rights=frozenset(), scopes={})


def file(content: str | bytes = HEADER + ROWS, name: str = "客户 <b>.csv") -> dict[str, Any]:
    """What somebody chooses."""
    content = content.encode() if isinstance(content, str) else content
    return {"name": name, "mimeType": "text/csv", "buffer": content}


async def opened(desk: Desk) -> None:
    """The administrator at the imports."""
    await desk.sign_in("admin")
    await desk.page.goto("/imports")
    await desk.page.get_by_text("You have not imported anything yet.").wait_for()
    # Without its link the page takes no file.
    await expect(desk.page.locator(".file-picker .button")).to_have_attribute("aria-disabled", "false")


async def chosen(desk: Desk, **what: Any) -> str:
    """Choose a file; answers the import's id, once its columns are shown."""
    await desk.page.set_input_files("#import-file", file(**what))
    await desk.page.wait_for_url("**/imports/*")
    await desk.page.locator(".target").first.wait_for()
    return desk.page.url.rsplit("/", 1)[1]


async def reached(desk: Desk, state: str) -> None:
    """Wait until the page says so."""
    await desk.page.locator(f".card [data-import={state}]").wait_for()


def count(desk: Desk, kind: str) -> Any:
    return desk.page.locator(f"[data-count={kind}] dd")


async def test_from_the_file_to_the_bad_rows_by_keyboard(desk: Desk, edge: Running) -> None:
    await opened(desk)
    assert await desk.axe() == []
    page = desk.page
    async with page.expect_file_chooser() as choosing:
        await page.locator("#import-file").focus()
        await page.keyboard.press("Enter")
    await (await choosing.value).set_files([file()])
    await page.locator(".target").first.wait_for()
    await expect(page.locator("h1")).to_have_text("客户 <b>.csv")
    await expect(page.locator("#import-encoding")).to_have_value("utf-8")
    await expect(page.locator(".target").nth(0)).to_have_value("name")
    await expect(page.locator(".target").nth(1)).to_have_value("phone.mobile")
    await expect(page.locator(".target").nth(3)).to_have_value("")
    assert await desk.axe() == []
    target = page.locator(".target").nth(3)
    await target.focus()
    await target.select_option("category")
    check = page.get_by_role("button", name="Check the file")
    await check.focus()
    await page.keyboard.press("Enter")
    await reached(desk, "checked")
    await expect(count(desk, "created")).to_have_text("1")
    await expect(count(desk, "bad")).to_have_text("2")
    rows = page.get_by_role("table", name="Bad rows").locator("tbody tr")
    await expect(rows.nth(0)).to_contain_text("Too short for a telephone number.")
    await expect(rows.nth(1)).to_contain_text("A customer needs a name.")
    assert await names(edge) == [], "checking imports nothing"
    assert await desk.axe() == []
    await page.get_by_role("button", name="Import now").focus()
    await page.keyboard.press("Enter")
    await reached(desk, "done")
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Bad rows as CSV").click()
    download = await downloading.value
    assert download.suggested_filename.startswith("bad rows of 客户")
    path = await download.path()
    text = path.read_text(encoding="utf-8-sig")
    assert text.splitlines()[0] == '"row","field","reason","姓名","手机号","邮箱","颜色"'
    assert '"Anna Lind","12","anna@example.com"' in text
    await page.get_by_role("link", name="Imports", exact=True).click()
    row = page.get_by_role("table", name="Your imports").locator("tbody tr")
    await expect(row).to_contain_text("1 new")
    await expect(row).to_contain_text("2 bad rows")


async def test_a_dropped_file_is_taken_as_a_chosen_one(desk: Desk) -> None:
    await opened(desk)
    await desk.page.locator(".file-picker").evaluate(
        """(place, [name, text]) => {
            const data = new DataTransfer();
            data.items.add(new File([text], name, {type: 'text/csv'}));
            for (const kind of ['dragenter', 'dragover', 'drop'])
                place.dispatchEvent(
                    new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        ["dropped.csv", HEADER + ROWS],
    )
    await desk.page.locator(".target").first.wait_for()
    await expect(desk.page.locator("h1")).to_have_text("dropped.csv")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(3000), "neither a CSV nor an XLSX"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(3000), "an old Excel file"),
        (b"PK\x03\x04" + bytes(3000), ""),
        (b"", "The file is empty."),
        (b" \r\n ", "The file is empty."),
    ],
)
async def test_a_file_that_lies_about_its_type_is_refused_in_words(
    desk: Desk, content: bytes, says: str
) -> None:
    await opened(desk)
    await desk.page.set_input_files("#import-file", file(content, name="customers.csv"))
    refused = desk.page.locator("[data-upload=refused]")
    await expect(refused).to_contain_text("customers.csv")
    await expect(refused.get_by_role("alert")).to_contain_text(says)
    assert await desk.axe() == []
    await refused.get_by_role("button", name="Dismiss customers.csv").click()
    await expect(refused).to_have_count(0)
    await chosen(desk)


async def test_a_file_that_is_too_large_is_not_sent(desk: Desk) -> None:
    await opened(desk)
    await desk.page.evaluate(
        """() => {
            const data = new DataTransfer();
            const huge = new File(['a'], 'huge.csv');
            Object.defineProperty(huge, 'size', {value: 2 ** 40});
            data.items.add(huge);
            Object.defineProperty(data, 'files', {value: [huge]});
            document.querySelector('.file-picker')
                .dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
        }"""
    )
    await expect(desk.page.locator("[data-upload=refused]")).to_contain_text("the most that is taken")


async def test_a_lost_link_while_sending_loses_nothing_else(desk: Desk) -> None:
    await opened(desk)
    await desk.page.route("**/api/imports?*", lambda route: route.abort())
    await desk.page.set_input_files("#import-file", file())
    await expect(desk.page.locator("[data-upload=refused]")).to_contain_text("The server can't be reached.")
    await desk.page.unroute("**/api/imports?*")
    await chosen(desk)


async def test_how_the_file_is_read_can_be_put_right(desk: Desk) -> None:
    await opened(desk)
    await chosen(desk, content=(HEADER + ROWS).encode("gb18030"))
    page = desk.page
    await expect(page.locator("#import-encoding")).to_have_value("gb18030")
    await page.locator("#import-delimiter").select_option(";")
    await expect(page.locator(".target")).to_have_count(1)
    await page.locator("#import-delimiter").select_option(",")
    await expect(page.locator(".target")).to_have_count(4)
    await page.get_by_label("The first row names the columns").uncheck()
    await expect(page.locator(".column-title").first).to_have_text("1")
    await page.reload()
    await expect(page.get_by_label("The first row names the columns")).not_to_be_checked()


async def test_what_is_chosen_outlives_a_reload(desk: Desk) -> None:
    await opened(desk)
    await chosen(desk)
    page = desk.page
    async with page.expect_response("**/api/imports/*"):
        await page.locator(".target").nth(3).select_option("note")
    async with page.expect_response("**/api/imports/*"):
        await page.get_by_label("Update").check()
    async with page.expect_response("**/api/imports/*"):
        await page.get_by_label("E-mail", exact=True).uncheck()
    await page.reload()
    await expect(page.locator(".target").nth(3)).to_have_value("note")
    await expect(page.get_by_label("Update")).to_be_checked()
    await expect(page.get_by_label("E-mail", exact=True)).not_to_be_checked()


async def test_no_name_no_import(desk: Desk) -> None:
    await opened(desk)
    await chosen(desk)
    page = desk.page
    await page.locator(".target").nth(0).select_option("")
    await expect(page.locator("#import-next")).to_contain_text("Say which column has the name")
    await expect(page.get_by_role("button", name="Check the file")).to_be_disabled()
    await page.locator(".target").nth(0).select_option("name")
    await expect(page.get_by_role("button", name="Check the file")).to_be_enabled()
    assert await page.locator(".target").nth(3).locator("option[value=name]").is_disabled()


async def test_the_same_headings_are_mapped_as_the_last_time(desk: Desk) -> None:
    await opened(desk)
    await chosen(desk, content="谁,几号\r\n王小明,13800138000\r\n")
    await expect(desk.page.locator(".remembered")).to_have_count(0)
    async with desk.page.expect_response("**/api/imports/*"):
        await desk.page.locator(".target").nth(0).select_option("name")
    await desk.page.get_by_role("button", name="Import without checking").click()
    await reached(desk, "done")
    await desk.page.get_by_role("link", name="Back to the imports").click()
    await chosen(desk, content="谁,几号\r\n李雷,13800138001\r\n")
    await expect(desk.page.locator(".remembered")).to_contain_text(
        "You have imported a file with these headings"
    )
    await expect(desk.page.locator(".target").nth(0)).to_have_value("name")


async def test_it_is_paused_and_goes_on_after_a_reload(
    desk: Desk, edge: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "REST", 4.0)  # however fast the machine is, there is time to pause it
    await opened(desk)
    many = HEADER + "".join(f"客户{n},139{n:08d},,\r\n" for n in range(150))
    id_ = await chosen(desk, content=many)
    page = desk.page
    await page.get_by_role("button", name="Import without checking").click()
    await reached(desk, "running")
    await page.get_by_role("button", name="Pause").click()
    await reached(desk, "paused")
    one = await edge.store.read(imports.get, id_, ADMIN)
    assert one
    assert one.state is State.PAUSED
    assert one.done < 150
    await page.reload()
    await reached(desk, "paused")
    assert await desk.axe() == []
    monkeypatch.undo()
    await page.get_by_role("button", name="Go on").click()
    await reached(desk, "done")
    await expect(count(desk, "created")).to_have_text("150")
    assert len(set(await names(edge))) == 150


async def names(edge: Running) -> list[str]:
    """The names of all customers."""
    return await edge.store.read(
        lambda db: [row[0] for row in db.exec_driver_sql("SELECT name FROM customers").all()]
    )


async def test_who_may_not_import_is_told_so(desk: Desk) -> None:
    await desk.sign_in("agent1")
    await desk.page.goto("/imports")
    await desk.page.get_by_text("Not for you").wait_for()
    assert await desk.page.locator(".rail a[href='/imports']").count() == 0


async def test_one_that_is_gone_says_so(desk: Desk) -> None:
    await desk.sign_in("admin")
    await desk.page.goto("/imports/nothing")
    await desk.page.get_by_text("There is no such import").wait_for()
    await desk.page.get_by_role("link", name="Back to the imports").click()
    await desk.page.locator(".file-picker").wait_for()


async def test_an_import_is_forgotten_and_the_customers_stay(desk: Desk, edge: Running) -> None:
    await opened(desk)
    await chosen(desk)
    await desk.page.get_by_role("button", name="Import without checking").click()
    await reached(desk, "done")
    await desk.page.get_by_role("link", name="Back to the imports").click()
    await desk.page.get_by_role("button", name="Forget 客户 <b>.csv").click()
    dialog = desk.page.get_by_role("dialog")
    await dialog.wait_for()
    assert await desk.axe() == []
    await desk.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await desk.page.get_by_role("button", name="Forget 客户 <b>.csv").click()
    await dialog.get_by_role("button", name="Forget").click()
    await desk.page.get_by_text("You have not imported anything yet.").wait_for()
    # Without its link the page takes no file.
    await expect(desk.page.locator(".file-picker .button")).to_have_attribute("aria-disabled", "false")
    assert await names(edge) == ["王小明"]


@pytest.mark.parametrize(("language", "theme"), [("zh", "dark"), ("en", "dark"), ("zh", "light")])
async def test_in_both_languages_and_themes(
    chromium: Browser, edge: Running, language: str, theme: str
) -> None:
    words = dictionary(language)
    async with Desk(chromium, edge, language=language, theme=theme) as desk:
        await desk.sign_in("admin")
        await desk.page.goto("/imports")
        await desk.page.get_by_text(words["imports.none"]).wait_for()
        assert await desk.axe() == []
        await chosen(desk)
        assert await desk.axe() == []
        assert await desk.overflow(1280, 720) <= 0
        assert await desk.overflow(360, 640) <= 0
        await desk.page.get_by_role("button", name=words["imports.check"], exact=True).click()
        await reached(desk, "checked")
        await desk.page.get_by_text(words["because.no_name"]).wait_for()
        assert await desk.axe() == []
        assert await desk.overflow(360, 640) <= 0
